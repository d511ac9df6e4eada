#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Rules of the policy: an ECS host, on which the agent keeps what it needs and nobody else can pass for it.
# docker's data are a directory of the test's own; the bundles are what docker made for such containers.
. "$(dirname "$0")/bulwark.sh"
needs sha256sum

image=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
task_arn=com.amazonaws.ecs.task-arn

# rules [JQ FILTER]: the policy of an ECS host, edited.
rules() {
	rm -f "$T/policy.json"
	jq --null-input --arg data "$T/docker" --arg image "$image" --arg arn "$task_arn" '{
		version: 1, default: "hardened",
		docker: {dataRoots: [$data]},
		rules: [
			{name: "ecs agent", profile: "compat", when: {
				"docker.name": "/ecs-agent", "docker.label.absent": $arn, "docker.image": [$image]}},
			{name: "user code", profile: "untrusted-code", when: {
				"docker.label.com.amazonaws.ecs.task-definition-family": "user-code*"}}
		]} | '"${1:-.}" >"$T/policy.json"
	chmod 600 "$T/policy.json"
}

# docker_container SAMPLE: sets DOCKER, the id of a container of docker's, with a bundle that is what docker made of
# tests/data/configs/SAMPLE.json, but for the files of that host, which are the test's. Has no metadata yet.
docker_container() {
	local source
	containers=$((containers + 1))
	DOCKER=$(sha256sum <<<"$ID $1 $containers" | cut -c 1-64)
	METADATA=$T/docker/containers/$DOCKER
	mkdir -p "$METADATA" "$T/bundles/moby"
	bundle "bundles/moby/$DOCKER"
	touch "$METADATA"/{resolv.conf,hostname,hosts} "$T/docker-init"
	jq --arg host "$T" --arg metadata "$METADATA" --arg cgroup "/$ID/$DOCKER" '
		.root.path = "rootfs" | del(.hooks) | .linux.cgroupsPath = $cgroup |
		(.linux.namespaces[] | select(.path)).path = $host + "/netns" |
		.mounts |= map(select(.type != "cgroup")) |
		.mounts[].source |= (sub("^/var/lib/docker/containers/[0-9a-f]+"; $metadata) |
			if test("^/(usr/bin/docker-init|var/lib/ecs/.*|var/log/ecs|etc/ecs|var/cache/ecs|var/run)$")
			then $host + "/host" + . else . end)
	' "$tests_dir/data/configs/$1.json" >"$BUNDLE/config.json"
	for source in $(jq --raw-output --arg top "$T/host" '
		.mounts[].source | select(startswith($top))' "$BUNDLE/config.json"); do
		case $source in
		*/docker-init) mkdir -p "$(dirname "$source")" && cp "$ROOTFS/bin/busybox" "$source" ;;
		*) mkdir -p "$source" ;;
		esac
	done
}
containers=0

