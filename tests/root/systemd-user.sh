#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --systemd-cgroup by somebody who is not root: the container is a scope of the caller's own systemd, holds the limits
# that have been delegated to it, is refused those that have not, and leaves nothing.
[ -d /run/systemd/system ] || { echo "needs systemd as the host's init"; exit 77; }
# What systemd mounts for the user, /run/user/UID, is to be seen here.
if [ "$(id -u)" = 0 ] && [ -z "${BULWARK_TEST_OWN_RUN:-}" ]; then
	BULWARK_TEST_OWN_RUN=1 exec unshare --mount --propagation slave -- "$0" "$@"
fi
. "$(dirname "$0")/systemd.sh"
needs setpriv systemctl
[ -e /sys/fs/cgroup/cgroup.controllers ] || skip "needs cgroup v2 alone"

# Of the guest, or the first whose account a person has.
IFS=: read -r user_name _ user group _ < <(awk -F: '$3 >= 1000 && $3 < 60000' /etc/passwd)
[ -n "${user:-}" ] || skip "needs a user who is no part of the system"
setpriv --reuid "$user" --regid "$group" --clear-groups unshare --user --map-root-user true 2>/dev/null ||
	skip "needs user namespaces for everybody"
run_dir=/run/user/$user
manager=/sys/fs/cgroup/user.slice/user-$user.slice/user@$user.service

# The user's systemd, ended again where it was not there before.
start_manager() {
	! systemctl --quiet is-active "user@$user.service" || return 0
	systemctl start "user@$user.service" || skip "needs a systemd of $user_name's own"
	trap 'systemctl stop "user@$user.service"; leave' EXIT
}

# as_user [NAME=VALUE]... COMMAND [ARG]...: with nothing of our environment but what is said here.
as_user() {
	run setpriv --reuid "$user" --regid "$group" --clear-groups env --ignore-environment PATH=/usr/bin:/bin "$@"
}

# mine VERB [ARG]...: the user's own container, by the user's systemd. XDG: what the environment says of it.
mine() {
	as_user "${BUS[@]}" "$RUNTIME" --root "$T/own" --profile "${PROFILE:-compat}" --systemd-cgroup "$@"
}

# The user's own bundle, as `spec --rootless` makes it.
user_bundle() {
	BUS=("XDG_RUNTIME_DIR=$run_dir" "DBUS_SESSION_BUS_ADDRESS=unix:path=$run_dir/bus")
	bundle
	mkdir "$T/own"
	rm "$BUNDLE/config.json"
	chown --recursive --no-dereference "$user:$group" "$BUNDLE" "$T/own"
	as_user "$RUNTIME" spec --rootless --bundle "$BUNDLE"
	expect_status 0
	config '.process.terminal = false | .process.args = ["sleep", "300"]'
	trap 'BUS=("XDG_RUNTIME_DIR=$run_dir"); mine delete --force "$ID" >/dev/null 2>&1' EXIT
}

# user_property UNIT NAME
user_property() {
	as_user XDG_RUNTIME_DIR="$run_dir" systemctl --user show --property "$2" --value "$1"
	echo "$OUT"
}

sleeping_scope() {
	mine run --detach --bundle "$BUNDLE" --pid-file "$T/own/pid" "$ID"
	expect_status 0
}

# limit NAME: what the file of the container's cgroup says.
limit() {
	cat "$SCOPE/$1"
}

expect_gone() {
	[ ! -e "$SCOPE" ] || fail "the cgroup is left: $SCOPE"
	[ ! -e "$T/own/$ID" ] || fail "state is left"
	expect_equal "load state" "$(user_property "$(basename "$SCOPE")" LoadState | tail -n 1)" not-found
}

