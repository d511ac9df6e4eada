/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_warden_witness.c - any bytes as the memory of a process that executes something, and as its status. What is taken
 * of it ends within its bounds, and the line that tells of it is one line of printable text. */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/str.h"
#include "fuzz.h"
#include "warden/witness_log.h"
#include "warden/witness_look.h"

struct memory {
	const uint8_t *bytes;
	size_t size;
};

static ssize_t peek(void *ctx, uint64_t address, void *buf, size_t len)
{
	const struct memory *m = ctx;
	size_t left = address < m->size ? m->size - (size_t)address : 0;

	if (!left)
		return -1;
	memcpy(buf, m->bytes + address, len < left ? len : left);
	return (ssize_t)(len < left ? len : left);
}

static void must_end(const char *text, size_t size)
{
	must(memchr(text, '\0', size) != NULL);
}

static void must_be_a_line(const struct bw_look *look)
{
	static char line[BW_WITNESS_MAX_LINE];
	struct bw_buf buf = bw_buf_over(line, sizeof line);
	const struct timespec time = {0};

	bw_exec_format(&(struct bw_exec_event){.path = look->path, .file = look->path, .arg0 = look->arg0, .comm = look->comm,
			       .pid = UINT64_MAX, .inside_pid = look->inside_pid, .uid = look->uid},
		look->comm, &time, UINT64_MAX, &buf);
	must(!buf.overflow && buf.len > 2 && line[buf.len - 1] == '\n');
	for (size_t i = 0; i < buf.len - 1; i++)
		must(line[i] >= ' ' && line[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bw_look look;
	struct memory memory = {data, size};
	char *text = malloc(size + 1), own[24], path[64];

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (unsigned i = 0; i < 4; i++) {
		const struct seccomp_data call = {.nr = i & 1 ? SYS_execveat : SYS_execve,
			.args = {i & 2 ? size / 2 : 0, i & 2 ? 0 : size / 2, i & 1 ? size / 3 : 0, 0, 0x1000}};

		bw_look_call(&call, peek, &memory, &look);
		bw_look_status(text, &look);
		must_end(look.path, sizeof look.path);
		must_end(look.arg0, sizeof look.arg0);
		must_end(look.comm, sizeof look.comm);
		must(look.uid <= UINT32_MAX && look.inside_pid <= UINT32_MAX);
		must_be_a_line(&look);
	}
	if (bw_look_own_link(text, own, sizeof own))
		must(strlen(own) < sizeof own && (bw_streq(own, "exe") || bw_after_prefix(own, "fd/")));
	if (bw_look_from_root(text, text, text, path, sizeof path))
		must(strlen(path) < sizeof path);
	free(text);
	return 0;
}
