# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# For the scripts that stop, count or sweep all containers of the host: for them the host has none but theirs, and what
# bulwark keeps across restarts lies on a file system of their own. Source it first.
#
#	. "$(dirname "$0")/stopped.sh"
if [ "$(id -u)" = 0 ] && [ -z "${BULWARK_TEST_OWN_HOST:-}" ]; then
	BULWARK_TEST_OWN_HOST=1 exec unshare --mount --propagation private -- "$0" "$@"
fi
. "$(dirname "${BASH_SOURCE[0]}")/bulwark.sh"

# Where the file of a stopped tenant is, as the program has it.
STOPPED=$(grep --text --only-matching --max-count 1 "/[[:graph:]]*/lib/bulwark/stopped" "$RUNTIME" | head -n 1)
[ -n "$STOPPED" ] || fail "where are the files of the kill switch?"

# own_directory DIRECTORY: it is empty, and this script's alone; made where there is none, without a trace outside.
own_directory() {
	local top=$1 layers=$work/layers-${1//\//-}
	while [ ! -d "$top" ]; do top=$(dirname "$top"); done
	if [ "$top" != "$1" ]; then
		mkdir "$layers"
		mount -t tmpfs tmpfs "$layers"
		mkdir "$layers/upper" "$layers/work"
		mount -t overlay -o "lowerdir=$top,upperdir=$layers/upper,workdir=$layers/work" overlay "$top" ||
			skip "needs overlay mounts"
		umount --lazy "$layers"
		rmdir "$layers"
		mkdir -p "$1"
	fi
	mount -t tmpfs -o mode=755 tmpfs "$1"
}
# Whoever runs bulwark as root has this one.
[ -d /run/bulwark ] || mkdir -m 700 /run/bulwark
own_directory /run/bulwark
chmod 700 /run/bulwark
own_directory "${STOPPED%/stopped}"
# The audit trail of who threw the switch, too.
own_directory "${STOPPED%/lib/bulwark/stopped}/log/bulwark"
# For the scripts.
# shellcheck disable=SC2034
TRAIL=${STOPPED%/lib/bulwark/stopped}/log/bulwark/audit.jsonl

# named [JQ FILTER]: `governed` runs by a policy that hears names, on top of hardened; FILTER changes it.
named() {
	rm -f "$T/policy.json"
	jq --null-input '{version: 1, default: "hardened", annotations: {tenant: true, session: true}} | '"${1:-.}" >"$T/policy.json"
	chmod 600 "$T/policy.json"
}

# of TENANT [SESSION]: the bundle's container is theirs.
of() {
	config --arg tenant "$1" --arg session "${2:-}" '.annotations["org.bulwark.tenant"] = $tenant |
		if $session == "" then . else .annotations["org.bulwark.session"] = $session end'
}

# throw [ARG]...: bulwark kill-switch.
throw() {
	run "$RUNTIME" kill-switch "$@"
}
