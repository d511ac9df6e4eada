#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run --learn: what a program does becomes a profile, under which the same program runs and another does not; the
# policy holds meanwhile.
. "$(dirname "$0")/bulwark.sh"
. "$(dirname "$0")/interpreters.sh"

# learn PROFILE [FILE]: runs the bundle's container and learns; FILE is $T/learned.json else.
learn() {
	"$1" run --learn "${2:-$T/learned.json}" --bundle "$BUNDLE" "$ID"
}

# confine [FILE]: the bundle's container gets the learned profile.
confine() {
	config --slurpfile learned "${1:-$T/learned.json}" '.linux.seccomp = $learned[0]'
}

# names [FILE]: every call that the profile allows, whatever the arguments.
names() {
	jq --raw-output '.syscalls[].names[]' "${1:-$T/learned.json}" | sort -u
}

# values NAME: the arguments of this call that the profile allows, one rule a line.
values() {
	jq --raw-output --arg name "$1" '.syscalls[] | select(.args and .names == [$name]) |
		[.args[].valueTwo] | map(tostring) | join(" ")' "$T/learned.json"
}

has_call() {
	names | grep -qx "$1"
}

# The processes that learn for containers of this case.
recorders() {
	local stat pid name parent
	for stat in /proc/[0-9]*/stat; do
		read -r pid name _ parent _ 2>/dev/null <"$stat" || continue
		[ "$name" != '(bulwark-learn)' ] || [ "$parent" != "$1" ] || echo "$pid"
	done
}

# learning_in_background SCRIPT: a run that learns and goes on; SUPERVISOR and RECORDER are its processes.
learning_in_background() {
	script_args "$1"
	"$RUNTIME" --root "$T/state" --profile compat run --learn "$T/learned.json" --bundle "$BUNDLE" "$ID" \
		</dev/null >"$T/background" 2>&1 &
	SUPERVISOR=$!
	ends_with_case "$SUPERVISOR"
	eventually grep -q ready "$T/background"
	RECORDER=$(recorders "$SUPERVISOR")
	[ -n "$RECORDER" ] || fail "nobody learns"
}

test_the_profile_is_enough_for_the_program_and_for_nothing_else() {
	local profile
	probe_bundle
	for profile in compat hardened; do
		script_args 'echo one; ls / | cat; probe try af_unix'
		learn "$profile" "$T/$profile.json"
		expect_status 0
		expect_line 'af_unix ok'
		expect_error_has "learning: $T/$profile.json: "
		confine "$T/$profile.json"
		"$profile" run --bundle "$BUNDLE" "$ID"
		expect_status 0
		expect_line one
		expect_line 'af_unix ok'
		script_args 'probe try af_unix af_inet inotify_init1; mkdir /tmp/a'
		"$profile" run --bundle "$BUNDLE" "$ID"
		expect_failure
		expect_output 'af_unix ok
af_inet ENOSYS
inotify_init1 ENOSYS'
		expect_error_has 'Function not implemented'
		config 'del(.linux.seccomp)'
		"$profile" run --bundle "$BUNDLE" "$ID"
		expect_line 'af_inet ok'
		expect_line 'inotify_init1 ok'
	done
}

test_the_file_is_an_oci_section_with_sorted_names_and_arguments() {
	probe_bundle
	script_args 'probe try af_inet netlink_route af_inet personality_linux'
	learn compat
	expect_equal head "$(jq --compact-output '[.defaultAction, .defaultErrnoRet, .architectures | tostring]' "$T/learned.json")" \
		"[\"SCMP_ACT_ERRNO\",\"38\",\"[\\\"SCMP_ARCH_$(uname -m | tr '[:lower:]' '[:upper:]')\\\"]\"]"
	expect_equal order "$(jq '.syscalls[0].names == (.syscalls[0].names | sort)' "$T/learned.json")" true
	expect_equal socket "$(values socket)" $'2 1 0\n16 3 0'
	expect_equal personality "$(values personality)" 0
	has_call clock_gettime || fail 'the calls that nobody sees are missing'
	expect_equal mode "$(stat --format=%a "$T/learned.json")" 644
}

