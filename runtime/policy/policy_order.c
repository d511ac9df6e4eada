/* SPDX-License-Identifier: Apache-2.0 */
/* policy_order.c - when one profile is at least as strict as another: row by row, each by its own
 * order. A name says nothing here. Every row of a profile has a line in the table below; a test
 * holds the two together, so that a new row cannot be left out of the comparison. */
#include "base/arena.h"
#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"
#include "policy/profile.h"

/* Whether member a is at least as strict as member b. */
typedef bool compare_fn(const struct bw_field *field, const void *a, const void *b);

static bool any_value(const struct bw_field *field, const void *a, const void *b)
{
	(void)field;
	(void)a;
	(void)b;
	return true;
}

static size_t place(const char *const *names, const char *text)
{
	for (size_t i = 0; text && names[i]; i++)
		if (bw_streq(names[i], text))
			return i;
	return 0;
}

/* Choices stand from the loosest to the strictest; absent is the loosest. */
static bool later_choice(const struct bw_field *field, const void *a, const void *b)
{
	return place(field->names, *(char *const *)a) >= place(field->names, *(char *const *)b);
}

/* Neither of remap and userns is the other with more: one leaves nothing of root in the container, the other
 * nothing that two containers have in common. */
static bool root_choice(const struct bw_field *field, const void *a, const void *b)
{
	const char *one = *(char *const *)a, *other = *(char *const *)b;

	if (bw_streq0(other, "remap") && bw_streq0(one, "userns"))
		return false;
	if (bw_streq0(other, "userns") && bw_streq0(one, "remap"))
		return false;
	return later_choice(field, a, b);
}

static bool true_is_strict(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_opt_bool *one = a, *other = b;

	(void)field;
	return (one->set && one->v) || !(other->set && other->v);
}

static bool false_is_strict(const struct bw_field *field, const void *a, const void *b)
{
	return true_is_strict(field, b, a);
}

/* Absent: no limit. */
static bool lower_is_strict(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_opt_uint *one = a, *other = b;

	(void)field;
	return !other->set || (one->set && one->v <= other->v);
}

/* A time as text; absent: for ever. */
static bool sooner_is_strict(const struct bw_field *field, const void *a, const void *b)
{
	const char *one = *(char *const *)a, *other = *(char *const *)b;
	int64_t mine, theirs;

	(void)field;
	return !other || bw_parse_duration_ms(other, &theirs) < 0 ||
	       (one && bw_parse_duration_ms(one, &mine) == 0 && mine <= theirs);
}

/* As in a tmpfs of rootfs: absent, in either, is no room at all or the usual. */
static bool lower_or_usual(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_opt_uint *one = a, *other = b;

	(void)field;
	return !other->set || !one->set || one->v <= other->v;
}

static bool higher_is_strict(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_opt_int *one = a, *other = b;

	(void)field;
	return !other->set || (one->set && one->v >= other->v);
}

static bool holds_all(const struct bw_strs *list, const struct bw_strs *of)
{
	for (size_t i = 0; i < of->n; i++)
		if (!bw_strs_has(list, of->v[i]))
			return false;
	return true;
}

/* Lists of what is refused, hidden or removed. */
static bool more_is_strict(const struct bw_field *field, const void *a, const void *b)
{
	(void)field;
	return holds_all(a, b);
}

/* The section that a member lies in. */
static const void *section_of(const struct bw_field *field, const void *member)
{
	return (const char *)member - field->offset;
}

/* Lists of exceptions: they loosen only where there is something to be excepted from. */
static bool fewer_mounts(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_profile_mounts *other = section_of(field, b);

	return (!other->refuse.n && !other->only.v) || holds_all(b, a);
}

static bool fewer_families(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_profile_seccomp *other = section_of(field, b);

	return !other->baseline || bw_streq(other->baseline, "none") || holds_all(b, a);
}

static bool fewer_variables(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_profile_environment *other = section_of(field, b);

	return (!other->scrub_lists.n && !other->scrub.n) || holds_all(b, a);
}

/* Lists of what alone is allowed: absent means everything. */
static bool allow_list(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_strs *one = a, *other = b;

	(void)field;
	return !other->v || (one->v && holds_all(other, one));
}

static bool lie_beneath(const struct bw_strs *one, const struct bw_strs *other)
{
	for (size_t i = 0; i < one->n; i++) {
		size_t k = 0;

		while (k < other->n && !bw_path_beneath(one->v[i], other->v[k]))
			k++;
		if (k == other->n)
			return false;
	}
	return true;
}

