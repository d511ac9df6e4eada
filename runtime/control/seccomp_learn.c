/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_learn.c - the set, and its two ways to and from an OCI section. */
#include "control/seccomp_learn.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/seccomp_names.h"

#define REFUSE "SCMP_ACT_ERRNO"
#define ALLOW  "SCMP_ACT_ALLOW"
#define EQUALS "SCMP_CMP_MASKED_EQ"

/* Calls whose arguments decide what they are, and how much of them the kernel looks at: the upper half of a
 * register that holds an int is whatever the compiler has left there. clone3 has its flags in memory, where no
 * filter can look. */
static const struct row {
	const char *name;
	uint8_t n;
	struct {
		uint8_t index;
		uint32_t mask;
	} args[BW_LEARNED_ARGS];
} rows[] = {
	{"arch_prctl", 1, {{0, UINT32_MAX}}},
	{"clone", 1, {{0, UINT32_MAX}}},
	{"futex", 1, {{1, UINT32_MAX}}},
	{"ioctl", 1, {{1, UINT32_MAX}}},
	{"keyctl", 1, {{0, UINT32_MAX}}},
	{"memfd_create", 1, {{1, UINT32_MAX}}},
	{"mknod", 1, {{1, S_IFMT}}},
	{"mknodat", 1, {{2, S_IFMT}}},
	{"personality", 1, {{0, UINT32_MAX}}},
	{"prctl", 1, {{0, UINT32_MAX}}},
	{"setns", 1, {{1, UINT32_MAX}}},
	{"setsockopt", 2, {{1, UINT32_MAX}, {2, UINT32_MAX}}},
	{"socket", 3, {{0, UINT32_MAX}, {1, UINT32_MAX}, {2, UINT32_MAX}}},
	{"socketpair", 3, {{0, UINT32_MAX}, {1, UINT32_MAX}, {2, UINT32_MAX}}},
	{"unshare", 1, {{0, UINT32_MAX}}},
};

_Static_assert(BW_LEARNED_VALUES == 16, "as the message says");
_Static_assert(BW_COUNT(rows) <= BW_LEARNED_ROWS, "each has a place in the set");

/* -1: not here. */
static int number_of(const char *name)
{
	struct bw_seccomp_number call;

	if (!bw_seccomp_lookup(name, seccomp_arch_native(), &call) || call.number < 0 || call.number >= BW_LEARNED_CALLS)
		return -1;
	return call.number;
}

static void add_values(struct bw_learned_values *values, uint8_t n, const uint32_t v[BW_LEARNED_ARGS])
{
	if (values->any)
		return;
	for (uint32_t i = 0; i < values->n; i++)
		if (memcmp(values->v[i], v, n * sizeof *v) == 0)
			return;
	if (values->n == BW_LEARNED_VALUES) {
		*values = (struct bw_learned_values){.any = true};
		return;
	}
	memcpy(values->v[values->n++], v, n * sizeof *v);
}

void bw_learned_init(struct bw_learned *set)
{
	*set = (struct bw_learned){0};
	for (size_t i = 0; i < BW_COUNT(rows); i++) {
		int number = number_of(rows[i].name);

		if (number >= 0)
			set->row_of[number] = (uint8_t)(i + 1);
	}
}

void bw_learned_add(struct bw_learned *set, int number, const uint64_t args[6])
{
	uint32_t v[BW_LEARNED_ARGS] = {0};
	const struct row *row;

	if (number < 0 || number >= BW_LEARNED_CALLS) {
		set->nameless++;
		return;
	}
	set->seen[number] = true;
	if (!set->row_of[number])
		return;
	row = &rows[set->row_of[number] - 1];
	for (uint8_t i = 0; i < row->n; i++)
		v[i] = (uint32_t)args[row->args[i].index] & row->args[i].mask;
	add_values(&set->values[row - rows], row->n, v);
}

void bw_learned_add_name(struct bw_learned *set, const char *name)
{
	int number = number_of(name);

	if (number < 0)
		return;
	set->seen[number] = true;
	if (set->row_of[number])
		set->values[set->row_of[number] - 1] = (struct bw_learned_values){.any = true};
}

