/* SPDX-License-Identifier: Apache-2.0 */
/* policy_text.c - `policy lint|show|schema`: the policy itself, in words and as JSON. */
#include "container/bulwark.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "policy/policy.h"

/* Silence is success: what is wrong has been said by the loading. */
static int lint(const struct bw_policy *policy, char **ret, struct bw_err *err)
{
	(void)policy;
	*ret = strdup("");
	return *ret ? 0 : bw_fail(err, BW_E_MEMORY, 0, "policy lint: out of memory");
}

static int write_policy(const struct bw_policy *policy, char **ret, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	int r;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, 0, "policy: out of memory");
	if (policy)
		bw_policy_write(policy, w);
	else
		bw_policy_publish(w);
	r = bw_json_writer_end(w, ret, NULL, err);
	bw_json_writer_free(w);
	return r;
}

int bw_policy_text(const char *verb, const char *path, char **ret_text, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const struct bw_policy *policy = NULL;

	if (bw_streq(verb, "schema"))
		return write_policy(NULL, ret_text, err);
	if (!bw_streq(verb, "lint") && !bw_streq(verb, "show"))
		return bw_fail(err, BW_E_USAGE, 0,
			"policy must be followed by lint, show or schema, not \"%s\"", verb);
	if (bw_policy_load(path, &arena, &policy, err) < 0)
		return -1;
	return bw_streq(verb, "lint") ? lint(policy, ret_text, err)
				      : write_policy(policy, ret_text, err);
}
