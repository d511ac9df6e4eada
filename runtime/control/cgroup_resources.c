/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_resources.c - linux.resources onto a container's cgroups: for each group of limits the
 * hierarchy that has its controller, then file by file. Create and update take the same way. What a
 * limit means in files is in cgroup_v1.c and cgroup_v2.c. */
#include "control/cgroup_unit.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "spec/spec.h"

/* A group of limits: the controller that has it on either version, and what it says there. */
static const struct group {
	const char *v1, *v2;
	bw_cgroup_emit_fn *emit_v1, *emit_v2;
} groups[] = {
	{"cpuset", "cpuset", bw_v1_cpuset, bw_v2_cpuset},
	{"memory", "memory", bw_v1_memory, bw_v2_memory},
	{"cpu", "cpu", bw_v1_cpu, bw_v2_cpu},
	{"pids", "pids", bw_v1_pids, bw_v2_pids},
	{"blkio", "io", bw_v1_blkio, bw_v2_io},
	{"hugetlb", "hugetlb", bw_v1_hugetlb, bw_v2_hugetlb},
	{"rdma", "rdma", bw_v1_rdma, bw_v2_rdma},
	{"net_cls", NULL, bw_v1_net_cls, NULL},
	{"net_prio", NULL, bw_v1_net_prio, NULL},
};

void bw_put(struct bw_cgroup_writes *writes, struct bw_cgroup_write write, const char *fmt, ...)
{
	struct bw_cgroup_write *added = bw_push(writes->arena, writes);
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (!added || !(write.value = bw_arena_strdup(writes->arena, text)) || !write.pointer ||
		!write.file) {
		writes->no_memory = true;
		return;
	}
	*added = write;
}

/* --- where a group belongs --- */

static bool unified_has(struct bw_cgroup_handle *handle, const char *controller)
{
	int i = bw_cgroup_find(handle->set, NULL);
	int dir = i < 0 || !controller ? -1 : bw_cgroup_dir_fd(handle, (size_t)i);
	char has[1024], wanted[64];

	if (dir < 0 || bw_read_at(dir, "cgroup.controllers", has, sizeof has) < 0)
		return false;
	if (bw_word_in(has, controller))
		return true;
	snprintf(wanted, sizeof wanted, "+%s", controller);
	bw_cgroup_enable(&handle->set->dirs.v[i], wanted);
	return bw_read_at(dir, "cgroup.controllers", has, sizeof has) >= 0 &&
	       bw_word_in(has, controller);
}

/* runc's sentences, where the cgroup is only out of the caller's reach. */
static int missing_controller(
	const struct bw_cgroup_set *set, const char *controller, const char *pointer, struct bw_err *err)
{
	if (set->optional.v) {
		if (bw_streq(set->mode, "v2"))
			bw_fail(err, BW_E_HOST, 0,
				"%s: rootless needs no limits + no cgrouppath when no permission is granted for cgroups", pointer);
		else
			bw_fail(err, BW_E_HOST, 0, "%s: cannot set %s limit: container could not join or create cgroup", pointer,
				controller);
		return bw_at(err, "%s", pointer);
	}
	if (set->user_unit.v)
		bw_fail(err, BW_E_HOST, 0,
			"%s: needs the cgroup controller %s, which is not delegated to the user's systemd", pointer, controller);
	else
		bw_fail(err, BW_E_HOST, 0,
			"%s: needs the cgroup controller %s, which this host does not have", pointer,
			controller);
	return bw_at(err, "%s", pointer);
}

/* --- writing --- */

static int write_failed(const struct bw_cgroup_write *write, int r, struct bw_err *err)
{
	if (r == -ENOENT)
		bw_fail(err, BW_E_HOST, 0, "%s: this kernel has no %s", write->pointer,
			write->file);
	else
		bw_fail(err, BW_E_KERNEL, -r, "%s: writing \"%s\" to %s", write->pointer,
			write->value, write->file);
	return bw_at(err, "%s", write->pointer);
}

static int write_lines(int dir, const struct bw_cgroup_write *write)
{
	const char *line = write->value;
	char text[4096];

	while (*line) {
		size_t len = strcspn(line, "\n");
		int r;

		if (len >= sizeof text)
			return -E2BIG;
		memcpy(text, line, len);
		text[len] = '\0';
		r = len ? bw_write_at(dir, write->file, text) : 0;
		if (r < 0)
			return r;
		line += len + (line[len] == '\n');
	}
	return 0;
}

static int write_behind_word(int dir, const struct bw_cgroup_write *write)
{
	char old[128], text[256];
	ssize_t len = bw_read_at(dir, write->file, old, sizeof old);

	if (len < 0)
		return (int)len;
	snprintf(text, sizeof text, "%.*s %s", (int)strcspn(old, " "), old, write->value);
	return bw_write_at(dir, write->file, text);
}

