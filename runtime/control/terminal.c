/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.c - a pseudo-terminal of the container's own devpts as stdin, stdout, stderr and controlling
 * terminal; the master goes to the caller over the console socket (runc's terminals.md protocol). The peer is
 * taken by TIOCGPTPEER, never by its path (CVE-2025-52565). */
#include "control/control.h"

#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/sys.h"
#include "plan/plan.h"
#include "spec/spec.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

enum { OP_OPEN, OP_SESSION };

struct open_step {
	int console; /* connected socket that gets the master */
	uint32_t uid;
	uint16_t rows, columns;
	bool bind_console; /* /dev/console of the container's init */
	bool plain_newlines;
};

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_process *process = request->process;
	struct open_step step = {.bind_console = !request->exec, .plain_newlines = request->foreground_terminal};

	if (!process->terminal.v) {
		if (request->console_socket)
			return bw_fail(err, BW_E_USAGE, 0, "--console-socket is for a process with terminal: true");
		if (request->terminal_fd >= 0)
			return bw_fail(err, BW_E_USAGE, 0, "a socket for the terminal is for a process with terminal: true");
		return bw_plan_add(plan, BW_CONTROL_terminal, OP_SESSION, BW_PHASE_PRIVS, NULL, 0, err);
	}
	if (request->terminal_fd >= 0)
		step.console = fcntl(request->terminal_fd, F_DUPFD_CLOEXEC, 3);
	else if (request->console_socket)
		step.console = bw_connect_unix(request->console_socket, err);
	else
		return bw_fail(err, BW_E_USAGE, 0,
			"cannot allocate tty if the container will detach without setting the console socket");
	if (step.console < 0 || bw_plan_own_fd(plan, step.console, err) < 0)
		return err->code ? -1 : bw_fail(err, BW_E_KERNEL, errno, "terminal: console socket");
	step.uid = process->user ? (uint32_t)process->user->uid.v : 0;
	if (process->console_size) {
		step.rows = (uint16_t)process->console_size->height.v;
		step.columns = (uint16_t)process->console_size->width.v;
	}
	return bw_plan_add(plan, BW_CONTROL_terminal, OP_OPEN, BW_PHASE_PRIVS, &step, sizeof step, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)data, (void)len;
	snprintf(buf, size, "%s", op == OP_OPEN ? "open a pseudo-terminal and send its master" : "new session");
}

const struct bw_control bw_terminal = {
	.name = "terminal",
	.about = "pseudo-terminal, console socket, session",
	.prepare = prepare,
	.say = say,
};

/* The multiplexer of the container's own devpts. The image could have put anything at /dev/ptmx, so it is
 * checked: character device 5:2 on a devpts file system. */
static int open_master(struct bw_child *child)
{
	int fd = bw_open_in(child->root, "/dev/pts/ptmx", O_PATH, RESOLVE_NO_SYMLINKS);
	struct statfs fs;
	struct stat st;
	int unlock = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) ||
		fs.f_type != DEVPTS_SUPER_MAGIC) {
		close(fd);
		return -ENOTTY;
	}
	close(fd);
	fd = bw_open_in(child->root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, RESOLVE_NO_SYMLINKS);
	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC || ioctl(fd, TIOCSPTLCK, &unlock) < 0) {
		close(fd);
		return -ENOTTY;
	}
	return fd;
}

/* "/dev/pts/N": what runc sends beside the descriptor. */
static size_t name_of(unsigned number, char *buf)
{
	static const char prefix[] = "/dev/pts/";
	char digits[10];
	size_t len = sizeof prefix - 1, n = 0;

	memcpy(buf, prefix, len);
	do
		digits[n++] = (char)('0' + number % 10);
	while (number /= 10);
	while (n)
		buf[len++] = digits[--n];
	return len;
}

