#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Secrets as files: the container's user reads them, and nobody else finds them anywhere.
[ -n "${BULWARK_TEST_INSIDE:-}" ] || BULWARK_TEST_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
. "$(dirname "$0")/bulwark.sh"
needs python3

# What must not be found. Each is put together where it is needed, so that no command line has it.
in_file=marker-of-a-file
in_variable=marker-of-a-variable

after_case() {
	end_processes
	[ -z "${HELD:-}" ] || kill "$HELD" 2>/dev/null
}

end_processes() {
	local file
	for file in "$T"/*.pid; do
		[ ! -e "$file" ] || kill "$(cat "$file")" 2>/dev/null
	done
}

# secret_bundle [JQ OBJECT]: a container of user 1001 whose policy gives it two secrets; what the profile has besides.
secret_bundle() {
	bundle
	(umask 077 && printf '%s-%s' "$in_file" content >"$T/db")
	config --arg value "$in_variable-content" '.process.env += ["API_KEY=" + $value] | .process.user = {uid: 1001, gid: 1001}'
	secrets "$(jq --null-input --arg file "$T/db" '[{name: "db", file: $file}, {name: "key", env: "API_KEY"}]')" "$@"
}

# secrets LIST [JQ OBJECT]
secrets() {
	local more=${2:-}
	policy "$(jq --null-input --argjson list "$1" "{extends: \"hardened\", loosens: [\"secrets.files\"],
		secrets: {files: \$list}} * ${more:-{\}}")"
}

# environment LIST: secrets of variables alone, which loosen nothing.
environment() {
	policy "$(jq --null-input --argjson list "$1" '{extends: "hardened", secrets: {files: $list}}')"
}

is_running() {
	[ "$(state_of "$1")" = running ]
}

# expect_nowhere PATH...: in no file beneath is a marker.
expect_nowhere() {
	! grep --recursive --text --files-with-matches --regexp="$in_file" --regexp="$in_variable" "$@" ||
		fail "a secret is in a file"
}

expect_not_said() {
	[[ $OUT$ERR != *"$in_file"* && $OUT$ERR != *"$in_variable"* ]] || fail "a secret was said"
}

# expect_not_in_memory PID: nor in what it was started with.
expect_not_in_memory() {
	local found
	found=$(python3 - "$1" "$in_file-" "$in_variable-" <<-'END'
		import sys
		pid, markers = sys.argv[1], [m.encode() for m in sys.argv[2:]]
		seen = 0
		with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
		    for line in maps:
		        words = line.split()
		        if words[1][0] != "r" or "[v" in line:
		            continue
		        begin, end = (int(x, 16) for x in words[0].split("-"))
		        try:
		            mem.seek(begin)
		            held = mem.read(end - begin)
		        except OSError:
		            continue
		        seen += len(held)
		        for marker in markers:
		            if marker in held:
		                print(f"{marker.decode()} at {words[0]} {words[-1]}")
		if seen < 4096:
		    print("nothing could be read")
	END
	)
	[ -z "$found" ] || fail "process $1 has: $found"
	! grep --text --quiet --regexp="$in_file" --regexp="$in_variable" "/proc/$1/environ" "/proc/$1/cmdline" ||
		fail "process $1 shows a secret"
}

test_the_containers_user_reads_them_and_nobody_changes_them() {
	secret_bundle
	script_args 'id -u; cat /run/secrets/db; echo; cat "$API_KEY_FILE"; echo; stat -c "%n %a %u" /run/secrets /run/secrets/*
		echo no >/run/secrets/db; chmod 644 /run/secrets/db; touch /run/secrets/new; mv /run/secrets /run/other
		grep " /run/secrets " /proc/self/mountinfo'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output_has "$(printf '1001\n%s-content\n%s-content\n/run/secrets 500 1001\n/run/secrets/db 400 1001\n' "$in_file" "$in_variable")"
	expect_output_has "/run/secrets/key 400 1001"
	expect_output_has "ro,nosuid,nodev,noexec"
	[ "$(grep --count 'Read-only file system' <<<"$ERR")" = 3 ] || fail "something was changed: $ERR"
	expect_error_has "can't rename"
	expect_nothing_left
}

test_another_user_of_the_container_reads_nothing() {
	secret_bundle '{user: {root: "keep"}, loosens: ["secrets.files", "user.root"]}'
	config '.process.args = ["sleep", "300"]'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed exec "$ID" cat /run/secrets/db
	expect_output "$in_file-content"
	governed exec --user 1002:1002 "$ID" cat /run/secrets/db
	expect_failure
	expect_error_has "Permission denied"
	governed exec --user 0:0 "$ID" cat /run/secrets/db
	expect_failure
	governed exec --user 1002:1002 "$ID" ls /run/secrets
	expect_failure
}

test_no_environment_has_the_variable_of_exec_neither() {
	secret_bundle
	config '.process.args = ["sleep", "300"]'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	[[ $(tr '\0' '\n' <"/proc/$(pid_of)/environ") == *API_KEY_FILE=/run/secrets/key* ]] || fail "no API_KEY_FILE"
	expect_not_in_memory "$(pid_of)"
	governed exec "$ID" env
	expect_output_has API_KEY_FILE=/run/secrets/key
	expect_not_said
	governed exec --env "API_KEY=$in_variable" "$ID" env
	expect_output_has API_KEY_FILE=/run/secrets/key
	expect_not_said
	# As an engine does it: the whole environment of config.json.
	jq '.process | .args = ["env"]' "$BUNDLE/config.json" >"$T/process.json"
	governed exec --process "$T/process.json" "$ID"
	expect_status 0
	expect_output_has API_KEY_FILE=/run/secrets/key
	expect_not_said
	jq '.process | .args = ["sleep", "300"]' "$BUNDLE/config.json" >"$T/process.json"
	governed exec --detach --pid-file "$T/exec.pid" --process "$T/process.json" "$ID"
	expect_status 0
	expect_not_in_memory "$(cat "$T/exec.pid")"
}

# The init of a created container is a clone of bulwark, which has read config.json; nothing has replaced its memory yet.
test_neither_state_nor_log_nor_memory_has_them() {
	secret_bundle
	config '.process.args = ["sleep", "300"]'
	run "$RUNTIME" --root "$T/state" --policy "$T/policy.json" --debug --log "$T/log" --log-format json \
		create --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_not_said
	[ -s "$T/log" ] || fail "no log"
	expect_nowhere "$T/state" "$T/log"
	expect_not_in_memory "$(pid_of)"
	governed start "$ID"
	expect_status 0
	governed state "$ID"
	expect_output_has '"secrets: 2 files in memory"'
	expect_not_said
	for verb in "explain $BUNDLE" "explain --format json $BUNDLE" "explain --format diff $BUNDLE" "explain $ID" "plan $BUNDLE" \
		"why --last"; do
		# shellcheck disable=SC2086
		governed $verb
		expect_not_said
	done
	expect_nowhere "$T/state" "$T/log"
}

test_what_lives_on_beside_a_container_has_them_not() {
	local pid name helper
	needs_beside bulwark-witness
	helper=$(grep --text --only-matching --max-count 1 "/[[:graph:]]*/bulwark-warden" "$RUNTIME" | head -n 1)
	[ -x "$helper" ] || install "$(dirname "$RUNTIME")/bulwark-warden" "$helper"
	secret_bundle '{network: {egress: {allow: ["example.com"]}}, programs: {events: "require", allow: ["/bin/*"]}}'
	config '.process.args = ["sleep", "300"]'
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
	for name in warden witness; do
		[ -s "$T/state/$ID/$name" ] || fail "no $name"
		read -r pid _ <"$T/state/$ID/$name"
		expect_not_in_memory "$pid"
	done
	# bulwark itself, which waits for a container in the foreground.
	"$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID-2" </dev/null >/dev/null 2>&1 &
	HELD=$!
	eventually is_running "$ID-2"
	expect_not_in_memory "$HELD"
	"$RUNTIME" --root "$T/state" delete --force "$ID-2"
}

