/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_systemd.c - asking systemd, by bulwark-systemd. What the unit's cgroup then is, is a directory like any other:
 * all the rest is done there. */
#include "control/cgroup_unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "control/helper.h"

static const char helper[] = BW_LIBEXECDIR "/bulwark-systemd";

/* Exit codes of the helper. */
enum { EXISTS = 3, NOT_ASKED = 4 };

/* Where the buses are, as our caller has it; nothing else of its environment is the helper's business. */
static size_t bus_environment(struct bw_arena *arena, const char *env[4])
{
	static const char *const names[] = {"DBUS_SYSTEM_BUS_ADDRESS", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"};
	size_t n = 0;

	for (size_t i = 0; i < BW_COUNT(names); i++) {
		const char *value = getenv(names[i]);

		if (value && (env[n] = bw_arena_printf(arena, "%s=%s", names[i], value)))
			n++;
	}
	env[n] = NULL;
	return n;
}

/* A file of memory with the message, at its beginning. */
static int message_file(const struct bw_unit_properties *properties, struct bw_arena *arena, struct bw_err *err)
{
	auto_close int fd = memfd_create("bulwark-unit", MFD_CLOEXEC);
	char *bytes;
	size_t len;
	int r;

	if (bw_unit_message_write(properties, arena, &bytes, &len, err) < 0)
		return -1;
	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "memfd_create");
	r = bw_write_all(fd, bytes, len);
	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return bw_fail(err, BW_E_KERNEL, r < 0 ? -r : errno, "message for systemd");
	return take_fd(&fd);
}

/* 0, or the helper's exit code, or -1: it did not run. Then *err says why. */
static int ask(const struct bw_cgroup_set *set, const char *verb, const struct bw_unit_properties *properties,
	char *answer, size_t size, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const char *args[] = {helper, verb, set->user_unit.v ? "user" : "system", set->unit, NULL};
	auto_close int input = properties ? message_file(properties, &arena, err) : -1;
	const char *env[4];
	int code;

	if (properties && input < 0)
		return -1;
	bus_environment(&arena, env);
	code = bw_helper_run(&(struct bw_helper){.args = args, .env = env, .input = input}, answer, size, err);
	if (code < 0)
		bw_hint(err, "it is what speaks with systemd: install it, or do without --systemd-cgroup");
	else if (code > 0 && answer[0])
		bw_fail(err, BW_E_HOST, 0, "%s", answer);
	else if (code > 0)
		bw_fail(err, BW_E_HOST, 0, "%s ended with exit code %d", helper, code);
	if (code == NOT_ASKED && set->user_unit.v)
		bw_hint(err, "a user's systemd runs from login on, or after `loginctl enable-linger`; its bus is of dbus-user-session");
	return code;
}

static int add_pid(struct bw_unit_properties *properties, pid_t pid, struct bw_arena *arena, struct bw_err *err)
{
	char text[16];

	snprintf(text, sizeof text, "%d", (int)pid);
	if (bw_unit_set(arena, properties, "PIDs", "au", text) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "properties for systemd");
	return 0;
}

/* The stored set is what a delete goes by. */
static int check_place(const struct bw_cgroup_set *set, const char *cgroup, struct bw_err *err)
{
	int i = bw_cgroup_find(set, NULL);

	if (i < 0)
		i = bw_cgroup_find(set, "name=systemd");
	if (i < 0 || bw_streq(set->dirs.v[i].path, cgroup))
		return 0;
	return bw_fail(err, BW_E_HOST, 0, "systemd unit `%s` is in cgroup %s, expected %s", set->unit, cgroup,
		set->dirs.v[i].path);
}

int bw_unit_read_devices(char **ret, struct bw_err *err)
{
	enum { MAX_BYTES = 1 << 20 };

	return bw_read_file("/proc/devices", MAX_BYTES, ret, NULL, err);
}

int bw_unit_begin(struct bw_cgroup_set *set, struct bw_unit_properties *properties, pid_t pid, struct bw_arena *arena,
	struct bw_err *err)
{
	char cgroup[4096];
	int code;

	if (add_pid(properties, pid, arena, err) < 0)
		return -1;
	code = ask(set, "start", properties, cgroup, sizeof cgroup, err);
	/* Nothing of that name is ours: there is nothing to end or remove. */
	if (code < 0 || code == EXISTS || code == NOT_ASKED) {
		set->unit = NULL;
		set->dirs.n = 0;
	}
	return code ? -1 : check_place(set, cgroup, err);
}

int bw_unit_update(const struct bw_cgroup_set *set, const struct bw_spec_resources *resources, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_unit_properties properties = {0};
	char answer[512];

	if (bw_unit_limits(set, resources, &arena, &properties, err) < 0)
		return -1;
	return properties.n && ask(set, "change", &properties, answer, sizeof answer, err) ? -1 : 0;
}

int bw_unit_update_devices(const struct bw_cgroup_set *set, const struct bw_spec *spec, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_unit_properties properties = {0};
	auto_free char *devices = NULL;
	char answer[512];

	if (bw_unit_read_devices(&devices, err) < 0 ||
		bw_unit_devices(set, spec, devices, &arena, &properties, err) < 0)
		return -1;
	return ask(set, "change", &properties, answer, sizeof answer, err) ? -1 : 0;
}

int bw_unit_enter(const struct bw_cgroup_set *set, const char *path, pid_t pid, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_unit_properties properties = {0};
	char answer[512];

	if (add_pid(&properties, pid, &arena, err) < 0)
		return -1;
	if (bw_unit_set(&arena, &properties, "Subcgroup", "s", path) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "properties for systemd");
	return ask(set, "attach", &properties, answer, sizeof answer, err) ? -1 : 0;
}

int bw_unit_end(const struct bw_cgroup_set *set, struct bw_err *err)
{
	char answer[512];

	return ask(set, "stop", NULL, answer, sizeof answer, err) ? -1 : 0;
}
