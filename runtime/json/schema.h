/* SPDX-License-Identifier: Apache-2.0 */
/* schema.h - JSON objects as C structs, by table. One row per property says name, kind, place, range
 * and meaning; one engine reads, writes, copies, compares and publishes from the same rows.
 * All memory comes from an arena. Absent is not 0: optional scalars carry `set`; objects are pointers
 * (NULL is absent); strings are NULL when absent; lists are empty when absent. */
#ifndef BW_JSON_SCHEMA_H
#define BW_JSON_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "json/json.h"

struct bw_opt_int {
	bool set;
	int64_t v;
};
struct bw_opt_uint {
	bool set;
	uint64_t v;
};
struct bw_opt_bool {
	bool set;
	bool v;
};
struct bw_strs {
	char **v;
	size_t n;
};
struct bw_uints {
	uint64_t *v;
	size_t n;
};
struct bw_pair {
	char *key, *value;
};
struct bw_pairs {
	struct bw_pair *v;
	size_t n;
};
struct bw_key_strs {
	char *key;
	struct bw_strs values;
};
struct bw_strs_map {
	struct bw_key_strs *v;
	size_t n;
};
/* What every typed list { T *v; size_t n; } looks like to the engine. */
struct bw_any_list {
	void *v;
	size_t n;
};

enum bw_kind {
	BW_END_OF_TABLE,
	BW_STRING,   /* char * */
	BW_INT,      /* struct bw_opt_int */
	BW_UINT,     /* struct bw_opt_uint */
	BW_BOOL,     /* struct bw_opt_bool */
	BW_STRINGS,  /* struct bw_strs: array of strings */
	BW_UINTS,    /* struct bw_uints: array of unsigned numbers */
	BW_PAIRS,    /* struct bw_pairs: object of strings */
	BW_STRS_MAP, /* struct bw_strs_map: object of strings or arrays of strings */
	BW_OBJECT,   /* T *: nested object */
	BW_LIST,     /* struct { T *v; size_t n; }: array of objects */
	BW_MAP,      /* struct { T *v; size_t n; }: object of objects; T begins with char *key */
};

enum bw_field_flags {
	BW_REQUIRED = 1 << 0,      /* absent is an error */
	BW_ABSOLUTE_PATH = 1 << 1, /* string must begin with '/' */
	BW_NOT_EMPTY = 1 << 2,     /* string or list must not be empty */
	BW_SINGLE_OR_LIST = 1 << 3,/* BW_STRINGS also takes one bare string */
	BW_IGNORED = 1 << 4,       /* another platform's: read over, noted */
	BW_EMPTY_IS_SET = 1 << 5,  /* an empty list was said, and is written as such: n 0 and v not NULL */
	BW_EMPTY_IS_ABSENT = 1 << 6, /* "" reads as absent, as it does for every caller written in Go */
	BW_NEVER = 1 << 7,	     /* asks for what is not made here: refused by name, whatever it holds */
};

enum bw_unknown {
	BW_UNKNOWN_NOTE,   /* config.json: note and go on (runtime-spec config.md, extensibility) */
	BW_UNKNOWN_REFUSE, /* policy: a typing mistake there is a hole */
};

struct bw_schema;
struct bw_field {
	const char *name; /* the JSON property */
	enum bw_kind kind;
	unsigned flags;
	size_t offset;
	size_t elem_size;               /* BW_LIST, BW_MAP: sizeof one element */
	int64_t min;                    /* numbers; min == max == 0: the kind's whole range */
	uint64_t max;
	const char *const *names;       /* allowed strings, NULL-terminated; for lists, of each element */
	const struct bw_schema *child;  /* BW_OBJECT, BW_LIST, BW_MAP */
	/* A semantic check of the member, when it is there; fails with bw_fail(err, BW_E_SPEC, ...) and the
	 * engine adds the place. A place within the member may be said by bw_at(err, "/3"). */
	int (*check)(const void *member, struct bw_err *err);
	const char *doc; /* one sentence: man page and JSON Schema description */
};
struct bw_schema {
	const char *name; /* for messages and $defs */
	size_t size;      /* sizeof the struct */
	enum bw_unknown unknown;
	const struct bw_field *fields; /* ends with BW_END */
};

/* The kind follows from the member's C type: a row and a struct that disagree do not compile. */
#define BW_KIND(S, m)                                                                              \
	_Generic(((S *)0)->m, char *: BW_STRING, struct bw_opt_int: BW_INT,                        \
		struct bw_opt_uint: BW_UINT, struct bw_opt_bool: BW_BOOL, struct bw_strs: BW_STRINGS, \
		struct bw_uints: BW_UINTS, struct bw_pairs: BW_PAIRS, struct bw_strs_map: BW_STRS_MAP)
