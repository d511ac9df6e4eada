#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sentences and statuses that callers parse, by real calls; what is said beside them of a failed start; the record
# of the last failure.
. "$(dirname "$0")/bulwark.sh"

# logged FORMAT VERB [ARG]...: compat, with a log in that format; LOG is its last line that is an error.
logged() {
	local format=$1
	shift
	rm -f "$T/log"
	run "$RUNTIME" --root "$T/state" --profile compat --log "$T/log" --log-format "$format" "$@"
	LOG=$(grep 'level.\{1,3\}error' "$T/log" | tail -n 1) || LOG=
}

# says STATUS PHRASE VERB [ARG]...: the phrase is on stderr, which is one line, and in the last error of the log in
# both formats; the log is what containerd's shim, dockerd and podman read.
says() {
	local status=$1 phrase=$2 format message
	shift 2
	for format in text json; do
		logged "$format" "$@"
		expect_status "$status"
		expect_error_has "$phrase"
		expect_equal "lines on stderr" "$(wc -l <"$T/err")" 1
		expect_output ''
		if [ "$format" = json ]; then
			message=$(jq --raw-output .msg <<<"$LOG")
			jq --exit-status '.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$")' <<<"$LOG"
		else
			message=${LOG#*msg=}
			message=${message//\\/}
		fi
		[[ $message == *"$phrase"* ]] || fail "the log in $format lacks \"$phrase\": $LOG"
	done
}

# stopped_container: $ID has stopped.
stopped_container() {
	bundle
	sleeping compat
	compat kill "$ID" KILL
	eventually is_stopped
}

test_an_unknown_container_does_not_exist() {
	local call
	mkdir -p "$T/state"
	for call in "state nope" "start nope" "kill nope 9" "kill --all nope 9" "delete nope" "ps nope"; do
		# Words of a call.
		# shellcheck disable=SC2086
		says 1 "container does not exist" $call
	done
	says 255 "container does not exist" exec nope true
	compat delete --force nope
	expect_status 0
	expect_equal stderr "$ERR" ""
}

test_ids_are_judged_with_known_words() {
	bundle
	says 1 "invalid container ID format" create --bundle "$BUNDLE" a/b
	says 1 "invalid container ID format" state ../nope
	says 1 "container id cannot be empty" run --bundle "$BUNDLE" ""
	sleeping compat
	says 1 "container with given ID already exists" create --bundle "$BUNDLE" "$ID"
	says 1 "container with given ID already exists" run --bundle "$BUNDLE" "$ID"
	expect_equal "its state" "$(state_of)" running
}

test_what_a_state_does_not_allow_has_known_words() {
	stopped_container
	says 1 "container not running" kill "$ID" 9
	says 1 "container not running" kill "$ID" TERM
	says 1 "cannot start a container that has stopped" start "$ID"
	says 255 "cannot exec in a stopped container" exec "$ID" true
	compat kill --all "$ID" 9
	expect_status 0
	compat delete "$ID"
	expect_status 0
	sleeping compat
	says 1 "cannot start an already running container" start "$ID"
	says 1 "cannot delete container $ID that is not stopped: running" delete "$ID"
}

# Docker makes 127 and 126 of these, podman as well.
test_a_program_that_is_missing_or_may_not_be_executed_has_known_words() {
	local verb program phrase
	bundle
	echo text >"$ROOTFS/bin/plain"
	cp -r "$BUNDLE" "$T/other"
	for verb in run create; do
		while IFS='|' read -r program phrase; do
			config --arg program "$program" '.process.args = [$program]'
			says 1 "unable to start container process: error during container init: $phrase" "$verb" \
				--bundle "$BUNDLE" "$ID"
			expect_nothing_left
		done <<-'END'
			nothere|exec: "nothere": executable file not found in $PATH
			/bin/nothere|exec: "/bin/nothere": stat /bin/nothere: no such file or directory
			/bin/sh/x|exec: "/bin/sh/x": stat /bin/sh/x: not a directory
			/bin/plain|exec: "/bin/plain": permission denied
			/bin|exec: "/bin": is a directory
			bin|exec: "bin": executable file not found in $PATH
		END
	done
	sleeping compat
	while IFS='|' read -r program phrase; do
		says 255 "exec failed: unable to start container process: $phrase" exec "$ID" "$program"
	done <<-'END'
		nothere|exec: "nothere": executable file not found in $PATH
		/bin/nothere|exec: "/bin/nothere": stat /bin/nothere: no such file or directory
		/bin/sh/x|exec: "/bin/sh/x": stat /bin/sh/x: not a directory
		/bin/plain|exec: "/bin/plain": permission denied
		/bin|exec: "/bin": is a directory
	END
	says 255 'chdir to cwd ("/nowhere") set in config.json failed: no such file or directory' \
		exec --cwd /nowhere "$ID" true
	[ ! -e "$ROOTFS/nowhere" ] || fail "exec has made the directory"
	says 255 'chdir to cwd ("/bin/sh") set in config.json failed: not a directory' exec --cwd /bin/sh "$ID" true
	says 255 "invalid environment variable: missing '='" exec --env NAME "$ID" true
	says 255 "no such file or directory" exec --pid-file /no/where "$ID" true
	compat exec "$ID" sh -c 'exit 42'
	expect_status 42
	# For the shell in the container.
	# shellcheck disable=SC2016
	compat exec "$ID" sh -c 'kill -9 $$'
	expect_status 137
}

test_mounts_that_cannot_be_had_have_known_words() {
	bundle
	cp "$BUNDLE/config.json" "$T/config.json"
	config '.mounts += [{destination: "/m", type: "bind", source: "/no/source", options: ["bind"]}]'
	says 1 'error mounting "/no/source" to rootfs at "/m": no such file or directory' run --bundle "$BUNDLE" "$ID"
	cp "$T/config.json" "$BUNDLE/config.json"
	config '.mounts += [{destination: "/bin/sh", type: "bind", source: "/etc", options: ["bind"]}]'
	says 1 'error mounting "/etc" to rootfs at "/bin/sh": not a directory' run --bundle "$BUNDLE" "$ID"
	cp "$T/config.json" "$BUNDLE/config.json"
	config '.mounts += [{destination: "/etc", type: "bind", source: "/etc/passwd", options: ["bind"]}]'
	says 1 'error mounting "/etc/passwd" to rootfs at "/etc": not a directory' run --bundle "$BUNDLE" "$ID"
	cp "$T/config.json" "$BUNDLE/config.json"
	config '.root.path = "nowhere"'
	says 1 'no such file or directory' create --bundle "$BUNDLE" "$ID"
}

# ---- what is said beside them -------------------------------------------------------------------------

# cannot_execute PROGRAM ERRNO-WORDS CAUSE: run, create and start, exec: one exact line on stderr, the cause in the log.
cannot_execute() {
	local sentence="exec $1: $2" verb
	config --arg program "$1" '.process.args = [$program]'
	compat create --bundle "$BUNDLE" "$ID"
	expect_status 0
	for verb in run start exec; do
		case $verb in
		run) logged json run --bundle "$BUNDLE" "$ID-run" ;;
		start) logged json start "$ID" ;;
		exec)
			compat delete --force "$ID"
			config '.process.args = ["sleep", "300"]'
			compat run --detach --bundle "$BUNDLE" "$ID"
			logged json exec "$ID" "$1"
			;;
		esac
		expect_failure
		expect_equal "stderr of $verb" "$ERR" "$sentence"
		expect_equal "hint of $verb" "$(jq --raw-output .hint <<<"$LOG")" "$3"
		expect_equal "msg of $verb" "$(jq --raw-output .msg <<<"$LOG")" "$sentence: $3"
	done
	compat delete --force "$ID"
}

