#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""egress.py - what a program in a container tries in order to get out; one attempt, one line or more.

    tunnel HOST PORT [SNI]     CONNECT by the proxy, TLS that asks for SNI (HOST; "-" for none), a page
    fetch HOST PATH            a page by TLS; how many bytes came
    hello KIND HOST            the same with a ClientHello of its own, see HELLOS
    speak HOST TEXT            CONNECT, then TEXT instead of TLS
    request TEXT               TEXT to the proxy; what it answers
    plain URL                  a request of plain HTTP to the proxy
    direct ADDRESS PORT        TCP without the proxy; ADDRESS may be a name
    datagram ADDRESS PORT      UDP
    lookup NAME TYPE [SERVER]  a question to the name server, by UDP and TCP
    flood HOST COUNT           so many tunnels at once; how many were opened; whether one more works afterwards
    slow HOST SECONDS          connections that say nothing, little, or half a ClientHello; how long they were borne
    hold HOST                  a tunnel, kept until it breaks; then whether another can be opened
    proxy                      (for the host of the test) an ordinary proxy on 127.0.0.1:3128, which lets all through
    each ATTEMPT...            each ATTEMPT, a text of words as above; its line begins with "ATTEMPT: "

A line is "WORD detail": open (somebody answered), refused (somebody said no, or nobody can be there), silent, inside (the
container itself answered).
"""
import os
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse

PATIENCE = 8.0


class Refused(Exception):
    pass


def say(*words):
    print(*words, flush=True)


def proxy():
    url = urllib.parse.urlsplit(os.environ.get("HTTPS_PROXY") or "http://127.0.0.1:3128")
    sock = socket.create_connection((url.hostname, url.port), timeout=PATIENCE)
    return sock


def read_head(sock):
    head = b""
    while b"\r\n\r\n" not in head and len(head) < 65536:
        got = sock.recv(1)
        if not got:
            break
        head += got
    return head


def read_answer(sock):
    """Status and one line of all that the proxy says."""
    head = read_head(sock).decode("latin-1")
    if not head:
        raise Refused("the proxy closed the connection")
    status = int(head.split()[1])
    body = b""
    if status != 200:
        sock.settimeout(1)
        try:
            body = sock.recv(4096)
        except OSError:
            pass
    return status, " ".join((head.split("\r\n")[0] + " " + body.decode("latin-1")).split())


def connect(host, port):
    sock = proxy()
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    sock.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
    status, text = read_answer(sock)
    if status != 200:
        raise Refused(text)
    return sock


def context():
    return ssl.create_default_context()


def page(tls, host):
    tls.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    data = b""
    while True:
        got = tls.recv(4096)
        if not got:
            return data.decode("latin-1").split("\r\n\r\n")[-1].strip()
        data += got


def tunnel(host, port, sni=None):
    sock = connect(host, int(port))
    ctx = context()
    if sni:
        ctx.check_hostname = False
        ctx.verify_mode = ssl.CERT_NONE
    tls = ctx.wrap_socket(sock, server_hostname=None if sni == "-" else sni or host)
    say("open", page(tls, sni or host))


def fetch(host, path):
    tls = context().wrap_socket(connect(host, 443), server_hostname=host)
    tls.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    got = 0
    try:
        while data := tls.recv(65536):
            got += len(data)
    except OSError:
        pass
    say("got", got)


# ---- a ClientHello by hand ------------------------------------------------------------------------------------


def client_hello(host):
    """The record that a TLS library would send, and the half-made connection that it belongs to."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context().wrap_bio(incoming, outgoing, server_hostname=host)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return tls, incoming, outgoing, outgoing.read()


def with_extension(record, kind, data):
    """The same ClientHello with one more extension at its end."""
    body = record[9:]
    at = 2 + 32
    at += 1 + body[at]
    at += 2 + struct.unpack(">H", body[at : at + 2])[0]
    at += 1 + body[at]
    extensions = body[at + 2 :] + struct.pack(">HH", kind, len(data)) + data
    body = body[:at] + struct.pack(">H", len(extensions) & 0xFFFF) + extensions
    return b"\x01" + len(body).to_bytes(3, "big") + body


def records(handshake, size):
    return b"".join(
        b"\x16\x03\x01" + struct.pack(">H", len(part)) + part
        for part in (handshake[i : i + size] for i in range(0, len(handshake), size))
    )


