/* SPDX-License-Identifier: Apache-2.0 */
/* mount_options.h - the words of mounts[].options (config.md "Linux mount options") as kernel flags. Pure. */
#ifndef BW_CONTROL_MOUNT_OPTIONS_H
#define BW_CONTROL_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "json/schema.h"

struct bw_mount_options {
	uint64_t set, clear;         /* MOUNT_ATTR_* of this mount */
	uint64_t rec_set, rec_clear; /* MOUNT_ATTR_* of it and everything below (rro, rnosuid, ...) */
	unsigned propagation;        /* MS_PRIVATE ... with MS_REC, or 0 */
	bool bind, recursive, remount;
	bool tmpcopyup, idmap, ridmap;
	bool given;                  /* any word was there that is a flag of mount(2), set or cleared */
	unsigned access, no_access;  /* words about access times: asked for, asked not to be */
	struct bw_strs flags;        /* of the file system: sync, dirsync, lazytime and what undoes them */
	struct bw_strs data;         /* what is left: for the file system */
};

/* Parses words; unknown ones are data. Lists live in arena; -1 when memory is out. */
int bw_mount_options_parse(const struct bw_strs *words, struct bw_arena *arena, struct bw_mount_options *ret);
/* The attributes of a bind mount. Its source has `source` (ST_* of statfs(2)); locked: in a user namespace of its own the
 * container may not take away what restricts the source. 0, or -EPERM: just that was asked for. */
int bw_mount_options_bind(const struct bw_mount_options *options, unsigned long source, bool locked, uint64_t *ret_set,
	uint64_t *ret_clear);
/* The known words, NULL-terminated: for `features`. */
const char *const *bw_mount_option_words(void);

#endif
