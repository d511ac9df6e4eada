/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_devices.c - linux.resources.devices: what the rules are, and how they come into force: v1
 * by the devices controller's lists (cgroup-v1/devices.rst), v2 by a BPF program. Without any rule
 * every device is refused. */
#include "control/cgroup_unit.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "spec/spec.h"

#define AT "/linux/resources/devices"

/* What runc lets every container do, whatever its configuration says: make any node, use these. */
static const struct bw_device_rule always_allowed[] = {
	{true, BW_DEVICE_CHAR, BW_DEVICE_MKNOD, BW_DEVICE_ANY, BW_DEVICE_ANY},
	{true, BW_DEVICE_BLOCK, BW_DEVICE_MKNOD, BW_DEVICE_ANY, BW_DEVICE_ANY},
	{true, BW_DEVICE_CHAR, BW_DEVICE_ALL, 1, 3},		   /* null */
	{true, BW_DEVICE_CHAR, BW_DEVICE_ALL, 1, 5},		   /* zero */
	{true, BW_DEVICE_CHAR, BW_DEVICE_ALL, 1, 7},		   /* full */
	{true, BW_DEVICE_CHAR, BW_DEVICE_ALL, 1, 8},		   /* random */
	{true, BW_DEVICE_CHAR, BW_DEVICE_ALL, 1, 9},		   /* urandom */
	{true, BW_DEVICE_CHAR, BW_DEVICE_ALL, 5, 0},		   /* tty */
	{true, BW_DEVICE_CHAR, BW_DEVICE_ALL, 5, 1},		   /* console */
	{true, BW_DEVICE_CHAR, BW_DEVICE_ALL, 5, 2},		   /* ptmx */
	{true, BW_DEVICE_CHAR, BW_DEVICE_ALL, 136, BW_DEVICE_ANY}, /* pts/N */
};

/* The nodes that every container's /dev is given. We make them inside its cgroup, so mknod (not
 * use) must be allowed even where a policy's list does not say so. */
static const unsigned own_nodes[][2] = {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}};

/* --- the rules --- */

static int add_rule(struct bw_arena *arena, struct bw_device_rules *rules,
	struct bw_device_rule rule, struct bw_err *err)
{
	struct bw_device_rule *added;

	if (rules->n >= BW_DEVICE_MAX_RULES) {
		bw_fail(err, BW_E_SPEC, 0, AT ": more than %d rules", BW_DEVICE_MAX_RULES);
		return bw_at(err, AT);
	}
	added = bw_push(arena, rules);
	if (!added)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "device rules");
	*added = rule;
	return 0;
}

static int bad_rule(
	size_t i, const char *key, const char *value, const char *why, struct bw_err *err)
{
	bw_fail(err, BW_E_SPEC, 0, AT "/%zu/%s: \"%s\" %s", i, key, value ? value : "", why);
	return bw_at(err, AT "/%zu/%s", i, key);
}

static int parse_types(const char *type, size_t i, unsigned *ret, struct bw_err *err)
{
	if (!type || bw_streq(type, "a"))
		*ret = BW_DEVICE_BOTH;
	else if (bw_streq(type, "c") || bw_streq(type, "u"))
		*ret = BW_DEVICE_CHAR;
	else if (bw_streq(type, "b"))
		*ret = BW_DEVICE_BLOCK;
	else
		return bad_rule(i, "type", type, "is not one of a, b, c", err);
	return 0;
}

/* Saying nothing about access means every access in a rule about all devices and in a refusal; a
 * permission has to say what it permits. */
static int parse_access(const struct bw_spec_device_rule *from, size_t i, unsigned types,
	unsigned *ret, struct bw_err *err)
{
	*ret = 0;
	for (const char *c = from->access ? from->access : ""; *c; c++) {
		if (*c != 'r' && *c != 'w' && *c != 'm')
			return bad_rule(
				i, "access", from->access, "has letters other than r, w, m", err);
		*ret |= *c == 'r' ? BW_DEVICE_READ : *c == 'w' ? BW_DEVICE_WRITE : BW_DEVICE_MKNOD;
	}
	if (*ret)
		return 0;
	if (from->allow.v && types != BW_DEVICE_BOTH)
		return bad_rule(i, "access", from->access, "permits nothing", err);
	*ret = BW_DEVICE_ALL;
	return 0;
}

