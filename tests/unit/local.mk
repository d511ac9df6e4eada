# SPDX-License-Identifier: Apache-2.0
# One block per module, in alphabetical order.
check_PROGRAMS += test_base
test_base_SOURCES = tests/unit/test_base.c
test_base_CFLAGS = $(unit_cflags)
test_base_LDADD = $(unit_libs)
TESTS += test_base

check_PROGRAMS += test_json
test_json_SOURCES = tests/unit/test_json.c
test_json_CFLAGS = $(unit_cflags)
test_json_LDADD = $(unit_libs)
TESTS += test_json

check_PROGRAMS += test_schema
test_schema_SOURCES = tests/unit/test_schema.c
test_schema_CFLAGS = $(unit_cflags)
test_schema_LDADD = $(unit_libs)
TESTS += test_schema

check_PROGRAMS += test_spec
test_spec_SOURCES = tests/unit/test_spec.c
test_spec_CFLAGS = $(unit_cflags) -DBW_TEST_DATA='"$(abs_srcdir)/tests/data"'
test_spec_LDADD = $(unit_libs)
TESTS += test_spec
EXTRA_DIST += tests/data/oci-properties.txt tests/data/configs
check_PROGRAMS += test_options
test_options_SOURCES = tests/unit/test_options.c
test_options_CFLAGS = $(unit_cflags)
test_options_LDADD = libbulwark-cli.a $(unit_libs)
TESTS += test_options
