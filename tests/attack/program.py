#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An ordinary program, to show that the hardened profile does not stand in its way: reads a table, computes,
keeps a report on its tmpfs, prints the result."""
import collections
import csv
import json
import os
import statistics


def main():
    orders = collections.defaultdict(list)
    with open("/srv/orders.csv", newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f):
            orders[row["product"]].append(int(row["units"]) * float(row["price"]))
    report = {product: {"orders": len(values), "revenue": round(sum(values), 2),
                        "median": round(statistics.median(values), 2)}
              for product, values in sorted(orders.items())}
    with open("/tmp/report.json", "w", encoding="utf-8") as f:
        json.dump(report, f)
    with open("/tmp/report.json", encoding="utf-8") as f:
        total = sum(entry["revenue"] for entry in json.load(f).values())
    print("%d products, revenue %.2f, as uid %d" % (len(report), total, os.getuid()))


if __name__ == "__main__":
    main()
