# SPDX-License-Identifier: Apache-2.0
# One block per module, in alphabetical order.

check_PROGRAMS += test_audit
test_audit_SOURCES = tests/unit/test_audit.c tests/unit/scratch.h
test_audit_CFLAGS = $(unit_cflags)
test_audit_LDADD = $(unit_libs)
TESTS += test_audit
check_PROGRAMS += test_backend
test_backend_SOURCES = tests/unit/test_backend.c
test_backend_CFLAGS = $(unit_cflags)
test_backend_LDADD = $(unit_libs)
TESTS += test_backend

check_PROGRAMS += test_base
test_base_SOURCES = tests/unit/test_base.c
test_base_CFLAGS = $(unit_cflags)
test_base_LDADD = $(unit_libs)
TESTS += test_base

check_PROGRAMS += test_caps
test_caps_SOURCES = tests/unit/test_caps.c tests/unit/control_test.h
test_caps_CFLAGS = $(unit_cflags)
test_caps_LDADD = $(unit_libs)
TESTS += test_caps

check_PROGRAMS += test_categories
test_categories_SOURCES = tests/unit/test_categories.c
test_categories_CFLAGS = $(unit_cflags)
test_categories_LDADD = $(unit_libs)
TESTS += test_categories


check_PROGRAMS += test_cgroup_metrics
test_cgroup_metrics_SOURCES = tests/unit/test_cgroup_metrics.c tests/unit/scratch.h tests/unit/wire_dump.h
test_cgroup_metrics_CFLAGS = $(unit_cflags)
test_cgroup_metrics_LDADD = $(unit_libs)
TESTS += test_cgroup_metrics

check_PROGRAMS += test_cgroup_unit
test_cgroup_unit_SOURCES = tests/unit/test_cgroup_unit.c
test_cgroup_unit_CFLAGS = $(unit_cflags)
test_cgroup_unit_LDADD = $(unit_libs)
TESTS += test_cgroup_unit

check_PROGRAMS += test_criu
test_criu_SOURCES = tests/unit/test_criu.c tests/unit/wire_dump.h
test_criu_CFLAGS = $(unit_cflags)
test_criu_LDADD = $(unit_libs)
TESTS += test_criu

check_PROGRAMS += test_diagnose
test_diagnose_SOURCES = tests/unit/test_diagnose.c tests/unit/scratch.h
test_diagnose_CFLAGS = $(unit_cflags)
test_diagnose_LDADD = $(unit_libs)
TESTS += test_diagnose

check_PROGRAMS += test_failure
test_failure_SOURCES = tests/unit/test_failure.c tests/unit/scratch.h
test_failure_CFLAGS = $(unit_cflags)
test_failure_LDADD = $(unit_libs)
TESTS += test_failure

check_PROGRAMS += test_explain
test_explain_SOURCES = tests/unit/test_explain.c
test_explain_CFLAGS = $(unit_cflags)
test_explain_LDADD = $(unit_libs)
TESTS += test_explain

check_PROGRAMS += test_encryption
test_encryption_SOURCES = tests/unit/test_encryption.c tests/unit/scratch.h runtime/scratch/wishes.c
test_encryption_CFLAGS = $(unit_cflags)
test_encryption_LDADD = $(unit_libs)
TESTS += test_encryption

check_PROGRAMS += test_facts
test_facts_SOURCES = tests/unit/test_facts.c tests/unit/scratch.h
test_facts_CFLAGS = $(unit_cflags)
test_facts_LDADD = $(unit_libs)
TESTS += test_facts

check_PROGRAMS += test_golden
test_golden_SOURCES = tests/unit/test_golden.c
test_golden_CFLAGS = $(unit_cflags)
test_golden_LDADD = $(unit_libs)
TESTS += test_golden
EXTRA_DIST += tests/golden

check_PROGRAMS += test_harden
test_harden_SOURCES = tests/unit/test_harden.c tests/common/harden_properties.c tests/common/harden_properties.h
test_harden_CFLAGS = $(unit_cflags) -I$(srcdir)/tests/common
test_harden_LDADD = $(unit_libs)
TESTS += test_harden

