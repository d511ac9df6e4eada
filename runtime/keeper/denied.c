/* SPDX-License-Identifier: Apache-2.0 */
/* denied.c - see denied.h. A record is "audit(SECONDS.MILLISECONDS:SERIAL): " and words, most of them KEY=VALUE. A value that
 * somebody has chosen is in quotes, or, where it holds blanks, quotes or bytes that are not printable ASCII, in hexadecimal
 * digits without them: so nobody can write a KEY= of his own. What is not just so is no record to us. */
#include "keeper/denied.h"

#include <string.h>

#include "base/str.h"

/* ---- words ---- */

struct piece {
	const char *at; /* NULL: not there */
	size_t len;
};

struct value {
	const char *key;
	struct piece text;
	bool quoted;
};

static bool is(struct piece piece, const char *text)
{
	return piece.len == strlen(text) && memcmp(piece.at, text, piece.len) == 0;
}

static bool is_one_of(struct piece piece, const char *const *words)
{
	for (; *words; words++)
		if (is(piece, *words))
			return true;
	return false;
}

static bool take(struct piece *rest, const char *text)
{
	size_t len = strlen(text);

	if (rest->len < len || memcmp(rest->at, text, len) != 0)
		return false;
	rest->at += len;
	rest->len -= len;
	return true;
}

/* What comes before one of stops; *rest is moved to it. */
static struct piece take_until(struct piece *rest, const char *stops)
{
	struct piece piece = {rest->at, 0};

	while (piece.len < rest->len && (!rest->at[piece.len] || !strchr(stops, rest->at[piece.len])))
		piece.len++;
	rest->at += piece.len;
	rest->len -= piece.len;
	return piece;
}

static bool to_number(struct piece piece, unsigned base, uint64_t max, uint64_t *ret)
{
	uint64_t number = 0;

	for (size_t i = 0; i < piece.len; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = piece.at[i] ? strchr(digits, piece.at[i]) : NULL;

		if (!digit || digit >= digits + base || __builtin_mul_overflow(number, base, &number) ||
			__builtin_add_overflow(number, (uint64_t)(digit - digits), &number) || number > max)
			return false;
	}
	*ret = number;
	return piece.len > 0;
}

/* False at the end, and *bad where it is not well formed. A word without a value has none. */
static bool next_word(struct piece *rest, struct piece *ret_key, struct value *ret, bool *bad)
{
	while (take(rest, " "))
		;
	*ret_key = take_until(rest, " =");
	*ret = (struct value){0};
	if (!ret_key->len) {
		*bad = rest->len != 0;
		return false;
	}
	if (!take(rest, "="))
		return true;
	ret->quoted = take(rest, "\"");
	ret->text = take_until(rest, ret->quoted ? "\"" : " ");
	*bad = (ret->quoted && !take(rest, "\"")) || (rest->len && *rest->at != ' ');
	return !*bad;
}

/* Fills in those that are there; false where one is there twice, or the text is not well formed. */
static bool find(struct piece rest, struct value *wanted, size_t n)
{
	struct value value;
	struct piece key;
	bool bad = false;

	while (next_word(&rest, &key, &value, &bad)) {
		for (size_t i = 0; i < n; i++) {
			if (!is(key, wanted[i].key))
				continue;
			if (wanted[i].text.at || !value.text.at)
				return false;
			wanted[i].text = value.text;
			wanted[i].quoted = value.quoted;
		}
	}
	return !bad;
}

/* ---- values ---- */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool decode(struct piece hex, char *ret, size_t size)
{
	if (hex.len % 2 || hex.len / 2 >= size)
		return false;
	for (size_t i = 0; i < hex.len; i += 2) {
		int high = digit_of(hex.at[i]), low = digit_of(hex.at[i + 1]);

		if (high < 0 || low < 0 || !(high | low))
			return false;
		ret[i / 2] = (char)(high << 4 | low);
	}
	ret[hex.len / 2] = '\0';
	return true;
}

/* A text that somebody has chosen. Where the kernel had none, or no memory for it, it says so in brackets. */
static bool to_text(const struct value *value, char *ret, size_t size)
{
	*ret = '\0';
	if (!value->text.at || (!value->quoted && value->text.len && strchr("<(", *value->text.at)))
		return true;
	if (!value->quoted)
		return decode(value->text, ret, size);
	if (value->text.len >= size)
		return false;
	for (size_t i = 0; i < value->text.len; i++)
		if (value->text.at[i] <= ' ' || value->text.at[i] > '~')
			return false;
	memcpy(ret, value->text.at, value->text.len);
	ret[value->text.len] = '\0';
	return true;
}

