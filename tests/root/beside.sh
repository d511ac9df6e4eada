#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A container of a process that lives longer than its verbs, which are done by forks: terminals over a descriptor, and
# what is seen from beside the container.
. "$(dirname "$0")/bulwark.sh"

# beside PROFILE WORD...: see beside.c. PROCESS is what exec reads.
beside() {
	local program
	program=${BUILDDIR:-$(dirname "$RUNTIME")}/root_beside
	[ -x "$program" ] || skip "needs root_beside, which make check builds"
	STATUS=0
	(cd "$T" && timeout --kill-after=5 "$step_timeout" "$program" "$T/state" "$1" "$BUNDLE" "$ID" "${@:2}") \
		<"${PROCESS:-/dev/null}" >"$T/out" 2>"$T/err" || STATUS=$?
	{ OUT=$(tr -d '\r' <"$T/out") ERR=$(<"$T/err"); } 2>/dev/null
	echo "+ beside $* -> $STATUS"
	sed 's/^/  out: /' "$T/out"
	sed 's/^/  err: /' "$T/err"
}

test_the_verbs_work_in_forks_of_a_server() {
	bundle
	config '.process.args = ["sh", "-c", "exit 7"]'
	beside hardened create watch pids start await delete
	expect_status 0
	expect_line "own pids 1"
	expect_line "pids 1"
	expect_line "ended with 7"
	expect_nothing_left
}

test_a_server_s_blocked_signals_are_not_the_program_s() {
	bundle
	script_args 'grep SigBlk /proc/self/status'
	beside hardened create start await delete
	expect_status 0
	expect_output_has 'SigBlk:	0000000000000000'
}

test_the_terminal_goes_over_the_descriptor_alone() {
	bundle
	config '.process.terminal = true'
	script_args 'tty; ls /proc/self/fd | wc -l'
	beside hardened console create start terminal await delete
	expect_status 0
	expect_line "terminal /dev/pts/0 descriptors 1"
	expect_line "nobody else has the socket"
	expect_line "printed /dev/pts/0"
	expect_line 4 # 0, 1, 2 and the directory
}

test_an_exec_gets_its_terminal_over_a_descriptor_too() {
	bundle
	config '.process.args = ["sleep", "300"]'
	jq '.process | .terminal = true | .args = ["sh", "-c", "tty; ls /proc/self/fd | wc -l"]' "$BUNDLE/config.json" \
		>"$T/process.json"
	PROCESS=$T/process.json beside hardened create start console exec terminal await kill await delete
	expect_status 0
	expect_line "terminal /dev/pts/0 descriptors 1"
	expect_line "nobody else has the socket"
	expect_line "printed /dev/pts/0"
	expect_line 4
	expect_line "ended with 0"
	expect_line "ended by signal 9"
}

test_a_descriptor_without_a_terminal_is_refused() {
	bundle
	beside hardened console create
	expect_status 1
	expect_error_has 'a socket for the terminal is for a process with terminal: true'
	expect_nothing_left
}

test_a_terminal_without_a_descriptor_is_refused() {
	bundle
	config '.process.terminal = true'
	beside hardened create
	expect_status 1
	expect_error_has 'cannot allocate tty'
	expect_nothing_left
}

test_the_metrics_are_the_cgroup_s() {
	needs_controller memory
	needs_controller pids
	bundle
	config '.process.args = ["sleep", "300"] | .linux.resources.memory = {limit: 67108864}'
	beside hardened create watch start metrics kill await delete metrics
	expect_status 1
	expect_line "metrics io.containerd.cgroups.$([ -e /sys/fs/cgroup/cgroup.controllers ] && echo v2 || echo v1).Metrics"
	expect_line "processes 1"
	expect_line "limit 67108864"
	expect_line "has run"
	expect_error_has 'metrics: the container has no cgroup'
}

# governed_beside WORD...: under the policy of `policy`.
governed_beside() {
	BESIDE_POLICY=$T/policy.json beside "" "$@"
}

test_a_logger_is_a_program_that_the_policy_lists_and_root_alone_can_change() {
	bundle
	config '.process.args = ["sleep", "300"]'
	mkdir -m 755 "$T/loggers"
	cp /bin/true "$T/loggers/good"
	cp /bin/true "$T/loggers/open"
	chmod 777 "$T/loggers/open"
	ln -s good "$T/loggers/link"
	policy "{\"loggers\": {\"allow\": [\"$T/loggers/good\", \"$T/loggers/open\", \"$T/loggers/link\", \"$T/loggers/none\"]},
		\"loosens\": [\"loggers.allow\"]}"
	governed_beside "logger=$T/loggers/good" create "stored-logger=$T/loggers/good" kill await delete
	expect_status 0
	governed_beside "logger=$T/loggers/open"
	expect_status 1
	expect_error_has 'must belong to root and be writable by nobody else'
	governed_beside "logger=$T/loggers/link"
	expect_error_has "a symbolic link lies in its path, the file is $T/loggers/good"
	governed_beside "logger=$T/loggers/none"
	expect_error_has "the logger $T/loggers/none: the file is missing, or cannot be looked at"
	governed_beside "logger=$T/loggers/other"
	expect_error_has 'is not among those of loggers.allow of profile site'
	chmod 777 "$T/loggers"
	governed_beside "logger=$T/loggers/good"
	expect_error_has 'must belong to root and be writable by nobody else'
}

