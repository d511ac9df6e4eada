/* SPDX-License-Identifier: Apache-2.0 */
/* failure.c - writing and reading records of failures. They hold what the error and the plan say, paths among it,
 * never an environment: 0600 in a directory that is ours. */
#include "container/failure.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "container/state.h"
#include "control/compile.h"
#include "json/text.h"
#include "plan/plan.h"

/* Of the plan's many steps: the last ones before the failure, the first ones behind it. */
enum { STEPS_BEFORE = 6, STEPS_BEHIND = 3 };

static const char done[] = "done", failed[] = "failed", not_reached[] = "not reached";

static const struct bw_field step_fields[] = {
	BW_FIELD(struct bw_failure_step, what, "step", .flags = BW_REQUIRED, .doc = "what was to be done"),
	BW_FIELD(struct bw_failure_step, result, "result", .flags = BW_REQUIRED, .doc = "done, failed or not reached"),
	BW_END,
};

static const struct bw_schema step_schema = {
	.name = "step",
	.size = sizeof(struct bw_failure_step),
	.unknown = BW_UNKNOWN_NOTE,
	.fields = step_fields,
};

static const struct bw_field failure_fields[] = {
	BW_FIELD(struct bw_failure, id, "id", .flags = BW_REQUIRED, .doc = "the container's id"),
	BW_FIELD(struct bw_failure, verb, "verb", .flags = BW_REQUIRED, .doc = "create, run, start or exec"),
	BW_FIELD(struct bw_failure, time, "time", .flags = BW_REQUIRED, .doc = "when, RFC 3339 in UTC"),
	BW_FIELD(struct bw_failure, message, "message", .flags = BW_REQUIRED, .doc = "the sentence of the error"),
	BW_FIELD(struct bw_failure, code, "code", .doc = "kind of the error"),
	BW_FIELD(struct bw_failure, sys, "errno", .doc = "name of the kernel's error"),
	BW_FIELD(struct bw_failure, hint, "hint", .doc = "what was found out, or can be done"),
	BW_FIELD(struct bw_failure, rule, "rule", .doc = "policy rule that refused"),
	BW_FIELD(struct bw_failure, field, "field", .doc = "place in the configuration"),
	BW_FIELD(struct bw_failure, bundle, "bundle", .doc = "the bundle"),
	BW_FIELD(struct bw_failure, profile, "profile", .doc = "policy profile that decided"),
	BW_FIELD(struct bw_failure, profile_reason, "profileReason", .doc = "why this profile"),
	BW_LIST_OF(struct bw_failure, steps, "steps", &step_schema, .doc = "what was tried, in order"),
	BW_END,
};

const struct bw_schema bw_failure_schema = {
	.name = "failure",
	.size = sizeof(struct bw_failure),
	.unknown = BW_UNKNOWN_NOTE,
	.fields = failure_fields,
};

/* ---- the directory ---- */

static int file_name(const char *id, char *buf, size_t size)
{
	/* bw_replace_at() puts a pid behind it for a moment. */
	return strlen(id) < NAME_MAX - 32 && snprintf(buf, size, "%s.json", id) < (int)size ? 0 : -1;
}

/* make: also the state root, for the first of all creates may be the one that is refused. */
static int open_directory(const char *root, bool make)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/.failures", root) >= (int)sizeof path)
		return -1;
	if (make && mkdir(path, 0700) < 0 && errno == ENOENT && mkdir(root, 0700) == 0)
		(void)!mkdir(path, 0700);
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_older(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec < b->st_mtim.tv_sec ||
	       (a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec < b->st_mtim.tv_nsec);
}

/* How many entries there are; the name of the oldest in oldest. */
static size_t count(int directory, char oldest[NAME_MAX + 1])
{
	auto_closedir DIR *dir = NULL;
	struct stat st, first = {0};
	struct dirent *entry;
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t n = 0;

	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && (entry = readdir(dir))) {
		if (bw_streq(entry->d_name, ".") || bw_streq(entry->d_name, "..") ||
			fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (n == 0 || is_older(&st, &first)) {
			first = st;
			snprintf(oldest, NAME_MAX + 1, "%s", entry->d_name);
		}
		n++;
	}
	return n;
}

