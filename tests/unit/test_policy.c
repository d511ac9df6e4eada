/* SPDX-License-Identifier: Apache-2.0 */
/* test_policy.c - the policy file: what is refused and in which words, folding, strictness,
 * choosing. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "policy/profile.h"

static struct bw_arena arena;

static void setup(void)
{
	arena = (struct bw_arena)BW_ARENA_INIT;
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

static const struct bw_policy *parse(const char *text)
{
	const struct bw_policy *policy = NULL;
	struct bw_err err = {0};

	ck_assert_msg(
		bw_policy_parse(text, strlen(text), "policy.json", &arena, &policy, &err) == 0,
		"%s: %s", err.text, text);
	return policy;
}

/* ---- what is refused ---- */

static const struct {
	const char *text, *says;
} wrong[] = {
	{"{}", "policy.json: /version: is required"},
	{"{\"version\":2}", "policy.json: /version: must be a number from 1 to 1, not 2"},
	{"{\"version\":1,\"defualt\":\"compat\"}",
		"policy.json: /defualt: is not a known property"},
	{"{\"version\":1,\"default\":\"loose\"}",
		"policy.json: /default: there is no profile \"loose\""},
	{"{\"version\":1,\"default\":\"a/b\"}",
		"policy.json: /default: \"a/b\" is not a profile name: letters, digits, '-', '_' "
		"and '.', at most 64"},
	{"{\"version\":1,\"rules\":[{\"name\":\"a\",\"when\":{\"caller.root\":\"/"
	 "x\"},\"profile\":\"b\"}]}",
		"policy.json: /rules/0/profile: there is no profile \"b\""},
	{"{\"version\":1,\"rules\":[{\"name\":\"a\",\"when\":{},\"profile\":\"compat\"}]}",
		"policy.json: /rules/0/when: must not be empty"},
	{"{\"version\":1,\"rules\":[{\"name\":\"a\",\"when\":{\"image\":\"/"
	 "x\"},\"profile\":\"compat\"}]}",
		"policy.json: /rules/0/when: \"image\" is no fact; facts are docker.*, cri.*, "
		"cgroup.* and caller.* "
		"(bulwark-policy(5))"},
	{"{\"version\":1,\"rules\":[{\"name\":\"a\",\"when\":{\"cri.x\":[]},\"profile\":\"compat\"}"
	 "]}",
		"policy.json: /rules/0/when: \"cri.x\" has no value to match"},
	{"{\"version\":1,\"annotations\":{\"profile\":[\"zzz\"]}}",
		"policy.json: /annotations/profile/0: there is no profile \"zzz\""},
	{"{\"version\":1,\"profiles\":{\"x\":{\"user\":{\"root\":\"kep\"}}}}",
		"policy.json: /profiles/x/user/root: must be one of keep, remap, refuse or userns, "
		"not \"kep\""},
	{"{\"version\":1,\"profiles\":{\"x\":{\"user\":{\"root\":\"userns\"}}}}",
		"policy.json: /profiles/x/user/root: \"userns\" is known, but this version cannot "
		"do it yet; \"remap\" or "
		"\"refuse\" can"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"user\":{\"uid\":0}}}}",
		"policy.json: /profiles/x/user/uid: must be a number from 1 to 4294967294, not 0"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"capabilities\":{\"allow\":[\"KILL\"]}}}}",
		"policy.json: /profiles/x/capabilities/allow: \"KILL\" is not a capability name "
		"such as "
		"CAP_NET_BIND_SERVICE"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"mounts\":{\"refuse\":[\"etc\"]}}}}",
		"policy.json: /profiles/x/mounts/refuse: \"etc\" is not an absolute path"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"y\"}}}",
		"policy.json: /profiles/x: there is no profile \"y\""},
	{"{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"y\"},\"y\":{\"extends\":\"x\"}}}",
		"policy.json: /profiles/x: profile \"x\" extends itself by way of \"y\""},
	{"{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"x\"}}}",
		"policy.json: /profiles/x: there is no profile \"x\""},
	{"{\"version\":1,\"profiles\":{\"x\":{\"network\":{\"host\":\"allow\"}}}}",
		"policy.json: /profiles/x: network.host is looser than in \"hardened\", and "
		"\"loosens\" does not name it"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"mounts\":{\"refuse\":[\"/mine\"]}}}}",
		"policy.json: /profiles/x: mounts.refuse is looser than in \"hardened\", and "
		"\"loosens\" does not name it"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"loosens\":[\"network.host\"]}}}",
		"policy.json: /profiles/x: \"loosens\" names network.host, which is not looser "
		"than in \"hardened\""},
	{"{\"version\":1,\"registries\":{\"npm\":[\"https://x\"]}}",
		"policy.json: /registries: \"https://x\" is not a host name"},
};

