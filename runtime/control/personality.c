/* SPDX-License-Identifier: Apache-2.0 */
/* personality.c - linux.personality: the execution domain that uname(2) reports; see
 * personality(2). The whole word is set, so flags of the caller's (no address randomisation) do not
 * come in with it. */
#include "control/control.h"

#include <errno.h>
#include <stdio.h>
#include <sys/personality.h>

#include "base/log.h"
#include "control/words.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_SET };

struct domain_step {
	uint32_t domain;
};

static const struct bw_word domains[] = {
	{"LINUX", PER_LINUX},
	{"LINUX32", PER_LINUX32},
	{NULL, 0},
};

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = request->spec->linux_;
	const struct bw_spec_personality *asked = linux_ ? linux_->personality : NULL;
	const struct bw_word *domain;
	struct domain_step step;

	if (!asked)
		return 0;
	domain = bw_word_find(domains, asked->domain);
	if (!domain) {
		bw_fail(err, BW_E_SPEC, 0, "invalid personality domain \"%.60s\"",
			asked->domain ? asked->domain : "");
		return bw_at(err, "/linux/personality/domain");
	}
	/* The spec has the property but defines no flag, and callers pass some: noted, as runc
	 * does. */
	if (asked->flags.n)
		bw_log(BW_LOG_WARNING, "ignoring %zu personality flags: the spec defines none",
			asked->flags.n);
	step.domain = (uint32_t)domain->value;
	return bw_plan_add(
		plan, BW_CONTROL_personality, OP_SET, BW_PHASE_NODE, &step, sizeof step, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct domain_step *step = data;

	(void)op, (void)len;
	snprintf(buf, size, "execution domain %s", bw_word_name(domains, step->domain));
}

const struct bw_control bw_personality = {
	.name = "personality",
	.about = "execution domain that uname reports (LINUX, LINUX32)",
	.prepare = prepare,
	.say = say,
};

int bw_personality_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const struct domain_step *step = data;

	(void)child, (void)op, (void)len;
	return personality(step->domain) < 0 ? -errno : 0;
}
