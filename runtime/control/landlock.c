/* SPDX-License-Identifier: Apache-2.0 */
/* landlock.c - what namespaces, mounts and modes say already, said a second time and irrevocably by
 * Landlock (landlock(7)): writing only where a mount is writable, so that a remount, a mount that a
 * kernel fault lets through, or a descriptor of a directory outside does not get round it; executing
 * only what the policy lists; ports; and no abstract sockets and signals to the outside. Reading is not
 * restricted. Which of it a kernel can do is in landlock_abi.c.
 *
 * The rules follow from the final mounts. Few of them, for each open(2) of the container walks up
 * to one: what lies beneath a writable mount needs no rule of its own. */
#include "control/control.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"
#include "control/landlock_abi.h"
#include "control/mount_options.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_CREATE, OP_ALLOW, OP_ALLOW_STDIO, OP_ALLOW_PROGRAM, OP_ALLOW_PORT, OP_ENFORCE };

/* What may be done with the device nodes and with standard output. An ioctl is part of it: terminals are used by them. */
#define WRITING_FILES (BW_LANDLOCK_WRITE_FILE | BW_LANDLOCK_TRUNCATE | BW_LANDLOCK_IOCTL_DEV)
/* The kernel refuses any other right on what is no directory. */
#define RIGHTS_ON_FILES (WRITING_FILES | BW_LANDLOCK_EXECUTE | BW_LANDLOCK_RESOLVE_UNIX)

enum { ABI_WITH_REFER = 2 };

/* OP_ALLOW, OP_ALLOW_PROGRAM: followed by the path. OP_ALLOW_STDIO: alone. */
struct allow {
	uint64_t rights;
};

/* OP_ENFORCE */
struct enforce {
	uint32_t flags;
};

/* A place and what may be done at it and beneath. */
struct place {
	char *path; /* clean */
	uint64_t rights;
};
struct places {
	struct place *v;
	size_t n;
};

static int probe(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	int abi = bw_landlock_create_ruleset(NULL, 0, BW_LANDLOCK_CREATE_VERSION);

	(void)arena, (void)err;
	host->landlock_abi = (struct bw_opt_uint){.set = true, .v = abi > 0 ? (uint64_t)abi : 0};
	return 0;
}

/* ---- what is writable ---- */

static bool is_covered(const struct places *list, const char *path, uint64_t rights)
{
	for (size_t i = 0; i < list->n; i++)
		if (!(rights & ~list->v[i].rights) && bw_path_beneath(path, list->v[i].path))
			return true;
	return false;
}

static int add_place(const char *path, uint64_t rights, struct places *list, struct bw_arena *arena,
	struct bw_err *err)
{
	struct place *place;

	if (!rights || is_covered(list, path, rights))
		return 0;
	place = bw_push(arena, list);
	if (!place || !(place->path = bw_arena_strdup(arena, path)))
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "landlock");
	place->rights = rights;
	return 0;
}

/* Whether a later mount lies over this one, or over a directory above it. */
static bool is_hidden(const struct bw_spec *spec, size_t at, const char *path)
{
	char later[PATH_MAX];

	for (size_t i = at + 1; i < spec->mounts.n; i++)
		if (bw_path_clean(spec->mounts.v[i].destination, later, sizeof later) &&
			bw_path_beneath(path, later))
			return true;
	return false;
}

/* A read-only mount keeps nobody from connecting to a socket in it, and is often made for just that. */
static int add_mount(const struct bw_request *request, size_t at, uint64_t rights,
	struct places *list, struct bw_err *err)
{
	const struct bw_spec_mount *mount = &request->spec->mounts.v[at];
	struct bw_mount_options options;
	char path[PATH_MAX];

	if (!bw_path_clean(mount->destination, path, sizeof path))
		return bw_fail(err, BW_E_SPEC, ENAMETOOLONG, "/mounts/%zu/destination", at);
	if (is_hidden(request->spec, at, path))
		return 0;
	if (bw_mount_options_parse(&mount->options, request->arena, &options) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "landlock");
	if ((options.set | options.rec_set) & MOUNT_ATTR_RDONLY)
		rights &= BW_LANDLOCK_RESOLVE_UNIX;
	return add_place(path, rights, list, request->arena, err);
}

