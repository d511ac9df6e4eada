#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A tenant's directory on the host: mounted when it is as the policy has it, by what it is and not by its name, and no
# other tenant's beside it.
. "$(dirname "$0")/bulwark.sh"

# volumes [JSON MEMBERS]: tenants' directories are in $T/tenants, and the caller may bind what lies in $T.
volumes() {
	rm -f "$T/policy.json"
	jq --null-input --arg top "$T" --argjson more "${1:-{\}}" '{version: 1, default: "site", annotations: {tenant: true},
		audit: {file: ($top + "/log/audit.jsonl")},
		profiles: {site: {extends: "hardened", loosens: ["workspace.volumes"],
			mounts: {only: [$top]}, workspace: {volumes: [{source: ($top + "/tenants"), destination: "/data"} + $more]}}}}' \
		>"$T/policy.json"
	chmod 600 "$T/policy.json"
	[ -d "$T/tenants" ] || mkdir "$T/tenants"
}

# tenant NAME: has a directory as it should be, with a file of its own.
tenant() {
	mkdir "$T/tenants/$1"
	echo "of $1" >"$T/tenants/$1/file"
	chown -R 1001:1001 "$T/tenants/$1"
	chmod 750 "$T/tenants/$1"
}

# bundle_of TENANT [SCRIPT]
bundle_of() {
	rm -rf "$T/bundle-$1"
	bundle "bundle-$1"
	config --arg tenant "$1" '.annotations = {"org.bulwark.tenant": $tenant}'
	script_args "${2:-cat /data/file}"
}

# bind SOURCE [OPTION]...: the caller's own, on /own.
bind() {
	local options
	options=$(jq --null-input '["bind"] + $ARGS.positional' --args "${@:2}")
	config --arg source "$1" --argjson options "$options" '
		.mounts += [{destination: "/own", type: "bind", source: $source, options: $options}]'
}

