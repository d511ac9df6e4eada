# SPDX-License-Identifier: Apache-2.0
"""What goes over the wire between containerd and a shim: protobuf messages by table, and ttrpc frames.

A table is {field: (number, kind)}.  A kind is "int" (unsigned), "signed" (of 64 bits), "str", "bytes", "map" (of
strings) or another table; [kind] is repeated.  Only what the tests set or ask for is in the tables; other fields are
passed over.  Shares no code with the program under test, so that a mistake does not cancel itself out.
"""
import struct

# ---- messages ----

TIMESTAMP = {"seconds": (1, "signed"), "nanos": (2, "int")}
ANY = {"type_url": (1, "str"), "value": (2, "bytes")}
STATUS = {"code": (1, "int"), "message": (2, "str")}
REQUEST = {"service": (1, "str"), "method": (2, "str"), "payload": (3, "bytes"), "timeout_nano": (4, "signed"),
           "metadata": (5, "map")}
RESPONSE = {"status": (1, STATUS), "payload": (2, "bytes")}
MOUNT = {"type": (1, "str"), "source": (2, "str"), "target": (3, "str"), "options": (4, ["str"])}
TASK = {"id": (1, "str")}
PROCESS = {**TASK, "exec_id": (2, "str")}
EXITED = {"pid": (1, "int"), "exit_status": (2, "int"), "exited_at": (3, TIMESTAMP)}
EMPTY = {}

# method of the Task service: (request, response)
METHODS = {
    "Create": ({**TASK, "bundle": (2, "str"), "rootfs": (3, [MOUNT]), "terminal": (4, "int"), "stdin": (5, "str"),
                "stdout": (6, "str"), "stderr": (7, "str"), "checkpoint": (8, "str"), "options": (10, ANY)},
               {"pid": (1, "int")}),
    "Connect": (TASK, {"shim_pid": (1, "int"), "task_pid": (2, "int"), "version": (3, "str")}),
    "Start": (PROCESS, {"pid": (1, "int")}),
    "State": (PROCESS, {"id": (1, "str"), "bundle": (2, "str"), "pid": (3, "int"), "status": (4, "int"),
                        "stdin": (5, "str"), "stdout": (6, "str"), "stderr": (7, "str"), "terminal": (8, "int"),
                        "exit_status": (9, "int"), "exited_at": (10, TIMESTAMP), "exec_id": (11, "str")}),
    "Exec": ({**PROCESS, "terminal": (3, "int"), "stdin": (4, "str"), "stdout": (5, "str"), "stderr": (6, "str"),
              "spec": (7, ANY)}, EMPTY),
    "Delete": (PROCESS, EXITED),
    "Pids": (TASK, {"processes": (1, [{"pid": (1, "int"), "info": (2, ANY)}])}),
    "Pause": (TASK, EMPTY),
    "Resume": (TASK, EMPTY),
    "Kill": ({**PROCESS, "signal": (3, "int"), "all": (4, "int")}, EMPTY),
    "CloseIO": ({**PROCESS, "stdin": (3, "int")}, EMPTY),
    "ResizePty": ({**PROCESS, "width": (3, "int"), "height": (4, "int")}, EMPTY),
    "Update": ({**TASK, "resources": (2, ANY), "annotations": (3, "map")}, EMPTY),
    "Wait": (PROCESS, {"exit_status": (1, "int"), "exited_at": (2, TIMESTAMP)}),
    "Stats": (TASK, {"stats": (1, ANY)}),
    "Checkpoint": ({**TASK, "path": (2, "str"), "options": (3, ANY)}, EMPTY),
    "Shutdown": ({**TASK, "now": (2, "int")}, EMPTY),
}

EVENT_IO = {"stdin": (1, "str"), "stdout": (2, "str"), "stderr": (3, "str"), "terminal": (4, "int")}
EVENT_TASK = {"container_id": (1, "str")}
# topic: (type, message)
EVENTS = {
    "/tasks/create": ("TaskCreate", {**EVENT_TASK, "bundle": (2, "str"), "rootfs": (3, [MOUNT]), "io": (4, EVENT_IO),
                                     "checkpoint": (5, "str"), "pid": (6, "int")}),
    "/tasks/start": ("TaskStart", {**EVENT_TASK, "pid": (2, "int")}),
    "/tasks/exit": ("TaskExit", {**EVENT_TASK, "id": (2, "str"), "pid": (3, "int"), "exit_status": (4, "int"),
                                 "exited_at": (5, TIMESTAMP)}),
    "/tasks/delete": ("TaskDelete", {**EVENT_TASK, "pid": (2, "int"), "exit_status": (3, "int"),
                                     "exited_at": (4, TIMESTAMP), "id": (5, "str")}),
    "/tasks/oom": ("TaskOOM", EVENT_TASK),
    "/tasks/exec-added": ("TaskExecAdded", {**EVENT_TASK, "exec_id": (2, "str")}),
    "/tasks/exec-started": ("TaskExecStarted", {**EVENT_TASK, "exec_id": (2, "str"), "pid": (3, "int")}),
    "/tasks/paused": ("TaskPaused", EVENT_TASK),
    "/tasks/resumed": ("TaskResumed", EVENT_TASK),
    "/tasks/checkpointed": ("TaskCheckpointed", {**EVENT_TASK, "checkpoint": (2, "str")}),
}
ENVELOPE = {"timestamp": (1, TIMESTAMP), "namespace": (2, "str"), "topic": (3, "str"), "event": (4, ANY)}
FORWARD = {"envelope": (1, ENVELOPE)}

