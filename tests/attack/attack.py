#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What code that nobody has read might try in a container.  For ./quickstart; runs inside.

Prints one JSON line per attempt: {"attack", "control", "result": "worked" or "stopped", "detail"}.
An attempt works when the kernel did, or would do, what was asked; none of them harms the host when it
works: files are opened and not written, devices are made and not opened, a module is not a module.
"""
import ctypes
import errno
import fcntl
import json
import os
import pty
import signal
import socket
import stat
import sys
import termios

METADATA = "169.254.169.254"
METADATA_PATH = "/latest/meta-data/iam/security-credentials/node-role"
FORKS = 2000
FIRST_INSTANT_S = 3

# Numbers of x86-64 and aarch64; what is not here has no call in libc's shared object by name.
CALLS = {
    "x86_64": {"io_uring_setup": 425, "keyctl": 250, "bpf": 321, "init_module": 175, "userfaultfd": 323,
               "perf_event_open": 298},
    "aarch64": {"io_uring_setup": 425, "keyctl": 219, "bpf": 280, "init_module": 105, "userfaultfd": 282,
                "perf_event_open": 241},
}[os.uname().machine]

CLONE_NEWUSER = 0x10000000
MS_REMOUNT, MS_BIND = 32, 4096
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
AF_ALG = 38

libc = ctypes.CDLL(None, use_errno=True)


class Stopped(Exception):
    """Without an errno: the attempt went through, but there was nothing to be had."""


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def call(name, *args):
    return checked(libc.syscall(CALLS[name], *[ctypes.c_long(a) if isinstance(a, int) else a for a in args]))


def in_child(function):
    """Runs the attempt in a process of its own, so that it cannot spoil the next one."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            answer = [0, function()]
        except OSError as e:
            answer = [e.errno or errno.EPERM, ""]
        except Stopped as e:
            answer = [-1, str(e)]
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(pid, 0)
    if not text:
        raise Stopped("killed by " + signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else "died")
    code, detail = json.loads(text)
    if code > 0:
        raise OSError(code, os.strerror(code))
    if code < 0:
        raise Stopped(detail)
    return detail


# ---- the attempts: each returns what it got, or raises ---------------------------------------------------

def become_root():
    os.setgroups([])
    os.setgid(0)
    os.setuid(0)
    return "uid %d, gid %d" % (os.geteuid(), os.getegid())


def hold_capabilities():
    with open("/proc/self/status", encoding="ascii") as f:
        fields = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    held = int(fields["CapEff"], 16) | int(fields["CapPrm"], 16) | int(fields["CapBnd"], 16)
    if not held:
        raise Stopped("all sets are empty")
    return "%d of them" % bin(held).count("1")


def write_to_root():
    with open("/usr/bin/planted", "w", encoding="ascii") as f:
        f.write("#!/usr/bin/python3\n")
    os.unlink("/usr/bin/planted")
    return "a program in /usr/bin"


def remount_root():
    checked(libc.mount(None, b"/", None, MS_REMOUNT | MS_BIND, None))
    return "/ is writable"


def mount_something():
    checked(libc.mount(b"tmpfs", b"/srv", b"tmpfs", 0, None))
    checked(libc.umount2(b"/srv", 0))
    return "tmpfs on /srv"


def fetch_metadata(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(FIRST_INSTANT_S)
        s.connect((address, 80))
        s.sendall(b"GET %s HTTP/1.0\r\nHost: %s\r\n\r\n" % (METADATA_PATH.encode(), METADATA.encode()))
        answer = b""
        while chunk := s.recv(4096):
            answer += chunk
    body = answer.split(b"\r\n\r\n", 1)[-1].decode("ascii", "replace")
    if "SecretAccessKey" not in body:
        raise Stopped("no credentials in the answer")
    return "got " + json.loads(body)["AccessKeyId"]


def metadata_over_udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(b"probe", (METADATA, 53))
    return "datagram sent"


def read_environment():
    names = sorted(n for n in os.environ if n.startswith("AWS_") and ("SECRET" in n or "TOKEN" in n))
    with open("/proc/1/environ", "rb") as f:
        names += [b"AWS_SECRET_ACCESS_KEY".decode()] if b"AWS_SECRET_ACCESS_KEY=" in f.read() else []
    if not names:
        raise Stopped("none there")
    return ", ".join(sorted(set(names)))


def af_alg_socket():
    with socket.socket(AF_ALG, socket.SOCK_SEQPACKET):
        return "socket opened"


def packet_socket():
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW):
        return "socket opened"


def io_uring():
    os.close(call("io_uring_setup", 4, ctypes.create_string_buffer(120)))
    return "ring set up"


def keyctl():
    return "session keyring %d" % call("keyctl", 0, -3, 1)


def bpf():
    attributes = (ctypes.c_uint32 * 32)(2, 4, 4, 1)
    os.close(call("bpf", 0, attributes, ctypes.sizeof(attributes)))
    return "map created"


def userfaultfd():
    os.close(call("userfaultfd", 0))
    return "descriptor opened"


