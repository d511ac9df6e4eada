#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The mode of a tmpfs: what is asked for, else that of the directory that it covers, else 1777; and a /dev that is
# read-only once it is complete; and the workspace, which ends with its container.
. "$(dirname "$0")/bulwark.sh"

# tmpfs_on DESTINATION [OPTION]...
tmpfs_on() {
	local options
	options=$(jq --null-input '$ARGS.positional' --args "${@:2}")
	config --arg destination "$1" --argjson options "$options" '
		.mounts += [{destination: $destination, type: "tmpfs", source: "tmpfs", options: $options}]'
}

# modes PATH...: what stat and mountinfo say of each, but for the kernel's own default.
modes() {
	local path script=
	for path; do
		script+="echo $path \$(stat -c %a $path) \$(awk '\$5 == \"$path\" { sub(/,inode64/, \"\"); print \$NF }' /proc/self/mountinfo);"
	done
	script_args "$script"
}

test_the_mode_is_that_of_the_directory_beneath() {
	local profile
	bundle
	mkdir -m 710 "$ROOTFS/closed"
	mkdir "$ROOTFS/special"
	chmod 7755 "$ROOTFS/special"
	tmpfs_on /closed
	tmpfs_on /special
	modes /closed /special
	for profile in compat hardened; do
		"$profile" run --bundle "$BUNDLE" "$ID"
		expect_output $'/closed 710 rw,mode=710\n/special 7755 rw,mode=7755'
	done
}

test_a_mode_that_is_asked_for_wins() {
	bundle
	mkdir -m 710 "$ROOTFS/closed"
	tmpfs_on /closed mode=1500
	tmpfs_on /new mode=0444
	modes /closed /new
	# The second time the directory is there.
	for _ in 1 2; do
		compat run --bundle "$BUNDLE" "$ID"
		expect_output $'/closed 1500 rw,mode=1500\n/new 444 rw,mode=444'
	done
}

test_where_nothing_is_everybody_may_write_and_the_way_there_is_made() {
	bundle
	tmpfs_on /new/way/there
	modes /new /new/way /new/way/there
	config '.process.user.umask = 63'
	run sh -c 'umask 077 && exec "$@"' sh "$RUNTIME" --root "$T/state" --profile compat run --bundle "$BUNDLE" "$ID"
	expect_output $'/new 755\n/new/way 755\n/new/way/there 1777 rw'
}

test_directories_on_the_way_inherit_the_group_bit() {
	bundle
	mkdir "$ROOTFS/team"
	chown 0:1001 "$ROOTFS/team"
	chmod 7755 "$ROOTFS/team"
	tmpfs_on /team/new/way
	mkdir "$T/source"
	config --arg source "$T/source" '.mounts += [{destination: "/team/other/way", type: "bind", source: $source, options: ["bind"]}]'
	script_args 'stat -c "%n %a %g" /team/new /team/other'
	compat run --bundle "$BUNDLE" "$ID"
	expect_output $'/team/new 2755 1001\n/team/other 2755 1001'
}

test_a_read_only_tmpfs_and_what_is_mounted_in_it() {
	bundle
	tmpfs_on /fixed ro mode=755
	tmpfs_on /fixed/free
	script_args 'touch /fixed/free/file && ls /fixed/free; touch /fixed/file'
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_output file
	expect_error_has 'Read-only file system'
}

test_a_read_only_dev_has_its_devices() {
	local profile
	bundle
	config '.mounts |= map(if .destination == "/dev" then .options += ["ro"] else . end)'
	script_args 'echo text >/dev/null && [ -c /dev/zero ] && [ -L /dev/fd ] && touch /dev/shm/file && echo all; touch /dev/file'
	for profile in compat hardened; do
		"$profile" run --bundle "$BUNDLE" "$ID"
		expect_failure
		expect_output all
		expect_error_has 'Read-only file system'
	done
}

# Where the file system of the workspace is mounted, in whatever mount namespace: a line each.
mounted_anywhere() {
	cat /proc/[0-9]*/mountinfo 2>/dev/null | awk -v device="$1" '$3 == device && $5 ~ /workspace/'
}

test_a_workspace_ends_with_its_container() {
	local device memory usage
	needs_controller memory
	bundle
	sleeping shelled
	memory=$(cgroup_of memory "$(pid_of)")
	shelled exec "$ID" sh -c 'echo marker >file; dd if=/dev/zero of=more bs=1M count=9 2>/dev/null; awk "\$5 == \"/workspace\" { print \$3 }" /proc/self/mountinfo'
	expect_status 0
	device=$OUT
	[ -n "$(mounted_anywhere "$device")" ] || fail "it was never there"
	usage=$(cat "$memory/memory.usage_in_bytes" 2>/dev/null || cat "$memory/memory.current")
	[ "$usage" -gt 9000000 ] || fail "only $usage bytes count"
	# A process that has left its parent and keeps a file open does not keep it.
	shelled exec --detach "$ID" sh -c '(exec 3<file; sleep 300) & (sleep 300 &)'
	expect_status 0
	shelled delete --force "$ID"
	expect_status 0
	expect_equal "where it is mounted" "$(mounted_anywhere "$device")" ""
	[ ! -e "$memory" ] || fail "its memory is still counted"
	expect_nothing_left
	# The next one begins with nothing.
	asks shelled 'ls -A . && cat file'
	expect_failure
	expect_output ""
}

test_a_session_s_workspace_lies_beneath_its_names() {
	local names
	policy '{"extends": "untrusted-code", "workspace": {"perSession": true}, "programs": {"restrict": false},
		"loosens": ["programs.restrict"]}'
	bundle
	asks governed 'pwd'
	expect_status 1
	expect_error_has "nobody says whose the container is, nor which session it is"
	jq '.annotations = {tenant: true, session: true}' "$T/policy.json" >"$T/policy.new"
	chmod 600 "$T/policy.new"
	mv "$T/policy.new" "$T/policy.json"
	config '.annotations = {"org.bulwark.tenant": "acme"}'
	asks governed 'pwd'
	expect_status 1
	expect_error_has "nobody says which session it is"
	config '.annotations["org.bulwark.session"] = "s-1"'
	asks governed 'pwd; stat -c "%u:%g %a" .; echo text >file; ls'
	expect_status 0
	expect_output $'/workspace/acme/s-1\n1001:1001 750\nfile'
	for names in ../s .. %2e%2e a/b $'a\nb' "$(printf 'a%.0s' {1..300})"; do
		config --arg name "$names" '.annotations["org.bulwark.session"] = $name'
		asks governed 'pwd'
		expect_status 1
		expect_output ""
	done
}

test_more_tmpfs_than_memory_is_said() {
	bundle
	run "$RUNTIME" --profile untrusted-code explain "$BUNDLE"
	expect_output_has "what can be written to tmpfs is"
	policy '{"extends": "untrusted-code", "workspace": {"size": 104857600}}'
	run "$RUNTIME" --policy "$T/policy.json" explain "$BUNDLE"
	expect_output_lacks "what can be written to tmpfs is"
}

run_tests
