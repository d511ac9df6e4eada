/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_files.h - what the cgroup_*.c files share among themselves; nobody else includes it. */
#ifndef BW_CONTROL_CGROUP_FILES_H
#define BW_CONTROL_CGROUP_FILES_H

#include "control/cgroup.h"
#include "control/ebpf_devices.h"

struct bw_spec_block_io;
struct bw_guard;

/* --- cgroup_paths.c --- */

/* Fills the cgroup facts of host from the texts of /proc/self/mountinfo and /proc/self/cgroup. */
int bw_cgroup_parse(struct bw_host *host, const char *mountinfo, const char *self_cgroup,
	struct bw_arena *arena, struct bw_err *err) BW_MUST_CHECK;
/* The path in a /proc/<pid>/cgroup text of the hierarchy with these controllers (NULL: unified),
 * copied to buf. False: not in it. */
bool bw_cgroup_line(const char *self_cgroup, const char *controllers, char *buf, size_t size);
/* Whether word is one of the comma or blank separated words of list. */
bool bw_word_in(const char *list, const char *word);

/* --- cgroup_dirs.c --- */

/* The set's directories, opened when first wanted and kept. */
struct bw_cgroup_handle {
	const struct bw_cgroup_set *set;
	int fds[BW_CGROUP_MAX_DIRS];
};
void bw_cgroup_handle_init(struct bw_cgroup_handle *handle, const struct bw_cgroup_set *set);
void bw_cgroup_handle_done(struct bw_cgroup_handle *handle);
#define auto_cgroup_handle __attribute__((cleanup(bw_cgroup_handle_done)))
/* Directory i, borrowed; -errno (-ENOENT: does not exist, -ENODEV: no cgroup file system there). */
int bw_cgroup_dir_fd(struct bw_cgroup_handle *handle, size_t i);
/* Directory path beneath dir, itself for "" and "/": descriptor or -errno. Never another mount, never outside. */
int bw_cgroup_open_beneath(int dir, const char *path);
/* The mountpoint of directory i as O_PATH, verified to be a cgroup file system; or -errno. */
int bw_cgroup_root_fd(const struct bw_cgroup_dir *dir);
/* Index of the v1 hierarchy with this controller, of the unified one for NULL; -1: none. */
int bw_cgroup_find(const struct bw_cgroup_set *set, const char *controller);
/* Makes directory i and opens it. joined: processes of the container's are in it by now. */
int bw_cgroup_create_one(struct bw_cgroup_handle *handle, struct bw_cgroup_set *set, size_t i, bool joined,
	struct bw_err *err) BW_MUST_CHECK;
/* Takes directory i out of the set; and what the kernel says to a caller who may not have it. */
void bw_cgroup_leave_out(struct bw_cgroup_handle *handle, struct bw_cgroup_set *set, size_t i);
bool bw_cgroup_is_forbidden(int sys);
/* bw_cgroup_create() over a handle whose set it is. */
int bw_cgroup_create_with(struct bw_cgroup_handle *handle, struct bw_cgroup_set *set,
	struct bw_err *err) BW_MUST_CHECK;
/* Asks for controllers ("+memory +pids") in the ancestors of the unified directory. What cannot be
 * had shows in its cgroup.controllers afterwards. */
void bw_cgroup_enable(const struct bw_cgroup_dir *dir, const char *controllers);

/* Visits dir and every cgroup beneath it, the deepest first, without recursion and with two
 * descriptors, however deep a container has nested them. 0, or the first -errno of a callback;
 * -E2BIG beyond BW_CGROUP_MAX_VISITS. */
enum { BW_CGROUP_MAX_VISITS = 65536 };
struct bw_cgroup_visitor {
	int (*inside)(int dir, void *ctx);			/* or NULL */
	int (*after)(int parent, const char *child, void *ctx); /* or NULL */
	void *ctx;
};
int bw_cgroup_walk(int dir, const struct bw_cgroup_visitor *visitor);

/* --- cgroup_procs.c --- */

/* Refuses a directory that holds processes or is frozen. */
int bw_cgroup_check_dir(
	int dir, const struct bw_cgroup_dir *where, struct bw_err *err) BW_MUST_CHECK;

/* --- cgroup_v1.c, cgroup_v2.c: resources to file contents, pure --- */

enum {
	BW_WRITE_LATER = 1 << 0, /* EINVAL, EBUSY: waits for its neighbours' new values, tried again
				    at the end */
	BW_WRITE_OPTIONAL = 1 << 1,  /* a kernel without the file already behaves like that */
	BW_WRITE_KEEP_WORD = 1 << 2, /* the file's first word stays, value follows it */
	BW_WRITE_LINES = 1 << 3,     /* one write for each line of value */
	BW_WRITE_OR_NEXT = 1 << 4,   /* the next one is for kernels without this file */
};
struct bw_cgroup_write {
	const char *file, *pointer, *value;
	unsigned flags;
};
struct bw_cgroup_writes {
	struct bw_arena *arena;
	bool no_memory;
	struct bw_cgroup_write *v;
	size_t n;
};
/* Appends one; a lack of memory shows in writes->no_memory. */
void bw_put(struct bw_cgroup_writes *writes, struct bw_cgroup_write write, const char *fmt, ...)
	BW_PRINTF(3, 4);

typedef int bw_cgroup_emit_fn(const struct bw_spec_resources *resources,
	struct bw_cgroup_writes *writes, struct bw_err *err);
bw_cgroup_emit_fn bw_v1_memory, bw_v1_cpu, bw_v1_cpuset, bw_v1_pids, bw_v1_blkio, bw_v1_hugetlb,
	bw_v1_rdma, bw_v1_net_cls, bw_v1_net_prio;
