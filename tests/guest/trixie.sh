#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The layers that are the kernel's own, with the kernel and the programs of Debian 13: AppArmor 4, a newer Landlock.
exec "$(dirname "$0")/run" --suite trixie root/apparmor root/landlock root/programs-matrix
