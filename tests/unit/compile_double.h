/* SPDX-License-Identifier: Apache-2.0 */
/* compile_double.h - plans for machines that we are not on, compiled without root: host facts from
 * a file, cgroups that are computed and not made (this takes the place of the cgroup control at
 * link time), and stand-ins for the files that a configuration names. */
#ifndef BW_TESTS_UNIT_COMPILE_DOUBLE_H
#define BW_TESTS_UNIT_COMPILE_DOUBLE_H

#include "control/compile.h"
#include "control/guard.h"
#include "host/host.h"
#include "policy/harden.h"
#include "scratch.h"

struct compiled {
	struct bw_arena arena;
	struct scratch scratch;
	struct bw_host *host;
	struct bw_guard guard;
	struct bw_request request;
	struct bw_plan plan;
	int host_proc;
	struct bw_mount_labels mount_labels;
	struct bw_err err;
};

/* The facts in tests/data/<name>.json; fails the test when they cannot be read. */
void compiled_begin(struct compiled *c, const char *host_path);
void compiled_end(struct compiled *c);
/* Compiles spec, which the policy has decided on: rootfs, bind sources, hooks and joined namespaces
 * are replaced by stand-ins of the same kind. -1 and c->err when a control refuses. */
int compiled_spec(struct compiled *c, struct bw_spec *spec);
/* The plan as text: a line for each step, then what is degraded. In c->arena. */
const char *compiled_text(struct compiled *c);

extern const char *const phase_names[BW_PHASE_COUNT];

#endif
