/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - the fields as rows. */
#include "criu/message.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"

/* --- requests --- */

enum kind {
	NUMBER,	     /* unsigned, pid_t; 0 is not sent */
	DESCRIPTOR,  /* int; below 0 is not sent */
	FLAG,	     /* bool */
	TEXT,	     /* const char * */
	TEXTS,	     /* struct bw_criu_texts */
	PAIRS,	     /* struct bw_criu_pairs: messages with 1 key, 2 value */
	INHERITED,   /* messages with 1 key, 2 descriptor */
};

struct row {
	unsigned field;
	enum kind kind;
	size_t offset;
};

#define ROW(field_, kind_, member) {(field_), (kind_), offsetof(struct bw_criu_options, member)}

static const struct row rows[] = {
	ROW(1, DESCRIPTOR, images_dir_fd),
	ROW(2, NUMBER, pid),
	ROW(3, FLAG, leave_running),
	ROW(4, FLAG, ext_unix_sk),
	ROW(5, FLAG, tcp_established),
	ROW(6, FLAG, evasive_devices),
	ROW(7, FLAG, shell_job),
	ROW(8, FLAG, file_locks),
	ROW(9, NUMBER, log_level),
	ROW(10, TEXT, log_file),
	ROW(12, FLAG, notify_scripts),
	ROW(13, TEXT, root),
	ROW(14, TEXT, parent_img),
	ROW(15, FLAG, track_mem),
	ROW(16, FLAG, auto_dedup),
	ROW(17, DESCRIPTOR, work_dir_fd),
	ROW(18, FLAG, link_remap),
	ROW(23, PAIRS, ext_mnt),
	ROW(24, FLAG, manage_cgroups),
	ROW(25, PAIRS, cg_root),
	ROW(26, FLAG, rst_sibling),
	ROW(27, INHERITED, inherit_fd),
	ROW(34, DESCRIPTOR, cgroups_mode),
	ROW(37, TEXTS, external),
	ROW(38, NUMBER, empty_ns),
	ROW(39, PAIRS, join_ns),
	ROW(44, TEXT, freeze_cgroup),
	ROW(46, FLAG, tcp_skip_in_flight),
	ROW(48, FLAG, lazy_pages),
	ROW(49, DESCRIPTOR, status_fd),
	ROW(50, FLAG, orphan_pts_master),
	ROW(51, TEXT, config_file),
	ROW(53, TEXT, lsm_profile),
	ROW(63, TEXT, lsm_mount_context),
};

enum { PAGE_SERVER = 11 }; /* criu_page_server_info: 1 address, 2 port */

static void write_pairs(struct bw_wire *wire, unsigned field, const struct bw_criu_pairs *list)
{
	for (size_t i = 0; i < list->n; i++) {
		auto_wire struct bw_wire inner = {0};

		if (list->v[i].key)
			bw_wire_text(&inner, 1, list->v[i].key);
		bw_wire_text(&inner, 2, list->v[i].value);
		bw_wire_message(wire, field, &inner);
	}
}

static void write_inherited(struct bw_wire *wire, unsigned field, const struct bw_criu_options *options)
{
	for (size_t i = 0; i < options->inherit_fd.n; i++) {
		auto_wire struct bw_wire inner = {0};

		bw_wire_text(&inner, 1, options->inherit_fd.v[i].key);
		bw_wire_number(&inner, 2, (uint64_t)options->inherit_fd.v[i].fd);
		bw_wire_message(wire, field, &inner);
	}
}

static void write_texts(struct bw_wire *wire, unsigned field, const struct bw_criu_texts *list)
{
	for (size_t i = 0; i < list->n; i++)
		bw_wire_text(wire, field, list->v[i]);
}

static void write_row(struct bw_wire *wire, const struct row *row, const struct bw_criu_options *options)
{
	const void *at = (const char *)options + row->offset;

	switch (row->kind) {
	case NUMBER:
		if (*(const unsigned *)at)
			bw_wire_number(wire, row->field, *(const unsigned *)at);
		return;
	case DESCRIPTOR:
		if (*(const int *)at >= 0)
			bw_wire_number(wire, row->field, (uint64_t)*(const int *)at);
		return;
	case FLAG:
		if (*(const bool *)at)
			bw_wire_number(wire, row->field, 1);
		return;
	case TEXT:
		if (*(const char *const *)at)
			bw_wire_text(wire, row->field, *(const char *const *)at);
		return;
	case TEXTS:
		write_texts(wire, row->field, at);
		return;
	case PAIRS:
		write_pairs(wire, row->field, at);
		return;
	case INHERITED:
		write_inherited(wire, row->field, options);
		return;
	}
}

static void write_options(struct bw_wire *wire, const struct bw_criu_options *options)
{
	auto_wire struct bw_wire server = {0};

	for (size_t i = 0; i < BW_COUNT(rows); i++)
		write_row(wire, &rows[i], options);
	if (!options->server_address)
		return;
	bw_wire_text(&server, 1, options->server_address);
	bw_wire_number(&server, 2, options->server_port);
	bw_wire_message(wire, PAGE_SERVER, &server);
}

