/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_facts.c - any bytes as docker's metadata of a container: config.v2.json and hostconfig.json, divided by a line
 * "---" (without one: config.v2.json alone). They are refused in words and leave the facts as they were, or give facts
 * that rules can ask for, all of them docker's, with the id that was asked for. The same bytes as a file of facts. */
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/docker_facts.h"
#include "fuzz.h"
#include "policy/facts.h"

#define ID "ab3e8c6180731895f171e3fdbfb77c291e4de16a3e471c9b490c383b5ca2a86f"

static void must_be_facts(const struct bw_policy_facts *facts, size_t from)
{
	for (size_t i = from; i < facts->values.n; i++) {
		must(bw_fact_find(facts->values.v[i].key));
		must(facts->values.v[i].value);
	}
}

static void read_metadata(const char *text, size_t size)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const char *line = size ? memmem(text, size, "\n---\n", 5) : NULL;
	size_t config_len = line ? (size_t)(line - text) : size;
	const char *host = line ? line + 5 : NULL;
	struct bw_policy_facts facts = {0};
	struct bw_err err = {0};

	must(bw_policy_facts_add(&facts, "caller.root", "/x", &arena, &err) == 0);
	if (bw_docker_facts_parse("/d", ID, text, config_len, host, host ? size - config_len - 5 : 0, &arena, &facts,
		    &err) < 0) {
		must(err.text[0] && facts.values.n == 1);
		return;
	}
	must(bw_streq(bw_pairs_get(&facts.values, "docker.id"), ID));
	must(bw_pairs_get(&facts.values, "docker.name") && bw_pairs_get(&facts.values, "docker.image"));
	must(!host == !bw_pairs_get(&facts.values, "docker.privileged"));
	for (size_t i = 1; i < facts.values.n; i++)
		must(bw_after_prefix(facts.values.v[i].key, "docker."));
	must_be_facts(&facts, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_policy_facts facts = {0};
	struct bw_err err = {0};

	read_metadata((const char *)data, size);
	if (bw_policy_facts_parse((const char *)data, size, "facts.json", &arena, &facts, &err) == 0)
		must_be_facts(&facts, 0);
	else
		must(err.text[0]);
	return 0;
}
