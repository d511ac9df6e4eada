/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c - runc's options, or lines `Key = value` with the same keys and ours: what TOML and CRI's table of options have
 * in common. Who writes them chooses policy and state root, so a file of them must be root's alone. Sets no policy aside:
 * Profile is the word of --profile, which a policy may refuse. */
#include "shim/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"

#define DEFAULT_ROOT "/run/containerd/bulwark"
enum { FILE_MAX_BYTES = 64 << 10 };

enum kind { TEXT, PATH, SWITCH, NUMBER, IGNORED };
#define AT(member) offsetof(struct bw_shim_settings, member)
static const struct key {
	const char *name;
	enum kind kind;
	size_t offset;
} keys[] = {
	{"Profile", TEXT, AT(profile)},
	{"Policy", PATH, AT(policy)},
	{"Root", PATH, AT(root)},
	{"SystemdCgroup", SWITCH, AT(systemd_cgroup)},
	{"NoPivotRoot", SWITCH, AT(no_pivot)},
	{"NoNewKeyring", SWITCH, AT(no_new_keyring)},
	{"ShimCgroup", PATH, AT(shim_cgroup)},
	{"CriuImagePath", PATH, AT(criu_image_path)},
	{"CriuWorkPath", PATH, AT(criu_work_path)},
	{"IoUid", NUMBER, AT(io_uid)},
	{"IoGid", NUMBER, AT(io_gid)},
	/* CRI writes all of its table, empty or not; these choose between programs, of which there is one here. */
	{"BinaryName", IGNORED, 0},
	{"ConfigPath", IGNORED, 0},
	{"CriuPath", IGNORED, 0},
	{"TaskApiAddress", IGNORED, 0},
	{"TaskApiVersion", IGNORED, 0},
	{"TypeUrl", IGNORED, 0},
};

/* One value, as it stands. */
struct value {
	enum kind kind; /* TEXT, SWITCH, NUMBER */
	const char *text;
	bool on;
	uint64_t number;
};
struct line {
	const char *name; /* of the file */
	unsigned number;
	const char *at; /* what is read next; NUL-terminated */
};

static int BW_PRINTF(3, 4) fail_at(const struct line *line, struct bw_err *err, const char *fmt, ...)
{
	char what[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return bw_fail(err, BW_E_USAGE, 0, "%s:%u: %s", line->name, line->number, what);
}

static void skip_blanks(struct line *line)
{
	line->at += strspn(line->at, " \t");
}

/* The quote is read already. Of the escapes those are known that Go's writers use in a path or a name. */
static int read_text(struct line *line, char quote, struct bw_arena *arena, const char **ret, struct bw_err *err)
{
	static const char names[] = "\\\"tnrbf", bytes[] = "\\\"\t\n\r\b\f";
	char *text = bw_arena_alloc(arena, strlen(line->at) + 1), *to = text;

	if (!text)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "%s", line->name);
	for (; *line->at != quote; line->at++) {
		const char *escape;

		if (!*line->at)
			return fail_at(line, err, "expected %c at the end of a text", quote);
		if (quote == '\'' || *line->at != '\\') {
			*to++ = *line->at;
			continue;
		}
		line->at++;
		escape = *line->at ? strchr(names, *line->at) : NULL;
		if (!escape)
			return fail_at(line, err, "unknown escape in a text: \\%.1s", line->at);
		*to++ = bytes[escape - names];
	}
	line->at++;
	*ret = text;
	return 0;
}

static int read_word(struct line *line, struct value *ret, struct bw_err *err)
{
	size_t len = strcspn(line->at, " \t#");
	char word[32];

	if (len == 0 || len >= sizeof word)
		return fail_at(line, err, "expected a text in quotes, true, false or a number");
	memcpy(word, line->at, len);
	word[len] = '\0';
	line->at += len;
	ret->on = bw_streq(word, "true");
	ret->kind = ret->on || bw_streq(word, "false") ? SWITCH : NUMBER;
	if (ret->kind == NUMBER && bw_parse_u64(word, UINT64_MAX, &ret->number) < 0)
		return fail_at(line, err, "expected a text in quotes, true, false or a number, not %s", word);
	return 0;
}

static int read_value(struct line *line, struct bw_arena *arena, struct value *ret, struct bw_err *err)
{
	char first = *line->at;

	*ret = (struct value){.kind = TEXT};
	if (first != '"' && first != '\'')
		return read_word(line, ret, err);
	line->at++;
	return read_text(line, first, arena, &ret->text, err);
}

