/* SPDX-License-Identifier: Apache-2.0 */
/* gate.c - the container's warden: a process outside it whose sockets are inside its network namespace, the only way
 * out of one that has just its loopback (guard.c). Started while the container's init waits, when loopback is up and
 * before the host's hooks run; no container without its gate. bulwark-warden(8) says what the gate lets out. */
#include "control/gate.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "control/beside.h"
#include "control/cgroup_files.h"
#include "control/control.h"
#include "json/json.h"
#include "plan/plan.h"
#include "spec/spec.h"
#include "warden/warden.h"

static const struct bw_beside warden = {
	.program = BW_LIBEXECDIR "/" BW_WARDEN_PROGRAM,
	.name = BW_WARDEN_PROGRAM,
	.what = "the egress gate",
	.pid_file = BW_GATE_PID_FILE,
	.ok = BW_WARDEN_OK,
	.answer = BW_WARDEN_ANSWER,
	.end = BW_WARDEN_FD_END,
};

enum { OP_START };

/* ---- its configuration ---- */

static void put_texts(struct bw_json_writer *w, const char *key, const struct bw_strs *list, const struct bw_strs *more)
{
	if (!list->n && !(more && more->n))
		return;
	bw_json_key(w, key);
	bw_json_begin_array(w);
	for (size_t i = 0; i < list->n; i++)
		bw_json_string(w, list->v[i]);
	for (size_t i = 0; more && i < more->n; i++)
		bw_json_string(w, more->v[i]);
	bw_json_end_array(w);
}

static void put_number(struct bw_json_writer *w, const char *key, const struct bw_opt_uint *number)
{
	if (!number->set)
		return;
	bw_json_key(w, key);
	bw_json_uint(w, number->v);
}

static void put_configuration(struct bw_json_writer *w, const struct bw_request *request)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	const struct bw_spec_egress *egress = hardening->egress;
	static const struct bw_opt_uint user = {true, BW_BESIDE_USER};

	bw_json_begin_object(w);
	bw_json_key(w, "id");
	bw_json_string(w, request->id);
	put_number(w, "user", &user);
	put_number(w, "group", &user);
	put_texts(w, "allow", &egress->allow, NULL);
	put_texts(w, "plain", &egress->plain, NULL);
	if (egress->ports.n) {
		bw_json_key(w, "ports");
		bw_json_begin_array(w);
		for (size_t i = 0; i < egress->ports.n; i++)
			bw_json_uint(w, egress->ports.v[i]);
		bw_json_end_array(w);
	}
	/* What the container may not reach, its gate may not reach for it. */
	put_texts(w, "refuse", &egress->refuse, &hardening->block_endpoints);
	put_texts(w, "nameservers", &egress->nameservers, NULL);
	put_number(w, "connections", &egress->connections);
	put_number(w, "connectionsPerMinute", &egress->connections_per_minute);
	put_number(w, "bytes", &egress->bytes);
	if (egress->on_death) {
		bw_json_key(w, "onDeath");
		bw_json_string(w, egress->on_death);
	}
	bw_json_end_object(w);
}

static int configuration(const struct bw_request *request, char **ret, size_t *ret_len, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	int r;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "configuration of the egress gate");
	put_configuration(w, request);
	r = bw_json_writer_end(w, ret, ret_len, err);
	bw_json_writer_free(w);
	return r;
}

/* ---- preparing ---- */

static int check(const struct bw_request *request, struct bw_err *err)
{
	const struct bw_spec_egress *egress = request->spec->hardening->egress;

	if (!bw_spec_namespace(request->spec, "network"))
		return bw_fail(err, BW_E_DENIED, 0, "the egress gate needs a network namespace of the container's");
	if (access(warden.program, X_OK) < 0)
		return bw_fail(err, BW_E_HOST, errno, "the policy leaves the container the egress gate alone, and %s cannot be run",
			warden.program);
	if (bw_streq0(egress->on_death, "kill") && bw_cgroup_find(request->cgroups, NULL) < 0)
		return bw_fail(err, BW_E_HOST, 0,
			"network.egress.onDeath is kill, and without a cgroup of version 2 nobody but root can kill a container");
	return 0;
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	auto_free char *text = NULL;
	size_t len;

	if (request->exec || !hardening || !hardening->egress)
		return 0;
	if (check(request, err) < 0 || configuration(request, &text, &len, err) < 0)
		return -1;
	bw_plan_layer(plan, BW_CONTROL_gate, "the way out is bulwark-warden's, by name");
	return bw_plan_add_parent(plan, BW_CONTROL_gate, OP_START, BW_PHASE_HOOKS, text, len, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)op, (void)data, (void)len;
	snprintf(buf, size, "start the warden with the egress gate");
}

/* ---- starting ---- */

/* By which it can kill the container without any right of its own. */
static int kill_file(const struct bw_request *request)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	const struct bw_spec_egress *egress = request->spec->hardening->egress;
	int i = bw_cgroup_find(request->cgroups, NULL), dir;

	bw_cgroup_handle_init(&handle, request->cgroups);
	if (!bw_streq0(egress->on_death, "kill"))
		return open("/dev/null", O_WRONLY | O_CLOEXEC);
	dir = i < 0 ? -ENOENT : bw_cgroup_dir_fd(&handle, (size_t)i);
	return dir < 0 ? -1 : openat(dir, "cgroup.kill", O_WRONLY | O_CLOEXEC);
}

static int gather(const struct bw_settling *now, const void *text, size_t len, struct bw_heirs *ret, struct bw_err *err)
{
	const struct bw_request *request = now->request;
	char ns[32];

	snprintf(ns, sizeof ns, "%d/ns/net", (int)now->pid);
	if (bw_heirs_put(ret, BW_WARDEN_CONFIG, bw_beside_text(BW_WARDEN_PROGRAM, text, len), &warden, "configuration", err) <
			0 ||
		bw_heirs_put(ret, BW_WARDEN_NETNS, openat(now->host_proc, ns, O_RDONLY | O_CLOEXEC), &warden,
			"network namespace", err) < 0 ||
		bw_heirs_put(ret, BW_WARDEN_INIT, fcntl(now->pidfd, F_DUPFD_CLOEXEC, 0), &warden, "container's init", err) < 0 ||
		bw_heirs_put(ret, BW_WARDEN_EVENTS,
			openat(request->state_fd, BW_GATE_EVENTS, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600),
			&warden, BW_GATE_EVENTS, err) < 0)
		return -1;
	return bw_heirs_put(ret, BW_WARDEN_KILL, kill_file(request), &warden, "cgroup.kill", err);
}

static int settle(const struct bw_settling *now, uint16_t op, const void *data, size_t len, struct bw_err *err)
{
	auto_heirs struct bw_heirs heirs = BW_HEIRS_INIT;

	(void)op;
	return gather(now, data, len, &heirs, err) < 0 ? -1
						       : bw_beside_start(&warden, &heirs, now->request->state_fd, err);
}

const struct bw_control bw_gate = {
	.name = "gate",
	.about = "the warden's egress gate as the only way out, where the policy lists what may be connected to",
	.prepare = prepare,
	.say = say,
	.settle = settle,
};

int bw_gate_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)child, (void)op, (void)data, (void)len;
	return -ENOSYS;
}

void bw_gate_end(int state_dir)
{
	bw_beside_end(state_dir, BW_GATE_PID_FILE);
}

pid_t bw_gate_pid(int state_dir)
{
	return bw_beside_pid(state_dir, BW_GATE_PID_FILE);
}
