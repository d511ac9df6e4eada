/* SPDX-License-Identifier: Apache-2.0 */
/* policy_values.c - see policy_values.h. */
#include "policy/policy_values.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "metrics/report.h"
#include "policy/facts.h"
#include "policy/profile.h"

/* Ranges of all profiles lie on one grid, so that two of them are the same or apart. */
int bw_row_first(const void *member, struct bw_err *err)
{
	const struct bw_opt_uint *first = member;

	if (first->v % BW_RANGE_IDS == 0)
		return 0;
	return bw_fail(err, BW_E_POLICY, 0, "%llu is no multiple of %d", (unsigned long long)first->v, BW_RANGE_IDS);
}

static bool is_name(const char *text, const char *more)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(more, *text))
			return false;
	return true;
}

int bw_row_selinux_type(const void *member, struct bw_err *err)
{
	const char *text = *(char *const *)member;

	/* A colon would bring a level of its own. */
	if (!is_name(text, "_") || strlen(text) > 64)
		return bw_fail(err, BW_E_POLICY, 0, "\"%s\" is not the name of an SELinux type", text);
	return 0;
}

int bw_row_capabilities(const void *member, struct bw_err *err)
{
	const struct bw_strs *list = member;

	for (size_t i = 0; i < list->n; i++)
		if (!bw_after_prefix(list->v[i], "CAP_") || !is_name(list->v[i], "_"))
			return bw_fail(err, BW_E_POLICY, 0,
				"\"%s\" is not a capability name such as CAP_NET_BIND_SERVICE",
				list->v[i]);
	return 0;
}

int bw_row_paths(const void *member, struct bw_err *err)
{
	const struct bw_strs *list = member;

	for (size_t i = 0; i < list->n; i++)
		if (list->v[i][0] != '/')
			return bw_fail(
				err, BW_E_POLICY, 0, "\"%s\" is not an absolute path", list->v[i]);
	return 0;
}

int bw_row_hook_patterns(const void *member, struct bw_err *err)
{
	const struct bw_strs *list = member;

	for (size_t i = 0; i < list->n; i++)
		if (list->v[i][0] != '/' || strcspn(list->v[i], "\t\n") < strlen(list->v[i]))
			return bw_fail(err, BW_E_POLICY, 0,
				"\"%s\" is not an absolute path and words behind it, with blanks between",
				list->v[i]);
	return 0;
}

int bw_row_file_names(const void *member, struct bw_err *err)
{
	const struct bw_strs *list = member;

	for (size_t i = 0; i < list->n; i++)
		if (!list->v[i][0] || strchr(list->v[i], '/'))
			return bw_fail(
				err, BW_E_POLICY, 0, "\"%s\" is not a file name", list->v[i]);
	return 0;
}

int bw_row_octal(const void *member, struct bw_err *err)
{
	const char *text = *(char *const *)member;
	size_t len = strlen(text);

	if (len < 3 || len > 4 || strspn(text, "01234567") != len)
		return bw_fail(err, BW_E_POLICY, 0, "\"%s\" is not a mode such as 1777", text);
	return 0;
}

int bw_row_access(const void *member, struct bw_err *err)
{
	const char *text = *(char *const *)member;

	if (!bw_streq(text, "r") && !bw_streq(text, "w") && !bw_streq(text, "rw"))
		return bw_fail(err, BW_E_POLICY, 0, "\"%s\" is not r, w or rw", text);
	return 0;
}

int bw_row_rlimit(const void *member, struct bw_err *err)
{
	const char *text = *(char *const *)member;

	if (!bw_after_prefix(text, "RLIMIT_") || !is_name(text, "_"))
		return bw_fail(
			err, BW_E_POLICY, 0, "\"%s\" is not a limit such as RLIMIT_NOFILE", text);
	return 0;
}

int bw_row_profile_name(const void *member, struct bw_err *err)
{
	const char *text = *(char *const *)member;

	if (!is_name(text, "_-.") || strlen(text) > 64)
		return bw_fail(err, BW_E_POLICY, 0,
			"\"%s\" is not a profile name: letters, digits, '-', '_' and '.', at most "
			"64",
			text);
	return 0;
}

