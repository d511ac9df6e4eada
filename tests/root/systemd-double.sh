#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --systemd-cgroup against a stand-in for systemd (fake_systemd.c): what systemd is asked, and that the container really
# is in the scope's cgroups with its limits.  systemd-cgroup.sh does the same with the real one, where it runs.
if [ "$(id -u)" = 0 ] && [ -z "${BULWARK_TEST_OWN_RUN:-}" ]; then
	BULWARK_TEST_OWN_RUN=1 exec unshare --mount --propagation private -- "$0" "$@"
fi
# The host's /run is not ours to put a systemd into.
[ "$(id -u)" != 0 ] || mount -t tmpfs -o mode=755 tmpfs /run || exit 1
. "$(dirname "$0")/systemd.sh"

fake=$(dirname "$RUNTIME")/root_fake_systemd
[ -x "$fake" ] || skip "needs root_fake_systemd: make check builds it where libsystemd is there"
mkdir -p /run/systemd/system

# The hierarchies that systemd knows; cpuset, freezer and others of v1 are bulwark's own affair.
hierarchies() {
	findmnt --noheadings --output TARGET --types cgroup2 | head -n 1
	findmnt --noheadings --output TARGET,FS-OPTIONS --types cgroup |
		awk '$2 ~ /(^|,)(cpu|memory|devices|pids|blkio|name=systemd)(,|$)/ { print $1 }'
}

# with_systemd [RESULT]: systemd runs for this case; its jobs end with RESULT.
with_systemd() {
	local mounts
	mapfile -t mounts < <(hierarchies)
	LOG=$T/systemd.log
	[ $# = 0 ] || echo "$1" >"$LOG.result"
	"$fake" "$LOG" "${SOCKET:-/run/systemd/private}" "${mounts[@]}" &
	trap 'kill $!; rm -f /run/systemd/private' EXIT
	[ -n "${SOCKET:-}" ] || eventually test -S /run/systemd/private
}

expect_told() {
	grep --quiet --line-regexp --fixed-strings -e "$1" "$LOG" || {
		cat "$LOG"
		fail "systemd was not told: $1"
	}
}

expect_not_told() {
	! grep --quiet --fixed-strings -e "$1" "$LOG" || fail "systemd was told: $1"
}

# No directory of a cgroup has this name.
expect_no_cgroup() {
	[ -z "$(cgroups_of "$1")" ] || fail "cgroups are left: $(cgroups_of "$1")"
}

test_a_container_lives_in_a_scope_of_its_own_name() {
	bundle
	with_systemd
	config --arg path "bwtest-a.slice:bw:$ID" '.linux.cgroupsPath = $path'
	sleeping_in_scope
	expect_told "StartTransientUnit bw-$ID.scope replace"
	expect_told "Slice s bwtest-a.slice"
	expect_told "Delegate b true"
	expect_told "DefaultDependencies b false"
	while IFS=: read -r number controllers path; do
		[ "$number" != 0 ] || findmnt --types cgroup2 >/dev/null || continue # in a view of v1 alone
		expect_equal "cgroup of \"$number:$controllers\"" "$path" "/bwtest.slice/bwtest-a.slice/bw-$ID.scope"
	done <"/proc/$(pid_of)/cgroup"
	in_scope exec "$ID" cat /proc/self/cgroup
	expect_status 0
	in_scope kill "$ID" KILL
	eventually is_stopped
	in_scope delete "$ID"
	expect_status 0
	expect_told "StopUnit bw-$ID.scope replace"
	expect_told "ResetFailedUnit bw-$ID.scope"
	expect_nothing_left
	find /sys/fs/cgroup -depth -type d -path '*/bwtest.slice*' -exec rmdir {} \; 2>/dev/null
}

test_without_a_path_it_is_named_after_the_container() {
	bundle
	with_systemd
	in_scope run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_told "StartTransientUnit bulwark-$ID.scope replace"
	expect_told "Slice s system.slice"
	expect_nothing_left
}

test_a_cgroup_mount_shows_the_scope() {
	bundle
	with_systemd
	shows_its_scope
}

test_limits_are_told_to_systemd_and_written() {
	needs_controller pids
	needs_controller memory
	bundle
	with_systemd
	config '.linux.resources += {pids: {limit: 44}, memory: {limit: 67108864}, cpu: {shares: 512, quota: 12345, period: 100000}}'
	sleeping_in_scope
	expect_told "TasksMax t 44"
	expect_told "CPUQuotaPerSecUSec t 130000"
	grep -qE '^(MemoryMax|MemoryLimit) t 67108864$' "$LOG" || fail "no limit of memory"
	expect_equal pids "$(limit_of pids "$(pid_of)" pids.max pids.max)" 44
	expect_equal memory "$(limit_of memory "$(pid_of)" memory.limit_in_bytes memory.max)" 67108864
}

test_device_rules_are_told_to_systemd_and_hold() {
	bundle
	with_systemd
	config '.linux.resources.devices += [{allow: true, type: "c", major: 10, minor: 229, access: "rw"}]'
	# shellcheck disable=SC2016
	script_args 'cat /dev/null && mknod /tmp/mem c 1 1 && cat /tmp/mem'
	in_scope run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "Operation not permitted"
	expect_told "DevicePolicy s strict"
	grep -q '^DeviceAllow a(ss) .*/dev/char/1:3 rwm.*/dev/char/10:229 rw' "$LOG" ||
		grep -q '^DeviceAllow a(ss) .*/dev/char/10:229 rw.*/dev/char/1:3 rwm' "$LOG" || fail "devices are not told"
	grep -q '^DeviceAllow a(ss).* char-pts rwm' "$LOG" || fail "no terminals"
}

test_an_update_tells_the_device_rules_again_and_refuses_none_meanwhile() {
	local told
	bundle
	with_systemd
	script_args 'touch /tmp/ready; while [ ! -e /tmp/stop ]; do : >/dev/null || touch /tmp/refused; done'
	in_scope run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually test -e "$ROOTFS/tmp/ready"
	told=$(grep '^Device' "$LOG")
	in_scope update --pids-limit 50 "$ID"
	expect_status 0
	expect_equal "what systemd is told of devices" "$(sed '1,/^SetUnitProperties/d' "$LOG" | grep '^Device')" "$told"
	expect_equal state "$(state_of)" running
	in_scope pause "$ID"
	in_scope update --pids-limit 51 "$ID"
	expect_status 0
	expect_equal state "$(state_of)" paused
	in_scope resume "$ID"
	touch "$ROOTFS/tmp/stop"
	eventually is_stopped
	[ ! -e "$ROOTFS/tmp/refused" ] || fail "/dev/null was refused"
}

test_properties_come_from_annotations() {
	bundle
	with_systemd
	config '.annotations = {
		"org.systemd.property.TimeoutStopSec": "uint64 7", "org.systemd.property.CollectMode": "'"'inactive-or-failed'"'",
		"org.systemd.property.After": "['"'a.service', \\\"b.service\\\"]"'", "org.systemd.property.SendSIGHUP": "true"}'
	in_scope run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_told "TimeoutStopUSec t 7000000"
	expect_told "CollectMode s inactive-or-failed"
	expect_told "After as a.service b.service"
	expect_told "SendSIGHUP b true"
}

test_hardened_passes_harmless_properties_only() {
	bundle
	with_systemd
	config '.annotations = {
		"org.systemd.property.TimeoutStopSec": "uint64 7", "org.systemd.property.Conflicts": "['"'ssh.service'"']",
		"org.systemd.property.TasksMax": "uint64 99999"}'
	PROFILE=hardened in_scope run --bundle "$BUNDLE" "$ID"
	needs_controller pids
	expect_status 0
	expect_told "TimeoutStopUSec t 7000000"
	expect_not_told Conflicts
	expect_not_told 99999
}

