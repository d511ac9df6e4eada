#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Checkpoint and restore: with the criu of this host, where it works, and with a stand-in (fake_criu.c) that records what
# it is asked, so that requests, errors and what is left behind are tested everywhere.
if [ "$(id -u)" = 0 ] && [ -z "${BULWARK_TEST_OWN_RUN:-}" ]; then
	# The stand-in is put where a hardened bulwark looks for criu: not for others to find.
	BULWARK_TEST_OWN_RUN=1 exec unshare --mount --propagation private -- "$0" "$@"
fi
. "$(dirname "$0")/bulwark.sh"

after_case() {
	! mountpoint --quiet /usr/local/sbin || umount --lazy /usr/local/sbin
}

# ---- with a real one ----------------------------------------------------------------------------------

# What our caller has open is of mounts that a process of this namespace does not have.
close_others() {
	local fd
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		[ "$fd" -le 2 ] || eval "exec $fd>&-"
	done
}

reasons() {
	sed -n '/RLIMIT_NOFILE/d; s/.*Error ([^)]*): *//p' "$1" 2>/dev/null | head -n 3 | paste -sd ';'
}

# Whether criu can save and restore the simplest of processes here; why not.
try_criu() {
	local images=$work/try pid
	command -v criu >/dev/null || {
		echo "needs criu"
		return
	}
	criu check >"$work/try.log" 2>&1 || {
		echo "criu check: $(tail -n 1 "$work/try.log")"
		return
	}
	mkdir -p "$images"
	(close_others && cd / && exec setsid sleep 300) </dev/null >/dev/null 2>&1 &
	pid=$!
	sleep 0.2
	if ! criu dump --tree "$pid" --images-dir "$images" --log-file dump.log >"$work/try.log" 2>&1; then
		kill -9 "$pid" 2>/dev/null
		echo "criu cannot save a process here: $(reasons "$images/dump.log")"
	elif ! criu restore --images-dir "$images" --log-file restore.log --restore-detached >"$work/try.log" 2>&1; then
		echo "criu cannot restore a process here: $(reasons "$images/restore.log")"
	else
		kill -9 "$pid"
	fi
}

# needs_criu: skips with the reason why criu does not work.
needs_criu() {
	[ -e "$work/criu" ] || try_criu >"$work/criu" 2>/dev/null
	[ ! -s "$work/criu" ] || skip "$(cat "$work/criu")"
}

# A program whose memory counts: $T/shared/count has its latest number.
counting() {
	bundle
	mkdir -m 777 "$T/shared"
	config --arg source "$T/shared" '
		.mounts += [{destination: "/shared", type: "bind", source: $source, options: ["bind"]}]'
	script_args 'i=0; while :; do i=$((i + 1)); echo $i >/shared/new; mv /shared/new /shared/count; sleep 0.1; done'
}

# launch: the bundle's container, without a file of the host for its output.
launch() {
	"$RUNTIME" --root "$T/state" --profile compat run --detach --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 || fail "the container does not start"
}

run_counting() {
	counting
	launch
	eventually counts_beyond 3
}

counts_beyond() {
	[ "$(cat "$T/shared/count" 2>/dev/null || echo 0)" -gt "$1" ]
}

# save [OPTION]..., bring_back [OPTION]...: to and from $T/image.
save() {
	compat checkpoint --image-path "$T/image" --work-path "$T/work" --manage-cgroups-mode ignore "$@" "$ID"
}

bring_back() {
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" --work-path "$T/work" \
		--manage-cgroups-mode ignore "$@" "$ID"
}

test_a_container_goes_on_where_it_was() {
	local before round
	needs_criu
	run_counting
	for round in 1 2; do
		echo "round $round"
		save
		expect_status 0
		compat state "$ID"
		expect_status 1
		expect_error_has 'container does not exist'
		expect_nothing_left
		before=$(cat "$T/shared/count")
		echo 0 >"$T/shared/count"
		bring_back
		expect_status 0
		expect_equal state "$(state_of)" running
		eventually counts_beyond "$before"
		! counts_beyond $((before + 50)) || fail "it counts on from $(cat "$T/shared/count"), not from $before"
		compat exec "$ID" sh -c 'echo inside $(cat /proc/1/comm)'
		expect_output 'inside sh'
	done
	expect_equal "capabilities" "$(grep CapBnd "/proc/$(pid_of)/status" | tr -d '[:space:]')" CapBnd:00000000000004e3
	# Of the places that criu had, nothing is seen inside or outside.
	! grep -F "$T/state" "/proc/$(pid_of)/mountinfo" /proc/self/mountinfo || fail "mounts are left"
	compat kill "$ID" KILL
	eventually is_stopped
	compat delete "$ID"
	expect_status 0
	expect_nothing_left
}

