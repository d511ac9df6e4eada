#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who the program is: nobody is the host's root, whoever was asked for.
. "$(dirname "$0")/bulwark.sh"

test_root_is_remapped_and_the_host_sees_it_too() {
	bundle
	asks hardened 'id -u; id -g; touch /tmp/mine; ls -ln /tmp/mine'
	expect_status 0
	expect_line 1001
	expect_output_has "1001     1001"
	sleeping hardened
	expect_equal "user ids on the host" "$(sed -n 's/^Uid:\t//p' "/proc/$(pid_of)/status")" $'1001\t1001\t1001\t1001'
	expect_equal "group ids on the host" "$(sed -n 's/^Gid:\t//p' "/proc/$(pid_of)/status")" $'1001\t1001\t1001\t1001'
}

test_compat_leaves_root_as_it_was_asked_for() {
	bundle
	asks compat 'id -u; id -g'
	expect_output $'0\n0'
}

test_group_0_is_remapped_although_the_user_is_not_root() {
	bundle
	config '.process.user = {uid: 2000, gid: 0}'
	asks hardened 'id -u; id -g'
	expect_output $'2000\n1001'
	asks compat 'id -u; id -g'
	expect_output $'2000\n0'
}

test_user_0_is_remapped_although_the_group_is_not_root_s() {
	bundle
	config '.process.user = {uid: 0, gid: 2000}'
	asks hardened 'id -u; id -g'
	expect_output $'1001\n2000'
}

test_other_users_and_groups_are_as_asked() {
	bundle
	config '.process.user = {uid: 2000, gid: 3000, additionalGids: [7, 100]}'
	asks hardened 'id -u; id -G'
	expect_output $'2000\n3000 7 100'
}

test_group_0_is_dropped_from_the_additional_groups() {
	bundle
	config '.process.user = {uid: 2000, gid: 3000, additionalGids: [0, 7]}'
	asks hardened 'id -G'
	expect_output '3000 7'
	asks compat 'id -G'
	expect_output '3000 0 7'
}

# The caller's own groups must not survive, whatever they are.
test_groups_of_the_caller_are_not_inherited() {
	needs setpriv
	bundle
	config '.process.args = ["id", "-G"] | .process.user = {uid: 2000, gid: 3000}'
	run setpriv --groups 12,34 "$RUNTIME" --root "$T/state" --profile compat run --bundle "$BUNDLE" "$ID"
	expect_output 3000
	run setpriv --groups 12,34 "$RUNTIME" --root "$T/state" --profile hardened run --bundle "$BUNDLE" "$ID"
	expect_output 3000
}

test_the_policy_names_the_user_that_takes_the_place_of_root() {
	bundle
	policy '{"extends": "hardened", "user": {"uid": 4321, "gid": 8765}}'
	asks governed 'id -u; id -g'
	expect_output $'4321\n8765'
}

test_the_policy_may_refuse_root() {
	bundle
	policy '{"extends": "hardened", "user": {"root": "refuse"}}'
	asks governed 'id -u'
	expect_refusal root
	config '.process.user = {uid: 2000, gid: 2000}'
	asks governed 'id -u'
	expect_output 2000
}

test_a_user_id_that_is_no_user_id_is_refused() {
	local uid
	bundle
	for uid in -1 4294967295 4294967296 1.5 '"0"'; do
		config ".process.user.uid = $uid"
		compat run --bundle "$BUNDLE" "$ID"
		expect_failure
		expect_error_has uid
	done
}

test_umask_is_as_asked_in_run_and_in_exec() {
	bundle
	config '.process.user.umask = 63'
	asks hardened umask
	expect_output 0077
	sleeping hardened
	hardened exec "$ID" sh -c umask
	expect_output 0077
}

test_home_is_that_of_the_user_who_runs() {
	bundle
	printf 'root:x:0:0::/root:/bin/sh\nuser:x:1001:1001::/home/user:/bin/sh\n' >"$ROOTFS/etc/passwd"
	config '.process.env = ["PATH=/bin"]'
	asks hardened 'echo "$HOME"'
	expect_output /home/user
	asks compat 'echo "$HOME"'
	expect_output /root
	config '.process.env = ["PATH=/bin", "HOME="]'
	asks hardened 'echo "$HOME"'
	expect_output /home/user
}

test_home_that_was_asked_for_stays() {
	bundle
	config '.process.env = ["PATH=/bin", "HOME=/srv"]'
	asks hardened 'echo "$HOME"'
	expect_output /srv
}

test_home_of_a_user_without_an_entry_is_the_root_directory() {
	bundle
	config '.process.env = ["PATH=/bin"] | .process.user = {uid: 2222, gid: 2222}'
	asks hardened 'echo "$HOME"'
	expect_output /
}

# A passwd file of the image is data of the attacker.  The id of busybox would read it as well.
expect_user_1001() {
	asks hardened 'cat /proc/self/status'
	expect_status 0
	expect_line 'Uid:	1001	1001	1001	1001'
}

test_a_hostile_passwd_file_neither_stops_the_container_nor_makes_root() {
	bundle
	config '.process.env = ["PATH=/bin"]'
	ln -sf /proc/self/environ "$ROOTFS/etc/passwd"
	expect_user_1001
	rm "$ROOTFS/etc/passwd"
	mkfifo "$ROOTFS/etc/passwd"
	expect_user_1001
	rm "$ROOTFS/etc/passwd"
	head -c 3000000 /dev/zero >"$ROOTFS/etc/passwd"
	printf '\nuser:x:1001:1001::/home/x=\\:/bin/sh\n' >>"$ROOTFS/etc/passwd"
	expect_user_1001
}

run_tests
