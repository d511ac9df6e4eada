# SPDX-License-Identifier: Apache-2.0
"""The life of containers and of processes in them: what every call answers, and the order of events."""
import json
import os
import signal
import time

from case import case
from client import (EXISTS, INVALID, NOT_FOUND, PRECONDITION, UNIMPLEMENTED, UNKNOWN, RpcError, eventually, expect,
                    expect_equal, refused)
from wire import METRICS, PROCESS_DETAILS, decoded
from world import (CREATED, PAUSED, RESOURCES_TYPE, RUNNING, STOPPED, ZERO_TIME, alive, cgroup_file, content)

REFUSES = (UNKNOWN, INVALID, PRECONDITION)
SLEEP = ["sleep", "300"]


def recent(timestamp):
    return abs(timestamp.get("seconds", 0) - time.time()) < 60


@case()
def a_container_is_created_started_ended_and_deleted(world):
    task = world.task("c", ["sh", "-c", "read x; exit 3"], which=("in", "out", "err")).begin()
    before = task.call("Connect")
    expect_equal("pid before Create", before["task_pid"], 0)
    task.create()
    expect_equal("Connect", (task.call("Connect")["task_pid"], task.shim_pid()), (task.pid, before["shim_pid"]))
    state = task.state()
    expect_equal("State", {k: state[k] for k in ("id", "bundle", "pid", "status", "terminal", "exit_status", "exec_id")},
                 {"id": task.id, "bundle": task.bundle, "pid": task.pid, "status": CREATED, "terminal": 0,
                  "exit_status": 0, "exec_id": ""})
    expect_equal("stdio of State", {k: state[k] for k in ("stdin", "stdout", "stderr")}, task.stdio.fields())
    pid = task.pid
    task.start()
    expect_equal("pid of Start", task.pid, pid)
    state = task.state()
    expect_equal("State", (state["status"], state["pid"], state["exit_status"]), (RUNNING, pid, 0))
    expect(state["exited_at"] in ZERO_TIME, f"exited_at of a running one is {state['exited_at']}")
    task.stdio.write(b"\n")
    done = task.wait()
    expect_equal("status by Wait", done["exit_status"], 3)
    expect(recent(done["exited_at"]), f"exited_at is {done['exited_at']}")
    state = task.state()
    expect_equal("State", (state["status"], state["pid"], state["exit_status"], state["exited_at"]),
                 (STOPPED, pid, 3, done["exited_at"]))
    expect_equal("Delete", task.delete(), {"pid": pid, "exit_status": 3, "exited_at": done["exited_at"]})
    refused(task.state, NOT_FOUND)
    world.gone(task)


@case()
def events_tell_the_life_of_a_container(world):
    task = world.running("c", ["sh", "-c", "exit 3"])
    task.exits(3).delete()
    deleted = world.events.wait("delete", task.id)
    expect_equal("events", world.events.of(task.id), [(w, task.id) for w in ("create", "start", "exit", "delete")])
    create, start, end = (world.events.wait(w, task.id) for w in ("create", "start", "exit"))
    expect_equal("create", {k: create.body[k] for k in ("bundle", "pid", "checkpoint")},
                 {"bundle": task.bundle, "pid": task.pid, "checkpoint": ""})
    expect_equal("stdio of create", create.body["io"], {**task.stdio.fields(), "terminal": 0})
    expect_equal("rootfs of create", [(m["type"], m["source"], m["options"]) for m in create.body["rootfs"]],
                 [(m["type"], m["source"], m["options"]) for m in task.rootfs])
    expect_equal("start", start.body["pid"], task.pid)
    for event in end, deleted:
        expect_equal(f"{event}", (event.body["pid"], event.body["exit_status"]), (task.pid, 3))
        expect(recent(event.body["exited_at"]), f"exited_at of {event} is {event.body['exited_at']}")
    for event in create, start, end, deleted:
        expect_equal(f"namespace of {event}", event.namespace, "test")
        expect(recent(event.timestamp), f"timestamp of {event} is {event.timestamp}")


