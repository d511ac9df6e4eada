/* SPDX-License-Identifier: Apache-2.0 */
/* mounts.c - spec.mounts in their order. Sources are opened on the host before anything of the
 * image is mounted; targets are resolved once, beneath the rootfs descriptor; the two meet by
 * move_mount(2) on descriptors (CVE-2021-30465, CVE-2025-52881: no path is looked up twice). See
 * fsopen(2), mount_setattr(2). */
#include "control/control.h"

#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/cgroup.h"
#include "control/copy_up.h"
#include "control/encrypted_sources.h"
#include "control/mount_idmap.h"
#include "control/mount_options.h"
#include "control/mount_source.h"
#include "control/mount_steps.h"
#include "control/mount_sysfs.h"
#include "control/scratch.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { TEXT_MAX = 16384 };

static int refuse(struct bw_err *err, size_t index, const char *member, const char *why)
{
	bw_fail(err, BW_E_SPEC, 0, "/mounts/%zu/%s: %s", index, member, why);
	return bw_at(err, "/mounts/%zu/%s", index, member);
}

/* ---- prepare ---- */

static int head_of(const struct bw_request *request, size_t index, struct bw_mount_options *options,
	struct head *ret, struct bw_err *err)
{
	const struct bw_spec_mount *mount = &request->spec->mounts.v[index];

	if (bw_mount_options_parse(&mount->options, request->arena, options) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "mount options");
	if ((options->idmap || mount->uid_mappings.n) && !options->bind)
		return refuse(err, index, mount->uid_mappings.n ? "uidMappings" : "options",
			"only a bind mount can have mapped ids");
	if (options->tmpcopyup && !bw_streq0(mount->type, "tmpfs"))
		return refuse(err, index, "options", "tmpcopyup is for a tmpfs");
	*ret = (struct head){
		.tree = -1,
		.propagation = options->propagation,
		.set = options->set,
		.clear = options->clear,
		.rec_set = options->rec_set,
		.rec_clear = options->rec_clear,
		.index = (uint32_t)index,
	};
	return 0;
}

/* Only these files of a container's own /proc may be covered (as lxcfs does); anything else could
 * be a trap for whoever writes there (CVE-2019-16884). */
static bool may_cover_in_proc(const char *destination)
{
	static const char *const allowed[] = {"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo",
		"/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/loadavg", "/proc/slabinfo",
		"/proc/net/dev", "/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled"};

	for (size_t i = 0; i < BW_COUNT(allowed); i++)
		if (bw_streq(destination, allowed[i]))
			return true;
	return false;
}

static int check_destination(const struct bw_spec_mount *mount, const char *destination,
	size_t index, struct bw_err *err)
{
	if (bw_streq(destination, "/"))
		return refuse(err, index, "destination", "the root itself cannot be mounted over");
	if (bw_path_beneath(destination, "/proc") && !bw_streq(destination, "/proc") &&
		!may_cover_in_proc(destination)) {
		bw_fail(err, BW_E_SPEC, 0,
			"/mounts/%zu/destination: \"%s\" cannot be mounted because it is inside "
			"/proc",
			index, mount->destination);
		return bw_at(err, "/mounts/%zu/destination", index);
	}
	return 0;
}

/* What the preparing functions hand around; one step is put together at a time. */
struct build {
	const struct bw_request *request;
	struct bw_plan *plan;
	struct bw_refused_sources *refused; /* NULL: the policy refuses none */
	struct {
		struct head head;
		char texts[TEXT_MAX];
	} * step;
};

static struct bw_buf new_texts(const struct build *build)
{
	return bw_buf_over(build->step->texts, sizeof build->step->texts);
}

static int add_step(const struct build *build, uint16_t op, enum bw_phase phase,
	const struct head *head, const struct bw_buf *texts, struct bw_err *err)
{
	build->step->head = *head;
	return bw_plan_add(build->plan, BW_CONTROL_mounts, op, phase, build->step,
		sizeof *head + texts->len, err);
}

static void add_text(struct bw_buf *texts, const char *text)
{
	bw_buf_addn(texts, text, strlen(text) + 1);
}

/* In a user namespace of its own a container has the source's mount as one that others have locked, see
 * mount_namespaces(7); ours is not, as it was opened outside, unless we are in one ourselves. */
