#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Containers that another OCI runtime makes: what it is given, what holds in it, and that no failure of it leaves
# anything. With a stand-in (fake_backend.c) that records what it was given, with gVisor's runsc and with runc.
# What jq is to take for its own variables stands in single quotes.
# shellcheck disable=SC2016
[ -n "${BULWARK_TEST_INSIDE:-}" ] || BULWARK_TEST_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
. "$(dirname "$0")/bulwark.sh"

# Some versions of jq keep the order of a file.
sorted='walk(if type == "object" then to_entries | sort_by(.key) | from_entries else . end)'
# What runsc does not put in force, of what this profile asks for.
without='["baseline", "securebits", "rootfs", "maskedPaths", "readonlyPaths", "tmpfsInodes"]'

# backed PROGRAM [ARGS [IGNORES [REST]]]: what `governed` runs under has this backend; lists and an object of JSON.
backed() {
	policy "$(jq --null-input --arg program "$1" --argjson args "${2:-[]}" --argjson ignores "${3:-$without}" \
		--argjson rest "${4:-"{}"}" '{extends: "hardened", backend: {delegate: $program, args: $args, ignores: $ignores},
		loosens: (["backend.delegate"] + (if $args == [] then [] else ["backend.args"] end) +
			(if $ignores == [] then [] else ["backend.ignores"] end))} * $rest')"
}

# faked [WORD]...: the backend is the stand-in under the name of runsc, and writes into $T/record.
faked() {
	local fake
	fake=$(find_helper fake_backend) || skip "$fake"
	mkdir -p "$T/bin" "$T/record"
	install --mode=755 "$fake" "$T/bin/runsc"
	backed "$T/bin/runsc" "$(jq --null-input --compact-output '$ARGS.positional' --args -- "--network=none" "--record=$T/record" "$@")"
}

# given FILTER WANTED: what the configuration has that the stand-in was given.
given() {
	expect_equal "$1" "$(jq --compact-output "$1 | $sorted" "$T/record/config.json")" "$2"
}

test_a_backend_gets_the_hardened_configuration_and_no_more() {
	bundle
	faked
	config '.annotations = {"dev.gvisor.flag.debug": "true", "run.oci.handler": "krun"} | .process.env += ["AWS_SECRET_ACCESS_KEY=x"]'
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
	given .process.user.uid 1001
	given .process.capabilities '{}'
	given .process.noNewPrivileges true
	given .root.readonly true
	given .root.path "\"$T/state/$ID/bundle/rootfs\""
	given .annotations null
	given .hardening null
	given .linux.cgroupsPath "\"/$ID/container\""
	given '.process.env | map(select(startswith("AWS_"))) | length' 3
	given '.mounts | map(select(.destination == "/tmp")) | .[0].type' '"tmpfs"'
	grep --quiet ^root: "$T/record/passwd" || fail "the root is not in the bundle"
	expect_equal environment "$(tr '\0' '\n' <"$T/record/environ" | sed 's/=.*//')" PATH
	governed start "$ID"
	expect_status 0
	governed kill "$ID" TERM
	expect_status 0
	eventually is_stopped
	governed delete "$ID"
	expect_status 0
	expect_equal commands "$(sed "s|$T|T|g; s|$ID|ID|g; s|^--network=none --record=T/record --root T/state/ID/backend --log T/state/ID/backend.log --log-format json ||" "$T/record/argv")" \
"create --bundle T/state/ID/bundle --pid-file T/state/ID/backend.pid ID
start ID
kill ID 15
delete --force ID"
	expect_nothing_left
}

