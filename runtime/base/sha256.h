/* SPDX-License-Identifier: Apache-2.0 */
/* sha256.h - SHA-256 (FIPS 180-4), for names of cached things and for the audit chain. Not for
 * secrets: no key, no constant-time promise. */
#ifndef BW_BASE_SHA256_H
#define BW_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { BW_SHA256_BYTES = 32, BW_SHA256_HEX = 2 * BW_SHA256_BYTES + 1 };

struct bw_sha256 {
	uint32_t state[8];
	uint64_t len_bytes;
	unsigned char block[64];
};

void bw_sha256_begin(struct bw_sha256 *hash);
void bw_sha256_add(struct bw_sha256 *hash, const void *bytes, size_t len);
/* The digest; hash must begin again before further use. */
void bw_sha256_end(struct bw_sha256 *hash, unsigned char digest[BW_SHA256_BYTES]);
/* All at once. */
void bw_sha256_of(const void *bytes, size_t len, unsigned char digest[BW_SHA256_BYTES]);
/* 64 lower-case hexadecimal digits and a NUL. */
void bw_sha256_hex(const unsigned char digest[BW_SHA256_BYTES], char text[BW_SHA256_HEX]);

#endif