static int bind_attributes(const struct build *build, size_t index, const struct bw_mount_options *options,
	struct head *head, struct bw_err *err)
{
	const struct bw_spec_mount *mount = &build->request->spec->mounts.v[index];
	bool nested = bw_spec_namespace(build->request->spec, "user") || !build->request->host->root.v;
	bool locked = head->tree >= 0 && nested;
	struct statfs fs = {0};

	if (locked && fstatfs(head->tree, &fs) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "examining the mount source %s", mount->source);
	if (bw_mount_options_bind(options, (unsigned long)fs.f_flags, locked, &head->set, &head->clear) == 0)
		return 0;
	bw_fail(err, BW_E_SPEC, EPERM,
		"unable to start container process: error during container init: error mounting \"%s\" to rootfs at "
		"\"%s\": flags of the source, which a user namespace may not take away",
		mount->source, mount->destination);
	return bw_at(err, "/mounts/%zu/options", index);
}

static int open_source(const struct build *build, const char *source, const struct bw_mount_options *options,
	size_t index, struct head *head, struct bw_err *err)
{
	const struct bw_request *request = build->request;
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
			 (options->recursive ? AT_RECURSIVE : 0U);
	auto_close int bundle = open(request->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int fd = -1;
	struct stat st;

	if (bundle < 0)
		return bw_fail(err, BW_E_SPEC, errno, "opening the bundle %s", request->bundle);
	fd = bw_mount_source_open(request, bundle, source, index, err);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "examining the mount source %s", source);
	if (bw_mount_source_check(request, build->refused, fd, source, options, index, err) < 0 ||
		bw_encrypted_source_check(request, fd, source, options, index, err) < 0)
		return -1;
	head->tree = open_tree(fd, "", flags);
	if (head->tree < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening the mount source %s", source);
	if (!S_ISDIR(st.st_mode))
		head->flags |= SOURCE_IS_FILE;
	return 0;
}

/* The tree, its flags and, where the container's ids are not the host's, the map of them. */
static int open_bind(const struct build *build, size_t index, const struct bw_mount_options *options, struct head *head,
	struct bw_err *err)
{
	const struct bw_spec_mount *mount = &build->request->spec->mounts.v[index];

	if (open_source(build, mount->source, options, index, head, err) < 0 ||
		bw_plan_own_fd(build->plan, head->tree, err) < 0)
		return -1;
	if (!options->idmap && !mount->uid_mappings.n)
		return 0;
	return bw_mount_idmap(build->request, index, options->ridmap, head->tree, err);
}

static bool must_be_encrypted(const struct bw_request *request)
{
	return request->spec->hardening && request->spec->hardening->encrypted_sources.v;
}

/* Where the child will find the source, if it is the child that opens it: in the container's own tree, or in the mount
 * namespace that is joined. 1: so it is, told in head and ret; 0: the source is the host's; -1: error. */
static int find_inside(const struct build *build, size_t index, const struct bw_mount_options *options, struct head *head,
	char *ret, size_t size, struct bw_err *err)
{
	const struct bw_spec_mount *mount = &build->request->spec->mounts.v[index];
	int own = bw_mount_source_own_tree(build->request, build->refused, index, options, ret, size, err);
	int len;

	if (own < 0 || (!own && !bw_spec_joins_namespace(build->request->spec, "mount")))
		return own;
	if (!own && must_be_encrypted(build->request))
		return refuse(err, index, "source", "in a mount namespace that is joined it cannot be seen to be encrypted");
	head->flags |= (own ? OWN_TREE : THERE) | (options->recursive ? RECURSIVE : 0U);
	if (own) {
		head->flags |= options->idmap || mount->uid_mappings.n ? MAPPED : 0U;
		return 1;
	}
	if (options->idmap || mount->uid_mappings.n)
		return refuse(err, index, "options", "ids cannot be mapped in a mount namespace that is joined");
	len = snprintf(ret, size, "%s%s%s", *mount->source == '/' ? "" : build->request->bundle,
		*mount->source == '/' ? "" : "/", mount->source);
	return len < (int)size ? 1 : refuse(err, index, "source", "is too long");
}

static int prepare_bind(const struct build *build, size_t index,
	const struct bw_mount_options *options, struct head *head, const char *destination,
	struct bw_err *err)
{
	const struct bw_spec_mount *mount = &build->request->spec->mounts.v[index];
	struct bw_buf texts = new_texts(build);
	char inside[PATH_MAX];
	int found;

	if (!mount->source)
		return refuse(err, index, "source", "a bind mount needs a source");
	if (options->data.n) {
		bw_fail(err, BW_E_SPEC, 0,
			"/mounts/%zu/options: bind mounts cannot have file system options (\"%s\")",
			index, options->data.v[0]);
		return bw_at(err, "/mounts/%zu/options", index);
	}
	found = find_inside(build, index, options, head, inside, sizeof inside, err);
	/* Then it is the child that opens it, and looks at nothing. */
	if (found > 0 && bw_mount_source_volume(build->request, mount->source))
		return refuse(err, index, "source",
			"a tenant's directory cannot lie in the container's own tree or mount namespace");
	if (found < 0 || (!found && open_bind(build, index, options, head, err) < 0) ||
		bind_attributes(build, index, options, head, err) < 0)
		return -1;
	add_text(&texts, destination);
	add_text(&texts, mount->source);
	if (found)
		add_text(&texts, inside);
	if (texts.overflow)
		return refuse(err, index, "destination", "is too long");
	return add_step(build, OP_BIND, BW_PHASE_ROOTFS, head, &texts, err);
}

/* "size=64m" is key and value, "newinstance" a flag. */
static uint32_t add_words(struct bw_buf *texts, const struct bw_strs *words)
{
	for (size_t i = 0; i < words->n; i++) {
		const char *word = words->v[i];
		const char *equals = strchr(word, '=');

		bw_buf_addn(texts, word, equals ? (size_t)(equals - word) : strlen(word));
		bw_buf_addn(texts, "", 1);
		add_text(texts, equals ? equals + 1 : "");
	}
	return (uint32_t)words->n;
}

/* A label makes a file system the container can only use with its SELinux type. */
static uint32_t add_pairs(struct bw_buf *texts, const struct bw_mount_options *options, const char *label)
{
	uint32_t pairs = add_words(texts, &options->flags) + add_words(texts, &options->data);

	if (!label || !*label)
		return pairs;
	add_text(texts, "context");
	add_text(texts, label);
	return pairs + 1;
}

static bool has_key(const struct bw_strs *data, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < data->n; i++)
		if (strncmp(data->v[i], key, len) == 0 && data->v[i][len] == '=')
			return true;
	return false;
}

