/* SPDX-License-Identifier: Apache-2.0 */
/* test_landlock.c - which rules follow from which mounts, and, where this kernel has Landlock, what
 * a process under them can still do in a tree made for the test. Needs no root: no_new_privs does
 * instead. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "control/control.h"
#include "control/landlock_abi.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

static char require[] = "require", prefer[] = "prefer";
static char ro[] = "ro", rro[] = "rro", rw[] = "rw", bind_word[] = "bind";
static char *ro_words[] = {ro}, *rro_words[] = {bind_word, rro}, *late_rw_words[] = {ro, rw};
static const struct bw_strs read_only = {ro_words, 1}, deep_read_only = {rro_words, 2},
			    late_rw = {late_rw_words, 2}, none = {0};

/* A read-only container without mounts on the newest kernel; tests add to it. */
static struct world {
	struct bw_arena arena;
	struct bw_spec_root root;
	struct bw_spec_mount mounts[8];
	struct bw_spec_linux linux_;
	struct bw_spec_hardening hardening;
	struct bw_spec_programs programs;
	struct bw_spec spec;
	struct bw_host host;
	struct bw_request request;
	struct bw_plan plan;
	struct bw_err err;
	char text[2048];
} w;

static void setup(void)
{
	w = (struct world){.plan = BW_PLAN_INIT};
	w.root.readonly = (struct bw_opt_bool){.set = true, .v = true};
	w.hardening.landlock = require;
	w.spec.root = &w.root;
	w.spec.linux_ = &w.linux_;
	w.spec.hardening = &w.hardening;
	w.spec.mounts.v = w.mounts;
	w.host.landlock_abi = (struct bw_opt_uint){.set = true, .v = 7};
	w.request.spec = &w.spec;
	w.request.host = &w.host;
	w.request.arena = &w.arena;
}

static void teardown(void)
{
	bw_plan_done(&w.plan);
	bw_arena_done(&w.arena);
}

static void add_mount(const char *destination, struct bw_strs options)
{
	struct bw_spec_mount *mount = &w.mounts[w.spec.mounts.n++];

	mount->destination = bw_arena_strdup(&w.arena, destination);
	mount->options = options;
}

/* The plan in words, one step after the other. */
static const char *planned(void)
{
	struct bw_buf buf = bw_buf_over(w.text, sizeof w.text);
	char words[256];

	ck_assert_msg(bw_landlock.prepare(&w.request, &w.plan, &w.err) == 0, "%s", w.err.text);
	for (size_t i = 0; i < w.plan.n; i++) {
		const struct bw_step *step = &w.plan.steps[i];

		ck_assert_uint_eq(step->phase, BW_PHASE_PRIVS);
		bw_landlock.say(
			step->op, bw_plan_data(&w.plan, step), step->len, words, sizeof words);
		bw_buf_addf(&buf, "%s%s", i ? "; " : "", words);
	}
	ck_assert(!buf.overflow);
	return w.text;
}

#define BEGIN "deny writing; "
#define DEV   "allow writing to files at /dev; "
#define ENFORCE "enforce and record what is denied"
#define END   "allow opening standard output again; " ENFORCE

START_TEST(no_landlock_asked_for_means_no_steps)
{
	w.hardening.landlock = NULL;
	ck_assert_str_eq(planned(), "");
	w.spec.hardening = NULL;
	ck_assert_str_eq(planned(), "");
}
END_TEST

START_TEST(writable_mounts_are_allowed_and_read_only_ones_are_not)
{
	add_mount("/tmp", none);
	add_mount("/etc/hosts", read_only);
	add_mount("/data", deep_read_only);
	add_mount("/work/", late_rw);
	ck_assert_str_eq(planned(),
		BEGIN "allow everything beneath /tmp; allow everything beneath /work; " DEV END);
}
END_TEST

START_TEST(a_mount_beneath_a_writable_one_needs_no_rule)
{
	add_mount("/dev", none);
	add_mount("/dev/pts", none);
	add_mount("/dev/shm", none);
	add_mount("/devices", none);
	ck_assert_str_eq(planned(),
		BEGIN "allow everything beneath /dev; allow everything beneath /devices; " END);
}
END_TEST

START_TEST(a_mount_that_a_later_one_hides_does_not_count)
{
	add_mount("/a", none);
	add_mount("/b/c", none);
	add_mount("/a", read_only);
	add_mount("/b", read_only);
	ck_assert_str_eq(planned(), BEGIN DEV END);
}
END_TEST

START_TEST(a_device_elsewhere_can_be_written_to)
{
	static char path[] = "/opt/zero";
	struct bw_spec_device device = {.path = path};

	w.linux_.devices.v = &device;
	w.linux_.devices.n = 1;
	ck_assert_str_eq(planned(), BEGIN DEV "allow writing to files at /opt/zero; " END);
}
END_TEST

