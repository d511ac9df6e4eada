/* SPDX-License-Identifier: Apache-2.0 */
/* fake_criu.c - as much of `criu swrk 3` as bulwark talks to, for hosts on which criu does not work.
 *
 * Installed as PLACE/criu it appends each field of each request to PLACE/criu.log, one a line, and does what the lines of
 * PLACE/criu.mode say: "version MAJOR MINOR SUBLEVEL", "no-features", "fail TYPE" (an answer without success, and a line
 * in its log), "die TYPE" (no answer), "fail-late TYPE" (a failure after the notifications), "exit STATUS", "no-terminal",
 * "own-namespaces" (the restored process has them).
 * A saved process is killed; a restored one is a sleeping shell of the host, with the standard descriptors of criu. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOCKET = 3, DUMP = 1, RESTORE = 2, PRE_DUMP = 4, NOTIFY = 6, FEATURES = 9, VERSION = 10 };

static char place[PATH_MAX];
static FILE *out;
static unsigned type;
static long images = -1, work = -1, pid, leaves_running;
static char log_file[256] = "criu.out", root[PATH_MAX];

static char *beside(const char *suffix)
{
	static char path[PATH_MAX + 16];

	snprintf(path, sizeof path, "%s%s", place, suffix);
	return path;
}

/* The text behind word in a line of the mode file, or NULL. */
static const char *mode(const char *word)
{
	static char line[256];
	FILE *in = fopen(beside(".mode"), "re");
	size_t len = strlen(word);
	const char *found = NULL;

	while (in && !found && fgets(line, sizeof line, in)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, word, len) == 0 && (line[len] == ' ' || !line[len]))
			found = line + len + (line[len] == ' ');
	}
	if (in)
		fclose(in);
	return found;
}

static const char *name_of(unsigned number)
{
	return number == DUMP ? "DUMP" : number == RESTORE ? "RESTORE" : number == PRE_DUMP ? "PRE_DUMP" : number == VERSION ? "VERSION" : "FEATURES";
}

static int is_for(const char *word)
{
	const char *what = mode(word);

	return what && strcmp(what, name_of(type)) == 0;
}

/* --- requests --- */

static uint64_t varint(const unsigned char **at)
{
	uint64_t value = 0;

	for (unsigned shift = 0;; shift += 7) {
		value |= (uint64_t)(**at & 0x7f) << shift;
		if (!(*(*at)++ & 0x80))
			return value;
	}
}

/* A message of strings and numbers: its values behind each other. */
static void tell_inner(const unsigned char *at, const unsigned char *end)
{
	while (at < end) {
		if ((varint(&at) & 7) == 0) {
			fprintf(out, " %llu", (unsigned long long)varint(&at));
		} else {
			int len = (int)varint(&at);

			fprintf(out, " %.*s", len, (const char *)at);
			at += len;
		}
	}
}

static void remember(unsigned field, long value)
{
	images = field == 1 ? value : images;
	pid = field == 2 ? value : pid;
	leaves_running = field == 3 ? value : leaves_running;
	work = field == 17 ? value : work;
}

/* A number of a descriptor of our parent's: what it is. */
static void tell_number(unsigned field, uint64_t value)
{
	char link[64], target[PATH_MAX];
	ssize_t len;

	remember(field, (long)value);
	if (field != 1 && field != 17) {
		fprintf(out, "%u %llu\n", field, (unsigned long long)value);
		return;
	}
	snprintf(link, sizeof link, "/proc/%d/fd/%llu", getppid(), (unsigned long long)value);
	len = readlink(link, target, sizeof target - 1);
	fprintf(out, "%u %.*s\n", field, len > 0 ? (int)len : 0, target);
}

static void tell_options(const unsigned char *at, const unsigned char *end)
{
	while (at < end) {
		uint64_t tag = varint(&at);
		unsigned field = (unsigned)(tag >> 3);
		int len;

		if ((tag & 7) == 0) {
			tell_number(field, varint(&at));
			continue;
		}
		len = (int)varint(&at);
		fprintf(out, "%u", field);
		if (field == 11 || field == 23 || field == 25 || field == 27 || field == 39)
			tell_inner(at, at + len);
		else
			fprintf(out, " %.*s", len, (const char *)at);
		fputc('\n', out);
		if (field == 10)
			snprintf(log_file, sizeof log_file, "%.*s", len, (const char *)at);
		if (field == 13)
			snprintf(root, sizeof root, "%.*s", len, (const char *)at);
		at += len;
	}
}

static int hear(void)
{
	static unsigned char bytes[65536];
	const unsigned char *at = bytes;
	ssize_t got = recv(SOCKET, bytes, sizeof bytes, 0);
	int success = 0;

	if (got <= 0)
		return -1;
	while (at < bytes + got) {
		uint64_t tag = varint(&at), value = varint(&at);

		if (tag >> 3 == 1 && value != NOTIFY) {
			type = (unsigned)value;
			fprintf(out, "request %s\n", name_of(type));
		}
		if (tag >> 3 == 3)
			success = (int)value;
		if ((tag & 7) != 2)
			continue;
		if (tag >> 3 == 2)
			tell_options(at, at + value);
		at += value;
	}
	fflush(out);
	return success;
}

/* --- answers; every number and length is below 128 but for pids --- */

static unsigned char *number(unsigned char *at, unsigned field, uint64_t value)
{
	*at++ = (unsigned char)(field << 3);
	for (; value > 0x7f; value >>= 7)
		*at++ = (unsigned char)(value | 0x80);
	*at++ = (unsigned char)value;
	return at;
}

