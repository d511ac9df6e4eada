/* SPDX-License-Identifier: Apache-2.0 */
/* rules_file.c - one of our rule files to a ruleset: words, numbers and names are checked here and nowhere else.
 * Compiles nothing (seccomp_rules.c does). */
#include "rules_file.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "control/seccomp_names.h"
#include "json/json.h"

enum { MAX_CALLS = 512 };

struct input {
	uint32_t scmp_arch;
	struct bw_arena *arena;
	struct bw_err *err;
};

static const char *text_of(const struct bw_json *object, const char *key)
{
	const struct bw_json *value = bw_json_get(object, key);

	return value && value->type == BW_JSON_STRING ? value->text : NULL;
}

/* A number as JSON writes it, or a string with a C constant: "0x5412". */
static int number_of(const struct bw_json *value, uint32_t *ret, struct bw_err *err)
{
	unsigned long long number;
	char *end;

	if (!value || (value->type != BW_JSON_NUMBER && value->type != BW_JSON_STRING))
		return bw_fail(err, BW_E_SPEC, 0, "must be a number or a string with one");
	errno = 0;
	number = strtoull(value->text, &end, 0);
	if (errno || end == value->text || *end || number > UINT32_MAX)
		return bw_fail(err, BW_E_SPEC, 0, "\"%s\" is no 32-bit number", value->text);
	*ret = (uint32_t)number;
	return 0;
}