START_TEST(a_writable_root_leaves_nothing_to_restrict)
{
	w.hardening.landlock = prefer;
	w.root.readonly.v = false;
	ck_assert_str_eq(planned(), "");
	ck_assert_uint_eq(w.plan.layers_n, 0);
	ck_assert_uint_eq(w.plan.degraded_n, 1);
	ck_assert_str_eq(w.plan.degraded[0].why,
		"the root file system is writable, which leaves nothing to keep from being written");
}
END_TEST

START_TEST(a_writable_root_is_refused_where_landlock_is_required)
{
	w.root.readonly.v = false;
	w.hardening.landlock = require;
	ck_assert_int_eq(bw_landlock.prepare(&w.request, &w.plan, &w.err), -1);
	ck_assert_int_eq(w.err.code, BW_E_HOST);
	ck_assert_str_eq(w.err.text,
		"the policy requires Landlock: the root file system is writable, which leaves "
		"nothing to keep from being written");
}
END_TEST

START_TEST(scopes_hold_with_a_writable_root_too)
{
	w.hardening.landlock = prefer;
	w.root.readonly.v = false;
	w.hardening.landlock_scope = (struct bw_opt_bool){.set = true, .v = true};
	ck_assert_str_eq(planned(), "deny abstract sockets and signals to the outside; " ENFORCE);
}
END_TEST

static void list_programs(void)
{
	static char python[] = "/usr/bin/python3.11", loader[] = "/lib64/ld-linux-x86-64.so.2", lib[] = "/usr/lib";
	static char *files[] = {python}, *interpreters[] = {loader}, *directories[] = {lib};

	w.programs.files = (struct bw_strs){files, 1};
	w.programs.interpreters = (struct bw_strs){interpreters, 1};
	w.programs.directories = (struct bw_strs){directories, 1};
	w.hardening.programs = &w.programs;
}

#define PROGRAMS "allow executing /usr/bin/python3.11; allow executing /lib64/ld-linux-x86-64.so.2; "

START_TEST(programs_and_their_interpreters_alone_can_be_executed)
{
	list_programs();
	add_mount("/tmp", none);
	ck_assert_str_eq(planned(), "deny writing, executing; allow everything beneath /tmp; " DEV
				    "allow opening standard output again; " PROGRAMS ENFORCE);
	ck_assert_uint_eq(w.plan.layers_n, 1);
	ck_assert_str_eq(w.plan.layers[0].what, "limits writing, executing (ABI 7)");
}
END_TEST

START_TEST(no_program_listed_means_none_can_be_executed)
{
	w.hardening.programs = &w.programs;
	ck_assert_str_eq(planned(), "deny writing, executing; " DEV END);
}
END_TEST

/* Every ruleset over files denies renames between directories until a rule allows them. */
START_TEST(programs_hold_with_a_writable_root_too)
{
	list_programs();
	w.root.readonly.v = false;
	ck_assert_str_eq(planned(), "deny executing; allow renaming beneath /; " PROGRAMS ENFORCE);
	ck_assert_uint_eq(w.plan.degraded_n, 1);
}
END_TEST

static uint64_t some_ports[] = {443, 8080}, ephemeral[] = {0};

START_TEST(ports_alone_can_be_used)
{
	w.hardening.landlock_connect = (struct bw_uints){some_ports, 2};
	w.hardening.landlock_bind = (struct bw_uints){ephemeral, 1};
	ck_assert_str_eq(planned(), "deny writing, connecting to ports, binding ports; " DEV
				    "allow opening standard output again; allow connecting to port 443; "
				    "allow connecting to port 8080; allow binding port 0; " ENFORCE);
	w.hardening.landlock_scope = (struct bw_opt_bool){.set = true, .v = true};
	w.hardening.programs = &w.programs;
	w.host.landlock_abi.v = 10;
	ck_assert_int_eq(bw_landlock.prepare(&w.request, &w.plan, &w.err), 0);
	ck_assert_str_eq(w.plan.layers[1].what, "limits writing, executing, connecting to ports, binding ports, "
						"abstract sockets and signals to the outside (ABI 10)");
}
END_TEST

START_TEST(an_empty_list_of_ports_allows_none)
{
	w.hardening.landlock_connect = (struct bw_uints){some_ports, 0};
	w.host.landlock_abi.v = 10;
	ck_assert_str_eq(planned(), "deny writing, connecting to ports; " DEV END);
}
END_TEST

