/* SPDX-License-Identifier: Apache-2.0 */
/* harden_properties.h - what must hold for every spec and every profile; shared by the unit tests
 * and the fuzzer. Each property returns NULL, or what is wrong in words that live in arena. */
#ifndef BW_TESTS_HARDEN_PROPERTIES_H
#define BW_TESTS_HARDEN_PROPERTIES_H

#include "policy/harden.h"

/* Hardening what is hardened changes nothing. */
const char *bw_check_idempotent(
	const struct bw_spec *hardened, const struct bw_profile *profile, struct bw_arena *arena);
/* No capability, device, group, mount option, host namespace or system call that was not asked for.
 */
const char *bw_check_never_grants(
	const struct bw_spec *asked, const struct bw_spec *hardened, struct bw_arena *arena);
/* Every difference has a finding, and every finding that says "changed" has a difference. */
const char *bw_check_total(const struct bw_spec *asked, const struct bw_spec *hardened,
	const struct bw_findings *findings, struct bw_arena *arena);
/* All of them over one spec and the profile of that name; denials are let pass by audit mode. */
const char *bw_check_all(const struct bw_spec *asked, const char *profile, struct bw_arena *arena);

#endif
