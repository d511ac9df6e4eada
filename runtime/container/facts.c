/* SPDX-License-Identifier: Apache-2.0 */
/* facts.c - gathers facts. Never from environment, arguments, mounts, hostname or annotations that a container's
 * author can write: by those anybody could pass for the agent of ECS. What remains is what the engine says of itself
 * on our command line, the cgroup that it chose, docker's own files, and, from a caller that is Kubernetes' runtime,
 * the annotations that this runtime sets itself. */
#include "container/facts.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/docker_facts.h"
#include "json/text.h"

enum { DOCKER_ID_LENGTH = 64 };

/* What the engine says of itself on our command line. */
struct caller {
	const char *root, *bundle, *profile;
};

static int add(struct bw_policy_facts *facts, const char *name, const char *value, struct bw_arena *arena,
	struct bw_err *err)
{
	return bw_policy_facts_add(facts, name, value, arena, err);
}

static int out_of_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, 0, "facts for the policy: out of memory");
}

/* ---- cgroups ---- */

/* What stands between head and tail in text, if anything does and it is one word of letters, digits, '-' and '_'. */
static char *between(const char *text, const char *head, const char *tail, struct bw_arena *arena)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *rest = bw_after_prefix(text, head);
	size_t len = rest ? strspn(rest, allowed) : 0;

	return len && bw_streq(rest + len, tail) ? bw_arena_strndup(arena, rest, len) : NULL;
}

/* The pod's id is the last word of its cgroup: /kubepods/burstable/pod<uid>, or kubepods-burstable-pod<uid>.slice,
 * with '_' for '-', as systemd divides at '-'. */
static char *pod_of(const char *parent, struct bw_arena *arena)
{
	static const char *const heads[] = {"/kubepods/pod", "/kubepods/burstable/pod", "/kubepods/besteffort/pod"};
	static const char *const slices[] = {"kubepods-pod", "kubepods-burstable-pod", "kubepods-besteffort-pod"};
	const char *slash = strrchr(parent, '/');
	const char *last = slash ? slash + 1 : parent;
	char *uid = NULL;

	for (size_t i = 0; !uid && i < BW_COUNT(heads); i++) {
		uid = between(parent, heads[i], "", arena);
		if (!uid)
			uid = between(last, slices[i], ".slice", arena);
	}
	for (char *c = uid; c && *c; c++)
		if (*c == '_')
			*c = '-';
	return uid;
}

/* "/docker/<id>", or, where systemd makes the cgroup, "system.slice:docker:<id>". */
static char *parent_of(const char *path, struct bw_arena *arena)
{
	const char *slash = strrchr(path, '/'), *colon = strchr(path, ':');

	if (colon && strchr(colon + 1, ':'))
		return bw_arena_strndup(arena, path, (size_t)(colon - path));
	if (!slash)
		return NULL;
	return bw_arena_strndup(arena, path, slash == path ? 1 : (size_t)(slash - path));
}

int bw_facts_of_cgroup(const char *cgroups_path, struct bw_arena *arena, struct bw_policy_facts *facts,
	struct bw_err *err)
{
	const char *parent, *task;

	if (!cgroups_path || !*cgroups_path)
		return 0;
	parent = parent_of(cgroups_path, arena);
	if (add(facts, "cgroup.path", cgroups_path, arena, err) < 0)
		return -1;
	if (!parent)
		return 0;
	task = between(parent, "/ecs/", "", arena);
	if (!task)
		task = between(parent, "ecstasks-", ".slice", arena);
	if (add(facts, "cgroup.parent", parent, arena, err) < 0 || add(facts, "cgroup.ecsTask", task, arena, err) < 0)
		return -1;
	return add(facts, "cgroup.kubePod", pod_of(parent, arena), arena, err);
}

/* ---- Kubernetes ---- */

struct annotation_fact {
	const char *fact, *annotation;
	bool of_containers; /* set for containers alone; a pod could bring it along for its sandbox */
};

/* containerd sets these after what it passes on from the pod. */
static const struct annotation_fact containerd_facts[] = {
	{"cri.namespace", "io.kubernetes.cri.sandbox-namespace", false},
	{"cri.pod", "io.kubernetes.cri.sandbox-name", false},
	{"cri.pod-uid", "io.kubernetes.cri.sandbox-uid", false},
	{"cri.container-name", "io.kubernetes.cri.container-name", true},
	{"cri.image", "io.kubernetes.cri.image-name", true},
	{NULL, NULL, false},
};

/* CRI-O sets these last for containers, from kubelet's own labels; its sandboxes get what the pod says as well. */
static const struct annotation_fact crio_facts[] = {
	{"cri.namespace", "io.kubernetes.pod.namespace", true},
	{"cri.pod", "io.kubernetes.pod.name", true},
	{"cri.pod-uid", "io.kubernetes.pod.uid", true},
	{"cri.container-name", "io.kubernetes.container.name", true},
	{"cri.image", "io.kubernetes.cri-o.ImageName", true},
	{NULL, NULL, false},
};

/* Which caller --root says that we have. containerd's root ends in its namespace; CRI-O has no root of its own, so
 * the administrator gives it one (runtime_root) beneath /run/crio. */
static const struct {
	const char *prefix, *suffix, *type;
	const struct annotation_fact *facts;
} kubernetes[] = {
	{"/", "/k8s.io", "io.kubernetes.cri.container-type", containerd_facts},
	{"/run/crio/", "", "io.kubernetes.cri-o.ContainerType", crio_facts},
};

