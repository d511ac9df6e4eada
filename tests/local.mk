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
EXTRA_DIST += quickstart run-tests tests/analyzer.h tests/cppcheck.suppress tests/setup.sh
# Whole directories: what is in them is run by its place, not by its name in a list.
EXTRA_DIST += tests/attack tests/breakout tests/engines tests/guest tests/root tests/shim
