# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += \
	runtime/control/compile.c runtime/control/compile.h \
	runtime/control/control.h runtime/control/list.h \
	runtime/control/devices.c \
	runtime/control/hook_run.c runtime/control/hook_run.h \
	runtime/control/hooks.c \
	runtime/control/masked.c \
	runtime/control/mount_options.c runtime/control/mount_options.h \
	runtime/control/mounts.c \
	runtime/control/namespaces.c \
	runtime/control/program.c \
	runtime/control/rootfs.c \
	runtime/control/terminal.c \
	runtime/control/userns.c