/* Ours, or what the caller says of all mounts. */
static const char *mount_label(const struct bw_request *request, bool noexec)
{
	const struct bw_mount_labels *ours = request->mount_labels;

	if (ours && ours->files)
		return noexec ? ours->files : ours->code;
	return request->spec->linux_->mount_label;
}

/* Label types that take a context option; procfs and sysfs label themselves. */
static const char *label_for(const struct bw_request *request, const char *type, const struct head *head)
{
	return bw_streq(type, "proc") || bw_streq(type, "sysfs") || bw_streq(type, "mqueue")
		       ? NULL
		       : mount_label(request, head->set & MOUNT_ATTR_NOEXEC);
}

/* A file system of message queues is there before it is mounted, with its namespace, and takes no
 * context any more: its directory gets the label. */
static int label_queues(const struct build *build, const struct head *like,
	const char *destination, struct bw_err *err)
{
	const char *label = mount_label(build->request, true);
	struct head head = {.index = like->index};
	struct bw_buf texts = new_texts(build);

	if (!label || !*label || !build->request->host->selinux.v)
		return 0;
	add_text(&texts, destination);
	add_text(&texts, label);
	return add_step(build, OP_LABEL, BW_PHASE_ROOTFS, &head, &texts, err);
}

static int prepare_fs(const struct build *build, size_t index,
	const struct bw_mount_options *options, struct head *head, const char *destination,
	struct bw_err *err)
{
	const struct bw_spec_mount *mount = &build->request->spec->mounts.v[index];
	const char *type = mount->type;
	struct bw_buf texts = new_texts(build);

