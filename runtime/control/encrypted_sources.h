/* SPDX-License-Identifier: Apache-2.0 */
/* encrypted_sources.h - hardening.encrypted_sources: a bind source must be seen to lie on something encrypted. */
#ifndef BW_CONTROL_ENCRYPTED_SOURCES_H
#define BW_CONTROL_ENCRYPTED_SOURCES_H

#include "control/control.h"
#include "control/mount_options.h"

/* Refuses the source that is open as fd (O_PATH) where the policy asks for it and it is not seen, saying what is seen; for
 * a recursive bind every mount below it too. What lies in the container's own tree is no source in this sense. */
int bw_encrypted_source_check(const struct bw_request *request, int fd, const char *source,
	const struct bw_mount_options *options, size_t index, struct bw_err *err) BW_MUST_CHECK;

#endif
