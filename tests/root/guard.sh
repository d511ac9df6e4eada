#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The metadata guard in every mode: no socket of a guarded container reaches the endpoints of profiles/endpoints.json,
# however it is made and whatever network it is in, and every refusal comes at once.
#
# Two ways of guarding, told by `bulwark state --format text`: "cgroup", programs on the container's cgroup, where there
# is a cgroup2; "routing", rules in the container's own network namespace, where there is none (guard-v1.sh is this
# script on such a host) or the caller is not root.
#
# Which part of the guard's promise is proven where:
#
#	every kind of socket; raw and packet sockets; all at once	every_kind_of_socket...
#	ipv6, ipv4 in ipv6, other spellings				..._of_ipv6..., ..._spellings...
#	routes by other hops						a_source_route...
#	exec								exec_...
#	networks and routes that come later				..._plugged_in_later..., ..._route_added_later...
#	shared with a container that is not guarded			a_container_that_shares...
#	joined and host networks					..._joined..., ..._network_of_the_host...
#	one layer alone, the others switched off			..._by_itself, ..._by_themselves, nothing_else_guards...
#	a guard that was taken away					..._taken_away, a_program_cannot...
#	no way to guard: refused, or recorded				..._nothing_can_guard...
#	rootless							..._who_is_not_root...
#	refusals are counted						refusals_are_counted
#
# The service is made here: a network namespace of the test with the well-known addresses, linked by a veth to the
# container's, or to one that stands for the host's. No packet leaves these namespaces. After each case one line tells
# which layer stopped what.
. "$(dirname "$0")/bulwark.sh"
needs ip nsenter

service=169.254.169.254
service6=fd00:ec2::254
# What is not guarded: the way there, and an address behind it.
gateway=192.0.2.1
gateway6=fd00:77::1
elsewhere=192.0.2.53
# IPv4 in IPv6: written as it is by those who want to get round a list of addresses.
compatible=::$service
translated=64:ff9b::$service
six_to_four=2002:a9fe:a9fe::1

# ---- networks -----------------------------------------------------------------------------------------

# cloud: a namespace with the service; CLOUD is its only process, $T/cloud.log says what came to it.
cloud() {
	local reach
	reach=$(find_helper reach) || skip "$reach"
	# shellcheck disable=SC2016 # for the inner shell
	unshare --net sh -c '
		ip link set lo up
		echo 3 >/proc/sys/net/ipv4/tcp_fastopen
		for knob in /proc/sys/net/ipv4/conf/*/accept_source_route; do echo 1 >$knob; done
		for knob in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$knob; done
		program=$1
		shift
		for a; do
			case $a in
			*:*) ip -6 address add $a/128 dev lo nodad;;
			*) ip address add $a/32 dev lo;;
			esac
		done
		exec "$program" serve "$@"' sh "$reach" "$service" 169.254.170.2 "$elsewhere" "$service6" "$compatible" \
		"$translated" "$six_to_four" >"$T/cloud.log" 2>&1 &
	CLOUD=$!
	ends_with_case "$CLOUD"
	eventually grep --quiet ready "$T/cloud.log"
}

# network: a namespace that is no container's, linked to the cloud; NET is its only process.
network() {
	unshare --net sleep 300 &
	NET=$!
	ends_with_case "$NET"
	eventually is_elsewhere "$NET"
	plug "$NET"
}

is_elsewhere() {
	[ "$(namespace_of "$1" net)" != "$(namespace_of self net)" ]
}

# in_net PID SCRIPT: with the files of the host, in the network namespace of PID.
in_net() {
	nsenter --target "$1" --net sh -c "$2"
}

# plug PID [NUMBER]: a veth from the cloud into the network namespace of PID; the first is the way to everything.
plug() {
	local n=${2:-0} net=192.0.$((2 + ${2:-0}))
	ip link add "veth$n" netns "$CLOUD" type veth peer name "eth$n" netns "$1"
	in_net "$CLOUD" "ip address add $net.1/24 dev veth$n; ip -6 address add fd00:$((77 + n))::1/64 dev veth$n nodad
		echo 1 >/proc/sys/net/ipv4/conf/veth$n/accept_source_route
		echo 0 >/proc/sys/net/ipv4/conf/veth$n/rp_filter; ip link set veth$n up"
	in_net "$1" "ip address add $net.2/24 dev eth$n; ip -6 address add fd00:$((77 + n))::2/64 dev eth$n nodad
		ip link set lo up; ip link set eth$n up
		for knob in /proc/sys/net/ipv4/conf/*/accept_source_route; do echo 1 >\$knob; done
		echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range
		[ $n != 0 ] || { ip route add default via $net.1; ip -6 route add default via fd00:77::1; }"
}

