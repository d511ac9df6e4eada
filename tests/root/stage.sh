#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bulwark stage: files of the host into a container's workspace, and nothing but what was asked for, nowhere else.
. "$(dirname "$0")/bulwark.sh"

# Its own mount namespace, for a program that is put where it would be installed.
[ -n "${BULWARK_TEST_INSIDE:-}" ] || BULWARK_TEST_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"

# site [JSON]: a workspace of 8 MiB in a shell's reach, and limits of `stage`.
site() {
	rm -f "$T/policy.json"
	jq --null-input --arg trail "$T/log/audit.jsonl" --argjson more "${1:-{\}}" '{version: 1, default: "site",
		audit: {file: $trail}, profiles: {site: ({extends: "hardened",
		workspace: {size: 8388608, inodes: 200, cwd: true}, mounts: {noexecWritable: true}} * $more)}}' >"$T/policy.json"
	chmod 600 "$T/policy.json"
	bundle
	config '.process.args = ["sleep", "300"]'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	FROM=$T/upload
	mkdir "$FROM"
}

# stage ARG...: with the container's name put in front.
stage() {
	run "$RUNTIME" --root "$T/state" stage "$@"
}

# there COMMAND...: what it says in the container, whose working directory is the workspace.
there() {
	run "$RUNTIME" --root "$T/state" exec "$ID" "$@"
}

# holds TEXT: all that is in the workspace, a path a line.
holds() {
	there find . -mindepth 1
	expect_equal "what the workspace holds" "$(sort <<<"$OUT")" "$1"
}

expect_violations() {
	expect_equal violations "$(cat "$T/state/$ID/stage-violations" 2>/dev/null || echo 0)" "$1"
}

test_files_and_directories_arrive_as_the_users_own() {
	site
	mkdir -p "$FROM/deep/er" "$FROM/empty"
	echo one >"$FROM/one"
	echo two >"$FROM/deep/er/two words"
	chmod 0777 "$FROM/one" "$FROM/deep"
	stage "$ID" "$FROM" .
	expect_status 0
	expect_output ""
	[ -z "$ERR" ] || fail "it says something"
	stage "$ID" "$FROM/one" new/name
	expect_status 0
	stage "$ID" "$FROM/one" new/
	expect_status 0
	stage "$ID" "$FROM/one" "$FROM/deep" both
	expect_status 0
	run sh -c 'echo piped | "$@"' sh "$RUNTIME" --root "$T/state" stage "$ID" - main.py
	there stat -c '%n %u:%g %a' main.py upload upload/one
	expect_output $'main.py 1001:1001 640\nupload 1001:1001 750\nupload/one 1001:1001 640'
	there cat main.py new/name new/one "upload/deep/er/two words" both/one
	expect_output $'piped\none\none\ntwo\none'
	holds './both
./both/deep
./both/deep/er
./both/deep/er/two words
./both/one
./main.py
./new
./new/name
./new/one
./upload
./upload/deep
./upload/deep/er
./upload/deep/er/two words
./upload/empty
./upload/one'
}

test_standard_input_arrives() {
	site
	STATUS=0
	echo piped | "$RUNTIME" --root "$T/state" stage "$ID" - in/main.py || STATUS=$?
	expect_status 0
	there cat in/main.py
	expect_output piped
	stage "$ID" - .
	expect_status 1
	expect_error_has "standard input has no name of its own"
}

test_a_created_container_takes_files_before_it_starts() {
	site
	run "$RUNTIME" --root "$T/state" delete --force "$ID"
	script_args 'cat input'
	echo text >"$FROM/input"
	governed create --bundle "$BUNDLE" "$ID" >/dev/null 2>&1 </dev/null
	stage "$ID" "$FROM/input" .
	expect_status 0
	run "$RUNTIME" --root "$T/state" start "$ID"
	expect_status 0
	eventually is_stopped
	stage "$ID" "$FROM/input" again
	expect_status 1
	expect_error_has "cannot stage files into a stopped container"
}

test_names_lead_nowhere_else() {
	local name
	site
	echo text >"$FROM/file"
	for name in ../x a/../../x /etc/x /workspace/x a//x ./a a/. .. '' $'a\nb' $'a\033b'; do
		stage "$ID" "$FROM/file" "$name"
		expect_status 1
		[[ $ERR == *"the destination "* ]] || fail "no word of the destination"
	done
	name=$(printf 'd/%.0s' {1..32})
	stage "$ID" "$FROM/file" "${name}x"
	expect_status 1
	expect_error_has "deeper than 32 directories"
	stage "$ID" "$FROM/file" "${name#d/}x"
	expect_status 0
	touch "$FROM/"$'new\nline'
	stage "$ID" "$FROM" .
	expect_status 1
	expect_error_has "upload/new?line has control characters; nothing was staged"
}

