/* SPDX-License-Identifier: Apache-2.0 */
/* follow.h - the lines that have come since the last time, of a file with a JSON object a line. */
#ifndef BW_KEEPER_FOLLOW_H
#define BW_KEEPER_FOLLOW_H

#include <stdint.h>

#include "json/json.h"

/* LINE: longer ones are passed over. ONCE: of one call, so that no file holds up the clock. */
enum { BW_FOLLOW_LINE = 32 << 10, BW_FOLLOW_ONCE = 256 << 10 };

typedef void bw_follow_fn(const struct bw_json *object, void *ctx);

/* Calls seen with each whole line from *at on that is an object, and moves *at behind it before. A file that is not there
 * has no lines. */
void bw_follow(int dir, const char *name, uint64_t *at, bw_follow_fn *seen, void *ctx);

/* The member as text, "" when there is none such; as a number, 0. */
const char *bw_follow_text(const struct bw_json *object, const char *key);
uint64_t bw_follow_number(const struct bw_json *object, const char *key);

#endif
