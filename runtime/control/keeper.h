/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.h - the process that ends a container in time, for the verbs: keeper.c starts it. */
#ifndef BW_CONTROL_KEEPER_H
#define BW_CONTROL_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct bw_host;
struct bw_request;
struct bw_settling;

/* How the sentence of the layer begins. */
#define BW_KEEPER_LAYER "keeper: "

/* Whether the container of the request gets one; *ret_why: why it gets none although one is wanted, else NULL. Fails where
 * the policy requires one that cannot be had. For who has no plan. */
int bw_keeper_choose(const struct bw_request *request, bool *ret, const char **ret_why, struct bw_err *err) BW_MUST_CHECK;
/* Whether a keeper can read the records of the kernel's audit log here. */
bool bw_keeper_has_records(const struct bw_host *host);
/* What it does for a container that gets one. */
const char *bw_keeper_about(const struct bw_request *request);
/* Starts it. The state is on disk by now, with its cgroups. */
int bw_keeper_start(const struct bw_settling *now, struct bw_err *err) BW_MUST_CHECK;

/* Waits until the keeper of a container whose init has ended is gone, too (at most two seconds, then it is killed). */
void bw_keeper_stop(int state_dir);
/* Its pid; 0 when there is none that lives. */
pid_t bw_keeper_pid(int state_dir);

#endif
