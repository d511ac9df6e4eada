/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_options.c - one row per word; see mount(8), and overlayfs in the kernel's documentation. */
#include "shim/rootfs_options.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"

enum effect { SET, CLEAR, BIND, LOOP, NOTHING, REFUSED };

static const struct word {
	const char *name;
	enum effect effect;
	unsigned long flag;
} words[] = {
	{"async", CLEAR, MS_SYNCHRONOUS},
	{"atime", CLEAR, MS_NOATIME},
	{"bind", BIND, 0},
	{"defaults", NOTHING, 0},
	{"dev", CLEAR, MS_NODEV},
	{"diratime", CLEAR, MS_NODIRATIME},
	{"dirsync", SET, MS_DIRSYNC},
	{"exec", CLEAR, MS_NOEXEC},
	{"loop", LOOP, 0},
	{"mand", SET, MS_MANDLOCK},
	{"noatime", SET, MS_NOATIME},
	{"nodev", SET, MS_NODEV},
	{"nodiratime", SET, MS_NODIRATIME},
	{"noexec", SET, MS_NOEXEC},
	{"nomand", CLEAR, MS_MANDLOCK},
	{"norelatime", CLEAR, MS_RELATIME},
	{"nostrictatime", CLEAR, MS_STRICTATIME},
	{"nosuid", SET, MS_NOSUID},
	{"nosymfollow", SET, MS_NOSYMFOLLOW},
	{"rbind", BIND, MS_REC},
	{"relatime", SET, MS_RELATIME},
	{"remount", REFUSED, 0},
	{"ro", SET, MS_RDONLY},
	{"rw", CLEAR, MS_RDONLY},
	{"strictatime", SET, MS_STRICTATIME},
	{"suid", CLEAR, MS_NOSUID},
	{"symfollow", CLEAR, MS_NOSYMFOLLOW},
	{"sync", SET, MS_SYNCHRONOUS},
};

static int no_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, ENOMEM, "options of a mount");
}

static const struct word *find_word(const char *name)
{
	for (size_t i = 0; i < BW_COUNT(words); i++)
		if (bw_streq(words[i].name, name))
			return &words[i];
	return NULL;
}

static int take_word(struct bw_rootfs_options *options, const struct word *word, struct bw_err *err)
{
	switch (word->effect) {
	case SET:
		options->flags |= word->flag;
		return 0;
	case CLEAR:
		options->flags &= ~word->flag;
		return 0;
	case BIND:
		options->bind = true;
		options->recursive |= word->flag != 0;
		return 0;
	case LOOP:
		options->loop = true;
		return 0;
	case NOTHING:
		return 0;
	case REFUSED:
		break;
	}
	return bw_fail(err, BW_E_SPEC, 0, "option %s: expected a mount to make, not one to change", word->name);
}

/* What mount(8) and containerd keep for themselves. containerd has done those of its own before it asks a shim, unless it
 * was told that the shim does them. */
static int refuse_foreign(const char *option, struct bw_err *err)
{
	if (bw_after_prefix(option, "X-containerd."))
		return bw_fail(err, BW_E_SPEC, 0, "option %.80s: expected containerd's mount manager to have done it", option);
	return bw_fail(err, BW_E_SPEC, 0, "option %.80s: expected one that a file system knows", option);
}

static int take_lower(struct bw_rootfs_options *options, const char *value, struct bw_err *err)
{
	if (options->lower)
		return bw_fail(err, BW_E_SPEC, 0, "option lowerdir: expected it once, found it twice");
	options->lower = value;
	return 0;
}

static int take_option(bool overlay, struct bw_rootfs_options *options, const char *option, struct bw_arena *arena,
	struct bw_err *err)
{
	const struct word *word = find_word(option);
	const char *value, **added;

	if (word)
		return take_word(options, word, err);
	if (bw_after_prefix(option, "X-") || bw_after_prefix(option, "x-"))
		return refuse_foreign(option, err);
	if (overlay && (value = bw_after_prefix(option, "lowerdir=")) && take_lower(options, value, err) < 0)
		return -1;
	added = bw_push(arena, &options->data);
	if (!added)
		return no_memory(err);
	*added = option;
	return 0;
}

/* Where an option ends: at a comma outside of quotes, in overlay's also without a backslash before it. */
static size_t option_length(bool overlay, const char *text)
{
	bool quoted = false;
	size_t n;

	for (n = 0; text[n] && (quoted || text[n] != ','); n++) {
		if (text[n] == '"')
			quoted = !quoted;
		if (overlay && text[n] == '\\' && text[n + 1])
			n++;
	}
	return n;
}

static int take_text(bool overlay, struct bw_rootfs_options *options, const char *text, struct bw_arena *arena,
	struct bw_err *err)
{
	const char *value;

	/* Their commas are their own. */
	if ((value = bw_after_prefix(text, "uidmap="))) {
		options->uid_map = value;
		return 0;
	}
	if ((value = bw_after_prefix(text, "gidmap="))) {
		options->gid_map = value;
		return 0;
	}
	while (*text) {
		size_t n = option_length(overlay, text);
		const char *option = bw_arena_strndup(arena, text, n);

		if (!option)
			return no_memory(err);
		/* Among others in one text it would end at a comma of its own. */
		if (bw_after_prefix(option, "uidmap=") || bw_after_prefix(option, "gidmap="))
			return bw_fail(err, BW_E_SPEC, 0, "option %.80s: expected it as an option of its own", option);
		if (n > 0 && take_option(overlay, options, option, arena, err) < 0)
			return -1;
		text += n + (text[n] == ',');
	}
	return 0;
}

