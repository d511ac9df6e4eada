#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The kill switch: all of one tenant's containers and nobody else's, whatever they are doing, and no new ones.
. "$(dirname "$0")/stopped.sh"

after_case() {
	rm -f "$STOPPED"/* "$STOPPED/.all"
}

# start ID [STATE ROOT]: runs the bundle's container in the background.
start() {
	"$RUNTIME" --root "${2:-$T/state}" --policy "$T/policy.json" run --detach --bundle "$BUNDLE" "$1" </dev/null >"$T/start" 2>&1 ||
		fail "start $1: $(cat "$T/start")"
}

# How many of the containers with this prefix have that state.
count_of() {
	"$RUNTIME" --root "$T/state" list | awk -v prefix="$1" -v state="$2" 'index($1, prefix) == 1 && $3 == state { n++ } END { print n + 0 }'
}

one_of_each() {
	named
	bundle
	config '.process.args = ["sleep", "300"]'
	of ann
	start "$ID-ann"
	of bob
	start "$ID-bob"
}

test_two_hundred_containers_of_two_tenants_only_one_of_them_dies() {
	local i name
	named
	bundle
	config '.process.args = ["sleep", "300"]'
	for name in ann bob; do
		of "$name"
		for ((i = 0; i < 100; i++)); do start "$ID-$name-$i"; done
	done
	expect_equal 'of ann' "$(count_of "$ID-ann" running)" 100
	throw --tenant ann --reason "mining" --format json
	expect_status 0
	echo "# took $(jq .milliseconds "$T/out") ms"
	expect_equal killed "$(jq .containers "$T/out")" 100
	[ "$(jq .milliseconds "$T/out")" -lt 5000 ] || fail "it took longer than 5 s"
	expect_equal 'of ann' "$(count_of "$ID-ann" stopped)" 100
	expect_equal 'of bob' "$(count_of "$ID-bob" running)" 100
}

test_a_stopped_tenant_is_brought_no_files() {
	one_of_each
	touch "$T/file"
	run "$RUNTIME" --root "$T/state" stage "$ID-ann" "$T/file" .
	expect_error_has "no workspace"
	# As if the switch had been thrown and had not come to this container yet.
	mkdir -p "$STOPPED"
	echo '{"tenant": "ann"}' >"$STOPPED/ann"
	run "$RUNTIME" --root "$T/state" stage "$ID-ann" "$T/file" .
	expect_failure
	expect_error_has 'tenant "ann" is stopped'
	run "$RUNTIME" --root "$T/state" stage "$ID-bob" "$T/file" .
	expect_error_has "no workspace"
}

test_a_stopped_tenant_starts_nothing_until_it_is_lifted() {
	one_of_each
	of ann
	governed create --bundle "$BUNDLE" "$ID-created"
	expect_status 0
	throw --tenant ann --reason "it mines"
	expect_status 0
	expect_output_has 'tenant ann is stopped: 2 container(s) killed in '
	for verb in create run; do
		governed "$verb" --bundle "$BUNDLE" "$ID-new"
		expect_failure
		expect_error_has 'tenant "ann" is stopped by the kill switch since 20'
		expect_error_has ': it mines'
		[ ! -e "$T/state/$ID-new" ] || fail "something of it was made"
	done
	governed start "$ID-created"
	expect_failure
	jq --slurp --exit-status 'any(.event == "kill-switch" and .tenant == "ann" and .reason == "it mines" and .more.containers == "2") and
		any(.event == "refusal" and .tenant == "ann" and .rule == "kill-switch")' "$TRAIL" >/dev/null || fail "it is not on record"
	of bob
	governed run --detach --bundle "$BUNDLE" "$ID-bob2"
	expect_status 0
	throw
	expect_status 0
	expect_output_has 'tenant ann is stopped since 20'
	throw --tenant ann --lift
	expect_status 0
	expect_output 'tenant ann may start containers again'
	throw
	expect_output 'nobody is stopped'
	of ann
	governed run --detach --bundle "$BUNDLE" "$ID-new"
	expect_status 0
}

# What it is told by outlives /run, as at a restart of the host.
test_who_was_stopped_and_why_is_on_record() {
	named
	jq --arg file "$T/log/audit.jsonl" '.audit = {file: $file}' "$T/policy.json" >"$T/p"
	mv "$T/p" "$T/policy.json"
	bundle
	config '.process.args = ["sleep", "300"]'
	of ann
	start "$ID-ann"
	of bob
	start "$ID-bob"
	throw --tenant ann --reason "it mines"
	expect_status 0
	of ann
	governed create --bundle "$BUNDLE" "$ID-new"
	expect_failure
	governed audit verify
	expect_status 0
	governed audit show --event kill-switch
	expect_equal lines "$(wc -l <"$T/out")" 1
	expect_output_has " kill-switch $ID-ann tenant=ann "
	expect_output_has " mode=kill: it mines"
	governed audit show --event refusal --id "$ID-new"
	expect_output_has "it mines"
	# That it was thrown is no container's: it is in the host's trail.
	container audit show --event kill-switch --tenant ann --since 60s
	expect_output_has " kill-switch - tenant=ann mode=kill containers="
	expect_output_has ": it mines"
}

# Each of them would wait for it for two seconds.
test_a_trail_that_is_locked_holds_nobody_up() {
	local i holder
	named
	jq --arg file "$T/log/audit.jsonl" '.audit = {file: $file}' "$T/policy.json" >"$T/p"
	mv "$T/p" "$T/policy.json"
	bundle
	config '.process.args = ["sleep", "300"]'
	of ann
	for ((i = 0; i < 4; i++)); do start "$ID-$i"; done
	flock "$T/log/audit.jsonl" sleep 60 &
	holder=$!
	eventually trail_is_locked
	throw --tenant ann --format json
	kill "$(pgrep --parent "$holder")" "$holder"
	expect_status 0
	expect_equal killed "$(jq .containers "$T/out")" 4
	[ "$(jq .milliseconds "$T/out")" -lt 4000 ] || fail "it took $(jq .milliseconds "$T/out") ms"
	expect_error_has "the audit trail is locked"
}

trail_is_locked() {
	! flock --nonblock "$T/log/audit.jsonl" true
}

test_a_stop_outlives_the_host() {
	named
	bundle
	of ann
	throw --tenant ann
	expect_status 0
	find /run/bulwark -mindepth 1 -delete
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'is stopped by the kill switch'
	# That the file is there decides, not what is in it.
	echo '{' >"$STOPPED/ann"
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'tenant "ann" is stopped by the kill switch'
	rm "$STOPPED/ann"
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

# Who is to be stopped may have filled it.
test_a_full_disk_keeps_nobody_alive() {
	one_of_each
	mkdir -p "$STOPPED"
	mount -o remount,size=64k "${STOPPED%/stopped}"
	! head -c 1M /dev/zero >"${STOPPED%/stopped}/filler" 2>/dev/null || fail "it is not full"
	throw --tenant ann --reason "it mines"
	rm "${STOPPED%/stopped}/filler"
	expect_status 0
	expect_output_has 'tenant ann is stopped: 1 container(s) killed in '
	expect_error_has "$STOPPED/ann is there, but does not say since when and why: no space left on device"
	of ann
	governed create --bundle "$BUNDLE" "$ID-new"
	expect_failure
	expect_error_has 'tenant "ann" is stopped by the kill switch'
	expect_equal names "$(ls -A "$STOPPED")" ann
}

# New ones cannot be kept from starting, but those that run are dead.
test_what_cannot_be_written_down_is_thrown_all_the_same() {
	one_of_each
	mkdir -p "$STOPPED"
	mount -o remount,ro "${STOPPED%/stopped}"
	throw --tenant ann
	mount -o remount,rw "${STOPPED%/stopped}"
	expect_status 1
	expect_error_has "1 container(s) killed, 0 failed, but nothing keeps new ones from starting: writing $STOPPED/ann: read-only file system"
	expect_equal ann "$(count_of "$ID-ann" stopped)" 1
	expect_equal bob "$(count_of "$ID-bob" running)" 1
	of ann
	governed run --detach --bundle "$BUNDLE" "$ID-new"
	expect_status 0
}

test_containers_under_every_root_are_found() {
	one_of_each
	of ann
	start "$ID-other" "$T/other"
	throw --tenant ann
	expect_status 0
	expect_output_has ': 2 container(s) killed'
	expect_equal other "$("$RUNTIME" --root "$T/other" state "$ID-other" | jq --raw-output .status)" stopped
	"$RUNTIME" --root "$T/other" delete "$ID-other"
}

test_a_container_of_another_mount_namespace_is_found() {
	one_of_each
	of ann
	mkdir "$T/elsewhere"
	unshare --mount --propagation private bash -c 'mount -t tmpfs tmpfs "$1" && "${@:2}" && echo started && exec sleep 300' bash \
		"$T/elsewhere" "$RUNTIME" --root "$T/elsewhere/state" --policy "$T/policy.json" run --detach --bundle "$BUNDLE" "$ID-else" \
		>"$T/told" 2>&1 </dev/null &
	eventually grep --quiet started "$T/told"
	[ ! -e "$T/elsewhere/state" ] || fail "it is not elsewhere"
	throw --tenant ann
	expect_status 0
	expect_output_has ': 2 container(s) killed'
	nsenter --mount="/proc/$!/ns/mnt" "$RUNTIME" --root "$T/elsewhere/state" state "$ID-else" >"$T/state.json"
	expect_equal else "$(jq --raw-output .status "$T/state.json")" stopped
	nsenter --mount="/proc/$!/ns/mnt" "$RUNTIME" --root "$T/elsewhere/state" delete "$ID-else"
	kill $!
}

test_all_takes_those_without_a_tenant_too() {
	one_of_each
	config 'del(.annotations)'
	compat run --detach --bundle "$BUNDLE" "$ID-nobody"
	expect_status 0
	throw --all --reason 'the host is lost'
	expect_status 0
	expect_output_has 'every tenant is stopped: 3 container(s) killed'
	compat run --bundle "$BUNDLE" "$ID-new"
	expect_failure
	expect_error_has 'every container of this host is stopped by the kill switch'
	throw --all --lift
	expect_status 0
	compat run --detach --bundle "$BUNDLE" "$ID-new"
	expect_status 0
}

test_what_forks_and_what_stands_dies_as_well() {
	named
	bundle
	of ann
	script_args 'while :; do sleep 0.01 & wait; done'
	start "$ID-forks"
	config '.process.args = ["sleep", "300"] | .linux.namespaces |= map(select(.type != "pid"))'
	rm "$T/policy.json"
	named '.profiles.hardened = {extends: "hardened", loosens: ["namespaces.own"], namespaces: {own: ["mount"]}}'
	script_args 'sleep 300 & setsid sleep 300 & sleep 300'
	start "$ID-shares"
	start "$ID-stands"
	governed pause "$ID-stands"
	expect_status 0
	throw --tenant ann
	expect_status 0
	expect_output_has ': 3 container(s) killed'
	expect_equal stopped "$(count_of "$ID" stopped)" 3
	for id in forks shares stands; do
		governed delete "$ID-$id"
		expect_status 0
	done
}

# slowly DELAY WORD...: bulwark, which has looked once and waits so many microseconds before it clones.
slowly() {
	strace --quiet=all --output=/dev/null --inject="clone,clone3:delay_enter=$1" \
		"$RUNTIME" --root "$T/state" --policy "$T/policy.json" "${@:2}" </dev/null >"$T/slow" 2>&1
}

# Its first look was before the switch; it has no process yet that could be found.
test_who_is_under_way_when_it_is_thrown_comes_to_nothing() {
	local slow
	needs strace
	strace --quiet=all --output=/dev/null true 2>/dev/null || skip "strace may not trace here"
	named '.profiles.hardened = {extends: "hardened", loosens: ["namespaces.own"], namespaces: {own: ["mount"]}}'
	bundle
	of ann
	config '.process.args = ["sleep", "300"]'
	slowly 2000000 run --detach --bundle "$BUNDLE" "$ID" &
	slow=$!
	eventually test -s "$T/state/$ID/state.json"
	throw --tenant ann
	expect_status 0
	expect_output_has ': 0 container(s)'
	! wait "$slow" || fail "it was started"
	grep --quiet 'is stopped by the kill switch' "$T/slow" || fail "it was not refused: $(cat "$T/slow")"
	[ ! -e "$T/state/$ID" ] || fail "something of it is left"
	throw --tenant ann --lift
	# The same for one more process, where nobody's death ends it.
	config '.linux.namespaces |= map(select(.type != "pid"))'
	start "$ID"
	slowly 2000000 exec --detach "$ID" sleep 4321 &
	slow=$!
	sleep 1
	throw --tenant ann
	expect_output_has ': 1 container(s) killed'
	! wait "$slow" || fail "it was executed"
	governed ps "$ID"
	expect_output_lacks 4321
	expect_equal state "$(state_of)" stopped
}

at_least_live() {
	[ -d "$T/state" ] && [ "$(count_of "$ID" running)" -ge "$1" ]
}

# Ten at a time are started while the switch is thrown: whoever was told that his container runs was told so before.
test_nobody_slips_through_while_it_is_thrown() {
	local round i
	named
	bundle
	config '.process.args = ["sleep", "300"]'
	of ann
	for ((round = 0; round < 5; round++)); do
		for ((i = 0; i < 10; i++)); do
			(n=0; while "$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --detach --bundle "$BUNDLE" "$ID-$round-$i-$((++n))"; do
				:
			done) </dev/null >/dev/null 2>"$T/racer-$i" &
		done
		eventually at_least_live "$((3 * (round + 1)))"
		throw --tenant ann
		expect_status 0
		expect_equal 'that live' "$(count_of "$ID" running)" 0
		for ((i = 0; i < 10; i++)); do wait -n || true; done
		expect_equal 'that live afterwards' "$(count_of "$ID" running)$(count_of "$ID" created)" 00
		[ "$(count_of "$ID-$round" stopped)" -gt 0 ] || fail "nobody had started"
		throw --tenant ann --lift
	done
}

test_quarantine_stops_and_cuts_off() {
	local pid before
	one_of_each
	of ann
	pid=$(pid_of "$ID-ann")
	throw --tenant ann --quarantine --reason 'to be looked at'
	expect_status 0
	expect_output_has 'tenant ann is stopped: 1 container(s) quarantined in '
	expect_equal state "$(state_of "$ID-ann")" paused
	expect_equal state "$(state_of "$ID-bob")" running
	# Its memory is there.
	kill -0 "$pid"
	throw --tenant ann --quarantine
	expect_status 0
	expect_output_has ': 0 container(s) quarantined'
	governed resume "$ID-ann"
	expect_failure
	expect_error_has 'is stopped by the kill switch'
	governed exec "$ID-ann" true
	expect_failure
	expect_error_has 'is stopped by the kill switch'
	expect_equal state "$(state_of "$ID-ann")" paused
	throw --tenant ann --lift
	expect_status 0
	expect_equal state "$(state_of "$ID-ann")" paused
	governed resume "$ID-ann"
	expect_status 0
	expect_equal state "$(state_of "$ID-ann")" running
}

# The segments of TCP that have come out at the far end.
arrived() {
	nsenter --net="/proc/$1/ns/net" awk '$1 == "Tcp:" { n = $11 } END { print n }' /proc/net/snmp
}

more_arrived() {
	[ "$(arrived "$1")" -gt "$2" ]
}

# thawed PID: its processes go on, as by somebody who does not ask bulwark.
thaw() {
	local dir
	if dir=$(cgroup_of freezer "$1"); then
		echo THAWED >"$dir/freezer.state"
	else
		echo 0 >"$(unified_of "$1")/cgroup.freeze"
	fi
}

unified_of() {
	local mount
	mount=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET)
	echo "$mount$(sed -n 's/^0:://p' "/proc/$1/cgroup")"
}

# In a namespace of its own, whose only other end is a namespace of this test's.
test_what_is_quarantined_sends_nothing_even_when_somebody_lets_it_go_on() {
	local far pid before
	named
	bundle
	of ann
	script_args 'while :; do nc -w 1 10.99.0.2 7777 </dev/null >/dev/null 2>&1; sleep 0.1; done'
	start "$ID"
	pid=$(pid_of "$ID")
	unshare --net sleep 300 &
	far=$!
	eventually other_network "$far"
	nsenter --net="/proc/$far/ns/net" ip link add outside type veth peer name inside netns "$pid" || skip "needs links of type veth"
	nsenter --net="/proc/$far/ns/net" sh -c 'ip link set outside address 02:00:00:00:00:02 up && ip addr add 10.99.0.2/24 dev outside'
	nsenter --net="/proc/$pid/ns/net" sh -c 'ip addr add 10.99.0.1/24 dev inside && ip link set inside up &&
		ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:02 dev inside'
	eventually more_arrived "$far" 10
	throw --tenant ann --quarantine
	expect_status 0
	sleep 0.3
	before=$(arrived "$far")
	sleep 1
	expect_equal 'packets of one that stands' "$(arrived "$far")" "$before"
	thaw "$pid"
	expect_equal state "$(state_of "$ID")" running
	sleep 1.5
	expect_equal 'packets of one that was let go on' "$(arrived "$far")" "$before"
	kill "$far"
}

other_network() {
	[ "$(namespace_of "$1" net)" != "$(namespace_of self net)" ]
}

test_who_can_be_neither_cut_nor_stopped_is_named() {
	named
	bundle
	of ann
	config '.process.args = ["sleep", "300"] | .linux.namespaces |= map(select(.type != "network"))'
	named '.profiles.hardened = {extends: "hardened", loosens: ["network.host", "network.guard"],
		network: {host: "allow", guard: "prefer"}}'
	start "$ID"
	in_another_view=$(findmnt --noheadings --types cgroup2 --output TARGET)
	[ -z "$in_another_view" ] || skip "there are cgroups of v2, by which everybody can be cut off"
	throw --tenant ann --quarantine
	expect_status 1
	expect_output_has "failed: $ID of $T/state: it stands, but is not cut off from the network"
	expect_equal state "$(state_of "$ID")" paused
}

test_what_is_asked_wrongly_stops_nobody() {
	one_of_each
	for words in "--tenant ../x" "--tenant ann --all" "--lift" "--quarantine" "--tenant ann --lift --quarantine" "--tenant -"; do
		# shellcheck disable=SC2086 # words on purpose
		throw $words
		expect_failure
	done
	throw --tenant carol
	expect_status 0
	expect_output_has 'tenant carol is stopped: 0 container(s) killed'
	expect_equal running "$(count_of "$ID" running)" 2
}

run_tests
