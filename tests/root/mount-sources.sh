#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What of the host a container may have mounted, and what it may not, by whatever name.
. "$(dirname "$0")/bulwark.sh"

# bound SOURCE [OPTION]...: the bundle binds SOURCE, and nothing else, on a destination that is not there yet.
bound() {
	local options
	options=$(jq --null-input '["rbind", "ro"] + $ARGS.positional' --args "${@:2}")
	TARGET=/mnt/$((++targets))
	config --arg source "$1" --arg target "$TARGET" --argjson options "$options" '
		.mounts = .mounts[:6] + [{destination: $target, type: "bind", source: $source, options: $options}]'
}
targets=0

# expect_refused SOURCE: hardened refuses it.
expect_refused() {
	bound "$1"
	hardened run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has refuses
	expect_error_has /mounts/6
	[ ! -e "$T/state/$ID" ] || fail "state is left"
}

# expect_refused_source SOURCE: hardened refuses what compat mounts.
expect_refused_source() {
	expect_refused "$1"
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

test_directories_of_the_kernel_and_the_root_are_refused() {
	local source
	bundle
	for source in / /proc /sys /dev /proc/self /sys/kernel; do
		expect_refused_source "$source"
	done
}

test_credentials_and_the_directories_above_them_are_refused() {
	bundle
	expect_refused_source /etc/shadow
	expect_refused_source /etc
}

test_other_spellings_are_refused() {
	bundle
	expect_refused_source //proc//
	expect_refused_source /usr/../proc
	expect_refused_source /./proc/.
}

test_links_to_what_is_refused_are_refused() {
	bundle
	ln -s /proc "$T/to-proc"
	ln -s to-proc "$T/to-link"
	ln -s / "$T/to-root"
	ln -s /etc/shadow "$T/to-shadow"
	expect_refused_source "$T/to-proc"
	expect_refused_source "$T/to-link"
	expect_refused_source "$T/to-root"
	expect_refused_source "$T/to-shadow"
	expect_refused_source "$T/to-root/proc"
}

# Names do not help either: what counts is the inode.
test_binds_and_hard_links_of_what_is_refused_are_refused() {
	bundle
	mkdir "$T/innocent"
	mount --bind /proc "$T/innocent"
	expect_refused_source "$T/innocent"
	umount "$T/innocent"
	mount -t tmpfs tmpfs "$T/innocent"
	mkdir "$T/innocent/proc"
	mount -t proc proc "$T/innocent/proc"
	expect_refused_source "$T/innocent/proc"
	umount "$T/innocent/proc"
	mount -t sysfs sysfs "$T/innocent/proc"
	expect_refused_source "$T/innocent/proc"
	umount "$T/innocent/proc"
	umount "$T/innocent"
	touch "$T/file"
	mount --bind /etc/shadow "$T/file"
	expect_refused_source "$T/file"
	umount "$T/file"
}

test_a_directory_above_what_is_refused_is_refused_by_any_name() {
	local directory
	bundle
	mkdir "$T/innocent"
	for directory in /etc /var/lib /; do
		mount --bind "$directory" "$T/innocent"
		expect_refused_source "$T/innocent"
		umount "$T/innocent"
	done
	hardened run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

# keeps PATH [EXCEPTION]: `governed` refuses PATH alone as a source, and what lies above and beneath it.
keeps() {
	policy "$(jq --null-input '{extends: "hardened", loosens: ["mounts.refuse", "mounts.except"],
		mounts: {refuse: [$ARGS.positional[0]], except: ($ARGS.positional[1:] + ["/nowhere"])}}' --args "$@")"
}

# expect_kept SOURCE: it is refused, by the policy of `keeps` alone.
expect_kept() {
	bound "$1"
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'the policy refuses to share'
	[ ! -e "$T/state/$ID" ] || fail "state is left"
	hardened run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

# By its place in the file system: no directory on the way to it has the name or the inode of one that is refused.
test_what_lies_beneath_what_is_refused_is_refused_where_it_is_bound_elsewhere() {
	bundle
	mkdir -p "$T/kept/deep/deeper" "$T/innocent"
	keeps "$T/kept"
	mount --bind "$T/kept/deep" "$T/innocent"
	expect_kept "$T/innocent"
	expect_kept "$T/innocent/deeper"
	umount "$T/innocent"
}

# As on hosts whose /var/lib/docker leads to another disk.
test_what_a_refused_link_or_bind_leads_to_is_refused_but_for_the_exceptions() {
	bundle
	mkdir -p "$T/disk/kept/deep" "$T/disk/free" "$T/name"
	touch "$T/disk/kept/deep/hosts"
	ln -s disk/kept "$T/link"
	mount --bind "$T/disk/kept" "$T/name"
	for name in link name; do
		keeps "$T/$name" "$T/$name/*/hosts"
		expect_kept "$T/disk/kept"
		expect_kept "$T/disk/kept/deep"
		expect_kept "$T/disk"
		for source in disk/free disk/kept/deep/hosts; do
			bound "$T/$source"
			governed run --bundle "$BUNDLE" "$ID"
			expect_status 0
		done
	done
	umount "$T/name"
}

# A container that may write to a volume makes a link there, and the next one mounts it.
test_a_link_to_the_credentials_of_a_user_is_refused() {
	bundle
	mkdir -p "$T/home/somebody/.ssh" "$T/volume"
	ln -s "$T/home/somebody/.ssh" "$T/volume/link"
	ln -s "$T/home/somebody" "$T/volume/home"
	keeps "$T/home/*/.ssh"
	expect_kept "$T/volume/link"
	expect_kept "$T/volume/home"
}

# The image is read-only by its own mount; a second one would be another way to it.
test_a_read_only_rootfs_is_no_source_to_write_to() {
	local source script='for d in /mnt /mnt/etc /mnt/rootfs/etc /mnt/bundle/rootfs/etc; do echo text >$d/new; done 2>&1; ls /etc/new'
	bundle
	chmod 777 "$ROOTFS/etc"
	mkdir "$T/innocent"
	mount --bind "$ROOTFS/etc" "$T/innocent"
	for source in rootfs . "$ROOTFS/etc" "$BUNDLE" "$T" "$T/innocent"; do
		config --arg source "$source" '.mounts = .mounts[:6] + [{destination: "/mnt", type: "bind", source: $source, options: ["bind"]}]'
		asks hardened "$script"
		expect_failure
		expect_error_has "of the container's own rootfs, which is read-only"
		[ ! -e "$ROOTFS/etc/new" ] || fail "the image was written to by way of $source"
		config '.mounts[-1].options += ["ro"]'
		asks hardened "$script"
		expect_failure
		expect_output_has 'Read-only file system'
		expect_error_has '/etc/new: No such file'
	done
	policy '{"extends": "hardened", "loosens": ["rootfs.readonly"], "rootfs": {"readonly": false}}'
	config '.mounts[-1].options = ["bind"]'
	asks governed "$script"
	expect_status 0
	umount "$T/innocent"
}

test_the_root_of_the_host_is_no_rootfs() {
	local path
	bundle
	mkdir "$T/innocent"
	mount --bind / "$T/innocent"
	for path in / "$T/innocent"; do
		config --arg path "$path" '.root.path = $path'
		hardened run --bundle "$BUNDLE" "$ID"
		expect_failure
		expect_error_has 'it is the root of the host'
	done
	umount "$T/innocent"
	expect_nothing_left
}

# rbind carries what is mounted below along.
test_a_directory_with_procfs_mounted_below_is_refused_or_comes_without_it() {
	bundle
	mkdir -p "$T/volume/deep"
	mount --bind "$T/volume" "$T/volume"
	mount -t proc proc "$T/volume/deep"
	bound "$T/volume"
	asks compat "cat $TARGET/deep/uptime"
	expect_status 0
	asks hardened "cat $TARGET/deep/uptime"
	expect_failure
}

listen_at() {
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1"
}

test_a_socket_is_refused_whatever_its_name() {
	needs python3
	bundle
	listen_at "$T/docker.sock"
	expect_refused_source "$T/docker.sock"
	listen_at "$T/innocent"
	expect_refused_source "$T/innocent"
	ln -s docker.sock "$T/link"
	expect_refused_source "$T/link"
}

test_a_file_with_the_name_of_an_engine_s_socket_is_refused() {
	bundle
	touch "$T/containerd.sock"
	expect_refused_source "$T/containerd.sock"
}

test_a_device_is_refused() {
	bundle
	mknod "$T/disk" b 7 200
	expect_refused_source "$T/disk"
	mknod "$T/kmsg" c 1 11
	expect_refused_source "$T/kmsg"
}

test_an_ordinary_directory_and_file_are_mounted() {
	bundle
	mkdir "$T/volume"
	echo text >"$T/volume/file"
	bound "$T/volume"
	asks hardened 'cat '"$TARGET"/file
	expect_output text
	bound "$T/volume/file"
	asks hardened 'cat '"$TARGET"
	expect_output text
}

test_the_policy_can_name_the_only_places_for_sources() {
	bundle
	mkdir "$T/allowed" "$T/other" "$T/allowed-not"
	ln -s ../other "$T/allowed/link"
	policy '{"extends": "hardened", "mounts": {"only": ["'"$T"'/allowed"]}}'
	bound "$T/allowed"
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
	for source in "$T/other" "$T/allowed-not" "$T/allowed/../other" "$T"; do
		bound "$source"
		governed run --bundle "$BUNDLE" "$ID"
		expect_refusal refuses
		hardened run --bundle "$BUNDLE" "$ID"
		expect_status 0
	done
}

# A link in an allowed place leads to where it points.
test_a_link_does_not_lead_out_of_the_only_places_for_sources() {
	bundle
	mkdir "$T/allowed" "$T/other"
	echo secret >"$T/other/file"
	ln -s ../other "$T/allowed/link"
	policy '{"extends": "hardened", "mounts": {"only": ["'"$T"'/allowed"]}}'
	for source in "$T/allowed/link" "$T/allowed/link/file"; do
		bound "$source"
		governed run --bundle "$BUNDLE" "$ID"
		expect_refusal refuses
	done
}

test_untrusted_code_has_no_source_at_all() {
	bundle
	mkdir "$T/volume"
	bound "$T/volume"
	untrusted run --bundle "$BUNDLE" "$ID"
	expect_refusal refuses
}

test_a_file_system_type_that_is_not_listed_is_refused() {
	bundle
	config '.mounts += [{destination: "/mnt", type: "debugfs", source: "debugfs", options: ["ro"]}]'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_refusal type
	config '.mounts[-1].type = "ramfs" | .mounts[-1].source = "ramfs"'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

test_mounts_over_kernel_files_are_refused() {
	local destination
	bundle
	mkdir "$T/volume"
	for destination in /proc/sys /proc/self/attr /sys/kernel; do
		config --arg source "$T/volume" --arg destination "$destination" '
			.mounts = .mounts[:6] + [{destination: $destination, type: "bind", source: $source, options: ["bind"]}]'
		hardened run --bundle "$BUNDLE" "$ID"
		expect_refusal /mounts/6/destination
	done
}

test_a_refusal_names_the_place_the_rule_and_a_way_out_in_the_log() {
	bundle
	bound /proc
	run "$RUNTIME" --root "$T/state" --log "$T/log" --log-format json --profile hardened run --bundle "$BUNDLE" "$ID"
	expect_failure
	jq --exit-status --slurp '.[-1] | .level == "error" and (.field | startswith("/mounts/6")) and
		(.rule | length > 0) and (.code | length > 0) and (.msg | test("permission denied|no such file") | not)' \
		"$T/log" >/dev/null || fail "the log is $(cat "$T/log")"
}

run_tests
