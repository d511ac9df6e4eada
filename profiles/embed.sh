#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes a C file with the built-in policy files as strings, so that the program needs no file of its own:
#	embed.sh FILE... > builtins.c
set -eu

echo '/* Made by profiles/embed.sh; do not edit. */'
echo '#include "policy/profile.h"'
echo
echo 'const struct bw_builtin bw_builtins[] = {'
for file in "$@"; do
	printf '\t{"%s",\n' "$(basename "$file")"
	sed -e 's/^[[:blank:]]*//' -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t\t"/' -e 's/$/\\n"/' "$file"
	printf '\t},\n'
done
echo '};'
echo 'const size_t bw_builtins_n = sizeof bw_builtins / sizeof *bw_builtins;'