test_create_and_start_and_exec_do_with_the_profile_too() {
	local nnp
	bundle
	for nnp in true false; do
		rm -f "$T/learned.json"
		config --argjson nnp "$nnp" 'del(.linux.seccomp) | .process.noNewPrivileges = $nnp | .process.cwd = "/tmp"
			| .hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "echo hook >/tmp/hook"]}]'
		script_args 'sleep 0.1; echo done >/tmp/done'
		learn compat
		expect_status 0
		rm "$ROOTFS/tmp/done" "$ROOTFS/tmp/hook"
		confine
		compat create --bundle "$BUNDLE" "$ID"
		expect_status 0
		compat start "$ID"
		expect_status 0
		eventually is_stopped
		compat delete "$ID"
		[ -e "$ROOTFS/tmp/done" ] || fail "with noNewPrivileges $nnp it did not run"
		[ -e "$ROOTFS/tmp/hook" ] || fail "with noNewPrivileges $nnp the hook did not run"
		script_args 'sleep 3'
		compat run --detach --bundle "$BUNDLE" "$ID"
		expect_status 0
		compat exec "$ID" sh -c 'echo done >/tmp/exec'
		expect_status 0
		[ -e "$ROOTFS/tmp/exec" ] || fail "with noNewPrivileges $nnp exec did nothing"
		compat exec "$ID" mkdir /tmp/more
		expect_error_has 'Function not implemented'
		compat delete --force "$ID"
		rm "$ROOTFS/tmp/exec" "$ROOTFS/tmp/done"
	done
}

# What bulwark does itself between the filter and the program is under the filter only without no_new_privs.
test_calls_of_our_own_are_learned_only_where_the_profile_would_meet_them() {
	bundle
	config '.process.noNewPrivileges = true | .process.args = ["true"]'
	learn compat
	! has_call capset || fail 'capset was made before the filter'
	! has_call close_range || fail 'close_range was made before the filter of the config would be loaded'
	config '.process.noNewPrivileges = false'
	learn compat
	has_call capset || fail 'capset is made under the filter'
	has_call close_range || fail 'close_range is made under the filter'
}

test_two_runs_make_one_profile() {
	bundle
	script_args 'mkdir /tmp/a; true'
	learn compat
	cp "$T/learned.json" "$T/first.json"
	! has_call rmdir || fail 'rmdir already'
	script_args 'rmdir /tmp/a; true'
	learn compat
	has_call mkdir || fail 'what the first run did is lost'
	has_call rmdir || fail 'what the second run did is missing'
	expect_error_has ', 1 of them new; '
	script_args 'mkdir /tmp/b; rmdir /tmp/b'
	confine
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	cp "$T/learned.json" "$T/second.json"
	learn compat
	expect_error_has ', 0 of them new; '
	cmp "$T/learned.json" "$T/second.json" || fail 'a third run has changed the profile'
}

test_the_policy_holds_while_it_is_learned_and_the_filter_of_the_config_does_not() {
	probe_bundle
	script_args 'probe try keyctl bpf unshare_user af_alg tiocsti mount af_inet; mkdir /tmp/a'
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["socket", "mkdir"], action: "SCMP_ACT_ERRNO"}]}
		| .mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
	learn hardened
	expect_status 0
	expect_output "$(printf '%s EPERM\n' keyctl bpf unshare_user af_alg tiocsti mount; echo af_inet ok)"
	expect_equal 'times it is said' \
		"$(grep --count 'the seccomp profile of config.json is not in force' <<<"$ERR")" 1
	expect_equal 'refused calls in the profile' "$(names | grep -cxE 'keyctl|bpf|unshare|mount' || true)" 0
	expect_equal socket "$(values socket)" '2 1 0'
	learn compat "$T/open.json"
	names "$T/open.json" | grep -qx keyctl || fail 'without a baseline keyctl is not learned'
	config 'del(.linux.seccomp)'
	learn hardened
	! grep -q 'not in force' <<<"$ERR" || fail 'there is no profile that could be out of force'
}

