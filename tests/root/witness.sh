#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# programs.events: what a container executes is seen from outside, and what is not listed is refused there as well.
#
# First bulwark-witness by itself, beside a process of witness.py that has its filter; then beside containers.
[ -n "${BULWARK_TEST_INSIDE:-}" ] || BULWARK_TEST_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
. "$(dirname "$0")/bulwark.sh"
needs python3

needs_beside bulwark-witness

# ---- the program by itself --------------------------------------------------------------------------

python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')

# tries ATTEMPT...: what comes of them in OUT, see witness.py.
tries() {
	local loader
	rm -rf "$T/sock" "$T/jail"
	mkdir -p "$T/jail/inner"
	cp /bin/true "$T/copy"
	cp /bin/true "$T/jail/inner/true"
	ln -sf /bin/true "$T/link"
	ln -sf /bin/sh "$T/link-to-sh"
	printf '#!/bin/true\n' >"$T/script"
	chmod 755 "$T/script"
	loader=$(find /lib64/ /lib/ -maxdepth 1 -name 'ld-linux-*.so.*' -print -quit)
	jq --null-input --arg python "$python" --arg loader "$loader" '{id: "c1", user: 64976, group: 64976,
		programs: ["/bin/true", $python], interpreters: [$loader]}' >"$T/config.json"
	run python3 "$tests_dir/root/witness.py" "$T" "$BESIDE" "$@"
	expect_status 0
}

answered() {
	grep -qxF -e "$1: $2" <<<"$OUT" || fail "\"$1\" did not end with $2"
}

# seen FILTER [FILE]: some line of the log is like that.
seen() {
	jq --exit-status --slurp "any(.[]; $1)" "${2:-$T/events}" >/dev/null || {
		cut -c 1-300 "${2:-$T/events}" | tail -n 30 | sed 's/^/  event: /'
		fail "no event like $1"
	}
}

counted() {
	expect_equal "$1" "$(sed -n "s/^$1 *0*\(.\)/\1/p" "${3:-$T/counts}")" "$2"
}

test_what_is_listed_runs_and_is_seen() {
	tries listed 'by a link' itself
	answered listed ran
	answered 'by a link' ran
	answered itself ran
	answered witness 0
	seen '.event == "exec" and .result == "allowed" and .path == "/bin/true" and .arg0 == "true" and .uid == 0 and
		.id == "c1" and (.pid | type) == "number" and .inside_pid == .pid and (.comm | startswith("python"))'
	seen '.result == "allowed" and .path == "./link" and (.file | endswith("/true"))'
	seen '.event == "end" and .allowed == 3 and .denied == 0'
	counted allowed 3
}

test_what_is_not_listed_is_refused_and_seen() {
	local one
	for one in 'not listed' 'not listed, by a link' 'not listed, at a directory' 'a copy' 'a script' 'in a jail' \
		interpreter 'in memory' 'in memory, by name' 'a directory'; do
		set -- "$@" "$one"
	done
	tries "$@"
	for one; do answered "$one" EACCES; done
	seen '.result == "denied" and .path == "/bin/sh" and .reason == "not listed"'
	seen '.result == "denied" and .path == "./link-to-sh" and (.file | endswith("sh"))'
	seen '.result == "denied" and .path == "sh"'
	seen '.result == "denied" and .path == "./copy" and .file == "'"$T"'/copy"'
	seen '.result == "denied" and .path == "./true" and (.file | endswith("/jail/inner/true"))'
	seen '.result == "denied" and (.reason | startswith("an interpreter"))'
	seen '.result == "denied" and .path == "" and (.file | startswith("/memfd:"))'
	seen '.result == "denied" and (.path | startswith("/proc/self/fd/")) and (.file | startswith("/memfd:"))'
	counted denied $#
}

