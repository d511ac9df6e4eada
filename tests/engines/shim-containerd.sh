#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# containerd of the distribution with bulwark's own shim: `ctr run --runtime io.containerd.bulwark.v2`.  What holds of
# containers with the other shim holds here too, and then what is a shim's own business: nothing is lost and nothing is
# left, whoever is killed.
#
#	SHIM=io.containerd.runc.v2	the same cases with runc's shim and bulwark as its binary: what they are held against
#	BULWARK_LONG=1			200 containers at once and 2000 in turn, not 40 and 100
. "$(dirname "$0")/engine.sh"
needs containerd ctr script sha256sum
SHIM=${SHIM:-io.containerd.bulwark.v2}
. "$(dirname "$0")/shim.sh"
. "$(dirname "$0")/containerd-cases.sh"

write_config
install_shim
start_containerd
import_image

# Of the container $ID, or of none.
bundle_of() {
	echo "/run/containerd/io.containerd.runtime.v2.task/$CGROUP/$ID"
}

expect_no_trace() {
	local left
	# containerd itself takes it away, after it has answered.
	eventually has_no_bundle
	has_no_state compat || fail "the state is still there"
	left=$(engine_cgroups | grep -F "/$ID" || true)
	[ -z "$left" ] || fail "cgroups are left: $left"
	! grep -F "/$ID/" /proc/self/mountinfo || fail "mounts are left"
	is_without_shim
}

has_no_bundle() {
	[ ! -e "$(bundle_of)" ]
}

# The other shim's socket stays where the shim was killed.
has_no_shim() {
	[ -z "$(shims)" ] || return
	! is_ours || [ -z "$(find /run/containerd/s -type s 2>/dev/null)" ]
}

is_without_shim() {
	(eventually has_no_shim) || {
		ps -eo pid,ppid,args
		ls -lR /run/containerd/s
		fail "a shim is left, or its socket"
	}
}

# ---- streams --------------------------------------------------------------------------------------------

reads_all() {
	local chosen
	choose "$1"
	head -c 3000000 /dev/urandom >"$T/in"
	command ctr run --rm "${chosen[@]}" "$image" "$ID" sh -c 'cat; echo "the end" >&2' <"$T/in" >"$T/out" 2>"$T/err"
	cmp "$T/in" "$T/out" || fail "other bytes came out"
	expect_equal "stderr" "$(cat "$T/err")" "the end"
	background "$1" -- sleep 300
	command ctr task exec --exec-id e "$ID" cat <"$T/in" >"$T/out" 2>"$T/err"
	cmp "$T/in" "$T/out" || fail "other bytes came out of exec"
}

test_three_megabytes_go_in_and_come_out() {
	in_both reads_all
}

# Who is not root may open its standard output again, as nginx does.
opens_again() {
	background "$1" -- sleep 300
	ctr task exec --user 1001:1001 --exec-id e "$ID" sh -c 'echo again >/dev/stdout; echo wrong >/dev/stderr'
	expect_status 0
	expect_output again
	[ "$ERR" = wrong ] || fail "stderr is \"$ERR\""
}

test_a_user_opens_the_streams_again() {
	is_ours || skip "the other shim does not know the user"
	in_both opens_again
}

# with_files PROFILE: one that stands on it and lets output go to files in $T/logs; its name.
with_files() {
	if ! is_ours || [ "$1" = compat ]; then
		echo "$1"
		return
	fi
	jq --null-input --arg base "$1" --arg logs "$T/logs" '{version: 1, default: "site", profiles: {site:
		{extends: $base, loosens: ["loggers.files"], loggers: {files: [$logs]}}}}' >"$work/files.json"
	chmod 600 "$work/files.json"
	echo "Policy = \"$work/files.json\"" >"$work/files.toml"
	echo files
}

logs() {
	rm -rf "$T/logs"
	background "$(with_files "$1")" --log-uri "file://$T/logs/all" -- sh -c 'echo one; echo two >&2; exit 4'
	eventually is_in_status STOPPED
	eventually logged two
	expect_equal "log" "$(sort "$T/logs/all")" $'one\ntwo'
	ctr task delete "$ID"
	[[ $ERR == *'exit code 4'* ]] || fail "the exit status is another"
}

logged() {
	grep --quiet --line-regexp "$1" "$T/logs/all"
}

