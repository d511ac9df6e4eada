#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A client of the container runtime interface, as far as cri.sh needs it.

	cri.py SOCKET METHOD [REQUEST]

calls METHOD of runtime.v1.RuntimeService; REQUEST and what is printed are JSON objects.  The numbers below are those
of the messages on the wire; only fields that the test asks for or sets are known here, others are passed over.
"""
import json
import sys

import grpc

# message: {field: (number, type)}; [type] is repeated, "map" is one of strings, a name is another message.
NUMBER = {"value": (1, "int")}
NAMESPACES = {"network": (1, "int"), "pid": (2, "int"), "ipc": (3, "int"), "target_id": (4, "str")}
SECCOMP = {"profile_type": (1, "int"), "localhost_ref": (2, "str")}
RESOURCES = {"cpu_period": (1, "int"), "cpu_quota": (2, "int"), "cpu_shares": (3, "int"),
             "memory_limit_in_bytes": (4, "int"), "oom_score_adj": (5, "int"), "cpuset_cpus": (6, "str")}
POD_METADATA = {"name": (1, "str"), "uid": (2, "str"), "namespace": (3, "str"), "attempt": (4, "int")}
METADATA = {"name": (1, "str"), "attempt": (2, "int")}
POD_SECURITY = {"namespace_options": (1, NAMESPACES), "run_as_user": (3, NUMBER), "readonly_rootfs": (4, "int"),
                "privileged": (6, "int"), "seccomp": (9, SECCOMP)}
POD = {"metadata": (1, POD_METADATA), "hostname": (2, "str"), "log_directory": (3, "str"), "labels": (6, "map"),
       "annotations": (7, "map"),
       "linux": (8, {"cgroup_parent": (1, "str"), "security_context": (2, POD_SECURITY), "sysctls": (3, "map")})}
SECURITY = {"capabilities": (1, {"add": (1, ["str"]), "drop": (2, ["str"])}), "privileged": (2, "int"),
            "namespace_options": (3, NAMESPACES), "run_as_user": (5, NUMBER), "readonly_rootfs": (7, "int"),
            "no_new_privs": (11, "int"), "run_as_group": (12, NUMBER), "masked_paths": (13, ["str"]),
            "readonly_paths": (14, ["str"]), "seccomp": (15, SECCOMP)}
MOUNT = {"container_path": (1, "str"), "host_path": (2, "str"), "readonly": (3, "int"), "propagation": (5, "int")}
CONTAINER = {"metadata": (1, METADATA), "image": (2, {"image": (1, "str")}), "command": (3, ["str"]),
             "args": (4, ["str"]), "working_dir": (5, "str"), "envs": (6, [{"key": (1, "str"), "value": (2, "str")}]),
             "mounts": (7, [MOUNT]), "labels": (9, "map"), "annotations": (10, "map"), "log_path": (11, "str"),
             "stdin": (12, "int"), "tty": (14, "int"),
             "linux": (15, {"resources": (1, RESOURCES), "security_context": (2, SECURITY)})}
POD_STATUS = {"id": (1, "str"), "state": (3, "int"), "network": (5, {"ip": (1, "str")}), "runtime_handler": (9, "str")}
STATUS = {"id": (1, "str"), "state": (3, "int"), "started_at": (5, "int"), "finished_at": (6, "int"),
          "exit_code": (7, "int"), "reason": (10, "str"), "message": (11, "str")}
STATS = {"cpu": (2, {"timestamp": (1, "int"), "usage_core_nano_seconds": (2, NUMBER)}),
         "memory": (3, {"timestamp": (1, "int"), "working_set_bytes": (2, NUMBER)})}
POD_ID = {"pod_sandbox_id": (1, "str")}
ID = {"container_id": (1, "str")}
LISTED = [{"id": (1, "str")}]

# method: (request, response)
METHODS = {
    "Version": ({"version": (1, "str")}, {"runtime_name": (2, "str"), "runtime_version": (3, "str")}),
    "Status": ({}, {"status": (1, {"conditions": (1, [{"type": (1, "str"), "status": (2, "int"),
                                                      "message": (4, "str")}])})}),
    "RunPodSandbox": ({"config": (1, POD), "runtime_handler": (2, "str")}, POD_ID),
    "StopPodSandbox": (POD_ID, {}),
    "RemovePodSandbox": (POD_ID, {}),
    "PodSandboxStatus": (POD_ID, {"status": (1, POD_STATUS)}),
    "ListPodSandbox": ({}, {"items": (1, LISTED)}),
    "CreateContainer": ({**POD_ID, "config": (2, CONTAINER), "sandbox_config": (3, POD)}, ID),
    "StartContainer": (ID, {}),
    "StopContainer": ({**ID, "timeout": (2, "int")}, {}),
    "RemoveContainer": (ID, {}),
    "ListContainers": ({}, {"containers": (1, LISTED)}),
    "ContainerStatus": (ID, {"status": (1, STATUS)}),
    "ContainerStats": (ID, {"stats": (1, STATS)}),
    "UpdateContainerResources": ({**ID, "linux": (2, RESOURCES)}, {}),
    "ExecSync": ({**ID, "cmd": (2, ["str"]), "timeout": (3, "int")},
                 {"stdout": (1, "str"), "stderr": (2, "str"), "exit_code": (3, "int")}),
}
MAP_ENTRY = {"key": (1, "str"), "value": (2, "str")}


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def encoded(message, value):
    """The bytes of one message.  A field that the table lacks is a mistake of the test."""
    out = b""
    for field, content in value.items():
        number, kind = message[field]
        if kind == "map":
            kind, content = [MAP_ENTRY], [{"key": k, "value": v} for k, v in content.items()]
        single = kind[0] if isinstance(kind, list) else kind
        for item in content if isinstance(kind, list) else [content]:
            if single == "int":
                out += varint(number << 3) + varint(int(item))
            else:
                data = item.encode() if single == "str" else encoded(single, item)
                out += varint(number << 3 | 2) + varint(len(data)) + data
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
    at = 0
    while at < len(data):
        tag, at = number_at(data, at)
        if tag & 7 == 0:
            content, at = number_at(data, at)
        else:
            size, at = {1: (8, at), 5: (4, at)}.get(tag & 7) or number_at(data, at)
            content, at = data[at:at + size], at + size
        yield tag >> 3, content


def decoded(message, data):
    """The message as a dictionary; what is absent on the wire has its zero value."""
    value = {}
    for field, (_, kind) in message.items():
        value[field] = [] if isinstance(kind, list) else {"int": 0, "str": ""}.get(kind) if isinstance(kind, str) else {}
    by_number = {number: (field, kind) for field, (number, kind) in message.items()}
    for number, content in fields(data):
        field, kind = by_number.get(number, (None, None))
        if field is None:
            continue
        single = kind[0] if isinstance(kind, list) else kind
        if single == "int":
            item = content - (1 << 64) if content >> 63 else content
        else:
            item = content.decode() if single == "str" else decoded(single, content)
        if isinstance(kind, list):
            value[field].append(item)
        else:
            value[field] = item
    return value


def main():
    socket, method = sys.argv[1:3]
    request, response = METHODS[method]
    text = sys.argv[3] if len(sys.argv) > 3 else "{}"
    with grpc.insecure_channel("unix://" + socket) as channel:
        call = channel.unary_unary("/runtime.v1.RuntimeService/" + method,
                                   request_serializer=lambda value: encoded(request, value),
                                   response_deserializer=lambda data: decoded(response, data))
        try:
            print(json.dumps(call(json.loads(text), timeout=50)))
        except grpc.RpcError as error:
            print(f"{error.code().name}: {error.details()}", file=sys.stderr)
            sys.exit(1)


if __name__ == "__main__":
    main()