def two_names(record):
    """A second name in the extension of names: whoever checks the first and asks for the last is deceived."""
    body = record[9:]
    name = b"evil.example"
    at = 2 + 32
    at += 1 + body[at]
    at += 2 + struct.unpack(">H", body[at : at + 2])[0]
    at += 1 + body[at]
    out, at, end = b"", at + 2, len(body)
    start = at - 2
    while at < end:
        kind, length = struct.unpack(">HH", body[at : at + 4])
        data = body[at + 4 : at + 4 + length]
        if kind == 0:
            names = data[2:] + b"\0" + struct.pack(">H", len(name)) + name
            data = struct.pack(">H", len(names)) + names
        out += struct.pack(">HH", kind, len(data)) + data
        at += 4 + length
    body = body[:start] + struct.pack(">H", len(out)) + out
    return b"\x01" + len(body).to_bytes(3, "big") + body


WHOLE = {"bytes", "segments", "records", "records-of-one"}
HELLOS = {
    # WHOLE: what must work; the handshake is the same, only its pieces are small.
    "bytes": lambda r: [bytes([b]) for b in r],
    "segments": lambda r: [r[i : i + 100] for i in range(0, len(r), 100)],
    "records": lambda r: [records(r[5:], 64)],
    "records-of-one": lambda r: [records(r[5:], 1)],
    # What must not.
    "ech": lambda r: [records(with_extension(r, 0xFE0D, bytes(200)), 16384)],
    "two-names": lambda r: [records(two_names(r), 16384)],
    "two-extensions": lambda r: [records(with_extension(r, 0, b"\0\x0f\0\0\x0cevil.example"), 16384)],
    "oversized": lambda r: [records(with_extension(r, 21, bytes(40000)), 16384)],
    "endless": lambda r: [records(b"\x01\xff\xff\xff" + bytes(1 << 17), 16384)],
    "truncated": lambda r: [r[:5] + b"\x01\0\0\x02\x03\x03"],
    "ssl2": lambda r: [b"\x80\x2e\x01\0\2\0\x15\0\0\0\x10" + bytes(37)],
    "other-record": lambda r: [b"\x17" + r[1:]],
}


def hello(kind, host):
    sock = connect(host, 443)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    tls, incoming, outgoing, record = client_hello(host)
    for part in HELLOS[kind](record):
        sock.sendall(part)
        if len(part) < 1000:
            time.sleep(0.002)
    while True:
        got = sock.recv(65536)
        if not got:
            raise Refused("the tunnel was closed")
        # Whose alert this is, only the internet knows.
        if got[0] == 0x15:
            raise Refused("an alert")
        if kind not in WHOLE:
            say("open", "somebody answered", got[:8].hex())
            return
        incoming.write(got)
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            continue
    sock.sendall(outgoing.read())
    say("open", tls.getpeercert()["subject"][0][0][1])


def speak(host, text):
    sock = connect(host, 443)
    sock.sendall(text.encode().decode("unicode_escape").encode("latin-1"))
    got = sock.recv(4096)
    if not got:
        raise Refused("the tunnel was closed")
    # Whose alert this is, only the internet knows.
    if got[0] == 0x15:
        raise Refused("an alert")
    say("open", got[:60])


def request(text):
    sock = proxy()
    sock.sendall(text.encode().decode("unicode_escape").encode("latin-1"))
    status, answer = read_answer(sock)
    if status != 200:
        raise Refused(answer)
    say("open", answer)


def plain(url):
    request(f"GET {url} HTTP/1.1\\r\\nHost: {urllib.parse.urlsplit(url).netloc}\\r\\nConnection: close\\r\\n\\r\\n")


# ---- round the proxy ------------------------------------------------------------------------------------------


def direct(address, port):
    sock = socket.create_connection((address, int(port)), timeout=PATIENCE)
    # A gate that answers names with its own address, say; that is no way out.
    peer = sock.getpeername()[0]
    say("inside" if peer in ("::1", "::ffff:127.0.0.1") or peer.startswith("127.") else "open", peer)


def datagram(address, port):
    family, kind, protocol, _, target = socket.getaddrinfo(address, int(port), type=socket.SOCK_DGRAM)[0]
    sock = socket.socket(family, kind, protocol)
    sock.settimeout(1)
    sock.sendto(b"\xc3\0\0\0\1" + bytes(1195), target)
    say("open", sock.recv(100))


TYPES = {"A": 1, "AAAA": 28, "TXT": 16, "HTTPS": 65, "SVCB": 64, "MX": 15, "ANY": 255}


def question(name, kind):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">HHHHHH", 0x4257, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", TYPES[kind], 1)


