/* SPDX-License-Identifier: Apache-2.0 */
/* test_sysctl.c - only parameters of the container's own namespaces, and nothing else of /proc/sys.
 */
#include "control_test.h"

static const struct key_row {
	const char *namespace; /* that is needed, or NULL: refused whatever there is */
	const char *key;
	const char *refused; /* without the namespace, or always */
} key_rows[] = {
	{"ipc", "kernel.msgmax", "is not allowed in the hosts ipc namespace"},
	{"ipc", "kernel.sem", "is not allowed in the hosts ipc namespace"},
	{"ipc", "kernel.shm_rmid_forced", "is not allowed in the hosts ipc namespace"},
	{"ipc", "fs.mqueue.queues_max", "is not allowed in the hosts ipc namespace"},
	{"network", "net.ipv4.ip_forward", "not allowed in host network namespace"},
	{"uts", "kernel.domainname", "is not in a separate kernel namespace"},
	{"user", "user.max_user_namespaces", "is not allowed without a user namespace"},
	{NULL, "kernel.hostname", "is not allowed as it conflicts with the OCI \"hostname\" field"},
	{NULL, "kernel.core_pattern", "is not in a separate kernel namespace"},
	{NULL, "kernel.shmmaxi", "is not in a separate kernel namespace"},
	{NULL, "kernel.sem.x", "is not in a separate kernel namespace"},
	{NULL, "network.x", "is not in a separate kernel namespace"},
	{NULL, "net", "is not in a separate kernel namespace"},
	{NULL, "vm.overcommit_memory", "is not in a separate kernel namespace"},
	{NULL, "net/../kernel/core_pattern", "is not a name such as \"net.ipv4.ip_forward\""},
	{"network", "net/ipv4/ip_forward", "not allowed in host network namespace"},
	{"network", "net/ipv4/conf/eno2.100/rp_filter", "not allowed in host network namespace"},
	{"network", "net.ipv4.conf.eno2/100.rp_filter", "not allowed in host network namespace"},
	{NULL, "kernel/core_pattern", "is not in a separate kernel namespace"},
	{NULL, "kernel/hostname", "is not allowed as it conflicts with the OCI \"hostname\" field"},
	{NULL, "net.//.kernel.core_pattern", "is not a name such as \"net.ipv4.ip_forward\""},
	{NULL, "net./.kernel", "is not a name such as \"net.ipv4.ip_forward\""},
	{NULL, "net/./kernel", "is not a name such as \"net.ipv4.ip_forward\""},
	{NULL, "net//ipv4", "is not a name such as \"net.ipv4.ip_forward\""},
	{NULL, "/net/ipv4", "is not a name such as \"net.ipv4.ip_forward\""},
	{NULL, "net.ipv4.//", "is not a name such as \"net.ipv4.ip_forward\""},
	{NULL, "net...kernel.core_pattern", "is not a name such as \"net.ipv4.ip_forward\""},
	{NULL, "net.", "is not a name such as \"net.ipv4.ip_forward\""},
	{NULL, ".net.x", "is not a name such as \"net.ipv4.ip_forward\""},
	{NULL, "net.ipv4.a b", "is not a name such as \"net.ipv4.ip_forward\""},
	{NULL, "", "is not a name such as \"net.ipv4.ip_forward\""},
};

/* The spec's own checks know some of the keys as well: these go in behind them. */
static void add_sysctl(struct bench *b, const char *key, const char *value)
{
	ck_assert_int_eq(bw_pairs_set(&b->arena, &b->spec->linux_->sysctl, key, value), 0);
}

START_TEST(a_key_needs_its_namespace)
{
	const struct key_row *row = &key_rows[_i];
	char document[256], expected[256], field[256];
	struct bench *b;

	snprintf(document, sizeof document, "\"linux\":{\"namespaces\":[{\"type\":\"%s\"}],%s}",
		row->namespace ? row->namespace : "ipc",
		"\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}],"
		"\"gidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]");
	if (!row->namespace || !bw_streq(row->namespace, "user"))
		strcpy(strstr(document, ",\"uidMappings"), "}");
	b = bench_new("", document);
	add_sysctl(b, row->key, "1");
	if (row->namespace) {
		bench_prepare(b, &bw_sysctl);
		ck_assert_uint_eq(b->plan.n, 1);
		b->spec->linux_->namespaces.n = 0;
	}
	snprintf(expected, sizeof expected, "sysctl \"%s\" %s", row->key, row->refused);
	snprintf(field, sizeof field, "/linux/sysctl/%s", row->key);
	bench_refused(b, &bw_sysctl, BW_E_SPEC, field, expected);
	bench_free(b);
}
END_TEST

