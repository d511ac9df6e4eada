# SPDX-License-Identifier: Apache-2.0
"""The action `start`: what it takes and prints, and the socket behind the address."""
import os
import socket
import stat
import subprocess
import threading
import time

from case import case
from client import Connection, eventually, expect, expect_equal
from wire import (ANY, BOOTSTRAP_PARAMS, IS_REQUEST, METHODS, REQUEST, RUNC_OPTIONS, RUNTIME_OPTIONS, any_of, encoded,
                  frame)
from world import NAMESPACE, REFERENCE, SHIM, SOCKETS, alive, content

LOG_DEBUG = -4


def works(task):
    """The container that belongs to this address does its work."""
    task.connection = Connection(task.address)
    task.run().exits(7)
    task.delete()


def started_with(world, stdin, name="c"):
    task = world.task(name, ["sh", "-c", "exit 7"])
    task.address = world.start(task, stdin)
    expect_equal("address", task.address, world.address_of(task.id))
    works(task)


@case()
def start_prints_the_address_alone_and_writes_it_to_a_file(world):
    task = world.task("c", ["true"])
    got = world.start(task)
    expect_equal("what start prints", got, world.address_of(task.id))
    expect_equal("the file address", open(f"{task.bundle}/address", encoding="utf8").read(), got)
    expect_equal("what else is in the bundle by a similar name",
                 [n for n in os.listdir(task.bundle) if "address" in n], ["address"])
    task.connection = Connection(got)


@case()
def the_socket_and_its_directory_are_for_the_owner(world):
    task = world.task("c", ["true"]).begin()
    path = task.address.removeprefix("unix://")
    expect_equal("mode of the socket", oct(os.stat(path).st_mode & 0o7777), oct(0o600))
    expect(stat.S_ISSOCK(os.stat(path).st_mode), f"{path} is no socket")
    expect_equal("what others may do in the directory of sockets", os.stat(SOCKETS).st_mode & 0o77, 0)


