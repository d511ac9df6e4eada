# SPDX-License-Identifier: Apache-2.0
"""What containers print and read, with clients that are slow, gone, or late; terminals."""
import os
import time

from case import case
from client import NOT_FOUND, PRECONDITION, UNKNOWN, eventually, expect, expect_equal, refused
from world import STOPPED, content, mounts_below

ECHO = ["sh", "-c", "while read x; do echo got $x; done; echo end"]
IN_OUT_ERR = ("in", "out", "err")


@case()
def the_two_streams_stay_apart(world):
    task = world.running("c", ["sh", "-c", "echo out; echo err >&2"]).exits(0)
    task.delete()
    expect_equal("stdout and stderr", (task.stdio.out.all(), task.stdio.err.all()), (b"out\n", b"err\n"))


@case()
def five_megabytes_reach_a_slow_reader(world):
    script = "i=0; while [ $i -lt 5 ]; do head -c 1048576 /dev/zero | tr '\\0' $i; i=$((i+1)); done"
    task = world.running("c", ["sh", "-c", script], slow=0.005).exits(0)
    task.delete()
    expect_equal("output", task.stdio.out.all(), b"".join(b"%d" % i * (1 << 20) for i in range(5)))


@case()
def input_comes_in_until_it_is_closed(world):
    task = world.running("c", ECHO, which=IN_OUT_ERR)
    task.stdio.write(b"one\n")
    task.stdio.out.has(b"got one\n")
    task.stdio.write(b"two\n")
    task.stdio.close_writer()
    task.stdio.out.has(b"got two\n")
    time.sleep(0.2)
    expect(b"end" not in task.stdio.out.data, "the end of a client is the end of input")
    task.call("CloseIO", stdin=1)
    task.exits(0).delete()
    expect_equal("output", task.stdio.out.all(), b"got one\ngot two\nend\n")


@case()
def a_megabyte_goes_in_and_comes_out(world):
    data = os.urandom(1 << 19).hex().encode()
    task = world.running("c", ["cat"], which=IN_OUT_ERR)
    task.stdio.write(data)
    task.call("CloseIO", stdin=1)
    task.stdio.close_writer()
    task.exits(0).delete()
    expect(task.stdio.out.all() == data, "what came out is not what went in")


@case()
def input_written_before_start_is_kept(world):
    task = world.task("c", ["cat"], which=IN_OUT_ERR).begin().create()
    task.stdio.write(b"early\n")
    task.start()
    task.call("CloseIO", stdin=1)
    task.stdio.close_writer()
    task.exits(0).delete()
    expect_equal("output", task.stdio.out.all(), b"early\n")


@case()
def a_client_that_comes_back_finds_what_was_said_meanwhile(world):
    task = world.running("c", ECHO, which=IN_OUT_ERR)
    task.stdio.write(b"one\n")
    task.stdio.out.has(b"got one\n")
    path = task.stdio.out.path
    task.stdio.out.detach()
    task.stdio.write(b"two\n")
    task.stdio.close_writer()
    time.sleep(0.3)
    later = type(task.stdio.out)(path)
    later.has(b"got two\n")
    task.stdio.write(b"three\n")
    later.has(b"got two\ngot three\n")
    task.stdio.close_writer()
    task.call("CloseIO", stdin=1)
    task.exits(0)


@case()
def a_container_outlives_its_client_and_blocks_until_it_is_back(world):
    task = world.running("c", ["sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' a"])
    path = task.stdio.out.path
    task.stdio.out.has(b"a")
    task.stdio.out.detach()
    first = len(task.stdio.out.data)
    time.sleep(0.3)
    later = type(task.stdio.out)(path)
    task.exits(0).delete()
    expect_equal("bytes in all", first + len(later.all()), 1000000)


@case()
def delete_waits_until_all_was_read(world):
    task = world.running("c", ["sh", "-c", "head -c 300000 /dev/zero | tr '\\0' a & exec sleep 0.2"], begin=False)
    # The pipe between holds 64 KiB, the fifo as many: the rest is with the writer, which dies with its init.
    task.wait()
    before = time.monotonic()
    pending = task.send("Delete")
    time.sleep(1)
    expect(not pending.done.is_set(), "Delete answers while output is on its way")
    task.stdio.out.begin()
    pending.result()
    task.deleted = True
    expect(time.monotonic() - before < 9, "Delete waited for something else")
    expect(len(task.stdio.out.all(5)) > 65536, f"{len(task.stdio.out.data)} bytes of output came")


