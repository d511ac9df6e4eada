# SPDX-License-Identifier: Apache-2.0
# Programs that need root and a real kernel; they skip themselves with 77 and a reason.
check_PROGRAMS += root_cgroup
root_cgroup_SOURCES = tests/root/test_cgroup.c
root_cgroup_CFLAGS = $(unit_cflags)
root_cgroup_LDADD = $(unit_libs)
TESTS += root_cgroup
# What the scripts run inside their containers. Static, for any rootfs; so without the sanitizers of AM_CFLAGS.
check_PROGRAMS += root_probe
root_probe_SOURCES = tests/root/probe.c
root_probe_CFLAGS = -std=gnu11
root_probe_LDFLAGS = -static
# Stands in for criu.
check_PROGRAMS += root_fake_criu
root_fake_criu_SOURCES = tests/root/fake_criu.c
root_fake_criu_CFLAGS = -std=gnu11
# Stands in for another runtime. It is executed by its descriptor and so must be a program, not a script.
check_PROGRAMS += root_fake_backend
root_fake_backend_SOURCES = tests/root/fake_backend.c
root_fake_backend_CFLAGS = -std=gnu11
# Stands in for systemd where there is none.
if HAVE_SYSTEMD
check_PROGRAMS += root_fake_systemd
root_fake_systemd_SOURCES = tests/root/fake_systemd.c
root_fake_systemd_CFLAGS = -std=gnu11 $(SYSTEMD_CFLAGS)
root_fake_systemd_LDADD = $(SYSTEMD_LIBS)
endif
# What tries to get past the network guard, and what takes its layers away one by one.
check_PROGRAMS += root_reach
root_reach_SOURCES = tests/root/reach.c
root_reach_CFLAGS = -std=gnu11
root_reach_LDFLAGS = -static
check_PROGRAMS += root_layers
root_layers_SOURCES = tests/root/layers.c
root_layers_CFLAGS = -std=gnu11
# Stays beside a container as a shim does, and has the verbs done by forks of itself.
check_PROGRAMS += root_beside
root_beside_SOURCES = tests/root/beside.c
root_beside_CFLAGS = $(AM_CFLAGS)
root_beside_LDADD = libbulwark.a $(BW_LIBS)
# The shim's mounts from a command line.
check_PROGRAMS += root_shim_mounts
root_shim_mounts_SOURCES = tests/root/shim_mounts.c
root_shim_mounts_CFLAGS = $(AM_CFLAGS)
root_shim_mounts_LDADD = libbulwark-shim.a libbulwark.a $(BW_LIBS)
