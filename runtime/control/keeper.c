/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.c - starts bulwark-keeper beside a container whose time nobody else keeps, or that is counted or watched.
 * While the container's init waits: no program runs whose keeper is not ready. Its life begins with start, which the
 * keeper sees for itself. */
#include "control/keeper.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/audit_socket.h"
#include "base/auto.h"
#include "base/str.h"
#include "control/beside.h"
#include "control/control.h"
#include "host/host.h"
#include "json/json.h"
#include "plan/plan.h"
#include "spec/spec.h"
#include "warden/keeper.h"

enum { OP_START };

static const struct bw_beside keeper = {
	.program = BW_LIBEXECDIR "/" BW_KEEPER_PROGRAM,
	.name = BW_KEEPER_PROGRAM,
	.what = "the keeper",
	.pid_file = BW_KEEPER_PID_FILE,
	.ok = BW_KEEPER_OK,
	.answer = BW_KEEPER_ANSWER,
	.end = BW_KEEPER_FD_END,
};

/* ---- preparing ---- */

/* Not by probe(), which looks for containers too that have no keeper. Without binding the socket: the kernel would note that
 * in its log each time. */
bool bw_keeper_has_records(const struct bw_host *host)
{
	auto_close int fd = -1;

	if (host->audit_records.set)
		return host->audit_records.v;
	for (size_t i = 0; host->root.v && fd < 0 && i < host->own_capabilities.n; i++)
		if (host->own_capabilities.v[i] == CAP_AUDIT_READ)
			fd = bw_audit_socket();
	return fd >= 0;
}

static int probe(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	(void)arena, (void)err;
	host->keeper = (struct bw_opt_bool){.set = true, .v = access(keeper.program, X_OK) == 0};
	return 0;
}

static bool keeps_time(const struct bw_request *request)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;

	return hardening && hardening->ttl_ms.set && !request->keeps_time;
}

/* Why there can be none, or NULL. */
static const char *why_not(const struct bw_request *request)
{
	const bool time = keeps_time(request);

	if (!request->host->root.v)
		return time ? "nobody ends it in time: only a container of root's has a bulwark-keeper"
			    : "nobody counts and watches: only a container of root's has a bulwark-keeper";
	if (!request->host->keeper.v)
		return time ? "nobody ends it in time: bulwark-keeper cannot be run"
			    : "nobody counts and watches: bulwark-keeper cannot be run";
	return NULL;
}

int bw_keeper_choose(const struct bw_request *request, bool *ret, const char **ret_why, struct bw_err *err)
{
	const struct bw_spec_keeper *wanted = request->spec->hardening ? request->spec->hardening->keeper : NULL;

	*ret_why = NULL;
	*ret = false;
	if (request->exec || (!wanted && !keeps_time(request)))
		return 0;
	*ret_why = why_not(request);
	*ret = !*ret_why;
	if (*ret_why && wanted && bw_streq0(wanted->metrics, "require"))
		return bw_fail(err, BW_E_HOST, 0, "the policy requires numbers of a container: %s", *ret_why);
	return 0;
}

/* What of writing outside of what is allowed comes to its ears. */
enum ears { NO_RECORDS, NO_MODULE, HEARS_LANDLOCK, HEARS, EARS };

static enum ears ears_of(const struct bw_host *host)
{
	enum { ABI_WITH_RECORDS = 7 };

	if (!bw_keeper_has_records(host))
		return NO_RECORDS;
	if (host->apparmor.v || host->selinux.v)
		return HEARS;
	return host->landlock_abi.v >= ABI_WITH_RECORDS ? HEARS_LANDLOCK : NO_MODULE;
}

const char *bw_keeper_about(const struct bw_request *request)
{
#define COUNTS "bulwark-keeper counts and watches"
#define ENDS   "bulwark-keeper ends it when its time is over"
#define BOTH   ENDS ", counts and watches"
#define EACH(before)                                                                                                         \
	{                                                                                                                    \
		[NO_RECORDS] = before "; denied writes are not seen: the kernel's audit records cannot be read",             \
		[NO_MODULE] = before "; denied writes are not seen: this host has no security module that tells of them",    \
		[HEARS_LANDLOCK] = before "; denied writes are seen while the kernel's audit is enabled",                    \
		[HEARS] = before "; denied writes are seen",                                                                 \
	}
	static const char *const texts[2][EARS] = {EACH(COUNTS), EACH(BOTH)};

	if (!request->spec->hardening->keeper)
		return ENDS;
	return texts[keeps_time(request)][ears_of(request->host)];
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const char *why;
	bool wanted;

	if (bw_keeper_choose(request, &wanted, &why, err) < 0)
		return -1;
	if (why)
		bw_plan_degrade(plan, BW_CONTROL_keeper, why);
	if (!wanted)
		return 0;
	bw_plan_layer(plan, BW_CONTROL_keeper, bw_keeper_about(request));
	return bw_plan_add_parent(plan, BW_CONTROL_keeper, OP_START, BW_PHASE_HOOKS, NULL, 0, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)op, (void)data, (void)len;
	snprintf(buf, size, "start the keeper");
}

