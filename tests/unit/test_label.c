/* SPDX-License-Identifier: Apache-2.0 */
/* test_label.c - AppArmor and SELinux labels: what is planned or refused on which host, the label
 * helper from both sides, and that nothing but a true procfs takes a label. No LSM is needed. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/fd.h"
#include "control/control.h"
#include "control/label.h"
#include "host/host.h"
#include "label/profiles.h"
#include "plan/plan.h"
#include "spec/spec.h"

#define INSTALLED_HELPER BW_LIBEXECDIR "/bulwark-label"

static char require[] = "require", prefer[] = "prefer", profile[] = "web",
	    unconfined[] = "unconfined", nothing[] = "";
static char context[] = "system_u:system_r:container_t:s0:c1,c2", broken[] = "a\nb";
static char lsm0[] = "lockdown", lsm1[] = "capability";

/* A process without labels on a host without AppArmor and SELinux; tests bend it. */
static struct world {
	struct bw_arena arena;
	struct bw_spec_process process, first;
	struct bw_spec_hardening hardening;
	struct bw_spec spec;
	struct bw_host host;
	struct bw_request request;
	struct bw_plan plan;
	struct bw_err err;
	char *lsms[2];
	char dir[32];
	int proc;
} w;

static void setup(void)
{
	w = (struct world){
		.plan = BW_PLAN_INIT, .lsms = {lsm0, lsm1}, .dir = "/tmp/bulwark-label-XXXXXX"};
	w.spec.process = &w.process;
	w.spec.hardening = &w.hardening;
	w.host.lsms.v = w.lsms;
	w.host.lsms.n = 2;
	w.host.apparmor.set = w.host.selinux.set = true;
	w.request.spec = &w.spec;
	w.request.process = &w.process;
	w.request.host = &w.host;
	w.request.arena = &w.arena;
	ck_assert_ptr_nonnull(mkdtemp(w.dir));
	w.proc = open(w.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(w.proc, 0);
}

static void run(const char *fmt, ...) BW_PRINTF(1, 2);
static void run(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	ck_assert_int_eq(system(line), 0);
}

static void teardown(void)
{
	close(w.proc);
	run("rm -rf %s", w.dir);
	bw_plan_done(&w.plan);
	bw_arena_done(&w.arena);
}

static void refused(const struct bw_control *control, const char *text, const char *field)
{
	ck_assert_int_eq(control->prepare(&w.request, &w.plan, &w.err), -1);
	ck_assert_str_eq(w.err.text, text);
	ck_assert_str_eq(w.err.field, field);
	ck_assert_uint_eq(w.plan.n, 0);
	ck_assert_uint_eq(w.plan.degraded_n, 0);
}

static void degraded(const struct bw_control *control, const char *why)
{
	ck_assert_int_eq(control->prepare(&w.request, &w.plan, &w.err), 0);
	ck_assert_int_eq(w.err.code, BW_E_NONE);
	ck_assert_uint_eq(w.plan.degraded_n, 1);
	ck_assert_str_eq(w.plan.degraded[0].why, why);
}

static void nothing_planned(const struct bw_control *control)
{
	ck_assert_int_eq(control->prepare(&w.request, &w.plan, &w.err), 0);
	ck_assert_uint_eq(w.plan.n, 0);
	ck_assert_uint_eq(w.plan.degraded_n, 0);
}

/* ---- AppArmor ---- */

#define NO_APPARMOR                                                                                \
	"apparmorProfile \"web\" requested but this kernel has no AppArmor (active LSMs: "         \
	"lockdown,capability)"
#define NONE_OF_OURS                                                                               \
	"the policy wants AppArmor but this kernel has none (active LSMs: lockdown,capability)"

START_TEST(no_profile_means_no_step)
{
	nothing_planned(&bw_apparmor);
	w.process.apparmor_profile = nothing;
	nothing_planned(&bw_apparmor);
	w.process.apparmor_profile = unconfined;
	nothing_planned(&bw_apparmor);
	w.spec.hardening = NULL;
	w.request.process = NULL;
	nothing_planned(&bw_apparmor);
}
END_TEST

START_TEST(profile_without_apparmor_is_refused)
{
	w.process.apparmor_profile = profile;
	refused(&bw_apparmor, NO_APPARMOR, "/process/apparmorProfile");
	ck_assert_int_eq(w.err.code, BW_E_HOST);
}
END_TEST

START_TEST(profile_of_the_caller_is_refused_even_where_ours_is_only_preferred)
{
	w.process.apparmor_profile = profile;
	w.hardening.apparmor = prefer;
	refused(&bw_apparmor, NO_APPARMOR, "/process/apparmorProfile");
}
END_TEST

START_TEST(unknown_modules_are_called_so)
{
	w.process.apparmor_profile = profile;
	w.host.lsms.n = 0;
	refused(&bw_apparmor,
		"apparmorProfile \"web\" requested but this kernel has no AppArmor (active LSMs: "
		"unknown)",
		"/process/apparmorProfile");
}
END_TEST

START_TEST(our_profile_is_degraded_or_refused)
{
	w.hardening.apparmor = prefer;
	degraded(&bw_apparmor, NONE_OF_OURS);
	ck_assert_uint_eq(w.plan.n, 0);
	w.plan.degraded_n = 0;
	w.hardening.apparmor = require;
	refused(&bw_apparmor, NONE_OF_OURS, "/process/apparmorProfile");
}
END_TEST

START_TEST(further_process_has_the_containers_profile)
{
	w.request.exec = true;
	w.request.process = &w.first;
	w.process.apparmor_profile = profile;
	refused(&bw_apparmor, NO_APPARMOR, "/process/apparmorProfile");
}
END_TEST

START_TEST(profile_with_a_control_character_is_refused)
{
	w.process.apparmor_profile = broken;
	w.host.apparmor.v = true;
	refused(&bw_apparmor, "apparmorProfile contains a control character",
		"/process/apparmorProfile");
}
END_TEST

START_TEST(longest_label_is_accepted_and_one_more_byte_is_not)
{
	static char text[BW_LABEL_MAX + 2];

	memset(text, 'x', BW_LABEL_MAX);
	ck_assert_int_eq(bw_label_plain(text, "selinuxLabel", &w.err), 0);
	text[BW_LABEL_MAX] = 'x';
	ck_assert_int_eq(bw_label_plain(text, "selinuxLabel", &w.err), -1);
	ck_assert_str_eq(w.err.text, "selinuxLabel is longer than 4000 bytes");
}
END_TEST

/* Which profile is whose: ours where the caller names none, or before the caller's. */
static char own[] = "bulwark-untrusted", none_of_ours[] = "";
static const struct {
	char *strength, *own;
	bool always;
	char *asked;
	const char *want;
} owners[] = {
	{NULL, NULL, false, NULL, NULL},
	{NULL, own, true, profile, NULL},
	{prefer, NULL, false, NULL, "bulwark-default"},
	{prefer, own, false, NULL, "bulwark-untrusted"},
	{require, own, false, none_of_ours, "bulwark-untrusted"},
	{require, own, false, profile, NULL},
	{require, own, true, profile, "bulwark-untrusted"},
	{prefer, NULL, true, profile, "bulwark-default"},
};

START_TEST(own_profile_has_its_place)
{
	const char *got;

	w.hardening.apparmor = owners[_i].strength;
	w.hardening.apparmor_profile = owners[_i].own;
	w.hardening.apparmor_always = (struct bw_opt_bool){.set = true, .v = owners[_i].always};
	got = bw_apparmor_own(&w.hardening, owners[_i].asked);
	ck_assert_pstr_eq(got, owners[_i].want);
	ck_assert_ptr_null(bw_apparmor_own(NULL, NULL));
}
END_TEST

/* Where ours cannot be had and is only preferred, the caller's is not lost with it. */
START_TEST(own_profile_that_cannot_be_had_leaves_the_callers)
{
	w.process.apparmor_profile = profile;
	w.hardening.apparmor_profile = own;
	w.hardening.apparmor_always = (struct bw_opt_bool){.set = true, .v = true};
	w.hardening.apparmor = require;
	refused(&bw_apparmor, NONE_OF_OURS, "/process/apparmorProfile");
	w.hardening.apparmor = prefer;
	ck_assert_int_eq(bw_apparmor.prepare(&w.request, &w.plan, &w.err), -1);
	ck_assert_str_eq(w.err.text, NO_APPARMOR);
	ck_assert_uint_eq(w.plan.degraded_n, 1);
	ck_assert_str_eq(w.plan.degraded[0].why, NONE_OF_OURS);
	ck_assert_uint_eq(w.plan.n, 0);
}
END_TEST

/* With AppArmor there the helper decides; where it is not installed nothing can be confirmed. */
START_TEST(profile_that_nobody_can_check_is_refused)
{
	if (access(INSTALLED_HELPER, F_OK) == 0)
		return;
	w.host.apparmor.v = w.host.selinux.v = true;
	w.process.apparmor_profile = profile;
	refused(&bw_apparmor, "running " INSTALLED_HELPER ": no such file or directory",
		"/process/apparmorProfile");
	ck_assert_str_eq(
		w.err.hint, "labels are checked by it before anything is started: install it");
	w.err = (struct bw_err){0};
	w.process.selinux_label = context;
	refused(&bw_selinux, "running " INSTALLED_HELPER ": no such file or directory",
		"/process/selinuxLabel");
}
END_TEST

/* ---- SELinux ---- */

#define NO_SELINUX "selinux label is specified in config, but selinux is disabled or not supported"
#define WANTS_SELINUX                                                                              \
	"the policy wants SELinux but this kernel has none (active LSMs: lockdown,capability)"

START_TEST(no_context_means_no_step)
{
	nothing_planned(&bw_selinux);
	w.process.selinux_label = nothing;
	nothing_planned(&bw_selinux);
}
END_TEST

START_TEST(context_without_selinux_is_refused_in_the_words_callers_know)
{
	w.process.selinux_label = context;
	refused(&bw_selinux, NO_SELINUX, "/process/selinuxLabel");
	w.err = (struct bw_err){0};
	w.hardening.selinux = prefer;
	refused(&bw_selinux, NO_SELINUX, "/process/selinuxLabel");
}
END_TEST

START_TEST(wish_for_selinux_without_it_is_degraded_or_refused)
{
	w.hardening.selinux = prefer;
	degraded(&bw_selinux, WANTS_SELINUX);
	w.plan.degraded_n = 0;
	w.hardening.selinux = require;
	refused(&bw_selinux, WANTS_SELINUX, "/process/selinuxLabel");
}
END_TEST

START_TEST(wish_for_selinux_without_a_context_is_degraded_or_refused)
{
	w.host.selinux.v = true;
	w.hardening.selinux = prefer;
	degraded(&bw_selinux, "the policy wants SELinux but no selinuxLabel was given");
	w.plan.degraded_n = 0;
	w.hardening.selinux = require;
	refused(&bw_selinux, "the policy wants SELinux but no selinuxLabel was given",
		"/process/selinuxLabel");
}
END_TEST

/* ---- asking the helper ---- */

static const struct {
	const char *body;
	int want;
	bool enforced;
	const char *text; /* %s: the helper's path */
} helpers[] = {
	{"exit 0", 0, true, NULL},
	{"echo in complain mode >&2; exit 2", 0, false, NULL},
	{"echo \"$# $1 $2 $3 HOME=$HOME in $(pwd)\" >&2; exit 1", -1, false,
		"3 check apparmor a b HOME= in /"},
	{"echo first >&2; echo second >&2; exit 1", -1, false, "first"},
	{"echo on standard output; exit 1", -1, false, "%s ended with exit code 1"},
	{"exit 3", -1, false, "%s ended with exit code 3"},
	{"kill -KILL $$", -1, false, "%s ended with exit code 137"},
	{"i=0; while [ $i -lt 20000 ]; do echo loud >&2; i=$((i + 1)); done; exit 0", 0, true,
		NULL},
};

START_TEST(helper_decides)
{
	char path[64], want[128];
	bool enforced = false;
	int fd, r;

	snprintf(path, sizeof path, "%s/helper", w.dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd, "#!/bin/sh\n%s\n", helpers[_i].body), 0);
	close(fd);
	setenv("HOME", "/not/for/the/helper", 1);
	r = bw_label_check(path, "apparmor", "a b", &enforced, &w.err);
	ck_assert_msg(r == helpers[_i].want, "%s", w.err.text);
	ck_assert_int_eq(enforced, helpers[_i].enforced);
	if (r == 0)
		return;
	ck_assert_int_eq(w.err.code, BW_E_HOST);
	snprintf(want, sizeof want, "%s%s", strncmp(helpers[_i].text, "%s", 2) == 0 ? path : "",
		helpers[_i].text + (strncmp(helpers[_i].text, "%s", 2) == 0 ? 2 : 0));
	ck_assert_str_eq(w.err.text, want);
}
END_TEST

