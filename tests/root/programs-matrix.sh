#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# "Only Python and Node": every way to run something else (attempts.py) against every layer, each alone and all
# together.  A layer that lets through what the table says it stops is a hole; one that stops more makes the table, and
# SECURITY.md with it, wrong.
[ -n "${BULWARK_TEST_INSIDE:-}" ] || BULWARK_TEST_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
. "$(dirname "$0")/bulwark.sh"
. "$(dirname "$0")/interpreters.sh"
. "$(dirname "$0")/own-profiles.sh"
needs_beside bulwark-witness

# x: executed; -: denied; .: cannot be tried there.
# "all" is the profile untrusted-code as it is, but for AppArmor and SELinux where there are none; "native" is the
# same with workspace.exec.  m: denied where the kernel has PR_SET_MDWE (Linux 6.3).  a: denied where it has AppArmor.
matrix() {
	cat <<-'END'
		attempt                none noexec memfd seccomp landlock apparmor mdwe witness all native
		python                 x    x      x     x       x        x        x    x       x   x
		proc_self_exe          x    x      x     x       x        x        x    x       x   x
		shell                  x    -      x     x       -        -        x    -       -   -
		shell_by_loader        x    -      x     x       x        -        x    -       -   -
		shell_by_root_link     x    -      x     x       -        -        x    x       -   -
		shell_by_descriptor    x    -      x     -       -        -        x    -       -   -
		shell_by_symlink       x    -      x     x       -        -        x    -       -   -
		copy_in_tmp            x    -      x     x       -        -        x    -       -   -
		copy_in_tmp_by_loader  x    -      x     x       x        -        x    -       -   -
		copy_without_name      x    -      x     x       -        -        x    -       -   -
		script_of_shell        x    -      x     x       -        -        x    -       -   -
		script_of_python       x    -      x     x       -        -        x    -       -   -
		memfd_fexecve          x    x      -     -       x        -        x    -       -   -
		memfd_by_proc          x    x      -     -       x        -        x    -       -   -
		memfd_static           x    x      -     -       x        -        x    -       -   -
		memfd_by_loader        x    x      x     -       x        -        x    -       -   -
		hidden_in_library      x    x      x     x       -        -        x    -       -   -
		hidden_by_loader       x    x      x     x       x        -        x    -       -   -
		copy_in_workspace      .    .      .     .       .        .        .    .       -   -
		map_shell              x    -      x     x       x        -        x    x       -   -
		module_in_tmp          x    -      x     x       x        -        x    x       -   -
		module_in_workspace    .    .      .     .       .        .        .    .       -   x
		written_memory         x    x      x     x       x        x        -    x       m   m
	END
}

# column NAME: "ATTEMPT x" lines of one layer, without what cannot be tried.
column() {
	local mdwe=x apparmor=x
	! has_mdwe || mdwe=-
	! has_apparmor || apparmor=-
	matrix | awk -v name="$1" -v mdwe="$mdwe" -v apparmor="$apparmor" '
	NR == 1 { for (i = 2; i <= NF; i++) if ($i == name) at = i; next }
	$at == "m" { $at = mdwe }
	$at == "a" { $at = apparmor }
	$at != "." { print $1, $at }'
}

has_mdwe() {
	"$RUNTIME" check | grep --quiet '^ok *memory'
}

has_apparmor() {
	is_active && command -v apparmor_parser >/dev/null
}

# Where this kernel has AppArmor, its layer is one of all.
load_if_active() {
	! has_apparmor || load_own "$1"
}

# A rootfs with python, a shell that the loader can load, and one that an image's author hid among the libraries.
interpreter_bundle() {
	local dash
	dash=$(readlink -f /bin/sh)
	bundle
	add_python
	add_program "$dash"
	rm "$ROOTFS/bin/sh"
	cp "$dash" "$ROOTFS/bin/sh"
	install -D --mode=755 "$dash" "$ROOTFS/usr/lib/hidden/sh"
	install --mode=644 "$tests_dir/attack/attempts.py" "$ROOTFS/usr/lib/attempts.py"
	config --arg names "$(column "$1" | cut -d ' ' -f 1)" \
		'.process.args = ["/usr/bin/python3", "-I", "/usr/lib/attempts.py"] + ($names / "\n")'
}

# The rows of a profile for one layer.  Without no_new_privs neither Landlock nor a filter can be had.
programs='"allow": ["/usr/bin/python3*"], "libraries": ["/lib*", "/usr/lib*"]'
layer() {
	case $1 in
	none) policy '{"extends": "compat"}' ;;
	noexec) policy "{\"extends\": \"compat\", \"programs\": {$programs, \"noexec\": true}}" ;;
	memfd) policy "{\"extends\": \"compat\", \"programs\": {$programs, \"memfdNoexec\": true}}" ;;
	seccomp) policy '{"extends": "compat", "noNewPrivileges": true, "seccomp": {"baseline": "python-node"}}' ;;
	landlock)
		policy "{\"extends\": \"compat\", \"noNewPrivileges\": true, \"landlock\": \"require\",
			\"programs\": {$programs}}"
		;;
	apparmor)
		policy '{"extends": "compat", "noNewPrivileges": true,
			"lsm": {"apparmor": "require", "apparmorProfile": "bulwark-untrusted"}}'
		;;
	witness) policy "{\"extends\": \"compat\", \"programs\": {$programs, \"events\": \"require\"}}" ;;
	mdwe) policy '{"extends": "compat", "memoryDenyWriteExecute": "on"}' ;;
	all) policy '{"extends": "untrusted-code"}' ;;
	native)
		policy '{"extends": "untrusted-code", "loosens": ["workspace.exec", "lsm.apparmorProfile"],
			"workspace": {"exec": true}, "lsm": {"apparmorProfile": "bulwark-untrusted-native"}}'
		;;
	esac
}

# holds LAYER: every attempt of its column comes out as the table has it.
holds() {
	local expected got
	interpreter_bundle "$1"
	layer "$1"
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expected=$(column "$1")
	got=$(awk '{ print $1, $2 == "executed" ? "x" : "-" }' <<<"$OUT")
	[ "$got" = "$expected" ] || fail "$(diff <(echo "$expected") <(echo "$got"))"
}

test_each_attempt_works_where_nothing_stops_it() {
	holds none
}

test_the_noexec_layout_alone() {
	holds noexec
}

test_memfd_noexec_alone() {
	[ -e /proc/sys/vm/memfd_noexec ] || skip "needs Linux 6.3 for vm.memfd_noexec"
	holds memfd
}

test_the_allow_list_of_system_calls_alone() {
	holds seccomp
}

test_landlock_alone() {
	"$RUNTIME" check | grep --quiet '^ok *landlock' || skip "needs a kernel with Landlock"
	holds landlock
}

test_apparmor_alone() {
	is_active || skip "needs a kernel with AppArmor"
	needs apparmor_parser
	load_own bulwark-untrusted
	holds apparmor
}

test_the_witness_alone() {
	holds witness
}

test_no_memory_both_written_and_executed_alone() {
	has_mdwe || skip "needs Linux 6.3 for PR_SET_MDWE"
	holds mdwe
}

test_all_layers_together() {
	load_if_active bulwark-untrusted
	holds all
}

test_native_modules_from_the_workspace_weaken_nothing_else() {
	load_if_active bulwark-untrusted-native
	holds native
}

run_tests
