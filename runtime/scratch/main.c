/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - bulwark-scratch: a file system on a disk under a key that nobody has, for bulwark. A program of its own,
 * because the key passes through its memory, and no other memory is to be near it.
 *
 *	bulwark-scratch make DIRECTORY size=BYTES nr_inodes=N mode=OCTAL uid=UID gid=GID [context=LABEL]
 *	bulwark-scratch check
 *
 * Standard input is a Unix socket, over which the mount goes, attached nowhere. Each part is held by the one above alone:
 * mount, encrypted device, loop device, file without a name. So whenever the last process that sees the mount ends, and
 * however, all of it goes. Exit status 0; or 1 and one sentence on standard error. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "scratch/backing.h"
#include "scratch/crypt.h"
#include "scratch/filesystem.h"
#include "scratch/nodes.h"
#include "scratch/wishes.h"

/* Nothing of our memory is ever written anywhere. */
static int hide_memory(struct bw_err *err)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
		mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "keeping our memory to ourselves");
	return 0;
}

/* The loop device is the mapping's when that has been made. */
static int encrypted(int nodes, const char *directory, const struct bw_wishes *wishes, struct bw_err *err)
{
	auto_close int file = bw_backing_file(directory, wishes->size, err);
	auto_close int loop = -1;
	dev_t device;

	if (file < 0)
		return -1;
	loop = bw_backing_device(nodes, file, &device, err);
	return loop < 0 ? -1 : bw_crypt_over(nodes, device, wishes->size, err);
}

static int make(int argc, char **argv, struct bw_err *err)
{
	auto_close int nodes = -1;
	auto_close int device = -1;
	auto_close int tree = -1;
	struct bw_wishes wishes;

	if (bw_wishes_read(argv + 3, (size_t)argc - 3, &wishes, err) < 0 || hide_memory(err) < 0)
		return -1;
	nodes = bw_nodes_make(err);
	if (nodes < 0)
		return -1;
	/* Relative names from here on: the nodes have no other. */
	if (fchdir(nodes) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "chdir to the device nodes");
	device = encrypted(nodes, argv[2], &wishes, err);
	if (device < 0 || bw_filesystem_make(BW_CRYPT_NODE, &wishes, err) < 0)
		return -1;
	tree = bw_filesystem_mount(BW_CRYPT_NODE, &wishes, err);
	return tree < 0 ? -1 : bw_send_fd(STDIN_FILENO, tree, "m", 1, err);
}

static int check(struct bw_err *err)
{
	auto_close int nodes = bw_nodes_make(err);

	return nodes < 0 || !bw_filesystem_maker(err) ? -1 : bw_crypt_can(nodes, err);
}

int main(int argc, char **argv)
{
	struct bw_err err = {0};
	int r = -1;

	if (argc > 3 && bw_streq(argv[1], "make") && argv[2][0] == '/')
		r = make(argc, argv, &err);
	else if (argc == 2 && bw_streq(argv[1], "check"))
		r = check(&err);
	else
		(void)bw_fail(&err, BW_E_USAGE, 0, "usage: bulwark-scratch check, or make DIRECTORY WISH...");
	if (r < 0)
		fprintf(stderr, "%s\n", err.text);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
