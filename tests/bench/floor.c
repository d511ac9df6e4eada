/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical floor for "run a program in a container": one clone3, the mounts of an ordinary OCI
 * container, pivot_root, no capabilities, no_new_privs, a fixed seccomp filter, exec, wait.  No
 * JSON, no state on disk, no second process, no allocation: what a runtime costs above this is the
 * runtime's own.
 *
 * It is a measuring stick and must not become a sandbox: no id maps, no device rules, errors are
 * terse.
 *
 *   floor [-tvmsb] [-x LETTERS] [-c CGROUP]... ROOTFS PROGRAM [ARG]...
 *     -t  print a time line, in microseconds since main
 *     -v  share memory with the child until it executes the program (CLONE_VM | CLONE_VFORK)
 *     -m  also mask and write-protect the usual paths of /proc and /sys
 *     -s  no seccomp filter
 *     -b  the filter as a binary tree instead of a list
 *     -x  leave out namespaces (n network, i ipc, u uts, p pid, c cgroup) and mounts (P proc, S
 * sysfs, D /dev and all on it, d devpts, h shm, q mqueue) -c  make this cgroup, run the program in
 * it, remove it afterwards
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LEN(a)	       (sizeof(a) / sizeof *(a))
#define CGROUP2_MAGIC  0x63677270
#define CGROUPS_MAX    16
#define MARKS_MAX      32
#define EXIT_BROKEN    125
#define FILTER_LIST    294 /* comparisons in the list form */
#define FILTER_TREE    120 /* leaves in the tree form */
#define FILTER_MAX     700
#define UNUSED_SYSCALL 1000 /* from here on no program uses the numbers: every call passes */

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#endif

struct mark {
	const char *what;
	struct timespec at;
};

static char *nothing[] = {NULL};
static struct {
	bool time, vfork, mask, no_filter, tree;
	const char *skip, *rootfs;
	char **program;
	const char *cgroup[CGROUPS_MAX];
	size_t cgroups;
	int cgroup2_fd;
} opt = {.skip = "", .rootfs = "", .program = nothing, .cgroup2_fd = -1};

static struct sock_filter filter[FILTER_MAX];
static struct sock_fprog filter_program = {0, filter};
static struct mark *marks; /* shared with the child */

static void stamp(const char *what)
{
	for (size_t i = 0; opt.time && i < MARKS_MAX; i++) {
		if (marks[i].what != NULL)
			continue;
		marks[i].what = what;
		clock_gettime(CLOCK_MONOTONIC, &marks[i].at);
		return;
	}
}

_Noreturn static void give_up(const char *what)
{
	perror(what);
	_exit(EXIT_BROKEN);
}

static void must(long result, const char *what)
{
	if (result < 0)
		give_up(what);
}

static bool wanted(char letter)
{
	return strchr(opt.skip, letter) == NULL;
}

static void emit(unsigned code, uint32_t k, uint8_t yes, uint8_t no)
{
	filter[filter_program.len++] = (struct sock_filter){(uint16_t)code, yes, no, k};
}

