#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# containerd of the distribution, its own shim, and bulwark as the binary that the shim calls (ctr --runc-binary):
# first beside runc in the profile compat, then hardened.
. "$(dirname "$0")/engine.sh"
needs containerd ctr script sha256sum
. "$(dirname "$0")/containerd-cases.sh"

# For in_profile.
# shellcheck disable=SC2034
choose() {
	chosen=(--runc-binary "$work/$1")
}

states() {
	echo "/run/containerd/runc/$CGROUP"
}

write_config
start_containerd
write_wrapper compat
write_wrapper hardened
ln -s "$RUNTIME" "$work/bulwark"
ln -s "$(command -v runc)" "$work/runc"
import_image

test_nothing_is_left_when_containerd_ends() {
	after_case
	end_daemon containerd
	expect_engine_left_nothing /run/containerd /var/lib/containerd
}

measure_or_test