static int send_master(int console, int master)
{
	union {
		char bytes[CMSG_SPACE(sizeof master)];
		struct cmsghdr align;
	} control;
	char name[32];
	struct iovec iov = {.iov_base = name};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	unsigned number;

	memset(&control, 0, sizeof control);
	if (ioctl(master, TIOCGPTN, &number) < 0)
		return -errno;
	iov.iov_len = name_of(number, name);
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof master);
	memcpy(control.bytes + CMSG_LEN(0), &master, sizeof master);
	return sendmsg(console, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Over /dev/console, which devices.c does not make. */
static int bind_console(struct bw_child *child, int peer)
{
	int tree = open_tree(peer, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	int target, r = 0;

	if (tree < 0)
		return -errno;
	target = bw_mkfile_in(child->root, "/dev/console", 0600);
	if (target < 0) {
		close(tree);
		return target == -EROFS ? 0 : target;
	}
	if (move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		r = -errno;
	close(target);
	close(tree);
	return r;
}

/* Who gets the terminal over a socket has it as the kernel makes it: their own may be raw, and needs the carriage returns.
 * In the foreground we copy to a terminal that adds them, or to a file, which shall have none. As runc has it. */
static int configure(int peer, const struct open_step *step)
{
	struct winsize size = {.ws_row = step->rows, .ws_col = step->columns};
	struct termios tio;

	if (step->plain_newlines) {
		if (ioctl(peer, TCGETS, &tio) < 0)
			return -errno;
		tio.c_oflag &= ~(tcflag_t)ONLCR;
		if (ioctl(peer, TCSETS, &tio) < 0)
			return -errno;
	}
	if ((step->rows || step->columns) && ioctl(peer, TIOCSWINSZ, &size) < 0)
		return -errno;
	return fchown(peer, step->uid, (gid_t)-1) < 0 && errno != EINVAL && errno != EPERM ? -errno : 0;
}

/* Without a session of its own the program could push input into the caller's terminal (CVE-2017-5226). That
 * we lead one already is the only failure that does no harm. */
static int new_session(void)
{
	return setsid() < 0 && getsid(0) != getpid() ? -errno : 0;
}

static int become_stdio(int peer)
{
	int r = new_session();

	if (r < 0)
		return r;
	if (ioctl(peer, TIOCSCTTY, 0) < 0)
		return -errno;
	for (int fd = 0; fd < 3; fd++)
		if (dup3(peer, fd, 0) < 0)
			return -errno;
	return 0;
}

static int open_terminal(struct bw_child *child, const struct open_step *step)
{
	int master = open_master(child);
	int peer, r;

	if (master < 0)
		return master;
	peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	r = peer < 0 ? -errno : configure(peer, step);
	if (r == 0 && step->bind_console)
		r = bind_console(child, peer);
	if (r == 0)
		r = send_master(step->console, master);
	if (r == 0)
		r = become_stdio(peer);
	close(step->console);
	close(master);
	if (peer >= 0)
		close(peer);
	return r;
}

static bool is_null(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* The container's own /dev/null, or -1. Looked at before it is opened, as an image may have anything there; and opened
 * so that nothing waits, as it may be another thing by then. */
static int open_null(struct bw_child *child)
{
	int fd = bw_open_in(child->root, "/dev/null", O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
	bool is_one = fd >= 0 && is_null(fd);

	if (fd >= 0)
		close(fd);
	fd = is_one ? bw_open_in(child->root, "/dev/null", O_RDWR | O_NOCTTY | O_NONBLOCK, RESOLVE_NO_SYMLINKS) : -1;
	if (fd < 0 || (is_null(fd) && fcntl(fd, F_SETFL, 0) == 0))
		return fd;
	close(fd);
	return -1;
}

/* What engines give in place of no input or output is the host's /dev/null, a file of a mount that the container does
 * not have: criu could not find it. Where the container has one, that does as well. */
static int exchange_null(struct bw_child *child)
{
	int null = -1, r = 0;

	for (int fd = 0; fd < 3 && r == 0; fd++) {
		if (!is_null(fd))
			continue;
		if (null < 0)
			null = open_null(child);
		if (null < 0)
			return 0;
		r = dup3(null, fd, 0) < 0 ? -errno : 0;
	}
	if (null >= 0)
		close(null);
	return r;
}

int bw_terminal_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	int r;

	(void)len;
	if (op == OP_OPEN)
		return open_terminal(child, data);
	r = exchange_null(child);
	return r < 0 ? r : new_session();
}
