/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_create.c - bulwark create, bulwark-create(8). */
#include "cli/verb.h"

static const struct bw_option create_options[] = {
	BW_OPT_PATH(struct bw_create_options, bundle, "bundle", 'b', "DIR",
		"directory with config.json (default: the working directory)"),
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
	BW_OPT_NUMBER(struct bw_create_options, preserve_fds, "preserve-fds", 0, "N",
		"pass N more descriptors, from 3 upwards"),
	BW_OPT_END,
};

static int run(const struct bw_call *call, struct bw_err *err)
{
	struct bw_create_options *options = call->options;

	if (!options->bundle && bw_absolute_path(".", call->arena, &options->bundle, err) < 0)
		return -1;
	return bw_container_create(call->ctx, call->args[0], options, err);
}

const struct bw_verb bw_verb_create = {
	.name = "create",
	.group = BW_VERB_RUN,
	.about = "create a container",
	.synopsis = "CONTAINER",
	.details = "Makes the container that config.json describes, hardened by the policy. Its "
		   "program\n"
		   "waits until \"start\".\n",
	.options = create_options,
	.options_size = sizeof(struct bw_create_options),
	.min_args = 1,
	.max_args = 1,
	.takes_id = true,
	.run = run,
};
