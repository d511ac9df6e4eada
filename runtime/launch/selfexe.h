/* SPDX-License-Identifier: Apache-2.0 */
/* selfexe.h - our own program file must not be writable from inside a container (CVE-2019-5736). */
#ifndef BW_LAUNCH_SELFEXE_H
#define BW_LAUNCH_SELFEXE_H

#include "base/err.h"

/* Runs this program again, same arguments, from a read-only detached mount of its file. To be called before
 * anything is read or made. Returns 0 when we are such a clone (or the caller is unprivileged and the file's
 * mode protects it), -1 on failure; else does not return. */
int bw_selfexe_protect(struct bw_err *err) BW_MUST_CHECK;
/* Becomes this program, as protected as bw_selfexe_protect() makes it, with other arguments and another environment, both
 * NULL-terminated; descriptors as their CLOEXEC says. Returns on failure alone. */
int bw_selfexe_execute(char *const args[], char *const env[], struct bw_err *err) BW_MUST_CHECK;

#endif
