# SPDX-License-Identifier: Apache-2.0
# metrics_check.py prometheus|emf: holds standard input against the public format, by parsers of others. Prints what it has read:
# one line for each sample, "name labels value".
import json
import subprocess
import sys

# Amazon's description of the format, "Specification: Embedded metric format", in our own words as a JSON Schema.
EMF = {
    "type": "object", "required": ["_aws"],
    "properties": {"_aws": {
        "type": "object", "required": ["Timestamp", "CloudWatchMetrics"],
        "properties": {
            # Two weeks back and two hours ahead is what is taken; milliseconds since 1970.
            "Timestamp": {"type": "integer", "minimum": 1_000_000_000_000, "maximum": 10_000_000_000_000},
            "CloudWatchMetrics": {"type": "array", "minItems": 1, "items": {
                "type": "object", "required": ["Namespace", "Dimensions", "Metrics"], "additionalProperties": False,
                "properties": {
                    "Namespace": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^(?!AWS/)[0-9A-Za-z._/#:-]+$"},
                    "Dimensions": {"type": "array", "minItems": 1, "items": {
                        "type": "array", "maxItems": 30, "uniqueItems": True, "items": {"type": "string", "minLength": 1, "maxLength": 250}}},
                    "Metrics": {"type": "array", "maxItems": 100, "items": {
                        "type": "object", "required": ["Name"], "additionalProperties": False,
                        "properties": {
                            "Name": {"type": "string", "minLength": 1, "maxLength": 1024},
                            "StorageResolution": {"enum": [1, 60]},
                            "Unit": {"enum": ["None", "Count", "Percent"]
                                     + [p + u for u in ("conds",) for p in ("Se", "Millise", "Microse")]
                                     + [p + u + s for s in ("", "/Second") for u in ("Bytes", "Bits")
                                        for p in ("", "Kilo", "Mega", "Giga", "Tera")] + ["Count/Second"]}}}}}}}}}}}


def emf(text):
    import jsonschema
    checker = jsonschema.Draft202012Validator(EMF)
    for line in text.splitlines():
        document = json.loads(line, parse_constant=lambda word: sys.exit("not a number: " + word))
        for error in checker.iter_errors(document):
            sys.exit("%s: %s" % ("/".join(map(str, error.absolute_path)), error.message))
        if len(line) > 256 * 1024:
            sys.exit("a document of %d bytes" % len(line))
        for directive in document["_aws"]["CloudWatchMetrics"]:
            names = [metric["Name"] for metric in directive["Metrics"]]
            if len(set(names)) != len(names):
                sys.exit("a metric twice: %s" % names)
            dimensions = {}
            for name in sum(directive["Dimensions"], []):
                value = document.get(name)
                if not isinstance(value, str) or not 1 <= len(value) <= 1024 or not value.isascii() or not value.strip():
                    sys.exit("no value for the dimension %s: %r" % (name, value))
                dimensions[name] = value
            for name in names:
                value = document.get(name)
                if isinstance(value, bool) or not isinstance(value, (int, float)):
                    sys.exit("no number for the metric %s: %r" % (name, value))
                print(name, json.dumps(dimensions, sort_keys=True), value)


# What promtool finds odd in the names that were given to us.
GIVEN = ["package_install_attempts", "file_size_violations", "network_connection_attempts"]


def prometheus(text):
    from prometheus_client.parser import text_string_to_metric_families
    seen = set()
    families = set()
    if not text.endswith("\n"):
        sys.exit("the last line does not end")
    for family in text_string_to_metric_families(text):
        if family.type not in ("counter", "gauge", "histogram") or not family.documentation:
            sys.exit("%s has no type or no help" % family.name)
        if family.name in families:
            sys.exit("%s comes twice" % family.name)
        families.add(family.name)
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            if key in seen:
                sys.exit("a sample twice: %s" % (key,))
            seen.add(key)
            print(sample.name, json.dumps(sample.labels, sort_keys=True), "%.6f" % sample.value)
    lint = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    wanted = ['%s counter metrics should have "_total" suffix' % name for name in sorted(GIVEN)]
    found = sorted(lint.stderr.splitlines())
    if found != wanted or lint.returncode not in (0, 3):
        sys.exit("promtool says, with %d: %s" % (lint.returncode, lint.stderr + lint.stdout))


{"emf": emf, "prometheus": prometheus}[sys.argv[1]](sys.stdin.read())
