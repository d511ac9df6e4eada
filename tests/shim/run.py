#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""run.py: the names of all cases; run.py NAME: that case (world.py says what it takes from the environment)."""
import sys
import traceback

from case import CASES, DIFFERS, Skip
import world
import start    # noqa: F401, pylint: disable=unused-import
import life     # noqa: F401, pylint: disable=unused-import
import stdio    # noqa: F401, pylint: disable=unused-import
import busy     # noqa: F401, pylint: disable=unused-import
import hostile  # noqa: F401, pylint: disable=unused-import
import crash    # noqa: F401, pylint: disable=unused-import
import images   # noqa: F401, pylint: disable=unused-import
import pods     # noqa: F401, pylint: disable=unused-import
import policy   # noqa: F401, pylint: disable=unused-import


def run(name):
    if DIFFERS[name] and world.REFERENCE:
        raise Skip(DIFFERS[name])
    place = world.World()
    try:
        CASES[name](place)
        place.end()
    except BaseException:
        print(f"events: {place.events.got}")
        print(f"log of the shim: {place.log.decode(errors='replace')}")
        raise
    finally:
        world.kill_others()
        world.remove_sockets()


def main():
    if len(sys.argv) == 1:
        print("\n".join(CASES))
        return 0
    try:
        run(sys.argv[1])
    except Skip as why:
        print(why)
        return 77
    except Exception as error:  # pylint: disable=broad-except
        traceback.print_exc(limit=-6, file=sys.stdout)
        print(f"FAILED: {error}")
        return 1
    return 0


sys.stdout.reconfigure(line_buffering=True)
sys.exit(main())
