/* SPDX-License-Identifier: Apache-2.0 */
/* seen.h - what the witness and the warden have written of a container: counted, and told where it was denied. */
#ifndef BW_KEEPER_SEEN_H
#define BW_KEEPER_SEEN_H

#include "keeper/kept.h"

/* Reads on in both files, and adds to kept->measures and kept->denied. all: also looks whether there are such files at all;
 * those of a container are there from its beginning, or never. */
void bw_seen(struct bw_keeping *keeping, bool all, uint64_t now_ms);

/* Whether the path is that of a program that installs packages (pip, npm, ...). Pure. */
bool bw_seen_installs(const char *path);

#endif
