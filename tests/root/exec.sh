#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# exec is no way round the decision that was made at create, whoever asks for what.
. "$(dirname "$0")/bulwark.sh"

test_a_user_that_is_root_is_not_root() {
	bundle
	sleeping hardened
	hardened exec --user 0 "$ID" id -u
	expect_output 1001
	hardened exec --user 0:0 --additional-gids 0 "$ID" id -G
	expect_output 1001
	hardened exec --user 2000:0 "$ID" sh -c 'id -u; id -G'
	expect_output $'2000\n1001'
	compat exec --user 0 "$ID" id -u
	expect_output 1001
}

test_groups_are_those_that_the_container_has() {
	bundle
	config '.process.user.additionalGids = [7]'
	sleeping hardened
	hardened exec --additional-gids 7 --additional-gids 8 "$ID" id -G
	expect_equal groups "$(tr ' ' '\n' <<<"$OUT" | sort -u | paste -sd ' ')" '1001 7'
}

test_exec_into_a_compat_container_is_as_asked() {
	bundle
	sleeping compat
	compat exec --user 0 "$ID" id -u
	expect_output 0
	compat exec --user 1000:1000 --additional-gids 100 --additional-gids 65534 "$ID" id -G
	expect_output '1000 100 65534'
	# A profile that is named later tightens nothing and loosens nothing.
	hardened exec --user 0 "$ID" id -u
	expect_output 0
}

# Everything that a process file can ask for at once.
test_a_process_file_that_asks_for_everything_gets_what_the_container_has() {
	local all
	bundle
	config '.process.user.additionalGids = [6]'
	sleeping hardened
	all='["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_NET_RAW", "CAP_DAC_READ_SEARCH"]'
	jq --null-input --argjson all "$all" '{
		terminal: false, cwd: "/", user: {uid: 0, gid: 0, additionalGids: [0, 6, 8]},
		args: ["sh", "-c", "cat /proc/self/status /proc/self/oom_score_adj; env; readlink /proc/self/ns/*/../net; umask"],
		env: ["PATH=/bin", "AWS_SECRET_ACCESS_KEY=leak"],
		capabilities: {bounding: $all, effective: $all, permitted: $all, inheritable: $all, ambient: $all},
		noNewPrivileges: false, oomScoreAdj: -500,
		scheduler: {policy: "SCHED_FIFO", priority: 10},
		rlimits: [{type: "RLIMIT_NOFILE", soft: 9000, hard: 9000}]}' >"$T/process.json"
	hardened exec --process "$T/process.json" "$ID"
	expect_status 0
	expect_line 'Uid:	1001	1001	1001	1001'
	expect_line 'Gid:	1001	1001	1001	1001'
	[[ $OUT =~ Groups:$'\t'6\  ]] || fail "groups are not 6 alone"
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		expect_line "$set:	0000000000000000"
	done
	expect_line 'NoNewPrivs:	1'
	expect_line 'Seccomp:	2'
	expect_line 0
	expect_no_line -500
	expect_output_lacks leak
}

test_the_scheduler_of_a_process_file_cannot_be_a_real_time_one() {
	bundle
	sleeping hardened
	jq '.process | .args = ["sh", "-c", "cut -d \" \" -f 41 /proc/self/stat"] |
		.scheduler = {policy: "SCHED_FIFO", priority: 10}' "$BUNDLE/config.json" >"$T/process.json"
	hardened exec --process "$T/process.json" "$ID"
	[ "$STATUS" != 0 ] || expect_output 0
	hardened delete --force "$ID"
	config '.process.capabilities |= with_entries(.value += ["CAP_SYS_NICE"])'
	sleeping compat
	compat exec --process "$T/process.json" "$ID"
	[ "$STATUS" = 0 ] || skip "this host lets no container have real-time scheduling"
	expect_output 1
}

test_a_further_program_runs_on_the_processors_that_are_asked_for() {
	[ "$(nproc --all)" -gt 1 ] || skip "needs two processors"
	bundle
	config '.process.execCPUAffinity = {initial: "0", final: "1"}'
	sleeping hardened
	hardened exec "$ID" grep Cpus_allowed_list /proc/self/status
	expect_output 'Cpus_allowed_list:	1'
	hardened --debug exec "$ID" true
	expect_error_has 'affinity: 0x1'
	jq '.process | .args = ["grep", "Cpus_allowed_list", "/proc/self/status"] | del(.execCPUAffinity)' \
		"$BUNDLE/config.json" >"$T/process.json"
	hardened exec --process "$T/process.json" "$ID"
	expect_output 'Cpus_allowed_list:	1'
}

test_what_a_process_file_leaves_open_is_as_in_config() {
	local look='grep -E "^Cap(Bnd|Eff)" /proc/self/status; cat /proc/self/oom_score_adj; umask; ulimit -Sn; ulimit -Hn'
	bundle
	config '.process |= . + {oomScoreAdj: 300, rlimits: [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}],
		scheduler: {policy: "SCHED_IDLE"}} | .process.user.umask = 63'
	jq --null-input --arg look "$look; cut -d \" \" -f 41 /proc/self/stat" '
		{cwd: "/", user: {uid: 0, gid: 0}, env: ["PATH=/bin"], args: ["sh", "-c", $look]}' >"$T/process.json"
	sleeping compat
	compat exec --process "$T/process.json" "$ID"
	expect_output $'CapEff:\t00000000000004e3\nCapBnd:\t00000000000004e3\n300\n0077\n100\n200\n5'
	jq '. + {oomScoreAdj: 400, capabilities: {}, rlimits: [{type: "RLIMIT_NOFILE", soft: 50, hard: 60}],
		scheduler: {policy: "SCHED_OTHER"}} | .user.umask = 7' "$T/process.json" >"$T/second.json"
	compat exec --process "$T/second.json" "$ID"
	expect_output $'CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n400\n0007\n50\n60\n0'
	hardened delete --force "$ID"
	sleeping hardened
	hardened exec --process "$T/process.json" "$ID"
	expect_line $'CapBnd:\t0000000000000000'
	expect_line 300
}

