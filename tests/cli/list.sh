#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# list: table, JSON, names.
. "$(dirname "$0")/../lib.sh"
need_double
need_command jq

run "$double" --root /r list
check "the heading is runc's" grep -qE '^ID +PID +STATUS +BUNDLE +CREATED +OWNER$' <<<"$(head -n 1 <<<"$out")"
is "one line a container" "$(wc -l <<<"$out")" 3
column() { awk -v line="$1" -v word="$2" 'NR == line { print index($0, word) }' <<<"$out"; }
is "columns are aligned" "$(column 1 CREATED) $(column 1 CREATED)" \
	"$(column 2 2026-01) $(column 3 2026-01)"
check "rows hold id, status and bundle" grep -qE '^c2 +0 +stopped +/bundles/two-with-a-longer-name +2026' <<<"$out"

run "$double" --root /r list -q
is "-q: names alone" "$out" $'c1\nc2'
for words in "-f json" "--format json" "--format=json"; do
	# shellcheck disable=SC2086
	run "$double" --root /r list $words
	is "$words: one line" "$(wc -l <"$scratch/out")" 1
done
check "no blanks, runc's order" grep -qE \
	'^\[\{"ociVersion":"1\.2\.0","id":"c1","pid":[0-9]+,"status":"running","bundle":"/bundles/one","rootfs":"/bundles/one/rootfs","created":"2026-[^"]+","annotations":\{.*\},"owner":"root","bulwark":\{[^}]*\}\},\{' \
	<<<"$out"
is "the tenant, where there is one" "$(jq -c 'map(.bulwark)' <<<"$out")" '[{"tenant":"ann","session":"s-1"},null]'
is "both are there" "$(jq -r 'map(.id) | join(" ")' <<<"$out")" "c1 c2"

run "$double" --root /r/empty list
is "an empty root: the heading alone" "$(wc -l <<<"$out")" 1
run "$double" --root /r/empty list -f json
is "an empty root as JSON: null" "$status:$out" "0:null"
run "$double" --root /r/empty list -q
is "an empty root, names: nothing" "$status:$out:$errout" "0::"
run "$double" --root /nonexistent-root list
is "a root that is not there is an error" "$status" 1
has "and is named" "$errout" "/nonexistent-root"
finish
