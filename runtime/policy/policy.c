/* SPDX-License-Identifier: Apache-2.0 */
/* policy.c - the policy file: reading it with the suspicion that it deserves, checking it whole,
 * showing it. bw_policy_load() is the only function of policy/ that looks at a file. */
#include "policy/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "policy/profile.h"

enum { POLICY_MAX_BYTES = 1 << 20 };

static const char builtin_policy[] = "{\"version\": 1, \"default\": \"hardened\"}";

bool bw_policy_has_profile(const struct bw_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->profiles.n; i++)
		if (bw_streq(policy->profiles.v[i].key, name))
			return true;
	return bw_profile_is_builtin(name);
}

static int check_names(const struct bw_policy *policy, struct bw_err *err)
{
	const struct bw_policy_annotations *annotations = policy->annotations;

	if (!bw_policy_has_profile(policy, policy->default_))
		return bw_fail(err, BW_E_POLICY, 0, "/default: there is no profile \"%s\"",
			policy->default_);
	for (size_t i = 0; i < policy->rules.n; i++)
		if (!bw_policy_has_profile(policy, policy->rules.v[i].profile))
			return bw_fail(err, BW_E_POLICY, 0,
				"/rules/%zu/profile: there is no profile \"%s\"", i,
				policy->rules.v[i].profile);
	for (size_t i = 0; annotations && i < annotations->profile.n; i++)
		if (!bw_policy_has_profile(policy, annotations->profile.v[i]))
			return bw_fail(err, BW_E_POLICY, 0,
				"/annotations/profile/%zu: there is no profile \"%s\"", i,
				annotations->profile.v[i]);
	return 0;
}

static int read_policy(const char *text, size_t len, const char *name, struct bw_arena *arena,
	struct bw_policy **ret, struct bw_err *err)
{
	struct bw_policy *policy;
	struct bw_json *tree;
	void *object;

	if (bw_json_parse(text, len, name, arena, &tree, err) < 0)
		return -1;
	if (bw_schema_read(&bw_policy_schema, tree, BW_E_POLICY, arena, &object, NULL, err) < 0)
		return bw_wrap(err, "%s", name);
	policy = object;
	policy->cache = bw_arena_alloc(arena, sizeof *policy->cache);
	if (!policy->default_)
		policy->default_ = bw_arena_strdup(arena, "hardened");
	if (!policy->cache || !policy->default_)
		return bw_fail(err, BW_E_MEMORY, 0, "reading %s: out of memory", name);
	policy->cache->arena = arena;
	*ret = policy;
	return 0;
}

int bw_policy_parse(const char *text, size_t len, const char *name, struct bw_arena *arena,
	const struct bw_policy **ret, struct bw_err *err)
{
	struct bw_policy *policy = NULL;

	if (read_policy(text, len, name, arena, &policy, err) < 0)
		return -1;
	if (check_names(policy, err) < 0 || bw_policy_check_profiles(policy, err) < 0)
		return bw_wrap(err, "%s", name);
	*ret = policy;
	return 0;
}

/* Who can write the policy can do everything that it forbids: so only root may. Checked on the
 * descriptor, so that nobody can change the file between the check and the reading. */
