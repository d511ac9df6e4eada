/* SPDX-License-Identifier: Apache-2.0 */
/* detour.c - see detour.h. */
#include "container/detour.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

int bw_detour_begin(struct bw_detour *detour, unsigned long propagation, const char *whom, struct bw_err *err)
{
	struct bw_err ignored = {0};

	detour->outside = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (detour->outside < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening our mount namespace");
	detour->cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | propagation, NULL) == 0)
		return 0;
	bw_fail(err, BW_E_KERNEL, errno, "making a mount namespace for %s", whom);
	(void)!bw_detour_end(detour, &ignored);
	return -1;
}

int bw_detour_end(struct bw_detour *detour, struct bw_err *err)
{
	int r = detour->outside >= 0 && setns(detour->outside, CLONE_NEWNS) < 0 ? -errno : 0;

	/* Entering a namespace leads to its root. */
	if (r == 0 && detour->cwd >= 0)
		(void)!fchdir(detour->cwd);
	if (detour->outside >= 0)
		close(detour->outside);
	if (detour->cwd >= 0)
		close(detour->cwd);
	*detour = (struct bw_detour)BW_DETOUR_INIT;
	return r < 0 ? bw_fail(err, BW_E_KERNEL, -r, "going back to our mount namespace") : 0;
}
