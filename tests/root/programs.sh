#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Only the programs that the policy lists: what a container of untrusted-code may start, and what runs inside may start in
# turn.  Each attempt that is refused succeeds where the list is off (shelled) or the layer is (layer).
. "$(dirname "$0")/bulwark.sh"
. "$(dirname "$0")/interpreters.sh"

denied='Direct shell access denied'

# A bundle with the machine's Python beside busybox's shell.
python_bundle() {
	bundle
	add_python
	config '.process.env = ["PATH=/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1"]'
}

# says PROFILE PROGRAM: PROGRAM is Python, run in a container of the bundle under PROFILE; output in OUT.
says() {
	config --arg text "$2" '.process.args = ["/usr/bin/python3", "-I", "-c", $text]'
	"$1" run --bundle "$BUNDLE" "$ID"
}

# layer ROWS [FILTER]: a site profile in which of all layers just ROWS (of programs) is on; for `governed`.
layer() {
	policy "$(jq --null-input --argjson rows "$1" '
		{extends: "untrusted-code", landlock: "off", landlockScope: false, lsm: {apparmor: "off", selinux: "off"},
		 seccomp: {baseline: "baseline"}, mounts: {noexecWritable: false},
		 programs: ({noexec: false, memfdNoexec: false, events: "off"} + $rows),
		 loosens: (["landlock", "landlockScope", "lsm.apparmor", "lsm.selinux", "seccomp.baseline",
			"mounts.noexecWritable", "programs.noexec", "programs.memfdNoexec", "programs.events"] -
			($rows | keys | map("programs." + .)))}'"${2:-}")"
}

# tries executes each of its arguments and says how that ended.
tries='
import os
def tries(*attempts):
    for argv in attempts:
        pid = os.fork()
        if pid == 0:
            try:
                os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
                os.execv(argv[0], argv)
            except OSError as e:
                os._exit(100 + e.errno)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(" ".join(argv), "ran" if code == 0 else "EACCES" if code == 113 else "failed", flush=True)
'
attempts='tries(["/bin/sh", "-c", ":"], ["/bin/busybox", "true"], ["/usr/bin/script"], ["/tmp/sh", "-c", ":"],
    ["/lib64/ld-linux-x86-64.so.2", "/usr/bin/echo"], ["/proc/self/exe", "-c", ""], ["/usr/bin/python3", "-c", ""])'

# What the attempts need in the image: a dynamic program, a script, a copy in a directory that can be written.
add_attempts() {
	[ "$(uname -m)" = x86_64 ] || attempts=${attempts/ld-linux-x86-64.so.2/ld-linux-aarch64.so.1}
	add_program "$(readlink -f /bin/echo)"
	[ -e "$ROOTFS/usr/bin/echo" ] || cp "$ROOTFS$(readlink -f /bin/echo)" "$ROOTFS/usr/bin/echo"
	printf '#!/bin/sh\n:\n' >"$ROOTFS/usr/bin/script"
	chmod 755 "$ROOTFS/usr/bin/script"
}
copies='import shutil; shutil.copy("/bin/busybox", "/tmp/sh")
'

test_nothing_else_can_be_started() {
	local program
	python_bundle
	for program in sh /bin/sh /bin/busybox /usr/bin/../../bin/sh /lib64/ld-linux-x86-64.so.2 ''; do
		config --arg program "$program" '.process.args = [$program, "-c", "echo out"]'
		untrusted run --bundle "$BUNDLE" "$ID"
		expect_refusal "$denied: \"$program\" is not among the programs that profile \"untrusted-code\" allows (programs.allow)"
		expect_error_has '(rule programs)'
	done
	config '.process.args = ["sh", "-c", "echo out"]'
	shelled run --bundle "$BUNDLE" "$ID"
	expect_output out
}

test_exec_starts_nothing_else_either() {
	python_bundle
	config '.process.args = ["python3", "-c", "import time; time.sleep(300)"]'
	untrusted run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	untrusted exec "$ID" sh -c 'echo out'
	expect_failure
	expect_error_has "$denied: \"sh\" is not among the programs that profile \"untrusted-code\" allows (programs.allow)"
	expect_error_has '(rule exec.programs)'
	# What decided at create decides, whoever asks.
	compat exec "$ID" /bin/sh -c 'echo out'
	expect_failure
	expect_error_has "$denied"
	untrusted exec "$ID" python3 -c 'import subprocess, sys
print(subprocess.run([sys.executable, "-c", "print(3)"], capture_output=True).stdout)'
	expect_output "b'3\n'"
	# The container cannot put something in the place of a program, and a link of its own leads where it leads.
	untrusted exec "$ID" python3 -c 'import os
os.symlink("/bin/sh", "/tmp/python3")'
	expect_status 0
	untrusted exec --env PATH=/tmp "$ID" python3 -c 'print(1)'
	expect_failure
	expect_error_has "$denied: \"/tmp/python3\" leads to \"/bin/busybox\", which is not among the programs"
}

