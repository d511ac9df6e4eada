#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What profiles/embed.sh compiles in is what the files say: each is turned back into JSON and compared.
set -u
srcdir=${srcdir:-$(dirname "$0")/../..}
command -v python3 >/dev/null || { echo "no python3 here"; exit 77; }
for file in "$srcdir"/profiles/*.json; do
	sh "$srcdir/profiles/embed.sh" "$file" | python3 -c '
import ast, json, re, sys
lines = re.findall(r"^\t\t(\".*\")$", sys.stdin.read(), re.M)
embedded = json.loads("".join(ast.literal_eval(line) for line in lines))
if embedded != json.load(open(sys.argv[1])):
    sys.exit(sys.argv[1] + ": what is compiled in differs")
' "$file" || exit 1
done
