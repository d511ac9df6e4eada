/* SPDX-License-Identifier: Apache-2.0 */
/* connect.c - see connect.h. */
#include "warden/connect.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"

/* A piece of the text. */
struct span {
	const char *at;
	size_t len;
};

static enum bw_head_result bad(struct bw_head *ret, int status, const char *reason)
{
	ret->status = status;
	ret->reason = reason;
	return BW_HEAD_BAD;
}

static bool is_token(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
			(c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return s.len > 0;
}

/* Nothing but printable ASCII, blanks left out. */
static bool is_visible(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= ' ' || s.at[i] >= 0x7f)
			return false;
	return true;
}

static bool equals(struct span s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

static bool equals_nocase(struct span s, const char *text)
{
	return s.len == strlen(text) && strncasecmp(s.at, text, s.len) == 0;
}

/* Cuts what is before c off *rest, and c; false when there is none. */
static bool cut(struct span *rest, char c, struct span *ret)
{
	const char *found = memchr(rest->at, c, rest->len);

	if (!found)
		return false;
	*ret = (struct span){rest->at, (size_t)(found - rest->at)};
	*rest = (struct span){found + 1, rest->len - ret->len - 1};
	return true;
}

/* 1..65535 without a zero before it. */
static bool read_port(struct span s, uint16_t *ret)
{
	unsigned value = 0;

	if (s.len == 0 || s.len > 5 || s.at[0] == '0')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		value = value * 10 + (unsigned)(s.at[i] - '0');
	}
	*ret = (uint16_t)value;
	return value <= UINT16_MAX;
}

/* "name", "name:port"; without a port it is default_port, 0: must be there. */
static enum bw_head_result read_authority(struct span s, uint16_t default_port, struct bw_head *ret)
{
	struct span name = s, port = {0};
	const char *colon;

	if (memchr(s.at, '@', s.len))
		return bad(ret, 400, "user information before the host");
	if (s.len > 0 && s.at[0] == '[')
		return bad(ret, 403, "the host is an address, not a name");
	colon = memrchr(s.at, ':', s.len);
	if (colon) {
		name.len = (size_t)(colon - s.at);
		port = (struct span){colon + 1, s.len - name.len - 1};
	}
	switch (bw_name_normalise(name.at, name.len, ret->name)) {
	case BW_NAME_LITERAL:
		return bad(ret, 403, "the host is an address, not a name");
	case BW_NAME_BAD:
		return bad(ret, 400, "the host is not a host name");
	case BW_NAME_FINE:
		break;
	}
	ret->port = default_port;
	if (colon ? !read_port(port, &ret->port) : default_port == 0)
		return bad(ret, 400, "the port is not a port");
	return BW_HEAD_FINE;
}

/* http://authority/path */
static enum bw_head_result read_url(struct span target, struct bw_head *ret)
{
	static const char scheme[] = "http://";
	const size_t scheme_len = sizeof scheme - 1;
	struct span authority;

	if (target.len < scheme_len || strncasecmp(target.at, scheme, scheme_len) != 0)
		return bad(ret, 400, "the target is not an absolute http URL");
	authority = (struct span){target.at + scheme_len, 0};
	while (authority.len < target.len - scheme_len && !strchr("/?#\\", authority.at[authority.len]))
		authority.len++;
	ret->path = authority.at + authority.len;
	ret->path_len = target.len - scheme_len - authority.len;
	if (memchr(ret->path, '#', ret->path_len) || (ret->path_len && ret->path[0] == '\\'))
		return bad(ret, 400, "the target is not an absolute http URL");
	return read_authority(authority, 80, ret);
}

static const struct {
	const char *name;
	enum bw_head_method method;
} methods[] = {{"CONNECT", BW_HEAD_CONNECT}, {"GET", BW_HEAD_GET}, {"HEAD", BW_HEAD_HEAD}};

static enum bw_head_result read_first_line(struct span line, struct bw_head *ret, bool *ret_is_1_1)
{
	struct span method, target;
	size_t i = 0;

	if (!cut(&line, ' ', &method) || !cut(&line, ' ', &target) || !is_token(method) || !is_visible(target))
		return bad(ret, 400, "malformed request line");
	ret->target = target.at;
	ret->target_len = target.len;
	*ret_is_1_1 = equals(line, "HTTP/1.1");
	if (!*ret_is_1_1 && !equals(line, "HTTP/1.0"))
		return bad(ret, 400, "malformed request line");
	while (i < BW_COUNT(methods) && !equals(method, methods[i].name))
		i++;
	if (i == BW_COUNT(methods))
		return bad(ret, 405, "only CONNECT, GET and HEAD are known");
	ret->method = methods[i].method;
	return ret->method == BW_HEAD_CONNECT ? read_authority(target, 0, ret) : read_url(target, ret);
}

