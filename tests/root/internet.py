#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""internet.py - the whole of a private internet in one process: names, registries, an attacker, things out of reach.

internet.py PKI-DIRECTORY: serves on the addresses below, which the namespace it runs in must have, until it is
killed, or for 15 minutes; prints "ready", then a line for everything that comes:

    dns NAME TYPE                     a question, as the name server got it
    bytes ADDRESS PORT                a connection on which somebody said something
    tcp ADDRESS PORT                  a connection
    tls ADDRESS PORT NAME             a handshake that asks for NAME, or for "-"
    http HOST METHOD PATH             a request
    udp ADDRESS PORT                  a datagram
    packet INTERFACE PROTOCOL SOURCE DESTINATION
                                      every packet of IP that comes by an interface other than lo

PKI-DIRECTORY has NAME.pem (certificate and key) for each name in CERTIFIED.
"""
import base64
import hashlib
import http.server
import io
import json
import os
import socket
import ssl
import struct
import sys
import tarfile
import threading
import time
import zipfile

NAME_SERVER = "9.9.0.53"
REGISTRY = "9.9.1.1"
SILENT = "9.9.1.2"
ATTACKER = "9.9.6.6"
PRIVATE = "10.0.0.5"
METADATA = "169.254.169.254"

PYPI, FILES, NPM = "pypi.example", "files.pypi.example", "registry.npm.example"
# Another name of the same server, which nobody lists.
NEIGHBOUR = "neighbour.example"
CERTIFIED = [PYPI, FILES, NPM, NEIGHBOUR, "evil.example", "rebound.example"]

# What the name server answers; a list of lists is one answer after the other, each once, the last for ever.
ADDRESSES = {
    PYPI: [[REGISTRY]],
    FILES: [[REGISTRY]],
    NPM: [[REGISTRY]],
    NEIGHBOUR: [[REGISTRY]],
    "evil.example": [[ATTACKER]],
    "silent.example": [[SILENT]],
    "private.example": [[PRIVATE]],
    "rebind-private.example": [[PRIVATE]],
    "rebind-metadata.example": [[METADATA]],
    "rebind-loopback.example": [["127.0.0.1"]],
    "rebind-shared.example": [["100.64.0.1"]],
    "rebind-zero.example": [["0.0.0.0"]],
    "rebind-host.example": [["9.9.9.2"]],
    "rebind-metadata6.example": [["fd00:ec2::254"]],
    "rebind-mapped.example": [["::ffff:169.254.169.254"]],
    "rebind-translated.example": [["64:ff9b::a9fe:a9fe"]],
    "mixed.example": [[PRIVATE, METADATA]],
    "half.example": [[PRIVATE, REGISTRY, METADATA]],
    # The first answer is good, the next one is not: who asks twice is led astray.
    "rebound.example": [[REGISTRY], [PRIVATE]],
}
ALIASES = {"alias-private.example": "private.example", "alias-loop.example": "alias-loop.example"}
TYPES = {1: "A", 28: "AAAA", 5: "CNAME", 16: "TXT", 64: "SVCB", 65: "HTTPS", 15: "MX", 255: "ANY"}

log_lock = threading.Lock()


def log(*words):
    with log_lock:
        print(*words, flush=True)


# ---- names --------------------------------------------------------------------------------------------------


def read_name(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1 : at + 1 + packet[at]].decode("latin-1"))
        at += 1 + packet[at]
    return ".".join(labels), at + 1


def write_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record(name, kind, data):
    return write_name(name) + struct.pack(">HHIH", kind, 1, 0, len(data)) + data


def records(name, kind):
    """The answers to a question: None where there is no such name."""
    if name in ALIASES:
        target = ALIASES[name]
        further = records(target, kind) if target != name else []
        return [record(name, 5, write_name(target))] + (further or [])
    if name not in ADDRESSES:
        # Whoever gets a question out by a name below this one has a tunnel.
        return [record(name, 16, b"\x04leak")] if name.endswith(".tunnel.example") and kind == 16 else None
    turns = ADDRESSES[name]
    wanted = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
    found = [a for a in turns[0] if wanted == (socket.AF_INET6 if ":" in a else socket.AF_INET)]
    if len(turns) > 1 and found:
        turns.pop(0)
    return [record(name, kind, socket.inet_pton(wanted, a)) for a in found]


def answer(query):
    name, end = read_name(query, 12)
    kind = struct.unpack(">H", query[end : end + 2])[0]
    log("dns", name, TYPES.get(kind, kind))
    found = records(name.lower(), kind)
    flags = 0x8580 if found is not None else 0x8583
    header = query[:2] + struct.pack(">HHHHH", flags, 1, len(found or []), 0, 0)
    return header + query[12 : end + 4] + b"".join(found or [])


def serve_names_by_datagram(sock):
    while True:
        query, client = sock.recvfrom(4096)
        try:
            sock.sendto(answer(query), client)
        except (IndexError, struct.error):
            log("dns", "malformed", "-")


def serve_names_by_stream(conn, _address, _port):
    query = conn.recv(4096)
    if len(query) > 14:
        reply = answer(query[2:])
        conn.sendall(struct.pack(">H", len(reply)) + reply)
    conn.close()


# ---- packages -----------------------------------------------------------------------------------------------


def make_wheel():
    files = {
        "hello_bulwark.py": b"GREETING = 'hello from the wheel'\n",
        "hello_bulwark-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: hello-bulwark\nVersion: 1.0\n",
        "hello_bulwark-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        b"Tag: py3-none-any\n",
    }
    lines = []
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}")
    lines.append("hello_bulwark-1.0.dist-info/RECORD,,")
    files["hello_bulwark-1.0.dist-info/RECORD"] = "\n".join(lines).encode() + b"\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def make_tarball():
    files = {
        "package/package.json": json.dumps(
            {"name": "hello-bulwark", "version": "1.0.0", "main": "index.js"}
        ).encode(),
        "package/index.js": b"module.exports = 'hello from the tarball';\n",
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mode = 0o644
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


WHEEL, TARBALL = make_wheel(), make_tarball()
WHEEL_PATH = "/packages/hello_bulwark-1.0-py3-none-any.whl"
TARBALL_PATH = "/hello-bulwark/-/hello-bulwark-1.0.0.tgz"


def simple_page():
    digest = hashlib.sha256(WHEEL).hexdigest()
    return (
        "<!DOCTYPE html><html><body>"
        f'<a href="https://{FILES}{WHEEL_PATH}#sha256={digest}">{WHEEL_PATH.rsplit("/", 1)[1]}</a>'
        "</body></html>"
    ).encode()


def npm_document():
    version = {
        "name": "hello-bulwark",
        "version": "1.0.0",
        "main": "index.js",
        "dist": {
            "tarball": f"https://{NPM}{TARBALL_PATH}",
            "shasum": hashlib.sha1(TARBALL).hexdigest(),
            "integrity": "sha512-" + base64.b64encode(hashlib.sha512(TARBALL).digest()).decode(),
        },
    }
    return json.dumps(
        {"name": "hello-bulwark", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
    ).encode()


PAGES = {
    (PYPI, "/simple/hello-bulwark/"): ("text/html", simple_page()),
    (FILES, WHEEL_PATH): ("application/octet-stream", WHEEL),
    (NPM, "/hello-bulwark"): ("application/json", npm_document()),
    (NPM, TARBALL_PATH): ("application/octet-stream", TARBALL),
    (PYPI, "/large"): ("application/octet-stream", bytes(8 << 20)),
}


class Pages(http.server.BaseHTTPRequestHandler):
    """Whatever host: a page of its own, or one that says who served it."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self):
        host = self.headers.get("Host", "-").split(":")[0]
        log("http", host, self.command, self.path)
        kind, body = PAGES.get((host, self.path), ("text/plain", None))
        status = 200 if body is not None or self.path == "/" else 404
        body = body if body is not None else f"this is {host}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET
    do_PUT = do_GET
    do_POST = do_GET

    def log_message(self, *_):
        pass


