/* SPDX-License-Identifier: Apache-2.0 */
/* sample.c - see sample.h. A look costs a few reads of small files that stay as small whatever the container does, and a
 * write only where a number has changed: there may be hundreds of keepers. */
#include "keeper/sample.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "keeper/alerts.h"
#include "keeper/listen.h"
#include "keeper/seen.h"
#include "keeper/tell.h"
#include "warden/keeper.h"

/* SLOW: what seldom changes is looked at, and written, every so many looks. */
enum { SLOW = 30, WRITE = 3, NET_MAX = 8192, BURST = 10, PER_MINUTE = 10 };

/* ---- one look ---- */

/* "  eth0: 1296 10 0 0 0 0 0 0 1296 10 ...": bytes come first, and ninth. */
void bw_sample_net(const char *text, uint64_t *ret_in_bytes, uint64_t *ret_out_bytes)
{
	enum { OUT_COLUMN = 8 };

	*ret_in_bytes = *ret_out_bytes = 0;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *name, *colon, *end;
		uint64_t in, out;

		line += *line == '\n';
		name = line + strspn(line, " ");
		end = strchrnul(line, '\n');
		colon = memchr(name, ':', (size_t)(end - name));
		if (!colon || strncmp(name, "lo:", 3) == 0)
			continue;
		if (bw_parse_word(colon + 1, 0, UINT64_MAX, &in) == 0 &&
			bw_parse_word(colon + 1, OUT_COLUMN, UINT64_MAX, &out) == 0) {
			*ret_in_bytes += in;
			*ret_out_bytes += out;
		}
	}
}

void bw_sample_gain(uint64_t *sum, uint64_t *last, uint64_t now)
{
	*sum += now > *last ? now - *last : 0;
	*last = now;
}

/* The gate's bytes are no interface's: a container that has it has loopback alone. False: there are no numbers. */
static bool read_net(const struct bw_kept *kept, uint64_t *ret_in_bytes, uint64_t *ret_out_bytes)
{
	char text[NET_MAX];
	ssize_t len = pread(BW_KEEPER_NET, text, sizeof text - 1, 0);

	if (len < 0)
		return false;
	text[len] = '\0';
	bw_sample_net(text, ret_in_bytes, ret_out_bytes);
	*ret_in_bytes += kept->gate_in_bytes;
	*ret_out_bytes += kept->gate_out_bytes;
	return true;
}

static void look_at_net(struct bw_kept *kept)
{
	uint64_t *count = kept->measures.count, in, out;

	if (!read_net(kept, &in, &out))
		return;
	bw_sample_gain(&count[BW_COUNT_NET_IN_BYTES], &kept->net_in_bytes, in);
	bw_sample_gain(&count[BW_COUNT_NET_OUT_BYTES], &kept->net_out_bytes, out);
}

static uint64_t capacity(const struct bw_keeping *k)
{
	uint64_t quota = k->kept->measures.gauge[BW_GAUGE_CPU_LIMIT_MILLI], processors = bw_watch_processors(k->watch);

	if (quota)
		return quota;
	return (processors ? processors : k->processors) * 1000;
}

static void look(struct bw_keeping *k, uint64_t now_ms, bool slow)
{
	struct bw_kept *kept = k->kept;

	kept->measures.duration_ms = now_ms - kept->life.began_ms;
	if (!slow && !bw_watch_has_run(k->watch, kept->measures.count[BW_COUNT_CPU_USEC]))
		return;
	bw_watch_sample(k->watch, slow, &kept->measures);
	if (slow && !kept->throttled)
		kept->capacity_milli = capacity(k);
	bw_seen(k, slow, now_ms);
	if (slow || kept->looks % WRITE == 0)
		kept->measures.count[BW_COUNT_FILE_SIZE_VIOLATIONS] = bw_size_violations(BW_KEEPER_STATE);
	look_at_net(kept);
}

/* Something has happened, and not only been used. */
static bool is_news(const struct bw_measures *a, const struct bw_measures *b)
{
	return memcmp(a->count, b->count, BW_COUNT_CPU_USEC * sizeof *a->count) != 0 ||
	       a->count[BW_COUNT_OOM_KILLS] != b->count[BW_COUNT_OOM_KILLS];
}
_Static_assert(BW_COUNT_ALERTS < BW_COUNT_CPU_USEC && BW_COUNT_WRITES_DENIED < BW_COUNT_CPU_USEC, "events come first");

/* To replace a file costs more than all else: for what is used every third look will do, and where nothing but the time has
 * gone on, the file that is there. */
