#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""table.py COMPAT HARDENED: prints what attack.py said in two containers, side by side.

Exits 1 if an attack worked in the hardened container, or if it did not try everything there.
"""
import json
import sys

def load(path):
    with open(path, encoding="utf-8") as f:
        return {row["attack"]: row for row in map(json.loads, f)}


def cell(row):
    if row is None:
        return "not tried"
    return "%s: %s" % ("WORKED" if row["result"] == "worked" else "stopped", row["detail"])


def print_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())


def main():
    compat, hardened = load(sys.argv[1]), load(sys.argv[2])
    names = list(compat) + [n for n in hardened if n not in compat]
    print_table([["attack", "with compat, as runc would do", "with hardened", "control"]] + [
        [name, cell(compat.get(name)), cell(hardened.get(name)), (compat.get(name) or hardened[name])["control"]]
        for name in names])
    worked = [n for n in names if n in hardened and hardened[n]["result"] == "worked"]
    untried = [n for n in names if n not in hardened]
    before = sum(row["result"] == "worked" for row in compat.values())
    print("\n%d of %d attacks worked with compat, %d of %d with hardened" % (
        before, len(compat), len(worked), len(hardened)))
    if not names or not compat or untried:
        print("the comparison is incomplete")
    return 1 if worked or untried or not compat else 0


if __name__ == "__main__":
    sys.exit(main())
