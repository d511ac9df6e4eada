/* SPDX-License-Identifier: Apache-2.0 */
/* err.h - what went wrong, in one plain struct: no allocation, no ownership, can be copied or sent.
 * Whoever sees a failure first fills it with bw_fail(); everybody above adds what it was doing. */
#ifndef BW_BASE_ERR_H
#define BW_BASE_ERR_H

#include <stdarg.h>

/* The closed list of kinds. Each has one exit status and one name in err.c. */
enum bw_code {
	BW_E_NONE,
	BW_E_USAGE,	/* the command line */
	BW_E_SPEC,	/* config.json or a process file */
	BW_E_POLICY,	/* the policy file itself is wrong */
	BW_E_DENIED,	/* the policy refuses what was asked */
	BW_E_HOST,	/* this host cannot do what is required */
	BW_E_KERNEL,	/* a system call failed */
	BW_E_PROGRAM,	/* the container's program cannot be executed */
	BW_E_STATE,	/* the container is not in a state that allows it */
	BW_E_NOT_FOUND, /* no such container */
	BW_E_EXISTS,	/* the container exists already */
	BW_E_MEMORY,
	BW_E_INTERNAL,
	BW_E_COUNT
};

struct bw_err {
	enum bw_code code;
	int sys;	 /* errno, or 0 */
	char field[160]; /* JSON pointer or path of the place, or "" */
	char rule[64];	 /* policy rule, or "" */
	char hint[160];	 /* what the user can do, or "" */
	char text[640];	 /* one sentence, whole on its own, no full stop */
};

#define BW_PRINTF(a, b) __attribute__((format(printf, a, b)))
#define BW_MUST_CHECK	__attribute__((warn_unused_result))

/* Fills *err (which must be empty: a failure is described once) and returns -1. When sys is not 0
 * its words are appended: "open x: no such file or directory". err may be NULL. */
int bw_fail(struct bw_err *err, enum bw_code code, int sys, const char *fmt, ...) BW_PRINTF(4, 5);

/* Puts "what we were doing: " before the text and returns -1. */
int bw_wrap(struct bw_err *err, const char *fmt, ...) BW_PRINTF(2, 3);

/* Puts ": why" behind the text: what was found out about it afterwards. Returns -1. */
int bw_because(struct bw_err *err, const char *fmt, ...) BW_PRINTF(2, 3);

/* Says where the fault is, if nobody below has said it yet. Returns -1, so that it can end a chain.
 */
int bw_at(struct bw_err *err, const char *fmt, ...) BW_PRINTF(2, 3);

/* Adds what the user can do about it. Returns -1. */
int bw_hint(struct bw_err *err, const char *fmt, ...) BW_PRINTF(2, 3);

#ifdef __clang_analyzer__
/* The analyzer sees one source file at a time: it would follow "return bw_fail(...)" into the
 * branch of the caller that takes it for success, and find there whatever success would have filled
 * in. */
static inline int bw_err_minus_one(int r)
{
	(void)r;
	return -1;
}

#define bw_fail(...) bw_err_minus_one((bw_fail)(__VA_ARGS__))
#define bw_wrap(...) bw_err_minus_one((bw_wrap)(__VA_ARGS__))
#define bw_because(...) bw_err_minus_one((bw_because)(__VA_ARGS__))
#define bw_at(...)   bw_err_minus_one((bw_at)(__VA_ARGS__))
#define bw_hint(...) bw_err_minus_one((bw_hint)(__VA_ARGS__))
#endif

/* The kernel's words for an errno, first letter in lower case, as engines match them. */
const char *bw_errno_words(int sys);

/* The symbolic name, "ENOENT"; "errno 1234" is never needed: unknown numbers give "EUNKNOWN". */
const char *bw_errno_name(int sys);

/* "spec", "policy", ...: the code's name in the JSON log. */
const char *bw_code_name(enum bw_code code);

#endif