/* The program itself, where it is built and the LSM is not there. */
START_TEST(real_helper_says_what_is_missing)
{
	static const struct {
		const char *lsm, *sentence;
	} cases[] = {{"apparmor", "AppArmor is not enabled in this kernel"},
		{"selinux", "SELinux is not enabled in this kernel"}};
	struct bw_host host = {0};
	char cwd[256], path[300];
	bool enforced;

	ck_assert_int_eq(bw_apparmor.probe(&host, &w.arena, NULL), 0);
	ck_assert_int_eq(bw_selinux.probe(&host, &w.arena, NULL), 0);
	ck_assert_ptr_nonnull(getcwd(cwd, sizeof cwd));
	snprintf(path, sizeof path, "%s/bulwark-label", cwd);
	for (size_t i = 0; i < BW_COUNT(cases); i++) {
		if (access(path, X_OK) < 0 || (i == 0 ? host.apparmor.v : host.selinux.v))
			continue;
		w.err = (struct bw_err){0};
		ck_assert_int_eq(bw_label_check(path, cases[i].lsm, "x", &enforced, &w.err), -1);
		if (!strstr(w.err.text, "built without"))
			ck_assert_str_eq(w.err.text, cases[i].sentence);
	}
}
END_TEST

START_TEST(probes_agree_with_the_kernel)
{
	struct bw_host host = {0};

	ck_assert_int_eq(bw_apparmor.probe(&host, &w.arena, NULL), 0);
	ck_assert_int_eq(bw_selinux.probe(&host, &w.arena, NULL), 0);
	ck_assert(host.apparmor.set && host.selinux.set);
	if (host.lsms.n == 0)
		return;
	/* A module that is on is on the list; one on the list may still be switched off. */
	ck_assert(!host.apparmor.v || bw_strs_has(&host.lsms, "apparmor"));
	ck_assert(!host.selinux.v || bw_strs_has(&host.lsms, "selinux"));
	ck_assert(bw_strs_has(&host.lsms, "capability"));
}
END_TEST

