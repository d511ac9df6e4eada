/* SPDX-License-Identifier: Apache-2.0 */
/* ps_table.c - ps(1) knows nothing of containers: its lines are chosen by their PID column. */
#include "cli/ps_table.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/proc.h"
#include "cli/output.h"

enum { MAX_PS_BYTES = 64 << 20 };

int bw_ps_read(const char *const *words, char **ret, struct bw_err *err)
{
	auto_close int from = -1, to = -1;
	posix_spawn_file_actions_t actions;
	int ends[2], status = 0, failed;
	auto_free char *text = NULL;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "pipe for ps");
	from = ends[0];
	to = ends[1];
	posix_spawn_file_actions_init(&actions);
	failed = posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
	if (!failed)
		failed = posix_spawnp(
			&pid, "ps", &actions, NULL, (char *const *)(uintptr_t)words, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (failed)
		return bw_fail(err, BW_E_HOST, failed, "running ps");
	close(take_fd(&to));
	failed = bw_read_fd(from, "output of ps", MAX_PS_BYTES, &text, NULL, err);
	if (bw_wait(pid, &status) < 0 || failed < 0)
		return failed < 0 ? -1 : bw_fail(err, BW_E_HOST, errno, "waiting for ps");
	if (bw_exit_code(status) != 0)
		return bw_fail(err, BW_E_HOST, 0, "ps ended with status %d", bw_exit_code(status));
	*ret = take_ptr(&text);
	return 0;
}

/* The field with this number, counted from 0, of a line of ps; its length, 0 when there is none. */
static size_t find_field(const char *line, size_t number, const char **ret)
{
	line += strspn(line, " \t");
	while (number-- > 0) {
		line += strcspn(line, " \t");
		line += strspn(line, " \t");
	}
	*ret = line;
	return strcspn(line, " \t");
}

/* Which column of the heading says PID; -1: none. */
static int find_pid_column(const char *heading)
{
	const char *field;
	size_t len;

	for (size_t i = 0; (len = find_field(heading, i, &field)) > 0; i++) {
		if (len == 3 && memcmp(field, "PID", 3) == 0)
			return (int)i;
	}
	return -1;
}

static bool is_among(const struct bw_pids *pids, const char *line, size_t column)
{
	const char *field;
	long pid = find_field(line, column, &field) ? strtol(field, NULL, 10) : -1;

	for (size_t i = 0; i < pids->n; i++) {
		if (pids->v[i] == pid)
			return true;
	}
	return false;
}

int bw_ps_put(char *text, const struct bw_pids *pids, struct bw_err *err)
{
	char *rest = text, *line = strsep(&rest, "\n");
	int column = find_pid_column(line);

	if (column < 0)
		return bw_fail(err, BW_E_USAGE, 0, "ps shows no PID column with these options");
	puts(line);
	while ((line = strsep(&rest, "\n"))) {
		if (is_among(pids, line, (size_t)column))
			puts(line);
	}
	return bw_put_done(err);
}
