#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --pidfd-socket: create, run and exec send a descriptor of the process, and of no other.
. "$(dirname "$0")/bulwark.sh"
needs python3

# receiver: listens on $T/pidfd.sock; what came is in $T/got.
receiver() {
	rm -f "$T"/pidfd.sock "$T"/got*
	python3 "$tests_dir/root/pidfd.py" "$T/pidfd.sock" "$T/got" >&2 &
	eventually test -S "$T/pidfd.sock"
}

expect_pidfd() {
	eventually test -e "$T/got"
	expect_equal 'what came over the socket' "$(cat "$T/got")" "$1 $2 1"
}

kill_by_pidfd() {
	touch "$T/got.kill"
}

test_create_sends_a_pidfd_of_the_init() {
	bundle
	receiver
	hardened create --pidfd-socket "$T/pidfd.sock" --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_pidfd standard "$(pid_of)"
	expect_equal state "$(state_of)" created
	kill_by_pidfd
	eventually is_stopped
}

test_run_sends_a_pidfd_of_the_init() {
	bundle
	config '.process.args = ["sleep", "300"]'
	receiver
	(cd "$T" && hardened run --detach --pidfd-socket pidfd.sock --bundle "$BUNDLE" "$ID" && expect_status 0)
	expect_pidfd standard "$(pid_of)"
	kill_by_pidfd
	eventually is_stopped
}

test_exec_sends_a_pidfd_of_its_own_process() {
	bundle
	sleeping hardened
	receiver
	hardened exec --detach --pidfd-socket "$T/pidfd.sock" --pid-file "$T/pid" "$ID" sleep 299
	expect_status 0
	expect_pidfd setns "$(cat "$T/pid")"
	kill_by_pidfd
	eventually test ! -e "/proc/$(cat "$T/pid")/exe"
	expect_equal state "$(state_of)" running
}

test_a_socket_that_is_not_there_stops_before_anything_is_made() {
	bundle
	hardened run --pidfd-socket "$T/none" --bundle "$BUNDLE" "$ID"
	expect_refusal "--pidfd-socket: connecting to $T/none: no such file or directory"
	sleeping hardened
	hardened exec --pidfd-socket "$T/none" "$ID" true
	expect_status 255
	expect_error_has "--pidfd-socket: connecting to $T/none: no such file or directory"
}

run_tests
