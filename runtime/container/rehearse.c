/* SPDX-License-Identifier: Apache-2.0 */
/* rehearse.c - preparing without a container. */
#include "container/rehearse.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/categories.h"
#include "container/program_files.h"
#include "container/rootless.h"
#include "container/user_range.h"

static int fill(struct bw_preparation *preparation, const struct bw_decision *decision, const char *bundle, const char *id,
	struct bw_cgroup_set *cgroups, int terminal)
{
	struct bw_request *request = &preparation->request;

	request->spec = decision->hardened;
	request->process = decision->hardened->process;
	request->id = id;
	request->bundle = bundle;
	request->state_dir = "/";
	request->cgroups = cgroups;
	if (request->process && request->process->terminal.v)
		request->terminal_fd = terminal;
	return 0;
}

int bw_rehearse(const struct bw_context *ctx, const char *bundle, const struct bw_decision *decision, struct bw_arena *arena,
	struct bw_preparation *preparation, struct bw_err *err)
{
	const struct bw_spec *spec = decision->hardened;
	auto_close int terminal = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct bw_cgroup_set *cgroups;
	struct bw_err ignored = {0};
	char *id = bw_arena_printf(arena, "plan-%d", (int)getpid());
	const char *path;
	bool joined;
	int r;

	if (!id)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "plan");
	if (bw_rootless_enter(spec, &joined, err) < 0 || bw_preparation_open(preparation, arena, err) < 0)
		return -1;
	preparation->request.in_user_namespace = joined;
	if (bw_user_range_suppose(decision->hardened, arena, err) < 0 ||
		bw_programs_settle(bundle, decision->hardened, arena, err) < 0)
		return -1;
	/* In a cgroup of its own name: the one that config.json names may be in use. Of a scope nothing is made. */
	path = ctx->systemd_cgroup && spec->linux_ ? spec->linux_->cgroups_path : NULL;
	if (bw_preparation_name_cgroups(preparation, ctx, path, id, &cgroups, err) < 0 ||
		bw_categories_guess(decision->hardened, &preparation->host, id, arena, err) < 0)
		return -1;
	fill(preparation, decision, bundle, id, cgroups, terminal);
	r = bw_compile(&preparation->request, &preparation->plan, err);
	if (!cgroups->unit && bw_cgroup_remove(cgroups, &ignored) < 0 && r == 0) {
		*err = ignored;
		return -1;
	}
	return r;
}
