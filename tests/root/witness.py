# SPDX-License-Identifier: Apache-2.0
"""A process under the filter of a witness, without a container, for witness.sh.

    witness.py DIRECTORY PROGRAM ATTEMPT...     says in a line what came of each attempt: "ran", or the name of an error

DIRECTORY/config.json is the configuration without the pid; it gets events, counts and the end of the witness, status.
The attempts are made in DIRECTORY, by a process whose root is the machine's.
"""
import ctypes
import errno
import json
import mmap
import os
import select
import signal
import socket
import struct
import sys
import threading
import time

NUMBERS = {"x86_64": dict(seccomp=317, execve=59, execveat=322, userfaultfd=323, arch=0xC000003E),
           "aarch64": dict(seccomp=277, execve=221, execveat=281, userfaultfd=282, arch=0xC00000B7)}[os.uname().machine]
AT_FDCWD, AT_EMPTY_PATH = -100, 0x1000
libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    result = libc.syscall(ctypes.c_long(NUMBERS[name]), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def listen():
    """The filter that bulwark loads, and its listener."""
    code = [(0x20, 0, 0, 4), (0x15, 0, 3, NUMBERS["arch"]), (0x20, 0, 0, 0), (0x15, 2, 0, NUMBERS["execve"]),
            (0x15, 1, 0, NUMBERS["execveat"]), (0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x7FC00000)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in code))
    fprog = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(program)))
    libc.prctl(38, 1, 0, 0, 0)
    return call("seccomp", 1, ctypes.c_ulong(8), fprog)


# ---- attempts ----

def outcome(action):
    """What a process of its own comes to that does it."""
    near, far = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            action()
        except OSError as e:
            os.write(far, errno.errorcode[e.errno].encode())
        finally:
            os._exit(0)
    os.close(far)
    said = os.read(near, 100).decode()
    os.close(near)
    os.waitpid(pid, 0)
    return said or "ran"


def at(dirfd, path, flags=0):
    argv = (ctypes.c_char_p * 2)(b"x", None)
    call("execveat", dirfd, path, argv, (ctypes.c_char_p * 1)(None), flags)


def memfd(program="/bin/true"):
    fd = os.memfd_create("memory", 0)
    with open(program, "rb") as file:
        os.write(fd, file.read())
    return fd


def interpreter():
    for path in "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1":
        if os.path.exists(path):
            os.execv(path, [path, "/bin/true"])


def in_a_jail():
    os.chroot("jail")
    os.chdir("/inner")
    os.execv("./true", ["true"])


def at_a_directory():
    at(os.open("/bin", os.O_PATH), b"sh")


def at_a_pointer(value):
    libc.execve(ctypes.c_void_p(value), None, None)
    raise OSError(ctypes.get_errno(), "execve")


def a_path_that_changes():
    """From "true" to "sh" and back while it is looked at: any answer is right, but the witness must stay."""
    path = ctypes.create_string_buffer(b"/bin/true", 64)
    over = threading.Event()

    def change():
        while not over.is_set():
            ctypes.memmove(path, b"/bin/sh\0\0", 9)
            ctypes.memmove(path, b"/bin/true", 9)
            ctypes.memset(path, 0x2F, 9)
    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    argv = (ctypes.c_char_p * 4)(b"x", b"-c", b":", None)
    for _ in range(300):
        pid = os.fork()
        if pid == 0:
            threading.Thread(target=change, daemon=True).start()
            time.sleep(0.0005)
            libc.execve(path, argv, None)
            os._exit(0)
        os.waitpid(pid, 0)
    over.set()
    thread.join()
    os.execv("/bin/true", ["true"])


def a_page_that_never_comes():
    """A path in memory that somebody else has to bring, who does not."""
    fd = call("userfaultfd", 0)
    import fcntl
    fcntl.ioctl(fd, 0xC018AA3F, bytearray(struct.pack("QQQ", 0xAA, 0, 0)))
    area = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    fcntl.ioctl(fd, 0xC020AA00, bytearray(struct.pack("QQQQ", address, 4096, 1, 0)))
    at_a_pointer(address)


def flood(path, count=10000):
    for _ in range(count):
        try:
            os.waitpid(os.posix_spawn(path, ["x"], {}), 0)
        except OSError:
            pass