/* A balanced tree of comparisons over [low, high): about ten instructions run for any one call. */
static void emit_tree(unsigned low, unsigned high)
{
	unsigned middle = (low + high) / 2, jump;

	if (high - low <= 2) {
		for (unsigned n = low; n < high; n++) {
			emit(BPF_JMP | BPF_JEQ | BPF_K, UNUSED_SYSCALL + n, 0, 1);
			emit(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
		}
		emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
		return;
	}
	emit(BPF_JMP | BPF_JGE | BPF_K, UNUSED_SYSCALL + middle, 0, 1);
	jump = filter_program.len;
	emit(BPF_JMP | BPF_JA, 0, 0, 0); /* conditional jumps reach only 255 instructions */
	emit_tree(low, middle);
	filter[jump].k = filter_program.len - jump - 1;
	emit_tree(middle, high);
}

/* A list that every real call walks to its end: the worst case for a filter of this length. Entries
 * further than an 8-bit jump from the refusal refuse nothing, which a measure does not mind. */
static void emit_list(void)
{
	for (unsigned n = 0; n < FILTER_LIST; n++) {
		unsigned distance = FILTER_LIST - n;

		emit(BPF_JMP | BPF_JEQ | BPF_K, UNUSED_SYSCALL + n,
			distance > UINT8_MAX ? 0 : (uint8_t)distance, 0);
	}
	emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	emit(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
}

static void build_filter(void)
{
	emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	emit(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
	emit(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	if (opt.tree)
		emit_tree(0, FILTER_TREE);
	else
		emit_list();
}

/* One row per mount of an ordinary container, with the letters of -x that leave it out. */
static const struct {
	const char *skipped_by, *type, *target, *data;
	unsigned long flags;
} mounts[] = {
	{"Pp", "proc", "proc", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV},
	{"Sn", "sysfs", "sys", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY},
	{"D", "tmpfs", "dev", "mode=755,size=65536k", MS_NOSUID | MS_STRICTATIME},
	{"Dd", "devpts", "dev/pts", "newinstance,ptmxmode=0666,mode=0620,gid=5",
		MS_NOSUID | MS_NOEXEC},
	{"Dh", "tmpfs", "dev/shm", "mode=1777,size=65536k", MS_NOSUID | MS_NOEXEC | MS_NODEV},
	{"Dqi", "mqueue", "dev/mqueue", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV},
};

static void fill_dev(void)
{
	static const struct {
		const char *name;
		unsigned major, minor;
	} nodes[] = {{"dev/null", 1, 3}, {"dev/zero", 1, 5}, {"dev/full", 1, 7},
		{"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
	static const char *const links[][2] = {{"/proc/self/fd", "dev/fd"},
		{"/proc/self/fd/0", "dev/stdin"}, {"/proc/self/fd/1", "dev/stdout"},
		{"/proc/self/fd/2", "dev/stderr"}, {"pts/ptmx", "dev/ptmx"}};
	static const char *const directories[] = {"dev/pts", "dev/shm", "dev/mqueue"};

	umask(0);
	for (size_t i = 0; i < LEN(nodes); i++)
		must(mknod(nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)),
			nodes[i].name);
	for (size_t i = 0; i < LEN(links); i++)
		must(symlink(links[i][0], links[i][1]), links[i][1]);
	for (size_t i = 0; i < LEN(directories); i++)
		must(mkdir(directories[i], 0755), directories[i]);
	stamp("nodes and links");
}

static void make_mounts(void)
{
	for (size_t i = 0; i < LEN(mounts); i++) {
		if (strpbrk(opt.skip, mounts[i].skipped_by) != NULL)
			continue;
		must(mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags,
			     mounts[i].data),
			mounts[i].target);
		stamp(mounts[i].target);
		if (strcmp(mounts[i].target, "dev") == 0)
			fill_dev();
	}
}

/* Paths that this kernel does not have are skipped, as runtimes do. */
static void mask_paths(void)
{
	static const char *const directories[] = {"proc/acpi", "proc/scsi", "sys/firmware"};
	static const char *const files[] = {"proc/asound", "proc/kcore", "proc/keys",
		"proc/latency_stats", "proc/timer_list", "proc/timer_stats", "proc/sched_debug"};
	static const char *const read_only[] = {
		"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};

	for (size_t i = 0; i < LEN(directories); i++)
		mount("tmpfs", directories[i], "tmpfs", MS_RDONLY, NULL);
	for (size_t i = 0; i < LEN(files); i++)
		mount("/dev/null", files[i], NULL, MS_BIND, NULL);
	for (size_t i = 0; i < LEN(read_only); i++) {
		if (mount(read_only[i], read_only[i], NULL, MS_BIND | MS_REC, NULL) == 0)
			mount(NULL, read_only[i], NULL,
				MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
				NULL);
	}
	stamp("masked and read-only paths");
}

/* The cgroup2 directory was joined by clone3; v1 is joined by writing. */
static void join_cgroups(void)
{
	char path[4096];

	for (size_t i = opt.cgroup2_fd >= 0 ? 1 : 0; i < opt.cgroups; i++) {
		int fd;

		snprintf(path, sizeof path, "%s/cgroup.procs", opt.cgroup[i]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		must(fd, path);
		must(write(fd, "0", 1), path);
		close(fd);
	}
	/* Only now, so that the namespace's root is the cgroup just joined. */
	if (opt.cgroups > 0 && wanted('c'))
		must(unshare(CLONE_NEWCGROUP), "unshare");
	stamp("joined cgroups");
}

static void enter_rootfs(void)
{
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	must(mount(opt.rootfs, opt.rootfs, NULL, MS_BIND | MS_REC, NULL), opt.rootfs);
	must(chdir(opt.rootfs), opt.rootfs);
	stamp("rootfs");
	make_mounts();
	if (opt.mask)
		mask_paths();
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount");
	must(mount(NULL, ".", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), "read-only");
	must(chdir("/"), "/");
	stamp("pivot_root");
}

static void drop_privileges(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};

	if (wanted('u'))
		must(sethostname("floor", 5), "sethostname");
	for (unsigned long capability = 0; capability <= CAP_LAST_CAP; capability++)
		prctl(PR_CAPBSET_DROP, capability);
	must(syscall(SYS_capset, &header, none), "capset");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	stamp("hostname, capabilities");
	if (!opt.no_filter)
		must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter_program), "seccomp");
	stamp("seccomp");
}

_Noreturn static void child(void)
{
	static char path[] = "PATH=/bin:/usr/bin";
	static char *const environment[] = {path, NULL};

	stamp("child starts");
	join_cgroups();
	enter_rootfs();
	drop_privileges();
	execve(opt.program[0], opt.program, environment);
	give_up(opt.program[0]);
}

static uint64_t clone_flags(void)
{
	static const struct {
		char letter;
		uint64_t flag;
	} namespaces[] = {
		{'p', CLONE_NEWPID}, {'i', CLONE_NEWIPC}, {'u', CLONE_NEWUTS}, {'n', CLONE_NEWNET}};
	uint64_t flags = CLONE_NEWNS;

	for (size_t i = 0; i < LEN(namespaces); i++)
		if (wanted(namespaces[i].letter))
			flags |= namespaces[i].flag;
	if (opt.cgroups == 0 && wanted('c'))
		flags |= CLONE_NEWCGROUP;
	if (opt.cgroup2_fd >= 0)
		flags |= CLONE_INTO_CGROUP;
	if (opt.vfork)
		flags |= CLONE_VM | CLONE_VFORK;
	return flags;
}

/* On x86-64 the call is inline: a child that shares the stack would overwrite the address to which
 * the parent returns from a function.  Elsewhere that address is in a register. */
static inline __attribute__((always_inline)) long clone3(struct clone_args *args)
{
#if defined(__x86_64__)
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(SYS_clone3), "D"(args), "S"(sizeof *args)
			 : "rcx", "r11", "memory");
	return result;
#else
	return syscall(SYS_clone3, args, sizeof *args);
#endif
}

static void make_cgroups(void)
{
	struct statfs fs;

	for (size_t i = 0; i < opt.cgroups; i++)
		must(mkdir(opt.cgroup[i], 0755), opt.cgroup[i]);
	if (opt.cgroups == 0 || statfs(opt.cgroup[0], &fs) < 0 || fs.f_type != CGROUP2_MAGIC)
		return;
	opt.cgroup2_fd = open(opt.cgroup[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(opt.cgroup2_fd, opt.cgroup[0]);
	stamp("made cgroups");
}

static void remove_cgroups(void)
{
	for (size_t i = 0; i < opt.cgroups; i++)
		while (rmdir(opt.cgroup[i]) < 0 && errno == EBUSY)
			usleep(100);
	stamp("removed cgroups");
}

static double microseconds(const struct mark *from, const struct mark *to)
{
	return (double)(to->at.tv_sec - from->at.tv_sec) * 1e6 +
	       (double)(to->at.tv_nsec - from->at.tv_nsec) / 1e3;
}

static void print_marks(void)
{
	for (size_t i = 0; opt.time && i < MARKS_MAX && marks[i].what != NULL; i++)
		fprintf(stderr, "%8.1f us  +%7.1f  %s\n", microseconds(&marks[0], &marks[i]),
			microseconds(&marks[i > 0 ? i - 1 : 0], &marks[i]), marks[i].what);
}

static void usage(void)
{
	fputs("usage: floor [-tvmsb] [-x LETTERS] [-c CGROUP]... ROOTFS PROGRAM [ARG]...\n",
		stderr);
	exit(2);
}

static void read_options(int argc, char **argv)
{
	for (int c; (c = getopt(argc, argv, "+tvmsbx:c:")) != -1;) {
		switch (c) {
		case 't':
			opt.time = true;
			break;
		case 'v':
			opt.vfork = true;
			break;
		case 'm':
			opt.mask = true;
			break;
		case 's':
			opt.no_filter = true;
			break;
		case 'b':
			opt.tree = true;
			break;
		case 'x':
			opt.skip = optarg;
			break;
		case 'c':
			if (opt.cgroups == CGROUPS_MAX)
				usage();
			opt.cgroup[opt.cgroups++] = optarg;
			break;
		default:
			usage();
		}
	}
	if (argc - optind < 2)
		usage();
	opt.rootfs = argv[optind];
	opt.program = argv + optind + 1;
}

int main(int argc, char **argv)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	int status = 0;
	long pid;

	read_options(argc, argv);
	if (opt.time) {
		marks = mmap(NULL, MARKS_MAX * sizeof *marks, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (marks == MAP_FAILED)
			give_up("mmap");
	}
	stamp("main");
	build_filter();
	make_cgroups();
	args.flags = clone_flags();
	args.cgroup = opt.cgroup2_fd >= 0 ? (unsigned)opt.cgroup2_fd : 0;
	pid = clone3(&args);
	if (pid == 0)
		child();
	if (pid < 0)
		give_up("clone3");
	stamp(opt.vfork ? "program runs" : "clone3 returned");
	while (waitpid((pid_t)pid, &status, 0) < 0 && errno == EINTR)
		;
	stamp("program has ended");
	remove_cgroups();
	print_marks();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
