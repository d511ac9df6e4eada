#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# User namespaces: root inside is nobody outside; mounts with ids of their own.
. "$(dirname "$0")/bulwark.sh"

needs_user_namespaces() {
	unshare --user true 2>/dev/null || skip "needs user namespaces"
}

# The bundle lies on a tmpfs, whose ids can be mapped since Linux 6.3.
skip_where_ids_cannot_be_mapped() {
	[[ $ERR != *"not every file system can be mounted with mapped ids"* ]] || skip "needs a kernel that maps the ids of a tmpfs"
}

user_bundle() {
	bundle
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}]'
	# As engines unpack it for a container with these mappings.
	chown --recursive --no-dereference 100000:200000 "$ROOTFS"
}

test_root_inside_is_nobody_outside() {
	local pid
	needs_user_namespaces
	user_bundle
	asks hardened 'id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map | tr -s " "; touch /tmp/mine && stat -c %u:%g /tmp/mine'
	expect_status 0
	expect_output $'0\n0\n 0 100000 65536\n 0 200000 65536\n0:0'
	sleeping hardened
	pid=$(pid_of)
	expect_equal "the user on the host" "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" 100000
	expect_equal "the group on the host" "$(awk '/^Gid:/ { print $2 }' "/proc/$pid/status")" 200000
	expect_different "the user namespace" "$(namespace_of "$pid" user)" "$(namespace_of self user)"
}

test_exec_is_in_the_user_namespace() {
	needs_user_namespaces
	user_bundle
	sleeping hardened
	hardened exec "$ID" sh -c 'id -u; readlink /proc/self/ns/user; cat /proc/self/uid_map | tr -s " "'
	expect_output "$(printf '0\n%s\n 0 100000 65536' "$(namespace_of "$(pid_of)" user)")"
}

test_capabilities_are_dropped_in_a_user_namespace_too() {
	needs_user_namespaces
	user_bundle
	asks hardened 'grep Cap /proc/self/status'
	expect_line 'CapEff:	0000000000000000'
	expect_line 'CapBnd:	0000000000000000'
	asks compat 'grep Cap /proc/self/status'
	expect_output_lacks 'CapEff:	0000000000000000'
}

test_untrusted_code_is_not_root_inside_either() {
	needs_user_namespaces
	user_bundle
	asks shelled 'id -u; id -g'
	expect_output $'1001\n1001'
}

test_an_id_without_a_mapping_is_an_error() {
	needs_user_namespaces
	user_bundle
	config '.process.user = {uid: 70000, gid: 0}'
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has uid
}

test_a_user_namespace_without_mappings_is_an_error() {
	needs_user_namespaces
	user_bundle
	config 'del(.linux.uidMappings, .linux.gidMappings)'
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has appings
}

test_mappings_without_a_user_namespace_are_an_error() {
	bundle
	config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has appings
}

test_a_source_that_the_mapped_root_cannot_reach_is_mounted() {
	needs_user_namespaces
	user_bundle
	mkdir -p "$BUNDLE/closed/data"
	chmod 700 "$BUNDLE/closed"
	echo text >"$BUNDLE/closed/data/file"
	config --arg source "$BUNDLE/closed/data" '
		.mounts += [{destination: "/data", type: "bind", source: $source, options: ["bind"]}]'
	asks hardened 'cat /data/file'
	expect_output text
}

test_a_mapped_mount_shows_files_as_those_of_the_container() {
	needs_user_namespaces
	user_bundle
	mkdir "$BUNDLE/data"
	touch "$BUNDLE/data/file"
	config --arg source "$BUNDLE/data" '
		.mounts += [{destination: "/plain", type: "bind", source: $source, options: ["bind"]},
			{destination: "/mapped", type: "bind", source: $source, options: ["bind", "idmap"],
			uidMappings: [{containerID: 0, hostID: 100000, size: 65536}],
			gidMappings: [{containerID: 0, hostID: 200000, size: 65536}]}]'
	script_args 'stat -c %u:%g /plain/file /mapped/file; touch /mapped/new'
	compat run --bundle "$BUNDLE" "$ID"
	skip_where_ids_cannot_be_mapped
	expect_output $'65534:65534\n0:0'
	expect_equal "owner of the new file on the host" "$(stat -c %u:%g "$BUNDLE/data/new")" 0:0
}