# metadata NAME [JQ FILTER]: docker's record of $DOCKER.
metadata() {
	jq --null-input --arg id "$DOCKER" --arg name "$1" --arg image "$image" '{
		ID: $id, Name: $name, Image: $image, Path: "/agent", State: {Running: false, Pid: 0},
		Config: {Hostname: "x", User: "", Image: "amazon/amazon-ecs-agent:latest", Env: ["A=b"], Labels: {}}
		} | '"${2:-.}" >"$METADATA/config.v2.json"
	echo '{"NetworkMode": "host", "Privileged": false, "CgroupParent": "", "Runtime": "bulwark"}' \
		>"$METADATA/hostconfig.json"
	chmod 600 "$METADATA"/*.json
}

# A network for those who join: the test's own, of which nothing is sent.
host_network() {
	touch "$T/netns"
	mount --bind /proc/self/ns/net "$T/netns"
}

# chooses PROFILE REASON: what explain says of $BUNDLE, and of the same bundle where --root names docker.
chooses() {
	local root
	for root in "$T/state" /run/docker/runtime-runc/moby; do
		run "$RUNTIME" --root "$root" --policy "$T/policy.json" explain --format json "$BUNDLE"
		expect_equal profile "$(jq --raw-output .profile <<<"$OUT")" "$1"
		expect_equal reason "$(jq --raw-output .reason <<<"$OUT")" "$2"
	done
}

# doubts WHAT: the metadata are not trusted, because WHAT, and the default holds.
doubts() {
	chooses hardened "default; rule \"ecs agent\" cannot be judged: docker's metadata cannot be trusted: $1"
	expect_equal "number of notes" "$(jq --arg what "$1" '[.findings[] | select(.rule == "rules" and
		.verdict == "noted" and (.reason | endswith($what)))] | length' <<<"$OUT")" 1
}

stored() {
	jq --raw-output "$1" "$T/state/$DOCKER/state.json"
}

test_the_agent_of_ecs_runs_as_it_needs_to() {
	rules
	docker_container ecs-sim-agent
	host_network
	metadata /ecs-agent
	config '.process.args = ["sh", "-c", "id -u; grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status;
		readlink /proc/self/ns/net; echo data >/data/file && echo log >/log/file && echo written;
		cat /host/proc/1/comm >/dev/null && echo host; test -d /var/run && echo run; sleep 300"]'
	chooses compat 'rule "ecs agent"'
	governed --log "$T/log" --log-format json run --detach --bundle "$BUNDLE" "$DOCKER"
	expect_status 0
	eventually grep --quiet run "$T/out"
	OUT=$(cat "$T/out")
	expect_line 0
	expect_line "NoNewPrivs:	0"
	expect_line "$(readlink /proc/self/ns/net)"
	expect_line written
	expect_line host
	expect_different capabilities "$(sed -n 's/CapEff:\t//p' <<<"$OUT")" 0000000000000000
	expect_equal data "$(cat "$T/host/var/lib/ecs/data/file")" data
	expect_equal profile "$(stored .profile)" compat
	expect_equal reason "$(stored .profileReason)" 'rule "ecs agent"'
	governed state --format text "$DOCKER"
	expect_output_has 'rule "ecs agent"'
	expect_equal "line of the log" "$(jq --raw-output 'select(.level == "info") | .msg' "$T/log" | head -n 1)" \
		'policy: profile compat (rule "ecs agent")'
	# The decision is stored: what becomes of the metadata later does not matter to exec.
	rm -r "$METADATA"
	governed exec "$DOCKER" id -u
	expect_output 0
}

# is_hardened: the script in OUT came from a hardened container.
is_hardened() {
	expect_line "NoNewPrivs:	1"
	expect_line "CapEff:	0000000000000000"
	expect_line "CapBnd:	0000000000000000"
	expect_no_line 0
	expect_equal profile "$(stored .profile)" "$1"
	expect_equal reason "$(stored .profileReason)" "$2"
}

shows_itself='.process.args = ["sh", "-c", "id -u; grep -E \"Cap|NoNew\" /proc/self/status; sleep 300"]'

# starts: $DOCKER in the background, until it has shown itself.
starts() {
	config "$shows_itself"
	governed run --detach --bundle "$BUNDLE" "$DOCKER"
	expect_status 0
	eventually grep --quiet NoNewPrivs "$T/out"
	OUT=$(cat "$T/out")
}

test_pause_and_the_containers_of_tasks_are_hardened() {
	rules
	docker_container ecs-sim-pause
	metadata "/ecs-task-1-internalecspause-00" ".Config.Labels[\"$task_arn\"] = \"arn:aws:ecs:x\""
	starts
	is_hardened hardened default
	docker_container ecs-sim-app-bridge
	metadata "/ecs-task-1-app-00" ".Config.Labels[\"$task_arn\"] = \"arn:aws:ecs:x\""
	starts
	is_hardened hardened default
	expect_line 1000
	docker_container ecs-sim-app-bridge
	metadata "/ecs-user-code-7-app-00" '.Config.Labels["com.amazonaws.ecs.task-definition-family"] = "user-code-7"'
	chooses untrusted-code 'rule "user code"'
}

# A task with a network of its own joins that of its pause container; each is guarded by its own cgroup.
test_a_task_that_joins_the_network_of_its_pause_is_hardened() {
	local pause
	rules
	docker_container ecs-sim-pause
	metadata "/ecs-task-1-internalecspause-00" ".Config.Labels[\"$task_arn\"] = \"arn:aws:ecs:x\""
	starts
	is_hardened hardened default
	pause=$(pid_of "$DOCKER")
	docker_container ecs-sim-app-awsvpc-exec
	metadata "/ecs-task-1-app-00" ".Config.Labels[\"$task_arn\"] = \"arn:aws:ecs:x\""
	# ECS exec binds a directory of the agent's, which no hardened container may have.
	config --arg net "/proc/$pause/ns/net" '(.linux.namespaces[] | select(.type == "network")).path = $net |
		.mounts |= map(select(.source | test("/host/var/(lib|log)/ecs") | not))'
	starts
	is_hardened hardened default
	expect_equal network "$(namespace_of "$(pid_of "$DOCKER")" net)" "$(namespace_of "$pause" net)"
}

test_a_task_that_imitates_the_agent_gets_the_default() {
	rules
	docker_container ecs-sim-agent
	host_network
	# All that an author writes is the agent's, and more; what docker keeps is a task's.
	config --arg image "$image" '.hostname = "ecs-agent" | .process.args = ["/sbin/docker-init", "--", "/agent"] |
		.process.env += ["ECS_DATADIR=/data", "docker.name=/ecs-agent", "docker.image=" + $image] |
		.annotations = {"docker.name": "/ecs-agent", "docker.image": $image, "name": "/ecs-agent",
			"io.kubernetes.cri.container-name": "ecs-agent", "org.bulwark.profile": "compat"}'
	metadata "/ecs-evil-1-ecs-agent-00" ".Config.Labels[\"$task_arn\"] = \"arn:aws:ecs:x\""
	chooses hardened 'default (the policy does not let annotation org.bulwark.profile choose "compat")'
	config 'del(.annotations["org.bulwark.profile"])'
	chooses hardened default
	governed run --bundle "$BUNDLE" "$DOCKER"
	expect_failure
	expect_error_has refuses
	# What an engine's other client could do, one at a time.
	metadata /other '.Config.Labels = {"docker.name": "/ecs-agent", "name": "/ecs-agent", "Name": "/ecs-agent"}'
	chooses hardened default
	metadata /ecs-agent ".Config.Labels[\"$task_arn\"] = \"\""
	chooses hardened default
	metadata /ecs-agent '.Image = (.Image | sub("0123"; "3210"))'
	chooses hardened default
	metadata /ecs-agent '.Config.Image = .Image | .Image = "sha256:00"'
	chooses hardened default
	metadata /ecs-agent-2
	chooses hardened default
	metadata /other
	config '.mounts += [{destination: "/etc/config.v2.json", type: "bind", source: "/etc/ecs", options: ["bind"]}]'
	chooses hardened default
	metadata /ecs-agent
	chooses compat 'rule "ecs agent"'
}

test_metadata_that_others_could_have_written_are_not_trusted() {
	rules
	docker_container ecs-sim-agent
	metadata /ecs-agent
	chmod 666 "$METADATA/config.v2.json"
	doubts "$METADATA/config.v2.json is writable by group or others (mode 0666)"
	chmod 600 "$METADATA/config.v2.json"
	chown 1000 "$METADATA/config.v2.json"
	doubts "$METADATA/config.v2.json belongs to user 1000, not to 0"
	chown 0 "$METADATA/config.v2.json"
	chmod 777 "$T/docker/containers"
	doubts "$T/docker/containers is writable by group or others (mode 0777)"
	chmod 710 "$T/docker/containers"
	chown 1000 "$T/docker"
	doubts "$T/docker belongs to user 1000, not to 0"
	chown 0 "$T/docker"
	chooses compat 'rule "ecs agent"'
}

test_metadata_that_are_missing_replaced_or_malformed_are_not_trusted() {
	local whole
	rules
	docker_container ecs-sim-agent
	doubts "$METADATA/config.v2.json is missing"
	metadata /ecs-agent
	whole=$(cat "$METADATA/config.v2.json")
	mv "$METADATA/config.v2.json" "$T/elsewhere"
	ln -s "$T/elsewhere" "$METADATA/config.v2.json"
	doubts "$METADATA/config.v2.json is a symbolic link"
	rm "$METADATA/config.v2.json"
	mkfifo -m 600 "$METADATA/config.v2.json"
	doubts "$METADATA/config.v2.json is no regular file"
	rm "$METADATA/config.v2.json"
	metadata /ecs-agent '.ID = (.ID | ascii_downcase | .[1:] + "0")'
	doubts "$METADATA/config.v2.json: /ID: is of another container, \"${DOCKER:1}0\""
	head -c 100 <<<"$whole" >"$METADATA/config.v2.json"
	run "$RUNTIME" --policy "$T/policy.json" explain "$BUNDLE"
	expect_output_has "profile hardened (default; rule \"ecs agent\" cannot be judged: docker's metadata cannot be trusted"
	{
		echo "$whole"
		head -c 1100000 /dev/zero | tr '\0' ' '
	} >"$METADATA/config.v2.json"
	doubts "$METADATA/config.v2.json is larger than 1048576 bytes"
	mv "$METADATA" "$T/moved"
	doubts "$METADATA is missing"
	ln -s "$T/moved" "$METADATA"
	doubts "$METADATA is a symbolic link"
	rm "$METADATA"
	mv "$T/moved" "$METADATA"
	echo "$whole" >"$METADATA/config.v2.json"
	chooses compat 'rule "ecs agent"'
}

test_a_doubt_is_in_state_log_and_findings_and_the_container_is_hardened() {
	rules
	docker_container ecs-sim-pause
	metadata /ecs-agent
	echo '{' >"$METADATA/config.v2.json"
	config "$shows_itself"
	governed --log "$T/log" --log-format json run --detach --bundle "$BUNDLE" "$DOCKER"
	expect_status 0
	eventually grep --quiet NoNewPrivs "$T/out"
	OUT=$(cat "$T/out")
	expect_line "CapEff:	0000000000000000"
	expect_equal "stderr" "$ERR" ""
	[[ $(stored .profileReason) == 'default; rule "ecs agent" cannot be judged: '*config.v2.json:2:1* ]] ||
		fail "the reason is $(stored .profileReason)"
	expect_equal "line of the log" "$(jq --raw-output 'select(.level == "info") | .msg' "$T/log" | head -n 1)" \
		"policy: profile hardened ($(stored .profileReason))"
	run "$RUNTIME" --policy "$T/policy.json" explain --format diff "$BUNDLE"
	expect_equal "head of the diff" "$(head -n 1 <<<"$OUT")" "# profile hardened ($(stored .profileReason))"
}

test_the_policy_can_refuse_what_is_in_doubt() {
	rules '.docker.unreadable = "refuse"'
	docker_container ecs-sim-pause
	governed run --bundle "$BUNDLE" "$DOCKER"
	expect_failure
	expect_error_has 'rule "ecs agent" cannot be judged, and the policy starts nothing in doubt'
	[ ! -e "$T/state/$DOCKER" ] || fail "state is left"
	metadata /app
	chooses hardened default
}

# A container that docker does not know is no container of docker's, whatever its name.
test_other_callers_have_no_facts_of_docker() {
	rules
	docker_container ecs-sim-agent
	metadata /ecs-agent
	mv "$BUNDLE" "$T/$DOCKER"
	run "$RUNTIME" --root "$T/state" --policy "$T/policy.json" explain --format json "$T/$DOCKER"
	expect_equal reason "$(jq --raw-output .reason <<<"$OUT")" default
	run "$RUNTIME" --root /run/containerd/runc/k8s.io --policy "$T/policy.json" explain --format json "$T/$DOCKER"
	expect_equal reason "$(jq --raw-output .reason <<<"$OUT")" default
}

test_annotations_of_kubernetes_count_for_its_runtime_alone() {
	local root
	rules '.rules = [{name: "system", profile: "compat", when: {
		"cri.namespace": "kube-system", "cri.container-name": "proxy"}}]'
	bundle
	config '.annotations = {"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": "proxy",
		"io.kubernetes.cri.sandbox-namespace": "kube-system"}'
	for root in "$T/state" /run/containerd/runc/default /run/docker/runtime-runc/moby /run/containerd/runc/k8s.iox; do
		run "$RUNTIME" --root "$root" --policy "$T/policy.json" explain --format json "$BUNDLE"
		expect_equal "reason at $root" "$(jq --raw-output .reason <<<"$OUT")" default
	done
	run "$RUNTIME" --root /run/containerd/runc/k8s.io --policy "$T/policy.json" explain --format json "$BUNDLE"
	expect_equal reason "$(jq --raw-output .reason <<<"$OUT")" 'rule "system"'
}

test_policy_test_says_which_rule_and_why() {
	rules
	docker_container ecs-sim-agent
	metadata /ecs-agent
	run "$RUNTIME" policy test --bundle "$BUNDLE" "$T/policy.json"
	expect_status 0
	expect_line 'profile compat (rule "ecs agent")'
	expect_line '  "ecs agent" holds: all of its conditions hold'
	expect_line '  "user code" does not hold: there is no docker.label.com.amazonaws.ecs.task-definition-family'
	expect_line '  docker.name  /ecs-agent'
	expect_line '  docker.networkMode  host'
	jq --null-input '{"docker.label.com.amazonaws.ecs.task-arn": "x"}' >"$T/facts.json"
	run "$RUNTIME" policy test --bundle "$BUNDLE" --facts "$T/facts.json" --format json "$T/policy.json"
	expect_equal profile "$(jq --raw-output .profile <<<"$OUT")" hardened
	expect_equal why "$(jq --raw-output '.rules[0].because' <<<"$OUT")" "docker.label.$task_arn is there"
	run "$RUNTIME" policy test "$T/policy.json"
	expect_failure
	expect_error_has "needs a bundle"
	run "$RUNTIME" policy lint "$T/policy.json"
	expect_status 0
	expect_output_has "warning: /rules/1: \"untrusted-code\" is stricter than"
}

run_tests
