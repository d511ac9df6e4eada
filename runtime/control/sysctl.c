/* SPDX-License-Identifier: Apache-2.0 */
/* sysctl.c - linux.sysctl: kernel parameters, but only those that belong to a namespace of the
 * container's own; see namespaces(7) and sysctl(7). Written from inside the namespaces through the
 * host's procfs: the container's own /proc could be anything (CVE-2025-52881). */
#include "control/control.h"

#include <errno.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "control/host_side.h"
#include "plan/plan.h"

enum { OP_WRITE };

/* "sys/net/ipv4/ip_forward", NUL, value, NUL. */
struct sysctl_step {
	uint32_t value_at; /* in text */
	char text[];
};

/* Which namespace a parameter belongs to. The first row that fits decides. */
static const struct family {
	const char *key; /* a whole key, or with '.' at its end a beginning */
	const char *type;
	const char *without; /* what is wrong without a namespace of that type, after the key */
} families[] = {
	{"kernel.msgmax", "ipc", "is not allowed in the hosts ipc namespace"},
	{"kernel.msgmnb", "ipc", "is not allowed in the hosts ipc namespace"},
	{"kernel.msgmni", "ipc", "is not allowed in the hosts ipc namespace"},
	{"kernel.sem", "ipc", "is not allowed in the hosts ipc namespace"},
	{"kernel.shmall", "ipc", "is not allowed in the hosts ipc namespace"},
	{"kernel.shmmax", "ipc", "is not allowed in the hosts ipc namespace"},
	{"kernel.shmmni", "ipc", "is not allowed in the hosts ipc namespace"},
	{"kernel.shm_rmid_forced", "ipc", "is not allowed in the hosts ipc namespace"},
	{"fs.mqueue.", "ipc", "is not allowed in the hosts ipc namespace"},
	{"net.", "network", "not allowed in host network namespace"},
	{"kernel.domainname", "uts", "is not in a separate kernel namespace"},
	/* Without a user namespace these count for the whole host. */
	{"user.", "user", "is not allowed without a user namespace"},
};

static const struct family *family_of(const char *key)
{
	for (size_t i = 0; i < BW_COUNT(families); i++) {
		const struct family *family = &families[i];
		const char *rest = bw_after_prefix(key, family->key);

		if (rest && (bw_has_suffix(family->key, ".") ? *rest != '\0' : *rest == '\0'))
			return family;
	}
	return NULL;
}

static int refuse(const char *key, const char *why, struct bw_err *err)
{
	bw_fail(err, BW_E_SPEC, 0, "sysctl \"%.100s\" %s", key, why);
	return bw_at(err, "/linux/sysctl/%.100s", key);
}

/* name: key in dots. */
static int check_key(const struct bw_spec *spec, const char *key, const char *name, struct bw_err *err)
{
	const struct family *family;
	bool private;

	if (bw_streq(name, "kernel.hostname"))
		return refuse(
			key, "is not allowed as it conflicts with the OCI \"hostname\" field", err);
	family = family_of(name);
	if (!family)
		return refuse(key, "is not in a separate kernel namespace", err);
	if (bw_namespace_is_private(spec, family->type, &private, err) < 0)
		return bw_at(err, "/linux/namespaces");
	return private ? 0 : refuse(key, family->without, err);
}

static int add_write(const struct bw_request *request, const char *name, const char *value,
	struct bw_plan *plan, struct bw_err *err)
{
	static const char directory[] = "sys/";
	size_t key_len = strlen(name);
	size_t value_at = strlen(directory) + key_len + 1;
	size_t size = value_at + strlen(value) + 1;
	struct sysctl_step *step = bw_arena_alloc(request->arena, sizeof *step + size);
	struct bw_buf text;

	if (!step)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "sysctl");
	step->value_at = (uint32_t)value_at;
	text = bw_buf_over(step->text, size);
	bw_buf_add(&text, directory);
	bw_buf_addn(&text, name, key_len + 1);
	for (char *c = step->text + strlen(directory); *c; c++)
		*c = (char)(*c == '.' ? '/' : *c == '/' ? '.' : *c);
	bw_buf_add(&text, value);
	return bw_plan_add(
		plan, BW_CONTROL_sysctl, OP_WRITE, BW_PHASE_NODE, step, sizeof *step + size, err);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = request->spec->linux_;

	if (request->exec || !linux_)
		return 0;
	for (size_t i = 0; i < linux_->sysctl.n; i++) {
		const struct bw_pair *pair = &linux_->sysctl.v[i];
		char name[BW_SYSCTL_NAME_SIZE];

		if (!bw_spec_sysctl_name(pair->key, name))
			return refuse(pair->key, "is not a name such as \"net.ipv4.ip_forward\"", err);
		if (check_key(request->spec, pair->key, name, err) < 0 ||
			add_write(request, name, pair->value, plan, err) < 0)
			return -1;
	}
	return 0;
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct sysctl_step *step = data;

	(void)op, (void)len;
	snprintf(buf, size, "write \"%s\" to %s", step->text + step->value_at, step->text);
}

const struct bw_control bw_sysctl = {
	.name = "sysctl",
	.about = "kernel parameters of the container's own namespaces",
	.prepare = prepare,
	.say = say,
};

int bw_sysctl_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const struct sysctl_step *step = data;

	(void)op, (void)len;
	return bw_proc_write(
		child->host_proc, step->text, RESOLVE_NO_SYMLINKS, step->text + step->value_at);
}
