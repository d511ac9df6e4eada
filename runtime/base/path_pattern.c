/* SPDX-License-Identifier: Apache-2.0 */
/* path_pattern.c - patterns of paths, as the policy's lists have them. Lexical only. */
#include "base/path.h"

#include "base/str.h"

/* One component of path against one of pattern; both end at '/' or NUL. */
static bool component_matches(
	const char *pattern, size_t pattern_len, const char *text, size_t text_len)
{
	char p[256], t[256];
	struct bw_buf pattern_buf = bw_buf_over(p, sizeof p), text_buf = bw_buf_over(t, sizeof t);

	bw_buf_addn(&pattern_buf, pattern, pattern_len);
	bw_buf_addn(&text_buf, text, text_len);
	return !pattern_buf.overflow && !text_buf.overflow && bw_glob_match(p, t);
}

enum bw_relation bw_path_relate(const char *path, const char *pattern)
{
	for (;;) {
		size_t n, k;

		path += strspn(path, "/");
		pattern += strspn(pattern, "/");
		if (!*path || !*pattern)
			break;
		n = strcspn(path, "/");
		k = strcspn(pattern, "/");
		if (!component_matches(pattern, k, path, n))
			return BW_APART;
		path += n;
		pattern += k;
	}
	return *path ? BW_BENEATH : *pattern ? BW_ABOVE : BW_SAME;
}
