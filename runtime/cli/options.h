/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - command line options as rows of a table. Parsing, help, completion and the check of
 * the man pages all read the same rows. Knows nothing of verbs or containers. */
#ifndef BW_CLI_OPTIONS_H
#define BW_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

enum bw_option_kind {
	BW_OPTION_FLAG,	   /* bool */
	BW_OPTION_TEXT,	   /* const char *; NULL when not given */
	BW_OPTION_PATH,	   /* const char *, made absolute; "" counts as not given, as in runc */
	BW_OPTION_LIST,	   /* const char *const *, NULL-terminated; given again it grows */
	BW_OPTION_NUMBER,  /* unsigned */
	BW_OPTION_CHOICE,  /* const char *, one of choices; the first of them when not given */
};

enum { BW_OPTION_MAX_NUMBER = 1 << 20 };

struct bw_option {
	const char *name; /* long form without dashes; NULL ends the table */
	char letter;	  /* short form, or 0 */
	enum bw_option_kind kind;
	size_t offset;		    /* of the member in the verb's struct */
	const char *value;	    /* what help calls the value: "DIR" */
	const char *about;	    /* help, man page check and completion */
	const char *const *choices; /* NULL-terminated, for BW_OPTION_CHOICE */
};

/* The offset of a member, if it has the type that the kind of row writes; else it does not compile.
 */
#define BW_OPTION_AT(S, member, type)                                                              \
	__builtin_choose_expr(__builtin_types_compatible_p(__typeof__(((S *)0)->member), type),    \
		offsetof(S, member), (void)0)

#define BW_OPT_FLAG(S, member, name, letter, about)                                                \
	{                                                                                          \
		name, letter, BW_OPTION_FLAG, BW_OPTION_AT(S, member, bool), NULL, about, NULL     \
	}
#define BW_OPT_TEXT(S, member, name, letter, value, about)                                         \
	{                                                                                          \
		name, letter, BW_OPTION_TEXT, BW_OPTION_AT(S, member, const char *), value, about, \
			NULL                                                                       \
	}
#define BW_OPT_PATH(S, member, name, letter, value, about)                                         \
	{                                                                                          \
		name, letter, BW_OPTION_PATH, BW_OPTION_AT(S, member, const char *), value, about, \
			NULL                                                                       \
	}
#define BW_OPT_LIST(S, member, name, letter, value, about)                                         \
	{                                                                                          \
		name, letter, BW_OPTION_LIST, BW_OPTION_AT(S, member, const char *const *), value, \
			about, NULL                                                                \
	}
#define BW_OPT_NUMBER(S, member, name, letter, value, about)                                       \
	{                                                                                          \
		name, letter, BW_OPTION_NUMBER, BW_OPTION_AT(S, member, unsigned), value, about,   \
			NULL                                                                       \
	}
#define BW_OPT_CHOICE(S, member, name, letter, choices, about)                                     \
	{                                                                                          \
		name, letter, BW_OPTION_CHOICE, BW_OPTION_AT(S, member, const char *), NULL,       \
			about, choices                                                             \
	}
#define BW_OPT_END                                                                                 \
	{                                                                                          \
		NULL, 0, BW_OPTION_FLAG, 0, NULL, NULL, NULL                                       \
	}

/* What is left after the options. */
struct bw_words {
	const char *const *v; /* NULL-terminated */
	size_t n;
	bool help; /* -h or --help was among the options */
};

/* Reads words (NULL-terminated) by rows into values, the struct that the rows' offsets belong to,
 * zeroed by the caller. stop_after: options end behind that many other words; 0 means never. Values
 * point into words or arena. Fails with BW_E_USAGE, err->field naming the option; what came before
 * the faulty word is in values then, so that main() can still find --log. */
int bw_options_parse(const struct bw_option *rows, unsigned stop_after, const char *const *words,
	struct bw_arena *arena, void *values, struct bw_words *ret,
	struct bw_err *err) BW_MUST_CHECK;

/* Whether a value follows the option. */
bool bw_option_has_value(const struct bw_option *row);

/* The row of this long name, or NULL. */
const struct bw_option *bw_option_find(const struct bw_option *rows, const char *name);

/* path seen from the caller's working directory, in arena. ".." is left to the kernel: removing it
 * from the text would go wrong behind a symbolic link. */
int bw_absolute_path(const char *path, struct bw_arena *arena, const char **ret,
	struct bw_err *err) BW_MUST_CHECK;

/* The name among names (NULL-terminated) that was probably meant by word, or NULL. */
const char *bw_nearest_word(const char *word, const char *const *names);

#endif
