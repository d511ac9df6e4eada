# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of --systemd-cgroup share: bulwark-systemd where it would be installed, and containers by it.  The
# script runs in a mount namespace of its own.
. "$(dirname "${BASH_SOURCE[0]}")/bulwark.sh"

# The helper is where it would be installed, for us alone.
install_helper() {
	local built top helper
	built=$(dirname "$RUNTIME")/bulwark-systemd
	helper=$(grep --text --only-matching --max-count 1 '/[[:graph:]]*/bulwark-systemd' "$RUNTIME" | head -n 1)
	[ -n "$helper" ] || skip "needs a runtime with bulwark-systemd"
	if [ ! -x "$built" ]; then
		[ -x "$helper" ] || skip "needs bulwark-systemd, which was not built"
		return
	fi
	top=$helper
	while [ ! -d "$top" ]; do top=$(dirname "$top"); done
	mkdir "$work/upper" "$work/work"
	mount -t overlay -o "lowerdir=$top,upperdir=$work/upper,workdir=$work/work" overlay "$top" || skip "needs overlay mounts"
	mkdir -p "$(dirname "$helper")"
	install "$built" "$helper"
}

# in_scope VERB [ARG]...: the container by systemd, under $PROFILE or compat.
in_scope() {
	run "$RUNTIME" --root "$T/state" --profile "${PROFILE:-compat}" --systemd-cgroup "$@"
}

sleeping_in_scope() {
	config '.process.args = ["sleep", "300"]'
	in_scope run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
}

# A scope does not exist when its container is prepared: what /sys/fs/cgroup shows, the container finds itself.
shows_its_scope() {
	config '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "ro"]}]'
	script_args 'cat /sys/fs/cgroup/pids/cgroup.procs /sys/fs/cgroup/cgroup.procs 2>/dev/null; mkdir /sys/fs/cgroup/x || echo read-only'
	in_scope run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_line 1
	expect_line read-only
	expect_nothing_left
}

install_helper
