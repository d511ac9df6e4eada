/* SPDX-License-Identifier: Apache-2.0 */
/* test_keeper.c - what is due when in the life of a container, and what its load and its lines come to. The clock is the
 * test's; tests/root/keeper.sh has the rest. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "keeper/follow.h"
#include "keeper/life.h"
#include "keeper/sample.h"
#include "keeper/seen.h"
#include "keeper/settings.h"
#include "keeper/window.h"

START_TEST(a_life_without_a_limit_has_nothing_due)
{
	struct bw_kept_life life = {0};

	ck_assert_int_eq(bw_life_step(&life, 0, 1000), BW_LIFE_NOTHING);
	bw_life_begin(&life, 0, 1000);
	ck_assert(life.begun);
	ck_assert_int_eq(bw_life_step(&life, 0, UINT64_MAX), BW_LIFE_NOTHING);
}
END_TEST

START_TEST(a_word_comes_first_and_then_blow_after_blow)
{
	struct bw_kept_life life = {0};

	bw_life_begin(&life, 2000, 1000);
	ck_assert_uint_eq(life.due_ms, 3000);
	ck_assert_int_eq(bw_life_step(&life, 500, 2999), BW_LIFE_NOTHING);
	ck_assert_int_eq(bw_life_step(&life, 500, 3000), BW_LIFE_TELL);
	ck_assert_int_eq(bw_life_step(&life, 500, 3499), BW_LIFE_NOTHING);
	ck_assert_int_eq(bw_life_step(&life, 500, 3500), BW_LIFE_KILL);
	ck_assert(life.forced);
	ck_assert_int_eq(bw_life_step(&life, 500, 4499), BW_LIFE_NOTHING);
	ck_assert_int_eq(bw_life_step(&life, 500, 4500), BW_LIFE_KILL);
}
END_TEST

START_TEST(a_life_begins_once)
{
	struct bw_kept_life life = {0};

	bw_life_begin(&life, 2000, 1000);
	bw_life_begin(&life, 2000, 2500);
	ck_assert_uint_eq(life.began_ms, 1000);
	ck_assert_uint_eq(life.due_ms, 3000);
}
END_TEST

START_TEST(an_end_for_another_reason_has_no_word)
{
	struct bw_kept_life life = {0};

	bw_life_begin(&life, 0, 1000);
	bw_life_end_now(&life, 5000);
	ck_assert_int_eq(bw_life_step(&life, 60000, 5000), BW_LIFE_KILL);
}
END_TEST

START_TEST(a_clock_s_end_is_no_beginning)
{
	struct bw_kept_life life = {0};

	bw_life_begin(&life, UINT64_MAX, 1000);
	ck_assert_uint_eq(life.due_ms, UINT64_MAX);
	ck_assert_int_eq(bw_life_step(&life, 0, 1ULL << 60), BW_LIFE_NOTHING);
}
END_TEST

/* ---- windows ---- */

enum { SECOND = 1000, MINUTE = 60 * SECOND, ONE_PROCESSOR = 1000 };

/* From *at_ms on for so many seconds, a look each second, at so many percent of one processor. */
static void run_at(struct bw_window *window, uint64_t *at_ms, uint64_t *cpu_usec, unsigned seconds, unsigned percent)
{
	for (unsigned i = 0; i < seconds; i++) {
		*at_ms += SECOND;
		*cpu_usec += (uint64_t)percent * 10 * SECOND;
		bw_window_add(window, *at_ms, *cpu_usec, 0);
	}
}

START_TEST(a_load_is_known_when_the_window_is_full)
{
	struct bw_window window;
	struct bw_window_load load;
	uint64_t at = 7 * MINUTE, usec = 12345;

	bw_window_begin(&window, 5 * MINUTE);
	ck_assert(!bw_window_load(&window, at, ONE_PROCESSOR, &load));
	run_at(&window, &at, &usec, 299, 90);
	ck_assert(!bw_window_load(&window, at, ONE_PROCESSOR, &load));
	run_at(&window, &at, &usec, 20, 90);
	ck_assert(bw_window_load(&window, at, ONE_PROCESSOR, &load));
	ck_assert_uint_eq(load.mean, 9000);
	ck_assert_uint_eq(load.least, 9000);
	ck_assert_uint_eq(load.most, 9000);
	/* Of four processors it is a quarter. */
	ck_assert(bw_window_load(&window, at, 4 * ONE_PROCESSOR, &load));
	ck_assert_uint_eq(load.mean, 2250);
	ck_assert(!bw_window_load(&window, at, 0, &load));
}
END_TEST

START_TEST(a_window_slides)
{
	struct bw_window window;
	struct bw_window_load load;
	uint64_t at = 0, usec = 0;

	bw_window_begin(&window, MINUTE);
	run_at(&window, &at, &usec, 300, 100);
	run_at(&window, &at, &usec, 30, 0);
	ck_assert(bw_window_load(&window, at, ONE_PROCESSOR, &load));
	/* Half of it, as exactly as its points are close. */
	ck_assert_uint_ge(load.mean, 4700);
	ck_assert_uint_le(load.mean, 5300);
	ck_assert_uint_eq(load.least, 0);
	ck_assert_uint_eq(load.most, 10000);
	run_at(&window, &at, &usec, 34, 0);
	ck_assert(bw_window_load(&window, at, ONE_PROCESSOR, &load));
	ck_assert_uint_eq(load.mean, 0);
}
END_TEST

