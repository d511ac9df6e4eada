/* SPDX-License-Identifier: Apache-2.0 */
/* guard_attach.c - the guard's programs in the kernel: loaded once and pinned, attached to each container's cgroup,
 * verified, counted. See the kernel's bpf/prog_cgroup_sockopt.rst and map_cgroup_storage.rst. */
#include "control/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/sha256.h"
#include "control/host_side.h"

#define BPF_FS  "/sys/fs/bpf"
#define PIN_DIR BPF_FS "/bulwark"

/* Part of the pins' names: another one whenever guard_program.c builds other instructions for the same endpoints. */
enum { PROGRAM_FORMAT = 1 };

enum { NAME_HEX = 16, PIN_SIZE = sizeof PIN_DIR + 1 + NAME_HEX + 1 + sizeof "bulwark_conn4" };

void bw_guard_done(struct bw_guard *guard)
{
	for (size_t i = 0; i < BW_GUARD_HOOKS; i++) {
		if (guard->programs[i] >= 0)
			close(guard->programs[i]);
		guard->programs[i] = -1;
	}
}

/* ---- pins ---- */

static bool is_roots_alone(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && bw_only_root_writes(&st);
}

/* A cache: where it cannot be had, each container's programs are loaded anew. */
static bool can_pin(void)
{
	struct statfs fs;

	if (statfs(BPF_FS, &fs) < 0 || fs.f_type != BPF_FS_MAGIC || !is_roots_alone(BPF_FS))
		return false;
	if (mkdir(PIN_DIR, 0700) < 0 && errno != EEXIST)
		return false;
	return is_roots_alone(PIN_DIR);
}

static void name_pin(const struct bw_guard_rules *rules, enum bw_guard_hook hook, char path[PIN_SIZE])
{
	const unsigned char kind[2] = {PROGRAM_FORMAT, rules->only_loopback};
	unsigned char digest[BW_SHA256_BYTES];
	char hex[BW_SHA256_HEX];
	struct bw_sha256 hash;

	bw_sha256_begin(&hash);
	bw_sha256_add(&hash, kind, sizeof kind);
	for (size_t i = 0; i < rules->n; i++) {
		const struct bw_endpoint *endpoint = &rules->endpoints[i];
		const unsigned char head[2] = {(unsigned char)endpoint->len, (unsigned char)endpoint->bits};

		bw_sha256_add(&hash, head, sizeof head);
		bw_sha256_add(&hash, endpoint->addr, endpoint->len);
	}
	bw_sha256_end(&hash, digest);
	bw_sha256_hex(digest, hex);
	snprintf(path, PIN_SIZE, PIN_DIR "/%.*s-%s", NAME_HEX, hex, bw_guard_kinds[hook].name);
}

/* BPF_OBJ_GET and BPF_OBJ_PIN have the same shape. */
static int with_pin(int command, const char *path, int fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.pathname = bw_bpf_pointer(path);
	attr.bpf_fd = (uint32_t)fd;
	return bw_bpf(command, &attr);
}

static int info_of(int program, struct bpf_prog_info *ret)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.info.bpf_fd = (uint32_t)program;
	attr.info.info_len = sizeof *ret;
	attr.info.info = bw_bpf_pointer(ret);
	return bw_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static bool is_ours(int program, enum bw_guard_hook hook)
{
	struct bpf_prog_info info = {0};

	return info_of(program, &info) == 0 && info.type == bw_guard_kinds[hook].type &&
	       strncmp(info.name, bw_guard_kinds[hook].name, sizeof info.name) == 0;
}

/* All five, or none. */
static bool get_pinned(const struct bw_guard_rules *rules, struct bw_guard *guard)
{
	char path[PIN_SIZE];

	for (enum bw_guard_hook hook = 0; hook < BW_GUARD_HOOKS; hook++) {
		name_pin(rules, hook, path);
		guard->programs[hook] = with_pin(BPF_OBJ_GET, path, 0);
		if (guard->programs[hook] < 0 || !is_ours(guard->programs[hook], hook))
			return false;
	}
	return true;
}

/* Another start may have been faster: its programs are as good as these. */
static void pin(const struct bw_guard_rules *rules, const struct bw_guard *guard)
{
	char path[PIN_SIZE];

	for (enum bw_guard_hook hook = 0; hook < BW_GUARD_HOOKS; hook++) {
		name_pin(rules, hook, path);
		(void)with_pin(BPF_OBJ_PIN, path, guard->programs[hook]);
	}
}

/* ---- loading ---- */

/* A counter for each cgroup and hook, which the kernel makes and removes with the attachment. */
static int make_counters(struct bw_err *err)
{
	union bpf_attr attr;
	int map;

	memset(&attr, 0, sizeof attr);
	attr.map_type = BPF_MAP_TYPE_CGROUP_STORAGE;
	attr.key_size = sizeof(struct bpf_cgroup_storage_key);
	attr.value_size = sizeof(uint64_t);
	memcpy(attr.map_name, "bulwark_guard", sizeof "bulwark_guard");
	map = bw_bpf(BPF_MAP_CREATE, &attr);
	return map < 0 ? bw_fail(err, BW_E_KERNEL, errno, "making the counters of the network guard") : map;
}

