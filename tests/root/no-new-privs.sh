#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# no_new_privs: a program that is set-user-id, or has file capabilities, gains nothing.
. "$(dirname "$0")/bulwark.sh"

as_user() {
	config '.process.user = {uid: 1001, gid: 1001}'
}

setuid_bundle() {
	probe_bundle
	install --mode=6755 "$ROOTFS/bin/probe" "$ROOTFS/bin/probe-root"
	as_user
}

test_a_setuid_program_gains_nothing() {
	setuid_bundle
	asks hardened 'probe-root euid'
	expect_output 1001:1001
	asks compat 'probe-root euid'
	expect_output 0:0
}

test_a_setuid_program_gains_nothing_although_the_caller_asks_for_it() {
	setuid_bundle
	config '.process.noNewPrivileges = false'
	asks hardened 'probe-root euid; grep NoNewPrivs /proc/self/status'
	expect_output $'1001:1001\nNoNewPrivs:\t1'
}

test_a_setuid_program_gains_nothing_in_exec() {
	setuid_bundle
	sleeping hardened
	hardened exec "$ID" probe-root euid
	expect_output 1001:1001
	jq '.process.args = ["probe-root", "euid"] | .process.noNewPrivileges = false | .process' \
		"$BUNDLE/config.json" >"$T/process.json"
	hardened exec --process "$T/process.json" "$ID"
	expect_output 1001:1001
}

test_a_setuid_program_gains_nothing_when_compat_was_asked_for_no_new_privs() {
	setuid_bundle
	config '.process.noNewPrivileges = true'
	asks compat 'probe-root euid'
	expect_output 1001:1001
}

# The mount is the second lock: without no_new_privs the program still gains nothing.
test_the_rootfs_is_nosuid_as_well() {
	setuid_bundle
	policy '{"extends": "hardened", "loosens": ["noNewPrivileges"], "noNewPrivileges": false}'
	asks governed 'grep NoNewPrivs /proc/self/status; probe-root euid'
	expect_line "$(printf 'NoNewPrivs:\t0')"
	expect_line 1001:1001
}

test_exec_sets_no_new_privs_where_it_is_asked_to() {
	setuid_bundle
	sleeping compat
	compat exec --user 1001:1001 --no-new-privs "$ID" probe-root euid
	expect_output 1001:1001
	compat exec --user 1001:1001 "$ID" probe-root euid
	expect_output 0:0
}

test_file_capabilities_give_nothing() {
	needs setcap
	bundle
	cp "$ROOTFS/bin/busybox" "$ROOTFS/usr/cat"
	setcap cap_kill+p "$ROOTFS/usr/cat" || skip "this file system has no file capabilities"
	as_user
	asks hardened '/usr/cat /proc/self/status'
	expect_line 'CapPrm:	0000000000000000'
	asks compat '/usr/cat /proc/self/status'
	expect_line 'CapPrm:	0000000000000020'
}

run_tests
