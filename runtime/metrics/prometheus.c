/* SPDX-License-Identifier: Apache-2.0 */
/* prometheus.c - a report in Prometheus's text format: each metric once, with all its samples behind its type. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "json/text.h"
#include "metrics/report.h"
#include "metrics/series.h"

static void put_head(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* What could end the value, the line or the encoding does not get out as it is. */
static void put_label(FILE *to, const char *name, const char *value)
{
	char copy[4096];

	snprintf(copy, sizeof copy, "%s", value ? value : "");
	bw_text_make_printable(copy);
	fprintf(to, "%s=\"", name);
	for (const char *p = copy; *p; p++) {
		if (*p == '"' || *p == '\\')
			putc('\\', to);
		putc(*p, to);
	}
	putc('"', to);
}

static void put_labels(FILE *to, const char *name, const char *tenant, const char *profile)
{
	fprintf(to, "%s{", name);
	put_label(to, "tenant", tenant);
	putc(',', to);
	put_label(to, "profile", profile);
}

static void put_value(FILE *to, unsigned long long value, unsigned decimals)
{
	char text[BW_DECIMAL_SIZE];

	bw_decimal(value, decimals, text);
	fprintf(to, "} %s\n", text);
}

static void put_series(FILE *to, const struct bw_report *report, const struct bw_series *series, const char *type)
{
	for (; series->prometheus; series++) {
		put_head(to, series->prometheus, type, series->help);
		for (size_t i = 0; i < report->sets_n; i++) {
			const struct bw_report_set *set = &report->sets[i];
			const void *member = (const char *)set + series->offset;

			put_labels(to, series->prometheus, set->totals.tenant, set->totals.profile);
			put_value(to, *(const uint64_t *)member, series->decimals);
		}
	}
}

/* Its buckets hold one another. */
static void put_durations(FILE *to, const struct bw_report *report)
{
	static const char name[] = "code_execution_duration";

	put_head(to, name, "histogram", "How long containers have run, in seconds, of those that have ended.");
	for (size_t i = 0; i < report->sets_n; i++) {
		const struct bw_totals *totals = &report->sets[i].totals;
		unsigned long long within = 0;

		for (size_t k = 0; k <= BW_DURATION_BOUNDS; k++) {
			char bound[BW_DECIMAL_SIZE] = "+Inf";

			within += totals->bucket[k];
			if (k < BW_DURATION_BOUNDS)
				bw_decimal(bw_duration_bounds[k], 3, bound);
			put_labels(to, "code_execution_duration_bucket", totals->tenant, totals->profile);
			fprintf(to, ",le=\"%s\"", bound);
			put_value(to, within, 0);
		}
		put_labels(to, "code_execution_duration_sum", totals->tenant, totals->profile);
		put_value(to, totals->duration_ms, 3);
		put_labels(to, "code_execution_duration_count", totals->tenant, totals->profile);
		put_value(to, within, 0);
	}
}

static void put_states(FILE *to, const struct bw_report *report)
{
	static const char *const names[BW_REPORT_STATES] = {"creating", "created", "running", "paused", "stopped"};

	put_head(to, "bulwark_containers", "gauge", "Containers that are there, by state.");
	for (size_t i = 0; i < report->sets_n; i++) {
		for (size_t k = 0; k < BW_REPORT_STATES; k++) {
			put_labels(to, "bulwark_containers", report->sets[i].totals.tenant, report->sets[i].totals.profile);
			fprintf(to, ",state=\"%s\"", names[k]);
			put_value(to, report->sets[i].states[k], 0);
		}
	}
}

static void put_ones(FILE *to, const struct bw_report *report)
{
	static const struct {
		const char *name, *type, *help;
		size_t offset;
		unsigned decimals;
	} rows[] = {
		{"bulwark_container_cpu_seconds_total", "counter", "Processor time that one container has used.",
			offsetof(struct bw_measures, count[BW_COUNT_CPU_USEC]), 6},
		{"bulwark_container_oom_kills_total", "counter", "Processes of one container killed for want of memory.",
			offsetof(struct bw_measures, count[BW_COUNT_OOM_KILLS]), 0},
		{"bulwark_container_memory_bytes", "gauge", "Memory that one container uses.",
			offsetof(struct bw_measures, gauge[BW_GAUGE_MEMORY_BYTES]), 0},
		{"bulwark_container_memory_limit_bytes", "gauge", "Memory limit of one container; 0 is none.",
			offsetof(struct bw_measures, gauge[BW_GAUGE_MEMORY_LIMIT_BYTES]), 0},
		{"bulwark_container_pids", "gauge", "Processes and threads of one container.",
			offsetof(struct bw_measures, gauge[BW_GAUGE_PIDS]), 0},
	};

	for (size_t r = 0; report->ones_n && r < sizeof rows / sizeof *rows; r++) {
		put_head(to, rows[r].name, rows[r].type, rows[r].help);
		for (size_t i = 0; i < report->ones_n; i++) {
			const struct bw_report_one *one = &report->ones[i];
			const void *member = (const char *)&one->measures + rows[r].offset;

			put_labels(to, rows[r].name, one->tenant, one->profile);
			putc(',', to);
			put_label(to, "root", one->root);
			putc(',', to);
			put_label(to, "id", one->id);
			put_value(to, *(const uint64_t *)member, rows[r].decimals);
		}
	}
}

static void put_kill_switch(FILE *to, const struct bw_report *report)
{
	if (!report->stopped)
		return;
	put_head(to, "bulwark_kill_switch_all", "gauge", "1 while the kill switch lets nothing start on this host.");
	fprintf(to, "bulwark_kill_switch_all %d\n", report->stopped_all);
	put_head(to, "bulwark_kill_switch", "gauge", "1 for each tenant of whom the kill switch lets nothing start.");
	for (size_t i = 0; i < report->stopped_n; i++) {
		fputs("bulwark_kill_switch{", to);
		put_label(to, "tenant", report->stopped[i]);
		put_value(to, 1, 0);
	}
}

int bw_report_prometheus(const struct bw_report *report, char **ret, struct bw_err *err)
{
	size_t len;
	char *text = NULL;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");
	put_durations(to, report);
	put_series(to, report, bw_series_counters, "counter");
	put_states(to, report);
	put_series(to, report, bw_series_gauges, "gauge");
	put_ones(to, report);
	put_kill_switch(to, report);
	put_head(to, "bulwark_metrics_unreadable_files", "gauge", "Files of the host's totals that could not be read.");
	fprintf(to, "bulwark_metrics_unreadable_files %zu\n", report->unread);
	put_head(to, "bulwark_build_info", "gauge", "1, with the version as a label.");
	fputs("bulwark_build_info{", to);
	put_label(to, "version", report->version);
	put_value(to, 1, 0);
	if (fclose(to) != 0 || !text) {
		free(text);
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");
	}
	*ret = text;
	return 0;
}
