#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A container without a mount namespace of its own, in a mount namespace that stands for the host's.
. "$(dirname "$0")/bulwark.sh"

host_bundle() {
	bundle
	config '.linux.namespaces |= map(select(.type != "mount")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
}

# on_a_host SCRIPT: in a mount namespace whose mounts are shared among themselves, as systemd has them; $RUN is bulwark
# in compat.  Prints what mounts are there afterwards and were not before.
on_a_host() {
	export ID BUNDLE T RUN="$RUNTIME --root $T/state --profile compat"
	# shellcheck disable=SC2016
	run unshare --mount --propagation private bash -c '
		mount --make-rshared / && cp /proc/self/mountinfo "$T/before" &&
		eval "$1"
		status=$?
		diff "$T/before" /proc/self/mountinfo | sed "s/^/mountinfo: /"
		exit $status' bash "$1"
}

test_it_sees_its_rootfs_and_leaves_the_host_s_mounts_as_they_were() {
	host_bundle
	mkdir "$T/volume"
	echo text >"$T/volume/file"
	config --arg source "$T/volume" '.mounts += [{destination: "/mnt/new", type: "bind", source: $source, options: ["bind", "ro"]}]'
	script_args 'cat /mnt/new/file; ls -d /proc/self /sys/kernel /dev/null; ls /; touch /mnt/new/file'
	on_a_host '$RUN run --bundle "$BUNDLE" "$ID"'
	expect_failure
	expect_output $'text\n/dev/null\n/proc/self\n/sys/kernel\nbin\ndev\netc\nmnt\nproc\nrun\nsys\ntmp\nusr'
	expect_error_has 'Read-only file system'
	expect_nothing_left
}

test_its_root_can_be_read_only() {
	host_bundle
	config '.root.readonly = true'
	script_args 'touch /etc/new'
	on_a_host '$RUN run --bundle "$BUNDLE" "$ID"; touch "$BUNDLE/rootfs/etc/later"'
	expect_status 0
	expect_error_has 'Read-only file system'
	[ ! -e "$ROOTFS/etc/new" ] || fail "the rootfs was written to"
}

test_exec_is_in_its_root_too() {
	host_bundle
	echo inside >"$ROOTFS/etc/mark"
	config '.process.args = ["sleep", "300"]'
	on_a_host '$RUN run --detach --bundle "$BUNDLE" "$ID" && $RUN exec "$ID" cat /etc/mark && $RUN delete --force "$ID"'
	expect_status 0
	expect_output inside
}

test_hooks_run_once_on_the_host() {
	host_bundle
	# shellcheck disable=SC2016
	config --arg log "$T/log" '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "pwd >>\($log)"]}]'
	on_a_host '$RUN run --bundle "$BUNDLE" "$ID"'
	expect_status 0
	expect_equal "what the hook saw" "$(cat "$T/log")" "$BUNDLE"
}

test_what_fails_on_the_way_leaves_no_mount() {
	host_bundle
	config '.mounts += [{destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["nonsense"]}]'
	on_a_host '$RUN run --bundle "$BUNDLE" "$ID"'
	expect_failure
	expect_output ""
	expect_error_has nonsense
}

# The rootfs is a mount already, as engines have it: that one stays.
test_a_mount_that_was_there_before_stays() {
	host_bundle
	on_a_host 'mount --bind "$BUNDLE/rootfs" "$BUNDLE/rootfs" && for n in 1 2; do
		$RUN run --bundle "$BUNDLE" "$ID" && grep -c "$BUNDLE/rootfs" /proc/self/mountinfo; done'
	expect_status 0
	expect_line 1
	expect_equal "how often it was there" "$(grep --count --line-regexp 1 <<<"$OUT")" 2
}

test_masks_need_a_mount_namespace() {
	host_bundle
	config '.linux.maskedPaths = ["/proc/kcore"]'
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal 'unable to restrict sys entries without a private MNT namespace'
}

test_the_policy_gives_it_a_namespace_or_refuses() {
	host_bundle
	script_args 'readlink /proc/self/ns/mnt'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_different "the mount namespace" "$OUT" "$(namespace_of self mnt)"
	policy '{"extends": "compat", "mounts": {"checkSources": true}}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal 'a new mount namespace is required'
}

run_tests
