#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Whatever a container makes of its cgroups, kill ends its processes and delete leaves nothing of it.
. "$(dirname "$0")/bulwark.sh"

is_gone() {
	[ ! -d "/proc/$1" ] || [[ $(cat "/proc/$1/stat") == *") Z "* ]]
}

has_two() {
	[ "$(wc -l <"$1/cgroup.procs")" = 2 ]
}

# two_processes: a container in the host's pid namespace; sets PIDS.
two_processes() {
	bundle
	config '.linux.namespaces |= map(select(.type != "pid"))'
	script_args 'sleep 298 & exec sleep 299'
	compat run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually has_two "$(cgroups_of "$ID" | head -n 1)"
	PIDS=$(cat "$(cgroups_of "$ID" | head -n 1)/cgroup.procs")
}

test_kill_ends_all_processes_where_there_is_no_pid_namespace() {
	local pid
	two_processes
	compat kill "$ID" KILL
	expect_status 0
	for pid in $PIDS; do
		eventually is_gone "$pid"
	done
	eventually is_stopped
}

test_kill_ends_what_the_first_process_has_left_behind() {
	local pid
	two_processes
	kill -KILL "$(pid_of)"
	eventually is_stopped
	compat kill "$ID" KILL
	expect_status 0
	for pid in $PIDS; do
		eventually is_gone "$pid"
	done
	expect_equal "processes in the cgroup" "$(cat "$(cgroups_of "$ID" | head -n 1)/cgroup.procs")" ""
	compat delete "$ID"
	expect_status 0
	expect_nothing_left
}

test_cgroups_that_were_made_inside_go_with_the_container() {
	local directory
	bundle
	sleeping hardened
	for directory in $(cgroups_of "$ID" | tac); do
		mkdir -p "$directory/a/b/c" "$directory/d"
	done
	hardened delete --force "$ID"
	expect_status 0
	expect_nothing_left
}

test_processes_in_cgroups_of_their_own_are_ended() {
	local freezer pid
	freezer=$(cgroup_of freezer self) || skip "needs the freezer of cgroup v1"
	two_processes
	freezer=$(cgroup_of freezer "$(pid_of)")
	mkdir -p "$freezer/foo/bar"
	for pid in $PIDS; do
		[ "$pid" = "$(pid_of)" ] || echo "$pid" >"$freezer/foo/bar/cgroup.procs"
	done
	compat delete --force "$ID"
	expect_status 0
	expect_nothing_left
}

# frozen_inside FILTER: a container one of whose processes is frozen in a cgroup beneath.
frozen_inside() {
	local freezer pid
	cgroup_of freezer self >/dev/null || skip "needs the freezer of cgroup v1"
	bundle
	config "$1"
	script_args 'sleep 298 & exec sleep 299'
	compat run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	freezer=$(cgroup_of freezer "$(pid_of)")
	mkdir -p "$freezer/foo/bar"
	eventually has_two "$freezer"
	pid=$(grep --invert-match --line-regexp "$(pid_of)" "$freezer/cgroup.procs")
	echo "$pid" >"$freezer/foo/bar/cgroup.procs"
	[ -n "$(cat "$freezer/foo/bar/cgroup.procs")" ] || fail "the oracle is broken: nobody is in the cgroup"
	echo FROZEN >"$freezer/foo/bar/freezer.state"
}

test_a_process_that_is_frozen_in_its_own_cgroup_is_ended() {
	local begin=$SECONDS
	frozen_inside .
	compat delete --force "$ID"
	expect_status 0
	expect_nothing_left
	[ $((SECONDS - begin)) -lt 8 ] || fail "it took $((SECONDS - begin)) seconds"
}

test_so_is_one_without_a_pid_namespace() {
	local begin=$SECONDS
	frozen_inside '.linux.namespaces |= map(select(.type != "pid"))'
	compat kill "$ID" KILL
	expect_status 0
	eventually is_stopped
	compat delete "$ID"
	expect_status 0
	expect_nothing_left
	[ $((SECONDS - begin)) -lt 8 ] || fail "it took $((SECONDS - begin)) seconds"
}

test_threaded_cgroups_go_with_the_container() {
	local unified
	unified=$(findmnt --noheadings --output TARGET --types cgroup2 | head -n 1)
	[ -n "$unified" ] || skip "needs cgroup v2"
	bundle
	sleeping hardened
	unified+=$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")
	mkdir "$unified/foo"
	echo threaded >"$unified/foo/cgroup.type"
	pid_of >"$unified/foo/cgroup.threads"
	[ -n "$(cat "$unified/foo/cgroup.threads")" ] || fail "the oracle is broken: no thread is in the cgroup"
	hardened ps --format json "$ID"
	expect_output "[$(pid_of)]"
	hardened delete --force "$ID"
	expect_status 0
	expect_nothing_left
}

test_a_container_in_a_frozen_cgroup_is_refused() {
	local freezer
	freezer=$(cgroup_of freezer self) || skip "needs the freezer of cgroup v1"
	freezer=$(findmnt --noheadings --output TARGET --types cgroup --options freezer | head -n 1)/$ID
	mkdir "$freezer"
	echo FROZEN >"$freezer/freezer.state"
	bundle
	config --arg path "/$ID" '.linux.cgroupsPath = $path'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_status 1
	expect_error_has "container's cgroup unexpectedly frozen"
	[ -d "$freezer" ] || fail "it is gone, and was not ours"
	rmdir "$freezer"
	expect_nothing_left
}

run_tests