check_PROGRAMS += test_host
test_host_SOURCES = tests/unit/test_host.c tests/unit/control_test.h
test_host_CPPFLAGS = $(AM_CPPFLAGS) -DBW_TEST_DATA='"$(abs_srcdir)/tests/data"'
test_host_CFLAGS = $(unit_cflags)
test_host_LDADD = $(unit_libs)
TESTS += test_host
EXTRA_DIST += tests/data/host-al2023-6.1.json tests/data/host-debian12-6.1-v2.json \
	tests/data/host-hybrid-6.18.json tests/data/host-old-5.4.json tests/data/host-selinux-6.12.json

check_PROGRAMS += test_hostname
test_hostname_SOURCES = tests/unit/test_hostname.c tests/unit/control_test.h
test_hostname_CFLAGS = $(unit_cflags)
test_hostname_LDADD = $(unit_libs)
TESTS += test_hostname

check_PROGRAMS += test_identity
test_identity_SOURCES = tests/unit/test_identity.c tests/unit/control_test.h
test_identity_CFLAGS = $(unit_cflags)
test_identity_LDADD = $(unit_libs)
TESTS += test_identity

check_PROGRAMS += test_json
test_json_SOURCES = tests/unit/test_json.c
test_json_CFLAGS = $(unit_cflags)
test_json_LDADD = $(unit_libs)
TESTS += test_json

check_PROGRAMS += test_keyring
test_keyring_SOURCES = tests/unit/test_keyring.c tests/unit/control_test.h
test_keyring_CFLAGS = $(unit_cflags)
test_keyring_LDADD = $(unit_libs)
TESTS += test_keyring

check_PROGRAMS += test_label
test_label_SOURCES = tests/unit/test_label.c runtime/label/profiles.c
test_label_CFLAGS = $(unit_cflags)
test_label_LDADD = $(unit_libs)
TESTS += test_label

check_PROGRAMS += test_landlock
test_landlock_SOURCES = tests/unit/test_landlock.c
test_landlock_CFLAGS = $(unit_cflags)
test_landlock_LDADD = $(unit_libs)
TESTS += test_landlock

check_PROGRAMS += test_mdwe
test_mdwe_SOURCES = tests/unit/test_mdwe.c tests/unit/control_test.h
test_mdwe_CFLAGS = $(unit_cflags)
test_mdwe_LDADD = $(unit_libs)
TESTS += test_mdwe

check_PROGRAMS += test_measures
test_measures_SOURCES = tests/unit/test_measures.c tests/unit/scratch.h
test_measures_CFLAGS = $(unit_cflags)
test_measures_LDADD = $(unit_libs)
TESTS += test_measures

check_PROGRAMS += test_memory_policy
test_memory_policy_SOURCES = tests/unit/test_memory_policy.c tests/unit/control_test.h
test_memory_policy_CFLAGS = $(unit_cflags)
test_memory_policy_LDADD = $(unit_libs)
TESTS += test_memory_policy

check_PROGRAMS += test_endpoint
test_endpoint_SOURCES = tests/unit/test_endpoint.c
test_endpoint_CFLAGS = $(unit_cflags)
test_endpoint_LDADD = $(unit_libs)
TESTS += test_endpoint

check_PROGRAMS += test_guard
test_guard_SOURCES = tests/unit/test_guard.c
test_guard_CFLAGS = $(unit_cflags)
test_guard_LDADD = $(unit_libs)
TESTS += test_guard

check_PROGRAMS += test_guard_program
test_guard_program_SOURCES = tests/unit/test_guard_program.c
test_guard_program_CFLAGS = $(unit_cflags)
test_guard_program_LDADD = $(unit_libs)
TESTS += test_guard_program

check_PROGRAMS += test_netns
test_netns_SOURCES = tests/unit/test_netns.c
test_netns_CFLAGS = $(unit_cflags)
test_netns_LDADD = $(unit_libs)
TESTS += test_netns

