#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The actions of containerd-shim-bulwark-v2 as containerd calls them: what they print, what they leave behind, and what of
# containerd's the server has not. No container is made.
. "$(dirname "$0")/../lib.sh"
need_command python3
shim=${SHIM:-$PWD/containerd-shim-bulwark-v2}
[ -x "$shim" ] || skip_all "the program is not built: $shim"
wire() {
	python3 "$top/tests/cli/shim_wire.py" "$@"
}

# Sockets have short names, and a directory with its own lock.
sockets=$scratch/s
servers=()
end_servers() {
	local pid
	for pid in ${servers[@]+"${servers[@]}"}; do
		kill -9 "$pid" 2>/dev/null
	done
	rm -rf "$scratch"
}
trap end_servers EXIT

# bundle ID [CONFIG]: made as containerd makes it, and entered.
bundle() {
	mkdir -p "$scratch/ns/$1"
	cd "$scratch/ns/$1" || exit 1
	[ -p log ] || mkfifo -m 700 log
	echo "${2-"{}"}" >config.json
}

# start ID [TYPE PATH]
start() {
	wire params "$1" ns "$sockets" "${@:2}" >"$scratch/stdin"
	run "$shim" -namespace ns -address /c.sock -publish-binary /bin/false -id "$1" start <"$scratch/stdin"
}

# The server's pid, from its own Connect.
pid_of() {
	wire call "${1#unix://}" Connect | sed -n 's/^1 //p'
}

# Who has it for a child may be slow to collect it.
await_end() {
	local n
	for n in {1..200}; do
		[ -e "/proc/$1" ] && [ "$(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null)" != Z ] || return 0
		sleep 0.05
	done
	fail "process $1 ends" "it still runs"
}

# What a process shows, by the name of its file in /proc.
line_of() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

versions() {
	local words
	for words in -v -version --version; do
		run "$shim" $words
		is "$words succeeds" "$status:$errout" "0:"
		check "$words names the program and its version" grep -qzP '^containerd-shim-bulwark-v2:\nbulwark version \d' "$scratch/out"
	done
	run "$shim" -help
	has "-help shows the usage" "$status:$out" "0:usage: containerd-shim-bulwark-v2"
}

info() {
	run env -i "$shim" -info </dev/null
	is "-info works without an environment" "$status:$errout" "0:"
	wire decode 2 4 <"$scratch/out" >"$scratch/decoded"
	is "-info: name" "$(sed -n 's/^1 //p' "$scratch/decoded")" io.containerd.bulwark.v2
	check "-info: version" grep -qE '^2\.1 [0-9]+\.[0-9]+\.[0-9]+$' "$scratch/decoded"
	is "-info: type of the features" "$(sed -n 's/^4\.1 //p' "$scratch/decoded")" \
		types.containerd.io/opencontainers/runtime-spec/1/features/Features
	sed -n '/^4\.2 /,$p' "$scratch/decoded" | sed '1s/^4\.2 //' >"$scratch/features"
	is "-info: they are the runtime's" "$(cat "$scratch/features")" "$("$real" features)"
	hasnt "-info claims no annotations" "$(cat "$scratch/decoded")" "
5"
	run "$shim" -info <&-
	is "-info works without standard input" "$status" 0
}

# refused SENTENCE PART
refused() {
	is "$1: status 1" "$status" 1
	has "$1: says why" "$errout" "$2"
	is "$1: one line" "$(wc -l <"$scratch/err")" 1
	is "$1: nothing on standard output" "$out" ""
}

command_line() {
	run "$shim" </dev/null
	refused "without an action" "containerd calls start and delete"
	run "$shim" -namespace ns -id c serve
	refused "unknown action" 'unknown action "serve": expected start or delete'
	run "$shim" -nonsense start
	refused "unknown flag" "flag provided but not defined: -nonsense"
	run "$shim" -id c start </dev/null
	refused "start without a namespace" "-namespace must be given"
	run "$shim" -namespace ../x -id c delete </dev/null
	refused "a namespace that leads elsewhere" '-namespace "../x"'
	run "$shim" -namespace ns -id c/.. start </dev/null
	refused "an id that leads elsewhere" '-id "c/.."'
}

# nothing_left SENTENCE
nothing_left() {
	is "$1: no socket, no address" "$(ls "$sockets" 2>/dev/null)$(ls address 2>/dev/null)" ""
}

