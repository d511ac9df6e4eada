/* SPDX-License-Identifier: Apache-2.0 */
/* test_namespaces.c - which namespaces are made with the clone, which are entered before it, and
 * what is refused as none. */
#include "control_test.h"

#include <sys/stat.h>

#include "base/sys.h"

#define LINUX(list, more) "\"linux\":{\"namespaces\":[" list "]" more "}"
#define MOUNT		  "{\"type\":\"mount\"}"

static const struct {
	const char *type;
	uint64_t flag;
} kinds[] = {
	{"pid", CLONE_NEWPID},
	{"network", CLONE_NEWNET},
	{"ipc", CLONE_NEWIPC},
	{"uts", CLONE_NEWUTS},
	{"time", CLONE_NEWTIME},
};

static struct bench *with(const char *type, const char *path)
{
	char document[512];

	if (path)
		snprintf(document, sizeof document,
			LINUX(MOUNT ",{\"type\":\"%s\",\"path\":\"%s\"}", ""), type, path);
	else
		snprintf(document, sizeof document, LINUX(MOUNT ",{\"type\":\"%s\"}", ""), type);
	return bench_new("", document);
}

START_TEST(a_new_namespace_comes_with_the_clone)
{
	struct bench *b = with(kinds[_i].type, NULL);

	bench_prepare(b, &bw_namespaces);
	ck_assert_uint_eq(b->plan.clone_flags, CLONE_NEWNS | kinds[_i].flag);
	ck_assert_uint_eq(b->plan.n, 0);
	ck_assert_uint_eq(b->plan.joins_n, 0);
	bench_free(b);
}
END_TEST

START_TEST(a_cgroup_namespace_is_made_once_in_the_cgroup)
{
	struct bench *b = with("cgroup", NULL);

	bench_prepare(b, &bw_namespaces);
	ck_assert_uint_eq(b->plan.clone_flags, CLONE_NEWNS);
	ck_assert_uint_eq(b->plan.n, 1);
	bench_step(b, &bw_namespaces, 0, BW_PHASE_IDENTITY, BW_SIDE_CHILD, "new cgroup namespace");
	bench_free(b);
}
END_TEST

START_TEST(time_offsets_are_written_before_the_clone)
{
	struct bench *b = bench_new(
		"", LINUX(MOUNT ",{\"type\":\"time\"}",
			    ",\"timeOffsets\":{\"monotonic\":{\"secs\":-5,\"nanosecs\":7},"
			    "\"boottime\":{\"secs\":100}}"));

	bench_prepare(b, &bw_namespaces);
	ck_assert_uint_eq(b->plan.clone_flags, CLONE_NEWNS);
	ck_assert_str_eq(b->plan.time_offsets, "monotonic -5 7\nboottime 100 0\n");
	bench_free(b);
}
END_TEST

START_TEST(a_namespace_with_a_path_is_entered)
{
	struct bench *b = with("network", "/proc/self/ns/net");
	struct stat ours, theirs;

	bench_prepare(b, &bw_namespaces);
	ck_assert_uint_eq(b->plan.clone_flags, CLONE_NEWNS);
	ck_assert_uint_eq(b->plan.joins_n, 1);
	ck_assert_int_eq(b->plan.joins[0].type, CLONE_NEWNET);
	ck_assert_int_eq(stat("/proc/self/ns/net", &ours), 0);
	ck_assert_int_eq(fstat(b->plan.joins[0].fd, &theirs), 0);
	ck_assert_uint_eq(ours.st_ino, theirs.st_ino);
	ck_assert_int_eq(fcntl(b->plan.joins[0].fd, F_GETFD), FD_CLOEXEC);
	ck_assert_uint_eq(b->plan.fds_n, 1);
	bench_free(b);
}
END_TEST

START_TEST(the_user_namespace_is_entered_last)
{
	struct bench *b =
		bench_new("", LINUX("{\"type\":\"user\",\"path\":\"/proc/self/ns/user\"}," MOUNT
				    ",{\"type\":\"uts\",\"path\":\"/proc/self/ns/uts\"}"
				    ",{\"type\":\"ipc\",\"path\":\"/proc/self/ns/ipc\"}",
				      ""));

	bench_prepare(b, &bw_namespaces);
	ck_assert_uint_eq(b->plan.joins_n, 3);
	ck_assert_int_eq(b->plan.joins[2].type, CLONE_NEWUSER);
	bench_free(b);
}
END_TEST

