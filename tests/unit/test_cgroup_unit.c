/* SPDX-License-Identifier: Apache-2.0 */
/* test_cgroup_unit.c - a container as a scope of systemd: names, properties, and the message to bulwark-systemd. No
 * systemd is needed. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "control/cgroup_unit.h"
#include "host/host.h"
#include "spec/spec.h"

static struct bw_arena arena;
static struct bw_err err;
static struct bw_unit_properties list;
static char v1[] = "v1", v2[] = "v2", mount2[] = "/sys/fs/cgroup";

static void setup(void)
{
	err = (struct bw_err){0};
	list = (struct bw_unit_properties){0};
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

/* "NAME SIGNATURE VALUE VALUE" of the last property of this name, "" if there is none. */
static const char *told(const char *name)
{
	static char text[4096];
	struct bw_buf buf = bw_buf_over(text, sizeof text);

	for (size_t i = list.n; i-- > 0;) {
		const struct bw_unit_property *property = &list.v[i];

		if (!bw_streq(property->name, name))
			continue;
		bw_buf_addf(&buf, "%s", property->signature);
		for (size_t k = 0; k < property->values.n; k++)
			bw_buf_addf(&buf, " %s", property->values.v[k]);
		break;
	}
	return text;
}

/* --- names --- */

static const struct {
	const char *path;
	bool user;
	const char *slice, *unit, *sentence;
} names[] = {
	{"system.slice:docker:1234", false, "system.slice", "docker-1234.scope", NULL},
	{"machine.slice:libpod:ab", false, "machine.slice", "libpod-ab.scope", NULL},
	{":cri-containerd:x", false, "system.slice", "cri-containerd-x.scope", NULL},
	{":p:x", true, "user.slice", "p-x.scope", NULL},
	{"a-b.slice::x", false, "a-b.slice", "-x.scope", NULL},
	{NULL, false, "system.slice", "bulwark-c1.scope", NULL},
	{"", true, "user.slice", "bulwark-c1.scope", NULL},
	{"/docker/x", false, NULL, NULL,
		"expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got \"/docker/x\" instead"},
	{"a.slice:b", false, NULL, NULL,
		"expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got \"a.slice:b\" instead"},
	{"a.slice:b:c:d", false, NULL, NULL,
		"expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got \"a.slice:b:c:d\" instead"},
	{"system:docker:x", false, NULL, NULL, "invalid slice name: system"},
	{"a--b.slice:docker:x", false, NULL, NULL, "invalid slice name: a--b.slice"},
	{"-a.slice:docker:x", false, NULL, NULL, "invalid slice name: -a.slice"},
	{"a/../b.slice:docker:x", false, NULL, NULL, "invalid slice name: a/../b.slice"},
	{"system.slice:docker:a/b", false, NULL, NULL, "\"docker-a/b.scope\" is no name of a systemd unit"},
	{"system.slice:docker:", false, NULL, NULL, "\"docker-.scope\" is no name of a systemd unit"},
	{"system.slice:docker:a+b", false, NULL, NULL, "\"docker-a+b.scope\" is no name of a systemd unit"},
	{"a.slice:docker:b.slice", false, NULL, NULL, "systemd unit \"b.slice\": a slice takes no processes"},
};

START_TEST(paths_are_parsed)
{
	struct bw_unit_names got;
	int r = bw_unit_names_parse(names[_i].path, "c1", names[_i].user, &arena, &got, &err);

	if (names[_i].sentence) {
		ck_assert_int_eq(r, -1);
		ck_assert_str_eq(err.text, names[_i].sentence);
		ck_assert_str_eq(err.field, "/linux/cgroupsPath");
		return;
	}
	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_str_eq(got.slice, names[_i].slice);
	ck_assert_str_eq(got.unit, names[_i].unit);
}
END_TEST

START_TEST(names_end_at_255_bytes)
{
	char path[300] = "a.slice:p:";
	struct bw_unit_names got;
	size_t room = 255 - strlen("p-.scope"), at = strlen(path);

	memset(path + at, 'x', room);
	path[at + room] = '\0';
	ck_assert_int_eq(bw_unit_names_parse(path, "c1", false, &arena, &got, &err), 0);
	path[at + room] = 'x';
	path[at + room + 1] = '\0';
	ck_assert_int_eq(bw_unit_names_parse(path, "c1", false, &arena, &got, &err), -1);
}
END_TEST