void bw_learned_merge(struct bw_learned *set, const struct bw_learned *other)
{
	for (size_t i = 0; i < BW_LEARNED_CALLS; i++)
		set->seen[i] = set->seen[i] || other->seen[i];
	for (size_t i = 0; i < BW_COUNT(rows); i++) {
		if (other->values[i].any)
			set->values[i] = (struct bw_learned_values){.any = true};
		for (uint32_t j = 0; j < other->values[i].n; j++)
			add_values(&set->values[i], rows[i].n, other->values[i].v[j]);
	}
	set->nameless += other->nameless;
}

static bool has_values(const struct bw_learned_values *values, const uint32_t v[BW_LEARNED_ARGS])
{
	for (uint32_t i = 0; i < values->n; i++)
		if (memcmp(values->v[i], v, sizeof values->v[i]) == 0)
			return true;
	return values->any;
}

struct bw_learned_size bw_learned_size(const struct bw_learned *set, const struct bw_learned *before)
{
	struct bw_learned_size size = {0};

	for (size_t i = 0; i < BW_LEARNED_CALLS; i++)
		size.calls += set->seen[i] && !(before && before->seen[i]);
	for (size_t i = 0; i < BW_COUNT(rows); i++)
		for (uint32_t j = 0; j < set->values[i].n; j++)
			size.values += !(before && has_values(&before->values[i], set->values[i].v[j]));
	return size;
}

/* ---- to a section ---- */

static struct bw_spec_seccomp_rule *add_rule(struct bw_spec_seccomp *section, struct bw_arena *arena)
{
	struct bw_spec_seccomp_rule *rule = bw_push(arena, &section->syscalls);

	if (rule)
		rule->action = bw_arena_strdup(arena, ALLOW);
	return rule && rule->action ? rule : NULL;
}

static int add_condition(struct bw_spec_seccomp_rule *rule, uint8_t index, uint32_t mask, uint32_t value, struct bw_arena *arena)
{
	struct bw_spec_seccomp_arg *arg = bw_push(arena, &rule->args);

	if (!arg)
		return -1;
	arg->index = (struct bw_opt_uint){.set = true, .v = index};
	arg->value = (struct bw_opt_uint){.set = true, .v = mask};
	arg->value_two = (struct bw_opt_uint){.set = true, .v = value};
	arg->op = bw_arena_strdup(arena, EQUALS);
	return arg->op ? 0 : -1;
}

