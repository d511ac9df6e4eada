#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Update: other limits are in force at once, nothing else changes, and none goes above what the policy has decided.
. "$(dirname "$0")/bulwark.sh"

resources() {
	config ".linux.resources += $1"
}

# value CONTROLLER V1-FILE [V2-FILE]: of the container's cgroup, now.
value() {
	limit_of "$1" "$(pid_of)" "$2" "${3:-$2}"
}

is_v1() {
	[ ! -e /sys/fs/cgroup/cgroup.controllers ] && [[ $(cgroup_of "$1" self) != *unified* ]] && findmnt --noheadings --types cgroup --options "$1" >/dev/null
}

# from_stdin JSON: update of the container by --resources -.
from_stdin() {
	run bash -c '"$1" --root "$2" update --resources - "$3" <<<"$4"' - "$RUNTIME" "$T/state" "$ID" "$1"
}

# stored FILTER: what the state directory says of the container's resources.
stored() {
	jq --compact-output ".linux.resources$1" "$T/state/$ID/config.json"
}

test_options_before_and_behind_the_name_are_written() {
	needs_controller memory
	needs_controller cpu
	bundle
	sleeping compat
	compat update --memory 64M "$ID" --memory-reservation 33554432 --cpu-share=512 --pids-limit 20
	expect_status 0
	expect_output ""
	[ -z "$ERR" ] || fail "it said something"
	expect_equal limit "$(value memory memory.limit_in_bytes memory.max)" 67108864
	expect_equal reservation "$(value memory memory.soft_limit_in_bytes memory.low)" 33554432
	expect_equal pids "$(value pids pids.max)" 20
	! is_v1 cpu || expect_equal shares "$(value cpu cpu.shares)" 512
	compat update "$ID" --memory 32M
	expect_equal limit "$(value memory memory.limit_in_bytes memory.max)" 33554432
	expect_equal "pids, as before" "$(value pids pids.max)" 20
	expect_equal "what is stored" "$(stored '| .memory.limit, .pids.limit' | paste -sd ' ')" "33554432 20"
}

test_json_from_standard_input_and_from_a_file_has_any_letter_case() {
	needs_controller cpuset
	bundle
	sleeping compat
	from_stdin '{"Pids": {"Limit": 30}, "CPU": {"Cpus": "0", "shares": 0}, "memory": {"reservation": 0}}'
	expect_status 0
	expect_equal pids "$(value pids pids.max)" 30
	expect_equal cpus "$(value cpuset cpuset.cpus)" 0
	echo '{"pids": {"limit": 31}}' >"$T/limits.json"
	# With a file the other options do not count.
	(cd "$T" && compat update -r limits.json --pids-limit 99 "$ID" && expect_status 0)
	expect_equal pids "$(value pids pids.max)" 31
	expect_equal "cpus, as before" "$(value cpuset cpuset.cpus)" 0
	from_stdin '{"pids": {"limit": "many"}}'
	expect_failure
	expect_error_has '/pids/limit'
	from_stdin 'nonsense'
	expect_failure
	expect_equal "pids, as before" "$(value pids pids.max)" 31
}

test_memory_and_swap_move_up_and_down_together() {
	needs_controller memory
	[ -e "$(cgroup_of memory self)/memory.memsw.limit_in_bytes" ] || skip "needs swap accounting of cgroup v1"
	bundle
	resources '{memory: {limit: 33554432, swap: 67108864}}'
	sleeping compat
	compat update "$ID" --memory 128M --memory-swap 256M
	expect_status 0
	expect_equal limit "$(value memory memory.limit_in_bytes)" 134217728
	expect_equal both "$(value memory memory.memsw.limit_in_bytes)" 268435456
	compat update "$ID" --memory 32M --memory-swap 48M
	expect_status 0
	expect_equal both "$(value memory memory.memsw.limit_in_bytes)" 50331648
	compat update "$ID" --memory -1
	expect_status 0
	[ "$(value memory memory.limit_in_bytes)" -gt 1000000000000 ] || fail "memory is still limited"
	[ "$(value memory memory.memsw.limit_in_bytes)" -gt 1000000000000 ] || fail "swap is still limited"
}

test_a_limit_below_what_is_in_use_is_rejected_where_that_is_asked() {
	needs_controller memory
	bundle
	sleeping compat
	from_stdin '{"memory": {"limit": 4096, "checkBeforeUpdate": true}}'
	expect_failure
	expect_error_has 'rejecting memory limit'
	expect_equal state "$(state_of)" running
}