/* A device node can be written to on a read-only file system as well. */
static int add_devices(const struct bw_request *request, uint64_t rights, struct places *list, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = request->spec->linux_;
	char path[PATH_MAX];

	if (add_place("/dev", rights & WRITING_FILES, list, request->arena, err) < 0)
		return -1;
	for (size_t i = 0; linux_ && i < linux_->devices.n; i++) {
		if (!bw_path_clean(linux_->devices.v[i].path, path, sizeof path))
			return bw_fail(err, BW_E_SPEC, ENAMETOOLONG, "/linux/devices/%zu/path", i);
		if (add_place(path, rights & WRITING_FILES, list, request->arena, err) < 0)
			return -1;
	}
	return 0;
}

static int collect(const struct bw_request *request, uint64_t rights, struct places *ret,
	struct bw_err *err)
{
	const struct bw_spec *spec = request->spec;

	for (size_t i = 0; i < spec->mounts.n; i++)
		if (add_mount(request, i, rights, ret, err) < 0)
			return -1;
	return add_devices(request, rights, ret, err);
}

/* Then there is nothing that must not be written to, as far as mounts say. */
static int is_root_writable(const struct bw_request *request, bool *ret, struct bw_err *err)
{
	struct places list = {0};

	*ret = !request->spec->root->readonly.v;
	for (size_t i = 0; !*ret && i < request->spec->mounts.n; i++)
		if (add_mount(request, i, BW_LANDLOCK_WRITE_FILE, &list, err) < 0)
			return -1;
	*ret = *ret || is_covered(&list, "/", BW_LANDLOCK_WRITE_FILE);
	return 0;
}

/* ---- planning ---- */

static int add_places(
	const struct places *list, struct bw_plan *plan, struct bw_err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		struct allow allow = {.rights = list->v[i].rights};

		if (bw_plan_add_text(plan, BW_CONTROL_landlock, OP_ALLOW, BW_PHASE_PRIVS, &allow,
			    sizeof allow, list->v[i].path, err) < 0)
			return -1;
	}
	return 0;
}

static int add_writing(const struct bw_request *request, uint64_t handled, struct bw_plan *plan, struct bw_err *err)
{
	struct allow stdio = {.rights = WRITING_FILES & handled};
	struct places list = {0};

	if (collect(request, handled & ~BW_LANDLOCK_EXECUTE, &list, err) < 0 || add_places(&list, plan, err) < 0)
		return -1;
	return bw_plan_add(plan, BW_CONTROL_landlock, OP_ALLOW_STDIO, BW_PHASE_PRIVS, &stdio,
		sizeof stdio, err);
}

static int add_files(const struct bw_strs *files, struct bw_plan *plan, struct bw_err *err)
{
	const struct allow allow = {.rights = BW_LANDLOCK_EXECUTE};

	for (size_t i = 0; i < files->n; i++)
		if (bw_plan_add_text(plan, BW_CONTROL_landlock, OP_ALLOW_PROGRAM, BW_PHASE_PRIVS, &allow,
			    sizeof allow, files->v[i], err) < 0)
			return -1;
	return 0;
}

/* The kernel opens a program's interpreter as it opens a program, so that each must be on the list, and can then be run
 * as a program: that is for the other layers. With files, libraries need no rule: mapping asks nobody. */
static int add_programs(
	const struct bw_spec_programs *programs, struct bw_plan *plan, struct bw_err *err)
{
	if (add_files(&programs->files, plan, err) < 0)
		return -1;
	return add_files(&programs->interpreters, plan, err);
}

static int add_port(uint64_t rights, uint64_t port, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_landlock_net_port rule = {.allowed = rights, .port = port};

	if (!rights)
		return 0;
	return bw_plan_add(plan, BW_CONTROL_landlock, OP_ALLOW_PORT, BW_PHASE_PRIVS, &rule, sizeof rule, err);
}

/* A UDP socket that sends is bound to a port of the kernel's choice first, and from ABI 10 on that is asked for as port
 * 0. Only who may send nothing at all needs no port to send from. */
