/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c - `explain`: what the policy makes of a bundle. Values of the environment are never
 * written, neither kept nor removed ones. */
#include "container/delegate.h"
#include "container/explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/in_force.h"
#include "container/rehearse.h"
#include "container/state.h"
#include "container/textdiff.h"
#include "control/compile.h"

static size_t count(const struct bw_findings *findings, enum bw_verdict verdict)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++)
		n += findings->v[i].verdict == verdict;
	return n;
}

/* Refused is what create would refuse: in audit mode refusals are only on record. */
static const char *verdict_word(const struct bw_decision *d, int *ret_verdict)
{
	if (!d->hardened) {
		*ret_verdict = BW_EXPLAIN_REFUSED;
		return "refused";
	}
	*ret_verdict = count(&d->findings, BW_CHANGED) ? BW_EXPLAIN_CHANGED : BW_EXPLAIN_SAME;
	return *ret_verdict == BW_EXPLAIN_CHANGED ? "changed" : "same";
}

/* ---- text ---- */

static void write_finding(FILE *out, const struct bw_finding *f)
{
	fprintf(out, "    %s\n", f->pointer);
	if (f->verdict == BW_CHANGED) {
		fprintf(out, "      asked    %s\n", f->before ? f->before : "(nothing)");
		fprintf(out, "      will be  %s\n", f->after ? f->after : "(nothing)");
	} else if (f->before) {
		fprintf(out, "      asked    %s\n", f->before);
	}
	fprintf(out, "      because  %s\n", f->reason);
	if (f->hint)
		fprintf(out, "      instead  %s\n", f->hint);
}

/* Findings of one verdict, grouped by rule; rules run in order, so those of one stand together. */
static void write_group(
	FILE *out, const struct bw_findings *findings, enum bw_verdict verdict, const char *title)
{
	const char *rule = NULL;

	if (!count(findings, verdict))
		return;
	fprintf(out, "\n%s\n", title);
	for (size_t i = 0; i < findings->n; i++) {
		const struct bw_finding *f = &findings->v[i];

		if (f->verdict != verdict)
			continue;
		if (!rule || !bw_streq(rule, f->rule))
			fprintf(out, "  %s\n", f->rule);
		rule = f->rule;
		write_finding(out, f);
	}
}

static void write_sentences(FILE *out, const char *title, const struct bw_strs *sentences)
{
	if (sentences->n)
		fprintf(out, "\n%s\n", title);
	for (size_t i = 0; i < sentences->n; i++)
		fprintf(out, "  %s\n", sentences->v[i]);
}

static void write_in_force(FILE *out, const struct bw_in_force *in_force)
{
	if (!in_force)
		return;
	write_sentences(out, "IN FORCE", &in_force->layers);
	write_sentences(out, "DEGRADED", &in_force->degraded);
	if (in_force->refusal)
		fprintf(out, "\nWOULD NOT START HERE\n  %s\n", in_force->refusal);
}

static int write_text(const struct bw_decision *d, const struct bw_in_force *in_force, char **ret, struct bw_err *err)
{
	auto_free char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int verdict;

	if (!out)
		return bw_fail(err, BW_E_MEMORY, 0, "explaining: out of memory");
	fprintf(out, "profile %s (%s): %s; %zu changes, %zu refusals\n",
		bw_profile_name(d->profile), d->reason, verdict_word(d, &verdict),
		count(&d->findings, BW_CHANGED), count(&d->findings, BW_DENIED));
	write_group(out, &d->findings, BW_DENIED, "REFUSED");
	write_group(out, &d->findings, BW_CHANGED, "CHANGED");
	write_group(out, &d->findings, BW_NOTED, "NOTED");
	write_in_force(out, in_force);
	if (fclose(out) != 0)
		return bw_fail(err, BW_E_MEMORY, 0, "explaining: out of memory");
	*ret = take_ptr(&text);
	return 0;
}

/* ---- json ---- */

static void write_member(struct bw_json_writer *w, const char *key, const char *text)
{
	bw_json_key(w, key);
	if (text)
		bw_json_string(w, text);
	else
		bw_json_null(w);
}

static void write_list(struct bw_json_writer *w, const char *key, const struct bw_strs *list)
{
	bw_json_key(w, key);
	bw_json_begin_array(w);
	for (size_t i = 0; i < list->n; i++)
		bw_json_string(w, list->v[i]);
	bw_json_end_array(w);
}