test_one_that_is_left_running_runs_on() {
	needs_criu
	run_counting
	save --leave-running
	expect_status 0
	expect_equal state "$(state_of)" running
	eventually counts_beyond "$(($(cat "$T/shared/count") + 3))"
	[ -s "$T/image/inventory.img" ] || fail "there is no image"
	compat delete --force "$ID"
	bring_back
	expect_status 0
	expect_equal state "$(state_of)" running
}

test_memory_is_saved_before_the_rest() {
	needs_criu
	criu check --feature mem_dirty_track >/dev/null 2>&1 || skip "this kernel does not track changes of memory"
	run_counting
	compat checkpoint --pre-dump --image-path "$T/before" --manage-cgroups-mode ignore "$ID"
	expect_status 0
	expect_equal state "$(state_of)" running
	save --parent-path ../before
	expect_status 0
	[ -e "$T/image/parent" ] || fail "the image has no parent"
	bring_back
	expect_status 0
	expect_equal state "$(state_of)" running
}

# with_pipes INPUT OUTPUT VERB...: what INPUT prints comes in, what goes out is in the file OUTPUT.  Pipes without a name
# are what criu can hand over; a file of the host is none of the container's.
with_pipes() {
	local input=$1 output=$2
	shift 2
	timeout --kill-after=5 60 "$RUNTIME" --root "$T/state" --profile compat "$@" < <(exec bash -c "$input") > >(exec cat >"$output") 2>&1 || {
		cat "$output"
		fail "$1: status $?"
	}
}

test_pipes_are_those_of_restore() {
	needs_criu
	bundle
	script_args 'while read -r line; do echo "got $line"; done'
	with_pipes 'exec sleep 30' "$T/first" run --detach --bundle "$BUNDLE" "$ID"
	save
	expect_status 0
	expect_equal "number of pipes" "$(jq 'map(select(startswith("pipe:"))) | length' "$T/image/descriptors.json")" 3
	with_pipes 'sleep 1; echo Ping; sleep 5' "$T/second" restore --detach --bundle "$BUNDLE" --image-path "$T/image" \
		--work-path "$T/work" --manage-cgroups-mode ignore "$ID"
	eventually grep --quiet --line-regexp 'got Ping' "$T/second"
}

test_a_terminal_comes_back_through_the_console_socket() {
	needs_criu
	needs python3
	bundle
	config '.process.terminal = true'
	script_args 'while read -r line; do echo "got $line"; done'
	console "$T/console" ""
	compat run --detach --console-socket "$T/console" --bundle "$BUNDLE" "$ID"
	expect_status 0
	save
	expect_status 0
	console "$T/console-2" Ping
	bring_back --console-socket "$T/console-2"
	expect_status 0
	eventually grep --quiet 'got Ping' "$T/console-2.said"
	grep --quiet '^name /dev/pts/' "$T/console-2.said"
}

# console SOCKET TEXT: takes a terminal's other end, types TEXT into it, and keeps what comes in SOCKET.said.
console() {
	python3 - "$1" "$2" <<-'END' &
		import array, os, select, socket, sys
		server = socket.socket(socket.AF_UNIX)
		server.bind(sys.argv[1])
		server.listen()
		server.settimeout(60)
		peer, _ = server.accept()
		name, control, _, _ = peer.recvmsg(4096, socket.CMSG_SPACE(64))
		fds = array.array("i")
		for level, kind, data in control:
		    fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
		with open(sys.argv[1] + ".said", "wb", buffering=0) as out:
		    out.write(b"name %s\n" % name)
		    if sys.argv[2]:
		        os.write(fds[0], sys.argv[2].encode() + b"\n")
		    while select.select([fds[0]], [], [], 60)[0]:
		        try:
		            text = os.read(fds[0], 4096)
		        except OSError:
		            break
		        out.write(text)
	END
	eventually test -S "$1"
}