check_PROGRAMS += test_netns_live
test_netns_live_SOURCES = tests/unit/test_netns_live.c
test_netns_live_CFLAGS = $(unit_cflags)
test_netns_live_LDADD = $(unit_libs)
TESTS += test_netns_live

check_PROGRAMS += test_no_new_privs
test_no_new_privs_SOURCES = tests/unit/test_no_new_privs.c tests/unit/control_test.h
test_no_new_privs_CFLAGS = $(unit_cflags)
test_no_new_privs_LDADD = $(unit_libs)
TESTS += test_no_new_privs

check_PROGRAMS += test_oom
test_oom_SOURCES = tests/unit/test_oom.c tests/unit/control_test.h
test_oom_CFLAGS = $(unit_cflags)
test_oom_LDADD = $(unit_libs)
TESTS += test_oom

check_PROGRAMS += test_options
test_options_SOURCES = tests/unit/test_options.c
test_options_CFLAGS = $(unit_cflags)
test_options_LDADD = libbulwark-cli.a $(unit_libs)
TESTS += test_options

check_PROGRAMS += test_features
test_features_SOURCES = tests/unit/test_features.c
test_features_CFLAGS = $(unit_cflags)
test_features_LDADD = $(unit_libs)
TESTS += test_features

check_PROGRAMS += test_intel_rdt
test_intel_rdt_SOURCES = tests/unit/test_intel_rdt.c tests/unit/control_test.h tests/unit/scratch.h
test_intel_rdt_CFLAGS = $(unit_cflags)
test_intel_rdt_LDADD = $(unit_libs)
TESTS += test_intel_rdt

check_PROGRAMS += test_net_devices
test_net_devices_SOURCES = tests/unit/test_net_devices.c tests/unit/control_test.h
test_net_devices_CFLAGS = $(unit_cflags)
test_net_devices_LDADD = $(unit_libs)
TESTS += test_net_devices

check_PROGRAMS += test_personality
test_personality_SOURCES = tests/unit/test_personality.c tests/unit/control_test.h
test_personality_CFLAGS = $(unit_cflags)
test_personality_LDADD = $(unit_libs)
TESTS += test_personality

check_PROGRAMS += test_policy
test_policy_SOURCES = tests/unit/test_policy.c
test_policy_CFLAGS = $(unit_cflags)
test_policy_LDADD = $(unit_libs)
TESTS += test_policy

check_PROGRAMS += test_program_files
test_program_files_SOURCES = tests/unit/test_program_files.c tests/unit/scratch.h
test_program_files_CFLAGS = $(unit_cflags)
test_program_files_LDADD = $(unit_libs)
TESTS += test_program_files

check_PROGRAMS += test_programs
test_programs_SOURCES = tests/unit/test_programs.c tests/unit/control_test.h
test_programs_CFLAGS = $(unit_cflags)
test_programs_LDADD = $(unit_libs)
TESTS += test_programs

check_PROGRAMS += test_proto
test_proto_SOURCES = tests/unit/test_proto.c
test_proto_CFLAGS = $(unit_cflags)
test_proto_LDADD = $(unit_libs)
TESTS += test_proto

check_PROGRAMS += test_report
test_report_SOURCES = tests/unit/test_report.c tests/unit/scratch.h
test_report_CFLAGS = $(unit_cflags)
test_report_LDADD = $(unit_libs)
TESTS += test_report

check_PROGRAMS += test_rlimits
test_rlimits_SOURCES = tests/unit/test_rlimits.c tests/unit/control_test.h
test_rlimits_CFLAGS = $(unit_cflags)
test_rlimits_LDADD = $(unit_libs)
TESTS += test_rlimits

check_PROGRAMS += test_scheduler
test_scheduler_SOURCES = tests/unit/test_scheduler.c tests/unit/control_test.h
test_scheduler_CFLAGS = $(unit_cflags)
test_scheduler_LDADD = $(unit_libs)
TESTS += test_scheduler

check_PROGRAMS += test_schema
test_schema_SOURCES = tests/unit/test_schema.c
test_schema_CFLAGS = $(unit_cflags)
test_schema_LDADD = $(unit_libs)
TESTS += test_schema

