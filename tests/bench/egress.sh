#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the way through the egress gate costs: against a direct connection and, where tinyproxy is installed, against
# that, in turn in the same run.
#
#	make bench-egress
#
# Three namespaces of its own, as tests/root/warden.sh has them: the container's, the host's, the internet's; no link to
# the machine's network.  TINYPROXY names the program; ROUNDS (default 200) connections each, MEGABYTES (default 200) in
# one of them.  Prints medians, and ratios to the direct way.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "$0")" && pwd)
warden=${BUILDDIR:?}/bulwark-warden
tinyproxy=${TINYPROXY:-$(command -v tinyproxy || true)}
[ "$(id -u)" = 0 ] || { echo "needs root" && exit 77; }
[ -x "$warden" ] || { echo "needs bulwark-warden, which is built with c-ares" && exit 77; }

if [ -z "${BULWARK_BENCH_INSIDE:-}" ]; then
	export BULWARK_BENCH_INSIDE=1
	# A file of the host's must not be what the warden's sandbox or we write to.
	exec unshare --mount --net --pid --fork --kill-child --mount-proc -- "$0" "$@"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=pypi.example \
	-addext subjectAltName=DNS:pypi.example -keyout "$work/key" -out "$work/certificate" 2>/dev/null
cat "$work/key" "$work/certificate" >"$work/server.pem"
ip link set lo up
unshare --net sleep 1000 &
internet=$!
unshare --net sleep 1000 &
container=$!
sleep 0.3
nsenter --target "$container" --net ip link set lo up
ip link add name up0 type veth peer name down0 netns "$internet"
ip address add 9.9.9.1/24 dev up0
ip link set up0 up
ip route add default via 9.9.9.10
nsenter --target "$internet" --net sh -c 'ip link set lo up; ip address add 9.9.9.10/24 dev down0; ip link set down0 up'
# Only the other proxy, and the direct way, need a link out of the container's namespace.
ip link add name inner type veth peer name outer netns "$container"
ip address add 10.7.0.1/24 dev inner
ip link set inner up
nsenter --target "$container" --net sh -c 'ip address add 10.7.0.2/24 dev outer; ip link set outer up
	ip route add default via 10.7.0.1'
nsenter --target "$internet" --net ip route add 10.7.0.0/24 via 9.9.9.1
echo 1 >/proc/sys/net/ipv4/ip_forward

nsenter --target "$internet" --net python3 "$here/egress.py" serve "$work" &
python3 "$here/egress.py" warden "$work" "$warden" "$container" >"$work/answer"
grep -qx ok "$work/answer" || { cat "$work/answer" && exit 1; }
proxy=()
if [ -n "$tinyproxy" ]; then
	printf 'Port 3129\nListen 10.7.0.1\nTimeout 60\nMaxClients 2000\nConnectPort 443\nLogLevel Error\nLogFile "%s/tinyproxy.log"\n' \
		"$work" >"$work/tinyproxy.conf"
	echo "9.9.9.10 pypi.example" >"$work/hosts"
	mount --bind "$work/hosts" /etc/hosts
	"$tinyproxy" -d -c "$work/tinyproxy.conf" &
	proxy=(tinyproxy=10.7.0.1:3129)
	sleep 0.5
fi
nsenter --target "$container" --net python3 "$here/egress.py" measure "$work" "${ROUNDS:-200}" "${MEGABYTES:-200}" \
	direct=9.9.9.10:443 gate=127.0.0.1:3128 "${proxy[@]}"