test_mount_points_of_binds_are_made_again() {
	needs_criu
	counting
	mkdir -p "$ROOTFS/real/conf" "$T/one" "$T/two"
	ln -s /real/conf "$ROOTFS/conf"
	echo of-the-host >"$T/two/file"
	config --arg one "$T/one" --arg two "$T/two" '.mounts += [
		{destination: "/conf", type: "bind", source: "..", options: ["bind"]},
		{destination: "/test", type: "bind", source: $one, options: ["rbind"]},
		{destination: "/test/for/nested", type: "bind", source: $two, options: ["bind", "ro"]}]'
	launch
	save
	expect_status 0
	rm -r "${T:?}/one"/*
	bring_back
	expect_status 0
	compat exec "$ID" cat /test/for/nested/file
	expect_output of-the-host
	compat exec "$ID" ls /conf/shared
	expect_status 0
	compat exec "$ID" sh -c 'echo x >/test/for/nested/file'
	expect_failure
	expect_empty_directory "$T/one/for/nested"
}

test_a_network_namespace_that_was_joined_is_joined_again() {
	local netns
	needs_criu
	needs ip
	counting
	touch "$T/netns"
	unshare --net="$T/netns" true
	config --arg path "$T/netns" '(.linux.namespaces[] | select(.type == "network")).path = $path'
	launch
	netns=$(stat -L --format %i "/proc/$(pid_of)/ns/net")
	save
	expect_status 0
	bring_back
	expect_status 0
	expect_equal "network namespace" "$(stat -L --format %i "/proc/$(pid_of)/ns/net")" "$netns"
	umount "$T/netns"
}

test_cgroup_and_limits_are_those_of_the_configuration() {
	needs_criu
	counting
	config --arg path "/$ID-one" '.linux.cgroupsPath = $path | .linux.resources.pids = {limit: 20}'
	launch
	save
	expect_status 0
	[ -z "$(cgroups_of "$ID-one")" ] || fail "cgroups are left: $(cgroups_of "$ID-one")"
	config --arg path "/$ID-two" '.linux.cgroupsPath = $path | .linux.resources.pids = {limit: 30}'
	bring_back --pid-file "$T/pid"
	expect_status 0
	expect_equal pid "$(cat "$T/pid")" "$(pid_of)"
	[[ $(cgroup_of pids "$(pid_of)") == *"/$ID-two" ]] || fail "it is in $(cgroup_of pids "$(pid_of)")"
	expect_equal limit "$(limit_of pids "$(pid_of)" pids.max pids.max)" 30
	[ -z "$(cgroups_of "$ID-one")" ] || fail "the old cgroups are there again"
}

test_a_container_with_cgroups_mounted_is_restored() {
	needs_criu
	counting
	config '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro", "nosuid", "noexec", "nodev"]}]'
	launch
	compat checkpoint --image-path "$T/image" --work-path "$T/work" "$ID"
	expect_status 0
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" --work-path "$T/work" "$ID"
	expect_status 0
	compat exec "$ID" sh -c 'find /sys/fs/cgroup -name cgroup.procs | head -n 1 | xargs cat'
	expect_status 0
	expect_line 1
}

test_memory_is_fetched_when_it_is_asked_for() {
	local saving serving before
	needs_criu
	criu check --feature uffd-noncoop >/dev/null 2>&1 || skip "this kernel or criu has no lazy pages"
	run_counting
	mkfifo "$T/ready"
	mkdir "$T/image"
	exec 7<>"$T/ready"
	timeout 60 "$RUNTIME" --root "$T/state" --profile compat checkpoint --lazy-pages --page-server 127.0.0.1:27277 --status-fd 7 \
		--image-path "$T/image" --work-path "$T/work" --manage-cgroups-mode ignore "$ID" >"$T/saving" 2>&1 &
	saving=$!
	expect_equal "status byte" "$(timeout 30 dd bs=1 count=1 <&7 2>/dev/null | od -An -tx1 | tr -d ' ')" 00
	before=$(cat "$T/shared/count")
	timeout 60 criu lazy-pages --page-server --address 127.0.0.1 --port 27277 --images-dir "$T/image" --work-dir "$T/image" \
		>"$T/serving" 2>&1 &
	serving=$!
	eventually test -S "$T/image/lazy-pages.socket"
	ID=$ID-lazy
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" --work-path "$T/image" --lazy-pages \
		--manage-cgroups-mode ignore "$ID"
	expect_status 0
	eventually counts_beyond "$((before + 3))"
	wait "$saving" || fail "checkpoint: $(cat "$T/saving")"
	wait "$serving" || fail "lazy-pages: $(cat "$T/serving")"
}

test_a_scope_of_systemd_is_made_again() {
	needs_criu
	[ -d /run/systemd/system ] || skip "needs systemd"
	"$RUNTIME" features | jq --exit-status .linux.cgroup.systemd >/dev/null || skip "needs bulwark-systemd where it belongs"
	counting
	config --arg path "system.slice:bw:$ID" '.linux.cgroupsPath = $path | .linux.resources.pids = {limit: 30}'
	"$RUNTIME" --root "$T/state" --profile compat --systemd-cgroup run --detach --bundle "$BUNDLE" "$ID" \
		</dev/null >/dev/null 2>&1 || fail "the container does not start"
	save
	expect_status 0
	run "$RUNTIME" --root "$T/state" --profile compat --systemd-cgroup restore --detach --bundle "$BUNDLE" \
		--image-path "$T/image" --work-path "$T/work" --manage-cgroups-mode ignore "$ID"
	expect_status 0
	[[ $(cgroup_of pids "$(pid_of)") == *"/system.slice/bw-$ID.scope" ]] || fail "it is in $(cgroup_of pids "$(pid_of)")"
	expect_equal limit "$(limit_of pids "$(pid_of)" pids.max pids.max)" 30
	compat delete --force "$ID"
	expect_status 0
	expect_nothing_left
}

test_restore_in_the_foreground_ends_as_the_program_does() {
	needs_criu
	bundle
	mkdir -m 777 "$T/shared"
	config --arg source "$T/shared" '.mounts += [{destination: "/shared", type: "bind", source: $source, options: ["bind"]}]'
	script_args 'while [ ! -e /shared/end ]; do sleep 0.1; done; exit 7'
	launch
	save
	expect_status 0
	touch "$T/shared/end"
	compat restore --bundle "$BUNDLE" --image-path "$T/image" --work-path "$T/work" --manage-cgroups-mode ignore "$ID"
	expect_status 7
	expect_nothing_left
}

test_an_image_that_is_damaged_leaves_nothing_behind() {
	needs_criu
	run_counting
	save
	expect_status 0
	rm "$T/image"/core-1.img
	bring_back
	expect_failure
	expect_error_has "log file $T/work/restore.log"
	expect_nothing_left
}

# ---- with the stand-in --------------------------------------------------------------------------------

fake=$(dirname "$RUNTIME")/root_fake_criu

# stand_in [LINE]...: criu is the stand-in, which does as the lines say.
stand_in() {
	[ -x "$fake" ] || skip "needs root_fake_criu: make check builds it"
	mkdir -p "$T/bin"
	cp "$fake" "$T/bin/criu"
	LOG=$T/bin/criu.log
	PATH=$T/bin:$PATH
	says "$@"
}

says() {
	printf '%s\n' "$@" >"$T/bin/criu.mode"
	rm -f "$LOG"
}

# told LINE, not_told LINE: a field of the last request.
told() {
	grep --quiet --line-regexp --fixed-strings -e "$1" "$LOG" || {
		cat "$LOG"
		fail "criu was not told: $1"
	}
}

not_told() {
	! grep --quiet -e "^$1" "$LOG" || fail "criu was told: $(grep -e "^$1" "$LOG")"
}

# An image as restore looks for it.
an_image() {
	mkdir -p "$T/image"
	echo "${1:-[]}" >"$T/image/descriptors.json"
}

test_criu_is_told_of_the_container_and_of_every_flag() {
	stand_in
	counting
	mkfifo "$T/fifo"
	exec 7<>"$T/fifo"
	compat run --detach --bundle "$BUNDLE" "$ID"
	pid=$(pid_of)
	says
	compat checkpoint --image-path "$T/a/b/image" --work-path "$T/work" "$ID"
	expect_status 0
	told 'request DUMP'
	told "1 $T/a/b/image"
	told "17 $T/work"
	told "2 $pid"
	told "13 $ROOTFS"
	told '9 4'
	told '10 dump.log'
	told '12 1'
	told '24 1'
	told '34 6'
	told '38 1073741824'
	told '50 1'
	told '51 /etc/criu/runc.conf'
	told '23 /shared /shared'
	told '23 /proc/keys /dev/null'
	for field in 3 4 5 7 8 11 14 15 16 18 37 46 48 49; do
		not_told "$field "
	done
	expect_nothing_left
	compat run --detach --bundle "$BUNDLE" "$ID"
	mkdir -p "$T/parent"
	says
	compat checkpoint --image-path "$T/image" --parent-path ../parent --leave-running --tcp-established --tcp-skip-in-flight \
		--link-remap --ext-unix-sk --shell-job --lazy-pages --status-fd 7 --page-server 127.0.0.1:300 --file-locks \
		--manage-cgroups-mode strict --empty-ns network --auto-dedup "$ID"
	expect_status 0
	for field in 3 4 5 7 8 15 16 18 46 48; do
		told "$field 1"
	done
	told '14 ../parent'
	told '11 127.0.0.1 300'
	told '34 5'
	not_told '17 '
	# By a notification, as criu has been able to since 3.15.
	not_told '49 '
	expect_equal "status byte" "$(timeout 5 dd if="$T/fifo" bs=1 count=1 2>/dev/null | od -An -tx1 | tr -d ' ')" 00
	expect_equal state "$(state_of)" running
	says "version 3 14 0"
	compat checkpoint --image-path "$T/image" --leave-running --lazy-pages --status-fd 7 "$ID"
	told '49 7'
}

test_a_pre_dump_asks_for_memory_alone() {
	stand_in
	bundle
	sleeping compat
	says
	compat checkpoint --pre-dump --image-path "$T/image" "$ID"
	expect_status 0
	told 'request FEATURES'
	told 'request PRE_DUMP'
	not_told '23 '
	[ ! -e "$T/image/descriptors.json" ] || fail "it names descriptors"
	expect_equal state "$(state_of)" running
	says no-features
	compat checkpoint --pre-dump --image-path "$T/image" "$ID"
	expect_failure
	expect_error_has 'criu is missing features: [MemTrack]'
	compat checkpoint --lazy-pages --image-path "$T/image" "$ID"
	expect_failure
	expect_error_has 'criu is missing features: [LazyPages]'
}

# refused WORDS ARGUMENT...: checkpoint says so, and the container runs on.
refused() {
	compat checkpoint --image-path "$T/image" "${@:2}" "$ID"
	expect_status 1
	expect_error_has "$1"
	expect_equal state "$(state_of)" running
}

test_what_cannot_be_asked_is_said() {
	stand_in
	bundle
	sleeping compat
	refused '--parent-path must be relative' --parent-path "$T"
	refused 'invalid --parent-path' --parent-path ../nothing
	touch "$T/file"
	refused 'invalid --parent-path' --parent-path ../file
	refused 'Use --page-server ADDRESS:PORT' --page-server 127.0.0.1
	refused 'Use --page-server ADDRESS:PORT' --page-server :1
	refused 'Invalid port number' --page-server 127.0.0.1:many
	refused 'invalid manage-cgroups-mode value' --manage-cgroups-mode hard
	refused 'namespace "pid" is not supported' --empty-ns pid
	refused 'invalid --status-fd argument 77' --lazy-pages --status-fd 77
	exec 6<"$T/file"
	refused 'invalid --status-fd argument 6: not writable' --lazy-pages --status-fd 6
	grep 'request DUMP' "$LOG" && fail "criu was asked all the same"
	compat checkpoint nobody
	expect_status 1
	expect_error_has 'container does not exist'
}

test_a_container_in_another_state_is_not_saved() {
	stand_in
	bundle
	config '.process.args = ["sleep", "300"]'
	compat create --bundle "$BUNDLE" "$ID"
	compat checkpoint --image-path "$T/image" "$ID"
	expect_status 1
	expect_error_has 'Container cannot be checkpointed in created state'
	compat start "$ID"
	compat pause "$ID"
	compat checkpoint --image-path "$T/image" --leave-running "$ID"
	expect_status 0
	compat resume "$ID"
	compat kill "$ID" KILL
	eventually is_stopped
	compat checkpoint --image-path "$T/image" "$ID"
	expect_status 1
	expect_error_has 'Container cannot be checkpointed in stopped state'
}

test_a_criu_that_fails_says_why_and_the_container_runs_on() {
	stand_in 'fail DUMP'
	bundle
	sleeping compat
	refused "criu failed: type DUMP errno 22: log file $T/image/dump.log: no such luck" --shell-job
	[[ $ERR != *FAILED* ]] || fail "the summary is no reason"
	says 'fail-late DUMP'
	refused "log file $T/work/dump.log: cannot save a thing" --work-path "$T/work"
	says 'die DUMP'
	refused 'criu failed: it ended without an answer'
	says 'die VERSION'
	refused 'CRIU version check failed'
	says 'version 2 12 1'
	refused 'CRIU version 21201 must be 30000 or higher'
	compat why "$ID"
	expect_output_has 'must be 30000 or higher'
	rm "$T/bin/criu"
	PATH=$(dirname "$(command -v timeout)"):/bin
	PATH=$(tr : '\n' <<<"$PATH" | while read -r dir; do [ -e "$dir/criu" ] || echo "$dir"; done | paste -sd :)
	refused 'there is no criu in PATH'
}

test_criu_s_own_configuration_is_chosen_as_runc_does() {
	stand_in
	bundle
	config '.annotations = {"org.criu.config": "/some/criu.conf"}'
	sleeping compat
	says
	compat checkpoint --image-path "$T/image" --leave-running "$ID"
	told '51 /some/criu.conf'
	compat delete --force "$ID"
	config '.annotations = {"org.criu.config": ""}'
	sleeping compat
	says
	compat checkpoint --image-path "$T/image" --leave-running "$ID"
	expect_status 0
	not_told '51 '
}

test_a_joined_network_is_named_and_inherited() {
	stand_in
	counting
	touch "$T/netns"
	unshare --net="$T/netns" true
	inode=$(stat --format %i "$T/netns")
	config --arg path "$T/netns" '(.linux.namespaces[] | select(.type == "network")).path = $path'
	compat run --detach --bundle "$BUNDLE" "$ID"
	says
	compat checkpoint --image-path "$T/image" "$ID"
	expect_status 0
	told "37 net[$inode]:extRootNetNS"
	says
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_status 0
	told '27 extRootNetNS 4'
	umount "$T/netns"
	compat delete --force "$ID"
	says
	rm "$T/netns"
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_refusal "Requested network namespace $T/netns does not exist"
}

test_restore_makes_the_host_s_side_as_create_does() {
	stand_in
	counting
	an_image '["/dev/null", "pipe:[11]", "pipe:[12]"]'
	ln -s /usr "$ROOTFS/link"
	config --arg path "/$ID-x" --arg source "$T/shared" '.linux.cgroupsPath = $path | .linux.resources.pids = {limit: 30} |
		.mounts += [{destination: "/link/deep/place", type: "bind", source: $source, options: ["bind"]}]'
	says no-terminal
	"$RUNTIME" --root "$T/state" --profile compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" \
		--work-path "$T/work" --tcp-established --ext-unix-sk --shell-job --file-locks --auto-dedup --lazy-pages \
		--lsm-profile apparmor:one --lsm-mount-context two --manage-cgroups-mode soft --empty-ns network \
		--pid-file "$T/pid" -no-subreaper "$ID" </dev/null >"$T/said" 2>"$T/err" || fail "$(cat "$T/err")"
	told 'request RESTORE'
	told "1 $T/image"
	told "17 $T/work"
	told '10 restore.log'
	told "13 $T/state/$ID/root"
	told 'root is a mount'
	for field in 4 5 6 7 8 12 16 24 26 48 50; do
		told "$field 1"
	done
	told '34 3'
	told '53 apparmor:one'
	told '63 two'
	told "23 /shared $T/state/$ID/source-$(jq '.mounts | length - 2' "$BUNDLE/config.json")"
	told "23 /usr/deep/place $T/state/$ID/source-$(jq '.mounts | length - 1' "$BUNDLE/config.json")"
	told '23 /dev/null /dev/null'
	told '27 pipe:[11] 1'
	told '27 pipe:[12] 2'
	not_told '27 pipe:.11. 0'
	grep --quiet "^25 .*/$ID-x\$" "$LOG" || fail "criu was not told of the cgroup"
	expect_equal state "$(state_of)" running
	expect_equal pid "$(cat "$T/pid")" "$(pid_of)"
	[[ $(cgroup_of pids "$(pid_of)") == *"/$ID-x" ]] || fail "it is in $(cgroup_of pids "$(pid_of)")"
	expect_equal limit "$(limit_of pids "$(pid_of)" pids.max pids.max)" 30
	[ -d "$ROOTFS/usr/deep/place" ] || fail "the mount point was not made"
	eventually grep --quiet restored "$T/said"
	! grep -F " $T/" /proc/self/mountinfo || fail "mounts are seen outside"
	compat kill "$ID" TERM
	eventually is_stopped
	compat delete "$ID"
	expect_status 0
	expect_nothing_left
}

