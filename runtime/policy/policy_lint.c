/* SPDX-License-Identifier: Apache-2.0 */
/* policy_lint.c - what an administrator should hear about a policy that is right in form: rules that can never match,
 * rules whose facts the author of a container decides, profiles that will not start what they seem to allow. */
#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"
#include "policy/facts.h"

#define ECS_LABELS "com.amazonaws.ecs."

struct lint {
	const struct bw_policy *policy;
	struct bw_arena *arena;
	struct bw_notes *notes;
	bool out_of_memory;
};

/* Both from bw_arena_printf(): NULL means that memory is out. */
static void warn(struct lint *l, char *pointer, char *text)
{
	struct bw_note *note = pointer && text ? bw_push(l->arena, l->notes) : NULL;

	if (!note) {
		l->out_of_memory = true;
		return;
	}
	note->pointer = pointer;
	note->text = text;
}

#define WARN(l, pointer, ...) warn((l), (pointer), bw_arena_printf((l)->arena, __VA_ARGS__))

static char *pointer_to(struct lint *l, size_t rule)
{
	return bw_arena_printf(l->arena, "/rules/%zu", rule);
}

static const struct bw_key_strs *find_condition(const struct bw_policy_rule *rule, const char *key)
{
	for (size_t i = 0; i < rule->when.n; i++)
		if (bw_streq(rule->when.v[i].key, key))
			return &rule->when.v[i];
	return NULL;
}

static bool asks_for(const struct bw_policy_rule *rule, const char *prefix)
{
	for (size_t i = 0; i < rule->when.n; i++)
		if (bw_after_prefix(rule->when.v[i].key, prefix))
			return true;
	return false;
}

/* ---- rules that can never match ---- */

static void check_patterns(struct lint *l, size_t index, const struct bw_key_strs *condition)
{
	const struct bw_fact *fact = bw_fact_group(condition->key) ? NULL : bw_fact_find(condition->key);

	for (size_t i = 0; fact && fact->possible && i < condition->values.n; i++)
		if (!fact->possible(condition->values.v[i]))
			WARN(l, bw_arena_printf(l->arena, "/rules/%zu/when", index),
				"\"%s\" never matches: %s is %s", condition->values.v[i], condition->key, fact->looks);
}

/* A label, or another fact of a group, that must be there and must not. */
static const char *wanted_and_unwanted(struct lint *l, const struct bw_policy_rule *rule)
{
	for (size_t i = 0; i < rule->when.n; i++) {
		const struct bw_key_strs *absent = &rule->when.v[i];
		size_t group = bw_fact_group(absent->key);

		for (size_t k = 0; group && k < absent->values.n; k++) {
			const char *key = bw_arena_printf(
				l->arena, "%.*s.%s", (int)group, absent->key, absent->values.v[k]);

			if (key && find_condition(rule, key))
				return key;
			l->out_of_memory |= !key;
		}
	}
	return NULL;
}

static void check_contradiction(struct lint *l, size_t index)
{
	const struct bw_policy_rule *rule = &l->policy->rules.v[index];
	const char *twice = wanted_and_unwanted(l, rule);
	bool docker = asks_for(rule, "docker.");

	if (twice)
		WARN(l, pointer_to(l, index), "can never match: %s must be there and must not", twice);
	if (docker && asks_for(rule, "cri."))
		WARN(l, pointer_to(l, index), "can never match: a container is docker's or Kubernetes', not both");
	if (find_condition(rule, "cgroup.ecsTask") && find_condition(rule, "cgroup.kubePod"))
		WARN(l, pointer_to(l, index), "can never match: a cgroup is of an ECS task or of a pod, not both");
	if (docker && bw_policy_docker_roots(l->policy)->n == 0)
		WARN(l, pointer_to(l, index), "can never match: docker.dataRoots names no directory");
}

/* Whether every text that one of narrow's patterns matches is matched by one of wide's. A '*' of a narrow pattern is
 * taken as a letter that only a '*' of the wide one matches: true is certain, false may be wrong. */
static bool covers(const struct bw_strs *wide, const struct bw_strs *narrow)
{
	for (size_t i = 0; i < narrow->n; i++) {
		size_t k = 0;

		while (k < wide->n && !bw_glob_match(wide->v[k], narrow->v[i]))
			k++;
		if (k == wide->n)
			return false;
	}
	return true;
}

static bool has_all(const struct bw_strs *list, const struct bw_strs *of)
{
	for (size_t i = 0; i < of->n; i++)
		if (!bw_strs_has(list, of->v[i]))
			return false;
	return true;
}

/* Whether first matches wherever second does. */
static bool shadows(const struct bw_policy_rule *first, const struct bw_policy_rule *second)
{
	for (size_t i = 0; i < first->when.n; i++) {
		const struct bw_key_strs *wide = &first->when.v[i];
		const struct bw_key_strs *narrow = find_condition(second, wide->key);

		if (!narrow)
			return false;
		if (bw_fact_group(wide->key) ? !has_all(&narrow->values, &wide->values)
					     : !covers(&wide->values, &narrow->values))
			return false;
	}
	return true;
}

