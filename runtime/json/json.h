/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - strict JSON text to a tree, and a writer. json.c is the only file that includes yajl.
 * Strict: UTF-8 checked, no comments, no duplicate keys, no NUL in strings, no lone surrogates,
 * nothing after the value, bounded depth, size and member counts. Numbers stay as written. */
#ifndef BW_JSON_JSON_H
#define BW_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

enum { BW_JSON_MAX_BYTES = 8 << 20, BW_JSON_MAX_DEPTH = 64, BW_JSON_MAX_VALUES = 1 << 18, BW_JSON_MAX_MEMBERS = 4096 };

enum bw_json_type { BW_JSON_NULL, BW_JSON_FALSE, BW_JSON_TRUE, BW_JSON_NUMBER, BW_JSON_STRING, BW_JSON_ARRAY, BW_JSON_OBJECT };

/* One value. Children of arrays and objects hang in a list, in the order of the text. */
struct bw_json {
	enum bw_json_type type;
	const char *key;        /* name in the object above, else NULL */
	const char *text;       /* string, or number as written; NUL-terminated */
	struct bw_json *child;  /* first element or member */
	struct bw_json *next;   /* next sibling */
	size_t count;           /* children */
};

/* Parses text[0..len). name is for messages ("config.json"). The tree lives in arena. On failure -1
 * and err says name:line:column, what was expected and what was found. */
int bw_json_parse(const char *text, size_t len, const char *name, struct bw_arena *arena,
	struct bw_json **ret, struct bw_err *err) BW_MUST_CHECK;

/* Member of an object by exact name, or NULL. */
const struct bw_json *bw_json_get(const struct bw_json *object, const char *key);

/* "an array", "a string", ...: for messages. */
const char *bw_json_type_words(enum bw_json_type type);

/* Writing. Errors latch; bw_json_writer_end() reports them once. */
struct bw_json_writer;
/* pretty: two blanks of indentation, as people read; else one line. NULL when memory is out. */
struct bw_json_writer *bw_json_writer_new(bool pretty);
void bw_json_begin_object(struct bw_json_writer *w);
void bw_json_end_object(struct bw_json_writer *w);
void bw_json_begin_array(struct bw_json_writer *w);
void bw_json_end_array(struct bw_json_writer *w);
void bw_json_key(struct bw_json_writer *w, const char *key);
void bw_json_string(struct bw_json_writer *w, const char *text);
void bw_json_number_text(struct bw_json_writer *w, const char *digits); /* as written */
void bw_json_int(struct bw_json_writer *w, long long value);
void bw_json_uint(struct bw_json_writer *w, unsigned long long value);
void bw_json_bool(struct bw_json_writer *w, bool value);
void bw_json_null(struct bw_json_writer *w);
/* The finished text (no newline behind), malloc'd into *ret, its length into *ret_len (may be NULL). */
int bw_json_writer_end(struct bw_json_writer *w, char **ret, size_t *ret_len, struct bw_err *err) BW_MUST_CHECK;
/* Accepts NULL. */
void bw_json_writer_free(struct bw_json_writer *w);

#endif