/* With "loop" this word is the device's, else a file system's. */
static void settle_loop(struct bw_rootfs_options *options)
{
	size_t kept = 0;

	for (size_t i = 0; i < options->data.n; i++) {
		if (bw_streq(options->data.v[i], "direct-io"))
			options->direct_io = true;
		else
			options->data.v[kept++] = options->data.v[i];
	}
	options->data.n = kept;
}

/* A bind mount shows what is mounted already: options of its file system would be dropped without a word. */
static int check_bind(const struct bw_rootfs_options *options, struct bw_err *err)
{
	if (options->data.n > 0)
		return bw_fail(err, BW_E_SPEC, 0, "option %.80s: expected none of a file system for a bind mount",
			options->data.v[0]);
	if (options->flags & (MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK))
		return bw_fail(err, BW_E_SPEC, 0, "expected no sync, dirsync or mand for a bind mount");
	if (options->loop)
		return bw_fail(err, BW_E_SPEC, 0, "expected bind or loop, found both");
	return 0;
}

int bw_rootfs_options_read(const char *type, const struct bw_proto_texts *options, struct bw_arena *arena,
	struct bw_rootfs_options *ret, struct bw_err *err)
{
	bool overlay = bw_streq(type, "overlay");
	struct bw_rootfs_options read = {
		.bind = bw_streq(type, "bind") || bw_streq(type, "rbind"),
		.recursive = bw_streq(type, "rbind"),
	};

	for (size_t i = 0; i < options->n; i++)
		if (take_text(overlay, &read, options->v[i], arena, err) < 0)
			return -1;
	if (!read.uid_map != !read.gid_map)
		return bw_fail(err, BW_E_SPEC, 0, "expected uidmap and gidmap, found one of them alone");
	if (read.loop)
		settle_loop(&read);
	if (read.bind && check_bind(&read, err) < 0)
		return -1;
	*ret = read;
	return 0;
}

char *bw_rootfs_options_data(const struct bw_rootfs_options *options, const char *lower, struct bw_arena *arena)
{
	size_t size = lower ? strlen(lower) + 1 : 1;
	struct bw_buf buf;
	char *text;

	for (size_t i = 0; i < options->data.n; i++)
		size += strlen(options->data.v[i]) + 1;
	text = bw_arena_alloc(arena, size);
	if (!text)
		return NULL;
	buf = bw_buf_over(text, size);
	for (size_t i = 0; i < options->data.n; i++) {
		bool replaced = lower && bw_after_prefix(options->data.v[i], "lowerdir=");

		bw_buf_add(&buf, i ? "," : "");
		bw_buf_add(&buf, replaced ? "lowerdir=" : options->data.v[i]);
		bw_buf_add(&buf, replaced ? lower : "");
	}
	return text;
}

struct bw_proto_texts bw_rootfs_layers(const char *lower, struct bw_arena *arena)
{
	struct bw_proto_texts layers = {0}, none = {0};
	const char *p = lower;

	for (;;) {
		const char **added = bw_push(arena, &layers);
		char *name = bw_arena_alloc(arena, strlen(p) + 1);
		size_t n = 0;

		if (!added || !name)
			return none;
		*added = name;
		for (; *p && *p != ':'; p++) {
			if (*p == '\\' && p[1])
				p++;
			name[n++] = *p;
		}
		if (!*p++)
			return layers;
	}
}

char *bw_rootfs_layers_join(const struct bw_proto_texts *layers, size_t skip, struct bw_arena *arena)
{
	size_t size = 1, n = 0;
	char *text;

	for (size_t i = 0; i < layers->n; i++)
		size += 2 * strlen(layers->v[i]) + 1;
	text = bw_arena_alloc(arena, size);
	if (!text)
		return NULL;
	for (size_t i = 0; i < layers->n; i++) {
		if (i)
			text[n++] = ':';
		for (const char *p = layers->v[i] + (*layers->v[i] ? skip : 0); *p; p++) {
			if (strchr(":,\\", *p))
				text[n++] = '\\';
			text[n++] = *p;
		}
	}
	return text;
}

static bool is_clean(const char *path)
{
	char clean[PATH_MAX];

	return path[0] == '/' && bw_path_clean(path, clean, sizeof clean) && bw_streq(path, clean);
}

static size_t directory_length(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

size_t bw_rootfs_layers_common(const struct bw_proto_texts *layers)
{
	const char *first = layers->n ? layers->v[0] : "";
	size_t len = directory_length(first, strlen(first));

	for (size_t i = 0; i < layers->n; i++) {
		const char *layer = layers->v[i];

		if (i && !*layer)
			continue;
		if (!is_clean(layer))
			return 0;
		while (len > 0 && (strncmp(layer, first, len) != 0 || layer[len] != '/'))
			len = directory_length(first, len);
	}
	return len;
}
