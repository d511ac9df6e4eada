# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += \
	runtime/container/attach.c runtime/container/attach.h \
	runtime/container/audit.c \
	runtime/container/audit_note.c runtime/container/audit_note.h \
	runtime/container/bulwark.h \
	runtime/container/categories.c runtime/container/categories.h \
	runtime/container/check.c \
	runtime/container/check_ecs.c \
	runtime/container/checkpoint.c \
	runtime/container/create.c \
	runtime/container/decide.c runtime/container/decide.h \
	runtime/container/delegate.c runtime/container/delegate.h \
	runtime/container/delegate_call.c \
	runtime/container/delegate_stage.c \
	runtime/container/delete.c \
	runtime/container/docker_facts.c runtime/container/docker_facts.h \
	runtime/container/ecs.h runtime/container/ecs_agent.c runtime/container/ecs_docker.c \
	runtime/container/events.c \
	runtime/container/exec.c \
	runtime/container/explain.c runtime/container/explain.h \
	runtime/container/facts.c runtime/container/facts.h \
	runtime/container/describe.c runtime/container/describe.h \
	runtime/container/detour.c runtime/container/detour.h \
	runtime/container/diagnose.c runtime/container/diagnose.h \
	runtime/container/failure.c runtime/container/failure.h \
	runtime/container/features.c \
	runtime/container/in_force.c runtime/container/in_force.h \
	runtime/container/info.c \
	runtime/container/pause.c \
	runtime/container/image_mounts.c runtime/container/image_mounts.h \
	runtime/container/images.c runtime/container/images.h \
	runtime/container/inherit.c runtime/container/inherit.h \
	runtime/container/lease.c runtime/container/lease.h \
	runtime/container/kill_switch.c \
	runtime/container/learn.c runtime/container/learn.h \
	runtime/container/logger.c \
	runtime/container/measure.c runtime/container/measure.h \
	runtime/container/metrics.c \
	runtime/container/notify.c runtime/container/notify.h \
	runtime/container/pid_file.c runtime/container/pid_file.h \
	runtime/container/pidfd_socket.c runtime/container/pidfd_socket.h \
	runtime/container/plan_text.c \
	runtime/container/policy_text.c \
	runtime/container/prepare.c runtime/container/prepare.h \
	runtime/container/program_files.c runtime/container/program_files.h \
	runtime/container/reap.c \
	runtime/container/registry.c runtime/container/registry.h \
	runtime/container/restore.c \
	runtime/container/resolv.c runtime/container/resolv.h \
	runtime/container/rehearse.c runtime/container/rehearse.h \
	runtime/container/rootless.c runtime/container/rootless.h \
	runtime/container/secret_variables.c runtime/container/secret_variables.h \
	runtime/container/stage.c runtime/container/stage.h \
	runtime/container/stage_look.c \
	runtime/container/stage_write.c \
	runtime/container/self.c \
	runtime/container/start.c \
	runtime/container/start_rate.c runtime/container/start_rate.h \
	runtime/container/state.c runtime/container/state.h \
	runtime/container/stopped.c runtime/container/stopped.h \
	runtime/container/textdiff.c runtime/container/textdiff.h \
	runtime/container/undo.c runtime/container/undo.h \
	runtime/container/update.c \
	runtime/container/updates.c runtime/container/updates.h \
	runtime/container/update_options.c runtime/container/update_options.h \
	runtime/container/user_range.c runtime/container/user_range.h \
	runtime/container/watch.c \
	runtime/container/why.c
