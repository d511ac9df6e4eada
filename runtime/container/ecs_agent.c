/* SPDX-License-Identifier: Apache-2.0 */
/* ecs_agent.c - /etc/ecs/ecs.config: the variables that the ECS agent and ecs-init are started with. Names and defaults are
 * those of the agent's README; what is no boolean for it has its default, whatever people meant. */
#include "container/ecs.h"

#include <ctype.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

static const char config_file[] = "/etc/ecs/ecs.config";

/* What is wrong unless it is wanted; usual is what holds where nothing is said. */
static const struct flag {
	const char *key;
	bool wanted, usual;
	enum bw_ecs_severity severity;
	const char *why;
} flags[] = {
	{"ECS_AWSVPC_BLOCK_IMDS", true, false, BW_ECS_HIGH,
		"a task in awsvpc mode asks the metadata service for the instance's own credentials"},
	{"ECS_DISABLE_PRIVILEGED", true, false, BW_ECS_HIGH,
		"a task definition can ask for a privileged container, which is root of the host"},
	{"ECS_ENABLE_TASK_IAM_ROLE", true, true, BW_ECS_MEDIUM,
		"without roles of their own tasks use the instance's, and all have the same rights"},
	{"ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST", false, false, BW_ECS_LOW,
		"it is for tasks on the host's network, which reach everything that listens on the host"},
	{"ECS_ENABLE_TASK_CPU_MEM_LIMIT", true, true, BW_ECS_HIGH,
		"a task has no cgroup of its own then: no limits, and nothing by which cgroup.ecsTask knows it"},
	{"ECS_ENABLE_CONTAINER_METADATA", false, false, BW_ECS_LOW,
		"a file in each container names cluster, task, image and ports of the host"},
	{"ECS_ENABLE_RUNTIME_STATS", false, false, BW_ECS_MEDIUM,
		"the agent's profiler listens on its introspection port, with what is in the agent's memory"},
	{"ECS_ALLOW_OFFHOST_INTROSPECTION_ACCESS", false, false, BW_ECS_HIGH,
		"other machines and tasks can ask the agent what runs here"},
	{"ECS_SKIP_LOCALHOST_TRAFFIC_FILTER", false, false, BW_ECS_HIGH,
		"other machines reach what listens on this host's loopback, the agent's credentials endpoint included"},
	{"ECS_AGENT_RUN_PRIVILEGED", false, false, BW_ECS_MEDIUM,
		"the agent does its work with two capabilities, and needs no more for EC2"},
	{"ECS_AGENT_PID_NAMESPACE_HOST", false, false, BW_ECS_LOW, "the agent sees every process of the host"},
	{"ECS_DISABLE_IMAGE_CLEANUP", false, false, BW_ECS_LOW,
		"images that nobody uses any more fill the disk, with the holes that they have"},
};
enum { FLAGS = BW_COUNT(flags) };

/* Values that are secrets by themselves; they are never shown. */
static const struct {
	const char *key;
	enum bw_ecs_severity severity;
	const char *expected, *why;
} credentials[] = {
	{"AWS_ACCESS_KEY_ID", BW_ECS_HIGH, "the instance's role",
		"keys on a disk do not expire, and are in its snapshots"},
	{"AWS_SECRET_ACCESS_KEY", BW_ECS_HIGH, "the instance's role",
		"keys on a disk do not expire, and are in its snapshots"},
	{"AWS_SESSION_TOKEN", BW_ECS_HIGH, "the instance's role", "keys on a disk are in its snapshots"},
	{"ECS_ENGINE_AUTH_DATA", BW_ECS_MEDIUM, "repositoryCredentials of the task definition",
		"the password of a registry lies in clear text on the disk"},
};

/* The last of the lines that say something of a variable counts, as in a list of variables it does. */
struct setting {
	const char *key, *value;
	size_t line;
};
struct settings {
	struct setting *v;
	size_t n;
};

static const struct setting *find(const struct settings *settings, const char *key)
{
	for (size_t i = settings->n; i-- > 0;)
		if (bw_streq(settings->v[i].key, key))
			return &settings->v[i];
	return NULL;
}

/* As the agent reads one (strconv.ParseBool); false: it is none. */
static bool parse_flag(const char *text, bool *ret)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};

	for (size_t i = 0; i < BW_COUNT(yes); i++) {
		if (bw_streq(text, yes[i]) || bw_streq(text, no[i])) {
			*ret = bw_streq(text, yes[i]);
			return true;
		}
	}
	return false;
}

