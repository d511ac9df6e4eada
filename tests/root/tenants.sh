#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Whose a container is, who says so, and how often a tenant may start.
. "$(dirname "$0")/stopped.sh"

test_annotations_name_where_they_are_heard() {
	named
	bundle
	of ann s-1
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed state "$ID"
	expect_equal names "$(jq --compact-output '[.bulwark.tenant, .bulwark.session]' "$T/out")" '["ann","s-1"]'
	governed state --format text "$ID"
	expect_output_has 'tenant     ann'
	expect_output_has 'session    s-1'
	governed list --format json --tenant ann
	expect_equal listed "$(jq --raw-output '.[].bulwark.session' "$T/out")" s-1
	governed list --format json --tenant bob
	expect_output null
	governed explain "$ID"
	expect_output_has '/hardening/tenant'
	# Deaf by themselves, and compat at any rate.
	hardened run --detach --bundle "$BUNDLE" "$ID-deaf"
	hardened state "$ID-deaf"
	expect_equal name "$(jq --raw-output '.bulwark.tenant' "$T/out")" null
	run "$RUNTIME" --root "$T/state" --policy "$T/policy.json" --profile compat run --detach --bundle "$BUNDLE" "$ID-compat"
	expect_status 0
	governed state "$ID-compat"
	expect_equal ours "$(jq --raw-output '.bulwark' "$T/out")" null
}

test_names_that_lead_elsewhere_are_refused() {
	local name
	named
	bundle
	for name in ../x x/../y .x %2e%2e "$(printf 'x%.0s' {1..300})" X 'x y'; do
		of "$name" s
		governed run --bundle "$BUNDLE" "$ID"
		expect_failure
		expect_error_has 'this is not the name of a tenant'
		of ann "$name"
		governed run --bundle "$BUNDLE" "$ID"
		expect_failure
		expect_error_has 'this is not the name of a session'
	done
	config '.annotations["org.bulwark.tenant"] = "a\u0000b"'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	[ ! -e "$T/state/$ID" ] || fail "something of it was made"
}

# The engine's caller chooses the cgroup, whoever writes the image the annotation.
test_what_the_host_knows_comes_before_an_annotation() {
	local task=bwt$$ ecs
	ecs=$(find /sys/fs/cgroup -maxdepth 2 -type d -name ecs)
	named '.names = {tenant: ["cgroup.ecsTask"], session: ["cgroup.parent"]}'
	bundle
	of mallory
	config --arg path "/ecs/$task/$ID" '.linux.cgroupsPath = $path'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed state "$ID"
	expect_equal names "$(jq --compact-output '[.bulwark.tenant, .bulwark.session]' "$T/out")" "[\"$task\",\"$task\"]"
	throw --tenant mallory
	expect_output_has ': 0 container(s)'
	governed exec "$ID" true
	throw --tenant "$task"
	governed exec "$ID" true
	expect_failure
	rm "$STOPPED"/*
	config --arg path "/ecs/UPPER/$ID-2" '.linux.cgroupsPath = $path'
	governed run --bundle "$BUNDLE" "$ID-2"
	expect_failure
	expect_error_has 'cgroup.ecsTask, which the policy names by, ends in no plain name'
	governed delete --force "$ID"
	find /sys/fs/cgroup -maxdepth 3 -depth -type d \( -path "*/ecs/$task" -o -path "*/ecs/UPPER" \) -exec rmdir {} + 2>/dev/null || true
	[ -n "$ecs" ] || find /sys/fs/cgroup -maxdepth 2 -type d -name ecs -exec rmdir {} + 2>/dev/null || true
}

test_a_tenant_may_start_so_many_in_a_minute() {
	local i
	named '.default = "site" | .profiles.site = {extends: "hardened", session: {startsPerMinute: 3}}'
	bundle
	of ann
	for i in 1 2 3; do
		governed run --bundle "$BUNDLE" "$ID-$i"
		expect_status 0
	done
	governed run --bundle "$BUNDLE" "$ID-4"
	expect_failure
	expect_error_has 'tenant "ann" may start 3 in a minute (session.startsPerMinute of profile site), and has'
	expect_error_has 'the next one can start in '
	[ ! -e "$T/state/$ID-4" ] || fail "something of it was made"
	# Whatever the state root.
	run "$RUNTIME" --root "$T/other" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID-5"
	expect_failure
	expect_error_has 'may start 3 in a minute'
	of bob
	governed run --bundle "$BUNDLE" "$ID-6"
	expect_status 0
	# Twenty seconds later there is one more.
	printf '%016x %016x\n' 0 "$(($(cut -d . -f 1 /proc/uptime) * 1000 - 21000))" >/run/bulwark/.tenants/ann/starts
	of ann
	governed run --bundle "$BUNDLE" "$ID-7"
	expect_status 0
	governed run --bundle "$BUNDLE" "$ID-8"
	expect_failure
	# Without a tenant: by profile and root.
	config 'del(.annotations)'
	for i in 1 2 3; do
		governed run --bundle "$BUNDLE" "$ID-n$i"
		expect_status 0
	done
	governed run --bundle "$BUNDLE" "$ID-n4"
	expect_failure
	expect_error_has 'containers without a tenant may start 3 in a minute'
	run "$RUNTIME" --root "$T/other" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID-n5"
	expect_status 0
	rm -rf "$T/other"
}

test_create_and_start_count_once() {
	named '.default = "site" | .profiles.site = {extends: "hardened", session: {startsPerMinute: 1}}'
	bundle
	of carol
	config '.process.args = ["sleep", "300"]'
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed start "$ID"
	expect_status 0
	governed exec "$ID" true
	expect_status 0
	governed create --bundle "$BUNDLE" "$ID-2"
	expect_failure
}

run_tests
