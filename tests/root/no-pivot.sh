#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --no-pivot: the host's tree stays in the mount namespace, but no procfs or sysfs of it. The kernel lets a user
# namespace mount another one only while it sees one whole, without masks.
. "$(dirname "$0")/bulwark.sh"

needs_user_namespaces() {
	unshare --user true 2>/dev/null || skip "needs user namespaces"
}

# try_to_mount: the bundle's container tries from a user namespace of its own.
try_to_mount() {
	mkdir "$ROOTFS/new"
	config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN", "CAP_SETFCAP"])'
	# It may be no freer than what is seen; and a sysfs belongs to a network namespace.
	script_args "unshare -mrpfn mount -t $1 -o ro,nosuid,nodev,noexec none /new && echo mounted"
}

# not_mounted COMMAND [ARG]...: runs it; the container could start, and could not mount.
not_mounted() {
	run "$@"
	expect_output ""
	expect_error_has 'mount: permission denied'
}

test_no_other_procfs_or_sysfs_can_be_mounted() {
	local type
	needs_user_namespaces
	for type in proc sysfs; do
		bundle "$type"
		try_to_mount "$type"
		not_mounted "$RUNTIME" --root "$T/state" --profile compat run --no-pivot --bundle "$BUNDLE" "$ID"
		# Where nothing is masked nothing is hidden from it.
		config '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
		compat run --no-pivot --bundle "$BUNDLE" "$ID"
		expect_output mounted
	done
}

test_a_procfs_that_the_host_has_elsewhere_is_gone_too() {
	needs_user_namespaces
	bundle
	try_to_mount proc
	mkdir "$T/elsewhere"
	mount -t proc proc "$T/elsewhere"
	not_mounted "$RUNTIME" --root "$T/state" --profile compat run --no-pivot --bundle "$BUNDLE" "$ID"
	mountpoint --quiet "$T/elsewhere" || fail "the host has lost its own"
	umount "$T/elsewhere"
}

# There the host's mounts are locked: what cannot be taken away is covered.
test_in_a_user_namespace_they_are_covered() {
	needs_user_namespaces
	bundle
	try_to_mount proc
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}]'
	chown --recursive --no-dereference 100000:200000 "$ROOTFS"
	not_mounted "$RUNTIME" --root "$T/state" --profile compat run --no-pivot --bundle "$BUNDLE" "$ID"
	config '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
	compat run --no-pivot --bundle "$BUNDLE" "$ID"
	expect_output mounted
	mountpoint --quiet /proc || fail "the host has lost its own"
}

test_a_container_runs_and_can_be_entered() {
	bundle
	config '.process.args = ["sleep", "300"]'
	compat run --no-pivot --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	compat exec "$ID" cat /etc/passwd
	expect_status 0
	expect_equal "what exec sees" "$OUT" "$(cat "$ROOTFS/etc/passwd")"
	compat delete --force "$ID"
	expect_nothing_left
}

test_a_profile_that_hardens_refuses_it() {
	bundle
	hardened run --no-pivot --bundle "$BUNDLE" "$ID"
	expect_refusal no-pivot
}

run_tests
