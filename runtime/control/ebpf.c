/* SPDX-License-Identifier: Apache-2.0 */
/* ebpf.c - the calls of bpf(2), each with the one member of its union that it needs. */
#include "control/ebpf.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int bw_bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof *attr);
}

int bw_bpf_load(const struct bw_bpf_kind *kind, const struct bpf_insn *program, size_t n, struct bw_err *err)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof attr);
	attr.prog_type = kind->type;
	attr.expected_attach_type = kind->attach;
	attr.insn_cnt = (uint32_t)n;
	attr.insns = bw_bpf_pointer(program);
	attr.license = bw_bpf_pointer("Apache-2.0");
	strncpy(attr.prog_name, kind->name, sizeof attr.prog_name - 1);
	fd = bw_bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "loading the program %s (%zu instructions)", kind->name, n);
	return fd;
}

int bw_bpf_attach(int cgroup, int program, uint32_t attach, int replaced)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = attach;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replaced >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replaced;
	}
	return bw_bpf(BPF_PROG_ATTACH, &attr);
}

int bw_bpf_detach(int cgroup, int program, uint32_t attach)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = attach;
	return bw_bpf(BPF_PROG_DETACH, &attr) < 0 && errno != ENOENT ? -1 : 0;
}

ssize_t bw_bpf_attached(int cgroup, uint32_t attach, uint32_t ids[BW_BPF_MAX_ATTACHED])
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.query.target_fd = (uint32_t)cgroup;
	attr.query.attach_type = attach;
	attr.query.prog_ids = bw_bpf_pointer(ids);
	attr.query.prog_cnt = BW_BPF_MAX_ATTACHED;
	if (bw_bpf(BPF_PROG_QUERY, &attr) < 0)
		return -1;
	return attr.query.prog_cnt < BW_BPF_MAX_ATTACHED ? attr.query.prog_cnt : BW_BPF_MAX_ATTACHED;
}

int bw_bpf_program_of(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.prog_id = id;
	return bw_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}
