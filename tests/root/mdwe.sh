#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# memoryDenyWriteExecute: what was written is not executed, and node, which compiles, lives on under "auto".
. "$(dirname "$0")/bulwark.sh"
. "$(dirname "$0")/interpreters.sh"

"$RUNTIME" check | grep --quiet '^ok *memory ' || skip "needs PR_SET_MDWE (Linux 6.3)"

# What the memory of a Python process lets be done to it.
attempts='
import ctypes, mmap, os
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
R, W, X, PRIVATE, ANONYMOUS = 1, 2, 4, 2, 0x20
NOWHERE = ctypes.c_void_p(-1).value
def memory(protection):
    return libc.mmap(None, 4096, protection, PRIVATE | ANONYMOUS, -1, 0)
print("both", "refused" if memory(R | W | X) == NOWHERE else "done", flush=True)
print("later", "refused" if libc.mprotect(memory(R | W), 4096, R | X) < 0 else "done", flush=True)
print("off", "refused" if libc.prctl(65, 0, 0, 0, 0) < 0 else "done", flush=True)
def compare(a, b):
    return a[0] - b[0]
array = (ctypes.c_int * 3)(3, 1, 2)
pointer = ctypes.POINTER(ctypes.c_int)
try:
    libc.qsort(array, 3, 4, ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer)(compare))
    print("callback", list(array))
except MemoryError:
    print("callback impossible")
print("alive")
'

python_bundle() {
	bundle
	add_python
	config --arg text "$attempts" '.process.args = ["/usr/bin/python3", "-I", "-c", $text] |
		.process.env = ["PATH=/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1"]'
}

node_bundle() {
	bundle
	add_node
	config '.process.args = ["/usr/bin/node", "-e",
		"new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0])); let n = 0;
		for (let i = 0; i < 1e7; i++) n += i % 7; console.log(n)"] | .process.env = ["PATH=/usr/bin:/bin"]'
}

test_what_python_wrote_is_not_executed() {
	python_bundle
	untrusted run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_line 'both refused'
	expect_line 'later refused'
	expect_line 'off refused'
	# libffi may make trampolines for callbacks without writing them, or, as Debian's, have none then.
	grep --quiet --line-regexp 'callback \(\[1, 2, 3\]\|impossible\)' <<<"$OUT" || fail "the callback"
	expect_line alive
	policy '{"extends": "untrusted-code", "loosens": ["memoryDenyWriteExecute"], "memoryDenyWriteExecute": "off"}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_line 'both done'
	expect_line 'later done'
	expect_line 'callback [1, 2, 3]'
}

test_node_lives_on_under_auto_and_ends_under_on() {
	node_bundle
	untrusted run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output 29999994
	policy '{"extends": "untrusted-code", "memoryDenyWriteExecute": "on"}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_output_lacks 29999994
}

test_an_exec_is_held_as_the_container_is() {
	python_bundle
	config '.process.args = ["/usr/bin/python3", "-c", "import time; time.sleep(300)"]'
	untrusted run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	untrusted exec --env PYTHONDONTWRITEBYTECODE=1 "$ID" /usr/bin/python3 -I -c "$attempts"
	expect_line 'both refused'
	expect_line 'later refused'
	run "$RUNTIME" --root "$T/state" state "$ID"
	expect_output_has 'mdwe: no memory that was written is executed'
}

run_tests
