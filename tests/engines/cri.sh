#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# containerd as a kubelet sees it: pods and containers over its CRI socket, each profile a runtime handler.  The
# containers of a pod join the network, ipc and uts namespaces of its sandbox by path, and the sandbox itself joins
# a network namespace that containerd made: there the guard of `hardened` is programs on each container's cgroup.
#
#	SHIM=io.containerd.bulwark.v2	the same with bulwark's own shim, which shim-cri.sh sets
. "$(dirname "$0")/engine.sh"
SHIM=${SHIM:-io.containerd.runc.v2}
. "$(dirname "$0")/shim.sh"
needs containerd ctr sha256sum /usr/lib/cni/bridge /usr/lib/cni/loopback
python3 -c 'import grpc' 2>/dev/null || skip "needs python3-grpcio"

# ---- the engine -----------------------------------------------------------------------------------------

# A runtime handler for each program; this host cannot lower an oom score.
write_config() {
	local name cri='plugins."io.containerd.grpc.v1.cri"'
	cat <<-END
		version = 2
		root = "/var/lib/containerd"
		state = "/run/containerd"
		[grpc]
		  address = "$CONTAINERD_ADDRESS"
		[$cri]
		  sandbox_image = "$pause"
		  restrict_oom_score_adj = true
		  [$cri.cni]
		    bin_dir = "/usr/lib/cni"
		    conf_dir = "$work/cni"
		  [$cri.containerd]
		    default_runtime_name = "bulwark"
	END
	for name in runc bulwark compat hardened site inline; do
		printf '[%s.containerd.runtimes.%s]\n' "$cri" "$name"
		handler_of "$name"
	done
}

# A handler's shim, and how that gets its profile: by a program, by a file, by a line right here.
handler_of() {
	local options="[$cri.containerd.runtimes.$1.options]"
	case $SHIM:$1 in
	io.containerd.runc.v2:* | *:runc)
		printf 'runtime_type = "io.containerd.runc.v2"\n%s\nBinaryName = "%s"\n' "$options" "$work/$1"
		;;
	*:bulwark) echo "runtime_type = \"$SHIM\"" ;;
	*:inline) printf 'runtime_type = "%s"\n%s\nProfile = "compat"\n' "$SHIM" "$options" ;;
	*) printf 'runtime_type = "%s"\n%s\nConfigPath = "%s"\n' "$SHIM" "$options" "$work/$1.toml" ;;
	esac
}

# A bridge in the network namespace of this test.
write_network() {
	mkdir "$work/cni"
	cat >"$work/cni/10-pods.conflist" <<-END
		{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "pods0", "isGateway": true,
		"ipMasq": false, "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.77.0.0/24"}]]}}]}
	END
}

start_containerd() {
	PATH=$work/bin:$PATH daemon containerd containerd --config "$work/config.toml"
	comes_up containerd is_ready
}

is_ready() {
	"$client" "$CONTAINERD_ADDRESS" Status |
		jq --exit-status '[.status.conditions[] | select(.type == "RuntimeReady" or .type == "NetworkReady").status] == [1, 1]'
}

client=$tests_dir/engines/cri.py
image=docker.io/library/busybox:local pause=docker.io/library/pause:local
export CONTAINERD_NAMESPACE=k8s.io CONTAINERD_ADDRESS=/run/containerd/containerd.sock
write_config >"$work/config.toml"
write_network
install_shim
# Hardened, but for what a rule chooses.
jq --null-input '{version: 1, default: "hardened"}' >"$work/pods.json"
chmod 600 "$work/pods.json"
write_wrapper site "--policy=$work/pods.json"
echo "Policy = \"$work/pods.json\"" >"$work/site.toml"
start_containerd
cp --archive "$work/template/rootfs" "$work/image"
mkdir -p "$work/pause/bin"
cp "$(command -v busybox)" "$work/pause/bin/sleep"
printf '#!/bin/sh\necho no\n' >"$work/image/bin/not-executable"
image_archive "$work/image" "$image" | ctr image import - >/dev/null
image_archive "$work/pause" "$pause" '["/bin/sleep", "1d"]' | ctr image import - >/dev/null

# cri METHOD [REQUEST]: one call.
cri() {
	run "$client" "$CONTAINERD_ADDRESS" "$@"
}

# asked METHOD REQUEST FILTER: one word of an answer.
asked() {
	"$client" "$CONTAINERD_ADDRESS" "$1" "$2" | jq --raw-output "$3"
}

