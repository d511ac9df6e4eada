/* SPDX-License-Identifier: Apache-2.0 */
/* verb.h - what a command of the command line is: one struct literal in one file, cmd_<name>.c.
 * verb.c holds the list; parsing, help, completion and the check of the man pages go by it. */
#ifndef BW_CLI_VERB_H
#define BW_CLI_VERB_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "cli/options.h"
#include "container/bulwark.h"

/* One call of a verb. */
struct bw_call {
	const struct bw_context *ctx;
	const char *program; /* last component of argv[0] */
	void *options;	     /* the verb's struct, filled by its rows */
	const char *const *args;
	size_t args_n;
	struct bw_arena *arena;
};

/* The groups of the overview. */
enum bw_verb_group { BW_VERB_RUN, BW_VERB_INSPECT, BW_VERB_SECURE, BW_VERB_OTHER, BW_VERB_GROUPS };

enum { BW_ARGS_ANY = UINT_MAX };

struct bw_verb {
	const char *name;
	enum bw_verb_group group;
	const char *about;    /* one line, no capital, no full stop */
	const char *synopsis; /* the words after the options */
	const char *details;  /* help below the usage: meaning and examples; NULL for none */
	const struct bw_option *options; /* NULL for none */
	size_t options_size;		 /* of the struct that the rows describe */
	unsigned min_args, max_args;
	unsigned stop_after; /* options end behind that many words; 0: they may stand anywhere */
	bool takes_id;	     /* the first word is a container's id */
	int failure;	     /* exit status of a failure when it is not 1 */
	/* Exit status, or -1 with *err filled. */
	int (*run)(const struct bw_call *call, struct bw_err *err);
};

/* Every verb, in the order of the overview; ends with NULL. */
extern const struct bw_verb *const bw_verbs[];

/* The verb of that name. Fails with runc's words and the nearest name. */
int bw_verb_find(const char *name, const struct bw_verb **ret, struct bw_err *err) BW_MUST_CHECK;

extern const struct bw_verb bw_verb_create, bw_verb_start, bw_verb_run, bw_verb_exec, bw_verb_kill,
	bw_verb_delete, bw_verb_list, bw_verb_state, bw_verb_ps, bw_verb_explain, bw_verb_check,
	bw_verb_policy, bw_verb_plan, bw_verb_spec, bw_verb_features, bw_verb_version, bw_verb_help,
	bw_verb_completion, bw_verb_why, bw_verb_pause, bw_verb_resume, bw_verb_update, bw_verb_events,
	bw_verb_checkpoint, bw_verb_restore, bw_verb_audit, bw_verb_kill_switch, bw_verb_metrics, bw_verb_stage,
	bw_verb_reap;

#endif
