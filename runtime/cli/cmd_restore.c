/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_restore.c - bulwark restore, bulwark-restore(8). */
#include "cli/verb.h"

struct restore_options {
	struct bw_image_options image;
	struct bw_create_options create;
};

static const struct bw_option restore_options[] = {
	BW_OPT_PATH(struct restore_options, create.bundle, "bundle", 'b', "DIR",
		"directory with config.json (default: the working directory)"),
	BW_OPT_FLAG(struct restore_options, create.detach, "detach", 'd', "do not wait for the program"),
	BW_OPT_PATH(struct restore_options, create.console_socket, "console-socket", 0, "SOCKET",
		"socket that gets the terminal's master end"),
	BW_OPT_PATH(struct restore_options, create.pid_file, "pid-file", 0, "FILE",
		"write the process id to FILE"),
	BW_OPT_PATH(struct restore_options, image.image_path, "image-path", 0, "DIR",
		"directory with the image (default: ./checkpoint)"),
	BW_OPT_PATH(struct restore_options, image.work_path, "work-path", 0, "DIR",
		"directory for criu's log (default: that of the image)"),
	BW_OPT_FLAG(struct restore_options, image.tcp_established, "tcp-established", 0,
		"restore TCP connections that were open"),
	BW_OPT_FLAG(struct restore_options, image.ext_unix_sk, "ext-unix-sk", 0,
		"permit UNIX sockets that lead outside"),
	BW_OPT_FLAG(struct restore_options, image.shell_job, "shell-job", 0,
		"permit a session and terminal of the outside"),
	BW_OPT_FLAG(struct restore_options, image.file_locks, "file-locks", 0, "restore file locks"),
	BW_OPT_FLAG(struct restore_options, image.lazy_pages, "lazy-pages", 0,
		"fetch memory when it is asked for"),
	BW_OPT_TEXT(struct restore_options, image.manage_cgroups_mode, "manage-cgroups-mode", 0, "MODE",
		"what criu does with cgroups: soft, full, strict, ignore"),
	BW_OPT_LIST(struct restore_options, image.empty_ns, "empty-ns", 0, "TYPE",
		"make the namespace empty; only network, which always is"),
	BW_OPT_FLAG(struct restore_options, image.auto_dedup, "auto-dedup", 0,
		"remove from the image what has been restored"),
	BW_OPT_TEXT(struct restore_options, image.lsm_profile, "lsm-profile", 0, "TYPE:NAME",
		"label of the processes, in place of the image's"),
	BW_OPT_TEXT(struct restore_options, image.lsm_mount_context, "lsm-mount-context", 0, "CONTEXT",
		"label of the mounts, in place of the image's"),
	BW_OPT_FLAG(struct restore_options, create.no_subreaper, "no-subreaper", 0,
		"do not adopt processes that outlive their parents"),
	BW_OPT_FLAG(struct restore_options, create.no_pivot, "no-pivot", 0,
		"accepted for old callers"),
	BW_OPT_END,
};

static int run(const struct bw_call *call, struct bw_err *err)
{
	struct restore_options *options = call->options;
	int code = 0;

	if (!options->create.bundle && bw_absolute_path(".", call->arena, &options->create.bundle, err) < 0)
		return -1;
	if (bw_container_restore(call->ctx, call->args[0], &options->image, &options->create, &code, err) < 0)
		return -1;
	return code;
}

const struct bw_verb bw_verb_restore = {
	.name = "restore",
	.group = BW_VERB_RUN,
	.about = "start a container from what checkpoint has saved",
	.synopsis = "CONTAINER",
	.details = "Done by criu(8). Exits as \"run\" does.\n\n"
		   "EXAMPLE:\n"
		   "   bulwark restore -b /srv/app --image-path /srv/image app1\n",
	.options = restore_options,
	.options_size = sizeof(struct restore_options),
	.min_args = 1,
	.max_args = 1,
	.takes_id = true,
	.run = run,
};
