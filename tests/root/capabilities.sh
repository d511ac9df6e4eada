#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Capabilities: the five sets, in the first program and in exec.
. "$(dirname "$0")/bulwark.sh"

none=0000000000000000

# asked_caps NAME...: these capabilities in all five sets.
asked_caps() {
	local names
	names=$(jq --null-input '$ARGS.positional' --args "$@")
	config --argjson names "$names" '.process.capabilities =
		(["bounding", "effective", "permitted", "inheritable", "ambient"] | map({key: ., value: $names}) |
		from_entries)'
}

# expect_sets INHERITABLE PERMITTED EFFECTIVE BOUNDING AMBIENT, of OUT, which is a status file.
expect_sets() {
	expect_line "CapInh:	$1"
	expect_line "CapPrm:	$2"
	expect_line "CapEff:	$3"
	expect_line "CapBnd:	$4"
	expect_line "CapAmb:	$5"
}

expect_no_capabilities() {
	expect_sets "$none" "$none" "$none" "$none" "$none"
}

test_all_five_sets_are_empty_whatever_was_asked() {
	bundle
	asked_caps CAP_SYS_ADMIN CAP_NET_RAW CAP_CHOWN
	asks hardened 'cat /proc/self/status'
	expect_status 0
	expect_no_capabilities
	asks compat 'cat /proc/self/status'
	expect_sets 0000000000202001 0000000000202001 0000000000202001 0000000000202001 0000000000202001
}

test_the_host_sees_empty_sets() {
	bundle
	asked_caps CAP_SYS_ADMIN
	sleeping hardened
	OUT=$(cat "/proc/$(pid_of)/status")
	expect_no_capabilities
}

test_exec_has_empty_sets_whatever_it_asks_for() {
	bundle
	asked_caps CAP_SYS_ADMIN CAP_CHOWN
	sleeping hardened
	hardened exec --cap CAP_SYS_ADMIN --cap CAP_CHOWN "$ID" cat /proc/self/status
	expect_status 0
	expect_no_capabilities
	jq '.process.args = ["cat", "/proc/self/status"] | .process' "$BUNDLE/config.json" >"$T/process.json"
	hardened exec --process "$T/process.json" "$ID"
	expect_status 0
	expect_no_capabilities
}

test_exec_in_compat_adds_the_capability_that_it_asks_for() {
	bundle
	config '.process.capabilities = {}'
	sleeping compat
	compat exec "$ID" cat /proc/self/status
	expect_no_capabilities
	compat exec --cap CAP_SYS_ADMIN "$ID" cat /proc/self/status
	expect_sets "$none" 0000000000200000 0000000000200000 0000000000200000 "$none"
}

test_in_compat_each_set_is_as_asked() {
	bundle
	config '.process.capabilities = {
		inheritable: ["CAP_CHOWN", "CAP_SYSLOG"], permitted: ["CAP_KILL", "CAP_CHOWN"], effective: ["CAP_KILL"],
		bounding: ["CAP_KILL", "CAP_CHOWN", "CAP_SYSLOG"], ambient: ["CAP_CHOWN"]} |
		.process.user = {uid: 1000, gid: 1000}'
	asks compat 'cat /proc/self/status'
	expect_status 0
	# After the program is executed by a user, permitted and effective are what was ambient.
	expect_sets 0000000400000001 0000000000000001 0000000000000001 0000000400000021 0000000000000001
}

test_a_capability_that_the_policy_allows_stays_where_it_was_asked_for() {
	bundle
	policy '{"extends": "hardened", "loosens": ["capabilities.allow"],
		"capabilities": {"allow": ["CAP_NET_BIND_SERVICE"]}}'
	asked_caps CAP_NET_BIND_SERVICE CAP_SYS_ADMIN
	asks governed 'cat /proc/self/status; id -u'
	expect_sets 0000000000000400 0000000000000400 0000000000000400 0000000000000400 0000000000000400
	expect_line 1001
	config '.process.capabilities = {}'
	asks governed 'cat /proc/self/status'
	expect_no_capabilities
}

test_exec_may_ask_for_what_the_container_kept_and_for_no_more() {
	bundle
	policy '{"extends": "hardened", "loosens": ["capabilities.allow"],
		"capabilities": {"allow": ["CAP_NET_BIND_SERVICE"]}}'
	asked_caps CAP_NET_BIND_SERVICE
	sleeping governed
	governed exec --cap CAP_NET_BIND_SERVICE --cap CAP_SYS_ADMIN "$ID" cat /proc/self/status
	expect_status 0
	expect_line "CapBnd:	0000000000000400"
	expect_output_lacks 0000000000200000
}

# What the sets mean: the kernel refuses what they are for.
test_without_capabilities_a_file_cannot_be_given_away() {
	bundle
	asked_caps CAP_CHOWN CAP_DAC_OVERRIDE
	asks hardened 'touch /tmp/file && chown 5 /tmp/file'
	expect_failure
	expect_error_has 'Operation not permitted'
	asks compat 'touch /tmp/file && chown 5 /tmp/file'
	expect_status 0
}

test_securebits_that_keep_root_powerless_are_set_and_locked() {
	local bits
	probe_bundle
	asks hardened 'probe securebits'
	bits=$OUT
	# NOROOT and NO_SETUID_FIXUP, each with its lock.
	[ $((bits & 0xf)) = 15 ] || fail "securebits are $bits"
	asks compat 'probe securebits'
	expect_output 0x0
}

test_exec_has_the_same_securebits() {
	local bits
	probe_bundle
	sleeping hardened
	hardened exec "$ID" probe securebits
	bits=$OUT
	[ $((bits & 0xf)) = 15 ] || fail "securebits are $bits"
}

test_an_unknown_capability_is_ignored() {
	bundle
	config '.process.capabilities.bounding += ["CAP_UNKNOWN", "UNKNOWN_CAP"]'
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	hardened run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

run_tests
