#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The profile untrusted-code: an allow-list of system calls under which Python and Node work, and little else does.
. "$(dirname "$0")/bulwark.sh"
. "$(dirname "$0")/interpreters.sh"

# Attempt and answer of the allow-list.
answers() {
	cat <<-'END'
		af_unix ok
		af_inet ok
		netlink_route ok
		tcgets EBADF
		personality_linux ok
		inotify_init1 ok
		netlink_audit EPROTONOSUPPORT
		tcp_ulp EPERM
		clone3 ENOSYS
		unknown ENOSYS
		memfd_create ENOSYS
		splice ENOSYS
		futex_pi ENOSYS
	END
	case $(uname -m) in
	x86_64) printf '%s\n' 'i386 SIGSYS' 'x32 SIGSYS' ;;
	esac
}

# Attempts that must not get through, whatever the answer is.
refused() {
	echo af_alg af_vsock af_packet sock_packet af_xdp af_key raw_icmp raw_icmp6 udp_lite tiocsti tiocsti_high tioclinux \
		io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key bpf perf_event_open userfaultfd \
		mount umount2 pivot_root fsopen fsconfig fsmount fspick open_tree move_mount mount_setattr chroot mknod_char \
		mknod_block ptrace process_vm_readv pidfd_getfd process_madvise kcmp move_pages name_to_handle_at \
		open_by_handle_at unshare_user unshare_net unshare_fs setns clone_newuser personality_aslr finit_module \
		delete_module swapoff reboot acct clock_settime iopl modify_ldt syslog fanotify_init
}

test_the_allow_list_answers_as_it_should() {
	probe_bundle
	asks shelled "probe try $(answers | cut -d ' ' -f 1 | paste -sd ' ')"
	expect_output "$(answers)"
	asks hardened 'probe try memfd_create splice futex_pi'
	expect_line 'memfd_create ok'
	expect_line 'splice ok'
	expect_no_line 'futex_pi ENOSYS'
}

test_nothing_of_the_kernel_s_dangerous_half_gets_through() {
	local bad
	probe_bundle
	asks shelled "probe try $(refused)"
	expect_status 0
	expect_equal "number of answers" "$(wc -l <<<"$OUT")" "$(refused | wc -w)"
	bad=$(grep -vE ' (EPERM|ENOSYS|EACCES|ENOTTY|EPROTONOSUPPORT|absent)$' <<<"$OUT" || true)
	[ -z "$bad" ] || fail "$bad"
}

test_the_allow_list_holds_in_exec() {
	probe_bundle
	sleeping shelled
	compat exec "$ID" probe try af_alg ptrace splice memfd_create af_inet
	expect_status 0
	expect_no_line 'ptrace ok'
	expect_line 'splice ENOSYS'
	expect_line 'memfd_create ENOSYS'
	expect_line 'af_inet ok'
}

# ---- Python and Node of the distribution ----------------------------------------------------------------

python_bundle() {
	bundle
	add_python
	config '.process.env = ["PATH=/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1"]'
}

# python PROGRAM: runs it under the profile.
python() {
	config --arg text "$1" '.process.args = ["/usr/bin/python3", "-I", "-c", $text]'
	untrusted run --bundle "$BUNDLE" "$ID"
}

test_ordinary_python_works() {
	python_bundle
	python '
import asyncio, hashlib, json, os, pathlib, socket, sqlite3, ssl, subprocess, sys, tempfile, threading, time
from concurrent.futures import ThreadPoolExecutor

assert os.getuid() == 1001
with tempfile.TemporaryDirectory() as d:
    f = pathlib.Path(d, "file")
    f.write_text("text")
    assert f.read_text() == "text"
    db = sqlite3.connect(os.path.join(d, "db"))
    db.execute("create table t (a)")
    db.execute("insert into t values (1)")
    db.commit()
    assert db.execute("select a from t").fetchall() == [(1,)]
with ThreadPoolExecutor(4) as pool:
    assert sum(pool.map(lambda x: x * x, range(10))) == 285
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
client.sendall(b"x")
assert server.accept()[0].recv(1) == b"x"
child = [sys.executable, "-c", "print(\"sub\")"]
async def main():
    process = await asyncio.create_subprocess_exec(*child, stdout=asyncio.subprocess.PIPE)
    return (await process.communicate())[0]
assert asyncio.run(main()) == b"sub\n"
assert subprocess.run(child, capture_output=True).stdout == b"sub\n"
ssl.create_default_context()
assert hashlib.sha256(b"").hexdigest().startswith("e3b0c442")
print("works")'
	expect_status 0
	expect_output works
}

test_python_with_processes_works() {
	python_bundle
	python '
import multiprocessing
def square(x):
    return x * x
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(sum(pool.map(square, range(5))))'
	expect_output 30
}

# The attacks that Python can make without a single other program.
test_python_cannot_do_what_the_allow_list_forbids() {
	python_bundle
	python '
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, f):
    try:
        print(name, f())
    except OSError as e:
        print(name, "refused")
def call(*args):
    if libc.syscall(*args) < 0:
        raise OSError(ctypes.get_errno(), "")
    return "done"
