/* SPDX-License-Identifier: Apache-2.0 */
/* gate.c - the container's warden: a process outside it whose sockets are inside its network namespace, the only way
 * out of one that has just its loopback (guard.c). Started while the container's init waits, when loopback is up and
 * before the host's hooks run; no container without its gate. bulwark-warden(8) says what the gate lets out. */
#include "control/gate.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/cgroup_files.h"
#include "control/control.h"
#include "json/json.h"
#include "plan/plan.h"
#include "spec/spec.h"
#include "warden/warden.h"

static const char program[] = BW_LIBEXECDIR "/" BW_WARDEN_PROGRAM;

enum { OP_START };

enum {
	ANSWER_MS = 10000,
	END_MS = 2000,
	/* A user that owns nothing. Not nobody, whom other programs are as well. */
	WARDEN_USER = 64976,
	/* Above all that it inherits. */
	ASIDE = 16
};

/* ---- its configuration ---- */

static void put_texts(struct bw_json_writer *w, const char *key, const struct bw_strs *list, const struct bw_strs *more)
{
	if (!list->n && !(more && more->n))
		return;
	bw_json_key(w, key);
	bw_json_begin_array(w);
	for (size_t i = 0; i < list->n; i++)
		bw_json_string(w, list->v[i]);
	for (size_t i = 0; more && i < more->n; i++)
		bw_json_string(w, more->v[i]);
	bw_json_end_array(w);
}

static void put_number(struct bw_json_writer *w, const char *key, const struct bw_opt_uint *number)
{
	if (!number->set)
		return;
	bw_json_key(w, key);
	bw_json_uint(w, number->v);
}

static void put_configuration(struct bw_json_writer *w, const struct bw_request *request)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	const struct bw_spec_egress *egress = hardening->egress;
	static const struct bw_opt_uint user = {true, WARDEN_USER};

	bw_json_begin_object(w);
	bw_json_key(w, "id");
	bw_json_string(w, request->id);
	put_number(w, "user", &user);
	put_number(w, "group", &user);
	put_texts(w, "allow", &egress->allow, NULL);
	put_texts(w, "plain", &egress->plain, NULL);
	if (egress->ports.n) {
		bw_json_key(w, "ports");
		bw_json_begin_array(w);
		for (size_t i = 0; i < egress->ports.n; i++)
			bw_json_uint(w, egress->ports.v[i]);
		bw_json_end_array(w);
	}
	/* What the container may not reach, its gate may not reach for it. */
	put_texts(w, "refuse", &egress->refuse, &hardening->block_endpoints);
	put_texts(w, "nameservers", &egress->nameservers, NULL);
	put_number(w, "connections", &egress->connections);
	put_number(w, "connectionsPerMinute", &egress->connections_per_minute);
	put_number(w, "bytes", &egress->bytes);
	if (egress->on_death) {
		bw_json_key(w, "onDeath");
		bw_json_string(w, egress->on_death);
	}
	bw_json_end_object(w);
}

static int configuration(const struct bw_request *request, char **ret, size_t *ret_len, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	int r;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "configuration of the egress gate");
	put_configuration(w, request);
	r = bw_json_writer_end(w, ret, ret_len, err);
	bw_json_writer_free(w);
	return r;
}

/* ---- preparing ---- */

static int check(const struct bw_request *request, struct bw_err *err)
{
	const struct bw_spec_egress *egress = request->spec->hardening->egress;

	if (!bw_spec_namespace(request->spec, "network"))
		return bw_fail(err, BW_E_DENIED, 0, "the egress gate needs a network namespace of the container's");
	if (access(program, X_OK) < 0)
		return bw_fail(err, BW_E_HOST, errno, "the policy leaves the container the egress gate alone, and %s cannot be run",
			program);
	if (bw_streq0(egress->on_death, "kill") && bw_cgroup_find(request->cgroups, NULL) < 0)
		return bw_fail(err, BW_E_HOST, 0,
			"network.egress.onDeath is kill, and without a cgroup of version 2 nobody but root can kill a container");
	return 0;
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	auto_free char *text = NULL;
	size_t len;

	if (request->exec || !hardening || !hardening->egress)
		return 0;
	if (check(request, err) < 0 || configuration(request, &text, &len, err) < 0)
		return -1;
	bw_plan_layer(plan, BW_CONTROL_gate, "the way out is bulwark-warden's, by name");
	return bw_plan_add_parent(plan, BW_CONTROL_gate, OP_START, BW_PHASE_HOOKS, text, len, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)op, (void)data, (void)len;
	snprintf(buf, size, "start the warden with the egress gate");
}

