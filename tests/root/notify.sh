#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bulwark as the program of a systemd unit: NOTIFY_SOCKET and LISTEN_FDS, and descriptors that are to be passed on.
. "$(dirname "$0")/bulwark.sh"

# listening N: somebody hears N messages on $T/host and writes them to $T/heard.
listening() {
	"$(find_probe)" listen "$T/host" "$1" >"$T/heard" &
	trap 'kill $! 2>/dev/null || true' EXIT
	eventually test -S "$T/host"
	export NOTIFY_SOCKET=$T/host
}

# heard TEXT: and nothing else.
heard() {
	wait $!
	expect_equal "what was heard" "$(cat "$T/heard")" "$1"
}

test_ready_is_passed_on_with_our_own_pid_in_the_foreground() {
	probe_bundle
	listening 3
	# Neither what else it says nor another process to watch.
	script_args 'probe notify STATUS=x MAINPID=1 "STATUS=y
READY=1
MAINPID=1"; sleep 1'
	"$RUNTIME" --root "$T/state" --profile compat run --bundle "$BUNDLE" "$ID" </dev/null >"$T/out" 2>&1 &
	pid=$!
	wait "$pid" || fail "$(cat "$T/out")"
	expect_equal "what was heard" "$(cat "$T/heard")" "READY=1
MAINPID=$pid
BARRIER=1"
}

test_a_detached_run_ends_when_the_program_is_ready() {
	probe_bundle
	listening 3
	script_args 'echo $NOTIFY_SOCKET >/tmp/where; ls -ld /run/notify >/dev/null; sleep 1; touch /tmp/said; probe notify READY=1; sleep 300'
	compat run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	[ -e "$ROOTFS/tmp/said" ] || fail "it did not wait"
	expect_equal socket "$(cat "$ROOTFS/tmp/where")" /run/notify/notify.sock
	heard "READY=1
MAINPID=$(pid_of)
BARRIER=1"
	compat exec "$ID" touch /run/notify/x
	expect_failure
	expect_error_has "Read-only file system"
	compat delete --force "$ID"
	expect_nothing_left
}

test_start_ends_when_the_program_is_ready() {
	probe_bundle
	listening 3
	script_args 'sleep 1; touch /tmp/said; probe notify READY=1; sleep 300'
	compat create --bundle "$BUNDLE" "$ID"
	expect_status 0
	compat start "$ID"
	expect_status 0
	[ -e "$ROOTFS/tmp/said" ] || fail "it did not wait"
	heard "READY=1
MAINPID=$(pid_of)
BARRIER=1"
}

test_a_program_that_ends_without_a_word_ends_the_wait() {
	probe_bundle
	listening 1
	config '.process.args = ["true"]'
	compat run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_equal "what was heard" "$(cat "$T/heard")" ""
}

test_hardened_passes_no_socket_unless_the_policy_says_so() {
	probe_bundle
	listening 3
	script_args 'echo "$NOTIFY_SOCKET" "$LISTEN_FDS"; ls /run/notify'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_output " "
	expect_error_has "No such file or directory"
	policy '{"extends": "hardened", "descriptors": {"refuseInherited": false}, "loosens": ["descriptors.refuseInherited"]}'
	script_args 'probe notify READY=1'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
	[ "$(head -n 1 "$T/heard")" = READY=1 ] || fail "nothing was heard"
}

# listen_run PROFILE: LISTEN_PID is only right for the process itself.
listen_run() {
	# shellcheck disable=SC2016 # for the inner shell
	run sh -c 'LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=a:b exec "$@"' sh \
		"$RUNTIME" --root "$T/state" --profile "$1" run "${@:2}" --bundle "$BUNDLE" "$ID"
}

test_listening_descriptors_reach_the_program() {
	bundle
	echo one >"$T/one"
	echo two >"$T/two"
	echo three >"$T/three"
	# shellcheck disable=SC2016
	script_args 'echo $LISTEN_FDS $LISTEN_PID $$; cat <&3; cat <&4; cat <&5'
	listen_run compat --preserve-fds 1 3<"$T/one" 4<"$T/two" 5<"$T/three" 6<"$T/one"
	expect_output $'2 1 1\none\ntwo\nthree'
	script_args 'ls /proc/self/fd | wc -l'
	listen_run compat 3<"$T/one" 4<"$T/two" 5<"$T/three" # the third is nobody's business
	expect_output 6
	LISTEN_PID=1 LISTEN_FDS=2 compat run --bundle "$BUNDLE" "$ID" 3<"$T/one" 4<"$T/two"
	expect_output 4
	listen_run hardened 3<"$T/one" 4<"$T/two"
	expect_output 4
}

test_descriptors_that_are_not_open_are_refused() {
	bundle
	compat run --preserve-fds 2 --bundle "$BUNDLE" "$ID" 3<"$BUNDLE/config.json" 4<&-
	expect_refusal "unable to stat preserved-fd 1 (of 2): stat /proc/thread-self/fd/4: no such file or directory"
	# Our own log is not the caller's descriptor.
	run "$RUNTIME" --root "$T/state" --log "$T/log" --profile compat run --preserve-fds 1 --bundle "$BUNDLE" "$ID" 3<&-
	expect_refusal "unable to stat preserved-fd 0 (of 1): stat /proc/thread-self/fd/3: no such file or directory"
	sleeping compat
	compat exec --preserve-fds 1 "$ID" true 3<&-
	expect_status 255
	expect_error_has "unable to stat preserved-fd 0 (of 1)"
}

run_tests
