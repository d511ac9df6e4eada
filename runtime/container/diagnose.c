/* SPDX-License-Identifier: Apache-2.0 */
/* diagnose.c - a script whose interpreter is missing, a program for another machine, a file without x bit: the
 * kernel has one errno for several of them. Says nothing rather than something that may be wrong. */
#include "container/diagnose.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"
#include "control/compile.h"
#include "json/text.h"

/* The kernel reads 256 bytes of a script (BINPRM_BUF_SIZE); program headers follow the ELF head closely. */
enum { HEAD_BYTES = 4096, LINE_BYTES = 256, NAME_BYTES = 512, MAX_INTERPRETERS = 5, MOUNT_NOEXEC = 8 /* ST_NOEXEC, statfs(2) */ };

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* A file as the container sees it. */
struct seen {
	int fd; /* O_PATH; or -errno, -ENODATA where a mount hides what we could look at */
	struct stat st;
	bool noexec;
};

/* ---- looking ---- */

/* The mount of the spec that covers path (clean), the last one where several do; NULL: none. */
static const struct bw_spec_mount *mount_over(const struct bw_scene *scene, const char *path, size_t *ret_len)
{
	const struct bw_spec_mount *found = NULL;
	char clean[PATH_MAX];

	for (size_t i = 0; scene->spec && i < scene->spec->mounts.n; i++) {
		const struct bw_spec_mount *mount = &scene->spec->mounts.v[i];

		if (!bw_path_clean(mount->destination, clean, sizeof clean) || bw_streq(clean, "/") ||
			!bw_path_beneath(path, clean))
			continue;
		if (!found || strlen(clean) >= *ret_len) {
			found = mount;
			*ret_len = strlen(clean);
		}
	}
	return found;
}

static bool is_bind(const struct bw_spec_mount *mount)
{
	return mount->source && (bw_strs_has(&mount->options, "bind") || bw_strs_has(&mount->options, "rbind"));
}

/* rest: the path beneath the mount, "" for itself. */
static int open_in_bind(const struct bw_scene *scene, const struct bw_spec_mount *mount, const char *rest)
{
	auto_close int source = -1;
	char path[PATH_MAX];
	int len;

	if (mount->source[0] == '/')
		len = snprintf(path, sizeof path, "%s", mount->source);
	else
		len = snprintf(path, sizeof path, "%s/%s", scene->bundle, mount->source);
	if (len < 0 || (size_t)len >= sizeof path)
		return -ENODATA;
	source = open(path, O_PATH | O_CLOEXEC);
	if (source < 0)
		return -ENODATA;
	return *rest ? bw_open_in(source, rest, O_PATH, 0) : take_fd(&source);
}

/* A link in the rootfs may lead to where a mount is: what we have opened is then not what the container sees. */
static bool is_covered(const struct bw_scene *scene, int fd)
{
	char link[64], root[PATH_MAX], path[PATH_MAX];
	size_t unused, len;
	ssize_t got;

	snprintf(link, sizeof link, "/proc/self/fd/%d", scene->root);
	got = readlink(link, root, sizeof root - 1);
	if (got <= 0)
		return true;
	root[got] = '\0';
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	got = readlink(link, path, sizeof path - 1);
	if (got <= 0)
		return true;
	path[got] = '\0';
	len = bw_streq(root, "/") ? 0 : strlen(root);
	return strncmp(path, root, len) != 0 || path[len] != '/' || mount_over(scene, path + len, &unused);
}

static int open_seen(const struct bw_scene *scene, const char *path, bool *ret_noexec)
{
	char clean[PATH_MAX];
	const struct bw_spec_mount *mount;
	size_t len;
	int fd;

	*ret_noexec = false;
	if (!scene->spec)
		return bw_open_in(scene->root, path, O_PATH, 0);
	if (!bw_path_clean(path, clean, sizeof clean))
		return -ENODATA;
	mount = mount_over(scene, clean, &len);
	if (mount) {
		*ret_noexec = bw_strs_has(&mount->options, "noexec");
		return is_bind(mount) ? open_in_bind(scene, mount, clean + len) : -ENODATA;
	}
	fd = bw_open_in(scene->root, path, O_PATH, 0);
	if (fd >= 0 && is_covered(scene, fd)) {
		close(fd);
		return -ENODATA;
	}
	return fd;
}

