#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The keeper: lives that end in time whoever started the container, whatever is killed.
[ -n "${BULWARK_TEST_INSIDE:-}" ] || BULWARK_TEST_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
. "$(dirname "$0")/bulwark.sh"
needs_beside bulwark-keeper

# lasting SCRIPT: a container that would run for long.
lasting() {
	bundle
	script_args "$1; while :; do sleep 0.1; done"
}

# started [VERB...]: the container of the bundle, under the policy, from create to start.
started() {
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed start "$ID"
	expect_status 0
}

# The keeper's two processes: the one that state names, and its child.
keeper_of() {
	"$RUNTIME" --root "$T/state" state --format text "$ID" | sed -n 's/^keeper  *\([0-9]*\)$/\1/p'
}

child_of() {
	cut -d " " -f 1 "/proc/$1/task/$1/children"
}

# Names every process of the container's cgroup, as the host does.
pids_inside() {
	"$RUNTIME" --root "$T/state" ps --format json "$ID" | jq --raw-output '.[]?'
}

is_gone() {
	[ ! -e "/proc/$1" ] || [ "$(sed 's/.*) \(.\) .*/\1/' "/proc/$1/stat" 2>/dev/null)" = Z ]
}

has_daemons() {
	[ "$(pids_inside | wc -l)" -ge 3 ]
}

is_empty() {
	[ -z "$(pids_inside)" ]
}

# ends_between SECONDS SECONDS: the container has stopped after as much, not sooner and not later.
ends_between() {
	while [ "$(state_of)" != stopped ]; do
		[ $((SECONDS - began)) -le "$2" ] || fail "it lives after $((SECONDS - began)) s"
		sleep 0.1
	done
	[ $((SECONDS - began)) -ge "$1" ] || fail "it ended after $((SECONDS - began)) s"
}

# No process of a keeper outlives the container.
expect_no_keeper() {
	eventually is_gone "$1"
	eventually is_gone "$2"
}

daemons='(trap "" TERM; setsid sh -c "trap \"\" TERM; (setsid sleep 300 &) ; sleep 300" >/dev/null 2>&1 </dev/null &); trap "" TERM'

test_a_life_of_two_seconds_ends_everything_from_create_to_start() {
	lasting "$daemons"
	policy '{"session": {"ttl": "2s", "grace": "1s"}}'
	started
	began=$SECONDS
	keeper=$(keeper_of)
	[ -n "$keeper" ] || fail 'state names no keeper'
	child=$(child_of "$keeper")
	eventually has_daemons
	mapfile -t inside < <(pids_inside)
	hardened state --format text "$ID"
	expect_output_has 'layer      keeper: bulwark-keeper ends it when its time is over'
	expect_output_lacks 'nobody ends it'
	ends_between 2 8
	for pid in "${inside[@]}"; do eventually is_gone "$pid"; done
	expect_no_keeper "$keeper" "$child"
	hardened state --format text "$ID"
	expect_output_lacks 'has ended'
	governed delete "$ID"
	expect_status 0
	expect_nothing_left
}

# Without a pid namespace of its own nobody dies with the init.
test_who_has_left_an_init_in_the_host_s_pid_namespace_ends_too() {
	lasting "$daemons"
	config '.linux.namespaces |= map(select(.type != "pid"))'
	policy '{"extends": "compat", "session": {"ttl": "3s", "grace": "0"}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	began=$SECONDS
	eventually has_daemons
	ends_between 2 9
	eventually is_empty
	governed delete "$ID"
	expect_nothing_left
}

test_who_obeys_the_word_ends_as_it_likes() {
	lasting 'trap "echo told >/told; exit 7" TERM'
	policy '{"extends": "compat", "session": {"ttl": "1s", "grace": "1m"}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	began=$SECONDS
	ends_between 0 10
	expect_equal 'what it wrote' "$(cat "$ROOTFS/told")" told
}

