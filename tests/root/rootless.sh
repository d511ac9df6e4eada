#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Callers who are not root: what they may have they get, what cannot be enforced for them is refused.
. "$(dirname "$0")/bulwark.sh"
needs setpriv

user=65534
program=$work/bulwark
install --mode=755 "$RUNTIME" "$program"
setpriv --reuid "$user" --regid "$user" --clear-groups unshare --user --map-root-user true 2>/dev/null ||
	skip "needs user namespaces for everybody"

# as_user COMMAND [ARG]...
as_user() {
	run setpriv --reuid "$user" --regid "$user" --clear-groups env XDG_RUNTIME_DIR="$T/xdg" PATH=/usr/bin:/bin "$@"
}

# rootless VERB [ARG]...: the user's own container.
rootless() {
	as_user "$program" --profile "${PROFILE:-compat}" "$@"
}

# The bundle that `spec --rootless` makes, of the user's own.
user_bundle() {
	bundle
	mkdir "$T/xdg"
	rm "$BUNDLE/config.json"
	chown --recursive --no-dereference "$user:$user" "$BUNDLE" "$T/xdg"
	rootless spec --rootless --bundle "$BUNDLE"
	expect_status 0
	config '.process.terminal = false'
	trap 'rootless delete --force "$ID" >/dev/null 2>&1' EXIT
}

# A private network, no /sys of the host: what hardened asks for.
private() {
	config '.linux.namespaces += [{type: "network"}] | .mounts |= map(select(.destination != "/sys"))'
}

expect_no_state() {
	[ ! -e "$T/xdg/bulwark/$ID" ] || fail "state is left"
}

test_the_configuration_of_spec_runs() {
	user_bundle
	script_args 'id -u; cat /proc/self/uid_map /proc/self/setgroups | tr -s " "; echo x >/dev/null; mknod /dev/shm/x c 1 3 || echo none'
	rootless run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output $'0\n 0 65534 1\ndeny\nnone'
	expect_no_state
}

test_a_life_in_the_user_s_own_directory() {
	user_bundle
	config '.process.args = ["sleep", "300"]'
	rootless create --bundle "$BUNDLE" --pid-file "$T/xdg/pid" "$ID"
	expect_status 0
	[ -e "$T/xdg/bulwark/$ID/state.json" ] || fail "no state in XDG_RUNTIME_DIR"
	expect_equal "user on the host" "$(awk '/^Uid:/ { print $2 }' "/proc/$(cat "$T/xdg/pid")/status")" "$user"
	rootless start "$ID"
	expect_status 0
	rootless exec "$ID" id -u
	expect_output 0
	rootless kill "$ID" KILL
	expect_status 0
	eventually test ! -e "/proc/$(cat "$T/xdg/pid")/exe"
	rootless delete "$ID"
	expect_status 0
	expect_no_state
}

test_a_user_s_own_files_are_secrets_too() {
	user_bundle
	(umask 077 && echo of-a-file >"$T/xdg/file" && echo of-root >"$T/xdg/root")
	chown "$user:$user" "$T/xdg/file"
	config '.process.env += ["KEY=of-a-variable"]'
	policy "$(jq --null-input --arg file "$T/xdg/file" '{extends: "compat", loosens: ["secrets.files"],
		secrets: {files: [{name: "file", file: $file}, {name: "key", env: "KEY"}]}}')"
	chmod 644 "$T/policy.json"
	script_args 'cat /run/secrets/file; cat /run/secrets/key; echo; echo x >/run/secrets/key || env | grep KEY; stat -c "%u %a" /run/secrets/key'
	as_user "$program" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output $'of-a-file\nof-a-variable\nKEY_FILE=/run/secrets/key\n0 400'
	sed -i "s|$T/xdg/file|$T/xdg/root|" "$T/policy.json"
	as_user "$program" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "the secret file: $T/xdg/root cannot be opened"
}

