/* SPDX-License-Identifier: Apache-2.0 */
/* mdwe.c - memory that is written is not executed: no mapping that is both, and none that becomes executable later; see
 * PR_SET_MDWE(2const). Exploits that bring machine code of their own need such memory, and so does every just-in-time
 * compiler: V8 ends with SIGTRAP. Children inherit it and nobody can take it back. So "prefer" does without it where one of
 * the container's programs compiles, as they were found at create: an exec gets what the container has. */
#include "control/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/auto.h"
#include "base/str.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_GET_MDWE 66
#endif
enum { OP_REFUSE_EXEC_GAIN, REFUSE_EXEC_GAIN = 1 /* PR_MDWE_REFUSE_EXEC_GAIN */ };

static const char missing[] = "this kernel cannot keep written memory from being executed (PR_SET_MDWE, Linux 6.3)";

/* What compiles at run time, as its file is called, without a version behind it: V8's programs, and their like. */
static const char *const compilers[] = {"node", "nodejs", "deno", "bun", "chrome", "chromium", "electron",
	"headless_shell", "java", "dotnet", "mono", "luajit", "pypy", "php", "ruby", "julia", "erl", "beam.smp", "gjs", NULL};

static int probe(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	(void)arena, (void)err;
	host->mdwe = (struct bw_opt_bool){.set = true, .v = prctl(PR_GET_MDWE, 0, 0, 0, 0) >= 0};
	return 0;
}

/* Whether path ends in one of names, with a version behind it or without: python3.11, node-20. */
static bool is_one_of(const char *path, const char *const *names)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (; *names; names++) {
		const char *version = bw_after_prefix(name, *names);

		if (version && !version[strspn(version, "0123456789.-")])
			return true;
	}
	return false;
}

/* By the programs that may be executed, where the policy lists them; else by the one that the container begins with, and
 * then only Python, which is known not to compile, is taken at its name: a wrapper may start anything. */
static bool survive(const struct bw_spec *spec)
{
	static const char *const plain[] = {"python", NULL};
	const struct bw_spec_programs *programs = spec->hardening->programs;
	const struct bw_strs *args = &spec->process->args;

	if (!programs || !programs->files.n)
		return args->n && is_one_of(args->v[0], plain);
	for (size_t i = 0; i < programs->files.n; i++)
		if (is_one_of(programs->files.v[i], compilers))
			return false;
	return true;
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	bool required = hardening && bw_streq0(hardening->mdwe, "require");

	if (!hardening || !hardening->mdwe || (!required && !survive(request->spec)))
		return 0;
	if (!request->host->mdwe.v && required)
		return bw_fail(err, BW_E_HOST, 0, "the policy requires memoryDenyWriteExecute: %s", missing);
	if (!request->host->mdwe.v) {
		bw_plan_degrade(plan, BW_CONTROL_mdwe, missing);
		return 0;
	}
	bw_plan_layer(plan, BW_CONTROL_mdwe, "no memory that was written is executed");
	return bw_plan_add(plan, BW_CONTROL_mdwe, OP_REFUSE_EXEC_GAIN, BW_PHASE_PRIVS, NULL, 0, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)op, (void)data, (void)len;
	snprintf(buf, size, "no memory becomes executable that could be written");
}

const struct bw_control bw_mdwe = {
	.name = "mdwe",
	.about = "memory that was written cannot be executed",
	.probe = probe,
	.prepare = prepare,
	.say = say,
};

int bw_mdwe_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)child, (void)op, (void)data, (void)len;
	return prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) < 0 ? -errno : 0;
}
