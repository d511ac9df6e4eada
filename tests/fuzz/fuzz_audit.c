/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_audit.c - any bytes as an audit trail. The check ends, says of no fault twice more than there are lines, and what
 * parses has what every line has. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "fuzz.h"

struct counts {
	uint64_t findings, lines;
};

static void found(const struct bw_audit_finding *finding, void *ctx)
{
	struct counts *counts = ctx;

	counts->findings++;
	must(memchr(finding->text, '\0', sizeof finding->text) != NULL && finding->text[0]);
	must(finding->line <= counts->lines);
}

static void parse(const char *text, size_t len)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_audit_entry *entry;
	struct bw_err err = {0};

	if (bw_audit_parse(text, len, &arena, &entry, &err) < 0) {
		must(err.text[0]);
		return;
	}
	must(entry->seq.set && entry->seq.v > 0 && entry->time && entry->event && entry->previous);
	must(strlen(entry->previous) == BW_SHA256_HEX - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct counts counts = {0};
	struct bw_audit_check check;
	const char *text = (const char *)data;
	size_t at = 0;

	bw_audit_check_begin(&check, 2, "0000000000000000000000000000000000000000000000000000000000000000", found, &counts);
	while (at < size) {
		const char *newline = memchr(text + at, '\n', size - at);
		const struct bw_audit_line line = {.file = "f", .number = ++counts.lines, .text = text + at,
			.len = newline ? (size_t)(newline - text) - at : size - at, .whole = newline != NULL};

		parse(line.text, line.len);
		bw_audit_check_line(&check, &line);
		at += line.len + 1;
	}
	bw_audit_check_end(&check, "f");
	must(check.lines == counts.lines && check.damaged + check.explained == counts.findings);
	must(counts.findings <= 2 * counts.lines + 1 && check.first_seq <= check.last_seq);
	return 0;
}