/* ---- the list of profiles ---- */

static const char profiles[] = "docker-default (enforce)\n"
			       "web (complain)\n"
			       "/usr/bin/a b (c) (enforce)\n"
			       "free (unconfined)\n"
			       "dead (kill)\n"
			       "no mode\n";
static const struct {
	const char *label;
	enum bw_profile_state state;
} looked_up[] = {
	{"docker-default", BW_PROFILE_ENFORCED},
	{"web", BW_PROFILE_WEAK},
	{"free", BW_PROFILE_WEAK},
	{"dead", BW_PROFILE_ENFORCED},
	{"/usr/bin/a b (c)", BW_PROFILE_ENFORCED},
	{"/usr/bin/a b", BW_PROFILE_MISSING},
	{"docker", BW_PROFILE_MISSING},
	{"docker-default ", BW_PROFILE_MISSING},
	{"no mode", BW_PROFILE_MISSING},
	{"no", BW_PROFILE_MISSING},
	{"", BW_PROFILE_MISSING},
	{"web//&docker-default", BW_PROFILE_ENFORCED},
	{"web//&free", BW_PROFILE_WEAK},
	{"docker-default//&gone", BW_PROFILE_MISSING},
	{"docker-default//&", BW_PROFILE_MISSING},
};

START_TEST(profiles_are_found_by_name_and_mode)
{
	FILE *list = tmpfile();

	ck_assert_ptr_nonnull(list);
	ck_assert_int_ge(fputs(profiles, list), 0);
	ck_assert_int_eq(bw_profile_state(list, looked_up[_i].label), looked_up[_i].state);
	fclose(list);
}
END_TEST

