/* SPDX-License-Identifier: Apache-2.0 */
/* reap.c - what a crash has left is removed: containers whose creation was killed, those that have stopped and that nobody
 * deletes, those that are past their time limit because whoever kept it was killed, and what is kept of tenants that have
 * not started anything for long. A container that lives within its limits is not touched, and none that a verb is at work
 * on: that one has the lock of its directory.
 *
 * When a container has stopped is on no record, so one is marked when it is seen, and removed by a later look: an engine
 * deletes its containers itself, and must find them until then. */
#include "container/bulwark.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "container/audit_note.h"
#include "container/lease.h"
#include "container/registry.h"
#include "container/start_rate.h"
#include "container/state.h"
#include "container/undo.h"

#define MARK "stopped"

/* Behind a limit, before we say that nobody keeps it. */
enum { SLACK_MS = 5000 };

struct deed {
	const char *root, *id, *what, *why;
	bool failed;
};

struct reaping {
	const struct bw_reap_options *options;
	const char *policy_path;
	struct bw_arena arena;
	struct {
		struct deed *v;
		size_t n;
	} deeds;
};

static int out_of_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, ENOMEM, "reap");
}

static void record(const struct reaping *r, const struct deed *deed)
{
	const struct bw_audit_more more[] = {{"action", deed->what}, {"root", deed->root}};
	const struct bw_audit_record line = {
		.event = BW_AUDIT_REAP, .id = deed->id, .reason = deed->why, .more = more, .more_n = BW_COUNT(more)};

	bw_note_host(r->policy_path, &line);
}

/* What was done, or would be, or could not be. */
static int note(struct reaping *r, struct deed deed, struct bw_err *err)
{
	struct deed *slot = bw_push(&r->arena, &r->deeds);

	if (!slot)
		return out_of_memory(err);
	*slot = deed;
	slot->root = bw_arena_strdup(&r->arena, deed.root);
	slot->id = bw_arena_strdup(&r->arena, deed.id);
	slot->why = bw_arena_strdup(&r->arena, deed.why);
	if (!slot->root || !slot->id || !slot->why)
		return out_of_memory(err);
	if (!r->options->dry_run)
		record(r, slot);
	return 0;
}

static uint64_t clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t age_ms(const struct stat *st)
{
	uint64_t then = (uint64_t)st->st_mtim.tv_sec * 1000 + (uint64_t)st->st_mtim.tv_nsec / 1000000;
	uint64_t now = clock_ms(CLOCK_REALTIME);

	return now > then ? now - then : 0;
}

static bool is_old(const struct reaping *r, const struct stat *st)
{
	return age_ms(st) >= r->options->older_than_ms;
}

/* --- one container --- */

/* Its container is locked, and nobody's. */
static int remove_one(struct reaping *r, const char *root, struct bw_container *container, const char *id, const char *why,
	struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err failed = {0}, ignored = {0};
	struct bw_spec *spec = NULL;

	if (container->state && bw_state_load_spec(container, &arena, &spec, &ignored) < 0)
		bw_debug("reap: %s", ignored.text);
	if (!r->options->dry_run && bw_remove(container, spec, &failed) < 0)
		return note(r, (struct deed){root, id, "remove", failed.text, true}, err);
	return note(r, (struct deed){root, id, "remove", why, false}, err);
}

