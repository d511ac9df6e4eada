# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh machine to a build: the only list of Debian packages that building, testing and showing
# bulwark need, and how they get there.  For ./quickstart and ./run-tests.
# shellcheck disable=SC2034
build_packages=(autoconf automake gcc libc6-dev make pkgconf
	libapparmor-dev libc-ares-dev libcap-dev libseccomp-dev libselinux1-dev libsystemd-dev libyajl-dev)
# What ./quickstart puts into the container and around it.
demo_packages=(iproute2 jq libpython3-stdlib procps python3 python3-minimal util-linux)
test_packages=(apparmor busybox-static check clang clang-tidy cppcheck criu dbus-daemon fish git groff mandoc nftables openssl
	shellcheck strace uidmap)
# The engines, for tests/engines. What they only recommend they find missing, so that is named here.
test_packages+=(aardvark-dns bsdutils buildah conmon containerd containernetworking-plugins docker.io
	golang-github-containers-common iptables netavark podman python3-grpcio runc runsc tini)
# Debian 13 has Docker's command line, and the one of BuildKit, in packages of their own.
[ "$(sed -n 's/^VERSION_ID="\{0,1\}\([0-9]*\).*/\1/p' /etc/os-release)" != 13 ] ||
	test_packages+=(docker-buildx docker-cli)
# What tests/root/egress.sh installs packages by, and makes the certificates of its registries with.
test_packages+=(iproute2 openssl python3 python3-pip)
# What tests/rules/selinux-module.sh compiles the module with.
test_packages+=(secilc)
# What reads the texts about metrics: tests/common/metrics_check.py. promtool is in prometheus.
test_packages+=(prometheus python3-jsonschema python3-prometheus-client)
# Python's own tests, which tests/root/python-node.sh runs under the filter.
case $(sed -n 's/^VERSION_ID="\{0,1\}\([0-9]*\).*/\1/p' /etc/os-release) in
12) test_packages+=(libpython3.11-testsuite) ;;
13) test_packages+=(libpython3.13-testsuite) ;;
esac
# Other packages of Node have npm in them, and cannot be installed beside Debian's.
command -v npm >/dev/null || test_packages+=(npm)
# For the machine that tests/guest makes and boots.
guest_packages=(busybox-static cpio e2fsprogs mmdebstrap qemu-system-x86 xz-utils)

missing_packages() {
	local package
	for package; do
		[ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			echo "$package"
	done
}

# install_missing PACKAGE...: installs what is not there yet; needs root only if something is missing.
install_missing() {
	local missing
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ]; then
		echo "these packages are missing and only root can install them: ${missing[*]}" >&2
		return 1
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update --quiet=2 &&
		without_services apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}"
}

# without_services COMMAND...: no package starts its daemon meanwhile; the tests start what they need, in namespaces.
without_services() {
	local policy=/usr/sbin/policy-rc.d status=0
	[ ! -e "$policy" ] || policy=
	[ -z "$policy" ] || install --mode=755 /dev/stdin "$policy" <<<$'#!/bin/sh\nexit 101'
	"$@" || status=$?
	[ -z "$policy" ] || rm "$policy"
	return "$status"
}

# bootstrap TOP: makes configure where it is missing or older than what it is made from.
bootstrap() {
	cd "$1" || return
	if [ configure -ot configure.ac ] || [ Makefile.in -ot Makefile.am ]; then
		autoreconf --force --install
	fi
}
