# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += \
	runtime/proto/message.c runtime/proto/message.h \
	runtime/proto/wire.c runtime/proto/wire.h
