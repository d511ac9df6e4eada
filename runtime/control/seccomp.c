/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp.c - the control: our filter and the caller's, loaded one after the other. Which calls
 * they allow is written in profiles/seccomp/ and in the container's config; nothing of that is
 * here.
 *
 * Ours is loaded first: it certainly allows seccomp(2) for the second, while a caller's profile,
 * made to be loaded last, need not. The kernel asks both on every call and takes the stricter
 * answer, so the order weakens nothing.
 *
 * A filter that asks an agent is loaded before the wait for start: who waits for the container to be
 * created hears of an agent that is not there, and startContainer hooks are asked about as well. The
 * same holds for the one of `run --learn`, which takes the place of the caller's. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "control/control.h"
#include "control/seccomp_builtin.h"
#include "control/seccomp_cache.h"
#include "control/seccomp_filter.h"
#include "control/seccomp_notify.h"
#include "control/seccomp_recorder.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum op { OP_OURS, OP_CALLERS, OP_NOTIFYING, OP_LEARNING };

/* Step data: this, then count instructions. The pool aligns steps to eight bytes. */
struct load {
	uint32_t flags;
	uint32_t count;
};

static int probe(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	uint32_t allow = SECCOMP_RET_ALLOW;

	host->seccomp = (struct bw_opt_bool){
		.set = true, .v = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &allow) == 0};
	if (!host->seccomp.v)
		return 0;
	/* Flags are looked at before the program: a known one gets as far as the NULL pointer. */
	for (const struct bw_seccomp_flag *flag = bw_seccomp_flags; flag->name; flag++) {
		unsigned long bits = flag->bit;

		if (flag->needs_listener)
			bits |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, bits, NULL) == 0 ||
			errno != EFAULT)
			continue;
		if (bw_strs_add(arena, &host->seccomp_flags, flag->name) < 0)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "probing seccomp");
	}
	return 0;
}

static const struct bw_spec_seccomp *callers_section(const struct bw_request *request)
{
	return request->spec->linux_ ? request->spec->linux_->seccomp : NULL;
}

static bool notifies(const struct bw_request *request)
{
	return request->recorder || (callers_section(request) && bw_seccomp_filter_notifies(callers_section(request)));
}

/* Without no_new_privs loading needs CAP_SYS_ADMIN, which is gone after CREDS. */
static enum bw_phase phase_of(const struct bw_request *request)
{
	if (!request->process->no_new_privileges.v)
		return BW_PHASE_EARLY_FILTER;
	/* Behind the look-up of the program, which prepares before us. */
	return notifies(request) ? BW_PHASE_PROGRAM : BW_PHASE_FILTER;
}

static int add_program(const struct bw_request *request, struct bw_plan *plan, enum op op,
	uint32_t flags, const struct sock_filter *program, size_t n, struct bw_err *err)
{
	enum bw_phase phase = phase_of(request);
	struct load load = {.flags = flags, .count = (uint32_t)n};
	size_t len = n * sizeof *program;
	auto_free char *data = malloc(sizeof load + len);

	if (!data)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "planning seccomp");
	memcpy(data, &load, sizeof load);
	memcpy(data + sizeof load, program, len);
	return bw_plan_add(
		plan, BW_CONTROL_seccomp, (uint16_t)op, phase, data, sizeof load + len, err);
}

static int check_families(const struct bw_spec_hardening *hardening,
	const struct bw_seccomp_ruleset *rules, struct bw_err *err)
{
	for (size_t i = 0; i < hardening->seccomp_allow.n; i++)
		if (!bw_seccomp_has_family(rules, hardening->seccomp_allow.v[i]))
			return bw_fail(err, BW_E_POLICY, 0,
				"seccomp filter %s has no family \"%s\" that could be allowed",
				rules->name, hardening->seccomp_allow.v[i]);
	return 0;
}

static int prepare_ours(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	auto_program struct bw_seccomp_program program = {0};
	const struct bw_seccomp_builtin *builtin;

	if (!hardening || !hardening->seccomp_baseline)
		return 0;
	builtin = bw_seccomp_builtin_find(hardening->seccomp_baseline);
	if (!builtin)
		return bw_fail(err, BW_E_POLICY, 0, "there is no seccomp filter \"%s\"",
			hardening->seccomp_baseline);
	/* An allow-list for the program must not hold for our own steps after EARLY_FILTER. */
	if (builtin->rules->default_action != SECCOMP_RET_ALLOW &&
		!request->process->no_new_privileges.v)
		return bw_fail(err, BW_E_POLICY, 0, "seccomp filter %s needs noNewPrivileges",
			builtin->rules->name);
	if (!hardening->seccomp_allow.n)
		return add_program(
			request, plan, OP_OURS, 0, builtin->program, builtin->program_n, err);
	if (check_families(hardening, builtin->rules, err) < 0 ||
		bw_seccomp_rules_compile(builtin->rules, &hardening->seccomp_allow, &program, err) <
			0)
		return -1;
	return add_program(request, plan, OP_OURS, 0, program.v, program.n, err);
}