	/* A /proc or /sys that is a symlink in the image must not send us elsewhere
	 * (CVE-2019-19921). */
	if (bw_streq(type, "proc") || bw_streq(type, "sysfs"))
		head->flags |= NO_SYMLINKS;
	if (bw_streq(type, "tmpfs") && !has_key(&options->data, "mode"))
		head->flags |= INHERIT_MODE;
	if (options->tmpcopyup)
		head->flags |= COPY_UP | (has_key(&options->data, "uid") || has_key(&options->data, "gid") ? KEEP_OWNER : 0U);
	/* Mount points and devices are still to be made in a tmpfs: it becomes read-only
	 * afterwards. */
	if (bw_streq(type, "tmpfs") && (head->set & MOUNT_ATTR_RDONLY)) {
		head->set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
		head->flags |= LATE_READONLY;
	}
	add_text(&texts, type);
	add_text(&texts, mount->source ? mount->source : type);
	add_text(&texts, destination);
	head->pairs = add_pairs(&texts, options, label_for(build->request, type, head));
	if (texts.overflow)
		return refuse(err, index, "options", "are too long");
	if (add_step(build, OP_FS, BW_PHASE_ROOTFS, head, &texts, err) < 0)
		return -1;
	if (bw_streq(type, "mqueue") && label_queues(build, head, destination, err) < 0)
		return -1;
	if (!(head->flags & LATE_READONLY))
		return 0;
	texts = new_texts(build);
	add_text(&texts, destination);
	head->set = MOUNT_ATTR_RDONLY;
	return add_step(build, OP_FINISH, BW_PHASE_NODE, head, &texts, err);
}

/* An earlier entry's mount gets other flags, as by mount(8) -o remount: all of them, for this one states them. Options
 * of the file system go to the file system, which a bind may share with the host, as they do with runc; read-only is a
 * flag of the mount alone. */
static int prepare_remount(const struct build *build, size_t index, const struct bw_mount_options *options,
	struct head *head, const char *destination, struct bw_err *err)
{
	struct bw_mount_options all = *options;
	struct bw_buf texts = new_texts(build);

	all.given = true;
	(void)bw_mount_options_bind(&all, 0, false, &head->set, &head->clear); /* nothing is locked */
	add_text(&texts, destination);
	head->pairs = add_pairs(&texts, options, NULL);
	if (texts.overflow)
		return refuse(err, index, "options", "are too long");
	return add_step(build, OP_REMOUNT, BW_PHASE_ROOTFS, head, &texts, err);
}