test_refusals_come_before_the_backend_is_asked() {
	local mount
	bundle
	faked
	config '.linux.namespaces |= map(select(.type != "network"))'
	governed create --bundle "$BUNDLE" "$ID"
	expect_refusal 'shares the network of the host'
	bundle second
	config '.mounts += [{destination: "/etc/x", type: "bind", source: "/etc/shadow", options: ["rbind"]}]'
	governed create --bundle "$BUNDLE" "$ID"
	expect_refusal '/etc/shadow'
	mkdir "$T/source"
	ln -s /etc/shadow "$T/source/link"
	bundle third
	config --arg source "$T/source/link" '.mounts += [{destination: "/etc/x", type: "bind", source: $source, options: ["rbind"]}]'
	governed create --bundle "$BUNDLE" "$ID"
	expect_refusal 'the policy refuses to share'
	# There are runtimes that take what has no type for a bind.
	for mount in '{destination: "/x", source: "/etc/shadow"}' '{destination: "/x", type: "", source: "/etc/shadow"}' \
		'{destination: "/x", type: "none", source: "/etc/shadow", options: ["bind", "remount"]}'; do
		rm -rf "$T/fourth"
		bundle fourth
		config ".mounts += [$mount]"
		governed create --bundle "$BUNDLE" "$ID"
		expect_failure
		expect_nothing_left
	done
	# Where the backend would find its root, and all sources, others could have put something else.
	bundle fifth
	unshare --mount --propagation private sleep 300 &
	OTHER=$!
	eventually has_mounts_of_its_own "$OTHER"
	config --arg path "/proc/$OTHER/ns/mnt" '(.linux.namespaces[] | select(.type == "mount")).path = $path'
	governed create --bundle "$BUNDLE" "$ID"
	kill "$OTHER"
	expect_refusal 'a new mount namespace'
	[ ! -e "$T/record/argv" ] || fail "the backend was asked: $(<"$T/record/argv")"
}

has_mounts_of_its_own() {
	[ "$(namespace_of "$1" mnt)" != "$(namespace_of self mnt)" ]
}

test_the_root_is_what_it_may_be_without_a_backend() {
	local path
	faked
	for path in / link; do
		bundle
		ln -s / "$BUNDLE/link"
		config --arg path "$path" '.root.path = $path'
		governed create --bundle "$BUNDLE" "$ID"
		expect_status 1
		expect_error_has '/root/path'
		[ ! -e "$T/record/argv" ] || fail "the backend was asked: $(<"$T/record/argv")"
		expect_nothing_left
		rm -rf "$BUNDLE"
	done
}

test_a_source_is_what_was_looked_at_whatever_its_path_becomes() {
	bundle
	mkdir "$T/good" "$T/evil"
	echo good >"$T/good/marker"
	echo evil >"$T/evil/marker"
	ln -s good "$T/link"
	faked "--swap=$T/link:$T/evil"
	config --arg source "$T/link" '.mounts = [{destination: "/mnt", type: "bind", source: $source, options: ["rbind", "ro"]}] + .mounts'
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_equal "the link now" "$(readlink "$T/link")" "$T/evil"
	expect_equal "what the backend finds" "$(<"$T/record/source-0")" good
	given '.mounts[0].source' "\"$T/state/$ID/bundle/source-0\""
	# Words that older runtimes do not know.
	given '.mounts[0].options | map(select(startswith("rno") or . == "rro")) | length' 0
	given '.mounts[0].options | contains(["nosuid", "nodev", "ro"])' true
	! grep -F "$T/state" /proc/self/mountinfo || fail "the mounts are in the host's namespace"
}

test_what_a_backend_lacks_is_refused_or_on_record() {
	bundle
	faked
	backed "$T/bin/runsc" '["--network=none"]' '["baseline", "rootfs", "maskedPaths", "readonlyPaths", "tmpfsInodes"]'
	governed create --bundle "$BUNDLE" "$ID"
	expect_refusal 'runsc does not lock the securebits (rule backend)'
	backed "$T/bin/runsc" '[]'
	governed create --bundle "$BUNDLE" "$ID"
	expect_refusal 'runsc does not keep the container from the blocked endpoints'
	faked
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed state --format text "$ID"
	expect_output_has "backend    $T/bin/runsc"
	expect_output_has 'degraded   securebits: runsc does not lock the securebits'
	expect_output_has 'degraded   landlock: runsc does not restrict the program by Landlock'
}

test_of_an_unknown_backend_nothing_is_believed() {
	bundle
	faked
	cp "$T/bin/runsc" "$T/bin/unheard-of"
	backed "$T/bin/unheard-of" '["--network=none"]' '["baseline", "securebits", "rootfs", "devices", "guard"]'
	governed create --bundle "$BUNDLE" "$ID"
	expect_refusal 'unheard-of does not give the container a session keyring of its own as far as anybody knows here'
}