/* A text that is the kernel's own. */
static bool to_words(struct piece piece, char *ret, size_t size)
{
	if (!piece.at || !piece.len || piece.len >= size)
		return false;
	for (size_t i = 0; i < piece.len; i++)
		if (!piece.at[i] || !strchr("abcdefghijklmnopqrstuvwxyz_.,0123456789 ", piece.at[i]))
			return false;
	memcpy(ret, piece.at, piece.len);
	ret[piece.len] = '\0';
	return true;
}

static bool to_pid(const struct value *value, pid_t *ret)
{
	uint64_t number;

	if (value->quoted || !value->text.at || !to_number(value->text, 10, INT_MAX, &number) || !number)
		return false;
	*ret = (pid_t)number;
	return true;
}

static bool any_of(struct piece list, const char *separators, bool (*is_write)(struct piece word))
{
	bool found = false;

	while (list.len && !found) {
		found = is_write(take_until(&list, separators));
		if (list.len) {
			list.at++;
			list.len--;
		}
	}
	return found;
}

/* ---- AppArmor: apparmor="DENIED" operation="mkdir" ... name="/x" pid=7 comm="sh" requested_mask="c" denied_mask="c" ---- */

static enum bw_denied_kind parse_apparmor(struct piece rest, struct bw_denied *ret)
{
	/* Of other objects the masks are words: "send", "trace". */
	static const char *const operations[] = {"open", "mknod", "mkdir", "rmdir", "unlink", "link", "symlink", "rename_src",
		"rename_dest", "truncate", "chmod", "chown", "setattr", "file_perm", "file_receive", "file_inherit", NULL};
	enum { STATUS, OPERATION, CLASS, NAME, PID, COMM, MASK, N };
	struct value v[N] = {[STATUS] = {.key = "apparmor"}, [OPERATION] = {.key = "operation"}, [CLASS] = {.key = "class"},
		[NAME] = {.key = "name"}, [PID] = {.key = "pid"}, [COMM] = {.key = "comm"}, [MASK] = {.key = "denied_mask"}};
	struct piece mask;

	if (!find(rest, v, N) || !v[OPERATION].text.at || !v[MASK].text.at || !is(v[STATUS].text, "DENIED") ||
		!is_one_of(v[OPERATION].text, operations) || (v[CLASS].text.at && !is(v[CLASS].text, "file")))
		return BW_DENIED_NOTHING;
	mask = v[MASK].text;
	/* Write, append, create, delete, link. */
	if (take_until(&mask, "wacdl").len == v[MASK].text.len)
		return BW_DENIED_NOTHING;
	ret->by = "apparmor";
	return to_words(v[OPERATION].text, ret->operation, sizeof ret->operation) && to_pid(&v[PID], &ret->pid) &&
			       to_text(&v[NAME], ret->path, sizeof ret->path) &&
			       to_text(&v[COMM], ret->comm, sizeof ret->comm)
		       ? BW_DENIED_WRITE
		       : BW_DENIED_NOTHING;
}

/* ---- SELinux: avc:  denied  { write } for  pid=7 comm="sh" name="x" ... tclass=file permissive=0 ---- */

static bool is_selinux_write(struct piece word)
{
	static const char *const permissions[] = {"write", "append", "create", "link", "unlink", "rename", "setattr",
		"add_name", "remove_name", "reparent", "rmdir", NULL};

	return is_one_of(word, permissions);
}

static enum bw_denied_kind parse_selinux(struct piece rest, struct bw_denied *ret)
{
	static const char *const classes[] = {
		"file", "dir", "lnk_file", "chr_file", "blk_file", "sock_file", "fifo_file", NULL};
	enum { PID, COMM, PATH, NAME, CLASS, PERMISSIVE, N };
	struct value v[N] = {[PID] = {.key = "pid"},
		[COMM] = {.key = "comm"},
		[PATH] = {.key = "path"},
		[NAME] = {.key = "name"},
		[CLASS] = {.key = "tclass"},
		[PERMISSIVE] = {.key = "permissive"}};
	struct piece permissions = take_until(&rest, "}");
	const struct value *path;

	if (!take(&rest, "} for ") || !any_of(permissions, " ", is_selinux_write) || !find(rest, v, N) || !v[CLASS].text.at ||
		!is_one_of(v[CLASS].text, classes) || (v[PERMISSIVE].text.at && !is(v[PERMISSIVE].text, "0")))
		return BW_DENIED_NOTHING;
	while (permissions.len && permissions.at[permissions.len - 1] == ' ')
		permissions.len--;
	ret->by = "selinux";
	ret->is_name = !v[PATH].text.at;
	path = ret->is_name ? &v[NAME] : &v[PATH];
	return to_words(permissions, ret->operation, sizeof ret->operation) && to_pid(&v[PID], &ret->pid) &&
			       to_text(path, ret->path, sizeof ret->path) && to_text(&v[COMM], ret->comm, sizeof ret->comm)
		       ? BW_DENIED_WRITE
		       : BW_DENIED_NOTHING;
}

