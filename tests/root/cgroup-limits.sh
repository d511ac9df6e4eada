#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Cgroups: limits are written and have their effect; nothing is left behind; no container sits in another's.
. "$(dirname "$0")/bulwark.sh"

resources() {
	config ".linux.resources += $1"
}

test_a_fork_bomb_ends_at_the_limit_of_processes() {
	needs_controller pids
	probe_bundle
	resources '{pids: {limit: 20}}'
	asks hardened 'probe fork 60'
	[[ $OUT == *" EAGAIN" ]] || fail "no limit was reached"
	[ "${OUT% *}" -lt 20 ] || fail "$OUT processes"
	config 'del(.linux.resources.pids)'
	asks compat 'probe fork 60'
	expect_output '60 ok'
}

test_exec_is_under_the_limit_of_processes() {
	needs_controller pids
	probe_bundle
	resources '{pids: {limit: 20}}'
	sleeping hardened
	hardened exec "$ID" probe fork 60
	[[ $OUT == *" EAGAIN" ]] || fail "no limit was reached"
}

test_the_limit_of_processes_is_written() {
	needs_controller pids
	bundle
	sleeping hardened
	expect_equal pids "$(limit_of pids "$(pid_of)" pids.max pids.max)" 512
	bundle untrusted
	ID+=-untrusted
	sleeping shelled
	expect_equal pids "$(limit_of pids "$(pid_of)" pids.max pids.max)" 256
	bundle compat
	ID+=-compat
	sleeping compat
	expect_equal pids "$(limit_of pids "$(pid_of)" pids.max pids.max)" max
}

test_the_caller_may_ask_for_less_processes_than_the_profile() {
	needs_controller pids
	bundle
	resources '{pids: {limit: 77}}'
	sleeping hardened
	expect_equal pids "$(limit_of pids "$(pid_of)" pids.max pids.max)" 77
}

test_a_program_that_takes_more_memory_than_its_limit_is_killed() {
	needs_controller memory
	probe_bundle
	resources '{memory: {limit: 33554432, swap: 33554432}}'
	asks hardened 'exec probe eat 100'
	expect_status 137
	asks hardened 'exec probe eat 8'
	expect_status 0
	config 'del(.linux.resources.memory)'
	asks compat 'exec probe eat 100'
	expect_output 'full 1'
}

test_the_limits_of_memory_are_written() {
	needs_controller memory
	bundle
	resources '{memory: {limit: 67108864, reservation: 33554432}}'
	sleeping hardened
	expect_equal limit "$(limit_of memory "$(pid_of)" memory.limit_in_bytes memory.max)" 67108864
	expect_equal reservation "$(limit_of memory "$(pid_of)" memory.soft_limit_in_bytes memory.low)" 33554432
}

# As runc does it; the kernel has not had them for years.
test_limits_of_kernel_memory_are_ignored_with_a_warning() {
	bundle
	resources '{memory: {kernel: 67108864}}'
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_error_has 'Kernel memory settings are ignored and will be removed'
	resources '{memory: {kernelTCP: 67108864}}'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_error_has 'Kernel memory settings are ignored and will be removed'
}

test_untrusted_code_has_limits_of_memory_and_processor_that_nobody_asked_for() {
	local pid
	needs_controller memory
	needs_controller cpu
	bundle
	sleeping shelled
	pid=$(pid_of)
	expect_equal limit "$(limit_of memory "$pid" memory.limit_in_bytes memory.max)" 1073741824
	expect_equal quota "$(limit_of cpu "$pid" cpu.cfs_quota_us cpu.max | cut -d ' ' -f 1)" 100000
	bundle hardened
	ID+=-hardened
	sleeping hardened
	expect_different limit "$(limit_of memory "$(pid_of)" memory.limit_in_bytes memory.max)" 1073741824
}

