#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The egress gate: code that may install packages reaches the registries of its policy, by name, and nothing else.
#
# Each container asks by egress.py, which is in its image, or by real pip and npm; what reached the internet is judged
# by what the internet saw (internet.sh, internet.py), never by what the container says alone.  The first cases show
# that every attempt works where there is no gate.
#
#	a real pip and a real npm install				pip_..., npm_...
#	settings are injected						the_settings...
#	other names on the same address					other_names...
#	other ports							other_ports...
#	IP literals							no_address...
#	SNI that differs, missing SNI, ECH				a_handshake_for...
#	split and oversized ClientHellos				..._in_pieces..., a_handshake_by_hand...
#	plain HTTP only where marked, malformed requests		plain_http..., a_request...
#	rebinding to private and metadata addresses, CNAME		a_listed_name...
#	DNS tunnelling							no_question...
#	QUIC, direct connections					nothing_goes_round...
#	exec								exec_...
#	a flood of connections, limits, slow peers			a_flood..., no_more_..., slow_peers...
#	a killed warden							..._warden...
#	docker's bridge							..._plugged_in...
. "$(dirname "$0")/internet.sh"
needs node npm
[ -d /usr/lib/python3/dist-packages/pip ] || skip "needs python3-pip of the distribution"
# Some wait until others lose their patience.
step_timeout=${STEP_TIMEOUT:-150}

# Names that the policy lists and whose addresses are bad, beside the registries: see internet.py.
traps=(rebind-private.example rebind-metadata.example rebind-loopback.example rebind-shared.example
	rebind-zero.example rebind-host.example rebind-metadata6.example rebind-mapped.example rebind-translated.example
	mixed.example alias-private.example alias-loop.example)
listed=("${traps[@]}" half.example rebound.example silent.example)

# gate_policy [FILTER]: the policy of all cases, in $T/policy.json.
gate_policy() {
	rm -f "$T/policy.json"
	jq --null-input '
		{version: 1, default: "code",
		 registries: {npm: ["registry.npm.example"], pypi: (["pypi.example", "files.pypi.example"] + $ARGS.positional)},
		 profiles: {code: {extends: "untrusted-code", network: {egress: {allow: ["@npm", "@pypi"]}}}}} |
		'"${1:-.}" --args "${listed[@]}" >"$T/policy.json"
	chmod 600 "$T/policy.json"
}

# gated VERB [ARG]...: the container under that policy, on the host of the test.
gated() {
	on_host "$RUNTIME" --root "$T/state" --policy "$T/policy.json" --log "$T/log" --log-format json "$@"
}

# free VERB [ARG]...: the same without a gate, in the network of that host.
free() {
	on_host "$RUNTIME" --root "$T/state" --profile compat "$@"
}

# gate: the internet, the policy, a bundle.
gate() {
	internet
	gate_policy
	tools_bundle
}

# on_the_host_s_network: for `free`; the file of the host's name server is given in.
on_the_host_s_network() {
	config --arg file "$T/resolv.conf" '.linux.namespaces |= map(select(.type != "network")) |
		.mounts |= map(select(.type != "sysfs")) |
		.mounts += [{destination: "/etc/resolv.conf", type: "bind", source: $file, options: ["bind", "ro"]}]'
}

# What the container's decisions were recorded as: lines of the runtime's log, and of what lies with the state.
events() {
	cat "$T/log" 2>/dev/null
	find "$T/state/$ID" -type f -not -name state.json -exec cat {} + 2>/dev/null || true
	"$RUNTIME" --root "$T/state" events --stats "$ID" 2>/dev/null || true
}

# start_gated: the container in the background; what it says goes to $T/said.
start_gated() {
	nsenter --target "$HOST" --net --mount "$RUNTIME" --root "$T/state" --policy "$T/policy.json" --log "$T/log" \
		--log-format json run --detach --bundle "$BUNDLE" "$ID" >"$T/said" 2>&1 </dev/null ||
		fail "run: $(cat "$T/said" "$T/log")"
}

