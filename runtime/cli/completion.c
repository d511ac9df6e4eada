/* SPDX-License-Identifier: Apache-2.0 */
/* completion.c - completion scripts. The names in the tables are letters and dashes; texts for
 * people are quoted here. Where a container's id stands, the shell asks "bulwark list -q". */
#include "cli/completion.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/help.h"
#include "cli/verb.h"

static const struct bw_option no_options[] = {BW_OPT_END};

static const struct bw_option *options_of(const struct bw_verb *verb)
{
	return verb->options ? verb->options : no_options;
}

/* " --root --log ...": long names behind one another. */
static void put_names(const struct bw_option *rows)
{
	for (const struct bw_option *row = rows; row->name; row++)
		printf(" --%s", row->name);
	printf(" --help");
}

/* "--root|--log": the patterns of the options that a value follows. */
static void put_value_patterns(const struct bw_option *rows)
{
	const char *bar = "";

	for (const struct bw_option *row = rows; row->name; row++) {
		if (!bw_option_has_value(row))
			continue;
		printf("%s--%s", bar, row->name);
		bar = "|";
	}
}

/* Words after the verb that are no options: ids, or the actions of "policy" and "completion". */
static const char *words_of(const struct bw_verb *verb)
{
	if (verb == &bw_verb_policy)
		return "lint show schema test";
	if (verb == &bw_verb_completion)
		return "bash zsh fish";
	return "";
}

/* Behind an option with a choice only its values fit. */
static void put_bash_choices(const struct bw_option *rows)
{
	printf("\t\tcase $prev in\n");
	for (const struct bw_option *row = rows; row->name; row++) {
		if (row->kind != BW_OPTION_CHOICE)
			continue;
		printf("\t\t--%s", row->name);
		if (row->letter)
			printf(" | -%c", row->letter);
		printf(") words='");
		for (size_t i = 0; row->choices[i]; i++)
			printf("%s%s", i ? " " : "", row->choices[i]);
		printf("' ;;\n");
	}
	printf("\t\tesac\n\t\t;;\n");
}

static void put_bash_verb(const struct bw_verb *verb)
{
	printf("\t%s)\n\t\twords='%s", verb->name, words_of(verb));
	put_names(options_of(verb));
	printf("'\n");
	if (verb->takes_id)
		printf("\t\twords+=\" $(\"${COMP_WORDS[0]}\" list -q 2>/dev/null)\"\n");
	put_bash_choices(options_of(verb));
}

void bw_completion_bash(void)
{
	printf("# bash completion for bulwark, from \"bulwark completion bash\"\n"
	       "_bulwark()\n{\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} i verb= "
	       "words\n"
	       "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	       "\t\tcase ${COMP_WORDS[i]} in\n\t\t");
	put_value_patterns(bw_global_options);
	printf(") ((i++)) ;;\n"
	       "\t\t-*) ;;\n"
	       "\t\t*)\n\t\t\tverb=${COMP_WORDS[i]}\n\t\t\tbreak\n\t\t\t;;\n"
	       "\t\tesac\n\tdone\n"
	       "\tcase $verb in\n\t'')\n\t\twords='");
	for (size_t i = 0; bw_verbs[i]; i++)
		printf("%s ", bw_verbs[i]->name);
	put_names(bw_global_options);
	printf("'\n");
	put_bash_choices(bw_global_options);
	for (size_t i = 0; bw_verbs[i]; i++)
		put_bash_verb(bw_verbs[i]);
	printf("\tesac\n"
	       "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	       "}\n"
	       "complete -o default -F _bulwark bulwark\n");
}

