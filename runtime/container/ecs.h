/* SPDX-License-Identifier: Apache-2.0 */
/* ecs.h - what check_ecs.c and the readers of an ECS host's files have in common: a list of findings. A reader looks at files
 * alone, changes nothing, and never puts a value that is a secret into a finding. */
#ifndef BW_CONTAINER_ECS_H
#define BW_CONTAINER_ECS_H

#include "json/schema.h"

enum bw_ecs_severity {
	BW_ECS_NOTE, /* cannot be seen from here; counts for nothing */
	BW_ECS_LOW,
	BW_ECS_MEDIUM,
	BW_ECS_HIGH,
};

/* Texts are constants or in the arena. */
struct bw_ecs_finding {
	enum bw_ecs_severity severity;
	const char *file;
	size_t line;	   /* from 1; 0: of the whole file */
	const char *key;   /* or NULL */
	const char *found, *expected;
	const char *why; /* one sentence */
};

struct bw_ecs_look {
	struct bw_arena *arena;
	int root; /* of the host's files */
	struct {
		struct bw_ecs_finding *v;
		size_t n;
	} findings;
	bool selinux_enforces; /* /etc/selinux/config says so */
	bool apparmor;	       /* its directory of profiles is there */
	bool out_of_memory;
};

void bw_ecs_find(struct bw_ecs_look *look, const struct bw_ecs_finding *finding);
/* Text in the look's arena; "" when memory is out, and then the look is marked. */
const char *bw_ecs_text(struct bw_ecs_look *look, const char *fmt, ...) BW_PRINTF(2, 3);

/* Reads a file of at most a mebibyte beneath the look's root. 1: read into *ret (in the arena); 0: there is none, or it
 * cannot be read, which is a finding by itself then. */
int bw_ecs_read(struct bw_ecs_look *look, const char *file, const char **ret, size_t *ret_len);

/* The line at *at, NUL-terminated and without blanks around it, in the arena; NULL behind the last. *at goes on. */
const char *bw_ecs_line(struct bw_ecs_look *look, const char **at);

/* The readers: the agent's settings; dockerd's, in its file and on its command line. */
void bw_ecs_agent(struct bw_ecs_look *look);
void bw_ecs_docker(struct bw_ecs_look *look);

#endif
