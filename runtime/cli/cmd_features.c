/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_features.c - bulwark features, bulwark-features(8). */
#include "base/auto.h"
#include "cli/output.h"
#include "cli/verb.h"

static int run(const struct bw_call *call, struct bw_err *err)
{
	auto_free char *text = NULL;

	(void)call;
	if (bw_features_text(&text, err) < 0)
		return -1;
	return bw_put_text(text, err);
}

const struct bw_verb bw_verb_features = {
	.name = "features",
	.group = BW_VERB_OTHER,
	.about = "show what this runtime supports, as JSON",
	.synopsis = "",
	.run = run,
};