# ---- containers ---------------------------------------------------------------------------------------

# net_bundle [NAME]: a bundle with reach in it, of a program that asks for every capability a network has.
net_bundle() {
	local reach
	reach=$(find_helper reach) || skip "$reach"
	bundle "$@"
	install --mode=755 "$reach" "$ROOTFS/bin/reach"
	config '.process.args = ["sleep", "300"] |
		.process.capabilities |= with_entries(.value += ["CAP_NET_RAW", "CAP_NET_ADMIN"])'
}

# joins PATH: the container's network is this one, and no other namespace of the host's.
joins() {
	config --arg path "$1" '.linux.namespaces |= map(select(.type != "network")) + [{type: "network", path: $path}]'
}

# create WHO: WHO is hardened, compat or governed; what the program prints goes to $T/said.
create() {
	local options=(--profile "$1")
	[ "$1" != governed ] || options=(--policy "$T/policy.json")
	"$RUNTIME" --root "$T/state" "${options[@]}" create --bundle "$BUNDLE" "$ID" >"$T/said" 2>&1 <"${INPUT:-/dev/null}" ||
		fail "create: $(cat "$T/said")"
}

# create_plug_and_start WHO
create_plug_and_start() {
	create "$1"
	plug "$(pid_of)"
	run "$RUNTIME" --root "$T/state" start "$ID"
	expect_status 0
}

# tries WHO KIND TARGET...: from the program of a container of its own, plugged in as an engine does; sets OUT.
tries() {
	local who=$1 args
	shift
	args=$(jq --null-input '$ARGS.positional' --args -- "$@")
	config --argjson args "$args" '.process.args = ["reach"] + $args'
	create_plug_and_start "$who"
	eventually is_stopped
	remember_way
	run "$RUNTIME" --root "$T/state" delete --force "$ID"
	expect_status 0
	OUT=$(cat "$T/said")
	sed 's/^/  said: /' "$T/said"
}

# exec_tries KIND TARGET...: the same by exec in the container that runs.
exec_tries() {
	run "$RUNTIME" --root "$T/state" exec "$ID" reach "$@"
	remember_way
}

# ---- what is asserted ---------------------------------------------------------------------------------

guard_of() {
	"$RUNTIME" --root "$T/state" state --format text "${1:-$ID}" | sed -n 's/^guard  *//p'
}

# remember_way: WAY is what guards the container, as its state has it.
remember_way() {
	WAY=$(guard_of)
	echo "guard: ${WAY:-none}"
}

# Which way there is on this host for a container of root.
host_way() {
	# Its exit status says nothing.
	if [ -n "$(findmnt --noheadings --types cgroup2)" ]; then echo cgroup; else echo routing; fi
}

needs_cgroup_way() {
	[ "$(host_way)" = cgroup ] || skip "needs a cgroup2"
}

# expect_each WORD: every attempt of OUT came to WORD, but for what this kernel has not.
expect_each() {
	local other
	[ -n "$OUT" ] || fail "nothing was tried"
	other=$(awk -v word="$1" '$3 != word && $3 != "absent"' <<<"$OUT")
	[ -z "$other" ] || fail "expected all to be $1: $other"
}

