# SPDX-License-Identifier: Apache-2.0
# One block per module, in alphabetical order.
check_PROGRAMS += test_base
test_base_SOURCES = tests/unit/test_base.c
test_base_CFLAGS = $(unit_cflags)
test_base_LDADD = $(unit_libs)
TESTS += test_base
