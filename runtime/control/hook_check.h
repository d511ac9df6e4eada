/* SPDX-License-Identifier: Apache-2.0 */
/* hook_check.h - whether the policy lets a hook run on the host, where it would be root. */
#ifndef BW_CONTROL_HOOK_CHECK_H
#define BW_CONTROL_HOOK_CHECK_H

#include <limits.h>

#include "spec/spec.h"

/* Gives the path to execute for hook number index of the kind ("prestart"): the hook's own where the policy says
 * nothing, else the place where the file really is, of which nobody but root can change any part, so that what was
 * checked and what is executed are the same. Fails with BW_E_DENIED, rule "hooks", when the file or a directory
 * above it is not root's alone (hardening.checkHooks), or when program, arguments or environment are not what
 * hardening.hooks and hookEnv permit. Needs /proc. */
int bw_hook_check(const struct bw_spec_hardening *hardening, const struct bw_spec_hook *hook, const char *kind,
	size_t index, char ret_path[PATH_MAX], struct bw_err *err) BW_MUST_CHECK;

#endif
