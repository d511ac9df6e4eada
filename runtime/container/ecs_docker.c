/* SPDX-License-Identifier: Apache-2.0 */
/* ecs_docker.c - dockerd's settings on an ECS host: /etc/docker/daemon.json, and what units and their drop-ins put on its
 * command line. */
#include "container/ecs.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"

static const char daemon_file[] = "/etc/docker/daemon.json";

struct docker {
	struct bw_ecs_look *look;
	const struct bw_json *json; /* NULL: there is nothing in it */
};

static void find(const struct docker *docker, enum bw_ecs_severity severity, const char *key, const char *found,
	const char *expected, const char *why)
{
	bw_ecs_find(docker->look, &(struct bw_ecs_finding){severity, daemon_file, 0, key, found, expected, why});
}

/* The member of this type; another type is a finding, and NULL. */
static const struct bw_json *member(const struct docker *docker, const char *key, enum bw_json_type type)
{
	const struct bw_json *value = docker->json ? bw_json_get(docker->json, key) : NULL;
	bool flag = type == BW_JSON_TRUE && value && value->type == BW_JSON_FALSE;

	if (!value || value->type == type || flag)
		return value;
	find(docker, BW_ECS_MEDIUM, key, bw_json_type_words(value->type), bw_json_type_words(type),
		"dockerd does not start with it");
	return NULL;
}

static const char *text_of(const struct docker *docker, const char *key)
{
	const struct bw_json *value = member(docker, key, BW_JSON_STRING);

	return value ? value->text : NULL;
}

/* ---- the runtime ---- */

static const char *shown(const struct docker *docker, const char *text)
{
	return text ? bw_ecs_text(docker->look, "\"%.100s\"", text) : "nothing";
}

static bool is_ours(const struct bw_json *runtime)
{
	const struct bw_json *path = bw_json_get(runtime, "path"), *type = bw_json_get(runtime, "runtimeType");
	const char *slash = path && path->type == BW_JSON_STRING ? strrchr(path->text, '/') : NULL;

	return (slash && path->text[0] == '/' && bw_streq(slash + 1, "bulwark")) ||
	       (type && type->type == BW_JSON_STRING && bw_streq(type->text, "io.containerd.bulwark.v2"));
}

static void check_runtime(const struct docker *docker)
{
	static const char why[] = "ECS names no runtime for a task: only the default one keeps tasks to the policy";
	const char *name = text_of(docker, "default-runtime");
	const struct bw_json *runtimes = member(docker, "runtimes", BW_JSON_OBJECT);
	const struct bw_json *runtime = name && runtimes ? bw_json_get(runtimes, name) : NULL;

	if (!name)
		find(docker, BW_ECS_HIGH, "default-runtime", "nothing, which is runc",
			"the name that bulwark has in \"runtimes\"", why);
	else if (!runtime || runtime->type != BW_JSON_OBJECT)
		find(docker, BW_ECS_HIGH, "default-runtime", shown(docker, name),
			"the name that bulwark has in \"runtimes\"", why);
	else if (!is_ours(runtime))
		find(docker, BW_ECS_HIGH, bw_ecs_text(docker->look, "runtimes.%.64s.path", name), "another program",
			"the absolute path of bulwark", why);
}

/* ---- the rest ---- */

static const struct {
	const char *key;
	bool wanted, usual;
	enum bw_ecs_severity severity;
	const char *why;
} flags[] = {
	{"no-new-privileges", true, false, BW_ECS_MEDIUM,
		"without it set-user-id programs give rights in containers whose profile does not forbid that"},
	{"icc", false, true, BW_ECS_MEDIUM,
		"containers on the default bridge reach one another, those of other tasks included"},
	{"live-restore", true, false, BW_ECS_LOW, "a restart of dockerd, for an update say, ends every task"},
	{"tlsverify", true, true, BW_ECS_HIGH, "dockerd does not ask who calls over the network"},
};