START_TEST(each_fault_is_named_with_its_place)
{
	const struct bw_policy *policy = NULL;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_policy_parse(wrong[_i].text, strlen(wrong[_i].text), "policy.json",
				 &arena, &policy, &err),
		-1);
	ck_assert_str_eq(err.text, wrong[_i].says);
	ck_assert_int_eq(err.code, BW_E_POLICY);
}
END_TEST

/* Each row whose mechanism is not there, in a policy: refused by its name. */
static const char *const later[][2] = {
	{"\"exec\":{}", "/profiles/x/exec"},
	{"\"workspace\":{}", "/profiles/x/workspace"},
	{"\"timeLimit\":900", "/profiles/x/timeLimit"},
	{"\"warden\":true", "/profiles/x/warden"},
	{"\"audit\":{}", "/profiles/x/audit"},
	{"\"metrics\":{}", "/profiles/x/metrics"},
	{"\"secrets\":[]", "/profiles/x/secrets"},
	{"\"backend\":\"native\"", "/profiles/x/backend"},
	{"\"rootfs\":{\"layout\":[]}", "/profiles/x/rootfs/layout"},
	{"\"network\":{\"egress\":{\"allow\":[\"@npm\"]}}", "/profiles/x/network/egress"},
	{"\"network\":{\"ingress\":\"deny\"}", "/profiles/x/network/ingress"},
	{"}},\"annotations\":{\"tenant\":true", "/annotations/tenant"},
	{"}},\"annotations\":{\"session\":true", "/annotations/session"},
	{"}},\"annotations\":{\"ttl\":true", "/annotations/ttl"},
};

START_TEST(what_is_not_there_yet_is_refused_by_name)
{
	bool at_top = later[_i][0][0] == '}';
	const char *text = bw_arena_printf(&arena, "{\"version\":1,\"profiles\":{\"x\":{%s}%s}",
		later[_i][0], at_top ? "" : "}");
	const struct bw_policy *policy = NULL;
	struct bw_err err = {0};

	ck_assert_int_eq(
		bw_policy_parse(text, strlen(text), "policy.json", &arena, &policy, &err), -1);
	ck_assert_str_eq(err.field, later[_i][1]);
	ck_assert_ptr_nonnull(strstr(err.text, "not available in this version"));
}
END_TEST

struct later_count {
	size_t n;
};

static void count_later(const char *pointer, const struct bw_field *field, void *ctx)
{
	struct later_count *count = ctx;
	size_t i = 0;

	if (!(field->flags & BW_LATER))
		return;
	count->n++;
	while (i < BW_COUNT(later) && !bw_has_suffix(later[i][1], strrchr(pointer, '/')))
		i++;
	ck_assert_msg(i < BW_COUNT(later), "%s is in no test", pointer);
}

START_TEST(every_row_that_is_not_there_yet_is_tested)
{
	struct later_count count = {0};

	bw_schema_walk(&bw_policy_schema, count_later, &count);
	ck_assert_uint_eq(count.n, BW_COUNT(later));
}
END_TEST

static void check_row(const char *pointer, const struct bw_field *field, void *ctx)
{
	char row[128];
	struct bw_buf buf = bw_buf_over(row, sizeof row);
	size_t *n = ctx;

	ck_assert_msg(field->doc != NULL && bw_has_suffix(field->doc, "."), "%s has no sentence",
		pointer);
	if ((field->flags & BW_LATER) || field->kind == BW_OBJECT || strstr(pointer, "/-"))
		return;
	for (const char *c = pointer + 1; *c; c++)
		bw_buf_addn(&buf, *c == '/' ? "." : c, 1);
	ck_assert_msg(bw_profile_row_is_ordered(row), "%s has no place in policy_order.c", row);
	++*n;
}

START_TEST(every_row_of_a_profile_has_a_sentence_and_an_order)
{
	size_t n = 0;

	bw_schema_walk(&bw_profile_schema, check_row, &n);
	ck_assert_uint_ge(n, 60);
}
END_TEST

