# SPDX-License-Identifier: Apache-2.0
# The shim without main.c is a library, for its tests.
noinst_LIBRARIES += libbulwark-shim.a
libbulwark_shim_a_SOURCES = \
	runtime/shim/loop.c runtime/shim/loop.h
# messages
libbulwark_shim_a_SOURCES += \
	runtime/shim/messages.c runtime/shim/messages.h \
	runtime/shim/ttrpc.c runtime/shim/ttrpc.h

# bootstrap and events
libbulwark_shim_a_SOURCES += \
	runtime/shim/address.c runtime/shim/address.h \
	runtime/shim/bootstrap.c runtime/shim/bootstrap.h \
	runtime/shim/bundle_file.c runtime/shim/bundle_file.h \
	runtime/shim/call.c \
	runtime/shim/cleanup.c \
	runtime/shim/daemon.c runtime/shim/daemon.h \
	runtime/shim/info.c \
	runtime/shim/publish.c runtime/shim/publish.h \
	runtime/shim/settings.c runtime/shim/settings.h
bin_PROGRAMS += containerd-shim-bulwark-v2
containerd_shim_bulwark_v2_SOURCES = runtime/shim/main.c
containerd_shim_bulwark_v2_LDFLAGS = $(AM_LDFLAGS) $(BW_LINK)
containerd_shim_bulwark_v2_LDADD = libbulwark-shim.a libbulwark.a $(BW_LIBS)

# stdio
libbulwark_shim_a_SOURCES += \
	runtime/shim/console.c runtime/shim/console.h \
	runtime/shim/copy.c runtime/shim/copy.h \
	runtime/shim/logger.c runtime/shim/logger.h \
	runtime/shim/place.c runtime/shim/place.h \
	runtime/shim/stdio.c runtime/shim/stdio.h \
	runtime/shim/writer.c runtime/shim/writer.h

# rootfs
libbulwark_shim_a_SOURCES += \
	runtime/shim/rootfs_mounts.c runtime/shim/rootfs_mounts.h runtime/shim/rootfs_parts.h \
	runtime/shim/rootfs_options.c runtime/shim/rootfs_options.h \
	runtime/shim/rootfs_make.c runtime/shim/rootfs_overlay.c runtime/shim/rootfs_idmap.c \
	runtime/shim/rootfs_loop.c runtime/shim/rootfs_fuse.c

# server
libbulwark_shim_a_SOURCES += \
	runtime/shim/methods.c \
	runtime/shim/process.c \
	runtime/shim/serve.c \
	runtime/shim/server.c runtime/shim/server.h \
	runtime/shim/shim.h \
	runtime/shim/task.c runtime/shim/task.h \
	runtime/shim/work.c \
	runtime/shim/worker.c runtime/shim/worker.h
