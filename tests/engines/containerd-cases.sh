# shellcheck shell=bash disable=SC2153,SC2154 # $work and $STATUS are of engine.sh
# SPDX-License-Identifier: Apache-2.0
# containerd of the distribution, and what holds of a container in it whichever shim it has.  Who sources this, after
# engine.sh, says before how a container gets its profile and where its state is:
#
#	choose NAME	sets `chosen` to the options with which `ctr run` starts a container under compat, hardened, bulwark
#			(no profile named) or with runc
#	states NAME	the directory of those containers' states
#
# A shim that containerd is to find is put into $work/bin, before start_containerd.

write_config() {
	cat >"$work/config.toml" <<-END
		version = 2
		root = "/var/lib/containerd"
		state = "/run/containerd"
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		[grpc]
		  address = "/run/containerd/containerd.sock"
	END
}

start_containerd() {
	PATH=$work/bin:$PATH daemon containerd containerd --config "$work/config.toml"
	comes_up containerd command ctr version
}

image=docker.io/library/busybox:local
export CONTAINERD_NAMESPACE=$CGROUP CONTAINERD_ADDRESS=/run/containerd/containerd.sock

import_image() {
	cp --archive "$work/template/rootfs" "$work/image"
	printf '#!/bin/sh\necho no\n' >"$work/image/bin/not-executable"
	image_archive "$work/image" "$image" | command ctr image import - >/dev/null
}

ctr() {
	run ctr "$@"
}

# in_profile NAME [OPTION]... -- COMMAND...: ctr run of a container named $ID.
in_profile() {
	local options=() chosen
	choose "$1"
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	ctr run "${chosen[@]}" "${options[@]}" "$image" "$ID" "$@"
}

# background NAME [OPTION]... -- COMMAND...: the same, and it goes on.
background() {
	in_profile "$1" --detach "${@:2}"
	expect_status 0
}

task_status() {
	command ctr task list | awk -v id="$ID" '$1 == id { print $3 }'
}

is_in_status() {
	[ "$(task_status)" = "$1" ]
}

program_pid() {
	command ctr task list | awk -v id="$ID" '$1 == id { print $2 }'
}

after_case() {
	local id
	! is_gone "$(cat "$work/containerd.pid")" || return 0
	for id in $(command ctr task list --quiet); do
		command ctr task delete --force "$id" >/dev/null 2>&1
	done
	for id in $(command ctr container list --quiet); do
		command ctr container delete "$id" >/dev/null
	done
}

# Once, for measure_or_test.
once() {
	local chosen
	choose "$1"
	command ctr run --rm "${chosen[@]}" "$image" "once-$RANDOM" true
}

# ---- beside runc ----------------------------------------------------------------------------------------

# as_runc [OPTION]... -- COMMAND...
as_runc() {
	local status out err
	in_profile runc --rm "$@"
	status=$STATUS out=$OUT err=$(normalized "$ERR")
	after_case
	in_profile compat --rm "$@"
	expect_equal "exit status" "$STATUS" "$status"
	expect_equal "stdout" "$OUT" "$out"
	[ "$status" = 0 ] || expect_equal "stderr" "$(normalized "$ERR")" "$err"
	after_case
}

test_an_ordinary_container_is_what_runc_makes() {
	as_runc -- sh -c 'id; pwd; env | sort; grep -E "^(Cap|NoNew|Seccomp:|Groups)" /proc/self/status; ulimit -a'
	as_runc -- sh -c 'ls /dev | sort; cut -d " " -f 2 /proc/mounts | sort | grep -v /sys/fs/cgroup/unified
		ip -o link | cut -d : -f 2'
}

test_options_do_what_they_do_with_runc() {
	as_runc --user 1001:7 --cwd /tmp --env KEY=value -- sh -c 'id; pwd; echo $KEY'
	as_runc --read-only -- touch /file
	as_runc --cap-add CAP_SYS_ADMIN --cap-drop CAP_CHOWN -- grep ^Cap /proc/self/status
	as_runc --seccomp -- grep ^Seccomp: /proc/self/status
	as_runc --net-host -- ls /sys/class/net
	as_runc --memory-limit 33554432 -- sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>&1'
	as_runc --cpu-quota 25000 --cpu-period 100000 -- true
}

test_exit_statuses_and_errors_are_those_of_runc() {
	as_runc -- true
	as_runc -- sh -c 'exit 42'
	as_runc -- no-such-program
	as_runc -- /no/such/program
	as_runc -- not-executable
	as_runc -- /bin/not-executable
}

# ---- the life of a container, in both profiles ----------------------------------------------------------

runs() {
	in_profile "$1" --rm -- sh -c 'echo out; echo err >&2; exit 3'
	expect_status 3
	expect_output out
	[ "$ERR" = err ] || fail "stderr is \"$ERR\""
	command ctr container list --quiet | grep . && fail "the container is still there"
	OUT=$(find "$(states "$1")" -mindepth 1 -not -path "*/.cache*" -not -path "*/.failures*" 2>/dev/null || true)
	expect_output ''
}

test_run_and_remove() {
	in_both runs
}

terminal() {
	local chosen
	choose "$1"
	on_terminal ctr run --rm --tty "${chosen[@]}" "$image" "$ID" sh -c 'sleep 0.5; tty; stty size; exit 7'
	expect_status 7
	expect_output_has /dev/pts/0
	expect_output_has '33 111'
	background "$1" -- sleep 300
	on_terminal ctr task exec --tty --exec-id e "$ID" sh -c 'sleep 0.5; tty; stty size; exit 8'
	expect_status 8
	expect_output_has /dev/pts/0
	expect_output_has '33 111'
}

