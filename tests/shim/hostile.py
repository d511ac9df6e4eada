# SPDX-License-Identifier: Apache-2.0
"""What must not disturb: broken clients, broken requests, an event server that is away."""
import os
import random
import socket
import subprocess
import time

from case import case
from client import EXHAUSTED, INVALID, NOT_FOUND, UNKNOWN, Connection, eventually, expect, expect_equal, refused
from wire import ANY, HEADER, IS_REQUEST, LARGEST, METHODS, REQUEST, RESPONSE, decoded, encoded, frame, read_frame, varint
from world import REFERENCE, RUNNING, alive

FULL_LIFE = ("create", "start", "exit", "delete")


def raw(task):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(10)
    sock.connect(task.address.removeprefix("unix://"))
    return sock


def request(task, method="State", extra=b""):
    return encoded(REQUEST, {"service": "containerd.task.v2.Task", "method": method,
                             "payload": encoded(METHODS[method][0], {"id": task.id}) + extra})


def answer(sock, stream):
    """The code of the answer on this stream."""
    got = read_frame(sock)
    expect(got is not None, "the connection was closed without an answer")
    expect_equal("stream of the answer", got[0], stream)
    return decoded(RESPONSE, got[3])["status"].get("code", 0)


def sockets(task):
    pid = task.shim_pid()
    return sum(os.readlink(f"/proc/{pid}/fd/{n}").startswith("socket:") for n in os.listdir(f"/proc/{pid}/fd"))


def let_go_of(task, held):
    """The server has no more sockets than before; the reference keeps those that ended within a frame."""
    if not REFERENCE:
        eventually(lambda: sockets(task) <= held, f"no more than {held} sockets", 10)


@case()
def garbage_disturbs_nobody(world):
    task = world.running("c")
    dice = random.Random(7)
    held = sockets(task)
    for size in (1, 9, 10, 11, 100, 5000, 70000):
        for _ in range(8):
            sock = raw(task)
            try:
                sock.sendall(dice.randbytes(size))
            except OSError:
                pass
            sock.close()
    for kind in (0, 2, 3, 4, 255):
        sock = raw(task)
        sock.sendall(frame(1, kind, b"x" * 10))
        sock.close()
    expect_equal("status", task.state()["status"], RUNNING)
    let_go_of(task, held)


@case()
def a_request_that_is_no_message_is_an_error(world):
    task = world.running("c")
    sock = raw(task)
    for stream, data in ((1, b"\xff" * 20), (3, b"\x0a\x7fshort"), (5, encoded(REQUEST, {
            "service": "containerd.task.v2.Task", "method": "State", "payload": b"\x0a\xff\xff\xff\xff\x7fx"}))):
        sock.sendall(frame(stream, IS_REQUEST, data))
        got = read_frame(sock)
        if got is None:  # upstream ends a connection whose envelope is broken
            sock = raw(task)
            continue
        code = decoded(RESPONSE, got[3])["status"].get("code", 0)
        expect(got[0] == stream and code != 0, f"stream {got[0]} has code {code}")
    expect_equal("status", task.state()["status"], RUNNING)


@case()
def a_frame_that_is_too_long_is_refused_and_passed_over(world):
    task = world.running("c")
    sock = raw(task)
    sock.sendall(HEADER.pack(LARGEST + 1, 1, IS_REQUEST, 0))
    sock.sendall(bytes(LARGEST + 1))
    expect_equal("code", answer(sock, 1), EXHAUSTED)
    sock.sendall(frame(3, IS_REQUEST, request(task)))
    expect_equal("code of the next", answer(sock, 3), 0)


@case()
def a_frame_of_the_greatest_length_is_taken(world):
    task = world.running("c")
    sock = raw(task)
    data = request(task)
    padding = LARGEST - len(data) - 5
    data += varint(200 << 3 | 2)[:2] + b"\x80\x80\x80\x00"[:0] + varint(padding - 1)
    data += bytes(LARGEST - len(data))
    expect_equal("length", len(data), LARGEST)
    sock.sendall(frame(1, IS_REQUEST, data))
    expect_equal("code", answer(sock, 1), 0)


@case()
def an_even_stream_is_refused(world):
    task = world.running("c")
    sock = raw(task)
    sock.sendall(frame(2, IS_REQUEST, request(task)))
    expect_equal("code", answer(sock, 2), INVALID)
    expect_equal("status", task.state()["status"], RUNNING)


@case(reference="is older than this rule")
def a_stream_that_was_used_is_refused(world):
    task = world.running("c")
    sock = raw(task)
    sock.sendall(frame(5, IS_REQUEST, request(task)))
    expect_equal("code", answer(sock, 5), 0)
    sock.sendall(frame(3, IS_REQUEST, request(task)))
    expect_equal("code", answer(sock, 3), INVALID)


