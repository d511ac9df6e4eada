#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Lives that end in time, kept by run in the foreground; keeper.sh has the others.
. "$(dirname "$0")/bulwark.sh"

# lasting SCRIPT: a container that would run for long.
lasting() {
	bundle
	script_args "$1; while :; do sleep 0.1; done"
}

seconds() {
	echo $((SECONDS - began))
}

test_a_life_ends_with_a_word_and_then_by_force() {
	lasting 'trap "echo told" TERM'
	policy '{"session": {"ttl": "1s", "grace": "1s"}}'
	began=$SECONDS
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 137
	expect_output told
	expect_error_has "the container's life of 1 s is over"
	[ "$(seconds)" -ge 2 ] || fail "it lived $(seconds) s"
	[ "$(seconds)" -lt 20 ] || fail "it lived $(seconds) s"
	expect_nothing_left
}

test_who_obeys_the_word_ends_as_it_likes() {
	lasting 'trap "exit 7" TERM'
	policy '{"session": {"ttl": "1s", "grace": "1m"}}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 7
	expect_nothing_left
}

test_a_program_that_ends_before_is_left_alone() {
	bundle
	config '.process.args = ["sh", "-c", "exit 3"]'
	policy '{"session": {"ttl": "1m"}}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 3
	expect_equal errors "$ERR" ""
}

# Without a pid namespace of its own nobody dies with the init.
test_what_has_left_the_init_behind_ends_too() {
	lasting 'trap "exit 7" TERM; (trap "" TERM; setsid sleep 300 >/dev/null 2>&1 </dev/null &)'
	config '.linux.namespaces |= map(select(.type != "pid"))'
	policy '{"extends": "compat", "session": {"ttl": "1s", "grace": "1m"}}'
	governed run --keep --bundle "$BUNDLE" "$ID"
	expect_status 7
	expect_equal processes "$("$RUNTIME" --root "$T/state" ps --format json "$ID")" null
	governed delete "$ID"
	expect_nothing_left
}

test_an_exec_ends_with_the_container() {
	lasting true
	policy '{"session": {"ttl": "3s", "grace": "0"}}'
	"$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 &
	eventually is_running
	governed exec "$ID" sleep 300
	expect_status 137
	wait
	expect_nothing_left
}

is_running() {
	[ "$(state_of)" = running ]
}

test_a_paused_container_ends_too() {
	lasting true
	policy '{"session": {"ttl": "2s", "grace": "1s"}}'
	"$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 &
	eventually is_running
	governed pause "$ID"
	expect_status 0
	wait
	expect_nothing_left
}

test_a_container_whose_life_has_no_limit_says_nothing() {
	lasting true
	hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	hardened state --format text "$ID"
	expect_output_lacks 'keeper'
}

test_an_annotation_shortens_a_life_where_the_policy_hears_it() {
	lasting true
	config '.annotations = {"org.bulwark.ttl": "1s"}'
	jq --null-input '{version: 1, default: "site", annotations: {ttl: true}, profiles: {site: {session: {ttl: "1h", grace: "0"}}}}' \
		>"$T/policy.json"
	chmod 600 "$T/policy.json"
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 137
	config '.annotations = {"org.bulwark.ttl": "soon"}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'this is not a time such as 15m, 90s or 1h30m'
}

run_tests
