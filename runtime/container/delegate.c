/* SPDX-License-Identifier: Apache-2.0 */
/* delegate.c - the verbs of a container that another OCI runtime makes. Nothing that it is told is what the caller said:
 * each configuration has been hardened, each process clamped. What it says is believed where a lie could only hurt itself;
 * that its processes are in the container's cgroup is looked at. */
#include "container/delegate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "container/undo.h"
#include "control/guard.h"
#include "host/host.h"

/* Beneath the container's cgroup: the other runtime's commands, on v2, where a cgroup with processes has no children
 * with controllers; and what it makes. */
static const char runtime_leaf[] = "runtime", inner_leaf[] = "container";

static const char pid_name[] = "backend.pid", console_name[] = "console.sock";

bool bw_delegate_is_wanted(const struct bw_spec *spec)
{
	return spec && spec->hardening && spec->hardening->backend && spec->hardening->backend->program;
}

char *bw_delegate_layer(const struct bw_spec_backend *backend, struct bw_arena *arena)
{
	return bw_arena_printf(arena, "backend: made by %s%s", backend->program,
		backend->offline.v ? ", with loopback and no other network" : "");
}

static bool lacks(const struct bw_spec_backend *backend, const char *word)
{
	for (size_t i = 0; i < backend->lacks.n; i++) {
		const char *rest = bw_after_prefix(backend->lacks.v[i], word);

		if (rest && *rest == ':')
			return true;
	}
	return false;
}

static int out_of_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, ENOMEM, "backend");
}

static int write_json(int dir, const char *name, const struct bw_schema *schema,
	const void *object, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	auto_free char *text = NULL;
	size_t len;
	int r;

	if (!w)
		return out_of_memory(err);
	bw_schema_write(schema, object, w);
	r = bw_json_writer_end(w, &text, &len, err);
	bw_json_writer_free(w);
	return r < 0 ? -1 : bw_replace_at(dir, name, text, len, 0600, err);
}

static int read_pid(const struct bw_container *container, const char *name, pid_t *ret, struct bw_err *err)
{
	char text[32];
	uint64_t pid;

	if (bw_read_at(container->dir, name, text, sizeof text) <= 0 || bw_parse_u64(text, INT_MAX, &pid) < 0 || pid < 2)
		return bw_fail(err, BW_E_HOST, 0, "backend: it has written no process id to its pid file");
	*ret = (pid_t)pid;
	return 0;
}

/* ---- the terminal ---- */

/* The path of a socket is at most 107 bytes; by our own descriptor of the directory any state root will do. */
static int listen_for_terminal(const struct bw_container *container, char *path, size_t size, struct bw_err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(path, size, "/proc/%d/fd/%d/%s", (int)getpid(), container->dir, console_name);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	unlinkat(container->dir, console_name, 0);
	if (sock < 0 || bind(sock, (const struct sockaddr *)&address, sizeof address) < 0 || listen(sock, 1) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "making %s/%s", container->path, console_name);
	return take_fd(&sock);
}

/* It has sent it before its command ended: there is nothing to wait for. */
static int hand_over_terminal(int listening, int to, struct bw_err *err)
{
	auto_close int sock = accept4(listening, NULL, NULL, SOCK_CLOEXEC), master = -1;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char name[64] = "/dev/ptmx";
	struct iovec iov = {.iov_base = name, .iov_len = sizeof name - 1};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	ssize_t got = sock < 0 ? -1 : recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (got <= 0 || msg.msg_controllen < sizeof control.align || control.align.cmsg_type != SCM_RIGHTS)
		return bw_fail(err, BW_E_HOST, 0, "backend: it sent no terminal");
	memcpy(&master, control.bytes + CMSG_LEN(0), sizeof master);
	name[got] = '\0';
	return bw_send_fd(to, master, name, (size_t)got, err);
}

/* ---- what it is given ---- */

static const struct {
	const char *name;
	int flag;
	const char *file; /* in /proc/PID/ns */
} kinds[] = {{"pid", CLONE_NEWPID, "pid"}, {"network", CLONE_NEWNET, "net"}, {"mount", CLONE_NEWNS, "mnt"},
	{"ipc", CLONE_NEWIPC, "ipc"}, {"uts", CLONE_NEWUTS, "uts"}, {"cgroup", CLONE_NEWCGROUP, "cgroup"},
	{"time", CLONE_NEWTIME, "time"}, {"user", CLONE_NEWUSER, "user"}};

