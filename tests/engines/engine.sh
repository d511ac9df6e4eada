# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What every test with a real engine stands on: a world of its own for the engine, made here, gone afterwards.
#
#	#!/bin/bash
#	. "$(dirname "$0")/engine.sh"
#	needs dockerd docker
#	...start the engine, with `daemon`...
#	test_the_engine_runs_a_container() { ... }
#	measure_or_test
#
# The script runs again inside new mount, network and process namespaces.  There /run and /var/lib are empty
# file systems in memory, so that an engine finds its usual paths, which the policy's lists name, and none of the
# host's files; the network has a loopback interface and no link to the machine's; and when the script ends, for
# whatever reason, the kernel ends everything that an engine has started.  What outlives namespaces are cgroups:
# all of them are made below one named $CGROUP, and whoever leaves one behind has failed.
#
# With ROUNDS=40 a script measures its engine with runc and with bulwark instead; ../bench/engines.sh does all three.
#
# The cases are those of ../root/lib.sh: same frame, same assertions, same environment variables.  Nothing is
# fetched: images are made from busybox and from Python of the distribution.

engine_cgroups() {
	find /sys/fs/cgroup -depth -type d \( -fstype cgroup -o -fstype cgroup2 \) \( -path "*/$CGROUP" -o -path "*/$CGROUP/*" \) 2>/dev/null || true
}

# A cgroup goes only after its last process is gone.
remove_engine_cgroups() {
	local i
	for ((i = 0; i < 50; i++)); do
		engine_cgroups | xargs --no-run-if-empty rmdir 2>/dev/null
		[ -n "$(engine_cgroups)" ] || return 0
		sleep 0.1
	done
}

# The part outside of the namespaces.
outside() {
	local status=0 left
	[ "$(id -u)" = 0 ] || {
		echo "needs root"
		exit 77
	}
	export CGROUP=bwe-$$ BULWARK_TEST_INSIDE=1
	# unshare ignores SIGTERM; with it the kernel kills all that is in the namespaces.
	trap 'kill -KILL "$inside" 2>/dev/null' INT TERM
	unshare --mount --net --pid --fork --kill-child --propagation private -- "$0" "$@" &
	inside=$!
	while kill -0 "$inside" 2>/dev/null; do
		wait "$inside"
		status=$?
	done
	left=$(engine_cgroups | grep -v "/$CGROUP\$")
	if [ -n "$left" ] && [ "$status" = 0 ]; then
		echo "# left behind: $(paste -sd ' ' <<<"$left")"
		status=1
	fi
	remove_engine_cgroups
	exit "$status"
}

# podman makes plain directories for controllers that the host has not, beside the mounts of those that it has: in a tree
# of the test's own.
own_cgroup_tree() {
	local tree=/run/cgroup mount
	[ "$(findmnt --noheadings --output FSTYPE --mountpoint /sys/fs/cgroup)" = tmpfs ] || return 0
	mkdir "$tree"
	mount -t tmpfs -o mode=755 tmpfs "$tree"
	find /sys/fs/cgroup -maxdepth 1 -type l -exec cp --no-dereference {} "$tree" \;
	for mount in $(findmnt --noheadings --list --output TARGET --types cgroup,cgroup2 | grep ^/sys/fs/cgroup/); do
		mkdir "$tree/${mount##*/}"
		mount --move "$mount" "$tree/${mount##*/}"
	done
	umount /sys/fs/cgroup
	mount --move "$tree" /sys/fs/cgroup
	rmdir "$tree"
}

[ -n "${BULWARK_TEST_INSIDE:-}" ] || outside "$@"

# Programs of the distribution, and none that somebody put into /usr/local.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/lib
own_cgroup_tree
ip link set lo up
. "$(dirname "${BASH_SOURCE[0]}")/../root/bulwark.sh"
mkdir -p "$work/home"
export HOME=$work/home XDG_RUNTIME_DIR=/run
unset DBUS_SESSION_BUS_ADDRESS NOTIFY_SOCKET

