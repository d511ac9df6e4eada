#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""session.py WORD: what a session of somebody's code may want.  "secret": says where a secret can be found, a line for each
place.  "stay": will not end, neither when it is asked to, nor does the daemon that it leaves behind."""
import os
import signal
import sys
import time

SECRET = "/run/secrets/token"


def secret():
    mode = os.stat(SECRET).st_mode & 0o7777
    with open(SECRET, encoding="ascii") as f:
        value = f.read()
    with open("/proc/self/environ", encoding="ascii") as f:
        seen = value in f.read()
    try:
        with open(SECRET, "a", encoding="ascii"):
            written = True
    except OSError:
        written = False
    print(f"file {len(value)} bytes, mode {mode:04o}, {'writable' if written else 'read-only'}")
    print(f"environment {'has it' if seen or value in os.environ.values() else 'has it not'}")


def stay():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
        if os.fork() > 0:
            os._exit(0)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    {"secret": secret, "stay": stay}[sys.argv[1]]()
