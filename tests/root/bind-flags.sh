#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The flags of a bind mount, given those of its source: as runc has them, and what a user namespace may not take away.
. "$(dirname "$0")/bulwark.sh"

# source_with OPTIONS: $T/source is a tmpfs with them.
source_with() {
	mkdir -p "$T/source"
	mount -t tmpfs -o "$1" tmpfs "$T/source"
}

in_user_namespace() {
	unshare --user true 2>/dev/null || skip "needs user namespaces"
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}]'
	chown --recursive --no-dereference 100000:200000 "$ROOTFS"
}

# bind_with WORDS: binds $T/source on /mnt/NUMBER.
bind_with() {
	local words
	words=$(jq --null-input --arg words "$1" '$words | split(",")')
	binds=$((binds + 1))
	config --arg source "$T/source" --arg number "$binds" --argjson words "$words" '
		.mounts += [{destination: "/mnt/\($number)", source: $source, options: (["bind"] + $words)}]'
}
binds=0

# expect_flags TABLE: its lines are words and, as mountinfo has them, what becomes of a bind with these words.
expect_flags() {
	local words flags found at=0
	while read -r words flags; do
		bind_with "$words"
	done <<<"$1"
	asks compat 'cat /proc/self/mountinfo'
	expect_status 0
	while read -r words flags; do
		at=$((at + 1))
		found=$(awk -v path="/mnt/$at" '$5 == path { print $6 }' <<<"$OUT")
		expect_equal "a bind with $words" "$found" "$flags"
	done <<<"$1"
}

# expect_locked WORDS: the user namespace may not.
expect_locked() {
	config '.mounts = .mounts[:6]'
	bind_with "$1"
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	[[ $ERR == *'unable to start container process: error during container init: error mounting '*'operation not permitted'* ]] ||
		fail "$1 is not refused as runc does it"
	[ ! -e "$T/state/$ID" ] || fail "state is left"
}

test_one_word_states_all_flags_and_no_word_keeps_those_of_the_source() {
	bundle
	source_with nodev,nosuid,noexec,noatime
	expect_flags "rprivate rw,nosuid,nodev,noexec,noatime
		defaults rw,nosuid,nodev,noexec,noatime
		rnoatime rw,nosuid,nodev,noexec,noatime
		dev rw,noatime
		ro ro,noatime
		nosuid,dev rw,nosuid,noatime
		sync rw,noatime
		async rw,noatime
		dirsync rw,noatime
		lazytime rw,noatime
		silent rw,noatime
		loud rw,noatime
		mand rw,noatime
		iversion rw,noatime
		nosymfollow rw,noatime,nosymfollow"
}

test_access_times_stay_unless_one_of_them_is_asked_for() {
	bundle
	source_with nodiratime,strictatime
	expect_flags "ro ro,nodiratime
		atime rw,nodiratime
		diratime rw,nodiratime
		norelatime rw,nodiratime
		nostrictatime rw,nodiratime
		noatime rw,noatime
		relatime rw,relatime
		strictatime rw
		nodiratime rw,nodiratime,relatime"
}

test_a_bind_of_a_read_only_source_is_writable_when_flags_are_stated() {
	bundle
	source_with ro
	expect_flags "rprivate ro,relatime
		rw rw,relatime
		nosuid rw,nosuid,relatime"
}

test_in_a_user_namespace_what_restricts_the_source_stays() {
	bundle
	in_user_namespace
	source_with ro,nodev,nosuid,noexec,noatime
	expect_flags "rprivate ro,nosuid,nodev,noexec,noatime
		ro ro,nosuid,nodev,noexec,noatime
		sync ro,nosuid,nodev,noexec,noatime
		nosymfollow ro,nosuid,nodev,noexec,noatime,nosymfollow
		noatime ro,nosuid,nodev,noexec,noatime
		diratime ro,nosuid,nodev,noexec,noatime"
}

test_in_a_user_namespace_nothing_that_restricts_the_source_can_be_taken_away() {
	local words
	bundle
	in_user_namespace
	source_with ro,nodev,nosuid,noexec,noatime
	for words in rw dev suid exec atime relatime strictatime ro,exec rrw; do
		expect_locked "$words"
	done
	config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

test_in_a_user_namespace_flags_that_restrict_nothing_are_as_asked() {
	bundle
	in_user_namespace
	source_with relatime
	expect_flags "ro,dev,suid,exec ro,relatime
		rw rw,relatime
		noexec rw,noexec,relatime"
}

run_tests