static struct seen look_at(const struct bw_scene *scene, const char *path)
{
	struct seen seen = {.fd = -ENODATA};
	struct statfs fs;

	seen.fd = open_seen(scene, path, &seen.noexec);
	if (seen.fd < 0)
		return seen;
	if (fstat(seen.fd, &seen.st) < 0 || fstatfs(seen.fd, &fs) < 0) {
		close(seen.fd);
		seen.fd = -ENODATA;
		return seen;
	}
	seen.noexec = seen.noexec || (fs.f_flags & MOUNT_NOEXEC);
	return seen;
}

static void seen_done(struct seen *seen)
{
	if (seen->fd >= 0)
		close(seen->fd);
}

#define auto_seen __attribute__((cleanup(seen_done)))

static bool is_missing(const struct seen *seen)
{
	return seen->fd == -ENOENT || seen->fd == -ENOTDIR;
}

/* Some bytes of a regular file; how many. A device or a pipe would do something when it is opened. */
static size_t read_at(const struct seen *seen, off_t offset, char *bytes, size_t size)
{
	auto_close int fd = -1;
	char link[64];
	ssize_t got;

	if (!S_ISREG(seen->st.st_mode))
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", seen->fd);
	fd = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	got = fd < 0 ? -1 : pread(fd, bytes, size, offset);
	return got < 0 ? 0 : (size_t)got;
}

/* ---- who may ---- */

static bool in_group(const struct bw_spec_user *user, gid_t gid)
{
	if (!user)
		return gid == 0;
	for (size_t i = 0; i < user->additional_gids.n; i++)
		if (user->additional_gids.v[i] == gid)
			return true;
	return user->gid.v == gid;
}

static bool has_user_namespace(const struct bw_scene *scene)
{
	return scene->spec && bw_spec_namespace(scene->spec, "user");
}

