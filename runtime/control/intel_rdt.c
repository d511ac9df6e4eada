/* SPDX-License-Identifier: Apache-2.0 */
/* intel_rdt.c - linux.intelRdt: cache and memory bandwidth by resctrl; see config-linux.md "IntelRdt". All of it is
 * the parent's: a class of service is a directory, and a process is in it once its number is in "tasks". */
#include "control/control.h"

#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/intel_rdt.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_MAKE, OP_JOIN };
enum { RESCTRL_MAGIC = 0x7655821 }; /* RDTGROUP_SUPER_MAGIC of linux/magic.h */

static char usual_place[] = "/sys/fs/resctrl";

static const struct bw_field rdt_fields[] = {
	BW_FIELD(struct bw_rdt, root, "root", .flags = BW_REQUIRED | BW_ABSOLUTE_PATH, .doc = "where resctrl is mounted"),
	BW_FIELD(struct bw_rdt, group, "group", .flags = BW_REQUIRED | BW_ABSOLUTE_PATH, .doc = "class of service"),
	BW_FIELD(struct bw_rdt, monitor, "monitor", .flags = BW_ABSOLUTE_PATH, .doc = "monitoring group"),
	BW_FIELD(struct bw_rdt, ours, "ours", .doc = "the class goes with the container"), BW_END};
const struct bw_schema bw_rdt_schema = {"rdt", sizeof(struct bw_rdt), BW_UNKNOWN_NOTE, rdt_fields};

static int probe(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	struct statfs fs;

	(void)arena, (void)err;
	if (statfs(usual_place, &fs) == 0 && fs.f_type == RESCTRL_MAGIC)
		host->resctrl = usual_place;
	return 0;
}

/* ---- where ---- */

/* Mounted elsewhere; looked for only when a container asks. */
static char *find_mount(struct bw_arena *arena)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;
	char *found = NULL;

	while (mounts && !found && (entry = getmntent(mounts)))
		if (bw_streq(entry->mnt_type, "resctrl"))
			found = bw_arena_strdup(arena, entry->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return found;
}

static bool has_info(const char *root, const char *what)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/info/%s", root, what);
	return access(path, F_OK) == 0;
}

/* The sentences are runc's. */
static int check_host(const struct bw_spec_intel_rdt *asked, const char *root, struct bw_err *err)
{
	if (!root)
		bw_fail(err, BW_E_HOST, 0, "intelRdt is specified in config, but Intel RDT is not enabled");
	else if (asked->l3_cache_schema && !has_info(root, "L3"))
		bw_fail(err, BW_E_HOST, 0,
			"intelRdt.l3CacheSchema is specified in config, but Intel RDT/CAT is not enabled");
	else if (asked->mem_bw_schema && !has_info(root, "MB"))
		bw_fail(err, BW_E_HOST, 0,
			"intelRdt.memBwSchema is specified in config, but Intel RDT/MBA is not enabled");
	else
		return 0;
	return bw_at(err, "/linux/intelRdt");
}

static bool has_schema(const struct bw_spec_intel_rdt *asked)
{
	return asked->l3_cache_schema || asked->mem_bw_schema || asked->schemata.n;
}

int bw_rdt_find(const struct bw_host *host, const struct bw_spec *spec, const char *id, struct bw_arena *arena,
	struct bw_rdt **ret, struct bw_err *err)
{
	const struct bw_spec_intel_rdt *asked = spec->linux_ ? spec->linux_->intel_rdt : NULL;
	const char *class_ = asked && asked->clos_id ? asked->clos_id : id;
	struct bw_rdt *rdt;

	*ret = NULL;
	if (!asked)
		return 0;
	rdt = bw_arena_alloc(arena, sizeof *rdt);
	if (!rdt)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "intelRdt");
	rdt->root = host->resctrl ? host->resctrl : find_mount(arena);
	if (check_host(asked, rdt->root, err) < 0)
		return -1;
	rdt->group = bw_streq(class_, "/") ? rdt->root : bw_arena_printf(arena, "%s/%s", rdt->root, class_);
	if (rdt->group && asked->enable_monitoring.v)
		rdt->monitor = bw_arena_printf(arena, "%s/mon_groups/%s", rdt->group, id);
	if (!rdt->group || (asked->enable_monitoring.v && !rdt->monitor))
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "intelRdt");
	rdt->ours = (struct bw_opt_bool){.set = true, .v = !asked->clos_id && access(rdt->group, F_OK) < 0};
	if (asked->clos_id && !has_schema(asked) && access(rdt->group, F_OK) < 0) {
		bw_fail(err, BW_E_SPEC, errno,
			"clos dir not accessible (must be pre-created when schemata, l3CacheSchema and memBwSchema are "
			"empty): %s", rdt->group);
		return bw_at(err, "/linux/intelRdt/closID");
	}
	if (asked->enable_cmt.v || asked->enable_mbm.v)
		bw_debug("intelRdt: enableCMT and enableMBM mean nothing since runtime-spec 1.3: enableMonitoring does");
	*ret = rdt;
	return 0;
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	struct bw_rdt *rdt = NULL;

	if (request->exec)
		rdt = request->rdt ? *request->rdt : NULL;
	else if (bw_rdt_find(request->host, request->spec, request->id, request->arena, &rdt, err) < 0)
		return -1;
	if (!rdt)
		return 0;
	if (request->rdt)
		*request->rdt = rdt;
	return bw_plan_add_parent(plan, BW_CONTROL_intel_rdt, request->exec ? OP_JOIN : OP_MAKE, BW_PHASE_JOIN, NULL, 0, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)data, (void)len;
	snprintf(buf, size, "%s", op == OP_MAKE ? "make and join the class of service" : "join the class of service");
}

