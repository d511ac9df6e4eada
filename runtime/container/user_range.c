/* SPDX-License-Identifier: Apache-2.0 */
/* user_range.c - taking ids and giving them back. A range is known by its number on one grid over all ids, so that the
 * ranges of two policies are the same or apart, too. */
#include "container/user_range.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/str.h"
#include "container/lease.h"

static const char kind[] = "userns";

enum { MAX_FILE = 1 << 20 };

static const struct bw_spec_user_range *range_of(const struct bw_spec *spec)
{
	return spec->hardening ? spec->hardening->user_range : NULL;
}

/* A file that is not there holds nothing. */
static int read_lines(const char *path, char **ret, struct bw_err *err)
{
	if (access(path, F_OK) < 0 && errno == ENOENT) {
		*ret = NULL;
		return 0;
	}
	return bw_read_file(path, MAX_FILE, ret, NULL, err);
}

/* Two of the three fields behind "name:", as in subuid(5). */
static bool parse_subordinate(const char *line, uint64_t *ret_first, uint64_t *ret_count)
{
	char text[64];
	const char *colon = strchr(line, ':');
	char *second;

	if (!colon || snprintf(text, sizeof text, "%s", colon + 1) >= (int)sizeof text)
		return false;
	second = strchr(text, ':');
	if (!second)
		return false;
	*second++ = '\0';
	return bw_parse_u64(text, UINT32_MAX, ret_first) == 0 && bw_parse_u64(second, 1ULL << 32, ret_count) == 0;
}

/* What root has given somebody is his. */
static int check_subordinate(const char *path, uint64_t first, uint64_t end, struct bw_err *err)
{
	auto_free char *text = NULL;
	uint64_t theirs, count;
	char *rest;

	if (read_lines(path, &text, err) < 0)
		return -1;
	rest = text;
	for (char *line = rest ? strsep(&rest, "\n") : NULL; line; line = strsep(&rest, "\n")) {
		if (!parse_subordinate(line, &theirs, &count) || theirs >= end || theirs + count <= first)
			continue;
		bw_fail(err, BW_E_HOST, 0, "%s gives ids %llu to %llu to %.*s, and user.range of the policy gives them to containers",
			path, (unsigned long long)theirs, (unsigned long long)(theirs + count - 1), (int)strcspn(line, ":"), line);
		return bw_hint(err, "let user.range begin elsewhere");
	}
	return 0;
}

/* In a user namespace only the ids that it has can be given away. */
static int check_ours(const char *path, uint64_t first, uint64_t end, struct bw_err *err)
{
	auto_free char *text = NULL;
	char *rest;

	if (read_lines(path, &text, err) < 0)
		return -1;
	rest = text;
	for (char *line = rest ? strsep(&rest, "\n") : NULL; line; line = strsep(&rest, "\n")) {
		uint64_t inside, count;

		if (bw_parse_word(line, 0, UINT32_MAX, &inside) == 0 && bw_parse_word(line, 2, UINT32_MAX, &count) == 0 &&
			first >= inside && end <= inside + count)
			return 0;
	}
	return bw_fail(err, BW_E_HOST, 0, "%s: ids %llu to %llu, which user.range of the policy gives to containers, are not ours",
		path, (unsigned long long)first, (unsigned long long)end - 1);
}

/* Of the clone the kernel says only that no space is left. */
static int check_allowed(struct bw_err *err)
{
	static const char path[] = "/proc/sys/user/max_user_namespaces";
	uint64_t most;
	char text[32];

	if (bw_read_at(AT_FDCWD, path, text, sizeof text) <= 0 || bw_parse_u64(text, UINT64_MAX, &most) < 0 || most > 0)
		return 0;
	return bw_fail(err, BW_E_HOST, 0, "%s is 0, and the policy gives the container a user namespace", path);
}

static int check_range(const struct bw_spec_user_range *range, struct bw_err *err)
{
	uint64_t first = range->first.v, end = first + range->count.v * BW_RANGE_IDS;

	if (check_allowed(err) < 0 || check_ours("/proc/self/uid_map", first, end, err) < 0 || check_ours("/proc/self/gid_map", first, end, err) < 0 ||
		check_subordinate("/etc/subuid", first, end, err) < 0 || check_subordinate("/etc/subgid", first, end, err) < 0)
		return -1;
	return 0;
}

