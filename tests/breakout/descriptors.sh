#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Breakout: descriptors, working directories and programs that belong to the host.
# Runs against any OCI runtime (RUNTIME=).
. "$(dirname "$0")/../root/lib.sh"

# A file that only a process with a foot outside the container can read.
secret() {
	SECRET=$T/secret
	echo "secret of the host" >"$SECRET"
}

# Shell text that looks for the secret from the working directory upwards.
find_secret() {
	echo "cat ./../../../../../../..$SECRET .$SECRET 2>/dev/null; true"
}

# CVE-2024-21626: a directory descriptor of the runtime is still open when it changes directory.
test_no_descriptor_of_the_runtime_serves_as_working_directory() {
	local fd
	bundle
	secret
	script_args "$(find_secret)"
	for fd in $(seq 3 24); do
		config ".process.cwd = \"/proc/self/fd/$fd\""
		container run --bundle "$BUNDLE" "$ID-$fd"
		expect_output_lacks "secret of the host"
	done
}

test_no_descriptor_of_the_runtime_serves_as_working_directory_of_exec() {
	local fd
	bundle
	secret
	config '.process.args = ["sleep", "300"]'
	container run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	for fd in $(seq 3 16); do
		container exec --cwd "/proc/self/fd/$fd" "$ID" sh -c "$(find_secret)"
		expect_output_lacks "secret of the host"
	done
}

test_a_directory_leaked_by_the_caller_does_not_serve_as_working_directory() {
	bundle
	secret
	script_args "$(find_secret)"
	config '.process.cwd = "/proc/self/fd/9"'
	container run --bundle "$BUNDLE" "$ID" 9</
	expect_output_lacks "secret of the host"
}

test_a_directory_leaked_by_the_caller_is_not_open_in_the_container() {
	bundle
	secret
	script_args "cat /proc/self/fd/9$SECRET; ls /proc/self/fd"
	container run --bundle "$BUNDLE" "$ID" 9</
	expect_output_lacks "secret of the host"
	[[ $'\n'$OUT$'\n' != *$'\n9\n'* ]] || fail "descriptor 9 is open in the container"
}

test_a_directory_leaked_by_the_caller_is_not_open_in_exec() {
	bundle
	secret
	config '.process.args = ["sleep", "300"]'
	container run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	container exec "$ID" sh -c "cat /proc/self/fd/9$SECRET; ls /proc/self/fd" 9</
	expect_output_lacks "secret of the host"
	[[ $'\n'$OUT$'\n' != *$'\n9\n'* ]] || fail "descriptor 9 is open in exec"
}

# "runc run … </": the program's own standard input is a way to the host.
test_a_directory_as_standard_input_or_output_is_not_handed_to_the_container() {
	local fd
	bundle
	secret
	for fd in 0 1 2; do
		script_args "cat /proc/self/fd/$fd$SECRET >/tmp/stolen"
		# A subshell that has it already when the runtime starts; lib.sh would redirect it.
		# shellcheck disable=SC2086 # RUNTIME_FLAGS is several words
		timeout 30 sh -c "exec $fd</ \"\$@\"" sh "$RUNTIME" --root "$T/state" ${RUNTIME_FLAGS:-} \
			run --bundle "$BUNDLE" "$ID-$fd" >"$T/out" 2>&1 || :
		[ ! -s "$ROOTFS/tmp/stolen" ] || fail "the container reads the host through descriptor $fd"
	done
}

# What `ls /proc/self/fd` shows is stdin, stdout, stderr and the directory that ls itself reads.
test_the_container_starts_with_three_descriptors() {
	bundle
	config '.process.args = ["ls", "/proc/self/fd"]'
	container run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output "$(printf '0\n1\n2\n3')"
}

# CVE-2019-5736: the runtime's own file is reached through /proc/PID/exe.  A copy is put at risk, not the
# installed program.
runtime_copy() {
	COPY=$T/runtime-copy
	cp "$RUNTIME" "$COPY"
	chmod 755 "$COPY"
	RUNTIME=$COPY
}

test_a_container_that_runs_proc_self_exe_leaves_the_runtime_alone() {
	local before
	bundle
	runtime_copy
	before=$(sha256sum <"$COPY")
	config '.process.args = ["/proc/self/exe", "--version"]'
	container run --bundle "$BUNDLE" "$ID"
	[ "$(sha256sum <"$COPY")" = "$before" ] || fail "the runtime's file has changed"
}

container_pids() {
	"$RUNTIME" --root "$T/state" ps --format json "$ID" | jq '.[]'
}

