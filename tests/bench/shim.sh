#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make bench-shim: containerd's shim with runc, the same shim with bulwark, and bulwark's own shim, side by side in one
# containerd: what a shim holds while its containers do nothing, and how long ctr takes for what it asks of one.  Medians,
# and the ratio to the first.  What `ctr version` takes is in all of the times, and has a line of its own.
#
#   ROUNDS=40     rounds of each step; every round has all contenders, in an order that changes
#   RUNTIME=      the runtime measured (default: $BUILDDIR/bulwark); its shim is beside it
#   SHIM=         another shim than bulwark's: io.containerd.runc.v2 for the first two contenders alone
#   ONLY=         memory, time or docker
. "$(dirname "$0")/../engines/engine.sh"
needs containerd ctr sha256sum
ROUNDS=${ROUNDS:-40} SHIM=${SHIM:-io.containerd.bulwark.v2}
. "$(dirname "$0")/../engines/shim.sh"
. "$(dirname "$0")/../engines/containerd-cases.sh"
# For the frame of tests, which cleans up by these; there is no case here.
T=$work ID=$CGROUP
contenders=(runc binary)
! is_ours || contenders+=(compat hardened)

# The first two have containerd's own shim.
choose() {
	chosen=(--runtime "$SHIM" --runtime-config-path "$work/$1.toml")
	case $1 in
	runc | binary) chosen=(--runc-binary "$work/$1") ;;
	esac
}

title() {
	case $1 in
	runc) echo "containerd's shim, runc" ;;
	binary) echo "containerd's shim, bulwark" ;;
	*) echo "bulwark's shim, $1" ;;
	esac
}

wants() {
	[ -z "${ONLY:-}" ] || [ "$ONLY" = "$1" ]
}

# sample STEP CONTENDER VALUE
sample() {
	echo "$3" >>"$work/$1.$2"
}

# The middle value of one contender's samples; the mean of both where there are two in the middle.
middle() {
	sort -n "$work/$1.$2" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

# table TITLE UNIT DIVISOR STEP...: a column for each contender with its ratio to the first.
table() {
	local title=$1 unit=$2 divisor=$3 step name
	shift 3
	printf '\n%s, %s\n%-28s' "$title" "$unit" ''
	printf ' %14s' "$@"
	echo
	for name in "${contenders[@]}"; do
		printf '%-28s' "$(title "$name")"
		for step; do
			awk -v m="$(middle "$step" "$name")" -v first="$(middle "$step" "${contenders[0]}")" -v divisor="$divisor" \
				'BEGIN { printf " %8.1f %5.2f", m / divisor, m / first }'
		done
		echo
	done
}

# ---- what a shim holds ----------------------------------------------------------------------------------

# idle NAME COUNT [OPTION]...: so many containers that sleep.
idle() {
	local i chosen
	choose "$1"
	for ((i = 0; i < $2; i++)); do
		command ctr run --detach "${chosen[@]}" "${@:3}" "$image" "idle-$i" sleep 300 || exit 1
	done
	# What a start has left behind is given back, or never will be.
	sleep 2
}

# weigh STEP NAME: all shims together.
weigh() {
	local pid files=() rss pss private dirty
	for pid in $(shims); do
		files+=("/proc/$pid/smaps_rollup")
	done
	awk '/^(Rss|Pss|Private_Clean|Private_Dirty):/ { s[$1] += $2 }
		END { print s["Rss:"], s["Pss:"], s["Private_Clean:"] + s["Private_Dirty:"], s["Private_Dirty:"] }' "${files[@]}" \
		>"$work/weight"
	read -r rss pss private dirty <"$work/weight"
	sample "$1-rss" "$2" "$rss"
	sample "$1-pss" "$2" "$pss"
	sample "$1-private" "$2" "$private"
	sample "$1-dirty" "$2" "$dirty"
	sample "$1-shims" "$2" ${#files[@]}
}

measure_memory() {
	local round name
	for ((round = 0; round < 3; round++)); do
		for name in $(shuf --echo "${contenders[@]}"); do
			idle "$name" 1
			weigh one "$name"
			after_case
			idle "$name" 5 --annotation "io.containerd.runc.v2.group=pod" --annotation "io.containerd.bulwark.v2.group=pod"
			weigh pod "$name"
			after_case
			[ "$round" != 0 ] || {
				idle "$name" 20
				weigh twenty "$name"
				after_case
			}
		done
	done
	table "one container and its shim" KiB 1 one-rss one-pss one-private one-dirty
	table "a pod of 5 containers, $(middle pod-shims "${contenders[0]}") shim(s) and $(middle pod-shims "${contenders[-1]}")" \
		KiB 1 pod-rss pod-pss pod-private pod-dirty
	table "20 containers and their shims" KiB 1 twenty-rss twenty-pss twenty-private twenty-dirty
}

# ---- how long it takes ----------------------------------------------------------------------------------

# timed STEP NAME COMMAND...
timed() {
	local begin=${EPOCHREALTIME/[.,]/}
	"${@:3}" >"$work/said" 2>&1 </dev/null || {
		cat "$work/said"
		exit 1
	}
	sample "$1" "$2" $((${EPOCHREALTIME/[.,]/} - begin))
}

# The container of the first `run` stays, for tasks of its own.  The end of a program is waited for in between.
cycle() {
	local chosen
	choose "$1"
	ID=$CGROUP-$RANDOM
	timed version "$1" ctr_command version
	timed run "$1" ctr_command run --rm "${chosen[@]}" "$image" "$ID" true
	timed run-d "$1" ctr_command run --detach "${chosen[@]}" "$image" "$ID" sleep 300
	end_task kill "$1"
	delete_task
	timed start "$1" ctr_command task start --detach "$ID"
	timed exec "$1" ctr_command task exec --exec-id e "$ID" true
	end_task kill "$1"
	timed delete "$1" delete_task
	ctr_command container delete "$ID"
}

end_task() {
	local pid
	pid=$(program_pid)
	timed "$1" "$2" ctr_command task kill --signal SIGKILL "$ID"
	eventually is_gone "$pid"
	eventually is_in_status STOPPED
}

ctr_command() {
	command ctr "$@"
}

# ctr passes the status of the container on.
delete_task() {
	command ctr task delete "$ID" 2>/dev/null || [ $? = 137 ]
}

measure_time() {
	local round name
	for ((round = 0; round < ROUNDS; round++)); do
		for name in $(shuf --echo "${contenders[@]}"); do
			cycle "$name"
		done
	done
	table "ctr, the whole command" ms 1000 version run run-d start exec kill delete
}

# ---- both -----------------------------------------------------------------------------------------------

write_config
install_shim
ln -s "$work/compat" "$work/binary"
start_containerd
import_image
echo "$(uname -sr), $(nproc) processors, load $(cut -d ' ' -f 1 /proc/loadavg), $ROUNDS rounds"
containerd --version | cut -d ' ' -f 1,3
runc --version | head -n 1
"$RUNTIME" --version | head -n 1
! wants memory || measure_memory
! wants time || measure_time
after_case
end_daemon containerd

# Docker has to know shims; else it says so.
! wants docker || ! is_ours || {
	echo
	env --unset=BULWARK_TEST_INSIDE ROUNDS="$ROUNDS" "$tests_dir/engines/shim-docker.sh" || [ $? = 77 ]
}
