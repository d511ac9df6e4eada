/* SPDX-License-Identifier: Apache-2.0 */
/* hook_check.c - config.json names hooks, and they run as root of the host: whoever writes it must not choose
 * what root runs. A policy names the programs, with their arguments, that may be hooks; each must be a file
 * that only root can have put there. Not for startContainer hooks, which are programs of the container. */
#include "control/hook_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "control/host_side.h"

/* The word of a pattern that stands for any further arguments. */
static const char rest[] = "...";

/* The next word of a pattern, at most size - 1 bytes of it; false at the end. */
static bool next_word(const char **at, char *word, size_t size)
{
	size_t len;

	*at += strspn(*at, " ");
	len = strcspn(*at, " ");
	if (!len || len >= size)
		return false;
	memcpy(word, *at, len);
	word[len] = '\0';
	*at += len;
	return true;
}

static bool arguments_match(const char *pattern, const struct bw_strs *args)
{
	char word[PATH_MAX];

	for (size_t i = 0; i < args->n; i++) {
		if (!next_word(&pattern, word, sizeof word))
			return false;
		if (bw_streq(word, rest))
			return true;
		if (!bw_glob_match(word, args->v[i]))
			return false;
	}
	return !next_word(&pattern, word, sizeof word) || bw_streq(word, rest);
}

static bool is_permitted(const struct bw_strs *permitted, const char *real, const struct bw_strs *args)
{
	for (size_t i = 0; i < permitted->n; i++) {
		const char *pattern = permitted->v[i];
		char program[PATH_MAX];

		if (next_word(&pattern, program, sizeof program) && bw_glob_match(program, real) &&
			arguments_match(pattern, args))
			return true;
	}
	return false;
}

/* The first variable that the policy does not list, by its name alone: values may be secrets. */
static const char *forbidden_variable(const struct bw_strs *permitted, const struct bw_strs *env, char *name, size_t size)
{
	for (size_t i = 0; i < env->n; i++) {
		bool found = false;

		snprintf(name, size, "%.*s", (int)strcspn(env->v[i], "="), env->v[i]);
		for (size_t k = 0; k < permitted->n && !found; k++)
			found = bw_glob_match(permitted->v[k], name);
		if (!found)
			return name;
	}
	return NULL;
}

static int refuse(struct bw_err *err, const char *kind, size_t index, const char *path, const char *why)
{
	bw_fail(err, BW_E_DENIED, 0, "/hooks/%s/%zu: the policy refuses the hook %s: %s", kind, index, path, why);
	snprintf(err->rule, sizeof err->rule, "hooks");
	return bw_at(err, "/hooks/%s/%zu/path", kind, index);
}

static int check_words(const struct bw_spec_hardening *hardening, const struct bw_spec_hook *hook, const char *kind,
	size_t index, const char *real, struct bw_err *err)
{
	char name[128], why[256];

	if (!is_permitted(&hardening->hooks, real, &hook->args)) {
		refuse(err, kind, index, real, "this program with these arguments is not among those of hooks.allow");
		return bw_hint(err, "the administrator can list it in the policy: \"hooks\": { \"allow\": [ \"%s ...\" ] }", real);
	}
	if (!forbidden_variable(&hardening->hook_env, &hook->env, name, sizeof name))
		return 0;
	snprintf(why, sizeof why, "its environment variable %s is not among those of hooks.env", name);
	return refuse(err, kind, index, real, why);
}

int bw_hook_check(const struct bw_spec_hardening *hardening, const struct bw_spec_hook *hook, const char *kind,
	size_t index, char ret_path[PATH_MAX], struct bw_err *err)
{
	bool check_file = hardening && hardening->check_hooks.v, check_rest = hardening && hardening->hooks.v;
	char real[PATH_MAX];
	int r;

	if (!check_file && !check_rest) {
		snprintf(ret_path, PATH_MAX, "%s", hook->path);
		return 0;
	}
	r = bw_roots_file(hook->path, real);
	if (r == -EPERM)
		return refuse(err, kind, index, hook->path,
			"the file and the directories above it must belong to root and be writable by nobody else");
	if (r < 0) {
		bw_fail(err, BW_E_SPEC, -r, "/hooks/%s/%zu/path: %s", kind, index, hook->path);
		return bw_at(err, "/hooks/%s/%zu/path", kind, index);
	}
	if (check_rest && check_words(hardening, hook, kind, index, real, err) < 0)
		return -1;
	snprintf(ret_path, PATH_MAX, "%s", real);
	return 0;
}
