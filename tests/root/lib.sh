# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What every test with real containers stands on: a bundle, a runtime, assertions, a clean host afterwards.
#
#	#!/bin/bash
#	. "$(dirname "$0")/lib.sh"
#	test_a_container_says_hello()
#	{
#		bundle
#		config '.process.args = ["echo", "hello"]'
#		container run --bundle "$BUNDLE" "$ID"
#		expect_status 0
#		expect_output hello
#	}
#	run_tests
#
# Every function named test_… is one case, a sentence, run in the order of the file in a subshell with
# `set -e`, a fresh directory $T, a fresh container name $ID and a state root of its own.  Whatever the
# case leaves behind is removed, also after a failure.  Output is TAP; the script exits 0, 1, or 77 when
# every case was skipped, with the reason as its last line.
#
# From the environment: RUNTIME (program under test), RUNTIME_FLAGS (global options for it, split at
# blanks), VIEW (host, v1 or v2: which cgroups it shall see, see tests/cgroup-view), TESTS (a pattern:
# only cases whose name matches), KEEP=1 (leave $T for inspection), VERBOSE=1 (what good cases did, too).
# RUNTIME is any OCI runtime.
set -u

tests_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
top_dir=$(dirname "$tests_dir")
script=$(readlink -f "$0")
step_timeout=${STEP_TIMEOUT:-60}

skip() {
	echo "$*"
	exit 77
}

# needs jq busybox …: skips unless every program is there.
needs() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip "needs $program"
	done
}

# The program under test: $RUNTIME, or what was built.
find_runtime() {
	local candidate
	for candidate in "${RUNTIME:-}" "${BUILDDIR:-}/bulwark" "$top_dir/build/bulwark" "$PWD/bulwark"; do
		if candidate=$(command -v "$candidate"); then
			readlink -f "$candidate"
			return
		fi
	done
	return 1
}

in_view() {
	[ "${VIEW:-host}" != host ] || return 0
	[ -z "${BULWARK_TEST_IN_VIEW:-}" ] || return 0
	BULWARK_TEST_IN_VIEW=1 exec "$tests_dir/cgroup-view" "$VIEW" "$script" "$@"
}

# ---- bundles ----------------------------------------------------------------------------------------

# What an engine would ask for: root with few capabilities in six namespaces, rootfs writable, no filter.
default_config() {
	jq --null-input '
	def mount($dst; $type; $src; $options): {destination: $dst, type: $type, source: $src, options: $options};
	["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_NET_BIND_SERVICE"] as $caps |
	{
		ociVersion: "1.0.2",
		root: {path: "rootfs", readonly: false},
		hostname: "inside",
		process: {
			terminal: false, user: {uid: 0, gid: 0}, cwd: "/", args: ["true"],
			env: ["PATH=/bin:/usr/bin", "HOME=/"],
			capabilities: {bounding: $caps, effective: $caps, permitted: $caps},
			rlimits: [{type: "RLIMIT_NOFILE", soft: 1024, hard: 1024}]
		},
		mounts: [
			mount("/proc"; "proc"; "proc"; ["nosuid", "noexec", "nodev"]),
			mount("/dev"; "tmpfs"; "tmpfs"; ["nosuid", "strictatime", "mode=755", "size=65536k"]),
			mount("/dev/pts"; "devpts"; "devpts"; ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]),
			mount("/dev/shm"; "tmpfs"; "shm"; ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
			mount("/dev/mqueue"; "mqueue"; "mqueue"; ["nosuid", "noexec", "nodev"]),
			mount("/sys"; "sysfs"; "sysfs"; ["nosuid", "noexec", "nodev", "ro"])
		],
		linux: {
			namespaces: (["pid", "network", "ipc", "uts", "mount", "cgroup"] | map({type: .})),
			resources: {devices: [{allow: false, access: "rwm"}]},
			maskedPaths: ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
			readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
		}
	}'
}

