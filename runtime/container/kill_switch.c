/* SPDX-License-Identifier: Apache-2.0 */
/* kill_switch.c - all containers of a tenant, or of the host, are killed or quarantined, and no new ones start. First the
 * file that says so is on disk, then the containers are looked for: stopped.h argues why none slips through. Everybody is
 * told first and waited for afterwards, so that two hundred take little longer than one. */
#include "container/bulwark.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "container/audit_note.h"
#include "container/lease.h"
#include "container/registry.h"
#include "container/state.h"
#include "container/stopped.h"
#include "container/undo.h"
#include "control/gate.h"
#include "control/quarantine.h"
#include "policy/policy.h"

enum { MAX_ROUNDS = 100, MAX_MS = 20000, TEXT_ROOM = 1 << 20 };

struct failure {
	const char *root, *id, *why; /* why NULL: it was made good */
};

/* One throw of the switch. */
struct throw {
	const struct bw_kill_switch_options *options;
	struct bw_arena arena;
	size_t done;	/* containers that were alive, and are not, or that stand and are cut off */
	struct {
		struct failure *v;
		size_t n;
	} failures; /* that no later round has made good */
	int64_t took_ms;
	bool is_mute; /* the trail is not to be had in time */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_meant(const struct throw *t, const struct bw_registered *r)
{
	return t->options->all || bw_streq0(r->tenant, t->options->tenant);
}

/* Paths in the state of a container of another mount namespace lead there by its processes. */
static int prefix_mountpoints(const struct bw_registered *r, struct bw_container *container, struct bw_arena *arena,
	struct bw_err *err)
{
	struct bw_cgroup_set *set = container->state ? container->state->cgroups : NULL;

	for (size_t i = 0; set && *r->prefix && i < set->dirs.n; i++) {
		set->dirs.v[i].mountpoint = bw_arena_printf(arena, "%s%s", r->prefix, set->dirs.v[i].mountpoint);
		if (!set->dirs.v[i].mountpoint)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "kill switch");
	}
	return 0;
}

/* 1, 0 when it is gone, or -1. */
static int open_one(const struct bw_registered *r, struct bw_arena *arena, struct bw_container *ret, struct bw_err *err)
{
	const struct bw_context ctx = {.root = r->root};

	if (!r->prefix)
		return bw_fail(err, BW_E_HOST, 0, "no process is left in its mount namespace, by which it could be reached");
	if (bw_container_open(&ctx, r->id, false, true, arena, ret, err) < 0) {
		if (err->code != BW_E_NOT_FOUND)
			return -1;
		*err = (struct bw_err){0};
		return 0;
	}
	return prefix_mountpoints(r, ret, arena, err) < 0 ? -1 : 1;
}

/* A set of cgroups that cannot be looked at is taken for one with somebody in it: ending it says what is wrong. */
static bool is_alive(const struct bw_container *container)
{
	struct bw_err ignored = {0};
	bool empty = false;

	if (container->pid > 0 && bw_proc_alive(container->pid, container->start_time))
		return true;
	if (!container->state || !container->state->cgroups)
		return false;
	return bw_cgroup_is_empty(container->state->cgroups, &empty, &ignored) < 0 || !empty;
}

static void tell(const struct throw *t, const struct bw_container *container)
{
	const struct bw_cgroup_set *set = container->state ? container->state->cgroups : NULL;
	auto_close int pidfd = -1;

	if (t->options->quarantine) {
		if (set)
			bw_cgroup_freeze_begin(set);
		return;
	}
	pidfd = container->pid > 0 ? bw_pidfd_of(container->pid, container->start_time) : -1;
	bw_pidfd_kill(pidfd);
	if (set)
		bw_cgroup_kill_begin(set);
}

/* --- quarantine --- */