test_restore_in_the_foreground_passes_signals_and_the_exit_status() {
	stand_in no-terminal
	bundle
	an_image
	"$RUNTIME" --root "$T/state" --profile compat restore --bundle "$BUNDLE" --image-path "$T/image" "$ID" >"$T/said" 2>&1 &
	bulwark=$!
	eventually grep --quiet restored "$T/said"
	kill -TERM "$bulwark"
	status=0
	wait "$bulwark" || status=$?
	expect_equal "exit status" "$status" 5
	expect_nothing_left
}

test_the_terminal_of_a_restored_container_goes_to_the_socket() {
	stand_in
	needs python3
	bundle
	an_image
	config '.process.terminal = true'
	console "$T/console" ""
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" --console-socket "$T/console" "$ID"
	expect_status 0
	eventually grep --quiet '^name /dev/pts/' "$T/console.said"
	compat delete --force "$ID"
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_refusal 'cannot allocate tty'
	config '.process.terminal = false'
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" --console-socket "$T/console" "$ID"
	expect_refusal 'cannot use console socket'
}

test_hooks_run_while_criu_waits_and_outside_of_its_mounts() {
	stand_in no-terminal
	bundle
	an_image
	cat >"$T/hook" <<-END
		#!/bin/sh
		cat >$T/hook.state
		readlink /proc/self/ns/mnt >$T/hook.mnt
		tail -n 1 $LOG >$T/hook.stage
		exit \${1:-0}
	END
	chmod 755 "$T/hook"
	config --arg hook "$T/hook" '.hooks = {createRuntime: [{path: $hook}]}'
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_status 0
	expect_equal "status in the hook" "$(jq -r .status "$T/hook.state")" creating
	expect_equal "stage of criu" "$(cat "$T/hook.stage")" 'notify setup-namespaces'
	expect_equal "mount namespace" "$(cat "$T/hook.mnt")" "$(readlink /proc/self/ns/mnt)"
	compat delete --force "$ID"
	config '.hooks.createRuntime[0].args = ["hook", "3"]'
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_refusal 'error running createRuntime hook #0'
}