def cost(count=1000):
    """Microseconds of an execve of a small program, with the fork before and the wait after it."""
    begin = time.monotonic()
    flood("/bin/true", count)
    return "%d" % ((time.monotonic() - begin) / count * 1e6)


ATTEMPTS = {
    "listed": lambda: os.execv("/bin/true", ["true"]),
    "by a link": lambda: os.execv("./link", ["true"]),
    "itself": lambda: os.execv("/proc/self/exe", ["python3", "-c", ""]),
    "not listed": lambda: os.execv("/bin/sh", ["sh", "-c", ""]),
    "not listed, by a link": lambda: os.execv("./link-to-sh", ["true", "-c", ""]),
    "not listed, at a directory": at_a_directory,
    "a copy": lambda: os.execv("./copy", ["true"]),
    "a script": lambda: os.execv("./script", ["script"]),
    "in a jail": in_a_jail,
    "interpreter": interpreter,
    "in memory": lambda: at(memfd(), b"", AT_EMPTY_PATH),
    "in memory, by name": lambda: os.execv("/proc/self/fd/%d" % memfd(), ["true"]),
    "a directory": lambda: at(AT_FDCWD, b"", AT_EMPTY_PATH),
    "missing": lambda: os.execv("/bin/missing", ["x"]),
    "no path": lambda: at_a_pointer(8),
    "long": lambda: os.execv("/" * 5000, ["x"]),
    "changes": a_path_that_changes,
    "never comes": a_page_that_never_comes,
}


def attempt(name):
    if name.startswith("flood "):
        flood(name.split()[1])
        return "over"
    if name == "cost":
        return cost()
    return outcome(ATTEMPTS[name])


# ---- the witness ----

def start(directory, program, pid, listener):
    with open(directory + "/config.json") as file:
        config = dict(json.load(file), pid=pid)
    text, text_end = os.pipe()
    os.write(text_end, json.dumps(config).encode())
    os.close(text_end)
    answer, answer_end = os.pipe()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.bind(directory + "/sock")
    sock.listen()
    heirs = [text, os.pidfd_open(pid), answer_end,
             os.open(directory + "/events", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600),
             os.open(directory + "/counts", os.O_WRONLY | os.O_CREAT, 0o600), listener, sock.fileno()]
    witness = os.fork()
    if witness == 0:
        os.setsid()
        high = [os.dup2(fd, 100 + i) for i, fd in enumerate(heirs)]
        for number, fd in enumerate(high):
            os.dup2(fd, 3 + number)
        os.execv(program, ["bulwark-witness"])
    for fd in heirs[:-1]:
        os.close(fd)
    said = os.read(answer, 1000).decode()
    if said != "ok\n":
        sys.exit("the witness does not start: " + said)
    return witness


def inside(sock, directory, attempts):
    os.chdir(directory)
    listener = listen()
    socket.send_fds(sock, [b"x"], [listener])
    os.close(listener)
    sock.recv(1)
    for name in attempts:
        if name == "kill":
            sock.send(b"k")
            sock.recv(1)
        else:
            print("%s: %s" % (name, attempt(name)), flush=True)


def main(directory, program, *attempts):
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        try:
            inside(theirs, directory, attempts)
        finally:
            os._exit(0)
    theirs.close()
    _, fds, _, _ = socket.recv_fds(ours, 1, 1)
    witness = start(directory, program, pid, fds[0])
    with open("/proc/%d/status" % witness) as status, open(directory + "/process", "w") as file:
        file.write(status.read())
    with open("/proc/%d/smaps" % witness) as smaps, open(directory + "/memory", "w") as file:
        file.write(smaps.read())
    ours.send(b"g")
    while ours.recv(1) == b"k":
        os.kill(witness, signal.SIGKILL)
        os.waitid(os.P_PID, witness, os.WEXITED | os.WNOWAIT)
        ours.send(b"k")
    os.waitpid(pid, 0)
    watch = os.pidfd_open(witness)
    if not select.select([watch], [], [], 20)[0]:
        os.kill(witness, signal.SIGKILL)
        sys.exit("the witness stays")
    _, status = os.waitpid(witness, 0)
    print("witness: %s" % (os.waitstatus_to_exitcode(status)), flush=True)


main(*sys.argv[1:])
