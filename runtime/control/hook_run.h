/* SPDX-License-Identifier: Apache-2.0 */
/* hook_run.h - running one hook on the host (config.md "POSIX-platform Hooks"): state on stdin, only the
 * environment that the hook names, working directory the bundle, with its timeout. */
#ifndef BW_CONTROL_HOOK_RUN_H
#define BW_CONTROL_HOOK_RUN_H

#include "spec/spec.h"

/* A failed hook of the child travels as this plus its wait status, above all errnos. */
enum { BW_HOOK_STATUS_BASE = 4096 };

/* What becomes of a hook that was run in the container: sys is an errno (it could not be executed) or the base
 * above plus its wait status; which and number are in words, "error running startContainer hook #0". Returns -1. */
int bw_hook_complain(const char *words, int sys, struct bw_err *err);
/* Appends what that hook has written, its first line, to the error about it. said: size bytes from the child, which are
 * neither trusted nor certain to end. Empty: nothing is appended. */
void bw_hook_said(const char *said, size_t size, struct bw_err *err);
/* Runs hook number at of the list, one of spec's, if the policy that spec carries permits (hook_check.h): "error running <which> hook #<at>: ..." when it fails. */
int bw_hook_run(const struct bw_spec *spec, const struct bw_spec_hook_list *hooks, size_t at, const char *which,
	const char *state, const char *bundle, struct bw_err *err) BW_MUST_CHECK;
/* Runs every hook of the list in order, until one fails: "error running <which> hook #0: exit status 1,
 * stderr: ...". state is the JSON for stdin. */
int bw_hooks_run(const struct bw_spec *spec, const struct bw_spec_hook_list *hooks, const char *which,
	const char *state, const char *bundle, struct bw_err *err) BW_MUST_CHECK;
/* The state JSON that hooks read (runtime.md "State"); malloc'd. status: "creating", "created", ... pid 0: absent. */
int bw_hook_state(const struct bw_spec *spec, const char *id, const char *bundle, const char *status, long pid,
	char **ret, struct bw_err *err) BW_MUST_CHECK;
/* The same as a value of a larger document. */
void bw_hook_state_put(struct bw_json_writer *w, const struct bw_spec *spec, const char *id, const char *bundle,
	const char *status, long pid);

#endif
