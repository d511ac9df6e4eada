# SPDX-License-Identifier: Apache-2.0
"""The three parts of egress.sh: servers, the warden's start, and the measuring client.

    egress.py serve DIRECTORY
    egress.py warden DIRECTORY PROGRAM PID
    egress.py measure DIRECTORY ROUNDS MEGABYTES NAME=HOST:PORT...   the first is the direct way
"""
import json
import os
import socket
import ssl
import statistics
import struct
import sys
import threading
import time

NAME = "pypi.example"
CHUNK = bytes(1 << 20)


# ---- the internet ----

def serve_names():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("9.9.9.10", 53))
    while True:
        query, peer = sock.recvfrom(512)
        end = query.index(b"\0", 12) + 5
        kind = struct.unpack(">H", query[end - 4:end - 2])[0]
        answers = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([9, 9, 9, 10]) if kind == 1 else b""
        sock.sendto(query[:2] + struct.pack(">HHHHH", 0x8180, 1, bool(answers), 0, 0) + query[12:end] + answers, peer)


def serve_client(conn, context):
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        with context.wrap_socket(conn, server_side=True) as tls:
            while wanted := tls.recv(16):
                left = int(wanted) << 20
                if not left:
                    tls.sendall(b"x")
                while left:
                    tls.sendall(CHUNK)
                    left -= len(CHUNK)
    except (OSError, ValueError):
        pass


def serve(directory):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{directory}/server.pem")
    threading.Thread(target=serve_names, daemon=True).start()
    listener = socket.create_server(("9.9.9.10", 443), backlog=1024)
    while True:
        threading.Thread(target=serve_client, args=(listener.accept()[0], context), daemon=True).start()


# ---- the warden, as bulwark starts it ----

def start_warden(directory, program, pid):
    config, answer = os.memfd_create("config"), os.pipe()
    os.write(config, json.dumps({"id": "bench", "user": 64976, "group": 64976, "allow": [NAME], "ports": [443],
                                 "nameservers": ["9.9.9.10"], "connections": 2000,
                                 "connectionsPerMinute": 1000000}).encode())
    os.lseek(config, 0, os.SEEK_SET)
    events = os.open(f"{directory}/events", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    kept = [config, os.open(f"/proc/{pid}/ns/net", os.O_RDONLY), os.pidfd_open(int(pid)), answer[1], events,
            os.open("/dev/null", os.O_WRONLY)]
    child = os.fork()
    if child == 0:
        aside = [os.dup2(fd, 100 + i) for i, fd in enumerate(kept)]
        for i, fd in enumerate(aside):
            os.dup2(fd, 3 + i, inheritable=True)
        os.closerange(9, 200)
        os.execve(program, ["bulwark-warden"], {})
    os.close(answer[1])
    with open(f"{directory}/pid", "w", encoding="ascii") as file:
        file.write(str(child))
    print(os.read(answer[0], 256).decode().strip())


# ---- the client ----

def connect(directory, way, direct):
    host, port = way.rsplit(":", 1)
    sock = socket.create_connection((host, int(port)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not direct:
        sock.sendall(f"CONNECT {NAME}:443 HTTP/1.1\r\nHost: {NAME}:443\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            data = sock.recv(1024)
            if not data:
                raise SystemExit(f"{way}: {head!r}")
            head += data
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise SystemExit(f"{way}: {head!r}")
    context = ssl.create_default_context(cafile=f"{directory}/certificate")
    return context.wrap_socket(sock, server_hostname=NAME)


def ask_for(sock, megabytes):
    sock.sendall(str(megabytes).encode())
    left = megabytes << 20 or 1
    buffer = bytearray(1 << 18)
    while left:
        got = sock.recv_into(buffer)
        if not got:
            raise SystemExit("the connection ended")
        left -= got


def one(directory, way, direct, megabytes):
    begin = time.perf_counter()
    with connect(directory, way, direct) as sock:
        ask_for(sock, megabytes)
    return time.perf_counter() - begin


def memory_of(pid):
    """Private bytes, in KiB."""
    total = 0
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith(("Private_Clean:", "Private_Dirty:")):
                total += int(line.split()[1])
    return total


def hold(directory, way, count, pid):
    """Connections at once, each through its handshake; what the warden needs then."""
    begin = time.perf_counter()
    held = [connect(directory, way, False) for _ in range(count)]
    seconds = time.perf_counter() - begin
    print(f"{count} connections at once: {count / seconds:.0f} a second, private memory {memory_of(pid)} KiB")
    for sock in held[::100]:
        ask_for(sock, 0)
    for sock in held:
        sock.close()


def measure(directory, rounds, megabytes, ways):
    with open(f"{directory}/pid", encoding="ascii") as file:
        pid = file.read()
    print(f"the warden, idle: private memory {memory_of(pid)} KiB")
    direct = ways[0][0]
    latencies, rates = {name: [] for name, _ in ways}, {name: [] for name, _ in ways}
    for _ in range(rounds):
        for name, way in ways:
            latencies[name].append(one(directory, way, name == direct, 0))
    for _ in range(5):
        for name, way in ways:
            rates[name].append(megabytes / one(directory, way, name == direct, megabytes))
    for name, _ in ways:
        latency, rate = statistics.median(latencies[name]), statistics.median(rates[name])
        print(f"{name:10} connection {latency * 1e3:6.2f} ms ({latency / statistics.median(latencies[direct]):.2f})   "
              f"throughput {rate:6.0f} MB/s ({rate / statistics.median(rates[direct]):.2f})")
    for name, way in ways:
        if name == "gate":
            hold(directory, way, 1000, pid)


def main():
    what, directory, *rest = sys.argv[1:]
    if what == "serve":
        serve(directory)
    elif what == "warden":
        start_warden(directory, *rest)
    else:
        measure(directory, int(rest[0]), int(rest[1]), [word.split("=", 1) for word in rest[2:]])


if __name__ == "__main__":
    # A thousand sockets, and what else there is.
    import resource
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    main()