@case()
def events_of_an_exec_come_between(world):
    task = world.running("c", SLEEP)
    one = task.exec("one", ["sh", "-c", "exit 5"])
    expect_equal("State of an exec", (one.state()["status"], one.state()["pid"]), (CREATED, 0))
    one.start().exits(5)
    state = one.state()
    expect_equal("State of an exec", (state["id"], state["status"], state["pid"], state["exit_status"]),
                 ("one", STOPPED, one.pid, 5))
    expect_equal("Delete of an exec", {k: v for k, v in one.delete().items() if k != "exited_at"},
                 {"pid": one.pid, "exit_status": 5})
    refused(one.state, NOT_FOUND)
    task.remove()
    world.events.wait("delete", task.id)
    expect_equal("events", world.events.of(task.id),
                 [("create", task.id), ("start", task.id), ("exec-added", "one"), ("exec-started", "one"),
                  ("exit", "one"), ("exit", task.id), ("delete", task.id)])
    expect_equal("exec-started", world.events.wait("exec-started", "one").body["pid"], one.pid)
    expect_equal("exit of an exec", {k: world.events.wait("exit", "one").body[k] for k in ("pid", "exit_status")},
                 {"pid": one.pid, "exit_status": 5})


@case(reference="may tell the end of init first")
def all_execs_have_ended_before_init_has(world):
    task = world.running("c", SLEEP)
    execs = [task.exec(f"e{i}", SLEEP).start() for i in range(5)]
    task.kill()
    task.exits(137)
    world.events.wait("exit", task.id)
    ends = [whose for what, whose in world.events.of(task.id) if what == "exit"]
    expect_equal("ends", (sorted(ends[:-1]), ends[-1]), ([e.exec_id for e in execs], task.id))
    for process in execs:
        expect_equal("exit status of an exec", process.wait()["exit_status"], 137)
        process.delete()
    task.delete()


@case()
def a_program_that_ends_at_once_has_its_events_in_order_50_times(world):
    task = world.running("c", SLEEP)
    for i in range(50):
        process = task.exec(f"e{i}", ["true"]).start()
        state = process.state()
        expect_equal("pid after Start", state["pid"], process.pid)
        process.exits(0).delete()
    order = world.events.of(task.id)[2:]
    expect_equal("events", order, [(what, f"e{i}") for i in range(50) for what in ("exec-added", "exec-started", "exit")])


@case()
def a_container_that_ends_at_once_has_its_events_in_order_50_times(world):
    first = world.task("c0", ["true"], edit=in_pod).begin()
    for i in range(50):
        task = first if i == 0 else world.task(f"c{i}", ["true"], edit=in_pod)
        task.connection = first.connection
        task.run()
        expect_equal("pid after Start", task.state()["pid"], task.pid)
        task.exits(0).delete()
        world.events.wait("delete", task.id)
        expect_equal("events", world.events.of(task.id), [(w, task.id) for w in ("create", "start", "exit", "delete")])


def in_pod(config):
    config["annotations"] = {"io.kubernetes.cri.sandbox-id": os.environ["ID"] + "-pod"}


@case()
def exit_statuses_and_signals_are_told_as_a_shell_does(world):
    task = world.running("c", SLEEP)
    for i, (script, status) in enumerate((("exit 0", 0), ("exit 1", 1), ("exit 255", 255), ("kill -9 $$", 137),
                                          ("kill -SEGV $$", 139), ("kill -TERM $$", 143))):
        process = task.exec(f"e{i}", ["sh", "-c", script]).start()
        expect_equal(f"status of {script!r}", process.wait()["exit_status"], status)
        expect_equal("status in the event", world.events.wait("exit", f"e{i}").body["exit_status"], status)
        process.delete()


@case()
def signals_reach_the_process_they_are_for(world):
    script = "trap 'exit 11' TERM; trap 'exit 12' USR1; echo ready; while :; do sleep 0.1; done"
    task = world.running("c", ["sh", "-c", script])
    process = task.exec("e", ["sh", "-c", script]).start()
    process.stdio.out.has(b"ready")
    process.kill(signal.SIGUSR1)
    process.exits(12).delete()
    expect_equal("status of the container", task.state()["status"], RUNNING)
    task.stdio.out.has(b"ready")
    task.kill(signal.SIGTERM)
    task.exits(11)


@case()
def delete_of_a_running_container_is_an_error(world):
    task = world.running("c", SLEEP)
    refused(lambda: task.call("Delete"), REFUSES, "running")
    process = task.exec("e", SLEEP).start()
    refused(process.delete, REFUSES, "running")
    expect_equal("status", task.state()["status"], RUNNING)
    process.kill()
    process.exits(137).delete()


@case()
def delete_again_finds_nothing(world):
    task = world.running("c", ["true"]).exits(0)
    task.delete()
    refused(task.delete, NOT_FOUND)
    refused(task.wait, NOT_FOUND)


@case()
def delete_of_a_created_container_takes_it_away(world):
    task = world.task("c", SLEEP).begin().create()
    pid = task.pid
    task.delete()
    eventually(lambda: not alive(pid), "the init is gone")
    refused(task.state, NOT_FOUND)
    world.gone(task)