test_a_restore_that_fails_leaves_nothing_behind() {
	local mode
	stand_in
	counting
	an_image
	for mode in 'fail RESTORE' 'fail-late RESTORE' 'die RESTORE' 'exit 4'; do
		says "$mode" no-terminal
		compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
		expect_refusal 'criu failed: '
		[ "$mode" != 'fail RESTORE' ] || expect_error_has "log file $T/image/restore.log: no such luck"
	done
	says no-terminal
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/nothing" "$ID"
	expect_refusal "open $T/nothing: no such file or directory"
	mkdir "$T/empty"
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/empty" "$ID"
	expect_refusal 'descriptors.json: no such file or directory'
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" --pid-file "$T/none/pid" "$ID"
	expect_refusal 'none'
	rmdir "$T/shared"
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_refusal "$T/shared"
	says 'version 2 0 0'
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_refusal 'must be 30000 or higher'
	says 'version 3 15 0'
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" --lsm-profile a:b "$ID"
	expect_refusal '--lsm-profile requires at least CRIU 3.16'
}

test_an_id_that_is_taken_is_not_restored_over() {
	stand_in no-terminal
	bundle
	an_image
	sleeping compat
	compat restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_failure
	expect_error_has 'container with given ID already exists'
	expect_equal state "$(state_of)" running
}