test_a_created_container_does_not_age() {
	lasting true
	policy '{"session": {"ttl": "2s", "grace": "0"}}'
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
	sleep 3
	expect_equal state "$(state_of)" created
	governed start "$ID"
	expect_status 0
	began=$SECONDS
	ends_between 1 8
}

test_a_paused_container_ends_too() {
	lasting true
	policy '{"session": {"ttl": "2s", "grace": "1s"}}'
	started
	began=$SECONDS
	governed pause "$ID"
	expect_status 0
	ends_between 2 10
}

test_an_annotation_makes_a_life_shorter() {
	lasting true
	config '.annotations = {"org.bulwark.ttl": "2s"}'
	jq --null-input '{version: 1, default: "site", annotations: {ttl: true}, profiles: {site: {session: {ttl: "1h", grace: "0"}}}}' \
		>"$T/policy.json"
	chmod 600 "$T/policy.json"
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	began=$SECONDS
	ends_between 1 8
	# It asks for more, which changes nothing.
	governed delete "$ID"
	config '.annotations = {"org.bulwark.ttl": "2h"}'
	jq '.profiles.site.session.ttl = "2s"' "$T/policy.json" >"$T/policy.new"
	chmod 600 "$T/policy.new"
	mv "$T/policy.new" "$T/policy.json"
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	began=$SECONDS
	ends_between 1 8
}

# replaced WAS: another keeper than that one is there.
replaced() {
	local now
	now=$(keeper_of)
	[ -n "$now" ] && [ "$now" != "$1" ] && [ -n "$(child_of "$now")" ]
}

has_another_child() {
	local now
	now=$(child_of "$1")
	[ -n "$now" ] && [ "$now" != "$2" ]
}

test_a_keeper_that_is_killed_begins_anew_and_its_time_does_not() {
	lasting "$daemons"
	policy '{"session": {"ttl": "4s", "grace": "0"}}'
	started
	began=$SECONDS
	keeper=$(keeper_of)
	child=$(child_of "$keeper")
	sleep 2
	kill -9 "$child"
	eventually has_another_child "$keeper" "$child"
	# And the one that looks after it.
	child=$(child_of "$keeper")
	kill -9 "$keeper"
	eventually replaced "$keeper"
	expect_equal 'the one that state names' "$(keeper_of)" "$child"
	child=$(child_of "$(keeper_of)")
	keeper=$(keeper_of)
	ends_between 3 7
	expect_no_keeper "$keeper" "$child"
	governed delete "$ID"
	expect_nothing_left
}

test_without_its_keeper_a_container_is_not_started_and_says_so() {
	lasting true
	policy '{"session": {"ttl": "1m"}}'
	governed create --bundle "$BUNDLE" "$ID"
	keeper=$(keeper_of)
	child=$(child_of "$keeper")
	kill -STOP "$keeper"
	kill -9 "$child" "$keeper"
	eventually is_gone "$keeper"
	governed state --format text "$ID"
	expect_output_has 'keeper: bulwark-keeper has ended: nobody does what it did'
	governed start "$ID"
	expect_failure
	expect_error_has "the container's bulwark-keeper has ended: nobody would keep its time"
	governed delete --force "$ID"
	expect_nothing_left
}

test_delete_ends_the_keeper() {
	lasting true
	policy '{"session": {"ttl": "1h"}}'
	for verbs in create started; do
		if [ "$verbs" = created ]; then governed create --bundle "$BUNDLE" "$ID"; else started; fi
		keeper=$(keeper_of)
		child=$(child_of "$keeper")
		governed delete --force "$ID"
		expect_status 0
		is_gone "$keeper" || fail 'the keeper is left'
		is_gone "$child" || fail 'its child is left'
		expect_nothing_left
	done
}

