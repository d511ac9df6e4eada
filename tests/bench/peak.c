/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peak PROGRAM [ARG]...: runs the program and prints the peak resident set, in KiB, of the largest
 * process that it was or waited for, on descriptor 3.
 *
 * A process inherits the high-water mark of the one that forked it, across exec.  A shell, an
 * interpreter or even time(1) would be larger than what is to be measured; so this program has no C
 * library.
 */
#include "bare.h"
#include <linux/resource.h>
#include <linux/signal.h>

#define REPORT_FD   3
#define EXIT_BROKEN 125

static void report(unsigned long kib)
{
	char text[24];
	unsigned long at = sizeof text;

	text[--at] = '\n';
	do {
		text[--at] = (char)('0' + kib % 10);
		kib /= 10;
	} while (kib > 0);
	bare_call(__NR_write, REPORT_FD, (long)(text + at), (long)(sizeof text - at), 0, 0);
}

int bare_main(long *stack)
{
	char **argv = (char **)(stack + 1);
	char **environment = argv + stack[0] + 1;
	static struct rusage usage; /* static: nobody would provide memset */
	int status = 0;
	long pid;

	if (stack[0] < 2)
		return 2;
	pid = bare_call(__NR_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		bare_call(__NR_close, REPORT_FD, 0, 0, 0, 0);
		bare_call(__NR_execve, (long)argv[1], (long)(argv + 1), (long)environment, 0, 0);
		return EXIT_BROKEN;
	}
	if (pid < 0 || bare_call(__NR_wait4, pid, (long)&status, 0, (long)&usage, 0) != pid)
		return EXIT_BROKEN;
	report((unsigned long)usage.ru_maxrss);
	return (status & 0x7f) ? EXIT_BROKEN : (status >> 8) & 0xff;
}