# pod HANDLER [CHANGE]: a sandbox whose configuration CHANGE, a jq filter, has changed; $POD is its id.
pod() {
	pods=$((${pods:-0} + 1))
	POD_CONFIG=$(jq --null-input --compact-output --arg id "$ID-$pods" --arg logs "$T/logs" --arg cgroup "/$CGROUP" '{
		metadata: {name: $id, uid: $id, namespace: "tests"}, hostname: "the-pod", log_directory: $logs,
		linux: {cgroup_parent: $cgroup, security_context: {namespace_options: {pid: 1}}}} | '"${2:-.}")
	cri RunPodSandbox "{\"config\": $POD_CONFIG, \"runtime_handler\": \"$1\"}"
	POD=$(jq --raw-output .pod_sandbox_id <<<"$OUT")
}

# created CHANGE COMMAND...: a container of that pod, not started; $CONTAINER is its id.
created() {
	local config
	containers=$((${containers:-0} + 1))
	config=$(jq --null-input --compact-output --arg name "c$containers" --arg image "$image" '{metadata: {$name},
		image: {$image}, command: $ARGS.positional, log_path: $name,
		linux: {security_context: {namespace_options: {pid: 1}}}} | '"$1" --args -- "${@:2}")
	cri CreateContainer "{\"pod_sandbox_id\": \"$POD\", \"config\": $config, \"sandbox_config\": $POD_CONFIG}"
	CONTAINER=$(jq --raw-output .container_id <<<"$OUT")
}

# starts CHANGE COMMAND...: the same, and it runs.
starts() {
	created "$@"
	expect_status 0
	cri StartContainer "{\"container_id\": \"$CONTAINER\"}"
}

# status FILTER: what containerd says of the container.
status() {
	asked ContainerStatus "{\"container_id\": \"$CONTAINER\"}" ".status | $1"
}

has_exited() {
	[ "$(status .state)" = 2 ]
}

# says: what the container has written to its log, without time and stream, in OUT.
says() {
	eventually has_exited
	OUT=$(cut -d ' ' -f 4- "$T/logs/c$containers")
}

# executes COMMAND...: in OUT, ERR and STATUS as if it had been run here.
executes() {
	local request
	request=$(jq --null-input --arg id "$CONTAINER" '{container_id: $id, cmd: $ARGS.positional, timeout: 20}' --args -- "$@")
	cri ExecSync "$request"
	[ "$STATUS" = 0 ] || return 0
	ERR=$(jq --raw-output .stderr <<<"$OUT") STATUS=$(jq .exit_code <<<"$OUT") OUT=$(jq --raw-output .stdout <<<"$OUT")
}

program_pid() {
	ctr task list | awk -v id="$CONTAINER" '$1 == id { print $2 }'
}

after_case() {
	local id
	for id in $(asked ListContainers '{}' '.containers[].id' 2>/dev/null); do
		"$client" "$CONTAINERD_ADDRESS" RemoveContainer "{\"container_id\": \"$id\"}" >/dev/null
	done
	for id in $(asked ListPodSandbox '{}' '.items[].id' 2>/dev/null); do
		"$client" "$CONTAINERD_ADDRESS" StopPodSandbox "{\"pod_sandbox_id\": \"$id\"}" >/dev/null
		"$client" "$CONTAINERD_ADDRESS" RemovePodSandbox "{\"pod_sandbox_id\": \"$id\"}" >/dev/null
	done
}

# in_pods FUNCTION: the same under compat and under the policy that lets pods have a network.
in_pods() {
	local name
	for name in compat hardened; do
		echo "== $name"
		"$1" "$name"
		after_case
	done
}

# ---- beside runc ----------------------------------------------------------------------------------------

# The log is complete some time after the end: containerd copies it, and says that the container has ended meanwhile.
answers_as_runc() {
	OUT=$(cut -d ' ' -f 4- "$T/logs/c$containers")
	ANSWER="$STATUS $OUT $(normalized "$(status '"\(.exit_code) \(.reason) \(.message)"')")"
	[ "$ANSWER" = "$(cat "$T/runc")" ]
}

# as_runc CHANGE COMMAND...: exit code, reason, message and log of a container are those with runc.
as_runc() {
	local name i
	for name in runc compat; do
		pod "$name"
		expect_status 0
		starts "$@"
		says
		if [ "$name" = runc ]; then
			sleep 0.5
			rm -f "$T/runc"
			answers_as_runc 2>/dev/null || echo "$ANSWER" >"$T/runc"
		else
			for ((i = 0; i < 100; i++)); do
				! answers_as_runc || break
				sleep 0.05
			done
		fi
		after_case
	done
	expect_equal "answer" "$ANSWER" "$(cat "$T/runc")"
}

