#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Events: numbers that fit what the container does, word of a lack of memory, and an end with the container.
. "$(dirname "$0")/bulwark.sh"

# data FILTER: of the statistics of $ID, now.
data() {
	"$RUNTIME" --root "$T/state" events --stats "$ID" | jq --compact-output ".data$1"
}

# following [OPTION]...: events of $ID go to $T/events; sets FOLLOWER.
following() {
	"$RUNTIME" --root "$T/state" events "$@" "$ID" >"$T/events" 2>"$T/events.err" </dev/null &
	FOLLOWER=$!
}

expect_follower_to_end() {
	local status=0
	timeout 10 tail --pid="$FOLLOWER" -f /dev/null || fail "the stream did not end"
	wait "$FOLLOWER" || status=$?
	expect_equal "its status" "$status" 0
	expect_equal "its errors" "$(cat "$T/events.err")" ""
}

events() {
	jq --raw-output .type "$T/events" | sort | uniq -c | tr -s ' ' | sed 's/^ //'
}

has_events() {
	[ "$(grep --count "\"type\":\"$1\"" "$T/events")" -ge "$2" ]
}

test_statistics_have_the_form_that_readers_know() {
	bundle
	sleeping hardened
	hardened events --stats "$ID"
	expect_status 0
	expect_equal "lines" "$(wc -l <<<"$OUT")" 1
	[[ $OUT == "{\"type\":\"stats\",\"id\":\"$ID\",\"data\":{\"cpu\":{\"usage\":{"* ]] || fail "it begins otherwise"
	jq --exit-status '.data | has("cpu") and has("cpuset") and has("memory") and has("pids") and has("blkio") and
		has("hugetlb") and has("intel_rdt") and (.cpu.throttling | type) == "object" and
		(.memory.raw | length) > 10 and .memory.usage.limit > 0 and .memory.usage.failcnt == 0' <<<"$OUT" >/dev/null ||
		fail "something is missing"
}

test_numbers_are_those_of_the_cgroup() {
	local pid
	needs_controller memory
	needs_controller cpuset
	bundle
	config '.linux.resources += {memory: {limit: 67108864}, pids: {limit: 44}, cpu: {cpus: "0"}}'
	script_args 'sleep 299 & exec sleep 300'
	compat run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	pid=$(pid_of)
	expect_equal pids "$(data '.pids')" '{"current":2,"limit":44}'
	expect_equal limit "$(data '.memory.usage.limit')" 67108864
	expect_equal cpus "$(data '.cpuset.cpus')" '[0]'
	expect_equal raw "$(data '.memory.raw.pgfault | type')" '"number"'
	[ "$(data .memory.usage.usage)" -gt 4096 ] || fail "no memory is used"
	[ "$(data .cpu.usage.total)" -gt 100000 ] || fail "no time is used"
	[ "$(data .memory.usage.usage)" -lt 67108864 ] || fail "all memory is used"
	if [ -d "/sys/fs/cgroup/unified$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" ]; then
		for size in /sys/kernel/mm/hugepages/*; do
			case $size in
			*-2048kB) expect_equal "huge pages" "$(data '.hugetlb["2MB"]')" '{"failcnt":0}' ;;
			esac
		done
	fi
}

test_time_that_is_used_is_counted_and_throttled() {
	local before after
	needs_controller cpu
	bundle
	config '.linux.resources += {cpu: {quota: 10000, period: 100000}}'
	script_args 'while :; do :; done'
	compat run --detach --bundle "$BUNDLE" "$ID"
	sleep 0.5
	before=$(data .cpu.usage.total)
	sleep 1
	after=$(data .cpu.usage.total)
	[ $((after - before)) -gt 20000000 ] || fail "$((after - before)) ns in a second"
	[ $((after - before)) -lt 600000000 ] || fail "$((after - before)) ns in a second"
	[ "$(data .cpu.throttling.throttledPeriods)" -gt 3 ] || fail "it is not throttled"
	[ "$(data .cpu.throttling.throttledTime)" -gt 1000000 ] || fail "it is not throttled"
}

test_the_stream_ends_when_the_container_is_deleted() {
	bundle
	sleeping hardened
	following --interval 100ms
	eventually has_events stats 3
	hardened delete --force "$ID"
	expect_status 0
	expect_follower_to_end
	expect_nothing_left
}

test_the_stream_ends_when_the_program_does() {
	bundle
	config '.process.args = ["sleep", "1"]'
	hardened run --detach --bundle "$BUNDLE" "$ID"
	following --interval 1h
	sleep 0.3
	kill -0 "$FOLLOWER" || fail "it has ended already"
	expect_follower_to_end
	expect_equal events "$(events)" ""
}

test_a_lack_of_memory_is_told() {
	needs_controller memory
	probe_bundle
	config '.linux.resources += {memory: {limit: 33554432, swap: 33554432}}'
	config '.process.args = ["sleep", "300"]'
	hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	following --interval 1h
	sleep 0.5
	hardened exec "$ID" probe eat 8
	sleep 0.3
	expect_equal events "$(events)" ""
	hardened exec "$ID" probe eat 100
	expect_status 137
	eventually has_events oom 1
	expect_equal "the line" "$(head -n 1 "$T/events")" "{\"type\":\"oom\",\"id\":\"$ID\"}"
	kill -0 "$FOLLOWER" || fail "it has ended"
	hardened delete --force "$ID"
	expect_follower_to_end
}

test_a_paused_container_has_statistics() {
	bundle
	sleeping hardened
	hardened pause "$ID"
	hardened events --stats "$ID"
	expect_status 0
}

test_what_has_ended_or_is_not_there_is_an_error() {
	hardened events "$ID"
	expect_status 1
	expect_error_has 'does not exist'
	bundle
	hardened run --keep --bundle "$BUNDLE" "$ID"
	for stats in '' --stats; do
		# shellcheck disable=SC2086 # an option or none
		hardened events $stats "$ID"
		expect_status 1
		expect_error_has "container with id $ID is not running"
	done
	hardened events --interval 0s "$ID"
	expect_status 1
	expect_error_has 'duration interval must be greater than 0'
}

run_tests
