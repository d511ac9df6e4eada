/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - see names.h. One spelling before every comparison: what is compared twice in two spellings is a hole. */
#include "warden/names.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"

enum { MAX_LABEL = 63 };

/* ASCII only and without a locale. */
static char lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

/* Whether inet_aton() and URL parsers take the last label, and so the whole, for a number: "254", "0x7f", "0251". */
static bool is_number(const char *label)
{
	bool hex = label[0] == '0' && label[1] == 'x';

	if (!*label)
		return false;
	for (label += hex ? 2 : 0; *label; label++)
		if (hex ? !is_hex(*label) : !is_digit(*label))
			return false;
	return true;
}

static bool is_label(const char *label, size_t len)
{
	if (len == 0 || len > MAX_LABEL || label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_digit(label[i]) && !(label[i] >= 'a' && label[i] <= 'z') && label[i] != '-')
			return false;
	return true;
}

/* Counts the labels of a lower-case name; 0 when one of them is none. */
static size_t count_labels(const char *name)
{
	size_t n = 0;

	for (;;) {
		size_t len = strcspn(name, ".");

		if (!is_label(name, len))
			return 0;
		n++;
		if (!name[len])
			return n;
		name += len + 1;
	}
}

static enum bw_name_kind normalise(const char *text, size_t len, char ret[BW_NAME_SIZE])
{
	const char *dot;

	memset(ret, 0, BW_NAME_SIZE);
	if (len > 0 && (text[0] == '[' || memchr(text, ':', len)))
		return BW_NAME_LITERAL;
	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len >= BW_NAME_SIZE || memchr(text, '\0', len))
		return BW_NAME_BAD;
	for (size_t i = 0; i < len; i++)
		ret[i] = lower(text[i]);
	dot = strrchr(ret, '.');
	if (is_number(dot ? dot + 1 : ret))
		return BW_NAME_LITERAL;
	return count_labels(ret) >= 2 ? BW_NAME_FINE : BW_NAME_BAD;
}

enum bw_name_kind bw_name_normalise(const char *text, size_t len, char ret[BW_NAME_SIZE])
{
	enum bw_name_kind kind = normalise(text, len, ret);

	if (kind != BW_NAME_FINE)
		ret[0] = '\0';
	return kind;
}

static const struct {
	const char *name; /* itself and everything below it */
	const char *what;
} never[] = {
	{"localhost", "this machine"},
	{"localdomain", "this machine"},
	{"local", "the local network"},
	{"in-addr.arpa", "an address"},
	{"ip6.arpa", "an address"},
	{"instance-data.ec2.internal", "a metadata service"},
	{"metadata.google.internal", "a metadata service"},
	{"metadata.goog", "a metadata service"},
	{"metadata.tencentyun.com", "a metadata service"},
	{"api.metadata.cloud.ibm.com", "a metadata service"},
	{"metadata.platformequinix.com", "a metadata service"},
	{"metadata.azure.internal", "a metadata service"},
	{"kubernetes.default.svc", "a cluster's control plane"},
	{"cluster.local", "a cluster's control plane"},
};

/* Whether name is suffix or lies below it. */
static bool is_below(const char *name, const char *suffix)
{
	return bw_streq(name, suffix) ||
	       (bw_has_suffix(name, suffix) && name[strlen(name) - strlen(suffix) - 1] == '.');
}

const char *bw_name_never(const char *name)
{
	for (size_t i = 0; i < BW_COUNT(never); i++)
		if (is_below(name, never[i].name))
			return never[i].what;
	return NULL;
}

int bw_name_check_pattern(const char *text, struct bw_err *err)
{
	const char *rest = bw_after_prefix(text, "*.");
	const char *name = rest ? rest : text;
	size_t len = strlen(name);
	char normal[BW_NAME_SIZE];

	if (bw_name_normalise(name, len, normal) != BW_NAME_FINE)
		return bw_fail(err, BW_E_SPEC, 0,
			"\"%s\" is not a host name of two labels or more, with or without \"*.\" before it", text);
	if (strncmp(name, normal, strlen(normal)) != 0)
		return bw_fail(err, BW_E_SPEC, 0, "\"%s\" must be in lower case", text);
	if (bw_name_never(normal))
		return bw_fail(err, BW_E_SPEC, 0, "\"%s\" leads to %s, which is never allowed", text, bw_name_never(normal));
	return 0;
}

/* pattern may end in one dot. */
static bool matches(const char *pattern, const char *name)
{
	const char *suffix = bw_after_prefix(pattern, "*.");
	const char *wanted = suffix ? suffix : pattern;
	size_t len = strlen(wanted), name_len = strlen(name);

	if (len > 0 && wanted[len - 1] == '.')
		len--;
	if (!suffix)
		return name_len == len && memcmp(name, wanted, len) == 0;
	return name_len > len + 1 && name[name_len - len - 1] == '.' && memcmp(name + name_len - len, wanted, len) == 0;
}

bool bw_names_match(const struct bw_strs *list, const char *name)
{
	if (bw_name_never(name))
		return false;
	for (size_t i = 0; i < list->n; i++)
		if (matches(list->v[i], name))
			return true;
	return false;
}
