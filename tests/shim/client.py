# SPDX-License-Identifier: Apache-2.0
"""The parts of containerd that a shim meets: a client of its Task service, a server for its events, and the far ends of
its fifos.  All of them wait with a limit; what takes longer is a failure, not a hang.
"""
import os
import select
import socket
import threading
import time

from wire import (EVENTS, FORWARD, IS_REQUEST, IS_RESPONSE, METHODS, REQUEST, RESPONSE, decoded, encoded,
                  frame, read_frame)

PATIENCE = 30  # seconds; the machine may be loaded
TASK_V2, TASK_V3 = "containerd.task.v2.Task", "containerd.task.v3.Task"
UNKNOWN, INVALID, NOT_FOUND, EXISTS, EXHAUSTED, PRECONDITION, UNIMPLEMENTED = 2, 3, 5, 6, 8, 9, 12


class Failure(AssertionError):
    """What a case found wrong."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def expect_equal(what, got, wanted):
    expect(got == wanted, f"{what} is {got!r}, expected {wanted!r}")


def eventually(condition, what, seconds=PATIENCE):
    """The first true value that condition() gives."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        expect(time.monotonic() < end, f"not within {seconds} s: {what}")
        time.sleep(0.005)


class RpcError(Exception):
    def __init__(self, method, code, message):
        super().__init__(f"{method}: code {code}: {message}")
        self.code, self.message = code, message


# ---- calling the shim ----

class Pending:
    """One request under way."""

    def __init__(self, method, answer):
        self.method, self.answer = method, answer
        self.done, self.response, self.at = threading.Event(), None, None

    def finish(self, response):
        self.response, self.at = response, time.monotonic()
        self.done.set()

    def result(self, seconds=PATIENCE):
        expect(self.done.wait(seconds), f"{self.method} has no answer after {seconds} s")
        expect(self.response is not None, f"{self.method}: the connection was closed without an answer")
        status = self.response["status"]
        if status.get("code"):
            # An engine decodes the payload before it looks at the status.
            expect_equal(f"payload of a failed {self.method}", self.response["payload"], b"")
            raise RpcError(self.method, status["code"], status["message"])
        return decoded(self.answer, self.response["payload"])


class Connection:
    """One ttrpc connection to a shim; answers may come in any order."""

    def __init__(self, address, service=TASK_V2):
        expect(address.startswith("unix:///"), f"the address is {address!r}, expected unix:///…")
        self.address, self.service = address, service
        self.stream, self.pending, self.lock = 1, {}, threading.Lock()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(address[len("unix://"):])
        self.closed = threading.Event()
        threading.Thread(target=self.receive, daemon=True).start()

    def receive(self):
        try:
            while True:
                got = read_frame(self.socket)
                if got is None:
                    break
                waiting = self.pending.pop(got[0], None)
                if waiting and got[1] == IS_RESPONSE:
                    waiting.finish(decoded(RESPONSE, got[3]))
        except OSError:
            pass
        self.closed.set()
        for waiting in list(self.pending.values()):
            waiting.finish(None)

    def send_raw(self, method, payload, answer=None, stream=None, service=None, timeout=0):
        request = {"service": service or self.service, "method": method, "payload": payload}
        if timeout:
            request["timeout_nano"] = int(timeout * 1e9)
        with self.lock:
            if stream is None:
                stream = self.stream
                self.stream += 2
            waiting = self.pending[stream] = Pending(method, answer or {})
            self.socket.sendall(frame(stream, IS_REQUEST, encoded(REQUEST, request)))
        return waiting

    def send(self, method, **request):
        ask, answer = METHODS[method]
        return self.send_raw(method, encoded(ask, request), answer)

    def call(self, method, seconds=PATIENCE, **request):
        return self.send(method, **request).result(seconds)

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()


def refused(call, code, *words):
    """call() is refused with this code (or one of these), and with a message of one line that has these words."""
    try:
        got = call()
    except RpcError as error:
        expect(error.code in (code if isinstance(code, tuple) else (code,)), f"{error}, expected code {code}")
        expect(error.message and "\n" not in error.message, f"the message is {error.message!r}, expected one line")
        for word in words:
            expect(word in error.message, f"the message is {error.message!r}, expected {word!r} in it")
        return error.message
    raise Failure(f"accepted with {got!r}, expected code {code}")


# ---- receiving events ----

