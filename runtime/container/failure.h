/* SPDX-License-Identifier: Apache-2.0 */
/* failure.h - the record of the last failure of a container's create, run, start, exec, checkpoint or restore, for
 * `why`. It lies beside the containers, <root>/.failures/ID.json, so that it outlives what was undone; the next success
 * removes it. */
#ifndef BW_CONTAINER_FAILURE_H
#define BW_CONTAINER_FAILURE_H

#include "container/bulwark.h"
#include "json/schema.h"

struct bw_plan;

/* How many records there are at most (the oldest goes), and how large one is. */
enum { BW_FAILURES_KEPT = 64, BW_FAILURE_BYTES = 65536 };

/* What a verb notes on its way: pointers to what outlives it, so that success costs nothing. */
struct bw_attempt {
	const char *verb, *id;
	const char *stages[8]; /* what was begun; the last one is where it failed */
	size_t stages_n;
	const char *bundle, *profile, *profile_reason;
	const struct bw_plan *plan; /* its steps are told when one of them failed */
	int failed_step;            /* -1: none */
	const struct bw_strs *late; /* start: the words of the steps that were left, failed_step counts from their first */
};

#define BW_ATTEMPT_INIT(verb_, id_) {.verb = (verb_), .id = (id_), .failed_step = -1}

/* stage: words that say what is being done, "compile the plan". */
void bw_attempt_enter(struct bw_attempt *attempt, const char *stage);
/* The end of a verb, r as it returns it: keeps or removes the record; gives r. What cannot be kept is a debug line:
 * the failure itself is what the caller must see. No record of what is no failure of that container: a wrong call,
 * an unknown id, one that exists already, a state that does not allow it. */
int bw_attempt_end(const struct bw_context *ctx, const struct bw_attempt *attempt, int r, const struct bw_err *err);

/* The record as it is stored. */
struct bw_failure_step {
	char *what, *result; /* "done", "failed", "not reached" */
};
struct bw_failure {
	char *id, *verb, *time, *bundle, *profile, *profile_reason;
	char *message, *code, *sys, *rule, *field, *hint;
	struct {
		struct bw_failure_step *v;
		size_t n;
	} steps;
};

extern const struct bw_schema bw_failure_schema;

/* BW_E_NOT_FOUND when there is none. Memory is the arena's. */
int bw_failure_load(const struct bw_context *ctx, const char *id, struct bw_arena *arena, struct bw_failure **ret,
	struct bw_err *err) BW_MUST_CHECK;

#endif