START_TEST(slices_lie_in_each_other)
{
	static const char *const cases[][2] = {{"system.slice", "/system.slice"},
		{"a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice"}, {"-.slice", ""}};
	char *path;

	for (size_t i = 0; i < BW_COUNT(cases); i++) {
		ck_assert_int_eq(bw_unit_slice_path(cases[i][0], &arena, &path, &err), 0);
		ck_assert_str_eq(path, cases[i][1]);
	}
	ck_assert_int_eq(bw_unit_slice_path(".slice", &arena, &path, &err), -1);
}
END_TEST

/* --- the set --- */

static char own_in_user[] = "/user.slice/user-1000.slice/user@1000.service/app.slice/run.scope",
	    own_in_session[] = "/user.slice/user-1000.slice/session-3.scope",
	    own_elsewhere[] = "/docker/1/user@1000.service/x", own_other[] = "/user@10000.service/x";

START_TEST(the_set_is_where_systemd_puts_the_scope)
{
	struct bw_host host = {.cgroup_mode = v2, .cgroup2_mountpoint = mount2, .cgroup2_own_path = own_in_session,
		.systemd = {true, true}, .login_uid = {true, 1000}};
	struct {
		bool user;
		char *own;
		const char *path;
	} cases[] = {
		{false, own_in_session, "/a.slice/a-b.slice/p-x.scope"},
		{true, own_in_session, "/user.slice/user-1000.slice/user@1000.service/a.slice/a-b.slice/p-x.scope"},
		{true, own_in_user, "/user.slice/user-1000.slice/user@1000.service/a.slice/a-b.slice/p-x.scope"},
		{true, own_elsewhere, "/docker/1/user@1000.service/a.slice/a-b.slice/p-x.scope"},
		{true, own_other, "/user.slice/user-1000.slice/user@1000.service/a.slice/a-b.slice/p-x.scope"},
	};
	struct bw_cgroup_set *set;

	for (size_t i = 0; i < BW_COUNT(cases); i++) {
		host.cgroup2_own_path = cases[i].own;
		ck_assert_int_eq(
			bw_cgroup_set_make_unit(&host, "a-b.slice:p:x", "c1", cases[i].user, &arena, &set, &err), 0);
		ck_assert_uint_eq(set->dirs.n, 1);
		ck_assert_str_eq(set->dirs.v[0].path, cases[i].path);
		ck_assert_str_eq(set->unit, "p-x.scope");
		ck_assert_int_eq(set->user_unit.v, cases[i].user);
	}
}
END_TEST

START_TEST(hosts_that_cannot_are_refused)
{
	struct bw_host host = {.cgroup_mode = v1, .systemd = {true, false}};
	struct bw_cgroup_set *set;

	ck_assert_int_eq(bw_cgroup_set_make_unit(&host, NULL, "c1", false, &arena, &set, &err), -1);
	ck_assert_str_eq(err.text, "systemd not running on this host, cannot use systemd cgroups manager");
	host.systemd.v = true;
	err = (struct bw_err){0};
	ck_assert_int_eq(bw_cgroup_set_make_unit(&host, NULL, "c1", true, &arena, &set, &err), -1);
	ck_assert_str_eq(
		err.text, "cgroup v2 not enabled on this host, can't use systemd (rootless) as cgroups manager");
}
END_TEST

/* --- annotations --- */

