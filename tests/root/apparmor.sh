#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# AppArmor: the profile that was asked for is entered with the program, by exec too; where there is none of that name,
# or no AppArmor, nothing starts.
. "$(dirname "$0")/bulwark.sh"
. "$(dirname "$0")/interpreters.sh"
. "$(dirname "$0")/own-profiles.sh"

needs_apparmor() {
	is_active || skip "needs a kernel with AppArmor"
	needs apparmor_parser
	bundle
	config '.process.apparmorProfile = "unheard-of"'
	compat run --bundle "$BUNDLE" "$ID"
	[[ $ERR != *"running "*bulwark-label* ]] || skip "needs bulwark-label where it gets installed"
	rm -r "$BUNDLE"
}

# load NAME [FLAG]: a profile that allows everything but one file; it is there until the case ends.
load() {
	local flags="attach_disconnected,mediate_deleted${2:+,$2}"
	apparmor_parser --replace --skip-cache <<-END
		profile $1 flags=($flags) {
			file, capability, network, mount, umount, pivot_root, signal, ptrace, unix,
			deny /tmp/denied w,
		}
	END
	loaded+=("$1")
	trap unload EXIT
}

# needs_own NAME...: AppArmor, and no profile of ours that is the host's.
needs_own() {
	local name
	needs_apparmor
	for name; do
		! grep --quiet "^$name " /sys/kernel/security/apparmor/profiles || skip "this host has $name"
	done
}