/* Leaves room for one more. */
static void make_room(int directory)
{
	char oldest[NAME_MAX + 1];

	while (count(directory, oldest) >= BW_FAILURES_KEPT)
		if (unlinkat(directory, oldest, 0) < 0)
			return;
}

/* ---- the record ---- */

static char *text_of(struct bw_arena *arena, const char *text)
{
	char *copy = text && *text ? bw_arena_strdup(arena, text) : NULL;

	if (copy)
		bw_text_make_printable(copy);
	return copy;
}

static void add_step(struct bw_arena *arena, struct bw_failure *failure, const char *what, const char *result)
{
	struct bw_failure_step *step = bw_push(arena, &failure->steps);

	if (!step)
		return;
	step->what = text_of(arena, what);
	step->result = text_of(arena, result);
	if (!step->what || !step->result)
		failure->steps.n--;
}

/* at: of the plan, or of the words that `start` has of it. */
static void say_step(const struct bw_attempt *attempt, size_t at, char *buf, size_t size)
{
	if (attempt->late)
		snprintf(buf, size, "%s", attempt->late->v[at]);
	else
		bw_step_say(attempt->plan, &attempt->plan->steps[at], buf, size);
}

static void add_steps(struct bw_arena *arena, const struct bw_attempt *attempt, struct bw_failure *failure)
{
	size_t at = (size_t)attempt->failed_step, n = attempt->late ? attempt->late->n : attempt->plan->n;
	size_t from = at > STEPS_BEFORE ? at - STEPS_BEFORE : 0;
	size_t to = n - at > STEPS_BEHIND ? at + STEPS_BEHIND : n - 1;
	char words[320];

	if (from) {
		snprintf(words, sizeof words, "%zu steps of the plan", from);
		add_step(arena, failure, words, done);
	}
	for (size_t i = from; i <= to; i++) {
		say_step(attempt, i, words, sizeof words);
		add_step(arena, failure, words, i < at ? done : i == at ? failed : not_reached);
	}
	if (to + 1 < n) {
		snprintf(words, sizeof words, "%zu more steps of the plan", n - to - 1);
		add_step(arena, failure, words, not_reached);
	}
}

static void fill(struct bw_arena *arena, const struct bw_attempt *attempt, const struct bw_err *err,
	struct bw_failure *failure)
{
	size_t n = attempt->late ? attempt->late->n : attempt->plan ? attempt->plan->n : 0;
	bool in_plan = attempt->failed_step >= 0 && (size_t)attempt->failed_step < n;
	time_t now = time(NULL);
	struct tm tm;
	char when[40] = "";

	if (gmtime_r(&now, &tm))
		strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
	*failure = (struct bw_failure){
		.id = text_of(arena, attempt->id),
		.verb = text_of(arena, attempt->verb),
		.time = text_of(arena, when),
		.bundle = text_of(arena, attempt->bundle),
		.profile = text_of(arena, attempt->profile),
		.profile_reason = text_of(arena, attempt->profile_reason),
		.message = text_of(arena, err->text),
		.code = text_of(arena, bw_code_name(err->code)),
		.sys = err->sys ? text_of(arena, bw_errno_name(err->sys)) : NULL,
		.rule = text_of(arena, err->rule),
		.field = text_of(arena, err->field),
		.hint = text_of(arena, err->hint),
	};
	for (size_t i = 0; i < attempt->stages_n; i++)
		add_step(arena, failure, attempt->stages[i], i + 1 < attempt->stages_n ? done : failed);
	if (in_plan)
		add_steps(arena, attempt, failure);
}

