#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every test with real containers once more, on a host as they are today: cgroup v2 alone, systemd, AppArmor.
tests=$(cd "$(dirname "$0")/.." && pwd)
# Of these what an older kernel, cgroup v2 or AppArmor make different; the rest of them runs outside.
declare -A only=(
	[root/audit]='a_life|nothing_starts|killed_writers|journald_and'
	[root/delegate]='hardened_configuration|whatever_its_path|hangs|guard_and_the_devices'
	[root/kill-switch]='starts_nothing|what_forks|quarantine_stops|sends_nothing'
	[root/metrics]='told_apart|compat_has'
	[root/reap]='past_its_limit'
	[root/secrets]='containers_user|lives_on|in_a_user_namespace'
	[root/tenants]='annotations_name|so_many'
	[root/shim]='created_started|events_tell|stats_have|pause_and|update_changes|dies_of_memory|outlives_its_server|of_the_size|left_in_the_pid'
	[root/keeper]='two_seconds|host_s_pid|paused|is_killed_begins|numbers|much_load|throttle|kill_ends|steady|on_record'
	[root/learn]='enough_for_the_program|create_and_start|another_abi|python_runs'
	[root/programs]='inside_nothing|file_in_memory|mounted_read_only|layout_holds|workspace_takes|state_and_explain'
	[root/stage]='users_own|plain_files|full_workspace|counts_as|memory_that|host_is_open'
	[root/volumes]='finds_its_own|gives_anybody|no_name_that'
	[root/userns-range]='two_containers_have|roots_inside|an_overlay|exec_is_in|set_user_id|scratch|of_the_hosts|can_have_a_range'
	[root/witness]='not_listed_is_refused_and|memory_that|without_the_witness|never_comes|and_its_exec_are|without_its_witness'
	# An engine, its shim and bulwark.
	[engines/containerd]='run_and_remove|exec_and_ps|hardens'
)
scripts=()
for script in "$tests"/root/*.sh "$tests"/breakout/*.sh "$tests"/engines/containerd.sh; do
	name=${script#"$tests/"}
	name=${name%.sh}
	[ ! -x "$script" ] || scripts+=("$name${only[$name]:+:${only[$name]}}")
done
exec "$tests/guest/run" "${scripts[@]}"
