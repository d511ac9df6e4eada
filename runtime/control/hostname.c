/* SPDX-License-Identifier: Apache-2.0 */
/* hostname.c - host name and NIS domain name of the container's UTS namespace; see
 * uts_namespaces(7). Never of ours: a namespace that is joined by path must be another one. */
#include "control/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "control/host_side.h"
#include "plan/plan.h"

enum { OP_HOSTNAME, OP_DOMAINNAME };
enum { NAME_MAX_BYTES = 64 }; /* __NEW_UTS_LEN */

static const struct {
	const char *word;
	long call;
} kinds[] = {
	[OP_HOSTNAME] = {"hostname", SYS_sethostname},
	[OP_DOMAINNAME] = {"domainname", SYS_setdomainname},
};

static int prepare_name(const struct bw_request *request, uint16_t op, const char *name,
	struct bw_plan *plan, struct bw_err *err)
{
	bool private;

	if (!name || !*name)
		return 0;
	if (bw_namespace_is_private(request->spec, "uts", &private, err) < 0)
		return bw_at(err, "/linux/namespaces");
	if (!private) {
		bw_fail(err, BW_E_SPEC, 0, "unable to set %s without a private UTS namespace",
			kinds[op].word);
		return bw_at(err, "/%s", kinds[op].word);
	}
	if (strlen(name) > NAME_MAX_BYTES) {
		bw_fail(err, BW_E_SPEC, 0, "/%s: longer than %d bytes", kinds[op].word,
			NAME_MAX_BYTES);
		return bw_at(err, "/%s", kinds[op].word);
	}
	return bw_plan_add_text(plan, BW_CONTROL_hostname, op, BW_PHASE_NODE, NULL, 0, name, err);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec *spec = request->spec;

	if (request->exec)
		return 0;
	if (prepare_name(request, OP_HOSTNAME, spec->hostname, plan, err) < 0)
		return -1;
	return prepare_name(request, OP_DOMAINNAME, spec->domainname, plan, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	snprintf(buf, size, "set %s to %.*s", kinds[op].word, (int)len - 1, (const char *)data);
}

const struct bw_control bw_hostname = {
	.name = "hostname",
	.about = "host name and domain name of the UTS namespace",
	.prepare = prepare,
	.say = say,
};

int bw_hostname_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)child;
	return syscall(kinds[op].call, data, len - 1) < 0 ? -errno : 0;
}