test_only_plain_files_of_one_name_are_taken() {
	local before
	site
	echo text >"$T/secret"
	echo text >"$FROM/good"
	mkdir "$FROM/sub"
	ln -s "$T/secret" "$FROM/sub/link"
	stage "$ID" "$FROM" .
	expect_status 1
	expect_error_has "upload/sub/link is a symbolic link, which is not followed; nothing was staged"
	stage "$ID" "$FROM/sub/link" .
	expect_status 1
	expect_error_has "link is a symbolic link"
	rm "$FROM/sub/link"
	ln "$T/secret" "$FROM/sub/hard"
	stage "$ID" "$FROM" .
	expect_status 1
	expect_error_has "upload/sub/hard is a file with more than one name (hard link)"
	rm "$FROM/sub/hard"
	mkfifo "$FROM/sub/fifo"
	mknod "$FROM/sub/zero" c 1 5
	stage "$ID" "$FROM" .
	expect_status 1
	expect_error_has "upload/sub/fifo is neither a file nor a directory"
	expect_error_has "upload/sub/zero is neither a file nor a directory"
	expect_error_has "2 files or directories cannot be staged, so nothing was"
	rm "$FROM/sub/fifo" "$FROM/sub/zero"
	mount -t tmpfs tmpfs "$FROM/sub"
	stage "$ID" "$FROM" .
	umount "$FROM/sub"
	expect_status 1
	expect_error_has "upload/sub is another mount"
	ln -s "$FROM" "$T/way"
	stage "$ID" "$T/way/good" .
	expect_status 1
	expect_error_has "is reached through a symbolic link"
	stage "$ID" "$T/none" .
	expect_status 1
	expect_error_has "$T/none no such file or directory"
	holds ""
	# The same directory without any of them.
	stage "$ID" "$FROM" .
	expect_status 0
	before='./upload
./upload/good
./upload/sub'
	holds "$before"
}

test_sizes_have_an_end_and_holes_count() {
	site
	head -c 1048576 /dev/zero >"$FROM/exact"
	stage "$ID" "$FROM/exact" .
	expect_status 0
	there stat -c %s exact
	expect_output 1048576
	expect_violations 0
	head -c 1048577 /dev/zero >"$FROM/more"
	stage "$ID" "$FROM/more" .
	expect_status 1
	expect_error_has "more has 1048577 bytes, and the policy lets in 1048576 a file; nothing was staged"
	expect_violations 1
	truncate -s 1G "$FROM/more"
	stage "$ID" "$FROM" .
	expect_status 1
	expect_error_has "has 1073741824 bytes"
	truncate -s 1M "$FROM/more"
	stage "$ID" "$FROM/more" .
	expect_status 0
	STATUS=0
	head -c 1048577 /dev/zero | "$RUNTIME" --root "$T/state" stage "$ID" - endless 2>"$T/err" || STATUS=$?
	expect_status 1
	ERR=$(<"$T/err")
	expect_error_has "endless has more than the 1048576 bytes that the policy lets in"
	expect_violations 3
	holds './exact
./more'
}

test_a_call_has_an_end() {
	local i
	site '{"stage": {"files": 5, "bytes": 1000, "fileBytes": 600}}'
	for i in 1 2 3 4 5; do echo >"$FROM/$i"; done
	stage "$ID" "$FROM" .
	expect_status 1
	expect_error_has "is one more than 5 files and directories"
	rm "$FROM/5"
	stage "$ID" "$FROM" .
	expect_status 0
	head -c 600 /dev/zero >"$FROM/1"
	head -c 600 /dev/zero >"$FROM/2"
	stage "$ID" "$FROM" other
	expect_status 1
	expect_error_has "makes it more than 1000 bytes"
	expect_violations 1
	there ls other
	expect_failure
}

# Links by the million are no work for us, nor for the log.
test_faults_have_an_end() {
	local i
	site
	for ((i = 0; i < 300; i++)); do ln -s nowhere "$FROM/$i"; done
	stage "$ID" "$FROM" .
	expect_status 1
	expect_error_has "is a symbolic link, which is not followed"
	expect_equal "faults that are said" "$(grep --count 'is a symbolic link' <<<"$ERR")" 100
	expect_error_has "nothing was"
	holds ""
}