# make_template DIRECTORY: the bundle that every case gets a copy of.
make_template() {
	local rootfs=$1/rootfs busybox
	busybox=$(command -v busybox)
	mkdir -p "$rootfs"/{bin,usr,etc,proc,sys,dev,tmp,run}
	chmod 1777 "$rootfs/tmp"
	cp "$busybox" "$rootfs/bin/busybox"
	# Its shell has ln built in: 300 links without starting 300 programs.
	(cd "$rootfs/bin" && ./busybox sh -c 'busybox --list | while read -r name; do
		[ "$name" = busybox ] || ln -s busybox "$name"; done')
	printf 'root:x:0:0::/:/bin/sh\nuser:x:1001:1001::/:/bin/sh\n' >"$rootfs/etc/passwd"
	printf 'root:x:0:\nuser:x:1001:\n' >"$rootfs/etc/group"
	default_config >"$1/config.json"
}

# bundle [NAME]: makes $T/NAME with a busybox rootfs and the default config.json; sets BUNDLE and ROOTFS.
bundle() {
	BUNDLE=$T/${1:-bundle}
	# For the cases.
	# shellcheck disable=SC2034
	ROOTFS=$BUNDLE/rootfs
	cp --archive "$work/template" "$BUNDLE"
}

# config [JQ OPTION]... FILTER: edits $BUNDLE/config.json.
config() {
	jq "$@" "$BUNDLE/config.json" >"$BUNDLE/config.json.new"
	mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

# script_args TEXT: the container runs TEXT in its shell.
script_args() {
	config --arg text "$1" '.process.args = ["sh", "-c", $text]'
}

# ---- running ----------------------------------------------------------------------------------------

# run COMMAND [ARG]...: runs it; sets STATUS, OUT (stdout) and ERR (stderr).  Never fails itself.
run() {
	STATUS=0
	timeout --kill-after=5 "$step_timeout" "$@" </dev/null >"$T/out" 2>"$T/err" || STATUS=$?
	# The shell drops zero bytes, and says so.
	{ OUT=$(<"$T/out") ERR=$(<"$T/err"); } 2>/dev/null
	echo "+ ${1##*/} ${*:2} -> $STATUS"
	[ -z "$OUT" ] || sed 's/^/  out: /' "$T/out"
	[ -z "$ERR" ] || sed 's/^/  err: /' "$T/err"
}

# container VERB [ARG]...: runs the runtime under test, with this case's state root.
container() {
	# RUNTIME_FLAGS is a list of words.
	# shellcheck disable=SC2086
	run "$RUNTIME" --root "$T/state" ${RUNTIME_FLAGS:-} "$@"
}

# Not by jq, which takes longer to start than all the rest together: these are asked again and again.
state_of() {
	"$RUNTIME" --root "$T/state" state "${1:-$ID}" 2>/dev/null | sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p'
}

pid_of() {
	"$RUNTIME" --root "$T/state" state "${1:-$ID}" | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p'
}

# eventually COMMAND…: repeats a condition for up to ten seconds.
eventually() {
	local i
	for ((i = 0; i < 200; i++)); do
		! "$@" || return 0
		sleep 0.05
	done
	fail "never came true: $*"
}

is_stopped() {
	[ "$(state_of "${1:-$ID}")" = stopped ]
}

# ---- assertions -------------------------------------------------------------------------------------

fail() {
	echo "FAILED: $*"
	exit 1
}

expect_status() {
	[ "$STATUS" = "$1" ] || fail "exit status is $STATUS, expected $1"
}

expect_failure() {
	[ "$STATUS" != 0 ] || fail "succeeded, expected a failure"
}

expect_output() {
	[ "$OUT" = "$1" ] || fail "stdout is \"$OUT\", expected \"$1\""
}

expect_output_has() {
	[[ $OUT == *"$1"* ]] || fail "stdout lacks \"$1\""
}

expect_output_lacks() {
	[[ $OUT != *"$1"* ]] || fail "stdout has \"$1\""
}

expect_error_has() {
	[[ $ERR == *"$1"* ]] || fail "stderr lacks \"$1\""
}

expect_empty_directory() {
	local found
	found=$(find "$1" -mindepth 1 -printf '%P ')
	[ -z "$found" ] || fail "$1 has got: $found"
}

# Nothing of container $ID may be left: no state, no cgroup, no mount, no process.
expect_nothing_left() {
	local left
	[ ! -e "$T/state/$ID" ] || fail "state directory is still there"
	left=$(cgroups_of "$ID" \( -fstype cgroup -o -fstype cgroup2 \))
	[ -z "$left" ] || fail "cgroups are left: $left"
	! grep -F " $T/" /proc/self/mountinfo || fail "mounts are left"
}

# ---- the frame --------------------------------------------------------------------------------------

# cgroups_of NAME [FIND EXPRESSION]...: directories named after a container.  Those of others may vanish meanwhile,
# which is no failure.
cgroups_of() {
	find /sys/fs/cgroup -depth -type d -name "*$1*" "${@:2}" 2>/dev/null || true
}

mounts_below() {
	[[ $(</proc/self/mountinfo) == *" $1/"* ]] || return 0
	awk -v top="$1/" 'index($5 "/", top) == 1 { print $5 }' /proc/self/mountinfo | tac
}

# What a script has to remove after each of its cases, beside what it made in $T; it defines its own.
after_case() {
	:
}

# Everything below is named after $T or $ID, which nobody else uses.
clean_up() {
	local path
	after_case
	for path in "$T"/state/*/; do
		[ ! -d "$path" ] || timeout 20 "$RUNTIME" --root "$T/state" delete --force "$(basename "$path")" \
			>/dev/null 2>&1
	done
	for path in $(mounts_below "$T"); do
		umount --lazy "$path"
	done
	for path in $(cgroups_of "$ID"); do
		rmdir "$path" 2>/dev/null
	done
	if [ -n "${KEEP:-}" ]; then
		echo "# kept: $T"
	else
		rm -rf --one-file-system "$T"
	fi
}

# In the order of their files; those of files that the script sources come first.
case_names() {
	shopt -s extdebug
	declare -F | sed -n 's/^declare -f \(test_.*\)/\1/p' | while read -r name; do
		declare -F "$name"
	done | awk -v own="$0" '{ print ($3 == own), $2, $1 }' | sort -k 1n -k 2n | cut -d ' ' -f 3
	shopt -u extdebug
}

run_case() {
	local name=$1 number=$2 sentence status
	sentence=${name#test_}
	sentence=${sentence//_/ }
	T=$work/$number
	ID=bwt-$$-$number
	mkdir "$T"
	(
		set -eE
		trap 'echo "line $LINENO: $BASH_COMMAND"' ERR
		"$name"
	) >"$work/log" 2>&1
	status=$?
	clean_up
	case $status in
	0) echo "ok $number - $sentence" ;;
	77)
		reason=$(tail -n 1 "$work/log")
		echo "ok $number - $sentence # SKIP $reason"
		skipped=$((skipped + 1))
		;;
	*)
		echo "not ok $number - $sentence"
		sed 's/^/# /' "$work/log"
		failed=$((failed + 1))
		;;
	esac
	[ -z "${VERBOSE:-}" ] || [ "$status" != 0 ] || sed 's/^/# /' "$work/log"
}

# Whatever ends this script, a time limit too, ends the containers of the case under way.
leave() {
	local status=$?
	[ ! -d "${T:-$work/none}" ] || clean_up
	[ -n "${KEEP:-}" ] || {
		[ -z "$own_mount" ] || umount --lazy "$work"
		rm -rf --one-file-system "$work"
	}
	exit $status
}

# run_tests: runs every case of this script and exits.
run_tests() {
	local names name number=0 failed=0 skipped=0 reason=
	mapfile -t names < <(case_names | grep -E "${TESTS:-.}")
	for name in "${names[@]}"; do
		number=$((number + 1))
		run_case "$name" "$number"
	done
	echo "1..$number"
	[ "$failed" = 0 ] || exit 1
	[ "$skipped" -lt "$number" ] || skip "${reason:-no case}"
	exit 0
}

export PATH=$PATH:/usr/sbin:/sbin
in_view "$@"
[ "$(id -u)" = 0 ] || skip "needs root"
needs jq busybox unshare findmnt
RUNTIME=$(find_runtime) || skip "needs a runtime: set RUNTIME, or build bulwark"
# Cases need device nodes and set-user-ID programs; systemd mounts /run without both, many hosts /tmp.
work=$(mktemp -d /run/bulwark-test.XXXXXX)
own_mount=
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [[ ,$(findmnt --noheadings --output OPTIONS --target /run), =~ ,(nodev|nosuid), ]]; then
	mount -t tmpfs -o mode=755 tmpfs "$work"
	own_mount=yes
fi
chmod 755 "$work"
make_template "$work/template"