starts() {
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

# refused TEXT: with that in the reason, and the program has not run.
refused() {
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 1
	expect_error_has "$1"
	expect_output ""
	expect_nothing_left
}

test_each_tenant_finds_its_own_files_again() {
	volumes
	tenant blue
	tenant green
	bundle_of blue 'cat /data/file; echo more >/data/later'
	starts
	expect_output "of blue"
	bundle_of green 'cat /data/file; ls /data'
	starts
	expect_output $'of green\nfile'
	[ "$(stat -c '%u:%g' "$T/tenants/blue/later")" = 1001:1001 ] || fail "the file has another owner"
	bundle_of blue 'cat /data/later'
	starts
	expect_output more
}

test_nothing_that_lies_there_gives_anybody_anything() {
	volumes
	tenant blue
	cp "$work/template/rootfs/bin/busybox" "$T/tenants/blue/program"
	ln -s /etc/passwd "$T/tenants/blue/link"
	bundle_of blue 'cat /data/link; /data/program true; awk "\$5 == \"/data\" { print \$6 }" /proc/self/mountinfo'
	starts
	expect_error_has "'/data/link': Too many levels of symbolic links"
	expect_error_has "/data/program: Permission denied"
	for option in nosuid nodev noexec nosymfollow; do
		expect_output_has "$option"
	done
	volumes '{"readonly": true}'
	script_args 'echo text >/data/new'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "Read-only file system"
}

test_a_directory_that_is_not_as_it_should_be_is_refused_with_the_reason() {
	volumes
	tenant blue
	bundle_of blue
	starts
	chmod 770 "$T/tenants/blue"
	refused "$T/tenants/blue: it belongs to 1001:1001 with mode 0770, expected 1001:1001 with mode 0750"
	chmod 750 "$T/tenants/blue"
	chown 1002 "$T/tenants/blue"
	refused "$T/tenants/blue: it belongs to 1002:1001 with mode 0750, expected 1001:1001 with mode 0750"
	chown 1001:0 "$T/tenants/blue"
	refused "belongs to 1001:0 "
	volumes '{"uid": 1001, "gid": 0, "mode": "0700"}'
	refused "belongs to 1001:0 with mode 0750, expected 1001:0 with mode 0700"
	chmod 700 "$T/tenants/blue"
	starts
}

test_what_is_no_directory_is_refused() {
	volumes
	tenant green
	bundle_of blue
	refused "$T/tenants/blue: it is not there"
	ln -s green "$T/tenants/blue"
	refused "$T/tenants/blue: it is a symbolic link"
	rm "$T/tenants/blue"
	install -o 1001 -g 1001 -m 750 /dev/null "$T/tenants/blue"
	refused "$T/tenants/blue: it is no directory"
}

test_a_missing_one_is_made_where_the_policy_says_so() {
	volumes '{"create": true}'
	bundle_of blue 'echo text >/data/file'
	starts
	[ "$(stat -c '%u:%g %a' "$T/tenants/blue")" = "1001:1001 750" ] || fail "it is not as it should be"
	[ "$(cat "$T/tenants/blue/file")" = text ] || fail "the file is not there"
	rm -r "$T/tenants/blue"
	governed explain "$BUNDLE"
	[ ! -e "$T/tenants/blue" ] || fail "explain has made it"
}

test_a_way_that_others_can_change_is_refused() {
	volumes
	tenant blue
	bundle_of blue
	starts
	chmod 777 "$T/tenants"
	refused "$T/tenants: it lies in a directory, or is one, that others than root can write to"
	chmod 755 "$T/tenants"
	chown 1001 "$T/tenants"
	refused "$T/tenants: it lies in a directory, or is one, that is not root's"
	chown 0 "$T/tenants"
	mv "$T/tenants" "$T/elsewhere"
	ln -s elsewhere "$T/tenants"
	refused "$T/tenants: it is a symbolic link"
}

test_another_tenants_directory_has_no_name_that_leads_there() {
	volumes
	tenant blue
	tenant green
	bundle_of blue
	bind "$T/tenants/green"
	refused "lies in $T/tenants, where it is not the tenant's own"
	bundle_of blue
	bind "$T/tenants"
	refused "lies in $T/tenants, where it is not the tenant's own"
	bundle_of blue
	bind "$T"
	refused "the policy refuses to share $T: "
	ln -s tenants/green "$T/link"
	bundle_of blue
	bind "$T/link"
	refused "reached through a symbolic link"
	mkdir "$T/mounted"
	mount --bind "$T/tenants/green" "$T/mounted"
	bundle_of blue
	bind "$T/mounted"
	governed run --bundle "$BUNDLE" "$ID"
	umount "$T/mounted"
	expect_status 1
	expect_error_has "refuses to share $T/mounted: it is $T/tenants"
	# Other file systems know other ways to it.
	bundle_of blue
	config --arg top "$T" '.mounts += [{destination: "/own", type: "overlay", source: "overlay",
		options: ["ro", "lowerdir=" + $top + "/tenants/green:" + $top + "/mounted"]}]'
	jq '.profiles.site |= (.extends = "compat" | del(.mounts))' "$T/policy.json" >"$T/looser.json"
	chmod 600 "$T/looser.json"
	mv "$T/looser.json" "$T/policy.json"
	refused "is a file system that could show directories of workspace.volumes"
	bundle_of blue
	config '.mounts += [{destination: "/data", options: ["remount", "exec", "suid"]}]'
	refused "could give a tenant's directory options"
	# The same without the policy's volumes: each of them would be there.
	policy "{\"mounts\": {\"only\": [\"$T\"]}}"
	bundle_of blue 'cat /own/file'
	bind "$T/tenants/green"
	starts
	expect_output "of green"
}

test_no_tenants_directory_is_anybodys_root() {
	local path
	volumes
	tenant blue
	cp --archive "$work/template/rootfs/." "$T/tenants/blue"
	mkdir "$T/mounted"
	for path in "$T/tenants/blue" "$T/tenants" "$T" "$T/mounted"; do
		bundle_of green 'cat /file'
		tenant green
		config --arg path "$path" '.root.path = $path'
		mount --bind "$T/tenants/blue" "$T/mounted"
		governed run --bundle "$BUNDLE" "$ID"
		umount "$T/mounted"
		expect_status 1
		expect_error_has "the policy refuses the rootfs $path: it is "
		expect_nothing_left
		rm -rf "$T/tenants/green"
	done
	# Nor one's own, in which programs of an earlier session could be.
	bundle_of blue 'cat /file'
	config --arg path "$T/tenants/blue" '.root.path = $path'
	refused "the policy refuses the rootfs"
	# The same without the policy's volumes.
	policy "{\"mounts\": {\"only\": [\"$T\"]}}"
	starts
	expect_output "of blue"
}

test_a_callers_own_bind_in_it_is_as_restricted() {
	volumes
	tenant blue
	mkdir "$T/tenants/blue/deep"
	ln -s /etc/passwd "$T/tenants/blue/deep/link"
	bundle_of blue 'cat /own/link'
	bind "$T/tenants/blue/deep" suid exec symfollow
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "Too many levels of symbolic links"
}

test_a_container_of_nobody_gets_none() {
	volumes
	tenant blue
	bundle
	refused "nobody says whose the container is"
	config '.annotations = {"org.bulwark.tenant": "../blue"}'
	refused "this is not the name of a tenant"
}

run_tests
