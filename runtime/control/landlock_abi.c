/* SPDX-License-Identifier: Apache-2.0 */
/* landlock_abi.c - the versions of Landlock's interface as a table (uapi linux/landlock.h and
 * Documentation/userspace-api/landlock.rst). Version 8 (all threads at once) has no row: who restricts itself here has
 * one thread. */
#include "control/landlock_abi.h"

#include "base/auto.h"
#include "base/str.h"

#define WRITING	 BW_LANDLOCK_WANT_WRITING
#define PROGRAMS BW_LANDLOCK_WANT_PROGRAMS
#define CONNECT	 BW_LANDLOCK_WANT_CONNECT
#define BIND	 BW_LANDLOCK_WANT_BIND
#define SCOPE	 BW_LANDLOCK_WANT_SCOPE

#define WRITING_OF_ABI_1                                                                           \
	(BW_LANDLOCK_WRITE_FILE | BW_LANDLOCK_REMOVE_DIR | BW_LANDLOCK_REMOVE_FILE |               \
		BW_LANDLOCK_MAKE_CHAR | BW_LANDLOCK_MAKE_DIR | BW_LANDLOCK_MAKE_REG |              \
		BW_LANDLOCK_MAKE_SOCK | BW_LANDLOCK_MAKE_FIFO | BW_LANDLOCK_MAKE_BLOCK |           \
		BW_LANDLOCK_MAKE_SYM)

/* lack: what a state says is missing; NULL: a kernel without it breaks no promise of the policy. named: the row of the
 * policy is for just that. Every ruleset over files denies renames between directories until a rule allows them
 * (REFER), so it is wanted with each of both. */
static const struct feature {
	unsigned abi, wanted;
	bool named;
	uint32_t flags;
	uint64_t fs, net, scoped;
	const char *kernel, *brief, *lack;
} features[] = {
	{1, WRITING, true, .fs = WRITING_OF_ABI_1},
	{1, PROGRAMS, true, .fs = BW_LANDLOCK_EXECUTE},
	{2, WRITING | PROGRAMS, false, .fs = BW_LANDLOCK_REFER, .kernel = "5.19", .brief = "renames"},
	{3, WRITING, false, .fs = BW_LANDLOCK_TRUNCATE, .kernel = "6.2", .brief = "truncation",
		.lack = "keeping files from being truncated"},
	{4, CONNECT, true, .net = BW_LANDLOCK_CONNECT_TCP, .kernel = "6.7", .brief = "TCP ports",
		.lack = "limiting to which ports TCP connects"},
	{4, BIND, true, .net = BW_LANDLOCK_BIND_TCP, .kernel = "6.7",
		.lack = "limiting to which ports TCP is bound"},
	{5, WRITING, false, .fs = BW_LANDLOCK_IOCTL_DEV, .kernel = "6.10", .brief = "devices"},
	{6, SCOPE, true, .scoped = BW_LANDLOCK_SCOPE_ABSTRACT, .kernel = "6.12", .brief = "scopes",
		.lack = "closing abstract sockets of the outside"},
	{6, SCOPE, true, .scoped = BW_LANDLOCK_SCOPE_SIGNAL, .kernel = "6.12",
		.lack = "closing signals to the outside"},
	{7, ~0U, false, .flags = BW_LANDLOCK_LOG_NEW_EXEC_ON | BW_LANDLOCK_LOG_SUBDOMAINS_OFF,
		.kernel = "6.15", .brief = "audit records"},
	{9, WRITING, false, .fs = BW_LANDLOCK_RESOLVE_UNIX, .kernel = "7.1", .brief = "unix sockets"},
	{10, CONNECT, false, .net = BW_LANDLOCK_SEND_UDP, .kernel = "7.2", .brief = "UDP ports",
		.lack = "limiting to which ports UDP is sent"},
	{10, BIND, false, .net = BW_LANDLOCK_BIND_UDP, .kernel = "7.2",
		.lack = "limiting to which ports UDP is bound"},
};

struct bw_landlock_ruleset bw_landlock_ruleset_of(uint64_t abi, unsigned wanted)
{
	struct bw_landlock_ruleset ret = {0};

	for (size_t i = 0; i < BW_COUNT(features); i++) {
		if (abi < features[i].abi || !(wanted & features[i].wanted))
			continue;
		ret.handled_fs |= features[i].fs;
		ret.handled_net |= features[i].net;
		ret.scoped |= features[i].scoped;
	}
	return ret;
}

uint32_t bw_landlock_flags_of(uint64_t abi)
{
	uint32_t flags = 0;

	for (size_t i = 0; i < BW_COUNT(features); i++)
		if (abi >= features[i].abi)
			flags |= features[i].flags;
	return flags;
}

bool bw_landlock_next_lack(uint64_t abi, unsigned wanted, size_t *at, bool *ret_named, char *buf, size_t size)
{
	while (*at < BW_COUNT(features)) {
		const struct feature *feature = &features[(*at)++];
		struct bw_buf text = bw_buf_over(buf, size);

		if (abi >= feature->abi || !(wanted & feature->wanted) || !feature->lack)
			continue;
		bw_buf_addf(&text, "%s needs Landlock ABI %u (Linux %s), and this kernel has ABI %llu", feature->lack,
			feature->abi, feature->kernel, (unsigned long long)abi);
		*ret_named = feature->named;
		return true;
	}
	return false;
}

static void add_errata(struct bw_buf *text, uint64_t errata)
{
	if (!errata)
		return;
	bw_buf_add(text, "; errata fixed:");
	for (unsigned i = 0; i < 64; i++)
		if (errata & (1ULL << i))
			bw_buf_addf(text, " %u", i + 1);
}

void bw_landlock_describe(uint64_t abi, uint64_t errata, char *buf, size_t size)
{
	struct bw_buf text = bw_buf_over(buf, size);
	const char *before = ", without ";

	bw_buf_addf(&text, "ABI %llu", (unsigned long long)abi);
	for (size_t i = 0; abi && i < BW_COUNT(features); i++) {
		if (abi >= features[i].abi || !features[i].brief)
			continue;
		bw_buf_addf(&text, "%s%s", before, features[i].brief);
		before = ", ";
	}
	add_errata(&text, errata);
}
