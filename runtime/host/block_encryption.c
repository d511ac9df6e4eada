/* SPDX-License-Identifier: Apache-2.0 */
/* block_encryption.c - see block_encryption.h and the kernel's Documentation/ABI/stable/sysfs-block. */
#include "host/block_encryption.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/mountinfo.h"
#include "base/str.h"

/* Devices on devices on devices; what is deeper is not believed. */
enum { DEEPEST = 8, SWAPS_MAX = 1 << 16 };

/* What cryptsetup(8) and bulwark-scratch call their mappings that encrypt. Not CRYPT-VERITY and CRYPT-INTEGRITY, which do
 * not, and not CRYPT-LUKS2-OPAL, where the drive says that it does. */
static bool is_crypt(int dir)
{
	static const char *const kinds[] = {"CRYPT-LUKS1-", "CRYPT-LUKS2-", "CRYPT-PLAIN-", "CRYPT-LOOPAES-",
		"CRYPT-TCRYPT-", "CRYPT-BITLK-", "CRYPT-FVAULT2-"};
	char uuid[160];

	if (bw_read_at(dir, "dm/uuid", uuid, sizeof uuid) <= 0 || bw_after_prefix(uuid, "CRYPT-LUKS2-OPAL"))
		return false;
	for (size_t i = 0; i < BW_COUNT(kinds); i++)
		if (bw_after_prefix(uuid, kinds[i]))
			return true;
	return false;
}

/* The kernel's name of it: the end of where it lies in sysfs. */
static void name_of(int dir, char *name, size_t size)
{
	char text[512];
	const char *line;

	snprintf(name, size, "a device");
	if (bw_read_at(dir, "uevent", text, sizeof text) <= 0)
		return;
	line = strstr(text, "DEVNAME=");
	if (line)
		snprintf(name, size, "%.*s", (int)strcspn(line + strlen("DEVNAME="), "\n"), line + strlen("DEVNAME="));
}

static bool looks_encrypted(int dir, int depth, char *why, size_t size);

/* Each of what it lies on; *ret_some: there is any. */
static bool are_all_encrypted(int dir, int depth, bool *ret_some, char *why, size_t size)
{
	int fd = openat(dir, "slaves", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *slaves = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool all = true;

	while (slaves && all && (entry = readdir(slaves))) {
		auto_close int below = -1;

		if (entry->d_name[0] == '.')
			continue;
		*ret_some = true;
		below = openat(dirfd(slaves), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		all = below >= 0 && looks_encrypted(below, depth + 1, why, size);
	}
	return all;
}

static bool looks_encrypted(int dir, int depth, char *why, size_t size)
{
	bool some = false, all;
	char name[64];

	if (is_crypt(dir))
		return true;
	name_of(dir, name, sizeof name);
	snprintf(why, size, "it lies on %s, which is not dm-crypt", name);
	if (depth == DEEPEST)
		return false;
	all = are_all_encrypted(dir, depth, &some, why, size);
	if (some)
		return all;
	if (faccessat(dir, "partition", F_OK, 0) == 0) {
		auto_close int disk = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		return disk >= 0 && looks_encrypted(disk, depth + 1, why, size);
	}
	return false;
}

static int open_device(int sys, dev_t device)
{
	char path[64];

	snprintf(path, sizeof path, "dev/block/%u:%u", major(device), minor(device));
	return openat(sys, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

bool bw_block_is_encrypted(int sys, dev_t device, char *why, size_t size)
{
	auto_close int dir = open_device(sys, device);

	if (dir >= 0)
		return looks_encrypted(dir, 0, why, size);
	snprintf(why, size, "it lies on device %u:%u, of which the kernel tells nothing", major(device), minor(device));
	return false;
}

/* zram, unless it writes to a disk what is long not used. */
static bool is_memory(int sys, dev_t device)
{
	auto_close int dir = open_device(sys, device);
	char name[64], backing[256];

	if (dir < 0)
		return false;
	name_of(dir, name, sizeof name);
	return bw_after_prefix(name, "zram") &&
	       (bw_read_at(dir, "backing_dev", backing, sizeof backing) <= 0 || bw_streq(backing, "none"));
}

static bool is_good_swap(int sys, const char *path, char *why, size_t size)
{
	char reason[160];
	struct stat st;
	dev_t device;

	if (stat(path, &st) < 0) {
		snprintf(why, size, "it is in memory, and where the swap %s is cannot be seen", path);
		return false;
	}
	device = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	if (is_memory(sys, device) || bw_block_is_encrypted(sys, device, reason, sizeof reason))
		return true;
	snprintf(why, size, "it is in memory, which may go to the swap %s: %s", path, reason);
	return false;
}

bool bw_swap_is_encrypted(int proc, int sys, char *why, size_t size)
{
	auto_close int fd = openat(proc, "swaps", O_RDONLY | O_CLOEXEC);
	auto_free char *text = NULL;
	struct bw_err ignored = {0};
	char *rest, *line;

	/* A kernel without swap has no such file. */
	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd < 0 || bw_read_fd(fd, "swaps", SWAPS_MAX, &text, NULL, &ignored) < 0) {
		snprintf(why, size, "it is in memory, and whether there is swap cannot be seen");
		return false;
	}
	rest = text;
	(void)strsep(&rest, "\n"); /* the heading */
	while ((line = strsep(&rest, "\n"))) {
		line[strcspn(line, " \t")] = '\0';
		if (*line && !is_good_swap(sys, bw_mountinfo_unescape(line), why, size))
			return false;
	}
	return true;
}
