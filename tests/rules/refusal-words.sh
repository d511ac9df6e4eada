#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No refusal by policy holds words that engines take for another failure: docker and podman make exit status 126
# or 127 of them, shims and cri-o "there is no such container". Every place that fails with BW_E_DENIED is looked
# at, with every string of its statement; in policy/ all strings are, since reasons stand in tables there; so are
# the texts of the built-in profiles. Errno words would bring such phrases along: the errno of a refusal must be 0.
cd "${srcdir:-$(dirname "$0")/../..}" || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cat > "$tmp/phrases" <<'LIST'
executable file not found
no such file or directory
no such process
permission denied
operation not permitted
not found
does not exist
already exists
container not running
not running
process already finished
invalid process
is a directory
not a directory
system cannot find the file
failed to run runc
/proc/self/attr/exec
no space left
cannot allocate memory
out of memory
exec format error
has stopped
stopped container
LIST
# statements FILE...: one a line, "file: text", without comments; of adjacent literals one, as the compiler has it.
statements() {
	for file; do
		tr '\n\t' '  ' < "$file" |
			sed -E 's#/\*([^*]|\*+[^*/])*\*+/##g; s/" *"//g; s/  +/ /g; s/; /;\n/g' | sed "s|^|$file:|"
	done
}
statements runtime/*/*.c | grep 'fail(.*BW_E_DENIED' > "$tmp/sites"
[ "$(wc -l < "$tmp/sites")" -ge 10 ] || { echo "only $(wc -l < "$tmp/sites") refusals seen: the rule looks in the wrong place"; exit 1; }
{
	cat "$tmp/sites"
	statements runtime/policy/rule_*.c runtime/policy/harden_exec.c runtime/control/mount_source.c |
		grep '"' | grep -vE 'BW_E_(MEMORY|KERNEL|HOST|SPEC)'
	grep -n '"' profiles/*.json
} > "$tmp/texts"
bad=0
if grep -iFf "$tmp/phrases" "$tmp/texts"; then
	echo "a refusal says what engines take for another failure"
	bad=1
fi
if grep -E 'BW_E_DENIED, *[^ 0]' "$tmp/sites"; then
	echo "a refusal brings the words of an errno along: its third argument must be 0"
	bad=1
fi
[ $bad = 0 ] && echo "$(wc -l < "$tmp/sites") refusals, $(wc -l < "$tmp/texts") texts looked at"
exit $bad