/* Exceptions, again. */
static bool fewer_plain_binds(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_profile *other = section_of(field, b);

	return !other->require_encrypted_binds.v || lie_beneath(a, b);
}

/* Directories beneath which alone something may lie: absent means anywhere. */
static bool narrower_directories(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_strs *one = a, *other = b;

	(void)field;
	return !other->v || (one->v && lie_beneath(one, other));
}

/* The same, where absent means nowhere, or that nobody has thought of it: nothing is shown but with ids of the container's
 * own. A list counts before root is userns, too: the profile that makes it so may be another one. */
static bool narrower_images(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_strs *listed = b;
	const struct bw_profile_user *other = section_of(field, b);

	return (!listed->v && !bw_streq0(other->root, "userns")) || lie_beneath(a, b);
}

/* Lists of what alone is allowed, where absent means nothing. */
static bool fewer_is_strict(const struct bw_field *field, const void *a, const void *b)
{
	(void)field;
	return holds_all(b, a);
}

/* Neither way of making a container is the other with more. */
static bool same_text(const struct bw_field *field, const void *a, const void *b)
{
	const char *one = *(char *const *)a, *other = *(char *const *)b;

	(void)field;
	return bw_streq(one ? one : "", other ? other : "");
}

/* What the words of another program mean nobody knows here. */
static bool same_list(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_strs *one = a, *other = b;

	(void)field;
	if (one->n != other->n)
		return false;
	for (size_t i = 0; i < one->n; i++)
		if (!bw_streq(one->v[i], other->v[i]))
			return false;
	return true;
}

static bool tmpfs_sizes(const struct bw_field *field, const void *a, const void *b)
{
	const __typeof__(((struct bw_profile_rootfs *)0)->tmpfs) *one = a, *other = b;

	(void)field;
	for (size_t i = 0; i < one->n; i++)
		for (size_t k = 0; k < other->n; k++)
			if (bw_streq(one->v[i].destination, other->v[k].destination) &&
				(one->v[i].size.v > other->v[k].size.v ||
					one->v[i].inodes.v > other->v[k].inodes.v))
				return false;
	return true;
}

static bool same_number(const struct bw_opt_uint *a, const struct bw_opt_uint *b)
{
	return a->set == b->set && a->v == b->v;
}

static bool is_on(const struct bw_opt_bool *flag)
{
	return flag->set && flag->v;
}

/* Whether a shows no more than b does. */
static bool covers_volume(const struct bw_profile_volume *b, const struct bw_profile_volume *a)
{
	return bw_streq(a->source, b->source) && bw_streq(a->destination, b->destination) && same_number(&a->uid, &b->uid) &&
	       same_number(&a->gid, &b->gid) && bw_streq(a->mode ? a->mode : "", b->mode ? b->mode : "") &&
	       (is_on(&a->readonly) || !is_on(&b->readonly)) && (!is_on(&a->create) || is_on(&b->create));
}

static bool fewer_volumes(const struct bw_field *field, const void *a, const void *b)
{
	const __typeof__(((struct bw_profile_workspace *)0)->volumes) *one = a, *other = b;

	(void)field;
	for (size_t i = 0; i < one->n; i++) {
		size_t k = 0;

		while (k < other->n && !covers_volume(&other->v[k], &one->v[i]))
			k++;
		if (k == other->n)
			return false;
	}
	return true;
}

static bool same_device(const struct bw_profile_device *a, const struct bw_profile_device *b)
{
	return bw_streq(a->type, b->type) && a->major.v == b->major.v &&
	       (!b->minor.set || (a->minor.set && a->minor.v == b->minor.v)) &&
	       strspn(a->access, b->access) == strlen(a->access);
}

static bool fewer_devices(const struct bw_field *field, const void *a, const void *b)
{
	const __typeof__(((struct bw_profile_devices *)0)->allow) *one = a, *other = b;
	const struct bw_profile_devices *base = section_of(field, b);

	if (!base->restricted.set || !base->restricted.v)
		return true;
	for (size_t i = 0; i < one->n; i++) {
		size_t k = 0;

		while (k < other->n && !same_device(&one->v[i], &other->v[k]))
			k++;
		if (k == other->n)
			return false;
	}
	return true;
}

