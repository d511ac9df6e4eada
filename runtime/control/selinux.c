/* SPDX-License-Identifier: Apache-2.0 */
/* selinux.c - process.selinuxLabel: the context that execve gives the program, and the one that its
 * session keyring is made with (selinux(8), setexeccon(3), setkeycreatecon(3), without the
 * library). linux.mountLabel is mounts.c's. A context of our own does not exist: which ones there
 * are is the host policy's affair. */
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

#define FIELD  "/process/selinuxLabel"
#define HELPER BW_LIBEXECDIR "/bulwark-label"

enum { OP_ON_EXEC, OP_KEYRING };

static int probe(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	char enforce[8];

	(void)arena, (void)err;
	host->selinux.set = true;
	host->selinux_enforcing.set =
		bw_read_at(AT_FDCWD, "/sys/fs/selinux/enforce", enforce, sizeof enforce) > 0;
	host->selinux_enforcing.v = host->selinux_enforcing.set && enforce[0] == '1';
	host->selinux.v = host->selinux_enforcing.set || bw_strs_has(&host->lsms, "selinux");
	return 0;
}

/* The process's own, else the container's (exec); or NULL. */
static const char *label_of(const struct bw_request *request)
{
	const struct bw_spec_process *const asked[] = {
		request->process, request->exec ? request->spec->process : NULL};

	for (size_t i = 0; i < 2; i++)
		if (asked[i] && asked[i]->selinux_label && *asked[i]->selinux_label)
			return asked[i]->selinux_label;
	return NULL;
}

/* The policy's wish, when the caller gave no label or SELinux only watches. */
static int check_wish(
	const struct bw_request *request, const char *label, bool enforced, struct bw_err *why)
{
	char lsms[256];

	if (!request->host->selinux.v)
		return bw_fail(why, BW_E_HOST, 0,
			"the policy wants SELinux but this kernel has none (active LSMs: %s)",
			bw_label_lsms(request->host, lsms, sizeof lsms));
	if (!label)
		return bw_fail(why, BW_E_HOST, 0,
			"the policy wants SELinux but no selinuxLabel was given");
	if (!enforced)
		return bw_fail(why, BW_E_HOST, 0,
			"the policy wants SELinux but it is permissive for \"%s\"", label);
	return 0;
}

static int check_label(
	const struct bw_request *request, const char *label, bool *ret_enforced, struct bw_err *err)
{
	if (bw_label_plain(label, "selinuxLabel", err) < 0)
		return bw_at(err, FIELD);
	/* Callers know these words from runc. */
	if (!request->host->selinux.v) {
		bw_fail(err, BW_E_HOST, 0,
			"selinux label is specified in config, but selinux is disabled or not "
			"supported");
		return bw_at(err, FIELD);
	}
	if (bw_label_check(HELPER, "selinux", label, ret_enforced, err) < 0)
		return bw_at(err, FIELD);
	return 0;
}

static int add_steps(const struct bw_request *request, const char *label, struct bw_plan *plan,
	struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	bool new_keyring = !request->no_new_keyring || (hardening && hardening->private_keyring.v);

	if (bw_plan_add_text(
		    plan, BW_CONTROL_selinux, OP_ON_EXEC, BW_PHASE_LABEL, NULL, 0, label, err) < 0)
		return -1;
	if (!new_keyring)
		return 0;
	return bw_plan_add_text(
		plan, BW_CONTROL_selinux, OP_KEYRING, BW_PHASE_LABEL, NULL, 0, label, err);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const char *strength = request->spec->hardening ? request->spec->hardening->selinux : NULL;
	const char *label = label_of(request);
	bool enforced = true;
	struct bw_err why = {0};

	if (label && check_label(request, label, &enforced, err) < 0)
		return -1;
	if (strength && check_wish(request, label, enforced, &why) < 0 &&
		bw_label_settle(&why, bw_streq(strength, "prefer"), FIELD, plan, BW_CONTROL_selinux,
			err) < 0)
		return -1;
	return label ? add_steps(request, label, plan, err) : 0;
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)len;
	snprintf(buf, size, "context %s %s", (const char *)data,
		op == OP_ON_EXEC ? "on exec" : "for the keyring");
}

const struct bw_control bw_selinux = {
	.name = "selinux",
	.about = "SELinux context of the program and its keyring",
	.probe = probe,
	.prepare = prepare,
	.say = say,
};

/* The kernel gives a context back in its own spelling, so that only its absence is a lie. */
int bw_selinux_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const char *file = op == OP_ON_EXEC ? "self/attr/exec" : "self/attr/keycreate";
	char answer[BW_LABEL_MAX + 64];
	int r = bw_label_write(child->host_proc, file, data, len - 1);

	if (r < 0)
		return r;
	r = bw_label_read(child->host_proc, file, answer, sizeof answer);
	if (r < 0)
		return r;
	return r > 0 && answer[0] ? 0 : -EPROTO;
}
