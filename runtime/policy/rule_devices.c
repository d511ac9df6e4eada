/* SPDX-License-Identifier: Apache-2.0 */
/* rule_devices.c - device nodes and the list of the device cgroup: the default character devices,
 * what the policy adds and the caller asks for, and nothing else. Numbers count, names do not: a
 * node called /dev/null may be any device. The new list is complete; no mknod stands in it. */
#include "base/auto.h"
#include "base/str.h"
#include "policy/rules.h"

/* major:minor of runtime-spec's default devices; minor ANY: pseudo terminals. */
enum { ANY = -1 };
static const struct default_device {
	int major, minor;
} defaults[] = {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 1}, {5, 2}, {136, ANY}};

static bool is_default(const struct bw_spec_device *d)
{
	if (bw_streq0(d->type, "p"))
		return true; /* a fifo is no device */
	if (!bw_streq0(d->type, "c") && !bw_streq0(d->type, "u"))
		return false;
	for (size_t i = 0; i < BW_COUNT(defaults); i++)
		if (d->major.v == defaults[i].major &&
			(defaults[i].minor == ANY || d->minor.v == defaults[i].minor))
			return true;
	return false;
}

static bool is_of_type(const char *asked, const char *type)
{
	return !asked || bw_streq(asked, "a") || bw_streq(asked, type) ||
	       (bw_streq(asked, "u") && bw_streq(type, "c"));
}

static bool policy_allows(const struct bw_profile_devices *policy, const struct bw_spec_device *d)
{
	for (size_t i = 0; i < policy->allow.n; i++) {
		const struct bw_profile_device *a = &policy->allow.v[i];

		if (d->type && is_of_type(d->type, a->type) && d->major.v == a->major.v &&
			(!a->minor.set || d->minor.v == a->minor.v))
			return true;
	}
	return false;
}

/* A privileged container asks for a hundred nodes: one refusal that names the first and counts the
 * rest. */
static void check_nodes(struct bw_run *r, const struct bw_spec_linux *lin)
{
	const char *first = NULL;
	size_t n = 0, at = 0;

	for (size_t i = 0; i < lin->devices.n; i++) {
		const struct bw_spec_device *d = &lin->devices.v[i];

		if (is_default(d) || policy_allows(r->profile->devices, d))
			continue;
		if (!n++) {
			first = d->path ? d->path : "?";
			at = i;
		}
	}
	if (n)
		bw_deny(r, bw_text(r, "/linux/devices/%zu", at),
			n > 1 ? bw_text(r, "%s and %zu more", first, n - 1) : first,
			"asks for a device of the host that devices.allow of the policy does not "
			"name",
			"leave --privileged or --device out, or name the device in devices.allow");
}

/* What of access the caller asked for, over all rules that allow: a rule may be wider than the
 * device. */
static void asked_access(
	const struct bw_spec_linux *lin, const struct bw_profile_device *d, char access[4])
{
	struct bw_buf buf = bw_buf_over(access, 4);

	for (const char *c = d->access; *c; c++) {
		for (size_t i = 0; lin->resources && i < lin->resources->devices.n; i++) {
			const struct bw_spec_device_rule *rule = &lin->resources->devices.v[i];

			if (!bw_is_on(&rule->allow) || !is_of_type(rule->type, d->type) ||
				(rule->major.set && rule->major.v != -1 &&
					rule->major.v != d->major.v) ||
				(rule->minor.set && rule->minor.v != -1 &&
					(!d->minor.set || rule->minor.v != d->minor.v)) ||
				(rule->access && !strchr(rule->access, *c)))
				continue;
			bw_buf_addn(&buf, c, 1);
			break;
		}
	}
}

struct rules {
	struct bw_spec_device_rule *v;
	size_t n;
};

static void add_rule(
	struct bw_run *r, struct rules *rules, struct bw_spec_device_rule rule, const char *access)
{
	struct bw_spec_device_rule *slot = bw_push(r->arena, rules);
	char *copy = bw_arena_strdup(r->arena, access);

	if (!slot || !copy) {
		r->out_of_memory = true;
		return;
	}
	rule.access = copy;
	*slot = rule;
}

static void build_rules(struct bw_run *r, const struct bw_spec_linux *lin, struct rules *rules)
{
	static char character[] = "c";
	const struct bw_profile_devices *policy = r->profile->devices;
	char access[4];

	add_rule(r, rules, (struct bw_spec_device_rule){.allow = {true, false}}, "rwm");
	for (size_t i = 0; i < BW_COUNT(defaults); i++)
		add_rule(r, rules,
			(struct bw_spec_device_rule){.allow = {true, true},
				.type = character,
				.major = {true, defaults[i].major},
				.minor = {defaults[i].minor != ANY,
					defaults[i].minor != ANY ? defaults[i].minor : 0}},
			"rw");
	for (size_t i = 0; i < policy->allow.n; i++) {
		const struct bw_profile_device *d = &policy->allow.v[i];

		asked_access(lin, d, access);
		if (access[0])
			add_rule(r, rules,
				(struct bw_spec_device_rule){.allow = {true, true},
					.type = d->type,
					.major = d->major,
					.minor = d->minor},
				access);
	}
}

static bool same_number(const struct bw_opt_int *a, const struct bw_opt_int *b)
{
	return a->set == b->set && (!a->set || a->v == b->v);
}

static bool same_rule(const struct bw_spec_device_rule *a, const struct bw_spec_device_rule *b)
{
	return bw_is_on(&a->allow) == bw_is_on(&b->allow) && a->allow.set == b->allow.set &&
	       bw_streq0(a->type, b->type) && bw_streq0(a->access, b->access) &&
	       same_number(&a->major, &b->major) && same_number(&a->minor, &b->minor);
}

static const char *describe(struct bw_run *r, const struct bw_spec_device_rule *v, size_t n)
{
	size_t allowed = 0;
	bool all = false;

	for (size_t i = 0; i < n; i++) {
		allowed += bw_is_on(&v[i].allow);
		all = all || (bw_is_on(&v[i].allow) && !v[i].major.set &&
				     (!v[i].type || bw_streq(v[i].type, "a")));
	}
	return all ? "all devices" : bw_text(r, "%zu rules, %zu of them allow", n, allowed);
}

void bw_rule_devices(struct bw_run *r)
{
	const struct bw_profile_devices *policy = r->profile->devices;
	const struct bw_spec_linux *lin;
	const struct bw_spec_resources *res;
	struct rules rules = {0};
	size_t i = 0;

	if (!policy || !bw_is_on(&policy->restricted))
		return;
	lin = bw_ensure(r, &r->spec->linux_);
	res = lin ? bw_ensure(r, &lin->resources) : NULL;
	if (!res)
		return;
	if (r->spec->hardening)
		bw_change_bool(r, &r->spec->hardening->exact_devices, true,
			"/hardening/exactDevices",
			"what a runtime allows besides its list is mknod of any device");
	check_nodes(r, lin);
	build_rules(r, lin, &rules);
	while (i < rules.n && i < res->devices.n && same_rule(&rules.v[i], &res->devices.v[i]))
		i++;
	if (r->out_of_memory || (i == rules.n && i == res->devices.n))
		return;
	bw_change_list(r, &res->devices, rules.v, rules.n,
		describe(r, res->devices.v, res->devices.n), describe(r, rules.v, rules.n),
		"/linux/resources/devices", "only the default devices, and none may be made");
}