# on_record: all that `governed` does goes to $T/log/audit.jsonl.
on_record() {
	jq --arg file "$T/log/audit.jsonl" '.audit = {file: $file}' "$T/policy.json" >"$T/recorded.json"
	chmod 600 "$T/recorded.json"
	mv "$T/recorded.json" "$T/policy.json"
}

test_neither_the_keeper_nor_the_audit_trail_has_them() {
	local pid child children
	needs_beside bulwark-keeper
	secret_bundle '{metrics: {record: "require"}, audit: {record: "all"}, session: {ttl: "300s"}}'
	on_record
	config '.process.args = ["sleep", "300"]'
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed start "$ID"
	expect_status 0
	[ -s "$T/state/$ID/keeper" ] || fail "no keeper"
	read -r pid _ <"$T/state/$ID/keeper"
	expect_not_in_memory "$pid"
	read -r -a children <"/proc/$pid/task/$pid/children" || true
	for child in "${children[@]}"; do
		expect_not_in_memory "$child"
	done
	# What is said of it there: beginnings, further processes, refusals, ends.
	governed exec --env "API_KEY=$in_variable" "$ID" sh -c "exit 3"
	expect_status 3
	bundle refused
	config --arg value "$in_variable-content" '.process.env += ["API_KEY=" + $value] |
		.mounts += [{destination: "/x", type: "bind", source: "/etc/shadow", options: ["bind"]}]'
	governed run --bundle "$BUNDLE" "$ID-2"
	expect_failure
	governed delete --force "$ID"
	expect_status 0
	for event in create start exec refusal delete; do
		grep --quiet "\"event\":\"$event\"" "$T/log/audit.jsonl" || fail "no $event: $(<"$T/log/audit.jsonl")"
	done
	expect_nowhere "$T/log" "$T/state"
}

