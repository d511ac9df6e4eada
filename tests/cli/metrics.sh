#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# metrics: where its text goes, how often, and how it answers who asks by HTTP, also who does not mean well.
. "$(dirname "$0")/../lib.sh"
need_double
cd "$scratch" || exit 1
python=/usr/bin/python3
server=

stop() {
	[ -z "$server" ] || kill "$server" 2>/dev/null
	[ -z "$server" ] || wait "$server"
	status=$?
	server=
}
trap 'stop; rm -rf "$scratch"' EXIT

# says SENTENCE STATUS OUTPUT ERROR WORDS...
says() {
	local sentence=$1 wanted=$2 text=$3 error=$4
	shift 4
	run "$double" metrics "$@"
	is "$sentence" "$status:$out:${errout##*msg=}" "$wanted:$text:$error"
}

soon() {
	local try
	for try in $(seq 100); do
		"$@" && return
		sleep 0.05
	done
	echo "# not within five seconds: $* ($try)"
	return 1
}

says "Prometheus's text" 0 "look 1 each=0" ""
says "containers one by one" 0 "look 1 each=1" "" --containers
says "documents for CloudWatch" 0 '{"look":1,"past":0,"namespace":"-"}' "" --format emf
says "another namespace" 0 '{"look":1,"past":0,"namespace":"A/b"}' "" -f emf --namespace A/b

refused() {
	local sentence=$1 part=$2
	shift 2
	run "$double" metrics "$@"
	is "$sentence: status" "$status:$out" "1:"
	has "$sentence" "$errout" "$part"
}
refused "a socket has no other form" "goes with neither" --socket s --format emf
refused "a socket writes no file" "goes with neither" --socket s --output f
refused "a socket has no interval" "goes with neither" --socket s --interval 5s
refused "texts one behind the other are no text" "--interval needs --output or --format emf" --interval 5s
refused "Prometheus has no namespace" "--namespace needs --format emf" --namespace X
refused "documents are not for each container" "--containers needs --format prometheus" --containers --format emf
refused "an interval is a time" "at least 1s" --interval soon --output f
refused "an interval is not too short" "at least 1s" --interval 900ms --output f
refused "no socket from a service manager" "no service manager has handed over a socket" --socket -
refused "a directory that is not there" "opening the directory" --output nowhere/f
refused "a directory is no file" "s a directory" --output "$scratch/"
refused "no words" "" word

echo old >f.prom
chmod 600 f.prom
run "$double" metrics --output f.prom
is "a file is replaced, and others may read it" "$status:$(cat f.prom):$(stat -c %a f.prom)" "0:look 1 each=0:644"
is "nothing else is left" "$(find . -name '*f.prom*' -printf '%P ')" "f.prom "
run "$double" metrics -f emf --output f.emf
run "$double" metrics -f emf --output f.emf
is "documents are appended" "$(wc -l <f.emf)" 2

"$double" metrics -f emf --interval 1s --output each.emf &
server=$!
check "an interval goes on" soon grep -qs '"look":3' each.emf
stop
is "until SIGTERM" "$status" 0
is "each document is about what has come since the last" "$(head -2 each.emf)" '{"look":2,"past":1,"namespace":"-"}
{"look":3,"past":2,"namespace":"-"}'

# --- the socket ---
"$double" metrics --socket s 2>server.err &
server=$!
soon test -S s
is "only its owner may ask" "$(stat -c %a s)" 600
cat >ask.py <<'PYTHON'
import socket, sys, time
def ask(*parts, wait=0, count=None):
    s = socket.socket(socket.AF_UNIX)
    s.connect("s") # waits for room among those who wait, as it does not with a time limit
    s.settimeout(10)
    for part in parts:
        time.sleep(wait)
        s.sendall(part)
    answer = b""
    while True:
        more = s.recv(65536)
        if not more:
            return answer.decode()
        answer += more