# expect_all_refused: every attempt of OUT, and within a second; names the layer.  The kernel does not tell those who
# ping by IPv6 that their packet went nowhere: they wait for the answer.
expect_all_refused() {
	local late
	OUT=$(grep -v '^ping [^ ]*:[^ ]* silent ' <<<"$OUT") || fail "nothing was tried"
	# What routing rules cannot refuse is dropped in the namespace, and TCP tries again until its time is over.
	[ "${WAY:-}" != routing ] || OUT=$(grep -v '^tcp-bound [^ ]* silent ' <<<"$OUT") || true
	[ -n "$OUT" ] || return 0
	expect_each refused
	late=$(awk '$5 >= 1000' <<<"$OUT")
	[ -z "$late" ] || fail "not at once: $late"
	layer "${WAY:-nothing in the state}"
}

# layer NAME: tells after the case what stopped which attempts of OUT.
layer() {
	awk -v name="$1" '$3 == "refused" && !seen[$4, $1]++ { by[$4] = by[$4] " " $1 }
		END { for (e in by) print "# stopped by " name ", " e ":" by[e] }' <<<"$OUT" >>"$T/layers"
}

after_case() {
	end_processes
	[ ! -e "$T/layers" ] || sort --unique "$T/layers"
}

# expect_unseen ADDRESS...: nothing came to the service by these addresses.
expect_unseen() {
	local address
	for address; do
		! grep --fixed-strings --line-regexp -e "tcp $address" -e "udp $address" "$T/cloud.log" ||
			fail "the service was reached by $address"
	done
}

# expect_seen ADDRESS: something did, so that its absence elsewhere means something.
expect_seen() {
	grep --quiet --fixed-strings --line-regexp -e "tcp $1" -e "udp $1" "$T/cloud.log" ||
		fail "the service was not reached by $1"
}

# without_sockets: OUT less the kinds that only open a socket.
without_sockets() {
	OUT=$(grep -vE '^(raw|packet)' <<<"$OUT")
}

# compat_reaches TARGET...: the same attempts, all of them, where nothing guards.
compat_reaches() {
	tries compat all "$@"
	expect_equal "guard of compat" "$WAY" ""
	without_sockets
	expect_each reached
}

# ---- kinds and spellings ------------------------------------------------------------------------------

test_every_kind_of_socket_reaches_the_service_where_nothing_guards() {
	net_bundle
	cloud
	compat_reaches "$service" "$service6"
	expect_seen "$service"
	expect_seen "$service6"
	tries compat all "$service"
	OUT=$(grep -E '^(raw|packet)' <<<"$OUT")
	expect_each opened
}

test_no_kind_of_socket_reaches_the_service() {
	net_bundle
	cloud
	tries hardened all "$service"
	expect_equal "guard" "$WAY" "$(host_way)"
	expect_all_refused
	expect_unseen "$service"
	tries hardened tcp "$elsewhere"
	expect_each reached
	tries hardened udp-sendto "$elsewhere"
	expect_each reached
	tries hardened ping "$gateway" "$gateway6"
	expect_each reached
}

test_no_kind_of_socket_reaches_the_address_of_ipv6() {
	[ -e /proc/net/if_inet6 ] || skip "needs IPv6"
	net_bundle
	cloud
	tries hardened all "$service6"
	expect_all_refused
	expect_unseen "$service6"
}

test_ipv4_in_ipv6_is_no_way_round() {
	local target targets=(::ffff:"$service" "$compatible" "$translated")
	[ -e /proc/net/if_inet6 ] || skip "needs IPv6"
	net_bundle
	cloud
	for target in "${targets[@]}"; do
		tries hardened all "$target"
		expect_all_refused
	done
	expect_unseen "$service" "$compatible" "$translated"
	# The sockets of ping have no addresses of IPv4.
	tries compat all "${targets[@]}"
	without_sockets
	OUT=$(grep -v '^ping ::ffff:' <<<"$OUT")
	expect_each reached
}

