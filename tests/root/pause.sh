#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pause and resume: everything stops, nothing is lost, and a paused container can still be got rid of.
. "$(dirname "$0")/bulwark.sh"

# counting PROFILE: a container that adds a line to $T/shared/count ten times a second.
counting() {
	bundle
	mkdir -m 777 "$T/shared"
	config --arg source "$T/shared" '
		.mounts += [{destination: "/shared", type: "bind", source: $source, options: ["bind"]}]'
	script_args 'while :; do echo x >>/shared/count; sleep 0.1; done'
	"$1" run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually test -s "$T/shared/count"
}

counted() {
	wc -l <"$T/shared/count"
}

# standing: how often was counted, after nothing has been counted for half a second.
expect_standing() {
	local before
	before=$(counted)
	sleep 0.5
	expect_equal "what was counted" "$(counted)" "$before"
}

counts_beyond() {
	[ "$(counted)" -gt "$1" ]
}

test_a_paused_container_stands_still_and_goes_on() {
	counting hardened
	hardened pause "$ID"
	expect_status 0
	expect_output ""
	expect_equal state "$(state_of)" paused
	expect_standing
	hardened resume "$ID"
	expect_status 0
	expect_equal state "$(state_of)" running
	eventually counts_beyond "$(counted)"
}

test_what_cannot_be_paused_or_resumed_is_an_error() {
	hardened pause "$ID"
	expect_status 1
	expect_error_has 'does not exist'
	hardened resume "$ID"
	expect_status 1
	expect_error_has 'does not exist'
	bundle
	sleeping hardened
	hardened resume "$ID"
	expect_status 1
	expect_error_has 'container not paused'
	hardened pause "$ID"
	hardened pause "$ID"
	expect_status 1
	expect_error_has 'container not running'
	expect_equal state "$(state_of)" paused
	hardened kill "$ID" KILL
	eventually is_stopped
	hardened pause "$ID"
	expect_status 1
	expect_error_has 'container not running'
	hardened resume "$ID"
	expect_status 1
	expect_error_has 'container not paused'
}

test_a_created_container_can_be_paused_and_is_started_after_it() {
	bundle
	config '.process.args = ["sleep", "300"]'
	hardened create --bundle "$BUNDLE" "$ID"
	hardened pause "$ID"
	expect_status 0
	expect_equal state "$(state_of)" paused
	hardened start "$ID"
	expect_failure
	expect_error_has paused
	hardened resume "$ID"
	expect_equal state "$(state_of)" created
	hardened start "$ID"
	expect_status 0
	expect_equal state "$(state_of)" running
}

test_exec_into_a_paused_container_is_refused_or_waits() {
	local waiting
	bundle
	sleeping hardened
	hardened pause "$ID"
	hardened exec "$ID" echo early
	expect_status 255
	expect_error_has 'cannot exec in a paused container'
	"$RUNTIME" --root "$T/state" exec --ignore-paused "$ID" echo ok >"$T/said" 2>&1 </dev/null &
	waiting=$!
	sleep 1
	kill -0 "$waiting" || fail "it did not wait"
	[ ! -s "$T/said" ] || fail "it ran"
	hardened resume "$ID"
	wait "$waiting" || fail "exit status $?"
	expect_equal said "$(cat "$T/said")" ok
}

test_a_paused_container_can_be_killed() {
	counting hardened
	hardened pause "$ID"
	hardened kill "$ID" KILL
	expect_status 0
	eventually is_stopped
	hardened delete "$ID"
	expect_status 0
	expect_nothing_left
}

test_a_signal_to_a_paused_container_waits_for_its_end() {
	bundle
	script_args 'trap "echo caught; exit" TERM; echo ready; while :; do sleep 0.1; done'
	"$RUNTIME" --root "$T/state" run --detach --bundle "$BUNDLE" "$ID" >"$T/said" 2>&1 </dev/null
	eventually grep --quiet ready "$T/said"
	hardened pause "$ID"
	hardened kill "$ID" TERM
	expect_status 0
	sleep 0.5
	expect_equal state "$(state_of)" paused
	expect_equal said "$(cat "$T/said")" ready
	hardened resume "$ID"
	eventually grep --quiet caught "$T/said"
}

test_a_paused_container_is_deleted_by_force_alone_and_at_once() {
	local begin
	counting hardened
	hardened pause "$ID"
	hardened delete "$ID"
	expect_failure
	expect_error_has 'not stopped: paused'
	expect_equal state "$(state_of)" paused
	begin=$SECONDS
	hardened delete --force "$ID"
	expect_status 0
	expect_nothing_left
	[ $((SECONDS - begin)) -lt 5 ] || fail "it took $((SECONDS - begin)) seconds"
}

test_processes_without_a_pid_namespace_are_killed_while_paused() {
	local left
	bundle
	config '.linux.namespaces |= map(select(.type != "pid"))'
	script_args 'sleep 298 & exec sleep 299'
	compat run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	left=$(cat "$(cgroups_of "$ID" | head -n 1)/cgroup.procs")
	expect_equal "number of processes" "$(wc -w <<<"$left")" 2
	compat pause "$ID"
	compat kill "$ID" KILL
	expect_status 0
	eventually is_stopped
	for pid in $left; do
		[ ! -d "/proc/$pid" ] || [[ $(cat "/proc/$pid/stat") == *") Z "* ]] || fail "process $pid is left"
	done
	compat delete "$ID"
	expect_nothing_left
}

run_tests
