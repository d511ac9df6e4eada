/* SPDX-License-Identifier: Apache-2.0 */
/* output.c - standard output. */
#include "cli/output.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

int bw_put_done(struct bw_err *err)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return bw_fail(err, BW_E_KERNEL, errno, "writing to standard output");
	return 0;
}

int bw_put_text(const char *text, struct bw_err *err)
{
	if (*text) {
		fputs(text, stdout);
		if (!bw_has_suffix(text, "\n"))
			putchar('\n');
	}
	return bw_put_done(err);
}

static bool wants_colour(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no_color && *no_color)
		return false;
	return term && !bw_streq(term, "dumb") && isatty(STDOUT_FILENO);
}

void bw_put_heading(const char *heading)
{
	bool bold = wants_colour();

	printf("%s%s:%s\n", bold ? "\033[1m" : "", heading, bold ? "\033[0m" : "");
}