static int write_json(const struct bw_decision *d, const struct bw_in_force *in_force, char **ret, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	int verdict, r;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, 0, "explaining: out of memory");
	bw_json_begin_object(w);
	write_member(w, "profile", bw_profile_name(d->profile));
	write_member(w, "reason", d->reason);
	write_member(w, "verdict", verdict_word(d, &verdict));
	bw_json_key(w, "findings");
	bw_json_begin_array(w);
	for (size_t i = 0; i < d->findings.n; i++) {
		const struct bw_finding *f = &d->findings.v[i];

		bw_json_begin_object(w);
		write_member(w, "rule", f->rule);
		write_member(w, "verdict", bw_verdict_word(f->verdict));
		write_member(w, "pointer", f->pointer);
		write_member(w, "before", f->before);
		write_member(w, "after", f->after);
		write_member(w, "reason", f->reason);
		write_member(w, "hint", f->hint);
		bw_json_end_object(w);
	}
	bw_json_end_array(w);
	if (in_force) {
		write_list(w, "layers", &in_force->layers);
		write_list(w, "degraded", &in_force->degraded);
		write_member(w, "wouldNotStartHere", in_force->refusal);
	}
	bw_json_end_object(w);
	r = bw_json_writer_end(w, ret, NULL, err);
	bw_json_writer_free(w);
	return r;
}

/* ---- diff ---- */

/* Values of variables are secrets until the contrary is known: only those that both texts have
 * stay. */
static int hide_values(struct bw_spec *spec, const struct bw_spec *other, struct bw_arena *arena,
	struct bw_err *err)
{
	const struct bw_strs *kept = other->process ? &other->process->env : NULL;
	struct bw_strs *env = spec->process ? &spec->process->env : NULL;

	for (size_t i = 0; env && kept && i < env->n; i++) {
		size_t len = strcspn(env->v[i], "=");

		if (bw_strs_has(kept, env->v[i]))
			continue;
		env->v[i] = bw_arena_printf(arena, "%.*s=(hidden)", (int)len, env->v[i]);
		if (!env->v[i])
			return bw_fail(err, BW_E_MEMORY, 0, "explaining: out of memory");
	}
	return 0;
}

static int spec_text(const struct bw_spec *spec, const struct bw_spec *hide_against, char **ret,
	struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_spec *copy = bw_schema_copy(&bw_hardened_schema, spec, &arena);
	struct bw_json_writer *w = bw_json_writer_new(true);
	int r = -1;

	if (!copy || !w)
		bw_fail(err, BW_E_MEMORY, 0, "explaining: out of memory");
	else if (!hide_against || hide_values(copy, hide_against, &arena, err) == 0) {
		bw_schema_write(&bw_hardened_schema, copy, w);
		r = bw_json_writer_end(w, ret, NULL, err);
	}
	bw_json_writer_free(w);
	return r;
}

/* Lines before a diff, or in the place of one that cannot be had: patch(1) reads over them. */
static int write_head(const struct bw_decision *d, char **ret, struct bw_err *err)
{
	auto_free char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return bw_fail(err, BW_E_MEMORY, 0, "explaining: out of memory");
	fprintf(out, "# profile %s (%s)\n", bw_profile_name(d->profile), d->reason);
	for (size_t i = 0; i < d->findings.n; i++)
		if (!d->hardened && d->findings.v[i].verdict == BW_DENIED)
			fprintf(out, "# refused: %s: %s (rule %s)\n", d->findings.v[i].pointer,
				d->findings.v[i].reason, d->findings.v[i].rule);
	if (fclose(out) != 0)
		return bw_fail(err, BW_E_MEMORY, 0, "explaining: out of memory");
	*ret = take_ptr(&text);
	return 0;
}

static int write_diff(const struct bw_decision *d, const struct bw_in_force *in_force, char **ret, struct bw_err *err)
{
	auto_free char *head = NULL, *before = NULL, *after = NULL, *diff = NULL;

	(void)in_force;
	if (write_head(d, &head, err) < 0)
		return -1;
	if (!d->hardened) {
		*ret = take_ptr(&head);
		return 0;
	}
	if (spec_text(d->asked, d->hardened, &before, err) < 0 ||
		spec_text(d->hardened, NULL, &after, err) < 0 ||
		bw_text_diff(before, after, "config.json (asked)", "config.json (will be)", &diff, err) < 0)
		return -1;
	if (asprintf(ret, "%s%s", head, diff) < 0)
		return bw_fail(err, BW_E_MEMORY, 0, "explaining: out of memory");
	return 0;
}

