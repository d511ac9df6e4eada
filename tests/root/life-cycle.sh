#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The life of a container as callers see it: states, exit statuses, errors, and that nothing is left of it.
. "$(dirname "$0")/bulwark.sh"

sleeper() {
	bundle
	config '.process.args = ["sleep", "300"]'
}

test_states_follow_each_other() {
	sleeper
	hardened create --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_equal state "$(state_of)" created
	hardened start "$ID"
	expect_status 0
	expect_equal state "$(state_of)" running
	hardened kill "$ID" KILL
	expect_status 0
	eventually is_stopped
	hardened state "$ID"
	expect_equal pid "$(jq .pid <<<"$OUT")" 0
	hardened delete "$ID"
	expect_status 0
	expect_nothing_left
	hardened state "$ID"
	expect_status 1
	expect_error_has 'does not exist'
}

test_the_state_has_what_callers_read() {
	sleeper
	config '.annotations = {"org.example.key": "value"}'
	hardened run --detach --bundle "$BUNDLE" "$ID"
	hardened state "$ID"
	jq --exit-status --arg id "$ID" --arg bundle "$BUNDLE" --arg rootfs "$ROOTFS" '
		.id == $id and .bundle == $bundle and .rootfs == $rootfs and .status == "running" and
		(.created | fromdateiso8601? // (sub("\\.[0-9]+"; "") | fromdateiso8601)) > 0 and
		(.ociVersion | startswith("1.")) and .annotations["org.example.key"] == "value"' <<<"$OUT" >/dev/null ||
		fail "something is missing"
	expect_equal "the program's name" "$(tr '\0' ' ' <"/proc/$(pid_of)/cmdline")" "sleep 300 "
}

test_nothing_of_the_program_runs_before_start() {
	bundle
	mkdir -m 777 "$T/shared"
	config --arg source "$T/shared" '
		.mounts += [{destination: "/shared", type: "bind", source: $source, options: ["bind"]}]'
	script_args 'touch /shared/ran; sleep 300'
	hardened create --bundle "$BUNDLE" "$ID"
	sleep 0.5
	[ ! -e "$T/shared/ran" ] || fail "the program ran"
	hardened start "$ID"
	eventually test -e "$T/shared/ran"
}

test_the_exit_status_is_the_program_s() {
	bundle
	asks hardened 'exit 42'
	expect_status 42
}

test_the_exit_status_tells_of_a_signal() {
	local runner
	sleeper
	"$RUNTIME" --root "$T/state" run --bundle "$BUNDLE" "$ID" >"$T/said" 2>&1 </dev/null &
	runner=$!
	eventually is_running
	kill -KILL "$(pid_of)"
	STATUS=0
	wait "$runner" || STATUS=$?
	expect_status 137
	expect_nothing_left
}

is_running() {
	[ "$(state_of)" = running ]
}

# From another terminal. A verb that has to wait for the end of run runs into this step's limit of time.
test_all_verbs_work_while_run_is_in_the_foreground() {
	local runner verb step_timeout=10
	sleeper
	config --arg log "$T/poststop" '.hooks.poststop = [{path: "/bin/sh", args: ["sh", "-c", "echo >>\($log)"]}]'
	"$RUNTIME" --root "$T/state" --profile compat run --bundle "$BUNDLE" "$ID" >"$T/said" 2>&1 </dev/null &
	runner=$!
	eventually is_running
	for verb in state pause resume ps events; do
		case $verb in
		events) container events --stats "$ID" ;;
		*) container "$verb" "$ID" ;;
		esac
		expect_status 0
	done
	container update --pids-limit 50 "$ID"
	expect_status 0
	container exec "$ID" true
	expect_status 0
	container kill "$ID" WINCH
	expect_status 0
	container delete "$ID"
	expect_failure
	expect_error_has 'that is not stopped'
	container delete --force "$ID"
	expect_status 0
	STATUS=0
	wait "$runner" || STATUS=$?
	expect_status 137
	expect_equal "what run said" "$(cat "$T/said")" ""
	expect_equal "how often its poststop hook ran" "$(wc -l <"$T/poststop")" 1
	expect_nothing_left
}

