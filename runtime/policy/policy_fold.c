/* SPDX-License-Identifier: Apache-2.0 */
/* policy_fold.c - profiles and what they extend. Folding lays the rows of a profile over those of
 * its base: a scalar or a list that is given takes the place of the base's, sections and maps of
 * strings are folded member by member. A profile of the policy file that is looser than its base in
 * any row must say so in `loosens`: a list that is replaced by a shorter one would otherwise open a
 * hole that nobody meant. */
#include <ctype.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "policy/profile.h"

enum { MAX_CHAIN = 16 };

const char *const bw_builtin_profiles[] = {"compat", "hardened", "untrusted-code", NULL};

struct endpoints {
	struct bw_strs metadata, task_credentials, dns, time;
};
static const struct bw_field endpoints_fields[] = {BW_FIELD(struct endpoints, metadata, "metadata"),
	BW_FIELD(struct endpoints, task_credentials, "taskCredentials"),
	BW_FIELD(struct endpoints, dns, "dns"), BW_FIELD(struct endpoints, time, "time"), BW_END};
static const struct bw_schema endpoints_schema = {.name = "endpoints",
	.size = sizeof(struct endpoints),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = endpoints_fields};

struct scrub {
	struct bw_strs cloud_keys, task_credentials, tokens, injection;
};
static const struct bw_field scrub_fields[] = {BW_FIELD(struct scrub, cloud_keys, "cloudKeys"),
	BW_FIELD(struct scrub, task_credentials, "taskCredentials"),
	BW_FIELD(struct scrub, tokens, "tokens"), BW_FIELD(struct scrub, injection, "injection"),
	BW_END};
static const struct bw_schema scrub_schema = {.name = "scrub",
	.size = sizeof(struct scrub),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = scrub_fields};

struct backends {
	struct {
		struct bw_backend_known *v;
		size_t n;
	} backends;
};
static const char *const kernels[] = {"own", "host", NULL};
static const struct bw_field backend_fields[] = {BW_FIELD(struct bw_backend_known, kernel, "kernel", .names = kernels),
	BW_FIELD(struct bw_backend_known, offline, "offline"), BW_FIELD(struct bw_backend_known, has, "has"),
	BW_FIELD(struct bw_backend_known, lacks, "lacks"), BW_END};
static const struct bw_schema backend_schema = {.name = "backend",
	.size = sizeof(struct bw_backend_known),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = backend_fields};
static const struct bw_field backends_fields[] = {
	BW_MAP_OF(struct backends, backends, "backends", &backend_schema), BW_END};
static const struct bw_schema backends_schema = {.name = "backends",
	.size = sizeof(struct backends),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = backends_fields};

bool bw_profile_is_builtin(const char *name)
{
	for (size_t i = 0; bw_builtin_profiles[i]; i++)
		if (bw_streq(bw_builtin_profiles[i], name))
			return true;
	return false;
}

static int out_of_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, 0, "reading the policy: out of memory");
}

static int parse_builtin(const struct bw_schema *schema, const struct bw_builtin *file,
	struct bw_arena *arena, void **ret, struct bw_err *err)
{
	struct bw_json *tree;

	if (bw_json_parse(file->text, strlen(file->text), file->name, arena, &tree, err) < 0)
		return -1;
	return bw_schema_read(schema, tree, BW_E_POLICY, arena, ret, NULL, err);
}

/* The compiled-in file stem.json through schema, as *ret in the policy's arena; read once. */
static int read_builtin(const struct bw_schema *schema, const char *stem,
	struct bw_policy_cache *cache, void **ret, struct bw_err *err)
{
	size_t len = strlen(stem), i = 0;

	while (i < bw_builtins_n && (strncmp(bw_builtins[i].name, stem, len) != 0 ||
					    !bw_streq(bw_builtins[i].name + len, ".json")))
		i++;
	if (i == bw_builtins_n || i >= BW_COUNT(cache->files))
		return bw_fail(err, BW_E_INTERNAL, 0, "%s.json is not compiled in", stem);
	if (!cache->files[i] &&
		parse_builtin(schema, &bw_builtins[i], cache->arena, &cache->files[i], err) < 0)
		return -1;
	*ret = cache->files[i];
	return 0;
}

