/* SPDX-License-Identifier: Apache-2.0 */
/* fake_systemd.c - as much of systemd as a container's scope needs, for hosts that have none.
 *
 *	root_fake_systemd LOG SOCKET|bus CGROUP-MOUNT...
 *
 * Answers on SOCKET, as systemd does on /run/systemd/private, or as a service of the bus in DBUS_SYSTEM_BUS_ADDRESS.
 * A scope becomes a directory beneath each mount, with the processes in it. All that it is told goes to LOG. A file
 * LOG.result, where there is one, holds what jobs end with instead of "done"; "never": they do not end. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#define DESTINATION "org.freedesktop.systemd1"
#define MANAGER	    "org.freedesktop.systemd1.Manager"
#define OBJECT	    "/org/freedesktop/systemd1"

static const char *log_path;
static char **mounts;
static int mounts_n;

/* The units that there are: name and path of the cgroup. */
static struct unit {
	char name[256], cgroup[1024];
	int failed;
} units[64];
static uint32_t job;
static int told_devices;

static struct unit *unit_find(const char *name)
{
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	return NULL;
}

static FILE *log_open(void)
{
	FILE *out = fopen(log_path, "ae");

	if (!out)
		exit(1);
	return out;
}

/* --- cgroups --- */

static void slice_path(const char *slice, char *path, size_t size)
{
	size_t stem = strlen(slice) - strlen(".slice"), len = 0;

	path[0] = '\0';
	for (size_t i = 1; i <= stem; i++)
		if (i == stem || slice[i] == '-')
			len += (size_t)snprintf(path + len, size - len, "/%.*s.slice", (int)i, slice);
}

static void make_all(const char *mount, const char *path)
{
	char whole[PATH_MAX];

	snprintf(whole, sizeof whole, "%s%s", mount, path);
	for (char *c = whole + strlen(mount) + 1; *c; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		mkdir(whole, 0755);
		*c = '/';
	}
	mkdir(whole, 0755);
}

static int move_to(const char *mount, const char *path, uint32_t pid)
{
	char file[PATH_MAX], text[16];
	int fd, r;

	snprintf(file, sizeof file, "%s%s/cgroup.procs", mount, path);
	snprintf(text, sizeof text, "%u", pid);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	r = fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return r;
}

static int populate(const struct unit *unit, const uint32_t *pids, size_t n)
{
	for (int i = 0; i < mounts_n; i++) {
		make_all(mounts[i], unit->cgroup);
		for (size_t k = 0; k < n; k++)
			if (move_to(mounts[i], unit->cgroup, pids[k]) < 0)
				return -errno;
	}
	return 0;
}

static int is_populated(const struct unit *unit)
{
	char file[PATH_MAX], text[4];
	FILE *in;
	int has = 0;

	for (int i = 0; i < mounts_n; i++) {
		snprintf(file, sizeof file, "%s%s/cgroup.procs", mounts[i], unit->cgroup);
		in = fopen(file, "re");
		has |= in && fgets(text, sizeof text, in);
		if (in)
			fclose(in);
	}
	return has;
}

/* systemd hears of a scope that has emptied; here that is seen when somebody asks. */
static void forget_empty(void)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (!units[i].name[0] || units[i].failed || is_populated(&units[i]))
			continue;
		for (int k = 0; k < mounts_n; k++) {
			snprintf(path, sizeof path, "%s%s", mounts[k], units[i].cgroup);
			rmdir(path);
		}
		units[i].name[0] = '\0';
	}
}

