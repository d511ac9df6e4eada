/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.c - a container into a directory, by criu(8). The decision that was stored at create says whether it may be
 * done; what criu is told of the container is from its stored spec and from the kernel. */
#include "container/bulwark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "container/audit_note.h"
#include "container/failure.h"
#include "container/image_mounts.h"
#include "container/images.h"
#include "container/state.h"
#include "container/undo.h"
#include "json/json.h"

enum { STATUS_BY_NOTIFICATION = 31500, FREEZER_OF_V2 = 31400 };

struct saving {
	const struct bw_image_options *asked;
	struct bw_arena arena;
	struct bw_container container;
	struct bw_spec *spec;
	struct bw_images images;
	struct bw_attempt attempt;
	int host_proc, status_fd;
};

static void saving_done(struct saving *saving)
{
	if (saving->host_proc >= 0)
		close(saving->host_proc);
	bw_images_done(&saving->images);
	bw_container_close(&saving->container);
	bw_arena_done(&saving->arena);
}

static int check_status(const struct saving *saving, struct bw_err *err)
{
	enum bw_status status = bw_container_status(&saving->container);

	switch (status) {
	case BW_STATUS_RUNNING:
	case BW_STATUS_PAUSED:
		return 0;
	case BW_STATUS_CREATING:
	case BW_STATUS_CREATED:
	case BW_STATUS_STOPPED:
		break;
	}
	return bw_fail(err, BW_E_STATE, 0, "Container cannot be checkpointed in %s state", bw_status_word(status));
}

static int open_all(struct saving *saving, const struct bw_context *ctx, const char *id, struct bw_err *err)
{
	const struct bw_profile *profile;

	if (bw_container_open(ctx, id, true, false, &saving->arena, &saving->container, err) < 0)
		return -1;
	saving->attempt.bundle = saving->container.state->bundle;
	saving->attempt.profile = saving->container.state->profile;
	saving->attempt.profile_reason = saving->container.state->profile_reason;
	if (check_status(saving, err) < 0)
		return -1;
	saving->host_proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (saving->host_proc < 0)
		return bw_fail(err, BW_E_HOST, errno, "opening the host's /proc");
	bw_attempt_enter(&saving->attempt, "ask the policy and look for criu");
	if (bw_state_load_spec(&saving->container, &saving->arena, &saving->spec, err) < 0 ||
		bw_state_load_profile(&saving->container, &saving->arena, &profile, err) < 0)
		return -1;
	saving->images.log_file = "dump.log";
	return bw_images_begin(&saving->images, "checkpoint", saving->asked, profile, saving->spec, &saving->arena, err);
}

/* One that was joined is not in the image: whoever restores brings it. Of the others criu makes new ones. */
static int name_namespace(struct saving *saving, const char *type, struct bw_err *err)
{
	const struct bw_spec_namespace *namespace = bw_spec_namespace(saving->spec, type);
	const char **slot;
	struct stat st;

	if (!namespace || !namespace->path)
		return 0;
	if (stat(namespace->path, &st) < 0)
		return bw_fail(err, BW_E_SPEC, errno, "stat %s", namespace->path);
	slot = bw_push(&saving->arena, &saving->images.options.external);
	if (slot)
		*slot = bw_arena_printf(&saving->arena, "%s[%llu]:%s", bw_images_namespace(type),
			(unsigned long long)st.st_ino, bw_images_namespace_key(type));
	return slot && *slot ? 0 : bw_fail(err, BW_E_MEMORY, ENOMEM, "checkpoint");
}

/* criu stops the processes by it; without one it stops each by ptrace. */
static const char *freezer_of(const struct saving *saving)
{
	const struct bw_cgroup_set *set = saving->container.state->cgroups;
	const struct bw_cgroup_dir *unified = NULL;

	for (size_t i = 0; set && i < set->dirs.n; i++) {
		const struct bw_cgroup_dir *dir = &set->dirs.v[i];

		if (dir->controllers && bw_streq(dir->controllers, "freezer"))
			return bw_arena_printf(saving->images.arena, "%s%s", dir->mountpoint, dir->path);
		if (!dir->controllers)
			unified = dir;
	}
	if (!unified || !bw_streq(set->mode, "v2") || saving->images.version < FREEZER_OF_V2)
		return NULL;
	return bw_arena_printf(saving->images.arena, "%s%s", unified->mountpoint, unified->path);
}

/* Somebody waits there for a zero byte: the server of lazy pages is ready. An older criu writes it itself. */
static int take_status_fd(struct saving *saving, struct bw_err *err)
{
	const char *text = saving->asked->status_fd;
	int64_t fd = -1;
	int flags;

	if (!text || !saving->asked->lazy_pages)
		return 0;
	if (bw_parse_i64(text, -1, 1 << 20, &fd) < 0)
		return bw_fail(err, BW_E_USAGE, 0, "invalid --status-fd argument %s: expected a number", text);
	if (fd < 0)
		return 0;
	flags = fcntl((int)fd, F_GETFL);
	if (flags < 0)
		return bw_fail(err, BW_E_USAGE, errno, "invalid --status-fd argument %s", text);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return bw_fail(err, BW_E_USAGE, 0, "invalid --status-fd argument %s: not writable", text);
	saving->status_fd = (int)fd;
	if (saving->images.version < STATUS_BY_NOTIFICATION)
		saving->images.options.status_fd = (int)fd;
	return 0;
}

static int check_features(struct saving *saving, struct bw_err *err)
{
	const struct bw_image_options *asked = saving->asked;

	if (!asked->pre_dump && !asked->lazy_pages)
		return 0;
	return bw_images_check_features(&saving->images, asked->pre_dump, asked->lazy_pages, err);
}