static void keep(struct bw_keeping *k, bool always)
{
	struct bw_kept *kept = k->kept;
	struct bw_err ignored = {0};
	struct bw_measures now = kept->measures;

	if (!k->settings->metrics.v)
		return;
	now.duration_ms = kept->written.duration_ms;
	if (!always && (memcmp(&now, &kept->written, sizeof now) == 0 ||
			       (kept->looks % WRITE && !is_news(&now, &kept->written))))
		return;
	kept->written = kept->measures;
	(void)!bw_measures_write(BW_KEEPER_STATE, BW_MEASURES_NAME, &kept->measures, &ignored);
}

void bw_sample(struct bw_keeping *k, uint64_t now_ms)
{
	struct bw_kept *kept = k->kept;
	bool slow = kept->looks % SLOW == 0;

	if (!kept->look_ms || now_ms < kept->look_ms)
		return;
	/* What was missed while the machine slept is not made up for. */
	kept->look_ms += k->settings->interval_ms.v;
	if (kept->look_ms <= now_ms)
		kept->look_ms = now_ms + k->settings->interval_ms.v;
	kept->looks++;
	look(k, now_ms, slow);
	bw_alerts_look(k, now_ms);
	keep(k, slow);
}

/* ---- the beginning ---- */

void bw_sample_begin(struct bw_keeping *k, uint64_t now_ms)
{
	struct bw_kept *kept = k->kept;
	struct timespec wall = {0};

	if (!k->settings->interval_ms.set || kept->look_ms)
		return;
	clock_gettime(CLOCK_REALTIME, &wall);
	kept->measures.started_unix_ms = (uint64_t)wall.tv_sec * 1000 + (uint64_t)wall.tv_nsec / 1000000;
	kept->programs.meter = kept->destinations.meter = kept->writes.meter = bw_meter_make(PER_MINUTE, BURST, now_ms);
	bw_listen_begin(k, now_ms);
	bw_alerts_begin(k);
	/* A network that is the host's or a pod's has been there before: that is not this container's. */
	(void)read_net(kept, &kept->net_in_bytes, &kept->net_out_bytes);
	kept->look_ms = now_ms + k->settings->interval_ms.v;
}

/* ---- the end ---- */

/* PIDFD_GET_INFO of Linux 6.13 with the exit status of 6.15, which headers may lack; the part of 64 bytes. */
struct exit_info {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t status;
};
_Static_assert(sizeof(struct exit_info) == 64, "as PIDFD_INFO_SIZE_VER0");
#define GET_EXIT_INFO _IOWR(0xff, 11, struct exit_info)
#define HAS_STATUS    (1ULL << 3)

/* Whether the first process has died of writing too much to a file (RLIMIT_FSIZE); others die unseen. Its status is known
 * when its parent has asked for it. */
static bool has_written_too_much(void)
{
	enum { TRIES = 10, NAP_NS = 5000000 };

	for (int i = 0; i < TRIES; i++) {
		struct exit_info info = {.mask = HAS_STATUS};

		errno = 0;
		if (ioctl(BW_KEEPER_INIT, GET_EXIT_INFO, &info) == 0 && (info.mask & HAS_STATUS))
			return (info.status & 0x7f) == SIGXFSZ || (info.status >> 8 & 0xff) == 128 + SIGXFSZ;
		/* No such call, or no status in it. */
		if (errno != ESRCH && errno != 0)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
	}
	return false;
}

void bw_sample_end(struct bw_keeping *k, uint64_t now_ms)
{
	struct bw_kept *kept = k->kept;
	struct bw_err ignored = {0};

	if (!kept->look_ms || kept->ended)
		return;
	/* What was written within one tick of the file system's clock is not overlooked. */
	kept->counts_from = (struct timespec){0};
	bw_listen(k, now_ms);
	look(k, now_ms, true);
	bw_tell_rest(k, &kept->programs, BW_AUDIT_PROGRAM_DENIED);
	bw_tell_rest(k, &kept->destinations, BW_AUDIT_DESTINATION_DENIED);
	bw_tell_rest(k, &kept->writes, BW_AUDIT_WRITE_DENIED);
	if (has_written_too_much()) {
		kept->measures.count[BW_COUNT_FILE_SIZE_VIOLATIONS]++;
		bw_tell(k, BW_AUDIT_SIZE_VIOLATION,
			"the first process has died of writing more to a file than RLIMIT_FSIZE", NULL, 0);
	}
	keep(k, true);
	if (k->totals >= 0)
		(void)!bw_totals_add_at(k->totals, BW_KEEPER_STATE, k->settings->tenant, k->settings->profile,
			&kept->measures, &ignored);
	kept->ended = true;
}