/* ---- folding ---- */

START_TEST(a_profile_without_extends_stands_on_hardened)
{
	const struct bw_profile *p =
		bw_policy_profile(parse("{\"version\":1,\"profiles\":{\"x\":{}}}"), "x");

	ck_assert_str_eq(p->user->root, "remap");
	ck_assert(p->no_new_privileges.v);
}
END_TEST

START_TEST(a_built_in_name_that_extends_itself_changes_the_built_in)
{
	const struct bw_policy *policy =
		parse("{\"version\":1,\"profiles\":{"
		      "\"hardened\":{\"extends\":\"hardened\",\"user\":{\"uid\":42}},"
		      "\"more\":{\"extends\":\"hardened\",\"limits\":{\"pids\":7}}}}");
	const struct bw_profile *more = bw_policy_profile(policy, "more");

	ck_assert_uint_eq(more->user->uid.v, 42);
	ck_assert_uint_eq(more->user->gid.v, 1001);
	ck_assert_uint_eq(more->limits->pids.v, 7);
	ck_assert_uint_eq(bw_policy_profile(policy, "hardened")->limits->pids.v, 512);
	/* The built-in chain is the built-in's: what a site says of hardened is not in
	 * untrusted-code. */
	ck_assert_uint_eq(bw_policy_profile(policy, "untrusted-code")->user->uid.v, 1001);
}
END_TEST

START_TEST(lists_replace_and_maps_are_joined)
{
	const struct bw_profile *p =
		bw_policy_profile(parse("{\"version\":1,\"profiles\":{\"x\":{\"environment\":{"
					"\"set\":{\"A\":\"b\"},\"scrubLists\":[]},"
					"\"loosens\":[\"environment.scrubLists\"]}}}"),
			"x");

	ck_assert_uint_eq(p->environment->scrub_lists.n, 0);
	ck_assert_uint_eq(p->derived.scrub.n, 0);
	ck_assert_str_eq(bw_pairs_get(&p->environment->set, "A"), "b");
	ck_assert_str_eq(bw_pairs_get(&p->environment->set, "AWS_EC2_METADATA_DISABLED"), "true");
}
END_TEST

START_TEST(folding_leaves_the_base_as_it_was)
{
	const struct bw_policy *policy =
		parse("{\"version\":1,\"profiles\":{\"a\":{\"user\":{\"uid\":5}},\"b\":{"
		      "\"extends\":\"a\",\"user\":{\"uid\":6}}}}");

	ck_assert_uint_eq(bw_policy_profile(policy, "b")->user->uid.v, 6);
	ck_assert_uint_eq(bw_policy_profile(policy, "a")->user->uid.v, 5);
}
END_TEST

START_TEST(a_chain_that_is_too_long_is_refused)
{
	char text[4096];
	struct bw_buf buf = bw_buf_over(text, sizeof text);
	const struct bw_policy *policy = NULL;
	struct bw_err err = {0};

	bw_buf_add(&buf, "{\"version\":1,\"profiles\":{\"p0\":{}");
	for (int i = 1; i < 20; i++)
		bw_buf_addf(&buf, ",\"p%d\":{\"extends\":\"p%d\"}", i, i - 1);
	bw_buf_add(&buf, "}}");
	ck_assert_int_eq(bw_policy_parse(text, buf.len, "policy.json", &arena, &policy, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "stands on more than 15 others"));
}
END_TEST

/* ---- strictness ---- */

START_TEST(the_built_in_profiles_are_ordered)
{
	const struct bw_policy *policy = parse("{\"version\":1}");
	const struct bw_profile *p[3];

	for (int i = 0; i < 3; i++)
		p[i] = bw_policy_profile(policy, bw_builtin_profiles[i]);
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 3; k++)
			ck_assert_msg((bw_profile_looser(p[i], p[k], NULL, NULL) == 0) == (i >= k),
				"%s and %s", bw_builtin_profiles[i], bw_builtin_profiles[k]);
}
END_TEST

