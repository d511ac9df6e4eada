# SPDX-License-Identifier: Apache-2.0
# Each fuzz target is also an ordinary test over its corpus. `make fuzz CC=clang` builds them with
# libFuzzer: ./fuzz/spec NEW-CORPUS tests/fuzz/corpus/spec tests/data/configs
fuzz_main_sources = tests/fuzz/fuzz_main.c tests/fuzz/fuzz.h
fuzz_cppflags = $(AM_CPPFLAGS) -I$(srcdir)/tests/fuzz

check_PROGRAMS += fuzz_annotations
fuzz_annotations_SOURCES = tests/fuzz/fuzz_annotations.c $(fuzz_main_sources)
fuzz_annotations_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/annotations"'
fuzz_annotations_LDADD = libbulwark.a $(BW_LIBS)
TESTS += fuzz_annotations

check_PROGRAMS += fuzz_audit
fuzz_audit_SOURCES = tests/fuzz/fuzz_audit.c $(fuzz_main_sources)
fuzz_audit_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/audit"'
fuzz_audit_LDADD = libbulwark.a $(BW_LIBS)
TESTS += fuzz_audit

check_PROGRAMS += fuzz_denied
fuzz_denied_SOURCES = tests/fuzz/fuzz_denied.c $(fuzz_main_sources)
fuzz_denied_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/denied"'
fuzz_denied_LDADD = libbulwark-keeper.a libbulwark.a $(BW_LIBS)
TESTS += fuzz_denied

check_PROGRAMS += fuzz_facts
fuzz_facts_SOURCES = tests/fuzz/fuzz_facts.c $(fuzz_main_sources)
fuzz_facts_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/facts"'
fuzz_facts_LDADD = libbulwark.a $(BW_LIBS)
TESTS += fuzz_facts

check_PROGRAMS += fuzz_json
fuzz_json_SOURCES = tests/fuzz/fuzz_json.c $(fuzz_main_sources)
fuzz_json_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/json"'
fuzz_json_LDADD = libbulwark.a $(BW_LIBS)
TESTS += fuzz_json

check_PROGRAMS += fuzz_measures
fuzz_measures_SOURCES = tests/fuzz/fuzz_measures.c $(fuzz_main_sources)
fuzz_measures_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/measures"'
fuzz_measures_LDADD = libbulwark.a $(BW_LIBS)
TESTS += fuzz_measures

check_PROGRAMS += fuzz_policy
fuzz_policy_SOURCES = tests/fuzz/fuzz_policy.c tests/common/harden_properties.c $(fuzz_main_sources)
fuzz_policy_CPPFLAGS = $(fuzz_cppflags) -I$(srcdir)/tests/common \
	-DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/policy"'
fuzz_policy_LDADD = libbulwark.a $(BW_LIBS)
TESTS += fuzz_policy

check_PROGRAMS += fuzz_scrape
fuzz_scrape_SOURCES = tests/fuzz/fuzz_scrape.c $(fuzz_main_sources)
fuzz_scrape_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/scrape"'
fuzz_scrape_LDADD = libbulwark-cli.a libbulwark.a $(BW_LIBS)
TESTS += fuzz_scrape

check_PROGRAMS += fuzz_shim_settings
fuzz_shim_settings_SOURCES = tests/fuzz/fuzz_shim_settings.c $(fuzz_main_sources)
fuzz_shim_settings_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/shim_settings"'
fuzz_shim_settings_LDADD = libbulwark-shim.a libbulwark.a $(BW_LIBS)
TESTS += fuzz_shim_settings

check_PROGRAMS += fuzz_spec
fuzz_spec_SOURCES = tests/fuzz/fuzz_spec.c $(fuzz_main_sources)
fuzz_spec_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/spec"'
fuzz_spec_LDADD = libbulwark.a $(BW_LIBS)
TESTS += fuzz_spec

check_PROGRAMS += fuzz_task_request
fuzz_task_request_SOURCES = tests/fuzz/fuzz_task_request.c $(fuzz_main_sources)
fuzz_task_request_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/task_request"'
fuzz_task_request_LDADD = libbulwark-shim.a libbulwark.a $(BW_LIBS)
TESTS += fuzz_task_request

