#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Docker of the distribution with bulwark as its runtime: first what Docker itself needs, in the profile compat and
# beside runc; then the same under hardened, where what the policy takes away is all that may be missing.
#
#	SHIM=io.containerd.bulwark.v2	the same with bulwark's own shim, which shim-docker.sh sets
#	SHIM=io.containerd.runc.v2	the same with runc's shim named as that one is
. "$(dirname "$0")/engine.sh"
needs dockerd docker containerd script python3
SHIM=${SHIM:-}
. "$(dirname "$0")/shim.sh"
# needs_version OLDEST: the daemon's own word for its version.
needs_version() {
	local version
	version=$(dockerd --version | sed -n 's/^Docker version \([0-9.]*\).*/\1/p')
	printf '%s\n' "$1" "$version" | sort --check=quiet --version-sort || skip "needs Docker $1, this is $version"
}
# Docker 23 takes the name of a shim on its command line, 24 in daemon.json as well.
[ -z "$SHIM" ] || needs_version 24

# ---- the engine -----------------------------------------------------------------------------------------

# daemon.json with this runtime for containers that ask for none.
write_config() {
	jq --null-input --arg bulwark "$RUNTIME" --arg default "$1" --arg cgroup "/$CGROUP" --arg work "$work" --arg shim "$SHIM" \
		--argjson old "$old" '
		def runtime($name; $args): if $shim == "" then {path: $bulwark} + (if $args == [] then {} else {runtimeArgs: $args} end)
			elif $shim == "io.containerd.runc.v2" then {runtimeType: $shim, options: {BinaryName: "\($work)/\($name)"}}
			elif $args == [] then {runtimeType: $shim}
			else {runtimeType: $shim, options: {ConfigPath: "\($work)/\($name).toml"}} end;
		$old + {
		"default-runtime": $default, "cgroup-parent": $cgroup, "live-restore": true,
		"runtimes": {
			bulwark: runtime("bulwark"; []),
			hardened: runtime("hardened"; ["--profile=hardened"]),
			compat: runtime("compat"; ["--profile=compat"]),
			gate: runtime("gate"; ["--policy=\($work)/gate.json"]),
			sandboxed: runtime("sandboxed"; ["--policy=\($work)/sandboxed.json"]),
			ranged: runtime("ranged"; ["--policy=\($work)/ranged.json"]),
			untrusted: runtime("untrusted-code"; ["--profile=untrusted-code"])
		}}' >"$work/daemon.json"
}

start_docker() {
	PATH=$work/bin:$PATH daemon dockerd dockerd --config-file "$work/daemon.json" --iptables="$iptables" --ip6tables=false \
		--data-root /var/lib/docker --exec-root /run/docker --pidfile /run/docker.pid --host unix:///run/docker.sock
	comes_up dockerd command docker version
}

# Docker writes rules for its bridge; a kernel without netfilter has none, and a bridge all the same.
iptables=true
iptables --list >/dev/null 2>&1 || iptables=false
# Docker up to 23 would have a lower score than this host gives.
old='{}'
! dockerd --help | grep --quiet oom-score-adjust || old='{"oom-score-adjust": 0}'
install_shim
write_wrapper gate "--policy=$work/gate.json"
echo "Policy = \"$work/gate.json\"" >"$work/gate.toml"
write_wrapper sandboxed "--policy=$work/sandboxed.json"
echo "Policy = \"$work/sandboxed.json\"" >"$work/sandboxed.toml"
write_wrapper ranged "--policy=$work/ranged.json"
echo "Policy = \"$work/ranged.json\"" >"$work/ranged.toml"
write_config bulwark
start_docker
cp --archive "$work/template/rootfs" "$work/image"
chmod 1777 "$work/image/tmp"
mkdir -p "$work/image/data"
chown 1001:1001 "$work/image/data"
echo "from the image" >"$work/image/data/file"
printf '#!/bin/sh\necho no\n' >"$work/image/bin/not-executable"

# docker ARG...: as a user types it; sets STATUS, OUT, ERR.
docker() {
	run docker "$@"
}

tar --directory "$work/image" --create . | command docker import - busybox >/dev/null

# in_profile NAME [OPTION]... busybox COMMAND...: docker run with the runtime of that name.
in_profile() {
	docker run --rm --network none --runtime "$@"
}

# background [OPTION]... COMMAND...: a container named $ID that goes on.
background() {
	docker run --detach --name "$ID" --network none "$@"
	expect_status 0
}

inspect() {
	command docker inspect --format "$1" "${2:-$ID}"
}

is_in_state() {
	[ "$(inspect '{{.State.Status}}')" = "$1" ]
}

# The pid of the container's program.
program_pid() {
	inspect '{{.State.Pid}}'
}

# Whatever a case leaves behind is removed before the next.
after_case() {
	local all
	all=$(command docker ps --all --quiet)
	# A list of words.
	# shellcheck disable=SC2086
	[ -z "$all" ] || command docker rm --force --volumes $all >/dev/null
}

# ---- beside runc ----------------------------------------------------------------------------------------

# as_runc [OPTION]... IMAGE [COMMAND]...: docker run answers alike with runc and with compat: exit status, output,
# and the first words of an error.
as_runc() {
	local status out err
	docker run --rm --network none --runtime runc "$@"
	status=$STATUS out=$(normalized "$OUT") err=$(normalized "$ERR")
	docker run --rm --network none --runtime compat "$@"
	expect_equal "exit status" "$STATUS" "$status"
	expect_equal "stdout" "$(normalized "$OUT")" "$out"
	[ "$status" = 0 ] || expect_equal "stderr" "$(normalized "$ERR")" "$err"
}

