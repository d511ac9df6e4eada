/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - bulwark-systemd: one call of systemd for bulwark. A program of its own, because the D-Bus library must not
 * be part of a runtime that starts in a millisecond.
 *
 *	bulwark-systemd start|change|attach|stop system|user UNIT
 *
 * Properties (message.h) come on standard input. Exit status 0: done; of start, the unit's cgroup is on standard
 * error. 3: there is a living unit of that name. 4: systemd could not be asked. 1: not done. Then there is one sentence
 * on standard error. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "systemd/call.h"

enum { FAILED = 1, EXISTS = 3, NOT_ASKED = 4 };

/* What a verb gets; answer is malloc'd text to print, or NULL. */
struct job {
	struct bw_bus bus;
	const char *unit;
	struct bw_unit_properties properties;
	char *answer;
};

static int start(struct job *job, struct bw_err *err)
{
	return bw_unit_start(&job->bus, job->unit, &job->properties, &job->answer, err);
}

static int change(struct job *job, struct bw_err *err)
{
	return bw_unit_change(&job->bus, job->unit, &job->properties, err);
}

static int attach(struct job *job, struct bw_err *err)
{
	return bw_unit_attach(&job->bus, job->unit, &job->properties, err);
}

static int stop(struct job *job, struct bw_err *err)
{
	return bw_unit_stop(&job->bus, job->unit, err);
}

static const struct verb {
	const char *name;
	bool reads; /* properties */
	int (*run)(struct job *job, struct bw_err *err);
} verbs[] = {{"start", true, start}, {"change", true, change}, {"attach", true, attach}, {"stop", false, stop}};

static int read_properties(struct bw_arena *arena, struct bw_unit_properties *ret, struct bw_err *err)
{
	char *text = NULL;
	size_t len;
	int r;

	if (bw_read_fd(STDIN_FILENO, "standard input", BW_UNIT_MAX_MESSAGE, &text, &len, err) < 0)
		return -1;
	r = bw_unit_message_read(text, len, arena, ret, err);
	free(text);
	return r;
}

/* Exit status. */
static int run(const struct verb *verb, bool user, const char *unit)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct job job = {.unit = unit};
	struct bw_err err = {0};
	int r;

	if ((verb->reads && read_properties(&arena, &job.properties, &err) < 0) || bw_bus_open(user, &job.bus, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return NOT_ASKED;
	}
	r = verb->run(&job, &err);
	bw_bus_close(&job.bus);
	if (r < 0)
		fprintf(stderr, "%s\n", err.text);
	else if (job.answer)
		fprintf(stderr, "%s\n", job.answer);
	free(job.answer);
	return r == 0 ? EXIT_SUCCESS : err.code == BW_E_EXISTS ? EXISTS : FAILED;
}

static int usage(void)
{
	fputs("usage: bulwark-systemd start|change|attach|stop system|user UNIT\n", stderr);
	return FAILED;
}

int main(int argc, char **argv)
{
	if (argc != 4 || (!bw_streq(argv[2], "system") && !bw_streq(argv[2], "user")) || !argv[3][0])
		return usage();
	for (size_t i = 0; i < BW_COUNT(verbs); i++)
		if (bw_streq(argv[1], verbs[i].name))
			return run(&verbs[i], bw_streq(argv[2], "user"), argv[3]);
	return usage();
}
