/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_notify.h - the agent that answers for SCMP_ACT_NOTIFY: may it be asked, and how it gets the
 * listener (config-linux.md, "The Container Process State"). */
#ifndef BW_CONTROL_SECCOMP_NOTIFY_H
#define BW_CONTROL_SECCOMP_NOTIFY_H

#include "control/control.h"
#include "spec/spec.h"

/* Under a policy (hardening.check_listener): whether the agent's socket is one that root alone can have
 * put there. BW_E_DENIED; BW_E_SPEC when there is none. */
int bw_seccomp_agent_check(const struct bw_spec *spec, struct bw_err *err) BW_MUST_CHECK;

/* Sends the listener to the agent at listenerPath, beside the state of the process that it listens to: one
 * connection, one message. fd stays the caller's. */
int bw_seccomp_agent_send(const struct bw_settling *now, int fd, struct bw_err *err) BW_MUST_CHECK;

#endif