# Another one of its name is not taken for it.
test_run_leaves_alone_what_was_created_after_it() {
	local runner
	sleeper
	"$RUNTIME" --root "$T/state" run --bundle "$BUNDLE" "$ID" >"$T/said" 2>&1 </dev/null &
	runner=$!
	eventually is_running
	kill -STOP "$runner"
	container delete --force "$ID"
	expect_status 0
	hardened run --detach --bundle "$BUNDLE" "$ID"
	kill -CONT "$runner"
	wait "$runner" || true
	is_running || fail "the second one is $(state_of)"
	expect_equal "what run said" "$(cat "$T/said")" ""
}

test_signals_to_run_go_on_to_the_program() {
	local runner
	bundle
	script_args 'trap "echo caught; exit 9" TERM; echo ready; while :; do sleep 0.1; done'
	"$RUNTIME" --root "$T/state" run --bundle "$BUNDLE" "$ID" >"$T/said" 2>&1 </dev/null &
	runner=$!
	eventually grep --quiet ready "$T/said"
	kill -TERM "$runner"
	STATUS=0
	wait "$runner" || STATUS=$?
	expect_status 9
	expect_equal said "$(tail -n 1 "$T/said")" caught
	expect_nothing_left
}

test_a_program_that_is_not_there_is_an_error_of_create_or_start() {
	bundle
	config '.process.args = ["/nowhere"]'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_refusal 'no such file or directory'
	config '.process.args = ["nowhere-on-the-path"]'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_refusal 'executable file not found in $PATH'
	config '.process.args = ["/etc/passwd"]'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_refusal 'permission denied'
	config '.process.args = ["/etc"]'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_nothing_left
}

test_start_says_that_the_program_could_not_be_started() {
	bundle
	printf '#!/nowhere/interpreter\n' >"$ROOTFS/bin/script"
	chmod 755 "$ROOTFS/bin/script"
	config '.process.args = ["/bin/script"]'
	hardened create --bundle "$BUNDLE" "$ID"
	[ "$STATUS" = 0 ] || return 0
	hardened start "$ID"
	expect_failure
	eventually is_stopped
}

test_start_of_what_is_not_created_is_an_error() {
	sleeper
	hardened start "$ID"
	expect_failure
	expect_error_has 'does not exist'
	hardened run --detach --bundle "$BUNDLE" "$ID"
	hardened start "$ID"
	expect_failure
	expect_error_has running
	hardened kill "$ID" KILL
	eventually is_stopped
	hardened start "$ID"
	expect_failure
	expect_error_has stopped
}

