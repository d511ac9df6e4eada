// SPDX-License-Identifier: Apache-2.0
/*
 * probe.c - what a program inside a container can do, one attempt a line. Static, for any rootfs.
 *
 *	probe list              the names of all attempts
 *	probe try NAME...       "NAME ok", "NAME EPERM" or "NAME SIGSYS" for each
 *	probe euid              effective user and group id
 *	probe session           serial number of the session keyring, or the error
 *	probe securebits        PR_GET_SECUREBITS in hexadecimal
 *	probe clocks            seconds of the monotonic and the boot clock
 *	probe eat MEGABYTES     fills so much memory, then says "full"
 *	probe fork NUMBER       has so many children at a time, says how many it got
 *	probe abstract NAME     connects to the abstract socket NAME
 *	probe reach ADDRESS...  connects to port 80 of each: "ADDRESS ok", or the error
 *	probe open FLAGS PATH   opens PATH: r, w (no truncation) or rw
 *	probe truncate PATH     truncate(2), which opens nothing
 *	probe ioctl PATH        asks what is opened at PATH for the foreground group of its terminal
 *	probe port HOW PORT     on 127.0.0.1: connect, bind, listen (without bind), fastopen, mptcp, udp
 *
 * Attempts harm nothing even where they are allowed: arguments are as wrong as they can be and
 * still get past the kernel's check of capabilities. An answer other than that of a filter proves
 * that the kernel has seen the call.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Newer than some C libraries, or not on every machine; -1 leaves the attempt out.
#ifndef SYS_modify_ldt
#define SYS_modify_ldt -1
#endif
#ifndef SYS_iopl
#define SYS_iopl -1
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
#ifndef SYS_listns
#define SYS_listns 470
#endif

#define BAD_POINTER  1L
#define BAD_FLAGS    0x7fffffffL
#define X32_BIT	     0x40000000L
#define NO_SUCH_CALL 0xfffL

struct attempt {
	const char *name;
	long number;
	long args[6];
	long (*special)(void);
};

static const char path_missing[] = "/nonexistent/probe";
static const char path_char[] = "/tmp/probe-char", path_block[] = "/tmp/probe-block";
static const char path_root[] = "/";
static const char fs_tmpfs[] = "tmpfs";
static const char key_type[] = "user", key_name[] = "probe", key_text[] = "text";
static char out_buffer[4096];

// getpid by the i386 gate; the filter must see a call of a foreign machine.
static long try_i386(void)
{
#ifdef __x86_64__
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	return ret < 0 ? -ENOSYS : 0;
#else
	return -ENOSYS;
#endif
}

static long try_process_vm(void)
{
	struct {
		void *base;
		size_t len;
	} local = {out_buffer, 4}, remote = {out_buffer + 8, 4};

	return syscall(SYS_process_vm_readv, (long)getpid(), &local, 1L, &remote, 1L, 0L) == 4
		       ? 0
		       : -errno;
}

static long try_name_to_handle(void)
{
	struct {
		unsigned int bytes;
		int type;
		unsigned char data[128];
	} handle = {.bytes = 128};
	int mount;

	return syscall(SYS_name_to_handle_at, AT_FDCWD, "/", &handle, &mount, 0) ? -errno : 0;
}

static long try_clone_newuser(void)
{
	long pid = syscall(SYS_clone, (long)(CLONE_NEWUSER | SIGCHLD), 0L, 0L, 0L, 0L);

	if (!pid)
		_exit(0);
	return pid < 0 ? -errno : 0;
}

static const struct attempt attempts[] = {
	// sockets
	{"af_unix", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}, NULL},
	{"af_inet", SYS_socket, {AF_INET, SOCK_STREAM, 0}, NULL},
	{"af_alg", SYS_socket, {AF_ALG, SOCK_SEQPACKET, 0}, NULL},
	{"af_vsock", SYS_socket, {AF_VSOCK, SOCK_STREAM, 0}, NULL},
	{"af_packet", SYS_socket, {AF_PACKET, SOCK_RAW, 0}, NULL},
	{"sock_packet", SYS_socket, {AF_INET, SOCK_PACKET, 0}, NULL},
	{"af_xdp", SYS_socket, {44, SOCK_RAW, 0}, NULL},
	{"af_key", SYS_socket, {AF_KEY, SOCK_RAW, 2}, NULL},
	{"raw_icmp", SYS_socket, {AF_INET, SOCK_RAW, 1}, NULL},
	{"raw_icmp6", SYS_socket, {AF_INET6, SOCK_RAW, 58}, NULL},
	{"af_alg_high", SYS_socket, {AF_ALG | (1L << 32), SOCK_SEQPACKET, 0}, NULL},
	{"netlink_route", SYS_socket, {AF_NETLINK, SOCK_RAW, 0}, NULL},
	{"netlink_audit", SYS_socket, {AF_NETLINK, SOCK_RAW, 9}, NULL},
	{"tcp_ulp", SYS_setsockopt, {-1, 6, 31, BAD_POINTER, 3}, NULL},
	// terminals; the second has bits that only a filter of 64 bits would compare
	{"tiocsti", SYS_ioctl, {-1, 0x5412, BAD_POINTER}, NULL},
	{"tiocsti_high", SYS_ioctl, {-1, 0x5412 | (1L << 32), BAD_POINTER}, NULL},
	{"tioclinux", SYS_ioctl, {-1, 0x541c, BAD_POINTER}, NULL},
	{"tcgets", SYS_ioctl, {-1, 0x5401, BAD_POINTER}, NULL},
	// kernel machinery
	{"io_uring_setup", SYS_io_uring_setup, {1, 0}, NULL},
	{"io_uring_enter", SYS_io_uring_enter, {-1, 0, 0, 0, 0, 0}, NULL},
	{"io_uring_register", SYS_io_uring_register, {-1, 0, 0, 0}, NULL},
	{"keyctl", SYS_keyctl, {KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1}, NULL},
	{"add_key", SYS_add_key,
		{(long)key_type, (long)key_name, (long)key_text, 4, KEY_SPEC_PROCESS_KEYRING},
		NULL},
	{"request_key", SYS_request_key, {(long)key_type, (long)key_name, 0, 0}, NULL},
	{"bpf", SYS_bpf, {0, BAD_POINTER, 1 << 20}, NULL},
	{"perf_event_open", SYS_perf_event_open, {0, 0, -1, -1, BAD_FLAGS}, NULL},
	{"userfaultfd", SYS_userfaultfd, {1}, NULL},
	// mounts
	{"mount", SYS_mount, {(long)fs_tmpfs, (long)path_missing, (long)fs_tmpfs, 0, 0}, NULL},
	{"umount2", SYS_umount2, {(long)path_root, BAD_FLAGS}, NULL},
	{"pivot_root", SYS_pivot_root, {(long)path_missing, (long)path_missing}, NULL},
	{"fsopen", SYS_fsopen, {(long)fs_tmpfs, 0}, NULL},
	{"fsconfig", SYS_fsconfig, {-1, 99, 0, 0, 0}, NULL},
	{"fsmount", SYS_fsmount, {-1, BAD_FLAGS, 0}, NULL},
	{"fspick", SYS_fspick, {-1, (long)path_root, BAD_FLAGS}, NULL},
	{"open_tree", SYS_open_tree, {AT_FDCWD, (long)path_root, 0}, NULL},
	{"move_mount", SYS_move_mount, {-1, (long)path_root, -1, (long)path_root, BAD_FLAGS}, NULL},
	{"mount_setattr", SYS_mount_setattr, {-1, (long)path_root, BAD_FLAGS, 0, 0}, NULL},
	{"chroot", SYS_chroot, {(long)path_missing}, NULL},
	{"mknod_char", SYS_mknodat, {AT_FDCWD, (long)path_char, S_IFCHR | 0600, 0x103, 0}, NULL},
	{"mknod_block", SYS_mknodat, {AT_FDCWD, (long)path_block, S_IFBLK | 0600, 0x700, 0}, NULL},
	// other processes
	{"ptrace", SYS_ptrace, {PTRACE_TRACEME, 0, 0, 0}, NULL},
	{"process_vm_readv", 0, {0}, try_process_vm},
	{"pidfd_getfd", SYS_pidfd_getfd, {-1, 0, 0}, NULL},
	{"process_madvise", SYS_process_madvise, {-1, 0, 0, 0, 0}, NULL},
	{"kcmp", SYS_kcmp, {0, 0, 99, 0, 0}, NULL},
	{"move_pages", SYS_move_pages, {0, 0, 0, 0, 0, 0}, NULL},
	{"name_to_handle_at", 0, {0}, try_name_to_handle},
	{"open_by_handle_at", SYS_open_by_handle_at, {-1, BAD_POINTER, 0}, NULL},
	// namespaces
	{"unshare_user", SYS_unshare, {CLONE_NEWUSER}, NULL},
	{"unshare_net", SYS_unshare, {CLONE_NEWNET}, NULL},
	{"unshare_fs", SYS_unshare, {CLONE_FS}, NULL},
	{"setns", SYS_setns, {-1, 0}, NULL},
	{"clone_newuser", 0, {0}, try_clone_newuser},
	{"clone3", SYS_clone3, {0, 0}, NULL},
	// the machine
	{"personality_aslr", SYS_personality, {0x0040000}, NULL},
	{"personality_linux", SYS_personality, {0}, NULL},
	{"finit_module", SYS_finit_module, {-1, (long)path_root, 0}, NULL},
	{"delete_module", SYS_delete_module, {(long)path_missing, 0}, NULL},
	{"swapoff", SYS_swapoff, {(long)path_missing}, NULL},
	{"reboot", SYS_reboot, {0, 0, 0, 0}, NULL},
	{"acct", SYS_acct, {(long)path_missing}, NULL},
	{"clock_settime", SYS_clock_settime, {99, BAD_POINTER}, NULL},
	{"iopl", SYS_iopl, {99}, NULL},
	{"modify_ldt", SYS_modify_ldt, {99, 0, 0}, NULL},
	{"syslog", SYS_syslog, {99, 0, 0}, NULL},
	{"fanotify_init", SYS_fanotify_init, {BAD_FLAGS, 0}, NULL},
	// numbers beyond every table, and the other doors to the kernel
	{"unknown", NO_SUCH_CALL, {0}, NULL},
#ifdef __x86_64__
	{"x32", SYS_getpid | X32_BIT, {0}, NULL},
	{"i386", 0, {0}, try_i386},
#endif
	// what an allow-list leaves out and a deny-list does not
	{"splice", SYS_splice, {-1, 0, -1, 0, 0, 0}, NULL},
	{"inotify_init1", SYS_inotify_init1, {0}, NULL},
	{"futex_pi", SYS_futex, {0, 6, 0, 0, 0, 0}, NULL},
	{"memfd_create", SYS_memfd_create, {(long)key_name, 0}, NULL},
	{"mincore", SYS_mincore, {1, 0, 0}, NULL},
	{"udp_lite", SYS_socket, {AF_INET, SOCK_DGRAM, 136}, NULL},
};

enum { ATTEMPTS = sizeof attempts / sizeof *attempts };

// Which child's exit status means what: 0 ok, else the errno; signals speak for themselves.
static void attempt_in_child(const struct attempt *a)
{
	long ret;

	if (a->special) {
		ret = a->special();
		_exit(ret < 0 ? (int)-ret : 0);
	}
	ret = syscall(
		a->number, a->args[0], a->args[1], a->args[2], a->args[3], a->args[4], a->args[5]);
	_exit(ret < 0 ? errno : 0);
}

static void attempt_and_say(const struct attempt *a)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		printf("%s fork: %s\n", a->name, strerrorname_np(errno));
		return;
	}
	if (!pid)
		attempt_in_child(a);
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("%s SIG%s\n", a->name, sigabbrev_np(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		printf("%s %s\n", a->name, strerrorname_np(WEXITSTATUS(status)));
	else
		printf("%s ok\n", a->name);
}

static int try_names(char **names)
{
	for (; *names; names++) {
		size_t i;

		for (i = 0; i < ATTEMPTS && strcmp(attempts[i].name, *names); i++)
			;
		if (i == ATTEMPTS) {
			fprintf(stderr, "probe: no attempt %s\n", *names);
			return 2;
		}
		if (attempts[i].number == -1)
			printf("%s absent\n", *names);
		else
			attempt_and_say(&attempts[i]);
	}
	return 0;
}

static int list_names(char **args)
{
	(void)args;
	for (size_t i = 0; i < ATTEMPTS; i++)
		puts(attempts[i].name);
	return 0;
}

static int say_result(int ret)
{
	puts(ret < 0 ? strerrorname_np(errno) : "ok");
	return ret < 0;
}

static int say_euid(char **args)
{
	(void)args;
	printf("%d:%d\n", (int)geteuid(), (int)getegid());
	return 0;
}

static int say_session(char **args)
{
	long serial = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);

	(void)args;
	if (serial < 0)
		return say_result(-1);
	printf("%ld\n", serial);
	return 0;
}

static int say_securebits(char **args)
{
	(void)args;
	printf("0x%x\n", (unsigned int)prctl(PR_GET_SECUREBITS));
	return 0;
}

static int say_clocks(char **args)
{
	struct timespec monotonic, boot;

	(void)args;
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	printf("%lld %lld\n", (long long)monotonic.tv_sec, (long long)boot.tv_sec);
	return 0;
}

static int eat(char **args)
{
	size_t size = strtoul(args[0], NULL, 10) << 20;
	char *memory = malloc(size);

	if (!memory)
		return say_result(-1);
	for (size_t i = 0; i < size; i += 4096)
		memory[i] = 1;
	printf("full %d\n", memory[size / 2]);
	return 0;
}

static int fork_many(char **args)
{
	long wanted = strtol(args[0], NULL, 10), got = 0;
	int error = 0;

	while (got < wanted) {
		pid_t pid = fork();

		if (pid < 0) {
			error = errno;
			break;
		}
		if (!pid) {
			pause();
			_exit(0);
		}
		got++;
	}
	printf("%ld %s\n", got, error ? strerrorname_np(error) : "ok");
	fflush(stdout);
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	while (wait(NULL) > 0)
		;
	return 0;
}

static int connect_abstract(char **args)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t length = strlen(args[0]);

	if (fd < 0 || length > sizeof address.sun_path - 1)
		return say_result(-1);
	memcpy(address.sun_path + 1, args[0], length);
	return say_result(connect(fd, (struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)));
}

// The error of connecting to port 80 within three seconds, 0 for none.
static int connect_error(const char *text)
{
	struct sockaddr_in inet = {.sin_family = AF_INET, .sin_port = htons(80)};
	struct sockaddr_in6 inet6 = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
	bool is_inet = inet_pton(AF_INET, text, &inet.sin_addr) == 1;
	const struct timeval patience = {.tv_sec = 3};
	int fd;

	if (!is_inet && inet_pton(AF_INET6, text, &inet6.sin6_addr) != 1)
		return EINVAL;
	fd = socket(is_inet ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0)
		return errno;
	if (is_inet)
		return connect(fd, (struct sockaddr *)&inet, sizeof inet) < 0 ? errno : 0;
	return connect(fd, (struct sockaddr *)&inet6, sizeof inet6) < 0 ? errno : 0;
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int reach(char **args)
{
	long begin = milliseconds();

	for (; *args; args++) {
		int error = connect_error(*args);

		printf("%s %s\n", *args, error ? strerrorname_np(error) : "ok");
	}
	printf("milliseconds %ld\n", milliseconds() - begin);
	return 0;
}

static int open_path(char **args)
{
	int flags = !strcmp(args[0], "r") ? O_RDONLY : !strcmp(args[0], "w") ? O_WRONLY : O_RDWR;

	return say_result(open(args[1], flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
}

static int truncate_path(char **args)
{
	return say_result(truncate(args[0], 0));
}

static int ask_terminal(char **args)
{
	pid_t group;

	return say_result(ioctl(open(args[0], O_RDONLY | O_CLOEXEC | O_NOCTTY), TIOCGPGRP, &group));
}

static int use_port(char **args)
{
	const char *how = args[0];
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(args[1], NULL, 10)),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int type = !strcmp(how, "udp") ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, !strcmp(how, "mptcp") ? 262 : 0);

	if (fd < 0)
		return say_result(-1);
	if (!strcmp(how, "bind"))
		return say_result(bind(fd, (struct sockaddr *)&address, sizeof address));
	if (!strcmp(how, "listen"))
		return say_result(listen(fd, 1));
	if (!strcmp(how, "fastopen"))
		return say_result(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&address, sizeof address));
	return say_result(connect(fd, (struct sockaddr *)&address, sizeof address));
}

static struct sockaddr_un unix_address(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	return address;
}

/* notify TEXT...: each as one message to the socket in NOTIFY_SOCKET, as sd_notify(3) sends it. */
static int notify(char **args)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = unix_address(path ? path : "");
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!path)
		return say_result(-1);
	for (; *args; args++)
		if (sendto(sock, *args, strlen(*args), 0, (struct sockaddr *)&address, sizeof address) < 0)
			return say_result(-1);
	return 0;
}

