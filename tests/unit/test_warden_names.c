/* SPDX-License-Identifier: Apache-2.0 */
/* test_warden_names.c - what is a host name, what is an address in disguise, what a list has; which addresses are never
 * connected to; and the rows of the warden's configuration. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "warden/meter.h"
#include "warden/names.h"
#include "warden/ranges.h"
#include "warden/settings.h"

static char label63[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static const struct {
	const char *text;
	enum bw_name_kind kind;
	const char *name;
} names[] = {
	{"pypi.example", BW_NAME_FINE, "pypi.example"},
	{"PyPI.Example", BW_NAME_FINE, "pypi.example"},
	{"pypi.example.", BW_NAME_FINE, "pypi.example"},
	{"xn--bcher-kva.example", BW_NAME_FINE, "xn--bcher-kva.example"},
	{"1.pypi.example", BW_NAME_FINE, "1.pypi.example"},
	{"a.0xg", BW_NAME_FINE, "a.0xg"},
	{"pypi.example..", BW_NAME_BAD, NULL},
	{".pypi.example", BW_NAME_BAD, NULL},
	{"pypi..example", BW_NAME_BAD, NULL},
	{"pypi", BW_NAME_BAD, NULL},
	{"", BW_NAME_BAD, NULL},
	{".", BW_NAME_BAD, NULL},
	{"-a.example", BW_NAME_BAD, NULL},
	{"a-.example", BW_NAME_BAD, NULL},
	{"a_b.example", BW_NAME_BAD, NULL},
	{"a b.example", BW_NAME_BAD, NULL},
	{"b\xc3\xbc"
	 "cher.example",
		BW_NAME_BAD, NULL},
	{"*.example", BW_NAME_BAD, NULL},
	{"a@b.example", BW_NAME_BAD, NULL},
	{"a%2eb.example", BW_NAME_BAD, NULL},
	/* The ways to write 169.254.169.254. */
	{"169.254.169.254", BW_NAME_LITERAL, NULL},
	{"169.254.169.254.", BW_NAME_LITERAL, NULL},
	{"2852039166", BW_NAME_LITERAL, NULL},
	{"0251.0376.0251.0376", BW_NAME_LITERAL, NULL},
	{"0251.254.169.254", BW_NAME_LITERAL, NULL},
	{"0xA9FEA9FE", BW_NAME_LITERAL, NULL},
	{"0xa9.0xfe.0xa9.0xfe", BW_NAME_LITERAL, NULL},
	{"169.254.43518", BW_NAME_LITERAL, NULL},
	{"169.16689662", BW_NAME_LITERAL, NULL},
	{"a.example.1", BW_NAME_LITERAL, NULL},
	{"a.0x", BW_NAME_LITERAL, NULL},
	{"::ffff:a9fe:a9fe", BW_NAME_LITERAL, NULL},
	{"[::ffff:169.254.169.254]", BW_NAME_LITERAL, NULL},
	{"fd00:ec2::254", BW_NAME_LITERAL, NULL},
};

START_TEST(a_name_has_one_spelling)
{
	char name[BW_NAME_SIZE];

	ck_assert_msg(bw_name_normalise(names[_i].text, strlen(names[_i].text), name) == names[_i].kind, "%s",
		names[_i].text);
	ck_assert_str_eq(name, names[_i].name ? names[_i].name : "");
}
END_TEST

START_TEST(a_name_has_253_bytes_and_labels_of_63)
{
	char text[400], name[BW_NAME_SIZE];

	snprintf(text, sizeof text, "%s.%s.%s.%.61s", label63, label63, label63, label63);
	ck_assert_uint_eq(strlen(text), 253);
	ck_assert_int_eq(bw_name_normalise(text, 253, name), BW_NAME_FINE);
	snprintf(text, sizeof text, "%s.%s.%s.%.62s", label63, label63, label63, label63);
	ck_assert_int_eq(bw_name_normalise(text, 254, name), BW_NAME_BAD);
	snprintf(text, sizeof text, "a%s.example", label63);
	ck_assert_int_eq(bw_name_normalise(text, strlen(text), name), BW_NAME_BAD);
	ck_assert_int_eq(bw_name_normalise("a.exa\0ple", 9, name), BW_NAME_BAD);
}
END_TEST