test_an_ordinary_container_is_what_runc_makes() {
	as_runc . sh -c 'id; pwd; env | sort; grep -E "^(Cap|NoNew|Seccomp:|Groups)" /proc/self/status; ulimit -a'
	as_runc . sh -c 'ls /dev | sort; cut -d " " -f 2 /proc/mounts | sort | grep -v /sys/fs/cgroup/unified; hostname
		ip -o link | wc -l; ls -l /etc | cut -c 1-10'
}

test_options_do_what_they_do_with_runc() {
	as_runc '.working_dir = "/tmp" | .envs = [{key: "KEY", value: "value"}] |
		.linux.security_context += {run_as_user: {value: 1001}, run_as_group: {value: 7}}' sh -c 'id; pwd; echo $KEY'
	as_runc '.linux.security_context += {readonly_rootfs: true, no_new_privs: true,
		capabilities: {add: ["SYS_ADMIN"], drop: ["CHOWN"]}}' sh -c 'exec 2>&1; touch /file; grep -E "^(Cap|NoNew)" /proc/self/status'
	as_runc '.linux.security_context.seccomp = {profile_type: 0}' grep ^Seccomp: /proc/self/status
	as_runc '.linux.security_context.seccomp = {profile_type: 1}' grep ^Seccomp: /proc/self/status
	as_runc '.linux.resources = {memory_limit_in_bytes: 67108864, cpu_quota: 25000, cpu_period: 100000, cpu_shares: 99}' \
		sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.shares 2>&1'
	as_runc '.linux.security_context.namespace_options.pid = 0' sh -c 'test $$ = 1; echo $?'
}

test_exit_codes_and_reasons_are_those_of_runc() {
	as_runc . true
	as_runc . sh -c 'exit 42'
	as_runc . sh -c 'kill -9 $$'
	as_runc . no-such-program
	as_runc . /bin/not-executable
}

# ---- the life of a pod, in both profiles ----------------------------------------------------------------

lives() {
	pod "$1"
	expect_status 0
	OUT=$(asked PodSandboxStatus "{\"pod_sandbox_id\": \"$POD\"}" '.status | "\(.state) \(.runtime_handler)"')
	expect_output "0 $1"
	created '.envs = [{key: "FROM", value: "container"}]' \
		sh -c 'trap "echo ends; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
	expect_equal "state" "$(status .state)" 0
	cri StartContainer "{\"container_id\": \"$CONTAINER\"}"
	expect_status 0
	expect_equal "state" "$(status .state)" 1
	eventually grep --quiet 'stdout F ready' "$T/logs/c$containers"
	executes sh -c 'echo $FROM; echo more >&2; exit 9'
	expect_status 9
	expect_output container
	[ "$ERR" = more ] || fail "stderr is \"$ERR\""
	executes no-such-program
	expect_failure
	expect_error_has 'executable file not found in $PATH'
	cri StopContainer "{\"container_id\": \"$CONTAINER\", \"timeout\": 20}"
	expect_status 0
	expect_equal "exit code" "$(status '"\(.state) \(.exit_code)"')" "2 3"
	grep --quiet 'stdout F ends' "$T/logs/c$containers" || fail "its last words are lost"
	cri RemoveContainer "{\"container_id\": \"$CONTAINER\"}"
	expect_status 0
	cri StopPodSandbox "{\"pod_sandbox_id\": \"$POD\"}"
	expect_status 0
	expect_equal "state" "$(asked PodSandboxStatus "{\"pod_sandbox_id\": \"$POD\"}" .status.state)" 1
	cri RemovePodSandbox "{\"pod_sandbox_id\": \"$POD\"}"
	expect_status 0
	expect_equal "number of pods" "$(asked ListPodSandbox '{}' '.items | length')" 0
}

test_a_pod_from_its_start_to_its_end() {
	in_pods lives
}

ends_otherwise() {
	pod "$1"
	starts . sh -c 'trap "" TERM; sleep 300'
	expect_status 0
	cri StopContainer "{\"container_id\": \"$CONTAINER\", \"timeout\": 1}"
	expect_status 0
	expect_equal "exit code" "$(status .exit_code)" 137
	starts . sh -c 'exit 5'
	eventually has_exited
	expect_equal "exit code and reason" "$(status '"\(.exit_code) \(.reason)"')" "5 Error"
	starts '.linux.resources.memory_limit_in_bytes = 16777216' sh -c 'sleep 1; head -c 100m /dev/zero | tail'
	eventually has_exited
	expect_equal "reason" "$(status .reason)" OOMKilled
	starts . no-such-program
	expect_failure
	expect_equal "exit code and reason" "$(status '"\(.exit_code) \(.reason)"')" "128 StartError"
}

