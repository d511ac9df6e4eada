/* SPDX-License-Identifier: Apache-2.0 */
/* help.c - help from the tables. The first two lines of each text are runc's shape, which its test
 * suite reads. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/output.h"

static const char *const group_titles[BW_VERB_GROUPS] = {
	[BW_VERB_RUN] = "RUN",
	[BW_VERB_INSPECT] = "INSPECT",
	[BW_VERB_SECURE] = "SECURE",
	[BW_VERB_OTHER] = "OTHER",
};

/* "    --root DIR", "-b, --bundle DIR", "-f, --format table|json". */
static void option_words(const struct bw_option *row, struct bw_buf *buf)
{
	if (row->letter)
		bw_buf_addf(buf, "-%c, ", row->letter);
	else
		bw_buf_add(buf, "    ");
	bw_buf_addf(buf, "--%s", row->name);
	if (row->value)
		bw_buf_addf(buf, " %s", row->value);
	for (size_t i = 0; row->choices && row->choices[i]; i++)
		bw_buf_addf(buf, "%c%s", i ? '|' : ' ', row->choices[i]);
}

static void put_options(const struct bw_option *rows)
{
	static const char help[] = "-h, --help";
	size_t width = strlen(help);
	char text[96];

	for (const struct bw_option *row = rows; row && row->name; row++) {
		struct bw_buf buf = bw_buf_over(text, sizeof text);

		option_words(row, &buf);
		width = buf.len > width ? buf.len : width;
	}
	for (const struct bw_option *row = rows; row && row->name; row++) {
		struct bw_buf buf = bw_buf_over(text, sizeof text);

		option_words(row, &buf);
		printf("   %-*s  %s\n", (int)width, text, row->about);
	}
	printf("   %-*s  %s\n", (int)width, help, "show this help");
}

static void put_group(enum bw_verb_group group)
{
	putchar('\n');
	bw_put_heading(group_titles[group]);
	for (size_t i = 0; bw_verbs[i]; i++) {
		if (bw_verbs[i]->group == group)
			printf("   %-10s  %s\n", bw_verbs[i]->name, bw_verbs[i]->about);
	}
}

void bw_help_overview(const char *program)
{
	bw_put_heading("NAME");
	printf("   bulwark - OCI container runtime that hardens every container it starts\n\n");
	bw_put_heading("USAGE");
	printf("   %s [global options] COMMAND [options] [arguments]\n", program);
	for (enum bw_verb_group group = 0; group < BW_VERB_GROUPS; group++)
		put_group(group);
	putchar('\n');
	bw_put_heading("GLOBAL OPTIONS");
	put_options(bw_global_options);
	putchar('\n');
	bw_put_heading("EXAMPLES");
	printf("   %s run -b /srv/app app1\n", program);
	printf("   %s explain --profile untrusted-code /srv/app\n", program);
	printf("   %s COMMAND --help\n", program);
}

void bw_help_verb(const char *program, const struct bw_verb *verb)
{
	bw_put_heading("NAME");
	printf("   %s %s - %s\n\n", program, verb->name, verb->about);
	bw_put_heading("USAGE");
	printf("   %s %s [options]%s%s\n", program, verb->name, *verb->synopsis ? " " : "",
		verb->synopsis);
	if (verb->details)
		printf("\n%s", verb->details);
	putchar('\n');
	bw_put_heading("OPTIONS");
	put_options(verb->options);
}

static void dump_options(const char *before, const struct bw_option *rows)
{
	for (const struct bw_option *row = rows; row && row->name; row++)
		printf("%s --%s\n", before, row->name);
}

void bw_help_dump(void)
{
	char before[64];

	dump_options("global", bw_global_options);
	for (size_t i = 0; bw_verbs[i]; i++) {
		printf("verb %s\n", bw_verbs[i]->name);
		snprintf(before, sizeof before, "option %s", bw_verbs[i]->name);
		dump_options(before, bw_verbs[i]->options);
	}
}
