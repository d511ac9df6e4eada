#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# podman of the distribution: conmon calls the runtime, and the terminal, the pid files and the exit statuses pass
# through it.  First beside runc in the profile compat, then hardened.
. "$(dirname "$0")/engine.sh"
needs podman conmon script

# ---- the engine -----------------------------------------------------------------------------------------

write_config() {
	cat >"$work/containers.conf" <<-END
		[containers]
		cgroupns = "private"
		log_driver = "k8s-file"
		init_path = "/usr/bin/tini-static"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		[network]
		network_config_dir = "$work/networks"
	END
	cat >"$work/storage.conf" <<-END
		[storage]
		driver = "overlay"
		graphroot = "/var/lib/containers/storage"
		runroot = "/run/containers/storage"
	END
	mkdir "$work/networks"
}

write_config
# podman 5 has a word to say about the controllers of cgroup v1, each time.
export PODMAN_IGNORE_CGROUPSV1_WARNING=1
export CONTAINERS_CONF=$work/containers.conf CONTAINERS_STORAGE_CONF=$work/storage.conf
export RUNC
RUNC=$(command -v runc) || skip "needs runc"
cp --archive "$work/template/rootfs" "$work/image"
mkdir -p "$work/image/data"
chown 1001:1001 "$work/image/data"
printf '#!/bin/sh\necho no\n' >"$work/image/bin/not-executable"
tar --directory "$work/image" --create . | command podman import - busybox >/dev/null 2>"$work/import" || {
	sed 's/^/# /' "$work/import"
	skip "podman cannot store an image here"
}

# podman_in NAME VERB [ARG]...: podman with the runtime and profile of that name.  What podman does later for this
# container (cleanup, stop, exec) needs the same, so the options are remembered.
podman_in() {
	case $1 in
	runc) options=(--runtime "$RUNC") ;;
	bulwark) options=(--runtime "$RUNTIME") ;;
	site) options=(--runtime "$RUNTIME" --runtime-flag "policy=$T/policy.json") ;;
	*) options=(--runtime "$RUNTIME" --runtime-flag "profile=$1") ;;
	esac
	run podman "${options[@]}" "${@:2}"
}

podman() {
	run podman "${options[@]}" "$@"
}

options=(--runtime "$RUNTIME")
# Builds of podman 5 ask for more than a host without CAP_SYS_RESOURCE gives.
ulimits=(--ulimit nofile=1024:1024 --ulimit nproc=1024:1024)

in_profile() {
	podman_in "$1" run --rm --network none --cgroup-parent "/$CGROUP" "${@:2}"
}

# background NAME [OPTION]... IMAGE COMMAND...: a container named $ID that goes on.
background() {
	podman_in "$1" run --detach --name "$ID" --network none --cgroup-parent "/$CGROUP" "${@:2}"
	expect_status 0
}

inspect() {
	command podman "${options[@]}" inspect --format "$1" "${2:-$ID}"
}

is_in_state() {
	[ "$(inspect '{{.State.Status}}')" = "$1" ]
}

program_pid() {
	inspect '{{.State.Pid}}'
}

logged() {
	command podman "${options[@]}" logs "$ID" 2>&1 | grep --quiet "$1"
}

after_case() {
	command podman --runtime "$RUNTIME" pod rm --force --all >/dev/null 2>&1
	command podman --runtime "$RUNTIME" rm --force --all --time 0 >/dev/null 2>&1
	command podman volume rm --force --all >/dev/null 2>&1
	# podman leaves the empty cgroups of pods and of conmon behind, with every runtime.
	engine_cgroups | grep -E '/([0-9a-f]{64}|conmon)$' |
		xargs --no-run-if-empty rmdir 2>/dev/null || true
}

# ---- beside runc ----------------------------------------------------------------------------------------

# as_runc [OPTION]... IMAGE COMMAND...
as_runc() {
	local status out
	in_profile runc "$@"
	status=$STATUS out=$(normalized "$OUT")
	in_profile compat "$@"
	expect_equal "exit status" "$STATUS" "$status"
	expect_equal "stdout" "$(normalized "$OUT")" "$out"
}

test_an_ordinary_container_is_what_runc_makes() {
	as_runc busybox sh -c 'id; pwd; grep -E "^(Cap|NoNew|Seccomp:|Uid|Groups)" /proc/self/status; ulimit -a'
	as_runc busybox sh -c 'env | grep -v HOSTNAME | sort; ls /dev | sort; umask
		cut -d " " -f 2 /proc/mounts | sort | grep -v /sys/fs/cgroup/unified'
}

