/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_update.c - bulwark update, bulwark-update(8). */
#include "cli/verb.h"

#define LIMIT(member, name, value, about) BW_OPT_TEXT(struct bw_update_options, member, name, 0, value, about)

static const struct bw_option update_options[] = {
	BW_OPT_TEXT(struct bw_update_options, resources, "resources", 'r', "FILE",
		"limits as JSON, like linux.resources; - for standard input"),
	LIMIT(memory, "memory", "BYTES", "memory; -1: no limit"),
	LIMIT(memory_reservation, "memory-reservation", "BYTES", "memory that is left to it when there is little"),
	LIMIT(memory_swap, "memory-swap", "BYTES", "memory and swap together; -1: no limit"),
	LIMIT(pids_limit, "pids-limit", "N", "processes and threads; -1: no limit"),
	LIMIT(cpu_quota, "cpu-quota", "USEC", "processor time in a period; -1: no limit"),
	LIMIT(cpu_period, "cpu-period", "USEC", "the period of the quota"),
	LIMIT(cpu_burst, "cpu-burst", "USEC", "time that may be saved up beyond the quota"),
	LIMIT(cpu_share, "cpu-share", "N", "share of the processors, against other containers"),
	LIMIT(cpu_idle, "cpu-idle", "0|1", "1: run only when nobody else wants to"),
	LIMIT(cpu_rt_period, "cpu-rt-period", "USEC", "period of real-time processes"),
	LIMIT(cpu_rt_runtime, "cpu-rt-runtime", "USEC", "their time in a period"),
	LIMIT(cpuset_cpus, "cpuset-cpus", "LIST", "processors that may be used"),
	LIMIT(cpuset_mems, "cpuset-mems", "LIST", "memory nodes that may be used"),
	LIMIT(blkio_weight, "blkio-weight", "N", "share of block I/O, 10 to 1000"),
	LIMIT(l3_cache_schema, "l3-cache-schema", "TEXT", "Intel RDT, for a container that has a class of service"),
	LIMIT(mem_bw_schema, "mem-bw-schema", "TEXT", "Intel RDT, for a container that has a class of service"),
	LIMIT(kernel_memory, "kernel-memory", "BYTES", "obsolete, without effect"),
	LIMIT(kernel_memory_tcp, "kernel-memory-tcp", "BYTES", "obsolete, without effect"),
	BW_OPT_END,
};

static int run(const struct bw_call *call, struct bw_err *err)
{
	return bw_container_update(call->ctx, call->args[0], call->options, err);
}

const struct bw_verb bw_verb_update = {
	.name = "update",
	.group = BW_VERB_RUN,
	.about = "change the limits of a container",
	.synopsis = "CONTAINER",
	.details = "What is not given stays as it is. With --resources the other options do not count.\n"
		   "A limit that the policy sets is not raised beyond it.\n\n"
		   "EXAMPLE:\n"
		   "   bulwark update app1 --memory 512M --pids-limit 100\n",
	.options = update_options,
	.options_size = sizeof(struct bw_update_options),
	.min_args = 1,
	.max_args = 1,
	.takes_id = true,
	.run = run,
};