static int open_cgroup(const struct build *build, const char *source, struct head *head, struct bw_err *err)
{
	head->tree = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (head->tree < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening the cgroup %s", source);
	return bw_plan_own_fd(build->plan, head->tree, err);
}

/* A cgroup mount is a bind of the container's own directories: the view is the same as a fresh
 * mount's in a cgroup namespace, and mounting cgroup2 anew in the initial one would block for an
 * RCU grace period and rewrite the host's mount options (performance.md). Those of a unit are not
 * there before the child is: it opens them itself. */
static int bind_cgroup(const struct build *build, const struct bw_cgroup_dir *dir,
	const char *destination, const struct head *like, struct bw_err *err)
{
	struct head head = *like;
	char source[PATH_MAX];
	struct bw_buf texts = new_texts(build);

	snprintf(source, sizeof source, "%s%s", dir->mountpoint, dir->path);
	add_text(&texts, destination);
	add_text(&texts, "cgroup");
	if (build->request->cgroups->unit) {
		head.flags |= HOST_PATH;
		add_text(&texts, source);
	} else if (open_cgroup(build, source, &head, err) < 0) {
		return -1;
	}
	if (texts.overflow)
		return refuse(err, head.index, "destination", "is too long");
	return add_step(build, OP_BIND, BW_PHASE_ROOTFS, &head, &texts, err);
}

/* Co-mounted controllers ("cpu,cpuacct") are found under each of their names too. */
static int link_controllers(const struct build *build, const char *directory,
	const char *destination, const struct head *like, struct bw_err *err)
{
	const char *name = directory;

	while (strchr(directory, ',') && *name) {
		char link[PATH_MAX];
		struct bw_buf texts = new_texts(build);
		size_t len = strcspn(name, ",");

		snprintf(link, sizeof link, "%s/%.*s", destination, (int)len, name);
		add_text(&texts, directory);
		add_text(&texts, link);
		if (add_step(build, OP_LINK, BW_PHASE_ROOTFS, like, &texts, err) < 0)
			return -1;
		name += len + (name[len] == ',');
	}
	return 0;
}

static int add_cgroup_tmpfs(const struct build *build, const struct head *head,
	const char *destination, struct bw_err *err)
{
	struct head top = *head;
	struct bw_buf texts = new_texts(build);

	top.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	top.pairs = 1;
	add_text(&texts, "tmpfs");
	add_text(&texts, "tmpfs");
	add_text(&texts, destination);
	add_text(&texts, "mode");
	add_text(&texts, "755");
	return add_step(build, OP_FS, BW_PHASE_ROOTFS, &top, &texts, err);
}

/* v1: a tmpfs with a directory per hierarchy, named as on the host. */
static int prepare_cgroup_v1(const struct build *build, const struct head *head,
	const char *destination, struct bw_err *err)
{
	struct head late = *head;
	char path[PATH_MAX];
	struct bw_buf texts;

	if (add_cgroup_tmpfs(build, head, destination, err) < 0)
		return -1;
	for (size_t i = 0; i < build->request->cgroups->dirs.n; i++) {
		const struct bw_cgroup_dir *dir = &build->request->cgroups->dirs.v[i];
		const char *slash = strrchr(dir->mountpoint, '/');
		const char *name = slash ? slash + 1 : dir->mountpoint;

		snprintf(path, sizeof path, "%s/%s", destination, name);
		if (bind_cgroup(build, dir, path, head, err) < 0 ||
			link_controllers(build, name, destination, head, err) < 0)
			return -1;
	}
	if (!(head->set & MOUNT_ATTR_RDONLY))
		return 0;
	late.set = MOUNT_ATTR_RDONLY;
	texts = new_texts(build);
	add_text(&texts, destination);
	return add_step(build, OP_FINISH, BW_PHASE_NODE, &late, &texts, err);
}

static int prepare_cgroup(const struct build *build, size_t index, const struct head *head,
	const char *destination, struct bw_err *err)
{
	const struct bw_cgroup_set *cgroups = build->request->cgroups;

	/* Without rights over cgroups it has none of its own, and sees none. */
	if (!cgroups || (!cgroups->dirs.n && !cgroups->optional.v))
		return refuse(err, index, "type", "this host has no cgroup hierarchy to mount");
	if (cgroups->dirs.n == 1 && !cgroups->dirs.v[0].controllers)
		return bind_cgroup(build, &cgroups->dirs.v[0], destination, head, err);
	return prepare_cgroup_v1(build, head, destination, err);
}

/* sysfs shows a network namespace, and the kernel mounts it only for who has rights over that one. A container in a user
 * namespace that shares ours gets the host's, all of it read-only: the host's cgroups lie beneath (CVE-2023-25809). */
static bool is_foreign_sysfs(const struct bw_spec *spec, const struct bw_spec_mount *mount)
{
	return bw_streq(mount->type, "sysfs") && bw_spec_namespace(spec, "user") &&
	       !bw_spec_namespace(spec, "network");
}

static int prepare_foreign_sysfs(const struct build *build, size_t index, struct head *head, const char *destination,
	struct bw_err *err)
{
	const struct bw_mount_options options = {.recursive = true, .rec_set = MOUNT_ATTR_RDONLY};
	struct bw_buf texts = new_texts(build);

	if (open_source(build, "/sys", &options, index, head, err) < 0 ||
		bw_plan_own_fd(build->plan, head->tree, err) < 0)
		return -1;
	head->rec_set |= MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	add_text(&texts, destination);
	return texts.overflow ? refuse(err, index, "destination", "is too long")
			      : add_step(build, OP_BIND, BW_PHASE_ROOTFS, head, &texts, err);
}

/* The policy's workspace, where the kernel can: a tmpfs takes noswap from Linux 6.4 on, of the host's root alone. */
static bool is_unswapped(const struct bw_request *request, const struct bw_spec_mount *mount)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	const struct bw_host *host = request->host;

	if (!hardening || !bw_streq0(mount->destination, hardening->workspace) || !bw_streq0(mount->type, "tmpfs"))
		return false;
	return host->root.v && !bw_spec_namespace(request->spec, "user") &&
	       (host->kernel_major.v > 6 || (host->kernel_major.v == 6 && host->kernel_minor.v >= 4));
}

/* In a user namespace of our making a network that others made: its sysfs can only we mount. */
static bool is_sysfs_of_joined(const struct bw_spec *spec, const struct bw_spec_mount *mount)
{
	return bw_streq(mount->type, "sysfs") && bw_spec_joins_namespace(spec, "network") && spec->hardening &&
	       spec->hardening->user_range;
}