test_docker_knows_its_runtimes() {
	docker info --format '{{.DefaultRuntime}} {{range $name, $x := .Runtimes}}{{$name}} {{end}}'
	expect_status 0
	expect_output_has 'bulwark '
	expect_output_has ' compat '
	expect_output_has ' hardened '
	docker info
	expect_status 0
	! grep --ignore-case 'warning.*runtime' <<<"$ERR" || fail "docker warns about a runtime"
}

test_an_ordinary_container_is_what_runc_makes() {
	as_runc busybox sh -c 'id; pwd; grep -E "^(Cap|NoNew|Seccomp:|Uid|Groups)" /proc/self/status; ulimit -a'
	as_runc busybox sh -c 'env | grep -v HOSTNAME | sort; ls /dev | sort; ls -l /proc/self/fd | wc -l'
	# How a path is masked is nobody's business.
	as_runc busybox sh -c 'cut -d " " -f 2-4 /proc/mounts |
		grep -v -e "^/ " -e cgroup -e "^/proc/\(acpi\|keys\|timer_list\)" -e "^/sys/firmware" | sort'
	as_runc busybox sh -c 'cut -d " " -f 2 /proc/mounts | sort | grep -v /sys/fs/cgroup/unified
		ls /proc/acpi /sys/firmware; cat /proc/keys /proc/timer_list'
}

test_options_do_what_they_do_with_runc() {
	as_runc --user 1001:7 --group-add 8 --workdir /tmp busybox sh -c 'id; pwd'
	as_runc --env KEY=value --hostname inside busybox sh -c 'echo $KEY; hostname'
	as_runc --read-only --tmpfs /scratch busybox sh -c 'touch /scratch/a && touch /b'
	as_runc --cap-drop ALL --cap-add CHOWN --security-opt no-new-privileges busybox \
		grep -E '^(Cap|NoNew)' /proc/self/status
	as_runc --security-opt seccomp=unconfined busybox grep '^Seccomp:' /proc/self/status
	as_runc --ulimit nofile=77:88 --shm-size 1m busybox sh -c 'ulimit -n; ulimit -Hn; df /dev/shm | tail -n 1'
	as_runc --sysctl net.ipv4.ip_forward=1 busybox cat /proc/sys/net/ipv4/ip_forward
	as_runc --device /dev/zero:/dev/nil busybox sh -c 'ls -l /dev/nil | cut -c 1-10; head -c 3 /dev/nil | wc -c'
	as_runc --init busybox sh -c 'cat /proc/1/comm'
	as_runc --pid host --uts host --ipc host busybox sh -c 'test $$ != 1; echo $?'
	as_runc --cgroupns private busybox sh -c 'cut -d : -f 3 /proc/self/cgroup | sort -u'
}

# A host that cannot give every capability stops runc 1.1, so it is no measure there.
test_privileged_is_privileged_in_compat() {
	in_profile compat --privileged busybox sh -c 'grep ^CapEff /proc/self/status; grep ^Seccomp: /proc/self/status
		mount -t tmpfs tmpfs /data && echo mounted; ls /dev/loop-control; touch /proc/sys/kernel/domainname'
	expect_status 0
	expect_line $'Seccomp:\t0'
	expect_line mounted
	expect_line /dev/loop-control
}

test_limits_are_what_they_are_with_runc() {
	as_runc --memory 64m --memory-swap 64m --memory-reservation 32m --cpus 0.5 --cpu-shares 99 --cpuset-cpus 0 \
		--pids-limit 33 busybox sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes \
		memory/memory.memsw.limit_in_bytes memory/memory.soft_limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.shares \
		cpuset/cpuset.cpus pids/pids.max 2>&1'
	as_runc --oom-score-adj 500 busybox cat /proc/self/oom_score_adj
}

test_exit_statuses_are_those_of_runc() {
	as_runc busybox true
	as_runc busybox sh -c 'exit 42'
	as_runc busybox sh -c 'kill -9 $$'
	as_runc --init busybox sh -c 'kill -TERM $$'
	as_runc busybox no-such-program
	expect_equal "exit status" "$STATUS" 127
	as_runc busybox /no/such/program
	expect_equal "exit status" "$STATUS" 127
	as_runc busybox not-executable
	as_runc busybox /bin/not-executable
	expect_equal "exit status" "$STATUS" 126
	as_runc --user nobody-knows busybox true
}

# A directory is no program: engines of this age look for "permission denied", later ones for "is a directory".
test_a_directory_is_no_program() {
	in_profile compat busybox /etc
	expect_status 126
	expect_error_has 'is a directory'
}

# ---- the life of a container, in both profiles ----------------------------------------------------------

output_and_logs() {
	background --runtime "$1" busybox sh -c 'echo one; echo two >&2; echo three'
	docker wait "$ID"
	expect_output 0
	docker logs "$ID"
	expect_output $'one\nthree'
	[ "$ERR" = two ] || fail "stderr is \"$ERR\""
}

test_logs_have_both_streams() {
	in_both output_and_logs
}

standard_input() {
	STATUS=0
	echo "some text" | command docker run --rm --interactive --network none --runtime "$1" busybox tr a-z A-Z \
		>"$T/out" 2>&1 || STATUS=$?
	OUT=$(cat "$T/out")
	expect_status 0
	expect_output 'SOME TEXT'
}

test_standard_input_arrives() {
	in_both standard_input
}