# program_said: waits for its end; sets OUT.
program_said() {
	local i
	for ((i = 0; i < 10 * step_timeout; i++)); do
		! is_stopped || break
		sleep 0.1
	done
	OUT=$(cat "$T/said")
	sed 's/^/  said: /' "$T/said"
}

# tries ATTEMPT...: a container under the gate makes these attempts, see egress.py; $T/events is what was recorded.
tries() {
	program "$python" /usr/lib/test/egress.py each "$@"
	start_gated
	program_said
	events >"$T/events"
	gated delete "$ID"
	expect_status 0
	OUT=$(cat "$T/said")
}

# tries_freely ATTEMPT...
tries_freely() {
	program "$python" /usr/lib/test/egress.py each "$@"
	free run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

# expect_answer ATTEMPT WORD: what came of an attempt.
expect_answer() {
	grep --quiet --fixed-strings -e "$1: $2" <<<"$OUT" || fail "\"$1\" did not end with \"$2\""
}

# expect_all WORD ATTEMPT...
expect_all() {
	local attempt word=$1
	shift
	for attempt; do
		expect_answer "$attempt" "$word"
	done
}

# expect_none_open ATTEMPT...: refused, or nothing came back.
expect_none_open() {
	local attempt
	for attempt; do
		expect_answer "$attempt" ""
		! grep --quiet --fixed-strings -e "$attempt: open" -e "$attempt: answered" <<<"$OUT" ||
			fail "\"$attempt\" was not refused"
	done
}

# Only the gate's own traffic left the host: TCP to the registries' address, questions to the name server.
expect_only_registries() {
	local other
	other=$(grep '^packet uplink' "$T/internet.log" | grep -vE "^packet uplink (6 $host_address $registry|(6|17) $host_address $name_server)$" | sort -u || true)
	[ -z "$other" ] || fail "the internet has seen: $other"
	expect_internet_saw_no "tcp ($attacker|$private|$metadata|$registry 80|$registry 8443)"
	expect_internet_saw_no "udp "
}

# Questions are only asked about listed names, and only for addresses.
expect_only_listed_questions() {
	local other pattern
	pattern=$(printf '%s|' pypi.example files.pypi.example registry.npm.example private.example "${listed[@]}")
	other=$(grep '^dns ' "$T/internet.log" | grep -viE "^dns (${pattern%|})\.? (A|AAAA)$" | sort -u || true)
	[ -z "$other" ] || fail "the name server was asked: $other"
}

# expect_event TEXT: one of them tells of TEXT.
expect_event() {
	grep --quiet --fixed-strings -e "$1" "$T/events" || fail "no event tells of $1: $(tail -n 20 "$T/events")"
}

# ---- without the gate -----------------------------------------------------------------------------------

# The library and the attempts are good: all of it works where nothing guards.
test_without_the_gate_every_attempt_succeeds() {
	local attempts=("direct $registry 443" "direct pypi.example 443" "direct evil.example 443" "direct $private 443"
		"direct $metadata 80" "direct $registry 8443" "datagram $registry 443" "datagram evil.example 443")
	gate
	on_the_host_s_network
	tries_freely "${attempts[@]}" "lookup secret.tunnel.example TXT $name_server" "lookup pypi.example A $name_server"
	expect_all open "${attempts[@]}"
	expect_answer "lookup secret.tunnel.example TXT $name_server" "answered udp NOERROR 1"
	expect_internet_saw "dns secret.tunnel.example TXT"
	expect_internet_saw "tcp $attacker 443"
	expect_internet_saw "udp $attacker 443"
	expect_internet_saw "packet uplink 17 $host_address $attacker"
}

ordinary_proxy() {
	nsenter --target "$HOST" --net --mount "$python" "$tests_dir/root/egress.py" proxy >"$T/proxy" 2>&1 </dev/null &
	ends_with_case "$!"
	eventually grep --quiet ready "$T/proxy"
}

# What is refused further down gets through any other proxy: names, ports, addresses, handshakes.
test_through_an_ordinary_proxy_every_attempt_succeeds() {
	local attempts=("tunnel pypi.example 443" "tunnel neighbour.example 443" "tunnel evil.example 443"
		"tunnel pypi.example 8443" "tunnel pypi.example 443 neighbour.example" "tunnel pypi.example 443 -"
		"tunnel rebind-private.example 443 x" "tunnel alias-private.example 443 x" "tunnel rebind-metadata.example 443 x"
		"tunnel $registry 443 pypi.example" "hello bytes pypi.example" "hello records-of-one pypi.example"
		"hello ech pypi.example")
	gate
	on_the_host_s_network
	ordinary_proxy
	tries_freely "${attempts[@]}"
	expect_all open "${attempts[@]}"
	expect_internet_saw "tls $private 443 x"
	expect_internet_saw "tls $metadata 443 x"
	forget
	tries_freely "hello two-names pypi.example" "hello two-extensions pypi.example" "hello oversized pypi.example" \
		"hello endless pypi.example" "hello truncated pypi.example" "hello ssl2 pypi.example" \
		"hello other-record pypi.example" 'speak pypi.example SSH-2.0-x\r\n'
	expect_equal "number of those that arrived" "$(grep -c "^bytes $registry" "$T/internet.log")" 8
}

pip_program() {
	program "$python" -c '
import subprocess, sys
subprocess.check_call([sys.executable, "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check",
    "--target", "/tmp/site", "--index-url", "https://pypi.example/simple", "hello-bulwark"])
sys.path.insert(0, "/tmp/site")
import hello_bulwark
print(hello_bulwark.GREETING)'
}

npm_program() {
	program /usr/bin/node -e '
const { spawnSync } = require("child_process"), fs = require("fs");
fs.mkdirSync("/tmp/app");
process.chdir("/tmp/app");
const ended = spawnSync(process.execPath, ["'"$NPM"'", "install", "--no-audit", "--no-fund", "--no-update-notifier",
    "--cache", "/tmp/cache", "--registry", "https://registry.npm.example", "hello-bulwark"], { stdio: "inherit" });
if (ended.status !== 0) process.exit(1);
console.log(require("/tmp/app/node_modules/hello-bulwark"));'
}

test_pip_and_npm_work_without_the_gate() {
	gate
	on_the_host_s_network
	pip_program
	free run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output_has "hello from the wheel"
	npm_program
	free run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output_has "hello from the tarball"
	expect_internet_saw "http registry.npm.example GET /hello-bulwark/-/hello-bulwark-1.0.0.tgz"
}

# ---- what the gate is for -------------------------------------------------------------------------------

test_pip_installs_a_package() {
	gate
	pip_program
	gated run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output_has "hello from the wheel"
	expect_internet_saw "http pypi.example GET /simple/hello-bulwark/"
	expect_internet_saw "tls $registry 443 files.pypi.example"
	expect_only_registries
	expect_only_listed_questions
}

# Its network namespace belongs to a user namespace of its own, which the warden enters all the same.
test_pip_installs_a_package_for_root_of_a_range_of_ids() {
	gate
	gate_policy '.profiles.code.loosens = ["user.root"] | .profiles.code.user = {root: "userns"}'
	pip_program
	gated run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output_has "hello from the wheel"
	expect_only_registries
}

test_npm_installs_a_package() {
	gate
	npm_program
	gated run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output_has "hello from the tarball"
	expect_internet_saw "http registry.npm.example GET /hello-bulwark/-/hello-bulwark-1.0.0.tgz"
	expect_only_registries
	expect_only_listed_questions
}

test_the_settings_are_injected() {
	local name
	gate
	program "$python" -c 'import os; [print(f"{k}={v}") for k, v in sorted(os.environ.items())]'
	config '.process.env += ["HTTPS_PROXY=http://evil.example:8080", "no_proxy=*", "NO_PROXY=*"]'
	gated run --bundle "$BUNDLE" "$ID"
	expect_status 0
	for name in HTTPS_PROXY https_proxy; do
		expect_line "$name=http://127.0.0.1:3128"
	done
	expect_output_has NO_PROXY=
	expect_no_line "NO_PROXY=*"
	expect_no_line "no_proxy=*"
	expect_output_has npm_config_
}

test_the_container_has_no_network_but_lo() {
	gate
	# Some kernels give every namespace a few tunnels, which lead nowhere until they are told to.
	program "$python" -c '
import socket
print(*[name for _, name in socket.if_nameindex() if name not in ("sit0", "tunl0", "gre0", "gretap0", "erspan0",
    "ip_vti0", "ip6_vti0", "ip6tnl0", "ip6gre0")])'
	gated run --bundle "$BUNDLE" "$ID"
	expect_output lo
}

test_a_name_may_be_written_as_names_are() {
	gate
	tries "tunnel PyPI.Example 443 pypi.example" "tunnel pypi.example. 443 pypi.example"
	expect_all "open this is pypi.example" "tunnel PyPI.Example 443 pypi.example" "tunnel pypi.example. 443 pypi.example"
}

# ---- names, ports, addresses ----------------------------------------------------------------------------

test_other_names_are_refused_even_on_the_same_address() {
	local attempts=("tunnel neighbour.example 443" "tunnel evil.example 443" "tunnel sub.pypi.example 443"
		"tunnel example 443" "tunnel pypi.example.evil.example 443" "tunnel xpypi.example 443"
		"tunnel pypi.example.. 443" "tunnel pypi.example%00.evil.example 443" "tunnel localhost 443")
	gate
	tries "tunnel pypi.example 443" "${attempts[@]}"
	expect_answer "tunnel pypi.example 443" "open this is pypi.example"
	expect_none_open "${attempts[@]}"
	expect_answer "tunnel neighbour.example 443" "refused HTTP/1.1 403"
	expect_only_registries
	expect_only_listed_questions
	expect_internet_saw_no "tls .*(neighbour|evil)"
	expect_event neighbour.example
}

test_other_ports_are_refused() {
	local attempts=("tunnel pypi.example 80" "tunnel pypi.example 8443" "tunnel pypi.example 22" "tunnel pypi.example 0"
		"tunnel pypi.example 65979" "tunnel pypi.example 4294967739")
	gate
	tries "${attempts[@]}"
	expect_none_open "${attempts[@]}"
	expect_only_registries
	expect_internet_saw_no "tcp $registry"
	expect_event 8443
}

test_no_address_is_a_name() {
	local attempts=("tunnel $registry 443" "tunnel 151585025 443" "tunnel 0x09090101 443" "tunnel 011.011.1.1 443"
		"tunnel 9.9.257 443" "tunnel ::ffff:$registry 443" "tunnel $metadata 443" "tunnel fd00:ec2::254 443"
		"tunnel 127.0.0.1 443" "tunnel $registry. 443")
	gate
	tries "${attempts[@]}"
	expect_none_open "${attempts[@]}"
	expect_internet_saw_no "tcp "
	expect_internet_saw_no "dns "
}

test_a_listed_name_with_a_bad_address_is_refused() {
	local name attempts=()
	gate
	for name in "${traps[@]}"; do
		attempts+=("tunnel $name 443")
	done
	tries "${attempts[@]}"
	expect_none_open "${attempts[@]}"
	expect_internet_saw "dns rebind-private.example A"
	expect_internet_saw_no "tcp "
	expect_only_registries
	expect_event rebind-metadata.example
}

# One good address does not make the others good.
test_of_the_addresses_of_a_name_none_that_is_bad_is_tried() {
	gate
	tries "tunnel half.example 443 half.example" "tunnel half.example 443 half.example" "tunnel half.example 443 half.example"
	expect_internet_saw "dns half.example A"
	expect_internet_saw_no "tcp ($private|$metadata)"
	expect_only_registries
}

# The address that was checked is the one that is connected to.
test_a_listed_name_that_changes_its_address_is_not_followed() {
	gate
	tries "tunnel rebound.example 443" "tunnel rebound.example 443" "tunnel rebound.example 443"
	expect_answer "tunnel rebound.example 443" "open this is rebound.example"
	expect_internet_saw_no "tcp $private"
	expect_internet_saw "tls $registry 443 rebound.example"
}

# ---- handshakes -----------------------------------------------------------------------------------------

test_a_handshake_for_another_name_is_refused() {
	local attempts=("tunnel pypi.example 443 neighbour.example" "tunnel pypi.example 443 evil.example"
		"tunnel pypi.example 443 files.pypi.example" "tunnel pypi.example 443 -")
	gate
	tries "${attempts[@]}"
	expect_none_open "${attempts[@]}"
	expect_internet_saw_no "(tls|bytes) "
	expect_event neighbour.example
}

test_a_handshake_by_hand_is_refused() {
	local kind attempts=()
	gate
	for kind in ech two-names two-extensions oversized endless truncated ssl2 other-record; do
		attempts+=("hello $kind pypi.example")
	done
	tries "${attempts[@]}" "tunnel pypi.example 443"
	expect_none_open "${attempts[@]}"
	expect_answer "tunnel pypi.example 443" "open this is pypi.example"
	expect_equal "number of handshakes that arrived" "$(grep -c '^bytes ' "$T/internet.log")" 1
	grep --quiet --extended-regexp '[Ee][Cc][Hh]|[Ee]ncrypted' "$T/events" || fail "no event tells of ECH"
}

test_a_handshake_in_pieces_works() {
	local kind attempts=()
	gate
	for kind in bytes segments records records-of-one; do
		attempts+=("hello $kind pypi.example")
	done
	tries "${attempts[@]}"
	expect_all "open pypi.example" "${attempts[@]}"
}

test_a_tunnel_is_for_tls_only() {
	local attempts=('speak pypi.example GET\x20/\x20HTTP/1.0\r\n\r\n' 'speak pypi.example SSH-2.0-x\r\n'
		'speak pypi.example \x16\x03\x01\x00\x05\x01\x00\x00\x01\x00')
	gate
	tries "${attempts[@]}"
	expect_none_open "${attempts[@]}"
	expect_internet_saw_no "(tls|bytes) "
}

# ---- requests -------------------------------------------------------------------------------------------

test_plain_http_is_refused() {
	local attempts=("plain http://evil.example/" "plain http://pypi.example/" "plain http://$metadata/latest/meta-data/"
		"plain https://pypi.example/")
	gate
	tries "${attempts[@]}"
	expect_none_open "${attempts[@]}"
	expect_internet_saw_no "(tcp|dns) "
}

test_plain_http_goes_to_the_names_that_the_policy_marks() {
	gate
	gate_policy '.profiles.code.loosens = ["network.egress"] | .profiles.code.network.egress.plain = ["neighbour.example"]'
	tries "plain http://neighbour.example/" "plain http://evil.example/" "plain http://neighbour.example:8443/" \
		"tunnel neighbour.example 443"
	expect_answer "plain http://neighbour.example/" open
	expect_none_open "plain http://evil.example/" "plain http://neighbour.example:8443/" "tunnel neighbour.example 443"
	expect_internet_saw "http neighbour.example GET /"
}

test_a_request_that_is_malformed_is_refused() {
	local long attempts
	long=$(printf 'a%.0s' {1..20000})
	attempts=('request CONNECT\x20pypi.example\x20HTTP/1.1\r\n\r\n'
		'request CONNECT\x20pypi.example:443@evil.example:443\x20HTTP/1.1\r\n\r\n'
		'request CONNECT\x20evil.example:443\x20HTTP/1.1\r\nHost:\x20pypi.example:443\r\n\r\n'
		'request CONNECT\x20pypi.example:443:443\x20HTTP/1.1\r\n\r\n'
		'request CONNECT\x20pypi.example\x00.evil.example:443\x20HTTP/1.1\r\n\r\n'
		'request CONNECT\x20http://pypi.example:443\x20HTTP/1.1\r\n\r\n'
		'request CONNECT\x20pypi.example:443\x20HTTP/9.9\r\n\r\n'
		'request PUT\x20pypi.example:443\x20HTTP/1.1\r\n\r\n'
		'request \x05\x01\x00\r\n\r\n'
		"request CONNECT\\x20pypi.example:443\\x20HTTP/1.1\\r\\nX:\\x20$long\\r\\n\\r\\n")
	gate
	tries "${attempts[@]}" "tunnel pypi.example 443"
	expect_none_open "${attempts[@]}"
	expect_answer "tunnel pypi.example 443" "open this is pypi.example"
	expect_equal "number of connections" "$(grep -c '^tcp ' "$T/internet.log")" 1
}

# ---- round the proxy ------------------------------------------------------------------------------------

directions=("direct $registry 443" "direct $attacker 443" "direct $attacker 22" "direct $private 80" "direct $metadata 80"
	"direct $host_address 22" "direct pypi.example 443" "direct evil.example 443" "datagram $registry 443"
	"datagram $attacker 443" "datagram $attacker 53" "datagram pypi.example 443")

test_nothing_goes_round_the_proxy() {
	gate
	tries "${directions[@]}"
	expect_none_open "${directions[@]}"
	expect_internet_saw_no "(tcp|udp|packet) .*($attacker|$private|$metadata)"
	expect_internet_saw_no "packet uplink 6"
	expect_only_registries
}

test_no_question_is_forwarded_but_of_listed_names() {
	local name questions=() kind
	gate
	for name in c2VjcmV0.tunnel.example evil.example c2VjcmV0.pypi.example; do
		for kind in A AAAA TXT MX ANY HTTPS; do
			questions+=("lookup $name $kind")
		done
	done
	tries "${questions[@]}" "tunnel c2VjcmV0.tunnel.example 443" "tunnel c2VjcmV0.pypi.example 443" \
		"lookup pypi.example TXT" "lookup pypi.example HTTPS" "lookup pypi.example A" \
		"lookup c2VjcmV0.tunnel.example TXT $name_server" "lookup c2VjcmV0.tunnel.example TXT $attacker"
	expect_output_lacks "answered udp NOERROR 2"
	expect_answer "lookup pypi.example A" "answered udp NOERROR 1"
	expect_answer "lookup pypi.example HTTPS" "answered udp NOERROR 0"
	! grep --extended-regexp 'tunnel\.example .*NOERROR [1-9]' <<<"$OUT" || fail "a name of the tunnel has an answer"
	expect_only_listed_questions
	expect_internet_saw_no "packet uplink .* $attacker"
	expect_event c2VjcmV0.tunnel.example
}

test_exec_is_behind_the_gate_as_well() {
	gate
	program "$python" -c 'import time; time.sleep(300)'
	gated run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	gated exec "$ID" "$python" /usr/lib/test/egress.py each "tunnel pypi.example 443" "tunnel evil.example 443" \
		"${directions[@]}"
	expect_answer "tunnel pypi.example 443" "open this is pypi.example"
	expect_none_open "tunnel evil.example 443" "${directions[@]}"
	expect_only_registries
}

# The proxy is the container's own: nobody else is let out by it.
test_the_proxy_listens_inside_only() {
	gate
	program "$python" -c 'import time; time.sleep(300)'
	gated run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	on_host "$python" "$tests_dir/root/egress.py" tunnel pypi.example 443
	expect_output_has "refused [Errno 111]"
}

# ---- too much, too slow ---------------------------------------------------------------------------------

test_a_flood_of_connections_is_borne() {
	gate
	gate_policy '.profiles.code.network.egress += {connections: 50, connectionsPerMinute: 100000}'
	program "$python" /usr/lib/test/egress.py flood pypi.example 500
	gated run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output_has "open this is pypi.example"
	[[ $OUT =~ flood\ ([0-9]+)\ opened ]] || fail "no count"
	[ "${BASH_REMATCH[1]}" -le 50 ] || fail "more than 50 connections at once: $OUT"
	[ "${BASH_REMATCH[1]}" -ge 40 ] || fail "fewer connections than are allowed: $OUT"
	expect_only_registries
}

test_no_more_connections_a_minute_than_the_policy_has() {
	gate
	gate_policy '.profiles.code.network.egress.connectionsPerMinute = 3'
	tries "tunnel pypi.example 443" "tunnel files.pypi.example 443" "tunnel registry.npm.example 443" \
		"tunnel rebound.example 443"
	expect_answer "tunnel files.pypi.example 443" open
	expect_none_open "tunnel rebound.example 443"
}

test_no_more_bytes_than_the_policy_has() {
	gate
	tries "fetch pypi.example /large"
	[[ $OUT =~ got\ ([0-9]+) ]] || fail "nothing came"
	[ "${BASH_REMATCH[1]}" -gt 8388608 ] || fail "cut without a limit"
	gate_policy '.profiles.code.network.egress.bytes = 1000000'
	tries "fetch pypi.example /large" "tunnel pypi.example 443"
	[[ $OUT =~ got\ ([0-9]+) ]] || fail "nothing came"
	[ "${BASH_REMATCH[1]}" -lt 1100000 ] || fail "not cut: $OUT"
	expect_none_open "tunnel pypi.example 443"
}

test_slow_peers_are_not_borne_for_ever() {
	local name
	gate
	program "$python" /usr/lib/test/egress.py slow pypi.example 120
	gated run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output_has "open this is pypi.example"
	for name in says-nothing drips half-a-hello; do
		[[ $OUT =~ slow\ $name\ ([0-9]+) ]] || fail "no line of $name"
		[ "${BASH_REMATCH[1]}" -lt 119 ] || fail "$name is borne for ever"
	done
}

test_a_server_that_says_nothing_holds_up_nobody() {
	gate
	tries "hello segments silent.example" "tunnel pypi.example 443"
	expect_answer "tunnel pypi.example 443" "open this is pypi.example"
	expect_none_open "hello segments silent.example"
}

# ---- the warden -----------------------------------------------------------------------------------------

# wardens: the processes of the test's host that are wardens: nothing else runs in its network.
wardens() {
	local process net
	net=$(readlink "/proc/$HOST/ns/net")
	for process in /proc/[0-9]*; do
		[ "$(readlink "$process/ns/net" 2>/dev/null)" = "$net" ] || continue
		[[ $(cat "$process/comm" 2>/dev/null) == bulwark-warden* ]] && echo "${process#/proc/}"
	done
	true
}

holding() {
	grep --quiet holding "$T/said"
}

# holds: a container that has a tunnel open; sets WARDENS.
holds() {
	program "$python" -c '
import subprocess, time
subprocess.call(["/usr/bin/python3", "/usr/lib/test/egress.py", "hold", "pypi.example"])
while True:
    time.sleep(60)'
	start_gated
	eventually holding
	mapfile -t WARDENS < <(wardens)
	[ ${#WARDENS[@]} -gt 0 ] || fail "there is no warden"
}

test_without_its_warden_the_container_has_no_network_and_goes_on() {
	gate
	holds
	kill -KILL "${WARDENS[@]}"
	eventually grep --quiet broken "$T/said"
	eventually grep --quiet refused "$T/said"
	OUT=$(cat "$T/said")
	[[ $OUT =~ broken\ [0-5]$'\n' ]] || fail "the tunnel lived on: $OUT"
	expect_equal status "$(state_of)" running
	forget
	gated exec "$ID" "$python" /usr/lib/test/egress.py each "tunnel pypi.example 443" "${directions[@]}"
	expect_none_open "tunnel pypi.example 443" "${directions[@]}"
	expect_internet_saw_no "(tcp|udp|packet) "
}

# Whichever part of it dies: no open way is left, or all goes on as it was.
test_no_part_of_a_warden_that_dies_leaves_a_way_open() {
	local victim i=0
	gate
	while :; do
		holds
		victim=${WARDENS[$i]:-}
		[ -n "$victim" ] || break
		kill -KILL "$victim"
		sleep 0.5
		forget
		gated exec "$ID" "$python" /usr/lib/test/egress.py each "tunnel evil.example 443" "${directions[@]}"
		expect_none_open "tunnel evil.example 443" "${directions[@]}"
		expect_internet_saw_no "(tcp|udp|packet) .*($attacker|$private|$metadata)"
		gated delete --force "$ID"
		i=$((i + 1))
	done
}

# Whichever part of it dies.
test_the_policy_may_have_the_container_die_with_its_warden() {
	local victim i=0
	gate
	gate_policy '.profiles.code.network.egress.onDeath = "kill"'
	while :; do
		holds
		victim=${WARDENS[$i]:-}
		[ -n "$victim" ] || break
		kill -KILL "$victim"
		eventually is_stopped
		gated delete "$ID"
		i=$((i + 1))
	done
	[ "$i" -gt 0 ] || fail "no part of a warden was there"
}

test_the_warden_ends_with_the_container() {
	gate
	holds
	kill -KILL "$(pid_of)"
	eventually is_stopped
	eventually no_warden
	gated delete "$ID"
	expect_status 0
	expect_nothing_left
}

no_warden() {
	[ -z "$(wardens)" ]
}

test_a_gate_that_cannot_be_had_is_a_refusal() {
	gate
	program echo started
	# A network of others has ways of its own.
	config --arg path "/proc/$HOST/ns/net" '
		.linux.namespaces |= map(select(.type != "network")) + [{type: "network", path: $path}]'
	gated run --bundle "$BUNDLE" "$ID"
	expect_refusal network
	expect_output ""
	config '.linux.namespaces |= map(select(.type != "network"))'
	gated run --bundle "$BUNDLE" "$ID"
	expect_refusal network
}

# ---- with an interface of the engine's ------------------------------------------------------------------

bridge=172.30.0.1 bridged=172.30.0.2

# bridge_in: an interface as docker's bridge gives it, straight to the internet.
bridge_in() {
	link "$(pid_of)" bridge "$bridge" "$bridged"
	in_net "$INTERNET" "ip -6 address add fd00:30::1/64 dev bridge nodad"
	in_net "$(pid_of)" "ip -6 address add fd00:30::2/64 dev eth0 nodad; ip -6 route add default via fd00:30::1"
}

# create_bridge_and_start OPTION...: created, plugged in, started; its output is in $T/said.
create_bridge_and_start() {
	nsenter --target "$HOST" --net --mount "$RUNTIME" --root "$T/state" "$@" create --bundle "$BUNDLE" "$ID" \
		>"$T/said" 2>&1 </dev/null || fail "create: $(cat "$T/said")"
	bridge_in
	on_host "$RUNTIME" --root "$T/state" "$@" start "$ID"
	expect_status 0
}

bridge_directions=("${directions[@]}" "direct $bridge 443" "direct fd00:30::1 443" "datagram fd00:30::1 443"
	"lookup c2VjcmV0.tunnel.example TXT $name_server")

test_an_interface_plugged_in_leads_to_the_internet_without_the_gate() {
	gate
	program "$python" /usr/lib/test/egress.py each "direct $attacker 443" "datagram $attacker 443"
	create_bridge_and_start --profile compat
	program_said
	expect_all open "direct $attacker 443" "datagram $attacker 443"
	expect_internet_saw "packet bridge 6 $bridged $attacker"
}

test_an_interface_plugged_in_before_the_start_leads_nowhere() {
	gate
	program "$python" /usr/lib/test/egress.py each "tunnel pypi.example 443" "tunnel evil.example 443" \
		"${bridge_directions[@]}"
	create_bridge_and_start --policy "$T/policy.json"
	program_said
	expect_answer "tunnel pypi.example 443" "open this is pypi.example"
	expect_none_open "tunnel evil.example 443" "${bridge_directions[@]}"
	expect_internet_saw_no "packet bridge"
	expect_only_registries
}

test_an_interface_plugged_in_later_leads_nowhere() {
	gate
	program "$python" -c 'import time; time.sleep(300)'
	gated run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	bridge_in
	gated exec "$ID" "$python" /usr/lib/test/egress.py each "tunnel pypi.example 443" "${bridge_directions[@]}"
	expect_answer "tunnel pypi.example 443" "open this is pypi.example"
	expect_none_open "${bridge_directions[@]}"
	expect_internet_saw_no "packet bridge"
}

test_without_its_warden_a_plugged_in_interface_leads_nowhere_either() {
	gate
	holds
	bridge_in
	kill -KILL "${WARDENS[@]}"
	eventually grep --quiet broken "$T/said"
	gated exec "$ID" "$python" /usr/lib/test/egress.py each "tunnel pypi.example 443" "${bridge_directions[@]}"
	expect_none_open "tunnel pypi.example 443" "${bridge_directions[@]}"
	expect_internet_saw_no "packet bridge"
}

run_tests
