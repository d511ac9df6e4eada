# SPDX-License-Identifier: Apache-2.0
"""The world around bulwark-warden, for warden.sh.

    warden.py serve DIRECTORY              name server, TLS and HTTP servers on every address of this namespace
    warden.py start DIRECTORY PROGRAM PID KILL   the program, for the "container" PID; its answer on standard output
    warden.py names                        the names that there are, for a certificate
    warden.py try WHAT [ARGUMENT]...       a client within the container; says in one line what came of it

serve logs to DIRECTORY: dns.log (questions), tls.log and http.log (connections, by the address that they came to).
start reads DIRECTORY/config.json and appends to DIRECTORY/events.
"""
import os
import select
import socket
import ssl
import struct
import sys
import threading
import time

NAMES = {  # what the name server says: a list of answers, one for each time that it is asked
    "pypi.example": [["9.9.9.10"]],
    "npm.example": [["9.9.9.11"]],
    "a.wild.example": [["9.9.9.11"]],
    "six.example": [["2600:9::10"]],
    "private.example": [["10.77.0.1"]],
    "metadata.example": [["169.254.169.254"]],
    "azure.example": [["168.63.129.16"]],
    "mapped.example": [["::ffff:10.77.0.1"]],
    "nat64.example": [["64:ff9b::a4d:1"]],
    "6to4.example": [["2002:a4d:1::1"]],
    "loopback.example": [["127.0.0.1"]],
    "own.example": [["9.9.9.1"]],
    "own-later.example": [["9.9.8.1"]],
    "range.example": [["9.9.7.1"]],
    "mixed.example": [["10.77.0.1", "9.9.9.10"]],
    "rebind.example": [["9.9.9.10"], ["10.77.0.1"]],
    "alias.example": [["inner.example", "10.77.0.1"]],
    "alias-public.example": [["outer.example", "9.9.9.10"]],
    "closed.example": [["9.9.9.12"]],
    "dead.example": [["9.9.9.99"]],
    "deb.example": [["9.9.9.10"]],
}
TTL = 0


# ---- the internet ----

def encode(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record(name, value):
    for family, kind in (socket.AF_INET, 1), (socket.AF_INET6, 28):
        try:
            data = socket.inet_pton(family, value)
            return kind, encode(name) + struct.pack(">HHIH", kind, 1, TTL, len(data)) + data
        except OSError:
            pass
    data = encode(value)
    return 5, encode(name) + struct.pack(">HHIH", 5, 1, TTL, len(data)) + data


def answer(query, asked):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
        at += 1 + query[at]
    name, kind = ".".join(labels).lower(), struct.unpack_from(">H", query, at + 1)[0]
    answers = NAMES.get(name)
    found = []
    if answers:
        turn = asked.setdefault((name, kind), -1) + 1
        asked[name, kind] = turn
        owner = name
        for value in answers[min(turn, len(answers) - 1)]:
            its_kind, data = record(owner, value)
            if its_kind == 5:
                owner = value
            if its_kind in (5, kind):
                found.append(data)
    head = query[:2] + struct.pack(">HHHHH", 0x8180 if answers else 0x8183, 1, len(found), 0, 0)
    return name, kind, head + query[12:at + 5] + b"".join(found)


def serve_dns(directory):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("9.9.9.53", 53))
    asked = {}
    while True:
        query, peer = sock.recvfrom(4096)
        name, kind, reply = answer(query, asked)
        with open(directory + "/dns.log", "a") as log:
            log.write(f"{name} {kind}\n")
        sock.sendto(reply, peer)


def plain_address(address):
    return address[0].removeprefix("::ffff:")