terminal() {
	on_terminal docker run --rm --interactive --tty --network none --runtime "$1" busybox \
		sh -c 'tty; while stty size 2>&1 | grep -v [1-9]; do :; done; stty size; exit 7'
	expect_status 7
	expect_output_has /dev/pts/0
	expect_output_has '33 111'
	background --runtime "$1" busybox sleep 300
	on_terminal docker exec --interactive --tty "$ID" \
		sh -c 'tty; while stty size 2>&1 | grep -v [1-9]; do :; done; stty size; exit 8'
	expect_status 8
	expect_output_has /dev/pts/0
	expect_output_has '33 111'
}

test_terminals_work_and_have_their_size() {
	in_both terminal
}

executes() {
	background --runtime "$1" --env FROM=container busybox sleep 300
	docker exec --env MORE=exec --workdir /tmp "$ID" sh -c 'echo $FROM $MORE; pwd; exit 9'
	expect_status 9
	expect_output $'container exec\n/tmp'
	docker exec "$ID" no-such-program
	expect_status 126
	docker exec "$ID" /bin/not-executable
	expect_status 126
	docker exec "$ID" sh -c 'kill -9 $$'
	expect_status 137
	docker exec --detach "$ID" sh -c 'touch /tmp/detached'
	expect_status 0
	eventually command docker exec "$ID" test -e /tmp/detached
	docker exec --user 1001 "$ID" id -u
	expect_output 1001
	STATUS=0
	OUT=$(echo piped | command docker exec --interactive "$ID" cat) || STATUS=$?
	expect_output piped
}

test_exec_works() {
	in_both executes
}

# The runtime's own word for the exit status of a failed exec is the one of runc.
test_exec_fails_as_with_runc() {
	local program status
	background --runtime runc --name "$ID-runc" busybox sleep 300
	command docker run --detach --name "$ID-compat" --network none --runtime compat busybox sleep 300
	for program in no-such-program /no/such/program /bin/not-executable; do
		docker exec "$ID-runc" "$program"
		status=$STATUS
		docker exec "$ID-compat" "$program"
		expect_status "$status"
	done
}

stops() {
	background --runtime "$1" busybox sh -c 'trap "echo ends; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
	eventually logged ready
	docker stop --time 20 "$ID"
	expect_status 0
	[ "$(inspect '{{.State.ExitCode}}')" = 3 ] || fail "exit status $(inspect '{{.State.ExitCode}}')"
	docker logs "$ID"
	expect_output_has ends
	docker start "$ID"
	expect_status 0
	docker kill "$ID"
	expect_status 0
	eventually is_in_state exited
	[ "$(inspect '{{.State.ExitCode}}')" = 137 ] || fail "exit status $(inspect '{{.State.ExitCode}}')"
}

logged() {
	command docker logs "$ID" 2>&1 | grep --quiet "$1"
}

test_stop_and_kill_and_start_again() {
	in_both stops
}

ignores_term() {
	background --runtime "$1" busybox sh -c 'trap "" TERM; sleep 300'
	docker stop --time 1 "$ID"
	expect_status 0
	[ "$(inspect '{{.State.ExitCode}}')" = 137 ] || fail "exit status $(inspect '{{.State.ExitCode}}')"
}

test_who_ignores_the_signal_is_killed() {
	in_both ignores_term
}

signals() {
	background --runtime "$1" busybox sh -c 'trap "echo got it" USR1; echo ready; while :; do sleep 0.1; done'
	eventually logged ready
	docker kill --signal USR1 "$ID"
	expect_status 0
	eventually logged 'got it'
	docker restart --time 0 "$ID"
	expect_status 0
	is_in_state running || fail "it is not running after restart"
}

test_signals_arrive_and_restart_works() {
	in_both signals
}

ticks() {
	command docker exec "$ID" cat /tmp/ticks 2>/dev/null | wc -c
}

pauses() {
	local pid
	background --runtime "$1" busybox sh -c 'while :; do :; done'
	docker pause "$ID"
	expect_status 0
	is_in_state paused || fail "its state is $(inspect '{{.State.Status}}')"
	pid=$(program_pid)
	OUT=$(cut -d ' ' -f 14 "/proc/$pid/stat")
	sleep 0.5
	expect_equal "processor time" "$(cut -d ' ' -f 14 "/proc/$pid/stat")" "$OUT"
	docker exec "$ID" true
	expect_failure
	docker unpause "$ID"
	expect_status 0
	is_in_state running || fail "its state is $(inspect '{{.State.Status}}')"
	docker exec "$ID" true
	expect_status 0
	docker pause "$ID"
	docker rm --force "$ID"
	expect_status 0
}

test_pause_and_unpause() {
	in_both pauses
}

updates() {
	background --runtime "$1" --memory 64m --memory-swap 128m busybox sleep 300
	docker update --memory 96m --memory-swap 192m --cpus 0.25 --pids-limit 44 --cpu-shares 200 "$ID"
	expect_status 0
	expect_equal memory "$(limit_of memory "$(program_pid)" memory.limit_in_bytes memory.max)" 100663296
	expect_equal pids "$(limit_of pids "$(program_pid)" pids.max pids.max)" 44
	expect_equal quota "$(limit_of cpu "$(program_pid)" cpu.cfs_quota_us cpu.max)" 25000
	docker update --restart no "$ID"
	expect_status 0
	expect_equal memory "$(limit_of memory "$(program_pid)" memory.limit_in_bytes memory.max)" 100663296
}

test_update_changes_the_limits() {
	in_both updates
}

