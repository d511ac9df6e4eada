#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The runtime is killed at a system call, one after the other over a sample of all that a verb makes; then
# `delete --force` has to leave nothing: no process, no cgroup, no mount, no state.  KILL_SECONDS bounds each
# case (default 20); KILL_EVERY=1 takes every call, as a release does.
. "$(dirname "$0")/lib.sh"
needs strace
strace --quiet=all --output=/dev/null true 2>/dev/null || skip "strace may not trace here"
kill_seconds=${KILL_SECONDS:-20}
# Prime, so that samples of different verbs fall on different calls.
kill_every=${KILL_EVERY:-7}

# Whose command line or environment names the container: inits on their way, programs, helpers.
processes_of() {
	grep --files-with-matches --binary --fixed-strings "MARK=$ID" /proc/[0-9]*/environ 2>/dev/null
	grep --files-with-matches --binary --fixed-strings "state/../$ID" /proc/[0-9]*/cmdline 2>/dev/null
}

no_process_is_left() {
	[ -z "$(processes_of)" ]
}

# The state root is spelled so that no other process names it.
marked() {
	# RUNTIME_FLAGS is a list of words.
	# shellcheck disable=SC2086
	"$@" "$RUNTIME" --root "$T/state/../$ID" ${RUNTIME_FLAGS:-} "${verb[@]}" </dev/null >"$T/out" 2>&1
}

delete_by_force() {
	verb=(delete --force "$ID")
	marked timeout 30 || fail "call $1: delete --force: $(cat "$T/out")"
}

expect_nothing_of_it() {
	local left
	eventually no_process_is_left
	# Names with a dot are caches for all containers.
	left=$(find "$T/$ID" -mindepth 1 -maxdepth 1 -not -name '.*')
	[ -z "$left" ] || fail "call $1: state is left: $left"
	left=$(cgroups_of "$ID" \( -fstype cgroup -o -fstype cgroup2 \))
	[ -z "$left" ] || fail "call $1: cgroups are left: $left"
	! grep --fixed-strings "$T/" /proc/self/mountinfo || fail "call $1: mounts are left"
}

# strace counts each system call by its name: "openat 3" is the third openat of a process.
targets() {
	awk -v pid="$1" '{
		if (!pid) $0 = "0 " $0
		if (match($2, /^[a-z0-9_]+\(/)) {
			name = substr($2, 1, RLENGTH - 1)
			target = name " " ++n[$1, name]
			if (!seen[target]++) print target
		}
	}' "$T/calls"
}

# kill_at_every_call BEFORE FLAGS VERB…: BEFORE makes ready; strace's FLAGS say who is killed.  -f: children, too;
# then -D, or strace would wait for a container that waits for its start.
kill_at_every_call() {
	local before=$1 flags=$2 name count n=0 killed=0 end
	shift 2
	"$before"
	verb=("$@")
	# shellcheck disable=SC2086
	marked timeout --kill-after=2 30 strace --quiet=all $flags --output="$T/calls" || fail "$1: $(cat "$T/out")"
	delete_by_force none
	targets "${flags:+1}" >"$T/targets"
	end=$((SECONDS + kill_seconds))
	# However slow the machine is, some are killed.
	# shellcheck disable=SC2086 # words on purpose
	while read -r name count <&3 && { [ $SECONDS -lt $end ] || [ $killed -le 5 ]; }; do
		[ $((n++ % kill_every)) = 0 ] || continue
		"$before"
		verb=("$@")
		# shellcheck disable=SC2086
		marked timeout --kill-after=2 30 strace --quiet=all $flags --output=/dev/null \
			--inject="$name:signal=KILL:when=$count" || killed=$((killed + 1))
		delete_by_force "$name $count"
		expect_nothing_of_it "$name $count"
	done 3<"$T/targets"
	echo "stopped after $n of $(wc -l <"$T/targets") calls, every ${kill_every}th of which was tried: $killed kills"
	# Children are killed without the verb's own end: then only the outcome counts.
	# shellcheck disable=SC2086 # words on purpose
	[ -n "$flags" ] || [ $killed -gt 5 ] || fail "only $killed kills"
}

marked_bundle() {
	bundle
	config --arg mark "MARK=$ID" '.process.args = ["sleep", "300"] | .process.env += [$mark] |
		.linux.resources.pids = {limit: 50}'
}

nothing() {
	:
}

created() {
	verb=(create --bundle "$BUNDLE" "$ID")
	marked timeout 30 || fail "create: $(cat "$T/out")"
}

running() {
	verb=(run --detach --bundle "$BUNDLE" "$ID")
	marked timeout 30 || fail "run: $(cat "$T/out")"
}

test_create_killed_anywhere_leaves_nothing_after_delete() {
	mkdir "$T/state" "$T/$ID"
	marked_bundle
	kill_at_every_call nothing "" create --bundle "$BUNDLE" "$ID"
}

test_create_whose_init_is_killed_anywhere_leaves_nothing_after_delete() {
	mkdir "$T/state" "$T/$ID"
	marked_bundle
	kill_at_every_call nothing -Df create --bundle "$BUNDLE" "$ID"
}

test_run_killed_anywhere_leaves_nothing_after_delete() {
	mkdir "$T/state" "$T/$ID"
	marked_bundle
	kill_at_every_call nothing "" run --detach --bundle "$BUNDLE" "$ID"
}

test_start_killed_anywhere_leaves_nothing_after_delete() {
	mkdir "$T/state" "$T/$ID"
	marked_bundle
	kill_at_every_call created "" start "$ID"
}

test_exec_killed_anywhere_leaves_nothing_after_delete() {
	mkdir "$T/state" "$T/$ID"
	marked_bundle
	kill_at_every_call running -Df exec --detach "$ID" sleep 300
}

test_delete_killed_anywhere_leaves_nothing_after_another_delete() {
	mkdir "$T/state" "$T/$ID"
	marked_bundle
	kill_at_every_call running "" delete --force "$ID"
}

run_tests