test_another_abi_is_not_learned_and_ends_the_program() {
	[ "$(uname -m)" = x86_64 ] || skip 'needs x86-64'
	probe_bundle
	script_args 'probe try i386 x32'
	learn compat
	expect_line 'i386 SIGSYS'
	expect_line 'x32 SIGSYS'
}

test_exec_into_a_container_that_learns_has_the_filter_of_the_config() {
	bundle
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
	# shellcheck disable=SC2016
	learning_in_background 'mkdir /tmp/a; echo ready; while [ ! -e /tmp/stop ]; do sleep 0.1; done'
	[ -d "$ROOTFS/tmp/a" ] || fail 'the filter of the config is in force'
	compat state --format text "$ID"
	expect_output_has 'seccomp: the profile of config.json is not in force while one is learned'
	compat exec "$ID" mkdir /tmp/b
	expect_error_has 'Operation not permitted'
	compat exec "$ID" sh -c 'chmod 700 /tmp/a; touch /tmp/stop'
	expect_status 0
	wait "$SUPERVISOR"
	has_call mkdir || fail 'mkdir was not learned'
	! has_call chmod || fail 'what exec did was learned'
}

test_background_processes_and_signals_are_learned_to_the_end() {
	bundle
	script_args 'trap "echo got it; mkdir /tmp/late; exit 7" TERM
		(while true; do rmdir /tmp/none 2>/dev/null; sleep 0.2; done) & echo ready; while true; do sleep 0.2; done'
	"$RUNTIME" --root "$T/state" --profile compat run --learn "$T/learned.json" --bundle "$BUNDLE" "$ID" \
		</dev/null >"$T/background" 2>&1 &
	ends_with_case $!
	eventually grep -q ready "$T/background"
	kill -TERM $!
	STATUS=0
	wait $! || STATUS=$?
	expect_status 7
	has_call rmdir || fail 'what the process in the background did is missing'
	has_call mkdir || fail 'the last call is missing'
	expect_nothing_left
}

test_it_can_be_paused_and_deleted_as_any_other() {
	bundle
	learning_in_background 'echo ready; while true; do sleep 0.1; mkdir /tmp/a 2>/dev/null; done'
	compat pause "$ID"
	expect_status 0
	expect_equal state "$(state_of)" paused
	compat resume "$ID"
	expect_status 0
	eventually test -d "$ROOTFS/tmp/a"
	compat delete --force "$ID"
	expect_status 0
	STATUS=0
	wait "$SUPERVISOR" || STATUS=$?
	expect_status 137
	has_call mkdir || fail 'what was seen is lost'
	expect_nothing_left
}

# In the pid namespace of the host nobody ends them but bulwark: they would have a filter that nobody answers.
test_who_outlives_the_init_is_ended() {
	bundle
	config '.linux.namespaces |= map(select(.type != "pid"))'
	script_args 'sleep 77 >/dev/null 2>&1 & echo $!; sleep 0.3'
	compat run --keep --learn "$T/learned.json" --bundle "$BUNDLE" "$ID"
	expect_status 0
	[ ! -d "/proc/$OUT" ] || [ "$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$OUT/status")" = Z ] || fail "$OUT is left"
	compat delete "$ID"
	expect_status 0
	learn compat
	expect_status 0
	expect_nothing_left
}

test_a_terminal_in_the_foreground() {
	bundle
	config '.process.terminal = true'
	script_args 'tty; stty size'
	learn compat
	expect_status 0
	expect_output_has /dev/pts/0
	values ioctl | grep -qx 21505 || fail 'TCGETS is missing'
	confine
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output_has /dev/pts/0
}

test_the_end_of_bulwark_is_that_of_the_container() {
	local init
	bundle
	# Makes no system call that could fail.
	learning_in_background 'echo ready; while :; do :; done'
	init=$(pid_of)
	kill -KILL "$SUPERVISOR"
	eventually test ! -d "/proc/$RECORDER"
	eventually is_stopped
	[ ! -e "$T/learned.json" ] || fail 'half of a profile was written'
	compat delete "$ID"
	expect_status 0
	[ ! -d "/proc/$init" ] || [ "$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$init/status")" = Z ] || fail "$init is left"
}

