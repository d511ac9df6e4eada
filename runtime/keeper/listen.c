/* SPDX-License-Identifier: Apache-2.0 */
/* listen.c - see listen.h. Every keeper gets the denials of the whole host, and a container can make as many as it likes: so
 * the kernel keeps all other records from us, and of these only so many are looked at. What is told is told of processes
 * that are the container's by their cgroup; a name in a record proves nothing, for others have the same profile, and one
 * who has ended and been waited for by the time we look is nobody's, but for the container's first. */
#include "keeper/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/audit_socket.h"
#include "base/auto.h"
#include "base/fd.h"
#include "base/proc.h"
#include "keeper/tell.h"

/* RECORDS: looked at a minute, and at once; then nobody listens for REST_MS, and what comes meanwhile waits as far as the
 * socket holds it. A record is never longer than RECORD_MAX: a path of 4095 bytes in two digits each, and the rest. */
enum {
	RECORDS_PER_MINUTE = 6000,
	RECORDS_AT_ONCE = 500,
	REST_MS = 1000,
	RECORD_MAX = 16384,
	GAPS_PER_MINUTE = 1,
	GAPS_AT_ONCE = 1
};
/* Of a clock that ticks, and of one that is read later. */
enum { SLACK_MS = 100 };

/* ---- the socket ---- */

/* The filter loads numbers as of the network's order; the header's are the machine's. */
#define IS_TYPE(type, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (type), (skip), 0)