START_TEST(looks_that_are_rarer_than_the_window_are_long_see_the_time_between)
{
	struct bw_window window;
	struct bw_window_load load;

	bw_window_begin(&window, 2 * SECOND);
	bw_window_add(&window, 10 * SECOND, 0, 0);
	bw_window_add(&window, 20 * SECOND, 5 * SECOND * 1000, 1 << 20);
	ck_assert(bw_window_load(&window, 20 * SECOND, ONE_PROCESSOR, &load));
	ck_assert_uint_eq(load.mean, 5000);
	ck_assert_uint_eq(load.bytes_per_second, (1 << 20) / 10);
	/* A counter that goes back is no load. */
	bw_window_add(&window, 30 * SECOND, 0, 0);
	ck_assert(bw_window_load(&window, 30 * SECOND, ONE_PROCESSOR, &load));
	ck_assert_uint_eq(load.mean, 0);
	ck_assert_uint_eq(load.bytes_per_second, 0);
}
END_TEST

START_TEST(an_alarm_is_given_once_until_it_was_quiet)
{
	bool fired = false;

	ck_assert(!bw_window_fires(&fired, false, true));
	ck_assert(bw_window_fires(&fired, true, false));
	ck_assert(!bw_window_fires(&fired, true, false));
	/* Between the two limits nothing changes. */
	ck_assert(!bw_window_fires(&fired, false, false));
	ck_assert(!bw_window_fires(&fired, true, false));
	ck_assert(!bw_window_fires(&fired, false, true));
	ck_assert(bw_window_fires(&fired, true, false));
}
END_TEST

START_TEST(events_are_counted_for_as_long_as_the_window)
{
	struct bw_counter counter;
	uint64_t at = 5 * MINUTE;

	bw_counter_begin(&counter, MINUTE);
	ck_assert_uint_eq(bw_counter_sum(&counter, at), 0);
	for (int i = 0; i < 20; i++)
		bw_counter_add(&counter, at + (uint64_t)i * SECOND, 1);
	ck_assert_uint_eq(bw_counter_sum(&counter, at + 20 * SECOND), 20);
	ck_assert_uint_eq(bw_counter_sum(&counter, at + 70 * SECOND), 10);
	ck_assert_uint_eq(bw_counter_sum(&counter, at + 2 * MINUTE), 0);
	bw_counter_add(&counter, at + 100 * MINUTE, UINT64_MAX);
	ck_assert_uint_eq(bw_counter_sum(&counter, at + 100 * MINUTE), UINT32_MAX);
	ck_assert_uint_eq(bw_counter_sum(&counter, at + 200 * MINUTE), 0);
}
END_TEST

/* ---- what is read ---- */

START_TEST(bytes_of_interfaces_are_summed_without_loopback)
{
	static const char text[] =
		"Inter-|   Receive                                                |  Transmit\n"
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs\n"
		"    lo: 1000      10    0    0    0     0          0         0     1000      10    0    0    0     0       0          0\n"
		"  eth0: 5 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n"
		"longinterface0:11 1 0 0 0 0 0 0 13 1 0 0 0 0 0 0\n"
		"  bad0: x y\n";
	uint64_t in = 1, out = 1;

	bw_sample_net(text, &in, &out);
	ck_assert_uint_eq(in, 16);
	ck_assert_uint_eq(out, 20);
	bw_sample_net("", &in, &out);
	ck_assert_uint_eq(in + out, 0);
}
END_TEST

START_TEST(what_an_interface_has_counted_stays_when_it_goes)
{
	uint64_t sum = 0, last = 0;

	bw_sample_gain(&sum, &last, 100);
	bw_sample_gain(&sum, &last, 130);
	ck_assert_uint_eq(sum, 130);
	bw_sample_gain(&sum, &last, 10);
	ck_assert_uint_eq(sum, 130);
	bw_sample_gain(&sum, &last, 15);
	ck_assert_uint_eq(sum, 135);
}
END_TEST

