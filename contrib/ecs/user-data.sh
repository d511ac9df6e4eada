#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# User data for an instance of Amazon ECS (Amazon Linux 2023, ECS-optimised image) whose tasks run in bulwark. Copy it, set
# the three values below, and give it to the launch template.
#
# It installs the package, gives the agent its settings, makes bulwark dockerd's default runtime, and writes a policy that
# knows the agent by the digest of its image. It changes what is said otherwise in those files and leaves the rest; run once
# more it changes nothing. At the end it says what `bulwark check ecs` finds, and fails if dockerd does not take its settings.
#
# HOST_ROOT=DIR prepares the files beneath DIR instead, and neither installs nor starts anything.
set -euo pipefail

cluster=${CLUSTER:-user-code}
package=${PACKAGE:-/root/bulwark.rpm} # a file, or what dnf takes
family=${FAMILY:-user-code*}          # task definitions with code that nobody has read

root=${HOST_ROOT:-}
bulwark=${BULWARK:-/usr/sbin/bulwark}

die() {
	echo "user-data: $*" >&2
	exit 1
}

# replace FILE MODE: what comes on standard input, in one step.
replace() {
	local file=$root$1
	mkdir -p "$(dirname "$file")"
	cat >"$file.new"
	chmod "$2" "$file.new"
	mv "$file.new" "$file"
}

# set_variables FILE NAME=VALUE...: each stands there once, with this value.
set_variables() {
	local file=$root$1 setting text=
	shift
	[ ! -e "$file" ] || text=$(cat "$file")
	for setting; do
		text=$(grep --invert-match "^${setting%%=*}=" <<<"$text" || true)
		text+=$'\n'$setting
	done
	sed '/./,$!d' <<<"$text" | replace "${file#"$root"}" 600
}

# The image's digest, as docker has it: what the tar that ecs-init loads says.
agent_digest() {
	local tar=$root/var/cache/ecs/ecs-agent.tar
	[ -e "$tar" ] || die "no $tar: start ecs-init's download first (amazon-ecs-init pre-start)"
	tar --extract --to-stdout --file "$tar" manifest.json | python3 -c '
import json, re, sys
config = json.load(sys.stdin)[0]["Config"]
found = re.search(r"([0-9a-f]{64})(\.json)?$", config)
if not found:
    sys.exit("manifest.json names no digest")
print("sha256:" + found[1])'
}

# merge_json FILE JSON: members of JSON over those of the file; one that is no JSON is left as it is, and is the end.
merge_json() {
	local text
	text=$(python3 - "$root$1" "$2" <<-'END'
		import json, os, sys
		path, ours = sys.argv[1], json.loads(sys.argv[2])
		there = {}
		if os.path.exists(path) and os.path.getsize(path):
		    with open(path) as file:
		        there = json.load(file)
		def lay(over, under):
		    for key, value in over.items():
		        if isinstance(value, dict) and isinstance(under.get(key), dict):
		            lay(value, under[key])
		        else:
		            under[key] = value
		lay(ours, there)
		print(json.dumps(there, indent=2))
	END
	)
	replace "$1" 644 <<<"$text"
}

configure_agent() {
	set_variables /etc/ecs/ecs.config "ECS_CLUSTER=$cluster" ECS_AWSVPC_BLOCK_IMDS=true ECS_DISABLE_PRIVILEGED=true \
		ECS_ENABLE_TASK_IAM_ROLE=true ECS_ENABLE_TASK_CPU_MEM_LIMIT=true ECS_ENABLE_CONTAINER_METADATA=false \
		ECS_SELINUX_CAPABLE=true ECS_TASK_PIDS_LIMIT=512 'ECS_AVAILABLE_LOGGING_DRIVERS=["awslogs","none"]'
}

configure_docker() {
	merge_json /etc/docker/daemon.json '{
		"default-runtime": "bulwark",
		"runtimes": {"bulwark": {"path": "'"$bulwark"'"}},
		"log-driver": "awslogs",
		"no-new-privileges": true,
		"icc": false,
		"live-restore": true
	}'
}

# In awsvpc mode a task's containers join the network of its pause container; bulwark keeps each from the metadata service all
# the same.
write_policy() {
	local digest
	digest=$(agent_digest)
	replace /etc/bulwark/policy.json 644 <<-END
		{
		  "version": 1,
		  "default": "hardened",
		  "docker": { "unreadable": "refuse" },
		  "rules": [
		    { "name": "ecs agent", "profile": "compat",
		      "when": { "docker.name": "/ecs-agent", "docker.label.absent": "com.amazonaws.ecs.task-arn",
		                "docker.image": ["$digest"] } },
		    { "name": "user code", "profile": "user-code",
		      "when": { "docker.label.com.amazonaws.ecs.task-definition-family": "$family" } }
		  ],
		  "profiles": {
		    "user-code": { "extends": "untrusted-code", "loosens": ["network.joined"], "network": { "joined": "allow" } }
		  }
		}
	END
}

# A host that only runs tasks needs none of these.
disable_services() {
	local service
	for service in rpcbind.socket rpcbind.service postfix.service; do
		! systemctl cat "$service" >/dev/null 2>&1 || systemctl disable --now "$service"
	done
}

[ -n "$root" ] || [ "$(id -u)" = 0 ] || die "needs root"
[ -n "$root" ] || dnf install --assumeyes "$package"
configure_agent
configure_docker
write_policy
[ -z "$root" ] || exit 0
"$bulwark" policy lint
disable_services
systemctl restart docker
[ "$(docker info --format '{{.DefaultRuntime}}')" = bulwark ] || die "dockerd has another default runtime than bulwark"
"$bulwark" check ecs || true
