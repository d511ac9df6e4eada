#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Hidden and read-only files of the kernel and of the image.
. "$(dirname "$0")/bulwark.sh"

no_paths() {
	config '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
}

test_a_hidden_file_is_empty_and_stays_so() {
	bundle
	no_paths
	asks hardened 'wc -c </proc/interrupts; echo 1 >/proc/interrupts; wc -c </proc/interrupts'
	expect_output $'0\n0'
	asks compat 'wc -c </proc/interrupts'
	[ "$OUT" -gt 0 ] || fail "/proc/interrupts is empty in compat, too"
	[ "$(wc -c </proc/interrupts)" -gt 0 ] || fail "/proc/interrupts of the host is empty"
}

test_a_hidden_directory_is_empty_and_read_only() {
	bundle
	no_paths
	[ -d /sys/firmware ] || skip "needs /sys/firmware"
	asks hardened 'ls -A /sys/firmware | wc -l; mkdir /sys/firmware/new'
	expect_failure
	expect_output 0
	expect_error_has 'Read-only file system'
	asks compat 'ls -A /sys/firmware | wc -l'
	[ "$OUT" != 0 ] || [ -z "$(ls -A /sys/firmware)" ] || fail "/sys/firmware is empty in compat, too"
}

# What the profile adds holds whatever the caller leaves out; the caller's own masks hold besides.
test_masks_of_the_profile_and_of_the_caller_add_up() {
	bundle
	echo secret >"$ROOTFS/etc/secret"
	mkdir "$ROOTFS/etc/secrets"
	echo secret >"$ROOTFS/etc/secrets/one"
	config '.linux.maskedPaths = ["/etc/secret", "/etc/secrets", "/etc/nothing-there"]'
	asks hardened 'cat /etc/secret; ls -A /etc/secrets; wc -c </proc/timer_list'
	expect_output 0
	asks compat 'cat /etc/secret; ls -A /etc/secrets'
	expect_output ""
	no_paths
	asks compat 'cat /etc/secret; ls -A /etc/secrets'
	expect_output $'secret\none'
}

test_a_mask_cannot_be_taken_away_even_by_root() {
	bundle
	config '.process.capabilities.bounding = ["CAP_DAC_OVERRIDE"]'
	asks compat 'umount /proc/timer_list'
	expect_failure
	asks compat 'rm /proc/timer_list'
	expect_failure
}

test_all_masked_directories_are_one_file_system() {
	bundle
	mkdir "$ROOTFS"/etc/{a,b}
	config '.linux.maskedPaths = ["/etc/a", "/etc/b", "/sys/firmware"]'
	asks compat 'stat -c %d /etc/a /etc/b'
	expect_equal "number of devices" "$(sort -u <<<"$OUT" | wc -l)" 1
}

test_a_path_that_is_masked_twice_is_mounted_once() {
	bundle
	mkdir "$ROOTFS/etc/secrets"
	config '.linux.maskedPaths += ["/proc/timer_list", "/proc//timer_list", "/etc/../proc/./timer_list", "/etc/secrets", "/etc/secrets/"]'
	asks compat 'grep -c " /proc/timer_list " /proc/self/mountinfo; grep -c " /etc/secrets " /proc/self/mountinfo'
	expect_output $'1\n1'
	asks hardened 'grep -c " /proc/timer_list " /proc/self/mountinfo; grep -c " /etc/secrets " /proc/self/mountinfo'
	expect_output $'1\n1'
}

test_a_masked_file_cannot_be_removed_or_uncovered() {
	bundle
	echo secret >"$ROOTFS/etc/secret"
	config '.linux.maskedPaths = ["/etc/secret"] | .root.readonly = true'
	asks compat 'cat /etc/secret; rm /etc/secret; umount /etc/secret'
	expect_failure
	expect_output ""
	expect_error_has 'Read-only file system'
	expect_error_has 'Operation not permitted'
}

# Who can put a link where a mask is to be would have it put elsewhere.
test_a_link_in_the_place_of_proc_or_sys_is_no_start() {
	local name
	bundle
	mkdir "$ROOTFS/other"
	for name in proc sys; do
		rmdir "$ROOTFS/$name"
		for target in /other nowhere; do
			ln -s "$target" "$ROOTFS/$name"
			for profile in compat hardened; do
				"$profile" run --bundle "$BUNDLE" "$ID"
				expect_refusal "to rootfs at \"/$name\": filesystem \""
				expect_error_has 'must be mounted on ordinary directory'
			done
			rm "$ROOTFS/$name"
		done
		mkdir "$ROOTFS/$name"
	done
	expect_empty_directory "$ROOTFS/other"
	[ ! -e "$ROOTFS/nowhere" ] || fail "the target of the link was made"
}

test_kernel_parameters_are_read_only_whatever_the_caller_leaves_out() {
	bundle
	no_paths
	asks hardened 'cat /proc/self/mountinfo'
	for path in /proc/sys /proc/bus /proc/irq /proc/fs; do
		[[ $(awk -v p="$path" '$5 == p { print $6 }' <<<"$OUT") == ro,* ]] || fail "$path is not read-only"
	done
	asks compat 'cat /proc/self/mountinfo'
	expect_output_lacks ' /proc/sys ro'
}

# As root in compat, so that only the mount is in the way.
test_a_read_only_path_cannot_be_written_to_by_root() {
	bundle
	config '.linux.readonlyPaths = ["/proc/sys", "/etc/fixed"]'
	echo before >"$ROOTFS/etc/fixed"
	asks compat 'echo after >/etc/fixed; echo other >/proc/sys/kernel/domainname; cat /etc/fixed'
	expect_output before
	expect_equal "number of refusals" "$(grep -c 'Read-only file system' <<<"$ERR")" 2
	no_paths
	asks compat 'echo after >/etc/fixed; echo other >/proc/sys/kernel/domainname && cat /proc/sys/kernel/domainname'
	expect_output other
	expect_equal "the file" "$(cat "$ROOTFS/etc/fixed")" after
}

test_untrusted_code_does_not_see_the_kernel_s_symbols_and_modules() {
	bundle
	asks shelled 'cat /proc/kallsyms | wc -c; ls -A /sys/kernel | wc -l; ls -A /sys/module | wc -l'
	expect_output $'0\n0\n0'
	asks hardened 'ls -A /sys/module | wc -l'
	[ "$OUT" != 0 ] || fail "/sys/module is empty in hardened, too"
}

run_tests