static const struct {
	const char *members, *looser; /* over hardened; the row in which it is looser, or NULL */
} stricter[] = {
	{"\"mode\":\"audit\"", "mode"},
	{"\"user\":{\"root\":\"refuse\"}", NULL},
	{"\"user\":{\"root\":\"keep\"}", "user.root"},
	{"\"user\":{\"uid\":5}", NULL},
	{"\"capabilities\":{\"allow\":[\"CAP_KILL\"]}", "capabilities.allow"},
	{"\"noNewPrivileges\":false", "noNewPrivileges"},
	{"\"seccomp\":{\"baseline\":\"none\"}", "seccomp.baseline"},
	{"\"seccomp\":{\"baseline\":\"python-node\"}", NULL},
	{"\"seccomp\":{\"allow\":[\"io_uring\"]}", "seccomp.allow"},
	{"\"landlock\":\"require\"", NULL},
	{"\"landlock\":\"off\"", "landlock"},
	{"\"mounts\":{\"only\":[\"/srv\"]}", NULL},
	{"\"mounts\":{\"except\":[]}", NULL},
	{"\"mounts\":{\"types\":[\"proc\",\"nfs\"]}", "mounts.types"},
	{"\"paths\":{\"masked\":[]}", "paths.masked"},
	{"\"devices\":{\"allow\":[{\"type\":\"c\",\"major\":10,\"access\":\"r\"}]}",
		"devices.allow"},
	{"\"namespaces\":{\"own\":[\"pid\"]}", "namespaces.own"},
	{"\"network\":{\"metadata\":\"allow\"}", "network.metadata"},
	{"\"network\":{\"guard\":\"prefer\"}", "network.guard"},
	{"\"environment\":{\"scrub\":[\"X\"]}", NULL},
	{"\"environment\":{\"keep\":[\"X\"]}", "environment.keep"},
	{"\"limits\":{\"pids\":511}", NULL},
	{"\"limits\":{\"pids\":513}", "limits.pids"},
	{"\"limits\":{\"oomScoreAdjMin\":-1}", "limits.oomScoreAdjMin"},
	{"\"limits\":{\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"value\":0}]}", "limits.rlimits"},
	{"\"rootfs\":{\"tmpfs\":[]}", NULL},
	{"\"rootfs\":{\"tmpfs\":[{\"destination\":\"/"
	 "run\",\"size\":99999999,\"inodes\":1,\"mode\":\"0755\"}]}",
		"rootfs.tmpfs"},
};

START_TEST(strictness_is_compared_row_by_row)
{
	const char *text = bw_arena_printf(
		&arena, "{\"version\":1,\"profiles\":{\"x\":{%s}}}", stricter[_i].members);
	const struct bw_policy *policy = NULL;
	struct bw_err err = {0};
	int r = bw_policy_parse(text, strlen(text), "policy.json", &arena, &policy, &err);

	ck_assert_msg(r == (stricter[_i].looser ? -1 : 0), "%s", err.text);
	if (stricter[_i].looser)
		ck_assert_ptr_nonnull(strstr(err.text,
			bw_arena_printf(&arena, "/profiles/x: %s is looser", stricter[_i].looser)));
}
END_TEST

/* ---- choosing ---- */

#define RULES                                                                                      \
	"\"rules\":[{\"name\":\"ecs agent\",\"when\":{\"docker.name\":\"/ecs-agent\","             \
	"\"docker.label.absent\":\"com.amazonaws.ecs.task-arn\",\"docker.image\":[\"sha256:aa\","  \
	"\"sha256:bb\"]},"                                                                         \
	"\"profile\":\"compat\"},"                                                                 \
	"{\"name\":\"user "                                                                        \
	"code\",\"when\":{\"docker.label.family\":\"user-code*\"},\"profile\":\"untrusted-code\"}" \
	","                                                                                        \
	"{\"name\":\"no label\",\"when\":{\"docker.label.absent\":\"x\"},\"profile\":\"compat\"}]"

