#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SCMP_ACT_NOTIFY: the agent gets the listener and the state, answers for init, exec and hooks, and cannot allow
# what the baseline refuses.
. "$(dirname "$0")/bulwark.sh"
needs python3

# agent ANSWER [SOCKET]: an agent that runs until the end of the case; AGENT is its socket.
agent() {
	AGENT=${2:-$T/agent.sock}
	mkdir -p "$T/seen"
	rm -f "$T/seen/ready" "$AGENT"
	python3 "$tests_dir/root/agent.py" "$AGENT" "$T/seen" "$1" >&2 &
	agent_pid=$!
	trap 'kill "$agent_pid"' EXIT
	eventually test -e "$T/seen/ready"
}

stop_agent() {
	kill "$agent_pid"
	wait "$agent_pid" || true
	trap - EXIT
}

# notify NNP CALL...: the bundle's filter asks about these calls.
notify() {
	config --argjson nnp "$1" --arg agent "$AGENT" --arg calls "${*:2}" '
		.process.noNewPrivileges = $nnp
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $agent, listenerMetadata: "a \"b\"",
			syscalls: [{names: ($calls | split(" ")), action: "SCMP_ACT_NOTIFY"}]}'
}

agent_saw() {
	jq --raw-output "$2" "$T/seen/state.$1"
}

# More than any of them alone: what stands between the filter and the program.
of_our_own=(execve openat open read close fcntl accept4 close_range dup3 prctl capset setresuid setgroups getcwd)

test_the_agent_answers_with_and_without_no_new_privileges() {
	local nnp
	bundle
	agent 93	# ENOPROTOOPT
	for nnp in false true; do
		script_args 'mkdir /tmp/a; echo ready'
		notify "$nnp" mkdir mkdirat
		compat run --bundle "$BUNDLE" "$ID"
		expect_status 0
		expect_output ready
		expect_error_has 'Protocol not supported'
	done
	stop_agent
	agent continue
	compat run --bundle "$BUNDLE" "$ID"
	expect_output ready
	[ -d "$ROOTFS/tmp/a" ] || fail "the agent let mkdir through, and there is no directory"
}

test_the_agent_learns_whose_calls_they_are() {
	bundle
	agent continue
	config '.annotations = {"org.example": "x"}'
	notify true mkdir
	sleeping compat
	expect_equal fds "$(agent_saw 0 '.fds | join(",")')" seccompFd
	expect_equal pid "$(agent_saw 0 .pid)" "$(pid_of)"
	expect_equal metadata "$(agent_saw 0 .metadata)" 'a "b"'
	expect_equal version "$(agent_saw 0 .ociVersion)" 1.0.2
	expect_equal state "$(agent_saw 0 '.state | [.ociVersion, .id, .status, .pid, .bundle, .annotations["org.example"]] |
		map(tostring) | join(" ")')" "1.0.2 $ID creating $(pid_of) $BUNDLE x"
	# shellcheck disable=SC2016
	compat exec "$ID" sh -c 'mkdir /tmp/b; echo $$ >/tmp/pid'
	expect_status 0
	[ -d "$ROOTFS/tmp/b" ] || fail "no directory was made"
	expect_equal status "$(agent_saw 1 .state.status)" running
	expect_equal 'pid of the container' "$(agent_saw 1 .state.pid)" "$(pid_of)"
	expect_different 'pid of exec' "$(agent_saw 1 .pid)" "$(pid_of)"
}

test_calls_of_our_own_may_be_asked_about() {
	local nnp
	bundle
	agent continue
	for nnp in false true; do
		config '.process.args = ["true"]'
		notify "$nnp" "${of_our_own[@]}"
		compat run --bundle "$BUNDLE" "$ID"
		expect_status 0
		compat create --bundle "$BUNDLE" "$ID"
		expect_status 0
		compat start "$ID"
		expect_status 0
		eventually is_stopped
		compat delete "$ID"
		expect_status 0
		sleeping compat
		compat exec "$ID" true
		expect_status 0
		compat delete --force "$ID"
	done
	grep -qx 59 "$T/seen/asked" || [ "$(uname -m)" != x86_64 ] || fail "nobody asked about execve"
}

test_a_hook_in_the_container_is_asked_about_and_gets_no_descriptor() {
	local nnp
	bundle
	agent 93
	mkdir "$ROOTFS/seen"
	config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c",
		"ls /proc/self/fd >/seen/fds; mkdir /seen/dir 2>/seen/said; true"]}]'
	for nnp in false true; do
		notify "$nnp" mkdir mkdirat
		compat run --bundle "$BUNDLE" "$ID"
		expect_status 0
		expect_equal descriptors "$(wc -l <"$ROOTFS/seen/fds")" 4
		grep -q 'Protocol not supported' "$ROOTFS/seen/said" || fail "the hook's mkdir was not answered"
	done
}