/* The mark is new, or not old enough: 0; 1: it is; -1: it cannot be made. */
static int is_marked(const struct reaping *r, const struct bw_container *container)
{
	auto_close int fd = -1;
	struct stat st;

	if (r->options->older_than_ms == 0)
		return 1;
	if (fstatat(container->dir, MARK, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return is_old(r, &st);
	if (r->options->dry_run)
		return 0;
	fd = openat(container->dir, MARK, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -1 : 0;
}

static int reap_stopped(
	struct reaping *r, const char *root, struct bw_container *container, const char *id, struct bw_err *err)
{
	int marked = is_marked(r, container);

	if (marked < 0)
		return note(r,
			(struct deed){
				root, id, "remove", "it has stopped, and its directory cannot be written to", true},
			err);
	return marked ? remove_one(r, root, container, id, "it has stopped, and nobody has deleted it", err) : 0;
}

static bool is_overdue(const struct bw_container *container)
{
	const struct bw_state *state = container->state;
	uint64_t limit;
	struct stat st;

	if (!state || !state->ttl_ms.set || bw_container_waits(container) || bw_state_life(container, &st) < 0)
		return false;
	return !__builtin_add_overflow(state->ttl_ms.v, state->grace_ms.v + SLACK_MS, &limit) && age_ms(&st) > limit;
}

static int reap_living(struct reaping *r, const char *root, const struct bw_container *container, const char *id,
	struct bw_err *err)
{
	static const char why[] = "its time is over, and nobody has ended it";
	struct bw_err failed = {0};

	if (!is_overdue(container))
		return 0;
	if (!r->options->dry_run && bw_end_processes(container, &failed) < 0)
		return note(r, (struct deed){root, id, "end", failed.text, true}, err);
	return note(r, (struct deed){root, id, "end", why, false}, err);
}

static int reap_open(struct reaping *r, const char *root, struct bw_container *container, const char *id, struct bw_err *err)
{
	struct stat st;

	if (fstat(container->dir, &st) < 0)
		return 0;
	if (container->pid <= 0)
		return is_old(r, &st) ? remove_one(r, root, container, id, "its creation was killed", err) : 0;
	switch (bw_container_status(container)) {
	case BW_STATUS_STOPPED:
		return reap_stopped(r, root, container, id, err);
	case BW_STATUS_RUNNING:
	case BW_STATUS_PAUSED:
		return reap_living(r, root, container, id, err);
	case BW_STATUS_CREATING:
	case BW_STATUS_CREATED:
		break;
	}
	return 0;
}

static int reap_one(struct reaping *r, const struct bw_registered *one, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_container struct bw_container container = BW_CONTAINER_INIT;
	const struct bw_context ctx = {.root = one->root};
	struct bw_err ignored = {0};

	/* Mounts and cgroups that its state names are those of its own namespace: a reap there removes it. */
	if (!one->prefix || *one->prefix)
		return 0;
	if (bw_container_open(&ctx, one->id, false, true, &arena, &container, &ignored) < 0 ||
		!bw_container_try_lock(&container, &arena))
		return 0;
	return reap_open(r, one->root, &container, one->id, err);
}

/* --- directories of creations that were killed before they were on the list --- */

static bool is_listed(const struct bw_registry *registry, const char *root, const char *id)
{
	for (size_t i = 0; i < registry->n; i++)
		if (bw_streq(registry->v[i].root, root) && bw_streq(registry->v[i].id, id))
			return true;
	return false;
}

static bool is_empty(int dir, const char *name)
{
	auto_closedir DIR *stream = NULL;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;

	stream = fd < 0 ? NULL : fdopendir(fd);
	while (stream && (entry = readdir(stream)))
		if (!bw_streq(entry->d_name, ".") && !bw_streq(entry->d_name, ".."))
			return false;
	return stream != NULL;
}

/* It is empty, root's alone, and named as we would. */
static bool is_unfinished(int dir, const char *name, struct stat *ret)
{
	struct bw_err ignored = {0};

	return bw_id_check(name, &ignored) == 0 && fstatat(dir, name, ret, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(ret->st_mode) && (ret->st_mode & 07777) == 0700 && ret->st_uid == geteuid() &&
	       is_empty(dir, name);
}

/* Only where all else is a container: whoever keeps other things beside them may have empty directories, too. */
static bool is_a_root_of_ours(DIR *stream, const struct bw_registry *registry, const char *root)
{
	struct dirent *entry;
	struct stat st;

	rewinddir(stream);
	while ((entry = readdir(stream)))
		if (entry->d_name[0] != '.' && !is_listed(registry, root, entry->d_name) &&
			!is_unfinished(dirfd(stream), entry->d_name, &st))
			return false;
	rewinddir(stream);
	return true;
}

static int reap_root(struct reaping *r, const struct bw_registry *registry, const char *root, struct bw_err *err)
{
	auto_closedir DIR *stream = opendir(root);
	struct dirent *entry;
	struct stat st;

	if (!stream || !is_a_root_of_ours(stream, registry, root))
		return 0;
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] == '.' || is_listed(registry, root, entry->d_name) ||
			!is_unfinished(dirfd(stream), entry->d_name, &st) || !is_old(r, &st))
			continue;
		/* Fails when it is not empty after all. */
		if (!r->options->dry_run && unlinkat(dirfd(stream), entry->d_name, AT_REMOVEDIR) < 0)
			continue;
		if (note(r, (struct deed){root, entry->d_name, "remove", "its creation was killed", false}, err) < 0)
			return -1;
	}
	return 0;
}

static int reap_roots(struct reaping *r, const struct bw_registry *registry, const char *root, struct bw_err *err)
{
	for (size_t i = 0; i < registry->n; i++) {
		const char *one = registry->v[i].root;
		size_t before = 0;

		while (before < i && !bw_streq(registry->v[before].root, one))
			before++;
		if (before < i || bw_streq(one, root) || !registry->v[i].prefix || *registry->v[i].prefix)
			continue;
		if (reap_root(r, registry, one, err) < 0)
			return -1;
	}
	return reap_root(r, registry, root, err);
}

/* --- what is said --- */

static int say_json(const struct reaping *r, char **ret, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	int failed;

	if (!w)
		return out_of_memory(err);
	bw_json_begin_array(w);
	for (size_t i = 0; i < r->deeds.n; i++) {
		const struct deed *d = &r->deeds.v[i];
		const struct {
			const char *key, *value;
		} members[] = {{"root", d->root}, {"id", d->id}, {"action", d->what}, {"why", d->why}};

		bw_json_begin_object(w);
		for (size_t k = 0; k < BW_COUNT(members); k++) {
			bw_json_key(w, members[k].key);
			bw_json_string(w, members[k].value);
		}
		bw_json_key(w, "failed");
		bw_json_bool(w, d->failed);
		bw_json_end_object(w);
	}
	bw_json_end_array(w);
	failed = bw_json_writer_end(w, ret, NULL, err);
	bw_json_writer_free(w);
	return failed;
}

static int say_text(const struct reaping *r, char **ret, struct bw_err *err)
{
	size_t size = 1;
	struct bw_buf buf;

	for (size_t i = 0; i < r->deeds.n; i++)
		size += strlen(r->deeds.v[i].root) + strlen(r->deeds.v[i].id) + strlen(r->deeds.v[i].why) + 32;
	*ret = malloc(size);
	if (!*ret)
		return out_of_memory(err);
	buf = bw_buf_over(*ret, size);
	for (size_t i = 0; i < r->deeds.n; i++)
		bw_buf_addf(&buf, "%s%s %s of %s: %s\n", r->deeds.v[i].failed ? "failed: " : "", r->deeds.v[i].what,
			r->deeds.v[i].id, r->deeds.v[i].root, r->deeds.v[i].why);
	return 0;
}

static int reap(struct reaping *r, const struct bw_context *ctx, struct bw_err *err)
{
	auto_close int store = -1;
	struct bw_registry registry;

	if (geteuid() != 0)
		return bw_fail(err, BW_E_USAGE, 0, "reap is root's: it is for the containers of the host");
	store = bw_lease_open(err);
	if (store < 0 || bw_registry_read(store, &r->arena, &registry, err) < 0)
		return -1;
	for (size_t i = 0; i < registry.n; i++)
		if (reap_one(r, &registry.v[i], err) < 0)
			return -1;
	if (reap_roots(r, &registry, ctx->root, err) < 0)
		return -1;
	return r->options->dry_run ? 0 : bw_start_rate_sweep(store, clock_ms(CLOCK_BOOTTIME), err);
}

int bw_reap(const struct bw_context *ctx, const struct bw_reap_options *options, char **ret_text, int *ret_verdict,
	struct bw_err *err)
{
	struct reaping r = {.options = options, .policy_path = ctx->policy_path, .arena = BW_ARENA_INIT};
	int result = reap(&r, ctx, err);

	if (result == 0)
		result = options->json ? say_json(&r, ret_text, err) : say_text(&r, ret_text, err);
	*ret_verdict = 0;
	for (size_t i = 0; i < r.deeds.n; i++)
		*ret_verdict |= r.deeds.v[i].failed;
	bw_arena_done(&r.arena);
	return result;
}
