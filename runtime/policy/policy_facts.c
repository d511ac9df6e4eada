/* SPDX-License-Identifier: Apache-2.0 */
/* policy_facts.c - the facts that rules may name, and the file of facts that `policy test` and the golden cases
 * read. Who gathers them: container/facts.c. */
#include "policy/facts.h"

#include "base/auto.h"
#include "base/str.h"

enum { ID_LENGTH = 64, DIGEST_LENGTH = 64 };

static bool is_path(const char *pattern)
{
	return pattern[0] == '/' || pattern[0] == '*';
}

static bool is_hex(const char *text, size_t len)
{
	return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

static bool is_id(const char *pattern)
{
	return strchr(pattern, '*') || is_hex(pattern, ID_LENGTH);
}

static bool is_digest(const char *pattern)
{
	static const char head[] = "sha256:";
	size_t literal = strcspn(pattern, "*");
	const char *rest = bw_after_prefix(pattern, head);

	if (!pattern[literal])
		return rest && is_hex(rest, DIGEST_LENGTH);
	return strncmp(pattern, head, literal < sizeof head - 1 ? literal : sizeof head - 1) == 0;
}

static bool is_truth(const char *pattern)
{
	return bw_glob_match(pattern, "true") || bw_glob_match(pattern, "false");
}

static bool is_container_type(const char *pattern)
{
	return bw_glob_match(pattern, "sandbox") || bw_glob_match(pattern, "container");
}

#define PATH_WORDS "an absolute path"

/* A task's author names the image, and whoever builds an image its labels: such facts alone must not loosen
 * anything, and `policy lint` says so. */
const struct bw_fact bw_facts[] = {
	{"caller.root", BW_FACT_HOST, is_path, PATH_WORDS},
	{"caller.bundle", BW_FACT_HOST, is_path, PATH_WORDS},
	{"cgroup.path", BW_FACT_HOST, NULL, NULL},
	{"cgroup.parent", BW_FACT_HOST, NULL, NULL},
	{"cgroup.ecsTask", BW_FACT_HOST, NULL, NULL},
	{"cgroup.kubePod", BW_FACT_HOST, NULL, NULL},
	{"docker.id", BW_FACT_HOST, is_id, "64 digits from 0 to f"},
	{"docker.name", BW_FACT_HOST, is_path, "a name with a slash before it, as docker keeps it"},
	{"docker.image", BW_FACT_AUTHOR, is_digest, "sha256: and 64 digits from 0 to f"},
	{"docker.imageName", BW_FACT_AUTHOR, NULL, NULL},
	{"docker.user", BW_FACT_AUTHOR, NULL, NULL},
	{"docker.networkMode", BW_FACT_AUTHOR, NULL, NULL},
	{"docker.privileged", BW_FACT_AUTHOR, is_truth, "true or false"},
	{"docker.cgroupParent", BW_FACT_HOST, NULL, NULL},
	{"docker.runtime", BW_FACT_HOST, NULL, NULL},
	{"docker.label.*", BW_FACT_AUTHOR, NULL, NULL},
	{"cri.namespace", BW_FACT_HOST, NULL, NULL},
	{"cri.pod", BW_FACT_AUTHOR, NULL, NULL},
	{"cri.pod-uid", BW_FACT_HOST, NULL, NULL},
	{"cri.container-type", BW_FACT_HOST, is_container_type, "sandbox or container"},
	{"cri.container-name", BW_FACT_AUTHOR, NULL, NULL},
	{"cri.image", BW_FACT_AUTHOR, NULL, NULL},
	{NULL, BW_FACT_HOST, NULL, NULL},
};

const struct bw_fact *bw_fact_find(const char *name)
{
	for (const struct bw_fact *fact = bw_facts; fact->name; fact++)
		if (bw_glob_match(fact->name, name))
			return fact;
	return NULL;
}

size_t bw_fact_group(const char *key)
{
	static const char *const groups[] = {"docker.label", "cgroup", "cri"};

	for (size_t i = 0; i < BW_COUNT(groups); i++) {
		const char *rest = bw_after_prefix(key, groups[i]);

		if (rest && bw_streq(rest, ".absent"))
			return strlen(groups[i]);
	}
	return 0;
}

static bool any_begins_with(const struct bw_strs *facts, const char *prefix)
{
	for (size_t i = 0; i < facts->n; i++)
		if (bw_after_prefix(facts->v[i], prefix))
			return true;
	return false;
}

bool bw_policy_needs(const struct bw_policy *policy, const char *asked, const char *prefix)
{
	/* Whatever decides, a name is a name. */
	if (policy->names &&
		(any_begins_with(&policy->names->tenant, prefix) || any_begins_with(&policy->names->session, prefix)))
		return true;
	/* --profile decides alone unless the policy holds it against what the rules would have chosen. */
	if (asked && (!policy->profile_flag || bw_streq(policy->profile_flag, "any")))
		return false;
	for (size_t i = 0; i < policy->rules.n; i++)
		for (size_t k = 0; k < policy->rules.v[i].when.n; k++)
			if (bw_after_prefix(policy->rules.v[i].when.v[k].key, prefix))
				return true;
	return false;
}

int bw_policy_facts_add(struct bw_policy_facts *facts, const char *name, const char *value, struct bw_arena *arena,
	struct bw_err *err)
{
	if (value && bw_pairs_set(arena, &facts->values, name, value) < 0)
		return bw_fail(err, BW_E_MEMORY, 0, "facts for the policy: out of memory");
	return 0;
}

static int take_fact(struct bw_policy_facts *facts, const struct bw_json *member, const char *name,
	struct bw_arena *arena, struct bw_err *err)
{
	if (member->type != BW_JSON_STRING)
		return bw_fail(err, BW_E_USAGE, 0, "%s: %s must be a string, not %s", name, member->key,
			bw_json_type_words(member->type));
	if (bw_streq(member->key, "docker.unreadable")) {
		facts->unreadable = member->text;
		return 0;
	}
	if (!bw_fact_find(member->key))
		return bw_fail(err, BW_E_USAGE, 0, "%s: \"%.64s\" is no fact (bulwark-policy(5))", name, member->key);
	return bw_policy_facts_add(facts, member->key, member->text, arena, err);
}

int bw_policy_facts_parse(const char *text, size_t len, const char *name, struct bw_arena *arena,
	struct bw_policy_facts *facts, struct bw_err *err)
{
	struct bw_json *tree;

	if (bw_json_parse(text, len, name, arena, &tree, err) < 0)
		return -1;
	if (tree->type != BW_JSON_OBJECT)
		return bw_fail(err, BW_E_USAGE, 0, "%s: must be an object of facts, not %s", name,
			bw_json_type_words(tree->type));
	for (const struct bw_json *m = tree->child; m; m = m->next)
		if (take_fact(facts, m, name, arena, err) < 0)
			return -1;
	return 0;
}
