#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Landlock: the second lock on files, programs, ports and signals. Each case is one that nothing else stops: the same
# attempt succeeds when only the row in question differs.
. "$(dirname "$0")/bulwark.sh"

needs_landlock() {
	"$RUNTIME" check | grep --quiet '^ok *landlock' || skip "needs a kernel with Landlock"
}

needs_abi() {
	local abi
	needs_landlock
	abi=$("$RUNTIME" check | sed -n 's/^ok *landlock.* ABI \([0-9]*\).*/\1/p')
	[ "$abi" -ge "$1" ] || skip "needs Landlock ABI $1, this kernel has $abi"
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
	needs_abi 6
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

# The container's processes are one domain, and each exec is another: none is inside the other.
test_signals_stay_inside_where_the_policy_says_so() {
	local scope
	needs_abi 6
	bundle
	for scope in true false; do
		policy '{"extends": "compat", "landlock": "prefer", "landlockScope": '"$scope"'}'
		# Signals from the container to itself and from outside are none of it.
		script_args 'trap "exit 7" TERM; sleep 300 & kill $! || echo refused >/tmp/inside
			until [ -s /tmp/pid ]; do sleep 0.1; done
			kill -USR1 $(cat /tmp/pid) 2>/dev/null && echo sent >/tmp/answer || echo refused >/tmp/answer
			while :; do sleep 0.1; done'
		governed run --detach --bundle "$BUNDLE" "$ID"
		expect_status 0
		governed exec "$ID" sh -c 'trap "" USR1; echo $$ >/tmp/pid; until [ -s /tmp/answer ]; do sleep 0.1; done
			kill -0 1 2>/dev/null && echo sent || echo refused; sleep 300 & kill $! && echo own'
		if [ "$scope" = true ]; then
			expect_line refused
			expect_equal "from the first process to exec" "$(cat "$ROOTFS/tmp/answer")" refused
		else
			expect_line sent
			expect_equal "from the first process to exec" "$(cat "$ROOTFS/tmp/answer")" sent
		fi
		expect_line own
		[ ! -e "$ROOTFS/tmp/inside" ] || fail "the container cannot signal its own child"
		governed kill "$ID" TERM
		expect_status 0
		eventually is_stopped "$ID"
		governed delete "$ID"
		expect_status 0
		rm -f "$ROOTFS"/tmp/*
	done
}

test_a_signal_to_another_container_in_a_shared_pid_namespace_is_refused() {
	local other=$ID-other closed open
	needs_abi 6
	bundle other
	policy '{"extends": "compat"}'
	config '.process.args = ["sleep", "300"]'
	governed run --detach --bundle "$BUNDLE" "$other"
	expect_status 0
	bundle
	config --arg path "/proc/$(pid_of "$other")/ns/pid" '
		.linux.namespaces |= map(if .type == "pid" then .path = $path else . end)'
	script_args 'kill -0 1 2>/dev/null && echo sent || echo refused'
	policy '{"extends": "compat", "landlock": "prefer", "landlockScope": true}'
	governed run --bundle "$BUNDLE" "$ID"
	closed=$OUT
	policy '{"extends": "compat", "landlock": "prefer"}'
	governed run --bundle "$BUNDLE" "$ID"
	open=$OUT
	governed delete --force "$other"
	expect_equal "with the scope" "$closed" refused
	expect_equal "without it" "$open" sent
}

# A domain traces what is inside it alone, with any rule at all.
test_exec_does_not_see_into_the_first_process() {
	local landlock
	needs_landlock
	for landlock in prefer off; do
		bundle "$landlock"
		policy '{"extends": "hardened", "loosens": ["landlock"], "landlock": "'"$landlock"'"}'
		[ "$landlock" = off ] || policy '{"extends": "hardened"}'
		config '.process.env += ["MARK=seen"]'
		sleeping governed
		governed exec "$ID" sh -c 'tr "\0" "\n" </proc/1/environ; cat /proc/self/environ >/dev/null && echo own'
		expect_line own
		if [ "$landlock" = off ]; then
			expect_line MARK=seen
		else
			expect_no_line MARK=seen
			expect_error_has 'ermission denied'
		fi
		governed delete --force "$ID"
	done
}

# ---- programs ---------------------------------------------------------------------------------------------

# stores_programs PATH...: these are what the container's programs were at create; exec goes by them.
stores_programs() {
	local stored=$T/state/$ID/config.json
	jq --compact-output '.hardening.programs = {allow: $ARGS.positional, files: $ARGS.positional}' "$stored" \
		--args "$@" >"$stored.new"
	chmod --reference="$stored" "$stored.new"
	mv "$stored.new" "$stored"
}

# A container with a directory where everybody may write and execute, a second busybox, and a third by two mounts.
executing() {
	bundle
	mkdir -m 777 "$BUNDLE/data"
	mkdir -p "$ROOTFS/opt"/{other,tool,again}
	cp "$ROOTFS/bin/busybox" "$ROOTFS/opt/other/busybox"
	cp "$ROOTFS/bin/busybox" "$BUNDLE/tool"
	config --arg data "$BUNDLE/data" --arg tool "$BUNDLE/tool" '
		.mounts += [{destination: "/data", type: "bind", source: $data, options: ["bind"]},
			{destination: "/opt/tool/busybox", type: "bind", source: $tool, options: ["bind", "ro"]},
			{destination: "/opt/again/busybox", type: "bind", source: $tool, options: ["bind", "ro"]}]'
	policy "$1"
	sleeping governed
}

copies='cp /bin/busybox /data/busybox; /data/busybox echo ran'

test_exec_executes_what_is_listed_and_no_copy_of_it() {
	needs_landlock
	executing '{"extends": "hardened"}'
	governed exec "$ID" sh -c "$copies"
	expect_line ran
	governed exec "$ID" /opt/other/busybox echo ran
	expect_line ran
	stores_programs /bin/busybox
	governed exec "$ID" sh -c 'ls / && echo listed'
	expect_line listed
	governed exec "$ID" sh -c "$copies"
	expect_failure
	expect_output_lacks ran
	expect_error_has 'ermission denied'
	governed exec "$ID" sh -c 'mkdir /data/hard /data/soft; ln /data/busybox /data/hard; ln -s ../busybox /data/soft
		/data/hard/busybox echo ran; /data/soft/busybox echo ran'
	expect_failure
	expect_output_lacks ran
	governed exec "$ID" sh -c '/opt/other/busybox echo ran'
	expect_failure
	expect_error_has 'ermission denied'
}

# A file has one inode under each of its names: the rule is on that, and on no directory above it.
test_a_listed_file_is_the_same_through_a_mount() {
	needs_landlock
	executing '{"extends": "hardened"}'
	stores_programs /opt/tool/busybox
	governed exec "$ID" /opt/tool/busybox echo ran
	expect_line ran
	governed exec "$ID" /opt/tool/busybox sh -c '/opt/again/busybox echo ran'
	expect_line ran
	governed exec "$ID" /opt/tool/busybox sh -c '/opt/other/busybox echo ran'
	expect_failure
	expect_error_has 'ermission denied'
	governed exec "$ID" /opt/tool/busybox sh -c '/bin/busybox echo ran'
	expect_failure
}

test_programs_hold_with_a_writable_root_where_files_can_be_moved() {
	needs_abi 2
	executing '{"extends": "compat", "landlock": "prefer"}'
	stores_programs /bin/busybox
	governed exec "$ID" sh -c 'echo text >/etc/file && mv /etc/file /tmp/file && ln /tmp/file /run/file && cat /run/file'
	expect_line text
	governed exec "$ID" sh -c "$copies"
	expect_failure
	expect_output_lacks ran
}

test_what_has_become_a_link_is_not_followed() {
	needs_landlock
	executing '{"extends": "compat", "landlock": "prefer"}'
	stores_programs /bin/busybox /opt/other/busybox
	governed exec "$ID" /opt/other/busybox echo ran
	expect_line ran
	governed exec "$ID" sh -c 'cp /bin/busybox /data/busybox; cd /opt/other; rm busybox; ln -s /data/busybox .'
	expect_status 0
	governed exec "$ID" /bin/busybox echo ran
	expect_failure
	expect_error_has 'allow executing /opt/other/busybox'
}

# ---- files that are no files, devices ---------------------------------------------------------------------

test_a_file_is_not_truncated_through_a_descriptor_of_its_directory() {
	needs_abi 3
	probe_bundle
	mkdir -m 777 "$T/host"
	echo text >"$T/host/file"
	chmod 666 "$T/host/file"
	script_args 'probe truncate /proc/self/fd/3/file'
	with_landlock
	governed run --preserve-fds 1 --bundle "$BUNDLE" "$ID" 3<"$T/host"
	expect_output EACCES
	expect_equal "the file on the host" "$(cat "$T/host/file")" text
	without_landlock
	governed run --preserve-fds 1 --bundle "$BUNDLE" "$ID" 3<"$T/host"
	expect_output ok
	expect_equal "the file on the host" "$(cat "$T/host/file")" ""
}

# A node that came with the image: what the device cgroup lets be opened takes no ioctl.
test_a_device_outside_of_dev_takes_no_ioctl() {
	needs_abi 5
	probe_bundle
	mkdir -p "$ROOTFS/opt"
	mknod -m 666 "$ROOTFS/opt/zero" c 1 5
	config '.root.readonly = true'
	script_args 'probe open r /opt/zero; probe ioctl /opt/zero; probe ioctl /dev/zero'
	policy '{"extends": "compat", "landlock": "prefer"}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_output $'ok\nEACCES\nENOTTY'
	policy '{"extends": "compat"}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_output $'ok\nENOTTY\nENOTTY'
}

# Terminals are used by ioctls: the container's own, and the caller's that was handed over, each opened once more.
test_terminals_take_ioctls() {
	local terminal
	needs script
	needs_landlock
	bundle
	for terminal in true false; do
		config --argjson terminal "$terminal" '.process.terminal = $terminal'
		script_args "for f in /dev/stdin /dev/stdout /proc/self/fd/2 $([ "$terminal" = false ] || echo /dev/tty /dev/console); do
			stty size <\$f >/dev/null && echo sized; done"
		run script --quiet --return --command \
			"'$RUNTIME' --root '$T/state' --profile hardened run --bundle '$BUNDLE' '$ID'" /dev/null
		expect_status 0
		OUT=$(tr -d '\r' <<<"$OUT")
		expect_equal "with terminal: $terminal" "$(grep -c sized <<<"$OUT")" "$([ "$terminal" = true ] && echo 5 || echo 3)"
	done
}

# ---- ports ------------------------------------------------------------------------------------------------

ports='probe port connect 443; probe port connect 80; probe port bind 8080; probe port bind 8081; probe port bind 0
	probe port fastopen 80; probe port mptcp 80; probe port listen 0'

# Nobody listens, and the last one is what no rule is asked about.
test_ports_that_are_not_listed_are_refused() {
	needs_abi 4
	probe_bundle
	script_args "$ports"
	policy '{"extends": "hardened", "landlockConnect": [443], "landlockBind": [8080]}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_output $'ECONNREFUSED\nEACCES\nok\nEACCES\nEACCES\nEOPNOTSUPP\nEPROTONOSUPPORT\nok'
	policy '{"extends": "hardened", "landlockConnect": [], "landlockBind": [0]}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_output $'EACCES\nEACCES\nEACCES\nEACCES\nok\nEOPNOTSUPP\nEPROTONOSUPPORT\nok'
	policy '{"extends": "hardened"}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_output_lacks EACCES
	expect_output_lacks EOPNOTSUPP
}

test_exec_has_the_containers_ports() {
	needs_abi 4
	probe_bundle
	policy '{"extends": "hardened", "landlockConnect": [443]}'
	sleeping governed
	governed exec "$ID" probe port connect 80
	expect_output EACCES
	governed exec "$ID" probe port fastopen 80
	expect_output EOPNOTSUPP
	governed exec "$ID" probe port connect 443
	expect_output ECONNREFUSED
}

# ABI 10; before it the state says that UDP is open.
test_udp_is_limited_or_on_record() {
	needs_abi 4
	probe_bundle
	policy '{"extends": "hardened", "landlockConnect": [443]}'
	sleeping governed
	governed exec "$ID" probe port udp 80
	if [ "$OUT" != EACCES ]; then
		expect_output ok
		governed state --format text "$ID"
		expect_output_has 'limiting to which ports UDP is sent needs Landlock ABI 10'
	fi
}

test_ports_are_required_where_landlock_is() {
	local abi
	needs_landlock
	abi=$("$RUNTIME" check | sed -n 's/^ok *landlock.* ABI \([0-9]*\).*/\1/p')
	[ "$abi" -lt 4 ] || skip "this kernel has Landlock's ports"
	bundle
	policy '{"extends": "hardened", "landlock": "require", "landlockConnect": [443]}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "limiting to which ports TCP connects needs Landlock ABI 4 (Linux 6.7), and this kernel has ABI $abi"
	policy '{"extends": "hardened", "landlockConnect": [443]}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed state --format text "$ID"
	expect_output_has 'limiting to which ports TCP connects needs Landlock ABI 4'
}

# ---- records ----------------------------------------------------------------------------------------------

# The kernel's audit as python3 asks for it: whether it is on, and one record of a denial.
audit() {
	python3 - "$@" <<-'END'
		import socket, struct, sys, time
		AUDIT_GET, LANDLOCK_ACCESS, READLOG = 1000, 1423, 1
		s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
		if sys.argv[1] == "enabled":
		    s.bind((0, 0))
		    s.settimeout(2)
		    s.send(struct.pack("IHHII", 16, AUDIT_GET, 1, 1, 0))
		    while True:
		        answer = s.recv(8192)
		        if struct.unpack_from("H", answer, 4)[0] == AUDIT_GET:
		            sys.exit(struct.unpack_from("I", answer, 20)[0] == 0)
		s.bind((0, READLOG))
		s.settimeout(0.5)
		print("listening", flush=True)
		end = time.monotonic() + 20
		while time.monotonic() < end:
		    try:
		        record = s.recv(8192)
		    except TimeoutError:
		        continue
		    if struct.unpack_from("H", record, 4)[0] == LANDLOCK_ACCESS:
		        print(record[16:].decode(errors="replace"), flush=True)
		        break
	END
}

test_a_denial_is_in_the_kernels_audit() {
	local listener
	needs python3
	needs_abi 7
	audit enabled 2>/dev/null || skip "the kernel's audit is off, or not for us"
	bundle
	mkdir -m 777 "$T/host"
	script_args 'echo text >/proc/self/fd/3/file'
	with_landlock
	audit listen >"$T/records" &
	listener=$!
	ends_with_case "$listener"
	eventually grep --quiet listening "$T/records"
	governed run --preserve-fds 1 --bundle "$BUNDLE" "$ID" 3<"$T/host"
	expect_failure
	eventually grep --quiet 'blockers=fs' "$T/records"
}

test_a_policy_that_requires_landlock_runs_where_there_is_landlock() {
	needs_landlock
	bundle
	policy '{"extends": "hardened", "landlock": "require"}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

run_tests