test_options_do_what_they_do_with_runc() {
	as_runc --user 1001:7 --group-add 8 --workdir /tmp busybox sh -c 'id; pwd'
	as_runc --env KEY=value --hostname inside busybox sh -c 'echo $KEY; hostname'
	as_runc --cap-drop all --cap-add CHOWN --security-opt no-new-privileges busybox grep -E '^(Cap|NoNew)' /proc/self/status
	as_runc --security-opt seccomp=unconfined busybox grep '^Seccomp:' /proc/self/status
	as_runc --memory 64m --pids-limit 33 --cpus 0.5 busybox sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes \
		pids/pids.max cpu/cpu.cfs_quota_us 2>&1'
	as_runc --ulimit nofile=77:88 --ulimit nproc=100:200 --shm-size 1m --umask 0027 busybox \
		sh -c 'ulimit -n; df /dev/shm | tail -n 1; umask'
	expect_status 0
	as_runc --init busybox cat /proc/1/comm
	expect_status 0
	as_runc --pid host --uts host --ipc host busybox sh -c 'test $$ != 1; echo $?'
	as_runc --systemd=false busybox true
}

test_read_only_and_tmpfs_keep_the_image_s_files() {
	in_profile compat --read-only busybox true
	as_runc --read-only busybox sh -c 'touch /tmp/a && touch /b'
	as_runc --tmpfs /data:rw busybox ls -l /data
	as_runc --tmpfs /etc:rw busybox sh -c 'cat /etc/passwd; touch /etc/a'
}

test_exit_statuses_are_those_of_runc() {
	as_runc busybox sh -c 'exit 42'
	as_runc busybox no-such-program
	expect_status 127
	as_runc busybox /no/such/program
	expect_status 127
	as_runc busybox /bin/not-executable
	expect_status 126
	as_runc busybox /etc
	expect_status 126
	as_runc busybox not-executable
}

# podman keeps a container's id map; with one, the container's root is nobody on the host.
test_user_namespaces_work() {
	local uid
	as_runc --uidmap 0:100000:65536 busybox sh -c 'id -u; cat /proc/self/uid_map; touch /file && stat -c %u /file'
	expect_status 0
	background compat --uidmap 0:100000:65536 busybox sleep 300
	uid=$(stat -c %u "/proc/$(program_pid)")
	expect_equal "owner of the process" "$uid" 100000
}

# ---- the life of a container, in both profiles ----------------------------------------------------------

output_and_logs() {
	background "$1" busybox sh -c 'echo one; echo two >&2; exit 5'
	podman wait "$ID"
	expect_output 5
	podman logs "$ID"
	expect_output one
	[ "$ERR" = two ] || fail "stderr is \"$ERR\""
}

test_logs_have_both_streams() {
	in_both output_and_logs
}

standard_input() {
	STATUS=0
	podman_in "$1" --version
	OUT=$(echo "some text" | command podman "${options[@]}" run --rm --interactive --network none \
		--cgroup-parent "/$CGROUP" busybox tr a-z A-Z) || STATUS=$?
	expect_status 0
	expect_output 'SOME TEXT'
}

test_standard_input_arrives() {
	in_both standard_input
}

terminal() {
	background "$1" busybox sleep 300
	on_terminal podman "${options[@]}" run --rm --interactive --tty --network none --cgroup-parent "/$CGROUP" busybox \
		sh -c 'sleep 0.5; tty; stty size; exit 7'
	expect_status 7
	expect_output_has /dev/pts/0
	expect_output_has '33 111'
	on_terminal podman "${options[@]}" exec --interactive --tty "$ID" sh -c 'sleep 0.5; tty; stty size; exit 8'
	expect_status 8
	expect_output_has /dev/pts/0
	expect_output_has '33 111'
}

test_terminals_work_and_have_their_size() {
	in_both terminal
}

executes() {
	background "$1" --env FROM=container busybox sleep 300
	podman exec --env MORE=exec --workdir /tmp "$ID" sh -c 'echo $FROM $MORE; pwd; exit 9'
	expect_status 9
	expect_output $'container exec\n/tmp'
	podman exec "$ID" no-such-program
	expect_status 127
	podman exec "$ID" /bin/not-executable
	expect_status 126
	podman exec --detach "$ID" touch /tmp/detached
	expect_status 0
	eventually command podman "${options[@]}" exec "$ID" test -e /tmp/detached
	podman top "$ID" pid args
	expect_output_has 'sleep 300'
}

