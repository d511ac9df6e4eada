/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - strict JSON over yajl's streaming interface. The only file that includes yajl.
 * What yajl lets pass (malformed UTF-8, lone surrogates, duplicate keys, NUL in strings, any depth
 * and size) is refused here: config.json may be written by somebody who wants two readers of the
 * same text to see different things. */
#include "json/json.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

#include "base/auto.h"
#include "base/str.h"
#include "json/text.h"

/* ---- memory for yajl ---- */

/* yajl does not look at what its allocator returns. So ours never returns NULL: it leaves the parse
 * by longjmp. Nothing leaks, because all of it lies in the arena of the document. */
struct parser {
	struct bw_arena *arena;
	const char *name, *text;
	size_t len;
	yajl_handle yajl;
	jmp_buf out_of_memory;
	struct bw_err *err;
	bool failed;	 /* err is filled */
	size_t good;	 /* offset behind the last token that made a callback */
	size_t values;	 /* so far */
	const char *key; /* of the member whose value comes next */
	struct bw_json *root;
	size_t depth;
	struct frame {
		struct bw_json *node, *last;
		const char **keys; /* sorted, to find duplicates; kept for the next object of this
				      depth */
		size_t room;
	} frames[BW_JSON_MAX_DEPTH];
};

static void *must_alloc(struct parser *p, size_t size)
{
	void *memory = bw_arena_alloc(p->arena, size);

	if (!memory)
		longjmp(p->out_of_memory, 1);
	return memory;
}

/* realloc must know the old size: it is kept before the block. */
union block_head {
	size_t size;
	max_align_t align;
};

static void *yajl_malloc_in_arena(void *ctx, size_t size)
{
	union block_head *head = must_alloc(ctx, sizeof *head + size);

	head->size = size;
	return head + 1;
}

static void *yajl_realloc_in_arena(void *ctx, void *old, size_t size)
{
	const union block_head *head = old;
	void *bigger = yajl_malloc_in_arena(ctx, size);

	if (old)
		memcpy(bigger, old, head[-1].size < size ? head[-1].size : size);
	return bigger;
}

static void yajl_free_in_arena(void *ctx, void *memory)
{
	(void)ctx;
	(void)memory;
}

/* ---- where and what: messages ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Start of the token that ends at end: yajl tells only where a token ends. Between the last good
 * token and this one there are blanks and accepted punctuation. */
static size_t token_start(const struct parser *p, size_t end)
{
	size_t at = p->good;

	while (at + 1 < end && (is_blank(p->text[at]) || strchr(",:", p->text[at])))
		at++;
	while (at < end && is_blank(p->text[at]))
		at++;
	return at;
}

static void describe_found(const struct parser *p, size_t at, char *words, size_t size)
{
	unsigned char c = at < p->len ? (unsigned char)p->text[at] : 0;

	if (at >= p->len)
		snprintf(words, size, "the end of the text");
	else if (c == '"')
		snprintf(words, size, "a string");
	else if (c == '-' || (c >= '0' && c <= '9'))
		snprintf(words, size, "a number");
	else if (c == '\\' && at + 1 < p->len && p->text[at + 1] > ' ' && p->text[at + 1] < 0x7f)
		snprintf(words, size, "\\%c", p->text[at + 1]);
	else if (c > ' ' && c < 0x7f)
		snprintf(words, size, "'%c'", c);
	else
		snprintf(words, size, "byte 0x%02x", c);
}

/* Line and column (in characters, both from 1) of an offset. */
static void find_place(const struct parser *p, size_t offset, size_t *ret_line, size_t *ret_column)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < offset && i < p->len; i++) {
		if (p->text[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)p->text[i] & 0xC0) != 0x80) {
			column++;
		}
	}
	*ret_line = line;
	*ret_column = column;
}

static void fail_at(struct parser *p, size_t offset, const char *what)
{
	size_t line, column;

	find_place(p, offset, &line, &column);
	bw_fail(p->err, BW_E_SPEC, 0, "%s:%zu:%zu: %s", p->name, line, column, what);
	bw_at(p->err, "%s:%zu:%zu", p->name, line, column);
	p->failed = true;
}

static void fail_expected(struct parser *p, size_t offset, const char *expected)
{
	char found[32], what[160];

	describe_found(p, offset, found, sizeof found);
	snprintf(what, sizeof what, "expected %s, found %s", expected, found);
	fail_at(p, offset, what);
}

/* Callbacks return 0 to stop yajl. */
static int refuse(struct parser *p, const char *what)
{
	fail_at(p, token_start(p, yajl_get_bytes_consumed(p->yajl)), what);
	return 0;
}

/* ---- building the tree ---- */

