/* SPDX-License-Identifier: Apache-2.0 */
/* test_facts.c - what is known of a container that its author did not write, and how docker's metadata are mistrusted. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/docker_facts.h"
#include "container/facts.h"
#include "scratch.h"

#define ID    "ab3e8c6180731895f171e3fdbfb77c291e4de16a3e471c9b490c383b5ca2a86f"
#define OTHER "ab3e8c6180731895f171e3fdbfb77c291e4de16a3e471c9b490c383b5ca2a860"
#define IMAGE "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PLACE "/lib/docker/containers/" ID
#define BENEATH(path) (&(path)[1]) /* seen from the scratch directory */

static struct bw_arena arena;
static struct scratch scratch;

static void setup(void)
{
	arena = (struct bw_arena)BW_ARENA_INIT;
	scratch_make(&scratch);
}

static void teardown(void)
{
	scratch_remove(&scratch);
	bw_arena_done(&arena);
}

/* "key=value key=value ..." */
static const char *in_words(const struct bw_policy_facts *facts)
{
	const char *words = "";

	for (size_t i = 0; i < facts->values.n; i++)
		words = bw_arena_printf(&arena, "%s%s%s=%s", words, i ? " " : "", facts->values.v[i].key,
			facts->values.v[i].value);
	return words;
}

/* ---- cgroups ---- */

static const struct {
	const char *path, *facts;
} cgroups[] = {
	{NULL, ""},
	{"", ""},
	{"name", "cgroup.path=name"},
	{"/docker/" ID, "cgroup.path=/docker/" ID " cgroup.parent=/docker"},
	{"/x", "cgroup.path=/x cgroup.parent=/"},
	{"system.slice:docker:1", "cgroup.path=system.slice:docker:1 cgroup.parent=system.slice"},
	{"/ecs/0123abcd/" ID, "cgroup.path=/ecs/0123abcd/" ID " cgroup.parent=/ecs/0123abcd cgroup.ecsTask=0123abcd"},
	{"ecstasks-0123abcd.slice:docker:1", "cgroup.path=ecstasks-0123abcd.slice:docker:1 "
					     "cgroup.parent=ecstasks-0123abcd.slice cgroup.ecsTask=0123abcd"},
	/* What only looks like a task. */
	{"/ecs/a/b/c", "cgroup.path=/ecs/a/b/c cgroup.parent=/ecs/a/b"},
	{"/docker/ecs/a/b", "cgroup.path=/docker/ecs/a/b cgroup.parent=/docker/ecs/a"},
	{"/ecs/", "cgroup.path=/ecs/ cgroup.parent=/ecs"},
	{"/ecs//x", "cgroup.path=/ecs//x cgroup.parent=/ecs/"},
	{"/ecs/../x", "cgroup.path=/ecs/../x cgroup.parent=/ecs/.."},
	{"/kubepods/besteffort/podaa-bb/1",
		"cgroup.path=/kubepods/besteffort/podaa-bb/1 cgroup.parent=/kubepods/besteffort/podaa-bb "
		"cgroup.kubePod=aa-bb"},
	{"/kubepods/podaa-bb/1",
		"cgroup.path=/kubepods/podaa-bb/1 cgroup.parent=/kubepods/podaa-bb cgroup.kubePod=aa-bb"},
	{"kubepods-burstable-podaa_bb.slice:cri-containerd:1",
		"cgroup.path=kubepods-burstable-podaa_bb.slice:cri-containerd:1 "
		"cgroup.parent=kubepods-burstable-podaa_bb.slice cgroup.kubePod=aa-bb"},
	{"/podaa/1", "cgroup.path=/podaa/1 cgroup.parent=/podaa"},
};

START_TEST(the_cgroup_tells_of_the_task_or_the_pod)
{
	struct bw_policy_facts facts = {0};
	struct bw_err err = {0};

	ck_assert_int_eq(bw_facts_of_cgroup(cgroups[_i].path, &arena, &facts, &err), 0);
	ck_assert_str_eq(in_words(&facts), cgroups[_i].facts);
}
END_TEST

/* ---- what is gathered, and when ---- */