static unsigned char *bytes_of(unsigned char *at, unsigned field, const void *bytes, size_t len)
{
	*at++ = (unsigned char)(field << 3 | 2);
	*at++ = (unsigned char)len;
	memcpy(at, bytes, len);
	return at + len;
}

static void say_with(const unsigned char *bytes, size_t len, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {.align = {.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
	if (fd >= 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof control.bytes;
	}
	if (sendmsg(SOCKET, &msg, MSG_NOSIGNAL) < 0)
		exit(7);
}

/* -1: bulwark has hung up, or is not content. */
static int notify(const char *stage, long init, int fd)
{
	unsigned char inner[128], answer[192], *end = bytes_of(inner, 1, stage, strlen(stage));

	end = init ? number(end, 2, (uint64_t)init) : end;
	fprintf(out, "notify %s\n", stage);
	fflush(out);
	say_with(answer, (size_t)(bytes_of(number(number(answer, 1, NOTIFY), 2, 1), 5, inner, (size_t)(end - inner)) - answer), fd);
	return hear() == 1 ? 0 : -1;
}

static void answer(int success, unsigned field, const unsigned char *inner, size_t len)
{
	unsigned char bytes[192], *end = number(number(bytes, 1, type), 2, (uint64_t)success);

	if (!success)
		end = number(end, 7, EINVAL);
	end = field ? bytes_of(end, field, inner, len) : end;
	say_with(bytes, (size_t)(end - bytes), -1);
}

/* criu's own log has its reasons. */
static void fail(const char *why)
{
	char path[PATH_MAX];
	FILE *log;

	snprintf(path, sizeof path, "/proc/%d/fd/%ld/%s", getppid(), work >= 0 ? work : images, log_file);
	log = fopen(path, "we");
	if (log)
		fprintf(log, "(00.000001) Warn (x.c:1): all is well\n(00.000002) Error (criu/x.c:2): %s\n"
			     "(00.000003) Error (criu/x.c:3): Dumping FAILED.\n", why);
	if (log)
		fclose(log);
	answer(0, 0, NULL, 0);
	exit(1);
}

/* --- what criu does --- */

static void dump(void)
{
	if (type == PRE_DUMP) {
		answer(1, 0, NULL, 0);
		exit(1); /* as criu does when nobody goes on */
	}
	notify("network-lock", 0, -1);
	notify("status-ready", 0, -1);
	if (is_for("fail-late"))
		fail("cannot save a thing");
	notify("post-dump", pid, -1);
	if (!leaves_running)
		kill((pid_t)pid, SIGKILL);
	answer(1, 0, NULL, 0);
}

/* Our parent's child, as with rst_sibling. */
static pid_t make_process(void)
{
	unsigned long own = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP;
	pid_t child = (pid_t)syscall(
		SYS_clone, CLONE_PARENT | SIGCHLD | (mode("own-namespaces") ? own : 0), 0UL, NULL, NULL, 0UL);

	if (child)
		return child;
	/* The namespaces that criu inherits are not the process's. */
	for (int fd = SOCKET; fd < 64; fd++)
		close(fd);
	setsid();
	execl("/bin/sh", "sh", "-c", "trap 'exit 5' TERM; echo restored; while :; do sleep 0.1; done", NULL);
	_exit(127);
}

static void tell_root(void)
{
	struct stat st, parent;
	char path[PATH_MAX + 8];

	snprintf(path, sizeof path, "%s/..", root);
	if (stat(root, &st) == 0 && stat(path, &parent) == 0 && st.st_dev != parent.st_dev)
		fprintf(out, "root is a mount\n");
}

static void restore(void)
{
	unsigned char inner[16];
	pid_t init;
	int master;

	tell_root();
	if (notify("setup-namespaces", getpid(), -1) < 0)
		fail("setup-namespaces was refused");
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (!mode("no-terminal") && notify("orphan-pts-master", 0, master) < 0)
		fail("the terminal was refused");
	init = make_process();
	if (notify("post-restore", init, -1) < 0 || is_for("fail-late")) {
		kill(init, SIGKILL);
		fail("cannot restore a thing");
	}
	answer(1, 4, inner, (size_t)(number(inner, 1, (uint64_t)init) - inner));
}

static void say_version(void)
{
	unsigned major = 3, minor = 17, sublevel = 1;
	const char *text = mode("version");
	unsigned char inner[16];

	if (text)
		sscanf(text, "%u %u %u", &major, &minor, &sublevel);
	answer(1, 10, inner, (size_t)(number(number(number(inner, 1, major), 2, minor), 4, sublevel) - inner));
}

static void say_features(void)
{
	unsigned char inner[16];
	unsigned has = !mode("no-features");

	answer(1, 8, inner, (size_t)(number(number(inner, 1, has), 2, has) - inner));
}

int main(void)
{
	ssize_t len = readlink("/proc/self/exe", place, sizeof place - 1);

	place[len > 0 ? len : 0] = '\0';
	out = fopen(beside(".log"), "ae");
	if (!out || hear() < 0)
		return 2;
	if (is_for("die"))
		return 3;
	if (is_for("fail"))
		fail("no such luck");
	switch (type) {
	case DUMP:
	case PRE_DUMP:
		dump();
		break;
	case RESTORE:
		restore();
		break;
	case FEATURES:
		say_features();
		break;
	case VERSION:
		say_version();
		return 0;
	}
	/* Hung up: the end. */
	while (recv(SOCKET, &(char){0}, 1, 0) > 0)
		;
	return mode("exit") && type != FEATURES ? atoi(mode("exit")) : 0;
}
