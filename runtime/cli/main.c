/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the program bulwark: global options, the choice of the verb, and the one place where an
 * error is printed. bulwark(8). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/verb.h"

struct globals {
	const char *root, *log, *log_format, *log_level, *rootless, *criu, *cgroup_manager, *policy,
		*profile;
	bool debug, systemd_cgroup, version;
};

static const char *const log_formats[] = {"text", "json", NULL};
/* In the order of enum bw_log_level, behind "no level given". */
static const char *const log_levels[] = {"info", "error", "warning", "debug", NULL};
static const char *const rootless_choices[] = {"auto", "true", "false", NULL};
static const char *const cgroup_managers[] = {"cgroupfs", "systemd", "disabled", NULL};

const struct bw_option bw_global_options[] = {
	BW_OPT_PATH(
		struct globals, root, "root", 0, "DIR", "where the state of containers is kept"),
	BW_OPT_PATH(struct globals, log, "log", 0, "FILE", "append messages to FILE"),
	BW_OPT_CHOICE(
		struct globals, log_format, "log-format", 0, log_formats, "form of a message"),
	BW_OPT_CHOICE(
		struct globals, log_level, "log-level", 0, log_levels, "least urgent message"),
	BW_OPT_FLAG(struct globals, debug, "debug", 0, "the same as --log-level debug"),
	BW_OPT_PATH(
		struct globals, policy, "policy", 0, "FILE", "policy instead of the installed one"),
	BW_OPT_TEXT(
		struct globals, profile, "profile", 0, "NAME", "profile, if the policy allows it"),
	BW_OPT_FLAG(struct globals, systemd_cgroup, "systemd-cgroup", 0,
		"let systemd make the cgroups"),
	BW_OPT_CHOICE(struct globals, cgroup_manager, "cgroup-manager", 0, cgroup_managers,
		"who makes the cgroups"),
	BW_OPT_CHOICE(struct globals, rootless, "rootless", 0, rootless_choices,
		"without root's rights over cgroups"),
	BW_OPT_TEXT(struct globals, criu, "criu", 0, "PATH", "accepted for old callers"),
	BW_OPT_FLAG(struct globals, version, "version", 'v', "show versions"),
	BW_OPT_END,
};

/* A descriptor 0, 1 or 2 that the caller has closed would be given to the next file opened, and
 * what is printed would end up in the log or in the state. */
static int fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest free number is fd. The program that we start inherits it: exec is not
		 * to close it. */
		if (open("/dev/null", O_RDWR | O_CLOEXEC) != fd || fcntl(fd, F_SETFD, 0) < 0)
			return -1;
	}
	return 0;
}

static int open_log(const struct globals *globals, struct bw_err *err)
{
	static const struct {
		const char *word;
		enum bw_log_level level;
	} levels[] = {
		{"error", BW_LOG_ERROR},
		{"warning", BW_LOG_WARNING},
		{"info", BW_LOG_INFO},
		{"debug", BW_LOG_DEBUG},
	};
	enum bw_log_level level = BW_LOG_INFO;

	for (size_t i = 0; i < BW_COUNT(levels); i++) {
		if (bw_streq0(globals->log_level, levels[i].word))
			level = levels[i].level;
	}
	if (globals->debug)
		level = BW_LOG_DEBUG;
	return bw_log_open(globals->log, bw_streq0(globals->log_format, "json"), level, err);
}

static const char *default_root(struct bw_arena *arena)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR"), *user = getenv("USER");

	if (!runtime_dir || runtime_dir[0] != '/')
		return "/run/bulwark";
	/* Root of a user namespace is somebody else outside, unless it calls itself root. */
	if (geteuid() == 0 && (bw_proc_in_initial_userns() || bw_streq0(user, "root")))
		return "/run/bulwark";
	return bw_arena_printf(arena, "%s/bulwark", runtime_dir);
}

