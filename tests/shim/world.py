# SPDX-License-Identifier: Apache-2.0
"""What a case lives in: bundles as containerd lays them out, shims started as containerd starts them, and the proof at
the end that nothing outlived them.

From the environment: SHIM (the program), T (a directory of this case), ID (a name that nobody else uses), TEMPLATE (a
bundle with a root file system and config.json), CGROUP (all cgroups are below it).  Runs in namespaces of its own, of
processes too: whatever else runs there was started by the case.
"""
import glob
import hashlib
import json
import os
import re
import select
import signal
import stat
import subprocess
import threading
import time

from client import (NOT_FOUND, PATIENCE, TASK_V2, Connection, EventServer, Failure, RpcError, Stdio, eventually, expect,
                    expect_equal)
from wire import ANY, EXITED, RUNC_OPTIONS, RUNTIME_OPTIONS, any_of, decoded, encoded

SHIM = os.environ["SHIM"]
REFERENCE = os.path.basename(SHIM) == "containerd-shim-runc-v2"
SOCKETS = "/run/containerd/s"
NAMESPACE = "test"
PROCESS_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Process"
RESOURCES_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources"
CREATED, RUNNING, STOPPED, PAUSED = 1, 2, 3, 4
ZERO_TIME = ({}, {"seconds": -62135596800, "nanos": 0})  # absent, or what Go's zero time becomes


# ---- looking at this world ----

def processes():
    """{pid: (parent, state, name)} of everything in this process namespace."""
    out = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf8", errors="replace") as file:
                pid, name, state, parent = re.match(r"(\d+) \((.*)\) (\S) (\d+)", file.read(), re.S).groups()
        except OSError:
            continue
        out[int(pid)] = (int(parent), state, name)
    return out


def others():
    """What runs here beside this program and those who called it."""
    found, mine = processes(), {1}
    pid = os.getpid()
    while pid in found:
        mine.add(pid)
        pid = found[pid][0]
    return {pid: about for pid, about in found.items() if pid not in mine and about[0] not in mine - {1}}


def nobody_left(seconds=10):
    end = time.monotonic() + seconds
    while others():
        expect(time.monotonic() < end, f"processes left: {others()}")
        time.sleep(0.02)


def alive(pid):
    about = processes().get(pid)
    return about is not None and about[1] != "Z"


def mounts_below(directory):
    with open("/proc/self/mountinfo", encoding="utf8") as file:
        return [line.split()[4] for line in file if line.split()[4].startswith(directory + "/")]


def cgroups_below(name):
    found = glob.glob(f"/sys/fs/cgroup/{name}") + glob.glob(f"/sys/fs/cgroup/*/{name}")
    return [path for top in found for path, _, _ in os.walk(top)]


def cgroup_file(pid, controller, v1, v2):
    """The path of a limit of this process, whichever kind of cgroups there is."""
    with open(f"/proc/{pid}/cgroup", encoding="utf8") as file:
        for line in file:
            _, names, path = line.strip().split(":", 2)
            if controller in names.split(","):
                return f"/sys/fs/cgroup/{controller}{path}/{v1}"
            if not names and os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
                return f"/sys/fs/cgroup{path}/{v2}"
    raise Failure(f"process {pid} is in no cgroup of {controller}")


def content(path):
    with open(path, encoding="utf8") as file:
        return file.read().strip()


def private_kib(pid):
    """What one more server costs: pages of the program's file are shared as soon as there are two."""
    return int(re.search(r"^Anonymous: *(\d+) kB", content(f"/proc/{pid}/smaps_rollup"), re.M)[1])


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


# ---- one process and one container ----

class Process:
    """What the init and an exec of a container have in common."""

    def __init__(self, task, exec_id, stdio, terminal):
        self.task, self.exec_id, self.stdio, self.terminal, self.pid = task, exec_id, stdio, terminal, 0

    def send(self, method, **request):
        if self.exec_id:
            request["exec_id"] = self.exec_id
        return self.task.connection.send(method, id=self.task.id, **request)

    def call(self, method, seconds=PATIENCE, **request):
        return self.send(method, **request).result(seconds)

    def start(self):
        self.pid = self.call("Start")["pid"]
        expect(self.pid > 0, "Start gave no pid")
        return self

    def kill(self, number=signal.SIGKILL, **more):
        return self.call("Kill", signal=int(number), **more)

    def state(self):
        return self.call("State")

    def wait(self, seconds=PATIENCE):
        return self.call("Wait", seconds)

    def exits(self, status):
        expect_equal("exit status", self.wait()["exit_status"], status)
        return self

    def delete(self):
        return self.call("Delete")