test_an_address_of_6to4_is_no_way_round() {
	[ -e /proc/net/if_inet6 ] || skip "needs IPv6"
	net_bundle
	cloud
	tries hardened all "$six_to_four"
	expect_all_refused
	expect_unseen "$six_to_four"
	compat_reaches "$six_to_four"
}

test_other_spellings_are_the_same_address() {
	local kind spellings=(2852039166 0xA9FEA9FE 0251.0376.0251.0376 169.254.43518 0xA9.0376.43518)
	net_bundle
	cloud
	for kind in tcp udp-sendto fastopen; do
		tries hardened "$kind" "${spellings[@]}"
		expect_all_refused
	done
	expect_unseen "$service"
	tries compat tcp "${spellings[@]}"
	expect_each reached
}

# The packet's own address is that of the hop; only an option behind it says where it is to go.
test_a_source_route_is_no_way_round() {
	net_bundle
	cloud
	tries compat source-route-tcp "$service@$gateway"
	expect_each reached
	tries compat source-route-udp "$service@$gateway"
	expect_each reached
	: >"$T/cloud.log"
	tries hardened source-route-tcp "$service@$gateway"
	expect_all_refused
	tries hardened source-route-udp "$service@$gateway"
	expect_all_refused
	expect_unseen "$service"
}

test_task_credentials_are_a_switch_of_their_own() {
	net_bundle
	cloud
	tries hardened tcp 169.254.170.2
	expect_each reached
	policy '{"extends": "hardened", "network": {"taskCredentials": "block"}}'
	tries governed all 169.254.170.2
	expect_all_refused
}

# ---- exec, and networks that change -------------------------------------------------------------------

test_exec_cannot_reach_it_either() {
	net_bundle
	cloud
	create_plug_and_start hardened
	exec_tries all "$service"
	expect_all_refused
	exec_tries all "$service6"
	expect_all_refused
	run "$RUNTIME" --root "$T/state" exec --user 0 --cap CAP_NET_ADMIN --cap CAP_NET_RAW "$ID" reach all "$service"
	expect_all_refused
	expect_unseen "$service" "$service6"
	exec_tries tcp "$elsewhere"
	expect_each reached
}

# As `docker network connect` does.
test_a_network_plugged_in_later_leads_there_no_more_than_the_first() {
	net_bundle
	cloud
	create_plug_and_start hardened
	plug "$(pid_of)" 1
	in_net "$(pid_of)" "ip route add $service/32 via 192.0.3.1; ip -6 route add $service6/128 via fd00:78::1"
	exec_tries all "$service" "$service6"
	expect_all_refused
	exec_tries ping 192.0.3.1
	expect_each reached
	expect_unseen "$service" "$service6"
}

test_a_route_added_later_does_not_lead_there() {
	net_bundle
	cloud
	create_plug_and_start hardened
	in_net "$(pid_of)" "ip route add $service/32 via $gateway; ip -6 route add $service6/128 via $gateway6
		ip route add local 127.9.0.0/16 dev lo"
	exec_tries all "$service" "$service6"
	expect_all_refused
	expect_unseen "$service" "$service6"
}

test_an_interface_with_the_address_itself_does_not_help() {
	needs_cgroup_way
	net_bundle
	cloud
	create_plug_and_start hardened
	in_net "$(pid_of)" "ip address add $service/32 dev lo"
	exec_tries tcp "$service"
	expect_all_refused
}

# ---- networks of others -------------------------------------------------------------------------------