statistics() {
	background --runtime "$1" --memory 64m busybox sleep 300
	docker stats --no-stream --format '{{.MemUsage}} {{.PIDs}} {{.CPUPerc}}' "$ID"
	expect_status 0
	grep --quiet --extended-regexp '^[0-9.]+[KM]iB / 64MiB 1 [0-9.]+%$' <<<"$OUT" || fail "stats are \"$OUT\""
	docker top "$ID" -o pid,args
	expect_output_has 'sleep 300'
	expect_equal "number of lines" "$(wc -l <<<"$OUT")" 2
}

test_stats_and_top_see_the_container() {
	in_both statistics
}

copies() {
	background --runtime "$1" busybox sleep 300
	echo text >"$T/file"
	docker cp "$T/file" "$ID:/data/copied"
	expect_status 0
	docker exec "$ID" cat /data/copied
	expect_output text
	docker cp "$ID:/data/file" "$T/back"
	expect_status 0
	[ "$(cat "$T/back")" = "from the image" ] || fail "another file came back"
	docker diff "$ID"
	expect_output_has 'A /data/copied'
}

test_copying_in_and_out() {
	in_both copies
}

checks_health() {
	background --runtime "$1" --health-cmd 'test -e /tmp/healthy' --health-interval 1s --health-retries 1 \
		--tmpfs /tmp busybox sleep 300
	eventually is_health unhealthy
	command docker exec "$ID" touch /tmp/healthy
	eventually is_health healthy
}

is_health() {
	[ "$(inspect '{{.State.Health.Status}}')" = "$1" ]
}

test_health_checks_run() {
	in_both checks_health
}

restarts() {
	background --runtime "$1" --restart on-failure:2 busybox sh -c 'echo once; exit 1'
	eventually restarted_twice
	docker logs "$ID"
	expect_equal "number of starts" "$(grep -c once <<<"$OUT")" 3
}

restarted_twice() {
	[ "$(inspect '{{.RestartCount}} {{.State.Status}}')" = "2 exited" ]
}

test_the_restart_policy_restarts() {
	in_both restarts
}

# Not at once: the shim asks for word of it after start only, and on a busy machine misses it, with runc too.
runs_out_of_memory() {
	background --runtime "$1" --memory 16m --memory-swap 16m busybox sh -c 'sleep 1; head -c 100m /dev/zero | tail'
	docker wait "$ID"
	[ "$(inspect '{{.State.OOMKilled}}')" = true ] || fail "docker did not see the kernel kill it"
}

test_docker_sees_that_memory_ran_out() {
	in_both runs_out_of_memory
}

# With live-restore containers go on while Docker is replaced, and the new one finds them again.
test_containers_survive_a_restart_of_docker() {
	local pid
	background --runtime hardened busybox sleep 300
	command docker run --detach --name "$ID-compat" --network none --runtime compat busybox sleep 300
	pid=$(program_pid)
	end_daemon dockerd
	[ -e "/proc/$pid" ] || fail "the container went with it"
	start_docker
	expect_equal pid "$(program_pid)" "$pid"
	docker exec "$ID" echo alive
	expect_output alive
	docker stop --time 0 "$ID" "$ID-compat"
	expect_status 0
}

# ---- networks -------------------------------------------------------------------------------------------

address_of() {
	inspect '{{.NetworkSettings.IPAddress}}' "$1"
}

talks_over_the_bridge() {
	command docker run --detach --name "$ID-server" --runtime "$1" busybox \
		sh -c 'echo "hello from the server" >/tmp/index.html; exec httpd -f -p 8080 -h /tmp'
	eventually is_serving "$1"
	docker run --rm --runtime "$1" busybox wget -q -O - "http://$(address_of "$ID-server"):8080/"
	expect_status 0
	expect_output 'hello from the server'
}

is_serving() {
	command docker run --rm --runtime "$1" busybox wget -q -O - "http://$(address_of "$ID-server"):8080/" >/dev/null 2>&1
}

test_containers_talk_over_the_bridge() {
	in_both talks_over_the_bridge
}

has_no_network() {
	docker run --rm --network none --runtime "$1" busybox sh -c 'ls /sys/class/net; wget -q -O - http://172.17.0.1/'
	expect_failure
	expect_output lo
	[[ $ERR == *unreachable* ]] || fail "the network is not unreachable: $ERR"
}

test_network_none_is_a_loopback_interface() {
	in_both has_no_network
}

# A network of the user has Docker's resolver, which Docker puts into the container by iptables.
resolves() {
	command docker network create "$ID-net" >/dev/null
	command docker run --detach --name "$ID-server" --network "$ID-net" --network-alias server --runtime "$1" busybox \
		sleep 300
	docker run --rm --network "$ID-net" --runtime "$1" busybox nslookup server
	command docker rm --force "$ID-server"
	command docker network rm "$ID-net"
	expect_status 0
	expect_output_has 127.0.0.11
}

test_names_of_containers_resolve() {
	[ "$iptables" = true ] || skip "needs iptables in a network namespace"
	in_both resolves
}

publishes() {
	command docker run --detach --name "$ID" --publish 127.0.0.1:8181:8080 --runtime "$1" busybox \
		sh -c 'echo published >/tmp/index.html; exec httpd -f -p 8080 -h /tmp'
	eventually busybox wget -q -O "$T/page" http://127.0.0.1:8181/
	[ "$(cat "$T/page")" = published ] || fail "another page came"
}

test_published_ports_are_reached() {
	in_both publishes
}

