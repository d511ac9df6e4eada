/* SPDX-License-Identifier: Apache-2.0 */
/* err.c - filling struct bw_err. Must not allocate, print or exit. */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* Macros for the analyzer, see err.h; here are the functions themselves. */
#undef bw_fail
#undef bw_wrap
#undef bw_because
#undef bw_at
#undef bw_hint

static const char *const code_names[BW_E_COUNT] = {
	[BW_E_NONE] = "none",
	[BW_E_USAGE] = "usage",
	[BW_E_SPEC] = "spec",
	[BW_E_POLICY] = "policy",
	[BW_E_DENIED] = "denied",
	[BW_E_HOST] = "host",
	[BW_E_KERNEL] = "kernel",
	[BW_E_STATE] = "state",
	[BW_E_PROGRAM] = "program",
	[BW_E_NOT_FOUND] = "not-found",
	[BW_E_EXISTS] = "exists",
	[BW_E_MEMORY] = "memory",
	[BW_E_INTERNAL] = "internal",
};

const char *bw_code_name(enum bw_code code)
{
	return code < BW_E_COUNT ? code_names[code] : "internal";
}

const char *bw_errno_name(int sys)
{
	const char *name = strerrorname_np(sys);

	return name ? name : "EUNKNOWN";
}

const char *bw_errno_words(int sys)
{
	static _Thread_local char words[64];
	const char *text = strerrordesc_np(sys);

	snprintf(words, sizeof words, "%s", text ? text : "unknown error");
	/* "No such file" becomes "no such file"; "RFS specific error" stays. */
	if (words[0] >= 'A' && words[0] <= 'Z' && !(words[1] >= 'A' && words[1] <= 'Z'))
		words[0] = (char)(words[0] - 'A' + 'a');
	return words;
}

int bw_fail(struct bw_err *err, enum bw_code code, int sys, const char *fmt, ...)
{
	va_list ap;
	size_t used;

	if (!err)
		return -1;
	memset(err, 0, sizeof *err);
	err->code = code;
	err->sys = sys;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	if (sys)
		snprintf(err->text + used, sizeof err->text - used, "%s%s", used ? ": " : "",
			bw_errno_words(sys));
	return -1;
}

int bw_wrap(struct bw_err *err, const char *fmt, ...)
{
	char below[sizeof err->text];
	va_list ap;
	size_t used;

	if (!err)
		return -1;
	memcpy(below, err->text, sizeof below);
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof err->text - used, ": %s", below);
	return -1;
}

int bw_because(struct bw_err *err, const char *fmt, ...)
{
	va_list ap;
	size_t used;

	if (!err)
		return -1;
	used = strlen(err->text);
	if (used + 3 > sizeof err->text)
		return -1;
	memcpy(err->text + used, ": ", 3);
	va_start(ap, fmt);
	vsnprintf(err->text + used + 2, sizeof err->text - used - 2, fmt, ap);
	va_end(ap);
	return -1;
}

int bw_at(struct bw_err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err || err->field[0])
		return -1;
	va_start(ap, fmt);
	vsnprintf(err->field, sizeof err->field, fmt, ap);
	va_end(ap);
	return -1;
}

int bw_hint(struct bw_err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof err->hint, fmt, ap);
	va_end(ap);
	return -1;
}
