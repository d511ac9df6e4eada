#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Time namespaces: own clocks in the first program and in exec.
. "$(dirname "$0")/bulwark.sh"

needs_time_namespaces() {
	[ -e /proc/self/ns/time ] || skip "needs a kernel with time namespaces"
}

# near WHAT GOT WANTED: within a minute.
near() {
	local difference=$(($2 - $3))
	[ "${difference#-}" -le 60 ] || fail "$1 is $2, expected about $3"
}

with_offsets() {
	config '.linux.namespaces += [{type: "time"}] |
		.linux.timeOffsets = {monotonic: {secs: 1000000, nanosecs: 5}, boottime: {secs: 3000000}}'
}

expect_offset_clocks() {
	local monotonic boot host
	read -r monotonic boot <<<"$OUT"
	host=$(cut -d . -f 1 /proc/uptime)
	near "the monotonic clock" "$monotonic" $((host + 1000000))
	near "the boot clock" "$boot" $((host + 3000000))
}

test_clocks_have_the_offsets_that_were_asked_for() {
	local profile
	needs_time_namespaces
	for profile in compat hardened; do
		probe_bundle
		with_offsets
		asks "$profile" 'probe clocks'
		expect_offset_clocks
		rm -rf "$BUNDLE"
	done
}

test_exec_has_the_clocks_of_the_container() {
	needs_time_namespaces
	probe_bundle
	with_offsets
	sleeping hardened
	hardened exec "$ID" probe clocks
	expect_offset_clocks
	hardened exec "$ID" cat /proc/uptime
	near uptime "${OUT%%.*}" $(($(cut -d . -f 1 /proc/uptime) + 3000000))
}

test_without_offsets_clocks_are_those_of_the_host() {
	needs_time_namespaces
	probe_bundle
	config '.linux.namespaces += [{type: "time"}]'
	asks hardened 'probe clocks'
	near "the boot clock" "${OUT#* }" "$(cut -d . -f 1 /proc/uptime)"
}

test_offsets_without_a_time_namespace_are_an_error() {
	bundle
	config '.linux.timeOffsets = {monotonic: {secs: 1000}}'
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal timeOffsets
}

test_an_offset_of_an_unknown_clock_is_an_error() {
	needs_time_namespaces
	bundle
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {realtime: {secs: 1000}}'
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
}

run_tests