@case()
def wait_answers_every_connection(world):
    task = world.running("c", SLEEP)
    connections = [world.program(task.address) for _ in range(5)]
    pending = [c.send("Wait", id=task.id) for c in connections for _ in range(3)]
    time.sleep(0.2)
    expect(not any(p.done.is_set() for p in pending), "Wait of a running container answers")
    connections[0].close()
    task.kill()
    for one in pending[3:]:
        expect_equal("status by Wait", one.result()["exit_status"], 137)
    expect_equal("status by Wait, after the end", task.wait(2)["exit_status"], 137)


@case()
def an_unknown_name_is_not_found(world):
    task = world.running("c", SLEEP)
    for method in ("State", "Start", "Delete", "Pids", "Pause", "Resume", "CloseIO", "ResizePty", "Wait", "Stats"):
        refused(lambda m=method: task.connection.call(m, id="nobody"), NOT_FOUND)
    refused(lambda: task.connection.call("Kill", id="nobody", signal=9), NOT_FOUND)
    refused(lambda: task.connection.call("Exec", id="nobody", exec_id="e", spec=task.spec(["true"])), NOT_FOUND)
    refused(lambda: task.connection.call("Update", id="nobody", resources={"type_url": RESOURCES_TYPE, "value": b"{}"}),
            NOT_FOUND)
    for method in ("State", "Start", "Delete", "Wait", "ResizePty"):
        refused(lambda m=method: task.call(m, exec_id="nobody"), NOT_FOUND)
    refused(lambda: task.call("CloseIO", exec_id="nobody"), (NOT_FOUND, UNKNOWN), "nobody")
    refused(lambda: task.call("Kill", exec_id="nobody", signal=9), NOT_FOUND)


@case()
def connect_answers_for_an_unknown_name(world):
    task = world.running("c", SLEEP)
    got = task.connection.call("Connect", id="nobody")
    expect_equal("Connect", (got["task_pid"], got["shim_pid"]), (0, task.shim_pid()))
    expect(content(f"/proc/{got['shim_pid']}/comm").startswith("containerd-shim"), "shim_pid is of another program")


@case()
def an_unknown_method_or_service_is_unimplemented(world):
    task = world.task("c", ["true"]).begin()
    for service, method in ((None, "Fly"), ("containerd.task.v9.Task", "State"),
                            ("containerd.runtime.sandbox.v1.Sandbox", "CreateSandbox"), ("", ""), (None, "state")):
        pending = task.connection.send_raw(method, b"", service=service or "containerd.task.v2.Task")
        refused(pending.result, UNIMPLEMENTED)
    task.shim_pid()


@case()
def kill_of_what_has_ended_says_so(world):
    task = world.running("c", SLEEP)
    process = task.exec("e", ["true"]).start().exits(0)
    refused(process.kill, NOT_FOUND, "process already finished")
    process.delete()
    task.kill()
    task.exits(137)
    refused(task.kill, NOT_FOUND, "process already finished")


@case()
def an_exec_that_was_not_started_cannot_be_killed(world):
    task = world.running("c", SLEEP)
    process = task.exec("e", ["true"])
    refused(process.kill, REFUSES, "process not created")
    process.delete()


@case()
def a_created_container_can_be_killed(world):
    task = world.task("c", SLEEP).begin().create()
    task.kill()
    task.exits(137)
    expect_equal("status", task.state()["status"], STOPPED)
    expect_equal("exit status of Delete", task.delete()["exit_status"], 137)


@case()
def pids_lists_all_processes_and_names_execs(world):
    task = world.running("c", ["sh", "-c", "sleep 300 & sleep 301 & wait"])
    process = task.exec("e", SLEEP).start()
    got = eventually(lambda: (lambda p: p if len(p) == 4 else None)(task.call("Pids")["processes"]), "four processes")
    named = {p["pid"]: decoded(PROCESS_DETAILS, p["info"]["value"])["exec_id"] for p in got if p["info"]}
    expect(task.pid in [p["pid"] for p in got], f"Pids lacks the init: {got}")
    expect_equal("the exec in Pids", named, {process.pid: "e"})
    expect_equal("type of its details", {p["info"]["type_url"] for p in got if p["info"]},
                 {"containerd.runc.v1.ProcessDetails"})