/* One profile by its name: in a stack or a namespace nothing could be compared with what the kernel says. */
int bw_row_apparmor_profile(const void *member, struct bw_err *err)
{
	const char *text = *(char *const *)member;

	if (bw_streq(text, "unconfined"))
		return bw_fail(err, BW_E_POLICY, 0, "\"unconfined\" is no AppArmor profile; apparmor: \"off\" asks for none");
	return bw_row_profile_name(member, err);
}

int bw_row_environment(const void *member, struct bw_err *err)
{
	const struct bw_pairs *pairs = member;

	for (size_t i = 0; i < pairs->n; i++)
		if (!is_name(pairs->v[i].key, "_") || isdigit((unsigned char)pairs->v[i].key[0]))
			return bw_fail(err, BW_E_POLICY, 0, "\"%s\" is not the name of a variable",
				pairs->v[i].key);
	return 0;
}

/* A path that the reader need not clean first: it is walked component by component, and no link is followed. */
int bw_row_clean_paths(const void *member, struct bw_err *err)
{
	const struct bw_strs *list = member;
	char clean[PATH_MAX];

	for (size_t i = 0; i < list->n; i++)
		if (list->v[i][0] != '/' || !bw_path_clean(list->v[i], clean, sizeof clean) ||
			!bw_streq(clean, list->v[i]))
			return bw_fail(err, BW_E_POLICY, 0,
				"\"%s\" is not an absolute path without //, . and ..", list->v[i]);
	return 0;
}

int bw_row_clean_path(const void *member, struct bw_err *err)
{
	char *text = *(char *const *)member;
	const struct bw_strs one = {&text, 1};

	return bw_row_clean_paths(&one, err);
}

/* Up to a hundred years: what is longer is no limit. */
static int check_duration(const void *member, int64_t min, struct bw_err *err)
{
	const int64_t max = INT64_C(100) * 365 * 24 * 3600000;
	const char *text = *(char *const *)member;
	int64_t ms;

	if (bw_parse_duration_ms(text, &ms) < 0 || ms < min || ms > max)
		return bw_fail(err, BW_E_POLICY, 0, "\"%s\" is not a time such as 15m, 90s or 1h30m", text);
	return 0;
}

int bw_row_ttl(const void *member, struct bw_err *err)
{
	return check_duration(member, 1, err);
}

int bw_row_interval(const void *member, struct bw_err *err)
{
	return check_duration(member, 100, err);
}

int bw_row_window(const void *member, struct bw_err *err)
{
	return check_duration(member, 1000, err);
}

int bw_row_grace(const void *member, struct bw_err *err)
{
	return check_duration(member, 0, err);
}

/* A misspelt fact would never match, and a rule that should tighten would be silent: so names are
 * checked. */
static int check_fact(const char *name, struct bw_err *err)
{
	if (bw_fact_find(name))
		return 0;
	return bw_fail(err, BW_E_POLICY, 0,
		"\"%s\" is no fact; facts are docker.*, cri.*, cgroup.* and caller.* (bulwark-policy(5))",
		name);
}

int bw_row_facts(const void *member, struct bw_err *err)
{
	const struct bw_strs *list = member;

	for (size_t i = 0; i < list->n; i++) {
		if (strchr(list->v[i], '*') || bw_streq(list->v[i], "docker.label."))
			return bw_fail(err, BW_E_POLICY, 0, "\"%s\" is more than one fact", list->v[i]);
		if (check_fact(list->v[i], err) < 0)
			return -1;
	}
	return 0;
}

/* "cri.absent": ["container-name"]; what labels there may be, nobody knows. */
static int check_absent(const struct bw_key_strs *condition, size_t group, struct bw_err *err)
{
	char name[128];

	for (size_t i = 0; i < condition->values.n; i++) {
		struct bw_buf text = bw_buf_over(name, sizeof name);

		bw_buf_addn(&text, condition->key, group);
		bw_buf_addf(&text, ".%s", condition->values.v[i]);
		if (!bw_after_prefix(condition->key, "docker.label.") && check_fact(name, err) < 0)
			return -1;
	}
	return 0;
}

int bw_row_when(const void *member, struct bw_err *err)
{
	const struct bw_strs_map *when = member;

	for (size_t i = 0; i < when->n; i++) {
		const struct bw_key_strs *condition = &when->v[i];
		size_t group = bw_fact_group(condition->key);

		if (condition->values.n == 0)
			return bw_fail(err, BW_E_POLICY, 0, "\"%s\" has no value to match", condition->key);
		if ((group ? check_absent(condition, group, err) : check_fact(condition->key, err)) < 0)
			return -1;
	}
	return 0;
}

