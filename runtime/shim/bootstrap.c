/* SPDX-License-Identifier: Apache-2.0 */
/* bootstrap.c - the action `start`. Its standard output and error are one text for containerd: the address, or one sentence
 * about what went wrong. */
#include "shim/bootstrap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "json/json.h"
#include "shim/address.h"
#include "shim/daemon.h"
#include "shim/settings.h"

enum { INPUT_MAX_BYTES = 4 << 20, LOG_DEBUG = -4 };

/* The first one counts. CRI's is set by kubelet's engine itself, and makes a pod of one server. */
static const char *const group_annotations[] = {"io.containerd.bulwark.v2.group", "io.kubernetes.cri.sandbox-id"};

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static const char *some(const char *text)
{
	return text && *text ? text : NULL;
}

/* Of the extensions the one that we have settings from. */
static const struct bw_any *find_options(const struct bw_bootstrap_params *params)
{
	static const char *const types[] = {"runtimeoptions.v1.Options", "containerd.runc.v1.Options"};

	for (size_t type = 0; type < BW_COUNT(types); type++)
		for (size_t i = 0; i < params->extensions.n; i++)
			if (params->extensions.v[i].value && bw_any_is(params->extensions.v[i].value, types[type]))
				return params->extensions.v[i].value;
	return NULL;
}

static void apply_params(const struct bw_bootstrap_params *params, struct bw_bootstrap *bootstrap)
{
	bootstrap->options = find_options(params);
	if (some(params->ttrpc_address))
		bootstrap->events = params->ttrpc_address;
	if (some(params->grpc_address) && !*bootstrap->containerd)
		bootstrap->containerd = params->grpc_address;
	bootstrap->socket_dir = some(params->socket_dir);
	bootstrap->debug |= (int64_t)params->log_level <= LOG_DEBUG;
}

int bw_bootstrap_read(const struct bw_shim_call *call, const void *input, size_t len, struct bw_arena *arena,
	struct bw_bootstrap *ret, struct bw_err *err)
{
	struct bw_bootstrap bootstrap = {
		.events = environment("TTRPC_ADDRESS"),
		.containerd = call->address ? call->address : "",
		.debug = call->debug,
	};
	struct bw_bootstrap_params params;
	struct bw_err other = {0};
	struct bw_any *any;

	if (len > 0 && bw_proto_read(&bw_bootstrap_params_table, input, len, arena, &params, &other) == 0 &&
		bw_streq(params.instance_id, call->id) && bw_streq(params.namespace, call->namespace)) {
		apply_params(&params, &bootstrap);
	} else if (len > 0) {
		any = bw_arena_alloc(arena, sizeof *any);
		if (!any)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "standard input");
		if (bw_proto_read(&bw_any_table, input, len, arena, any, err) < 0)
			return bw_wrap(err, "standard input is neither runtime options nor bootstrap parameters");
		bootstrap.options = any;
	}
	if (bootstrap.socket_dir && bootstrap.socket_dir[0] != '/')
		return bw_fail(err, BW_E_USAGE, 0, "socket_dir must be absolute: %.100s", bootstrap.socket_dir);
	*ret = bootstrap;
	return 0;
}

int bw_bootstrap_group(struct bw_arena *arena, const char **ret, struct bw_err *err)
{
	const struct bw_json *annotations, *value;
	auto_close int fd = open("config.json", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	auto_free char *text = NULL;
	struct bw_json *tree;
	size_t len;

	*ret = NULL;
	if (fd < 0)
		return bw_fail(err, BW_E_SPEC, errno, "open config.json");
	if (bw_read_fd(fd, "config.json", BW_JSON_MAX_BYTES, &text, &len, err) < 0 ||
		bw_json_parse(text, len, "config.json", arena, &tree, err) < 0)
		return -1;
	annotations = tree->type == BW_JSON_OBJECT ? bw_json_get(tree, "annotations") : NULL;
	for (size_t i = 0; annotations && annotations->type == BW_JSON_OBJECT && i < BW_COUNT(group_annotations); i++) {
		value = bw_json_get(annotations, group_annotations[i]);
		if (!value)
			continue;
		if (bw_shim_name_check(group_annotations[i], value->type == BW_JSON_STRING ? value->text : NULL, err) < 0)
			return bw_wrap(err, "config.json: annotation");
		*ret = value->text;
		return 0;
	}
	return 0;
}

static int read_request(const struct bw_shim_call *call, struct bw_arena *arena, struct bw_bootstrap *ret,
	struct bw_err *err)
{
	auto_free char *read = NULL;
	char *input;
	size_t len;

	if (bw_read_fd(STDIN_FILENO, "standard input", INPUT_MAX_BYTES, &read, &len, err) < 0)
		return -1;
	input = bw_arena_strndup(arena, read, len); /* it outlives this function in what is taken from it */
	if (!input)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "standard input");
	return bw_bootstrap_read(call, input, len, arena, ret, err);
}

