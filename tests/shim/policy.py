# SPDX-License-Identifier: Apache-2.0
"""What the policy says of a container, kept by its server: its time, who may have its output; and what hangs."""
import json
import os
import subprocess
import time

from case import case
from client import INVALID, NOT_FOUND, Connection, RpcError, eventually, expect, expect_equal, refused
from world import NAMESPACE, SHIM, STOPPED, content

STUBBORN = ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"]


def write_policy(world, **members):
    path = f"{world.top}/policy.json"
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"version": 1, **members}, file)
    os.chmod(path, 0o600)
    return path


def policy(world, **profile):
    """A profile of the site's that stands on compat."""
    path = write_policy(world, default="site", profiles={"site": {"extends": "compat", **profile}})
    world.configure(Policy=path, Profile="site")


def lives(task, least, most):
    """Seconds from now to its end."""
    begin = time.monotonic()
    status = task.wait(most + 10)["exit_status"]
    seconds = time.monotonic() - begin
    expect(least <= seconds <= most, f"it lived {seconds:.1f} s, expected {least} to {most}")
    return status


@case(own=True)
def a_life_has_its_end(world):
    policy(world, session={"ttl": "1s", "grace": "1s"})
    task = world.running("c", STUBBORN)
    expect_equal("status", lives(task, 1.5, 6), 137)
    polite = world.running("d", ["sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.1; done"])
    expect_equal("status", lives(polite, 0.5, 5), 3)


@case(own=True)
def a_pause_does_not_lengthen_a_life(world):
    policy(world, session={"ttl": "1s", "grace": "1s"})
    task = world.running("c", ["sleep", "300"])
    task.call("Pause")
    expect_equal("status", lives(task, 1, 8), 137)


@case(own=True)
def an_annotation_shortens_a_life_where_the_policy_lets_it(world):
    def short(config):
        config["annotations"] = {"org.bulwark.ttl": "1s"}
    path = write_policy(world, default="site", annotations={"ttl": True},
                        profiles={"site": {"extends": "compat", "session": {"ttl": "1h", "grace": "1s"}}})
    world.configure(Policy=path, Profile=None)
    expect_equal("status", lives(world.running("c", ["sleep", "300"], edit=short), 0.5, 8), 137)


@case(own=True)
def an_annotation_of_a_pod_chooses_a_profile_that_the_policy_lists(world):
    def asks_for(name):
        return lambda config: config.update(annotations={"org.bulwark.profile": name})
    # Its sleep is no program that the profile lists.
    shelled = {"untrusted-code": {"extends": "untrusted-code", "loosens": ["programs.restrict"], "programs": {"restrict": False}}}
    world.configure(Policy=write_policy(world, default="compat", annotations={"profile": ["untrusted-code"]}, profiles=shelled),
                    Profile=None)
    strict = world.running("c", ["sleep", "300"], edit=asks_for("untrusted-code"))
    expect("NoNewPrivs:\t1" in content(f"/proc/{strict.pid}/status"), "it is not hardened")
    world.configure(Policy=write_policy(world, default="hardened", annotations={"profile": ["untrusted-code"]}), Profile=None)
    loose = world.running("d", ["sleep", "300"], edit=asks_for("compat"))
    expect("NoNewPrivs:\t1" in content(f"/proc/{loose.pid}/status"), "it got away with compat")


@case(own=True)
def a_hook_that_hangs_does_not_lengthen_a_life(world):
    def slow(config):
        config["hooks"] = {"poststart": [{"path": "/bin/sleep", "args": ["sleep", "60"]}]}
    policy(world, session={"ttl": "1s", "grace": "1s"})
    task = world.task("c", STUBBORN, edit=slow).begin().create()
    task.send("Start")
    expect_equal("status", lives(task, 1.5, 15), 137)


@case(own=True)
def a_create_that_hangs_is_ended_by_delete(world):
    def slow(config):
        config["hooks"] = {"createRuntime": [{"path": "/bin/sleep", "args": ["sleep", "60"]}]}
    task = world.task("c", ["true"], edit=slow).begin()
    create = task.send_create()
    time.sleep(0.5)
    begin = time.monotonic()
    refused(lambda: task.call("Delete"), NOT_FOUND)
    expect(time.monotonic() - begin < 10, "delete waited for the hook")
    try:
        create.result()
        raise AssertionError("create came through")
    except RpcError as error:
        expect("killed" in error.message, f"create says {error.message!r}")
    world.gone(task)


