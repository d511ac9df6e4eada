#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The default config.json of the real program: test suites of runc edit it and match on its shape.
. "$(dirname "$0")/../lib.sh"
need_command jq
[ -x "$real" ] || skip_all "the program is not built: $real"
cd "$scratch" || exit 1

"$real" spec || skip_all "spec failed"
mkdir r && "$real" spec --rootless -b r
# wants SENTENCE FILTER [FILE]
wants() {
	if jq -e "$2" "${3:-config.json}" >/dev/null; then pass "$1"; else
		fail "$1" "$(jq -c "$2" "${3:-config.json}" 2>&1)"
	fi
}

wants "a terminal and sh" '.process.terminal == true and .process.args == ["sh"] and .process.cwd == "/"'
wants "user 0:0" '.process.user.uid == 0 and .process.user.gid == 0'
wants "PATH and TERM" '(.process.env | length) == 2 and (.process.env[0] | startswith("PATH=")) and .process.env[1] == "TERM=xterm"'
wants "three capabilities in three sets, no other set" \
	'.process.capabilities | keys == ["bounding", "effective", "permitted"] and all(.[]; . == ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"])'
wants "1024 files" '.process.rlimits == [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}]'
wants "no new privileges" '.process.noNewPrivileges == true'
wants "a read-only rootfs" '.root == {"path": "rootfs", "readonly": true}'
wants "a host name" '.hostname | length > 0'
wants "seven mounts in order" '[.mounts[].destination] == ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup"]'
wants "/dev is a small tmpfs" '.mounts[1] | .type == "tmpfs" and (.options | index("size=65536k") and index("strictatime") and index("nosuid") and index("mode=755"))'
wants "/dev/pts belongs to group 5" '.mounts[2].options | index("gid=5") and index("ptmxmode=0666") and index("newinstance")'
wants "/sys is read-only" '.mounts[5].options | index("ro")'
wants "/sys/fs/cgroup is a read-only cgroup" '.mounts[6] | .type == "cgroup" and (.options | index("ro") and index("nosuid") and index("noexec") and index("nodev"))'
wants "devices denied" '.linux.resources.devices == [{"allow": false, "access": "rwm"}]'
wants "five new namespaces first" '[.linux.namespaces[].type][:5] == ["pid", "network", "ipc", "uts", "mount"]'
wants "namespaces have a type alone" 'all(.linux.namespaces[]; keys == ["type"])'
wants "ten masked paths" '.linux.maskedPaths | length >= 10 and index("/proc/kcore") and index("/sys/firmware")'
wants "five read-only paths" '.linux.readonlyPaths == ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]'
wants "rootless: a user namespace, the host's network" '[.linux.namespaces[].type] | index("user") and (index("network") | not)' r/config.json
wants "rootless: one id, the caller's" ".linux.uidMappings == [{\"containerID\": 0, \"hostID\": $(id -u), \"size\": 1}]" r/config.json
wants "rootless: no group 5" '.mounts[] | select(.destination == "/dev/pts") | .options | index("gid=5") | not' r/config.json
wants "rootless: no resources" '.linux | has("resources") | not' r/config.json
finish