test_exec_and_top() {
	in_both executes
}

stops() {
	background "$1" busybox sh -c 'trap "echo ends; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
	eventually logged ready
	podman stop --time 20 "$ID"
	expect_status 0
	eventually is_in_state exited
	expect_equal "exit status" "$(inspect '{{.State.ExitCode}}')" 3
	podman start "$ID"
	expect_status 0
	podman restart --time 0 "$ID"
	expect_status 0
	is_in_state running || fail "it is not running"
	podman kill "$ID"
	expect_status 0
	eventually is_in_state exited
	expect_equal "exit status" "$(inspect '{{.State.ExitCode}}')" 137
}

test_stop_start_restart_kill() {
	in_both stops
}

ignores_term() {
	background "$1" busybox sh -c 'trap "" TERM; sleep 300'
	podman stop --time 1 "$ID"
	expect_status 0
	eventually is_in_state exited
	expect_equal "exit status" "$(inspect '{{.State.ExitCode}}')" 137
}

test_who_ignores_the_signal_is_killed() {
	in_both ignores_term
}

pauses() {
	local pid
	background "$1" busybox sh -c 'while :; do :; done'
	podman pause "$ID"
	expect_status 0
	is_in_state paused || fail "its state is $(inspect '{{.State.Status}}')"
	pid=$(program_pid)
	OUT=$(cut -d ' ' -f 14 "/proc/$pid/stat")
	sleep 0.5
	expect_equal "processor time" "$(cut -d ' ' -f 14 "/proc/$pid/stat")" "$OUT"
	podman unpause "$ID"
	expect_status 0
	is_in_state running || fail "its state is $(inspect '{{.State.Status}}')"
}

test_pause_and_unpause() {
	in_both pauses
}

updates() {
	background "$1" --memory 64m busybox sleep 300
	podman update --memory 96m --cpus 0.25 "$ID"
	expect_status 0
	expect_equal memory "$(limit_of memory "$(program_pid)" memory.limit_in_bytes memory.max)" 100663296
	expect_equal quota "$(limit_of cpu "$(program_pid)" cpu.cfs_quota_us cpu.max)" 25000
}

test_update_changes_the_limits() {
	in_both updates
}

statistics() {
	background "$1" busybox sleep 300
	podman stats --no-stream --format '{{.PIDs}}' "$ID"
	expect_status 0
	expect_output 1
}

test_stats_see_the_container() {
	in_both statistics
}

checks_health() {
	background "$1" --health-cmd 'test -e /tmp/healthy' --health-retries 1 --health-interval disable busybox sleep 300
	podman healthcheck run "$ID"
	expect_status 1
	podman exec "$ID" touch /tmp/healthy
	podman healthcheck run "$ID"
	expect_status 0
}

test_health_checks_run() {
	in_both checks_health
}

# podman copies inside the mount namespace of a container that runs, so there it can write what the container can.
copies() {
	background "$1" busybox sleep 300
	echo text >"$T/file"
	podman cp "$T/file" "$ID:/tmp/copied"
	expect_status 0
	podman exec "$ID" cat /tmp/copied
	expect_output text
	podman cp "$ID:/tmp/copied" "$T/back"
	expect_status 0
	cmp "$T/file" "$T/back"
	podman cp "$T/file" "$ID:/data/copied"
	[ "$1" = compat ] || expect_error_has 'read-only file system'
	[ "$1" != compat ] || expect_status 0
}

test_copying_in_and_out() {
	in_both copies
}

# ---- networks and pods ----------------------------------------------------------------------------------

talks_over_the_bridge() {
	podman_in "$1" run --detach --name "$ID" --network bridge --cgroup-parent "/$CGROUP" busybox \
		sh -c 'echo "hello from the server" >/tmp/index.html; exec httpd -f -p 8080 -h /tmp'
	[[ $ERR != *netavark* ]] || skip "podman has no bridge here: $ERR"
	expect_status 0
	eventually served "http://$(inspect '{{.NetworkSettings.IPAddress}}'):8080/"
	expect_output 'hello from the server'
}