static int check_owner(int fd, const char *path, struct bw_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return bw_fail(err, BW_E_POLICY, errno, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return bw_fail(err, BW_E_POLICY, 0, "%s must be a regular file", path);
	if (!bw_proc_is_root(st.st_uid))
		return bw_fail(err, BW_E_POLICY, 0, "%s must belong to root, not to user %u", path,
			(unsigned)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return bw_fail(err, BW_E_POLICY, 0,
			"%s must not be writable by group or others (mode %04o)", path,
			(unsigned)(st.st_mode & 07777));
	return 0;
}

static int read_file(
	const char *path, bool may_be_absent, char **ret, size_t *ret_len, struct bw_err *err)
{
	/* O_NONBLOCK: a fifo in its place must not hold us up before check_owner() refuses it. */
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT && may_be_absent)
		return 0;
	if (fd < 0 && errno == ELOOP)
		return bw_fail(err, BW_E_POLICY, 0, "%s must not be a symbolic link", path);
	if (fd < 0)
		return bw_fail(err, BW_E_POLICY, errno, "open %s", path);
	if (check_owner(fd, path, err) < 0)
		return -1;
	return bw_read_fd(fd, path, POLICY_MAX_BYTES, ret, ret_len, err);
}

int bw_policy_load(
	const char *path, struct bw_arena *arena, const struct bw_policy **ret, struct bw_err *err)
{
	const char *place = path ? path : BW_SYSCONFDIR "/policy.json";
	unsigned char digest[BW_SHA256_BYTES];
	auto_free char *text = NULL;
	size_t len = 0;

	if (read_file(place, !path, &text, &len, err) < 0)
		return -1;
	if (!text)
		return bw_policy_parse(builtin_policy, sizeof builtin_policy - 1, "built-in policy",
			arena, ret, err);
	if (bw_policy_parse(text, len, place, arena, ret, err) < 0)
		return -1;
	bw_sha256_of(text, len, digest);
	bw_sha256_hex(digest, (*ret)->cache->hash);
	return 0;
}

char *bw_policy_hash(const struct bw_policy *policy)
{
	static char built_in[] = "built-in";

	return policy->cache->hash[0] ? policy->cache->hash : built_in;
}

void bw_policy_audit(const struct bw_policy *policy, struct bw_spec_audit *ret)
{
	static char all[] = "all", go_on[] = "continue";

	*ret = (struct bw_spec_audit){.record = all, .on_failure = go_on};
	if (!policy)
		return;
	ret->policy = bw_policy_hash(policy);
	ret->trail = policy->audit;
}

bool bw_profile_audit(const struct bw_policy *policy, const struct bw_profile *profile, struct bw_spec_audit *ret)
{
	bw_policy_audit(policy, ret);
	if (!profile->audit || !profile->audit->record || bw_streq(profile->audit->record, "off"))
		return false;
	ret->record = profile->audit->record;
	if (profile->audit->on_failure)
		ret->on_failure = profile->audit->on_failure;
	return true;
}

const struct bw_strs *bw_policy_docker_roots(const struct bw_policy *policy)
{
	static char usual[] = "/var/lib/docker";
	static char *list[] = {usual};
	static const struct bw_strs standard = {list, 1};

	return policy->docker && policy->docker->data_roots.v ? &policy->docker->data_roots : &standard;
}

const struct bw_profile *bw_policy_profile(const struct bw_policy *policy, const char *name)
{
	struct bw_err err = {0};

	return bw_policy_fold(policy, name, &err);
}

const char *bw_profile_name(const struct bw_profile *profile)
{
	return profile->key;
}

const char *bw_profile_backend(const struct bw_profile *profile)
{
	return profile->backend ? profile->backend->delegate : NULL;
}

static void write_heard(struct bw_json_writer *w, const char *annotation, bool heard)
{
	if (!heard)
		return;
	bw_json_key(w, annotation);
	bw_json_bool(w, true);
}

static bool gives_files(const struct bw_profile_secrets *secrets)
{
	for (size_t i = 0; secrets && i < secrets->files.n; i++)
		if (secrets->files.v[i].file)
			return true;
	return false;
}

void bw_profile_write(const struct bw_profile *profile, struct bw_json_writer *w)
{
	struct bw_profile whole = *profile;
	char base[] = "compat"; /* changes nothing, so what is folded in is all there is */
	char mode[] = "mode", loggers[] = "loggers.allow", secrets[] = "secrets.files", *looser[6];
	char delegate[] = "backend.delegate", args[] = "backend.args", ignores[] = "backend.ignores";
	size_t n = 0;

	whole.extends = base;
	/* The rows in which something can be looser than that. */
	if (bw_streq0(profile->mode, "audit"))
		looser[n++] = mode;
	if (profile->loggers && profile->loggers->allow.n)
		looser[n++] = loggers;
	if (gives_files(profile->secrets))
		looser[n++] = secrets;
	if (profile->backend && profile->backend->delegate)
		looser[n++] = delegate;
	if (profile->backend && profile->backend->args.n)
		looser[n++] = args;
	if (profile->backend && profile->backend->ignores.n)
		looser[n++] = ignores;
	if (n)
		whole.loosens = (struct bw_strs){looser, n};
	bw_json_begin_object(w);
	bw_json_key(w, "version");
	bw_json_int(w, 1);
	bw_json_key(w, "default");
	bw_json_string(w, profile->key);
	if (profile->derived.hears_ttl || profile->derived.hears_tenant || profile->derived.hears_session) {
		bw_json_key(w, "annotations");
		bw_json_begin_object(w);
		write_heard(w, "tenant", profile->derived.hears_tenant);
		write_heard(w, "session", profile->derived.hears_session);
		write_heard(w, "ttl", profile->derived.hears_ttl);
		bw_json_end_object(w);
	}
	if (profile->derived.trail) {
		bw_json_key(w, "audit");
		bw_schema_write(&bw_audit_trail_schema, profile->derived.trail, w);
	}
	if (profile->derived.metrics) {
		bw_json_key(w, "metrics");
		bw_schema_write(&bw_policy_metrics_schema, profile->derived.metrics, w);
	}
	bw_json_key(w, "profiles");
	bw_json_begin_object(w);
	bw_json_key(w, profile->key);
	bw_schema_write(&bw_profile_schema, &whole, w);
	bw_json_end_object(w);
	bw_json_end_object(w);
}

int bw_profile_check_images(const struct bw_profile *profile, const char *verb, struct bw_err *err)
{
	if (profile->secrets) {
		bw_fail(err, BW_E_DENIED, 0, "%s: profile %s gives secrets to a container, which would be in the image", verb,
			profile->key);
		if (err)
			snprintf(err->rule, sizeof err->rule, "secrets");
		return bw_at(err, "/profiles/%s/secrets", profile->key);
	}
	if (profile->backend && profile->backend->delegate)
		return bw_fail(err, BW_E_DENIED, 0,
			"%s: profile %s has %s make its containers, whose images are its own", verb, profile->key,
			profile->backend->delegate);
	if (!bw_streq0(profile->checkpoint, "refuse"))
		return 0;
	if (bw_streq0(profile->mode, "audit"))
		return 1;
	bw_fail(err, BW_E_DENIED, 0,
		"%s: profile %s refuses it, as an image of processes says itself what it may do and criu obeys as root",
		verb, profile->key);
	if (err)
		snprintf(err->rule, sizeof err->rule, "checkpoint");
	bw_at(err, "/profiles/%s/checkpoint", profile->key);
	return bw_hint(err, "\"checkpoint\": \"allow\" in the profile, named in its \"loosens\"");
}

static void by_loggers(const struct bw_profile *profile, const char *row, struct bw_err *err)
{
	if (err)
		snprintf(err->rule, sizeof err->rule, "loggers");
	bw_at(err, "/profiles/%s/loggers/%s", profile->key, row);
}

/* In mode audit as well: what it would let through runs as root of the host. */
int bw_profile_check_logger(const struct bw_profile *profile, const char *program, struct bw_err *err)
{
	if (profile->loggers && bw_strs_has(&profile->loggers->allow, program))
		return 0;
	bw_fail(err, BW_E_DENIED, 0, "the policy refuses the logger %s: it is not among those of loggers.allow of profile %s",
		program, profile->key);
	by_loggers(profile, "allow", err);
	return bw_hint(err,
		"\"loggers\": { \"allow\": [ \"%s\" ] } in the profile, \"loggers.allow\" in its \"loosens\"", program);
}

static bool is_clean(const char *path)
{
	char clean[PATH_MAX];

	return path[0] == '/' && bw_path_clean(path, clean, sizeof clean) && bw_streq(clean, path);
}

/* A directory is above what lies in it, and not above itself. */
static bool is_in_one_of(const char *path, const struct bw_strs *dirs)
{
	for (size_t i = 0; i < dirs->n; i++)
		if (bw_path_beneath(path, dirs->v[i]) && !bw_streq(path, dirs->v[i]))
			return true;
	return false;
}

/* In mode audit as well: root of the host appends to it. */
int bw_profile_check_log_file(const struct bw_profile *profile, const char *path, bool *ret_restricted, struct bw_err *err)
{
	const struct bw_strs *dirs = profile->loggers ? &profile->loggers->files : NULL;
	const char *slash = strrchr(path, '/');
	bool restricted = dirs && dirs->v;

	if (!restricted || (is_clean(path) && is_in_one_of(path, dirs))) {
		*ret_restricted = restricted;
		return 0;
	}
	if (!is_clean(path)) {
		bw_fail(err, BW_E_DENIED, 0,
			"the policy refuses output to the file %s: where loggers.files of profile %s restricts it, it "
			"must be an absolute "
			"path without //, . and ..",
			path, profile->key);
		by_loggers(profile, "files", err);
		return bw_hint(err, "name the file by the path at which it really is");
	}
	bw_fail(err, BW_E_DENIED, 0,
		"the policy refuses output to the file %s: it is not beneath a directory of loggers.files of profile "
		"%s",
		path, profile->key);
	by_loggers(profile, "files", err);
	return bw_hint(err, "\"loggers\": { \"files\": [ \"%.*s\" ] } in the profile, \"loggers.files\" in its \"loosens\"",
		slash > path ? (int)(slash - path) : 1, path);
}

static void write_profile(
	const struct bw_policy *policy, const char *name, struct bw_json_writer *w)
{
	const struct bw_profile *p = bw_policy_profile(policy, name);

	if (!p)
		return;
	bw_json_key(w, name);
	bw_schema_write(&bw_profile_schema, p, w);
}

void bw_policy_write(const struct bw_policy *policy, struct bw_json_writer *w)
{
	struct bw_policy without = *policy;

	/* Everything but the profiles by the table; those as they hold, with what they extend
	 * folded in. */
	without.profiles.n = 0;
	without.profiles.v = NULL;
	bw_json_begin_object(w);
	bw_json_key(w, "policy");
	bw_schema_write(&bw_policy_schema, &without, w);
	bw_json_key(w, "profiles");
	bw_json_begin_object(w);
	for (size_t i = 0; bw_builtin_profiles[i]; i++)
		write_profile(policy, bw_builtin_profiles[i], w);
	for (size_t i = 0; i < policy->profiles.n; i++)
		if (!bw_profile_is_builtin(policy->profiles.v[i].key))
			write_profile(policy, policy->profiles.v[i].key, w);
	bw_json_end_object(w);
	bw_json_end_object(w);
}

void bw_policy_publish(struct bw_json_writer *w)
{
	bw_schema_publish(&bw_policy_schema, "bulwark policy", w);
}
