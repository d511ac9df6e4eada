/* SPDX-License-Identifier: Apache-2.0 */
/* label.c - the helper's verdict, the active security modules, /proc/self/attr. Decides nothing
 * about labels. */
#include "control/label.h"

#include <spawn.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/fd.h"
#include "base/proc.h"
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

/* ---- the helper ---- */

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

static int set_up_spawn(posix_spawn_file_actions_t *files, posix_spawnattr_t *attr, int complaints)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	if (posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDWR, 0) ||
		posix_spawn_file_actions_adddup2(files, STDIN_FILENO, STDOUT_FILENO) ||
		posix_spawn_file_actions_adddup2(files, complaints, STDERR_FILENO) ||
		posix_spawn_file_actions_addchdir_np(files, "/"))
		return -1;
	if (posix_spawnattr_setsigmask(attr, &none) || posix_spawnattr_setsigdefault(attr, &all))
		return -1;
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* 0 or the errno. */
static int spawn(const char *const *args, int complaints, pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	char *no_environment[] = {NULL};
	int r;

	if (posix_spawn_file_actions_init(&files))
		return ENOMEM;
	if (posix_spawnattr_init(&attr)) {
		posix_spawn_file_actions_destroy(&files);
		return ENOMEM;
	}
	r = set_up_spawn(&files, &attr, complaints)
		    ? ENOMEM
		    : posix_spawn(ret_pid, args[0], &files, &attr, (char *const *)(uintptr_t)args,
			      no_environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return r;
}

/* Its first line; the rest is read to the end, so that it never waits for us. */
static void read_sentence(int fd, char *buf, size_t size)
{
	char rest[256];
	size_t len = 0;
	ssize_t got;

	for (;;) {
		got = len + 1 < size ? read(fd, buf + len, size - 1 - len)
				     : read(fd, rest, sizeof rest);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		if (len + 1 < size)
			len += (size_t)got;
	}
	buf[len] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

/* The helper's exit codes: 0 enforced, 2 valid without effect, 1 and a sentence: not valid. */
static int judge(const char *helper, int status, const char *sentence, bool *ret_enforced,
	struct bw_err *err)
{
	int code = bw_exit_code(status);

	if (code == 0 || code == 2) {
		*ret_enforced = code == 0;
		return 0;
	}
	if (code == 1 && sentence[0])
		return bw_fail(err, BW_E_HOST, 0, "%s", sentence);
	return bw_fail(err, BW_E_HOST, 0, "%s ended with exit code %d", helper, code);
}

int bw_label_check(const char *helper, const char *lsm, const char *label, bool *ret_enforced,
	struct bw_err *err)
{
	const char *args[] = {helper, "check", lsm, label, NULL};
	auto_close int in = -1;
	char sentence[512];
	int ends[2], status, r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "running %s: pipe", helper);
	in = ends[0];
	r = spawn(args, ends[1], &pid);
	close(ends[1]);
	if (r) {
		bw_fail(err, BW_E_HOST, r, "running %s", helper);
		return bw_hint(
			err, "labels are checked by it before anything is started: install it");
	}
	read_sentence(in, sentence, sizeof sentence);
	r = bw_wait(pid, &status);
	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "waiting for %s", helper);
	return judge(helper, status, sentence, ret_enforced, err);
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