static const struct {
	const char *policy; /* members besides version */
	const char *asked, *annotation;
	const char *facts[8];	      /* key, value, ... */
	const char *profile, *reason; /* or profile NULL: reason is the error */
} choices[] = {
	{"", NULL, NULL, {NULL}, "hardened", "default"},
	{"", "compat", NULL, {NULL}, "compat", "--profile"},
	{"", "x", NULL, {NULL}, NULL, "there is no profile \"x\""},
	{",\"profileFlag\":\"never\"", "compat", NULL, {NULL}, NULL,
		"the policy does not allow --profile (profileFlag: never)"},
	{",\"profileFlag\":\"stricter\"", "compat", NULL, {NULL}, NULL,
		"--profile compat is looser than \"hardened\" in user.root, and the policy allows "
		"only stricter ones "
		"(profileFlag: stricter)"},
	{",\"profileFlag\":\"stricter\"", "untrusted-code", NULL, {NULL}, "untrusted-code",
		"--profile"},
	{"," RULES, NULL, NULL, {"docker.name", "/ecs-agent", "docker.image", "sha256:bb"},
		"compat", "rule \"ecs agent\""},
	{"," RULES, NULL, NULL,
		{"docker.name", "/ecs-agent", "docker.image", "sha256:bb",
			"docker.label.com.amazonaws.ecs.task-arn", "x", "docker.label.x", "y"},
		"hardened", "default"},
	{"," RULES, NULL, NULL,
		{"docker.name", "/ecs-agent", "docker.image", "sha256:cc", "docker.label.x", ""},
		"hardened", "default"},
	{"," RULES, NULL, NULL, {"docker.label.family", "user-code-7"}, "untrusted-code",
		"rule \"user code\""},
	{"," RULES, "hardened", NULL, {"docker.label.family", "user-code-7"}, "hardened",
		"--profile"},
	/* Without any fact of docker its labels are unknown, not absent. */
	{"," RULES, NULL, NULL, {"cgroup.parent", "/docker"}, "hardened", "default"},
	{"," RULES, NULL, NULL, {"docker.name", "/x"}, "compat", "rule \"no label\""},
	{"", NULL, "untrusted-code", {NULL}, "hardened",
		"default (the policy does not let annotation org.bulwark.profile choose "
		"\"untrusted-code\")"},
	{",\"annotations\":{\"profile\":[\"untrusted-code\",\"compat\"]}", NULL, "untrusted-code",
		{NULL}, "untrusted-code", "annotation org.bulwark.profile"},
	{",\"annotations\":{\"profile\":[\"untrusted-code\",\"compat\"]}", NULL, "compat", {NULL},
		"hardened",
		"default (annotation org.bulwark.profile asks for \"compat\", which is looser)"},
	{",\"default\":\"untrusted-code\"", NULL, NULL, {NULL}, "untrusted-code", "default"},
};

START_TEST(the_profile_is_chosen_by_flag_then_rule_then_annotation_then_default)
{
	const struct bw_policy *policy =
		parse(bw_arena_printf(&arena, "{\"version\":1%s}", choices[_i].policy));
	struct bw_policy_facts facts = {0};
	struct bw_pairs annotations = {0};
	const struct bw_profile *p = NULL;
	const char *reason = NULL;
	struct bw_err err = {0};
	int r;

	for (size_t i = 0; i < 8 && choices[_i].facts[i]; i += 2)
		ck_assert_int_eq(bw_pairs_set(&arena, &facts.values, choices[_i].facts[i],
					 choices[_i].facts[i + 1]),
			0);
	if (choices[_i].annotation)
		ck_assert_int_eq(bw_pairs_set(&arena, &annotations, "org.bulwark.profile",
					 choices[_i].annotation),
			0);
	r = bw_policy_choose(
		policy, choices[_i].asked, &facts, &annotations, &arena, &p, &reason, &err);
	ck_assert_msg((r == 0) == (choices[_i].profile != NULL), "%s", err.text);
	if (r == 0) {
		ck_assert_str_eq(bw_profile_name(p), choices[_i].profile);
		ck_assert_str_eq(reason, choices[_i].reason);
	} else {
		ck_assert_str_eq(err.text, choices[_i].reason);
	}
}
END_TEST

/* ---- the file ---- */

static char dir[] = "/tmp/test_policy.XXXXXX";

static const char *make_file(mode_t mode)
{
	const char *path = bw_arena_printf(&arena, "%s/policy.json", dir);
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "{\"version\":1}", 13), 13);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	return path;
}

static void check_load(const char *path, const char *says)
{
	const struct bw_policy *policy = NULL;
	struct bw_err err = {0};
	int r = bw_policy_load(path, &arena, &policy, &err);

	ck_assert_msg(r == (says ? -1 : 0), "%s", err.text);
	if (says)
		ck_assert_str_eq(err.text, bw_arena_printf(&arena, "%s%s", path, says));
}

