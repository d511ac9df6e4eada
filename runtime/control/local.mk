# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += \
	runtime/control/cgroup.c runtime/control/cgroup.h runtime/control/cgroup_files.h \
	runtime/control/cgroup_delegate.c \
	runtime/control/cgroup_annotations.c \
	runtime/control/cgroup_devices.c \
	runtime/control/cgroup_dirs.c \
	runtime/control/cgroup_guard.c \
	runtime/control/cgroup_memory.c \
	runtime/control/cgroup_oom.c \
	runtime/control/cgroup_metrics.c runtime/control/cgroup_metrics.h \
	runtime/control/cgroup_paths.c \
	runtime/control/cgroup_procs.c \
	runtime/control/cgroup_read.c \
	runtime/control/cgroup_resources.c \
	runtime/control/cgroup_sample.c runtime/control/cgroup_sample.h \
	runtime/control/cgroup_stats.c runtime/control/cgroup_stats.h \
	runtime/control/cgroup_sub.c \
	runtime/control/cgroup_systemd.c \
	runtime/control/cgroup_unit.c runtime/control/cgroup_unit.h \
	runtime/control/cgroup_unit_properties.c \
	runtime/control/cgroup_throttle.c runtime/control/cgroup_throttle.h \
	runtime/control/cgroup_v1.c \
	runtime/control/cgroup_v2.c \
	runtime/control/caps.c \
	runtime/control/compile.c runtime/control/compile.h \
	runtime/control/control.h runtime/control/list.h \
	runtime/control/apparmor.c \
	runtime/control/beside.c runtime/control/beside.h \
	runtime/control/copy_up.c runtime/control/copy_up.h \
	runtime/control/devices.c \
	runtime/control/ebpf.c runtime/control/ebpf.h \
	runtime/control/quarantine.c runtime/control/quarantine.h \
	runtime/control/ebpf_devices.c runtime/control/ebpf_devices.h \
	runtime/control/encrypted_sources.c runtime/control/encrypted_sources.h \
	runtime/control/endpoint.c runtime/control/endpoint.h \
	runtime/control/gate.c runtime/control/gate.h \
	runtime/control/guard.c runtime/control/guard.h \
	runtime/control/guard_attach.c \
	runtime/control/guard_program.c runtime/control/guard_program.h \
	runtime/control/hook_check.c runtime/control/hook_check.h \
	runtime/control/helper.c runtime/control/helper.h \
	runtime/control/hook_run.c runtime/control/hook_run.h \
	runtime/control/hooks.c \
	runtime/control/host_side.c runtime/control/host_side.h \
	runtime/control/hostname.c \
	runtime/control/identity.c \
	runtime/control/intel_rdt.c runtime/control/intel_rdt.h \
	runtime/control/keeper.c runtime/control/keeper.h \
	runtime/control/keyring.c \
	runtime/control/label.c runtime/control/label.h \
	runtime/control/label_helper.c \
	runtime/control/landlock.c \
	runtime/control/landlock_abi.c runtime/control/landlock_abi.h \
	runtime/control/masked.c \
	runtime/control/mdwe.c \
	runtime/control/memory_encryption.c runtime/control/memory_encryption.h \
	runtime/control/memory_policy.c \
	runtime/control/id_maps.c runtime/control/id_maps.h \
	runtime/control/mount_apply.c runtime/control/mount_steps.h \
	runtime/control/mount_idmap.c runtime/control/mount_idmap.h \
	runtime/control/mount_options.c runtime/control/mount_options.h \
	runtime/control/mount_source.c runtime/control/mount_source.h \
	runtime/control/mount_volume.c \
	runtime/control/mounts.c \
	runtime/control/mount_sysfs.c runtime/control/mount_sysfs.h \
	runtime/control/net_devices.c \
	runtime/control/namespaces.c \
	runtime/control/no_new_privs.c \
	runtime/control/oom.c \
	runtime/control/personality.c \
	runtime/control/netns.c runtime/control/netns.h \
	runtime/control/netns_filter.c runtime/control/netns_filter.h \
	runtime/control/netns_verify.c \
	runtime/control/program.c \
	runtime/control/programs.c \
	runtime/control/refused_sources.c runtime/control/refused_sources.h \
	runtime/control/rlimits.c runtime/control/rlimits.h \
	runtime/control/rootfs.c \
	runtime/control/rootfs_ids.c runtime/control/rootfs_ids.h \
	runtime/control/rootfs_open.c runtime/control/rootfs_open.h \
	runtime/control/rootfs_layers.c runtime/control/rootfs_layers.h \
	runtime/control/scheduler.c \
	runtime/control/scratch.c runtime/control/scratch.h \
	runtime/control/sysctl.c \
	runtime/control/rtnl.c runtime/control/rtnl.h \
	runtime/control/secrets.c runtime/control/secrets.h \
	runtime/control/selinux.c \
	runtime/control/terminal.c \
	runtime/control/userns.c \
	runtime/control/witness.c runtime/control/witness.h \
	runtime/control/words.c runtime/control/words.h
	runtime/control/userns.c
libbulwark_a_SOURCES += \
	runtime/control/seccomp.c \
	runtime/control/seccomp_builtin.c runtime/control/seccomp_builtin.h \
	runtime/control/seccomp_cache.c runtime/control/seccomp_cache.h \
	runtime/control/seccomp_filter.c runtime/control/seccomp_filter.h \
	runtime/control/seccomp_learn.c runtime/control/seccomp_learn.h \
	runtime/control/seccomp_names.c runtime/control/seccomp_names.h \
	runtime/control/seccomp_notify.c runtime/control/seccomp_notify.h \
	runtime/control/seccomp_recorder.c runtime/control/seccomp_recorder.h \
	runtime/control/seccomp_rules.c runtime/control/seccomp_rules.h