test_it_can_do_little() {
	lasting true
	policy '{"session": {"ttl": "1h"}}'
	started
	keeper=$(keeper_of)
	for pid in "$keeper" $(child_of "$keeper"); do
		# CAP_DAC_OVERRIDE and CAP_KILL.
		expect_equal capabilities "$(sed -n 's/^CapEff:\t//p' "/proc/$pid/status")" 0000000000000022
		expect_equal 'bounding set' "$(sed -n 's/^CapBnd:\t//p' "/proc/$pid/status")" 0000000000000000
		expect_equal 'new privileges' "$(sed -n 's/^NoNewPrivs:\t//p' "/proc/$pid/status")" 1
		expect_equal filter "$(sed -n 's/^Seccomp:\t//p' "/proc/$pid/status")" 2
		expect_different 'the cgroup' "$(cgroup_of pids "$pid")" "$(cgroup_of pids "$(pid_of)")"
	done
}

test_where_there_is_no_keeper_a_container_says_so() {
	lasting true
	policy '{"session": {"ttl": "1s"}}'
	# It cannot be run any more, here.
	helper=$(grep --text --only-matching --max-count 1 "/[[:graph:]]*/bulwark-keeper" "$RUNTIME" | head -n 1)
	mount --bind /dev/null "$helper"
	governed create --bundle "$BUNDLE" "$ID"
	umount "$helper"
	expect_status 0
	governed state --format text "$ID"
	expect_output_has 'degraded   keeper: nobody ends it in time: bulwark-keeper cannot be run'
	expect_output_lacks 'layer      keeper'
}

test_a_container_without_a_limit_has_none() {
	lasting true
	hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	hardened state --format text "$ID"
	expect_output_lacks keeper
}

test_run_in_the_foreground_keeps_the_time_itself() {
	lasting true
	policy '{"session": {"ttl": "1s", "grace": "0"}}'
	governed run --keep --bundle "$BUNDLE" "$ID"
	expect_status 137
	[ ! -e "$T/state/$ID/keeper" ] || fail 'there was a keeper'
}

# ---- numbers and alerts -----------------------------------------------------------------------------------

# number NAME: of the container's measures.
number() {
	sed -n "s/^$1 //p" "$T/state/$ID/measures"
}

# at_least NAME NUMBER
at_least() {
	local now
	now=$(number "$1" 2>/dev/null)
	[ "${now:-0}" -ge "$2" ]
}

# The alerts that were told, one a line: name and action.
alerts() {
	[ ! -e "$T/state/$ID/alerts.jsonl" ] || jq --raw-output '"\(.alert) \(.action)"' "$T/state/$ID/alerts.jsonl"
}

is_told() {
	[ "$(alerts)" = "$1" ]
}

# busy: all of one processor, and no memory.
busy='while :; do :; done'

test_numbers_are_kept() {
	bundle
	script_args 'dd if=/dev/zero of=/dev/shm/hog bs=1M count=24 2>/dev/null; sleep 300 & sleep 300 & i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done; wait'
	config '.linux.resources.memory = {limit: 134217728}'
	policy '{"extends": "compat", "metrics": {"record": "require", "interval": "200ms"}, "limits": {"pids": 50}}'
	started
	eventually at_least cpu_usec 100000
	eventually at_least memory_bytes 24000000
	at_least memory_bytes 134217729 && fail 'more memory than there is'
	eventually at_least pids 3
	expect_equal 'limit of pids' "$(number pids_limit)" 50
	expect_equal 'limit of memory' "$(number memory_limit_bytes)" 134217728
	at_least cpu_usec 60000000 && fail 'more time than has passed'
	eventually at_least duration_ms 1
	hardened state --format text "$ID"
	expect_output_has 'layer      keeper: bulwark-keeper counts and watches'
	governed delete --force "$ID"
	expect_nothing_left
}