test_every_namespace_and_every_cgroup_is_that_of_the_container() {
	bundle
	sleeping hardened
	hardened exec --detach --pid-file "$T/pid" "$ID" sleep 299
	expect_status 0
	for file in pid net ipc uts mnt cgroup; do
		expect_equal "$file" "$(namespace_of "$(cat "$T/pid")" "$file")" "$(namespace_of "$(pid_of)" "$file")"
	done
	expect_equal cgroups "$(cat "/proc/$(cat "$T/pid")/cgroup")" "$(cat "/proc/$(pid_of)/cgroup")"
}

test_the_exit_status_is_passed_on() {
	bundle
	sleeping hardened
	hardened exec "$ID" sh -c 'exit 42'
	expect_status 42
	hardened exec "$ID" sh -c 'kill -KILL $$'
	expect_status 137
}

test_a_program_that_cannot_be_run_is_255() {
	bundle
	sleeping hardened
	hardened exec "$ID" /nowhere
	expect_status 255
	expect_error_has 'no such file or directory'
	hardened exec "$ID" /etc/passwd
	expect_status 255
	expect_error_has 'permission denied'
	hardened exec "$ID-other" true
	expect_status 255
	expect_error_has 'does not exist'
	hardened exec --nonsense "$ID" true
	expect_status 255
	hardened exec --pid-file /nowhere/pid "$ID" true
	expect_status 255
}

test_options_behind_the_command_belong_to_it() {
	bundle
	sleeping hardened
	hardened exec "$ID" echo --user 0
	expect_output '--user 0'
	hardened exec "$ID" -- echo -- two
	expect_output '-- two'
}

test_directory_and_environment_are_as_asked() {
	bundle
	sleeping hardened
	hardened exec --cwd /tmp --env ONE=1 --env TWO=2 "$ID" sh -c 'pwd; echo $ONE$TWO$PATH'
	expect_output $'/tmp\n12/bin:/usr/bin'
	hardened exec --cwd relative "$ID" pwd
	expect_failure
}

# The environment is put together from three sources; none may tear a hole into another.
test_an_added_variable_leaves_the_others_alone() {
	local profile before
	bundle
	config '.process.env += ["FROM_CONFIG=yes"]'
	for profile in compat hardened shelled; do
		sleeping "$profile"
		"$profile" exec "$ID" env
		before=$OUT
		"$profile" exec --env ADDED=1 "$ID" env
		expect_equal "the environment" "$(grep -vx ADDED=1 <<<"$OUT" | sort)" "$(sort <<<"$before")"
		expect_line ADDED=1
		"$profile" delete --force "$ID"
	done
}

test_standard_input_is_passed_on() {
	bundle
	sleeping hardened
	echo typed >"$T/input"
	OUT=$("$RUNTIME" --root "$T/state" exec "$ID" cat <"$T/input")
	expect_output typed
}

test_exec_in_a_created_container_leaves_it_created() {
	bundle
	config '.process.args = ["sleep", "300"]'
	hardened create --bundle "$BUNDLE" "$ID"
	hardened exec "$ID" id -u
	expect_output 1001
	expect_equal state "$(state_of)" created
}

test_exec_in_a_stopped_container_is_an_error() {
	bundle
	hardened run --keep --bundle "$BUNDLE" "$ID"
	hardened exec "$ID" true
	expect_status 255
	expect_error_has stopped
}

test_exec_in_a_paused_container_is_an_error() {
	local freezer
	bundle
	sleeping hardened
	freezer=$(cgroup_of freezer "$(pid_of)") || freezer=
	if [ -n "$freezer" ] && [ -e "$freezer/freezer.state" ]; then
		echo FROZEN >"$freezer/freezer.state"
	else
		freezer=$(cgroup_of '' "$(pid_of)" 2>/dev/null || cgroups_of "$ID" | head -n 1)
		[ -e "$freezer/cgroup.freeze" ] || skip "needs a freezer"
		echo 1 >"$freezer/cgroup.freeze"
	fi
	expect_equal state "$(state_of)" paused
	hardened exec "$ID" true
	expect_status 255
	expect_error_has 'cannot exec in a paused container'
	hardened delete --force "$ID"
	expect_status 0
	expect_nothing_left
}

# The stored decision is what counts, not what lies in the bundle now.
test_a_bundle_that_changes_after_create_changes_nothing() {
	bundle
	sleeping hardened
	config '.process.user = {uid: 0, gid: 0} | .process.capabilities.bounding = ["CAP_SYS_ADMIN"] | .hooks = {}'
	hardened exec "$ID" sh -c 'id -u; grep CapBnd /proc/self/status'
	expect_output $'1001\nCapBnd:\t0000000000000000'
}

test_a_pid_file_holds_the_number_and_nothing_else() {
	bundle
	sleeping hardened
	(cd "$T" && hardened exec --detach --pid-file relative.pid "$ID" sleep 299 && expect_status 0)
	[[ $(cat "$T/relative.pid") =~ ^[0-9]+$ ]] || fail "the file holds $(cat "$T/relative.pid")"
	expect_equal "size of the file" "$(stat -c %s "$T/relative.pid")" "$(wc -m <"$T/relative.pid")"
	[ -d "/proc/$(cat "$T/relative.pid")" ] || fail "no such process"
	expect_different "the process" "$(cat "$T/relative.pid")" "$(pid_of)"
}

run_tests
