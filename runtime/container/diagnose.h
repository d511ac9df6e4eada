/* SPDX-License-Identifier: Apache-2.0 */
/* diagnose.h - why a program could not be executed, found out after the failure: from the file as the container
 * sees it, by the parent, never by the child. The tree is hostile: everything beneath one descriptor, regular files
 * only, a bounded number of bytes, nothing executed. */
#ifndef BW_CONTAINER_DIAGNOSE_H
#define BW_CONTAINER_DIAGNOSE_H

#include "control/cgroup.h"
#include "launch/parent.h"
#include "spec/spec.h"

/* Where the program was looked for. */
struct bw_scene {
	int root;                               /* of the container, O_PATH; -1: nothing can be said */
	const struct bw_spec *spec;             /* whose mounts cover parts of root; NULL: root shows them itself */
	const char *bundle;                     /* for relative sources of its mounts */
	const struct bw_spec_process *process;
	bool listed;                            /* the policy lists what may be executed (hardening.programs) */
};

/* One clause, "its interpreter \"/nope\" (line 1) is not in the image", or "" where nothing is certain. sys is
 * what execve or the look-up said. The words that engines match are not in it: the errno's have been said. */
void bw_diagnose_program(const struct bw_scene *scene, int sys, char *buf, size_t size);

/* Adds to err what can be found out about a failed step of the program control, said in words as by bw_step_say():
 * to the text for a look-up; as a hint for execve, whose sentence callers compare whole. */
void bw_diagnose_step(const struct bw_scene *scene, const char *words, int sys, struct bw_err *err);
/* The same when the container's init was killed: by the kernel, if its cgroup has run out of memory. */
void bw_diagnose_death(const struct bw_cgroup_set *cgroups, struct bw_err *err);
/* The same for a whole launch that has failed. */
void bw_diagnose_launch(const struct bw_launch *launch, const struct bw_scene *scene, const struct bw_cgroup_set *cgroups,
	struct bw_err *err);

#endif