/* A path in its one spelling. */
static int clean_path(const char *what, const char *path, struct bw_arena *arena, const char **ret, struct bw_err *err)
{
	char buf[4096];

	if (path[0] != '/' || !bw_path_clean(path, buf, sizeof buf))
		return bw_fail(err, BW_E_USAGE, 0, "%s: expected an absolute path, not \"%.200s\"", what, path);
	*ret = bw_arena_strdup(arena, buf);
	return *ret ? 0 : bw_fail(err, BW_E_MEMORY, ENOMEM, "%s", what);
}

static int set_text(const struct line *line, const struct key *key, const char *text, struct bw_arena *arena,
	struct bw_shim_settings *settings, struct bw_err *err)
{
	const char **member = (const char **)(void *)((char *)settings + key->offset);
	char what[300];

	if (!*text) /* as if it were not there; Root keeps what it has */
		return 0;
	snprintf(what, sizeof what, "%.200s:%u: %s", line->name, line->number, key->name);
	if (key->kind == PATH)
		return clean_path(what, text, arena, member, err);
	*member = text;
	return 0;
}

static int set(const struct line *line, const struct key *key, const struct value *value, struct bw_arena *arena,
	struct bw_shim_settings *settings, struct bw_err *err)
{
	void *member = (char *)settings + key->offset;
	enum kind wanted = key->kind == PATH ? TEXT : key->kind;

	if (wanted == IGNORED) {
		bw_debug("%s:%u: %s is without effect", line->name, line->number, key->name);
		return 0;
	}
	if (value->kind != wanted)
		return fail_at(line, err, "%s: expected %s", key->name,
			wanted == TEXT	   ? "a text in quotes"
			: wanted == SWITCH ? "true or false"
					   : "a number");
	if (wanted == TEXT)
		return set_text(line, key, value->text, arena, settings, err);
	if (wanted == SWITCH) {
		*(bool *)member = value->on;
		return 0;
	}
	if (value->number >= UINT32_MAX)
		return fail_at(line, err, "%s: expected a number below %u", key->name, UINT32_MAX);
	*(uint64_t *)member = value->number;
	return 0;
}

/* Which of keys[], or -1 with err filled. */
static int read_key(struct line *line, struct bw_err *err)
{
	size_t len = strspn(line->at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
	const char *name = line->at;

	line->at += len;
	skip_blanks(line);
	if (len == 0 || *line->at != '=')
		return fail_at(line, err, "expected Key = value");
	line->at++;
	skip_blanks(line);
	for (size_t i = 0; i < BW_COUNT(keys); i++)
		if (strlen(keys[i].name) == len && memcmp(keys[i].name, name, len) == 0)
			return (int)i;
	return fail_at(line, err, "unknown key %.*s", (int)(len < 64 ? len : 64), name);
}

static int read_line(struct line *line, struct bw_arena *arena, uint64_t *seen, struct bw_shim_settings *settings,
	struct bw_err *err)
{
	struct value value;
	int i;

	skip_blanks(line);
	if (!*line->at || *line->at == '#')
		return 0;
	i = read_key(line, err);
	if (i < 0)
		return -1;
	if (*seen & (UINT64_C(1) << i))
		return fail_at(line, err, "%s for the second time", keys[i].name);
	*seen |= UINT64_C(1) << i;
	if (read_value(line, arena, &value, err) < 0)
		return -1;
	skip_blanks(line);
	if (*line->at && *line->at != '#')
		return fail_at(line, err, "expected the end of the line behind the value of %s", keys[i].name);
	return set(line, &keys[i], &value, arena, settings, err);
}

static int read_lines(const char *name, const char *text, size_t len, struct bw_arena *arena,
	struct bw_shim_settings *settings, struct bw_err *err)
{
	const char *end = text + len;
	struct line line = {.name = name};
	uint64_t seen = 0;

	if (memchr(text, '\0', len))
		return bw_fail(err, BW_E_USAGE, 0, "%s: a byte is 0", name);
	for (const char *next; text < end; text = next) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);

		next = text + n + (newline ? 1 : 0);
		if (n > 0 && text[n - 1] == '\r')
			n--;
		line.number++;
		line.at = bw_arena_strndup(arena, text, n);
		if (!line.at)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "%s", name);
		if (read_line(&line, arena, &seen, settings, err) < 0)
			return -1;
	}
	settings->has_io_owner = settings->io_uid || settings->io_gid;
	return 0;
}

/* As the policy file is looked at: by the descriptor, so that nobody can change the file in between. O_NONBLOCK: a fifo in
 * its place must not hold us up. */
