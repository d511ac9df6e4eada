/* SPDX-License-Identifier: Apache-2.0 */
/* program_files.c - the policy's patterns against the tree of an image. Paths are walked link by link, so that what is stored
 * is a path without any: whoever uses it afterwards need not, and must not, follow one. */
#include "container/program_files.h"

#include <dirent.h>
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "json/text.h"
#include "policy/harden.h"

/* An interpreter with its versions and tools is some dozen files; the rest is for images with several. */
enum { MAX_FILES = 256, MAX_INTERPRETERS = 16, MAX_DIRECTORIES = 64, MAX_NAMES = 131072, MAX_LINKS = 40, MAX_SEGMENTS = 128 };

/* ---- paths without links ---- */

struct walk {
	int root;
	char done[PATH_MAX]; /* "" or "/a/b", no link in it */
	char rest[PATH_MAX]; /* what is still to be walked */
	unsigned links;
};

/* name in the directory reached: O_PATH, of the link itself where it is one. */
static int open_next(struct walk *w, const char *name, size_t len)
{
	size_t done = strlen(w->done);

	if (done + 1 + len >= sizeof w->done)
		return -ENAMETOOLONG;
	w->done[done] = '/';
	memcpy(w->done + done + 1, name, len);
	w->done[done + 1 + len] = '\0';
	return bw_open_in(w->root, w->done, O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
}

/* The link's text goes before what is left of the way; an absolute one begins at the root again. */
static int follow(struct walk *w, int link)
{
	char text[PATH_MAX];
	ssize_t len = readlinkat(link, "", text, sizeof text);
	size_t left = strlen(w->rest) + 1;

	if (len < 0)
		return -errno;
	if (++w->links > MAX_LINKS)
		return -ELOOP;
	if ((size_t)len + 1 + left > sizeof w->rest)
		return -ENAMETOOLONG;
	memmove(w->rest + len + 1, w->rest, left);
	memcpy(w->rest, text, (size_t)len);
	w->rest[len] = '/';
	*strrchr(w->done, '/') = '\0';
	if (text[0] == '/')
		w->done[0] = '\0';
	return 0;
}

static void go_up(struct walk *w)
{
	char *slash = strrchr(w->done, '/');

	if (slash)
		*slash = '\0';
}

/* One component; *at becomes its descriptor, 0 or -errno. */
static int step(struct walk *w, const char *name, size_t len, int *at)
{
	struct stat st;
	int fd, r = 0;

	if (len == 1 && name[0] == '.')
		return 0;
	if (len == 2 && memcmp(name, "..", 2) == 0) {
		go_up(w);
		return 0;
	}
	fd = open_next(w, name, len);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (S_ISLNK(st.st_mode))
		r = follow(w, fd);
	if (*at >= 0)
		close(*at);
	*at = fd;
	return r;
}

/* Where path leads beneath root: the path without links into ret (PATH_MAX), and an O_PATH descriptor. -errno: nowhere;
 * with -ENOENT ret is how far it led and the name that is missing. */
static __attribute__((noinline)) int resolve(int root, const char *path, char *ret, int *ret_fd)
{
	struct walk w = {.root = root};
	auto_close int at = -1;
	int r = 0;

	if (strlen(path) >= sizeof w.rest)
		return -ENAMETOOLONG;
	memcpy(w.rest, path, strlen(path) + 1);
	while (r == 0 && w.rest[strspn(w.rest, "/")]) {
		const char *next = w.rest + strspn(w.rest, "/");
		size_t len = strcspn(next, "/");
		char name[NAME_MAX + 1];

		if (len >= sizeof name)
			return -ENAMETOOLONG;
		memcpy(name, next, len);
		/* The rest alone: a link's text will be put before it. */
		memmove(w.rest, next + len, strlen(next + len) + 1);
		r = step(&w, name, len, &at);
		if (r == -ENOENT && w.rest[strspn(w.rest, "/")])
			r = -ENOTDIR;
	}
	memcpy(ret, *w.done ? w.done : "/", strlen(w.done) + (*w.done ? 1 : 2));
	if (r < 0)
		return r;
	/* After ".." the descriptor is of something else; and nobody may have put a link there meanwhile. */
	*ret_fd = bw_open_in(root, ret, O_PATH, RESOLVE_NO_SYMLINKS);
	return *ret_fd < 0 ? *ret_fd : 0;
}

/* ---- the lists ---- */

struct search {
	int root;
	const struct bw_spec *spec;
	struct bw_spec_programs *programs;
	struct bw_arena *arena;
	bool libraries; /* looking for directories */
	struct bw_strs mounted; /* where each mount of the container will be */
	size_t names;	/* that were read from directories */
	struct bw_err *err;
};

static bool is_listed(const struct bw_strs *patterns, const char *path, bool beneath)
{
	for (size_t i = 0; i < patterns->n; i++) {
		enum bw_relation relation = bw_path_relate(path, patterns->v[i]);

		if (relation == BW_SAME || (beneath && relation == BW_BENEATH))
			return true;
	}
	return false;
}

static bool is_in_library(const struct bw_spec_programs *programs, const char *path)
{
	for (size_t i = 0; i < programs->directories.n; i++)
		if (bw_path_beneath(path, programs->directories.v[i]))
			return true;
	return false;
}

static int add(struct search *s, struct bw_strs *list, size_t max, const char *what, const char *path)
{
	if (bw_strs_has(list, path))
		return 0;
	if (list->n == max)
		return bw_fail(s->err, BW_E_SPEC, 0, "the image has more than %zu %s that programs.%s of the policy names", max,
			what, s->libraries ? "libraries" : "allow");
	if (bw_strs_add(s->arena, list, path) < 0)
		return bw_fail(s->err, BW_E_MEMORY, ENOMEM, "programs");
	return 0;
}

/* In messages a name out of the image is no more than text, and not much of it. */
static void show(const char *path, char *ret, size_t size)
{
	struct bw_buf buf = bw_buf_over(ret, size);

	bw_buf_addn(&buf, path, strnlen(path, size - 1));
	bw_text_make_printable(ret);
}

static void tell(const char *path, const char *real)
{
	char name[512], target[512];

	show(path, name, sizeof name);
	show(real, target, sizeof target);
	bw_debug("programs: %s leads to %s, which the policy does not list", name, target);
}

/* ---- the interpreter of a program ---- */

static ssize_t read_at(int file, void *bytes, size_t size, uint64_t offset)
{
	return offset > INT64_MAX / 2 ? -1 : pread(file, bytes, size, (off_t)offset);
}

static bool read_head(int file, Elf64_Ehdr *ret)
{
	return read_at(file, ret, sizeof *ret, 0) == (ssize_t)sizeof *ret && memcmp(ret->e_ident, ELFMAG, SELFMAG) == 0 &&
	       ret->e_ident[EI_CLASS] == ELFCLASS64 && ret->e_phentsize == sizeof(Elf64_Phdr) && ret->e_phnum <= MAX_SEGMENTS &&
	       ret->e_ident[EI_DATA] == (BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB);
}

/* What PT_INTERP names, as the kernel takes it: the first such segment, a text that ends in its last byte. False: a
 * static program, a script, or nothing that the kernel would execute. */
static bool interpreter_of(int file, char *ret, size_t size)
{
	Elf64_Phdr segment;
	Elf64_Ehdr head;

	if (!read_head(file, &head) || head.e_phoff > INT32_MAX)
		return false;
	for (size_t i = 0; i < head.e_phnum; i++) {
		uint64_t len;

		if (read_at(file, &segment, sizeof segment, head.e_phoff + i * sizeof segment) != (ssize_t)sizeof segment)
			return false;
		if (segment.p_type != PT_INTERP)
			continue;
		len = segment.p_filesz;
		return len >= 2 && len <= size && read_at(file, ret, len, segment.p_offset) == (ssize_t)len && !ret[len - 1] &&
		       ret[0] == '/';
	}
	return false;
}

/* Whether one of the mounts from the one at number from on lies over path, so that what the container has there is not the
 * image's, and perhaps what the container has written. */
static bool is_hidden(const struct search *s, const char *path, size_t from)
{
	for (size_t i = from; i < s->mounted.n; i++)
		if (bw_path_beneath(path, s->mounted.v[i]))
			return true;
	return false;
}

static int add_interpreter(struct search *s, int program)
{
	char link[64], name[PATH_MAX], real[PATH_MAX];
	auto_close int file = -1, fd = -1;
	struct stat st;

	snprintf(link, sizeof link, "/proc/self/fd/%d", program);
	file = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (file < 0 || !interpreter_of(file, name, sizeof name) || resolve(s->root, name, real, &fd) < 0)
		return 0;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || is_hidden(s, real, 0))
		return 0;
	return add(s, &s->programs->interpreters, MAX_INTERPRETERS, "ELF interpreters of programs", real);
}