# What the mount below has for others, and what becomes of it with idmap and with ridmap.
test_mapped_ids_need_no_user_namespace_and_ridmap_is_for_what_lies_below() {
	local word
	bundle
	mkdir -p "$BUNDLE/data/below"
	touch "$BUNDLE/data/file"
	for word in idmap ridmap; do
		config --arg source "$BUNDLE/data" --arg word "$word" '
			.mounts = (.mounts | map(select(.destination != "/data"))) +
			[{destination: "data", type: "bind", source: $source, options: ["rbind", $word],
			uidMappings: [{containerID: 0, hostID: 1000, size: 1}, {containerID: 7, hostID: 2000, size: 2}],
			gidMappings: [{containerID: 0, hostID: 3000, size: 1}]}]'
		script_args 'stat -c %u:%g /data/file /data/below/file'
		# shellcheck disable=SC2016
		run unshare --mount bash -c 'mount -t tmpfs tmpfs "$1" && touch "$1/file" && chown 8 "$1/file" && shift && exec "$@"' \
			sh "$BUNDLE/data/below" "$RUNTIME" --root "$T/state" --profile compat run --bundle "$BUNDLE" "$ID"
		skip_where_ids_cannot_be_mapped
		case $word in
		idmap) expect_output $'1000:3000\n8:0' ;;
		ridmap) expect_output $'1000:3000\n2001:3000' ;;
		esac
	done
	expect_nothing_left
}

# One directory with two maps; an id without one cannot be written.
test_each_mapped_mount_has_its_own_map_and_options() {
	bundle
	mkdir "$BUNDLE/data"
	touch "$BUNDLE/data/file"
	chown 100:211 "$BUNDLE/data/file"
	ln -s data "$BUNDLE/link"
	config '.mounts += [["/one", 1000], ["/two", 2000] | {destination: .[0], type: "bind", source: "link",
		options: ["bind", "shared", "ro"],
		uidMappings: [{containerID: 100, hostID: .[1], size: 10}],
		gidMappings: [{containerID: 0, hostID: (.[1] + 300), size: 200}, {containerID: 211, hostID: (.[1] + 7), size: 1}]}] |
		.mounts[-1].options = ["bind"]'
	script_args 'stat -c %u:%g /one/file /two/file; awk "\$5 == \"/one\" { sub(/:.*/, \"\", \$7); print \$6, \$7 }" /proc/self/mountinfo; touch /two/new'
	compat run --bundle "$BUNDLE" "$ID"
	skip_where_ids_cannot_be_mapped
	expect_failure
	expect_output $'1000:1007\n2000:2007\nro,relatime,idmapped shared'
	expect_error_has 'Value too large for defined data type'
	[ ! -e "$BUNDLE/data/new" ] || fail "an id without a map was written"
}

test_idmap_takes_the_mappings_of_a_namespace_that_is_joined() {
	local path
	needs_user_namespaces
	user_bundle
	config '.process.args = ["sleep", "300"]'
	compat run --detach --bundle "$BUNDLE" "$ID-other"
	expect_status 0
	mkdir "$BUNDLE/data"
	touch "$BUNDLE/data/file" "$T/bound"
	mount --bind "/proc/$(pid_of "$ID-other")/ns/user" "$T/bound"
	for path in "/proc/$(pid_of "$ID-other")/ns/user" "$T/bound"; do
		config --arg path "$path" --arg source "$BUNDLE/data" '
			.linux.namespaces |= map(if .type == "user" then .path = $path else . end) |
			del(.linux.uidMappings, .linux.gidMappings) |
			.mounts = .mounts[:6] + [{destination: "/mapped", type: "bind", source: $source, options: ["bind", "ridmap"]}]'
		asks compat 'stat -c %u:%g /mapped/file'
		skip_where_ids_cannot_be_mapped
		expect_output 0:0
	done
	umount "$T/bound"
}