/* As the control namespaces has it: a namespace of the type that it is listed under, and by identity none of the host's. */
static int check_namespace(const struct bw_request *request, const struct bw_spec_namespace *ns, size_t at, int fd,
	struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	struct stat ours, theirs;
	char own[32];

	for (size_t i = 0; i < BW_COUNT(kinds); i++) {
		if (!bw_streq(kinds[i].name, ns->type))
			continue;
		snprintf(own, sizeof own, "self/ns/%s", kinds[i].file);
		if (ioctl(fd, NS_GET_NSTYPE) != kinds[i].flag) {
			bw_fail(err, BW_E_SPEC, 0, "/linux/namespaces/%zu/path: %s is no %s namespace", at, ns->path,
				ns->type);
			return bw_at(err, "/linux/namespaces/%zu/path", at);
		}
		if (!bw_strs_has(&hardening->own_namespaces, ns->type))
			return 0;
		if (fstatat(request->host_proc, own, &ours, 0) < 0 || fstat(fd, &theirs) < 0)
			return bw_fail(err, BW_E_KERNEL, errno, "looking at our own %s namespace", ns->type);
		if (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino)
			return 0;
	}
	bw_fail(err, BW_E_DENIED, 0,
		"/linux/namespaces/%zu/path: the policy refuses %s: it is the host's own %s namespace", at, ns->path,
		ns->type);
	snprintf(err->rule, sizeof err->rule, "namespaces");
	return bw_at(err, "/linux/namespaces/%zu/path", at);
}

/* The path becomes one of our descriptors, which the plan owns: nobody else can make it another namespace. */
static int pin_namespaces(const struct bw_delegation *delegation, struct bw_spec *spec, struct bw_err *err)
{
	const struct bw_request *request = &delegation->preparation->request;

	for (size_t i = 0; i < spec->linux_->namespaces.n; i++) {
		struct bw_spec_namespace *ns = &spec->linux_->namespaces.v[i];
		int fd;

		if (!ns->path)
			continue;
		/* There the paths of the stage lead to what others have put in their places. */
		if (bw_streq(ns->type, "mount")) {
			bw_fail(err, BW_E_SPEC, 0,
				"/linux/namespaces/%zu/path: a backend needs a new mount namespace, not one that is "
				"joined",
				i);
			return bw_at(err, "/linux/namespaces/%zu/path", i);
		}
		fd = open(ns->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd < 0)
			return bw_fail(err, BW_E_SPEC, errno, "opening %s namespace %s", ns->type, ns->path);
		if (bw_plan_own_fd(&delegation->preparation->plan, fd, err) < 0 ||
			check_namespace(request, ns, i, fd, err) < 0)
			return -1;
		ns->path = bw_arena_printf(request->arena, "/proc/%d/fd/%d", (int)getpid(), fd);
		if (!ns->path)
			return out_of_memory(err);
	}
	return 0;
}

/* One path for all hierarchies is what OCI can say. */
static int name_cgroup(const struct bw_cgroup_set *set, struct bw_arena *arena, char **ret, struct bw_err *err)
{
	for (size_t i = 1; i < set->dirs.n; i++)
		if (!bw_streq(set->dirs.v[i].path, set->dirs.v[0].path)) {
			bw_fail(err, BW_E_SPEC, 0,
				"a backend needs one path for its cgroups, found %s and %s: name one in cgroupsPath",
				set->dirs.v[0].path, set->dirs.v[i].path);
			return bw_at(err, "/linux/cgroupsPath");
		}
	if (!set->dirs.n)
		return bw_fail(err, BW_E_HOST, 0, "a backend needs a cgroup of the container's own");
	*ret = bw_arena_printf(arena, "%s/%s", set->dirs.v[0].path, inner_leaf);
	return *ret ? 0 : out_of_memory(err);
}

/* spec has the places of the stage. Annotations are requests, and to other runtimes even orders: which hypervisor, which
 * flags, whose sandbox. */
