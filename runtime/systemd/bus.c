/* SPDX-License-Identifier: Apache-2.0 */
/* bus.c - connection, errors, jobs. Knows nothing of containers. */
#include "systemd/bus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

enum { PATIENCE_S = 30 };

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* A path as a bus address has it: "The bytes that are not escaped" of the D-Bus specification. */
static int address_of(const char *directory, char *address, size_t size)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/.";
	struct bw_buf buf = bw_buf_over(address, size);

	bw_buf_addf(&buf, "unix:path=");
	for (const char *c = directory; *c; c++)
		bw_buf_addf(&buf, strchr(plain, *c) ? "%c" : "%%%02x", (unsigned char)*c);
	bw_buf_addf(&buf, "/systemd/private");
	return buf.overflow ? -ENAMETOOLONG : 0;
}

/* Whose systemd it is reaches it without a bus, as on hosts that have none. directory: "/run", or XDG_RUNTIME_DIR. */
static int open_direct(const char *directory, sd_bus **ret)
{
	char address[512];
	sd_bus *bus = NULL;
	int r = address_of(directory, address, sizeof address);

	if (r >= 0)
		r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0) {
		sd_bus_unref(bus);
		return r;
	}
	*ret = bus;
	return 0;
}

static int seen_removed(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
	struct bw_bus *bus = userdata;
	const char *path, *unit, *result;
	uint32_t id;

	(void)ret_error;
	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	if (bus->job && bw_streq(bus->job, path))
		snprintf(bus->result, sizeof bus->result, "%s", result);
	return 0;
}

static int open_system(struct bw_bus *bus, struct bw_err *err)
{
	int r = sd_bus_open_system(&bus->bus);

	if (r >= 0)
		return 0;
	bus->direct = open_direct("/run", &bus->bus) == 0;
	return bus->direct ? 0 : bw_fail(err, BW_E_HOST, -r, "connecting to the system's bus");
}

static const char *set_variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* The bus that the environment names, else that of XDG_RUNTIME_DIR; whoever sees us through a user namespace knows us by
 * what the kernel says of us, not by our number. */
static int open_user(struct bw_bus *bus, struct bw_err *err)
{
	const char *address = set_variable("DBUS_SESSION_BUS_ADDRESS"), *directory = set_variable("XDG_RUNTIME_DIR");
	int r;

	if (!address && !directory)
		return bw_fail(err, BW_E_HOST, 0,
			"connecting to the user's bus: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set");
	r = sd_bus_open_user(&bus->bus);
	if (r >= 0)
		return 0;
	bus->direct = !address && open_direct(directory, &bus->bus) == 0;
	if (bus->direct)
		return 0;
	return bw_fail(err, BW_E_HOST, -r, "connecting to the user's bus, %s%s", address ? address : directory,
		address ? "" : "/bus");
}

int bw_bus_open(bool user, struct bw_bus *ret, struct bw_err *err)
{
	struct bw_bus *bus = ret;
	int r;

	*bus = (struct bw_bus){0};
	if ((user ? open_user : open_system)(bus, err) < 0)
		return -1;
	r = sd_bus_match_signal(bus->bus, NULL, bus->direct ? NULL : BW_SYSTEMD_NAME, BW_SYSTEMD_PATH,
		BW_SYSTEMD_MANAGER, "JobRemoved", seen_removed, bus);
	if (r >= 0)
		return 0;
	bw_bus_close(bus);
	return bw_fail(err, BW_E_HOST, -r, "listening for systemd's jobs");
}

void bw_bus_close(struct bw_bus *bus)
{
	sd_bus_flush_close_unref(bus->bus);
	free(bus->job);
	*bus = (struct bw_bus){0};
}

int bw_bus_new_call(struct bw_bus *bus, const char *member, sd_bus_message **ret, struct bw_err *err)
{
	int r = sd_bus_message_new_method_call(
		bus->bus, ret, BW_SYSTEMD_NAME, BW_SYSTEMD_PATH, BW_SYSTEMD_MANAGER, member);

	return r < 0 ? bw_fail(err, BW_E_INTERNAL, -r, "making a call of %s", member) : 0;
}

/* One line: the sentence goes to bulwark as such. */
static void one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
}

int bw_bus_refused(sd_bus_error *reason, int r, const char *doing, const char *unit, struct bw_err *err)
{
	char why[400];

	snprintf(why, sizeof why, "%s", reason->message ? reason->message : strerror(-r));
	one_line(why);
	sd_bus_error_free(reason);
	return bw_fail(err, BW_E_HOST, 0, "%s systemd unit `%s`: %s", doing, unit, why);
}

static int await_job(struct bw_bus *bus, const char *doing, const char *unit, struct bw_err *err)
{
	uint64_t end = now_us() + PATIENCE_S * 1000000ULL;

	while (!bus->result[0]) {
		uint64_t now = now_us();
		int r = sd_bus_process(bus->bus, NULL);

		if (r == 0 && now < end)
			r = sd_bus_wait(bus->bus, end - now);
		if (r < 0 && r != -EINTR)
			return bw_fail(err, BW_E_HOST, -r, "%s systemd unit `%s`: waiting for the job", doing, unit);
		if (!bus->result[0] && now >= end)
			return bw_fail(err, BW_E_HOST, 0, "%s systemd unit `%s`: no end after %d seconds", doing, unit, PATIENCE_S);
	}
	if (bw_streq(bus->result, "done"))
		return 0;
	return bw_fail(err, BW_E_HOST, 0, "%s systemd unit `%s`: got `%s`", doing, unit, bus->result);
}

int bw_bus_run_job(struct bw_bus *bus, sd_bus_message *call, const char *doing, const char *unit, sd_bus_error *reason,
	struct bw_err *err)
{
	sd_bus_message *answer = NULL;
	const char *job;
	int r = sd_bus_call(bus->bus, call, 0, reason, &answer);

	if (r < 0)
		return -1;
	r = sd_bus_message_read(answer, "o", &job);
	free(bus->job);
	bus->job = r < 0 ? NULL : strdup(job);
	bus->result[0] = '\0';
	sd_bus_message_unref(answer);
	if (!bus->job)
		return bw_fail(err, BW_E_HOST, r < 0 ? -r : ENOMEM, "%s systemd unit `%s`: no job", doing, unit);
	return await_job(bus, doing, unit, err);
}

/* "252.39-1~deb12u2", "v249.11", "257~rc1". */
unsigned bw_bus_version(struct bw_bus *bus)
{
	char *text = NULL;
	unsigned version = 0;
	size_t at;

	if (sd_bus_get_property_string(
		    bus->bus, BW_SYSTEMD_NAME, BW_SYSTEMD_PATH, BW_SYSTEMD_MANAGER, "Version", NULL, &text) < 0)
		return 0;
	at = strcspn(text, "0123456789");
	while (text[at] >= '0' && text[at] <= '9' && version < 100000)
		version = version * 10 + (unsigned)(text[at++] - '0');
	free(text);
	return version;
}
