#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The metadata service: out of reach at once, for good, and no container starts when that was undone.
#
# The service is made here: a network namespace of the test with the well-known addresses, linked to the container's
# by a veth that is plugged in between create and start, as an engine does. No packet leaves these two namespaces.  The way of the guard is the host's (metadata-routing.sh has
# the other one); what guards in other networks than the container's own is guard.sh's.
. "$(dirname "$0")/bulwark.sh"

# cloud: a namespace with a server on port 80 of the well-known addresses. CLOUD is its only process.
cloud() {
	needs ip nsenter
	unshare --net sh -c '
		ip link set lo up
		for a in 169.254.169.254 169.254.170.2 192.0.2.53; do ip address add $a/32 dev lo; done
		ip -6 address add fd00:ec2::254/128 dev lo nodad
		mkdir "$1"
		exec busybox httpd -f -p 80 -h "$1"' sh "$T/cloud" >"$T/cloud.log" 2>&1 &
	CLOUD=$!
	trap 'kill $CLOUD' EXIT
	eventually test -e "$T/cloud"
}

# in_net PID SCRIPT: with the files of the host, in the network namespace of PID.
in_net() {
	nsenter --target "$1" --net sh -c "$2"
}

# plug PID: a veth from the cloud into the container of PID, which leads there by default.
plug() {
	ip link add veth0 netns "$CLOUD" type veth peer name eth0 netns "$1"
	in_net "$CLOUD" 'ip address add 192.0.2.1/24 dev veth0; ip -6 address add fd00:77::1/64 dev veth0 nodad
		ip link set veth0 up'
	in_net "$1" 'ip address add 192.0.2.2/24 dev eth0; ip -6 address add fd00:77::2/64 dev eth0 nodad
		ip link set eth0 up; ip route add default via 192.0.2.1; ip -6 route add default via fd00:77::1'
}

# create PROFILE: what the program will print goes to $T/said.  "site" is the profile of `policy`.
create() {
	local option=(--profile "$1")
	[ "$1" != site ] || option=(--policy "$T/policy.json")
	"$RUNTIME" --root "$T/state" "${option[@]}" create --bundle "$BUNDLE" "$ID" >"$T/said" 2>&1 </dev/null ||
		fail "create: $(cat "$T/said")"
}

# create_plug_and_start PROFILE
create_plug_and_start() {
	create "$1"
	plug "$(pid_of)"
	run "$RUNTIME" --root "$T/state" start "$ID"
	expect_status 0
}

# reaching ADDRESS...: the program tries to connect to these.
reaching() {
	local list
	list=$(jq --null-input '$ARGS.positional' --args "$@")
	config --argjson list "$list" '.process.args = ["probe", "reach"] + $list'
}

program_said() {
	eventually is_stopped
	OUT=$(cat "$T/said")
	sed 's/^/  said: /' "$T/said"
}

test_the_metadata_service_is_out_of_reach_at_once() {
	probe_bundle
	cloud
	reaching 192.0.2.1 192.0.2.53 169.254.169.254 ::ffff:169.254.169.254
	create_plug_and_start hardened
	program_said
	expect_line '192.0.2.1 ok'
	expect_line '192.0.2.53 ok'
	expect_output_lacks '254 ok'
	[ "$(sed -n 's/^milliseconds //p' <<<"$OUT")" -lt 1000 ] || fail "the refusal was not immediate"
}

test_the_metadata_service_is_within_reach_in_compat() {
	probe_bundle
	cloud
	reaching 169.254.169.254 ::ffff:169.254.169.254 169.254.170.2
	create_plug_and_start compat
	program_said
	expect_line '169.254.169.254 ok'
	expect_line '::ffff:169.254.169.254 ok'
	expect_line '169.254.170.2 ok'
}

test_the_address_of_ipv6_is_out_of_reach_too() {
	[ -e /proc/net/if_inet6 ] || skip "needs IPv6"
	probe_bundle
	cloud
	reaching fd00:77::1 fd00:ec2::254
	create_plug_and_start compat
	program_said
	expect_line 'fd00:ec2::254 ok'
	compat delete --force "$ID"
	create_plug_and_start hardened
	program_said
	expect_line 'fd00:77::1 ok'
	expect_output_lacks 'fd00:ec2::254 ok'
}

