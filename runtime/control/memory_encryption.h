/* SPDX-License-Identifier: Apache-2.0 */
/* memory_encryption.h - hardening.memory_encryption, for those who start a container without a plan. */
#ifndef BW_CONTROL_MEMORY_ENCRYPTION_H
#define BW_CONTROL_MEMORY_ENCRYPTION_H

#include "host/host.h"
#include "host/memory_encryption.h"
#include "spec/spec.h"

/* Looks, and refuses where the policy wants the host's memory to be encrypted and it is not seen to be. ret says what was
 * seen; it is empty where the policy does not ask. */
int bw_memory_encryption_require(const struct bw_spec *spec, const struct bw_host *host, struct bw_memory_encryption *ret,
	struct bw_err *err) BW_MUST_CHECK;

#endif
