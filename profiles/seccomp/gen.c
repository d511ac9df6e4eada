/* SPDX-License-Identifier: Apache-2.0 */
/* gen.c - a program of the build: compiles our rule files for the machine that it is built for and prints them as C. A
 * wrong file ends the build with its place. seccomp-gen NAME=FILE... >builtin.c; with --program first only the filters, as
 * arrays called NAME: for a program of ours that holds itself by one. Never installed. */
#include <errno.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "control/seccomp_rules.h"
#include "rules_file.h"

#if defined(__x86_64__)
#define HOST_SCMP_ARCH SCMP_ARCH_X86_64
#elif defined(__aarch64__)
#define HOST_SCMP_ARCH SCMP_ARCH_AARCH64
#else
#error "seccomp rules are written for x86-64 and aarch64"
#endif

enum { MAX_FILE = 1 << 20 };

struct input {
	struct bw_arena *arena;
	struct bw_err *err;
};

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
	struct bw_seccomp_ruleset set;
	auto_program struct bw_seccomp_program program = {0};
	char *path = strchr(argument, '=');
	const char *text;
	size_t len;

	if (!path)
		return bw_fail(in->err, BW_E_USAGE, 0, "expected NAME=FILE, not \"%s\"", argument);
	*path++ = '\0';
	text = read_file(in, path, &len);
	if (!text || bw_seccomp_rules_read(text, len, path, HOST_SCMP_ARCH, in->arena, &set, in->err) < 0)
		return -1;
	set.name = argument;
	if (bw_seccomp_rules_compile(&set, NULL, &program, in->err) < 0)
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