test_quota_and_period_alone_and_a_period_that_cannot_be() {
	needs_controller cpu
	bundle
	sleeping compat
	compat update "$ID" --cpu-quota 20000
	expect_status 0
	compat update "$ID" --cpu-period 50000
	expect_status 0
	if is_v1 cpu; then
		expect_equal "quota and period" "$(value cpu cpu.cfs_quota_us) $(value cpu cpu.cfs_period_us)" "20000 50000"
	else
		expect_equal "quota and period" "$(value cpu cpu.max)" "20000 50000"
	fi
	compat update "$ID" --pids-limit 77 --cpu-period 100
	expect_status 1
	expect_error_has '/cpu/period'
	compat update "$ID" --cpu-quota -1
	expect_status 0
	! is_v1 cpu || expect_equal quota "$(value cpu cpu.cfs_quota_us)" -1
}

test_an_update_that_fails_leaves_the_limits_as_they_were() {
	needs_controller cpuset
	bundle
	resources '{memory: {limit: 67108864}, pids: {limit: 40}}'
	sleeping compat
	compat update "$ID" --memory 32M --cpuset-cpus 7777
	expect_failure
	expect_error_has cpuset
	from_stdin '{"memory": {"limit": 33554432}, "hugepageLimits": [{"pageSize": "3MB", "limit": 1}]}'
	expect_failure
	expect_error_has '3MB'
	expect_equal limit "$(value memory memory.limit_in_bytes memory.max)" 67108864
	expect_equal "what is stored" "$(stored .memory.limit)" 67108864
}

test_idle_is_0_or_1() {
	needs_controller cpu
	bundle
	sleeping compat
	[ -e "$(cgroup_of cpu "$(pid_of)")/cpu.idle" ] || skip "this kernel has no cpu.idle"
	compat update "$ID" --cpu-idle 1
	expect_status 0
	expect_equal idle "$(value cpu cpu.idle)" 1
	for wrong in 2 -1 x; do
		compat update "$ID" --cpu-idle "$wrong"
		expect_failure
		expect_equal idle "$(value cpu cpu.idle)" 1
	done
	compat update "$ID" --cpu-idle 0
	expect_equal idle "$(value cpu cpu.idle)" 0
}

test_no_processes_and_any_number_of_them() {
	bundle
	sleeping compat
	compat update "$ID" --pids-limit 0
	expect_status 0
	expect_equal pids "$(value pids pids.max)" 1
	compat update "$ID" --pids-limit -1
	expect_equal pids "$(value pids pids.max)" max
}

test_a_paused_container_stays_paused() {
	bundle
	sleeping compat
	compat pause "$ID"
	compat update "$ID" --pids-limit 33
	expect_status 0
	expect_equal state "$(state_of)" paused
	expect_equal pids "$(value pids pids.max)" 33
	compat resume "$ID"
	expect_equal state "$(state_of)" running
}

test_a_created_container_is_updated_and_a_stopped_one_not() {
	bundle
	config '.process.args = ["sleep", "300"]'
	compat create --bundle "$BUNDLE" "$ID"
	compat update "$ID" --pids-limit 12
	expect_status 0
	expect_equal pids "$(value pids pids.max)" 12
	expect_equal state "$(state_of)" created
	compat kill "$ID" KILL
	eventually is_stopped
	compat update "$ID" --pids-limit 13
	expect_status 1
	expect_error_has 'container not running'
	compat update "$ID-other" --pids-limit 13
	expect_status 1
	expect_error_has 'does not exist'
}

test_no_device_is_refused_for_a_moment() {
	bundle
	mkdir -m 777 "$T/shared"
	config --arg source "$T/shared" '
		.mounts += [{destination: "/shared", type: "bind", source: $source, options: ["bind"]}]'
	script_args 'touch /shared/ready; while [ ! -e /shared/stop ]; do : >/dev/null || touch /shared/refused; done'
	hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually test -e "$T/shared/ready"
	for ((i = 0; i < 30; i++)); do
		hardened update "$ID" --pids-limit $((100 + i))
		expect_status 0
	done
	touch "$T/shared/stop"
	eventually is_stopped
	[ ! -e "$T/shared/refused" ] || fail "/dev/null was refused"
}