static int parse_number(const struct bw_opt_int *number, size_t i, const char *key, int64_t *ret,
	struct bw_err *err)
{
	if (number->set && (number->v < -1 || number->v > UINT32_MAX)) {
		bw_fail(err, BW_E_SPEC, 0, AT "/%zu/%s: %lld is no device number", i, key,
			(long long)number->v);
		return bw_at(err, AT "/%zu/%s", i, key);
	}
	*ret = number->set ? number->v : BW_DEVICE_ANY;
	return 0;
}

static int add_spec_rule(const struct bw_spec_device_rule *from, size_t i, struct bw_arena *arena,
	struct bw_device_rules *rules, struct bw_err *err)
{
	struct bw_device_rule rule = {.allow = from->allow.v};

	if (parse_types(from->type, i, &rule.types, err) < 0 ||
		parse_access(from, i, rule.types, &rule.access, err) < 0 ||
		parse_number(&from->major, i, "major", &rule.major, err) < 0 ||
		parse_number(&from->minor, i, "minor", &rule.minor, err) < 0)
		return -1;
	return add_rule(arena, rules, rule, err);
}

/* The policy's list has the default devices in it, and no mknod: nothing is added to it. Whose list it
 * is, the profile's name does not say: a site's profile may stand on any other. */
static bool is_exact(const struct bw_spec *spec)
{
	return spec->hardening && spec->hardening->exact_devices.v;
}

static int add_always_allowed(
	struct bw_arena *arena, struct bw_device_rules *rules, struct bw_err *err)
{
	for (size_t i = 0; i < BW_COUNT(always_allowed); i++)
		if (add_rule(arena, rules, always_allowed[i], err) < 0)
			return -1;
	return 0;
}

static int add_own_nodes(const struct bw_spec_linux *linux_, struct bw_arena *arena,
	struct bw_device_rules *rules, struct bw_err *err)
{
	for (size_t i = 0; i < BW_COUNT(own_nodes); i++) {
		const struct bw_device_rule rule = {
			true, BW_DEVICE_CHAR, BW_DEVICE_MKNOD, own_nodes[i][0], own_nodes[i][1]};

		if (add_rule(arena, rules, rule, err) < 0)
			return -1;
	}
	for (size_t i = 0; linux_ && i < linux_->devices.n; i++) {
		const struct bw_spec_device *device = &linux_->devices.v[i];
		struct bw_device_rule rule = {.allow = true,
			.access = BW_DEVICE_MKNOD,
			.major = device->major.v,
			.minor = device->minor.v};

		rule.types = bw_streq0(device->type, "b") ? BW_DEVICE_BLOCK : BW_DEVICE_CHAR;
		if (!bw_streq0(device->type, "p") && add_rule(arena, rules, rule, err) < 0)
			return -1;
	}
	return 0;
}

int bw_cgroup_device_rules(const struct bw_spec *spec, struct bw_arena *arena,
	struct bw_device_rules *ret, struct bw_err *err)
{
	const struct bw_spec_resources *resources = spec->linux_ ? spec->linux_->resources : NULL;

	*ret = (struct bw_device_rules){0};
	for (size_t i = 0; resources && i < resources->devices.n; i++)
		if (add_spec_rule(&resources->devices.v[i], i, arena, ret, err) < 0)
			return -1;
	return !is_exact(spec) ? add_always_allowed(arena, ret, err)
			       : add_own_nodes(spec->linux_, arena, ret, err);
}

/* --- v1 --- */

/* v1 knows a default and exceptions from it, all of one kind. */
struct list {
	bool allow; /* the default */
	struct bw_device_rules exceptions;
};

static bool same_devices(const struct bw_device_rule *a, const struct bw_device_rule *b)
{
	return a->types == b->types && a->major == b->major && a->minor == b->minor;
}

static bool overlap(int64_t a, int64_t b)
{
	return a == BW_DEVICE_ANY || b == BW_DEVICE_ANY || a == b;
}

