/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_unit_properties.c - what systemd is told of a container: the same limits and device rules as are written to
 * the files, in its words, and in runc's choice of them. Pure. See systemd.resource-control(5). */
#include "control/cgroup_unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "spec/spec.h"

#define FOR_EVER "18446744073709551615" /* systemd's "infinity" */

enum { MAX_CPU = 8191 };

static int out_of_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, ENOMEM, "properties of the systemd unit");
}

/* --- limits: a file of the cgroup is a property --- */

enum kind { AMOUNT, BITS, IDLE };

static const struct file {
	const char *name, *property;
	enum kind kind;
	unsigned min_version;
} files[] = {
	{"memory.max", "MemoryMax", AMOUNT, 0},
	{"memory.high", "MemoryHigh", AMOUNT, 0},
	{"memory.low", "MemoryLow", AMOUNT, 0},
	{"memory.min", "MemoryMin", AMOUNT, 240},
	{"memory.swap.max", "MemorySwapMax", AMOUNT, 0},
	{"cpu.weight", "CPUWeight", AMOUNT, 0},
	{"cpu.idle", "CPUWeight", IDLE, 252},
	{"cpuset.cpus", "AllowedCPUs", BITS, 244},
	{"cpuset.mems", "AllowedMemoryNodes", BITS, 244},
	{"pids.max", "TasksMax", AMOUNT, 0},
	/* v1 */
	{"memory.limit_in_bytes", "MemoryLimit", AMOUNT, 0},
	{"cpu.shares", "CPUShares", AMOUNT, 0},
	{"blkio.bfq.weight", "BlockIOWeight", AMOUNT, 0},
};

static int bad_write(const struct bw_cgroup_write *write, const char *why, struct bw_err *err)
{
	bw_fail(err, BW_E_SPEC, 0, "%s: \"%.100s\" %s", write->pointer, write->value, why);
	return bw_at(err, "%s", write->pointer);
}

/* The kernel would take "1G" in `unified`; then systemd would write its own value at its next reload. */
static int add_amount(const struct file *file, const struct bw_cgroup_write *write, struct bw_arena *arena,
	struct bw_unit_properties *list, struct bw_err *err)
{
	bool endless = bw_streq(write->value, "max") || bw_streq(write->value, "-1");
	const char *value = file->kind == IDLE ? "0" : endless ? FOR_EVER : write->value;
	uint64_t number;

	if (bw_parse_u64(value, UINT64_MAX, &number) < 0)
		return bad_write(write, "is no number", err);
	if (bw_unit_set(arena, list, file->property, "t", value) < 0)
		return out_of_memory(err);
	list->v[list->n - 1].min_version = file->min_version;
	return 0;
}

/* "0-3,5": the ends of the next range; false when there is none. */
static bool next_range(const char **text, unsigned long *from, unsigned long *to)
{
	char *end;

	*from = *to = strtoul(*text, &end, 10);
	if (end == *text || **text < '0' || **text > '9')
		return false;
	if (*end == '-') {
		const char *second = end + 1;

		*to = strtoul(second, &end, 10);
		if (end == second || *second < '0' || *second > '9')
			return false;
	}
	if (*to < *from || *to > MAX_CPU)
		return false;
	*text = end + strspn(end, " ");
	return true;
}

/* Bit n of the array is processor or node n. */
static int add_bits(const struct file *file, const struct bw_cgroup_write *write, struct bw_arena *arena,
	struct bw_unit_properties *list, struct bw_err *err)
{
	unsigned char bits[(MAX_CPU + 1) / 8] = {0};
	struct bw_unit_property *property = bw_unit_property_add(arena, list, file->property, "ay");
	const char *text = write->value;
	unsigned long from, to, last = 0;
	char number[8];

	if (!property)
		return out_of_memory(err);
	property->min_version = file->min_version;
	do {
		if (!next_range(&text, &from, &to))
			return bad_write(write, "is no list of numbers", err);
		for (unsigned long i = from; i <= to; i++)
			bits[i / 8] |= (unsigned char)(1U << (i % 8));
		last = to > last ? to : last;
	} while (*text++ == ',');
	if (text[-1])
		return bad_write(write, "is no list of numbers", err);
	for (unsigned long i = 0; i <= last / 8; i++) {
		snprintf(number, sizeof number, "%u", (unsigned)bits[i]);
		if (bw_unit_value_add(arena, property, number) < 0)
			return out_of_memory(err);
	}
	return 0;
}

static int add_write(const struct bw_cgroup_write *write, struct bw_arena *arena, struct bw_unit_properties *list,
	struct bw_err *err)
{
	for (size_t i = 0; i < BW_COUNT(files); i++) {
		if (!bw_streq(files[i].name, write->file))
			continue;
		if (files[i].kind == BITS)
			return add_bits(&files[i], write, arena, list, err);
		if (files[i].kind == IDLE && !bw_streq(write->value, "1"))
			return 0;
		return add_amount(&files[i], write, arena, list, err);
	}
	return 0;
}

