#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures OCI runtimes against each other and against the floor, and prints ratios.  Never asserts.

Every round runs every contender once, in random order, so that drift, neighbours and the teardown that
the kernel still does for the one before hit all alike.  Absolute milliseconds are those of this machine;
ratios within one comparison and CPU time are what carries over.  tests/bench/run.sh calls this with
everything in place.
"""
import argparse
import ctypes
import json
import os
import random
import select
import shutil
import signal
import statistics
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
TIMEOUT_S = 30
MEMORY_LIMITS_KIB = [64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 5120, 6144,
                     8192, 12288, 16384, 24576, 32768]


class Failed(Exception):
    pass


# ---- bundles -------------------------------------------------------------------------------------------

def mount(destination, kind, source, *options):
    return {"destination": destination, "type": kind, "source": source, "options": list(options)}


def config(args, seccomp=None, memory_kib=None):
    """What `runc spec` writes, with the cgroup namespace that every engine asks for."""
    capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
    resources = {"devices": [{"allow": False, "access": "rwm"}]}
    if memory_kib:
        resources["memory"] = {"limit": memory_kib * 1024}
    linux = {
        "namespaces": [{"type": t} for t in ("pid", "network", "ipc", "uts", "mount", "cgroup")],
        "resources": resources,
        "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware",
                        "/proc/scsi"],
        "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    }
    if seccomp:
        linux["seccomp"] = seccomp
    return {
        "ociVersion": "1.0.2",
        "hostname": "bench",
        "root": {"path": "../rootfs", "readonly": True},
        "process": {
            "terminal": False, "user": {"uid": 0, "gid": 0}, "args": args, "cwd": "/",
            "env": ["PATH=/bin:/usr/bin"], "noNewPrivileges": True,
            "capabilities": {k: capabilities for k in ("bounding", "effective", "permitted")},
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
        },
        "mounts": [
            mount("/proc", "proc", "proc"),
            mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666",
                  "mode=0620", "gid=5"),
            mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
            mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
            mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
        ],
        "linux": linux,
    }


class Place:
    """The directory everything happens in, and the names used there."""

    def __init__(self, directory, xtrue, seccomp):
        self.directory = directory
        self.serial = 0
        self.seccomp = seccomp
        rootfs = self.path("rootfs")
        for name in ("proc", "sys", "dev", "bin"):
            os.makedirs(os.path.join(rootfs, name))
        shutil.copy(xtrue, os.path.join(rootfs, "xtrue"))
        self.add_bundle("plain", ["/xtrue"])
        self.add_bundle("seccomp", ["/xtrue"], seccomp=seccomp)
        self.add_bundle("waiting", ["/xtrue", "wait"], seccomp=seccomp)

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def add_bundle(self, name, args, **kwargs):
        os.makedirs(self.path(name), exist_ok=True)
        with open(self.path(name, "config.json"), "w", encoding="utf-8") as f:
            json.dump(config(args, **kwargs), f)
        return self.path(name)

    def new_id(self):
        self.serial += 1
        return "bwbench-%d-%d" % (os.getpid(), self.serial)


# ---- running -------------------------------------------------------------------------------------------

def spawn(argv, extra_actions=()):
    null = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1)]
    log = [(os.POSIX_SPAWN_OPEN, 2, "errors", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)]
    return os.posix_spawn(argv[0], argv, os.environ, file_actions=null + log + list(extra_actions))


def reap(pid, argv):
    """CPU seconds of a process and of what it waited for."""
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise Failed("status %d from %s" % (status, " ".join(argv)))
    return usage.ru_utime + usage.ru_stime


def together(*commands):
    """Starts the commands at once; wall and CPU seconds until all have ended."""
    start = time.perf_counter()
    running = [(spawn(argv), argv) for argv in commands]
    try:
        cpu = sum([reap(pid, argv) for pid, argv in running])
    except BaseException:
        kill_all(pid for pid, _ in running)
        raise
    return time.perf_counter() - start, cpu


def in_turn(*commands):
    """Each when the one before has ended; wall and CPU seconds of all."""
    samples = [together(argv) for argv in commands]
    return sum(wall for wall, _ in samples), sum(cpu for _, cpu in samples)


def kill_all(pids):
    """Some runtimes pass a SIGTERM on to the container instead of ending."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def reap_strangers():
    """CPU seconds of containers whose creator has gone, so that they became our children."""
    cpu = 0.0
    while True:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return cpu
        if pid == 0:
            return cpu
        cpu += usage.ru_utime + usage.ru_stime


def wait_for_death(pid):
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if not select.select([fd], [], [], TIMEOUT_S)[0]:
            raise Failed("process %d does not die" % pid)
    finally:
        os.close(fd)


class Floor:
    """No runtime at all: what the kernel needs."""

    def __init__(self, program, cgroups, place):
        self.name = "floor"
        self.program = program
        self.cgroups = cgroups
        self.place = place

    def run(self, _bundle):
        name = self.place.new_id()
        joined = [word for top in self.cgroups for word in ("-c", os.path.join(top, name))]
        return [self.program, "-v", "-b", "-m", *joined, self.place.path("rootfs"), "/xtrue"]


