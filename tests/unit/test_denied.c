/* SPDX-License-Identifier: Apache-2.0 */
/* test_denied.c - records of the kernel's audit log as it writes them, and as nobody should be believed; and whose they are. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "keeper/denied.h"
#include "keeper/listen.h"

#define STAMP "audit(1764350000.123:4567): "
#define AVC   BW_RECORD_AVC
#define ACCESS BW_RECORD_LANDLOCK_ACCESS
#define DOMAIN BW_RECORD_LANDLOCK_DOMAIN

static enum bw_denied_kind parse(uint16_t type, const char *text, struct bw_denied *ret)
{
	return bw_denied_parse(type, text, strlen(text), ret);
}

static const struct {
	uint16_t type;
	const char *text, *by;
	pid_t pid;
	uint64_t domain;
	const char *operation, *path, *comm;
	bool is_name;
} writes[] = {
	/* Linux 6.1 */
	{AVC, STAMP "apparmor=\"DENIED\" operation=\"open\" profile=\"bulwark-untrusted\" name=\"/data/x\" pid=812 comm=\"python3\" "
		    "requested_mask=\"wc\" denied_mask=\"wc\" fsuid=1001 ouid=1001",
		"apparmor", 812, 0, "open", "/data/x", "python3", false},
	/* 6.8: with a class */
	{AVC, STAMP "apparmor=\"DENIED\" operation=\"mkdir\" class=\"file\" profile=\"bulwark-untrusted\" name=\"/data/new/\" pid=3 "
		    "comm=\"mkdir\" requested_mask=\"c\" denied_mask=\"c\" fsuid=0 ouid=0",
		"apparmor", 3, 0, "mkdir", "/data/new/", "mkdir", false},
	/* Blanks, quotes, other bytes: "/a b" and "s\xc3\xa4h". */
	{AVC, STAMP "apparmor=\"DENIED\" operation=\"unlink\" profile=\"p\" name=2F612062 pid=4 comm=73C3A468 requested_mask=\"d\" "
		    "denied_mask=\"d\" fsuid=0 ouid=0",
		"apparmor", 4, 0, "unlink", "/a b", "s\xc3\xa4h", false},
	{AVC, STAMP "apparmor=\"DENIED\" operation=\"rename_dest\" info=\"Failed name lookup - deleted entry\" error=-13 profile=\"p\" "
		    "name=\"/x\" pid=4 comm=\"mv\" requested_mask=\"wc\" denied_mask=\"wc\" fsuid=0 ouid=0 target=\"/y\"\n",
		"apparmor", 4, 0, "rename_dest", "/x", "mv", false},
	{AVC, STAMP "avc:  denied  { write } for  pid=1234 comm=\"python3\" path=\"/data/file\" dev=\"tmpfs\" ino=3 "
		    "scontext=system_u:system_r:bulwark_untrusted_t:s0:c1,c2 tcontext=system_u:object_r:tmpfs_t:s0 tclass=file permissive=0",
		"selinux", 1234, 0, "write", "/data/file", "python3", false},
	{AVC, STAMP "avc:  denied  { write add_name } for  pid=5 comm=\"sh\" name=\"x\" scontext=a tcontext=b tclass=dir permissive=0",
		"selinux", 5, 0, "write add_name", "x", "sh", true},
	/* Before 4.16 it is not said, and then it is denied. */
	{AVC, STAMP "avc:  denied  { create } for  pid=5 comm=\"sh\" name=6120 scontext=a tcontext=b tclass=fifo_file",
		"selinux", 5, 0, "create", "a ", "sh", true},
	{ACCESS, STAMP "domain=195ba459b blockers=fs.write_file path=\"/usr/bin/x\" dev=\"vda2\" ino=351", "landlock", 0, 0x195ba459bULL,
		"fs.write_file", "/usr/bin/x", "", false},
	{ACCESS, STAMP "domain=1 blockers=fs.execute,fs.make_sym path=2F0A dev=\"vda2\" ino=351", "landlock", 0, 1,
		"fs.execute,fs.make_sym", "/\n", "", false},
	{ACCESS, STAMP "domain=ffffffffffffffff blockers=fs.truncate", "landlock", 0, UINT64_MAX, "fs.truncate", "", "", true},
};