static int write_one(int dir, const struct bw_cgroup_write *write)
{
	int r;

	if (write->flags & BW_WRITE_LINES)
		r = write_lines(dir, write);
	else if (write->flags & BW_WRITE_KEEP_WORD)
		r = write_behind_word(dir, write);
	else
		r = bw_write_at(dir, write->file, write->value);
	return r == -ENOENT && (write->flags & BW_WRITE_OPTIONAL) ? 0 : r;
}

/* Limits that bound each other (memory and memory+swap, quota and period) must move in the right
 * order, which depends on where they stand now: those that are refused at first are tried again
 * behind the others. */
static int write_all(int dir, const struct bw_cgroup_writes *writes, struct bw_err *err)
{
	bool later[64] = {false};

	for (size_t i = 0; i < writes->n; i++) {
		const struct bw_cgroup_write *write = &writes->v[i];
		int r = write_one(dir, write);

		if (write->flags & BW_WRITE_OR_NEXT) {
			if (r == -ENOENT)
				continue;
			i++;
		}
		if ((r == -EINVAL || r == -EBUSY) && (write->flags & BW_WRITE_LATER) &&
			i < BW_COUNT(later))
			later[i] = true;
		else if (r < 0)
			return write_failed(write, r, err);
	}
	for (size_t i = 0; i < writes->n && i < BW_COUNT(later); i++) {
		int r = later[i] ? write_one(dir, &writes->v[i]) : 0;

		if (r < 0)
			return write_failed(&writes->v[i], r, err);
	}
	return 0;
}

/* --- checks before writing --- */

static uint64_t read_number(int dir, const char *file)
{
	char text[64];
	uint64_t number;

	if (bw_read_at(dir, file, text, sizeof text) < 0 ||
		bw_parse_u64(text, UINT64_MAX, &number) < 0)
		return 0;
	return number;
}

static int check_usage(
	int64_t limit, uint64_t usage, const char *what, const char *pointer, struct bw_err *err)
{
	if (limit <= 0 || (uint64_t)limit >= usage)
		return 0;
	bw_fail(err, BW_E_STATE, 0, "rejecting %s limit %lld < usage %llu", what, (long long)limit,
		(unsigned long long)usage);
	return bw_at(err, "%s", pointer);
}

/* memory.checkBeforeUpdate: v2 would take a limit below what is in use and let the OOM killer see
 * to it. */
static int check_memory(int dir, bool v1, const struct bw_spec_memory *memory, struct bw_err *err)
{
	uint64_t usage = read_number(dir, v1 ? "memory.usage_in_bytes" : "memory.current");
	uint64_t both = v1 ? read_number(dir, "memory.memsw.usage_in_bytes")
			   : usage + read_number(dir, "memory.swap.current");

	if (check_usage(memory->limit.v, usage, "memory", "/linux/resources/memory/limit", err) < 0)
		return -1;
	return check_usage(
		memory->swap.v, both, "memory+swap", "/linux/resources/memory/swap", err);
}

/* --- groups --- */

static int emit(bw_cgroup_emit_fn *fn, const struct bw_spec_resources *resources,
	struct bw_cgroup_writes *writes, struct bw_err *err)
{
	writes->n = 0;
	writes->v = NULL;
	if (fn(resources, writes, err) < 0)
		return -1;
	return writes->no_memory ? bw_fail(err, BW_E_MEMORY, ENOMEM, "cgroup limits") : 0;
}

int bw_cgroup_emit(const struct bw_cgroup_set *set, const struct bw_spec_resources *resources,
	struct bw_cgroup_writes *writes, struct bw_err *err)
{
	for (size_t i = 0; i < BW_COUNT(groups); i++) {
		const struct group *group = &groups[i];
		bool v1 = bw_cgroup_find(set, group->v1) >= 0 || !group->emit_v2 || !bw_streq(set->mode, "v2");

		if ((v1 ? group->emit_v1 : group->emit_v2)(resources, writes, err) < 0)
			return -1;
	}
	return writes->no_memory ? bw_fail(err, BW_E_MEMORY, ENOMEM, "cgroup limits") : 0;
}

