/* SPDX-License-Identifier: Apache-2.0 */
/* help.h - help texts, all from the tables, on standard output, in the shape of runc's. */
#ifndef BW_CLI_HELP_H
#define BW_CLI_HELP_H

#include "cli/verb.h"

/* The rows of the options before the verb; they are main.c's. */
extern const struct bw_option bw_global_options[];

/* One screen: what bulwark is, its verbs in groups, the global options, examples. */
void bw_help_overview(const char *program);

/* One verb: NAME, USAGE, meaning, OPTIONS, examples. */
void bw_help_verb(const char *program, const struct bw_verb *verb);

/* The tables as lines for scripts: "global --root", "verb kill", "option kill --all". */
void bw_help_dump(void);

#endif