/* ---- Landlock: domain=1a2b blockers=fs.make_reg,fs.refer path="/x" dev="vda" ino=7 ---- */

static bool is_landlock_write(struct piece word)
{
	static const char *const rights[] = {
		"fs.write_file", "fs.truncate", "fs.refer", "fs.remove_file", "fs.remove_dir", NULL};

	return is_one_of(word, rights) || (word.len > strlen("fs.make_") && take(&word, "fs.make_"));
}

static bool to_domain(const struct value *value, struct bw_denied *ret)
{
	ret->by = "landlock";
	return value->text.at && !value->quoted && to_number(value->text, 16, UINT64_MAX, &ret->domain) && ret->domain;
}

static enum bw_denied_kind parse_access(struct piece rest, struct bw_denied *ret)
{
	enum { DOMAIN, BLOCKERS, PATH, NAME, N };
	struct value v[N] = {[DOMAIN] = {.key = "domain"}, [BLOCKERS] = {.key = "blockers"}, [PATH] = {.key = "path"},
		[NAME] = {.key = "name"}};

	if (!find(rest, v, N) || !v[BLOCKERS].text.at || !any_of(v[BLOCKERS].text, ",", is_landlock_write))
		return BW_DENIED_NOTHING;
	ret->is_name = !v[PATH].text.at;
	return to_domain(&v[DOMAIN], ret) && to_words(v[BLOCKERS].text, ret->operation, sizeof ret->operation) &&
			       to_text(ret->is_name ? &v[NAME] : &v[PATH], ret->path, sizeof ret->path)
		       ? BW_DENIED_WRITE
		       : BW_DENIED_NOTHING;
}

static enum bw_denied_kind parse_domain(struct piece rest, struct bw_denied *ret)
{
	enum { DOMAIN, STATUS, PID, COMM, N };
	struct value v[N] = {
		[DOMAIN] = {.key = "domain"}, [STATUS] = {.key = "status"}, [PID] = {.key = "pid"}, [COMM] = {.key = "comm"}};

	if (!find(rest, v, N) || !v[STATUS].text.at || !is(v[STATUS].text, "allocated"))
		return BW_DENIED_NOTHING;
	return to_domain(&v[DOMAIN], ret) && to_pid(&v[PID], &ret->pid) && to_text(&v[COMM], ret->comm, sizeof ret->comm)
		       ? BW_DENIED_DOMAIN
		       : BW_DENIED_NOTHING;
}

/* ---- a record ---- */

/* "audit(1700000000.123:45): " */
static bool take_stamp(struct piece *rest, uint64_t *ret_ms)
{
	enum { MILLI = 1000 };
	struct piece seconds, milliseconds, serial;
	uint64_t s, ms, ignored;

	if (!take(rest, "audit("))
		return false;
	seconds = take_until(rest, ".");
	if (!take(rest, "."))
		return false;
	milliseconds = take_until(rest, ":");
	if (!take(rest, ":"))
		return false;
	serial = take_until(rest, ")");
	if (!take(rest, "): ") || !to_number(seconds, 10, INT64_MAX / MILLI, &s) ||
		!to_number(milliseconds, 10, MILLI - 1, &ms) || !to_number(serial, 10, UINT64_MAX, &ignored))
		return false;
	*ret_ms = s * MILLI + ms;
	return true;
}

enum bw_denied_kind bw_denied_parse(uint16_t type, const char *text, size_t len, struct bw_denied *ret)
{
	struct piece rest = {text, len};

	/* Not all of it: a path is long, and mostly empty. */
	ret->pid = 0;
	ret->domain = 0;
	ret->is_name = false;
	ret->operation[0] = ret->path[0] = ret->comm[0] = '\0';
	while (rest.len && (!rest.at[rest.len - 1] || rest.at[rest.len - 1] == '\n'))
		rest.len--;
	if (!take_stamp(&rest, &ret->at_ms))
		return BW_DENIED_NOTHING;
	switch (type) {
	case BW_RECORD_AVC:
		return take(&rest, "avc:  denied  { ") ? parse_selinux(rest, ret) : parse_apparmor(rest, ret);
	case BW_RECORD_LANDLOCK_ACCESS:
		return parse_access(rest, ret);
	case BW_RECORD_LANDLOCK_DOMAIN:
		return parse_domain(rest, ret);
	default:
		return BW_DENIED_NOTHING;
	}
}