# A policy under which one name is let out, for ask_gate.
# shellcheck disable=SC2034 # for the scripts that read this one
gate_policy='{"extends": "hardened", "loosens": [], "network": {"egress": {"allow": ["pypi.example"]}}}'

# ask_gate ADDRESS: what a container behind the gate is to say, as words for its shell; ADDRESS is somebody outside.
ask_gate() {
	cat <<-END
		nslookup -type=a pypi.example | sed -n 's/^Address: *127/gate 127/p'
		(printf 'CONNECT other.example:443 HTTP/1.1\\r\\nHost: other.example:443\\r\\n\\r\\n'; sleep 1) |
			nc 127.0.0.1 3128 | head -n 1
		nc -w 3 $1 2>&1
		env | grep '^https_proxy='
	END
}

expect_gate() {
	expect_output_has 'gate 127.0.0.1'
	expect_output_has '403 Forbidden'
	expect_output_has 'Operation not permitted'
	expect_output_has https_proxy=http://127.0.0.1:3128
	eventually no_warden
}

no_warden() {
	! grep -qx bulwark-warden /proc/[0-9]*/comm 2>/dev/null
}

# daemon NAME COMMAND [ARG]...: starts it in the background; its output goes to $work/NAME.log, its pid to
# $work/NAME.pid.
daemon() {
	"${@:2}" >"$work/$1.log" 2>&1 </dev/null &
	echo $! >"$work/$1.pid"
}

is_gone() {
	! kill -0 "$1" 2>/dev/null
}

# end_daemon NAME: as an init system would, by its pid.
end_daemon() {
	local pid
	pid=$(cat "$work/$1.pid")
	kill "$pid"
	eventually is_gone "$pid"
}

# comes_up NAME COMMAND...: waits until COMMAND succeeds; skips the script when the daemon does not start.
comes_up() {
	local i
	for ((i = 0; i < 300; i++)); do
		! "${@:2}" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	sed 's/^/# /' "$work/$1.log" | tail -n 20
	skip "$1 does not start here"
}

# in_both FUNCTION: the same must hold under compat and under hardened.
in_both() {
	local profile
	for profile in compat hardened; do
		echo "== $profile"
		"$1" "$profile"
		after_case
	done
}

# What runc and bulwark print is compared without ids, without the words in which either says where it was, and
# without a remark that runc does not make.
normalized() {
	sed -E -e 's/[0-9a-f]{64}/ID/g' -e 's/[0-9a-f]{12}/ID/g' -e 's/runc create failed: //' \
		-e 's/(error during container init|exec failed): //' \
		-e 's/ \(what was found there, this user may not execute\)//' -e 's/: mode [0-7]+ has no x bit//' \
		-e '/error waiting for container/d' <<<"$1"
}

# A terminal with a size, as an engine's command line wants one; what the command prints is in OUT.
on_terminal() {
	local line
	line=$(printf '%q ' "$@")
	run script --quiet --return --command "stty rows 33 cols 111; $line" "$T/typescript"
	OUT=$(tr -d '\r' <<<"$OUT")
}