@case()
def pause_and_resume_stop_and_let_go(world):
    task = world.running("c", ["sh", "-c", "while :; do echo x; sleep 0.05; done"])
    process = task.exec("e", SLEEP).start()
    task.stdio.out.has(b"x")
    task.call("Pause")
    expect_equal("status", (task.state()["status"], process.state()["status"]), (PAUSED, PAUSED))
    time.sleep(0.2)
    size = len(task.stdio.out.data)
    time.sleep(0.3)
    expect_equal("output while paused", len(task.stdio.out.data), size)
    refused(lambda: task.exec("late", ["true"]), REFUSES, "paused")
    refused(lambda: task.call("Delete"), REFUSES, "paused")
    task.call("Resume")
    expect_equal("status", (task.state()["status"], process.state()["status"]), (RUNNING, RUNNING))
    eventually(lambda: len(task.stdio.out.data) > size, "output goes on")
    world.events.wait("resumed", task.id)
    expect_equal("events", [w for w, _ in world.events.of(task.id) if w in ("paused", "resumed")], ["paused", "resumed"])


@case()
def a_paused_container_can_be_killed_and_goes(world):
    task = world.running("c", SLEEP)
    task.call("Pause")
    task.kill()
    pending = task.send("Wait")
    if not pending.done.wait(2):  # a frozen process dies when it thaws
        task.call("Resume")
    expect_equal("status by Wait", pending.result()["exit_status"], 137)
    expect_equal("status", task.state()["status"], STOPPED)


@case()
def pause_of_what_does_not_run_is_an_error(world):
    task = world.task("c", SLEEP).begin().create()
    refused(lambda: task.call("Pause"), REFUSES)
    refused(lambda: task.call("Resume"), REFUSES)
    task.kill()
    task.exits(137)
    refused(lambda: task.call("Pause"), REFUSES)


def limited(config):
    config["linux"]["resources"] = {"memory": {"limit": 64 << 20}, "pids": {"limit": 50},
                                    "devices": [{"allow": False, "access": "rwm"}]}


def update(task, resources):
    return task.call("Update", resources={"type_url": RESOURCES_TYPE, "value": json.dumps(resources).encode()})


@case()
def update_changes_what_it_names_and_leaves_zeros_alone(world):
    task = world.running("c", SLEEP, edit=limited)
    memory = cgroup_file(task.pid, "memory", "memory.limit_in_bytes", "memory.max")
    pids = cgroup_file(task.pid, "pids", "pids.max", "pids.max")
    shares = cgroup_file(task.pid, "cpu", "cpu.shares", "cpu.weight")
    before = content(shares)
    expect_equal("limits", (content(memory), content(pids)), (str(64 << 20), "50"))
    update(task, {"memory": {"limit": 96 << 20, "reservation": 0, "kernel": 0},
                  "cpu": {"shares": 0, "quota": 0, "period": 0}, "blockIO": {"weight": 0}})
    expect_equal("limits", (content(memory), content(pids), content(shares)), (str(96 << 20), "50", before))
    update(task, {"pids": {"limit": 40}, "memory": {"limit": 0}})
    expect_equal("limits", (content(memory), content(pids)), (str(96 << 20), "40"))
    for value in b"no json", b"":
        refused(lambda v=value: task.call("Update", resources={"type_url": RESOURCES_TYPE, "value": v}), REFUSES)
    expect_equal("limits", (content(memory), content(pids)), (str(96 << 20), "40"))


@case()
def stats_have_a_type_and_plausible_numbers(world):
    script = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo done; exec sleep 300"
    task = world.running("c", ["sh", "-c", script], edit=limited)
    task.stdio.out.has(b"done")
    stats = task.call("Stats")["stats"]
    kind = "io.containerd.cgroups.v2.Metrics" if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else \
        "io.containerd.cgroups.v1.Metrics"
    expect_equal("type", stats["type_url"], kind)
    got = decoded(METRICS[kind], stats["value"])
    expect_equal("pids", got["pids"], {"current": 1, "limit": 50})
    memory, cpu = got["memory"], got["cpu"]
    usage, limit = (memory["usage"]["usage"], memory["usage"]["limit"]) if "rss" in memory else \
        (memory["usage"], memory["usage_limit"])
    expect(4096 <= usage <= 64 << 20, f"memory in use is {usage}")
    expect_equal("limit of memory", limit, 64 << 20)
    spent = cpu["usage"]["total"] if "usage" in cpu else cpu["usage_usec"] * 1000
    expect(1e6 <= spent <= 60e9, f"CPU time is {spent} ns")
    task.kill()
    task.exits(137)


@case()
def resize_and_close_are_fine_without_a_terminal_and_input(world):
    task = world.running("c", SLEEP)
    task.call("ResizePty", width=80, height=24)
    for _ in range(2):
        task.call("CloseIO", stdin=1)
    task.call("CloseIO")


