/* SPDX-License-Identifier: Apache-2.0 */
/* test_devices.c - the nodes and links of /dev as steps; links are made for real, in a tree that
 * has them already in all kinds of shapes. Nodes need root: the root tests'. */
#include "control_test.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kernel_double.h"
#include "scratch.h"

#define MAPS                                                                                       \
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"                        \
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}]"
#define LINUX(more) "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]" more "}"
#define USER_LINUX(more)                                                                           \
	"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"user\"}]," MAPS more "}"

static const char *const always[] = {
	"make /dev/null (c 1:3)",
	"make /dev/zero (c 1:5)",
	"make /dev/full (c 1:7)",
	"make /dev/random (c 1:8)",
	"make /dev/urandom (c 1:9)",
	"make /dev/tty (c 5:0)",
	"link /dev/fd to /proc/self/fd",
	"link /dev/stdin to /proc/self/fd/0",
	"link /dev/stdout to /proc/self/fd/1",
	"link /dev/stderr to /proc/self/fd/2",
	"link /dev/ptmx to pts/ptmx",
};
enum { NODES = 6 };

START_TEST(the_default_nodes_and_links_are_always_made)
{
	struct bench *b = bench_new("", LINUX(""));

	bench_prepare(b, &bw_devices);
	ck_assert_uint_eq(b->plan.n, BW_COUNT(always));
	for (size_t i = 0; i < BW_COUNT(always); i++)
		bench_step(b, &bw_devices, i, BW_PHASE_ROOTFS, BW_SIDE_CHILD, always[i]);
	bench_free(b);
}
END_TEST

START_TEST(devices_that_are_asked_for_come_behind_them)
{
	struct bench *b = bench_new(
		"", LINUX(",\"devices\":["
			  "{\"type\":\"c\",\"path\":\"/dev/fuse\",\"major\":10,\"minor\":229},"
			  "{\"type\":\"u\",\"path\":\"/dev/ub\",\"major\":10,\"minor\":1},"
			  "{\"type\":\"b\",\"path\":\"/dev/loop7\",\"major\":7,\"minor\":7},"
			  "{\"type\":\"p\",\"path\":\"/dev/pipe\"},"
			  "{\"type\":\"c\",\"path\":\"/dev/null\",\"major\":1,\"minor\":3},"
			  "{\"type\":\"c\",\"path\":\"/dev/ptmx\",\"major\":5,\"minor\":2}]"));
	static const char *const asked[] = {"make /dev/fuse (c 10:229)", "make /dev/ub (c 10:1)",
		"make /dev/loop7 (b 7:7)", "make /dev/pipe (p 0:0)"};

	bench_prepare(b, &bw_devices);
	ck_assert_uint_eq(b->plan.n, BW_COUNT(always) + BW_COUNT(asked));
	for (size_t i = 0; i < BW_COUNT(asked); i++)
		bench_step(b, &bw_devices, NODES + i, BW_PHASE_ROOTFS, BW_SIDE_CHILD, asked[i]);
	bench_free(b);
}
END_TEST

START_TEST(a_type_that_is_none_is_refused)
{
	struct bench *b = bench_new(
		"", LINUX(",\"devices\":[{\"type\":\"p\",\"path\":\"/dev/a\"},{\"type\":\"p\","
			  "\"path\":\"/dev/b\"}]"));

	b->spec->linux_->devices.v[1].type = bw_arena_strdup(&b->arena, "a");
	bench_refused(b, &bw_devices, BW_E_SPEC, "/linux/devices/1/type",
		"/linux/devices/1/type: \"a\" is none of c, b, u, p");
	bench_free(b);
}
END_TEST

