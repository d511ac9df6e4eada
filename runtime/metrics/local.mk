# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += \
	runtime/metrics/emf.c \
	runtime/metrics/lines.c runtime/metrics/lines.h \
	runtime/metrics/measures.c runtime/metrics/metrics.h runtime/metrics/rows.h \
	runtime/metrics/prometheus.c runtime/metrics/report.h \
	runtime/metrics/series.c runtime/metrics/series.h \
	runtime/metrics/totals.c
