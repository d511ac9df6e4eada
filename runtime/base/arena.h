/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h - memory that lives and dies together: a document, a spec, a plan under construction.
 * Nothing in it is freed alone; bw_arena_done() frees all. Zeroed on allocation. */
#ifndef BW_BASE_ARENA_H
#define BW_BASE_ARENA_H

#include <stddef.h>

#include "base/err.h"

struct bw_arena_block;
struct bw_arena {
	struct bw_arena_block *newest;
};

#define BW_ARENA_INIT                                                                              \
	{                                                                                          \
		NULL                                                                               \
	}
#define auto_arena __attribute__((cleanup(bw_arena_done)))
#define auto_wiped_arena __attribute__((cleanup(bw_arena_wipe)))

/* size bytes, zeroed, aligned for any object; NULL when memory is out or size is absurd. */
void *bw_arena_alloc(struct bw_arena *arena, size_t size);

/* Copy of len bytes of text with a NUL behind; NULL when memory is out. */
char *bw_arena_strndup(struct bw_arena *arena, const char *text, size_t len);
char *bw_arena_strdup(struct bw_arena *arena, const char *text);

/* printf into the arena; NULL when memory is out. */
char *bw_arena_printf(struct bw_arena *arena, const char *fmt, ...) BW_PRINTF(2, 3);

/* How many elements to allocate for a list of n, so that bw_push() may go on with it: 4, or the next power of
 * two. A list that is made to measure would be written past its end. */
size_t bw_arena_room(size_t n);

/* Room for one more element of elem bytes behind the n of *vec: grows by doubling (n a power of two
 * means full; the old copy stays in the arena). Returns the new element, zeroed, or NULL. Use
 * through bw_push(). */
void *bw_arena_grow(struct bw_arena *arena, void *vec, size_t n, size_t elem);

/* Appends one zeroed element to a { T *v; size_t n; } list; gives its address or NULL. */
#define bw_push(arena, list)                                                                       \
	({                                                                                         \
		__typeof__((list)->v) new_ =                                                       \
			bw_arena_grow((arena), &(list)->v, (list)->n, sizeof *(list)->v);          \
		if (new_)                                                                          \
			(list)->n++;                                                               \
		new_;                                                                              \
	})

/* Frees everything; the arena can be used again. Accepts an empty one. */
void bw_arena_done(struct bw_arena *arena);
/* The same, and what was in it is in no memory afterwards: for documents that may hold secrets. */
void bw_arena_wipe(struct bw_arena *arena);

#endif
