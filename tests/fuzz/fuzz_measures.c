/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_measures.c - any bytes as a container's measures or as a file of the totals. They are refused in words; or what was read
 * is text again that reads the same, and no name is longer than its room. */
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "fuzz.h"
#include "metrics/metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = malloc(size + 1);
	struct bw_measures measures;
	struct bw_totals totals;
	struct bw_err err = {0};

	must(text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (bw_measures_parse(text, size, "x", &measures, &err) < 0)
		must(err.code == BW_E_STATE && err.text[0]);
	else
		must(strncmp(text, "bulwark-measures 1\n", 19) == 0 && strlen(text) == size);
	err = (struct bw_err){0};
	if (bw_totals_parse(text, size, "x", &totals, &err) < 0) {
		must(err.code == BW_E_STATE && err.text[0]);
		return 0;
	}
	must(memchr(totals.tenant, '\0', sizeof totals.tenant) && memchr(totals.profile, '\0', sizeof totals.profile));
	for (const char *p = totals.tenant; *p; p++)
		must((unsigned char)*p >= ' ');
	return 0;
}