static bool row_is_set(const struct bw_field *field, const void *member)
{
	switch (field->kind) {
	case BW_INT:
		return ((const struct bw_opt_int *)member)->set;
	case BW_UINT:
		return ((const struct bw_opt_uint *)member)->set;
	case BW_BOOL:
		return ((const struct bw_opt_bool *)member)->set;
	case BW_STRING:
	case BW_OBJECT:
	case BW_STRINGS:
	case BW_UINTS:
	case BW_PAIRS:
	case BW_STRS_MAP:
	case BW_LIST:
	case BW_MAP:
		/* All of these begin with a pointer that is NULL while nothing is said. */
		return *(void *const *)member != NULL;
	case BW_END_OF_TABLE:
		break;
	}
	return false;
}

static size_t row_size(const struct bw_field *field)
{
	switch (field->kind) {
	case BW_INT:
		return sizeof(struct bw_opt_int);
	case BW_UINT:
		return sizeof(struct bw_opt_uint);
	case BW_BOOL:
		return sizeof(struct bw_opt_bool);
	case BW_STRING:
	case BW_OBJECT:
		return sizeof(void *);
	case BW_STRINGS:
	case BW_UINTS:
	case BW_PAIRS:
	case BW_STRS_MAP:
	case BW_LIST:
	case BW_MAP:
		return sizeof(struct bw_any_list);
	case BW_END_OF_TABLE:
		break;
	}
	return 0;
}

static int fold_pairs(struct bw_pairs *under, const struct bw_pairs *over, struct bw_arena *arena)
{
	struct bw_pairs joined = {0};

	for (size_t i = 0; i < under->n; i++)
		if (bw_pairs_set(arena, &joined, under->v[i].key, under->v[i].value) < 0)
			return -1;
	for (size_t i = 0; i < over->n; i++)
		if (bw_pairs_set(arena, &joined, over->v[i].key, over->v[i].value) < 0)
			return -1;
	*under = joined;
	return 0;
}

/* The section of the folded profile, its own: what is folded in later must not write into a profile
 * that others use. */
static void *own_section(const struct bw_field *field, char *member, struct bw_arena *arena)
{
	void *section;

	memcpy(&section, member, sizeof section);
	if (section)
		return section;
	section = bw_arena_alloc(arena, field->child->size);
	memcpy(member, &section, sizeof section);
	return section;
}

/* Lays over on under. Lists and strings are shared with over, and nobody writes into them. */
static int fold_rows(
	const struct bw_schema *schema, void *under, const void *over, struct bw_arena *arena)
{
	for (const struct bw_field *f = schema->fields; f->kind != BW_END_OF_TABLE; f++) {
		char *to = (char *)under + f->offset;
		const char *from = (const char *)over + f->offset;
		void *section;

		if (!row_is_set(f, from))
			continue;
		if (f->kind == BW_OBJECT) {
			/* Tables are of bounded depth, so is this recursion. */
			section = own_section(f, to, arena);
			if (!section || fold_rows(f->child, section,
						*(void *const *)(const void *)from, arena) < 0)
				return -1;
		} else if (f->kind == BW_PAIRS) {
			if (fold_pairs((void *)to, (const void *)from, arena) < 0)
				return -1;
		} else {
			memcpy(to, from, row_size(f));
		}
	}
	return 0;
}

static const struct bw_profile *of_file(const struct bw_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->profiles.n; i++)
		if (bw_streq(policy->profiles.v[i].key, name))
			return &policy->profiles.v[i];
	return NULL;
}

/* A link of the chain: a profile and, when it is compiled in, that its base is as well. */
struct link {
	const struct bw_profile *profile;
	bool builtin;
};

/* What link extends: NULL at the end of the chain. A file's profile of a built-in name that extends its own name, or says
 * nothing of it, means the built-in; every other name means the file's first. */
static const char *base_of(const struct link *link, bool *ret_builtin)
{
	const struct bw_profile *p = link->profile;
	const char *usual = bw_profile_is_builtin(p->key) ? p->key : "hardened", *base = p->extends ? p->extends : usual;

	*ret_builtin = link->builtin || bw_streq(base, p->key);
	return link->builtin ? p->extends : base;
}

static int find_link(const struct bw_policy *policy, const char *name, bool builtin_only,
	struct link *ret, struct bw_err *err)
{
	struct bw_profile *p;
	void *object;