/* ---- the parent's step ---- */

/* The kernel's own words about the last thing that it refused. */
static int refused(const struct bw_rdt *rdt, int sys, const char *what, const char *path, struct bw_err *err)
{
	char file[PATH_MAX], words[200];

	snprintf(file, sizeof file, "%s/info/last_cmd_status", rdt->root);
	if (bw_read_at(AT_FDCWD, file, words, sizeof words) <= 0)
		return bw_fail(err, BW_E_KERNEL, sys, "intelrdt: unable to %s %s", what, path);
	return bw_fail(err, BW_E_KERNEL, 0, "intelrdt: unable to %s %s: %s, last_cmd_status: %s", what, path,
		bw_errno_words(sys), words);
}

static int make(const struct bw_rdt *rdt, const char *path, struct bw_err *err)
{
	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return 0;
	return refused(rdt, errno, "make", path, err);
}

static int write_in(const struct bw_rdt *rdt, const char *dir, const char *file, const char *text, struct bw_err *err)
{
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof path, "%s/%s", dir, file);
	r = bw_write_at(AT_FDCWD, path, text);
	return r < 0 ? refused(rdt, -r, "write", path, err) : 0;
}

/* All lines in one write, in the order of the spec: the kernel takes or refuses the whole. */
static int write_schemata(const struct bw_settling *now, const struct bw_rdt *rdt, struct bw_err *err)
{
	const struct bw_spec_intel_rdt *asked = now->request->spec->linux_->intel_rdt;
	const char *const first[] = {asked->l3_cache_schema, asked->mem_bw_schema};
	char text[4096];
	struct bw_buf buf = bw_buf_over(text, sizeof text);

	for (size_t i = 0; i < BW_COUNT(first); i++)
		if (first[i])
			bw_buf_addf(&buf, "%s\n", first[i]);
	for (size_t i = 0; i < asked->schemata.n; i++)
		if (asked->schemata.v[i][0])
			bw_buf_addf(&buf, "%s\n", asked->schemata.v[i]);
	if (buf.overflow) {
		bw_fail(err, BW_E_SPEC, 0, "intelRdt: schemata are longer than %zu bytes", sizeof text - 1);
		return bw_at(err, "/linux/intelRdt");
	}
	return buf.len ? write_in(rdt, rdt->group, "schemata", text, err) : 0;
}

static int join(const struct bw_settling *now, const struct bw_rdt *rdt, struct bw_err *err)
{
	char pid[16];

	snprintf(pid, sizeof pid, "%d", (int)now->pid);
	if (write_in(rdt, rdt->group, "tasks", pid, err) < 0)
		return -1;
	return rdt->monitor ? write_in(rdt, rdt->monitor, "tasks", pid, err) : 0;
}

/* The limits are there before the process is. */
static int settle(const struct bw_settling *now, uint16_t op, const void *data, size_t len, struct bw_err *err)
{
	const struct bw_rdt *rdt = *now->request->rdt;

	(void)data, (void)len;
	if (op == OP_MAKE && (make(rdt, rdt->group, err) < 0 || write_schemata(now, rdt, err) < 0))
		return -1;
	if (op == OP_MAKE && rdt->monitor && make(rdt, rdt->monitor, err) < 0)
		return -1;
	return join(now, rdt, err);
}

const struct bw_control bw_intel_rdt = {
	.name = "intel_rdt",
	.about = "share of cache and memory bandwidth, by resctrl",
	.probe = probe,
	.prepare = prepare,
	.say = say,
	.settle = settle,
};

int bw_intel_rdt_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)child, (void)op, (void)data, (void)len;
	return -EINVAL;
}

/* ---- update ---- */

static int update_one(const struct bw_rdt *rdt, const char *text, const char *info, const char *words, struct bw_err *err)
{
	if (!text || !*text)
		return 0;
	if (!rdt || !has_info(rdt->root, info))
		return bw_fail(err, BW_E_HOST, 0, "%s is not enabled", words);
	if (strchr(text, '\n'))
		return bw_fail(err, BW_E_USAGE, 0, "%s: must be one line", words);
	return write_in(rdt, rdt->group, "schemata", text, err);
}

int bw_rdt_update(const struct bw_rdt *rdt, const char *l3_cache_schema, const char *mem_bw_schema, struct bw_err *err)
{
	if (update_one(rdt, l3_cache_schema, "L3", "Intel RDT/CAT: l3 cache schema", err) < 0)
		return -1;
	return update_one(rdt, mem_bw_schema, "MB", "Intel RDT/MBA: memory bandwidth schema", err);
}

/* ---- the end ---- */

int bw_rdt_remove(const struct bw_rdt *rdt, struct bw_err *err)
{
	const char *path = rdt ? (rdt->ours.v ? rdt->group : rdt->monitor) : NULL;

	/* A class takes its monitoring groups with it. */
	if (!path || rmdir(path) == 0 || errno == ENOENT)
		return 0;
	return refused(rdt, errno, "remove", path, err);
}
