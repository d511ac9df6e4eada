/* SPDX-License-Identifier: Apache-2.0 */
/* daemon.c - the way from `start` to a server: fork, away from containerd's pipes, session and environment, and the program
 * once more from a file that no container can write. containerd reads `start`'s output to its end, so the server must not
 * hold it. Transparent huge pages are left as they are: the setting would be every container's, and nothing here is as
 * large as one. */
#include "shim/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/mountinfo.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "container/bulwark.h"

#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE 62
#endif
enum { LISTENER = 3, ABOVE = 10, SCHED_CORE_CREATE = 1, SCOPE_THREAD_GROUP = 1, OOM_SCORE_MAX = 1000 };

/* What the server and what it starts need of containerd's environment; the rest can hold secrets (proxies, registries,
 * clouds), and NOTIFY_SOCKET or LISTEN_PID would be taken for the container's. */
static const char *const kept[] = {
	"PATH", "HOME", "TMPDIR", "XDG_RUNTIME_DIR", "DBUS_SYSTEM_BUS_ADDRESS", "DBUS_SESSION_BUS_ADDRESS",
};

/* NULL-terminated, the arena's; NULL when memory is out. */
static char **make_environment(const struct bw_daemon *daemon, struct bw_arena *arena)
{
	char **env = bw_arena_alloc(arena, (BW_COUNT(kept) + 3) * sizeof *env);
	size_t n = 0;

	if (!env)
		return NULL;
	for (size_t i = 0; i < BW_COUNT(kept); i++) {
		const char *value = getenv(kept[i]);

		if (value && !(env[n++] = bw_arena_printf(arena, "%s=%s", kept[i], value)))
			return NULL;
	}
	if (!(env[n++] = bw_arena_printf(arena, "NAMESPACE=%s", daemon->namespace)))
		return NULL;
	if (daemon->events && !(env[n++] = bw_arena_printf(arena, "TTRPC_ADDRESS=%s", daemon->events)))
		return NULL;
	return env;
}

/* As containerd's own shims are called, so that people and tools find both in a list of processes. */
static char **make_arguments(const struct bw_daemon *daemon, struct bw_arena *arena)
{
	char path[4096] = "containerd-shim-bulwark-v2";
	ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
	const char *words[] = {
		path,
		"-namespace", daemon->namespace, "-id", daemon->id,
		"-address", daemon->containerd ? daemon->containerd : "",
		daemon->debug ? "-debug" : NULL,
	};
	char **args = bw_arena_alloc(arena, (BW_COUNT(words) + 1) * sizeof *args);

	if (len > 0)
		path[len] = '\0';
	for (size_t i = 0; args && i < BW_COUNT(words) && words[i]; i++)
		if (!(args[i] = bw_arena_strdup(arena, words[i])))
			return NULL;
	return args;
}

/* 0, 1 and 2 are nobody's; then 2 is the log. Opened for both directions: it never blocks, and gives no EPIPE when
 * containerd is away. What is no fifo is left alone. */
static int replace_standard_descriptors(struct bw_err *err)
{
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	auto_close int log = open("log", O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (null < 0)
		return bw_fail(err, BW_E_HOST, errno, "open /dev/null");
	if (log >= 0 && (fstat(log, &st) < 0 || !S_ISFIFO(st.st_mode))) {
		close(log);
		log = -1;
	}
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(fd == 2 && log >= 0 ? log : null, fd) < 0)
			return bw_fail(err, BW_E_KERNEL, errno, "dup2");
	return 0;
}

/* The kernel shall rather end the shim than containerd, and the container rather than the shim. */
static void raise_oom_score(void)
{
	char text[32];
	int64_t score;

	if (bw_read_at(AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof text) < 0 ||
		bw_parse_i64(text, -OOM_SCORE_MAX, OOM_SCORE_MAX, &score) < 0 || score >= OOM_SCORE_MAX)
		return;
	snprintf(text, sizeof text, "%d", (int)score + 1);
	(void)bw_write_at(AT_FDCWD, "/proc/self/oom_score_adj", text); /* a raise is nobody's to refuse */
}

/* containerd's `sched_core`: no other domain runs on the same core at the same time. Inherited by the containers. */
static int begin_sched_core(struct bw_err *err)
{
	const char *wanted = getenv("SCHED_CORE");

	if (!wanted || !*wanted)
		return 0;
	if (prctl(PR_SCHED_CORE, SCHED_CORE_CREATE, 0, SCOPE_THREAD_GROUP, 0) < 0)
		return bw_fail(err, BW_E_HOST, errno, "SCHED_CORE is set: making a core scheduling domain");
	return 0;
}

