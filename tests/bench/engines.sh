#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docker run, ctr run and podman run of `true`, with runc and with bulwark in turn: what a user waits for, engine
# included.  Medians, and the ratio to runc's.
#
#   ROUNDS=40     rounds of each engine
#   RUNTIME=      the program measured (default: $BUILDDIR/bulwark)
set -euo pipefail
tests_dir=$(cd "$(dirname "$0")/.." && pwd)
export ROUNDS=${ROUNDS:-40}
echo "$(uname -sr), $(nproc) processors, load $(cut -d ' ' -f 1 /proc/loadavg), $ROUNDS rounds"
for engine in docker containerd podman; do
	status=0
	"$tests_dir/engines/$engine.sh" || status=$?
	[ "$status" = 0 ] || [ "$status" = 77 ] || exit "$status"
done