static int add_ports(const struct bw_spec_hardening *hardening, uint64_t handled, struct bw_plan *plan,
	struct bw_err *err)
{
	const struct bw_uints *connect = &hardening->landlock_connect, *bind = &hardening->landlock_bind;

	for (size_t i = 0; i < connect->n; i++)
		if (add_port(handled & (BW_LANDLOCK_CONNECT_TCP | BW_LANDLOCK_SEND_UDP), connect->v[i], plan, err) < 0)
			return -1;
	for (size_t i = 0; i < bind->n; i++)
		if (add_port(handled & (BW_LANDLOCK_BIND_TCP | BW_LANDLOCK_BIND_UDP), bind->v[i], plan, err) < 0)
			return -1;
	if (!connect->v || connect->n)
		return add_port(handled & BW_LANDLOCK_BIND_UDP, 0, plan, err);
	return 0;
}

/* What is missing altogether: ABI 1 cannot allow a rename from one directory to another, and
 * would break package managers in their own workspace. That is for those who require Landlock, not
 * for those who prefer it. */
static const char *obstacle(uint64_t abi, bool required)
{
	if (abi == 0)
		return "this kernel has no Landlock";
	if (abi < ABI_WITH_REFER && !required)
		return "Landlock ABI 1 (before Linux 5.19) would forbid every rename from one "
		       "directory to another";
	return NULL;
}

static int cannot(const char *why, bool required, struct bw_plan *plan, struct bw_err *err)
{
	if (required)
		return bw_fail(err, BW_E_HOST, 0, "the policy requires Landlock: %s", why);
	bw_plan_degrade(plan, BW_CONTROL_landlock, why);
	return 0;
}

static unsigned wanted_of(const struct bw_spec_hardening *hardening)
{
	unsigned wanted = BW_LANDLOCK_WANT_WRITING;

	if (hardening->programs)
		wanted |= BW_LANDLOCK_WANT_PROGRAMS;
	if (hardening->landlock_connect.v)
		wanted |= BW_LANDLOCK_WANT_CONNECT;
	if (hardening->landlock_bind.v)
		wanted |= BW_LANDLOCK_WANT_BIND;
	if (hardening->landlock_scope.v)
		wanted |= BW_LANDLOCK_WANT_SCOPE;
	return wanted;
}

/* A writable root leaves nothing to keep from being written; what else is wanted goes on. */
static int leave_out_writing(const struct bw_request *request, bool required, unsigned *wanted, struct bw_plan *plan,
	struct bw_err *err)
{
	bool writable;

	if (is_root_writable(request, &writable, err) < 0)
		return -1;
	if (!writable)
		return 0;
	*wanted &= ~(unsigned)BW_LANDLOCK_WANT_WRITING;
	return cannot("the root file system is writable, which leaves nothing to keep from being written",
		required && !*wanted, plan, err);
}

/* Each by a sentence of its own. Who requires Landlock requires what rows of the policy name; that truncation and UDP
 * came later is on record. */
static int tell_lacks(uint64_t abi, unsigned wanted, bool required, struct bw_plan *plan, struct bw_err *err)
{
	char why[BW_DEGRADED_MAX];
	size_t at = 0;
	bool named;

	while (bw_landlock_next_lack(abi, wanted, &at, &named, why, sizeof why))
		if (cannot(why, required && named, plan, err) < 0)
			return -1;
	return 0;
}

/* A writable root needs leave for renames alone: see landlock_abi.c. */
static int add_rules(const struct bw_request *request, unsigned wanted, const struct bw_landlock_ruleset *ruleset,
	struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	struct place root = {(char[]){"/"}, ruleset->handled_fs & BW_LANDLOCK_REFER};
	const struct places renames = {&root, root.rights ? 1 : 0};

	if (wanted & BW_LANDLOCK_WANT_WRITING) {
		if (add_writing(request, ruleset->handled_fs, plan, err) < 0)
			return -1;
	} else if (add_places(&renames, plan, err) < 0) {
		return -1;
	}
	if ((wanted & BW_LANDLOCK_WANT_PROGRAMS) && add_programs(hardening->programs, plan, err) < 0)
		return -1;
	return add_ports(hardening, ruleset->handled_net, plan, err);
}

