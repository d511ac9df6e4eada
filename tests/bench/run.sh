#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make bench: the floor, runc, crun and bulwark side by side; prints medians, CPU time and ratios.
#
# From the environment:
#   ROUNDS=40            rounds of each scenario
#   RUNC= CRUN=          the peers (default: what is in PATH; empty: without that one)
#   BULWARK=             the program measured (default: $BUILDDIR/bulwark, if it is there)
#   VIEW=v2|v1|host      which cgroups all contenders see (default: the first in which all of them run; a
#                        contender that cannot run in the one named here is left out)
#   ONLY="run exec ..."  only these scenarios (see compare.py)
#   PRIORITY=rr          run under SCHED_RR, for a machine that is shared; not update and limit
#   JSON=FILE            write all samples; those of update to FILE.update
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tests_dir=$(dirname "$here")
BUILDDIR=$(cd "${BUILDDIR:-$tests_dir/../build}" && pwd)
programs=$BUILDDIR/tests/bench

[ "$(id -u)" = 0 ] || {
	echo "bench: needs root"
	exit 77
}

# The view hides /run, so what is measured and where must not live there.
work=$(mktemp -d /dev/shm/bulwark-bench.XXXXXX)

# Everything is named bwbench-…, so whatever a runtime left behind is ours.
clean_up() {
	trap '' INT TERM
	# It ends its containers first, and needs its directory for that.
	[ -z "$child" ] || kill "$child" 2>/dev/null || true
	wait
	# What was killed a moment ago may still be in its cgroup.
	for _ in 1 2 3 4 5; do
		! find /sys/fs/cgroup -depth -type d -name 'bwbench-*' -exec rmdir {} + 2>/dev/null || break
		sleep 0.2
	done
	rm -rf --one-file-system "$work"
}
child=
trap clean_up EXIT
trap 'exit 143' INT TERM

contenders=()
add_contender() {
	[ -z "$2" ] || ! command -v "${2%% *}" >/dev/null || contenders+=("$1=$2")
}
add_contender runc "${RUNC-runc}"
add_contender crun "${CRUN-crun}"
bulwark=${BULWARK-$BUILDDIR/bulwark}
if [ -n "$bulwark" ] && [ -x "$bulwark" ]; then
	add_contender bulwark "$bulwark"
	add_contender bulwark-compat "$bulwark --profile compat"
fi

# compare VIEW [OPTION]...
compare() {
	local view=$1 status=0
	shift
	rm -rf "$work/place"
	mkdir "$work/place"
	# PRIORITY is one word or none.
	${PRIORITY:+chrt --rr 5} "$tests_dir/cgroup-view" "$view" /usr/bin/python3 "$here/compare.py" \
		--work "$work/place" --floor "$programs/floor" --xtrue "$programs/xtrue" \
		--peak "$programs/peak" --seccomp-from "$tests_dir/data/docker-default.json" \
		--rounds "${ROUNDS:-40}" "$@" "${contenders[@]}" &
	child=$!
	wait "$child" || status=$?
	child=
	return "$status"
}

choose_view() {
	local view
	for view in v2 v1 host; do
		echo "looking at the $view view of this host" >&2
		if compare "$view" --check >&2; then
			echo "$view"
			return
		fi
	done
	echo "bench: no view in which every contender can run; leave one out (RUNC= or CRUN=)" >&2
	exit 1
}

# Memory limits need a memory controller, which a hybrid host has only in v1.
view_with_memory() {
	if "$tests_dir/cgroup-view" "$1" sh -c \
		'grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null || [ -d /sys/fs/cgroup/memory ]'; then
		echo "$1"
	else
		echo v1
	fi
}

about() {
	local word program
	echo "$(uname -sr), $(nproc) processors, load $(cut -d ' ' -f 1 /proc/loadavg), cgroup view: $view," \
		"${ROUNDS:-40} rounds${PRIORITY:+, SCHED_RR}"
	for word in "${contenders[@]}"; do
		program=${word#*=}
		echo "  ${word%%=*}: $(${program%% *} --version | head -n 1)"
	done
}

# A hybrid host has its pids controller in v1: in the v2 view `hardened` would rightly refuse to start without
# the limit that it demands. There it is measured with everything else of `hardened`.
without_pids() {
	local i
	"$tests_dir/cgroup-view" "$1" sh -c \
		'[ ! -e /sys/fs/cgroup/cgroup.controllers ] || grep -qw pids /sys/fs/cgroup/cgroup.controllers' && return
	(umask 022 && "$bulwark" policy show | jq '{version: 1, default: "bench",
		profiles: {bench: (.profiles.hardened | .extends = "compat" | del(.limits.pids))}}' >"$work/policy.json")
	for i in "${!contenders[@]}"; do
		[ "${contenders[$i]}" = "bulwark=$bulwark" ] && contenders[i]="bulwark=$bulwark --policy $work/policy.json"
	done
	echo "  (bulwark without the pids limit, which this view has no controller for)"
}

[ ${#contenders[@]} -gt 0 ] || {
	echo "bench: no runtime found"
	exit 77
}
view=${VIEW:-$(choose_view)}
about
without_pids "$view"
in_view=() with_memory=()
for scenario in ${ONLY:-run run-seccomp cycle exec state pause run-8 run-32 rss update limit}; do
	case $scenario in
	update | limit) with_memory+=(--only "$scenario") ;;
	*) in_view+=(--only "$scenario") ;;
	esac
done
[ ${#in_view[@]} = 0 ] || compare "$view" "${in_view[@]}" ${JSON:+--json "$JSON"}
# A real-time process cannot join a v1 cpu cgroup that has no real-time budget.
[ ${#with_memory[@]} = 0 ] ||
	PRIORITY='' compare "$(view_with_memory "$view")" "${with_memory[@]}" ${JSON:+--json "$JSON.update"}