/* Of a namespace that others share everybody would be cut off. */
static int cut_namespace(const struct bw_container *container, struct bw_arena *arena, struct bw_err *err)
{
	auto_close int pidfd = -1;
	struct bw_spec *spec;

	if (bw_state_load_spec(container, arena, &spec, err) < 0)
		return -1;
	if (!bw_spec_has_new_namespace(spec, "network"))
		return bw_fail(err, BW_E_HOST, 0, "it has no network namespace of its own, and no cgroup of v2");
	pidfd = bw_pidfd_of(container->pid, container->start_time);
	return pidfd < 0 ? 0 : bw_netns_cut(pidfd, err);
}

static int cut_network(const struct bw_container *container, struct bw_arena *arena, struct bw_err *err)
{
	struct bw_err why = {0};

	if (bw_cgroup_cut_network(container->state->cgroups, &why) == 0)
		return 0;
	bw_debug("%s", why.text);
	return cut_namespace(container, arena, err) < 0 ? bw_wrap(err, "it stands, but is not cut off from the network") : 0;
}

/* What cannot be stopped where it is must not go on: then nothing is left to be looked at, which is said. */
static int kill_instead(const struct bw_container *container, const struct bw_err *why, struct bw_err *err)
{
	struct bw_err failed = {0};

	if (bw_end_processes(container, &failed) < 0)
		return bw_fail(err, BW_E_KERNEL, 0, "it could be neither stopped nor killed: %s", failed.text);
	return bw_fail(err, BW_E_HOST, 0, "it was killed, for it could not be stopped: %s", why->text);
}

static bool stands(const struct bw_container *container)
{
	struct bw_err ignored = {0};
	bool frozen = false;

	return container->state && container->state->cgroups &&
	       bw_cgroup_is_frozen(container->state->cgroups, &frozen, &ignored) == 0 && frozen;
}

static int quarantine(const struct bw_container *container, struct bw_arena *arena, struct bw_err *err)
{
	struct bw_err why = {0};

	if (!container->state || !container->state->cgroups) {
		bw_fail(&why, BW_E_HOST, 0, "the container has no cgroup");
		return kill_instead(container, &why, err);
	}
	if (bw_cgroup_freeze(container->state->cgroups, true, &why) < 0)
		return kill_instead(container, &why, err);
	bw_gate_end(container->dir);
	return cut_network(container, arena, err);
}

/* --- rounds --- */

static int settle(const struct throw *t, const struct bw_container *container, struct bw_arena *arena, struct bw_err *err)
{
	return t->options->quarantine ? quarantine(container, arena, err) : bw_end_processes(container, err);
}

static struct failure *failure_of(struct throw *t, const struct bw_registered *r)
{
	for (size_t i = 0; i < t->failures.n; i++)
		if (bw_streq(t->failures.v[i].root, r->root) && bw_streq(t->failures.v[i].id, r->id))
			return &t->failures.v[i];
	return NULL;
}

static size_t count_failures(const struct throw *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->failures.n; i++)
		n += t->failures.v[i].why != NULL;
	return n;
}

static int note(struct throw *t, const struct bw_registered *r, const struct bw_err *why, struct bw_err *err)
{
	struct failure *failure = failure_of(t, r);

	if (!failure)
		failure = bw_push(&t->arena, &t->failures);
	if (!failure)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "kill switch");
	*failure = (struct failure){bw_arena_strdup(&t->arena, r->root), bw_arena_strdup(&t->arena, r->id),
		bw_arena_strdup(&t->arena, why->text)};
	return failure->root && failure->id && failure->why ? 0 : bw_fail(err, BW_E_MEMORY, ENOMEM, "kill switch");
}

/* What one is found to be. */
enum found { NOBODY, NEW, STANDING /* as it shall, since the last round or before */ };

/* Who cannot be looked at is new: waiting for it says what is wrong. */
static enum found tell_one(const struct throw *t, const struct bw_registered *r)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_container struct bw_container container = BW_CONTAINER_INIT;
	struct bw_err ignored = {0};
	int there = is_meant(t, r) ? open_one(r, &arena, &container, &ignored) : 0;

	if (there <= 0)
		return there < 0 ? NEW : NOBODY;
	if (!is_alive(&container))
		return NOBODY;
	if (t->options->quarantine && stands(&container))
		return STANDING;
	tell(t, &container);
	return NEW;
}

