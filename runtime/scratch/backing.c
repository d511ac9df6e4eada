/* SPDX-License-Identifier: Apache-2.0 */
/* backing.c - see backing.h, loop(4) and open(2) about O_TMPFILE. */
#include "scratch/backing.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "base/auto.h"
#include "base/sys.h"
#include "scratch/nodes.h"
#include "scratch/wishes.h"

/* Numbers of linux/major.h and linux/miscdevice.h. A device that is free may be somebody else's when we ask for it. */
enum { LOOP_MAJOR_NUMBER = 7, MISC_MAJOR_NUMBER = 10, LOOP_CONTROL_MINOR = 237, TRIES = 64, WAIT_MS = 10 };

int bw_backing_file(const char *directory, uint64_t size, struct bw_err *err)
{
	auto_close int file = open(directory, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	if (file < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		return bw_fail(err, BW_E_HOST, 0, "the file system of %s has no files without a name (O_TMPFILE)", directory);
	if (file < 0)
		return bw_fail(err, BW_E_HOST, errno, "making a file in %s", directory);
	if (fallocate(file, 0, 0, (off_t)size) == 0)
		return take_fd(&file);
	if (errno == EOPNOTSUPP)
		return bw_fail(err, BW_E_HOST, 0, "the file system of %s cannot reserve room (fallocate)", directory);
	return bw_fail(err, BW_E_HOST, errno, "reserving %llu bytes in %s", (unsigned long long)size, directory);
}

/* Descriptor, or -1 and errno. */
static int set_up(int nodes, int number, int file)
{
	char name[32];
	auto_close int loop = -1;
	struct loop_config config = {
		.fd = (unsigned)file,
		.block_size = BW_SCRATCH_BLOCK,
		/* Around the page cache where the file system can: the container's own pages are cached already. */
		.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO,
	};

	snprintf(name, sizeof name, "loop%d", number);
	loop = bw_node_open(nodes, name, S_IFBLK, makedev(LOOP_MAJOR_NUMBER, (unsigned)number), O_RDWR);
	if (loop < 0 || ioctl(loop, LOOP_CONFIGURE, &config) < 0)
		return -1;
	return take_fd(&loop);
}

static void wait_a_little(void)
{
	const struct timespec wait = {.tv_nsec = WAIT_MS * 1000000L};

	nanosleep(&wait, NULL);
}

int bw_backing_device(int nodes, int file, dev_t *ret_device, struct bw_err *err)
{
	auto_close int control =
		bw_node_open(nodes, "loop-control", S_IFCHR, makedev(MISC_MAJOR_NUMBER, LOOP_CONTROL_MINOR), O_RDWR);

	if (control < 0)
		return bw_fail(err, BW_E_HOST, errno, "this kernel gives no loop devices");
	for (int i = 0; i < TRIES; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE), loop;

		if (number < 0)
			return bw_fail(err, BW_E_KERNEL, errno, "asking for a loop device");
		loop = set_up(nodes, number, file);
		*ret_device = makedev(LOOP_MAJOR_NUMBER, (unsigned)number);
		if (loop >= 0)
			return loop;
		if (errno != EBUSY && errno != ENXIO)
			break;
		wait_a_little();
	}
	return bw_fail(err, BW_E_KERNEL, errno, "setting up a loop device");
}
