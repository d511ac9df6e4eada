# SPDX-License-Identifier: Apache-2.0
"""Checkpoint and restore, with a stand-in for criu (../root/fake_criu.c): what a shim does around it."""
import os
import shutil
import stat
import statistics
import time

from case import Skip, case
from client import UNKNOWN, expect, expect_equal, refused
from wire import encoded
from world import RUNNING, STOPPED, content

STAND_IN = os.path.join(os.path.dirname(os.environ.get("RUNTIME", "")), "root_fake_criu")
CHECKPOINT = {"exit": (1, "int"), "image_path": (8, "str")}


def stand_in(world, *lines, seconds=0):
    """The environment of a server for which it is criu; it takes its time."""
    if not os.access(STAND_IN, os.X_OK):
        raise Skip("needs root_fake_criu: make check builds it")
    place = f"{world.top}/criu"
    os.makedirs(place)
    shutil.copy(STAND_IN, f"{place}/real")
    with open(f"{place}/real.mode", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    with open(f"{place}/criu", "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nsleep {seconds}\nexec {place}/real "$@"\n')
    os.chmod(f"{place}/criu", stat.S_IRWXU)
    os.environ["PATH"] = f"{place}:{os.environ['PATH']}"
    return f"{place}/real.log"


def options(**members):
    return {"type_url": "containerd.runc.v1.CheckpointOptions", "value": encoded(CHECKPOINT, members)}


@case(own=True)
def a_checkpoint_lets_the_container_go_on(world):
    log = stand_in(world)
    world.configure(Profile="compat")
    task = world.running("c", ["sleep", "300"])
    task.call("Checkpoint", path=f"{world.top}/image")
    expect_equal("status", task.state()["status"], RUNNING)
    said = content(log)
    expect(f"1 {world.top}/image" in said and "3 1" in said.splitlines(), f"criu was told {said!r}")
    world.events.wait("checkpointed", task.id)


@case(own=True)
def a_checkpoint_with_exit_ends_it_and_another_goes_on_from_there(world):
    log = stand_in(world)
    world.configure(Profile="compat")
    task = world.running("c", ["sleep", "300"])
    image = f"{world.top}/image"
    task.call("Checkpoint", path=image, options=options(exit=1))
    task.exits(137)
    task.delete()
    other = world.task("d", ["sleep", "300"]).begin()
    other.send_create(checkpoint=image).result()
    refused(lambda: other.exec("e", ["true"]), (2, 3, 9))
    other.pid = other.call("Start")["pid"]
    expect(other.pid > 0, "Start gave no pid")
    expect("request RESTORE" in content(log), "criu was not asked")
    expect_equal("status", other.state()["status"], RUNNING)
    other.kill()
    other.wait()
    expect_equal("status", other.state()["status"], STOPPED)
    world.events.wait("exit", other.id)
    expect_equal("events", [what for what, _ in world.events.of(other.id)][:3], ["create", "start", "exit"])


@case(own=True)
def a_checkpoint_that_fails_is_an_error_and_changes_nothing(world):
    stand_in(world, "fail DUMP")
    world.configure(Profile="compat")
    task = world.running("c", ["sleep", "300"])
    refused(lambda: task.call("Checkpoint", path=f"{world.top}/image", options=options(exit=1)), UNKNOWN, "criu")
    expect_equal("status", task.state()["status"], RUNNING)


@case(own=True)
def hardened_refuses_a_checkpoint(world):
    world.configure(Profile="hardened")
    task = world.running("c", ["sleep", "300"])
    refused(lambda: task.call("Checkpoint", path=f"{world.top}/image"), UNKNOWN, "checkpoint")


@case(own=True)
def a_checkpoint_that_takes_its_time_holds_nobody_up(world):
    stand_in(world, seconds=3)
    world.configure(Profile="compat")
    task = world.running("c", ["sleep", "300"])
    pending, took = task.send("Checkpoint", path=f"{world.top}/image"), []
    while len(took) < 200:
        begin = time.monotonic()
        task.call("State")
        took.append(time.monotonic() - begin)
    expect(not pending.done.is_set(), "the checkpoint took no time")
    expect(statistics.median(took) < 0.01 and max(took) < 0.2, f"State took {max(took):.3f} s at the most")
    pending.result()


@case(own=True)
def images_go_where_the_settings_say_when_nobody_else_does(world):
    log = stand_in(world)
    world.configure(Profile="compat", CriuImagePath=f"{world.top}/elsewhere")
    task = world.running("c", ["sleep", "300"])
    task.call("Checkpoint")
    expect(f"1 {world.top}/elsewhere" in content(log), f"criu was told {content(log)!r}")