static const char *mode_of(const struct bw_kill_switch_options *options)
{
	return options->lift ? "lift" : options->quarantine ? "quarantine" : "kill";
}

/* What is on record of one must not keep the others waiting: not each for whoever has stopped with the trail's lock. */
static void note_stopped(struct throw *t, const struct bw_container *container)
{
	const struct bw_audit_more more[] = {{"mode", mode_of(t->options)}};
	int64_t begin = now_ms();
	struct bw_audited who;

	if (!container->state || t->is_mute)
		return;
	who = bw_audited_state(container->state);
	bw_note_event(&who, BW_AUDIT_KILL_SWITCH, t->options->reason, more, BW_COUNT(more));
	t->is_mute = now_ms() - begin >= BW_AUDIT_WAIT_MS;
	if (t->is_mute)
		bw_log(BW_LOG_WARNING, "the audit trail is locked: of the containers that follow there are no records");
}

/* 1 when it is done, 0, or -1 when memory is out. fresh: it was not yet so. */
static int await_one(struct throw *t, const struct bw_registered *r, bool fresh, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_container struct bw_container container = BW_CONTAINER_INIT;
	struct bw_err why = {0};
	int there = open_one(r, &arena, &container, &why);
	struct failure *failure;

	if (there < 0 || (there > 0 && settle(t, &container, &arena, &why) < 0))
		return note(t, r, &why, err);
	if (there > 0 && fresh)
		note_stopped(t, &container);
	failure = failure_of(t, r);
	if (failure)
		failure->why = NULL;
	return there > 0;
}

/* How many were dealt with that were not so before, or -1. */
static int go_round(struct throw *t, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_close int store = bw_lease_open(err);
	struct bw_registry registry;
	unsigned char *found;
	int n = 0, r;

	if (store < 0 || bw_registry_read(store, &arena, &registry, err) < 0)
		return -1;
	found = bw_arena_alloc(&arena, registry.n + 1);
	if (!found)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "kill switch");
	for (size_t i = 0; i < registry.n; i++)
		found[i] = (unsigned char)tell_one(t, &registry.v[i]);
	for (size_t i = 0; i < registry.n; i++) {
		r = found[i] == NOBODY ? 0 : await_one(t, &registry.v[i], found[i] == NEW, err);
		if (r < 0)
			return -1;
		n += r > 0 && found[i] == NEW;
	}
	return n;
}

/* Until a round finds nobody: who was being made when the first one looked refuses to go on, or is found now. */
static int throw_it(struct throw *t, struct bw_err *err)
{
	int64_t begin = now_ms();
	int n = 1;

	for (int i = 0; n > 0 && i < MAX_ROUNDS && now_ms() - begin < MAX_MS; i++) {
		n = go_round(t, err);
		if (n < 0)
			return -1;
		t->done += (size_t)n;
		t->took_ms = now_ms() - begin;
	}
	return n == 0 ? 0 : bw_fail(err, BW_E_HOST, 0, "containers still come into being after %d s", MAX_MS / 1000);
}

/* --- what is said --- */

static void write_failures(const struct throw *t, struct bw_json_writer *w)
{
	bw_json_key(w, "failed");
	bw_json_begin_array(w);
	for (size_t i = 0; i < t->failures.n; i++) {
		if (!t->failures.v[i].why)
			continue;
		bw_json_begin_object(w);
		bw_json_key(w, "root");
		bw_json_string(w, t->failures.v[i].root);
		bw_json_key(w, "id");
		bw_json_string(w, t->failures.v[i].id);
		bw_json_key(w, "why");
		bw_json_string(w, t->failures.v[i].why);
		bw_json_end_object(w);
	}
	bw_json_end_array(w);
}

static int end_json(struct bw_json_writer *w, char **ret, struct bw_err *err)
{
	int r = bw_json_writer_end(w, ret, NULL, err);

	bw_json_writer_free(w);
	return r;
}

