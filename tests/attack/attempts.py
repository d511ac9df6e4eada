# SPDX-License-Identifier: Apache-2.0
"""Ways to run a program, or code, that nobody has allowed.

    python3 -I attempts.py [NAME]...

Each is tried in a process of its own.  One line each: its name and "executed", or "denied" and why.  For
tests/root/programs-matrix.sh, whose table says which of them each layer stops; nothing here is a trick that is not
public.
"""
import ctypes
import errno
import mmap
import os
import shutil
import signal
import sys

DONE = 99  # what a program that was executed exits with
OTHER = 98  # denied without a number
BY_LOADER = 127  # the ELF interpreter could not map it
SHELL = "/bin/sh"
STATIC = "/bin/busybox"
AT_EMPTY_PATH = 0x1000
EXECVEAT = {"x86_64": 322, "aarch64": 281}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)


def loader():
    """The ELF interpreter, as the kernel has mapped it here."""
    with open("/proc/self/maps", encoding="ascii") as maps:
        for line in maps:
            path = line.split()[-1]
            if os.path.basename(path).startswith(("ld-linux", "ld-musl", "ld-2")):
                return path
    raise FileNotFoundError(errno.ENOENT, "no ELF interpreter is mapped")


def shell(path, program=None):
    os.execv(program or path, [path, "-c", f"exit {DONE}"])


def by_loader(path):
    ld = loader()
    os.execv(ld, [ld, path, "-c", f"exit {DONE}"])


def copied(directory):
    path = os.path.join(directory, f"copy-{os.getpid()}")
    shutil.copyfile(SHELL, path)
    os.chmod(path, 0o755)
    return path


def script(directory, interpreter, text):
    path = os.path.join(directory, f"script-{os.getpid()}")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"#!{interpreter}\n{text}\n")
    os.chmod(path, 0o755)
    return path


def in_memory(path):
    fd = os.memfd_create("program", 0)
    with open(path, "rb") as file:
        os.write(fd, file.read())
    return fd


def execveat(fd, path, flags, args):
    argv = (ctypes.c_char_p * (len(args) + 1))(*[a.encode() for a in args], None)
    libc.syscall(EXECVEAT, fd, path.encode(), argv, None, flags)
    raise OSError(ctypes.get_errno(), "execveat")


def linked(kind):
    path = f"/tmp/python3-{os.getpid()}"
    kind(SHELL, path)
    shell(path)


def unnamed():
    fd = os.open("/tmp", os.O_TMPFILE | os.O_RDWR, 0o755)
    with open(SHELL, "rb") as file:
        os.write(fd, file.read())
    name = f"/proc/self/fd/{os.open(f'/proc/self/fd/{fd}', os.O_RDONLY)}"
    os.close(fd)
    shell(name)


def mapped():
    with open(SHELL, "rb") as file:
        mmap.mmap(file.fileno(), 4096, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)
    os._exit(DONE)


def loaded(directory):
    import _ctypes

    path = os.path.join(directory, f"module-{os.getpid()}.so")
    shutil.copyfile(_ctypes.__file__, path)
    ctypes.CDLL(path)
    os._exit(DONE)


def written():
    """Memory that was written to becomes executable."""
    libc.mmap.restype = ctypes.c_void_p
    page = libc.mmap(None, ctypes.c_size_t(4096), mmap.PROT_READ | mmap.PROT_WRITE,
                     mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, ctypes.c_long(0))
    if libc.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(4096), mmap.PROT_READ | mmap.PROT_EXEC) != 0:
        raise OSError(ctypes.get_errno(), "mprotect")
    os._exit(DONE)


def again(path):
    os.execv(path, [path, "-I", "-c", f"import os; os._exit({DONE})"])


ATTEMPTS = {
    "python": lambda: again(sys.executable),
    "proc_self_exe": lambda: again("/proc/self/exe"),
    "shell": lambda: shell(SHELL),
    "shell_by_loader": lambda: by_loader(SHELL),
    "shell_by_root_link": lambda: shell("/proc/self/root" + SHELL),
    "shell_by_descriptor": lambda: execveat(os.open(SHELL, os.O_RDONLY), "", AT_EMPTY_PATH,
                                            [SHELL, "-c", f"exit {DONE}"]),
    "shell_by_symlink": lambda: linked(os.symlink),
    "copy_in_tmp": lambda: shell(copied("/tmp")),
    "copy_in_tmp_by_loader": lambda: by_loader(copied("/tmp")),
    "copy_without_name": unnamed,
    "script_of_shell": lambda: shell(script("/tmp", SHELL, f"exit {DONE}")),
    "script_of_python": lambda: again(script("/tmp", sys.executable, f"import os; os._exit({DONE})")),
    "memfd_fexecve": lambda: execveat(in_memory(SHELL), "", AT_EMPTY_PATH, [SHELL, "-c", f"exit {DONE}"]),
    "memfd_by_proc": lambda: shell(f"/proc/self/fd/{in_memory(SHELL)}"),
    "memfd_static": lambda: os.execv(f"/proc/self/fd/{in_memory(STATIC)}", ["sh", "-c", f"exit {DONE}"]),
    "memfd_by_loader": lambda: by_loader(f"/proc/self/fd/{in_memory(SHELL)}"),
    "hidden_in_library": lambda: shell("/usr/lib/hidden/sh"),
    "hidden_by_loader": lambda: by_loader("/usr/lib/hidden/sh"),
    "copy_in_workspace": lambda: shell(copied("/workspace")),
    "map_shell": mapped,
    "module_in_tmp": lambda: loaded("/tmp"),
    "module_in_workspace": lambda: loaded("/workspace"),
    "written_memory": written,
}


def attempt(name):
    """What came of it, in words."""
    pid = os.fork()
    if pid == 0:
        try:
            # What a loader says of a file that it may not map is not ours.
            os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
            ATTEMPTS[name]()
        except OSError as error:
            os._exit(error.errno if error.errno and error.errno < OTHER else OTHER)
        os._exit(OTHER)
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        return "denied " + signal.Signals(os.WTERMSIG(status)).name
    code = os.WEXITSTATUS(status)
    if code == DONE:
        return "executed"
    return "denied " + {OTHER: "by-libc", BY_LOADER: "by-loader"}.get(code, errno.errorcode.get(code, str(code)))


for wanted in sys.argv[1:] or ATTEMPTS:
    print(wanted, attempt(wanted), flush=True)