test_no_agent_is_a_clear_error_already_at_create() {
	local nnp
	bundle
	for nnp in false true; do
		AGENT=$T/nobody.sock notify "$nnp" mkdir
		compat create --bundle "$BUNDLE" "$ID"
		expect_refusal "failed to connect with seccomp agent"
		AGENT=@nobody-$ID notify "$nnp" mkdir
		compat run --bundle "$BUNDLE" "$ID"
		expect_refusal "failed to connect with seccomp agent"
	done
	config 'del(.linux.seccomp.listenerPath, .linux.seccomp.listenerMetadata)'
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal "seccomp listenerPath is not set"
	AGENT=/x notify true write
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal "SCMP_ACT_NOTIFY cannot be used for the write syscall"
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_NOTIFY", listenerPath: "/x"}'
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal "SCMP_ACT_NOTIFY cannot be used as default action"
}

test_without_a_call_to_ask_about_nobody_is_connected_to() {
	bundle
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/nobody.sock", listenerMetadata: "x"}'
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

test_an_abstract_socket_will_do_in_compat() {
	bundle
	agent 93 "@agent-$ID"
	script_args 'mkdir /tmp/a'
	notify true mkdir
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'Protocol not supported'
}

test_the_end_of_the_agent_is_an_answer() {
	bundle
	agent continue
	config '.process.args = ["sleep", "300"]'
	notify true mkdir
	sleeping compat
	stop_agent
	eventually test ! -d "/proc/$agent_pid"
	compat exec "$ID" true
	expect_error_has "failed to connect with seccomp agent"
	compat delete --force "$ID"
	agent continue "$T/second.sock"
	script_args 'sleep 1; mkdir /tmp/a'
	notify true mkdir
	compat run --detach --bundle "$BUNDLE" "$ID" # its stderr is ours
	expect_status 0
	stop_agent
	eventually is_stopped
	grep -q 'Function not implemented' "$T/err" || fail "mkdir was not answered ENOSYS: $(cat "$T/err")"
}

test_flags_are_told_and_set() {
	bundle
	agent continue
	notify true mkdir
	config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'
	compat --debug run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_error_has 'seccomp filter flags: 40'
	config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"]'
	compat --debug run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_error_has 'seccomp filter flags: 10'
}

# The container's filter asks about what the baseline refuses, and the agent would allow, or pretend, all of it.
test_no_agent_can_allow_what_the_baseline_refuses() {
	local answer calls=(keyctl bpf ptrace unshare mount perf_event_open)
	probe_bundle
	mkdir -m 755 "$T/root"
	for answer in continue zero; do
		agent "$answer" "$T/root/$answer.sock"
		policy "$(jq --null-input --arg agent "$AGENT" '{extends: "hardened", loosens: ["seccomp.listeners"],
			seccomp: {listeners: [$agent]}}')"
		script_args 'probe try keyctl bpf ptrace unshare_user mount perf_event_open; mkdir /tmp/a'
		notify true "${calls[@]}" mkdir
		governed run --bundle "$BUNDLE" "$ID"
		expect_status 0
		expect_output "$(printf '%s EPERM\n' keyctl bpf ptrace unshare_user mount perf_event_open)"
		# It was asked, about mkdir alone.
		expect_equal 'calls asked about' "$(sort -u "$T/seen/asked" | wc -l)" 1
		compat run --bundle "$BUNDLE" "$ID"
		[ "$answer" != zero ] || expect_line 'ptrace ok'
		stop_agent
	done
}

test_a_hardened_container_has_no_agent_that_the_policy_does_not_know() {
	bundle
	agent continue
	notify true mkdir
	hardened run --bundle "$BUNDLE" "$ID"
	expect_refusal 'seccomp.listeners of the policy does not name it'
	config '.linux.seccomp.syscalls = []'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_refusal 'seccomp.listeners of the policy does not name it'
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

test_the_socket_of_a_known_agent_must_be_root_s() {
	local site
	bundle
	mkdir -m 777 "$T/open"
	agent continue "$T/open/agent.sock"
	site=$(jq --null-input --arg agent "$AGENT" '{extends: "hardened", loosens: ["seccomp.listeners"],
		seccomp: {listeners: [$agent]}}')
	policy "$site"
	notify true mkdir
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal 'it must be a socket of root'
	chmod 755 "$T/open"
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
	chown 1001 "$AGENT"
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal 'it must be a socket of root'
	chown 0 "$AGENT"
	sleeping governed
	governed exec "$ID" true
	expect_status 0
}

run_tests