test_no_profile_lets_output_go_to_a_program_by_itself() {
	local profile
	bundle
	config '.process.args = ["sleep", "300"]'
	for profile in compat hardened untrusted-code; do
		beside "$profile" logger=/bin/true
		expect_status 1
		expect_error_has "the policy refuses the logger /bin/true: it is not among those of loggers.allow of profile $profile"
	done
	beside compat create stored-logger=/bin/true
	expect_status 1
	expect_error_has 'it is not among those of loggers.allow of profile compat'
}

test_a_log_is_a_file_beneath_a_directory_that_the_policy_lists_with_no_link_in_its_path() {
	bundle
	config '.process.args = ["sleep", "300"]'
	mkdir -p "$T/logs/real"
	ln -s real "$T/logs/link"
	ln -s missing "$T/logs/nowhere"
	ln -s /etc/crontab "$T/logs/real/log"
	policy "{\"loggers\": {\"files\": [\"$T/logs\"]}, \"loosens\": [\"loggers.files\"]}"
	governed_beside "log-file=$T/logs/real/new/log" create "stored-log-file=$T/logs/new" kill await delete
	expect_status 0
	expect_line "log $T/logs/real/new/log without links"
	expect_line "log $T/logs/new without links"
	governed_beside "log-file=$T/log"
	expect_status 1
	expect_error_has "the policy refuses output to the file $T/log: it is not beneath a directory of loggers.files of profile site"
	governed_beside "log-file=$T/logs/../log"
	expect_error_has 'it must be an absolute path without //, . and ..'
	local path
	for path in link/log link/new/log nowhere nowhere/log real/log; do
		governed_beside "log-file=$T/logs/$path"
		expect_status 1
		expect_error_has "output to the file $T/logs/$path: a symbolic link lies in its path"
	done
	touch "$T/logs/file"
	governed_beside "log-file=$T/logs/file/log"
	expect_error_has "output to the file $T/logs/file/log: its path cannot be looked at"
	[ ! -e "$T/logs/real/new" ] || fail "a check made the directory"
}

test_compat_alone_lets_output_go_to_any_file() {
	local profile
	bundle
	config '.process.args = ["sleep", "300"]'
	ln -s . "$T/link"
	beside compat "log-file=$T/link/../x" create "stored-log-file=$T/link/log" kill await delete
	expect_status 0
	expect_line "log $T/link/../x anyhow"
	expect_line "log $T/link/log anyhow"
	for profile in hardened untrusted-code; do
		beside "$profile" "log-file=$T/log"
		expect_status 1
		expect_error_has "the policy refuses output to the file $T/log: it is not beneath a directory of loggers.files of profile $profile"
	done
	beside hardened create "stored-log-file=$T/log"
	expect_status 1
	expect_error_has 'of loggers.files of profile hardened'
}

test_who_keeps_the_time_knows_it_and_the_container_is_not_degraded() {
	bundle
	config '.process.args = ["sleep", "300"]'
	policy '{"session": {"ttl": "1h30m"}}'
	governed_beside create=keeps-time watch life
	expect_status 0
	expect_line "life 5400000 ms and 10000 ms"
	hardened state "$ID"
	expect_output_lacks session
	hardened delete --force "$ID"
	beside hardened create watch life kill await delete
	expect_line "life without a limit"
}

test_a_watch_costs_few_descriptors() {
	local counts
	bundle
	config '.process.args = ["sleep", "300"]'
	beside hardened descriptors create watch descriptors kill await delete
	expect_status 0
	mapfile -t counts < <(sed -n 's/^descriptors //p' <<<"$OUT")
	expect_equal "more descriptors" $((counts[1] - counts[0])) 2
}

out_of_memory() {
	needs_controller memory
	bundle
	config '.linux.resources.memory = {limit: 8388608, swap: 8388608}'
	script_args 'dd if=/dev/zero of=/dev/null bs=64M count=1'
}

test_a_lack_of_memory_is_told() {
	out_of_memory
	beside hardened create watch start oom await quiet delete
	expect_status 0
	expect_line oom
	expect_line quiet
}

test_no_lack_of_memory_is_told_of_an_end() {
	needs_controller memory
	bundle
	config '.process.args = ["true"]'
	beside hardened create watch start await delete quiet pids
	expect_status 0
	expect_line quiet
	expect_line "pids 0"
}

test_who_looks_after_the_end_is_told_too() {
	out_of_memory
	beside hardened create watch start await quiet delete quiet
	expect_status 0
	expect_equal last "$(tail -n 2 <<<"$OUT" | tr '\n' ' ')" "oom quiet "
}

run_tests