# ---- listeners ----------------------------------------------------------------------------------------------


class Certificates:
    """A context for each name, chosen by what the client asks for."""

    def __init__(self, directory):
        self.contexts = {}
        for name in CERTIFIED:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(os.path.join(directory, name + ".pem"))
            self.contexts[name] = context

    def wrap(self, conn, address, port):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        default = {ATTACKER: "evil.example", PRIVATE: "rebound.example"}.get(address, NEIGHBOUR)

        def chosen(sock, name, _context):
            log("tls", address, port, name or "-")
            sock.context = self.contexts.get(name, self.contexts[default])

        context.sni_callback = chosen
        # The context that is replaced has to have a certificate, too.
        context.load_cert_chain(os.path.join(sys.argv[1], default + ".pem"))
        return context.wrap_socket(conn, server_side=True)


certificates = None


def serve_tls(conn, address, port):
    with certificates.wrap(conn, address, port) as tls:
        Pages(tls, tls.getpeername(), None)


def serve_plain(conn, _address, _port):
    Pages(conn, conn.getpeername(), None)


def serve_nothing(conn, _address, _port):
    while conn.recv(4096):
        pass


def one_connection(serve, conn, address, port):
    log("tcp", address, port)
    conn.settimeout(60)
    try:
        if conn.recv(1, socket.MSG_PEEK):
            log("bytes", address, port)
            serve(conn, address, port)
    except OSError:
        pass
    finally:
        conn.close()


