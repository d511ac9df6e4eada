#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# config-schema/policy.schema.json is what the table says. `make schema` writes it anew.
set -u
srcdir=${srcdir:-$(dirname "$0")/../..}
program=${1:-./print_policy_schema}
[ -x "$program" ] || { echo "no $program here: make check builds it"; exit 77; }
if ! "$program" | diff -u "$srcdir/config-schema/policy.schema.json" -; then
	echo "the table and config-schema/policy.schema.json differ: run make schema and read the difference"
	exit 1
fi