static int action_of(const char *name, const char *errno_ret, uint32_t *ret, struct bw_err *err)
{
	static const struct {
		const char *name;
		uint32_t action;
		bool has_errno;
	} actions[] = {
		{"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, false},
		{"SCMP_ACT_LOG", SECCOMP_RET_LOG, false},
		{"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, false},
		{"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, true},
	};
	static const struct {
		const char *name;
		int number;
	} errnos[] = {
		{"EPERM", EPERM},
		{"EACCES", EACCES},
		{"EINVAL", EINVAL},
		{"ENOSYS", ENOSYS},
		{"EPROTONOSUPPORT", EPROTONOSUPPORT},
		{"EOPNOTSUPP", EOPNOTSUPP},
	};

	for (size_t i = 0; name && i < BW_COUNT(actions); i++) {
		if (!bw_streq(actions[i].name, name))
			continue;
		*ret = actions[i].action;
		if (!actions[i].has_errno && !errno_ret)
			return 0;
		for (size_t j = 0; actions[i].has_errno && errno_ret && j < BW_COUNT(errnos); j++) {
			*ret = actions[i].action | (uint32_t)errnos[j].number;
			if (bw_streq(errnos[j].name, errno_ret))
				return 0;
		}
		return bw_fail(err, BW_E_SPEC, 0, "errno \"%s\" does not go with %s",
			errno_ret ? errno_ret : "(none)", name);
	}
	return bw_fail(err, BW_E_SPEC, 0, "unknown action \"%s\"", name ? name : "(none)");
}

static int read_values(
	const struct input *in, const struct bw_json *list, struct bw_seccomp_cond *cond)
{
	const struct bw_json *one = list->child;
	uint32_t *values;

	if (list->type != BW_JSON_ARRAY || !list->count || list->count > BW_SECCOMP_MAX_VALUES)
		return bw_fail(in->err, BW_E_SPEC, 0, "must be an array of 1 to %d values",
			BW_SECCOMP_MAX_VALUES);
	values = bw_arena_alloc(in->arena, list->count * sizeof *values);
	if (!values)
		return bw_fail(in->err, BW_E_MEMORY, ENOMEM, "reading rules");
	for (size_t i = 0; i < list->count; i++, one = one->next)
		if (number_of(one, &values[i], in->err) < 0)
			return -1;
	cond->values = values;
	cond->values_n = list->count;
	return 0;
}

static int read_cond(
	const struct input *in, const struct bw_json *object, struct bw_seccomp_cond *cond)
{
	const struct bw_json *mask = bw_json_get(object, "mask");
	const struct bw_json *set = bw_json_get(object, "in");
	const struct bw_json *complement = bw_json_get(object, "notIn");
	uint32_t index;

	if (!set == !complement)
		return bw_fail(in->err, BW_E_SPEC, 0, "an argument needs one of \"in\", \"notIn\"");
	if (number_of(bw_json_get(object, "index"), &index, in->err) < 0)
		return -1;
	if (index > 5)
		return bw_fail(in->err, BW_E_SPEC, 0, "no call has an argument %" PRIu32, index);
	cond->index = (uint8_t)index;
	cond->negate = complement != NULL;
	cond->mask = UINT32_MAX;
	if (mask && number_of(mask, &cond->mask, in->err) < 0)
		return -1;
	return read_values(in, set ? set : complement, cond);
}

static int read_conds(
	const struct input *in, const struct bw_json *list, struct bw_seccomp_rule *rule)
{
	const struct bw_json *one = list->child;
	struct bw_seccomp_cond *conds;

	if (list->type != BW_JSON_ARRAY || list->count > BW_SECCOMP_MAX_CONDS)
		return bw_fail(in->err, BW_E_SPEC, 0, "args must be an array of at most %d",
			BW_SECCOMP_MAX_CONDS);
	conds = bw_arena_alloc(in->arena, (list->count + 1) * sizeof *conds);
	if (!conds)
		return bw_fail(in->err, BW_E_MEMORY, ENOMEM, "reading rules");
	for (size_t i = 0; i < list->count; i++, one = one->next)
		if (read_cond(in, one, &conds[i]) < 0)
			return -1;
	rule->conds = conds;
	rule->conds_n = list->count;
	return 0;
}

/* Names that this architecture lacks are left out; names that nobody knows are mistakes. */
static int read_names(
	const struct input *in, const struct bw_json *list, struct bw_seccomp_rule *rule)
{
	uint16_t *calls;

	if (!list || list->type != BW_JSON_ARRAY || !list->count || list->count > MAX_CALLS)
		return bw_fail(
			in->err, BW_E_SPEC, 0, "names must be an array of 1 to %d", MAX_CALLS);
	calls = bw_arena_alloc(in->arena, list->count * sizeof *calls);
	if (!calls)
		return bw_fail(in->err, BW_E_MEMORY, ENOMEM, "reading rules");
	for (const struct bw_json *one = list->child; one; one = one->next) {
		struct bw_seccomp_number call;

		if (!bw_seccomp_lookup(one->text, in->scmp_arch, &call))
			return bw_fail(in->err, BW_E_SPEC, 0, "unknown call \"%s\"", one->text);
		if (call.number > BW_SECCOMP_NEWEST)
			return bw_fail(in->err, BW_E_SPEC, 0, "%s is newer than BW_SECCOMP_NEWEST",
				one->text);
		if (call.number >= 0)
			calls[rule->calls_n++] = (uint16_t)call.number;
	}
	rule->calls = calls;
	return 0;
}

static int known_keys(const struct input *in, const struct bw_json *object, const char *const *keys)
{
	for (const struct bw_json *one = object->child; one; one = one->next) {
		const char *const *key = keys;

		while (*key && !bw_streq(*key, one->key))
			key++;
		if (!*key)
			return bw_fail(in->err, BW_E_SPEC, 0, "unknown property \"%s\"", one->key);
	}
	return 0;
}

static int read_rule(
	const struct input *in, const struct bw_json *object, struct bw_seccomp_rule *rule)
{
	static const char *const keys[] = {
		"comment", "family", "exempt", "names", "action", "errnoRet", "args", NULL};
	const struct bw_json *exempt = bw_json_get(object, "exempt");
	const struct bw_json *args = bw_json_get(object, "args");

	if (object->type != BW_JSON_OBJECT)
		return bw_fail(in->err, BW_E_SPEC, 0, "a rule must be an object");
	if (known_keys(in, object, keys) < 0)
		return -1;
	rule->family = text_of(object, "family");
	rule->when_exempt = exempt && exempt->type == BW_JSON_TRUE;
	if (rule->when_exempt && !rule->family)
		return bw_fail(in->err, BW_E_SPEC, 0, "exempt needs a family");
	if (action_of(text_of(object, "action"), text_of(object, "errnoRet"), &rule->action,
		    in->err) < 0 ||
		read_names(in, bw_json_get(object, "names"), rule) < 0)
		return -1;
	return args ? read_conds(in, args, rule) : 0;
}

static int read_rules(
	const struct input *in, const struct bw_json *list, struct bw_seccomp_ruleset *set)
{
	struct bw_seccomp_rule *rules;
	size_t i = 0;

	if (!list || list->type != BW_JSON_ARRAY)
		return bw_fail(in->err, BW_E_SPEC, 0, "syscalls must be an array");
	rules = bw_arena_alloc(in->arena, (list->count + 1) * sizeof *rules);
	if (!rules)
		return bw_fail(in->err, BW_E_MEMORY, ENOMEM, "reading rules");
	for (const struct bw_json *one = list->child; one; one = one->next, i++)
		if (read_rule(in, one, &rules[i]) < 0)
			return bw_wrap(in->err, "/syscalls/%zu", i);
	set->rules = rules;
	set->rules_n = list->count;
	return 0;
}

static int read_set(
	const struct input *in, const struct bw_json *tree, struct bw_seccomp_ruleset *set)
{
	static const char *const keys[] = {"comment", "defaultAction", "defaultErrnoRet",
		"foreignAction", "unknownAction", "unknownErrnoRet", "syscalls", NULL};

	if (tree->type != BW_JSON_OBJECT)
		return bw_fail(in->err, BW_E_SPEC, 0, "must be an object");
	set->arch = in->scmp_arch; /* of x86-64 and aarch64 the same number as AUDIT_ARCH_* */
	set->newest = BW_SECCOMP_NEWEST;
	if (known_keys(in, tree, keys) < 0 ||
		action_of(text_of(tree, "defaultAction"), text_of(tree, "defaultErrnoRet"),
			&set->default_action, in->err) < 0 ||
		action_of(text_of(tree, "foreignAction"), NULL, &set->foreign_action, in->err) <
			0 ||
		action_of(text_of(tree, "unknownAction"), text_of(tree, "unknownErrnoRet"),
			&set->unknown_action, in->err) < 0)
		return -1;
	return read_rules(in, bw_json_get(tree, "syscalls"), set);
}

int bw_seccomp_rules_read(const char *text, size_t len, const char *name, uint32_t scmp_arch, struct bw_arena *arena,
	struct bw_seccomp_ruleset *ret, struct bw_err *err)
{
	const struct input in = {.scmp_arch = scmp_arch, .arena = arena, .err = err};
	struct bw_seccomp_ruleset set = {.name = name};
	struct bw_json *tree;

	if (bw_json_parse(text, len, name, arena, &tree, err) < 0)
		return -1;
	if (read_set(&in, tree, &set) < 0)
		return bw_wrap(err, "%s", name);
	*ret = set;
	return 0;
}