@case()
def an_exec_name_is_taken_once(world):
    task = world.running("c", SLEEP)
    first = task.exec("e", ["true"])
    again = {"exec_id": "e", "spec": task.spec(["true"])}
    refused(lambda: task.call("Exec", **again), EXISTS, "already exists")
    first.start().exits(0)
    refused(lambda: task.call("Exec", **again), EXISTS)
    first.delete()
    task.call("Exec", **again)
    expect_equal("status", task.call("State", exec_id="e")["status"], CREATED)
    task.call("Delete", exec_id="e")


@case(reference="creates it again")
def a_container_name_is_taken_once(world):
    task = world.running("c", SLEEP)
    refused(lambda: task.send_create().result(), EXISTS, "already exists")
    expect_equal("status", (task.state()["status"], task.state()["pid"]), (RUNNING, task.pid))


@case()
def exec_into_what_has_ended_is_refused(world):
    task = world.running("c", SLEEP)
    waiting = task.exec("w", ["true"])
    task.kill()
    task.exits(137)
    refused(lambda: task.exec("late", ["true"]), REFUSES, "stopped")
    refused(waiting.start, (*REFUSES, NOT_FOUND))


@case()
def an_exec_of_a_program_that_is_not_there_is_an_error_and_can_be_deleted(world):
    task = world.running("c", SLEEP)
    process = task.exec("e", ["/no/such/program"])
    refused(process.start, UNKNOWN, "/no/such/program")
    expect(process.state()["status"] in (CREATED, STOPPED), f"State is {process.state()}")
    process.delete()
    refused(process.state, NOT_FOUND)
    expect_equal("status", task.state()["status"], RUNNING)
    task.exec("f", ["true"]).start().exits(0).delete()


@case()
def an_exec_whose_process_is_no_json_is_an_error(world):
    task = world.running("c", SLEEP)
    refused(lambda: task.call("Exec", exec_id="e", spec={"type_url": "types.containerd.io/opencontainers/runtime-spec/1/Process",
                                                         "value": b"{"}), REFUSES)
    refused(lambda: task.call("State", exec_id="e"), NOT_FOUND)


@case()
def start_of_what_runs_is_an_error(world):
    task = world.running("c", SLEEP)
    refused(lambda: task.call("Start"), REFUSES)
    expect_equal("State", (task.state()["status"], task.state()["pid"]), (RUNNING, task.pid))


@case()
def a_shutdown_with_a_container_does_nothing(world):
    task = world.running("c", SLEEP)
    task.shutdown()
    time.sleep(0.3)
    expect_equal("status", world.program(task.address).call("State", id=task.id)["status"], RUNNING)


@case()
def a_shutdown_after_the_last_answers_tells_all_events_and_ends(world):
    task = world.running("c", ["true"]).exits(0)
    pid = task.shim_pid()
    task.delete()
    task.shutdown()
    eventually(lambda: not alive(pid), "the server is gone", 10)
    expect_equal("events", world.events.of(task.id), [(w, task.id) for w in ("create", "start", "exit", "delete")])
    expect(not os.path.exists(task.address.removeprefix("unix://")), "the socket is still there")


@case()
def processes_left_in_the_pid_namespace_of_others_are_killed(world):
    def shared(config):
        config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "pid"]
    task = world.running("c", ["sh", "-c", "sleep 399 & echo $!; read x"], which=("in", "out", "err"), edit=shared)
    eventually(lambda: task.stdio.out.data.endswith(b"\n"), "a pid")
    left = int(task.stdio.out.data)
    expect(alive(left), "the child does not run")
    task.stdio.write(b"\n")
    task.wait()
    eventually(lambda: not alive(left), "the child is gone", 10)


@case()
def an_absolute_root_needs_no_mounts(world):
    task = world.running("c", ["sh", "-c", "test -x /bin/busybox && exit 9"], mounted=False)
    task.exits(9).delete()


@case()
def an_overlay_is_mounted_and_taken_away(world):
    layers = {name: f"{world.top}/{name}" for name in ("upper", "work")}
    for path in layers.values():
        os.mkdir(path)
    task = world.task("c", ["sh", "-c", "echo hello >/file"])
    lower = task.rootfs[0]["source"]
    task.rootfs = [{"type": "overlay", "source": "overlay",
                    "options": [f"lowerdir={lower}", f"upperdir={layers['upper']}", f"workdir={layers['work']}"]}]
    task.begin().run().exits(0).delete()
    expect_equal("what was written", content(f"{layers['upper']}/file"), "hello")
    world.gone(task)