static int say_json(const struct throw *t, char **ret, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(true);

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "kill switch");
	bw_json_begin_object(w);
	if (t->options->tenant) {
		bw_json_key(w, "tenant");
		bw_json_string(w, t->options->tenant);
	}
	bw_json_key(w, "mode");
	bw_json_string(w, t->options->quarantine ? "quarantine" : "kill");
	bw_json_key(w, "containers");
	bw_json_int(w, (int64_t)t->done);
	bw_json_key(w, "milliseconds");
	bw_json_int(w, t->took_ms);
	write_failures(t, w);
	bw_json_end_object(w);
	return end_json(w, ret, err);
}

static const char *who(const char *tenant, char buf[80])
{
	snprintf(buf, 80, tenant ? "tenant %.63s" : "every tenant", tenant);
	return buf;
}

static char *room_for_text(struct bw_buf *ret)
{
	char *room = malloc(TEXT_ROOM);

	if (room)
		*ret = bw_buf_over(room, TEXT_ROOM);
	return room;
}

static int say_text(const struct throw *t, char **ret, struct bw_err *err)
{
	char name[80];
	struct bw_buf buf;
	char *text = room_for_text(&buf);

	if (!text)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "kill switch");
	bw_buf_addf(&buf, "%s is stopped: %zu container(s) %s in %lld.%03lld s\n", who(t->options->tenant, name),
		t->done, t->options->quarantine ? "quarantined" : "killed", (long long)t->took_ms / 1000,
		(long long)t->took_ms % 1000);
	for (size_t i = 0; i < t->failures.n; i++)
		if (t->failures.v[i].why)
			bw_buf_addf(&buf, "failed: %s of %s: %s\n", t->failures.v[i].id, t->failures.v[i].root,
				t->failures.v[i].why);
	*ret = text;
	return 0;
}

static int list_json(const struct bw_stopped_list *list, char **ret, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(true);

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "kill switch");
	bw_json_begin_array(w);
	for (size_t i = 0; i < list->n; i++) {
		const struct {
			const char *key, *value;
		} members[] = {{"tenant", list->v[i].tenant}, {"since", list->v[i].since}, {"mode", list->v[i].mode},
			{"reason", list->v[i].reason}};

		bw_json_begin_object(w);
		for (size_t k = 0; k < BW_COUNT(members); k++) {
			if (!members[k].value)
				continue;
			bw_json_key(w, members[k].key);
			bw_json_string(w, members[k].value);
		}
		bw_json_end_object(w);
	}
	bw_json_end_array(w);
	return end_json(w, ret, err);
}

static int list_text(const struct bw_stopped_list *list, char **ret, struct bw_err *err)
{
	char name[80];
	struct bw_buf buf;
	char *text = room_for_text(&buf);

	if (!text)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "kill switch");
	for (size_t i = 0; i < list->n; i++)
		bw_buf_addf(&buf, "%s is stopped%s%s (%s)%s%s\n", who(list->v[i].tenant, name),
			list->v[i].since ? " since " : "", list->v[i].since ? list->v[i].since : "",
			list->v[i].mode ? list->v[i].mode : "kill", list->v[i].reason ? ": " : "",
			list->v[i].reason ? list->v[i].reason : "");
	if (!list->n)
		bw_buf_add(&buf, "nobody is stopped\n");
	*ret = text;
	return 0;
}

/* After the fact: nothing must keep a switch from being thrown. t: NULL where it was lifted. */
static void note_thrown(const struct bw_context *ctx, const struct bw_kill_switch_options *options, const struct throw *t)
{
	char done[24] = "", failed[24] = "";
	const struct bw_audit_more more[] = {{"mode", mode_of(options)}, {"all", options->all ? "true" : NULL},
		{"containers", t ? done : NULL}, {"failed", t && count_failures(t) ? failed : NULL}};
	const struct bw_audit_record record = {.event = BW_AUDIT_KILL_SWITCH, .tenant = options->tenant,
		.reason = options->reason, .more = more, .more_n = BW_COUNT(more)};

	if (t) {
		snprintf(done, sizeof done, "%zu", t->done);
		snprintf(failed, sizeof failed, "%zu", count_failures(t));
	}
	bw_note_host(ctx->policy_path, &record);
}