static int apply_group(struct bw_cgroup_handle *handle, const struct group *group,
	const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	int i = bw_cgroup_find(handle->set, group->v1), dir;
	bool v1 = i >= 0 || !group->emit_v2 || !bw_streq(handle->set->mode, "v2");

	if (emit(v1 ? group->emit_v1 : group->emit_v2, resources, writes, err) < 0)
		return -1;
	if (!writes->n)
		return 0;
	/* Hybrid hosts may have a controller on either side. */
	if (v1 && i < 0 && unified_has(handle, group->v2)) {
		v1 = false;
		if (emit(group->emit_v2, resources, writes, err) < 0)
			return -1;
	}
	if (v1 ? i < 0 : !unified_has(handle, group->v2))
		return missing_controller(handle->set, v1 ? group->v1 : group->v2, writes->v[0].pointer, err);
	if (!v1)
		i = bw_cgroup_find(handle->set, NULL);
	dir = bw_cgroup_dir_fd(handle, (size_t)i);
	if (dir < 0)
		return bw_fail(err, BW_E_KERNEL, -dir, "opening cgroup %s%s",
			handle->set->dirs.v[i].mountpoint, handle->set->dirs.v[i].path);
	if (resources->memory && resources->memory->check_before_update.v &&
		bw_streq(group->v1, "memory") && check_memory(dir, v1, resources->memory, err) < 0)
		return -1;
	return write_all(dir, writes, err);
}

/* --- unified --- */

/* Files that move or end processes are no resources; "cgroup.procs": "1" would bring the host's
 * init in. */
static bool is_resource_file(const char *key)
{
	static const char *const not_resources[] = {"cgroup.procs", "cgroup.threads", "cgroup.kill",
		"cgroup.freeze", "cgroup.type", "cgroup.subtree_control"};

	for (size_t i = 0; i < BW_COUNT(not_resources); i++)
		if (bw_streq(key, not_resources[i]))
			return false;
	return *key && *key != '.' && !strchr(key, '/');
}

static int write_unified(struct bw_cgroup_handle *handle, int dir, const struct bw_pair *pair,
	struct bw_arena *arena, struct bw_err *err)
{
	struct bw_cgroup_write write = {
		.file = pair->key, .value = pair->value, .flags = BW_WRITE_LINES};
	char controller[64];
	int r;

	write.pointer = bw_arena_printf(arena, "/linux/resources/unified/%s", pair->key);
	if (!write.pointer)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "cgroup limits");
	if (!is_resource_file(pair->key)) {
		bw_fail(err, BW_E_SPEC, 0,
			"/linux/resources/unified: \"%s\" is not the name of a resource file",
			pair->key);
		return bw_at(err, "/linux/resources/unified");
	}
	snprintf(controller, sizeof controller, "%.*s", (int)strcspn(pair->key, "."), pair->key);
	if (!bw_streq(controller, "cgroup") && !unified_has(handle, controller))
		return missing_controller(handle->set, controller, write.pointer, err);
	r = write_one(dir, &write);
	return r < 0 ? write_failed(&write, r, err) : 0;
}

static int apply_unified(struct bw_cgroup_handle *handle, const struct bw_pairs *unified,
	struct bw_arena *arena, struct bw_err *err)
{
	int i = bw_cgroup_find(handle->set, NULL), dir;

	if (!unified->n)
		return 0;
	if (!bw_streq(handle->set->mode, "v2")) {
		bw_fail(err, BW_E_HOST, 0,
			"invalid configuration: cannot use unified on cgroup v1");
		return bw_at(err, "/linux/resources/unified");
	}
	dir = i < 0 ? -ENOENT : bw_cgroup_dir_fd(handle, (size_t)i);
	if (dir < 0)
		return bw_fail(err, BW_E_KERNEL, -dir, "opening the container's cgroup");
	for (size_t k = 0; k < unified->n; k++)
		if (write_unified(handle, dir, &unified->v[k], arena, err) < 0)
			return -1;
	return 0;
}

int bw_cgroup_apply_resources_with(struct bw_cgroup_handle *handle,
	const struct bw_spec_resources *resources, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_cgroup_writes writes = {.arena = &arena};

	if (!resources)
		return 0;
	for (size_t i = 0; i < BW_COUNT(groups); i++)
		if (apply_group(handle, &groups[i], resources, &writes, err) < 0)
			return -1;
	return apply_unified(handle, &resources->unified, &arena, err);
}

/* The kernel has no such limits any more; runc says the same. */
void bw_cgroup_warn_of_ignored(const struct bw_spec_resources *resources)
{
	const struct bw_spec_memory *memory = resources->memory;

	if (memory && (memory->kernel.set || memory->kernel_tcp.set))
		bw_log(BW_LOG_WARNING, "Kernel memory settings are ignored and will be removed");
}

int bw_cgroup_apply_resources(const struct bw_cgroup_set *set,
	const struct bw_spec_resources *resources, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;

	bw_cgroup_handle_init(&handle, set);
	if (set->unit && resources && bw_unit_update(set, resources, err) < 0)
		return -1;
	return bw_cgroup_apply_resources_with(&handle, resources, err);
}