static void check_flags(const struct docker *docker)
{
	for (size_t i = 0; i < BW_COUNT(flags); i++) {
		const struct bw_json *said = member(docker, flags[i].key, BW_JSON_TRUE);
		bool value = said ? said->type == BW_JSON_TRUE : flags[i].usual;

		if (value == flags[i].wanted)
			continue;
		find(docker, flags[i].severity, flags[i].key,
			said ? (value ? "true" : "false") : (value ? "nothing, which is true" : "nothing, which is false"),
			flags[i].wanted ? "true" : "false", flags[i].why);
	}
}

static void check_hosts(const struct docker *docker)
{
	const struct bw_json *hosts = member(docker, "hosts", BW_JSON_ARRAY);
	const struct bw_json *registries = member(docker, "insecure-registries", BW_JSON_ARRAY);

	for (const struct bw_json *host = hosts ? hosts->child : NULL; host; host = host->next)
		if (host->type == BW_JSON_STRING && bw_after_prefix(host->text, "tcp://"))
			find(docker, BW_ECS_HIGH, "hosts", shown(docker, host->text), "Unix sockets",
				"who reaches dockerd over the network is root of this host");
	if (registries && registries->child)
		find(docker, BW_ECS_MEDIUM, "insecure-registries", "a list", "nothing",
			"whoever is on the way to such a registry chooses what runs here");
}

/* Of the drivers that write to the host's disk, json-file does so without an end. */
static void check_logs(const struct docker *docker)
{
	const char *driver = text_of(docker, "log-driver");
	const struct bw_json *options = member(docker, "log-opts", BW_JSON_OBJECT);

	if ((driver && !bw_streq(driver, "json-file")) || (options && bw_json_get(options, "max-size")))
		return;
	find(docker, BW_ECS_MEDIUM, "log-opts.max-size",
		driver ? "json-file without it" : "nothing, and log-driver is json-file", "a size, or log-driver awslogs",
		"a container that writes without end fills the host's disk");
}

static void check_isolation(const struct docker *docker)
{
	const char *seccomp = text_of(docker, "seccomp-profile");
	const struct bw_json *selinux = member(docker, "selinux-enabled", BW_JSON_TRUE);

	if (seccomp && bw_streq(seccomp, "unconfined"))
		find(docker, BW_ECS_HIGH, "seccomp-profile", "\"unconfined\"", "nothing, or a filter",
			"containers that the policy leaves as they were asked for have no filter of system calls");
	if (docker->look->selinux_enforces && !(selinux && selinux->type == BW_JSON_TRUE))
		find(docker, BW_ECS_MEDIUM, "selinux-enabled", "not true", "true",
			"SELinux enforces on this host, and dockerd gives containers no label");
	if (!text_of(docker, "userns-remap"))
		find(docker, BW_ECS_LOW, "userns-remap", "nothing", "\"default\", or user.root userns in bulwark's policy",
			"root of a container that the policy lets be root is root of the host");
}

static void check_daemon(struct bw_ecs_look *look)
{
	struct docker docker = {.look = look};
	struct bw_json *tree = NULL;
	struct bw_err err = {0};
	const char *text;
	size_t len;

	if (bw_ecs_read(look, daemon_file, &text, &len)) {
		if (bw_json_parse(text, len, "daemon.json", look->arena, &tree, &err) < 0 || tree->type != BW_JSON_OBJECT)
			bw_ecs_find(look, &(struct bw_ecs_finding){BW_ECS_HIGH, daemon_file, 0, NULL,
				bw_ecs_text(look, "%s", err.code ? err.text : "no object"), "a JSON object",
				"dockerd does not start with it"});
		else
			docker.json = tree;
	}
	check_runtime(&docker);
	check_flags(&docker);
	check_hosts(&docker);
	check_logs(&docker);
	check_isolation(&docker);
}

/* ---- command lines ---- */

