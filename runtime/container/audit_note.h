/* SPDX-License-Identifier: Apache-2.0 */
/* audit_note.h - what the verbs record. One function writes; what cannot be written is a refusal where the policy says so,
 * and else a warning. */
#ifndef BW_CONTAINER_AUDIT_NOTE_H
#define BW_CONTAINER_AUDIT_NOTE_H

#include "container/decide.h"
#include "container/state.h"

/* Whom a record is about: a container that is there, or one that is being made. */
struct bw_audited bw_audited_state(const struct bw_state *state);
struct bw_audited bw_audited_hardening(const struct bw_spec_hardening *hardening, const char *id);

/* bw_audit_note() of a container whose stored spec is at hand. */
int bw_record(const struct bw_spec_hardening *hardening, const char *id, enum bw_audit_event event, const char *reason,
	const struct bw_audit_more *more, size_t more_n, struct bw_err *err) BW_MUST_CHECK;

/* The same where nothing depends on it. */
void bw_note_event(const struct bw_audited *who, enum bw_audit_event event, const char *reason,
	const struct bw_audit_more *more, size_t more_n);
/* BW_AUDIT_EXIT with a program's exit code. process: "init", "exec". */
void bw_note_exit(const struct bw_audited *who, const char *process, int code);

/* What create decided, and that is begun: its records are there before the container is. start: it starts at once. */
int bw_note_created(const struct bw_decision *decision, const struct bw_state *state, const char *verb, bool start,
	struct bw_err *err) BW_MUST_CHECK;

/* The end of a verb: r, and where that is a refusal, a record of it. */
int bw_note_end(const struct bw_audited *who, const char *verb, int r, const struct bw_err *why);
/* The same of a verb that had to decide first, and may not have come so far. */
int bw_note_decided(const struct bw_decision *decision, const char *id, const char *verb, int r, const struct bw_err *why);

/* What is done to the host's containers by no verb of one of them, where the host's policy says (policy_path may be NULL;
 * one that cannot be read: the default file). What cannot be written is a warning. */
void bw_note_host(const char *policy_path, const struct bw_audit_record *record);

#endif
