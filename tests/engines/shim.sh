# shellcheck shell=bash disable=SC2153,SC2154 # $work is engine.sh's, $SHIM the script's
# SPDX-License-Identifier: Apache-2.0
# Which shim a script tests, where the engine finds it, and its profiles.  For the scripts that set SHIM, the name of a
# runtime of containerd.

is_ours() {
	[ "$SHIM" = io.containerd.bulwark.v2 ]
}

# Of the states of containers, below /run/containerd.
state_root() {
	is_ours && echo bulwark || echo runc
}

# The program behind the name is in $work/bin, for the engine's PATH; its settings, a file for each profile, in $work.
# For the other shim each profile is a program.
install_shim() {
	local name
	mkdir -p "$work/bin"
	for name in compat hardened untrusted-code; do
		write_wrapper "$name"
		echo "Profile = \"$name\"" >"$work/$name.toml"
	done
	ln -s "$RUNTIME" "$work/bulwark"
	ln -s "$(command -v runc)" "$work/runc"
	is_ours || return 0
	shim=${SHIM_PROGRAM:-$(dirname "$RUNTIME")/containerd-shim-bulwark-v2}
	[ -x "$shim" ] || skip "needs $(basename "$shim"), which is not built"
	ln -s "$shim" "$work/bin/"
}

# The pids of the shims that are running, and of what works for them.  Ours has no file any more, only a name.
shims() {
	ps -eo pid=,comm= | awk '$2 ~ /^containerd-shim/ { print $1 }'
}

# For containerd-cases.sh.  With the other shim it is the binary that has the profile.
# shellcheck disable=SC2034 # for in_profile
choose() {
	chosen=(--runtime "$SHIM" --runtime-config-path "$work/$1.toml")
	case $SHIM:$1 in
	io.containerd.runc.v2:* | *:runc) chosen=(--runc-binary "$work/$1") ;;
	*:bulwark) chosen=(--runtime "$SHIM") ;;
	esac
}

states() {
	echo "/run/containerd/$(state_root)/$CGROUP"
}