/* "filter python-node but for io_uring, beside filter ports, beside the container's own". */
static void say_layer(const struct bw_request *request, struct bw_plan *plan)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	const char *ours = hardening ? hardening->seccomp_baseline : NULL;
	char what[120];
	struct bw_buf buf = bw_buf_over(what, sizeof what);

	if (ours)
		bw_buf_addf(&buf, "filter %s", ours);
	for (size_t i = 0; ours && i < hardening->seccomp_allow.n; i++)
		bw_buf_addf(&buf, "%s%s", i ? ", " : " but for ", hardening->seccomp_allow.v[i]);
	if (hardening && hardening->landlock_connect.v)
		bw_buf_addf(&buf, "%sfilter ports", buf.len ? ", beside " : "");
	/* Who learns holds nobody. */
	if (callers_section(request) && !request->recorder)
		bw_buf_addf(&buf, "%sthe container's own", buf.len ? ", beside " : "");
	if (buf.len)
		bw_plan_layer(plan, BW_CONTROL_seccomp, what);
}

static bool host_takes(const struct bw_host *host, const char *flag)
{
	return bw_strs_has(&host->seccomp_flags, flag);
}

static const struct bw_seccomp_flag *find_flag(const char *name)
{
	const struct bw_seccomp_flag *flag = bw_seccomp_flags;

	while (flag->name && !bw_streq(flag->name, name))
		flag++;
	return flag->name ? flag : NULL;
}

/* flags absent means SPEC_ALLOW to runc and so to everybody; [] means none. */
static int choose_flags(const struct bw_spec_seccomp *seccomp, const struct bw_host *host,
	uint32_t *ret, struct bw_err *err)
{
	static const char spec_allow[] = "SECCOMP_FILTER_FLAG_SPEC_ALLOW";
	bool listens = bw_seccomp_filter_notifies(seccomp);
	uint32_t bits = 0;

	if (!seccomp->flags.n && !seccomp->flags.v && host_takes(host, spec_allow))
		bits = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; i < seccomp->flags.n; i++) {
		const struct bw_seccomp_flag *flag = find_flag(seccomp->flags.v[i]);

		if (!flag)
			bw_fail(err, BW_E_SPEC, 0, "unknown seccomp flag \"%s\"",
				seccomp->flags.v[i]);
		else if (!host_takes(host, flag->name))
			bw_fail(err, BW_E_HOST, 0, "this kernel does not know %s", flag->name);
		if (!flag || !host_takes(host, flag->name))
			return bw_at(err, "/linux/seccomp/flags/%zu", i);
		if (flag->counts && (listens || !flag->needs_listener))
			bits |= flag->bit;
	}
	if (listens)
		bits |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	*ret = bits;
	return 0;
}

/* From the cache beside the containers' state directories, or compiled and put there. */
static int callers_program(const struct bw_request *request, const struct bw_spec_seccomp *seccomp,
	struct bw_seccomp_program *ret, struct bw_err *err)
{
	auto_free char *root = strdup(request->state_dir ? request->state_dir : "");
	char *slash = root ? strrchr(root, '/') : NULL;
	struct bw_seccomp_key key;
	auto_close int dir = -1;

	if (slash && slash != root) {
		*slash = '\0';
		dir = bw_seccomp_cache_open(root);
	}
	if (dir < 0)
		return bw_seccomp_filter_compile(seccomp, ret, err);
	bw_seccomp_cache_key(seccomp, &key);
	if (bw_seccomp_cache_load(dir, &key, ret))
		return 0;
	if (bw_seccomp_filter_compile(seccomp, ret, err) < 0)
		return -1;
	bw_seccomp_cache_store(dir, &key, ret);
	return 0;
}

