/* SPDX-License-Identifier: Apache-2.0 */
/* spec_check.c - what no single row can say: rules across fields, mostly MUSTs of runtime-spec
 * (config.md, config-linux.md). Pure: the document alone decides, neither kernel nor files. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "json/text.h"
#include "spec/spec.h"

/* Says where, in the field and at the head of the text. Returns -1. */
static int at(struct bw_err *err, const char *fmt, ...) BW_PRINTF(2, 3);
static int at(struct bw_err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	vsnprintf(err->field, sizeof err->field, fmt, ap);
	va_end(ap);
	bw_text_make_printable(err->field);
	bw_wrap(err, "%s", err->field);
	bw_text_make_printable(err->text);
	return -1;
}

/* The same for a member of an object with free keys. Returns -1. */
static int at_key(struct bw_err *err, const char *place, const char *key)
{
	char step[128];

	bw_pointer_step(key, step, sizeof step);
	return at(err, "%s%s", place, step);
}

/* Puts the place of an object before a place within it. Returns -1. */
static int beneath(struct bw_err *err, const char *place)
{
	struct bw_err inner;

	if (!err)
		return -1;
	inner = *err;
	snprintf(err->field, sizeof err->field, "%s%s", place, inner.field);
	snprintf(err->text, sizeof err->text, "%s%s", place, inner.text);
	return -1;
}

static bool has_namespace(const struct bw_spec *spec, const char *type)
{
	return bw_spec_namespace(spec, type) != NULL;
}

/* ---- process ---- */

static int check_args(const struct bw_spec_process *process, struct bw_err *err)
{
	if (process->args.n)
		return 0;
	bw_fail(err, BW_E_SPEC, 0, "must have at least one entry");
	return at(err, "/args");
}

static int check_rlimits(const struct bw_spec_process *process, struct bw_err *err)
{
	for (size_t i = 0; i < process->rlimits.n; i++) {
		const struct bw_spec_rlimit *limit = &process->rlimits.v[i];

		for (size_t k = 0; k < i; k++) {
			if (!bw_streq(process->rlimits.v[k].type, limit->type))
				continue;
			bw_fail(err, BW_E_SPEC, 0, "%s is given twice (also by entry %zu)",
				limit->type, k);
			return at(err, "/rlimits/%zu/type", i);
		}
		if (limit->soft.v <= limit->hard.v)
			continue;
		bw_fail(err, BW_E_SPEC, 0, "must not be above the hard limit: %llu > %llu",
			(unsigned long long)limit->soft.v, (unsigned long long)limit->hard.v);
		return at(err, "/rlimits/%zu/soft", i);
	}
	return 0;
}

static int check_console_size(const struct bw_spec_process *process, struct bw_err *err)
{
	const struct bw_spec_console_size *size = process->console_size;

	/* Without a terminal the size MUST be ignored, whatever it is. */
	if (!process->terminal.v || !size)
		return 0;
	if (size->height.v <= UINT16_MAX && size->width.v <= UINT16_MAX)
		return 0;
	bw_fail(err, BW_E_SPEC, 0, "must be at most 65535 by 65535");
	return at(err, "/consoleSize");
}

