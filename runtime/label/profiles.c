/* SPDX-License-Identifier: Apache-2.0 */
/* profiles.c - looking a label up in the list of profiles. Names may contain blanks and
 * parentheses: the mode is what stands in the last pair. */
#include "label/profiles.h"

#include <stdlib.h>
#include <string.h>

static enum bw_profile_state state_of_mode(const char *mode)
{
	if (strcmp(mode, "enforce") == 0 || strcmp(mode, "kill") == 0)
		return BW_PROFILE_ENFORCED;
	return BW_PROFILE_WEAK;
}

/* Whether line is about the name of len bytes; then what its mode means. */
static enum bw_profile_state look_at(char *line, const char *name, size_t len)
{
	char *mode, *end;

	line[strcspn(line, "\n")] = '\0';
	mode = strrchr(line, '(');
	end = strrchr(line, ')');
	if (!mode || !end || end < mode || mode == line || mode[-1] != ' ' || end[1])
		return BW_PROFILE_MISSING;
	if ((size_t)(mode - 1 - line) != len || memcmp(line, name, len) != 0)
		return BW_PROFILE_MISSING;
	*end = '\0';
	return state_of_mode(mode + 1);
}

static enum bw_profile_state find(FILE *list, const char *name, size_t len)
{
	enum bw_profile_state state = BW_PROFILE_MISSING;
	char *line = NULL;
	size_t room = 0;

	rewind(list);
	while (state == BW_PROFILE_MISSING && getline(&line, &room, list) >= 0)
		state = look_at(line, name, len);
	free(line);
	return state;
}

enum bw_profile_state bw_profile_state(FILE *list, const char *label)
{
	enum bw_profile_state best = BW_PROFILE_MISSING, state;

	for (;;) {
		const char *separator = strstr(label, "//&");

		state = find(list, label, separator ? (size_t)(separator - label) : strlen(label));
		if (state == BW_PROFILE_MISSING)
			return state;
		if (state > best)
			best = state;
		if (!separator)
			return best;
		label = separator + strlen("//&");
	}
}
