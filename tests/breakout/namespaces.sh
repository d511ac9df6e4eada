#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Breakout: namespaces of the host that a config.json asks for under another name. For runtimes with a policy:
# the profile is "hardened".
. "$(dirname "$0")/../root/lib.sh"
"$RUNTIME" --profile hardened --version >/dev/null 2>&1 || skip "needs a runtime with profiles"

# Runs what prints the container's namespace of type $1 ($2 is its file), joined by a path of the host.
run_with() {
	local type=$1 file=$2 path
	for path in "/proc/$$/ns/$file" "/proc//self/ns/$file" "/proc/$$/task/$$/ns/$file" "$T/bound-$file"; do
		bundle
		script_args "readlink /proc/self/ns/$file"
		config --arg type "$type" --arg path "$path" '.process.user = {uid: 1001, gid: 1001} |
			.linux.namespaces |= map(if .type == $type then .path = $path else . end)'
		container --profile hardened run --bundle "$BUNDLE" "$ID"
		expect_failure
		expect_output ""
		rm -rf "$BUNDLE"
	done
}

bind_namespaces() {
	local file
	for file; do
		touch "$T/bound-$file"
		mount --bind "/proc/$$/ns/$file" "$T/bound-$file"
	done
}

test_the_namespaces_of_the_host_are_refused_under_any_name() {
	bind_namespaces pid ipc uts net
	run_with pid pid
	run_with ipc ipc
	run_with uts uts
	run_with network net
}

test_a_namespace_of_another_container_can_be_joined() {
	local pid
	bundle
	config '.process.args = ["sleep", "300"]'
	container --profile hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	pid=$(pid_of)
	bundle second
	script_args "readlink /proc/self/ns/ipc"
	config --arg path "/proc/$pid/ns/ipc" '.linux.namespaces |= map(if .type == "ipc" then .path = $path else . end)'
	container --profile hardened run --bundle "$BUNDLE" "$ID-second"
	expect_status 0
	expect_output "$(readlink "/proc/$pid/ns/ipc")"
}

# Together: root of the host, and a procfs that nothing masks.
test_a_user_namespace_of_root_does_not_write_kernel_parameters_through_a_second_procfs() {
	bundle
	script_args '(exec 3>>/tmp/p/sys/kernel/core_pattern) 2>/dev/null && echo open; echo done'
	config '.mounts += [{destination: "/tmp/p", type: "proc", source: "proc", options: ["rw"]}] |
		.linux.namespaces += [{type: "user"}] |
		([{containerID: 0, hostID: 0, size: 65536}] as $all | .linux.uidMappings = $all | .linux.gidMappings = $all)'
	container --profile hardened run --bundle "$BUNDLE" "$ID"
	expect_output_lacks open
}

test_a_user_namespace_that_maps_root_to_itself_is_no_reason_to_stay_root() {
	bundle
	script_args 'id -u; id -g'
	config '.linux.namespaces += [{type: "user"}] |
		([{containerID: 0, hostID: 0, size: 65536}] as $all | .linux.uidMappings = $all | .linux.gidMappings = $all)'
	container --profile hardened run --bundle "$BUNDLE" "$ID"
	expect_output "$(printf '1001\n1001')"
}

run_tests