static bool lower_rlimits(const struct bw_field *field, const void *a, const void *b)
{
	const __typeof__(((struct bw_profile_limits *)0)->rlimits) *one = a, *other = b;

	(void)field;
	for (size_t i = 0; i < other->n; i++) {
		size_t k = 0;

		while (k < one->n && !(bw_streq(one->v[k].type, other->v[i].type) &&
					     one->v[k].value.v <= other->v[i].value.v))
			k++;
		if (k == one->n)
			return false;
	}
	return true;
}

static bool is_gate(const struct bw_profile_egress *egress)
{
	return egress && !(egress->restrict_.set && !egress->restrict_.v);
}

static bool has_only_ports_of(const struct bw_uints *list, const struct bw_uints *of)
{
	static uint64_t standard[] = {443};
	const struct bw_uints usual = {standard, 1}, *one = list->n ? list : &usual, *other = of->n ? of : &usual;

	for (size_t i = 0; i < one->n; i++) {
		size_t k = 0;

		while (k < other->n && other->v[k] != one->v[i])
			k++;
		if (k == other->n)
			return false;
	}
	return true;
}

/* Ports that alone may be used: absent means any. */
static bool fewer_ports(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_uints *one = a, *other = b;

	(void)field;
	for (size_t i = 0; other->v && i < one->n; i++) {
		size_t k = 0;

		while (k < other->n && other->v[k] != one->v[i])
			k++;
		if (k == other->n)
			return false;
	}
	return !other->v || one->v;
}

/* The gate as a whole: its limits, its name servers and what its death means choose between equals. */
static bool narrower_gate(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_profile_egress *one = *(void *const *)a, *other = *(void *const *)b;

	(void)field;
	if (!is_gate(other))
		return true;
	return is_gate(one) && holds_all(&other->allow, &one->allow) && holds_all(&other->plain, &one->plain) &&
	       has_only_ports_of(&one->ports, &other->ports) && holds_all(&one->refuse, &other->refuse) &&
	       (!other->bytes.set || (one->bytes.set && one->bytes.v <= other->bytes.v));
}

/* Strict is who speaks up earlier, and does more. */
static bool earlier_alert(const struct bw_field *field, const void *a, const void *b)
{
	static const char *const actions[] = {"off", "alert", "throttle", "kill", NULL};
	struct bw_alert_terms one, other;

	if (!bw_alert_terms(field->name, *(void *const *)b, &other))
		return true;
	return bw_alert_terms(field->name, *(void *const *)a, &one) &&
	       place(actions, one.action) >= place(actions, other.action) && one.percent <= other.percent &&
	       one.spread >= other.spread && one.count <= other.count && one.window_ms <= other.window_ms;
}

/* A time as text; absent: the usual. */
static bool sooner_or_usual(const struct bw_field *field, const void *a, const void *b)
{
	return !*(char *const *)a || sooner_is_strict(field, a, b);
}

static bool restricts(const struct bw_profile_programs *programs)
{
	return programs->allow.v && !(programs->restrict_.set && !programs->restrict_.v);
}

/* False switches the list off; what stands in the other rows then means nothing. */
static bool still_restricts(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_profile_programs *one = section_of(field, a), *other = section_of(field, b);

	return !restricts(other) || !one->allow.v || restricts(one);
}

static bool fewer_libraries(const struct bw_field *field, const void *a, const void *b)
{
	const struct bw_profile_programs *other = section_of(field, b);

	return !restricts(other) || holds_all(b, a);
}

/* Our own AppArmor profiles, from the widest: what one forbids the next forbids. Of others nobody knows. */
static bool narrower_label(const struct bw_field *field, const void *a, const void *b)
{
	static const char *const labels[] = {
		"", "bulwark-default", "bulwark-untrusted-native", "bulwark-untrusted", NULL};
	const char *one = *(char *const *)a, *other = *(char *const *)b;
	size_t least = place(labels, other);

	(void)field;
	return !other || (one && bw_streq(one, other)) || (least && place(labels, one) >= least);
}

/* Of our own two it is known which is the stricter; what a site's allows is not. */
static bool same_type(const struct bw_field *field, const void *a, const void *b)
{
	const char *one = *(char *const *)a, *other = *(char *const *)b;

	(void)field;
	return !other || bw_streq0(one, other) || (bw_streq0(one, "bulwark_untrusted_t") && bw_streq(other, "bulwark_t"));
}

static bool same_secret(const struct bw_profile_secret *one, const struct bw_profile_secret *other)
{
	return bw_streq0(one->name, other->name) &&
	       (one->file ? bw_streq0(other->file, one->file) : bw_streq0(other->env, one->env));
}

