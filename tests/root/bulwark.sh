# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of bulwark's own controls need beside lib.sh: profiles, policies, a program that tries things.
#
#	. "$(dirname "$0")/bulwark.sh"
#	test_a_control_stops_this() {
#		bundle
#		script_args 'touch /forbidden'
#		hardened run --bundle "$BUNDLE" "$ID"
#		expect_failure
#		compat run --bundle "$BUNDLE" "$ID"	# the same attempt, without the control
#		expect_status 0
#	}
#
# A test that asserts a refusal also shows that the same attempt works where the control is off: in the profile
# compat, or under a policy that loosens that one row.  So a test that asserts nothing cannot stay green.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# hardened VERB [ARG]..., compat VERB [ARG]..., untrusted VERB [ARG]...: the container under this profile.
hardened() {
	run "$RUNTIME" --root "$T/state" --profile hardened "$@"
}

compat() {
	run "$RUNTIME" --root "$T/state" --profile compat "$@"
}

untrusted() {
	run "$RUNTIME" --root "$T/state" --profile untrusted-code "$@"
}

# shelled VERB [ARG]...: the container under untrusted-code, but for its list of programs: for attempts by a shell or the
# probe at what the rest of the profile keeps from code that has got that far.
shelled() {
	[ -e "$T/shelled.json" ] || (
		umask 077
		jq --null-input '{version: 1, default: "untrusted-code", profiles: {"untrusted-code":
			{extends: "untrusted-code", loosens: ["programs.restrict"], programs: {restrict: false}}}}' >"$T/shelled.json"
	)
	run "$RUNTIME" --root "$T/state" --policy "$T/shelled.json" "$@"
}

# policy JSON: what `governed` runs under from here on is the profile "site" with these members.
policy() {
	rm -f "$T/policy.json"
	jq --null-input --argjson site "$1" '{version: 1, default: "site", profiles: {site: $site}}' >"$T/policy.json"
	chmod 600 "$T/policy.json"
}

# governed VERB [ARG]...: the container under the policy of `policy`.
governed() {
	run "$RUNTIME" --root "$T/state" --policy "$T/policy.json" "$@"
}

# find_helper NAME: the program of NAME.c, as the build has made it, or made now.
find_helper() {
	local candidate
	for candidate in "${BUILDDIR:-}/root_$1" "$(dirname "$RUNTIME")/root_$1" "$work/$1"; do
		[ ! -x "$candidate" ] || break
	done
	if [ ! -x "$candidate" ]; then
		needs gcc
		gcc -static -O1 -std=gnu11 -o "$work/$1" "$tests_dir/root/$1.c" ||
			skip "needs a static C library to build $1.c"
	fi
	echo "$candidate"
}

find_probe() {
	find_helper probe
}

# probe_bundle: a bundle that has the probe in /bin.
probe_bundle() {
	local probe
	probe=$(find_probe) || skip "$probe"
	bundle
	install --mode=755 "$probe" "$ROOTFS/bin/probe"
}

# asks PROFILE SCRIPT: what SCRIPT prints in a container of the current bundle under PROFILE, in OUT.
asks() {
	script_args "$2"
	"$1" run --bundle "$BUNDLE" "$ID"
}

