/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_policy.c - any bytes as a policy file and a config.json, divided by a line "---" (without
 * one: as either). A policy is refused in words or can be used; for a spec the properties of
 * hardening hold under every built-in profile and under the policy's default. */
#include <string.h>

#include "base/auto.h"
#include "fuzz.h"
#include "harden_properties.h"

static const char small_config[] =
	"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"cwd\":\"/"
	"\",\"args\":[\"a\"],"
	"\"env\":[\"A_TOKEN=x\"],\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"]}},"
	"\"mounts\":[{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/srv/"
	"x\",\"options\":[\"rbind\",\"rw\"]}],"
	"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"network\"}]}}";

static void must_be_null(const char *wrong)
{
	if (wrong)
		fprintf(stderr, "%s\n", wrong);
	must(!wrong);
}

static void harden_with(
	const struct bw_policy *policy, const struct bw_spec *spec, struct bw_arena *arena)
{
	const struct bw_policy_facts facts = {0};
	const struct bw_profile *profile = NULL;
	struct bw_findings findings = {0};
	struct bw_spec *hardened = NULL;
	const char *reason = NULL;
	struct bw_err err = {0};

	must(bw_policy_choose(policy, NULL, &facts, &spec->annotations, arena, &profile, &reason,
		     &err) == 0);
	must(profile && reason);
	if (bw_harden(spec, profile, arena, &hardened, &findings, &err) < 0) {
		must(err.code == BW_E_DENIED && err.text[0] && err.rule[0] && err.field[0] &&
			findings.n);
		return;
	}
	must_be_null(bw_check_total(spec, hardened, &findings, arena));
	must_be_null(bw_check_idempotent(hardened, profile, arena));
}

/* NULL when the text is no policy. */
static const struct bw_policy *read_policy(const char *text, size_t len, struct bw_arena *arena)
{
	const struct bw_policy *policy = NULL;
	struct bw_err err = {0};

	if (bw_policy_parse(text, len, "policy.json", arena, &policy, &err) == 0)
		return policy;
	must(err.text[0] && !policy);
	return NULL;
}

static const struct bw_spec *read_spec(const char *text, size_t len, struct bw_arena *arena)
{
	struct bw_spec *spec = NULL;
	struct bw_err err = {0};

	return bw_spec_parse(text, len, "config.json", arena, &spec, NULL, &err) == 0 ? spec : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const profiles[] = {"compat", "hardened", "untrusted-code"};
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const char *text = (const char *)data;
	const char *line = size ? memmem(text, size, "\n---\n", 5) : NULL;
	size_t policy_len = line ? (size_t)(line - text) : size;
	const char *config = line ? line + 5 : text;
	const struct bw_policy *policy = read_policy(text, policy_len, &arena);
	const struct bw_spec *spec = read_spec(config, size - (size_t)(config - text), &arena);

	if (policy)
		harden_with(policy,
			spec ? spec : read_spec(small_config, sizeof small_config - 1, &arena),
			&arena);
	for (size_t i = 0; spec && i < BW_COUNT(profiles); i++)
		must_be_null(bw_check_all(spec, profiles[i], &arena));
	return 0;
}