test_a_container_that_nobody_can_count_is_refused_where_that_is_required() {
	lasting true
	helper=$(grep --text --only-matching --max-count 1 "/[[:graph:]]*/bulwark-keeper" "$RUNTIME" | head -n 1)
	mount --bind /dev/null "$helper"
	policy '{"metrics": {"record": "require"}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	refused=$STATUS said=$ERR
	policy '{"metrics": {"record": "prefer"}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	umount "$helper"
	[ "$refused" != 0 ] || fail 'it was started'
	[[ $said == *'the policy requires numbers of a container: nobody counts and watches: bulwark-keeper cannot be run'* ]] ||
		fail "it said $said"
	expect_status 0
	governed state --format text "$ID"
	expect_output_has 'degraded   keeper: nobody counts and watches'
}

test_much_load_is_told_once_and_an_idle_container_is_silent() {
	needs_controller cpu
	bundle
	script_args "$busy"
	# So little that a busy machine has it.
	config '.linux.resources.cpu = {quota: 10000, period: 100000}'
	policy '{"metrics": {"record": "prefer", "interval": "200ms"}, "alerts": {"cpu": {"percent": 60, "for": "2s", "action": "alert"}}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually is_told 'cpu alert'
	expect_equal state "$(state_of)" running
	eventually at_least alerts 1
	sleep 1
	expect_equal alerts "$(alerts)" 'cpu alert'
	governed delete --force "$ID"
	config '.process.args = ["sleep", "300"]'
	governed run --detach --bundle "$BUNDLE" "$ID"
	sleep 3
	expect_equal alerts "$(alerts)" ''
	expect_equal 'number of alerts' "$(number alerts)" 0
}

test_throttle_takes_processor_time() {
	needs_controller cpu
	bundle
	script_args "$busy"
	# So little that a busy machine has it.
	config '.linux.resources.cpu = {quota: 10000, period: 100000}'
	policy '{"extends": "compat", "metrics": {"record": "prefer", "interval": "200ms"},
		"alerts": {"throttlePercent": 20, "cpu": {"percent": 60, "for": "1s", "action": "throttle"}}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	eventually is_told 'cpu throttle'
	expect_equal quota "$(limit_of cpu "$(pid_of)" cpu.cfs_quota_us cpu.max | cut -d ' ' -f 1)" 2000
	expect_equal state "$(state_of)" running
}

test_kill_ends_everything() {
	bundle
	script_args "(trap '' TERM; setsid sleep 300 >/dev/null 2>&1 </dev/null &); $busy"
	config '.linux.namespaces |= map(select(.type != "pid"))'
	policy '{"extends": "compat", "metrics": {"record": "prefer", "interval": "200ms"},
		"alerts": {"cpu": {"percent": 10, "for": "1s", "action": "kill"}}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually is_stopped
	eventually is_empty
	expect_equal alerts "$(alerts)" 'cpu kill'
}

test_steady_load_without_input_and_output_is_told() {
	needs_controller cpu
	bundle
	script_args "$busy"
	config '.linux.resources.cpu = {quota: 10000, period: 100000}'
	policy '{"extends": "compat", "metrics": {"record": "prefer", "interval": "500ms"},
		"alerts": {"steady": {"percent": 60, "spread": 40, "for": "3s"}}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	eventually is_told 'steady alert'
	governed delete --force "$ID"
	# Load with pauses.
	script_args 'while :; do i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done; sleep 1.5; done'
	governed run --detach --bundle "$BUNDLE" "$ID"
	sleep 5
	expect_equal alerts "$(alerts)" ''
}

# talks NAMESPACE: fifty thousand bytes go out of one end of its link, and into the other.
talks() {
	nsenter --net="$1" bash -c 'text=$(printf %01000d 0); for ((i = 0; i < 50; i++)); do printf %s "$text" >/dev/udp/10.99.0.2/9; done'
}