int bw_explain_decision(const struct bw_decision *decision, const struct bw_in_force *in_force,
	const char *format, char **ret_text, int *ret_verdict, struct bw_err *err)
{
	static const struct {
		const char *format;
		int (*write)(const struct bw_decision *d, const struct bw_in_force *in_force, char **ret,
			struct bw_err *err);
	} writers[] = {{"text", write_text}, {"json", write_json}, {"diff", write_diff}};

	for (size_t i = 0; i < BW_COUNT(writers); i++) {
		if (!bw_streq(writers[i].format, format))
			continue;
		if (writers[i].write(decision, in_force, ret_text, err) < 0)
			return -1;
		(void)verdict_word(decision, ret_verdict);
		return 0;
	}
	return bw_fail(err, BW_E_USAGE, 0, "format must be text, json or diff, not \"%s\"", format);
}

/* ---- what is in force ---- */

static int add_sentence(struct bw_strs *list, uint16_t control, const char *what, struct bw_arena *arena,
	struct bw_err *err)
{
	char *text = bw_arena_printf(arena, "%s: %s", bw_control_of(control)->name, what);

	return text && bw_strs_add(arena, list, text) == 0
		       ? 0
		       : bw_fail(err, BW_E_MEMORY, ENOMEM, "explaining");
}

/* Nothing is rehearsed: what the policy knows of the other runtime is the answer. */
static int by_backend(
	const struct bw_spec_backend *backend, struct bw_arena *arena, struct bw_in_force *ret, struct bw_err *err)
{
	char *layer = bw_delegate_layer(backend, arena);

	if (!layer || bw_strs_add(arena, &ret->layers, layer) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "explaining");
	for (size_t i = 0; i < backend->lacks.n; i++)
		if (bw_strs_add(arena, &ret->degraded, backend->lacks.v[i]) < 0)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "explaining");
	return 0;
}

/* That it cannot be had here is an answer. */
static int in_force_here(const struct bw_context *ctx, const char *bundle,
	const struct bw_decision *decision, struct bw_arena *arena, struct bw_in_force *ret,
	struct bw_err *err)
{
	__attribute__((cleanup(bw_preparation_done))) struct bw_preparation preparation = BW_PREPARATION_INIT;
	const struct bw_plan *plan = &preparation.plan;
	struct bw_err refusal = {0};

	if (bw_delegate_is_wanted(decision->hardened))
		return by_backend(decision->hardened->hardening->backend, arena, ret, err);
	if (bw_rehearse(ctx, bundle, decision, arena, &preparation, &refusal) < 0) {
		ret->refusal = bw_arena_strdup(arena, refusal.text);
		return ret->refusal ? 0 : bw_fail(err, BW_E_MEMORY, ENOMEM, "explaining");
	}
	for (size_t i = 0; i < plan->layers_n; i++)
		if (add_sentence(&ret->layers, plan->layers[i].control, plan->layers[i].what, arena, err) < 0)
			return -1;
	for (size_t i = 0; i < plan->degraded_n; i++)
		if (add_sentence(&ret->degraded, plan->degraded[i].control, plan->degraded[i].why, arena, err) < 0)
			return -1;
	return 0;
}

static int in_force_there(const struct bw_context *ctx, const char *id, struct bw_arena *arena,
	struct bw_in_force *ret, struct bw_err *err)
{
	auto_container struct bw_container container = BW_CONTAINER_INIT;

	if (bw_container_open(ctx, id, false, false, arena, &container, err) < 0)
		return -1;
	return bw_in_force_now(&container, arena, &ret->layers, &ret->degraded, err);
}

int bw_explain(const struct bw_context *ctx, const char *bundle_or_id, bool here, const char *format,
	char **ret_text, int *ret_verdict, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	bool is_bundle = bundle_or_id[0] == '/';
	struct bw_in_force in_force = {0};
	struct bw_decision decision;
	struct bw_err refusal = {0};

	int r = is_bundle ? bw_decide(ctx, bundle_or_id, NULL, &arena, &decision, NULL, &refusal)
			  : bw_decide_stored(ctx, bundle_or_id, &arena, &decision, &refusal);

	if (r < 0) {
		/* A refusal of the rules is an answer; anything else is a failure. */
		if (refusal.code != BW_E_DENIED || decision.findings.n == 0) {
			if (err)
				*err = refusal;
			return -1;
		}
		decision.hardened = NULL;
	}
	here = here && decision.hardened && decision.hardened->hardening && !bw_streq(format, "diff");
	if (here && (is_bundle ? in_force_here(ctx, bundle_or_id, &decision, &arena, &in_force, err)
			       : in_force_there(ctx, bundle_or_id, &arena, &in_force, err)) < 0)
		return -1;
	return bw_explain_decision(&decision, here ? &in_force : NULL, format, ret_text, ret_verdict, err);
}
