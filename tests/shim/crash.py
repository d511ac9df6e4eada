# SPDX-License-Identifier: Apache-2.0
"""The server is killed, or the disk is full: the action `delete` leaves nothing."""
import glob
import os
import re
import signal
import subprocess
import time

from case import case
from client import EXHAUSTED, NOT_FOUND, UNKNOWN, eventually, expect, expect_equal, refused
from world import REFERENCE, alive, nobody_left, others, remove_sockets


def killed(world, task):
    pid = task.shim_pid()
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not alive(pid), "the server is gone")
    task.connection.closed.wait(5)
    return pid


def cleaned(world, task):
    """`delete`, three times: it says 137 each time, and nothing is left after the first."""
    for i in range(3):
        got = world.delete_action(task)
        expect_equal("exit status in its answer", got["exit_status"], 137)
        expect(abs(got["exited_at"].get("seconds", 0) - time.time()) < 60, f"exited_at is {got['exited_at']}")
        nobody_left()
        world.gone(task)
        if i == 0 and task.pid:
            expect_equal("pid in its answer", got["pid"], task.pid)
    if REFERENCE:  # which leaves its socket
        remove_sockets()
    expect_equal("socket", os.path.exists(world.address_of(task.id).removeprefix("unix://")), False)


@case()
def a_container_outlives_its_server_until_delete(world):
    task = world.running("c", ["sh", "-c", "sleep 301 & exec sleep 302"])
    task.exec("e", ["sleep", "303"]).start()
    killed(world, task)
    time.sleep(0.2)
    expect(alive(task.pid), "the container died with its server")
    cleaned(world, task)


@case()
def delete_cleans_up_after_a_created_container(world):
    task = world.task("c", ["sleep", "300"]).begin().create()
    killed(world, task)
    cleaned(world, task)


@case()
def delete_cleans_up_after_a_paused_container(world):
    task = world.running("c")
    task.call("Pause")
    killed(world, task)
    cleaned(world, task)


@case()
def delete_cleans_up_after_a_create_that_was_cut_short(world):
    def hook(config):
        config["hooks"] = {"createRuntime": [{"path": "/bin/sleep", "args": ["sleep", "3"]}]}
    for moment in (0.05, 0.4):
        task = world.task(f"c{moment}".replace(".", ""), ["sleep", "300"], edit=hook).begin()
        task.send_create()
        time.sleep(moment)
        killed(world, task)
        cleaned(world, task)


@case(reference="fails before a Create")
def delete_cleans_up_after_a_server_that_did_nothing(world):
    task = world.task("c", ["true"]).begin()
    killed(world, task)
    cleaned(world, task)


@case()
def delete_needs_neither_config_json_nor_address(world):
    task = world.running("c")
    killed(world, task)
    for path in glob.glob(f"{task.bundle}/*"):
        if os.path.basename(path) in ("config.json", "address", "runtime", "options.json", "shim-binary-path"):
            os.unlink(path) if "runtime" not in path and "options" not in path else None
    cleaned(world, task)


@case(reference="fails before a Create")
def delete_of_what_never_was_says_137(world):
    task = world.task("c", ["true"])
    got = world.delete_action(task)
    expect_equal("exit status in its answer", got["exit_status"], 137)


@case()
def a_server_can_be_started_again_after_a_crash(world):
    task = world.running("c")
    killed(world, task)
    world.delete_action(task)
    task.begin().run()
    task.remove()


def fill(path):
    """All but nothing is free on the file system of this file."""
    with open(path, "wb", buffering=0) as file:
        size = 1 << 16
        while size:
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                pass
            size >>= 1


def tiny(path, size="64k"):
    os.makedirs(path, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", path], check=True)


@case()
def a_full_disk_for_states_is_an_error_and_leaves_nothing(world):
    tiny(world.state)
    fill(f"{world.state}/filler")
    task = world.task("c", ["sleep", "300"]).begin()
    message = refused(task.create, (UNKNOWN, EXHAUSTED), *([] if REFERENCE else ["no space left on device"]))
    expect(message.startswith("OCI runtime create failed: "), f"the message is {message!r}")
    refused(task.state, NOT_FOUND)
    eventually(lambda: set(others()) == {task.shim_pid()}, f"the server is alone; there are {others()}", 10)
    world.gone(task)
    os.unlink(f"{world.state}/filler")
    task.run()
    task.remove()
    task.shutdown()
    world.end()
    subprocess.run(["umount", world.state], check=True)


@case(own=True)
def a_full_disk_for_bundles_is_an_error_of_start(world):
    directory = f"{world.top}/tasks"
    tiny(directory)
    task = world.task("c", ["true"])
    fill(f"{directory}/filler")
    done = world.action(task, "start", b"", stderr=subprocess.STDOUT)
    expect(done.returncode != 0, f"start came through and says {done.stdout!r}")
    expect(re.search(b"(?i)no space left on device", done.stdout), f"start says {done.stdout!r}")
    expect_equal("lines that start says", done.stdout.strip().count(b"\n"), 0)
    nobody_left()
    expect(not os.path.exists(world.address_of(task.id).removeprefix("unix://")), "the socket is left")
    os.unlink(f"{directory}/filler")
    world.end()
    world.tasks.clear()
    world.logs.clear()
    subprocess.run(["umount", "--lazy", directory], check=True)


@case(reference="fails before a Create")
def the_server_is_killed_at_any_moment_and_nothing_is_left(world):
    for i, moment in enumerate((0, 0.01, 0.02, 0.05, 0.1, 0.2)):
        task = world.task(f"c{i}", ["sh", "-c", "sleep 300 & sleep 300"]).begin()
        task.send_create()
        task.send("Start")
        time.sleep(moment)
        pid = [p for p, about in others().items() if about[2].startswith("containerd-shim")]
        task.pid = 0
        for one in pid:
            os.kill(one, signal.SIGKILL)
        eventually(lambda p=pid: not any(map(alive, p)), "the server is gone")
        cleaned(world, task)


@case()
def a_container_that_dies_of_memory_says_so_before_its_end(world):
    def small(config):
        config["linux"]["resources"] = {"memory": {"limit": 16 << 20}, "devices": [{"allow": False, "access": "rwm"}]}
    task = world.running("c", ["sh", "-c", "tail -c 100m /dev/zero"], edit=small)
    expect(task.wait()["exit_status"] != 0, "it had memory enough")
    world.events.wait("oom", task.id)
    world.events.wait("exit", task.id)
    order = [what for what, _ in world.events.of(task.id)]
    expect("oom" in order, f"the events are {order}")
    if not REFERENCE:
        expect(order.index("oom") < order.index("exit"), f"the events are {order}")
