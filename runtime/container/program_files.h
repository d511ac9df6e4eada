/* SPDX-License-Identifier: Apache-2.0 */
/* program_files.h - what a policy's list of programs (hardening.programs) means in one image, and whether the program that
 * is asked for is on it. The image is hostile: everything beneath one descriptor, links resolved here, each list and
 * each reading bounded; nothing is executed. */
#ifndef BW_CONTAINER_PROGRAM_FILES_H
#define BW_CONTAINER_PROGRAM_FILES_H

#include "spec/spec.h"

/* Fills files, interpreters and directories of spec->hardening->programs from the tree at root, in arena. A file counts
 * when the path that all links lead to is listed as well. Fails when there is more than anybody needs. */
int bw_programs_find(int root, struct bw_spec *spec, struct bw_arena *arena, struct bw_err *err) BW_MUST_CHECK;

/* Refuses process (BW_E_DENIED) when its program, looked for in root as the child will, is there and is none of the
 * files; what is missing, or lies where a mount will be, the child and the kernel decide. rule and pointer are those of
 * the refusal. */
int bw_programs_check(int root, const struct bw_spec *spec, const struct bw_spec_process *process, const char *rule,
	const char *pointer, struct bw_err *err) BW_MUST_CHECK;

/* Refuses to hand on a standard descriptor of a program's file, which could be executed by it; without a list nothing. */
int bw_programs_check_stdio(const struct bw_spec *spec, const char *rule, struct bw_err *err) BW_MUST_CHECK;

/* Finds and checks for a container that is to be created from bundle; nothing without a list. */
int bw_programs_settle(const char *bundle, struct bw_spec *spec, struct bw_arena *arena, struct bw_err *err) BW_MUST_CHECK;

#endif