/* ---- the child ---- */

static void make_attr(const char *file)
{
	run("mkdir -p %s/self/attr/apparmor && : >%s/self/attr/%s", w.dir, w.dir, file);
}

static void file_says(const char *file, const char *want)
{
	char path[64], text[128];

	snprintf(path, sizeof path, "self/attr/%s", file);
	ck_assert_int_ge(bw_read_at(w.proc, path, text, sizeof text), 0);
	ck_assert_str_eq(text, want);
}

static int apply_apparmor(const char *text)
{
	struct bw_child child = {.host_proc = w.proc};
	struct {
		uint32_t is_plain, is_ours;
		char text[64];
	} data = {.is_plain = !strchr(text, '&')};

	snprintf(data.text, sizeof data.text, "%s", text);
	return bw_apparmor_apply(&child, 0, &data, offsetof(__typeof__(data), text) + strlen(text) + 1);
}

static int apply_selinux(uint16_t op)
{
	struct bw_child child = {.host_proc = w.proc};

	return bw_selinux_apply(&child, op, context, sizeof context);
}

START_TEST(profile_goes_to_the_modules_own_file)
{
	make_attr("exec");
	make_attr("apparmor/exec");
	ck_assert_int_eq(apply_apparmor("exec a//&b"), 0);
	file_says("apparmor/exec", "exec a//&b");
	file_says("exec", "");
}
END_TEST

