#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --systemd-cgroup with the systemd that runs this host: the scope is what was asked for, holds what it is told to hold
# through a reload, and is gone with the container.
[ -d /run/systemd/system ] || { echo "needs systemd as the host's init"; exit 77; }
if [ "$(id -u)" = 0 ] && [ -z "${BULWARK_TEST_OWN_RUN:-}" ]; then
	BULWARK_TEST_OWN_RUN=1 exec unshare --mount --propagation private -- "$0" "$@"
fi
. "$(dirname "$0")/systemd.sh"
needs systemctl

property() {
	systemctl show --property "$2" --value "$1"
}

expect_property() {
	expect_equal "$2 of $1" "$(property "$1" "$2")" "$3"
}

expect_no_unit() {
	expect_equal "load state of $1" "$(property "$1" LoadState)" not-found
}

test_a_container_is_a_scope_in_its_slice() {
	bundle
	config --arg path "bwtest-a.slice:bw:$ID" '.linux.cgroupsPath = $path'
	sleeping_in_scope
	expect_property "bw-$ID.scope" ActiveState active
	expect_property "bw-$ID.scope" Slice bwtest-a.slice
	expect_property "bw-$ID.scope" Delegate yes
	grep -q "/bwtest.slice/bwtest-a.slice/bw-$ID.scope\$" "/proc/$(pid_of)/cgroup" || fail "it is elsewhere"
	in_scope exec "$ID" true
	expect_status 0
	in_scope delete --force "$ID"
	expect_status 0
	expect_no_unit "bw-$ID.scope"
	expect_nothing_left
}

test_a_cgroup_mount_shows_the_scope() {
	bundle
	shows_its_scope
}

test_limits_are_in_force_and_survive_a_reload() {
	needs_controller pids
	needs_controller memory
	bundle
	config '.linux.resources += {pids: {limit: 44}, memory: {limit: 67108864}, cpu: {quota: 50000, period: 100000}}'
	sleeping_in_scope
	systemctl daemon-reload
	systemctl set-property --runtime "bulwark-$ID.scope" Description=reloaded 2>/dev/null || true
	expect_property "bulwark-$ID.scope" TasksMax 44
	expect_equal pids "$(limit_of pids "$(pid_of)" pids.max pids.max)" 44
	expect_equal memory "$(limit_of memory "$(pid_of)" memory.limit_in_bytes memory.max)" 67108864
	expect_equal cpu "$(limit_of cpu "$(pid_of)" cpu.cfs_quota_us cpu.max | cut -d' ' -f1)" 50000
}

# asking_devices [RULE]: a container that says of each word in /tmp/go whether the kernel's log is "open" for writing, which
# takes no capability, and "null" as long as it has /dev/null. RULE is one more of its device rules.
asking_devices() {
	bundle
	script_args 'mknod /tmp/kmsg c 1 11; mkfifo /tmp/go; while read -r word </tmp/go; do
		echo "$word: $( (: >/tmp/kmsg) 2>/dev/null && echo open || echo refused) $( (: </dev/null) 2>/dev/null && echo null)" >>/tmp/said
		done'
	config --argjson rule "${1:-[]}" '.process.capabilities[] += ["CAP_MKNOD"] | .linux.resources.devices += $rule'
	in_scope run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually test -p "$ROOTFS/tmp/go"
}

# expect_devices WHEN ANSWER
expect_devices() {
	echo "$1" >"$ROOTFS/tmp/go"
	eventually grep -qs "^$1:" "$ROOTFS/tmp/said"
	expect_equal "what is said" "$(grep "^$1:" "$ROOTFS/tmp/said")" "$1: $2"
}

test_what_the_rules_allow_survives_a_reload() {
	asking_devices '[{"allow": true, "type": "c", "major": 1, "minor": 11, "access": "w"}]'
	expect_devices created "open null"
	systemctl daemon-reload
	expect_devices reloaded "open null"
}

# systemd attaches a program of its own beside ours, and may be told to let it go: ours stays, and both must agree.
test_no_setting_of_an_administrator_opens_a_device() {
	asking_devices
	expect_devices created "refused null"
	systemctl daemon-reload
	expect_devices reloaded "refused null"
	systemctl set-property --runtime "bulwark-$ID.scope" "DeviceAllow=/dev/char/1:11 rwm"
	expect_devices allowed "refused null"
	systemctl set-property --runtime "bulwark-$ID.scope" DevicePolicy=auto DeviceAllow=
	expect_devices emptied "refused null"
	systemctl daemon-reload
	expect_devices again "refused null"
	in_scope update --pids-limit 50 "$ID"
	expect_status 0
	expect_devices updated "refused null"
	systemctl daemon-reload
	expect_devices last "refused null"
}

test_an_update_gives_systemd_the_rules_again() {
	asking_devices
	systemctl set-property --runtime "bulwark-$ID.scope" DevicePolicy=strict "DeviceAllow="
	expect_devices tightened "refused "
	in_scope update --pids-limit 50 "$ID"
	expect_status 0
	expect_devices updated "refused null"
	expect_property "bulwark-$ID.scope" DevicePolicy strict
	property "bulwark-$ID.scope" DeviceAllow | grep -q "/dev/char/1:3 rwm" || fail "systemd has not been told"
	# What it has been told is what it writes when it reads its units again.
	systemctl daemon-reload
	expect_devices reloaded "refused null"
}

test_no_device_is_refused_while_limits_change() {
	bundle
	script_args 'touch /tmp/ready; while [ ! -e /tmp/stop ]; do : >/dev/null || touch /tmp/refused; done'
	in_scope run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually test -e "$ROOTFS/tmp/ready"
	for i in 1 2 3 4 5; do
		in_scope update --pids-limit $((100 + i)) "$ID"
		expect_status 0
	done
	systemctl daemon-reload
	touch "$ROOTFS/tmp/stop"
	eventually is_stopped
	[ ! -e "$ROOTFS/tmp/refused" ] || fail "/dev/null was refused"
}

test_a_failed_scope_is_forgotten_with_its_container() {
	needs_controller memory
	probe_bundle
	config '.linux.resources += {memory: {limit: 33554432, swap: 33554432}}'
	script_args 'probe eat 100'
	in_scope run --keep --bundle "$BUNDLE" "$ID"
	expect_failure
	in_scope delete "$ID"
	expect_status 0
	expect_no_unit "bulwark-$ID.scope"
	expect_nothing_left
}

test_the_run_time_that_an_annotation_gives_ends_it() {
	bundle
	# The first process of a pid namespace has no default for SIGTERM.
	config '.annotations = {"org.systemd.property.RuntimeMaxSec": "uint64 1", "org.systemd.property.TimeoutStopSec": "uint64 1"}'
	PROFILE=hardened sleeping_in_scope
	eventually is_stopped
}

test_a_unit_that_is_alive_is_left_alone() {
	bundle
	systemd-run --scope --quiet --unit "bw-$ID" sleep 300 &
	eventually systemctl --quiet is-active "bw-$ID.scope"
	config --arg path ":bw:$ID" '.linux.cgroupsPath = $path'
	in_scope run --bundle "$BUNDLE" "$ID"
	expect_failure
	systemctl --quiet is-active "bw-$ID.scope" || fail "the other one was ended"
	systemctl stop "bw-$ID.scope"
}

run_tests
