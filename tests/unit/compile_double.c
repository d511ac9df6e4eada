/* SPDX-License-Identifier: Apache-2.0 */
/* compile_double.c - see compile_double.h. */
#include "compile_double.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "base/str.h"
#include "control/cgroup.h"
#include "control/label.h"

const char *const phase_names[BW_PHASE_COUNT] = {
	[BW_PHASE_JOIN] = "join",
	[BW_PHASE_IDENTITY] = "identity",
	[BW_PHASE_NETWORK] = "network",
	[BW_PHASE_HOOKS] = "hooks",
	[BW_PHASE_ROOTFS] = "rootfs",
	[BW_PHASE_NODE] = "node",
	[BW_PHASE_LABEL] = "label",
	[BW_PHASE_PIVOT] = "pivot",
	[BW_PHASE_PRIVS] = "privs",
	[BW_PHASE_EARLY_FILTER] = "early-filter",
	[BW_PHASE_CREDS] = "creds",
	[BW_PHASE_PROGRAM] = "program",
	[BW_PHASE_WAIT] = "wait",
	[BW_PHASE_FILTER] = "filter",
	[BW_PHASE_EXEC] = "exec",
};

/* ---- the cgroup control: where the real one makes directories, this one says which ---- */

static int cgroup_prepare(
	const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	for (size_t i = 0; i < request->cgroups->dirs.n; i++) {
		const struct bw_cgroup_dir *dir = &request->cgroups->dirs.v[i];
		char path[PATH_MAX];

		if (!dir->controllers) {
			plan->cgroup_fd = open("/", O_PATH | O_CLOEXEC);
			continue;
		}
		snprintf(path, sizeof path, "%s%s", dir->mountpoint, dir->path);
		if (bw_plan_add_text(
			    plan, BW_CONTROL_cgroup, 0, BW_PHASE_JOIN, NULL, 0, path, err) < 0)
			return -1;
	}
	return 0;
}

static void cgroup_say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)op, (void)len;
	snprintf(buf, size, "join %s", (const char *)data);
}

const struct bw_control bw_cgroup = {
	.name = "cgroup", .about = "", .prepare = cgroup_prepare, .say = cgroup_say};

int bw_cgroup_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)child, (void)op, (void)data, (void)len;
	return -ENOSYS;
}

/* ---- the guard's programs: nothing is loaded ---- */

int bw_guard_load(const struct bw_guard_rules *rules, int ret_programs[BW_GUARD_HOOKS], struct bw_err *err)
{
	(void)rules, (void)ret_programs, (void)err;
	return 0;
}

/* ---- the label helper: whatever is asked for is in the policy ---- */

static bool selinux_enforces;

int bw_label_check(const char *helper, const char *lsm, const char *label, bool *ret_enforced, struct bw_err *err)
{
	(void)helper, (void)lsm, (void)label, (void)err;
	*ret_enforced = selinux_enforces;
	return 0;
}

int bw_label_check_files(const char *helper, const char *context, const char *own, const char *others,
	bool *ret_enforced, struct bw_err *err)
{
	(void)own, (void)others;
	return bw_label_check(helper, "selinux", context, ret_enforced, err);
}

/* ---- stand-ins ---- */

void compiled_begin(struct compiled *c, const char *host_path)
{
	*c = (struct compiled){.plan = BW_PLAN_INIT, .guard = BW_GUARD_INIT};
	scratch_make(&c->scratch);
	scratch_mkdir(&c->scratch, "rootfs");
	scratch_mkdir(&c->scratch, "directory");
	scratch_write(&c->scratch, "file", "", 0644);
	ck_assert_msg(
		bw_host_load(host_path, &c->arena, &c->host, &c->err) == 0, "%s", c->err.text);
	c->host_proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* A live AppArmor is asked through a program that a build does not install: test_label's. */
	c->host->apparmor.v = false;
	selinux_enforces = c->host->selinux_enforcing.v;
}

void compiled_end(struct compiled *c)
{
	bw_plan_done(&c->plan);
	close(c->host_proc);
	bw_arena_done(&c->arena);
	scratch_remove(&c->scratch);
}

static char *stand_in(struct compiled *c, const char *name)
{
	char *path = bw_arena_printf(&c->arena, "%s/%s", c->scratch.path, name);

	ck_assert_ptr_nonnull(path);
	return path;
}

/* What engines bind as single files lies in these places. */
static bool is_file(const char *destination)
{
	return bw_after_prefix(destination, "/etc/") || bw_after_prefix(destination, "/sbin/") ||
	       bw_after_prefix(destination, "/dev/init") ||
	       bw_has_suffix(destination, ".containerenv");
}

