/* SPDX-License-Identifier: Apache-2.0 */
/* program.c - the container's program: working directory, look-up in $PATH as the container's user, waiting
 * for start, execve. After chdir the kernel is asked where we are: an answer that does not begin with "/" is a
 * directory outside the namespace (CVE-2024-21626). */
#include "control/control.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_EARLY_CWD, OP_CWD, OP_LOOKUP, OP_EXEC, OP_MAKE_CWD };

/* OP_EARLY_CWD, OP_CWD, OP_MAKE_CWD. */
struct directory {
	uint32_t make; /* when it is missing: for a container's first process, as runc does; not for exec */
	char path[];
};

/* OP_LOOKUP: counts, then candidates, argv and environment, all NUL-terminated, in this order. */
struct lookup {
	uint32_t candidates, args, env;
	uint32_t uid;
	bool in_path;    /* a name without "/": searched in $PATH */
	bool needs_home; /* HOME is unset or empty: from /etc/passwd */
	/* then candidates..., args..., env... */
};

enum { TEXT_MAX = 4 << 20 };

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct packed {
	char *text;
	size_t len, size;
};

static int pack(struct packed *packed, const char *text, size_t len, struct bw_err *err)
{
	if (packed->size - packed->len <= len)
		return bw_fail(err, BW_E_SPEC, 0, "/process: arguments and environment are larger than %d bytes", TEXT_MAX);
	memcpy(packed->text + packed->len, text, len);
	packed->len += len;
	packed->text[packed->len++] = '\0';
	return 0;
}

/* The last assignment of a variable wins and it appears once, as in runc. */
static bool assigned_later(const struct bw_strs *env, size_t at)
{
	size_t len = strcspn(env->v[at], "=") + 1;

	for (size_t i = at + 1; i < env->n; i++)
		if (strncmp(env->v[i], env->v[at], len) == 0)
			return true;
	return false;
}

static const char *env_value(const struct bw_strs *env, const char *name)
{
	size_t len = strlen(name);
	const char *value = NULL;

	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], name, len) == 0 && env->v[i][len] == '=')
			value = env->v[i] + len + 1;
	return value;
}

static int pack_candidates(const char *name, const char *path, struct lookup *head, struct packed *packed,
	struct bw_err *err)
{
	char full[PATH_MAX];

	if (strchr(name, '/')) {
		head->candidates = 1;
		return pack(packed, name, strlen(name), err);
	}
	head->in_path = true;
	for (;;) {
		size_t len = strcspn(path, ":");

		/* An empty element means the working directory, as execvp(3) has it. */
		if (snprintf(full, sizeof full, "%.*s/%s", len ? (int)len : 1, len ? path : ".", name) < (int)sizeof full) {
			if (pack(packed, full, strlen(full), err) < 0)
				return -1;
			head->candidates++;
		}
		if (!path[len])
			return 0;
		path += len + 1;
	}
}

/* runc's words. A program that reads its environment by name would not find it. */
static int check_environment(const struct bw_strs *env, struct bw_err *err)
{
	for (size_t i = 0; i < env->n; i++) {
		const char *equals = strchr(env->v[i], '=');

		if (equals && equals != env->v[i])
			continue;
		bw_fail(err, BW_E_SPEC, 0, "/process/env/%zu: invalid environment variable: %s", i,
			equals ? "name cannot be empty" : "missing '='");
		return bw_at(err, "/process/env/%zu", i);
	}
	return 0;
}

static int prepare_lookup(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_process *process = request->process;
	const char *path = env_value(&process->env, "PATH"), *home = env_value(&process->env, "HOME");
	struct lookup head = {.needs_home = !home || !*home, .uid = process->user ? (uint32_t)process->user->uid.v : 0};
	auto_free char *text = malloc(TEXT_MAX);
	struct packed packed = {.text = text, .len = sizeof head, .size = TEXT_MAX};

	if (!text)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "arguments");
	if (check_environment(&process->env, err) < 0)
		return -1;
	if (pack_candidates(process->args.v[0], path ? path : default_path, &head, &packed, err) < 0)
		return -1;
	for (size_t i = 0; i < process->args.n; i++, head.args++)
		if (pack(&packed, process->args.v[i], strlen(process->args.v[i]), err) < 0)
			return -1;
	for (size_t i = 0; i < process->env.n; i++) {
		if (assigned_later(&process->env, i) || (head.needs_home && bw_after_prefix(process->env.v[i], "HOME=")))
			continue;
		if (pack(&packed, process->env.v[i], strlen(process->env.v[i]), err) < 0)
			return -1;
		head.env++;
	}
	memcpy(text, &head, sizeof head);
	return bw_plan_add(plan, BW_CONTROL_program, OP_LOOKUP, BW_PHASE_PROGRAM, text, packed.len, err);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const char *cwd = request->process->cwd ? request->process->cwd : "/";
	const struct directory make = {.make = !request->exec};
	uint16_t id = BW_CONTROL_program;

	if (!request->process->args.n)
		return bw_fail(err, BW_E_SPEC, 0, "/process/args: must not be empty");
	/* While the tree can still be written to, as runc does: images name working directories that they do not have,
	 * and Kubernetes leaves it to the runtime. */
	if (make.make && !bw_streq(cwd, "/") &&
		bw_plan_add_text(plan, id, OP_MAKE_CWD, BW_PHASE_ROOTFS, &make, sizeof make, cwd, err) < 0)
		return -1;
	/* Some directories only root may enter, others only the container's user: both are tried. */
	if (bw_plan_add_text(plan, id, OP_EARLY_CWD, BW_PHASE_PRIVS, &make, sizeof make, cwd, err) < 0 ||
		bw_plan_add_text(plan, id, OP_CWD, BW_PHASE_PROGRAM, &make, sizeof make, cwd, err) < 0 ||
		prepare_lookup(request, plan, err) < 0)
		return -1;
	return bw_plan_add_text(plan, id, OP_EXEC, BW_PHASE_EXEC, NULL, 0, request->process->args.v[0], err);
}