test_only_root_s_own_program_is_a_backend() {
	bundle
	faked
	chmod g+w "$T/bin/runsc"
	governed create --bundle "$BUNDLE" "$ID"
	expect_refusal 'must belong to root and be writable by nobody else'
	chmod g-w "$T/bin/runsc"
	chown 1001 "$T/bin"
	governed create --bundle "$BUNDLE" "$ID"
	expect_refusal 'must belong to root and be writable by nobody else'
	[ ! -e "$T/record/argv" ] || fail "it was executed"
}

test_check_and_explain_say_what_a_backend_is_and_lacks() {
	bundle
	faked
	governed check
	expect_output_has "ok       backend           another runtime makes the containers           $T/bin/runsc"
	governed explain "$BUNDLE"
	expect_output_has "backend: made by $T/bin/runsc, with loopback and no other network"
	expect_output_has 'securebits: runsc does not lock the securebits'
	chmod g+w "$T/bin/runsc"
	governed check
	expect_status 2
	expect_output_has 'others than root can change it'
	[ ! -e "$T/record/argv" ] || fail "it was executed"
}

test_a_backend_that_fails_leaves_nothing() {
	bundle
	faked --mode=die
	governed create --bundle "$BUNDLE" "$ID"
	expect_refusal 'backend runsc: create: exit status 3: the sky has fallen'
	faked --mode=garbage
	governed create --bundle "$BUNDLE" "$ID"
	expect_refusal 'it has written no process id to its pid file'
	faked --mode=silent
	governed create --bundle "$BUNDLE" "$ID"
	expect_refusal 'it has written no process id to its pid file'
}

test_a_backend_that_hangs_is_not_waited_for() {
	bundle
	faked --mode=hang
	jq '.profiles.site.backend.timeout = "1s"' "$T/policy.json" >"$T/policy.new"
	cat "$T/policy.new" >"$T/policy.json"
	governed create --bundle "$BUNDLE" "$ID"
	expect_refusal 'create: no end after 1 s'
}

test_a_backend_that_does_not_kill_is_not_needed_for_it() {
	bundle
	faked --mode=stubborn
	jq '.profiles.site.backend.timeout = "1s"' "$T/policy.json" >"$T/policy.new"
	cat "$T/policy.new" >"$T/policy.json"
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed kill "$ID" TERM
	expect_failure
	expect_error_has 'kill: no end after 1 s'
	governed kill "$ID" KILL
	expect_status 0
	eventually is_stopped
	governed delete "$ID"
	expect_status 0
	expect_nothing_left
}

test_exec_is_clamped_before_the_backend_hears_of_it() {
	bundle
	faked
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed exec --user 0:0 --cap CAP_SYS_ADMIN --env AWS_SECRET_ACCESS_KEY=x "$ID" id
	expect_status 6
	expect_equal process "$(jq --compact-output '[.user.uid, .capabilities, .noNewPrivileges, (.env | map(select(contains("SECRET"))) | length)]' "$T/record/process.json")" '[1001,{},true,0]'
	jq '.hardening.workspace = "/tmp" | .hardening.stage = {fileBytes: 1, files: 1, bytes: 1}' "$T/state/$ID/config.json" >"$T/stored"
	cat "$T/stored" >"$T/state/$ID/config.json"
	governed stage "$ID" /etc/passwd passwd
	expect_failure
	expect_error_has 'which shows its workspace to nobody'
	governed checkpoint "$ID"
	expect_failure
	expect_error_has 'whose images are its own'
}

test_programs_are_judged_by_name_though_a_backend_runs_them() {
	bundle
	faked
	backed "$T/bin/runsc" "[\"--network=none\", \"--record=$T/record\"]" "$(jq --compact-output '. + ["programs"]' <<<"$without")" \
		'{"programs": {"restrict": true, "allow": ["/bin/busybox", "/bin/sleep"]}}'
	config '.process.args = ["/bin/sh"]'
	governed create --bundle "$BUNDLE" "$ID"
	expect_refusal 'Direct shell access denied'
	config '.process.args = ["/bin/sleep", "300"]'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed exec "$ID" /bin/sh
	expect_failure
	expect_error_has 'Direct shell access denied'
	[ ! -e "$T/record/process.json" ] || fail "the backend has heard of it"
}

# ---- with others' runtimes ----

# runsc makes plain directories for controllers that the host has not.
after_case() {
	end_processes
	find /sys/fs/cgroup -depth -type d -fstype tmpfs -path "*/$ID*" -exec rmdir {} + 2>/dev/null
}