/* ---- patterns ---- */

/* path matched a pattern: what it leads to must be listed, too. */
static int found(struct search *s, const char *path)
{
	struct bw_spec_programs *programs = s->programs;
	const struct bw_strs *patterns = s->libraries ? &programs->libraries : &programs->allow;
	char real[PATH_MAX];
	auto_close int fd = -1;
	struct stat st;

	if (resolve(s->root, path, real, &fd) < 0 || fstat(fd, &st) < 0)
		return 0;
	if (s->libraries ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return 0;
	if (!is_listed(patterns, real, s->libraries)) {
		tell(path, real);
		return 0;
	}
	if (is_hidden(s, real, 0))
		return 0;
	if (s->libraries)
		return is_in_library(programs, real) ? 0 : add(s, &programs->directories, MAX_DIRECTORIES, "directories", real);
	if (add(s, &programs->files, MAX_FILES, "files", real) < 0)
		return -1;
	return add_interpreter(s, fd);
}

static int extend(struct search *s, struct bw_strs *list, const char *path, const char *name)
{
	char *next = bw_arena_printf(s->arena, "%s/%s", path, name), **slot = next ? bw_push(s->arena, list) : NULL;

	if (!slot)
		return bw_fail(s->err, BW_E_MEMORY, ENOMEM, "programs");
	*slot = next;
	return 0;
}

/* Every name in the directory at path that component fits. */
static int extend_by_names(struct search *s, struct bw_strs *list, const char *path, const char *component)
{
	auto_closedir DIR *dir = NULL;
	auto_close int place = -1;
	char real[PATH_MAX];
	struct dirent *entry;
	int fd;

	if (resolve(s->root, *path ? path : "/", real, &place) < 0)
		return 0;
	fd = bw_open_in(s->root, real, O_RDONLY | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return bw_fail(s->err, BW_E_MEMORY, errno, "programs");
	}
	while ((entry = readdir(dir))) {
		if (++s->names > MAX_NAMES)
			return bw_fail(s->err, BW_E_SPEC, 0,
				"the directories of the image that the policy's programs are looked for in have more than %d names",
				MAX_NAMES);
		if (entry->d_name[0] != '.' && bw_glob_match(component, entry->d_name) &&
			extend(s, list, path, entry->d_name) < 0)
			return -1;
	}
	return 0;
}

/* All paths that pattern may mean, one component after the other; then what is there. */
static int expand(struct search *s, const char *pattern)
{
	struct bw_strs paths = {0};

	if (bw_strs_add(s->arena, &paths, "") < 0)
		return bw_fail(s->err, BW_E_MEMORY, ENOMEM, "programs");
	for (pattern += strspn(pattern, "/"); *pattern; pattern += strspn(pattern, "/")) {
		size_t len = strcspn(pattern, "/");
		char component[NAME_MAX + 1];
		struct bw_strs next = {0};

		if (len >= sizeof component)
			return 0;
		memcpy(component, pattern, len);
		component[len] = '\0';
		pattern += len;
		for (size_t i = 0; i < paths.n; i++)
			if ((strchr(component, '*') ? extend_by_names : extend)(s, &next, paths.v[i], component) < 0)
				return -1;
		paths = next;
	}
	for (size_t i = 0; i < paths.n; i++)
		if (found(s, paths.v[i]) < 0)
			return -1;
	return 0;
}

static int expand_all(struct search *s, const struct bw_strs *patterns)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (expand(s, patterns->v[i]) < 0)
			return -1;
	return 0;
}

