# SPDX-License-Identifier: Apache-2.0
# A program of its own, beside a container. Static: it is small, and there are two for a container. The library is for its
# tests.
noinst_LIBRARIES += libbulwark-keeper.a
libbulwark_keeper_a_SOURCES = \
	runtime/keeper/alerts.c runtime/keeper/alerts.h \
	runtime/keeper/confine.c runtime/keeper/confine.h \
	runtime/keeper/denied.c runtime/keeper/denied.h \
	runtime/keeper/follow.c runtime/keeper/follow.h \
	runtime/keeper/keep.c runtime/keeper/keep.h \
	runtime/keeper/kept.h \
	runtime/keeper/life.c runtime/keeper/life.h \
	runtime/keeper/listen.c runtime/keeper/listen.h \
	runtime/keeper/sample.c runtime/keeper/sample.h \
	runtime/keeper/seen.c runtime/keeper/seen.h \
	runtime/keeper/settings.c runtime/keeper/settings.h \
	runtime/keeper/tell.c runtime/keeper/tell.h \
	runtime/keeper/window.c runtime/keeper/window.h
pkglibexec_PROGRAMS += bulwark-keeper
bulwark_keeper_SOURCES = runtime/keeper/main.c
bulwark_keeper_CFLAGS = $(AM_CFLAGS)
bulwark_keeper_LDFLAGS = $(AM_LDFLAGS) $(BW_LINK)
bulwark_keeper_LDADD = libbulwark-keeper.a libbulwark-warden.a libbulwark.a $(BW_LIBS)
