/* SPDX-License-Identifier: Apache-2.0 */
/* spec_table_resources.c - rows of "linux.resources" (runtime-spec config-linux.md, "Control
 * groups"); also what `update --resources` reads. */
#include <string.h>

#include "spec/spec_table.h"

static const char *const rule_types[] = {"a", "b", "c", NULL};

static int check_access(const void *member, struct bw_err *err)
{
	const char *access = *(char *const *)member;

	if (access[strspn(access, "rwm")])
		return bw_fail(err, BW_E_SPEC, 0,
			"must be made of the letters r, w and m, not \"%.60s\"", access);
	return 0;
}

/* "2MB", "64KB", "1GB": the names of the hugetlb files. */
static int check_page_size(const void *member, struct bw_err *err)
{
	const char *text = *(char *const *)member;
	size_t digits = strspn(text, "0123456789");

	if (text[0] == '0' || !digits || !text[digits] || !strchr("KMG", text[digits]) ||
		strcmp(text + digits + 1, "B") != 0)
		return bw_fail(
			err, BW_E_SPEC, 0, "must be a size such as \"2MB\", not \"%.60s\"", text);
	return 0;
}

static int check_weight(const void *member, struct bw_err *err)
{
	const struct bw_opt_uint *weight = member;

	/* 0 is how callers written in Go say "not set". */
	if (weight->v && weight->v < 10)
		return bw_fail(err, BW_E_SPEC, 0, "must be 0 or a number from 10 to 1000, not %llu",
			(unsigned long long)weight->v);
	return 0;
}

/* The key is a file's name in the container's cgroup: it must not lead out of it. */
static int check_unified(const void *member, struct bw_err *err)
{
	const struct bw_pairs *files = member;

	for (size_t i = 0; i < files->n; i++) {
		const char *key = files->v[i].key;

		if (!key[0] || strchr(key, '/') || !strcmp(key, ".") || !strcmp(key, ".."))
			return bw_fail(err, BW_E_SPEC, 0,
				"must have names of cgroup files as keys, not \"%.60s\"", key);
	}
	return 0;
}

static const struct bw_field device_rule_fields[] = {
	BW_FIELD(struct bw_spec_device_rule, allow, "allow", .flags = BW_REQUIRED,
		.doc = "whether the rule allows or denies"),
	BW_FIELD(struct bw_spec_device_rule, type, "type", .flags = BW_EMPTY_IS_ABSENT,
		.names = rule_types, .doc = "c: character, b: block, a or absent: all devices"),
	BW_FIELD(struct bw_spec_device_rule, major, "major", .min = -1, .max = UINT32_MAX,
		.doc = "major number; absent or -1: every one"),
	BW_FIELD(struct bw_spec_device_rule, minor, "minor", .min = -1, .max = UINT32_MAX,
		.doc = "minor number; absent or -1: every one"),
	BW_FIELD(struct bw_spec_device_rule, access, "access", .flags = BW_EMPTY_IS_ABSENT,
		.check = check_access, .doc = "r: read, w: write, m: mknod; absent: all three"),
	BW_END};
static const struct bw_schema device_rule_schema = {
	"deviceRule", sizeof(struct bw_spec_device_rule), BW_UNKNOWN_NOTE, device_rule_fields};

static const struct bw_field memory_fields[] = {
	BW_FIELD(struct bw_spec_memory, limit, "limit", .min = -1, .max = INT64_MAX,
		.doc = "bytes of memory; -1: no limit"),
	BW_FIELD(struct bw_spec_memory, reservation, "reservation", .min = -1, .max = INT64_MAX,
		.doc = "bytes that are left to the container when memory is short"),
	BW_FIELD(struct bw_spec_memory, swap, "swap", .min = -1, .max = INT64_MAX,
		.doc = "bytes of memory and swap together; -1: no limit"),
	BW_FIELD(struct bw_spec_memory, kernel, "kernel", .min = -1, .max = INT64_MAX,
		.doc = "bytes of kernel memory (cgroup v1; out of use)"),
	BW_FIELD(struct bw_spec_memory, kernel_tcp, "kernelTCP", .min = -1, .max = INT64_MAX,
		.doc = "bytes of kernel memory for TCP buffers (cgroup v1; out of use)"),
	BW_FIELD(struct bw_spec_memory, swappiness, "swappiness", .max = 100,
		.doc = "how readily memory is swapped (cgroup v1)"),
	BW_FIELD(struct bw_spec_memory, disable_oom_killer, "disableOOMKiller",
		.doc = "whether processes wait instead of being killed (cgroup v1)"),
	BW_FIELD(struct bw_spec_memory, use_hierarchy, "useHierarchy",
		.doc = "whether memory is counted over the hierarchy (cgroup v1)"),
	BW_FIELD(struct bw_spec_memory, check_before_update, "checkBeforeUpdate",
		.doc = "whether an update below the present usage is refused"),
	BW_END};
