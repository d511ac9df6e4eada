# SPDX-License-Identifier: Apache-2.0
"""As much of protocol buffers and ttrpc as tests/cli/shim.sh needs, written from their specifications alone: what the shim
writes is not read back by its own code.

  params ID NAMESPACE DIR [TYPE PATH]   BootstrapParams, with socket_dir and runtimeoptions' config_path
  any TYPE PATH                         an Any with runtimeoptions' config_path
  decode [FIELD...]                     standard input's fields, a line each: "1.2 text"
  call SOCKET METHOD                    an empty request to the task service; the answer's fields, "error CODE", or "closed"
"""
import socket
import struct
import sys


def number(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(n, value):
    value = value.encode() if isinstance(value, str) else value
    return number(n << 3 | 2) + number(len(value)) + value


def read_number(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        key, at = read_number(data, at)
        value, at = read_number(data, at)
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        else:
            assert key & 7 == 0, key
        yield key >> 3, value


def show(data, messages, above=""):
    for n, value in fields(data):
        name = f"{above}{n}"
        if isinstance(value, int):
            print(name, value)
        elif name in messages:
            show(value, messages, name + ".")
        else:
            print(name, value.decode())


def any_of(kind, path):
    return field(1, kind) + field(2, field(2, path))


def params(container, namespace, directory, kind=None, path=None):
    out = field(1, container) + field(2, namespace) + field(9, directory)
    return out + (field(8, field(1, any_of(kind, path))) if kind else b"")


def call(path, method):
    request = field(1, "containerd.task.v2.Task") + field(2, method)
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(10)
    sock.connect(path)
    sock.sendall(struct.pack(">IIBB", len(request), 1, 1, 0) + request)
    stream = sock.makefile("rb")
    head = stream.read(10)
    if len(head) < 10:
        print("closed")
        return
    answer = dict(fields(stream.read(struct.unpack(">IIBB", head)[0])))
    status = dict(fields(answer.get(1, b"")))
    if status.get(1):
        print("error", status[1])
    else:
        show(answer.get(2, b""), [])


def main(verb, *words):
    if verb == "params":
        sys.stdout.buffer.write(params(*words))
    elif verb == "any":
        sys.stdout.buffer.write(any_of(*words))
    elif verb == "decode":
        show(sys.stdin.buffer.read(), words)
    elif verb == "call":
        call(*words)
    else:
        sys.exit(f"unknown verb {verb}")


main(*sys.argv[1:])