test_what_names_no_file_is_left_to_the_kernel() {
	tries missing 'no path' long
	answered missing ENOENT
	answered 'no path' EFAULT
	answered long ENAMETOOLONG
	seen '.result == "unresolved" and .path == "/bin/missing" and .reason == "no such file"'
	seen '.result == "unresolved" and .path == "" and .reason == "the path cannot be read"'
	seen '.result == "unresolved" and (.path | length) == 768 and .reason == "the path is too long"'
	counted unresolved 3
}

test_memory_that_changes_while_it_is_looked_at_harms_nobody() {
	tries changes 'not listed'
	answered changes ran
	answered 'not listed' EACCES
	answered witness 0
	jq --exit-status . "$T/events" >/dev/null || fail "the log is no JSON"
}

test_a_flood_does_not_fill_the_log() {
	tries 'flood /bin/sh' 'flood /missing'
	answered witness 0
	counted denied 10000
	counted unresolved 10000
	[ "$(stat --format %s "$T/events")" -le $((2 << 20)) ] || fail "the log is too large"
	[ "$(wc -l <"$T/events")" -lt 2000 ] || fail "nothing was held back"
	seen '.event == "end" and .denied == 10000'
	seen '.held_back > 0'
}

test_without_the_witness_no_program_starts() {
	tries listed kill listed 'not listed' missing
	answered listed ran
	expect_equal answers "$(grep -c ': ENOSYS$' <<<"$OUT")" 3
	answered witness -9
}

test_a_page_that_never_comes_ends_the_witness_and_hangs_nobody() {
	tries 'never comes' listed
	answered 'never comes' ENOSYS
	answered listed ENOSYS
	answered witness -14	# SIGALRM
}

test_what_the_witness_could_still_do() {
	local line
	tries listed
	for line in 'Uid:.64976.64976.64976.64976' 'Gid:.64976.64976.64976.64976' 'Groups:. ' 'CapPrm:.0000000000080004' \
		'CapEff:.0000000000080004' 'CapBnd:.0000000000000000' 'CapInh:.0000000000000000' 'NoNewPrivs:.1' 'Seccomp:.2'; do
		grep -qx "$line" "$T/process" || fail "status lacks $line: $(cat "$T/process")"
	done
	# Of its own, without what it shares with others of its kind: in KiB.
	line=$(awk '/^Anonymous:/ { sum += $2 } END { print sum }' "$T/memory")
	echo "anonymous memory: $line KiB"
	[ "$line" -lt 300 ] || fail "it has $line KiB of memory of its own"
}

# ---- beside a container -----------------------------------------------------------------------------