check_PROGRAMS += fuzz_ttrpc
fuzz_ttrpc_SOURCES = tests/fuzz/fuzz_ttrpc.c $(fuzz_main_sources)
fuzz_ttrpc_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/ttrpc"'
fuzz_ttrpc_LDADD = libbulwark-shim.a libbulwark.a $(BW_LIBS)
TESTS += fuzz_ttrpc

check_PROGRAMS += fuzz_warden_head
fuzz_warden_head_SOURCES = tests/fuzz/fuzz_warden_head.c $(fuzz_main_sources)
fuzz_warden_head_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/warden_head"'
fuzz_warden_head_LDADD = libbulwark-warden.a libbulwark.a $(BW_LIBS)
TESTS += fuzz_warden_head

check_PROGRAMS += fuzz_warden_hello
fuzz_warden_hello_SOURCES = tests/fuzz/fuzz_warden_hello.c $(fuzz_main_sources)
fuzz_warden_hello_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/warden_hello"'
fuzz_warden_hello_LDADD = libbulwark-warden.a libbulwark.a $(BW_LIBS)
TESTS += fuzz_warden_hello

check_PROGRAMS += fuzz_warden_dns
fuzz_warden_dns_SOURCES = tests/fuzz/fuzz_warden_dns.c $(fuzz_main_sources)
fuzz_warden_dns_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/warden_dns"'
fuzz_warden_dns_LDADD = libbulwark-warden.a libbulwark.a $(BW_LIBS)
TESTS += fuzz_warden_dns

check_PROGRAMS += fuzz_warden_settings
fuzz_warden_settings_SOURCES = tests/fuzz/fuzz_warden_settings.c $(fuzz_main_sources)
fuzz_warden_settings_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/warden_settings"'
fuzz_warden_settings_LDADD = libbulwark-warden.a libbulwark.a $(BW_LIBS)
TESTS += fuzz_warden_settings

check_PROGRAMS += fuzz_warden_witness
fuzz_warden_witness_SOURCES = tests/fuzz/fuzz_warden_witness.c $(fuzz_main_sources)
fuzz_warden_witness_CPPFLAGS = $(fuzz_cppflags) -DBW_FUZZ_CORPUS='"$(abs_srcdir)/tests/fuzz/corpus/warden_witness"'
fuzz_warden_witness_LDADD = libbulwark-warden.a libbulwark.a $(BW_LIBS)
TESTS += fuzz_warden_witness

EXTRA_DIST += tests/fuzz/corpus

FUZZ_FLAGS = -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
fuzz: fuzz/json fuzz/spec fuzz/audit
fuzz/%: $(srcdir)/tests/fuzz/fuzz_%.c
	@mkdir -p fuzz
	$(AM_V_CC)$(CC) -std=gnu11 -D_GNU_SOURCE $(fuzz_cppflags) $(FUZZ_FLAGS) -o $@ $< \
		$(addprefix $(srcdir)/,$(filter runtime/base/%.c runtime/json/%.c runtime/audit/%.c runtime/spec/%.c,$(libbulwark_a_SOURCES))) -lyajl
fuzz: fuzz/policy
fuzz/policy: $(srcdir)/tests/fuzz/fuzz_policy.c profiles/builtins.c
	@mkdir -p fuzz
	$(AM_V_CC)$(CC) -std=gnu11 -D_GNU_SOURCE $(fuzz_cppflags) -I$(srcdir)/tests/common $(FUZZ_FLAGS) -o $@ $< \
		profiles/builtins.c $(srcdir)/tests/common/harden_properties.c \
		$(addprefix $(srcdir)/,$(filter runtime/base/%.c runtime/json/%.c runtime/audit/%.c runtime/spec/%.c runtime/policy/%.c,$(libbulwark_a_SOURCES))) -lyajl