/* Words on dockerd's command line; what the file says beside them, dockerd would refuse or not hear. */
static const struct {
	const char *word, *but; /* but: a word behind it with which it is right, or NULL */
	enum bw_ecs_severity severity;
	const char *found, *expected, *why;
} words[] = {
	{"tcp://", NULL, BW_ECS_HIGH, "tcp://", "Unix sockets", "who reaches dockerd over the network is root of this host"},
	{"--default-runtime", "bulwark", BW_ECS_HIGH, "--default-runtime", "default-runtime in /etc/docker/daemon.json",
		"ECS names no runtime for a task: only the default one keeps tasks to the policy"},
	{"--insecure-registry", NULL, BW_ECS_MEDIUM, "--insecure-registry", "nothing",
		"whoever is on the way to such a registry chooses what runs here"},
	{"--seccomp-profile=unconfined", NULL, BW_ECS_HIGH, "--seccomp-profile=unconfined", "nothing, or a filter",
		"containers that the policy leaves as they were asked for have no filter of system calls"},
	{"--icc=true", NULL, BW_ECS_MEDIUM, "--icc=true", "--icc=false",
		"containers on the default bridge reach one another, those of other tasks included"},
};

static void check_command_line(struct bw_ecs_look *look, const char *file)
{
	const char *text, *line;
	size_t len;

	if (!bw_ecs_read(look, file, &text, &len))
		return;
	for (size_t n = 1; (line = bw_ecs_line(look, &text)); n++) {
		for (size_t i = 0; *line != '#' && *line != ';' && i < BW_COUNT(words); i++) {
			const char *there = strstr(line, words[i].word);

			if (there && !(words[i].but && strstr(there, words[i].but)))
				bw_ecs_find(look, &(struct bw_ecs_finding){words[i].severity, file, n, NULL, words[i].found,
					words[i].expected, words[i].why});
		}
	}
}

/* Settings that are not in the agent's file are not looked at one by one: where they are said twice, few know which holds. */
static void check_agents_drop_in(struct bw_ecs_look *look, const char *file)
{
	const char *text, *line;
	size_t len;

	if (!bw_ecs_read(look, file, &text, &len))
		return;
	for (size_t n = 1; (line = bw_ecs_line(look, &text)); n++)
		if (bw_after_prefix(line, "Environment") && strstr(line, "ECS_"))
			bw_ecs_find(look, &(struct bw_ecs_finding){BW_ECS_LOW, file, n, NULL, "settings of the agent",
						  "all of them in /etc/ecs/ecs.config",
						  "this check, and most people, look for them there alone"});
}

static int is_drop_in(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && bw_has_suffix(entry->d_name, ".conf");
}

static void each_drop_in(struct bw_ecs_look *look, const char *directory,
	void (*check)(struct bw_ecs_look *look, const char *file))
{
	auto_close int dir = bw_open_in(look->root, directory, O_RDONLY | O_DIRECTORY, 0);
	struct dirent **names = NULL;
	int n = dir < 0 ? 0 : scandirat(dir, ".", &names, is_drop_in, alphasort);

	for (int i = 0; i < n; i++) {
		check(look, bw_ecs_text(look, "%s/%s", directory, names[i]->d_name));
		free(names[i]);
	}
	free(names);
}

void bw_ecs_docker(struct bw_ecs_look *look)
{
	static const char *const lines[] = {"/usr/lib/systemd/system/docker.service", "/etc/systemd/system/docker.service",
		"/etc/sysconfig/docker", "/etc/default/docker"};
	static const char *const drop_ins[] = {
		"/usr/lib/systemd/system/docker.service.d", "/etc/systemd/system/docker.service.d"};

	check_daemon(look);
	for (size_t i = 0; i < BW_COUNT(lines); i++)
		check_command_line(look, lines[i]);
	for (size_t i = 0; i < BW_COUNT(drop_ins); i++)
		each_drop_in(look, drop_ins[i], check_command_line);
	each_drop_in(look, "/etc/systemd/system/ecs.service.d", check_agents_drop_in);
}
