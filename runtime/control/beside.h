/* SPDX-License-Identifier: Apache-2.0 */
/* beside.h - a small process of ours beside a container, on the host: the gate's warden, the witness of its programs. It
 * inherits numbered descriptors and nothing else, answers when it is ready, and is found again by a file in the
 * container's directory. What it does is its own program's business. */
#ifndef BW_CONTROL_BESIDE_H
#define BW_CONTROL_BESIDE_H

#include <sys/types.h>

#include "base/err.h"
#include "json/json.h"

enum {
	BW_BESIDE_FIRST = 3, /* the number of its first descriptor */
	BW_BESIDE_FDS = 8,   /* how many it may have */
	/* A user that owns nothing. Not nobody, whom other programs are as well. */
	BW_BESIDE_USER = 64976
};

struct bw_beside {
	const char *program;  /* absolute */
	const char *name;     /* of the process */
	const char *what;     /* in messages: "the egress gate" */
	const char *pid_file; /* in the container's directory: "PID START-TIME" */
	const char *ok;	      /* what it answers when it is ready; else one line with the reason */
	int answer;	      /* the number of the descriptor for that */
	int end;	      /* one above the last number */
};

/* What it inherits, by number minus BW_BESIDE_FIRST; -1: not there yet. */
struct bw_heirs {
	int fds[BW_BESIDE_FDS];
};
#define BW_HEIRS_INIT {.fds = {-1, -1, -1, -1, -1, -1, -1, -1}}
#define auto_heirs    __attribute__((cleanup(bw_heirs_done)))

/* Takes fd over, also when it fails; a negative one is an error of the call that should have given it (errno). */
int bw_heirs_put(struct bw_heirs *heirs, int number, int fd, const struct bw_beside *beside, const char *what,
	struct bw_err *err) BW_MUST_CHECK;
void bw_heirs_done(struct bw_heirs *heirs);
/* A descriptor to read text from, or -1 and errno. */
int bw_beside_text(const char *name, const void *text, size_t len);
/* The same of what w has written, which is at its end; w, which may be NULL for want of memory, is freed. */
int bw_beside_json(const char *name, struct bw_json_writer *w);

/* Starts it with these descriptors and one for the answer, and waits for that (at most ten seconds). heirs is empty
 * afterwards. When it fails there is no such process. */
int bw_beside_start(const struct bw_beside *beside, struct bw_heirs *heirs, int state_dir, struct bw_err *err) BW_MUST_CHECK;

/* Ends the one of the container whose directory this is, if there is one that lives, and waits until it is gone (at most
 * two seconds). */
void bw_beside_end(int state_dir, const char *pid_file);
/* The same of one that ends by itself with the container: it is killed when it has not within two seconds. */
void bw_beside_await(int state_dir, const char *pid_file);
/* Its pid; 0 when there is none that lives. */
pid_t bw_beside_pid(int state_dir, const char *pid_file);

#endif
