# SPDX-License-Identifier: Apache-2.0
# A program of its own: it outlives the command that has started it, beside the container. The library is for its tests
# and has everything that needs no c-ares.
noinst_LIBRARIES += libbulwark-warden.a
libbulwark_warden_a_SOURCES = runtime/warden/warden.h \
	runtime/warden/begin.c runtime/warden/begin.h \
	runtime/warden/clienthello.c runtime/warden/clienthello.h \
	runtime/warden/connect.c runtime/warden/connect.h \
	runtime/warden/dns.c runtime/warden/dns.h \
	runtime/warden/events.c runtime/warden/events.h \
	runtime/warden/line.c runtime/warden/line.h \
	runtime/warden/meter.c runtime/warden/meter.h \
	runtime/warden/names.c runtime/warden/names.h \
	runtime/warden/ranges.c runtime/warden/ranges.h \
	runtime/warden/sandbox.c runtime/warden/sandbox.h \
	runtime/warden/settings.c runtime/warden/settings.h \
	runtime/warden/supervisor.c runtime/warden/supervisor.h \
	runtime/warden/keeper.h runtime/warden/witness.h \
	runtime/warden/witness_judge.c runtime/warden/witness_judge.h \
	runtime/warden/witness_log.c runtime/warden/witness_log.h \
	runtime/warden/witness_look.c runtime/warden/witness_look.h \
	runtime/warden/witness_settings.c runtime/warden/witness_settings.h
nodist_libbulwark_warden_a_SOURCES = profiles/seccomp/warden.c
if HAVE_CARES
pkglibexec_PROGRAMS += bulwark-warden
bulwark_warden_SOURCES = runtime/warden/main.c \
	runtime/warden/conn.c runtime/warden/conn.h \
	runtime/warden/gate.c runtime/warden/gate.h runtime/warden/stages.c \
	runtime/warden/listen.c runtime/warden/listen.h \
	runtime/warden/relay.c runtime/warden/relay.h \
	runtime/warden/verdict.c runtime/warden/verdict.h \
	runtime/warden/resolve.c runtime/warden/resolve.h
bulwark_warden_CFLAGS = $(AM_CFLAGS) $(CARES_CFLAGS)
bulwark_warden_LDFLAGS = $(AM_LDFLAGS) -pie -Wl,--as-needed
bulwark_warden_LDADD = libbulwark-warden.a libbulwark.a $(CARES_LIBS) $(BW_LIBS)
endif
# The witness of a container's programs. Static: it is small, and there is one for each container.
pkglibexec_PROGRAMS += bulwark-witness
bulwark_witness_SOURCES = runtime/warden/witness.c
bulwark_witness_CFLAGS = $(AM_CFLAGS)
bulwark_witness_LDFLAGS = $(AM_LDFLAGS) $(BW_LINK)
bulwark_witness_LDADD = libbulwark-warden.a libbulwark.a $(BW_LIBS)
