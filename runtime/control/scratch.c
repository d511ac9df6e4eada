/* SPDX-License-Identifier: Apache-2.0 */
/* scratch.c - see scratch.h. Before the clone: the child attaches the mount as it does the tree of a bind mount. */
#include "control/scratch.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "control/helper.h"
#include "control/mount_idmap.h"
#include "host/host.h"

static const char program[] = BW_LIBEXECDIR "/bulwark-scratch";

bool bw_is_scratch(const struct bw_request *request, const struct bw_spec_mount *mount)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;

	return hardening && hardening->scratch && bw_streq0(mount->destination, hardening->workspace);
}

/* The descriptor that lies in the socket, or -1. */
static int take_mount(int sock)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	char byte;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	int fd = -1;

	if (TEMP_FAILURE_RETRY(recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) == 1 &&
		msg.msg_controllen >= sizeof control.align && control.align.cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(&control.align), sizeof fd);
	return fd;
}

/* 0: it has done what args say; -1 and its sentence. */
static int ask(const char *const *args, int input, struct bw_err *err)
{
	char sentence[400];
	int code = bw_helper_run(&(struct bw_helper){.args = args, .input = input}, sentence, sizeof sentence, err);

	if (code < 0)
		return -1;
	if (code)
		return bw_fail(err, BW_E_HOST, 0, "%s",
			code == 1 && sentence[0] ? sentence : "bulwark-scratch ended without a word");
	return 0;
}

static int make(const struct bw_request *request, const struct bw_strs *words, const char *label, struct bw_err *err)
{
	auto_close int own = -1;
	auto_close int given = -1;
	struct bw_strs args = {0};
	int ends[2], tree;
	bool complete = bw_strs_add(request->arena, &args, program) == 0 && bw_strs_add(request->arena, &args, "make") == 0 &&
			bw_strs_add(request->arena, &args, request->spec->hardening->scratch) == 0;

	for (size_t i = 0; complete && i < words->n; i++)
		complete = bw_strs_add(request->arena, &args, words->v[i]) == 0;
	if (complete && label && *label)
		complete = bw_strs_add(request->arena, &args, bw_arena_printf(request->arena, "context=%s", label)) == 0;
	if (!complete || !bw_push(request->arena, &args)) /* the NULL at the end */
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "arguments");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "socketpair");
	own = ends[0];
	given = ends[1];
	if (ask((const char *const *)args.v, given, err) < 0)
		return -1;
	tree = take_mount(own);
	return tree < 0 ? bw_fail(err, BW_E_INTERNAL, 0, "bulwark-scratch gave no mount") : tree;
}

static int refuse(size_t index, const char *destination, struct bw_err *err)
{
	bw_wrap(err, "/mounts/%zu: the encrypted disk for %s", index, destination);
	return bw_at(err, "/mounts/%zu", index);
}

int bw_scratch_check(struct bw_err *err)
{
	static const char *const args[] = {program, "check", NULL};

	return ask(args, -1, err);
}

int bw_scratch_make(const struct bw_request *request, size_t index, const struct bw_strs *words, const char *label, int *ret,
	struct bw_err *err)
{
	const char *destination = request->spec->mounts.v[index].destination;
	auto_close int tree = -1;

	if (!request->host->root.v) {
		(void)bw_fail(err, BW_E_HOST, 0, "only root of the host can make one");
		return refuse(index, destination, err);
	}
	*ret = -1;
	/* A plan that is only shown. */
	if (request->state_fd < 0)
		return bw_scratch_check(err) < 0 ? refuse(index, destination, err) : 0;
	tree = make(request, words, label, err);
	if (tree < 0)
		return refuse(index, destination, err);
	/* Its owner is an id as the container has it. */
	if (bw_spec_namespace(request->spec, "user") && bw_mount_idmap(request, index, false, tree, err) < 0)
		return -1;
	*ret = take_fd(&tree);
	return 0;
}
