/* SPDX-License-Identifier: Apache-2.0 */
/* learn.c - the learned profile: an OCI linux.seccomp object in a file of its own. Each run adds to it, under a lock
 * of its directory, so that runs beside each other lose nothing. */
#include "container/learn.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"

/* What programs do that no filter sees while it is watched, or sees by chance: the first are answered without the
 * kernel where the processor's clock is good, the second come with a signal or a stop at the wrong moment; bulwark's
 * init becomes the program by the third, and would say by write that it could not. */
static const char *const always[] = {"clock_getres", "clock_gettime", "getcpu", "gettimeofday", "time",
	"exit", "exit_group", "restart_syscall", "rt_sigreturn",
	"execve", "write", NULL};
/* Without no_new_privs the filter is loaded before the init gives up its rights and waits for start: what is then done
 * has been seen, but for the wait, which `run` has not, and what exec does otherwise than create. */
static const char *const for_the_wait[] = {"accept4", "close", "getpid", "openat2", "read", "rt_sigaction", NULL};

/* The directory of path, and where the file's name begins in it. */
static int open_directory(const char *path, const char **ret_name, struct bw_err *err)
{
	auto_free char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;
	int fd;

	if (!slash || !slash[1])
		return bw_fail(err, BW_E_USAGE, 0, "--learn: expected the path of a file, found \"%s\"", path);
	*slash = '\0';
	fd = open(*dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*ret_name = path + (slash - dir) + 1;
	return fd < 0 ? bw_fail(err, BW_E_USAGE, errno, "--learn: opening the directory of %s", path) : fd;
}

static int parse(const char *text, size_t len, const char *path, struct bw_learned *ret, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_notes notes = {0};
	struct bw_json *tree;
	void *section;

	if (bw_json_parse(text, len, path, &arena, &tree, err) < 0 ||
		bw_schema_read(&bw_spec_seccomp_schema, tree, BW_E_SPEC, &arena, &section, &notes, err) < 0)
		return -1;
	if (notes.n)
		return bw_fail(err, BW_E_SPEC, 0, "%s: %s", notes.v[0].pointer, notes.v[0].text);
	return bw_learned_from_section(section, ret, err);
}

/* The empty set when there is no such file. */
static int read_profile(int dir, const char *name, const char *path, struct bw_learned *ret, struct bw_err *err)
{
	auto_close int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	auto_free char *text = NULL;
	struct stat st;
	size_t len;

	bw_learned_init(ret);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return bw_fail(err, BW_E_USAGE, errno, "--learn: opening %s", path);
	if (!S_ISREG(st.st_mode))
		return bw_fail(err, BW_E_USAGE, 0, "--learn: %s is no regular file", path);
	if (bw_read_fd(fd, path, BW_JSON_MAX_BYTES, &text, &len, err) == 0 && parse(text, len, path, ret, err) == 0)
		return 0;
	return bw_wrap(err, "--learn: %s was not written by --learn, and stays as it is", path);
}

int bw_learn_begin(const char *path, struct bw_recorder *recorder, struct bw_err *err)
{
	struct bw_learned there;
	const char *name;
	auto_close int dir = open_directory(path, &name, err);

	if (dir < 0 || read_profile(dir, name, path, &there, err) < 0)
		return -1;
	if (faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) < 0)
		return bw_fail(err, BW_E_USAGE, errno, "--learn: writing into the directory of %s", path);
	return bw_recorder_open(recorder, err);
}

static void add_names(struct bw_learned *set, const char *const *names)
{
	for (; *names; names++)
		bw_learned_add_name(set, *names);
}

static int to_text(const struct bw_learned *set, char **ret, size_t *ret_len, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const struct bw_spec_seccomp *section = bw_learned_section(set, &arena);
	struct bw_json_writer *w = bw_json_writer_new(true);
	int r;

	if (!section || !w) {
		bw_json_writer_free(w);
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "the learned profile");
	}
	bw_schema_write(&bw_spec_seccomp_schema, section, w);
	r = bw_json_writer_end(w, ret, ret_len, err);
	bw_json_writer_free(w);
	/* The writer leaves room for the NUL; a file of text ends with a newline. */
	if (r == 0)
		(*ret)[(*ret_len)++] = '\n';
	return r;
}

static void measure(const struct bw_learned *set, const struct bw_learned *before, struct bw_learning *ret)
{
	struct bw_learned_size all = bw_learned_size(set, NULL), more = bw_learned_size(set, before);

	*ret = (struct bw_learning){.calls = all.calls, .new_calls = more.calls, .values = all.values, .new_values = more.values,
		.nameless = set->nameless};
}

int bw_learn_end(const char *path, struct bw_recorder *recorder, bool waits, struct bw_learning *ret, struct bw_err *err)
{
	struct bw_learned before, set;
	auto_free char *text = NULL;
	auto_close int dir = -1;
	const char *name;
	size_t len;

	if (bw_recorder_stop(recorder, err) < 0)
		return bw_wrap(err, "--learn: %s stays as it is", path);
	dir = open_directory(path, &name, err);
	if (dir < 0)
		return -1;
	if (flock(dir, LOCK_EX) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "--learn: locking the directory of %s", path);
	if (read_profile(dir, name, path, &before, err) < 0)
		return -1;
	set = before;
	bw_learned_merge(&set, recorder->set);
	add_names(&set, always);
	if (waits)
		add_names(&set, for_the_wait);
	if (to_text(&set, &text, &len, err) < 0 || bw_replace_at(dir, name, text, len, 0644, err) < 0)
		return bw_wrap(err, "--learn");
	if (ret)
		measure(&set, &before, ret);
	return 0;
}
