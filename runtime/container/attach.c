/* SPDX-License-Identifier: Apache-2.0 */
/* attach.c - one poll loop over signals, the terminal, the time and the program's end. */
#include "container/attach.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/sys.h"
#include "container/audit_note.h"
#include "container/notify.h"
#include "container/state.h"

enum { COPY_BYTES = 8192 };

struct relay {
	int master;
	bool input_open;
	bool raw;
	struct termios saved;
	int64_t ends_at; /* of the monotonic clock; 0: never */
	bool told;	 /* that the end is near */
};

int bw_attach_begin(struct bw_attach *attach, bool terminal, struct bw_err *err)
{
	sigset_t all;

	*attach = (struct bw_attach)BW_ATTACH_INIT;
	if (terminal && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, attach->terminal) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "socketpair");
	sigfillset(&all);
	/* Our own faults must still end us. */
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGABRT);
	if (sigprocmask(SIG_BLOCK, &all, &attach->before) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "sigprocmask");
	attach->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return attach->signals < 0 ? bw_fail(err, BW_E_KERNEL, errno, "signalfd") : 0;
}

static int receive_master(struct bw_attach *attach, struct bw_err *err)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char name[64];
	struct iovec iov = {.iov_base = name, .iov_len = sizeof name};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	int fd;

	close(take_fd(&attach->terminal[1]));
	if (TEMP_FAILURE_RETRY(recvmsg(attach->terminal[0], &msg, MSG_CMSG_CLOEXEC)) <= 0 ||
		msg.msg_controllen < sizeof control.align || control.align.cmsg_type != SCM_RIGHTS)
		return bw_fail(err, BW_E_KERNEL, 0, "the container sent no terminal");
	memcpy(&fd, control.bytes + CMSG_LEN(0), sizeof fd);
	return fd;
}

static void copy_size(int master)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(master, TIOCSWINSZ, &size);
}

