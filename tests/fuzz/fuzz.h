/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h - one entry for both ways to run a fuzz target: under libFuzzer, and over files as an
 * ordinary test (fuzz_main.c). */
#ifndef BW_TESTS_FUZZ_H
#define BW_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold for every input, whatever NDEBUG says. */
#define must(property)                                                                             \
	do {                                                                                       \
		if (!(property)) {                                                                 \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,          \
				#property);                                                        \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
