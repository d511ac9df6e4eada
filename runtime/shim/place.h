/* SPDX-License-Identifier: Apache-2.0 */
/* place.h - where one standard stream comes from or goes to, as containerd's clients write it, and how it is opened. The
 * client is trusted with the host, so this guards against mistakes, and against places that somebody has swapped; whether a
 * program or a file may be named at all is asked of the policy before (bw_logger_check(), bw_logger_check_file()). */
#ifndef BW_SHIM_PLACE_H
#define BW_SHIM_PLACE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

/* Longest URI, and most keys of a logging program's query. */
enum { BW_PLACE_MAX_BYTES = 32 * 1024, BW_PLACE_MAX_KEYS = 128 };

enum bw_place_kind { BW_PLACE_NONE, BW_PLACE_FIFO, BW_PLACE_FILE, BW_PLACE_LOGGER };
struct bw_place {
	enum bw_place_kind kind;
	const char *stream; /* "stdout", for sentences */
	const char *path;   /* absolute; NULL of BW_PLACE_NONE */
	char **argv;	    /* a logging program's: path, key, value, key, value, NULL */
	bool by_byte;	    /* "binary-v2": nothing but a byte says that it is ready */
};

/* Memory is the arena's, and uri's own. uri NULL or "": BW_PLACE_NONE. BW_E_USAGE names stream and uri. */
int bw_place_read(const char *uri, const char *stream, struct bw_arena *arena, struct bw_place *ret,
	struct bw_err *err) BW_MUST_CHECK;

/* The fifo, open for reading and writing: that never waits for a reader, and the fifo stays full, and nobody is killed by
 * SIGPIPE, when the reader goes. Descriptor or -1. */
int bw_place_open_output_fifo(const struct bw_place *place, struct bw_err *err) BW_MUST_CHECK;
/* The fifo for reading, and a writing end of it: as long as that one is open a client that goes does not end the stream. */
int bw_place_open_input_fifo(const struct bw_place *place, int *ret_keeper, struct bw_err *err) BW_MUST_CHECK;
/* The file, for appending; it and its directories are made when they are missing. no_links: a symbolic link is refused in
 * the directories too, not in the last place alone. Descriptor or -1. */
int bw_place_open_file(const struct bw_place *place, bool no_links, struct bw_err *err) BW_MUST_CHECK;

#endif