static int join_one(const char *point, const char *path, size_t *joined, struct bw_err *err)
{
	char procs[4096];
	int r;

	if (snprintf(procs, sizeof procs, "%s%s/cgroup.procs", point, path) >= (int)sizeof procs)
		return bw_fail(err, BW_E_HOST, ENAMETOOLONG, "joining the cgroup %s", path);
	r = bw_write_at(AT_FDCWD, procs, "0");
	if (r == 0)
		++*joined;
	return r == 0 || r == -ENOENT ? 0 : bw_fail(err, BW_E_HOST, -r, "writing %s", procs);
}

int bw_daemon_join_cgroup(const char *path, struct bw_err *err)
{
	enum { MAX_BYTES = 8 << 20 };
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_free char *text = NULL;
	struct bw_mounts mounts = {0};
	size_t joined = 0;

	if (bw_read_file("/proc/self/mountinfo", MAX_BYTES, &text, NULL, err) < 0 ||
		bw_mountinfo_parse(text, &arena, &mounts, err) < 0)
		return bw_wrap(err, "joining the cgroup %s", path);
	for (size_t i = 0; i < mounts.n; i++) {
		const struct bw_mount *mount = &mounts.v[i];

		if ((bw_streq(mount->type, "cgroup") || bw_streq(mount->type, "cgroup2")) &&
			join_one(mount->point, path, &joined, err) < 0)
			return -1;
	}
	return joined ? 0 : bw_fail(err, BW_E_HOST, ENOENT, "joining the cgroup %s", path);
}

/* All that the server is not to have of containerd's. */
static int leave(const struct bw_daemon *daemon, struct bw_err *err)
{
	if (setsid() < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "setsid");
	if (replace_standard_descriptors(err) < 0)
		return -1;
	if (dup2(daemon->listener, LISTENER) < 0 || fcntl(LISTENER, F_SETFD, 0) < 0 ||
		bw_close_range(LISTENER + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "passing on the socket");
	if ((daemon->cgroup && bw_daemon_join_cgroup(daemon->cgroup, err) < 0) || begin_sched_core(err) < 0)
		return -1;
	raise_oom_score();
	/* Not the bundle, which goes with its container while a server of several goes on: getcwd(2) would fail for all
	 * that it starts. */
	return chdir("/") < 0 ? bw_fail(err, BW_E_KERNEL, errno, "chdir /") : 0;
}

/* The child. Returns on failure alone. */
static int become_server(const struct bw_daemon *daemon, char **args, char **env, struct bw_err *err)
{
	sigset_t none;

	if (leave(daemon, err) < 0)
		return -1;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* A hook, a logging program and mount.fuse have it from us; what is ours says its modes itself. */
	umask(0022);
	return bw_self_execute(args, env, err);
}

/* The other end of report is closed by the exec, or brings what has gone wrong. */
static int await_exec(int report, struct bw_err *err)
{
	ssize_t len = TEMP_FAILURE_RETRY(read(report, err, sizeof *err));

	if (len == 0)
		return 0;
	if (len == (ssize_t)sizeof *err)
		return -1;
	*err = (struct bw_err){0};
	return bw_fail(err, BW_E_INTERNAL, len < 0 ? errno : 0, "no word from the server");
}

int bw_daemon_start(const struct bw_daemon *daemon, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	char **args = make_arguments(daemon, &arena), **env = make_environment(daemon, &arena);
	int report[2] = {-1, -1}, status;
	pid_t pid = -1;

	if (!args || !env)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "starting the server");
	if (pipe2(report, O_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "starting the server: pipe2");
	pid = fork();
	if (pid == 0) {
		/* Out of the way of what gets a number of its own. */
		int up = fcntl(report[1], F_DUPFD_CLOEXEC, ABOVE);

		if (up < 0)
			bw_fail(err, BW_E_KERNEL, errno, "fcntl");
		else
			(void)become_server(daemon, args, env, err);
		(void)bw_write_all(up < 0 ? report[1] : up, err, sizeof *err);
		_exit(EXIT_FAILURE);
	}
	close(report[1]);
	if (pid < 0)
		bw_fail(err, BW_E_KERNEL, errno, "starting the server: fork");
	if (pid < 0 || await_exec(report[0], err) < 0) {
		close(report[0]);
		if (pid > 0)
			(void)bw_wait(pid, &status);
		return pid < 0 ? -1 : bw_wrap(err, "starting the server");
	}
	close(report[0]);
	return 0;
}

int bw_daemon_listener(struct bw_err *err)
{
	int domain = 0, listens = 0;
	socklen_t size = sizeof domain, listens_size = sizeof listens;

	if (getsockopt(LISTENER, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 || domain != AF_UNIX ||
		getsockopt(LISTENER, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) < 0 || !listens)
		return bw_fail(err, BW_E_USAGE, 0, "without an action the listening socket is expected as descriptor %d; "
			"containerd calls start and delete", LISTENER);
	if (fcntl(LISTENER, F_SETFD, FD_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "fcntl: descriptor %d", LISTENER);
	return LISTENER;
}
