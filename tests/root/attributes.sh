#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Attributes of a process that no namespace holds: scheduling, I/O priority, execution domain, memory policy, CPUs.
# Each for the init, for exec, and for exec with a process file, which overrides what is the process's own.
. "$(dirname "$0")/bulwark.sh"
needs chrt ionice taskset

# process MEMBERS: $T/process.json, a process file that sleeps, with these members.
process() {
	jq --null-input '{cwd: "/", args: ["/bin/sleep", "299"], env: ["PATH=/bin"],
		user: {uid: 0, gid: 0}} + '"$1" >"$T/process.json"
}

# exec_pid PROFILE OPTION...: pid of a process that exec has started in the background.
exec_pid() {
	"$1" exec --detach --pid-file "$T/pid" "${@:2}" >&2
	expect_status 0 >&2
	cat "$T/pid"
}

policy_of() {
	chrt --pid "$1" | sed -n 's/.*policy: //p'
}

nice_of() {
	awk '{ print $19 }' "/proc/$1/stat"
}

cpus_of() {
	awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$1/status"
}

test_the_scheduler_is_as_asked() {
	local pid
	bundle
	config '.process.scheduler = {policy: "SCHED_BATCH", nice: 19}'
	sleeping compat
	expect_equal 'policy of init' "$(policy_of "$(pid_of)")" SCHED_BATCH
	expect_equal 'nice value of init' "$(nice_of "$(pid_of)")" 19
	pid=$(exec_pid compat "$ID" sleep 299)
	expect_equal 'policy of exec' "$(policy_of "$pid")" SCHED_BATCH
	process '{scheduler: {policy: "SCHED_DEADLINE", flags: ["SCHED_FLAG_RESET_ON_FORK"], runtime: 42000,
		deadline: 100000, period: 1000000}}'
	pid=$(exec_pid compat --process "$T/process.json" "$ID")
	expect_equal 'policy by the process file' "$(policy_of "$pid")" 'SCHED_DEADLINE|SCHED_RESET_ON_FORK'
	expect_equal parameters "$(chrt --pid "$pid" | sed -n 's/.*parameters: //p')" 42000/100000/1000000
	process '{}'
	pid=$(exec_pid compat --process "$T/process.json" "$ID")
	expect_equal 'policy by a process file without one' "$(policy_of "$pid")" SCHED_BATCH
}

test_the_io_priority_is_as_asked() {
	local pid
	bundle
	config '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	sleeping compat
	expect_equal 'priority of init' "$(ionice -p "$(pid_of)")" 'best-effort: prio 6'
	pid=$(exec_pid compat "$ID" sleep 299)
	expect_equal 'priority of exec' "$(ionice -p "$pid")" 'best-effort: prio 6'
	process '{ioPriority: {class: "IOPRIO_CLASS_IDLE"}}'
	pid=$(exec_pid compat --process "$T/process.json" "$ID")
	expect_equal 'priority by the process file' "$(ionice -p "$pid")" idle
}

test_the_execution_domain_is_the_container_s_in_exec_too() {
	local machine=i686
	[ "$(uname -m)" = x86_64 ] || machine=armv8l
	bundle
	config '.linux.personality = {domain: "LINUX32"}'
	asks hardened 'uname -m'
	expect_output "$machine"
	sleeping hardened
	hardened exec "$ID" uname -m
	expect_output "$machine"
	process '{args: ["/bin/uname", "-m"]}'
	hardened exec --process "$T/process.json" "$ID"
	expect_output "$machine"
	hardened delete --force "$ID"
	config '.linux.personality.domain = "LINUX"'
	asks hardened 'uname -m'
	expect_output "$(uname -m)"
}

test_the_memory_policy_is_the_container_s_in_exec_too() {
	[ -e /proc/self/numa_maps ] || skip "needs a kernel with NUMA"
	bundle
	config '.linux.memoryPolicy = {mode: "MPOL_PREFERRED", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
	asks hardened 'head -n 1 /proc/self/numa_maps'
	expect_output_has ' prefer=static:0 '
	sleeping hardened
	hardened exec "$ID" head -n 1 /proc/self/numa_maps
	expect_output_has ' prefer=static:0 '
	hardened delete --force "$ID"
	config 'del(.linux.memoryPolicy)'
	asks hardened 'head -n 1 /proc/self/numa_maps'
	expect_output_has ' default '
}

test_a_memory_policy_that_cannot_be_is_named() {
	local mode
	bundle
	while IFS='|' read -r mode words; do
		config --argjson policy "$mode" '.linux.memoryPolicy = $policy'
		compat run --bundle "$BUNDLE" "$ID"
		expect_refusal "$words"
	done <<-'END'
		{}|invalid memory policy
		{"mode": "MPOL_MADE_UP"}|invalid memory policy
		{"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_MADE_UP"]}|invalid memory policy flag
		{"nodes": "0"}|invalid memory policy mode
		{"mode": "MPOL_BIND", "nodes": "9876543210"}|invalid memory policy node
		{"mode": "MPOL_DEFAULT", "nodes": "0-7"}|mode requires 0 nodes but got 8
	END
}

test_exec_has_the_cpus_that_are_asked_for() {
	local pid all
	all=$(cpus_of self)
	[[ $all == 0[-,]* ]] || skip "needs two processors"
	bundle
	config '.process.execCPUAffinity = {initial: "0", final: "1"}'
	sleeping hardened
	expect_equal 'CPUs of init' "$(cpus_of "$(pid_of)")" "$all"
	pid=$(exec_pid hardened "$ID" sleep 299)
	expect_equal 'CPUs of exec' "$(cpus_of "$pid")" 1
	process '{execCPUAffinity: {final: "0"}}'
	pid=$(exec_pid hardened --process "$T/process.json" "$ID")
	expect_equal 'CPUs by the process file' "$(cpus_of "$pid")" 0
	process '{}'
	run taskset --cpu-list 0 "$RUNTIME" --root "$T/state" exec --detach --pid-file "$T/pid" --process "$T/process.json" "$ID"
	expect_status 0
	expect_equal 'CPUs by a process file without any' "$(cpus_of "$(cat "$T/pid")")" 1
	hardened delete --force "$ID"
	config 'del(.process.execCPUAffinity)'
	sleeping hardened
	process '{}'
	run taskset --cpu-list 0 "$RUNTIME" --root "$T/state" exec --detach --pid-file "$T/pid" --process "$T/process.json" "$ID"
	expect_status 0
	expect_equal 'CPUs of exec by a caller that is bound' "$(cpus_of "$(cat "$T/pid")")" "$all"
}

test_the_domain_name_is_the_container_s() {
	bundle
	config '.domainname = "example.test"'
	asks hardened 'cat /proc/sys/kernel/domainname'
	expect_output example.test
	expect_different 'domain name of the host' "$(cat /proc/sys/kernel/domainname)" example.test
	sleeping hardened
	hardened exec "$ID" cat /proc/sys/kernel/domainname
	expect_output example.test
}

test_cache_shares_are_refused_where_there_are_none() {
	! grep -q ' resctrl ' /proc/mounts || skip "needs a host without resctrl"
	bundle
	config '.linux.intelRdt = {l3CacheSchema: "L3:0=f"}'
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal 'intelRdt is specified in config, but Intel RDT is not enabled'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_refusal 'takes part in sharing out the caches of the host'
}

run_tests
