/* SPDX-License-Identifier: Apache-2.0 */
/* fake_container.c - a double of the facade for the tests of the command line: each verb says on
 * standard output what it was called with, and touches nothing. Containers: "c1" runs, "c2" is
 * stopped; the root "/nonexistent-root" is an error, a root that ends in "empty" holds nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/bulwark.h"

static void say(const char *key, const char *value)
{
	printf(" %s=%s", key, value ? value : "-");
}

static void say_list(const char *key, const char *const *values)
{
	printf(" %s=[", key);
	for (size_t i = 0; values && values[i]; i++)
		printf("%s%s", i ? "|" : "", values[i]);
	putchar(']');
}

static void say_context(const char *verb, const struct bw_context *ctx)
{
	printf("%s", verb);
	say("root", ctx->root);
	say("policy", ctx->policy_path);
	say("profile", ctx->profile);
	printf(" systemd=%d debug=%d", ctx->systemd_cgroup, ctx->debug);
	if (ctx->no_cgroup || ctx->rootless)
		printf(" no-cgroup=%d rootless=%d", ctx->no_cgroup, (int)ctx->rootless);
}

static int find(const char *id, struct bw_err *err)
{
	if (bw_streq(id, "c1") || bw_streq(id, "c2"))
		return 0;
	return bw_fail(err, BW_E_NOT_FOUND, 0, "container does not exist");
}

const char *bw_status_word(enum bw_status status)
{
	return status == BW_STATUS_RUNNING ? "running" : "stopped";
}

static void say_create(const struct bw_create_options *o)
{
	say("bundle", o->bundle);
	say("console", o->console_socket);
	say("pid-file", o->pid_file);
	say("pidfd-socket", o->pidfd_socket);
	if (o->learn)
		say("learn", o->learn);
	printf(" no-pivot=%d no-new-keyring=%d fds=%u detach=%d keep=%d no-subreaper=%d\n",
		o->no_pivot, o->no_new_keyring, o->preserve_fds, o->detach, o->keep,
		o->no_subreaper);
}

int bw_container_create(const struct bw_context *ctx, const char *id,
	const struct bw_create_options *options, struct bw_err *err)
{
	if (bw_streq(id, "denied")) {
		bw_fail(err, BW_E_DENIED, 0, "refused: /run/docker.sock may not be mounted");
		bw_at(err, "/mounts/3/source");
		snprintf(err->rule, sizeof err->rule, "mounts.sockets");
		return bw_hint(err, "bulwark explain shows what is allowed");
	}
	say_context("create", ctx);
	say("id", id);
	say_create(options);
	return 0;
}

int bw_container_run(const struct bw_context *ctx, const char *id,
	const struct bw_create_options *options, int *ret_code, struct bw_err *err)
{
	if (bw_streq(id, "bad"))
		return bw_fail(err, BW_E_KERNEL, EPERM, "mounting /proc");
	say_context("run", ctx);
	say("id", id);
	say_create(options);
	if (options->ret_learning)
		*options->ret_learning = (struct bw_learning){.calls = 5, .new_calls = 2, .values = 3, .new_values = 1, .nameless = 7};
	*ret_code = 42;
	return 0;
}

int bw_container_start(const struct bw_context *ctx, const char *id, struct bw_err *err)
{
	(void)ctx;
	return find(id, err);
}

int bw_container_exec(const struct bw_context *ctx, const char *id, const struct bw_exec_options *o,
	int *ret_code, struct bw_err *err)
{
	if (find(id, err) < 0)
		return -1;
	say_context("exec", ctx);
	say("id", id);
	say("process", o->process_path);
	say_list("args", o->args);
	say_list("env", o->env);
	say_list("gids", o->additional_gids);
	say_list("caps", o->caps);
	if (o->cgroups)
		say_list("cgroups", o->cgroups);
	say("cwd", o->cwd);
	say("user", o->user);
	say("apparmor", o->apparmor);
	say("label", o->process_label);
	say("console", o->console_socket);
	say("pid-file", o->pid_file);
	say("pidfd-socket", o->pidfd_socket);
	printf(" tty=%d detach=%d nnp=%d ignore-paused=%d fds=%u\n", o->tty, o->detach,
		o->no_new_privs, o->ignore_paused, o->preserve_fds);
	*ret_code = 7;
	return 0;
}

int bw_container_kill(
	const struct bw_context *ctx, const char *id, int signal, bool all, struct bw_err *err)
{
	(void)ctx;
	if (find(id, err) < 0)
		return -1;
	printf("kill %s %d all=%d\n", id, signal, all);
	return 0;
}

int bw_container_stage(const struct bw_context *ctx, const char *id, const struct bw_stage_options *o, struct bw_err *err)
{
	(void)ctx;
	if (find(id, err) < 0)
		return -1;
	printf("stage %s", id);
	say_list("sources", o->sources);
	say("to", o->destination);
	say_list("patterns", o->patterns);
	printf(" force=%d\n", o->force);
	return 0;
}

int bw_container_pause(const struct bw_context *ctx, const char *id, struct bw_err *err)
{
	(void)ctx;
	if (find(id, err) < 0)
		return -1;
	printf("pause %s\n", id);
	return 0;
}

int bw_container_resume(const struct bw_context *ctx, const char *id, struct bw_err *err)
{
	(void)ctx;
	if (find(id, err) < 0)
		return -1;
	printf("resume %s\n", id);
	return 0;
}

static void say_image(const struct bw_image_options *o)
{
	const bool flags[] = {o->leave_running, o->tcp_established, o->tcp_skip_in_flight, o->link_remap, o->ext_unix_sk,
		o->shell_job, o->lazy_pages, o->file_locks, o->pre_dump, o->auto_dedup};

	say("image", o->image_path);
	say("work", o->work_path);
	say("parent", o->parent_path);
	say("server", o->page_server);
	say("status", o->status_fd);
	say("cgroups", o->manage_cgroups_mode);
	say_list("empty", o->empty_ns);
	say("lsm", o->lsm_profile);
	say("context", o->lsm_mount_context);
	printf(" flags=");
	for (size_t i = 0; i < BW_COUNT(flags); i++)
		putchar(flags[i] ? '1' : '0');
}

int bw_container_checkpoint(const struct bw_context *ctx, const char *id, const struct bw_image_options *image,
	struct bw_err *err)
{
	(void)ctx;
	if (find(id, err) < 0)
		return -1;
	printf("checkpoint %s", id);
	say_image(image);
	putchar('\n');
	return 0;
}

int bw_container_restore(const struct bw_context *ctx, const char *id, const struct bw_image_options *image,
	const struct bw_create_options *options, int *ret_code, struct bw_err *err)
{
	(void)ctx;
	(void)err;
	printf("restore %s", id);
	say_image(image);
	say_create(options);
	*ret_code = 7;
	return 0;
}

int bw_container_update(const struct bw_context *ctx, const char *id, const struct bw_update_options *o,
	struct bw_err *err)
{
	(void)ctx;
	if (find(id, err) < 0)
		return -1;
	printf("update %s", id);
	say("r", o->resources);
	say("memory", o->memory);
	say("swap", o->memory_swap);
	say("reservation", o->memory_reservation);
	say("pids", o->pids_limit);
	say("quota", o->cpu_quota);
	say("period", o->cpu_period);
	say("burst", o->cpu_burst);
	say("share", o->cpu_share);
	say("idle", o->cpu_idle);
	say("rt-period", o->cpu_rt_period);
	say("rt-runtime", o->cpu_rt_runtime);
	say("cpus", o->cpuset_cpus);
	say("mems", o->cpuset_mems);
	say("weight", o->blkio_weight);
	say("l3", o->l3_cache_schema);
	say("bw", o->mem_bw_schema);
	say("kernel", o->kernel_memory);
	say("tcp", o->kernel_memory_tcp);
	putchar('\n');
	return 0;
}

int bw_container_delete(
	const struct bw_context *ctx, const char *id, bool force, struct bw_err *err)
{
	(void)ctx;
	return force ? 0 : find(id, err);
}

static const struct bw_annotation annotations[] = {{"org.example.note", "a \"b\""}};
static const char *const layers[] = {"seccomp: filter baseline", NULL};
static const char *const degraded[] = {"landlock: this kernel has none", NULL};
static const struct bw_container_info infos[] = {
	{.oci_version = "1.2.0",
		.id = "c1",
		.bundle = "/bundles/one",
		.rootfs = "/bundles/one/rootfs",
		.created = "2026-01-02T03:04:05.000000006Z",
		.owner = "root",
		.status = BW_STATUS_RUNNING,
		.annotations = annotations,
		.annotations_n = BW_COUNT(annotations),
		.profile = "hardened",
		.profile_reason = "default of the policy",
		.tenant = "ann",
		.session = "s-1",
		.guard = "cgroup",
		.witness = 4711,
		.programs = "3 allowed, 1 denied, 0 unresolved",
		.layers = layers,
		.degraded = degraded},
	{.oci_version = "1.2.0",
		.id = "c2",
		.bundle = "/bundles/two-with-a-longer-name",
		.rootfs = "/bundles/two-with-a-longer-name/rootfs",
		.created = "2026-01-02T03:04:06Z",
		.owner = "root",
		.status = BW_STATUS_STOPPED},
};

static void fill(struct bw_container_info *info, size_t i)
{
	*info = infos[i];
	if (i == 0)
		info->pid = getppid();
}

int bw_container_info(const struct bw_context *ctx, const char *id, struct bw_arena *arena,
	struct bw_container_info *ret, struct bw_err *err)
{
	(void)ctx;
	(void)arena;
	if (find(id, err) < 0)
		return -1;
	fill(ret, bw_streq(id, "c1") ? 0 : 1);
	return 0;
}

int bw_container_list(const struct bw_context *ctx, struct bw_arena *arena,
	struct bw_container_info **ret, size_t *ret_n, struct bw_err *err)
{
	struct bw_container_info *list = bw_arena_alloc(arena, sizeof infos);

	if (bw_streq(ctx->root, "/nonexistent-root"))
		return bw_fail(err, BW_E_USAGE, ENOENT, "state root %s", ctx->root);
	if (!list)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "list");
	for (size_t i = 0; i < BW_COUNT(infos); i++)
		fill(&list[i], i);
	*ret = list;
	*ret_n = bw_has_suffix(ctx->root, "empty") ? 0 : BW_COUNT(infos);
	return 0;
}

int bw_container_pids(const struct bw_context *ctx, const char *id, pid_t **ret, size_t *ret_n,
	struct bw_err *err)
{
	(void)ctx;
	if (find(id, err) < 0)
		return -1;
	*ret = calloc(1, sizeof **ret);
	if (!*ret)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "pids");
	(*ret)[0] = getppid();
	*ret_n = bw_streq(id, "c1") ? 1 : 0;
	return 0;
}

int bw_container_events(const struct bw_context *ctx, const char *id, int64_t interval_ms, bw_event_fn *seen, void *fn_ctx,
	struct bw_err *err)
{
	char text[64];

	(void)ctx;
	if (find(id, err) < 0)
		return -1;
	snprintf(text, sizeof text, "{\"id\":\"%s\",\"interval\":%lld}", id, (long long)interval_ms);
	return seen(text, fn_ctx, err);
}

static int give(char **ret, int len, struct bw_err *err)
{
	return len < 0 || !*ret ? bw_fail(err, BW_E_MEMORY, ENOMEM, "text") : 0;
}

int bw_explain(const struct bw_context *ctx, const char *bundle_or_id, bool here, const char *format,
	char **ret_text, int *ret_verdict, struct bw_err *err)
{
	*ret_verdict = ctx->profile ? 4 : 3;
	return give(ret_text,
		asprintf(ret_text, "explain %s %s %s%s", bundle_or_id, format,
			ctx->profile ? ctx->profile : "-", here ? " here" : ""),
		err);
}

int bw_check(const struct bw_context *ctx, bool json, char **ret_text, int *ret_verdict,
	struct bw_err *err)
{
	if (ctx->profile && bw_streq(ctx->profile, "nosuch"))
		return bw_fail(err, BW_E_POLICY, 0, "there is no profile \"nosuch\"");
	*ret_verdict = 1;
	return give(ret_text, asprintf(ret_text, "check json=%d\n", json), err);
}

int bw_audit_verify(const struct bw_context *ctx, const char *const *files, const char *anchor, char **ret_text,
	int *ret_verdict, struct bw_err *err)
{
	(void)ctx;
	*ret_verdict = anchor ? 1 : 3;
	return give(ret_text, asprintf(ret_text, "verify %s %s", files[0] ? files[0] : "-", anchor ? anchor : "-"), err);
}

int bw_audit_show(const struct bw_context *ctx, const char *const *files, const struct bw_audit_filter *filter,
	int (*seen)(const char *line, void *ctx, struct bw_err *err), void *fn_ctx, struct bw_err *err)
{
	char text[512];

	(void)ctx;
	snprintf(text, sizeof text, "show %s %s tenant=%s session=%s id=%s event=%s since=%s json=%d", files[0] ? files[0] : "-",
		files[0] && files[1] ? files[1] : "-", filter->tenant, filter->session, filter->id, filter->event, filter->since,
		filter->json);
	return seen(text, fn_ctx, err);
}

int bw_check_ecs(const char *host_root, bool json, char **ret_text, int *ret_verdict, struct bw_err *err)
{
	*ret_verdict = host_root != NULL;
	return give(ret_text, asprintf(ret_text, "check ecs %s json=%d\n", host_root ? host_root : "-", json), err);
}

int bw_why_text(const struct bw_context *ctx, const char *id, bool json, char **ret_text, struct bw_err *err)
{
	(void)ctx;
	if (bw_streq(id, "c2"))
		return bw_fail(err, BW_E_NOT_FOUND, 0, "no failure of container c2 is on record");
	return give(ret_text, asprintf(ret_text, "why %s json=%d", id, json), err);
}

int bw_kill_switch(const struct bw_context *ctx, const struct bw_kill_switch_options *options, char **ret_text,
	int *ret_verdict, struct bw_err *err)
{
	(void)ctx;
	*ret_verdict = options->quarantine;
	return give(ret_text,
		asprintf(ret_text, "kill-switch tenant=%s all=%d quarantine=%d lift=%d reason=%s json=%d", options->tenant ? options->tenant : "-",
			options->all, options->quarantine, options->lift, options->reason ? options->reason : "-", options->json),
		err);
}

int bw_reap(const struct bw_context *ctx, const struct bw_reap_options *options, char **ret_text, int *ret_verdict,
	struct bw_err *err)
{
	*ret_verdict = options->dry_run;
	return give(ret_text,
		asprintf(ret_text, "reap root=%s dry-run=%d older-than=%llu json=%d", ctx->root, options->dry_run,
			(unsigned long long)options->older_than_ms, options->json),
		err);
}

int bw_policy_text(const char *verb, const char *path, char **ret_text, struct bw_err *err)
{
	const char *from = path ? path : "-";

	if (bw_streq(verb, "lint"))
		return give(ret_text, asprintf(ret_text, "%s", ""), err);
	return give(ret_text, asprintf(ret_text, "policy %s %s", verb, from), err);
}

int bw_policy_test(const struct bw_context *ctx, const char *path, const char *bundle, const char *facts, bool json,
	char **ret_text, struct bw_err *err)
{
	return give(ret_text,
		asprintf(ret_text, "policy test %s root=%s bundle=%s facts=%s json=%d", path ? path : "-", ctx->root,
			bundle ? bundle : "-", facts ? facts : "-", json),
		err);
}

/* Each look is one more than the last. */
struct bw_metrics {
	int look;
};