static int prepare_sysfs_of_joined(const struct build *build, struct head *head, const char *destination, struct bw_err *err)
{
	const char *network = bw_spec_namespace(build->request->spec, "network")->path;
	struct bw_buf texts = new_texts(build);

	head->tree = bw_sysfs_of_network(build->request->host_proc, network, err);
	if (head->tree < 0 || bw_plan_own_fd(build->plan, head->tree, err) < 0)
		return -1;
	head->set |= MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	add_text(&texts, destination);
	add_text(&texts, "sysfs");
	return texts.overflow ? refuse(err, head->index, "destination", "is too long")
			      : add_step(build, OP_BIND, BW_PHASE_ROOTFS, head, &texts, err);
}

/* The policy's workspace where it is a disk. */
static int prepare_scratch(const struct build *build, size_t index, const struct bw_mount_options *options, struct head *head,
	const char *destination, struct bw_err *err)
{
	const struct bw_request *request = build->request;
	const char *label = mount_label(request, head->set & MOUNT_ATTR_NOEXEC);
	struct bw_buf texts = new_texts(build);

	if (bw_scratch_make(request, index, &options->data, request->host->selinux.v ? label : NULL, &head->tree, err) < 0 ||
		(head->tree >= 0 && bw_plan_own_fd(build->plan, head->tree, err) < 0))
		return -1;
	bw_plan_layer(build->plan, BW_CONTROL_mounts,
		"the workspace is a disk under a key of the kernel's alone (aes-xts-plain64)");
	add_text(&texts, destination);
	add_text(&texts, "bulwark-scratch");
	return texts.overflow ? refuse(err, index, "destination", "is too long")
			      : add_step(build, OP_BIND, BW_PHASE_ROOTFS, head, &texts, err);
}

static int prepare_one(const struct build *build, size_t index, struct bw_err *err)
{
	const struct bw_spec_mount *mount = &build->request->spec->mounts.v[index];
	struct bw_mount_options options;
	char destination[PATH_MAX];
	struct head head;

	if (!bw_path_clean(mount->destination, destination, sizeof destination))
		return refuse(err, index, "destination", "is too long");
	if (check_destination(mount, destination, index, err) < 0 ||
		head_of(build->request, index, &options, &head, err) < 0)
		return -1;
	if (options.remount)
		return prepare_remount(build, index, &options, &head, destination, err);
	if (bw_is_scratch(build->request, mount))
		return prepare_scratch(build, index, &options, &head, destination, err);
	if (options.bind)
		return prepare_bind(build, index, &options, &head, destination, err);
	if (!mount->type || bw_streq(mount->type, "bind") || bw_streq(mount->type, "none"))
		return refuse(err, index, "type",
			"names no file system and the options hold neither bind nor rbind");
	if (bw_streq(mount->type, "cgroup") || bw_streq(mount->type, "cgroup2"))
		return prepare_cgroup(build, index, &head, destination, err);
	if (is_foreign_sysfs(build->request->spec, mount))
		return prepare_foreign_sysfs(build, index, &head, destination, err);
	if (is_unswapped(build->request, mount) && !bw_strs_has(&options.data, "noswap") &&
		bw_strs_add(build->request->arena, &options.data, "noswap") < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "mount options");
	if (is_sysfs_of_joined(build->request->spec, mount))
		return prepare_sysfs_of_joined(build, &head, destination, err);
	return prepare_fs(build, index, &options, &head, destination, err);
}

/* Whether prepare_one() opens a source of the host: of a bind, or the /sys of a network that is not the container's. */
static bool shares_something(const struct bw_spec *spec)
{
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct bw_spec_mount *mount = &spec->mounts.v[i];

		if (bw_strs_has(&mount->options, "bind") || bw_strs_has(&mount->options, "rbind") ||
			is_foreign_sysfs(spec, mount))
			return true;
	}
	return false;
}

/* A tree out of the container's own, which only the child could open and only we, outside its user namespace, can give a
 * map of ids. */