test_a_profile_that_refuses_images_has_none() {
	stand_in no-terminal
	bundle
	an_image
	for profile in hardened shelled; do
		sleeping "$profile"
		"$profile" checkpoint --image-path "$T/image" "$ID"
		expect_failure
		expect_error_has 'checkpoint: profile '
		expect_equal state "$(state_of)" running
		# Whatever profile the one who asks now has: what decided at create decides.
		compat checkpoint --image-path "$T/image" "$ID"
		expect_failure
		expect_error_has 'checkpoint: profile '
		"$profile" delete --force "$ID"
		"$profile" restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
		expect_refusal 'restore: profile '
	done
	[ ! -e "$LOG" ] || fail "criu was asked"
}

# own_criu: the stand-in where a hardened bulwark looks.
own_criu() {
	mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin
	cp "$fake" /usr/local/sbin/criu
	LOG=/usr/local/sbin/criu.log
	printf '%s\n' "$@" >/usr/local/sbin/criu.mode
}

test_a_restored_container_is_guarded_and_behind_the_gate_there_is_none() {
	local layers
	stand_in no-terminal
	bundle
	an_image
	own_criu no-terminal own-namespaces
	policy '{"checkpoint": "allow", "landlock": "prefer", "network": {"egress": {"allow": []}}, "loosens": ["checkpoint"]}'
	governed restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_refusal 'leaves a container the egress gate alone'
	! grep -q 'request RESTORE' "$LOG" || fail "criu was asked to restore"
	policy '{"checkpoint": "allow", "landlock": "prefer", "loosens": ["checkpoint"],
		"programs": {"allow": ["/bin/*"], "events": "prefer"}}'
	governed restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_refusal 'has the programs of a container witnessed'
	! grep -q 'request RESTORE' "$LOG" || fail "criu was asked to restore"
	policy '{"checkpoint": "allow", "landlock": "prefer", "loosens": ["checkpoint"]}'
	governed restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_status 0
	governed state --format text "$ID"
	[[ $OUT == *'guard      cgroup'* ]] || skip "the guard is routing rules here, which are the image's"
	layers=$(find_helper layers) || skip "$layers"
	run "$layers" list "$(cgroup2_of "$(pid_of)")"
	expect_output $'connect4\nconnect6\nsendmsg4\nsendmsg6\negress'
}