/* text inside single quotes, with a backslash before each of the characters in special. */
static void put_quoted(const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'')
			printf("'\\''");
		else if (strchr(special, *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void put_zsh_value(const struct bw_option *row)
{
	if (row->kind == BW_OPTION_PATH) {
		printf(":file:_files");
	} else if (row->kind == BW_OPTION_CHOICE) {
		printf(":value:(");
		for (size_t i = 0; row->choices[i]; i++)
			printf("%s%s", i ? " " : "", row->choices[i]);
		putchar(')');
	} else if (bw_option_has_value(row)) {
		printf(":value: ");
	}
}

static void put_zsh_options(const char *indent, const struct bw_option *rows)
{
	for (const struct bw_option *row = rows; row->name; row++) {
		printf(" \\\n%s'%s--%s[", indent, row->kind == BW_OPTION_LIST ? "*" : "",
			row->name);
		put_quoted(row->about, "[]\\");
		putchar(']');
		put_zsh_value(row);
		putchar('\'');
	}
	printf(" \\\n%s'--help[show help]'", indent);
}

static void put_zsh_verb(const struct bw_verb *verb)
{
	printf("\t\t%s)\n\t\t\t_arguments", verb->name);
	put_zsh_options("\t\t\t\t", options_of(verb));
	if (verb->takes_id)
		printf(" \\\n\t\t\t\t'1:container:_bulwark_ids'");
	else if (*words_of(verb))
		printf(" \\\n\t\t\t\t'1:word:(%s)'", words_of(verb));
	printf(" \\\n\t\t\t\t'*:file:_files'\n\t\t\t;;\n");
}

void bw_completion_zsh(void)
{
	printf("#compdef bulwark\n# zsh completion for bulwark, from \"bulwark completion zsh\"\n"
	       "_bulwark_ids()\n{\n"
	       "\tlocal -a ids\n"
	       "\tids=(${(f)\"$(bulwark list -q 2>/dev/null)\"})\n"
	       "\tcompadd -a ids\n}\n"
	       "_bulwark()\n{\n"
	       "\tlocal context state line\n\tlocal -a verbs\n\tverbs=(\n");
	for (size_t i = 0; bw_verbs[i]; i++) {
		printf("\t\t'%s:", bw_verbs[i]->name);
		put_quoted(bw_verbs[i]->about, "\\");
		printf("'\n");
	}
	printf("\t)\n\t_arguments -C");
	put_zsh_options("\t\t", bw_global_options);
	printf(" \\\n\t\t'1:command:->verb' \\\n\t\t'*::argument:->rest'\n"
	       "\tcase $state in\n"
	       "\tverb) _describe command verbs ;;\n"
	       "\trest)\n\t\tcase $line[1] in\n");
	for (size_t i = 0; bw_verbs[i]; i++)
		put_zsh_verb(bw_verbs[i]);
	printf("\t\tesac\n\t\t;;\n\tesac\n}\n_bulwark \"$@\"\n");
}

static void put_fish_options(const char *condition, const struct bw_option *rows)
{
	for (const struct bw_option *row = rows; row->name; row++) {
		printf("complete -c bulwark -n '%s' -l %s", condition, row->name);
		if (row->letter)
			printf(" -s %c", row->letter);
		if (row->kind == BW_OPTION_CHOICE) {
			printf(" -x -a '");
			for (size_t i = 0; row->choices[i]; i++)
				printf("%s%s", i ? " " : "", row->choices[i]);
			putchar('\'');
		} else if (bw_option_has_value(row)) {
			printf(" -r");
		}
		printf(" -d '");
		put_quoted(row->about, "\\");
		printf("'\n");
	}
}

static void put_fish_verb(const struct bw_verb *verb)
{
	char condition[64];

	printf("complete -c bulwark -n __fish_use_subcommand -f -a %s -d '", verb->name);
	put_quoted(verb->about, "\\");
	printf("'\n");
	snprintf(condition, sizeof condition, "__fish_seen_subcommand_from %s", verb->name);
	put_fish_options(condition, options_of(verb));
	if (verb->takes_id)
		printf("complete -c bulwark -n '%s' -a '(bulwark list -q 2>/dev/null)'\n",
			condition);
	else if (*words_of(verb))
		printf("complete -c bulwark -n '%s' -f -a '%s'\n", condition, words_of(verb));
}

void bw_completion_fish(void)
{
	printf("# fish completion for bulwark, from \"bulwark completion fish\"\n");
	put_fish_options("__fish_use_subcommand", bw_global_options);
	for (size_t i = 0; bw_verbs[i]; i++)
		put_fish_verb(bw_verbs[i]);
}