int bw_metrics_take(struct bw_metrics **ret, struct bw_err *err)
{
	static int looks;

	if (getenv("FAKE_METRICS_FAIL"))
		return bw_fail(err, BW_E_HOST, 0, "the totals have been locked by somebody else");
	*ret = malloc(sizeof **ret);
	if (!*ret)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");
	(*ret)->look = ++looks;
	return 0;
}

void bw_metrics_free(struct bw_metrics *metrics)
{
	free(metrics);
}

int bw_metrics_prometheus(const struct bw_metrics *metrics, bool each, char **ret_text, struct bw_err *err)
{
	return give(ret_text, asprintf(ret_text, "look %d each=%d\n", metrics->look, each), err);
}

int bw_metrics_emf(const struct bw_metrics *metrics, const struct bw_metrics *past, const char *name_space, char **ret_text,
	struct bw_err *err)
{
	return give(ret_text,
		asprintf(ret_text, "{\"look\":%d,\"past\":%d,\"namespace\":\"%s\"}\n", metrics->look, past ? past->look : 0,
			name_space ? name_space : "-"),
		err);
}

int bw_metrics_emf_append(const char *file, const char *text, struct bw_err *err)
{
	FILE *to = fopen(file, "ae");

	if (!to || fputs(text, to) < 0 || fclose(to) != 0)
		return bw_fail(err, BW_E_KERNEL, errno, "writing %s", file);
	return 0;
}

int bw_plan_text(
	const struct bw_context *ctx, const char *bundle, char **ret_text, struct bw_err *err)
{
	(void)ctx;
	return give(ret_text, asprintf(ret_text, "plan %s", bundle), err);
}

int bw_features_text(char **ret_text, struct bw_err *err)
{
	return give(ret_text, asprintf(ret_text, "{\"ociVersionMin\":\"1.0.0\"}"), err);
}

const char *bw_default_spec(bool rootless)
{
	return rootless ? "{\"ociVersion\":\"1.2.0\",\"rootless\":true}"
			: "{\"ociVersion\":\"1.2.0\"}";
}

const char *bw_version_text(void)
{
	return "bulwark version 0.0.0-double\ncommit: none\nspec: 1.2.0\nlibseccomp: 2.5.4\n";
}