/* Our terminal passes everything through; theirs interprets. stdin may be no terminal at all. */
static void make_raw(struct relay *relay)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &relay->saved) < 0)
		return;
	raw = relay->saved;
	cfmakeraw(&raw);
	relay->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void forward_signals(struct bw_attach *attach, int pidfd, const struct relay *relay)
{
	struct signalfd_siginfo info;

	while (read(attach->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		int sig = (int)info.ssi_signo;

		if (sig == SIGCHLD || sig == SIGPIPE || sig == SIGURG)
			continue;
		if (sig == SIGWINCH && relay->master >= 0)
			copy_size(relay->master);
		else
			bw_pidfd_send_signal(pidfd, sig);
	}
}

/* False at the end of the source. */
static bool copy_some(int from, int to)
{
	char bytes[COPY_BYTES];
	ssize_t got = read(from, bytes, sizeof bytes);

	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	return got > 0 && bw_write_all(to, bytes, (size_t)got) == 0;
}

/* What the program wrote before it ended is still in the terminal's buffer. */
static void drain(int master)
{
	struct pollfd fd = {.fd = master, .events = POLLIN};

	while (poll(&fd, 1, 0) > 0 && (fd.revents & POLLIN) && copy_some(master, STDOUT_FILENO))
		;
}

/* --- a life that ends in time --- */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* For poll(2). */
static int wait_of(const struct relay *relay)
{
	int64_t left = relay->ends_at ? relay->ends_at - now_ms() : -1;

	if (!relay->ends_at)
		return -1;
	return left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

/* Everybody, also who has been started by exec or has left the init behind. */
static void kill_all(const struct bw_attach *attach)
{
	struct bw_err why = {0};

	if (attach->cgroups && bw_cgroup_kill(attach->cgroups, &why) < 0)
		bw_log(BW_LOG_WARNING, "%s", why.text);
}

/* One who outlives its filter's listener gets ENOSYS for every call, and may turn in a circle over it. */
static void end_without(struct bw_attach *attach, int pidfd)
{
	attach->vital = -1;
	kill_all(attach);
	bw_pidfd_send_signal(pidfd, SIGKILL);
}

/* First a word, then SIGKILL. */
static void keep_time(const struct bw_attach *attach, int pidfd, struct relay *relay)
{
	if (!relay->ends_at || now_ms() < relay->ends_at)
		return;
	if (relay->told) {
		relay->ends_at = 0;
		kill_all(attach);
		bw_pidfd_send_signal(pidfd, SIGKILL);
		return;
	}
	bw_log(BW_LOG_WARNING, "the container's life of %.10g s is over", (double)attach->ttl_ms / 1000);
	bw_pidfd_send_signal(pidfd, SIGTERM);
	relay->told = true;
	relay->ends_at = now_ms() + attach->grace_ms;
	bw_note_event(&attach->who, BW_AUDIT_TIME_LIMIT, NULL, NULL, 0);
}

static void loop(struct bw_attach *attach, int pidfd, struct relay *relay)
{
	for (;;) {
		struct pollfd fds[] = {
			{.fd = pidfd, .events = POLLIN},
			{.fd = attach->signals, .events = POLLIN},
			{.fd = relay->master, .events = POLLIN},
			{.fd = relay->input_open ? STDIN_FILENO : -1, .events = POLLIN},
			{.fd = attach->notify ? attach->notify->sock : -1, .events = POLLIN},
			{.fd = attach->vital, .events = POLLIN},
		};

		if (poll(fds, BW_COUNT(fds), wait_of(relay)) < 0 && errno != EINTR)
			return;
		keep_time(attach, pidfd, relay);
		/* systemd watches us, who end as the program does. */
		if (fds[4].revents)
			bw_notify_take(attach->notify, getpid());
		if (fds[5].revents)
			end_without(attach, pidfd);
		if (fds[1].revents)
			forward_signals(attach, pidfd, relay);
		/* EIO only says that nobody has the peer open just now. */
		if ((fds[2].revents & POLLIN) && !copy_some(relay->master, STDOUT_FILENO))
			fds[2].revents = 0;
		if (fds[3].revents && !copy_some(STDIN_FILENO, relay->master))
			relay->input_open = false;
		if (fds[0].revents)
			return;
		if ((fds[2].revents & (POLLHUP | POLLIN)) == POLLHUP)
			poll(NULL, 0, 10);
	}
}

void bw_attach_keep_time(struct bw_attach *attach, const struct bw_state *state)
{
	attach->ttl_ms = (int64_t)state->ttl_ms.v;
	attach->grace_ms = (int64_t)state->grace_ms.v;
	attach->cgroups = state->cgroups;
	attach->who = bw_audited_state(state);
}

int bw_attach_run(struct bw_attach *attach, pid_t pid, int pidfd, int *ret_code, struct bw_err *err)
{
	struct relay relay = {.master = -1, .ends_at = attach->ttl_ms ? now_ms() + attach->ttl_ms : 0};
	bool vital = attach->vital >= 0;
	int status, r;

	if (attach->terminal[0] >= 0) {
		relay.master = receive_master(attach, err);
		if (relay.master < 0)
			return -1;
		relay.input_open = true;
		copy_size(relay.master);
		make_raw(&relay);
	}
	loop(attach, pidfd, &relay);
	r = bw_wait(pid, &status);
	/* Whoever has left the init behind would be left with a filter that nobody answers. */
	if (relay.told || vital)
		kill_all(attach);
	if (relay.master >= 0) {
		drain(relay.master);
		close(relay.master);
	}
	if (relay.raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &relay.saved);
	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "waiting for the program");
	*ret_code = bw_exit_code(status);
	return 0;
}

void bw_attach_done(struct bw_attach *attach)
{
	if (attach->signals < 0)
		return;
	for (int i = 0; i < 2; i++)
		if (attach->terminal[i] >= 0)
			close(attach->terminal[i]);
	close(attach->signals);
	attach->signals = attach->terminal[0] = attach->terminal[1] = -1;
	sigprocmask(SIG_SETMASK, &attach->before, NULL);
}
