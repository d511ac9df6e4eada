/* SPDX-License-Identifier: Apache-2.0 */
/* test_endpoint.c - blocked endpoints as addresses and prefixes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "control/endpoint.h"

static const struct {
	const char *text;
	int family;
	unsigned bits;
	const char *addr;
} addresses[] = {
	{"169.254.169.254", AF_INET, 32, "\xa9\xfe\xa9\xfe"},
	{"169.254.169.254/32", AF_INET, 32, "\xa9\xfe\xa9\xfe"},
	{"169.254.172.0/22", AF_INET, 22, "\xa9\xfe\xac\0"},
	{"128.0.0.0/1", AF_INET, 1, "\x80\0\0\0"},
	{"::ffff:169.254.169.254", AF_INET, 32, "\xa9\xfe\xa9\xfe"},
	{"::ffff:a9fe:a9fe", AF_INET, 32, "\xa9\xfe\xa9\xfe"},
	{"::ffff:169.254.0.0/112", AF_INET, 16, "\xa9\xfe\0\0"},
	{"fd00:ec2::254", AF_INET6, 128, "\xfd\0\x0e\xc2\0\0\0\0\0\0\0\0\0\0\x02\x54"},
	{"fd20:ce::/32", AF_INET6, 32, "\xfd\x20\0\xce\0\0\0\0\0\0\0\0\0\0\0\0"},
	{"fe80::a9fe:a9fe", AF_INET6, 128, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\xa9\xfe\xa9\xfe"},
};

START_TEST(addresses_and_prefixes_are_understood)
{
	struct bw_endpoint endpoint;

	ck_assert_int_eq(bw_endpoint_parse(addresses[_i].text, &endpoint, NULL), 0);
	ck_assert_int_eq(endpoint.family, addresses[_i].family);
	ck_assert_uint_eq(endpoint.len, endpoint.family == AF_INET ? 4 : 16);
	ck_assert_uint_eq(endpoint.bits, addresses[_i].bits);
	ck_assert_mem_eq(endpoint.addr, addresses[_i].addr, endpoint.len);
}
END_TEST

static const char *const no_addresses[] = {"", "169.254.169.254/33", "169.254.169.254/", "169.254.169.254/x",
	"169.254.169.254/-1", "169.254.169.254/0", "fd00::/129", "::ffff:0.0.0.0/96", "/24", "169.254.43518",
	"0251.254.169.254", "2852039166", "fe80::1%eth0", "metadata", "169.254.169.254 ", "::ffff:169.254.169",
	"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};

START_TEST(what_is_no_address_is_refused)
{
	struct bw_endpoint endpoint;
	struct bw_err err = {0};
	char want[200];

	snprintf(want, sizeof want, "blocked endpoint \"%s\" is not an IPv4 or IPv6 address, nor one with /PREFIX-LENGTH",
		no_addresses[_i]);
	ck_assert_int_eq(bw_endpoint_parse(no_addresses[_i], &endpoint, &err), -1);
	ck_assert_str_eq(err.text, want);
	ck_assert_int_eq(err.code, BW_E_POLICY);
}
END_TEST

START_TEST(bits_behind_the_prefix_are_a_mistake)
{
	struct bw_endpoint endpoint;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_endpoint_parse("169.254.173.0/22", &endpoint, &err), -1);
	ck_assert_str_eq(err.text, "blocked endpoint \"169.254.173.0/22\" has bits set behind its first 22");
}
END_TEST

START_TEST(each_is_in_the_list_once)
{
	static char imds[] = "169.254.169.254", mapped[] = "::ffff:169.254.169.254", whole[] = "169.254.169.254/32",
		    pair[] = "169.254.169.254/31";
	char *texts[] = {imds, mapped, whole, pair};
	const struct bw_strs list = {texts, sizeof texts / sizeof *texts};
	struct bw_endpoint endpoints[BW_MAX_ENDPOINTS];
	size_t n;

	ck_assert_int_eq(bw_endpoints_parse(&list, endpoints, &n, NULL), 0);
	ck_assert_uint_eq(n, 2);
}
END_TEST

START_TEST(more_than_the_limit_is_refused)
{
	static char texts[BW_MAX_ENDPOINTS + 1][32];
	static char *v[BW_MAX_ENDPOINTS + 1];
	struct bw_strs list = {v, BW_MAX_ENDPOINTS};
	struct bw_endpoint endpoints[BW_MAX_ENDPOINTS];
	struct bw_err err = {0};
	size_t n;

	for (size_t i = 0; i <= BW_MAX_ENDPOINTS; i++) {
		snprintf(texts[i], sizeof texts[i], "fd00:ec2::%zx", i + 1);
		v[i] = texts[i];
	}
	ck_assert_int_eq(bw_endpoints_parse(&list, endpoints, &n, &err), 0);
	ck_assert_uint_eq(n, BW_MAX_ENDPOINTS);
	list.n++;
	ck_assert_int_eq(bw_endpoints_parse(&list, endpoints, &n, &err), -1);
	ck_assert_str_eq(err.text, "65 blocked endpoints are more than 64");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("endpoint");
	TCase *tc = tcase_create("endpoint");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, addresses_and_prefixes_are_understood, 0, (int)(sizeof addresses / sizeof *addresses));
	tcase_add_loop_test(tc, what_is_no_address_is_refused, 0, (int)(sizeof no_addresses / sizeof *no_addresses));
	tcase_add_test(tc, bits_behind_the_prefix_are_a_mistake);
	tcase_add_test(tc, each_is_in_the_list_once);
	tcase_add_test(tc, more_than_the_limit_is_refused);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
