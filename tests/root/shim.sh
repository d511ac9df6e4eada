#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# containerd-shim-bulwark-v2 before a stand-in for containerd (../shim): every call, every event, every stream, broken
# clients, crashes, and hundreds of containers.  SHIM is the program; with SHIM=containerd-shim-runc-v2 of containerd 1.6
# and runc 1.1 the same cases hold, but for those that ../shim/case.py has as known differences: so what is measured is
# the protocol, and not our reading of it.
#
# Runs in mount, network and process namespaces of its own: /run is empty, the network has no link to the machine's, and
# when the script ends, for whatever reason, the kernel ends everything that a shim has started.  All cgroups are below
# one named $CGROUP.

# The part outside of the namespaces.
outside() {
	local status=77
	[ "$(id -u)" = 0 ] || {
		echo "needs root"
		exit 77
	}
	export CGROUP=bwshim-$$ OUTER_PID_NAMESPACE
	OUTER_PID_NAMESPACE=$(readlink /proc/self/ns/pid)
	# unshare ignores SIGTERM; with it the kernel kills all that is in the namespaces.
	trap 'kill -KILL "$inside" 2>/dev/null' INT TERM
	unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private -- "$0" "$@" &
	inside=$!
	while kill -0 "$inside" 2>/dev/null; do
		wait "$inside"
		status=$?
	done
	remove_cgroups
	exit "$status"
}

# A cgroup goes only after its last process is gone.
remove_cgroups() {
	local i left
	for ((i = 0; i < 50; i++)); do
		left=$(find /sys/fs/cgroup -depth -type d \( -path "*/$CGROUP" -o -path "*/$CGROUP/*" \) 2>/dev/null)
		[ -n "$left" ] || return
		xargs rmdir <<<"$left" 2>/dev/null
		sleep 0.1
	done
}

[ -n "${OUTER_PID_NAMESPACE:-}" ] || outside "$@"
# A view of cgroups has an empty /run already.
[ -n "${BULWARK_TEST_IN_VIEW:-}" ] || mount -t tmpfs -o mode=755 tmpfs /run
. "$(dirname "$0")/lib.sh"
needs python3 ip

find_shim() {
	local candidate
	for candidate in "${SHIM:-}" "${BUILDDIR:-}/containerd-shim-bulwark-v2" "$(dirname "$RUNTIME")/containerd-shim-bulwark-v2"; do
		[ ! -x "$candidate" ] || break
	done
	[ -x "$candidate" ] || skip "needs containerd-shim-bulwark-v2: set SHIM, or build it"
	readlink -f "$candidate"
}
SHIM=$(find_shim) || skip "$SHIM"
TEMPLATE=$work/template
export SHIM TEMPLATE PYTHONDONTWRITEBYTECODE=1

cases() {
	T=$work ID=none python3 "$tests_dir/shim/run.py" "$@"
}

# One case of ../shim; its name is the function's.
scenario() {
	T=$T ID=$ID timeout --kill-after=10 "${STEP_TIMEOUT:-200}" python3 "$tests_dir/shim/run.py" "$1" || exit
}

after_case() {
	find /sys/fs/cgroup -depth -mindepth 2 -type d -path "*/$CGROUP/*" -exec rmdir {} + 2>/dev/null
}

# The list is in Python, in its order.
case_names() {
	sed 's/^/test_/' "$work/cases"
}

ip link set lo up
cases >"$work/cases" || skip "needs Python 3.9 or later"
while read -r name; do
	eval "test_$name() { scenario $name; }"
done <"$work/cases"
run_tests
