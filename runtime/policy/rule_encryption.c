/* SPDX-License-Identifier: Apache-2.0 */
/* rule_encryption.c - what must be encrypted on the host. Whether it is, only the host can tell: control/memory_encryption.c
 * and control/encrypted_sources.c look. */
#include "policy/rules.h"

void bw_rule_encryption(struct bw_run *r)
{
	const struct bw_spec_hardening *h = r->spec->hardening;
	const struct bw_profile *p = r->profile;

	if (h && bw_is_on(&p->require_memory_encryption))
		bw_change_bool(r, &h->memory_encryption, true, "/hardening/memoryEncryption",
			"who takes memory out of the machine is to read nothing in it");
	if (!h || !bw_is_on(&p->require_encrypted_binds))
		return;
	bw_change_bool(r, &h->encrypted_sources, true, "/hardening/encryptedSources",
		"who takes a disk out of the machine is to read nothing on it");
	if (p->encrypted_binds_except.n)
		bw_change_strs(r, &h->unencrypted_sources, &p->encrypted_binds_except, "/hardening/unencryptedSources",
			"encryptedBindsExcept of the policy vouches for them");
	if (p->mounts && p->mounts->except.n)
		bw_change_strs(r, &h->engine_files, &p->mounts->except, "/hardening/engineFiles",
			"files of the engine's hold no data of anybody's");
}
