#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A system call of the container's init fails: then the program never runs, or it runs with exactly the security
# that it has when nothing fails. Each case goes through all calls of some kinds, one failing at a time.
# FAIL_SECONDS bounds each case (default 30).
. "$(dirname "$0")/lib.sh"
needs strace
strace --quiet=all --output=/dev/null true 2>/dev/null || skip "strace may not trace here"
"$RUNTIME" --profile hardened --version >/dev/null 2>&1 || skip "needs a runtime with profiles"
fail_seconds=${FAIL_SECONDS:-30}

# What the program can see of its own confinement, without what differs from run to run.
look='
	echo STARTED
	grep -E "^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp)" /proc/self/status
	cut -d " " -f 4- /proc/self/mountinfo | sed "s/master:[0-9]*/master/; s/\(.*\) - /\1 /"
	for ns in cgroup ipc mnt net pid uts; do readlink /proc/self/ns/$ns | sed "s/$HOSTS/the hosts/; s/[0-9][0-9]*/own/"; done
	ls /proc/self/fd
	ulimit -c; ulimit -n; ulimit -u
	umask; pwd; hostname
	sed "s/.*:\//in cgroup \//" /proc/self/cgroup
	cat /proc/self/oom_score_adj /proc/sys/net/ipv4/ip_unprivileged_port_start
	(: >/proc/self/comm) 2>/dev/null && echo "wrote to /proc"
	ip route show table all 2>/dev/null | grep -c prohibit
	ls -l /dev /proc/kcore /proc/keys | sed "s/[A-Z][a-z][a-z] .*:[0-9][0-9]//"
	exit 0'

prepared_bundle() {
	bundle
	script_args "$look"
	config --arg hosts "HOSTS=$(stat --dereference --format %i /proc/self/ns/net)" '
		.process.env += [$hosts] | .process.oomScoreAdj = 200 |
		.process.rlimits += [{type: "RLIMIT_CORE", soft: 0, hard: 0}] |
		.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "99"}'
}

# traced STRACE OPTION…: runs what $verb says, with the program's words in $T/seen.
traced() {
	# RUNTIME_FLAGS is a list of words.
	# shellcheck disable=SC2086
	timeout --kill-after=2 30 strace --follow-forks --quiet=all --output="$T/calls" "$@" "$RUNTIME" --root "$T/state" \
		--log "$T/log" ${RUNTIME_FLAGS:-} --profile hardened "${verb[@]}" </dev/null >"$T/seen" 2>"$T/said"
}

# The init's calls before its execve: lines "name n". It is the one that makes itself undumpable.
calls_of_init() {
	awk -v names=" $* " '
		FNR == NR { if (/prctl\(PR_SET_DUMPABLE/) init = $1; next }
		$1 != init { next }
		/ execve\(/ { exit }
		match($2, /^[a-z0-9_]+\(/) {
			name = substr($2, 1, RLENGTH - 1)
			++n[name]
			if (index(names, " " name " ")) print name, n[name]
		}' "$T/first" "$T/first"
}

# Of a group of the same calls (capabilities dropped one by one) the first, the last and every fifth.
sampled() {
	awk '{ line[NR] = $0; name[NR] = $1; total[$1] = $2 }
		END { for (i = 1; i <= NR; i++) { split(line[i], f); if (f[2] == 1 || f[2] == total[f[1]] || f[2] % 5 == 0) print line[i] } }'
}

try_one() {
	local name=$1 count=$2 error=$3
	rm -f "$T/log"
	traced --inject="$name:error=$error:when=$count" || :
	[ "${verb[0]}" = exec ] || "$RUNTIME" --root "$T/state" delete --force "$ID" >/dev/null 2>&1 || :
	grep --quiet STARTED "$T/seen" || return 0
	diff "$T/expected" "$T/seen" || fail "$name number $count fails with $error: the program runs with other confinement"
	# No program can see whether Landlock holds it. Where already the probe fails, a new container may go
	# without, if that is said; an exec may not, for its container does not.
	[[ $name != landlock_* ]] || { [ "${verb[0]}" = run ] && grep --quiet "degraded: landlock" "$T/log"; } ||
		fail "$name number $count fails with $error: the program runs without Landlock"
	survived+=" $name-$count"
}

# same_or_nothing CALL…
same_or_nothing() {
	local name count error end survived=
	traced || fail "the plain run fails: $(cat "$T/said")"
	cp "$T/seen" "$T/expected"
	cp "$T/calls" "$T/first"
	grep --quiet STARTED "$T/expected"
	end=$((SECONDS + fail_seconds))
	calls_of_init "$@" | sampled >"$T/targets"
	[ -s "$T/targets" ] || fail "the init makes none of these calls"
	! grep --extended-regexp --invert-match '^[a-z0-9_]+ [0-9]+$' "$T/targets" || fail "that is no call"
	for error in EPERM ENOSYS ENOMEM; do
	# shellcheck disable=SC2086 # words on purpose
		while read -r name count <&3 && [ $SECONDS -lt $end ]; do
	# shellcheck disable=SC2086 # words on purpose
			try_one "$name" "$count" $error
		done 3<"$T/targets"
	done
	echo "$(wc -l <"$T/targets") calls; the program ran all the same after a failure of:$survived"
}

privilege_calls="prctl capset setgroups setresgid setresuid keyctl prlimit64 sethostname setsid"
filter_calls="seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self bpf socket sendto recvfrom"
mount_calls="mount_setattr move_mount open_tree fsopen fsconfig fsmount pivot_root umount2 mount chroot"
file_calls="write openat2 mkdirat mknodat symlinkat fchdir chdir fchown"
other_calls="unshare setns close_range fcntl dup3 getcwd rt_sigprocmask execve"

run_of() {
	prepared_bundle
	verb=(run --bundle "$BUNDLE" "$ID")
	# Lists of words.
	# shellcheck disable=SC2086
	same_or_nothing $1
}

test_no_failure_of_a_privilege_call_loosens_the_container() {
	run_of "$privilege_calls"
}

test_no_failure_of_a_filter_call_loosens_the_container() {
	run_of "$filter_calls"
}

test_no_failure_of_a_mount_call_loosens_the_container() {
	run_of "$mount_calls"
}

test_no_failure_of_a_file_call_loosens_the_container() {
	run_of "$file_calls"
}

test_no_failure_of_a_descriptor_or_namespace_call_loosens_the_container() {
	run_of "$other_calls"
}

test_no_failure_of_a_call_loosens_an_exec() {
	prepared_bundle
	config '.process.args = ["sleep", "300"]'
	container --profile hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	verb=(exec "$ID" sh -c "$look")
	# shellcheck disable=SC2086
	same_or_nothing $privilege_calls $filter_calls $file_calls $other_calls
}

run_tests