test_devices_are_those_of_create() {
	bundle
	script_args 'sleep 300'
	hardened run --detach --bundle "$BUNDLE" "$ID"
	from_stdin '{"devices": [{"allow": true, "access": "rwm"}], "pids": {"limit": 50}}'
	expect_status 0
	if [ -e "$(cgroup_of devices self 2>/dev/null)/devices.list" ]; then
		! grep --quiet '^a' "$(cgroup_of devices "$(pid_of)")/devices.list" || fail "every device is allowed"
	fi
	expect_equal "what is stored" "$(stored '.devices | map(select(.allow and .type == null)) | length')" 0
}

test_a_limit_of_the_profile_is_not_raised() {
	bundle
	sleeping hardened
	hardened update "$ID" --pids-limit 513
	expect_status 1
	expect_error_has '/pids/limit'
	expect_equal pids "$(value pids pids.max)" 512
	hardened update "$ID" --pids-limit 100
	expect_status 0
	hardened update "$ID" --pids-limit 512
	expect_status 0
	hardened update "$ID" --pids-limit -1
	expect_status 0
	expect_equal pids "$(value pids pids.max)" 512
	from_stdin '{"pids": {"limit": 100000}}'
	expect_failure
	from_stdin '{"unified": {"pids.max": "max"}}'
	expect_failure
	expect_equal pids "$(value pids pids.max)" 512
	# The profile of create counts, not the one that update is called with.
	compat update "$ID" --pids-limit 100000
	expect_failure
	# The same attempt, without the control.
	bundle compat
	ID+=-compat
	sleeping compat
	compat update "$ID" --pids-limit 100000
	expect_status 0
	expect_equal pids "$(value pids pids.max)" 100000
}

test_untrusted_code_gets_no_more_memory_swap_or_processor() {
	local limit
	needs_controller memory
	needs_controller cpu
	bundle
	sleeping shelled
	for limit in '{"memory": {"limit": 2147483648}}' '{"memory": {"limit": 1073741824, "swap": 2147483648}}' \
		'{"cpu": {"quota": 200000}}' '{"cpu": {"period": 1000}}' '{"pids": {"limit": 257}}'; do
		from_stdin "$limit"
		expect_failure
		expect_error_has 'untrusted-code'
	done
	for limit in '{"memory": {"limit": -1}}' '{"memory": {"swap": -1}}' '{"cpu": {"quota": -1}}'; do
		from_stdin "$limit"
		expect_equal limit "$(value memory memory.limit_in_bytes memory.max)" 1073741824
		if is_v1 cpu; then
			expect_equal quota "$(value cpu cpu.cfs_quota_us)" 100000
		else
			expect_equal "quota and period" "$(value cpu cpu.max)" "100000 100000"
		fi
	done
	# Less memory must not become more swap.
	shelled update "$ID" --memory 256M
	expect_status 0
	expect_equal limit "$(value memory memory.limit_in_bytes memory.max)" 268435456
	if is_v1 memory; then
		expect_equal both "$(value memory memory.memsw.limit_in_bytes)" 268435456
	else
		expect_equal swap "$(value memory memory.swap.max)" 0
	fi
	expect_equal "what is stored" "$(stored '.memory | [.limit, .swap]')" '[268435456,268435456]'
}

test_explain_of_a_container_shows_what_is_in_force() {
	bundle
	sleeping hardened
	run "$RUNTIME" --root "$T/state" explain "$ID"
	expect_output_lacks 'update has changed'
	hardened update "$ID" --pids-limit 123
	run "$RUNTIME" --root "$T/state" explain --format diff "$ID"
	expect_output_has '"limit": 123'
	run "$RUNTIME" --root "$T/state" explain --format json "$ID"
	expect_equal "the finding" "$(jq --compact-output '.findings[] | select(.rule == "update") | [.pointer, .before, .after]' <<<"$OUT")" \
		'["/linux/resources/pids/limit","512","123"]'
}

test_rdt_is_refused_by_name() {
	bundle
	sleeping compat
	compat update "$ID" --l3-cache-schema 'L3:0=f'
	expect_status 1
	expect_error_has 'Intel RDT/CAT: l3 cache schema is not enabled'
	compat update "$ID" --mem-bw-schema 'MB:0=20'
	expect_status 1
	expect_error_has 'Intel RDT/MBA: memory bandwidth schema is not enabled'
}

run_tests