# witnessed [JQ FILTER]: the policy of the cases below.
witnessed() {
	policy "$(jq --null-input '{extends: "hardened", loosens: [], programs: {allow: ["/bin/*"], events: "require"}} |
		'"${1:-.}")"
}

log() {
	echo "$T/state/$ID/programs.jsonl"
}

witness_of() {
	cut -d ' ' -f 1 "$T/state/$ID/witness"
}

no_witness() {
	# Whose child it was may not have waited for it.
	! grep -qx 'State:.[^ZX] .*' "/proc/$1/status" 2>/dev/null ||
		[ "$(cat "/proc/$1/comm" 2>/dev/null)" != bulwark-witness ]
}

test_a_container_and_its_exec_are_witnessed() {
	local pid
	bundle
	witnessed
	script_args '/bin/true; /bin/absent; exec sleep 300'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	seen '.result == "allowed" and .path == "/bin/sh" and .file == "/bin/busybox" and .inside_pid == 1 and
		.pid == '"$(pid_of)"' and .id == "'"$ID"'"' "$(log)"
	eventually grep -q absent "$(log)"
	governed exec "$ID" ls /bin/busybox
	expect_output /bin/busybox
	seen '.result == "allowed" and .path == "/bin/ls" and .inside_pid > 1' "$(log)"
	governed exec "$ID" sh -c '/bin/id -u; true'
	seen '.result == "allowed" and .path == "/bin/id"' "$(log)"
	pid=$(witness_of)
	governed state --format text "$ID"
	expect_output_has "witness    $pid"
	expect_output_has 'denied, 1 unresolved'
	governed delete --force "$ID"
	expect_status 0
	no_witness "$pid" || fail "the witness is still there"
	expect_nothing_left
}

test_a_program_that_is_not_listed_is_refused_in_a_container_and_its_exec() {
	local alone='.landlock = "off" | .loosens = ["landlock"]'
	bundle
	cp "$ROOTFS/bin/busybox" "$ROOTFS/usr/busybox"
	script_args '/usr/busybox true; echo "status $?"; cp /usr/busybox /tmp/sh; /tmp/sh -c true; echo "copy $?"'
	config '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1777"]}]'
	# Nothing else stands in the way: without the witness it runs.
	witnessed "$alone"' | .programs.events = "off"'
	governed run --bundle "$BUNDLE" "$ID"
	expect_output_has 'status 0'
	witnessed "$alone"
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed start "$ID"
	eventually is_stopped
	seen '.result == "denied" and .path == "/usr/busybox" and .file == "/usr/busybox" and .uid == 1001' "$(log)"
	seen '.result == "denied" and .path == "/tmp/sh" and .file == "/tmp/sh"' "$(log)"
	expect_equal denied "$(sed -n 's/^denied *0*//p' "$T/state/$ID/programs")" 2
	governed delete "$ID"
	# With the other layers it is as well.
	witnessed
	sleeping governed
	governed exec "$ID" sh -c '/usr/busybox true'
	expect_status 126
	seen '.result == "denied" and .path == "/usr/busybox"' "$(log)"
	governed delete --force "$ID"
}

test_its_end_is_that_of_the_container() {
	local pid
	bundle
	witnessed
	script_args 'read -r line </dev/zero'
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
	pid=$(witness_of)
	kill -KILL "$(pid_of)"
	eventually no_witness "$pid"
	governed delete "$ID"
	expect_status 0
	sleeping governed
	pid=$(witness_of)
	governed kill "$ID" KILL
	eventually no_witness "$pid"
	seen '.event == "end" and .reason == "the container is gone"' "$(log)"
	governed delete "$ID"
	expect_status 0
}

test_a_container_without_its_witness_starts_nothing_and_can_be_deleted() {
	bundle
	witnessed
	# shellcheck disable=SC2016
	script_args 'until [ -e /tmp/go ]; do :; done; /bin/true; echo "status $?" >/tmp/said; while :; do :; done'
	config '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1777"]}]'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed state --format text "$ID"
	expect_output_has 'layer      witness: each execve is seen'
	kill -KILL "$(witness_of)"
	governed exec "$ID" true
	expect_failure
	expect_error_has "the container's witness of programs is gone"
	touch "/proc/$(pid_of)/root/tmp/go"
	eventually test -s "/proc/$(pid_of)/root/tmp/said"
	grep -qx 'status 12[67]' "/proc/$(pid_of)/root/tmp/said" || fail "a program was started: $(cat "/proc/$(pid_of)/root/tmp/said")"
	governed state --format text "$ID"
	expect_output_lacks "witness    "
	expect_output_lacks 'layer      witness'
	expect_output_has 'degraded   witness: bulwark-witness has ended: no program can be started any more'
	governed explain "$ID"
	expect_output_has '  witness: bulwark-witness has ended'
	expect_output_lacks 'each execve is seen'
	governed delete --force "$ID"
	expect_status 0
	expect_nothing_left
}