# python_rootfs DIRECTORY: adds the distribution's Python, with what it loads.
python_rootfs() {
	local python version file
	python=$(readlink -f /usr/bin/python3) || skip "needs python3 of the distribution"
	version=${python##*/}
	[ -d "/usr/lib/$version" ] || skip "needs python3 of the distribution"
	for file in "$python" $(ldd "$python" | grep -o '/[^ ]*' | sort -u); do
		[ -e "$1$file" ] || install -D --mode=755 "$file" "$1$file"
	done
	mkdir -p "$1/usr/lib"
	cp --archive "/usr/lib/$version" "$1/usr/lib/"
	ln -sf "$version" "$1/usr/bin/python3"
}

# write_wrapper NAME [OPTION]: $work/NAME is bulwark with OPTION, or in the profile of that name.  A shim passes no
# options to the runtime, so a profile of its own needs a program of its own.
write_wrapper() {
	printf '#!/bin/sh\nexec %s %s "$@"\n' "$RUNTIME" "${2:---profile=$1}" >"$work/$1"
	chmod 755 "$work/$1"
}

# image_archive ROOTFS NAME [COMMAND]: an OCI image of one layer that runs COMMAND, an array in JSON.
image_archive() {
	local layout=$work/layout blobs=$work/layout/blobs/sha256 layer config manifest
	mkdir -p "$blobs"
	tar --directory "$1" --create --file "$layout/layer" .
	layer=$(sha256sum <"$layout/layer" | cut -d ' ' -f 1)
	mv "$layout/layer" "$blobs/$layer"
	jq --null-input --compact-output --arg layer "sha256:$layer" --argjson command "${3:-[\"sh\"]}" '{
		architecture: "amd64", os: "linux", config: {Env: ["PATH=/bin:/usr/bin"], Cmd: $command}, rootfs: {type: "layers", diff_ids: [$layer]}}' \
		>"$layout/config"
	sed -i "s/amd64/$(dpkg --print-architecture)/" "$layout/config"
	config=$(sha256sum <"$layout/config" | cut -d ' ' -f 1)
	mv "$layout/config" "$blobs/$config"
	jq --null-input --compact-output --arg layer "$layer" --arg config "$config" \
		--argjson layer_size "$(stat -c %s "$blobs/$layer")" --argjson config_size "$(stat -c %s "$blobs/$config")" '
		def blob($type; $digest; $size): {mediaType: "application/vnd.oci.image.\($type)", digest: "sha256:\($digest)",
			size: $size};
		{schemaVersion: 2, config: blob("config.v1+json"; $config; $config_size),
		layers: [blob("layer.v1.tar"; $layer; $layer_size)]}' >"$layout/manifest"
	manifest=$(sha256sum <"$layout/manifest" | cut -d ' ' -f 1)
	jq --null-input --arg digest "sha256:$manifest" --argjson size "$(stat -c %s "$layout/manifest")" --arg name "$2" '
		{schemaVersion: 2, manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $digest,
		size: $size, annotations: {"io.containerd.image.name": $name}}]}' >"$layout/index.json"
	mv "$layout/manifest" "$blobs/$manifest"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
	tar --directory "$layout" --create .
	rm -rf "$layout"
}

# Processes of these namespaces that do not belong to this script.
others() {
	ps -eo pid=,stat=,args= | awk '$2 ~ /^Z/ || /tests\/engines\// || $3 == "ps" || $3 == "awk" { next } { print }'
}

# With ROUNDS set a script measures instead of testing: `once NAME` is a whole run of `true` by the engine, with runc
# and with bulwark in an order that changes; what is printed are medians, and their ratio to runc's.
measure_or_test() {
	local round name begin
	[ -n "${ROUNDS:-}" ] || run_tests
	for ((round = 0; round < ROUNDS; round++)); do
		for name in $(printf '%s\n' runc compat hardened | shuf); do
			begin=${EPOCHREALTIME/[.,]/}
			once "$name" >"$work/said" 2>&1 || {
				cat "$work/said"
				exit 1
			}
			echo $((${EPOCHREALTIME/[.,]/} - begin)) >>"$work/times-$name"
		done
	done
	for name in runc compat hardened; do
		awk -v name="$name" -v m="$(median "$name")" -v runc="$(median runc)" -v engine="$(basename "$0" .sh)" \
			'BEGIN { printf "%-12s %-9s %8.1f ms %6.2f\n", engine, name, m / 1000, m / runc }'
	done
	after_case
	exit 0
}

median() {
	sort -n "$work/times-$1" | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'
}

# expect_engine_left_nothing [PATH]...: processes, cgroups, mounts below these paths, states of containers.
expect_engine_left_nothing() {
	local left path
	eventually no_others
	left=$(engine_cgroups | grep -v "/$CGROUP\$" || true)
	[ -z "$left" ] || fail "cgroups are left: $left"
	for path; do
		left=$(mounts_below "$path")
		[ -z "$left" ] || fail "mounts are left: $left"
	done
	left=$(find /run -name state.json)
	[ -z "$left" ] || fail "states are left: $left"
}

no_others() {
	[ -z "$(others)" ] || {
		others | sed 's/^/  still there: /'
		false
	}
}