/* A file of the host's that is given out loosens; a variable that is taken away does the opposite. */
static bool fewer_secrets(const struct bw_field *field, const void *a, const void *b)
{
	const __typeof__(((struct bw_profile_secrets *)0)->files) *lists[] = {a, b};

	(void)field;
	for (int side = 0; side < 2; side++) {
		const __typeof__(*lists[0]) *these = lists[side], *those = lists[!side];

		for (size_t i = 0; i < these->n; i++) {
			size_t k = 0;

			if ((these->v[i].file != NULL) != (side == 0))
				continue;
			while (k < those->n && !same_secret(&these->v[i], &those->v[k]))
				k++;
			if (k == those->n)
				return false;
		}
	}
	return true;
}

/* Rows that have no order (any_value) choose between equals: which id stands for root, what is set
 * in the environment, where a profile comes from. */
static const struct {
	const char *row;
	compare_fn *at_least;
} order[] = {
	{"extends", any_value},
	{"loosens", any_value},
	{"mode", later_choice},
	{"user.root", root_choice},
	{"user.always", true_is_strict},
	{"user.uid", any_value},
	{"user.gid", any_value},
	{"user.rootGroup", later_choice},
	{"user.range", any_value},
	{"user.idmap", later_choice},
	{"user.images", narrower_images},
	{"rootfs.readonly", true_is_strict},
	{"rootfs.tmpfs", tmpfs_sizes},
	{"workspace.destination", any_value},
	{"workspace.size", lower_or_usual},
	{"workspace.inodes", lower_or_usual},
	{"workspace.exec", false_is_strict},
	{"workspace.perSession", any_value},
	{"workspace.cwd", any_value},
	{"workspace.volumes", fewer_volumes},
	{"workspace.disk", any_value},
	{"stage.fileBytes", lower_is_strict},
	{"stage.files", lower_is_strict},
	{"stage.bytes", lower_is_strict},
	{"stage.patterns", any_value},
	{"capabilities.allow", allow_list},
	{"capabilities.lockSecurebits", true_is_strict},
	{"noNewPrivileges", true_is_strict},
	{"seccomp.baseline", later_choice},
	{"seccomp.allow", fewer_families},
	{"seccomp.nativeOnly", true_is_strict},
	{"seccomp.keepMitigations", true_is_strict},
	{"seccomp.listeners", allow_list},
	{"programs.restrict", still_restricts},
	{"programs.allow", allow_list},
	{"programs.libraries", fewer_libraries},
	{"programs.noexec", true_is_strict},
	{"programs.memfdNoexec", true_is_strict},
	{"programs.events", later_choice},
	{"lsm.apparmor", later_choice},
	{"lsm.apparmorProfile", narrower_label},
	{"lsm.callerProfile", later_choice},
	{"lsm.selinux", later_choice},
	{"lsm.dropUnconfined", true_is_strict},
	{"lsm.selinuxType", same_type},
	{"lsm.callerType", later_choice},
	{"landlock", later_choice},
	{"landlockScope", true_is_strict},
	{"landlockConnect", fewer_ports},
	{"landlockBind", fewer_ports},
	{"memoryDenyWriteExecute", later_choice},
	{"requireMemoryEncryption", true_is_strict},
	{"requireEncryptedBinds", true_is_strict},
	{"encryptedBindsExcept", fewer_plain_binds},
	{"mounts.checkSources", true_is_strict},
	{"mounts.refuse", more_is_strict},
	{"mounts.refuseNames", more_is_strict},
	{"mounts.except", fewer_mounts},
	{"mounts.only", allow_list},
	{"mounts.types", allow_list},
	{"mounts.mappedIds", later_choice},
	{"mounts.nosuidNodev", true_is_strict},
	{"mounts.noexecWritable", true_is_strict},
	{"mounts.private", true_is_strict},
	{"mounts.readonlyKernel", true_is_strict},
	{"mounts.guardKernel", true_is_strict},
	{"paths.masked", more_is_strict},
	{"paths.readonly", more_is_strict},
	{"hooks.allow", allow_list},
	{"hooks.env", fewer_variables},
	{"hooks.rootOwned", true_is_strict},
	{"loggers.allow", fewer_is_strict},
	{"loggers.files", narrower_directories},
	{"devices.restricted", true_is_strict},
	{"devices.allow", fewer_devices},
	{"namespaces.own", more_is_strict},
	{"namespaces.host", later_choice},
	{"network.host", later_choice},
	{"network.joined", later_choice},
	{"network.devices", later_choice},
	{"network.metadata", later_choice},
	{"network.taskCredentials", later_choice},
	{"network.dns", later_choice},
	{"network.time", later_choice},
	{"network.guard", later_choice},
	{"network.egress", narrower_gate},
	{"sysctl.allow", allow_list},
	{"systemd.properties", allow_list},
	{"backend.delegate", same_text},
	{"backend.args", same_list},
	{"backend.ignores", fewer_is_strict},
	{"backend.timeout", any_value},
	{"session.ttl", sooner_is_strict},
	{"session.grace", sooner_is_strict},
	{"session.startsPerMinute", lower_is_strict},
	{"metrics.record", later_choice},
	{"metrics.interval", sooner_or_usual},
	{"alerts.cpu", earlier_alert},
	{"alerts.steady", earlier_alert},
	{"alerts.destinations", earlier_alert},
	{"alerts.writes", earlier_alert},
	{"alerts.throttlePercent", lower_or_usual},
	{"checkpoint", later_choice},
	{"audit.record", later_choice},
	{"audit.onFailure", later_choice},
	{"environment.scrubLists", more_is_strict},
	{"environment.scrub", more_is_strict},
	{"environment.keep", fewer_variables},
	{"environment.set", any_value},
	{"secrets.directory", any_value},
	{"secrets.files", fewer_secrets},
	{"keyring.private", true_is_strict},
	{"descriptors.refuseInherited", true_is_strict},
	{"limits.pids", lower_is_strict},
	{"limits.memory", lower_is_strict},
	{"limits.noSwap", true_is_strict},
	{"limits.cpuQuota", lower_is_strict},
	{"limits.cpuPeriod", any_value},
	{"limits.rlimits", lower_rlimits},
	{"limits.oomScoreAdjMin", higher_is_strict},
	{"limits.noRealtime", true_is_strict},
	{"limits.intelRdt", later_choice},
};