# The pause container's network, say, is made by a runtime that guards nothing.
test_a_container_that_shares_the_network_of_a_guarded_one_is_free() {
	local guarded
	needs_cgroup_way
	net_bundle
	cloud
	create_plug_and_start hardened
	guarded=$(pid_of)
	net_bundle second
	joins "/proc/$guarded/ns/net"
	config --arg target "$service" '.process.args = ["reach", "tcp", $target]'
	run "$RUNTIME" --root "$T/state" --profile compat run --bundle "$BUNDLE" "$ID-second"
	expect_status 0
	expect_each reached
	exec_tries all "$service" "$service6"
	expect_all_refused
}

test_a_guarded_container_in_the_network_of_one_that_is_free() {
	local free
	needs_cgroup_way
	net_bundle
	cloud
	create_plug_and_start compat
	free=$(pid_of)
	exec_tries tcp "$service"
	expect_each reached
	net_bundle second
	joins "/proc/$free/ns/net"
	ID+=-second
	run "$RUNTIME" --root "$T/state" --profile hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	exec_tries all "$service" "$service6"
	expect_all_refused
	exec_tries tcp "$elsewhere"
	expect_each reached
	exec_tries ping "$gateway6"
	expect_each reached
	ID=${ID%-second}
	exec_tries tcp "$service"
	expect_each reached
}

test_a_joined_network_is_guarded() {
	needs_cgroup_way
	cloud
	network
	net_bundle
	joins "/proc/$NET/ns/net"
	config --arg service "$service" --arg service6 "$service6" '.process.args = ["reach", "all", $service, $service6]'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_status 0
	WAY=cgroup expect_all_refused
	expect_unseen "$service" "$service6"
	config --arg target "$elsewhere" '.process.args = ["reach", "tcp", $target]'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_each reached
	config --arg target "$service" '.process.args = ["reach", "tcp", $target]'
	compat run --bundle "$BUNDLE" "$ID"
	expect_each reached
}

test_a_network_joined_by_a_file_is_guarded() {
	needs_cgroup_way
	cloud
	network
	touch "$T/network"
	mount --bind "/proc/$NET/ns/net" "$T/network"
	net_bundle
	joins "$T/network"
	hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	exec_tries all "$service" "$service6"
	expect_equal guard "$WAY" cgroup
	expect_all_refused
	exec_tries udp "$elsewhere"
	expect_each reached
}

# The runtime itself runs in the private network, which is the host's as far as it can tell.
test_the_network_of_the_host_is_guarded_too() {
	local filter='.linux.namespaces |= map(select(.type != "network")) | .mounts |= map(select(.type != "sysfs"))'
	needs_cgroup_way
	cloud
	network
	policy '{"extends": "hardened", "loosens": ["network.host"], "network": {"host": "allow"}}'
	net_bundle
	config "$filter"
	config --arg service "$service" --arg service6 "$service6" '.process.args = ["reach", "all", $service, $service6]'
	run nsenter --target "$NET" --net "$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID"
	expect_status 0
	WAY=cgroup expect_all_refused
	expect_unseen "$service" "$service6"
	config --arg target "$elsewhere" '.process.args = ["reach", "tcp", $target]'
	run nsenter --target "$NET" --net "$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID"
	expect_each reached
	config --arg target "$service" '.process.args = ["reach", "tcp", $target]'
	run nsenter --target "$NET" --net "$RUNTIME" --root "$T/state" --profile compat run --bundle "$BUNDLE" "$ID"
	expect_each reached
	# The host's own programs are not touched.
	run nsenter --target "$NET" --net "$(find_helper reach)" tcp "$service"
	expect_each reached
}

# ---- each layer by itself -----------------------------------------------------------------------------

# The directory of PID in the cgroup2.
unified_of() {
	echo "$(findmnt --noheadings --output TARGET --types cgroup2 | head -n 1)$(sed -n 's/^0:://p' "/proc/$1/cgroup")"
}

# A container whose program is a shell that does what it is told: exec looks at the guard first, and refuses when some
# of it is gone.
container_with_a_shell() {
	net_bundle
	cloud
	config '.process.args = ["sh"]'
	mkfifo "$T/orders"
	exec 4<>"$T/orders"
	INPUT=$T/orders create_plug_and_start hardened
}

