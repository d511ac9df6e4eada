#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# podman of a user who is not root: everything is in a user namespace that podman has made, with the ids that
# newuidmap gives, and where the host has no cgroups for that user, there are none.
. "$(dirname "$0")/engine.sh"
needs podman conmon newuidmap newgidmap setpriv

# ---- the user and the engine ----------------------------------------------------------------------------

# make_user NAME ID: known here alone.
make_user() {
	local file
	for file in passwd group subuid subgid; do
		[ -e "/etc/$file" ] || skip "needs /etc/$file"
	done
	{ cat /etc/passwd; echo "$1:x:$2:$2::$work/home:/bin/sh"; } >"$work/passwd"
	{ cat /etc/group; echo "$1:x:$2:"; } >"$work/group"
	echo "$1:300000:65536" | tee "$work/subuid" >"$work/subgid"
	for file in passwd group subuid subgid; do
		mount --bind "$work/$file" "/etc/$file"
	done
	install --directory --owner "$2" --group "$2" --mode=700 "$work/home" /run/user
	chown "$2:$2" "$work/home"
}

write_config() {
	cat >"$work/containers.conf" <<-END
		[containers]
		log_driver = "k8s-file"
		init_path = "/usr/bin/tini-static"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	END
	cat >"$work/storage.conf" <<-END
		[storage]
		driver = "vfs"
		graphroot = "$work/home/storage"
		runroot = "/run/user/storage"
	END
}

user=65111
chmod 755 "$work"
make_user tenant "$user"
write_config
# Where everybody can run it, which a directory of the build need not be.
program=$work/bulwark
install --mode=755 "$RUNTIME" "$program"
RUNC=$(command -v runc) || skip "needs runc"
as_user=(setpriv --reuid "$user" --regid "$user" --clear-groups env XDG_RUNTIME_DIR=/run/user HOME="$work/home"
	CONTAINERS_CONF="$work/containers.conf" CONTAINERS_STORAGE_CONF="$work/storage.conf"
	PODMAN_IGNORE_CGROUPSV1_WARNING=1)
cd "$work/home" || exit
"${as_user[@]}" unshare --user --map-root-user true 2>/dev/null || skip "needs user namespaces for everybody"
chmod 1777 "$work/template/rootfs/tmp"
tar --directory "$work/template/rootfs" --create . |
	"${as_user[@]}" podman import - busybox >/dev/null 2>"$work/import" || {
	sed 's/^/# /' "$work/import"
	skip "podman cannot store an image for a user here"
}

# podman_in NAME VERB [ARG]...: as the user, with the runtime and profile of that name.
podman_in() {
	case $1 in
	runc) options=(--runtime "$RUNC") ;;
	site) options=(--runtime "$program" --runtime-flag "policy=$work/policy.json") ;;
	*) options=(--runtime "$program" --runtime-flag "profile=$1") ;;
	esac
	run "${as_user[@]}" podman "${options[@]}" "${@:2}"
}

# podman VERB [ARG]...: with the same as before.
podman() {
	run "${as_user[@]}" podman "${options[@]}" "$@"
}

in_profile() {
	podman_in "$1" run --rm --network none "${@:2}"
}

background() {
	podman_in "$1" run --detach --name "$ID" --network none "${@:2}"
	expect_status 0
}

inspect() {
	"${as_user[@]}" podman "${options[@]}" inspect --format "$1" "$ID"
}

logged() {
	"${as_user[@]}" podman "${options[@]}" logs "$ID" 2>&1 | grep --quiet "$1"
}

after_case() {
	"${as_user[@]}" podman --runtime "$program" pod rm --force --all >/dev/null 2>&1
	"${as_user[@]}" podman --runtime "$program" rm --force --all --time 0 >/dev/null 2>&1
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
	as_runc busybox sh -c 'id; pwd; cat /proc/self/uid_map; grep -E "^(Cap|NoNew|Seccomp:|Uid|Groups)" /proc/self/status'
	expect_status 0
	expect_line '         1     300000      65536'
	as_runc busybox sh -c 'ulimit -a; env | grep -v HOSTNAME | sort; ls /dev | sort
		cut -d " " -f 2 /proc/mounts | sort | grep -v /sys/fs/cgroup'
	expect_status 0
}