/* On v1 systemd writes a new list from its beginning: "nothing" first. What would follow after a while is left out. */
static void renew_devices(const struct unit *unit)
{
	char file[PATH_MAX];
	int fd;

	for (int i = 0; i < mounts_n; i++) {
		snprintf(file, sizeof file, "%s%s/devices.deny", mounts[i], unit->cgroup);
		fd = open(file, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (write(fd, "a", 1) == 1)
			usleep(100000);
		close(fd);
	}
}

/* --- reading what bulwark says --- */

static void log_basic(sd_bus_message *m, FILE *out, char type)
{
	union {
		const char *s;
		uint8_t y;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
		double d;
		int b;
	} v = {0};

	if (sd_bus_message_read_basic(m, type, &v) < 0)
		exit(1);
	switch (type) {
	case 's': fprintf(out, " %s", v.s); break;
	case 'y': fprintf(out, " %u", v.y); break;
	case 'n': fprintf(out, " %d", v.n); break;
	case 'q': fprintf(out, " %u", v.q); break;
	case 'i': fprintf(out, " %d", v.i); break;
	case 'u': fprintf(out, " %u", v.u); break;
	case 'x': fprintf(out, " %lld", (long long)v.x); break;
	case 't': fprintf(out, " %llu", (unsigned long long)v.t); break;
	case 'd': fprintf(out, " %g", v.d); break;
	default: fprintf(out, " %s", v.b ? "true" : "false"); break;
	}
}

static void log_value(sd_bus_message *m, FILE *out)
{
	const char *contents;
	char type;

	while (sd_bus_message_peek_type(m, &type, &contents) > 0) {
		if (type != 'a' && type != 'r') {
			log_basic(m, out, type);
			continue;
		}
		if (sd_bus_message_enter_container(m, type, contents) < 0)
			exit(1);
		log_value(m, out);
		sd_bus_message_exit_container(m);
	}
}

/* One property into the log; PIDs and Slice are kept. */
static void take_property(sd_bus_message *m, FILE *out, char *slice, size_t size, uint32_t pids[16], size_t *ret_n)
{
	const char *name, *contents, *text;
	char type;

	if (sd_bus_message_read_basic(m, 's', &name) < 0 || sd_bus_message_peek_type(m, &type, &contents) < 0 ||
		sd_bus_message_enter_container(m, 'v', contents) < 0)
		exit(1);
	fprintf(out, "%s %s", name, contents);
	told_devices |= strcmp(name, "DeviceAllow") == 0;
	if (strcmp(name, "PIDs") == 0) {
		sd_bus_message_enter_container(m, 'a', "u");
		while (*ret_n < 16 && sd_bus_message_read_basic(m, 'u', &pids[*ret_n]) > 0)
			++*ret_n;
		sd_bus_message_exit_container(m);
	} else if (strcmp(name, "Slice") == 0) {
		sd_bus_message_read_basic(m, 's', &text);
		snprintf(slice, size, "%s", text);
		fprintf(out, " %s", text);
	} else {
		log_value(m, out);
	}
	fprintf(out, "\n");
	sd_bus_message_exit_container(m);
}

static void take_properties(sd_bus_message *m, FILE *out, char *slice, size_t size, uint32_t pids[16], size_t *ret_n)
{
	sd_bus_message_enter_container(m, 'a', "(sv)");
	while (sd_bus_message_enter_container(m, 'r', "sv") > 0) {
		take_property(m, out, slice, size, pids, ret_n);
		sd_bus_message_exit_container(m);
	}
	sd_bus_message_exit_container(m);
}

/* --- the manager --- */

static int answer_job(sd_bus_message *m, const char *unit)
{
	char path[64], result[32] = "done", file[PATH_MAX];
	FILE *in;
	int r;

	snprintf(file, sizeof file, "%s.result", log_path);
	in = fopen(file, "re");
	if (in && fscanf(in, "%31s", result) != 1)
		strcpy(result, "done");
	if (in)
		fclose(in);
	snprintf(path, sizeof path, OBJECT "/job/%u", ++job);
	r = sd_bus_reply_method_return(m, "o", path);
	if (r >= 0 && strcmp(result, "never") != 0)
		r = sd_bus_emit_signal(sd_bus_message_get_bus(m), OBJECT, MANAGER, "JobRemoved", "uoss", job, path, unit,
			result);
	return r;
}

static int start_unit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *name, *mode;
	char slice[256] = "";
	uint32_t pids[16];
	size_t n = 0;
	struct unit *unit;
	FILE *out;
	int r;

	(void)userdata;
	forget_empty();
	sd_bus_message_read(m, "ss", &name, &mode);
	if (unit_find(name))
		return sd_bus_error_setf(error, DESTINATION ".UnitExists", "Unit %s already exists.", name);
	out = log_open();
	fprintf(out, "StartTransientUnit %s %s\n", name, mode);
	take_properties(m, out, slice, sizeof slice, pids, &n);
	fclose(out);
	unit = unit_find("");
	snprintf(unit->name, sizeof unit->name, "%s", name);
	slice_path(slice, unit->cgroup, sizeof unit->cgroup);
	snprintf(unit->cgroup + strlen(unit->cgroup), 256, "/%s", name);
	r = populate(unit, pids, n);
	return r < 0 ? sd_bus_error_set_errno(error, -r) : answer_job(m, name);
}

static int stop_unit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *name, *mode;
	FILE *out = log_open();

	(void)userdata;
	sd_bus_message_read(m, "ss", &name, &mode);
	fprintf(out, "StopUnit %s %s\n", name, mode);
	fclose(out);
	forget_empty();
	if (!unit_find(name))
		return sd_bus_error_setf(error, DESTINATION ".NoSuchUnit", "Unit %s not loaded.", name);
	return answer_job(m, name);
}