test_task_credentials_are_a_switch_of_their_own() {
	probe_bundle
	cloud
	reaching 192.0.2.1 169.254.170.2 169.254.169.254
	create_plug_and_start hardened
	program_said
	expect_line '169.254.170.2 ok'
	hardened delete --force "$ID"
	policy '{"extends": "hardened", "network": {"taskCredentials": "block"}}'
	create_plug_and_start site
	program_said
	expect_line '192.0.2.1 ok'
	expect_output_lacks '169.254.170.2 ok'
	expect_output_lacks '169.254.169.254 ok'
	hardened delete --force "$ID"
	policy '{"extends": "untrusted-code", "programs": {"restrict": false}, "loosens": ["programs.restrict"]}'
	create_plug_and_start site
	program_said
	expect_output_lacks ' ok'
}

test_exec_cannot_reach_it_either() {
	probe_bundle
	cloud
	config '.process.args = ["sleep", "300"]'
	create_plug_and_start hardened
	hardened exec "$ID" probe reach 192.0.2.1 169.254.169.254
	expect_line '192.0.2.1 ok'
	expect_output_lacks '254 ok'
}

test_a_program_cannot_undo_the_guard() {
	probe_bundle
	cloud
	config '.process.args = ["sleep", "300"] |
		.process.capabilities |= with_entries(.value = ["CAP_NET_ADMIN", "CAP_NET_RAW"])'
	create_plug_and_start hardened
	hardened exec --user 0 --cap CAP_NET_ADMIN "$ID" ip rule flush
	hardened exec --user 0 --cap CAP_NET_ADMIN "$ID" ip rule add to 169.254.169.254 lookup main
	hardened exec "$ID" probe reach 192.0.2.1 169.254.169.254
	expect_line '192.0.2.1 ok'
	expect_output_lacks '254 ok'
}

# guard_way: by what the container is guarded.
guard_way() {
	"$RUNTIME" --root "$T/state" state --format text "$ID" | sed -n 's/^guard *//p'
}

# Between create and start the engine, and whatever it runs, can do anything to the network.
test_no_container_starts_when_its_routing_rules_were_undone() {
	local undo
	needs ip nsenter
	for undo in 'ip rule delete to 169.254.169.254 prohibit' \
		'ip -6 rule delete to fd00:ec2::254 prohibit' \
		'ip rule delete to 169.254.169.254 prohibit; ip rule add to 169.254.169.254 lookup main pref 0'; do
		bundle
		config '.process.args = ["echo", "started"]'
		create hardened
		[ "$(guard_way)" = routing ] || skip "the guard is programs on the cgroup here"
		in_net "$(pid_of)" "$undo && { ip rule; ip -6 rule; }" >"$T/rules"
		hardened start "$ID"
		expect_failure
		[ ! -s "$T/said" ] || fail "the program ran after: $undo"
		hardened delete --force "$ID"
		expect_status 0
		rm -rf "$BUNDLE"
	done
}

test_no_container_starts_when_its_programs_were_taken_off_the_cgroup() {
	local layers
	layers=$(dirname "$(find_probe)")/root_layers
	[ -x "$layers" ] || skip "needs root_layers of the build"
	bundle
	config '.process.args = ["echo", "started"]'
	create hardened
	[ "$(guard_way)" = cgroup ] || skip "the guard is routing rules here"
	run "$layers" off "$(cgroup2_of "$(pid_of)")" sendmsg6
	expect_status 0
	hardened start "$ID"
	expect_failure
	expect_error_has 'the network guard (bulwark_send6) no longer hangs on the container'"'"'s cgroup'
	[ ! -s "$T/said" ] || fail "the program ran without its guard"
}

test_a_container_starts_when_its_guard_is_as_it_was() {
	bundle
	config '.process.args = ["echo", "started"]'
	create hardened
	hardened start "$ID"
	expect_status 0
	program_said
	expect_output started
}

run_tests
