/* SPDX-License-Identifier: Apache-2.0 */
/* test_mounts.c - spec.mounts as steps: which file systems, binds and late attributes, what is
 * refused and where, and what a bind source really is. Nothing is mounted here. */
#include "control_test.h"

#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "kernel_double.h"
#include "scratch.h"

/* Head of a step's data, as mounts.c lays it out. */
struct head {
	int tree;
	unsigned propagation;
	uint64_t set, clear, rec_set, rec_clear;
	uint32_t flags, pairs, index, reserved;
};

static struct scratch scratch;
static struct bench *b;

/* A document with these mounts; "@" stands for the scratch directory. */
static void begin(const char *mounts)
{
	char document[4096];
	struct bw_buf buf = bw_buf_over(document, sizeof document);

	scratch_make(&scratch);
	scratch_mkdir(&scratch, "dir");
	scratch_write(&scratch, "file", "", 0644);
	bw_buf_add(&buf, "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]},\"mounts\":[");
	for (const char *p = mounts; *p; p++)
		bw_buf_addn(
			&buf, *p == '@' ? scratch.path : p, *p == '@' ? strlen(scratch.path) : 1);
	bw_buf_add(&buf, "]");
	ck_assert(!buf.overflow);
	b = bench_new("", document);
	b->request.bundle = scratch.path;
	kernel_double = (struct kernel_double){0};
}

static void end(void)
{
	bench_free(b);
	scratch_remove(&scratch);
}

static const struct head *head_of(size_t step)
{
	return bw_plan_data(&b->plan, &b->plan.steps[step]);
}

/* The texts behind a head as "a|b|". */
static const char *texts_of(size_t step)
{
	static char text[4096];
	const char *p = (const char *)(head_of(step) + 1);
	const char *last = (const char *)head_of(step) + b->plan.steps[step].len;
	struct bw_buf buf = bw_buf_over(text, sizeof text);

	for (; p < last; p += strlen(p) + 1)
		bw_buf_addf(&buf, "%s|", p);
	ck_assert_ptr_eq(p, last);
	return text;
}

/* ---- file systems ---- */

