/* SPDX-License-Identifier: Apache-2.0 */
/* stage_look.c - files of the host that are to be staged. Whoever has put them there may be the one whose code runs in the
 * container, and may change them while we look: no link is followed anywhere, nothing is opened but by the descriptor of
 * its directory, and what is no plain file or directory of one name is not taken. */
#include "container/stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/sys.h"

enum { FAULTS_MAX = 100 };

static int out_of_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, ENOMEM, "stage");
}

char *bw_stage_printable(const char *text, struct bw_arena *arena)
{
	char *copy = bw_arena_strdup(arena, text);

	for (char *p = copy; p && *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return copy;
}

static bool is_dots(const char *name, size_t len)
{
	return len && len <= 2 && strspn(name, ".") >= len;
}

const char *bw_stage_name_fault(const char *name)
{
	size_t depth = 0;

	if (!*name)
		return "is empty";
	if (*name == '/')
		return "is absolute, and names are seen from the workspace";
	if (strlen(name) > BW_STAGE_NAME_LONGEST)
		return "is longer than 1024 bytes";
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return "has control characters";
	for (;; name++) {
		size_t len = strcspn(name, "/");

		if (!len)
			return "has an empty component";
		if (is_dots(name, len))
			return "has \".\" or \"..\" in it";
		if (len > NAME_MAX)
			return "has a component longer than 255 bytes";
		if (++depth > BW_STAGE_DEPTH)
			return "is deeper than 32 directories";
		name += len;
		if (!*name)
			return NULL;
	}
}

/* ---- faults ---- */

/* Whoever fills a directory with what cannot be staged fills neither our memory nor the log: after so many it is enough. */
static int add_fault(struct bw_stage *stage, const char *shown, const char *what, struct bw_err *err)
{
	char *printable = bw_stage_printable(shown, stage->arena);
	char *text = printable ? bw_arena_printf(stage->arena, "%s %s", printable, what) : NULL;

	stage->full = stage->full || stage->faults.n + 1 >= FAULTS_MAX;
	return text && bw_strs_add(stage->arena, &stage->faults, text) == 0 ? 0 : out_of_memory(err);
}

static const char *kind_fault(const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return NULL;
	if (S_ISLNK(st->st_mode))
		return "is a symbolic link, which is not followed";
	if (!S_ISREG(st->st_mode))
		return "is neither a file nor a directory";
	/* A second name of a file that is somebody else's: in a directory of theirs anybody can make one. */
	if (st->st_nlink > 1)
		return "is a file with more than one name (hard link)";
	return NULL;
}

/* By its apparent size: the zeros of a hole take memory as any others. */
static int weigh(struct bw_stage *stage, const char *shown, const struct stat *st, struct bw_err *err)
{
	uint64_t size = (uint64_t)st->st_size, limit = stage->limits->file_bytes.v;
	const char *what;

	if (size > limit) {
		what = bw_arena_printf(stage->arena, "has %llu bytes, and the policy lets in %llu a file",
			(unsigned long long)size, (unsigned long long)limit);
	} else if (__builtin_add_overflow(stage->bytes, size, &stage->bytes) || stage->bytes > stage->limits->bytes.v) {
		what = bw_arena_printf(stage->arena, "makes it more than %llu bytes, which the policy lets in at once",
			(unsigned long long)stage->limits->bytes.v);
		stage->full = true;
	} else {
		return 0;
	}
	stage->too_large++;
	return what ? add_fault(stage, shown, what, err) : out_of_memory(err);
}

/* ---- a source ---- */

/* Standard input has no size before it ends. */
static int add_item(struct bw_stage *stage, const char *name, const char *path, const struct stat *st, struct bw_err *err)
{
	const char *fault = bw_stage_name_fault(name);
	struct bw_stage_item *item;

	if (fault)
		return add_fault(stage, name, fault, err);
	if (stage->items.n >= stage->limits->files.v) {
		stage->full = true;
		fault = bw_arena_printf(stage->arena,
			"is one more than %llu files and directories, which the policy lets in at once",
			(unsigned long long)stage->limits->files.v);
		return fault ? add_fault(stage, name, fault, err) : out_of_memory(err);
	}
	item = bw_push(stage->arena, &stage->items);
	if (!item)
		return out_of_memory(err);
	*item = (struct bw_stage_item){.name = name, .path = path, .source = stage->sources.n - 1};
	if (st) {
		item->dev = st->st_dev;
		item->ino = st->st_ino;
		item->directory = S_ISDIR(st->st_mode);
	}
	return 0;
}

static const struct open_how beneath = {
	.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
	.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
};

static int look_at_entry(struct bw_stage *stage, int dir, const char *entry, const char *name, const char *path, size_t depth,
	struct bw_err *err);

/* All that is in a directory. */
static int look_into(struct bw_stage *stage, int dir, const char *name, const char *path, size_t depth, struct bw_err *err)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!entries) {
		if (fd >= 0)
			close(fd);
		return bw_fail(err, BW_E_USAGE, errno, "reading the directory %s", name);
	}
	while (r == 0 && !stage->full && (entry = readdir(entries))) {
		char *inner, *further;

		if (is_dots(entry->d_name, strlen(entry->d_name)))
			continue;
		inner = bw_arena_printf(stage->arena, "%s/%s", name, entry->d_name);
		further = bw_arena_printf(stage->arena, "%s%s%s", path, *path ? "/" : "", entry->d_name);
		r = inner && further ? look_at_entry(stage, dir, entry->d_name, inner, further, depth + 1, err)
				     : out_of_memory(err);
	}
	return r;
}

