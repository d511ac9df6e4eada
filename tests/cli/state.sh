#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# state: runc's JSON, byte for byte in shape; text for people.
. "$(dirname "$0")/../lib.sh"
need_double
need_command jq

run "$double" state c1
is "state succeeds" "$status" 0
is "members in runc's order, then ours" "$(jq -r 'keys_unsorted | join(" ")' <<<"$out")" \
	"ociVersion id pid status bundle rootfs created annotations owner bulwark"
is "ours says what is in force" "$(jq -r '.bulwark | .profile, .because, .layers[], .degraded[]' <<<"$out")" \
	"hardened
default of the policy
seccomp: filter baseline
landlock: this kernel has none"
is "pretty, two blanks" "$(sed -n 2p <<<"$out")" '  "ociVersion": "1.2.0",'
is "nested by two more" "$(sed -n 10p <<<"$out")" '    "org.example.note": "a \"b\""'
is "pid is a number" "$(jq -r '.pid | type' <<<"$out")" number
is "a slash stays a slash" "$(sed -n 6p <<<"$out")" '  "bundle": "/bundles/one",'
run "$double" state c2
is "without annotations the member is absent" "$(jq 'has("annotations")' <<<"$out")" false
is "where nothing was decided it is runc's JSON" "$(jq -r 'keys_unsorted | join(" ")' <<<"$out")" \
	"ociVersion id pid status bundle rootfs created owner"
is "a stopped container has pid 0" "$(jq '.pid' <<<"$out")" 0
is "status" "$(jq -r '.status' <<<"$out")" stopped
run "$double" state --format text c1
has "text names the profile" "$out" "profile    hardened"
has "text names the way of the network guard" "$out" "guard      cgroup"
has "text names the witness" "$out" "witness    4711"
has "text counts what it has seen" "$out" "programs   3 allowed, 1 denied, 0 unresolved"
has "text names what is in force" "$out" "layer      seccomp: filter baseline"
has "text names what is not enforced" "$out" "degraded   landlock: this kernel has none"
run "$double" state -f json c2
is "--format json is the default" "$out" "$("$double" state c2)"
finish