check_PROGRAMS += test_seccomp
test_seccomp_SOURCES = tests/unit/test_seccomp.c tests/unit/bpf_sim.c tests/unit/bpf_sim.h
test_seccomp_CFLAGS = $(unit_cflags)
test_seccomp_LDADD = $(unit_libs)
TESTS += test_seccomp

check_PROGRAMS += test_seccomp_differential
test_seccomp_differential_SOURCES = tests/unit/test_seccomp_differential.c tests/unit/bpf_sim.c tests/unit/bpf_sim.h \
	profiles/seccomp/rules_file.c
test_seccomp_differential_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/profiles/seccomp
test_seccomp_differential_CFLAGS = $(unit_cflags)
test_seccomp_differential_LDADD = $(unit_libs)
TESTS += test_seccomp_differential
check_PROGRAMS += test_seccomp_learn
test_seccomp_learn_SOURCES = tests/unit/test_seccomp_learn.c tests/unit/bpf_sim.c tests/unit/bpf_sim.h
test_seccomp_learn_CFLAGS = $(unit_cflags)
test_seccomp_learn_LDADD = $(unit_libs)
TESTS += test_seccomp_learn

check_PROGRAMS += test_seccomp_live
test_seccomp_live_SOURCES = tests/unit/test_seccomp_live.c
test_seccomp_live_CFLAGS = $(unit_cflags)
test_seccomp_live_LDADD = $(unit_libs)
TESTS += test_seccomp_live
check_PROGRAMS += test_cgroup
test_cgroup_SOURCES = tests/unit/test_cgroup.c
test_cgroup_CFLAGS = $(unit_cflags)
test_cgroup_LDADD = $(unit_libs) -lm
TESTS += test_cgroup
EXTRA_DIST += \
	tests/data/cgroup/broken.cgroup tests/data/cgroup/broken.mountinfo \
	tests/data/cgroup/covered.cgroup tests/data/cgroup/covered.mountinfo \
	tests/data/cgroup/hybrid.cgroup tests/data/cgroup/hybrid.mountinfo \
	tests/data/cgroup/none.cgroup tests/data/cgroup/none.mountinfo \
	tests/data/cgroup/remounted.cgroup tests/data/cgroup/remounted.mountinfo \
	tests/data/cgroup/subtree.cgroup tests/data/cgroup/subtree.mountinfo \
	tests/data/cgroup/v1.cgroup tests/data/cgroup/v1.mountinfo \
	tests/data/cgroup/v2.cgroup tests/data/cgroup/v2.mountinfo

check_PROGRAMS += test_ebpf_devices
test_ebpf_devices_SOURCES = tests/unit/test_ebpf_devices.c
test_ebpf_devices_CFLAGS = $(unit_cflags)
test_ebpf_devices_LDADD = $(unit_libs)
TESTS += test_ebpf_devices

check_PROGRAMS += test_shim_messages
test_shim_messages_SOURCES = tests/unit/test_shim_messages.c
test_shim_messages_CFLAGS = $(unit_cflags)
test_shim_messages_LDADD = libbulwark-shim.a $(unit_libs)
TESTS += test_shim_messages
check_PROGRAMS += test_shim_stdio
test_shim_stdio_SOURCES = tests/unit/test_shim_stdio.c tests/unit/scratch.h
test_shim_stdio_CFLAGS = $(unit_cflags)
test_shim_stdio_LDADD = libbulwark-shim.a $(unit_libs)
TESTS += test_shim_stdio
check_PROGRAMS += test_secrets
test_secrets_SOURCES = tests/unit/test_secrets.c
test_secrets_CFLAGS = $(unit_cflags)
test_secrets_LDADD = $(unit_libs)
TESTS += test_secrets

check_PROGRAMS += test_selinux
test_selinux_SOURCES = tests/unit/test_selinux.c tests/unit/scratch.h
test_selinux_CFLAGS = $(unit_cflags)
test_selinux_LDADD = $(unit_libs)
TESTS += test_selinux