static struct bw_json *add_value(struct parser *p, enum bw_json_type type)
{
	struct frame *frame = p->depth ? &p->frames[p->depth - 1] : NULL;
	struct bw_json *value;

	if (p->values++ >= BW_JSON_MAX_VALUES) {
		refuse(p, "expected at most 262144 values, found more");
		return NULL;
	}
	value = must_alloc(p, sizeof *value);
	value->type = type;
	value->key = p->key;
	p->key = NULL;
	if (!frame) {
		p->root = value;
	} else {
		if (frame->last)
			frame->last->next = value;
		else
			frame->node->child = value;
		frame->last = value;
		frame->node->count++;
	}
	p->good = yajl_get_bytes_consumed(p->yajl);
	return value;
}

static char *copy_text(struct parser *p, const unsigned char *text, size_t len)
{
	char *copy = must_alloc(p, len + 1);

	memcpy(copy, text, len);
	return copy;
}

static int on_null(void *ctx)
{
	return add_value(ctx, BW_JSON_NULL) != NULL;
}

static int on_bool(void *ctx, int value)
{
	return add_value(ctx, value ? BW_JSON_TRUE : BW_JSON_FALSE) != NULL;
}

static int on_number(void *ctx, const char *digits, size_t len)
{
	struct bw_json *value = add_value(ctx, BW_JSON_NUMBER);

	if (!value)
		return 0;
	value->text = copy_text(ctx, (const unsigned char *)digits, len);
	return 1;
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
	struct bw_json *value = add_value(ctx, BW_JSON_STRING);

	if (!value)
		return 0;
	value->text = copy_text(ctx, text, len);
	return 1;
}

static int open_container(struct parser *p, enum bw_json_type type)
{
	struct bw_json *value;
	struct frame *frame;

	if (p->depth == BW_JSON_MAX_DEPTH)
		return refuse(p, "expected at most 64 levels, found more");
	value = add_value(p, type);
	if (!value)
		return 0;
	frame = &p->frames[p->depth++];
	frame->node = value;
	frame->last = NULL;
	return 1;
}

static int on_object(void *ctx)
{
	return open_container(ctx, BW_JSON_OBJECT);
}

static int on_array(void *ctx)
{
	return open_container(ctx, BW_JSON_ARRAY);
}

static int on_end(void *ctx)
{
	struct parser *p = ctx;

	p->depth--;
	p->good = yajl_get_bytes_consumed(p->yajl);
	return 1;
}

static void make_room_for_key(struct parser *p, struct frame *frame)
{
	size_t room = frame->room ? 2 * frame->room : 16;
	const char **keys = must_alloc(p, room * sizeof *keys);

	if (frame->room)
		memcpy(keys, frame->keys, frame->room * sizeof *keys);
	frame->keys = keys;
	frame->room = room;
}

/* Keeps the keys of the object sorted; false when key is there already. By insertion: an object of
 * 4096 members costs what no choice of keys can make worse. */
static bool note_key(struct parser *p, struct frame *frame, const char *key)
{
	size_t low = 0, high = frame->node->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(frame->keys[middle], key);

		if (order == 0)
			return false;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (frame->node->count == frame->room)
		make_room_for_key(p, frame);
	memmove(frame->keys + low + 1, frame->keys + low,
		(frame->node->count - low) * sizeof *frame->keys);
	frame->keys[low] = key;
	return true;
}

static int on_key(void *ctx, const unsigned char *text, size_t len)
{
	struct parser *p = ctx;
	struct frame *frame = &p->frames[p->depth - 1];
	char what[160];

	if (frame->node->count == BW_JSON_MAX_MEMBERS)
		return refuse(p, "expected at most 4096 members in an object, found more");
	p->key = copy_text(p, text, len);
	if (!note_key(p, frame, p->key)) {
		snprintf(what, sizeof what, "expected each name once, found \"%.64s\" again",
			p->key);
		return refuse(p, what);
	}
	p->good = yajl_get_bytes_consumed(p->yajl);
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_end,
};

/* ---- the parse ---- */

/* What yajl would let pass. */
static bool text_is_clean(struct parser *p)
{
	size_t bad = bw_utf8_check(p->text, p->len);
	enum bw_escape_fault fault;

	if (bad < p->len) {
		fail_expected(p, bad, p->text[bad] ? "UTF-8" : "text without NUL");
		return false;
	}
	fault = bw_escapes_check(p->text, p->len, &bad);
	if (fault == BW_ESCAPE_NUL)
		fail_at(p, bad, "expected text without NUL, found \\u0000");
	if (fault == BW_ESCAPE_SURROGATE)
		fail_at(p, bad, "expected a surrogate pair, found half of one");
	return fault == BW_ESCAPE_FINE;
}

