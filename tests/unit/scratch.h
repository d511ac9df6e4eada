/* SPDX-License-Identifier: Apache-2.0 */
/* scratch.h - a directory of a test's own: made by scratch_make(), taken away with all that lies in
 * it by scratch_remove(). Links in it are removed, never followed. */
#ifndef BW_TESTS_UNIT_SCRATCH_H
#define BW_TESTS_UNIT_SCRATCH_H

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

struct scratch {
	char path[256];
	int dir; /* O_RDONLY, for the ...at() calls */
};

static inline void scratch_make(struct scratch *s)
{
	const char *top = getenv("TMPDIR");

	snprintf(s->path, sizeof s->path, "%s/bulwark-test-XXXXXX", top ? top : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(s->path));
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(s->dir, 0);
}

static inline int scratch_remove_one(
	const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

static inline void scratch_remove(struct scratch *s)
{
	close(s->dir);
	nftw(s->path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void scratch_mkdir(const struct scratch *s, const char *name)
{
	ck_assert_msg(mkdirat(s->dir, name, 0755) == 0, "mkdir %s", name);
}

static inline void scratch_write(
	const struct scratch *s, const char *name, const char *text, mode_t mode)
{
	int fd = openat(s->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	ck_assert_msg(fd >= 0, "create %s", name);
	ck_assert_int_eq(bw_write_all(fd, text, strlen(text)), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static inline void scratch_link(const struct scratch *s, const char *name, const char *target)
{
	ck_assert_msg(symlinkat(target, s->dir, name) == 0, "symlink %s", name);
}

static inline bool scratch_has(const struct scratch *s, const char *name)
{
	struct stat st;

	return fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Whether both descriptors are of the same file. */
static inline bool same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

#endif
