#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Limits of a process: rlimits and the OOM score.
. "$(dirname "$0")/bulwark.sh"

# limit NAME: soft and hard limit, of OUT, which is a limits file.
limit() {
	awk -v name="$1" 'index($0, name) == 1 { sub(name, ""); print $1, $2 }' <<<"$OUT"
}

# default_nofile: what the profile sets where nothing was asked for. It is a ceiling, so a caller who is lower, and
# may not raise it, is under it already.
default_nofile() {
	local hard
	hard=$(ulimit -Hn)
	if [ "$hard" = unlimited ] || [ "$hard" -ge 65536 ] || (ulimit -Hn 65536) 2>/dev/null; then
		hard=65536
	fi
	echo "$hard $hard"
}

test_limits_are_as_asked() {
	bundle
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_FSIZE", soft: 4096, hard: 8192},
		{type: "RLIMIT_NPROC", soft: 60, hard: 70}, {type: "RLIMIT_STACK", soft: 4194304, hard: 8388608},
		{type: "RLIMIT_CPU", soft: 50, hard: 55}, {type: "RLIMIT_AS", soft: 1073741824, hard: 1073741824},
		{type: "RLIMIT_MEMLOCK", soft: 0, hard: 0}, {type: "RLIMIT_CORE", soft: 5, hard: 6}]'
	for profile in hardened compat; do
		asks "$profile" 'cat /proc/self/limits'
		expect_status 0
		expect_equal nofile "$(limit 'Max open files')" "100 200"
		expect_equal fsize "$(limit 'Max file size')" "4096 8192"
		expect_equal nproc "$(limit 'Max processes')" "60 70"
		expect_equal stack "$(limit 'Max stack size')" "4194304 8388608"
		expect_equal cpu "$(limit 'Max cpu time')" "50 55"
		expect_equal as "$(limit 'Max address space')" "1073741824 1073741824"
		expect_equal memlock "$(limit 'Max locked memory')" "0 0"
		expect_equal core "$(limit 'Max core file size')" "5 6"
	done
}

test_a_limit_has_its_effect() {
	bundle
	config '.process.rlimits += [{type: "RLIMIT_FSIZE", soft: 4096, hard: 4096}]'
	asks hardened 'dd if=/dev/zero of=/tmp/file bs=1k count=10 2>/dev/null; stat -c %s /tmp/file'
	expect_output 4096
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 64, hard: 64}]'
	asks hardened 'dd if=/dev/zero of=/tmp/file bs=1k count=10 2>/dev/null; stat -c %s /tmp/file'
	expect_output 10240
}

# What a program writes ends there, whoever started it and whatever the process file says.
test_a_file_of_untrusted_code_ends_at_ten_mebibytes() {
	local write='dd if=/dev/zero of=file bs=64k count=200 2>/dev/null; echo $? $(stat -c %s file)' process=$T/process.json
	bundle
	asks shelled "$write"
	expect_output "153 10485760"
	asks shelled 'trap "" XFSZ; dd if=/dev/zero of=file bs=64k count=200; stat -c %s file'
	expect_output 10485760
	expect_error_has "File too large"
	sleeping shelled
	shelled exec "$ID" sh -c "$write"
	expect_output "153 10485760"
	jq --arg text "$write" '.process | .args = ["sh", "-c", $text] | .cwd = "/workspace" |
		.rlimits = [{type: "RLIMIT_FSIZE", soft: 20000000, hard: 20000000}]' "$BUNDLE/config.json" >"$process"
	shelled exec --process "$process" "$ID"
	expect_output "153 10485760"
	shelled delete --force "$ID"
	# The same where nobody sets it.
	asks hardened "cd /tmp && $write"
	expect_output "0 13107200"
}

test_exec_has_the_limits_of_the_container() {
	bundle
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}]'
	sleeping hardened
	hardened exec "$ID" cat /proc/self/limits
	expect_equal nofile "$(limit 'Max open files')" "100 200"
	expect_equal core "$(limit 'Max core file size')" "0 0"
}