# comes_back_as MEMBERS-JSON: `governed` restores under them.
comes_back_as() {
	policy "$(jq --null-input --argjson more "$1" '{checkpoint: "allow", landlock: "prefer", loosens: ["checkpoint"]} + $more')"
	governed restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
}

test_what_must_be_encrypted_is_looked_at_before_criu_restores() {
	local device
	device=$(losetup --find 2>/dev/null) || skip "needs loop devices"
	stand_in no-terminal
	bundle
	an_image
	own_criu no-terminal own-namespaces
	comes_back_as '{"workspace": {"disk": {"directory": "/var/tmp"}}}'
	expect_refusal '/workspace is a disk whose key ends with the container'
	if "$RUNTIME" check --json | jq --exit-status '.controls[] | select(.name == "memory encryption") | .there | not' >/dev/null; then
		comes_back_as '{"requireMemoryEncryption": true}'
		expect_refusal "the policy wants the host's memory to be encrypted"
	fi
	mknod "$T/device" b 7 "${device#/dev/loop}"
	config --arg source "$T/device" '.mounts += [{destination: "/x", type: "bind", source: $source, options: ["bind"]}]'
	comes_back_as '{"requireEncryptedBinds": true, "mounts": {"checkSources": false}, "loosens": ["checkpoint", "mounts.checkSources"]}'
	expect_refusal "$T/device is not seen to be: it lies on loop"
	! grep -q 'request RESTORE' "$LOG" || fail "criu was asked to restore"
	comes_back_as '{"mounts": {"checkSources": false}, "loosens": ["checkpoint", "mounts.checkSources"]}'
	expect_status 0
}

