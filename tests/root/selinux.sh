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
	asks compat 'for v in own host other; do cat /$v/file; done'
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

# ---- contexts of our own ----------------------------------------------------------------------------

# label_image: the rootfs has the labels of profiles/selinux/image.contexts, as setfiles(8) would give them, and a
# dynamic shell. Busybox stands for the program that may be executed.
label_image() {
	local regex context
	cp --dereference --parents /bin/dash /lib64/ld-linux-x86-64.so.2 "$(ldd /bin/dash | awk '/libc\.so/ { print $3 }')" \
		"$ROOTFS"
	while read -r regex context; do
		[ "${regex#/}" != "$regex" ] || continue
		find "$ROOTFS" -regextype posix-extended -regex "$ROOTFS($regex)?" -exec chcon --no-dereference "$context" {} +
	done <"$tests_dir/../profiles/selinux/image.contexts"
	chcon system_u:object_r:bulwark_exec_t:s0 "$ROOTFS/bin/busybox"
}

# own_bundle: no label from the caller; an image that is labelled.
own_bundle() {
	needs_selinux
	(printf %s system_u:system_r:bulwark_t:s0 >/sys/fs/selinux/context) 2>/dev/null || skip "needs profiles/selinux/bulwark.cil"
	bundle
	touch "$T/out" "$T/err"
	chcon system_u:object_r:bulwark_file_t:s0 "$T/out" "$T/err"
	label_image
}

# Without the list of programs, which would refuse before SELinux has a say.
untrusted_policy() {
	policy '{"extends": "untrusted-code", "programs": {"restrict": false}, "loosens": ["programs.restrict"]}'
}

# runs_unlabelled 0|1: whether bulwark_untrusted_t may execute what nobody has labelled for it.
runs_unlabelled() {
	echo "$1" >/sys/fs/selinux/booleans/bulwark_untrusted_runs_unlabelled
	echo 1 >/sys/fs/selinux/commit_pending_bools
}

# level_of PID: of a process in one of our contexts.
level_of() {
	local context
	context=$(tr -d '\0' <"/proc/$1/attr/current")
	[[ $context =~ ^system_u:system_r:bulwark_(untrusted_)?t:(s0:c[0-9]+,c[0-9]+)$ ]] || fail "the context is \"$context\""
	echo "${BASH_REMATCH[2]}"
}

test_without_a_label_a_container_has_ours_everywhere() {
	local pid level path
	own_bundle
	sleeping hardened
	pid=$(pid_of)
	expect_equal "the context" "$(tr -d '\0' <"/proc/$pid/attr/current" | cut -d : -f 1-3)" system_u:system_r:bulwark_t
	level=$(level_of "$pid")
	for path in /dev /dev/shm /dev/pts /dev/mqueue /tmp /run; do
		[[ $(stat --format=%C "/proc/$pid/root$path") =~ ^system_u:object_r:bulwark_(file|native)_t:$level$ ]] ||
			fail "the context of $path is $(stat --format=%C "/proc/$pid/root$path")"
	done
	hardened exec "$ID" sh -c "$label; echo; echo x >/tmp/new; mkfifo /dev/shm/new && cat /tmp/new"
	expect_output "$(printf '%s\nx' "system_u:system_r:bulwark_t:$level")"
	hardened state "$ID"
	expect_output_has "selinux: system_u:system_r:bulwark_t:$level"
}

test_an_encrypted_disk_has_the_label_of_its_container() {
	local pid
	"$RUNTIME" check --json | jq --exit-status '.controls[] | select(.name == "encrypted disk") | .there' >/dev/null ||
		skip "needs dm-crypt"
	own_bundle
	policy '{"extends": "hardened", "workspace": {"size": 8388608, "disk": {"directory": "/var/tmp"}}}'
	sleeping governed
	pid=$(pid_of)
	[[ $(stat --format=%C "/proc/$pid/root/workspace") =~ ^system_u:object_r:bulwark_(file|native)_t:$(level_of "$pid")$ ]] ||
		fail "the context of /workspace is $(stat --format=%C "/proc/$pid/root/workspace")"
	governed exec "$ID" sh -c 'echo x >/workspace/new && cat /workspace/new'
	expect_output x
}

test_a_container_of_ours_cannot_use_files_of_the_host() {
	own_bundle
	volume host
	volume own system_u:object_r:bulwark_file_t:s0
	asks hardened 'for v in host own; do cat /$v/file; echo x >/$v/file; done'
	expect_output content
	expect_error_has "/host/file': Permission denied"
	expect_error_has "/host/file: Permission denied"
	expect_equal "the host's file" "$(cat "$BUNDLE/host/file")" content
	expect_equal "its own file" "$(cat "$BUNDLE/own/file")" x
	asks compat 'echo x >/host/file'
	expect_equal "the host's file without a label" "$(cat "$BUNDLE/host/file")" x
}