static const struct {
	const char *name;
	bool is_listed;
} listed[] = {
	{"pypi.example", true},
	{"dotted.example", true},
	{"a.wild.example", true},
	{"a.b.wild.example", true},
	{"wild.example", false},
	{"awild.example", false},
	{"a.pypi.example", false},
	{"xpypi.example", false},
	{"pypi.example.evil.test", false},
	{"example", false},
	{"metadata.google.internal", false},
	{"a.metadata.google.internal", false},
	{"a.google.internal", true},
};

START_TEST(a_list_has_names_and_what_is_below_a_star)
{
	static char pypi[] = "pypi.example", dotted[] = "dotted.example.", wild[] = "*.wild.example",
		    internal[] = "*.google.internal";
	static char *texts[] = {pypi, dotted, wild, internal};
	const struct bw_strs list = {texts, BW_COUNT(texts)};

	ck_assert_msg(bw_names_match(&list, listed[_i].name) == listed[_i].is_listed, "%s", listed[_i].name);
}
END_TEST

static const struct {
	const char *text, *error;
} patterns[] = {
	{"pypi.example", NULL},
	{"pypi.example.", NULL},
	{"*.wild.example", NULL},
	{"*.example", "\"*.example\" is not a host name of two labels or more, with or without \"*.\" before it"},
	{"*", "\"*\" is not a host name of two labels or more, with or without \"*.\" before it"},
	{"a.*.example", "\"a.*.example\" is not a host name of two labels or more, with or without \"*.\" before it"},
	{"PyPI.example", "\"PyPI.example\" must be in lower case"},
	{"9.9.9.9", "\"9.9.9.9\" is not a host name of two labels or more, with or without \"*.\" before it"},
	{"metadata.google.internal",
		"\"metadata.google.internal\" leads to a metadata service, which is never allowed"},
	{"instance-data.ec2.internal",
		"\"instance-data.ec2.internal\" leads to a metadata service, which is never allowed"},
	{"a.localhost", "\"a.localhost\" leads to this machine, which is never allowed"},
	{"*.svc.cluster.local", "\"*.svc.cluster.local\" leads to the local network, which is never allowed"},
};

START_TEST(a_pattern_is_checked_with_words)
{
	struct bw_err err = {0};
	int r = bw_name_check_pattern(patterns[_i].text, &err);

	ck_assert_int_eq(r, patterns[_i].error ? -1 : 0);
	ck_assert_str_eq(err.text, patterns[_i].error ? patterns[_i].error : "");
}
END_TEST