check_PROGRAMS += test_shim_bootstrap
test_shim_bootstrap_SOURCES = tests/unit/test_shim_bootstrap.c tests/unit/scratch.h
test_shim_bootstrap_CFLAGS = $(unit_cflags)
test_shim_bootstrap_LDADD = libbulwark-shim.a $(unit_libs)
TESTS += test_shim_bootstrap

check_PROGRAMS += test_shim_call
test_shim_call_SOURCES = tests/unit/test_shim_call.c
test_shim_call_CFLAGS = $(unit_cflags)
test_shim_call_LDADD = libbulwark-shim.a $(unit_libs)
TESTS += test_shim_call

check_PROGRAMS += test_shim_publish
test_shim_publish_SOURCES = tests/unit/test_shim_publish.c tests/unit/scratch.h
test_shim_publish_CFLAGS = $(unit_cflags)
test_shim_publish_LDADD = libbulwark-shim.a $(unit_libs)
TESTS += test_shim_publish

check_PROGRAMS += test_shim_settings
test_shim_settings_SOURCES = tests/unit/test_shim_settings.c tests/unit/scratch.h
test_shim_settings_CFLAGS = $(unit_cflags)
test_shim_settings_LDADD = libbulwark-shim.a $(unit_libs)
TESTS += test_shim_settings

check_PROGRAMS += test_spec
test_spec_SOURCES = tests/unit/test_spec.c
test_spec_CFLAGS = $(unit_cflags) -DBW_TEST_DATA='"$(abs_srcdir)/tests/data"'
test_spec_LDADD = $(unit_libs)
TESTS += test_spec
EXTRA_DIST += tests/data/oci-properties.txt tests/data/configs

check_PROGRAMS += test_sysctl
test_sysctl_SOURCES = tests/unit/test_sysctl.c tests/unit/control_test.h
test_sysctl_CFLAGS = $(unit_cflags)
test_sysctl_LDADD = $(unit_libs)
TESTS += test_sysctl

check_PROGRAMS += test_words
test_words_SOURCES = tests/unit/test_words.c tests/unit/control_test.h
test_words_CFLAGS = $(unit_cflags)
test_words_LDADD = $(unit_libs)
TESTS += test_words

check_PROGRAMS += test_launch
test_launch_SOURCES = tests/unit/test_launch.c
test_launch_CFLAGS = $(unit_cflags)
test_launch_LDADD = $(unit_libs)
TESTS += test_launch

check_PROGRAMS += test_update
test_update_SOURCES = tests/unit/test_update.c
test_update_CFLAGS = $(unit_cflags)
test_update_LDADD = $(unit_libs)
TESTS += test_update

check_PROGRAMS += test_userns
test_userns_SOURCES = tests/unit/test_userns.c tests/unit/control_test.h tests/unit/scratch.h
test_userns_CFLAGS = $(unit_cflags)
test_userns_LDADD = $(unit_libs)
TESTS += test_userns

check_PROGRAMS += test_cgroup_stats
test_cgroup_stats_SOURCES = tests/unit/test_cgroup_stats.c tests/unit/scratch.h
test_cgroup_stats_CFLAGS = $(unit_cflags)
test_cgroup_stats_LDADD = $(unit_libs)
TESTS += test_cgroup_stats

check_PROGRAMS += test_devices
test_devices_SOURCES = tests/unit/test_devices.c tests/unit/control_test.h tests/unit/scratch.h \
	tests/unit/kernel_double.c tests/unit/kernel_double.h
test_devices_CFLAGS = $(unit_cflags)
test_devices_LDADD = $(unit_libs)
TESTS += test_devices

check_PROGRAMS += test_golden_plan
test_golden_plan_SOURCES = tests/unit/test_golden_plan.c tests/unit/scratch.h \
	tests/unit/kernel_double.c tests/unit/kernel_double.h tests/unit/compile_double.c \
	tests/unit/compile_double.h
test_golden_plan_CFLAGS = $(unit_cflags)
test_golden_plan_LDADD = $(unit_libs)
TESTS += test_golden_plan

