# SPDX-License-Identifier: Apache-2.0
# The command line with a double of the facade: no container is touched, no root is needed.
check_PROGRAMS += tests/cli/bulwark
tests_cli_bulwark_SOURCES = runtime/cli/main.c tests/cli/fake_container.c
tests_cli_bulwark_LDADD = libbulwark-cli.a libbulwark.a $(BW_LIBS)

cli_tests = \
	tests/cli/check-ecs.sh tests/cli/ecs-user-data.sh \
	tests/cli/completion.sh \
	tests/cli/errors.sh \
	tests/cli/help.sh \
	tests/cli/list.sh \
	tests/cli/metrics.sh \
	tests/cli/metrics-formats.sh \
	tests/cli/options.sh \
	tests/cli/ps.sh \
	tests/cli/shim.sh \
	tests/cli/spec.sh \
	tests/cli/spec-content.sh \
	tests/cli/state.sh \
	tests/cli/stop-tenant.sh \
	tests/cli/verbs.sh \
	tests/cli/version.sh \
	tests/rules/man-examples.sh \
	tests/rules/man-in-step.sh
TESTS += $(cli_tests)
EXTRA_DIST += $(cli_tests) tests/common/metrics_check.py tests/cli/shim_wire.py tests/lib.sh
EXTRA_DIST += tests/data/ecs
EXTRA_DIST += tests/data/ecs contrib/ecs/user-data.sh
EXTRA_DIST += $(cli_tests) tests/cli/shim_wire.py tests/lib.sh
