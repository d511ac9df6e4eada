/* SPDX-License-Identifier: Apache-2.0 */
/* change.c - the only functions that write into a spec under hardening, and the findings that they
 * leave. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "policy/rules.h"

/* Rules hold the spec const; its memory is the run's own copy, and this is the one place that says
 * so. */
static void *writable(const void *member)
{
	return (void *)(uintptr_t)member;
}

static const char *keep(struct bw_run *r, const char *text)
{
	char *copy = text ? bw_arena_strdup(r->arena, text) : NULL;

	if (text && !copy)
		r->out_of_memory = true;
	return copy;
}

static void record(struct bw_run *r, enum bw_verdict verdict, const char *pointer,
	const char *before, const char *after, const char *reason, const char *hint)
{
	struct bw_finding finding = {r->rule, verdict, keep(r, pointer), keep(r, before),
		keep(r, after), keep(r, reason), keep(r, hint)};
	struct bw_finding *slot = bw_push(r->arena, r->findings);

	if (!slot) {
		r->out_of_memory = true;
		return;
	}
	*slot = finding;
}

const char *bw_text(struct bw_run *r, const char *fmt, ...)
{
	char buf[1];
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	text = len < 0 ? NULL : bw_arena_alloc(r->arena, (size_t)len + 1);
	if (!text) {
		r->out_of_memory = true;
		return "";
	}
	va_start(ap, fmt);
	vsnprintf(text, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return text;
}

static size_t quoted_size(const char *text)
{
	size_t n = 2;

	for (; *text; text++)
		n += (unsigned char)*text < 0x20 ? 6 : *text == '"' || *text == '\\' ? 2 : 1;
	return n;
}

static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

static void add_quoted(struct bw_buf *buf, const char *text)
{
	bw_buf_add(buf, "\"");
	while (*text) {
		size_t plain = 0;

		while (is_plain(text[plain]))
			plain++;
		bw_buf_addn(buf, text, plain);
		text += plain;
		if (!*text)
			break;
		if ((unsigned char)*text < 0x20)
			bw_buf_addf(buf, "\\u%04x", (unsigned)(unsigned char)*text);
		else
			bw_buf_addf(buf, "\\%c", *text);
		text++;
	}
	bw_buf_add(buf, "\"");
}

/* A string as JSON, in the arena; NULL stays NULL. */
static const char *quote(struct bw_run *r, const char *text)
{
	size_t size = text ? quoted_size(text) + 1 : 0;
	char *place = text ? bw_arena_alloc(r->arena, size) : NULL;
	struct bw_buf buf;

	if (!place) {
		r->out_of_memory = r->out_of_memory || text;
		return NULL;
	}
	buf = bw_buf_over(place, size);
	add_quoted(&buf, text);
	return place;
}

const char *bw_list_text(struct bw_run *r, const struct bw_strs *list)
{
	struct bw_buf buf;
	size_t size = 3;
	char *place;

	for (size_t i = 0; i < list->n; i++)
		size += quoted_size(list->v[i]) + 2;
	place = bw_arena_alloc(r->arena, size);
	if (!place) {
		r->out_of_memory = true;
		return "";
	}
	buf = bw_buf_over(place, size);
	bw_buf_add(&buf, "[");
	for (size_t i = 0; i < list->n; i++) {
		bw_buf_add(&buf, i ? ", " : "");
		add_quoted(&buf, list->v[i]);
	}
	bw_buf_add(&buf, "]");
	return place;
}

void bw_collect(struct bw_run *r, struct bw_strs *list, const char *text)
{
	if (bw_strs_add(r->arena, list, text) < 0)
		r->out_of_memory = true;
}

void bw_change_bool(struct bw_run *r, const struct bw_opt_bool *member, bool value,
	const char *pointer, const char *reason)
{
	if (member->set && member->v == value)
		return;
	record(r, BW_CHANGED, pointer,
		!member->set ? NULL
		: member->v  ? "true"
			     : "false",
		value ? "true" : "false", reason, NULL);
	*(struct bw_opt_bool *)writable(member) = (struct bw_opt_bool){true, value};
}

void bw_change_uint(struct bw_run *r, const struct bw_opt_uint *member, uint64_t value,
	const char *pointer, const char *reason)
{
	const char *before = member->set ? bw_text(r, "%" PRIu64, member->v) : NULL;

	if (member->set && member->v == value)
		return;
	record(r, BW_CHANGED, pointer, before, bw_text(r, "%" PRIu64, value), reason, NULL);
	*(struct bw_opt_uint *)writable(member) = (struct bw_opt_uint){true, value};
}

void bw_change_int(struct bw_run *r, const struct bw_opt_int *member, int64_t value,
	const char *pointer, const char *reason)
{
	const char *before = member->set ? bw_text(r, "%" PRId64, member->v) : NULL;

	if (member->set && member->v == value)
		return;
	record(r, BW_CHANGED, pointer, before, bw_text(r, "%" PRId64, value), reason, NULL);
	*(struct bw_opt_int *)writable(member) = (struct bw_opt_int){true, value};
}

void bw_change_string(struct bw_run *r, char *const *member, const char *value, const char *pointer,
	const char *reason)
{
	char *copy = value ? bw_arena_strdup(r->arena, value) : NULL;

	if (bw_streq0(*member, value))
		return;
	if (value && !copy) {
		r->out_of_memory = true;
		return;
	}
	record(r, BW_CHANGED, pointer, quote(r, *member), quote(r, value), reason, NULL);
	*(char **)writable(member) = copy;
}

static bool same_strs(const struct bw_strs *a, const struct bw_strs *b)
{
	if (a->n != b->n || !a->v != !b->v)
		return false;
	for (size_t i = 0; a->v && i < a->n; i++)
		if (!bw_streq(a->v[i], b->v[i]))
			return false;
	return true;
}

/* A copy of list: what the rule goes on doing with its own must not reach the spec. */
static bool copy_strs(struct bw_run *r, const struct bw_strs *list, struct bw_strs *ret)
{
	*ret = (struct bw_strs){0};
	if (!list->v)
		return true;
	ret->v = bw_arena_alloc(r->arena, bw_arena_room(list->n) * sizeof *ret->v);
	for (; ret->v && ret->n < list->n; ret->n++) {
		ret->v[ret->n] = bw_arena_strdup(r->arena, list->v[ret->n]);
		if (!ret->v[ret->n])
			break;
	}
	if (!ret->v || ret->n < list->n)
		r->out_of_memory = true;
	return !r->out_of_memory;
}

void bw_change_strs(struct bw_run *r, const struct bw_strs *member, const struct bw_strs *value,
	const char *pointer, const char *reason)
{
	struct bw_strs copy;

	if (same_strs(member, value) || !copy_strs(r, value, &copy))
		return;
	record(r, BW_CHANGED, pointer, member->v ? bw_list_text(r, member) : NULL,
		value->v ? bw_list_text(r, value) : NULL, reason, NULL);
	*(struct bw_strs *)writable(member) = copy;
}

void bw_change_env(struct bw_run *r, const struct bw_strs *member, const struct bw_strs *value,
	const char *before, const char *after, const char *pointer, const char *reason)
{
	struct bw_strs copy;

	if (same_strs(member, value) || !copy_strs(r, value, &copy))
		return;
	record(r, BW_CHANGED, pointer, before, after, reason, NULL);
	*(struct bw_strs *)writable(member) = copy;
}

static const char *ids_text(struct bw_run *r, const struct bw_uints *list)
{
	size_t size = 3 + list->n * 22;
	char *place = bw_arena_alloc(r->arena, size);
	struct bw_buf buf;

	if (!place) {
		r->out_of_memory = true;
		return "";
	}
	buf = bw_buf_over(place, size);
	bw_buf_add(&buf, "[");
	for (size_t i = 0; i < list->n; i++)
		bw_buf_addf(&buf, "%s%" PRIu64, i ? ", " : "", list->v[i]);
	bw_buf_add(&buf, "]");
	return place;
}

void bw_collect_id(struct bw_run *r, struct bw_uints *list, uint64_t id)
{
	uint64_t *slot = bw_push(r->arena, list);

	if (slot)
		*slot = id;
	else
		r->out_of_memory = true;
}

void bw_change_ids(struct bw_run *r, const struct bw_uints *member, const struct bw_uints *value,
	const char *pointer, const char *reason)
{
	/* An empty list that is said is not the same as none. */
	if ((member->n == value->n && (member->v || !value->v)) || r->out_of_memory)
		return;
	record(r, BW_CHANGED, pointer, member->v ? ids_text(r, member) : NULL, ids_text(r, value), reason, NULL);
	*(struct bw_uints *)writable(member) = *value;
}

/* Pointers of every object type are moved by memcpy: member is the address of one of them. */
static void *object_at(const void *member)
{
	void *object;

	memcpy(&object, member, sizeof object);
	return object;
}

void bw_change_gone(struct bw_run *r, const void *member, const char *shown, const char *pointer,
	const char *reason)
{
	void *none = NULL;

	if (!object_at(member))
		return;
	record(r, BW_CHANGED, pointer, shown, NULL, reason, NULL);
	memcpy(writable(member), &none, sizeof none);
}

void bw_change_list(struct bw_run *r, const void *member, const void *v, size_t n,
	const char *before, const char *after, const char *pointer, const char *reason)
{
	struct bw_any_list list = {writable(v), n};

	record(r, BW_CHANGED, pointer, before, after, reason, NULL);
	memcpy(writable(member), &list, sizeof list);
}

void bw_insert(struct bw_run *r, const void *member, size_t index, const void *element, size_t size,
	const char *after, const char *pointer, const char *reason)
{
	struct bw_any_list list;
	unsigned char *room;

	memcpy(&list, member, sizeof list);
	room = bw_arena_alloc(r->arena, bw_arena_room(list.n + 1) * size);
	if (!room) {
		r->out_of_memory = true;
		return;
	}
	if (index)
		memcpy(room, list.v, index * size);
	memcpy(room + index * size, element, size);
	if (index < list.n)
		memcpy(room + (index + 1) * size, (unsigned char *)list.v + index * size,
			(list.n - index) * size);
	list.v = room;
	list.n++;
	record(r, BW_CHANGED, pointer, NULL, after, reason, NULL);
	memcpy(writable(member), &list, sizeof list);
}

const void *bw_ensure_object(struct bw_run *r, const void *member, size_t size)
{
	void *object = object_at(member);

	if (object)
		return object;
	object = bw_arena_alloc(r->arena, size);
	if (!object)
		r->out_of_memory = true;
	else
		memcpy(writable(member), &object, sizeof object);
	return object;
}

void bw_deny(struct bw_run *r, const char *pointer, const char *before, const char *reason,
	const char *hint)
{
	record(r, BW_DENIED, pointer, before, NULL, reason, hint);
}

void bw_note(struct bw_run *r, const char *pointer, const char *before, const char *reason)
{
	record(r, BW_NOTED, pointer, before, before, reason, NULL);
}
