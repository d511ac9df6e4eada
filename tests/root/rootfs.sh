#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The root file system is read-only, and there is room for scratch files, with limits.
. "$(dirname "$0")/bulwark.sh"

# mount_at PATH: the line of mountinfo, of OUT, for the mount on PATH.
mount_at() {
	awk -v path="$1" '$5 == path' <<<"$OUT" | tail -n 1
}

expect_mount_options() {
	local line option
	line=$(mount_at "$1")
	shift
	for option; do
		[[ ",$(cut -d ' ' -f 6 <<<"$line"),${line##* }," == *",$option,"* ]] || fail "no $option in: $line"
	done
}

test_the_rootfs_cannot_be_written_to() {
	bundle
	chmod 777 "$ROOTFS/etc"
	asks hardened 'echo changed >/etc/new'
	expect_failure
	expect_error_has 'Read-only file system'
	[ ! -e "$ROOTFS/etc/new" ] || fail "the host sees a new file"
	asks compat 'echo changed >/etc/new'
	expect_status 0
	expect_equal "the file on the host" "$(cat "$ROOTFS/etc/new")" changed
}

test_exec_cannot_write_to_the_rootfs() {
	bundle
	chmod 777 "$ROOTFS/etc"
	sleeping hardened
	hardened exec "$ID" sh -c 'echo changed >/etc/new'
	expect_failure
	expect_error_has 'Read-only file system'
}

# A mount that the host has inside the rootfs is a mount of its own, with attributes of its own.
# The root of a chroot is not that of its mount namespace, and exec enters a namespace at its root.
test_exec_is_in_the_container_that_was_made_in_a_chroot() {
	local profile
	bundle
	echo "of the container" >"$ROOTFS/etc/whose"
	config '.process.args = ["sleep", "300"]'
	mkdir "$T/chroot"
	for profile in compat hardened; do
		# The shell's own arguments.
		# shellcheck disable=SC2016
		run unshare --mount --propagation private sh -c 'mount --rbind / "$1" && exec chroot "$@"' sh "$T/chroot" \
			"$RUNTIME" --root "$T/state" --profile "$profile" run --detach --bundle "$BUNDLE" "$ID-$profile"
		expect_status 0
		run "$RUNTIME" --root "$T/state" exec "$ID-$profile" cat /etc/whose
		expect_output "of the container"
		run "$RUNTIME" --root "$T/state" delete --force "$ID-$profile"
		expect_status 0
	done
}

test_what_the_host_has_mounted_in_the_rootfs_is_restricted_with_it() {
	local profile
	bundle
	mkdir "$ROOTFS/below"
	for profile in hardened compat; do
		script_args 'cat /proc/self/mountinfo; echo changed >/below/new && echo written'
		run unshare --mount bash -c 'mount -t tmpfs -o mode=777 tmpfs "$1" && shift && exec "$@"' sh "$ROOTFS/below" \
			"$RUNTIME" --root "$T/state" --profile "$profile" run --bundle "$BUNDLE" "$ID"
		[ "$profile" = compat ] || expect_mount_options /below ro nosuid nodev
		[ "$profile" = compat ] || expect_output_lacks written
		[ "$profile" = hardened ] || expect_line written
	done
}

test_the_rootfs_is_nosuid_and_nodev() {
	bundle
	asks hardened 'cat /proc/self/mountinfo'
	expect_mount_options / ro nosuid nodev
}

test_a_read_only_rootfs_is_read_only_in_compat_too() {
	bundle
	config '.root.readonly = true'
	asks compat 'echo changed >/etc/new'
	expect_failure
	expect_error_has 'Read-only file system'
}

# A mount of the image's own disk would be read-only as a whole; the host keeps writing.
test_a_missing_working_directory_is_made_although_the_rootfs_is_read_only() {
	local profile
	bundle
	config '.root.readonly = true | .process.cwd = "/srv/new/place" | .process.user = {uid: 1000, gid: 1000}'
	script_args 'pwd; touch file 2>/dev/null || echo read-only'
	for profile in compat hardened; do
		rm -rf "$ROOTFS/srv"
		"$profile" run --bundle "$BUNDLE" "$ID"
		expect_output $'/srv/new/place\nread-only'
	done
	rm -rf "$ROOTFS/srv" "$T/elsewhere"
	mkdir "$T/elsewhere"
	ln -s "$T/elsewhere" "$ROOTFS/srv"
	compat run --bundle "$BUNDLE" "$ID"
	[ -z "$(ls "$T/elsewhere")" ] || fail "it was made outside of the rootfs"
}

test_the_host_can_still_write_to_the_rootfs() {
	bundle
	sleeping hardened
	echo later >"$ROOTFS/etc/later"
	hardened exec "$ID" cat /etc/later
	expect_output later
}