	ret->profile = builtin_only ? NULL : of_file(policy, name);
	ret->builtin = !ret->profile;
	if (ret->profile)
		return 0;
	if (!bw_profile_is_builtin(name))
		return bw_fail(err, BW_E_POLICY, 0, "there is no profile \"%s\"", name);
	if (read_builtin(&bw_profile_schema, name, policy->cache, &object, err) < 0)
		return -1;
	p = object;
	if (!p->key)
		p->key = bw_arena_strdup(policy->cache->arena, name);
	ret->profile = p;
	return p->key ? 0 : out_of_memory(err);
}

/* The chain from name down to compat. */
static int find_chain(const struct bw_policy *policy, const char *name, bool builtin_only,
	struct link chain[MAX_CHAIN], size_t *ret_n, struct bw_err *err)
{
	size_t n = 0;

	while (name) {
		for (size_t i = 0; i < n; i++)
			if (!chain[i].builtin && !builtin_only &&
				bw_streq(chain[i].profile->key, name))
				return bw_fail(err, BW_E_POLICY, 0,
					"profile \"%s\" extends itself by way of \"%s\"", name,
					chain[n - 1].profile->key);
		if (n == MAX_CHAIN)
			return bw_fail(err, BW_E_POLICY, 0,
				"profile \"%s\" stands on more than %d others",
				chain[0].profile->key, MAX_CHAIN - 1);
		if (find_link(policy, name, builtin_only, &chain[n], err) < 0)
			return -1;
		name = base_of(&chain[n++], &builtin_only);
	}
	*ret_n = n;
	return 0;
}

static int add_all(struct bw_arena *arena, struct bw_strs *to, const struct bw_strs *from)
{
	for (size_t i = 0; i < from->n; i++)
		if (bw_strs_add(arena, to, from->v[i]) < 0)
			return -1;
	return 0;
}

static int derive_endpoints(struct bw_profile *p, struct bw_policy_cache *cache, struct bw_err *err)
{
	const struct bw_profile_network *network = p->network;
	struct endpoints *lists;
	void *object;

	if (!network)
		return 0;
	if (read_builtin(&endpoints_schema, "endpoints", cache, &object, err) < 0)
		return -1;
	lists = object;
	const struct {
		const char *choice;
		const struct bw_strs *addresses;
	} rows[] = {
		{network->metadata, &lists->metadata},
		{network->task_credentials, &lists->task_credentials},
		{network->dns, &lists->dns},
		{network->time, &lists->time},
	};
	for (size_t i = 0; i < BW_COUNT(rows); i++)
		if (bw_streq0(rows[i].choice, "block") &&
			add_all(cache->arena, &p->derived.endpoints, rows[i].addresses) < 0)
			return out_of_memory(err);
	return 0;
}

/* The hosts of a registry. Those that the built-in profiles name need not be defined: then they have none. */
static const struct bw_strs *hosts_of(const struct bw_policy *policy, const char *registry)
{
	static const struct bw_strs none;

	for (size_t i = 0; i < policy->registries.n; i++)
		if (bw_streq(policy->registries.v[i].key, registry))
			return &policy->registries.v[i].values;
	return bw_streq(registry, "npm") || bw_streq(registry, "pypi") ? &none : NULL;
}

/* The names of a list, registries put in, each once: what is stored of the profile must not need the policy file. */
static int put_in_registries(const struct bw_policy *policy, struct bw_strs *list, struct bw_err *err)
{
	const struct bw_strs copy = *list, *from = &copy;
	struct bw_strs *to = list;

	*to = (struct bw_strs){0};
	for (size_t i = 0; i < from->n; i++) {
		const struct bw_strs one = {&from->v[i], 1}, *names = &one;
		const char *registry = bw_after_prefix(from->v[i], "@");

		if (registry)
			names = hosts_of(policy, registry);
		if (!names)
			return bw_fail(err, BW_E_POLICY, 0, "network.egress names %s, which /registries does not define",
				from->v[i]);
		for (size_t k = 0; k < names->n; k++)
			if (!bw_strs_has(to, names->v[k]) && bw_strs_add(policy->cache->arena, to, names->v[k]) < 0)
				return out_of_memory(err);
	}
	return 0;
}

