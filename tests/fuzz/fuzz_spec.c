/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_spec.c - any bytes as config.json: refused in words, or a spec that is the same after
 * copying it, and after writing and reading it again. The same bytes as a process file's and an
 * update's. */
#include <string.h>

#include "base/auto.h"
#include "fuzz.h"
#include "spec/spec.h"

static void say(const char *pointer, void *ctx)
{
	(void)ctx;
	fprintf(stderr, "%s differs\n", pointer);
}

static int read_as(const struct bw_schema *schema, const char *text, size_t len,
	struct bw_arena *arena, void **ret)
{
	struct bw_notes notes = {NULL, 0};
	struct bw_json *json;
	struct bw_err err = {0};

	if (bw_json_parse(text, len, "input", arena, &json, &err) == 0 &&
		bw_schema_read(schema, json, BW_E_SPEC, arena, ret, &notes, &err) == 0)
		return 0;
	must(err.text[0] && err.code == BW_E_SPEC);
	return -1;
}

static void check_same(const struct bw_schema *schema, const void *object)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_json_writer *w = bw_json_writer_new(false);
	auto_free char *text = NULL;
	struct bw_err err = {0};
	void *again;
	size_t len;

	bw_schema_write(schema, object, w);
	must(bw_json_writer_end(w, &text, &len, &err) == 0);
	bw_json_writer_free(w);
	if (len > BW_JSON_MAX_BYTES)
		return;
	must(read_as(schema, text, len, &arena, &again) == 0);
	must(bw_schema_diff(schema, object, again, say, NULL) == 0);
	must(bw_schema_diff(schema, object, bw_schema_copy(schema, object, &arena), say, NULL) ==
		0);
}

static void run(const struct bw_schema *schema, const char *text, size_t len)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err = {0};
	void *object;

	if (read_as(schema, text, len, &arena, &object) < 0)
		return;
	check_same(schema, object);
	if (schema == &bw_spec_process_schema && bw_spec_check_process(object, &err) < 0)
		must(err.field[0]);
	if (schema == &bw_spec_resources_schema && bw_spec_check_resources(object, &err) < 0)
		must(err.field[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_notes notes = {NULL, 0};
	struct bw_spec *spec = NULL;
	struct bw_err err = {0};
	const char *text = (const char *)data;

	if (bw_spec_parse(text, size, "input", &arena, &spec, &notes, &err) == 0)
		must(spec && spec->process && spec->process->args.n && spec->root);
	else
		must(err.text[0] && !spec);
	run(&bw_spec_schema, text, size);
	run(&bw_spec_process_schema, text, size);
	run(&bw_spec_resources_schema, text, size);
	return 0;
}
