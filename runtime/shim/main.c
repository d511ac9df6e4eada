/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the program containerd-shim-bulwark-v2: which action, and the one place where an error is printed.
 * containerd-shim-bulwark-v2(8). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "container/bulwark.h"
#include "shim/address.h"
#include "shim/daemon.h"
#include "shim/shim.h"

/* A descriptor 0, 1 or 2 that the caller has closed would be given to the next file opened. */
static int fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		/* The lowest free number is fd. */
		if (fcntl(fd, F_GETFD) < 0 &&
			(open("/dev/null", O_RDWR | O_CLOEXEC) != fd || fcntl(fd, F_SETFD, 0) < 0))
			return -1;
	return 0;
}

static int put_text(const char *text, struct bw_err *err)
{
	int r = bw_write_all(STDOUT_FILENO, text, strlen(text));

	return r < 0 ? bw_fail(err, BW_E_KERNEL, -r, "writing to standard output") : 0;
}

static int put_version(struct bw_err *err)
{
	return put_text("containerd-shim-bulwark-v2:\n", err) < 0 ? -1 : put_text(bw_version_text(), err);
}

/* -socket: its own one, for people who look for a fault; `start` hands over one that listens already. */
static int open_listener(const struct bw_shim_call *call, struct bw_err *err)
{
	const char *path = call->socket ? bw_after_prefix(call->socket, "unix://") : NULL;
	bool served = false;
	int listener;

	if (!call->socket)
		return bw_daemon_listener(err);
	path = path ? path : call->socket;
	if (strlen(path) >= BW_SOCKET_PATH_MAX)
		return bw_fail(err, BW_E_USAGE, ENAMETOOLONG, "-socket");
	listener = bw_socket_listen(path, &served, err);
	return served ? bw_fail(err, BW_E_USAGE, EADDRINUSE, "-socket %s", path) : listener;
}

static int serve(const struct bw_shim_call *call, struct bw_err *err)
{
	const char *events = getenv("TTRPC_ADDRESS");
	struct bw_serve_options options = {
		.namespace = call->namespace,
		.events = events && *events ? events : NULL,
		.listener = -1,
	};

	/* `start` has seen to both; whoever starts a server by hand has not. */
	if (bw_self_protect(err) < 0)
		return -1;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	options.listener = open_listener(call, err);
	if (options.listener < 0 || bw_shim_name_check("-namespace", call->namespace, err) < 0)
		return -1;
	/* It was executed by a descriptor, whose number would be its name. */
	prctl(PR_SET_NAME, "containerd-shim");
	return bw_shim_serve(&options, err);
}

static int act(const struct bw_shim_call *call, struct bw_err *err)
{
	if (call->help)
		return put_text(bw_shim_call_usage(), err);
	if (call->version)
		return put_version(err);
	if (call->info)
		return bw_shim_info(err);
	if (!call->action)
		return serve(call, err);
	if (bw_streq(call->action, "start"))
		return bw_shim_start(call, err);
	if (bw_streq(call->action, "delete"))
		return bw_shim_delete(call, err);
	return bw_fail(err, BW_E_USAGE, 0, "unknown action \"%.64s\": expected start or delete", call->action);
}

/* Only the server has a log. Of the actions containerd takes all that is on standard error for a fault, or for a part of
 * the address. */
static int open_log(const struct bw_shim_call *call, struct bw_err *err)
{
	enum bw_log_level level = call->action ? BW_LOG_ERROR : call->debug ? BW_LOG_DEBUG : BW_LOG_WARNING;

	return bw_log_open(NULL, false, level, err);
}

int main(int argc, char **argv)
{
	struct bw_shim_call call = {0};
	struct bw_err err = {0};
	int status;

	if (argc < 1 || fill_standard_descriptors() < 0)
		return EXIT_FAILURE;
	status = bw_shim_call_read((const char *const *)argv + 1, &call, &err);
	if (status == 0)
		status = open_log(&call, &err);
	if (status == 0)
		status = act(&call, &err);
	if (status < 0)
		bw_log_error(&err, call.id);
	return status < 0 ? EXIT_FAILURE : status;
}