START_TEST(programs_that_install_are_known_by_name)
{
	static const char *const yes[] = {"pip", "/usr/bin/pip3", "/opt/venv/bin/pip3.11", "/usr/bin/npm", "npx", "/x/yarn", "pnpm", "/x/uv"};
	static const char *const no[] = {"", "/", "/usr/bin/python3", "/x/pipe", "/x/pip-audit", "/x/pip/python", "uvicorn", "npmrc"};

	for (size_t i = 0; i < BW_COUNT(yes); i++)
		ck_assert_msg(bw_seen_installs(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < BW_COUNT(no); i++)
		ck_assert_msg(!bw_seen_installs(no[i]), "%s", no[i]);
}
END_TEST

static void count_line(const struct bw_json *object, void *ctx)
{
	uint64_t *sum = ctx;

	*sum += bw_follow_number(object, "n");
	ck_assert_str_eq(bw_follow_text(object, "none"), "");
	ck_assert_str_eq(bw_follow_text(object, "n"), "");
}

static void append(int dir, const char *text, size_t len)
{
	int fd = openat(dir, "lines", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	close(fd);
}

START_TEST(whole_lines_are_read_once_and_others_are_passed_over)
{
	char path[] = "keeper-lines.XXXXXX", *longest = malloc(3 * BW_FOLLOW_LINE);
	uint64_t at = 0, sum = 0;
	int dir;

	ck_assert_ptr_nonnull(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bw_follow(dir, "lines", &at, count_line, &sum);
	ck_assert_uint_eq(at, 0);
	append(dir, "{\"n\":1}\nnone\n[2]\n{\"n\":-4}\n{\"n\":8", 32);
	bw_follow(dir, "lines", &at, count_line, &sum);
	ck_assert_uint_eq(sum, 1);
	bw_follow(dir, "lines", &at, count_line, &sum);
	ck_assert_uint_eq(sum, 1);
	append(dir, "}\n", 2);
	bw_follow(dir, "lines", &at, count_line, &sum);
	ck_assert_uint_eq(sum, 9);
	/* One that is too long, and one behind it. */
	memset(longest, 'x', 3 * BW_FOLLOW_LINE);
	append(dir, longest, 3 * BW_FOLLOW_LINE);
	append(dir, "\n{\"n\":16}\n", 11);
	bw_follow(dir, "lines", &at, count_line, &sum);
	ck_assert_uint_eq(sum, 25);
	unlinkat(dir, "lines", 0);
	/* No link is followed, no fifo waited for. */
	at = 0;
	ck_assert_int_eq(symlinkat("/etc/passwd", dir, "lines"), 0);
	bw_follow(dir, "lines", &at, count_line, &sum);
	unlinkat(dir, "lines", 0);
	ck_assert_int_eq(mkfifoat(dir, "lines", 0600), 0);
	bw_follow(dir, "lines", &at, count_line, &sum);
	ck_assert_uint_eq(at, 0);
	unlinkat(dir, "lines", 0);
	close(dir);
	rmdir(path);
	free(longest);
}
END_TEST

START_TEST(a_configuration_is_whole_or_refused)
{
	static const char *const bad[] = {"", "{}", "{\"root\":\"run\",\"id\":\"a\"}", "{\"root\":\"/run\",\"id\":\"\"}",
		"{\"root\":\"/run\",\"id\":\"a\",\"ttlMs\":0}", "{\"root\":\"/run\",\"id\":\"a\",\"more\":1}",
		"{\"root\":\"/run\",\"id\":\"a\",\"cpu\":{\"action\":\"off\",\"windowMs\":1}}",
		"{\"root\":\"/run\",\"id\":\"a\",\"ttlMs\":18446744073709551615}"};
	static const char good[] = "{\"root\":\"/run\",\"id\":\"a\",\"ttlMs\":1,\"intervalMs\":10000,\"listen\":true,\"throttlePercent\":20,"
				   "\"cpu\":{\"action\":\"kill\",\"percent\":80,\"windowMs\":300000}}";
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const struct bw_keeper_settings *settings;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_keeper_settings_parse(good, strlen(good), &arena, &settings, &err), 0);
	ck_assert_str_eq(settings->cpu->action, "kill");
	ck_assert(settings->listen.v);
	ck_assert_ptr_null(settings->audit);
	for (size_t i = 0; i < BW_COUNT(bad); i++)
		ck_assert_msg(bw_keeper_settings_parse(bad[i], strlen(bad[i]), &arena, &settings, &err) < 0, "%s", bad[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("keeper");
	TCase *tests = tcase_create("keeper");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, a_life_without_a_limit_has_nothing_due);
	tcase_add_test(tests, a_word_comes_first_and_then_blow_after_blow);
	tcase_add_test(tests, a_life_begins_once);
	tcase_add_test(tests, an_end_for_another_reason_has_no_word);
	tcase_add_test(tests, a_clock_s_end_is_no_beginning);
	tcase_add_test(tests, a_load_is_known_when_the_window_is_full);
	tcase_add_test(tests, a_window_slides);
	tcase_add_test(tests, looks_that_are_rarer_than_the_window_are_long_see_the_time_between);
	tcase_add_test(tests, an_alarm_is_given_once_until_it_was_quiet);
	tcase_add_test(tests, events_are_counted_for_as_long_as_the_window);
	tcase_add_test(tests, bytes_of_interfaces_are_summed_without_loopback);
	tcase_add_test(tests, what_an_interface_has_counted_stays_when_it_goes);
	tcase_add_test(tests, programs_that_install_are_known_by_name);
	tcase_add_test(tests, whole_lines_are_read_once_and_others_are_passed_over);
	tcase_add_test(tests, a_configuration_is_whole_or_refused);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
