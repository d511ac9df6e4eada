/* SPDX-License-Identifier: Apache-2.0 */
/* logger.c - whether a program of the host, or a file, may have a container's output. A program is started as root of the
 * host with arguments from an address that whoever starts a container writes: that is the right to run anything, and so
 * nobody's unless the policy gives it (CVE-2026-53488). A file is appended to as root: that is the right to write a line
 * into a crontab. */
#include "container/bulwark.h"

#include <errno.h>
#include <limits.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/sys.h"
#include "container/audit_note.h"
#include "control/host_side.h"

/* Who judges, and whom. */
struct question {
	const struct bw_context *ctx;
	const char *id, *bundle;
	struct bw_arena arena;
	struct bw_decision decision; /* as far as the profile */
	struct bw_audited who;	     /* of a container that is there */
};

static void question_done(struct question *question)
{
	bw_arena_done(&question->arena);
}

/* The profile that will decide, or has. */
static int find_profile(struct question *q, struct bw_err *err)
{
	auto_container struct bw_container container = BW_CONTAINER_INIT;
	struct bw_policy_facts facts;

	if (q->bundle)
		return bw_decide_profile(q->ctx, q->bundle, q->id, &q->arena, &q->decision, &facts, err);
	if (bw_container_open(q->ctx, q->id, false, false, &q->arena, &container, err) < 0)
		return -1;
	q->who = bw_audited_state(container.state);
	return bw_state_load_profile(&container, &q->arena, &q->decision.profile, err);
}

static int answer(const struct question *q, int r, const struct bw_err *err)
{
	return q->bundle ? bw_note_decided(&q->decision, q->id, "create", r, err) : bw_note_end(&q->who, "logger", r, err);
}

/* The path that was judged is the one that is executed: so no link may lie in it, which somebody could turn. */
static int check_program(const char *program, struct bw_err *err)
{
	char real[PATH_MAX];
	int r = bw_roots_file(program, real);

	if (r == -EPERM)
		return bw_fail(err, BW_E_DENIED, 0,
			"the logger %s: the file and the directories above it must belong to root and be writable by "
			"nobody else",
			program);
	/* Without the words of the errno: engines take some of them for another failure. */
	if (r < 0)
		return bw_fail(err, BW_E_DENIED, 0, "the logger %s: the file is missing, or cannot be looked at", program);
	if (bw_streq(real, program))
		return 0;
	bw_fail(err, BW_E_DENIED, 0, "the logger %s: a symbolic link lies in its path, the file is %s", program, real);
	return bw_hint(err, "both loggers.allow and the address must name it so");
}

static int judge_program(struct question *q, const char *program, struct bw_err *err)
{
	if (find_profile(q, err) < 0 || bw_profile_check_logger(q->decision.profile, program, err) < 0)
		return -1;
	return check_program(program, err);
}

int bw_logger_check(const struct bw_context *ctx, const char *id, const char *bundle, const char *program, struct bw_err *err)
{
	__attribute__((cleanup(question_done))) struct question question = {
		.ctx = ctx, .id = id, .bundle = bundle, .arena = BW_ARENA_INIT};

	return answer(&question, judge_program(&question, program, err), err);
}

/* What is there of the path by now: 0, or -errno, -ELOOP for a symbolic link. By the same rule (RESOLVE_NO_SYMLINKS on all
 * of it) the shim opens the file later (shim/place.c): this is for a sentence that says why, that one holds. */
static int look_for_links(const char *path)
{
	const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
	char there[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof there)
		return -ENAMETOOLONG;
	memcpy(there, path, len + 1);
	for (char *slash = there + len; slash && slash > there; slash = strrchr(there, '/')) {
		auto_close int fd = -1;

		*slash = '\0';
		fd = bw_openat2(AT_FDCWD, there, &how);
		if (fd >= 0)
			return 0;
		if (errno != ENOENT)
			return -errno;
	}
	return 0;
}

static int judge_file(struct question *q, const char *path, bool *ret_restricted, struct bw_err *err)
{
	bool restricted;
	int r;

	if (find_profile(q, err) < 0 || bw_profile_check_log_file(q->decision.profile, path, &restricted, err) < 0)
		return -1;
	r = restricted ? look_for_links(path) : 0;
	if (r == -ELOOP) {
		bw_fail(err, BW_E_DENIED, 0, "output to the file %s: a symbolic link lies in its path", path);
		return bw_hint(err, "both loggers.files and the address must name it by the path at which it really is");
	}
	if (r < 0)
		return bw_fail(err, BW_E_DENIED, 0, "output to the file %s: its path cannot be looked at", path);
	*ret_restricted = restricted;
	return 0;
}

int bw_logger_check_file(const struct bw_context *ctx, const char *id, const char *bundle, const char *path,
	bool *ret_restricted, struct bw_err *err)
{
	__attribute__((cleanup(question_done))) struct question question = {
		.ctx = ctx, .id = id, .bundle = bundle, .arena = BW_ARENA_INIT};

	return answer(&question, judge_file(&question, path, ret_restricted, err), err);
}