static const struct {
	const char *name, *value;
	const char *as, *told, *bad;
} annotations[] = {
	{"SendSIGHUP", "true", "SendSIGHUP", "b true", NULL},
	{"CollectMode", "'inactive-or-failed'", "CollectMode", "s inactive-or-failed", NULL},
	{"Description", "\"it\\'s \\\"so\\\"\"", "Description", "s it's \"so\"", NULL},
	{"TimeoutStopUSec", "uint64 123456789", "TimeoutStopUSec", "t 123456789", NULL},
	{"TimeoutStopUSec", "@t 0x10", "TimeoutStopUSec", "t 16", NULL},
	{"TimeoutStopSec", "uint64 2", "TimeoutStopUSec", "t 2000000", NULL},
	{"TimeoutStopSec", "30", "TimeoutStopUSec", "t 30000000", NULL},
	{"TimeoutStopSec", "2.5", "TimeoutStopUSec", "t 2500000", NULL},
	{"TimeoutStopSec", "uint64 18446744073709551615", "TimeoutStopUSec", "t 18446744073709551615", NULL},
	{"KillSignal", "-5", "KillSignal", "i -5", NULL},
	{"CPUWeight", "uint64 18446744073709551615", "CPUWeight", "t 18446744073709551615", NULL},
	{"After", "['a.service', \"b.service\"]", "After", "as a.service b.service", NULL},
	{"After", " @as [ ] ", "After", "as", NULL},
	{"AllowedCPUs", "[byte 1, 255]", "AllowedCPUs", "ay 1 255", NULL},
	{"AllowedCPUs", "@ay [1, 0x0f]", "AllowedCPUs", "ay 1 15", NULL},
	{"After", "[]", NULL, NULL, "After=[] value parse error: an empty array needs its type before it"},
	{"After", "['a'", NULL, NULL, "After=['a' value parse error: an array without an end"},
	{"After", "['a', 5]", NULL, NULL, "After=['a', 5] value parse error: the value is not of its type"},
	{"After", "'a", NULL, NULL, "After='a value parse error: a string without an end"},
	{"After", "'a' 'b'", NULL, NULL, "After='a' 'b' value parse error: more than one value"},
	{"After", "'\\q'", NULL, NULL, "After='\\q' value parse error: unknown escape in a string"},
	{"After", "'\\", NULL, NULL, "After='\\ value parse error: unknown escape in a string"},
	{"After", "", NULL, NULL, "After= value parse error: no value"},
	{"After", "@as 'x'", NULL, NULL, "After=@as 'x' value parse error: the value is not of its type"},
	{"After", "@a(ss) []", NULL, NULL, "After=@a(ss) [] value parse error: an unknown type"},
	{"After", "{'a': 1}", NULL, NULL, "After={'a': 1} value parse error: no value"},
	{"KillSignal", "2147483648", NULL, NULL,
		"KillSignal=2147483648 value parse error: a number out of the range of its type"},
	{"KillSignal", "byte 256", NULL, NULL, "KillSignal=byte 256 value parse error: a number out of the range of its type"},
	{"KillSignal", "uint32 -1", NULL, NULL,
		"KillSignal=uint32 -1 value parse error: a number out of the range of its type"},
	{"TimeoutStopUSec", "1e999", NULL, NULL,
		"TimeoutStopUSec=1e999 value parse error: a number out of the range of its type"},
	{"TimeoutStopSec", "'x'", NULL, NULL, "TimeoutStopSec='x' value parse error: not a number"},
	{"TimeoutStopSec", "-1", NULL, NULL,
		"TimeoutStopSec=-1 value parse error: a number out of the range of its type"},
	{"ab", "true", NULL, NULL, "ab name incorrect: too short"},
	{"Kill-Mode", "true", NULL, NULL, "Kill-Mode name incorrect: contains non-alphabetic character"},
	{"USec", "uint64 1", "USec", "t 1", NULL},
};

START_TEST(annotations_are_read)
{
	char key[128], value[128], want[256];
	struct bw_pair pair = {key, value};
	const struct bw_pairs pairs = {&pair, 1};
	int r;

	snprintf(key, sizeof key, "org.systemd.property.%s", annotations[_i].name);
	snprintf(value, sizeof value, "%s", annotations[_i].value);
	r = bw_unit_annotations(&pairs, &arena, &list, &err);
	if (annotations[_i].bad) {
		ck_assert_int_eq(r, -1);
		snprintf(want, sizeof want, "annotation org.systemd.property.%s", annotations[_i].bad);
		ck_assert_str_eq(err.text, want);
		return;
	}
	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_str_eq(told(annotations[_i].as), annotations[_i].told);
}
END_TEST

START_TEST(other_annotations_are_no_properties)
{
	char key[] = "org.systemd.propertyX", value[] = "not a value";
	struct bw_pair pair = {key, value};

	ck_assert_int_eq(bw_unit_annotations(&(struct bw_pairs){&pair, 1}, &arena, &list, &err), 0);
	ck_assert_uint_eq(list.n, 0);
}
END_TEST

/* --- limits and devices --- */

static const char proc_devices[] = "Character devices:\n  1 mem\n  4 /dev/vc/0\n  4 tty\n136 pts\n\n"
				   "Block devices:\n  8 sd\n136 loop\n";