int bw_row_workspace(const void *member, struct bw_err *err)
{
	const char *path = *(char *const *)member;
	const struct bw_strs one = {(char **)(uintptr_t)member, 1};

	if (bw_streq(path, "/"))
		return bw_fail(err, BW_E_POLICY, 0, "\"/\" is the root itself");
	return bw_row_clean_paths(&one, err);
}

int bw_row_stage_patterns(const void *member, struct bw_err *err)
{
	const struct bw_strs *list = member;

	if (list->n > BW_STAGE_PATTERNS)
		return bw_fail(err, BW_E_POLICY, 0, "%zu texts, at most %d are looked for", list->n, BW_STAGE_PATTERNS);
	for (size_t i = 0; i < list->n; i++)
		if (!list->v[i][0] || strlen(list->v[i]) > BW_STAGE_PATTERN_LONGEST)
			return bw_fail(err, BW_E_POLICY, 0, "\"%s\" does not have 1 to %d bytes", list->v[i],
				BW_STAGE_PATTERN_LONGEST);
	return 0;
}

/* A host name in the letters that DNS has: no address, which is never a name. */
static bool is_host(const char *text)
{
	size_t len = strlen(text), label = 0;
	bool letter = false;

	if (!len || len > 253)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '.') {
			if (label == 0 || text[i - 1] == '-')
				return false;
			label = 0;
			letter = false;
			continue;
		}
		if (!islower((unsigned char)c) && !isdigit((unsigned char)c) && (c != '-' || label == 0))
			return false;
		letter = letter || !isdigit((unsigned char)c);
		if (++label > 63)
			return false;
	}
	/* The last label of a name is not a number: that would be an address. A single label is a name of somebody's own
	 * network. */
	return label > 0 && letter && text[len - 1] != '-' && strchr(text, '.');
}

int bw_row_hosts(const void *member, struct bw_err *err)
{
	const struct bw_strs_map *map = member;

	for (size_t i = 0; i < map->n; i++)
		for (size_t k = 0; k < map->v[i].values.n; k++)
			if (!is_host(map->v[i].values.v[k]))
				return bw_fail(err, BW_E_POLICY, 0, "\"%s\" is not a host name in small letters",
					map->v[i].values.v[k]);
	return 0;
}

int bw_row_names(const void *member, struct bw_err *err)
{
	const struct bw_strs *list = member;

	for (size_t i = 0; i < list->n; i++) {
		const char *text = list->v[i];

		if (text[0] == '@' ? is_name(text + 1, "-_") : is_host(bw_after_prefix(text, "*.") ? text + 2 : text))
			continue;
		return bw_fail(err, BW_E_POLICY, 0,
			"\"%s\" is not a host name in small letters, nor one behind \"*.\", nor a registry such as "
			"@npm",
			text);
	}
	return 0;
}

int bw_row_ports(const void *member, struct bw_err *err)
{
	const struct bw_uints *list = member;

	for (size_t i = 0; i < list->n; i++) {
		if (list->v[i] < 1 || list->v[i] > 65535)
			return bw_fail(err, BW_E_POLICY, 0, "%llu is not a port number",
				(unsigned long long)list->v[i]);
		if (list->v[i] == 53 || list->v[i] == 80 || list->v[i] == 3128)
			return bw_fail(err, BW_E_POLICY, 0, "%llu is a port of the gate itself",
				(unsigned long long)list->v[i]);
	}
	return 0;
}

static int check_port_range(const struct bw_uints *list, uint64_t min, struct bw_err *err)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i] < min || list->v[i] > 65535)
			return bw_fail(err, BW_E_POLICY, 0, "%llu is not a port number",
				(unsigned long long)list->v[i]);
	return 0;
}

int bw_row_connect(const void *member, struct bw_err *err)
{
	return check_port_range(member, 1, err);
}

int bw_row_bind(const void *member, struct bw_err *err)
{
	return check_port_range(member, 0, err);
}

