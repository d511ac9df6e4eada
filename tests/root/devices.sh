#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Devices: the default nodes are there, no other can be opened, none can be made.
. "$(dirname "$0")/bulwark.sh"

# /dev/kmsg, 1:11, is no default device; anybody who may write to it can open it, and opening it does nothing.
plant_kmsg() {
	mknod --mode=666 "$ROOTFS/etc/kmsg" c 1 11
}

default_nodes() {
	cat <<-'END'
		/dev/null 1:3 666 character special file
		/dev/zero 1:5 666 character special file
		/dev/full 1:7 666 character special file
		/dev/random 1:8 666 character special file
		/dev/urandom 1:9 666 character special file
		/dev/tty 5:0 666 character special file
		/dev/pts/ptmx 5:2 666 character special file
	END
}

test_the_default_nodes_are_there_and_work() {
	local profile
	bundle
	for profile in hardened compat; do
		asks "$profile" 'for d in null zero full random urandom tty pts/ptmx; do
			stat -c "%n %t:%T %a %F" /dev/$d; done'
		expect_output "$(default_nodes)"
		asks "$profile" 'echo x >/dev/null; head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c
			head -c 3 /dev/random | wc -c; echo x >/dev/full'
		expect_output $'3\n3\n3'
		expect_error_has 'No space left on device'
	done
}

test_the_links_of_dev_are_there() {
	bundle
	asks hardened 'for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done'
	expect_output $'/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx'
}

test_a_pseudoterminal_can_be_opened() {
	probe_bundle
	asks hardened 'probe open rw /dev/ptmx'
	expect_output ok
}

# The caller has the device's number denied, but not the rights to read the node: the device cgroup alone refuses.
test_a_node_of_the_image_for_another_device_cannot_be_opened() {
	probe_bundle
	plant_kmsg
	config '.linux.resources.devices = [{allow: false, access: "rwm"}]'
	asks compat 'probe open w /etc/kmsg'
	expect_output EPERM
	config '.linux.resources.devices += [{allow: true, type: "c", major: 1, minor: 11, access: "w"}]'
	asks compat 'probe open w /etc/kmsg; probe open r /etc/kmsg; probe open w /dev/null'
	expect_output $'ok\nEPERM\nok'
}

test_exec_is_under_the_same_device_rules() {
	probe_bundle
	plant_kmsg
	sleeping compat
	compat exec "$ID" probe open w /etc/kmsg
	expect_output EPERM
	compat exec "$ID" probe open w /dev/null
	expect_output ok
}

# What a privileged container asks for.
test_a_rule_for_all_devices_gives_the_default_ones_only() {
	probe_bundle
	config '.linux.resources.devices = [{allow: true, access: "rwm"}] |
		.linux.devices = [{type: "c", path: "/dev/probe", major: 1, minor: 11, fileMode: 438}]'
	asks compat 'probe open w /dev/probe'
	expect_output ok
	config 'del(.linux.devices)'
	plant_kmsg
	policy '{"extends": "hardened", "loosens": ["mounts.nosuidNodev"], "mounts": {"nosuidNodev": false}}'
	asks governed 'probe open w /etc/kmsg; probe open w /dev/null'
	expect_output $'EPERM\nok'
}

test_a_device_that_was_asked_for_is_not_there_unless_the_policy_has_it() {
	probe_bundle
	config '.linux.devices = [{type: "c", path: "/dev/probe", major: 1, minor: 11, fileMode: 438}] |
		.linux.resources.devices += [{allow: true, type: "c", major: 1, minor: 11, access: "rw"}]'
	asks hardened 'probe open w /dev/probe'
	[ "$STATUS" != 0 ] || fail "the device was opened"
	expect_output_lacks ok
	policy '{"extends": "hardened", "loosens": ["devices.allow"],
		"devices": {"allow": [{"type": "c", "major": 1, "minor": 11, "access": "w"}]}}'
	asks governed 'probe open w /dev/probe; stat -c "%t:%T %a" /dev/probe'
	expect_output $'ok\n1:b 666'
}

test_a_node_is_made_as_it_was_asked_for() {
	bundle
	config '.linux.devices = [{type: "c", path: "/dev/deep/probe", major: 1, minor: 11, fileMode: 416, uid: 7, gid: 8},
		{type: "p", path: "/dev/pipe", fileMode: 384}]'
	asks compat 'stat -c "%t:%T %a %u %g" /dev/deep/probe; stat -c "%F %a" /dev/pipe'
	expect_output $'1:b 640 7 8\nfifo 600'
}

test_a_default_device_asked_for_a_second_time_is_no_error() {
	bundle
	config '.linux.devices = [{type: "c", path: "/dev/tty", major: 5, minor: 0, fileMode: 438, uid: 0, gid: 0},
		{type: "c", path: "/dev/null", major: 1, minor: 3, fileMode: 438}]'
	asks compat 'stat -c "%t:%T %a" /dev/tty /dev/null'
	expect_output $'5:0 666\n1:3 666'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

test_a_file_in_the_place_of_a_device_is_an_error() {
	bundle
	config 'del(.mounts[] | select(.destination | startswith("/dev"))) |
		.linux.devices = [{type: "c", path: "/dev/probe", major: 1, minor: 11}]'
	touch "$ROOTFS/dev/probe"
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal /dev/probe
}

# mknod with every right but that of the device cgroup.
test_no_node_can_be_made() {
	local site='"capabilities": {"allow": ["CAP_MKNOD"]}, "seccomp": {"allow": ["mknod"]}'
	bundle
	config '.process.capabilities |= with_entries(.value = ["CAP_MKNOD"]) |
		.process.capabilities.inheritable = ["CAP_MKNOD"] | .process.capabilities.ambient = ["CAP_MKNOD"]'
	policy '{"extends": "hardened", "loosens": ["capabilities.allow", "seccomp.allow"], '"$site"'}'
	asks governed 'mknod /tmp/node c 1 11; mknod /tmp/pipe p && echo pipe'
	expect_output pipe
	expect_error_has 'Operation not permitted'
	policy '{"extends": "hardened", "loosens": ["capabilities.allow", "seccomp.allow", "devices.restricted"],
		"devices": {"restricted": false}, '"$site"'}'
	asks governed 'mknod /tmp/node c 1 11 && echo made'
	expect_output made
}

test_a_node_on_a_volume_of_the_caller_cannot_be_opened() {
	probe_bundle
	mkdir "$BUNDLE/volume"
	mknod --mode=666 "$BUNDLE/volume/null" c 1 3
	config --arg source "$BUNDLE/volume" '
		.mounts += [{destination: "/volume", type: "bind", source: $source, options: ["bind"]}]'
	asks hardened 'probe open rw /volume/null'
	expect_output EACCES
	asks compat 'probe open rw /volume/null'
	expect_output ok
}

run_tests