served() {
	podman run --rm --network bridge --cgroup-parent "/$CGROUP" busybox wget -q -O - "$1"
	[ "$STATUS" = 0 ]
}

# podman makes the network namespace and has the container join it: there the guard is programs on its cgroup.
test_containers_talk_over_the_bridge() {
	talks_over_the_bridge compat
	after_case
	talks_over_the_bridge hardened
}

# In the network namespace that podman has made and plugged in.
test_behind_the_egress_gate_are_listed_names_alone() {
	needs_beside bulwark-warden
	policy "$gate_policy"
	podman_in site run --rm --network bridge --cgroup-parent "/$CGROUP" busybox sh -c "$(ask_gate "10.88.0.1 1")"
	[[ $ERR != *netavark* ]] || skip "podman has no bridge here: $ERR"
	expect_gate
}

# A pod's containers share the network of its first.
test_pods_share_their_network() {
	local name
	for name in compat hardened; do
		cp "$(command -v busybox)" "$T/pause"
		podman_in "$name" pod create --name "$ID-$name" --cgroup-parent "/$CGROUP" --share net --network none \
			--infra-image busybox --infra-command "sleep 300"
		expect_status 0
		podman run --detach --pod "$ID-$name" --name "$ID-a-$name" busybox \
			sh -c 'echo together >/tmp/index.html; exec httpd -f -p 8080 -h /tmp'
		expect_status 0
		podman run --rm --pod "$ID-$name" busybox wget -q -O - http://127.0.0.1:8080/
		expect_output together
		podman pod stop --time 0 "$ID-$name"
		expect_status 0
	done
}

test_the_host_s_network_is_for_compat_only() {
	podman_in compat run --rm --network host --cgroup-parent "/$CGROUP" busybox ls /sys/class/net
	expect_status 0
	expect_line lo
	podman_in hardened run --rm --network host --cgroup-parent "/$CGROUP" busybox true
	expect_failure
	expect_error_has '(rule network)'
}

# ---- what the policy decides ----------------------------------------------------------------------------

test_bulwark_without_options_hardens() {
	in_profile bulwark busybox sh -c 'id -u; grep -E "^(CapEff|CapBnd|NoNew|Seccomp:)" /proc/self/status; touch /x'
	expect_status 1
	expect_output $'1001\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2'
}

test_exec_is_no_way_round() {
	background hardened busybox sleep 300
	podman exec --user 0:0 --privileged "$ID" \
		sh -c 'id -u; grep -E "^(CapEff|NoNew|Seccomp:)" /proc/self/status; touch /x'
	expect_status 1
	expect_output $'1001\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2'
}

# podman makes the network namespace, which is the host's, and the container joins it by its path.
test_the_image_s_root_is_root_of_a_range_of_ids() {
	policy '{"extends": "hardened", "loosens": ["user.root"], "user": {"root": "userns", "idmap": "require"}}'
	podman_in site run --rm busybox sh -c 'id -u; stat -c %u:%g /etc/passwd /bin/busybox; ls /sys/class/net; tr -s " " </proc/self/uid_map; echo text >/dev/stdout; touch /tmp/x /x'
	expect_status 1
	expect_line 0
	expect_line 0:0
	expect_line lo
	expect_line text
	grep --quiet '^ 0 2[0-9]* 65536$' <<<"$OUT" || fail "it has no range"
	[[ $ERR == *'/x: Read-only file system'* ]] || fail "it could write to its root file system"
}

test_volumes_work_and_the_host_s_secrets_are_no_volumes() {
	mkdir -m 777 "$T/shared"
	in_profile hardened --volume "$T/shared:/mnt" busybox sh -c 'echo text >/mnt/file; id -u'
	expect_output 1001
	in_profile hardened --volume "$ID-volume:/data" busybox sh -c 'echo more >/data/more && cat /data/more'
	expect_output more
	in_profile hardened --volume /etc/shadow:/mnt:ro busybox cat /mnt
	expect_failure
	expect_error_has /etc/shadow
	in_profile compat --volume /etc/shadow:/mnt:ro busybox test -e /mnt
	expect_status 0
}

