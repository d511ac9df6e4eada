/* SPDX-License-Identifier: Apache-2.0 */
/* test_netns_live.c - the guard against a cloud of three namespaces, made here and linked to
 * nothing else: one owns the metadata addresses and answers on them, one is guarded, one is not (so
 * that the test can go red). The engine's part, cables, addresses and routes, comes after the
 * guard. Needs root, ip(8) and veth; else skips (77). */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "base/auto.h"
#include "control/control.h"
#include "control/guard.h"
#include "control/netns.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { PORT = 8099 };
static const double at_once_ms = 500;

/* A namespace is held by a process that sleeps in it. */
struct space {
	pid_t keeper;
	int fd;
};

static char network[] = "network", require[] = "require";
static char endpoint_texts[][24] = {
	"169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254"};
static char *endpoints[] = {
	endpoint_texts[0], endpoint_texts[1], endpoint_texts[2], endpoint_texts[3]};
static const char allowed4[] = "192.0.2.10", allowed6[] = "2001:db8::10";
static int failures;

static void fail(const char *fmt, ...) BW_PRINTF(1, 2);
static void fail(const char *fmt, ...)
{
	va_list ap;

	failures++;
	va_start(ap, fmt);
	fputs("FAIL: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- namespaces and commands in them ---- */

/* A new namespace; begin(), if any, runs first in it and must give 0. */
static struct space make_space(int (*begin)(void))
{
	struct space space = {.fd = -1};
	char path[64], byte = 1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		abort();
	space.keeper = fork();
	if (space.keeper == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) == 0 && (!begin || begin() == 0) &&
			write(ends[1], &byte, 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) == 1) {
		snprintf(path, sizeof path, "/proc/%d/ns/net", (int)space.keeper);
		space.fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	close(ends[0]);
	return space;
}

static void end_space(const struct space *space)
{
	kill(space->keeper, SIGKILL);
	waitpid(space->keeper, NULL, 0);
	close(space->fd);
}

/* Exit code of a shell command line in the namespace. */
static int ip(const struct space *space, const char *fmt, ...) BW_PRINTF(2, 3);
static int ip(const struct space *space, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int status = -1;
	pid_t pid;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	pid = fork();
	if (pid == 0) {
		if (setns(space->fd, CLONE_NEWNET) < 0)
			_exit(126);
		execl("/bin/sh", "sh", "-ec", line, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void must(int r, const char *what)
{
	if (r != 0)
		fail("%s gave %d", what, r);
}

/* ---- the cloud's answers ---- */

static void serve(int tcp, int udp)
{
	struct pollfd fds[] = {{.fd = tcp, .events = POLLIN}, {.fd = udp, .events = POLLIN}};
	char bytes[64];

	while (poll(fds, 2, -1) > 0) {
		if (fds[0].revents)
			close(accept(tcp, NULL, NULL));
		if (fds[1].revents)
			(void)recv(udp, bytes, sizeof bytes, 0);
	}
}

static pid_t start_cloud(const struct space *cloud)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
	pid_t pid = fork();
	int tcp, udp;

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setns(cloud->fd, CLONE_NEWNET) < 0)
		_exit(1);
	tcp = socket(AF_INET6, SOCK_STREAM, 0);
	udp = socket(AF_INET6, SOCK_DGRAM, 0);
	if (bind(tcp, (struct sockaddr *)&any, sizeof any) == 0 && listen(tcp, 64) == 0 &&
		bind(udp, (struct sockaddr *)&any, sizeof any) == 0)
		serve(tcp, udp);
	_exit(1);
}

/* ---- clients ---- */

/* text as a socket address of family; IPv4 in an AF_INET6 socket is mapped. Length, 0: not
 * possible. */
static socklen_t address_of(const char *text, int family, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (void *)ret;
	struct sockaddr_in6 *v6 = (void *)ret;
	char mapped[64];

	memset(ret, 0, sizeof *ret);
	ret->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		v4->sin_port = htons(PORT);
		return inet_pton(AF_INET, text, &v4->sin_addr) == 1 ? sizeof *v4 : 0;
	}
	v6->sin6_port = htons(PORT);
	snprintf(mapped, sizeof mapped, "%s%s", strchr(text, ':') ? "" : "::ffff:", text);
	return inet_pton(AF_INET6, mapped, &v6->sin6_addr) == 1 ? sizeof *v6 : 0;
}

static int try_here(const char *text, int family, int type)
{
	struct timeval patience = {.tv_sec = 2};
	struct sockaddr_storage to;
	socklen_t len = address_of(text, family, &to);
	int sock = socket(family, type | SOCK_CLOEXEC, 0);
	ssize_t r;

	if (sock < 0 || !len)
		return 255;
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	r = type == SOCK_STREAM ? connect(sock, (struct sockaddr *)&to, len)
				: sendto(sock, "x", 1, 0, (struct sockaddr *)&to, len);
	return r < 0 ? errno : 0;
}

/* 0: it arrives; else the errno. */
static int try_in(const struct space *space, const char *text, int family, int type)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(setns(space->fd, CLONE_NEWNET) < 0 ? 254 : try_here(text, family, type));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 253;
}

/* The quickest of a few: on a machine that is busy a first packet may be late, but never what is refused at once. */
static double quickest_ms(const struct space *space, const char *text, int family, int type, int *ret_got)
{
	double best = 1e9;

	for (int i = 0; i < 3 && best > at_once_ms; i++) {
		double begin = now_us(), ms;

		*ret_got = try_in(space, text, family, type);
		ms = (now_us() - begin) / 1e3;
		best = ms < best ? ms : best;
	}
	return best;
}

static void expect(const struct space *space, const char *stage, const char *text, int want)
{
	static const int families[] = {AF_INET, AF_INET6}, types[] = {SOCK_STREAM, SOCK_DGRAM};

	for (int f = strchr(text, ':') ? 1 : 0; f < 2; f++)
		for (int t = 0; t < 2; t++) {
			int got = 0;
			double ms = quickest_ms(space, text, families[f], types[t], &got);

			if (got != want)
				fail("%s: %s from AF_INET%s, %s: %s, not %s", stage, text,
					f ? "6" : "", t ? "UDP" : "TCP",
					got ? strerror(got) : "reachable",
					want ? strerror(want) : "reachable");
			if (ms > at_once_ms)
				fail("%s: %s: answer after %.0f ms", stage, text, ms);
		}
}

static int verify(const struct space *space, struct bw_err *err)
{
	struct bw_strs list = {endpoints, BW_COUNT(endpoints)};

	return bw_netns_verify(space->fd, &list, err);
}

/* Everything that must hold after each thing an engine may do. */
static void expect_guarded(const struct space *space, const char *stage)
{
	struct bw_err err = {0};

	for (size_t i = 0; i < BW_COUNT(endpoints); i++)
		expect(space, stage, endpoints[i], EACCES);
	if (verify(space, &err) < 0)
		fail("%s: verify: %s", stage, err.text);
}

static void expect_allowed(const struct space *space, const char *stage)
{
	expect(space, stage, allowed4, 0);
	expect(space, stage, allowed6, 0);
}

/* ---- the guard, as create would set it up ---- */

static struct bw_plan plan = BW_PLAN_INIT;

static int build_plan(void)
{
	static struct bw_spec_namespace ns = {.type = network};
	static struct bw_spec_linux linux_ = {.namespaces = {&ns, 1}};
	static struct bw_spec_hardening hardening = {
		.endpoints = require, .block_endpoints = {endpoints, BW_COUNT(endpoints)}};
	static struct bw_spec spec = {.linux_ = &linux_, .hardening = &hardening};
	struct bw_host host = {0};
	struct bw_guard way = {.way = BW_GUARD_ROUTING};
	struct bw_request request = {.spec = &spec, .host = &host, .guard = &way};
	struct bw_err err = {0};

	if (bw_netns.probe(&host, NULL, &err) < 0 || !host.policy_routing.v)
		return -1;
	return bw_netns.prepare(&request, &plan, &err);
}

static int apply_bytes(const void *data, size_t len)
{
	struct bw_child child = {.root = -1};

	return bw_netns_apply(&child, plan.steps[0].op, data, len);
}

static int guard(void)
{
	struct bw_child child = {.root = -1};
	int r = 0;

	for (size_t i = 0; i < plan.n && r == 0; i++)
		r = bw_netns_apply(&child, plan.steps[i].op, bw_plan_data(&plan, &plan.steps[i]), plan.steps[i].len);
	return r;
}

/* The rules without the filter behind them. */
static int guard_by_rules(void)
{
	return apply_bytes(bw_plan_data(&plan, &plan.steps[0]), plan.steps[0].len);
}

/* ---- the engine's part ---- */

static int plug_in(const struct space *cloud, const struct space *space, int net)
{
	if (ip(cloud, "ip link add c%d type veth peer name eth0 netns %d 2>/dev/null", net,
		    (int)space->keeper) != 0)
		return -1;
	must(ip(cloud,
		     "ip addr add 10.9.%d.1/24 dev c%d; ip -6 addr add fd99:%d::1/64 dev c%d "
		     "nodad; ip link set c%d up",
		     net, net, net, net, net),
		"plugging in the cloud's end");
	must(ip(space,
		     "ip addr add 10.9.%d.2/24 dev eth0; ip -6 addr add fd99:%d::2/64 dev eth0 "
		     "nodad; ip link set eth0 up;"
		     "ip route add default via 10.9.%d.1; ip -6 route add default via fd99:%d::1",
		     net, net, net, net),
		"plugging in the container's end");
	return 0;
}

static void own_the_addresses(const struct space *cloud)
{
	must(ip(cloud, "ip link set lo up; ip addr add %s/32 dev lo; ip -6 addr add %s/128 dev lo",
		     allowed4, allowed6),
		"the cloud's ordinary addresses");
	for (size_t i = 0; i < BW_COUNT(endpoints); i++)
		must(ip(cloud, "ip %s addr add %s/%d dev lo",
			     strchr(endpoints[i], ':') ? "-6" : "-4", endpoints[i],
			     strchr(endpoints[i], ':') ? 128 : 32),
			"the cloud's addresses");
}

static const struct {
	const char *stage, *line;
} accidents[] = {
	{"host routes of the best metric",
		"ip route add 169.254.169.254/32 via 10.9.1.1 metric 0; ip -6 route add "
		"fd00:ec2::254/128 via fd99:1::1 metric 1"},
	{"an on-link 169.254.0.0/16", "ip addr add 169.254.7.7/16 dev eth0"},
	{"the address itself on the interface", "ip addr add 169.254.169.254/32 dev eth0"},
	{"a plugin's own blackhole route", "ip route add blackhole 168.63.129.16/32"},
	{"a source rule without preference",
		"ip route add default via 10.9.1.1 table 77; ip rule add from all lookup 77"},
	{"a rule of preference 0", "ip rule add from all lookup main pref 0"},
	{"routes in table local", "ip route add 100.100.100.200/32 via 10.9.1.1 table local"},
	{"loopback down and up", "ip link set lo down; ip link set lo up"},
	{"everything flushed",
		"ip addr flush dev eth0; ip route flush table main; ip -6 route flush table main"},
};

static void check_accidents(const struct space *cloud, const struct space *guarded)
{
	for (size_t i = 0; i < BW_COUNT(accidents); i++) {
		must(ip(guarded, "%s", accidents[i].line), accidents[i].stage);
		expect_guarded(guarded, accidents[i].stage);
	}
	must(ip(guarded, "ip link del eth0"), "unplugging");
	expect_guarded(guarded, "unplugged");
	must(plug_in(cloud, guarded, 1), "plugging in again");
	expect_guarded(guarded, "plugged in again");
	expect_allowed(guarded, "plugged in again");
}

/* The rule of one endpoint is taken away: the way is open, and verify must name that endpoint. It
 * must not take another hurdle for the guard, for that may go as it came. */
static void check_undone(const struct space *cloud, const char *endpoint, int net)
{
	const char *family = strchr(endpoint, ':') ? "-6" : "-4";
	struct space space = make_space(guard_by_rules);
	struct bw_err err = {0};

	must(plug_in(cloud, &space, net), "plugging in");
	if (verify(&space, &err) == 0 || !strstr(err.text, " are no longer dropped "))
		fail("verify does not miss the filter: %s", err.text);
	err = (struct bw_err){0};
	must(ip(&space, "ip %s rule del to %s prohibit", family, endpoint), "undoing");
	expect(&space, "undone", endpoint, 0);
	if (verify(&space, &err) == 0 || !strstr(err.text, endpoint) ||
		!strstr(err.text, " is reachable ") || err.code != BW_E_DENIED)
		fail("verify does not name %s: %s", endpoint, err.text);
	must(ip(&space, "ip %s route add unreachable %s", family, endpoint), "another hurdle");
	if (verify(&space, &err) == 0 || !strstr(err.text, endpoint) ||
		!strstr(err.text, " is no longer prohibited "))
		fail("verify takes another hurdle for the guard of %s: %s", endpoint, err.text);
	end_space(&space);
}

static int in_fresh_namespace(int (*what)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) < 0 ? 255 : what());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 254;
}

