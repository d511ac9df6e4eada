/* SPDX-License-Identifier: Apache-2.0 */
/* policy_text.c - `policy lint|show|schema|test`: the policy itself, in words and as JSON. */
#include "container/bulwark.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "container/facts.h"
#include "json/text.h"

enum { FACTS_MAX_BYTES = 1 << 20 };

static int out_of_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, 0, "policy: out of memory");
}

static int end_text(FILE *out, char **text, char **ret, struct bw_err *err)
{
	if (fclose(out) != 0)
		return out_of_memory(err);
	*ret = take_ptr(text);
	return 0;
}

/* Silence is success: what is wrong has been said by the loading, what is doubtful comes here. */
static int lint(const struct bw_policy *policy, struct bw_arena *arena, char **ret, struct bw_err *err)
{
	auto_free char *text = NULL;
	struct bw_notes notes;
	size_t size = 0;
	FILE *out;

	if (bw_policy_lint(policy, arena, &notes, err) < 0)
		return -1;
	out = open_memstream(&text, &size);
	if (!out)
		return out_of_memory(err);
	for (size_t i = 0; i < notes.n; i++)
		fprintf(out, "warning: %s: %s\n", notes.v[i].pointer, notes.v[i].text);
	return end_text(out, &text, ret, err);
}

static int write_policy(const struct bw_policy *policy, char **ret, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	int r;

	if (!w)
		return out_of_memory(err);
	if (policy)
		bw_policy_write(policy, w);
	else
		bw_policy_publish(w);
	r = bw_json_writer_end(w, ret, NULL, err);
	bw_json_writer_free(w);
	return r;
}

int bw_policy_text(const char *verb, const char *path, char **ret_text, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const struct bw_policy *policy = NULL;

	if (bw_streq(verb, "schema"))
		return write_policy(NULL, ret_text, err);
	if (!bw_streq(verb, "lint") && !bw_streq(verb, "show"))
		return bw_fail(err, BW_E_USAGE, 0,
			"policy must be followed by lint, show, schema or test, not \"%s\"", verb);
	if (bw_policy_load(path, &arena, &policy, err) < 0)
		return -1;
	return bw_streq(verb, "lint") ? lint(policy, &arena, ret_text, err) : write_policy(policy, ret_text, err);
}

/* ---- test ---- */

/* What is asked, and what the policy makes of it. */
struct trial {
	const struct bw_policy *policy;
	struct bw_policy_facts facts;
	struct bw_pairs annotations;
	const char *profile, *reason;
	struct {
		struct bw_verdict_of_rule *v;
		size_t n;
	} rules;
};

static int add_bundle(const struct bw_context *ctx, const char *bundle, struct bw_arena *arena, struct trial *trial,
	struct bw_err *err)
{
	struct bw_spec *spec;

	if (bw_spec_load(bundle, arena, &spec, NULL, err) < 0)
		return -1;
	trial->annotations = spec->annotations;
	return bw_facts_gather(ctx, bundle, NULL, spec, trial->policy, true, arena, &trial->facts, err);
}

/* Facts of the file take the place of those of the bundle; one of docker's says that docker's can be read. */
static int add_file(const char *path, struct bw_arena *arena, struct trial *trial, struct bw_err *err)
{
	struct bw_policy_facts said = {0};
	auto_free char *text = NULL;
	size_t len;

	if (bw_read_file(path, FACTS_MAX_BYTES, &text, &len, err) < 0 ||
		bw_policy_facts_parse(text, len, path, arena, &said, err) < 0)
		return -1;
	for (size_t i = 0; i < said.values.n; i++) {
		if (bw_after_prefix(said.values.v[i].key, "docker."))
			trial->facts.unreadable = NULL;
		if (bw_policy_facts_add(&trial->facts, said.values.v[i].key, said.values.v[i].value, arena, err) < 0)
			return -1;
	}
	if (said.unreadable)
		trial->facts.unreadable = said.unreadable;
	return 0;
}

