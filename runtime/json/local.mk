# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += \
	runtime/json/json.c runtime/json/json.h \
	runtime/json/text.c runtime/json/text.h
