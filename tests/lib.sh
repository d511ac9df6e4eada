# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # what run() sets is for the tests
# lib.sh - for tests in shell. A test sources it, calls check/check_text/fail/pass, and ends with
# `finish`. Output is TAP; the exit status is 0, 1 (a check failed) or 77 (skip_all).
#
#   run CMD...            runs CMD; leaves $status, $out (standard output) and $errout
#   check "sentence" CMD  ok when CMD succeeds
#   is "sentence" GOT WANTED, has "sentence" TEXT PART, hasnt "sentence" TEXT PART

set -u
tests=0 failures=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

pass() {
	tests=$((tests + 1))
	echo "ok $tests - $1"
}

# fail SENTENCE [DETAIL]
fail() {
	tests=$((tests + 1))
	failures=$((failures + 1))
	echo "not ok $tests - $1"
	[ -z "${2-}" ] || printf '%s\n' "$2" | sed 's/^/#   /'
}

# skip SENTENCE REASON
skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 77
}

finish() {
	echo "1..$tests"
	[ "$failures" -eq 0 ] || echo "# $failures of $tests failed"
	exit $((failures > 0))
}

run() {
	"$@" >"$scratch/out" 2>"$scratch/err"
	status=$?
	out=$(cat "$scratch/out")
	errout=$(cat "$scratch/err")
}

check() {
	local sentence=$1
	shift
	if "$@"; then pass "$sentence"; else fail "$sentence" "does not hold: $*"; fi
}

is() {
	if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "got:    $2
wanted: $3"; fi
}

has() {
	case $2 in
	*"$3"*) pass "$1" ;;
	*) fail "$1" "not found: $3
in: $2" ;;
	esac
}

hasnt() {
	case $2 in
	*"$3"*) fail "$1" "found: $3
in: $2" ;;
	*) pass "$1" ;;
	esac
}

# The programs under test. Automake runs tests in the build directory and sets srcdir.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
double=${BULWARK_DOUBLE:-$PWD/tests/cli/bulwark}
real=${BULWARK:-$PWD/bulwark}
export top double real

need_double() {
	[ -x "$double" ] || skip_all "the double of the facade is not built: $double"
}

need_command() {
	command -v "$1" >/dev/null || skip_all "$1 is not installed"
}
