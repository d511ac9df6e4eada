/* SPDX-License-Identifier: Apache-2.0 */
/* restore.c - a container out of a directory, by criu(8). The host's side is made as create makes it: state, cgroups with
 * their limits, mounts checked by the policy, hooks. Ids, capabilities and filters are what the image says. */
#include "container/bulwark.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "container/attach.h"
#include "container/audit_note.h"
#include "container/describe.h"
#include "container/failure.h"
#include "container/image_mounts.h"
#include "container/images.h"
#include "container/pid_file.h"
#include "container/registry.h"
#include "container/start_rate.h"
#include "container/stopped.h"
#include "container/undo.h"
#include "control/hook_run.h"
#include "control/keeper.h"
#include "control/memory_encryption.h"
#include "control/netns.h"

enum { MAX_DESCRIPTORS_BYTES = 65536, MAX_JOINS = 8 };

struct restoring {
	const struct bw_context *ctx;
	const struct bw_image_options *asked;
	const struct bw_create_options *options;
	const char *id;
	struct bw_arena arena;
	struct bw_decision decision;
	struct bw_container container;
	struct bw_preparation preparation;
	struct bw_images images;
	struct bw_attach attach;
	struct bw_attempt attempt;
	int joins[MAX_JOINS]; /* namespaces that criu inherits */
	size_t joins_n;
	int console; /* gets the terminal's master; -1: nobody */
	bool console_sent;
	int pidfd;   /* of the restored init */
	bool has_keeper;
};

static void restoring_done(struct restoring *restoring)
{
	for (size_t i = 0; i < restoring->joins_n; i++)
		close(restoring->joins[i]);
	if (restoring->console >= 0)
		close(restoring->console);
	if (restoring->pidfd >= 0)
		close(restoring->pidfd);
	bw_attach_done(&restoring->attach);
	bw_images_done(&restoring->images);
	bw_preparation_done(&restoring->preparation);
	bw_container_close(&restoring->container);
	bw_arena_done(&restoring->arena);
}

static const struct bw_spec *spec_of(const struct restoring *restoring)
{
	return restoring->decision.hardened;
}

/* --- before criu runs --- */

/* What no image brings back, where the policy wants it. */
struct lost {
	const char *strength; /* NULL: it does not */
	const char *field, *name, *why;
};

static int check_lost(struct restoring *restoring, const struct lost *lost, struct bw_err *err)
{
	char *text;

	if (!lost->strength)
		return 0;
	if (bw_streq(lost->strength, "require")) {
		bw_fail(err, BW_E_DENIED, 0, "restore: profile %s requires %s, and criu restores none",
			bw_profile_name(restoring->decision.profile), lost->name);
		return bw_at(err, "%s", lost->field);
	}
	text = bw_arena_printf(&restoring->arena, "%s: %s", bw_after_prefix(lost->field, "/hardening/"), lost->why);
	if (!text || bw_strs_add(&restoring->arena, &restoring->container.state->degraded, text) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "state");
	bw_log(BW_LOG_INFO, "degraded: %s", text);
	return 0;
}

/* A process is restored with what the image knows, which is not all that a policy may require. */
static int check_hardening(struct restoring *restoring, struct bw_err *err)
{
	static const struct bw_spec_hardening none;
	const struct bw_spec_hardening *hardening = spec_of(restoring)->hardening ? spec_of(restoring)->hardening : &none;
	const bool labels = hardening->selinux_type && restoring->preparation.host.selinux.v;
	struct bw_memory_encryption memory;
	const struct lost lost[] = {
		{hardening->landlock, "/hardening/landlock", "Landlock",
			"no image holds its rules, so that a restored process has none"},
		{hardening->mdwe, "/hardening/mdwe", "memoryDenyWriteExecute",
			"no image holds it, so that a restored process may execute memory that it has written"},
		{labels ? hardening->selinux : NULL, "/hardening/selinux", "SELinux categories of the container's own",
			"a restored process has the label of its image, whoever has its categories now"},
	};

	if (hardening->user_range) {
		bw_fail(err, BW_E_DENIED, 0,
			"restore: profile %s gives each container ids of its own, and processes come back with those "
			"in the image",
			bw_profile_name(restoring->decision.profile));
		return bw_at(err, "/hardening/userRange");
	}
	for (size_t i = 0; i < BW_COUNT(lost); i++)
		if (check_lost(restoring, &lost[i], err) < 0)
			return -1;
	return bw_memory_encryption_require(spec_of(restoring), &restoring->preparation.host, &memory, err);
}

