# SPDX-License-Identifier: Apache-2.0
# The shim without main.c is a library, for its tests.
noinst_LIBRARIES += libbulwark-shim.a
libbulwark_shim_a_SOURCES = \
	runtime/shim/loop.c runtime/shim/loop.h
# messages
libbulwark_shim_a_SOURCES += \
	runtime/shim/messages.c runtime/shim/messages.h \
	runtime/shim/ttrpc.c runtime/shim/ttrpc.h

# bootstrap and events

# stdio

# rootfs

# server
