# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# AppArmor profiles that are there until a case ends.
# shellcheck disable=SC2154 # lib.sh sets them

# Whether this kernel has AppArmor in force.
is_active() {
	[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]
}

loaded=()
unload() {
	local name
	for name in $(printf '%s\n' "${loaded[@]}" | sort -u); do
		echo "profile $name {}" | apparmor_parser --remove
	done
}

# load_own NAME [OPTION]: the profile of ours, as it is installed.
load_own() {
	local file=$top_dir/profiles/apparmor/$1
	[ -e "$file" ] || {
		"$top_dir/profiles/apparmor/native.sh" >"$T/$1"
		file=$T/$1
	}
	apparmor_parser --replace --skip-cache "${@:2}" "$file"
	loaded+=("$1")
	trap unload EXIT
}