bw_cgroup_emit_fn bw_v2_memory, bw_v2_cpu, bw_v2_cpuset, bw_v2_pids, bw_v2_io, bw_v2_hugetlb,
	bw_v2_rdma;
/* The text of pids.max: -1 is "max"; 0 is 1, which lets nobody fork either and can still be joined.
 */
const char *bw_cgroup_pids_text(int64_t limit, char buf[24]);

/* cpu.shares 2..262144 to cpu.weight 1..10000 by the quadratic formula that maps 1024 to 100. */
uint64_t bw_cgroup_weight_of_shares(uint64_t shares);
/* blkio.weight 10..1000 to io.weight 1..10000. */
uint64_t bw_cgroup_io_weight(uint64_t weight);

/* --- cgroup_devices.c --- */

/* The rules in the order of the spec, then what runc always allows (plain OCI) or the mknod rights
 * for the container's own nodes (hardened). */
int bw_cgroup_device_rules(const struct bw_spec *spec, struct bw_arena *arena,
	struct bw_device_rules *ret, struct bw_err *err) BW_MUST_CHECK;
int bw_cgroup_apply_devices_with(struct bw_cgroup_handle *handle, const struct bw_spec *spec,
	bool live, struct bw_err *err) BW_MUST_CHECK;

/* --- cgroup_guard.c --- */
/* Attaches the programs of the network guard, where that is its way (guard may be NULL); takes off what a failed
 * creation has left. */
int bw_cgroup_apply_guard_with(struct bw_cgroup_handle *handle, const struct bw_guard *guard,
	struct bw_err *err) BW_MUST_CHECK;

/* --- cgroup_memory.c --- */
/* The number behind key in text of lines "key number"; text may be NULL. */
bool bw_cgroup_keyed(const char *text, const char *key, uint64_t *ret);

/* --- cgroup_delegate.c --- */
/* Whether the container is to own its cgroup v2: it has namespaces of users and cgroups of its own and mounts its
 * cgroup writable. *ret: the host's id of its user. */
bool bw_cgroup_owner(const struct bw_spec *spec, uid_t *ret);
/* Gives it the directory dir of its cgroup. */
int bw_cgroup_delegate(int dir, uid_t uid, struct bw_err *err) BW_MUST_CHECK;

/* --- cgroup_sub.c --- */
/* What `exec --cgroup` says (NULL-terminated: "PATH" or "CONTROLLER[,CONTROLLER]:PATH"; or NULL) as a path beneath each
 * directory of the set: NULL where nothing is said. paths has room for set->dirs.n and points into words. Fails with
 * BW_E_USAGE in runc's words. */
int bw_cgroup_sub_paths(const struct bw_cgroup_set *set, const char *const *words, const char **paths,
	struct bw_err *err) BW_MUST_CHECK;

/* --- cgroup_read.c --- */
/* The file whole, malloc'd; NULL when it is not there or cannot be read just now. */
char *bw_cgroup_text(int dir, const char *file);
/* "max" is the greatest number that there is, which is what v1 says of no limit, too, more or less. */
bool bw_cgroup_number(int dir, const char *file, uint64_t *ret);
/* "8:16". */
bool bw_cgroup_device_numbers(const char *word, uint64_t *ret_major, uint64_t *ret_minor);
/* "hugetlb.2MB.usage_in_bytes" with that ending: "2MB", in size. */
bool bw_cgroup_page_size(const char *file, const char *ending, char *size, size_t room);
/* Whether one directory of the set is left. */
bool bw_cgroup_is_there(struct bw_cgroup_handle *handle);

/* --- cgroup_metrics.c --- */
/* bw_cgroup_metrics() over a handle. */
struct bw_wire;
int bw_cgroup_metrics_with(struct bw_cgroup_handle *handle, struct bw_wire *ret, const char **ret_type,
	struct bw_err *err) BW_MUST_CHECK;

/* --- cgroup_sample.c --- */
/* bw_cgroup_sample() over a handle. limits: the gauges of limits, too, which seldom change. kept: descriptors of its
 * files, -1 in the beginning, for who asks again and again: to open one costs more than to read it; or NULL. */
struct bw_measures;
enum { BW_CGROUP_SAMPLE_FILES = 21 };
bool bw_cgroup_sample_with(struct bw_cgroup_handle *handle, int *kept, bool limits, struct bw_measures *measures);
/* Whether its processor time is another than cpu_usec, or not known. */
bool bw_cgroup_has_run(struct bw_cgroup_handle *handle, int *kept, uint64_t cpu_usec);

/* --- cgroup_stats.c --- */
/* bw_cgroup_stats() over a handle. */
int bw_cgroup_stats_with(struct bw_cgroup_handle *handle, struct bw_json_writer *w, struct bw_err *err) BW_MUST_CHECK;
/* The rules as a default and exceptions from it, all of one kind: what v1 and systemd know. Fails where that cannot say
 * the same. */
int bw_cgroup_device_list(const struct bw_device_rules *rules, struct bw_arena *arena, bool *ret_allow,
	struct bw_device_rules *ret_exceptions, struct bw_err *err) BW_MUST_CHECK;

/* --- cgroup_resources.c --- */

/* All that resources ask for but `unified`, as contents of files; pure. */
int bw_cgroup_emit(const struct bw_cgroup_set *set, const struct bw_spec_resources *resources,
	struct bw_cgroup_writes *writes, struct bw_err *err) BW_MUST_CHECK;
int bw_cgroup_apply_resources_with(struct bw_cgroup_handle *handle,
	const struct bw_spec_resources *resources, struct bw_err *err) BW_MUST_CHECK;

#endif
