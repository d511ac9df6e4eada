/* SPDX-License-Identifier: Apache-2.0 */
/* apparmor.c - process.apparmorProfile: the profile that execve will enter (apparmor(7),
 * change-on-exec). A profile that the caller asks for is enforced or the container does not start.
 * Without one, or before it, hardening.apparmor asks for our own, and says what it means when that
 * cannot be had. Whether the program has come to run in our own is read back once it runs. */
#include "control/control.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
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
	uint32_t is_ours;  /* and it must be in enforce mode when the program runs */
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

/* The process's own, else the container's (exec); or NULL. */
static const char *asked_profile(const struct bw_request *request)
{
	const struct bw_spec_process *const asked[] = {
		request->process, request->exec ? request->spec->process : NULL};

	for (size_t i = 0; i < 2; i++)
		if (asked[i] && asked[i]->apparmor_profile && *asked[i]->apparmor_profile)
			return asked[i]->apparmor_profile;
	return NULL;
}

const char *bw_apparmor_own(const struct bw_spec_hardening *hardening, const char *asked)
{
	if (!hardening || !hardening->apparmor || (asked && *asked && !hardening->apparmor_always.v))
		return NULL;
	return hardening->apparmor_profile ? hardening->apparmor_profile : OWN_PROFILE;
}

/* "unconfined", or a profile that only gives its programs a name. */
static bool forbids_nothing(const char *label)
{
	static const char mode[] = " (unconfined)";
	size_t len = strlen(label), end = sizeof mode - 1;

	return bw_streq(label, "unconfined") || (len > end && bw_streq(label + len - end, mode));
}

/* With no_new_privs the kernel lets a process leave a profile that confines it for none but a part of the same. */
static int check_own_label(const struct bw_request *request, struct bw_err *why)
{
	char label[BW_LABEL_MAX + 64];

	if (!request->process->no_new_privileges.v ||
		bw_read_at(AT_FDCWD, "/proc/self/attr/apparmor/current", label, sizeof label) <= 0)
		return 0;
	label[strcspn(label, "\n")] = '\0';
	if (forbids_nothing(label))
		return 0;
	return bw_fail(why, BW_E_HOST, 0,
		"bulwark was started in AppArmor profile \"%s\", which no_new_privs does not let a program leave", label);
}

static int check_own(const struct bw_request *request, const char *profile, bool *ret_enforced, struct bw_err *why)
{
	char lsms[256];

	if (!request->host->apparmor.v)
		return bw_fail(why, BW_E_HOST, 0, "the policy wants AppArmor but this kernel has none (active LSMs: %s)",
			bw_label_lsms(request->host, lsms, sizeof lsms));
	if (check_own_label(request, why) < 0 || bw_label_check(HELPER, "apparmor", profile, ret_enforced, why) < 0)
		return -1;
	if (!*ret_enforced)
		return bw_fail(why, BW_E_HOST, 0, "AppArmor profile \"%s\" is not in enforce mode", profile);
	return 0;
}

static int check_asked(const struct bw_request *request, const char *profile, bool *ret_enforced, struct bw_err *err)
{
	char lsms[256];

	if (bw_label_plain(profile, "apparmorProfile", err) < 0)
		return -1;
	if (request->host->apparmor.v)
		return bw_label_check(HELPER, "apparmor", profile, ret_enforced, err);
	return bw_fail(err, BW_E_HOST, 0,
		"apparmorProfile \"%s\" requested but this kernel has no AppArmor (active LSMs: %s)", profile,
		bw_label_lsms(request->host, lsms, sizeof lsms));
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

/* verified: ours, in enforce mode. */
static int add_step(const char *profile, bool verified, struct bw_plan *plan, struct bw_err *err)
{
	struct on_exec head = {.is_plain = !strchr(profile, ':') && !strchr(profile, '&'), .is_ours = verified};
	char text[sizeof "exec " + BW_LABEL_MAX];

	snprintf(text, sizeof text, "exec %s", profile);
	return bw_plan_add_text(plan, BW_CONTROL_apparmor, OP_ON_EXEC, BW_PHASE_LABEL, &head,
		sizeof head, text, err);
}

/* "profile web, enforced" in explain and state. */
static void note_layer(struct bw_plan *plan, const char *profile)
{
	char what[120];
	struct bw_buf buf = bw_buf_over(what, sizeof what);

	bw_buf_addf(&buf, "profile %s, enforced", profile);
	bw_plan_layer(plan, BW_CONTROL_apparmor, what);
}

/* The caller's; where the policy only prefers ours, also in place of ours. */
static int prepare_asked(const struct bw_request *request, const char *profile, struct bw_plan *plan, struct bw_err *err)
{
	bool enforced = true;

	if (!profile || bw_streq(profile, "unconfined"))
		return 0;
	if (check_asked(request, profile, &enforced, err) < 0)
		return bw_at(err, FIELD);
	if (enforced)
		note_layer(plan, profile);
	else if (accept_complaining(request, profile, plan, err) < 0)
		return -1;
	return add_step(profile, false, plan, err);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const char *asked = asked_profile(request);
	const char *own = bw_apparmor_own(request->spec->hardening, asked);
	bool enforced = true;
	struct bw_err why = {0};

	if (!own)
		return prepare_asked(request, asked, plan, err);
	if (check_own(request, own, &enforced, &why) == 0) {
		note_layer(plan, own);
		return add_step(own, true, plan, err);
	}
	if (bw_label_settle(&why, bw_streq(request->spec->hardening->apparmor, "prefer"), FIELD, plan, BW_CONTROL_apparmor,
		    err) < 0)
		return -1;
	/* One that complains at least tells what it would forbid. */
	if (!enforced && !asked)
		return add_step(own, false, plan, err);
	return prepare_asked(request, asked, plan, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)op, (void)len;
	snprintf(buf, size, "profile %s on exec",
		(const char *)data + sizeof(struct on_exec) + strlen("exec "));
}

/* ---- the program ---- */

/* "name (mode)", where nothing may follow: an answer cut short must not pass for another. */
static bool is_enforced(const char *label, const char *profile)
{
	const char *mode = bw_after_prefix(label, profile);

	return mode && (bw_streq(mode, " (enforce)") || bw_streq(mode, " (kill)"));
}

int bw_apparmor_verify(int host_proc, pid_t pid, int pidfd, const char *profile, struct bw_err *err)
{
	char label[BW_LABEL_MAX + 64];
	int r = bw_label_running(host_proc, pid, pidfd, "apparmor/current", label, sizeof label);

	if (r == -ENOENT)
		r = bw_label_running(host_proc, pid, pidfd, "current", label, sizeof label);
	if (r == 0)
		return 0;
	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "apparmor: reading back the profile that the program runs in");
	if (is_enforced(label, profile))
		return 0;
	return bw_fail(err, BW_E_KERNEL, 0, "apparmor: the program runs in \"%s\", expected \"%s (enforce)\"", label,
		profile);
}

static int verify(const struct bw_settling *now, uint16_t op, const void *data, size_t len, struct bw_err *err)
{
	const struct on_exec *head = data;

	(void)op, (void)len;
	if (!head->is_ours)
		return 0;
	return bw_apparmor_verify(now->host_proc, now->pid, now->pidfd, (const char *)(head + 1) + strlen("exec "), err);
}

const struct bw_control bw_apparmor = {
	.name = "apparmor",
	.about = "AppArmor profile, entered with the program",
	.probe = probe,
	.prepare = prepare,
	.say = say,
	.verify = verify,
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