static const struct {
	const char *text;
	const char *why; /* NULL: may be connected to */
} addresses[] = {
	{"9.9.9.9", NULL},
	{"1.0.0.0", NULL},
	{"9.255.255.255", NULL},
	{"11.0.0.0", NULL},
	{"100.63.255.255", NULL},
	{"100.128.0.0", NULL},
	{"172.15.255.255", NULL},
	{"172.32.0.0", NULL},
	{"192.0.1.0", NULL},
	{"198.17.255.255", NULL},
	{"198.20.0.0", NULL},
	{"168.63.129.15", NULL},
	{"168.63.129.17", NULL},
	{"223.255.255.255", NULL},
	{"2600:9::10", NULL},
	{"2001:200::1", NULL},
	{"2003::1", NULL},
	{"3ffe::1", NULL},
	{"0.0.0.0", "this network"},
	{"0.255.255.255", "this network"},
	{"10.0.0.0", "private"},
	{"10.255.255.255", "private"},
	{"100.64.0.0", "shared (carrier-grade NAT)"},
	{"100.100.100.200", "shared (carrier-grade NAT)"},
	{"100.127.255.255", "shared (carrier-grade NAT)"},
	{"127.0.0.1", "loopback"},
	{"127.255.255.255", "loopback"},
	{"169.254.169.254", "link-local"},
	{"169.254.170.2", "link-local"},
	{"172.16.0.0", "private"},
	{"172.31.255.255", "private"},
	{"192.0.0.192", "reserved for protocols"},
	{"192.0.2.1", "documentation"},
	{"192.88.99.1", "6to4 relays"},
	{"192.168.0.1", "private"},
	{"198.18.0.0", "benchmarks"},
	{"198.19.255.255", "benchmarks"},
	{"198.51.100.7", "documentation"},
	{"203.0.113.7", "documentation"},
	{"224.0.0.1", "multicast"},
	{"239.255.255.255", "multicast"},
	{"240.0.0.1", "reserved"},
	{"255.255.255.255", "reserved"},
	{"168.63.129.16", "Azure's host"},
	{"::", "unspecified, loopback or IPv4-compatible"},
	{"::1", "unspecified, loopback or IPv4-compatible"},
	{"::a9fe:a9fe", "unspecified, loopback or IPv4-compatible"},
	{"::ffff:169.254.169.254", "link-local"},
	{"::ffff:10.1.2.3", "private"},
	{"::ffff:127.0.0.1", "loopback"},
	{"::ffff:9.9.9.9", NULL},
	{"64:ff9b::a9fe:a9fe", "NAT64"},
	{"64:ff9b:1::1", "NAT64"},
	{"64:ff9b:2::1", "not global unicast"},
	{"100::1", "discard"},
	{"2001::1", "reserved for protocols"},
	{"2001:1ff::1", "reserved for protocols"},
	{"2001:db8::1", "documentation"},
	{"2002:a9fe:a9fe::1", "6to4"},
	{"3fff::1", "documentation"},
	{"3fff:fff::1", "documentation"},
	{"3fff:1000::1", NULL},
	{"fc00::1", "private"},
	{"fd00:ec2::254", "private"},
	{"fd20:ce::254", "private"},
	{"fe80::a9fe:a9fe", "link-local"},
	{"febf::1", "link-local"},
	{"fec0::1", "site-local"},
	{"ff02::1", "multicast"},
	{"4000::1", "not global unicast"},
	{"5f00::1", "not global unicast"},
	{"::1:0:0:1", "not global unicast"},
	/* Of the lists of the test. */
	{"8.8.8.8", "refused by the configuration"},
	{"::ffff:8.8.8.9", "refused by the configuration"},
	{"2600:ffff::1", "refused by the configuration"},
	{"5.5.5.5", "this host's own"},
	{"5.5.5.6", NULL},
};

static void address_of(const char *text, struct bw_address *ret)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} s = {0};

	s.any.sa_family = AF_INET;
	if (inet_pton(AF_INET, text, &s.v4.sin_addr) != 1) {
		s.any.sa_family = AF_INET6;
		ck_assert_int_eq(inet_pton(AF_INET6, text, &s.v6.sin6_addr), 1);
	}
	ck_assert_int_eq(bw_address_of(&s.any, ret), 0);
}

START_TEST(addresses_that_are_not_public_are_refused)
{
	struct bw_prefix refuse[2], own;
	const struct bw_ranges ranges = {{refuse, 2}, {&own, 1}};
	struct bw_address address;
	const char *why;

	ck_assert_int_eq(bw_prefix_parse("8.8.8.0/24", &refuse[0]), 0);
	ck_assert_int_eq(bw_prefix_parse("2600:ffff::/32", &refuse[1]), 0);
	ck_assert_int_eq(bw_prefix_parse("5.5.5.5", &own), 0);
	address_of(addresses[_i].text, &address);
	why = bw_address_refused(&address, &ranges);
	ck_assert_msg(bw_streq0(why, addresses[_i].why), "%s: %s", addresses[_i].text, why ? why : "allowed");
}
END_TEST