static int gather_kubernetes(const struct caller *caller, const struct bw_spec *spec, struct bw_arena *arena,
	struct bw_policy_facts *facts, struct bw_err *err)
{
	const char *type;
	size_t i = 0;

	while (i < BW_COUNT(kubernetes) && !(bw_after_prefix(caller->root, kubernetes[i].prefix) &&
						   bw_has_suffix(caller->root, kubernetes[i].suffix)))
		i++;
	if (i == BW_COUNT(kubernetes))
		return 0;
	type = bw_pairs_get(&spec->annotations, kubernetes[i].type);
	if (!type)
		return 0;
	if (add(facts, "cri.container-type", type, arena, err) < 0)
		return -1;
	for (const struct annotation_fact *row = kubernetes[i].facts; row->fact; row++)
		if ((!row->of_containers || bw_streq(type, "container")) &&
			add(facts, row->fact, bw_pairs_get(&spec->annotations, row->annotation), arena, err) < 0)
			return -1;
	return 0;
}

/* ---- docker ---- */

/* The last component of path, and whether the one before it is called parent. */
static const char *last_beneath(const char *path, const char *parent)
{
	const char *slash = strrchr(path, '/');
	size_t len = strlen(parent);

	if (!slash || slash - path < (ptrdiff_t)len + 1)
		return NULL;
	return slash[-(ptrdiff_t)len - 1] == '/' && strncmp(slash - len, parent, len) == 0 ? slash + 1 : NULL;
}

/* docker's containers live in containerd's namespace moby, which both --root (".../runtime-runc/moby") and the bundle
 * (".../moby/<id>") end in. */
static const char *docker_id(const struct caller *caller)
{
	const char *slash = strrchr(caller->bundle, '/');

	return bw_has_suffix(caller->root, "/moby") && slash ? slash + 1 : last_beneath(caller->bundle, "moby");
}

static bool is_docker_id(const char *id)
{
	return strlen(id) == DOCKER_ID_LENGTH && strspn(id, "0123456789abcdef") == DOCKER_ID_LENGTH;
}

static bool needs_host_config(const struct bw_policy *policy, const char *asked)
{
	static const char *const names[] = {
		"docker.networkMode", "docker.cgroupParent", "docker.runtime", "docker.privileged"};

	for (size_t i = 0; i < BW_COUNT(names); i++)
		if (bw_policy_needs(policy, asked, names[i]))
			return true;
	return false;
}

static int read_docker(const char *docker, const char *id, const struct bw_policy *policy, bool want_host,
	struct bw_arena *arena, struct bw_policy_facts *facts, struct bw_err *err)
{
	auto_close int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (!is_docker_id(docker))
		return bw_fail(err, BW_E_HOST, 0, "the bundle's name \"%.64s\" is no id of docker's", docker);
	if (id && !bw_streq(id, docker))
		return bw_fail(err, BW_E_HOST, 0, "the bundle is of container \"%.64s\", and we are to make \"%.64s\"",
			docker, id);
	return bw_docker_facts_read(top, 0, bw_policy_docker_roots(policy), docker, want_host, arena, facts, err);
}

static int gather_docker(const struct caller *caller, const char *id, const struct bw_policy *policy, bool all,
	struct bw_arena *arena, struct bw_policy_facts *facts, struct bw_err *err)
{
	const char *docker = docker_id(caller);
	struct bw_err why = {0};
	char *text;

	if (!docker)
		return 0;
	if (read_docker(docker, id, policy, all || needs_host_config(policy, caller->profile), arena, facts, &why) == 0)
		return 0;
	if (why.code == BW_E_MEMORY)
		return out_of_memory(err);
	text = bw_arena_printf(arena, "docker's metadata cannot be trusted: %s", why.text);
	if (!text)
		return out_of_memory(err);
	bw_text_make_printable(text); /* it may quote what it complains of */
	facts->unreadable = text;
	return 0;
}

/* path without slashes at its end. */
static char *trimmed(const char *path, struct bw_arena *arena)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return bw_arena_strndup(arena, path, len);
}

int bw_facts_gather(const struct bw_context *ctx, const char *bundle, const char *id, const struct bw_spec *spec,
	const struct bw_policy *policy, bool all, struct bw_arena *arena, struct bw_policy_facts *ret,
	struct bw_err *err)
{
	struct bw_policy_facts facts = {0};
	const struct caller caller = {trimmed(ctx->root, arena), trimmed(bundle, arena), ctx->profile};

	if (!all && !bw_policy_needs(policy, ctx->profile, ""))
		return 0;
	if (!caller.root || !caller.bundle)
		return out_of_memory(err);
	if (add(&facts, "caller.root", caller.root, arena, err) < 0 ||
		add(&facts, "caller.bundle", caller.bundle, arena, err) < 0 ||
		bw_facts_of_cgroup(spec->linux_ ? spec->linux_->cgroups_path : NULL, arena, &facts, err) < 0)
		return -1;
	if ((all || bw_policy_needs(policy, ctx->profile, "cri.")) &&
		gather_kubernetes(&caller, spec, arena, &facts, err) < 0)
		return -1;
	if ((all || bw_policy_needs(policy, ctx->profile, "docker.")) &&
		gather_docker(&caller, id, policy, all, arena, &facts, err) < 0)
		return -1;
	*ret = facts;
	return 0;
}