@case()
def half_a_frame_and_the_end_disturbs_nobody(world):
    task = world.running("c")
    held = sockets(task)
    whole = frame(1, IS_REQUEST, request(task))
    for size in (0, 1, 9, 10, 11, len(whole) - 1):
        sock = raw(task)
        sock.sendall(whole[:size])
        sock.close()
    slow = raw(task)
    for i in range(len(whole)):
        slow.sendall(whole[i:i + 1])
    expect_equal("code of a frame in single bytes", answer(slow, 1), 0)
    slow.close()
    let_go_of(task, held)


@case()
def an_answer_goes_out_to_a_client_that_sends_no_more(world):
    task = world.running("c")
    sock = raw(task)
    sock.sendall(frame(1, IS_REQUEST, request(task)) + frame(3, IS_REQUEST, request(task, "Connect")))
    got = {read_frame(sock)[0], read_frame(sock)[0]}
    expect_equal("streams answered", got, {1, 3})


@case()
def two_hundred_connections_are_served_at_once(world):
    task = world.running("c")
    held = sockets(task)
    connections = [Connection(task.address) for _ in range(200)]
    waits = [c.send("Wait", id=task.id) for c in connections]
    for pending in [c.send("State", id=task.id) for c in connections]:
        expect_equal("status", pending.result()["status"], RUNNING)
    task.kill()
    for pending in waits:
        expect_equal("status by Wait", pending.result()["exit_status"], 137)
    for connection in connections:
        connection.close()
    let_go_of(task, held)


@case()
def a_thousand_requests_are_under_way_on_one_connection(world):
    task = world.running("c")
    waits = [task.send("Wait") for _ in range(1000)]
    for pending in [task.send("State") for _ in range(200)]:
        expect_equal("status", pending.result()["status"], RUNNING)
    expect(not any(w.done.is_set() for w in waits), "a Wait was answered")
    task.kill()
    for pending in waits:
        expect_equal("status by Wait", pending.result()["exit_status"], 137)


@case()
def fields_that_are_not_known_are_passed_over(world):
    task = world.running("c")
    extra = (varint(100 << 3) + varint(1 << 63) + varint(101 << 3 | 2) + varint(3) + b"abc" +
             varint(102 << 3 | 1) + bytes(8) + varint(103 << 3 | 5) + bytes(4))
    sock = raw(task)
    sock.sendall(frame(1, IS_REQUEST, request(task, "State", extra) + extra))
    expect_equal("code", answer(sock, 1), 0)


@case()
def a_timeout_that_has_passed_undoes_nothing(world):
    task = world.running("c")
    pending = task.connection.send_raw("Kill", encoded(METHODS["Kill"][0], {"id": task.id, "signal": 9}), {},
                                       timeout=30)
    pending.result()
    task.exits(137)


# ---- containers that cannot be made ----

def cannot_be_made(world, task, *words, **more):
    """Create says why in one sentence, and nothing is left."""
    message = refused(lambda: task.create(**more), UNKNOWN, *words)
    expect(message.startswith("OCI runtime create failed: "), f"the message is {message!r}")
    refused(task.state, NOT_FOUND)
    world.gone(task)
    expect_equal("events", world.events.of(task.id), [])
    expect(alive(task.shim_pid()), "the server is gone")


@case(reference="has other words")
def a_bundle_that_is_not_there_is_an_error(world):
    task = world.task("c", ["true"]).begin()
    cannot_be_made(world, task, "/run/no/bundle", bundle="/run/no/bundle")
    task.run().exits(0)


@case(reference="has other words")
def a_configuration_that_is_no_json_is_an_error(world):
    task = world.task("c", ["true"]).begin()
    for text in ("", "{", "[]", "{\"process\": 7}", "\0" * 100):
        with open(f"{task.bundle}/config.json", "w", encoding="utf8") as file:
            file.write(text)
        cannot_be_made(world, task, "config.json")


@case()
def a_program_that_is_not_there_is_an_error(world):
    task = world.task("c", ["/no/such/program"]).begin()
    try:
        task.create()
    except Exception as error:  # pylint: disable=broad-except
        expect("/no/such/program" in str(error), f"Create says {error}")
        refused(task.state, NOT_FOUND)
        return
    refused(lambda: task.call("Start"), UNKNOWN, "/no/such/program")
    task.wait()


@case()
def a_mount_that_cannot_be_made_is_an_error_and_leaves_nothing(world):
    task = world.task("c", ["true"]).begin()
    task.rootfs.append({"type": "bind", "source": "/run/no/source", "options": ["rbind"]})
    refused(task.create, (UNKNOWN, NOT_FOUND))
    refused(task.state, NOT_FOUND)
    world.gone(task)