def perf_event_open():
    attributes = (ctypes.c_uint32 * 32)(1, 128)
    os.close(call("perf_event_open", attributes, -1, 0, -1, 0))
    return "event on processor 0"


def user_namespace():
    checked(libc.unshare(CLONE_NEWUSER))
    return "all capabilities in a new one"


def ptrace_neighbour():
    neighbour = os.fork()
    if neighbour == 0:
        signal.pause()
        os._exit(0)
    try:
        libc.ptrace.argtypes = [ctypes.c_long] * 4
        checked(libc.ptrace(PTRACE_ATTACH, neighbour, 0, 0))
        os.waitpid(neighbour, 0)
        checked(libc.ptrace(PTRACE_DETACH, neighbour, 0, 0))
    finally:
        os.kill(neighbour, signal.SIGKILL)
        os.waitpid(neighbour, 0)
    return "attached"


def fork_bomb():
    """The children wait for the end of a pipe, so that they end with us whatever happens."""
    reader, writer = os.pipe()
    made = 0
    try:
        while made < FORKS:
            if os.fork() == 0:
                os.close(writer)
                os.read(reader, 1)
                os._exit(0)
            made += 1
    except OSError as e:
        raise Stopped("%s after %d" % (errno.errorcode[e.errno], made)) from e
    finally:
        os.close(writer)
        for _ in range(made):
            os.wait()
    return "%d processes" % made


def read_kcore():
    with open("/proc/kcore", "rb") as f:
        if f.read(4) != b"\x7fELF":
            raise Stopped("empty")
    return "the kernel's memory"


def read_keys():
    with open("/proc/keys", "rb") as f:
        text = f.read()
    if not text:
        raise Stopped("empty")
    return "%d keys" % text.count(b"\n")


def open_core_pattern():
    os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))
    return "opened for writing"


def open_sysrq():
    os.close(os.open("/proc/sysrq-trigger", os.O_WRONLY))
    return "opened for writing"


def make_device():
    os.mknod("/tmp/memory", stat.S_IFCHR | 0o600, os.makedev(1, 1))
    os.unlink("/tmp/memory")
    return "a node for /dev/mem"


def push_into_terminal():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # for the hang-up when the leader is closed
    leader, follower = pty.openpty()
    os.setsid()
    fcntl.ioctl(follower, termios.TIOCSCTTY, 0)
    fcntl.ioctl(follower, termios.TIOCSTI, b"x")
    os.close(leader)
    return "typed a character"


def load_module():
    try:
        call("init_module", ctypes.create_string_buffer(64), 64, ctypes.c_char_p(b""))
    except OSError as e:
        # The loader looked at it, so permission was given.
        if e.errno != errno.ENOEXEC:
            raise
    return "reached the loader"


ATTACKS = [
    ("become root", "user remapped, no_new_privs", become_root),
    ("hold capabilities", "capability sets emptied", hold_capabilities),
    ("plant a program in /usr/bin", "read-only rootfs", write_to_root),
    ("remount / writable", "seccomp, no CAP_SYS_ADMIN", remount_root),
    ("mount a filesystem", "seccomp, no CAP_SYS_ADMIN", mount_something),
    ("steal the instance's credentials", "metadata guard",
     lambda: fetch_metadata(socket.AF_INET, METADATA)),
    ("the same, address as IPv6", "metadata guard",
     lambda: fetch_metadata(socket.AF_INET6, "::ffff:" + METADATA)),
    ("a datagram to the same address", "metadata guard", metadata_over_udp),
    ("read keys from the environment", "environment scrubbed", read_environment),
    ("kernel crypto (AF_ALG)", "seccomp", af_alg_socket),
    ("sniff packets (AF_PACKET)", "seccomp, no CAP_NET_RAW", packet_socket),
    ("io_uring", "seccomp", io_uring),
    ("kernel keyring", "seccomp", keyctl),
    ("bpf", "seccomp", bpf),
    ("userfaultfd", "seccomp", userfaultfd),
    ("perf events", "seccomp", perf_event_open),
    ("new user namespace", "seccomp", user_namespace),
    ("ptrace a neighbour", "seccomp", ptrace_neighbour),
    ("read /proc/kcore", "masked path", read_kcore),
    ("read /proc/keys", "masked path", read_keys),
    ("write core_pattern", "read-only path", open_core_pattern),
    ("write sysrq-trigger", "masked path", open_sysrq),
    ("make a device node", "no CAP_MKNOD, device rules", make_device),
    ("type into the terminal (TIOCSTI)", "seccomp", push_into_terminal),
    ("load a kernel module", "seccomp, no CAP_SYS_MODULE", load_module),
    ("fork bomb, %d processes" % FORKS, "pids limit", fork_bomb),
]


def attempt(function):
    try:
        return "worked", in_child(function)
    except OSError as e:
        return "stopped", errno.errorcode.get(e.errno, "timed out" if isinstance(e, TimeoutError) else str(e))
    except Stopped as e:
        return "stopped", str(e)


def main():
    for name, control, function in ATTACKS:
        result, detail = attempt(function)
        print(json.dumps({"attack": name, "control": control, "result": result, "detail": detail}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
