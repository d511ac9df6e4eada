/* SPDX-License-Identifier: Apache-2.0 */
/* series.c - see series.h. The first rows, and the histogram that the texts have of their own, are names that others have
 * chosen, which is why they are not like the rest. */
#include "metrics/series.h"

#include <stdio.h>
#include <string.h>

#include "metrics/report.h"

#define COUNTER(which) offsetof(struct bw_report_set, totals.count[which])
#define GAUGE(which)   offsetof(struct bw_report_set, gauge[which])

const struct bw_series bw_series_counters[] = {
	{"package_install_attempts", "Programs started to install packages (pip, npm, yarn, uv and the like).",
		"package_install_attempts", "Count", COUNTER(BW_COUNT_PACKAGE_INSTALL_ATTEMPTS), 0},
	{"file_size_violations", "Files that were refused or cut off for their size.", "file_size_violations", "Count",
		COUNTER(BW_COUNT_FILE_SIZE_VIOLATIONS), 0},
	{"network_connection_attempts", "Connections that containers have tried to make, allowed or not.",
		"network_connection_attempts", "Count", COUNTER(BW_COUNT_NETWORK_CONNECTION_ATTEMPTS), 0},
	{"bulwark_program_executions_total", "Programs started in containers, where that is watched.",
		"program_executions", "Count", COUNTER(BW_COUNT_EXECUTIONS), 0},
	{"bulwark_programs_denied_total", "Programs that were not let start.", "programs_denied", "Count",
		COUNTER(BW_COUNT_PROGRAMS_DENIED), 0},
	{"bulwark_destinations_denied_total", "Connections that were refused.", "destinations_denied", "Count",
		COUNTER(BW_COUNT_DESTINATIONS_DENIED), 0},
	{"bulwark_writes_denied_total", "Writes that a security module has denied, where the kernel tells of them.",
		"writes_denied", "Count", COUNTER(BW_COUNT_WRITES_DENIED), 0},
	{"bulwark_alerts_total", "Alerts that the policy asked for.", "alerts", "Count", COUNTER(BW_COUNT_ALERTS), 0},
	{"bulwark_starts_refused_total", "Containers that the policy did not let come to be.", "starts_refused",
		"Count", COUNTER(BW_COUNT_STARTS_REFUSED), 0},
	{"bulwark_cpu_seconds_total", "Processor time used.", "cpu_time", "Seconds", COUNTER(BW_COUNT_CPU_USEC), 6},
	{"bulwark_cpu_throttled_seconds_total", "Time that processes were held back by the limit of processor time.",
		"cpu_throttled_time", "Seconds", COUNTER(BW_COUNT_CPU_THROTTLED_USEC), 6},
	{"bulwark_io_read_bytes_total", "Bytes read from block devices.", "io_read", "Bytes",
		COUNTER(BW_COUNT_IO_READ_BYTES), 0},
	{"bulwark_io_written_bytes_total", "Bytes written to block devices.", "io_written", "Bytes",
		COUNTER(BW_COUNT_IO_WRITE_BYTES), 0},
	{"bulwark_network_received_bytes_total", "Bytes that have come by network.", "network_received", "Bytes",
		COUNTER(BW_COUNT_NET_IN_BYTES), 0},
	{"bulwark_network_sent_bytes_total", "Bytes sent by network.", "network_sent", "Bytes",
		COUNTER(BW_COUNT_NET_OUT_BYTES), 0},
	{"bulwark_oom_kills_total", "Processes killed for want of memory.", "oom_kills", "Count",
		COUNTER(BW_COUNT_OOM_KILLS), 0},
	{NULL, NULL, NULL, NULL, 0, 0},
};

const struct bw_series bw_series_gauges[] = {
	{"bulwark_memory_bytes", "Memory in use.", "memory", "Bytes", GAUGE(BW_GAUGE_MEMORY_BYTES), 0},
	{"bulwark_memory_limit_bytes", "Sum of the memory limits of those that have one.", "memory_limit", "Bytes",
		GAUGE(BW_GAUGE_MEMORY_LIMIT_BYTES), 0},
	{"bulwark_pids", "Processes and threads.", "pids", "Count", GAUGE(BW_GAUGE_PIDS), 0},
	{"bulwark_pids_limit", "Sum of the limits of processes and threads of those that have one.", "pids_limit",
		"Count", GAUGE(BW_GAUGE_PIDS_LIMIT), 0},
	{"bulwark_cpu_limit_cores", "Sum of the limits of processor time of those that have one, in processors.",
		"cpu_limit", "None", GAUGE(BW_GAUGE_CPU_LIMIT_MILLI), 3},
	{"bulwark_containers_degraded", "Containers that lack something that the policy prefers.",
		"containers_degraded", "Count", offsetof(struct bw_report_set, degraded), 0},
	{NULL, NULL, NULL, NULL, 0, 0},
};

void bw_decimal(unsigned long long value, unsigned decimals, char ret[BW_DECIMAL_SIZE])
{
	unsigned long long power = 1;
	size_t len;

	for (unsigned i = 0; i < decimals; i++)
		power *= 10;
	snprintf(ret, BW_DECIMAL_SIZE, "%llu", value / power);
	if (value % power == 0)
		return;
	len = strlen(ret);
	snprintf(ret + len, BW_DECIMAL_SIZE - len, ".%0*llu", (int)decimals, value % power);
	for (len = strlen(ret); ret[len - 1] == '0'; len--)
		ret[len - 1] = '\0';
}
