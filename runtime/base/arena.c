/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c - bump allocation from a chain of blocks. */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 16 * 1024, ALIGN = 16 };

struct bw_arena_block {
	struct bw_arena_block *older;
	size_t used, size;
	_Alignas(ALIGN) unsigned char bytes[];
};

void *bw_arena_alloc(struct bw_arena *arena, size_t size)
{
	struct bw_arena_block *block = arena->newest;
	size_t want;
	void *p;

	if (size > SIZE_MAX / 4)
		return NULL;
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!block || block->size - block->used < size) {
		want = size > BLOCK_BYTES / 2 ? size : BLOCK_BYTES;
		block = calloc(1, sizeof *block + want);
		if (!block)
			return NULL;
		block->size = want;
		block->older = arena->newest;
		arena->newest = block;
	}
	p = block->bytes + block->used;
	block->used += size;
	return p;
}

char *bw_arena_strndup(struct bw_arena *arena, const char *text, size_t len)
{
	char *copy = len < SIZE_MAX ? bw_arena_alloc(arena, len + 1) : NULL;

	if (copy && len)
		memcpy(copy, text, len);
	return copy;
}

char *bw_arena_strdup(struct bw_arena *arena, const char *text)
{
	return bw_arena_strndup(arena, text, strlen(text));
}

char *bw_arena_printf(struct bw_arena *arena, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		return NULL;
	text = bw_arena_alloc(arena, (size_t)len + 1);
	if (!text)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(text, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return text;
}

size_t bw_arena_room(size_t n)
{
	size_t room = 4;

	while (room < n && room <= SIZE_MAX / 2)
		room *= 2;
	return room;
}

void *bw_arena_grow(struct bw_arena *arena, void *vec, size_t n, size_t elem)
{
	void **v = vec;
	size_t bytes;
	void *bigger;

	if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
		if (__builtin_mul_overflow(n ? 2 * n : 4, elem, &bytes))
			return NULL;
		bigger = bw_arena_alloc(arena, bytes);
		if (!bigger)
			return NULL;
		if (n)
			memcpy(bigger, *v, n * elem);
		*v = bigger;
	}
	return (unsigned char *)*v + n * elem;
}

void bw_arena_done(struct bw_arena *arena)
{
	struct bw_arena_block *block;

	while ((block = arena->newest)) {
		arena->newest = block->older;
		free(block);
	}
}

void bw_arena_wipe(struct bw_arena *arena)
{
	for (struct bw_arena_block *block = arena->newest; block; block = block->older)
		explicit_bzero(block->bytes, block->used);
	bw_arena_done(arena);
}