START_TEST(a_denied_write_is_told_by_whom_and_of_what)
{
	struct bw_denied denied;

	ck_assert_msg(parse(writes[_i].type, writes[_i].text, &denied) == BW_DENIED_WRITE, "%s", writes[_i].text);
	ck_assert_str_eq(denied.by, writes[_i].by);
	ck_assert_uint_eq(denied.at_ms, 1764350000123ULL);
	ck_assert_int_eq(denied.pid, writes[_i].pid);
	ck_assert_uint_eq(denied.domain, writes[_i].domain);
	ck_assert_str_eq(denied.operation, writes[_i].operation);
	ck_assert_str_eq(denied.path, writes[_i].path);
	ck_assert_str_eq(denied.comm, writes[_i].comm);
	ck_assert(denied.is_name == writes[_i].is_name);
}
END_TEST

/* What is no write, or no denial. */
static const struct {
	uint16_t type;
	const char *text;
} others[] = {
	{AVC, STAMP "apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=\"/x\" pid=3 comm=\"c\" requested_mask=\"r\" denied_mask=\"r\""},
	{AVC, STAMP "apparmor=\"DENIED\" operation=\"exec\" profile=\"p\" name=\"/x\" pid=3 comm=\"c\" requested_mask=\"x\" denied_mask=\"x\""},
	{AVC, STAMP "apparmor=\"ALLOWED\" operation=\"open\" profile=\"p\" name=\"/x\" pid=3 comm=\"c\" requested_mask=\"w\" denied_mask=\"w\""},
	{AVC, STAMP "apparmor=\"AUDIT\" operation=\"open\" profile=\"p\" name=\"/x\" pid=3 comm=\"c\" requested_mask=\"w\""},
	{AVC, STAMP "apparmor=\"STATUS\" operation=\"profile_load\" profile=\"unconfined\" name=\"p\" pid=3 comm=\"apparmor_parser\""},
	{AVC, STAMP "apparmor=\"DENIED\" operation=\"ptrace\" profile=\"p\" pid=3 comm=\"c\" requested_mask=\"trace\" denied_mask=\"trace\" peer=\"q\""},
	{AVC, STAMP "apparmor=\"DENIED\" operation=\"open\" class=\"net\" profile=\"p\" name=\"/x\" pid=3 comm=\"c\" denied_mask=\"w\""},
	{AVC, STAMP "avc:  denied  { read open } for  pid=5 comm=\"sh\" name=\"x\" scontext=a tcontext=b tclass=file permissive=0"},
	{AVC, STAMP "avc:  denied  { write } for  pid=5 comm=\"sh\" name=\"x\" scontext=a tcontext=b tclass=file permissive=1"},
	{AVC, STAMP "avc:  denied  { write } for  pid=5 comm=\"sh\" scontext=a tcontext=b tclass=unix_stream_socket permissive=0"},
	{AVC, STAMP "avc:  granted  { write } for  pid=5 comm=\"sh\" name=\"x\" scontext=a tcontext=b tclass=file"},
	{AVC, STAMP "lsm=SMACK fn=smack_inode_permission action=denied subject=\"a\" object=\"b\" requested=w pid=5 comm=\"sh\" name=\"x\""},
	{ACCESS, STAMP "domain=1 blockers=fs.read_file path=\"/x\""},
	{ACCESS, STAMP "domain=1 blockers=net.connect_tcp daddr=127.0.0.1 dest=80"},
	{ACCESS, STAMP "domain=1 blockers=fs.make_ path=\"/x\""},
	{DOMAIN, STAMP "domain=1 status=deallocated denials=3"},
	{1300, STAMP "apparmor=\"DENIED\" operation=\"open\" name=\"/x\" pid=3 comm=\"c\" denied_mask=\"w\""},
};

START_TEST(what_is_no_denied_write_is_passed_over)
{
	struct bw_denied denied;

	ck_assert_msg(parse(others[_i].type, others[_i].text, &denied) == BW_DENIED_NOTHING, "%s", others[_i].text);
}
END_TEST

