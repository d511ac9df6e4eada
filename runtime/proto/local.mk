# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += \
	runtime/proto/wire.c runtime/proto/wire.h