test_the_end_of_who_learns_is_that_of_the_container_and_an_error() {
	bundle
	# Makes no system call that could fail.
	learning_in_background 'echo ready; while :; do :; done'
	kill -KILL "$RECORDER"
	STATUS=0
	wait "$SUPERVISOR" || STATUS=$?
	expect_status 1
	grep -q 'has ended before the container' "$T/background" || fail "said $(cat "$T/background")"
	[ ! -e "$T/learned.json" ] || fail 'half of a profile was written'
	expect_nothing_left
}

test_a_file_that_cannot_be_written_is_refused_before_anything_is_made() {
	local content
	bundle
	config '.process.args = ["touch", "/ran"]'
	compat run --detach --learn "$T/learned.json" --bundle "$BUNDLE" "$ID"
	expect_refusal 'it cannot be used with --detach'
	learn compat "$T/none/learned.json"
	expect_refusal "--learn: opening the directory of $T/none/learned.json"
	mkdir "$T/directory"
	learn compat "$T/directory"
	expect_refusal "is no regular file"
	learn compat /
	expect_refusal "expected the path of a file"
	ln -s /etc/passwd "$T/link"
	learn compat "$T/link"
	expect_refusal "--learn: opening $T/link"
	for content in '{}' 'text' '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1}' \
		"$(jq .linux.seccomp "$tests_dir/data/configs/docker-default.json")"; do
		printf '%s' "$content" >"$T/foreign.json"
		learn compat "$T/foreign.json"
		expect_refusal "was not written by --learn, and stays as it is"
		expect_equal content "$(cat "$T/foreign.json")" "$content"
	done
	[ ! -e "$ROOTFS/ran" ] || fail 'the program ran'
	expect_equal 'files left' "$(find "$T" -maxdepth 1 -name '.*')" ''
}

test_a_container_that_does_not_start_leaves_no_profile() {
	bundle
	config '.process.args = ["/none"]'
	learn compat
	expect_refusal 'no such file or directory'
	[ ! -e "$T/learned.json" ] || fail 'there is a profile'
	script_args 'exit 3'
	learn compat
	expect_status 3
	has_call exit_group || fail 'what a program did that failed is missing'
}

test_python_runs_under_what_was_learned_of_it() {
	bundle
	add_python
	cat >"$ROOTFS/work.py" <<-'END'
		import os, socket, sqlite3, subprocess, sys, tempfile, threading
		threads = [threading.Thread(target=lambda: None) for _ in range(8)]
		[t.start() for t in threads]; [t.join() for t in threads]
		assert subprocess.check_output([sys.executable, "-c", "print(6*7)"]).strip() == b"42"
		a, b = socket.socketpair(); a.send(b"x"); assert b.recv(1) == b"x"
		sqlite3.connect(":memory:").execute("create table t(a)")
		with tempfile.TemporaryDirectory() as d:
		    open(os.path.join(d, "a"), "w").write("x")
		print("worked")
	END
	config '.process.args = ["/usr/bin/python3", "/work.py"] | .mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
	learn untrusted
	expect_status 0
	expect_output worked
	confine
	untrusted run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output worked
	config '.process.args = ["/usr/bin/python3", "-c", "import os; os.mkfifo(\"/tmp/a\")"]'
	untrusted run --bundle "$BUNDLE" "$ID"
	expect_error_has 'Function not implemented'
}

test_node_runs_under_what_was_learned_of_it() {
	bundle
	add_node
	cat >"$ROOTFS/work.js" <<-'END'
		const cp = require("child_process"), fs = require("fs"), w = require("worker_threads");
		fs.writeFileSync("/tmp/a", "x");
		if (String(cp.execFileSync(process.execPath, ["-p", "6*7"])).trim() !== "42") process.exit(3);
		new w.Worker("require('worker_threads').parentPort.postMessage(1)", {eval: true})
			.on("message", () => { console.log("worked"); process.exit(0); });
	END
	config '.process.args = ["/usr/bin/node", "/work.js"] | .mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
	learn untrusted
	expect_status 0
	expect_output worked
	# What threads do is a matter of chance: another run may have seen more.
	learn untrusted
	confine
	untrusted run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output worked
}

run_tests
