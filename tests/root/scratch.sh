#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The workspace as a disk under a key that ends with the container: what is in it while it lives, and that nothing of it
# is anywhere afterwards, however it ends.
[ -n "${BULWARK_TEST_INSIDE:-}" ] || BULWARK_TEST_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
. "$(dirname "$0")/bulwark.sh"

MIB=1048576

# Sets DISKS, a directory on a file system that has files without a name and reserves room.
disks() {
	DISKS=$(mktemp -d /var/tmp/bulwark-disks.XXXXXX)
	echo "$DISKS" >"$T/disks"
}

after_case() {
	end_processes
	[ ! -e "$T/disks" ] || rmdir "$(cat "$T/disks")"
}

# on_disk [MEMBER-JSON]: `governed` runs under hardened with such a workspace of 32 MiB, and with these members.
on_disk() {
	[ -n "${DISKS:-}" ] || disks
	policy "$(jq --null-input --arg directory "$DISKS" --argjson more "${1:-{\}}" '
		{extends: "hardened", workspace: {size: 33554432, disk: {directory: $directory}}} * $more')"
}

has_device_mapper() {
	"$BESIDE" check 2>/dev/null
}

needs_disk() {
	needs_beside bulwark-scratch
	has_device_mapper || skip "needs dm-crypt"
	needs dmsetup
}

