/* SPDX-License-Identifier: Apache-2.0 */
/* test_intel_rdt.c - classes of service, in a directory that stands for resctrl: what the kernel's files would be
 * are plain files here, so classes that exist already can be joined and limited, and new ones are only made. */
#include "control_test.h"

#include "control/intel_rdt.h"
#include "scratch.h"

static struct scratch fake;
static struct bench *b;
static struct bw_rdt *rdt;

static void begin(const char *members)
{
	static char document[512];

	snprintf(document, sizeof document, "\"linux\":{\"intelRdt\":{%s}}", members);
	b = bench_new("", document);
	scratch_make(&fake);
	b->host.resctrl = fake.path;
	rdt = NULL;
	b->request.rdt = &rdt;
	scratch_mkdir(&fake, "info");
	scratch_mkdir(&fake, "info/L3");
	scratch_mkdir(&fake, "info/MB");
	scratch_mkdir(&fake, "gold");
	scratch_mkdir(&fake, "gold/mon_groups");
	scratch_write(&fake, "gold/schemata", "", 0644);
	scratch_write(&fake, "gold/tasks", "", 0644);
	scratch_write(&fake, "tasks", "", 0644);
	scratch_write(&fake, "schemata", "", 0644);
	scratch_write(&fake, "info/last_cmd_status", "Mask out of range\n", 0644);
}

static void end(void)
{
	bench_free(b);
	scratch_remove(&fake);
}

static int settle(void)
{
	const struct bw_settling now = {.pid = 4711, .request = &b->request};
	const struct bw_step *step = &b->plan.steps[0];

	return bw_intel_rdt.settle(&now, step->op, bw_plan_data(&b->plan, step), step->len, &b->err);
}

static const char *content(const char *name)
{
	static char text[256];

	ck_assert_int_ge(bw_read_at(fake.dir, name, text, sizeof text), 0);
	return text;
}

static bool exists(const char *name)
{
	return faccessat(fake.dir, name, F_OK, 0) == 0;
}

static const struct refusal {
	const char *members, *missing; /* what this machine lacks, or NULL */
	enum bw_code code;
	const char *field, *text;
} refusals[] = {
	{"\"l3CacheSchema\":\"L3:0=f\"", "info/L3", BW_E_HOST, "/linux/intelRdt",
		"intelRdt.l3CacheSchema is specified in config, but Intel RDT/CAT is not enabled"},
	{"\"memBwSchema\":\"MB:0=20\"", "info/MB", BW_E_HOST, "/linux/intelRdt",
		"intelRdt.memBwSchema is specified in config, but Intel RDT/MBA is not enabled"},
};

START_TEST(what_the_machine_lacks_is_said_in_the_words_that_callers_know)
{
	begin(refusals[_i].members);
	ck_assert_int_eq(unlinkat(fake.dir, refusals[_i].missing, AT_REMOVEDIR), 0);
	bench_refused(b, &bw_intel_rdt, refusals[_i].code, refusals[_i].field, refusals[_i].text);
	end();
}
END_TEST

START_TEST(without_resctrl_the_property_is_refused)
{
	FILE *mounts = fopen("/proc/mounts", "re");
	char line[4096];
	bool mounted = false;

	while (mounts && fgets(line, sizeof line, mounts))
		mounted = mounted || strstr(line, " resctrl ");
	if (mounts)
		fclose(mounts);
	if (skip_unless(!mounted, "a host without resctrl"))
		return;
	begin("");
	b->host.resctrl = NULL;
	bench_refused(b, &bw_intel_rdt, BW_E_HOST, "/linux/intelRdt",
		"intelRdt is specified in config, but Intel RDT is not enabled");
	end();
}
END_TEST

START_TEST(a_class_by_name_without_schemata_must_be_there)
{
	begin("\"closID\":\"silver\"");
	ck_assert_int_eq(bw_intel_rdt.prepare(&b->request, &b->plan, &b->err), -1);
	ck_assert_ptr_nonnull(strstr(b->err.text, "clos dir not accessible (must be pre-created when schemata, "
						  "l3CacheSchema and memBwSchema are empty)"));
	ck_assert_str_eq(b->err.field, "/linux/intelRdt/closID");
	end();
}
END_TEST

START_TEST(lines_are_written_in_order_and_before_the_process_joins)
{
	begin("\"closID\":\"gold\",\"memBwSchema\":\"MB:0=20\",\"l3CacheSchema\":\"L3:0=f\",\"schemata\":[\"L2:0=3\"]");
	bench_prepare(b, &bw_intel_rdt);
	bench_step(b, &bw_intel_rdt, 0, BW_PHASE_JOIN, BW_SIDE_PARENT, "make and join the class of service");
	ck_assert_msg(settle() == 0, "%s", b->err.text);
	ck_assert_str_eq(content("gold/schemata"), "L3:0=f\nMB:0=20\nL2:0=3");
	ck_assert_str_eq(content("gold/tasks"), "4711");
	/* It was there before, and stays. */
	ck_assert(!rdt->ours.v && !rdt->monitor);
	ck_assert_int_eq(bw_rdt_remove(rdt, &b->err), 0);
	ck_assert(exists("gold"));
	end();
}
END_TEST

START_TEST(a_refused_line_keeps_the_process_out)
{
	begin("\"closID\":\"gold\",\"l3CacheSchema\":\"L3:0=0\"");
	ck_assert_int_eq(unlinkat(fake.dir, "gold/schemata", 0), 0);
	bench_prepare(b, &bw_intel_rdt);
	ck_assert_int_eq(settle(), -1);
	ck_assert_ptr_nonnull(strstr(b->err.text, "intelrdt: unable to write "));
	ck_assert_ptr_nonnull(strstr(b->err.text, "no such file or directory, last_cmd_status: Mask out of range"));
	ck_assert_str_eq(content("gold/tasks"), "");
	end();
}
END_TEST

