/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_notify.c - the listener of a filter goes to the agent that the container's config names. The
 * agent is a process of the host: it answers system calls of the container, and may put descriptors into
 * it. It cannot allow what another filter refuses: the kernel takes the strictest answer of all filters,
 * and asks nobody when one says errno or kill (seccomp(2), "SECCOMP_RET_USER_NOTIF"). */
#include "control/seccomp_notify.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fd.h"
#include "control/hook_run.h"
#include "control/host_side.h"

/* The name by which the agent knows which of the descriptors is what (runtime-spec, seccompFd). */
static const char listener_name[] = "seccompFd";

static int denied(const char *path, const char *why, struct bw_err *err)
{
	bw_fail(err, BW_E_DENIED, 0, "/linux/seccomp/listenerPath: the policy refuses the agent %s: %s", path, why);
	if (err)
		snprintf(err->rule, sizeof err->rule, "seccomp");
	return bw_at(err, "/linux/seccomp/listenerPath");
}

int bw_seccomp_agent_check(const struct bw_spec *spec, struct bw_err *err)
{
	const char *path = spec->linux_->seccomp->listener_path;
	auto_close int fd = -1;
	char real[PATH_MAX];
	struct stat st;

	if (!spec->hardening || !spec->hardening->check_listener.v)
		return 0;
	/* An abstract name belongs to whoever took it first. */
	if (path[0] != '/')
		return denied(path, "only a socket with an absolute path has an owner", err);
	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		bw_fail(err, BW_E_SPEC, errno, "/linux/seccomp/listenerPath: %s", path);
		return bw_at(err, "/linux/seccomp/listenerPath");
	}
	/* Who may write it may connect: that is no matter, who has made it is. */
	if (S_ISSOCK(st.st_mode) && st.st_uid == 0 && bw_real_path(fd, real) == 0 && bw_path_is_roots(real))
		return 0;
	return denied(path, "it must be a socket of root's, in directories that nobody else can write", err);
}

/* ContainerProcessState: what the listener listens to. */
static int describe(const struct bw_settling *now, char **ret, struct bw_err *err)
{
	const struct bw_request *request = now->request;
	const struct bw_spec *spec = request->spec;
	const char *metadata = spec->linux_->seccomp->listener_metadata;
	struct bw_json_writer *w = bw_json_writer_new(false);
	int r;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "container process state");
	bw_json_begin_object(w);
	bw_json_key(w, "ociVersion");
	bw_json_string(w, spec->oci_version);
	bw_json_key(w, "fds");
	bw_json_begin_array(w);
	bw_json_string(w, listener_name);
	bw_json_end_array(w);
	bw_json_key(w, "pid");
	bw_json_int(w, now->pid);
	if (metadata) {
		bw_json_key(w, "metadata");
		bw_json_string(w, metadata);
	}
	bw_json_key(w, "state");
	bw_hook_state_put(w, spec, request->id, request->bundle, request->exec ? "running" : "creating",
		request->exec ? request->target_pid : now->pid);
	bw_json_end_object(w);
	r = bw_json_writer_end(w, ret, NULL, err);
	bw_json_writer_free(w);
	return r;
}

int bw_seccomp_agent_send(const struct bw_settling *now, int fd, struct bw_err *err)
{
	const char *path = now->request->spec->linux_->seccomp->listener_path;
	auto_free char *state = NULL;
	auto_close int sock = -1;

	if (describe(now, &state, err) < 0)
		return -1;
	sock = bw_connect_unix(path, err);
	if (sock < 0)
		return bw_wrap(err, "failed to connect with seccomp agent specified in the seccomp profile");
	if (bw_send_fd(sock, fd, state, strlen(state), err) < 0)
		return bw_wrap(err, "cannot send seccomp fd to %s", path);
	return 0;
}
