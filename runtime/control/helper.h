/* SPDX-License-Identifier: Apache-2.0 */
/* helper.h - running one of bulwark's own helper programs and hearing its answer. They are programs of their own
 * because of the libraries they need, which would cost each start of bulwark more than everything else together. */
#ifndef BW_CONTROL_HELPER_H
#define BW_CONTROL_HELPER_H

#include <stddef.h>

#include "base/err.h"

/* What is run, and with what. */
struct bw_helper {
	const char *const *args; /* args[0] is the program's path; NULL-terminated */
	const char *const *env;	 /* its whole environment, NULL-terminated; NULL: none */
	int input;		 /* its standard input, or -1 for /dev/null */
};

/* Runs it in "/" with no signal blocked or ignored and waits. The first line of what it prints on standard
 * error is in answer (size bytes, "" if none); standard output is nobody's. Its exit code (128 + N when signal N ended it), or -1 when
 * it could not be run. */
int bw_helper_run(const struct bw_helper *helper, char *answer, size_t size, struct bw_err *err) BW_MUST_CHECK;

#endif