test_a_user_s_program_is_learned() {
	user_bundle
	mkdir "$T/learned"
	chown "$user:$user" "$T/learned"
	script_args 'mkdir /dev/shm/a; echo made'
	rootless run --learn "$T/learned/profile.json" --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output made
	expect_equal owner "$(stat --format=%u "$T/learned/profile.json")" "$user"
	config --slurpfile learned "$T/learned/profile.json" '.linux.seccomp = $learned[0]'
	rootless run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output made
	script_args 'rmdir /dev/shm/a'
	rootless run --bundle "$BUNDLE" "$ID"
	expect_error_has 'Function not implemented'
	rm "$T/learned/profile.json"
	chown 0:0 "$T/learned"
	rootless run --learn "$T/learned/profile.json" --bundle "$BUNDLE" "$ID"
	expect_error_has '--learn: writing into the directory of'
	expect_no_state
}

test_the_container_cannot_see_the_process_that_made_it() {
	user_bundle
	script_args 'echo /proc/[0-9]*'
	rootless run --bundle "$BUNDLE" "$ID"
	expect_output /proc/1
}

test_without_a_user_namespace_it_is_refused() {
	user_bundle
	config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	rootless run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "rootless container requires user namespaces"
	expect_no_state
}

# The mounts that tell what may be executed are made in the user's own namespaces.
test_only_listed_programs_are_executed() {
	user_bundle
	cp "$ROOTFS/bin/busybox" "$ROOTFS/usr/true"
	policy '{"extends": "compat", "programs": {"allow": ["/bin/busybox"], "noexec": true, "memfdNoexec": true}}'
	chmod 644 "$T/policy.json"
	config '.process.args = ["/bin/busybox", "sh", "-c", "/usr/true; echo $?; /bin/sh -c \"echo listed\""]'
	rootless run --bundle "$BUNDLE" "$ID"
	expect_output $'0\nlisted'
	as_user "$program" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output $'126\nlisted'
	config '.process.args = ["/usr/true"]'
	as_user "$program" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'Direct shell access denied: "/usr/true" is not among the programs'
}

# is_elsewhere FILE: the user namespace that FILE stands for is not ours.
is_elsewhere() {
	[ "$(readlink /proc/self/ns/user)" != "$(readlink "$1")" ]
}

# users_of COMMAND [ARG]...: a process in a user namespace of its own, made by COMMAND; its path in NAMESPACE.
users_of() {
	"$@" unshare --user --map-root-user sleep 300 &
	KEEPER=$!
	NAMESPACE=/proc/$KEEPER/ns/user
	eventually is_elsewhere "$NAMESPACE"
	eventually grep -qs "^ *0 " "/proc/$KEEPER/uid_map"
	trap 'rootless delete --force "$ID" >/dev/null 2>&1; kill "$KEEPER"' EXIT
}

joins_users() {
	config --arg path "$NAMESPACE" '.linux.namespaces |= map(if .type == "user" then .path = $path else . end)
		| del(.linux.uidMappings, .linux.gidMappings)'
}

test_a_user_namespace_of_the_users_own_is_joined() {
	user_bundle
	users_of setpriv --reuid "$user" --regid "$user" --clear-groups
	joins_users
	config '.process.args = ["sleep", "300"]'
	rootless run --detach --bundle "$BUNDLE" --pid-file "$T/xdg/pid" "$ID"
	expect_status 0
	expect_equal "the user namespace" "$(readlink "/proc/$(cat "$T/xdg/pid")/ns/user")" "$(readlink "$NAMESPACE")"
	expect_equal "user on the host" "$(awk '/^Uid:/ { print $2 }' "/proc/$(cat "$T/xdg/pid")/status")" "$user"
	rootless exec "$ID" sh -c 'id -u; readlink /proc/self/ns/user; echo /proc/[0-9]*'
	expect_status 0
	expect_line 0
	expect_line "$(readlink "$NAMESPACE")"
	rootless delete --force "$ID"
	expect_status 0
	expect_no_state
}

test_who_shares_its_user_namespace_is_not_traced_by_the_container() {
	user_bundle
	users_of setpriv --reuid "$user" --regid "$user" --clear-groups
	joins_users
	# It sees the processes of the host, with its parent among them.
	config '.linux.namespaces |= map(select(.type != "pid")) | del(.linux.maskedPaths, .linux.readonlyPaths)
		| .mounts |= map(if .destination == "/proc" then {destination: "/proc", type: "bind", source: "/proc", options: ["rbind"]} else . end)
		| .process.capabilities[] += ["CAP_SYS_PTRACE"]'
	# shellcheck disable=SC2016
	script_args 'grep Name /proc/$PPID/status; readlink /proc/self/exe >/dev/null && readlink /proc/$PPID/exe || echo hidden'
	rootless run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_line hidden
	expect_line "Name:	bulwark"
}

