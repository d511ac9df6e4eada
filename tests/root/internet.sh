# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A private internet for tests: names, registries with certificates, an attacker, and a host that runs the containers.
#
#	. "$(dirname "$0")/internet.sh"
#	test_pip_installs() {
#		internet
#		tools_bundle
#		program python3 -m pip install ...
#		on_host "$RUNTIME" --root "$T/state" --profile compat run --bundle "$BUNDLE" "$ID"
#	}
#	run_tests
#
# Two namespaces, each with one process of the test, and a veth between them; no link leads to the machine's network:
#
#	INTERNET   internet.py on public addresses of 9.9.0.0/16, on a private one and on that of the metadata service
#	HOST       9.9.9.2, everything else by way of INTERNET; with a resolv.conf of its own
#
# What the internet sees is in $T/internet.log, a line for everything that comes; see internet.py.
. "$(dirname "${BASH_SOURCE[0]}")/bulwark.sh"
. "$(dirname "${BASH_SOURCE[0]}")/interpreters.sh"
needs ip nsenter openssl python3

name_server=9.9.0.53
# For those who source this.
# shellcheck disable=SC2034
registry=9.9.1.1 silent=9.9.1.2 attacker=9.9.6.6 private=10.0.0.5 metadata=169.254.169.254 host_address=9.9.9.2
internet_addresses=("$name_server" "$registry" "$silent" "$attacker" "$private" "$metadata")
python=/usr/bin/python3

# pki: an authority, and certificates for the names of internet.py; once for the script.
pki() {
	local name
	PKI=$work/pki
	[ ! -d "$PKI" ] || return 0
	mkdir "$PKI"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=authority of the test' \
		-addext keyUsage=critical,keyCertSign -keyout "$PKI/ca.key" -out "$PKI/ca.pem" 2>/dev/null
	for name in pypi.example files.pypi.example registry.npm.example neighbour.example evil.example rebound.example; do
		openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
			-keyout "$PKI/$name.key" -out "$PKI/$name.csr" 2>/dev/null
		printf 'subjectAltName=DNS:%s\n' "$name" >"$PKI/ext"
		openssl x509 -req -in "$PKI/$name.csr" -CA "$PKI/ca.pem" -CAkey "$PKI/ca.key" -CAcreateserial -days 29 \
			-extfile "$PKI/ext" -out "$PKI/$name.crt" 2>/dev/null
		cat "$PKI/$name.crt" "$PKI/$name.key" >"$PKI/$name.pem"
	done
}

is_elsewhere() {
	[ "$(readlink "/proc/$1/ns/net" 2>/dev/null)" != "$(readlink /proc/self/ns/net)" ]
}

# in_net PID SCRIPT: with the files of the host, in the network namespace of PID.
in_net() {
	nsenter --target "$1" --net sh -c "$2"
}

# internet: both namespaces; sets INTERNET and HOST.
internet() {
	pki
	# shellcheck disable=SC2016 # for the inner shell
	unshare --net sh -c '
		ip link set lo up
		python=$1 program=$2 pki=$3
		shift 3
		for a; do ip address add $a/32 dev lo; done
		exec "$python" "$program" "$pki"' sh "$python" "$tests_dir/root/internet.py" "$PKI" "${internet_addresses[@]}" \
		>>"$T/internet.log" 2>&1 </dev/null &
	INTERNET=$!
	echo "nameserver $name_server" >"$T/resolv.conf"
	# shellcheck disable=SC2016 # for the inner shell
	unshare --net --mount --propagation private sh -c 'mount --bind "$1" /etc/resolv.conf; ip link set lo up; exec sleep 900' \
		sh "$T/resolv.conf" >/dev/null 2>&1 </dev/null &
	HOST=$!
	ends_with_case "$INTERNET" "$HOST"
	eventually grep --quiet ready "$T/internet.log"
	eventually is_elsewhere "$HOST"
	link "$HOST" uplink 9.9.9.1 "$host_address"
	install_warden
}

