/* SPDX-License-Identifier: Apache-2.0 */
/* secrets.c - secrets as files: a file system of their own, which we fill before the container's first process is there and
 * which is read-only from then on; the child only attaches it. So neither the plan nor the child's memory has ever held a
 * secret, and of a file of the host we have not seen it either: the kernel copies it (sendfile(2)).
 * A ramfs, not a tmpfs: its pages are never swapped out, on any kernel and in a user namespace too. It has no limit, but
 * we alone write to it, and we count. */
#include "control/secrets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/control.h"
#include "control/host_side.h"
#include "host/host.h"
#include "plan/plan.h"

enum { OP_ATTACH };

struct head {
	int tree;
	uint32_t files;
};

/* ---- values ---- */

void bw_secret_values_wipe(struct bw_secret_values *values)
{
	if (values->memory) {
		explicit_bzero(values->memory, values->size);
		munmap(values->memory, values->size);
	}
	*values = (struct bw_secret_values){0};
}

int bw_secret_values_open(struct bw_secret_values *values, size_t size, struct bw_err *err)
{
	void *memory;

	bw_secret_values_wipe(values);
	memory = mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return bw_fail(err, BW_E_MEMORY, errno, "memory for secrets");
	values->memory = memory;
	values->size = size ? size : 1;
	if (mlock(memory, values->size) == 0 && madvise(memory, values->size, MADV_DONTFORK) == 0 &&
		madvise(memory, values->size, MADV_DONTDUMP) == 0)
		return 0;
	bw_fail(err, BW_E_MEMORY, errno, "locking memory for secrets");
	bw_secret_values_wipe(values);
	return -1;
}

static const struct bw_secret_value *value_of(const struct bw_secret_values *values, const char *variable)
{
	for (size_t i = 0; i < values->n; i++)
		if (bw_streq(values->v[i].variable, variable))
			return &values->v[i];
	return NULL;
}

/* ---- prepare ---- */

static int refuse(struct bw_err *err, const struct bw_spec_secret *secret, int sys, const char *why)
{
	bw_fail(err, BW_E_HOST, sys, "the secret %s: %s %s", secret->name, secret->file ? secret->file : secret->env, why);
	return bw_at(err, "/hardening/secrets/files");
}

/* Root's own, or of the user who calls; such a file may lie where only those can put another in its place. */
static bool is_private(int fd, const struct stat *st)
{
	char real[PATH_MAX];

	if (st->st_uid != geteuid() || (st->st_mode & (S_IRWXG | S_IRWXO)))
		return false;
	return st->st_uid != 0 || (bw_real_path(fd, real) == 0 && bw_path_is_roots(real));
}

/* The file of the host; no link on the way is followed, since who can write one would choose what the container reads.
 * -1 and *ret_missing: there is none, and that is no failure. */
static int open_file(const struct bw_spec_secret *secret, bool *ret_missing, struct bw_err *err)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_NO_SYMLINKS,
	};
	auto_close int fd = bw_openat2(AT_FDCWD, secret->file, &how);
	struct stat st;

	*ret_missing = fd < 0 && errno == ENOENT && secret->optional.v;
	if (*ret_missing)
		return -1;
	if (fd < 0)
		return refuse(err, secret, errno, errno == ELOOP ? "is, or lies behind, a link" : "cannot be opened");
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return refuse(err, secret, 0, "is not a regular file");
	if (!is_private(fd, &st))
		return refuse(err, secret, 0,
			"must be root's own in directories that are root's, and neither group nor others may have access");
	if (st.st_size > BW_SECRET_BYTES)
		return refuse(err, secret, 0, "is larger than 65536 bytes");
	return take_fd(&fd);
}