/* What a field's line is; blanks around the value are gone. */
static bool split_field(struct span line, struct span *ret_name, struct span *ret_value)
{
	if (!cut(&line, ':', ret_name) || !is_token(*ret_name))
		return false;
	while (line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t'))
		line = (struct span){line.at + 1, line.len - 1};
	while (line.len > 0 && (line.at[line.len - 1] == ' ' || line.at[line.len - 1] == '\t'))
		line.len--;
	for (size_t i = 0; i < line.len; i++)
		if (((unsigned char)line.at[i] < ' ' && line.at[i] != '\t') || line.at[i] == 0x7f)
			return false;
	*ret_value = line;
	return true;
}

/* Of CONNECT it says the target once more, maybe without the port. */
static enum bw_head_result check_host(struct span value, struct bw_head *head)
{
	struct bw_head again = {0};

	if (head->method != BW_HEAD_CONNECT)
		return BW_HEAD_FINE;
	if (read_authority(value, head->port, &again) == BW_HEAD_BAD || !bw_streq(again.name, head->name) ||
		again.port != head->port)
		return bad(head, 400, "Host is not the target");
	return BW_HEAD_FINE;
}

static enum bw_head_result check_fields(struct bw_head *head, bool host_needed)
{
	struct span rest = {head->fields, head->fields_len}, line, name, value;
	unsigned n = 0, hosts = 0;

	while (cut(&rest, '\n', &line)) {
		line.len--; /* its CR */
		if (++n > BW_HEAD_MAX_FIELDS)
			return bad(head, 431, "too many header fields");
		if (!split_field(line, &name, &value))
			return bad(head, 400, "malformed header field");
		if (equals_nocase(name, "Transfer-Encoding") ||
			(equals_nocase(name, "Content-Length") && !equals(value, "0")))
			return bad(head, 400, "a request with a body");
		if (!equals_nocase(name, "Host"))
			continue;
		if (++hosts > 1)
			return bad(head, 400, "more than one Host");
		if (check_host(value, head) == BW_HEAD_BAD)
			return BW_HEAD_BAD;
	}
	return hosts || !host_needed ? BW_HEAD_FINE : bad(head, 400, "no Host");
}

/* The end of the head: an empty line. Every LF must have its CR and the other way round; they are refused as they
 * come, for servers differ in what they take for the end. */
static enum bw_head_result find_end(const char *text, size_t len, struct bw_head *ret)
{
	size_t line = 0;

	if (len > 0 && (text[0] < 'A' || text[0] > 'Z'))
		return bad(ret, 400, "malformed request line");
	for (size_t i = 0; i < len; i++) {
		if (i >= BW_HEAD_MAX)
			return bad(ret, 431, "the head is too long");
		if (text[i] == '\0' || (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) ||
			(i > 0 && text[i - 1] == '\r' && text[i] != '\n'))
			return bad(ret, 400, "malformed line");
		if (text[i] != '\n')
			continue;
		if (i == line + 1) {
			ret->len = i + 1;
			return BW_HEAD_FINE;
		}
		line = i + 1;
	}
	return len >= BW_HEAD_MAX ? bad(ret, 431, "the head is too long") : BW_HEAD_MORE;
}

enum bw_head_result bw_head_read(const char *text, size_t len, struct bw_head *ret)
{
	struct span rest, line;
	enum bw_head_result r;
	bool is_1_1 = false;

	memset(ret, 0, sizeof *ret);
	r = find_end(text, len, ret);
	if (r != BW_HEAD_FINE)
		return r;
	rest = (struct span){text, ret->len - 2};
	if (!cut(&rest, '\n', &line) || line.len == 0)
		return bad(ret, 400, "malformed request line");
	line.len--;
	ret->fields = rest.at;
	ret->fields_len = rest.len;
	if (read_first_line(line, ret, &is_1_1) == BW_HEAD_BAD)
		return BW_HEAD_BAD;
	return check_fields(ret, is_1_1);
}

static bool is_for_proxies(struct span name)
{
	static const char *const names[] = {"Host", "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authorization",
		"Proxy-Authenticate", "TE", "Trailer", "Upgrade", "HTTP2-Settings", "Content-Length", "Expect"};

	for (size_t i = 0; i < BW_COUNT(names); i++)
		if (equals_nocase(name, names[i]))
			return true;
	return false;
}

void bw_head_rewrite(const struct bw_head *head, struct bw_buf *buf)
{
	struct span rest = {head->fields, head->fields_len}, line, name, value;

	bw_buf_addf(buf, "%s %s", head->method == BW_HEAD_HEAD ? "HEAD" : "GET",
		head->path_len && head->path[0] == '/' ? "" : "/");
	bw_buf_addn(buf, head->path, head->path_len);
	bw_buf_addf(buf, " HTTP/1.1\r\nHost: %s\r\n", head->name);
	while (cut(&rest, '\n', &line)) {
		line.len--;
		if (!split_field(line, &name, &value) || is_for_proxies(name))
			continue;
		bw_buf_addn(buf, name.at, name.len);
		bw_buf_add(buf, ": ");
		bw_buf_addn(buf, value.at, value.len);
		bw_buf_add(buf, "\r\n");
	}
	bw_buf_add(buf, "Connection: close\r\n\r\n");
}

static const struct {
	int status;
	const char *words;
} statuses[] = {
	{400, "Bad Request"},
	{403, "Forbidden"},
	{405, "Method Not Allowed"},
	{408, "Request Timeout"},
	{431, "Request Header Fields Too Large"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
};

void bw_head_answer(int status, const char *reason, struct bw_buf *buf)
{
	const char *words = "Error";

	for (size_t i = 0; i < BW_COUNT(statuses); i++)
		if (statuses[i].status == status)
			words = statuses[i].words;
	bw_buf_addf(buf,
		"HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n"
		"bulwark: %s\n",
		status, words, strlen(reason) + strlen("bulwark: \n"), status == 405 ? "Allow: CONNECT, GET, HEAD\r\n" : "",
		reason);
}