# inside_tries KIND TARGET...: by the shell of that container.
inside_tries() {
	ORDERS=$((${ORDERS:-0} + 1))
	echo "reach $*; echo end $ORDERS" >&4
	eventually grep --quiet "^end $ORDERS$" "$T/said"
	OUT=$(sed -e "0,/^end $((ORDERS - 1))$/d" -e "/^end $ORDERS$/d" <(echo "end 0"; cat "$T/said"))
	echo "$OUT"
	remember_way
}

# guarded_with KIND...: the cgroup of that container has only these programs of the guard, its network no rule.
guarded_with() {
	local layers cgroup kind
	local -a off=()
	needs_cgroup_way
	layers=$(find_helper layers) || skip "$layers"
	container_with_a_shell
	cgroup=$(unified_of "$(pid_of)")
	run "$layers" list "$cgroup"
	expect_output $'connect4\nconnect6\nsendmsg4\nsendmsg6\negress'
	for kind in connect4 connect6 sendmsg4 sendmsg6 egress; do
		[[ " $* " == *" $kind "* ]] || off+=("$kind")
	done
	run "$layers" off "$cgroup" "${off[@]}"
	expect_status 0
	in_net "$(pid_of)" 'ip rule flush; ip rule add lookup main pref 32766; ip -6 rule flush
		ip -6 rule add lookup main pref 32766; true'
}

test_connect_is_refused_by_itself() {
	guarded_with connect4 connect6
	inside_tries tcp "$service" "$service6" ::ffff:"$service"
	expect_all_refused
	inside_tries udp "$service" "$service6" ::ffff:"$service"
	expect_all_refused
	inside_tries udp-sendto "$service"
	expect_each reached
}

test_datagrams_are_refused_by_themselves() {
	guarded_with sendmsg4 sendmsg6
	inside_tries udp-sendto "$service" "$service6" ::ffff:"$service"
	expect_all_refused
	inside_tries udp-sendmmsg "$service" "$service6" ::ffff:"$service"
	expect_all_refused
	inside_tries tcp "$service"
	expect_each reached
}

# This one may make a client wait, as lost packets do; but nothing arrives.
test_packets_are_stopped_by_themselves() {
	local kind
	guarded_with egress
	for kind in tcp udp udp-sendto fastopen mptcp ping; do
		inside_tries "$kind" "$service" "$service6" "$translated"
		expect_equal "number of attempts" "$(wc -l <<<"$OUT")" 3
		[[ $OUT != *reached* ]] || fail "got through: $OUT"
		layer "$WAY, egress alone"
	done
	expect_unseen "$service" "$service6" "$translated"
	inside_tries tcp "$elsewhere"
	expect_each reached
}

# Without the programs all of it is reached: nothing else hid behind them.
test_nothing_else_guards_where_the_programs_do() {
	guarded_with
	inside_tries all "$service" "$service6"
	without_sockets
	expect_each reached
	inside_tries all "$service"
	OUT=$(grep -E '^(raw|packet)' <<<"$OUT")
	WAY="seccomp and capabilities" expect_all_refused
}

test_no_container_starts_whose_guard_was_taken_away() {
	local layers kind
	needs_cgroup_way
	layers=$(find_helper layers) || skip "$layers"
	for kind in connect4 connect6 sendmsg4 sendmsg6 egress; do
		net_bundle "$kind"
		config '.process.args = ["echo", "started"]'
		create hardened
		run "$layers" off "$(unified_of "$(pid_of)")" "$kind"
		expect_status 0
		hardened start "$ID"
		expect_failure
		expect_error_has guard
		[ ! -s "$T/said" ] || fail "the program ran without $kind: $(cat "$T/said")"
		hardened delete --force "$ID"
	done
}