@case()
def the_readers_see_the_end_when_delete_has_answered(world):
    task = world.running("c", ["sh", "-c", "echo last"]).exits(0)
    task.delete()
    expect_equal("output", (task.stdio.out.all(2), task.stdio.err.all(2)), (b"last\n", b""))


@case()
def a_child_that_keeps_the_pipe_does_not_hold_delete_up_for_ever(world):
    task = world.running("c")
    process = task.exec("e", ["sh", "-c", "sleep 200 & echo started"]).start().exits(0)
    before = time.monotonic()
    process.delete()
    expect(time.monotonic() - before < 14, f"Delete took {time.monotonic() - before:.1f} s")
    expect_equal("output", process.stdio.out.data, b"started\n")
    expect_equal("output has ended", process.stdio.out.ended.wait(3), True)


@case()
def without_streams_a_container_has_the_null_device(world):
    script = "for n in 0 1 2; do stat -L -c %t:%T /proc/self/fd/$n; done >/out; read x; echo $? >>/out; echo x; echo y >&2"
    layers = [f"{world.top}/{name}" for name in ("upper", "work")]
    for path in layers:
        os.mkdir(path)
    task = world.task("c", ["sh", "-c", script], which=())
    task.rootfs = [{"type": "overlay", "source": "overlay", "options": [
        f"lowerdir={task.rootfs[0]['source']}", f"upperdir={layers[0]}", f"workdir={layers[1]}"]}]
    task.begin().run().exits(0).delete()
    expect_equal("input and what it gave", content(f"{layers[0]}/out").split("\n")[0], "1:3")
    expect_equal("input and what it gave", content(f"{layers[0]}/out").split("\n")[-1], "1")


@case()
def a_user_who_is_not_root_may_open_its_own_output(world):
    def user(config):
        config["process"]["user"] = {"uid": 1001, "gid": 1001}
        config["process"]["capabilities"] = {}
    # runc's shim learns the owner by its options.
    from wire import RUNC_OPTIONS, any_of
    from world import REFERENCE
    if REFERENCE:
        world.options = lambda: any_of("containerd.runc.v1.Options", RUNC_OPTIONS,
                                       {"root": world.state, "io_uid": 1001, "io_gid": 1001})
    task = world.running("c", ["sh", "-c", "id -u >/dev/stdout; echo e >/dev/stderr"], edit=user)
    task.wait()
    task.delete()
    expect_equal("stdout and stderr", (task.stdio.out.all(), task.stdio.err.all()), (b"1001\n", b"e\n"))


@case()
def output_goes_to_a_file(world):
    path = f"{world.top}/logs/of/c.log"
    task = world.task("c", ["sh", "-c", "echo out; echo err >&2"], which=())
    os.makedirs(os.path.dirname(path))
    with open(path, "w", encoding="utf8") as file:
        file.write("before\n")
    task.begin().create(stdout=f"file://{path}", stderr=f"file://{path}")
    task.start().exits(0).delete()
    expect_equal("the file", sorted(content(path).split("\n")), ["before", "err", "out"])


@case()
def the_directory_of_an_output_file_is_made(world):
    path = f"{world.top}/new/directory/c.log"
    task = world.task("c", ["sh", "-c", "echo out"], which=()).begin()
    task.create(stdout=f"file://{path}", stderr=f"file://{path}").start().exits(0).delete()
    expect_equal("the file", content(path), "out")
    expect_equal("its mode", oct(os.stat(path).st_mode & 0o777), oct(0o644))


@case(own=True)
def a_logger_program_is_refused_without_a_policy_in_one_sentence(world):
    task = world.task("c", ["true"], which=()).begin()
    message = refused(lambda: task.create(stdout="binary:///bin/cat?a=b"), tuple(range(1, 17)), "the logger /bin/cat")
    expect("; " not in message and ". " not in message, f"the message is {message!r}, expected one sentence")
    refused(task.state, NOT_FOUND)
    world.gone(task)


@case()
def an_unknown_scheme_of_output_is_an_error(world):
    task = world.task("c", ["true"], which=()).begin()
    refused(lambda: task.create(stdout="carrier-pigeon:///home"), tuple(range(1, 17)), "carrier-pigeon")
    refused(task.state, NOT_FOUND)


@case()
def an_output_fifo_that_is_not_there_is_an_error(world):
    task = world.task("c", ["true"], which=()).begin()
    refused(lambda: task.create(stdout="/run/none/fifo"), tuple(range(1, 17)), "/run/none/fifo")
    refused(task.state, NOT_FOUND)