def serve_tls_client(conn, context, directory):
    seen = []

    def remember(sock, name, _context):
        seen.append(name)

    context.sni_callback = remember
    with open(directory + "/tls.log", "a") as log:
        log.write(plain_address(conn.getsockname()) + "\n")
    try:
        conn = context.wrap_socket(conn, server_side=True)
        request = b""
        while True:
            data = conn.recv(65536)
            if not data:
                break
            request += data
            if b"\r\n\r\n" in request and request.startswith(b"GET /"):
                size = int(request.split()[1][1:] or b"0")
                conn.sendall(b"hello " + seen[-1].encode() + b"\n" + b"x" * size)
                break
            if request.startswith(b"PUT /") and request.endswith(b"end"):
                conn.sendall(b"%d\n" % len(request))
                break
        conn.unwrap()
    except (OSError, ssl.SSLError):
        pass
    finally:
        conn.close()


def listener(port):
    sock = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1024)
    return sock


def serve_tls(directory, port, group):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory + "/server.pem", directory + "/server.key")
    if group:
        context.set_ecdh_curve(group)
    sock = listener(port)
    while True:
        conn, _ = sock.accept()
        threading.Thread(target=serve_tls_client, args=(conn, context, directory), daemon=True).start()


def serve_http(directory):
    sock = listener(80)
    while True:
        conn, _ = sock.accept()
        request = conn.recv(65536)
        with open(directory + "/http.log", "ab") as log:
            log.write(request)
        conn.sendall(b"HTTP/1.0 200 OK\r\n\r\nplain hello\n")
        conn.close()


def serve(directory):
    for target, args in ((serve_dns, (directory,)), (serve_tls, (directory, 443, None)),
                         (serve_tls, (directory, 8443, "secp384r1")), (serve_http, (directory,))):
        threading.Thread(target=target, args=args, daemon=True).start()
    time.sleep(0.2)
    open(directory + "/serving", "w").close()
    threading.Event().wait()


# ---- the program ----

def start(directory, program, pid, kill):
    config = os.open(directory + "/config.json", os.O_RDONLY)
    netns = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    pidfd = os.pidfd_open(int(pid))
    read, write = os.pipe()
    events = os.open(directory + "/events", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    kill = os.open(kill, os.O_WRONLY)
    stray = os.open("/etc/passwd", os.O_RDONLY)
    child = os.fork()
    if child == 0:
        high = [os.dup2(fd, 100 + i) for i, fd in enumerate((config, netns, pidfd, write, events, kill))]
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)
        os.set_inheritable(stray, True)
        os.execve(program, ["bulwark-warden"], {"LOCALDOMAIN": "evil.example"})
    os.close(write)
    text = b""
    while True:
        data = os.read(read, 4096)
        if not data:
            break
        text += data
    print(text.decode(), end="")
    print(child)


# ---- clients ----

def recv_all(sock, limit=1 << 20):
    data = b""
    try:
        while len(data) < limit:
            more = sock.recv(65536)
            if not more:
                break
            data += more
    except ConnectionError:
        data += b"<reset>"
    except TimeoutError:
        data += b"<timeout>"
    return data


def connect(port, host="127.0.0.1"):
    return socket.create_connection((host, port), timeout=20)


def proxy(target, host=None):
    """A connection on which the proxy has said something: (socket, status, text)."""
    sock = connect(3128)
    sock.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {host or target}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        data = sock.recv(1)
        if not data:
            return sock, 0, ""
        head += data
    status = int(head.split()[1])
    text = "" if status == 200 else recv_all(sock).decode().strip()
    return sock, status, text


def context(directory):
    made = ssl.create_default_context(cafile=directory + "/ca.pem")
    return made


def request(sock, directory, name, path="/"):
    with context(directory).wrap_socket(sock, server_hostname=name) as tls:
        tls.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return recv_all(tls)


