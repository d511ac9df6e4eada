# SPDX-License-Identifier: Apache-2.0
# Programs that need root and a real kernel; they skip themselves with 77 and a reason.
check_PROGRAMS += root_cgroup
root_cgroup_SOURCES = tests/root/test_cgroup.c
root_cgroup_CFLAGS = $(unit_cflags)
root_cgroup_LDADD = $(unit_libs)
TESTS += root_cgroup