/* What sends by UDP is bound to a port of the kernel's choice first. */
START_TEST(limits_of_binding_leave_udp_a_port_to_send_from)
{
	w.hardening.landlock_bind = (struct bw_uints){some_ports, 1};
	w.host.landlock_abi.v = 10;
	ck_assert_str_eq(planned(), "deny writing, binding ports; " DEV "allow opening standard output again; "
				    "allow binding port 443; allow binding port 0; " ENFORCE);
	w.plan.n = 0;
	w.hardening.landlock_connect = (struct bw_uints){some_ports, 0};
	ck_assert_str_eq(planned(), "deny writing, connecting to ports, binding ports; " DEV
				    "allow opening standard output again; allow binding port 443; " ENFORCE);
}
END_TEST

START_TEST(sockets_in_read_only_mounts_stay_in_reach)
{
	w.host.landlock_abi.v = 9;
	add_mount("/run/service", read_only);
	add_mount("/tmp", none);
	ck_assert_str_eq(planned(), BEGIN "allow reaching sockets beneath /run/service; "
					  "allow everything beneath /tmp; " DEV END);
}
END_TEST

START_TEST(a_further_process_gets_the_same_rules)
{
	w.request.exec = true;
	add_mount("/tmp", none);
	ck_assert_str_eq(planned(), BEGIN "allow everything beneath /tmp; " DEV END);
}
END_TEST

/* What is handled grows with the ABI; what is not known must not be asked for. */
static const struct {
	uint64_t abi, writing, fs, net, scoped;
	uint32_t flags;
	const char *described;
} abis[] = {
	{0, 0, 0, 0, 0, 0, "ABI 0"},
	{1, 0x1ff2, 0x1ff3, 0, 0, 0,
		"ABI 1, without renames, truncation, TCP ports, devices, scopes, audit records, unix sockets, UDP ports"},
	{2, 0x3ff2, 0x3ff3, 0, 0, 0,
		"ABI 2, without truncation, TCP ports, devices, scopes, audit records, unix sockets, UDP ports"},
	{3, 0x7ff2, 0x7ff3, 0, 0, 0, "ABI 3, without TCP ports, devices, scopes, audit records, unix sockets, UDP ports"},
	{4, 0x7ff2, 0x7ff3, 3, 0, 0, "ABI 4, without devices, scopes, audit records, unix sockets, UDP ports"},
	{5, 0xfff2, 0xfff3, 3, 0, 0, "ABI 5, without scopes, audit records, unix sockets, UDP ports"},
	{6, 0xfff2, 0xfff3, 3, 3, 0, "ABI 6, without audit records, unix sockets, UDP ports"},
	{7, 0xfff2, 0xfff3, 3, 3, 6, "ABI 7, without unix sockets, UDP ports"},
	{8, 0xfff2, 0xfff3, 3, 3, 6, "ABI 8, without unix sockets, UDP ports"},
	{9, 0x1fff2, 0x1fff3, 3, 3, 6, "ABI 9, without UDP ports"},
	{10, 0x1fff2, 0x1fff3, 15, 3, 6, "ABI 10"},
	{99, 0x1fff2, 0x1fff3, 15, 3, 6, "ABI 99"},
};

START_TEST(each_abi_handles_what_it_knows)
{
	const struct bw_landlock_ruleset all = bw_landlock_ruleset_of(abis[_i].abi, ~0U);
	const struct bw_landlock_ruleset none_ = bw_landlock_ruleset_of(abis[_i].abi, 0);
	char text[160];

	ck_assert_uint_eq(bw_landlock_ruleset_of(abis[_i].abi, BW_LANDLOCK_WANT_WRITING).handled_fs, abis[_i].writing);
	ck_assert_uint_eq(all.handled_fs, abis[_i].fs);
	ck_assert_uint_eq(all.handled_net, abis[_i].net);
	ck_assert_uint_eq(all.scoped, abis[_i].scoped);
	ck_assert_uint_eq(none_.handled_fs | none_.handled_net | none_.scoped, 0);
	ck_assert_uint_eq(bw_landlock_flags_of(abis[_i].abi), abis[_i].flags);
	bw_landlock_describe(abis[_i].abi, 0, text, sizeof text);
	ck_assert_str_eq(text, abis[_i].described);
}
END_TEST

START_TEST(errata_are_named)
{
	char text[160];

	bw_landlock_describe(10, 5, text, sizeof text);
	ck_assert_str_eq(text, "ABI 10; errata fixed: 1 3");
}
END_TEST