test_joining_the_network_of_another_container() {
	background --runtime compat busybox sh -c 'echo joined >/tmp/index.html; exec httpd -f -p 8080 -h /tmp'
	docker run --rm --runtime compat --network "container:$ID" busybox wget -q -O - http://127.0.0.1:8080/
	expect_status 0
	expect_output joined
	docker run --rm --runtime hardened --network "container:$ID" busybox wget -q -O - http://127.0.0.1:8080/
	expect_status 0
	expect_output joined
	docker run --rm --runtime hardened --network host busybox true
	expect_refused network
	as_runc_on_the_host_network
}

as_runc_on_the_host_network() {
	docker run --rm --runtime compat --network host busybox ls /sys/class/net
	expect_status 0
	expect_output_has docker0
}

# The metadata service of a cloud, played by a server in the engine's own namespace: reached through the bridge as a
# route to the machine's would lead there.
test_the_metadata_service_is_out_of_reach() {
	ip address replace 169.254.169.254/32 dev lo
	mkdir "$T/cloud"
	echo credentials >"$T/cloud/index.html"
	busybox httpd -p 169.254.169.254:8080 -h "$T/cloud" -f &
	CLOUD=$!
	trap 'kill $CLOUD; ip address del 169.254.169.254/32 dev lo' EXIT
	eventually busybox wget -q -O - http://169.254.169.254:8080/
	docker run --rm --runtime compat busybox wget -q -O - http://169.254.169.254:8080/
	expect_output credentials
	docker run --rm --runtime hardened busybox wget -q -O - http://169.254.169.254:8080/
	expect_failure
	expect_output ''
	busybox httpd -p 172.17.0.1:8080 -h "$T/cloud" -f &
	CLOUD="$CLOUD $!"
	eventually busybox wget -q -O - http://172.17.0.1:8080/
	docker run --rm --runtime hardened busybox wget -q -O - http://172.17.0.1:8080/
	expect_output credentials
}

# On Docker's bridge, which is plugged in when the gate stands already.
test_behind_the_egress_gate_are_listed_names_alone() {
	needs_beside bulwark-warden
	policy "$gate_policy"
	mv "$T/policy.json" "$work/gate.json"
	docker run --rm --runtime gate busybox sh -c "$(ask_gate "172.17.0.1 1")"
	expect_gate
	docker run --rm --runtime compat busybox sh -c 'nc -w 3 172.17.0.1 1 2>&1'
	expect_output_has 'Connection refused'
}

# ---- what the policy decides ----------------------------------------------------------------------------

# expect_refused TEXT: Docker's words for a container that did not start, with bulwark's reason.
expect_refused() {
	[ "$STATUS" = 125 ] || [ "$STATUS" = 128 ] || fail "exit status is $STATUS, expected 125"
	expect_error_has 'OCI runtime create failed'
	expect_error_has "$1"
}

test_the_default_runtime_hardens_who_asks_for_nothing() {
	docker run --rm --network none busybox sh -c 'id; grep -E "^(Cap|NoNew|Seccomp:)" /proc/self/status; touch /file'
	expect_status 1
	expect_line 'uid=1001(user) gid=1001(user)'
	expect_equal "sets without capabilities" "$(grep -cE $'^Cap[A-Za-z]+:\t0000000000000000$' <<<"$OUT")" 5
	expect_line $'NoNewPrivs:\t1'
	expect_line $'Seccomp:\t2'
	[[ $ERR == *'/file: Read-only file system'* ]] || fail "it could write to its root file system"
}

test_no_option_of_docker_loosens_it() {
	local option
	for option in '--user 0:0' '--cap-add ALL' '--security-opt seccomp=unconfined' '--group-add 0' \
		'--security-opt apparmor=unconfined' '--security-opt systempaths=unconfined' '--init' \
		'--oom-score-adj -900'; do
		# An option and its argument.
		# shellcheck disable=SC2086
		in_profile hardened $option busybox sh -c '
			id -u; id -G; grep -E "^(CapEff|CapBnd|NoNew|Seccomp:)" /proc/self/status; ulimit -c
			cat /proc/self/oom_score_adj; touch /x; wc -c </proc/timer_list'
		expect_status 0
		expect_output $'1001\n1001\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n0\n0\n0'
	done
	in_profile hardened --privileged busybox true
	expect_refused ''
	background --runtime hardened --pid host --uts host busybox sleep 300
	for option in pid uts; do
		expect_different "the namespace $option" "$(namespace_of "$(program_pid)" "$option")" \
			"$(namespace_of self "$option")"
	done
	in_profile hardened --ipc host busybox true
	expect_refused /dev
	in_profile hardened --device /dev/loop-control busybox true
	expect_refused device
}

test_exec_is_no_way_round() {
	background --runtime hardened busybox sleep 300
	docker exec --user 0:0 "$ID" sh -c 'id -u; grep -E "^(CapEff|NoNew|Seccomp:)" /proc/self/status; touch /x'
	expect_status 1
	expect_output $'1001\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2'
	docker exec --privileged "$ID" sh -c 'grep -E "^CapEff" /proc/self/status'
	expect_output $'CapEff:\t0000000000000000'
}

