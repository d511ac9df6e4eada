/* SPDX-License-Identifier: Apache-2.0 */
/* spec.c - loading config.json and process files, and small questions about a spec. The rows are in
 * spec_table*.c, rules across fields in spec_check.c. */
#include "spec/spec.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"

/* The newest version of the specification whose fields the tables have. */
enum { SPEC_MAJOR = 1, SPEC_MINOR = 3 };

static int no_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, 0, "reading the configuration: out of memory");
}

/* ---- notes ---- */

static int add_note(struct bw_arena *arena, struct bw_notes *notes, char *pointer, char *text,
	struct bw_err *err)
{
	struct bw_note *note = pointer && text ? bw_push(arena, notes) : NULL;

	if (!note)
		return no_memory(err);
	*note = (struct bw_note){pointer, text};
	return 0;
}

/* Out of use, but the spec says what it means: relative to "/". */
static int note_relative_destinations(const struct bw_spec *spec, struct bw_arena *arena,
	struct bw_notes *notes, struct bw_err *err)
{
	for (size_t i = 0; i < spec->mounts.n; i++) {
		if (spec->mounts.v[i].destination[0] == '/')
			continue;
		if (add_note(arena, notes, bw_arena_printf(arena, "/mounts/%zu/destination", i),
			    bw_arena_strdup(arena, "is not absolute, and taken as relative to /"),
			    err) < 0)
			return -1;
	}
	return 0;
}

/* A destination that begins with the rootfs's own path, as seen on the host, means what is behind it: so it was written
 * once, and runc takes it still. By the text alone, and before the policy looks at destinations. */
