#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The AppArmor profiles are what apparmor_parser takes, and bulwark-untrusted has the programs and libraries that the
# policy profile lists.
# shellcheck disable=SC2154 # run() sets them
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
top=$(dirname "$(dirname "$here")")
profiles=$top/profiles/apparmor
PATH=$PATH:/usr/sbin:/sbin

native=$scratch/bulwark-untrusted-native
"$profiles/native.sh" >"$native"
is "the one for native code has one rule more" \
	"$(sed 's/untrusted-native/untrusted/' "$native" | diff "$profiles/bulwark-untrusted" - | grep '^[<>]')" \
	$'< \t# native: /workspace/** m,\n> \t/workspace/** m,'

if command -v jq >/dev/null; then
	is "programs and libraries are those of the policy profile" \
		"$(sed -n 's/^\t\(\/.* m\(rix\|r\),\)$/\1/p' "$profiles/bulwark-untrusted" | sort)" \
		"$(jq -r '.programs | (.allow[] + " mrix,"), (.libraries[] + "/** mr,")' \
			"$top/profiles/untrusted-code.json" | sort)"
else
	skip "programs and libraries are those of the policy profile" "needs jq"
fi

# What can be written can never be executed or mapped, but by the one rule for it.
writable=$(sed 's/#.*//' "$native" | grep -E '^[[:space:]]*/[^[:space:]]* [a-z]*w' | grep -E ' [a-z]*[mx][a-z]*,')
is "nothing is both written and executed or mapped" "$writable" ""

for file in "$profiles"/bulwark-default "$profiles"/bulwark-untrusted "$native"; do
	name=${file##*/}
	if ! command -v apparmor_parser >/dev/null || [ ! -e /etc/apparmor.d/abi/3.0 ]; then
		skip "apparmor_parser takes $name" "needs apparmor_parser and its abi/3.0"
		continue
	fi
	run apparmor_parser --skip-kernel-load --skip-cache "$file"
	is "apparmor_parser takes $name" "$status" 0
	sed 's/^}$//' "$file" >"$scratch/broken"
	run apparmor_parser --skip-kernel-load --skip-cache "$scratch/broken"
	check "and not without its last brace" [ "$status" != 0 ]
done
finish
