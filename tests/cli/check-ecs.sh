#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check ecs: hosts in tests/data/ecs, with what is to be said of them beside (BW_GOLDEN_UPDATE=1 writes it anew).
. "$(dirname "$0")/../lib.sh"
need_command jq
data=$top/tests/data/ecs
[ -x "$real" ] || skip_all "bulwark is not built: $real"
# Where this build looks for its policy.
policy=$(grep --text --only-matching --max-count 1 '/[[:graph:]]*/policy\.json' "$real" | head -n 1)

# host NAME: a copy of the fixture with the policy in its place.
host() {
	cp -r "$data/$1" "$scratch/$1"
	mkdir -p "$scratch/$1${policy%/*}"
	[ "$policy" = /etc/bulwark/policy.json ] || mv "$scratch/$1/etc/bulwark/policy.json" "$scratch/$1$policy"
}

for name in careful careless broken; do
	host "$name"
	run "$real" check ecs --host-root "$scratch/$name"
	out=${out//"$policy"//etc/bulwark/policy.json}
	[ -z "${BW_GOLDEN_UPDATE-}" ] || printf '%s\n' "$out" >"$data/$name.txt"
	is "what is said of the host $name" "$out" "$(cat "$data/$name.txt")"
	is "$name: exit status" "$status" "$([ "$name" = careful ] && echo 0 || echo 1)"
	hasnt "$name: no value that is a secret" "$out$errout" never-shown
	run "$real" check ecs --host-root "$scratch/$name" --format json
	is "$name: JSON has as many findings" "$(jq '.findings | length' <<<"$out")" "$(grep -c '^ *because' "$data/$name.txt")"
	hasnt "$name: nor in JSON" "$out" never-shown
done

# Each setting by itself: what the careful host has is what keeps it quiet.
without() {
	rm -rf "$scratch/one"
	cp -r "$scratch/careful" "$scratch/one"
	sed -i "/$2/d" "$scratch/one$1"
	run "$real" check ecs --host-root "$scratch/one" --json
	jq --raw-output '.findings[] | select(.severity != "note") | "\(.severity) \(.key)"' <<<"$out"
}
is "IMDS in awsvpc mode" "$(without /etc/ecs/ecs.config BLOCK_IMDS)" "high ECS_AWSVPC_BLOCK_IMDS"
is "privileged tasks" "$(without /etc/ecs/ecs.config PRIVILEGED)" "high ECS_DISABLE_PRIVILEGED"
is "pids" "$(without /etc/ecs/ecs.config PIDS)" "low ECS_TASK_PIDS_LIMIT"
is "what ecs-init says by itself need not be said" "$(without /etc/ecs/ecs.config IAM_ROLE)" ""
is "labels" "$(without /etc/ecs/ecs.config SELINUX)" "low ECS_SELINUX_CAPABLE"
is "the default runtime" "$(without /etc/docker/daemon.json default-runtime)" "high default-runtime"
is "a runtime that is not there" "$(without /etc/docker/daemon.json '"runtimes"')" "high default-runtime"
is "logs" "$(without /etc/docker/daemon.json log-driver)" "medium log-opts.max-size"
is "the bridge" "$(without /etc/docker/daemon.json icc)" "medium icc"
is "SELinux of dockerd" "$(without /etc/docker/daemon.json selinux)" "medium selinux-enabled"
is "SELinux" "$(without /etc/selinux/config enforcing)" "low SELINUX"
is "the packet filter" "$(without /etc/sysconfig/iptables 169)" "low DOCKER-USER"
# filtered RULE...: what is said of these rules in the place of the careful host's.
filtered() {
	rm -rf "$scratch/one"
	cp -r "$scratch/careful" "$scratch/one"
	printf '%s\n' '*filter' "$@" COMMIT >"$scratch/one/etc/sysconfig/iptables"
	run "$real" check ecs --host-root "$scratch/one" --json
	jq --raw-output '.findings[] | select(.severity != "note") | "\(.severity) \(.key)"' <<<"$out"
}
drop="-A DOCKER-USER -d 169.254.169.254/32 -j DROP"
is "a rule, and the end of the chain" "$(filtered "$drop" "-A DOCKER-USER -j RETURN")" ""
is "a rule behind the end of the chain" "$(filtered "-A DOCKER-USER -j RETURN" "$drop")" "low DOCKER-USER"
is "a rule for all other destinations" "$(filtered "-A DOCKER-USER ! -d 169.254.169.254/32 -j DROP")" "low DOCKER-USER"
is "a rule for one sender" "$(filtered "-A DOCKER-USER -s 172.17.0.9/32 -d 169.254.169.254/32 -j DROP")" "low DOCKER-USER"

rm -rf "$scratch/one"
cp -r "$scratch/careful" "$scratch/one"
rm "$scratch/one/etc/ecs/ecs.config"
ln -s /etc/passwd "$scratch/one/etc/ecs/ecs.config"
run "$real" check ecs --host-root "$scratch/one"
hasnt "a link does not lead out of the host's root" "$out" "a line without a name"
run "$real" check ecs --host-root "$scratch/nowhere"
is "a root that is not there is a failure" "$status" 2
run "$real" check eks
is "another subject is a failure" "$status" 2
has "and named" "$errout" 'no subject "eks"'
run "$real" check --host-root /
is "--host-root is of ecs alone" "$status" 2
finish
