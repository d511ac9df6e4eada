/* SPDX-License-Identifier: Apache-2.0 */
/* bpf_sim.h - seccomp's part of classic BPF, interpreted: what would this filter answer to this
 * call? */
#ifndef TESTS_UNIT_BPF_SIM_H
#define TESTS_UNIT_BPF_SIM_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False when the program does what the kernel would not accept: unknown code, jump or load outside.
 */
bool bpf_run(const struct sock_filter *program, size_t n, const struct seccomp_data *data,
	uint32_t *ret);

#endif
