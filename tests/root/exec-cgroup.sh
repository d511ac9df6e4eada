#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# exec --cgroup: a further program beneath the container's cgroup, and never anywhere else.
. "$(dirname "$0")/bulwark.sh"

# running PROFILE: a container whose cgroups are looked at from the host.
running() {
	bundle
	sleeping "$1"
	PID=$(pid_of)
}

only_v2() {
	[ -e /sys/fs/cgroup/cgroup.controllers ]
}

# at CONTROLLER PATH: the word for exec --cgroup; v2 has one hierarchy, which has no name.
at() {
	if only_v2; then echo "$2"; else echo "$1:$2"; fi
}

# inside CONTROLLER: where the last exec said that it is; in its own view, which begins at the container's cgroup.
inside() {
	local controller=$1
	! only_v2 || controller=
	awk -F: -v c="$controller" '$2 == c { print $3 }' <<<"$OUT"
}

test_a_program_runs_in_the_cgroup_that_was_asked_for() {
	local memory
	needs_controller memory
	running hardened
	memory=$(cgroup_of memory "$PID")
	mkdir "$memory/sub" "$memory/sub/deeper"
	hardened exec --cgroup "$(at memory sub/deeper)" "$ID" cat /proc/self/cgroup
	expect_status 0
	expect_equal memory "$(inside memory)" /sub/deeper
	only_v2 || expect_equal pids "$(inside pids)" /
	hardened exec "$ID" cat /proc/self/cgroup
	expect_equal memory "$(inside memory)" /
	hardened exec --cgroup / "$ID" cat /proc/self/cgroup
	expect_status 0
	expect_equal memory "$(inside memory)" /
	hardened delete --force "$ID"
	expect_status 0
	expect_nothing_left
}

test_the_limits_of_the_container_hold_there() {
	local pids
	needs_controller pids
	bundle
	probe_bundle_limits
	sleeping hardened
	pids=$(cgroup_of pids "$(pid_of)")
	mkdir "$pids/sub"
	hardened exec --cgroup "$(at pids sub)" "$ID" probe fork 60
	[[ $OUT == *" EAGAIN" ]] || fail "no limit was reached"
}

probe_bundle_limits() {
	rm -rf "$BUNDLE"
	probe_bundle
	config '.linux.resources += {pids: {limit: 20}}'
}

test_several_controllers_have_places_of_their_own() {
	local memory pids
	needs_controller memory
	needs_controller pids
	running hardened
	memory=$(cgroup_of memory "$PID") pids=$(cgroup_of pids "$PID")
	mkdir "$memory/one"
	[ "$memory" != "$pids" ] || skip "needs hierarchies of cgroup v1"
	mkdir "$pids/two"
	hardened exec --cgroup memory:one --cgroup pids:/two "$ID" cat /proc/self/cgroup
	expect_status 0
	expect_equal places "$(inside memory) $(inside pids)" "/one /two"
	mkdir "$pids/one"
	hardened exec --cgroup memory,pids:one "$ID" cat /proc/self/cgroup
	expect_equal places "$(inside memory) $(inside pids)" "/one /one"
}

test_bad_places_are_refused_by_name() {
	running hardened
	hardened exec --cgroup .. "$ID" true
	expect_status 255
	expect_error_has 'bad sub cgroup path'
	hardened exec --cgroup pids:../.. "$ID" true
	expect_status 255
	expect_error_has 'bad sub cgroup path'
	hardened exec --cgroup nowhere "$ID" true
	expect_status 255
	expect_error_has ' adding pid '
	expect_error_has 'o such file or directory'
	hardened exec --cgroup nonsense:a "$ID" true
	expect_status 255
	expect_error_has 'unknown controller '
	hardened exec --cgroup a --cgroup b "$ID" true
	expect_status 255
	expect_error_has 'missing <controller>: prefix'
}

# What is mounted in the way does not lead out either.
test_a_place_is_never_on_another_file_system() {
	local memory
	needs_controller memory
	running hardened
	memory=$(cgroup_of memory "$PID")
	mkdir "$memory/sub"
	mount --bind "$T" "$memory/sub"
	hardened exec --cgroup "$(at memory sub)" "$ID" true
	umount "$memory/sub"
	expect_status 255
	expect_error_has ' adding pid '
}

test_the_cgroup_of_the_first_process_stands_in_for_one_that_is_gone() {
	local pids other
	needs_controller pids
	running compat
	pids=$(cgroup_of pids "$PID")
	other=$pids-moved
	mkdir "$other"
	echo "$PID" >"$other/cgroup.procs"
	rmdir "$pids" || skip "the cgroup cannot be taken away"
	compat exec --detach --pid-file "$T/pid" "$ID" sleep 299
	expect_status 0
	expect_equal "its cgroup" "$(cgroup_of pids "$(cat "$T/pid")")" "$other"
	# One that was asked for is that or none.
	compat exec --cgroup / "$ID" true
	expect_status 255
	expect_error_has ' adding pid '
	compat kill "$ID" KILL
	eventually is_stopped
	kill -KILL "$(cat "$T/pid")" 2>/dev/null || true
	eventually rmdir "$other"
}

test_v2_says_that_a_cgroup_is_busy() {
	local unified controllers
	unified=$(findmnt --noheadings --output TARGET --types cgroup2 | head -n 1)
	[ -n "$unified" ] || skip "needs cgroup v2"
	controllers=$(tr ' ' '\n' <"$unified/cgroup.controllers" | grep -vwE 'cpu|cpuset|pids|perf_event' | head -n 1)
	[ -n "$controllers" ] || skip "needs a controller of v2 that knows no threads"
	running compat
	unified+=$(sed -n 's/^0:://p' "/proc/$PID/cgroup")
	grep --quiet --word-regexp "$controllers" "$unified/cgroup.controllers" ||
		echo "+$controllers" >"$(dirname "$unified")/cgroup.subtree_control"
	mkdir "$unified/sub"
	echo "$PID" >"$unified/sub/cgroup.procs"
	echo "+$controllers" >"$unified/cgroup.subtree_control" || skip "the controller cannot be given on"
	compat exec "$ID" cat /proc/self/cgroup
	expect_status 0
	expect_equal "its cgroup" "$(sed -n 's/^0:://p' <<<"$OUT")" /sub
	if grep --quiet '^[1-9]' /proc/self/cgroup; then
		run "$RUNTIME" --root "$T/state" exec --cgroup / "$ID" true
	else
		compat exec --cgroup / "$ID" true
	fi
	expect_status 255
	expect_error_has ' to cgroups'
	expect_error_has "$unified"
	expect_error_has 'evice or resource busy'
}

run_tests