void bw_criu_request_write(const struct bw_criu_request *request, struct bw_wire *ret)
{
	auto_wire struct bw_wire options = {0}, features = {0};

	bw_wire_number(ret, 1, request->type);
	if (request->options) {
		write_options(&options, request->options);
		bw_wire_message(ret, 2, &options);
	}
	if (request->notify_success)
		bw_wire_number(ret, 3, 1);
	if (request->mem_track)
		bw_wire_number(&features, 1, 1);
	if (request->lazy_pages)
		bw_wire_number(&features, 2, 1);
	if (features.len)
		bw_wire_message(ret, 5, &features);
}

int bw_criu_pair_add(struct bw_arena *arena, struct bw_criu_pairs *list, const char *key, const char *value)
{
	struct bw_criu_pair *pair = value ? bw_push(arena, list) : NULL;

	if (!pair)
		return -1;
	*pair = (struct bw_criu_pair){.key = key, .value = value};
	return 0;
}

int bw_criu_inherit(struct bw_arena *arena, struct bw_criu_options *options, const char *key, int fd)
{
	struct bw_criu_inherited *inherited = key ? bw_push(arena, &options->inherit_fd) : NULL;

	if (!inherited)
		return -1;
	*inherited = (struct bw_criu_inherited){.key = key, .fd = fd};
	return 0;
}

/* --- answers --- */

const char *bw_criu_type_name(unsigned type)
{
	switch (type) {
	case BW_CRIU_DUMP:
		return "DUMP";
	case BW_CRIU_RESTORE:
		return "RESTORE";
	case BW_CRIU_PRE_DUMP:
		return "PRE_DUMP";
	case BW_CRIU_NOTIFY:
		return "NOTIFY";
	case BW_CRIU_FEATURE_CHECK:
		return "FEATURE_CHECK";
	case BW_CRIU_VERSION:
		return "VERSION";
	default:
		return "?";
	}
}

static void keep_text(const struct bw_wire_field *field, char *buf, size_t size)
{
	size_t len = field->len < size ? field->len : size - 1;

	if (!field->is_bytes)
		return;
	memcpy(buf, field->bytes, len);
	buf[len] = '\0';
}

/* Gets each field of a message within the answer. */
typedef void inner_fn(const struct bw_wire_field *field, struct bw_criu_response *ret, unsigned version[4]);

static void in_restore(const struct bw_wire_field *field, struct bw_criu_response *ret, unsigned version[4])
{
	(void)version;
	if (field->number == 1)
		ret->pid = (pid_t)field->value;
}

static void in_notify(const struct bw_wire_field *field, struct bw_criu_response *ret, unsigned version[4])
{
	(void)version;
	if (field->number == 1)
		keep_text(field, ret->script, sizeof ret->script);
	else if (field->number == 2)
		ret->pid = (pid_t)field->value;
}

static void in_features(const struct bw_wire_field *field, struct bw_criu_response *ret, unsigned version[4])
{
	(void)version;
	if (field->number == 1)
		ret->mem_track = field->value != 0;
	else if (field->number == 2)
		ret->lazy_pages = field->value != 0;
}

/* 1 major, 2 minor, 3 commit, 4 sublevel. */
static void in_version(const struct bw_wire_field *field, struct bw_criu_response *ret, unsigned version[4])
{
	(void)ret;
	if (field->number >= 1 && field->number <= 4)
		version[field->number - 1] = field->is_bytes ? field->len > 0 : (unsigned)(field->value % 100);
}

static int read_inner(const struct bw_wire_field *field, inner_fn *fn, struct bw_criu_response *ret)
{
	struct bw_wire_reader reader = {.at = field->bytes, .end = field->bytes + field->len};
	struct bw_wire_field inner;
	unsigned version[4] = {0};
	int r;

	if (!field->is_bytes)
		return -1;
	while ((r = bw_wire_next(&reader, &inner)) > 0)
		fn(&inner, ret, version);
	/* What is built between releases is on its way to the next. */
	if (fn == in_version)
		ret->version = version[0] * 10000 + (version[1] + version[2]) * 100 + (version[2] ? 0 : version[3]);
	return r;
}

static int read_field(const struct bw_wire_field *field, struct bw_criu_response *ret)
{
	switch (field->number) {
	case 1:
		ret->type = (unsigned)field->value;
		return 0;
	case 2:
		ret->success = field->value != 0;
		return 0;
	case 4:
		return read_inner(field, in_restore, ret);
	case 5:
		return read_inner(field, in_notify, ret);
	case 7:
		ret->sys = (int)field->value;
		return 0;
	case 8:
		return read_inner(field, in_features, ret);
	case 10:
		return read_inner(field, in_version, ret);
	default:
		return 0;
	}
}

int bw_criu_response_read(const void *bytes, size_t len, struct bw_criu_response *ret)
{
	struct bw_wire_reader reader = {.at = bytes, .end = (const unsigned char *)bytes + len};
	struct bw_criu_response response = {0};
	struct bw_wire_field field;
	int r;

	while ((r = bw_wire_next(&reader, &field)) > 0)
		if (read_field(&field, &response) < 0)
			return -1;
	if (r < 0 || !response.type)
		return -1;
	*ret = response;
	return 0;
}
