/* SPDX-License-Identifier: Apache-2.0 */
/* call.c - building the messages and telling systemd's refusals apart. */
#include "systemd/call.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"

#define SCOPE	  "org.freedesktop.systemd1.Scope"
#define EXISTS	  "org.freedesktop.systemd1.UnitExists"
#define NO_SUCH	  "org.freedesktop.systemd1.NoSuchUnit"
#define NOT_LOADED "org.freedesktop.systemd1.NotLoaded"

static void message_unref_p(sd_bus_message **message)
{
	sd_bus_message_unref(*message);
}
#define auto_message __attribute__((cleanup(message_unref_p)))

/* --- values --- */

/* All integers lie in memory as the low bytes of 64 bits, or as those of the big end: so by type. */
static int append_integer(sd_bus_message *message, const struct bw_unit_integer *kind, const char *text)
{
	uint64_t big = 0;
	int64_t small = 0;

	if (kind->min < 0 ? bw_parse_i64(text, kind->min, (int64_t)kind->max, &small) < 0
			  : bw_parse_u64(text, kind->max, &big) < 0)
		return -ERANGE;
	switch (kind->type) {
	case 'y':
		return sd_bus_message_append_basic(message, 'y', &(uint8_t){(uint8_t)big});
	case 'n':
		return sd_bus_message_append_basic(message, 'n', &(int16_t){(int16_t)small});
	case 'q':
		return sd_bus_message_append_basic(message, 'q', &(uint16_t){(uint16_t)big});
	case 'i':
		return sd_bus_message_append_basic(message, 'i', &(int32_t){(int32_t)small});
	case 'u':
		return sd_bus_message_append_basic(message, 'u', &(uint32_t){(uint32_t)big});
	case 'x':
		return sd_bus_message_append_basic(message, 'x', &small);
	default: /* 't' */
		return sd_bus_message_append_basic(message, 't', &big);
	}
}

static int append_double(sd_bus_message *message, const char *text)
{
	char *end;
	double number = strtod(text, &end);

	return end == text || *end ? -EINVAL : sd_bus_message_append_basic(message, 'd', &number);
}

static int append_basic(sd_bus_message *message, char type, const char *text)
{
	const struct bw_unit_integer *kind = bw_unit_integer(type);

	if (kind)
		return append_integer(message, kind, text);
	if (type == 'd')
		return append_double(message, text);
	if (type == 's')
		return sd_bus_message_append_basic(message, 's', text);
	if (bw_streq(text, "true") || bw_streq(text, "false"))
		return sd_bus_message_append_basic(message, 'b', &(int){bw_streq(text, "true")});
	return -EINVAL;
}