test_no_shell_is_executed_from_an_image_that_is_labelled() {
	local attempts='/bin/dash -c "echo shell direct"
		/lib64/ld-linux-x86-64.so.2 /bin/dash -c "echo shell by ld.so"
		cp /bin/dash /bin/busybox /tmp/; /tmp/dash -c "echo shell from tmp"; /tmp/busybox echo program from tmp
		echo end'
	own_bundle
	untrusted_policy
	asks governed "$attempts"
	expect_output end
	expect_equal "refusals" "$(grep -c 'Permission denied' "$T/err")" 4
	# ld.so as a program: what it is to map is no library.
	chcon system_u:object_r:bulwark_exec_t:s0 "$(realpath "$ROOTFS/lib64/ld-linux-x86-64.so.2")"
	asks governed '/lib64/ld-linux-x86-64.so.2 /bin/dash -c "echo shell by ld.so"; echo end'
	expect_output end
	expect_error_has 'failed to map segment'
	# The same image where it is allowed: what is tried works.
	chcon system_u:object_r:bulwark_exec_t:s0 "$(realpath "$ROOTFS/bin/dash")"
	asks governed '/bin/dash -c "echo shell direct"; /lib64/ld-linux-x86-64.so.2 /bin/dash -c "echo shell by ld.so"'
	expect_output $'shell direct\nshell by ld.so'
}

test_tenants_do_not_read_each_others_files() {
	local first second
	own_bundle
	mkdir "$BUNDLE/shared" && chmod 777 "$BUNDLE/shared"
	config --arg source "$BUNDLE/shared" '
		.annotations = {"org.bulwark.tenant": "ann"} |
		.mounts += [{destination: "/shared", type: "bind", source: $source, options: ["bind"]}] |
		.process.args = ["sleep", "300"]'
	jq --null-input '{version: 1, annotations: {tenant: true}}' >"$T/policy.json" && chmod 600 "$T/policy.json"
	governed create --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed start "$ID"
	expect_status 0
	first=$(level_of "$(pid_of)")
	chcon "system_u:object_r:bulwark_file_t:$first" "$BUNDLE/shared"
	governed exec "$ID" sh -c 'echo secret >/shared/file'
	expect_equal "the file" "$(stat --format=%C "$BUNDLE/shared/file")" "system_u:object_r:bulwark_file_t:$first"
	# The same tenant has the same pair, and reads.
	config '.process.args = ["cat", "/shared/file"]'
	governed run --bundle "$BUNDLE" "$ID-too"
	expect_output secret
	# Another has another one.
	config '.annotations["org.bulwark.tenant"] = "bob" | .process.args = ["sh", "-c", "cat /proc/self/attr/current /shared/file; ls /shared"]'
	governed run --bundle "$BUNDLE" "$ID-bob"
	second=$(tr -d '\0' <"$T/out")
	expect_error_has "/shared/file': Permission denied"
	[[ $second == system_u:system_r:bulwark_t:s0:c* ]] || fail "the other tenant has \"$second\""
	[[ $second != *":$first" ]] || fail "both tenants have $first"
	# Nor has he by asking for it: the pair is taken.
	config --arg label "$(context "${first#s0:}")" '.process.selinuxLabel = $label'
	governed run --bundle "$BUNDLE" "$ID-bob"
	expect_failure
	expect_error_has 'selinuxLabel: another tenant or container of this host has these categories'
	governed delete --force "$ID"
	expect_status 0
	[ -z "$(ls -A /run/bulwark/.leases/mcs)" ] || fail "a lease is left: $(ls -A /run/bulwark/.leases/mcs)"
}

test_under_untrusted_code_our_type_has_the_callers_categories() {
	own_bundle
	untrusted_policy
	config --arg process "$(context c1,c2)" --arg file "$(file_context c1,c2)" '
		.process.selinuxLabel = $process | .linux.mountLabel = $file'
	sleeping governed
	expect_equal "the context" "$(tr -d '\0' <"/proc/$(pid_of)/attr/current")" system_u:system_r:bulwark_untrusted_t:s0:c1,c2
	expect_equal "the context of /tmp" "$(stat --format=%C "/proc/$(pid_of)/root/tmp")" system_u:object_r:bulwark_file_t:s0:c1,c2
	governed delete --force "$ID"
	# An image that the engine has labelled for the container alone.
	chcon --recursive "$(file_context c1,c2)" "$ROOTFS"
	asks governed "$label"
	expect_output system_u:system_r:bulwark_untrusted_t:s0:c1,c2
	# Where all images are labelled such a one is none.
	runs_unlabelled 0
	asks governed "$label"
	runs_unlabelled 1
	expect_failure
	expect_output ''
}

test_a_type_that_is_not_loaded_is_degraded_or_no_start() {
	own_bundle
	policy '{"extends": "hardened", "lsm": {"selinuxType": "unheard_of_t"}, "loosens": ["lsm.selinuxType"]}'
	config '.process.args = ["sleep", "300"]'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed state "$ID"
	expect_output_has 'is not valid in the loaded policy; semodule -i bulwark.cil loads ours'
	governed delete --force "$ID"
	policy '{"extends": "hardened", "lsm": {"selinux": "require", "selinuxType": "unheard_of_t"}, "loosens": ["lsm.selinuxType"]}'
	asks governed 'echo started'
	expect_output ''
	expect_refusal 'system_u:system_r:unheard_of_t:s0:c'
}

test_a_type_that_categories_do_not_bind_is_no_start() {
	own_bundle
	policy '{"extends": "hardened", "lsm": {"selinux": "require", "selinuxType": "open_t"}, "loosens": ["lsm.selinuxType"]}'
	asks governed 'echo started'
	expect_output ''
	expect_refusal 'the loaded SELinux policy lets "system_u:system_r:open_t:s0:c'
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