refusals_of_start() {
	bundle bad
	echo "{}" >"$scratch/garbage"
	run "$shim" -namespace ns -id bad start <"$scratch/garbage"
	refused "garbage on standard input" "neither runtime options nor bootstrap parameters"
	wire any runtimeoptions.v1.Options "$scratch/none.toml" >"$scratch/stdin"
	run "$shim" -namespace ns -id bad start <"$scratch/stdin"
	refused "ConfigPath that is not there, containerd before 2.3" "$scratch/none.toml: no such file or directory"
	start bad runtimeoptions.v1.Options "$scratch/none.toml"
	refused "the same, since 2.3" "$scratch/none.toml: no such file or directory"
	bundle bad '{"annotations": {"io.containerd.bulwark.v2.group": "../other"}}'
	start bad
	refused "a group that leads elsewhere" 'io.containerd.bulwark.v2.group "../other"'
	bundle bad '{"annotations": '
	start bad
	refused "a broken config.json" "config.json:"
	bundle bad
	mkdir -m 777 "$sockets"
	start bad
	refused "sockets where others can put one" "must not be writable by others than its owner, its mode is 0777"
	nothing_left "refusals"
	rmdir "$sockets"
	if [ "$(id -u)" = 0 ]; then
		echo 'ShimCgroup = "/bulwark-test-no-such-cgroup"' >"$scratch/cgroup.toml"
		start bad runtimeoptions.v1.Options "$scratch/cgroup.toml"
		refused "a fault of the server before it runs" "joining the cgroup /bulwark-test-no-such-cgroup"
		nothing_left "a fault of the server"
	else
		skip "a fault of the server before it runs" "a configuration must belong to root"
	fi
}