static const struct bw_schema memory_schema = {
	"memory", sizeof(struct bw_spec_memory), BW_UNKNOWN_NOTE, memory_fields};

static const struct bw_field cpu_fields[] = {
	BW_FIELD(struct bw_spec_cpu, shares, "shares", .doc = "relative share of CPU time"),
	BW_FIELD(struct bw_spec_cpu, quota, "quota",
		.doc = "microseconds of CPU time per period; negative: no limit"),
	BW_FIELD(struct bw_spec_cpu, burst, "burst",
		.doc = "microseconds that may be saved up beyond the quota"),
	BW_FIELD(struct bw_spec_cpu, period, "period", .doc = "microseconds of the period"),
	BW_FIELD(struct bw_spec_cpu, realtime_runtime, "realtimeRuntime",
		.doc = "microseconds per period for realtime tasks (cgroup v1)"),
	BW_FIELD(struct bw_spec_cpu, realtime_period, "realtimePeriod",
		.doc = "microseconds of the period for realtime tasks (cgroup v1)"),
	BW_FIELD(struct bw_spec_cpu, cpus, "cpus", .flags = BW_EMPTY_IS_ABSENT,
		.check = bw_check_cpu_list, .doc = "CPUs that may be used"),
	BW_FIELD(struct bw_spec_cpu, mems, "mems", .flags = BW_EMPTY_IS_ABSENT,
		.check = bw_check_cpu_list, .doc = "memory nodes that may be used"),
	BW_FIELD(struct bw_spec_cpu, idle, "idle", .max = 1,
		.doc = "1: run only when nobody else wants to"),
	BW_END};
static const struct bw_schema cpu_schema = {
	"cpu", sizeof(struct bw_spec_cpu), BW_UNKNOWN_NOTE, cpu_fields};

static const struct bw_field pids_fields[] = {
	BW_FIELD(struct bw_spec_pids, limit, "limit", .min = -1, .max = INT64_MAX,
		.doc = "how many tasks there may be; -1: no limit"),
	BW_END};
static const struct bw_schema pids_schema = {
	"pids", sizeof(struct bw_spec_pids), BW_UNKNOWN_NOTE, pids_fields};

static const struct bw_field weight_device_fields[] = {
	BW_FIELD(struct bw_spec_weight_device, major, "major", .flags = BW_REQUIRED,
		.max = UINT32_MAX, .doc = "major number of the block device"),
	BW_FIELD(struct bw_spec_weight_device, minor, "minor", .flags = BW_REQUIRED,
		.max = UINT32_MAX, .doc = "minor number of the block device"),
	BW_FIELD(struct bw_spec_weight_device, weight, "weight", .max = 1000, .check = check_weight,
		.doc = "weight on this device"),
	BW_FIELD(struct bw_spec_weight_device, leaf_weight, "leafWeight", .max = 1000,
		.check = check_weight, .doc = "weight against child cgroups on this device"),
	BW_END};
static const struct bw_schema weight_device_schema = {"weightDevice",
	sizeof(struct bw_spec_weight_device), BW_UNKNOWN_NOTE, weight_device_fields};

static const struct bw_field throttle_device_fields[] = {
	BW_FIELD(struct bw_spec_throttle_device, major, "major", .flags = BW_REQUIRED,
		.max = UINT32_MAX, .doc = "major number of the block device"),
	BW_FIELD(struct bw_spec_throttle_device, minor, "minor", .flags = BW_REQUIRED,
		.max = UINT32_MAX, .doc = "minor number of the block device"),
	BW_FIELD(struct bw_spec_throttle_device, rate, "rate", .flags = BW_REQUIRED,
		.doc = "bytes or operations per second; 0: no limit"),
	BW_END};
static const struct bw_schema throttle_device_schema = {"throttleDevice",
	sizeof(struct bw_spec_throttle_device), BW_UNKNOWN_NOTE, throttle_device_fields};

