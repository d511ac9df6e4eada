/* SPDX-License-Identifier: Apache-2.0 */
/* userns.c - id maps of a new user namespace, written by the parent while the child waits, and becoming its
 * root; see user_namespaces(7). */
#include "control/control.h"

#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_MAP, OP_BECOME_ROOT };
enum { MAX_LINES = 340, MAP_TEXT = MAX_LINES * 36 }; /* the kernel takes no more */

struct maps {
	char uid[MAP_TEXT], gid[MAP_TEXT];
};

static int map_text(const struct bw_spec_id_mappings *mappings, const char *name, char *text, struct bw_err *err)
{
	struct bw_buf buf = bw_buf_over(text, MAP_TEXT);

	for (size_t i = 0; i < mappings->n; i++) {
		const struct bw_spec_id_mapping *map = &mappings->v[i];

		bw_buf_addf(&buf, "%llu %llu %llu\n", (unsigned long long)map->container_id.v,
			(unsigned long long)map->host_id.v, (unsigned long long)map->size.v);
	}
	if (!mappings->n || mappings->n > MAX_LINES || buf.overflow) {
		bw_fail(err, BW_E_SPEC, 0, "/linux/%s: a new user namespace needs 1 to 340 mappings, found %zu", name,
			mappings->n);
		return bw_at(err, "/linux/%s", name);
	}
	return 0;
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = request->spec->linux_;
	struct maps *maps;

	if (!bw_spec_namespace(request->spec, "user"))
		return 0;
	if (!request->exec && bw_spec_has_new_namespace(request->spec, "user")) {
		maps = bw_arena_alloc(request->arena, sizeof *maps);
		if (!maps)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "id maps");
		if (map_text(&linux_->uid_mappings, "uidMappings", maps->uid, err) < 0 ||
			map_text(&linux_->gid_mappings, "gidMappings", maps->gid, err) < 0)
			return -1;
		if (bw_plan_add_parent(plan, BW_CONTROL_userns, OP_MAP, BW_PHASE_JOIN, maps, sizeof *maps, err) < 0)
			return -1;
	}
	return bw_plan_add(plan, BW_CONTROL_userns, OP_BECOME_ROOT, BW_PHASE_IDENTITY, NULL, 0, err);
}

static int write_map(const struct bw_settling *now, const char *file, const char *text, struct bw_err *err)
{
	char path[64];
	int r;

	snprintf(path, sizeof path, "%d/%s", (int)now->pid, file);
	r = bw_write_at(now->host_proc, path, text);
	return r < 0 ? bw_fail(err, BW_E_KERNEL, -r, "userns: writing %s", file) : 0;
}

static int settle(const struct bw_settling *now, uint16_t op, const void *data, size_t len, struct bw_err *err)
{
	const struct maps *maps = data;

	(void)op, (void)len;
	if (write_map(now, "uid_map", maps->uid, err) < 0)
		return -1;
	return write_map(now, "gid_map", maps->gid, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct maps *maps = data;

	(void)len;
	if (op == OP_MAP)
		snprintf(buf, size, "map ids, first range %.*s", (int)strcspn(maps->uid, "\n"), maps->uid);
	else
		snprintf(buf, size, "become root of the user namespace");
}

const struct bw_control bw_userns = {
	.name = "userns",
	.about = "user namespace: id maps and ownership of what is made inside",
	.prepare = prepare,
	.say = say,
	.settle = settle,
};

/* Raw calls: glibc's wrappers signal all threads, of which there are none. Groups cannot be dropped before the
 * gid: a setgroups(0) is identity.c's, later. */
int bw_userns_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)child, (void)op, (void)data, (void)len;
	if (syscall(SYS_setresgid, 0, 0, 0) < 0)
		return -errno;
	if (syscall(SYS_setresuid, 0, 0, 0) < 0)
		return -errno;
	return 0;
}