static const struct {
	const char *path, *text;
} refused[] = {
	{"/proc/self/ns/uts",
		"/linux/namespaces/1/path: /proc/self/ns/uts is no network namespace"},
	{"/proc/self/ns/mnt",
		"/linux/namespaces/1/path: /proc/self/ns/mnt is no network namespace"},
	{"/dev/null", "/linux/namespaces/1/path: /dev/null is no network namespace"},
	{"/", "/linux/namespaces/1/path: / is no network namespace"},
	{"/none/net", "opening network namespace /none/net: no such file or directory"},
};

START_TEST(what_is_no_namespace_of_its_type_is_refused)
{
	struct bench *b = with("network", refused[_i].path);

	bench_refused(b, &bw_namespaces, BW_E_SPEC, "/linux/namespaces/1/path", refused[_i].text);
	ck_assert_uint_eq(b->plan.joins_n, 0);
	bench_free(b);
}
END_TEST

/* hardening: which of its members look at mounts. */
static struct {
	const char *document;
	struct bw_spec_hardening hardening;
} without_mount[] = {
	{LINUX("{\"type\":\"mount\",\"path\":\"/none\"}", ""), {.check_mounts = {true, true}}},
	{LINUX("{\"type\":\"mount\",\"path\":\"/none\"}", ""), {.restrict_rootfs = {true, true}}},
	{LINUX("{\"type\":\"pid\"}", ""), {.check_mounts = {true, true}}},
	{LINUX("{\"type\":\"pid\"}", ""), {.restrict_rootfs = {true, true}}},
};

START_TEST(the_host_s_mounts_are_shared_only_where_no_policy_looks_at_them)
{
	struct bench *b = bench_new("", LINUX("{\"type\":\"pid\"}", ""));

	bench_prepare(b, &bw_namespaces);
	ck_assert_uint_eq(b->plan.clone_flags, CLONE_NEWPID);
	bench_free(b);
	b = bench_new("", without_mount[_i].document);
	b->spec->hardening = &without_mount[_i].hardening;
	bench_refused(b, &bw_namespaces, BW_E_SPEC, "/linux/namespaces",
		"/linux/namespaces: a new mount namespace is required");
	bench_free(b);
}
END_TEST

START_TEST(the_host_s_own_mounts_are_not_joined)
{
	struct bench *b = bench_new("", LINUX("{\"type\":\"mount\",\"path\":\"/proc/self/ns/mnt\"}", ""));

	b->request.host_proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bench_refused(b, &bw_namespaces, BW_E_SPEC, "/linux/namespaces/0/path",
		"/linux/namespaces/0/path: /proc/self/ns/mnt is the host's own mount namespace, whose root would be the container's");
	ck_assert_uint_eq(b->plan.joins_n, 0);
	close(b->request.host_proc);
	bench_free(b);
}
END_TEST

START_TEST(a_further_process_enters_all_by_one_descriptor)
{
	struct bench *b = bench_new("",
		LINUX(MOUNT ",{\"type\":\"pid\"},{\"type\":\"network\",\"path\":\"/none\"}", ""));

	b->request.exec = true;
	b->request.target_pidfd = bw_pidfd_open(getpid(), 0);
	bench_prepare(b, &bw_namespaces);
	ck_assert_uint_eq(b->plan.clone_flags, 0);
	ck_assert_uint_eq(b->plan.joins_n, 1);
	ck_assert_int_eq(b->plan.joins[0].type, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET);
	/* The plan has a descriptor of its own: it may be closed with it. */
	ck_assert_int_ne(b->plan.joins[0].fd, b->request.target_pidfd);
	close(b->request.target_pidfd);
	bench_free(b);
}
END_TEST

START_TEST(a_further_process_needs_its_target)
{
	struct bench *b = bench_new("", LINUX(MOUNT, ""));

	b->request.exec = true;
	b->request.target_pidfd = -1;
	bench_refused(
		b, &bw_namespaces, BW_E_KERNEL, "", "entering the container: bad file descriptor");
	bench_free(b);
}
END_TEST

BENCH_MAIN("namespaces", {a_new_namespace_comes_with_the_clone, BW_COUNT(kinds)},
	{a_cgroup_namespace_is_made_once_in_the_cgroup, 0},
	{time_offsets_are_written_before_the_clone, 0}, {a_namespace_with_a_path_is_entered, 0},
	{the_user_namespace_is_entered_last, 0},
	{what_is_no_namespace_of_its_type_is_refused, BW_COUNT(refused)},
	{the_host_s_own_mounts_are_not_joined, 0},
	{the_host_s_mounts_are_shared_only_where_no_policy_looks_at_them, BW_COUNT(without_mount)},
	{a_further_process_enters_all_by_one_descriptor, 0},
	{a_further_process_needs_its_target, 0})
