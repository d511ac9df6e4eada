/* SPDX-License-Identifier: Apache-2.0 */
/* quarantine.c - the two ways out of a network. The programs are two instructions: whatever comes, it is dropped. They hang
 * beside those of the guard, and each of a cgroup's programs can refuse. */
#include "control/quarantine.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/proc.h"
#include "base/sys.h"
#include "control/cgroup_files.h"
#include "control/ebpf.h"
#include "control/rtnl.h"

static const struct bw_bpf_kind directions[] = {
	{BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, "bulwark_cut_out"},
	{BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, "bulwark_cut_in"},
};

static const struct bpf_insn drop[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
	{.code = BPF_JMP | BPF_EXIT},
};

static bool is_called(int program, const char *name)
{
	struct bpf_prog_info info = {0};
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.info.bpf_fd = (uint32_t)program;
	attr.info.info_len = sizeof info;
	attr.info.info = bw_bpf_pointer(&info);
	return bw_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 && strncmp(info.name, name, sizeof info.name) == 0;
}

static bool hangs(int cgroup, const struct bw_bpf_kind *kind)
{
	uint32_t ids[BW_BPF_MAX_ATTACHED];
	ssize_t n = bw_bpf_attached(cgroup, kind->attach, ids);

	for (ssize_t i = 0; i < n; i++) {
		auto_close int program = bw_bpf_program_of(ids[i]);

		if (program >= 0 && is_called(program, kind->name))
			return true;
	}
	return false;
}

static int cut(int cgroup, const struct bw_bpf_kind *kind, struct bw_err *err)
{
	auto_close int program = -1;

	if (hangs(cgroup, kind))
		return 0;
	program = bw_bpf_load(kind, drop, BW_COUNT(drop), err);
	if (program < 0)
		return -1;
	if (bw_bpf_attach(cgroup, program, kind->attach, -1) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "attaching %s to the container's cgroup", kind->name);
	return 0;
}

int bw_cgroup_cut_network(const struct bw_cgroup_set *set, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	int i = bw_cgroup_find(set, NULL), dir;

	bw_cgroup_handle_init(&handle, set);
	dir = i < 0 ? -ENOENT : bw_cgroup_dir_fd(&handle, (size_t)i);
	if (dir < 0)
		return bw_fail(err, BW_E_HOST, -dir, "opening the container's cgroup of v2");
	for (size_t k = 0; k < BW_COUNT(directions); k++)
		if (cut(dir, &directions[k], err) < 0)
			return -1;
	return 0;
}

/* --- links --- */

/* Sent and answered in one go, as in netns_verify.c: 0 or an errno. */
static int take_down(int sock, int index)
{
	struct ifinfomsg link = {.ifi_index = index, .ifi_change = IFF_UP};
	_Alignas(8) unsigned char bytes[1024];
	struct bw_rtnl rtnl = bw_rtnl_over(bytes, sizeof bytes);
	struct nlmsgerr answer;

	bw_rtnl_begin(&rtnl, RTM_NEWLINK, NLM_F_ACK, &link, sizeof link);
	if (send(sock, bytes, rtnl.len, 0) < 0)
		return errno;
	if (recv(sock, bytes, sizeof bytes, 0) < (ssize_t)(sizeof(struct nlmsghdr) + sizeof answer))
		return EPROTO;
	memcpy(&answer, bytes + sizeof(struct nlmsghdr), sizeof answer);
	return -answer.error;
}

/* if_nameindex(3) asks the kernel for all of them, in the namespace that we are in. */
static int take_all_down(void)
{
	auto_close int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct if_nameindex *links = sock < 0 ? NULL : if_nameindex();
	int sys = 0;

	if (!links)
		return errno;
	for (const struct if_nameindex *link = links; sys == 0 && link->if_index; link++) {
		sys = take_down(sock, (int)link->if_index);
		/* Gone meanwhile. */
		if (sys == ENODEV)
			sys = 0;
	}
	if_freenameindex(links);
	return sys;
}

/* A namespace that belongs to a user namespace of ours is entered together with it. */
static int enter(int pidfd)
{
	if (setns(pidfd, CLONE_NEWNET) == 0)
		return 0;
	if (errno != EPERM)
		return -1;
	return setns(pidfd, CLONE_NEWUSER | CLONE_NEWNET);
}

int bw_netns_cut(int pidfd, struct bw_err *err)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "cutting the network namespace off");
	if (pid == 0)
		_exit(enter(pidfd) < 0 ? errno : take_all_down());
	if (bw_wait(pid, &status) < 0 || bw_exit_code(status) >= 128)
		return bw_fail(err, BW_E_KERNEL, 0, "cutting the network namespace off: the process that did it died");
	return status ? bw_fail(err, BW_E_KERNEL, bw_exit_code(status), "taking the links of the network namespace down") : 0;
}
