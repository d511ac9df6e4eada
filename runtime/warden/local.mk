# SPDX-License-Identifier: Apache-2.0
# A program of its own: it outlives the command that has started it, beside the container. The library is for its tests
# and has everything that needs no c-ares.
noinst_LIBRARIES += libbulwark-warden.a
libbulwark_warden_a_SOURCES = runtime/warden/warden.h \
	runtime/warden/clienthello.c runtime/warden/clienthello.h \
	runtime/warden/connect.c runtime/warden/connect.h \
	runtime/warden/dns.c runtime/warden/dns.h \
	runtime/warden/events.c runtime/warden/events.h \
	runtime/warden/meter.c runtime/warden/meter.h \
	runtime/warden/names.c runtime/warden/names.h \
	runtime/warden/ranges.c runtime/warden/ranges.h \
	runtime/warden/settings.c runtime/warden/settings.h \
	runtime/warden/supervisor.c runtime/warden/supervisor.h
if HAVE_CARES
pkglibexec_PROGRAMS += bulwark-warden
bulwark_warden_SOURCES = runtime/warden/main.c \
	runtime/warden/conn.c runtime/warden/conn.h \
	runtime/warden/gate.c runtime/warden/gate.h runtime/warden/stages.c \
	runtime/warden/listen.c runtime/warden/listen.h \
	runtime/warden/relay.c runtime/warden/relay.h \
	runtime/warden/verdict.c runtime/warden/verdict.h \
	runtime/warden/resolve.c runtime/warden/resolve.h \
	runtime/warden/sandbox.c runtime/warden/sandbox.h
nodist_bulwark_warden_SOURCES = profiles/seccomp/warden.c
bulwark_warden_CFLAGS = $(AM_CFLAGS) $(CARES_CFLAGS)
bulwark_warden_LDFLAGS = $(AM_LDFLAGS) -pie -Wl,--as-needed
bulwark_warden_LDADD = libbulwark-warden.a libbulwark.a $(CARES_LIBS) $(BW_LIBS)
endif