START_TEST(a_file_that_others_can_write_is_refused)
{
	const char *path, *link;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	path = make_file(0644);
	link = bw_arena_printf(&arena, "%s/link", dir);
	if (geteuid() == 0) {
		check_load(path, NULL);
		ck_assert_int_eq(chmod(path, 0664), 0);
		check_load(path, " must not be writable by group or others (mode 0664)");
		ck_assert_int_eq(chmod(path, 0646), 0);
		check_load(path, " must not be writable by group or others (mode 0646)");
		ck_assert_int_eq(chmod(path, 0600), 0);
		ck_assert_int_eq(chown(path, 4242, 0), 0);
		check_load(path, " must belong to root, not to user 4242");
	} else {
		check_load(path,
			bw_arena_printf(&arena, " must belong to root, not to user %u", geteuid()));
	}
	ck_assert_int_eq(symlink(path, link), 0);
	check_load(link, " must not be a symbolic link");
	check_load(dir, " must be a regular file");
	ck_assert_int_eq(unlink(path) | unlink(link), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	check_load(path, " must be a regular file");
	ck_assert_int_eq(unlink(path) | rmdir(dir), 0);
}
END_TEST

START_TEST(a_file_that_was_named_must_be_there)
{
	const struct bw_policy *policy = NULL;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_policy_load("/nowhere/policy.json", &arena, &policy, &err), -1);
	ck_assert_str_eq(err.text, "open /nowhere/policy.json: no such file or directory");
}
END_TEST

START_TEST(show_gives_every_profile_folded)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	const struct bw_policy *policy =
		parse("{\"version\":1,\"profiles\":{\"x\":{\"user\":{\"uid\":5}}}}");
	auto_free char *text = NULL;
	struct bw_json *tree = NULL;
	const struct bw_json *profiles;
	struct bw_err err = {0};

	bw_policy_write(policy, w);
	ck_assert_int_eq(bw_json_writer_end(w, &text, NULL, &err), 0);
	bw_json_writer_free(w);
	ck_assert_int_eq(bw_json_parse(text, strlen(text), "show", &arena, &tree, &err), 0);
	profiles = bw_json_get(tree, "profiles");
	ck_assert_uint_eq(profiles->count, 4);
	ck_assert_str_eq(
		bw_json_get(bw_json_get(bw_json_get(profiles, "x"), "user"), "gid")->text, "1001");
}
END_TEST

START_TEST(the_published_examples_are_policies)
{
	static const char *const names[] = {"ecs", "minimal", "site-profile", "watch-first"};
	const char *srcdir = getenv("srcdir");

	for (size_t i = 0; i < BW_COUNT(names); i++) {
		auto_free char *text = NULL;
		struct bw_err err = {0};

		ck_assert_msg(
			bw_read_file(bw_arena_printf(&arena, "%s/config-schema/examples/%s.json",
					     srcdir ? srcdir : ".", names[i]),
				1 << 20, &text, NULL, &err) == 0,
			"%s", err.text);
		parse(text);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("policy");
	TCase *t = tcase_create("policy");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, each_fault_is_named_with_its_place, 0, (int)BW_COUNT(wrong));
	tcase_add_loop_test(t, what_is_not_there_yet_is_refused_by_name, 0, (int)BW_COUNT(later));
	tcase_add_test(t, every_row_that_is_not_there_yet_is_tested);
	tcase_add_test(t, every_row_of_a_profile_has_a_sentence_and_an_order);
	tcase_add_test(t, a_profile_without_extends_stands_on_hardened);
	tcase_add_test(t, a_built_in_name_that_extends_itself_changes_the_built_in);
	tcase_add_test(t, lists_replace_and_maps_are_joined);
	tcase_add_test(t, folding_leaves_the_base_as_it_was);
	tcase_add_test(t, a_chain_that_is_too_long_is_refused);
	tcase_add_test(t, the_built_in_profiles_are_ordered);
	tcase_add_loop_test(t, strictness_is_compared_row_by_row, 0, (int)BW_COUNT(stricter));
	tcase_add_loop_test(t, the_profile_is_chosen_by_flag_then_rule_then_annotation_then_default,
		0, (int)BW_COUNT(choices));
	tcase_add_test(t, a_file_that_others_can_write_is_refused);
	tcase_add_test(t, a_file_that_was_named_must_be_there);
	tcase_add_test(t, show_gives_every_profile_folded);
	tcase_add_test(t, the_published_examples_are_policies);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