static void check_shadow(struct lint *l, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (shadows(&l->policy->rules.v[i], &l->policy->rules.v[index])) {
			WARN(l, pointer_to(l, index), "can never match: rule \"%s\" before it matches all that it would",
				l->policy->rules.v[i].name);
			return;
		}
}

/* ---- rules that an author can have, or keep from holding ---- */

static bool all_begin_with(const struct bw_strs *list, const char *prefix)
{
	for (size_t i = 0; i < list->n; i++)
		if (!bw_after_prefix(list->v[i], prefix))
			return false;
	return true;
}

static bool any_with_star(const struct bw_strs *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (strchr(list->v[i], '*'))
			return true;
	return false;
}

/* Whether the condition says anything that the author of an image or a task does not decide. */
static bool is_of_the_host(const struct bw_key_strs *condition)
{
	const struct bw_fact *fact = bw_fact_find(condition->key);

	/* The agent of ECS labels every task: no task can be without these. */
	if (bw_streq(condition->key, "docker.label.absent"))
		return all_begin_with(&condition->values, ECS_LABELS);
	if (bw_fact_group(condition->key))
		return true;
	/* The name of a task's container has the names in it that its author gave. */
	if (bw_streq(condition->key, "docker.name"))
		return !any_with_star(&condition->values);
	/* That there is a task or a pod says something, whichever it is; all else is there anyway. */
	if (bw_strs_has(&condition->values, "*"))
		return bw_streq(condition->key, "cgroup.ecsTask") || bw_streq(condition->key, "cgroup.kubePod");
	return fact && fact->source == BW_FACT_HOST;
}

static bool rests_on_the_host(const struct bw_policy_rule *rule)
{
	for (size_t i = 0; i < rule->when.n; i++)
		if (is_of_the_host(&rule->when.v[i]))
			return true;
	return false;
}

static int check_author(struct lint *l, size_t index, struct bw_err *err)
{
	const struct bw_policy_rule *rule = &l->policy->rules.v[index];
	const struct bw_profile *chosen = bw_policy_fold(l->policy, rule->profile, err);
	const struct bw_profile *standard = chosen ? bw_policy_fold(l->policy, l->policy->default_, err) : NULL;
	bool refuses = l->policy->docker && bw_streq0(l->policy->docker->unreadable, "refuse");
	char row[64];

	if (!standard)
		return -1;
	if (!rests_on_the_host(rule) && bw_profile_looser_in(chosen, standard, row, sizeof row))
		WARN(l, pointer_to(l, index),
			"whoever writes the image or the task decides all that this rule asks for, and \"%s\" is looser "
			"than \"%s\" in %s; add a fact of the host, such as cgroup.parent or a docker.name without '*'",
			chosen->key, standard->key, row);
	if (!refuses && asks_for(rule, "docker.") && bw_profile_looser_in(standard, chosen, row, sizeof row))
		WARN(l, pointer_to(l, index),
			"\"%s\" is stricter than \"%s\" in %s, and an image whose labels are too large to be read "
			"keeps out of it; docker.unreadable: refuse closes that way",
			chosen->key, standard->key, row);
	return 0;
}

/* ---- names ---- */

/* Whose a container is decides who is stopped with it, and who shares what with it. */
static void check_named(struct lint *l, const char *what, const struct bw_strs *facts)
{
	for (size_t i = 0; i < facts->n; i++) {
		const struct bw_fact *fact = bw_fact_find(facts->v[i]);
		const char *label = bw_after_prefix(facts->v[i], "docker.label.");

		/* The agent of ECS labels every task itself, whatever the image says. */
		if (fact && fact->source == BW_FACT_AUTHOR && !(label && bw_after_prefix(label, ECS_LABELS)))
			WARN(l, bw_arena_printf(l->arena, "/names/%s/%zu", what, i),
				"whoever writes the image or the task decides %s, and so the %s of its containers",
				facts->v[i], what);
	}
}

/* ---- profiles ---- */

/* What does as it is told: and the address of a log tells it. */
static bool is_interpreter(const char *path)
{
	static const char *const names[] = {"*sh", "busybox*", "env", "python*", "perl*", "ruby*", "node", "nodejs",
		"lua*", "awk", "*awk", "find", "xargs", "nsenter", "unshare", "chroot", "setpriv", "sudo", "su", "ssh",
		"tclsh*", "php*", "socat", "nc", "systemd-run"};
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < BW_COUNT(names); i++)
		if (bw_glob_match(names[i], name))
			return true;
	return false;
}

/* The first of the places beneath or above dir in which a line appended is more than a line of a log, as somebody acts upon
 * it; in the last two everybody has files. NULL: none. */
static const char *what_it_touches(const char *dir)
{
	static const char *const places[] = {"/etc", "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/boot",
		"/dev", "/proc", "/sys", "/root", "/home/*", "/opt/*/bin", "/opt/cni", "/run/systemd", "/run/udev",
		"/run/bulwark", "/run/containerd", "/run/docker", "/run/user", "/var/spool", "/var/lib/systemd",
		"/var/lib/bulwark", "/var/lib/cloud", "/var/lib/containerd", "/var/lib/containers", "/var/lib/docker",
		"/var/lib/etcd", "/var/lib/kubelet", "/tmp", "/var/tmp"};

	for (size_t i = 0; i < BW_COUNT(places); i++)
		if (bw_path_relate(dir, places[i]) != BW_APART)
			return places[i];
	return NULL;
}

