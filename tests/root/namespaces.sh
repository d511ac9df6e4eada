#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Namespaces: new, joined, missing, and those of the host.
. "$(dirname "$0")/bulwark.sh"

file_of() {
	case $1 in
	network) echo net ;;
	mount) echo mnt ;;
	*) echo "$1" ;;
	esac
}

# with_namespaces TYPE...: new ones of these types and no others.
with_namespaces() {
	local types
	types=$(jq --null-input '[$ARGS.positional[] | {type: .}]' --args "$@")
	config --argjson types "$types" '.linux.namespaces = $types'
}

# join TYPE PATH
join() {
	config --arg type "$1" --arg path "$2" '
		.linux.namespaces = [.linux.namespaces[] | select(.type != $type)] + [{type: $type, path: $path}]'
}

test_each_namespace_that_was_asked_for_is_a_new_one() {
	local profile type file
	for profile in hardened compat; do
		bundle "$profile"
		ID+=$profile
		config '.linux.namespaces += [{type: "time"}]'
		sleeping "$profile"
		for type in pid network ipc uts mount cgroup time; do
			file=$(file_of "$type")
			expect_different "the $type namespace" "$(namespace_of "$(pid_of)" "$file")" "$(namespace_of self "$file")"
		done
	done
}

test_a_namespace_that_was_not_asked_for_is_the_caller_s_in_compat() {
	local type file
	bundle
	with_namespaces mount
	config 'del(.hostname) | .mounts |= map(select(.type != "sysfs" and .type != "mqueue"))'
	sleeping compat
	for type in pid network ipc uts cgroup; do
		file=$(file_of "$type")
		expect_equal "the $type namespace" "$(namespace_of "$(pid_of)" "$file")" "$(namespace_of self "$file")"
	done
}

test_a_namespace_that_was_not_asked_for_is_made_in_hardened() {
	local type file
	bundle
	with_namespaces network mount
	config 'del(.hostname)'
	sleeping hardened
	for type in pid network ipc uts mount cgroup; do
		file=$(file_of "$type")
		expect_different "the $type namespace" "$(namespace_of "$(pid_of)" "$file")" "$(namespace_of self "$file")"
	done
}

test_the_network_of_the_host_is_refused() {
	bundle
	with_namespaces pid ipc uts mount cgroup
	hardened run --bundle "$BUNDLE" "$ID"
	expect_refusal network
	config 'del(.mounts[] | select(.type == "sysfs"))'
	asks compat 'readlink /proc/self/ns/net'
	expect_output "$(namespace_of self net)"
}

# Any process of the host has the host's namespaces, not only the first one.
test_a_namespace_of_the_host_is_refused_by_its_path() {
	local process type
	for process in 1 $$ self; do
		for type in pid ipc uts network cgroup; do
			bundle "$process-$type"
			config 'del(.hostname)'
			join "$type" "/proc/$process/ns/$(file_of "$type")"
			hardened run --bundle "$BUNDLE" "$ID"
			expect_refusal namespace
		done
	done
}

test_a_namespace_of_the_host_is_joined_by_its_path_in_compat() {
	local type file
	bundle
	config 'del(.hostname)'
	for type in ipc uts cgroup; do
		join "$type" "/proc/$$/ns/$type"
	done
	sleeping compat
	for file in ipc uts cgroup; do
		expect_equal "the $file namespace" "$(namespace_of "$(pid_of)" "$file")" "$(namespace_of self "$file")"
	done
}

# Another name for the host's namespace does not help.
test_a_namespace_of_the_host_is_refused_by_a_bind_of_it() {
	bundle
	touch "$T/namespace"
	mount --bind "/proc/$$/ns/uts" "$T/namespace"
	config 'del(.hostname)'
	join uts "$T/namespace"
	hardened run --bundle "$BUNDLE" "$ID"
	umount "$T/namespace"
	expect_refusal namespace
}

# other PROFILE: a container that others can join, OTHER.
other() {
	bundle other
	config '.process.args = ["sleep", "300"]'
	"$1" run --detach --bundle "$BUNDLE" "$ID-other"
	expect_status 0
	OTHER=$(pid_of "$ID-other")
}

