/* SPDX-License-Identifier: Apache-2.0 */
/* selfexe.h - our own program file must not be writable from inside a container (CVE-2019-5736). */
#ifndef BW_LAUNCH_SELFEXE_H
#define BW_LAUNCH_SELFEXE_H

#include "spec/spec.h"

/* Whether the process could gain the right to write a root-owned file of the host: root or a capability in the
 * initial user namespace, or the means to get there. When not, ownership and mode protect us (checked). */
bool bw_selfexe_needed(const struct bw_spec *spec, const struct bw_spec_process *process);
/* When needed and not done yet: runs this program again, same arguments, from a read-only detached mount of its
 * file. Returns 0 when we are such a copy (or it is not needed), -1 on failure; else does not return. */
int bw_selfexe_protect(const struct bw_spec *spec, const struct bw_spec_process *process, struct bw_err *err) BW_MUST_CHECK;

/* The same for a further process, before it is known what is asked: a process file may be a pipe, which cannot
 * be read twice. Only a container under a clamping profile does without. */
int bw_selfexe_protect_exec(const struct bw_spec *spec, struct bw_err *err) BW_MUST_CHECK;

#endif