static int write_record(const struct bw_context *ctx, const char *name, const struct bw_failure *failure, struct bw_err *err)
{
	auto_close int directory = open_directory(ctx->root, true);
	struct bw_json_writer *w = bw_json_writer_new(false);
	auto_free char *text = NULL;
	size_t len = 0;
	int r = -1;

	if (directory < 0)
		bw_fail(err, BW_E_KERNEL, errno, "open %s/.failures", ctx->root);
	else if (!w)
		bw_fail(err, BW_E_MEMORY, ENOMEM, "record of the failure");
	else {
		bw_schema_write(&bw_failure_schema, failure, w);
		r = bw_json_writer_end(w, &text, &len, err);
	}
	bw_json_writer_free(w);
	if (r < 0)
		return -1;
	if (len > BW_FAILURE_BYTES)
		return bw_fail(err, BW_E_INTERNAL, 0, "the record of the failure has %zu bytes", len);
	make_room(directory);
	return bw_replace_at(directory, name, text, len, 0600, err);
}

/* Whether it is a failure of that container, and not of the call. */
static bool is_worth_keeping(const struct bw_err *err)
{
	switch (err->code) {
	case BW_E_NONE:
	case BW_E_USAGE:
	case BW_E_STATE:
	case BW_E_NOT_FOUND:
	case BW_E_EXISTS:
	case BW_E_COUNT:
		return false;
	case BW_E_SPEC:
	case BW_E_POLICY:
	case BW_E_DENIED:
	case BW_E_HOST:
	case BW_E_KERNEL:
	case BW_E_PROGRAM:
	case BW_E_MEMORY:
	case BW_E_INTERNAL:
		return true;
	}
	return false;
}

static void keep(const struct bw_context *ctx, const struct bw_attempt *attempt, const struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_failure failure;
	struct bw_err why = {0};
	char name[NAME_MAX + 1];

	if (!err || !is_worth_keeping(err) || bw_id_check(attempt->id, &why) < 0 ||
		file_name(attempt->id, name, sizeof name) < 0)
		return;
	fill(&arena, attempt, err, &failure);
	if (write_record(ctx, name, &failure, &why) < 0)
		bw_debug("%s", why.text);
}

/* One call, and mostly for nothing: a success costs no more. */
static void forget(const struct bw_context *ctx, const char *id)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/.failures/%s.json", ctx->root, id) < (int)sizeof path)
		(void)unlink(path);
}

void bw_attempt_enter(struct bw_attempt *attempt, const char *stage)
{
	if (attempt->stages_n < BW_COUNT(attempt->stages))
		attempt->stages[attempt->stages_n++] = stage;
}

int bw_attempt_end(const struct bw_context *ctx, const struct bw_attempt *attempt, int r, const struct bw_err *err)
{
	if (r < 0)
		keep(ctx, attempt, err);
	else
		forget(ctx, attempt->id);
	return r;
}

int bw_failure_load(const struct bw_context *ctx, const char *id, struct bw_arena *arena, struct bw_failure **ret,
	struct bw_err *err)
{
	auto_close int directory = -1, fd = -1;
	auto_free char *text = NULL;
	char name[NAME_MAX + 1];
	struct bw_json *tree;
	void *failure;
	size_t len;

	if (bw_id_check(id, err) < 0)
		return -1;
	directory = open_directory(ctx->root, false);
	if (directory >= 0 && file_name(id, name, sizeof name) == 0)
		fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	else
		errno = ENOENT;
	if (fd < 0 && errno == ENOENT) {
		bw_fail(err, BW_E_NOT_FOUND, 0, "no failure of container %s is on record", id);
		return bw_hint(err, "failed create, run, start and exec are, until one succeeds; state root %s", ctx->root);
	}
	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "open %s/.failures/%s", ctx->root, name);
	if (bw_read_fd(fd, name, BW_FAILURE_BYTES, &text, &len, err) < 0 ||
		bw_json_parse(text, len, name, arena, &tree, err) < 0 ||
		bw_schema_read(&bw_failure_schema, tree, BW_E_STATE, arena, &failure, NULL, err) < 0)
		return -1;
	*ret = failure;
	return 0;
}
