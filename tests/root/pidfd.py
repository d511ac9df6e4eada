# SPDX-License-Identifier: Apache-2.0
"""Takes a pidfd over a socket and kills what it names.

    pidfd.py SOCKET OUT

OUT gets one line: the payload, the pid that the descriptor is for, how many descriptors came. SOCKET appears
when it listens. The process is killed when OUT.kill appears.
"""
import array
import os
import signal
import socket
import sys
import time


def pid_of(fd):
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as lines:
        return next(line.split()[1] for line in lines if line.startswith("Pid:"))


def main():
    path, out = sys.argv[1:]
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    sock.listen(1)
    connection, _ = sock.accept()
    payload, control, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(64))
    fds = array.array("i")
    for _, _, data in control:
        fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    with open(out + ".new", "w", encoding="ascii") as file:
        file.write(f"{payload.decode()} {pid_of(fds[0])} {len(fds)}\n")
    os.rename(out + ".new", out)
    while not os.path.exists(out + ".kill"):
        time.sleep(0.02)
    signal.pidfd_send_signal(fds[0], signal.SIGKILL)


main()