# A network that others had before, as a pod's.
test_what_came_before_it_by_its_network_is_not_its_own() {
	local network holder
	lasting true
	policy '{"extends": "hardened", "loosens": ["network.host", "network.guard"], "network": {"host": "allow", "guard": "prefer"},
		"metrics": {"record": "prefer", "interval": "200ms"}}'
	config '.linux.namespaces |= map(select(.type != "network"))'
	unshare --net sleep 300 &
	holder=$!
	network=/proc/$holder/ns/net
	eventually other_network "$holder"
	nsenter --net="$network" sh -c 'ip link add near type veth peer name far && ip addr add 10.99.0.1/24 dev near &&
		ip link set far address 02:00:00:00:00:02 up && ip link set near up && ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:02 dev near' ||
		skip "needs links of type veth"
	talks "$network"
	run nsenter --net="$network" "$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually at_least duration_ms 500
	[ "$(number net_out_bytes)" -lt 20000 ] || fail "$(number net_out_bytes) bytes have gone out"
	talks "$network"
	eventually at_least net_out_bytes 50000
	[ "$(number net_in_bytes)" -lt 90000 ] || fail "$(number net_in_bytes) bytes have come in"
	kill "$holder"
}

other_network() {
	[ "$(namespace_of "$1" net)" != "$(namespace_of self net)" ]
}

# What the warden and the witness write is root's; here a test writes it.
says() {
	printf '%s\n' "${@:2}" >>"$T/state/$ID/$1"
}

test_denied_destinations_are_counted_and_told() {
	lasting true
	policy '{"metrics": {"record": "prefer", "interval": "200ms"}, "alerts": {"destinations": {"count": 5, "per": "10s", "action": "kill"}}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	says egress.jsonl '{"time":"t","event":"connect","id":"x","name":"a.example","port":443}' \
		'{"time":"t","event":"closed","id":"x","name":"a.example","bytes_out":7,"bytes_in":12}' \
		'no line of ours' '["an","array"]' \
		'{"time":"t","event":"refused","id":"x","address":"192.0.2.1","port":80,"reason":"not listed","held_back":2}'
	eventually at_least destinations_denied 3
	expect_equal attempts "$(number network_connection_attempts)" 4
	expect_equal 'bytes out' "$(number net_out_bytes)" 7
	expect_equal 'bytes in' "$(number net_in_bytes)" 12
	expect_equal alerts "$(alerts)" ''
	# The line is whole when its newline is there.
	printf '{"time":"t","event":"dns-refused","id":"x",' >>"$T/state/$ID/egress.jsonl"
	sleep 0.5
	expect_equal denied "$(number destinations_denied)" 3
	says egress.jsonl '"name":"b.example"}' '{"time":"t","event":"refused","id":"x","name":"c.example"}'
	eventually is_stopped
	expect_equal alerts "$(alerts)" 'destinations kill'
	expect_equal denied "$(number destinations_denied)" 5
}

test_programs_are_counted() {
	lasting true
	policy '{"metrics": {"record": "prefer", "interval": "200ms"}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	printf 'allowed    %020d\ndenied     %020d\nunresolved %020d\n' 5 2 1 >"$T/state/$ID/programs"
	says programs.jsonl '{"time":"t","event":"start","id":"x"}' \
		'{"time":"t","event":"exec","id":"x","result":"denied","path":"/usr/local/bin/pip3.11","pid":4}' \
		'{"time":"t","event":"exec","id":"x","result":"allowed","path":"/usr/bin/npm","pid":4}' \
		'{"time":"t","event":"exec","id":"x","result":"denied","path":"/bin/pipe","pid":4}'
	eventually at_least package_install_attempts 2
	expect_equal executions "$(number executions)" 6
	expect_equal denied "$(number programs_denied)" 2
	expect_equal 'attempts to install' "$(number package_install_attempts)" 2
}

# recorded: the events of the trail of this container, of the kinds that the keeper writes.
recorded() {
	jq --raw-output --arg id "$ID" 'select(.id == $id and (.event | test("denied|time-limit|alert|size"))) |
		"\(.event) \(.tenant) \(.more.path // .more.name // .more.alert // "")"' "$T/log/audit.jsonl" 2>/dev/null
}

