# SPDX-License-Identifier: Apache-2.0
"""A server that is never busy: whatever one container waits for, the others are answered.  And hundreds of them."""
import os
import statistics
import time

from case import case
from client import Connection, eventually, expect, expect_equal
from world import REFERENCE, RUNNING, descriptors, private_kib, processes


def in_pod(config):
    config["annotations"] = {"io.kubernetes.cri.sandbox-id": os.environ["ID"] + "-pod"}


def with_hook(kind, seconds):
    def edit(config):
        in_pod(config)
        config["hooks"] = {kind: [{"path": "/bin/sleep", "args": ["sleep", str(seconds)]}]}
    return edit


def beside(world, task, **how):
    """Another container of the same pod: its bundle was begun, on the same server."""
    other = world.task("other", ["sleep", "300"], **how).begin()
    expect_equal("address of the other", other.address, task.address)
    return other


def answers_at_once(task, times=200):
    """State, Connect and Pids: the limits are for a machine that does other things, too."""
    took = []
    for i in range(times):
        before = time.monotonic()
        task.call(("State", "Connect", "Pids")[i % 3], 5)
        took.append(time.monotonic() - before)
    middle, worst = statistics.median(took) * 1e3, max(took) * 1e3
    expect(middle < 10 and worst < 200, f"calls took {middle:.1f} ms, at worst {worst:.1f} ms")


@case(reference="holds one lock during Create")
def a_hook_that_takes_its_time_holds_nobody_else_up(world):
    task = world.running("c", edit=in_pod)
    slow = beside(world, task, edit=with_hook("createRuntime", 3))
    before = time.monotonic()
    pending = slow.send_create()
    time.sleep(0.1)
    answers_at_once(task)
    task.exec("e", ["true"]).start().exits(0).delete()
    expect(not pending.done.is_set(), "Create was over before the hook")
    slow.pid = pending.result()["pid"]
    expect(time.monotonic() - before >= 3, "Create did not wait for the hook")
    expect_equal("status of the other", task.state()["status"], RUNNING)


@case(reference="holds one lock during Start")
def a_start_that_takes_its_time_holds_nobody_else_up(world):
    task = world.running("c", edit=in_pod)
    slow = beside(world, task, edit=with_hook("poststart", 2)).create()
    pending = slow.send("Start")
    time.sleep(0.1)
    answers_at_once(task)
    answers_at_once(slow, 50)
    expect(not pending.done.is_set(), "Start was over before the hook")
    pending.result()


@case()
def a_client_that_never_reads_holds_nobody_else_up(world):
    task = world.running("c", edit=in_pod)
    flood = world.running("flood", ["sh", "-c", "yes & yes >&2"], edit=in_pod, begin=False)
    time.sleep(0.5)
    answers_at_once(task)
    answers_at_once(flood, 60)
    flood.kill()
    flood.exits(137)
    pending = flood.send("Delete")
    time.sleep(0.1)
    answers_at_once(task)
    pending.result()
    flood.deleted = True


@case(reference="waits for the client in Create")
def a_client_that_opens_its_fifos_late_holds_nobody_up(world):
    task = world.task("c", ["sh", "-c", "echo out; read x; echo $x"], which=("in", "out", "err"), begin=False,
                      edit=in_pod).begin()
    path = task.stdio.out.path
    task.stdio.out.begin()
    task.stdio.out.detach()  # nobody has either end now
    task.run()
    answers_at_once(task, 60)
    later = type(task.stdio.out)(path)
    later.has(b"out\n")
    task.stdio.write(b"in\n")
    task.exits(0).delete()
    expect_equal("output", later.all(), b"out\nin\n")


@case()
def a_connection_that_reads_no_answers_holds_nobody_else_up(world):
    task = world.running("c", edit=in_pod)
    import socket
    from wire import IS_REQUEST, METHODS, REQUEST, encoded, frame
    silent = socket.socket(socket.AF_UNIX)
    silent.connect(task.address.removeprefix("unix://"))
    silent.settimeout(0.5)
    request = encoded(REQUEST, {"service": "containerd.task.v2.Task", "method": "State",
                                "payload": encoded(METHODS["State"][0], {"id": task.id})})
    try:
        for i in range(20000):
            silent.sendall(frame(2 * i + 1, IS_REQUEST, request))
    except (TimeoutError, BrokenPipeError, ConnectionResetError):
        pass
    answers_at_once(task, 100)
    silent.close()
    answers_at_once(task, 20)


@case()
def three_hundred_containers_leave_the_server_as_it_was(world):
    first = world.running("first", edit=in_pod)
    pid = first.shim_pid()
    before = None
    for i in range(300):
        if i == 20:
            before = settled(pid)
        task = world.task(f"c{i}", ["true"], edit=in_pod)
        task.connection = first.connection
        task.run().exits(0).delete()
        world.events.wait("delete", task.id)
        world.forget(task)
    after = settled(pid)
    expect_equal("descriptors", after[0], before[0])
    print(f"private memory: {before[1]} kB, then {after[1]} kB")
    if not REFERENCE:
        expect(after[1] - before[1] < 64, f"private memory grew from {before[1]} to {after[1]} kB")
    zombies = [p for p, (_, state, _) in processes().items() if state == "Z"]
    expect_equal("zombies", zombies, [])


def settled(pid):
    """(descriptors, private memory) when two looks agree."""
    def look():
        first = descriptors(pid)
        time.sleep(0.3)
        return (first, private_kib(pid)) if first == descriptors(pid) else None
    return eventually(look, "the number of descriptors stays the same")


@case()
def sixty_containers_live_in_one_server(world):
    first = world.task("c0", ["sleep", "300"], edit=in_pod).begin()
    tasks = [first] + [world.task(f"c{i}", ["sleep", "300"], edit=in_pod) for i in range(1, 60)]
    for task in tasks:
        task.connection = first.connection
    for task, pending in [(t, t.send_create()) for t in tasks]:
        task.pid = pending.result(120)["pid"]
    for pending in [t.send("Start") for t in tasks]:
        pending.result(120)
    expect_equal("pids", len({t.state()["pid"] for t in tasks}), 60)
    answers_at_once(first)
    print(f"private memory with 60 containers: {private_kib(first.shim_pid())} kB")
    waits = [t.send("Wait") for t in tasks]
    for task in tasks:
        task.kill()
    for pending in waits:
        expect_equal("status", pending.result(60)["exit_status"], 137)
    for task, pending in [(t, t.send("Delete")) for t in tasks]:
        pending.result(120)
        task.deleted = True
    for task in tasks:
        world.events.wait("delete", task.id)
        expect_equal("events", world.events.of(task.id), [(w, task.id) for w in ("create", "start", "exit", "delete")])


@case(own=True)
def an_idle_server_has_little_memory_of_its_own(world):
    task = world.running("c")
    task.exec("e", ["true"]).start().exits(0).delete()
    other = Connection(task.address)
    other.call("State", id=task.id)
    time.sleep(1)
    size = private_kib(task.shim_pid())
    print(f"private memory: {size} kB")
    expect(size <= 300, f"private memory is {size} kB, expected at most 300")