# A process file has limits of its own; those that the policy adds must be there all the same.
test_exec_cannot_leave_out_the_limits_that_the_policy_added() {
	bundle
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}]'
	sleeping hardened
	jq '.process.args = ["cat", "/proc/self/limits"] | .process.rlimits = [] | .process' "$BUNDLE/config.json" >"$T/process.json"
	hardened exec --process "$T/process.json" "$ID"
	expect_equal core "$(limit 'Max core file size')" "0 0"
}

test_exec_cannot_raise_a_limit() {
	bundle
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}]'
	sleeping hardened
	jq '.process.args = ["cat", "/proc/self/limits"] | .process |
		.rlimits = [{type: "RLIMIT_NOFILE", soft: 1000, hard: 1000}, {type: "RLIMIT_CORE", soft: 1000, hard: 1000}]' \
		"$BUNDLE/config.json" >"$T/process.json"
	hardened exec --process "$T/process.json" "$ID"
	expect_equal nofile "$(limit 'Max open files')" "200 200"
	expect_equal core "$(limit 'Max core file size')" "0 0"
}

test_limits_that_were_not_asked_for_are_set_by_the_profile() {
	bundle
	config 'del(.process.rlimits)'
	asks hardened 'cat /proc/self/limits'
	expect_equal core "$(limit 'Max core file size')" "0 0"
	expect_equal nofile "$(limit 'Max open files')" "$(default_nofile)"
	asks shelled 'cat /proc/self/limits'
	expect_equal fsize "$(limit 'Max file size')" "10485760 10485760"
	expect_equal nproc "$(limit 'Max processes')" "4096 4096"
	expect_equal core "$(limit 'Max core file size')" "0 0"
}

test_limits_that_were_not_asked_for_are_the_caller_s_in_compat() {
	bundle
	config 'del(.process.rlimits)'
	ulimit -Sn 777
	asks compat 'cat /proc/self/limits'
	[[ $(limit 'Max open files') == "777 "* ]] || fail "nofile is $(limit 'Max open files')"
	ulimit -c 3
	asks compat 'cat /proc/self/limits'
	expect_equal core "$(limit 'Max core file size')" "3072 3072"
}

test_a_limit_given_twice_or_unknown_is_an_error() {
	bundle
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 1, hard: 2}, {type: "RLIMIT_NOFILE", soft: 3, hard: 4}]'
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal /process/rlimits/1
	config '.process.rlimits = [{type: "RLIMIT_NONSENSE", soft: 1, hard: 2}]'
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal RLIMIT_NONSENSE
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 3, hard: 2}]'
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
}

test_the_oom_score_is_as_asked_in_run_and_in_exec() {
	bundle
	config '.process.oomScoreAdj = 500'
	asks hardened 'cat /proc/self/oom_score_adj'
	expect_output 500
	sleeping hardened
	hardened exec "$ID" cat /proc/self/oom_score_adj
	expect_output 500
}

test_the_oom_score_that_was_not_asked_for_is_the_caller_s() {
	bundle
	config '.process.args = ["cat", "/proc/self/oom_score_adj"]'
	run sh -c 'echo 321 >/proc/self/oom_score_adj && exec "$@"' sh \
		"$RUNTIME" --root "$T/state" --profile compat run --bundle "$BUNDLE" "$ID"
	expect_output 321
}

# Below 0 the kernel would rather kill the host's programs.
test_an_oom_score_below_zero_becomes_zero() {
	bundle
	config '.process.oomScoreAdj = -200'
	asks hardened 'cat /proc/self/oom_score_adj'
	expect_output 0
	(echo -200 >/proc/self/oom_score_adj) 2>/dev/null || skip "this host lets nobody lower an OOM score"
	asks compat 'cat /proc/self/oom_score_adj'
	expect_output -200
}

run_tests