/* Whether the mode lets the container's user execute it; true where ids are mapped and we cannot tell. */
static bool may_execute(const struct bw_scene *scene, const struct stat *st)
{
	const struct bw_spec_user *user = scene->process->user;
	uint64_t uid = user ? user->uid.v : 0;

	if (!(st->st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
		return false;
	if (!scene->spec || has_user_namespace(scene) || uid == 0)
		return true;
	if (st->st_uid == uid)
		return st->st_mode & S_IXUSR;
	return st->st_mode & (in_group(user, st->st_gid) ? S_IXGRP : S_IXOTH);
}

#define NOT_LISTED "Direct shell access denied: %s is not among the programs that the policy allows (programs.allow)"

/* whose: "" for the program, "its interpreter \"/bin/x\": " for what it needs. */
static bool say_not_allowed(const struct bw_scene *scene, const struct seen *seen, const char *whose, struct bw_buf *buf)
{
	const struct bw_spec_user *user = scene->process->user;
	unsigned mode = seen->st.st_mode & 07777;

	if (S_ISDIR(seen->st.st_mode))
		bw_buf_addf(buf, "%sit is no file but a directory", whose);
	else if (!S_ISREG(seen->st.st_mode))
		bw_buf_addf(buf, "%sit is no regular file", whose);
	else if (!(mode & 0111))
		bw_buf_addf(buf, "%smode %04o has no x bit", whose, mode);
	else if (seen->noexec && scene->listed)
		bw_buf_addf(buf, "%s" NOT_LISTED, whose, "it");
	else if (seen->noexec)
		bw_buf_addf(buf, "%sit lies on a mount that is noexec", whose);
	else if (!may_execute(scene, &seen->st))
		bw_buf_addf(buf, "%smode %04o of user %u and group %u does not let user %llu execute it",
			whose, mode, seen->st.st_uid, seen->st.st_gid,
			(unsigned long long)(user ? user->uid.v : 0));
	else
		return false;
	return true;
}

/* ---- what it is ---- */

static const struct {
	unsigned machine;
	const char *name;
} machines[] = {
	{EM_386, "i386"},
	{EM_X86_64, "x86_64"},
	{EM_ARM, "arm"},
	{EM_AARCH64, "aarch64"},
	{EM_RISCV, "riscv"},
	{EM_PPC64, "ppc64"},
	{EM_S390, "s390x"},
	{EM_MIPS, "mips"},
	{EM_LOONGARCH, "loongarch"},
};

static bool is_elf(const char *head, size_t len)
{
	return len >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0;
}

/* e_machine stands at the same place in both classes. */
static unsigned machine_of(const char *head)
{
	uint16_t machine;

	memcpy(&machine, head + offsetof(Elf64_Ehdr, e_machine), sizeof machine);
	return head[EI_DATA] == ELFDATA2MSB ? be16toh(machine) : le16toh(machine);
}

static bool say_elf(const char *head, const char *whose, const struct utsname *host, struct bw_buf *buf)
{
	unsigned machine = machine_of(head);
	const char *name = NULL;

	for (size_t i = 0; i < BW_COUNT(machines); i++)
		if (machines[i].machine == machine)
			name = machines[i].name;
	if (name && bw_after_prefix(host->machine, name))
		bw_buf_addf(buf, "%sthe file is a program for %s that is damaged", whose, name);
	else if (name)
		bw_buf_addf(buf, "%sthe file is a program for %s, this host is %s and has no binfmt_misc handler for it",
			whose, name, host->machine);
	else
		bw_buf_addf(buf, "%sthe file is a program for ELF machine %u, this host is %s", whose, machine,
			host->machine);
	return true;
}

static bool say_format(const struct seen *seen, const char *head, size_t len, const char *whose, struct bw_buf *buf)
{
	struct utsname host;

	if (!S_ISREG(seen->st.st_mode) || uname(&host) < 0)
		return false;
	if (len >= sizeof(Elf32_Ehdr) && is_elf(head, len))
		return say_elf(head, whose, &host, buf);
	if (!seen->st.st_size) {
		bw_buf_addf(buf, "%sthe file is empty", whose);
		return true;
	}
	if (!len || is_elf(head, len) || memchr(head, '\0', len) || bw_after_prefix(head, "#!"))
		return false;
	bw_buf_addf(buf, "%sthe file is text without \"#!\" in its first line", whose);
	return true;
}

/* The interpreter of "#! /bin/sh -e": the first word, as the kernel takes it: blanks and tabs end it, a carriage
 * return does not. False when it is no script. */
static bool script_interpreter(const char *head, size_t len, char *ret, size_t size)
{
	const char *start = head + 2, *end = head + (len < LINE_BYTES ? len : LINE_BYTES);
	size_t word = 0;

	if (len < 3 || head[0] != '#' || head[1] != '!')
		return false;
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	while (start + word < end && start[word] && !strchr(" \t\n", start[word]))
		word++;
	if (!word || word >= size)
		return false;
	memcpy(ret, start, word);
	ret[word] = '\0';
	return true;
}

/* The loader that PT_INTERP names; only of programs of this machine's byte order, 64 bits. */
static bool elf_loader(const struct seen *seen, const char *head, size_t len, char *ret, size_t size)
{
	const Elf64_Ehdr *elf = (const void *)head;
	Elf64_Phdr segment;

	if (len < sizeof *elf || !is_elf(head, len) || head[EI_CLASS] != ELFCLASS64 ||
		elf->e_phentsize != sizeof segment)
		return false;
	for (size_t i = 0; i < elf->e_phnum; i++) {
		if (elf->e_phoff > len || (i + 1) * sizeof segment > len - elf->e_phoff)
			return false;
		memcpy(&segment, head + elf->e_phoff + i * sizeof segment, sizeof segment);
		if (segment.p_type != PT_INTERP)
			continue;
		if (segment.p_filesz < 2 || segment.p_filesz >= size || segment.p_offset > INT32_MAX)
			return false;
		ret[read_at(seen, (off_t)segment.p_offset, ret, segment.p_filesz)] = '\0';
		return ret[0] != '\0';
	}
	return false;
}

/* The name of what a file needs to run, and how to call it; false when it needs nothing. */
static bool needed_by(const struct seen *seen, const char *head, size_t len, char *ret, size_t size, const char **role)
{
	*role = "interpreter";
	if (script_interpreter(head, len, ret, size))
		return true;
	*role = "loader";
	return elf_loader(seen, head, len, ret, size);
}

static bool say_missing(const char *name, const char *role, const char *whose, struct bw_buf *buf)
{
	char clean[NAME_BYTES];
	size_t len = strlen(name);

	snprintf(clean, sizeof clean, "%s", name);
	if (name[len - 1] == '\r') {
		clean[len - 1] = '\0';
		bw_text_make_printable(clean);
		bw_buf_addf(buf,
			"%sline 1 ends with a carriage return (Windows line endings), so its interpreter would be \"%s\\r\"",
			whose, clean);
		return true;
	}
	bw_text_make_printable(clean);
	bw_buf_addf(buf, "%sits %s \"%s\"%s is not in the image", whose, role, clean,
		bw_streq(role, "interpreter") ? " (line 1)" : "");
	return true;
}

/* What the file needs, and what that needs in turn. */
static bool follow(const struct bw_scene *scene, const struct seen *program, int sys, struct bw_buf *buf)
{
	char head[HEAD_BYTES + 1] __attribute__((aligned(8))), name[NAME_BYTES], whose[NAME_BYTES + 32] = "";
	struct seen at = *program, next;
	const char *role;
	bool said = false;

	at.fd = fcntl(program->fd, F_DUPFD_CLOEXEC, 3);
	for (unsigned depth = 0; !said && at.fd >= 0 && depth < MAX_INTERPRETERS; depth++) {
		size_t len = read_at(&at, 0, head, HEAD_BYTES);

		head[len] = '\0';
		if (sys == ENOEXEC && say_format(&at, head, len, whose, buf)) {
			said = true;
			break;
		}
		if (!needed_by(&at, head, len, name, sizeof name, &role))
			break;
		next = look_at(scene, name);
		if (sys == ENOENT && is_missing(&next))
			said = say_missing(name, role, whose, buf);
		bw_text_make_printable(name);
		snprintf(whose, sizeof whose, "its %s \"%s\": ", role, name);
		if (sys == EACCES && next.fd >= 0)
			said = say_not_allowed(scene, &next, whose, buf);
		close(at.fd);
		at = next;
	}
	seen_done(&at);
	return said;
}

/* ---- which file ---- */

static const char *path_of(const struct bw_spec_process *process)
{
	const char *path = default_path;

	for (size_t i = 0; i < process->env.n; i++)
		if (bw_after_prefix(process->env.v[i], "PATH="))
			path = process->env.v[i] + strlen("PATH=");
	return path;
}

/* The file that the look-up would have taken: the first that may be executed, else the first there is. */
static struct seen find(const struct bw_scene *scene, const char *name)
{
	const char *cwd = scene->process->cwd ? scene->process->cwd : "/", *path = path_of(scene->process);
	struct seen first = {.fd = -ENOENT};
	char full[PATH_MAX];

	if (strchr(name, '/')) {
		int len = snprintf(full, sizeof full, "%s%s%s", name[0] == '/' ? "" : cwd, name[0] == '/' ? "" : "/", name);

		return len > 0 && (size_t)len < sizeof full ? look_at(scene, full) : first;
	}
	for (;; path += strcspn(path, ":") + 1) {
		size_t len = strcspn(path, ":");
		struct seen seen = {.fd = -ENOENT};

		if (snprintf(full, sizeof full, "%.*s/%s", len ? (int)len : (int)strlen(cwd), len ? path : cwd, name) <
			(int)sizeof full)
			seen = look_at(scene, full);
		if (seen.fd >= 0 && S_ISREG(seen.st.st_mode) && may_execute(scene, &seen.st)) {
			seen_done(&first);
			return seen;
		}
		if (seen.fd == -ENODATA) {
			seen_done(&first);
			return seen;
		}
		if (first.fd < 0)
			first = seen;
		else
			seen_done(&seen);
		if (!path[len])
			return first;
	}
}

void bw_diagnose_program(const struct bw_scene *scene, int sys, char *buf, size_t size)
{
	struct bw_buf out = bw_buf_over(buf, size);
	auto_seen struct seen program = {.fd = -ENODATA};

	if (sys == E2BIG)
		bw_buf_add(&out, "arguments and environment together are larger than the kernel takes");
	if (scene->root < 0 || !scene->process || !scene->process->args.n || sys == E2BIG)
		return;
	program = find(scene, scene->process->args.v[0]);
	if (program.fd < 0)
		return;
	if (sys == EACCES && say_not_allowed(scene, &program, "", &out))
		return;
	if ((sys == ENOENT || sys == EACCES || sys == ENOEXEC) && follow(scene, &program, sys, &out))
		return;
	/* The image's own tree shows no more than that it should have gone well. */
	if (sys == EACCES && scene->listed)
		bw_buf_addf(&out, NOT_LISTED, "it, or the interpreter that it names,");
}

/* ---- of a launch ---- */

void bw_diagnose_step(const struct bw_scene *scene, const char *words, int sys, struct bw_err *err)
{
	bool lookup = bw_after_prefix(words, "program: look up ");
	char why[sizeof err->hint];

	if (!lookup && !bw_after_prefix(words, "program: execve "))
		return;
	bw_diagnose_program(scene, sys, why, sizeof why);
	if (!why[0])
		return;
	if (lookup)
		bw_because(err, "%s", why);
	else
		bw_hint(err, "%s", why);
}

void bw_diagnose_death(const struct bw_cgroup_set *cgroups, struct bw_err *err)
{
	uint64_t limit, kills;

	if (!cgroups || !bw_cgroup_memory(cgroups, &limit, &kills) || !kills)
		return;
	if (limit == UINT64_MAX)
		bw_because(err, "the host is short of memory, the container has no limit of its own");
	else
		bw_because(err, "its memory limit of %" PRIu64 " bytes is too low", limit);
}

/* The kernel charges what is made for a container to its cgroup: below a few pages not even a mount succeeds. */
static void name_limit(const struct bw_cgroup_set *cgroups, struct bw_err *err)
{
	uint64_t limit, kills;

	if (cgroups && bw_cgroup_memory(cgroups, &limit, &kills) && limit != UINT64_MAX)
		bw_because(err, "the memory limit of the container is %" PRIu64 " bytes", limit);
}

void bw_diagnose_launch(const struct bw_launch *launch, const struct bw_scene *scene, const struct bw_cgroup_set *cgroups,
	struct bw_err *err)
{
	char words[320];

	if (launch->killed_by == SIGKILL)
		bw_diagnose_death(cgroups, err);
	if (launch->failed_sys == ENOMEM && err->code != BW_E_PROGRAM)
		name_limit(cgroups, err);
	if (launch->failed_step < 0)
		return;
	bw_step_say(launch->plan, &launch->plan->steps[launch->failed_step], words, sizeof words);
	bw_diagnose_step(scene, words, launch->failed_sys, err);
}