static int prepare_callers(
	const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	auto_program struct bw_seccomp_program program = {0};
	const struct bw_spec_seccomp *seccomp = callers_section(request);
	enum op op = notifies(request) ? OP_NOTIFYING : OP_CALLERS;
	uint32_t flags = 0;

	if (!seccomp)
		return 0;
	if (bw_seccomp_filter_check(seccomp, err) < 0 ||
		choose_flags(seccomp, request->host, &flags, err) < 0 ||
		(op == OP_NOTIFYING && bw_seccomp_agent_check(request->spec, err) < 0) ||
		callers_program(request, seccomp, &program, err) < 0)
		return -1;
	bw_debug("seccomp filter flags: %u", flags);
	return add_program(request, plan, op, flags, program.v, program.n, err);
}

/* Connections that Landlock's ports do not see: see profiles/seccomp/ports.json. */
static int prepare_ports(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	const struct bw_seccomp_builtin *builtin = bw_seccomp_builtin_find("ports");

	if (!hardening || !hardening->landlock_connect.v)
		return 0;
	return add_program(request, plan, OP_OURS, 0, builtin->program, builtin->program_n, err);
}

/* In place of the caller's: what a program needs shows while nothing but ours refuses it anything. */
static int prepare_learning(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	static const char patient[] = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV";
	struct sock_filter code[BW_RECORDER_FILTER_MAX];
	uint32_t flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;

	if (callers_section(request))
		bw_plan_degrade(plan, BW_CONTROL_seccomp, "the profile of config.json is not in force while one is learned");
	/* Else a signal interrupts a call that waits for us, also one that no program expects to be interrupted. */
	if (host_takes(request->host, patient))
		flags |= find_flag(patient)->bit;
	return add_program(request, plan, OP_LEARNING, flags, code, bw_recorder_filter(code), err);
}

/* An exec gets the container's filters, not some of its own: request->spec is the stored one. */
static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	size_t before = plan->n;

	if (prepare_ours(request, plan, err) < 0 || prepare_ports(request, plan, err) < 0 ||
		(request->recorder ? prepare_learning(request, plan, err) : prepare_callers(request, plan, err)) < 0)
		return -1;
	if (plan->n > before && !request->host->seccomp.v)
		return bw_fail(err, BW_E_HOST, 0, "this kernel has no seccomp filters");
	if (plan->n > before)
		say_layer(request, plan);
	return 0;
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct load *load = data;

	(void)len;
	switch ((enum op)op) {
	case OP_OURS:
		snprintf(buf, size, "load bulwark's filter (%u instructions)", load->count);
		break;
	case OP_CALLERS:
	case OP_NOTIFYING:
		snprintf(buf, size,
			"load the container's filter (%u instructions), seccomp filter flags: %u%s",
			load->count, load->flags, op == OP_NOTIFYING ? ", send its listener" : "");
		break;
	case OP_LEARNING:
		snprintf(buf, size, "load a filter that learns (%u instructions), seccomp filter flags: %u", load->count, load->flags);
		break;
	}
}

static int receive(const struct bw_settling *now, uint16_t op, const void *data, size_t len, int fd,
	struct bw_err *err)
{
	(void)data, (void)len;
	if (op == OP_LEARNING)
		return bw_recorder_start(now->request->recorder, fd, now, err);
	if (op != OP_NOTIFYING)
		return bw_fail(err, BW_E_INTERNAL, 0, "seccomp: this filter has no listener");
	return bw_seccomp_agent_send(now, fd, err);
}

const struct bw_control bw_seccomp = {
	.name = "seccomp",
	.about = "filters system calls: bulwark's own list, and under it the container's",
	.probe = probe,
	.prepare = prepare,
	.say = say,
	.receive = receive,
};

/* The kernel copies the program, so it may lie in the read-only pool. */
int bw_seccomp_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const struct load *load = data;
	struct sock_fprog program = {.len = (unsigned short)load->count,
		.filter = (struct sock_filter *)(uintptr_t)(load + 1)};
	long fd;
	int r;

	if (len != sizeof *load + load->count * sizeof(struct sock_filter))
		return -EINVAL;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, (unsigned long)load->flags, &program);
	if (fd < 0)
		return -errno;
	if (op != OP_NOTIFYING && op != OP_LEARNING)
		return 0;
	/* Every call from here on may be one that the agent is asked about: it must have the listener first, and
	 * we must have it no longer, or nobody would notice the agent's end. */
	r = op == OP_LEARNING ? child->send_over(child, (int)fd) : child->hand_over(child, (int)fd);
	close((int)fd);
	return r;
}