test_a_file_that_grows_leaves_nothing() {
	local i
	site
	head -c 1000000 /dev/zero >"$FROM/grows"
	(while head -c 100000 /dev/zero >>"$FROM/grows" && [ -e "$FROM/grows" ] && [ "$(stat -c %s "$FROM/grows")" -lt 40000000 ]; do :; done) &
	ends_with_case $!
	for i in 1 2 3 4 5; do
		stage "$ID" "$FROM/grows" "grown-$i"
		[ "$STATUS" = 1 ] || there stat -c %s "grown-$i"
		[ "$STATUS" = 1 ] || [ "$OUT" -le 1048576 ] || fail "$OUT bytes"
	done
	wait
	stage "$ID" "$FROM/grows" last
	expect_status 1
	holds "$(there find . -mindepth 1 -size -1025k >/dev/null; sort <<<"$OUT")"
	there ls last
	expect_failure
}

test_what_is_there_stays_but_by_force() {
	site
	echo old >"$FROM/file"
	stage "$ID" "$FROM/file" .
	echo new >"$FROM/file"
	stage "$ID" "$FROM/file" .
	expect_status 1
	expect_error_has "file is in the workspace already"
	there cat file
	expect_output old
	stage --force "$ID" "$FROM/file" .
	expect_status 0
	there cat file
	expect_output new
	# Nor does it go through a link that the container has put there.
	there ln -sf /tmp/elsewhere file
	stage "$ID" "$FROM/file" .
	expect_status 1
	stage --force "$ID" "$FROM/file" .
	expect_status 0
	there cat file /tmp/elsewhere
	[[ $OUT == new ]] || fail "the link was followed"
	there ln -s /etc way
	stage "$ID" "$FROM/file" way/x
	expect_status 1
	expect_error_has "something else than a directory on the way"
}

test_a_full_workspace_is_said_and_leaves_no_part() {
	site '{"stage": {"fileBytes": 16777216}}'
	head -c 6000000 /dev/zero >"$FROM/half"
	stage "$ID" "$FROM/half" one
	expect_status 0
	stage "$ID" "$FROM/half" two
	expect_status 1
	expect_error_has "two: the workspace is full"
	holds ./one
	there df -k .
	[ "$(awk 'END { print $3 }' <<<"$OUT")" -lt 6000 ] || fail "a part of it is there"
	mkdir "$FROM/many"
	(cd "$FROM/many" && touch {1..300})
	stage "$ID" "$FROM/many" .
	expect_status 1
	expect_error_has "the workspace is full"
	expect_error_has "of 301 files and directories are in the workspace"
}

test_what_is_staged_counts_as_the_containers_memory() {
	local memory before after
	needs_controller memory
	site '{"stage": {"fileBytes": 16777216}}'
	memory=$(cgroup_of memory "$(pid_of)")
	before=$(cat "$memory/memory.usage_in_bytes" 2>/dev/null || cat "$memory/memory.current")
	head -c 6000000 /dev/urandom >"$FROM/file"
	stage "$ID" "$FROM/file" .
	expect_status 0
	after=$(cat "$memory/memory.usage_in_bytes" 2>/dev/null || cat "$memory/memory.current")
	[ "$((after - before))" -ge 5900000 ] || fail "only $((after - before)) bytes"
	governed delete --force "$ID"
	expect_status 0
	expect_nothing_left
}

test_memory_that_ends_ends_the_writer_and_not_the_container() {
	local pid
	needs_controller memory
	site '{"workspace": {"size": 134217728}, "stage": {"fileBytes": 134217728, "bytes": 134217728}}'
	run "$RUNTIME" --root "$T/state" delete --force "$ID"
	config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	pid=$(pid_of)
	head -c 60000000 /dev/urandom >"$FROM/much"
	stage "$ID" "$FROM/much" .
	expect_status 1
	expect_error_has "the writer was killed in the container's cgroup: the container has ended, or its memory is full"
	expect_equal "the container" "$(pid_of) $(state_of)" "$pid running"
	holds ""
	head -c 5000000 "$FROM/much" >"$FROM/less"
	stage "$ID" "$FROM/less" .
	expect_status 0
	holds ./less
}

test_a_container_cannot_lead_the_writer_astray() {
	local i got=0
	site
	echo marker >"$FROM/file"
	run "$RUNTIME" --root "$T/state" exec --detach "$ID" sh -c \
		'while :; do mkdir -p d/e; mv d/e d/x; ln -s /tmp d/e; rm -f d/e; mv d/x d/e; mv d f; ln -s /tmp d; rm -f d; mv f d; done'
	for ((i = 0; i < ${STAGE_RACES:-1000}; i++)); do
		! "$RUNTIME" --root "$T/state" stage --force "$ID" "$FROM/file" "d/e/bwt-$ID" 2>/dev/null || got=$((got + 1))
	done
	echo "$got of $i arrived"
	[ "$got" -gt 0 ] || fail "none has ever arrived"
	[ ! -e "/tmp/bwt-$ID" ] || fail "it is on the host"
	there ls -A /tmp
	expect_output ""
}

