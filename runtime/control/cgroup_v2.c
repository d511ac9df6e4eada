/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_v2.c - linux.resources, which speak v1, as contents of v2 files (the kernel's
 * cgroup-v2.rst), with runc's conversions. Pure: says what is to be written, writes nothing. What
 * v2 does not have is refused by name. */
#include "control/cgroup_files.h"

#include <stdio.h>

#include "base/str.h"
#include "spec/spec.h"

#define AT "/linux/resources/"

static int not_on_v2(struct bw_err *err, const char *pointer)
{
	bw_fail(err, BW_E_HOST, 0, "%s: cgroup v2 has no such limit", pointer);
	return bw_at(err, "%s", pointer);
}

static int bad_value(struct bw_err *err, const char *pointer, const char *why)
{
	bw_fail(err, BW_E_SPEC, 0, "%s: %s", pointer, why);
	return bw_at(err, "%s", pointer);
}

/* Base-2 logarithm of a whole number >= 1, to about 1e-12: the mantissa is squared, each overflow
 * is a bit. */
static double log2_of(uint64_t x)
{
	int whole = 63 - __builtin_clzll(x);
	double mantissa = (double)x / (double)(1ULL << whole), bit = 1, sum = whole;

	for (int i = 0; i < 44; i++) {
		bit /= 2;
		mantissa *= mantissa;
		if (mantissa >= 2) {
			mantissa /= 2;
			sum += bit;
		}
	}
	return sum;
}

/* weight = ceil(10^((l*l + 125*l)/612 - 7/34)), l = log2(shares): the least weight whose logarithm
 * reaches that exponent. No libm for one formula; the test compares all 262143 values with it. */
