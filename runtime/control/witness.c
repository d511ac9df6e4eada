/* SPDX-License-Identifier: Apache-2.0 */
/* witness.c - each attempt to execute a program is seen from outside: a filter of its own asks about execve and execveat
 * and about nothing else, and bulwark-witness beside the container answers. It is no lock: what it lets go on is decided by
 * mounts, Landlock, the LSM and the other filters, of which the kernel takes the strictest answer (seccomp(2)).
 *
 * The filter is loaded before the wait for start, when the program has been looked up: the first that is asked about is the
 * container's own program. A filter has one listener, and a process one filter with a listener. So a process of exec, which
 * has a filter of its own, brings its listener to the witness that is there. */
#include "control/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/beside.h"
#include "control/control.h"
#include "control/seccomp_filter.h"
#include "host/host.h"
#include "json/json.h"
#include "plan/plan.h"
#include "spec/spec.h"
#include "warden/witness.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

enum { OP_LISTEN };
enum { ANSWER_MS = 10000, BACKLOG = 16, COUNT_COLUMNS = 2 };

static const struct bw_beside witness = {
	.program = BW_LIBEXECDIR "/" BW_WITNESS_PROGRAM,
	.name = BW_WITNESS_PROGRAM,
	.what = "the witness of programs",
	.pid_file = BW_WITNESS_PID_FILE,
	.ok = BW_WITNESS_OK,
	.answer = BW_WITNESS_ANSWER,
	.end = BW_WITNESS_FD_END,
};

/* Calls of other ABIs (x32 is one, by its number) are ended by our other filters. */
static const struct sock_filter filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BW_NATIVE_AUDIT_ARCH, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execveat, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
};

/* Step data: the flags of the call. The filter is in the program's own memory, which the child has too. */
struct load {
	uint32_t flags;
};

/* ---- preparing ---- */

static int probe(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	(void)arena, (void)err;
	host->witness = (struct bw_opt_bool){.set = true, .v = access(witness.program, X_OK) == 0};
	return 0;
}

static const struct bw_spec_programs *wanted(const struct bw_request *request)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;

	return hardening && hardening->programs && hardening->programs->events ? hardening->programs : NULL;
}

/* The first kernel with pidfd_getfd(2), which came after SECCOMP_USER_NOTIF_FLAG_CONTINUE. */
static bool is_new_enough(const struct bw_host *host)
{
	return host->kernel_major.v > 5 || (host->kernel_major.v == 5 && host->kernel_minor.v >= 6);
}

/* Why there can be none, or NULL. */
static const char *why_not(const struct bw_request *request)
{
	const struct bw_spec *spec = request->spec;

	if (!request->host->seccomp.v || !is_new_enough(request->host))
		return "this kernel cannot ask about system calls";
	if (!request->host->root.v)
		return "only root can look at every process of a container";
	if (spec->linux_ && spec->linux_->seccomp && bw_seccomp_filter_notifies(spec->linux_->seccomp))
		return "the container's filter asks an agent of its own, and there is one listener";
	if (request->recorder)
		return "a profile of system calls is learned, and there is one listener";
	/* For a further process the one that runs will do. */
	if (!request->exec && !request->host->witness.v)
		return "bulwark-witness cannot be run";
	return NULL;
}