static int write_config(const struct bw_delegation *delegation, struct bw_spec *spec, struct bw_err *err)
{
	struct bw_arena *arena = delegation->preparation->request.arena;
	auto_close int bundle = -1;

	spec->annotations = (struct bw_pairs){0};
	if (name_cgroup(delegation->container->state->cgroups, arena, &spec->linux_->cgroups_path, err) < 0 ||
		pin_namespaces(delegation, spec, err) < 0)
		return -1;
	bundle = openat(delegation->container->dir, "bundle", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (bundle < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening %s/bundle", delegation->container->path);
	return write_json(bundle, "config.json", &bw_spec_schema, spec, err);
}

/* ---- its cgroup ---- */

/* Its own limits of devices may be wider than ours (a hypervisor's device): ours come in force when it is ready. */
static int adopt(const struct bw_delegation *delegation, pid_t pid, struct bw_err *err)
{
	struct bw_request request = delegation->preparation->request;
	struct bw_spec_device_rule all = {.allow = {true, true}};
	struct bw_cgroup_set *set = request.cgroups;
	struct bw_spec_hardening none = {0};
	struct bw_spec spec = *request.spec;
	struct bw_spec_linux linux_ = *spec.linux_;
	struct bw_spec_resources resources = linux_.resources ? *linux_.resources : (struct bw_spec_resources){0};

	resources.devices.v = &all;
	resources.devices.n = 1;
	linux_.resources = &resources;
	spec.linux_ = &linux_;
	spec.hardening = &none;
	request.spec = &spec;
	if (bw_cgroup_adopt(&request, pid, err) < 0)
		return -1;
	if (!bw_streq(set->mode, "v2"))
		return 0;
	return bw_cgroup_move_beneath(set, runtime_leaf, pid, err);
}

/* Its own cgroup, beneath ours, in the hierarchies in which it has made one. */
static int find_inner(const struct bw_cgroup_set *set, struct bw_arena *arena, struct bw_cgroup_set *ret, struct bw_err *err)
{
	*ret = *set;
	ret->unit = NULL;
	ret->dirs.n = 0;
	ret->dirs.v = bw_arena_alloc(arena, (set->dirs.n + 1) * sizeof *ret->dirs.v);
	for (size_t i = 0; ret->dirs.v && i < set->dirs.n; i++) {
		struct bw_cgroup_dir dir = set->dirs.v[i];
		char *place = bw_arena_printf(arena, "%s%s/%s", dir.mountpoint, dir.path, inner_leaf);

		if (!place)
			return out_of_memory(err);
		dir.path = place + strlen(dir.mountpoint);
		if (access(place, F_OK) == 0)
			ret->dirs.v[ret->dirs.n++] = dir;
	}
	return ret->dirs.v ? 0 : out_of_memory(err);
}

/* On its own cgroup: its list may have been wider than ours, and v1 narrows only who has nobody beneath. A runtime that has
 * made none has ours. */
static int narrow_devices(const struct bw_delegation *delegation, struct bw_err *err)
{
	const struct bw_request *request = &delegation->preparation->request;
	const struct bw_cgroup_set *set = delegation->container->state->cgroups;
	struct bw_cgroup_set inner;

	if (request->spec->hardening->backend->own_kernel.v || lacks(request->spec->hardening->backend, "devices"))
		return 0;
	if (find_inner(set, request->arena, &inner, err) < 0)
		return -1;
	return bw_cgroup_apply_devices(inner.dirs.n ? &inner : set, request->spec, true, err);
}

/* Who is elsewhere has none of our limits, and no kill reaches him. */
static int check_cgroup(const struct bw_delegation *delegation, pid_t pid, struct bw_err *err)
{
	const struct bw_cgroup_set *set = delegation->container->state->cgroups;
	pid_t *pids;
	size_t n;

	if (bw_cgroup_pids(set, true, &pids, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid) {
			free(pids);
			return 0;
		}
	free(pids);
	return bw_fail(err, BW_E_HOST, 0, "backend: its process %d is not in the container's cgroup %s%s", (int)pid,
		set->dirs.v[0].mountpoint, set->dirs.v[0].path);
}

/* Routing rules are in a network namespace that we make, and this one it makes. */
int bw_delegate_guard(const struct bw_delegation *delegation, struct bw_err *err)
{
	struct bw_request *request = &delegation->preparation->request;
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	const struct bw_spec_backend *backend = hardening->backend;

	if (!bw_guard_is_wanted(request->spec) || backend->offline.v || lacks(backend, "guard"))
		return 0;
	if (bw_guard_choose(request, &delegation->preparation->plan, err) < 0)
		return -1;
	if (request->guard->way != BW_GUARD_ROUTING)
		return 0;
	request->guard->way = BW_GUARD_NONE;
	if (bw_streq0(hardening->endpoints, "prefer")) {
		bw_plan_degrade(&delegation->preparation->plan, BW_CONTROL_guard,
			"blocked endpoints are not blocked: this host lets us attach no programs to cgroups of version 2");
		return 0;
	}
	return bw_fail(err, BW_E_HOST, 0,
		"the policy's endpoints must be blocked, but this host lets us attach no programs to cgroups of "
		"version 2, and the "
		"network namespace is the backend's");
}

/* ---- create ---- */

struct creating {
	const struct bw_delegation *delegation;
	struct bw_detour detour;
};

static int make_dir(const struct bw_container *container, const char *name, struct bw_err *err)
{
	return mkdirat(container->dir, name, 0700) < 0
		       ? bw_fail(err, BW_E_KERNEL, errno, "making %s/%s", container->path, name)
		       : 0;
}

static int begun(pid_t pid, void *ctx, struct bw_err *err)
{
	struct creating *creating = ctx;

	/* Where it is, undoing has the runtime delete the container. */
	if (adopt(creating->delegation, pid, err) < 0 || make_dir(creating->delegation->container, "backend", err) < 0)
		return -1;
	return bw_state_save(creating->delegation->container, err);
}

static int started(void *ctx, struct bw_err *err)
{
	struct creating *creating = ctx;

	return bw_detour_end(&creating->detour, err);
}

static int run_create(const struct bw_delegation *delegation, const char *bundle, const char *console, struct bw_err *err)
{
	const struct bw_request *request = &delegation->preparation->request;
	struct creating creating = {.delegation = delegation, .detour = BW_DETOUR_INIT};
	char *pid_file = bw_arena_printf(request->arena, "%s/%s", delegation->container->path, pid_name);
	const char *words[10] = {"create", "--bundle", bundle, "--pid-file", pid_file};
	const struct bw_delegate_call call = {.backend = request->spec->hardening->backend,
		.container = delegation->container, .words = words, .with_stdio = true, .begun = begun, .started = started,
		.ctx = &creating};
	struct bw_err ignored = {0};
	struct bw_spec *spec;
	size_t n = 5;
	int r;

	if (!pid_file)
		return out_of_memory(err);
	if (console) {
		words[n++] = "--console-socket";
		words[n++] = console;
	}
	words[n] = request->id;
	if (bw_delegate_stage_enter(&creating.detour, request, bundle, &spec, err) < 0)
		return -1;
	r = write_config(delegation, spec, err);
	if (r == 0)
		r = bw_delegate_run(&call, err);
	/* Where it has not been started. */
	(void)!bw_detour_end(&creating.detour, &ignored);
	return r;
}

/* It waits for start: from now on it is held by what we know of it. */
static int take_init(const struct bw_delegation *delegation, struct bw_err *err)
{
	const struct bw_request *request = &delegation->preparation->request;
	struct bw_container *container = delegation->container;
	auto_close int marker = -1;
	pid_t pid;

	if (read_pid(container, pid_name, &pid, err) < 0 || check_cgroup(delegation, pid, err) < 0)
		return -1;
	if (narrow_devices(delegation, err) < 0)
		return -1;
	if (request->guard->way == BW_GUARD_CGROUP && bw_cgroup_verify_guard(container->state->cgroups, err) < 0)
		return -1;
	marker = openat(container->dir, BW_DELEGATE_WAITS, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (marker < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "making %s/" BW_DELEGATE_WAITS, container->path);
	return bw_state_save_init(container, pid, err);
}

int bw_delegate_create(const struct bw_delegation *delegation, struct bw_err *err)
{
	const struct bw_container *container = delegation->container;
	char *bundle = bw_arena_printf(delegation->preparation->request.arena, "%s/bundle", container->path);
	auto_close int listening = -1;
	char console[64] = "";

	if (!bundle)
		return out_of_memory(err);
	if (make_dir(container, "bundle", err) < 0)
		return -1;
	if (delegation->terminal >= 0) {
		listening = listen_for_terminal(container, console, sizeof console, err);
		if (listening < 0)
			return -1;
	}
	if (run_create(delegation, bundle, listening >= 0 ? console : NULL, err) < 0 || take_init(delegation, err) < 0)
		return -1;
	return listening < 0 ? 0 : hand_over_terminal(listening, delegation->terminal, err);
}

/* ---- the other verbs ---- */

static int command(const struct bw_container *container, const char *const *words, struct bw_err *err)
{
	const struct bw_delegate_call call = {
		.backend = container->state->backend, .container = container, .words = words};

	return bw_delegate_run(&call, err);
}

int bw_delegate_start(const struct bw_container *container, struct bw_err *err)
{
	const char *const words[] = {"start", container->state->id, NULL};

	if (command(container, words, err) < 0)
		return -1;
	unlinkat(container->dir, BW_DELEGATE_WAITS, 0);
	return 0;
}

int bw_delegate_kill(const struct bw_container *container, int signal, struct bw_err *err)
{
	char number[16];
	const char *const words[] = {"kill", container->state->id, number, NULL};
	struct bw_err why = {0};

	snprintf(number, sizeof number, "%d", signal);
	if (signal == SIGKILL)
		bw_thaw(container);
	if (command(container, words, &why) == 0)
		return 0;
	if (signal != SIGKILL) {
		*err = why;
		return -1;
	}
	bw_log(BW_LOG_WARNING, "%s", why.text);
	return bw_cgroup_kill(container->state->cgroups, err);
}

void bw_delegate_delete(const struct bw_container *container)
{
	const char *const words[] = {"delete", "--force", container->state->id, NULL};
	struct bw_err why = {0};

	bw_thaw(container);
	if (command(container, words, &why) < 0)
		bw_log(BW_LOG_INFO, "cleaning up: %s", why.text);
}

int bw_delegate_exec(const struct bw_container *container, const struct bw_spec *spec,
	const struct bw_spec_process *process, int terminal, pid_t *ret_pid, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	char *file = bw_arena_printf(&arena, "exec-%d.json", (int)getpid()),
	     *pid_file = bw_arena_printf(&arena, "exec-%d.pid", (int)getpid());
	const char *words[12] = {"exec", "--detach", "--process"};
	const struct bw_delegate_call call = {
		.backend = spec->hardening->backend, .container = container, .words = words, .with_stdio = true};
	auto_close int listening = -1;
	char console[64] = "";
	size_t n = 3;
	int r;

	if (!file || !pid_file)
		return out_of_memory(err);
	words[n++] = bw_arena_printf(&arena, "%s/%s", container->path, file);
	words[n++] = "--pid-file";
	words[n++] = bw_arena_printf(&arena, "%s/%s", container->path, pid_file);
	if (terminal >= 0) {
		listening = listen_for_terminal(container, console, sizeof console, err);
		if (listening < 0)
			return -1;
		words[n++] = "--console-socket";
		words[n++] = console;
	}
	words[n] = container->state->id;
	if (!words[3] || !words[5])
		return out_of_memory(err);
	r = write_json(container->dir, file, &bw_spec_process_schema, process, err);
	if (r == 0)
		r = bw_delegate_run(&call, err);
	if (r == 0)
		r = read_pid(container, pid_file, ret_pid, err);
	unlinkat(container->dir, file, 0);
	unlinkat(container->dir, pid_file, 0);
	if (r == 0 && listening >= 0)
		r = hand_over_terminal(listening, terminal, err);
	return r;
}

/* What is lowered must be lowered beneath first, what is raised must be raised above first: so above, beneath, above. */
int bw_delegate_update(const struct bw_container *container, const struct bw_spec_resources *resources, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err ignored = {0};
	struct bw_cgroup_set inner;

	if (find_inner(container->state->cgroups, &arena, &inner, err) < 0)
		return -1;
	(void)!bw_cgroup_apply_resources(container->state->cgroups, resources, &ignored);
	if (inner.dirs.n && bw_cgroup_apply_resources(&inner, resources, err) < 0)
		return -1;
	return bw_cgroup_apply_resources(container->state->cgroups, resources, err);
}
