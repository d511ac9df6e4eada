# SPDX-License-Identifier: Apache-2.0
# make bench: bulwark against the floor, runc and crun; make bench-engines: against runc through engines;
# make bench-shim: containerd's shim and bulwark's own, in containerd and where it knows shims in Docker;
# make bench-egress: the egress gate against a direct connection and another proxy.
bench_programs = tests/bench/floor tests/bench/xtrue tests/bench/peak
EXTRA_PROGRAMS = $(bench_programs)

tests_bench_floor_SOURCES = tests/bench/floor.c
tests_bench_floor_LDFLAGS = -static
tests_bench_floor_CFLAGS = $(AM_CFLAGS) -fno-pie

# Without a C library there is nobody to provide what these flags call.
bare_cflags = -std=gnu11 -Wall -Wextra -ffreestanding -fno-builtin -fno-stack-protector -fcf-protection=none \
	-fno-sanitize=all -fno-pie
bare_ldflags = -static -nostdlib -Wl,--build-id=none
tests_bench_xtrue_SOURCES = tests/bench/xtrue.c tests/bench/bare.h
tests_bench_xtrue_CFLAGS = $(bare_cflags)
tests_bench_xtrue_LDFLAGS = $(bare_ldflags)
tests_bench_peak_SOURCES = tests/bench/peak.c tests/bench/bare.h
tests_bench_peak_CFLAGS = $(bare_cflags)
tests_bench_peak_LDFLAGS = $(bare_ldflags)

bench-programs: $(bench_programs)
bench: all bench-programs
	BUILDDIR=$(abs_builddir) $(srcdir)/tests/bench/run.sh
bench-engines: all
	BUILDDIR=$(abs_builddir) $(srcdir)/tests/bench/engines.sh
bench-shim: all
	BUILDDIR=$(abs_builddir) $(srcdir)/tests/bench/shim.sh
bench-egress: all
	BUILDDIR=$(abs_builddir) $(srcdir)/tests/bench/egress.sh
.PHONY: bench bench-egress bench-engines bench-programs bench-shim
CLEANFILES += $(bench_programs)
EXTRA_DIST += tests/bench/egress.sh tests/bench/egress.py tests/bench/engines.sh tests/bench/run.sh tests/bench/shim.sh tests/bench/compare.py tests/cgroup-view tests/data/docker-default.json