test_a_file_takes_both_streams() {
	in_both logs
}

test_a_file_that_no_policy_names_takes_none() {
	is_ours || skip "the other shim writes to any file"
	in_profile hardened --detach --log-uri "file://$T/logs/all" -- true
	expect_failure
	expect_error_has "the policy refuses output to the file $T/logs/all"
	[ ! -e "$T/logs" ] || fail "its directory was made"
}

# A logging program reads the streams from descriptors 3 and 4, and closes 5 when it is ready.
logs_by_program() {
	cat >"$T/logger" <<-END
		#!/bin/sh
		exec 5>&-
		echo "\$CONTAINER_ID \$CONTAINER_NAMESPACE \$*" >$T/called
		cat <&3 >$T/out3 &
		cat <&4 >$T/out4
		wait
	END
	chmod 755 "$T/logger"
	jq --null-input --arg base "$1" --arg logger "$T/logger" '{version: 1, default: "site", profiles: {site:
		{extends: $base, loosens: ["loggers.allow"], loggers: {allow: [$logger]}}}}' \
		>"$work/loggers.json"
	chmod 600 "$work/loggers.json"
	echo "Policy = \"$work/loggers.json\"" >"$work/loggers.toml"
	background "$(is_ours && echo loggers || echo "$1")" --log-uri "binary://$T/logger?key=value" -- \
		sh -c 'echo one; echo two >&2'
	eventually is_in_status STOPPED
	ctr task delete "$ID"
	expect_status 0
	expect_equal "call" "$(cat "$T/called")" "$ID $CGROUP key value"
	expect_equal "stdout" "$(cat "$T/out3")" one
	expect_equal "stderr" "$(cat "$T/out4")" two
}

test_a_program_takes_both_streams() {
	in_both logs_by_program
}

test_a_program_that_no_policy_names_takes_none() {
	is_ours || skip "the other shim starts any program"
	in_profile hardened --detach --log-uri "binary:///bin/cat" -- true
	expect_failure
	expect_error_has 'the policy refuses the logger /bin/cat'
}

# ---- exec -----------------------------------------------------------------------------------------------

is_killed() {
	local signal
	background "$1" -- sleep 300
	for signal in KILL TERM; do
		command ctr task exec --exec-id "e$signal" "$ID" sleep 299 >"$T/said" 2>&1 &
		eventually has_processes 2
		ctr task kill --exec-id "e$signal" --signal "SIG$signal" "$ID"
		expect_status 0
		STATUS=0
		wait "$!" || STATUS=$?
		expect_status $((128 + $(kill -l "$signal")))
		eventually has_processes 1
	done
	is_in_status RUNNING || fail "its status is $(task_status)"
}

has_processes() {
	[ "$(command ctr task ps "$ID" | grep -c '^[0-9]')" = "$1" ]
}

test_an_exec_is_killed_alone() {
	in_both is_killed
}

executes_at_once() {
	local i pids=()
	background "$1" -- sleep 300
	for ((i = 0; i < 20; i++)); do
		command ctr task exec --exec-id "e$i" "$ID" sh -c "echo $i; exit $((i + 10))" >"$T/exec$i" 2>&1 &
		pids+=($!)
	done
	for ((i = 0; i < 20; i++)); do
		STATUS=0
		wait "${pids[i]}" || STATUS=$?
		expect_equal "status and output of exec $i" "$STATUS $(cat "$T/exec$i")" "$((i + 10)) $i"
	done
	has_processes 1 || fail "a process is left"
}

test_twenty_execs_at_once_have_their_own_status() {
	in_both executes_at_once
}

# ---- events ---------------------------------------------------------------------------------------------

watch_events() {
	command ctr events >"$T/events" 2>&1 &
	echo $! >"$T/processes"
	sleep 0.5
}

