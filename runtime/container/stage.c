/* SPDX-License-Identifier: Apache-2.0 */
/* stage.c - files of the host into a container's workspace: what may be brought in the hardened spec says, what there is
 * stage_look.c, and stage_write.c brings it. The container may do with its workspace what it likes meanwhile. */
#include "container/bulwark.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "container/audit_note.h"
#include "container/prepare.h"
#include "container/stage.h"
#include "container/state.h"
#include "container/stopped.h"
#include "metrics/metrics.h"

struct staging {
	const struct bw_stage_options *options;
	struct bw_arena arena;
	struct bw_container container;
	struct bw_spec *spec;
	struct bw_stage stage;
	struct bw_stage_writer writer;
	int pidfd;
	bool too_large; /* something was, for the policy */
};

static void staging_done(struct staging *staging)
{
	const int fds[] = {staging->pidfd, staging->writer.workspace, staging->writer.charge};

	for (size_t i = 0; i < BW_COUNT(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	bw_stage_done(&staging->stage);
	bw_container_close(&staging->container);
	bw_arena_done(&staging->arena);
}

static int check_status(const struct bw_container *container, struct bw_err *err)
{
	switch (bw_container_status(container)) {
	case BW_STATUS_CREATED:
	case BW_STATUS_RUNNING:
		return 0;
	case BW_STATUS_PAUSED:
		/* On cgroup v2 the writer would stop with the rest. */
		return bw_fail(err, BW_E_STATE, 0, "cannot stage files into a paused container");
	case BW_STATUS_STOPPED:
		return bw_fail(err, BW_E_STATE, 0, "cannot stage files into a stopped container");
	case BW_STATUS_CREATING:
		break;
	}
	return bw_fail(err, BW_E_STATE, 0, "cannot stage files into a container that is still being created");
}

static int open_container(struct staging *staging, const struct bw_context *ctx, const char *id, struct bw_err *err)
{
	struct bw_container *container = &staging->container;
	const struct bw_spec_hardening *hardening;

	if (bw_container_open(ctx, id, false, false, &staging->arena, container, err) < 0 ||
		check_status(container, err) < 0 ||
		bw_state_load_spec(container, &staging->arena, &staging->spec, err) < 0)
		return -1;
	hardening = staging->spec->hardening;
	if (hardening && bw_stopped_check(hardening->tenant, err) < 0)
		return -1;
	if (!hardening || !hardening->workspace || !hardening->stage) {
		bw_fail(err, BW_E_DENIED, 0, "container %s has no workspace to stage files into", id);
		snprintf(err->rule, sizeof err->rule, "workspace");
		return bw_hint(err, "workspace of the policy gives containers one");
	}
	/* What its process has for a root is the backend's affair: a workspace there may be none. */
	if (container->state->backend)
		return bw_fail(err, BW_E_DENIED, 0, "container %s was made by %s, which shows its workspace to nobody", id,
			container->state->backend->program);
	staging->stage.limits = hardening->stage;
	staging->pidfd = bw_pidfd_of(container->pid, container->start_time);
	return staging->pidfd < 0 ? bw_fail(err, BW_E_STATE, 0, "cannot stage files into a stopped container") : 0;
}

/* ---- whose files they become ---- */

/* The id of the host that a process's id is, from /proc/PID/uid_map: "inside outside count" a line. */
static int outside(const struct staging *staging, const char *map, uint64_t id, uint32_t *ret, struct bw_err *err)
{
	char path[64];
	auto_free char *text = NULL;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)staging->container.pid, map);
	if (bw_read_file(path, 1 << 20, &text, NULL, err) < 0)
		return -1;
	for (char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		uint64_t first, host, count;

		if (bw_parse_word(line, 0, UINT32_MAX, &first) < 0 || bw_parse_word(line, 1, UINT32_MAX, &host) < 0 ||
			bw_parse_word(line, 2, UINT32_MAX, &count) < 0)
			break;
		if (id >= first && id - first < count) {
			*ret = (uint32_t)(host + (id - first));
			return 0;
		}
	}
	return bw_fail(err, BW_E_STATE, 0, "the container's user %llu is nobody on this host (%s)",
		(unsigned long long)id, map);
}

static int find_user(struct staging *staging, struct bw_err *err)
{
	static const struct bw_spec_user root;
	const struct bw_spec_process *process = staging->spec->process;
	const struct bw_spec_user *user = process && process->user ? process->user : &root;
	uint32_t uid = 0, gid = 0;

	if (outside(staging, "uid_map", user->uid.v, &uid, err) < 0 ||
		outside(staging, "gid_map", user->gid.v, &gid, err) < 0)
		return -1;
	staging->writer.uid = uid;
	staging->writer.gid = gid;
	return 0;
}

/* ---- where they go ---- */

/* Beneath the container's root, without links, and a mount of its own: anything else is not what the policy has put
 * there. */