@case()
def the_server_keeps_no_stream_of_start(world):
    task = world.task("c", ["true"])
    before = time.monotonic()
    task.begin()
    expect(time.monotonic() - before < 10, "start was over after 10 s only")
    pid = task.shim_pid()
    at = {n: os.readlink(f"/proc/{pid}/fd/{n}") for n in "012"}
    expect_equal("descriptors 0 and 1 of the server", (at["0"], at["1"]), ("/dev/null", "/dev/null"))
    expect(at["2"] in ("/dev/null", f"{task.bundle}/log"), f"descriptor 2 of the server is {at['2']}")
    held = [os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")]
    expect(not [t for t in held if t.startswith("/") and "/tasks/" in t and not t.endswith("/log")],
           f"the server holds {held}")


@case()
def the_server_is_a_session_of_its_own_and_outlives_the_group_of_start(world):
    pid = world.task("c", ["true"]).begin().shim_pid()
    expect_equal("process group of the server", os.getpgid(pid), pid)
    expect(int(content(f"/proc/{pid}/oom_score_adj")) <= int(content("/proc/self/oom_score_adj")) + 1,
           "the server is killed for memory before others")


@case()
def start_takes_no_options(world):
    task = world.task("c", ["sh", "-c", "exit 7"])
    expect_equal("address", world.start(task, b""), world.address_of(task.id))
    task.connection = Connection(world.address_of(task.id))


@case(own=True)
def start_takes_the_options_of_a_runtime_by_path(world):
    started_with(world, encoded(ANY, world.options()))


@case(own=True)
def start_takes_the_options_of_a_runtime_as_text(world):
    body = f'Profile = "compat"\nRoot = "{world.state}"\n'.encode()
    options = any_of("runtimeoptions.v1.Options", RUNTIME_OPTIONS, {"config_body": body})
    world.options = lambda: options
    started_with(world, encoded(ANY, options))


@case()
def start_takes_the_options_of_runc(world):
    started_with(world, encoded(ANY, any_of("containerd.runc.v1.Options", RUNC_OPTIONS, {"root": world.state})))


@case(reference="refuses a type that it was not built with")
def start_takes_options_of_a_type_that_it_does_not_know(world):
    started_with(world, encoded(ANY, {"type_url": "example.org/unheard.of", "value": b"\x0a\x01x"}))


@case()
def options_without_a_value_are_none(world):
    task = world.task("c", ["true"])
    world.start(task, encoded(ANY, {"type_url": "containerd.runc.v1.Options"}))
    task.connection = Connection(world.address_of(task.id))


def parameters(world, task, **more):
    return encoded(BOOTSTRAP_PARAMS, {
        "instance_id": task.id, "namespace": NAMESPACE, "log_level": LOG_DEBUG, "containerd_version": "2.3.0",
        "ttrpc_address": world.grpc + ".ttrpc", "grpc_address": world.grpc, "containerd_binary": "/usr/bin/containerd",
        "extensions": [{"value": world.options()}], **more})


@case(reference="is older than this message")
def start_takes_the_parameters_of_containerd_2_3(world):
    task = world.task("c", ["sh", "-c", "exit 7"])
    task.address = world.start(task, parameters(world, task))
    expect_equal("address", task.address, world.address_of(task.id))
    works(task)


@case(reference="is older than this message")
def the_directory_of_sockets_may_be_chosen(world):
    directory = f"{world.top}/s"
    task = world.task("c", ["sh", "-c", "exit 7"])
    task.address = world.start(task, parameters(world, task, socket_dir=directory))
    expect_equal("address", task.address, world.address_of(task.id, directory))
    expect_equal("mode of the directory", oct(os.stat(directory).st_mode & 0o7777), oct(0o700))
    expect_equal("the link in the bundle", os.readlink(f"{task.bundle}/s"), directory)
    works(task)
    task.shutdown()
    eventually(lambda: not os.path.exists(task.address.removeprefix("unix://")), "the socket is gone", 10)


@case()
def a_second_start_of_the_same_name_gives_the_same_address(world):
    task = world.task("c", ["true"]).begin()
    pid = task.shim_pid()
    os.unlink(f"{task.bundle}/address")
    expect_equal("the second address", world.start(task), task.address)
    expect_equal("the file address", content(f"{task.bundle}/address"), task.address)
    expect_equal("the server", task.shim_pid(), pid)


def in_group(config):
    config["annotations"] = {"io.kubernetes.cri.sandbox-id": os.environ["ID"] + "-pod"}


@case(reference="one of the two may fail while the other binds")
def starts_of_one_group_at_once_come_to_one_server(world):
    tasks = [world.task(f"c{i}", ["true"], edit=in_group) for i in range(6)]
    got = {}

    def begin(task):
        try:
            got[task.id] = world.start(task)
        except Exception as error:  # pylint: disable=broad-except
            got[task.id] = error
    threads = [threading.Thread(target=begin, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect_equal("the addresses", set(map(str, got.values())), {world.address_of(os.environ["ID"] + "-pod")})
    pids = set()
    for task in tasks:
        task.connection = Connection(got[task.id])
        pids.add(task.shim_pid())
        expect_equal("the file address", content(f"{task.bundle}/address"), got[task.id])
    expect_equal("number of servers", len(pids), 1)


@case()
def a_socket_that_nobody_listens_on_is_replaced(world):
    task = world.task("c", ["sh", "-c", "exit 7"])
    path = world.address_of(task.id).removeprefix("unix://")
    os.makedirs(SOCKETS, mode=0o700, exist_ok=True)
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(path)
    stale.close()
    task.begin()
    works(task)


@case(own=True)
def what_is_no_socket_is_not_replaced(world):
    task = world.task("c", ["true"])
    path = world.address_of(task.id).removeprefix("unix://")
    os.makedirs(path)
    done = world.action(task, "start", b"", stderr=subprocess.STDOUT)
    expect(done.returncode != 0, "start came through")
    expect(done.stdout.count(b"\n") <= 1 and path.encode() in done.stdout, f"start says {done.stdout!r}")
    os.rmdir(path)


def answered(path, user, group, request):
    """Whether the server answers a client with this identity, which is a child's."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(group, group, group)
            os.setresuid(user, user, user)
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(10)
            sock.connect(path)
            sock.sendall(request)
            os._exit(0 if sock.recv(100) else 1)
        except (BrokenPipeError, ConnectionResetError):
            os._exit(1)
        finally:
            os._exit(2)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    expect(status in (0, 1), f"{user}:{group} could not connect")
    return status == 0


@case()
def a_peer_of_another_user_or_group_is_sent_away(world):
    task = world.task("c", ["true"]).begin()
    path = task.address.removeprefix("unix://")
    os.chmod(os.path.dirname(SOCKETS), 0o755)
    os.chmod(SOCKETS, 0o755)
    os.chmod(path, 0o666)
    request = frame(1, IS_REQUEST, encoded(REQUEST, {
        "service": "containerd.task.v2.Task", "method": "Connect",
        "payload": encoded(METHODS["Connect"][0], {"id": task.id})}))
    found = [answered(path, user, group, request) for user, group in ((0, 0), (65534, 65534), (0, 65534), (65534, 0))]
    expect_equal("who was answered: the owner, others, another group, another user", found, [True, False, False, False])
    task.shim_pid()


@case()
def flags_may_be_written_in_every_way_of_go(world):
    task = world.task("c", ["true"])
    done = subprocess.run([SHIM, f"--namespace={NAMESPACE}", "--address", world.grpc, f"-id={task.id}",
                           "-publish-binary=/bin/true", "-debug=false", "start"],
                          cwd=task.bundle, input=b"", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20,
                          check=True, env={**os.environ, "TTRPC_ADDRESS": world.grpc + ".ttrpc"})
    expect_equal("address", done.stdout.decode(), world.address_of(task.id))
    task.connection = Connection(done.stdout.decode())


@case()
def both_versions_of_the_service_are_there(world):
    task = world.task("c", ["true"]).begin()
    services = ["containerd.task.v2.Task"] + ([] if REFERENCE else ["containerd.task.v3.Task"])
    for service in services:
        other = Connection(task.address, service)
        expect(alive(other.call("Connect", id=task.id)["shim_pid"]), f"{service} names no process")
