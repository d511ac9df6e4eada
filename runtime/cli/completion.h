/* SPDX-License-Identifier: Apache-2.0 */
/* completion.h - scripts that complete bulwark's words in a shell, written from the tables. */
#ifndef BW_CLI_COMPLETION_H
#define BW_CLI_COMPLETION_H

/* Each writes one script to standard output. */
void bw_completion_bash(void);
void bw_completion_zsh(void);
void bw_completion_fish(void);

#endif
