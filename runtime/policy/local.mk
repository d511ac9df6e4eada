# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += \
	runtime/policy/change.c runtime/policy/rules.h \
	runtime/policy/findings.c runtime/policy/findings.h \
	runtime/policy/harden.c runtime/policy/harden.h \
	runtime/policy/harden_exec.c \
	runtime/policy/harden_update.c \
	runtime/policy/policy.c runtime/policy/policy.h runtime/policy/profile.h \
	runtime/policy/facts.h runtime/policy/policy_facts.c \
	runtime/policy/policy_choose.c \
	runtime/policy/policy_fold.c \
	runtime/policy/policy_lint.c \
	runtime/policy/policy_match.c \
	runtime/policy/policy_name.c \
	runtime/policy/policy_order.c \
	runtime/policy/policy_table.c \
	runtime/policy/policy_values.c runtime/policy/policy_values.h \
	runtime/policy/rule_audit.c \
	runtime/policy/rule_backend.c \
	runtime/policy/rule_caps.c \
	runtime/policy/rule_devices.c \
	runtime/policy/rule_encryption.c \
	runtime/policy/rule_environment.c \
	runtime/policy/rule_hooks.c \
	runtime/policy/rule_identity.c \
	runtime/policy/rule_keeper.c \
	runtime/policy/rule_limits.c \
	runtime/policy/rule_lsm.c \
	runtime/policy/rule_metrics.c \
	runtime/policy/rule_mounts.c \
	runtime/policy/rule_namespaces.c \
	runtime/policy/rule_network.c \
	runtime/policy/rule_paths.c \
	runtime/policy/rule_programs.c \
	runtime/policy/rule_rootfs.c \
	runtime/policy/rule_seccomp.c \
	runtime/policy/rule_secrets.c \
	runtime/policy/rule_session.c \
	runtime/policy/rule_tenant.c \
	runtime/policy/rule_volumes.c \
	runtime/policy/rule_sources.c \
	runtime/policy/rules.c
