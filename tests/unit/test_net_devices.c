/* SPDX-License-Identifier: Apache-2.0 */
/* test_net_devices.c - interfaces that move; what moving does is tests/root/net-devices.sh. */
#include "control_test.h"

#define DEVICES                                                                                    \
	"\"linux\":{\"namespaces\":[{\"type\":\"network\"}],"                                      \
	"\"netDevices\":{\"no-such\":{\"name\":\"eth0\"}}}"

START_TEST(the_parent_moves_them_before_its_hooks)
{
	struct bench *b = bench_new("", DEVICES);

	bench_prepare(b, &bw_net_devices);
	bench_step(b, &bw_net_devices, 0, BW_PHASE_HOOKS, BW_SIDE_PARENT,
		"move network devices of the host into the namespace");
	bench_free(b);
}
END_TEST

START_TEST(an_exec_moves_nothing)
{
	struct bench *b = bench_new("", DEVICES);

	b->request.exec = true;
	bench_prepare(b, &bw_net_devices);
	ck_assert_uint_eq(b->plan.n, 0);
	bench_free(b);
}
END_TEST

BENCH_MAIN("net_devices", {the_parent_moves_them_before_its_hooks, 0}, {an_exec_moves_nothing, 0})
