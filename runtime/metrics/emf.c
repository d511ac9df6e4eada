/* SPDX-License-Identifier: Apache-2.0 */
/* emf.c - CloudWatch's Embedded Metric Format: a line of JSON whose "_aws" says which of its members are metrics and
 * which are their dimensions. CloudWatch adds up what it gets, so a counter is told as what has come since the last
 * line. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "json/json.h"
#include "metrics/report.h"
#include "metrics/series.h"

/* The format's own bounds: metrics in one directive, and the length of a dimension's value. */
enum { MAX_METRICS = 100, MAX_VALUE = 1024, MAX_NAMESPACE = 255 };

struct number {
	const char *name, *unit;
	char text[BW_DECIMAL_SIZE];
};
struct document {
	struct number numbers[MAX_METRICS];
	size_t n;
};

static void add(struct document *to, const char *name, const char *unit, uint64_t value, unsigned decimals)
{
	struct number *number = &to->numbers[to->n++];

	number->name = name;
	number->unit = unit;
	bw_decimal(value, decimals, number->text);
}

/* A dimension is ASCII, and must not be empty. */
static void put_dimension(struct bw_json_writer *w, const char *key, const char *value)
{
	char copy[MAX_VALUE + 1];

	if (!value || !*value)
		return;
	snprintf(copy, sizeof copy, "%s", value);
	for (char *p = copy; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
			*p = '?';
	bw_json_key(w, key);
	bw_json_string(w, copy);
}

static void put_directive(
	struct bw_json_writer *w, const struct document *document, const char *name_space, bool tenant, bool profile)
{
	bw_json_key(w, "CloudWatchMetrics");
	bw_json_begin_array(w);
	bw_json_begin_object(w);
	bw_json_key(w, "Namespace");
	bw_json_string(w, name_space);
	bw_json_key(w, "Dimensions");
	bw_json_begin_array(w);
	bw_json_begin_array(w);
	if (tenant)
		bw_json_string(w, "Tenant");
	if (profile)
		bw_json_string(w, "Profile");
	bw_json_end_array(w);
	bw_json_end_array(w);
	bw_json_key(w, "Metrics");
	bw_json_begin_array(w);
	for (size_t i = 0; i < document->n; i++) {
		bw_json_begin_object(w);
		bw_json_key(w, "Name");
		bw_json_string(w, document->numbers[i].name);
		bw_json_key(w, "Unit");
		bw_json_string(w, document->numbers[i].unit);
		bw_json_end_object(w);
	}
	bw_json_end_array(w);
	bw_json_end_object(w);
	bw_json_end_array(w);
}

/* The document as one line; id may be NULL: it is for logs to be searched by, and no dimension. */
static int put_document(const struct document *document, const struct bw_emf_end *of, char **ret, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	int r;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");
	bw_json_begin_object(w);
	bw_json_key(w, "_aws");
	bw_json_begin_object(w);
	bw_json_key(w, "Timestamp");
	bw_json_uint(w, of->unix_ms);
	put_directive(w, document, of->name_space ? of->name_space : BW_EMF_NAMESPACE, of->tenant && *of->tenant,
		of->profile && *of->profile);
	bw_json_end_object(w);
	put_dimension(w, "Tenant", of->tenant);
	put_dimension(w, "Profile", of->profile);
	put_dimension(w, "Container", of->id);
	for (size_t i = 0; i < document->n; i++) {
		bw_json_key(w, document->numbers[i].name);
		bw_json_number_text(w, document->numbers[i].text);
	}
	bw_json_end_object(w);
	r = bw_json_writer_end(w, ret, NULL, err);
	bw_json_writer_free(w);
	return r;
}

/* --- sets --- */

static const struct bw_report_set *find(const struct bw_report *report, const struct bw_report_set *like)
{
	for (size_t i = 0; report && i < report->sets_n; i++)
		if (bw_streq(report->sets[i].totals.tenant, like->totals.tenant) &&
			bw_streq(report->sets[i].totals.profile, like->totals.profile))
			return &report->sets[i];
	return NULL;
}

/* A counter that has gone down has begun anew. */
static uint64_t since(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

static void collect(const struct bw_report_set *set, const struct bw_report_set *before, struct document *ret)
{
	static const struct bw_report_set nothing;
	uint64_t ended, duration_ms, there = 0;

	before = before ? before : &nothing;
	ended = since(set->totals.ended, before->totals.ended);
	duration_ms = since(set->totals.duration_ms, before->totals.duration_ms);
	ret->n = 0;
	if (ended)
		add(ret, "code_execution_duration", "Seconds", duration_ms / ended, 3);
	add(ret, "executions_ended", "Count", ended, 0);
	for (const struct bw_series *series = bw_series_counters; series->emf; series++) {
		const void *now = (const char *)set + series->offset, *then = (const char *)before + series->offset;

		add(ret, series->emf, series->unit, since(*(const uint64_t *)now, *(const uint64_t *)then), series->decimals);
	}
	for (const struct bw_series *series = bw_series_gauges; series->emf; series++) {
		const void *now = (const char *)set + series->offset;

		add(ret, series->emf, series->unit, *(const uint64_t *)now, series->decimals);
	}
	for (size_t i = 0; i < BW_REPORT_STATES; i++)
		there += set->states[i];
	add(ret, "containers", "Count", there, 0);
}

int bw_report_emf(const struct bw_report *report, const struct bw_report *past, const char *name_space,
	uint64_t unix_ms, char **ret, struct bw_err *err)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	int r = to ? 0 : bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");

	for (size_t i = 0; r == 0 && i < report->sets_n; i++) {
		const struct bw_report_set *set = &report->sets[i];
		struct document document;
		auto_free char *line = NULL;

		collect(set, find(past, set), &document);
		r = put_document(&document,
			&(struct bw_emf_end){.name_space = name_space,
				.tenant = set->totals.tenant,
				.profile = set->totals.profile,
				.unix_ms = unix_ms},
			&line, err);
		if (r == 0)
			fprintf(to, "%s\n", line);
	}
	if (to && fclose(to) != 0 && r == 0)
		r = bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");
	if (r < 0) {
		free(text);
		return -1;
	}
	*ret = text;
	return 0;
}

/* --- one that has ended --- */

int bw_emf_text(const struct bw_emf_end *end, char **ret, struct bw_err *err)
{
	struct bw_report_set set = {0};
	struct document document = {.n = 0};

	memcpy(set.totals.count, end->last->count, sizeof set.totals.count);
	if (end->last->started_unix_ms)
		add(&document, "code_execution_duration", "Seconds", end->last->duration_ms, 3);
	for (const struct bw_series *series = bw_series_counters; series->emf; series++) {
		const void *value = (const char *)&set + series->offset;

		add(&document, series->emf, series->unit, *(const uint64_t *)value, series->decimals);
	}
	return put_document(&document, end, ret, err);
}

static int make_room(const char *file, struct bw_err *err)
{
	char old[4096];
	struct stat st;

	if (lstat(file, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < BW_EMF_MAX_BYTES)
		return 0;
	if (snprintf(old, sizeof old, "%s.1", file) >= (int)sizeof old || rename(file, old) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "renaming %s to %s.1", file, file);
	return 0;
}

int bw_emf_append_lines(const char *file, const char *lines, struct bw_err *err)
{
	auto_close int fd = -1;
	int r;

	if (make_room(file, err) < 0)
		return -1;
	fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening %s", file);
	r = bw_write_all(fd, lines, strlen(lines));
	return r < 0 ? bw_fail(err, BW_E_KERNEL, -r, "writing %s", file) : 0;
}

int bw_emf_append(const char *file, const struct bw_emf_end *end, struct bw_err *err)
{
	auto_free char *text = NULL, *line = NULL;

	if (bw_emf_text(end, &text, err) < 0)
		return -1;
	if (asprintf(&line, "%s\n", text) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");
	return bw_emf_append_lines(file, line, err);
}

bool bw_emf_namespace_fits(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= MAX_NAMESPACE && !bw_after_prefix(name, "AWS/") &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_/#:") == len;
}
