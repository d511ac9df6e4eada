# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += \
	runtime/base/arena.c runtime/base/arena.h \
	runtime/base/audit_socket.c runtime/base/audit_socket.h \
	runtime/base/auto.h \
	runtime/base/err.c runtime/base/err.h \
	runtime/base/fd.c runtime/base/fd.h \
	runtime/base/keeper.c runtime/base/keeper.h \
	runtime/base/log.c runtime/base/log.h \
	runtime/base/mountinfo.c runtime/base/mountinfo.h \
	runtime/base/path.c runtime/base/path.h runtime/base/path_pattern.c \
	runtime/base/proc.c runtime/base/proc.h \
	runtime/base/sha256.c runtime/base/sha256.h \
	runtime/base/str.c runtime/base/str.h \
	runtime/base/sys.h