test_terminals_work_and_have_their_size() {
	in_both terminal
}

executes() {
	background "$1" --env FROM=container -- sleep 300
	ctr task exec --exec-id e1 --cwd /tmp "$ID" sh -c 'echo $FROM; pwd; exit 9'
	expect_status 9
	expect_output $'container\n/tmp'
	ctr task exec --exec-id e2 "$ID" no-such-program
	expect_failure
	expect_error_has 'executable file not found in $PATH'
	command ctr task exec --exec-id e3 --detach "$ID" sleep 300
	ctr task ps "$ID"
	expect_equal "number of processes" "$(grep -cE '^[0-9]' <<<"$OUT")" 2
}

test_exec_and_ps() {
	in_both executes
}

ends() {
	background "$1" -- sh -c 'trap "exit 3" TERM; touch /tmp/ready; while :; do sleep 0.1; done'
	is_in_status RUNNING || fail "its status is $(task_status)"
	eventually command ctr task exec --exec-id "ready$RANDOM" "$ID" test -e /tmp/ready
	ctr task kill --signal SIGTERM "$ID"
	expect_status 0
	eventually is_in_status STOPPED
	ctr task delete "$ID"
	[[ $ERR == *'exit code 3'* ]] || fail "the exit status is another"
	ctr container delete "$ID"
	expect_status 0
	background "$1" -- sleep 300
	ctr task kill --signal SIGKILL "$ID"
	eventually is_in_status STOPPED
	ctr task kill "$ID"
	expect_failure
	ctr task delete "$ID"
	[[ $ERR == *'exit code 137'* ]] || fail "the exit status is another"
}

test_kill_and_delete() {
	in_both ends
}

pauses() {
	local pid
	background "$1" -- sh -c 'while :; do :; done'
	ctr task pause "$ID"
	expect_status 0
	is_in_status PAUSED || fail "its status is $(task_status)"
	pid=$(program_pid)
	OUT=$(cut -d ' ' -f 14 "/proc/$pid/stat")
	sleep 0.5
	expect_equal "processor time" "$(cut -d ' ' -f 14 "/proc/$pid/stat")" "$OUT"
	ctr task resume "$ID"
	expect_status 0
	is_in_status RUNNING || fail "its status is $(task_status)"
}

test_pause_and_resume() {
	in_both pauses
}

measures() {
	background "$1" --memory-limit 33554432 -- sleep 300
	ctr task metrics --format json "$ID"
	expect_status 0
	jq --exit-status '.memory.usage.usage > 0 and .memory.usage.limit == 33554432 and .pids.current == 1 and
		.cpu.usage.total > 0' <<<"$OUT" >/dev/null || fail "the metrics lack something"
}

test_metrics_are_of_the_container() {
	[ -d /sys/fs/cgroup/memory ] || skip "the names are those of cgroup v1"
	in_both measures
}

lives_on() {
	local pid
	background "$1" -- sleep 300
	pid=$(program_pid)
	end_daemon containerd
	start_containerd
	expect_equal pid "$(program_pid)" "$pid"
	ctr task exec --exec-id e "$ID" echo alive
	expect_output alive
}

test_containers_survive_a_restart_of_containerd() {
	in_both lives_on
}

# The shim of a container is who reaps its program.
shim_pid() {
	ps -o ppid= -p "$(program_pid)" | tr -d ' '
}

# A container whose shim was killed is cleaned up by the next one, which containerd calls with `delete`.
loses_its_shim() {
	local pid
	background "$1" -- sleep 300
	pid=$(program_pid)
	kill -KILL "$(shim_pid)"
	eventually is_gone "$pid"
	eventually has_no_state "$1"
	eventually is_in_status ''
}

has_no_state() {
	[ ! -e "$(states "$1")/$ID" ]
}

test_a_container_without_its_shim_is_ended() {
	in_both loses_its_shim
}
# ---- what the policy decides ----------------------------------------------------------------------------

test_bulwark_without_options_hardens() {
	in_profile bulwark --rm -- sh -c 'id -u; grep -E "^(CapEff|CapBnd|NoNew|Seccomp:)" /proc/self/status; touch /x'
	expect_status 1
	expect_output $'1001\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2'
}

test_refusals_reach_the_user_with_their_reason() {
	in_profile hardened --rm --net-host -- true
	expect_failure
	expect_error_has '(rule network)'
	after_case
	in_profile hardened --rm --mount type=bind,src=/etc/shadow,dst=/mnt,options=rbind:ro -- true
	expect_failure
	expect_error_has /etc/shadow
	after_case
	in_profile hardened --rm --mount type=bind,src=/run/containerd/containerd.sock,dst=/mnt,options=rbind -- true
	expect_failure
	expect_error_has /run/containerd
	after_case
	in_profile hardened --rm --privileged -- true
	expect_failure
	after_case
	background compat -- sleep 300
	ID=$ID-2
	in_profile hardened --rm --with-ns "network:/proc/$(command ctr task list | awk 'NR == 2 { print $2 }')/ns/net" -- true
	expect_status 0
	in_profile compat --rm --with-ns "network:/proc/$(command ctr task list | awk 'NR == 2 { print $2 }')/ns/net" -- true
	expect_status 0
}

test_exec_is_no_way_round() {
	background hardened -- sleep 300
	ctr task exec --exec-id e --user 0:0 "$ID" sh -c 'id -u; grep -E "^(CapEff|NoNew|Seccomp:)" /proc/self/status; touch /x'
	expect_status 1
	expect_output $'1001\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2'
}