/* The properties of a spec's resources on a host with v1 or v2. */
static int tell(const char *resources, const char *mode)
{
	char text[1024], controllers[] = "memory", rest[] = "cpu,cpuset,pids,devices";
	struct bw_cgroup_dir dirs[] = {{.controllers = controllers}, {.controllers = rest}, {0}};
	struct bw_cgroup_set set = {.mode = bw_streq(mode, "v2") ? v2 : v1};
	struct bw_unit_names unit = {v1, v2, mount2};
	struct bw_spec *spec;

	set.dirs.v = bw_streq(mode, "v2") ? dirs + 2 : dirs;
	set.dirs.n = bw_streq(mode, "v2") ? 1 : 2;
	snprintf(text, sizeof text, "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]},"
		"\"linux\":{\"resources\":{%s}}}", resources);
	ck_assert_msg(bw_spec_parse(text, strlen(text), "test", &arena, &spec, NULL, &err) == 0, "%s", err.text);
	return bw_unit_properties(&set, spec, &unit, proc_devices, &arena, &list, &err);
}

static const struct {
	const char *resources, *mode, *name, *told;
} limits[] = {
	{"", "v2", "Delegate", "b true"},
	{"", "v2", "DefaultDependencies", "b false"},
	{"", "v2", "IOAccounting", "b true"},
	{"", "v1", "BlockIOAccounting", "b true"},
	{"", "v2", "MemoryMax", ""},
	{"\"memory\":{\"limit\":1000}", "v2", "MemoryMax", "t 1000"},
	{"\"memory\":{\"limit\":1000}", "v1", "MemoryLimit", "t 1000"},
	{"\"memory\":{\"limit\":-1}", "v1", "MemoryLimit", "t 18446744073709551615"},
	{"\"memory\":{\"limit\":-1}", "v2", "MemoryMax", "t 18446744073709551615"},
	{"\"memory\":{\"limit\":1000,\"swap\":1500}", "v2", "MemorySwapMax", "t 500"},
	{"\"memory\":{\"limit\":1000,\"swap\":1000}", "v2", "MemorySwapMax", "t 0"},
	{"\"memory\":{\"reservation\":7}", "v2", "MemoryLow", "t 7"},
	{"\"cpu\":{\"shares\":1024}", "v2", "CPUWeight", "t 100"},
	{"\"cpu\":{\"shares\":1024}", "v1", "CPUShares", "t 1024"},
	{"\"cpu\":{\"shares\":1024,\"idle\":1}", "v2", "CPUWeight", "t 0"},
	{"\"cpu\":{\"quota\":50000,\"period\":100000}", "v2", "CPUQuotaPerSecUSec", "t 500000"},
	{"\"cpu\":{\"quota\":12345,\"period\":100000}", "v1", "CPUQuotaPerSecUSec", "t 130000"},
	{"\"cpu\":{\"quota\":50000}", "v1", "CPUQuotaPerSecUSec", "t 500000"},
	{"\"cpu\":{\"quota\":-1}", "v2", "CPUQuotaPerSecUSec", "t 18446744073709551615"},
	{"\"cpu\":{\"quota\":9223372036854775807}", "v2", "CPUQuotaPerSecUSec", "t 18446744073709551615"},
	{"\"cpu\":{\"period\":50000}", "v2", "CPUQuotaPeriodUSec", "t 50000"},
	{"\"cpu\":{\"cpus\":\"0-3,9\"}", "v2", "AllowedCPUs", "ay 15 2"},
	{"\"cpu\":{\"mems\":\"0\"}", "v2", "AllowedMemoryNodes", "ay 1"},
	{"\"pids\":{\"limit\":20}", "v2", "TasksMax", "t 20"},
	{"\"pids\":{\"limit\":0}", "v1", "TasksMax", "t 1"},
	{"\"pids\":{\"limit\":-1}", "v1", "TasksMax", "t 18446744073709551615"},
	{"\"unified\":{\"memory.high\":\"77\"}", "v2", "MemoryHigh", "t 77"},
	{"\"unified\":{\"cpu.max\":\"max 100000\"}", "v2", "CPUQuotaPerSecUSec", "t 18446744073709551615"},
	{"\"unified\":{\"cpu.max\":\"20000 100000\"}", "v2", "CPUQuotaPerSecUSec", "t 200000"},
	/* devices */
	{"\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]", "v2", "DevicePolicy", "s strict"},
	{"\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]", "v2", "DevicePolicy", "s auto"},
	{"\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]", "v1", "DeviceAllow", "a(ss)"},
	{"\"devices\":[{\"allow\":true},{\"allow\":false,\"type\":\"c\",\"major\":10,\"minor\":1}]", "v1", "DevicePolicy",
		"s strict"},
	{"\"devices\":[{\"allow\":true},{\"allow\":false,\"type\":\"c\",\"major\":10,\"minor\":1}]", "v2", "DevicePolicy",
		"s auto"},
	{"\"devices\":[{\"allow\":true,\"type\":\"c\",\"minor\":5,\"access\":\"r\"}]", "v2", "DevicePolicy", "s auto"},
	{"\"devices\":[{\"allow\":true,\"type\":\"c\",\"minor\":5,\"access\":\"r\"}]", "v1", "DeviceAllow", "a(ss)"},
};

