#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every verb has a man page; every long option of the tables is in it, and the page has no other.
. "$(dirname "$0")/../lib.sh"
need_double
man=$top/man
"$double" help tables >"$scratch/tables"

# Long options at the head of a paragraph (.TP and the line behind it) of a page.
documented() {
	awk 'tagged { print; tagged = 0 } /^\.TP/ { tagged = 1 }' "$1" | sed 's/\\-/-/g' |
		grep -oE -- '--[a-z][a-z0-9-]*' | grep -v '^--help$' | sort -u
}

# in_step PAGE OPTIONS
in_step() {
	local page=$man/$1
	if [ ! -f "$page" ]; then
		fail "$1 is there"
		return
	fi
	local difference
	difference=$(diff <(sort -u <<<"$2" | sed '/^$/d') <(documented "$page"))
	is "$1 has the options of the table (<) and no others (>)" "$difference" ""
}

in_step bulwark.8 "$(sed -n 's/^global //p' "$scratch/tables")"
while read -r verb; do
	in_step "bulwark-$verb.8" "$(sed -n "s/^option $verb //p" "$scratch/tables")"
	check "bulwark.8 names bulwark-$verb(8)" grep -q "bulwark\\\\-${verb//-/\\\\-}" "$man/bulwark.8"
done < <(sed -n 's/^verb //p' "$scratch/tables")

for page in "$man"/bulwark-*.8; do
	verb=${page##*/bulwark-}
	verb=${verb%.8}
	check "${page##*/} belongs to a verb or to a program" \
		grep -qx "verb $verb" <(cat "$scratch/tables"
			[ ! -f "$top/runtime/$verb/main.c" ] && [ ! -f "$top/runtime/warden/$verb.c" ] || echo "verb $verb")
done
# The warden's configuration has its rows in settings.c.
rows=$(sed -n 's/^\tBW_FIELD([^"]*"\([^"]*\)".*/\1/p' "$top/runtime/warden/settings.c" | sort)
check "the warden's configuration has rows" test "$(wc -l <<<"$rows")" -ge 10
is "bulwark-warden.8 has the members of the configuration (<) and no others (>)" "$(diff <(echo "$rows") <(
	sed -n '/^\.SH CONFIGURATION/,/^\.SH DESC/p' "$man/bulwark-warden.8" |
		awk 'tagged { gsub(/^\.BR? |" *|,/, ""); print; tagged = 0 } /^\.TP/ { tagged = 1 }' | tr ' ' '\n' | sed '/^$/d' | sort))" ""
# What the heads of the paragraphs (.TP, .TQ and the line behind) between two sections say, a word each.
heads() {
	sed -n "/^\\.SH $2/,/^\\.SH $3/p" "$1" |
		awk 'tagged { gsub(/^\.[BRI]+ |" *|,/, ""); gsub(/\\-/, "-"); print; tagged = 0 } /^\.T[PQ]/ { tagged = 1 }' | tr ' ' '\n' | sed '/^$/d'
}
# The witness's configuration has its rows in witness_settings.c.
rows=$(sed -n 's/^\tBW_FIELD([^"]*"\([^"]*\)".*/\1/p' "$top/runtime/warden/witness_settings.c" | sort)
check "the witness's configuration has rows" test "$(wc -l <<<"$rows")" -ge 6
is "bulwark-witness.8 has the members of the configuration (<) and no others (>)" \
	"$(diff <(echo "$rows") <(sed 's/" "/ /g' "$man/bulwark-witness.8" >"$scratch/page" && heads "$scratch/page" CONFIGURATION DESCRIPTORS | sort))" ""
# The keeper's configuration has its rows in settings.c.
rows=$(sed -n 's/^\tBW_[A-Z]*(struct bw_keeper_settings,[^"]*"\([^"]*\)".*/\1/p' "$top/runtime/keeper/settings.c" | sort)
check "the keeper's configuration has rows" test "$(wc -l <<<"$rows")" -ge 4
is "bulwark-keeper.8 has the members of the configuration (<) and no others (>)" \
	"$(diff <(echo "$rows") <(sed 's/" "/ /g' "$man/bulwark-keeper.8" >"$scratch/page" && heads "$scratch/page" CONFIGURATION DESCRIPTORS | sort))" ""
# The shim's flags have their rows in call.c, the keys of its configuration in settings.c.
page=$man/containerd-shim-bulwark-v2.8
rows=$(sed -n 's/^\t{"\([^"]*\)", [a-z]*, offsetof(.*/-\1/p' "$top/runtime/shim/call.c" | sort)
check "the shim has flags" test "$(wc -l <<<"$rows")" -ge 10
is "containerd-shim-bulwark-v2.8 has the flags of the table (<) and no others (>)" \
	"$(diff <(echo "$rows") <(heads "$page" OPTIONS CONFIGURATION | grep '^-' | sort))" ""
rows=$(sed -n 's/^\t{"\([^"]*\)", [A-Z]*, .*/\1/p' "$top/runtime/shim/settings.c" | sort)
check "the shim's configuration has keys" test "$(wc -l <<<"$rows")" -ge 10
is "containerd-shim-bulwark-v2.8 has the keys of the table (<) and no others (>)" \
	"$(diff <(echo "$rows") <(heads "$page" CONFIGURATION ENVIRONMENT | sort))" ""
for page in "$man"/*.[58]; do
	check "${page##*/} is to be installed" grep -q "man/${page##*/}" "$man/local.mk"
	if command -v groff >/dev/null; then
		is "groff has nothing to say of ${page##*/}" "$(groff -man -ww -z "$page" 2>&1)" ""
	fi
	if command -v mandoc >/dev/null; then
		is "mandoc has nothing to say of ${page##*/}" "$(mandoc -Tlint -Wwarning "$page")" ""
	fi
done
finish