/* Before and after the words: what belongs to a record that is good without it. */
#define GOOD_HEAD STAMP "apparmor=\"DENIED\" operation=\"open\" profile=\"p\" "
#define GOOD_TAIL " denied_mask=\"w\""
static const char *const hostile[] = {
	"", "audit(", "audit(1.2:3):", "audit(x.123:1): apparmor=\"DENIED\"", "audit(1.1000:1): ",
	"audit(99999999999999999999.000:1): ",
	/* twice: whoever could write a name as it stands would write one */
	GOOD_HEAD "name=\"/x\" pid=3 comm=\"c\" pid=4" GOOD_TAIL,
	GOOD_HEAD "name=\"/x\" name=\"/y\" pid=3 comm=\"c\"" GOOD_TAIL,
	/* what the kernel would have written in hexadecimal */
	GOOD_HEAD "name=\"/x y\" pid=3 comm=\"c\"" GOOD_TAIL, GOOD_HEAD "name=\"/x\n\" pid=3 comm=\"c\"" GOOD_TAIL,
	GOOD_HEAD "name=\"/\xc3\xa4\" pid=3 comm=\"c\"" GOOD_TAIL,
	/* no hexadecimal of the kernel's: odd, small letters, an end in the middle */
	GOOD_HEAD "name=2F1 pid=3 comm=\"c\"" GOOD_TAIL, GOOD_HEAD "name=2f pid=3 comm=\"c\"" GOOD_TAIL,
	GOOD_HEAD "name=2F00 pid=3 comm=\"c\"" GOOD_TAIL, GOOD_HEAD "name=/x pid=3 comm=\"c\"" GOOD_TAIL,
	/* no pid, and none that can be */
	GOOD_HEAD "name=\"/x\" comm=\"c\"" GOOD_TAIL, GOOD_HEAD "name=\"/x\" pid=0 comm=\"c\"" GOOD_TAIL,
	GOOD_HEAD "name=\"/x\" pid=-1 comm=\"c\"" GOOD_TAIL, GOOD_HEAD "name=\"/x\" pid=2147483648 comm=\"c\"" GOOD_TAIL,
	GOOD_HEAD "name=\"/x\" pid=\"3\" comm=\"c\"" GOOD_TAIL, GOOD_HEAD "name=\"/x\" pid= comm=\"c\"" GOOD_TAIL,
	GOOD_HEAD "name=\"/x\" pid comm=\"c\"" GOOD_TAIL,
	/* no end */
	GOOD_HEAD "name=\"/x\" pid=3 comm=\"c\" denied_mask=\"w", GOOD_HEAD "name=\"/x\"pid=3 comm=\"c\"" GOOD_TAIL,
	GOOD_HEAD "=\"x\" name=\"/x\" pid=3 comm=\"c\"" GOOD_TAIL,
	/* longer than a command's name is */
	GOOD_HEAD "name=\"/x\" pid=3 comm=\"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\"" GOOD_TAIL,
	STAMP "avc:  denied  { write", STAMP "avc:  denied  { } for  pid=5 comm=\"sh\" tclass=file",
	STAMP "avc:  denied  { write } pid=5 comm=\"sh\" tclass=file", STAMP "avc:  denied  { write WRITE } for  pid=5 tclass=file",
};

START_TEST(what_is_not_just_so_is_no_record)
{
	struct bw_denied denied;

	ck_assert_msg(parse(AVC, hostile[_i], &denied) == BW_DENIED_NOTHING, "%s", hostile[_i]);
}
END_TEST

START_TEST(a_domain_is_a_number_and_has_a_process)
{
	static const char *const bad[] = {"domain=0 status=allocated mode=enforcing pid=7", "domain=1ffffffffffffffff status=allocated pid=7",
		"domain=x status=allocated pid=7", "status=allocated pid=7", "domain=1 status=allocated"};
	struct bw_denied denied;
	char text[200];

	ck_assert_int_eq(parse(DOMAIN, STAMP "domain=1a2b status=allocated mode=enforcing pid=777 uid=0 exe=\"/bin/x\" comm=\"x\"", &denied),
		BW_DENIED_DOMAIN);
	ck_assert_int_eq(denied.pid, 777);
	ck_assert_uint_eq(denied.domain, 0x1a2b);
	ck_assert_str_eq(denied.comm, "x");
	for (size_t i = 0; i < BW_COUNT(bad); i++) {
		snprintf(text, sizeof text, STAMP "%s", bad[i]);
		ck_assert_msg(parse(DOMAIN, text, &denied) == BW_DENIED_NOTHING, "%s", text);
	}
}
END_TEST

/* The longest path that the kernel has is taken, one that is longer is not. */
START_TEST(a_path_has_an_end)
{
	enum { LONGEST = PATH_MAX - 1 };
	char *text = malloc(3 * PATH_MAX), *at;
	struct bw_denied denied;

	ck_assert_ptr_nonnull(text);
	for (int more = 0; more <= 1; more++) {
		at = text + sprintf(text, GOOD_HEAD "name=");
		for (int i = 0; i < LONGEST + more; i++)
			at += sprintf(at, "2F");
		strcpy(at, " pid=3 comm=\"c\"" GOOD_TAIL);
		ck_assert_int_eq(parse(AVC, text, &denied), more ? BW_DENIED_NOTHING : BW_DENIED_WRITE);
		if (!more)
			ck_assert_uint_eq(strlen(denied.path), LONGEST);
	}
	free(text);
}
END_TEST