test_a_life_in_a_scope_of_the_users_own_systemd() {
	user_bundle
	SCOPE=$manager/user.slice/bulwark-$ID.scope
	config '.linux.resources = {pids: {limit: 44}, memory: {limit: 67108864}}'
	mine create --bundle "$BUNDLE" --pid-file "$T/own/pid" "$ID"
	expect_status 0
	expect_equal "the init's user" "$(stat --format %u "/proc/$(cat "$T/own/pid")")" "$user"
	expect_equal "its cgroup" "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(cat "$T/own/pid")/cgroup")" "$SCOPE"
	expect_equal pids.max "$(limit pids.max)" 44
	expect_equal memory.max "$(limit memory.max)" 67108864
	expect_equal "owner of the scope" "$(stat --format %u "$SCOPE")" "$user"
	mine start "$ID"
	expect_status 0
	mine exec "$ID" grep -c . /proc/1/cgroup
	expect_status 0
	mine exec --detach --pid-file "$T/own/pid2" "$ID" sleep 300
	expect_status 0
	expect_equal "the further program's cgroup" "$(cat "/proc/$(cat "$T/own/pid2")/cgroup")" \
		"$(cat "/proc/$(cat "$T/own/pid")/cgroup")"
	mine update --pids-limit 55 --memory 33554432 "$ID"
	expect_status 0
	expect_equal pids.max "$(limit pids.max)" 55
	expect_equal memory.max "$(limit memory.max)" 33554432
	# Their systemd knows, and does not undo it when it reads its units again.
	as_user XDG_RUNTIME_DIR="$run_dir" systemctl --user daemon-reload
	expect_status 0
	expect_equal TasksMax "$(user_property "bulwark-$ID.scope" TasksMax | tail -n 1)" 55
	expect_equal pids.max "$(limit pids.max)" 55
	expect_equal memory.max "$(limit memory.max)" 33554432
	mine pause "$ID"
	expect_status 0
	expect_equal frozen "$(grep frozen "$SCOPE/cgroup.events")" "frozen 1"
	mine resume "$ID"
	expect_status 0
	mine kill "$ID" KILL
	expect_status 0
	eventually test ! -e "/proc/$(cat "$T/own/pid")/exe"
	mine delete "$ID"
	expect_status 0
	expect_gone
}

# place_of PID-FILE: the cgroup beneath the scope.
place_of() {
	sed -n 's/^0:://p' "/proc/$(cat "$T/own/$1")/cgroup" | sed "s|.*/$(basename "$SCOPE")||"
}

test_a_further_program_runs_beneath_the_scope() {
	user_bundle
	SCOPE=$manager/user.slice/bulwark-$ID.scope
	sleeping_scope
	mkdir "$SCOPE/init" "$SCOPE/sub"
	mine exec --cgroup sub --detach --pid-file "$T/own/pid2" "$ID" sleep 300
	expect_status 0
	expect_equal "where it is" "$(place_of pid2)" /sub
	mine exec --cgroup none "$ID" true
	expect_failure
	expect_error_has "/bulwark-$ID.scope/none: no such file or directory"
	# As a systemd within does it: its processes in a cgroup of their own, controllers for the children.
	cat "$T/own/pid" >"$SCOPE/init/cgroup.procs"
	echo +pids >"$SCOPE/cgroup.subtree_control"
	echo +memory >"$SCOPE/cgroup.subtree_control"
	mine exec --detach --pid-file "$T/own/pid3" "$ID" sleep 300
	expect_status 0
	expect_equal "where it is" "$(place_of pid3)" /init
	mine exec --cgroup / "$ID" true
	expect_failure
	mine delete --force "$ID"
	expect_status 0
	expect_gone
}

test_the_slice_is_one_of_the_users() {
	user_bundle
	SCOPE=$manager/bwtest.slice/bwtest-a.slice/bw-$ID.scope
	config --arg path "bwtest-a.slice:bw:$ID" '.linux.cgroupsPath = $path'
	sleeping_scope
	expect_equal "its cgroup" "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(cat "$T/own/pid")/cgroup")" "$SCOPE"
	mine delete --force "$ID"
	expect_status 0
	expect_gone
	as_user XDG_RUNTIME_DIR="$run_dir" systemctl --user stop bwtest.slice
}

test_what_is_delegated_is_applied_and_the_rest_refused() {
	user_bundle
	SCOPE=$manager/user.slice/bulwark-$ID.scope
	if grep -qw cpu "$manager/cgroup.controllers"; then
		config '.linux.resources = {cpu: {quota: 20000, period: 100000}}'
		sleeping_scope
		expect_equal cpu.max "$(limit cpu.max)" "20000 100000"
	else
		sleeping_scope
	fi
	! grep -qw cpuset "$manager/cgroup.controllers" || skip "needs something that is not delegated to users"
	mine update --cpuset-cpus 0 "$ID"
	expect_failure
	expect_error_has "/linux/resources/cpu/cpus: needs the cgroup controller cpuset, which is not delegated to the user's systemd"
	mine delete --force "$ID"
	expect_status 0
	config '.linux.resources = {cpu: {cpus: "0"}}'
	mine run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "/linux/resources/cpu/cpus: needs the cgroup controller cpuset, which is not delegated to the user's systemd"
	expect_gone
}