check_PROGRAMS += test_hooks
test_hooks_SOURCES = tests/unit/test_hooks.c tests/unit/control_test.h tests/unit/scratch.h
test_hooks_CFLAGS = $(unit_cflags)
test_hooks_LDADD = $(unit_libs)
TESTS += test_hooks

check_PROGRAMS += test_lease
test_lease_SOURCES = tests/unit/test_lease.c tests/unit/scratch.h
test_lease_CFLAGS = $(unit_cflags)
test_lease_LDADD = $(unit_libs)
TESTS += test_lease

check_PROGRAMS += test_registry
test_registry_SOURCES = tests/unit/test_registry.c tests/unit/scratch.h
test_registry_CFLAGS = $(unit_cflags)
test_registry_LDADD = $(unit_libs)
TESTS += test_registry

check_PROGRAMS += test_start_rate
test_start_rate_SOURCES = tests/unit/test_start_rate.c tests/unit/scratch.h
test_start_rate_CFLAGS = $(unit_cflags)
test_start_rate_LDADD = $(unit_libs)
TESTS += test_start_rate
check_PROGRAMS += test_stage
test_stage_SOURCES = tests/unit/test_stage.c tests/unit/scratch.h
test_stage_CFLAGS = $(unit_cflags)
test_stage_LDADD = $(unit_libs)
TESTS += test_stage

check_PROGRAMS += test_log
test_log_SOURCES = tests/unit/test_log.c tests/unit/scratch.h
test_log_CFLAGS = $(unit_cflags)
test_log_LDADD = $(unit_libs)
TESTS += test_log

check_PROGRAMS += test_masked
test_masked_SOURCES = tests/unit/test_masked.c tests/unit/control_test.h
test_masked_CFLAGS = $(unit_cflags)
test_masked_LDADD = $(unit_libs)
TESTS += test_masked

check_PROGRAMS += test_copy_up
test_copy_up_SOURCES = tests/unit/test_copy_up.c tests/unit/scratch.h
test_copy_up_CFLAGS = $(unit_cflags)
test_copy_up_LDADD = $(unit_libs)
TESTS += test_copy_up

check_PROGRAMS += test_mount_options
test_mount_options_SOURCES = tests/unit/test_mount_options.c tests/unit/control_test.h
test_mount_options_CFLAGS = $(unit_cflags)
test_mount_options_LDADD = $(unit_libs)
TESTS += test_mount_options

check_PROGRAMS += test_mounts
test_mounts_SOURCES = tests/unit/test_mounts.c tests/unit/control_test.h tests/unit/scratch.h \
	tests/unit/kernel_double.c tests/unit/kernel_double.h
test_mounts_CFLAGS = $(unit_cflags)
test_mounts_LDADD = $(unit_libs)
TESTS += test_mounts

check_PROGRAMS += test_namespaces
test_namespaces_SOURCES = tests/unit/test_namespaces.c tests/unit/control_test.h
test_namespaces_CFLAGS = $(unit_cflags)
test_namespaces_LDADD = $(unit_libs)
TESTS += test_namespaces

check_PROGRAMS += test_phases
test_phases_SOURCES = tests/unit/test_phases.c tests/unit/scratch.h tests/unit/kernel_double.c \
	tests/unit/kernel_double.h tests/unit/compile_double.c tests/unit/compile_double.h
test_phases_CFLAGS = $(unit_cflags)
test_phases_LDADD = $(unit_libs)
TESTS += test_phases

check_PROGRAMS += test_plan
test_plan_SOURCES = tests/unit/test_plan.c
test_plan_CFLAGS = $(unit_cflags)
test_plan_LDADD = $(unit_libs)
TESTS += test_plan

check_PROGRAMS += test_program
test_program_SOURCES = tests/unit/test_program.c tests/unit/control_test.h tests/unit/scratch.h
test_program_CFLAGS = $(unit_cflags)
test_program_LDADD = $(unit_libs)
TESTS += test_program

check_PROGRAMS += test_rootfs_prepare
test_rootfs_prepare_SOURCES = tests/unit/test_rootfs_prepare.c tests/unit/control_test.h \
	tests/unit/scratch.h tests/unit/kernel_double.c tests/unit/kernel_double.h