test_patterns_are_advice() {
	site '{"stage": {"patterns": ["eval("]}}'
	{
		head -c 65530 /dev/zero
		echo 'x = eval(y); subprocess.run()'
	} >"$FROM/code"
	echo plain >"$FROM/plain"
	stage --warn-pattern subprocess. --warn-pattern nowhere "$ID" "$FROM" .
	expect_status 0
	expect_error_has 'upload/code has \"eval(\" in it'
	expect_error_has 'upload/code has \"subprocess.\" in it'
	[[ $ERR != *plain* && $ERR != *nowhere* ]] || fail "too much is said"
	stage --warn-pattern '' "$ID" "$FROM" again/
	expect_status 1
}

test_what_is_staged_is_on_record() {
	site
	echo text >"$FROM/file"
	stage "$ID" "$FROM" in/
	expect_status 0
	head -c 1048577 /dev/zero >"$FROM/more"
	stage "$ID" "$FROM/more" .
	expect_status 1
	ln -s / "$FROM/link"
	stage "$ID" "$FROM/link" .
	expect_status 1
	jq --raw-output --arg id "$ID" 'select(.id == $id and (.event | test("stage|size|refusal"))) | [.event, .more.destination, .more.files, .more.bytes,
		.reason] | map(. // "-") | join(" ")' "$T/log/audit.jsonl" >"$T/events"
	cat "$T/events"
	[[ $(sed -n 1p "$T/events") == "stage in/ 2 5 -" ]] || fail "what was staged is not on record"
	[[ $(sed -n 2p "$T/events") == "size-violation . - - more has 1048577 bytes"* ]] || fail "what was too large is not on record"
	[[ $(sed -n 3p "$T/events") == "refusal "*"link is a symbolic link"* ]] || fail "the refusal is not on record"
	run "$RUNTIME" --root "$T/state" metrics
	grep 'file_size_violations' <<<"$OUT"
	[ "$(awk '/^[a-z_]*file_size_violations/ { sum += $NF } END { print sum + 0 }' <<<"$OUT")" -ge 1 ] || fail "it is not counted"
}

test_the_keeper_counts_what_was_too_large() {
	needs_beside bulwark-keeper
	site '{"metrics": {"record": "require", "interval": "200ms"}}'
	head -c 1048577 /dev/zero >"$FROM/more"
	stage "$ID" "$FROM/more" .
	expect_status 1
	is_counted() { grep -qx 'file_size_violations 1' "$T/state/$ID/measures"; }
	eventually is_counted
}

test_nothing_of_the_host_is_open_in_the_writer() {
	local pid fds
	site
	mkfifo "$T/pipe"
	sleep 300 >"$T/pipe" &
	ends_with_case $!
	"$RUNTIME" --root "$T/state" stage "$ID" - slow <"$T/pipe" &
	ends_with_case $!
	pid=$!
	has_writer() { [ -n "$(cat "/proc/$pid/task/$pid/children")" ]; }
	eventually has_writer
	pid=$(tr -d ' ' <"/proc/$pid/task/$pid/children")
	writer_is_ready() { grep -q '^CapPrm:.0*$' "/proc/$pid/status"; }
	eventually writer_is_ready
	grep -E '^(Uid|Gid|Groups|NoNewPrivs|Cap...):' "/proc/$pid/status"
	[[ $(grep '^Uid:' "/proc/$pid/status") == *$'\t'1001 ]] || fail "files are not made by the container's user"
	! grep -E '^Cap(Prm|Eff|Inh|Amb):.*[1-9a-f]' "/proc/$pid/status" || fail "it has capabilities"
	grep -q '^NoNewPrivs:.1' "/proc/$pid/status" || fail "no_new_privs is not set"
	fds=$(for fd in "/proc/$pid/fd/"*; do readlink "$fd"; done)
	echo "$fds"
	[[ $(wc -l <<<"$fds") -le 6 ]] || fail "there are more"
	! grep -v -E '^(socket:|/workspace|/|.*cgroup.procs|.*/pipe|/#)' <<<"$fds" || fail "that is of the host"
	if cgroup_of memory self >/dev/null; then
		grep -q "$ID" "/proc/$pid/cgroup" || fail "it is not in the container's cgroup"
	fi
}

test_a_container_without_a_workspace_takes_nothing() {
	bundle
	sleeping hardened
	touch "$T/file"
	stage "$ID" "$T/file" .
	expect_status 1
	expect_error_has "container $ID has no workspace to stage files into"
	hardened pause "$ID"
	stage "$ID" "$T/file" .
	expect_status 1
	expect_error_has "cannot stage files into a paused container"
	stage "no-$ID" "$T/file" .
	expect_status 1
	expect_error_has "container does not exist"
}

run_tests
