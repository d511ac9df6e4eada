#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Breakout: an image that lies about its paths, so that the runtime writes, mounts or masks elsewhere.
# Runs against any OCI runtime (RUNTIME=).  A refused start is as good as a correct one: what counts is
# that the host is untouched and that nothing inside is what it must not be.
. "$(dirname "$0")/../root/lib.sh"

# A directory of the host that no container has any business with.
victim() {
	VICTIM=$T/victim
	mkdir "$VICTIM"
}

run_bundle() {
	container run --bundle "$BUNDLE" "$ID"
}

refused() {
	[ "$STATUS" != 0 ]
}

# CVE-2026-41579, CVE-2026-47766: links and nodes of /dev made by path before pivot_root.
test_a_dev_symlink_does_not_populate_a_host_directory() {
	bundle
	victim
	rmdir "$ROOTFS/dev"
	ln -s "$VICTIM" "$ROOTFS/dev"
	config 'del(.mounts[] | select(.destination | startswith("/dev")))'
	run_bundle
	expect_empty_directory "$VICTIM"
}

test_a_dev_symlink_below_a_mount_does_not_populate_a_host_directory() {
	bundle
	victim
	rmdir "$ROOTFS/dev"
	ln -s "$VICTIM" "$ROOTFS/dev"
	run_bundle
	expect_empty_directory "$VICTIM"
}

test_a_relative_dev_symlink_does_not_populate_a_host_directory() {
	bundle
	victim
	rmdir "$ROOTFS/dev"
	ln -s "../../victim" "$ROOTFS/dev"
	config 'del(.mounts[] | select(.destination | startswith("/dev")))'
	run_bundle
	expect_empty_directory "$VICTIM"
}

# CVE-2025-31133: the null device that hides a masked path is looked up in the container's own /dev.
# The planted link leads to a file of procfs that is harmless to read and says where it came from.
test_a_planted_dev_null_does_not_turn_a_mask_into_a_window() {
	bundle
	mkdir "$BUNDLE/dev"
	ln -s /proc/sys/kernel/random/boot_id "$BUNDLE/dev/null"
	echo secret >"$ROOTFS/etc/masked"
	config --arg dev "$BUNDLE/dev" '
		.mounts |= map(select(.destination | startswith("/dev") | not)) |
		.mounts += [{destination: "/dev", type: "bind", source: $dev, options: ["rbind", "rw"]}] |
		.linux.maskedPaths = ["/etc/masked"]'
	script_args 'cat /etc/masked'
	run_bundle
	expect_output_lacks "$(cat /proc/sys/kernel/random/boot_id)"
	expect_output_lacks secret
}

# CVE-2019-19921, CVE-2023-27561, CVE-2025-54867: attributes and masks land on a directory of the image.
test_a_symlinked_proc_is_refused_or_is_still_proc() {
	bundle
	rmdir "$ROOTFS/proc"
	mkdir -p "$ROOTFS/tmp/fake/self/attr"
	touch "$ROOTFS/tmp/fake/self/attr/exec" "$ROOTFS/tmp/fake/kcore"
	ln -s /tmp/fake "$ROOTFS/proc"
	script_args 'stat -f -c %T /proc; wc -c </proc/timer_list'
	run_bundle
	refused || expect_output "$(printf 'proc\n0')"
}

test_a_proc_symlinked_out_of_the_rootfs_does_not_touch_the_host() {
	bundle
	victim
	rmdir "$ROOTFS/proc"
	ln -s "$VICTIM" "$ROOTFS/proc"
	run_bundle
	expect_empty_directory "$VICTIM"
}

test_a_symlinked_sys_is_refused_or_is_still_sysfs() {
	bundle
	rmdir "$ROOTFS/sys"
	mkdir "$ROOTFS/tmp/fake"
	ln -s /tmp/fake "$ROOTFS/sys"
	script_args 'stat -f -c %T /sys; ls /sys/firmware | wc -l'
	run_bundle
	refused || expect_output "$(printf 'sysfs\n0')"
}

# CVE-2021-30465, CVE-2024-45310: the destination of a mount is made, or found, outside the rootfs.
test_an_absolute_symlink_as_mount_destination_stays_beneath_the_rootfs() {
	bundle
	victim
	ln -s "$VICTIM" "$ROOTFS/mnt"
	config '.mounts += [{destination: "/mnt/new/deep", type: "tmpfs", source: "tmpfs", options: ["nosuid"]}]'
	run_bundle
	expect_empty_directory "$VICTIM"
}

test_a_relative_symlink_as_mount_destination_stays_beneath_the_rootfs() {
	bundle
	victim
	ln -s ../../victim "$ROOTFS/mnt"
	config '.mounts += [{destination: "/mnt/new/deep", type: "tmpfs", source: "tmpfs", options: ["nosuid"]}]'
	run_bundle
	expect_empty_directory "$VICTIM"
}

test_dots_in_a_mount_destination_stay_beneath_the_rootfs() {
	bundle
	victim
	config '.mounts += [{destination: "/../../victim/new", type: "tmpfs", source: "tmpfs", options: ["nosuid"]}]'
	run_bundle
	expect_empty_directory "$VICTIM"
}

# The destination is a file: a runtime that creates it with O_CREAT follows a link that dangles.
test_a_dangling_symlink_as_file_destination_creates_nothing_on_the_host() {
	bundle
	victim
	echo content >"$BUNDLE/source"
	ln -s "$VICTIM/created" "$ROOTFS/etc/file"
	config --arg source "$BUNDLE/source" '
		.mounts += [{destination: "/etc/file", type: "bind", source: $source, options: ["bind", "ro"]}]'
	run_bundle
	expect_empty_directory "$VICTIM"
}

# A later mount must not find its source or target through what an earlier one put in its place.
test_a_symlink_inside_a_mounted_volume_does_not_lead_a_later_mount_out() {
	bundle
	victim
	mkdir "$BUNDLE/volume" "$ROOTFS/data"
	ln -s "$VICTIM" "$BUNDLE/volume/inner"
	config --arg source "$BUNDLE/volume" '
		.mounts += [{destination: "/data", type: "bind", source: $source, options: ["rbind"]},
			{destination: "/data/inner/new", type: "tmpfs", source: "tmpfs", options: ["nosuid"]}]'
	run_bundle
	expect_empty_directory "$VICTIM"
}

test_a_masked_path_that_is_a_symlink_does_not_mask_the_host() {
	bundle
	victim
	echo visible >"$VICTIM/file"
	ln -s "$VICTIM/file" "$ROOTFS/etc/masked"
	config '.linux.maskedPaths += ["/etc/masked"]'
	run_bundle
	[ "$(cat "$VICTIM/file")" = visible ] || fail "a file of the host is hidden"
}

run_tests