# The loop devices over files in $DISKS, and the devices of ours over them.
loops() {
	local file
	for file in /sys/block/loop*/loop/backing_file; do
		[[ ! -e $file || $(<"$file") != "$DISKS"/* ]] || basename "${file%/loop/backing_file}"
	done
}

mapped() {
	local loop
	for loop in $(loops); do
		ls "/sys/block/$loop/holders"
	done
}

no_device_is_left() {
	[ -z "$(loops)" ] && [[ $(dmsetup ls 2>/dev/null) != *bulwark-scratch-* ]]
}

# node NAME: prints a node of this block device in $T.
node() {
	local numbers
	numbers=$(<"/sys/block/$1/dev")
	[ -e "$T/$1" ] || mknod -m 600 "$T/$1" b "${numbers%:*}" "${numbers#*:}"
	echo "$T/$1"
}

free_blocks() {
	sync
	stat --file-system --format %f "$DISKS"
}

test_a_host_that_cannot_encrypt_refuses() {
	needs_beside bulwark-scratch
	! has_device_mapper || skip "this one can"
	bundle
	on_disk
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal 'the encrypted disk for /workspace: this kernel has no device mapper'
	governed plan "$BUNDLE"
	expect_failure
	expect_error_has 'this kernel has no device mapper'
	[ -z "$(loops)" ] || fail "a loop device is left"
	# The same without the disk.
	policy '{"extends": "hardened", "workspace": {}}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

test_it_is_the_users_own_and_holds_data_alone() {
	needs_disk
	bundle
	on_disk '{"mounts": {"noexecWritable": true}}'
	script_args 'stat -c "%u %g %a" /workspace; ls -A /workspace; awk '\''$5 == "/workspace" { print $6, $(NF - 2), $(NF - 1) }'\'' /proc/self/mountinfo
		echo text >/workspace/file && cat /workspace/file; cp /bin/busybox /workspace/sh; /workspace/sh -c :'
	governed run --bundle "$BUNDLE" "$ID"
	[ "${OUT##*$'\n'}" = text ] || fail "nothing can be written"
	expect_line "1001 1001 750"
	expect_line "rw,nosuid,nodev,noexec,relatime ext4 bulwark-scratch"
	expect_no_line lost+found
	expect_error_has 'Permission denied'
	eventually no_device_is_left
}

test_what_is_written_is_not_on_the_disk_and_goes_with_the_container() {
	local loop disk before marker=marker-of-$RANDOM$RANDOM
	needs_disk
	disks
	before=$(free_blocks)
	bundle
	on_disk
	script_args "for i in \$(seq 1000); do echo $marker; done >/workspace/file; sync; sleep 300"
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	sleep 1
	sync
	loop=$(loops) disk=$(mapped)
	[[ -n $loop && -n $disk ]] || fail "no disk: $loop $disk"
	echo 1 >/proc/sys/vm/drop_caches
	# Whoever has the key sees it; so this search would find it.
	grep --quiet --text "$marker" "$(node "$disk")" || fail "the marker was not written at all"
	! grep --quiet --text "$marker" "$(node "$loop")" || fail "the marker is on the disk"
	# The key is neither in the table, nor in any keyring that can be seen.
	dmsetup table --showkeys "$(<"/sys/block/$disk/dm/name")" | tee "$T/table"
	grep --quiet ' crypt aes-xts-plain64 :64:logon:bulwark:' "$T/table" || fail "the table has something else"
	! grep bulwark-scratch /proc/keys || fail "the key is in a keyring"
	[ "$(ls -A "$DISKS")" = "" ] || fail "the file has a name"
	rm "$T/$loop" "$T/$disk"
	governed delete --force "$ID"
	eventually no_device_is_left
	[ $((before - $(free_blocks))) -lt 1024 ] || fail "the room is not free again"
	expect_nothing_left
}

test_kill_9_of_everything_leaves_nothing() {
	local pid
	needs_disk
	bundle
	on_disk
	script_args 'setsid sh -c "exec sleep 300 >/dev/null 2>&1 </dev/null" & echo text >/workspace/file; sleep 300'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually eval '[ -n "$(loops)" ]'
	pid=$(pid_of)
	kill -KILL "$pid"
	eventually no_device_is_left
	rm -rf "$T/state/$ID"
}

# A maker that is killed at any moment leaves at most a device that the next one removes.
test_a_maker_that_is_killed_leaves_nothing_for_long() {
	local delay
	needs_disk
	disks
	for delay in 0.01 0.02 0.03 0.04 0.05 0.06 0.08 0.1 0.12 0.15 0.2; do
		timeout --signal=KILL "$delay" "$BESIDE" make "$DISKS" size=$((8 * MIB)) nr_inodes=64 mode=0700 uid=0 gid=0 </dev/null || :
	done
	# Without a socket the mount goes nowhere.
	run "$BESIDE" make "$DISKS" size=$((8 * MIB)) nr_inodes=64 mode=0700 uid=0 gid=0
	expect_status 1
	expect_error_has 'sending a descriptor'
	eventually no_device_is_left
}

test_the_room_is_reserved_or_refused() {
	needs_disk
	bundle
	mkdir "$T/small"
	mount -t tmpfs -o size=16m small "$T/small"
	DISKS=$T/small
	on_disk
	governed run --bundle "$BUNDLE" "$ID"
	umount "$T/small"
	expect_refusal "reserving 33554432 bytes in $T/small: no space left on device"
	no_device_is_left || fail "devices are left"
}

test_it_is_full_at_its_size_and_at_its_number_of_files() {
	needs_disk
	bundle
	on_disk '{"workspace": {"inodes": 300}, "loosens": ["limits.rlimits"], "limits": {"rlimits": [{"type": "RLIMIT_FSIZE", "value": 1073741824}]}}'
	script_args 'dd if=/dev/zero of=/workspace/all bs=1M count=64 2>&1 | tail -n 1; stat -c %s /workspace/all; rm /workspace/all
		i=0; while [ $i -lt 1000 ] && true >/workspace/$i; do i=$((i + 1)); done; echo "$i files"'
	governed run --bundle "$BUNDLE" "$ID"
	expect_output_has 'files'
	awk '/files$/ { files = $1 } /^[0-9]+$/ { bytes = $1 }
		END { exit !(files > 200 && files < 520 && bytes > 24 * 2^20 && bytes < 32 * 2^20) }' <<<"$OUT" || fail "these are no limits"
	eventually no_device_is_left
}

test_it_belongs_to_the_user_in_a_user_namespace_too() {
	needs_disk
	bundle
	on_disk '{"loosens": ["user.root"], "user": {"root": "userns", "always": true, "range": {"first": 1048576, "count": 16}}}'
	config '.process.user = {uid: 1001, gid: 1001}'
	script_args 'stat -c "%u %g %a" /workspace; echo text >/workspace/file && stat -c "%u" /workspace/file; cat /proc/self/uid_map'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_line "1001 1001 750"
	expect_line 1001
	! grep -q ' 4294967295$' <<<"$OUT" || fail "there is no user namespace"
	eventually no_device_is_left
}

test_exec_sees_it_and_explain_makes_none() {
	needs_disk
	bundle
	on_disk
	sleeping governed
	governed exec "$ID" sh -c 'echo text >/workspace/file && cat /workspace/file'
	expect_output text
	governed state "$ID"
	expect_output_has 'the workspace is a disk under a key'
	governed explain "$BUNDLE"
	expect_output_has '/workspace'
	[ "$(loops | wc -l)" = 1 ] || fail "explain has made a disk"
	governed delete --force "$ID"
	eventually no_device_is_left
}

test_what_the_caller_mounts_there_stays() {
	needs_beside bulwark-scratch
	bundle
	on_disk
	config '.mounts += [{destination: "/workspace", type: "tmpfs", source: "tmpfs", options: ["size=1m"]}]'
	script_args 'awk '\''$5 == "/workspace" { print $(NF - 2) }'\'' /proc/self/mountinfo'
	governed run --bundle "$BUNDLE" "$ID"
	expect_output tmpfs
}

run_tests
