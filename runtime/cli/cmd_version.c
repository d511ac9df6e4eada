/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_version.c - bulwark version, bulwark-version(8). */
#include "cli/output.h"
#include "cli/verb.h"

static int run(const struct bw_call *call, struct bw_err *err)
{
	(void)call;
	return bw_put_text(bw_version_text(), err);
}

const struct bw_verb bw_verb_version = {
	.name = "version",
	.group = BW_VERB_OTHER,
	.about = "show versions",
	.synopsis = "",
	.run = run,
};
