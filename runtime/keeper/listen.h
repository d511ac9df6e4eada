/* SPDX-License-Identifier: Apache-2.0 */
/* listen.h - writes that a security module has denied the container, by the kernel's audit log. */
#ifndef BW_KEEPER_LISTEN_H
#define BW_KEEPER_LISTEN_H

#include "keeper/kept.h"

/* A socket that gets records of denials from now on, or -1: this host has none for us. Needs CAP_AUDIT_READ, which what
 * follows does not. */
int bw_listen_open(void);
void bw_listen_begin(struct bw_keeping *keeping, uint64_t now_ms);
/* Reads what is there, counts and records what is the container's. */
void bw_listen(struct bw_keeping *keeping, uint64_t now_ms);
/* To be polled; -1: not now. */
int bw_listen_fd(const struct bw_keeping *keeping);

/* One record, from anybody: what of it is the container's is told. is_ours: whether the process that had that pid at that
 * time (of CLOCK_REALTIME) is the container's. */
struct bw_listening {
	struct bw_kept_ear *ear;
	bool (*is_ours)(void *ctx, pid_t pid, uint64_t at_ms);
	void (*denied)(void *ctx, const struct bw_denied *denied);
	void *ctx;
};
void bw_listen_take(const struct bw_listening *listening, uint16_t type, const char *text, size_t len);

#endif