START_TEST(our_own_network_namespace_by_path_is_the_hosts)
{
	struct bench *b = bench_new("",
		"\"linux\":{\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"},"
		"\"namespaces\":[{\"type\":\"network\",\"path\":\"/proc/self/ns/net\"}]}");

	bench_refused(b, &bw_sysctl, BW_E_SPEC, "/linux/sysctl/net.ipv4.ip_forward",
		"sysctl \"net.ipv4.ip_forward\" not allowed in host network namespace");
	bench_free(b);
}
END_TEST

START_TEST(exec_writes_nothing)
{
	struct bench *b = bench_new("", "\"linux\":{\"namespaces\":[{\"type\":\"network\"}],"
					"\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"}}");

	b->request.exec = true;
	bench_prepare(b, &bw_sysctl);
	ck_assert_uint_eq(b->plan.n, 0);
	bench_free(b);
}
END_TEST

static void look(void)
{
	char forward[16] = "", ttl[16] = "";

	bw_read_at(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", forward, sizeof forward);
	bw_read_at(AT_FDCWD, "/proc/sys/net/ipv4/ip_default_ttl", ttl, sizeof ttl);
	printf("%s %s", forward, ttl);
}

START_TEST(the_new_network_namespace_has_these_values)
{
	char before[16], after[16];
	struct bench *b;

	if (skip_unless(geteuid() == 0, "root"))
		return;
	ck_assert_int_gt((int)bw_read_at(AT_FDCWD, "/proc/sys/net/ipv4/ip_default_ttl", before,
				 sizeof before),
		0);
	b = bench_new("", "\"linux\":{\"namespaces\":[{\"type\":\"network\"}],\"sysctl\":{"
			  "\"net.ipv4.ip_forward\":\"1\",\"net.ipv4.ip_default_ttl\":\"77\"}}");
	bench_prepare(b, &bw_sysctl);
	bench_step(b, &bw_sysctl, 0, BW_PHASE_NODE, BW_SIDE_CHILD,
		"write \"1\" to sys/net/ipv4/ip_forward");
	ck_assert_str_eq(bench_apply(b, CLONE_NEWNET, NULL, look), "1 77");
	ck_assert_int_gt(
		(int)bw_read_at(AT_FDCWD, "/proc/sys/net/ipv4/ip_default_ttl", after, sizeof after),
		0);
	ck_assert_str_eq(before, after);
	bench_free(b);
}
END_TEST

static const struct {
	const char *key, *words;
} spellings[] = {
	{"net.ipv4.ip_forward", "write \"1\" to sys/net/ipv4/ip_forward"},
	{"net/ipv4/ip_forward", "write \"1\" to sys/net/ipv4/ip_forward"},
	{"net/ipv4/conf/eno2.100/rp_filter", "write \"1\" to sys/net/ipv4/conf/eno2.100/rp_filter"},
	{"net.ipv4.conf.eno2/100.rp_filter", "write \"1\" to sys/net/ipv4/conf/eno2.100/rp_filter"},
};

START_TEST(slashes_and_dots_change_places)
{
	struct bench *b = bench_new("", "\"linux\":{\"namespaces\":[{\"type\":\"network\"}]}");

	add_sysctl(b, spellings[_i].key, "1");
	bench_prepare(b, &bw_sysctl);
	bench_step(b, &bw_sysctl, 0, BW_PHASE_NODE, BW_SIDE_CHILD, spellings[_i].words);
	bench_free(b);
}
END_TEST

START_TEST(a_parameter_that_the_kernel_has_not_is_an_error)
{
	struct bench *b;

	if (skip_unless(geteuid() == 0, "root"))
		return;
	b = bench_new("", "\"linux\":{\"namespaces\":[{\"type\":\"network\"}],"
			  "\"sysctl\":{\"net.ipv4.no_such\":\"1\"}}");
	bench_prepare(b, &bw_sysctl);
	ck_assert_str_eq(bench_apply(b, CLONE_NEWNET, NULL, look), "step 0: ENOENT");
	bench_free(b);
}
END_TEST

BENCH_MAIN("sysctl", {a_key_needs_its_namespace, BW_COUNT(key_rows)},
	{our_own_network_namespace_by_path_is_the_hosts, 0}, {exec_writes_nothing, 0},
	{the_new_network_namespace_has_these_values, 0},
	{slashes_and_dots_change_places, BW_COUNT(spellings)},
	{a_parameter_that_the_kernel_has_not_is_an_error, 0})