# other_machine FILE: an ELF head of another machine.
other_machine() {
	head -c 64 /bin/true >"$1"
	printf '\x16\x00' | dd of="$1" bs=1 seek=18 conv=notrunc status=none
	chmod 755 "$1"
}

test_the_cause_is_found_and_the_sentence_stays_alone() {
	bundle
	printf '#!/nope -x\n' >"$ROOTFS/bin/a"
	printf '#!/bin/sh\r\necho\r\n' >"$ROOTFS/bin/b"
	echo 'echo hello' >"$ROOTFS/bin/c"
	other_machine "$ROOTFS/bin/d"
	cp "$(type -P true)" "$ROOTFS/bin/e"
	chmod 755 "$ROOTFS"/bin/[a-e]
	cannot_execute /bin/a "no such file or directory" 'its interpreter "/nope" (line 1) is not in the image'
	cannot_execute /bin/b "no such file or directory" \
		'line 1 ends with a carriage return (Windows line endings), so its interpreter would be "/bin/sh\r"'
	cannot_execute /bin/c "exec format error" 'the file is text without "#!" in its first line'
	cannot_execute /bin/d "exec format error" \
		"the file is a program for s390x, this host is $(uname -m) and has no binfmt_misc handler for it"
	cannot_execute /bin/e "no such file or directory" \
		"its loader \"$(grep --text --only-matching '/lib[0-9]*/ld-[a-z0-9_.-]*' "$ROOTFS/bin/e" | head -n 1)\" is not in the image"
}