test_many_processes_of_exec_share_one_witness() {
	local i pid
	bundle
	witnessed
	sleeping governed
	pid=$(witness_of)
	for ((i = 0; i < 20; i++)); do
		"$RUNTIME" --root "$T/state" --policy "$T/policy.json" exec --detach "$ID" sleep 300 || fail "exec"
	done
	expect_equal listeners "$(find "/proc/$pid/fd" -lname '*seccomp notify*' | wc -l)" 21
	governed exec "$ID" sh -c 'kill -KILL -1'
	# Those that have ended have left nothing.
	governed delete --force "$ID"
	no_witness "$pid" || fail "the witness is still there"
	sleeping governed
	pid=$(witness_of)
	for ((i = 0; i < 20; i++)); do
		"$RUNTIME" --root "$T/state" --policy "$T/policy.json" exec "$ID" true || fail "exec"
	done
	[ "$(find "/proc/$pid/fd" -lname '*seccomp notify*' | wc -l)" -le 3 ] || fail "listeners are left"
	governed delete --force "$ID"
}

test_a_filter_that_asks_an_agent_leaves_no_room() {
	local agents='.seccomp.listeners = ["'"$T/agent.sock"'"] | .loosens += ["seccomp.listeners"]'
	bundle
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/agent.sock"
	config --arg agent "$T/agent.sock" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $agent,
		syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}'
	witnessed "$agents"
	governed plan "$BUNDLE"
	expect_failure
	expect_error_has 'requires a witness of programs'
	expect_error_has 'asks an agent of its own'
	witnessed "$agents"' | .programs.events = "prefer"'
	governed plan "$BUNDLE"
	expect_status 0
	[[ $OUT$ERR == *'witness: the container'*'asks an agent of its own'* ]] || fail "the plan is not degraded"
}

test_a_run_that_learns_leaves_no_room() {
	bundle
	config '.process.args = ["true"]'
	witnessed
	governed run --learn "$T/learned.json" --bundle "$BUNDLE" "$ID"
	expect_refusal 'the policy requires a witness of programs: a profile of system calls is learned, and there is one listener'
	witnessed '.programs.events = "prefer"'
	governed run --learn "$T/learned.json" --bundle "$BUNDLE" "$ID"
	expect_status 0
	jq --exit-status '[.syscalls[].names[]] | index("execve")' "$T/learned.json" >/dev/null || fail "nothing was learned"
	config '.process.args = ["sleep", "300"]'
	"$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --learn "$T/learned.json" --bundle "$BUNDLE" "$ID" \
		</dev/null >"$T/run" 2>&1 &
	eventually grep --quiet . "$T/state/$ID/init"
	governed state --format text "$ID"
	expect_output_has 'degraded   witness: a profile of system calls is learned'
	expect_output_lacks 'layer      witness'
	governed exec "$ID" true
	expect_status 0
	governed kill "$ID" KILL
	wait
	expect_nothing_left
}

test_where_nobody_asks_for_it_there_is_none() {
	bundle
	config '.process.args = ["sleep", "300"]'
	compat run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	[ ! -e "$T/state/$ID/witness" ] || fail "compat has a witness"
	compat delete --force "$ID"
	witnessed '.programs.events = "off"'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	[ ! -e "$T/state/$ID/witness" ] || fail "off has a witness"
	governed exec "$ID" true
	expect_status 0
	governed delete --force "$ID"
}

# The container's first process does not live without who makes it, and the witness not without that.
test_a_create_that_is_killed_leaves_no_witness() {
	local i pid
	bundle
	witnessed
	config '.process.args = ["sleep", "300"]'
	for ((i = 0; i < 40; i++)); do
		"$RUNTIME" --root "$T/state" --policy "$T/policy.json" create --bundle "$BUNDLE" "$ID" >/dev/null 2>&1 &
		pid=$!
		sleep "0.0$(printf '%02d' "$i")"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		governed delete --force "$ID" >/dev/null
		expect_status 0
	done
	eventually no_witness_of_ours
}

no_witness_of_ours() {
	local fd
	for fd in /proc/[0-9]*/fd/6; do
		[[ $(readlink "$fd") != "$T"/* ]] || return 1
	done
}

run_tests
