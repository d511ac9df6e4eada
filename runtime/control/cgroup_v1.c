/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_v1.c - linux.resources as contents of v1 files (the kernel's cgroup-v1/ documents). Pure:
 * says what is to be written, writes nothing. A value of 0 is "unset" where callers such as docker
 * write it as that. */
#include "control/cgroup_files.h"

#include <stdio.h>

#include "base/str.h"
#include "spec/spec.h"

#define AT "/linux/resources/"

enum { MIN_SHARES = 2, MAX_SHARES = 262144 }; /* the kernel clamps silently to these */

static int bad_value(struct bw_err *err, const char *pointer, const char *why)
{
	bw_fail(err, BW_E_SPEC, 0, "%s: %s", pointer, why);
	return bw_at(err, "%s", pointer);
}

static void put_int(struct bw_cgroup_writes *writes, const char *file, const char *pointer,
	unsigned flags, int64_t v)
{
	bw_put(writes, (struct bw_cgroup_write){.file = file, .pointer = pointer, .flags = flags},
		"%lld", (long long)v);
}

static void put_uint(struct bw_cgroup_writes *writes, const char *file, const char *pointer,
	unsigned flags, uint64_t v)
{
	bw_put(writes, (struct bw_cgroup_write){.file = file, .pointer = pointer, .flags = flags},
		"%llu", (unsigned long long)v);
}

static void put_text(
	struct bw_cgroup_writes *writes, const char *file, const char *pointer, const char *text)
{
	bw_put(writes, (struct bw_cgroup_write){.file = file, .pointer = pointer}, "%s", text);
}

/* limit -1 without a swap limit lifts both, as users of v1 expect. memory.kernel and kernelTCP are
 * not written: the kernel no longer has the first and runc ignores both. */
int bw_v1_memory(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	const struct bw_spec_memory *memory = resources->memory;
	int64_t swap;

	if (!memory)
		return 0;
	swap = memory->swap.v == 0 && memory->limit.v == -1 ? -1 : memory->swap.v;
	if (memory->limit.v)
		put_int(writes, "memory.limit_in_bytes", AT "memory/limit", BW_WRITE_LATER,
			memory->limit.v);
	/* Without swap accounting nothing is limited anyway: -1 is what there is. */
	if (swap)
		put_int(writes, "memory.memsw.limit_in_bytes", AT "memory/swap",
			BW_WRITE_LATER | (swap == -1 ? BW_WRITE_OPTIONAL : 0), swap);
	if (memory->reservation.v)
		put_int(writes, "memory.soft_limit_in_bytes", AT "memory/reservation", 0,
			memory->reservation.v);
	if (memory->disable_oom_killer.v)
		put_text(writes, "memory.oom_control", AT "memory/disableOOMKiller", "1");
	if (memory->swappiness.set && memory->swappiness.v > 100)
		return bad_value(err, AT "memory/swappiness", "must be between 0 and 100");
	if (memory->swappiness.set)
		put_uint(writes, "memory.swappiness", AT "memory/swappiness", 0,
			memory->swappiness.v);
	return 0;
}

/* An idle cgroup takes no shares, so idle goes off before them and on behind them. */
int bw_v1_cpu(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	const struct bw_spec_cpu *cpu = resources->cpu;

	if (!cpu)
		return 0;
	if (cpu->shares.v && (cpu->shares.v < MIN_SHARES || cpu->shares.v > MAX_SHARES))
		return bad_value(err, AT "cpu/shares", "must be between 2 and 262144");
	if (cpu->idle.set && cpu->shares.v)
		put_text(writes, "cpu.idle", AT "cpu/idle", "0");
	if (cpu->shares.v)
		put_uint(writes, "cpu.shares", AT "cpu/shares", 0, cpu->shares.v);
	if (cpu->period.v)
		put_uint(writes, "cpu.cfs_period_us", AT "cpu/period", BW_WRITE_LATER,
			cpu->period.v);
	if (cpu->quota.v)
		put_int(writes, "cpu.cfs_quota_us", AT "cpu/quota", BW_WRITE_LATER, cpu->quota.v);
	if (cpu->burst.set)
		put_uint(writes, "cpu.cfs_burst_us", AT "cpu/burst", BW_WRITE_LATER, cpu->burst.v);
	if (cpu->idle.set)
		put_int(writes, "cpu.idle", AT "cpu/idle", 0, cpu->idle.v);
	if (cpu->realtime_period.v)
		put_uint(writes, "cpu.rt_period_us", AT "cpu/realtimePeriod", BW_WRITE_LATER,
			cpu->realtime_period.v);
	if (cpu->realtime_runtime.v)
		put_int(writes, "cpu.rt_runtime_us", AT "cpu/realtimeRuntime", BW_WRITE_LATER,
			cpu->realtime_runtime.v);
	return 0;
}

int bw_v1_cpuset(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	const struct bw_spec_cpu *cpu = resources->cpu;

	(void)err;
	if (cpu && cpu->cpus && *cpu->cpus)
		put_text(writes, "cpuset.cpus", AT "cpu/cpus", cpu->cpus);
	if (cpu && cpu->mems && *cpu->mems)
		put_text(writes, "cpuset.mems", AT "cpu/mems", cpu->mems);
	return 0;
}

const char *bw_cgroup_pids_text(int64_t limit, char buf[24])
{
	if (limit < 0)
		return "max";
	snprintf(buf, 24, "%lld", (long long)(limit ? limit : 1));
	return buf;
}

int bw_v1_pids(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	char buf[24];

	(void)err;
	if (resources->pids && resources->pids->limit.set)
		put_text(writes, "pids.max", AT "pids/limit",
			bw_cgroup_pids_text(resources->pids->limit.v, buf));
	return 0;
}

/* BFQ's files are blkio.bfq.*, those of CFQ (up to Linux 4.20) blkio.*: kernels of today have the
 * first alone. */
static int put_weights(
	const struct bw_spec_block_io *io, struct bw_cgroup_writes *writes, struct bw_err *err)
{
	if (io->leaf_weight.v)
		return bad_value(
			err, AT "blockIO/leafWeight", "no kernel since Linux 5.0 has leaf weights");
	if (io->weight.v)
		put_uint(writes, "blkio.bfq.weight", AT "blockIO/weight", 0, io->weight.v);
	for (size_t i = 0; i < io->weight_device.n; i++) {
		const struct bw_spec_weight_device *device = &io->weight_device.v[i];
		const char *pointer =
			bw_arena_printf(writes->arena, AT "blockIO/weightDevice/%zu", i);

		if (device->leaf_weight.v)
			return bad_value(err, pointer ? pointer : "",
				"no kernel since Linux 5.0 has leaf weights");
		if (device->weight.v)
			bw_put(writes,
				(struct bw_cgroup_write){
					.file = "blkio.bfq.weight_device", .pointer = pointer},
				"%lld:%lld %llu", (long long)device->major.v,
				(long long)device->minor.v, (unsigned long long)device->weight.v);
	}
	return 0;
}

static void put_throttles(const struct bw_spec_throttle_devices *list, const char *file,
	const char *key, struct bw_cgroup_writes *writes)
{
	for (size_t i = 0; i < list->n; i++)
		bw_put(writes,
			(struct bw_cgroup_write){.file = file,
				.pointer = bw_arena_printf(
					writes->arena, AT "blockIO/%s/%zu", key, i)},
			"%lld:%lld %llu", (long long)list->v[i].major.v,
			(long long)list->v[i].minor.v, (unsigned long long)list->v[i].rate.v);
}

int bw_v1_blkio(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	const struct bw_spec_block_io *io = resources->block_io;

	if (!io)
		return 0;
	if (put_weights(io, writes, err) < 0)
		return -1;
	put_throttles(
		&io->read_bps, "blkio.throttle.read_bps_device", "throttleReadBpsDevice", writes);
	put_throttles(&io->write_bps, "blkio.throttle.write_bps_device", "throttleWriteBpsDevice",
		writes);
	put_throttles(&io->read_iops, "blkio.throttle.read_iops_device", "throttleReadIOPSDevice",
		writes);
	put_throttles(&io->write_iops, "blkio.throttle.write_iops_device",
		"throttleWriteIOPSDevice", writes);
	return 0;
}

/* Reservations are limited too where the kernel can (5.7): they fail at mmap instead of killing at
 * the fault. */
int bw_v1_hugetlb(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	(void)err;
	for (size_t i = 0; i < resources->hugepage_limits.n; i++) {
		const struct bw_spec_hugepage_limit *limit = &resources->hugepage_limits.v[i];
		const char *pointer =
			bw_arena_printf(writes->arena, AT "hugepageLimits/%zu/limit", i);

		put_uint(writes,
			bw_arena_printf(
				writes->arena, "hugetlb.%s.limit_in_bytes", limit->page_size),
			pointer, 0, limit->limit.v);
		put_uint(writes,
			bw_arena_printf(
				writes->arena, "hugetlb.%s.rsvd.limit_in_bytes", limit->page_size),
			pointer, BW_WRITE_OPTIONAL, limit->limit.v);
	}
	return 0;
}

/* The file is the same on both versions. */
int bw_v1_rdma(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	(void)err;
	for (size_t i = 0; i < resources->rdma.n; i++) {
		const struct bw_spec_rdma *device = &resources->rdma.v[i];
		char text[128];
		struct bw_buf buf = bw_buf_over(text, sizeof text);

		if (device->hca_handles.set)
			bw_buf_addf(&buf, " hca_handle=%llu",
				(unsigned long long)device->hca_handles.v);
		if (device->hca_objects.set)
			bw_buf_addf(&buf, " hca_object=%llu",
				(unsigned long long)device->hca_objects.v);
		bw_put(writes,
			(struct bw_cgroup_write){.file = "rdma.max",
				.pointer =
					bw_arena_printf(writes->arena, AT "rdma/%s", device->key)},
			"%s%s", device->key, text);
	}
	return 0;
}

int bw_v1_net_cls(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	(void)err;
	if (resources->network && resources->network->class_id.v)
		put_uint(writes, "net_cls.classid", AT "network/classID", 0,
			resources->network->class_id.v);
	return 0;
}

int bw_v1_net_prio(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	(void)err;
	for (size_t i = 0; resources->network && i < resources->network->priorities.n; i++) {
		const struct bw_spec_interface_priority *priority =
			&resources->network->priorities.v[i];

		bw_put(writes,
			(struct bw_cgroup_write){.file = "net_prio.ifpriomap",
				.pointer = bw_arena_printf(
					writes->arena, AT "network/priorities/%zu", i)},
			"%s %llu", priority->name, (unsigned long long)priority->priority.v);
	}
	return 0;
}