static void replace_mounts(struct compiled *c, struct bw_spec *spec)
{
	for (size_t i = 0; i < spec->mounts.n; i++) {
		struct bw_spec_mount *mount = &spec->mounts.v[i];

		if (bw_strs_has(&mount->options, "bind") || bw_strs_has(&mount->options, "rbind"))
			mount->source =
				stand_in(c, is_file(mount->destination) ? "file" : "directory");
	}
}

/* /bin/true is root's on every machine. */
static void replace_hooks(struct bw_spec_hook_list *list)
{
	static char path[] = "/bin/true";

	for (size_t i = 0; i < list->n; i++)
		list->v[i].path = path;
}

static const struct {
	const char *type, *path;
} own_namespaces[] = {
	{"pid", "/proc/self/ns/pid"},
	{"network", "/proc/self/ns/net"},
	{"ipc", "/proc/self/ns/ipc"},
	{"uts", "/proc/self/ns/uts"},
	{"user", "/proc/self/ns/user"},
	{"cgroup", "/proc/self/ns/cgroup"},
	{"time", "/proc/self/ns/time"},
};

static void replace_namespaces(struct compiled *c, struct bw_spec *spec)
{
	for (size_t i = 0; i < spec->linux_->namespaces.n; i++)
		for (size_t k = 0; k < sizeof own_namespaces / sizeof *own_namespaces; k++)
			if (spec->linux_->namespaces.v[i].path &&
				bw_streq(
					spec->linux_->namespaces.v[i].type, own_namespaces[k].type))
				spec->linux_->namespaces.v[i].path =
					bw_arena_strdup(&c->arena, own_namespaces[k].path);
}

int compiled_spec(struct compiled *c, struct bw_spec *spec)
{
	static char level[] = "s0:c1,c2";

	spec->root->path = stand_in(c, "rootfs");
	replace_mounts(c, spec);
	replace_namespaces(c, spec);
	/* The stand-in's name is on no policy's list: test_hooks has what the list does. */
	if (spec->hardening)
		spec->hardening->hooks = (struct bw_strs){0};
	if (spec->hooks) {
		replace_hooks(&spec->hooks->prestart);
		replace_hooks(&spec->hooks->create_runtime);
		replace_hooks(&spec->hooks->create_container);
		replace_hooks(&spec->hooks->poststart);
		replace_hooks(&spec->hooks->poststop);
	}
	c->request = (struct bw_request){
		.spec = spec,
		.process = spec->process,
		.host = c->host,
		.guard = &c->guard,
		.arena = &c->arena,
		.id = "c1",
		.bundle = c->scratch.path,
		.state_fd = -1,
		.terminal_fd = spec->process->terminal.v ? c->scratch.dir : -1,
		.target_pidfd = -1,
		.host_proc = c->host_proc,
		.start_sock = -1,
		.mount_labels = &c->mount_labels,
	};
	/* What create takes for the tenant. */
	if (spec->hardening && c->host->selinux.v)
		spec->hardening->selinux_level = level;
	if (bw_cgroup_set_make(c->host, NULL, "c1", &c->arena, &c->request.cgroups, &c->err) < 0)
		return -1;
	return bw_compile(&c->request, &c->plan, &c->err);
}

/* ---- text ---- */

/* How many instructions libseccomp makes depends on its version. */
static void hide_counts(char *words)
{
	char *open = strchr(words, '('), *end;

	if (!open || !(end = strstr(open, " instructions")) || end == open + 1)
		return;
	open[1] = 'N';
	memmove(open + 2, end, strlen(end) + 1);
}

const char *compiled_text(struct compiled *c)
{
	const struct bw_plan *plan = &c->plan;
	char words[320], *text = NULL;
	const char *copy;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	fprintf(out, "clone: namespaces 0x%llx%s\n", (unsigned long long)plan->clone_flags,
		plan->cgroup_fd >= 0 ? ", into its cgroup" : "");
	for (size_t i = 0; i < plan->joins_n; i++)
		fprintf(out, "enter: namespaces 0x%x\n", (unsigned)plan->joins[i].type);
	for (const char *p = plan->time_offsets; *p; p += strcspn(p, "\n") + 1)
		fprintf(out, "clock: %.*s\n", (int)strcspn(p, "\n"), p);
	for (size_t i = 0; i < plan->n; i++) {
		const struct bw_step *step = &plan->steps[i];

		bw_step_say(plan, step, words, sizeof words);
		hide_counts(words);
		fprintf(out, "%-12s %-6s %s\n", phase_names[step->phase],
			step->side == BW_SIDE_PARENT ? "parent" : "child", words);
	}
	for (size_t i = 0; i < plan->degraded_n; i++)
		fprintf(out, "degraded: %s: %s\n", bw_control_of(plan->degraded[i].control)->name,
			plan->degraded[i].why);
	ck_assert_int_eq(fclose(out), 0);
	copy = bw_arena_strdup(&c->arena, text);
	free(text);
	return copy;
}