class Task(Process):
    """A container: its bundle, its shim's connection, its fifos."""

    def __init__(self, world, name, bundle, stdio, terminal):
        super().__init__(self, "", stdio, terminal)
        self.world, self.id, self.bundle = world, name, bundle
        self.address, self.connection, self.deleted, self.rootfs = None, None, False, []

    def begin(self, **how):
        """`start`, and a connection."""
        self.address = self.world.start(self, **how)
        self.connection = Connection(self.address)
        return self

    def send_create(self, **more):
        request = {"bundle": self.bundle, "rootfs": self.rootfs, "terminal": int(self.terminal),
                   "options": self.world.options(), **self.stdio.fields(), **more}
        return self.send("Create", **request)

    def create(self, **more):
        self.pid = self.send_create(**more).result()["pid"]
        expect(self.pid > 0, "Create gave no pid")
        return self

    def run(self):
        self.create().start()
        return self

    def exec(self, name, args, which=("out", "err"), terminal=False, **spec):
        process = Process(self, name, Stdio(f"{self.world.top}/io/{self.id}.{name}", which), terminal)
        process.call("Exec", terminal=int(terminal), spec=self.spec(args, terminal=terminal, **spec),
                     **process.stdio.fields())
        return process

    @staticmethod
    def spec(args, **more):
        value = {"args": args, "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}, **more}
        return {"type_url": PROCESS_TYPE, "value": json.dumps(value).encode()}

    def shim_pid(self):
        return self.call("Connect")["shim_pid"]

    def delete(self):
        got = super().delete()
        self.deleted = True
        return got

    def remove(self):
        """Whatever it does: killed, waited for, deleted."""
        try:
            self.kill()
        except RpcError as error:
            expect_equal(f"code of Kill ({error.message})", error.code, NOT_FOUND)
        self.wait()
        return self.delete()

    def shutdown(self):
        self.world.shut.add(self.connection.address)
        try:
            self.call("Shutdown")
        except OSError:
            pass  # with its last container it has ended at the Shutdown of another
        except Failure:
            expect(REFERENCE, "Shutdown was not answered")  # which may end first


# ---- the world ----

class World:
    def __init__(self):
        self.top, self.tasks, self.logs, self.log = os.environ["T"], [], {}, b""
        self.shut = set()  # addresses of servers that a case has asked to end
        self.grpc = f"{self.top}/containerd.sock"
        self.events = EventServer(self.grpc + ".ttrpc")
        self.state = f"{self.top}/state"
        self.config = f"{self.top}/shim.toml"
        self.configure()
        self.log_poll = select.poll()
        threading.Thread(target=self.read_logs, daemon=True).start()

    def configure(self, **more):
        """The file that our options name: flat TOML."""
        settings = {"Profile": "compat", "Root": self.state, **more}
        with open(self.config, "w", encoding="utf8") as file:
            file.writelines(f'{key} = "{value}"\n' for key, value in settings.items() if value is not None)
        os.chmod(self.config, 0o600)

    def options(self):
        if REFERENCE:
            return any_of("containerd.runc.v1.Options", RUNC_OPTIONS, {"root": self.state})
        return any_of("runtimeoptions.v1.Options", RUNTIME_OPTIONS, {"config_path": self.config})

    # ---- bundles ----

    def task(self, name, args, edit=None, which=("out", "err"), terminal=False, mounted=True, **reading):
        """A container that was not begun yet: containerd's bundle, and the client's fifos."""
        name = f"{os.environ['ID']}-{name}"
        bundle = f"{self.top}/tasks/{NAMESPACE}/{name}"
        os.makedirs(f"{bundle}/rootfs")
        os.chmod(bundle, 0o700)
        self.add_log(f"{bundle}/log")
        task = Task(self, name, bundle, Stdio(f"{self.top}/io/{name}", which, **reading), terminal)
        template = f"{os.environ['TEMPLATE']}/rootfs"
        if mounted:
            task.rootfs = [{"type": "bind", "source": template, "options": ["rbind", "rw"]}]
        config = json.loads(content(f"{os.environ['TEMPLATE']}/config.json"))
        config["root"]["path"] = "rootfs" if mounted else template
        config["process"].update(args=args, terminal=terminal)
        config["linux"]["cgroupsPath"] = f"/{os.environ['CGROUP']}/{name}"
        if edit:
            edit(config)
        with open(f"{bundle}/config.json", "w", encoding="utf8") as file:
            json.dump(config, file)
        self.tasks.append(task)
        return task

    def running(self, name, args=("sleep", "300"), **how):
        return self.task(name, list(args), **how).begin().run()

    def add_log(self, path):
        os.mkfifo(path, 0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self.logs[path] = descriptor

    def read_logs(self):
        while True:
            for descriptor in list(self.logs.values()):
                try:
                    self.log += os.read(descriptor, 1 << 16)
                except OSError:
                    pass
            time.sleep(0.2)

    def forget(self, task):
        """containerd removes a bundle right after its container."""
        os.close(self.logs.pop(f"{task.bundle}/log"))
        for path, directories, files in os.walk(task.bundle, topdown=False):
            for name in files:
                os.unlink(f"{path}/{name}")
            for name in directories:
                link = os.path.islink(f"{path}/{name}")
                (os.unlink if link else os.rmdir)(f"{path}/{name}")
        os.rmdir(task.bundle)
        self.tasks.remove(task)

    # ---- actions of the program ----

    def action(self, task, action, stdin=b"", name=None, **how):
        """Runs an action as containerd does."""
        command = [SHIM, "-namespace", NAMESPACE, "-address", self.grpc, "-publish-binary", "/bin/true",
                   "-id", name or task.id]
        if action == "delete":
            command += ["-bundle", task.bundle]
        environment = {**os.environ, "TTRPC_ADDRESS": self.grpc + ".ttrpc", "GRPC_ADDRESS": self.grpc,
                       "NAMESPACE": NAMESPACE, "MAX_SHIM_VERSION": "2", "GOMAXPROCS": "2"}
        return subprocess.run(command + [action], input=stdin, cwd=how.pop("cwd", task.bundle), env=environment,
                              timeout=PATIENCE, start_new_session=True, check=False, stdout=subprocess.PIPE, **how)

    def start(self, task, stdin=None):
        """The address that `start` gives; containerd takes what it says on both streams."""
        if stdin is None:
            stdin = encoded(ANY, self.options())
        done = self.action(task, "start", stdin, stderr=subprocess.STDOUT)
        expect_equal(f"exit status of start, which says {done.stdout!r},", done.returncode, 0)
        return done.stdout.decode()

    def delete_action(self, task):
        """What `delete` prints."""
        done = self.action(task, "delete", stderr=subprocess.PIPE)
        if REFERENCE:  # which fails before a Create, and logs a warning when there is nothing to delete
            return decoded(EXITED, done.stdout)
        expect_equal(f"exit status of delete, which says {done.stderr!r},", done.returncode, 0)
        expect_equal("stderr of delete", done.stderr, b"")
        return decoded(EXITED, done.stdout)

    def address_of(self, group, directory=SOCKETS):
        """Where the shim of a container or of a group shall listen."""
        name = hashlib.sha256(f"{self.grpc}/{NAMESPACE}/{group}".encode()).hexdigest()
        return f"unix://{directory}/{name}"

    def program(self, address):
        """Another connection."""
        return Connection(address, TASK_V2)

    # ---- the end ----

    def end(self):
        """As containerd removes containers; then nothing may be left."""
        for task in list(self.tasks):
            if task.connection and not task.connection.closed.is_set() and not task.deleted and task.pid:
                task.remove()
        open_ones = [t for t in self.tasks if t.connection and not t.connection.closed.is_set()]
        for task in {t.connection.address: t for t in open_ones}.values():
            ends = task.connection.address in self.shut
            try:
                task.shutdown()
            except Failure:
                expect(ends, "Shutdown was not answered")  # the case had asked for it before
        for task in self.tasks:
            self.delete_action(task)
        nobody_left(15)
        expect_equal("wrong events", self.events.wrong, [])
        self.nothing_left()

    def nothing_left(self):
        for task in self.tasks:
            self.gone(task)
        sockets = [p for p in glob.glob(f"{SOCKETS}/*") if stat.S_ISSOCK(os.stat(p).st_mode)]
        expect_equal("sockets left", sockets, [])

    def gone(self, task):
        """No cgroup, no mount, no state of this container."""
        expect_equal("cgroups left", cgroups_below(f"{os.environ['CGROUP']}/{task.id}"), [])
        expect_equal("mounts left", mounts_below(task.bundle), [])
        left = [p for p in glob.glob(f"{self.state}/**/*{task.id}*", recursive=True)]
        expect_equal("state left", left, [])


def thaw():
    """What is frozen does not die."""
    for path in cgroups_below(os.environ["CGROUP"]):
        for name, word in ("freezer.state", "THAWED"), ("cgroup.freeze", "0"):
            if os.path.exists(f"{path}/{name}"):
                with open(f"{path}/{name}", "w", encoding="utf8") as file:
                    file.write(word)


def kill_others():
    """However the case ended."""
    expect(os.readlink("/proc/self/ns/pid") != os.environ["OUTER_PID_NAMESPACE"], "not in a namespace of its own")
    for _ in range(50):
        thaw()
        for pid in others():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if not others():
            return
        time.sleep(0.1)


def remove_sockets():
    for path in glob.glob(f"{SOCKETS}/*"):
        os.unlink(path)
