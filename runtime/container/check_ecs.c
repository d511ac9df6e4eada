/* SPDX-License-Identifier: Apache-2.0 */
/* check_ecs.c - `check ecs`: insecure settings of an ECS host, by its files: those of the agent and of dockerd (ecs_agent.c,
 * ecs_docker.c), bulwark's policy, and the stored rules of the packet filter. */
#include "container/bulwark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "container/ecs.h"
#include "json/text.h"
#include "policy/policy.h"

enum { FILE_MAX_BYTES = 1 << 20 };

static const char policy_file[] = BW_SYSCONFDIR "/policy.json";

/* ---- what the readers have in common ---- */

void bw_ecs_find(struct bw_ecs_look *look, const struct bw_ecs_finding *finding)
{
	struct bw_ecs_finding *slot = bw_push(look->arena, &look->findings);

	if (slot)
		*slot = *finding;
	else
		look->out_of_memory = true;
}

const char *bw_ecs_text(struct bw_ecs_look *look, const char *fmt, ...)
{
	char text[512];
	char *copy;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	bw_text_make_printable(text);
	copy = bw_arena_strdup(look->arena, text);
	look->out_of_memory = look->out_of_memory || !copy;
	return copy ? copy : "";
}

static int unreadable(struct bw_ecs_look *look, const char *file, const char *found)
{
	bw_ecs_find(
		look, &(struct bw_ecs_finding){BW_ECS_HIGH, file, 0, NULL, found,
			      "a regular file of at most 1 MiB that can be read", "nobody has looked at what it says"});
	return 0;
}