/* systemd keeps whole percents of a processor: rounded up, so that the file's own value lies below. */
static int add_quota(int64_t quota, uint64_t period, struct bw_arena *arena, struct bw_unit_properties *list,
	struct bw_err *err)
{
	enum { PERCENT_US = 10000, SECOND_US = 1000000, DEFAULT_PERIOD_US = 100000 };
	char text[32];

	if (period) {
		snprintf(text, sizeof text, "%llu", (unsigned long long)period);
		if (bw_unit_set(arena, list, "CPUQuotaPeriodUSec", "t", text) < 0)
			return out_of_memory(err);
		list->v[list->n - 1].min_version = 242;
	}
	snprintf(text, sizeof text, FOR_EVER);
	if (quota > 0 && quota < INT64_MAX / SECOND_US) {
		uint64_t per_second = (uint64_t)quota * SECOND_US / (period ? period : DEFAULT_PERIOD_US);

		per_second = (per_second + PERCENT_US - 1) / PERCENT_US * PERCENT_US;
		snprintf(text, sizeof text, "%llu", (unsigned long long)per_second);
	}
	if ((quota || period) && bw_unit_set(arena, list, "CPUQuotaPerSecUSec", "t", text) < 0)
		return out_of_memory(err);
	return 0;
}

/* cpu.max: "max 100000", "50000 100000", "50000". */
static int add_unified_quota(const char *value, struct bw_arena *arena, struct bw_unit_properties *list, struct bw_err *err)
{
	uint64_t quota = 0, period = 0;

	if (bw_parse_word(value, 0, INT64_MAX, &quota) < 0)
		quota = 0;
	if (bw_parse_word(value, 1, INT64_MAX, &period) < 0)
		period = 0;
	return add_quota(quota ? (int64_t)quota : -1, period, arena, list, err);
}

int bw_unit_limits(const struct bw_cgroup_set *set, const struct bw_spec_resources *resources, struct bw_arena *arena,
	struct bw_unit_properties *list, struct bw_err *err)
{
	struct bw_cgroup_writes writes = {.arena = arena};

	if (!resources)
		return 0;
	if (bw_cgroup_emit(set, resources, &writes, err) < 0)
		return -1;
	for (size_t i = 0; i < writes.n; i++)
		if (add_write(&writes.v[i], arena, list, err) < 0)
			return -1;
	if (resources->cpu && add_quota(resources->cpu->quota.v, resources->cpu->period.v, arena, list, err) < 0)
		return -1;
	for (size_t i = 0; i < resources->unified.n; i++) {
		const struct bw_pair *pair = &resources->unified.v[i];
		struct bw_cgroup_write write = {.file = pair->key, .pointer = "/linux/resources/unified", .value = pair->value};
		int r = bw_streq(pair->key, "cpu.max") ? add_unified_quota(pair->value, arena, list, err)
						       : add_write(&write, arena, list, err);

		if (r < 0)
			return -1;
	}
	return 0;
}

/* --- devices --- */

/* The name in /proc/devices of the driver with this major number: what systemd calls a group. One without a slash is
 * preferred. False: no driver has it. */
static bool group_of(const char *proc_devices, unsigned type, int64_t major, char *name, size_t size)
{
	bool block = false, found = false;

	for (const char *line = proc_devices; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *digits = line + strspn(line, " ");
		char *word = NULL;
		long long number = strtoll(digits, &word, 10);
		size_t len;

		if (bw_after_prefix(line, "Block devices:"))
			block = true;
		if (block != (type == BW_DEVICE_BLOCK) || *digits == '\n' || word == digits || number != major)
			continue;
		word += strspn(word, " ");
		len = strcspn(word, "\n");
		if (!found || !memchr(word, '/', len))
			snprintf(name, size, "%.*s", (int)len, word);
		found = true;
	}
	return found;
}

/* The device in systemd's words. 0: "" when there is none to allow; -1: it has no words for it. */
static int device_text(const struct bw_device_rule *rule, const char *proc_devices, char *text, size_t size)
{
	const char *type = rule->types == BW_DEVICE_BLOCK ? "block" : "char";
	char group[64];

	if (rule->major == BW_DEVICE_ANY && rule->minor != BW_DEVICE_ANY)
		return -1;
	if (rule->major == BW_DEVICE_ANY)
		snprintf(text, size, "%s-*", type);
	else if (rule->minor != BW_DEVICE_ANY)
		snprintf(text, size, "/dev/%s/%lld:%lld", type, (long long)rule->major, (long long)rule->minor);
	else if (group_of(proc_devices, rule->types, rule->major, group, sizeof group))
		snprintf(text, size, "%s-%s", type, group);
	else
		text[0] = '\0';
	return 0;
}

