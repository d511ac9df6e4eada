#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The metadata guard on a host that has no cgroup2, where routing rules do the work: the same cases as in guard.sh.
export VIEW=v1
. "$(dirname "$0")/guard.sh"
