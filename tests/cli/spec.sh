#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# spec: writes config.json once.
. "$(dirname "$0")/../lib.sh"
need_double
cd "$scratch" || exit 1

run "$double" spec
is "spec is silent" "$status:$out:$errout" "0::"
is "config.json is there, ends with a newline" "$(cat config.json; echo .)" '{"ociVersion":"1.2.0"}
.'
run "$double" spec --rootless
is "it is not overwritten" "$status" 1
has "and the message says so" "$errout" "File config.json exists. Remove it first"
is "the file is as before" "$(cat config.json)" '{"ociVersion":"1.2.0"}'
mkdir b
run "$double" spec --rootless -b b
is "spec -b writes there, --rootless the other text" "$(cat b/config.json)" \
	'{"ociVersion":"1.2.0","rootless":true}'
mkdir c && ln -s "$scratch/elsewhere" c/config.json
run "$double" spec -b c
is "a dangling link is not followed" "$status:$(ls elsewhere 2>/dev/null)" "1:"
run "$double" spec -b nosuch
has "a directory that is not there" "$status:$errout" "1:bulwark: creating $scratch/nosuch/config.json: no such file or directory"
finish
