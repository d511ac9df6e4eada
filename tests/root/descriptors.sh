#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Descriptors: the program has three, whatever the caller had open and whatever is asked for.
. "$(dirname "$0")/bulwark.sh"

# What the shell has open itself; the directory that it reads the list by is gone when it asks.
list_descriptors='for f in /proc/$$/fd/*; do [ ! -e "$f" ] || echo "descriptor ${f##*/}"; done'

# with_leaks COMMAND…: with descriptors 3 to 20 open, on a file and a directory of the host.
with_leaks() {
	local fd
	echo "secret of the host" >"$T/secret"
	for fd in $(seq 3 2 19); do
		eval "exec $fd<\"\$T\" $((fd + 1))<\"\$T/secret\""
	done
	"$@"
}

numbers() {
	sed -n 's/^descriptor //p' <<<"$OUT" | paste -sd ' '
}

test_the_program_has_three_descriptors_although_the_caller_leaks() {
	local profile
	bundle
	script_args "$list_descriptors"
	for profile in hardened compat; do
		(with_leaks "$profile" run --bundle "$BUNDLE" "$ID"; expect_equal descriptors "$(numbers)" "0 1 2")
	done
}

test_exec_has_three_descriptors_although_the_caller_leaks() {
	bundle
	(with_leaks sleeping hardened)
	(with_leaks hardened exec "$ID" sh -c "$list_descriptors"; expect_equal descriptors "$(numbers)" "0 1 2")
}

test_a_running_program_has_none_as_the_host_sees_it() {
	bundle
	(with_leaks sleeping hardened)
	expect_equal descriptors "$(find "/proc/$(pid_of)/fd" -type l -printf '%f\n' | sort -n | paste -sd ' ')" "0 1 2"
}

# While the container waits for start there is a process of ours inside; it holds no directory of the host.
test_a_created_container_holds_no_directory_and_no_file_of_the_host() {
	local target
	bundle
	config '.process.args = ["sleep", "300"]'
	(with_leaks hardened create --bundle "$BUNDLE" "$ID")
	for fd in "/proc/$(pid_of)/fd"/*; do
		target=$(readlink "$fd")
		case ${fd##*/} in
		0 | 1 | 2) continue ;;
		esac
		case $target in
		socket:* | pipe:* | anon_inode:* | /memfd:*) ;;
		*) fail "descriptor ${fd##*/} is $target" ;;
		esac
	done
}

test_a_descriptor_of_the_caller_is_no_way_to_the_host_s_files() {
	local fd
	bundle
	# Shell text: everything that might be reached from the working directory or by a descriptor.
	script_args "cat ./../../../../..$T/secret .$T/secret secret ../secret /proc/self/fd/*$T/secret /proc/self/fd/*/secret 2>/dev/null; true"
	for fd in 3 4 5 9 19 20; do
		config ".process.cwd = \"/proc/self/fd/$fd\""
		(with_leaks hardened run --bundle "$BUNDLE" "$ID-$fd"; expect_output_lacks secret)
		(with_leaks compat run --bundle "$BUNDLE" "$ID-$fd"; expect_output_lacks secret)
	done
}

test_the_working_directory_of_exec_is_no_way_to_the_host_s_files() {
	local fd
	bundle
	sleeping compat
	for fd in 3 4 5 9 19 20; do
		(with_leaks compat exec --cwd "/proc/self/fd/$fd" "$ID" sh -c "cat ./../../../../..$T/secret secret 2>/dev/null; true"
			expect_output_lacks secret)
	done
}

test_preserved_descriptors_reach_the_program_in_compat() {
	bundle
	echo content >"$T/file"
	script_args "cat <&3; cat <&4; $list_descriptors"
	compat run --preserve-fds 2 --bundle "$BUNDLE" "$ID" 3<"$T/file" 4<"$T/file" 5<"$T/file"
	expect_status 0
	expect_equal "number of contents" "$(grep -cx content <<<"$OUT")" 2
	expect_equal descriptors "$(numbers)" "0 1 2 3 4"
	bundle second
	ID+=-second
	sleeping compat
	compat exec --preserve-fds 1 "$ID" sh -c 'cat <&3' 3<"$T/file" 4<"$T/file"
	expect_output content
}

test_preserved_descriptors_are_refused_in_hardened() {
	bundle
	echo content >"$T/file"
	script_args 'cat <&3'
	hardened run --preserve-fds 1 --bundle "$BUNDLE" "$ID" 3<"$T/file"
	expect_refusal preserve-fds
	sleeping hardened
	hardened exec --preserve-fds 1 "$ID" sh -c 'cat <&3' 3<"$T/file"
	expect_failure
	expect_output_lacks content
	compat exec --preserve-fds 1 "$ID" sh -c 'cat <&3' 3<"$T/file"
	expect_failure
	expect_output_lacks content
}

# LISTEN_FDS of the environment stands for descriptors, as with systemd.
test_a_caller_without_standard_descriptors_leaks_none() {
	bundle
	script_args "exec >&2; $list_descriptors; for i in 0 1 2; do readlink /proc/\$\$/fd/\$i; done"
	"$RUNTIME" --root "$T/state" --profile hardened run --bundle "$BUNDLE" "$ID" 2>"$T/said" <&- >&- || true
	OUT=$(cat "$T/said")
	sed 's/^/  said: /' "$T/said"
	expect_equal descriptors "$(numbers)" "0 1 2"
	expect_output_lacks "$T/state"
}

# What engines give in place of input is the host's /dev/null: a file of a mount that the container does not have.
test_the_host_s_dev_null_becomes_the_container_s_own() {
	local profile pid
	bundle
	for profile in compat hardened; do
		sleeping "$profile"
		pid=$(pid_of)
		expect_equal "device of stdin" "$(stat -L --format %d "/proc/$pid/fd/0")" "$(stat --format %d "/proc/$pid/root/dev/null")"
		"$profile" delete --force "$ID"
	done
	# One that the image has put in its place is not touched.
	mkdir "$T/dev"
	mkfifo "$T/dev/null"
	config --arg source "$T/dev" 'del(.linux.maskedPaths) |
		.mounts |= [.[] | select(.destination | startswith("/dev") | not)] + [{destination: "/dev", type: "bind", source: $source, options: ["bind"]}]'
	script_args 'cat; echo read'
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output read
}

run_tests