START_TEST(profile_goes_to_the_shared_file_of_an_older_kernel)
{
	make_attr("exec");
	ck_assert_int_eq(apply_apparmor("exec a//&b"), 0);
	file_says("exec", "exec a//&b");
}
END_TEST

START_TEST(file_that_gives_back_something_else_is_noticed)
{
	/* An ordinary file gives back "exec web", where the kernel would say "web (enforce)". */
	make_attr("apparmor/exec");
	ck_assert_int_eq(apply_apparmor("exec web"), -EPROTO);
}
END_TEST

/* What the kernel may answer of the program, and whether that is the profile in force. */
static const struct {
	const char *answer;
	const char *found; /* NULL: it is */
} read_back[] = {
	{"web (enforce)\\n", NULL},
	{"web (enforce)", NULL},
	{"web (kill)\\n", NULL},
	{"unconfined\\n", "unconfined"},
	{"web (complain)\\n", "web (complain)"},
	{"web (unconfined)\\n", "web (unconfined)"},
	{"web2 (enforce)\\n", "web2 (enforce)"},
	{"web//part (enforce)\\n", "web//part (enforce)"},
	{"web//&other (enforce)\\n", "web//&other (enforce)"},
	/* A short read, which must not pass for anything. */
	{"", ""},
	{"web", "web"},
	{"web (enf", "web (enf"},
};

/* Of ourselves, in a procfs that says what it is told to. */
static int read_back_of_ourselves(const char *file, const char *answer, const char *name)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0), r;

	ck_assert_int_ge(pidfd, 0);
	run("mkdir -p %s/%d/attr/apparmor && printf '%s' >%s/%d/attr/%s", w.dir, (int)getpid(), answer, w.dir,
		(int)getpid(), file);
	r = bw_apparmor_verify(w.proc, getpid(), pidfd, name, &w.err);
	close(pidfd);
	return r;
}

START_TEST(profile_of_the_program_is_read_back)
{
	char want[160];

	snprintf(want, sizeof want, "apparmor: the program runs in \"%s\", expected \"web (enforce)\"",
		read_back[_i].found ? read_back[_i].found : "");
	ck_assert_int_eq(read_back_of_ourselves(_i % 2 ? "current" : "apparmor/current", read_back[_i].answer, profile),
		read_back[_i].found ? -1 : 0);
	if (read_back[_i].found)
		ck_assert_str_eq(w.err.text, want);
}
END_TEST

START_TEST(profile_that_cannot_be_read_back_is_a_failure)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	ck_assert_int_eq(bw_apparmor_verify(w.proc, getpid(), pidfd, profile, &w.err), -1);
	ck_assert_str_eq(w.err.text, "apparmor: reading back the profile that the program runs in: no such file or directory");
	close(pidfd);
}
END_TEST

START_TEST(program_that_has_ended_is_no_failure)
{
	pid_t pid = fork();
	int pidfd;

	if (pid == 0)
		_exit(0);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(bw_apparmor_verify(w.proc, pid, pidfd, profile, &w.err), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	/* Its number is another's by now, for all we know: what stands there is not about it. */
	run("mkdir -p %s/%d/attr && echo unconfined >%s/%d/attr/current", w.dir, (int)pid, w.dir, (int)pid);
	ck_assert_int_eq(bw_apparmor_verify(w.proc, pid, pidfd, profile, &w.err), 0);
	close(pidfd);
}
END_TEST

START_TEST(context_goes_to_exec_and_keycreate)
{
	make_attr("exec");
	make_attr("keycreate");
	ck_assert_int_eq(apply_selinux(0), 0);
	file_says("exec", context);
	file_says("keycreate", "");
	ck_assert_int_eq(apply_selinux(1), 0);
	file_says("keycreate", context);
}
END_TEST

START_TEST(missing_file_is_a_failure)
{
	ck_assert_int_eq(apply_apparmor("exec web"), -ENOENT);
	ck_assert_int_eq(apply_selinux(0), -ENOENT);
}
END_TEST

/* A rename anywhere on the machine can make the kernel refuse a link with ".." by EAGAIN first, see openat2(2). */
static int apply_selinux_again(void)
{
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < 1000; i++)
		r = apply_selinux(0);
	return r;
}

