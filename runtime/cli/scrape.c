/* SPDX-License-Identifier: Apache-2.0 */
/* scrape.c - see scrape.h. One thread and one loop over a fixed number of clients, none of whom can make it wait. */
#include "cli/scrape.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"

/* Who asks more often than that gets what was there before: a look at all containers is work. */
enum { FRESH_MS = 500, FIRST_INHERITED = 3 };

struct client {
	int fd; /* -1: free */
	long long deadline_ms;
	char head[BW_SCRAPE_MAX_REQUEST];
	size_t head_len;
	char *answer; /* NULL: still listening */
	size_t answer_len, sent;
};

struct server {
	int listener, signals;
	struct client clients[BW_SCRAPE_CLIENTS];
	bw_scrape_fn *make;
	void *ctx;
	char *text; /* the last one */
	long long made_ms;
};

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- signals --- */

static sigset_t ends(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return set;
}

void bw_until_signal_begin(void)
{
	const sigset_t set = ends();

	sigprocmask(SIG_BLOCK, &set, NULL);
}

bool bw_until_signal(long long wait_ms)
{
	const struct timespec wait = {.tv_sec = (time_t)(wait_ms / 1000), .tv_nsec = (long)(wait_ms % 1000) * 1000000};
	const sigset_t set = ends();

	return TEMP_FAILURE_RETRY(sigtimedwait(&set, NULL, &wait)) > 0;
}

/* --- the socket --- */

/* Nobody listens at it: 1; somebody does: 0; or -1. */
static int is_left_over(const char *path)
{
	struct bw_err why = {0};
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return 0;
	fd = bw_connect_unix(path, &why);
	if (fd < 0)
		return why.sys == ECONNREFUSED;
	close(fd);
	return 0;
}

/* A path of any length, by its directory. */
static int bind_to(int fd, const char *path, struct bw_err *err)
{
	const char *slash = strrchr(path, '/');
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char dir[4096];
	auto_close int top = -1;
	mode_t mask;
	int r;

	if (snprintf(dir, sizeof dir, "%.*s", (int)(slash - path) + 1, path) >= (int)sizeof dir)
		return bw_fail(err, BW_E_USAGE, ENAMETOOLONG, "socket %s", path);
	top = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return bw_fail(err, BW_E_USAGE, errno, "opening the directory %s", dir);
	if (!slash[1] || snprintf(addr.sun_path, sizeof addr.sun_path, "/proc/self/fd/%d%s", top, slash) >=
				 (int)sizeof addr.sun_path)
		return bw_fail(err, BW_E_USAGE, ENAMETOOLONG, "socket %s", path);
	mask = umask(0177);
	r = bind(fd, (const struct sockaddr *)&addr, sizeof addr);
	if (r < 0 && errno == EADDRINUSE && is_left_over(path) && unlink(path) == 0)
		r = bind(fd, (const struct sockaddr *)&addr, sizeof addr);
	umask(mask);
	return r < 0 ? bw_fail(err, BW_E_USAGE, errno, "socket %s", path) : 0;
}

int bw_scrape_listen(const char *path, struct bw_err *err)
{
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "making a socket");
	if (bind_to(fd, path, err) < 0)
		return -1;
	if (listen(fd, BW_SCRAPE_CLIENTS) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "socket %s", path);
	return take_fd(&fd);
}

int bw_scrape_inherited(struct bw_err *err)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int listens = 0, fd = FIRST_INHERITED;
	socklen_t size = sizeof listens;
	uint64_t value;

	if (!pid || !fds || bw_parse_u64(pid, INT32_MAX, &value) < 0 || (pid_t)value != getpid())
		return bw_fail(err, BW_E_USAGE, 0,
			"--socket -: no service manager has handed over a socket (LISTEN_PID, LISTEN_FDS)");
	if (!bw_streq(fds, "1"))
		return bw_fail(err, BW_E_USAGE, 0,
			"--socket -: expected one socket from the service manager, found LISTEN_FDS=%s", fds);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens)
		return bw_fail(err, BW_E_USAGE, 0, "--socket -: descriptor %d is no socket that listens", fd);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "--socket -");
	return fd;
}

/* --- clients --- */

static void drop(struct client *client)
{
	close(client->fd);
	free(client->answer);
	*client = (struct client){.fd = -1};
}

/* The answer, whole: its head, and text unless it is NULL. */
static void answer(struct client *client, const char *status, const char *text, bool with_text)
{
	size_t len = text ? strlen(text) : 0;
	int n = asprintf(&client->answer,
		"HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: "
		"%zu\r\nConnection: close\r\n\r\n%s",
		status, len, with_text && text ? text : "");

	client->answer_len = n < 0 ? 0 : (size_t)n;
	if (n < 0)
		client->answer = strdup("");
}

/* The text as it is now, or was a moment ago; NULL when it cannot be had. */
static const char *fresh_text(struct server *server)
{
	struct bw_err err = {0};
	char *text;

	if (server->text && now_ms() - server->made_ms < FRESH_MS)
		return server->text;
	if (server->make(server->ctx, &text, &err) < 0) {
		bw_log(BW_LOG_WARNING, "%s", err.text);
		return NULL;
	}
	free(server->text);
	server->text = text;
	server->made_ms = now_ms();
	return text;
}