static int judge(const struct bw_context *ctx, struct bw_arena *arena, struct trial *trial, struct bw_err *err)
{
	const struct bw_profile *profile;

	for (size_t i = 0; i < bw_policy_rules_n(trial->policy); i++) {
		struct bw_verdict_of_rule *verdict = bw_push(arena, &trial->rules);

		if (!verdict)
			return out_of_memory(err);
		if (bw_policy_judge(trial->policy, i, &trial->facts, arena, verdict, err) < 0)
			return -1;
	}
	if (bw_policy_choose(trial->policy, ctx->profile, &trial->facts, &trial->annotations, arena, &profile,
		    &trial->reason, err) < 0)
		return -1;
	trial->profile = bw_profile_name(profile);
	return 0;
}

/* Labels and names are others' text: no control characters of theirs reach a terminal. */
static const char *printable(const char *text, struct bw_arena *arena)
{
	char *copy = bw_arena_strdup(arena, text);

	if (!copy)
		return "";
	bw_text_make_printable(copy);
	return copy;
}

static int write_trial(const struct trial *trial, struct bw_arena *arena, char **ret, struct bw_err *err)
{
	auto_free char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return out_of_memory(err);
	fprintf(out, "profile %s (%s)\n", trial->profile, printable(trial->reason, arena));
	if (trial->rules.n)
		fprintf(out, "\nRULES\n");
	for (size_t i = 0; i < trial->rules.n; i++) {
		const struct bw_verdict_of_rule *v = &trial->rules.v[i];

		fprintf(out, "  \"%s\" %s: %s\n", printable(v->name, arena), bw_judgement_word(v->judgement),
			printable(v->why, arena));
	}
	if (trial->facts.values.n)
		fprintf(out, "\nFACTS\n");
	for (size_t i = 0; i < trial->facts.values.n; i++)
		fprintf(out, "  %s  %s\n", printable(trial->facts.values.v[i].key, arena),
			printable(trial->facts.values.v[i].value, arena));
	return end_text(out, &text, ret, err);
}

static void write_member(struct bw_json_writer *w, const char *key, const char *text)
{
	bw_json_key(w, key);
	bw_json_string(w, text);
}

static int write_trial_json(const struct trial *trial, char **ret, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	int r;

	if (!w)
		return out_of_memory(err);
	bw_json_begin_object(w);
	write_member(w, "profile", trial->profile);
	write_member(w, "reason", trial->reason);
	bw_json_key(w, "rules");
	bw_json_begin_array(w);
	for (size_t i = 0; i < trial->rules.n; i++) {
		bw_json_begin_object(w);
		write_member(w, "name", trial->rules.v[i].name);
		write_member(w, "verdict", bw_judgement_word(trial->rules.v[i].judgement));
		write_member(w, "because", trial->rules.v[i].why);
		bw_json_end_object(w);
	}
	bw_json_end_array(w);
	bw_json_key(w, "facts");
	bw_json_begin_object(w);
	for (size_t i = 0; i < trial->facts.values.n; i++)
		write_member(w, trial->facts.values.v[i].key, trial->facts.values.v[i].value);
	bw_json_end_object(w);
	bw_json_end_object(w);
	r = bw_json_writer_end(w, ret, NULL, err);
	bw_json_writer_free(w);
	return r;
}

int bw_policy_test(const struct bw_context *ctx, const char *path, const char *bundle, const char *facts, bool json,
	char **ret_text, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct trial trial = {0};

	if (!bundle && !facts)
		return bw_fail(err, BW_E_USAGE, 0, "policy test needs a bundle (--bundle) or a file of facts (--facts)");
	if (bw_policy_load(path, &arena, &trial.policy, err) < 0)
		return -1;
	if (bundle && add_bundle(ctx, bundle, &arena, &trial, err) < 0)
		return -1;
	if (facts && add_file(facts, &arena, &trial, err) < 0)
		return -1;
	if (judge(ctx, &arena, &trial, err) < 0)
		return -1;
	return json ? write_trial_json(&trial, ret_text, err) : write_trial(&trial, &arena, ret_text, err);
}