static int keep_others_out(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		IS_TYPE(htons(BW_RECORD_AVC), 3),
		IS_TYPE(htons(BW_RECORD_LANDLOCK_ACCESS), 2),
		IS_TYPE(htons(BW_RECORD_LANDLOCK_DOMAIN), 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = {BW_COUNT(code), code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int bw_listen_open(void)
{
	const struct sockaddr_nl group = {.nl_family = AF_NETLINK, .nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1)};
	auto_close int fd = bw_audit_socket();

	if (fd < 0 || keep_others_out(fd) < 0 || bind(fd, (const struct sockaddr *)&group, sizeof group) < 0)
		return -1;
	return take_fd(&fd);
}

/* ---- whose it is ---- */

static uint64_t clock_ms(clockid_t clock)
{
	struct timespec now = {0};

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Whether the process that has this pid now is younger than the record: then the record's was another. */
static bool came_later(const struct bw_proc_stat *stat, uint64_t at_ms)
{
	uint64_t real = clock_ms(CLOCK_REALTIME), age = real > at_ms ? real - at_ms : 0,
		 ticks = (uint64_t)sysconf(_SC_CLK_TCK);

	return stat->start_time * 1000 / ticks > clock_ms(CLOCK_BOOTTIME) - age + SLACK_MS;
}

static bool is_ours(void *ctx, pid_t pid, uint64_t at_ms)
{
	const struct bw_keeping *k = ctx;
	struct bw_proc_stat stat;
	char path[32], text[4096];

	/* Its number is nobody else's as long as we have not seen its end. */
	if (pid == bw_watch_init(k->watch))
		return true;
	snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
	return bw_proc_stat(pid, &stat) == 0 && !came_later(&stat, at_ms) &&
	       bw_read_at(AT_FDCWD, path, text, sizeof text) > 0 && bw_watch_holds(k->watch, text);
}

/* ---- records ---- */

static bool is_known(const struct bw_kept_ear *ear, uint64_t domain)
{
	for (uint32_t i = 0; i < ear->domains_n && i < BW_EAR_DOMAINS; i++)
		if (ear->domains[i] == domain)
			return true;
	return false;
}

/* Whose a domain is comes behind the first that was denied by it: that one waits. Of somebody else's it waits in vain. */
static void take_landlock(const struct bw_listening *l, const struct bw_denied *denied)
{
	if (is_known(l->ear, denied->domain))
		l->denied(l->ctx, denied);
	else
		l->ear->waiting[l->ear->waiting_n++ % BW_EAR_WAITING] = *denied;
}

static void take_domain(const struct bw_listening *l, const struct bw_denied *domain)
{
	bool ours = l->is_ours(l->ctx, domain->pid, domain->at_ms);
	struct bw_kept_ear *ear = l->ear;

	if (ours)
		ear->domains[ear->domains_n++ % BW_EAR_DOMAINS] = domain->domain;
	/* Its number can come around, and those at the ring's beginning are the oldest all the same. */
	if (ear->domains_n == 2 * BW_EAR_DOMAINS)
		ear->domains_n = BW_EAR_DOMAINS;
	for (size_t i = 0; i < BW_EAR_WAITING; i++) {
		if (ear->waiting[i].domain != domain->domain)
			continue;
		memcpy(ear->waiting[i].comm, domain->comm, sizeof domain->comm);
		if (ours)
			l->denied(l->ctx, &ear->waiting[i]);
		ear->waiting[i].domain = 0;
	}
}

void bw_listen_take(const struct bw_listening *l, uint16_t type, const char *text, size_t len)
{
	struct bw_denied denied;

	switch (bw_denied_parse(type, text, len, &denied)) {
	case BW_DENIED_NOTHING:
		return;
	case BW_DENIED_DOMAIN:
		take_domain(l, &denied);
		return;
	case BW_DENIED_WRITE:
		if (denied.domain)
			take_landlock(l, &denied);
		else if (l->is_ours(l->ctx, denied.pid, denied.at_ms))
			l->denied(l->ctx, &denied);
		return;
	}
}

static void tell_denied(void *ctx, const struct bw_denied *denied)
{
	const struct bw_keeping *k = ctx;
	const struct bw_audit_more more[] = {{denied->is_name ? "name" : "path", *denied->path ? denied->path : NULL},
		{"operation", denied->operation}, {"by", denied->by}, {"comm", *denied->comm ? denied->comm : NULL}};
	uint64_t now_ms = clock_ms(CLOCK_BOOTTIME);

	_Static_assert(BW_COUNT(more) <= BW_TELL_MORE, "room for them");
	k->kept->measures.count[BW_COUNT_WRITES_DENIED]++;
	bw_counter_add(&k->kept->writes_denied, now_ms, 1);
	bw_tell_flood(k, &k->kept->writes, now_ms, BW_AUDIT_WRITE_DENIED,
		"a security module of the kernel's has denied a write", more, BW_COUNT(more));
}

static void tell_gap(struct bw_keeping *k, uint64_t now_ms)
{
	if (bw_meter_take(&k->kept->ear.gaps, now_ms))
		bw_tell(k, BW_AUDIT_DEGRADED,
			"the kernel's audit records came faster than they could be read: denied writes may have been "
			"overlooked",
			NULL, 0);
}

/* Whether there was one. Only the kernel's own are taken: root of the host could send others. */
static bool take_one(struct bw_keeping *k, uint64_t now_ms)
{
	const struct bw_listening listening = {&k->kept->ear, is_ours, tell_denied, k};
	static union {
		struct nlmsghdr header;
		char bytes[RECORD_MAX];
	} record;
	struct sockaddr_nl from = {0};
	socklen_t from_len = sizeof from;
	ssize_t len = recvfrom(k->ear, &record, sizeof record, 0, (struct sockaddr *)&from, &from_len);

	if (len < 0 && errno == ENOBUFS)
		tell_gap(k, now_ms);
	if (len < 0)
		return errno == ENOBUFS || errno == EINTR;
	if (from_len == sizeof from && from.nl_pid == 0 && (size_t)len > NLMSG_HDRLEN)
		bw_listen_take(&listening, record.header.nlmsg_type, record.bytes + NLMSG_HDRLEN, (size_t)len - NLMSG_HDRLEN);
	return true;
}

/* What came before the container began is nothing of its program's: that there was too much of it, least of all. */
void bw_listen_begin(struct bw_keeping *k, uint64_t now_ms)
{
	char one;

	/* The state says that they are seen: CAP_AUDIT_READ was there, and the host's own SELinux has the last word. */
	if (k->settings->listen.v && k->ear < 0)
		bw_tell(k, BW_AUDIT_DEGRADED,
			"denied writes are not seen: the kernel's audit log cannot be listened to", NULL, 0);
	if (k->ear >= 0)
		(void)!recvfrom(k->ear, &one, sizeof one, 0, NULL, NULL);
	k->kept->ear.meter = bw_meter_make(RECORDS_PER_MINUTE, RECORDS_AT_ONCE, now_ms);
	k->kept->ear.gaps = bw_meter_make(GAPS_PER_MINUTE, GAPS_AT_ONCE, now_ms);
}

void bw_listen(struct bw_keeping *k, uint64_t now_ms)
{
	struct bw_kept_ear *ear = &k->kept->ear;

	if (k->ear < 0 || now_ms < ear->resume_ms || !k->kept->look_ms)
		return;
	ear->resume_ms = 0;
	do {
		if (!bw_meter_take(&ear->meter, now_ms)) {
			ear->resume_ms = now_ms + REST_MS;
			return;
		}
	} while (take_one(k, now_ms));
}

int bw_listen_fd(const struct bw_keeping *k)
{
	return k->kept->ear.resume_ms || !k->kept->look_ms ? -1 : k->ear;
}