/* mknod(2) is refused there. */
START_TEST(in_a_user_namespace_the_hosts_nodes_are_bound)
{
	struct bench *b =
		bench_new("", USER_LINUX(",\"devices\":[{\"type\":\"p\",\"path\":\"/dev/pipe\"}]"));
	struct stat st;

	kernel_double = (struct kernel_double){0};
	bench_prepare(b, &bw_devices);
	bench_step(b, &bw_devices, 0, BW_PHASE_ROOTFS, BW_SIDE_CHILD, "bind /dev/null (c 1:3)");
	bench_step(b, &bw_devices, NODES, BW_PHASE_ROOTFS, BW_SIDE_CHILD, "make /dev/pipe (p 0:0)");
	ck_assert_uint_eq(kernel_double.opened, NODES);
	ck_assert_uint_eq(b->plan.fds_n, NODES);
	ck_assert_int_eq(fstat(b->plan.fds[0], &st), 0);
	ck_assert_uint_eq(st.st_rdev, makedev(1, 3));
	bench_free(b);
}
END_TEST

START_TEST(a_host_whose_node_is_another_device_is_refused)
{
	struct bench *b = bench_new("",
		USER_LINUX(
			",\"devices\":[{\"type\":\"c\",\"path\":\"/dev/../dev/zero\",\"major\":1,"
			"\"minor\":3}]"));

	bench_refused(b, &bw_devices, BW_E_HOST, "",
		"devices: the host's /dev/../dev/zero is not device 1:3");
	bench_free(b);
}
END_TEST

START_TEST(a_node_that_the_host_lacks_is_named)
{
	struct bench *b = bench_new("",
		USER_LINUX(",\"devices\":[{\"type\":\"c\",\"path\":\"/dev/no-such\",\"major\":1,"
			   "\"minor\":3}]"));

	bench_refused(b, &bw_devices, BW_E_KERNEL, "",
		"devices: opening the host's /dev/no-such: no such file or directory");
	bench_free(b);
}
END_TEST

static const struct {
	const char *mount;
	bool ours;
} dev_mounts[] = {
	{"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}", true},
	{"{\"destination\":\"/dev\",\"source\":\"/dev\",\"options\":[\"bind\"]}", false},
	{"{\"destination\":\"//dev/.\",\"source\":\"/dev\",\"options\":[\"ro\",\"rbind\"]}", false},
	{"{\"destination\":\"/dev/shm\",\"source\":\"/dev/shm\",\"options\":[\"bind\"]}", true},
};

START_TEST(a_bound_dev_is_the_callers_own_business)
{
	char document[512];
	struct bench *b;

	snprintf(document, sizeof document, LINUX("") ",\"mounts\":[%s]", dev_mounts[_i].mount);
	b = bench_new("", document);
	bench_prepare(b, &bw_devices);
	ck_assert_uint_eq(b->plan.n, dev_mounts[_i].ours ? BW_COUNT(always) : 0);
	bench_free(b);
}
END_TEST

START_TEST(a_further_process_finds_them_made)
{
	struct bench *b = bench_new("", LINUX(""));

	b->request.exec = true;
	bench_prepare(b, &bw_devices);
	ck_assert_uint_eq(b->plan.n, 0);
	bench_free(b);
}
END_TEST

/* ---- links, for real ---- */

static void make_links(struct bench *b, int root)
{
	struct bw_child child = {.root = root, .host_proc = -1, .null = -1, .scratch = -1};

	for (size_t i = NODES; i < b->plan.n; i++) {
		const struct bw_step *step = &b->plan.steps[i];

		ck_assert_int_eq(
			bw_devices_apply(&child, step->op, bw_plan_data(&b->plan, step), step->len),
			0);
	}
}

static const char *target(const struct scratch *s, const char *name)
{
	static char text[256];
	ssize_t len = readlinkat(s->dir, name, text, sizeof text - 1);

	text[len < 0 ? 0 : len] = '\0';
	return text;
}

START_TEST(links_are_made_with_their_directory)
{
	struct bench *b = bench_new("", LINUX(""));
	struct scratch root;

	scratch_make(&root);
	bench_prepare(b, &bw_devices);
	make_links(b, root.dir);
	ck_assert_str_eq(target(&root, "dev/fd"), "/proc/self/fd");
	ck_assert_str_eq(target(&root, "dev/stderr"), "/proc/self/fd/2");
	ck_assert_str_eq(target(&root, "dev/ptmx"), "pts/ptmx");
	scratch_remove(&root);
	bench_free(b);
}
END_TEST