# sandboxed SCRIPT [REST]: a container of runsc's; skips where that cannot be.
sandboxed() {
	local program
	program=$(command -v runsc) || skip "needs runsc"
	bundle
	script_args "$1"
	backed "$(readlink -f "$program")" '["--network=none"]' "$without" "${2:-"{}"}"
}

test_in_gvisor_the_policy_holds() {
	sandboxed 'id -u; id -G; grep ^Cap /proc/self/status | cut -f 2 | sort -u; ip -o link | cut -d: -f 2
		touch /bin/x 2>/dev/null || echo readonly; touch /tmp/x && echo tmp; df -k /tmp | tail -n 1 | tr -s " " | cut -d " " -f 2
		env | grep -c AWS_; env | grep SECRET; cp /bin/busybox /tmp/b; ulimit -c; ulimit -n; dmesg 2>/dev/null | grep -c gVisor; exit 7'
	config '.process.env += ["AWS_SECRET_ACCESS_KEY=x"]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 7
	expect_equal facts "$(tr '\n' ' ' <<<"$OUT")" '1001 1001 0000000000000000  lo readonly tmp 262144 3 0 1024 1 '
	expect_nothing_left
}

test_in_gvisor_limits_are_those_of_the_container_s_cgroup() {
	sandboxed 'sleep 300'
	config '.linux.resources.memory = {limit: 209715200, swap: 209715200}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_equal pids "$(limit_of pids "$(pid_of)" pids.max pids.max)" 512
	expect_equal memory "$(limit_of memory "$(pid_of)" memory.limit_in_bytes memory.max)" 209715200
	governed update --memory 100M --memory-swap 100M "$ID"
	expect_status 0
	expect_equal memory "$(limit_of memory "$(pid_of)" memory.limit_in_bytes memory.max)" 104857600
	governed pause "$ID"
	expect_equal state "$(state_of)" paused
	governed resume "$ID"
	expect_equal state "$(state_of)" running
	governed exec --user 0 "$ID" id -u
	expect_output 1001
	governed exec "$ID" sh -c 'exit 9'
	expect_status 9
	governed exec --tty "$ID" sh -c 'test -t 1 && exit 4'
	expect_status 4
	governed events --stats "$ID"
	expect_output_has '"pids"'
	governed kill "$ID" KILL
	eventually is_stopped
	governed delete "$ID"
	expect_status 0
	expect_nothing_left
}

test_in_gvisor_a_session_ends_in_time() {
	sandboxed 'trap "" TERM; while :; do sleep 1; done' '{"session": {"ttl": "1s", "grace": "1s"}}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 137
	expect_error_has "the container's life of 1 s is over"
	expect_nothing_left
}

# Nobody is beside it who could keep the time: a process of bulwark's is.
test_a_session_without_anybody_beside_it_ends_in_time() {
	needs_beside bulwark-keeper
	bundle
	faked
	jq '.profiles.site.session = {ttl: "1s", grace: "1s"}' "$T/policy.json" >"$T/policy.new"
	cat "$T/policy.new" >"$T/policy.json"
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually is_stopped
	governed delete "$ID"
	expect_status 0
	expect_nothing_left
}

test_runc_as_a_backend_has_the_guard_and_the_devices() {
	local program
	program=$(command -v runc) || skip "needs runc"
	bundle
	script_args 'id -u; grep ^Cap /proc/self/status | cut -f 2 | sort -u; touch /bin/x 2>/dev/null || echo readonly; exec sleep 300'
	backed "$(readlink -f "$program")" '[]' '["baseline", "securebits", "rootfs"]'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_equal guard "$(governed state --format text "$ID" | sed -n 's/.*out: guard *//p')" cgroup
	governed exec --user 0 "$ID" id -u
	expect_output 1001
	governed exec "$ID" sh -c 'exit 9'
	expect_status 9
	governed exec --tty "$ID" sh -c 'test -t 1 && exit 4'
	expect_status 4
	if [ -e "/sys/fs/cgroup/devices/$ID/container/devices.list" ]; then
		! grep '^[bc] [*0-9:]* [rw]*m' "/sys/fs/cgroup/devices/$ID/container/devices.list" | grep -F '*:*' ||
			fail "devices are as wide as runc makes them"
	fi
	governed delete --force "$ID"
	expect_status 0
	expect_nothing_left
}

run_tests