START_TEST(the_default_class_is_the_mount_itself)
{
	begin("\"closID\":\"/\"");
	bench_prepare(b, &bw_intel_rdt);
	ck_assert_str_eq(rdt->group, fake.path);
	ck_assert_int_eq(settle(), 0);
	ck_assert_str_eq(content("tasks"), "4711");
	ck_assert_str_eq(content("schemata"), "");
	end();
}
END_TEST

START_TEST(a_class_of_its_own_is_made_and_goes_with_the_container)
{
	begin("\"l3CacheSchema\":\"L3:0=f\"");
	bench_prepare(b, &bw_intel_rdt);
	ck_assert(rdt->ours.v);
	/* A kernel would have put files into it. */
	ck_assert_int_eq(settle(), -1);
	ck_assert(exists("c1"));
	ck_assert_int_eq(bw_rdt_remove(rdt, &b->err), 0);
	ck_assert(!exists("c1"));
	ck_assert_int_eq(bw_rdt_remove(rdt, &b->err), 0);
	ck_assert_int_eq(bw_rdt_remove(NULL, &b->err), 0);
	end();
}
END_TEST

START_TEST(monitoring_has_a_group_named_after_the_container)
{
	begin("\"closID\":\"gold\",\"enableMonitoring\":true");
	bench_prepare(b, &bw_intel_rdt);
	scratch_mkdir(&fake, "gold/mon_groups/c1");
	scratch_write(&fake, "gold/mon_groups/c1/tasks", "", 0644);
	ck_assert_msg(settle() == 0, "%s", b->err.text);
	ck_assert_str_eq(content("gold/mon_groups/c1/tasks"), "4711");
	ck_assert_int_eq(unlinkat(fake.dir, "gold/mon_groups/c1/tasks", 0), 0);
	ck_assert_int_eq(bw_rdt_remove(rdt, &b->err), 0);
	ck_assert(!exists("gold/mon_groups/c1") && exists("gold"));
	end();
}
END_TEST

START_TEST(an_exec_joins_what_was_stored_and_writes_no_lines)
{
	char group[300];
	struct bw_rdt stored = {.group = group};

	begin("\"closID\":\"gone\",\"l3CacheSchema\":\"L3:0=f\"");
	snprintf(group, sizeof group, "%s/gold", fake.path);
	stored.root = fake.path;
	rdt = &stored;
	b->request.exec = true;
	bench_prepare(b, &bw_intel_rdt);
	bench_step(b, &bw_intel_rdt, 0, BW_PHASE_JOIN, BW_SIDE_PARENT, "join the class of service");
	ck_assert_msg(settle() == 0, "%s", b->err.text);
	ck_assert_str_eq(content("gold/tasks"), "4711");
	ck_assert_str_eq(content("gold/schemata"), "");
	end();
}
END_TEST

static const struct {
	const char *l3, *mb, *missing;
	const char *schemata, *error; /* the class afterwards; the error, or NULL */
} updates[] = {
	{"L3:0=3", NULL, NULL, "L3:0=3", NULL},
	{NULL, "MB:0=70", NULL, "MB:0=70", NULL},
	{"", "", NULL, "", NULL},
	{"L3:0=3", NULL, "info/L3", "", "Intel RDT/CAT: l3 cache schema is not enabled"},
	{NULL, "MB:0=70", "info/MB", "", "Intel RDT/MBA: memory bandwidth schema is not enabled"},
	{"L3:0=3\nMB:0=70", NULL, NULL, "", "Intel RDT/CAT: l3 cache schema: must be one line"},
};

START_TEST(an_update_writes_other_shares_for_the_class)
{
	begin("\"closID\":\"gold\"");
	bench_prepare(b, &bw_intel_rdt);
	if (updates[_i].missing)
		ck_assert_int_eq(unlinkat(fake.dir, updates[_i].missing, AT_REMOVEDIR), 0);
	ck_assert_int_eq(bw_rdt_update(rdt, updates[_i].l3, updates[_i].mb, &b->err), updates[_i].error ? -1 : 0);
	if (updates[_i].error)
		ck_assert_str_eq(b->err.text, updates[_i].error);
	ck_assert_str_eq(content("gold/schemata"), updates[_i].schemata);
	end();
}
END_TEST

START_TEST(a_container_without_a_class_gets_none_by_update)
{
	begin("");
	ck_assert_int_eq(bw_rdt_update(NULL, NULL, "", &b->err), 0);
	ck_assert_int_eq(bw_rdt_update(NULL, "L3:0=3", NULL, &b->err), -1);
	ck_assert_str_eq(b->err.text, "Intel RDT/CAT: l3 cache schema is not enabled");
	end();
}
END_TEST

BENCH_MAIN("intel_rdt", {what_the_machine_lacks_is_said_in_the_words_that_callers_know, BW_COUNT(refusals)},
	{without_resctrl_the_property_is_refused, 0}, {a_class_by_name_without_schemata_must_be_there, 0},
	{lines_are_written_in_order_and_before_the_process_joins, 0}, {a_refused_line_keeps_the_process_out, 0},
	{the_default_class_is_the_mount_itself, 0}, {a_class_of_its_own_is_made_and_goes_with_the_container, 0},
	{monitoring_has_a_group_named_after_the_container, 0}, {an_exec_joins_what_was_stored_and_writes_no_lines, 0},
	{an_update_writes_other_shares_for_the_class, BW_COUNT(updates)},
	{a_container_without_a_class_gets_none_by_update, 0})