static int reset_failed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct unit *unit;
	const char *name;
	FILE *out = log_open();

	(void)userdata;
	sd_bus_message_read(m, "s", &name);
	fprintf(out, "ResetFailedUnit %s\n", name);
	fclose(out);
	unit = unit_find(name);
	if (!unit)
		return sd_bus_error_setf(error, DESTINATION ".NoSuchUnit", "Unit %s not loaded.", name);
	if (unit->failed)
		unit->name[0] = '\0';
	unit->failed = 0;
	return sd_bus_reply_method_return(m, "");
}

static int set_properties(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *name;
	char slice[256];
	uint32_t pids[16];
	size_t n = 0;
	int runtime;
	FILE *out = log_open();

	(void)userdata, (void)error;
	sd_bus_message_read(m, "sb", &name, &runtime);
	fprintf(out, "SetUnitProperties %s %s\n", name, runtime ? "runtime" : "for ever");
	told_devices = 0;
	take_properties(m, out, slice, sizeof slice, pids, &n);
	fclose(out);
	if (told_devices && unit_find(name))
		renew_devices(unit_find(name));
	return sd_bus_reply_method_return(m, "");
}

/* LOG.failed names a unit that has failed and is still remembered. */
static void remember_failed(void)
{
	char file[PATH_MAX];
	FILE *in;

	snprintf(file, sizeof file, "%s.failed", log_path);
	in = fopen(file, "re");
	if (!in)
		return;
	units[0].failed = fscanf(in, "%255s", units[0].name) == 1;
	fclose(in);
}

static int get_unit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	char *path = NULL;
	const char *name;
	int r;

	(void)userdata;
	sd_bus_message_read(m, "s", &name);
	if (!unit_find(name))
		return sd_bus_error_setf(error, DESTINATION ".NoSuchUnit", "Unit %s not loaded.", name);
	r = sd_bus_path_encode(OBJECT "/unit", name, &path);
	if (r >= 0)
		r = sd_bus_reply_method_return(m, "o", path);
	free(path);
	return r;
}

static int version(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
	void *userdata, sd_bus_error *error)
{
	(void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)error;
	return sd_bus_message_append(reply, "s", "252.39-1~fake");
}

static int control_group(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct unit *unit = userdata;

	(void)bus, (void)path, (void)interface, (void)property, (void)error;
	return sd_bus_message_append(reply, "s", unit->cgroup);
}

static int find_object(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret, sd_bus_error *error)
{
	char *name = NULL;
	int r = sd_bus_path_decode(path, OBJECT "/unit", &name);

	(void)bus, (void)interface, (void)userdata, (void)error;
	if (r <= 0)
		return 0;
	*ret = unit_find(name);
	free(name);
	return *ret != NULL;
}

static const sd_bus_vtable manager[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Version", "s", version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_METHOD("StartTransientUnit", "ssa(sv)a(sa(sv))", "o", start_unit, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("StopUnit", "ss", "o", stop_unit, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ResetFailedUnit", "s", "", reset_failed, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("SetUnitProperties", "sba(sv)", "", set_properties, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("GetUnit", "s", "o", get_unit, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
	SD_BUS_VTABLE_END,
};
static const sd_bus_vtable scope[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("ControlGroup", "s", control_group, 0, 0),
	SD_BUS_VTABLE_END,
};

static void serve(sd_bus *bus)
{
	int r;

	if (sd_bus_add_object_vtable(bus, NULL, OBJECT, MANAGER, manager, NULL) < 0 ||
		sd_bus_add_fallback_vtable(bus, NULL, OBJECT "/unit", "org.freedesktop.systemd1.Scope", scope, find_object,
			NULL) < 0)
		exit(1);
	do {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	} while (r >= 0 || r == -EINTR);
}

static int serve_bus(void)
{
	sd_bus *bus = NULL;

	if (sd_bus_open_system(&bus) < 0 || sd_bus_request_name(bus, DESTINATION, 0) < 0)
		return 1;
	serve(bus);
	return 0;
}

static int serve_direct(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	sd_id128_t id = {0};

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (bind(sock, (const struct sockaddr *)&address, sizeof address) < 0 || listen(sock, 8) < 0)
		return 1;
	while ((fd = accept4(sock, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		sd_bus *bus = NULL;

		if (sd_bus_new(&bus) >= 0 && sd_bus_set_fd(bus, fd, fd) >= 0 && sd_bus_set_server(bus, 1, id) >= 0 &&
			sd_bus_start(bus) >= 0)
			serve(bus);
		sd_bus_close_unref(bus);
	}
	return 1;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	log_path = argv[1];
	mounts = argv + 3;
	remember_failed();
	mounts_n = argc - 3;
	return strcmp(argv[2], "bus") == 0 ? serve_bus() : serve_direct(argv[2]);
}
