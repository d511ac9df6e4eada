/* SPDX-License-Identifier: Apache-2.0 */
/* seen.c - see seen.h; bulwark-witness(8) and bulwark-warden(8) have the lines. */
#include "keeper/seen.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "keeper/follow.h"
#include "keeper/tell.h"
#include "warden/keeper.h"
#include "warden/witness.h"

struct reading {
	struct bw_keeping *keeping;
	uint64_t now_ms;
};

bool bw_seen_installs(const char *path)
{
	/* pip3.11; "python -m pip" is python, as far as a line tells. */
	static const char *const names[] = {"npm", "npx", "yarn", "yarnpkg", "pnpm", "pnpx", "uv", "uvx"};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	if (bw_after_prefix(name, "pip"))
		return name[3 + strspn(name + 3, "0123456789.")] == '\0';
	for (size_t i = 0; i < BW_COUNT(names); i++)
		if (bw_streq(names[i], name))
			return true;
	return false;
}

static void see_program(const struct bw_json *line, void *ctx)
{
	const struct reading *reading = ctx;
	struct bw_kept *kept = reading->keeping->kept;
	const char *path = bw_follow_text(line, "path"), *file = bw_follow_text(line, "file");
	const struct bw_audit_more more[2] = {{"path", path}, {"file", *file ? file : NULL}};

	if (!bw_streq(bw_follow_text(line, "event"), "exec"))
		return;
	if (bw_seen_installs(path) || bw_seen_installs(file))
		kept->measures.count[BW_COUNT_PACKAGE_INSTALL_ATTEMPTS]++;
	if (bw_streq(bw_follow_text(line, "result"), "denied"))
		bw_tell_flood(reading->keeping, &kept->programs, reading->now_ms, BW_AUDIT_PROGRAM_DENIED,
			bw_follow_text(line, "reason"), more, BW_COUNT(more));
}

static void see_denied(const struct reading *reading, const struct bw_json *line)
{
	struct bw_kept *kept = reading->keeping->kept;
	const char *name = bw_follow_text(line, "name"), *address = bw_follow_text(line, "address");
	const struct bw_audit_more more[2] = {{"name", *name ? name : NULL}, {"address", *address ? address : NULL}};

	kept->measures.count[BW_COUNT_DESTINATIONS_DENIED]++;
	bw_counter_add(&kept->denied, reading->now_ms, 1);
	bw_tell_flood(reading->keeping, &kept->destinations, reading->now_ms, BW_AUDIT_DESTINATION_DENIED,
		bw_follow_text(line, "reason"), more, BW_COUNT(more));
}

static void see_connection(const struct bw_json *line, void *ctx)
{
	const struct reading *reading = ctx;
	struct bw_kept *kept = reading->keeping->kept;
	const char *event = bw_follow_text(line, "event");
	uint64_t held_back = bw_follow_number(line, "held_back");
	bool refused = bw_streq(event, "refused");

	if (refused || bw_streq(event, "connect") || bw_streq(event, "failed"))
		kept->measures.count[BW_COUNT_NETWORK_CONNECTION_ATTEMPTS]++;
	if (refused || bw_streq(event, "dns-refused"))
		see_denied(reading, line);
	/* Refusals, of which each has no line of its own. */
	kept->measures.count[BW_COUNT_NETWORK_CONNECTION_ATTEMPTS] += held_back;
	kept->measures.count[BW_COUNT_DESTINATIONS_DENIED] += held_back;
	bw_counter_add(&kept->denied, reading->now_ms, held_back);
	if (bw_streq(event, "closed")) {
		kept->gate_in_bytes += bw_follow_number(line, "bytes_in");
		kept->gate_out_bytes += bw_follow_number(line, "bytes_out");
	}
}

/* The witness counts each attempt, also those that have no line, in a file that it writes again and again. */
static void count_programs(struct bw_kept *kept)
{
	struct bw_measures *measures = &kept->measures;
	enum { COLUMNS = 2, ALLOWED = 0, DENIED = 1, UNRESOLVED = 2, KINDS = 3 };
	char text[BW_WITNESS_COUNTS_SIZE + 1];
	uint64_t number[KINDS];
	struct stat st;

	if (fstatat(BW_KEEPER_STATE, BW_KEEPER_PROGRAM_COUNTS, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		memcmp(&st.st_mtim, &kept->counts_from, sizeof st.st_mtim) == 0)
		return;
	if (bw_read_at(BW_KEEPER_STATE, BW_KEEPER_PROGRAM_COUNTS, text, sizeof text) <= 0)
		return;
	for (size_t i = 0; i < KINDS; i++)
		if (bw_parse_word(text, COLUMNS * i + 1, UINT64_MAX, &number[i]) < 0)
			return;
	measures->count[BW_COUNT_EXECUTIONS] = number[ALLOWED] + number[UNRESOLVED];
	measures->count[BW_COUNT_PROGRAMS_DENIED] = number[DENIED];
	kept->counts_from = st.st_mtim;
}

static bool is_there(const char *name)
{
	struct stat st;

	return fstatat(BW_KEEPER_STATE, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

void bw_seen(struct bw_keeping *k, bool all, uint64_t now_ms)
{
	struct reading reading = {k, now_ms};
	struct bw_kept *kept = k->kept;

	if (all) {
		kept->has_programs = is_there(BW_KEEPER_PROGRAMS) || is_there(BW_KEEPER_PROGRAM_COUNTS);
		kept->has_egress = is_there(BW_KEEPER_EGRESS);
	}
	if (kept->has_programs) {
		count_programs(kept);
		bw_follow(BW_KEEPER_STATE, BW_KEEPER_PROGRAMS, &kept->programs_at, see_program, &reading);
	}
	if (kept->has_egress)
		bw_follow(BW_KEEPER_STATE, BW_KEEPER_EGRESS, &kept->egress_at, see_connection, &reading);
}