test_a_missing_or_open_file_is_refused_before_anything_is_made() {
	local file=$T/candidate
	for broken in missing mode owner link directory fifo large; do
		bundle "$broken"
		rm -rf "$file"
		case $broken in
		missing) ;;
		mode) echo x >"$file" && chmod 640 "$file" ;;
		owner) (umask 077 && echo x >"$file") && chown 1001 "$file" ;;
		link) (umask 077 && echo x >"$file.real") && ln -s "$file.real" "$file" ;;
		directory) mkdir -m 700 "$file" ;;
		fifo) mkfifo -m 600 "$file" ;;
		large) (umask 077 && head -c 65537 /dev/zero >"$file") ;;
		esac
		secrets "$(jq --null-input --arg file "$file" '[{name: "x", file: $file}]')"
		governed create --bundle "$BUNDLE" "$ID"
		expect_failure
		expect_error_has "the secret x: $file"
		expect_nothing_left
	done
	rm -rf "$file"
	(umask 077 && head -c 65536 /dev/zero >"$file")
	script_args 'wc -c </run/secrets/x'
	governed run --bundle "$BUNDLE" "$ID"
	expect_output 65536
}

test_a_file_where_others_can_put_one_is_refused() {
	bundle
	mkdir "$T/open"
	chown 1001 "$T/open"
	(umask 077 && echo x >"$T/open/x")
	secrets "$(jq --null-input --arg file "$T/open/x" '[{name: "x", file: $file}]')"
	governed create --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "in directories that are root's"
	chown 0 "$T/open"
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
}

test_what_is_optional_may_be_missing() {
	bundle
	script_args 'ls /run/secrets; env'
	environment '[{"name": "x", "env": "X_KEY"}]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "has no X_KEY"
	expect_nothing_left
	secrets '[{"name": "x", "env": "X_KEY", "optional": true}, {"name": "y", "file": "/nowhere/y", "optional": true}]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output_lacks X_KEY
}