static int add_exception(
	struct list *list, struct bw_device_rule rule, struct bw_arena *arena, struct bw_err *err)
{
	rule.allow = !list->allow;
	for (size_t i = 0; i < list->exceptions.n; i++) {
		if (same_devices(&list->exceptions.v[i], &rule)) {
			list->exceptions.v[i].access |= rule.access;
			return 0;
		}
	}
	return add_rule(arena, &list->exceptions, rule, err);
}

/* An exception can be taken back whole; v1 has no exception from an exception. */
static int drop_exceptions(struct list *list, const struct bw_device_rule *rule, struct bw_err *err)
{
	for (size_t i = 0; i < list->exceptions.n; i++) {
		struct bw_device_rule *exception = &list->exceptions.v[i];
		struct bw_device_rule wide = *rule;

		if (exception->types != rule->types || !overlap(exception->major, rule->major) ||
			!overlap(exception->minor, rule->minor) ||
			!(exception->access & rule->access))
			continue;
		wide.access = exception->access;
		if (!bw_device_rule_covers(&wide, exception)) {
			bw_fail(err, BW_E_HOST, 0,
				AT ": cgroup v1 cannot %s a part (%lld:%lld) of what an earlier "
				   "rule (%lld:%lld) %s",
				rule->allow ? "allow" : "deny", (long long)rule->major,
				(long long)rule->minor, (long long)exception->major,
				(long long)exception->minor, rule->allow ? "denies" : "allows");
			return bw_at(err, AT);
		}
		exception->access &= ~rule->access;
	}
	return 0;
}

static int apply_to_list(struct list *list, const struct bw_device_rule *rule,
	struct bw_arena *arena, struct bw_err *err)
{
	static const struct bw_device_rule everything = {.types = BW_DEVICE_BOTH,
		.access = BW_DEVICE_ALL,
		.major = BW_DEVICE_ANY,
		.minor = BW_DEVICE_ANY};

	if (bw_device_rule_covers(rule, &everything)) {
		*list = (struct list){.allow = rule->allow};
		return 0;
	}
	for (unsigned type = BW_DEVICE_BLOCK; type <= BW_DEVICE_CHAR; type++) {
		struct bw_device_rule one = *rule;
		int r;

		one.types = type;
		if (!(rule->types & type))
			continue;
		r = rule->allow == list->allow ? drop_exceptions(list, &one, err)
					       : add_exception(list, one, arena, err);
		if (r < 0)
			return -1;
	}
	return 0;
}

static void number_text(int64_t number, char text[24])
{
	if (number == BW_DEVICE_ANY)
		snprintf(text, 24, "*");
	else
		snprintf(text, 24, "%lld", (long long)number);
}

/* "c 1:3 rwm" */
static void rule_text(const struct bw_device_rule *rule, char text[80])
{
	char major[24], minor[24];

	number_text(rule->major, major);
	number_text(rule->minor, minor);
	snprintf(text, 80, "%c %s:%s %s%s%s", rule->types == BW_DEVICE_BLOCK ? 'b' : 'c', major,
		minor, rule->access & BW_DEVICE_READ ? "r" : "",
		rule->access & BW_DEVICE_WRITE ? "w" : "",
		rule->access & BW_DEVICE_MKNOD ? "m" : "");
}

static int write_rule(int dir, const char *file, const char *text, struct bw_err *err)
{
	int r = bw_write_at(dir, file, text);

	if (r == 0)
		return 0;
	bw_fail(err, BW_E_KERNEL, -r, AT ": writing \"%s\" to %s", text, file);
	return bw_at(err, AT);
}

/* All exceptions over one descriptor: each is a write of its own. */
static int write_exceptions(int dir, const struct list *list, struct bw_err *err)
{
	const char *file = list->allow ? "devices.deny" : "devices.allow";
	auto_close int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);
	char text[80];

	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, AT ": opening %s", file);
	for (size_t i = 0; i < list->exceptions.n; i++) {
		const struct bw_device_rule *rule = &list->exceptions.v[i];
		int r;

		if (!rule->access)
			continue;
		rule_text(rule, text);
		r = bw_write_all(fd, text, strlen(text));
		if (r < 0) {
			bw_fail(err, BW_E_KERNEL, -r, AT ": writing \"%s\" to %s", text, file);
			return bw_at(err, AT);
		}
	}
	return 0;
}