# only_apparmor NAME: nothing but this profile of ours holds what `governed` runs.
only_apparmor() {
	policy "{\"extends\": \"compat\", \"noNewPrivileges\": true, \"lsm\":
		{\"apparmor\": \"require\", \"apparmorProfile\": \"$1\", \"callerProfile\": \"replace\"}}"
}

# python_bundle: a bundle whose first process is Python; its rootfs is made once, for copying it takes long.
python_bundle() {
	bundle
	[ -d "$work/python" ] || {
		add_python
		add_program /usr/bin/env
		mkdir "$ROOTFS/workspace"
		mv "$ROOTFS" "$work/python"
	}
	ROOTFS=$work/python
	config --arg rootfs "$ROOTFS" '.root.path = $rootfs | .mounts += [{destination: "/workspace", type: "tmpfs", source: "tmpfs", options: ["mode=1777"]}]'
}

# python PROFILE TEXT: what TEXT prints.
python() {
	config --arg text "$2" '.process.args = ["/usr/bin/python3", "-I", "-S", "-c", $text]'
	"$1" run --bundle "$BUNDLE" "$ID"
}

# What code can try to come to another program, or to machine code of its own; "done" is what must not be.
attempts='
import ctypes, mmap, os, re, shutil, sys
def run(program, *args):
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    try:
        os.dup2(os.open("/dev/null", os.O_RDWR), 2)
        os.execve(program, [*args, "-c", "exit 7"], {})
    except OSError:
        os._exit(1)
def copy(path, mode=0o755):
    shutil.copyfile("/bin/busybox", path)
    os.chmod(path, mode)
    return path
def memfd():
    fd = os.memfd_create("x", 0)
    with open("/bin/busybox", "rb") as f:
        os.write(fd, f.read())
    return fd
def script():
    with open("/tmp/script", "w") as f:
        f.write("#!/bin/sh\nexit 7\n")
    os.chmod("/tmp/script", 0o755)
    return "/tmp/script"
def library(path):
    shutil.copyfile(re.search(r"/\S+/libm\S*", open("/proc/self/maps").read())[0], path)
    ctypes.CDLL(path)
    return True
def mapped(path):
    with open(path, "rb") as f:
        mmap.mmap(f.fileno(), 4096, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)
    return True
def written(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
    return True
loader = re.search(r"/\S+/ld-linux\S*", open("/proc/self/maps").read())[0]
ctypes.CDLL("libm.so.6")
for name, attempt in {
    "shell": lambda: run("/bin/sh", "sh"),
    "loader": lambda: run(loader, loader, "/usr/bin/python3", "-S", "-c", "raise SystemExit(7)"),
    "memfd": lambda: run(memfd(), "sh"),
    "memfd by its name": lambda: run("/proc/self/fd/%d" % memfd(), "sh"),
    "copy in /tmp": lambda: run(copy("/tmp/busybox"), "sh"),
    "copy in /workspace": lambda: run(copy("/workspace/busybox"), "sh"),
    "script in /tmp": lambda: run(script(), "script"),
    "library in /tmp": lambda: library("/tmp/x.so"),
    "library in /workspace": lambda: library("/workspace/x.so"),
    "program as library": lambda: mapped("/bin/busybox"),
    "write to the image": lambda: written("/etc/new"),
    "write to a program": lambda: written("/bin/busybox"),
    "write to the kernel": lambda: written("/proc/sys/kernel/shmmax"),
    "own label": lambda: written("/proc/self/attr/exec"),
}.items():
    try:
        print(name + ":", "done" if attempt() else "refused")
    except OSError as e:
        print(name + ":", "refused")
'

# What must go on working.
ordinary='
import os, signal, socket, subprocess, sys, threading
print(subprocess.run([sys.executable, "-I", "-S", "-c", "print(6 * 7)"], capture_output=True, text=True).stdout.strip())
print(subprocess.run(["/usr/bin/env", "python3", "-c", "print(\"env\")"], capture_output=True, text=True,
    env={"PATH": "/usr/bin"}).stdout.strip())
os.makedirs("/workspace/site/pure")
with open("/workspace/site/pure/__init__.py", "w") as f:
    f.write("value = 1001\n")
sys.path.insert(0, "/workspace/site")
import pure
print(pure.value, os.path.exists("/workspace/site/pure/__pycache__"))
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
client.sendall(b"net")
print(server.accept()[0].recv(3).decode())
one, other = socket.socketpair()
one.sendall(b"unix")
print(other.recv(4).decode())
sleeper = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"])
sleeper.terminate()
print(sleeper.wait() == -signal.SIGTERM)
'

# confined_bundle: what the cases run, in profile $ID.
confined_bundle() {
	needs_apparmor
	bundle
	load "$ID"
	config --arg profile "$ID" '.process.apparmorProfile = $profile'
}

label='cat /proc/self/attr/current'

test_the_program_runs_in_the_profile_that_was_asked_for() {
	local profile
	confined_bundle
	for profile in compat hardened; do
		asks "$profile" "$label"
		expect_output "$ID (enforce)"
	done
	config 'del(.process.apparmorProfile)'
	asks compat "$label"
	expect_output unconfined
}

test_what_the_profile_denies_is_denied() {
	confined_bundle
	asks hardened 'echo x >/tmp/allowed && echo allowed; echo x >/tmp/denied && echo denied'
	expect_output allowed
	expect_error_has '/tmp/denied: Permission denied'
	config 'del(.process.apparmorProfile)'
	asks hardened 'echo x >/tmp/allowed && echo allowed; echo x >/tmp/denied && echo denied'
	expect_output $'allowed\ndenied'
}

test_exec_is_in_the_profile_of_the_container() {
	confined_bundle
	sleeping hardened
	hardened exec "$ID" sh -c "$label; echo x >/tmp/denied"
	expect_output "$ID (enforce)"
	expect_error_has '/tmp/denied: Permission denied'
}

test_exec_cannot_leave_the_profile() {
	confined_bundle
	load "$ID-other"
	sleeping hardened
	hardened exec --apparmor unconfined "$ID" sh -c "$label"
	expect_output "$ID (enforce)"
	hardened exec --apparmor "$ID-other" "$ID" sh -c "$label"
	expect_output "$ID (enforce)"
	compat delete --force "$ID"
	sleeping compat
	compat exec --apparmor "$ID-other" "$ID" sh -c "$label"
	expect_output "$ID-other (enforce)"
}

test_a_profile_that_is_not_loaded_is_no_start() {
	local profile
	confined_bundle
	config --arg profile "$ID-gone" '.process.apparmorProfile = $profile'
	for profile in compat hardened; do
		asks "$profile" 'echo started'
		expect_output_lacks started
		expect_refusal "AppArmor profile \"$ID-gone\" is not loaded"
	done
}

test_a_profile_that_only_complains_is_no_start_where_the_policy_requires_one() {
	confined_bundle
	load "$ID-weak" complain
	config --arg profile "$ID-weak" '.process.apparmorProfile = $profile'
	asks compat "$label"
	expect_output "$ID-weak (complain)"
	policy '{"extends": "hardened", "lsm": {"apparmor": "require"}}'
	asks governed "$label"
	expect_output ''
	expect_refusal "AppArmor profile \"$ID-weak\" is not in enforce mode"
}

test_the_own_profile_is_entered_where_the_caller_names_none() {
	needs_apparmor
	! grep --quiet '^bulwark-default ' /sys/kernel/security/apparmor/profiles || skip "this host has bulwark-default"
	policy '{"extends": "hardened", "lsm": {"apparmor": "require"}}'
	bundle
	asks governed "$label"
	expect_output ''
	expect_refusal 'AppArmor profile "bulwark-default" is not loaded'
	asks hardened "$label"
	expect_output unconfined
	load bulwark-default
	asks governed "$label"
	expect_output 'bulwark-default (enforce)'
	config '.process.apparmorProfile = "unconfined"'
	asks hardened "$label"
	expect_output 'bulwark-default (enforce)'
	asks compat "$label"
	expect_output unconfined
}

# The same attempts without the profile succeed: each refusal is AppArmor's alone.
test_untrusted_code_comes_to_no_other_program() {
	local refused
	needs_own bulwark-untrusted
	python_bundle
	config '.linux.readonlyPaths = []'
	python compat "$attempts"
	expect_status 0
	expect_output_lacks refused
	refused=${OUT//done/refused}
	rm "$ROOTFS/etc/new"
	load_own bulwark-untrusted
	only_apparmor bulwark-untrusted
	python governed "$attempts"
	expect_output "$refused"
}

test_native_code_in_the_workspace_needs_the_other_profile() {
	needs_own bulwark-untrusted-native
	python_bundle
	config '.linux.readonlyPaths = []'
	load_own bulwark-untrusted-native
	only_apparmor bulwark-untrusted-native
	python governed "$attempts"
	expect_equal "what is done" "$(grep ': done' <<<"$OUT")" "library in /workspace: done"
}

test_untrusted_code_can_do_what_it_is_for() {
	needs_own bulwark-untrusted
	python_bundle
	load_own bulwark-untrusted
	only_apparmor bulwark-untrusted
	python governed "$ordinary"
	expect_status 0
	expect_output $'42\nenv\n1001 True\nnet\nunix\nTrue'
	# With all the other layers beside it.
	policy '{"extends": "untrusted-code", "lsm": {"apparmor": "require"}}'
	python governed "$ordinary"
	expect_status 0
	expect_output $'42\nenv\n1001 True\nnet\nunix\nTrue'
}

test_node_works_in_the_profile_of_untrusted_code() {
	needs_own bulwark-untrusted
	bundle
	add_node
	load_own bulwark-untrusted
	only_apparmor bulwark-untrusted
	config '.process.args = ["/usr/bin/node", "-e", "
		const child = require(\"child_process\");
		console.log(require(\"fs\").readFileSync(\"/proc/self/attr/current\", \"utf8\").trim());
		console.log(child.execFileSync(process.execPath, [\"-p\", \"6 * 7\"]).toString().trim());
		child.exec(\"true\", error => console.log(error.code));"]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_output $'bulwark-untrusted (enforce)\n42\nEACCES'
}

test_the_default_profile_keeps_the_kernel_from_a_container() {
	local script='for file in /proc/sys/kernel/shmmax /proc/sysrq-trigger /sys/kernel/mm/ksm/run /proc/self/attr/exec; do
		(: >>$file) 2>/dev/null && echo "$file"
	done
	(: </proc/kcore) 2>/dev/null && echo kcore
	mount -t tmpfs tmpfs /mnt 2>/dev/null && echo mount
	echo x >/tmp/file && cp /bin/busybox /tmp/sh && /tmp/sh -c "echo ordinary"
	sleep 60 & kill $! && echo signal'
	needs_own bulwark-default
	bundle
	mkdir "$ROOTFS/mnt"
	config '.linux.readonlyPaths = [] | .linux.maskedPaths = [] | .mounts |= map(.options -= ["ro"]) |
		.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN", "CAP_SYS_RAWIO"])'
	asks compat "$script"
	expect_output $'/proc/sys/kernel/shmmax\n/proc/sysrq-trigger\n/sys/kernel/mm/ksm/run\n/proc/self/attr/exec\nkcore\nmount\nordinary\nsignal'
	load_own bulwark-default
	only_apparmor bulwark-default
	asks governed "$script"
	expect_output $'ordinary\nsignal'
}

test_the_own_profile_comes_before_the_callers_under_untrusted_code() {
	local builtin='read label </proc/self/attr/current; echo "$label"'
	needs_own bulwark-untrusted
	confined_bundle
	# The shell that is asked is not on the list of programs.
	policy '{"extends": "untrusted-code", "programs": {"restrict": false}, "loosens": ["programs.restrict"],
		"lsm": {"apparmor": "require"}}'
	asks governed "$builtin"
	expect_output ''
	expect_refusal 'AppArmor profile "bulwark-untrusted" is not loaded: "apparmor_parser -r /'
	expect_error_has '/apparmor.d/bulwark-untrusted" loads it'
	policy '{"extends": "untrusted-code", "programs": {"restrict": false}, "loosens": ["programs.restrict"]}'
	asks governed "$builtin"
	expect_output "$ID (enforce)"
	load_own bulwark-untrusted
	asks governed "$builtin"
	expect_output 'bulwark-untrusted (enforce)'
	asks hardened "$label"
	expect_output "$ID (enforce)"
}

test_exec_is_in_the_own_profile_whatever_it_asks_for() {
	needs_own bulwark-untrusted
	python_bundle
	load_own bulwark-untrusted
	load "$ID-other"
	only_apparmor bulwark-untrusted
	config '.process.args = ["/usr/bin/python3", "-I", "-S", "-c", "import time; time.sleep(300)"]'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	for profile in unconfined "$ID-other"; do
		governed exec --apparmor "$profile" "$ID" /usr/bin/python3 -I -S -c \
			'import os; print(open("/proc/self/attr/current").read(), end=""); os.execv("/bin/sh", ["sh"])'
		expect_output 'bulwark-untrusted (enforce)'
		expect_error_has PermissionError
	done
}

# What is asked of the kernel is in force only when the program runs: between the two a profile may have been changed.
test_a_profile_that_has_come_to_complain_ends_the_container() {
	local pid
	needs_own bulwark-default
	load_own bulwark-default
	only_apparmor bulwark-default
	bundle
	script_args 'echo started; sleep 60'
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
	pid=$(pid_of)
	load_own bulwark-default --Complain
	governed start "$ID"
	expect_failure
	expect_error_has 'apparmor: the program runs in "bulwark-default (complain)", expected "bulwark-default (enforce)"'
	eventually is_stopped
	[ ! -e "/proc/$pid/root/bin" ] || fail "the program goes on"
	compat delete "$ID"
	load_own bulwark-default
	printf '#!/bin/sh\napparmor_parser --replace --skip-cache --Complain %s\n' \
		"$top_dir/profiles/apparmor/bulwark-default" >"$T/hook"
	chmod 755 "$T/hook"
	config --arg hook "$T/hook" '.hooks.createRuntime = [{path: $hook, env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal 'apparmor: the program runs in "bulwark-default (complain)", expected "bulwark-default (enforce)"'
	expect_output_lacks started
}

test_an_own_profile_that_only_complains_is_no_start_where_it_is_required() {
	needs_own bulwark-default
	load_own bulwark-default --Complain
	only_apparmor bulwark-default
	bundle
	asks governed 'echo started'
	expect_output ''
	expect_refusal 'AppArmor profile "bulwark-default" is not in enforce mode'
	asks hardened "$label"
	expect_output 'bulwark-default (complain)'
}

# With no_new_privs the kernel lets nobody out of a profile.
test_a_caller_in_a_profile_of_his_own_is_told_so() {
	needs aa-exec
	needs_own bulwark-default
	load "$ID-outer"
	load_own bulwark-default
	only_apparmor bulwark-default
	bundle
	script_args 'echo started'
	run aa-exec --profile="$ID-outer" -- "$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID"
	expect_output ''
	expect_refusal "bulwark was started in AppArmor profile \"$ID-outer (enforce)\""
}

test_a_kernel_without_it_is_no_start_where_it_is_asked_for() {
	! is_active || skip "this kernel has AppArmor"
	bundle
	policy '{"extends": "hardened", "lsm": {"apparmor": "require"}}'
	asks governed 'echo started'
	expect_output ''
	expect_refusal 'the policy wants AppArmor but this kernel has none'
	config '.process.apparmorProfile = "anything"'
	asks compat 'echo started'
	expect_output ''
	expect_refusal 'apparmorProfile "anything" requested but this kernel has no AppArmor'
	config 'del(.process.apparmorProfile)'
	asks hardened 'echo started'
	expect_output started
}

test_check_says_whether_our_profiles_are_there() {
	needs_own bulwark-default bulwark-untrusted
	run "$RUNTIME" check
	grep --quiet '^missing *lsm .*AppArmor profile "bulwark-default" is not loaded' <<<"$OUT" ||
		fail "check does not miss bulwark-default"
	load_own bulwark-default
	load_own bulwark-untrusted --complain
	run "$RUNTIME" check
	grep --quiet '^missing *lsm .*"bulwark-untrusted" forbids nothing' <<<"$OUT" || fail "check takes one that complains"
	load_own bulwark-untrusted
	run "$RUNTIME" check
	grep --quiet '^ok *lsm .*AppArmor, with profiles of our own' <<<"$OUT" || fail "check does not find ours"
}

run_tests