int bw_ecs_read(struct bw_ecs_look *look, const char *file, const char **ret, size_t *ret_len)
{
	int opened = bw_open_in(look->root, file, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	auto_close int fd = opened;
	auto_free char *text = NULL;
	struct bw_err ignored = {0};
	struct stat st;
	char *copy;

	if (opened == -ENOENT || opened == -ENOTDIR)
		return 0;
	if (opened < 0)
		return unreadable(look, file, bw_ecs_text(look, "a file that cannot be opened: %s", strerror(-opened)));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return unreadable(look, file, "no regular file");
	if (bw_read_fd(fd, file, FILE_MAX_BYTES, &text, ret_len, &ignored) < 0)
		return unreadable(look, file, "a file that cannot be read, or is larger");
	copy = strlen(text) == *ret_len ? bw_arena_strndup(look->arena, text, *ret_len) : NULL;
	if (!copy)
		return unreadable(look, file, "a file with zero bytes in it");
	*ret = copy;
	return 1;
}

const char *bw_ecs_line(struct bw_ecs_look *look, const char **at)
{
	size_t len = strcspn(*at, "\n"), begin = 0, end = len;
	char *line;

	if (!**at)
		return NULL;
	while (begin < end && strchr(" \t\r", (*at)[begin]))
		begin++;
	while (end > begin && strchr(" \t\r", (*at)[end - 1]))
		end--;
	line = bw_arena_strndup(look->arena, *at + begin, end - begin);
	*at += len + ((*at)[len] == '\n');
	look->out_of_memory = look->out_of_memory || !line;
	return line;
}

/* ---- the host ---- */

static void look_at_lsm(struct bw_ecs_look *look)
{
	auto_close int profiles = bw_open_in(look->root, "/etc/apparmor.d", O_PATH | O_DIRECTORY, 0);
	const char *text, *line;
	size_t len;

	look->apparmor = profiles >= 0;
	if (!bw_ecs_read(look, "/etc/selinux/config", &text, &len))
		return;
	while ((line = bw_ecs_line(look, &text)))
		if (bw_after_prefix(line, "SELINUX="))
			look->selinux_enforces = bw_streq(line, "SELINUX=enforcing");
	if (!look->selinux_enforces)
		bw_ecs_find(look, &(struct bw_ecs_finding){BW_ECS_LOW, "/etc/selinux/config", 0, "SELINUX",
					  "not enforcing", "enforcing", "a layer that this host has does nothing"});
}

/* No rule for some senders or protocols alone, and none for all but this destination. */
static bool keeps_metadata(const char *line)
{
	static const char *const less[] = {" ! ", " -s ", " -p ", " -m "};

	for (size_t i = 0; i < BW_COUNT(less); i++)
		if (strstr(line, less[i]))
			return false;
	return bw_after_prefix(line, "-A DOCKER-USER ") && strstr(line, " -d 169.254.169.254") &&
	       (strstr(line, " -j DROP") || strstr(line, " -j REJECT"));
}

/* What follows in the chain is never come to. */
static bool ends_chain(const char *line)
{
	return bw_streq(line, "-A DOCKER-USER -j RETURN") || bw_streq(line, "-A DOCKER-USER -j ACCEPT");
}

/* bulwark keeps each container from the metadata service; this keeps those that no policy reaches. */
static void look_at_filter(struct bw_ecs_look *look)
{
	static const char *const files[] = {"/etc/sysconfig/iptables", "/etc/iptables/rules.v4", "/etc/iptables.rules"};
	static const char expected[] = "-A DOCKER-USER -d 169.254.169.254/32 -j DROP";
	static const char why[] = "a container on a bridge that no policy holds gets the instance's credentials from "
				  "the metadata service";
	const char *seen = NULL, *text, *line;
	size_t len;

	for (size_t i = 0; i < BW_COUNT(files); i++) {
		if (!bw_ecs_read(look, files[i], &text, &len))
			continue;
		seen = files[i];
		while ((line = bw_ecs_line(look, &text)) && !ends_chain(line))
			if (keeps_metadata(line))
				return;
	}
	bw_ecs_find(look, &(struct bw_ecs_finding){seen ? BW_ECS_LOW : BW_ECS_NOTE, seen ? seen : files[0], 0, "DOCKER-USER",
		seen ? "no such rule" : "no stored rules: what is in force cannot be seen in a file", expected, why});
}

static void note_what_is_not_in_files(struct bw_ecs_look *look)
{
	bw_ecs_find(look, &(struct bw_ecs_finding){BW_ECS_NOTE, "the instance's metadata options", 0,
				  "HttpTokens, HttpPutResponseHopLimit", "not visible here", "required, 1",
				  "ask aws ec2 describe-instances; with more hops a container on a bridge reaches the "
				  "metadata service"});
}

/* ---- bulwark's policy ---- */

static void about_policy(struct bw_ecs_look *look, enum bw_ecs_severity severity, const char *key, const char *found,
	const char *expected, const char *why)
{
	bw_ecs_find(look, &(struct bw_ecs_finding){severity, policy_file, 0, key, found, expected, why});
}

static void look_at_default(struct bw_ecs_look *look, const struct bw_policy *policy)
{
	const struct bw_policy_facts no_facts = {0};
	const struct bw_pairs no_annotations = {0};
	const struct bw_profile *profile;
	struct bw_err err = {0};
	const char *reason, *name;

	if (bw_policy_choose(policy, NULL, &no_facts, &no_annotations, look->arena, &profile, &reason, &err) < 0) {
		about_policy(look, BW_ECS_HIGH, "default", err.text, "a profile", "no container starts");
		return;
	}
	name = bw_ecs_text(look, "profile %s, which does not", bw_profile_name(profile));
	if (!bw_profile_enforces(profile))
		about_policy(look, BW_ECS_HIGH, "default",
			bw_ecs_text(look, "profile %s in mode audit", bw_profile_name(profile)), "mode enforce",
			"what it refuses is recorded, and starts");
	if (!bw_profile_refuses_host_network(profile))
		about_policy(look, BW_ECS_HIGH, "default", name, "a profile that refuses network.host",
			"the agent has no switch against networkMode host, with which a task is on the host's network");
	if (!bw_profile_blocks_metadata(profile))
		about_policy(look, BW_ECS_HIGH, "default", name, "a profile that blocks network.metadata",
			"a task gets the instance's credentials from the metadata service");
}

static void look_at_policy(struct bw_ecs_look *look, bool installed)
{
	const struct bw_policy *policy;
	struct bw_notes notes = {0};
	struct bw_err err = {0};
	const char *text;
	size_t len;
	int r;

	if (!bw_ecs_read(look, policy_file, &text, &len)) {
		about_policy(look, BW_ECS_HIGH, NULL, "no policy", "a policy with a rule for the agent",
			"as built in, the agent is held as a task is, and does not run");
		return;
	}
	/* The owner counts where bulwark would look for it. */
	r = installed ? bw_policy_load(policy_file, look->arena, &policy, &err)
		      : bw_policy_parse(text, len, "policy.json", look->arena, &policy, &err);
	if (r < 0 || bw_policy_lint(policy, look->arena, &notes, &err) < 0) {
		about_policy(look, BW_ECS_HIGH, NULL, bw_ecs_text(look, "%s", err.text), "a policy that can be read",
			"no container starts");
		return;
	}
	for (size_t i = 0; i < notes.n; i++)
		about_policy(look, BW_ECS_MEDIUM, notes.v[i].pointer, bw_ecs_text(look, "%s", notes.v[i].text),
			"nothing that bulwark policy lint warns of", "a rule that does not mean what it says holds nobody");
	if (!bw_policy_has_rule_for(policy, "docker.name", "/ecs-agent"))
		about_policy(look, BW_ECS_MEDIUM, "rules", "no rule for docker.name /ecs-agent", "one, with docker.image",
			"under the default profile the agent does not run, and under a looser default nobody is held");
	look_at_default(look, policy);
}

/* ---- the report ---- */

static const char *const severity_words[] = {
	[BW_ECS_NOTE] = "note", [BW_ECS_LOW] = "low", [BW_ECS_MEDIUM] = "medium", [BW_ECS_HIGH] = "high"};

static size_t count(const struct bw_ecs_look *look, enum bw_ecs_severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < look->findings.n; i++)
		n += look->findings.v[i].severity == severity;
	return n;
}

