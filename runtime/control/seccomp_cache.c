/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_cache.c - one file per filter, named by the digest of its input: a head, then
 * instructions. The digest over the content finds torn and damaged files; that nobody else could
 * write them, owner and mode of directory and file say. */
#include "control/seccomp_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"

static const char magic[8] = "BWSCMP1\n";

struct head {
	char magic[8];
	uint64_t count;
	struct bw_seccomp_key key;
	unsigned char digest[BW_SHA256_BYTES]; /* of the instructions */
};

/* Numbers and texts each with a mark or a length, so that no two sections look alike. */
static void add_number(struct bw_sha256 *hash, uint64_t number)
{
	bw_sha256_add(hash, &number, sizeof number);
}

static void add_text(struct bw_sha256 *hash, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	add_number(hash, text ? len : UINT64_MAX);
	if (text)
		bw_sha256_add(hash, text, len);
}

static void add_optional(struct bw_sha256 *hash, const struct bw_opt_uint *number)
{
	add_number(hash, number->set);
	add_number(hash, number->set ? number->v : 0);
}

static void add_texts(struct bw_sha256 *hash, const struct bw_strs *list)
{
	add_number(hash, list->n);
	for (size_t i = 0; i < list->n; i++)
		add_text(hash, list->v[i]);
}

static void add_rule(struct bw_sha256 *hash, const struct bw_spec_seccomp_rule *rule)
{
	add_texts(hash, &rule->names);
	add_text(hash, rule->action);
	add_optional(hash, &rule->errno_ret);
	add_number(hash, rule->args.n);
	for (size_t i = 0; i < rule->args.n; i++) {
		add_optional(hash, &rule->args.v[i].index);
		add_optional(hash, &rule->args.v[i].value);
		add_optional(hash, &rule->args.v[i].value_two);
		add_text(hash, rule->args.v[i].op);
	}
}

static void add_library(struct bw_sha256 *hash)
{
	const struct scmp_version *version = seccomp_version();

	add_text(hash, BW_VERSION);
	add_number(hash, BW_SECCOMP_CACHE_FORMAT);
	add_number(hash, version->major);
	add_number(hash, version->minor);
	add_number(hash, version->micro);
	add_number(hash, seccomp_api_get());
	add_number(hash, seccomp_arch_native());
}

void bw_seccomp_cache_key(const struct bw_spec_seccomp *seccomp, struct bw_seccomp_key *ret)
{
	struct bw_sha256 hash;

	bw_sha256_begin(&hash);
	add_library(&hash);
	add_text(&hash, seccomp->default_action);
	add_optional(&hash, &seccomp->default_errno_ret);
	add_texts(&hash, &seccomp->architectures);
	add_number(&hash, seccomp->syscalls.n);
	for (size_t i = 0; i < seccomp->syscalls.n; i++)
		add_rule(&hash, &seccomp->syscalls.v[i]);
	bw_sha256_end(&hash, ret->digest);
}

static bool is_private(int fd, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
	       !(st.st_mode & (S_IRWXG | S_IRWXO));
}

static int open_private_dir(int parent, const char *name)
{
	auto_close int fd = -1;

	if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
		return -1;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && is_private(fd, S_IFDIR) ? take_fd(&fd) : -1;
}

int bw_seccomp_cache_open(const char *state_root)
{
	auto_close int root = open(state_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int cache = root < 0 ? -1 : open_private_dir(root, ".cache");

	return cache < 0 ? -1 : open_private_dir(cache, "seccomp");
}

static bool content_is_whole(
	const char *bytes, size_t len, const struct bw_seccomp_key *key, struct head *head)
{
	unsigned char digest[BW_SHA256_BYTES];
	size_t body = len - sizeof *head;

	if (len < sizeof *head)
		return false;
	memcpy(head, bytes, sizeof *head);
	if (memcmp(head->magic, magic, sizeof magic) != 0 ||
		memcmp(&head->key, key, sizeof *key) != 0)
		return false;
	if (!head->count || head->count > BPF_MAXINSNS ||
		body != head->count * sizeof(struct sock_filter))
		return false;
	bw_sha256_of(bytes + sizeof *head, body, digest);
	return memcmp(digest, head->digest, sizeof digest) == 0;
}

bool bw_seccomp_cache_load(
	int dir, const struct bw_seccomp_key *key, struct bw_seccomp_program *ret)
{
	enum { MOST = sizeof(struct head) + BPF_MAXINSNS * sizeof(struct sock_filter) };
	char name[BW_SHA256_HEX];
	auto_close int fd = -1;
	auto_free char *bytes = NULL;
	struct sock_filter *code;
	struct head head;
	size_t len;

	bw_sha256_hex(key->digest, name);
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || !is_private(fd, S_IFREG))
		return false;
	if (bw_read_fd(fd, name, MOST, &bytes, &len, NULL) < 0 ||
		!content_is_whole(bytes, len, key, &head))
		return false;
	code = calloc(head.count, sizeof *code);
	if (!code)
		return false;
	memcpy(code, bytes + sizeof head, head.count * sizeof *code);
	*ret = (struct bw_seccomp_program){.v = code, .n = head.count};
	return true;
}

/* Counts the files and finds the oldest; left-overs of broken writes are files like others. */
static size_t survey(DIR *listing, char *oldest, size_t size)
{
	struct timespec age = {0};
	const struct dirent *entry;
	size_t n = 0;

	rewinddir(listing);
	while ((entry = readdir(listing))) {
		struct stat st;

		if (bw_streq(entry->d_name, ".") || bw_streq(entry->d_name, "..") ||
			strlen(entry->d_name) >= size ||
			fstatat(dirfd(listing), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (!n || st.st_mtim.tv_sec < age.tv_sec ||
			(st.st_mtim.tv_sec == age.tv_sec && st.st_mtim.tv_nsec < age.tv_nsec)) {
			age = st.st_mtim;
			memcpy(oldest, entry->d_name, strlen(entry->d_name) + 1);
		}
		n++;
	}
	return n;
}

static void make_room(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *listing = copy < 0 ? NULL : fdopendir(copy);
	char oldest[NAME_MAX + 1];

	if (!listing) {
		if (copy >= 0)
			close(copy);
		return;
	}
	while (survey(listing, oldest, sizeof oldest) >= BW_SECCOMP_CACHE_FILES)
		if (unlinkat(dir, oldest, 0) < 0)
			return;
}

void bw_seccomp_cache_store(
	int dir, const struct bw_seccomp_key *key, const struct bw_seccomp_program *program)
{
	size_t body = program->n * sizeof *program->v, len = sizeof(struct head) + body;
	struct head head = {.count = program->n, .key = *key};
	auto_free char *bytes = malloc(len);
	char name[BW_SHA256_HEX];

	if (!bytes)
		return;
	memcpy(head.magic, magic, sizeof magic);
	bw_sha256_of(program->v, body, head.digest);
	memcpy(bytes, &head, sizeof head);
	memcpy(bytes + sizeof head, program->v, body);
	bw_sha256_hex(key->digest, name);
	make_room(dir);
	if (bw_replace_at(dir, name, bytes, len, 0600, NULL) < 0)
		unlinkat(dir, name, 0);
}