test_a_joined_namespace_is_that_of_the_other_container() {
	local type file
	other compat
	bundle
	for type in pid ipc uts network cgroup; do
		join "$type" "/proc/$OTHER/ns/$(file_of "$type")"
	done
	config 'del(.hostname)'
	sleeping compat
	for type in pid ipc uts network cgroup; do
		file=$(file_of "$type")
		expect_equal "the $type namespace" "$(namespace_of "$(pid_of)" "$file")" "$(namespace_of "$OTHER" "$file")"
	done
	expect_different "the mount namespace" "$(namespace_of "$(pid_of)" mnt)" "$(namespace_of "$OTHER" mnt)"
	compat exec "$ID" ps -o pid,args
	expect_output_has "1 sleep 300"
}

test_a_joined_namespace_of_another_container_is_allowed_in_hardened() {
	other hardened
	bundle
	join ipc "/proc/$OTHER/ns/ipc"
	sleeping hardened
	expect_equal "the ipc namespace" "$(namespace_of "$(pid_of)" ipc)" "$(namespace_of "$OTHER" ipc)"
}

# untrusted-code has a network of its own or none; hardened joins one and is guarded there (guard.sh).
test_a_joined_network_is_refused_in_untrusted_code() {
	other hardened
	bundle
	join network "/proc/$OTHER/ns/net"
	ID=$ID-joiner
	untrusted run --bundle "$BUNDLE" "$ID"
	expect_refusal network
	asks hardened 'readlink /proc/self/ns/net'
	expect_output "$(namespace_of "$OTHER" net)"
}

test_exec_is_in_the_namespaces_of_the_container() {
	local file
	bundle
	sleeping hardened
	hardened exec "$ID" sh -c 'for n in pid net ipc uts mnt cgroup; do readlink /proc/self/ns/$n; done'
	for file in pid net ipc uts mnt cgroup; do
		expect_line "$(namespace_of "$(pid_of)" "$file")"
	done
}

test_the_program_is_number_1_and_sees_no_other_process() {
	bundle
	asks hardened 'echo $$; ls -d /proc/[0-9]* | wc -l'
	expect_line 1
	[ "$(tail -n 1 <<<"$OUT")" -le 3 ] || fail "more processes than the container has"
}

# mounts_of_others: a mount namespace whose $T/source is a tmpfs with "theirs"; OTHER is the process that keeps it.
mounts_of_others() {
	mkdir "$T/source"
	echo ours >"$T/source/mark"
	# shellcheck disable=SC2016
	unshare --mount bash -c 'mount -t tmpfs tmpfs "$1" && echo theirs >"$1/mark" && exec sleep 300' bash "$T/source" &
	OTHER=$!
	eventually grep --quiet theirs "/proc/$OTHER/root$T/source/mark"
}

# What is seen from there: sources, the rootfs as the root of all, masks; and of the host's mounts nothing is touched.
test_a_mount_namespace_that_is_joined_gets_the_container_s_root() {
	local before
	bundle
	mounts_of_others
	join mount "/proc/$OTHER/ns/mnt"
	config --arg source "$T/source" '.mounts += [{destination: "/mnt", type: "bind", source: $source, options: ["bind", "ro"]}]'
	before=$(cut -d " " -f 3- /proc/self/mountinfo)
	asks compat 'readlink /proc/self/ns/mnt; cat /mnt/mark; echo >/mnt/new; ls -d /home; cat /proc/kcore; ls -l /proc/kcore'
	expect_line "$(namespace_of "$OTHER" mnt)"
	expect_line theirs
	expect_error_has "can't create /mnt/new: Read-only file system"
	expect_error_has '/home: No such file or directory'
	[ ! -e "/proc/$OTHER/root/home" ] || fail "who is in there has kept the root"
	expect_equal "the root there" "$(ls "/proc/$OTHER/root/bin/busybox")" "/proc/$OTHER/root/bin/busybox"
	expect_equal "the host's mounts" "$(cut -d " " -f 3- /proc/self/mountinfo)" "$before"
	kill "$OTHER"
}