/* ---- starting ---- */

/* What the warden inherits, by its number minus that of the first. */
struct inheritance {
	int fds[BW_WARDEN_FD_END - BW_WARDEN_CONFIG];
};

#define HEIR(inheritance, number) ((inheritance)->fds[(number) - BW_WARDEN_CONFIG])

static void inheritance_done(struct inheritance *inheritance)
{
	for (size_t i = 0; i < BW_COUNT(inheritance->fds); i++)
		if (inheritance->fds[i] >= 0)
			close(inheritance->fds[i]);
}

#define auto_inheritance __attribute__((cleanup(inheritance_done)))

/* Takes fd over, to a number at which nothing is put before it has been copied. */
static int put_aside(struct inheritance *inheritance, int number, int fd, const char *what, struct bw_err *err)
{
	auto_close int given = fd;

	if (given >= 0)
		HEIR(inheritance, number) = fcntl(given, F_DUPFD_CLOEXEC, ASIDE);
	return HEIR(inheritance, number) < 0 ? bw_fail(err, BW_E_KERNEL, errno, "%s for the egress gate", what) : 0;
}

static int text_file(const void *text, size_t len)
{
	auto_close int fd = memfd_create("bulwark-warden", MFD_CLOEXEC);

	if (fd < 0 || bw_write_all(fd, text, len) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return take_fd(&fd);
}

/* By which it can kill the container without any right of its own. */
static int kill_file(const struct bw_request *request)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	const struct bw_spec_egress *egress = request->spec->hardening->egress;
	int i = bw_cgroup_find(request->cgroups, NULL), dir;

	bw_cgroup_handle_init(&handle, request->cgroups);
	if (!bw_streq0(egress->on_death, "kill"))
		return open("/dev/null", O_WRONLY | O_CLOEXEC);
	dir = i < 0 ? -ENOENT : bw_cgroup_dir_fd(&handle, (size_t)i);
	return dir < 0 ? -1 : openat(dir, "cgroup.kill", O_WRONLY | O_CLOEXEC);
}

static int gather(const struct bw_settling *now, const void *text, size_t len, int answer, struct inheritance *ret,
	struct bw_err *err)
{
	const struct bw_request *request = now->request;
	char ns[32];

	snprintf(ns, sizeof ns, "%d/ns/net", (int)now->pid);
	if (put_aside(ret, BW_WARDEN_ANSWER, answer, "answer", err) < 0 ||
		put_aside(ret, BW_WARDEN_CONFIG, text_file(text, len), "configuration", err) < 0 ||
		put_aside(ret, BW_WARDEN_NETNS, openat(now->host_proc, ns, O_RDONLY | O_CLOEXEC), "network namespace", err) < 0 ||
		put_aside(ret, BW_WARDEN_INIT, fcntl(now->pidfd, F_DUPFD_CLOEXEC, ASIDE), "container's init", err) < 0 ||
		put_aside(ret, BW_WARDEN_EVENTS,
			openat(request->state_fd, BW_GATE_EVENTS, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600),
			BW_GATE_EVENTS, err) < 0)
		return -1;
	return put_aside(ret, BW_WARDEN_KILL, kill_file(request), "cgroup.kill", err);
}

static int set_up_spawn(
	posix_spawn_file_actions_t *files, posix_spawnattr_t *attr, const struct inheritance *inheritance)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (posix_spawn_file_actions_addopen(files, fd, "/dev/null", O_RDWR, 0))
			return -1;
	for (int number = BW_WARDEN_CONFIG; number < BW_WARDEN_FD_END; number++)
		if (posix_spawn_file_actions_adddup2(files, HEIR(inheritance, number), number))
			return -1;
	if (posix_spawn_file_actions_addclosefrom_np(files, BW_WARDEN_FD_END) ||
		posix_spawn_file_actions_addchdir_np(files, "/"))
		return -1;
	if (posix_spawnattr_setsigmask(attr, &none) || posix_spawnattr_setsigdefault(attr, &all))
		return -1;
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn(const struct inheritance *inheritance, pid_t *ret_pid, struct bw_err *err)
{
	static char name[] = BW_WARDEN_PROGRAM;
	char *const args[] = {name, NULL}, *const env[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int r;

	if (posix_spawn_file_actions_init(&files))
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "starting %s", program);
	if (posix_spawnattr_init(&attr)) {
		posix_spawn_file_actions_destroy(&files);
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "starting %s", program);
	}
	r = set_up_spawn(&files, &attr, inheritance) ? ENOMEM : posix_spawn(ret_pid, program, &files, &attr, args, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return r ? bw_fail(err, BW_E_HOST, r, "starting %s", program) : 0;
}