static const struct bw_field block_io_fields[] = {
	BW_FIELD(struct bw_spec_block_io, weight, "weight", .max = 1000, .check = check_weight,
		.doc = "relative share of block I/O"),
	BW_FIELD(struct bw_spec_block_io, leaf_weight, "leafWeight", .max = 1000,
		.check = check_weight, .doc = "share against child cgroups (cgroup v1)"),
	BW_LIST_OF(struct bw_spec_block_io, weight_device, "weightDevice", &weight_device_schema,
		.doc = "weights for single devices"),
	BW_LIST_OF(struct bw_spec_block_io, read_bps, "throttleReadBpsDevice",
		&throttle_device_schema, .doc = "bytes read per second from single devices"),
	BW_LIST_OF(struct bw_spec_block_io, write_bps, "throttleWriteBpsDevice",
		&throttle_device_schema, .doc = "bytes written per second to single devices"),
	BW_LIST_OF(struct bw_spec_block_io, read_iops, "throttleReadIOPSDevice",
		&throttle_device_schema, .doc = "reads per second from single devices"),
	BW_LIST_OF(struct bw_spec_block_io, write_iops, "throttleWriteIOPSDevice",
		&throttle_device_schema, .doc = "writes per second to single devices"),
	BW_END};
static const struct bw_schema block_io_schema = {
	"blockIO", sizeof(struct bw_spec_block_io), BW_UNKNOWN_NOTE, block_io_fields};

static const struct bw_field hugepage_limit_fields[] = {
	BW_FIELD(struct bw_spec_hugepage_limit, page_size, "pageSize", .flags = BW_REQUIRED,
		.check = check_page_size, .doc = "size of the huge pages"),
	BW_FIELD(struct bw_spec_hugepage_limit, limit, "limit", .flags = BW_REQUIRED,
		.doc = "bytes of huge pages of this size"),
	BW_END};
static const struct bw_schema hugepage_limit_schema = {"hugepageLimit",
	sizeof(struct bw_spec_hugepage_limit), BW_UNKNOWN_NOTE, hugepage_limit_fields};

static const struct bw_field priority_fields[] = {
	BW_FIELD(struct bw_spec_interface_priority, name, "name",
		.flags = BW_REQUIRED | BW_NOT_EMPTY, .check = bw_check_one_line,
		.doc = "network interface in the runtime's network namespace"),
	BW_FIELD(struct bw_spec_interface_priority, priority, "priority", .flags = BW_REQUIRED,
		.max = UINT32_MAX, .doc = "priority of packets sent over it"),
	BW_END};
static const struct bw_schema priority_schema = {"interfacePriority",
	sizeof(struct bw_spec_interface_priority), BW_UNKNOWN_NOTE, priority_fields};

static const struct bw_field network_fields[] = {
	BW_FIELD(struct bw_spec_network, class_id, "classID", .max = UINT32_MAX,
		.doc = "class of the container's packets (cgroup v1, net_cls)"),
	BW_LIST_OF(struct bw_spec_network, priorities, "priorities", &priority_schema,
		.doc = "priorities by interface (cgroup v1, net_prio)"),
	BW_END};
static const struct bw_schema network_schema = {
	"network", sizeof(struct bw_spec_network), BW_UNKNOWN_NOTE, network_fields};

static const struct bw_field rdma_fields[] = {
	BW_FIELD(struct bw_spec_rdma, hca_handles, "hcaHandles", .max = UINT32_MAX,
		.doc = "how many handles may be open"),
	BW_FIELD(struct bw_spec_rdma, hca_objects, "hcaObjects", .max = UINT32_MAX,
		.doc = "how many objects may be made"),
	BW_END};
static const struct bw_schema rdma_schema = {
	"rdma", sizeof(struct bw_spec_rdma), BW_UNKNOWN_NOTE, rdma_fields};

static const struct bw_field resources_fields[] = {
	BW_LIST_OF(struct bw_spec_resources, devices, "devices", &device_rule_schema,
		.doc = "rules of device access, later ones outweigh earlier ones"),
	BW_NESTED(struct bw_spec_resources, memory, "memory", &memory_schema, .doc = "memory"),
	BW_NESTED(struct bw_spec_resources, cpu, "cpu", &cpu_schema, .doc = "CPU time and sets"),
	BW_NESTED(struct bw_spec_resources, pids, "pids", &pids_schema, .doc = "number of tasks"),
	BW_NESTED(struct bw_spec_resources, block_io, "blockIO", &block_io_schema,
		.doc = "block I/O"),
	BW_LIST_OF(struct bw_spec_resources, hugepage_limits, "hugepageLimits",
		&hugepage_limit_schema, .doc = "huge pages, by size"),
	BW_NESTED(struct bw_spec_resources, network, "network", &network_schema,
		.doc = "marks on packets"),
	BW_MAP_OF(struct bw_spec_resources, rdma, "rdma", &rdma_schema,
		.doc = "RDMA resources, by device"),
	BW_FIELD(struct bw_spec_resources, unified, "unified", .check = check_unified,
		.doc = "files of the cgroup v2 directory and what is written to them"),
	BW_END};
const struct bw_schema bw_spec_resources_schema = {
	"resources", sizeof(struct bw_spec_resources), BW_UNKNOWN_NOTE, resources_fields};