/* yajl's words for what it refused, and ours for what it expected. inside: the place is where
 * yajl stopped within a token; else it is where the token begins. */
static const struct complaint {
	const char *yajl, *expected;
	bool inside;
} complaints[] = {
	{"unallowed token", "a value", false},
	{"separated by a colon", "':'", false},
	{"invalid object key", "a name in double quotes", false},
	{"after key and value", "',' or '}'", false},
	{"after array element", "',' or ']'", false},
	{"trailing garbage", "nothing behind the value", false},
	{"'\\' occurs before", "an escape that JSON knows", true},
	{"invalid character inside string", "no control character in a string", true},
	{"(non-hex) character", "four hexadecimal digits", true},
	{"malformed number", "a digit", true},
	{"comment", "no comment", false},
	{"invalid char in json", "JSON", false},
	{"invalid string in json", "JSON", false},
};

/* Says in our words what yajl complains of. */
static void explain(struct parser *p)
{
	size_t end = yajl_get_bytes_consumed(p->yajl);
	unsigned char *words = yajl_get_error(p->yajl, 0, NULL, 0);

	if (strstr((const char *)words, "premature EOF")) {
		fail_expected(p, p->len, "more");
		return;
	}
	for (size_t i = 0; i < BW_COUNT(complaints); i++) {
		const struct complaint *c = &complaints[i];

		if (!strstr((const char *)words, c->yajl))
			continue;
		fail_expected(p, c->inside ? end : token_start(p, end), c->expected);
		return;
	}
	fail_expected(p, token_start(p, end), "JSON");
}

static void run_yajl(struct parser *p)
{
	yajl_alloc_funcs memory = {
		yajl_malloc_in_arena, yajl_realloc_in_arena, yajl_free_in_arena, p};
	yajl_status status;

	if (setjmp(p->out_of_memory)) {
		bw_fail(p->err, BW_E_MEMORY, 0, "%s: out of memory", p->name);
		p->failed = true;
		return;
	}
	p->yajl = yajl_alloc(&callbacks, &memory, p);
	/* bw_utf8_check() has done it, more strictly. */
	yajl_config(p->yajl, yajl_dont_validate_strings, 1);
	status = yajl_parse(p->yajl, (const unsigned char *)p->text, p->len);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(p->yajl);
	if (status != yajl_status_ok && !p->failed)
		explain(p);
}

int bw_json_parse(const char *text, size_t len, const char *name, struct bw_arena *arena,
	struct bw_json **ret, struct bw_err *err)
{
	auto_free struct parser *p = NULL;

	if (len > BW_JSON_MAX_BYTES)
		return bw_fail(err, BW_E_SPEC, 0, "%s: expected at most %d bytes, found %zu", name,
			BW_JSON_MAX_BYTES, len);
	p = calloc(1, sizeof *p);
	if (!p)
		return bw_fail(err, BW_E_MEMORY, 0, "%s: out of memory", name);
	p->arena = arena;
	p->name = name;
	p->text = text;
	p->len = len;
	p->err = err;
	if (text_is_clean(p))
		run_yajl(p);
	if (p->failed)
		return -1;
	*ret = p->root;
	return 0;
}

const struct bw_json *bw_json_get(const struct bw_json *object, const char *key)
{
	const struct bw_json *member = object->type == BW_JSON_OBJECT ? object->child : NULL;

	while (member && !bw_streq(member->key, key))
		member = member->next;
	return member;
}

const char *bw_json_type_words(enum bw_json_type type)
{
	switch (type) {
	case BW_JSON_NULL:
		return "null";
	case BW_JSON_FALSE:
	case BW_JSON_TRUE:
		return "a boolean";
	case BW_JSON_NUMBER:
		return "a number";
	case BW_JSON_STRING:
		return "a string";
	case BW_JSON_ARRAY:
		return "an array";
	case BW_JSON_OBJECT:
		return "an object";
	}
	return "a value";
}

/* ---- writing ---- */

struct bw_json_writer {
	yajl_gen yajl;
	char *text;
	size_t len, room, depth;
	bool no_memory, not_utf8, empty_container;
	yajl_gen_status status; /* the first that was not ok */
};

static const char indent[] = "  ";

static bool make_room(struct bw_json_writer *w, size_t more)
{
	size_t room = w->room ? w->room : 4096;
	char *bigger;

	while (room - w->len <= more) {
		if (__builtin_mul_overflow(room, (size_t)2, &room))
			return false;
	}
	if (room == w->room)
		return true;
	bigger = realloc(w->text, room);
	if (!bigger)
		return false;
	w->text = bigger;
	w->room = room;
	return true;
}