test_exit_codes_have_their_reasons() {
	in_pods ends_otherwise
}

measures() {
	pod "$1"
	starts '.linux.resources.memory_limit_in_bytes = 67108864' sleep 300
	cri ContainerStats "{\"container_id\": \"$CONTAINER\"}"
	expect_status 0
	jq --exit-status '.stats | .memory.working_set_bytes.value > 0 and .cpu.usage_core_nano_seconds.value > 0' \
		<<<"$OUT" >/dev/null || fail "the statistics lack something"
	cri UpdateContainerResources "{\"container_id\": \"$CONTAINER\", \"linux\":
		{\"memory_limit_in_bytes\": 100663296, \"cpu_quota\": 25000, \"cpu_period\": 100000}}"
	expect_status 0
	expect_equal memory "$(limit_of memory "$(program_pid)" memory.limit_in_bytes memory.max)" 100663296
}

test_stats_and_update() {
	in_pods measures
}

shares() {
	local ipc
	pod "$1"
	starts . sh -c 'echo together >/tmp/index.html; exec httpd -f -p 127.0.0.1:8080 -h /tmp'
	expect_status 0
	starts . sh -c 'while ! wget -q -O - http://127.0.0.1:8080/; do sleep 0.1; done; hostname; cat /etc/hostname
		echo $(ls /sys/class/net) $$; echo text >/dev/shm/file; ls -l /proc/self/ns/ipc | cut -d ">" -f 2'
	says
	expect_line together
	expect_equal "lines of a hostname" "$(grep -c '^the-pod$' <<<"$OUT")" 2
	expect_line 'eth0 lo 1'
	ipc=$(tail -n 1 <<<"$OUT")
	starts . sh -c 'cat /dev/shm/file; ls -l /proc/self/ns/ipc | cut -d ">" -f 2'
	says
	expect_line text
	expect_line "$ipc"
	starts '.linux.security_context.namespace_options.pid = 0' sh -c 'cat /proc/1/cmdline | tr "\0" " "; echo $$ | grep -v "^1$"'
	says
	expect_output_has '/bin/sleep'
	expect_equal "exit code" "$(status .exit_code)" 0
}

test_the_containers_of_a_pod_share_what_is_the_pod_s() {
	in_pods shares
}

talks() {
	local address
	pod "$1"
	starts . sh -c 'echo "hello from the server" >/tmp/index.html; exec httpd -f -p 8080 -h /tmp'
	address=$(asked PodSandboxStatus "{\"pod_sandbox_id\": \"$POD\"}" .status.network.ip)
	[[ $address == 10.77.0.* ]] || fail "the pod's address is \"$address\""
	pod "$1"
	starts . sh -c "until wget -q -O - http://$address:8080/; do sleep 0.1; done"
	says
	expect_output 'hello from the server'
}

test_pods_talk_over_their_network() {
	in_pods talks
}

lives_on() {
	local pid
	pod "$1"
	starts . sleep 300
	pid=$(program_pid)
	end_daemon containerd
	start_containerd
	expect_equal "state" "$(status .state)" 1
	expect_equal pid "$(program_pid)" "$pid"
	executes echo alive
	expect_output alive
}

test_pods_survive_a_restart_of_containerd() {
	in_pods lives_on
}

# All that a pod runs has one shim, which ends with the pod.
has_one_shim() {
	local sandbox first=$ID
	pod "$1"
	sandbox=$POD
	starts . sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
	first=$CONTAINER
	starts . sleep 300
	expect_equal "number of shims" "$(shims | wc -l)" 1
	CONTAINER=$first
	executes sh -c 'echo first; exit 4'
	expect_status 4
	expect_output first
	cri StopContainer "{\"container_id\": \"$first\", \"timeout\": 20}"
	expect_equal "exit code" "$(status .exit_code)" 3
	pod "$1"
	expect_equal "number of shims" "$(shims | wc -l)" 2
	cri StopPodSandbox "{\"pod_sandbox_id\": \"$sandbox\"}"
	expect_status 0
	cri RemovePodSandbox "{\"pod_sandbox_id\": \"$sandbox\"}"
	expect_status 0
	eventually has_shims 1
}

has_shims() {
	[ "$(shims | wc -l)" = "$1" ]
}

test_a_pod_has_one_shim() {
	in_pods has_one_shim
}

# ---- what the policy decides ----------------------------------------------------------------------------

test_the_host_s_network_is_for_compat_only() {
	local name
	pod compat 'del(.hostname) | .linux.security_context.namespace_options.network = 2'
	expect_status 0
	starts '.linux.security_context.namespace_options.network = 2' ls /sys/class/net
	says
	expect_line pods0
	for name in hardened bulwark; do
		pod "$name" 'del(.hostname) | .linux.security_context.namespace_options.network = 2'
		expect_failure
		expect_error_has '(rule network)'
	done
}

test_a_container_of_a_hardened_pod_is_hardened() {
	pod hardened
	starts '.linux.security_context += {run_as_user: {value: 0}, capabilities: {add: ["ALL"]},
		seccomp: {profile_type: 1}}' sh -c 'id -u; grep -E "^(CapEff|CapBnd|NoNew|Seccomp:)" /proc/self/status; touch /x
		sleep 300'
	expect_status 0
	eventually grep --quiet 'stderr F .*/x: Read-only file system' "$T/logs/c$containers"
	OUT=$(sed -n 's/.* stdout F //p' "$T/logs/c$containers")
	expect_output $'1001\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2'
	executes sh -c 'id -u; grep -E "^(CapEff|NoNew|Seccomp:)" /proc/self/status; touch /x'
	expect_status 1
	expect_output $'1001\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2'
}