@case(own=True)
def what_the_policy_refuses_is_said_in_one_sentence(world):
    def privileged(config):
        config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "network"]
    world.configure(Profile="hardened")
    task = world.task("c", ["true"], edit=privileged).begin()
    cannot_be_made(world, task, "network")


@case(own=True)
def the_default_is_not_compat(world):
    """Without options the installed policy, or the hardened profile, counts: the host's network is refused."""
    def on_the_host(config):
        config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "network"]
    task = world.task("c", ["true"], edit=on_the_host)
    task.address = world.start(task, b"")
    task.connection = Connection(task.address)
    refused(lambda: task.create(options={}), UNKNOWN, "network")


@case(own=True)
def an_exec_is_clamped_as_its_container_is(world):
    world.configure(Profile="hardened")
    task = world.task("c", ["sleep", "300"])
    task.begin().run()
    process = task.exec("e", ["grep", "^CapEff\\|^NoNewPrivs", "/proc/self/status"], capabilities={
        k: ["CAP_SYS_ADMIN"] for k in ("bounding", "effective", "permitted", "inheritable")}, noNewPrivileges=False)
    try:
        process.start()
    except Exception as error:  # pylint: disable=broad-except
        expect("CAP_SYS_ADMIN" in str(error), f"Start says {error}")
        return
    process.wait()
    got = dict(line.split(b":\t") for line in process.stdio.out.all().splitlines())
    expect_equal("NoNewPrivs", got[b"NoNewPrivs"], b"1")
    expect_equal("CAP_SYS_ADMIN", int(got[b"CapEff"], 16) >> 21 & 1, 0)
    process.delete()


@case(own=True)
def a_settings_file_with_an_error_is_refused_with_its_line(world):
    with open(world.config, "a", encoding="utf8") as file:
        file.write("Frobnicate 7\n")
    task = world.task("c", ["true"])
    done = world.action(task, "start", encoded(ANY, world.options()),
                        stderr=subprocess.STDOUT)
    if done.returncode == 0:
        task.address = done.stdout.decode()
        task.connection = Connection(task.address)
        refused(task.create, tuple(range(1, 17)), f"{world.config}:3")
    else:
        expect(f"{world.config}:3".encode() in done.stdout, f"start says {done.stdout!r}")


# ---- events ----

def whole_life(world, name, status=3):
    task = world.running(name, ["sh", "-c", f"exit {status}"]).exits(status)
    task.delete()
    return task


@case(reference="sends again behind later ones")
def events_wait_for_a_server_that_is_away(world):
    task = world.running("c")
    world.events.wait("start", task.id)
    world.events.close()
    wanted = [("create", task.id), ("start", task.id)]
    for i in range(5):
        task.exec(f"e{i}", ["true"]).start().exits(0).delete()
        wanted += [("exec-added", f"e{i}"), ("exec-started", f"e{i}"), ("exit", f"e{i}")]
        time.sleep(1)
    world.events.open()
    task.remove()
    world.events.wait("delete", task.id)
    expect_equal("events", world.events.of(task.id), [*wanted, ("exit", task.id), ("delete", task.id)])


@case(reference="sends again behind later ones")
def events_are_sent_when_the_server_was_never_there(world):
    world.events.close()
    task = whole_life(world, "c")
    world.events.open()
    world.events.wait("delete", task.id)
    expect_equal("events", world.events.of(task.id), [(w, task.id) for w in FULL_LIFE])


@case(reference="gives up after some seconds")
def an_event_server_that_hangs_holds_nothing_up(world):
    world.events.hangs = True
    before = time.monotonic()
    task = whole_life(world, "c")
    expect(time.monotonic() - before < 8, "calls waited for the event server")
    eventually(lambda: world.events.calls, "the server was asked")
    world.events.hangs = False
    world.events.wait("delete", task.id, 40)
    seen = world.events.of(task.id)
    expect_equal("events", sorted(set(seen), key=seen.index), [(w, task.id) for w in FULL_LIFE])


@case()
def the_end_does_not_wait_for_ever_for_an_event_server(world):
    task = world.running("c", ["true"]).exits(0)
    pid = task.shim_pid()
    world.events.wait("exit", task.id)
    world.events.hangs = True
    task.delete()
    task.shutdown()
    eventually(lambda: not alive(pid), "the server is gone", 15)
    world.events.hangs = False


@case(reference="hung once for 30 s; why is not known")
def a_server_lives_on_when_the_log_has_no_reader(world):
    task = world.task("c", ["true"])
    os.close(world.logs.pop(f"{task.bundle}/log"))
    os.unlink(f"{task.bundle}/log")
    world.add_log(f"{task.bundle}/log")
    task.begin()
    os.close(world.logs.pop(f"{task.bundle}/log"))
    refused(lambda: task.create(bundle="/run/no/bundle"), tuple(range(1, 17)))
    task.run().exits(0)
