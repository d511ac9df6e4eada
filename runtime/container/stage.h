/* SPDX-License-Identifier: Apache-2.0 */
/* stage.h - what `stage` consists of: the look at the files of the host, and the writer, a process that is of the container
 * as far as memory and rights go. Private to stage*.c. */
#ifndef BW_CONTAINER_STAGE_H
#define BW_CONTAINER_STAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "json/schema.h"
#include "spec/spec.h"

/* Of names in the workspace, and of directories in one another. */
enum { BW_STAGE_NAME_LONGEST = 1024, BW_STAGE_DEPTH = 32 };

/* One file or directory that is to be staged; directories stand before what is in them. */
struct bw_stage_item {
	const char *name; /* in the workspace */
	const char *path; /* beneath its source; "" is the source itself */
	size_t source;
	dev_t dev;
	ino_t ino;
	bool directory;
};

/* A SRC, held open from the first look on. */
struct bw_stage_source {
	int fd; /* O_PATH; -1: standard input */
	const char *text;
};

struct bw_stage {
	struct bw_arena *arena;
	const struct bw_spec_stage *limits;
	struct {
		struct bw_stage_source *v;
		size_t n;
	} sources;
	struct {
		struct bw_stage_item *v;
		size_t n;
	} items;
	uint64_t bytes;	       /* of all files */
	struct bw_strs faults; /* a sentence for each thing that cannot be staged */
	size_t too_large;      /* how many of them are about sizes */
	bool full;	       /* there are more than the policy lets in: not looked at any further */
};

/* Whether name can be one in a workspace: relative, of plain components, neither too long nor too deep. NULL, or what is
 * wrong with it. */
const char *bw_stage_name_fault(const char *name);
/* text with a question mark for each byte that a terminal might take for a command; in arena, NULL when memory is out. */
char *bw_stage_printable(const char *text, struct bw_arena *arena);
/* Looks at sources (NULL-terminated; "-" is standard input), which are to be in the workspace as destination says: with a
 * slash at the end, ".", or more than one source it is the directory that they come into, else the new name. What cannot
 * be staged is in faults; -1 is for what ends the call at once. */
int bw_stage_look(
	struct bw_stage *stage, const char *const *sources, const char *destination, struct bw_err *err) BW_MUST_CHECK;
/* Opens the file of an item once more for reading, by the same rules: another one by now, or none that can be staged, is
 * an error. Standard input is duplicated. Descriptor or -1. */
int bw_stage_open(const struct bw_stage *stage, const struct bw_stage_item *item, struct bw_err *err) BW_MUST_CHECK;
void bw_stage_done(struct bw_stage *stage);

/* What the writer is. */
struct bw_stage_writer {
	int workspace;	  /* O_PATH of the mount */
	int charge;	  /* cgroup.procs of where its memory is to count; -1: nowhere else */
	uid_t uid;	  /* the container's user, as the host counts */
	gid_t gid;
	bool force;	  /* a file that is there is replaced */
	struct bw_strs patterns; /* at most 64 */
};

/* Gets which patterns (bits) an item's file has. */
typedef void bw_stage_seen_fn(const struct bw_stage_item *item, uint64_t patterns, void *ctx);
/* Copies all items. *ret_written: how many are in the workspace, also after a failure; *ret_too_large: it ended with a file
 * that had become too large. */
int bw_stage_write(const struct bw_stage *stage, const struct bw_stage_writer *writer, bw_stage_seen_fn *seen, void *ctx,
	size_t *ret_written, bool *ret_too_large, struct bw_err *err) BW_MUST_CHECK;

#endif
