/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_loop.c - an image file as a block device; see loop(4). */
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/auto.h"
#include "base/sys.h"
#include "shim/rootfs_parts.h"

/* A device that is free may be somebody else's when we ask for it: they are given out by number. */
enum { TRIES = 64, WAIT_MS = 10 };

static void wait_a_little(void)
{
	const struct timespec wait = {.tv_nsec = WAIT_MS * 1000000L};

	nanosleep(&wait, NULL);
}

/* Whether another device, or the same one later, may do: it was taken, or its node is not there yet. */
static bool is_passing(int sys)
{
	return sys == EBUSY || sys == ENOENT || sys == ENXIO;
}

/* Descriptor, or -1 and errno. */
static int set_up(const char *device, int image, bool read_only, bool direct_io)
{
	auto_close int loop = open(device, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	struct loop_config config = {
		.fd = (unsigned)image,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0U) |
				 (direct_io ? LO_FLAGS_DIRECT_IO : 0U),
	};

	if (loop < 0 || ioctl(loop, LOOP_CONFIGURE, &config) < 0)
		return -1;
	return take_fd(&loop);
}

int bw_rootfs_loop(const struct bw_rootfs_job *job, char *ret, size_t size, struct bw_err *err)
{
	bool read_only = job->options.flags & MS_RDONLY;
	auto_close int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	auto_close int image = open(job->mount->source, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);

	if (image < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "image %.300s", job->mount->source);
	if (control < 0)
		return bw_fail(err, BW_E_HOST, errno, "/dev/loop-control");
	for (int i = 0; i < TRIES; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE), loop;

		if (number < 0)
			return bw_fail(err, BW_E_KERNEL, errno, "asking for a loop device");
		snprintf(ret, size, "/dev/loop%d", number);
		loop = set_up(ret, image, read_only, job->options.direct_io);
		if (loop >= 0)
			return loop;
		if (!is_passing(errno))
			break;
		wait_a_little();
	}
	return bw_fail(err, BW_E_KERNEL, errno, "image %.200s: %s", job->mount->source, ret);
}
