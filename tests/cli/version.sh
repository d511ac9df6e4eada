#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Docker takes the text behind the word "version" from the last line that has it: there must be one.
. "$(dirname "$0")/../lib.sh"
need_double

for program in "$double" "$real"; do
	if [ ! -x "$program" ]; then
		skip "versions of $program" "it is not built"
		continue
	fi
	for words in -v --version version; do
		run "$program" "$words"
		is "$words succeeds" "$status" 0
		is "$words has one line with the word version" "$(grep -ci version <<<"$out")" 1
		check "$words: that line is the first" grep -qE '^bulwark version [0-9]+\.[0-9]+\.[0-9]+' \
			<(head -n 1 <<<"$out")
		has "$words: the second names the commit" "$(sed -n 2p <<<"$out")" "commit: "
		check "$words: the third names the specification" grep -qE '^spec: 1\.[0-9]+\.[0-9]+' \
			<(sed -n 3p <<<"$out")
		is "$words is silent on standard error" "$errout" ""
	done
done
finish