static const char *next_text(const char *text)
{
	return text + strlen(text) + 1;
}

/* argv[0] stands behind the candidates. */
static const char *name_in(const struct lookup *lookup)
{
	const char *text = (const char *)(lookup + 1);

	for (uint32_t i = 0; i < lookup->candidates; i++)
		text = next_text(text);
	return text;
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct directory *cwd = data;

	(void)len;
	if (op == OP_CWD || op == OP_EARLY_CWD)
		snprintf(buf, size, "chdir to %s%s", cwd->path, op == OP_CWD ? "" : " as root");
	else if (op == OP_MAKE_CWD)
		snprintf(buf, size, "make %s", cwd->path);
	else if (op == OP_LOOKUP)
		snprintf(buf, size, "look up %s", name_in(data));
	else
		snprintf(buf, size, "execve %s", (const char *)data);
}

/* The sentences that engines map to exit codes 126 and 127 (shim-and-callers.md B2). */
static void complain(uint16_t op, const void *data, size_t len, int sys, struct bw_err *err)
{
	const struct lookup *lookup = data;
	const struct directory *directory = data;
	bool cwd = op == OP_CWD || op == OP_EARLY_CWD || op == OP_MAKE_CWD;

	(void)len;
	if (cwd && sys == EXDEV)
		bw_fail(err, BW_E_DENIED, 0, "current working directory is outside of container mount namespace root");
	else if (cwd)
		bw_fail(err, BW_E_SPEC, sys, "chdir to cwd (\"%s\") set in config.json failed", directory->path);
	else if (op == OP_EXEC)
		bw_fail(err, BW_E_PROGRAM, sys, "exec %s", (const char *)data);
	else if (lookup->in_path)
		bw_fail(err, BW_E_SPEC, 0, "exec: \"%s\": executable file not found in $PATH%s", name_in(lookup),
			sys == EACCES ? " (what was found there, this user may not execute)" : "");
	else if (sys == EISDIR) /* engines from before runc's own word for it look for EACCES */
		bw_fail(err, BW_E_SPEC, EACCES, "exec: \"%s\": is a directory", name_in(lookup));
	else if (sys == ENOENT || sys == ENOTDIR || sys == ELOOP)
		bw_fail(err, BW_E_SPEC, sys, "exec: \"%s\": stat %s", name_in(lookup), name_in(lookup));
	else
		bw_fail(err, BW_E_SPEC, sys, "exec: \"%s\"", name_in(lookup));
}

const struct bw_control bw_program = {
	.name = "program",
	.about = "working directory, program look-up, execve",
	.prepare = prepare,
	.say = say,
	.complain = complain,
};

/* Asked after the pivot, and again as the container's user: an answer that does not begin with "/" is outside.
 * A user who may not even search the way there gets the answer "no access", and is inside. */
static int check_directory(void)
{
	char here[PATH_MAX];

	if (syscall(SYS_getcwd, here, sizeof here) < 0)
		return -errno;
	return here[0] == '/' ? 0 : -EXDEV;
}

/* A missing working directory is made; on a read-only tree that fails, and the chdir says so. */
static int change_directory(struct bw_child *child, const struct directory *cwd)
{
	int r, dir = bw_open_in(child->root, cwd->path, O_PATH | O_DIRECTORY, 0);

	/* A filter that is in force already may know no openat2. The tree is the container's by now, and
	 * check_directory() sees where a link of procfs has led. */
	if (dir == -ENOSYS)
		return chdir(cwd->path) < 0 ? -errno : check_directory();
	if (dir == -ENOENT && cwd->make)
		dir = bw_mkdir_in(child->root, cwd->path, 0755);
	if (dir < 0)
		return dir == -EROFS ? -ENOENT : dir;
	r = fchdir(dir) < 0 ? -errno : check_directory();
	close(dir);
	return r;
}

