#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The SELinux module is what secilc takes, whatever names the host's policy has; it lets nothing be executed that it says
# it does not; and the labels for images make programs of what profile untrusted-code lists, and of nothing else.
# shellcheck disable=SC2154 # run() sets them
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
top=$(dirname "$(dirname "$here")")
module=$top/profiles/selinux/bulwark.cil
contexts=$top/profiles/selinux/image.contexts
PATH=$PATH:/usr/sbin:/sbin

# ---- the module -------------------------------------------------------------------------------------

# compiles FILE...: with the guest's policy, which has little that an optional rule could name.
compiles() {
	run secilc --mls true --policyvers 33 --filecontexts /dev/null --output /dev/null "$scratch/policy.cil" "$@"
}

# What must not be in it, however the rules change. Each line is a property.
properties='
(neverallow bulwark_untrusted_t bulwark_file_t (file (execute execute_no_trans entrypoint)))
(neverallow bulwark_untrusted_t bulwark_native_t (file (execute_no_trans entrypoint)))
(neverallow bulwark_untrusted_t bulwark_ro_file_t (file (execute execute_no_trans entrypoint)))
(neverallow bulwark_untrusted_t bulwark_lib_t (file (execute_no_trans entrypoint)))
(neverallow bulwark_domain bulwark_lib_t (file (write append create setattr unlink link rename relabelto)))
(neverallow bulwark_domain bulwark_exec_t (file (write append create setattr unlink link rename relabelto)))
(neverallow bulwark_domain bulwark_ro_file_t (file (write append create setattr unlink link rename relabelto)))
(neverallow bulwark_domain file_t (file (read write append create open execute map)))
(neverallow bulwark_domain proc_t (file (write append create setattr)))
(neverallow bulwark_domain file_type (file (relabelfrom relabelto mounton execmod)))
(neverallow bulwark_domain domain (process (setexec setcurrent dyntransition ptrace setfscreate setkeycreate)))
(neverallow bulwark_domain init_t (file (read write append open)))'

if command -v secilc >/dev/null; then
	"$top/tests/guest/selinux-policy" >"$scratch/policy.cil"
	compiles "$module"
	is "secilc takes the module" "$status" 0
	echo "$properties" >"$scratch/properties.cil"
	compiles "$module" "$scratch/properties.cil"
	is "the module has the properties that it should have" "$status" 0
	while read -r property; do
		# The same permission as a rule: the property must notice.
		[ "$property" ] || continue
		echo "(allow${property#(neverallow}" >"$scratch/hole.cil"
		compiles "$module" "$scratch/properties.cil" "$scratch/hole.cil"
		check "a hole is found: $property" [ "$status" != 0 ]
	done <<<"$properties"
else
	skip "secilc takes the module" "needs secilc"
fi

# ---- the labels for images --------------------------------------------------------------------------

# type_of PATH: of the last line that matches, as with setfiles(8).
type_of() {
	local regex context type=none
	while read -r regex context; do
		[[ $regex != /* || ! $1 =~ ^$regex$ ]] || type=$(cut -d : -f 3 <<<"$context")
	done <"$contexts"
	echo "$type"
}

# patterns ROW: of programs.ROW in the built-in profile, each '*' become "3".
patterns() {
	sed -n "/\"$1\": \[/,/\]/p" "$top/profiles/untrusted-code.json" | grep -o '"/[^"]*"' | tr -d '"' | tr '*' 3
}

wrong=$(patterns allow | while read -r path; do
	case $path in
	# Mounted by the engine, with a label of its own.
	/dev/init | /run/podman-init) ;;
	*) [ "$(type_of "$path")" = bulwark_exec_t ] || echo "$path" ;;
	esac
done)
is "the listed programs have the label of programs" "$wrong" ""
wrong=$(patterns libraries | while read -r path; do
	[ "$(type_of "$path/x/libx.so.1")" = bulwark_lib_t ] || echo "$path"
done)
is "the listed libraries have the label of libraries" "$wrong" ""
for path in / /bin/sh /usr/bin/bash /bin/busybox /usr/bin/perl /usr/local/bin/envsubst /opt/tool/python3 /etc/passwd; do
	is "$path has neither" "$(type_of "$path")" bulwark_ro_file_t
done
is "the loader is a library" "$(type_of /lib64/ld-linux-x86-64.so.2)" bulwark_lib_t
finish
