/* SPDX-License-Identifier: Apache-2.0 */
/* policy_values.h - whether the values of rows are what the policy can mean. Each function is the `check` of rows in
 * policy_table.c: it gets the member that was read and says in err what was found and what was expected, or gives 0. */
#ifndef BW_POLICY_VALUES_H
#define BW_POLICY_VALUES_H

#include "base/err.h"

int bw_row_first(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_selinux_type(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_capabilities(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_paths(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_hook_patterns(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_file_names(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_octal(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_access(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_rlimit(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_profile_name(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_apparmor_profile(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_environment(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_clean_paths(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_clean_path(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_ttl(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_interval(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_window(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_grace(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_facts(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_when(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_workspace(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_stage_patterns(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_hosts(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_names(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_ports(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_connect(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_bind(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_prefixes(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_addresses(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_secrets_directory(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_secrets(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_ignores(const void *member, struct bw_err *err) BW_MUST_CHECK;
int bw_row_namespace(const void *member, struct bw_err *err) BW_MUST_CHECK;

#endif
