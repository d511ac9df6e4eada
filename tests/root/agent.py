# SPDX-License-Identifier: Apache-2.0
"""A seccomp agent for tests: answers every call that it is asked about in one way.

    agent.py SOCKET DIRECTORY continue|zero|ERRNO

SOCKET is a path, or @name. The state that comes with listener number N is written to DIRECTORY/state.N, the
numbers of the calls that were asked about to DIRECTORY/asked. DIRECTORY/ready appears when it listens.
"""
import array
import fcntl
import os
import socket
import struct
import sys
import threading

RECEIVE = 0xC0502100  # SECCOMP_IOCTL_NOTIF_RECV: struct seccomp_notif, 80 bytes
SEND = 0xC0182101  # SECCOMP_IOCTL_NOTIF_SEND: struct seccomp_notif_resp, 24 bytes
CONTINUE = 1  # SECCOMP_USER_NOTIF_FLAG_CONTINUE


def reply(how, number):
    if how == "continue":
        return struct.pack("=QqiI", number, 0, 0, CONTINUE)
    error = 0 if how == "zero" else -int(how)
    return struct.pack("=QqiI", number, 0, error, 0)


def serve(listener, how, asked):
    while True:
        request = bytearray(80)
        try:
            fcntl.ioctl(listener, RECEIVE, request)
        except OSError as error:
            if error.errno in (2, 4):  # the caller was killed meanwhile; a signal
                continue
            return
        number, _, _, call = struct.unpack_from("=QIIi", request)
        asked.write(f"{call}\n")
        asked.flush()
        try:
            fcntl.ioctl(listener, SEND, bytearray(reply(how, number)))
        except FileNotFoundError:
            pass


def main():
    path, directory, how = sys.argv[1:]
    sock = socket.socket(socket.AF_UNIX)
    sock.bind("\0" + path[1:] if path[0] == "@" else path)
    sock.listen(8)
    asked = open(os.path.join(directory, "asked"), "w", encoding="ascii")
    open(os.path.join(directory, "ready"), "w", encoding="ascii").close()
    number = 0
    while True:
        connection, _ = sock.accept()
        text, control, _, _ = connection.recvmsg(1 << 20, socket.CMSG_SPACE(64))
        while more := connection.recv(1 << 20):
            text += more
        connection.close()
        fds = array.array("i")
        for _, _, data in control:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        with open(os.path.join(directory, f"state.{number}"), "wb") as file:
            file.write(text)
        number += 1
        for fd in fds:
            threading.Thread(target=serve, args=(fd, how, asked), daemon=True).start()


main()