static void check_log_files(struct lint *l, const struct bw_profile *own)
{
	const struct bw_strs *list = &own->loggers->files;

	for (size_t i = 0; i < list->n; i++) {
		const char *touched = what_it_touches(list->v[i]);

		if (touched)
			WARN(l, bw_arena_printf(l->arena, "/profiles/%s/loggers/files/%zu", own->key, i),
				"%s is not for logs alone (%s): whoever starts a container chooses the file there to "
				"which root of the "
				"host appends",
				list->v[i], touched);
	}
}

static void check_loggers(struct lint *l, const struct bw_profile *own)
{
	const struct bw_strs *list = &own->loggers->allow;

	for (size_t i = 0; i < list->n; i++)
		if (is_interpreter(list->v[i]))
			WARN(l, bw_arena_printf(l->arena, "/profiles/%s/loggers/allow/%zu", own->key, i),
				"%s runs what its arguments say, as root of the host, and whoever starts a container "
				"chooses them",
				list->v[i]);
}

enum { GATE_PORT = 3128 };

static bool has_port(const struct bw_uints *list, uint64_t port)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i] == port)
			return true;
	return false;
}

/* Ports are Landlock's alone; the scope of a base profile that turns Landlock off goes along with it. */
static void check_landlock(struct lint *l, const struct bw_profile *own, const struct bw_profile *folded)
{
	static const char off[] = "nothing holds it: landlock is off";
	bool is_off = !folded->landlock || bw_streq(folded->landlock, "off");

	if (own->landlock_bind.v && is_off)
		WARN(l, bw_arena_printf(l->arena, "/profiles/%s/landlockBind", own->key), "%s", off);
	if (!own->landlock_connect.v)
		return;
	if (is_off)
		WARN(l, bw_arena_printf(l->arena, "/profiles/%s/landlockConnect", own->key), "%s", off);
	else if (folded->derived.proxy.n && !has_port(&own->landlock_connect, GATE_PORT))
		WARN(l, bw_arena_printf(l->arena, "/profiles/%s/landlockConnect", own->key),
			"the gate of network.egress is out of reach: it listens at port %d", GATE_PORT);
}

/* Folding finds what is wrong with a profile and what it extends. */
static int check_profile(struct lint *l, const struct bw_profile *own, struct bw_err *err)
{
	const struct bw_profile *folded = bw_policy_fold(l->policy, own->key, err);

	if (!folded)
		return -1;
	if (own->loggers) {
		check_loggers(l, own);
		check_log_files(l, own);
	}
	check_landlock(l, own, folded);
	if (own->session && own->session->grace && !folded->session->ttl)
		WARN(l, bw_arena_printf(l->arena, "/profiles/%s/session/grace", own->key),
			"there is nothing to be graced with: session.ttl sets no limit");
	return 0;
}

int bw_policy_lint(const struct bw_policy *policy, struct bw_arena *arena, struct bw_notes *ret, struct bw_err *err)
{
	struct lint l = {.policy = policy, .arena = arena, .notes = ret};

	*ret = (struct bw_notes){0};
	for (size_t i = 0; i < policy->rules.n; i++) {
		for (size_t k = 0; k < policy->rules.v[i].when.n; k++)
			check_patterns(&l, i, &policy->rules.v[i].when.v[k]);
		check_contradiction(&l, i);
		check_shadow(&l, i);
		if (check_author(&l, i, err) < 0)
			return -1;
	}
	if (policy->names) {
		check_named(&l, "tenant", &policy->names->tenant);
		check_named(&l, "session", &policy->names->session);
	}
	for (size_t i = 0; i < policy->profiles.n; i++)
		if (check_profile(&l, &policy->profiles.v[i], err) < 0)
			return -1;
	if (l.out_of_memory)
		return bw_fail(err, BW_E_MEMORY, 0, "policy lint: out of memory");
	return 0;
}

bool bw_policy_has_rule_for(const struct bw_policy *policy, const char *fact, const char *value)
{
	for (size_t i = 0; i < policy->rules.n; i++) {
		const struct bw_key_strs *condition = find_condition(&policy->rules.v[i], fact);

		for (size_t k = 0; condition && k < condition->values.n; k++)
			if (bw_glob_match(condition->values.v[k], value))
				return true;
	}
	return false;
}

bool bw_profile_enforces(const struct bw_profile *profile)
{
	return !bw_streq0(profile->mode, "audit");
}

bool bw_profile_refuses_host_network(const struct bw_profile *profile)
{
	return profile->network && bw_streq0(profile->network->host, "refuse");
}

bool bw_profile_blocks_metadata(const struct bw_profile *profile)
{
	return profile->network && bw_streq0(profile->network->metadata, "block");
}