static bool is_variable(const char *text, size_t len)
{
	if (!len || isdigit((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_')
			return false;
	return true;
}

static void malformed(struct bw_ecs_look *look, size_t line, const char *key, const char *found, const char *expected)
{
	bw_ecs_find(look, &(struct bw_ecs_finding){BW_ECS_MEDIUM, config_file, line, key, found, expected,
		"what cannot be read as it was meant does not hold, and nobody says so"});
}

static void take_line(struct bw_ecs_look *look, struct settings *settings, const char *text, size_t line)
{
	size_t len = strcspn(text, "=");
	struct setting *slot;
	const char *key;

	if (!*text || *text == '#')
		return;
	if (!text[len] || !is_variable(text, len)) {
		malformed(look, line, NULL, "a line without a name", "NAME=value, or # and a remark");
		return;
	}
	key = bw_ecs_text(look, "%.*s", (int)len, text);
	if (find(settings, key))
		malformed(look, line, key, "a second value", "one line for each variable");
	slot = bw_push(look->arena, settings);
	if (slot)
		*slot = (struct setting){key, text + len + 1, line};
	else
		look->out_of_memory = true;
}

static void check_flag(struct bw_ecs_look *look, const struct settings *settings, const struct flag *flag)
{
	const struct setting *said = find(settings, flag->key);
	const char *expected = flag->wanted ? "true" : "false";
	bool value = flag->usual;

	if (said && !parse_flag(said->value, &value))
		malformed(look, said->line, flag->key, "no boolean, so the agent's default", "true or false");
	if (value == flag->wanted)
		return;
	bw_ecs_find(look, &(struct bw_ecs_finding){flag->severity, config_file, said ? said->line : 0, flag->key,
				  said ? (value ? "true" : "false")
				       : (value ? "nothing, which is true" : "nothing, which is false"),
				  expected, flag->why});
}

/* The labels that a task definition gives to a container are refused by an agent that has not been told. */
static void check_labels(struct bw_ecs_look *look, const struct settings *settings)
{
	static const char why[] = "the agent refuses the labels that task definitions give to containers";
	const struct flag selinux = {"ECS_SELINUX_CAPABLE", true, false, BW_ECS_LOW, why};
	const struct flag apparmor = {"ECS_APPARMOR_CAPABLE", true, false, BW_ECS_LOW, why};

	if (look->selinux_enforces)
		check_flag(look, settings, &selinux);
	if (look->apparmor)
		check_flag(look, settings, &apparmor);
}

static void check_pids(struct bw_ecs_look *look, const struct settings *settings)
{
	const struct setting *said = find(settings, "ECS_TASK_PIDS_LIMIT");
	uint64_t limit;

	if (said && bw_parse_u64(said->value, 4194304, &limit) == 0 && limit > 0)
		return;
	bw_ecs_find(look,
		&(struct bw_ecs_finding){BW_ECS_LOW, config_file, said ? said->line : 0, "ECS_TASK_PIDS_LIMIT",
			said ? "no number from 1 to 4194304, so no limit" : "nothing, which is no limit", "a number",
			"a task that forks without end takes the pids of all; limits.pids of the policy counts for "
			"each container alone"});
}

static void check_credentials(struct bw_ecs_look *look, const struct settings *settings)
{
	for (size_t i = 0; i < BW_COUNT(credentials); i++) {
		const struct setting *said = find(settings, credentials[i].key);

		if (said && *said->value)
			bw_ecs_find(look, &(struct bw_ecs_finding){credentials[i].severity, config_file, said->line,
						  credentials[i].key, "a value, which is not shown",
						  credentials[i].expected, credentials[i].why});
	}
}

/* The one way for a task to another runtime than dockerd's default. */
static void check_runtime(struct bw_ecs_look *look, const struct settings *settings)
{
	const struct setting *gpu = find(settings, "ECS_ENABLE_GPU_SUPPORT"), *said = find(settings, "ECS_NVIDIA_RUNTIME");
	bool value = false;

	if (!gpu || !parse_flag(gpu->value, &value) || !value || (said && bw_streq(said->value, "bulwark")))
		return;
	bw_ecs_find(look, &(struct bw_ecs_finding){BW_ECS_MEDIUM, config_file, said ? said->line : gpu->line,
				  "ECS_NVIDIA_RUNTIME",
				  said ? bw_ecs_text(look, "%.64s", said->value) : "nothing, which is nvidia",
				  "bulwark, or bulwark first in \"runtimes\" of nvidia-container-runtime's own file",
				  "tasks with a GPU get this runtime, and no policy"});
}

static void check_docker_host(struct bw_ecs_look *look, const struct settings *settings)
{
	const struct setting *said = find(settings, "DOCKER_HOST");

	if (said && !bw_after_prefix(said->value, "unix://"))
		bw_ecs_find(look, &(struct bw_ecs_finding){BW_ECS_HIGH, config_file, said->line, "DOCKER_HOST",
					  "no Unix socket", "unix:///var/run/docker.sock",
					  "who reaches dockerd over the network is root of this host"});
}

void bw_ecs_agent(struct bw_ecs_look *look)
{
	struct settings settings = {0};
	const char *text, *line;
	size_t len;

	if (!bw_ecs_read(look, config_file, &text, &len))
		text = "";
	for (size_t n = 1; (line = bw_ecs_line(look, &text)); n++)
		take_line(look, &settings, line, n);
	for (size_t i = 0; i < FLAGS; i++)
		check_flag(look, &settings, &flags[i]);
	check_labels(look, &settings);
	check_pids(look, &settings);
	check_credentials(look, &settings);
	check_runtime(look, &settings);
	check_docker_host(look, &settings);
}