#define POD_ANNOTATIONS                                                                                     \
	"\"io.kubernetes.cri.container-type\":\"%s\",\"io.kubernetes.cri.sandbox-namespace\":\"prod\","     \
	"\"io.kubernetes.cri.sandbox-name\":\"web-1\",\"io.kubernetes.cri.container-name\":\"web\","        \
	"\"io.kubernetes.cri.image-name\":\"docker.io/web:1\",\"docker.name\":\"/ecs-agent\","              \
	"\"io.kubernetes.cri-o.ContainerType\":\"container\",\"io.kubernetes.pod.namespace\":\"kube-system\""

static struct bw_policy_facts gather(const char *when, const char *root, const char *bundle, const char *id,
	const char *asked, const char *container_type)
{
	const char *config = bw_arena_printf(&arena,
		"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"hostname\":\"ecs-agent\","
		"\"process\":{\"cwd\":\"/\",\"args\":[\"/agent\"],\"env\":[\"docker.name=/ecs-agent\"]},"
		"\"linux\":{\"namespaces\":[{\"type\":\"uts\"}]},\"annotations\":{" POD_ANNOTATIONS "}}",
		container_type);
	const char *text = bw_arena_printf(&arena,
		"{\"version\":1,\"docker\":{\"dataRoots\":[\"%s\"]}%s%s%s}", "/nowhere",
		when ? ",\"rules\":[{\"name\":\"r\",\"profile\":\"compat\",\"when\":" : "", when ? when : "",
		when ? "}]" : "");
	struct bw_context ctx = {.root = root, .profile = asked};
	const struct bw_policy *policy = NULL;
	struct bw_policy_facts facts = {0};
	struct bw_spec *spec = NULL;
	struct bw_err err = {0};

	ck_assert_msg(bw_policy_parse(text, strlen(text), "policy.json", &arena, &policy, &err) == 0 &&
			      bw_spec_parse(config, strlen(config), "config.json", &arena, &spec, NULL, &err) == 0 &&
			      bw_facts_gather(&ctx, bundle, id, spec, policy, false, &arena, &facts, &err) == 0,
		"%s: %s", err.text, text);
	return facts;
}

#define CALLER(root, bundle) "caller.root=" root " caller.bundle=" bundle
#define DOUBT		     "docker's metadata cannot be trusted: "