/* How programs find the gate: curl, wget and Python's libraries, pip, npm, and Node from 24 on. */
static int add_proxy(struct bw_arena *arena, struct bw_pairs *to)
{
	static const char gate[] = "http://127.0.0.1:3128", own[] = "localhost,127.0.0.1,::1";
	static const struct {
		const char *name, *value;
	} variables[] = {
		{"HTTPS_PROXY", gate},
		{"https_proxy", gate},
		{"HTTP_PROXY", gate},
		{"http_proxy", gate},
		{"NO_PROXY", own},
		{"no_proxy", own},
		{"PIP_PROXY", gate},
		{"npm_config_https_proxy", gate},
		{"npm_config_proxy", gate},
		{"NODE_USE_ENV_PROXY", "1"},
	};

	for (size_t i = 0; i < BW_COUNT(variables); i++)
		if (bw_pairs_set(arena, to, variables[i].name, variables[i].value) < 0)
			return -1;
	return 0;
}

static int derive_egress(const struct bw_policy *policy, struct bw_profile *p, struct bw_err *err)
{
	struct bw_profile_egress *egress = p->network ? p->network->egress : NULL;
	struct bw_profile_derived *d = &p->derived;

	d->gated = egress && !(egress->restrict_.set && !egress->restrict_.v);
	if (!d->gated)
		return 0;
	if (put_in_registries(policy, &egress->allow, err) < 0 || put_in_registries(policy, &egress->plain, err) < 0)
		return -1;
	if ((egress->allow.n || egress->plain.n) && add_proxy(policy->cache->arena, &d->proxy) < 0)
		return out_of_memory(err);
	return 0;
}

static void to_capitals(struct bw_strs *list)
{
	for (size_t i = 0; i < list->n; i++)
		for (char *c = list->v[i]; *c; c++)
			*c = (char)toupper((unsigned char)*c);
}

static int derive_scrub(struct bw_profile *p, struct bw_policy_cache *cache, struct bw_err *err)
{
	const struct bw_profile_environment *env = p->environment;
	struct scrub *lists;
	void *object;

	if (!env || (env->scrub_lists.n == 0 && env->scrub.n == 0))
		return 0;
	if (read_builtin(&scrub_schema, "scrub", cache, &object, err) < 0)
		return -1;
	lists = object;
	const struct {
		const char *name;
		const struct bw_strs *patterns;
	} rows[] = {
		{"cloudKeys", &lists->cloud_keys},
		{"taskCredentials", &lists->task_credentials},
		{"tokens", &lists->tokens},
		{"injection", &lists->injection},
	};
	for (size_t i = 0; i < BW_COUNT(rows); i++)
		if (bw_strs_has(&env->scrub_lists, rows[i].name) &&
			add_all(cache->arena, &p->derived.scrub, rows[i].patterns) < 0)
			return out_of_memory(err);
	if (add_all(cache->arena, &p->derived.scrub, &env->scrub) < 0)
		return out_of_memory(err);
	to_capitals(&p->derived.scrub); /* bw_strs_add copies: these are ours */
	return 0;
}

static int fold_chain(const struct bw_policy *policy, const char *name, bool builtin_only,
	struct bw_profile **ret, struct bw_err *err)
{
	struct bw_arena *arena = policy->cache->arena;
	struct bw_profile *p = bw_arena_alloc(arena, sizeof *p);
	struct link chain[MAX_CHAIN];
	size_t n = 0;

	if (!p)
		return out_of_memory(err);
	if (find_chain(policy, name, builtin_only, chain, &n, err) < 0)
		return -1;
	while (n-- > 0)
		if (fold_rows(&bw_profile_schema, p, chain[n].profile, arena) < 0)
			return out_of_memory(err);
	p->key = bw_arena_strdup(arena, name);
	p->extends = NULL;
	p->loosens = (struct bw_strs){0};
	if (!p->key)
		return out_of_memory(err);
	*ret = p;
	return 0;
}

/* By the name of the program, as the policy has it. */
static int derive_backend(struct bw_profile *p, struct bw_policy_cache *cache, struct bw_err *err)
{
	const struct backends *known;
	const char *name;
	void *object;

	if (!p->backend || !p->backend->delegate)
		return 0;
	if (read_builtin(&backends_schema, "backends", cache, &object, err) < 0)
		return -1;
	known = object;
	name = strrchr(p->backend->delegate, '/') + 1;
	for (size_t i = 0; i < known->backends.n; i++)
		if (bw_streq(known->backends.v[i].key, name))
			p->derived.backend = &known->backends.v[i];
	return 0;
}

