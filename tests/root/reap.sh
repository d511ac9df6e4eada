#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is left of containers is removed, and what lives is not touched.
. "$(dirname "$0")/stopped.sh"

# reap [ARG]...
reap() {
	run "$RUNTIME" --root "$T/state" reap "$@"
}

# killed_at CALL COUNT WORD...: the runtime is killed at that system call.
killed_at() {
	local call=$1 count=$2
	shift 2
	timeout --kill-after=2 30 strace --quiet=all --output=/dev/null --inject="$call:signal=KILL:when=$count" \
		"$RUNTIME" --root "$T/state" --profile hardened "$@" </dev/null >"$T/killed" 2>&1 && return 1
	return 0
}

needs_strace() {
	needs strace
	strace --quiet=all --output=/dev/null true 2>/dev/null || skip "strace may not trace here"
}

test_what_has_stopped_is_removed_by_a_later_look() {
	bundle
	hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually is_stopped
	reap
	expect_status 0
	expect_output ""
	expect_equal state "$(state_of)" stopped
	# Ten minutes later.
	touch --date '-9 minutes' "$T/state/$ID/stopped"
	reap
	expect_output ""
	touch --date '-11 minutes' "$T/state/$ID/stopped"
	reap --dry-run
	expect_output "remove $ID of $T/state: it has stopped, and nobody has deleted it"
	expect_equal state "$(state_of)" stopped
	reap
	expect_status 0
	expect_output "remove $ID of $T/state: it has stopped, and nobody has deleted it"
	expect_nothing_left
}

test_what_lives_is_not_touched() {
	bundle
	sleeping hardened
	config '.process.args = ["sleep", "300"]'
	hardened create --bundle "$BUNDLE" "$ID-created"
	expect_status 0
	touch --date '-1 day' "$T/state/$ID" "$T/state/$ID-created"
	reap --older-than 0
	expect_status 0
	expect_output ""
	expect_equal state "$(state_of)$(state_of "$ID-created")" runningcreated
}

test_what_somebody_is_at_work_on_is_not_touched() {
	bundle
	hardened run --detach --bundle "$BUNDLE" "$ID"
	eventually is_stopped
	flock "$T/state/$ID" sleep 300 &
	eventually locked
	reap --older-than 0
	expect_output ""
	expect_equal state "$(state_of)" stopped
	kill "$!" "$(pgrep --parent "$!")"
	eventually unlocked
	reap --older-than 0
	expect_output_has "remove $ID"
	expect_nothing_left
}

locked() {
	! unlocked
}

unlocked() {
	flock --nonblock "$T/state/$ID" true
}

# late_reap: one that has opened the container, and waits for two seconds before it asks for the lock.
late_reap() {
	strace --quiet=all --output=/dev/null --inject=flock:delay_enter=2000000:when=1 \
		"$RUNTIME" --root "$T/state" reap --older-than 0 >"$T/late" 2>&1 &
	late=$!
	sleep 1
}

# The one that it has seen is deleted meanwhile, and another one of its name is there, in the same cgroup.
test_another_one_of_its_name_is_not_taken_for_it() {
	local late
	needs_strace
	bundle
	hardened run --detach --bundle "$BUNDLE" "$ID"
	eventually is_stopped
	late_reap
	hardened delete "$ID"
	expect_status 0
	sleeping hardened
	wait "$late"
	expect_equal said "$(cat "$T/late")" ""
	expect_equal state "$(state_of)" running
}

test_who_was_being_created_when_it_was_seen_is_not_touched() {
	local late slow
	needs_strace
	bundle
	config '.process.args = ["sleep", "300"]'
	strace --quiet=all --output=/dev/null --inject=clone,clone3:delay_enter=1500000 \
		"$RUNTIME" --root "$T/state" --profile hardened run --detach --bundle "$BUNDLE" "$ID" </dev/null >"$T/slow" 2>&1 &
	slow=$!
	eventually test -s "$T/state/$ID/state.json"
	late_reap
	wait "$slow" || fail "it was not started: $(cat "$T/slow")"
	wait "$late"
	expect_equal said "$(cat "$T/late")" ""
	expect_equal state "$(state_of)" running
}