/* As on a kernel without IPv6: its rules are refused with EAFNOSUPPORT, here because the family is
 * one that has never had any. */
static int guard_without_ipv6_rules(void)
{
	static _Alignas(8) unsigned char bytes[8192];
	const struct bw_step *step = &plan.steps[0];
	uint32_t batch_len;
	size_t at;

	if (step->len > sizeof bytes)
		return 200;
	memcpy(bytes, bw_plan_data(&plan, step), step->len);
	memcpy(&batch_len, bytes, sizeof batch_len);
	for (at = step->len - batch_len; at < step->len;) {
		struct nlmsghdr head;

		memcpy(&head, bytes + at, sizeof head);
		if (head.nlmsg_type != RTM_NEWLINK && bytes[at + sizeof head] == AF_INET6)
			bytes[at + sizeof head] = AF_APPLETALK;
		at += NLMSG_ALIGN(head.nlmsg_len);
	}
	return -apply_bytes(bytes, step->len);
}

static int guard_without_ipv6(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (!filter ||
		seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, AF_INET6, 0)) ||
		seccomp_load(filter))
		return 201;
	seccomp_release(filter);
	return guard_without_ipv6_rules();
}

static int guard_twice(void)
{
	return guard() || guard();
}

static void check_special_kernels(void)
{
	int r = in_fresh_namespace(guard_without_ipv6_rules);

	if (r != EAFNOSUPPORT)
		fail("IPv6 sockets without IPv6 rules: %d, not EAFNOSUPPORT", r);
	r = in_fresh_namespace(guard_without_ipv6);
	if (r != 0)
		fail("no IPv6 at all: %d", r);
	r = in_fresh_namespace(guard_twice);
	if (r != 0)
		fail("guarding twice: %d", r);
}

