/* SPDX-License-Identifier: Apache-2.0 */
/* message.h - requests to CRIU and its answers, by the field numbers of CRIU's images/rpc.proto. Pure. */
#ifndef BW_CRIU_MESSAGE_H
#define BW_CRIU_MESSAGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "proto/wire.h"

enum bw_criu_type {
	BW_CRIU_DUMP = 1,
	BW_CRIU_RESTORE = 2,
	BW_CRIU_PRE_DUMP = 4,
	BW_CRIU_NOTIFY = 6,
	BW_CRIU_FEATURE_CHECK = 9,
	BW_CRIU_VERSION = 10,
};
/* "DUMP", ...; "?" for what is none of these. */
const char *bw_criu_type_name(unsigned type);

/* What becomes of the cgroups that the image tells of. */
enum bw_criu_cgroups {
	BW_CRIU_CGROUPS_IGNORE = 0,
	BW_CRIU_CGROUPS_SOFT = 3,
	BW_CRIU_CGROUPS_FULL = 4,
	BW_CRIU_CGROUPS_STRICT = 5,
	BW_CRIU_CGROUPS_DEFAULT = 6,
};

/* A mount that is not the image's, by the key it has there; a namespace and the file that stands for it; a hierarchy
 * (NULL: cgroup v2) and the place in it; the address of a page server. */
struct bw_criu_pair {
	const char *key, *value;
};
struct bw_criu_pairs {
	struct bw_criu_pair *v;
	size_t n;
};
/* A descriptor of criu's own for what has that key in the image. */
struct bw_criu_inherited {
	const char *key;
	int fd;
};
struct bw_criu_texts {
	const char **v;
	size_t n;
};

/* criu_opts. What is NULL, false, 0 or, of descriptors and cgroups_mode, below 0 is not sent. */
struct bw_criu_options {
	/* Numbers of our own descriptors, which criu opens by /proc. */
	int images_dir_fd, work_dir_fd, status_fd;
	pid_t pid;
	bool leave_running, ext_unix_sk, tcp_established, tcp_skip_in_flight, evasive_devices, shell_job, file_locks,
		track_mem, auto_dedup, link_remap, rst_sibling, lazy_pages, orphan_pts_master, notify_scripts,
		manage_cgroups;
	unsigned log_level, empty_ns;
	int cgroups_mode; /* enum bw_criu_cgroups */
	const char *log_file, *root, *parent_img, *freeze_cgroup, *config_file, *lsm_profile, *lsm_mount_context;
	const char *server_address;
	unsigned server_port;
	struct bw_criu_pairs ext_mnt, cg_root, join_ns;
	struct {
		struct bw_criu_inherited *v;
		size_t n;
	} inherit_fd;
	struct bw_criu_texts external;
};
#define BW_CRIU_OPTIONS_INIT {.images_dir_fd = -1, .work_dir_fd = -1, .status_fd = -1, .cgroups_mode = -1}

struct bw_criu_request {
	enum bw_criu_type type;
	const struct bw_criu_options *options; /* or NULL */
	bool notify_success;
	bool mem_track, lazy_pages; /* FEATURE_CHECK: what is asked for */
};

struct bw_criu_response {
	unsigned type;
	bool success;
	pid_t pid; /* RESTORE: of the init; NOTIFY: of the init, as we see it */
	char script[64]; /* NOTIFY: "post-dump", ... */
	int sys; /* an errno, or 0 */
	bool mem_track, lazy_pages;
	unsigned version; /* 3.17.1 is 31701 */
};

/* Appends to a list; -1 when memory is out. */
int bw_criu_pair_add(struct bw_arena *arena, struct bw_criu_pairs *list, const char *key, const char *value) BW_MUST_CHECK;
int bw_criu_inherit(struct bw_arena *arena, struct bw_criu_options *options, const char *key, int fd) BW_MUST_CHECK;

/* The request as bytes; no_memory shows in ret. */
void bw_criu_request_write(const struct bw_criu_request *request, struct bw_wire *ret);
/* The answer; -1: these bytes are none. */
int bw_criu_response_read(const void *bytes, size_t len, struct bw_criu_response *ret) BW_MUST_CHECK;

#endif