test_nothing_is_executed_where_the_guard_was_taken_away() {
	local layers kind
	needs_cgroup_way
	layers=$(find_helper layers) || skip "$layers"
	net_bundle
	hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	for kind in egress sendmsg4 sendmsg6 connect6 connect4; do
		run "$layers" off "$(unified_of "$(pid_of)")" "$kind"
		expect_status 0
		hardened exec "$ID" echo started
		expect_failure
		expect_output_lacks started
		hardened delete --force "$ID"
		hardened run --detach --bundle "$BUNDLE" "$ID"
		expect_status 0
	done
}

test_a_program_cannot_take_the_guard_away() {
	net_bundle
	cloud
	create_plug_and_start hardened
	run "$RUNTIME" --root "$T/state" exec --user 0 --cap CAP_NET_ADMIN --cap CAP_SYS_ADMIN "$ID" sh -c '
		ip rule flush
		ip rule add to 169.254.169.254 lookup main pref 0
		ip -6 rule add to fd00:ec2::254 lookup main pref 0
		mkdir /tmp/c && mount -t cgroup2 none /tmp/c && echo 0 >/tmp/c/cgroup.procs'
	exec_tries all "$service" "$service6"
	expect_all_refused
}

# ---- no way to guard ----------------------------------------------------------------------------------

# in_v1 COMMAND...: as on a host that has no cgroup2.
in_v1() {
	local unified
	[ -n "$(findmnt --noheadings --types cgroup)" ] || skip "needs cgroups of v1"
	unified=$(findmnt --noheadings --output TARGET --types cgroup2 | head -n 1)
	if [ -z "$unified" ]; then
		run "$@"
	else
		# shellcheck disable=SC2016 # for the inner shell
		run unshare --mount --propagation private sh -c 'umount "$0" && exec "$@"' "$unified" "$@"
	fi
}

test_a_joined_network_that_nothing_can_guard_is_refused() {
	cloud
	network
	net_bundle
	joins "/proc/$NET/ns/net"
	in_v1 "$RUNTIME" --root "$T/state" --profile hardened run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_output ""
	expect_error_has network
	[[ $ERR == *cgroup* ]] || fail "the sentence does not say what is missing"
	expect_nothing_left
}

test_a_joined_network_that_nothing_can_guard_is_recorded_where_guarding_is_preferred() {
	cloud
	network
	net_bundle
	joins "/proc/$NET/ns/net"
	policy '{"extends": "hardened", "loosens": ["network.guard"], "network": {"guard": "prefer"}}'
	in_v1 "$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	run "$RUNTIME" --root "$T/state" state --format text "$ID"
	[[ $OUT =~ degraded\ +[^$'\n']*network ]] || fail "the state does not say that the network is not guarded"
	# Whose truth this shows.
	exec_tries tcp "$service"
	expect_each reached
}

# The other way to guard, which such a host has for a network of the container's own.
test_the_way_of_routing_guards_where_there_is_no_cgroup2() {
	net_bundle
	cloud
	in_v1 "$RUNTIME" --root "$T/state" --profile hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	plug "$(pid_of)"
	exec_tries all "$service"
	expect_equal guard "$WAY" routing
	expect_all_refused
	exec_tries all "$service6"
	expect_all_refused
	exec_tries tcp "$elsewhere"
	expect_each reached
	expect_unseen "$service" "$service6"
}

test_routing_guards_ipv4_in_ipv6_as_well() {
	[ -e /proc/net/if_inet6 ] || skip "needs IPv6"
	net_bundle
	cloud
	in_v1 "$RUNTIME" --root "$T/state" --profile hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	plug "$(pid_of)"
	exec_tries all ::ffff:"$service" "$compatible" "$translated"
	expect_all_refused
	expect_unseen "$service" "$compatible" "$translated"
}

test_routing_guards_against_source_routes_as_well() {
	net_bundle
	cloud
	in_v1 "$RUNTIME" --root "$T/state" --profile hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	plug "$(pid_of)"
	exec_tries source-route-tcp "$service@$gateway"
	expect_all_refused
	exec_tries source-route-udp "$service@$gateway"
	expect_all_refused
	expect_unseen "$service"
}

