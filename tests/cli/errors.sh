#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Errors: one sentence on standard error, one line in the log, a status that is not 0.
. "$(dirname "$0")/../lib.sh"
need_double
need_command jq

# refused SENTENCE STATUS PART WORDS...
refused() {
	local sentence=$1 wanted=$2 part=$3
	shift 3
	run "$double" "$@"
	is "$sentence: status $wanted" "$status" "$wanted"
	has "$sentence: says why" "$errout" "$part"
	is "$sentence: one line" "$(wc -l <"$scratch/err")" 1
	is "$sentence: nothing on standard output" "$out" ""
}

refused "unknown verb" 1 "No help topic for 'foo'" foo
refused "misspelt verb" 1 "did you mean delete?" delte c1
refused "verb typed halfway" 1 "did you mean explain?" expl
refused "unknown global flag" 1 "flag provided but not defined: --foo" --foo list
refused "misspelt global flag" 1 "did you mean --log-format?" --log-fromat json list
refused "unknown flag" 1 "flag provided but not defined: -x" list -x
refused "misspelt flag" 1 "did you mean --bundle?" create --bundel /b c1
refused "misspelt flag behind one dash is no value" 1 "did you mean --bundle?" create -bundel /b c1
refused "global flag behind the verb" 1 "--root goes before the command" list --root /r
refused "value missing" 1 "flag needs an argument: --bundle" create --bundle
refused "bad number" 1 'invalid value "many" for flag --preserve-fds' create --preserve-fds many c1
refused "negative number" 1 "expected a number from 0" create --preserve-fds=-1 c1
refused "number past the limit" 1 "from 0 to 1048576" create --preserve-fds 1048577 c1
refused "bad choice" 1 'invalid format option "xml": expected one of table, json' list -f xml
refused "bad boolean" 1 "expected true or false" run --detach=maybe c1
refused "too few words" 1 '"start" requires exactly 1 argument(s)' start
refused "too many words" 1 '"start" requires exactly 1 argument(s)' start c1 c2
refused "none of one or two" 1 '"kill" requires a minimum of 1 argument(s)' kill
refused "three of one or two" 1 '"kill" requires a maximum of 2 argument(s)' kill c1 9 9
refused "unknown signal" 1 'unknown signal "FOO"' kill c1 FOO
refused "checkpoint without an id" 1 '"checkpoint" requires exactly 1 argument(s)' checkpoint --image-path /i
refused "checkpoint with a flag of restore's" 1 "not defined: --detach" checkpoint --detach c1
refused "restore with a flag of checkpoint's" 1 "not defined: --pre-dump" restore --pre-dump c1
refused "unknown container" 1 "container does not exist" state nope
refused "exec of an unknown container" 255 "container does not exist" exec nope true
refused "exec without a command" 255 "exec needs a command" exec c1
refused "exec with two commands" 255 "exclude each other" exec --process /p c1 true
refused "exec with an unknown flag" 255 "not defined: --foo" exec --foo c1 true
refused "audit without a known action" 2 "audit has no action \"verfy\": expected verify or show" audit verfy
refused "audit verify with an option of show" 2 "audit verify has the option --anchor, and no others" audit verify --id c
refused "audit show with an anchor" 2 "audit show: --anchor is of verify" audit show --anchor 1:2
refused "why without a record" 1 "no failure of container c2 is on record" why c2
refused "check that fails" 2 'no profile "nosuch"' --profile nosuch check
refused "unknown action of policy" 1 "did you mean lint?" policy lnit
refused "options of another action of policy" 1 "policy lint has no options" policy lint --facts f
refused "unknown shell" 1 "expected one of bash, zsh, fish" completion tcsh
refused "log that cannot be opened" 1 "open log file /nonexistent/log" --log /nonexistent/log list

log=$scratch/log.json
last() { tail -n 1 "$log" | jq -r "$1"; }
run "$double" --log "$log" --log-format json create denied
is "a line of the log is JSON with level error" "$(last .level)" error
is "msg is whole on its own" "$(last .msg)" "refused: /run/docker.sock may not be mounted"
check "time is RFC 3339" grep -qE '"time":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z"' "$log"
is "code, rule, field, hint and id are there" "$(last '[.code, .rule, .field, .hint, .id] | join("|")')" \
	"denied|mounts.sockets|/mounts/3/source|bulwark explain shows what is allowed|denied"
has "the sentence is on standard error too" "$errout" "refused: /run/docker.sock may not be mounted"
is "errno by name" "$("$double" --log "$log" --log-format json run bad 2>/dev/null; last '"\(.code) \(.errno) \(.msg)"')" \
	"kernel EPERM mounting /proc: operation not permitted"
"$double" --log "$log" --log-format=json create --bundle 2>/dev/null
is "mistakes on the command line are logged too" "$(last '.code + " " + .field')" "usage --bundle"
"$double" --log "$log" --log-format=json --foo 2>/dev/null
is "and those in global flags" "$(last .msg)" "flag provided but not defined: --foo"
is "each error is one line" "$(wc -l <"$log")" 4
(cd "$scratch" && "$double" --log rel.log nope 2>/dev/null)
check "a relative --log is the caller's, in text by default" \
	grep -q 'level=error msg="No help topic for' "$scratch/rel.log"

run "$double" --debug --criu /usr/sbin/criu --rootless true list -q
has "--criu is accepted, and noted at debug level" "$errout" "--criu is without effect"
run "$double" --criu /usr/sbin/criu --rootless=true list -q
is "and silent otherwise" "$errout" ""
run bash -c "'$double' list -q >/dev/full"
is "a full disk is an error" "$status" 1
has "a full disk is named" "$errout" "writing to standard output: no space left on device"
run bash -c "exec 2>&-; '$double' --log '$log' nope; tail -n 1 '$log'"
has "a closed standard error does not catch the log" "$out" "No help topic"
finish