/* What sched_setattr(2) would refuse with a bare EINVAL, or silently not use. */
static int check_scheduler(const struct bw_spec_process *process, struct bw_err *err)
{
	const struct bw_spec_scheduler *s = process->scheduler;
	bool fixed, fair, deadline;

	if (!s)
		return 0;
	fixed = bw_streq(s->policy, "SCHED_FIFO") || bw_streq(s->policy, "SCHED_RR");
	fair = bw_streq(s->policy, "SCHED_OTHER") || bw_streq(s->policy, "SCHED_BATCH");
	deadline = bw_streq(s->policy, "SCHED_DEADLINE");
	if (fair && (s->nice.v < -20 || s->nice.v > 19)) {
		bw_fail(err, BW_E_SPEC, 0, "must be a number from -20 to 19 for %s, not %lld",
			s->policy, (long long)s->nice.v);
		return at(err, "/scheduler/nice");
	}
	if (s->priority.v && !fixed) {
		bw_fail(err, BW_E_SPEC, 0, "goes with SCHED_FIFO and SCHED_RR only, not with %s",
			s->policy);
		return at(err, "/scheduler/priority");
	}
	if (!deadline && (s->runtime.v || s->deadline.v || s->period.v)) {
		bw_fail(err, BW_E_SPEC, 0,
			"runtime, deadline and period go with SCHED_DEADLINE only, not with %s",
			s->policy);
		return at(err, "/scheduler");
	}
	return 0;
}

int bw_spec_check_process(const struct bw_spec_process *process, struct bw_err *err)
{
	static int (*const checks[])(const struct bw_spec_process *, struct bw_err *) = {
		check_args, check_rlimits, check_console_size, check_scheduler};

	for (size_t i = 0; i < BW_COUNT(checks); i++) {
		if (checks[i](process, err) < 0)
			return -1;
	}
	return 0;
}

static int check_process(const struct bw_spec *spec, struct bw_err *err)
{
	if (!spec->process) {
		bw_fail(err, BW_E_SPEC, 0, "is required");
		return at(err, "/process");
	}
	return bw_spec_check_process(spec->process, err) < 0 ? beneath(err, "/process") : 0;
}

/* ---- resources ---- */

static int check_burst(const struct bw_spec_resources *resources, struct bw_err *err)
{
	const struct bw_spec_cpu *cpu = resources->cpu;

	if (!cpu || !cpu->burst.set || !cpu->quota.set || cpu->quota.v <= 0 ||
		cpu->burst.v <= (uint64_t)cpu->quota.v)
		return 0;
	bw_fail(err, BW_E_SPEC, 0, "must not be above the quota: %llu > %lld",
		(unsigned long long)cpu->burst.v, (long long)cpu->quota.v);
	return at(err, "/cpu/burst");
}

static int check_weight_devices(const struct bw_spec_resources *resources, struct bw_err *err)
{
	const struct bw_spec_block_io *io = resources->block_io;

	for (size_t i = 0; io && i < io->weight_device.n; i++) {
		const struct bw_spec_weight_device *device = &io->weight_device.v[i];

		if (device->weight.set || device->leaf_weight.set)
			continue;
		bw_fail(err, BW_E_SPEC, 0, "must have weight or leafWeight");
		return at(err, "/blockIO/weightDevice/%zu", i);
	}
	return 0;
}

static int check_rdma(const struct bw_spec_resources *resources, struct bw_err *err)
{
	for (size_t i = 0; i < resources->rdma.n; i++) {
		const struct bw_spec_rdma *device = &resources->rdma.v[i];

		if (device->hca_handles.set || device->hca_objects.set)
			continue;
		bw_fail(err, BW_E_SPEC, 0, "must have hcaHandles or hcaObjects");
		return at_key(err, "/rdma", device->key);
	}
	return 0;
}

int bw_spec_check_resources(const struct bw_spec_resources *resources, struct bw_err *err)
{
	static int (*const checks[])(const struct bw_spec_resources *, struct bw_err *) = {
		check_burst, check_weight_devices, check_rdma};

	for (size_t i = 0; i < BW_COUNT(checks); i++) {
		if (checks[i](resources, err) < 0)
			return -1;
	}
	return 0;
}

static int check_resources(const struct bw_spec *spec, struct bw_err *err)
{
	const struct bw_spec_linux *lx = spec->linux_;

	if (!lx || !lx->resources || bw_spec_check_resources(lx->resources, err) == 0)
		return 0;
	return beneath(err, "/linux/resources");
}

/* ---- root, mounts ---- */