/* "deny writing, executing" */
static void list_denied(struct bw_buf *text, const char *verb, const struct bw_landlock_ruleset *ruleset)
{
	const struct {
		uint64_t bits;
		const char *words;
	} denied[] = {
		{ruleset->handled_fs & BW_LANDLOCK_WRITE_FILE, "writing"},
		{ruleset->handled_fs & BW_LANDLOCK_EXECUTE, "executing"},
		{ruleset->handled_net & BW_LANDLOCK_CONNECT_TCP, "connecting to ports"},
		{ruleset->handled_net & BW_LANDLOCK_BIND_TCP, "binding ports"},
		{ruleset->scoped, "abstract sockets and signals to the outside"},
	};
	const char *before = " ";

	bw_buf_add(text, verb);
	for (size_t i = 0; i < BW_COUNT(denied); i++) {
		if (!denied[i].bits)
			continue;
		bw_buf_addf(text, "%s%s", before, denied[i].words);
		before = ", ";
	}
}

static void say_layer(uint64_t abi, const struct bw_landlock_ruleset *ruleset, struct bw_plan *plan)
{
	char what[120];
	struct bw_buf text = bw_buf_over(what, sizeof what);

	list_denied(&text, "limits", ruleset);
	bw_buf_addf(&text, " (ABI %llu)", (unsigned long long)abi);
	bw_plan_layer(plan, BW_CONTROL_landlock, what);
}

static int add_steps(const struct bw_request *request, unsigned wanted, struct bw_plan *plan, struct bw_err *err)
{
	uint64_t abi = request->host->landlock_abi.v;
	const struct bw_landlock_ruleset ruleset = bw_landlock_ruleset_of(abi, wanted);
	const struct enforce enforce = {.flags = bw_landlock_flags_of(abi)};

	if (!ruleset.handled_fs && !ruleset.handled_net && !ruleset.scoped)
		return 0;
	if (bw_plan_add(plan, BW_CONTROL_landlock, OP_CREATE, BW_PHASE_PRIVS, &ruleset,
		    sizeof ruleset, err) < 0 ||
		add_rules(request, wanted, &ruleset, plan, err) < 0)
		return -1;
	say_layer(abi, &ruleset, plan);
	return bw_plan_add(plan, BW_CONTROL_landlock, OP_ENFORCE, BW_PHASE_PRIVS, &enforce, sizeof enforce, err);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	uint64_t abi = request->host->landlock_abi.v;
	const char *why;
	unsigned wanted;
	bool required;

	if (!hardening || !hardening->landlock)
		return 0;
	required = !bw_streq(hardening->landlock, "prefer");
	why = obstacle(abi, required);
	if (why)
		return cannot(why, required, plan, err);
	wanted = wanted_of(hardening);
	if (leave_out_writing(request, required, &wanted, plan, err) < 0 ||
		tell_lacks(abi, wanted, required, plan, err) < 0)
		return -1;
	return add_steps(request, wanted, plan, err);
}

/* What a rule at a place is for, by its widest right. */
static const char *purpose(uint64_t rights)
{
	if (rights & BW_LANDLOCK_MAKE_REG)
		return "everything beneath";
	if (rights & BW_LANDLOCK_WRITE_FILE)
		return "writing to files at";
	if (rights & BW_LANDLOCK_RESOLVE_UNIX)
		return "reaching sockets beneath";
	return "renaming beneath";
}

static void say_port(const struct bw_landlock_net_port *rule, char *buf, size_t size)
{
	bool connect = rule->allowed & (BW_LANDLOCK_CONNECT_TCP | BW_LANDLOCK_SEND_UDP);

	snprintf(buf, size, "allow %s port %llu", connect ? "connecting to" : "binding", (unsigned long long)rule->port);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct allow *allow = data;
	const struct enforce *enforce = data;
	struct bw_buf text = bw_buf_over(buf, size);

	(void)len;
	switch (op) {
	case OP_CREATE:
		list_denied(&text, "deny", data);
		break;
	case OP_ALLOW:
		snprintf(buf, size, "allow %s %s", purpose(allow->rights), (const char *)(allow + 1));
		break;
	case OP_ALLOW_STDIO:
		snprintf(buf, size, "allow opening standard output again");
		break;
	case OP_ALLOW_PROGRAM:
		snprintf(buf, size, "allow executing %s", (const char *)(allow + 1));
		break;
	case OP_ALLOW_PORT:
		say_port(data, buf, size);
		break;
	default:
		snprintf(buf, size, "enforce%s", enforce->flags ? " and record what is denied" : "");
		break;
	}
}