@case(own=True)
def hooks_have_the_usual_umask(world):
    hook, said = f"{world.top}/hook", f"{world.top}/umask"
    with open(hook, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\numask >{said}\n")
    os.chmod(hook, 0o755)
    world.running("c", edit=lambda config: config.update(hooks={"createRuntime": [{"path": hook}]}))
    expect_equal("umask", content(said), "0022")


@case(own=True)
def output_goes_to_files_that_the_policy_lists(world):
    inside, outside = f"{world.top}/logs/a/out", f"{world.top}/elsewhere/out"
    policy(world, loggers={"files": [f"{world.top}/logs"]})
    task = world.task("c", ["echo", "hello"], which=()).begin()
    task.create(stdout=f"file://{inside}", stderr=f"file://{inside}").start().exits(0)
    task.delete()
    expect_equal("file", content(inside), "hello")
    other = world.task("d", ["echo", "hello"], which=()).begin()
    message = refused(lambda: other.create(stdout=f"file://{outside}"), tuple(range(1, 17)), outside)
    expect("loggers.files" in message, f"the message is {message!r}")
    expect(not os.path.exists(os.path.dirname(outside)), "the directory was made")
    world.gone(other)


@case(own=True)
def hardened_lets_output_go_to_no_file(world):
    target = f"{world.top}/cron.d/evil"
    world.configure(Profile="untrusted-code")
    task = world.task("c", ["echo", "* * * * * root id"], which=()).begin()
    refused(lambda: task.create(stdout=f"file://{target}"), tuple(range(1, 17)), target)
    expect(not os.path.exists(os.path.dirname(target)), "the directory was made")


@case()
def requests_that_race_leave_one_container_or_none(world):
    task = world.task("c", ["sleep", "300"]).begin()
    asked = [task.send_create(), task.send_create(), task.send("Start"), task.send("Kill", signal=9)]
    answers = []
    for one in asked:
        try:
            answers.append(one.result())
        except RpcError as error:
            answers.append(error)
    created = [one for one in answers[:2] if not isinstance(one, RpcError)]
    expect_equal("containers created", len(created), 1)
    task.pid = created[0]["pid"]


@case(own=True)
def names_that_are_paths_are_refused(world):
    task = world.task("c", ["true"]).begin()
    for name in "..", ".", "a/b", "../../etc", "a\nb", "x" * 1025, "":
        refused(lambda n=name: task.connection.call("Create", id=n, bundle=task.bundle, rootfs=task.rootfs,
                                                    options=world.options(), stdin="", stdout="", stderr=""),
                tuple(range(1, 17)))
    mounts = content("/proc/self/mountinfo")
    expect(task.bundle not in mounts, "the root file system is still mounted")


@case(own=True)
def a_name_that_fits_no_event_is_refused(world):
    task = world.running("c", ["sleep", "300"])
    refused(lambda: task.call("Exec", exec_id="x" * 1025, spec=task.spec(["true"])), INVALID)
    task.call("Exec", exec_id="x" * 1024, spec=task.spec(["true"]))
    task.kill()
    task.exits(137)
    world.events.wait("exit", task.id)


@case(own=True)
def waits_of_who_has_gone_are_forgotten(world):
    task = world.running("c")
    path = f"/proc/{task.shim_pid()}/status"

    def anonymous():
        return int(content(path).split("RssAnon:")[1].split()[0])
    before = anonymous()
    for _ in range(6):
        other = Connection(task.address)
        for _ in range(3000):
            other.send("Wait", id=task.id)
        other.call("Connect", id=task.id)
        other.close()
    eventually(lambda: anonymous() < before + 400, "the memory of 18000 waits is given back")


@case(own=True)
def a_server_that_is_started_by_hand_is_protected_too(world):
    task, socket = world.task("c", ["sleep", "300"]), f"{world.top}/hand.sock"
    with subprocess.Popen([SHIM, "-namespace", NAMESPACE, "-id", task.id, "-address", world.grpc, "-socket", socket],
                          cwd="/") as server:
        eventually(lambda: os.path.exists(socket), "it listens")
        expect(os.statvfs(f"/proc/{server.pid}/exe").f_flag & os.ST_RDONLY, "its file can be written to")
        task.address = f"unix://{socket}"
        task.connection = Connection(task.address)
        task.create().kill()
        task.exits(137)
        expect_equal("status", task.state()["status"], STOPPED)
        task.delete()
        task.shutdown()
        server.wait(10)
