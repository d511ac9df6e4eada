/* SPDX-License-Identifier: Apache-2.0 */
/* images.c - finding criu, asking it what it is, reading its log. */
#include "container/images.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "control/host_side.h"

enum { OLDEST_CRIU = 30000, OLDEST_FOR_LSM = 31600, LOG_LEVEL = 4, LOG_TAIL = 1 << 18, LOG_LINES = 3 };

/* What a profile with decisions of its own lets be run as root, whatever our caller's environment says. */
static const char own_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* --- criu --- */

static bool is_roots(const char *path)
{
	char real[PATH_MAX];

	return bw_roots_file(path, real) == 0;
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static int find_criu(struct bw_images *images, bool strict, struct bw_err *err)
{
	const char *dirs = strict ? own_path : getenv("PATH");
	char path[PATH_MAX];

	for (const char *at = dirs ? dirs : own_path; *at;) {
		size_t len = strcspn(at, ":");

		/* An empty one is the working directory, which is nobody's choice of a program. */
		if (len && at[0] == '/' &&
			snprintf(path, sizeof path, "%.*s/criu", (int)len, at) < (int)sizeof path && is_program(path)) {
			if (strict && !is_roots(path))
				return bw_fail(err, BW_E_DENIED, 0, "%s: %s can be changed by others than root",
					images->verb, path);
			images->program.path = bw_arena_strdup(images->arena, path);
			return images->program.path ? 0 : bw_fail(err, BW_E_MEMORY, ENOMEM, "%s", images->verb);
		}
		at += len + (at[len] == ':');
	}
	bw_fail(err, BW_E_HOST, 0, "%s: CRIU version check failed: there is no criu in %s", images->verb,
		strict ? own_path : "PATH");
	return bw_hint(err, "install the package criu");
}

/* criu has its caller's environment, as with runc; what decides with a policy, decides without it. */
static void fill_environment(struct bw_images *images, bool strict)
{
	static const char *const own[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};

	images->program.env = strict ? own : (const char *const *)environ;
}

static int ask(struct bw_images *images, const struct bw_criu_request *request, struct bw_criu_response *ret,
	struct bw_err *err)
{
	struct bw_criu criu = BW_CRIU_INIT;
	int r = bw_criu_begin(&criu, &images->program, err);

	if (r == 0)
		r = bw_criu_ask(&criu, request, NULL, NULL, ret, err);
	bw_criu_abort(&criu);
	return r;
}

static int check_version(struct bw_images *images, struct bw_err *err)
{
	struct bw_criu_response answer = {0};

	if (ask(images, &(struct bw_criu_request){.type = BW_CRIU_VERSION}, &answer, err) < 0)
		return bw_wrap(err, "CRIU version check failed");
	images->version = answer.version;
	bw_debug("criu is %s, version %u", images->program.path, images->version);
	if (images->version < OLDEST_CRIU)
		return bw_fail(err, BW_E_HOST, 0, "CRIU version %u must be %d or higher", images->version, OLDEST_CRIU);
	return 0;
}

int bw_images_check_features(struct bw_images *images, bool mem_track, bool lazy_pages, struct bw_err *err)
{
	const struct bw_criu_request request = {
		.type = BW_CRIU_FEATURE_CHECK, .mem_track = mem_track, .lazy_pages = lazy_pages};
	struct bw_criu_response answer = {0};

	if (ask(images, &request, &answer, err) < 0)
		return bw_wrap(err, "CRIU feature check failed");
	if ((!mem_track || answer.mem_track) && (!lazy_pages || answer.lazy_pages))
		return 0;
	return bw_fail(err, BW_E_HOST, 0, "criu is missing features: [%s]",
		mem_track && !answer.mem_track ? "MemTrack" : "LazyPages");
}

/* A file that criu reads as root may name programs for it to run: config.json must not choose it. */
static int check_config(const struct bw_spec *spec, const char *verb, struct bw_err *err)
{
	if (!spec->hardening)
		return 0;
	for (size_t i = 0; i < spec->annotations.n; i++)
		if (bw_streq(spec->annotations.v[i].key, "org.criu.config")) {
			bw_fail(err, BW_E_DENIED, 0,
				"%s: the annotation org.criu.config would choose what criu does as root", verb);
			return bw_at(err, "/annotations/org.criu.config");
		}
	return 0;
}

/* What lies on it would have to be written somewhere in the clear. */
static int check_disk(const struct bw_spec *spec, const char *verb, struct bw_err *err)
{
	if (!spec->hardening || !spec->hardening->scratch)
		return 0;
	return bw_fail(err, BW_E_DENIED, 0,
		"%s: %s is a disk whose key ends with the container (workspace.disk of the policy)", verb,
		spec->hardening->workspace);
}

int bw_images_begin(struct bw_images *images, const char *verb, const struct bw_image_options *asked,
	const struct bw_profile *profile, const struct bw_spec *spec, struct bw_arena *arena, struct bw_err *err)
{
	bool strict = spec->hardening != NULL;
	int r = bw_profile_check_images(profile, verb, err);

	if (r < 0)
		return -1;
	if (r > 0)
		bw_log(BW_LOG_WARNING, "policy checkpoint: profile %s would refuse %s (mode audit)", bw_profile_name(profile),
			verb);
	images->verb = verb;
	images->asked = asked;
	images->arena = arena;
	if (geteuid() != 0)
		bw_log(BW_LOG_WARNING, "%s is untested with rootless containers", verb);
	if (check_config(spec, verb, err) < 0 || check_disk(spec, verb, err) < 0 || find_criu(images, strict, err) < 0)
		return -1;
	fill_environment(images, strict);
	for (int fd = 0; fd < 3; fd++)
		images->program.stdio[fd] = -1;
	return check_version(images, err);
}

/* --- directories and options --- */

static int make_all(const char *path)
{
	char partial[PATH_MAX];

	for (size_t i = 1; path[i - 1]; i++) {
		if (path[i] && path[i] != '/')
			continue;
		if (snprintf(partial, sizeof partial, "%.*s", (int)i, path) >= (int)sizeof partial)
			return -ENAMETOOLONG;
		if (mkdir(partial, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int open_directory(const char *path, bool make, struct bw_err *err)
{
	int r = make ? make_all(path) : 0, fd;

	if (r < 0)
		return bw_fail(err, BW_E_USAGE, -r, "mkdir %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? bw_fail(err, BW_E_USAGE, errno, "open %s", path) : fd;
}

static int check_parent(const struct bw_images *images, struct bw_err *err)
{
	const char *parent = images->asked->parent_path;
	struct stat st;

	if (!parent || !*parent)
		return 0;
	if (parent[0] == '/')
		return bw_fail(err, BW_E_USAGE, 0, "--parent-path must be relative");
	if (fstatat(images->images_dir, parent, &st, 0) < 0)
		return bw_fail(err, BW_E_USAGE, errno, "invalid --parent-path: stat %s/%s", images->image_path, parent);
	if (!S_ISDIR(st.st_mode))
		return bw_fail(err, BW_E_USAGE, ENOTDIR, "invalid --parent-path: %s/%s", images->image_path, parent);
	return 0;
}

static const struct {
	const char *word;
	enum bw_criu_cgroups mode;
} cgroup_modes[] = {
	{"", BW_CRIU_CGROUPS_DEFAULT},
	{"soft", BW_CRIU_CGROUPS_SOFT},
	{"full", BW_CRIU_CGROUPS_FULL},
	{"strict", BW_CRIU_CGROUPS_STRICT},
	{"ignore", BW_CRIU_CGROUPS_IGNORE},
};

static int set_cgroups_mode(struct bw_images *images, struct bw_err *err)
{
	const char *word = images->asked->manage_cgroups_mode ? images->asked->manage_cgroups_mode : "";

	for (size_t i = 0; i < BW_COUNT(cgroup_modes); i++)
		if (bw_streq(word, cgroup_modes[i].word)) {
			images->options.cgroups_mode = (int)cgroup_modes[i].mode;
			return 0;
		}
	return bw_fail(err, BW_E_USAGE, 0, "invalid manage-cgroups-mode value");
}

/* Interfaces and addresses are the engine's, which the hooks bring: the image's network namespace is made empty. */
static int set_empty_namespaces(struct bw_images *images, struct bw_err *err)
{
	images->options.empty_ns = CLONE_NEWNET;
	for (const char *const *at = images->asked->empty_ns; at && *at; at++)
		if (!bw_streq(*at, "network"))
			return bw_fail(err, BW_E_USAGE, 0, "namespace \"%s\" is not supported", *at);
	return 0;
}

/* The last colon parts address and port; an IPv6 address stands in brackets. */
static int set_page_server(struct bw_images *images, struct bw_err *err)
{
	const char *text = images->asked->page_server;
	const char *colon = text ? strrchr(text, ':') : NULL;
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool bracketed = len > 2 && text[0] == '[' && text[len - 1] == ']';
	uint64_t port;

	if (!text || !*text)
		return 0;
	if (!len || !colon[1] || (!bracketed && memchr(text, ':', len)))
		return bw_fail(err, BW_E_USAGE, 0, "Use --page-server ADDRESS:PORT to specify page server");
	if (bw_parse_u64(colon + 1, 65535, &port) < 0)
		return bw_fail(err, BW_E_USAGE, 0, "Invalid port number");
	images->options.server_address =
		bw_arena_strndup(images->arena, text + bracketed, len - (bracketed ? 2 : 0));
	images->options.server_port = (unsigned)port;
	return 0;
}

static int set_lsm(struct bw_images *images, struct bw_err *err)
{
	const struct bw_image_options *asked = images->asked;
	bool profile = asked->lsm_profile && *asked->lsm_profile;
	bool context = asked->lsm_mount_context && *asked->lsm_mount_context;

	if ((profile || context) && images->version < OLDEST_FOR_LSM)
		return bw_fail(err, BW_E_HOST, 0, "%s requires at least CRIU 3.16",
			profile ? "--lsm-profile" : "--lsm-mount-context");
	images->options.lsm_profile = profile ? asked->lsm_profile : NULL;
	images->options.lsm_mount_context = context ? asked->lsm_mount_context : NULL;
	return 0;
}

/* Settings of that file overrule ours. An empty annotation: none at all. */
static const char *config_file(const struct bw_spec *spec)
{
	for (size_t i = 0; i < spec->annotations.n; i++)
		if (bw_streq(spec->annotations.v[i].key, "org.criu.config"))
			return *spec->annotations.v[i].value ? spec->annotations.v[i].value : NULL;
	return "/etc/criu/runc.conf";
}

static void set_common(struct bw_images *images, const struct bw_spec *spec)
{
	const struct bw_image_options *asked = images->asked;
	struct bw_criu_options *options = &images->options;

	options->images_dir_fd = images->images_dir;
	options->work_dir_fd = images->work_dir;
	options->log_level = LOG_LEVEL;
	options->log_file = images->log_file;
	options->notify_scripts = options->manage_cgroups = options->orphan_pts_master = true;
	options->tcp_established = asked->tcp_established;
	options->ext_unix_sk = asked->ext_unix_sk;
	options->shell_job = asked->shell_job;
	options->file_locks = asked->file_locks;
	options->auto_dedup = asked->auto_dedup;
	options->lazy_pages = asked->lazy_pages;
	options->config_file = config_file(spec);
}

static int name_directories(struct bw_images *images, struct bw_err *err)
{
	const struct bw_image_options *asked = images->asked;
	char cwd[PATH_MAX];

	images->image_path = asked->image_path;
	if (!images->image_path && getcwd(cwd, sizeof cwd))
		images->image_path = bw_arena_printf(images->arena, "%s/checkpoint", cwd);
	if (!images->image_path)
		return bw_fail(err, BW_E_USAGE, errno, "--image-path");
	images->log_dir = asked->work_path ? asked->work_path : images->image_path;
	return 0;
}

static int open_directories(struct bw_images *images, bool make, struct bw_err *err)
{
	images->images_dir = open_directory(images->image_path, make, err);
	if (images->images_dir < 0)
		return -1;
	images->work_dir = images->asked->work_path ? open_directory(images->asked->work_path, true, err) : -1;
	return images->asked->work_path && images->work_dir < 0 ? -1 : 0;
}

int bw_images_open(struct bw_images *images, bool make, const struct bw_spec *spec, struct bw_err *err)
{
	if (name_directories(images, err) < 0)
		return -1;
	if (open_directories(images, make, err) < 0 || check_parent(images, err) < 0)
		return -1;
	set_common(images, spec);
	if (set_cgroups_mode(images, err) < 0 || set_empty_namespaces(images, err) < 0)
		return -1;
	return set_page_server(images, err) < 0 ? -1 : set_lsm(images, err);
}

int bw_images_reopen(struct bw_images *images, struct bw_err *err)
{
	bw_images_done(images);
	if (open_directories(images, false, err) < 0)
		return -1;
	images->options.images_dir_fd = images->images_dir;
	images->options.work_dir_fd = images->work_dir;
	return 0;
}

void bw_images_done(struct bw_images *images)
{
	if (images->images_dir >= 0)
		close(images->images_dir);
	if (images->work_dir >= 0)
		close(images->work_dir);
	images->images_dir = images->work_dir = -1;
}

/* --- namespaces --- */

static const struct {
	const char *type, *word, *key;
} namespaces[] = {
	{"network", "net", "extRootNetNS"},
	{"pid", "pid", "extRootPidNS"},
	{"mount", "mnt", NULL},
	{"ipc", "ipc", NULL},
	{"uts", "uts", NULL},
	{"user", "user", NULL},
	{"time", "time", NULL},
};

const char *bw_images_namespace(const char *type)
{
	for (size_t i = 0; i < BW_COUNT(namespaces); i++)
		if (bw_streq(namespaces[i].type, type))
			return namespaces[i].word;
	return NULL;
}

const char *bw_images_namespace_key(const char *type)
{
	for (size_t i = 0; i < BW_COUNT(namespaces); i++)
		if (bw_streq(namespaces[i].type, type))
			return namespaces[i].key;
	return NULL;
}

/* --- failures --- */

/* The words of a line "(00.012345) Error (criu/mount.c:753): words"; NULL when it tells of none. A limit that criu
 * cannot raise for itself stops nothing, and its last word is only that it has failed. */
static char *words_of(char *line)
{
	char *error = strstr(line, "Error ("), *words;

	words = error ? strstr(error, "): ") : NULL;
	if (!words || strstr(words, "RLIMIT_NOFILE for self") || strstr(words, "FAILED"))
		return NULL;
	return words + strlen("): ");
}

/* The end of criu's log; malloc'd, or NULL. */
static char *read_log(const struct bw_images *images)
{
	int dir = images->work_dir >= 0 ? images->work_dir : images->images_dir;
	auto_close int fd = openat(dir, images->log_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	auto_free char *text = malloc(LOG_TAIL + 1);
	struct stat st;
	ssize_t len;

	if (!text || fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	len = pread(fd, text, LOG_TAIL, st.st_size > LOG_TAIL ? st.st_size - LOG_TAIL : 0);
	if (len < 0)
		return NULL;
	text[len] = '\0';
	return take_ptr(&text);
}

int bw_images_complain(const struct bw_images *images, struct bw_err *err)
{
	auto_free char *log = read_log(images);
	const char *last[LOG_LINES] = {NULL};
	char *rest = log, *line;

	/* Of a text without an end the last line is as good as any. */
	while (rest && (line = strsep(&rest, "\n"))) {
		const char *words = words_of(line);

		if (!words)
			continue;
		memmove(last, last + 1, (LOG_LINES - 1) * sizeof *last);
		last[LOG_LINES - 1] = words;
	}
	if (log)
		bw_because(err, "log file %.200s/%s", images->log_dir, images->log_file);
	for (size_t i = 0; i < LOG_LINES; i++)
		if (last[i])
			bw_because(err, "%.120s", last[i]);
	return -1;
}
