/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - what is looked at in JSON text before it is parsed: UTF-8 and \u escapes. Strict as
 * RFC 3629 and RFC 8259 read together: no overlong forms, no surrogates but in pairs, no NUL. */
#ifndef BW_JSON_TEXT_H
#define BW_JSON_TEXT_H

#include <stddef.h>

/* Offset of the first byte that is not well-formed UTF-8 or is NUL, or len when all is well. */
size_t bw_utf8_check(const char *text, size_t len);

/* Makes text fit for a message: control characters and bytes that are no UTF-8 (as where text was cut)
 * become '?'. */
void bw_text_make_printable(char *text);

enum bw_escape_fault {
	BW_ESCAPE_FINE,
	BW_ESCAPE_NUL,	     /* \u0000 */
	BW_ESCAPE_SURROGATE, /* half of a pair */
};
/* Looks at every escape of JSON text (which begins with a backslash and stands only in strings, so
 * that nothing else need be parsed). Writes the offset of the faulty one. */
enum bw_escape_fault bw_escapes_check(const char *text, size_t len, size_t *ret_offset);

#endif