user=65534

# as_user VERB [ARG]...: the runtime, as somebody who is not root.
as_user() {
	run setpriv --reuid "$user" --regid "$user" --clear-groups env XDG_RUNTIME_DIR="$T/xdg" "$T/bulwark" "$@"
}

# With an interface chosen the kernel takes an address that routing refuses for a neighbour's, and asks the link for it.
test_routing_guards_against_a_chosen_interface_as_well() {
	net_bundle
	cloud
	in_v1 "$RUNTIME" --root "$T/state" --profile hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	plug "$(pid_of)"
	exec_tries tcp-bound "$service" ::ffff:"$service" "$service6"
	expect_all_refused
	expect_unseen "$service" "$service6"
}

test_the_container_of_somebody_who_is_not_root_is_guarded_by_routing() {
	local pid
	needs setpriv
	setpriv --reuid "$user" --regid "$user" --clear-groups unshare --user --map-root-user true 2>/dev/null ||
		skip "needs user namespaces for everybody"
	net_bundle
	cloud
	install --mode=755 "$RUNTIME" "$T/bulwark"
	mkdir "$T/xdg"
	policy '{"extends": "compat", "network": {"metadata": "block", "guard": "require"}}'
	chmod 755 "$T"
	chmod 644 "$T/policy.json"
	config --argjson user "$user" '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: $user, size: 1}] | .linux.gidMappings = .linux.uidMappings |
		del(.linux.resources) | .mounts |= map(select(.destination != "/sys" and .destination != "/dev/mqueue")) |
		(.mounts[] | select(.type == "devpts").options) -= ["mode=0620"]'
	chown --recursive --no-dereference "$user:$user" "$BUNDLE" "$T/xdg"
	trap 'as_user delete --force "$ID" >/dev/null 2>&1' EXIT
	as_user --policy "$T/policy.json" run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	as_user state "$ID"
	pid=$(jq .pid <<<"$OUT")
	as_user state --format text "$ID"
	WAY=$(sed -n 's/^guard  *//p' <<<"$OUT")
	expect_equal guard "$WAY" routing
	plug "$pid"
	as_user exec "$ID" reach tcp "$elsewhere"
	expect_each reached
	as_user exec "$ID" reach all "$service"
	without_sockets
	expect_all_refused
	as_user exec "$ID" reach all "$service6"
	without_sockets
	expect_all_refused
	expect_unseen "$service" "$service6"
}

# ---- what is seen of it -------------------------------------------------------------------------------

# counted MEMBER: how often the guard of the container has refused such a thing.
counted() {
	"$RUNTIME" --root "$T/state" events --stats "$ID" | jq ".data.guard.$1"
}

test_refusals_are_counted() {
	local connections datagrams
	needs_cgroup_way
	net_bundle
	cloud
	create_plug_and_start hardened
	connections=$(counted connections) datagrams=$(counted datagrams)
	exec_tries tcp "$service" "$service" "$service6" "$elsewhere"
	exec_tries udp-sendto "$service" "$service6" "$elsewhere"
	expect_equal "number of connections" "$(counted connections)" $((connections + 3))
	expect_equal "number of datagrams" "$(counted datagrams)" $((datagrams + 2))
}

test_nothing_of_the_guard_is_left_behind() {
	local layers cgroup
	needs_cgroup_way
	layers=$(find_helper layers) || skip "$layers"
	net_bundle
	hardened run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	cgroup=$(unified_of "$(pid_of)")
	run "$layers" list "$cgroup"
	expect_output $'connect4\nconnect6\nsendmsg4\nsendmsg6\negress'
	# That of nobody else.
	run "$layers" list "$(dirname "$cgroup")"
	expect_output ""
	hardened delete --force "$ID"
	expect_status 0
	expect_nothing_left
}

run_tests