test_a_link_in_the_image_is_what_it_leads_to() {
	python_bundle
	ln -sf /bin/sh "$ROOTFS/usr/bin/python3"
	config '.process.args = ["python3", "-c", "echo out"]'
	untrusted run --bundle "$BUNDLE" "$ID"
	expect_refusal "$denied: \"/usr/bin/python3\" leads to \"/bin/busybox\", which is not among the programs that profile"
	ln -sf /usr/bin/python9 "$ROOTFS/usr/bin/python3"
	ln -s /bin/busybox "$ROOTFS/usr/bin/python9"
	untrusted run --bundle "$BUNDLE" "$ID"
	expect_refusal "$denied"
	shelled run --bundle "$BUNDLE" "$ID"
	expect_output_lacks "$denied"
}

# Whatever the image puts where the policy looks, what is stored are paths without links beneath it.
test_a_hostile_image_gains_nothing() {
	python_bundle
	add_attempts
	mkdir -p "$ROOTFS/usr/local"
	ln -s / "$ROOTFS/usr/local/lib"
	ln -s ../../../../../../../../bin "$ROOTFS/usr/lib64"
	ln -s /proc/1/root/bin/sh "$ROOTFS/usr/bin/node"
	mkfifo "$ROOTFS/usr/bin/python4"
	says untrusted "$tries$copies$attempts"
	expect_status 0
	expect_line '/bin/sh -c : EACCES'
	expect_line '/bin/busybox true EACCES'
	expect_line '/usr/bin/python3 -c  ran'
}

test_inside_nothing_else_is_executed() {
	python_bundle
	add_attempts
	says shelled "$tries$copies$attempts"
	expect_status 0
	expect_line '/bin/sh -c : ran'
	expect_line '/usr/bin/script ran'
	expect_output_has '/usr/bin/echo ran'
	says untrusted "$tries$copies$attempts"
	expect_status 0
	expect_line '/bin/sh -c : EACCES'
	expect_line '/bin/busybox true EACCES'
	expect_line '/usr/bin/script EACCES'
	expect_line '/tmp/sh -c : EACCES'
	# The loader starts and cannot map it; where there is a witness, it does not start.
	[[ $OUT == *'/usr/bin/echo failed'* || $OUT == *'/usr/bin/echo EACCES'* ]] || fail "the loader has started a program"
	expect_line '/proc/self/exe -c  ran'
	expect_line '/usr/bin/python3 -c  ran'
}

# What is opened outside lies on a mount of the host's.
test_no_program_is_handed_in_by_a_descriptor() {
	local profile
	python_bundle
	cp "$ROOTFS/bin/busybox" "$T/program"
	config '.process.args = ["/usr/bin/python3", "-c", "import os; os.execv(\"/proc/self/fd/0\", [\"echo\", \"ran\"])"]'
	for profile in shelled untrusted; do
		# Not by `run`, which has its own standard input.
		case $profile in
		shelled) set -- --policy "$T/shelled.json" ;;
		untrusted) set -- --profile untrusted-code ;;
		esac
		[ -e "$T/shelled.json" ] || shelled list
		STATUS=0
		"$RUNTIME" --root "$T/state" "$@" run --bundle "$BUNDLE" "$ID" <"$T/program" >"$T/out" 2>"$T/err" || STATUS=$?
		OUT=$(<"$T/out") ERR=$(<"$T/err")
		if [ "$profile" = shelled ]; then
			expect_output ran
		else
			expect_failure
			expect_error_has 'descriptor 0 is a file of the host that can be executed'
		fi
	done
}

# By mounts alone: no Landlock, no LSM, no filter for Python.
test_noexec_holds_by_itself() {
	python_bundle
	add_attempts
	layer '{}'
	says governed "$tries$copies$attempts"
	expect_line '/bin/sh -c : ran'
	expect_line '/tmp/sh -c : ran'
	expect_output_has '/usr/bin/echo ran'
	layer '{"noexec": true}'
	says governed "$tries$copies$attempts"
	expect_line '/bin/sh -c : EACCES'
	expect_line '/tmp/sh -c : EACCES'
	expect_line '/usr/bin/script EACCES'
	# The loader starts and cannot map it; where there is a witness, it does not start.
	[[ $OUT == *'/usr/bin/echo failed'* || $OUT == *'/usr/bin/echo EACCES'* ]] || fail "the loader has started a program"
	expect_line '/usr/bin/python3 -c  ran'
}

