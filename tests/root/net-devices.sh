#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# linux.netDevices: interfaces move into the container's network namespace. All of a case runs in a network
# namespace of its own, which stands for the host's; there are veth pairs in it, and no way out.
if [ -z "${BULWARK_TEST_NETNS:-}" ]; then
	BULWARK_TEST_NETNS=$(readlink /proc/self/ns/net)
	export BULWARK_TEST_NETNS
	exec unshare --net "$0" "$@"
fi
. "$(dirname "$0")/bulwark.sh"
needs ip
[ "$(readlink /proc/self/ns/net)" != "$BULWARK_TEST_NETNS" ] || skip "needs a network namespace of its own"

# device [NAME]: a device with addresses, an MTU and a hardware address of its own; its peer stays here.
device() {
	local name=${1:-dev0}
	ip link add "$name" mtu 1789 address 02:11:22:33:44:55 type veth peer name "$name-peer" 2>/dev/null ||
		skip "needs the kernel's veth devices"
	ip link set "$name-peer" up
	ip address add 192.0.2.7/24 dev "$name"
	ip address add 127.0.0.33/32 scope host dev "$name"
	ip address add 2001:db8::7/64 nodad dev "$name"
	ip address add 192.0.2.99/24 valid_lft 3000 preferred_lft 3000 dev "$name"
}

remove_devices() {
	local name
	for name in dev0 dev1; do
		ip link delete "$name-peer" 2>/dev/null || true
	done
}

# namespace: $T/netns is a network namespace, which the container joins.
namespace() {
	touch "$T/netns"
	unshare --net="$T/netns" true
	config --arg path "$T/netns" '(.linux.namespaces[] | select(.type == "network")).path = $path'
}

in_namespace() {
	nsenter --net="$T/netns" "$@"
}

test_a_device_moves_with_its_addresses_and_is_up() {
	bundle
	remove_devices
	device
	config '.linux.netDevices = {"dev0": {}}'
	script_args 'ip address show dev dev0; ip -6 address show dev dev0'
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output_has 'mtu 1789'
	expect_output_has 'UP,LOWER_UP'
	expect_output_has 'ether 02:11:22:33:44:55'
	expect_output_has ' 192.0.2.7/24 '
	expect_output_has ' 2001:db8::7/64 scope global'
	expect_output_lacks 127.0.0.33
	expect_output_lacks 192.0.2.99
	! ip link show dev dev0 2>/dev/null || fail "the device is still there"
}

test_a_device_gets_the_name_that_is_asked_for() {
	bundle
	remove_devices
	device
	device dev1
	namespace
	in_namespace ip link add eth0 type veth peer name other
	config '.linux.netDevices = {"dev0": {name: "inside"}, "dev1": {name: "eth%d"}}'
	script_args 'ip -o link; ip -o address show dev inside'
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output_has ': inside@'
	expect_output_has ': eth1@'
	expect_output_has ' 192.0.2.7/24 scope global inside'
	expect_output_lacks ': dev0'
	# In a namespace of somebody else's it stays.
	in_namespace ip -o link show dev inside | grep -q 'mtu 1789' || fail "the device has gone with the container"
}

test_a_name_that_is_taken_leaves_the_device_where_it_is() {
	bundle
	remove_devices
	device
	namespace
	in_namespace ip link add eth0 type veth peer name other
	config '.linux.netDevices = {"dev0": {name: "eth0"}}'
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'network device dev0: its name in the container: file exists'
	ip -o address show dev dev0 | grep -q 192.0.2.7/24 || fail "the device has lost its address"
	config '.linux.netDevices = {"dev7": {}}'
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'network device dev7: looking for it: no such device'
	umount "$T/netns"
	expect_nothing_left
}

test_hooks_of_the_creation_see_the_device_and_user_namespaces_too() {
	bundle
	remove_devices
	device
	config '.linux.netDevices = {"dev0": {}}
		| .linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .hooks.createRuntime = [{path: "/bin/sh", env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], args: ["sh", "-c",
			"nsenter --target $(jq .pid) --net ip -o link show dev dev0 >\(env.T)/seen"]}]'
	chown -R 100000:100000 "$ROOTFS"
	script_args 'ip -o link show dev dev0'
	T=$T config '.hooks.createRuntime[0].args[2] |= sub("null"; env.T)'
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output_has 'mtu 1789'
	grep -q 'mtu 1789' "$T/seen" || fail "the hook did not see it"
}

test_a_hardened_container_takes_no_device_of_the_host() {
	bundle
	remove_devices
	device
	config '.linux.netDevices = {"dev0": {}}'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_refusal 'takes a network device away from the host'
	ip link show dev dev0 >/dev/null || fail "the device has gone"
	policy '{"extends": "hardened", "loosens": ["network.devices"], "network": {"devices": "allow"}}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
	! ip link show dev dev0 2>/dev/null || fail "the device is still there"
}

run_tests