static int check_root(const struct bw_spec *spec, struct bw_err *err)
{
	if (spec->root)
		return 0;
	bw_fail(err, BW_E_SPEC, 0, "is required");
	return at(err, "/root");
}

static int check_mount(const struct bw_spec *spec, size_t i, struct bw_err *err)
{
	const struct bw_spec_mount *mount = &spec->mounts.v[i];
	bool uids = mount->uid_mappings.n > 0, gids = mount->gid_mappings.n > 0;
	bool wanted =
		bw_strs_has(&mount->options, "idmap") || bw_strs_has(&mount->options, "ridmap");

	if (uids != gids) {
		bw_fail(err, BW_E_SPEC, 0,
			"must have both uidMappings and gidMappings, or neither");
		return at(err, "/mounts/%zu", i);
	}
	if (wanted && !uids && !has_namespace(spec, "user")) {
		bw_fail(err, BW_E_SPEC, 0,
			"idmap needs uidMappings and gidMappings, or a user namespace");
		return at(err, "/mounts/%zu/options", i);
	}
	return 0;
}

/* ---- ids ---- */

struct id_map {
	const char *place;
	const struct bw_spec_id_mappings *mappings;
};

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* Ranges within 2^32 - 1, and no id twice on either side: the kernel says EINVAL and no more. */
static int check_id_mappings(
	const char *place, const struct bw_spec_id_mappings *list, struct bw_err *err)
{
	enum { KERNEL_LIMIT = 340 }; /* UID_GID_MAP_MAX_EXTENTS of linux/user_namespace.h */

	if (list->n > KERNEL_LIMIT) {
		bw_fail(err, BW_E_SPEC, 0, "must have at most %d ranges, not %zu", KERNEL_LIMIT,
			list->n);
		return at(err, "%s", place);
	}
	for (size_t i = 0; i < list->n; i++) {
		const struct bw_spec_id_mapping *m = &list->v[i];

		if (m->container_id.v + m->size.v > UINT32_MAX ||
			m->host_id.v + m->size.v > UINT32_MAX) {
			bw_fail(err, BW_E_SPEC, 0, "must end below id 4294967295");
			return at(err, "%s/%zu/size", place, i);
		}
		for (size_t k = 0; k < i; k++) {
			const struct bw_spec_id_mapping *o = &list->v[k];

			if (!overlap(m->container_id.v, m->size.v, o->container_id.v, o->size.v) &&
				!overlap(m->host_id.v, m->size.v, o->host_id.v, o->size.v))
				continue;
			bw_fail(err, BW_E_SPEC, 0, "must not overlap with range %zu", k);
			return at(err, "%s/%zu", place, i);
		}
	}
	return 0;
}

static int check_mounts(const struct bw_spec *spec, struct bw_err *err)
{
	char place[64];

	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct bw_spec_mount *mount = &spec->mounts.v[i];

		if (check_mount(spec, i, err) < 0)
			return -1;
		snprintf(place, sizeof place, "/mounts/%zu/uidMappings", i);
		if (check_id_mappings(place, &mount->uid_mappings, err) < 0)
			return -1;
		snprintf(place, sizeof place, "/mounts/%zu/gidMappings", i);
		if (check_id_mappings(place, &mount->gid_mappings, err) < 0)
			return -1;
	}
	return 0;
}

static int check_user_namespace(const struct bw_spec *spec, struct bw_err *err)
{
	static const char *const places[] = {"/linux/uidMappings", "/linux/gidMappings"};
	const struct bw_spec_id_mappings none = {NULL, 0};
	const struct bw_spec_linux *lx = spec->linux_;
	const struct bw_spec_id_mappings *lists[] = {
		lx ? &lx->uid_mappings : &none, lx ? &lx->gid_mappings : &none};

	for (size_t i = 0; i < BW_COUNT(lists); i++) {
		if (lists[i]->n && !has_namespace(spec, "user")) {
			bw_fail(err, BW_E_SPEC, 0, "needs a user namespace in /linux/namespaces");
			return at(err, "%s", places[i]);
		}
		if (!lists[i]->n && bw_spec_has_new_namespace(spec, "user")) {
			bw_fail(err, BW_E_SPEC, 0, "is required with a new user namespace");
			return at(err, "%s", places[i]);
		}
		if (check_id_mappings(places[i], lists[i], err) < 0)
			return -1;
	}
	return 0;
}