test_a_program_gets_no_more_processor_time_than_its_quota() {
	local used
	needs_controller cpu
	bundle
	resources '{cpu: {quota: 10000, period: 100000}}'
	# User and system time of the loop, in hundredths, after two seconds.
	asks hardened 'sh -c "while :; do :; done" & sleep 2; cut -d " " -f 14,15 /proc/$!/stat; kill -9 $!'
	used=$((${OUT/ / + }))
	[ "$used" -lt 60 ] || fail "$used hundredths of a second in two seconds"
	[ "$used" -gt 0 ] || fail "the loop did not run at all"
	config 'del(.linux.resources.cpu)'
	asks compat 'sh -c "while :; do :; done" & sleep 2; cut -d " " -f 14,15 /proc/$!/stat; kill -9 $!'
	[ $((${OUT/ / + })) -gt "$used" ] || fail "it got no more without the quota"
}

test_shares_quota_and_period_are_written() {
	local pid
	needs_controller cpu
	bundle
	resources '{cpu: {shares: 512, quota: 20000, period: 50000}}'
	sleeping hardened
	pid=$(pid_of)
	case $(cgroup_of cpu "$pid") in
	*/cpu*) expect_equal "shares, quota, period" "$(cd "$(cgroup_of cpu "$pid")" &&
		cat cpu.shares cpu.cfs_quota_us cpu.cfs_period_us | paste -sd ' ')" "512 20000 50000" ;;
	*) expect_equal "cpu.max" "$(cat "$(cgroup_of cpu "$pid")/cpu.max")" "20000 50000" ;;
	esac
}

test_a_program_runs_on_the_processors_of_its_cpuset() {
	needs_controller cpuset
	bundle
	resources '{cpu: {cpus: "0"}}'
	asks hardened 'grep Cpus_allowed_list /proc/self/status'
	expect_output 'Cpus_allowed_list:	0'
	sleeping hardened
	hardened exec "$ID" grep Cpus_allowed_list /proc/self/status
	expect_output 'Cpus_allowed_list:	0'
	[ "$(nproc --all)" -gt 1 ] || skip "needs two processors for the other half"
	hardened delete --force "$ID"
	config 'del(.linux.resources.cpu)'
	asks compat 'grep Cpus_allowed_list /proc/self/status'
	expect_different cpus "$OUT" 'Cpus_allowed_list:	0'
}