static int out_of_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, ENOMEM, "restore");
}

static int choose_keeper(struct restoring *restoring, struct bw_err *err)
{
	struct bw_request *request = &restoring->preparation.request;
	struct bw_state *state = restoring->container.state;
	const char *why;
	char *text;

	request->spec = spec_of(restoring);
	request->keeps_time = restoring->options->keeps_time || !restoring->options->detach;
	if (bw_keeper_choose(request, &restoring->has_keeper, &why, err) < 0)
		return -1;
	if (!restoring->has_keeper && !why)
		return 0;
	text = bw_arena_printf(&restoring->arena, BW_KEEPER_LAYER "%s", why ? why : bw_keeper_about(request));
	if (!text || bw_strs_add(&restoring->arena, why ? &state->degraded : &state->layers, text) < 0)
		return out_of_memory(err);
	if (why)
		bw_log(BW_LOG_INFO, "degraded: %s", text);
	return 0;
}

static int check_terminal(const struct restoring *restoring, struct bw_err *err)
{
	const struct bw_create_options *options = restoring->options;
	bool terminal = spec_of(restoring)->process->terminal.v;
	bool has_console = options->console_socket || options->console_fd > 0;

	if (options->detach && terminal && !has_console)
		return bw_fail(err, BW_E_USAGE, 0,
			"cannot allocate tty if the container will detach without setting the console socket");
	if (has_console && (!options->detach || !terminal))
		return bw_fail(err, BW_E_USAGE, 0,
			"cannot use console socket if the container will not detach or allocate tty");
	return 0;
}

static int decide(struct restoring *restoring, struct bw_err *err)
{
	int r;

	bw_attempt_enter(&restoring->attempt, "read the bundle and ask the policy");
	r = bw_decide(restoring->ctx, restoring->options->bundle, restoring->id, &restoring->arena,
		&restoring->decision, NULL, err);
	if (restoring->decision.profile) {
		restoring->attempt.profile = bw_profile_name(restoring->decision.profile);
		restoring->attempt.profile_reason = restoring->decision.reason;
	}
	if (r < 0)
		return -1;
	restoring->images.log_file = "restore.log";
	if (bw_images_begin(&restoring->images, "restore", restoring->asked, restoring->decision.profile,
		    spec_of(restoring), &restoring->arena, err) < 0 ||
		check_terminal(restoring, err) < 0)
		return -1;
	return bw_images_open(&restoring->images, false, spec_of(restoring), err);
}

static int check_stopped(const struct restoring *restoring, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = spec_of(restoring)->hardening;

	return bw_stopped_check(hardening ? hardening->tenant : NULL, err);
}

/* Directory and state: nothing of the kernel's is made yet. */
static int begin(struct restoring *restoring, struct bw_err *err)
{
	struct bw_request *request = &restoring->preparation.request;

	if (bw_id_check(restoring->id, err) < 0 || decide(restoring, err) < 0)
		return -1;
	if (check_stopped(restoring, err) < 0)
		return -1;
	bw_attempt_enter(&restoring->attempt, "make the container's state");
	if (bw_preparation_open(&restoring->preparation, &restoring->arena, err) < 0 ||
		bw_container_new(restoring->ctx, restoring->id, &restoring->container, err) < 0)
		return -1;
	if (bw_registry_take(&restoring->container, spec_of(restoring)->hardening, err) < 0 ||
		bw_describe(restoring->ctx, restoring->id, restoring->options->bundle, &restoring->decision,
		    &restoring->preparation, &restoring->arena, &restoring->container.state, err) < 0 ||
		check_hardening(restoring, err) < 0 ||
		choose_keeper(restoring, err) < 0 ||
		bw_start_rate_check(restoring->ctx, spec_of(restoring)->hardening, restoring->container.state,
			&restoring->arena, err) < 0 ||
		bw_state_save(&restoring->container, err) < 0) {
		bw_undo(&restoring->container);
		return -1;
	}
	request->spec = spec_of(restoring);
	request->process = request->spec->process;
	request->id = restoring->id;
	request->bundle = restoring->options->bundle;
	request->state_dir = restoring->container.path;
	request->state_fd = restoring->container.dir;
	request->cgroups = restoring->container.state->cgroups;
	return 0;
}

