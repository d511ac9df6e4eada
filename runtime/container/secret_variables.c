/* SPDX-License-Identifier: Apache-2.0 */
/* secret_variables.c - see secret_variables.h. */
#include "container/secret_variables.h"

#include <string.h>
#include <sys/prctl.h>

#include "base/str.h"

static bool hidden;

void bw_secrets_hide(void)
{
	if (prctl(PR_GET_DUMPABLE) == 1)
		hidden = prctl(PR_SET_DUMPABLE, 0) == 0;
}

void bw_secrets_show(void)
{
	if (hidden)
		(void)prctl(PR_SET_DUMPABLE, 1);
	hidden = false;
}

/* The value in an entry NAME=value of this variable, or NULL. */
static char *value_in(char *entry, const char *variable)
{
	size_t len = strlen(variable);

	return strncmp(entry, variable, len) == 0 && entry[len] == '=' ? entry + len + 1 : NULL;
}

/* The last value of variable, or NULL. */
static char *last_value(const struct bw_strs *env, const char *variable)
{
	char *value = NULL;

	for (size_t i = env->n; i-- > 0 && !value;)
		value = value_in(env->v[i], variable);
	return value;
}

static void wipe(const struct bw_strs *env, const char *variable)
{
	for (size_t i = 0; i < env->n; i++) {
		char *value = value_in(env->v[i], variable);

		if (value)
			explicit_bzero(value, strlen(value));
	}
}

/* How many bytes the values have together. */
static int sum(const struct bw_profile *profile, const struct bw_strs *env, size_t *ret, struct bw_err *err)
{
	const char *variable;
	size_t bytes = 0;

	for (size_t i = 0; (variable = bw_profile_secret_variable(profile, i)); i++) {
		const char *value = last_value(env, variable);
		size_t len = value ? strlen(value) : 0;

		if (len > BW_SECRET_BYTES)
			return bw_fail(err, BW_E_SPEC, 0, "/process/env: the secret %s has %zu bytes, more than %d",
				variable, len, BW_SECRET_BYTES);
		bytes += len;
	}
	*ret = bytes;
	return 0;
}

static int keep(const struct bw_profile *profile, const struct bw_strs *env, struct bw_secret_values *ret, struct bw_err *err)
{
	const char *variable;
	size_t bytes, at = 0;

	if (sum(profile, env, &bytes, err) < 0 || bw_secret_values_open(ret, bytes, err) < 0)
		return -1;
	for (size_t i = 0; (variable = bw_profile_secret_variable(profile, i)); i++) {
		const char *value = last_value(env, variable);
		size_t len = value ? strlen(value) : 0;

		if (!value)
			continue;
		memcpy(ret->memory + at, value, len);
		ret->v[ret->n++] = (struct bw_secret_value){variable, at, len};
		at += len;
	}
	return 0;
}

int bw_secrets_take(const struct bw_profile *profile, struct bw_spec_process *process, struct bw_secret_values *ret_values,
	struct bw_err *err)
{
	const char *variable;
	int r = 0;

	if (!process || !bw_profile_secret_variable(profile, 0))
		return 0;
	if (ret_values)
		r = keep(profile, &process->env, ret_values, err);
	for (size_t i = 0; (variable = bw_profile_secret_variable(profile, i)); i++)
		wipe(&process->env, variable);
	return r;
}