static int fill_options(struct saving *saving, struct bw_err *err)
{
	const struct bw_image_options *asked = saving->asked;
	struct bw_criu_options *options = &saving->images.options;

	options->root = saving->container.state->rootfs;
	options->pid = saving->container.pid;
	options->leave_running = asked->leave_running;
	options->tcp_skip_in_flight = asked->tcp_skip_in_flight;
	options->link_remap = asked->link_remap;
	options->parent_img = asked->parent_path && *asked->parent_path ? asked->parent_path : NULL;
	options->track_mem = options->parent_img != NULL;
	options->freeze_cgroup = freezer_of(saving);
	if (name_namespace(saving, "network", err) < 0 || name_namespace(saving, "pid", err) < 0 ||
		check_features(saving, err) < 0 || take_status_fd(saving, err) < 0)
		return -1;
	/* Memory alone needs no files. */
	if (asked->pre_dump)
		return 0;
	return bw_image_mounts_find(saving->spec, saving->host_proc, saving->container.pid, &saving->arena,
		&options->ext_mnt, err);
}

/* What 0, 1 and 2 were: restore gives its own in their place. The name and the form are runc's. */
static int write_descriptors(const struct saving *saving, struct bw_err *err)
{
	const struct bw_strs *descriptors = &saving->container.state->descriptors;
	struct bw_json_writer *w = bw_json_writer_new(false);
	auto_free char *text = NULL;
	size_t len;
	int r;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "writing descriptors.json");
	bw_json_begin_array(w);
	for (size_t i = 0; i < descriptors->n; i++)
		bw_json_string(w, descriptors->v[i]);
	bw_json_end_array(w);
	r = bw_json_writer_end(w, &text, &len, err);
	bw_json_writer_free(w);
	return r < 0 ? -1 : bw_replace_at(saving->images.images_dir, "descriptors.json", text, len, 0600, err);
}

static int notified(const char *stage, pid_t pid, int fd, void *ctx, struct bw_err *err)
{
	struct saving *saving = ctx;

	(void)pid, (void)fd, (void)err;
	bw_debug("criu: %s", stage);
	if (!bw_streq(stage, "status-ready") || saving->status_fd < 0)
		return 0;
	if (write(saving->status_fd, "", 1) != 1)
		bw_log(BW_LOG_WARNING, "--status-fd %d: %s", saving->status_fd, bw_errno_words(errno));
	close(saving->status_fd);
	saving->status_fd = -1;
	return 0;
}

static int save(struct saving *saving, struct bw_err *err)
{
	const struct bw_criu_request request = {
		.type = saving->asked->pre_dump ? BW_CRIU_PRE_DUMP : BW_CRIU_DUMP, .options = &saving->images.options};
	struct bw_criu criu = BW_CRIU_INIT;
	struct bw_criu_response answer;
	int r;

	if (bw_criu_begin(&criu, &saving->images.program, err) < 0)
		return -1;
	if (bw_criu_ask(&criu, &request, notified, saving, &answer, err) < 0) {
		bw_criu_abort(&criu);
		return bw_images_complain(&saving->images, err);
	}
	/* After a pre-dump criu waits for the dump: that we hang up is a failure to it alone. */
	r = bw_criu_end(&criu, err);
	if (r > 0 && !saving->asked->pre_dump) {
		bw_fail(err, BW_E_HOST, 0, "criu failed: exit status %d", r);
		return bw_images_complain(&saving->images, err);
	}
	return r < 0 ? -1 : 0;
}

static void note_saved(const struct saving *saving)
{
	const struct bw_audited who = bw_audited_state(saving->container.state);
	const struct bw_audit_more more[] = {{"images", saving->asked->image_path},
		{"leaveRunning", saving->asked->leave_running ? "true" : NULL},
		{"preDump", saving->asked->pre_dump ? "true" : NULL}};

	bw_note_event(&who, BW_AUDIT_CHECKPOINT, NULL, more, BW_COUNT(more));
}

static int checkpoint(struct saving *saving, const struct bw_context *ctx, const char *id, struct bw_err *err)
{
	struct bw_err left = {0};

	if (open_all(saving, ctx, id, err) < 0)
		return -1;
	bw_attempt_enter(&saving->attempt, "tell criu of the container");
	if (bw_images_open(&saving->images, true, saving->spec, err) < 0 || fill_options(saving, err) < 0)
		return -1;
	if (!saving->asked->pre_dump && write_descriptors(saving, err) < 0)
		return -1;
	bw_attempt_enter(&saving->attempt, "let criu save it");
	if (save(saving, err) < 0)
		return -1;
	note_saved(saving);
	if (saving->asked->leave_running || saving->asked->pre_dump)
		return 0;
	/* It is saved: what is left behind is no failure of that. */
	if (bw_remove(&saving->container, saving->spec, &left) < 0)
		bw_log(BW_LOG_WARNING, "%s", left.text);
	return 0;
}

int bw_container_checkpoint(const struct bw_context *ctx, const char *id, const struct bw_image_options *image,
	struct bw_err *err)
{
	__attribute__((cleanup(saving_done))) struct saving saving = {
		.asked = image,
		.arena = BW_ARENA_INIT,
		.container = BW_CONTAINER_INIT,
		.images = BW_IMAGES_INIT,
		.attempt = BW_ATTEMPT_INIT("checkpoint", id),
		.host_proc = -1,
		.status_fd = -1,
	};

	int r = checkpoint(&saving, ctx, id, err);

	if (saving.container.state) {
		const struct bw_audited who = bw_audited_state(saving.container.state);

		bw_note_end(&who, "checkpoint", r, err);
	}
	return bw_attempt_end(ctx, &saving.attempt, r, err);
}