START_TEST(limits_are_told)
{
	ck_assert_msg(tell(limits[_i].resources, limits[_i].mode) == 0, "%s", err.text);
	ck_assert_str_eq(told(limits[_i].name), limits[_i].told);
}
END_TEST

START_TEST(device_rules_are_told)
{
	const char *allow;

	ck_assert_int_eq(tell("\"devices\":[{\"allow\":false},{\"allow\":true,\"type\":\"b\",\"major\":8,\"access\":\"r\"},"
			      "{\"allow\":true,\"type\":\"c\",\"major\":4,\"access\":\"rw\"},"
			      "{\"allow\":true,\"type\":\"c\",\"major\":99,\"access\":\"rw\"}]", "v2"), 0);
	allow = told("DeviceAllow");
	ck_assert_ptr_nonnull(strstr(allow, " block-sd r"));
	ck_assert_ptr_nonnull(strstr(allow, " char-tty rw"));
	ck_assert_ptr_nonnull(strstr(allow, " char-* m"));
	ck_assert_ptr_nonnull(strstr(allow, " /dev/char/1:3 rwm"));
	ck_assert_ptr_nonnull(strstr(allow, " char-pts rwm"));
	/* No driver has it: there is nothing to allow, and "" would be everything in a word. */
	ck_assert_ptr_null(strstr(allow, "99"));
}
END_TEST

START_TEST(old_systemd_is_not_told_what_it_does_not_know)
{
	ck_assert_int_eq(tell("\"cpu\":{\"cpus\":\"0\",\"period\":50000}", "v2"), 0);
	for (size_t i = 0; i < list.n; i++) {
		if (bw_streq(list.v[i].name, "AllowedCPUs"))
			ck_assert_uint_eq(list.v[i].min_version, 244);
		if (bw_streq(list.v[i].name, "CPUQuotaPeriodUSec"))
			ck_assert_uint_eq(list.v[i].min_version, 242);
	}
}
END_TEST

static const struct {
	const char *resources, *field, *text;
} bad[] = {
	{"\"cpu\":{\"cpus\":\"0-\"}", "/linux/resources/cpu/cpus", "/linux/resources/cpu/cpus: \"0-\" is no list of numbers"},
	{"\"cpu\":{\"cpus\":\"3-1\"}", "/linux/resources/cpu/cpus", "/linux/resources/cpu/cpus: \"3-1\" is no list of numbers"},
	{"\"cpu\":{\"cpus\":\"9999\"}", "/linux/resources/cpu/cpus", "/linux/resources/cpu/cpus: \"9999\" is no list of numbers"},
	{"\"unified\":{\"memory.max\":\"1G\"}", "/linux/resources/unified", "/linux/resources/unified: \"1G\" is no number"},
};

START_TEST(what_systemd_could_not_keep_is_refused)
{
	ck_assert_int_eq(tell(bad[_i].resources, "v2"), -1);
	ck_assert_str_eq(err.text, bad[_i].text);
	ck_assert_str_eq(err.field, bad[_i].field);
}
END_TEST

/* --- the message --- */