uint64_t bw_cgroup_weight_of_shares(uint64_t shares)
{
	const double log2_of_10 = 3.321928094887362, nothing = 1e-12;
	double l, wanted;
	uint64_t low = 1, high = 10000;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2_of(shares);
	wanted = ((l * l + 125 * l) / 612 - 7.0 / 34) * log2_of_10 - nothing;
	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (log2_of(middle) >= wanted)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

uint64_t bw_cgroup_io_weight(uint64_t weight)
{
	return weight <= 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}

static void put_limit(struct bw_cgroup_writes *writes, const char *file, const char *pointer,
	unsigned flags, int64_t v)
{
	struct bw_cgroup_write write = {.file = file, .pointer = pointer, .flags = flags};

	if (v < 0)
		bw_put(writes, write, "max");
	else
		bw_put(writes, write, "%lld", (long long)v);
}

/* The spec's swap is memory and swap together, v2's is swap alone. *ret_set: a limit was asked for.
 */
static int swap_of(
	const struct bw_spec_memory *memory, int64_t *ret, bool *ret_set, struct bw_err *err)
{
	int64_t limit = memory->limit.v, swap = memory->swap.v;

	*ret_set = true;
	if (swap == 0 && limit == -1)
		swap = -1;
	if (swap == 0) {
		*ret_set = false;
	} else if (swap < 0 || limit == -1) {
		*ret = swap;
	} else if (limit == 0) {
		return bad_value(
			err, AT "memory/swap", "unable to set swap limit without memory limit");
	} else if (swap < limit) {
		return bad_value(
			err, AT "memory/swap", "memory+swap limit should be >= memory limit");
	} else {
		*ret = swap - limit;
	}
	return 0;
}

int bw_v2_memory(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	const struct bw_spec_memory *memory = resources->memory;
	int64_t swap = 0;
	bool swap_set;

	if (!memory)
		return 0;
	if (memory->limit.v < -1)
		return bad_value(err, AT "memory/limit", "invalid memory value");
	if (memory->disable_oom_killer.v)
		return not_on_v2(err, AT "memory/disableOOMKiller");
	if (memory->swappiness.set)
		return not_on_v2(err, AT "memory/swappiness");
	if (swap_of(memory, &swap, &swap_set, err) < 0)
		return -1;
	/* A kernel without swap has no such file and already does what "none" and "all of it" ask
	 * for. */
	if (swap_set)
		put_limit(writes, "memory.swap.max", AT "memory/swap",
			swap <= 0 ? BW_WRITE_OPTIONAL : 0, swap);
	if (memory->limit.v)
		put_limit(writes, "memory.max", AT "memory/limit", 0, memory->limit.v);
	if (memory->reservation.v)
		put_limit(writes, "memory.low", AT "memory/reservation", 0, memory->reservation.v);
	return 0;
}

/* cpu.max holds "QUOTA PERIOD": quota alone leaves the period, period alone must repeat the quota.
 */
static void put_cpu_max(const struct bw_spec_cpu *cpu, struct bw_cgroup_writes *writes)
{
	struct bw_cgroup_write write = {.file = "cpu.max",
		.pointer = cpu->quota.v ? AT "cpu/quota" : AT "cpu/period",
		.flags = BW_WRITE_LATER};
	char period[24] = "", quota[24] = "max";

	if (cpu->period.v)
		snprintf(period, sizeof period, "%s%llu", cpu->quota.v ? " " : "",
			(unsigned long long)cpu->period.v);
	if (cpu->quota.v > 0)
		snprintf(quota, sizeof quota, "%lld", (long long)cpu->quota.v);
	if (!cpu->quota.v)
		write.flags |= BW_WRITE_KEEP_WORD;
	bw_put(writes, write, "%s%s", cpu->quota.v ? quota : "", period);
}

/* An idle cgroup takes no weight, so idle goes off before it and on behind it. */
int bw_v2_cpu(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	const struct bw_spec_cpu *cpu = resources->cpu;

	if (!cpu)
		return 0;
	if (cpu->realtime_period.v)
		return not_on_v2(err, AT "cpu/realtimePeriod");
	if (cpu->realtime_runtime.v)
		return not_on_v2(err, AT "cpu/realtimeRuntime");
	if (cpu->idle.set && cpu->shares.v)
		put_limit(writes, "cpu.idle", AT "cpu/idle", 0, 0);
	if (cpu->shares.v)
		put_limit(writes, "cpu.weight", AT "cpu/shares", 0,
			(int64_t)bw_cgroup_weight_of_shares(cpu->shares.v));
	if (cpu->quota.v || cpu->period.v)
		put_cpu_max(cpu, writes);
	if (cpu->burst.set)
		bw_put(writes,
			(struct bw_cgroup_write){.file = "cpu.max.burst",
				.pointer = AT "cpu/burst",
				.flags = BW_WRITE_LATER},
			"%llu", (unsigned long long)cpu->burst.v);
	if (cpu->idle.set)
		bw_put(writes,
			(struct bw_cgroup_write){.file = "cpu.idle", .pointer = AT "cpu/idle"},
			"%lld", (long long)cpu->idle.v);
	return 0;
}

/* Same names and words on both versions. */
int bw_v2_cpuset(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	return bw_v1_cpuset(resources, writes, err);
}

int bw_v2_pids(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	return bw_v1_pids(resources, writes, err);
}

int bw_v2_rdma(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	return bw_v1_rdma(resources, writes, err);
}

/* With BFQ the weight is taken as it is, else converted to the wider range of io.weight: which file
 * there is only the host knows, so both are asked for and the second stands when the first is
 * missing. */
static int put_weights(
	const struct bw_spec_block_io *io, struct bw_cgroup_writes *writes, struct bw_err *err)
{
	if (io->leaf_weight.v)
		return not_on_v2(err, AT "blockIO/leafWeight");
	if (io->weight.v) {
		bw_put(writes,
			(struct bw_cgroup_write){.file = "io.bfq.weight",
				.pointer = AT "blockIO/weight",
				.flags = BW_WRITE_OR_NEXT},
			"%llu", (unsigned long long)io->weight.v);
		bw_put(writes,
			(struct bw_cgroup_write){
				.file = "io.weight", .pointer = AT "blockIO/weight"},
			"%llu", (unsigned long long)bw_cgroup_io_weight(io->weight.v));
	}
	for (size_t i = 0; i < io->weight_device.n; i++) {
		const struct bw_spec_weight_device *device = &io->weight_device.v[i];
		const char *pointer =
			bw_arena_printf(writes->arena, AT "blockIO/weightDevice/%zu", i);
		long long major = (long long)device->major.v, minor = (long long)device->minor.v;

		if (device->leaf_weight.v)
			return not_on_v2(err, pointer ? pointer : "");
		if (!device->weight.v)
			continue;
		bw_put(writes,
			(struct bw_cgroup_write){.file = "io.bfq.weight",
				.pointer = pointer,
				.flags = BW_WRITE_OR_NEXT},
			"%lld:%lld %llu", major, minor, (unsigned long long)device->weight.v);
		bw_put(writes, (struct bw_cgroup_write){.file = "io.weight", .pointer = pointer},
			"%lld:%lld %llu", major, minor,
			(unsigned long long)bw_cgroup_io_weight(device->weight.v));
	}
	return 0;
}

static void put_throttles(const struct bw_spec_throttle_devices *list, const char *word,
	const char *key, struct bw_cgroup_writes *writes)
{
	for (size_t i = 0; i < list->n; i++) {
		struct bw_cgroup_write write = {.file = "io.max",
			.pointer = bw_arena_printf(writes->arena, AT "blockIO/%s/%zu", key, i)};
		long long major = (long long)list->v[i].major.v,
			  minor = (long long)list->v[i].minor.v;

		/* On v1 a rate of 0 takes the limit away; here that is called max. */
		if (list->v[i].rate.v)
			bw_put(writes, write, "%lld:%lld %s=%llu", major, minor, word,
				(unsigned long long)list->v[i].rate.v);
		else
			bw_put(writes, write, "%lld:%lld %s=max", major, minor, word);
	}
}

int bw_v2_io(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	const struct bw_spec_block_io *io = resources->block_io;

	if (!io)
		return 0;
	if (put_weights(io, writes, err) < 0)
		return -1;
	put_throttles(&io->read_bps, "rbps", "throttleReadBpsDevice", writes);
	put_throttles(&io->write_bps, "wbps", "throttleWriteBpsDevice", writes);
	put_throttles(&io->read_iops, "riops", "throttleReadIOPSDevice", writes);
	put_throttles(&io->write_iops, "wiops", "throttleWriteIOPSDevice", writes);
	return 0;
}

/* Reservations are limited too where the kernel can (5.7): they fail at mmap instead of killing at
 * the fault. */
int bw_v2_hugetlb(const struct bw_spec_resources *resources, struct bw_cgroup_writes *writes,
	struct bw_err *err)
{
	(void)err;
	for (size_t i = 0; i < resources->hugepage_limits.n; i++) {
		const struct bw_spec_hugepage_limit *limit = &resources->hugepage_limits.v[i];
		unsigned long long bytes = limit->limit.v;
		struct bw_cgroup_write write = {.pointer = bw_arena_printf(writes->arena,
							AT "hugepageLimits/%zu/limit", i)};

		write.file = bw_arena_printf(writes->arena, "hugetlb.%s.max", limit->page_size);
		bw_put(writes, write, "%llu", bytes);
		write.file =
			bw_arena_printf(writes->arena, "hugetlb.%s.rsvd.max", limit->page_size);
		write.flags = BW_WRITE_OPTIONAL;
		bw_put(writes, write, "%llu", bytes);
	}
	return 0;
}