# needs_beside PROGRAM: a program of ours that runs beside containers is where it would be installed, for this script
# alone, which has a mount namespace of its own; sets BESIDE to the file.
needs_beside() {
	local helper top
	[ -n "${BULWARK_TEST_INSIDE:-}${BULWARK_TEST_OWN_HOST:-}" ] || fail "needs_beside: the script has no mount namespace of its own"
	BESIDE=$(dirname "$RUNTIME")/$1
	helper=$(grep --text --only-matching --max-count 1 "/[[:graph:]]*/$1" "$RUNTIME" | head -n 1)
	[ -x "$BESIDE" ] || BESIDE=$helper
	[ -x "$BESIDE" ] || skip "needs $1, which is not built"
	[ ! -x "$helper" ] || return 0
	top=$helper
	while [ ! -d "$top" ]; do top=$(dirname "$top"); done
	mkdir "$work/upper-$1" "$work/overlay-$1"
	mount -t overlay -o "lowerdir=$top,upperdir=$work/upper-$1,workdir=$work/overlay-$1" overlay "$top" ||
		skip "needs overlay mounts"
	mkdir -p "${helper%/*}"
	install "$BESIDE" "$helper"
}
# sleeping PROFILE: the bundle's container runs in the background, as PROFILE has it.
sleeping() {
	config '.process.args = ["sleep", "300"]'
	"$1" run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
}

# The file name of a namespace of a process, such as pid:[4026531836].
namespace_of() {
	readlink "/proc/$1/ns/$2"
}

# ---- cgroups ------------------------------------------------------------------------------------------

# cgroup_of CONTROLLER PID: the directory in which CONTROLLER holds PID; fails where no hierarchy has CONTROLLER.
cgroup_of() {
	local path mount
	mount=$(findmnt --noheadings --output TARGET --types cgroup --options "$1" | head -n 1)
	if [ -n "$mount" ]; then
		path=$(awk -F: -v c="$1" 'index("," $2 ",", "," c ",") { print $3 }' "/proc/$2/cgroup")
	else
		mount=$(findmnt --noheadings --output TARGET --types cgroup2 | head -n 1)
		path=$(sed -n 's/^0:://p' "/proc/$2/cgroup")
		grep -qw "$1" "$mount/cgroup.controllers" || return 1
	fi
	echo "$mount$path"
}

# cgroup2_of PID: its directory in the unified hierarchy.
cgroup2_of() {
	echo "$(findmnt --noheadings --output TARGET --types cgroup2 | head -n 1)$(sed -n 's/^0:://p' "/proc/$1/cgroup")"
}

# needs_controller CONTROLLER: skips where this host cannot limit by it.
needs_controller() {
	cgroup_of "$1" self >/dev/null || skip "needs the cgroup controller $1"
}

# limit_of CONTROLLER PID V1-FILE V2-FILE: the content of whichever file there is.
limit_of() {
	local directory
	directory=$(cgroup_of "$1" "$2")
	cat "$directory/$3" 2>/dev/null || cat "$directory/$4"
}

# ---- processes beside -----------------------------------------------------------------------------------

# ends_with_case PID...: these processes of the test end with the case, however that ends.
ends_with_case() {
	printf '%s\n' "$@" >>"$T/processes"
}

end_processes() {
	local pid
	[ -e "$T/processes" ] || return 0
	while read -r pid; do
		kill "$pid" 2>/dev/null
	done <"$T/processes"
}

after_case() {
	end_processes
}

# ---- assertions ---------------------------------------------------------------------------------------

# expect_line TEXT: one whole line of stdout is TEXT.
expect_line() {
	grep --quiet --line-regexp --fixed-strings -e "$1" <<<"$OUT" || fail "no line of stdout is \"$1\""
}

expect_no_line() {
	! grep --quiet --line-regexp --fixed-strings -e "$1" <<<"$OUT" || fail "a line of stdout is \"$1\""
}

# expect_equal WHAT GOT WANTED
expect_equal() {
	[ "$2" = "$3" ] || fail "$1 is \"$2\", expected \"$3\""
}

expect_different() {
	[ "$2" != "$3" ] || fail "$1 is \"$2\" in both cases"
}

# expect_refusal TEXT: bulwark refused, named its reason, and left nothing behind.
expect_refusal() {
	expect_failure
	expect_error_has "$1"
	expect_nothing_left
}

# Every hardened container has a limit of processes, and is refused where there is none to be had.
cgroup_of pids self >/dev/null ||
	skip "needs the cgroup controller pids: without it no hardened container starts"