/* In the arena: the call that points to it outlives run_words(). */
static int make_context(const struct globals *globals, struct bw_arena *arena,
	const struct bw_context **ret, struct bw_err *err)
{
	struct bw_context *ctx = bw_arena_alloc(arena, sizeof *ctx);

	if (!ctx)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "command line");
	*ctx = (struct bw_context){
		.root = globals->root ? globals->root : default_root(arena),
		.root_is_default = !globals->root,
		.policy_path = globals->policy,
		.profile = globals->profile,
		.systemd_cgroup =
			globals->systemd_cgroup || bw_streq(globals->cgroup_manager, "systemd"),
		.no_cgroup = bw_streq(globals->cgroup_manager, "disabled"),
		.rootless = bw_streq(globals->rootless, "true")	   ? BW_ROOTLESS_TRUE
			    : bw_streq(globals->rootless, "false") ? BW_ROOTLESS_FALSE
								   : BW_ROOTLESS_AUTO,
		.debug = globals->debug || bw_streq(globals->log_level, "debug"),
	};
	if (!ctx->root)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "state root");
	if (globals->criu)
		bw_debug("--criu is without effect: criu is looked for in PATH");
	*ret = ctx;
	return 0;
}

static int check_count(const struct bw_verb *verb, size_t n, struct bw_err *err)
{
	bool few = n < verb->min_args;
	unsigned bound = few ? verb->min_args : verb->max_args;

	if (!few && (verb->max_args == BW_ARGS_ANY || n <= verb->max_args))
		return 0;
	bw_fail(err, BW_E_USAGE, 0, "\"%s\" requires %s %u argument(s)", verb->name,
		verb->min_args == verb->max_args ? "exactly"
		: few				 ? "a minimum of"
						 : "a maximum of",
		bound);
	return bw_hint(err, "usage: bulwark %s [options]%s%s", verb->name,
		*verb->synopsis ? " " : "", verb->synopsis);
}

/* "list --root DIR": right option, wrong place. */
static int place_of_option(struct bw_err *err)
{
	const char *name = bw_after_prefix(err->text, "flag provided but not defined: --");

	if (name && !err->hint[0] && bw_option_find(bw_global_options, name))
		return bw_hint(err, "--%s goes before the command", name);
	return -1;
}

/* Words of the verb itself: words[0] is its name. Exit status or -1. */
static int run_verb(struct bw_call *call, const struct bw_verb *verb, const char *const *words,
	const char **ret_id, struct bw_err *err)
{
	static const struct bw_option none[] = {BW_OPT_END};
	struct bw_words args;

	call->options = bw_arena_alloc(call->arena, verb->options_size + 1);
	if (!call->options)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "command line");
	if (bw_options_parse(verb->options ? verb->options : none, verb->stop_after, words + 1,
		    call->arena, call->options, &args, err) < 0)
		return place_of_option(err);
	if (args.help) {
		bw_help_verb(call->program, verb);
		return bw_put_done(err);
	}
	if (verb->takes_id)
		*ret_id = args.v[0];
	if (check_count(verb, args.n, err) < 0)
		return -1;
	call->args = args.v;
	call->args_n = args.n;
	return verb->run(call, err);
}

/* Everything between the words and the exit status. *ret_failure is the status of a failure. */
static int run_words(struct bw_call *call, const char *const *words, int *ret_failure,
	const char **ret_id, struct bw_err *err)
{
	struct globals globals = {0};
	const struct bw_verb *verb;
	struct bw_err ignored;
	struct bw_words rest;

	if (bw_options_parse(bw_global_options, 1, words, call->arena, &globals, &rest, err) < 0) {
		/* The caller reads the log: what was said of it before the fault counts. */
		if (open_log(&globals, &ignored) < 0)
			bw_debug("%s", ignored.text);
		return -1;
	}
	if (open_log(&globals, err) < 0 || make_context(&globals, call->arena, &call->ctx, err) < 0)
		return -1;
	if (globals.version)
		return bw_put_text(bw_version_text(), err);
	if (rest.n == 0) {
		bw_help_overview(call->program);
		return bw_put_done(err);
	}
	if (bw_verb_find(rest.v[0], &verb, err) < 0)
		return -1;
	*ret_failure = verb->failure ? verb->failure : EXIT_FAILURE;
	return run_verb(call, verb, rest.v, ret_id, err);
}

int main(int argc, char **argv)
{
	struct bw_arena arena = BW_ARENA_INIT;
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	struct bw_call call = {.arena = &arena};
	struct bw_err err = {0};
	const char *id = NULL;
	int status, failure = EXIT_FAILURE;

	if (argc < 1 || fill_standard_descriptors() < 0)
		return EXIT_FAILURE;
	call.program = slash ? slash + 1 : argv[0];
	status = run_words(&call, (const char *const *)argv + 1, &failure, &id, &err);
	if (status < 0) {
		bw_log_error(&err, id);
		status = failure;
	}
	bw_arena_done(&arena);
	return status;
}
