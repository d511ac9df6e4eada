/* SPDX-License-Identifier: Apache-2.0 */
/* witness_look.c - see witness_look.h. Nothing here opens a file. */
#include "warden/witness_look.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/auto.h"
#include "base/str.h"

/* No page is smaller. */
enum { PAGE = 4096 };

ssize_t bw_look_string(bw_peek_fn *peek, void *ctx, uint64_t address, char *buf, size_t size)
{
	size_t have = 0;

	while (have < size - 1) {
		size_t rest = PAGE - (size_t)((address + have) % PAGE), want = size - 1 - have;
		const char *end;
		ssize_t got;

		if (__builtin_add_overflow(address, have, &(uint64_t){0}))
			break;
		got = peek(ctx, address + have, buf + have, want < rest ? want : rest);
		if (got <= 0)
			break;
		end = memchr(buf + have, '\0', (size_t)got);
		if (end)
			return end - buf;
		have += (size_t)got;
	}
	buf[have] = '\0';
	return have == size - 1 ? -ENAMETOOLONG : -EFAULT;
}

static void look_arg0(uint64_t argv, bw_peek_fn *peek, void *ctx, struct bw_look *look)
{
	uint64_t first = 0;

	if (argv && peek(ctx, argv, &first, sizeof first) == (ssize_t)sizeof first && first)
		(void)bw_look_string(peek, ctx, first, look->arg0, sizeof look->arg0);
}

void bw_look_call(const struct seccomp_data *call, bw_peek_fn *peek, void *ctx, struct bw_look *ret)
{
	bool at = call->nr == SYS_execveat;
	ssize_t len;

	*ret = (struct bw_look){.dirfd = at ? (int)(uint32_t)call->args[0] : AT_FDCWD};
	len = bw_look_string(peek, ctx, call->args[at ? 1 : 0], ret->path, sizeof ret->path);
	/* Of a path that cannot be read nothing is told, of one that is too long the beginning. */
	if (len == -EFAULT)
		ret->path[0] = '\0';
	ret->path_errno = len < 0 ? (int)-len : 0;
	ret->empty_path = at && len == 0 && ((uint32_t)call->args[4] & AT_EMPTY_PATH);
	look_arg0(call->args[at ? 2 : 1], peek, ctx, ret);
}

/* The rest of the line that begins with key, or NULL. */
static const char *line_of(const char *text, const char *key, size_t *ret_len)
{
	size_t len = strlen(key);

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (strncmp(text, key, len) != 0)
			continue;
		text += len;
		text += strspn(text, " \t");
		*ret_len = strcspn(text, "\n");
		return text;
	}
	return NULL;
}

static uint64_t number_at(const char *text, size_t len)
{
	char digits[24];
	uint64_t number = 0;

	if (len >= sizeof digits)
		return 0;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return bw_parse_u64(digits, UINT32_MAX, &number) < 0 ? 0 : number;
}

/* The name comes first, and the kernel escapes newlines in it: it cannot pretend to be another line. */
void bw_look_status(const char *text, struct bw_look *ret)
{
	size_t len;
	const char *line = line_of(text, "Name:", &len);

	if (line) {
		len = len < sizeof ret->comm ? len : sizeof ret->comm - 1;
		memcpy(ret->comm, line, len);
		ret->comm[len] = '\0';
	}
	line = line_of(text, "Uid:", &len);
	if (line)
		ret->uid = number_at(line, strcspn(line, "\t\n"));
	line = line_of(text, "NSpid:", &len);
	if (line) {
		size_t last = len;

		while (last > 0 && line[last - 1] != '\t')
			last--;
		ret->inside_pid = number_at(line + last, len - last);
	}
}

const char *bw_look_own_link(const char *path, char *buf, size_t size)
{
	static const char *const own[] = {"/proc/self/", "/proc/thread-self/"};
	const char *rest = bw_after_prefix(path, "/dev/fd/") ? path + strlen("/dev/") : NULL;
	const char *digits;
	uint64_t number;

	for (size_t i = 0; !rest && i < BW_COUNT(own); i++)
		rest = bw_after_prefix(path, own[i]);
	if (!rest)
		return NULL;
	digits = bw_after_prefix(rest, "fd/");
	if (!bw_streq(rest, "exe") && !(digits && bw_parse_u64(digits, INT32_MAX, &number) == 0))
		return NULL;
	if (strlen(rest) >= size)
		return NULL;
	return memcpy(buf, rest, strlen(rest) + 1);
}

bool bw_look_from_root(const char *path, const char *base, const char *root, char *ret, size_t size)
{
	struct bw_buf buf = bw_buf_over(ret, size);

	if (path[0] != '/') {
		const char *rest = bw_streq(root, "/") ? NULL : bw_after_prefix(base, root);

		bw_buf_add(&buf, rest && (!*rest || *rest == '/') ? rest : base);
		bw_buf_add(&buf, "/");
	}
	bw_buf_add(&buf, path);
	return !buf.overflow;
}