static int look_at(struct bw_stage *stage, int fd, const char *name, const char *path, size_t depth, struct bw_err *err)
{
	const char *fault;
	struct stat st;
	size_t before = stage->faults.n;

	if (fstat(fd, &st) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "examining %s", name);
	fault = kind_fault(&st);
	if (fault)
		return add_fault(stage, name, fault, err);
	if (S_ISREG(st.st_mode) && weigh(stage, name, &st, err) < 0)
		return -1;
	if (add_item(stage, name, path, &st, err) < 0)
		return -1;
	/* A name that is refused for its depth, say, would be refused again for each that lies in it. */
	if (!S_ISDIR(st.st_mode) || stage->faults.n > before || stage->full)
		return 0;
	return look_into(stage, fd, name, path, depth, err);
}

static int look_at_entry(struct bw_stage *stage, int dir, const char *entry, const char *name, const char *path, size_t depth,
	struct bw_err *err)
{
	auto_close int fd = bw_openat2(dir, entry, &beneath);

	if (depth > BW_STAGE_DEPTH)
		return add_fault(stage, name, "is deeper than 32 directories", err);
	if (fd < 0 && errno == EXDEV)
		return add_fault(stage, name, "is another mount", err);
	if (fd < 0)
		return add_fault(stage, name, bw_errno_words(errno), err);
	return look_at(stage, fd, name, path, depth, err);
}

/* The whole way: whoever may write in a directory above could put a link in the place of one of ours. */
static int open_source(struct bw_stage *stage, const char *text, bool *ret_fault, struct bw_err *err)
{
	const struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = bw_openat2(AT_FDCWD, text, &how);

	*ret_fault = fd < 0;
	if (fd >= 0)
		return fd;
	if (errno == ELOOP)
		return add_fault(stage, text, "is reached through a symbolic link: name the place that it leads to", err);
	return add_fault(stage, text, bw_errno_words(errno), err);
}

/* The last component of a path, as cp(1) takes it. NULL: it has none that is a name. */
static const char *base_of(const char *text, struct bw_arena *arena)
{
	size_t len = strlen(text), start;

	while (len && text[len - 1] == '/')
		len--;
	for (start = len; start && text[start - 1] != '/'; start--)
		;
	if (start == len || is_dots(text + start, len - start))
		return NULL;
	return bw_arena_strndup(arena, text + start, len - start);
}

