/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_task_request.c - any bytes as any message of the shim's tables, the first byte says which; what stands in an Any is
 * read as every kind of options, too. What was read is written so that it reads the same again; what was refused is
 * refused in words; no text is NULL. */
#include <string.h>

#include "base/auto.h"
#include "fuzz.h"
#include "shim/messages.h"

static const struct bw_proto_table *const others[] = {
	&bw_any_table,
	&bw_timestamp_table,
	&bw_ttrpc_request_table,
	&bw_ttrpc_response_table,
	&bw_runc_options_table,
	&bw_generic_options_table,
	&bw_checkpoint_options_table,
	&bw_process_details_table,
	&bw_bootstrap_params_table,
	&bw_bootstrap_result_table,
	&bw_runtime_info_table,
};

/* Larger than every struct of a table. */
union any_value {
	struct bw_task_request request;
	struct bw_task_response response;
	struct bw_task_event event;
	struct bw_checkpoint_options options;
	struct bw_bootstrap_params params;
};

static const struct bw_proto_table *table_of(unsigned n)
{
	n %= 2 * BW_TASK_METHODS + BW_TOPICS + BW_COUNT(others);
	if (n < BW_TASK_METHODS)
		return bw_task_layouts[n].request;
	n -= BW_TASK_METHODS;
	if (n < BW_TASK_METHODS)
		return bw_task_layouts[n].response;
	n -= BW_TASK_METHODS;
	return n < BW_TOPICS ? bw_topic_layouts[n].event : others[n - BW_TOPICS];
}

static void must_have_texts(const struct bw_proto_row *rows, const void *value)
{
	for (const struct bw_proto_row *row = rows; row && row->kind != BW_PROTO_END; row++) {
		const void *at = (const char *)value + row->offset;

		if (row->kind == BW_PROTO_TEXT)
			must(*(const char *const *)at != NULL);
		if (row->kind == BW_PROTO_PART)
			must_have_texts(row->of->rows, value);
	}
}

/* -1: these bytes are no such message. */
static int read_and_write(const struct bw_proto_table *table, const uint8_t *data, size_t size, struct bw_arena *arena,
	union any_value *ret)
{
	auto_wire struct bw_wire first = {0}, second = {0};
	struct bw_err err = {0};
	union any_value again;

	must(table->size <= sizeof *ret);
	memset(ret, 0x5a, sizeof *ret);
	if (bw_proto_read(table, data, size, arena, ret, &err) < 0) {
		must(err.code == BW_E_USAGE && err.text[0]);
		return -1;
	}
	must_have_texts(table->rows, ret);
	must_have_texts(table->texts, ret);
	bw_proto_write(table, ret, &first);
	must(!first.no_memory);
	must(bw_proto_read(table, first.bytes, first.len, arena, &again, &err) == 0);
	bw_proto_write(table, &again, &second);
	must(first.len == second.len);
	must(first.len == 0 || memcmp(first.bytes, second.bytes, first.len) == 0);
	return 0;
}

static void read_any(const struct bw_any *any, struct bw_arena *arena)
{
	union any_value value;

	if (!any)
		return;
	for (size_t i = 0; i < BW_COUNT(others); i++)
		read_and_write(others[i], any->value.v, any->value.len, arena, &value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const struct bw_proto_table *table;
	union any_value value;

	if (size == 0)
		return 0;
	table = table_of(data[0]);
	if (read_and_write(table, data + 1, size - 1, &arena, &value) < 0)
		return 0;
	if (table == bw_task_layouts[data[0] % BW_TASK_METHODS].request)
		read_any(value.request.any, &arena);
	if (table == &bw_bootstrap_params_table) {
		for (size_t i = 0; i < value.params.extensions.n && i < 4; i++)
			read_any(value.params.extensions.v[i].value, &arena);
	}
	return 0;
}