memfd='
import ctypes, os
fd = os.memfd_create("x", 0)
os.write(fd, open("/bin/busybox", "rb").read())
os.execve(fd, ["true"], {})'

test_a_file_in_memory_is_not_executed() {
	[ -e /proc/sys/vm/memfd_noexec ] || skip "needs vm.memfd_noexec (Linux 6.3)"
	local host
	host=$(cat /proc/sys/vm/memfd_noexec)
	python_bundle
	layer '{}'
	says governed "$memfd"
	expect_status 0
	layer '{"memfdNoexec": true}'
	says governed "$memfd"
	expect_failure
	expect_error_has 'PermissionError'
	says governed 'print(open("/proc/sys/vm/memfd_noexec").read().strip())'
	expect_output 2
	expect_equal "the host's own" "$(cat /proc/sys/vm/memfd_noexec)" "$host"
	says untrusted "$memfd"
	expect_failure
}

# shows_mounts: the mounts of a container as "point flags" in OUT.
shows_mounts='
for line in open("/proc/self/mountinfo"):
    f = line.split()
    print(f[4], f[5])'

# expect_layout: what can be executed are mounts of their own, read-only, and there is no other.
expect_layout() {
	local point flags
	while read -r point flags; do
		case $point in
		/usr/bin/python3.*|/lib|/lib64|/usr/lib)
			[[ ,$flags, != *,noexec,* && ,$flags, == *,ro,* && ,$flags, == *,nosuid,* && ,$flags, == *,nodev,* ]] ||
				fail "$point is $flags" ;;
		/proc/*|/dev/*) [[ ,$flags, == *,noexec,* || $point != /dev/shm ]] || fail "$point is $flags" ;;
		*) [[ ,$flags, == *,noexec,* ]] || fail "$point is $flags" ;;
		esac
	done <<<"$OUT"
	grep --quiet '^/usr/bin/python3\.' <<<"$OUT" || fail "python3 has no mount"
	grep --quiet '^/usr/lib ' <<<"$OUT" || fail "/usr/lib has no mount"
}

test_what_can_be_executed_is_mounted_read_only_and_all_else_is_noexec() {
	python_bundle
	says untrusted "$shows_mounts"
	expect_status 0
	expect_layout
	# Where the rootfs may be written, the programs still may not.
	policy '{"extends": "untrusted-code", "rootfs": {"readonly": false}, "loosens": ["rootfs.readonly"]}'
	says governed "$shows_mounts"
	expect_status 0
	expect_layout
}

test_the_layout_holds_in_a_user_namespace() {
	python_bundle
	chmod 755 "$T" "$BUNDLE"
	chown --recursive --no-dereference 100000:100000 "$ROOTFS"
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	says untrusted "$shows_mounts"
	expect_status 0
	expect_layout
	add_attempts
	says untrusted "$tries$attempts"
	expect_line '/bin/sh -c : EACCES'
	expect_line '/usr/bin/python3 -c  ran'
	[ ! -e /proc/sys/vm/memfd_noexec ] || {
		says untrusted 'print(open("/proc/sys/vm/memfd_noexec").read().strip())'
		expect_output 2
	}
}

# What lies beneath a library directory by then comes along: a mask must not be lifted by it.
test_a_mask_in_a_library_directory_stays() {
	python_bundle
	mkdir -p "$ROOTFS/usr/lib/secret"
	echo text >"$ROOTFS/usr/lib/secret/file"
	config '.linux.maskedPaths += ["/usr/lib/secret"]'
	says untrusted 'import os; print(os.listdir("/usr/lib/secret"))'
	expect_output '[]'
	config 'del(.linux.maskedPaths)'
	says untrusted 'import os; print(os.listdir("/usr/lib/secret"))'
	expect_output "['file']"
}

test_the_callers_mounts_are_noexec_but_an_engines_init() {
	python_bundle
	mkdir -p "$T/bin" && cp "$ROOTFS/bin/busybox" "$T/bin/docker-init" && cp "$ROOTFS/bin/busybox" "$T/bin/tool"
	policy "$(jq --null-input --arg dir "$T/bin" '{extends: "untrusted-code",
		mounts: {only: [$dir], except: [$dir + "/docker-init"]}, loosens: ["mounts.only"]}' |
		jq '.loosens += ["mounts.except"]')"
	config --arg dir "$T/bin" '.mounts += [
		{destination: "/sbin/docker-init", type: "bind", source: ($dir + "/docker-init"), options: ["bind", "ro"]},
		{destination: "/usr/bin/node", type: "bind", source: ($dir + "/tool"), options: ["bind", "ro", "exec"]},
		{destination: "/srv", type: "tmpfs", source: "tmpfs", options: ["exec", "mode=1777"]}]'
	says governed "$shows_mounts"
	expect_status 0
	grep --quiet '^/sbin/docker-init .*noexec' <<<"$OUT" && fail "docker-init is noexec"
	grep --quiet '^/usr/bin/node .*noexec' <<<"$OUT" || fail "the caller's own program is not noexec"
	grep --quiet '^/srv .*noexec' <<<"$OUT" || fail "/srv is not noexec"
	config '.process.args = ["/sbin/docker-init", "true"]'
	governed run --bundle "$BUNDLE" "$ID"
	# It has run: busybox, which does not know itself by this name.
	expect_error_has 'applet not found'
	config '.process.args = ["/usr/bin/node", "true"]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
}

# Linux 6.4 and newer.
knows_noswap() {
	local major minor
	IFS=.- read -r major minor _ < <(uname -r)
	[ "$major" -gt 6 ] || { [ "$major" = 6 ] && [ "$minor" -ge 4 ]; }
}

test_the_workspace_takes_files_and_no_native_code() {
	python_bundle
	says untrusted '
import os, sys
s = os.stat("/workspace")
print(oct(s.st_mode & 0o7777), s.st_uid, s.st_gid, os.getuid())
v = os.statvfs("/workspace")
print(v.f_blocks * v.f_frsize, v.f_files)
mount = [line.split() for line in open("/proc/self/mountinfo") if line.split()[4] == "/workspace"][0]
print("mount", *sorted(set((mount[5] + "," + mount[-1]).split(",")) & {"nosuid", "nodev", "noexec", "noswap"}))
open("/workspace/pure.py", "w").write("answer = 42")
sys.path.insert(0, "/workspace")
import pure, shutil
print(pure.answer)
shutil.copy("'"$(basename "$(echo "$ROOTFS"/usr/lib/python3.*)" | sed 's|^|/usr/lib/|')"'/lib-dynload/"
    + [f for f in os.listdir(os.path.join(sys.prefix, "lib", "python%d.%d" % sys.version_info[:2], "lib-dynload"))
       if f.startswith("_ctypes.")][0], "/workspace/native.so")
import ctypes
try:
    ctypes.CDLL("/workspace/native.so")
    print("loaded")
except OSError as e:
    print("refused")'
	expect_status 0
	expect_line '0o750 1001 1001 1001'
	expect_line '2147483648 262144'
	expect_line "mount nodev noexec nosuid$(knows_noswap && echo " noswap")"
	expect_line 42
	expect_line refused
}

test_native_code_loads_where_the_policy_says_so_and_explain_says_that_it_is_weaker() {
	python_bundle
	policy '{"extends": "untrusted-code", "workspace": {"exec": true}, "loosens": ["workspace.exec"]}'
	says governed '
import ctypes, os, shutil, sysconfig
d = sysconfig.get_path("platstdlib") + "/lib-dynload/"
shutil.copy(d + [f for f in os.listdir(d) if f.startswith("_ctypes.")][0], "/workspace/native.so")
ctypes.CDLL("/workspace/native.so")
print("loaded")'
	expect_output loaded
	governed explain "$BUNDLE"
	expect_output_has 'weaker than without workspace.exec'
}

# A wheel is an archive of files; this one has no code to compile.
test_pip_installs_a_pure_package_into_the_workspace() {
	python_bundle
	add_pip
	says untrusted '
import subprocess, sys, zipfile
name = "/tmp/hello_bulwark-1.0-py3-none-any.whl"
with zipfile.ZipFile(name, "w") as z:
    z.writestr("hello_bulwark.py", "GREETING = \"hello from the wheel\"")
    z.writestr("hello_bulwark-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: hello-bulwark\nVersion: 1.0\n")
    z.writestr("hello_bulwark-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    z.writestr("hello_bulwark-1.0.dist-info/RECORD", "")
subprocess.check_call([sys.executable, "-m", "pip", "install", "--no-index", "--no-cache-dir",
    "--disable-pip-version-check", "--target", "/workspace", name])
sys.path.insert(0, "/workspace")
import hello_bulwark
print(hello_bulwark.GREETING)'
	expect_status 0
	expect_output_has 'hello from the wheel'
}

# npm is a script: by its name, by way of env, to node; all three are listed.
test_npm_installs_a_pure_package_into_the_workspace() {
	bundle
	add_node
	add_npm
	add_program "$(readlink -f /usr/bin/env)"
	ln -sf "$NPM" "$ROOTFS/usr/bin/npm"
	mkdir -p "$T/package"
	echo '{"name": "hello-bulwark", "version": "1.0.0", "main": "index.js"}' >"$T/package/package.json"
	echo 'module.exports = "hello from the tarball"' >"$T/package/index.js"
	mkdir -p "$ROOTFS/srv"
	tar --create --gzip --directory="$T" --file="$ROOTFS/srv/hello.tgz" package
	config '.process.env = ["PATH=/usr/bin", "HOME=/tmp"] |
		.process.args = ["npm", "install", "--offline", "--no-audit", "--no-fund", "--no-update-notifier", "--cache", "/tmp/cache",
			"--prefix", "/workspace", "/srv/hello.tgz"]'
	config '.process.args = ["node", "-e", ("
		const run = argv => { const r = require(\"child_process\").spawnSync(argv[0], argv.slice(1), { stdio: \"inherit\" });
			if (r.status !== 0) { console.log(r.error); process.exit(1); } };
		run(" + (.process.args | tojson) + ");
		console.log(require(\"/workspace/node_modules/hello-bulwark\"));")]'
	untrusted run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output_has 'hello from the tarball'
	config '.process.args = ["npm", "--version"]'
	untrusted run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

# What the image has beneath a mount is not what the container has there: perhaps it has made that itself.
test_what_lies_on_a_mount_is_no_program_of_the_image() {
	python_bundle
	mkdir -p "$ROOTFS"/app/.venv/bin "$ROOTFS/run" "$T/volume/.venv/bin"
	cp "$(readlink -f /usr/bin/python3)" "$ROOTFS/app/.venv/bin/python3"
	cp /bin/busybox "$ROOTFS/run/podman-init"
	cp /bin/busybox "$T/volume/.venv/bin/python3"
	# By Landlock alone: of the noexec layout nothing of it is left.
	policy '{"extends": "untrusted-code", "programs": {"noexec": false}, "mounts": {"only": ["/run"], "noexecWritable": false},
		"loosens": ["programs.noexec", "mounts.only", "mounts.noexecWritable"]}'
	config --arg source "$T/volume" '.mounts += [{destination: "/app", type: "bind", source: $source, options: ["bind", "ro"]}]'
	says governed "$tries"'import shutil
shutil.copy("/bin/busybox", "/run/podman-init")
tries(["/app/.venv/bin/python3", "true"], ["/run/podman-init", "true"], ["/usr/bin/python3", "-c", ""])'
	expect_status 0
	expect_line '/app/.venv/bin/python3 true EACCES'
	expect_line '/run/podman-init true EACCES'
	expect_line '/usr/bin/python3 -c  ran'
	config '.process.args = ["/app/.venv/bin/python3"]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal "$denied: \"/app/.venv/bin/python3\" is not among the programs"
	# exec goes by what was found at create, and so does the Landlock domain that it gets.
	config '.process.args = ["python3", "-c", "import shutil, time
shutil.copy(\"/bin/busybox\", \"/run/podman-init\")
time.sleep(300)"]'
	governed run --detach --bundle "$BUNDLE" "$ID"
	eventually test -x "/proc/$(pid_of)/root/run/podman-init"
	governed exec "$ID" /run/podman-init true
	expect_failure
	expect_error_has "$denied"
	governed exec "$ID" python3 -c "$tries"'tries(["/run/podman-init", "true"])'
	expect_line '/run/podman-init true EACCES'
	# Where the image has them, with no mount above, they are programs.
	config 'del(.mounts[-1])'
	governed delete --force "$ID"
	says governed "$tries"'tries(["/app/.venv/bin/python3", "-I", "-S", "-c", ""])'
	expect_line '/app/.venv/bin/python3 -I -S -c  ran'
}

test_state_and_explain_say_what_holds() {
	local layout='programs: noexec on all but ' memory='programs: no file in memory is executed'
	python_bundle
	config '.process.args = ["python3", "-c", "import time; time.sleep(300)"]'
	[ -e /proc/sys/vm/memfd_noexec ] || memory=$layout
	untrusted explain "$BUNDLE"
	expect_output_has "$layout"
	expect_output_has "$memory"
	untrusted run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	untrusted state "$ID"
	expect_output_has "$layout"
	expect_output_has "$memory"
	untrusted delete --force "$ID"
	policy '{"extends": "untrusted-code", "programs": {"noexec": false, "memfdNoexec": false},
		"loosens": ["programs.noexec", "programs.memfdNoexec"]}'
	governed explain "$BUNDLE"
	expect_output_lacks 'programs: no'
}

run_tests
