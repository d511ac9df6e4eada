/* SPDX-License-Identifier: Apache-2.0 */
/* label_helper.c - the label helper's verdict. A file of its own, so that tests can stand in for the helper. */
#include "control/helper.h"
#include "control/label.h"

/* The helper's exit codes: 0 enforced, 2 valid without effect, 1 and a sentence: not valid. */
static int judge(const char *helper, int code, const char *sentence, bool *ret_enforced, struct bw_err *err)
{
	if (code == 0 || code == 2) {
		*ret_enforced = code == 0;
		return 0;
	}
	if (code == 1 && sentence[0])
		return bw_fail(err, BW_E_HOST, 0, "%s", sentence);
	return bw_fail(err, BW_E_HOST, 0, "%s ended with exit code %d", helper, code);
}

static int ask(const char *const *args, bool *ret_enforced, struct bw_err *err)
{
	char sentence[512];
	int code = bw_helper_run(&(struct bw_helper){.args = args, .input = -1}, sentence, sizeof sentence, err);

	if (code < 0)
		return bw_hint(err, "labels are checked by it before anything is started: install it");
	return judge(args[0], code, sentence, ret_enforced, err);
}

int bw_label_check(const char *helper, const char *lsm, const char *label, bool *ret_enforced,
	struct bw_err *err)
{
	const char *args[] = {helper, "check", lsm, label, NULL};

	return ask(args, ret_enforced, err);
}

int bw_label_check_files(const char *helper, const char *context, const char *own, const char *others,
	bool *ret_enforced, struct bw_err *err)
{
	const char *args[] = {helper, "check", "selinux", context, own, others, NULL};

	return ask(args, ret_enforced, err);
}
