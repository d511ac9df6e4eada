/* SPDX-License-Identifier: Apache-2.0 */
/* apparmor.c - process.apparmorProfile: the profile that execve will enter (apparmor(7),
 * change-on-exec). A profile that the caller asks for is enforced or the container does not start.
 * Without one, hardening.apparmor asks for our own, and says what it means when that cannot be had.
 */
#include "control/control.h"

#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/label.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

#define FIELD	    "/process/apparmorProfile"
#define OWN_PROFILE "bulwark-default"
#define HELPER	    BW_LIBEXECDIR "/bulwark-label"

enum { OP_ON_EXEC };

/* Followed by "exec <profile>", as the kernel wants it. */
struct on_exec {
	uint32_t is_plain; /* the kernel gives the name back as it was written: no stack, no
			      namespace */
};

static int probe(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	char enabled[8];

	if (bw_label_probe_lsms(host, arena, err) < 0)
		return -1;
	host->apparmor.set = true;
	if (bw_read_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", enabled,
		    sizeof enabled) > 0)
		host->apparmor.v = enabled[0] == 'Y';
	else
		host->apparmor.v = bw_strs_has(&host->lsms, "apparmor");
	return 0;
}

/* The process's own, else the container's (exec), else ours if the policy wants AppArmor; or NULL.
 */
static const char *profile_of(const struct bw_request *request, bool *ret_ours)
{
	const struct bw_spec_process *const asked[] = {
		request->process, request->exec ? request->spec->process : NULL};
	const struct bw_spec_hardening *hardening = request->spec->hardening;

	*ret_ours = false;
	for (size_t i = 0; i < 2; i++)
		if (asked[i] && asked[i]->apparmor_profile && *asked[i]->apparmor_profile)
			return asked[i]->apparmor_profile;
	*ret_ours = hardening && hardening->apparmor;
	return *ret_ours ? OWN_PROFILE : NULL;
}

static int check(const struct bw_request *request, const char *profile, bool ours,
	bool *ret_enforced, struct bw_err *why)
{
	char lsms[256];

	if (bw_label_plain(profile, "apparmorProfile", why) < 0)
		return -1;
	if (request->host->apparmor.v)
		return bw_label_check(HELPER, "apparmor", profile, ret_enforced, why);
	bw_label_lsms(request->host, lsms, sizeof lsms);
	if (ours)
		return bw_fail(why, BW_E_HOST, 0,
			"the policy wants AppArmor but this kernel has none (active LSMs: %s)",
			lsms);
	return bw_fail(why, BW_E_HOST, 0,
		"apparmorProfile \"%s\" requested but this kernel has no AppArmor (active LSMs: "
		"%s)",
		profile, lsms);
}

/* A profile in complain mode is what a caller may ask for, but not what a policy means. */
static int accept_complaining(const struct bw_request *request, const char *profile,
	struct bw_plan *plan, struct bw_err *err)
{
	const char *strength = request->spec->hardening ? request->spec->hardening->apparmor : NULL;
	struct bw_err why = {0};

	if (!strength)
		return 0;
	bw_fail(&why, BW_E_HOST, 0, "AppArmor profile \"%s\" is not in enforce mode", profile);
	return bw_label_settle(
		&why, bw_streq(strength, "prefer"), FIELD, plan, BW_CONTROL_apparmor, err);
}

static int add_step(const char *profile, struct bw_plan *plan, struct bw_err *err)
{
	struct on_exec head = {.is_plain = !strchr(profile, ':') && !strchr(profile, '&')};
	char text[sizeof "exec " + BW_LABEL_MAX];

	snprintf(text, sizeof text, "exec %s", profile);
	return bw_plan_add_text(plan, BW_CONTROL_apparmor, OP_ON_EXEC, BW_PHASE_LABEL, &head,
		sizeof head, text, err);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	bool ours, enforced = true;
	const char *profile = profile_of(request, &ours);
	struct bw_err why = {0};

	if (!profile || bw_streq(profile, "unconfined"))
		return 0;
	if (check(request, profile, ours, &enforced, &why) < 0)
		return bw_label_settle(&why,
			ours && bw_streq(request->spec->hardening->apparmor, "prefer"), FIELD, plan,
			BW_CONTROL_apparmor, err);
	if (!enforced && accept_complaining(request, profile, plan, err) < 0)
		return -1;
	return add_step(profile, plan, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)op, (void)len;
	snprintf(buf, size, "profile %s on exec",
		(const char *)data + sizeof(struct on_exec) + strlen("exec "));
}

const struct bw_control bw_apparmor = {
	.name = "apparmor",
	.about = "AppArmor profile, entered with the program",
	.probe = probe,
	.prepare = prepare,
	.say = say,
};

/* ---- the child ---- */

/* "name (mode)\n" or "name\n". */
static bool says(const char *answer, const char *profile)
{
	size_t len = strlen(profile);

	return strncmp(answer, profile, len) == 0 &&
	       (answer[len] == '\0' || answer[len] == '\n' || answer[len] == ' ');
}

int bw_apparmor_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const struct on_exec *head = data;
	const char *text = (const char *)(head + 1), *file = "self/attr/apparmor/exec";
	size_t text_len = len - sizeof *head - 1;
	char answer[BW_LABEL_MAX + 64];
	int r = bw_label_write(child->host_proc, file, text, text_len);

	(void)op;
	if (r == -ENOENT) {
		/* Also the answer for a profile that is gone; the shared file gives it once more.
		 */
		file = "self/attr/exec";
		r = bw_label_write(child->host_proc, file, text, text_len);
	}
	if (r < 0 || !head->is_plain)
		return r;
	r = bw_label_read(child->host_proc, file, answer, sizeof answer);
	if (r < 0)
		return r;
	return says(answer, text + 5) ? 0 : -EPROTO;
}