/* Rules carry what the ruleset handles, and the flags go along. */
START_TEST(rules_are_of_what_is_handled)
{
	uint64_t rights;
	uint32_t flags;

	if (abis[_i].abi < 2)
		return;
	w.host.landlock_abi.v = abis[_i].abi;
	add_mount("/tmp", none);
	ck_assert_int_eq(bw_landlock.prepare(&w.request, &w.plan, &w.err), 0);
	memcpy(&rights, bw_plan_data(&w.plan, &w.plan.steps[0]), sizeof rights);
	ck_assert_uint_eq(rights, abis[_i].writing);
	memcpy(&rights, bw_plan_data(&w.plan, &w.plan.steps[1]), sizeof rights);
	ck_assert_uint_eq(rights, abis[_i].writing);
	memcpy(&flags, bw_plan_data(&w.plan, &w.plan.steps[w.plan.n - 1]), sizeof flags);
	ck_assert_uint_eq(flags, abis[_i].flags);
}
END_TEST

#define NEEDS(what, abi, kernel, have)                                                             \
	what " needs Landlock ABI " #abi " (Linux " kernel "), and this kernel has ABI " #have
#define TRUNCATION(have) NEEDS("keeping files from being truncated", 3, "6.2", have)
#define CONNECT(have)	 NEEDS("limiting to which ports TCP connects", 4, "6.7", have)
#define BIND(have)	 NEEDS("limiting to which ports TCP is bound", 4, "6.7", have)
#define ABSTRACT(have)	 NEEDS("closing abstract sockets of the outside", 6, "6.12", have)
#define SIGNALS(have)	 NEEDS("closing signals to the outside", 6, "6.12", have)
#define SENDING(have)	 NEEDS("limiting to which ports UDP is sent", 10, "7.2", have)
#define BINDING(have)	 NEEDS("limiting to which ports UDP is bound", 10, "7.2", have)
#define ABI_1                                                                                      \
	"Landlock ABI 1 (before Linux 5.19) would forbid every rename from one directory "         \
	"to another"

enum { SCOPE = 1, CONNECTS = 2, BINDS = 4, EVERYTHING = 7 };

/* Each thing that is missing has a sentence. refused: the one that ends it where Landlock is required; noted: how many
 * are on record then. */
static const struct {
	uint64_t abi;
	unsigned wanted;
	const char *refused;
	size_t noted;
	const char *degraded[8];
} lacks[] = {
	{0, 0, "this kernel has no Landlock", 0, {"this kernel has no Landlock"}},
	{1, 0, NULL, 1, {ABI_1}},
	{2, 0, NULL, 1, {TRUNCATION(2)}},
	{2, EVERYTHING, CONNECT(2), 1,
		{TRUNCATION(2), CONNECT(2), BIND(2), ABSTRACT(2), SIGNALS(2), SENDING(2), BINDING(2)}},
	{3, 0, NULL, 0, {NULL}},
	{3, CONNECTS, CONNECT(3), 0, {CONNECT(3), SENDING(3)}},
	{3, BINDS, BIND(3), 0, {BIND(3), BINDING(3)}},
	{4, CONNECTS | BINDS, NULL, 2, {SENDING(4), BINDING(4)}},
	{5, SCOPE, ABSTRACT(5), 0, {ABSTRACT(5), SIGNALS(5)}},
	{6, EVERYTHING, NULL, 2, {SENDING(6), BINDING(6)}},
	{9, EVERYTHING, NULL, 2, {SENDING(9), BINDING(9)}},
	{10, EVERYTHING, NULL, 0, {NULL}},
	{99, EVERYTHING, NULL, 0, {NULL}},
};

static void want(unsigned wanted)
{
	w.hardening.landlock_scope = (struct bw_opt_bool){.set = true, .v = wanted & SCOPE};
	if (wanted & CONNECTS)
		w.hardening.landlock_connect = (struct bw_uints){some_ports, 2};
	if (wanted & BINDS)
		w.hardening.landlock_bind = (struct bw_uints){some_ports, 2};
}

START_TEST(what_is_required_and_missing_is_refused)
{
	char sentence[256];

	w.host.landlock_abi.v = lacks[_i].abi;
	want(lacks[_i].wanted);
	ck_assert_int_eq(bw_landlock.prepare(&w.request, &w.plan, &w.err), lacks[_i].refused ? -1 : 0);
	ck_assert_uint_eq(w.plan.degraded_n, lacks[_i].noted);
	if (!lacks[_i].refused)
		return;
	snprintf(sentence, sizeof sentence, "the policy requires Landlock: %s", lacks[_i].refused);
	ck_assert_str_eq(w.err.text, sentence);
	ck_assert_int_eq(w.err.code, BW_E_HOST);
}
END_TEST