test_a_creation_that_was_killed_leaves_nothing() {
	local call count n=0 killed=0
	needs_strace
	bundle
	config '.process.args = ["sleep", "300"] | .linux.resources.pids = {limit: 50}'
	# The directory, its line, the state, the cgroups, the clone, the init's file, the end.
	for call in mkdir symlinkat renameat mkdirat clone3 write sendmsg; do
		for count in 1 2 3 5 8 13; do
			ID=${ID%%-x*}-x$((++n))
			! killed_at "$call" "$count" create --bundle "$BUNDLE" "$ID" || killed=$((killed + 1))
			reap --older-than 10m
			expect_output ""
			if [ "$(state_of)" = created ]; then
				reap --older-than 0
				expect_output ""
				hardened delete --force "$ID"
			else
				eventually reaped
			fi
			expect_nothing_left
			expect_empty_list
		done
	done
	echo "killed at $killed of $n calls"
	[ "$killed" -ge 10 ] || fail "only $killed kills"
}

# The init of a creation that was killed ends a moment later.
reaped() {
	reap --older-than 0
	[ "$STATUS" = 0 ] || return 1
	[ ! -e "$T/state/$ID" ]
}

expect_empty_list() {
	[ ! -d /run/bulwark/.containers ] || expect_empty_directory /run/bulwark/.containers
}

test_a_deletion_that_was_killed_leaves_nothing() {
	local call count n=0
	needs_strace
	bundle
	for call in unlinkat rmdir openat; do
		for count in 1 2 3 5 9 20; do
			ID=${ID%%-x*}-x$((++n))
			sleeping hardened
			killed_at "$call" "$count" delete --force "$ID" || true
			if [ "$(state_of)" = running ]; then
				hardened delete --force "$ID"
			else
				eventually reaped
			fi
			expect_nothing_left
			expect_empty_list
		done
	done
}

# With a policy that gives it a second, and somebody who says that he keeps the time, and does not.
test_what_is_past_its_limit_is_ended() {
	policy '{"extends": "hardened", "session": {"ttl": "1s", "grace": "0s"}}'
	bundle
	config '.process.args = ["sh", "-c", "trap \"\" TERM; while :; do sleep 1; done"]'
	governed run --detach --bundle "$BUNDLE" "$ID"
	[ "$STATUS" = 0 ] || skip "needs a container whose time nobody keeps: $ERR"
	if [ -s "$T/state/$ID/keeper" ]; then
		kill -KILL "$(cut -d ' ' -f 1 "$T/state/$ID/keeper")" 2>/dev/null || true
	fi
	[ "$(state_of)" = running ] || skip "its time was kept"
	reap
	expect_output ""
	touch --date '-5 seconds' "$T/state/$ID/state.json"
	reap
	expect_output ""
	# Whoever counts and watches writes into the directory as long as it lives.
	touch --date '-7 seconds' "$T/state/$ID/state.json"
	touch "$T/state/$ID"
	reap --dry-run
	expect_output "end $ID of $T/state: its time is over, and nobody has ended it"
	expect_equal state "$(state_of)" running
	reap
	expect_status 0
	expect_output "end $ID of $T/state: its time is over, and nobody has ended it"
	eventually is_stopped
	reap --older-than 0
	expect_nothing_left
}

# One that has waited for its start for longer than it may live.
test_a_life_begins_with_its_start() {
	policy '{"extends": "hardened", "session": {"ttl": "60s", "grace": "0s"}}'
	bundle
	config '.process.args = ["sleep", "300"]'
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
	touch --date '-1 day' "$T/state/$ID/state.json"
	governed pause "$ID"
	reap
	expect_output ""
	governed resume "$ID"
	governed start "$ID"
	expect_status 0
	reap
	expect_output ""
	expect_equal state "$(state_of)" running
}

test_directories_that_are_not_ours_stay() {
	bundle
	hardened run --detach --bundle "$BUNDLE" "$ID"
	eventually is_stopped
	mkdir -m 700 "$T/state/empty" "$T/state/other"
	echo x >"$T/state/other/file"
	touch --date '-1 day' "$T/state/empty" "$T/state/other"
	reap --older-than 0
	expect_output_has "remove $ID"
	[ -d "$T/state/empty" ] || fail "somebody's empty directory was removed"
	[ -s "$T/state/other/file" ] || fail "somebody's file was removed"
	rm -r "$T/state/other"
	reap --older-than 0
	expect_output "remove empty of $T/state: its creation was killed"
	[ ! -e "$T/state/empty" ] || fail "it is still there"
}

run_tests