const struct bw_control bw_landlock = {
	.name = "landlock",
	.about = "writing only to writable mounts, executing only what is listed, ports, by Landlock",
	.probe = probe,
	.prepare = prepare,
	.say = say,
};

/* ---- the child ---- */

static int create(struct bw_child *child, const struct bw_landlock_ruleset *ruleset)
{
	child->scratch = bw_landlock_create_ruleset(ruleset, sizeof *ruleset, 0);
	return child->scratch < 0 ? -errno : 0;
}

/* The kernel refuses rights over directory entries for anything else than a directory, and a rule
 * without rights. */
static int allow_fd(int ruleset, int fd, uint64_t rights, mode_t mode)
{
	struct bw_landlock_path_beneath rule = {.allowed = rights, .parent_fd = fd};

	if (!S_ISDIR(mode))
		rule.allowed &= RIGHTS_ON_FILES;
	if (!rule.allowed)
		return 0;
	return bw_landlock_add_path(ruleset, &rule) < 0 ? -errno : 0;
}

static int allow_path(struct bw_child *child, const struct allow *allow)
{
	int fd = bw_open_in(child->root, (const char *)(allow + 1), O_PATH, 0);
	struct stat st;
	int r;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return fd;
	r = fstat(fd, &st) < 0 ? -errno : allow_fd(child->scratch, fd, allow->rights, st.st_mode);
	close(fd);
	return r;
}

/* The file was found at create, as a file and without links. Where a container has put something else since, exec must
 * not follow it: a directory would allow all beneath it. What is gone allows nothing. */
static int allow_program(struct bw_child *child, const struct allow *allow)
{
	int fd = bw_open_in(child->root, (const char *)(allow + 1), O_PATH, RESOLVE_NO_SYMLINKS);
	struct stat st;
	int r;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else
		r = S_ISREG(st.st_mode) ? allow_fd(child->scratch, fd, allow->rights, st.st_mode) : -EACCES;
	close(fd);
	return r;
}

/* Programs open /dev/stdout, a link to what they have already. A file or named pipe of the host
 * lies beneath no mount of ours, so it gets a rule of its own, if it was handed over for writing; a
 * terminal is used by ioctls however it was opened. Pipes and sockets need none (EBADFD: they are in
 * no hierarchy). */
static int allow_stdio(struct bw_child *child, uint64_t rights)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int flags = fcntl(fd, F_GETFL), r;
		uint64_t these = rights;
		struct stat st;

		if (flags < 0 || (flags & O_PATH))
			continue;
		if (fstat(fd, &st) < 0)
			return -errno;
		if ((flags & O_ACCMODE) == O_RDONLY)
			these &= S_ISCHR(st.st_mode) ? BW_LANDLOCK_IOCTL_DEV : 0;
		r = allow_fd(child->scratch, fd, these, st.st_mode);
		if (r < 0 && r != -EBADFD)
			return r;
	}
	return 0;
}

static int allow_port(struct bw_child *child, const struct bw_landlock_net_port *rule)
{
	return bw_landlock_add_port(child->scratch, rule) < 0 ? -errno : 0;
}

static int enforce(struct bw_child *child, uint32_t flags)
{
	int r = bw_landlock_restrict_self(child->scratch, flags) < 0 ? -errno : 0;

	close(child->scratch);
	child->scratch = -1;
	return r;
}

int bw_landlock_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)len;
	switch (op) {
	case OP_CREATE:
		return create(child, data);
	case OP_ALLOW:
		return allow_path(child, data);
	case OP_ALLOW_STDIO:
		return allow_stdio(child, ((const struct allow *)data)->rights);
	case OP_ALLOW_PROGRAM:
		return allow_program(child, data);
	case OP_ALLOW_PORT:
		return allow_port(child, data);
	default: /* OP_ENFORCE */
		return enforce(child, ((const struct enforce *)data)->flags);
	}
}
