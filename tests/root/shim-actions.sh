#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The shim's actions with real containers and cgroups: what `delete` ends when the server is gone, and where `start` puts
# the server. tests/cli/shim.sh has what needs no root.
. "$(dirname "$0")/bulwark.sh"
needs python3
shim=$(dirname "$RUNTIME")/containerd-shim-bulwark-v2
[ -x "$shim" ] || skip "needs containerd-shim-bulwark-v2"

wire() {
	python3 "$tests_dir/cli/shim_wire.py" "$@"
}

# note PID: what a server leaves in the bundle.
note() {
	echo "{\"root\": \"$T/state\", \"pid\": $1}" >"$BUNDLE/bulwark.json"
}

delete() {
	cd "$BUNDLE"
	run "$shim" -namespace ns -address /c.sock -id "$ID" -bundle "$BUNDLE" delete
	cd /
}

test_delete_ends_a_container_whose_server_is_gone() {
	local pid child
	bundle "$ID"
	mount --bind "$ROOTFS" "$ROOTFS"
	mount -t tmpfs tmpfs "$ROOTFS/tmp"
	script_args 'sleep 1000 & exec sleep 1000'
	compat create --bundle "$BUNDLE" "$ID"
	compat start "$ID"
	pid=$(pid_of)
	eventually grep -q . "/proc/$pid/task/$pid/children"
	child=$(cut -d' ' -f1 "/proc/$pid/task/$pid/children")
	note "$pid"
	delete
	expect_status 0
	[ -z "$ERR" ] || fail "says something: $ERR"
	[ "$(wire decode 3 <"$T/out" | sed -n 1,2p | paste -sd' ')" = "1 $pid 2 137" ] || fail "answers: $(wire decode 3 <"$T/out")"
	eventually test ! -e "/proc/$child"
	expect_nothing_left
	delete
	expect_status 0
}

test_delete_ends_a_container_that_is_created() {
	bundle "$ID"
	compat create --bundle "$BUNDLE" "$ID"
	note 0
	delete
	expect_status 0
	expect_nothing_left
}

test_delete_does_not_touch_a_bundle_of_another_name() {
	bundle other
	mount --bind "$ROOTFS" "$ROOTFS"
	compat create --bundle "$BUNDLE" "$ID"
	note 0
	delete
	expect_status 0
	[ "$(state_of)" = created ] || fail "the container is gone"
	findmnt "$ROOTFS" >"$T/mounts" || fail "its root is unmounted"
}

test_delete_fails_in_time_and_the_removal_goes_on() {
	local begin
	bundle "$ID"
	printf '#!/bin/sh\nexec sleep 6\n' >"$T/hook"
	chmod 755 "$T/hook"
	config --arg path "$T/hook" '.hooks.poststop = [{path: $path}]'
	compat create --bundle "$BUNDLE" "$ID"
	note 0
	begin=$(date +%s%N)
	delete
	expect_status 1
	expect_error_has "container $ID is not gone after 4 s; its removal goes on"
	[ $((($(date +%s%N) - begin) / 1000000)) -lt 4800 ] || fail "it takes too long"
	[ -z "$OUT" ] || fail "it answers: $OUT"
	eventually test ! -e "$T/state/$ID"
	eventually expect_nothing_left
}

test_start_moves_the_server_to_the_cgroup_of_the_configuration() {
	local top pid
	top=$(findmnt --noheadings --output TARGET --types cgroup2 | head -n 1)
	mkdir "${top:-/proc}/$ID-shim" 2>"$T/why" || skip "needs a cgroup of its own"
	bundle "$ID"
	mkfifo "$BUNDLE/log"
	echo "ShimCgroup = \"/$ID-shim\"" >"$T/shim.toml"
	chmod 600 "$T/shim.toml"
	wire params "$ID" ns "$T/s" runtimeoptions.v1.Options "$T/shim.toml" >"$T/stdin"
	cd "$BUNDLE"
	OUT=$("$shim" -namespace ns -address /c.sock -id "$ID" start <"$T/stdin" 2>&1) || fail "start: $OUT"
	pid=$(wire call "${OUT#unix://}" Connect | sed -n 's/^1 //p')
	grep -q ":/$ID-shim\$" "/proc/$pid/cgroup" || fail "it is in $(cat "/proc/$pid/cgroup")"
	[ "$(cat "$top/$ID-shim/cgroup.procs")" = "$pid" ] || fail "others are there, too"
	wire call "${OUT#unix://}" Shutdown
	cd /
	eventually rmdir "$top/$ID-shim"
}

run_tests