static int append_pairs(sd_bus_message *message, const struct bw_unit_property *property)
{
	int r = sd_bus_message_open_container(message, 'a', "(ss)");

	for (size_t i = 0; r >= 0 && i + 1 < property->values.n; i += 2)
		r = sd_bus_message_append(message, "(ss)", property->values.v[i], property->values.v[i + 1]);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_value(sd_bus_message *message, const struct bw_unit_property *property)
{
	const char *signature = property->signature;
	int r;

	if (bw_streq(signature, "a(ss)"))
		return append_pairs(message, property);
	if (signature[0] != 'a')
		return append_basic(message, signature[0], property->values.v[0]);
	r = sd_bus_message_open_container(message, 'a', signature + 1);
	for (size_t i = 0; r >= 0 && i < property->values.n; i++)
		r = append_basic(message, signature[1], property->values.v[i]);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_property(sd_bus_message *message, const struct bw_unit_property *property)
{
	int r = sd_bus_message_open_container(message, 'r', "sv");

	if (r >= 0)
		r = sd_bus_message_append_basic(message, 's', property->name);
	if (r >= 0)
		r = sd_bus_message_open_container(message, 'v', property->signature);
	if (r >= 0)
		r = append_value(message, property);
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_properties(
	sd_bus_message *message, const struct bw_unit_properties *list, unsigned version, struct bw_err *err)
{
	int r = sd_bus_message_open_container(message, 'a', "(sv)");

	for (size_t i = 0; r >= 0 && i < list->n; i++) {
		if (list->v[i].min_version > version)
			continue;
		r = append_property(message, &list->v[i]);
		if (r < 0)
			return bw_fail(err, BW_E_SPEC, -r, "property %s: bad value", list->v[i].name);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	return r < 0 ? bw_fail(err, BW_E_INTERNAL, -r, "message for systemd") : 0;
}

/* --- calls --- */

/* systemd keeps a unit that failed until somebody has seen it. Nothing to reset is no failure. */
static void reset_failed(struct bw_bus *bus, const char *unit)
{
	sd_bus_call_method(bus->bus, BW_SYSTEMD_NAME, BW_SYSTEMD_PATH, BW_SYSTEMD_MANAGER, "ResetFailedUnit", NULL, NULL,
		"s", unit);
}

static int start_once(struct bw_bus *bus, const char *unit, const struct bw_unit_properties *properties,
	sd_bus_error *reason, struct bw_err *err)
{
	auto_message sd_bus_message *call = NULL;
	int r;

	if (bw_bus_new_call(bus, "StartTransientUnit", &call, err) < 0)
		return -1;
	r = sd_bus_message_append(call, "ss", unit, "replace");
	if (r < 0)
		return bw_fail(err, BW_E_INTERNAL, -r, "message for systemd");
	if (append_properties(call, properties, bw_bus_version(bus), err) < 0)
		return -1;
	r = sd_bus_message_append(call, "a(sa(sv))", 0);
	if (r < 0)
		return bw_fail(err, BW_E_INTERNAL, -r, "message for systemd");
	return bw_bus_run_job(bus, call, "error creating", unit, reason, err);
}

static int cgroup_of(struct bw_bus *bus, const char *unit, char **ret, struct bw_err *err)
{
	sd_bus_error reason = SD_BUS_ERROR_NULL;
	auto_message sd_bus_message *answer = NULL;
	const char *path;
	int r = sd_bus_call_method(bus->bus, BW_SYSTEMD_NAME, BW_SYSTEMD_PATH, BW_SYSTEMD_MANAGER, "GetUnit", &reason,
		&answer, "s", unit);

	if (r >= 0)
		r = sd_bus_message_read(answer, "o", &path);
	if (r >= 0)
		r = sd_bus_get_property_string(bus->bus, BW_SYSTEMD_NAME, path, SCOPE, "ControlGroup", &reason, ret);
	return r < 0 ? bw_bus_refused(&reason, r, "asking for the cgroup of", unit, err) : 0;
}

int bw_unit_start(struct bw_bus *bus, const char *unit, const struct bw_unit_properties *properties, char **ret_cgroup,
	struct bw_err *err)
{
	sd_bus_error reason = SD_BUS_ERROR_NULL;
	int r = start_once(bus, unit, properties, &reason, err);

	if (r < 0 && sd_bus_error_has_name(&reason, EXISTS)) {
		sd_bus_error_free(&reason);
		reset_failed(bus, unit);
		r = start_once(bus, unit, properties, &reason, err);
	}
	if (r == 0)
		return cgroup_of(bus, unit, ret_cgroup, err);
	if (sd_bus_error_has_name(&reason, EXISTS)) {
		sd_bus_error_free(&reason);
		return bw_fail(err, BW_E_EXISTS, 0, "error creating systemd unit `%s`: there is one of that name", unit);
	}
	if (err->code == BW_E_NONE)
		return bw_bus_refused(&reason, -EIO, "error creating", unit, err);
	reset_failed(bus, unit);
	return -1;
}

int bw_unit_change(
	struct bw_bus *bus, const char *unit, const struct bw_unit_properties *properties, struct bw_err *err)
{
	sd_bus_error reason = SD_BUS_ERROR_NULL;
	auto_message sd_bus_message *call = NULL;
	int r;

	if (bw_bus_new_call(bus, "SetUnitProperties", &call, err) < 0)
		return -1;
	r = sd_bus_message_append(call, "sb", unit, 1);
	if (r < 0)
		return bw_fail(err, BW_E_INTERNAL, -r, "message for systemd");
	if (append_properties(call, properties, bw_bus_version(bus), err) < 0)
		return -1;
	r = sd_bus_call(bus->bus, call, 0, &reason, NULL);
	return r < 0 ? bw_bus_refused(&reason, r, "changing", unit, err) : 0;
}

static bool is_property(const struct bw_unit_property *property, const char *name, const char *signature)
{
	return bw_streq(property->name, name) && bw_streq(property->signature, signature);
}

int bw_unit_attach(
	struct bw_bus *bus, const char *unit, const struct bw_unit_properties *properties, struct bw_err *err)
{
	sd_bus_error reason = SD_BUS_ERROR_NULL;
	auto_message sd_bus_message *call = NULL;
	int r;

	if (properties->n != 2 || !is_property(&properties->v[0], "PIDs", "au") ||
		!is_property(&properties->v[1], "Subcgroup", "s"))
		return bw_fail(err, BW_E_INTERNAL, 0, "attach takes the properties PIDs and Subcgroup");
	if (bw_bus_new_call(bus, "AttachProcessesToUnit", &call, err) < 0)
		return -1;
	r = sd_bus_message_append(call, "ss", unit, properties->v[1].values.v[0]);
	if (r >= 0)
		r = append_value(call, &properties->v[0]);
	if (r < 0)
		return bw_fail(err, BW_E_INTERNAL, -r, "message for systemd");
	r = sd_bus_call(bus->bus, call, 0, &reason, NULL);
	return r < 0 ? bw_bus_refused(&reason, r, "error adding pid to", unit, err) : 0;
}

int bw_unit_stop(struct bw_bus *bus, const char *unit, struct bw_err *err)
{
	sd_bus_error reason = SD_BUS_ERROR_NULL;
	auto_message sd_bus_message *call = NULL;
	int r;

	if (bw_bus_new_call(bus, "StopUnit", &call, err) < 0)
		return -1;
	r = sd_bus_message_append(call, "ss", unit, "replace");
	if (r < 0)
		return bw_fail(err, BW_E_INTERNAL, -r, "message for systemd");
	r = bw_bus_run_job(bus, call, "stopping", unit, &reason, err);
	/* One whose processes are all gone has gone by itself, unless it failed. */
	if (r < 0 && (sd_bus_error_has_name(&reason, NO_SUCH) || sd_bus_error_has_name(&reason, NOT_LOADED))) {
		sd_bus_error_free(&reason);
		r = 0;
	}
	reset_failed(bus, unit);
	if (r < 0 && err->code == BW_E_NONE)
		return bw_bus_refused(&reason, -EIO, "stopping", unit, err);
	return r;
}