test_a_user_namespace_of_somebody_else_is_refused() {
	user_bundle
	users_of env
	joins_users
	rootless run --bundle "$BUNDLE" "$ID"
	expect_failure
	[[ $ERR == *"user namespace $NAMESPACE: "*"ermi"* ]] || fail "another sentence"
	expect_no_state
	NAMESPACE=/proc/self/ns/net
	joins_users
	rootless run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "/proc/self/ns/net is no user namespace"
	expect_no_state
}

test_a_limit_that_cannot_be_set_is_refused() {
	needs_controller pids
	user_bundle
	config '.linux.resources = {pids: {limit: 20}}'
	rootless run --bundle "$BUNDLE" "$ID"
	expect_failure
	[[ $ERR == *"cannot set pids limit: container could not join or create cgroup"* ||
		$ERR == *"rootless needs no limits + no cgrouppath when no permission is granted for cgroups"* ]] ||
		fail "another sentence"
	expect_no_state
}

test_a_cgroup_that_is_named_is_not_left_out() {
	user_bundle
	config --arg path "/$ID/x" '.linux.cgroupsPath = $path'
	rootless run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "unable to apply cgroup configuration"
	expect_error_has "permission denied"
	expect_no_state
	config 'del(.linux.cgroupsPath)'
	rootless --rootless false run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "permission denied"
}

test_hardened_needs_its_limits() {
	user_bundle
	private
	PROFILE=hardened rootless run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has /linux/resources/
	expect_no_state
}

# delegated: makes a cgroup of the user's own in each hierarchy, and one for the caller beneath; prints the latter.
delegated() {
	local mount top file
	for mount in $(findmnt --noheadings --output TARGET --types cgroup,cgroup2); do
		top=$mount/$ID-user
		mkdir "$top"
		for file in cpuset.cpus cpuset.mems; do
			[ ! -e "$mount/$file" ] || cat "$mount/$file" >"$top/$file"
		done
		mkdir "$top/own"
		for file in cpuset.cpus cpuset.mems; do
			[ ! -e "$mount/$file" ] || cat "$mount/$file" >"$top/own/$file"
		done
		chown --recursive "$user" "$top"
		echo "$top/own"
	done
}

# remove_delegated DIRECTORY...: they are empty by then.
remove_delegated() {
	local directory
	for directory; do
		find "${directory%/own}" -depth -type d -exec rmdir {} +
	done
}

test_hardened_runs_where_the_user_has_cgroups() {
	# Not local: they are removed when the case has ended, however it ends.
	needs_controller pids
	user_bundle
	private
	mapfile -t directories < <(delegated)
	trap 'rootless delete --force "$ID" >/dev/null 2>&1; remove_delegated "${directories[@]}"' EXIT
	script_args 'id -u; grep -E "CapBnd|NoNewPrivs" /proc/self/status; grep pids: /proc/self/cgroup; mount | grep -c nodev; touch /x'
	(
		for directory in "${directories[@]}"; do
			echo "$BASHPID" >"$directory/cgroup.procs"
		done
		PROFILE=hardened rootless run --bundle "$BUNDLE" "$ID"
		expect_error_has "Read-only file system"
		expect_line 'CapBnd:	0000000000000000'
		expect_line 'NoNewPrivs:	1'
		config '.linux.resources = {pids: {limit: 7}} | .process.args = ["sleep", "300"]'
		PROFILE=hardened rootless run --detach --bundle "$BUNDLE" "$ID"
		expect_status 0
		as_user "$program" state "$ID"
		expect_equal pids "$(limit_of pids "$(jq .pid <<<"$OUT")" pids.max pids.max)" 7
		rootless delete --force "$ID"
		expect_status 0
		for directory in "${directories[@]}"; do
			echo "$BASHPID" >"${directory%/*/own}/cgroup.procs"
		done
	)
}

# inside_of_a_namespace COMMAND...: as root of a user namespace in which the host's root has no number.
inside_of_a_namespace() {
	as_user unshare --user --map-root-user --mount env XDG_RUNTIME_DIR="$T/xdg" "$@"
}