# link PID NAME FAR NEAR: a veth from the internet into the network namespace of PID, which leads there by default.
link() {
	ip link add "$2" netns "$INTERNET" type veth peer name eth0 netns "$1"
	in_net "$INTERNET" "ip address add $3/24 dev $2; ip link set $2 up"
	in_net "$1" "ip address add $4/24 dev eth0; ip link set lo up; ip link set eth0 up; ip route add default via $3"
}

# install_warden: the program of the gate is where it would be installed, for that host alone.
install_warden() {
	local built helper top
	built=$(dirname "$RUNTIME")/bulwark-warden
	helper=$(grep --text --only-matching --max-count 1 '/[[:graph:]]*/bulwark-warden' "$RUNTIME" | head -n 1)
	[ -n "$helper" ] && [ -x "$built" ] || return 0
	top=$helper
	while [ ! -d "$top" ]; do top=$(dirname "$top"); done
	mkdir "$T/upper" "$T/overlay"
	# shellcheck disable=SC2016 # for the inner shell
	nsenter --target "$HOST" --mount sh -c '
		mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/overlay" overlay "$1" &&
		mkdir -p "${3%/*}" && install "$4" "$3"' sh "$top" "$T" "$helper" "$built" || skip "needs overlay mounts"
}

# on_host COMMAND [ARG]...: on that host, as `run`.
on_host() {
	run nsenter --target "$HOST" --net --mount "$@"
}

# tools: the rootfs with the interpreters, once for the script; sets TOOLS and NPM.
tools() {
	local ROOTFS
	TOOLS=$work/tools
	ROOTFS=$TOOLS
	if [ ! -d "$TOOLS" ]; then
		cp --archive "$work/template/rootfs" "$TOOLS"
		add_python
		add_pip
		add_node
		add_npm
		echo "$NPM" >"$work/npm"
		mkdir -p "$TOOLS/usr/lib/test" "$TOOLS"/var/tmp "$TOOLS/workspace" "$TOOLS/etc/ssl"
		chmod 1777 "$TOOLS/var/tmp" "$TOOLS/workspace"
		install --mode=644 "$tests_dir/root/egress.py" "$TOOLS/usr/lib/test/egress.py"
		touch "$TOOLS/etc/resolv.conf"
		install --mode=644 "$work/pki/ca.pem" "$TOOLS/etc/ssl/test-ca.pem"
	fi
	NPM=$(<"$work/npm")
}

# tools_bundle [NAME]: a bundle on that rootfs, read-only; sets BUNDLE.  The image brings the authority and how each
# program is told of it.
tools_bundle() {
	pki
	tools
	BUNDLE=$T/${1:-bundle}
	mkdir -p "$BUNDLE"
	default_config >"$BUNDLE/config.json"
	config --arg rootfs "$TOOLS" '
		.root = {path: $rootfs, readonly: true} | .process.cwd = "/tmp" |
		.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "mode=1777"]}] |
		.process.env = ["PATH=/usr/bin:/bin", "HOME=/tmp", "PYTHONDONTWRITEBYTECODE=1"] +
			(["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] | map(. + "=/etc/ssl/test-ca.pem"))'
}

# program ARG...: what the container of the current bundle runs.
program() {
	local args
	args=$(jq --null-input '$ARGS.positional' --args -- "$@")
	config --argjson args "$args" '.process.args = $args'
}

# ---- what the internet saw -----------------------------------------------------------------------------

# expect_internet_saw LINE: a whole line of its log.
expect_internet_saw() {
	grep --quiet --fixed-strings --line-regexp -e "$1" "$T/internet.log" ||
		fail "the internet has not seen \"$1\": $(tail -n 30 "$T/internet.log")"
}

# expect_internet_saw_no PATTERN: an extended regular expression for the start of a line.
expect_internet_saw_no() {
	local seen
	seen=$(grep --extended-regexp "^$1" "$T/internet.log" || true)
	[ -z "$seen" ] || fail "the internet has seen: $seen"
}

# forget: what the internet saw until now does not count.
forget() {
	: >"$T/internet.log"
}