test_the_host_s_processes_stay_the_host_s() {
	local host='.linux.security_context.namespace_options.pid = 2' name
	for name in compat hardened; do
		pod "$name" "$host"
		starts "$host" sleep 300
		OUT=$(namespace_of "$(program_pid)" pid)
		[ "$name" = compat ] || break
		expect_output "$(namespace_of self pid)"
	done
	expect_different "the namespace" "$OUT" "$(namespace_of self pid)"
	executes cat /proc/1/cmdline
	expect_output_has /bin/sleep
}

# refuses CHANGE: a container in the pod of the case is refused; the same in one under compat runs.
refuses() {
	created "$1" true
	[ "$STATUS" != 0 ] || cri StartContainer "{\"container_id\": \"$CONTAINER\"}"
	expect_failure
}

test_refusals_reach_the_kubelet_with_their_reason() {
	local mount='.mounts = [{container_path: "/mnt", host_path: "%s"}]'
	pod hardened
	# The %s is that of the variable.
	# shellcheck disable=SC2059
	refuses "$(printf "$mount" /etc/shadow)"
	expect_error_has /etc/shadow
	# shellcheck disable=SC2059
	refuses "$(printf "$mount" /run/containerd/containerd.sock)"
	expect_error_has /run/containerd
	mkdir -m 777 "$T/shared"
	# shellcheck disable=SC2059
	starts "$(printf "$mount" "$T/shared")" sh -c 'echo text >/mnt/file; id -u'
	says
	expect_output 1001
	expect_equal "owner of the file" "$(stat -c %u "$T/shared/file")" 1001
	pod compat
	# shellcheck disable=SC2059
	starts "$(printf "$mount" /etc/shadow)" test -e /mnt
	says
	expect_equal "exit code" "$(status .exit_code)" 0
}

# Where the reason of a container that did not start is looked for.
test_a_refusal_is_in_the_status_of_its_container() {
	pod hardened
	created '.mounts = [{container_path: "/mnt", host_path: "/etc/shadow"}]' true
	expect_status 0
	cri StartContainer "{\"container_id\": \"$CONTAINER\"}"
	expect_failure
	OUT=$(status '"\(.state) \(.exit_code) \(.reason) \(.message)"')
	expect_output_has '2 128 StartError '
	expect_output_has '(rule mounts.source)'
	expect_equal "number of lines" "$(wc -l <<<"$OUT")" 1
}

# Since 1.7 a shim is handed the lines of containerd's own file.
test_a_handler_s_own_lines_are_settings() {
	is_ours || skip "the lines are those of bulwark's shim"
	containerd --version | grep --quiet ' 1\.6\.' && skip "containerd 1.6 keeps them to itself"
	pod inline
	expect_status 0
	starts . id -u
	says
	expect_output 0
}

# Kubernetes' namespace is a fact that no pod can forge; the engine's --root says that it is containerd's CRI.
test_a_rule_knows_the_namespace_of_a_pod() {
	cp "$work/pods.json" "$T/pods.json"
	jq '.rules = [{name: "system", profile: "compat", when: {"cri.namespace": "kube-system"}}]' \
		"$T/pods.json" >"$work/pods.json"
	pod site '.metadata.namespace = "kube-system"'
	expect_status 0
	starts . id -u
	says
	expect_output 0
	pod site
	starts . id -u
	says
	cp "$T/pods.json" "$work/pods.json"
	expect_output 1001
}

test_nothing_is_left_when_containerd_ends() {
	after_case
	end_daemon containerd
	expect_engine_left_nothing /run/containerd /var/lib/containerd
}

run_tests