test_the_root_of_a_restored_container_is_none_of_the_host_s() {
	local path
	stand_in no-terminal
	bundle
	an_image
	own_criu no-terminal own-namespaces
	comes_back_as '{}'
	expect_status 0
	governed delete --force "$ID"
	ln -s / "$BUNDLE/link"
	for path in / link; do
		config --arg path "$path" '.root.path = $path'
		: >"$LOG"
		comes_back_as '{}'
		expect_refusal '/root/path: the'
		! grep -q 'request RESTORE' "$LOG" || fail "criu was asked to restore"
	done
}

test_a_policy_that_allows_images_takes_root_s_criu_and_no_file_of_the_container_s() {
	stand_in no-terminal
	bundle
	an_image
	policy '{"checkpoint": "allow", "landlock": "prefer", "network": {"guard": "prefer", "metadata": "allow"},
		"loosens": ["checkpoint", "network.guard", "network.metadata"]}'
	sleeping governed
	if [ ! -e /usr/sbin/criu ]; then
		governed checkpoint --image-path "$T/image" --leave-running "$ID"
		expect_failure
		expect_error_has 'there is no criu in /usr/local/sbin:'
		[ ! -e "$LOG" ] || fail "a criu of the caller's PATH was run"
	fi
	own_criu no-terminal
	governed checkpoint --image-path "$T/image" "$ID"
	expect_status 0
	told 'request DUMP'
	# An image of processes that were the host's own is none for this profile.
	governed restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_refusal "the image's processes are in the host's "
	echo own-namespaces >>/usr/local/sbin/criu.mode
	governed restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_status 0
	governed state --format text "$ID"
	expect_output_has 'landlock: no image holds its rules'
	governed delete --force "$ID"
	config '.annotations = {"org.criu.config": "/tmp/evil"}'
	governed restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_refusal 'the annotation org.criu.config would choose what criu does as root'
	config 'del(.annotations)'
	config '.mounts += [{destination: "/x", type: "bind", source: "/proc", options: ["bind"]}]'
	governed restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_refusal '/proc'
	config 'del(.mounts[-1])'
	chmod 777 /usr/local/sbin
	governed restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_refusal '/usr/local/sbin/criu can be changed by others than root'
	chmod 755 /usr/local/sbin
	policy '{"checkpoint": "allow", "landlock": "require", "loosens": ["checkpoint"]}'
	governed restore --detach --bundle "$BUNDLE" --image-path "$T/image" "$ID"
	expect_refusal 'requires Landlock, and criu restores none'
}

run_tests
