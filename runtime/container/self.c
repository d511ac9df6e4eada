/* SPDX-License-Identifier: Apache-2.0 */
/* self.c - for a program that stays beside containers: to run from a file that none of them can reach. */
#include "container/bulwark.h"

#include "launch/selfexe.h"

int bw_self_protect(struct bw_err *err)
{
	return bw_selfexe_protect(err);
}

int bw_self_execute(char *const args[], char *const env[], struct bw_err *err)
{
	return bw_selfexe_execute(args, env, err);
}