test_a_name_that_is_taken_or_no_name_is_an_error() {
	local name
	sleeper
	hardened run --detach --bundle "$BUNDLE" "$ID"
	hardened create --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has exist
	expect_equal state "$(state_of)" running
	for name in .. . a/b ../escape '' 'a b' "$(printf 'a\nb')" "$(printf '%01025d' 0)"; do
		hardened create --bundle "$BUNDLE" -- "$name"
		expect_failure
	done
	expect_equal "directories of state" "$(find "$T" -maxdepth 2 -path "$T/state/*" -type d | wc -l)" 1
	[ ! -e "$T/escape" ] || fail "a name has led out of the root"
}

test_kill_sends_the_signal() {
	local signal
	bundle
	script_args 'trap "echo hup" HUP; trap "echo usr1" USR1; trap "echo term; exit" TERM; echo ready; while :; do sleep 0.1; done'
	"$RUNTIME" --root "$T/state" run --detach --bundle "$BUNDLE" "$ID" >"$T/said" 2>&1 </dev/null
	eventually grep --quiet ready "$T/said"
	for signal in HUP SIGUSR1 0 10 15; do
		hardened kill "$ID" "$signal"
		expect_status 0
		sleep 0.3
	done
	eventually is_stopped
	expect_equal said "$(paste -sd ' ' "$T/said")" "ready hup usr1 usr1 term"
	hardened kill "$ID" NONSENSE
	expect_failure
}

test_kill_of_what_has_stopped_says_what_callers_expect() {
	bundle
	hardened run --keep --bundle "$BUNDLE" "$ID"
	expect_equal state "$(state_of)" stopped
	hardened kill "$ID" TERM
	expect_failure
	expect_error_has 'container not running'
	hardened kill --all "$ID" TERM
	expect_status 0
	hardened kill "$ID-other" TERM
	expect_failure
	expect_error_has 'does not exist'
}

test_a_created_container_can_be_killed() {
	sleeper
	hardened create --bundle "$BUNDLE" "$ID"
	hardened kill "$ID" KILL
	expect_status 0
	eventually is_stopped
	hardened delete "$ID"
	expect_status 0
	expect_nothing_left
}

# It is the first process of its pid namespace, which the kernel spares what it has no handler for.
test_a_created_container_ends_by_what_ends_other_programs() {
	local signal
	sleeper
	for signal in HUP INT QUIT ABRT TERM; do
		hardened create --bundle "$BUNDLE" "$ID"
		expect_status 0
		hardened kill "$ID" "$signal"
		expect_status 0
		eventually is_stopped
		hardened delete "$ID"
		expect_status 0
	done
	expect_nothing_left
}

test_delete_of_a_running_container_is_an_error_without_force() {
	sleeper
	hardened run --detach --bundle "$BUNDLE" "$ID"
	hardened delete "$ID"
	expect_failure
	expect_equal state "$(state_of)" running
	hardened delete --force "$ID"
	expect_status 0
	expect_nothing_left
}

test_delete_works_in_every_state_with_force() {
	sleeper
	hardened create --bundle "$BUNDLE" "$ID"
	hardened delete --force "$ID"
	expect_status 0
	expect_nothing_left
	hardened create --bundle "$BUNDLE" "$ID"
	hardened delete "$ID"
	expect_status 0
	expect_nothing_left
	hardened run --detach --bundle "$BUNDLE" "$ID"
	hardened delete --force "$ID"
	expect_status 0
	expect_nothing_left
	config '.process.args = ["true"]'
	hardened run --keep --bundle "$BUNDLE" "$ID"
	hardened delete --force "$ID"
	expect_status 0
	expect_nothing_left
}

test_delete_a_second_time_is_an_error_and_none_with_force() {
	bundle
	hardened run --keep --bundle "$BUNDLE" "$ID"
	hardened delete "$ID"
	expect_status 0
	hardened delete "$ID"
	expect_failure
	expect_error_has 'does not exist'
	hardened delete --force "$ID"
	expect_status 0
}

test_delete_finishes_what_a_kill_of_the_runtime_left() {
	sleeper
	# Killed a little later each time, so that it dies in the middle of many things.
	for after in 0.002 0.005 0.01 0.015 0.02 0.03 0.04 0.06 0.1; do
		timeout --signal=KILL "$after" "$RUNTIME" --root "$T/state" create --bundle "$BUNDLE" "$ID" >"$T/said" 2>&1 </dev/null || true
		hardened delete --force "$ID"
		expect_status 0
		eventually nothing_left
	done
}

nothing_left() {
	[ ! -e "$T/state/$ID" ] && [ -z "$(cgroups_of "$ID")" ]
}

test_run_keeps_the_container_where_it_is_asked_to() {
	bundle
	asks hardened 'exit 3'
	expect_nothing_left
	script_args 'exit 3'
	hardened run --keep --bundle "$BUNDLE" "$ID"
	expect_status 3
	expect_equal state "$(state_of)" stopped
	[ -n "$(cgroups_of "$ID")" ] || fail "the cgroup is gone"
	hardened delete "$ID"
	expect_nothing_left
}

test_a_pid_file_holds_the_number_and_nothing_else() {
	sleeper
	(cd "$T" && hardened create --pid-file relative.pid --bundle "$BUNDLE" "$ID" && expect_status 0)
	expect_equal "the file" "$(od -An -c "$T/relative.pid" | tr -d ' \n')" "$(pid_of)"
	hardened delete --force "$ID"
	hardened run --detach --pid-file "$T/absolute.pid" --bundle "$BUNDLE" "$ID"
	expect_equal "the file" "$(cat "$T/absolute.pid")" "$(pid_of)"
	bundle second
	hardened run --pid-file /nowhere/pid --bundle "$BUNDLE" "$ID-second"
	expect_failure
	[ ! -e "$T/state/$ID-second" ] || fail "state is left"
}

test_the_bundle_is_the_working_directory_unless_named() {
	bundle
	config '.process.args = ["echo", "ran"]'
	cd "$BUNDLE"
	hardened run "$ID"
	expect_output ran
	cd /
	hardened run "$ID"
	expect_failure
	expect_error_has config.json
}

test_list_shows_what_there_is_sorted() {
	sleeper
	hardened list
	expect_failure
	mkdir "$T/state"
	hardened list
	expect_status 0
	hardened list --quiet
	expect_output ""
	hardened list --format json
	expect_output null
	hardened create --bundle "$BUNDLE" "$ID-b"
	hardened run --detach --bundle "$BUNDLE" "$ID-a"
	hardened list --quiet
	expect_output "$ID-a
$ID-b"
	hardened list
	[[ $(head -n 1 <<<"$OUT") =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED ]] || fail "no heading"
	[[ $(sed -n 2p <<<"$OUT") =~ ^$ID-a\ +[0-9]+\ +running\ +$BUNDLE\  ]] || fail "no line for the first"
	[[ $(sed -n 3p <<<"$OUT") =~ ^$ID-b\ +[0-9]+\ +created\ +$BUNDLE\  ]] || fail "no line for the second"
	hardened list --format json
	[[ $OUT =~ ^\[\{\"ociVersion\":\"[^\"]+\",\"id\":\"$ID-a\",\"pid\":[0-9]+,\"status\":\"running\",\"bundle\": ]] ||
		fail "callers match on this form"
	expect_equal "number" "$(jq length <<<"$OUT")" 2
}

test_two_roots_know_nothing_of_each_other() {
	sleeper
	hardened run --detach --bundle "$BUNDLE" "$ID"
	run "$RUNTIME" --root "$T/other" state "$ID"
	expect_status 1
	mkdir "$T/other"
	run "$RUNTIME" --root "$T/other" list --quiet
	expect_output ""
}

test_ps_shows_the_processes_of_the_container_and_no_others() {
	sleeper
	hardened run --detach --bundle "$BUNDLE" "$ID"
	hardened ps "$ID"
	expect_output_has 'sleep 300'
	expect_equal "number of lines" "$(wc -l <<<"$OUT")" 2
	hardened ps --format json "$ID"
	expect_output "[$(pid_of)]"
}

test_an_error_is_one_line_on_standard_error_and_in_the_log() {
	bundle
	config '.process.args = ["/nowhere"]'
	run "$RUNTIME" --root "$T/state" --log "$T/log" --log-format json run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_equal "lines on standard error" "$(wc -l <<<"$ERR")" 1
	expect_equal "standard output" "$OUT" ""
	jq --exit-status --slurp '.[-1] | .level == "error" and (.msg | length > 0) and (.time | length > 0)' "$T/log" >/dev/null ||
		fail "the log is $(cat "$T/log")"
}

test_the_state_directory_is_closed_to_others() {
	sleeper
	hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_equal "mode" "$(stat -c %a "$T/state/$ID")" 700
}

test_the_state_says_by_which_profile_and_what_is_missing() {
	sleeper
	hardened run --detach --bundle "$BUNDLE" "$ID"
	hardened state --format text "$ID"
	expect_output_has hardened
	[ -d /sys/kernel/security/apparmor ] || [ -d /sys/fs/selinux ] || expect_output_has egraded
}

# From a number with which nothing is made yet to one with which all is.
test_too_few_open_files_leave_nothing() {
	local n failures=0
	bundle
	for n in $(seq 8 40); do
		run prlimit --nofile="$n:$n" "$RUNTIME" --root "$T/state" --profile compat create --bundle "$BUNDLE" "$ID"
		if [ "$STATUS" = 0 ]; then
			compat delete --force "$ID"
			break
		fi
		failures=$((failures + 1))
		expect_nothing_left
	done
	[ "$failures" -gt 5 ] || fail "only $failures failures: the case shows nothing"
}

run_tests
