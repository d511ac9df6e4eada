/* SPDX-License-Identifier: Apache-2.0 */
/* gen.c - a program of the build: reads our seccomp rules (baseline.json, python-node.json),
 *compiles them for the machine that it runs on and prints them as C. A wrong file ends the build
 *with its place. seccomp-gen NAME=FILE... >seccomp_builtin_data.c Never installed; the only reader
 *of those files. With --program first only the filters, as arrays called NAME: for a program of ours
 *that holds itself by one. */
#include <errno.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "control/seccomp_names.h"
#include "control/seccomp_rules.h"
#include "json/json.h"

#if defined(__x86_64__)
#define HOST_AUDIT_ARCH AUDIT_ARCH_X86_64
#define HOST_SCMP_ARCH	SCMP_ARCH_X86_64
#elif defined(__aarch64__)
#define HOST_AUDIT_ARCH AUDIT_ARCH_AARCH64
#define HOST_SCMP_ARCH	SCMP_ARCH_AARCH64
#else
#error "seccomp rules are written for x86-64 and aarch64"
#endif

enum { MAX_FILE = 1 << 20, MAX_CALLS = 512 };

struct input {
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

		if (!bw_seccomp_lookup(one->text, HOST_SCMP_ARCH, &call))
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
	set->arch = HOST_AUDIT_ARCH;
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

static void print_conds(const struct bw_seccomp_rule *rule, unsigned set, size_t at)
{
	for (size_t i = 0; i < rule->conds_n; i++) {
		printf("static const uint32_t values_%u_%zu_%zu[] = {", set, at, i);
		for (size_t j = 0; j < rule->conds[i].values_n; j++)
			printf("0x%" PRIx32 ", ", rule->conds[i].values[j]);
		printf("};\n");
	}
	printf("static const struct bw_seccomp_cond conds_%u_%zu[] = {\n", set, at);
	for (size_t i = 0; i < rule->conds_n; i++)
		printf("\t{.index = %u, .negate = %d, .mask = 0x%" PRIx32
		       ", .values = values_%u_%zu_%zu, .values_n = %zu},\n",
			rule->conds[i].index, rule->conds[i].negate, rule->conds[i].mask, set, at,
			i, rule->conds[i].values_n);
	printf("};\n");
}

static void print_calls(const struct bw_seccomp_rule *rule, unsigned set, size_t at)
{
	printf("static const uint16_t calls_%u_%zu[] = {", set, at);
	for (size_t i = 0; i < rule->calls_n; i++)
		printf("%s%u", i ? ", " : "", rule->calls[i]);
	printf("};\n");
}

static void print_rule(const struct bw_seccomp_rule *rule, unsigned set, size_t at)
{
	printf("\t{.action = 0x%" PRIx32 ", .when_exempt = %d", rule->action, rule->when_exempt);
	if (rule->family)
		printf(", .family = \"%s\"", rule->family);
	if (rule->calls_n)
		printf(", .calls = calls_%u_%zu, .calls_n = %zu", set, at, rule->calls_n);
	if (rule->conds_n)
		printf(", .conds = conds_%u_%zu, .conds_n = %zu", set, at, rule->conds_n);
	printf("},\n");
}

static void print_set(const struct bw_seccomp_ruleset *set, unsigned number)
{
	for (size_t i = 0; i < set->rules_n; i++) {
		if (set->rules[i].calls_n)
			print_calls(&set->rules[i], number, i);
		if (set->rules[i].conds_n)
			print_conds(&set->rules[i], number, i);
	}
	printf("static const struct bw_seccomp_rule rules_%u[] = {\n", number);
	for (size_t i = 0; i < set->rules_n; i++)
		print_rule(&set->rules[i], number, i);
	printf("};\nstatic const struct bw_seccomp_ruleset set_%u = {\n"
	       "\t.name = \"%s\", .arch = 0x%" PRIx32 ", .default_action = 0x%" PRIx32
	       ", .foreign_action = 0x%" PRIx32 ",\n\t.unknown_action = 0x%" PRIx32
	       ", .newest = %u, .rules = rules_%u, .rules_n = %zu};\n",
		number, set->name, set->arch, set->default_action, set->foreign_action,
		set->unknown_action, set->newest, number, set->rules_n);
}

static void print_program(const struct bw_seccomp_program *program)
{
	for (size_t i = 0; i < program->n; i++)
		printf("\t{0x%x, %u, %u, 0x%" PRIx32 "},\n", program->v[i].code, program->v[i].jt,
			program->v[i].jf, program->v[i].k);
	printf("};\n");
}

/* The whole file in arena, NUL-terminated. */
static const char *read_file(const struct input *in, const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "re");
	char *text = bw_arena_alloc(in->arena, MAX_FILE);
	size_t len;

