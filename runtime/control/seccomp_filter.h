/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_filter.h - an OCI seccomp section to classic BPF, as runc understands it, with
 * libseccomp. Loads nothing and looks at no file; what the kernel can do is the caller's business.
 */
#ifndef BW_CONTROL_SECCOMP_FILTER_H
#define BW_CONTROL_SECCOMP_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "control/seccomp_rules.h"
#include "spec/spec.h"

/* What OCI names stand for, shared with `features`: NULL-terminated, in the order of the spec. */
extern const char *const bw_seccomp_action_names[];
extern const char *const bw_seccomp_operator_names[];
extern const char *const bw_seccomp_arch_names[];

/* One flag of seccomp(2), by the kernel's name. */
struct bw_seccomp_flag {
	const char *name;
	uint32_t bit;
	bool needs_listener; /* nothing without SECCOMP_FILTER_FLAG_NEW_LISTENER */
	bool counts;	     /* TSYNC does not: the process that loads has one thread */
};
extern const struct bw_seccomp_flag bw_seccomp_flags[]; /* ends with name == NULL */

/* Whether the section can be used at all: known words, errnos where they may stand, an agent where
 * one is asked, and a program can be started under it. Cheap; done on every start, cached filter or
 * not. BW_E_SPEC with the JSON pointer in field. */
int bw_seccomp_filter_check(
	const struct bw_spec_seccomp *seccomp, struct bw_err *err) BW_MUST_CHECK;

/* Whether the section asks an agent about some call (SCMP_ACT_NOTIFY): only then is there a listener. */
bool bw_seccomp_filter_notifies(const struct bw_spec_seccomp *seccomp);

/* What the section answers to a call of this name on the native architecture, whatever its
 * arguments: false when it is refused, true when it is allowed or depends on them. For the choice
 * between execve and execveat. The section must have passed the check. */
bool bw_seccomp_filter_permits(const struct bw_spec_seccomp *seccomp, const char *name);

/* Compiles a section that has passed the check. Calls newer than the newest one that the section
 * names answer ENOSYS, not the default action: libraries then fall back, as they do on an older
 * kernel. BW_E_SPEC for contradictions, BW_E_INTERNAL when libseccomp fails. */
int bw_seccomp_filter_compile(const struct bw_spec_seccomp *seccomp, struct bw_seccomp_program *ret,
	struct bw_err *err) BW_MUST_CHECK;

#endif
