/* SPDX-License-Identifier: Apache-2.0 */
/* detach.c - takes every program that refuses connections or packets off a cgroup, for tests of what must be noticed
 * then: detach DIRECTORY. Prints how many. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint32_t hooks[] = {BPF_CGROUP_INET4_CONNECT, BPF_CGROUP_INET6_CONNECT, BPF_CGROUP_UDP4_SENDMSG,
	BPF_CGROUP_UDP6_SENDMSG, BPF_CGROUP_INET_EGRESS};

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof *attr);
}

static int detach(int cgroup, uint32_t hook, uint32_t id)
{
	union bpf_attr attr;
	int program;

	memset(&attr, 0, sizeof attr);
	attr.prog_id = id;
	program = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	memset(&attr, 0, sizeof attr);
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = hook;
	return program < 0 ? -1 : bpf(BPF_PROG_DETACH, &attr);
}

int main(int argc, char **argv)
{
	int cgroup = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1, n = 0;

	if (cgroup < 0) {
		fprintf(stderr, "detach: no cgroup\n");
		return 1;
	}
	for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++) {
		uint32_t ids[64];
		union bpf_attr attr;

		memset(&attr, 0, sizeof attr);
		attr.query.target_fd = (uint32_t)cgroup;
		attr.query.attach_type = hooks[i];
		attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
		attr.query.prog_cnt = sizeof ids / sizeof *ids;
		if (bpf(BPF_PROG_QUERY, &attr) < 0)
			return 1;
		for (uint32_t k = 0; k < attr.query.prog_cnt; k++) {
			if (detach(cgroup, hooks[i], ids[k]) < 0)
				return 1;
			n++;
		}
	}
	printf("%d\n", n);
	return 0;
}
