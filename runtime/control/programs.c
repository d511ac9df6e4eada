/* SPDX-License-Identifier: Apache-2.0 */
/* programs.c - what may be executed, made of mounts: the root and all that is mounted in it is noexec, by rootfs.c and by
 * the options that the policy gave each mount; here the programs and the library directories are mounted over themselves
 * without that, read-only. noexec holds for execve and for mapping with PROT_EXEC, so that the dynamic linker, which can
 * be executed, executes nothing else. And in a pid namespace of the container's own no file in memory can be executed.
 * See mount_setattr(2), memfd_create(2). */
#include "control/control.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/host_side.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_FILE, OP_DIRECTORY, OP_MEMFD };

/* ---- prepare ---- */

static bool is_in_library(const struct bw_spec_programs *programs, const char *path)
{
	for (size_t i = 0; i < programs->directories.n; i++)
		if (bw_path_beneath(path, programs->directories.v[i]))
			return true;
	return false;
}

/* In the last phase of what is mounted: from the top all is taken along that lies beneath a library directory by then,
 * masks above all. */
static int except(const struct bw_strs *paths, uint16_t op, const struct bw_spec_programs *programs, struct bw_plan *plan,
	struct bw_err *err)
{
	for (size_t i = 0; i < paths->n; i++) {
		if (op == OP_FILE && is_in_library(programs, paths->v[i]))
			continue;
		if (bw_plan_add_text(plan, BW_CONTROL_programs, op, BW_PHASE_NODE, NULL, 0, paths->v[i], err) < 0)
			return -1;
	}
	return 0;
}

static void say_layer(const struct bw_spec_programs *programs, struct bw_plan *plan)
{
	char what[120];

	snprintf(what, sizeof what, "noexec on all but %zu programs and what is in %zu library directories", programs->files.n,
		programs->directories.n);
	bw_plan_layer(plan, BW_CONTROL_programs, what);
}

static int prepare_noexec(const struct bw_spec_programs *programs, struct bw_plan *plan, struct bw_err *err)
{
	say_layer(programs, plan);
	if (except(&programs->directories, OP_DIRECTORY, programs, plan, err) < 0 ||
		except(&programs->files, OP_FILE, programs, plan, err) < 0)
		return -1;
	return except(&programs->interpreters, OP_FILE, programs, plan, err);
}

/* Why this container cannot have vm.memfd_noexec, or NULL. Only the host's root may open the file. */
static const char *no_memfd_noexec(const struct bw_request *request)
{
	const struct bw_host *host = request->host;

	if (host->kernel_major.v < 6 || (host->kernel_major.v == 6 && host->kernel_minor.v < 3))
		return "this kernel has no vm.memfd_noexec (Linux 6.3 has)";
	if (!host->root.v)
		return "only root of the host can set vm.memfd_noexec";
	if (!bw_spec_has_new_namespace(request->spec, "pid"))
		return "the pid namespace, which vm.memfd_noexec is of, is not the container's own";
	return NULL;
}

/* The filter for Python and Node knows no memfd_create, unless the policy has opened it. */
static bool filter_refuses_memfd(const struct bw_spec_hardening *hardening)
{
	return bw_streq0(hardening->seccomp_baseline, "python-node") && !bw_strs_has(&hardening->seccomp_allow, "memfd");
}

/* Before the child becomes root of a user namespace: procfs asks for the host's. */
static int prepare_memfd(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const char *why = no_memfd_noexec(request);

	if (!why) {
		bw_plan_layer(plan, BW_CONTROL_programs, "no file in memory is executed");
		return bw_plan_add(plan, BW_CONTROL_programs, OP_MEMFD, BW_PHASE_JOIN, NULL, 0, err);
	}
	if (!filter_refuses_memfd(request->spec->hardening))
		bw_plan_degrade(plan, BW_CONTROL_programs, why);
	return 0;
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;

	if (request->exec || !hardening || !hardening->programs)
		return 0;
	if (hardening->programs->memfd_noexec.v && prepare_memfd(request, plan, err) < 0)
		return -1;
	return hardening->programs->noexec.v ? prepare_noexec(hardening->programs, plan, err) : 0;
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)len;
	if (op == OP_MEMFD)
		snprintf(buf, size, "let no file in memory be executed");
	else
		snprintf(buf, size, "let %s be %s", (const char *)data, op == OP_FILE ? "executed" : "mapped for execution");
}

const struct bw_control bw_programs = {
	.name = "programs",
	.about = "noexec on everything but the listed programs and libraries; no files in memory",
	.prepare = prepare,
	.say = say,
};

/* ---- apply ---- */

/* Mounts that lie beneath come along as they are; the attributes are those of the top alone. */
static int mount_over_itself(int target, unsigned flags)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, .attr_clr = MOUNT_ATTR_NOEXEC};
	int tree = open_tree(target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | flags);
	int r = 0;

	if (tree < 0)
		return -errno;
	if (mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0 ||
		move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		r = -errno;
	close(tree);
	return r;
}

/* On the root's own mount and through no link: what a mount of the caller's covers has that mount's flags, and what is no
 * longer what was found stays noexec. */
static int except_one(struct bw_child *child, const char *path, bool directory)
{
	int target = bw_open_in(child->root, path, O_PATH, RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
	struct stat st;
	int r = 0;

	if (target == -EXDEV || target == -ENOENT || target == -ENOTDIR || target == -ELOOP)
		return 0;
	if (target < 0)
		return target;
	if (fstat(target, &st) < 0)
		r = -errno;
	else if (directory ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode))
		r = mount_over_itself(target, directory ? AT_RECURSIVE : 0);
	close(target);
	return r;
}

/* Of the pid namespace that we are the first process of. A kernel without the file has no memfd_create. */
static int refuse_memfd(const struct bw_child *child)
{
	int r = bw_proc_write(child->host_proc, "sys/vm/memfd_noexec", RESOLVE_NO_SYMLINKS, "2");

	return r == -ENOENT ? 0 : r;
}

int bw_programs_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)len;
	if (op == OP_MEMFD)
		return refuse_memfd(child);
	return except_one(child, data, op == OP_DIRECTORY);
}