static const struct {
	const char *when, *root, *bundle, *id, *asked, *type;
	const char *facts, *unreadable;
} gathered[] = {
	/* Nothing, when no rule asks or none has a say. */
	{NULL, "/run/docker/runtime-runc/moby", "/r/moby/" ID, ID, NULL, "container", "", NULL},
	{"{\"docker.name\":\"/x\"}", "/run/docker/runtime-runc/moby", "/r/moby/" ID, ID, "compat", "container", "", NULL},
	/* docker's metadata are not looked for when only the cgroup matters, nor for other callers. */
	{"{\"cgroup.parent\":\"/x\"}", "/run/docker/runtime-runc/moby", "/r/moby/" ID, ID, NULL, "container",
		CALLER("/run/docker/runtime-runc/moby", "/r/moby/" ID), NULL},
	{"{\"docker.name\":\"/x\"}", "/run/bulwark", "/r/" ID, ID, NULL, "container",
		CALLER("/run/bulwark", "/r/" ID), NULL},
	{"{\"docker.name\":\"/x\"}", "/run/bulwark", "/r/notmoby/" ID, ID, NULL, "container",
		CALLER("/run/bulwark", "/r/notmoby/" ID), NULL},
	/* docker, by --root or by the bundle. */
	{"{\"docker.name\":\"/x\"}", "/run/docker/runtime-runc/moby", "/r/" ID, ID, NULL, "container",
		CALLER("/run/docker/runtime-runc/moby", "/r/" ID), DOUBT "/nowhere/containers/" ID " is missing"},
	{"{\"docker.name\":\"/x\"}", "/run/bulwark/", "/r/moby/" ID "/", NULL, NULL, "container",
		CALLER("/run/bulwark", "/r/moby/" ID), DOUBT "/nowhere/containers/" ID " is missing"},
	{"{\"docker.label.absent\":\"x\"}", "/run/x/moby", "/r/" ID, OTHER, NULL, "container",
		CALLER("/run/x/moby", "/r/" ID),
		DOUBT "the bundle is of container \"" ID "\", and we are to make \"" OTHER "\""},
	{"{\"docker.name\":\"/x\"}", "/run/x/moby", "/r/..", NULL, NULL, "container", CALLER("/run/x/moby", "/r/.."),
		DOUBT "the bundle's name \"..\" is no id of docker's"},
	/* Annotations count for Kubernetes' runtimes only, and only those that the runtime sets. */
	{"{\"cri.pod\":\"/x\"}", "/run/bulwark", "/r/x", NULL, NULL, "container", CALLER("/run/bulwark", "/r/x"), NULL},
	{"{\"cri.pod\":\"/x\"}", "/run/containerd/runc/default", "/r/x", NULL, NULL, "container",
		CALLER("/run/containerd/runc/default", "/r/x"), NULL},
	{"{\"caller.root\":\"/x\"}", "/run/containerd/runc/k8s.io", "/r/x", NULL, NULL, "container",
		CALLER("/run/containerd/runc/k8s.io", "/r/x"), NULL},
	{"{\"cri.pod\":\"/x\"}", "/run/containerd/runc/k8s.io", "/r/x", NULL, NULL, "container",
		(CALLER("/run/containerd/runc/k8s.io", "/r/x")
		 " cri.container-type=container cri.namespace=prod cri.pod=web-1 cri.container-name=web "
		 "cri.image=docker.io/web:1"),
		NULL},
	{"{\"cri.pod\":\"/x\"}", "/run/containerd/runc/k8s.io", "/r/x", NULL, NULL, "sandbox",
		(CALLER("/run/containerd/runc/k8s.io", "/r/x")
		 " cri.container-type=sandbox cri.namespace=prod cri.pod=web-1"),
		NULL},
	/* The shim of our own has a root of its own, with containerd's namespace behind it as others have. */
	{"{\"docker.name\":\"/x\"}", "/run/containerd/bulwark/moby", "/r/" ID, ID, NULL, "container",
		CALLER("/run/containerd/bulwark/moby", "/r/" ID), DOUBT "/nowhere/containers/" ID " is missing"},
	{"{\"docker.name\":\"/x\"}", "/run/containerd/bulwark/default", "/r/" ID, ID, NULL, "container",
		CALLER("/run/containerd/bulwark/default", "/r/" ID), NULL},
	{"{\"cri.pod\":\"/x\"}", "/run/containerd/bulwark/k8s.io", "/run/containerd/io.containerd.runtime.v2.task/k8s.io/x",
		NULL, NULL, "container",
		(CALLER("/run/containerd/bulwark/k8s.io", "/run/containerd/io.containerd.runtime.v2.task/k8s.io/x")
		 " cri.container-type=container cri.namespace=prod cri.pod=web-1 cri.container-name=web "
		 "cri.image=docker.io/web:1"),
		NULL},
	{"{\"cri.pod\":\"/x\"}", "/run/containerd/bulwark/k8s.io", "/r/x", NULL, NULL, "sandbox",
		(CALLER("/run/containerd/bulwark/k8s.io", "/r/x")
		 " cri.container-type=sandbox cri.namespace=prod cri.pod=web-1"),
		NULL},
	/* An author's namespace cannot pass for Kubernetes'. */
	{"{\"cri.pod\":\"/x\"}", "/run/containerd/bulwark/k8s.io.example", "/r/x", NULL, NULL, "container",
		CALLER("/run/containerd/bulwark/k8s.io.example", "/r/x"), NULL},
	{"{\"cri.pod\":\"/x\"}", "/run/crio/bulwark", "/r/x", NULL, NULL, "container",
		(CALLER("/run/crio/bulwark", "/r/x") " cri.container-type=container cri.namespace=kube-system"), NULL},
};

START_TEST(what_a_rule_asks_for_is_gathered_and_nothing_else)
{
	struct bw_policy_facts facts = gather(gathered[_i].when, gathered[_i].root, gathered[_i].bundle,
		gathered[_i].id, gathered[_i].asked, gathered[_i].type);

	ck_assert_str_eq(in_words(&facts), gathered[_i].facts);
	ck_assert_msg(bw_streq0(facts.unreadable, gathered[_i].unreadable), "%s", facts.unreadable);
}
END_TEST

/* ---- docker's files ---- */

