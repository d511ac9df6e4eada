#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Includes point downward only: base < json, audit, plan < spec, host < policy, control < launch < container < cli, shim.
# Prints each arrow that runs up (or into a room that is closed to the includer) and fails.
cd "${srcdir:-$(dirname "$0")/../..}" || exit 1
allowed() {
	case $1 in
	base) echo "base" ;;
	json) echo "base json" ;;
	audit) echo "base json audit" ;;
	metrics) echo "base json metrics" ;;
	plan) echo "base plan" ;;
	spec) echo "base json audit spec" ;;
	host) echo "base json host" ;;
	policy) echo "base json audit metrics spec policy" ;;
	control) echo "base json metrics proto plan spec host systemd warden control" ;;
	launch) echo "base json plan spec host control launch" ;;
	container) echo "base json audit metrics plan spec host policy control launch criu proto container" ;;
	cli) echo "base json audit proto container cli" ;;
	label) echo "base label" ;;
	scratch) echo "base scratch" ;;
	systemd) echo "base systemd" ;;
	proto) echo "base proto" ;;
	criu) echo "base proto criu" ;;
	shim) echo "base json audit proto container shim" ;;
	warden) echo "base json warden" ;;
	keeper) echo "base json audit metrics warden container keeper" ;;
	*) echo "" ;;
	esac
}
bad=0 seen=0
for dir in runtime/*/; do
	room=$(basename "$dir")
	rooms=$(allowed "$room")
	[ -n "$rooms" ] || { echo "$dir: a room that this rule does not know"; bad=1; continue; }
	for file in "$dir"*.[ch]; do
		[ -e "$file" ] || continue
		# shellcheck disable=SC2013 # file names in includes hold no blanks
		for included in $(sed -n 's/^#[[:space:]]*include "\([^"/]*\)\/.*/\1/p' "$file"); do
			seen=$((seen + 1))
			case " $rooms " in
			*" $included "*) ;;
			*) echo "$file includes $included/: not a floor below $room/"; bad=1 ;;
			esac
		done
	done
done
[ "$seen" -gt 50 ] || { echo "only $seen includes seen: the rule looks in the wrong place"; exit 1; }
echo "$seen includes looked at"
exit $bad