static void put_text(const struct bw_ecs_look *look, enum bw_ecs_severity severity, FILE *out)
{
	for (size_t i = 0; i < look->findings.n; i++) {
		const struct bw_ecs_finding *f = &look->findings.v[i];
		char line[24] = "";

		if (f->severity != severity)
			continue;
		if (f->line)
			snprintf(line, sizeof line, ":%zu", f->line);
		fprintf(out, "%-7s %s%s%s%s\n", severity_words[severity], f->file, line, f->key ? ": " : "",
			f->key ? f->key : "");
		fprintf(out, "        found     %s\n        expected  %s\n        because   %s\n", f->found,
			f->expected, f->why);
	}
}

static int write_text(const struct bw_ecs_look *look, char **ret, struct bw_err *err)
{
	size_t size;
	FILE *out = open_memstream(ret, &size);

	if (!out)
		return bw_fail(err, BW_E_MEMORY, errno, "check");
	for (int severity = BW_ECS_HIGH; severity >= BW_ECS_NOTE; severity--)
		put_text(look, (enum bw_ecs_severity)severity, out);
	fprintf(out, "%zu high, %zu medium, %zu low; %zu not visible here\n", count(look, BW_ECS_HIGH),
		count(look, BW_ECS_MEDIUM), count(look, BW_ECS_LOW), count(look, BW_ECS_NOTE));
	return fclose(out) == 0 ? 0 : bw_fail(err, BW_E_MEMORY, errno, "check");
}

static void put_member(struct bw_json_writer *w, const char *key, const char *value)
{
	bw_json_key(w, key);
	if (value)
		bw_json_string(w, value);
	else
		bw_json_null(w);
}

static void put_finding(struct bw_json_writer *w, const struct bw_ecs_finding *f)
{
	bw_json_begin_object(w);
	put_member(w, "severity", severity_words[f->severity]);
	put_member(w, "file", f->file);
	bw_json_key(w, "line");
	if (f->line)
		bw_json_uint(w, f->line);
	else
		bw_json_null(w);
	put_member(w, "key", f->key);
	put_member(w, "found", f->found);
	put_member(w, "expected", f->expected);
	put_member(w, "why", f->why);
	bw_json_end_object(w);
}

static int write_json(const struct bw_ecs_look *look, char **ret, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	int r;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "check");
	bw_json_begin_object(w);
	bw_json_key(w, "findings");
	bw_json_begin_array(w);
	for (int severity = BW_ECS_HIGH; severity >= BW_ECS_NOTE; severity--)
		for (size_t i = 0; i < look->findings.n; i++)
			if ((int)look->findings.v[i].severity == severity)
				put_finding(w, &look->findings.v[i]);
	bw_json_end_array(w);
	bw_json_end_object(w);
	r = bw_json_writer_end(w, ret, NULL, err);
	bw_json_writer_free(w);
	return r;
}

int bw_check_ecs(const char *host_root, bool json, char **ret_text, int *ret_verdict, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_close int root = open(host_root ? host_root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct bw_ecs_look look = {.arena = &arena, .root = root};

	if (root < 0)
		return bw_fail(err, BW_E_USAGE, errno, "--host-root: opening %s", host_root);
	look_at_lsm(&look);
	bw_ecs_agent(&look);
	bw_ecs_docker(&look);
	look_at_policy(&look, !host_root);
	look_at_filter(&look);
	note_what_is_not_in_files(&look);
	if (look.out_of_memory)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "check");
	*ret_verdict = look.findings.n > count(&look, BW_ECS_NOTE);
	return json ? write_json(&look, ret_text, err) : write_text(&look, ret_text, err);
}