/* One more byte than a secret may have shows that the file has grown while we looked. */
static int copy_file(const struct bw_spec_secret *secret, int from, int to, struct bw_err *err)
{
	size_t sum = 0;
	ssize_t sent;

	do {
		sent = sendfile(to, from, NULL, BW_SECRET_BYTES + 1 - sum);
		if (sent > 0)
			sum += (size_t)sent;
	} while ((sent > 0 && sum <= BW_SECRET_BYTES) || (sent < 0 && errno == EINTR));
	if (sent < 0)
		return refuse(err, secret, errno, "cannot be read");
	return sum > BW_SECRET_BYTES ? refuse(err, secret, 0, "is larger than 65536 bytes") : 0;
}

static int fill(const struct bw_request *request, const struct bw_spec_secret *secret, int from, int to, struct bw_err *err)
{
	const struct bw_secret_value *value;
	int r;

	if (secret->file)
		return copy_file(secret, from, to, err);
	value = value_of(request->secrets, secret->env);
	if (!value)
		return refuse(err, secret, 0, "has no value");
	r = bw_write_all(to, request->secrets->memory + value->at, value->len);
	return r < 0 ? refuse(err, secret, -r, "cannot be written") : 0;
}

/* The id in the container of who reads it, as the file system sees it: that of the host. */
static bool host_id(const struct bw_spec_id_mappings *mappings, uint64_t inside, uint64_t *ret)
{
	for (size_t i = 0; i < mappings->n; i++) {
		const struct bw_spec_id_mapping *m = &mappings->v[i];

		if (inside < m->container_id.v || inside - m->container_id.v >= m->size.v)
			continue;
		*ret = m->host_id.v + (inside - m->container_id.v);
		return true;
	}
	return false;
}

static int find_owner(const struct bw_request *request, uint64_t *ret_uid, uint64_t *ret_gid, struct bw_err *err)
{
	const struct bw_spec *spec = request->spec;
	const struct bw_spec_user *user = request->process ? request->process->user : NULL;
	uint64_t uid = user ? user->uid.v : 0, gid = user ? user->gid.v : 0;

	*ret_uid = uid;
	*ret_gid = gid;
	if (!bw_in_user_namespace(spec) || request->in_user_namespace)
		return 0;
	if (bw_spec_joins_namespace(spec, "user") && !spec->linux_->uid_mappings.n)
		return bw_fail(err, BW_E_HOST, 0,
			"secrets: which ids the user namespace has that is joined is not known; uidMappings and "
			"gidMappings can say it");
	if (!host_id(&spec->linux_->uid_mappings, uid, ret_uid) || !host_id(&spec->linux_->gid_mappings, gid, ret_gid))
		return bw_fail(err, BW_E_SPEC, 0, "secrets: user %llu or group %llu is not mapped into the container",
			(unsigned long long)uid, (unsigned long long)gid);
	return 0;
}

struct filling {
	const struct bw_request *request;
	uint64_t uid, gid;
	int tree;
	uint32_t files;
};

