/* SPDX-License-Identifier: Apache-2.0 */
/* print_policy_schema.c - the JSON Schema of the policy file on stdout, for `make schema` and
 * tests/rules/schema-in-step.sh. */
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "policy/policy.h"

int main(void)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	auto_free char *text = NULL;
	struct bw_err err = {0};

	if (!w)
		return EXIT_FAILURE;
	bw_policy_publish(w);
	if (bw_json_writer_end(w, &text, NULL, &err) < 0)
		return EXIT_FAILURE;
	bw_json_writer_free(w);
	puts(text);
	return EXIT_SUCCESS;
}