test_there_is_a_tmpfs_on_tmp_run_and_var_tmp() {
	local path
	bundle
	asks hardened 'for d in /tmp /run /var/tmp; do echo text >$d/file && cat $d/file; done; cat /proc/self/mountinfo'
	expect_status 0
	expect_equal "number of files written" "$(grep -cx text <<<"$OUT")" 3
	expect_mount_options /tmp size=262144k nr_inodes=65536 nosuid nodev
	expect_mount_options /var/tmp size=262144k nr_inodes=65536 nosuid nodev
	expect_mount_options /run size=32768k nr_inodes=8192 nosuid nodev
	for path in tmp run var/tmp; do
		expect_empty_directory "$ROOTFS/$path"
	done
}

test_tmp_is_for_everybody_and_run_for_the_user() {
	bundle
	asks hardened 'stat -c "%n %a %u %g" /tmp /run /var/tmp'
	expect_output $'/tmp 1777 0 0\n/run 755 1001 1001\n/var/tmp 1777 0 0'
}

test_compat_adds_no_tmpfs() {
	bundle
	asks compat 'cat /proc/self/mountinfo'
	expect_equal "mount on /tmp" "$(mount_at /tmp)" ""
	expect_equal "mount on /var/tmp" "$(mount_at /var/tmp)" ""
}

small_tmpfs() {
	policy '{"extends": "hardened", "rootfs": {"tmpfs": [
		{"destination": "/tmp", "size": 1048576, "inodes": 20, "mode": "1777"}]}}'
}

test_a_tmpfs_is_full_at_its_size() {
	bundle
	small_tmpfs
	asks governed 'dd if=/dev/zero of=/tmp/big bs=64k count=32 2>/dev/null; stat -c %s /tmp/big'
	expect_output 1048576
	asks hardened 'dd if=/dev/zero of=/tmp/big bs=64k count=32 2>/dev/null; stat -c %s /tmp/big'
	expect_output 2097152
}

test_a_tmpfs_is_full_at_its_number_of_files() {
	bundle
	small_tmpfs
	asks governed 'cd /tmp; touch $(seq 40) 2>/dev/null; ls /tmp | wc -l'
	[ "$OUT" -lt 20 ] || fail "$OUT files, expected fewer than 20"
	asks hardened 'cd /tmp; touch $(seq 40); ls /tmp | wc -l'
	expect_output 40
}

test_a_mount_that_the_caller_has_on_tmp_stays() {
	bundle
	mkdir "$BUNDLE/shared"
	chmod 1777 "$BUNDLE/shared"
	config --arg source "$BUNDLE/shared" '
		.mounts += [{destination: "/tmp", type: "bind", source: $source, options: ["bind"]}]'
	asks hardened 'echo text >/tmp/file; cat /proc/self/mountinfo'
	expect_equal "the file on the host" "$(cat "$BUNDLE/shared/file")" text
	expect_equal "number of mounts on /tmp" "$(awk '$5 == "/tmp"' <<<"$OUT" | wc -l)" 1
	expect_mount_options /tmp nosuid nodev
}

test_a_tmpfs_of_the_caller_keeps_its_size_and_gets_nosuid_and_nodev() {
	bundle
	config '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["size=64k", "mode=1777"]}]'
	asks hardened 'cat /proc/self/mountinfo'
	expect_mount_options /tmp nosuid nodev size=64k
	asks compat 'cat /proc/self/mountinfo'
	expect_output_lacks 'nosuid,nodev,relatime - tmpfs tmpfs rw,size=64k'
}

test_a_program_in_tmp_runs_in_hardened_and_not_in_untrusted_code() {
	bundle
	asks hardened 'cp /bin/busybox /tmp/echo && /tmp/echo ran'
	expect_output ran
	asks shelled 'cp /bin/busybox /tmp/echo && /tmp/echo ran'
	expect_failure
	expect_error_has 'Permission denied'
	asks shelled 'cat /proc/self/mountinfo'
	expect_mount_options /tmp noexec size=102400k
	expect_mount_options /run noexec
	expect_mount_options /var/tmp noexec
	expect_mount_options /dev/shm noexec
}

test_a_rootfs_that_is_not_there_is_refused() {
	bundle
	config '.root.path = "nowhere"'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_refusal nowhere
}

test_the_policy_can_leave_the_rootfs_writable() {
	bundle
	chmod 777 "$ROOTFS/etc"
	policy '{"extends": "hardened", "loosens": ["rootfs.readonly"], "rootfs": {"readonly": false}}'
	asks governed 'echo changed >/etc/new && cat /etc/new'
	expect_output changed
}

test_a_policy_that_loosens_in_silence_is_refused() {
	bundle
	policy '{"extends": "hardened", "rootfs": {"readonly": false}}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal rootfs.readonly
}

test_a_policy_that_others_can_write_is_refused() {
	bundle
	policy '{"extends": "hardened"}'
	chmod 666 "$T/policy.json"
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal policy.json
	chmod 600 "$T/policy.json"
	chown 1001 "$T/policy.json"
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal policy.json
	chown 0 "$T/policy.json"
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

run_tests
