#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Options arrive where they belong, in every spelling that callers use.
. "$(dirname "$0")/../lib.sh"
need_double
cd "$scratch" || exit 1

run "$double" --root /r --policy p.json --profile compat --systemd-cgroup --debug create \
	--bundle b --pid-file=out/pid --pidfd-socket p --console-socket ./s --no-pivot -no-new-keyring --preserve-fds 3 x
has "global options arrive" "$out" "create root=/r policy=$scratch/p.json profile=compat systemd=1 debug=1 id=x"
has "paths are absolute, seen from the caller" "$out" \
	"bundle=$scratch/b console=$scratch/s pid-file=$scratch/out/pid pidfd-socket=$scratch/p"
has "flags and numbers arrive" "$out" "no-pivot=1 no-new-keyring=1 fds=3 detach=0"

for spelling in "-b /b" "-b=/b" "-b/b" "--bundle /b" "--bundle=/b" "-bundle /b" "-bundle=/b"; do
	# shellcheck disable=SC2086
	run "$double" create $spelling x
	has "$spelling is understood" "$out" " bundle=/b "
done
run "$double" create x -b /b
has "options may follow the other words" "$out" "id=x bundle=/b"
run "$double" create -b /b -- -x
has "-- ends the options" "$out" "id=-x"
run "$double" create x
has "the default bundle is the working directory" "$out" "bundle=$scratch "
run "$double" create -b ../b/./c x
has ".. is left to the kernel" "$out" "bundle=$scratch/../b/./c"
run "$double" create -b ./b//c/ x
has "other paths are tidy" "$out" "bundle=$scratch/b/c "
run "$double" create --pid-file '' x
has "an empty path counts as not given" "$out" "pid-file=- "

run "$double" run -d --keep -no-subreaper x
has "flags of run arrive" "$out" "detach=1 keep=1 no-subreaper=1"
is "run exits with the program's status" "$status" 42
run "$double" run --learn p.json -b /b x
has "what is to be learned arrives" "$out" "learn=$scratch/p.json "
is "learning run exits with the program's status, too" "$status" 42
is "what was learned is told" "$errout" "learning: $scratch/p.json: 5 system calls, 2 of them new; 3 combinations of arguments, 1 of them new
learning: 7 calls have no name here and are not in the profile"
run "$double" run -d --learn p.json x
is "nobody learns of what is detached" "$status:$out:$errout" \
	"1::bulwark: --learn stays beside the container until its end: it cannot be used with --detach"
run "$double" run --detach=false x
has "a flag can be switched off" "$out" "detach=0"

run "$double" exec -t -d -e A=1 --env=B='2 3' -g 10 --additional-gids 20 --cap CAP_KILL -c CAP_CHOWN \
	--cwd /w -u 5:6 --apparmor ap --process-label la --no-new-privs --ignore-paused \
	--preserve-fds=2 --console-socket /s --pid-file p --pidfd-socket /q c1 sh -c 'echo' -d --env=X
has "what follows the container belongs to the command" "$out" "args=[sh|-c|echo|-d|--env=X] "
has "repeated options add up" "$out" "env=[A=1|B=2 3] gids=[10|20] caps=[CAP_KILL|CAP_CHOWN]"
has "texts arrive" "$out" "cwd=/w user=5:6 apparmor=ap label=la console=/s pid-file=$scratch/p pidfd-socket=/q"
has "flags of exec arrive" "$out" "tty=1 detach=1 nnp=1 ignore-paused=1 fds=2"
is "exec exits with the program's status" "$status" 7
run "$double" exec c1 -- true --
has "one -- before the command is dropped, no other" "$out" "args=[true|--]"
run "$double" exec --process proc.json --detach --pid-file /p c1
has "exec by a process file" "$out" "process=$scratch/proc.json args=[] env=[]"

run env -u XDG_RUNTIME_DIR "$double" create x
has "the default root" "$out" "root=/run/bulwark "
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$scratch"
	cp "$double" "$scratch/bulwark"
	as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	run "${as_user[@]}" env XDG_RUNTIME_DIR=/run/user/65534 "$scratch/bulwark" create x
else
	as_user=()
	run env XDG_RUNTIME_DIR=/run/user/65534 "$double" create x
fi
has "the default root of a caller who is not root" "$out" "root=/run/user/65534/bulwark "
run "$double" --cgroup-manager systemd create x
has "--cgroup-manager systemd is --systemd-cgroup" "$out" "systemd=1"
run "$double" --cgroup-manager disabled create x
has "--cgroup-manager disabled arrives" "$out" "no-cgroup=1 rootless=0"
run "$double" --rootless true create x
has "--rootless true arrives" "$out" "no-cgroup=0 rootless=1"
run "$double" --rootless=false create x
has "--rootless false arrives" "$out" "no-cgroup=0 rootless=2"
finish
