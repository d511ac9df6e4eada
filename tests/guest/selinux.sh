#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Labels of SELinux, in a guest that enforces them; without systemd.
exec "$(dirname "$0")/run" --selinux root/selinux root/writes:selinux
