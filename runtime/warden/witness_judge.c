/* SPDX-License-Identifier: Apache-2.0 */
/* witness_judge.c - see witness_judge.h. */
#include "warden/witness_judge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/sys.h"

int bw_judge_open(int root, const char *path)
{
	return bw_open_in(root, path, O_PATH, 0);
}

static void add(struct bw_list *list, int root, const char *path, bool is_interpreter)
{
	auto_close int fd = bw_judge_open(root, path);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || list->n == BW_COUNT(list->v))
		return;
	list->v[list->n++] = (struct bw_listed){st.st_dev, st.st_ino, is_interpreter};
}

/* Programs first: what is both is a program. */
void bw_list_fill(struct bw_list *list, int root, const struct bw_strs *programs, const struct bw_strs *interpreters)
{
	list->any = programs->n == 0;
	list->n = 0;
	for (size_t i = 0; i < programs->n; i++)
		add(list, root, programs->v[i], false);
	for (size_t i = 0; i < interpreters->n; i++)
		add(list, root, interpreters->v[i], true);
}

/* Why there is none. A magic link leads where only the process itself can see. */
static const char *reason_of(int sys)
{
	switch (sys) {
	case EFAULT:
		return "the path cannot be read";
	case ENAMETOOLONG:
		return "the path is too long";
	case ENOENT:
	case ENOTDIR:
		return "no such file";
	case ELOOP:
		return "a link that cannot be followed";
	default:
		return "cannot be looked up";
	}
}

static void find_name(int fd, int self_fd, struct bw_finding *finding)
{
	char number[16];
	ssize_t len;

	snprintf(number, sizeof number, "%d", fd);
	len = readlinkat(self_fd, number, finding->file, sizeof finding->file - 1);
	finding->file[len > 0 ? len : 0] = '\0';
}

void bw_judge(const struct bw_list *list, int fd, int self_fd, struct bw_finding *ret)
{
	struct stat st;

	ret->file[0] = '\0';
	ret->result = BW_EXEC_UNRESOLVED;
	ret->reason = NULL;
	if (fd < 0 || fstat(fd, &st) < 0) {
		ret->reason = reason_of(fd < 0 ? -fd : EIO);
		return;
	}
	find_name(fd, self_fd, ret);
	ret->result = list->any ? BW_EXEC_ALLOWED : BW_EXEC_DENIED;
	ret->reason = list->any ? NULL : "not listed";
	for (size_t i = 0; i < list->n; i++) {
		if (list->v[i].dev != st.st_dev || list->v[i].ino != st.st_ino)
			continue;
		ret->result = list->v[i].is_interpreter ? BW_EXEC_DENIED : BW_EXEC_ALLOWED;
		ret->reason = list->v[i].is_interpreter ? "an interpreter of programs, not one itself" : NULL;
		return;
	}
}
