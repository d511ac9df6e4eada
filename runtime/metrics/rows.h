/* SPDX-License-Identifier: Apache-2.0 */
/* rows.h - the names that the counters have in our own files, for each struct that has a `count`. */
#ifndef BW_METRICS_ROWS_H
#define BW_METRICS_ROWS_H

#define BW_COUNT_ROW(S, name, which) {name, offsetof(S, count[which]), 0}
#define BW_COUNT_ROWS(S)                                                                                       \
	BW_COUNT_ROW(S, "executions", BW_COUNT_EXECUTIONS),                                                    \
	BW_COUNT_ROW(S, "programs_denied", BW_COUNT_PROGRAMS_DENIED),                                          \
	BW_COUNT_ROW(S, "package_install_attempts", BW_COUNT_PACKAGE_INSTALL_ATTEMPTS),                        \
	BW_COUNT_ROW(S, "file_size_violations", BW_COUNT_FILE_SIZE_VIOLATIONS),                                \
	BW_COUNT_ROW(S, "network_connection_attempts", BW_COUNT_NETWORK_CONNECTION_ATTEMPTS),                  \
	BW_COUNT_ROW(S, "destinations_denied", BW_COUNT_DESTINATIONS_DENIED),                                  \
	BW_COUNT_ROW(S, "writes_denied", BW_COUNT_WRITES_DENIED),                                              \
	BW_COUNT_ROW(S, "alerts", BW_COUNT_ALERTS),                                                            \
	BW_COUNT_ROW(S, "cpu_usec", BW_COUNT_CPU_USEC),                                                        \
	BW_COUNT_ROW(S, "cpu_throttled_usec", BW_COUNT_CPU_THROTTLED_USEC),                                    \
	BW_COUNT_ROW(S, "io_read_bytes", BW_COUNT_IO_READ_BYTES),                                              \
	BW_COUNT_ROW(S, "io_write_bytes", BW_COUNT_IO_WRITE_BYTES),                                            \
	BW_COUNT_ROW(S, "net_in_bytes", BW_COUNT_NET_IN_BYTES),                                                \
	BW_COUNT_ROW(S, "net_out_bytes", BW_COUNT_NET_OUT_BYTES),                                              \
	BW_COUNT_ROW(S, "oom_kills", BW_COUNT_OOM_KILLS),                                                      \
	BW_COUNT_ROW(S, "starts_refused", BW_COUNT_STARTS_REFUSED)

#endif
