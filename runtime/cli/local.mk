# SPDX-License-Identifier: Apache-2.0
# The command line without main.c is a library, so that its tests can link it against a double of the facade.
noinst_LIBRARIES += libbulwark-cli.a
libbulwark_cli_a_SOURCES = \
	runtime/cli/cmd_audit.c \
	runtime/cli/cmd_check.c \
	runtime/cli/cmd_checkpoint.c \
	runtime/cli/cmd_completion.c \
	runtime/cli/cmd_create.c \
	runtime/cli/cmd_delete.c \
	runtime/cli/cmd_events.c \
	runtime/cli/cmd_exec.c \
	runtime/cli/cmd_explain.c \
	runtime/cli/cmd_features.c \
	runtime/cli/cmd_help.c \
	runtime/cli/cmd_kill.c \
	runtime/cli/cmd_kill_switch.c \
	runtime/cli/cmd_list.c \
	runtime/cli/cmd_metrics.c \
	runtime/cli/cmd_pause.c \
	runtime/cli/cmd_plan.c \
	runtime/cli/cmd_policy.c \
	runtime/cli/cmd_ps.c \
	runtime/cli/cmd_reap.c \
	runtime/cli/cmd_restore.c \
	runtime/cli/cmd_resume.c \
	runtime/cli/cmd_run.c \
	runtime/cli/cmd_spec.c \
	runtime/cli/cmd_stage.c \
	runtime/cli/cmd_start.c \
	runtime/cli/cmd_state.c \
	runtime/cli/cmd_update.c \
	runtime/cli/cmd_version.c \
	runtime/cli/cmd_why.c \
	runtime/cli/completion.c runtime/cli/completion.h \
	runtime/cli/help.c runtime/cli/help.h \
	runtime/cli/info.c runtime/cli/info.h \
	runtime/cli/options.c runtime/cli/options.h \
	runtime/cli/output.c runtime/cli/output.h \
	runtime/cli/ps_table.c runtime/cli/ps_table.h \
	runtime/cli/scrape.c runtime/cli/scrape.h runtime/cli/scrape_request.c \
	runtime/cli/verb.c runtime/cli/verb.h

bin_PROGRAMS += bulwark
bulwark_SOURCES = runtime/cli/main.c
bulwark_LDFLAGS = $(AM_LDFLAGS) $(BW_LINK)
bulwark_LDADD = libbulwark-cli.a libbulwark.a $(BW_LIBS)
