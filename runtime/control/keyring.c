/* SPDX-License-Identifier: Apache-2.0 */
/* keyring.c - a session keyring of the container's own, so that it does not possess the caller's
 * keys; see session-keyring(7). Named "_ses.<id>", so that exec finds it again; where the policy
 * wants it private it has no name, for a name can be taken by somebody else first. */
#include "control/control.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_JOIN_NEW, OP_JOIN };

/* Key permissions (keyrings(7)); linux/keyctl.h does not have them. */
#define POSSESSOR_ALL	    0x3f000000
#define OWNER_VIEW_AND_READ 0x00030000
#define OWNER_SEARCH	    0x00080000
#define OWNER_LINK	    0x00100000
/* What the kernel gives a named session keyring, and search for its owner: without that an exec,
 * which comes with another session, does not find it by name. */
#define PERMISSIONS (POSSESSOR_ALL | OWNER_VIEW_AND_READ | OWNER_SEARCH | OWNER_LINK)

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	bool private = hardening && hardening->private_keyring.v;
	const char *name;

	if (request->no_new_keyring && !private)
		return 0;
	name = private ? "" : bw_arena_printf(request->arena, "_ses.%s", request->id);
	if (!name)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "keyring");
	return bw_plan_add_text(plan, BW_CONTROL_keyring, request->exec ? OP_JOIN : OP_JOIN_NEW,
		BW_PHASE_PRIVS, NULL, 0, name, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)op;
	if (len > 1)
		snprintf(buf, size, "join session keyring %.*s", (int)len - 1, (const char *)data);
	else
		snprintf(buf, size, "new session keyring without a name");
}

const struct bw_control bw_keyring = {
	.name = "keyring",
	.about = "session keyring of the container's own",
	.prepare = prepare,
	.say = say,
};

int bw_keyring_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const char *name = len > 1 ? data : NULL;
	long ring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);

	(void)child;
	/* A kernel without keyrings has no keys to keep from anybody. */
	if (ring < 0)
		return errno == ENOSYS ? 0 : -errno;
	if (op == OP_JOIN || !name)
		return 0;
	return syscall(SYS_keyctl, KEYCTL_SETPERM, ring, PERMISSIONS) < 0 ? -errno : 0;
}
