# SPDX-License-Identifier: Apache-2.0
# What both sides have is in the library; the program that holds libsystemd is always dynamically linked.
libbulwark_a_SOURCES += runtime/systemd/message.c runtime/systemd/message.h
if HAVE_SYSTEMD
pkglibexec_PROGRAMS += bulwark-systemd
bulwark_systemd_SOURCES = runtime/systemd/main.c runtime/systemd/bus.c runtime/systemd/bus.h \
	runtime/systemd/call.c runtime/systemd/call.h
bulwark_systemd_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
bulwark_systemd_LDFLAGS = $(AM_LDFLAGS) -pie
bulwark_systemd_LDADD = libbulwark.a $(SYSTEMD_LIBS)
endif
