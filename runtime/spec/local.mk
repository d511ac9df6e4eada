# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += \
	runtime/spec/context.c runtime/spec/context.h \
	runtime/spec/spec.c runtime/spec/spec.h \
	runtime/spec/spec_check.c \
	runtime/spec/spec_check_member.c \
	runtime/spec/spec_default.c \
	runtime/spec/spec_table.c runtime/spec/spec_table.h \
	runtime/spec/spec_table_linux.c \
	runtime/spec/spec_table_process.c \
	runtime/spec/spec_table_resources.c \
	runtime/spec/spec_update.c