test_asked_limits_hold_and_those_of_the_policy_otherwise() {
	background hardened --memory 48m --pids-limit 20 busybox sleep 300
	expect_equal memory "$(limit_of memory "$(program_pid)" memory.limit_in_bytes memory.max)" 50331648
	expect_equal pids "$(limit_of pids "$(program_pid)" pids.max pids.max)" 20
	podman rm --force --time 0 "$ID"
	# Without an option podman itself asks for 2048.
	background hardened --pids-limit 0 busybox sleep 300
	expect_equal pids "$(limit_of pids "$(program_pid)" pids.max pids.max)" 512
	in_profile hardened --ulimit nofile=77:88 --ulimit nproc=100:200 --shm-size 1m --umask 0027 busybox \
		sh -c 'ulimit -n; ulimit -Hn; df /dev/shm | tail -n 1 | tr -s " " | cut -d " " -f 2; umask'
	expect_status 0
	expect_output $'77\n88\n1024\n0027'
}

test_an_init_of_podman_needs_no_rights() {
	in_profile hardened --init busybox cat /proc/1/comm
	expect_status 0
	expect_output podman-init
}

# For systemd in a container podman binds the host's hierarchy of that name.
test_systemd_in_a_container_is_for_compat_only() {
	[ -d /sys/fs/cgroup/systemd ] || skip "needs the hierarchy of systemd, of cgroup v1"
	in_profile hardened --systemd always busybox true
	expect_failure
	expect_error_has 'lies beneath /sys'
	as_runc --systemd always busybox sh -c 'for d in /run /run/lock /tmp; do echo a >$d/a || exit; done'
	expect_status 0
}

test_the_host_s_namespaces_stay_the_host_s() {
	local kind
	background hardened --pid host --uts host busybox sleep 300
	for kind in pid uts; do
		expect_different "the namespace $kind" "$(namespace_of "$(program_pid)" "$kind")" "$(namespace_of self "$kind")"
	done
	in_profile hardened --ipc host busybox true
	expect_failure
	expect_error_has /dev
	in_profile compat --ipc host busybox true
	expect_status 0
}

test_no_option_of_podman_loosens_it() {
	local option
	for option in '--user 0:0' '--cap-add all' '--security-opt seccomp=unconfined' '--group-add 0' \
		'--security-opt unmask=ALL' '--oom-score-adj -900'; do
		# An option and its argument.
		# shellcheck disable=SC2086
		in_profile hardened $option busybox sh -c '
			id -u; id -G; grep -E "^(CapEff|CapBnd|NoNew|Seccomp:)" /proc/self/status
			cat /proc/self/oom_score_adj; touch /x; wc -c </proc/timer_list'
		expect_status 0
		expect_output $'1001\n1001\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n0\n0'
	done
	for option in --privileged '--device /dev/loop-control'; do
		# shellcheck disable=SC2086
		in_profile hardened $option busybox true
		expect_failure
	done
}

# A build calls the runtime by itself: create, start, state until it has stopped, delete.
test_builds_run_their_steps() {
	mkdir "$T/context"
	printf 'FROM localhost/busybox\nRUN id -u >/tmp/who && cat /tmp/who && exit 0\n' >"$T/context/Dockerfile"
	podman_in hardened build "${ulimits[@]}" --network none --isolation oci --tag "$ID-read" "$T/context"
	expect_status 0
	expect_line 1001
	printf 'FROM localhost/busybox\nRUN echo made >/made\nCMD cat /made\n' >"$T/context/Dockerfile"
	podman_in hardened build "${ulimits[@]}" --network none --isolation oci --tag "$ID-write" "$T/context"
	expect_failure
	[[ $OUT$ERR == *'Read-only file system'* ]] || fail "the step failed otherwise"
	podman_in compat build "${ulimits[@]}" --network none --isolation oci --tag "$ID-write" "$T/context"
	expect_status 0
	in_profile hardened "$ID-write"
	expect_output made
	command podman rmi "$ID-read" "$ID-write"
}

# buildah_in NAME VERB [ARG]...: buildah with the runtime and profile of that name.
buildah_in() {
	local flags=(--runtime "$RUNTIME" --runtime-flag "profile=$1")
	[ "$1" != runc ] || flags=(--runtime "$RUNC")
	run buildah "$2" "${flags[@]}" --isolation oci --network none "${@:3}"
}

# steps NAME: the exit status and the output of a build whose steps change the image.
steps() {
	buildah_in "$1" build "${ulimits[@]}" --no-cache --tag "$ID-$1" "$T/context" >&2
	echo "$STATUS"
	command podman run --rm --network none --runtime "$RUNC" --cgroup-parent "/$CGROUP" "$ID-$1"
}

