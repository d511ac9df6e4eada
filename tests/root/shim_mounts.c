/* SPDX-License-Identifier: Apache-2.0 */
/* shim_mounts.c - what the shim does with containerd's list of mounts, from a command line, for shim-rootfs.sh.
 *	root_shim_mounts mount ROOTFS [-- TYPE SOURCE TARGET [OPTION]...]...
 *	root_shim_mounts unmount ROOTFS
 *	root_shim_mounts dead-fuse PATH		mounts a file system whose server answers nothing, and waits */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "shim/rootfs_mounts.h"

static int complain(const struct bw_err *err)
{
	fprintf(stderr, "%s%s%s\n", err->text, *err->hint ? " | " : "", err->hint);
	return 1;
}

static bool ends(const char *word)
{
	return !word || bw_streq(word, "--");
}

/* One mount, from the word behind "--" on; the word after it. */
static char **read_mount(char **words, struct bw_arena *arena, struct bw_rootfs_mount *ret)
{
	ret->type = *words++;
	ret->source = *words++;
	ret->target = *words++;
	for (; !ends(*words); words++)
		*bw_push(arena, &ret->options) = *words;
	return words;
}

static int mount_words(const char *rootfs, char **words)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_rootfs_mounts mounts = {0};
	struct bw_err err = {0};

	while (*words)
		words = read_mount(words + 1, &arena, bw_push(&arena, &mounts));
	return bw_rootfs_mount_all(&mounts, rootfs, &err) < 0 ? complain(&err) : 0;
}

static int dead_fuse(const char *path)
{
	int fd = open("/dev/fuse", O_RDWR);
	char options[80];

	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || mount("dead", path, "fuse", 0, options) < 0) {
		perror("fuse");
		return 1;
	}
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	struct bw_err err = {0};

	if (argc >= 3 && bw_streq(argv[1], "mount"))
		return mount_words(argv[2], argv + 3);
	if (argc == 3 && bw_streq(argv[1], "unmount"))
		return bw_rootfs_unmount(argv[2], &err) < 0 ? complain(&err) : 0;
	if (argc == 3 && bw_streq(argv[1], "dead-fuse"))
		return dead_fuse(argv[2]);
	return 2;
}
