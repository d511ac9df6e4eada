/* SPDX-License-Identifier: Apache-2.0 */
/* selinux.c - the context that execve gives the program, and the one that its session keyring is made with (selinux(8),
 * setexeccon(3), setkeycreatecon(3), without the library): process.selinuxLabel, or one of our own, which the module in
 * profiles/selinux defines. It consists of the policy's type and the categories that create took for the tenant; what
 * mounts.c mounts gets the label of files that belongs to it. */
#include "control/control.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/label.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/context.h"
#include "spec/spec.h"

#define FIELD  "/process/selinuxLabel"
#define HELPER BW_LIBEXECDIR "/bulwark-label"
/* Of what the container may write: code comes from the second alone. */
#define FILES "bulwark_file_t"
#define CODE  "bulwark_native_t"

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

/* What the program gets. */
struct choice {
	const char *context; /* NULL: none */
	bool enforced;
	bool told; /* that there is none of ours is on record */
};

/* The policy's wish, when there is no context or SELinux only watches. */
static int check_wish(const struct bw_request *request, const struct choice *choice, struct bw_err *why)
{
	char lsms[256];

	if (!request->host->selinux.v)
		return bw_fail(why, BW_E_HOST, 0,
			"the policy wants SELinux but this kernel has none (active LSMs: %s)",
			bw_label_lsms(request->host, lsms, sizeof lsms));
	if (!choice->context)
		return bw_fail(why, BW_E_HOST, 0,
			"the policy wants SELinux but no selinuxLabel was given");
	if (!choice->enforced)
		return bw_fail(why, BW_E_HOST, 0,
			"the policy wants SELinux but it is permissive for \"%s\"", choice->context);
	return 0;
}

/* Whether the caller's label can be one at all, on this host. */
static int check_asked(const struct bw_request *request, const char *label, struct bw_err *err)
{
	if (bw_label_plain(label, "selinuxLabel", err) < 0)
		return bw_at(err, FIELD);
	if (request->host->selinux.v)
		return 0;
	/* Callers know these words from runc. */
	bw_fail(err, BW_E_HOST, 0,
		"selinux label is specified in config, but selinux is disabled or not supported");
	return bw_at(err, FIELD);
}

static int choose_asked(const char *label, struct choice *choice, struct bw_err *err)
{
	if (bw_label_check(HELPER, "selinux", label, &choice->enforced, err) < 0)
		return bw_at(err, FIELD);
	choice->context = label;
	return 0;
}

bool bw_selinux_own(const struct bw_spec_hardening *hardening, const char *asked, char buf[BW_SELINUX_OWN_MAX])
{
	if (!hardening || !hardening->selinux || !hardening->selinux_type || !hardening->selinux_level ||
		(asked && *asked && !hardening->selinux_always.v))
		return false;
	return snprintf(buf, BW_SELINUX_OWN_MAX, "system_u:system_r:%s:%s", hardening->selinux_type, hardening->selinux_level) <
	       BW_SELINUX_OWN_MAX;
}

/* That the host's policy keeps categories apart is not taken for granted: types that it does not constrain are not. */
static int check_ours(const struct bw_request *request, const char *context, const char *files, bool *ret_enforced,
	struct bw_err *why)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	char level[BW_LEVEL_MAX];
	const char *others;
	uint32_t number;

	if (!bw_level_pair(hardening->selinux_level, &number))
		return bw_fail(why, BW_E_SPEC, 0, "\"%s\" is no pair of categories", hardening->selinux_level);
	bw_level_of_pair((number + BW_CATEGORIES) % BW_CATEGORY_PAIRS, level);
	others = bw_arena_printf(request->arena, "system_u:object_r:" FILES ":%s", level);
	if (!context || !files || !others)
		return bw_fail(why, BW_E_MEMORY, ENOMEM, "SELinux context");
	return bw_label_check_files(HELPER, context, files, others, ret_enforced, why);
}

/* Where it cannot be had and the policy only prefers it, choice stays empty. */
static int choose_ours(const struct bw_request *request, const char *own, struct bw_plan *plan, struct choice *choice,
	struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	const char *context = bw_arena_strdup(request->arena, own);
	const char *files = bw_arena_printf(request->arena, "system_u:object_r:" FILES ":%s", hardening->selinux_level);
	struct bw_err why = {0};

	if (check_ours(request, context, files, &choice->enforced, &why) < 0) {
		choice->told = true;
		return bw_label_settle(
			&why, bw_streq(hardening->selinux, "prefer"), FIELD, plan, BW_CONTROL_selinux, err);
	}
	choice->context = context;
	if (!request->mount_labels)
		return 0;
	request->mount_labels->files = files;
	request->mount_labels->code =
		bw_arena_printf(request->arena, "system_u:object_r:" CODE ":%s", hardening->selinux_level);
	return request->mount_labels->code ? 0 : bw_fail(err, BW_E_MEMORY, ENOMEM, "SELinux context");
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
	struct choice choice = {.enforced = true};
	char own[BW_SELINUX_OWN_MAX];
	struct bw_err why = {0};

	if (label && check_asked(request, label, err) < 0)
		return -1;
	if (request->host->selinux.v && bw_selinux_own(request->spec->hardening, label, own) &&
		choose_ours(request, own, plan, &choice, err) < 0)
		return -1;
	if (label && !choice.context && choose_asked(label, &choice, err) < 0)
		return -1;
	if (strength && (choice.context || !choice.told) && check_wish(request, &choice, &why) < 0 &&
		bw_label_settle(&why, bw_streq(strength, "prefer"), FIELD, plan, BW_CONTROL_selinux,
			err) < 0)
		return -1;
	if (!choice.context)
		return 0;
	if (choice.enforced)
		bw_plan_layer(plan, BW_CONTROL_selinux, choice.context);
	return add_steps(request, choice.context, plan, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)len;
	snprintf(buf, size, "context %s %s", (const char *)data,
		op == OP_ON_EXEC ? "on exec" : "for the keyring");
}

/* ---- the program ---- */

int bw_selinux_verify(int host_proc, pid_t pid, int pidfd, const char *context, struct bw_err *err)
{
	char label[BW_LABEL_MAX + 64];
	int r = bw_label_running(host_proc, pid, pidfd, "current", label, sizeof label);

	if (r == 0 || (r > 0 && bw_streq(label, context)))
		return 0;
	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "selinux: reading back the context that the program runs in");
	return bw_fail(err, BW_E_KERNEL, 0, "selinux: the program runs in \"%s\", expected \"%s\"", label, context);
}

/* A caller's context the kernel may spell otherwise. */
static int verify(const struct bw_settling *now, uint16_t op, const void *data, size_t len, struct bw_err *err)
{
	char own[BW_SELINUX_OWN_MAX];

	(void)len;
	if (op != OP_ON_EXEC || !bw_selinux_own(now->request->spec->hardening, label_of(now->request), own) ||
		!bw_streq(own, data))
		return 0;
	return bw_selinux_verify(now->host_proc, now->pid, now->pidfd, own, err);
}

const struct bw_control bw_selinux = {
	.name = "selinux",
	.about = "SELinux context of the program and its keyring",
	.probe = probe,
	.prepare = prepare,
	.say = say,
	.verify = verify,
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
