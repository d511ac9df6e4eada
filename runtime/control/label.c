/* SPDX-License-Identifier: Apache-2.0 */
/* label.c - the active security modules, /proc/self/attr. Decides nothing
 * about labels. */
#include "control/label.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "host/host.h"
#include "plan/plan.h"

/* ---- active modules ---- */

/* LSM_ID_* of linux/lsm.h, from 100 on. */
static const char *const lsm_names[] = {"capability", "selinux", "smack", "tomoyo", "apparmor",
	"yama", "loadpin", "safesetid", "lockdown", "bpf", "landlock", "ima", "evm", "ipe"};
enum { FIRST_LSM_ID = 100, MAX_LSMS = 32 };

static int add_lsm(struct bw_host *host, struct bw_arena *arena, const char *name, size_t len,
	struct bw_err *err)
{
	char **at = bw_push(arena, &host->lsms);

	if (!at || !(*at = bw_arena_strndup(arena, name, len)))
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "security modules");
	return 0;
}

static int lsms_from_text(
	struct bw_host *host, struct bw_arena *arena, const char *text, struct bw_err *err)
{
	while (*text) {
		size_t len = strcspn(text, ",");

		if (len && add_lsm(host, arena, text, len, err) < 0)
			return -1;
		text += len + (text[len] == ',');
	}
	return 0;
}

static int lsms_from_kernel(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	uint64_t ids[MAX_LSMS];
	uint32_t size = sizeof ids;
	int n = bw_lsm_list_modules(ids, &size);

	for (int i = 0; i < n && i < MAX_LSMS; i++) {
		uint64_t at = ids[i] - FIRST_LSM_ID;
		const char *name = at < BW_COUNT(lsm_names) ? lsm_names[at] : "another";

		if (add_lsm(host, arena, name, strlen(name), err) < 0)
			return -1;
	}
	return 0;
}

int bw_label_probe_lsms(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	char text[512];

	if (bw_read_at(AT_FDCWD, "/sys/kernel/security/lsm", text, sizeof text) > 0)
		return lsms_from_text(host, arena, text, err);
	return lsms_from_kernel(host, arena, err);
}

const char *bw_label_lsms(const struct bw_host *host, char *buf, size_t size)
{
	struct bw_buf out = bw_buf_over(buf, size);

	for (size_t i = 0; i < host->lsms.n; i++)
		bw_buf_addf(&out, "%s%s", i ? "," : "", host->lsms.v[i]);
	if (!host->lsms.n)
		bw_buf_add(&out, "unknown");
	return buf;
}

/* ---- what is asked for ---- */

int bw_label_plain(const char *text, const char *property, struct bw_err *err)
{
	size_t len = strlen(text);

	if (len > BW_LABEL_MAX)
		return bw_fail(
			err, BW_E_SPEC, 0, "%s is longer than %d bytes", property, BW_LABEL_MAX);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return bw_fail(
				err, BW_E_SPEC, 0, "%s contains a control character", property);
	return 0;
}

int bw_label_settle(const struct bw_err *why, bool forgive, const char *field, struct bw_plan *plan,
	uint16_t control, struct bw_err *err)
{
	if (forgive) {
		bw_plan_degrade(plan, control, why->text);
		return 0;
	}
	if (err)
		*err = *why;
	return bw_at(err, "%s", field);
}

/* ---- the program ---- */

/* execve(2) closes the channel, which is how we know of it, before the process has its new label: both are done under a
 * lock that this call waits for. No process has that descriptor. */
static void await_label(int pidfd)
{
	int fd = bw_pidfd_getfd(pidfd, -1);

	if (fd >= 0)
		close(fd);
}

static bool has_ended(int pidfd)
{
	struct pollfd fd = {.fd = pidfd, .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

int bw_label_running(int host_proc, pid_t pid, int pidfd, const char *file, char *buf, size_t size)
{
	char path[64];
	int r;

	await_label(pidfd);
	snprintf(path, sizeof path, "%d/attr/%s", (int)pid, file);
	r = bw_label_read(host_proc, path, buf, size);
	/* Whoever has reaped the process may have let another have its number. */
	if (bw_pidfd_send_signal(pidfd, 0) < 0 && errno == ESRCH)
		return 0;
	if (r < 0)
		return has_ended(pidfd) ? 0 : r;
	buf[strcspn(buf, "\n")] = '\0';
	return 1;
}

/* ---- the child ---- */

static int open_attr(int host_proc, const char *file, int flags)
{
	const struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	int fd = bw_openat2(host_proc, file, &how);

	return fd < 0 ? -errno : fd;
}

int bw_label_write(int host_proc, const char *file, const char *text, size_t len)
{
	int fd = open_attr(host_proc, file, O_WRONLY);
	ssize_t put;
	int r = 0;

	if (fd < 0)
		return fd;
	put = write(fd, text, len);
	if (put < 0)
		r = -errno;
	else if ((size_t)put != len)
		r = -EIO;
	close(fd);
	return r;
}

int bw_label_read(int host_proc, const char *file, char *buf, size_t size)
{
	int fd = open_attr(host_proc, file, O_RDONLY);
	ssize_t got;
	int r;

	if (fd < 0)
		return fd;
	got = read(fd, buf, size - 1);
	r = got < 0 ? -errno : (int)got;
	buf[got < 0 ? 0 : got] = '\0';
	close(fd);
	return r;
}