START_TEST(what_is_preferred_and_missing_is_on_record)
{
	size_t n = 0;

	w.host.landlock_abi.v = lacks[_i].abi;
	w.hardening.landlock = prefer;
	want(lacks[_i].wanted);
	ck_assert_int_eq(bw_landlock.prepare(&w.request, &w.plan, &w.err), 0);
	for (; lacks[_i].degraded[n]; n++) {
		ck_assert_uint_gt(w.plan.degraded_n, n);
		ck_assert_str_eq(w.plan.degraded[n].why, lacks[_i].degraded[n]);
	}
	ck_assert_uint_eq(w.plan.degraded_n, n);
}
END_TEST

/* ---- live ---- */

/* <tree>/ro and <tree>/work (allowed), each with a file, a directory and a link to write through;
 * <tree>/out is what standard output is. The tree is the container's root. */
static char tree[] = "/tmp/bulwark-landlock-XXXXXX";
static bool is_made;

static void in_tree(const char *line)
{
	char command[PATH_MAX + 256];

	snprintf(command, sizeof command, "cd %s && %s", tree, line);
	ck_assert_int_eq(system(command), 0);
}

static void list_live_programs(void)
{
	static char program[] = "/program", gone[] = "/gone", loader[] = "/loader";
	static char *files[] = {program, gone}, *interpreters[] = {loader};

	w.programs.files = (struct bw_strs){files, 2};
	w.programs.interpreters = (struct bw_strs){interpreters, 1};
	w.hardening.programs = &w.programs;
}

static void setup_tree(void)
{
	setup();
	if (!is_made)
		ck_assert_ptr_nonnull(mkdtemp(tree));
	is_made = true;
	in_tree("rm -rf ro work out file program loader && mkdir -p ro/sub work/sub work/other && echo x >ro/file "
		"&& echo x >work/file &&"
		" echo x >ro/moved && echo x >ro/program && echo x >work/program && chmod 755 ro/program work/program &&"
		" cp ro/program program && cp ro/program loader && ln -s program work/linked &&"
		" ln ro/program ro/second && ln program work/hard &&"
		"  ln -s ../ro/file work/link && echo x >out && echo x >file");
	w.host.landlock_abi = (struct bw_opt_uint){0};
	ck_assert_int_eq(bw_landlock.probe(&w.host, &w.arena, NULL), 0);
	w.request.exec = false;
	add_mount("/work", none);
	add_mount("/file", none);
	add_mount("/missing", none);
	list_live_programs();
	/* A writable mount on a file, and one whose place does not exist, are no reason to fail. */
	ck_assert_int_eq(bw_landlock.prepare(&w.request, &w.plan, &w.err), 0);
}

static void teardown_tree(void)
{
	char command[PATH_MAX];

	snprintf(command, sizeof command, "rm -rf %s", tree);
	ck_assert_int_eq(system(command), 0);
	is_made = false;
	memcpy(tree + sizeof tree - 7, "XXXXXX", 6);
	teardown();
}

static int apply_all(void)
{
	struct bw_child child = {
		.root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), .scratch = -1};
	int r = child.root < 0 ? -errno : 0;

	for (size_t i = 0; r == 0 && i < w.plan.n; i++)
		r = bw_landlock_apply(&child, w.plan.steps[i].op,
			bw_plan_data(&w.plan, &w.plan.steps[i]), w.plan.steps[i].len);
	return r;
}