START_TEST(messages_come_back_as_they_were)
{
	struct bw_unit_properties back;
	char *bytes;
	size_t len;

	ck_assert_int_eq(tell("\"cpu\":{\"cpus\":\"0-3,9\"},\"devices\":[{\"allow\":false}]", "v2"), 0);
	ck_assert_int_eq(bw_unit_message_write(&list, &arena, &bytes, &len, &err), 0);
	ck_assert_int_eq(bw_unit_message_read(bytes, len, &arena, &back, &err), 0);
	ck_assert_uint_eq(back.n, list.n);
	for (size_t i = 0; i < back.n; i++) {
		ck_assert_str_eq(back.v[i].name, list.v[i].name);
		ck_assert_str_eq(back.v[i].signature, list.v[i].signature);
		ck_assert_uint_eq(back.v[i].min_version, list.v[i].min_version);
		ck_assert_uint_eq(back.v[i].values.n, list.v[i].values.n);
		for (size_t k = 0; k < back.v[i].values.n; k++)
			ck_assert_str_eq(back.v[i].values.v[k], list.v[i].values.v[k]);
	}
	/* Nothing but the whole is taken. */
	for (size_t cut = 1; cut < len; cut++) {
		struct bw_err cut_err = {0};

		if (bw_unit_message_read(bytes, len - cut, &arena, &back, &cut_err) == 0)
			ck_assert_uint_lt(back.n, list.n);
	}
}
END_TEST

#define MESSAGE(text) {text, sizeof(text)}
static const struct {
	const char *bytes;
	size_t len;
} broken[] = {
	MESSAGE("Name"), MESSAGE("Name\0s\0" "0\0" "1"), MESSAGE("Name\0v\0" "0\0" "1\0x"), MESSAGE("\0s\0" "0\0" "1\0x"),
	MESSAGE("Name\0s\0" "0\0" "2\0x\0y"), MESSAGE("Name\0s\0" "-1\0" "1\0x"), MESSAGE("Name\0a(ss)\0" "0\0" "1\0x"),
	MESSAGE("Name\0as\0" "0\0" "9999999\0x"), MESSAGE("Name\0aas\0" "0\0" "0"), MESSAGE("Name\0a\0" "0\0" "0"),
};

START_TEST(broken_messages_are_refused)
{
	struct bw_unit_properties back;

	ck_assert_int_eq(bw_unit_message_read(broken[_i].bytes, broken[_i].len, &arena, &back, &err), -1);
	ck_assert_int_eq(err.code, BW_E_INTERNAL);
}
END_TEST

START_TEST(messages_have_a_limit)
{
	char *bytes;
	size_t len;

	for (size_t i = 0; i < BW_UNIT_MAX_PROPERTIES; i++)
		ck_assert_int_eq(bw_unit_set(&arena, &list, "Name", "b", "true"), 0);
	ck_assert_int_eq(bw_unit_message_write(&list, &arena, &bytes, &len, &err), 0);
	ck_assert_int_eq(bw_unit_set(&arena, &list, "Name", "b", "true"), 0);
	ck_assert_int_eq(bw_unit_message_write(&list, &arena, &bytes, &len, &err), -1);
	ck_assert_str_eq(err.text, "more than 256 properties for systemd");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cgroup_unit");
	TCase *tcase = tcase_create("cgroup_unit");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, paths_are_parsed, 0, (int)BW_COUNT(names));
	tcase_add_test(tcase, names_end_at_255_bytes);
	tcase_add_test(tcase, slices_lie_in_each_other);
	tcase_add_test(tcase, the_set_is_where_systemd_puts_the_scope);
	tcase_add_test(tcase, hosts_that_cannot_are_refused);
	tcase_add_loop_test(tcase, annotations_are_read, 0, (int)BW_COUNT(annotations));
	tcase_add_test(tcase, other_annotations_are_no_properties);
	tcase_add_loop_test(tcase, limits_are_told, 0, (int)BW_COUNT(limits));
	tcase_add_test(tcase, device_rules_are_told);
	tcase_add_test(tcase, old_systemd_is_not_told_what_it_does_not_know);
	tcase_add_loop_test(tcase, what_systemd_could_not_keep_is_refused, 0, (int)BW_COUNT(bad));
	tcase_add_test(tcase, messages_come_back_as_they_were);
	tcase_add_loop_test(tcase, broken_messages_are_refused, 0, (int)BW_COUNT(broken));
	tcase_add_test(tcase, messages_have_a_limit);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