test_a_path_of_another_form_is_refused() {
	bundle
	with_systemd
	config '.linux.cgroupsPath = "/docker/x"'
	in_scope run --bundle "$BUNDLE" "$ID"
	expect_refusal 'expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "/docker/x" instead'
	[ ! -e "$LOG" ] || fail "systemd was asked"
}

test_a_host_without_systemd_is_refused() {
	bundle
	rmdir /run/systemd/system
	in_scope run --bundle "$BUNDLE" "$ID"
	mkdir /run/systemd/system
	expect_refusal "systemd not running on this host, cannot use systemd cgroups manager"
	in_scope --cgroup-manager systemd run --bundle "$BUNDLE" "$ID"
	expect_refusal "bus"
}

test_a_bus_that_does_not_answer_is_an_error() {
	bundle
	in_scope run --bundle "$BUNDLE" "$ID"
	expect_refusal "connecting to the system's bus"
}

test_a_job_that_fails_is_an_error() {
	bundle
	with_systemd failed
	in_scope run --bundle "$BUNDLE" "$ID"
	expect_refusal "error creating systemd unit \`bulwark-$ID.scope\`: got \`failed\`"
	expect_told "ResetFailedUnit bulwark-$ID.scope"
}

test_a_failed_leftover_is_reset() {
	bundle
	echo "bulwark-$ID.scope" >"$T/systemd.log.failed"
	with_systemd
	in_scope run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_told "ResetFailedUnit bulwark-$ID.scope"
}

test_a_living_scope_of_somebody_else_is_left_alone() {
	bundle
	with_systemd
	config --arg path ":bw:$ID-same" '.linux.cgroupsPath = $path'
	sleeping_in_scope
	in_scope run --bundle "$BUNDLE" "$ID-other"
	expect_failure
	expect_error_has "container's cgroup is not empty"
	[ "$(state_of)" = running ] || fail "the first one was ended"
}

test_over_a_bus_it_is_the_same() {
	needs dbus-daemon
	bundle
	cat >"$T/bus.conf" <<-CONF
		<busconfig><type>system</type><listen>unix:path=$T/bus</listen><auth>EXTERNAL</auth>
		<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
		<allow receive_sender="*"/><allow send_type="signal"/></policy></busconfig>
	CONF
	dbus-daemon --config-file="$T/bus.conf" --nofork --nopidfile &
	bus=$!
	eventually test -S "$T/bus"
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$T/bus
	SOCKET=bus with_systemd
	# shellcheck disable=SC2064
	trap "kill $! $bus" EXIT
	eventually busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" status org.freedesktop.systemd1 >/dev/null 2>&1
	in_scope run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_told "StartTransientUnit bulwark-$ID.scope replace"
	expect_nothing_left
}

test_a_plan_says_which_unit() {
	bundle
	in_scope plan "$BUNDLE"
	expect_output_has "start systemd unit bulwark-plan-"
	expect_output_has ".scope in system.slice"
}

run_tests