static int strip_root(const struct bw_spec *spec, const char *bundle, struct bw_arena *arena, struct bw_notes *notes,
	struct bw_err *err)
{
	const char *given = spec->root ? spec->root->path : "/";
	char path[PATH_MAX], root[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s", *given == '/' ? "" : bundle, given);

	/* What is too long is found too long by those who use it. */
	if (n < 0 || (size_t)n >= sizeof path || !bw_path_clean(path, root, sizeof root) || bw_streq(root, "/"))
		return 0;
	for (size_t i = 0; i < spec->mounts.n; i++) {
		struct bw_spec_mount *mount = &spec->mounts.v[i];
		const char *inside;

		if (!bw_path_clean(mount->destination, path, sizeof path) || !bw_path_beneath(path, root))
			continue;
		inside = path[strlen(root)] ? path + strlen(root) : "/";
		mount->destination = bw_arena_strdup(arena, inside);
		if (!mount->destination)
			return no_memory(err);
		if (notes && add_note(arena, notes, bw_arena_printf(arena, "/mounts/%zu/destination", i),
				     bw_arena_printf(arena, "names the rootfs, and is taken as %s in it", inside), err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the version ---- */

/* The number at *text, which is moved behind it; -1 when there is none. */
static int take_number(const char **text)
{
	enum { TOO_BIG = 100000 };
	int value = 0;

	if (**text < '0' || **text > '9')
		return -1;
	for (; **text >= '0' && **text <= '9'; ++*text) {
		if (value < TOO_BIG)
			value = value * 10 + (**text - '0');
	}
	return value;
}

/* "1.2.0", "1.0.2-dev", "1.3.0+dev", "1.0.0-rc5": semver.org. The minor number, or -1. */
static int parse_version(const char *text, int *ret_major)
{
	static const char *const allowed = "abcdefghijklmnopqrstuvwxyz"
					   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-+";
	int minor;

	*ret_major = take_number(&text);
	if (*ret_major < 0 || *text++ != '.')
		return -1;
	minor = take_number(&text);
	if (minor < 0 || *text++ != '.' || take_number(&text) < 0)
		return -1;
	if (*text && *text != '-' && *text != '+')
		return -1;
	return text[strspn(text, allowed)] ? -1 : minor;
}

static int check_version(const struct bw_spec *spec, struct bw_arena *arena, struct bw_notes *notes,
	struct bw_err *err)
{
	int major, minor = parse_version(spec->oci_version, &major);

	if (minor < 0 || major != SPEC_MAJOR) {
		bw_fail(err, BW_E_SPEC, 0, "/ociVersion: must be a version 1.x.y, not \"%.60s\"",
			spec->oci_version);
		return bw_at(err, "/ociVersion");
	}
	if (minor <= SPEC_MINOR || !notes)
		return 0;
	return add_note(arena, notes, bw_arena_strdup(arena, "/ociVersion"),
		bw_arena_printf(arena,
			"is newer than %d.%d, the newest that is known: newer properties are "
			"ignored",
			SPEC_MAJOR, SPEC_MINOR),
		err);
}

/* ---- loading ---- */

/* The tree is needed only until the structs are filled: it has an arena of its own. As the text it is wiped: a variable may
 * be a secret, and whoever takes that out of the structs must have it all. */
static int read_text(const struct bw_schema *schema, const char *text, size_t len, const char *name,
	struct bw_arena *arena, void **ret, struct bw_notes *notes, struct bw_err *err)
{
	auto_wiped_arena struct bw_arena scratch = BW_ARENA_INIT;
	struct bw_json *tree;

	if (bw_json_parse(text, len, name, &scratch, &tree, err) < 0)
		return -1;
	if (bw_schema_read(schema, tree, BW_E_SPEC, arena, ret, notes, err) == 0)
		return 0;
	/* A place in it says which document is meant; of the whole there is none. */
	return err->text[0] == '/' ? -1 : bw_wrap(err, "%s", name);
}

int bw_spec_parse(const char *text, size_t len, const char *name, struct bw_arena *arena,
	struct bw_spec **ret, struct bw_notes *notes, struct bw_err *err)
{
	struct bw_spec *spec;
	void *object;

	if (read_text(&bw_spec_schema, text, len, name, arena, &object, notes, err) < 0)
		return -1;
	spec = object;
	if (check_version(spec, arena, notes, err) < 0 || bw_spec_check(spec, err) < 0)
		return -1;
	if (notes && note_relative_destinations(spec, arena, notes, err) < 0)
		return -1;
	*ret = spec;
	return 0;
}

int bw_spec_load(const char *bundle, struct bw_arena *arena, struct bw_spec **ret,
	struct bw_notes *notes, struct bw_err *err)
{
	auto_wiped_text struct bw_wiped_text text = {0};
	struct bw_spec *spec;
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/config.json", bundle);

	if (n < 0 || (size_t)n >= sizeof path)
		return bw_fail(err, BW_E_SPEC, ENAMETOOLONG, "bundle");
	if (bw_read_file(path, BW_JSON_MAX_BYTES, &text.v, &text.len, err) < 0) {
		/* Callers take "no such file or directory" for the container's program. */
		if (err && err->sys == ENOENT)
			bw_fail(err, BW_E_SPEC, 0, "config.json not found in the bundle %s",
				bundle);
		return bw_at(err, "%s", path);
	}
	if (bw_spec_parse(text.v, text.len, "config.json", arena, &spec, notes, err) < 0 ||
		strip_root(spec, bundle, arena, notes, err) < 0)
		return -1;
	*ret = spec;
	return 0;
}

int bw_spec_load_process(
	const char *path, struct bw_arena *arena, struct bw_spec_process **ret, struct bw_err *err)
{
	bool from_stdin = bw_streq(path, "-");
	const char *name = from_stdin ? "standard input" : path;
	auto_wiped_text struct bw_wiped_text text = {0};
	void *object;
	int n = from_stdin ? bw_read_fd(STDIN_FILENO, name, BW_JSON_MAX_BYTES, &text.v, &text.len, err)
			   : bw_read_file(path, BW_JSON_MAX_BYTES, &text.v, &text.len, err);

	if (n < 0)
		return -1;
	if (read_text(&bw_spec_process_schema, text.v, text.len, name, arena, &object, NULL, err) < 0 ||
		bw_spec_check_process(object, err) < 0)
		return -1;
	*ret = object;
	return 0;
}

int bw_spec_parse_resources(const char *text, size_t len, const char *name, struct bw_arena *arena,
	struct bw_spec_resources **ret, struct bw_err *err)
{
	auto_arena struct bw_arena scratch = BW_ARENA_INIT;
	struct bw_spec_resources *resources;
	struct bw_json *tree;
	void *object;

	if (bw_json_parse(text, len, name, &scratch, &tree, err) < 0 ||
		bw_schema_fold_case(&bw_spec_resources_schema, tree, BW_E_SPEC, err) < 0 ||
		bw_schema_read(&bw_spec_resources_schema, tree, BW_E_SPEC, arena, &object, NULL,
			err) < 0)
		return -1;
	resources = object;
	bw_resources_forget_unset(resources);
	if (bw_spec_check_resources(resources, err) < 0)
		return -1;
	*ret = resources;
	return 0;
}

int bw_spec_load_resources(const char *path, struct bw_arena *arena, struct bw_spec_resources **ret,
	struct bw_err *err)
{
	bool from_stdin = bw_streq(path, "-");
	const char *name = from_stdin ? "standard input" : path;
	auto_free char *text = NULL;
	size_t len;
	int n = from_stdin ? bw_read_fd(STDIN_FILENO, name, BW_JSON_MAX_BYTES, &text, &len, err)
			   : bw_read_file(path, BW_JSON_MAX_BYTES, &text, &len, err);

	return n < 0 ? -1 : bw_spec_parse_resources(text, len, name, arena, ret, err);
}

/* ---- questions ---- */

const struct bw_spec_namespace *bw_spec_namespace(const struct bw_spec *spec, const char *type)
{
	const struct bw_spec_linux *lx = spec->linux_;

	for (size_t i = 0; lx && i < lx->namespaces.n; i++) {
		if (bw_streq(lx->namespaces.v[i].type, type))
			return &lx->namespaces.v[i];
	}
	return NULL;
}

bool bw_spec_has_new_namespace(const struct bw_spec *spec, const char *type)
{
	const struct bw_spec_namespace *ns = bw_spec_namespace(spec, type);

	return ns && !ns->path;
}

bool bw_spec_joins_namespace(const struct bw_spec *spec, const char *type)
{
	const struct bw_spec_namespace *ns = bw_spec_namespace(spec, type);

	return ns && ns->path;
}

/* A key becomes a path beneath /proc/sys: no step may be empty, whichever of the two separates, which shuts out
 * "..", and a leading '/' too. */
static bool is_sysctl_key(const char *key)
{
	const char *step = key;
	size_t len;

	for (;;) {
		len = strcspn(step, "./");
		for (size_t i = 0; i < len; i++) {
			if ((unsigned char)step[i] <= ' ' || step[i] == 0x7f)
				return false;
		}
		if (!len)
			return false;
		if (!step[len])
			return true;
		step += len + 1;
	}
}

bool bw_spec_sysctl_name(const char *key, char name[BW_SYSCTL_NAME_SIZE])
{
	size_t len = strlen(key);
	bool swap = key[strcspn(key, "./")] == '/';

	if (len >= BW_SYSCTL_NAME_SIZE || !is_sysctl_key(key))
		return false;
	memcpy(name, key, len + 1);
	for (char *c = name; swap && *c; c++)
		*c = (char)(*c == '.' ? '/' : *c == '/' ? '.' : *c);
	return true;
}
