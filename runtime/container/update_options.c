/* SPDX-License-Identifier: Apache-2.0 */
/* update_options.c - the options of `update` become the JSON that they stand for and are read by the same table as
 * a file, so that both ways have the same checks. */
#include "container/update_options.h"

#include <errno.h>

#include "base/auto.h"
#include "base/str.h"
#include "control/cgroup.h"

enum kind { BYTES, WHOLE, SIGNED, TEXT };

/* Options of one object stand together. */
static const struct row {
	const char *option;
	size_t offset;
	enum kind kind;
	const char *object, *member;
} rows[] = {
#define ROW(option, name, kind, object, member)                                                    \
	{                                                                                          \
		option, offsetof(struct bw_update_options, name), kind, object, member             \
	}
	ROW("blkio-weight", blkio_weight, WHOLE, "blockIO", "weight"),
	ROW("cpu-period", cpu_period, WHOLE, "cpu", "period"),
	ROW("cpu-quota", cpu_quota, SIGNED, "cpu", "quota"),
	ROW("cpu-burst", cpu_burst, WHOLE, "cpu", "burst"),
	ROW("cpu-share", cpu_share, WHOLE, "cpu", "shares"),
	ROW("cpu-rt-period", cpu_rt_period, WHOLE, "cpu", "realtimePeriod"),
	ROW("cpu-rt-runtime", cpu_rt_runtime, SIGNED, "cpu", "realtimeRuntime"),
	ROW("cpu-idle", cpu_idle, SIGNED, "cpu", "idle"),
	ROW("cpuset-cpus", cpuset_cpus, TEXT, "cpu", "cpus"),
	ROW("cpuset-mems", cpuset_mems, TEXT, "cpu", "mems"),
	ROW("memory", memory, BYTES, "memory", "limit"),
	ROW("memory-reservation", memory_reservation, BYTES, "memory", "reservation"),
	ROW("memory-swap", memory_swap, BYTES, "memory", "swap"),
	ROW("kernel-memory", kernel_memory, BYTES, "memory", "kernel"),
	ROW("kernel-memory-tcp", kernel_memory_tcp, BYTES, "memory", "kernelTCP"),
	ROW("pids-limit", pids_limit, SIGNED, "pids", "limit"),
#undef ROW
};

static const char *text_of(const struct row *row, const struct bw_update_options *options)
{
	return *(const char *const *)(const void *)((const char *)options + row->offset);
}

/* "" is not given, as it is for callers that always write the option. */
static bool is_given(const struct row *row, const struct bw_update_options *options)
{
	const char *text = text_of(row, options);

	return text && *text;
}

static int put_number(const struct row *row, const char *text, struct bw_json_writer *w, struct bw_err *err)
{
	uint64_t whole;
	int64_t number = -1;

	switch (row->kind) {
	case BYTES:
		if (!bw_streq(text, "-1") && bw_parse_size(text, &number) < 0)
			return bw_fail(err, BW_E_USAGE, 0, "invalid value for %s: invalid size: '%s'", row->option,
				text);
		bw_json_int(w, number);
		return 0;
	case WHOLE:
		if (bw_parse_u64(text, UINT64_MAX, &whole) < 0)
			break;
		bw_json_uint(w, whole);
		return 0;
	case SIGNED:
		if (bw_parse_i64(text, INT64_MIN, INT64_MAX, &number) < 0)
			break;
		bw_json_int(w, number);
		return 0;
	case TEXT:
		bw_json_string(w, text);
		return 0;
	}
	return bw_fail(err, BW_E_USAGE, 0, "invalid value for %s: expected a number, found \"%s\"", row->option, text);
}

static int put_members(const struct bw_update_options *options, struct bw_json_writer *w, struct bw_err *err)
{
	const char *open = NULL;

	for (size_t i = 0; i < BW_COUNT(rows); i++) {
		const struct row *row = &rows[i];

		if (!is_given(row, options))
			continue;
		if (!open || !bw_streq(open, row->object)) {
			if (open)
				bw_json_end_object(w);
			bw_json_key(w, row->object);
			bw_json_begin_object(w);
		}
		open = row->object;
		bw_json_key(w, row->member);
		if (put_number(row, text_of(row, options), w, err) < 0)
			return bw_at(err, "--%s", row->option);
	}
	if (open)
		bw_json_end_object(w);
	return 0;
}

static int options_text(const struct bw_update_options *options, char **ret, size_t *ret_len, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	int r;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "update");
	bw_json_begin_object(w);
	r = put_members(options, w, err);
	bw_json_end_object(w);
	if (r == 0)
		r = bw_json_writer_end(w, ret, ret_len, err);
	bw_json_writer_free(w);
	return r;
}

int bw_update_asked(const struct bw_update_options *options, struct bw_arena *arena, struct bw_spec_resources **ret,
	struct bw_err *err)
{
	auto_free char *text = NULL;
	size_t len = 0;
	int r;

	if (options->resources)
		r = bw_spec_load_resources(options->resources, arena, ret, err);
	else if (options_text(options, &text, &len, err) < 0)
		return -1;
	else
		r = bw_spec_parse_resources(text, len, "the options", arena, ret, err);
	if (r == 0)
		bw_cgroup_warn_of_ignored(*ret);
	return r;
}