RUNC_OPTIONS = {"shim_cgroup": (3, "str"), "io_uid": (4, "int"), "io_gid": (5, "int"), "binary_name": (6, "str"),
                "root": (7, "str"), "systemd_cgroup": (9, "int")}
RUNTIME_OPTIONS = {"type_url": (1, "str"), "config_path": (2, "str"), "config_body": (3, "bytes")}
PROCESS_DETAILS = {"exec_id": (1, "str")}
BOOTSTRAP_PARAMS = {"instance_id": (1, "str"), "namespace": (2, "str"), "log_level": (3, "signed"),
                    "containerd_version": (4, "str"), "ttrpc_address": (5, "str"), "grpc_address": (6, "str"),
                    "containerd_binary": (7, "str"), "extensions": (8, [{"value": (1, ANY)}]),
                    "socket_dir": (9, "str")}

PIDS_METRIC = {"current": (1, "int"), "limit": (2, "int")}
# type of a Stats answer: its message
METRICS = {
    "io.containerd.cgroups.v1.Metrics": {
        "pids": (2, PIDS_METRIC),
        "cpu": (3, {"usage": (1, {"total": (1, "int"), "kernel": (2, "int"), "user": (3, "int")})}),
        "memory": (4, {"cache": (1, "int"), "rss": (2, "int"), "usage": (33, {"limit": (1, "int"), "usage": (2, "int")})})},
    "io.containerd.cgroups.v2.Metrics": {
        "pids": (1, PIDS_METRIC),
        "cpu": (2, {"usage_usec": (1, "int")}),
        "memory": (4, {"anon": (1, "int"), "usage": (32, "int"), "usage_limit": (33, "int")})},
}
MAP_ENTRY = {"key": (1, "str"), "value": (2, "str")}


# ---- protobuf ----

def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def single(number, kind, item):
    if kind in ("int", "signed"):
        return varint(number << 3) + varint(int(item))
    if isinstance(kind, dict):
        item = encoded(kind, item)
    elif kind == "str":
        item = item.encode()
    return varint(number << 3 | 2) + varint(len(item)) + item


def encoded(message, value):
    """The bytes of one message.  A field that the table lacks is a mistake of the test."""
    out = b""
    for field, content in value.items():
        number, kind = message[field]
        if kind == "map":
            kind, content = [MAP_ENTRY], [{"key": k, "value": v} for k, v in content.items()]
        if not isinstance(kind, list):
            kind, content = [kind], [content]
        out += b"".join(single(number, kind[0], item) for item in content)
    return out


def number_at(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return number, at


def fields(data):
    """Every (number, content); what stands for a length must be there in full."""
    at = 0
    while at < len(data):
        tag, at = number_at(data, at)
        if tag & 7 == 0:
            content, at = number_at(data, at)
        else:
            size, at = {1: (8, at), 5: (4, at)}.get(tag & 7) or number_at(data, at)
            if at + size > len(data):
                raise ValueError(f"field {tag >> 3} has {size} bytes, {len(data) - at} are there")
            content, at = data[at:at + size], at + size
        yield tag >> 3, content


def value_of(kind, content):
    if kind == "signed":
        return content - (1 << 64) if content >> 63 else content
    if kind == "str":
        return content.decode()
    return decoded(kind, content) if isinstance(kind, dict) else content


def empty_value(kind):
    if isinstance(kind, list):
        return []
    if kind == "map" or isinstance(kind, dict):
        return {}
    return {"str": "", "bytes": b""}.get(kind, 0)


def decoded(message, data):
    """The message as a dictionary; what is absent on the wire has its zero value, an absent message is {}."""
    out = {field: empty_value(kind) for field, (_, kind) in message.items()}
    known = {number: (field, kind) for field, (number, kind) in message.items()}
    for number, content in fields(data):
        field, kind = known.get(number, (None, None))
        if field is None:
            continue
        if kind == "map":
            entry = decoded(MAP_ENTRY, content)
            out[field][entry["key"]] = entry["value"]
        elif isinstance(kind, list):
            out[field].append(value_of(kind[0], content))
        else:
            out[field] = value_of(kind, content)
    return out


def any_of(type_url, message, value):
    return {"type_url": type_url, "value": encoded(message, value)}


# ---- ttrpc ----

HEADER = struct.Struct(">IIBB")  # length, stream, type, flags
IS_REQUEST, IS_RESPONSE = 1, 2
LARGEST = 4 << 20


def frame(stream, kind, data, flags=0):
    return HEADER.pack(len(data), stream, kind, flags) + data


def exactly(sock, size):
    """That many bytes; None at the end of the stream."""
    parts = []
    while size:
        part = sock.recv(min(size, 1 << 16))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def read_frame(sock):
    """(stream, type, flags, data); None at the end of the stream."""
    head = exactly(sock, HEADER.size)
    if head is None:
        return None
    size, stream, kind, flags = HEADER.unpack(head)
    data = exactly(sock, size)
    return None if data is None else (stream, kind, flags, data)