static int open_file(const char *path, struct bw_err *err)
{
	auto_close int fd = -1;
	struct stat st;

	if (path[0] != '/')
		return bw_fail(err, BW_E_USAGE, 0, "ConfigPath must be absolute: %.200s", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ELOOP)
		return bw_fail(err, BW_E_USAGE, 0, "%s must not be a symbolic link", path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return bw_fail(err, BW_E_USAGE, errno, "open %s", path);
	if (!S_ISREG(st.st_mode))
		return bw_fail(err, BW_E_USAGE, 0, "%s must be a regular file", path);
	if (!bw_proc_is_root(st.st_uid))
		return bw_fail(err, BW_E_USAGE, 0, "%s must belong to root, not to user %u", path, (unsigned)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return bw_fail(err, BW_E_USAGE, 0, "%s must not be writable by group or others (mode %04o)", path,
			(unsigned)(st.st_mode & 07777));
	return take_fd(&fd);
}

static int read_file(const char *path, struct bw_arena *arena, struct bw_shim_settings *settings, struct bw_err *err)
{
	auto_close int fd = open_file(path, err);
	auto_free char *text = NULL;
	size_t len;

	if (fd < 0 || bw_read_fd(fd, path, FILE_MAX_BYTES, &text, &len, err) < 0)
		return -1;
	return read_lines(path, text, len, arena, settings, err);
}

/* runtimeoptions.v1.Options */
static int read_generic(const struct bw_any *any, struct bw_arena *arena, struct bw_shim_settings *settings,
	struct bw_err *err)
{
	struct bw_generic_options options;

	if (bw_proto_read(&bw_generic_options_table, any->value.v, any->value.len, arena, &options, err) < 0)
		return -1;
	if (*options.config_path)
		return read_file(options.config_path, arena, settings, err);
	if (options.config_body.len > FILE_MAX_BYTES)
		return bw_fail(err, BW_E_USAGE, 0, "config_body: %zu bytes are more than %d", options.config_body.len,
			FILE_MAX_BYTES);
	if (options.config_body.len == 0)
		return 0;
	return read_lines("config_body", (const char *)options.config_body.v, options.config_body.len, arena, settings, err);
}

/* containerd.runc.v1.Options */
static int read_runc(const struct bw_any *any, struct bw_arena *arena, struct bw_shim_settings *settings,
	struct bw_err *err)
{
	static const struct {
		const char *what;
		size_t from, to;
	} paths[] = {
		{"Root", offsetof(struct bw_runc_options, root), AT(root)},
		{"ShimCgroup", offsetof(struct bw_runc_options, shim_cgroup), AT(shim_cgroup)},
		{"CriuImagePath", offsetof(struct bw_runc_options, criu_image_path), AT(criu_image_path)},
		{"CriuWorkPath", offsetof(struct bw_runc_options, criu_work_path), AT(criu_work_path)},
	};
	struct bw_runc_options options;

	if (bw_proto_read(&bw_runc_options_table, any->value.v, any->value.len, arena, &options, err) < 0)
		return -1;
	for (size_t i = 0; i < BW_COUNT(paths); i++) {
		const char *path = *(const char **)(void *)((char *)&options + paths[i].from);
		const char **member = (const char **)(void *)((char *)settings + paths[i].to);

		if (*path && clean_path(paths[i].what, path, arena, member, err) < 0)
			return -1;
	}
	if (options.io_uid >= UINT32_MAX || options.io_gid >= UINT32_MAX)
		return bw_fail(err, BW_E_USAGE, 0, "IoUid, IoGid: expected numbers below %u", UINT32_MAX);
	settings->systemd_cgroup = options.systemd_cgroup;
	settings->no_pivot = options.no_pivot_root;
	settings->no_new_keyring = options.no_new_keyring;
	settings->io_uid = options.io_uid;
	settings->io_gid = options.io_gid;
	settings->has_io_owner = options.io_uid || options.io_gid;
	if (*options.binary_name)
		bw_debug("runtime options: BinaryName is without effect: %s", options.binary_name);
	return 0;
}

int bw_shim_settings_read(const struct bw_any *options, struct bw_arena *arena, struct bw_shim_settings *ret,
	struct bw_err *err)
{
	struct bw_shim_settings settings = {.root = DEFAULT_ROOT};

	/* The second name is that of the same message in containerd's early days. */
	if (options && (bw_any_is(options, "runtimeoptions.v1.Options") ||
			       bw_any_is(options, "cri.runtimeoptions.v1.Options"))) {
		if (read_generic(options, arena, &settings, err) < 0)
			return bw_wrap(err, "runtime options");
	} else if (options && bw_any_is(options, "containerd.runc.v1.Options")) {
		if (read_runc(options, arena, &settings, err) < 0)
			return bw_wrap(err, "runtime options");
	}
	*ret = settings;
	return 0;
}