static compare_fn *comparison_of(const char *row)
{
	for (size_t i = 0; i < BW_COUNT(order); i++)
		if (bw_streq(order[i].row, row))
			return order[i].at_least;
	return NULL;
}

bool bw_profile_row_is_ordered(const char *row)
{
	return comparison_of(row) != NULL;
}

struct walk {
	void (*looser)(const char *row, void *ctx);
	void *ctx;
	size_t n;
};

static void compare_row(
	struct walk *w, const char *row, const struct bw_field *field, const char *a, const char *b)
{
	compare_fn *at_least = comparison_of(row);

	/* A row without an order counts as looser: better a refusal than a hole. */
	if (at_least && at_least(field, a + field->offset, b + field->offset))
		return;
	w->n++;
	if (w->looser)
		w->looser(row, w->ctx);
}

static void compare_section(
	struct walk *w, const struct bw_field *section, const void *a, const void *b)
{
	/* An absent section is one in which nothing is said. */
	static const _Alignas(max_align_t) char nothing[512];
	char row[128];

	for (const struct bw_field *f = section->child->fields; f->kind != BW_END_OF_TABLE; f++) {
		struct bw_buf text = bw_buf_over(row, sizeof row);

		bw_buf_addf(&text, "%s.%s", section->name, f->name);
		compare_row(w, row, f, a ? a : nothing, b ? b : nothing);
	}
}

size_t bw_profile_looser(const struct bw_profile *a, const struct bw_profile *b,
	void (*looser)(const char *row, void *ctx), void *ctx)
{
	struct walk w = {.looser = looser, .ctx = ctx};

	for (const struct bw_field *f = bw_profile_schema.fields; f->kind != BW_END_OF_TABLE; f++) {
		const char *one = (const char *)a, *other = (const char *)b;

		if (f->kind == BW_OBJECT)
			compare_section(&w, f, *(void *const *)(const void *)(one + f->offset),
				*(void *const *)(const void *)(other + f->offset));
		else
			compare_row(&w, f->name, f, one, other);
	}
	return w.n;
}

struct first_row {
	char *row;
	size_t size;
};

static void keep_first(const char *row, void *ctx)
{
	struct first_row *first = ctx;
	struct bw_buf text;

	if (first->row[0])
		return;
	text = bw_buf_over(first->row, first->size);
	bw_buf_add(&text, row);
}

bool bw_profile_looser_in(const struct bw_profile *a, const struct bw_profile *b, char *row, size_t size)
{
	struct first_row first = {row, size};

	row[0] = '\0';
	return bw_profile_looser(a, b, keep_first, &first) > 0;
}
