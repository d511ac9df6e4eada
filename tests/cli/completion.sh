#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Completion scripts: shells read them, and they complete what the tables have.
. "$(dirname "$0")/../lib.sh"
need_double

for shell in bash zsh fish; do
	run "$double" completion $shell
	is "completion $shell succeeds" "$status:$errout" "0:"
	printf '%s\n' "$out" >"$scratch/$shell"
	while read -r kind verb option; do
		[ "$kind" = option ] || option=$verb
		grep -qE -- "(--|-l )?${option#--}" "$scratch/$shell" || fail "$shell lacks $kind $verb $option"
	done < <("$double" help tables)
	if command -v $shell >/dev/null; then
		check "$shell reads its script" $shell -n "$scratch/$shell"
	else
		skip "$shell reads its script" "$shell is not installed"
	fi
done

# complete WORD...: what bash would offer for the last word
complete_words() {
	bash -c '
		. "$1"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_bulwark
		printf "%s " "${COMPREPLY[@]}"' - "$scratch/bash" "$double" "$@"
}
is "verbs" "$(complete_words star)" "start "
is "verbs that begin alike" "$(complete_words stat)" "state "
is "global options" "$(complete_words --log)" "--log --log-format --log-level "
is "a global option with a value is no verb" "$(complete_words --root /x kil)" "kill kill-switch "
is "values of a choice" "$(complete_words list --format '')" "table json "
is "values of another choice by the same name" "$(complete_words explain -f '')" "text json diff "
is "ids of containers" "$(complete_words kill c)" "c1 c2 "
is "options of a verb" "$(complete_words delete --f)" "--force "
is "actions" "$(complete_words policy s)" "show schema "
is "another action" "$(complete_words policy t)" "test "
if command -v fish >/dev/null; then
	offered=$(HOME=$scratch fish -c "source $scratch/fish; complete -C 'bulwark st'" 2>/dev/null | cut -f1 | sort | tr '\n' ' ')
	has "fish offers verbs" "$offered" "stage start state "
else
	skip "fish offers verbs" "fish is not installed"
fi
finish
