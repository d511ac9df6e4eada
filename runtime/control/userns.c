/* SPDX-License-Identifier: Apache-2.0 */
/* userns.c - id maps of a new user namespace, written by the parent while the child waits, and becoming its
 * root; see user_namespaces(7). */
#include "control/control.h"

#include <stdio.h>
#include <string.h>

#include "base/sys.h"
#include "control/id_maps.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_MAP, OP_BECOME_ROOT };
/* Ids that are the container's alone; exec's are those of its init. */
static void tell_range(const struct bw_request *request, struct bw_plan *plan)
{
	const struct bw_spec *spec = request->spec;
	const struct bw_spec_id_mapping *map = spec->linux_->uid_mappings.v;
	char what[96];

	if (!spec->hardening || !spec->hardening->user_range || !spec->linux_->uid_mappings.n)
		return;
	/* Which ids they will be, create finds out. */
	if (request->state_fd < 0) {
		bw_plan_layer(plan, BW_CONTROL_userns, "65536 ids of its own, which are nobody's outside");
		return;
	}
	snprintf(what, sizeof what, "ids 0 to %llu are %llu to %llu outside, no other container's", (unsigned long long)map->size.v - 1,
		(unsigned long long)map->host_id.v, (unsigned long long)(map->host_id.v + map->size.v - 1));
	bw_plan_layer(plan, BW_CONTROL_userns, what);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = request->spec->linux_;
	struct bw_id_maps *maps;

	if (!bw_spec_namespace(request->spec, "user"))
		return 0;
	tell_range(request, plan);
	if (!request->exec && bw_spec_has_new_namespace(request->spec, "user")) {
		maps = bw_arena_alloc(request->arena, sizeof *maps);
		if (!maps)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "id maps");
		if (bw_id_maps_text(&linux_->uid_mappings, &linux_->gid_mappings, "/linux", maps, err) < 0)
			return -1;
		if (bw_plan_add_parent(plan, BW_CONTROL_userns, OP_MAP, BW_PHASE_JOIN, maps, sizeof *maps, err) < 0)
			return -1;
	}
	return bw_plan_add(plan, BW_CONTROL_userns, OP_BECOME_ROOT, BW_PHASE_IDENTITY, NULL, 0, err);
}

static int settle(const struct bw_settling *now, uint16_t op, const void *data, size_t len, struct bw_err *err)
{
	(void)op, (void)len;
	return bw_id_maps_write(now->host_proc, now->pid, data, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct bw_id_maps *maps = data;

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