/* A line of devices.list as a rule. */
static bool parse_line(const char *line, struct bw_device_rule *ret)
{
	char type, major[24], minor[24], access[8];

	if (sscanf(line, "%c %23[0-9*]:%23[0-9*] %7[rwm]", &type, major, minor, access) != 4)
		return false;
	*ret = (struct bw_device_rule){.types = type == 'b'   ? BW_DEVICE_BLOCK
						: type == 'c' ? BW_DEVICE_CHAR
							      : BW_DEVICE_BOTH,
		.major = BW_DEVICE_ANY,
		.minor = BW_DEVICE_ANY};
	if (major[0] != '*' && bw_parse_i64(major, 0, UINT32_MAX, &ret->major) < 0)
		return false;
	if (minor[0] != '*' && bw_parse_i64(minor, 0, UINT32_MAX, &ret->minor) < 0)
		return false;
	ret->access = (strchr(access, 'r') ? BW_DEVICE_READ : 0U) |
		      (strchr(access, 'w') ? BW_DEVICE_WRITE : 0U) |
		      (strchr(access, 'm') ? BW_DEVICE_MKNOD : 0U);
	return true;
}

/* What of old no exception of list about the same devices keeps. */
static unsigned lost_access(const struct list *list, const struct bw_device_rule *old)
{
	for (size_t i = 0; i < list->exceptions.n; i++)
		if (same_devices(&list->exceptions.v[i], old))
			return old->access & ~list->exceptions.v[i].access;
	return old->access;
}

/* The new permissions are in force; take back those of the old ones that are not among them. */
static int deny_others(int dir, const struct list *list, char *old_list, struct bw_err *err)
{
	char *line, text[80];

	while ((line = strsep(&old_list, "\n"))) {
		struct bw_device_rule old;

		if (!parse_line(line, &old))
			continue;
		old.access = lost_access(list, &old);
		if (!old.access)
			continue;
		rule_text(&old, text);
		if (write_rule(dir, "devices.deny", text, err) < 0)
			return -1;
	}
	return 0;
}

/* Whether processes that run here are held to a list of permissions already, which can be changed
 * entry by entry. From or to "everything" the whole list has to go for a moment. */
static bool read_permissions(int dir, char **ret)
{
	auto_close int fd = openat(dir, "devices.list", O_RDONLY | O_CLOEXEC);
	auto_free char *text = NULL;

	if (fd < 0 || bw_read_fd(fd, "devices.list", 1 << 20, &text, NULL, NULL) < 0 ||
		text[0] == 'a')
		return false;
	*ret = take_ptr(&text);
	return true;
}

int bw_cgroup_device_list(const struct bw_device_rules *rules, struct bw_arena *arena, bool *ret_allow,
	struct bw_device_rules *ret_exceptions, struct bw_err *err)
{
	struct list list = {.allow = false};

	for (size_t i = 0; i < rules->n; i++)
		if (apply_to_list(&list, &rules->v[i], arena, err) < 0)
			return -1;
	*ret_allow = list.allow;
	*ret_exceptions = list.exceptions;
	return 0;
}

static int apply_v1(int dir, const struct bw_device_rules *rules, bool live, struct bw_arena *arena,
	struct bw_err *err)
{
	struct list list = {.allow = false};
	auto_free char *old = NULL;

	if (bw_cgroup_device_list(rules, arena, &list.allow, &list.exceptions, err) < 0)
		return -1;
	if (live && !list.allow && read_permissions(dir, &old)) {
		if (write_exceptions(dir, &list, err) < 0)
			return -1;
		return deny_others(dir, &list, old, err);
	}
	if (write_rule(dir, list.allow ? "devices.allow" : "devices.deny", "a", err) < 0)
		return -1;
	return write_exceptions(dir, &list, err);
}

/* --- both --- */

static int apply_v2(int dir, const struct bw_device_rules *rules, bool replace, struct bw_err *err)
{
	auto_free struct bpf_insn *program = NULL;
	size_t n;

	if (bw_device_program(rules, &program, &n, err) < 0 ||
		bw_device_attach(dir, program, n, replace, err) < 0) {
		bw_wrap(err, AT);
		return bw_at(err, AT);
	}
	return 0;
}

