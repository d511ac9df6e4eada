/* SPDX-License-Identifier: Apache-2.0 */
/* secrets.h - values of secret variables on their way from config.json to the files that secrets.c makes: in memory of their
 * own that is locked, in no core dump and in no child. */
#ifndef BW_CONTROL_SECRETS_H
#define BW_CONTROL_SECRETS_H

#include <stddef.h>

#include "spec/spec.h"

/* So much one secret may hold. */
enum { BW_SECRET_BYTES = 64 << 10 };

struct bw_secret_values {
	unsigned char *memory; /* NULL: no value is held */
	size_t size, n;
	struct bw_secret_value {
		const char *variable;
		size_t at, len; /* in memory */
	} v[BW_SECRETS_MAX];
};

/* Room for size bytes; what was held is wiped. */
int bw_secret_values_open(struct bw_secret_values *values, size_t size, struct bw_err *err) BW_MUST_CHECK;
/* Wipes the values and gives the memory back. Accepts one that holds nothing. */
void bw_secret_values_wipe(struct bw_secret_values *values);

#endif