# The topics of $ID's events, with the exec's name or the status where they have one.
topics() {
	sed -n 's/^.* \(\/tasks\/[a-z-]*\) \({.*}\)$/\1 \2/p' "$T/events" | while read -r topic event; do
		jq --raw-output --arg id "$ID" --arg topic "${topic#/tasks/}" 'select(.container_id == $id) |
			[$topic, (.exec_id // (if .id == $id then null else .id end)), .exit_status] | map(values) | join(" ")' \
			<<<"$event"
	done
}

has_topic() {
	topics | grep --quiet "^$1"
}

tells() {
	local pid
	watch_events
	background "$1" -- sleep 300
	ctr task exec --exec-id one "$ID" sh -c 'exit 6'
	ctr task pause "$ID"
	ctr task resume "$ID"
	ctr task exec --detach --exec-id two "$ID" sleep 300
	pid=$(program_pid)
	kill -KILL "$pid"
	eventually is_in_status STOPPED
	ctr task delete "$ID"
	eventually has_topic delete
	expect_equal "events" "$(topics)" 'create
start
exec-added one
exec-started one
exit one 6
paused
resumed
exec-added two
exec-started two
exit two 137
exit 137
delete 137'
	end_processes
	rm "$T/processes"
	ctr container delete "$ID"
}

test_events_come_in_their_order() {
	in_both tells
}

tells_of_a_short_life() {
	local i
	watch_events
	for i in 1 2 3 4 5; do
		in_profile "$1" --rm -- sh -c "exit $i"
	done
	eventually has_five_ends
	expect_equal "events" "$(topics | paste -sd ' ')" "create start exit 1 delete 1 create start exit 2 delete 2 \
create start exit 3 delete 3 create start exit 4 delete 4 create start exit 5 delete 5"
	end_processes
	rm "$T/processes"
}

has_five_ends() {
	[ "$(topics | grep -c ^delete)" = 5 ]
}

test_the_shortest_life_has_all_its_events() {
	in_both tells_of_a_short_life
}

runs_out_of_memory() {
	watch_events
	background "$1" --memory-limit 16777216 -- sh -c 'sleep 1; head -c 100m /dev/zero | tail'
	eventually is_in_status STOPPED
	eventually has_topic oom
	end_processes
	rm "$T/processes"
}

test_running_out_of_memory_is_an_event() {
	needs_controller memory
	in_both runs_out_of_memory
}

# ---- who is killed --------------------------------------------------------------------------------------

kill_containerd() {
	local pid
	pid=$(cat "$work/containerd.pid")
	disown "$pid" 2>/dev/null || true
	kill -KILL "$pid"
	eventually is_gone "$pid"
}

# One container goes on, one has an exec in it, one ends while containerd is away.
outlives_containerd() {
	local pid name=$ID
	background "$(with_files "$1")" --log-uri "file://$T/logs/all" -- sh -c 'i=0; while :; do echo tick $((i = i + 1)); sleep 0.1; done'
	pid=$(program_pid)
	command ctr task exec --detach --exec-id going "$ID" sleep 300
	ID=$name-ends
	background "$1" -- sh -c 'while [ ! -e /tmp/end ]; do sleep 0.1; done; exit 7'
	END=/proc/$(program_pid)/root/tmp/end
	ID=$name-fifo
	background "$1" -- sh -c 'while :; do echo tock; sleep 0.1; done'
	kill_containerd
	touch "$END"
	TICKS=$(wc -l <"$T/logs/all")
	eventually more_ticks
	start_containerd
	ID=$name
	is_in_status RUNNING || fail "its status is $(task_status)"
	expect_equal pid "$(program_pid)" "$pid"
	has_processes 2 || has_processes 3 || fail "other processes: $(command ctr task ps "$ID")"
	TICKS=$(wc -l <"$T/logs/all")
	eventually more_ticks
	ctr task exec --exec-id e "$ID" sh -c 'echo alive; exit 5'
	expect_status 5
	expect_output alive
	ctr task kill --exec-id going --signal SIGKILL "$ID"
	expect_status 0
	ctr task kill --signal SIGKILL "$ID"
	eventually is_in_status STOPPED
	ctr task delete "$ID"
	[[ $ERR == *'exit code 137'* ]] || fail "the exit status is another"
	ID=$name-fifo
	# It would pass a signal that it can catch on to the container.
	timeout --signal=KILL 2 ctr task attach "$ID" >"$T/attached" 2>&1 || true
	grep --quiet tock "$T/attached" || fail "nothing comes from its fifo: $(cat "$T/attached")"
	is_in_status RUNNING || fail "its status is $(task_status)"
	ID=$name-ends
	# From 1.7 on containerd deletes who has no processes any more, with either shim.
	containerd --version | grep --quiet ' 1\.6\.' || is_in_status STOPPED || return 0
	is_in_status STOPPED || fail "the status of who has ended is $(task_status)"
	ctr task delete "$ID"
	[[ $ERR == *'exit code 7'* ]] || fail "the exit status is another"
}

more_ticks() {
	[ "$(wc -l <"$T/logs/all")" -gt $((TICKS + 3)) ]
}

test_containers_outlive_a_containerd_that_is_killed() {
	in_both outlives_containerd
}

outlives_nobody() {
	local pid
	background "$1" --memory-limit 33554432 -- sh -c 'sleep 300 & sleep 300'
	command ctr task exec --detach --exec-id e "$ID" sleep 300
	kill -KILL "$(shim_pid)"
	eventually is_in_status ''
	ctr container delete "$ID"
	expect_status 0
	expect_no_trace
}

test_nothing_is_left_of_a_container_whose_shim_is_killed() {
	in_both outlives_nobody
}

# With containerd away as well, the next containerd finds out.
loses_both() {
	local shim
	background "$1" -- sleep 300
	shim=$(shim_pid)
	kill_containerd
	kill -KILL "$shim"
	start_containerd
	eventually is_in_status ''
	ctr container delete "$ID"
	expect_status 0
	expect_no_trace
}

test_nothing_is_left_when_both_are_killed() {
	in_both loses_both
}

# ---- many -----------------------------------------------------------------------------------------------

count() {
	[ -z "${BULWARK_LONG:-}" ] && echo "$1" || echo "$2"
}

# The n-th ends with its own status and its own word.
one_of_many() {
	local status=0 said chosen
	choose "$1"
	said=$(command ctr run --rm "${chosen[@]}" "$image" "$ID-$2" sh -c "echo $2; exit $(($2 % 100 + 1))" 2>&1 </dev/null) ||
		status=$?
	[ "$status $said" = "$(($2 % 100 + 1)) $2" ] || echo "container $2: status $status, \"$said\"" >>"$T/wrong"
}

expect_none_wrong() {
	[ ! -e "$T/wrong" ] || fail "$(cat "$T/wrong")"
	expect_equal "list of containers" "$(command ctr container list --quiet)" ''
	expect_no_trace
}

at_once() {
	local i n
	n=$(count 40 200)
	for ((i = 0; i < n; i++)); do
		one_of_many "$1" "$i" &
	done
	wait
	expect_none_wrong
}

test_many_at_once_miss_no_status() {
	in_both at_once
}

in_turn() {
	local i n
	n=$(count 50 1000)
	for ((i = 0; i < n; i++)); do
		one_of_many "$1" "$i"
	done
	expect_none_wrong
}

test_many_in_turn_leave_nothing() {
	in_both in_turn
}

# All of a group in one shim, which ends with the last.
shares_a_shim() {
	local i name=$ID
	for i in 1 2 3; do
		ID=$name-$i
		background "$1" --annotation "io.containerd.runc.v2.group=$name" \
			--annotation "io.containerd.bulwark.v2.group=$name" -- sh -c "while [ ! -e /tmp/end ]; do sleep 0.1; done; exit $i"
	done
	expect_equal "number of shims" "$(shims | wc -l)" 1
	ID=$name-2
	ctr task kill --signal SIGKILL "$ID"
	eventually is_in_status STOPPED
	ctr task delete "$ID"
	[[ $ERR == *'exit code 137'* ]] || fail "the exit status is another"
	expect_equal "number of shims" "$(shims | wc -l)" 1
	for i in 1 3; do
		ID=$name-$i
		is_in_status RUNNING || fail "its status is $(task_status)"
		ctr task exec --exec-id e "$ID" touch /tmp/end
		expect_status 0
		eventually is_in_status STOPPED
		ctr task delete "$ID"
		[[ $ERR == *"exit code $i"* ]] || fail "the exit status is another"
	done
	is_without_shim
}

test_a_group_has_one_shim() {
	in_both shares_a_shim
}

# ---- what the policy decides ----------------------------------------------------------------------------

# One sentence, and nothing of the container is left.
expect_one_sentence() {
	expect_failure
	expect_error_has "$1"
	expect_equal "number of lines" "$(wc -l <<<"$ERR")" 1
	expect_no_trace
}

test_a_refusal_is_one_sentence_and_leaves_nothing() {
	in_profile hardened --privileged -- true
	expect_one_sentence 'profile "hardened" refuses '
	command ctr container delete "$ID"
	in_profile hardened --net-host -- true
	expect_one_sentence '(rule network)'
	command ctr container delete "$ID"
	in_profile hardened --mount type=bind,src=/etc/shadow,dst=/mnt,options=rbind:ro -- true
	expect_one_sentence '(rule mounts.source)'
}

test_a_checkpoint_is_refused_with_its_reason() {
	background hardened -- sleep 300
	ctr task checkpoint --image-path "$T/image" "$ID"
	expect_failure
	expect_error_has 'checkpoint: profile hardened refuses it'
	expect_equal "number of lines" "$(wc -l <<<"$ERR")" 1
	is_in_status RUNNING || fail "its status is $(task_status)"
	ctr task exec --exec-id e "$ID" true
	expect_status 0
}

# containerd puts a line of its own behind what a start has said.
expect_no_start() {
	expect_failure
	expect_error_has "$1"
	expect_no_trace
}

# What another runtime has made ends as a child of the shim's all the same.
test_another_runtime_makes_a_container() {
	is_ours || skip "settings are those of bulwark's shim"
	command -v runsc >/dev/null || skip "needs runsc"
	policy "$(jq --null-input --arg program "$(readlink -f "$(command -v runsc)")" '{extends: "hardened",
		loosens: ["backend.delegate", "backend.args", "backend.ignores"],
		backend: {delegate: $program, args: ["--network=none"], ignores: ["apparmor", "baseline", "maskedPaths",
			"readonlyPaths", "rootfs", "seccomp", "securebits", "sysctl", "tmpfsInodes"]}}')"
	mv "$T/policy.json" "$work/sandboxed.json"
	echo "Policy = \"$work/sandboxed.json\"" >"$work/settings.toml"
	in_profile settings --rm -- sh -c 'id -u; dmesg | grep -c gVisor; exit 3'
	expect_status 3
	expect_output $'1001\n1'
	background settings -- sleep 300
	ctr task exec --exec-id one "$ID" sh -c 'id -u; exit 5'
	expect_status 5
	expect_output 1001
	ctr task kill --signal KILL "$ID"
	expect_status 0
	eventually is_in_status STOPPED
	ctr task delete "$ID"
	ctr container delete "$ID"
	expect_status 0
}

test_settings_that_cannot_be_read_are_an_error() {
	is_ours || skip "settings are those of bulwark's shim"
	rm -f "$work/settings.toml"
	in_profile settings -- true
	expect_no_start settings.toml
	command ctr container delete "$ID"
	echo 'Profile = "no-such-profile"' >"$work/settings.toml"
	in_profile settings -- true
	expect_no_start no-such-profile
	command ctr container delete "$ID"
	echo 'Nonsense = 1' >"$work/settings.toml"
	in_profile settings -- true
	expect_no_start settings.toml
}

# The policy's own file of this site, named by the settings.
test_settings_name_a_policy() {
	is_ours || skip "settings are those of bulwark's shim"
	jq --null-input '{version: 1, default: "site", profiles: {site: {extends: "hardened", user: {uid: 4321}}}}' \
		>"$work/site.json"
	chmod 600 "$work/site.json"
	echo "Policy = \"$work/site.json\"" >"$work/site.toml"
	in_profile site --rm -- id -u
	expect_status 0
	expect_output 4321
}

test_the_image_s_root_is_root_of_a_range_of_ids() {
	is_ours || skip "settings are those of bulwark's shim"
	jq --null-input '{version: 1, default: "ranged", profiles: {ranged:
		{extends: "hardened", loosens: ["user.root"], user: {root: "userns", idmap: "require"}}}}' >"$work/ranged.json"
	chmod 600 "$work/ranged.json"
	echo "Policy = \"$work/ranged.json\"" >"$work/ranged.toml"
	in_profile ranged --rm -- sh -c 'id -u; stat -c %u:%g /etc/passwd /bin/busybox; tr -s " " </proc/self/uid_map; echo text >/dev/stdout; touch /x'
	expect_status 1
	expect_line 0
	expect_line 0:0
	expect_line text
	grep --quiet '^ 0 2[0-9]* 65536$' <<<"$OUT" || fail "it has no range"
}

test_nothing_is_left_when_containerd_ends() {
	after_case
	end_daemon containerd
	expect_engine_left_nothing /run/containerd /var/lib/containerd
	is_without_shim
}

measure_or_test