test_options_do_what_they_do_with_runc() {
	as_runc --user 1001:7 --workdir /tmp busybox sh -c 'id; pwd; touch file && stat -c %u:%g file'
	expect_line 1001:7
	as_runc --cap-drop all --security-opt no-new-privileges busybox grep -E '^(Cap|NoNew)' /proc/self/status
	as_runc --read-only --tmpfs /data busybox sh -c 'touch /data/a && touch /b'
	as_runc --pid host --uts host --ipc host busybox sh -c 'test $$ != 1; echo $?'
	as_runc --init busybox cat /proc/1/comm
	as_runc busybox sh -c 'exit 42'
	expect_status 42
	as_runc busybox no-such-program
	expect_status 127
	as_runc busybox /etc
	expect_status 126
}

test_user_namespaces_of_the_user_s_choice() {
	as_runc --userns keep-id busybox sh -c 'id -u; cat /proc/self/uid_map; touch /tmp/file && stat -c %u /tmp/file'
	expect_status 0
	expect_line "$user"
	as_runc --userns keep-id:uid=1001,gid=1001 busybox id -u
	as_runc --userns auto:size=1000 busybox sh -c 'id -u; awk "{ print \$1, \$3 }" /proc/self/uid_map'
	expect_status 0
	expect_line '0 1000'
	as_runc --userns nomap busybox cat /proc/self/uid_map
}

# ---- the life of a container ----------------------------------------------------------------------------

test_a_life_from_start_to_removal() {
	background compat busybox sh -c 'trap "echo ends; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
	eventually logged ready
	expect_equal "owner of the process" "$(stat -c %u "/proc/$(inspect '{{.State.Pid}}')")" "$user"
	podman exec --env MORE=exec --user 1001 "$ID" sh -c 'echo $MORE $(id -u); exit 9'
	expect_status 9
	expect_output 'exec 1001'
	podman exec "$ID" no-such-program
	expect_status 127
	podman top "$ID" args
	expect_output_has 'sleep 0.1'
	podman stop --time 20 "$ID"
	expect_status 0
	expect_equal "exit status" "$(inspect '{{.State.ExitCode}}')" 3
	podman start "$ID"
	expect_status 0
	podman kill "$ID"
	expect_status 0
	podman wait "$ID"
	expect_output 137
	podman rm "$ID"
	expect_status 0
}

test_builds_run_their_steps() {
	install --directory --owner "$user" "$T/context"
	chmod 755 "$T"
	printf 'FROM localhost/busybox\nRUN id -u >/made\nCMD cat /made\n' >"$T/context/Dockerfile"
	podman_in compat build --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --network none --isolation oci --tag "$ID" "$T/context"
	expect_status 0
	in_profile compat "$ID"
	expect_output 0
	podman rmi "$ID"
}

# ---- what the policy decides ----------------------------------------------------------------------------

# Without a cgroup of the user's own there is nothing that could hold the number of processes.
test_hardened_needs_cgroups_for_its_limits() {
	in_profile hardened busybox true
	expect_status 126
	expect_error_has /linux/resources/pids
}

# What holds without cgroups a site can have: a profile that is compat with these rows.
test_a_policy_without_limits_hardens_the_rest() {
	jq --null-input '{version: 1, default: "site", profiles: {site: {extends: "compat", capabilities: {allow: []},
		noNewPrivileges: true, rootfs: {readonly: true}, seccomp: {baseline: "baseline"}}}}' >"$work/policy.json"
	in_profile site busybox sh -c 'id -u; grep -E "^(CapEff|CapBnd|NoNew|Seccomp:)" /proc/self/status; touch /x'
	expect_status 1
	expect_output $'0\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2'
	background site busybox sleep 300
	podman exec --privileged "$ID" grep CapEff /proc/self/status
	expect_output $'CapEff:\t0000000000000000'
}

test_nothing_is_left_of_podman() {
	after_case
	# podman keeps a process that holds its user namespace.
	kill "$(cat /run/user/libpod/tmp/pause.pid)"
	expect_engine_left_nothing /run/user/bulwark
}

run_tests