static int compare_values(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	for (size_t i = 0; i < BW_LEARNED_ARGS; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

/* Two runs that have seen the same give the same text. */
static int add_rules(struct bw_spec_seccomp *section, const struct row *row, const struct bw_learned_values *values,
	struct bw_arena *arena)
{
	struct bw_learned_values sorted = *values;

	qsort(sorted.v, sorted.n, sizeof sorted.v[0], compare_values);
	for (uint32_t i = 0; i < sorted.n; i++) {
		struct bw_spec_seccomp_rule *rule = add_rule(section, arena);

		if (!rule || bw_strs_add(arena, &rule->names, row->name) < 0)
			return -1;
		for (uint8_t j = 0; j < row->n; j++)
			if (add_condition(rule, row->args[j].index, row->args[j].mask, sorted.v[i][j], arena) < 0)
				return -1;
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Those without conditions, in one rule. */
static int add_names(struct bw_spec_seccomp *section, const struct bw_learned *set, struct bw_arena *arena)
{
	struct bw_strs names = {0};
	struct bw_spec_seccomp_rule *rule;

	for (int i = 0; i < BW_LEARNED_CALLS; i++) {
		bool conditions = set->row_of[i] && !set->values[set->row_of[i] - 1].any;
		auto_free char *name = set->seen[i] && !conditions ? bw_seccomp_name(i) : NULL;

		if (name && bw_strs_add(arena, &names, name) < 0)
			return -1;
	}
	if (!names.n)
		return 0;
	qsort(names.v, names.n, sizeof *names.v, compare_names);
	rule = add_rule(section, arena);
	if (!rule)
		return -1;
	rule->names = names;
	return 0;
}

struct bw_spec_seccomp *bw_learned_section(const struct bw_learned *set, struct bw_arena *arena)
{
	struct bw_spec_seccomp *section = bw_arena_alloc(arena, sizeof *section);

	if (!section)
		return NULL;
	section->default_action = bw_arena_strdup(arena, REFUSE);
	/* Of two filters that refuse, the younger one's errno counts: with EPERM here a library would get it where
	 * ours says ENOSYS, and not fall back to the older call, as it did while the program was watched. */
	section->default_errno_ret = (struct bw_opt_uint){.set = true, .v = ENOSYS};
	if (!section->default_action || bw_strs_add(arena, &section->architectures, BW_NATIVE_SCMP_ARCH) < 0 ||
		add_names(section, set, arena) < 0)
		return NULL;
	for (size_t i = 0; i < BW_COUNT(rows); i++)
		if (add_rules(section, &rows[i], &set->values[i], arena) < 0)
			return NULL;
	return section;
}

/* ---- from a section ---- */

static int is_not_ours(struct bw_err *err, const char *what, const char *where)
{
	bw_fail(err, BW_E_SPEC, 0, "%s: %s", where, what);
	return bw_at(err, "%s", where);
}

static int read_head(const struct bw_spec_seccomp *section, struct bw_err *err)
{
	if (!bw_streq0(section->default_action, REFUSE))
		return is_not_ours(err, "expected " REFUSE, "/defaultAction");
	if (!section->default_errno_ret.set || section->default_errno_ret.v != ENOSYS)
		return is_not_ours(err, "expected the number of ENOSYS", "/defaultErrnoRet");
	if (section->architectures.n != 1 || !bw_streq(section->architectures.v[0], BW_NATIVE_SCMP_ARCH))
		return is_not_ours(err, "expected " BW_NATIVE_SCMP_ARCH " alone", "/architectures");
	if (section->flags.n || section->flags.v)
		return is_not_ours(err, "expected none", "/flags");
	if (section->listener_path || section->listener_metadata)
		return is_not_ours(err, "expected none", "/listenerPath");
	return 0;
}

static bool read_conditions(const struct bw_spec_seccomp_rule *rule, const struct row *row, uint32_t v[BW_LEARNED_ARGS])
{
	if (rule->args.n != row->n)
		return false;
	for (uint8_t i = 0; i < row->n; i++) {
		const struct bw_spec_seccomp_arg *arg = &rule->args.v[i];

		if (!bw_streq0(arg->op, EQUALS) || arg->index.v != row->args[i].index || arg->value.v != row->args[i].mask ||
			arg->value_two.v & ~(uint64_t)row->args[i].mask)
			return false;
		v[i] = (uint32_t)arg->value_two.v;
	}
	return true;
}

static int read_rule(const struct bw_spec_seccomp_rule *rule, struct bw_learned *set, struct bw_err *err)
{
	uint32_t v[BW_LEARNED_ARGS] = {0};

	if (!bw_streq0(rule->action, ALLOW) || rule->errno_ret.set)
		return is_not_ours(err, "expected " ALLOW, "/action");
	for (size_t i = 0; i < rule->names.n; i++) {
		int number = number_of(rule->names.v[i]), row = number < 0 ? 0 : set->row_of[number];

		if (number < 0)
			return is_not_ours(err, "expected names of system calls of this architecture", "/names");
		if (!rule->args.n) {
			bw_learned_add_name(set, rule->names.v[i]);
			continue;
		}
		if (!row || !read_conditions(rule, &rows[row - 1], v))
			return is_not_ours(err, "expected the arguments that are learned of this call", "/args");
		set->seen[number] = true;
		if (set->values[row - 1].n == BW_LEARNED_VALUES && !has_values(&set->values[row - 1], v))
			return is_not_ours(err, "expected at most 16 rules with arguments of one call", "/args");
		add_values(&set->values[row - 1], rows[row - 1].n, v);
	}
	return 0;
}

int bw_learned_from_section(const struct bw_spec_seccomp *section, struct bw_learned *ret, struct bw_err *err)
{
	struct bw_learned set;

	bw_learned_init(&set);
	if (read_head(section, err) < 0)
		return -1;
	for (size_t i = 0; i < section->syscalls.n; i++) {
		struct bw_err inner = {0};

		if (read_rule(&section->syscalls.v[i], &set, &inner) == 0)
			continue;
		bw_fail(err, BW_E_SPEC, 0, "/syscalls/%zu%s", i, inner.text);
		return bw_at(err, "/syscalls/%zu%s", i, inner.field);
	}
	*ret = set;
	return 0;
}
