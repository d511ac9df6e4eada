#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every test with real containers once more, on a host as they are today: cgroup v2 alone, systemd, AppArmor.
tests=$(cd "$(dirname "$0")/.." && pwd)
scripts=()
for script in "$tests"/root/*.sh "$tests"/breakout/*.sh; do
	name=${script#"$tests/"}
	[ ! -x "$script" ] || [ "$name" = root/shim.sh ] || scripts+=("${name%.sh}")
done
# Of the shim what cgroup v2 makes different; its hundreds of containers run outside.
scripts+=("root/shim:created_started|events_tell|stats_have|pause_and|update_changes|dies_of_memory|outlives_its_server|of_the_size|left_in_the_pid")
# An engine, its shim and bulwark on cgroup v2; the rest of it runs outside.
[ ! -x "$tests/engines/containerd.sh" ] ||
	scripts+=("engines/containerd:run_and_remove|exec_and_ps|hardens")
exec "$tests/guest/run" "${scripts[@]}"
