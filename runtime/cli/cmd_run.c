/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_run.c - bulwark run, bulwark-run(8). */
#include "cli/verb.h"

#include <stdio.h>

static const struct bw_option run_options[] = {
	BW_OPT_PATH(struct bw_create_options, bundle, "bundle", 'b', "DIR",
		"directory with config.json (default: the working directory)"),
	BW_OPT_FLAG(struct bw_create_options, detach, "detach", 'd', "do not wait for the program"),
	BW_OPT_FLAG(struct bw_create_options, keep, "keep", 0,
		"do not delete the container at its end"),
	BW_OPT_PATH(struct bw_create_options, console_socket, "console-socket", 0, "SOCKET",
		"socket that gets the terminal's master end"),
	BW_OPT_PATH(struct bw_create_options, pid_file, "pid-file", 0, "FILE",
		"write the process id to FILE"),
	BW_OPT_PATH(struct bw_create_options, pidfd_socket, "pidfd-socket", 0, "SOCKET",
		"socket that gets a pidfd of the process"),
	BW_OPT_FLAG(struct bw_create_options, no_pivot, "no-pivot", 0,
		"do not use pivot_root (for a rootfs on a ramdisk)"),
	BW_OPT_FLAG(struct bw_create_options, no_new_keyring, "no-new-keyring", 0,
		"keep the caller's session keyring"),
	BW_OPT_FLAG(struct bw_create_options, no_subreaper, "no-subreaper", 0,
		"accepted for old callers"),
	BW_OPT_NUMBER(struct bw_create_options, preserve_fds, "preserve-fds", 0, "N",
		"pass N more descriptors, from 3 upwards"),
	BW_OPT_PATH(struct bw_create_options, learn, "learn", 0, "FILE",
		"write the seccomp profile that the program needs to FILE"),
	BW_OPT_END,
};

/* On standard error, also where there is a log file: whoever learns a profile sits before it. Behind the run, as all before
 * it is done twice (bw_self_protect()). */
static void say_learned(const char *path, const struct bw_learning *learned)
{
	fprintf(stderr, "learning: %s: %zu system calls, %zu of them new; %zu combinations of arguments, %zu of them new\n", path,
		learned->calls, learned->new_calls, learned->values, learned->new_values);
	if (learned->nameless)
		fprintf(stderr, "learning: %llu calls have no name here and are not in the profile\n", learned->nameless);
}

static int learn(const struct bw_call *call, const struct bw_create_options *options, int *ret_code, struct bw_err *err)
{
	struct bw_learning learned = {0};
	struct bw_create_options learning = *options;

	if (options->detach)
		return bw_fail(err, BW_E_USAGE, 0,
			"--learn stays beside the container until its end: it cannot be used with --detach");
	learning.ret_learning = &learned;
	if (bw_container_run(call->ctx, call->args[0], &learning, ret_code, err) < 0)
		return -1;
	say_learned(options->learn, &learned);
	return 0;
}

static int run(const struct bw_call *call, struct bw_err *err)
{
	struct bw_create_options *options = call->options;
	int code = 0;

	if (!options->bundle && bw_absolute_path(".", call->arena, &options->bundle, err) < 0)
		return -1;
	if (options->learn ? learn(call, options, &code, err) < 0
			   : bw_container_run(call->ctx, call->args[0], options, &code, err) < 0)
		return -1;
	return code;
}

const struct bw_verb bw_verb_run = {
	.name = "run",
	.group = BW_VERB_RUN,
	.about = "create and start a container, and wait for it",
	.synopsis = "CONTAINER",
	.details = "Exits with the program's status, 128 + N when signal N ended it, 0 with "
		   "--detach.\n\n"
		   "EXAMPLE:\n"
		   "   bulwark run -b /srv/app app1\n"
		   "   bulwark run --learn app.seccomp.json -b /srv/app app1\n",
	.options = run_options,
	.options_size = sizeof(struct bw_create_options),
	.min_args = 1,
	.max_args = 1,
	.takes_id = true,
	.run = run,
};
