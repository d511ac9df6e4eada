/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor.c - see supervisor.h. */
#include "warden/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "warden/warden.h"

/* The gate sees the container's end by itself and writes a last line. */
enum { LAST_LINE_S = 2 };

/* ppoll, because not every architecture has poll. */
static bool is_gone(int pidfd, int timeout_s)
{
	const struct timespec timeout = {.tv_sec = timeout_s};
	struct pollfd one = {.fd = pidfd, .events = POLLIN};

	return ppoll(&one, 1, &timeout, NULL) > 0;
}

int bw_supervise(int init_pidfd, int gate_pidfd, int kill_fd)
{
	struct pollfd both[] = {{.fd = init_pidfd, .events = POLLIN}, {.fd = gate_pidfd, .events = POLLIN}};

	while (ppoll(both, 2, NULL, NULL) <= 0)
		;
	/* In this order: a gate that ends because the container has ended is no reason to kill. */
	if (is_gone(init_pidfd, 0)) {
		is_gone(gate_pidfd, LAST_LINE_S);
		return BW_WARDEN_ENDED;
	}
	while (write(kill_fd, "1", 1) < 0 && errno == EINTR)
		;
	return BW_WARDEN_FAILED;
}