attempt("af_alg", lambda: socket.socket(38, socket.SOCK_SEQPACKET, 0) and "done")
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1) and "done")
attempt("memfd", lambda: os.memfd_create("x") and "done")
attempt("unshare", lambda: call(272, 0x10000000))
attempt("write", lambda: open("/etc/new", "w") and "done")
attempt("setuid", lambda: os.setuid(0) or "done")
attempt("mount", lambda: call(165, b"tmpfs", b"/tmp", b"tmpfs", 0, 0))'
	expect_status 0
	expect_output_lacks "done"
	expect_equal "number of refusals" "$(grep -c ' refused$' <<<"$OUT")" 7
	config '.root.readonly = false'
	run "$RUNTIME" --root "$T/state" --profile compat run --bundle "$BUNDLE" "$ID"
	expect_line 'memfd done'
	expect_line 'unshare done'
	expect_line 'write done'
}

test_a_program_written_to_a_writable_place_cannot_be_run() {
	python_bundle
	python '
import os, shutil
for d in "/tmp", "/run", "/var/tmp", "/dev/shm":
    try:
        shutil.copy("/bin/busybox", d + "/busybox")
        os.chmod(d + "/busybox", 0o755)
    except OSError as e:
        print(d, "cannot write")
        continue
    try:
        os.spawnv(os.P_WAIT, d + "/busybox", ["echo", "ran"]) == 127 and print(d, "refused")
    except OSError:
        print(d, "refused")'
	expect_status 0
	expect_output_lacks ran
	expect_line '/tmp refused'
}

test_node_works() {
	bundle
	add_node
	config '.process.args = ["/usr/bin/node", "-e", "
		const fs = require(\"fs\"), os = require(\"os\"), net = require(\"net\"), { Worker } = require(\"worker_threads\");
		fs.writeFileSync(\"/tmp/f\", \"text\");
		const s = net.createServer(c => c.end(\"hi\")).listen(0, \"127.0.0.1\", () => {
			net.connect(s.address().port, \"127.0.0.1\").on(\"data\", d => {
				s.close();
				new Worker(\"require(\\\"worker_threads\\\").parentPort.postMessage(42)\", { eval: true })
					.on(\"message\", m => console.log(fs.readFileSync(\"/tmp/f\", \"utf8\"), String(d), m));
			});
		});"] | .process.env = ["PATH=/usr/bin:/bin"]'
	untrusted run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output 'text hi 42'
}

# ---- their own tests under the filter alone ---------------------------------------------------------------

# host_bundle: the machine's /usr, for a user without rights; what runs there can start whatever it likes.
host_bundle() {
	local name
	bundle
	rm -r "${ROOTFS:?}/bin"
	for name in bin sbin lib lib64; do
		ln -s "usr/$name" "$ROOTFS/$name"
	done
	printf '127.0.0.1 localhost\n::1 localhost\n' >"$ROOTFS/etc/hosts"
	config '.mounts += [{destination: "/usr", type: "bind", source: "/usr", options: ["rbind", "ro"]},
			{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "mode=1777"]}] |
		.process.user = {uid: 1001, gid: 1001} | .process.capabilities = {} | .process.noNewPrivileges = true |
		.process.env = ["PATH=/usr/bin:/bin", "HOME=/tmp", "PYTHONDONTWRITEBYTECODE=1"]'
	policy '{"extends": "compat", "noNewPrivileges": true, "seccomp": {"baseline": "python-node"}}'
}

# library_tests ARGUMENT...: of Python's own, in a container.
library_tests() {
	config --argjson arguments "$(printf '%s\n' "$@" | jq --raw-input | jq --slurp)" \
		'.process.args = ["/usr/bin/python3", "-m", "test", "--timeout", "50"] + $arguments'
	governed run --bundle "$BUNDLE" "$ID"
}

# What profiles/seccomp/README.md says of the whole suite, of the modules that ask most of a kernel in little time.
test_python_s_own_tests_find_nothing_missing() {
	/usr/bin/python3 -c 'import test.test_os' 2>/dev/null || skip "needs libpython3-testsuite"
	host_bundle
	library_tests -i test_memfd_create -i TestSendfile test_os test_posixpath test_select test_epoll test_fcntl test_shutil test_tempfile test_mmap \
		test_thread test_resource test_pty test_openpty test_fork1 test_popen test_time test_fileio \
		test_httplib test_httpservers test_hashlib test_syslog
	expect_status 0
	expect_output_has 'Tests result: SUCCESS'
	# The filter is there: what it refuses on purpose is missed.
	library_tests -v -m test_memfd_create -m TestSendfile test_os
	expect_failure
	expect_output_has 'Function not implemented'
	expect_output_has 'Invalid argument'
}

test_node_s_modules_find_nothing_missing() {
	local node
	node=$(readlink -f "$(command -v node)") || skip "needs node"
	[[ $node == /usr/* ]] || skip "needs node in /usr"
	needs openssl
	host_bundle
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$ROOTFS/etc/key" \
		-out "$ROOTFS/etc/cert" -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null ||
		fail "no certificate"
	chmod 644 "$ROOTFS/etc/key"
	cp "$tests_dir/root/node-modules.js" "$ROOTFS/etc"
	config --arg node "$node" '.process.args = [$node, "/etc/node-modules.js"] |
		.process.env += ["KEY=/etc/key", "CERT=/etc/cert"]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_equal "what did not work" "$(grep -v ' ok$' <<<"$OUT" || true)" ""
	expect_equal "number of modules" "$(grep -c ' ok$' <<<"$OUT")" "$(grep -cE $'^\tasync .*\(\) \{$' "$tests_dir/root/node-modules.js")"
}

run_tests
