/* SPDX-License-Identifier: Apache-2.0 */
/* pid_file.c - the file that engines read the pid from. */
#include "container/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/fd.h"

int bw_pid_file_write(const char *path, pid_t pid, struct bw_err *err)
{
	auto_free char *dir = path ? strdup(path) : NULL;
	char *slash = dir ? strrchr(dir, '/') : NULL;
	auto_close int fd = -1;
	char text[16];

	if (!path)
		return 0;
	if (!slash)
		return bw_fail(err, BW_E_USAGE, 0, "--pid-file: %s is no absolute path", path);
	*slash = '\0';
	fd = open(*dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return bw_fail(err, BW_E_USAGE, errno, "open %s", path);
	/* Callers read the bare digits: no newline. */
	return bw_replace_at(fd, slash + 1, text, (size_t)snprintf(text, sizeof text, "%d", (int)pid), 0644, err);
}
