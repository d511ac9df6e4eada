/* SPDX-License-Identifier: Apache-2.0 */
/* findings.c - the words of findings. */
#include "policy/findings.h"

const char *bw_verdict_word(enum bw_verdict verdict)
{
	switch (verdict) {
	case BW_CHANGED:
		return "changed";
	case BW_DENIED:
		return "denied";
	case BW_NOTED:
		return "noted";
	}
	return "unknown";
}
