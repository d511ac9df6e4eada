/* SPDX-License-Identifier: Apache-2.0 */
/* host.h - what this kernel and machine can do, as plain facts. Filled by the controls' probe() functions
 * or, in tests, from a host.json ("kernel 5.4, no Landlock, cgroup v1"): plans compile for machines that
 * one does not have. Facts only; deciding is the controls' work. */
#ifndef BW_HOST_HOST_H
#define BW_HOST_HOST_H

#include "json/schema.h"

/* One mounted v1 hierarchy. */
struct bw_host_hierarchy {
	char *controllers; /* "cpu,cpuacct" or "name=systemd" */
	char *mountpoint;  /* "/sys/fs/cgroup/cpu,cpuacct" */
	char *own_path;    /* our own place in it (/proc/self/cgroup) */
};

struct bw_host {
	struct bw_opt_uint kernel_major, kernel_minor;
	char *cgroup_mode;           /* "v1", "hybrid", "v2", "none" */
	char *cgroup2_mountpoint;    /* v2 and hybrid */
	char *cgroup2_own_path;
	struct bw_strs cgroup2_controllers; /* cgroup.controllers at the v2 root */
	struct {
		struct bw_host_hierarchy *v;
		size_t n;
	} hierarchies;
	struct bw_opt_bool cgroup_kill;     /* cgroup.kill exists (5.14) */
	struct bw_opt_bool bpf_cgroup;      /* device programs can be loaded and attached */
	struct bw_opt_bool bpf_guard;       /* programs for the sockets of a cgroup, too */
	struct bw_opt_uint landlock_abi;    /* 0: none */
	struct bw_opt_bool mdwe;            /* memory can be kept from becoming executable (6.3) */
	struct bw_opt_bool seccomp;
	struct bw_strs seccomp_flags;       /* SECCOMP_FILTER_FLAG_* the kernel takes */
	struct bw_opt_bool witness;         /* bulwark-witness is installed */
	struct bw_opt_bool keeper;          /* bulwark-keeper is installed */
	struct bw_opt_bool audit_records;   /* it can read the kernel's audit log; not set: to be looked up */
	struct bw_strs lsms;                /* active security modules, in order; empty: not known */
	struct bw_opt_bool apparmor, selinux;
	struct bw_opt_bool selinux_enforcing;
	char *resctrl;                      /* where it is mounted: Intel RDT can be had */
	struct bw_opt_bool policy_routing;  /* `ip rule` works (CONFIG_IP_MULTIPLE_TABLES) */
	struct bw_opt_bool time_namespace, user_namespace, cgroup_namespace;
	struct bw_opt_uint last_capability; /* /proc/sys/kernel/cap_last_cap */
	struct bw_uints own_capabilities;   /* numbers in our effective set */
	struct bw_opt_uint page_size;
	struct bw_opt_bool root;            /* euid 0 in the initial user namespace */
	struct bw_opt_uint login_uid;       /* our user id as the user namespace above ours sees it */
	struct bw_opt_bool systemd;         /* it is the host's init */
};

extern const struct bw_schema bw_host_schema;

/* Facts from a file, for tests. */
int bw_host_load(const char *path, struct bw_arena *arena, struct bw_host **ret, struct bw_err *err) BW_MUST_CHECK;
/* The basic facts (kernel, ids, capabilities, namespaces); the rest comes from each control's probe. */
int bw_host_probe_basic(struct bw_host *host, struct bw_arena *arena, struct bw_err *err) BW_MUST_CHECK;

#endif