#define CONFIG(id)                                                                                          \
	"{\"ID\":\"" id "\",\"Name\":\"/ecs-agent\",\"Image\":\"" IMAGE "\",\"State\":{\"Pid\":0},"         \
	"\"Config\":{\"Image\":\"amazon/amazon-ecs-agent:latest\",\"User\":\"\",\"Env\":[\"A=b\"],"         \
	"\"Labels\":{\"a\":\"b\",\"name\":\"/x\"}}}"
#define HOST                                                                                                \
	"{\"NetworkMode\":\"host\",\"Privileged\":false,\"CgroupParent\":\"\",\"Runtime\":\"bulwark\",\"Init\":true}"
#define CONFIG_FACTS                                                                                        \
	"docker.id=" ID " docker.name=/ecs-agent docker.image=" IMAGE                                       \
	" docker.imageName=amazon/amazon-ecs-agent:latest docker.user="
#define LABEL_FACTS " docker.label.a=b docker.label.name=/x"

static void make_metadata(void)
{
	static const char *const directories[] = {"lib", "lib/docker", "lib/docker/containers", BENEATH(PLACE)};

	for (size_t i = 0; i < BW_COUNT(directories); i++)
		scratch_mkdir(&scratch, directories[i]);
	ck_assert_int_eq(fchmodat(scratch.dir, "lib/docker/containers", 0710, 0), 0);
	scratch_write(&scratch, BENEATH(PLACE "/config.v2.json"), CONFIG(ID), 0600);
	scratch_write(&scratch, BENEATH(PLACE "/hostconfig.json"), HOST, 0644);
}

static int read_metadata(const char *root, bool want_host, struct bw_policy_facts *facts, struct bw_err *err)
{
	struct bw_strs roots = {0};

	ck_assert_int_eq(bw_strs_add(&arena, &roots, "/elsewhere"), 0);
	ck_assert_int_eq(bw_strs_add(&arena, &roots, root), 0);
	return bw_docker_facts_read(scratch.dir, geteuid(), &roots, ID, want_host, &arena, facts, err);
}

/* What an attacker, or a mistake, could have done: PATH is beneath the scratch directory. */
enum tamper { NOTHING, WRITE, MODE, LINK, FIFO, DIRECTORY, REMOVE, BIG, TOP };

static const struct {
	enum tamper how;
	const char *path, *text;
	mode_t mode;
	const char *says; /* NULL: read */
} tampers[] = {
	{NOTHING, NULL, NULL, 0, NULL},
	{MODE, PLACE "/config.v2.json", NULL, 0644, NULL},
	{MODE, PLACE "/config.v2.json", NULL, 0660, PLACE "/config.v2.json is writable by group or others (mode 0660)"},
	{MODE, PLACE "/config.v2.json", NULL, 0602, PLACE "/config.v2.json is writable by group or others (mode 0602)"},
	{MODE, PLACE "/hostconfig.json", NULL, 0666, PLACE "/hostconfig.json is writable by group or others (mode 0666)"},
	{MODE, PLACE, NULL, 0770, PLACE " is writable by group or others (mode 0770)"},
	{MODE, "/lib/docker/containers", NULL, 01777, "/lib/docker/containers is writable by group or others (mode 1777)"},
	{MODE, "/lib", NULL, 0777, "/lib is writable by group or others (mode 0777)"},
	{TOP, NULL, NULL, 0770, "/ is writable by group or others (mode 0770)"},
	{LINK, PLACE "/config.v2.json", "hostconfig.json", 0, PLACE "/config.v2.json is a symbolic link"},
	{LINK, PLACE "/hostconfig.json", "config.v2.json", 0, PLACE "/hostconfig.json is a symbolic link"},
	{LINK, PLACE, "../../moved", 0, PLACE " is a symbolic link"},
	{LINK, "/lib/docker", "moved", 0, "/lib/docker is a symbolic link"},
	{FIFO, PLACE "/config.v2.json", NULL, 0, PLACE "/config.v2.json is no regular file"},
	{DIRECTORY, PLACE "/config.v2.json", NULL, 0, PLACE "/config.v2.json is no regular file"},
	{REMOVE, PLACE "/config.v2.json", NULL, 0, PLACE "/config.v2.json is missing"},
	{REMOVE, PLACE "/hostconfig.json", NULL, 0, PLACE "/hostconfig.json is missing"},
	{REMOVE, PLACE, NULL, 0, "containers/" ID " is missing in all 2 of docker.dataRoots"},
	{WRITE, PLACE, "a file", 0, PLACE " is no directory"},
	{BIG, PLACE "/config.v2.json", NULL, 0, PLACE "/config.v2.json is larger than 1048576 bytes"},
	{WRITE, PLACE "/config.v2.json", CONFIG(OTHER), 0,
		PLACE "/config.v2.json: /ID: is of another container, \"" OTHER "\""},
	{WRITE, PLACE "/config.v2.json", "{\"ID\":\"" ID "\"", 0,
		PLACE "/config.v2.json:1:73: expected more, found the end of the text"},
	{WRITE, PLACE "/config.v2.json", "", 0, PLACE "/config.v2.json:1:1: expected more, found the end of the text"},
	{WRITE, PLACE "/config.v2.json", "{\"ID\":\"" ID "\",\"Name\":\"/a\",\"Name\":\"/ecs-agent\"}", 0,
		PLACE "/config.v2.json:1:86: expected each name once, found \"Name\" again"},
	{WRITE, PLACE "/config.v2.json", "{\"ID\":\"" ID "\",\"Name\":\"/a\",\"Image\":\"x\"}", 0,
		PLACE "/config.v2.json: /Config: is required"},
	{WRITE, PLACE "/config.v2.json", "{\"ID\":\"" ID "\",\"Name\":[\"/a\"],\"Image\":\"x\",\"Config\":{}}", 0,
		PLACE "/config.v2.json: /Name: must be a string, not an array"},
	{WRITE, PLACE "/config.v2.json",
		"{\"ID\":\"" ID "\",\"Name\":\"/a\",\"Image\":\"x\",\"Config\":{\"Labels\":{\"a\":7}}}", 0,
		PLACE "/config.v2.json: /Config/Labels/a: must be a string, not a number"},
	{WRITE, PLACE "/hostconfig.json", "{\"Privileged\":\"false\"}", 0,
		PLACE "/hostconfig.json: /Privileged: must be a boolean, not a string"},
};

