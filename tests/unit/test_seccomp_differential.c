/* SPDX-License-Identifier: Apache-2.0 */
/* test_seccomp_differential.c - filters against a reading of what they were made from, the JSON text: every call number
 * with arguments at the edges of the rules, on every ABI. The reader here shares no code with the compilers but the table
 * of names, and is as plain as profiles/seccomp/README.md: a rule is tried after the other, for each single question.
 *
 * Our rules are compiled for both architectures, whichever this is. The last cases test the test: each number, mask and
 * action of each rule, and each instruction of a program, is changed once, and each change must be found.
 *
 * BW_SEED=N repeats a run; each failure says its seed and the question. */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "bpf_sim.h"
#include "control/seccomp_builtin.h"
#include "control/seccomp_filter.h"
#include "control/seccomp_names.h"
#include "json/json.h"
#include "rules_file.h"
#include "spec/spec.h"

enum {
	X32 = 0x40000000,
	CHANGE = 0x00800000, /* what becomes of a number in a rule that is changed */
	NUMBERS = 600,	     /* each is asked, and each with x32's bit */
	MAX_RULES = 128,
	MAX_FAMILIES = 64,
	ROUNDS = 6,	      /* questions about each number of one program */
	MUTANT_ROUNDS = 40,   /* the same where changes must be found */
	MUTANT_ARGS = 1 << 12 /* further ones about each number that has a rule with arguments, and the one above */
};

static struct bw_arena arena;
static struct bw_err err;

/* --- numbers that can be had again ---------------------------------------------------------------------------- */

static uint64_t seed, random_state;

static void sow(void)
{
	const char *given = getenv("BW_SEED");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!seed)
		seed = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec << 8 | 1;
	random_state = seed;
}

