# SPDX-License-Identifier: Apache-2.0
# The JSON Schema of the policy file is printed from its table; a test holds the two together.
check_PROGRAMS += print_policy_schema
print_policy_schema_SOURCES = tests/common/print_policy_schema.c
print_policy_schema_LDADD = libbulwark.a $(BW_LIBS)
schema: print_policy_schema
	./print_policy_schema > $(srcdir)/config-schema/policy.schema.json
.PHONY: schema
EXTRA_DIST += config-schema/examples
policy_rules = tests/rules/builtins-in-step.sh tests/rules/schema-in-step.sh tests/rules/schema-valid.sh
EXTRA_DIST += $(policy_rules)
TESTS += $(policy_rules)
schemadir = $(datadir)/bulwark
dist_schema_DATA = config-schema/policy.schema.json
