#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Landlock: the second lock on files. Each case is one that nothing else stops: the same attempt succeeds when only
# the row "landlock" differs.
. "$(dirname "$0")/bulwark.sh"

needs_landlock() {
	"$RUNTIME" check | grep --quiet '^ok *landlock' || skip "needs a kernel with Landlock"
}

# A profile that passes descriptors on, with Landlock and without.
with_landlock() {
	policy '{"extends": "hardened", "loosens": ["descriptors.refuseInherited"],
		"descriptors": {"refuseInherited": false}}'
}

without_landlock() {
	policy '{"extends": "hardened", "loosens": ["descriptors.refuseInherited", "landlock"],
		"descriptors": {"refuseInherited": false}, "landlock": "off"}'
}

# A directory of the host that everybody may write to, open in the container as descriptor 3: neither the mounts
# nor the mode of the directory are in the way.
test_a_directory_of_the_host_cannot_be_written_to_through_a_descriptor() {
	needs_landlock
	bundle
	mkdir -m 777 "$T/host"
	script_args 'echo text >/proc/self/fd/3/file'
	with_landlock
	governed run --preserve-fds 1 --bundle "$BUNDLE" "$ID" 3<"$T/host"
	expect_failure
	expect_error_has 'Permission denied'
	expect_empty_directory "$T/host"
	without_landlock
	governed run --preserve-fds 1 --bundle "$BUNDLE" "$ID" 3<"$T/host"
	expect_status 0
	expect_equal "the file on the host" "$(cat "$T/host/file")" text
}

test_exec_cannot_write_through_a_descriptor_either() {
	needs_landlock
	bundle
	mkdir -m 777 "$T/host"
	with_landlock
	sleeping governed
	governed exec --preserve-fds 1 "$ID" sh -c 'echo text >/proc/self/fd/3/file' 3<"$T/host"
	expect_failure
	expect_error_has 'Permission denied'
	expect_empty_directory "$T/host"
}

# Root with every right to mount, no filter: in compat that works, with Landlock on top it does not.
test_root_with_cap_sys_admin_cannot_mount() {
	needs_landlock
	bundle
	config '.root.readonly = true | .process.capabilities |= with_entries(.value += ["CAP_SYS_ADMIN"])'
	script_args 'mount -t tmpfs tmpfs /tmp && echo mounted'
	policy '{"extends": "compat", "landlock": "require"}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_output_lacks mounted
	expect_error_has 'ermi'
	policy '{"extends": "compat"}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_output mounted
}

test_a_read_only_mount_that_root_makes_writable_is_still_not_written_to() {
	needs_landlock
	bundle
	mkdir -m 777 "$BUNDLE/data"
	config --arg source "$BUNDLE/data" '.root.readonly = true |
		.process.capabilities |= with_entries(.value += ["CAP_SYS_ADMIN"]) |
		.mounts += [{destination: "/data", type: "bind", source: $source, options: ["bind", "ro"]}]'
	script_args 'mount -o remount,bind,rw /data; echo text >/data/file'
	policy '{"extends": "compat", "landlock": "require"}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_empty_directory "$BUNDLE/data"
	policy '{"extends": "compat"}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_equal "the file on the host" "$(cat "$BUNDLE/data/file")" text
}

test_writable_mounts_stay_writable() {
	needs_landlock
	bundle
	mkdir -m 777 "$BUNDLE/data"
	echo first >"$BUNDLE/one-file"
	chmod 666 "$BUNDLE/one-file"
	config --arg data "$BUNDLE/data" --arg file "$BUNDLE/one-file" '
		.mounts += [{destination: "/data", type: "bind", source: $data, options: ["bind"]},
			{destination: "/etc/one-file", type: "bind", source: $file, options: ["bind"]}]'
	asks hardened 'set -e; mkdir /data/d; echo a >/data/d/f; mv /data/d/f /data/f; ln /data/f /data/g; ln -s f /data/h
		: >/data/f; rm /data/g; echo second >/etc/one-file; echo x >/dev/shm/f; echo x >/dev/null; mkfifo /tmp/p'
	expect_status 0
	expect_equal "the file on the host" "$(cat "$BUNDLE/one-file")" second
}

test_standard_output_can_be_opened_again() {
	needs_landlock
	bundle
	asks hardened 'echo text >/dev/stdout; echo error >/proc/self/fd/2'
	expect_output text
	expect_error_has error
}

# landlockScope: needs ABI 6. The socket is in the host's network namespace, which compat shares.
listen_abstract() {
	python3 - "$1" <<-'END' &
		import socket, sys, time
		s = socket.socket(socket.AF_UNIX)
		s.bind("\0" + sys.argv[1])
		s.listen()
		time.sleep(60)
	END
	LISTENER=$!
	eventually grep --quiet "@$1" /proc/net/unix
}

test_an_abstract_socket_outside_is_out_of_reach_where_the_policy_says_so() {
	local closed open
	needs python3
	needs_landlock
	"$RUNTIME" check | grep --quiet 'ABI \([6-9]\|[1-9][0-9]\)' || skip "needs Landlock ABI 6"
	probe_bundle
	config 'del(.linux.namespaces[] | select(.type == "network"))'
	script_args "probe abstract $ID"
	listen_abstract "$ID"
	policy '{"extends": "compat", "landlock": "prefer", "landlockScope": true}'
	governed run --bundle "$BUNDLE" "$ID"
	closed=$OUT
	policy '{"extends": "compat", "landlock": "prefer"}'
	governed run --bundle "$BUNDLE" "$ID"
	open=$OUT
	kill "$LISTENER"
	expect_equal "connecting with the scope" "$closed" EPERM
	expect_equal "connecting without it" "$open" ok
}

test_a_policy_that_requires_landlock_runs_where_there_is_landlock() {
	needs_landlock
	bundle
	policy '{"extends": "hardened", "landlock": "require"}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

run_tests