static int list(bool json, char **ret, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_stopped_list stopped;

	if (bw_stopped_read(&arena, &stopped, err) < 0)
		return -1;
	return json ? list_json(&stopped, ret, err) : list_text(&stopped, ret, err);
}

static int lift(const struct bw_context *ctx, const struct bw_kill_switch_options *options, char **ret, struct bw_err *err)
{
	const char *tenant = options->all ? NULL : options->tenant;
	int r = bw_stopped_lift(tenant, err);
	char name[80];

	if (r < 0)
		return -1;
	note_thrown(ctx, options, NULL);
	if (options->json)
		return list(true, ret, err);
	if (asprintf(ret, "%s %s\n", who(tenant, name), r ? "may start containers again" : "was not stopped") < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "kill switch");
	return 0;
}

/* --- */

/* What cannot be written down is thrown all the same: those who run are what it is about. */
static int say_unwritten(const struct throw *t, const struct bw_err *unwritten, struct bw_err *err)
{
	if (err)
		*err = *unwritten;
	bw_wrap(err, "%zu container(s) %s, %zu failed, but nothing keeps new ones from starting", t->done,
		t->options->quarantine ? "quarantined" : "killed", count_failures(t));
	return -1;
}

static int say(const struct throw *t, char **ret, struct bw_err *err)
{
	return t->options->json ? say_json(t, ret, err) : say_text(t, ret, err);
}

static int check_options(const struct bw_kill_switch_options *options, struct bw_err *err)
{
	bool named = options->tenant || options->all;

	if (options->tenant && options->all)
		return bw_fail(err, BW_E_USAGE, 0, "--tenant and --all exclude each other");
	if (!named && (options->lift || options->quarantine || options->reason)) {
		bw_fail(err, BW_E_USAGE, 0, "whose containers: --tenant NAME or --all");
		return bw_hint(err, "bulwark kill-switch alone shows who is stopped");
	}
	if (options->lift && (options->quarantine || options->reason))
		return bw_fail(err, BW_E_USAGE, 0, "--lift takes neither --quarantine nor --reason");
	if (options->tenant && !bw_is_plain_name(options->tenant))
		return bw_fail(err, BW_E_USAGE, 0, "\"%.64s\" is not the name of a tenant", options->tenant);
	if (options->reason && strlen(options->reason) > BW_STOPPED_REASON_MAX)
		return bw_fail(err, BW_E_USAGE, 0, "--reason: at most %d bytes", BW_STOPPED_REASON_MAX);
	if (named && geteuid() != 0)
		return bw_fail(err, BW_E_USAGE, 0, "the kill switch is root's");
	return 0;
}

int bw_kill_switch(const struct bw_context *ctx, const struct bw_kill_switch_options *options, char **ret_text,
	int *ret_verdict, struct bw_err *err)
{
	struct throw t = {.options = options, .arena = BW_ARENA_INIT};
	struct bw_err unwritten = {0};
	bool written;
	int r;

	*ret_verdict = 0;
	if (check_options(options, err) < 0)
		return -1;
	if (!options->tenant && !options->all)
		return list(options->json, ret_text, err);
	if (options->lift)
		return lift(ctx, options, ret_text, err);
	written = bw_stopped_write(
			  options->all ? NULL : options->tenant, options->reason, options->quarantine, &unwritten) == 0;
	r = throw_it(&t, err);
	note_thrown(ctx, options, &t);
	if (r == 0)
		r = written ? say(&t, ret_text, err) : say_unwritten(&t, &unwritten, err);
	*ret_verdict = count_failures(&t) > 0;
	bw_arena_done(&t.arena);
	return r;
}
