/* SPDX-License-Identifier: Apache-2.0 */
/* spec_check_member.c - checks of a single member that more than one table uses. */
#include <string.h>

#include "spec/spec_table.h"

/* "NAME=value". The kernel takes anything; programs that look a name up do not all agree on what an
 * entry without '=' means. */
int bw_check_env(const void *member, struct bw_err *err)
{
	const struct bw_strs *env = member;

	for (size_t i = 0; i < env->n; i++) {
		const char *equals = strchr(env->v[i], '=');

		if (equals && equals > env->v[i])
			continue;
		/* The value is not repeated: it may be a secret. */
		bw_fail(err, BW_E_SPEC, 0, "must be NAME=value");
		return bw_at(err, "/%zu", i);
	}
	return 0;
}

int bw_check_host_name(const void *member, struct bw_err *err)
{
	enum { UTS_LENGTH = 64 }; /* __NEW_UTS_LEN of linux/utsname.h */
	size_t len = strlen(*(char *const *)member);

	if (len > UTS_LENGTH)
		return bw_fail(
			err, BW_E_SPEC, 0, "must have at most %d bytes, not %zu", UTS_LENGTH, len);
	return 0;
}

/* Digits, commas, hyphens and blanks (config-linux.md, CPU lists); the kernel knows the rest. */
int bw_check_cpu_list(const void *member, struct bw_err *err)
{
	const char *list = *(char *const *)member;

	if (list[strspn(list, "0123456789,- ")])
		return bw_fail(
			err, BW_E_SPEC, 0, "must be a list such as \"0-3,7\", not \"%.60s\"", list);
	return 0;
}

/* What is written as one line to a kernel file must not bring a second one. */
int bw_check_one_line(const void *member, struct bw_err *err)
{
	if (strchr(*(char *const *)member, '\n'))
		return bw_fail(err, BW_E_SPEC, 0, "must not contain a line break");
	return 0;
}

int bw_check_keys(const void *member, struct bw_err *err)
{
	const struct bw_pairs *pairs = member;

	for (size_t i = 0; i < pairs->n; i++) {
		if (!pairs->v[i].key[0])
			return bw_fail(err, BW_E_SPEC, 0, "must not have an empty key");
	}
	return 0;
}