class Event:
    def __init__(self, envelope):
        self.topic, self.namespace = envelope["topic"], envelope["namespace"]
        self.timestamp, self.at = envelope["timestamp"], time.monotonic()
        expect(self.topic in EVENTS, f"an event has the unknown topic {self.topic!r}")
        name, message = EVENTS[self.topic]
        expect_equal(f"type of {self.topic}", envelope["event"]["type_url"], f"containerd.events.{name}")
        self.body = decoded(message, envelope["event"]["value"])

    def whose(self):
        return self.body.get("id") or self.body.get("exec_id") or self.body["container_id"]

    def __repr__(self):
        return f"{self.topic} {self.whose()}"


class EventServer:
    """containerd's Events service.  While `hangs`, it takes requests and does not answer."""

    def __init__(self, path):
        self.path, self.hangs = path, False
        self.got, self.wrong, self.calls = [], [], 0
        self.open()

    def open(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        self.connections = []
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def close(self):
        """As if containerd had ended: its socket goes, and every connection."""
        os.unlink(self.path)
        for sock in [self.listener, *self.connections]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            self.connections.append(sock)
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        try:
            while True:
                got = read_frame(sock)
                if got is None:
                    return
                self.calls += 1
                if not self.hangs:
                    self.take(got[3])
                    sock.sendall(frame(got[0], IS_RESPONSE, b""))
        except OSError:
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.wrong.append(error)

    def take(self, data):
        request = decoded(REQUEST, data)
        expect_equal("service", request["service"], "containerd.services.events.ttrpc.v1.Events")
        expect_equal("method", request["method"], "Forward")
        event = Event(decoded(FORWARD, request["payload"])["envelope"])
        expect_equal(f"metadata of {event.topic}", request["metadata"].get("containerd-namespace-ttrpc"),
                     event.namespace)
        self.got.append(event)

    def of(self, container):
        """What came about one container, in order: [(what, id), …]."""
        return [(e.topic.removeprefix("/tasks/"), e.whose()) for e in list(self.got)
                if e.body["container_id"] == container]

    def wait(self, what, whose, seconds=PATIENCE):
        """The first such event."""
        def found():
            return next((e for e in list(self.got) if e.topic == "/tasks/" + what and e.whose() == whose), None)
        event = eventually(found, f"event {what} of {whose}; there are {self.got!r}", seconds)
        return event


# ---- the far ends of fifos ----

class Reader:
    """Takes what comes out of a fifo until its end, `slow` seconds between pieces; begins when it is told."""

    def __init__(self, path, slow=0.0, begin=True):
        self.path, self.slow, self.data, self.ended = path, slow, b"", threading.Event()
        # A fifo that no writer has opened yet does not count as ended for poll().
        self.descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self.stop, self.stopper = os.pipe()
        self.thread = threading.Thread(target=self.read, daemon=True)
        if begin:
            self.thread.start()

    def begin(self):
        self.thread.start()

    def read(self):
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        poll.register(self.stop, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if self.stop in ready:
                return
            piece = os.read(self.descriptor, 1 << 16)
            if not piece:
                self.ended.set()
                return
            self.data += piece
            time.sleep(self.slow)

    def detach(self):
        """As if the client had died."""
        os.write(self.stopper, b"x")
        if self.thread.ident:
            self.thread.join()
        for descriptor in self.descriptor, self.stop, self.stopper:
            os.close(descriptor)

    def has(self, text, seconds=PATIENCE):
        eventually(lambda: text in self.data, f"{text!r} on {self.path}; there is {self.data[-300:]!r}", seconds)

    def all(self, seconds=PATIENCE):
        expect(self.ended.wait(seconds), f"no end of {self.path} after {seconds} s; there is {self.data[-300:]!r}")
        return self.data


class Stdio:
    """The fifos of one process: which of "in", "out" and "err" it has is up to the case."""

    def __init__(self, directory, which=("out", "err"), **reading):
        os.makedirs(directory)
        self.path = {name: f"{directory}/{name}" if name in which else "" for name in ("in", "out", "err")}
        for name in which:
            os.mkfifo(self.path[name], 0o700)
        self.writer = None
        self.out, self.err = (Reader(self.path[n], **reading) if self.path[n] else None for n in ("out", "err"))

    def fields(self):
        return {"stdin": self.path["in"], "stdout": self.path["out"], "stderr": self.path["err"]}

    def write(self, data):
        if self.writer is None:
            self.writer = eventually(self.open_writer, f"a reader of {self.path['in']}")
        while data:
            data = data[os.write(self.writer, data):]

    def open_writer(self):
        try:
            descriptor = os.open(self.path["in"], os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        os.set_blocking(descriptor, True)
        return descriptor

    def close_writer(self):
        os.close(self.writer)
        self.writer = None