# The container's shell is a script of the runtime's own file.  While the runtime is inside, a process of
# the container holds that file open for reading and then asks to open it for writing; it writes nothing.
test_exec_does_not_hand_out_a_writable_runtime() {
	bundle
	runtime_copy
	printf '#!/proc/self/exe\n' >"$ROOTFS/bin/shell"
	chmod 755 "$ROOTFS/bin/shell"
	cat >"$ROOTFS/bin/hunter" <<-'END'
		echo hunting >/tmp/log
		while :; do
			[ ! -e /tmp/decoy ] || { cp /bin/busybox /tmp/sleep && /tmp/sleep 0.2 & } 2>/dev/null
			for exe in /proc/[0-9]*/exe; do
				case $(readlink "$exe") in /bin/busybox | '') continue ;; esac
				( exec 5<"$exe" && n=0 && while [ $n -lt 50 ]; do
					n=$((n + 1))
					( exec 6>>/proc/self/fd/5 ) 2>/dev/null && echo "opened for writing" >>/tmp/log
				done ) 2>/dev/null
			done
		done
	END
	config '.process.args = ["sh", "/bin/hunter"] |
		.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1777"]}]'
	container run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	for _ in $(seq 10); do
		container exec "$ID" /bin/shell
	done
	container exec "$ID" cat /tmp/log
	expect_output hunting
	expect_hunter_to_catch_a_decoy
}

# A hunter that catches nothing proves nothing: now it runs a program whose file may be written afterwards.
expect_hunter_to_catch_a_decoy() {
	container exec "$ID" touch /tmp/decoy
	eventually hunter_caught_something
}

hunter_caught_something() {
	container exec "$ID" cat /tmp/log
	[[ $OUT == *"opened for writing"* ]]
}

# A process that may not write the runtime's file can still hold it open and hand the descriptor to one that
# may: root of another container with which it shares a volume.  So the mount behind the descriptor has to be
# read-only, whoever runs.  The host's root plays the other container.  Opening a named pipe as its log keeps
# the runtime's program in the container for as long as the image wants.
test_an_unprivileged_exec_does_not_hand_out_a_runtime_that_root_could_write() {
	local pid found=
	bundle
	runtime_copy
	printf '#!/proc/self/exe --log=/tmp/fifo\n' >"$ROOTFS/bin/shell"
	chmod 755 "$ROOTFS/bin/shell"
	script_args 'mkfifo /tmp/fifo; sleep 300'
	config '.process |= . + {user: {uid: 1001, gid: 1001}, noNewPrivileges: true, capabilities: {}} |
		.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1777"]}]'
	container run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually test -p "/proc/$(pid_of)/root/tmp/fifo"
	container exec --detach "$ID" /bin/shell
	for pid in $(container_pids); do
		[[ $(readlink "/proc/$pid/exe") == */busybox ]] || found=$pid
	done
	[ -n "$found" ] || return 0
	exec 5<"/proc/$found/exe"
	kill -9 "$found"
	# The file runs no longer: only the mount can be in the way.
	eventually test ! -e "/proc/$found/exe"
	! (: >>/proc/self/fd/5) 2>/dev/null || fail "a descriptor of the runtime's file can be opened for writing"
}

# CVE-2016-9962: between its clone and its execve the runtime's process is one of the container's; what it
# holds can be taken by who may trace it. It is held where it looks for the program.
test_the_init_of_an_exec_holds_nothing_of_the_host() {
	local pid='' found tracer
	command -v strace >/dev/null || skip "needs strace"
	bundle
	config '.process.args = ["sleep", "300"]'
	container run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	echo leaked >"$T/leaked"
	strace --follow-forks --quiet=all --output=/dev/null --inject=faccessat,faccessat2:delay_enter=5000000 \
		"$RUNTIME" --root "$T/state" --log "$T/log" exec "$ID" true </dev/null >/dev/null 2>&1 8<"$T/leaked" 9</ &
	tracer=$!
	init_of_exec() {
		for pid in $(container_pids); do
			[ "$pid" = "$(pid_of)" ] || [[ $(tr '\0' ' ' <"/proc/$pid/cmdline") != *exec* ]] || return 0
		done
		return 1
	}
	eventually init_of_exec
	# Until it stands at the delayed call.
	sleep 1
	found=$(find "/proc/$pid/fd" -mindepth 1 -printf '%f %l\n' | awk '$1 > 2')
	wait "$tracer"
	echo "$found"
	# Its own root is "/" too, but not the host's.
	! grep -E " ($T|/sys|/run|/proc)" <<<"$found" || fail "it holds files of the host"
	! grep -E "^(8|9) " <<<"$found" || fail "it holds what the caller leaked"
}

run_tests
