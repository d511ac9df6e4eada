#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The policies that bulwark-policy(5) shows as examples are right.
. "$(dirname "$0")/../lib.sh"
[ -x "$real" ] || skip_all "the program is not built: $real"
[ "$(id -u)" = 0 ] || skip_all "a policy must belong to root"

# The blocks between .EX and .EE, each in a file of its own.
awk -v into="$scratch/policy" '
	/^\.EX/ { inside = 1; n++; next }
	/^\.EE/ { inside = 0 }
	inside { gsub(/\\-/, "-"); print > (into n ".json") }' "$top/man/bulwark-policy.5"
for file in "$scratch"/policy*.json; do
	chmod 644 "$file"
	run "$real" policy lint "$file"
	is "bulwark policy lint has nothing to say of ${file##*/}" "$status:$out:$errout" "0::"
done
check "there are examples" test "$tests" -ge 2
finish