/* --- the request --- */

/* Those of the network and of pids are not in the image when they were joined: criu inherits them. */
static int inherit_namespace(struct restoring *restoring, const struct bw_spec_namespace *namespace, struct bw_err *err)
{
	int fd = open(namespace->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return bw_fail(err, BW_E_SPEC, errno, "Requested %s namespace %s does not exist", namespace->type,
			namespace->path);
	if (restoring->joins_n == MAX_JOINS) {
		close(fd);
		return bw_fail(err, BW_E_SPEC, 0, "/linux/namespaces: too many that are joined");
	}
	restoring->joins[restoring->joins_n++] = fd;
	if (bw_criu_inherit(&restoring->arena, &restoring->images.options, bw_images_namespace_key(namespace->type),
		    BW_CRIU_FIRST_FD + (int)restoring->joins_n - 1) < 0)
		return out_of_memory(err);
	return 0;
}

static int join_namespaces(struct restoring *restoring, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = spec_of(restoring)->linux_;

	for (size_t i = 0; i < linux_->namespaces.n; i++) {
		const struct bw_spec_namespace *namespace = &linux_->namespaces.v[i];
		const char *word = bw_images_namespace(namespace->type);

		if (!namespace->path)
			continue;
		if (!word)
			return bw_fail(err, BW_E_HOST, 0, "Do not know how to handle namespace %s: criu cannot join it",
				namespace->type);
		if (bw_images_namespace_key(namespace->type)) {
			if (inherit_namespace(restoring, namespace, err) < 0)
				return -1;
		} else if (bw_criu_pair_add(
				   &restoring->arena, &restoring->images.options.join_ns, word, namespace->path) < 0) {
			return out_of_memory(err);
		}
	}
	return 0;
}

/* What the image's 0, 1 and 2 were, as checkpoint has written it down: pipes become ours. */
static int inherit_stdio(struct restoring *restoring, struct bw_err *err)
{
	auto_close int fd = openat(restoring->images.images_dir, "descriptors.json",
		O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	auto_free char *text = NULL;
	struct bw_json *tree;
	int number = 0;
	size_t len;

	if (fd < 0)
		return bw_fail(err, BW_E_USAGE, errno, "open %s/descriptors.json", restoring->images.image_path);
	if (bw_read_fd(fd, "descriptors.json", MAX_DESCRIPTORS_BYTES, &text, &len, err) < 0 ||
		bw_json_parse(text, len, "descriptors.json", &restoring->arena, &tree, err) < 0)
		return -1;
	if (tree->type != BW_JSON_ARRAY)
		return bw_fail(err, BW_E_USAGE, 0, "descriptors.json: expected an array, found %s",
			bw_json_type_words(tree->type));
	for (const struct bw_json *item = tree->child; item && number < 3; item = item->next, number++)
		if (item->type == BW_JSON_STRING && bw_after_prefix(item->text, "pipe:") &&
			bw_criu_inherit(&restoring->arena, &restoring->images.options, item->text, number) < 0)
			return out_of_memory(err);
	return 0;
}

/* criu puts its processes where it is itself, in the place of what the image says: "N:CONTROLLERS:PATH" lines. */
static int name_cgroups(struct restoring *restoring, pid_t criu, struct bw_err *err)
{
	char file[32], *text = bw_arena_alloc(&restoring->arena, 16384), *line, *controllers, *controller;
	ssize_t len;

	if (!text)
		return out_of_memory(err);
	snprintf(file, sizeof file, "%d/cgroup", (int)criu);
	len = bw_read_at(restoring->preparation.host_proc, file, text, 16384);
	if (len < 0)
		return bw_fail(err, BW_E_KERNEL, (int)-len, "reading the cgroups of criu");
	while ((line = strsep(&text, "\n"))) {
		strsep(&line, ":");
		controllers = line ? strsep(&line, ":") : NULL;
		while (line && (controller = strsep(&controllers, ",")))
			if (bw_criu_pair_add(&restoring->arena, &restoring->images.options.cg_root, controller, line) < 0)
				return out_of_memory(err);
	}
	return 0;
}

static int open_console(struct restoring *restoring, struct bw_err *err)
{
	if (!spec_of(restoring)->process->terminal.v)
		return 0;
	if (restoring->options->console_socket)
		restoring->console = bw_connect_unix(restoring->options->console_socket, err);
	else if (restoring->options->console_fd > 0)
		restoring->console = fcntl(restoring->options->console_fd, F_DUPFD_CLOEXEC, 3);
	else
		restoring->console = fcntl(restoring->attach.terminal[1], F_DUPFD_CLOEXEC, 3);
	if (restoring->console >= 0)
		return 0;
	return err->code ? -1 : bw_fail(err, BW_E_KERNEL, errno, "console");
}

static int fill_options(struct restoring *restoring, struct bw_err *err)
{
	struct bw_criu_options *options = &restoring->images.options;

	options->evasive_devices = options->rst_sibling = true;
	if (join_namespaces(restoring, err) < 0 || inherit_stdio(restoring, err) < 0)
		return -1;
	if (!restoring->asked->lazy_pages)
		return 0;
	return bw_images_check_features(&restoring->images, false, true, err);
}

/* --- while criu works --- */

static int run_hooks(struct restoring *restoring, pid_t pid, struct bw_err *err)
{
	const struct bw_spec *spec = spec_of(restoring);
	const char *bundle = restoring->options->bundle;
	auto_free char *state = NULL;

	if (!spec->hooks || (!spec->hooks->prestart.n && !spec->hooks->create_runtime.n))
		return 0;
	if (bw_hook_state(spec, restoring->id, bundle, "creating", pid, &state, err) < 0)
		return -1;
	if (bw_hooks_run(spec, &spec->hooks->prestart, "prestart", state, bundle, err) < 0)
		return -1;
	return bw_hooks_run(spec, &spec->hooks->create_runtime, "createRuntime", state, bundle, err);
}

static int send_console(struct restoring *restoring, int master, struct bw_err *err)
{
	char name[32] = "/dev/pts/0";
	unsigned number;

	if (master < 0)
		return bw_fail(err, BW_E_HOST, 0, "criu failed: it sent no terminal");
	if (restoring->console < 0)
		return 0;
	restoring->console_sent = true;
	if (ioctl(master, TIOCGPTN, &number) == 0)
		snprintf(name, sizeof name, "/dev/pts/%u", number);
	return bw_send_fd(restoring->console, master, name, strlen(name), err);
}

/* The image's network is empty; what hooks have plugged in is held against the policy, as start does. */
static int check_network(const struct restoring *restoring, struct bw_err *err)
{
	switch (restoring->preparation.guard.way) {
	case BW_GUARD_NONE:
	case BW_GUARD_CGROUP: /* attached by us, a moment ago */
		return 0;
	case BW_GUARD_ROUTING:
		break;
	}
	return bw_netns_verify(restoring->pidfd, &spec_of(restoring)->hardening->block_endpoints, err);
}

/* The filter of a witness is in the image, its listener is not: no program could be started. */
static int check_witness(const struct restoring *restoring, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = spec_of(restoring)->hardening;

	if (!hardening || !hardening->programs || !hardening->programs->events)
		return 0;
	return bw_fail(err, BW_E_DENIED, 0,
		"restore: profile %s has the programs of a container witnessed, and an image's processes have nobody "
		"who asks",
		bw_profile_name(restoring->decision.profile));
}

/* Programs on the cgroup are attached with its limits; routing rules are the image's. */
static int choose_guard(struct restoring *restoring, struct bw_err *err)
{
	struct bw_preparation *preparation = &restoring->preparation;
	const struct bw_spec_hardening *hardening = spec_of(restoring)->hardening;

	if (!bw_guard_is_wanted(spec_of(restoring)))
		return 0;
	if (hardening->egress || hardening->only_loopback.v)
		return bw_fail(err, BW_E_DENIED, 0,
			"restore: profile %s leaves a container the egress gate alone, and an image's connections are "
			"not the gate's",
			bw_profile_name(restoring->decision.profile));
	if (bw_guard_choose(&preparation->request, &preparation->plan, err) < 0)
		return -1;
	for (size_t i = 0; i < preparation->plan.degraded_n; i++) {
		const char *why = preparation->plan.degraded[i].why;

		if (bw_strs_add(&restoring->arena, &restoring->container.state->degraded,
			    bw_arena_printf(&restoring->arena, "guard: %s", why)) < 0)
			return out_of_memory(err);
		bw_log(BW_LOG_INFO, "degraded: guard: %s", why);
	}
	return bw_describe_guard(restoring->container.state, &preparation->guard, &restoring->arena, err);
}

/* Whether pid is in our namespace of this kind, by its file's name. */
static bool shares(const struct restoring *restoring, pid_t pid, const char *kind)
{
	struct stat ours, theirs;
	char own[32], other[32];

	snprintf(own, sizeof own, "self/ns/%s", kind);
	snprintf(other, sizeof other, "%d/ns/%s", (int)pid, kind);
	return fstatat(restoring->preparation.host_proc, other, &theirs, 0) < 0 ||
	       fstatat(restoring->preparation.host_proc, own, &ours, 0) < 0 || ours.st_ino == theirs.st_ino;
}

/* Which namespaces there are the image says: of a container that had the host's it has none. */
static int check_namespaces(const struct restoring *restoring, pid_t pid, struct bw_err *err)
{
	const struct bw_spec *spec = spec_of(restoring);

	for (size_t i = 0; spec->hardening && i < spec->linux_->namespaces.n; i++) {
		const char *type = spec->linux_->namespaces.v[i].type, *word = bw_images_namespace(type);

		if (shares(restoring, pid, word ? word : type))
			return bw_fail(err, BW_E_DENIED, 0,
				"restore: the image's processes are in the host's %s namespace, which profile %s does "
				"not allow",
				type, bw_profile_name(restoring->decision.profile));
	}
	return 0;
}

/* criu makes one, so that clocks go on from where they were: exec must enter it, too. */
static int note_time_namespace(struct restoring *restoring, pid_t pid, struct bw_err *err)
{
	struct bw_spec *spec = restoring->decision.hardened;
	struct bw_spec_namespace *namespace;

	if (bw_spec_namespace(spec, "time") || shares(restoring, pid, "time"))
		return 0;
	namespace = bw_push(&restoring->arena, &spec->linux_->namespaces);
	if (namespace)
		namespace->type = bw_arena_strdup(&restoring->arena, "time");
	return namespace && namespace->type ? 0 : out_of_memory(err);
}

static int start_keeper(const struct restoring *restoring, pid_t pid, struct bw_err *err)
{
	const struct bw_settling now = {.pid = pid, .pidfd = restoring->pidfd,
		.host_proc = restoring->preparation.host_proc, .request = &restoring->preparation.request};

	return restoring->has_keeper ? bw_keeper_start(&now, err) : 0;
}

/* Its processes are there and wait. */
static int take_init(struct restoring *restoring, pid_t pid, struct bw_err *err)
{
	struct bw_container *container = &restoring->container;

	restoring->pidfd = bw_pidfd_open(pid, 0);
	if (restoring->pidfd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "looking at the restored process %d", (int)pid);
	if (check_namespaces(restoring, pid, err) < 0 || check_network(restoring, err) < 0 ||
		note_time_namespace(restoring, pid, err) < 0 || bw_state_save_spec(container, spec_of(restoring), err) < 0 ||
		bw_state_save_profile(container, restoring->decision.profile, err) < 0 ||
		bw_state_save(container, err) < 0 || start_keeper(restoring, pid, err) < 0)
		return -1;
	/* As in create: findable first, then the look whether a kill switch was thrown. */
	return bw_state_save_init(container, pid, err) < 0 ? -1 : check_stopped(restoring, err);
}

static int notified(const char *stage, pid_t pid, int fd, void *ctx, struct bw_err *err)
{
	struct restoring *restoring = ctx;

	bw_debug("criu: %s", stage);
	if (bw_streq(stage, "setup-namespaces"))
		return run_hooks(restoring, pid, err);
	if (bw_streq(stage, "orphan-pts-master"))
		return send_console(restoring, fd, err);
	return bw_streq(stage, "post-restore") ? take_init(restoring, pid, err) : 0;
}

/* --- all of it --- */

static int start_criu(struct restoring *restoring, struct bw_criu *criu, struct bw_err *err)
{
	struct bw_criu_program *program = &restoring->images.program;
	struct bw_criu_options *options = &restoring->images.options;
	struct bw_image_stage stage = BW_IMAGE_STAGE_INIT;
	bool terminal = spec_of(restoring)->process->terminal.v;

	for (int fd = 0; fd < 3; fd++)
		program->stdio[fd] = terminal || fcntl(fd, F_GETFD) < 0 ? -1 : fd;
	program->fds = restoring->joins;
	program->fds_n = restoring->joins_n;
	if (bw_image_stage_enter(&stage, &restoring->preparation.request, restoring->container.state->rootfs,
		    restoring->container.path, &options->ext_mnt, err) < 0)
		return -1;
	options->root = bw_arena_strdup(&restoring->arena, stage.root);
	if (bw_images_reopen(&restoring->images, err) < 0 || bw_criu_begin(criu, program, err) < 0) {
		struct bw_err ignored = {0};

		(void)!bw_detour_end(&stage.detour, &ignored);
		return -1;
	}
	return bw_detour_end(&stage.detour, err);
}

static int talk(struct restoring *restoring, struct bw_criu *criu, struct bw_err *err)
{
	const struct bw_criu_request request = {.type = BW_CRIU_RESTORE, .options = &restoring->images.options};
	struct bw_criu_response answer;
	int r;

	bw_attempt_enter(&restoring->attempt, "let criu restore the processes");
	if (bw_criu_ask(criu, &request, notified, restoring, &answer, err) < 0)
		return err->code == BW_E_HOST ? bw_images_complain(&restoring->images, err) : -1;
	r = bw_criu_end(criu, err);
	if (r > 0) {
		bw_fail(err, BW_E_HOST, 0, "criu failed: exit status %d", r);
		return bw_images_complain(&restoring->images, err);
	}
	if (r == 0 && restoring->pidfd < 0)
		return bw_fail(err, BW_E_HOST, 0, "criu failed: it says nothing of a restored process");
	return r;
}

static void note_undone(const struct restoring *restoring, const struct bw_err *err)
{
	const struct bw_audited who = bw_audited_state(restoring->container.state);
	const struct bw_audit_more more[] = {{"verb", "restore"}};

	bw_note_event(&who, BW_AUDIT_DELETE, err ? err->text : NULL, more, BW_COUNT(more));
}

static int restore(struct restoring *restoring, struct bw_err *err)
{
	struct bw_criu criu = BW_CRIU_INIT;

	bw_attempt_enter(&restoring->attempt, "prepare what is not in the image");
	if (check_witness(restoring, err) < 0 || choose_guard(restoring, err) < 0 || fill_options(restoring, err) < 0 ||
		open_console(restoring, err) < 0)
		return -1;
	if (bw_note_created(&restoring->decision, restoring->container.state, "restore", true, err) < 0)
		return -1;
	if (start_criu(restoring, &criu, err) == 0 &&
		bw_cgroup_adopt(&restoring->preparation.request, criu.pid, err) == 0 &&
		bw_state_save(&restoring->container, err) == 0 && name_cgroups(restoring, criu.pid, err) == 0 &&
		talk(restoring, &criu, err) == 0) {
		if (restoring->options->ret_pid)
			*restoring->options->ret_pid = restoring->container.pid;
		bw_attempt_enter(&restoring->attempt, "write the pid file");
		return bw_pid_file_write(restoring->options->pid_file, restoring->container.pid, err);
	}
	bw_criu_abort(&criu);
	note_undone(restoring, err);
	return -1;
}

/* A program that has left its terminal has none in its image. */
static void settle_console(struct restoring *restoring)
{
	if (restoring->console >= 0)
		close(take_fd(&restoring->console));
	if (!restoring->console_sent && restoring->attach.terminal[0] >= 0)
		close(take_fd(&restoring->attach.terminal[0]));
}

/* Foreground: the container ends with its program. */
static int stay(struct restoring *restoring, int *ret_code, struct bw_err *err)
{
	const struct bw_audited who = bw_audited_state(restoring->container.state);
	struct bw_err deleted = {0};
	int r;

	bw_attempt_enter(&restoring->attempt, "follow the program to its end");
	settle_console(restoring);
	/* As run does: other verbs must not wait for the end. */
	flock(restoring->container.dir, LOCK_UN);
	bw_attach_keep_time(&restoring->attach, restoring->container.state);
	r = bw_attach_run(&restoring->attach, restoring->container.pid, restoring->pidfd, ret_code, err);
	bw_attach_done(&restoring->attach);
	if (r == 0)
		bw_note_exit(&who, "init", *ret_code);
	if (bw_container_lock(&restoring->container, &deleted) < 0 && deleted.code == BW_E_NOT_FOUND)
		return r;
	if (bw_remove(&restoring->container, spec_of(restoring), r < 0 ? NULL : err) < 0)
		return -1;
	bw_note_event(&who, BW_AUDIT_DELETE, NULL, NULL, 0);
	return r;
}

static int run(struct restoring *restoring, int *ret_code, struct bw_err *err)
{
	const struct bw_create_options *options = restoring->options;

	if (begin(restoring, err) < 0)
		return -1;
	/* Processes of the container that outlive their parents come to us, who wait for its end. */
	if (!options->detach && !options->no_subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if ((!options->detach && bw_attach_begin(&restoring->attach, spec_of(restoring)->process->terminal.v, err) < 0) ||
		restore(restoring, err) < 0) {
		bw_preparation_close(&restoring->preparation);
		bw_undo(&restoring->container);
		return -1;
	}
	return options->detach ? 0 : stay(restoring, ret_code, err);
}

int bw_container_restore(const struct bw_context *ctx, const char *id, const struct bw_image_options *image,
	const struct bw_create_options *options, int *ret_code, struct bw_err *err)
{
	__attribute__((cleanup(restoring_done))) struct restoring restoring = {
		.ctx = ctx,
		.asked = image,
		.options = options,
		.id = id,
		.arena = BW_ARENA_INIT,
		.container = BW_CONTAINER_INIT,
		.preparation = BW_PREPARATION_INIT,
		.images = BW_IMAGES_INIT,
		.attach = BW_ATTACH_INIT,
		.attempt = BW_ATTEMPT_INIT("restore", id),
		.console = -1,
		.pidfd = -1,
	};
	int r;

	restoring.attempt.bundle = options->bundle;
	*ret_code = 0;
	r = run(&restoring, ret_code, err);
	bw_note_decided(&restoring.decision, id, "restore", r, err);
	return bw_attempt_end(ctx, &restoring.attempt, r, err);
}
