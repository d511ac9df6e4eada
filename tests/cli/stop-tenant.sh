#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# contrib/ecs/stop-tenant: in which order it asks and stops, with stand-ins for bulwark, docker and aws.
. "$(dirname "$0")/../lib.sh"

mkdir "$scratch/bin"
double() {
	cat >"$scratch/bin/$1"
	chmod +x "$scratch/bin/$1"
}
double bulwark <<'END'
#!/bin/sh
echo "bulwark $*" >>"$CALLS"
case "$*" in *list*) printf 'c1\nc2\nc3\n' ;; esac
END
double docker <<'END'
#!/bin/sh
for id; do :; done
case $id in
c3) echo '<no value>' ;;
*) echo arn:aws:ecs:eu-central-1:123456789012:task/web/0123abcd ;;
esac
END
double aws <<'END'
#!/bin/sh
echo "aws $*" >>"$CALLS"
exit "${AWS_STATUS:-0}"
END
export CALLS=$scratch/calls
stop() {
	: >"$CALLS"
	PATH=$scratch/bin:$PATH run "$top/contrib/ecs/stop-tenant" "$@"
}

stop ann "it mines"
is "it succeeds" "$status:$out:$errout" "0::"
is "tasks are looked for, containers killed, each task stopped once" "$(cat "$CALLS")" \
	"bulwark --root /run/docker/runtime-runc/moby list --quiet --tenant ann
bulwark kill-switch --tenant ann --reason it mines
aws ecs stop-task --region eu-central-1 --cluster web --task arn:aws:ecs:eu-central-1:123456789012:task/web/0123abcd --reason it mines"
AWS_STATUS=1 stop ann
is "a task that is not stopped is said" "$status:$errout" \
	"1:arn:aws:ecs:eu-central-1:123456789012:task/web/0123abcd was not stopped"
DRY_RUN=1 stop ann
is "a dry run stops no task" "$status:$(grep -c aws "$CALLS"):$out" \
	"0:0:would stop arn:aws:ecs:eu-central-1:123456789012:task/web/0123abcd of web in eu-central-1"
stop
is "without a tenant nothing is done" "$status:$(cat "$CALLS")" "2:"
finish
