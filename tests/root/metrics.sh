#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Metrics: numbers that fit what containers do, of two tenants, and counters that never go down when a container goes.
# For this script the host has no containers but its own.
. "$(dirname "$0")/stopped.sh"
# The distribution's, which has the parsers.
python=/usr/bin/python3

begin() {
	rm -rf /run/bulwark/.metrics
	bundle
	named
}

metrics() {
	run "$RUNTIME" metrics "$@"
	expect_status 0
}

# value NAME TENANT PROFILE [LABEL]: of the last text, in thousandths; 0 when it is not there.
value() {
	value_in "$T/out" "$@"
}

# value_in FILE NAME TENANT PROFILE [LABEL]
value_in() {
	local file=$1
	shift
	awk -v want="$1{tenant=\"$2\",profile=\"$3\"${4:+,$4}}" '$1 == want { found = int($2 * 1000) } END { print found + 0 }' "$file"
}

# busy ID: a container of the bundle that works until it is killed.
busy() {
	script_args 'while :; do :; done'
	governed run --detach --bundle "$BUNDLE" "$1"
	expect_status 0
}

has_worked() {
	metrics
	[ "$(value bulwark_cpu_seconds_total "$1" hardened)" -ge "$2" ]
}

after_case() {
	rm -f "$STOPPED"/*
}

test_tenants_are_told_apart_and_counters_outlive_containers() {
	local before
	needs_controller cpu
	begin
	metrics
	of ann
	busy "$ID-a"
	of bob
	config '.process.args = ["sleep", "300"]'
	governed run --detach --bundle "$BUNDLE" "$ID-b"
	expect_status 0
	eventually has_worked ann 300
	expect_equal "ann's containers" "$(value bulwark_containers ann hardened 'state="running"')" 1000
	expect_equal "bob's containers" "$(value bulwark_containers bob hardened 'state="running"')" 1000
	[ "$(value bulwark_cpu_seconds_total bob hardened)" -lt 300 ] || fail "bob's container sleeps"
	[ "$(value bulwark_memory_bytes ann hardened)" -gt 4096000 ] || fail "ann has no memory"
	expect_equal "ann's processes" "$(value bulwark_pids ann hardened)" 1000
	[ "$(value bulwark_pids_limit ann hardened)" -ge 1000 ] || fail "ann's processes have no limit"
	before=$(value bulwark_cpu_seconds_total ann hardened)
	governed delete --force "$ID-a"
	expect_status 0
	metrics
	[ "$(value bulwark_cpu_seconds_total ann hardened)" -ge "$before" ] ||
		fail "after its end ann has $(value bulwark_cpu_seconds_total ann hardened), before it was $before"
	expect_equal "ann's containers by now" "$(value bulwark_containers ann hardened 'state="running"')" 0
	expect_equal "ann's memory by now" "$(value bulwark_memory_bytes ann hardened)" 0
	governed delete --force "$ID-b"
	metrics
	expect_equal "bob's containers by now" "$(value bulwark_containers bob hardened 'state="running"')" 0
}

# A reader who looks all the time, while containers come and go: a counter that goes down would be one that begins anew.
test_no_reader_ever_sees_a_counter_go_down() {
	local reader n
	needs_controller cpu
	begin
	metrics
	of ann
	script_args 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done'
	(
		last=0
		while [ ! -e "$T/over" ]; do
			"$RUNTIME" metrics >"$T/seen" || exit 2
			now=$(value_in "$T/seen" bulwark_cpu_seconds_total ann hardened)
			[ "$now" -ge "$last" ] || echo "from $last to $now"
			last=$now
			echo >>"$T/looks"
		done
		[ "$last" -gt 0 ] || echo "nothing was counted"
	) >"$T/down" 2>&1 &
	reader=$!
	for n in 1 2 3 4 5 6 7 8; do
		governed run --bundle "$BUNDLE" "$ID-$n"
		expect_status 0
	done
	governed run --detach --bundle "$BUNDLE" "$ID-b"
	governed delete --force "$ID-b"
	: >"$T/over"
	wait "$reader" || fail "the reader has failed"
	expect_equal "what it has seen go down" "$(cat "$T/down")" ""
	[ "$(wc -l <"$T/looks")" -ge 10 ] || fail "it has looked $(wc -l <"$T/looks") times"
}

# What the process beside a container has written goes by what it says, and once.
test_what_was_written_down_beside_it_is_added_once() {
	begin
	of ann
	sleeping governed
	printf 'bulwark-measures 1\nstarted_unix_ms 1764000000000\nduration_ms 2200\npackage_install_attempts 3\nfile_size_violations 2\nnetwork_connection_attempts 9\nalerts 1\n' \
		>"$T/state/$ID/measures"
	metrics
	expect_equal installations "$(value package_install_attempts ann hardened)" 3000
	expect_equal durations "$(value code_execution_duration_count ann hardened)" 0
	governed delete --force "$ID"
	expect_status 0
	metrics
	expect_equal installations "$(value package_install_attempts ann hardened)" 3000
	expect_equal sizes "$(value file_size_violations ann hardened)" 2000
	expect_equal connections "$(value network_connection_attempts ann hardened)" 9000
	expect_equal alerts "$(value bulwark_alerts_total ann hardened)" 1000
	expect_equal durations "$(value code_execution_duration_count ann hardened)" 1000
	expect_equal "their sum" "$(value code_execution_duration_sum ann hardened)" 2200
	expect_equal "within a second" "$(value code_execution_duration_bucket ann hardened 'le="1"')" 0
	expect_equal "within five" "$(value code_execution_duration_bucket ann hardened 'le="5"')" 1000
	# One that says that it has been counted is not counted again.
	sleeping governed
	printf 'bulwark-measures 1\npackage_install_attempts 3\n' >"$T/state/$ID/measures"
	: >"$T/state/$ID/counted"
	metrics
	expect_equal "of one that is counted" "$(value package_install_attempts ann hardened)" 3000
	governed delete --force "$ID"
	metrics
	expect_equal "and is gone" "$(value package_install_attempts ann hardened)" 3000
}

test_compat_has_gauges_and_leaves_nothing() {
	needs_controller pids
	begin
	metrics
	sleeping compat
	metrics
	expect_equal processes "$(value bulwark_pids "" compat)" 1000
	expect_equal "processor time" "$(value bulwark_cpu_seconds_total "" compat)" 0
	compat delete --force "$ID"
	expect_equal "what is left" "$(ls -A /run/bulwark/.metrics)" ""
}

test_where_nobody_reads_metrics_nothing_is_kept() {
	begin
	hardened run --bundle "$BUNDLE" "$ID"
	expect_status 0
	[ ! -e /run/bulwark/.metrics ] || fail "there are totals"
	metrics
	hardened run --bundle "$BUNDLE" "$ID"
	[ -n "$(ls /run/bulwark/.metrics)" ] || fail "there are no totals"
	expect_equal "their rights" "$(stat -c '%U %a' /run/bulwark/.metrics /run/bulwark/.metrics/*)" $'root 700\nroot 600'
}

test_parsers_of_others_read_it() {
	needs promtool
	$python -c 'import jsonschema, prometheus_client' 2>/dev/null ||
		skip "needs python3-jsonschema and python3-prometheus-client"
	begin
	of ann
	sleeping governed
	metrics --containers
	cp "$T/out" "$T/text"
	run sh -c "$python '$tests_dir/common/metrics_check.py' prometheus <'$T/text'"
	expect_status 0
	expect_output_has "bulwark_container_pids {\"id\": \"$ID\", \"profile\": \"hardened\", \"root\": \"$T/state\", \"tenant\": \"ann\"} 1.0"
	metrics --format emf
	cp "$T/out" "$T/text"
	run sh -c "$python '$tests_dir/common/metrics_check.py' emf <'$T/text'"
	expect_status 0
	expect_output_has 'pids {"Profile": "hardened", "Tenant": "ann"} 1'
}

# Else what ends between a look at the totals and one at the containers would be in neither.
test_a_look_and_an_end_do_not_meet() {
	begin
	metrics
	sleeping hardened
	run flock /run/bulwark/.metrics "$RUNTIME" metrics
	expect_failure
	expect_error_has 'the totals have been locked by somebody else for 2000 ms'
	run flock /run/bulwark/.metrics "$RUNTIME" --root "$T/state" delete --force "$ID"
	expect_status 0
	expect_error_has 'the totals have been locked by somebody else for 2000 ms'
	expect_nothing_left
}

# A line for each, also where nobody reads metrics and no process is beside it.
test_the_policys_file_gets_a_document_of_each_that_ends() {
	begin
	jq --arg file "$T/emf" '.metrics = {emf: $file, namespace: "Team/x"}' "$T/policy.json" >"$T/new.json"
	install --mode=600 "$T/new.json" "$T/policy.json"
	of ann
	script_args 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
	sleeping governed
	printf 'bulwark-measures 1\nstarted_unix_ms 1764000000000\nduration_ms 2200\npackage_install_attempts 3\n' >"$T/state/$ID/measures"
	: >"$T/state/$ID/counted"
	governed delete --force "$ID"
	expect_status 0
	sleeping compat
	compat delete --force "$ID"
	expect_equal documents "$(jq --compact-output '[._aws.CloudWatchMetrics[0].Namespace, .Tenant, .Profile, .Container,
		.cpu_time > 0, .code_execution_duration, .package_install_attempts]' "$T/emf")" \
		"[\"Team/x\",\"ann\",\"hardened\",\"$ID\",true,null,0]
[\"Team/x\",\"ann\",\"hardened\",\"$ID\",true,2.2,3]"
	expect_equal "the file" "$(stat -c '%U %a' "$T/emf")" 'root 640'
	# One that cannot be written keeps nobody from being deleted.
	rm "$T/emf"
	ln -s /etc/nowhere "$T/emf"
	config '.process.args = ["true"]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_error_has "cleaning up: opening $T/emf: too many levels of symbolic links"
	expect_nothing_left
	if $python -c 'import jsonschema' 2>/dev/null; then
		rm "$T/emf"
		governed run --bundle "$BUNDLE" "$ID"
		run sh -c "$python '$tests_dir/common/metrics_check.py' emf <'$T/emf'"
		expect_status 0
	fi
}

test_refused_starts_are_counted() {
	begin
	metrics
	expect_equal "before" "$(value bulwark_starts_refused_total "" hardened)" 0
	config '.mounts += [{destination: "/mnt", type: "bind", source: "/run/docker.sock", options: ["bind"]}]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	governed create --bundle "$BUNDLE" "$ID"
	expect_failure
	metrics
	expect_equal "by now" "$(value bulwark_starts_refused_total "" hardened)" 2000
}

test_whom_the_kill_switch_has_stopped_is_told() {
	begin
	metrics
	expect_output_lacks 'bulwark_kill_switch{tenant="bwt-ann"}'
	run "$RUNTIME" --root "$T/state" kill-switch --tenant bwt-ann
	expect_status 0
	metrics
	expect_output_has 'bulwark_kill_switch{tenant="bwt-ann"} 1'
	expect_output_has 'bulwark_kill_switch_all 0'
	run "$RUNTIME" --root "$T/state" kill-switch --tenant bwt-ann --lift
	metrics
	expect_output_lacks 'bulwark_kill_switch{tenant="bwt-ann"}'
}

test_a_broken_file_of_the_totals_is_said() {
	begin
	metrics
	governed run --bundle "$BUNDLE" "$ID"
	echo nonsense >"$(echo /run/bulwark/.metrics/t-*)"
	metrics
	expect_output_has "bulwark_metrics_unreadable_files 1"
}

test_whoever_is_not_root_is_told_so() {
	begin
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$RUNTIME" metrics
	expect_failure
	expect_error_has "permission denied"
}

run_tests
