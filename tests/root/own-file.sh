#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bulwark's own file: nothing in a container can change it, not even root while bulwark itself is inside.
. "$(dirname "$0")/bulwark.sh"

# A copy is put at risk, not the program that was built.
own_copy() {
	cp "$RUNTIME" "$T/bulwark"
	chmod 755 "$T/bulwark"
	RUNTIME=$T/bulwark
	SUM=$(sha256sum <"$RUNTIME")
}

expect_unchanged() {
	expect_equal "the program's sum" "$(sha256sum <"$RUNTIME")" "$SUM"
}

all_rights() {
	config '.process.capabilities |= with_entries(.value += ["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_SYS_PTRACE", "CAP_FOWNER"])'
}

test_a_program_that_is_proc_self_exe_changes_nothing() {
	local profile
	own_copy
	for profile in compat hardened; do
		bundle "$profile"
		all_rights
		printf '#!/proc/self/exe\n' >"$ROOTFS/bin/entry"
		chmod 755 "$ROOTFS/bin/entry"
		config '.process.args = ["/bin/entry"]'
		"$profile" run --bundle "$BUNDLE" "$ID"
		expect_unchanged
		config '.process.args = ["/proc/self/exe", "version"]'
		"$profile" run --bundle "$BUNDLE" "$ID"
		expect_unchanged
	done
}

# The process of a created container is bulwark.  Root in the container's namespaces, with every capability, holds
# its file open for reading, and asks to write when the program has started: then "text file busy" protects no more.
test_the_process_that_waits_for_start_is_no_way_to_write_to_the_file() {
	local thief
	needs nsenter
	bundle
	own_copy
	all_rights
	config '.process.args = ["sleep", "300"]'
	compat create --bundle "$BUNDLE" "$ID"
	nsenter --target "$(pid_of)" --mount --pid --cgroup --ipc --net --uts /bin/busybox sh -c '
		exec 5</proc/1/exe && echo holding
		( : >>/proc/self/fd/5 ) && echo opened
		while [ "$(readlink /proc/1/exe)" != /bin/busybox ]; do sleep 0.1; done
		sleep 0.5
		( : >>/proc/self/fd/5 ) && echo opened
		echo end' >"$T/said" 2>&1 &
	thief=$!
	eventually grep --quiet holding "$T/said"
	compat start "$ID"
	expect_status 0
	wait "$thief"
	OUT=$(cat "$T/said")
	sed 's/^/  said: /' "$T/said"
	expect_line end
	expect_no_line opened
	expect_output_has 'Read-only file system'
	expect_unchanged
}

# The hunter holds the file open for reading while bulwark is inside and asks for it again, to write, when bulwark
# has ended: the kernel's "text file busy" is then no protection any more.
hunter() {
	cat >"$ROOTFS/bin/hunter" <<-'END'
		echo hunting >/tmp/log
		while :; do
			for exe in /proc/[0-9]*/exe; do
				case $(readlink "$exe" 2>/dev/null) in */busybox | '') continue ;; esac
				( exec 5<"$exe" || exit
				echo seen >>/tmp/log
				n=0
				while [ $n -lt 30 ]; do
					n=$((n + 1))
					( : >>/proc/self/fd/5 ) && echo opened >>/tmp/log
				done ) 2>/dev/null
			done
		done
	END
	printf '#!/proc/self/exe\n' >"$ROOTFS/bin/shell"
	chmod 755 "$ROOTFS/bin/shell"
	config '.process.args = ["sh", "/bin/hunter"] |
		.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1777"]}]'
}

# hunt PROFILE: fifteen times bulwark execs into the hunter's container.
hunt() {
	"$1" run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	for _ in $(seq 15); do
		"$1" exec "$ID" /bin/shell
	done
	"$1" exec "$ID" cat /tmp/log
	expect_line hunting
	expect_no_line opened
	expect_unchanged
	"$1" delete --force "$ID"
}

test_root_of_a_compat_container_cannot_write_to_the_bulwark_that_execs_into_it() {
	bundle
	own_copy
	all_rights
	hunter
	hunt compat
	: >>"$RUNTIME" || fail "the oracle is broken: the host cannot write to the copy either"
}

# The oracle: a program of the host that a mount shows writable is caught by the same hunter.
test_the_hunter_catches_what_can_be_written_to() {
	bundle
	hunter
	compat run --detach --bundle "$BUNDLE" "$ID"
	cp "$ROOTFS/bin/busybox" "$ROOTFS/bin/busybox.victim"
	# Long enough to be seen on a slow machine, short enough to be gone before the hunter gives up.
	for _ in $(seq 15); do
		compat exec "$ID" /bin/busybox.victim sleep 0.1
		expect_status 0
	done
	compat exec "$ID" cat /tmp/log
	expect_line seen
	expect_line opened
}

test_the_program_of_a_hardened_container_cannot_write_to_it() {
	bundle
	own_copy
	all_rights
	hunter
	hunt hardened
}

# Its own mode is what protects the file in a hardened container; so a mode that does not must be noticed.
test_a_program_file_that_everybody_may_write_to_is_protected_too() {
	local profile
	bundle
	own_copy
	hunter
	chmod 777 "$RUNTIME"
	for profile in hardened compat; do
		hunt "$profile"
	done
	chmod 755 "$RUNTIME"
	chown 1001 "$RUNTIME"
	hunt hardened
}

run_tests