/* Where a mount will be, as far as the image says: directories that are missing are made, plainly. */
static int find_mounts(struct search *s)
{
	char clean[PATH_MAX], real[PATH_MAX];

	for (size_t i = 0; i < s->spec->mounts.n; i++) {
		const struct bw_spec_mount *mount = &s->spec->mounts.v[i];
		auto_close int fd = -1;
		int r;

		if (!mount->destination || !bw_path_clean(mount->destination, clean, sizeof clean))
			return bw_fail(s->err, BW_E_SPEC, ENAMETOOLONG, "/mounts/%zu/destination", i);
		r = resolve(s->root, clean, real, &fd);
		if (bw_strs_add(s->arena, &s->mounted, r == 0 || r == -ENOENT ? real : clean) < 0)
			return bw_fail(s->err, BW_E_MEMORY, ENOMEM, "programs");
	}
	return 0;
}

/* A program that an engine binds into the container: there will be a file, whatever the image has there. */
static int add_mounted(struct search *s)
{
	const struct bw_spec_hardening *hardening = s->spec->hardening;

	for (size_t i = 0; i < s->mounted.n; i++) {
		const char *real = s->mounted.v[i];

		if (!bw_mount_is_program(&s->spec->mounts.v[i], &s->programs->allow, &hardening->excepted_sources) ||
			is_hidden(s, real, i + 1))
			continue;
		if (!is_listed(&s->programs->allow, real, false)) {
			tell(s->spec->mounts.v[i].destination, real);
			continue;
		}
		if (add(s, &s->programs->files, MAX_FILES, "files", real) < 0)
			return -1;
	}
	return 0;
}

