/* SPDX-License-Identifier: Apache-2.0 */
/* verb.c - the list of verbs. Adding a command is adding a file, a line here and a man page. */
#include "cli/verb.h"

#include "base/auto.h"
#include "base/str.h"

const struct bw_verb *const bw_verbs[] = {
	&bw_verb_create,
	&bw_verb_start,
	&bw_verb_run,
	&bw_verb_exec,
	&bw_verb_stage,
	&bw_verb_kill,
	&bw_verb_pause,
	&bw_verb_resume,
	&bw_verb_update,
	&bw_verb_checkpoint,
	&bw_verb_restore,
	&bw_verb_delete,
	&bw_verb_reap,
	&bw_verb_list,
	&bw_verb_state,
	&bw_verb_ps,
	&bw_verb_events,
	&bw_verb_metrics,
	&bw_verb_why,
	&bw_verb_kill_switch,
	&bw_verb_explain,
	&bw_verb_check,
	&bw_verb_policy,
	&bw_verb_audit,
	&bw_verb_plan,
	&bw_verb_spec,
	&bw_verb_features,
	&bw_verb_version,
	&bw_verb_help,
	&bw_verb_completion,
	NULL,
};

int bw_verb_find(const char *name, const struct bw_verb **ret, struct bw_err *err)
{
	const char *names[BW_COUNT(bw_verbs)] = {NULL};
	const char *nearest;

	for (size_t i = 0; bw_verbs[i]; i++) {
		names[i] = bw_verbs[i]->name;
		if (bw_streq(names[i], name)) {
			*ret = bw_verbs[i];
			return 0;
		}
	}
	bw_fail(err, BW_E_USAGE, 0, "No help topic for '%s'", name);
	nearest = bw_nearest_word(name, names);
	if (nearest)
		return bw_hint(err, "did you mean %s?", nearest);
	return bw_hint(err, "bulwark help lists the commands");
}