fuzz: fuzz/facts
fuzz/facts: $(srcdir)/tests/fuzz/fuzz_facts.c profiles/builtins.c
	@mkdir -p fuzz
	$(AM_V_CC)$(CC) -std=gnu11 -D_GNU_SOURCE $(fuzz_cppflags) $(FUZZ_FLAGS) -o $@ $< \
		profiles/builtins.c $(srcdir)/runtime/container/docker_facts.c \
		$(addprefix $(srcdir)/,$(filter runtime/base/%.c runtime/json/%.c runtime/audit/%.c runtime/spec/%.c runtime/policy/%.c,$(libbulwark_a_SOURCES))) -lyajl
fuzz: fuzz/shim_settings
fuzz/shim_settings: $(srcdir)/tests/fuzz/fuzz_shim_settings.c
	@mkdir -p fuzz
	$(AM_V_CC)$(CC) -std=gnu11 -D_GNU_SOURCE $(fuzz_cppflags) $(FUZZ_FLAGS) -o $@ $< \
		$(srcdir)/runtime/shim/settings.c $(srcdir)/runtime/shim/messages.c \
		$(addprefix $(srcdir)/,$(filter runtime/base/%.c runtime/proto/%.c,$(libbulwark_a_SOURCES)))
fuzz: fuzz/measures
fuzz/measures: $(srcdir)/tests/fuzz/fuzz_measures.c
	@mkdir -p fuzz
	$(AM_V_CC)$(CC) -std=gnu11 -D_GNU_SOURCE $(fuzz_cppflags) $(FUZZ_FLAGS) -o $@ $< \
		$(addprefix $(srcdir)/,$(filter runtime/base/%.c runtime/metrics/%.c,$(libbulwark_a_SOURCES)))
fuzz: fuzz/scrape
fuzz/scrape: $(srcdir)/tests/fuzz/fuzz_scrape.c
	@mkdir -p fuzz
	$(AM_V_CC)$(CC) -std=gnu11 -D_GNU_SOURCE $(fuzz_cppflags) $(FUZZ_FLAGS) -o $@ $< $(srcdir)/runtime/cli/scrape_request.c
fuzz: fuzz/annotations
fuzz/annotations: $(srcdir)/tests/fuzz/fuzz_annotations.c
	@mkdir -p fuzz
	$(AM_V_CC)$(CC) -std=gnu11 -D_GNU_SOURCE $(fuzz_cppflags) $(FUZZ_FLAGS) -o $@ $< \
		$(srcdir)/runtime/control/cgroup_annotations.c \
		$(addprefix $(srcdir)/,$(filter runtime/base/%.c runtime/json/%.c runtime/systemd/message.c,$(libbulwark_a_SOURCES))) -lyajl
fuzz: fuzz/warden_head fuzz/warden_hello fuzz/warden_dns fuzz/warden_settings fuzz/warden_witness
fuzz/warden_%: $(srcdir)/tests/fuzz/fuzz_warden_%.c
	@mkdir -p fuzz
	$(AM_V_CC)$(CC) -std=gnu11 -D_GNU_SOURCE $(fuzz_cppflags) $(FUZZ_FLAGS) -o $@ $< \
		$(addprefix $(srcdir)/,$(filter %.c,$(libbulwark_warden_a_SOURCES)) \
			$(filter runtime/base/%.c runtime/json/%.c,$(libbulwark_a_SOURCES))) -lyajl
fuzz: fuzz/task_request fuzz/ttrpc
fuzz/task_request fuzz/ttrpc: fuzz/%: $(srcdir)/tests/fuzz/fuzz_%.c
	@mkdir -p fuzz
	$(AM_V_CC)$(CC) -std=gnu11 -D_GNU_SOURCE $(fuzz_cppflags) $(FUZZ_FLAGS) -o $@ $< \
		$(srcdir)/runtime/shim/messages.c $(srcdir)/runtime/shim/ttrpc.c \
		$(addprefix $(srcdir)/,$(filter runtime/base/%.c runtime/proto/%.c,$(libbulwark_a_SOURCES)))
.PHONY: fuzz
clean-local:
	rm -rf fuzz