/* What a restarted containerd finds the server by (the file, up to 1.7) and cleans up by (the link, with a directory of its
 * choice). */
static int leave_address(const char *socket, const char *socket_dir, struct bw_err *err)
{
	char address[BW_SOCKET_PATH_MAX + 8];
	int len = snprintf(address, sizeof address, "unix://%s", socket);

	if (bw_replace_at(AT_FDCWD, "address", address, (size_t)len, 0600, err) < 0)
		return -1;
	if (socket_dir && symlink(socket_dir, "s") < 0 && errno != EEXIST)
		return bw_fail(err, BW_E_HOST, errno, "linking s to %s", socket_dir);
	return 0;
}

/* With the lock of the directory held. */
static int listen_and_serve(const struct bw_shim_call *call, const struct bw_bootstrap *bootstrap, const char *cgroup,
	const char *socket, struct bw_err *err)
{
	bool served;
	auto_close int listener = bw_socket_listen(socket, &served, err);
	const struct bw_daemon daemon = {
		.namespace = call->namespace,
		.id = call->id,
		.containerd = bootstrap->containerd,
		.events = bootstrap->events,
		.cgroup = cgroup,
		.listener = listener,
		.debug = bootstrap->debug,
	};

	if (listener < 0)
		return served ? leave_address(socket, bootstrap->socket_dir, err) : -1;
	if (leave_address(socket, bootstrap->socket_dir, err) == 0 && bw_daemon_start(&daemon, err) == 0)
		return 0;
	unlink(socket);
	unlink("address");
	return -1;
}

static int print_address(const char *socket, struct bw_err *err)
{
	char address[BW_SOCKET_PATH_MAX + 8];
	int len = snprintf(address, sizeof address, "unix://%s", socket);
	int r = bw_write_all(STDOUT_FILENO, address, (size_t)len);

	return r < 0 ? bw_fail(err, BW_E_KERNEL, -r, "writing the address") : 0;
}

int bw_shim_start(const struct bw_shim_call *call, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_shim_settings settings;
	struct bw_bootstrap bootstrap;
	char socket[BW_SOCKET_PATH_MAX];
	const char *group, *dir;
	auto_close int lock = -1;

	if (bw_shim_name_check("-namespace", call->namespace, err) < 0 || bw_shim_name_check("-id", call->id, err) < 0)
		return -1;
	if (call->bundle && chdir(call->bundle) < 0)
		return bw_fail(err, BW_E_USAGE, errno, "-bundle %s", call->bundle);
	if (read_request(call, &arena, &bootstrap, err) < 0 ||
		bw_shim_settings_read(bootstrap.options, &arena, &settings, err) < 0 ||
		bw_bootstrap_group(&arena, &group, err) < 0)
		return -1;
	dir = bootstrap.socket_dir ? bootstrap.socket_dir : BW_SOCKET_DIR;
	if (bw_socket_path(dir, bootstrap.containerd, call->namespace, group ? group : call->id, socket, err) < 0)
		return -1;
	/* Until the server runs: two containers of a group that begin at once must not both find nobody, and the second
	 * must not be sent to a server that the first could not start. */
	lock = bw_socket_lock(dir, err);
	if (lock < 0 || listen_and_serve(call, &bootstrap, settings.shim_cgroup, socket, err) < 0)
		return -1;
	return print_address(socket, err);
}
