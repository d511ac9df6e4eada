# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += \
	runtime/json/json.c runtime/json/json.h \
	runtime/json/schema.c runtime/json/schema.h runtime/json/schema_engine.h \
	runtime/json/schema_case.c \
	runtime/json/schema_copy.c \
	runtime/json/schema_diff.c \
	runtime/json/schema_publish.c \
	runtime/json/schema_read.c \
	runtime/json/schema_write.c \
	runtime/json/text.c runtime/json/text.h
