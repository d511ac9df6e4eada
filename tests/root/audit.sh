#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The audit trail: each thing that is done to a container is on record, refusals too; what cannot be recorded is refused
# where the policy says so; whatever happens to writers, disk and file is found afterwards.
. "$(dirname "$0")/lib.sh"

# policy [ROWS OF THE SECTION audit] [PROFILE p]: a policy file whose trail is $TRAIL, and whose default is p where there is one.
policy() {
	TRAIL=$T/log/audit.jsonl
	jq --null-input --arg file "$TRAIL" --arg default "${2:+p}" "{version: 1, audit: ({file: \$file} + {${1:-}}), profiles: {${2:-}},
		default: (if \$default == \"\" then \"hardened\" else \$default end)}" >"$T/policy.json"
	RUNTIME_FLAGS="--policy $T/policy.json"
}

# events [JQ FILTER OF A LINE]: the words of the events in the trail, in one line.
events() {
	jq --raw-output "select(${1:-true}) | .event" "$TRAIL" | tr '\n' ' '
}

# expect_events WORD...: those of $ID, without what this host lacks.
expect_events() {
	local found
	found=$(events ".id == \"$ID\" and .event != \"degraded\"")
	[ "$found" = "$* " ] || fail "events are \"$found\", expected \"$*\""
}

expect_whole() {
	container audit verify
	expect_status 0
	expect_output_has "whole: "
}

test_a_life_is_on_record() {
	bundle
	policy
	script_args 'sleep 60'
	container create --bundle "$BUNDLE" "$ID"
	container start "$ID"
	container exec "$ID" sh -c 'exit 5'
	expect_status 5
	container pause "$ID"
	container resume "$ID"
	container update --pids-limit 100 "$ID"
	container kill "$ID" KILL
	eventually is_stopped
	container delete "$ID"
	expect_status 0
	expect_events create start exec exit pause resume update kill delete
	[ "$(stat -c '%a %U' "$TRAIL" "$T/log")" = $'600 root\n700 root' ] || fail "modes are $(stat -c '%a %U' "$TRAIL" "$T/log")"
	[ "$(jq --raw-output 'select(.event == "exec") | .more.program + " " + .more.user' "$TRAIL")" = "sh 1001:1001" ] ||
		fail "exec says something else"
	[ "$(jq --raw-output 'select(.event == "exit") | .more.process + " " + .more.code' "$TRAIL")" = "exec 5" ] ||
		fail "exit says something else"
	! grep -F 'exit 5' "$TRAIL" || fail "arguments are in the trail"
	[ "$(jq --raw-output 'select(.event == "create") | .policy' "$TRAIL")" = "$(sha256sum <"$T/policy.json" | cut -d ' ' -f 1)" ] ||
		fail "the hash is another file's"
	[ "$(jq 'select(.event == "create") | .more.changed | tonumber > 10' "$TRAIL")" = true ] || fail "create says of no change"
	expect_whole
}

test_a_run_in_the_foreground_is_on_record_with_its_end() {
	bundle
	policy
	script_args 'exit 7'
	container run --bundle "$BUNDLE" "$ID"
	expect_status 7
	expect_events create start exit delete
	[ "$(jq --raw-output 'select(.event == "exit") | .more.code' "$TRAIL")" = 7 ] || fail "the code is another"
	# What this host lacks is in the state in the same words.
	container run --detach --bundle "$BUNDLE" "$ID-d"
	jq --raw-output ".degraded[]?" "$T/state/$ID-d/state.json" >"$T/lacking"
	jq --raw-output "select(.event == \"degraded\" and .id == \"$ID-d\") | .reason" "$TRAIL" >"$T/recorded"
	cmp "$T/lacking" "$T/recorded"
	expect_whole
}

test_compat_has_no_record() {
	bundle
	policy
	RUNTIME_FLAGS+=" --profile compat"
	container run --bundle "$BUNDLE" "$ID"
	expect_status 0
	config '.root.path = "nowhere"'
	container run --bundle "$BUNDLE" "$ID"
	expect_failure
	[ ! -e "$T/log" ] || fail "$T/log is there"
}

test_a_refusal_is_on_record() {
	bundle
	policy
	script_args 'sleep 60'
	container create --preserve-fds 1 --bundle "$BUNDLE" "$ID" 3</dev/null
	expect_failure
	expect_events refusal
	config '.linux.namespaces |= map(select(.type != "network"))'
	container create --bundle "$BUNDLE" "$ID-2"
	expect_failure
	[ "$(jq --raw-output "select(.id == \"$ID-2\") | .event + \" \" + .rule + \" \" + .profile + \" \" + .more.field" "$TRAIL")" = \
		"refusal network hardened /linux/namespaces" ] || fail "the refusal is $(tail -n 1 "$TRAIL")"
	[ "$(jq --raw-output "select(.id == \"$ID-2\") | .reason" "$TRAIL")" = "${ERR#*level=error msg=}" ] ||
		expect_error_has "$(jq --raw-output "select(.id == \"$ID-2\") | .reason" "$TRAIL")"
	expect_whole
}

test_refusals_alone_are_recorded_where_the_policy_says_so() {
	bundle
	policy '' 'p: {extends: "hardened", loosens: ["audit.record"], audit: {record: "refusals"}}'
	container run --bundle "$BUNDLE" "$ID"
	expect_status 0
	container run --preserve-fds 1 --bundle "$BUNDLE" "$ID" 3</dev/null
	expect_failure
	expect_events refusal
}

test_exec_goes_by_what_was_decided_at_create() {
	bundle
	policy
	script_args 'sleep 60'
	container run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	echo '{"version": 1, "default": "compat"}' >"$T/policy.json"
	container exec --preserve-fds 1 "$ID" true 3</dev/null
	expect_failure
	container exec "$ID" true
	expect_status 0
	expect_events create start refusal exec exit
}

test_a_policy_file_that_is_wrong_is_a_refusal_on_record() {
	bundle
	unshare --mount --propagation private bash -c '
		set -e
		directory=$(grep --text --only-matching --max-count=1 "/[[:print:]]*/log/bulwark/audit\.jsonl" "$1" | head -n 1)
		directory=${directory%/*}
		mkdir -p "$directory"
		mount -t tmpfs -o mode=700 tmpfs "$directory"
		echo "{\"version\": 1, \"defult\": 1}" >"$2/policy.json"
		! "$1" --root "$2/state" --policy "$2/policy.json" create --bundle "$3" "$4" 2>"$2/err" || exit 9
		cp "$directory/audit.jsonl" "$2/trail"' - "$RUNTIME" "$T" "$BUNDLE" "$ID"
	[ "$(jq --raw-output '.event + " " + .id + " " + .more.code' "$T/trail")" = "refusal $ID policy" ] ||
		fail "the trail is $(cat "$T/trail")"
}

# ---- a full disk ------------------------------------------------------------------------------------

# small_disk: where the trail is there are 64 KiB, and then none.
small_disk() {
	mkdir "$T/log"
	mount -t tmpfs -o size=64k,mode=700 tmpfs "$T/log"
	dd if=/dev/zero of="$T/log/full" bs=1k 2>/dev/null || true
}

test_on_a_full_disk_containers_go_on_where_the_policy_says_so() {
	bundle
	policy
	small_disk
	container run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_error_has "create of $ID is not on record: audit: write $TRAIL: no space left on device"
	container run --preserve-fds 1 --bundle "$BUNDLE" "$ID" 3</dev/null
	expect_failure
	expect_error_has "passes no descriptors of the host"
	expect_error_has "refusal of $ID is not on record"
	rm "$T/log/full"
	container run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_whole
}

# nothing_starts VERB
nothing_starts() {
	local ID=$ID-new
	container "$1" --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "the policy refuses what cannot be recorded: audit: write $TRAIL"
	[ ! -e "$T/state/$ID" ] || fail "state directory is still there"
	[ -z "$(cgroups_of "$ID")" ] || fail "cgroups are left: $(cgroups_of "$ID")"
}

test_on_a_full_disk_nothing_starts_where_the_policy_says_so() {
	bundle
	policy '' 'p: {audit: {onFailure: "refuse"}}'
	script_args 'sleep 60'
	container run --detach --bundle "$BUNDLE" "$ID-runs"
	container create --bundle "$BUNDLE" "$ID-waits"
	expect_status 0
	mv "$T/log" "$T/log.before"
	small_disk
	nothing_starts create
	nothing_starts run
	container start "$ID-waits"
	expect_failure
	[ "$(state_of "$ID-waits")" = created ] || fail "it is $(state_of "$ID-waits")"
	container exec "$ID-runs" true
	expect_failure
	expect_error_has "the policy refuses what cannot be recorded"
	# What ends a container is never refused.
	container kill "$ID-runs" KILL
	expect_status 0
	rm "$T/log/full"
	container start "$ID-waits"
	expect_status 0
	expect_whole
}

# A disk that takes part of a line: what it has taken is taken back.
test_no_half_line_is_left_on_a_full_disk() {
	bundle
	policy
	mkdir "$T/log"
	mount -t tmpfs -o size=64k,mode=700 tmpfs "$T/log"
	container run --bundle "$BUNDLE" "$ID"
	for ((i = 0; i < 12 && STATUS == 0; i++)); do
		dd if=/dev/zero of="$T/log/fill.$i" bs=4k count=1 2>/dev/null || break
	done
	for ((i = 0; i < 10; i++)); do
		container run --bundle "$BUNDLE" "$ID"
		expect_status 0
	done
	[[ $ERR == *"no space left on device"* ]] || fail "the disk did not become full"
	[ "$(tail -c 1 "$TRAIL" | od -An -tx1)" = " 0a" ] || fail "half a line stands at the end"
	expect_whole
}

# ---- what is done to writers and to the file --------------------------------------------------------

test_killed_writers_leave_what_is_explained() {
	local i pid
	bundle
	policy 'maxBytes: 65536, keep: 99'
	script_args true
	for ((i = 0; i < 20; i++)); do
		"$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID-$i" 2>/dev/null &
		pid=$!
		sleep "0.0$((i % 7 + 1))"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	container run --bundle "$BUNDLE" "$ID"
	expect_status 0
	container audit verify
	[ "$STATUS" = 0 ] || [ "$STATUS" = 3 ] || fail "the trail is damaged"
	[ "$(jq -R 'fromjson? | .seq' "$TRAIL"* | sort -n | uniq -d | wc -l)" = 0 ] || fail "a number is there twice"
}

test_containers_at_the_same_time_make_one_chain() {
	local i
	bundle
	policy 'maxBytes: 65536, keep: 99'
	for ((i = 0; i < 20; i++)); do
		"$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID-$i" 2>>"$T/errors" &
	done
	wait
	! grep -F "not on record" "$T/errors" || fail "something was not recorded"
	expect_whole
	cat "$TRAIL"* >"$T/all"
	[ "$(jq --raw-output 'select(.event == "delete") | .id' "$T/all" | sort -u | wc -l)" = 20 ] || fail "ends are missing"
}

test_tampering_is_found() {
	local original
	bundle
	policy
	container run --bundle "$BUNDLE" "$ID"
	container run --bundle "$BUNDLE" "$ID"
	expect_whole
	original=$T/original
	cp "$TRAIL" "$original"
	damaged() {
		container audit verify
		expect_status 1
		expect_output_has "$1"
		cp "$original" "$TRAIL"
	}
	sed -i '3s/hardened/Hardened/' "$TRAIL"
	damaged "$TRAIL:3: hash "
	sed -i 3d "$TRAIL"
	damaged "$TRAIL:3: sequence number 3 expected, 4 found: 1 lines before it are missing"
	sed -i '3{p}' "$TRAIL"
	damaged "$TRAIL:4: sequence number 4 expected, 3 found: the line was put in or moved here"
	sed -i '3{h;d};4{G}' "$TRAIL"
	damaged "$TRAIL:3: sequence number 3 expected, 4 found"
	sed -i '3s/$/ /' "$TRAIL"
	damaged "$TRAIL:3: a record expected"
	head -c 100 /dev/zero >>"$TRAIL"
	echo >>"$TRAIL"
	damaged "a record expected"
	# What is cut off at the end shows by what was kept.
	container audit verify
	anchor=${OUT#*numbers 1 to }
	anchor=${anchor%%,*}:${OUT##* }
	container audit verify --anchor "$anchor"
	expect_status 0
	sed -i '$d' "$TRAIL"
	expect_whole
	container audit verify --anchor "$anchor"
	expect_status 1
	expect_output_has "expected, for its hash was kept"
}

test_a_torn_line_is_closed_by_the_next_writer() {
	bundle
	policy
	container run --bundle "$BUNDLE" "$ID"
	printf '{"seq":7,"time":"2026-' >>"$TRAIL"
	container audit verify
	expect_status 3
	expect_output_has "explained by a crash: the line is not finished (22 bytes)"
	container run --bundle "$BUNDLE" "$ID"
	expect_status 0
	container audit verify
	expect_status 3
	expect_output_has "the next one says so"
	container audit show --event torn
	expect_output_has "the line before was not finished by its writer"
}

test_rotation_goes_on_with_the_chain() {
	local i
	bundle
	policy 'maxBytes: 65536, keep: 2'
	for ((i = 0; i < 45; i++)); do
		"$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID" 2>>"$T/errors"
		[ ! -e "$TRAIL.2" ] || [ "$i" -lt 40 ] || break
	done
	[ -e "$TRAIL.1" ] || fail "there is no older file"
	[ "$(stat -c %s "$TRAIL.1")" -le 65536 ] || fail "the older file is too large"
	expect_whole
	container audit verify "$TRAIL.1" "$TRAIL"
	expect_status 0
	container audit verify "$TRAIL" "$TRAIL.1"
	expect_status 1
}

test_a_trail_that_others_may_write_is_not_used() {
	bundle
	policy '' 'p: {audit: {onFailure: "refuse"}}'
	mkdir --mode=0777 "$T/log"
	container run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "can be written by others"
	chmod 700 "$T/log"
	ln -s "$T/elsewhere" "$TRAIL"
	container run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "is a symbolic link"
	[ ! -e "$T/elsewhere" ] || fail "it was followed"
	expect_nothing_left
}

test_show_finds_what_is_asked_for() {
	bundle
	policy
	jq '.annotations = {tenant: true}' "$T/policy.json" >"$T/p" && mv "$T/p" "$T/policy.json"
	container run --bundle "$BUNDLE" "$ID"
	config '.annotations = {"org.bulwark.tenant": "t1"}'
	container run --bundle "$BUNDLE" "$ID-2"
	container audit show --tenant t1 --event exit
	[ "$(wc -l <<<"$OUT")" = 1 ] || fail "more than one line"
	expect_output_has " exit $ID-2 tenant=t1 profile=hardened process=init code=0"
	container audit show --id "$ID" --format json --event start
	[ "$(jq --raw-output .id <<<"$OUT")" = "$ID" ] || fail "it is another"
	container audit show --since 1h --event start
	[ "$(wc -l <<<"$OUT")" = 2 ] || fail "not both"
	container audit show --since 2999-01-01
	expect_output ""
	container audit show --event sart
	expect_status 2
}

# ---- sinks ------------------------------------------------------------------------------------------

test_journald_and_syslog_are_told_the_number_and_the_hash() {
	needs python3
	bundle
	policy 'sinks: ["journald", "syslog"]'
	unshare --mount --propagation private bash -c '
		set -e
		mkdir -p /run/systemd
		mount -t tmpfs tmpfs /run/systemd
		mkdir /run/systemd/journal
		mkdir "$2/dev"
		mount -t tmpfs -o mode=755 tmpfs "$2/dev"
		cp --archive /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty "$2/dev"
		python3 -c "
import json, os, socket, sys, time
journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
journal.bind(\"/run/systemd/journal/socket\")
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind(sys.argv[1] + \"/dev/log\")
open(sys.argv[1] + \"/ready\", \"w\").close()
journal.settimeout(20)
log.settimeout(20)
out = {\"journal\": [], \"syslog\": []}
while not out[\"journal\"] or \"BULWARK_EVENT=delete\" not in out[\"journal\"][-1]:
    out[\"journal\"].append(journal.recv(65536).decode())
while not out[\"syslog\"] or \"\\\"delete\\\"\" not in out[\"syslog\"][-1]:
    out[\"syslog\"].append(log.recv(65536).decode())
json.dump(out, open(sys.argv[1] + \"/told\", \"w\"))
" "$2" &
		for i in $(seq 100); do [ -e "$2/ready" ] || sleep 0.05; done
		mount --bind "$2/dev" /dev
		"$1" --root "$2/state" --policy "$2/policy.json" run --bundle "$3" "$4"
		wait' - "$RUNTIME" "$T" "$BUNDLE" "$ID"
	[ "$(jq '.journal | length' "$T/told")" = "$(wc -l <"$TRAIL")" ] || fail "the journal has another number of entries"
	hash=$(tail -n 1 "$TRAIL" | tr -d '\n' | sha256sum | cut -d ' ' -f 1)
	jq --raw-output '.journal[-1]' "$T/told" >"$T/last"
	grep -x "BULWARK_HASH=$hash" "$T/last"
	grep -x "BULWARK_SEQ=$(wc -l <"$TRAIL")" "$T/last"
	grep -x "BULWARK_RECORD=$(tail -n 1 "$TRAIL")" "$T/last"
	grep -x "MESSAGE=delete $ID" "$T/last"
	[[ $(jq --raw-output '.syslog[-1]' "$T/told") =~ ^\<86\>[A-Z][a-z][a-z]\ [\ 0-9][0-9]\ [0-9:]{8}\ bulwark\[[0-9]+\]:\ seq=[0-9]+\ hash=$hash\ \{ ]] ||
		fail "syslog has $(jq --raw-output '.syslog[-1]' "$T/told")"
}

test_a_sink_that_is_not_there_is_a_warning() {
	bundle
	policy 'sinks: ["journald"]' 'p: {audit: {onFailure: "refuse"}}'
	[ ! -e /run/systemd/journal/socket ] || skip "this host has a journal"
	container run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_error_has "audit: journald was not told of create: /run/systemd/journal/socket: no such file or directory"
	expect_whole
}

run_tests