/* First of all: whoever undoes this creation must find it. */
static int keep_pid(int state_dir, pid_t pid, struct bw_err *err)
{
	struct bw_proc_stat stat = {0};
	char text[64];
	int len;

	if (bw_proc_stat(pid, &stat) < 0)
		return bw_fail(err, BW_E_HOST, 0, "the warden of the egress gate died at once");
	len = snprintf(text, sizeof text, "%d %llu\n", (int)pid, (unsigned long long)stat.start_time);
	return bw_replace_at(state_dir, BW_GATE_PID_FILE, text, (size_t)len, 0600, err);
}

/* "ok", or its reason. */
static int hear(int fd, struct bw_err *err)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	char line[256];
	ssize_t len;

	if (TEMP_FAILURE_RETRY(poll(&ready, 1, ANSWER_MS)) == 0)
		return bw_fail(err, BW_E_HOST, 0, "the egress gate was not ready within %d seconds", ANSWER_MS / 1000);
	len = TEMP_FAILURE_RETRY(read(fd, line, sizeof line - 1));
	if (len < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "hearing from the egress gate");
	line[len] = '\0';
	if (bw_streq(line, BW_WARDEN_OK))
		return 0;
	line[strcspn(line, "\n")] = '\0';
	return bw_fail(err, BW_E_HOST, 0, "the egress gate: %s", line[0] ? line : "died before it was ready");
}

static int settle(const struct bw_settling *now, uint16_t op, const void *data, size_t len, struct bw_err *err)
{
	auto_inheritance struct inheritance inheritance = {.fds = {-1, -1, -1, -1, -1, -1}};
	auto_close int in = -1;
	int ends[2];
	pid_t pid;

	(void)op;
	_Static_assert(BW_COUNT(inheritance.fds) == 6, "all begin as -1");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "pipe for the egress gate");
	in = ends[0];
	if (gather(now, data, len, ends[1], &inheritance, err) < 0 || spawn(&inheritance, &pid, err) < 0)
		return -1;
	/* The warden's end must be the only one, or its death would not be heard. */
	inheritance_done(&inheritance);
	inheritance = (struct inheritance){.fds = {-1, -1, -1, -1, -1, -1}};
	if (keep_pid(now->request->state_fd, pid, err) < 0 || hear(in, err) < 0) {
		kill(pid, SIGKILL); /* our child, not waited for: the pid is its own */
		waitpid(pid, NULL, 0);
		return -1;
	}
	return 0;
}

const struct bw_control bw_gate = {
	.name = "gate",
	.about = "the warden's egress gate as the only way out, where the policy lists what may be connected to",
	.prepare = prepare,
	.say = say,
	.settle = settle,
};

int bw_gate_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)child, (void)op, (void)data, (void)len;
	return -ENOSYS;
}

/* ---- ending ---- */

/* pidfd of the warden that lives, or -1. */
static int open_warden(int state_dir, pid_t *ret_pid)
{
	uint64_t pid, start;
	char text[64];

	if (bw_read_at(state_dir, BW_GATE_PID_FILE, text, sizeof text) <= 0 ||
		bw_parse_word(text, 0, INT32_MAX, &pid) < 0 || bw_parse_word(text, 1, UINT64_MAX, &start) < 0 ||
		!bw_proc_alive((pid_t)pid, start))
		return -1;
	*ret_pid = (pid_t)pid;
	return bw_pidfd_of((pid_t)pid, start);
}

void bw_gate_end(int state_dir)
{
	pid_t pid;
	auto_close int pidfd = open_warden(state_dir, &pid);
	struct pollfd gone = {.fd = pidfd, .events = POLLIN};

	if (pidfd < 0)
		return;
	bw_pidfd_send_signal(pidfd, SIGKILL);
	poll(&gone, 1, END_MS);
	waitpid(pid, NULL, WNOHANG); /* run: it is our child */
}

pid_t bw_gate_pid(int state_dir)
{
	pid_t pid = 0;
	auto_close int pidfd = open_warden(state_dir, &pid);

	return pidfd < 0 ? 0 : pid;
}
