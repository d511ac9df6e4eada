# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += \
	runtime/audit/audit.c runtime/audit/audit.h \
	runtime/audit/check.c \
	runtime/audit/file.c \
	runtime/audit/line.c runtime/audit/line.h \
	runtime/audit/read.c \
	runtime/audit/sinks.c \
	runtime/audit/trail.h