/* As the second container on the same tree has it: /dev/stdin leads to a link whose text is no
 * path, "pipe:[4711]". */
START_TEST(links_that_are_there_are_neither_followed_nor_changed)
{
	struct bench *b = bench_new("", LINUX(""));
	struct scratch root;

	scratch_make(&root);
	scratch_mkdir(&root, "dev");
	scratch_mkdir(&root, "proc");
	scratch_mkdir(&root, "proc/self");
	scratch_mkdir(&root, "proc/self/fd");
	scratch_link(&root, "proc/self/fd/0", "pipe:[4711]");
	scratch_link(&root, "dev/stdin", "/proc/self/fd/0");
	scratch_link(&root, "dev/stdout", "../../../../escape");
	scratch_write(&root, "dev/ptmx", "", 0644);
	bench_prepare(b, &bw_devices);
	make_links(b, root.dir);
	ck_assert(!scratch_has(&root, "proc/self/fd/pipe:[4711]"));
	ck_assert_str_eq(target(&root, "dev/stdout"), "../../../../escape");
	ck_assert(!scratch_has(&root, "escape"));
	scratch_remove(&root);
	bench_free(b);
}
END_TEST

/* CVE-2026-41579: /dev itself may be a link. */
START_TEST(a_dev_that_is_a_link_stays_inside)
{
	struct bench *b = bench_new("", LINUX(""));
	struct scratch host;
	int root;

	scratch_make(&host);
	scratch_mkdir(&host, "root");
	scratch_mkdir(&host, "out");
	scratch_link(&host, "root/dev", "../../../out");
	root = openat(host.dir, "root", O_PATH | O_CLOEXEC);
	bench_prepare(b, &bw_devices);
	make_links(b, root);
	close(root);
	ck_assert(!scratch_has(&host, "out/fd"));
	ck_assert_str_eq(target(&host, "root/out/fd"), "/proc/self/fd");
	scratch_remove(&host);
	bench_free(b);
}
END_TEST

/* A MUST of the spec: what stands there must be that device. Without root mknod says EPERM, with it
 * EEXIST; a fifo can be made by anybody. */
START_TEST(a_fifo_is_made_once_and_no_other_file_is_taken_for_it)
{
	struct bench *b = bench_new("",
		LINUX(",\"devices\":[{\"type\":\"p\",\"path\":\"/run/x/pipe\",\"fileMode\":438}]"));
	struct bw_child child = {.host_proc = -1, .null = -1, .scratch = -1};
	const struct bw_step *step;
	struct scratch root;
	struct stat st;

	scratch_make(&root);
	child.root = root.dir;
	bench_prepare(b, &bw_devices);
	step = &b->plan.steps[NODES];
	for (int round = 0; round < 2; round++)
		ck_assert_int_eq(
			bw_devices_apply(&child, step->op, bw_plan_data(&b->plan, step), step->len),
			0);
	ck_assert_int_eq(fstatat(root.dir, "run/x/pipe", &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	ck_assert_int_eq(unlinkat(root.dir, "run/x/pipe", 0), 0);
	scratch_write(&root, "run/x/pipe", "", 0644);
	ck_assert_int_eq(
		bw_devices_apply(&child, step->op, bw_plan_data(&b->plan, step), step->len),
		-EEXIST);
	scratch_remove(&root);
	bench_free(b);
}
END_TEST

BENCH_MAIN("devices", {the_default_nodes_and_links_are_always_made, 0},
	{devices_that_are_asked_for_come_behind_them, 0}, {a_type_that_is_none_is_refused, 0},
	{in_a_user_namespace_the_hosts_nodes_are_bound, 0},
	{a_host_whose_node_is_another_device_is_refused, 0},
	{a_node_that_the_host_lacks_is_named, 0},
	{a_bound_dev_is_the_callers_own_business, BW_COUNT(dev_mounts)},
	{a_further_process_finds_them_made, 0}, {links_are_made_with_their_directory, 0},
	{links_that_are_there_are_neither_followed_nor_changed, 0},
	{a_dev_that_is_a_link_stays_inside, 0},
	{a_fifo_is_made_once_and_no_other_file_is_taken_for_it, 0})