static int receive(const struct bw_settling *now, uint16_t op, const void *data, size_t len, int fd, struct bw_err *err)
{
	const struct head *head = data;
	struct bw_mount_options options;

	(void)len;
	if (op != OP_BIND || !(head->flags & MAPPED))
		return bw_fail(err, BW_E_INTERNAL, 0, "mounts: this mount has no ids to map");
	if (bw_mount_options_parse(&now->request->spec->mounts.v[head->index].options, now->request->arena, &options) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "mount options");
	return bw_mount_idmap(now->request, head->index, options.ridmap, fd, err);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	auto_free void *step = NULL;
	struct build build = {.request = request, .plan = plan};
	const struct bw_spec_hardening *hardening = request->spec->hardening;

	if (request->exec || !request->spec->mounts.n)
		return 0;
	/* Nothing of the host is shared: then there is nothing to look for. */
	if (hardening && hardening->check_mounts.v && shares_something(request->spec) &&
		bw_refused_sources_look(request, &build.refused, err) < 0)
		return -1;
	step = malloc(sizeof *build.step);
	build.step = step;
	if (!step)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "mounts");
	for (size_t i = 0; i < request->spec->mounts.n; i++) {
		if (prepare_one(&build, i, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- words ---- */

static const char *destination_of(uint16_t op, const char *texts)
{
	return op == OP_FS ? next_text(next_text(texts)) : texts;
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const char *texts = (const char *)data + sizeof(struct head);

	(void)len;
	if (op == OP_FS)
		snprintf(buf, size, "%s on %s", texts, destination_of(op, texts));
	else if (op == OP_LINK)
		snprintf(buf, size, "link %s to %s", next_text(texts), texts);
	else if (op == OP_LABEL)
		snprintf(buf, size, "label %s %s", texts, next_text(texts));
	else if (op == OP_REMOUNT)
		snprintf(buf, size, "remount %s", texts);
	else
		snprintf(buf, size, "%s %s", op == OP_BIND ? "bind on" : "make read-only", texts);
}

/* The kernel says EINVAL to the child and no more. Which word it was, it says to us, in a context that mounts nothing;
 * where it likes each, all are named. */
static void name_words(const char *type, const char *pair, uint32_t pairs, struct bw_buf *ret)
{
	auto_close int fs = fsopen(type, FSOPEN_CLOEXEC);
	const char *first = pair;

	for (uint32_t i = 0; i < 2 * pairs; i++) {
		const char *value = next_text(pair);
		bool all = i >= pairs;

		if (all || (fs >= 0 && !takes_pair(fs, pair, value)))
			bw_buf_addf(ret, "%s%s%s%s", ret->len ? "," : "", pair, *value ? "=" : "", value);
		if (!all && ret->len)
			return;
		pair = i + 1 == pairs ? first : next_text(value);
	}
}

static void complain(uint16_t op, const void *data, size_t len, int sys, struct bw_err *err)
{
	const struct head *head = data;
	const char *texts = (const char *)data + sizeof *head;
	const char *destination = destination_of(op, texts);
	const char *source = op == OP_FS || op == OP_BIND ? next_text(texts) : op == OP_REMOUNT ? "remount" : "bind";
	char words[512];
	struct bw_buf buf = bw_buf_over(words, sizeof words);

	(void)len;
	if (op == OP_FS && sys == EINVAL)
		name_words(texts, next_text(destination), head->pairs, &buf);
	if ((head->flags & NO_SYMLINKS) && (sys == ELOOP || sys == ENOTDIR))
		bw_fail(err, BW_E_SPEC, 0,
			"error mounting \"%s\" to rootfs at \"%s\": filesystem \"%s\" must be mounted on ordinary directory",
			source, destination, texts);
	else if (sys == BW_COPY_UP_TOO_DEEP)
		bw_fail(err, BW_E_SPEC, 0,
			"error mounting \"%s\" to rootfs at \"%s\": tmpcopyup: directories are nested deeper than %d "
			"there",
			source, destination, BW_COPY_UP_DEPTH);
	else
		bw_fail(err, BW_E_KERNEL, sys, "error mounting \"%s\" to rootfs at \"%s\"%s%s", source, destination,
			buf.len ? ": options " : "", words);
	bw_at(err, "/mounts/%u", (unsigned)head->index);
}

const struct bw_control bw_mounts = {
	.name = "mounts",
	.about = "mounts in order, by descriptor, with every option of the spec; bind sources are "
		 "checked",
	.prepare = prepare,
	.say = say,
	.receive = receive,
	.complain = complain,
};
