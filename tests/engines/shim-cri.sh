#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# containerd's CRI with bulwark's own shim as runtime_type of each handler: the cases of cri.sh.
SHIM=${SHIM:-io.containerd.bulwark.v2}
# shellcheck source=tests/engines/cri.sh
. "$(dirname "$0")/cri.sh"
