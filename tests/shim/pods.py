# SPDX-License-Identifier: Apache-2.0
"""Several containers in one server, as the containers of a pod are."""
import os
import time

from case import case
from client import NOT_FOUND, Connection, eventually, expect, expect_equal, refused
from world import RUNNING, alive

FULL_LIFE = ("create", "start", "exit", "delete")


def pod(world):
    """A sandbox and a container in it, both running in one server."""
    name = os.environ["ID"] + "-sandbox"

    def member(config):
        config["annotations"] = {"io.kubernetes.cri.sandbox-id": name}
    sandbox = world.running("sandbox", edit=member)
    other = world.running("app", edit=member)
    expect_equal("addresses", (sandbox.address, other.address), (world.address_of(name),) * 2)
    expect_equal("servers", sandbox.shim_pid(), other.shim_pid())
    return sandbox, other


@case()
def two_containers_of_a_pod_share_a_server(world):
    sandbox, other = pod(world)
    expect(sandbox.pid != other.pid, "both have the same pid")
    expect_equal("State by the other connection", sandbox.connection.call("State", id=other.id)["pid"], other.pid)
    for task in other, sandbox:
        expect_equal("the file address", open(f"{task.bundle}/address", encoding="utf8").read(), sandbox.address)
        expect_equal("task_pid", task.call("Connect")["task_pid"], task.pid)
        task.remove()
        world.events.wait("delete", task.id)
        expect_equal("events", world.events.of(task.id), [(w, task.id) for w in FULL_LIFE])


@case()
def the_end_of_one_leaves_the_other(world):
    sandbox, other = pod(world)
    server = sandbox.shim_pid()
    other.remove()
    other.shutdown()
    time.sleep(0.3)
    expect(alive(server), "the server went with the first")
    expect_equal("status of the other", sandbox.state()["status"], RUNNING)
    refused(other.state, NOT_FOUND)
    sandbox.exec("e", ["true"]).start().exits(0).delete()
    sandbox.remove()
    sandbox.shutdown()
    eventually(lambda: not alive(server), "the server is gone", 10)


@case()
def the_action_delete_for_one_leaves_the_other_and_the_server(world):
    sandbox, other = pod(world)
    server = sandbox.shim_pid()
    other.remove()
    world.delete_action(other)
    again = Connection(sandbox.address)
    expect_equal("status of the other", again.call("State", id=sandbox.id)["status"], RUNNING)
    expect_equal("server", again.call("Connect", id=sandbox.id)["shim_pid"], server)
    expect(alive(sandbox.pid), "the other was killed")


@case()
def execs_of_the_same_name_in_two_containers_are_two(world):
    sandbox, other = pod(world)
    one, two = sandbox.exec("e", ["sh", "-c", "exit 1"]), other.exec("e", ["sh", "-c", "exit 2"])
    one.start()
    two.start()
    one.exits(1).delete()
    two.exits(2).delete()
    refused(one.state, NOT_FOUND)


@case(reference="has one annotation of another name")
def an_annotation_of_our_own_groups_too(world):
    name = os.environ["ID"] + "-group"

    def member(config):
        config["annotations"] = {"io.containerd.bulwark.v2.group": name, "io.kubernetes.cri.sandbox-id": "other"}
    one, two = (world.running(n, edit=member) for n in ("one", "two"))
    expect_equal("addresses", (one.address, two.address), (world.address_of(name),) * 2)


@case()
def a_container_without_a_group_has_a_server_of_its_own(world):
    one, two = world.running("one"), world.running("two")
    expect(one.address != two.address and one.shim_pid() != two.shim_pid(), "two containers share a server")


@case()
def namespaces_of_another_container_can_be_joined(world):
    name = os.environ["ID"] + "-sandbox"

    def member(config):
        config["annotations"] = {"io.kubernetes.cri.sandbox-id": name}
    sandbox = world.running("sandbox", edit=member)

    def joined(config):
        member(config)
        for namespace in config["linux"]["namespaces"]:
            if namespace["type"] in ("network", "ipc", "pid"):
                namespace["path"] = f"/proc/{sandbox.pid}/ns/{namespace['type'].replace('network', 'net')}"
    other = world.running("app", ["sh", "-c", "sleep 300 & sleep 301 & wait"], edit=joined)
    expect_equal("network", os.readlink(f"/proc/{other.pid}/ns/net"), os.readlink(f"/proc/{sandbox.pid}/ns/net"))
    pids = eventually(lambda: (lambda p: p if len(p) == 3 else None)(
        [p["pid"] for p in other.call("Pids")["processes"]]), "three processes")
    other.kill()
    other.exits(137)
    eventually(lambda: not any(map(alive, pids)), "all of its processes are gone", 10)
    expect_equal("status of the sandbox", sandbox.state()["status"], RUNNING)