# An engine of a user calls from a user namespace that it has made, and its containers have none of their own.
test_a_caller_in_a_user_namespace_gets_devices() {
	user_bundle
	config 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user"))'
	script_args 'id -u; cat /proc/self/uid_map | tr -s " "; echo x >/dev/null; head -c 3 /dev/zero | wc -c; mknod /dev/x c 1 3 || echo none'
	inside_of_a_namespace "$program" --profile compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output $'0\n 0 65534 1\n3\nnone'
}

test_the_host_s_policy_is_that_of_a_caller_in_a_user_namespace() {
	user_bundle
	jq --null-input '{version: 1, default: "site", profiles: {site: {extends: "compat", noNewPrivileges: true}}}' \
		>"$T/policy.json"
	config 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user")) |
		.process.noNewPrivileges = false'
	script_args 'grep NoNewPrivs /proc/self/status'
	inside_of_a_namespace "$program" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output $'NoNewPrivs:\t1'
	chown 1001 "$T/policy.json"
	as_user "$program" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'must belong to root'
}

test_further_ids_come_by_newuidmap() {
	needs newuidmap
	user_bundle
	echo "$(id -nu "$user"):300000:1000" >"$T/sub"
	config '.linux.uidMappings += [{containerID: 1, hostID: 300000, size: 1000}] |
		.linux.gidMappings += [{containerID: 1, hostID: 300000, size: 1000}] | .process.user = {uid: 5, gid: 6, additionalGids: [7]}'
	script_args 'id; cat /proc/self/uid_map | tr -s " "'
	# shellcheck disable=SC2016 # for the inner shell
	inside() {
		run unshare --mount --propagation private sh -c 'mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid || exit 77
			shift; exec "$@"' sh "$T/sub" setpriv --reuid "$user" --regid "$user" --clear-groups \
			env XDG_RUNTIME_DIR="$T/xdg" PATH=/usr/bin:/bin "$program" --profile compat "$@"
	}
	inside run --bundle "$BUNDLE" "$ID"
	[ "$STATUS" != 77 ] || skip "needs /etc/subuid"
	expect_status 0
	expect_line "uid=5 gid=6 groups=7"
	expect_line " 1 300000 1000"
	config '.linux.uidMappings[1].hostID = 0'
	inside run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has newuidmap
	expect_no_state
}

test_sysfs_of_the_host_is_bound_read_only() {
	user_bundle
	config '.mounts |= map(if .destination == "/sys" then {destination: "/sys", type: "sysfs", source: "sysfs", options: ["ro"]} else . end)'
	script_args 'ls /sys/class >/dev/null && awk "\$2 ~ /^\\/sys/ && \$4 !~ /^ro/" /proc/self/mounts'
	rootless run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output ""
}

test_root_of_a_user_namespace_makes_containers() {
	user_bundle
	config '.linux.uidMappings[0].hostID = 0 | .linux.gidMappings[0].hostID = 0'
	script_args 'id -u; cat /proc/self/uid_map | tr -s " "'
	as_user unshare --user --map-root-user --mount "$program" --profile compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output $'0\n 0 0 1'
	expect_no_state
}

test_a_program_of_the_user_s_own_cannot_be_overwritten() {
	user_bundle
	install --owner="$user" --mode=755 "$RUNTIME" "$T/own"
	# Whatever an image makes of it, /proc/self/exe of the init is memory that is sealed.
	config '.process.args = ["/proc/self/exe", "--version"]'
	as_user "$T/own" --profile compat --debug run --bundle "$BUNDLE" "$ID"
	expect_error_has "running from a copy of our own program that nobody can write"
}

test_a_container_without_cgroups() {
	bundle
	config '.process.args = ["cat", "/proc/self/cgroup"] | .linux.namespaces |= map(select(.type != "cgroup"))'
	compat --cgroup-manager disabled run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output "$(cat /proc/self/cgroup)"
	config '.linux.resources += {pids: {limit: 20}}'
	compat --cgroup-manager disabled run --bundle "$BUNDLE" "$ID"
	expect_refusal "/linux/resources/pids/limit"
	hardened --cgroup-manager disabled run --bundle "$BUNDLE" "$ID"
	expect_refusal /linux/resources/
}

run_tests