test_buildah_builds_as_with_runc() {
	needs buildah
	mkdir "$T/context"
	printf 'FROM localhost/busybox\nENV KEY=value\nRUN id >/made && pwd >>/made && echo $KEY >>/made\n%s\nCMD cat /made\n' \
		'RUN grep -E "^(Cap|NoNew|Seccomp:)" /proc/self/status >>/made; ip -o link | wc -l >>/made' >"$T/context/Dockerfile"
	steps runc >"$T/runc"
	steps compat >"$T/compat"
	grep --quiet ^CapEff "$T/runc" || fail "the build says $(cat "$T/runc")"
	cmp "$T/runc" "$T/compat" || fail "with compat the build says $(cat "$T/compat")"
	printf 'FROM localhost/busybox\nRUN exit 9\n' >"$T/context/Dockerfile"
	buildah_in compat build "${ulimits[@]}" "$T/context"
	expect_status 9
	command podman rmi "$ID-runc" "$ID-compat"
}

test_buildah_s_steps_under_hardened_change_nothing() {
	local container
	needs buildah
	mkdir "$T/context"
	printf 'FROM localhost/busybox\nRUN id -u >/tmp/who && cat /tmp/who\n' >"$T/context/Dockerfile"
	buildah_in hardened build "${ulimits[@]}" "$T/context"
	expect_status 0
	expect_line 1001
	printf 'FROM localhost/busybox\nRUN echo made >/made\n' >"$T/context/Dockerfile"
	buildah_in hardened build "${ulimits[@]}" "$T/context"
	expect_failure
	[[ $OUT$ERR == *'Read-only file system'* ]] || fail "the step failed otherwise"
	container=$(command buildah from "${ulimits[@]}" localhost/busybox)
	BUILDAH_RUNTIME=$RUNTIME run buildah run --isolation oci --network none "$container" sh -c 'id -u; exit 7'
	expect_status 7
	expect_output 1001
	run buildah run --runtime "$RUNC" --isolation oci --network none "$container" id -u
	expect_output 0
	run buildah rm "$container"
}

# Ids that podman chooses from those of the user "containers".
test_podman_chooses_ids_for_a_user_namespace() {
	local file name
	for file in passwd subuid subgid; do
		[ -e "/etc/$file" ] || skip "needs /etc/$file"
		{ cat "/etc/$file"; echo "containers:$([ "$file" = passwd ] && echo x:65110:65110::/:/bin/false || echo 400000:65536)"
		} >"$T/$file"
		mount --bind "$T/$file" "/etc/$file"
	done
	for name in runc compat hardened; do
		in_profile "$name" --userns auto:size=2000 busybox sh -c 'id -u; cat /proc/self/uid_map | tr -s " "'
		expect_status 0
		expect_output $'0\n 0 400000 2000'
	done
	umount /etc/passwd /etc/subuid /etc/subgid
}

test_a_user_namespace_needs_no_other_user() {
	in_profile hardened --uidmap 0:100000:65536 busybox sh -c 'id -u; grep CapEff /proc/self/status'
	expect_status 0
	expect_line $'CapEff:\t0000000000000000'
}

test_python_runs_under_untrusted_code() {
	cp --archive "$work/image" "$T/python"
	python_rootfs "$T/python"
	tar --directory "$T/python" --create . | command podman import - python >/dev/null 2>&1
	rm -rf "$T/python"
	in_profile untrusted-code --env GITHUB_TOKEN=secret python python3 -I -c '
import json, os, subprocess
child = subprocess.run(["/usr/bin/python3", "-I", "-c", "print(6 * 7)"], capture_output=True, text=True)
print(json.dumps([os.getuid(), "GITHUB_TOKEN" in os.environ, child.stdout.strip()]))'
	expect_status 0
	expect_output '[1001, false, "42"]'
	in_profile untrusted-code python sh -c 'echo out'
	expect_failure
	expect_error_has 'Direct shell access denied'
	command podman rmi python
}

test_nothing_is_left_of_podman() {
	after_case
	expect_engine_left_nothing /run/bulwark
}

once() {
	local options=(--runtime "$RUNTIME" --runtime-flag "profile=$1")
	[ "$1" != runc ] || options=(--runtime "$RUNC")
	command podman "${options[@]}" run --rm --network none --cgroup-parent "/$CGROUP" busybox true
}

measure_or_test
