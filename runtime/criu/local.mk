# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += \
	runtime/criu/message.c runtime/criu/message.h \
	runtime/criu/talk.c runtime/criu/talk.h
