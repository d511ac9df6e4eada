/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_checkpoint.c - bulwark checkpoint, bulwark-checkpoint(8). */
#include "cli/verb.h"

static const struct bw_option checkpoint_options[] = {
	BW_OPT_PATH(struct bw_image_options, image_path, "image-path", 0, "DIR",
		"directory for the image (default: ./checkpoint)"),
	BW_OPT_PATH(struct bw_image_options, work_path, "work-path", 0, "DIR",
		"directory for criu's log (default: that of the image)"),
	BW_OPT_TEXT(struct bw_image_options, parent_path, "parent-path", 0, "DIR",
		"image of an earlier --pre-dump, seen from --image-path"),
	BW_OPT_FLAG(struct bw_image_options, leave_running, "leave-running", 0,
		"let the container go on"),
	BW_OPT_FLAG(struct bw_image_options, tcp_established, "tcp-established", 0,
		"save TCP connections that are open"),
	BW_OPT_FLAG(struct bw_image_options, tcp_skip_in_flight, "tcp-skip-in-flight", 0,
		"leave out TCP connections that are being opened"),
	BW_OPT_FLAG(struct bw_image_options, link_remap, "link-remap", 0,
		"give removed files a name again, where possible"),
	BW_OPT_FLAG(struct bw_image_options, ext_unix_sk, "ext-unix-sk", 0,
		"permit UNIX sockets that lead outside"),
	BW_OPT_FLAG(struct bw_image_options, shell_job, "shell-job", 0,
		"permit a session and terminal of the outside"),
	BW_OPT_FLAG(struct bw_image_options, lazy_pages, "lazy-pages", 0,
		"serve memory when a restored container asks for it"),
	BW_OPT_TEXT(struct bw_image_options, status_fd, "status-fd", 0, "FD",
		"write a zero byte to FD when --lazy-pages is ready"),
	BW_OPT_TEXT(struct bw_image_options, page_server, "page-server", 0, "ADDRESS:PORT",
		"where memory is sent to, or served"),
	BW_OPT_FLAG(struct bw_image_options, file_locks, "file-locks", 0, "save file locks"),
	BW_OPT_FLAG(struct bw_image_options, pre_dump, "pre-dump", 0,
		"save memory alone, and let the container go on"),
	BW_OPT_TEXT(struct bw_image_options, manage_cgroups_mode, "manage-cgroups-mode", 0, "MODE",
		"what criu does with cgroups: soft, full, strict, ignore"),
	BW_OPT_LIST(struct bw_image_options, empty_ns, "empty-ns", 0, "TYPE",
		"leave out what is in the namespace; only network, which always is"),
	BW_OPT_FLAG(struct bw_image_options, auto_dedup, "auto-dedup", 0,
		"remove from the parent image what this one has anew"),
	BW_OPT_END,
};

static int run(const struct bw_call *call, struct bw_err *err)
{
	return bw_container_checkpoint(call->ctx, call->args[0], call->options, err);
}

const struct bw_verb bw_verb_checkpoint = {
	.name = "checkpoint",
	.group = BW_VERB_RUN,
	.about = "save a running container into a directory",
	.synopsis = "CONTAINER",
	.details = "Done by criu(8). The container is deleted then, unless --leave-running or "
		   "--pre-dump\n"
		   "lets it go on.\n",
	.options = checkpoint_options,
	.options_size = sizeof(struct bw_image_options),
	.min_args = 1,
	.max_args = 1,
	.takes_id = true,
	.run = run,
};