/* yajl's print callback, so that running out of memory is ours to see. An empty container would
 * be spread over three lines: the second line break and the indentation behind it are left out. */
static void print(void *ctx, const char *text, size_t len)
{
	struct bw_json_writer *w = ctx;

	if (w->no_memory)
		return;
	if (len == 1 && *text == '\n' && w->len >= 2 && w->text[w->len - 1] == '\n' &&
		strchr("{[", w->text[w->len - 2])) {
		w->len--;
		w->empty_container = true;
		return;
	}
	if (w->empty_container && *text == ' ')
		return;
	w->empty_container = false;
	if (!make_room(w, len)) {
		w->no_memory = true;
		return;
	}
	memcpy(w->text + w->len, text, len);
	w->len += len;
}

struct bw_json_writer *bw_json_writer_new(bool pretty)
{
	auto_free struct bw_json_writer *w = calloc(1, sizeof *w);

	if (!w || !(w->yajl = yajl_gen_alloc(NULL)))
		return NULL;
	yajl_gen_config(w->yajl, yajl_gen_print_callback, print, w);
	if (pretty) {
		yajl_gen_config(w->yajl, yajl_gen_beautify, 1);
		yajl_gen_config(w->yajl, yajl_gen_indent_string, indent);
	}
	return take_ptr(&w);
}

static void latch(struct bw_json_writer *w, yajl_gen_status status)
{
	if (w->status == yajl_gen_status_ok)
		w->status = status;
}

void bw_json_begin_object(struct bw_json_writer *w)
{
	if (!w)
		return;
	w->depth++;
	latch(w, yajl_gen_map_open(w->yajl));
}

void bw_json_end_object(struct bw_json_writer *w)
{
	if (!w)
		return;
	w->depth--;
	latch(w, yajl_gen_map_close(w->yajl));
}

void bw_json_begin_array(struct bw_json_writer *w)
{
	if (!w)
		return;
	w->depth++;
	latch(w, yajl_gen_array_open(w->yajl));
}

void bw_json_end_array(struct bw_json_writer *w)
{
	if (!w)
		return;
	w->depth--;
	latch(w, yajl_gen_array_close(w->yajl));
}

void bw_json_key(struct bw_json_writer *w, const char *key)
{
	bw_json_string(w, key);
}

void bw_json_string(struct bw_json_writer *w, const char *text)
{
	size_t len = strlen(text);

	if (!w)
		return;
	/* What we write we must be able to read again. */
	if (bw_utf8_check(text, len) != len)
		w->not_utf8 = true;
	latch(w, yajl_gen_string(w->yajl, (const unsigned char *)text, len));
}

void bw_json_number_text(struct bw_json_writer *w, const char *digits)
{
	if (w)
		latch(w, yajl_gen_number(w->yajl, digits, strlen(digits)));
}

void bw_json_int(struct bw_json_writer *w, long long value)
{
	char digits[24];

	snprintf(digits, sizeof digits, "%lld", value);
	bw_json_number_text(w, digits);
}

void bw_json_uint(struct bw_json_writer *w, unsigned long long value)
{
	char digits[24];

	snprintf(digits, sizeof digits, "%llu", value);
	bw_json_number_text(w, digits);
}

void bw_json_bool(struct bw_json_writer *w, bool value)
{
	if (w)
		latch(w, yajl_gen_bool(w->yajl, value));
}

void bw_json_null(struct bw_json_writer *w)
{
	if (w)
		latch(w, yajl_gen_null(w->yajl));
}

int bw_json_writer_end(struct bw_json_writer *w, char **ret, size_t *ret_len, struct bw_err *err)
{
	if (!w || w->no_memory || !make_room(w, 1))
		return bw_fail(err, BW_E_MEMORY, 0, "writing JSON: out of memory");
	if (w->not_utf8)
		return bw_fail(
			err, BW_E_INTERNAL, 0, "writing JSON: expected UTF-8, found other bytes");
	if (w->status != yajl_gen_status_ok)
		return bw_fail(
			err, BW_E_INTERNAL, 0, "writing JSON: yajl status %d", (int)w->status);
	if (w->depth || !w->len)
		return bw_fail(err, BW_E_INTERNAL, 0, "writing JSON: the document is not finished");
	if (w->text[w->len - 1] == '\n')
		w->len--;
	w->text[w->len] = '\0';
	if (ret_len)
		*ret_len = w->len;
	*ret = take_ptr(&w->text);
	w->len = w->room = 0;
	return 0;
}

void bw_json_writer_free(struct bw_json_writer *w)
{
	if (!w)
		return;
	yajl_gen_free(w->yajl);
	free(w->text);
	free(w);
}
