/* SPDX-License-Identifier: Apache-2.0 */
/* audit_note.c - records of what is done to a container. Of programs there is the name, never an argument or the
 * environment, in which secrets are. */
#include "container/audit_note.h"

#include <stdio.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "container/measure.h"

/* Of which kind an event is: whether it is recorded where only refusals are, and whether the policy may make its record a
 * condition. */
static const struct {
	bool refusal, vital;
} kinds[BW_AUDIT_EVENTS] = {
	[BW_AUDIT_CREATE] = {.vital = true},
	[BW_AUDIT_START] = {.vital = true},
	[BW_AUDIT_EXEC] = {.vital = true},
	[BW_AUDIT_REFUSAL] = {.refusal = true},
	[BW_AUDIT_DEGRADED] = {.refusal = true, .vital = true},
	[BW_AUDIT_PROGRAM_DENIED] = {.refusal = true},
	[BW_AUDIT_DESTINATION_DENIED] = {.refusal = true},
	[BW_AUDIT_SIZE_VIOLATION] = {.refusal = true},
	[BW_AUDIT_WRITE_DENIED] = {.refusal = true},
	[BW_AUDIT_TIME_LIMIT] = {.refusal = true},
	[BW_AUDIT_ALERT] = {.refusal = true},
	[BW_AUDIT_KILL_SWITCH] = {.refusal = true},
};

struct bw_audited bw_audited_state(const struct bw_state *state)
{
	return (struct bw_audited){.audit = state->audit, .id = state->id, .profile = state->profile, .tenant = state->tenant,
		.session = state->session};
}

struct bw_audited bw_audited_hardening(const struct bw_spec_hardening *hardening, const char *id)
{
	if (!hardening)
		return (struct bw_audited){.id = id};
	return (struct bw_audited){.audit = hardening->audit, .id = id, .profile = hardening->profile,
		.tenant = hardening->tenant, .session = hardening->session};
}

static int write_record(const struct bw_audited *who, enum bw_audit_event event, const char *rule, const char *reason,
	const struct bw_audit_more *more, size_t more_n, struct bw_err *err)
{
	const struct bw_audit_record record = {
		.event = event,
		.id = who->id,
		.tenant = who->tenant,
		.session = who->session,
		.profile = who->profile,
		.rule = rule,
		.policy = who->audit->policy,
		.reason = reason,
		.more = more,
		.more_n = more_n,
	};
	struct bw_err why = {0};

	if (bw_audit_write(who->audit->trail, &record, &why) == 0)
		return 0;
	if (!kinds[event].vital || !bw_streq0(who->audit->on_failure, "refuse")) {
		bw_log(BW_LOG_WARNING, "%s of %s is not on record: %s", bw_audit_word(event), who->id ? who->id : "this host",
			why.text);
		return 0;
	}
	bw_fail(err, BW_E_HOST, 0, "the policy refuses what cannot be recorded: %s", why.text);
	if (err) {
		err->sys = why.sys;
		snprintf(err->rule, sizeof err->rule, "audit");
	}
	return bw_hint(err, "make room for the audit trail, or \"onFailure\": \"continue\" in the profile's section audit");
}

static bool is_wanted(const struct bw_audited *who, enum bw_audit_event event)
{
	return who->audit && who->audit->record && (kinds[event].refusal || bw_streq(who->audit->record, "all"));
}

int bw_audit_note(const struct bw_audited *who, enum bw_audit_event event, const char *reason,
	const struct bw_audit_more *more, size_t more_n, struct bw_err *err)
{
	return is_wanted(who, event) ? write_record(who, event, NULL, reason, more, more_n, err) : 0;
}

int bw_record(const struct bw_spec_hardening *hardening, const char *id, enum bw_audit_event event, const char *reason,
	const struct bw_audit_more *more, size_t more_n, struct bw_err *err)
{
	const struct bw_audited who = bw_audited_hardening(hardening, id);

	return bw_audit_note(&who, event, reason, more, more_n, err);
}

void bw_note_event(const struct bw_audited *who, enum bw_audit_event event, const char *reason,
	const struct bw_audit_more *more, size_t more_n)
{
	struct bw_err why = {0};

	if (bw_audit_note(who, event, reason, more, more_n, &why) < 0)
		bw_log(BW_LOG_WARNING, "%s of %s: %s", bw_audit_word(event), who->id, why.text);
}

void bw_note_exit(const struct bw_audited *who, const char *process, int code)
{
	char text[16];
	const struct bw_audit_more more[] = {{"process", process}, {"code", text}};

	snprintf(text, sizeof text, "%d", code);
	bw_note_event(who, BW_AUDIT_EXIT, NULL, more, BW_COUNT(more));
}

/* ---- create ---- */

/* The ids of the rules with a finding of this kind, each once. */
static size_t count_findings(const struct bw_findings *findings, enum bw_verdict verdict, struct bw_buf *rules)
{
	const char *last = "";
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++) {
		const struct bw_finding *finding = &findings->v[i];

		if (finding->verdict != verdict)
			continue;
		n++;
		if (bw_streq(finding->rule, last))
			continue;
		bw_buf_addf(rules, "%s%s", rules->len ? "," : "", finding->rule);
		last = finding->rule;
	}
	return n;
}

