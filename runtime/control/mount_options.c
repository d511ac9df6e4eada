/* SPDX-License-Identifier: Apache-2.0 */
/* mount_options.c - one row per word. */
#include "control/mount_options.h"

#include <errno.h>
#include <sys/statvfs.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/sys.h"

/* Access times are not bits but one of several values in MOUNT_ATTR__ATIME: setting one clears the field. */
#define ATIME MOUNT_ATTR__ATIME

enum effect { ATTR, REC_ATTR, PROPAGATION, BIND, FS_FLAG, OLD_FLAG, NOTHING, REMOUNT, TMPCOPYUP, IDMAP };

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
	{"iversion", OLD_FLAG, 0, 0},
	{"lazytime", FS_FLAG, 0, 0},
	{"loud", OLD_FLAG, 0, 0},
	{"mand", OLD_FLAG, 0, 0},
	{"noatime", ATTR, MOUNT_ATTR_NOATIME, ATIME},
	{"nodev", ATTR, MOUNT_ATTR_NODEV, 0},
	{"nodiratime", ATTR, MOUNT_ATTR_NODIRATIME, 0},
	{"noexec", ATTR, MOUNT_ATTR_NOEXEC, 0},
	{"noiversion", OLD_FLAG, 0, 0},
	{"nolazytime", FS_FLAG, 0, 0},
	{"nomand", OLD_FLAG, 0, 0},
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
	{"remount", REMOUNT, 0, 0},
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
	{"silent", OLD_FLAG, 0, 0},
	{"slave", PROPAGATION, MS_SLAVE, 0},
	{"strictatime", ATTR, MOUNT_ATTR_STRICTATIME, ATIME},
	{"suid", ATTR, 0, MOUNT_ATTR_NOSUID},
	{"symfollow", ATTR, 0, MOUNT_ATTR_NOSYMFOLLOW},
	{"sync", FS_FLAG, 0, 0},
	{"tmpcopyup", TMPCOPYUP, 0, 0},
	{"unbindable", PROPAGATION, MS_UNBINDABLE, 0},
};

/* Words about access times, as mount(2) takes them: each is asked for or not, and several may be. */
enum { NO_ACCESS = 1, RELATIVE = 2, STRICT = 4, NOT_OF_DIRECTORIES = 8 };

static const struct access_word {
	const char *name;
	unsigned on, off;
} access_words[] = {
	{"atime", 0, NO_ACCESS},
	{"diratime", 0, NOT_OF_DIRECTORIES},
	{"noatime", NO_ACCESS, 0},
	{"nodiratime", NOT_OF_DIRECTORIES, 0},
	{"norelatime", 0, RELATIVE},
	{"nostrictatime", 0, STRICT},
	{"relatime", RELATIVE, 0},
	{"strictatime", STRICT, 0},
};

static void add_access(struct bw_mount_options *options, const char *name)
{
	for (size_t i = 0; i < BW_COUNT(access_words); i++) {
		const struct access_word *word = &access_words[i];

		if (!bw_streq(word->name, name))
			continue;
		options->access = (options->access & ~word->off) | word->on;
		options->no_access = (options->no_access & ~word->on) | word->off;
	}
}

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
		add_access(options, word->name);
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
		options->given = true;
		return bw_strs_add(arena, &options->flags, word->name);
	case OLD_FLAG: /* the kernel has forgotten what it meant, but it is a flag */
		options->given = true;
		return 0;
	case NOTHING:
		return 0;
	case REMOUNT:
		options->remount = true;
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

		/* Nothing between two commas is nothing to mount(2), and engines write such. */
		if (!*given->v[i])
			continue;
		for (size_t w = 0; w < BW_COUNT(words) && !found; w++)
			if (bw_streq(words[w].name, given->v[i]))
				found = &words[w];
		if (found ? apply_word(found, arena, ret) : bw_strs_add(arena, &ret->data, given->v[i]))
			return -1;
	}
	return 0;
}

static const struct {
	unsigned long st;
	uint64_t attr;
} lockable[] = {{ST_RDONLY, MOUNT_ATTR_RDONLY}, {ST_NOSUID, MOUNT_ATTR_NOSUID}, {ST_NODEV, MOUNT_ATTR_NODEV},
	{ST_NOEXEC, MOUNT_ATTR_NOEXEC}};

/* How the source treats access times; STRICT, which is no flag, is left out. */
static unsigned access_of(unsigned long source)
{
	return (source & ST_NOATIME ? NO_ACCESS : 0U) | (source & ST_RELATIME ? RELATIVE : 0U) |
	       (source & ST_NODIRATIME ? NOT_OF_DIRECTORIES : 0U);
}

/* What the kernel makes of words that do not say all. */
static unsigned complete_access(unsigned asked)
{
	if (asked & STRICT)
		return asked & NOT_OF_DIRECTORIES;
	return asked & NO_ACCESS ? asked & ~(unsigned)RELATIVE : asked | RELATIVE;
}

/* What a lock holds: the restrictions of the source, and how it treats access times. Who only states other flags keeps
 * what is held; who asks for its end is refused. */
static int respect_locks(const struct bw_mount_options *options, unsigned long source, uint64_t *set, uint64_t *clear)
{
	const uint64_t times = ATIME | MOUNT_ATTR_NODIRATIME;
	unsigned access = access_of(source);
	unsigned stated = access ? access : STRICT;
	uint64_t held = 0;

	for (size_t i = 0; i < BW_COUNT(lockable); i++)
		if (source & lockable[i].st)
			held |= lockable[i].attr;
	if (options->rec_clear & held)
		return -EPERM;
	if (!(*clear & held) && (!options->access || complete_access(options->access) == access))
		return 0;
	if ((options->clear & held) || (options->no_access & stated) || (options->access && options->access != stated))
		return -EPERM;
	*clear &= ~(held | times);
	*set &= ~times;
	return 0;
}

/* As mount(2) has it for MS_REMOUNT | MS_BIND: without a word the source's attributes stay, one word states all of
 * them; but access times stay as they are unless one of them is asked for, and then they are stated as a whole. */
int bw_mount_options_bind(const struct bw_mount_options *options, unsigned long source, bool locked, uint64_t *ret_set,
	uint64_t *ret_clear)
{
	const uint64_t times = ATIME | MOUNT_ATTR_NODIRATIME;
	const uint64_t others =
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW;
	uint64_t set = options->set, clear = 0;

	if (options->given)
		clear = (others & ~set) | (options->access ? ATIME | (MOUNT_ATTR_NODIRATIME & ~set) : 0);
	if (!options->access)
		set &= ~times;
	if (locked && respect_locks(options, source, &set, &clear) < 0)
		return -EPERM;
	*ret_set = set;
	*ret_clear = clear;
	return 0;
}

const char *const *bw_mount_option_words(void)
{
	static const char *names[BW_COUNT(words) + 1];

	for (size_t w = 0; w < BW_COUNT(words); w++)
		names[w] = words[w].name;
	return names;
}
