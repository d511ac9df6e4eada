// SPDX-License-Identifier: Apache-2.0
/*
 * reach.c - one way after the other to reach an address, and the service that would answer. Static, for any rootfs.
 *
 *	reach KIND TARGET...   each TARGET by KIND, or by every kind ("all"); a line each:
 *	                       KIND TARGET WORD ERRNO MILLISECONDS
 *	reach serve ADDRESS... answers TCP (plain, multipath, fast open) and UDP on port 80 of each, prints what came:
 *	                       "tcp ADDRESS" or "udp ADDRESS"; "ready" first
 *	reach kinds            the names of all kinds
 *
 * WORD is "reached" (the service answered), "refused" (a system call said so, ERRNO), "silent" (nothing came back
 * in three seconds, for a ping in half a second), "opened" (a socket that could send anything; nothing is sent) or
 * "absent" (this kernel has no such thing). TARGET is ADDRESS or ADDRESS@HOP: source routes go by HOP. No resolver
 * is asked: inet_aton(3) reads decimal,
 * octal and hexadecimal spellings, as many a program does.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif

enum { PORT = 80, PATIENCE_MS = 3000, MAX_SERVED = 64, LIFE_S = 600 };

static const char greeting[] = "metadata\n";

struct target {
	union {
		struct sockaddr any;
		struct sockaddr_in inet;
		struct sockaddr_in6 inet6;
	} to;
	socklen_t len;
	struct in_addr hop;
	bool has_hop;
};

// What an attempt came to; an error's number is in errno.
enum outcome { REACHED, REFUSED, SILENT, OPENED, ABSENT };
static const char *const outcome_words[] = {"reached", "refused", "silent", "opened", "absent"};

static bool read_target(const char *text, struct target *ret)
{
	const char *at = strchr(text, '@');
	char address[128];

	snprintf(address, sizeof address, "%.*s", at ? (int)(at - text) : (int)strlen(text), text);
	memset(ret, 0, sizeof *ret);
	ret->has_hop = at != NULL;
	if (at && !inet_aton(at + 1, &ret->hop))
		return false;
	if (inet_pton(AF_INET6, address, &ret->to.inet6.sin6_addr) == 1) {
		ret->to.inet6.sin6_family = AF_INET6;
		ret->to.inet6.sin6_port = htons(PORT);
		ret->len = sizeof ret->to.inet6;
		return true;
	}
	ret->to.inet.sin_family = AF_INET;
	ret->to.inet.sin_port = htons(PORT);
	ret->len = sizeof ret->to.inet;
	return inet_aton(address, &ret->to.inet.sin_addr);
}

static int new_socket(const struct target *t, int type, int protocol)
{
	const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	int fd = socket(t->to.any.sa_family, type | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

// The errors that come when nobody said anything.
static bool is_silence(int error)
{
	return error == EAGAIN || error == EINPROGRESS || error == ETIMEDOUT;
}

static enum outcome failed(void)
{
	return is_silence(errno) ? SILENT : REFUSED;
}

// Whether the service speaks, which is the proof that it was reached.
static enum outcome answer(int fd)
{
	char text[64];
	ssize_t got = recv(fd, text, sizeof text, 0);

	if (got < 0)
		return failed();
	return got == (ssize_t)sizeof greeting - 1 && !memcmp(text, greeting, sizeof greeting - 1) ? REACHED : SILENT;
}

static enum outcome stream(const struct target *t, int protocol)
{
	int fd = new_socket(t, SOCK_STREAM, protocol);

	if (fd < 0)
		return protocol == IPPROTO_MPTCP && (errno == EPROTONOSUPPORT || errno == EINVAL || errno == ENOPROTOOPT)
			       ? ABSENT
			       : REFUSED;
	if (connect(fd, &t->to.any, t->len) < 0)
		return failed();
	return answer(fd);
}

static enum outcome tcp(const struct target *t)
{
	return stream(t, IPPROTO_TCP);
}

// By an interface that the program chose, which rules of routing may be told apart by.
static enum outcome tcp_bound(const struct target *t)
{
	static const char interface[] = "eth0";
	int fd = new_socket(t, SOCK_STREAM, 0);

	if (fd < 0)
		return REFUSED;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, sizeof interface) < 0 && errno == ENODEV)
		return ABSENT;
	if (connect(fd, &t->to.any, t->len) < 0)
		return failed();
	return answer(fd);
}

static enum outcome multipath(const struct target *t)
{
	return stream(t, IPPROTO_MPTCP);
}

// Twice: the first gets the cookie, the second has data in its first packet.
static enum outcome fast_open(const struct target *t)
{
	enum outcome outcome = ABSENT;

	for (int i = 0; i < 2; i++) {
		int fd = new_socket(t, SOCK_STREAM, 0);

		if (fd < 0)
			return REFUSED;
		if (sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, &t->to.any, t->len) < 0)
			return errno == EOPNOTSUPP ? ABSENT : failed();
		outcome = answer(fd);
		if (outcome != REACHED)
			return outcome;
	}
	return outcome;
}

// connect() says yes and sends nothing; the first write() connects.
static enum outcome fast_open_connect(const struct target *t)
{
	enum outcome outcome = ABSENT;

	for (int i = 0; i < 2; i++) {
		int fd = new_socket(t, SOCK_STREAM, 0), on = 1;

		if (fd < 0)
			return REFUSED;
		if (setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on) < 0)
			return ABSENT;
		if (connect(fd, &t->to.any, t->len) < 0 || send(fd, "x", 1, MSG_NOSIGNAL) < 0)
			return failed();
		outcome = answer(fd);
		if (outcome != REACHED)
			return outcome;
	}
	return outcome;
}

static enum outcome udp_connected(const struct target *t)
{
	int fd = new_socket(t, SOCK_DGRAM, 0);

	if (fd < 0 || connect(fd, &t->to.any, t->len) < 0 || send(fd, "x", 1, 0) < 0)
		return failed();
	return answer(fd);
}

static enum outcome udp_sendto(const struct target *t)
{
	int fd = new_socket(t, SOCK_DGRAM, 0);

	if (fd < 0 || sendto(fd, "x", 1, 0, &t->to.any, t->len) < 0)
		return failed();
	return answer(fd);
}

static enum outcome udp_sendmmsg(const struct target *t)
{
	struct iovec text = {"x", 1};
	struct mmsghdr message = {.msg_hdr = {.msg_name = (void *)(unsigned long)&t->to,
					  .msg_namelen = t->len,
					  .msg_iov = &text,
					  .msg_iovlen = 1}};
	int fd = new_socket(t, SOCK_DGRAM, 0);

	if (fd < 0 || sendmmsg(fd, &message, 1, 0) < 0)
		return failed();
	return answer(fd);
}

// A datagram is put together by a first call, which has the address, and sent by a second, which has none.
static enum outcome udp_corked(const struct target *t)
{
	int fd = new_socket(t, SOCK_DGRAM, 0);

	if (fd < 0 || sendto(fd, "x", 1, MSG_MORE, &t->to.any, t->len) < 0 || send(fd, "y", 1, 0) < 0)
		return failed();
	return answer(fd);
}

// Loose source and record route, RFC 791: the packet is addressed to the hop, and to the target only behind that.
static enum outcome source_route(const struct target *t, int type)
{
	unsigned char option[8] = {1, 131, 7, 4};
	int fd;

	if (!t->has_hop || t->to.any.sa_family != AF_INET)
		return ABSENT;
	fd = new_socket(t, type, 0);
	memcpy(option + 4, &t->hop, 4);
	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_OPTIONS, option, sizeof option) < 0 ||
		connect(fd, &t->to.any, t->len) < 0 || (type == SOCK_DGRAM && send(fd, "x", 1, 0) < 0))
		return failed();
	return answer(fd);
}

static enum outcome source_route_tcp(const struct target *t)
{
	return source_route(t, SOCK_STREAM);
}

static enum outcome source_route_udp(const struct target *t)
{
	return source_route(t, SOCK_DGRAM);
}

// Sockets of ping, which need no capability where net.ipv4.ping_group_range has the group.
static enum outcome ping(const struct target *t)
{
	const unsigned char echo[8] = {t->to.any.sa_family == AF_INET ? 8 : 128};
	const struct timeval little = {.tv_usec = 500000};
	int fd = new_socket(t, SOCK_DGRAM, t->to.any.sa_family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	char text[64];

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &little, sizeof little);
	if (fd < 0 || sendto(fd, echo, sizeof echo, 0, &t->to.any, t->len) < 0 || recv(fd, text, sizeof text, 0) < 0)
		return failed();
	return REACHED;
}

static enum outcome opened(int domain, int type, int protocol)
{
	return socket(domain, type | SOCK_CLOEXEC, protocol) < 0 ? REFUSED : OPENED;
}

static enum outcome raw(const struct target *t)
{
	return opened(t->to.any.sa_family, SOCK_RAW, t->to.any.sa_family == AF_INET ? IPPROTO_RAW : IPPROTO_UDP);
}

static enum outcome packet(const struct target *t)
{
	return opened(AF_PACKET, SOCK_RAW, t->to.any.sa_family == AF_INET ? htons(ETH_P_IP) : htons(ETH_P_IPV6));
}

static enum outcome packet_cooked(const struct target *t)
{
	return opened(AF_PACKET, SOCK_DGRAM, t->to.any.sa_family == AF_INET ? htons(ETH_P_IP) : htons(ETH_P_IPV6));
}

// The packet socket of Linux 2.0, which a filter of families alone lets through.
static enum outcome packet_old(const struct target *t)
{
	(void)t;
	return opened(AF_INET, SOCK_PACKET, htons(ETH_P_ALL));
}

static const struct {
	const char *name;
	enum outcome (*attempt)(const struct target *t);
} kinds[] = {
	{"tcp", tcp},
	{"tcp-bound", tcp_bound},
	{"mptcp", multipath},
	{"fastopen", fast_open},
	{"fastopen-connect", fast_open_connect},
	{"udp", udp_connected},
	{"udp-sendto", udp_sendto},
	{"udp-sendmmsg", udp_sendmmsg},
	{"udp-corked", udp_corked},
	{"source-route-tcp", source_route_tcp},
	{"source-route-udp", source_route_udp},
	{"ping", ping},
	{"raw", raw},
	{"packet", packet},
	{"packet-cooked", packet_cooked},
	{"packet-old", packet_old},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void attempt_and_say(size_t kind, const char *text, const struct target *t)
{
	long begin = milliseconds();
	enum outcome outcome = kinds[kind].attempt(t);
	int error = errno;

	printf("%s %s %s %s %ld\n", kinds[kind].name, text, outcome_words[outcome],
		outcome == REFUSED ? strerrorname_np(error) : "-", milliseconds() - begin);
	fflush(stdout);
}

static int reach(const char *kind, char **targets)
{
	bool all = !strcmp(kind, "all"), known = all;

	for (; *targets; targets++) {
		struct target t;

		if (!read_target(*targets, &t)) {
			fprintf(stderr, "reach: no address: %s\n", *targets);
			return 2;
		}
		for (size_t i = 0; i < KINDS; i++)
			if (all || !strcmp(kind, kinds[i].name)) {
				known = true;
				attempt_and_say(i, *targets, &t);
			}
	}
	return known ? 0 : 2;
}

// ---- the service ----------------------------------------------------------------------------------------

// A listener for streams (multipath where there is that), or a socket for datagrams.
static int serve_on(const struct target *t, int type)
{
	int on = 1, backlog = 16, fd = -1;

	if (type == SOCK_STREAM)
		fd = socket(t->to.any.sa_family, type, IPPROTO_MPTCP);
	if (fd < 0)
		fd = socket(t->to.any.sa_family, type, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (t->to.any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, &t->to.any, t->len) < 0)
		return -1;
	if (type == SOCK_DGRAM)
		return fd;
	setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &backlog, sizeof backlog);
	return listen(fd, backlog) < 0 ? -1 : fd;
}

static void serve_stream(int fd)
{
	int client = accept(fd, NULL, NULL);

	if (client < 0)
		return;
	send(client, greeting, sizeof greeting - 1, MSG_NOSIGNAL);
	// What a client of fast open sent and nobody read would end the connection with a reset.
	shutdown(client, SHUT_WR);
	recv(client, (char[64]){0}, 64, MSG_DONTWAIT);
	close(client);
}

static void serve_datagram(int fd)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof from;
	char text[64];

	if (recvfrom(fd, text, sizeof text, 0, (struct sockaddr *)&from, &len) >= 0)
		sendto(fd, greeting, sizeof greeting - 1, 0, (struct sockaddr *)&from, len);
}

static int serve(char **addresses)
{
	struct pollfd fds[2 * MAX_SERVED];
	char *names[2 * MAX_SERVED];
	nfds_t count = 0;

	for (; *addresses && count < 2 * MAX_SERVED; addresses++) {
		struct target t;

		if (!read_target(*addresses, &t))
			return 2;
		for (int i = 0; i < 2; i++, count++) {
			names[count] = *addresses;
			fds[count] = (struct pollfd){serve_on(&t, i ? SOCK_DGRAM : SOCK_STREAM), POLLIN, 0};
			if (fds[count].fd < 0) {
				perror(*addresses);
				return 1;
			}
		}
	}
	puts("ready");
	fflush(stdout);
	// Should whoever started this have forgotten it.
	alarm(LIFE_S);
	for (;;) {
		poll(fds, count, -1);
		for (nfds_t i = 0; i < count; i++) {
			if (!(fds[i].revents & POLLIN))
				continue;
			printf("%s %s\n", i % 2 ? "udp" : "tcp", names[i]);
			fflush(stdout);
			(i % 2 ? serve_datagram : serve_stream)(fds[i].fd);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "kinds")) {
		for (size_t i = 0; i < KINDS; i++)
			puts(kinds[i].name);
		return 0;
	}
	if (argc > 2 && !strcmp(argv[1], "serve"))
		return serve(argv + 2);
	if (argc > 2)
		return reach(argv[1], argv + 2);
	fprintf(stderr, "usage: reach KIND TARGET...; reach serve ADDRESS...; see reach.c\n");
	return 2;
}
