# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += \
	runtime/launch/child.c runtime/launch/child.h \
	runtime/launch/parent.c runtime/launch/parent.h \
	runtime/launch/selfexe.c runtime/launch/selfexe.h \
	runtime/launch/wire.h