static int open_workspace(struct staging *staging, struct bw_err *err)
{
	const char *place = staging->spec->hardening->workspace;
	auto_close int proc = bw_preparation_open_proc(err);
	auto_close int root = -1;
	struct statx stx;
	char path[32];
	int fd;

	if (proc < 0)
		return -1;
	snprintf(path, sizeof path, "%d/root", (int)staging->container.pid);
	root = openat(proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening the root of the container");
	/* The number may be somebody else's by now. */
	if (bw_pidfd_send_signal(staging->pidfd, 0) < 0)
		return bw_fail(err, BW_E_STATE, 0, "cannot stage files into a stopped container");
	fd = bw_open_in(root, place, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
	if (fd < 0)
		return bw_fail(err, BW_E_STATE, -fd, "opening the workspace %s", place);
	staging->writer.workspace = fd;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "examining the workspace %s", place);
	if (!(stx.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return bw_fail(err, BW_E_STATE, 0, "%s is no mount any more, so it is not the container's workspace", place);
	return 0;
}

/* ---- what is said ---- */

static int collect_patterns(struct staging *staging, struct bw_err *err)
{
	const struct bw_strs *ours = &staging->stage.limits->patterns;
	const char *const *more = staging->options->patterns;
	struct bw_strs *list = &staging->writer.patterns;

	for (size_t i = 0; i < ours->n; i++)
		if (bw_strs_add(&staging->arena, list, ours->v[i]) < 0)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "stage");
	for (size_t i = 0; more && more[i]; i++) {
		if (i == BW_STAGE_PATTERNS)
			return bw_fail(err, BW_E_USAGE, 0, "--warn-pattern: at most %d texts are looked for",
				BW_STAGE_PATTERNS);
		if (!*more[i] || strlen(more[i]) > BW_STAGE_PATTERN_LONGEST)
			return bw_fail(
				err, BW_E_USAGE, 0, "--warn-pattern: expected 1 to %d bytes", BW_STAGE_PATTERN_LONGEST);
		if (bw_strs_add(&staging->arena, list, more[i]) < 0)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "stage");
	}
	return 0;
}

static void warn(const struct bw_stage_item *item, uint64_t patterns, void *ctx)
{
	struct staging *staging = ctx;
	const char *name = bw_stage_printable(item->name, &staging->arena);

	for (size_t i = 0; name && i < staging->writer.patterns.n; i++)
		if (patterns & UINT64_C(1) << i)
			bw_log(BW_LOG_WARNING, "%s has \"%s\" in it", name, staging->writer.patterns.v[i]);
}

/* One fault is the error; of more each is said before. */
static int report_faults(const struct bw_stage *stage, struct bw_err *err)
{
	if (!stage->faults.n)
		return 0;
	for (size_t i = 0; stage->faults.n > 1 && i < stage->faults.n; i++)
		bw_log(BW_LOG_ERROR, "%s", stage->faults.v[i]);
	if (stage->faults.n > 1)
		bw_fail(err, BW_E_DENIED, 0, "%zu files or directories cannot be staged, so nothing was", stage->faults.n);
	else
		bw_fail(err, BW_E_DENIED, 0, "%s; nothing was staged", stage->faults.v[0]);
	snprintf(err->rule, sizeof err->rule, "stage");
	return -1;
}

static void count_violations(const struct bw_container *container, size_t more)
{
	struct bw_err why = {0};

	if (more && bw_size_violations_add(container->dir, more, &why) < 0)
		bw_log(BW_LOG_WARNING, "%s/%s", container->path, why.text);
}

/* What it came to, for the audit trail: what was brought in, or why nothing was. */
static int note(const struct staging *staging, int r, const struct bw_err *err)
{
	const struct bw_audited who = bw_audited_state(staging->container.state);
	char files[24], bytes[24];
	const struct bw_audit_more more[] = {
		{"destination", staging->options->destination}, {"files", files}, {"bytes", bytes}};

	snprintf(files, sizeof files, "%zu", staging->stage.items.n);
	snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)staging->stage.bytes);
	if (r == 0)
		bw_note_event(&who, BW_AUDIT_STAGE, NULL, more, BW_COUNT(more));
	else if (staging->too_large)
		bw_note_event(&who, BW_AUDIT_SIZE_VIOLATION, err ? err->text : NULL, more, 1);
	else
		return bw_note_end(&who, "stage", r, err);
	return r;
}

static int copy(struct staging *staging, struct bw_err *err)
{
	struct bw_stage *stage = &staging->stage;
	size_t written;
	bool too_large;
	int r = bw_stage_write(stage, &staging->writer, warn, staging, &written, &too_large, err);

	if (too_large) {
		staging->too_large = true;
		count_violations(&staging->container, 1);
	}
	if (r < 0 && written)
		bw_because(err, "%zu of %zu files and directories are in the workspace", written, stage->items.n);
	return r;
}

static int go(struct staging *staging, const struct bw_context *ctx, const char *id, struct bw_err *err)
{
	struct bw_stage *stage = &staging->stage;
	int r;

	if (open_container(staging, ctx, id, err) < 0 || collect_patterns(staging, err) < 0 || find_user(staging, err) < 0 ||
		open_workspace(staging, err) < 0)
		return -1;
	if (staging->container.state->cgroups && bw_cgroup_open_charge(staging->container.state->cgroups,
							 staging->container.pid, &staging->writer.charge, err) < 0)
		return -1;
	r = bw_stage_look(stage, staging->options->sources, staging->options->destination, err);
	staging->too_large = stage->too_large > 0;
	count_violations(&staging->container, stage->too_large);
	if (r < 0 || report_faults(stage, err) < 0)
		return -1;
	return copy(staging, err);
}

int bw_container_stage(
	const struct bw_context *ctx, const char *id, const struct bw_stage_options *options, struct bw_err *err)
{
	__attribute__((cleanup(staging_done))) struct staging staging = {
		.options = options,
		.arena = BW_ARENA_INIT,
		.container = BW_CONTAINER_INIT,
		.writer = {.workspace = -1, .charge = -1, .force = options->force},
		.pidfd = -1,
	};

	int r;

	staging.stage.arena = &staging.arena;
	r = go(&staging, ctx, id, err);
	return staging.container.state ? note(&staging, r, err) : r;
}