START_TEST(an_address_is_written_as_people_do)
{
	char text[BW_ADDRESS_TEXT];
	struct bw_address address;

	address_of("::ffff:9.8.7.6", &address);
	bw_address_text(&address, text);
	ck_assert_str_eq(text, "9.8.7.6");
	address_of("2600::1", &address);
	bw_address_text(&address, text);
	ck_assert_str_eq(text, "2600::1");
}
END_TEST

START_TEST(a_prefix_has_no_bits_behind_its_length)
{
	static const char *const wrong[] = {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/a", "10.0.0", "fd00::1/8",
		"fd00::/129", "", "/8", "10.0.0.0/8 ", "name.example"};
	static const char *const right[] = {"0.0.0.0/0", "10.0.0.0/8", "10.1.2.3/32", "10.1.2.3", "::/0", "fd00::/8",
		"2600::1/128", "::ffff:10.0.0.0/104"};
	struct bw_prefix prefix;

	for (size_t i = 0; i < BW_COUNT(wrong); i++)
		ck_assert_msg(bw_prefix_parse(wrong[i], &prefix) < 0, "%s", wrong[i]);
	for (size_t i = 0; i < BW_COUNT(right); i++)
		ck_assert_msg(bw_prefix_parse(right[i], &prefix) == 0, "%s", right[i]);
}
END_TEST

#define IDS "\"id\": \"c\", \"user\": 1, \"group\": 1"

static const struct {
	const char *text, *error;
} configurations[] = {
	{"{" IDS "}", NULL},
	{"{" IDS ", \"allow\": [\"a.example\"], \"nameservers\": [\"9.9.9.9\", \"9.9.9.9:54\", \"[2600::1]:53\", \"2600::1\", \"[2600::1]\"]}",
		NULL},
	{"{\"id\": \"c\", \"user\": 0, \"group\": 1}", "/user: must be a number from 1 to 4294967294, not 0"},
	{"{\"id\": \"c\", \"user\": 1, \"group\": 0}", "/group: must be a number from 1 to 4294967294, not 0"},
	{"{\"user\": 1, \"group\": 1}", "/id: is required"},
	{"{" IDS ", \"allow\": [\"a.example\", \"b\"]}",
		"/allow/1: \"b\" is not a host name of two labels or more, with or without \"*.\" before it"},
	{"{" IDS ", \"plain\": [\"B.example\"]}", "/plain/0: \"B.example\" must be in lower case"},
	{"{" IDS ", \"ports\": [443, 53]}", "/ports/1: 53 is not a port for TLS"},
	{"{" IDS ", \"ports\": [0]}", "/ports/0: 0 is not a port for TLS"},
	{"{" IDS ", \"ports\": [65536]}", "/ports/0: 65536 is not a port for TLS"},
	{"{" IDS ", \"ports\": [443, 443]}", "/ports: 443 is there twice"},
	{"{" IDS ", \"ports\": []}", "/ports: must not be empty"},
	{"{" IDS ", \"proxyPort\": 443}", "/proxyPort: 443 is the port of something else"},
	{"{" IDS ", \"proxyPort\": 53}", "/proxyPort: 53 is the port of something else"},
	{"{" IDS ", \"refuse\": [\"10.0.0.1/8\"]}",
		"/refuse/0: \"10.0.0.1/8\" is not an address or a prefix such as 10.0.0.0/8"},
	{"{" IDS ", \"nameservers\": [\"dns.example\"]}",
		"/nameservers/0: \"dns.example\" is not an address with or without a port"},
	{"{" IDS ", \"nameservers\": [\"9.9.9.9:0\"]}",
		"/nameservers/0: \"9.9.9.9:0\" is not an address with or without a port"},
	{"{" IDS ", \"nameservers\": [\"9.9.9.9,8.8.8.8\"]}",
		"/nameservers/0: \"9.9.9.9,8.8.8.8\" is not an address with or without a port"},
	{"{" IDS ", \"connections\": 0}", "/connections: must be a number from 1 to 4096, not 0"},
	{"{" IDS ", \"connections\": 4097}", "/connections: must be a number from 1 to 4096, not 4097"},
	{"{" IDS ", \"onDeath\": \"shrug\"}", "/onDeath: must be one of keep or kill, not \"shrug\""},
	{"{" IDS ", \"alow\": []}", "/alow: is not a known property"},
};