int bw_programs_find(int root, struct bw_spec *spec, struct bw_arena *arena, struct bw_err *err)
{
	struct bw_spec_programs *programs = spec->hardening->programs;
	struct search s = {
		.root = root, .spec = spec, .programs = programs, .arena = arena, .libraries = true, .err = err};

	programs->files = programs->interpreters = programs->directories = (struct bw_strs){0};
	if (find_mounts(&s) < 0 || expand_all(&s, &programs->libraries) < 0)
		return -1;
	s.libraries = false;
	if (expand_all(&s, &programs->allow) < 0)
		return -1;
	return add_mounted(&s);
}

/* ---- the program that is asked for ---- */

static const char *path_of(const struct bw_spec_process *process)
{
	const char *path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

	for (size_t i = 0; i < process->env.n; i++)
		if (bw_after_prefix(process->env.v[i], "PATH="))
			path = process->env.v[i] + strlen("PATH=");
	return path;
}

static int refuse(const struct bw_spec *spec, const char *asked, const char *real, const char *rule, const char *pointer,
	struct bw_err *err)
{
	const char *profile = spec->hardening->profile ? spec->hardening->profile : "";
	char from[512], to[512];
	struct bw_buf buf;

	show(asked, from, sizeof from);
	show(real, to, sizeof to);
	if (bw_streq(from, to))
		bw_fail(err, BW_E_DENIED, 0,
			"profile \"%s\" refuses %s: Direct shell access denied: \"%s\" is not among the programs that profile \"%s\" "
			"allows (programs.allow) (rule %s)",
			profile, pointer, from, profile, rule);
	else
		bw_fail(err, BW_E_DENIED, 0,
			"profile \"%s\" refuses %s: Direct shell access denied: \"%s\" leads to \"%s\", which is not among the programs "
			"that profile \"%s\" allows (programs.allow) (rule %s)",
			profile, pointer, from, to, profile, rule);
	if (err) {
		buf = bw_buf_over(err->rule, sizeof err->rule);
		bw_buf_add(&buf, rule);
	}
	return bw_at(err, "%s", pointer);
}

