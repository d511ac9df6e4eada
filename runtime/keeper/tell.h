/* SPDX-License-Identifier: Apache-2.0 */
/* tell.h - what a keeper has to say: to the audit trail, and into the container's directory. */
#ifndef BW_KEEPER_TELL_H
#define BW_KEEPER_TELL_H

#include "audit/audit.h"
#include "keeper/kept.h"

/* The file of alerts in the container's directory, and how long it becomes at most. */
#define BW_ALERTS_FILE "alerts.jsonl"
enum { BW_ALERTS_MAX = 256 << 10 };

/* A record where the policy wants one. That it cannot be written changes nothing for the container. */
void bw_tell(const struct bw_keeping *keeping, enum bw_audit_event event, const char *reason,
	const struct bw_audit_more *more, size_t more_n);
/* The same of what may come in floods: ten at once and ten a minute, and how many were held back with the next one.
 * more_n: BW_TELL_MORE at most. */
enum { BW_TELL_MORE = 4 };
void bw_tell_flood(const struct bw_keeping *keeping, struct bw_kept_flood *flood, uint64_t now_ms, enum bw_audit_event event,
	const char *reason, const struct bw_audit_more *more, size_t more_n);
/* Of those that are still held back. */
void bw_tell_rest(const struct bw_keeping *keeping, struct bw_kept_flood *flood, enum bw_audit_event event);
/* An alert: to both. */
void bw_tell_alert(const struct bw_keeping *keeping, const char *name, const char *action, const char *reason);

#endif
