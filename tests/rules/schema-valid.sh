#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The published schema is a JSON Schema by somebody else's validator, takes every example, and refuses what
# the program refuses.
set -u
srcdir=${srcdir:-$(dirname "$0")/../..}
python3 -c 'import jsonschema' 2>/dev/null || { echo "no python3-jsonschema here"; exit 77; }
exec python3 - "$srcdir/config-schema" <<'PYTHON'
import glob, json, sys
import jsonschema

folder = sys.argv[1]
with open(folder + "/policy.schema.json") as file:
    schema = json.load(file)
kind = jsonschema.validators.validator_for(schema, default=None)
if kind is None:
    sys.exit("the schema does not say which JSON Schema it is")
if kind is not getattr(jsonschema, "Draft202012Validator", None):
    print("this validator does not know draft 2020-12")
    sys.exit(77)
kind.check_schema(schema)
validator = kind(schema)
examples = sorted(glob.glob(folder + "/examples/*.json"))
if len(examples) < 4:
    sys.exit("only %d examples in %s" % (len(examples), folder))
for name in examples:
    with open(name) as file:
        validator.validate(json.load(file))
wrong = [
    {},
    {"version": 2},
    {"version": 1, "defualt": "compat"},
    {"version": 1, "profileFlag": "sometimes"},
    {"version": 1, "rules": [{"name": "x", "profile": "compat"}]},
    {"version": 1, "profiles": {"x": {"user": {"uid": 0}}}},
    {"version": 1, "profiles": {"x": {"user": {"uid": "1001"}}}},
    {"version": 1, "profiles": {"x": {"noNewPrivileges": "yes"}}},
    {"version": 1, "profiles": {"x": {"rootfs": {"tmpfs": [{"destination": "/t"}]}}}},
]
for policy in wrong:
    if validator.is_valid(policy):
        sys.exit("the schema takes %s" % json.dumps(policy))
print("%d examples are valid, %d faults are seen" % (len(examples), len(wrong)))
PYTHON