/* 1: it is there, and may be executed by somebody; its real path in ret. */
static int look_at(int root, const char *path, char *ret)
{
	auto_close int fd = -1;
	struct stat st;

	if (resolve(root, path, ret, &fd) < 0 || fstat(fd, &st) < 0)
		return 0;
	return S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

/* /proc/self/fd/0 is executed with the flags of the mount that the file was opened on, which is the host's. */
int bw_programs_check_stdio(const struct bw_spec *spec, const char *rule, struct bw_err *err)
{
	struct bw_buf buf;
	struct stat st;
	int fd = STDIN_FILENO;

	if (!spec->hardening || !spec->hardening->programs)
		return 0;
	while (fd <= STDERR_FILENO && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111)))
		fd++;
	if (fd > STDERR_FILENO)
		return 0;
	bw_fail(err, BW_E_DENIED, 0,
		"descriptor %d is a file of the host that can be executed, which the programs that the policy allows do not hold "
		"(programs.allow, rule %s)",
		fd, rule);
	if (err) {
		buf = bw_buf_over(err->rule, sizeof err->rule);
		bw_buf_add(&buf, rule);
	}
	return -1;
}

int bw_programs_check(int root, const struct bw_spec *spec, const struct bw_spec_process *process, const char *rule,
	const char *pointer, struct bw_err *err)
{
	const char *name = process->args.n ? process->args.v[0] : "", *cwd = process->cwd ? process->cwd : "/";
	const char *path = path_of(process);
	char full[PATH_MAX], real[PATH_MAX];

	if (!*name)
		return 0;
	for (;;) {
		size_t len = strcspn(path, ":");
		struct bw_buf buf = bw_buf_over(full, sizeof full);

		if (strchr(name, '/'))
			bw_buf_addf(&buf, "%s/%s", name[0] == '/' ? "" : cwd, name);
		else
			bw_buf_addf(&buf, "%s/%.*s/%s", len && path[0] == '/' ? "" : cwd, (int)len, path, name);
		if (!buf.overflow && look_at(root, full, real))
			break;
		if (strchr(name, '/') || !path[len])
			return 0;
		path += len + 1;
	}
	if (bw_strs_has(&spec->hardening->programs->files, real))
		return 0;
	return refuse(spec, strchr(name, '/') ? name : full + strspn(full, "/") - 1, real, rule, pointer, err);
}

/* What is no directory of its own the control refuses, in its own words. */
static int open_rootfs(const char *bundle, const char *path)
{
	auto_close int dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? -1 : openat(dir, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int bw_programs_settle(const char *bundle, struct bw_spec *spec, struct bw_arena *arena, struct bw_err *err)
{
	auto_close int root = -1;
	struct statvfs fs;

	if (!spec->hardening || !spec->hardening->programs || !spec->root || !spec->root->path)
		return 0;
	root = open_rootfs(bundle, spec->root->path);
	if (root < 0)
		return 0;
	/* What the host has forbidden for its images the programs on the list would be excepted from. */
	if (spec->hardening->programs->noexec.v && fstatvfs(root, &fs) == 0 && (fs.f_flag & ST_NOEXEC)) {
		bw_fail(err, BW_E_SPEC, 0, "/root/path: the rootfs lies on a mount with noexec: nothing in it can be executed");
		return bw_at(err, "/root/path");
	}
	if (bw_programs_find(root, spec, arena, err) < 0)
		return -1;
	return spec->process ? bw_programs_check(root, spec, spec->process, "programs", "/process/args/0", err) : 0;
}