static void tamper(enum tamper how, const char *path, const char *text, mode_t mode)
{
	char *big;

	switch (how) {
	case NOTHING:
		break;
	case WRITE:
		if (bw_streq(path, PLACE)) {
			ck_assert_int_eq(renameat(scratch.dir, path + 1, scratch.dir, "lib/moved"), 0);
			ck_assert_int_eq(bw_replace_at(scratch.dir, "lib-file", text, strlen(text), 0600, NULL), 0);
			ck_assert_int_eq(renameat(scratch.dir, "lib-file", scratch.dir, path + 1), 0);
			break;
		}
		scratch_write(&scratch, path + 1, text, 0600);
		break;
	case MODE:
		ck_assert_int_eq(fchmodat(scratch.dir, path + 1, mode, 0), 0);
		break;
	case TOP:
		ck_assert_int_eq(fchmod(scratch.dir, mode), 0);
		break;
	case LINK:
		/* What it leads to is right in all but being led to. */
		ck_assert_int_eq(renameat(scratch.dir, path + 1, scratch.dir, "lib/moved"), 0);
		scratch_link(&scratch, path + 1, text);
		break;
	case FIFO:
		ck_assert_int_eq(unlinkat(scratch.dir, path + 1, 0) | mkfifoat(scratch.dir, path + 1, 0600), 0);
		break;
	case DIRECTORY:
		ck_assert_int_eq(unlinkat(scratch.dir, path + 1, 0), 0);
		scratch_mkdir(&scratch, path + 1);
		break;
	case REMOVE:
		ck_assert_int_eq(renameat(scratch.dir, path + 1, scratch.dir, "lib/moved"), 0);
		break;
	case BIG:
		/* Blanks: well-formed JSON but for its size. */
		big = bw_arena_printf(&arena, "%s%*s", CONFIG(ID), BW_DOCKER_FACTS_MAX, "");
		scratch_write(&scratch, path + 1, big, 0600);
		break;
	}
}

