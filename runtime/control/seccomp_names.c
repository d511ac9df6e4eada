/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_names.c - libseccomp's tables, then ours. libseccomp 2.5.4 ends with Linux 5.17 (Debian's
 * with 6.6); a container's profile may be years younger. From 424 on a new call has the same number
 * on every architecture that we know (kernel, scripts/syscall.tbl and arch/.../syscall_64.tbl). */
#include "control/seccomp_names.h"

#include <seccomp.h>
#include <string.h>

#include "base/auto.h"

static const struct {
	const char *name;
	int number;
	uint32_t only; /* SCMP_ARCH_*, or 0: everywhere */
} younger[] = {
	{"uretprobe", 335, SCMP_ARCH_X86_64},					  /* 6.11 */
	{"uprobe", 336, SCMP_ARCH_X86_64},					  /* 6.18 */
	{"cachestat", 451, 0},							  /* 6.5 */
	{"fchmodat2", 452, 0},							  /* 6.6 */
	{"map_shadow_stack", 453, 0}, {"futex_wake", 454, 0},			  /* 6.7 */
	{"futex_wait", 455, 0}, {"futex_requeue", 456, 0}, {"statmount", 457, 0}, /* 6.8 */
	{"listmount", 458, 0}, {"lsm_get_self_attr", 459, 0}, {"lsm_set_self_attr", 460, 0},
	{"lsm_list_modules", 461, 0}, {"mseal", 462, 0}, /* 6.10 */
	{"setxattrat", 463, 0},				 /* 6.13 */
	{"getxattrat", 464, 0}, {"listxattrat", 465, 0}, {"removexattrat", 466, 0},
	{"open_tree_attr", 467, 0},		      /* 6.15 */
	{"file_getattr", 468, 0},		      /* 6.17 */
	{"file_setattr", 469, 0}, {"listns", 470, 0}, /* 6.19 */
};

/* x32 numbers carry a bit; MIPS and Alpha have offsets of their own, which libseccomp must know. */
static bool number_of_younger(int number, uint32_t only, uint32_t arch, int *ret)
{
	static const uint32_t plain[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_AARCH64,
		SCMP_ARCH_ARM, SCMP_ARCH_PPC64LE, SCMP_ARCH_S390X, SCMP_ARCH_RISCV64};

	*ret = -1;
	if (only && only != arch)
		return true;
	if (arch == SCMP_ARCH_X32) {
		*ret = number | 0x40000000;
		return true;
	}
	for (size_t i = 0; i < BW_COUNT(plain); i++)
		if (plain[i] == arch)
			*ret = number;
	return true;
}

bool bw_seccomp_lookup(const char *name, uint32_t scmp_arch, struct bw_seccomp_number *ret)
{
	int number = seccomp_syscall_resolve_name_arch(scmp_arch, name);

	if (number != __NR_SCMP_ERROR) {
		*ret = (struct bw_seccomp_number){.number = number};
		return true;
	}
	for (size_t i = 0; i < BW_COUNT(younger); i++) {
		if (strcmp(younger[i].name, name) != 0)
			continue;
		ret->younger = true;
		return number_of_younger(
			younger[i].number, younger[i].only, scmp_arch, &ret->number);
	}
	return false;
}

char *bw_seccomp_name(int number)
{
	uint32_t arch = seccomp_arch_native();
	char *name = seccomp_syscall_resolve_num_arch(arch, number);

	for (size_t i = 0; !name && i < BW_COUNT(younger); i++)
		if (younger[i].number == number && (!younger[i].only || younger[i].only == arch))
			name = strdup(younger[i].name);
	return name;
}