#define BW_FIELD(S, m, key, ...)                                                                   \
	{                                                                                          \
		.name = key, .kind = BW_KIND(S, m), .offset = offsetof(S, m), __VA_ARGS__          \
	}
#define BW_NESTED(S, m, key, schema, ...)                                                          \
	{                                                                                          \
		.name = key, .kind = BW_OBJECT, .offset = offsetof(S, m),                          \
		.elem_size = sizeof *((S *)0)->m, .child = schema, __VA_ARGS__                     \
	}
#define BW_LIST_OF(S, m, key, schema, ...)                                                         \
	{                                                                                          \
		.name = key, .kind = BW_LIST, .offset = offsetof(S, m),                            \
		.elem_size = sizeof *((S *)0)->m.v, .child = schema, __VA_ARGS__                   \
	}
#define BW_MAP_OF(S, m, key, schema, ...)                                                          \
	{                                                                                          \
		.name = key, .kind = BW_MAP, .offset = offsetof(S, m),                             \
		.elem_size = sizeof *((S *)0)->m.v, .child = schema, __VA_ARGS__                   \
	}
/* A property that is known, read over and noted: it has no member in the struct. */
#define BW_IGNORE(key, ...)                                                                        \
	{                                                                                          \
		.name = key, .kind = BW_OBJECT, .flags = BW_IGNORED, __VA_ARGS__                   \
	}
/* A property that is known and refused: it has no member either. */
#define BW_REFUSE(key, ...)                                                                        \
	{                                                                                          \
		.name = key, .kind = BW_OBJECT, .flags = BW_NEVER, __VA_ARGS__                     \
	}
#define BW_END                                                                                     \
	{                                                                                          \
		.kind = BW_END_OF_TABLE                                                            \
	}

/* Things seen while reading that are no errors: unknown and ignored properties, near misses in case. */
struct bw_note {
	char *pointer; /* JSON pointer */
	char *text;
};
struct bw_notes {
	struct bw_note *v;
	size_t n;
};

/* Reads tree into *ret_object (schema->size zeroed bytes in arena). code is BW_E_SPEC or BW_E_POLICY.
 * A failure names the JSON pointer in err->field and in the text: "/process/args: must be an array,
 * not a string". notes may be NULL. null reads as absent. */
int bw_schema_read(const struct bw_schema *schema, const struct bw_json *tree, enum bw_code code,
	struct bw_arena *arena, void **ret_object, struct bw_notes *notes, struct bw_err *err) BW_MUST_CHECK;

/* Gives the property names in tree the letter case that the rows have, for readers that must overlook it. A name
 * that stands in one object in two spellings is an error with this code. */
int bw_schema_fold_case(const struct bw_schema *schema, struct bw_json *tree, enum bw_code code,
	struct bw_err *err) BW_MUST_CHECK;

/* Writes object as a JSON object (members that are set, in the order of the table). */
void bw_schema_write(const struct bw_schema *schema, const void *object, struct bw_json_writer *w);

/* Deep copy into arena; NULL when memory is out. */
void *bw_schema_copy(const struct bw_schema *schema, const void *object, struct bw_arena *arena);

/* Calls seen(pointer, ctx) for each deepest property in which a and b differ (lists: by element, and
 * the list itself when lengths differ). Either may be NULL. Returns how many differ. */
size_t bw_schema_diff(const struct bw_schema *schema, const void *a, const void *b,
	void (*seen)(const char *pointer, void *ctx), void *ctx);

/* The schema as a JSON Schema document (draft 2020-12), title and descriptions from the rows. */
void bw_schema_publish(const struct bw_schema *schema, const char *title, struct bw_json_writer *w);

/* Walks the rows depth first: seen(pointer, field, ctx), e.g. "/process/user/uid"; lists as "/mounts/-",
 * maps with "*" as the step. */
void bw_schema_walk(const struct bw_schema *schema,
	void (*seen)(const char *pointer, const struct bw_field *field, void *ctx), void *ctx);

/* "/key" as one step of a JSON pointer: '~' and '/' escaped, control characters as '?'. */
void bw_pointer_step(const char *key, char *text, size_t size);

/* Helpers over the list types. */
bool bw_strs_has(const struct bw_strs *list, const char *text);
/* Appends a copy; -1 when memory is out. */
int bw_strs_add(struct bw_arena *arena, struct bw_strs *list, const char *text) BW_MUST_CHECK;
const char *bw_pairs_get(const struct bw_pairs *pairs, const char *key);
/* Replaces or appends; -1 when memory is out. */
int bw_pairs_set(struct bw_arena *arena, struct bw_pairs *pairs, const char *key, const char *value) BW_MUST_CHECK;

#endif