START_TEST(docker_s_metadata_are_read_only_when_nobody_else_can_have_written_them)
{
	struct bw_policy_facts facts = {0};
	struct bw_err err = {0};
	int r;

	make_metadata();
	tamper(tampers[_i].how, tampers[_i].path, tampers[_i].text, tampers[_i].mode);
	r = read_metadata("/lib/docker", true, &facts, &err);
	ck_assert_msg(r == (tampers[_i].says ? -1 : 0), "%s", err.text);
	if (tampers[_i].says) {
		ck_assert_str_eq(err.text, tampers[_i].says);
		ck_assert_uint_eq(facts.values.n, 0);
	} else {
		ck_assert_str_eq(in_words(&facts),
			CONFIG_FACTS " docker.networkMode=host docker.cgroupParent= docker.runtime=bulwark "
				     "docker.privileged=false" LABEL_FACTS);
	}
}
END_TEST

START_TEST(a_file_of_the_largest_size_is_read)
{
	struct bw_policy_facts facts = {0};
	struct bw_err err = {0};

	make_metadata();
	scratch_write(&scratch, BENEATH(PLACE "/config.v2.json"),
		bw_arena_printf(&arena, "%s%*s", CONFIG(ID), BW_DOCKER_FACTS_MAX - (int)strlen(CONFIG(ID)), ""), 0600);
	ck_assert_msg(read_metadata("/lib/docker", false, &facts, &err) == 0, "%s", err.text);
	ck_assert_str_eq(in_words(&facts), CONFIG_FACTS LABEL_FACTS);
}
END_TEST

START_TEST(files_of_another_user_are_not_read)
{
	struct bw_strs roots = {0};
	struct bw_policy_facts facts = {0};
	struct bw_err err = {0};

	make_metadata();
	ck_assert_int_eq(bw_strs_add(&arena, &roots, "/lib/docker"), 0);
	ck_assert_int_eq(bw_docker_facts_read(scratch.dir, geteuid() + 1, &roots, ID, false, &arena, &facts, &err), -1);
	ck_assert_str_eq(err.text,
		bw_arena_printf(&arena, "/ belongs to user %u, not to %u", geteuid(), geteuid() + 1));
	if (geteuid() != 0)
		return;
	err = (struct bw_err){0};
	ck_assert_int_eq(fchownat(scratch.dir, BENEATH(PLACE "/config.v2.json"), 4242, 0, 0), 0);
	ck_assert_int_eq(read_metadata("/lib/docker", false, &facts, &err), -1);
	ck_assert_str_eq(err.text, PLACE "/config.v2.json belongs to user 4242, not to 0");
}
END_TEST

/* hostconfig.json is not opened when no rule asks for what is in it. */
START_TEST(the_second_file_is_read_only_when_it_is_wanted)
{
	struct bw_policy_facts facts = {0};
	struct bw_err err = {0};

	make_metadata();
	tamper(REMOVE, PLACE "/hostconfig.json", NULL, 0);
	ck_assert_msg(read_metadata("/lib/docker", false, &facts, &err) == 0, "%s", err.text);
	ck_assert_int_eq(read_metadata("/lib/docker", true, &facts, &err), -1);
}
END_TEST

/* The words by which engines know other failures, tests/unit/test_harden.c has the list too. */
START_TEST(no_sentence_is_one_that_engines_take_for_another)
{
	static const char *const phrases[] = {"no such file", "permission denied", "not permitted", "not a directory",
		"does not exist", "not found"};

	for (size_t i = 0; i < BW_COUNT(tampers); i++)
		for (size_t k = 0; tampers[i].says && k < BW_COUNT(phrases); k++)
			ck_assert_ptr_null(strcasestr(tampers[i].says, phrases[k]));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("facts");
	TCase *t = tcase_create("facts");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, the_cgroup_tells_of_the_task_or_the_pod, 0, (int)BW_COUNT(cgroups));
	tcase_add_loop_test(t, what_a_rule_asks_for_is_gathered_and_nothing_else, 0, (int)BW_COUNT(gathered));
	tcase_add_loop_test(t, docker_s_metadata_are_read_only_when_nobody_else_can_have_written_them, 0,
		(int)BW_COUNT(tampers));
	tcase_add_test(t, a_file_of_the_largest_size_is_read);
	tcase_add_test(t, files_of_another_user_are_not_read);
	tcase_add_test(t, the_second_file_is_read_only_when_it_is_wanted);
	tcase_add_test(t, no_sentence_is_one_that_engines_take_for_another);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
