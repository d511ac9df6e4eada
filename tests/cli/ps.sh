#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ps: lines of the host's ps for the container's processes. The double's c1 holds the process that
# called it, which is this script.
. "$(dirname "$0")/../lib.sh"
need_double

run "$double" ps -f json c1
is "JSON is an array of numbers on one line" "$out" "[$$]"
run "$double" ps --format=json c2
is "no processes: null" "$out" "null"

mkdir "$scratch/bin"
cat >"$scratch/bin/ps" <<END
#!/bin/sh
echo "\$*" >"$scratch/ps-words"
printf '  UID     PID    PPID CMD\n  root      1       0 init\n  root  $$     1 it\n  root  1$$    1 other\n'
exit \${PS_STATUS:-0}
END
chmod +x "$scratch/bin/ps"
PATH=$scratch/bin:$PATH

run "$double" ps c1
is "heading and the container's line, no other" "$out" "  UID     PID    PPID CMD
  root  $$     1 it"
is "ps runs with -ef" "$(cat "$scratch/ps-words")" "-ef"
run "$double" ps c1 -e -x
is "options behind the container go to ps" "$(cat "$scratch/ps-words")" "-e -x"
run "$double" ps c1 -- aux
is "also behind --" "$(cat "$scratch/ps-words")" "aux"
run "$double" ps c2
is "a stopped container: the heading" "$status:$out" "0:  UID     PID    PPID CMD"
PS_STATUS=3 run "$double" ps c1
has "ps that fails is an error" "$status:$errout" "1:bulwark: ps ended with status 3"
printf '#!/bin/sh\necho USER CMD\n' >"$scratch/bin/ps"
run "$double" ps c1 -o user,cmd
has "no PID column is an error" "$status:$errout" "1:bulwark: ps shows no PID column"
run env PATH=/nonexistent "$double" ps c1
has "no ps is an error" "$status:$errout" "1:bulwark: running ps: no such file or directory"
finish