START_TEST(label_never_leaves_the_procfs_by_a_link)
{
	run("mkdir -p %s/self %s/elsewhere && : >%s/elsewhere/exec && ln -s %s/elsewhere "
	    "%s/self/attr",
		w.dir, w.dir, w.dir, w.dir, w.dir);
	ck_assert_int_eq(apply_selinux(0), -EXDEV);
	run("rm %s/self/attr && ln -s ../../../../../../../../tmp %s/self/attr", w.dir, w.dir);
	ck_assert_int_eq(apply_selinux_again(), -EXDEV);
}
END_TEST

static int apply_beneath_a_mount(void)
{
	char path[64];

	snprintf(path, sizeof path, "%s/self/attr", w.dir);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0 ||
		mount("none", path, "tmpfs", 0, NULL) < 0)
		return 77;
	snprintf(path, sizeof path, "%s/self/attr/exec", w.dir);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	/* The descriptor from before belongs to the other mount namespace, where nothing covers the
	 * file. */
	w.proc = open(w.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return -apply_selinux(0);
}

START_TEST(label_never_goes_into_another_mount)
{
	int status = -1;
	pid_t pid;

	make_attr("exec");
	pid = fork();
	if (pid == 0)
		_exit(apply_beneath_a_mount());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) != 77)
		ck_assert_int_eq(WEXITSTATUS(status), EXDEV);
}
END_TEST

START_TEST(steps_say_what_they_do)
{
	struct {
		uint32_t is_plain, is_ours;
		char text[16];
	} data = {1, 0, "exec web"};
	char buf[128];

	bw_apparmor.say(0, &data, sizeof data, buf, sizeof buf);
	ck_assert_str_eq(buf, "profile web on exec");
	bw_selinux.say(0, context, sizeof context, buf, sizeof buf);
	ck_assert_str_eq(buf, "context system_u:system_r:container_t:s0:c1,c2 on exec");
	bw_selinux.say(1, context, sizeof context, buf, sizeof buf);
	ck_assert_str_eq(buf, "context system_u:system_r:container_t:s0:c1,c2 for the keyring");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("label");
	TCase *tc = tcase_create("label");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, no_profile_means_no_step);
	tcase_add_test(tc, profile_without_apparmor_is_refused);
	tcase_add_test(tc, profile_of_the_caller_is_refused_even_where_ours_is_only_preferred);
	tcase_add_test(tc, unknown_modules_are_called_so);
	tcase_add_test(tc, our_profile_is_degraded_or_refused);
	tcase_add_test(tc, further_process_has_the_containers_profile);
	tcase_add_test(tc, profile_with_a_control_character_is_refused);
	tcase_add_test(tc, longest_label_is_accepted_and_one_more_byte_is_not);
	tcase_add_loop_test(tc, own_profile_has_its_place, 0, (int)BW_COUNT(owners));
	tcase_add_test(tc, own_profile_that_cannot_be_had_leaves_the_callers);
	tcase_add_test(tc, profile_that_nobody_can_check_is_refused);
	tcase_add_test(tc, no_context_means_no_step);
	tcase_add_test(tc, context_without_selinux_is_refused_in_the_words_callers_know);
	tcase_add_test(tc, wish_for_selinux_without_it_is_degraded_or_refused);
	tcase_add_test(tc, wish_for_selinux_without_a_context_is_degraded_or_refused);
	tcase_add_loop_test(tc, helper_decides, 0, (int)BW_COUNT(helpers));
	tcase_add_test(tc, real_helper_says_what_is_missing);
	tcase_add_test(tc, probes_agree_with_the_kernel);
	tcase_add_loop_test(tc, profiles_are_found_by_name_and_mode, 0, (int)BW_COUNT(looked_up));
	tcase_add_test(tc, profile_goes_to_the_modules_own_file);
	tcase_add_test(tc, profile_goes_to_the_shared_file_of_an_older_kernel);
	tcase_add_test(tc, file_that_gives_back_something_else_is_noticed);
	tcase_add_loop_test(tc, profile_of_the_program_is_read_back, 0, (int)BW_COUNT(read_back));
	tcase_add_test(tc, profile_that_cannot_be_read_back_is_a_failure);
	tcase_add_test(tc, program_that_has_ended_is_no_failure);
	tcase_add_test(tc, context_goes_to_exec_and_keycreate);
	tcase_add_test(tc, missing_file_is_a_failure);
	tcase_add_test(tc, label_never_leaves_the_procfs_by_a_link);
	tcase_add_test(tc, label_never_goes_into_another_mount);
	tcase_add_test(tc, steps_say_what_they_do);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