static int derive(const struct bw_policy *policy, struct bw_profile *p, struct bw_err *err)
{
	struct bw_policy_cache *cache = policy->cache;

	p->derived.ranges = cache->ranges;
	p->derived.metrics = policy->metrics;
	p->derived.hears_tenant =
		policy->annotations && policy->annotations->tenant.set && policy->annotations->tenant.v;
	p->derived.hears_session =
		policy->annotations && policy->annotations->session.set && policy->annotations->session.v;
	p->derived.hears_ttl = policy->annotations && policy->annotations->ttl.set && policy->annotations->ttl.v;
	p->derived.trail = policy->audit;
	if (derive_endpoints(p, cache, err) < 0 || derive_scrub(p, cache, err) < 0 ||
		derive_backend(p, cache, err) < 0)
		return -1;
	return derive_egress(policy, p, err);
}

const struct bw_profile *bw_policy_fold(
	const struct bw_policy *policy, const char *name, struct bw_err *err)
{
	struct bw_policy_cache *cache = policy->cache;
	struct bw_profile *p, **slot;

	for (size_t i = 0; i < cache->folded.n; i++)
		if (bw_streq(cache->folded.v[i]->key, name))
			return cache->folded.v[i];
	if (fold_chain(policy, name, false, &p, err) < 0 || derive(policy, p, err) < 0)
		return NULL;
	slot = bw_push(cache->arena, &cache->folded);
	if (!slot) {
		(void)out_of_memory(err);
		return NULL;
	}
	*slot = p;
	return p;
}

struct loosened {
	const struct bw_strs *said;
	struct bw_strs unsaid, all;
	struct bw_arena *arena;
	bool out_of_memory;
};

static void note_loosened(const char *row, void *ctx)
{
	struct loosened *l = ctx;

	if (bw_strs_add(l->arena, &l->all, row) < 0 ||
		(!bw_strs_has(l->said, row) && bw_strs_add(l->arena, &l->unsaid, row) < 0))
		l->out_of_memory = true;
}

/* Id 4294967295 means none. A good one is kept: it is no other profile's containers' either. */
static int check_range(struct bw_policy_cache *cache, const struct bw_profile *p, struct bw_err *err)
{
	static const uint64_t end = 4294967296ULL - BW_RANGE_IDS;
	const struct bw_profile_range *range = p->user ? p->user->range : NULL;
	struct bw_profile_range *slot;

	if (!range)
		return 0;
	if (!range->first.set || !range->count.set)
		return bw_fail(err, BW_E_POLICY, 0, "user.range needs both first and count");
	if (range->first.v + range->count.v * BW_RANGE_IDS <= end) {
		slot = bw_push(cache->arena, &cache->ranges);
		if (!slot)
			return out_of_memory(err);
		*slot = *range;
		return 0;
	}
	return bw_fail(err, BW_E_POLICY, 0, "user.range ends with id %llu, which is above %llu",
		(unsigned long long)(range->first.v + range->count.v * BW_RANGE_IDS - 1), (unsigned long long)end - 1);
}

static int check_loosened(
	const struct bw_policy *policy, const struct bw_profile *p, struct bw_err *err)
{
	struct loosened l = {.said = &p->loosens, .arena = policy->cache->arena};
	struct link link = {.profile = p};
	struct bw_profile *folded, *base;
	bool builtin_only;
	const char *base_name = base_of(&link, &builtin_only);

	if (fold_chain(policy, p->key, false, &folded, err) < 0 ||
		fold_chain(policy, base_name, builtin_only, &base, err) < 0)
		return -1;
	if (check_range(policy->cache, folded, err) < 0)
		return -1;
	bw_profile_looser(folded, base, note_loosened, &l);
	if (l.out_of_memory)
		return out_of_memory(err);
	if (l.unsaid.n)
		return bw_fail(err, BW_E_POLICY, 0,
			"%s is looser than in \"%s\", and \"loosens\" does not name it",
			l.unsaid.v[0], base_name);
	for (size_t i = 0; i < p->loosens.n; i++)
		if (!bw_strs_has(&l.all, p->loosens.v[i]))
			return bw_fail(err, BW_E_POLICY, 0,
				"\"loosens\" names %s, which is not looser than in \"%s\"",
				p->loosens.v[i], base_name);
	return 0;
}

int bw_policy_check_profiles(const struct bw_policy *policy, struct bw_err *err)
{
	for (size_t i = 0; i < policy->profiles.n; i++) {
		const char *name = policy->profiles.v[i].key;

		if (check_loosened(policy, &policy->profiles.v[i], err) == 0)
			continue;
		bw_at(err, "/profiles/%s", name);
		return bw_wrap(err, "/profiles/%s", name);
	}
	return 0;
}