START_TEST(a_configuration_is_read_strictly)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const struct bw_settings *settings;
	struct bw_err err = {0};
	const char *text = configurations[_i].text;
	int r = bw_settings_parse(text, strlen(text), &arena, &settings, &err);

	if (!configurations[_i].error) {
		ck_assert_msg(r == 0, "%s", err.text);
		return;
	}
	ck_assert_msg(r < 0, "%s", text);
	ck_assert_str_eq(err.text, configurations[_i].error);
}
END_TEST

START_TEST(what_is_absent_has_its_default)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const char text[] = "{" IDS ", \"refuse\": [\"8.0.0.0/8\"]}";
	const struct bw_settings *s;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_settings_parse(text, strlen(text), &arena, &s, &err), 0);
	ck_assert(s->connections.v == 256 && s->per_minute.v == 600 && s->bytes.v == 0 && s->idle_s.v == 60);
	ck_assert(s->handshake_s.v == 10 && s->proxy_port.v == 3128 && !s->on_death);
	ck_assert(bw_settings_has_port(s, 443) && !bw_settings_has_port(s, 80));
	ck_assert(s->refused.n == 1 && s->refused.v[0].length == 104);
}
END_TEST

START_TEST(a_meter_lets_by_so_many_at_once_and_so_many_a_minute)
{
	struct bw_meter meter = bw_meter_make(60, 3, 1000);

	for (int i = 0; i < 3; i++)
		ck_assert(bw_meter_take(&meter, 1000));
	ck_assert(!bw_meter_take(&meter, 1000));
	ck_assert(!bw_meter_take(&meter, 1999));
	ck_assert(bw_meter_take(&meter, 2000));
	ck_assert(!bw_meter_take(&meter, 2000));
	/* A clock that goes back, and one that jumps. */
	ck_assert(!bw_meter_take(&meter, 0));
	for (int i = 0; i < 3; i++)
		ck_assert(bw_meter_take(&meter, UINT64_MAX));
	ck_assert(!bw_meter_take(&meter, UINT64_MAX));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("warden: names");
	TCase *t = tcase_create("names");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(t, a_name_has_one_spelling, 0, BW_COUNT(names));
	tcase_add_test(t, a_name_has_253_bytes_and_labels_of_63);
	tcase_add_loop_test(t, a_list_has_names_and_what_is_below_a_star, 0, BW_COUNT(listed));
	tcase_add_loop_test(t, a_pattern_is_checked_with_words, 0, BW_COUNT(patterns));
	suite_add_tcase(suite, t);
	t = tcase_create("ranges");
	tcase_add_loop_test(t, addresses_that_are_not_public_are_refused, 0, BW_COUNT(addresses));
	tcase_add_test(t, an_address_is_written_as_people_do);
	tcase_add_test(t, a_prefix_has_no_bits_behind_its_length);
	suite_add_tcase(suite, t);
	t = tcase_create("settings");
	tcase_add_loop_test(t, a_configuration_is_read_strictly, 0, BW_COUNT(configurations));
	tcase_add_test(t, what_is_absent_has_its_default);
	tcase_add_test(t, a_meter_lets_by_so_many_at_once_and_so_many_a_minute);
	suite_add_tcase(suite, t);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
