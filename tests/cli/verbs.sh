#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Small verbs: what they pass on, and what they exit with.
. "$(dirname "$0")/../lib.sh"
need_double
cd "$scratch" || exit 1

# says SENTENCE STATUS OUTPUT WORDS...
says() {
	local sentence=$1 wanted=$2 text=$3
	shift 3
	run "$double" "$@"
	is "$sentence" "$status:$out:$errout" "$wanted:$text:"
}

says "start is silent" 0 "" start c1
says "kill sends TERM" 0 "kill c1 15 all=0" kill c1
says "kill by number" 0 "kill c1 9 all=0" kill c1 9
says "kill by name" 0 "kill c1 9 all=0" kill c1 KILL
says "kill by long name, flag last" 0 "kill c1 1 all=1" kill c1 SIGHUP --all
says "kill with 0 only asks" 0 "kill c1 0 all=1" kill -a c1 0
says "stage" 0 "stage c1 sources=[a|-|./-b] to=in/ patterns=[x|y] force=1" \
	stage --force --warn-pattern x --warn-pattern y c1 a - ./-b in/
says "pause" 0 "pause c1" pause c1
says "resume" 0 "resume c1" resume c1
no_options="share=- idle=- rt-period=- rt-runtime=- cpus=- mems=- weight=- l3=- bw=- kernel=- tcp=-"
says "checkpoint with every option" 0 \
	"checkpoint c1 image=/i work=/w parent=../p server=127.0.0.1:1 status=3 cgroups=soft empty=[network] lsm=- context=- flags=1111111111" \
	checkpoint --image-path /i --work-path /w --parent-path ../p --leave-running --tcp-established --tcp-skip-in-flight \
	--link-remap --ext-unix-sk --shell-job --lazy-pages --status-fd 3 --page-server 127.0.0.1:1 --file-locks --pre-dump \
	--manage-cgroups-mode soft --empty-ns network --auto-dedup c1
says "checkpoint with nothing said" 0 \
	"checkpoint c1 image=- work=- parent=- server=- status=- cgroups=- empty=[] lsm=- context=- flags=0000000000" \
	checkpoint c1
says "restore with every option, as containerd has it" 7 \
	"restore c9 image=/i work=/w parent=- server=- status=- cgroups=full empty=[network] lsm=a:b context=c flags=0100111101 bundle=/b console=/s pid-file=/p pidfd-socket=- no-pivot=1 no-new-keyring=0 fds=0 detach=1 keep=0 no-subreaper=1" \
	restore --bundle /b --detach --console-socket /s --pid-file /p --image-path /i --work-path /w --tcp-established \
	--ext-unix-sk --shell-job --file-locks --lazy-pages --manage-cgroups-mode full --empty-ns network --auto-dedup \
	--lsm-profile a:b --lsm-mount-context c -no-subreaper --no-pivot c9
says "update, options before and behind the id" 0 \
	"update c1 r=- memory=50M swap=-1 reservation=- pids=-1 quota=-1 period=- burst=- $no_options" \
	update --memory 50M --pids-limit -1 c1 --memory-swap=-1 --cpu-quota -1
says "update from standard input" 0 \
	"update c1 r=- memory=- swap=- reservation=- pids=- quota=- period=- burst=- $no_options" \
	update --resources - c1
says "update with every option" 0 \
	"update c1 r=/f memory=1 swap=2 reservation=3 pids=4 quota=5 period=6 burst=7 share=8 idle=1 rt-period=9 rt-runtime=10 cpus=0-1 mems=0 weight=11 l3=a bw=b kernel=12 tcp=13" \
	update c1 -r /f --memory 1 --memory-swap 2 --memory-reservation 3 --pids-limit 4 --cpu-quota 5 --cpu-period 6 \
	--cpu-burst 7 --cpu-share 8 --cpu-idle 1 --cpu-rt-period 9 --cpu-rt-runtime 10 --cpuset-cpus 0-1 \
	--cpuset-mems 0 --blkio-weight 11 --l3-cache-schema a --mem-bw-schema b --kernel-memory 12 --kernel-memory-tcp 13
says "events each five seconds" 0 '{"id":"c1","interval":5000}' events c1
says "events by another interval" 0 '{"id":"c1","interval":90500}' events --interval 1m30.5s c1
says "events once" 0 '{"id":"c1","interval":0}' events --stats c1
run "$double" exec --cgroup a --cgroup memory,cpu:/b c1 true
has "exec in a cgroup" "$out" " cgroups=[a|memory,cpu:/b] "
says "delete is silent" 0 "" delete c2
says "delete -f of what is not there succeeds" 0 "" delete -f nope
says "kill-switch alone" 0 "kill-switch tenant=- all=0 quarantine=0 lift=0 reason=- json=0" kill-switch
says "kill-switch of a tenant" 0 "kill-switch tenant=ann all=0 quarantine=0 lift=0 reason=why so json=1" \
	kill-switch --tenant ann --reason "why so" --format json
says "kill-switch whose status is not 0" 1 "kill-switch tenant=- all=1 quarantine=1 lift=0 reason=- json=0" \
	kill-switch --all --quarantine
says "kill-switch lifted" 0 "kill-switch tenant=ann all=0 quarantine=0 lift=1 reason=- json=0" kill-switch -t ann --lift
says "reap" 0 "reap root=/r dry-run=0 older-than=600000 json=0" --root /r reap
says "reap whose status is not 0" 1 "reap root=/r dry-run=1 older-than=0 json=1" \
	--root /r reap -n --older-than 0 --format json
says "explain of the working directory" 3 "explain $scratch text - here" explain
says "explain of a bundle" 3 "explain $scratch/b json - here" explain --format json ./b
says "explain of a container" 3 "explain c1 text - here" explain c1
says "explain by another profile" 4 "explain /b diff strict here" explain --profile strict -f diff /b
says "explain by the global profile" 4 "explain /b text p here" --profile p explain /b
says "check" 1 "check json=0" check
says "check --json" 1 "check json=1" check --json
says "check --format json" 1 "check json=1" check --format json
says "policy lint is silent" 0 "" policy lint f
says "policy show of a file" 0 "policy show $scratch/f" policy show f
says "policy show of --policy" 0 "policy show /p" --policy /p policy show
says "policy schema" 0 "policy schema -" policy schema
says "policy test of a bundle" 0 "policy test - root=/r bundle=$scratch/b facts=- json=0" \
	--root /r policy test --bundle b
says "policy test of facts" 0 "policy test $scratch/p root=/run/bulwark bundle=- facts=$scratch/f json=1" \
	policy test --facts f --format json p
says "audit verify" 3 "verify - -" audit verify
says "audit verify of a file with an anchor" 1 "verify $scratch/f 4:abc" audit verify --anchor 4:abc f
says "audit show" 0 "show $scratch/f $scratch/g tenant=t session=s id=c event=exec since=15m json=1" \
	audit show --tenant t --session s --id c --event exec --since 15m --format json f g
says "plan of the working directory" 0 "plan $scratch" plan
says "plan of a bundle" 0 "plan $scratch/b" plan b
says "why" 0 "why c1 json=0" why c1
says "why as JSON" 0 "why c1 json=1" why -f json c1
says "features" 0 '{"ociVersionMin":"1.0.0"}' features
finish
