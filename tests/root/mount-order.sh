#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One mount in another: in their order, from sources that only root may reach, that are links, or that lie in the
# container's own tree, where an earlier mount has put them.
. "$(dirname "$0")/bulwark.sh"

# bind_from SOURCE DESTINATION [OPTION]...
bind_from() {
	local options
	options=$(jq --null-input '$ARGS.positional' --args bind "${@:3}")
	config --arg source "$1" --arg destination "$2" --argjson options "$options" '
		.mounts += [{destination: $destination, type: "bind", source: $source, options: $options}]'
}

# Three trees, each of which has the place for the next: a/x, b/y, c/z; and a link to each of them.
sources() {
	local place
	for place in a/x b/y c/z; do
		mkdir -p "$T/source/$place"
		echo "$place" >"$T/source/$place/file"
		ln -s "${place%/*}" "$T/source/${place%/*}-link"
	done
	chmod 700 "$T/source"
}

in_user_namespace() {
	unshare --user true 2>/dev/null || skip "needs user namespaces"
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
	chown --recursive --no-dereference 100000:100000 "$ROOTFS"
}

# nested SOURCES: a, b and c, or their links, one in the other.
nested() {
	bind_from "$T/source/a$1" /mnt
	bind_from "$T/source/b$1" /mnt/x
	bind_from "$T/source/c$1" /mnt/x/y
	script_args 'cat /mnt/x/y/z/file; ls /mnt /mnt/x /mnt/x/y'
}
nested_output=$'c/z\n/mnt:\nx\n\n/mnt/x:\ny\n\n/mnt/x/y:\nz'

test_mounts_can_be_nested() {
	local links profile
	for links in "" -link; do
		bundle "bundle$links"
		rm -rf "$T/source"
		sources
		nested "$links"
		for profile in compat hardened; do
			chmod 755 "$T/source"
			"$profile" run --bundle "$BUNDLE" "$ID"
			expect_output "$nested_output"
		done
	done
}

test_in_a_user_namespace_from_where_only_root_can_reach() {
	local links
	for links in "" -link; do
		bundle "bundle$links"
		rm -rf "$T/source"
		sources
		in_user_namespace
		nested "$links"
		compat run --bundle "$BUNDLE" "$ID"
		expect_output "$nested_output"
	done
}

test_in_a_user_namespace_with_mapped_ids() {
	bundle
	sources
	in_user_namespace
	nested ""
	config '.mounts[-3:][].options += ["idmap"]'
	script_args 'cat /mnt/x/y/z/file; ls /mnt /mnt/x /mnt/x/y; stat -c %u:%g /mnt /mnt/x/y/z/file >&2'
	compat run --bundle "$BUNDLE" "$ID"
	[[ $ERR != *"not every file system can be mounted with mapped ids"* ]] || skip "needs a kernel that maps the ids of a tmpfs"
	expect_output "$nested_output"
	expect_error_has $'0:0\n0:0'
}

# What is at the source when its turn comes, and not what the mounts before have covered.
test_a_source_in_the_own_tree_is_what_the_container_sees_there() {
	bundle
	sources
	nested ""
	mkdir -p "$ROOTFS/plain"
	echo text >"$ROOTFS/plain/file"
	bind_from "$ROOTFS/mnt" /flat
	config --arg source "$ROOTFS/mnt" '.mounts += [{destination: "/deep", type: "bind", source: $source, options: ["rbind"]}]'
	bind_from rootfs/mnt/x/y/z/file /one/file ro
	bind_from ./rootfs/../rootfs/plain /plain-copy
	script_args 'cat /deep/x/y/z/file /one/file /plain-copy/file; ls /flat/x; echo more >>/one/file'
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_output $'c/z\nc/z\ntext\nfile'
	expect_error_has 'Read-only file system'
}

test_a_source_in_the_own_tree_in_a_user_namespace() {
	bundle
	sources
	in_user_namespace
	nested ""
	bind_from "$ROOTFS/mnt/x" /copy
	script_args 'cat /copy/y/file'
	compat run --bundle "$BUNDLE" "$ID"
	expect_output b/y
}