static int note_degraded(const struct bw_audited *who, const struct bw_state *state, struct bw_err *err)
{
	for (size_t i = 0; i < state->degraded.n; i++)
		if (bw_audit_note(who, BW_AUDIT_DEGRADED, state->degraded.v[i], NULL, 0, err) < 0)
			return -1;
	return 0;
}

int bw_note_created(const struct bw_decision *decision, const struct bw_state *state, const char *verb, bool start,
	struct bw_err *err)
{
	const struct bw_audited who = bw_audited_state(state);
	char changed[24], denied[24], changing[512] = "", denying[512] = "";
	struct bw_buf changing_rules = bw_buf_over(changing, sizeof changing),
		      denying_rules = bw_buf_over(denying, sizeof denying);
	size_t denials;
	struct bw_audit_more more[] = {{"verb", verb}, {"changed", changed}, {"changedBy", changing}, {"denied", NULL},
		{"deniedBy", denying}, {"bundle", state->bundle}};

	if (!who.audit)
		return 0;
	snprintf(changed, sizeof changed, "%zu", count_findings(&decision->findings, BW_CHANGED, &changing_rules));
	denials = count_findings(&decision->findings, BW_DENIED, &denying_rules);
	snprintf(denied, sizeof denied, "%zu", denials);
	/* It is created all the same: the profile is in mode audit. */
	more[3].value = denials ? denied : NULL;
	more[4].value = denials ? denying : NULL;
	if (bw_audit_note(&who, BW_AUDIT_CREATE, state->profile_reason, more, BW_COUNT(more), err) < 0 ||
		note_degraded(&who, state, err) < 0)
		return -1;
	return start ? bw_audit_note(&who, BW_AUDIT_START, NULL, NULL, 0, err) : 0;
}

/* ---- refusals ---- */

/* What the policy refuses, or what this host lacks for it; not a wrong call, nor a program that is not there. */
static bool is_refusal(const struct bw_err *err)
{
	switch (err->code) {
	case BW_E_DENIED:
	case BW_E_POLICY:
	case BW_E_HOST:
		return true;
	case BW_E_NONE:
	case BW_E_USAGE:
	case BW_E_SPEC:
	case BW_E_KERNEL:
	case BW_E_PROGRAM:
	case BW_E_STATE:
	case BW_E_NOT_FOUND:
	case BW_E_EXISTS:
	case BW_E_MEMORY:
	case BW_E_INTERNAL:
	case BW_E_COUNT:
		return false;
	}
	return false;
}

static bool makes_containers(const char *verb)
{
	return bw_streq(verb, "create") || bw_streq(verb, "run") || bw_streq(verb, "restore") || bw_streq(verb, "start");
}

/* It stays a refusal, recorded or not. */
int bw_note_end(const struct bw_audited *who, const char *verb, int r, const struct bw_err *why)
{
	struct bw_err ignored = {0};
	struct bw_audit_more more[] = {{"verb", verb}, {"code", NULL}, {"field", NULL}};

	if (r >= 0 || !why || !is_refusal(why))
		return r;
	if (makes_containers(verb))
		bw_measure_refused(who->tenant, who->profile);
	if (!is_wanted(who, BW_AUDIT_REFUSAL))
		return r;
	more[1].value = bw_code_name(why->code);
	if (why->field[0])
		more[2].value = why->field;
	(void)!write_record(
		who, BW_AUDIT_REFUSAL, why->rule[0] ? why->rule : NULL, why->text, more, BW_COUNT(more), &ignored);
	return r;
}

int bw_note_decided(const struct bw_decision *decision, const char *id, const char *verb, int r, const struct bw_err *why)
{
	struct bw_spec_audit audit;
	struct bw_audited who = {.id = id};

	if (r >= 0)
		return r;
	if (decision->hardened) {
		who = bw_audited_hardening(decision->hardened->hardening, id);
	} else if (decision->profile) {
		who.profile = bw_profile_name(decision->profile);
		who.audit = bw_profile_audit(decision->policy, decision->profile, &audit) ? &audit : NULL;
	} else {
		bw_policy_audit(decision->policy, &audit);
		who.audit = &audit;
	}
	return bw_note_end(&who, verb, r, why);
}

void bw_note_host(const char *policy_path, const struct bw_audit_record *record)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_audit_record whole = *record;
	const struct bw_policy *policy = NULL;
	struct bw_spec_audit audit;
	struct bw_err err = {0}, why = {0};

	if (bw_policy_load(policy_path, &arena, &policy, &err) < 0)
		bw_log(BW_LOG_WARNING, "%s", err.text);
	bw_policy_audit(policy, &audit);
	whole.policy = audit.policy;
	if (bw_audit_write(audit.trail, &whole, &why) < 0)
		bw_log(BW_LOG_WARNING, "%s is not on record: %s", bw_audit_word(whole.event), why.text);
}
