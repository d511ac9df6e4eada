# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += \
	runtime/metrics/metrics.h runtime/metrics/rows.h \
	runtime/metrics/lines.c runtime/metrics/lines.h \
	runtime/metrics/measures.c \
	runtime/metrics/totals.c