test_no_x_bit_and_noexec_are_named() {
	bundle
	echo text >"$ROOTFS/bin/plain"
	config '.process.args = ["/bin/plain"]'
	logged json run --bundle "$BUNDLE" "$ID"
	expect_error_has 'exec: "/bin/plain": permission denied: mode 0644 has no x bit'
	mkdir "$T/tools"
	cp "$ROOTFS/bin/busybox" "$T/tools/true"
	config --arg source "$T/tools" '.process.args = ["/tools/true"] |
		.mounts += [{destination: "/tools", type: "bind", source: $source, options: ["bind", "noexec"]}]'
	logged json run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'permission denied: it lies on a mount that is noexec'
	config '(.mounts[] | select(.destination == "/tools")).options = ["bind"]'
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

test_a_memory_limit_that_is_too_low_is_named() {
	needs_controller memory
	bundle
	config '.linux.resources.memory = {limit: 4096}'
	says 1 "its memory limit of 4096 bytes is too low" run --bundle "$BUNDLE" "$ID"
	expect_nothing_left
	# A program that starts, and then wants more than there is: its status, and a word on it.
	config '.linux.resources.memory = {limit: 8388608, swap: 8388608}'
	script_args 'x=y; while :; do x=$x$x; done'
	logged json run --bundle "$BUNDLE" "$ID"
	expect_status 137
	grep -q '"level":"warning","msg":"the container.s program was killed: its memory limit of 8388608 bytes is too low"' \
		"$T/log" || fail "the log has: $(cat "$T/log")"
	expect_nothing_left
}

test_the_image_cannot_make_the_diagnosis_wait_or_leave_it() {
	bundle
	mkfifo "$T/fifo"
	printf '#!/bin/fifo\n' >"$ROOTFS/bin/a"
	chmod 755 "$ROOTFS/bin/a"
	mkfifo "$ROOTFS/bin/fifo"
	config '.process.args = ["/bin/a"]'
	SECONDS=0
	logged json run --bundle "$BUNDLE" "$ID"
	expect_failure
	[ "$SECONDS" -lt 10 ] || fail "it took $SECONDS seconds"
	# A link to a file of the host, which is text there.
	echo "secret of the host" >"$T/secret"
	chmod 755 "$T/secret"
	rm "$ROOTFS/bin/fifo"
	ln -s "$T/secret" "$ROOTFS/bin/fifo"
	logged json run --bundle "$BUNDLE" "$ID"
	expect_equal msg "$(jq --raw-output .msg <<<"$LOG")" \
		'exec /bin/a: no such file or directory: its interpreter "/bin/fifo" (line 1) is not in the image'
}

# ---- the record ---------------------------------------------------------------------------------------

why() {
	run "$RUNTIME" --root "$T/state" why --format json "$ID"
}

expect_why() {
	jq --exit-status "$1" <<<"$OUT" >/dev/null || fail "the record lacks: $1"
}

test_a_failure_is_on_record_until_the_next_success() {
	bundle
	printf '#!/nope\n' >"$ROOTFS/bin/a"
	chmod 755 "$ROOTFS/bin/a"
	config '.process.args = ["/bin/a"]'
	why
	expect_status 1
	expect_error_has "no failure of container $ID is on record"
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_nothing_left
	why
	expect_status 0
	expect_why '.verb == "run" and .code == "program" and .errno == "ENOENT" and .profile == "compat"'
	expect_why '.message == "exec /bin/a: no such file or directory"'
	expect_why '.hint == "its interpreter \"/nope\" (line 1) is not in the image"'
	expect_why '[.steps[] | select(.result == "failed") | .step] | last == "program: execve /bin/a"'
	expect_why '[.steps[] | select(.result == "done")] | length > 5'
	expect_equal "its mode" "$(stat -c %a "$T/state/.failures" "$T/state/.failures/$ID.json" | paste -sd ' ')" "700 600"
	compat list
	expect_output_lacks failures
	run "$RUNTIME" --root "$T/state" why "$ID"
	expect_output_has "because    its interpreter"
	expect_output_has "failed       program: execve /bin/a"
	# start, which has no plan.
	compat create --bundle "$BUNDLE" "$ID"
	why
	expect_status 1
	compat start "$ID"
	expect_failure
	compat start "$ID"
	expect_error_has "cannot start a container that has stopped"
	compat delete "$ID"
	why
	expect_why '.verb == "start" and ([.steps[] | select(.result == "failed") | .step] | last == "program: execve /bin/a")'
	# exec, and the success of one.
	sleeping compat
	compat exec "$ID" /bin/nothere
	why
	expect_why '.verb == "exec" and ([.steps[] | select(.result == "failed") | .step] | last == "program: look up /bin/nothere")'
	compat exec "$ID" true
	expect_status 0
	why
	expect_status 1
	expect_empty_directory "$T/state/.failures"
}

test_a_refusal_is_on_record_with_its_rule() {
	bundle
	config '.mounts += [{destination: "/m", type: "bind", source: "/proc", options: ["rbind"]}]'
	hardened create --bundle "$BUNDLE" "$ID"
	expect_failure
	why
	expect_why '.verb == "create" and .code == "denied" and .profile == "hardened" and (.rule | length > 0) and
		(.field | startswith("/mounts/")) and (.steps | length == 1)'
	# It works where nothing refuses it, and that removes the record.
	compat create --bundle "$BUNDLE" "$ID"
	expect_status 0
	why
	expect_status 1
}

test_a_hook_that_fails_is_on_record() {
	bundle
	printf '#!/bin/sh\nexit 3\n' >"$T/hook"
	chmod 755 "$T/hook"
	config --arg path "$T/hook" '.hooks.createRuntime = [{path: $path}]'
	compat create --bundle "$BUNDLE" "$ID"
	expect_failure
	why
	expect_why '(.message | contains("error running createRuntime hook #0")) and
		([.steps[] | select(.result == "failed") | .step] | last | startswith("hooks: "))'
}

run_tests