static int add_device(const struct bw_device_rule *rule, const char *text, struct bw_arena *arena,
	struct bw_unit_property *property, struct bw_err *err)
{
	char access[4];

	snprintf(access, sizeof access, "%s%s%s", rule->access & BW_DEVICE_READ ? "r" : "",
		rule->access & BW_DEVICE_WRITE ? "w" : "", rule->access & BW_DEVICE_MKNOD ? "m" : "");
	if (!text[0] || !access[0])
		return 0;
	if (bw_unit_value_add(arena, property, text) < 0 || bw_unit_value_add(arena, property, access) < 0)
		return out_of_memory(err);
	return 0;
}

/* A second setting appends to the first, an empty one empties. */
static int add_policy(const char *policy, struct bw_arena *arena, struct bw_unit_properties *list, struct bw_err *err)
{
	if (bw_unit_set(arena, list, "DevicePolicy", "s", policy) < 0 ||
		!bw_unit_property_add(arena, list, "DeviceAllow", "a(ss)"))
		return out_of_memory(err);
	return 0;
}

/* What systemd has no words for: on v2 our own program stays on the cgroup whatever systemd does, on v1 a systemd that
 * reloads leaves the container with fewer devices, never with more. */
static int without_words(const struct bw_cgroup_set *set, struct bw_arena *arena, struct bw_unit_properties *list,
	struct bw_err *err)
{
	return add_policy(bw_streq(set->mode, "v2") ? "auto" : "strict", arena, list, err);
}

int bw_unit_devices(const struct bw_cgroup_set *set, const struct bw_spec *spec, const char *proc_devices,
	struct bw_arena *arena, struct bw_unit_properties *list, struct bw_err *err)
{
	struct bw_device_rules rules, exceptions;
	struct bw_unit_property *property;
	struct bw_err ignored = {0};
	char text[96];
	bool allow;

	if (bw_cgroup_device_rules(spec, arena, &rules, err) < 0)
		return -1;
	if (bw_cgroup_device_list(&rules, arena, &allow, &exceptions, &ignored) < 0)
		return without_words(set, arena, list, err);
	if (allow)
		return exceptions.n ? without_words(set, arena, list, err) : add_policy("auto", arena, list, err);
	for (size_t i = 0; i < exceptions.n; i++)
		if (device_text(&exceptions.v[i], proc_devices, text, sizeof text) < 0)
			return without_words(set, arena, list, err);
	if (add_policy("strict", arena, list, err) < 0)
		return -1;
	property = bw_unit_property_add(arena, list, "DeviceAllow", "a(ss)");
	if (!property)
		return out_of_memory(err);
	for (size_t i = 0; i < exceptions.n; i++) {
		(void)device_text(&exceptions.v[i], proc_devices, text, sizeof text);
		if (add_device(&exceptions.v[i], text, arena, property, err) < 0)
			return -1;
	}
	return 0;
}

/* --- all --- */

/* Delegate: the tree beneath is the container's, systemd keeps its hands off. Without the default dependencies the
 * scope is not stopped before the engine at shutdown. Accounting is what makes the controllers' directories. */
static int add_always(const struct bw_cgroup_set *set, const struct bw_unit_names *names, struct bw_arena *arena,
	struct bw_unit_properties *list, struct bw_err *err)
{
	const struct {
		const char *name, *signature, *value;
	} always[] = {
		{"Description", "s", bw_arena_printf(arena, "bulwark container %s", names->name)},
		{"Slice", "s", names->slice},
		{"Delegate", "b", "true"},
		{"MemoryAccounting", "b", "true"},
		{"CPUAccounting", "b", "true"},
		{bw_streq(set->mode, "v2") ? "IOAccounting" : "BlockIOAccounting", "b", "true"},
		{"TasksAccounting", "b", "true"},
		{"DefaultDependencies", "b", "false"},
	};

	for (size_t i = 0; i < BW_COUNT(always); i++)
		if (!always[i].value || bw_unit_set(arena, list, always[i].name, always[i].signature, always[i].value) < 0)
			return out_of_memory(err);
	return 0;
}

int bw_unit_properties(const struct bw_cgroup_set *set, const struct bw_spec *spec, const struct bw_unit_names *names,
	const char *proc_devices, struct bw_arena *arena, struct bw_unit_properties *ret, struct bw_err *err)
{
	*ret = (struct bw_unit_properties){0};
	if (add_always(set, names, arena, ret, err) < 0)
		return -1;
	if (bw_unit_limits(set, spec->linux_ ? spec->linux_->resources : NULL, arena, ret, err) < 0)
		return -1;
	if (!set->user_unit.v && bw_unit_devices(set, spec, proc_devices, arena, ret, err) < 0)
		return -1;
	/* Last, so that they win, as with runc. What may be among them the policy has decided. */
	return bw_unit_annotations(&spec->annotations, arena, ret, err);
}
