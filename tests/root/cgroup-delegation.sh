#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A container with users of its own that mounts its cgroup v2 writable owns it; no other container does.
export VIEW=v2
. "$(dirname "$0")/lib.sh"

# delegated FILTER: a container with users and cgroups of its own and a writable /sys/fs/cgroup, but for FILTER.
delegated() {
	bundle
	config '.linux.namespaces += [{type: "user"}] | .process.args = ["sleep", "300"] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] | .linux.gidMappings = .linux.uidMappings |
		.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec"]}]'
	config "$1"
	chmod 755 "$T"
	run "$RUNTIME" --root "$T/state" --profile compat run --detach --bundle "$BUNDLE" "$ID"
	[ "$STATUS" = 0 ] || skip "no such container starts here: $ERR"
	CGROUP=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")
}

owners() {
	(cd "$CGROUP" && stat -c '%n=%u' "$@" | paste -sd ' ')
}

test_it_owns_its_cgroup_and_no_limit_of_it() {
	delegated .
	[ "$(owners . cgroup.procs cgroup.subtree_control)" = ".=100000 cgroup.procs=100000 cgroup.subtree_control=100000" ] ||
		fail "$(owners . cgroup.procs cgroup.subtree_control)"
	[ "$(owners cgroup.max.depth cgroup.freeze)" = "cgroup.max.depth=0 cgroup.freeze=0" ] || fail "$(owners cgroup.max.depth cgroup.freeze)"
	container exec "$ID" mkdir /sys/fs/cgroup/sub
	expect_status 0
	container exec "$ID" sh -c 'echo 0 >/sys/fs/cgroup/sub/cgroup.procs && cat /proc/self/cgroup'
	expect_status 0
	expect_output_has '0::/sub'
	container delete --force "$ID"
	expect_status 0
	expect_nothing_left
}

test_it_does_not_where_the_mount_is_read_only() {
	delegated '.mounts[-1].options += ["ro"]'
	[ "$(owners . cgroup.procs)" = ".=0 cgroup.procs=0" ] || fail "$(owners . cgroup.procs)"
}

test_it_does_not_in_the_cgroup_namespace_of_the_host() {
	delegated '.linux.namespaces |= map(select(.type != "cgroup"))'
	[ "$(owners . cgroup.procs)" = ".=0 cgroup.procs=0" ] || fail "$(owners . cgroup.procs)"
}

run_tests
