# SPDX-License-Identifier: Apache-2.0
# Rules that the source and the objects must keep.
rule_tests = tests/rules/apparmor-profiles.sh tests/rules/child-symbols.sh tests/rules/layering.sh \
	tests/rules/policy-man-in-step.sh tests/rules/refusal-words.sh tests/rules/selinux-module.sh
TESTS += $(rule_tests)
EXTRA_DIST += $(rule_tests)
