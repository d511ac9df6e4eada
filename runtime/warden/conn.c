/* SPDX-License-Identifier: Apache-2.0 */
/* conn.c - see conn.h. Bytes that pass stand in one buffer that all connections share; a connection has memory only
 * while something waits in it. */
#include "warden/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PASS_BYTES = 16 << 10, FIRST_ROOM = 1 << 10 };

size_t bw_side_waiting(const struct bw_side *side)
{
	return side->len - side->at;
}

/* Room for more bytes behind those that wait, never beyond max. */
static int make_room(struct bw_side *side, size_t more, size_t max)
{
	size_t waiting = bw_side_waiting(side), room = side->room ? side->room : FIRST_ROOM;
	uint8_t *bytes;

	if (waiting + more > max)
		return -1;
	if (side->at > 0)
		memmove(side->bytes, side->bytes + side->at, waiting);
	side->at = 0;
	side->len = (uint32_t)waiting;
	while (room < waiting + more)
		room *= 2;
	if (room == side->room)
		return 0;
	bytes = realloc(side->bytes, room);
	if (!bytes)
		return -1;
	side->bytes = bytes;
	side->room = (uint32_t)room;
	return 0;
}

int bw_side_read(struct bw_side *side, size_t max)
{
	size_t more = max - bw_side_waiting(side);
	ssize_t n;

	if (more > FIRST_ROOM)
		more = FIRST_ROOM;
	if (bw_side_waiting(side) >= max || make_room(side, more, max) < 0)
		return -EAGAIN;
	n = recv(side->fd, side->bytes + side->len, more, 0);
	if (n > 0)
		side->len += (uint32_t)n;
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	side->eof = n == 0;
	return (int)n;
}

int bw_side_add(struct bw_side *side, const void *bytes, size_t len)
{
	if (make_room(side, len, SIZE_MAX) < 0)
		return -1;
	memcpy(side->bytes + side->len, bytes, len);
	side->len += (uint32_t)len;
	return 0;
}

void bw_side_drop(struct bw_side *side, size_t n)
{
	side->at += (uint32_t)n;
	if (side->at < side->len)
		return;
	free(side->bytes);
	side->bytes = NULL;
	side->at = side->len = side->room = 0;
}

static int send_some(int fd, const uint8_t *bytes, size_t n)
{
	ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return (int)sent;
}

int bw_side_send(struct bw_side *from, const struct bw_side *to, size_t n)
{
	size_t waiting = bw_side_waiting(from);
	int sent;

	if (n > waiting)
		n = waiting;
	if (n == 0)
		return 0;
	sent = send_some(to->fd, from->bytes + from->at, n);
	if (sent > 0)
		bw_side_drop(from, (size_t)sent);
	return sent;
}

int bw_side_pass(struct bw_side *from, const struct bw_side *to, size_t *ret_sent)
{
	static uint8_t bytes[PASS_BYTES];
	ssize_t n = recv(from->fd, bytes, sizeof bytes, 0);
	int sent;

	*ret_sent = 0;
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	from->eof = n == 0;
	if (n == 0)
		return 0;
	sent = send_some(to->fd, bytes, (size_t)n);
	if (sent < 0)
		return sent;
	*ret_sent = (size_t)sent;
	if (sent < n && bw_side_add(from, bytes + sent, (size_t)(n - sent)) < 0)
		return -ENOMEM;
	return (int)n;
}

void bw_side_watch(struct bw_side *side, int epoll, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.u64 = side->data};
	int operation = !side->watched ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;

	if (side->fd < 0 || side->watched == events)
		return;
	if (epoll_ctl(epoll, operation, side->fd, &event) == 0)
		side->watched = events;
}

void bw_side_shut(struct bw_side *side)
{
	if (!side->shut && side->fd >= 0)
		shutdown(side->fd, SHUT_WR);
	side->shut = true;
}

void bw_side_close(struct bw_side *side, bool reset)
{
	const struct linger at_once = {.l_onoff = 1};

	if (side->fd >= 0 && reset)
		setsockopt(side->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	if (side->fd >= 0)
		close(side->fd);
	free(side->bytes);
	*side = (struct bw_side){.fd = -1};
}
