#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Kernel parameters and names of the container.
. "$(dirname "$0")/bulwark.sh"

set_parameter() {
	config --arg name "$1" --arg value "$2" '.linux.sysctl = {($name): $value}'
}

test_parameters_of_own_namespaces_are_set() {
	local profile before
	before=$(cat /proc/sys/kernel/msgmax)
	for profile in hardened compat; do
		bundle "$profile"
		config '.linux.sysctl = {"kernel.msgmax": "4097", "net.ipv4.ip_unprivileged_port_start": "80",
			"fs.mqueue.msg_max": "11", "net.ipv4.ip_default_ttl": "77"}'
		asks "$profile" 'cd /proc/sys; cat kernel/msgmax net/ipv4/ip_unprivileged_port_start fs/mqueue/msg_max net/ipv4/ip_default_ttl'
		expect_output $'4097\n80\n11\n77'
	done
	expect_equal "the parameter on the host" "$(cat /proc/sys/kernel/msgmax)" "$before"
}

test_a_name_with_slashes_is_the_same_parameter() {
	local profile
	for profile in hardened compat; do
		bundle "$profile"
		config '.linux.sysctl = {"net/ipv4/ip_default_ttl": "77", "net/ipv4/conf/lo/rp_filter": "1"}'
		asks "$profile" 'cd /proc/sys/net/ipv4; cat ip_default_ttl conf/lo/rp_filter'
		expect_output $'77\n1'
	done
}

test_parameters_of_the_host_are_refused() {
	local name profile before
	bundle
	for name in kernel.core_pattern vm.overcommit_memory fs.file-max kernel.randomize_va_space kernel.hostname \
		kernel/core_pattern kernel..core_pattern ../kernel/core_pattern net.ipv4/../../kernel/core_pattern \
		net.//.kernel.core_pattern; do
		set_parameter "$name" 1
		for profile in compat hardened; do
			before=$(cat /proc/sys/kernel/core_pattern /proc/sys/vm/overcommit_memory)
			"$profile" run --bundle "$BUNDLE" "$ID"
			expect_failure
			expect_error_has sysctl
			expect_equal "what is on the host" "$(cat /proc/sys/kernel/core_pattern /proc/sys/vm/overcommit_memory)" "$before"
		done
	done
}

test_a_parameter_of_a_shared_namespace_is_refused() {
	bundle
	config '.linux.namespaces |= map(select(.type != "ipc")) | .mounts |= map(select(.type != "mqueue"))'
	set_parameter kernel.msgmax 4097
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has sysctl
	bundle second
	config '.linux.namespaces |= map(select(.type != "network")) | .mounts |= map(select(.type != "sysfs"))'
	set_parameter net.ipv4.ip_default_ttl 77
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has sysctl
	[ "$(cat /proc/sys/net/ipv4/ip_default_ttl)" != 77 ] || fail "the host's network has changed"
}

test_a_parameter_that_the_policy_does_not_list_is_refused() {
	bundle
	set_parameter net.ipv4.ip_default_ttl 77
	policy '{"extends": "hardened", "sysctl": {"allow": ["kernel.msgmax"]}}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal sysctl
	set_parameter kernel.msgmax 4097
	asks governed 'cat /proc/sys/kernel/msgmax'
	expect_output 4097
}

test_a_parameter_that_is_not_there_is_an_error() {
	bundle
	set_parameter net.ipv4.nonsense 1
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has net
}

test_host_name_and_domain_name_are_as_asked() {
	local profile before
	before=$(cat /proc/sys/kernel/hostname)
	for profile in hardened compat; do
		bundle "$profile"
		config '.hostname = "some-name" | .domainname = "some-domain"'
		asks "$profile" 'hostname; cat /proc/sys/kernel/domainname'
		expect_output $'some-name\nsome-domain'
	done
	expect_equal "the name of the host" "$(cat /proc/sys/kernel/hostname)" "$before"
}

test_a_host_name_without_a_namespace_of_its_own_is_an_error() {
	bundle
	config '.linux.namespaces |= map(select(.type != "uts"))'
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has hostname
	expect_error_has "unable to set hostname without a private UTS namespace"
	[ "$(cat /proc/sys/kernel/hostname)" != inside ] || fail "the host is called inside"
}

test_a_host_name_is_judged_when_the_policy_has_added_its_namespaces() {
	local before
	before=$(cat /proc/sys/kernel/hostname)
	bundle
	config '.linux.namespaces |= map(select(.type != "uts" and .type != "mount"))'
	asks hardened 'hostname; cat /proc/kcore | wc -c'
	expect_output $'inside\n0'
	expect_equal "the name of the host" "$(cat /proc/sys/kernel/hostname)" "$before"
}

run_tests