has_recorded() {
	[ "$(recorded | wc -l)" -ge "$1" ]
}

test_what_it_sees_is_on_record() {
	lasting true
	config '.annotations = {"org.bulwark.tenant": "acme"}'
	jq --null-input --arg file "$T/log/audit.jsonl" '{version: 1, default: "site", annotations: {tenant: true}, audit: {file: $file},
		profiles: {site: {session: {ttl: "4s", grace: "0"}, audit: {record: "all"},
			metrics: {record: "prefer", interval: "200ms"}, alerts: {destinations: {count: 1}}}}}' >"$T/policy.json"
	chmod 600 "$T/policy.json"
	mkdir -m 700 "$T/log"
	started
	says programs.jsonl '{"time":"t","event":"exec","id":"x","result":"denied","path":"/bin/sh","reason":"not listed","pid":4}' \
		'{"time":"t","event":"exec","id":"x","result":"allowed","path":"/bin/ls","pid":4}'
	says egress.jsonl '{"time":"t","event":"refused","id":"x","name":"a.example","reason":"not listed"}'
	eventually has_recorded 3
	eventually is_stopped
	eventually has_recorded 4
	expect_equal records "$(recorded)" "program-denied acme /bin/sh
destination-denied acme a.example
alert acme destinations
time-limit acme "
	governed audit verify
	expect_status 0
}

# The witness's own word, of a shell that is no listed program.
test_denied_programs_are_counted_and_on_record() {
	helper=$(grep --text --only-matching --max-count 1 "/[[:graph:]]*/bulwark-witness" "$RUNTIME" | head -n 1)
	[ -x "$helper" ] || { [ -x "$(dirname "$RUNTIME")/bulwark-witness" ] && install "$(dirname "$RUNTIME")/bulwark-witness" "$helper"; } ||
		skip 'needs bulwark-witness'
	bundle
	install -D "$ROOTFS/bin/busybox" "$ROOTFS/opt/pip"
	config '.process.args = ["/bin/busybox", "sh", "-c", "while :; do /opt/pip true; sleep 0.3; done"]'
	jq --null-input --arg file "$T/log/audit.jsonl" '{version: 1, default: "site", audit: {file: $file},
		profiles: {site: {audit: {record: "all"}, metrics: {record: "prefer", interval: "200ms"},
			programs: {allow: ["/bin/busybox", "/bin/sleep"], events: "prefer"}}}}' >"$T/policy.json"
	chmod 600 "$T/policy.json"
	mkdir -m 700 "$T/log"
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually at_least programs_denied 2
	eventually at_least package_install_attempts 2
	at_least executions 1 || fail 'nothing was executed'
	eventually has_recorded 2
	expect_equal 'the first record' "$(recorded | head -n 1)" 'program-denied null /opt/pip'
	governed delete --force "$ID"
	expect_nothing_left
}

# A container that is hardened, and no more, has no warden and no witness: nothing to bring.
test_a_hardened_container_has_no_keeper() {
	lasting true
	hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	[ -z "$(keeper_of)" ] || fail 'it has one'
}

test_a_keeper_that_is_killed_counts_on() {
	lasting true
	policy '{"metrics": {"record": "prefer", "interval": "200ms"}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	says egress.jsonl '{"time":"t","event":"refused","id":"x","name":"a.example"}'
	eventually at_least destinations_denied 1
	keeper=$(keeper_of)
	child=$(child_of "$keeper")
	kill -9 "$child"
	eventually has_another_child "$keeper" "$child"
	says egress.jsonl '{"time":"t","event":"refused","id":"x","name":"a.example"}'
	eventually at_least destinations_denied 2
	expect_equal denied "$(number destinations_denied)" 2
}

run_tests