/* Where it cannot be made, and is not there, the chdir says so. */
static int make_directory(struct bw_child *child, const char *path)
{
	int dir = bw_mkdir_in(child->root, path, 0755);

	if (dir >= 0)
		close(dir);
	return 0;
}

static int is_program(const char *path)
{
	struct stat st;

	if (fstatat(AT_FDCWD, path, &st, 0) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (syscall(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
		return 0;
	/* The old call asks for the real ids, which are the effective ones by now. */
	if (errno == ENOSYS && syscall(SYS_faccessat, AT_FDCWD, path, X_OK) == 0)
		return 0;
	return -errno;
}

/* As execvp(3): a candidate that may not be executed is remembered, a missing one is not. */
static int find(const struct lookup *lookup, const char **ret)
{
	const char *candidate = (const char *)(lookup + 1);
	int worst = -ENOENT;

	for (uint32_t i = 0; i < lookup->candidates; i++, candidate = next_text(candidate)) {
		int r = is_program(candidate);

		if (r == 0) {
			*ret = candidate;
			return 0;
		}
		if (r != -ENOENT && (!lookup->in_path || r == -EACCES))
			worst = r;
	}
	return worst;
}

/* "name:password:uid:gid:gecos:home:shell": whether the line is uid's; home is copied behind "HOME=". */
static bool home_in_line(const char *line, const char *end, uint32_t uid, char *home, size_t size)
{
	uint64_t number = 0;
	unsigned field = 0;
	size_t len = 5;

	for (; line < end; line++) {
		if (*line == ':') {
			if (++field == 3 && number != uid)
				return false;
			continue;
		}
		if (field == 2 && (*line < '0' || *line > '9' || number > UINT32_MAX))
			return false;
		if (field == 2)
			number = number * 10 + (uint64_t)(*line - '0');
		if (field == 5 && len < size - 1)
			home[len++] = *line;
	}
	home[len] = '\0';
	return field >= 5 && len > 5;
}

/* No NSS in the container's tree: a bounded reading of /etc/passwd, by number only (class I of the threat
 * list). "/" when nothing is found, as runc has it. */
static void find_home(struct bw_child *child, uint32_t uid, char *home, size_t size)
{
	static char text[65536];
	int fd = bw_open_in(child->root, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	const char *line = text, *end = text;
	ssize_t len;

	/* As for the working directory: a filter that is in force already may know no openat2. */
	if (fd == -ENOSYS)
		fd = open("/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	len = fd < 0 ? 0 : read(fd, text, sizeof text);
	if (len > 0)
		end = text + len;
	if (fd >= 0)
		close(fd);
	while (line < end) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));

		eol = eol ? eol : end;
		memcpy(home, "HOME=", 5);
		if (home_in_line(line, eol, uid, home, size))
			return;
		line = eol + 1;
	}
	memcpy(home, "HOME=/", 7);
}

/* The vectors that execve wants, in memory of their own: the plan holds no pointers and the heap is the
 * parent's. */
static int build_vectors(struct bw_child *child, const struct lookup *lookup)
{
	size_t home_size = PATH_MAX + 8;
	size_t size = (lookup->args + lookup->env + 4UL) * sizeof(char *) + home_size;
	char **vector = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *text = (char *)(uintptr_t)name_in(lookup);

	if (vector == MAP_FAILED)
		return -errno;
	child->argv = vector;
	for (uint32_t i = 0; i < lookup->args; i++, text = (char *)(uintptr_t)next_text(text))
		*vector++ = text;
	*vector++ = NULL;
	child->envp = vector;
	for (uint32_t i = 0; i < lookup->env; i++, text = (char *)(uintptr_t)next_text(text))
		*vector++ = text;
	if (lookup->needs_home) {
		char *home = (char *)(vector + 2);

		find_home(child, lookup->uid, home, home_size);
		*vector++ = home;
	}
	*vector = NULL;
	return 0;
}

static int look_up(struct bw_child *child, const struct lookup *lookup)
{
	const char *path = NULL;
	int r = find(lookup, &path);

	if (r < 0)
		return r;
	child->path = path;
	return build_vectors(child, lookup);
}

/* Everything above the preserved descriptors goes; what stays is CLOEXEC or asked for. */
static int execute(struct bw_child *child)
{
	execve(child->path, child->argv, child->envp);
	return -errno;
}

int bw_program_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)len;
	switch (op) {
	case OP_MAKE_CWD:
		return make_directory(child, ((const struct directory *)data)->path);
	case OP_EARLY_CWD:
		child->cwd_done = change_directory(child, data) == 0;
		return 0;
	case OP_CWD:
		return child->cwd_done ? check_directory() : change_directory(child, data);
	case OP_LOOKUP:
		return look_up(child, data);
	default: /* OP_EXEC */
		return execute(child);
	}
}