START_TEST(a_file_system_carries_its_words_and_attributes)
{
	begin("{\"destination\":\"/dev/pts/"
	      "\",\"type\":\"devpts\",\"source\":\"devpts\",\"options\":"
	      "[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"gid=5\",\"a=b=c\"]}");
	bench_prepare(b, &bw_mounts);
	ck_assert_uint_eq(b->plan.n, 1);
	bench_step(b, &bw_mounts, 0, BW_PHASE_ROOTFS, BW_SIDE_CHILD, "devpts on /dev/pts");
	ck_assert_str_eq(
		texts_of(0), "devpts|devpts|/dev/pts|newinstance||ptmxmode|0666|gid|5|a|b=c|");
	ck_assert_uint_eq(head_of(0)->pairs, 4);
	ck_assert_uint_eq(head_of(0)->set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	ck_assert_uint_eq(head_of(0)->flags, 0);
	end();
}
END_TEST

START_TEST(a_source_that_is_not_named_is_the_type)
{
	begin("{\"destination\":\"/x\",\"type\":\"mqueue\"}");
	bench_prepare(b, &bw_mounts);
	ck_assert_str_eq(texts_of(0), "mqueue|mqueue|/x|");
	end();
}
END_TEST

/* CVE-2019-19921: flag 1 forbids symlinks on the way. */
static const struct {
	const char *type;
	bool plain;
} plain_types[] = {{"proc", true}, {"sysfs", true}, {"mqueue", false}, {"devpts", false}};

START_TEST(proc_and_sys_go_on_plain_directories)
{
	char mount[200];

	snprintf(mount, sizeof mount, "{\"destination\":\"/x\",\"type\":\"%s\"}",
		plain_types[_i].type);
	begin(mount);
	bench_prepare(b, &bw_mounts);
	ck_assert_uint_eq(head_of(0)->flags & 1, plain_types[_i].plain);
	end();
}
END_TEST

START_TEST(a_tmpfs_becomes_read_only_when_all_is_in_it)
{
	begin("{\"destination\":\"/"
	      "t\",\"type\":\"tmpfs\",\"options\":[\"ro\",\"nodev\",\"mode=700\"]},"
	      "{\"destination\":\"/t/below\",\"type\":\"tmpfs\"}");
	bench_prepare(b, &bw_mounts);
	ck_assert_uint_eq(b->plan.n, 3);
	bench_step(b, &bw_mounts, 0, BW_PHASE_ROOTFS, BW_SIDE_CHILD, "tmpfs on /t");
	bench_step(b, &bw_mounts, 1, BW_PHASE_NODE, BW_SIDE_CHILD, "make read-only /t");
	bench_step(b, &bw_mounts, 2, BW_PHASE_ROOTFS, BW_SIDE_CHILD, "tmpfs on /t/below");
	ck_assert_uint_eq(head_of(0)->set, MOUNT_ATTR_NODEV);
	ck_assert_uint_eq(head_of(1)->set, MOUNT_ATTR_RDONLY);
	/* Without mode= it takes that of the directory beneath (flag 8). */
	ck_assert_uint_eq(head_of(0)->flags & 8, 0);
	ck_assert_uint_eq(head_of(2)->flags & 8, 8);
	end();
}
END_TEST

START_TEST(a_mount_label_is_a_context_where_one_is_taken)
{
	begin("{\"destination\":\"/t\",\"type\":\"tmpfs\",\"options\":[\"size=1m\"]},"
	      "{\"destination\":\"/proc\",\"type\":\"proc\"},"
	      "{\"destination\":\"/q\",\"type\":\"mqueue\"}");
	b->spec->linux_->mount_label = bw_arena_strdup(&b->arena, "u:r:t:s0:c1,c2");
	b->host.selinux = (struct bw_opt_bool){.set = true, .v = true};
	bench_prepare(b, &bw_mounts);
	ck_assert_str_eq(texts_of(0), "tmpfs|tmpfs|/t|size|1m|context|u:r:t:s0:c1,c2|");
	ck_assert_uint_eq(head_of(0)->pairs, 2);
	ck_assert_str_eq(texts_of(1), "proc|proc|/proc|");
	/* There is one of these before it is mounted. */
	ck_assert_str_eq(texts_of(2), "mqueue|mqueue|/q|");
	bench_step(b, &bw_mounts, 3, BW_PHASE_ROOTFS, BW_SIDE_CHILD, "label /q u:r:t:s0:c1,c2");
	end();
}
END_TEST

START_TEST(propagation_and_recursive_attributes_come_along)
{
	begin("{\"destination\":\"/"
	      "t\",\"type\":\"tmpfs\",\"options\":[\"rslave\",\"rro\",\"rsuid\"]}");
	bench_prepare(b, &bw_mounts);
	ck_assert_uint_eq(head_of(0)->propagation, MS_SLAVE | MS_REC);
	ck_assert_uint_eq(head_of(0)->rec_set, MOUNT_ATTR_RDONLY);
	ck_assert_uint_eq(head_of(0)->rec_clear, MOUNT_ATTR_NOSUID);
	end();
}
END_TEST

/* ---- binds ---- */

START_TEST(a_bind_holds_its_source_by_descriptor)
{
	begin("{\"destination\":\"/a/../b\",\"source\":\"dir\",\"options\":[\"rbind\",\"ro\"]},"
	      "{\"destination\":\"/f\",\"source\":\"@/file\",\"options\":[\"bind\"]}");
	{
		auto_close int dir = openat(scratch.dir, "dir", O_PATH | O_CLOEXEC);
		auto_close int file = openat(scratch.dir, "file", O_PATH | O_CLOEXEC);

		bench_prepare(b, &bw_mounts);
		bench_step(b, &bw_mounts, 0, BW_PHASE_ROOTFS, BW_SIDE_CHILD, "bind on /b");
		ck_assert(same_file(head_of(0)->tree, dir));
		ck_assert(same_file(head_of(1)->tree, file));
	}
	ck_assert_uint_eq(b->plan.fds_n, 2);
	ck_assert_int_eq(fcntl(head_of(0)->tree, F_GETFD), FD_CLOEXEC);
	/* Flag 2: the target is to be a file. */
	ck_assert_uint_eq(head_of(0)->flags, 0);
	ck_assert_uint_eq(head_of(1)->flags, 2);
	end();
}
END_TEST

START_TEST(in_a_mount_namespace_that_is_joined_the_child_opens_the_source)
{
	struct bw_spec_id_mapping map = {{true, 0}, {true, 1}, {true, 1}};
	char words[512];

	begin("{\"destination\":\"/b\",\"source\":\"nowhere\",\"options\":[\"rbind\"]},"
	      "{\"destination\":\"/c\",\"source\":\"/nowhere\",\"options\":[\"bind\"]}");
	b->spec->mounts.v[1].uid_mappings = (struct bw_spec_id_mappings){&map, 1};
	b->spec->linux_->namespaces.v[0].path = bw_arena_strdup(&b->arena, "/none");
	snprintf(words, sizeof words, "/b|nowhere|%s/nowhere|", scratch.path);
	bench_refused(b, &bw_mounts, BW_E_SPEC, "/mounts/1/options",
		"/mounts/1/options: ids cannot be mapped in a mount namespace that is joined");
	ck_assert_uint_eq(b->plan.n, 1);
	ck_assert_str_eq(texts_of(0), words);
	ck_assert_int_lt(head_of(0)->tree, 0);
	ck_assert_uint_eq(kernel_double.opened, 0);
	end();
}
END_TEST

START_TEST(only_root_of_the_host_has_an_encrypted_disk)
{
	struct bw_spec_hardening hardening = {.workspace = (char *)(uintptr_t)"/w", .scratch = (char *)(uintptr_t)"/disks"};

	begin("{\"destination\":\"/w\",\"type\":\"ext4\",\"source\":\"bulwark-scratch\"}");
	b->spec->hardening = &hardening;
	b->host.root = (struct bw_opt_bool){true, false};
	bench_refused(b, &bw_mounts, BW_E_HOST, "/mounts/0",
		"/mounts/0: the encrypted disk for /w: only root of the host can make one");
	ck_assert_uint_eq(b->plan.n, 0);
	end();
}
END_TEST

START_TEST(only_rbind_takes_what_is_mounted_below)
{
	begin("{\"destination\":\"/a\",\"source\":\"@/dir\",\"options\":[\"bind\"]}");
	bench_prepare(b, &bw_mounts);
	ck_assert_uint_eq(
		kernel_double.open_flags, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	end();
	begin("{\"destination\":\"/a\",\"source\":\"@/dir\",\"options\":[\"rbind\"]}");
	bench_prepare(b, &bw_mounts);
	ck_assert_uint_eq(kernel_double.open_flags & AT_RECURSIVE, AT_RECURSIVE);
	end();
}
END_TEST

/* The engines' rule: one attribute word states them all, none keeps the source's. */
START_TEST(one_attribute_of_a_bind_states_them_all)
{
	begin("{\"destination\":\"/a\",\"source\":\"@/dir\",\"options\":[\"bind\",\"ro\"]},"
	      "{\"destination\":\"/b\",\"source\":\"@/dir\",\"options\":[\"bind\",\"rprivate\"]},"
	      "{\"destination\":\"/c\",\"source\":\"@/dir\",\"options\":[\"bind\",\"noatime\"]}");
	bench_prepare(b, &bw_mounts);
	ck_assert_uint_eq(head_of(0)->set, MOUNT_ATTR_RDONLY);
	ck_assert_uint_eq(head_of(0)->clear, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
						     MOUNT_ATTR_NOEXEC |
						     MOUNT_ATTR_NOSYMFOLLOW);
	ck_assert_uint_eq(head_of(1)->set | head_of(1)->clear, 0);
	ck_assert_uint_eq(head_of(2)->set, MOUNT_ATTR_NOATIME);
	ck_assert_uint_eq(head_of(2)->clear & MOUNT_ATTR__ATIME, MOUNT_ATTR__ATIME);
	end();
}
END_TEST

/* ---- refusals ---- */

#define BIND(destination, source)                                                                  \
	"{\"destination\":\"" destination "\",\"source\":\"" source "\",\"options\":[\"bind\"]}"

static const struct {
	const char *mount, *field, *text;
} refused[] = {
	{"{\"destination\":\"/\",\"type\":\"tmpfs\"}", "/mounts/1/destination",
		"/mounts/1/destination: the root itself cannot be mounted over"},
	{"{\"destination\":\"/a/..\",\"type\":\"tmpfs\"}", "/mounts/1/destination",
		"/mounts/1/destination: the root itself cannot be mounted over"},
	{"{\"destination\":\"/proc/sys\",\"type\":\"tmpfs\"}", "/mounts/1/destination",
		"/mounts/1/destination: \"/proc/sys\" cannot be mounted because it is inside "
		"/proc"},
	{"{\"destination\":\"/x/../proc//self/attr\",\"type\":\"tmpfs\"}", "/mounts/1/destination",
		"/mounts/1/destination: \"/x/../proc//self/attr\" cannot be mounted because it is "
		"inside /proc"},
	{BIND("/proc/meminfo/x", "@/file"), "/mounts/1/destination",
		"/mounts/1/destination: \"/proc/meminfo/x\" cannot be mounted because it is inside "
		"/proc"},
	{"{\"destination\":\"/a\",\"options\":[\"bind\"]}", "/mounts/1/source",
		"/mounts/1/source: a bind mount needs a source"},
	{"{\"destination\":\"/a\",\"source\":\"@/dir\",\"options\":[\"bind\",\"size=1m\"]}",
		"/mounts/1/options",
		"/mounts/1/options: bind mounts cannot have file system options (\"size=1m\")"},
	{"{\"destination\":\"/a\",\"type\":\"mqueue\",\"options\":[\"tmpcopyup\"]}",
		"/mounts/1/options", "/mounts/1/options: tmpcopyup is for a tmpfs"},
	{"{\"destination\":\"/a\"}", "/mounts/1/type",
		"/mounts/1/type: names no file system and the options hold neither bind nor rbind"},
	{"{\"destination\":\"/a\",\"type\":\"none\",\"source\":\"@/dir\"}", "/mounts/1/type",
		"/mounts/1/type: names no file system and the options hold neither bind nor rbind"},
	{"{\"destination\":\"/a\",\"type\":\"bind\",\"source\":\"@/dir\"}", "/mounts/1/type",
		"/mounts/1/type: names no file system and the options hold neither bind nor rbind"},
	{"{\"destination\":\"/a\",\"type\":\"cgroup\"}", "/mounts/1/type",
		"/mounts/1/type: this host has no cgroup hierarchy to mount"},
	{BIND("/a", "none"), "/mounts/1/source",
		"error mounting \"none\" to rootfs at \"/a\": no such file or directory"},
};

START_TEST(what_cannot_be_mounted_is_refused_with_its_place)
{
	char mounts[1024];

	snprintf(mounts, sizeof mounts, "{\"destination\":\"/ok\",\"type\":\"tmpfs\"},%s",
		refused[_i].mount);
	begin(mounts);
	bench_refused(b, &bw_mounts, BW_E_SPEC, refused[_i].field, refused[_i].text);
	end();
}
END_TEST

START_TEST(only_binds_have_mapped_ids)
{
	struct bw_spec_id_mapping map = {{true, 0}, {true, 1}, {true, 1}};

	begin("{\"destination\":\"/a\",\"type\":\"tmpfs\"}");
	b->spec->mounts.v[0].uid_mappings = (struct bw_spec_id_mappings){&map, 1};
	b->spec->mounts.v[0].gid_mappings = (struct bw_spec_id_mappings){&map, 1};
	bench_refused(b, &bw_mounts, BW_E_SPEC, "/mounts/0/uidMappings",
		"/mounts/0/uidMappings: only a bind mount can have mapped ids");
	end();
}
END_TEST

static const char *const coverable[] = {"/proc/cpuinfo", "/proc/meminfo", "/proc/stat",
	"/proc/net/dev", "/proc/./uptime", "/proc/sys/kernel/ns_last_pid"};

START_TEST(a_few_files_of_proc_may_be_covered)
{
	char mount[200];

	snprintf(mount, sizeof mount, BIND("%s", "@/file"), coverable[_i]);
	begin(mount);
	bench_prepare(b, &bw_mounts);
	ck_assert_uint_eq(b->plan.n, 1);
	end();
}
END_TEST

START_TEST(options_above_the_limit_are_refused)
{
	char *lots;

	begin("{\"destination\":\"/a\",\"type\":\"tmpfs\",\"options\":[\"x=y\"]}");
	lots = bw_arena_alloc(&b->arena, 16384);
	memset(lots, 'x', 16383);
	b->spec->mounts.v[0].options.v[0] = lots;
	bench_refused(
		b, &bw_mounts, BW_E_SPEC, "/mounts/0/options", "/mounts/0/options: are too long");
	end();
}
END_TEST

START_TEST(a_further_process_finds_them_mounted)
{
	begin("{\"destination\":\"/a\",\"type\":\"tmpfs\"}");
	b->request.exec = true;
	bench_prepare(b, &bw_mounts);
	ck_assert_uint_eq(b->plan.n, 0);
	end();
}
END_TEST

/* ---- what a source really is ---- */

static struct bw_spec_hardening hardening;
static char *refused_paths[1];

/* refused: a name in the scratch directory, an absolute path, or NULL. */
static void harden(const char *path)
{
	hardening = (struct bw_spec_hardening){.check_mounts = {true, true}};
	b->spec->hardening = &hardening;
	if (!path)
		return;
	refused_paths[0] = *path == '/' ? bw_arena_strdup(&b->arena, path)
					: bw_arena_printf(&b->arena, "%s/%s", scratch.path, path);
	hardening.refused_sources = (struct bw_strs){refused_paths, 1};
}

static void make_socket(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%.90s/%s", scratch.path, name);
	ck_assert_int_eq(bind(sock, (const struct sockaddr *)&address, sizeof address), 0);
}

/* source and refused are names in the scratch directory or absolute; what: why it is denied, "@"
 * for the refused path, NULL when it may be shared. */
static const struct source_row {
	const char *source, *refused, *what;
} source_rows[] = {
	{"dir", NULL, NULL},
	{"file", "other", NULL},
	{"sock", NULL, "a socket"},
	{"to-sock", NULL, "a socket"},
	{"/dev/null", NULL, "a device"},
	{"to-null", NULL, "a device"},
	{"/proc", NULL, "procfs"},
	{"/proc/self/status", NULL, "procfs"},
	{"to-proc", NULL, "procfs"},
	{"/sys/kernel", NULL, "sysfs"},
	{"/proc/self/ns/net", NULL, "nsfs"},
	/* The thing itself, what is beneath, what is above, by whatever name. */
	{"dir", "dir", "@"},
	{"dir/below", "dir", "@"},
	{"dir", "dir/below", "a directory above what is kept from containers"},
	{"to-dir", "dir", "@"},
	{"to-dir/below", "dir", "@"},
	{"file", "hard", "@"},
	{"file", "to-file", "@"},
	{"/", "dir", "a directory above what is kept from containers"},
	/* What is refused may itself be a link. */
	{"dir/below", "to-dir", "@"},
	{"dir", "to-dir/below", "a directory above what is kept from containers"},
	/* Wildcards, against what the source really is. */
	{"dir/below", "d*/below", "@"},
	{"to-dir/below", "d*/below", "@"},
	{"to-dir", "d*/below", "a directory above what is kept from containers"},
	{"dir", "*/nowhere", "a directory above what is kept from containers"},
	{"to-dir/below", "*/below/nowhere", "a directory above what is kept from containers"},
	{"file", "d*/below", NULL},
	{"dir/below", "d*/other", NULL},
	/* By component. */
	{"dir", "di", NULL},
	{"dir", "directory", NULL},
};

static void make_sources(void)
{
	make_socket("sock");
	scratch_mkdir(&scratch, "dir/below");
	scratch_link(&scratch, "to-sock", "sock");
	scratch_link(&scratch, "to-null", "/dev/null");
	scratch_link(&scratch, "to-proc", "/proc/self");
	scratch_link(&scratch, "to-dir", "dir");
	scratch_link(&scratch, "to-file", "file");
	ck_assert_int_eq(linkat(scratch.dir, "file", scratch.dir, "hard", 0), 0);
}

START_TEST(a_source_is_judged_by_what_it_is)
{
	const struct source_row *row = &source_rows[_i];
	char text[900], source[400];

	begin(BIND("/a", "x"));
	make_sources();
	harden(row->refused);
	snprintf(source, sizeof source, "%s%s%s", *row->source == '/' ? "" : scratch.path,
		*row->source == '/' ? "" : "/", row->source);
	b->spec->mounts.v[0].source = source;
	if (row->what) {
		snprintf(text, sizeof text,
			"/mounts/0/source: the policy refuses to share %s: it is %s", source,
			*row->what == '@' ? refused_paths[0] : row->what);
		bench_refused(b, &bw_mounts, BW_E_DENIED, "/mounts/0/source", text);
		ck_assert_str_eq(b->err.rule, "mounts.source");
		ck_assert_uint_eq(kernel_double.opened, 0);
	} else {
		bench_prepare(b, &bw_mounts);
		ck_assert_uint_eq(b->plan.n, 1);
	}
	/* Without the check it is plain OCI. */
	hardening.check_mounts.v = false;
	bench_prepare(b, &bw_mounts);
	end();
}
END_TEST

/* An engine's own files beneath what is refused, by whatever name. */
static const struct {
	const char *source, *excepted;
	bool shared;
} exceptions[] = {
	{"dir/below", "dir/*", true},
	{"to-dir/below", "dir/below", true},
	{"to-dir/below", "to-dir/below", true},
	{"dir/below", "dir/other", false},
	{"dir", "dir/below", false},
};

START_TEST(what_the_policy_excepts_is_excepted_by_any_name)
{
	static char *excepted[1];

	begin(BIND("/a", "x"));
	make_sources();
	harden(exceptions[_i].excepted[0] == 't' ? "to-dir" : "dir");
	excepted[0] = bw_arena_printf(&b->arena, "%s/%s", scratch.path, exceptions[_i].excepted);
	hardening.excepted_sources = (struct bw_strs){excepted, 1};
	b->spec->mounts.v[0].source = bw_arena_printf(&b->arena, "%s/%s", scratch.path, exceptions[_i].source);
	ck_assert_int_eq(bw_mounts.prepare(&b->request, &b->plan, &b->err), exceptions[_i].shared ? 0 : -1);
	ck_assert_int_eq(b->err.code, exceptions[_i].shared ? BW_E_NONE : BW_E_DENIED);
	end();
}
END_TEST

/* The bundle lies beneath what is refused, and is no exception for anything else. */
START_TEST(an_engine_may_keep_its_bundles_beneath_what_is_refused)
{
	begin(BIND("/a", "dir"));
	harden(scratch.path);
	*strrchr(refused_paths[0], '/') = '\0';
	bench_prepare(b, &bw_mounts);
	/* The bundle itself is refused. */
	harden(scratch.path);
	ck_assert_int_eq(bw_mounts.prepare(&b->request, &b->plan, &b->err), -1);
	end();
}
END_TEST

/* ---- complaints ---- */

START_TEST(failures_have_the_sentences_that_engines_match)
{
	begin("{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"none\"},"
	      "{\"destination\":\"/t\",\"type\":\"tmpfs\",\"source\":\"shm\"}," BIND(
		      "/b", "@/dir"));
	bench_prepare(b, &bw_mounts);
	bench_complaint(b, &bw_mounts, 0, ELOOP,
		"error mounting \"none\" to rootfs at \"/proc\": filesystem \"proc\" must be mounted on ordinary directory");
	bench_complaint(b, &bw_mounts, 0, EPERM,
		"error mounting \"none\" to rootfs at \"/proc\": operation not permitted");
	bench_complaint(b, &bw_mounts, 1, EINVAL,
		"error mounting \"shm\" to rootfs at \"/t\": invalid argument");
	bench_complaint(b, &bw_mounts, 2, EROFS,
		bw_arena_printf(&b->arena,
			"error mounting \"%s\" to rootfs at \"/b\": read-only file system",
			b->spec->mounts.v[2].source));
	ck_assert_str_eq(b->err.field, "/mounts/2");
	end();
}
END_TEST

BENCH_MAIN("mounts", {a_file_system_carries_its_words_and_attributes, 0},
	{a_source_that_is_not_named_is_the_type, 0},
	{proc_and_sys_go_on_plain_directories, BW_COUNT(plain_types)},
	{a_tmpfs_becomes_read_only_when_all_is_in_it, 0},
	{a_mount_label_is_a_context_where_one_is_taken, 0},
	{propagation_and_recursive_attributes_come_along, 0},
	{a_bind_holds_its_source_by_descriptor, 0},
	{in_a_mount_namespace_that_is_joined_the_child_opens_the_source, 0}, {only_root_of_the_host_has_an_encrypted_disk, 0},
	{only_rbind_takes_what_is_mounted_below, 0},
	{one_attribute_of_a_bind_states_them_all, 0},
	{what_cannot_be_mounted_is_refused_with_its_place, BW_COUNT(refused)},
	{only_binds_have_mapped_ids, 0},
	{a_few_files_of_proc_may_be_covered, BW_COUNT(coverable)},
	{options_above_the_limit_are_refused, 0}, {a_further_process_finds_them_mounted, 0},
	{a_source_is_judged_by_what_it_is, BW_COUNT(source_rows)},
	{what_the_policy_excepts_is_excepted_by_any_name, BW_COUNT(exceptions)},
	{an_engine_may_keep_its_bundles_beneath_what_is_refused, 0},
	{failures_have_the_sentences_that_engines_match, 0})