static void judge(struct server *server, struct client *client)
{
	enum bw_scrape_verdict verdict = bw_scrape_judge(client->head, client->head_len);
	const char *text;

	switch (verdict) {
	case BW_SCRAPE_MORE:
		return;
	case BW_SCRAPE_TEXT:
	case BW_SCRAPE_HEAD:
		text = fresh_text(server);
		answer(client, text ? "200 OK" : "503 Service Unavailable", text, verdict == BW_SCRAPE_TEXT);
		return;
	case BW_SCRAPE_BAD:
		answer(client, "400 Bad Request", NULL, false);
		return;
	case BW_SCRAPE_NO_SUCH_PATH:
		answer(client, "404 Not Found", NULL, false);
		return;
	case BW_SCRAPE_NO_SUCH_METHOD:
		answer(client, "405 Method Not Allowed\r\nAllow: GET, HEAD", NULL, false);
		return;
	case BW_SCRAPE_TOO_LONG:
		answer(client, "431 Request Header Fields Too Large", NULL, false);
		return;
	}
}

/* What comes behind the head is not looked at, but read: to close over it would take the answer away from the client. */
static void listen_to(struct server *server, struct client *client)
{
	char rest[4096];
	bool done = client->answer != NULL;
	ssize_t n = done ? read(client->fd, rest, sizeof rest)
			 : read(client->fd, client->head + client->head_len, sizeof client->head - client->head_len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(client);
		return;
	}
	if (done)
		return;
	client->head_len += (size_t)n;
	judge(server, client);
}

static void tell(struct client *client)
{
	ssize_t n = send(client->fd, client->answer + client->sent, client->answer_len - client->sent, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		drop(client);
		return;
	}
	client->sent += n > 0 ? (size_t)n : 0;
	if (client->sent == client->answer_len)
		(void)shutdown(client->fd, SHUT_WR);
}

static void welcome(struct server *server)
{
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *place = &server->clients[0];

	if (fd < 0)
		return;
	for (struct client *client = server->clients; client < server->clients + BW_SCRAPE_CLIENTS; client++)
		if (client->fd < 0 || (place->fd >= 0 && client->deadline_ms < place->deadline_ms))
			place = client;
	if (place->fd >= 0)
		drop(place);
	place->fd = fd;
	place->deadline_ms = now_ms() + BW_SCRAPE_TIMEOUT_MS;
}

static bool is_telling(const struct client *client)
{
	return client->answer && client->sent < client->answer_len;
}

/* When the next client has had its time; -1: there is none. */
static int next_ms(struct server *server)
{
	long long next = -1, now = now_ms();

	for (struct client *client = server->clients; client < server->clients + BW_SCRAPE_CLIENTS; client++) {
		if (client->fd >= 0 && client->deadline_ms <= now)
			drop(client);
		if (client->fd >= 0 && (next < 0 || client->deadline_ms - now < next))
			next = client->deadline_ms - now;
	}
	return (int)next;
}

/* 1: a signal has come. */
static int turn(struct server *server, struct bw_err *err)
{
	struct pollfd fds[2 + BW_SCRAPE_CLIENTS] = {
		{.fd = server->signals, .events = POLLIN}, {.fd = server->listener, .events = POLLIN}};
	int wait = next_ms(server);

	for (size_t i = 0; i < BW_SCRAPE_CLIENTS; i++) {
		fds[2 + i].fd = server->clients[i].fd;
		fds[2 + i].events = is_telling(&server->clients[i]) ? POLLOUT : POLLIN;
	}
	if (poll(fds, BW_COUNT(fds), wait) < 0)
		return errno == EINTR ? 0 : bw_fail(err, BW_E_KERNEL, errno, "waiting for clients");
	if (fds[0].revents)
		return 1;
	for (size_t i = 0; i < BW_SCRAPE_CLIENTS; i++) {
		if (!fds[2 + i].revents)
			continue;
		if (is_telling(&server->clients[i]))
			tell(&server->clients[i]);
		else
			listen_to(server, &server->clients[i]);
	}
	if (fds[1].revents)
		welcome(server);
	return 0;
}

int bw_scrape_serve(int listener, bw_scrape_fn *make, void *ctx, struct bw_err *err)
{
	const sigset_t set = ends();
	auto_free struct server *server = calloc(1, sizeof *server);
	auto_close int signals = -1;
	int r = 0;

	if (!server)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");
	bw_until_signal_begin();
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "watching for signals");
	*server = (struct server){.listener = listener, .signals = signals, .make = make, .ctx = ctx};
	for (size_t i = 0; i < BW_SCRAPE_CLIENTS; i++)
		server->clients[i].fd = -1;
	while (r == 0)
		r = turn(server, err);
	for (size_t i = 0; i < BW_SCRAPE_CLIENTS; i++)
		if (server->clients[i].fd >= 0)
			drop(&server->clients[i]);
	free(server->text);
	return r < 0 ? -1 : 0;
}