a_server() {
	bundle c1
	TTRPC_ADDRESS=/none.ttrpc SECRET=s3cret NOTIFY_SOCKET=/n LISTEN_PID=1 start c1
	is "start succeeds and is silent" "$status:$errout" "0:"
	check "start prints the bare address" grep -qzP "^unix://$sockets/[0-9a-f]{64}\$" "$scratch/out"
	address=$out
	is "the file address is the same, without a newline" "$(od -c address)" "$(od -c "$scratch/out")"
	is "address and socket are root's alone" "$(stat -c %a address "${address#unix://}" "$sockets" | tr '\n' ' ')" "600 600 700 "
	is "a link shows where the socket is" "$(readlink s)" "$sockets"

	local pid
	pid=$(pid_of "$address")
	servers+=("$pid")
	check "a server answers" test "$pid" -gt 1
	is "its arguments are those of containerd's shims" "$(tr '\0' ' ' <"/proc/$pid/cmdline")" \
		"$shim -namespace ns -id c1 -address /c.sock "
	is "its name is theirs" "$(cat "/proc/$pid/comm")" containerd-shim
	is "it has nothing of the environment but what it needs" "$(tr '\0' '\n' <"/proc/$pid/environ" |
		grep -vE '^(PATH|HOME|TMPDIR|XDG_RUNTIME_DIR|DBUS_SYSTEM_BUS_ADDRESS|DBUS_SESSION_BUS_ADDRESS|NAMESPACE)=')" \
		TTRPC_ADDRESS=/none.ttrpc
	is "standard input and output are nobody's" "$(readlink "/proc/$pid/fd/0" "/proc/$pid/fd/1" | tr '\n' ' ')" \
		"/dev/null /dev/null "
	is "standard error is the log" "$(readlink "/proc/$pid/fd/2")" "$PWD/log"
	check "which cannot block" test $((8#$(sed -n 's/^flags:[[:space:]]*//p' "/proc/$pid/fdinfo/2") & 8#4002)) = $((8#4002))
	is "it is a session of its own" "$(cut -d' ' -f6 "/proc/$pid/stat")" "$pid"
	is "it stands in no bundle" "$(readlink "/proc/$pid/cwd")" /
	is "its umask is the usual one" "$(line_of "$pid" Umask)" 0022
	is "it has no signal blocked that its loop does not hear" "$((0x$(line_of "$pid" SigBlk) & ~0x14003))" 0
	is "the kernel ends it rather than containerd" "$(cat "/proc/$pid/oom_score_adj")" \
		"$(($(cat /proc/self/oom_score_adj) + 1))"
	if [ "$(id -u)" = 0 ]; then
		check "its program is seen through a read-only mount alone" python3 -c \
			"import os, sys; sys.exit(not os.statvfs('/proc/$pid/exe').f_flag & os.ST_RDONLY)"
	fi
	start c1
	is "a second start finds it" "$status:$out:$errout" "0:$address:"
	is "and begins no other" "$(pid_of "$address")" "$pid"

	bundle c2 '{"annotations": {"io.kubernetes.cri.sandbox-id": "c1"}}'
	start c2
	is "so does one of its group" "$status:$out" "0:$address"
	is "whose bundle gets the address, too" "$(cat address)" "$address"

	run "$shim" -namespace ns -address /c.sock -id c2 -bundle "$PWD" delete </dev/null
	is "delete of one of the group succeeds" "$status:$errout" "0:"
	bundle c1
	run "$shim" -namespace ns -address /c.sock -id c1 -bundle "$PWD" delete </dev/null
	is "delete under a living server succeeds" "$status:$errout" "0:"
	is "and leaves the server" "$(pid_of "$address")" "$pid"

	kill -9 "$pid"
	await_end "$pid"
	start c1
	is "a start takes the socket over from a dead server" "$status:$out" "0:$address"
	pid=$(pid_of "$address")
	servers+=("$pid")
	check "with a new one" test "$pid" -gt 1
	is "Shutdown ends it" "$(wire call "${address#unix://}" Shutdown)" ""
	await_end "$pid"
	start c1
	servers+=("$(pid_of "$address")")
	kill -9 "${servers[-1]}"
	await_end "${servers[-1]}"
	run "$shim" -namespace ns -address /c.sock -id c1 -bundle "$PWD" delete </dev/null
	is "delete succeeds when the server has died" "$status:$errout" "0:"
	check "and takes its socket away" test ! -e "${address#unix://}"
}

two_starts_at_once() {
	local n
	bundle g1 '{"annotations": {"io.containerd.bulwark.v2.group": "pod"}}'
	bundle g2 '{"annotations": {"io.containerd.bulwark.v2.group": "pod"}}'
	for n in 1 2; do
		wire params "g$n" ns "$sockets" >"$scratch/stdin$n"
		(cd "$scratch/ns/g$n" && exec "$shim" -namespace ns -id "g$n" start <"$scratch/stdin$n" >"$scratch/out$n" 2>&1) &
	done
	wait
	is "two starts of a group at once agree" "$(cat "$scratch/out1")" "$(cat "$scratch/out2")"
	servers+=("$(pid_of "$(cat "$scratch/out1")")")
	check "on a server that answers" test "${servers[-1]}" -gt 1
	is "Shutdown is answered" "$(wire call "$(sed 's,^unix://,,' "$scratch/out1")" Shutdown)" ""
}

# In force or refused; which of the two is the kernel's.
core_scheduling() {
	bundle core
	SCHED_CORE=1 start core
	if [ "$status" != 0 ]; then
		refused "SCHED_CORE where the kernel has none" "SCHED_CORE is set: making a core scheduling domain"
		nothing_left "SCHED_CORE where the kernel has none"
		return
	fi
	servers+=("$(pid_of "$out")")
	check "SCHED_CORE: the server has a domain" python3 -c "
import ctypes, sys
cookie = ctypes.c_ulong(0)
r = ctypes.CDLL(None).prctl(62, 0, ${servers[-1]}, 0, ctypes.byref(cookie))
sys.exit(r != 0 or cookie.value == 0)"
	wire call "${out#unix://}" Shutdown
}

# deleted SENTENCE: what `run` has left is a DeleteResponse.
deleted() {
	is "$1 succeeds and is silent" "$status:$errout" "0:"
	wire decode 3 <"$scratch/out" >"$scratch/decoded"
	is "$1: status 137" "$(sed -n 's/^2 //p' "$scratch/decoded")" 137
	check "$1: the time is now" test $(($(date +%s) - $(sed -n 's/^3\.1 //p' "$scratch/decoded"))) -le 5
}

deletes() {
	bundle gone
	rm -f config.json log
	run "$shim" -namespace ns -address /c.sock -id gone -bundle "$PWD" delete </dev/null
	deleted "delete of an empty bundle"
	is "without a pid" "$(sed -n 's/^1 //p' "$scratch/decoded")" ""
	run "$shim" -namespace ns -address /c.sock -id gone -bundle "$scratch/ns/none" delete </dev/null
	deleted "delete without a bundle"
	echo "{\"root\": \"$scratch/no-root/ns\", \"pid\": 4711}" >bulwark.json
	run "$shim" -namespace ns -address /c.sock -id gone -bundle "$PWD" delete </dev/null
	deleted "delete with a note, but no state"
	is "the pid is the note's" "$(sed -n 's/^1 //p' "$scratch/decoded")" 4711
	echo "unix:///etc/passwd" >address
	run "$shim" -namespace ns -address /c.sock -id gone -bundle "$PWD" delete </dev/null
	deleted "delete with somebody else's address"
	check "which it leaves" test -e /etc/passwd
	echo "{" >bulwark.json
	run "$shim" -namespace ns -address /c.sock -id gone -bundle "$PWD" delete </dev/null
	refused "a broken note" "bulwark.json:"
}

versions
info
command_line
refusals_of_start
core_scheduling
a_server
two_starts_at_once
deletes
finish
