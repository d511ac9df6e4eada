/* SPDX-License-Identifier: Apache-2.0 */
/* spec_default.c - the configuration that `bulwark spec` writes: a shell with a terminal, in its
 * own namespaces, with the three capabilities and seven mounts that callers edit from. Indented by
 * tabs, as they are used to. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "spec/spec.h"

/* A mount of the default configuration. root and rootless differ in some. */
struct default_mount {
	const char *destination, *type, *source;
	const char *options[8];
};

static const struct default_mount mounts[] = {
	{"/proc", "proc", "proc", {NULL}},
	{"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
	{"/dev/pts", "devpts", "devpts",
		{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
	{"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
	{"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
	{"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
	{"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}},
};
/* sysfs can be mounted only by who owns the network namespace. */
static const struct default_mount rootless_sys = {
	"/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"}};

static const char *const capabilities[] = {
	"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE", NULL};
static const char *const masked_paths[] = {"/proc/acpi", "/proc/asound", "/proc/kcore",
	"/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
	"/proc/sched_debug", "/sys/firmware", "/proc/scsi", NULL};
static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL};

/* ---- text with indentation ---- */

struct page {
	struct bw_buf buf;
	int depth;
	bool first; /* nothing stands yet in the innermost container */
};

/* A new line for the next member or element, with a comma after the one before. */
static void next(struct page *page, const char *key)
{
	bw_buf_add(&page->buf, page->first ? "\n" : ",\n");
	for (int i = 0; i < page->depth; i++)
		bw_buf_add(&page->buf, "\t");
	if (key)
		bw_buf_addf(&page->buf, "\"%s\": ", key);
	page->first = false;
}

static void open_as(struct page *page, const char *key, const char *bracket)
{
	if (page->depth)
		next(page, key);
	bw_buf_add(&page->buf, bracket);
	page->depth++;
	page->first = true;
}

static void close_as(struct page *page, const char *bracket)
{
	page->depth--;
	page->first = true;
	next(page, NULL);
	bw_buf_add(&page->buf, bracket);
}

static void add_string(struct page *page, const char *key, const char *text)
{
	next(page, key);
	bw_buf_addf(&page->buf, "\"%s\"", text);
}

static void add_number(struct page *page, const char *key, unsigned long number)
{
	next(page, key);
	bw_buf_addf(&page->buf, "%lu", number);
}

static void add_bool(struct page *page, const char *key, bool value)
{
	next(page, key);
	bw_buf_add(&page->buf, value ? "true" : "false");
}

static void add_strings(struct page *page, const char *key, const char *const *texts)
{
	open_as(page, key, "[");
	for (size_t i = 0; texts[i]; i++)
		add_string(page, NULL, texts[i]);
	close_as(page, "]");
}

/* ---- the configuration ---- */

static void add_process(struct page *page)
{
	static const char *const args[] = {"sh", NULL};
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm",
		NULL};
	static const char *const sets[] = {"bounding", "effective", "permitted"};

	open_as(page, "process", "{");
	add_bool(page, "terminal", true);
	open_as(page, "user", "{");
	add_number(page, "uid", 0);
	add_number(page, "gid", 0);
	close_as(page, "}");
	add_strings(page, "args", args);
	add_strings(page, "env", env);
	add_string(page, "cwd", "/");
	open_as(page, "capabilities", "{");
	for (size_t i = 0; i < BW_COUNT(sets); i++)
		add_strings(page, sets[i], capabilities);
	close_as(page, "}");
	open_as(page, "rlimits", "[");
	open_as(page, NULL, "{");
	add_string(page, "type", "RLIMIT_NOFILE");
	add_number(page, "hard", 1024);
	add_number(page, "soft", 1024);
	close_as(page, "}");
	close_as(page, "]");
	add_bool(page, "noNewPrivileges", true);
	close_as(page, "}");
}

static void add_mount(struct page *page, const struct default_mount *mount, bool rootless)
{
	open_as(page, NULL, "{");
	add_string(page, "destination", mount->destination);
	add_string(page, "type", mount->type);
	add_string(page, "source", mount->source);
	if (mount->options[0]) {
		open_as(page, "options", "[");
		for (size_t i = 0; mount->options[i]; i++) {
			/* Group 5 (tty) is not mapped without root. */
			if (!rootless || !bw_after_prefix(mount->options[i], "gid="))
				add_string(page, NULL, mount->options[i]);
		}
		close_as(page, "]");
	}
	close_as(page, "}");
}

static void add_mounts(struct page *page, bool rootless)
{
	open_as(page, "mounts", "[");
	for (size_t i = 0; i < BW_COUNT(mounts); i++) {
		bool sys = bw_streq(mounts[i].destination, "/sys");

		add_mount(page, rootless && sys ? &rootless_sys : &mounts[i], rootless);
	}
	close_as(page, "]");
}

static void add_id_mapping(struct page *page, const char *key, unsigned long host_id)
{
	open_as(page, key, "[");
	open_as(page, NULL, "{");
	add_number(page, "containerID", 0);
	add_number(page, "hostID", host_id);
	add_number(page, "size", 1);
	close_as(page, "}");
	close_as(page, "]");
}

static void add_resources(struct page *page)
{
	open_as(page, "resources", "{");
	open_as(page, "devices", "[");
	open_as(page, NULL, "{");
	add_bool(page, "allow", false);
	add_string(page, "access", "rwm");
	close_as(page, "}");
	close_as(page, "]");
	close_as(page, "}");
}

static void add_namespaces(struct page *page, bool rootless, bool cgroup_namespace)
{
	const struct {
		const char *type;
		bool wanted;
	} namespaces[] = {{"pid", true}, {"network", !rootless}, {"ipc", true}, {"uts", true},
		{"mount", true}, {"cgroup", cgroup_namespace}, {"user", rootless}};

	open_as(page, "namespaces", "[");
	for (size_t i = 0; i < BW_COUNT(namespaces); i++) {
		if (!namespaces[i].wanted)
			continue;
		open_as(page, NULL, "{");
		add_string(page, "type", namespaces[i].type);
		close_as(page, "}");
	}
	close_as(page, "]");
}

static void add_linux(struct page *page, bool rootless, bool cgroup_namespace)
{
	open_as(page, "linux", "{");
	if (rootless) {
		add_id_mapping(page, "uidMappings", geteuid());
		add_id_mapping(page, "gidMappings", getegid());
	} else {
		add_resources(page);
	}
	add_namespaces(page, rootless, cgroup_namespace);
	add_strings(page, "maskedPaths", masked_paths);
	add_strings(page, "readonlyPaths", readonly_paths);
	close_as(page, "}");
}

const char *bw_spec_default_text(bool rootless, bool cgroup_namespace)
{
	/* Not constant only for the ids of a rootless caller. */
	static _Thread_local char text[8192];
	struct page page = {bw_buf_over(text, sizeof text), 0, true};

	open_as(&page, NULL, "{");
	add_string(&page, "ociVersion", "1.3.0");
	add_process(&page);
	open_as(&page, "root", "{");
	add_string(&page, "path", "rootfs");
	add_bool(&page, "readonly", true);
	close_as(&page, "}");
	add_string(&page, "hostname", "runc");
	add_mounts(&page, rootless);
	add_linux(&page, rootless, cgroup_namespace);
	close_as(&page, "}");
	bw_buf_add(&page.buf, "\n");
	return text;
}