test_huge_pages_are_limited_with_their_reservations() {
	local directory size
	directory=$(cgroup_of hugetlb self) || skip "needs the cgroup controller hugetlb"
	bundle
	for size in /sys/kernel/mm/hugepages/*-2048kB; do
		[ -d "$size" ] || skip "this machine has no huge pages of 2 MB"
	done
	resources '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
	sleeping hardened
	expect_equal limit "$(limit_of hugetlb "$(pid_of)" hugetlb.2MB.limit_in_bytes hugetlb.2MB.max)" 4194304
	expect_equal reservations "$(limit_of hugetlb "$(pid_of)" hugetlb.2MB.rsvd.limit_in_bytes hugetlb.2MB.rsvd.max)" 4194304
	hardened delete --force "$ID"
	resources '{hugepageLimits: [{pageSize: "3MB", limit: 4194304}]}'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_refusal '3MB'
}

test_processor_time_can_be_saved_up_and_idle() {
	local pid
	needs_controller cpu
	bundle
	resources '{cpu: {quota: 20000, period: 50000, burst: 10000}}'
	sleeping hardened
	pid=$(pid_of)
	expect_equal burst "$(limit_of cpu "$pid" cpu.cfs_burst_us cpu.max.burst)" 10000
	hardened delete --force "$ID"
	resources '{cpu: {idle: 1}}'
	sleeping hardened
	expect_equal idle "$(limit_of cpu "$(pid_of)" cpu.idle cpu.idle)" 1
}

test_block_io_is_throttled_by_device() {
	local device
	needs_controller blkio
	device=$(lsblk --noheadings --nodeps --output MAJ:MIN 2>/dev/null | head -n 1 | tr -d ' ')
	[ -n "$device" ] || skip "needs a block device"
	bundle
	resources "{blockIO: {throttleReadBpsDevice: [{major: ${device%:*}, minor: ${device#*:}, rate: 1048576}],
		throttleWriteIOPSDevice: [{major: ${device%:*}, minor: ${device#*:}, rate: 100}]}}"
	sleeping hardened
	expect_equal "bytes" "$(cat "$(cgroup_of blkio "$(pid_of)")/blkio.throttle.read_bps_device")" "$device 1048576"
	expect_equal "operations" "$(cat "$(cgroup_of blkio "$(pid_of)")/blkio.throttle.write_iops_device")" "$device 100"
	echo "{\"blockIO\": {\"throttleReadBpsDevice\": [{\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\": 0}]}}" >"$T/limits.json"
	hardened update --resources "$T/limits.json" "$ID"
	expect_status 0
	expect_equal "bytes" "$(cat "$(cgroup_of blkio "$(pid_of)")/blkio.throttle.read_bps_device")" ""
}

test_a_limit_that_cannot_be_written_stops_the_container() {
	needs_controller cpuset
	bundle
	resources '{cpu: {cpus: "7777"}}'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_refusal cpuset
}

test_v2_keys_are_written_where_there_is_v2_and_refused_where_not() {
	bundle
	resources '{unified: {"pids.max": "55"}}'
	config '.process.args = ["sleep", "300"]'
	compat run --detach --bundle "$BUNDLE" "$ID"
	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] && cgroup_of pids self >/dev/null; then
		expect_status 0
		expect_equal pids.max "$(cat "$(cgroup_of pids "$(pid_of)")/pids.max")" 55
	else
		expect_refusal unified
	fi
}

test_a_path_that_was_asked_for_is_used_and_removed() {
	bundle
	config --arg path "/$ID-parent/child" '.linux.cgroupsPath = $path'
	sleeping hardened
	grep --quiet ":/$ID-parent/child$" "/proc/$(pid_of)/cgroup" || fail "$(cat "/proc/$(pid_of)/cgroup")"
	hardened exec "$ID" true
	expect_status 0
	hardened delete --force "$ID"
	expect_status 0
	[ -z "$(find /sys/fs/cgroup -type d -path "*$ID-parent/child")" ] || fail "the cgroup is left"
}

test_a_path_that_leads_out_is_refused_or_stays_below() {
	bundle
	config --arg path "/$ID/../../../$ID-out" '.linux.cgroupsPath = $path'
	compat run --bundle "$BUNDLE" "$ID"
	[ "$STATUS" != 0 ] || expect_nothing_left
	[ -z "$(find / -maxdepth 2 -name "$ID-out" 2>/dev/null)" ] || fail "a directory was made outside"
}

test_nothing_is_left_after_run_after_delete_and_after_a_failed_start() {
	bundle
	hardened run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_nothing_left
	sleeping hardened
	[ -n "$(cgroups_of "$ID")" ] || fail "the oracle is broken: the container has no cgroup"
	hardened delete --force "$ID"
	expect_nothing_left
	config '.process.args = ["/nowhere"]'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_nothing_left
}

test_two_containers_in_one_cgroup_are_refused() {
	bundle
	config --arg path "/$ID" '.linux.cgroupsPath = $path'
	sleeping hardened
	hardened run --bundle "$BUNDLE" "$ID-second"
	expect_failure
	expect_error_has 'cgroup is not empty'
	expect_equal "the first container" "$(state_of)" running
	[ ! -e "$T/state/$ID-second" ] || fail "state of the second is left"
}

test_the_program_cannot_write_to_its_cgroup() {
	bundle
	config '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev"]}]'
	asks hardened 'for f in $(find /sys/fs/cgroup -name cgroup.procs); do echo 1 >$f && echo written; done'
	expect_output_lacks written
	[[ $ERR == *"Read-only file system"* ]] || fail "something else was in the way"
}

test_processes_left_in_the_cgroup_are_killed_by_delete() {
	local left
	bundle
	config '.linux.namespaces |= map(select(.type != "pid"))'
	script_args 'sleep 298 & exec sleep 299'
	compat run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	left=$(cat "$(cgroups_of "$ID" | head -n 1)/cgroup.procs")
	expect_equal "number of processes" "$(wc -w <<<"$left")" 2
	kill -KILL "$(pid_of)"
	eventually is_stopped
	compat delete "$ID"
	expect_status 0
	expect_nothing_left
	for pid in $left; do
		[ ! -d "/proc/$pid" ] || [[ $(cat "/proc/$pid/stat") == *") Z "* ]] || fail "process $pid is left"
	done
}

run_tests