# Of a file that only root may read in the image, on whatever driver Docker has.
test_the_image_s_root_is_root_of_a_range_of_ids() {
	local first
	policy '{"extends": "hardened", "loosens": ["user.root"], "user": {"root": "userns", "idmap": "require"}}'
	mv "$T/policy.json" "$work/ranged.json"
	background --runtime ranged --volume "$ID:/data" busybox sleep 300
	first=$(awk '{ print $2 }' "/proc/$(program_pid)/uid_map")
	[ "$first" -ge 2000224256 ] || fail "its root is $first outside"
	expect_equal "owner of the process" "$(stat -c %u "/proc/$(program_pid)")" "$first"
	docker exec "$ID" sh -c 'id -u; stat -c %u:%g /etc/passwd /bin/busybox; wc -l </etc/hosts; grep CapEff /proc/self/status; ls /sys/class/net; touch /tmp/x /x'
	expect_status 1
	expect_line 0
	expect_line 0:0
	expect_line $'CapEff:\t0000000000000000'
	expect_line lo
	[[ $ERR == *'/x: Read-only file system'* ]] || fail "it could write to its root file system"
	docker run --rm --runtime ranged busybox sh -c 'echo text >/dev/stdout; tr -s " " </proc/self/uid_map'
	expect_line text
	expect_line_lacks_id "$first"
	docker run --rm --tty --runtime ranged busybox sh -c 'tty; id -u'
	expect_output_has /dev/pts/0
}

expect_line_lacks_id() {
	! grep --quiet "^ 0 $1 65536" <<<"$OUT" || fail "two containers have the ids from $1 on"
}

# gVisor's runsc makes the container from what the policy has made of Docker's configuration.
test_another_runtime_makes_a_container() {
	command -v runsc >/dev/null || skip "needs runsc"
	policy "$(jq --null-input --arg program "$(readlink -f "$(command -v runsc)")" '{extends: "hardened",
		loosens: ["backend.delegate", "backend.args", "backend.ignores"],
		backend: {delegate: $program, args: ["--network=none"], ignores: ["apparmor", "baseline", "maskedPaths",
			"readonlyPaths", "rootfs", "seccomp", "securebits", "sysctl", "tmpfsInodes"]}}')"
	mv "$T/policy.json" "$work/sandboxed.json"
	mkdir -m 777 "$T/shared"
	in_profile sandboxed --volume "$T/shared:/mnt" busybox sh -c 'echo text >/mnt/file; id -u; grep CapEff /proc/self/status; exit 3'
	expect_status 3
	expect_line 1001
	expect_line $'CapEff:\t0000000000000000'
	expect_equal "owner of the file" "$(stat -c %u "$T/shared/file")" 1001
	in_profile sandboxed --tty busybox sh -c 'test -t 1 && echo terminal'
	expect_output_has terminal
	in_profile sandboxed --volume /etc/shadow:/mnt:ro busybox cat /mnt
	expect_refused /etc/shadow
	background --runtime sandboxed busybox sleep 300
	docker exec --user 0 "$ID" sh -c 'id -u; exit 5'
	expect_status 5
	expect_output 1001
	docker pause "$ID"
	expect_status 0
	docker unpause "$ID"
	expect_status 0
	docker kill "$ID"
	expect_status 0
	docker rm "$ID"
	expect_status 0
}

test_volumes_work_and_the_host_s_secrets_are_no_volumes() {
	mkdir -m 777 "$T/shared"
	in_profile hardened --volume "$T/shared:/mnt" busybox sh -c 'echo text >/mnt/file; id -u'
	expect_output 1001
	expect_equal "owner of the file" "$(stat -c %u "$T/shared/file")" 1001
	in_profile hardened --volume "$T/shared:/mnt:ro" busybox sh -c 'cat /mnt/file; touch /mnt/other'
	expect_status 1
	expect_output text
	mkdir -m 755 "$T/of-root"
	in_profile hardened --volume "$T/of-root:/mnt" busybox touch /mnt/file
	expect_status 1
	in_profile compat --volume "$T/of-root:/mnt" busybox touch /mnt/file
	expect_status 0
	in_profile hardened --volume /etc/shadow:/mnt:ro busybox cat /mnt
	expect_refused /etc/shadow
	in_profile hardened --volume /run/docker.sock:/mnt busybox true
	expect_refused docker.sock
	in_profile hardened --volume /:/mnt busybox true
	expect_refused mount
	in_profile compat --volume /etc/shadow:/mnt:ro busybox test -e /mnt
	expect_status 0
}

test_named_volumes_have_the_image_s_files() {
	in_profile hardened --volume "$ID-volume:/data" busybox sh -c 'cat /data/file; echo more >/data/more'
	expect_status 0
	expect_output 'from the image'
	in_profile hardened --volume "$ID-volume:/data" busybox cat /data/more
	expect_output more
	command docker volume rm "$ID-volume"
}

test_tmpfs_and_tmp_are_writable() {
	in_profile hardened --tmpfs /scratch busybox \
		sh -c 'for d in /scratch /tmp /run /var/tmp /dev/shm; do echo a >$d/a || exit; done'
	expect_status 0
	in_profile hardened --read-only busybox sh -c 'echo b >/tmp/b; touch /x'
	expect_status 1
}

test_asked_limits_hold_and_those_of_the_policy_otherwise() {
	background --runtime hardened --memory 48m --pids-limit 20 busybox sleep 300
	expect_equal memory "$(limit_of memory "$(program_pid)" memory.limit_in_bytes memory.max)" 50331648
	expect_equal pids "$(limit_of pids "$(program_pid)" pids.max pids.max)" 20
	command docker rm --force "$ID"
	background --runtime hardened busybox sleep 300
	expect_equal pids "$(limit_of pids "$(program_pid)" pids.max pids.max)" 512
}

