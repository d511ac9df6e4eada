/* SPDX-License-Identifier: Apache-2.0 */
/* encrypted_sources.c - by descriptor: what is looked at is what will be mounted. What is not known to be encrypted is
 * refused, and the reason is what was seen. */
#include "control/encrypted_sources.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fscrypt.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/mountinfo.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/mount_source.h"
#include "host/block_encryption.h"
#include "spec/spec.h"

enum { MOUNTINFO_MAX = 16 << 20, WHY_SIZE = 240 };

/* One source that is being looked at. */
struct look {
	const struct bw_request *request;
	const struct bw_mounts *mounts;
	int sys, proc; /* the host's /sys and /proc */
};

/* Of these it is known that all of it is on the device that its files name. */
static bool is_on_one_device(const struct bw_mount *mount)
{
	static const char *const types[] = {"ext2", "ext3", "ext4", "xfs", "vfat", "exfat", "iso9660", "squashfs", "erofs"};
	static const char *const more[] = {"journal_path=", "journal_dev=", "logdev=", "rtdev=", "device="};

	for (size_t i = 0; i < BW_COUNT(more); i++)
		if (mount->super && strstr(mount->super, more[i]))
			return false;
	for (size_t i = 0; i < BW_COUNT(types); i++)
		if (bw_streq0(mount->type, types[i]))
			return true;
	return false;
}

/* fscrypt: a directory with a policy has it for all that is in it. */
static bool has_own_key(int fd)
{
	struct fscrypt_get_policy_ex_arg policy = {.policy_size = sizeof policy.policy};
	char link[64];
	auto_close int readable = -1;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	readable = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return readable >= 0 && ioctl(readable, FS_IOC_GET_ENCRYPTION_POLICY_EX, &policy) == 0;
}

static const struct bw_mount *mount_of(const struct look *look, int fd)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0 || !(stx.stx_mask & STATX_MNT_ID))
		return NULL;
	for (size_t i = 0; i < look->mounts->n; i++)
		if (look->mounts->v[i].id == stx.stx_mnt_id)
			return &look->mounts->v[i];
	return NULL;
}

/* Whether it is; if not, why says what was seen. */
static bool is_encrypted(const struct look *look, int fd, const struct stat *st, char why[WHY_SIZE])
{
	const struct bw_mount *mount = mount_of(look, fd);
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0 || !mount) {
		snprintf(why, WHY_SIZE, "on which file system it lies is not to be found out");
		return false;
	}
	/* What is behind a device does not lie in the file system that names it. */
	if (S_ISBLK(st->st_mode))
		return bw_block_is_encrypted(look->sys, st->st_rdev, why, WHY_SIZE);
	/* Holds nothing: what one reads there the kernel makes up. */
	if (bw_kernel_filesystem((uint32_t)fs.f_type) || (uint32_t)fs.f_type == DEVPTS_SUPER_MAGIC)
		return true;
	if ((uint32_t)fs.f_type == TMPFS_MAGIC)
		return strstr(mount->super, "noswap") || bw_swap_is_encrypted(look->proc, look->sys, why, WHY_SIZE);
	if ((S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) && has_own_key(fd))
		return true;
	if (is_on_one_device(mount))
		return bw_block_is_encrypted(look->sys, st->st_dev, why, WHY_SIZE);
	snprintf(why, WHY_SIZE,
		"it lies on %.64s, of which it cannot be seen from here whether and where it is encrypted",
		mount->type);
	return false;
}

static bool is_listed(const struct bw_strs *patterns, const char *path, bool beneath)
{
	for (size_t i = 0; i < patterns->n; i++) {
		enum bw_relation how = bw_path_relate(path, patterns->v[i]);

		if (how == BW_SAME || (beneath && how == BW_BENEATH))
			return true;
	}
	return false;
}

/* By where it really lies: by its name anything could be called so. */
static int look_at(const struct look *look, int fd, const char *source, size_t index, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = look->request->spec->hardening;
	char link[64], real[PATH_MAX], why[WHY_SIZE] = "";
	struct stat st;
	ssize_t len;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, real, sizeof real - 1);
	if (len < 0 || fstat(fd, &st) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "examining the mount source %s", source);
	real[len] = '\0';
	if (is_listed(&hardening->unencrypted_sources, real, true) ||
		(S_ISREG(st.st_mode) && is_listed(&hardening->engine_files, real, false)) || is_encrypted(look, fd, &st, why))
		return 0;
	bw_fail(err, BW_E_DENIED, 0,
		"/mounts/%zu/source: the policy wants what is shared to be encrypted, and %s is not seen to be: %s",
		index, real, why);
	snprintf(err->rule, sizeof err->rule, "encryption");
	return bw_at(err, "/mounts/%zu/source", index);
}

/* rbind takes along what is mounted below. */
static int look_below(const struct look *look, int fd, const char *source, size_t index, struct bw_err *err)
{
	char link[64], real[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, real, sizeof real - 1);
	if (len < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "examining the mount source %s", source);
	real[len] = '\0';
	for (size_t i = 0; i < look->mounts->n; i++) {
		const char *place = look->mounts->v[i].point;
		auto_close int below = -1;

		if (!bw_path_beneath(place, real) || bw_streq(place, real))
			continue;
		below = open(place, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		/* What is hidden under another mount is hidden inside, too. */
		if (below >= 0 && look_at(look, below, source, index, err) < 0)
			return -1;
	}
	return 0;
}

int bw_encrypted_source_check(const struct bw_request *request, int fd, const char *source,
	const struct bw_mount_options *options, size_t index, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	auto_close int sys = -1;
	auto_free char *text = NULL;
	struct bw_mounts mounts = {0};
	struct look look = {.request = request, .mounts = &mounts, .proc = request->host_proc};

	if (!hardening || !hardening->encrypted_sources.v)
		return 0;
	sys = open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (sys < 0)
		return bw_fail(err, BW_E_HOST, errno, "opening the host's /sys");
	if (bw_read_file("/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL, err) < 0 ||
		bw_mountinfo_parse(text, request->arena, &mounts, err) < 0)
		return -1;
	look.sys = sys;
	if (look_at(&look, fd, source, index, err) < 0)
		return -1;
	return options->recursive ? look_below(&look, fd, source, index, err) : 0;
}