class Runtime:
    def __init__(self, name, command, place):
        self.name = name
        self.place = place
        self.container = None
        self.updates = 0
        words = command.split()
        program = shutil.which(words[0]) or sys.exit("no such program: " + words[0])
        self.command = [program, "--root", place.path("state", name), *words[1:]]

    def run(self, bundle):
        return [*self.command, "run", "--bundle", self.place.path(bundle), self.place.new_id()]

    def create(self, name):
        pid_file = self.place.path(name + ".pid")
        sample = together([*self.command, "create", "--bundle", self.place.path("waiting"),
                           "--pid-file", pid_file, name])
        with open(pid_file, encoding="ascii") as f:
            pid = int(f.read())
        os.unlink(pid_file)
        return sample, pid

    def cycle(self):
        """create, start, kill, wait for the end, delete."""
        name = self.place.new_id()
        begin = time.perf_counter()
        (_, cpu), pid = self.create(name)
        cpu += together([*self.command, "start", name])[1]
        cpu += together([*self.command, "kill", name, "KILL"])[1]
        wait_for_death(pid)
        cpu += reap_strangers()
        cpu += together([*self.command, "delete", name])[1]
        return time.perf_counter() - begin, cpu

    def begin(self):
        """The container that exec, state, pause and update are measured on."""
        self.container = self.place.new_id()
        self.create(self.container)
        together([*self.command, "start", self.container])

    def end(self):
        """Ends every container of this runtime, whatever state a failure left it in."""
        state = self.place.path("state", self.name)
        for name in os.listdir(state) if os.path.isdir(state) else []:
            subprocess.run([*self.command, "delete", "--force", name], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        self.container = None
        reap_strangers()

    def exec(self):
        return [*self.command, "exec", self.container, "/xtrue"]

    def state(self):
        return [*self.command, "state", self.container]

    def pause(self):
        return in_turn([*self.command, "pause", self.container], [*self.command, "resume", self.container])

    def update(self):
        """Another limit of memory each time, far above what the container uses."""
        self.updates += 1
        limit = (256 + self.updates % 2) << 20
        return together([*self.command, "update", "--memory", str(limit), self.container])


# ---- what is measured ----------------------------------------------------------------------------------

def runs(bundle, count):
    return lambda contender: together(*[contender.run(bundle) for _ in range(count)])


def only_runtimes(sample):
    return lambda contender: sample(contender) if isinstance(contender, Runtime) else None


# name, title, how to take one sample (None: does not apply), which part of the rounds
SCENARIOS = [
    ("run", "run", runs("plain", 1), 1),
    ("run-seccomp", "run, docker's seccomp profile", runs("seccomp", 1), 1),
    ("cycle", "create + start + kill + delete", only_runtimes(lambda c: c.cycle()), 1),
    ("exec", "exec", only_runtimes(lambda c: together(c.exec())), 1),
    ("state", "state", only_runtimes(lambda c: together(c.state())), 1),
    ("pause", "pause + resume", only_runtimes(lambda c: c.pause()), 1),
    ("update", "update of the memory limit", only_runtimes(lambda c: c.update()), 1),
    ("run-8", "8 at once", runs("seccomp", 8), 2),
    ("run-32", "32 at once", runs("seccomp", 32), 4),
]


def measure(scenario, contenders, rounds):
    """{contender: [(wall, cpu), ...]}; the first two rounds only warm up."""
    name, title, sample, part = scenario
    samples = {}
    rounds = max(3, rounds // part)
    print("%s, %d rounds ..." % (title, rounds), file=sys.stderr, flush=True)
    for round_number in range(-2, rounds):
        for contender in random.sample(contenders, len(contenders)):
            one = sample(contender)
            if one and round_number >= 0:
                samples.setdefault(contender.name, []).append(one)
    return samples


def peak_kib(peak, command):
    """The largest of three runs; command() gives the words of each, as a name serves only once."""
    values = []
    for _ in range(3):
        argv = command()
        reader, writer = os.pipe()
        reap(spawn([peak, *argv], [(os.POSIX_SPAWN_DUP2, writer, 3)]), argv)
        os.close(writer)
        with os.fdopen(reader) as f:
            values.append(int(f.read()))
    return max(values)


def starts_with(contender, kib):
    """Does a container with this memory limit run, three times of three?"""
    contender.place.add_bundle("limited", ["/xtrue"], memory_kib=kib)
    for _ in range(3):
        try:
            result = subprocess.run(contender.run("limited"), stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                    timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            return False
        if result.returncode != 0:
            return False
    return True


def smallest_limit(contender):
    print("smallest memory limit of %s ..." % contender.name, file=sys.stderr, flush=True)
    return next((kib for kib in MEMORY_LIMITS_KIB if starts_with(contender, kib)), None)


# ---- tables --------------------------------------------------------------------------------------------

def median(samples, index=0):
    return statistics.median(s[index] for s in samples) * 1e3


def quantile(samples, part):
    ordered = sorted(s[0] for s in samples)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1e3


def ratio(samples, name, against):
    if name not in samples or against not in samples:
        return "-"
    return "%.2fx" % (median(samples[name]) / median(samples[against]))


def references(contenders):
    return [c.name for c in contenders if not c.name.startswith("bulwark")]


def print_scenario(scenario, samples, contenders):
    against = references(contenders)
    heads = "".join("%9s" % ("/ " + name) for name in against)
    print("\n%-32s %9s %9s %9s %9s%s" % (scenario[1], "median ms", "p10", "p90", "CPU ms", heads))
    for contender in contenders:
        rows = samples.get(contender.name)
        if not rows:
            continue
        ratios = "".join("%9s" % ratio(samples, contender.name, name) for name in against)
        print("  %-30s %9.2f %9.2f %9.2f %9.2f%s" % (
            contender.name, median(rows), quantile(rows, .1), quantile(rows, .9), median(rows, 1), ratios))


def print_peaks(peak, runtimes):
    print("\n%-32s %9s %9s %9s %9s" % ("peak resident set, KiB", "run", "seccomp", "exec", "state"))
    for runtime in runtimes:
        runtime.begin()
        commands = [lambda r=runtime: r.run("plain"), lambda r=runtime: r.run("seccomp"), runtime.exec,
                    runtime.state]
        print("  %-30s %9d %9d %9d %9d" % (runtime.name, *[peak_kib(peak, c) for c in commands]))
        runtime.end()


def print_limits(runtimes):
    print("\n%-32s %9s" % ("smallest memory limit that starts", "KiB"))
    for runtime in runtimes:
        print("  %-30s %9s" % (runtime.name, smallest_limit(runtime) or "none"))


def print_summary(results, contenders):
    against = references(contenders)
    for contender in contenders:
        if contender.name in against or not results:
            continue
        print("\n%-32s%s" % (contender.name + " against", "".join("%10s" % name for name in against)))
        for name, title, *_ in SCENARIOS:
            if contender.name in results.get(name, {}):
                cells = "".join("%10s" % ratio(results[name], contender.name, a) for a in against)
                print("  %-30s%s" % (title, cells))


# ---- the whole -----------------------------------------------------------------------------------------

def cgroups_for_floor():
    """The directories in which the floor makes its cgroup: cgroup2, or every v1 hierarchy that can be joined
    without being configured first (a new cpuset has no processors)."""
    tops = []
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        for line in f:
            fields = line.split()
            kind = fields[fields.index("-") + 1]
            if kind in ("cgroup", "cgroup2") and "cpuset" not in fields[-1]:
                tops.append((kind == "cgroup", fields[4]))
    return [path for _, path in sorted(tops)]


def able(contenders):
    """Those that can run here at all."""
    good = []
    for contender in contenders:
        try:
            together(contender.run("seccomp"))
            good.append(contender)
        except Failed:
            print("  %s cannot run here" % contender.name, file=sys.stderr)
    return good


def read_arguments():
    names = [s[0] for s in SCENARIOS] + ["rss", "limit"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", action="append", choices=names, help="measure this (default: all)")
    parser.add_argument("--check", action="store_true", help="only see whether every contender can run")
    parser.add_argument("--work", required=True, help="an empty directory on a tmpfs")
    parser.add_argument("--floor", required=True)
    parser.add_argument("--xtrue", required=True)
    parser.add_argument("--peak", required=True)
    parser.add_argument("--seccomp-from", required=True, help="a config.json whose filter is used")
    parser.add_argument("--json", help="write all samples to this file")
    parser.add_argument("contender", nargs="+", metavar="NAME=COMMAND")
    args = parser.parse_args()
    args.only = args.only or names
    return args


def stop(*_):
    """A time limit has to end the containers as well; a second signal must not disturb that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


def measure_all(args, contenders, runtimes):
    """{scenario: {contender: samples}}; prints each table as soon as it is there."""
    results = {}
    for scenario in SCENARIOS:
        if scenario[0] not in args.only:
            continue
        for runtime in runtimes:
            runtime.begin()
        results[scenario[0]] = measure(scenario, contenders, args.rounds)
        for runtime in runtimes:
            runtime.end()
        print_scenario(scenario, results[scenario[0]], contenders)
    if "rss" in args.only:
        print_peaks(args.peak, runtimes)
    if "limit" in args.only:
        print_limits(runtimes)
    return results


def main():
    args = read_arguments()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with open(args.seccomp_from, encoding="utf-8") as f:
        seccomp = json.load(f)["linux"]["seccomp"]
    place = Place(args.work, args.xtrue, seccomp)
    os.chdir(args.work)
    contenders = [Floor(args.floor, cgroups_for_floor(), place)]
    contenders += [Runtime(*word.split("=", 1), place) for word in args.contender]
    named = len(contenders)
    contenders = able(contenders)
    if args.check:
        sys.exit(0 if len(contenders) == named else 1)
    signal.signal(signal.SIGTERM, stop)
    runtimes = [c for c in contenders if isinstance(c, Runtime)]
    try:
        results = measure_all(args, contenders, runtimes)
    finally:
        for runtime in runtimes:
            runtime.end()
    print_summary(results, contenders)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump(results, f)


if __name__ == "__main__":
    main()