# Each of them has a descriptor until it is mounted: neither the program's limit nor the caller's is ours.
test_many_mapped_mounts_need_no_high_limit_of_open_files() {
	bundle
	mkdir "$BUNDLE/data"
	config --arg source "$BUNDLE/data" '
		.mounts += [range(40) | {destination: "/mnt/\(.)", type: "bind", source: $source, options: ["bind"],
		uidMappings: [{containerID: 0, hostID: (1000 + .), size: 1}], gidMappings: [{containerID: 0, hostID: 7, size: 1}]}]'
	script_args 'stat -c %u /mnt/0 /mnt/39; ls -l /proc/self/fd | grep -c "/mnt\|data"; ulimit -Sn; ulimit -Hn'
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 20, hard: 20}]'
	compat run --bundle "$BUNDLE" "$ID"
	skip_where_ids_cannot_be_mapped
	expect_output $'1000\n1039\n0\n20\n20'
	config 'del(.process.rlimits)'
	run sh -c 'ulimit -Sn 20 && exec "$@"' sh "$RUNTIME" --root "$T/state" --profile compat run --bundle "$BUNDLE" "$ID"
	expect_output $'1000\n1039\n0\n20\n'"$(ulimit -Hn)"
}

test_idmap_alone_takes_the_mappings_of_the_container() {
	needs_user_namespaces
	user_bundle
	mkdir "$BUNDLE/data"
	touch "$BUNDLE/data/file"
	config --arg source "$BUNDLE/data" '
		.mounts += [{destination: "/mapped", type: "bind", source: $source, options: ["bind", "idmap"]}]'
	script_args 'stat -c %u:%g /mapped/file'
	compat run --bundle "$BUNDLE" "$ID"
	skip_where_ids_cannot_be_mapped
	expect_output 0:0
}

# Through such a mount user 1001 would leave set-user-id programs of the host's root.
test_the_policy_refuses_mapped_ids() {
	bundle
	mkdir "$BUNDLE/data"
	config --arg source "$BUNDLE/data" '
		.mounts += [{destination: "/data", type: "bind", source: $source, options: ["bind"],
		uidMappings: [{containerID: 0, hostID: 1001, size: 1}], gidMappings: [{containerID: 0, hostID: 1001, size: 1}]}]'
	script_args 'touch /data/as-root'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'has mapped ids'
	[ ! -e "$BUNDLE/data/as-root" ] || fail "the program ran"
	policy '{"extends": "hardened", "loosens": ["mounts.mappedIds"], "mounts": {"mappedIds": "allow"}}'
	governed run --bundle "$BUNDLE" "$ID"
	skip_where_ids_cannot_be_mapped
	expect_status 0
	expect_equal "owner of the new file on the host" "$(stat -c %u:%g "$BUNDLE/data/as-root")" 0:0
}

test_idmap_without_mappings_and_without_a_user_namespace_is_an_error() {
	bundle
	mkdir "$BUNDLE/data"
	config --arg source "$BUNDLE/data" '
		.mounts += [{destination: "/data", type: "bind", source: $source, options: ["bind", "idmap"]}]'
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has /mounts/6
}

test_the_mapped_root_can_write_no_file_of_the_host_s_root() {
	needs_user_namespaces
	user_bundle
	mkdir -m 755 "$BUNDLE/data"
	config --arg source "$BUNDLE/data" '
		.mounts += [{destination: "/data", type: "bind", source: $source, options: ["bind"]}]'
	asks compat 'echo text >/data/file'
	expect_failure
	expect_empty_directory "$BUNDLE/data"
	chown 100000 "$BUNDLE/data"
	asks compat 'echo text >/data/file'
	expect_status 0
}

test_a_user_namespace_can_be_joined() {
	local other
	needs_user_namespaces
	user_bundle
	config '.process.args = ["sleep", "300"]'
	compat run --detach --bundle "$BUNDLE" "$ID-other"
	expect_status 0
	other=$(pid_of "$ID-other")
	config --arg path "/proc/$other/ns/user" '
		.linux.namespaces |= map(if .type == "user" then .path = $path else . end) |
		del(.linux.uidMappings, .linux.gidMappings)'
	asks compat 'readlink /proc/self/ns/user; id -u'
	expect_output "$(printf '%s\n0' "$(namespace_of "$other" user)")"
}

run_tests