/* Whether the container was made with one: a host that has got the program since changes nothing for it. */
static bool has_one(const struct bw_request *request)
{
	return faccessat(request->state_fd, BW_WITNESS_PID_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool can_wait_killable(const struct bw_host *host)
{
	return bw_strs_has(&host->seccomp_flags, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_programs *programs = wanted(request);
	const char *why = programs ? why_not(request) : NULL;
	struct load load = {.flags = SECCOMP_FILTER_FLAG_NEW_LISTENER};

	if (!programs || (request->exec && bw_streq(programs->events, "prefer") && !has_one(request)))
		return 0;
	if (why && bw_streq(programs->events, "require"))
		return bw_fail(err, BW_E_HOST, 0, "the policy requires a witness of programs: %s", why);
	if (why) {
		bw_plan_degrade(plan, BW_CONTROL_witness, why);
		return 0;
	}
	/* A signal that comes meanwhile would else have the call asked about twice. */
	if (can_wait_killable(request->host))
		load.flags |= SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	bw_plan_layer(plan, BW_CONTROL_witness, "each execve is seen and written down; of a file that is not listed it is refused");
	/* Without no_new_privs loading needs CAP_SYS_ADMIN, which is gone after CREDS. */
	return bw_plan_add(plan, BW_CONTROL_witness, OP_LISTEN,
		request->process->no_new_privileges.v ? BW_PHASE_PROGRAM : BW_PHASE_EARLY_FILTER, &load, sizeof load, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)op, (void)data, (void)len;
	snprintf(buf, size, "load a filter that asks the witness about execve");
}

/* ---- the witness of a container ---- */

static void put_texts(struct bw_json_writer *w, const char *key, const struct bw_strs *list)
{
	if (!list->n)
		return;
	bw_json_key(w, key);
	bw_json_begin_array(w);
	for (size_t i = 0; i < list->n; i++)
		bw_json_string(w, list->v[i]);
	bw_json_end_array(w);
}

static void put_configuration(struct bw_json_writer *w, const struct bw_settling *now)
{
	const struct bw_spec_programs *programs = wanted(now->request);

	bw_json_begin_object(w);
	bw_json_key(w, "id");
	bw_json_string(w, now->request->id);
	bw_json_key(w, "user");
	bw_json_uint(w, BW_BESIDE_USER);
	bw_json_key(w, "group");
	bw_json_uint(w, BW_BESIDE_USER);
	bw_json_key(w, "pid");
	bw_json_int(w, now->pid);
	put_texts(w, "programs", &programs->files);
	put_texts(w, "interpreters", &programs->interpreters);
	bw_json_end_object(w);
}

/* Descriptor of the configuration, or -1 and errno. */
static int configuration(const struct bw_settling *now)
{
	struct bw_json_writer *w = bw_json_writer_new(false);

	if (w)
		put_configuration(w, now);
	return bw_beside_json(BW_WITNESS_PROGRAM, w);
}

/* The path of a socket is at most 107 bytes: through the directory's descriptor. */
static struct sockaddr_un address_in(int state_dir)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" BW_WITNESS_SOCKET_FILE, state_dir);
	return address;
}

static int listening_socket(int state_dir)
{
	const struct sockaddr_un address = address_in(state_dir);
	auto_close int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (sock < 0 || bind(sock, (const struct sockaddr *)&address, sizeof address) < 0 ||
		fchmodat(state_dir, BW_WITNESS_SOCKET_FILE, 0600, 0) < 0 || listen(sock, BACKLOG) < 0)
		return -1;
	return take_fd(&sock);
}

static int file_in(int state_dir, const char *name, int flags)
{
	return openat(state_dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
}

static int begin(const struct bw_settling *now, int listener, struct bw_err *err)
{
	auto_heirs struct bw_heirs heirs = BW_HEIRS_INIT;
	int dir = now->request->state_fd;

	if (bw_heirs_put(&heirs, BW_WITNESS_CONFIG, configuration(now), &witness, "configuration", err) < 0 ||
		bw_heirs_put(&heirs, BW_WITNESS_INIT, fcntl(now->pidfd, F_DUPFD_CLOEXEC, 0), &witness, "container's init", err) < 0 ||
		bw_heirs_put(&heirs, BW_WITNESS_EVENTS, file_in(dir, BW_WITNESS_EVENTS_FILE, O_APPEND), &witness,
			BW_WITNESS_EVENTS_FILE, err) < 0 ||
		bw_heirs_put(&heirs, BW_WITNESS_COUNTS, file_in(dir, BW_WITNESS_COUNTS_FILE, 0), &witness,
			BW_WITNESS_COUNTS_FILE, err) < 0 ||
		bw_heirs_put(&heirs, BW_WITNESS_LISTENER, fcntl(listener, F_DUPFD_CLOEXEC, 0), &witness, "listener", err) < 0 ||
		bw_heirs_put(&heirs, BW_WITNESS_SOCKET, listening_socket(dir), &witness, BW_WITNESS_SOCKET_FILE, err) < 0)
		return -1;
	return bw_beside_start(&witness, &heirs, dir, err);
}

/* ---- a further process ---- */

static int connect_to(int state_dir, struct bw_err *err)
{
	const struct sockaddr_un address = address_in(state_dir);
	auto_close int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (sock < 0 || connect(sock, (const struct sockaddr *)&address, sizeof address) < 0)
		return bw_fail(err, BW_E_STATE, errno, "the container's witness of programs is gone: no program can be started in it");
	return take_fd(&sock);
}

static int join(const struct bw_settling *now, int listener, struct bw_err *err)
{
	auto_close int sock = connect_to(now->request->state_fd, err);
	struct pollfd ready = {.fd = sock, .events = POLLIN};
	char word[sizeof BW_WITNESS_OK];

	if (sock < 0 || bw_send_fd(sock, listener, "", 1, err) < 0)
		return -1;
	if (TEMP_FAILURE_RETRY(poll(&ready, 1, ANSWER_MS)) == 0)
		return bw_fail(err, BW_E_HOST, 0, "the witness of programs has not answered within %d seconds", ANSWER_MS / 1000);
	if (TEMP_FAILURE_RETRY(read(sock, word, sizeof word)) <= 0)
		return bw_fail(err, BW_E_HOST, 0, "the witness of programs takes no further process: it has %d",
			BW_WITNESS_MAX_LISTENERS);
	return 0;
}

static int receive(const struct bw_settling *now, uint16_t op, const void *data, size_t len, int fd, struct bw_err *err)
{
	(void)op, (void)data, (void)len;
	return now->request->exec ? join(now, fd, err) : begin(now, fd, err);
}

const struct bw_control bw_witness = {
	.name = "witness",
	.about = "has each attempt to execute a program seen, and written down, by a process outside the container",
	.probe = probe,
	.prepare = prepare,
	.say = say,
	.receive = receive,
};

/* The witness has the listener when hand_over() is back; here it is none of ours any more, or nobody would notice the
 * witness's end. */
int bw_witness_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const struct load *load = data;
	struct sock_fprog program = {
		.len = sizeof filter / sizeof *filter, .filter = (struct sock_filter *)(uintptr_t)filter};
	long fd;
	int r;

	(void)op;
	if (len != sizeof *load)
		return -EINVAL;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, (unsigned long)load->flags, &program);
	if (fd < 0)
		return -errno;
	r = child->hand_over(child, (int)fd);
	close((int)fd);
	return r;
}

/* ---- for the verbs ---- */

void bw_witness_end(int state_dir)
{
	bw_beside_end(state_dir, BW_WITNESS_PID_FILE);
}

pid_t bw_witness_pid(int state_dir)
{
	return bw_beside_pid(state_dir, BW_WITNESS_PID_FILE);
}

bool bw_witness_counts(int state_dir, struct bw_witness_counts *ret)
{
	uint64_t *const members[] = {&ret->allowed, &ret->denied, &ret->unresolved};
	char text[BW_WITNESS_COUNTS_SIZE + 1];

	if (bw_read_at(state_dir, BW_WITNESS_COUNTS_FILE, text, sizeof text) <= 0)
		return false;
	for (size_t i = 0; i < BW_COUNT(members); i++)
		if (bw_parse_word(text, COUNT_COLUMNS * i + 1, UINT64_MAX, members[i]) < 0)
			return false;
	return true;
}
