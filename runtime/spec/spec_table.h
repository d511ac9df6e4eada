/* SPDX-License-Identifier: Apache-2.0 */
/* spec_table.h - what the spec_table*.c files share, and nobody else includes: the tables of one room
 * that another room's rows lead to, and checks of single members. */
#ifndef BW_SPEC_SPEC_TABLE_H
#define BW_SPEC_SPEC_TABLE_H

#include "spec/spec.h"

/* The greatest uid and gid: 2^32 - 1 means "no change" to the kernel. */
#define BW_ID_MAX 4294967294U

extern const struct bw_schema bw_spec_linux_schema;
extern const struct bw_schema bw_spec_id_mapping_schema;

/* Checks for the rows: member as in struct bw_field. */
int bw_check_env(const void *member, struct bw_err *err);
int bw_check_host_name(const void *member, struct bw_err *err);
int bw_check_cpu_list(const void *member, struct bw_err *err);
int bw_check_one_line(const void *member, struct bw_err *err);
int bw_check_keys(const void *member, struct bw_err *err);

#endif
