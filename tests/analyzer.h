/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For clang-tidy only, which looks at one file at a time: it cannot know that these always return -1, and follows
 * callers into paths where a function has failed and yet its results are used.
 */
#ifndef BW_TESTS_ANALYZER_H
#define BW_TESTS_ANALYZER_H

#include "base/err.h"

#define bw_fail(...) ((void)bw_fail(__VA_ARGS__), -1)
#define bw_wrap(...) ((void)bw_wrap(__VA_ARGS__), -1)
#define bw_at(...)   ((void)bw_at(__VA_ARGS__), -1)
#define bw_hint(...) ((void)bw_hint(__VA_ARGS__), -1)

#endif
