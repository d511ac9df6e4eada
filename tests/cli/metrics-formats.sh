#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The texts about metrics, with the worst names and numbers that there can be, as parsers of others read them.
. "$(dirname "$0")/../lib.sh"
python=/usr/bin/python3 # the distribution's, which has the packages
$python -c 'import prometheus_client, jsonschema' 2>/dev/null || skip_all "no python3-prometheus-client or python3-jsonschema here"
command -v promtool >/dev/null || skip_all "no promtool here"
printer=${BUILDDIR:-.}/test_report

# holds FORMAT OF: as far as its samples in $scratch/read.
holds() {
	"$printer" --print "$1" >"$scratch/text"
	run $python "$top/tests/common/metrics_check.py" "$2" <"$scratch/text"
	is "$1 is what its format says" "$status:$errout" "0:"
}

holds prometheus prometheus
has "a name in quotes comes out as it is" "$out" 'bulwark_oom_kills_total {"profile": "untrusted-code", "tenant": "a\"b\\c\u00e4? }"} 18446744073709551616'
has "the histogram is read" "$out" 'code_execution_duration_bucket {"le": "+Inf", "profile": "hardened", "tenant": "acme"} 120.000000'
holds emf emf
for name in code_execution_duration file_size_violations network_connection_attempts package_install_attempts; do
	has "CloudWatch has $name" "$out" "$name {\"Profile\": \"hardened\", \"Tenant\": \"acme\"}"
done
has "a dimension is ASCII" "$out" 'oom_kills {"Profile": "untrusted-code", "Tenant": "a\"b\\c????}"}'
holds emf-end emf
has "one that has ended has a duration" "$out" 'code_execution_duration {"Profile": "hardened", "Tenant": "acme"} 1.5'
finish