/* ---- namespaces, and what needs one ---- */

static int check_namespaces(const struct bw_spec *spec, struct bw_err *err)
{
	const struct bw_spec_linux *lx = spec->linux_;

	for (size_t i = 0; lx && i < lx->namespaces.n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (!bw_streq(lx->namespaces.v[i].type, lx->namespaces.v[k].type))
				continue;
			bw_fail(err, BW_E_SPEC, 0, "%s is given twice (also by entry %zu)",
				lx->namespaces.v[i].type, k);
			return at(err, "/linux/namespaces/%zu/type", i);
		}
	}
	return 0;
}

/* A setting that would change the host's if the container shares its namespace. Callers know runc's sentences. */
int bw_spec_check_needs(const struct bw_spec *spec, struct bw_err *err)
{
	const struct bw_spec_linux *lx = spec->linux_;
	const struct {
		bool set;
		const char *type, *place, *sentence;
	} needs[] = {
		{spec->hostname && *spec->hostname, "uts", "/hostname",
			"unable to set hostname without a private UTS namespace"},
		{spec->domainname && *spec->domainname, "uts", "/domainname",
			"unable to set domainname without a private UTS namespace"},
		{lx && lx->net_devices.n, "network", "/linux/netDevices",
			"unable to move network devices without a private NET namespace"},
		{lx && lx->masked_paths.n, "mount", "/linux/maskedPaths",
			"unable to restrict sys entries without a private MNT namespace"},
		{lx && lx->readonly_paths.n, "mount", "/linux/readonlyPaths",
			"unable to restrict sys entries without a private MNT namespace"},
	};

	for (size_t i = 0; i < BW_COUNT(needs); i++) {
		if (!needs[i].set || has_namespace(spec, needs[i].type))
			continue;
		bw_fail(err, BW_E_SPEC, 0, "%s", needs[i].sentence);
		bw_hint(err, "add a %s namespace to /linux/namespaces", needs[i].type);
		return at(err, "%s", needs[i].place);
	}
	return 0;
}

static int check_time_offsets(const struct bw_spec *spec, struct bw_err *err)
{
	const struct bw_spec_linux *lx = spec->linux_;

	if (!lx || !lx->time_offsets.n)
		return 0;
	/* Offsets can be set only until the first process enters. */
	if (!bw_spec_has_new_namespace(spec, "time")) {
		bw_fail(err, BW_E_SPEC, 0,
			"needs a time namespace without a path in "
			"/linux/namespaces");
		return at(err, "/linux/timeOffsets");
	}
	for (size_t i = 0; i < lx->time_offsets.n; i++) {
		const char *clock = lx->time_offsets.v[i].key;

		if (bw_streq(clock, "monotonic") || bw_streq(clock, "boottime"))
			continue;
		bw_fail(err, BW_E_SPEC, 0, "must be one of monotonic or boottime");
		return at_key(err, "/linux/timeOffsets", clock);
	}
	return 0;
}

/* As dev_valid_name() of the kernel, which counts the NUL. */
static bool is_interface_name(const char *name)
{
	enum { LONGEST = 15 };
	size_t len = strlen(name);

	return len && len <= LONGEST && !strpbrk(name, "/: \t\n\v\f\r") && !bw_streq(name, ".") &&
	       !bw_streq(name, "..");
}