test_exec_enters_a_mount_namespace_that_was_joined() {
	bundle
	mounts_of_others
	join mount "/proc/$OTHER/ns/mnt"
	config '.root.readonly = true'
	sleeping compat
	compat exec "$ID" sh -c 'readlink /proc/self/ns/mnt; ls -d /home; pwd; touch /etc/new'
	expect_line "$(namespace_of "$OTHER" mnt)"
	expect_line /
	expect_error_has '/home: No such file or directory'
	expect_error_has 'Read-only file system'
	kill "$OTHER"
}

test_the_rootfs_may_be_one_that_only_others_see() {
	bundle
	mounts_of_others
	join mount "/proc/$OTHER/ns/mnt"
	mkdir "/proc/$OTHER/root$T/source/rootfs"
	cp --archive "$ROOTFS/." "/proc/$OTHER/root$T/source/rootfs"
	config --arg root "$T/source/rootfs" '.root.path = $root'
	script_args 'echo started'
	compat run --bundle "$BUNDLE" "$ID"
	expect_output started
	kill "$OTHER"
}

test_a_source_that_is_not_there_is_named() {
	bundle
	mounts_of_others
	mkdir "$T/source/only-here"
	join mount "/proc/$OTHER/ns/mnt"
	config --arg source "$T/source/only-here" '.mounts += [{destination: "/mnt", type: "bind", source: $source, options: ["bind"]}]'
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal "error mounting \"$T/source/only-here\" to rootfs at \"/mnt\": no such file or directory"
	kill "$OTHER"
}

test_no_policy_that_looks_at_mounts_lets_others_mounts_be_joined() {
	bundle
	mounts_of_others
	join mount "/proc/$OTHER/ns/mnt"
	hardened run --bundle "$BUNDLE" "$ID"
	expect_refusal 'a new mount namespace is required'
	policy '{"extends": "compat", "mounts": {"checkSources": true}}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal 'a new mount namespace is required'
	[ -e "/proc/$OTHER/root/home" ] || fail "its root was exchanged"
	kill "$OTHER"
}

# Its root would be exchanged, for every process of the host.
test_the_host_s_mount_namespace_cannot_be_joined() {
	local process
	bundle
	for process in self $$; do
		join mount "/proc/$process/ns/mnt"
		compat run --bundle "$BUNDLE" "$ID"
		expect_refusal "is the host's own mount namespace"
	done
}

test_a_path_of_another_kind_of_namespace_is_an_error() {
	bundle
	join ipc "/proc/$$/ns/uts"
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal ipc
	join ipc "/proc/$$/status"
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	join ipc /nowhere
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
}

test_a_namespace_asked_for_twice_is_an_error() {
	bundle
	config '.linux.namespaces += [{type: "ipc"}]'
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal ipc
}

test_the_new_network_has_a_loopback_that_is_up_and_nothing_else() {
	bundle
	asks hardened 'ls /sys/class/net; ping -c 1 -w 2 127.0.0.1 >/dev/null 2>&1; cat /sys/class/net/lo/flags'
	expect_line lo
	expect_line 0x9
	expect_output_lacks eth
}

test_the_cgroup_namespace_hides_the_names_of_the_host() {
	bundle
	asks hardened 'cat /proc/self/cgroup'
	expect_output_lacks "$ID"
	with_namespaces pid network ipc uts mount
	asks compat 'cat /proc/self/cgroup'
	expect_output_has "$ID"
}

test_the_host_s_tree_is_not_in_the_mount_namespace() {
	bundle
	asks hardened 'cat /proc/self/mountinfo'
	expect_equal "number of root mounts" "$(awk '$5 == "/"' <<<"$OUT" | wc -l)" 1
	expect_output_lacks ' /sys/fs/cgroup'
	asks hardened 'ls -a /../.. /proc/1/root | grep -cx boot'
	expect_output 0
}

run_tests
