/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_builtin.c - finding a built-in filter; the filters themselves are generated. */
#include "control/seccomp_builtin.h"

#include "base/str.h"

const struct bw_seccomp_builtin *bw_seccomp_builtin_find(const char *name)
{
	for (const struct bw_seccomp_builtin *one = bw_seccomp_builtins; one->rules; one++)
		if (bw_streq(one->rules->name, name))
			return one;
	return NULL;
}
