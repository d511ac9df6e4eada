/* SPDX-License-Identifier: Apache-2.0 */
/* mount_options.c - one row per word. */
#include "control/mount_options.h"

#include "base/auto.h"
#include "base/str.h"
#include "base/sys.h"

/* Access times are not bits but one of several values in MOUNT_ATTR__ATIME: setting one clears the field. */
#define ATIME MOUNT_ATTR__ATIME

enum effect { ATTR, REC_ATTR, PROPAGATION, BIND, FS_FLAG, NOTHING, TMPCOPYUP, IDMAP };

struct word {
	const char *name;
	enum effect effect;
	uint64_t set, clear;
};

static const struct word words[] = {
	{"async", FS_FLAG, 0, 0},
	{"atime", ATTR, 0, ATIME},
	{"bind", BIND, 0, 0},
	{"defaults", NOTHING, 0, 0},
	{"dev", ATTR, 0, MOUNT_ATTR_NODEV},
	{"diratime", ATTR, 0, MOUNT_ATTR_NODIRATIME},
	{"dirsync", FS_FLAG, 0, 0},
	{"exec", ATTR, 0, MOUNT_ATTR_NOEXEC},
	{"idmap", IDMAP, 0, 0},
	{"iversion", NOTHING, 0, 0},
	{"lazytime", FS_FLAG, 0, 0},
	{"loud", NOTHING, 0, 0},
	{"mand", NOTHING, 0, 0},
	{"noatime", ATTR, MOUNT_ATTR_NOATIME, ATIME},
	{"nodev", ATTR, MOUNT_ATTR_NODEV, 0},
	{"nodiratime", ATTR, MOUNT_ATTR_NODIRATIME, 0},
	{"noexec", ATTR, MOUNT_ATTR_NOEXEC, 0},
	{"noiversion", NOTHING, 0, 0},
	{"nolazytime", FS_FLAG, 0, 0},
	{"nomand", NOTHING, 0, 0},
	{"norelatime", ATTR, 0, ATIME},
	{"nostrictatime", ATTR, 0, ATIME},
	{"nosuid", ATTR, MOUNT_ATTR_NOSUID, 0},
	{"nosymfollow", ATTR, MOUNT_ATTR_NOSYMFOLLOW, 0},
	{"private", PROPAGATION, MS_PRIVATE, 0},
	{"ratime", REC_ATTR, 0, ATIME},
	{"rbind", BIND, 1, 0},
	{"rdev", REC_ATTR, 0, MOUNT_ATTR_NODEV},
	{"rdiratime", REC_ATTR, 0, MOUNT_ATTR_NODIRATIME},
	{"relatime", ATTR, MOUNT_ATTR_RELATIME, ATIME},
	{"rexec", REC_ATTR, 0, MOUNT_ATTR_NOEXEC},
	{"ridmap", IDMAP, 1, 0},
	{"rnoatime", REC_ATTR, MOUNT_ATTR_NOATIME, ATIME},
	{"rnodev", REC_ATTR, MOUNT_ATTR_NODEV, 0},
	{"rnodiratime", REC_ATTR, MOUNT_ATTR_NODIRATIME, 0},
	{"rnoexec", REC_ATTR, MOUNT_ATTR_NOEXEC, 0},
	{"rnorelatime", REC_ATTR, 0, ATIME},
	{"rnostrictatime", REC_ATTR, 0, ATIME},
	{"rnosuid", REC_ATTR, MOUNT_ATTR_NOSUID, 0},
	{"rnosymfollow", REC_ATTR, MOUNT_ATTR_NOSYMFOLLOW, 0},
	{"ro", ATTR, MOUNT_ATTR_RDONLY, 0},
	{"rprivate", PROPAGATION, MS_PRIVATE | MS_REC, 0},
	{"rrelatime", REC_ATTR, MOUNT_ATTR_RELATIME, ATIME},
	{"rro", REC_ATTR, MOUNT_ATTR_RDONLY, 0},
	{"rrw", REC_ATTR, 0, MOUNT_ATTR_RDONLY},
	{"rshared", PROPAGATION, MS_SHARED | MS_REC, 0},
	{"rslave", PROPAGATION, MS_SLAVE | MS_REC, 0},
	{"rstrictatime", REC_ATTR, MOUNT_ATTR_STRICTATIME, ATIME},
	{"rsuid", REC_ATTR, 0, MOUNT_ATTR_NOSUID},
	{"rsymfollow", REC_ATTR, 0, MOUNT_ATTR_NOSYMFOLLOW},
	{"runbindable", PROPAGATION, MS_UNBINDABLE | MS_REC, 0},
	{"rw", ATTR, 0, MOUNT_ATTR_RDONLY},
	{"shared", PROPAGATION, MS_SHARED, 0},
	{"silent", NOTHING, 0, 0},
	{"slave", PROPAGATION, MS_SLAVE, 0},
	{"strictatime", ATTR, MOUNT_ATTR_STRICTATIME, ATIME},
	{"suid", ATTR, 0, MOUNT_ATTR_NOSUID},
	{"symfollow", ATTR, 0, MOUNT_ATTR_NOSYMFOLLOW},
	{"sync", FS_FLAG, 0, 0},
	{"tmpcopyup", TMPCOPYUP, 0, 0},
	{"unbindable", PROPAGATION, MS_UNBINDABLE, 0},
};

/* The later word wins: what it clears goes from set, what it sets goes from clear. An access-time value that
 * is set keeps the whole field in clear, as mount_setattr(2) demands. */
static void add_attr(uint64_t *set, uint64_t *clear, const struct word *word)
{
	*set = (*set & ~word->clear) | word->set;
	*clear = (*clear & ~word->set) | word->clear;
	if (*set & ATIME)
		*clear |= ATIME;
}

static int apply_word(const struct word *word, struct bw_arena *arena, struct bw_mount_options *options)
{
	switch (word->effect) {
	case ATTR:
		add_attr(&options->set, &options->clear, word);
		options->given = true;
		return 0;
	case REC_ATTR:
		add_attr(&options->rec_set, &options->rec_clear, word);
		return 0;
	case PROPAGATION:
		options->propagation = (unsigned)word->set;
		return 0;
	case BIND:
		options->bind = true;
		options->recursive = options->recursive || word->set;
		return 0;
	case FS_FLAG:
		return bw_strs_add(arena, &options->data, word->name);
	case NOTHING:
		return 0;
	case TMPCOPYUP:
		options->tmpcopyup = true;
		return 0;
	case IDMAP:
		options->idmap = true;
		options->ridmap = options->ridmap || word->set;
		return 0;
	}
	return 0;
}

int bw_mount_options_parse(const struct bw_strs *given, struct bw_arena *arena, struct bw_mount_options *ret)
{
	*ret = (struct bw_mount_options){0};
	for (size_t i = 0; i < given->n; i++) {
		const struct word *found = NULL;

		for (size_t w = 0; w < BW_COUNT(words) && !found; w++)
			if (bw_streq(words[w].name, given->v[i]))
				found = &words[w];
		if (found ? apply_word(found, arena, ret) : bw_strs_add(arena, &ret->data, given->v[i]))
			return -1;
	}
	return 0;
}

const char *const *bw_mount_option_words(void)
{
	static const char *names[BW_COUNT(words) + 1];

	for (size_t w = 0; w < BW_COUNT(words); w++)
		names[w] = words[w].name;
	return names;
}