/* ---- whose it is ---- */

struct heard {
	size_t n;
	char last[32], comm[BW_DENIED_COMM];
};

static bool is_seven(void *ctx, pid_t pid, uint64_t at_ms)
{
	(void)ctx;
	ck_assert_uint_eq(at_ms, 1764350000123ULL);
	return pid == 7;
}

static void hear(void *ctx, const struct bw_denied *denied)
{
	struct heard *heard = ctx;

	heard->n++;
	snprintf(heard->last, sizeof heard->last, "%.31s", denied->path);
	snprintf(heard->comm, sizeof heard->comm, "%s", denied->comm);
}

static void take(struct bw_kept_ear *ear, struct heard *heard, uint16_t type, const char *text)
{
	const struct bw_listening listening = {ear, is_seven, hear, heard};

	bw_listen_take(&listening, type, text, strlen(text));
}

START_TEST(only_what_the_container_s_processes_do_is_its_own)
{
	static struct bw_kept_ear ear;
	struct heard heard = {0};

	take(&ear, &heard, AVC, GOOD_HEAD "name=\"/x\" pid=8 comm=\"c\"" GOOD_TAIL);
	ck_assert_uint_eq(heard.n, 0);
	take(&ear, &heard, AVC, GOOD_HEAD "name=\"/x\" pid=7 comm=\"c\"" GOOD_TAIL);
	ck_assert_uint_eq(heard.n, 1);
	ck_assert_str_eq(heard.last, "/x");
}
END_TEST

START_TEST(a_domain_s_first_denial_waits_for_whose_it_is)
{
	static struct bw_kept_ear ear;
	struct heard heard = {0};

	take(&ear, &heard, ACCESS, STAMP "domain=a blockers=fs.write_file path=\"/ours\"");
	take(&ear, &heard, ACCESS, STAMP "domain=b blockers=fs.write_file path=\"/theirs\"");
	ck_assert_uint_eq(heard.n, 0);
	take(&ear, &heard, DOMAIN, STAMP "domain=b status=allocated mode=enforcing pid=8 uid=0 exe=\"/x\" comm=\"other\"");
	ck_assert_uint_eq(heard.n, 0);
	take(&ear, &heard, DOMAIN, STAMP "domain=a status=allocated mode=enforcing pid=7 uid=0 exe=\"/x\" comm=\"init\"");
	ck_assert_uint_eq(heard.n, 1);
	ck_assert_str_eq(heard.last, "/ours");
	ck_assert_str_eq(heard.comm, "init");
	take(&ear, &heard, ACCESS, STAMP "domain=b blockers=fs.write_file path=\"/theirs\"");
	take(&ear, &heard, ACCESS, STAMP "domain=a blockers=fs.make_dir path=\"/again\"");
	ck_assert_uint_eq(heard.n, 2);
	ck_assert_str_eq(heard.last, "/again");
}
END_TEST

/* A program can make domains of its own, and each exec has one. */
START_TEST(the_newest_domains_are_known)
{
	enum { MANY = 5 * BW_EAR_DOMAINS + 7 };
	static struct bw_kept_ear ear;
	struct heard heard = {0};
	char text[160];

	for (unsigned i = 1; i <= MANY; i++) {
		snprintf(text, sizeof text, STAMP "domain=%x status=allocated mode=enforcing pid=7 uid=0 exe=\"/x\" comm=\"x\"", i);
		take(&ear, &heard, DOMAIN, text);
	}
	for (unsigned i = MANY - BW_EAR_DOMAINS; i <= MANY; i++) {
		snprintf(text, sizeof text, STAMP "domain=%x blockers=fs.write_file path=\"/%u\"", i, i);
		take(&ear, &heard, ACCESS, text);
	}
	ck_assert_uint_eq(heard.n, BW_EAR_DOMAINS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("denied");
	TCase *tests = tcase_create("denied");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, a_denied_write_is_told_by_whom_and_of_what, 0, (int)BW_COUNT(writes));
	tcase_add_loop_test(tests, what_is_no_denied_write_is_passed_over, 0, (int)BW_COUNT(others));
	tcase_add_loop_test(tests, what_is_not_just_so_is_no_record, 0, (int)BW_COUNT(hostile));
	tcase_add_test(tests, a_domain_is_a_number_and_has_a_process);
	tcase_add_test(tests, a_path_has_an_end);
	tcase_add_test(tests, only_what_the_container_s_processes_do_is_its_own);
	tcase_add_test(tests, a_domain_s_first_denial_waits_for_whose_it_is);
	tcase_add_test(tests, the_newest_domains_are_known);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