/* ---- starting ---- */

static void put_number(struct bw_json_writer *w, const char *key, const struct bw_opt_uint *number)
{
	if (!number->set)
		return;
	bw_json_key(w, key);
	bw_json_uint(w, number->v);
}

static void put_text(struct bw_json_writer *w, const char *key, const char *text)
{
	if (!text)
		return;
	bw_json_key(w, key);
	bw_json_string(w, text);
}

static void put_alert(struct bw_json_writer *w, const char *key, const struct bw_spec_alert *alert)
{
	if (!alert)
		return;
	bw_json_key(w, key);
	bw_schema_write(&bw_spec_alert_schema, alert, w);
}

static void put_audit(struct bw_json_writer *w, const struct bw_spec_audit *audit)
{
	static const struct bw_audit_trail usual;

	if (!audit)
		return;
	put_text(w, "policy", audit->policy);
	bw_json_key(w, "audit");
	bw_schema_write(&bw_audit_trail_schema, audit->trail ? audit->trail : &usual, w);
}

static void put_keeper(struct bw_json_writer *w, const struct bw_spec_keeper *wanted, bool listen)
{
	if (!wanted)
		return;
	bw_json_key(w, "listen");
	bw_json_bool(w, listen);
	bw_json_key(w, "metrics");
	bw_json_bool(w, wanted->metrics != NULL);
	put_number(w, "intervalMs", &wanted->interval_ms);
	put_number(w, "throttlePercent", &wanted->throttle_percent);
	put_alert(w, "cpu", wanted->cpu);
	put_alert(w, "steady", wanted->steady);
	put_alert(w, "destinations", wanted->destinations);
	put_alert(w, "writes", wanted->writes);
}

static void put_configuration(struct bw_json_writer *w, const struct bw_request *request)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	const char *slash = strrchr(request->state_dir, '/');
	char root[PATH_MAX];

	snprintf(root, sizeof root, "%.*s", slash > request->state_dir ? (int)(slash - request->state_dir) : 1,
		request->state_dir);
	bw_json_begin_object(w);
	bw_json_key(w, "root");
	bw_json_string(w, root);
	bw_json_key(w, "id");
	bw_json_string(w, request->id);
	if (keeps_time(request)) {
		put_number(w, "ttlMs", &hardening->ttl_ms);
		put_number(w, "graceMs", &hardening->grace_ms);
	}
	put_text(w, "tenant", hardening->tenant);
	put_text(w, "session", hardening->session);
	put_text(w, "profile", hardening->profile);
	put_audit(w, hardening->audit);
	put_keeper(w, hardening->keeper, ears_of(request->host) >= HEARS_LANDLOCK);
	bw_json_end_object(w);
}

/* Descriptor of the configuration, or -1 and errno. */
static int configuration(const struct bw_request *request)
{
	struct bw_json_writer *w = bw_json_writer_new(false);

	if (w)
		put_configuration(w, request);
	return bw_beside_json(BW_KEEPER_PROGRAM, w);
}

int bw_keeper_start(const struct bw_settling *now, struct bw_err *err)
{
	auto_heirs struct bw_heirs heirs = BW_HEIRS_INIT;
	const struct bw_request *request = now->request;
	char net[32];

	snprintf(net, sizeof net, "%d/net/dev", (int)now->pid);
	if (bw_heirs_put(&heirs, BW_KEEPER_CONFIG, configuration(request), &keeper, "configuration", err) < 0 ||
		bw_heirs_put(&heirs, BW_KEEPER_INIT, fcntl(now->pidfd, F_DUPFD_CLOEXEC, 0), &keeper, "container's init",
			err) < 0 ||
		bw_heirs_put(&heirs, BW_KEEPER_STATE,
			openat(request->state_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), &keeper,
			"container's directory", err) < 0 ||
		bw_heirs_put(&heirs, BW_KEEPER_NET, openat(now->host_proc, net, O_RDONLY | O_CLOEXEC), &keeper,
			"network counters", err) < 0)
		return -1;
	return bw_beside_start(&keeper, &heirs, request->state_fd, err);
}

static int settle(const struct bw_settling *now, uint16_t op, const void *data, size_t len, struct bw_err *err)
{
	(void)op, (void)data, (void)len;
	return bw_keeper_start(now, err);
}

const struct bw_control bw_keeper = {
	.name = "keeper",
	.about = "has a container ended in time, where nobody else does, counted and watched by a process outside",
	.probe = probe,
	.prepare = prepare,
	.say = say,
	.settle = settle,
};

int bw_keeper_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)child, (void)op, (void)data, (void)len;
	return -ENOSYS;
}

/* ---- for the verbs ---- */

void bw_keeper_stop(int state_dir)
{
	bw_beside_await(state_dir, BW_KEEPER_PID_FILE);
}

pid_t bw_keeper_pid(int state_dir)
{
	return bw_beside_pid(state_dir, BW_KEEPER_PID_FILE);
}
