/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest program that a container can run: exit(0), without a C library.  What "run" costs
 * with it is the runtime's cost and the kernel's, not the program's.
 */
#include "bare.h"

int bare_main(long *stack)
{
	while (stack[0] > 1)
		bare_call(__NR_ppoll, 0, 0, 0, 0, 0);
	return 0;
}