test_hardened_holds_there_too() {
	user_bundle
	SCOPE=$manager/user.slice/bulwark-$ID.scope
	config '.linux.namespaces += [{type: "network"}] | .mounts |= map(select(.destination != "/sys"))
		| .linux.resources = {}'
	PROFILE=hardened
	sleeping_scope
	# The profile's own limit, which nobody raises.
	expect_equal pids.max "$(limit pids.max)" 512
	mine exec "$ID" grep CapBnd /proc/self/status
	expect_output_has 0000000000000000
	mine update --pids-limit 1000 "$ID"
	expect_failure
	expect_equal pids.max "$(limit pids.max)" 512
	mine delete --force "$ID"
	expect_status 0
	expect_gone
}

test_the_bus_is_found_without_its_address() {
	user_bundle
	SCOPE=$manager/user.slice/bulwark-$ID.scope
	config '.process.args = ["cat", "/sys/fs/cgroup/cgroup.procs"]'
	BUS=("XDG_RUNTIME_DIR=$run_dir")
	mine run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_line 1
	expect_gone
}

test_systemd_is_found_without_a_bus() {
	user_bundle
	SCOPE=$manager/user.slice/bulwark-$ID.scope
	config '.process.args = ["cat", "/proc/self/cgroup"]'
	ln -s "$run_dir/systemd" "$T/own/systemd"
	BUS=("XDG_RUNTIME_DIR=$T/own")
	mine run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output 0::/
	expect_gone
}

test_where_there_is_none_the_error_says_what_was_looked_for() {
	user_bundle
	SCOPE=$manager/user.slice/bulwark-$ID.scope
	BUS=()
	mine run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "connecting to the user's bus: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set"
	expect_error_has "loginctl enable-linger"
	BUS=("XDG_RUNTIME_DIR=$T/own")
	mine run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "connecting to the user's bus, $T/own/bus: no such file or directory"
	BUS=("XDG_RUNTIME_DIR=$run_dir" "DBUS_SESSION_BUS_ADDRESS=unix:path=$T/none")
	mine run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "connecting to the user's bus, unix:path=$T/none: no such file or directory"
	expect_gone
}

test_root_of_a_user_namespace_is_known_as_the_user() {
	user_bundle
	SCOPE=$manager/user.slice/bulwark-$ID.scope
	config '.linux.uidMappings[0].hostID = 0 | .linux.gidMappings[0].hostID = 0 | .linux.resources = {pids: {limit: 33}}'
	as_user "${BUS[@]}" unshare --user --map-root-user --mount "$RUNTIME" --root "$T/own" --profile compat \
		--systemd-cgroup run --detach --pid-file "$T/own/pid" --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_equal pids.max "$(limit pids.max)" 33
	expect_equal "the init's user" "$(stat --format %u "/proc/$(cat "$T/own/pid")")" "$user"
	mine delete --force "$ID"
	expect_status 0
	expect_gone
}

test_further_ids_live_in_the_scope() {
	needs newuidmap newgidmap
	user_bundle
	SCOPE=$manager/user.slice/bulwark-$ID.scope
	local first
	first=$(awk -F: -v name="$user_name" '$1 == name { print $2; exit }' /etc/subuid)
	[ -n "$first" ] || skip "needs ids of the user's own in /etc/subuid"
	config --argjson first "$first" '.linux.uidMappings += [{containerID: 1, hostID: $first, size: 1000}]
		| .linux.gidMappings += [{containerID: 1, hostID: $first, size: 1000}] | .process.user = {uid: 5, gid: 6}'
	sleeping_scope
	expect_equal "the program's user" "$(stat --format %u "/proc/$(cat "$T/own/pid")")" $((first + 4))
	mine exec --detach --pid-file "$T/own/pid2" "$ID" sleep 300
	expect_status 0
	expect_equal "the further program's cgroup" "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(cat "$T/own/pid2")/cgroup")" \
		"$SCOPE"
	mine delete --force "$ID"
	expect_status 0
	expect_gone
}

start_manager
run_tests
