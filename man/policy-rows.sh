#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The members of the policy file as man(7) text, from the published schema: what stands between the two "rows"
# comments of bulwark-policy(5). With --update it is put there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rows() {
	jq -r '
		def bold: gsub("-"; "\\-");
		def kind: if .enum then "one of " + (.enum | map(tostring) | join(", "))
			elif .["$ref"] then "object, see " + (.["$ref"] | sub(".*/"; ""))
			elif .type == "array" then
				"list of " + (if .items["$ref"] then "objects, see " + (.items["$ref"] | sub(".*/"; ""))
					elif .items.enum then "words: " + (.items.enum | join(", ")) elif .items.type == "integer" then "numbers" else "strings" end)
			elif .type == "integer" and .maximum > 9007199254740992 then "number, \(.minimum // 0) or more"
			elif .type == "integer" and .maximum then "number from \(.minimum // 0) to \(.maximum)"
			elif .type then (.type | if type == "array" then join(" or ") else . end) else "see the schema" end;
		def members: .properties // {} | to_entries[] |
			".TP\n.B " + (.key | bold) + "\n" + ((.value.description // "") | bold) +
			"\n(" + (.value | kind | bold) + ")";
		".SS The file", members,
		(.["$defs"] | to_entries[] | ".SS " + .key, (.value | members))
	' "$here/../config-schema/policy.schema.json"
}
page=$here/bulwark-policy.5
case ${1:-} in
--update)
	rows >"$page.rows"
	awk -v rows="$page.rows" '
		/^\.\\" rows .* begin$/ { print; while ((getline line < rows) > 0) print line; skip = 1 }
		/^\.\\" rows .* end$/ { skip = 0 }
		!skip' "$page" >"$page.new"
	rm "$page.rows"
	mv "$page.new" "$page"
	;;
"") rows ;;
*)
	echo "usage: policy-rows.sh [--update]" >&2
	exit 2
	;;
esac
