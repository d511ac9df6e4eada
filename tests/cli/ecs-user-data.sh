#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# contrib/ecs/user-data.sh prepares the files of a host, and check ecs has little to say of it then.
. "$(dirname "$0")/../lib.sh"
need_command jq
need_command python3
[ -x "$real" ] || skip_all "bulwark is not built: $real"
script=$top/contrib/ecs/user-data.sh
policy=$(grep --text --only-matching --max-count 1 '/[[:graph:]]*/policy\.json' "$real" | head -n 1)
digest=$(printf '%064d' 7)
host=$scratch/host

mkdir -p "$host/etc/ecs" "$host/etc/docker" "$host/etc/selinux" "$host/var/cache/ecs" "$scratch/tar"
echo SELINUX=enforcing >"$host/etc/selinux/config"
printf 'ECS_CLUSTER=other\nECS_DISABLE_PRIVILEGED=false\nECS_LOGLEVEL=info\n' >"$host/etc/ecs/ecs.config"
echo '{"selinux-enabled": true, "icc": true, "runtimes": {"own": {"path": "/opt/own"}}}' >"$host/etc/docker/daemon.json"
run env HOST_ROOT="$host" "$script"
is "without the agent's image nothing is known of it" "$status" 1
has "which is said" "$errout" "ecs-agent.tar"
for config in "blobs/sha256/$digest" "$digest.json"; do
	echo "[{\"Config\": \"$config\"}]" >"$scratch/tar/manifest.json"
	tar --create --file "$host/var/cache/ecs/ecs-agent.tar" --directory "$scratch/tar" manifest.json
	run env HOST_ROOT="$host" BULWARK=/opt/bulwark "$script"
	is "the host is prepared" "$status:$errout" 0:
	is "the digest is in the policy" "$(jq --raw-output '.rules[0].when["docker.image"][0]' "$host/etc/bulwark/policy.json")" \
		"sha256:$digest"
done
is "a setting stands there once" "$(grep -c DISABLE_PRIVILEGED "$host/etc/ecs/ecs.config")" 1
has "others stay" "$(cat "$host/etc/ecs/ecs.config")" ECS_LOGLEVEL=info
is "of dockerd's, too" "$(jq --compact-output '.runtimes' "$host/etc/docker/daemon.json")" \
	'{"own":{"path":"/opt/own"},"bulwark":{"path":"/opt/bulwark"}}'
find "$host" -type f -exec sha256sum {} + | sort >"$scratch/once"
run env HOST_ROOT="$host" BULWARK=/opt/bulwark "$script"
find "$host" -type f -exec sha256sum {} + | sort >"$scratch/twice"
is "twice is once" "$(cat "$scratch/twice")" "$(cat "$scratch/once")"

echo '{"icc": tru' >"$host/etc/docker/daemon.json"
cp -r "$host" "$scratch/broken"
run env HOST_ROOT="$scratch/broken" BULWARK=/opt/bulwark "$script"
is "what is no JSON is left as it is" "$status:$(cat "$scratch/broken/etc/docker/daemon.json")" '1:{"icc": tru'
rm "$host/etc/docker/daemon.json"
echo '{"selinux-enabled": true}' >"$host/etc/docker/daemon.json"
run env HOST_ROOT="$host" "$script"

mkdir -p "$host${policy%/*}"
[ "$policy" = /etc/bulwark/policy.json ] || mv "$host/etc/bulwark/policy.json" "$host$policy"
run "$real" check ecs --host-root "$host" --json
is "what is left to find" "$(jq --raw-output '.findings[] | select(.severity != "note") | "\(.severity) \(.key)"' <<<"$out")" \
	"low userns-remap"
finish
