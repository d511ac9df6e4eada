#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SELinux: program, mounts and exec have the contexts that were asked for; a context that the loaded policy does not
# have is no start.  The types are those of the distributions' policies for containers.
. "$(dirname "$0")/bulwark.sh"

is_active() {
	[ -e /sys/fs/selinux/enforce ]
}

context() {
	echo "system_u:system_r:container_t:s0:$1"
}

file_context() {
	echo "system_u:object_r:container_file_t:s0:$1"
}

needs_selinux() {
	is_active || skip "needs a kernel with SELinux"
	[ "$(cat /sys/fs/selinux/enforce)" = 1 ] || skip "needs SELinux in enforcing mode"
	(printf %s "$(context c1,c2)" >/sys/fs/selinux/context) 2>/dev/null || skip "needs a policy that knows container_t"
	bundle
	config '.process.selinuxLabel = "not:a:context"'
	compat run --bundle "$BUNDLE" "$ID"
	[[ $ERR != *"running "*bulwark-label* ]] || skip "needs bulwark-label where it gets installed"
	rm -r "$BUNDLE"
}

# labelled_bundle: process, rootfs and mounts in categories c1,c2.
labelled_bundle() {
	needs_selinux
	bundle
	# Streams that the container may not use are closed for it.
	touch "$T/out" "$T/err"
	chcon --recursive "$(file_context c1,c2)" "$ROOTFS" "$T/out" "$T/err"
	config --arg process "$(context c1,c2)" --arg file "$(file_context c1,c2)" '
		.process.selinuxLabel = $process | .linux.mountLabel = $file'
}

# volume NAME [CONTEXT]: a directory of the host with a file in it, at /NAME of the container.
volume() {
	mkdir "$BUNDLE/$1"
	echo content >"$BUNDLE/$1/file"
	chmod -R 777 "$BUNDLE/$1"
	[ $# = 1 ] || chcon --recursive "$2" "$BUNDLE/$1"
	config --arg source "$BUNDLE/$1" --arg at "/$1" '
		.mounts += [{destination: $at, type: "bind", source: $source, options: ["bind"]}]'
}

label='cat /proc/self/attr/current'

test_the_program_has_the_context_that_was_asked_for() {
	local profile
	labelled_bundle
	for profile in compat hardened; do
		asks "$profile" "$label"
		expect_output "$(context c1,c2)"
	done
}

test_file_systems_of_the_container_have_the_mount_label() {
	local pid path
	labelled_bundle
	sleeping compat
	pid=$(pid_of)
	for path in /dev /dev/shm /dev/pts /dev/mqueue; do
		expect_equal "the context of $path" "$(stat --format=%C "/proc/$pid/root$path")" "$(file_context c1,c2)"
	done
	compat exec "$ID" sh -c 'echo x >/dev/shm/new'
	expect_status 0
	expect_equal "the context of a new file" "$(stat --format=%C "/proc/$pid/root/dev/shm/new")" "$(file_context c1,c2)"
}

test_only_files_of_its_own_label_can_be_used() {
	labelled_bundle
	volume host
	volume own "$(file_context c1,c2)"
	volume other "$(file_context c7,c8)"
	asks hardened 'for v in own host other; do cat /$v/file; echo x >/$v/new; done'
	expect_output content
	expect_error_has "/host/file': Permission denied"
	expect_error_has "/other/file': Permission denied"
	[ ! -e "$BUNDLE/host/new" ] || fail "wrote into a directory of the host"
	[ ! -e "$BUNDLE/other/new" ] || fail "wrote into a directory of another container"
	[ -e "$BUNDLE/own/new" ] || fail "wrote nothing into its own directory"
	config 'del(.process.selinuxLabel)'
	asks hardened 'for v in own host other; do cat /$v/file; done'
	expect_output $'content\ncontent\ncontent'
}

test_exec_has_the_context_of_the_container() {
	labelled_bundle
	volume other "$(file_context c7,c8)"
	sleeping hardened
	hardened exec "$ID" sh -c "$label; cat /other/file"
	expect_output "$(context c1,c2)"
	expect_error_has "/other/file': Permission denied"
	hardened exec --process-label "$(context c1,c2,c7,c8)" "$ID" sh -c "$label; cat /other/file"
	expect_output "$(context c1,c2)"
	expect_error_has "/other/file': Permission denied"
}

test_another_container_of_other_categories_cannot_run_the_image() {
	labelled_bundle
	config --arg process "$(context c7,c8)" '.process.selinuxLabel = $process'
	asks compat 'echo started'
	expect_failure
	expect_output_lacks started
}

test_a_context_that_the_policy_does_not_have_is_no_start() {
	local profile
	labelled_bundle
	config '.process.selinuxLabel = "system_u:system_r:unheard_of_t:s0"'
	for profile in compat hardened; do
		asks "$profile" 'echo started'
		expect_output_lacks started
		expect_refusal 'SELinux context "system_u:system_r:unheard_of_t:s0" is not valid in the loaded policy'
	done
}

test_no_context_is_no_start_where_the_policy_requires_one() {
	labelled_bundle
	policy '{"extends": "hardened", "lsm": {"selinux": "require"}}'
	asks governed "$label"
	expect_output "$(context c1,c2)"
	config 'del(.process.selinuxLabel)'
	asks governed "$label"
	expect_output ''
	expect_refusal 'the policy wants SELinux but no selinuxLabel was given'
}

test_a_kernel_without_it_is_no_start_where_it_is_asked_for() {
	! is_active || skip "this kernel has SELinux"
	bundle
	policy '{"extends": "hardened", "lsm": {"selinux": "require"}}'
	asks governed 'echo started'
	expect_output ''
	expect_refusal 'the policy wants SELinux but this kernel has none'
	config --arg process "$(context c1,c2)" '.process.selinuxLabel = $process'
	asks compat 'echo started'
	expect_output ''
	expect_refusal 'selinux is disabled or not supported'
	config 'del(.process.selinuxLabel)'
	asks hardened 'echo started'
	expect_output started
}

run_tests
