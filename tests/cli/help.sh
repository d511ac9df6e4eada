#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Help: in runc's shape, from the tables, on standard output, on one screen.
. "$(dirname "$0")/../lib.sh"
need_double

line() { sed -n "$1p" <<<"$out"; }

for words in -h --help help ''; do
	# shellcheck disable=SC2086
	run "$double" $words
	is "\"bulwark $words\" succeeds" "$status" 0
	is "\"bulwark $words\" begins with NAME:" "$(line 1)" "NAME:"
	has "\"bulwark $words\" says what bulwark is" "$(line 2)" "bulwark - OCI container runtime"
	is "\"bulwark $words\" is silent on standard error" "$errout" ""
done
check "the overview fits a screen of 64 lines" test "$(wc -l <<<"$out")" -le 64
check "no line of the overview is wider than 100" test "$(wc -L <<<"$out")" -le 100

verbs=$("$double" help tables | sed -n 's/^verb //p')
check "there are 30 verbs" test "$(wc -l <<<"$verbs")" = 30
for verb in $verbs; do
	has "the overview names $verb" "$out" "   $verb "
done

for verb in $verbs; do
	"$double" help "$verb" >"$scratch/by-help"
	for flag in -h --help; do
		run "$double" "$verb" "$flag"
		is "$verb $flag succeeds" "$status" 0
		is "$verb $flag begins with NAME:" "$(line 1)" "NAME:"
		has "$verb $flag names program and verb" "$(line 2)" "bulwark $verb - "
		check "$verb $flag is the same as help $verb" cmp -s "$scratch/out" "$scratch/by-help"
	done
	check "$verb -h is at most 100 wide" test "$(wc -L <<<"$out")" -le 100
	while read -r option; do
		has "$verb -h names $option" "$out" "$option "
	done < <("$double" help tables | sed -n "s/^option $verb //p")
done

ln -s "$double" "$scratch/runc"
run "$scratch/runc" kill -h
has "help names the program as it was called" "$(line 2)" "runc kill - "

run "$double" foo -h
check "help for an unknown verb fails" test "$status" = 1
has "help for an unknown verb has the words that callers know" "$errout" "No help topic for 'foo'"
run "$double" help foo
has "help foo says the same" "$errout" "No help topic for 'foo'"

run env TERM=xterm "$double" -h
hasnt "no colour where no terminal is" "$out" $'\033'
if command -v script >/dev/null; then
	coloured=$(TERM=xterm NO_COLOR='' script -qec "$double kill -h" /dev/null </dev/null)
	has "headings are bold on a terminal" "$coloured" $'\033[1mNAME:'
	plain=$(TERM=xterm NO_COLOR=1 script -qec "$double kill -h" /dev/null </dev/null)
	hasnt "NO_COLOR switches it off" "$plain" $'\033'
else
	skip "headings are bold on a terminal" "script(1) is not installed"
fi
finish