static uint64_t any(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* --- text ----------------------------------------------------------------------------------------------------- */

static const struct bw_json *read_tree(const char *file, const char **ret_text, size_t *ret_len)
{
	const char *top = getenv("srcdir");
	struct bw_json *tree;
	char path[PATH_MAX], *text;

	snprintf(path, sizeof path, "%s/%s", top ? top : ".", file);
	ck_assert_msg(bw_read_file(path, 1 << 20, &text, ret_len, &err) == 0, "%s", err.text);
	*ret_text = bw_arena_strdup(&arena, text);
	free(text);
	ck_assert_msg(bw_json_parse(*ret_text, *ret_len, file, &arena, &tree, &err) == 0, "%s", err.text);
	return tree;
}

static const char *word(const struct bw_json *object, const char *key)
{
	const struct bw_json *value = bw_json_get(object, key);

	return value ? value->text : NULL;
}

static uint64_t number(const struct bw_json *value)
{
	return strtoull(value->text, NULL, 0);
}

static uint32_t answer_of(const char *action, uint32_t error)
{
	if (bw_streq(action, "SCMP_ACT_ALLOW"))
		return SECCOMP_RET_ALLOW;
	if (bw_streq(action, "SCMP_ACT_KILL_PROCESS"))
		return SECCOMP_RET_KILL_PROCESS;
	ck_assert_msg(bw_streq(action, "SCMP_ACT_ERRNO"), "no word for %s here", action);
	return SECCOMP_RET_ERRNO | error;
}

static uint32_t error_of(const char *name)
{
	static const struct {
		const char *name;
		uint32_t number;
	} names[] = {{"EPERM", 1}, {"EACCES", 13}, {"EINVAL", 22}, {"ENOSYS", 38}, {"EPROTONOSUPPORT", 93},
		{"EOPNOTSUPP", 95}};

	for (size_t i = 0; name && i < BW_COUNT(names); i++)
		if (bw_streq(names[i].name, name))
			return names[i].number;
	ck_assert_msg(!name, "no number for %s here", name);
	return 0;
}

/* --- what is asked, and of whom -------------------------------------------------------------------------------- */

/* A text with everything that it takes to read it for one architecture. */
struct reading {
	const char *name;
	const struct bw_json *tree;
	uint32_t scmp_arch;
	const struct bw_strs *exempt;
	size_t rules_n;
	const struct bw_json *rules[MAX_RULES];
	bool named[MAX_RULES][NUMBERS]; /* rules[i] has this number's name */
	uint32_t newest;		/* of an OCI section: the highest number it names */
	uint32_t (*expect)(const struct reading *reading, const struct seccomp_data *data);
};

/* By the name of each number, and of those that libseccomp has no name for by the number of each name. On i386 it knows
 * socket and its like by numbers that are none, and means the direct call, too. */
static bool is_named(const char *name, uint32_t scmp_arch, uint32_t nr)
{
	auto_free char *known = seccomp_syscall_resolve_num_arch(scmp_arch, (int)nr);
	struct bw_seccomp_number call;

	if (known)
		return bw_streq(known, name);
	return bw_seccomp_lookup(name, scmp_arch, &call) && call.number == (int)nr;
}

static void number_names(struct reading *reading)
{
	uint32_t bit = reading->scmp_arch == SCMP_ARCH_X32 ? X32 : 0;

	for (const struct bw_json *one = bw_json_get(reading->tree, "syscalls")->child; one; one = one->next) {
		size_t at = reading->rules_n++;

		ck_assert_uint_lt(at, MAX_RULES);
		reading->rules[at] = one;
		for (uint32_t nr = 0; nr < NUMBERS; nr++) {
			const struct bw_json *name = bw_json_get(one, "names")->child;

			while (name && !is_named(name->text, reading->scmp_arch, nr | bit))
				name = name->next;
			reading->named[at][nr] = name != NULL;
			if (name && nr > reading->newest)
				reading->newest = nr;
		}
	}
}

/* --- our rules: README.md, sentence by sentence ---------------------------------------------------------------- */

static bool lists(const struct bw_json *list, uint32_t value)
{
	for (const struct bw_json *one = list ? list->child : NULL; one; one = one->next)
		if ((uint32_t)number(one) == value)
			return true;
	return false;
}

static bool arg_holds(const struct bw_json *arg, const struct seccomp_data *data)
{
	uint32_t value = (uint32_t)data->args[number(bw_json_get(arg, "index"))];

	if (bw_json_get(arg, "mask"))
		value &= (uint32_t)number(bw_json_get(arg, "mask"));
	if (bw_json_get(arg, "in"))
		return lists(bw_json_get(arg, "in"), value);
	return !lists(bw_json_get(arg, "notIn"), value);
}

static bool is_there(const struct reading *reading, const struct bw_json *rule)
{
	const char *family = word(rule, "family");
	bool only_exempt = bw_json_get(rule, "exempt") && bw_json_get(rule, "exempt")->type == BW_JSON_TRUE;

	if (!family)
		return true;
	return (reading->exempt && bw_strs_has(reading->exempt, family)) == only_exempt;
}

static bool ours_holds(const struct bw_json *rule, const struct seccomp_data *data)
{
	const struct bw_json *args = bw_json_get(rule, "args");

	for (const struct bw_json *arg = args ? args->child : NULL; arg; arg = arg->next)
		if (!arg_holds(arg, data))
			return false;
	return true;
}

static uint32_t expect_ours(const struct reading *reading, const struct seccomp_data *data)
{
	const struct bw_json *tree = reading->tree;
	uint32_t nr = (uint32_t)data->nr;

	/* Every other ABI. x32 has x86-64's token and a bit in the number; -1 has all bits and is no number at all. */
	if (data->arch != reading->scmp_arch ||
		(data->arch == AUDIT_ARCH_X86_64 && nr >= X32 && nr != UINT32_MAX))
		return answer_of(word(tree, "foreignAction"), 0);
	if (nr > BW_SECCOMP_NEWEST)
		return answer_of(word(tree, "unknownAction"), error_of(word(tree, "unknownErrnoRet")));
	for (size_t i = 0; i < reading->rules_n; i++) {
		const struct bw_json *rule = reading->rules[i];

		if (reading->named[i][nr] && is_there(reading, rule) && ours_holds(rule, data))
			return answer_of(word(rule, "action"), error_of(word(rule, "errnoRet")));
	}
	return answer_of(word(tree, "defaultAction"), error_of(word(tree, "defaultErrnoRet")));
}

static struct reading *read_ours(const char *name, uint32_t scmp_arch, const struct bw_strs *exempt,
	struct bw_seccomp_ruleset *ret_set)
{
	char *file = bw_arena_printf(&arena, "profiles/seccomp/%s.json", name);
	struct reading *reading = bw_arena_alloc(&arena, sizeof *reading);
	const char *text;
	size_t len;

	*reading = (struct reading){
		.name = name, .scmp_arch = scmp_arch, .exempt = exempt, .expect = expect_ours};
	reading->tree = read_tree(file, &text, &len);
	number_names(reading);
	ck_assert_msg(bw_seccomp_rules_read(text, len, file, scmp_arch, &arena, ret_set, &err) == 0, "%s", err.text);
	return reading;
}

/* --- a caller's section: config-linux.md, and what runc does with a call that is newer than the section ----------- */

static bool oci_arg_holds(const struct bw_json *arg, const struct seccomp_data *data)
{
	uint64_t value = data->args[number(bw_json_get(arg, "index"))], want = number(bw_json_get(arg, "value"));
	const struct bw_json *two = bw_json_get(arg, "valueTwo");
	const char *op = word(arg, "op");

	if (bw_streq(op, "SCMP_CMP_MASKED_EQ"))
		return (value & want) == (two ? number(two) : 0);
	if (bw_streq(op, "SCMP_CMP_NE"))
		return value != want;
	ck_assert_str_eq(op, "SCMP_CMP_EQ");
	return value == want;
}

static bool oci_holds(const struct bw_json *rule, const struct seccomp_data *data)
{
	const struct bw_json *args = bw_json_get(rule, "args");

	for (const struct bw_json *arg = args ? args->child : NULL; arg; arg = arg->next)
		if (!oci_arg_holds(arg, data))
			return false;
	return true;
}

static bool oci_has_args(const struct bw_json *rule)
{
	const struct bw_json *args = bw_json_get(rule, "args");

	return args && args->count > 0;
}

static uint32_t oci_answer(const struct bw_json *object, const char *action, const char *errno_ret)
{
	const struct bw_json *error = bw_json_get(object, errno_ret);

	return answer_of(word(object, action), error ? (uint32_t)number(error) : EPERM);
}

/* A rule without arguments decides, the first of several; else any that holds: of the sections here no two that hold for
 * one call say different things. */
static uint32_t expect_section(const struct reading *reading, const struct seccomp_data *data)
{
	uint32_t nr = (uint32_t)data->nr & ~(reading->scmp_arch == SCMP_ARCH_X32 ? (uint32_t)X32 : 0U);
	const struct bw_json *found = NULL;

	if (nr > reading->newest)
		return SECCOMP_RET_ERRNO | ENOSYS;
	for (size_t i = 0; i < reading->rules_n; i++) {
		const struct bw_json *rule = reading->rules[i];

		if (reading->named[i][nr] && oci_holds(rule, data) && (!found || oci_has_args(found)))
			found = !found || !oci_has_args(rule) ? rule : found;
	}
	if (found)
		return oci_answer(found, "action", "errnoRet");
	return oci_answer(reading->tree, "defaultAction", "defaultErrnoRet");
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

static const uint32_t tokens[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM,
	AUDIT_ARCH_RISCV64, AUDIT_ARCH_S390X, 0, UINT32_MAX};

/* Some value that the argument is compared with. */
static uint64_t some_value(const struct bw_json *arg)
{
	const struct bw_json *list = bw_json_get(arg, "in"), *one;

	if (!list)
		list = bw_json_get(arg, "notIn");
	if (!list)
		return number(bw_json_get(arg, any() % 2 && bw_json_get(arg, "valueTwo") ? "valueTwo" : "value"));
	one = list->child;
	for (uint64_t skip = any() % list->count; skip; skip--)
		one = one->next;
	return number(one);
}

static uint64_t some_bit(uint64_t of)
{
	uint64_t bit = 1ULL << any() % 64;

	while (of && !(bit & of))
		bit = bit >> 1 | bit << 63;
	return bit;
}

/* Close to a value of the argument, but perhaps not the same to its rule. */
static uint64_t near_value(const struct bw_json *arg)
{
	const struct bw_json *given = bw_json_get(arg, "mask");
	uint64_t mask = given ? number(given) : UINT32_MAX, value = some_value(arg);

	switch (any() % 6) {
	case 5:
		return value ^ CHANGE;
	case 0:
		return value + 1;
	case 1:
		return value - 1;
	case 2:
		return value ^ some_bit(mask);
	case 3:
		return value ^ some_bit(~mask & UINT32_MAX);
	default:
		return value | (any() & ~mask);
	}
}

/* A rule for the number, each as likely as the other, or NULL. */
static const struct bw_json *some_rule(const struct reading *reading, uint32_t nr)
{
	const struct bw_json *rule = NULL;

	for (size_t i = 0, n = 0; nr < NUMBERS && i < reading->rules_n; i++)
		if (reading->named[i][nr] && any() % ++n == 0)
			rule = reading->rules[i];
	return rule;
}

/* Everything as some rule for the call has it but, mostly, one argument. Now and then it is a rule for the number below: the
 * program may have come to the wrong leaf. */
static void make_args(const struct reading *reading, uint32_t nr, uint64_t args[6])
{
	static const uint64_t edges[] = {0, 1, UINT64_MAX, UINT32_MAX, 1ULL << 32, 1ULL << 31, INT32_MAX};
	const struct bw_json *rule = some_rule(reading, (nr & ~(uint32_t)X32) - (any() % 8 == 0));
	const struct bw_json *list = rule ? bw_json_get(rule, "args") : NULL;
	uint64_t odd = any() % 4;

	for (size_t i = 0; i < 6; i++)
		args[i] = any() % 2 ? edges[any() % BW_COUNT(edges)] : any() >> any() % 64;
	for (const struct bw_json *arg = list ? list->child : NULL; arg; arg = arg->next, odd--)
		args[number(bw_json_get(arg, "index"))] = odd ? some_value(arg) : near_value(arg);
	for (size_t i = 0; i < 6; i++)
		if (any() % 8 == 0)
			args[i] = (uint32_t)args[i] | any() << 32;
}

static bool is_32_bits(uint32_t scmp_arch)
{
	return scmp_arch == SCMP_ARCH_X86 || scmp_arch == SCMP_ARCH_X32;
}

/* Question number at: every call in turn, now and then one that is none, or one of another ABI. */
static struct seccomp_data question(const struct reading *reading, size_t at)
{
	static const uint32_t edges[] = {X32 - 1, X32, INT32_MAX, 1U << 31, UINT32_MAX - 1, UINT32_MAX};
	struct seccomp_data data = {.arch = reading->scmp_arch};
	uint32_t nr = (uint32_t)(at % NUMBERS);

	if (reading->scmp_arch == SCMP_ARCH_X32) {
		data.arch = AUDIT_ARCH_X86_64;
		nr |= X32;
	} else if (reading->expect == expect_ours) {
		if (any() % 16 == 0)
			data.arch = any() % 16 ? tokens[any() % BW_COUNT(tokens)] : (uint32_t)any();
		if (any() % 16 == 0)
			nr = any() % 4 ? nr | X32 : any() % 2 ? edges[any() % BW_COUNT(edges)] : (uint32_t)any();
	}
	data.nr = (int)nr;
	make_args(reading, nr, (uint64_t *)data.args);
	for (size_t i = 0; i < 6 && is_32_bits(reading->scmp_arch); i++)
		data.args[i] = (uint32_t)data.args[i];
	return data;
}

static uint32_t answer(const struct sock_filter *program, size_t n, const struct seccomp_data *data)
{
	uint32_t ret = 0;

	ck_assert_msg(bpf_run(program, n, data, &ret), "seed %llu: the program leaves its bounds", (unsigned long long)seed);
	return ret;
}

#define QUESTION    "seed %llu, %s for %x: arch %x call %x(%llx, %llx, %llx, %llx, %llx, %llx)"
#define ASKED(r, d)                                                                                                    \
	(unsigned long long)seed, (r)->name, (r)->scmp_arch, (d)->arch, (unsigned)(d)->nr,                             \
		(unsigned long long)(d)->args[0], (unsigned long long)(d)->args[1],                                    \
		(unsigned long long)(d)->args[2], (unsigned long long)(d)->args[3],                                    \
		(unsigned long long)(d)->args[4], (unsigned long long)(d)->args[5]

static void compare(const struct reading *reading, const struct sock_filter *program, size_t n, unsigned rounds)
{
	for (size_t at = 0; at < (size_t)NUMBERS * rounds; at++) {
		struct seccomp_data data = question(reading, at);
		uint32_t got = answer(program, n, &data), want = reading->expect(reading, &data);

		ck_assert_msg(got == want, QUESTION ": %x, not %x", ASKED(reading, &data), got, want);
	}
}

/* --- our filters ---------------------------------------------------------------------------------------------------- */

static const char *const files[] = {"baseline", "python-node", "warden", "warden-supervisor"};
static const uint32_t architectures[] = {SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64};

static void add_new(struct bw_strs *list, const char *one)
{
	if (one && !bw_strs_has(list, one))
		ck_assert_int_eq(bw_strs_add(&arena, list, one), 0);
}

static struct bw_strs families_of(const struct reading *reading)
{
	struct bw_strs families = {0};

	for (size_t i = 0; i < reading->rules_n; i++)
		add_new(&families, word(reading->rules[i], "family"));
	return families;
}

static void compare_exempt(struct reading *reading, const struct bw_seccomp_ruleset *set, const struct bw_strs *exempt)
{
	auto_program struct bw_seccomp_program program = {0};

	reading->exempt = exempt;
	ck_assert_msg(bw_seccomp_rules_compile(set, exempt, &program, &err) == 0, "%s", err.text);
	compare(reading, program.v, program.n, ROUNDS);
}

START_TEST(our_filters_answer_as_their_text_on_both_architectures)
{
	struct bw_seccomp_ruleset set;
	struct reading *reading = read_ours(files[_i / 2], architectures[_i % 2], NULL, &set);
	struct bw_strs families = families_of(reading), none = {0};

	compare_exempt(reading, &set, &none);
	compare_exempt(reading, &set, &families);
	for (size_t i = 0; i < families.n; i++)
		compare_exempt(reading, &set, &(struct bw_strs){.v = families.v + i, .n = 1});
	for (size_t i = 0; families.n && i < families.n; i++) {
		struct bw_strs some = {0};

		for (size_t j = 0; j < families.n; j++)
			if (any() % 2)
				add_new(&some, families.v[j]);
		compare_exempt(reading, &set, &some);
	}
}
END_TEST

/* The built-in programs are these, and not those of another file or an older one. */
START_TEST(the_built_in_filters_are_the_compiled_files)
{
	for (const struct bw_seccomp_builtin *one = bw_seccomp_builtins; one->rules; one++) {
		auto_program struct bw_seccomp_program program = {0};
		struct bw_seccomp_ruleset set;

		read_ours(one->rules->name, seccomp_arch_native(), NULL, &set);
		ck_assert_int_eq(bw_seccomp_rules_compile(&set, NULL, &program, &err), 0);
		ck_assert_uint_eq(program.n, one->program_n);
		ck_assert_mem_eq(program.v, one->program, program.n * sizeof *program.v);
	}
}
END_TEST

/* --- callers' filters -------------------------------------------------------------------------------------------------- */

static const char *const configs[] = {"docker-default", "ecs-sim-agent", "podman-default"};

START_TEST(callers_filters_answer_as_their_text_on_three_abis)
{
	static const uint32_t abis[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32};
	char *file = bw_arena_printf(&arena, "tests/data/configs/%s.json", configs[_i]);
	auto_program struct bw_seccomp_program program = {0};
	const struct bw_json *tree;
	struct bw_spec *spec;
	const char *text;
	size_t len;

	if (seccomp_arch_native() != SCMP_ARCH_X86_64)
		return; /* the sections are for x86-64 and its relatives */
	tree = read_tree(file, &text, &len);
	ck_assert_msg(bw_spec_parse(text, len, file, &arena, &spec, NULL, &err) == 0, "%s", err.text);
	ck_assert_int_eq(bw_seccomp_filter_check(spec->linux_->seccomp, &err), 0);
	ck_assert_msg(bw_seccomp_filter_compile(spec->linux_->seccomp, &program, &err) == 0, "%s", err.text);
	for (size_t i = 0; i < BW_COUNT(abis); i++) {
		struct reading *reading = bw_arena_alloc(&arena, sizeof *reading);

		*reading = (struct reading){.name = configs[_i], .scmp_arch = abis[i], .expect = expect_section};
		reading->tree = bw_json_get(bw_json_get(tree, "linux"), "seccomp");
		number_names(reading);
		compare(reading, program.v, program.n, 4 * ROUNDS);
	}
	/* One that the section does not name. */
	ck_assert_uint_eq(answer(program.v, program.n, &(struct seccomp_data){.arch = AUDIT_ARCH_AARCH64}),
		SECCOMP_RET_KILL_THREAD);
}
END_TEST

/* --- the kernel ---------------------------------------------------------------------------------------------------------- */

enum { ALLOWED = 4001, KILLED = 4002, CANNOT_LOAD = 120 };

/* Nothing is executed: what would be let through, or killed, is answered by a number that no kernel says. Only the end of
 * the process, with arguments that no question has, goes on. */
static size_t tame(const struct sock_filter *program, size_t n, struct sock_filter *ret)
{
	const struct sock_filter end[] = {
		{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
		{BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_exit_group},
		{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, args) + 4},
		{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0x5eedba11},
		{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
	};

	memcpy(ret, end, sizeof end);
	memcpy(ret + BW_COUNT(end), program, n * sizeof *program);
	n += BW_COUNT(end);
	for (size_t i = BW_COUNT(end); i < n; i++) {
		if (ret[i].code != (BPF_RET | BPF_K))
			continue;
		if (ret[i].k == SECCOMP_RET_ALLOW)
			ret[i].k = SECCOMP_RET_ERRNO | ALLOWED;
		else if (ret[i].k == SECCOMP_RET_KILL_PROCESS)
			ret[i].k = SECCOMP_RET_ERRNO | KILLED;
	}
	return n;
}

struct asked {
	struct seccomp_data data;
	int error;
};

static void ask_kernel(struct sock_filter *program, size_t n, struct asked *list, size_t list_n)
{
	struct sock_fprog filter = {.len = (unsigned short)n, .filter = program};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
		_exit(CANNOT_LOAD);
	for (size_t i = 0; i < list_n; i++) {
		const struct seccomp_data *data = &list[i].data;

		errno = 0;
		syscall((long)data->nr, data->args[0], data->args[1], data->args[2], data->args[3], data->args[4],
			data->args[5]);
		list[i].error = errno;
	}
	syscall(SYS_exit_group, 0x5eedba1100000000ULL);
}

static uint32_t untamed(int error)
{
	if (error == ALLOWED)
		return SECCOMP_RET_ALLOW;
	return error == KILLED ? (uint32_t)SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | (uint32_t)error;
}

/* -1 is no call at all. uretprobe and uprobe the kernel lets through unasked (6.14), and kills who did not come from its
 * own trampoline. */
static bool not_for_filters(int nr)
{
#if defined(__x86_64__)
	if (nr == 335 || nr == 336)
		return true;
#endif
	return nr == -1;
}

START_TEST(the_kernel_answers_as_the_text)
{
	enum { N = NUMBERS * 10 };
	static struct sock_filter program[BPF_MAXINSNS];
	const struct bw_seccomp_builtin *builtin = bw_seccomp_builtin_find(files[_i]);
	struct bw_seccomp_ruleset set;
	struct reading *reading = read_ours(files[_i], seccomp_arch_native(), NULL, &set);
	struct asked *list = mmap(
		NULL, N * sizeof *list, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t n = tame(builtin->program, builtin->program_n, program);
	int status;
	pid_t pid;

	ck_assert_ptr_ne(list, MAP_FAILED);
	for (size_t i = 0; i < N; i++) {
		list[i].data = question(reading, i);
		list[i].data.arch = reading->scmp_arch;
		if (not_for_filters(list[i].data.nr))
			list[i].data.nr = INT_MAX;
	}
	pid = fork();
	if (pid == 0)
		ask_kernel(program, n, list, N);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: status %x", files[_i], (unsigned)status);
	for (size_t i = 0; i < N; i++) {
		uint32_t want = expect_ours(reading, &list[i].data), got = untamed(list[i].error);

		ck_assert_msg(got == want, QUESTION ": the kernel says %x, not %x", ASKED(reading, &list[i].data), got, want);
	}
	munmap(list, N * sizeof *list);
}
END_TEST

/* --- what is wrong is found ---------------------------------------------------------------------------------------------- */

/* Questions with their answers, made once for many programs. */
struct corpus {
	struct seccomp_data *data;
	uint32_t *want;
	size_t n;
};

static bool looks_at_args(const struct reading *reading, size_t nr)
{
	for (size_t i = 0; i < reading->rules_n; i++)
		if (reading->named[i][nr] && bw_json_get(reading->rules[i], "args"))
			return true;
	return false;
}

static void add_question(const struct reading *reading, struct corpus *corpus, size_t nr)
{
	corpus->data[corpus->n] = question(reading, nr);
	corpus->want[corpus->n] = reading->expect(reading, &corpus->data[corpus->n]);
	corpus->n++;
}

static struct corpus corpus_of(const struct reading *reading)
{
	struct corpus corpus = {.n = 0};
	size_t n = (size_t)NUMBERS * MUTANT_ROUNDS;

	random_state = seed = 1; /* the same questions in every run: whether a change is found is no matter of luck */
	for (size_t nr = 0; nr < NUMBERS; nr++)
		n += looks_at_args(reading, nr) ? 2 * MUTANT_ARGS : 0;
	corpus.data = bw_arena_alloc(&arena, n * sizeof *corpus.data);
	corpus.want = bw_arena_alloc(&arena, n * sizeof *corpus.want);
	for (size_t i = 0; i < (size_t)NUMBERS * MUTANT_ROUNDS; i++)
		add_question(reading, &corpus, i);
	for (size_t nr = 0; nr < NUMBERS; nr++)
		for (size_t i = 0; looks_at_args(reading, nr) && i < 2 * MUTANT_ARGS; i++)
			add_question(reading, &corpus, nr + i % 2);
	return corpus;
}

static bool found(const struct corpus *corpus, const struct sock_filter *program, size_t n)
{
	for (size_t i = 0; i < corpus->n; i++) {
		uint32_t got;

		/* One that the kernel would not take is found, too. */
		if (!bpf_run(program, n, &corpus->data[i], &got) || got != corpus->want[i])
			return true;
	}
	return false;
}

static bool set_is_found(const struct corpus *corpus, const struct bw_seccomp_ruleset *set)
{
	auto_program struct bw_seccomp_program program = {0};

	ck_assert_msg(bw_seccomp_rules_compile(set, NULL, &program, &err) == 0, "%s", err.text);
	return found(corpus, program.v, program.n);
}

/* Each action, each value and each mask of each rule that is there, one after the other. */
static void mutate_rule(const struct corpus *corpus, const struct bw_seccomp_ruleset *set, struct bw_seccomp_rule *rule,
	size_t at)
{
	uint32_t action = rule->action;

	rule->action = SECCOMP_RET_TRAP;
	ck_assert_msg(set_is_found(corpus, set), "seed %llu: action of rule %zu", (unsigned long long)seed, at);
	rule->action = action;
	for (size_t i = 0; i < rule->conds_n; i++) {
		struct bw_seccomp_cond *cond = (struct bw_seccomp_cond *)(uintptr_t)&rule->conds[i];

		for (size_t j = 0; j < cond->values_n; j++) {
			uint32_t *value = (uint32_t *)(uintptr_t)&cond->values[j];

			*value ^= CHANGE;
			ck_assert_msg(set_is_found(corpus, set), "seed %llu: rule %zu, argument %zu, value %x",
				(unsigned long long)seed, at, i, *value ^ CHANGE);
			*value ^= CHANGE;
		}
		for (unsigned j = 0; cond->mask != UINT32_MAX && j < 2; j++) {
			uint32_t mask = cond->mask;

			cond->mask = j ? UINT32_MAX : 0;
			ck_assert_msg(set_is_found(corpus, set), "seed %llu: rule %zu, argument %zu, mask",
				(unsigned long long)seed, at, i);
			cond->mask = mask;
		}
	}
}

START_TEST(a_changed_rule_is_found)
{
	struct bw_seccomp_ruleset set;
	struct reading *reading = read_ours(files[_i], seccomp_arch_native(), NULL, &set);
	struct corpus corpus = corpus_of(reading);

	ck_assert(!set_is_found(&corpus, &set));
	for (size_t i = 0; i < set.rules_n; i++)
		if (bw_seccomp_rule_active(&set.rules[i], NULL) && set.rules[i].calls_n)
			mutate_rule(&corpus, &set, (struct bw_seccomp_rule *)(uintptr_t)&set.rules[i], i);
}
END_TEST

/* One change of an instruction, by number; false: there are no more. */
static bool mutate(struct sock_filter *insn, unsigned which)
{
	uint8_t jt = insn->jt;

	switch (BPF_CLASS(insn->code)) {
	case BPF_RET:
		insn->k ^= which ? 1 : SECCOMP_RET_TRAP;
		return which < 2;
	case BPF_LD:
		insn->k ^= which ? 8 : 4;
		return which < 2;
	case BPF_ALU:
		insn->k = which ? UINT32_MAX : 0;
		return which < 2;
	default:
		if (insn->code == (BPF_JMP | BPF_JA)) {
			insn->k = 0;
			return which < 1;
		}
		if (which == 0)
			insn->k += insn->code == (BPF_JMP | BPF_JGT | BPF_K) ? -64U : 1;
		insn->jt = which == 1 ? insn->jf : jt;
		insn->jf = which == 1 ? jt : insn->jf;
		return which < 2;
	}
}

START_TEST(a_changed_instruction_is_found)
{
	struct bw_seccomp_ruleset set;
	struct reading *reading = read_ours(files[_i], seccomp_arch_native(), NULL, &set);
	struct corpus corpus = corpus_of(reading);
	auto_program struct bw_seccomp_program program = {0};

	ck_assert_int_eq(bw_seccomp_rules_compile(&set, NULL, &program, &err), 0);
	ck_assert(!found(&corpus, program.v, program.n));
	for (size_t i = 0; i < program.n; i++) {
		struct sock_filter right = program.v[i];

		for (unsigned which = 0; mutate(&program.v[i], which); which++) {
			ck_assert_msg(found(&corpus, program.v, program.n),
				"seed %llu, %s: instruction %zu (%x %u %u %x), change %u", (unsigned long long)seed,
				files[_i], i, right.code, right.jt, right.jf, right.k, which);
			program.v[i] = right;
		}
		program.v[i] = right;
	}
}
END_TEST

static void setup(void)
{
	memset(&err, 0, sizeof err);
	sow();
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

int main(void)
{
	Suite *suite = suite_create("seccomp, differential");
	TCase *all = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	sow(); /* one seed for all cases, which are processes of their own */
	tcase_add_checked_fixture(all, setup, teardown);
	tcase_set_timeout(all, 60);
	tcase_add_loop_test(all, our_filters_answer_as_their_text_on_both_architectures, 0,
		(int)(BW_COUNT(files) * BW_COUNT(architectures)));
	tcase_add_test(all, the_built_in_filters_are_the_compiled_files);
	tcase_add_loop_test(all, callers_filters_answer_as_their_text_on_three_abis, 0, (int)BW_COUNT(configs));
	tcase_add_loop_test(all, the_kernel_answers_as_the_text, 0, 2);
	tcase_add_loop_test(all, a_changed_rule_is_found, 0, (int)BW_COUNT(files));
	tcase_add_loop_test(all, a_changed_instruction_is_found, 0, 2); /* the others have instructions that change nothing */
	suite_add_tcase(suite, all);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