test_rootfs_prepare_CFLAGS = $(unit_cflags)
test_rootfs_prepare_LDADD = $(unit_libs)
TESTS += test_rootfs_prepare

check_PROGRAMS += test_shim_rootfs
test_shim_rootfs_SOURCES = tests/unit/test_shim_rootfs.c
test_shim_rootfs_CFLAGS = $(unit_cflags)
test_shim_rootfs_LDADD = libbulwark-shim.a $(unit_libs)
TESTS += test_shim_rootfs

check_PROGRAMS += test_state
test_state_SOURCES = tests/unit/test_state.c tests/unit/scratch.h
test_state_CFLAGS = $(unit_cflags)
test_state_LDADD = $(unit_libs)
TESTS += test_state

check_PROGRAMS += test_terminal
test_terminal_SOURCES = tests/unit/test_terminal.c tests/unit/control_test.h tests/unit/scratch.h
test_terminal_CFLAGS = $(unit_cflags)
test_terminal_LDADD = $(unit_libs)
TESTS += test_terminal

check_PROGRAMS += test_undo
test_undo_SOURCES = tests/unit/test_undo.c tests/unit/scratch.h
test_undo_CFLAGS = $(unit_cflags)
test_undo_LDADD = $(unit_libs)
TESTS += test_undo

check_PROGRAMS += test_warden_names
test_warden_names_SOURCES = tests/unit/test_warden_names.c
test_warden_names_CFLAGS = $(unit_cflags)
test_warden_names_LDADD = libbulwark-warden.a $(unit_libs)
TESTS += test_warden_names

check_PROGRAMS += test_warden_parsers
test_warden_parsers_SOURCES = tests/unit/test_warden_parsers.c tests/unit/scratch.h
test_warden_parsers_CFLAGS = $(unit_cflags)
test_warden_parsers_LDADD = libbulwark-warden.a $(unit_libs)
TESTS += test_warden_parsers

check_PROGRAMS += test_warden_witness
test_warden_witness_SOURCES = tests/unit/test_warden_witness.c tests/unit/scratch.h
test_warden_witness_CFLAGS = $(unit_cflags)
test_warden_witness_LDADD = libbulwark-warden.a $(unit_libs)
TESTS += test_warden_witness

check_PROGRAMS += test_ttrpc
test_ttrpc_SOURCES = tests/unit/test_ttrpc.c
test_ttrpc_CFLAGS = $(unit_cflags)
test_ttrpc_LDADD = libbulwark-shim.a $(unit_libs)
TESTS += test_ttrpc

check_PROGRAMS += test_shim_process
test_shim_process_SOURCES = tests/unit/test_shim_process.c
test_shim_process_CFLAGS = $(unit_cflags)
test_shim_process_LDADD = libbulwark-shim.a $(unit_libs)
TESTS += test_shim_process

check_PROGRAMS += test_shim_worker
test_shim_worker_SOURCES = tests/unit/test_shim_worker.c
test_shim_worker_CFLAGS = $(unit_cflags)
test_shim_worker_LDADD = libbulwark-shim.a $(unit_libs)
TESTS += test_shim_worker

check_PROGRAMS += test_shim_server
test_shim_server_SOURCES = tests/unit/test_shim_server.c
test_shim_server_CFLAGS = $(unit_cflags)
test_shim_server_LDADD = libbulwark-shim.a $(unit_libs)
TESTS += test_shim_server

check_PROGRAMS += test_denied
test_denied_SOURCES = tests/unit/test_denied.c
test_denied_CFLAGS = $(unit_cflags)
test_denied_LDADD = libbulwark-keeper.a libbulwark-warden.a $(unit_libs)
TESTS += test_denied

check_PROGRAMS += test_keeper
test_keeper_SOURCES = tests/unit/test_keeper.c
test_keeper_CFLAGS = $(unit_cflags)
test_keeper_LDADD = libbulwark-keeper.a libbulwark-warden.a $(unit_libs)
TESTS += test_keeper
