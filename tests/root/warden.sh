#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bulwark-warden by itself: what it lets out of a network namespace that has only lo, what it refuses, and what it could
# still do if it were taken over.
#
# Three namespaces of the test: the container's, with lo alone; the host's, in which the program runs; and the internet,
# which a veth joins to the host's, with servers on addresses that look public and on some that must not be reached.
# There is no link to the machine's network.
. "$(dirname "$0")/lib.sh"

needs ip nsenter openssl python3 unshare setpriv
helper=$tests_dir/root/warden.py

find_warden() {
	local candidate
	for candidate in "${BUILDDIR:-}/bulwark-warden" "$(dirname "$RUNTIME")/bulwark-warden"; do
		[ ! -x "$candidate" ] || break
	done
	[ -x "$candidate" ] || skip "needs bulwark-warden, which is built with c-ares"
	readlink -f "$candidate"
}
WARDEN=$(find_warden) || skip "$WARDEN"

# ---- the world --------------------------------------------------------------------------------------

# namespace NAME: a network namespace with lo up; its only process is left in the variable NAME.
namespace() {
	unshare --net sh -c 'ip link set lo up; : >"$1"; exec sleep 600' sh "$T/$1.up" &
	declare -g "$1=$!"
	processes+=("$!")
	eventually test -e "$T/$1.up"
}

in_net() {
	nsenter --target "$1" --net "${@:2}"
}

# An authority of the test, and one certificate for every name.
certificates() {
	(
		cd "$work"
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test \
			-keyout ca.key -out ca.pem
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server -keyout server.key -out server.csr
		printf 'subjectAltName=%s\n' "$(python3 "$helper" names)" >server.ext
		openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext -out server.pem
	) >"$work/openssl.log" 2>&1 || skip "needs an openssl that makes certificates"
}
certificates

