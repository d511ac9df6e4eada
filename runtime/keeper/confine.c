/* SPDX-License-Identifier: Apache-2.0 */
/* confine.c - see confine.h. What is open stays open; the rights of ABI 1 are enough to keep it from the rest. */
#include "keeper/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/sys.h"
#include "warden/keeper.h"

#define READ (1ULL << 2 | 1ULL << 3) /* READ_FILE, READ_DIR */
#define EDIT (BW_LANDLOCK_WRITE_FILE | BW_LANDLOCK_REMOVE_FILE | BW_LANDLOCK_MAKE_REG)
/* All of ABI 1. */
#define ALL ((1ULL << 13) - 1)

struct ruleset {
	int fd;
	struct bw_err *err;
};

static int allow(int ruleset, int dir, uint64_t rights, struct bw_err *err)
{
	const struct bw_landlock_path_beneath rule = {.allowed = rights, .parent_fd = dir};

	if (bw_landlock_add_path(ruleset, &rule) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "sandbox: a rule of Landlock's");
	return 0;
}

/* What is not there cannot be reached either. */
static int allow_path(int ruleset, const char *path, uint64_t rights, struct bw_err *err)
{
	auto_close int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? 0 : allow(ruleset, dir, rights, err);
}

static int allow_cgroup(const char *path, void *ctx)
{
	const struct ruleset *rules = ctx;

	return allow_path(rules->fd, path, READ | EDIT, rules->err);
}

/* Rotation makes files beside it. Where the directory is not there yet, a trail that is begun now makes it. */
static int allow_audit(int ruleset, const struct bw_audit_trail *trail, struct bw_err *err)
{
	char path[PATH_MAX];
	struct bw_buf dir = bw_buf_over(path, sizeof path);
	char *slash;

	if (!trail)
		return 0;
	if (trail->file)
		bw_buf_add(&dir, trail->file);
	else if (bw_audit_default_file(path, sizeof path, err) < 0)
		return -1;
	slash = strrchr(path, '/');
	if (!slash || slash == path)
		return 0;
	*slash = '\0';
	return allow_path(ruleset, path, READ | EDIT, err);
}

int bw_confine(const struct bw_keeping *keeping, struct bw_err *err)
{
	const struct bw_landlock_ruleset handled = {.handled_fs = ALL};
	auto_close int ruleset = bw_landlock_create_ruleset(&handled, sizeof handled.handled_fs, 0);
	struct ruleset rules = {ruleset, err};

	/* No Landlock in this kernel, or not at this boot. */
	if (ruleset < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
		return 0;
	if (ruleset < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "sandbox: Landlock");
	if (allow(ruleset, BW_KEEPER_STATE, READ | EDIT, err) < 0 ||
		allow_audit(ruleset, keeping->settings->audit, err) < 0 ||
		(keeping->totals >= 0 && allow(ruleset, keeping->totals, READ | EDIT, err) < 0) ||
		allow_path(ruleset, "/proc", READ, err) < 0 ||
		bw_watch_each_cgroup(keeping->watch, allow_cgroup, &rules) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || bw_landlock_restrict_self(ruleset, 0) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "sandbox: Landlock");
	return 0;
}