test_the_image_and_its_mounts_neither_hide_nor_move_them() {
	secret_bundle '{rootfs: {tmpfs: []}, mounts: {types: null}}'
	rm "$T/policy.json"
	policy "$(jq --null-input --arg file "$T/db" '{extends: "hardened", loosens: ["secrets.files"], rootfs: {tmpfs: []},
		secrets: {files: [{name: "db", file: $file}, {name: "key", env: "API_KEY"}]}}')"
	script_args 'cat /run/secrets/db; ls /run/secrets /elsewhere'
	# The directory is missing, and the root becomes read-only.
	governed run --bundle "$BUNDLE" "$ID"
	expect_output_has "$in_file-content"
	rmdir "$ROOTFS/run/secrets"
	# Something else is mounted there.
	mkdir "$ROOTFS/elsewhere"
	cp "$BUNDLE/config.json" "$T/config.json"
	config '.mounts += [{destination: "/run/secrets", type: "tmpfs", source: "tmpfs", options: ["mode=777"]}]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_output_has "$in_file-content"
	cp "$T/config.json" "$BUNDLE/config.json"
	# A link in its place, and one on the way.
	rm -rf "$ROOTFS/run/secrets"
	ln -s /elsewhere "$ROOTFS/run/secrets"
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "/run/secrets must be an ordinary directory"
	expect_nothing_left
	rm -r "$ROOTFS/run"
	ln -s elsewhere "$ROOTFS/run"
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "/run/secrets must be an ordinary directory"
	expect_empty_directory "$ROOTFS/elsewhere"
}

test_no_mount_of_the_hosts_shows_them() {
	secret_bundle
	rm "$T/policy.json"
	policy "$(jq --null-input --arg file "$T/db" '{extends: "compat", secrets: {directory: "/shared/secrets",
		files: [{name: "db", file: $file}]}, loosens: ["secrets.files"]}')"
	mkdir "$T/shared"
	mount --bind "$T/shared" "$T/shared"
	mount --make-shared "$T/shared"
	script_args 'cat /shared/secrets/db'
	config --arg source "$T/shared" '.mounts += [{destination: "/shared", type: "bind", source: $source, options: ["rbind", "shared"]}]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "would show the container's secrets to others"
	config '.mounts[-1].options = ["rbind"]'
	script_args 'cat /shared/secrets/db; sleep 300'
	governed run --detach --bundle "$BUNDLE" "$ID" >/dev/null
	expect_status 0
	eventually is_running "$ID"
	expect_empty_directory "$T/shared/secrets"
	! grep "$T/shared/secrets" /proc/self/mountinfo || fail "the host sees the mount"
}

test_in_a_user_namespace_they_are_the_containers_users_too() {
	unshare --user true 2>/dev/null || skip "needs user namespaces"
	secret_bundle '{user: {root: "userns"}, loosens: ["secrets.files", "user.root"]}'
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 300000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	chown -R 300000:300000 "$ROOTFS"
	chmod 711 "$T" "$BUNDLE"
	script_args 'cat /run/secrets/db; stat -c " %u %a" /run/secrets/db; mount -o remount,rw /run/secrets; echo x >/run/secrets/db'
	governed run --bundle "$BUNDLE" "$ID"
	expect_output_has "$in_file-content 1001 400"
	expect_error_has "Read-only file system"
	# Root of the namespace, who may change mounts: the file system stays as it is.
	policy "$(jq --null-input --arg file "$T/db" '{extends: "compat", loosens: ["secrets.files"],
		secrets: {files: [{name: "db", file: $file}, {name: "key", env: "API_KEY"}]}}')"
	config '.process.user = {uid: 0, gid: 0} |
		(.process.capabilities.bounding, .process.capabilities.effective, .process.capabilities.permitted) += ["CAP_SYS_ADMIN"]'
	script_args 'cat /run/secrets/db; mount -o remount,rw /run/secrets; mount -o remount,bind,rw /run/secrets
		echo x >/run/secrets/db; echo y >/run/secrets/new; ls /run/secrets'
	governed run --bundle "$BUNDLE" "$ID"
	expect_output "$in_file-content$(printf 'db\nkey')"
	expect_error_has "can't create /run/secrets/new: Read-only file system"
}

test_a_failure_after_them_leaves_nothing() {
	secret_bundle
	config '.process.args = ["/no/such/program"]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_nothing_left
	expect_nowhere "$T/state"
	! grep "ramfs secrets" /proc/self/mountinfo || fail "the mount is left"
}

test_no_image_of_processes_takes_them_along() {
	secret_bundle '{checkpoint: "allow", loosens: ["secrets.files", "checkpoint"]}'
	config '.process.args = ["sleep", "300"]'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed checkpoint --image-path "$T/image" "$ID"
	expect_failure
	expect_error_has "gives secrets to a container"
	[ ! -e "$T/image" ] || expect_empty_directory "$T/image"
}

run_tests