# A build has no choice of runtime: the default decides. Steps that change the image need one that lets them.
test_a_build_runs_its_steps_under_the_default_runtime() {
	export DOCKER_BUILDKIT=0
	mkdir "$T/context"
	printf 'FROM busybox\nRUN id -u >/tmp/who && cat /tmp/who\n' >"$T/context/Dockerfile"
	docker build --network none --tag "$ID-read" "$T/context"
	expect_status 0
	expect_line 1001
	printf 'FROM busybox\nENV KEY=value\nRUN echo made >/made\nCOPY Dockerfile /copied\nCMD cat /made\n' \
		>"$T/context/Dockerfile"
	docker build --network none --tag "$ID-write" "$T/context"
	expect_failure
	expect_output_has 'Read-only file system'
	write_config compat
	kill -HUP "$(cat "$work/dockerd.pid")"
	eventually is_default compat
	docker build --network none --tag "$ID-write" "$T/context"
	write_config bulwark
	kill -HUP "$(cat "$work/dockerd.pid")"
	eventually is_default bulwark
	expect_status 0
	docker run --rm --network none "$ID-write"
	expect_output made
	docker run --rm --network none "$ID-write" cat /copied
	expect_output_has 'FROM busybox'
	command docker rmi "$ID-read" "$ID-write"
}

is_default() {
	[ "$(command docker info --format '{{.DefaultRuntime}}')" = "$1" ]
}

test_python_runs_under_untrusted_code_and_a_shell_s_tricks_do_not() {
	cp --archive "$work/image" "$T/python"
	python_rootfs "$T/python"
	tar --directory "$T/python" --create . | command docker import - python >/dev/null
	rm -rf "$T/python"
	docker run --rm --runtime untrusted --env GITHUB_TOKEN=secret --volume "$T:/mnt" python \
		python3 -I -c 'import json, os, hashlib; print(json.dumps([os.getuid(), "GITHUB_TOKEN" in os.environ]))'
	expect_refused mount
	docker run --rm --runtime untrusted --env GITHUB_TOKEN=secret python python3 -I -c '
import json, os, subprocess, tempfile, threading, urllib.request
with tempfile.NamedTemporaryFile() as file:
    file.write(b"text")
t = threading.Thread(target=lambda: None); t.start(); t.join()
child = subprocess.run(["/usr/bin/python3", "-I", "-c", "print(6 * 7)"], capture_output=True, text=True)
print(json.dumps([os.getuid(), "GITHUB_TOKEN" in os.environ, child.stdout.strip()]))'
	expect_status 0
	expect_output '[1001, false, "42"]'
	# No shell, neither as the program nor by exec; dockerd's own init is none, where it is no link on the host.
	docker run --rm --runtime untrusted python sh -c 'echo out'
	expect_failure
	expect_error_has 'Direct shell access denied'
	[ -L "$(command -v docker-init)" ] || {
		docker run --rm --init --runtime untrusted python python3 -I -c 'print("with init")'
		expect_output 'with init'
	}
	background --runtime untrusted python python3 -I -c 'import time; time.sleep(300)'
	docker exec "$ID" sh -c 'echo out'
	expect_failure
	expect_output_lacks out
	docker exec "$ID" python3 -I -c 'import os; os.unshare(os.CLONE_NEWUSER) if hasattr(os, "unshare") else exit(5)'
	expect_failure
	docker exec "$ID" python3 -I -c 'print("exec works")'
	expect_output 'exec works'
	docker run --rm --runtime hardened --network none python python3 -I -c 'print("hardened too")'
	expect_output 'hardened too'
	command docker rm --force "$ID"
	command docker rmi python
}

gets_a_signal() {
	# That of the runtime before says "ready" already.
	rm -f "$T/said"
	command docker run --rm --name "$ID" --network none --runtime "$1" --sig-proxy busybox \
		sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done' >"$T/said" 2>&1 &
	eventually grep --quiet ready "$T/said"
	kill "$!"
	STATUS=0
	wait "$!" || STATUS=$?
	expect_status 5
}

test_a_signal_to_the_client_ends_the_container() {
	in_both gets_a_signal
}

# Docker's own BuildKit runs the program "runc" of its PATH, whatever runtimes there are.
buildkit_runs() {
	printf '#!/bin/sh\necho "$@" >>%s/calls\nexec %s --profile=%s "$@"\n' "$T" "$RUNTIME" "$1" >"$work/kit/runc"
	chmod 755 "$work/kit/runc"
}

test_buildkit_runs_its_steps_with_the_runc_of_its_path() {
	export DOCKER_BUILDKIT=1
	mkdir "$work/kit" "$T/context"
	buildkit_runs compat
	end_daemon dockerd
	PATH=$work/kit:$PATH start_docker
	printf 'FROM busybox\nRUN id -u >/made\nRUN ip -o link | wc -l >>/made\nCMD cat /made\n' >"$T/context/Dockerfile"
	docker build --tag "$ID-kit" "$T/context"
	expect_status 0
	grep --quiet -e ' run .*--bundle ' "$T/calls" || fail "BuildKit ran something else"
	docker run --rm --network none "$ID-kit"
	expect_output $'0\n2'
	printf 'FROM busybox\nRUN exit 9\n' >"$T/context/Dockerfile"
	docker build "$T/context"
	expect_failure
	[[ $ERR == *'exit code: 9'* ]] || fail "the exit status did not arrive"
	command docker rmi "$ID-kit"
}

