#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""config.py careless|ordinary ARG...: reads a config.json (from `bulwark spec`) on stdin, writes one on stdout.

ordinary: the given program, no terminal, a tmpfs on /tmp; nothing else is changed.  careless: everything that a caller can
get wrong, as with --privileged: root, all capabilities, no filter, a writable rootfs, the whole of /proc, all
devices, and the host's cloud credentials in the environment.
"""
import json
import sys

CAPABILITIES = ["CAP_" + name for name in (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE "
    "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT "
    "SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE "
    "AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ "
    "PERFMON BPF CHECKPOINT_RESTORE").split()]
CREDENTIALS = ["AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=made-up", "AWS_SESSION_TOKEN=made-up"]


def be_careless(config, held):
    process, linux = config["process"], config["linux"]
    process["user"] = {"uid": 0, "gid": 0}
    process["env"] += CREDENTIALS
    process["noNewPrivileges"] = False
    process["capabilities"] = {name: held for name in ("bounding", "effective", "permitted")}
    config["root"]["readonly"] = False
    linux["resources"] = {"devices": [{"allow": True, "access": "rwm"}]}
    for name in ("maskedPaths", "readonlyPaths", "seccomp"):
        linux.pop(name, None)


def capabilities_here():
    """Those of this machine's root: nobody can give away more."""
    with open("/proc/self/status", encoding="ascii") as f:
        bounding = next(int(line.split()[1], 16) for line in f if line.startswith("CapBnd"))
    return [name for bit, name in enumerate(CAPABILITIES) if bounding >> bit & 1]


def main():
    kind, args = sys.argv[1], sys.argv[2:]
    config = json.load(sys.stdin)
    config["process"]["terminal"] = False
    config["process"]["args"] = args
    config["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs",
                             "options": ["nosuid", "nodev", "mode=1777", "size=65536k"]})
    if kind == "careless":
        be_careless(config, capabilities_here())
    json.dump(config, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