/* listen SOCKET N: prints N messages, as systemd would get them. Descriptors that come along are closed. */
static int listen_notify(char **args)
{
	struct sockaddr_un address = unix_address(args[0]);
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[4096];

	if (bind(sock, (struct sockaddr *)&address, sizeof address) < 0 || chmod(args[0], 0777) < 0)
		return say_result(-1);
	for (int i = atoi(args[1]); i > 0; i--) {
		ssize_t got = recv(sock, text, sizeof text, 0);

		if (got < 0)
			return say_result(-1);
		printf("%.*s\n", (int)got - (got && text[got - 1] == '\n'), text);
		fflush(stdout);
	}
	return 0;
}

static const struct {
	const char *name;
	int args;
	int (*run)(char **args);
} verbs[] = {
	{"list", 0, list_names},
	{"try", 1, try_names},
	{"euid", 0, say_euid},
	{"session", 0, say_session},
	{"clocks", 0, say_clocks},
	{"securebits", 0, say_securebits},
	{"eat", 1, eat},
	{"fork", 1, fork_many},
	{"abstract", 1, connect_abstract},
	{"open", 2, open_path},
	{"truncate", 1, truncate_path},
	{"ioctl", 1, ask_terminal},
	{"port", 2, use_port},
	{"reach", 1, reach},
	{"notify", 1, notify},
	{"listen", 2, listen_notify},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++)
		if (!strcmp(argv[1], verbs[i].name) && argc - 2 >= verbs[i].args)
			return verbs[i].run(argv + 2);
	fprintf(stderr, "usage: probe VERB [ARG]...; see probe.c\n");
	return 2;
}