/* The errno of attempt() in a process under the rules, with standard output on <tree>/out. */
static int under_rules(int (*attempt)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		int out;

		if (chdir(tree) < 0)
			_exit(250);
		out = open("out", O_WRONLY | O_CLOEXEC);
		if (out < 0 || dup2(out, STDOUT_FILENO) < 0 ||
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			_exit(251);
		if (apply_all() < 0)
			_exit(252);
		_exit(attempt() < 0 ? errno : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define ATTEMPT(name, call)                                                                        \
	static int name(void)                                                                      \
	{                                                                                          \
		return (int)(call);                                                                \
	}
ATTEMPT(read_ro, open("ro/file", O_RDONLY | O_CLOEXEC))
ATTEMPT(list_ro, open("ro", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
ATTEMPT(write_ro, open("ro/file", O_WRONLY | O_CLOEXEC))
ATTEMPT(write_by_link, open("work/link", O_WRONLY | O_CLOEXEC))
ATTEMPT(open_and_truncate_ro, open("ro/file", O_RDONLY | O_TRUNC | O_CLOEXEC))
ATTEMPT(truncate_ro, truncate("ro/file", 0))
ATTEMPT(create_ro, open("ro/new", O_RDWR | O_CREAT | O_CLOEXEC, 0600))
ATTEMPT(temporary_ro, open("ro", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600))
ATTEMPT(mkdir_ro, mkdir("ro/new", 0700))
ATTEMPT(rmdir_ro, rmdir("ro/sub"))
ATTEMPT(unlink_ro, unlink("ro/file"))
ATTEMPT(symlink_ro, symlink("x", "ro/new"))
ATTEMPT(fifo_ro, mkfifo("ro/new", 0600))
ATTEMPT(rename_in_ro, rename("ro/file", "ro/new"))
ATTEMPT(rename_into_ro, rename("work/file", "ro/new"))
ATTEMPT(rename_out_of_ro, rename("ro/moved", "work/new"))
ATTEMPT(link_into_ro, link("work/file", "ro/new"))
ATTEMPT(link_out_of_ro, link("ro/file", "work/new"))
ATTEMPT(write_work, open("work/file", O_WRONLY | O_TRUNC | O_CLOEXEC))
ATTEMPT(truncate_work, truncate("work/file", 0))
ATTEMPT(create_work, open("work/sub/new", O_RDWR | O_CREAT | O_CLOEXEC, 0600))
ATTEMPT(mkdir_work, mkdir("work/new", 0700))
ATTEMPT(rmdir_work, rmdir("work/sub"))
ATTEMPT(unlink_work, unlink("work/file"))
ATTEMPT(fifo_work, mkfifo("work/new", 0600))
ATTEMPT(symlink_work, symlink("x", "work/new"))
ATTEMPT(rename_across_work, rename("work/file", "work/sub/new"))
ATTEMPT(rename_directory_across_work, rename("work/sub", "work/other/sub"))
ATTEMPT(link_across_work, link("work/file", "work/other/new"))
ATTEMPT(write_mounted_file, open("file", O_WRONLY | O_TRUNC | O_CLOEXEC))
ATTEMPT(unlink_mounted_file, unlink("file"))
ATTEMPT(reopen_stdout, open("/proc/self/fd/1", O_WRONLY | O_TRUNC | O_CLOEXEC))
ATTEMPT(write_stdout, write(STDOUT_FILENO, "x", 1))
ATTEMPT(unlink_stdout, unlink("out"))
ATTEMPT(signal_parent, kill(getppid(), 0))
/* What is no program at all is only found out behind the question whether it may be executed. */
ATTEMPT(execute_listed, execl("program", "program", (char *)NULL))
ATTEMPT(execute_interpreter, execl("loader", "loader", (char *)NULL))
ATTEMPT(execute_second_name, execl("work/hard", "hard", (char *)NULL))
ATTEMPT(execute_ro, execl("ro/program", "program", (char *)NULL))
ATTEMPT(execute_work, execl("work/program", "program", (char *)NULL))
ATTEMPT(execute_outside, execl("/bin/true", "true", (char *)NULL))
ATTEMPT(read_program, open("ro/program", O_RDONLY | O_CLOEXEC))
ATTEMPT(ioctl_device_outside, ioctl(open("/dev/zero", O_RDONLY | O_CLOEXEC), TIOCGPGRP, &(int){0}))

static const struct {
	const char *name;
	int (*attempt)(void);
	int want;
	unsigned abi; /* from this one on */
} attempts[] = {
#define ROW(name, want, abi)                                                                       \
	{                                                                                          \
#name, name, want, abi                                                             \
	}
	ROW(read_ro, 0, 1),
	ROW(list_ro, 0, 1),
	ROW(write_ro, EACCES, 1),
	ROW(write_by_link, EACCES, 1),
	ROW(open_and_truncate_ro, EACCES, 3),
	ROW(truncate_ro, EACCES, 3),
	ROW(create_ro, EACCES, 1),
	ROW(temporary_ro, EACCES, 1),
	ROW(mkdir_ro, EACCES, 1),
	ROW(rmdir_ro, EACCES, 1),
	ROW(unlink_ro, EACCES, 1),
	ROW(symlink_ro, EACCES, 1),
	ROW(fifo_ro, EACCES, 1),
	ROW(rename_in_ro, EACCES, 1),
	ROW(rename_into_ro, EACCES, 2),
	ROW(rename_out_of_ro, EACCES, 2),
	ROW(link_into_ro, EACCES, 2),
	ROW(link_out_of_ro, EXDEV, 2),
	ROW(write_work, 0, 1),
	ROW(truncate_work, 0, 1),
	ROW(create_work, 0, 1),
	ROW(mkdir_work, 0, 1),
	ROW(rmdir_work, 0, 1),
	ROW(unlink_work, 0, 1),
	ROW(fifo_work, 0, 1),
	ROW(symlink_work, 0, 1),
	ROW(rename_across_work, 0, 2),
	ROW(rename_directory_across_work, 0, 2),
	ROW(link_across_work, 0, 2),
	ROW(write_mounted_file, 0, 1),
	ROW(unlink_mounted_file, EACCES, 1),
	ROW(reopen_stdout, 0, 1),
	ROW(write_stdout, 0, 1),
	ROW(unlink_stdout, EACCES, 1),
	ROW(signal_parent, 0, 1),
	ROW(execute_listed, ENOEXEC, 1),
	ROW(execute_interpreter, ENOEXEC, 1),
	ROW(execute_second_name, ENOEXEC, 1),
	ROW(execute_ro, EACCES, 1),
	ROW(execute_work, EACCES, 1),
	ROW(execute_outside, EACCES, 1),
	ROW(read_program, 0, 1),
	ROW(ioctl_device_outside, EACCES, 5),
};

START_TEST(rules_hold)
{
	int got;

	if (w.host.landlock_abi.v < attempts[_i].abi)
		return;
	got = under_rules(attempts[_i].attempt);
	ck_assert_msg(got == attempts[_i].want, "%s: %s, not %s", attempts[_i].name, strerror(got),
		strerror(attempts[_i].want));
}
END_TEST

static void plan_again(void)
{
	w.plan.n = 0;
	ck_assert_msg(bw_landlock.prepare(&w.request, &w.plan, &w.err) == 0, "%s", w.err.text);
}

#define EXPECT(attempt, want)                                                                      \
	do {                                                                                       \
		int got_ = under_rules(attempt);                                                   \
		ck_assert_msg(got_ == (want), "%s: %s", #attempt, strerror(got_));                 \
	} while (0)

/* Otherwise the table above proves nothing. */
START_TEST(without_the_rules_nothing_is_denied)
{
	w.hardening.programs = NULL;
	plan_again();
	EXPECT(execute_ro, ENOEXEC);
	EXPECT(execute_work, ENOEXEC);
	w.plan.n = 0;
	EXPECT(ioctl_device_outside, ENOTTY);
}
END_TEST

START_TEST(a_writable_root_is_written_to_and_executes_what_is_listed)
{
	w.hardening.landlock = prefer;
	w.root.readonly.v = false;
	plan_again();
	EXPECT(execute_listed, ENOEXEC);
	EXPECT(execute_ro, EACCES);
	EXPECT(write_ro, 0);
	EXPECT(ioctl_device_outside, ENOTTY);
	if (w.host.landlock_abi.v < 2)
		return;
	EXPECT(rename_into_ro, 0);
	EXPECT(link_across_work, ENOENT); /* renamed: the file is in ro now */
}
END_TEST

/* What the container has put in the place of a program since create. */
START_TEST(a_link_or_a_directory_in_the_place_of_a_program_is_refused)
{
	in_tree("rm program && ln -s ro/program program");
	ck_assert_int_eq(under_rules(read_ro), 252);
	in_tree("rm program && mkdir program && cp ro/program program/");
	ck_assert_int_eq(under_rules(read_ro), 252);
	in_tree("rm -r program && cp ro/program program");
	EXPECT(read_ro, 0);
}
END_TEST

static struct sockaddr_in at_port(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static int on_port(int (*call)(int, const struct sockaddr *, socklen_t), int type, uint16_t port)
{
	struct sockaddr_in address = at_port(port);

	return call(socket(AF_INET, type | SOCK_CLOEXEC, 0), (struct sockaddr *)&address, sizeof address);
}

/* Nobody listens: an answer other than EACCES is the network's. */
ATTEMPT(connect_listed, on_port(connect, SOCK_STREAM, 8080) < 0 && errno == EACCES ? -1 : 0)
ATTEMPT(connect_other, on_port(connect, SOCK_STREAM, 1))
ATTEMPT(bind_listed, on_port(bind, SOCK_STREAM, 8080) < 0 && errno == EACCES ? -1 : 0)
ATTEMPT(bind_other, on_port(bind, SOCK_STREAM, 8081))
ATTEMPT(bind_any, on_port(bind, SOCK_STREAM, 0))
ATTEMPT(send_listed, on_port(connect, SOCK_DGRAM, 8080) < 0 && errno == EACCES ? -1 : 0)
ATTEMPT(send_other, on_port(connect, SOCK_DGRAM, 1))
ATTEMPT(bind_udp_other, on_port(bind, SOCK_DGRAM, 8081))

START_TEST(ports_hold)
{
	uint64_t abi = w.host.landlock_abi.v;

	if (abi < 4)
		return;
	w.hardening.landlock_connect = (struct bw_uints){some_ports, 2};
	plan_again();
	EXPECT(connect_listed, 0);
	EXPECT(connect_other, EACCES);
	EXPECT(bind_any, 0);
	w.hardening.landlock_bind = (struct bw_uints){some_ports, 2};
	plan_again();
	EXPECT(bind_listed, 0);
	EXPECT(bind_other, EACCES);
	EXPECT(bind_any, EACCES);
	w.hardening.landlock_bind = (struct bw_uints){ephemeral, 1};
	plan_again();
	EXPECT(bind_any, 0);
	EXPECT(bind_listed, EACCES);
	if (abi >= 10) {
		EXPECT(send_listed, 0);
		EXPECT(send_other, EACCES);
		EXPECT(bind_udp_other, EACCES);
	}
	w.hardening.landlock_connect.n = 0;
	plan_again();
	EXPECT(connect_listed, EACCES);
}
END_TEST

static int listener;

/* A name of the test's own among the abstract ones. */
static struct sockaddr_un abstract_name(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "bulwark-test-%d", (int)getpid());
	return name;
}
static struct sockaddr_un listening;

static int connect_abstract(void)
{
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(sock, (struct sockaddr *)&listening, sizeof listening);
}

START_TEST(scopes_hold)
{
	w.plan.n = 0;
	w.hardening.landlock_scope = (struct bw_opt_bool){.set = true, .v = true};
	if (w.host.landlock_abi.v < 6)
		return;
	listening = abstract_name();
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&listening, sizeof listening), 0);
	ck_assert_int_eq(listen(listener, 4), 0);
	ck_assert_int_eq(connect_abstract() < 0, 0);
	ck_assert_int_eq(bw_landlock.prepare(&w.request, &w.plan, &w.err), 0);
	ck_assert_int_eq(under_rules(connect_abstract), EPERM);
	ck_assert_int_eq(under_rules(signal_parent), EPERM);
	close(listener);
}
END_TEST

static bool has_landlock(void)
{
	struct bw_host host = {0};

	return bw_landlock.probe(&host, NULL, NULL) == 0 && host.landlock_abi.v > 0;
}

static TCase *plan_case(void)
{
	TCase *tc = tcase_create("plan");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, no_landlock_asked_for_means_no_steps);
	tcase_add_test(tc, writable_mounts_are_allowed_and_read_only_ones_are_not);
	tcase_add_test(tc, a_mount_beneath_a_writable_one_needs_no_rule);
	tcase_add_test(tc, a_mount_that_a_later_one_hides_does_not_count);
	tcase_add_test(tc, a_device_elsewhere_can_be_written_to);
	tcase_add_test(tc, a_writable_root_leaves_nothing_to_restrict);
	tcase_add_test(tc, a_writable_root_is_refused_where_landlock_is_required);
	tcase_add_test(tc, scopes_hold_with_a_writable_root_too);
	tcase_add_test(tc, a_further_process_gets_the_same_rules);
	tcase_add_test(tc, programs_and_their_interpreters_alone_can_be_executed);
	tcase_add_test(tc, no_program_listed_means_none_can_be_executed);
	tcase_add_test(tc, programs_hold_with_a_writable_root_too);
	tcase_add_test(tc, ports_alone_can_be_used);
	tcase_add_test(tc, an_empty_list_of_ports_allows_none);
	tcase_add_test(tc, limits_of_binding_leave_udp_a_port_to_send_from);
	tcase_add_test(tc, sockets_in_read_only_mounts_stay_in_reach);
	tcase_add_test(tc, errata_are_named);
	tcase_add_loop_test(tc, each_abi_handles_what_it_knows, 0, (int)BW_COUNT(abis));
	tcase_add_loop_test(tc, rules_are_of_what_is_handled, 0, (int)BW_COUNT(abis));
	tcase_add_loop_test(tc, what_is_required_and_missing_is_refused, 0, (int)BW_COUNT(lacks));
	tcase_add_loop_test(
		tc, what_is_preferred_and_missing_is_on_record, 0, (int)BW_COUNT(lacks));
	return tc;
}

static TCase *live_case(void)
{
	TCase *tc = tcase_create("live");

	tcase_add_checked_fixture(tc, setup_tree, teardown_tree);
	tcase_add_loop_test(tc, rules_hold, 0, (int)BW_COUNT(attempts));
	tcase_add_test(tc, scopes_hold);
	tcase_add_test(tc, without_the_rules_nothing_is_denied);
	tcase_add_test(tc, a_writable_root_is_written_to_and_executes_what_is_listed);
	tcase_add_test(tc, a_link_or_a_directory_in_the_place_of_a_program_is_refused);
	tcase_add_test(tc, ports_hold);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("landlock");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, plan_case());
	if (has_landlock())
		suite_add_tcase(suite, live_case());
	else
		printf("the live half is skipped: this kernel has no Landlock\n");
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
