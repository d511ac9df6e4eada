/* SPDX-License-Identifier: Apache-2.0 */
/* bus.h - a connection to systemd and the wait for its jobs: org.freedesktop.systemd1(5), sd-bus(3). */
#ifndef BW_SYSTEMD_BUS_H
#define BW_SYSTEMD_BUS_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "base/err.h"

#define BW_SYSTEMD_NAME	   "org.freedesktop.systemd1"
#define BW_SYSTEMD_PATH	   "/org/freedesktop/systemd1"
#define BW_SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"

struct bw_bus {
	sd_bus *bus;
	bool direct; /* connected to systemd itself, no bus between */
	/* The job that is waited for, and its end. */
	char *job;
	char result[32];
};

/* Connects to the system's systemd, or to the user's own: by DBUS_SESSION_BUS_ADDRESS or, without it, XDG_RUNTIME_DIR. */
int bw_bus_open(bool user, struct bw_bus *ret, struct bw_err *err) BW_MUST_CHECK;
void bw_bus_close(struct bw_bus *bus);
#define auto_bus __attribute__((cleanup(bw_bus_close)))

/* A call of the manager's, to be filled; its reference is the caller's. */
int bw_bus_new_call(
	struct bw_bus *bus, const char *member, sd_bus_message **ret, struct bw_err *err) BW_MUST_CHECK;
/* What systemd said in *reason becomes *err; frees reason. r: what the call gave. Returns -1. */
int bw_bus_refused(sd_bus_error *reason, int r, const char *doing, const char *unit, struct bw_err *err);
/* Sends call, whose answer is a job, and waits for its end, at most half a minute: "done" is success. reason is left to
 * the caller when systemd refuses (return -1 with *err empty). */
int bw_bus_run_job(struct bw_bus *bus, sd_bus_message *call, const char *doing, const char *unit, sd_bus_error *reason,
	struct bw_err *err) BW_MUST_CHECK;
/* systemd's version, 0 when it does not say. */
unsigned bw_bus_version(struct bw_bus *bus);

#endif
