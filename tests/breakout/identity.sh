#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Breakout: capabilities and user ids that a process gets beyond what was asked for.
# Runs against any OCI runtime (RUNTIME=).
. "$(dirname "$0")/../root/lib.sh"

sleeper() {
	bundle
	config '.process.args = ["sleep", "300"]'
	container run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
}

expect_set_empty() {
	expect_output_has "$1:"
	[[ $OUT =~ $1:[[:space:]]*0+($|$'\n') ]] || fail "$1 is not empty"
}

# CVE-2022-29162, CVE-2022-27650: a set that nobody asked for, which a program with file capabilities inherits.
test_run_leaves_the_inheritable_and_ambient_sets_empty() {
	bundle
	config '.process.args = ["grep", "Cap", "/proc/self/status"]'
	container run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_set_empty CapInh
	expect_set_empty CapAmb
}

test_exec_leaves_the_inheritable_and_ambient_sets_empty() {
	sleeper
	container exec "$ID" grep Cap /proc/self/status
	expect_status 0
	expect_set_empty CapInh
	expect_set_empty CapAmb
}

test_exec_with_an_added_capability_leaves_the_inheritable_set_empty() {
	sleeper
	container exec --cap CAP_NET_ADMIN "$ID" grep Cap /proc/self/status
	[ "$STATUS" != 0 ] || expect_set_empty CapInh
}

test_a_config_without_capabilities_gives_none() {
	local name
	bundle
	config 'del(.process.capabilities) | .process.args = ["grep", "Cap", "/proc/self/status"]'
	container run --bundle "$BUNDLE" "$ID"
	expect_status 0
	for name in CapInh CapPrm CapEff CapBnd CapAmb; do
		expect_set_empty "$name"
	done
}

# CVE-2026-30892: "1" was read as 0:0.  A user that cannot be a number must be refused, not become root.
test_exec_never_reads_a_plain_uid_as_root() {
	sleeper
	container exec --user 1 "$ID" id -u
	expect_status 0
	expect_output 1
}

test_exec_refuses_users_that_are_not_numbers() {
	local user
	sleeper
	for user in -1 4294967295 4294967296 1x 1: :1 1:x " 1" 0x0; do
		container exec --user "$user" "$ID" id -u
		[ "$STATUS" != 0 ] || [ "$OUT" != 0 ] || fail "\"$user\" became root"
	done
}

run_tests
