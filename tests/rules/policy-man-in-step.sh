#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bulwark-policy(5) lists the members that the policy's tables have.
top=$(cd "$(dirname "$0")/../.." && pwd)
command -v jq >/dev/null || { echo "jq is not here"; exit 77; }
want=$("$top/man/policy-rows.sh") || exit 1
have=$(awk '/^\.\\" rows .* end$/ { inside = 0 } inside; /^\.\\" rows .* begin$/ { inside = 1 }' "$top/man/bulwark-policy.5")
[ -n "$want" ] || { echo "no rows"; exit 1; }
[ "$want" = "$have" ] || { echo "man/bulwark-policy.5 is out of step: run man/policy-rows.sh --update"; exit 1; }
echo "$(printf '%s\n' "$want" | grep -c '^\.TP') members"