static int load_one(enum bw_guard_hook hook, const struct bw_guard_rules *rules, int map, struct bw_err *err)
{
	auto_free struct bpf_insn *program = NULL;
	size_t len;

	if (bw_guard_program(hook, rules, map, &program, &len, err) < 0)
		return -1;
	return bw_bpf_load(&bw_guard_kinds[hook], program, len, err);
}

static int load_all(const struct bw_guard_rules *rules, struct bw_guard *guard, struct bw_err *err)
{
	auto_close int map = make_counters(err);

	for (enum bw_guard_hook hook = 0; map >= 0 && hook < BW_GUARD_HOOKS; hook++) {
		guard->programs[hook] = load_one(hook, rules, map, err);
		if (guard->programs[hook] < 0)
			return -1;
	}
	return map < 0 ? -1 : 0;
}

int bw_guard_load(const struct bw_guard_rules *rules, int ret_programs[BW_GUARD_HOOKS], struct bw_err *err)
{
	struct bw_guard guard = BW_GUARD_INIT;
	bool pins = can_pin();

	if (!pins || !get_pinned(rules, &guard)) {
		bw_guard_done(&guard);
		if (load_all(rules, &guard, err) < 0) {
			bw_guard_done(&guard);
			return -1;
		}
		if (pins)
			pin(rules, &guard);
	}
	memcpy(ret_programs, guard.programs, sizeof guard.programs);
	return 0;
}

/* ---- on a cgroup ---- */

int bw_guard_attach(int cgroup, const int programs[BW_GUARD_HOOKS], struct bw_err *err)
{
	for (enum bw_guard_hook hook = 0; hook < BW_GUARD_HOOKS; hook++)
		if (bw_bpf_attach(cgroup, programs[hook], bw_guard_kinds[hook].attach, -1) < 0)
			return bw_fail(err, BW_E_KERNEL, errno, "attaching the network guard (%s) to the container's cgroup",
				bw_guard_kinds[hook].name);
	return 0;
}

/* The first of ours at the hook: descriptor, or -1. */
static int ours_at(int cgroup, enum bw_guard_hook hook)
{
	uint32_t ids[BW_BPF_MAX_ATTACHED];
	ssize_t n = bw_bpf_attached(cgroup, bw_guard_kinds[hook].attach, ids);

	for (ssize_t i = 0; i < n; i++) {
		auto_close int program = bw_bpf_program_of(ids[i]);

		if (program >= 0 && is_ours(program, hook))
			return take_fd(&program);
	}
	return -1;
}

int bw_guard_verify(int cgroup, struct bw_err *err)
{
	for (enum bw_guard_hook hook = 0; hook < BW_GUARD_HOOKS; hook++) {
		auto_close int program = ours_at(cgroup, hook);

		if (program >= 0)
			continue;
		bw_fail(err, BW_E_DENIED, 0, "the network guard (%s) no longer hangs on the container's cgroup",
			bw_guard_kinds[hook].name);
		return bw_hint(err, "see what changes the programs of cgroups between create and start");
	}
	return 0;
}

void bw_guard_detach(int cgroup)
{
	for (enum bw_guard_hook hook = 0; hook < BW_GUARD_HOOKS; hook++) {
		auto_close int program = ours_at(cgroup, hook);

		if (program >= 0)
			(void)bw_bpf_detach(cgroup, program, bw_guard_kinds[hook].attach);
	}
}

/* Of a program that uses one map. */
static int counters_of(int program)
{
	struct bpf_prog_info info = {0};
	union bpf_attr attr;
	uint32_t id = 0;

	info.nr_map_ids = 1;
	info.map_ids = bw_bpf_pointer(&id);
	if (info_of(program, &info) < 0 || !id)
		return -1;
	memset(&attr, 0, sizeof attr);
	attr.map_id = id;
	return bw_bpf(BPF_MAP_GET_FD_BY_ID, &attr);
}

static int read_counter(int cgroup, enum bw_guard_hook hook, uint64_t *ret)
{
	auto_close int program = ours_at(cgroup, hook);
	auto_close int map = program < 0 ? -1 : counters_of(program);
	struct bpf_cgroup_storage_key key = {.attach_type = bw_guard_kinds[hook].attach};
	union bpf_attr attr;
	struct stat st;

	/* A cgroup's id is its inode's number on every machine of 64 bits. */
	if (map < 0 || fstat(cgroup, &st) < 0)
		return -1;
	key.cgroup_inode_id = st.st_ino;
	memset(&attr, 0, sizeof attr);
	attr.map_fd = (uint32_t)map;
	attr.key = bw_bpf_pointer(&key);
	attr.value = bw_bpf_pointer(ret);
	return bw_bpf(BPF_MAP_LOOKUP_ELEM, &attr);
}

int bw_guard_counts(int cgroup, uint64_t ret[BW_GUARD_HOOKS], struct bw_err *err)
{
	for (enum bw_guard_hook hook = 0; hook < BW_GUARD_HOOKS; hook++)
		if (read_counter(cgroup, hook, &ret[hook]) < 0)
			return bw_fail(err, BW_E_KERNEL, errno, "reading what the network guard (%s) has counted",
				bw_guard_kinds[hook].name);
	return 0;
}

bool bw_guard_can_attach(int cgroup)
{
	uint32_t ids[BW_BPF_MAX_ATTACHED];

	/* The newest of the hooks in use. */
	return bw_bpf_attached(cgroup, bw_guard_kinds[BW_GUARD_SENDMSG4].attach, ids) >= 0;
}
