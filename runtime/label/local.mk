# SPDX-License-Identifier: Apache-2.0
# A program of its own and always dynamically linked: bulwark is static and starts without these libraries.
pkglibexec_PROGRAMS += bulwark-label
bulwark_label_SOURCES = runtime/label/main.c runtime/label/profiles.c runtime/label/profiles.h
bulwark_label_CPPFLAGS = $(AM_CPPFLAGS) -DBW_APPARMORDIR='"$(sysconfdir)/apparmor.d"'
bulwark_label_CFLAGS = $(AM_CFLAGS) $(SELINUX_CFLAGS) $(APPARMOR_CFLAGS)
bulwark_label_LDFLAGS = $(AM_LDFLAGS) -pie
bulwark_label_LDADD = $(SELINUX_LIBS) $(APPARMOR_LIBS)