exec(sys.argv[1])
PYTHON
ask() {
	run "$python" ask.py "$@"
}
ask 'print(ask(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"))'
has "GET is answered" "$out" "HTTP/1.1 200 OK"
has "in Prometheus's type" "$out" "Content-Type: text/plain; version=0.0.4; charset=utf-8"
has "with the text" "$out" "look 1 each=0"
has "and how long it is" "$out" "Content-Length: 14"
ask 'print(ask(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")); import time; time.sleep(0.6); print(ask(b"HEAD /metrics?a=b HTTP/1.0\n\n"), end=".")'
hasnt "HEAD has no text" "${out##*Connection}" "look"
has "but its length" "${out##*HTTP}" "Content-Length: 14"
ask 'print(ask(b"GET /metr", b"ics HTTP/1.1\r\n", b"\r\n", wait=0.1))'
has "in pieces" "$out" "200 OK"
for case in 'GET / HTTP/1.1:404' 'POST /metrics HTTP/1.1:405' 'GET /metrics:400' 'GET /metrics HTTP/2:400' ' /metrics HTTP/1.1:400' \
	'GET /metricsx HTTP/1.1:404' 'get /metrics HTTP/1.1:405' 'GET  HTTP/1.1:400'; do
	ask "print(ask(b'${case%:*}\r\n\r\n'))"
	has "${case%:*}" "$out" "HTTP/1.1 ${case##*:} "
done
ask 'print(ask(b"GET /metrics HTTP/1.1\r\nA: " + b"a" * 20000))'
has "a head without end" "$out" "HTTP/1.1 431 "
ask 'print(ask(b"GET \0 HTTP/1.1\r\n\r\n"))'
has "a NUL" "$out" "HTTP/1.1 400 "
# Forty who say nothing do not keep one out who does.
ask '
idle = [socket.socket(socket.AF_UNIX) for i in range(40)]
for s in idle:
    s.connect("s")
    s.settimeout(3)
    time.sleep(0.01)
start = time.monotonic()
print(ask(b"GET /metrics HTTP/1.1\r\n\r\n"))
print("soon" if time.monotonic() - start < 2 else "late")'
has "silent clients are no hindrance" "$out" "200 OK"
has "nor a delay" "$out" "soon"
ask '
s = socket.socket(socket.AF_UNIX)
s.connect("s")
s.settimeout(10)
start = time.monotonic()
s.send(b"G")
print(s.recv(10), 4 < time.monotonic() - start < 7)'
is "who says nothing is given up after five seconds" "$out" "b'' True"
ask '
import os
for i in range(300):
    s = socket.socket(socket.AF_UNIX)
    s.connect("s")
    try:
        s.send(b"GET /metrics HTTP/1.1\r\n\r\n")
    except OSError:
        pass # it has been given up for those who came later
    s.close()
print(ask(b"GET /metrics HTTP/1.1\r\n\r\n"), len(os.listdir("/proc/%s/fd" % sys.argv[2])) < 30)' "$server"
has "who goes away before the answer does no harm" "$out$errout" "200 OK"
has "and leaves no descriptor" "$out" "True"
run "$double" metrics --socket s
has "a socket in use stays whose it is" "$status:$errout" "address already in use"
{ kill -KILL "$server"; wait "$server"; } 2>/dev/null
"$double" metrics --socket s 2>server.err &
server=$!
soon grep -q 'HTTP/1.1 200' <(sleep 0.3; "$python" ask.py 'print(ask(b"GET /metrics HTTP/1.1\r\n\r\n"))')
ask 'print(ask(b"GET /metrics HTTP/1.1\r\n\r\n"))'
has "one that is left over is replaced" "$out" "200 OK"
stop
is "SIGTERM ends it" "$status:$(cat server.err)" "0:"
check "and takes the socket away" test ! -e s
FAKE_METRICS_FAIL=1 "$double" metrics --socket s 2>server.err &
server=$!
soon test -S s
ask 'print(ask(b"GET /metrics HTTP/1.1\r\n\r\n"))'
has "what cannot be read is said" "$out" "HTTP/1.1 503 "
has "and in the log why" "$(cat server.err)" "locked by somebody else"
stop
echo file >plain
run "$double" metrics --socket plain
is "a file in its place stays" "$status:$(cat plain)" "1:file"
# As a service manager hands it over: TCP.
cat >activate.py <<'PYTHON'
import os, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(5)
open("port", "w").write(str(s.getsockname()[1]) + "\n")
if s.fileno() != 3:
    os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[1], [sys.argv[1], "metrics", "--socket", "-"])
PYTHON
"$python" activate.py "$double" &
server=$!
soon test -s port
run "$python" -c "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:$(cat port)/metrics', timeout=10).read().decode())"
is "a socket of the service manager" "$status:$out" "0:look 1 each=0"
stop
is "ends by SIGTERM, too" "$status" 0
finish