test_buildkit_s_steps_under_hardened_change_nothing() {
	local network
	export DOCKER_BUILDKIT=1
	mkdir "$T/context"
	buildkit_runs hardened
	printf 'FROM busybox\nRUN id -u >/tmp/who && grep CapEff /proc/self/status >>/tmp/who && cat /tmp/who >&2\n' \
		>"$T/context/Dockerfile"
	for network in none default; do
		docker build --network "$network" --no-cache --progress plain --tag "$ID-kit" "$T/context"
		expect_status 0
		[[ $ERR == *' 1001'* && $ERR == *$'CapEff:\t0000000000000000'* ]] || fail "the step ran otherwise"
	done
	printf 'FROM busybox\nRUN echo made >/made\n' >"$T/context/Dockerfile"
	docker build --network none "$T/context"
	expect_failure
	expect_error_has 'Read-only file system'
	command docker rmi "$ID-kit"
	# BuildKit keeps an empty cgroup of its own.
	engine_cgroups | grep '/buildkit$' | xargs rmdir
}

# Every container in a user namespace, whose root is nobody on the host: `hardened` leaves it that root.
test_a_docker_with_remapped_users_works() {
	local file
	for file in passwd group; do
		{ cat "/etc/$file"; echo "remapped:x:65111:65111::/:/bin/false"; } >"$T/$file"
	done
	echo 'remapped:200000:65536' | tee "$T/subuid" >"$T/subgid"
	for file in passwd group subuid subgid; do
		[ -e "/etc/$file" ] || skip "needs /etc/$file"
		mount --bind "$T/$file" "/etc/$file"
	done
	end_daemon dockerd
	jq '."userns-remap" = "remapped"' "$work/daemon.json" >"$T/daemon.json"
	mv "$T/daemon.json" "$work/daemon.json"
	start_docker
	tar --directory "$work/image" --create . | command docker import - busybox
	as_runc busybox sh -c 'id; cat /proc/self/uid_map; touch /file && stat -c %u /file'
	expect_line '         0     200000      65536'
	docker run --rm --runtime hardened busybox sh -c 'id -u; grep CapEff /proc/self/status; ls /sys/class/net; touch /x'
	expect_status 1
	expect_output $'0\nCapEff:\t0000000000000000\neth0\nlo'
	background --runtime hardened busybox sleep 300
	expect_equal "owner of the process" "$(stat -c %u "/proc/$(program_pid)")" 200000
	docker exec --user 0:0 --privileged "$ID" grep CapEff /proc/self/status
	expect_output $'CapEff:\t0000000000000000'
}

# ---- with a shim of our own -----------------------------------------------------------------------------

# The name of a shim is a runtime without a line in daemon.json, and the installed policy's default decides.
named_on_the_command_line() {
	docker run --rm --network none --runtime "$SHIM" busybox sh -c 'grep CapBnd /proc/self/status; exit 3'
	expect_status 3
	expect_output $'CapBnd:\t0000000000000000'
}

runs_of_many() {
	local i pids=() status
	for ((i = 0; i < 20; i++)); do
		command docker run --rm --network none --runtime "$1" busybox sh -c "echo $i; exit $((i + 10))" >"$T/run$i" 2>&1 &
		pids+=($!)
	done
	for ((i = 0; i < 20; i++)); do
		status=0
		wait "${pids[i]}" || status=$?
		expect_equal "status and output of container $i" "$status $(cat "$T/run$i")" "$((i + 10)) $i"
	done
	eventually has_no_shim
}

has_no_shim() {
	[ -z "$(shims)" ]
}

# As live-restore does, but dockerd has no time to say anything, and its containerd dies with it.
outlives_docker() {
	local pid containerd
	background --runtime "$1" busybox sh -c 'i=0; while :; do echo tick $((i = i + 1)); sleep 0.1; done'
	pid=$(program_pid)
	eventually logged 'tick 3$'
	containerd=$(cat /run/docker/containerd/containerd.pid)
	kill -KILL "$(cat "$work/dockerd.pid")"
	eventually is_gone "$(cat "$work/dockerd.pid")"
	eventually is_gone "$containerd"
	start_docker
	expect_equal pid "$(program_pid)" "$pid"
	docker exec "$ID" sh -c 'echo alive; exit 5'
	expect_status 5
	expect_output alive
	LOGGED=$(command docker logs "$ID" | wc -l)
	eventually logs_more
	docker stop --time 0 "$ID"
	expect_status 0
	[ "$(inspect '{{.State.ExitCode}}')" = 137 ] || fail "exit status $(inspect '{{.State.ExitCode}}')"
}

logs_more() {
	[ "$(command docker logs "$ID" | wc -l)" -gt $((LOGGED + 3)) ]
}

loses_its_shim() {
	local pid
	background --runtime "$1" busybox sleep 300
	pid=$(program_pid)
	kill -KILL "$(ps -o ppid= -p "$pid" | tr -d ' ')"
	eventually is_gone "$pid"
	eventually is_in_state exited
	docker start "$ID"
	expect_status 0
}

if [ -n "$SHIM" ]; then
	[ "$SHIM" = io.containerd.runc.v2 ] || test_a_shim_needs_no_line_in_daemon_json() {
		named_on_the_command_line
	}

	test_many_at_once_miss_no_status() {
		in_both runs_of_many
	}

	test_containers_outlive_a_docker_that_is_killed() {
		in_both outlives_docker
	}

	test_a_container_without_its_shim_is_ended() {
		in_both loses_its_shim
	}
fi

test_nothing_is_left_when_docker_ends() {
	after_case
	end_daemon dockerd
	# Docker itself leaves its data root mounted upon itself.
	expect_engine_left_nothing /var/lib/docker/overlay2 /var/lib/docker/containers /run/docker/containerd
}

once() {
	command docker run --rm --network none --runtime "$1" busybox true
}

measure_or_test