static int look_at_source(struct bw_stage *stage, const char *text, const char *name, struct bw_err *err)
{
	struct bw_stage_source *source = bw_push(stage->arena, &stage->sources);
	bool fault;
	int fd;

	if (!source)
		return out_of_memory(err);
	*source = (struct bw_stage_source){.fd = -1, .text = text};
	if (bw_streq(text, "-"))
		return add_item(stage, name, "", NULL, err);
	fd = open_source(stage, text, &fault, err);
	if (fault)
		return fd;
	source->fd = fd;
	return look_at(stage, fd, name, "", 1, err);
}

/* ---- all ---- */

/* The directory in the workspace ("": the workspace itself), without the slashes that say that it is one. */
static int read_destination(struct bw_stage *stage, const char *destination, bool *ret_into, char **ret, struct bw_err *err)
{
	size_t len = strlen(destination);
	const char *fault;

	*ret_into = *ret_into || (len && destination[len - 1] == '/') || bw_streq(destination, ".");
	while (len > 1 && destination[len - 1] == '/')
		len--;
	*ret = bw_arena_strndup(stage->arena, destination, len);
	if (!*ret)
		return out_of_memory(err);
	if (bw_streq(*ret, ".")) {
		**ret = '\0';
		return 0;
	}
	fault = bw_stage_name_fault(*ret);
	if (!fault)
		return 0;
	bw_fail(err, BW_E_USAGE, 0, "the destination %s", fault);
	return bw_hint(err, "a path seen from the workspace, such as data/input.csv; \".\" is the workspace itself");
}

int bw_stage_look(struct bw_stage *stage, const char *const *sources, const char *destination, struct bw_err *err)
{
	bool into = sources[0] && sources[1];
	char *directory;

	if (read_destination(stage, destination, &into, &directory, err) < 0)
		return -1;
	for (; *sources && !stage->full; sources++) {
		const char *base = bw_streq(*sources, "-") ? NULL : base_of(*sources, stage->arena), *name = directory;

		if (into && !base)
			return bw_fail(err, BW_E_USAGE, 0,
				"%s has no name of its own to be staged by: give the new name as the destination",
				bw_streq(*sources, "-") ? "standard input" : *sources);
		if (into)
			name = bw_arena_printf(stage->arena, "%s%s%s", directory, *directory ? "/" : "", base);
		if (!name)
			return out_of_memory(err);
		if (look_at_source(stage, *sources, name, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- once more ---- */

static int changed(const struct bw_stage *stage, const struct bw_stage_item *item, struct bw_err *err)
{
	const char *shown = bw_stage_printable(item->name, stage->arena);

	return bw_fail(err, BW_E_USAGE, 0, "%s was changed while it was staged", shown ? shown : "a file");
}

int bw_stage_open(const struct bw_stage *stage, const struct bw_stage_item *item, struct bw_err *err)
{
	int source = stage->sources.v[item->source].fd;
	auto_close int place = -1;
	char link[64];
	struct stat st;
	int fd;

	if (source < 0) {
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? bw_fail(err, BW_E_USAGE, errno, "standard input") : fd;
	}
	place = *item->path ? bw_openat2(source, item->path, &beneath) : fcntl(source, F_DUPFD_CLOEXEC, 3);
	if (place < 0 || fstat(place, &st) < 0 || st.st_dev != item->dev || st.st_ino != item->ino || !S_ISREG(st.st_mode) ||
		kind_fault(&st))
		return changed(stage, item, err);
	/* By way of what was looked at: a name could lead to another one by now. */
	snprintf(link, sizeof link, "/proc/self/fd/%d", place);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? bw_fail(err, BW_E_USAGE, errno, "opening %s", item->name) : fd;
}

void bw_stage_done(struct bw_stage *stage)
{
	for (size_t i = 0; i < stage->sources.n; i++)
		if (stage->sources.v[i].fd >= 0)
			close(stage->sources.v[i].fd);
	stage->sources.n = 0;
}
