# SPDX-License-Identifier: Apache-2.0
# Our seccomp filters: rules as JSON, compiled by a program of the build for the machine it runs on. When
# cross-compiling set SECCOMP_GEN_RUN to what can run it, e.g. qemu-aarch64. It has its own objects of the
# sources that it needs, because the library waits for its output.
seccomp_rules = profiles/seccomp/baseline.json profiles/seccomp/python-node.json profiles/seccomp/ports.json
SECCOMP_GEN_RUN =
EXTRA_DIST += $(seccomp_rules) profiles/seccomp/README.md
noinst_PROGRAMS += seccomp-gen
seccomp_gen_SOURCES = profiles/seccomp/gen.c profiles/seccomp/rules_file.c profiles/seccomp/rules_file.h \
	runtime/base/arena.c runtime/base/err.c runtime/base/str.c \
	runtime/control/seccomp_names.c runtime/control/seccomp_rules.c \
	runtime/json/json.c runtime/json/text.c
seccomp_gen_CFLAGS = $(AM_CFLAGS)
seccomp_gen_LDADD = $(BW_LIBS)
nodist_libbulwark_a_SOURCES += profiles/seccomp/builtin.c
BUILT_SOURCES += profiles/seccomp/builtin.c
CLEANFILES += profiles/seccomp/builtin.c
profiles/seccomp/builtin.c: $(seccomp_rules) seccomp-gen$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) profiles/seccomp && \
	$(SECCOMP_GEN_RUN) ./seccomp-gen$(EXEEXT) baseline=$(srcdir)/profiles/seccomp/baseline.json \
		python-node=$(srcdir)/profiles/seccomp/python-node.json \
		ports=$(srcdir)/profiles/seccomp/ports.json >$@.tmp && mv $@.tmp $@
# The filters that bulwark-warden, bulwark-witness and bulwark-keeper hold themselves by.
warden_rules = profiles/seccomp/warden.json profiles/seccomp/warden-supervisor.json profiles/seccomp/witness.json \
	profiles/seccomp/keeper.json
EXTRA_DIST += $(warden_rules)
CLEANFILES += profiles/seccomp/warden.c
profiles/seccomp/warden.c: $(warden_rules) seccomp-gen$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) profiles/seccomp && \
	$(SECCOMP_GEN_RUN) ./seccomp-gen$(EXEEXT) --program bw_warden_filter=$(srcdir)/profiles/seccomp/warden.json \
		bw_warden_supervisor_filter=$(srcdir)/profiles/seccomp/warden-supervisor.json \
		bw_witness_filter=$(srcdir)/profiles/seccomp/witness.json \
		bw_keeper_filter=$(srcdir)/profiles/seccomp/keeper.json >$@.tmp && mv $@.tmp $@

# Profiles for AppArmor, for the packages to load. The one for native code in the workspace is its neighbour with one more
# line in force.
apparmor_profiles = profiles/apparmor/bulwark-default profiles/apparmor/bulwark-untrusted
EXTRA_DIST += $(apparmor_profiles) profiles/apparmor/native.sh
if APPARMOR_PROFILES
apparmordir = $(sysconfdir)/apparmor.d
apparmor_DATA = $(apparmor_profiles) profiles/apparmor/bulwark-untrusted-native
endif
noinst_DATA = profiles/apparmor/bulwark-untrusted-native
CLEANFILES += profiles/apparmor/bulwark-untrusted-native
profiles/apparmor/bulwark-untrusted-native: profiles/apparmor/bulwark-untrusted profiles/apparmor/native.sh
	$(AM_V_GEN)$(MKDIR_P) profiles/apparmor && $(SHELL) $(srcdir)/profiles/apparmor/native.sh >$@.tmp && mv $@.tmp $@

# A module for SELinux and labels for images: whoever administers the host loads the one and uses the other.
selinuxdir = $(datadir)/selinux/packages
dist_selinux_DATA = profiles/selinux/bulwark.cil
selinuxlabelsdir = $(pkgdatadir)/selinux
dist_selinuxlabels_DATA = profiles/selinux/image.contexts profiles/selinux/README.md

# The built-in profiles and their data are compiled in.
builtin_files = profiles/compat.json profiles/hardened.json profiles/untrusted-code.json \
	profiles/endpoints.json profiles/scrub.json profiles/backends.json
EXTRA_DIST += $(builtin_files) profiles/embed.sh
nodist_libbulwark_a_SOURCES += profiles/builtins.c
BUILT_SOURCES += profiles/builtins.c
CLEANFILES += profiles/builtins.c
profiles/builtins.c: $(builtin_files) profiles/embed.sh
	$(AM_V_GEN)$(MKDIR_P) profiles && cd $(srcdir) && \
		$(SHELL) profiles/embed.sh $(builtin_files) > "$(abs_builddir)/$@.tmp" && \
		mv "$(abs_builddir)/$@.tmp" "$(abs_builddir)/$@"