def client_hello(name):
    made = ssl.create_default_context()
    made.check_hostname = False
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = made.wrap_bio(incoming, outgoing, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()[5:]


def with_extension(hello, kind, data):
    at = 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + struct.unpack_from(">H", hello, at)[0]
    at += 1 + hello[at]
    body = hello[4:at] + struct.pack(">H", len(hello) - at - 2 + 4 + len(data)) + hello[at + 2:]
    body += struct.pack(">HH", kind, len(data)) + data
    return b"\1" + len(body).to_bytes(3, "big") + body


def records(message, size=16384):
    parts = [message[i:i + size] for i in range(0, len(message), size)]
    return b"".join(b"\x16\3\1" + struct.pack(">H", len(part)) + part for part in parts)


def alert_of(data):
    if data[:1] == b"\x15" and len(data) >= 7:
        return f"alert {data[6]}"
    return "handshake" if data[:1] == b"\x16" else repr(data[:40])


def tunnel(name, port=443):
    sock, status, text = proxy(f"{name}:{port}")
    if status != 200:
        raise SystemExit(f"{status} {text}")
    sock.settimeout(20)
    return sock


HELLOS = {
    "plain": lambda name: records(client_hello(name)),
    "none": lambda name: records(client_hello(None)),
    "ech": lambda name: records(with_extension(client_hello(name), 0xfe0d, b"\0" * 32)),
    "esni": lambda name: records(with_extension(client_hello(name), 0xffce, b"\0" * 32)),
    "early": lambda name: records(with_extension(client_hello(name), 42, b"")),
    "long": lambda name: records(with_extension(client_hello(name), 0x1234, b"\0" * 17000)),
    "large": lambda name: records(with_extension(client_hello(name), 0x1234, b"\0" * 9000), 100),
    "records": lambda name: records(client_hello(name), 1),
    "sslv2": lambda name: b"\x80\x2e\1\0\2\0\x15\0\0\0\x10" + b"\0" * 40,
    "http": lambda name: b"GET / HTTP/1.1\r\n\r\n",
    "rubbish": lambda name: b"\x16\3\1\0\x2a\1\0\0\x26\3\3" + b"\0" * 36,
}


def try_hello(kind, name, said=None, port="443", pace="0"):
    """Through the proxy to name, with a ClientHello for said. pace: send byte by byte, as many a packet."""
    sock = tunnel(name, int(port)) if name != "-" else connect(int(port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = HELLOS[kind](said or name)
    step = int(pace) or len(data)
    try:
        for i in range(0, len(data), step):
            sock.sendall(data[i:i + step])
            if int(pace):
                time.sleep(0.0005)
        return alert_of(sock.recv(65536))
    except OSError:
        return "reset"


def try_second(name, said, before=""):
    """A second ClientHello for another name, to a server that asks for one; before: bytes in hexadecimal before it."""
    sock = tunnel(name, 8443)
    sock.sendall(records(client_hello(name)))
    first = sock.recv(65536)
    try:
        sock.sendall(bytes.fromhex(before) + records(client_hello(said)))
        return alert_of(first) + " " + repr(recv_all(sock)[-7:])
    except OSError:
        return alert_of(first) + " reset"


def try_fetch(directory, name, port="443", path="/"):
    sock, status, text = proxy(f"{name}:{port}")
    if status != 200:
        return f"{status} {text}"
    data = request(sock, directory, name, path)
    return f"{data.splitlines()[0].decode()} {len(data)}"


def try_put(directory, name, size):
    """Uploads, with the end of the connection said before the answer is read."""
    sock = tunnel(name)
    with context(directory).wrap_socket(sock, server_hostname=name) as tls:
        tls.sendall(b"PUT /" + b"y" * int(size) + b"end")
        return recv_all(tls).decode().strip()


def try_direct(directory, name, port="443"):
    """As a program that knows nothing of a proxy: the resolver says 127.0.0.1."""
    kind, address = 1, ask(name, 1)
    return f"{address} " + request(connect(int(port)), directory, name).decode().strip()


def try_ipv6(directory, name):
    return ask(name, 28) + " " + request(connect(443, "::1"), directory, name).decode().strip()


def try_connect(target, host=None):
    sock, status, text = proxy(target, host)
    return f"{status} {text}"


def try_raw(text):
    sock = connect(3128)
    sock.sendall(text.encode("latin-1").decode("unicode_escape").encode("latin-1"))
    return recv_all(sock).decode("latin-1").split("\r\n")[0]


def try_get(url, more=""):
    sock = connect(3128)
    sock.sendall(f"GET {url} HTTP/1.1\r\nHost: other.example\r\nProxy-Connection: keep-alive\r\nX-Own: 1\r\n{more}\r\n".encode())
    data = recv_all(sock).decode()
    return data.split("\r\n")[0] + " " + data.split("\n")[-2].strip()


def ask(name, kind, tcp=False, extra=b""):
    query = b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + encode(name) + struct.pack(">HH", int(kind), 1) + extra
    if tcp:
        sock = connect(53)
        sock.sendall(struct.pack(">H", len(query)) + query)
        data = sock.recv(4096)[2:]
    else:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.settimeout(2)
        sock.connect(("127.0.0.1", 53))
        sock.send(query)
        data = sock.recv(4096)
    code, count = data[3] & 15, struct.unpack_from(">H", data, 6)[0]
    if code or not count:
        return f"code {code}"
    return socket.inet_ntop(socket.AF_INET if int(kind) == 1 else socket.AF_INET6, data[-4 if int(kind) == 1 else -16:])


def try_ask(name, kind, how="udp"):
    return ask(name, kind, how == "tcp")


def try_questions(count):
    """A flood: how many are answered."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(0.5)
    answered = 0
    for i in range(int(count)):
        sock.sendto(b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + encode(f"secret{i}.evil.example") + b"\0\1\0\1", ("127.0.0.1", 53))
        while select.select([sock], [], [], 0)[0]:
            sock.recv(512)
            answered += 1
    return str(answered)


def try_flood(count):
    """That many connections at once; how many hear 503."""
    socks, full = [], 0
    for _ in range(int(count)):
        socks.append(connect(3128))
    time.sleep(0.5)
    for sock in socks:
        sock.settimeout(0.01)
        try:
            full += b" 503 " in sock.recv(4096)
        except OSError:
            pass
    return str(full)


def try_hold(count, name, ready):
    """That many tunnels to which nothing more is said, held until standard input ends."""
    hello, tunnels = records(client_hello(name)), []
    for _ in range(int(count)):
        sock = tunnel(name)
        sock.sendall(hello)
        sock.recv(1)
        tunnels.append(sock)
    open(ready, "w").close()
    sys.stdin.read()
    return str(len(tunnels))


def try_slow(what, name=None):
    """How long a peer that says nothing, or too little, is borne with, in seconds."""
    if what == "head":
        sock = connect(3128)
        sock.sendall(b"CONNECT ")
    elif what == "hello":
        sock = tunnel(name)
        sock.sendall(b"\x16\3\1\2\0\1")
    else:
        sock = connect(443)
    sock.settimeout(30)
    begin = time.monotonic()
    if what == "head":
        sock.settimeout(0.3)
        while time.monotonic() < begin + 30:
            try:
                sock.sendall(b"x")
                if not sock.recv(1000):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    else:
        recv_all(sock)
    return str(round(time.monotonic() - begin))


def try_stuck(directory, name, size):
    """Asks for much and reads nothing: until the gate closes."""
    sock = tunnel(name)
    tls = context(directory).wrap_socket(sock, server_hostname=name)
    tls.sendall(f"GET /{size} HTTP/1.0\r\n\r\n".encode())
    begin = time.monotonic()
    poll = select.poll()
    poll.register(tls.fileno(), select.POLLRDHUP | select.POLLHUP | select.POLLERR)
    poll.poll(30000)
    return str(round(time.monotonic() - begin))


def main():
    what, *args = sys.argv[1:]
    if what == "serve":
        serve(*args)
    elif what == "names":
        print(",".join("DNS:" + name for name in NAMES))
    elif what == "start":
        start(*args)
    else:
        what, *args = args
        try:
            print(globals()["try_" + what](*args))
        except OSError as error:
            print(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
