/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs without a C library: an entry point and raw system calls.  For measuring only, where the
 * start-up of a C library would be larger than what is measured.
 */
#ifndef BW_BENCH_BARE_H
#define BW_BENCH_BARE_H

#include <asm/unistd.h>

/* What the program does, given the stack that the kernel set up: argc, argv..., NULL, envp...,
 * NULL. The return value is the exit status. */
int bare_main(long *stack);

#if defined(__x86_64__)
static inline long bare_call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}
__asm__(".globl _start\n"
	"_start:\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call bare_main\n"
	"	mov %eax, %edi\n"
	"	mov $231, %eax\n" /* exit_group */
	"	syscall\n");
#elif defined(__aarch64__)
static inline long bare_call(long number, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
			 : "memory");
	return x0;
}
__asm__(".globl _start\n"
	"_start:\n"
	"	mov x0, sp\n"
	"	bl bare_main\n"
	"	mov x8, #94\n" /* exit_group */
	"	svc #0\n");
#endif

#endif
