/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - bulwark-warden: lets a container's TLS connections out to listed names. No arguments; what it needs is in
 * the descriptors of warden.h. The order below is the argument: what needs the host comes first, then the host is
 * given up, and only then is a byte of the container read. See bulwark-warden(8). */
#include <errno.h>
#include <ifaddrs.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "warden/begin.h"
#include "warden/gate.h"
#include "warden/sandbox.h"
#include "warden/supervisor.h"
#include "warden/warden.h"

/* stdio, the descriptors that were inherited, epoll and the listening sockets: below this. */
enum { OWN_FILES = 64 };

static void answer(const char *text, bool is_error)
{
	bw_begin_answer(BW_WARDEN_ANSWER, text, is_error);
}

static int read_settings(struct bw_arena *arena, const struct bw_settings **ret, struct bw_err *err)
{
	auto_free char *text = NULL;
	size_t len;

	if (bw_read_fd(BW_WARDEN_CONFIG, "configuration", BW_WARDEN_MAX_CONFIG, &text, &len, err) < 0)
		return -1;
	close(BW_WARDEN_CONFIG);
	return bw_settings_parse(text, len, arena, ret, err);
}

/* The addresses that the host has now. Those that it gets later are found by is_own() of stages.c. */
static int own_addresses(struct bw_arena *arena, struct bw_prefixes *ret, struct bw_err *err)
{
	struct ifaddrs *list;
	int r = 0;

	if (getifaddrs(&list) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "the host's addresses");
	for (const struct ifaddrs *one = list; one && r == 0; one = one->ifa_next) {
		struct bw_prefix *prefix;
		struct bw_address address;

		if (!one->ifa_addr || bw_address_of(one->ifa_addr, &address) < 0)
			continue;
		prefix = bw_push(arena, ret);
		if (prefix)
			*prefix = (struct bw_prefix){address, 128};
		else
			r = bw_fail(err, BW_E_MEMORY, ENOMEM, "the host's addresses");
	}
	freeifaddrs(list);
	return r;
}

/* The gate, from here to its end. */
static int serve(struct bw_gate *gate)
{
	const struct bw_sandbox sandbox = {
		.user = (uint32_t)gate->settings->user.v,
		.group = (uint32_t)gate->settings->group.v,
		.files = OWN_FILES + bw_gate_files(gate->settings),
		.filter = bw_warden_filter,
		.filter_n = bw_warden_filter_n,
	};
	struct bw_err err = {0};

	if (bw_sandbox_enter(&sandbox, &err) < 0) {
		answer(err.text, true);
		return BW_WARDEN_FAILED;
	}
	answer(BW_WARDEN_OK, false);
	return bw_gate_run(gate);
}

/* The child waits until the supervisor has given up what it had: "ok" is said when both have. */
static int serve_below(struct bw_gate *gate, int supervisor_pidfd, int ready)
{
	struct bw_err err = {0};
	char byte;

	if (read(ready, &byte, 1) != 1)
		return BW_WARDEN_FAILED;
	close(ready);
	if (bw_gate_watch_supervisor(gate, supervisor_pidfd, BW_WARDEN_KILL, &err) < 0) {
		answer(err.text, true);
		return BW_WARDEN_FAILED;
	}
	return serve(gate);
}

/* Keeps the two pidfds and cgroup.kill. */
static int supervise(const struct bw_gate *gate, int gate_pidfd, int ready)
{
	const struct bw_sandbox sandbox = {
		.user = (uint32_t)gate->settings->user.v,
		.group = (uint32_t)gate->settings->group.v,
		.files = OWN_FILES,
		.filter = bw_warden_supervisor_filter,
		.filter_n = bw_warden_supervisor_filter_n,
	};
	struct bw_err err = {0};

	for (size_t i = 0; i < gate->listeners->n; i++)
		close(gate->listeners->v[i].fd);
	close(gate->epoll);
	close(BW_WARDEN_EVENTS);
	if (bw_sandbox_enter(&sandbox, &err) < 0) {
		answer(err.text, true);
		return BW_WARDEN_FAILED;
	}
	close(BW_WARDEN_ANSWER);
	if (write(ready, "", 1) != 1)
		return BW_WARDEN_FAILED;
	close(ready);
	return bw_supervise(BW_WARDEN_INIT, gate_pidfd, BW_WARDEN_KILL);
}

/* Exit status. What fails before "ok" is answered by whoever sees it. */
static int start_both(struct bw_gate *gate, struct bw_err *err)
{
	/* Ours before there is a child: it can be nobody else. */
	auto_close int self = bw_pidfd_open(getpid(), 0);
	int ready[2], gate_pidfd = -1;
	long child;

	if (self < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "pidfd_open");
	if (pipe2(ready, O_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "pipe2");
	child = bw_fork_pidfd(&gate_pidfd);
	if (child < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "clone");
	close(ready[child != 0 ? 0 : 1]);
	if (child == 0)
		return serve_below(gate, self, ready[0]);
	close(take_fd(&self));
	return supervise(gate, gate_pidfd, ready[1]);
}

static int serve_alone(struct bw_gate *gate)
{
	close(BW_WARDEN_KILL);
	return serve(gate);
}

/* Everything that needs the host or the container's network. */
static int prepare(struct bw_arena *arena, struct bw_listeners *listeners, struct bw_gate *gate, struct bw_err *err)
{
	struct bw_prefixes own = {0};
	const struct bw_settings *settings;

	if (bw_begin(BW_WARDEN_CONFIG, BW_WARDEN_FD_END, err) < 0 || read_settings(arena, &settings, err) < 0 ||
		own_addresses(arena, &own, err) < 0 || bw_listen_all(BW_WARDEN_NETNS, settings, listeners, err) < 0)
		return -1;
	close(BW_WARDEN_NETNS);
	if (bw_gate_open(settings, listeners, &own, BW_WARDEN_INIT, BW_WARDEN_EVENTS, gate, err) < 0)
		return -1;
	return bw_sandbox_empty_root(err);
}

int main(int argc, char **argv)
{
	static struct bw_listeners listeners;
	static struct bw_gate gate;
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err = {0};
	int r;

	(void)argv;
	if (argc != 1)
		return BW_WARDEN_USAGE;
	r = prepare(&arena, &listeners, &gate, &err);
	if (r == 0)
		r = bw_streq0(gate.settings->on_death, "kill") ? start_both(&gate, &err) : serve_alone(&gate);
	if (r >= 0)
		return r;
	answer(err.text, true);
	return err.code == BW_E_USAGE ? BW_WARDEN_USAGE : BW_WARDEN_FAILED;
}