static int check_net_devices(const struct bw_spec *spec, struct bw_err *err)
{
	const struct bw_spec_linux *lx = spec->linux_;

	for (size_t i = 0; lx && i < lx->net_devices.n; i++) {
		const struct bw_spec_net_device *device = &lx->net_devices.v[i];
		const char *name = device->name ? device->name : device->key;

		if (is_interface_name(device->key) && is_interface_name(name))
			continue;
		bw_fail(err, BW_E_SPEC, 0,
			"must be names of network interfaces: \"%.60s\", \"%.60s\"", device->key,
			name);
		return at_key(err, "/linux/netDevices", device->key);
	}
	return 0;
}

static int check_devices(const struct bw_spec *spec, struct bw_err *err)
{
	const struct bw_spec_linux *lx = spec->linux_;

	for (size_t i = 0; lx && i < lx->devices.n; i++) {
		const struct bw_spec_device *device = &lx->devices.v[i];

		if (bw_streq(device->type, "p") || (device->major.set && device->minor.set))
			continue;
		bw_fail(err, BW_E_SPEC, 0, "must have major and minor, since type is \"%s\"",
			device->type);
		return at(err, "/linux/devices/%zu", i);
	}
	return 0;
}

static int check_memory_policy(const struct bw_spec *spec, struct bw_err *err)
{
	if (!spec->linux_ || !spec->linux_->memory_policy || spec->linux_->memory_policy->mode)
		return 0;
	bw_fail(err, BW_E_SPEC, 0, "invalid memory policy mode: is required");
	return at(err, "/linux/memoryPolicy/mode");
}

/* ---- seccomp ---- */

/* Only two actions carry a number, and the kernel cuts an errno at 4095 (MAX_ERRNO). */
static int check_errno(const char *action, const struct bw_opt_uint *number, struct bw_err *err)
{
	enum { MAX_ERRNO = 4095 };

	if (!number->set)
		return 0;
	if (bw_streq(action, "SCMP_ACT_TRACE"))
		return 0;
	if (!bw_streq(action, "SCMP_ACT_ERRNO"))
		return bw_fail(err, BW_E_SPEC, 0,
			"goes with SCMP_ACT_ERRNO and SCMP_ACT_TRACE only, not with %s", action);
	if (number->v > MAX_ERRNO)
		return bw_fail(err, BW_E_SPEC, 0, "must be a number from 0 to %d, not %llu",
			MAX_ERRNO, (unsigned long long)number->v);
	return 0;
}

static int check_seccomp(const struct bw_spec *spec, struct bw_err *err)
{
	const struct bw_spec_seccomp *seccomp = spec->linux_ ? spec->linux_->seccomp : NULL;

	if (!seccomp)
		return 0;
	if (seccomp->listener_metadata && !seccomp->listener_path) {
		bw_fail(err, BW_E_SPEC, 0, "needs listenerPath");
		return at(err, "/linux/seccomp/listenerMetadata");
	}
	if (check_errno(seccomp->default_action, &seccomp->default_errno_ret, err) < 0)
		return at(err, "/linux/seccomp/defaultErrnoRet");
	for (size_t i = 0; i < seccomp->syscalls.n; i++) {
		const struct bw_spec_seccomp_rule *rule = &seccomp->syscalls.v[i];

		if (check_errno(rule->action, &rule->errno_ret, err) < 0)
			return at(err, "/linux/seccomp/syscalls/%zu/errnoRet", i);
	}
	return 0;
}

int bw_spec_check(const struct bw_spec *spec, struct bw_err *err)
{
	static int (*const checks[])(const struct bw_spec *, struct bw_err *) = {check_process,
		check_root, check_namespaces, check_user_namespace, check_mounts,
		check_time_offsets, check_net_devices, check_devices, check_resources,
		check_memory_policy, check_seccomp};

	for (size_t i = 0; i < BW_COUNT(checks); i++) {
		if (checks[i](spec, err) < 0)
			return -1;
	}
	return 0;
}