static bool all_mounts_are_nodev(const struct bw_spec *spec)
{
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct bw_strs *options = &spec->mounts.v[i].options;

		/* A file system that is mounted in a user namespace never has devices. */
		if ((bw_strs_has(options, "bind") || bw_strs_has(options, "rbind")) && !bw_strs_has(options, "nodev"))
			return false;
	}
	return true;
}

/* The kernel gives the lists to root only. A container in a user namespace of its own can make no node (mknod(2)), so
 * where every mount is nodev, too, it has the nodes that we bind into its /dev, which are what the policy allows, and
 * no others: then its list holds all the same. Without a policy the list is not asked for, as with runc. */
static int without_list(const struct bw_spec *spec, struct bw_err *err)
{
	bool own_users = bw_spec_has_new_namespace(spec, "user");

	if (!is_exact(spec))
		return 0;
	if (own_users && spec->hardening->restrict_rootfs.v && all_mounts_are_nodev(spec))
		return 0;
	bw_fail(err, BW_E_HOST, 0, AT ": cannot be enforced without root's rights over a cgroup, for %s",
		own_users ? "a bind mount or the rootfs may hold devices" : "the container has no user namespace of its own");
	return bw_at(err, AT);
}

int bw_cgroup_apply_devices_with(
	struct bw_cgroup_handle *handle, const struct bw_spec *spec, bool live, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const struct bw_cgroup_set *set = handle->set;
	int v1 = bw_cgroup_find(set, "devices"), i = v1 >= 0 ? v1 : bw_cgroup_find(set, NULL);
	struct bw_device_rules rules;
	int dir, r;

	if (bw_cgroup_device_rules(spec, &arena, &rules, err) < 0)
		return -1;
	if (i < 0 && set->rootless.v)
		return without_list(spec, err);
	if (i < 0) {
		bw_fail(err, BW_E_HOST, 0,
			AT ": needs the cgroup controller devices or cgroup v2, which this host "
			   "does not have");
		return bw_at(err, AT);
	}
	dir = bw_cgroup_dir_fd(handle, (size_t)i);
	if (dir < 0)
		return bw_fail(err, BW_E_KERNEL, -dir, "opening cgroup %s%s",
			set->dirs.v[i].mountpoint, set->dirs.v[i].path);
	/* A directory that we made just now has no program yet: no need to ask. */
	r = v1 >= 0 ? apply_v1(dir, &rules, live, &arena, err)
		    : apply_v2(dir, &rules, live || !set->dirs.v[i].made.set, err);
	if (r < 0 && set->rootless.v && bw_cgroup_is_forbidden(err->sys)) {
		*err = (struct bw_err){0};
		return without_list(spec, err);
	}
	return r;
}

/* systemd writes a list of v1 anew, and refuses every device meanwhile: nobody may run then. On v2 it attaches its new
 * program before it lets the old one go. */
static int freeze_for_systemd(const struct bw_cgroup_set *set, bool *ret_thaw, struct bw_err *err)
{
	bool frozen;

	*ret_thaw = false;
	if (bw_cgroup_find(set, "devices") < 0)
		return 0;
	if (bw_cgroup_is_frozen(set, &frozen, err) < 0 || (!frozen && bw_cgroup_freeze(set, true, err) < 0))
		return -1;
	*ret_thaw = !frozen;
	return 0;
}

/* What systemd has been told it writes again whenever it likes; then what it has no words for. */
static int apply_to_unit(struct bw_cgroup_handle *handle, const struct bw_spec *spec, struct bw_err *err)
{
	struct bw_err ignored = {0};
	bool thaw;
	int r;

	if (freeze_for_systemd(handle->set, &thaw, err) < 0)
		return bw_wrap(err, AT);
	r = bw_unit_update_devices(handle->set, spec, err);
	if (r == 0)
		r = bw_cgroup_apply_devices_with(handle, spec, true, err);
	if (thaw && bw_cgroup_freeze(handle->set, false, r < 0 ? &ignored : err) < 0)
		return -1;
	return r;
}

int bw_cgroup_apply_devices(
	const struct bw_cgroup_set *set, const struct bw_spec *spec, bool live, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;

	bw_cgroup_handle_init(&handle, set);
	if (live && set->unit && !set->user_unit.v)
		return apply_to_unit(&handle, spec, err);
	return bw_cgroup_apply_devices_with(&handle, spec, live, err);
}
