/* SPDX-License-Identifier: Apache-2.0 */
/* crypt.c - see crypt.h. dm-crypt takes the key from a keyring of this process, as one of type "logon", which user space
 * can write but never read: so it is not in the mapping's table either, which root can show. */
#include "scratch/crypt.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/sys.h"
#include "scratch/dm.h"
#include "scratch/nodes.h"
#include "scratch/wishes.h"

enum { KEY_BYTES = 64, SECTOR = 512 };

/* Its number, or -1. The only place where the key is in our memory, which is neither swapped nor dumped (main.c). */
static long make_key(const char *description, struct bw_err *err)
{
	unsigned char key[KEY_BYTES];
	long serial = -1;

	if (getrandom(key, sizeof key, 0) == (ssize_t)sizeof key)
		serial = syscall(SYS_add_key, "logon", description, key, sizeof key, KEY_SPEC_PROCESS_KEYRING);
	explicit_bzero(key, sizeof key);
	return serial < 0 ? bw_fail(err, BW_E_KERNEL, errno, "giving the kernel a key") : serial;
}

/* Opened before it is in force, so that from then on it goes with its last user. Descriptor, or -1. */
static int bring_up(int control, int nodes, const char *name, dev_t mapped, struct bw_err *err)
{
	auto_close int fd = bw_node_open(nodes, BW_CRYPT_NODE, S_IFBLK, mapped, O_RDWR);

	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening the encrypted device");
	if (bw_dm_remove(control, name, err) < 0 || bw_dm_resume(control, name, err) < 0)
		return -1;
	return take_fd(&fd);
}

static int map(int control, int nodes, dev_t device, uint64_t size, struct bw_err *err)
{
	char name[BW_DM_NAME_SIZE], description[128], table[256];
	struct bw_err ignored = {0};
	dev_t mapped;
	long serial;
	int fd = -1;

	if (bw_dm_name(name, err) < 0)
		return -1;
	snprintf(description, sizeof description, "bulwark:%s", name);
	snprintf(table, sizeof table, "aes-xts-plain64 :%d:logon:%s 0 %u:%u 0 1 sector_size:%d", KEY_BYTES, description,
		major(device), minor(device), BW_SCRATCH_BLOCK);
	serial = make_key(description, err);
	if (serial < 0)
		return -1;
	if (bw_dm_create(control, name, &mapped, err) == 0) {
		if (bw_dm_load(control, name, size / SECTOR, "crypt", table, err) == 0)
			fd = bring_up(control, nodes, name, mapped, err);
		if (fd < 0)
			bw_dm_remove(control, name, &ignored);
	}
	/* The mapping has its own copy, if there is one. */
	(void)syscall(SYS_keyctl, KEYCTL_INVALIDATE, serial);
	return fd;
}

int bw_crypt_over(int nodes, dev_t device, uint64_t size, struct bw_err *err)
{
	auto_close int control = bw_dm_open(nodes, err);

	if (control < 0)
		return -1;
	bw_dm_tidy(control);
	if (bw_dm_has_target(control, "crypt", err) < 0)
		return -1;
	return map(control, nodes, device, size, err);
}

int bw_crypt_can(int nodes, struct bw_err *err)
{
	auto_close int control = bw_dm_open(nodes, err);

	return control < 0 ? -1 : bw_dm_has_target(control, "crypt", err);
}