@case()
def an_exec_has_streams_of_its_own(world):
    task = world.running("c")
    process = task.exec("e", ECHO, which=IN_OUT_ERR).start()
    process.stdio.write(b"x\n")
    process.stdio.out.has(b"got x\n")
    process.call("CloseIO", stdin=1)
    process.stdio.close_writer()
    process.exits(0).delete()
    expect_equal("output", process.stdio.out.all(), b"got x\nend\n")
    expect_equal("output of the container", task.stdio.out.data, b"")


# ---- terminals ----

SHELL = ["sh", "-c", "tty; while read x; do [ \"$x\" != size ] || stty size; echo \"<$x>\"; done"]


@case()
def a_container_has_a_terminal_of_the_size_that_was_asked_for(world):
    task = world.running("c", SHELL, which=("in", "out"), terminal=True)
    expect_equal("terminal in State", task.state()["terminal"], 1)
    expect_equal("terminal in the event", world.events.wait("create", task.id).body["io"]["terminal"], 1)
    task.stdio.out.has(b"/dev/")
    task.call("ResizePty", width=101, height=37)
    task.stdio.write(b"size\n")
    task.stdio.out.has(b"37 101\r\n<size>")
    task.call("ResizePty", width=80, height=25)
    task.stdio.write(b"size\n")
    task.stdio.out.has(b"25 80\r\n")
    task.stdio.write(b"\x04")
    task.exits(0).delete()
    expect(task.stdio.out.all().startswith(b"/dev/"), f"the terminal said {task.stdio.out.data!r}")


@case()
def a_terminal_starts_with_the_size_of_its_process(world):
    def sized(config):
        config["process"]["consoleSize"] = {"height": 11, "width": 77}
    task = world.running("c", ["stty", "size"], which=("in", "out"), terminal=True, edit=sized)
    task.exits(0).delete()
    expect_equal("the terminal said", task.stdio.out.all(), b"11 77\r\n")


@case()
def an_exec_has_a_terminal(world):
    task = world.running("c")
    process = task.exec("e", SHELL, which=("in", "out"), terminal=True).start()
    process.call("ResizePty", width=132, height=43)
    process.stdio.write(b"size\n")
    process.stdio.out.has(b"43 132\r\n<size>")
    process.stdio.write(b"\x04")
    process.exits(0)
    expect_equal("status", process.state()["status"], STOPPED)
    refused(lambda: process.call("ResizePty", width=80, height=24), (UNKNOWN, PRECONDITION, NOT_FOUND))
    process.delete()
    expect(b"/dev/pts/" in process.stdio.out.all(), f"the terminal said {process.stdio.out.data!r}")


@case()
def the_answer_to_exec_decides_about_the_terminal(world):
    task = world.running("c")
    from client import Stdio
    from world import Process
    process = Process(task, "e", Stdio(f"{world.top}/io/e", ("out",)), True)
    process.call("Exec", terminal=1, spec=task.spec(["tty"], terminal=False), **process.stdio.fields())
    process.start().exits(0).delete()
    expect(process.stdio.out.all().startswith(b"/dev/"), f"tty said {process.stdio.out.data!r}")


@case()
def five_megabytes_come_through_a_terminal(world):
    task = world.running("c", ["sh", "-c", "stty raw; head -c 5000000 /dev/zero | tr '\\0' z"], which=("in", "out"),
                         terminal=True)
    task.exits(0).delete()
    expect_equal("bytes", task.stdio.out.all().count(b"z"), 5000000)


@case()
def a_terminal_outlives_its_client(world):
    task = world.running("c", SHELL, which=("in", "out"), terminal=True)
    task.stdio.write(b"one\n")
    task.stdio.out.has(b"<one>")
    path = task.stdio.out.path
    task.stdio.out.detach()
    task.stdio.write(b"two\n")
    task.stdio.close_writer()
    time.sleep(0.2)
    later = type(task.stdio.out)(path)
    later.has(b"<two>")


@case()
def no_directory_of_a_console_socket_is_left(world):
    before = set(os.listdir("/tmp")) | set(os.listdir("/run"))
    task = world.running("c", SHELL, which=("in", "out"), terminal=True)
    eventually(lambda: not (set(os.listdir("/tmp")) | set(os.listdir("/run"))) - before - {"runc", "containerd"},
               "the directory of the console socket is gone")
    expect_equal("mounts", mounts_below(f"{world.top}/io"), [])
    task.remove()