	if (!file || !text) {
		bw_fail(in->err, BW_E_KERNEL, errno, "open %s", path);
		if (file)
			fclose(file);
		return NULL;
	}
	len = fread(text, 1, MAX_FILE - 1, file);
	fclose(file);
	*ret_len = len;
	return text;
}

static void print_builtin(
	const struct bw_seccomp_ruleset *set, const struct bw_seccomp_program *program, unsigned number)
{
	print_set(set, number);
	printf("static const struct sock_filter program_%u[] = {\n", number);
	print_program(program);
}

static void print_array(const char *name, const struct bw_seccomp_program *program)
{
	printf("const struct sock_filter %s[] = {\n", name);
	print_program(program);
	printf("const size_t %s_n = sizeof %s / sizeof *%s;\n", name, name, name);
}

/* argument is NAME=FILE; number 0: only the program. */
static int generate(const struct input *in, char *argument, unsigned number)
{
	struct bw_seccomp_ruleset set = {.name = argument};
	auto_program struct bw_seccomp_program program = {0};
	char *path = strchr(argument, '=');
	struct bw_json *tree;
	const char *text;
	size_t len;

	if (!path)
		return bw_fail(in->err, BW_E_USAGE, 0, "expected NAME=FILE, not \"%s\"", argument);
	*path++ = '\0';
	text = read_file(in, path, &len);
	if (!text || bw_json_parse(text, len, path, in->arena, &tree, in->err) < 0)
		return -1;
	if (read_set(in, tree, &set) < 0 ||
		bw_seccomp_rules_compile(&set, NULL, &program, in->err) < 0)
		return bw_wrap(in->err, "%s", path);
	if (number)
		print_builtin(&set, &program, number);
	else
		print_array(argument, &program);
	return 0;
}

/* Exit status. */
static int finish(const struct bw_err *err)
{
	if (err->text[0])
		fprintf(stderr, "seccomp-gen: %s\n", err->text);
	return !err->text[0] && fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}

static int generate_programs(const struct input *in, int argc, char **argv)
{
	printf("/* Generated from profiles/seccomp/ by seccomp-gen. */\n"
	       "#include \"warden/sandbox.h\"\n\n");
	for (int i = 0; i < argc; i++)
		if (generate(in, argv[i], 0) < 0)
			break;
	return finish(in->err);
}

int main(int argc, char **argv)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err = {0};
	const struct input in = {.arena = &arena, .err = &err};

	if (argc > 1 && bw_streq(argv[1], "--program"))
		return generate_programs(&in, argc - 2, argv + 2);
	printf("/* Generated from profiles/seccomp/ by seccomp-gen. */\n"
	       "#include \"control/seccomp_builtin.h\"\n\n");
	for (int i = 1; i < argc; i++) {
		if (generate(&in, argv[i], (unsigned)i) < 0)
			return finish(&err);
	}
	printf("const struct bw_seccomp_builtin bw_seccomp_builtins[] = {\n");
	for (int i = 1; i < argc; i++)
		printf("\t{&set_%d, program_%d, sizeof program_%d / sizeof *program_%d},\n", i, i,
			i, i);
	printf("\t{NULL, NULL, 0},\n};\n");
	return finish(&err);
}
