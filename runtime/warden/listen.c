/* SPDX-License-Identifier: Apache-2.0 */
/* listen.c - see listen.h. */
#include "warden/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

enum { BACKLOG = 128 };

static int bind_loopback(int fd, int family, uint16_t port)
{
	const struct sockaddr_in v4 = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	return family == AF_INET ? bind(fd, (const struct sockaddr *)&v4, sizeof v4)
				 : bind(fd, (const struct sockaddr *)&v6, sizeof v6);
}

/* A descriptor, or -1 with errno. No SO_REUSEPORT: the container could share the port. */
static int open_socket(int family, bool is_udp, uint16_t port)
{
	auto_close int fd = socket(family, (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;

	if (fd < 0 || (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) ||
		(!is_udp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) ||
		bind_loopback(fd, family, port) < 0 || (!is_udp && listen(fd, BACKLOG) < 0))
		return -1;
	return take_fd(&fd);
}

static bool has_no_ipv6(int error)
{
	return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

static int add(struct bw_listeners *list, enum bw_listener_kind kind, int family, uint16_t port, struct bw_err *err)
{
	int fd = open_socket(family, kind == BW_LISTEN_DNS_UDP, port);

	if (fd < 0 && family == AF_INET6 && has_no_ipv6(errno))
		return 0;
	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "listening on %s port %u in the container's network%s",
			family == AF_INET ? "127.0.0.1" : "::1", port, errno == EADDRNOTAVAIL ? " (is lo up?)" : "");
	list->v[list->n++] = (struct bw_listener){fd, kind, port};
	list->with_ipv6 = list->with_ipv6 || family == AF_INET6;
	return 0;
}

static int add_family(struct bw_listeners *list, int family, const struct bw_settings *settings, struct bw_err *err)
{
	if (add(list, BW_LISTEN_PROXY, family, (uint16_t)settings->proxy_port.v, err) < 0 ||
		add(list, BW_LISTEN_DNS_UDP, family, BW_WARDEN_DNS_PORT, err) < 0 ||
		add(list, BW_LISTEN_DNS_TCP, family, BW_WARDEN_DNS_PORT, err) < 0)
		return -1;
	for (size_t i = 0; i < settings->ports.n; i++)
		if (add(list, BW_LISTEN_TLS, family, (uint16_t)settings->ports.v[i], err) < 0)
			return -1;
	return 0;
}

static int check_namespaces(int ours, int theirs, struct bw_err *err)
{
	struct stat a, b;

	if (fstat(ours, &a) < 0 || fstat(theirs, &b) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "looking at the network namespaces");
	if (a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		return bw_fail(err, BW_E_DENIED, 0, "the container's network is the one that the gate would lead to");
	return 0;
}

int bw_listen_all(int netns, const struct bw_settings *settings, struct bw_listeners *ret, struct bw_err *err)
{
	auto_close int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct bw_listeners list = {0};
	int r;

	if (home < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "open /proc/self/ns/net");
	if (check_namespaces(home, netns, err) < 0)
		return -1;
	if (setns(netns, CLONE_NEWNET) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "entering the container's network namespace");
	r = add_family(&list, AF_INET, settings, err);
	if (r == 0)
		r = add_family(&list, AF_INET6, settings, err);
	/* Staying would be no hole, but nothing would work. */
	if (setns(home, CLONE_NEWNET) < 0)
		return bw_fail(r < 0 ? NULL : err, BW_E_KERNEL, errno, "leaving the container's network namespace");
	if (r < 0) {
		for (size_t i = 0; i < list.n; i++)
			close(list.v[i].fd);
		return -1;
	}
	*ret = list;
	return 0;
}