static int set_mappings(struct bw_spec *spec, uint64_t first, struct bw_arena *arena, struct bw_err *err)
{
	struct bw_spec_id_mapping *map = bw_arena_alloc(arena, 2 * sizeof *map);

	if (!map)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "id maps");
	map[0] = (struct bw_spec_id_mapping){
		.container_id = {.set = true, .v = 0},
		.host_id = {.set = true, .v = first},
		.size = {.set = true, .v = BW_RANGE_IDS},
	};
	map[1] = map[0];
	spec->linux_->uid_mappings.v = &map[0];
	spec->linux_->gid_mappings.v = &map[1];
	spec->linux_->uid_mappings.n = spec->linux_->gid_mappings.n = 1;
	return 0;
}

/* Mixed well, so that the search for a free number is short, and one that was given back is not the next to be taken. */
static uint32_t start_of(const char *name)
{
	unsigned char digest[BW_SHA256_BYTES];

	bw_sha256_of(name, strlen(name), digest);
	return (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 | digest[3];
}

int bw_user_range_take(const struct bw_container *container, struct bw_spec *spec, struct bw_arena *arena, struct bw_err *err)
{
	const struct bw_spec_user_range *range = range_of(spec);
	auto_close int store = -1;
	char name[BW_LEASE_NAME];
	uint32_t number;

	if (!range)
		return 0;
	if (check_range(range, err) < 0 || bw_lease_name(container->dir, name, err) < 0)
		return -1;
	store = bw_lease_open(err);
	if (store < 0)
		return -1;
	if (bw_lease_take_from(store, kind, name, name, (uint32_t)(range->first.v / BW_RANGE_IDS), (uint32_t)range->count.v,
		    start_of(name), &number, err) < 0) {
		if (err->code == BW_E_HOST)
			(void)bw_hint(err, "each container with user.root userns has a range of its own: user.range.count says how many there are");
		return -1;
	}
	bw_debug("ids 0 to %d are %u and on outside", BW_RANGE_IDS - 1, number * BW_RANGE_IDS);
	return set_mappings(spec, (uint64_t)number * BW_RANGE_IDS, arena, err);
}

int bw_user_range_suppose(struct bw_spec *spec, struct bw_arena *arena, struct bw_err *err)
{
	const struct bw_spec_user_range *range = range_of(spec);

	return range ? set_mappings(spec, range->first.v, arena, err) : 0;
}

int bw_user_range_give_back(const struct bw_container *container, struct bw_err *err)
{
	auto_close int store = -1;
	char name[BW_LEASE_NAME];

	/* Without its state, which was killed before it was written, it may have one. */
	if (geteuid() != 0 || (container->state && !container->state->host_ids.set))
		return 0;
	if (bw_lease_name(container->dir, name, err) < 0)
		return -1;
	store = bw_lease_open(err);
	return store < 0 ? -1 : bw_lease_release(store, kind, name, err);
}

struct bw_opt_uint bw_user_range_first(const struct bw_spec *spec)
{
	if (!range_of(spec) || !spec->linux_ || !spec->linux_->uid_mappings.n)
		return (struct bw_opt_uint){0};
	return spec->linux_->uid_mappings.v[0].host_id;
}

void bw_user_range_give_pipes(const struct bw_spec *spec, const struct bw_spec_process *process)
{
	struct bw_opt_uint first = bw_user_range_first(spec);
	uint64_t uid = process && process->user ? process->user->uid.v : 0;

	if (!first.set || (process && process->terminal.v) || uid >= BW_RANGE_IDS)
		return;
	for (int fd = 0; fd < 3; fd++) {
		struct stat st;

		/* Nobody is kept from starting for it, as identity.c has it. */
		if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && st.st_uid == geteuid())
			(void)!fchown(fd, (uid_t)(first.v + uid), (gid_t)-1);
	}
}
