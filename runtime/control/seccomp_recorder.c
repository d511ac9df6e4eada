/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_recorder.c - the process that answers. It is one of its own because the container's init waits for an
 * answer to each call while bulwark waits for the init, and because bulwark may be busy with a terminal. */
#include "control/seccomp_recorder.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/sys.h"
#include "control/cgroup.h"
#include "control/control.h"

/* Linux 6.6: who is answered goes on on the processor that has answered. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
enum { SYNC_WAKE_UP = 1, X32_BIT = 0x40000000, NO_CALL = 0xffffffff };

size_t bw_recorder_filter(struct sock_filter code[BW_RECORDER_FILTER_MAX])
{
	const struct sock_filter all[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BW_NATIVE_AUDIT_ARCH, 1, 0),
		/* A profile for the native architecture kills them too. */
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 3, 0),
		/* What a tracer leaves of a call that it skips. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NO_CALL, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 5, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		/* By it the listener itself is sent, before anybody listens (send_over). */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BW_SEND_OVER_FLAGS, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};

	_Static_assert(BW_COUNT(all) == BW_RECORDER_FILTER_MAX, "as long as the header says");
	memcpy(code, all, sizeof all);
	return BW_COUNT(all);
}

int bw_recorder_open(struct bw_recorder *recorder, struct bw_err *err)
{
	void *set = mmap(NULL, sizeof *recorder->set, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (set == MAP_FAILED)
		return bw_fail(err, BW_E_MEMORY, errno, "learning system calls");
	recorder->set = set;
	bw_learned_init(recorder->set);
	return 0;
}

/* --- in the process --- */

struct recording {
	struct bw_learned *set;
	struct seccomp_notif *call;
	struct seccomp_notif_resp *answer;
	pid_t init;
	bool launching;	   /* the init has not executed the container's program yet */
	bool counts_launch; /* what it does until then it does under a filter of the caller's, too */
};

/* A kernel that is younger than these headers may write more. */
static void make_room(struct recording *recording)
{
	struct seccomp_notif_sizes sizes = {0};
	size_t call = sizeof *recording->call, answer = sizeof *recording->answer;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		_exit(1);
	recording->call = calloc(1, sizes.seccomp_notif > call ? sizes.seccomp_notif : call);
	recording->answer = calloc(1, sizes.seccomp_notif_resp > answer ? sizes.seccomp_notif_resp : answer);
	if (!recording->call || !recording->answer)
		_exit(1);
}

static void note(struct recording *recording)
{
	const struct seccomp_notif *call = recording->call;
	bool ours = recording->launching && (pid_t)call->pid == recording->init;
	uint64_t args[6];

	if (ours && (call->data.nr == SYS_execve || call->data.nr == SYS_execveat))
		ours = recording->launching = false;
	if (ours && !recording->counts_launch)
		return;
	for (size_t i = 0; i < BW_COUNT(args); i++)
		args[i] = call->data.args[i];
	bw_learned_add(recording->set, call->data.nr, args);
}

/* False when there is nobody left who could call. */
static bool answer_one(struct recording *recording, int listener)
{
	memset(recording->call, 0, sizeof *recording->call);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, recording->call) < 0) {
		/* Who called has died meanwhile. */
		if (errno == ENOENT || errno == EINTR)
			return true;
		if (errno == ENOTCONN)
			return false;
		_exit(1);
	}
	note(recording);
	*recording->answer = (struct seccomp_notif_resp){
		.id = recording->call->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, recording->answer) < 0 && errno != ENOENT)
		_exit(1);
	return true;
}

static void kill_container(const struct bw_settling *now)
{
	struct bw_err why = {0};

	/* First what needs no answer of ours: who waits for one cannot be frozen. */
	bw_pidfd_send_signal(now->pidfd, SIGKILL);
	if (now->request->cgroups && bw_cgroup_kill(now->request->cgroups, &why) < 0)
		bw_log(BW_LOG_WARNING, "%s", why.text);
}

/* Nothing of bulwark's stays open but what is needed: whoever waits for the end of a pipe of its, waits for us. */
static void keep_only(int *listener, int *parent, int *init)
{
	enum { FIRST = 3 };
	int *const kept[] = {listener, parent, init};

	for (size_t i = 0; i < BW_COUNT(kept); i++) {
		*kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, FIRST + (int)BW_COUNT(kept));
		if (*kept[i] < 0)
			_exit(1);
	}
	for (size_t i = 0; i < BW_COUNT(kept); i++) {
		if (dup3(*kept[i], FIRST + (int)i, O_CLOEXEC) < 0)
			_exit(1);
		*kept[i] = FIRST + (int)i;
	}
	(void)bw_close_range(FIRST + BW_COUNT(kept), ~0U, 0);
	(void)bw_close_range(STDIN_FILENO, STDOUT_FILENO, 0);
}

_Noreturn static void record(struct recording *recording, int listener, const struct bw_settling *asked, pid_t bulwark)
{
	struct bw_settling now = *asked;
	int parent = bw_pidfd_open(bulwark, 0);
	uint64_t flags = SYNC_WAKE_UP;

	/* No signal of the terminal's is for us. */
	(void)setsid();
	(void)prctl(PR_SET_NAME, "bulwark-learn", 0, 0, 0);
	if (parent < 0)
		_exit(1);
	keep_only(&listener, &parent, &now.pidfd);
	make_room(recording);
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, flags);
	for (;;) {
		struct pollfd fds[] = {{.fd = listener, .events = POLLIN}, {.fd = parent, .events = POLLIN}};

		if (poll(fds, BW_COUNT(fds), -1) < 0 && errno != EINTR)
			_exit(1);
		if (fds[1].revents || getppid() != bulwark) {
			kill_container(&now);
			_exit(1);
		}
		if ((fds[0].revents & POLLIN) ? !answer_one(recording, listener) : fds[0].revents != 0)
			listener = -1;
	}
}

/* --- in bulwark --- */

int bw_recorder_start(struct bw_recorder *recorder, int listener, const struct bw_settling *now, struct bw_err *err)
{
	struct recording recording = {.set = recorder->set,
		.init = now->pid,
		.launching = true,
		.counts_launch = !now->request->process->no_new_privileges.v};
	pid_t bulwark = getpid();
	long pid = bw_fork_pidfd(&recorder->pidfd);

	if (pid == 0)
		record(&recording, listener, now, bulwark);
	if (pid < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "starting the process that learns system calls");
	recorder->pid = (pid_t)pid;
	return 0;
}

int bw_recorder_stop(struct bw_recorder *recorder, struct bw_err *err)
{
	struct pollfd ended = {.fd = recorder->pidfd, .events = POLLIN};
	bool early = recorder->pid <= 0 || poll(&ended, 1, 0) != 0;
	int status;

	if (recorder->pid > 0) {
		kill(recorder->pid, SIGKILL);
		(void)!bw_wait(recorder->pid, &status);
		close(take_fd(&recorder->pidfd));
		recorder->pid = 0;
	}
	return early ? bw_fail(err, BW_E_INTERNAL, 0, "the process that learns system calls has ended before the container") : 0;
}

void bw_recorder_done(struct bw_recorder *recorder)
{
	if (recorder->pid > 0)
		(void)!bw_recorder_stop(recorder, NULL);
	if (recorder->set)
		munmap(recorder->set, sizeof *recorder->set);
	*recorder = (struct bw_recorder)BW_RECORDER_INIT;
}
