#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Session keyrings: the container does not see the caller's.
. "$(dirname "$0")/bulwark.sh"

# The baseline filter refuses keyctl; here it is allowed, so that the keyring itself can be seen.
with_keyctl() {
	policy '{"extends": "hardened", "loosens": ["seccomp.allow"], "seccomp": {"allow": ["keyring"]}}'
}

caller_keyring() {
	HOST=$("$(find_probe)" session)
	[[ $HOST =~ ^-?[0-9]+$ ]] || skip "this host gives no session keyring: $HOST"
}

test_the_session_keyring_is_one_of_its_own() {
	local first
	probe_bundle
	caller_keyring
	with_keyctl
	asks governed 'probe session'
	expect_status 0
	first=$OUT
	expect_different "the session keyring" "$first" "$HOST"
	asks governed 'probe session'
	expect_different "the session keyring of two containers" "$OUT" "$first"
	config '.process.args = ["probe", "session"]'
	compat run --no-new-keyring --bundle "$BUNDLE" "$ID"
	expect_output "$HOST"
}

test_the_caller_cannot_ask_for_its_own_keyring_in_hardened() {
	probe_bundle
	caller_keyring
	with_keyctl
	config '.process.args = ["probe", "session"]'
	governed run --no-new-keyring --bundle "$BUNDLE" "$ID"
	[ "$STATUS" != 0 ] || expect_different "the session keyring" "$OUT" "$HOST"
}

test_exec_has_a_keyring_that_is_not_the_caller_s() {
	probe_bundle
	caller_keyring
	with_keyctl
	sleeping governed
	governed exec "$ID" probe session
	expect_status 0
	expect_different "the session keyring" "$OUT" "$HOST"
}

test_keys_cannot_be_used_nor_seen_at_all_in_hardened() {
	probe_bundle
	asks hardened 'probe try keyctl add_key; wc -c </proc/keys'
	expect_output $'keyctl EPERM\nadd_key EPERM\n0'
	config '.linux.maskedPaths = []'
	asks compat 'probe try keyctl add_key; wc -c </proc/keys'
	expect_line 'keyctl ok'
	expect_no_line 0
}

run_tests
