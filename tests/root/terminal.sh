#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Terminals: the pseudoterminal of the program and where its other end goes.
. "$(dirname "$0")/bulwark.sh"

# console SOCKET FILE: waits in the background for the terminal's other end, writes what it is called and what the
# program prints on it to FILE, and types "typed" into it when the program asks.
console() {
	needs python3
	python3 - "$1" "$2" <<-'END' &
		import array, os, socket, sys
		server = socket.socket(socket.AF_UNIX)
		server.bind(sys.argv[1])
		server.listen()
		server.settimeout(30)
		peer, _ = server.accept()
		name, control, _, _ = peer.recvmsg(4096, socket.CMSG_SPACE(64))
		fds = array.array("i")
		for level, kind, data in control:
		    if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
		        fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
		with open(sys.argv[2], "wb", buffering=0) as out:
		    out.write(b"name %s descriptors %d\n" % (name, len(fds)))
		    asked = False
		    while True:
		        try:
		            text = os.read(fds[0], 4096)
		        except OSError:
		            break
		        if not text:
		            break
		        out.write(text)
		        if b"type:" in text and not asked:
		            asked = True
		            os.write(fds[0], b"typed\n")
	END
	CONSOLE=$!
	eventually test -S "$1"
}

console_said() {
	wait "$CONSOLE"
	OUT=$(tr -d '\r' <"$1")
	sed 's/^/  console: /' "$1"
}

terminal_bundle() {
	bundle
	config '.process.terminal = true'
	script_args "$1"
}

# A caller's terminal is raw: without them each line would begin where the last one ends.
test_a_terminal_over_a_socket_has_its_carriage_returns() {
	terminal_bundle 'echo one; printf type:; read answer; echo two'
	console "$T/console" "$T/said"
	hardened run --detach --console-socket "$T/console" --bundle "$BUNDLE" "$ID"
	expect_status 0
	console_said "$T/said"
	OUT=$(od -An -c "$T/said" | tr -d ' \n')
	expect_output_has 'one\r\ntype:'
	expect_output_has 'two\r\n'
}

test_the_other_end_of_the_terminal_goes_to_the_socket() {
	terminal_bundle 'tty; readlink /proc/self/fd/0 /proc/self/fd/2 2>/dev/null; for i in 0 1 2; do readlink /proc/self/fd/$i; done
		printf type:; read answer; echo "got $answer"'
	console "$T/console" "$T/said"
	hardened run --detach --console-socket "$T/console" --bundle "$BUNDLE" "$ID"
	expect_status 0
	console_said "$T/said"
	expect_output_has 'name /dev/pts/'
	expect_output_has 'descriptors 1'
	expect_line /dev/pts/0
	expect_output_has 'got typed'
}

test_the_terminal_belongs_to_the_user_and_is_its_session_s() {
	terminal_bundle 'stat -c "%u %a %F" /dev/pts/0; stat -c "%t:%T %F" /dev/console; echo text >/dev/tty; ps -o pid,sid,tty'
	console "$T/console" "$T/said"
	hardened run --detach --console-socket "$T/console" --bundle "$BUNDLE" "$ID"
	expect_status 0
	console_said "$T/said"
	expect_line "1001 620 character special file"
	expect_line "88:0 character special file"
	expect_line text
	expect_output_has '136,0'
}

test_the_terminal_has_the_size_that_was_asked_for() {
	terminal_bundle 'stty size'
	config '.process.consoleSize = {height: 10, width: 110}'
	console "$T/console" "$T/said"
	compat run --detach --console-socket "$T/console" --bundle "$BUNDLE" "$ID"
	expect_status 0
	console_said "$T/said"
	expect_line '10 110'
}

test_exec_gets_a_terminal_of_its_own() {
	bundle
	sleeping hardened
	console "$T/console" "$T/said"
	hardened exec --tty --detach --console-socket "$T/console" "$ID" sh -c 'tty; id -u; stat -c %u /dev/pts/0'
	expect_status 0
	console_said "$T/said"
	expect_line /dev/pts/0
	expect_equal "number of lines 1001" "$(grep -cx 1001 <<<"$OUT")" 2
}

test_create_sends_the_terminal_and_start_starts_the_program() {
	terminal_bundle 'echo started'
	console "$T/console" "$T/said"
	hardened create --console-socket "$T/console" --bundle "$BUNDLE" "$ID"
	expect_status 0
	hardened start "$ID"
	expect_status 0
	console_said "$T/said"
	expect_line started
}

# Callers compare the output, so the terminal must not turn newlines into two bytes.
test_a_terminal_in_the_foreground_passes_output_on_as_it_is() {
	terminal_bundle 'tty; printf "a\nb\n"; exit 7'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_status 7
	expect_output $'/dev/pts/0\na\nb'
	bundle second
	sleeping hardened
	hardened exec --tty "$ID" sh -c 'tty; exit 8'
	expect_status 8
	expect_output /dev/pts/0
}

test_a_detached_terminal_without_a_socket_is_an_error() {
	terminal_bundle 'true'
	hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_refusal console
	hardened create --bundle "$BUNDLE" "$ID"
	expect_refusal console
}

test_a_socket_without_a_terminal_is_an_error() {
	bundle
	needs python3
	compat run --detach --console-socket "$T/nowhere" --bundle "$BUNDLE" "$ID"
	expect_refusal console
}

test_a_socket_that_nobody_listens_on_is_an_error() {
	terminal_bundle 'true'
	hardened run --detach --console-socket "$T/nowhere" --bundle "$BUNDLE" "$ID"
	expect_refusal "$T/nowhere"
}

# A pseudoterminal directory of the attacker must not become the console.
test_a_planted_pseudoterminal_is_not_used() {
	bundle
	mkdir -p "$T/pts"
	ln -s /proc/sys/kernel/random/boot_id "$T/pts/0"
	config --arg source "$T/pts" '.process.terminal = true |
		.mounts |= map(if .destination == "/dev/pts" then
			{destination: "/dev/pts", type: "bind", source: $source, options: ["bind"]} else . end)'
	script_args 'stat -c "%t %F" /dev/console'
	compat run --bundle "$BUNDLE" "$ID"
	[ "$STATUS" != 0 ] || expect_output '88 character special file'
	[ "$(readlink "$T/pts/0")" = /proc/sys/kernel/random/boot_id ] || fail "the directory of the host has changed"
}

run_tests
