#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The keeper: lives that end in time whoever started the container, whatever is killed.
. "$(dirname "$0")/bulwark.sh"

# Its own mount namespace, for a program that is put where it would be installed.
[ -n "${BULWARK_KEEPER_MOUNTS:-}" ] || BULWARK_KEEPER_MOUNTS=1 exec unshare --mount --propagation private "$0" "$@"
needs_beside bulwark-keeper

# lasting SCRIPT: a container that would run for long.
lasting() {
	bundle
	script_args "$1; while :; do sleep 0.1; done"
}

# started [VERB...]: the container of the bundle, under the policy, from create to start.
started() {
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed start "$ID"
	expect_status 0
}

# The keeper's two processes: the one that state names, and its child.
keeper_of() {
	"$RUNTIME" --root "$T/state" state --format text "$ID" | sed -n 's/^keeper  *\([0-9]*\)$/\1/p'
}

child_of() {
	cut -d " " -f 1 "/proc/$1/task/$1/children"
}

# Names every process of the container's cgroup, as the host does.
pids_inside() {
	"$RUNTIME" --root "$T/state" ps --format json "$ID" | jq --raw-output '.[]?'
}

is_gone() {
	[ ! -e "/proc/$1" ] || [ "$(sed 's/.*) \(.\) .*/\1/' "/proc/$1/stat" 2>/dev/null)" = Z ]
}

is_empty() {
	[ -z "$(pids_inside)" ]
}

# ends_between SECONDS SECONDS: the container has stopped after as much, not sooner and not later.
ends_between() {
	while [ "$(state_of)" != stopped ]; do
		[ $((SECONDS - began)) -le "$2" ] || fail "it lives after $((SECONDS - began)) s"
		sleep 0.1
	done
	[ $((SECONDS - began)) -ge "$1" ] || fail "it ended after $((SECONDS - began)) s"
}

# No process of a keeper outlives the container.
expect_no_keeper() {
	eventually is_gone "$1"
	eventually is_gone "$2"
}

daemons='(trap "" TERM; setsid sh -c "trap \"\" TERM; (setsid sleep 300 &) ; sleep 300" >/dev/null 2>&1 </dev/null &); trap "" TERM'

test_a_life_of_two_seconds_ends_everything_from_create_to_start() {
	lasting "$daemons"
	policy '{"session": {"ttl": "2s", "grace": "1s"}}'
	started
	began=$SECONDS
	keeper=$(keeper_of)
	[ -n "$keeper" ] || fail 'state names no keeper'
	child=$(child_of "$keeper")
	eventually test "$(pids_inside | wc -l)" -ge 3
	mapfile -t inside < <(pids_inside)
	hardened state --format text "$ID"
	expect_output_has 'layer      keeper: bulwark-keeper ends it when its time is over'
	expect_output_lacks 'nobody ends it'
	ends_between 2 8
	for pid in "${inside[@]}"; do eventually is_gone "$pid"; done
	expect_no_keeper "$keeper" "$child"
	hardened state --format text "$ID"
	expect_output_lacks 'has ended'
	governed delete "$ID"
	expect_status 0
	expect_nothing_left
}

# Without a pid namespace of its own nobody dies with the init.
test_who_has_left_an_init_in_the_host_s_pid_namespace_ends_too() {
	lasting "$daemons"
	config '.linux.namespaces |= map(select(.type != "pid"))'
	policy '{"extends": "compat", "session": {"ttl": "2s", "grace": "0"}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	began=$SECONDS
	eventually test "$(pids_inside | wc -l)" -ge 3
	ends_between 1 8
	eventually is_empty
	governed delete "$ID"
	expect_nothing_left
}

test_who_obeys_the_word_ends_as_it_likes() {
	lasting 'trap "echo told >/told; exit 7" TERM'
	policy '{"extends": "compat", "session": {"ttl": "1s", "grace": "1m"}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	began=$SECONDS
	ends_between 0 10
	expect_equal 'what it wrote' "$(cat "$ROOTFS/told")" told
}

test_a_created_container_does_not_age() {
	lasting true
	policy '{"session": {"ttl": "2s", "grace": "0"}}'
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
	sleep 3
	expect_equal state "$(state_of)" created
	governed start "$ID"
	expect_status 0
	began=$SECONDS
	ends_between 1 8
}

test_a_paused_container_ends_too() {
	lasting true
	policy '{"session": {"ttl": "2s", "grace": "1s"}}'
	started
	began=$SECONDS
	governed pause "$ID"
	expect_status 0
	ends_between 2 10
}

