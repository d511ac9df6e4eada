#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Docker of the distribution with bulwark's own shim: the cases of docker.sh, whose runtimes then are shims in
# daemon.json, each with a settings file, and those of a shim alone.
SHIM=${SHIM:-io.containerd.bulwark.v2}
# shellcheck source=tests/engines/docker.sh
. "$(dirname "$0")/docker.sh"