# world [JQ FILTER]: the three namespaces, the servers, and config.json.
world() {
	processes=()
	cp "$work"/*.pem "$work"/server.key "$T"
	namespace CONTAINER
	namespace HOST
	namespace INTERNET
	ip link add veth0 netns "$HOST" type veth peer name veth0 netns "$INTERNET"
	in_net "$HOST" sh -c 'ip address add 9.9.9.1/24 dev veth0; ip -6 address add 2600:9::1/64 dev veth0 nodad
		ip link set veth0 up; ip route add default via 9.9.9.2; ip -6 route add default via 2600:9::10'
	in_net "$INTERNET" sh -c '
		for a in 9.9.9.2 9.9.9.10 9.9.9.11 9.9.9.53 9.9.7.1 10.77.0.1 169.254.169.254 168.63.129.16; do
			ip address add $a/24 dev veth0
		done
		ip -6 address add 2600:9::10/64 dev veth0 nodad; ip -6 address add 64:ff9b::a4d:1/128 dev veth0 nodad
		ip -6 address add 2002:a4d:1::1/128 dev veth0 nodad
		ip link set veth0 up'
	nsenter --target "$INTERNET" --net python3 "$helper" serve "$T" >"$T/serve.log" 2>&1 &
	processes+=("$!")
	SERVER=$!
	jq --null-input '{id: "c1", user: 61184, group: 61184, ports: [443, 8443], plain: ["deb.example"],
		allow: ["pypi.example", "six.example", "*.wild.example", "private.example", "metadata.example", "azure.example",
			"mapped.example", "nat64.example", "6to4.example", "loopback.example", "own.example", "own-later.example",
			"range.example", "mixed.example", "rebind.example", "alias.example", "alias-public.example",
			"closed.example", "dead.example", "missing.example"],
		refuse: ["9.9.7.0/24"], nameservers: ["9.9.9.53"], handshakeSeconds: 3, idleSeconds: 3}' |
		jq "${1:-.}" >"$T/config.json"
	eventually test -e "$T/serving"
}

# warden [JQ FILTER]: the world, with the program running; GATE is its pid, or the supervisor's.
warden() {
	world "${1:-.}"
	start_warden
}

start_warden() {
	in_net "$HOST" python3 "$helper" start "$T" "$WARDEN" "$CONTAINER" "${1:-/dev/null}" >"$T/answer"
	GATE=$(tail -n 1 "$T/answer")
	processes+=("$GATE")
	sed 's/^/  answer: /' "$T/answer"
	[ "$(head -n 1 "$T/answer")" = ok ] || fail "the program does not start"
}

# Ends what the case has started, by pid.
end_processes() {
	local pid
	for pid in "${processes[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
}

# client WHAT [ARGUMENT]...: OUT is what came of it.
client() {
	run nsenter --target "$CONTAINER" --net python3 "$helper" try "$@"
}

# event FILTER: some line of the log is like that.
event() {
	jq --exit-status --slurp "any(.[]; $1)" "$T/events" >/dev/null || {
		sed 's/^/  event: /' "$T/events"
		fail "no event like $1"
	}
}

# refused_with REASON: there is an event that says so.
refused_with() {
	event '.event == "refused" and .reason == "'"$1"'" and .id == "c1"'
}

# between LEAST MOST: OUT is a number of these.
between() {
	if [ "$OUT" -lt "$1" ] || [ "$OUT" -gt "$2" ]; then
		fail "$OUT is not from $1 to $2"
	fi
}

# reached ADDRESS, not_reached ADDRESS: whether the server was connected to there.
reached() {
	grep -qxF "$1" "$T/tls.log"
}

not_reached() {
	[ ! -e "$T/tls.log" ] || ! grep -xF "$1" "$T/tls.log" || fail "$1 was connected to"
}

# ---- what goes ---------------------------------------------------------------------------------------

test_a_listed_name_is_reached_through_the_proxy() {
	trap end_processes EXIT
	warden
	client fetch "$T" pypi.example
	expect_output 'hello pypi.example 19'
	client fetch "$T" a.wild.example
	expect_output 'hello a.wild.example 21'
	client fetch "$T" six.example
	expect_output 'hello six.example 18'
	client fetch "$T" alias-public.example
	expect_output 'hello alias-public.example 27'
	event '.event == "start"'
	event '.event == "connect" and .name == "pypi.example" and .port == 443 and .address == "9.9.9.10"'
	event '.event == "closed" and .name == "pypi.example" and .bytes_out > 300 and .bytes_in > 500'
}

test_a_listed_name_is_reached_by_programs_that_know_no_proxy() {
	trap end_processes EXIT
	warden
	client direct "$T" pypi.example
	expect_output '127.0.0.1 hello pypi.example'
	client direct "$T" pypi.example 8443
	expect_output '127.0.0.1 hello pypi.example'
	[ ! -e /proc/net/if_inet6 ] || {
		client ipv6 "$T" pypi.example
		expect_output '::1 hello pypi.example'
	}
	client hello plain - npm.example
	expect_output 'alert 49'
	refused_with 'the name is not on the list'
}

test_much_data_passes_both_ways() {
	trap end_processes EXIT
	warden
	client fetch "$T" pypi.example 443 /20000000
	expect_output 'hello pypi.example 1048576'
	client put "$T" pypi.example 3000000
	expect_output 3000008
	eventually event_seen '.event == "closed" and .bytes_out > 3000000'
}

event_seen() {
	jq --exit-status --slurp "any(.[]; $1)" "$T/events" >/dev/null
}

test_plain_http_goes_to_its_own_list_and_is_one_request() {
	trap end_processes EXIT
	warden
	client get http://deb.example/pool?x=1
	expect_output 'HTTP/1.0 200 OK plain hello'
	[ "$(tr -d '\r' <"$T/http.log")" = 'GET /pool?x=1 HTTP/1.1
Host: deb.example
X-Own: 1
Connection: close' ] || fail "the request was: $(cat "$T/http.log")"
	client get http://pypi.example/
	expect_output 'HTTP/1.1 403 Forbidden bulwark: without TLS the name is not on the list'
	client get http://deb.example:8080/
	expect_output_has ' 403 '
	client raw 'GET http://deb.example/ HTTP/1.1\r\nHost: a.example\r\n\r\nGET http://deb.example/ HTTP/1.1\r\n\r\n'
	expect_output 'HTTP/1.1 403 Forbidden'
	client raw 'POST http://deb.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n'
	expect_output 'HTTP/1.1 405 Method Not Allowed'
	client raw 'GET http://deb.example/ HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\n'
	expect_output 'HTTP/1.1 400 Bad Request'
	[ "$(grep -c ^GET "$T/http.log")" = 1 ] || fail "more than one request came through"
}

# ---- what does not -----------------------------------------------------------------------------------

test_other_names_and_ports_are_refused() {
	trap end_processes EXIT
	warden
	client connect npm.example:443
	expect_output '403 bulwark: the name is not on the list'
	refused_with 'the name is not on the list'
	client connect wild.example:443
	expect_output_has '403 '
	client connect pypi.example:22
	expect_output '403 bulwark: the port is not on the list'
	refused_with 'the port is not on the list'
	client connect pypi.example.:443
	expect_output '200 '
	client connect PyPI.Example:443
	expect_output '200 '
	not_reached 9.9.9.11
}

test_an_address_is_refused_in_every_spelling() {
	local target
	trap end_processes EXIT
	warden
	for target in 9.9.9.10:443 169.254.169.254:443 2852039166:443 0251.0376.0251.0376:443 0xA9FEA9FE:443 0xa9.0xfe.0xa9.0xfe:443 \
		169.254.43518:443 127.1:443 '[::ffff:9.9.9.10]:443' '[2600:9::10]:443' '::ffff:9.9.9.10:443' 9.9.9.10.:443; do
		client connect "$target"
		expect_output '403 bulwark: the host is an address, not a name'
		event '.event == "refused" and .name == "'"$target"'"'
	done
	not_reached 9.9.9.10
}

test_requests_that_can_be_read_in_two_ways_are_refused() {
	local text
	trap end_processes EXIT
	warden
	for text in 'CONNECT pypi.example:443 HTTP/1.1\nHost: pypi.example\n\n' \
		'CONNECT pypi.example:443 HTTP/1.1\r\nHost: npm.example\r\n\r\n' \
		'CONNECT  pypi.example:443 HTTP/1.1\r\nHost: pypi.example\r\n\r\n' \
		'CONNECT a@pypi.example:443 HTTP/1.1\r\nHost: pypi.example\r\n\r\n' \
		'CONNECT pypi.example:443 HTTP/1.1\r\nHost : pypi.example\r\n\r\n' \
		'CONNECT pypi.example:443 HTTP/1.1\r\nHost: pypi.example\r\n x\r\n\r\n' \
		'CONNECT pypi.example:443 HTTP/1.1\r\nHost: pypi.example\r\nTransfer-Encoding: chunked\r\n\r\n' \
		'CONNECT pypi.example:0443 HTTP/1.1\r\nHost: pypi.example\r\n\r\n' \
		'CONNECT pypi.example\0.npm.example:443 HTTP/1.1\r\n\r\n' 'connect pypi.example:443 HTTP/1.1\r\n\r\n'; do
		client raw "$text"
		expect_output 'HTTP/1.1 400 Bad Request'
	done
	client raw "CONNECT pypi.example:443 HTTP/1.1\r\nHost: pypi.example\r\nX: $(printf '%09000d' 0)\r\n\r\n"
	expect_output 'HTTP/1.1 431 Request Header Fields Too Large'
	not_reached 9.9.9.10
}

test_no_byte_goes_out_before_a_client_hello_for_the_name() {
	local kind
	trap end_processes EXIT
	warden
	client hello plain pypi.example
	expect_output handshake
	client hello plain pypi.example npm.example
	expect_output 'alert 112'
	event '.event == "refused" and .name == "npm.example" and .reason == "the server name is not the one of CONNECT"'
	for kind in 'none 109 no server name' 'ech 47 encrypted ClientHello' 'esni 47 encrypted server name' \
		'early 47 early data' 'long 22 ClientHello is too long' 'sslv2 70 SSLv2 hello' 'http 10 not a TLS handshake' \
		'rubbish 50 malformed ClientHello'; do
		# shellcheck disable=SC2086 # words
		set -- $kind
		client hello "$1" pypi.example
		expect_output "alert $2"
		refused_with "${*:3}"
		client hello "$1" - pypi.example
		expect_output "alert $2"
	done
	client hello plain pypi.example PYPI.example
	expect_output handshake
}

# The server on 8443 wants another group, and so a second ClientHello.
test_a_second_client_hello_must_be_for_the_same_name() {
	local before
	trap end_processes EXIT
	warden
	client fetch "$T" pypi.example 8443
	expect_output 'hello pypi.example 19'
	for before in '' 140303000101; do
		client second pypi.example npm.example "$before"
		expect_output_has 'handshake '
		expect_output_lacks x16
	done
	refused_with 'the second ClientHello is for another name'
	# A warning, an empty record: what some servers read over.
	for before in 1503030002015a 1603030000 140303000101140303000101; do
		client second pypi.example npm.example "$before"
		expect_output_lacks x16
	done
	refused_with 'no second ClientHello'
	refused_with 'TLS record of a size that is not allowed'
	[ "$(jq --slurp '[.[] | select(.event == "refused")] | length' "$T/events")" = 5 ] || fail "not each was refused"
}

test_a_client_hello_may_come_in_pieces() {
	trap end_processes EXIT
	warden
	client hello plain pypi.example pypi.example 443 1
	expect_output handshake
	client hello plain - pypi.example 443 1
	expect_output handshake
	client hello large pypi.example
	expect_output handshake
	client hello records pypi.example pypi.example 443 1
	expect_output handshake
}

test_answers_with_addresses_that_are_not_public_are_refused() {
	local name
	trap end_processes EXIT
	warden
	for name in private metadata azure mapped nat64 6to4 loopback alias; do
		client connect "$name.example:443"
		expect_output '403 bulwark: the address is not one that is connected to'
		event '.event == "refused" and .name == "'"$name"'.example" and .address != null'
	done
	event '.name == "private.example" and .address == "10.77.0.1" and .reason == "private"'
	event '.name == "metadata.example" and .address == "169.254.169.254" and .reason == "link-local"'
	event '.name == "mapped.example" and .address == "10.77.0.1" and .reason == "private"'
	client connect range.example:443
	refused_with 'refused by the configuration'
	client connect own.example:443
	refused_with "this host's own"
	# The host has got this address since.
	in_net "$HOST" ip address add 9.9.8.1/24 dev veth0
	client connect own-later.example:443
	expect_output "403 bulwark: the address is this host's own"
	client fetch "$T" mixed.example
	expect_output 'hello mixed.example 20'
	not_reached 10.77.0.1
	not_reached 169.254.169.254
	not_reached 168.63.129.16
}

test_the_address_that_was_checked_is_the_one_that_is_connected_to() {
	trap end_processes EXIT
	warden
	client fetch "$T" rebind.example
	expect_output 'hello rebind.example 21'
	[ "$(grep -c 'rebind.example 1$' "$T/dns.log")" = 1 ] || fail "it was looked up twice"
	client fetch "$T" rebind.example
	expect_output 'hello rebind.example 21'
	sleep 5
	client connect rebind.example:443
	expect_output '403 bulwark: the address is not one that is connected to'
	not_reached 10.77.0.1
}

test_hosts_that_cannot_be_reached_are_said_to_be_so() {
	trap end_processes EXIT
	warden '.handshakeSeconds = 5'
	client connect missing.example:443
	expect_output '502 bulwark: the name has no address'
	client connect dead.example:443
	expect_output_has '50'
	event '.event == "failed" and .name == "dead.example"'
	kill "$SERVER"
	client connect pypi.example:443
	expect_output_has '50'
	event '.event == "failed" and .name == "pypi.example"'
}

test_no_question_is_handed_on() {
	trap end_processes EXIT
	warden
	client ask pypi.example 1
	expect_output 127.0.0.1
	client ask pypi.example 1 tcp
	expect_output 127.0.0.1
	client ask pypi.example 65
	expect_output 'code 0'
	client ask pypi.example 16
	expect_output 'code 0'
	client ask c2VjcmV0.evil.example 1
	expect_output 'code 3'
	client ask c2VjcmV0.evil.example 16 tcp
	expect_output 'code 3'
	client ask c2VjcmV0.pypi.example 1
	expect_output 'code 3'
	event '.event == "dns-refused" and .name == "c2VjcmV0.evil.example"'
	client questions 3000
	between 300 1500
	[ ! -e "$T/dns.log" ] || fail "the name server was asked: $(cat "$T/dns.log")"
}

# ---- limits ------------------------------------------------------------------------------------------

test_floods_are_bounded() {
	trap end_processes EXIT
	warden '.connections = 20 | .connectionsPerMinute = 30'
	client flood 30
	[ "$OUT" = 10 ] || fail "$OUT of 30 were turned away"
	refused_with 'too many connections at once'
	client flood 45
	between 30 36
	refused_with 'too many new connections'
}

test_slow_peers_are_cut_off() {
	trap end_processes EXIT
	warden
	client slow head
	between 2 6
	client slow hello pypi.example
	between 2 6
	client slow port
	between 2 6
	refused_with 'no ClientHello in time'
	client stuck "$T" pypi.example 30000000
	between 2 12
	event '.event == "closed" and .reason == "idle"'
}

test_bytes_are_bounded_for_the_whole_life() {
	trap end_processes EXIT
	warden '.bytes = 1000000'
	client fetch "$T" pypi.example 443 /2000000
	eventually event_seen '.event == "closed" and .reason == "all bytes are used up"'
	client connect pypi.example:443
	expect_output '503 bulwark: all bytes are used up'
}

# memory PID: private and resident, in KiB.
memory() {
	field "$1" VmRSS | cut -d ' ' -f 1
	awk '/^Private/ { sum += $2 } END { print sum }' "/proc/$1/smaps_rollup"
}

test_a_thousand_idle_connections_cost_little_memory() {
	local before after
	trap end_processes EXIT
	warden '.connections = 1000 | .connectionsPerMinute = 100000 | .idleSeconds = 120'
	before=$(memory "$GATE" | tr '\n' ' ')
	mkfifo "$T/hold"
	nsenter --target "$CONTAINER" --net python3 "$helper" try hold 1000 pypi.example "$T/held" <"$T/hold" >"$T/hold.log" 2>&1 &
	processes+=("$!")
	exec 9>"$T/hold"
	for ((i = 0; i < 600; i++)); do
		[ ! -e "$T/held" ] || break
		sleep 0.1
	done
	[ -e "$T/held" ] || fail "only some were held: $(cat "$T/hold.log")"
	after=$(memory "$GATE" | tr '\n' ' ')
	echo "resident and private KiB: idle $before, with 1000 connections $after"
	exec 9>&-
	[ "$(memory "$GATE" | tail -n 1)" -lt 3000 ] || fail "private memory: $after KiB"
}

test_the_log_is_bounded() {
	trap end_processes EXIT
	world
	# 4 MiB, less a few lines.
	head -c 4186000 /dev/zero | tr '\0' '\n' >"$T/events"
	start_warden
	client flood 300
	client connect npm.example:443
	expect_output_has '403 '
	[ "$(stat -c %s "$T/events")" -le 4194304 ] || fail "the log has $(stat -c %s "$T/events") bytes"
	event '.event == "end" and .reason == "the log is full"'
	kill -KILL "$CONTAINER"
	eventually event_seen '.event == "end" and (.reason | test("[0-9]+ events were left out"))'
}

test_a_full_disk_changes_no_decision() {
	trap end_processes EXIT
	world
	ln -s /dev/full "$T/events"
	start_warden
	client connect npm.example:443
	expect_output '403 bulwark: the name is not on the list'
	client fetch "$T" pypi.example
	expect_output 'hello pypi.example 19'
}

# ---- the process -------------------------------------------------------------------------------------

field() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

# sandboxed PID: it has nothing but its descriptors.
sandboxed() {
	local pid=$1 set
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		[ "$(field "$pid" "$set")" = 0000000000000000 ] || fail "$set is $(field "$pid" "$set")"
	done
	[ "$(field "$pid" Uid | tr '\t' ' ')" = '61184 61184 61184 61184' ] || fail "uid: $(field "$pid" Uid)"
	[ "$(field "$pid" Gid | tr '\t' ' ')" = '61184 61184 61184 61184' ] || fail "gid: $(field "$pid" Gid)"
	[ -z "$(field "$pid" Groups | tr -d ' ')" ] || fail "groups: $(field "$pid" Groups)"
	[ "$(field "$pid" NoNewPrivs)" = 1 ] || fail "new privileges"
	[ "$(field "$pid" Seccomp)" = 2 ] || fail "no filter"
	[ -z "$(ls -A "/proc/$pid/root/")" ] || fail "its root holds: $(ls -A "/proc/$pid/root/")"
	[ "$(wc -l <"/proc/$pid/mountinfo")" = 1 ] || fail "mounts: $(cat "/proc/$pid/mountinfo")"
	grep -q ' / / ro,' "/proc/$pid/mountinfo" || fail "its root can be written"
	[ "$(stat -c %u "/proc/$pid/environ")" = 0 ] || fail "it can be dumped"
	[ "$(readlink "/proc/$pid/ns/net")" = "$(readlink "/proc/$HOST/ns/net")" ] || fail "it is in another network"
	[ "$(readlink "/proc/$pid/ns/mnt")" != "$(readlink "/proc/$HOST/ns/mnt")" ] || fail "it is among the host's mounts"
	[ "$(cut -d ' ' -f 6 "/proc/$pid/stat")" != "$(cut -d ' ' -f 6 /proc/self/stat)" ] || fail "it is in our session"
	grep -q '^Max core file size *0 *0 ' "/proc/$pid/limits" || fail "it can leave a core file"
	grep -q '^Max processes *0 *0 ' "/proc/$pid/limits" || fail "it can have children"
}

# descriptors PID: what they are, once each.
descriptors() {
	find "/proc/$1/fd" -type l -printf '%l\n' | sed 's/:\[[0-9]*\]//' | sort -u | tr '\n' ' '
}

test_the_program_keeps_nothing_but_its_descriptors() {
	trap end_processes EXIT
	warden
	sandboxed "$GATE"
	[ "$(descriptors "$GATE")" = "/dev/null $T/events anon_inode anon_inode:[eventpoll] anon_inode:[pidfd] socket " ] ||
		[ "$(descriptors "$GATE")" = "/dev/null $T/events anon_inode:[eventpoll] anon_inode:[pidfd] socket " ] ||
		[ "$(descriptors "$GATE")" = "/dev/null $T/events anon_inode:[eventpoll] pidfd socket " ] ||
		fail "its descriptors: $(descriptors "$GATE")"
	client fetch "$T" pypi.example
	expect_output 'hello pypi.example 19'
}

test_it_ends_with_the_container() {
	trap end_processes EXIT
	warden
	client connect pypi.example:443
	kill -KILL "$CONTAINER"
	eventually ended "$GATE"
	event '.event == "end" and .reason == "the container is gone"'
}

# Without a parent that waits for it, it may stay a zombie for a moment.
ended() {
	[ ! -e "/proc/$1/stat" ] || [[ $(cut -d ' ' -f 3 "/proc/$1/stat" 2>/dev/null) == [ZX] ]] || [ ! -e "/proc/$1/stat" ]
}

test_without_the_program_there_is_no_network() {
	trap end_processes EXIT
	warden
	kill -KILL "$GATE"
	eventually ended "$GATE"
	client connect pypi.example:443
	expect_output_has ConnectionRefusedError
	client hello plain - pypi.example
	expect_output_has ConnectionRefusedError
	client ask pypi.example 1
	expect_output_has ConnectionRefusedError
	[ ! -e "/proc/$CONTAINER/stat" ] && fail "the container is gone too"
	[ ! -e "$T/tls.log" ] || fail "something got through"
}

# killing_world: the container is in a cgroup of its own; its death is the container's.
killing_world() {
	local unified
	unified=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET) || skip "needs cgroup v2"
	CGROUP=$unified/bulwark-$ID
	mkdir "$CGROUP"
	[ -e "$CGROUP/cgroup.kill" ] || skip "needs cgroup.kill"
	world '.onDeath = "kill"'
	echo "$CONTAINER" >"$CGROUP/cgroup.procs"
	start_warden "$CGROUP/cgroup.kill"
	SUPERVISOR=$GATE
	GATE=$(cat "/proc/$SUPERVISOR/task/$SUPERVISOR/children")
	GATE=${GATE% }
	processes+=("$GATE")
}

test_the_container_is_killed_when_the_gate_dies_and_that_was_asked() {
	trap end_processes EXIT
	killing_world
	sandboxed "$GATE"
	sandboxed "$SUPERVISOR"
	[[ $(descriptors "$SUPERVISOR") == *"$CGROUP/cgroup.kill"* ]] || fail "no cgroup.kill: $(descriptors "$SUPERVISOR")"
	[[ $(descriptors "$SUPERVISOR") != *socket* ]] || fail "the supervisor has sockets: $(descriptors "$SUPERVISOR")"
	client fetch "$T" pypi.example
	expect_output 'hello pypi.example 19'
	kill -KILL "$GATE"
	eventually ended "$CONTAINER"
	eventually ended "$SUPERVISOR"
}

test_the_container_is_killed_when_the_supervisor_dies_too() {
	trap end_processes EXIT
	killing_world
	kill -KILL "$SUPERVISOR"
	eventually ended "$GATE"
	eventually ended "$CONTAINER"
}

test_a_container_that_ends_takes_both_processes_with_it() {
	trap end_processes EXIT
	killing_world
	kill -KILL "$CONTAINER"
	eventually ended "$SUPERVISOR"
	eventually ended "$GATE"
	event '.event == "end" and .reason == "the container is gone"'
}

# listening PORT: in hexadecimal, as the kernel has it.
listening() {
	grep -q "0100007F:$1 00000000:0000 0A" "/proc/$CONTAINER/net/tcp"
}

test_it_says_why_it_does_not_start() {
	trap end_processes EXIT
	world '.allow += ["metadata.google.internal"]'
	run nsenter --target "$HOST" --net python3 "$helper" start "$T" "$WARDEN" "$CONTAINER" /dev/null
	expect_output_has 'leads to a metadata service, which is never allowed'
	jq '.allow = ["pypi.example"]' "$T/config.json" >"$T/c" && mv "$T/c" "$T/config.json"
	run nsenter --target "$CONTAINER" --net python3 "$helper" start "$T" "$WARDEN" "$CONTAINER" /dev/null
	expect_output_has "the container's network is the one that the gate would lead to"
	nsenter --target "$CONTAINER" --net python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 3128)); time.sleep(60)' &
	processes+=("$!")
	eventually listening 0C38
	run nsenter --target "$HOST" --net python3 "$helper" start "$T" "$WARDEN" "$CONTAINER" /dev/null
	expect_output_has "listening on 127.0.0.1 port 3128 in the container's network: address already in use"
}

run_tests
