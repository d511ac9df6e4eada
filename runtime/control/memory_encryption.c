/* SPDX-License-Identifier: Apache-2.0 */
/* memory_encryption.c - hardening.memory_encryption: a condition, not a step. Looked at only where it is asked for. */
#include "control/memory_encryption.h"

#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "control/control.h"
#include "plan/plan.h"

int bw_memory_encryption_require(const struct bw_spec *spec, const struct bw_host *host, struct bw_memory_encryption *ret,
	struct bw_err *err)
{
	struct utsname name;

	*ret = (struct bw_memory_encryption){0};
	if (!spec->hardening || !spec->hardening->memory_encryption.v)
		return 0;
	if (uname(&name) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "uname");
	bw_memory_encryption_look("", name.machine, host->kernel_major.v, ret);
	if (ret->encrypted)
		return 0;
	return bw_fail(err, BW_E_HOST, 0, "the policy wants the host's memory to be encrypted, which is not seen: %s",
		ret->seen);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	struct bw_memory_encryption memory;
	char layer[sizeof memory.seen + 32];

	if (request->exec)
		return 0;
	if (bw_memory_encryption_require(request->spec, request->host, &memory, err) < 0)
		return -1;
	if (!memory.encrypted)
		return 0;
	snprintf(layer, sizeof layer, "the host's memory is encrypted: %s", memory.seen);
	bw_plan_layer(plan, BW_CONTROL_memory_encryption, layer);
	return 0;
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)op;
	(void)data;
	(void)len;
	snprintf(buf, size, "nothing to do");
}

int bw_memory_encryption_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)child;
	(void)op;
	(void)data;
	(void)len;
	return 0;
}

const struct bw_control bw_memory_encryption = {
	.name = "memory_encryption",
	.about = "a container starts only where the host's memory is seen to be encrypted",
	.prepare = prepare,
	.say = say,
};