test_an_annotation_makes_a_life_shorter() {
	lasting true
	config '.annotations = {"org.bulwark.ttl": "2s"}'
	jq --null-input '{version: 1, default: "site", annotations: {ttl: true}, profiles: {site: {session: {ttl: "1h", grace: "0"}}}}' \
		>"$T/policy.json"
	chmod 600 "$T/policy.json"
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	began=$SECONDS
	ends_between 1 8
	# It asks for more, which changes nothing.
	governed delete "$ID"
	config '.annotations = {"org.bulwark.ttl": "2h"}'
	jq '.profiles.site.session.ttl = "2s"' "$T/policy.json" >"$T/policy.new"
	chmod 600 "$T/policy.new"
	mv "$T/policy.new" "$T/policy.json"
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	began=$SECONDS
	ends_between 1 8
}

# replaced WAS: another keeper than that one is there.
replaced() {
	local now
	now=$(keeper_of)
	[ -n "$now" ] && [ "$now" != "$1" ] && [ -n "$(child_of "$now")" ]
}

has_another_child() {
	local now
	now=$(child_of "$1")
	[ -n "$now" ] && [ "$now" != "$2" ]
}

test_a_keeper_that_is_killed_begins_anew_and_its_time_does_not() {
	lasting "$daemons"
	policy '{"session": {"ttl": "4s", "grace": "0"}}'
	started
	began=$SECONDS
	keeper=$(keeper_of)
	child=$(child_of "$keeper")
	sleep 2
	kill -9 "$child"
	eventually has_another_child "$keeper" "$child"
	# And the one that looks after it.
	child=$(child_of "$keeper")
	kill -9 "$keeper"
	eventually replaced "$keeper"
	expect_equal 'the one that state names' "$(keeper_of)" "$child"
	child=$(child_of "$(keeper_of)")
	keeper=$(keeper_of)
	ends_between 3 7
	expect_no_keeper "$keeper" "$child"
	governed delete "$ID"
	expect_nothing_left
}

test_without_its_keeper_a_container_is_not_started_and_says_so() {
	lasting true
	policy '{"session": {"ttl": "1m"}}'
	governed create --bundle "$BUNDLE" "$ID"
	keeper=$(keeper_of)
	child=$(child_of "$keeper")
	kill -STOP "$keeper"
	kill -9 "$child" "$keeper"
	eventually is_gone "$keeper"
	governed state --format text "$ID"
	expect_output_has 'keeper: bulwark-keeper has ended: nobody does what it did'
	governed start "$ID"
	expect_failure
	expect_error_has "the container's bulwark-keeper has ended: nobody would keep its time"
	governed delete --force "$ID"
	expect_nothing_left
}

test_delete_ends_the_keeper() {
	lasting true
	policy '{"session": {"ttl": "1h"}}'
	for verbs in create started; do
		if [ "$verbs" = created ]; then governed create --bundle "$BUNDLE" "$ID"; else started; fi
		keeper=$(keeper_of)
		child=$(child_of "$keeper")
		governed delete --force "$ID"
		expect_status 0
		is_gone "$keeper" || fail 'the keeper is left'
		is_gone "$child" || fail 'its child is left'
		expect_nothing_left
	done
}

test_it_can_do_little() {
	lasting true
	policy '{"session": {"ttl": "1h"}}'
	started
	keeper=$(keeper_of)
	for pid in "$keeper" $(child_of "$keeper"); do
		# CAP_DAC_OVERRIDE and CAP_KILL.
		expect_equal capabilities "$(sed -n 's/^CapEff:\t//p' "/proc/$pid/status")" 0000000000000022
		expect_equal 'bounding set' "$(sed -n 's/^CapBnd:\t//p' "/proc/$pid/status")" 0000000000000000
		expect_equal 'new privileges' "$(sed -n 's/^NoNewPrivs:\t//p' "/proc/$pid/status")" 1
		expect_equal filter "$(sed -n 's/^Seccomp:\t//p' "/proc/$pid/status")" 2
		expect_different 'the cgroup' "$(cgroup_of pids "$pid")" "$(cgroup_of pids "$(pid_of)")"
	done
}

test_where_there_is_no_keeper_a_container_says_so() {
	lasting true
	policy '{"session": {"ttl": "1s"}}'
	# It cannot be run any more, here.
	helper=$(grep --text --only-matching --max-count 1 "/[[:graph:]]*/bulwark-keeper" "$RUNTIME" | head -n 1)
	mount --bind /dev/null "$helper"
	governed create --bundle "$BUNDLE" "$ID"
	umount "$helper"
	expect_status 0
	governed state --format text "$ID"
	expect_output_has 'degraded   keeper: nobody ends it in time: bulwark-keeper cannot be run'
	expect_output_lacks 'layer      keeper'
}

test_a_container_without_a_limit_has_none() {
	lasting true
	hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	hardened state --format text "$ID"
	expect_output_lacks keeper
}

test_run_in_the_foreground_keeps_the_time_itself() {
	lasting true
	policy '{"session": {"ttl": "1s", "grace": "0"}}'
	governed run --keep --bundle "$BUNDLE" "$ID"
	expect_status 137
	[ ! -e "$T/state/$ID/keeper" ] || fail 'there was a keeper'
}

run_tests