/* Address, or "address/prefix length" where that may be said. */
static bool is_address(const char *text, bool prefix)
{
	char address[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	const char *slash = prefix ? strchr(text, '/') : NULL;
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	uint64_t bits;

	if (len >= sizeof address)
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	return inet_pton(family, address, bytes) == 1 &&
	       (!slash || bw_parse_u64(slash + 1, family == AF_INET ? 32 : 128, &bits) == 0);
}

int bw_row_prefixes(const void *member, struct bw_err *err)
{
	const struct bw_strs *list = member;

	for (size_t i = 0; i < list->n; i++)
		if (!is_address(list->v[i], true))
			return bw_fail(err, BW_E_POLICY, 0,
				"\"%s\" is not an address, nor one with /PREFIX-LENGTH", list->v[i]);
	return 0;
}

int bw_row_addresses(const void *member, struct bw_err *err)
{
	const struct bw_strs *list = member;

	for (size_t i = 0; i < list->n; i++)
		if (!is_address(list->v[i], false))
			return bw_fail(err, BW_E_POLICY, 0, "\"%s\" is not an address", list->v[i]);
	return 0;
}

int bw_row_secrets_directory(const void *member, struct bw_err *err)
{
	static const char *const kernels[] = {"/proc", "/sys", "/dev", NULL};
	const char *path = *(char *const *)member;

	if (bw_row_workspace(member, err) < 0)
		return -1;
	for (size_t i = 0; kernels[i]; i++)
		if (bw_path_beneath(path, kernels[i]))
			return bw_fail(err, BW_E_POLICY, 0, "\"%s\" lies in %s, which is the kernel's", path, kernels[i]);
	return 0;
}

static int check_secret(const struct bw_profile_secret *secret, struct bw_err *err)
{
	const struct bw_strs file = {(char **)(uintptr_t)&secret->file, 1};

	if (!is_name(secret->name, "_-.") || secret->name[0] == '.' || strlen(secret->name) > 64)
		return bw_fail(err, BW_E_POLICY, 0,
			"\"%s\" is not the name of a secret: letters, digits, '-', '_' and '.', at most 64, no '.' first",
			secret->name);
	if (!secret->file == !secret->env)
		return bw_fail(err, BW_E_POLICY, 0, "needs either file or env");
	if (secret->file)
		return bw_row_clean_paths(&file, err);
	if (!is_name(secret->env, "_") || isdigit((unsigned char)secret->env[0]) || strlen(secret->env) > 200)
		return bw_fail(err, BW_E_POLICY, 0, "\"%s\" is not the name of a variable", secret->env);
	return 0;
}

int bw_row_secrets(const void *member, struct bw_err *err)
{
	const __typeof__(((struct bw_profile_secrets *)0)->files) *list = member;

	if (list->n > BW_SECRETS_MAX)
		return bw_fail(err, BW_E_POLICY, 0, "must have at most %d entries, not %zu", BW_SECRETS_MAX, list->n);
	for (size_t i = 0; i < list->n; i++) {
		const struct bw_profile_secret *secret = &list->v[i];

		if (check_secret(secret, err) < 0)
			return bw_at(err, "/%zu", i);
		for (size_t k = 0; k < i; k++) {
			const struct bw_profile_secret *other = &list->v[k];

			if (!bw_streq(other->name, secret->name) &&
				!(other->env && bw_streq0(secret->env, other->env)))
				continue;
			bw_fail(err, BW_E_POLICY, 0, "has the name or the variable of entry %zu", k);
			return bw_at(err, "/%zu", i);
		}
	}
	return 0;
}

int bw_row_ignores(const void *member, struct bw_err *err)
{
	const struct bw_strs *list = member;

	for (size_t i = 0; i < list->n; i++)
		if (!bw_backend_is_control(list->v[i]))
			return bw_fail(err, BW_E_POLICY, 0,
				"\"%s\" is not the name of a control that a backend can lack (bulwark-policy(5))",
				list->v[i]);
	return 0;
}

int bw_row_namespace(const void *member, struct bw_err *err)
{
	const char *name = *(char *const *)member;

	if (bw_emf_namespace_fits(name))
		return 0;
	return bw_fail(err, BW_E_SPEC, 0,
		"\"%s\" is no namespace of CloudWatch: 1 to 255 letters, digits, and . - _ / # : and not AWS/ at the "
		"beginning",
		name);
}
