# SPDX-License-Identifier: Apache-2.0
# Unit tests are one program per module, tests/unit/test_<module>.c; each directory adds its own in its unit.mk.
# Of one case; a loaded machine is no failure.
AM_TESTS_ENVIRONMENT = CK_DEFAULT_TIMEOUT=60; export CK_DEFAULT_TIMEOUT;
if HAVE_CHECK
unit_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)
unit_libs = libbulwark.a $(BW_LIBS) $(CHECK_LIBS)
include tests/unit/local.mk
include tests/root/local.mk
endif
include tests/bench/local.mk
include tests/fuzz/local.mk
include tests/cli/local.mk
include tests/rules/local.mk
EXTRA_DIST += quickstart run-tests tests/analyzer.h tests/cppcheck.suppress tests/setup.sh tests/root/lib.sh \
	tests/attack/attack.py tests/attack/cloud.py tests/attack/config.py tests/attack/orders.csv \
	tests/attack/program.py tests/attack/table.py \
	tests/breakout/README.md tests/breakout/descriptors.sh tests/breakout/identity.sh tests/breakout/paths.sh
EXTRA_DIST += tests/root/bulwark.sh tests/root/capabilities.sh tests/root/cgroup-limits.sh \
	tests/root/clocks.sh tests/root/descriptors.sh tests/root/devices.sh tests/root/environment.sh tests/root/errors.sh \
	tests/root/exec.sh tests/root/hooks.sh tests/root/identity.sh tests/root/keyring.sh tests/root/landlock.sh \
	tests/root/life-cycle.sh tests/root/limits.sh tests/root/masks.sh tests/root/metadata.sh \
	tests/root/mount-sources.sh tests/root/mounts.sh tests/root/namespaces.sh tests/root/no-new-privs.sh \
	tests/root/own-file.sh tests/root/python-node.sh tests/root/rootfs.sh tests/root/rules.sh tests/root/seccomp.sh \
	tests/root/sysctl.sh tests/root/terminal.sh tests/root/user-namespace.sh
