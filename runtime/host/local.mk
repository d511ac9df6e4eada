# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += runtime/host/host.c runtime/host/host.h
