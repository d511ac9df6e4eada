/* SPDX-License-Identifier: Apache-2.0 */
/* secret_variables.h - takes the values of variables that are secrets out of what was read of a process, before anybody
 * else sees it: rules, findings, state, log and plan. */
#ifndef BW_CONTAINER_SECRET_VARIABLES_H
#define BW_CONTAINER_SECRET_VARIABLES_H

#include "control/secrets.h"
#include "policy/policy.h"

/* While a document is read that may hold secrets, this process leaves no core dump and nobody without root's rights traces
 * it. bw_secrets_show() ends that, and does nothing where it did not begin. */
void bw_secrets_hide(void);
void bw_secrets_show(void);

/* Takes the values of profile's variables out of process->env, in place: "NAME=" is left, and the value nowhere else.
 * process may be NULL. With ret_values they are kept there, of several values of one variable the last one; with NULL they
 * are gone. Fails for a value of more than BW_SECRET_BYTES; they are wiped then, too. */
int bw_secrets_take(const struct bw_profile *profile, struct bw_spec_process *process, struct bw_secret_values *ret_values,
	struct bw_err *err) BW_MUST_CHECK;

#endif