static void measure(const struct space *guarded)
{
	struct bw_err err = {0};
	double begin = now_us();

	for (int i = 0; i < 20; i++)
		must(verify(guarded, &err), "verify");
	printf("verify of %zu endpoints: %.0f us\n", BW_COUNT(endpoints), (now_us() - begin) / 20);
}

static int skip(const char *why)
{
	printf("SKIP: %s\n", why);
	return 77;
}

int main(void)
{
	struct space cloud, guarded, open_one;
	pid_t server;

	if (geteuid() != 0)
		return skip("needs root");
	if (system("ip -V >/dev/null 2>&1") != 0)
		return skip("needs ip(8)");
	if (build_plan() < 0)
		return skip("this kernel has no routing rules");
	cloud = make_space(NULL);
	if (cloud.fd < 0)
		return skip("no new network namespace can be made here");
	guarded = make_space(guard);
	open_one = make_space(NULL);
	if (guarded.fd < 0 || open_one.fd < 0) {
		fail("the guard cannot be set up");
		return 1;
	}
	expect_guarded(&guarded, "before anything is plugged in");
	if (plug_in(&cloud, &guarded, 1) < 0 || plug_in(&cloud, &open_one, 2) < 0)
		return skip("no veth device can be made here");
	own_the_addresses(&cloud);
	server = start_cloud(&cloud);
	usleep(100 * 1000);
	for (size_t i = 0; i < BW_COUNT(endpoints); i++)
		expect(&open_one, "without the guard", endpoints[i], 0);
	expect_guarded(&guarded, "plugged in");
	expect_allowed(&guarded, "plugged in");
	check_accidents(&cloud, &guarded);
	for (size_t i = 0; i < BW_COUNT(endpoints); i++)
		check_undone(&cloud, endpoints[i], 10 + (int)i);
	check_special_kernels();
	measure(&guarded);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	end_space(&cloud);
	end_space(&guarded);
	end_space(&open_one);
	bw_plan_done(&plan);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
