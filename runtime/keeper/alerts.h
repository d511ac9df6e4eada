/* SPDX-License-Identifier: Apache-2.0 */
/* alerts.h - whether a container does what it should not, by the last look, and what is done then. */
#ifndef BW_KEEPER_ALERTS_H
#define BW_KEEPER_ALERTS_H

#include "keeper/kept.h"

void bw_alerts_begin(struct bw_keeping *keeping);
void bw_alerts_look(struct bw_keeping *keeping, uint64_t now_ms);

#endif