/* The mode comes before the bytes. */
static int add_file(struct filling *filling, const struct bw_spec_secret *secret, struct bw_err *err)
{
	auto_close int from = -1, to = -1;
	bool missing = false;

	if (secret->file) {
		from = open_file(secret, &missing, err);
		if (from < 0)
			return missing ? 0 : -1;
	}
	to = openat(filling->tree, secret->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	if (to < 0 || fchmod(to, 0400) < 0 || fchown(to, (uid_t)filling->uid, (gid_t)filling->gid) < 0)
		return refuse(err, secret, errno, "cannot be made a file");
	filling->files++;
	return fill(filling->request, secret, from, to, err);
}

static int add_files(struct filling *filling, struct bw_err *err)
{
	const struct bw_spec_secrets *secrets = filling->request->spec->hardening->secrets;

	for (size_t i = 0; i < secrets->files.n; i++)
		if (add_file(filling, &secrets->files.v[i], err) < 0)
			return -1;
	if (fchownat(filling->tree, "", (uid_t)filling->uid, (gid_t)filling->gid, AT_EMPTY_PATH) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "secrets: giving away their directory");
	return 0;
}

static int configure(int fs, const struct bw_request *request)
{
	const struct bw_mount_labels *labels = request->mount_labels;
	const char *label = labels && labels->files ? labels->files
			    : request->spec->linux_ ? request->spec->linux_->mount_label : NULL;

	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", "secrets", 0) < 0 ||
		fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0500", 0) < 0)
		return -1;
	if (label && *label && request->host->selinux.v && fsconfig(fs, FSCONFIG_SET_STRING, "context", label, 0) < 0)
		return -1;
	return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

/* Read-only as a file system, not only as a mount: what the container can do to its mounts does not bring it back. The mount
 * is left to the plan. */
static int make_tree(struct filling *filling, struct bw_plan *plan, struct bw_err *err)
{
	auto_close int fs = fsopen("ramfs", FSOPEN_CLOEXEC);
	auto_close int tree = -1;
	struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};

	if (fs < 0 || configure(fs, filling->request) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "secrets: making a file system in memory");
	tree = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (tree < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "secrets: mounting a file system in memory");
	filling->tree = tree;
	if (add_files(filling, err) < 0)
		return -1;
	if (fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 || fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0 ||
		mount_setattr(tree, "", AT_EMPTY_PATH, &readonly, sizeof readonly) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "secrets: making them read-only");
	filling->tree = take_fd(&tree);
	return bw_plan_own_fd(plan, filling->tree, err) < 0 ? -1 : 0;
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	struct filling filling = {.request = request, .tree = -1};
	struct head head;
	char words[64];

	if (request->exec || !hardening || !hardening->secrets)
		return 0;
	filling.files = (uint32_t)hardening->secrets->files.n;
	/* A rehearsal has no values and looks at no file. */
	if (request->secrets) {
		filling.files = 0;
		if (find_owner(request, &filling.uid, &filling.gid, err) < 0 || make_tree(&filling, plan, err) < 0)
			return -1;
		bw_secret_values_wipe(request->secrets);
	}
	snprintf(words, sizeof words, "%u file%s in memory", (unsigned)filling.files, filling.files == 1 ? "" : "s");
	bw_plan_layer(plan, BW_CONTROL_secrets, words);
	head = (struct head){.tree = filling.tree, .files = filling.files};
	return bw_plan_add_text(plan, BW_CONTROL_secrets, OP_ATTACH, BW_PHASE_ROOTFS, &head, sizeof head,
		hardening->secrets->directory, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct head *head = data;

	(void)op;
	(void)len;
	snprintf(buf, size, "%u file%s on %s", (unsigned)head->files, head->files == 1 ? "" : "s", (const char *)(head + 1));
}

static void complain(uint16_t op, const void *data, size_t len, int sys, struct bw_err *err)
{
	const char *directory = (const char *)((const struct head *)data + 1);

	(void)op;
	(void)len;
	if (sys == ELOOP || sys == ENOTDIR)
		bw_fail(err, BW_E_SPEC, 0, "secrets: %s must be an ordinary directory in the image, without links",
			directory);
}

const struct bw_control bw_secrets = {
	.name = "secrets",
	.about = "secrets as read-only files in memory, for the container's user alone",
	.prepare = prepare,
	.say = say,
	.complain = complain,
};

/* The name that the policy says is the place, so no link is followed; what is missing is made as for any mount, and then
 * looked at once more. */
static int open_directory(int root, const char *directory)
{
	int fd = bw_open_in(root, directory, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);

	if (fd != -ENOENT)
		return fd;
	fd = bw_mkdir_in(root, directory, 0755);
	if (fd < 0)
		return fd;
	close(fd);
	return bw_open_in(root, directory, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
}

int bw_secrets_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const struct head *head = data;
	int r, target = open_directory(child->root, (const char *)(head + 1));

	(void)op;
	(void)len;
	if (target < 0)
		return target;
	r = move_mount(head->tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ? -errno : 0;
	close(target);
	close(head->tree);
	return r;
}
