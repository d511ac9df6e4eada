#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Breakout: mounts made for a container, or by it, that spread to the host.
# Runs against any OCI runtime (RUNTIME=).
. "$(dirname "$0")/../root/lib.sh"

# What a host with systemd looks like: everything shared.  The runtime runs in a mount namespace whose
# mounts are peers of another one, which plays the host; its mount table is compared.
on_a_shared_host() {
	local before
	before=$(mktemp "$T/before.XXXXXX")
	# shellcheck disable=SC2086 # RUNTIME_FLAGS is several words
	run unshare --mount --propagation private sh -c '
		mount --make-rshared /
		sort /proc/self/mountinfo >"$1"
		shift
		unshare --mount --propagation unchanged "$@"
		status=$?
		sort /proc/self/mountinfo >'"$T/after"'
		exit $status' sh "$before" "$RUNTIME" --root "$T/state" ${RUNTIME_FLAGS:-} "$@"
	diff "$before" "$T/after" >"$T/changes" || fail "the host's mounts have changed: $(cat "$T/changes")"
}

volume() {
	mkdir -p "$T/volume/sub"
	config --arg source "$T/volume" --argjson options "$1" '
		.mounts += [{destination: "/data", type: "bind", source: $source, options: $options}]'
}

test_a_mount_beneath_a_volume_does_not_appear_on_the_host() {
	bundle
	volume '["bind"]'
	config '.mounts += [{destination: "/data/sub", type: "tmpfs", source: "tmpfs", options: ["nosuid"]}]'
	on_a_shared_host run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

test_a_mount_beneath_a_recursive_volume_does_not_appear_on_the_host() {
	bundle
	volume '["rbind", "rprivate"]'
	config '.mounts += [{destination: "/data/sub", type: "tmpfs", source: "tmpfs", options: ["nosuid"]}]'
	on_a_shared_host run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

test_a_masked_directory_in_a_volume_is_not_masked_on_the_host() {
	bundle
	volume '["bind"]'
	config '.linux.maskedPaths += ["/data/sub"] | .linux.readonlyPaths += ["/data/sub"]'
	on_a_shared_host run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

# What a privileged container mounts in a volume stays in the container.
test_a_mount_by_the_container_in_a_volume_does_not_appear_on_the_host() {
	bundle
	volume '["bind"]'
	config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	script_args 'mount -t tmpfs tmpfs /data/sub; true'
	on_a_shared_host run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

test_each_rootfs_propagation_leaves_the_host_alone() {
	local propagation
	for propagation in private rprivate slave rslave shared rshared unbindable; do
		bundle "$propagation"
		config --arg propagation "$propagation" '.linux.rootfsPropagation = $propagation'
		on_a_shared_host run --bundle "$BUNDLE" "$ID-$propagation"
		expect_status 0
	done
}

run_tests