def lookup(name, kind, server="127.0.0.1"):
    query = question(name, kind)
    for by in "udp", "tcp":
        try:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if by == "udp" else socket.SOCK_STREAM)
            sock.settimeout(2)
            sock.connect((server, 53))
            if by == "udp":
                sock.send(query)
                reply = sock.recv(4096)
            else:
                sock.sendall(struct.pack(">H", len(query)) + query)
                reply = sock.recv(4096)[2:]
            if len(reply) < 12:
                say("refused", by, "closed")
                continue
            flags, _, answers = struct.unpack(">HHH", reply[2:8])
            say("answered", by, {0: "NOERROR", 3: "NXDOMAIN", 5: "REFUSED"}.get(flags & 15, flags & 15), answers)
        except TimeoutError:
            say("silent", by)
        except OSError as error:
            say("refused", by, error)


# ---- too much, too slow -----------------------------------------------------------------------------------------


def flood(host, count):
    opened, refused, socks, lock = [], [], [], threading.Lock()

    def one():
        try:
            sock = connect(host, 443)
            with lock:
                socks.append(sock)
                opened.append(1)
        except (Refused, OSError) as error:
            with lock:
                refused.append(error)

    for _ in range(int(count) // 50):
        threads = [threading.Thread(target=one) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    say("flood", len(opened), "opened", len(refused), "refused")
    for sock in socks:
        sock.close()
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            tunnel(host, 443)
            return
        except (Refused, OSError):
            time.sleep(1)
    say("silent", "no tunnel after the flood")


def borne(name, send, limit):
    """Says how long the proxy bears a connection on which send() goes on and on."""
    begin = time.monotonic()
    try:
        sock = proxy()
        sock.settimeout(0.5)
        while time.monotonic() - begin < limit:
            try:
                send(sock)
                if sock.recv(4096) == b"":
                    break
            except TimeoutError:
                continue
    except OSError:
        pass
    say("slow", name, int(time.monotonic() - begin))


def slow(host, limit):
    limit = float(limit)
    request_text = f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\nX: ".encode()
    drip = iter(request_text + b"a" * 100000)

    def half_hello():
        begin = time.monotonic()
        try:
            sock = connect(host, 443)
            sock.sendall(client_hello(host)[3][:60])
            sock.settimeout(limit)
            if sock.recv(10) == b"":
                pass
        except OSError:
            pass
        say("slow", "half-a-hello", int(time.monotonic() - begin))

    threads = [
        threading.Thread(target=borne, args=("says-nothing", lambda sock: None, limit)),
        threading.Thread(target=borne, args=("drips", lambda sock: sock.send(bytes([next(drip)])), limit)),
        threading.Thread(target=half_hello),
    ]
    for thread in threads:
        thread.start()
    time.sleep(1)
    tunnel(host, 443)
    for thread in threads:
        thread.join()


def hold(host):
    sock = connect(host, 443)
    tls = context().wrap_socket(sock, server_hostname=host)
    say("holding")
    tls.settimeout(None)
    begin = time.monotonic()
    try:
        tls.recv(1)
    except OSError:
        pass
    say("broken", int(time.monotonic() - begin))
    try:
        connect(host, 443)
        say("open", "another")
    except (Refused, OSError) as error:
        say("refused", error)


# ---- an ordinary proxy --------------------------------------------------------------------------------------------


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def pass_on(client):
    try:
        line = read_head(client).decode("latin-1").split("\r\n")[0]
        host, _, port = line.split()[1].rpartition(":")
        server = socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE)
    except (OSError, ValueError, IndexError) as error:
        client.sendall(f"HTTP/1.1 502 {error}\r\n\r\n".encode())
        client.close()
        return
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)


def ordinary_proxy():
    listener = socket.create_server(("127.0.0.1", 3128), backlog=1024)
    say("ready")
    threading.Timer(900, os._exit, (0,)).start()
    while True:
        threading.Thread(target=pass_on, args=(listener.accept()[0],), daemon=True).start()


def each(*attempts):
    for attempt in attempts:
        print(attempt, end=": ", flush=True)
        run(attempt.split())


VERBS = {
    f.__name__: f for f in (tunnel, fetch, hello, speak, request, plain, direct, datagram, lookup, flood, slow, hold, each)
}
VERBS["proxy"] = ordinary_proxy


def run(words):
    try:
        VERBS[words[0]](*words[1:])
    except TimeoutError as error:
        say("silent", error)
    except (Refused, OSError, UnicodeError) as error:
        say("refused", error)


run(sys.argv[1:])