def accept_for_ever(listener, serve, address, port):
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=one_connection, args=(serve, conn, address, port), daemon=True).start()


def listen(serve, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, port), family=family, backlog=1024)
    threading.Thread(target=accept_for_ever, args=(listener, serve, address, port), daemon=True).start()


def swallow_datagrams(sock, address, port):
    while True:
        _, client = sock.recvfrom(4096)
        log("udp", address, port)
        sock.sendto(b"here", client)


def listen_datagrams(target, address, port, *args):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, port))
    threading.Thread(target=target, args=(sock, *args), daemon=True).start()


def sniff(sock):
    while True:
        packet, (interface, kind, direction, *_) = sock.recvfrom(2048)
        if interface == "lo" or direction == socket.PACKET_OUTGOING:
            continue
        if kind == 0x0800 and len(packet) >= 20:
            log("packet", interface, packet[9], socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20]))
        elif kind == 0x86DD and len(packet) >= 40 and packet[24] != 0xFF:
            source, destination = (socket.inet_ntop(socket.AF_INET6, packet[i : i + 16]) for i in (8, 24))
            if not destination.startswith("fe80"):
                log("packet", interface, packet[6], source, destination)


def main():
    global certificates
    certificates = Certificates(sys.argv[1])
    sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    threading.Thread(target=sniff, args=(sniffer,), daemon=True).start()
    listen_datagrams(serve_names_by_datagram, NAME_SERVER, 53)
    listen(serve_names_by_stream, NAME_SERVER, 53)
    for address in REGISTRY, ATTACKER, PRIVATE, METADATA:
        listen(serve_tls, address, 443)
        listen(serve_tls, address, 8443)
        listen(serve_plain, address, 80)
        listen_datagrams(swallow_datagrams, address, 443, address, 443)
    # The attacker has a name server, and an open door for anything.
    listen_datagrams(serve_names_by_datagram, ATTACKER, 53)
    listen(serve_plain, ATTACKER, 22)
    listen(serve_nothing, SILENT, 443)
    log("ready")
    # Should whoever started this have forgotten it.
    time.sleep(900)


main()
