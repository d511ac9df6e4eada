// SPDX-License-Identifier: Apache-2.0
/*
 * layers.c - which programs guard the sockets of a cgroup, and what is left when some of them are taken away.
 *
 *	layers list CGROUP          the name of each kind of which a program is attached, one a line
 *	layers off CGROUP KIND...   takes the programs of these kinds from CGROUP; fails where there was none
 *
 * For a cgroup of the caller's own making. It takes away what was attached by a link, too.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_PROGRAMS = 64 };

static const struct {
	const char *name;
	uint32_t type;
} kinds[] = {
	{"connect4", BPF_CGROUP_INET4_CONNECT},
	{"connect6", BPF_CGROUP_INET6_CONNECT},
	{"sendmsg4", BPF_CGROUP_UDP4_SENDMSG},
	{"sendmsg6", BPF_CGROUP_UDP6_SENDMSG},
	{"egress", BPF_CGROUP_INET_EGRESS},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof *attr);
}

static int query(int cgroup, uint32_t type, uint32_t *ids)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.query.target_fd = (uint32_t)cgroup;
	attr.query.attach_type = type;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = MAX_PROGRAMS;
	return bpf(BPF_PROG_QUERY, &attr) < 0 ? -1 : (int)attr.query.prog_cnt;
}

static bool detach_program(int cgroup, uint32_t type, uint32_t id)
{
	union bpf_attr attr;
	int program;
	bool done;

	memset(&attr, 0, sizeof attr);
	attr.prog_id = id;
	program = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	if (program < 0)
		return false;
	memset(&attr, 0, sizeof attr);
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = type;
	done = bpf(BPF_PROG_DETACH, &attr) == 0;
	close(program);
	return done;
}

// The link that holds a program on the cgroup with this number, if it is one.
static bool detach_link(uint32_t id, uint64_t cgroup_id, uint32_t type)
{
	struct bpf_link_info info;
	union bpf_attr attr;
	bool done = false;
	int link;

	memset(&attr, 0, sizeof attr);
	attr.link_id = id;
	link = bpf(BPF_LINK_GET_FD_BY_ID, &attr);
	if (link < 0)
		return false;
	memset(&attr, 0, sizeof attr);
	memset(&info, 0, sizeof info);
	attr.info.bpf_fd = (uint32_t)link;
	attr.info.info_len = sizeof info;
	attr.info.info = (uint64_t)(uintptr_t)&info;
	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 && info.type == BPF_LINK_TYPE_CGROUP &&
		info.cgroup.cgroup_id == cgroup_id && info.cgroup.attach_type == type) {
		memset(&attr, 0, sizeof attr);
		attr.link_detach.link_fd = (uint32_t)link;
		done = bpf(BPF_LINK_DETACH, &attr) == 0;
	}
	close(link);
	return done;
}

static bool detach_links(int cgroup, uint32_t type)
{
	union bpf_attr attr;
	struct stat st;
	bool done = false;
	uint32_t id = 0;

	if (fstat(cgroup, &st) < 0)
		return false;
	for (;;) {
		memset(&attr, 0, sizeof attr);
		attr.start_id = id;
		if (bpf(BPF_LINK_GET_NEXT_ID, &attr) < 0)
			return done;
		id = attr.next_id;
		done |= detach_link(id, st.st_ino, type);
	}
}

static int list(int cgroup)
{
	uint32_t ids[MAX_PROGRAMS];

	for (size_t i = 0; i < KINDS; i++)
		if (query(cgroup, kinds[i].type, ids) > 0)
			puts(kinds[i].name);
	return 0;
}

static int take_off(int cgroup, const char *name)
{
	uint32_t ids[MAX_PROGRAMS];
	bool done = false;
	size_t i;
	int count;

	for (i = 0; i < KINDS && strcmp(kinds[i].name, name); i++)
		;
	if (i == KINDS)
		return 2;
	count = query(cgroup, kinds[i].type, ids);
	for (int k = 0; k < count; k++)
		done |= detach_program(cgroup, kinds[i].type, ids[k]);
	done |= detach_links(cgroup, kinds[i].type);
	if (query(cgroup, kinds[i].type, ids) == 0 && done)
		return 0;
	fprintf(stderr, "layers: %s is still there, or never was: %s\n", name, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	int cgroup = argc > 2 ? open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int status = 2;

	if (cgroup < 0)
		fprintf(stderr, "usage: layers list CGROUP; layers off CGROUP KIND...; see layers.c\n");
	else if (argc == 3 && !strcmp(argv[1], "list"))
		status = list(cgroup);
	else if (argc > 3 && !strcmp(argv[1], "off"))
		for (int i = 3; i < argc && (i == 3 || !status); i++)
			status = take_off(cgroup, argv[i]);
	return status;
}
