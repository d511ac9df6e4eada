/* SPDX-License-Identifier: Apache-2.0 */
/* test_measures.c - a container's numbers in its directory, and the host's totals: nothing is counted twice, nothing goes
 * down, and no number of tenants makes them grow without end. */
#include <check.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "base/auto.h"
#include "metrics/metrics.h"
#include "scratch.h"

static struct scratch top;
static struct bw_err err;

static void setup(void)
{
	scratch_make(&top);
	err = (struct bw_err){0};
}

static void teardown(void)
{
	scratch_remove(&top);
}

static int container(const char *name)
{
	int dir;

	scratch_mkdir(&top, name);
	dir = openat(top.dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
	return dir;
}

static struct bw_measures some(uint64_t duration_ms)
{
	struct bw_measures m = {.duration_ms = duration_ms, .started_unix_ms = 1764000000000};

	for (size_t i = 0; i < BW_COUNT_END; i++)
		m.count[i] = 100 + i;
	for (size_t i = 0; i < BW_GAUGE_END; i++)
		m.gauge[i] = 1000 + i;
	return m;
}

static int store(void)
{
	int dir = openat(top.dir, "totals", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? container("totals") : dir;
}

static void add(int totals, int dir, const char *tenant, const char *profile, const struct bw_measures *m)
{
	ck_assert_msg(bw_totals_add_at(totals, dir, tenant, profile, m, &err) == 0, "%s", err.text);
}

static struct bw_totals *read_all(int totals, size_t *n)
{
	struct bw_totals *all;
	size_t bad;

	ck_assert_int_eq(bw_totals_read(totals, &all, n, &bad, &err), 0);
	ck_assert_uint_eq(bad, 0);
	return all;
}

START_TEST(every_number_comes_back)
{
	struct bw_measures in = some(1234), out;

	ck_assert_int_eq(bw_measures_write(top.dir, BW_MEASURES_NAME, &in, &err), 0);
	ck_assert_int_eq(bw_measures_read(top.dir, BW_MEASURES_NAME, &out, &err), 0);
	ck_assert_mem_eq(&in, &out, sizeof in);
}
END_TEST

START_TEST(no_measures_are_not_found)
{
	struct bw_measures out;

	ck_assert_int_eq(bw_measures_read(top.dir, BW_MEASURES_NAME, &out, &err), -1);
	ck_assert_int_eq(err.code, BW_E_NOT_FOUND);
}
END_TEST

START_TEST(a_newer_file_is_read_and_a_shorter_one_has_zeros)
{
	static const char text[] = "bulwark-measures 1\nexecutions 7\nnot_known_yet some words\n";
	struct bw_measures out;

	ck_assert_msg(bw_measures_parse(text, sizeof text - 1, "x", &out, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(out.count[BW_COUNT_EXECUTIONS], 7);
	ck_assert_uint_eq(out.count[BW_COUNT_ALERTS], 0);
}
END_TEST

static const char *const refused[] = {
	"", "bulwark-measures 2\n", "bulwark-measures 1", "bulwark-measures 1\nexecutions 7",
	"bulwark-measures 1\nexecutions\n", "bulwark-measures 1\nexecutions \n", "bulwark-measures 1\nexecutions -1\n",
	"bulwark-measures 1\nexecutions 18446744073709551616\n", "bulwark-measures 1\nexecutions 1\nexecutions 2\n",
	"bulwark-measures 1\n\n", "bulwark-measures 1\nexecutions  1\n", "bulwark-measures 1\nexecutions 1 \n",
	"bulwark-measures 1\n 1\n", "bulwark-measures 1\nx \033[2J\n", "bulwark-totals 1\nexecutions 1\n",
};

START_TEST(what_is_no_such_file_is_refused)
{
	struct bw_measures out;

	ck_assert_int_eq(bw_measures_parse(refused[_i], strlen(refused[_i]), "x", &out, &err), -1);
	ck_assert_int_eq(err.code, BW_E_STATE);
	ck_assert_msg(strncmp(err.text, "x", 1) == 0 && strstr(err.text, _i < 3 || _i == 14 ? "begins with" : "each name once"),
		"%s", err.text);
}
END_TEST

START_TEST(a_link_in_the_place_of_the_file_is_not_followed)
{
	struct bw_measures out;

	scratch_write(&top, "real", "bulwark-measures 1\n", 0600);
	scratch_link(&top, BW_MEASURES_NAME, "real");
	ck_assert_int_eq(bw_measures_read(top.dir, BW_MEASURES_NAME, &out, &err), -1);
	ck_assert_int_eq(err.code, BW_E_KERNEL);
}
END_TEST

START_TEST(what_ends_is_added_to_its_tenant_and_profile)
{
	auto_close int totals = store(), a = container("a"), b = container("b"), c = container("c");
	struct bw_measures m = some(700), slow = some(20000000);
	auto_free struct bw_totals *all = NULL;
	size_t n;

	add(totals, a, "acme", "hardened", &m);
	add(totals, b, "acme", "hardened", &slow);
	add(totals, c, NULL, "hardened", &m);
	all = read_all(totals, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(all[0].tenant, "");
	ck_assert_str_eq(all[1].tenant, "acme");
	ck_assert_str_eq(all[1].profile, "hardened");
	ck_assert_uint_eq(all[1].ended, 2);
	ck_assert_uint_eq(all[1].duration_ms, 20000700);
	ck_assert_uint_eq(all[1].bucket[3], 1);
	ck_assert_uint_eq(all[1].bucket[BW_DURATION_BOUNDS], 1);
	for (size_t i = 0; i < BW_COUNT_END; i++)
		ck_assert_uint_eq(all[1].count[i], 2 * (100 + i));
}
END_TEST

START_TEST(a_bound_belongs_to_its_bucket)
{
	auto_close int totals = store();
	auto_free struct bw_totals *all = NULL;
	size_t n;

	for (size_t i = 0; i < BW_DURATION_BOUNDS; i++) {
		struct bw_measures at = some(bw_duration_bounds[i]), above = some(bw_duration_bounds[i] + 1);

		ck_assert(i == 0 || bw_duration_bounds[i] > bw_duration_bounds[i - 1]);
		add(totals, -1, NULL, NULL, &at);
		add(totals, -1, NULL, NULL, &above);
	}
	all = read_all(totals, &n);
	ck_assert_uint_eq(all[0].bucket[0], 1);
	for (size_t i = 1; i < BW_DURATION_BOUNDS; i++)
		ck_assert_uint_eq(all[0].bucket[i], 2);
	ck_assert_uint_eq(all[0].bucket[BW_DURATION_BOUNDS], 1);
}
END_TEST

START_TEST(one_container_is_added_once)
{
	auto_close int totals = store(), a = container("a");
	struct bw_measures m = some(700);
	auto_free struct bw_totals *all = NULL;
	size_t n;

	ck_assert(!bw_totals_has(a));
	add(totals, a, "acme", "hardened", &m);
	ck_assert(bw_totals_has(a));
	add(totals, a, "acme", "hardened", &m);
	all = read_all(totals, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(all[0].ended, 1);
}
END_TEST

START_TEST(a_duration_that_nobody_knows_is_none)
{
	auto_close int totals = store();
	struct bw_measures m = some(700);
	auto_free struct bw_totals *all = NULL;
	size_t n;

	m.started_unix_ms = 0;
	add(totals, -1, "a", "p", &m);
	all = read_all(totals, &n);
	ck_assert_uint_eq(all[0].count[BW_COUNT_CPU_USEC], m.count[BW_COUNT_CPU_USEC]);
	ck_assert(all[0].ended == 0 && all[0].duration_ms == 0 && all[0].bucket[3] == 0);
}
END_TEST

START_TEST(what_has_no_container_is_counted)
{
	auto_close int totals = store();
	auto_free struct bw_totals *all = NULL;
	size_t n;

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(bw_totals_count_at(totals, "acme", "p", BW_COUNT_STARTS_REFUSED, 2, &err), 0);
	all = read_all(totals, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(all[0].count[BW_COUNT_STARTS_REFUSED], 6);
	ck_assert_uint_eq(all[0].ended, 0);
}
END_TEST

START_TEST(a_sum_stays_at_the_largest_number)
{
	auto_close int totals = store();
	struct bw_measures m = some(UINT64_MAX);
	auto_free struct bw_totals *all = NULL;
	size_t n;

	m.count[BW_COUNT_CPU_USEC] = UINT64_MAX;
	add(totals, -1, "a", "p", &m);
	add(totals, -1, "a", "p", &m);
	all = read_all(totals, &n);
	ck_assert(all[0].count[BW_COUNT_CPU_USEC] == UINT64_MAX && all[0].duration_ms == UINT64_MAX);
}
END_TEST

START_TEST(names_that_are_no_labels_are_counted_as_other)
{
	auto_close int totals = store();
	struct bw_measures m = some(1);
	auto_free struct bw_totals *all = NULL;
	char name[BW_LABEL_SIZE + 1];
	size_t n;

	memset(name, 'x', BW_LABEL_SIZE);
	name[BW_LABEL_SIZE] = '\0';
	add(totals, -1, name, "p", &m);
	add(totals, -1, "two\nlines 1", "p", &m);
	add(totals, -1, "\033[2J", "p", &m);
	add(totals, -1, "\"} 1 \\", "p", &m);
	all = read_all(totals, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(all[0].tenant, "\"} 1 \\");
	ck_assert_str_eq(all[1].tenant, "other");
	ck_assert_uint_eq(all[1].ended, 3);
}
END_TEST

START_TEST(tenants_beyond_the_limit_are_counted_as_other)
{
	auto_close int totals = store();
	struct bw_measures m = some(1);
	auto_free struct bw_totals *all = NULL;
	uint64_t ended = 0, others = 0;
	char name[32];
	size_t n;

	for (int i = 0; i < BW_TOTALS_MAX_SETS + 100; i++) {
		snprintf(name, sizeof name, "tenant-%d", i);
		add(totals, -1, name, i % 2 ? "hardened" : "untrusted-code", &m);
	}
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "profile-%d", i);
		add(totals, -1, "late", name, &m);
	}
	add(totals, -1, "tenant-5", "hardened", &m);
	all = read_all(totals, &n);
	ck_assert_uint_eq(n, BW_TOTALS_MAX_SETS + 64 + 1);
	for (size_t i = 0; i < n; i++) {
		ended += all[i].ended;
		if (strcmp(all[i].tenant, "other") == 0)
			others += all[i].ended;
		if (strcmp(all[i].tenant, "tenant-5") == 0)
			ck_assert_uint_eq(all[i].ended, 2);
	}
	ck_assert_uint_eq(ended, BW_TOTALS_MAX_SETS + 301);
	ck_assert_uint_eq(others, 300);
}
END_TEST

START_TEST(a_broken_file_is_left_out_and_begins_anew)
{
	auto_close int totals = store();
	struct bw_measures m = some(1);
	struct bw_totals *all;
	char path[600];
	size_t n, bad;

	add(totals, -1, "a", "p", &m);
	snprintf(path, sizeof path, "cd '%s/totals' && for f in t-*; do echo nonsense >$f; cp $f .$f.77; done", top.path);
	ck_assert_int_eq(system(path), 0);
	ck_assert_int_eq(bw_totals_read(totals, &all, &n, &bad, &err), 0);
	ck_assert(n == 0 && bad == 1);
	free(all);
	add(totals, -1, "a", "p", &m);
	add(totals, -1, "b", "p", &m);
	all = read_all(totals, &n);
	ck_assert(n == 2 && all[0].ended == 1);
	free(all);
	snprintf(path, sizeof path, "ls -A '%s/totals' | grep -q '^[.]t-'", top.path);
	ck_assert_msg(system(path) != 0, "what a killed writer left is still there");
}
END_TEST

/* Eight at once, of which some are for the same container. */
START_TEST(nothing_is_lost_when_many_end_at_once)
{
	auto_close int totals = store(), shared = container("shared");
	auto_free struct bw_totals *all = NULL;
	struct bw_measures m = some(1);
	size_t n;
	int status;

	for (int i = 0; i < 8; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		for (int k = 0; pid == 0 && k < 25; k++)
			if (bw_totals_add_at(totals, -1, "a", "p", &m, NULL) < 0)
				_exit(1);
		if (pid == 0)
			_exit(bw_totals_add_at(totals, shared, "a", "p", &m, NULL) < 0);
	}
	while (wait(&status) > 0)
		ck_assert_int_eq(status, 0);
	all = read_all(totals, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(all[0].ended, 201);
}
END_TEST

START_TEST(a_lock_that_is_held_is_waited_for_and_not_forever)
{
	auto_close int totals = store(), held = store();
	struct bw_measures m = some(1);

	ck_assert_int_eq(flock(held, LOCK_EX), 0);
	ck_assert_int_eq(bw_totals_add_at(totals, -1, "a", "p", &m, &err), -1);
	ck_assert_str_eq(err.text, "the totals have been locked by somebody else for 2000 ms");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("measures");
	TCase *files = tcase_create("files"), *totals = tcase_create("totals");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(files, setup, teardown);
	tcase_add_test(files, every_number_comes_back);
	tcase_add_test(files, no_measures_are_not_found);
	tcase_add_test(files, a_newer_file_is_read_and_a_shorter_one_has_zeros);
	tcase_add_loop_test(files, what_is_no_such_file_is_refused, 0, (int)BW_COUNT(refused));
	tcase_add_test(files, a_link_in_the_place_of_the_file_is_not_followed);
	suite_add_tcase(suite, files);
	tcase_add_checked_fixture(totals, setup, teardown);
	tcase_set_timeout(totals, 30);
	tcase_add_test(totals, what_ends_is_added_to_its_tenant_and_profile);
	tcase_add_test(totals, a_bound_belongs_to_its_bucket);
	tcase_add_test(totals, one_container_is_added_once);
	tcase_add_test(totals, a_duration_that_nobody_knows_is_none);
	tcase_add_test(totals, what_has_no_container_is_counted);
	tcase_add_test(totals, a_sum_stays_at_the_largest_number);
	tcase_add_test(totals, names_that_are_no_labels_are_counted_as_other);
	tcase_add_test(totals, tenants_beyond_the_limit_are_counted_as_other);
	tcase_add_test(totals, a_broken_file_is_left_out_and_begins_anew);
	tcase_add_test(totals, nothing_is_lost_when_many_end_at_once);
	tcase_add_test(totals, a_lock_that_is_held_is_waited_for_and_not_forever);
	suite_add_tcase(suite, totals);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