# Only the child can open it, and only its parent can map its ids: more than one of them, each in its turn.
test_a_source_in_the_own_tree_with_mapped_ids() {
	bundle
	sources
	chown 1000:1000 "$T/source/b/y/file"
	nested ""
	bind_from "$ROOTFS/mnt/x" /one
	bind_from "$ROOTFS/mnt/x" /two
	config '.mounts[-2:][] += {uidMappings: [{containerID: 1000, hostID: 2000, size: 1}],
			gidMappings: [{containerID: 1000, hostID: 3000, size: 1}]} |
		.mounts[-1].uidMappings[0].hostID = 2001'
	script_args 'cat /one/y/file; stat -c %u:%g /one/y/file /two/y/file'
	compat run --bundle "$BUNDLE" "$ID"
	[[ $ERR != *"not every file system can be mounted with mapped ids"* ]] || skip "needs a kernel that maps the ids of a tmpfs"
	expect_output $'b/y\n2000:3000\n2001:3000'
	in_user_namespace
	config '.mounts[-2:][] |= (del(.uidMappings, .gidMappings) | .options += ["idmap"])'
	compat run --bundle "$BUNDLE" "$ID"
	expect_output $'b/y\n1000:1000\n1000:1000'
}

# A destination may be written as the host sees it. The policy judges the place.
test_a_destination_that_names_the_rootfs_is_in_it() {
	bundle
	sources
	chmod 755 "$T/source"
	bind_from "$T/source/a" "$ROOTFS/mnt"
	bind_from "$T/source/b" "$ROOTFS/mnt/x"
	script_args 'cat /mnt/x/y/file'
	compat run --bundle "$BUNDLE" "$ID"
	expect_output b/y
	hardened run --bundle "$BUNDLE" "$ID"
	expect_output b/y
	bind_from "$T/source/c" "$ROOTFS/proc/self"
	hardened run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has '/mounts/'
	expect_output_lacks b/y
}

# What is mounted can hold links to anywhere: they lead where they lead in the container.
test_a_link_that_an_earlier_mount_brings_does_not_lead_out() {
	bundle
	mkdir -p "$T/volume" "$ROOTFS$T"
	echo secret >"$T/file"
	echo inside >"$ROOTFS$T/file"
	ln -s "$T/file" "$T/volume/link"
	bind_from "$T/volume" /mnt
	bind_from "$ROOTFS/mnt/link" /copy
	script_args 'cat /copy'
	compat run --bundle "$BUNDLE" "$ID"
	expect_output inside
}

test_a_source_in_the_own_tree_that_nothing_brings_is_an_error() {
	bundle
	bind_from "$ROOTFS/nowhere" /copy
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal 'to rootfs at "/copy": no such file or directory'
}

# A second view of /proc has none of the masks of the first.
test_the_policy_lets_nothing_be_taken_from_where_something_is_mounted() {
	local source
	bundle
	for source in proc proc/sys dev/shm; do
		config '.mounts = .mounts[:6]'
		bind_from "$ROOTFS/$source" /copy
		hardened run --bundle "$BUNDLE" "$ID"
		expect_refusal "in the container's own tree"
	done
	config '.mounts = .mounts[:6]'
	bind_from "$ROOTFS/proc" /copy
	asks compat 'wc -c </copy/timer_list'
	[ "$OUT" -gt 0 ] || fail "in compat there is nothing to see, either"
}

test_targets_behind_dangling_links_are_made_in_the_rootfs() {
	local profile
	mkdir "$T/source"
	echo text >"$T/source/file"
	for profile in compat hardened; do
		bundle "$profile"
		ln -s ../far/away "$ROOTFS/etc/directory"
		ln -s /far/file "$ROOTFS/etc/file"
		ln -s /far/tmpfs "$ROOTFS/etc/tmpfs"
		ln -s /../../far/up "$ROOTFS/etc/up"
		bind_from "$T/source" /etc/directory
		bind_from "$T/source/file" /etc/file
		bind_from "$T/source" /etc/up
		config '.mounts += [{destination: "/etc/tmpfs", type: "tmpfs", source: "tmpfs"}]'
		asks "$profile" 'cat /far/away/file /far/file /far/up/file; grep -c " /far/tmpfs " /proc/self/mountinfo'
		expect_output $'text\ntext\ntext\n1'
		[ ! -e /far ] || fail "the target was made on the host"
	done
}

run_tests
