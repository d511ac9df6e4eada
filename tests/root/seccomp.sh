#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The system call filters: our baseline holds whatever filter the caller asks for, and holds in exec.
. "$(dirname "$0")/bulwark.sh"

# Attempt and the baseline's answer.
baseline() {
	cat <<-'END'
		af_alg EPERM
		af_alg_high EPERM
		af_vsock EPERM
		af_packet EPERM
		sock_packet EPERM
		af_xdp EPERM
		af_key EPERM
		raw_icmp EPERM
		raw_icmp6 EPERM
		netlink_audit EPROTONOSUPPORT
		udp_lite EPROTONOSUPPORT
		tcp_ulp EPERM
		tiocsti EPERM
		tiocsti_high EPERM
		tioclinux EPERM
		io_uring_setup EPERM
		io_uring_enter EPERM
		io_uring_register EPERM
		keyctl EPERM
		add_key EPERM
		request_key EPERM
		bpf EPERM
		perf_event_open EPERM
		userfaultfd EPERM
		mount EPERM
		umount2 EPERM
		pivot_root EPERM
		fsopen EPERM
		fsconfig EPERM
		fsmount EPERM
		fspick EPERM
		open_tree EPERM
		move_mount EPERM
		mount_setattr EPERM
		chroot EPERM
		mknod_char EPERM
		mknod_block EPERM
		ptrace EPERM
		process_vm_readv EPERM
		pidfd_getfd EPERM
		process_madvise EPERM
		kcmp EPERM
		move_pages EPERM
		name_to_handle_at EPERM
		open_by_handle_at EPERM
		unshare_user EPERM
		unshare_net EPERM
		unshare_fs EPERM
		setns EPERM
		clone_newuser EPERM
		clone3 ENOSYS
		personality_aslr EPERM
		finit_module EPERM
		delete_module EPERM
		swapoff EPERM
		reboot EPERM
		acct EPERM
		clock_settime EPERM
		iopl EPERM
		modify_ldt EPERM
		syslog EPERM
		fanotify_init EPERM
	END
	case $(uname -m) in
	x86_64) printf '%s\n' 'i386 SIGSYS' 'x32 SIGSYS' ;;
	esac
}

attempts() {
	baseline | cut -d ' ' -f 1 | paste -sd ' '
}

# expect_baseline: OUT, of the probe, says of each attempt what the baseline answers; absent calls do not count.
expect_baseline() {
	local wrong
	expect_status 0
	wrong=$(diff <(baseline) <(grep -v ' absent$' <<<"$OUT") | sed -n 's/^>/got/p; s/^</expected/p' |
		grep -vwF "$(grep ' absent$' <<<"$OUT" | cut -d ' ' -f 1 || true)" || true)
	[ -z "$wrong" ] || fail "$wrong"
}

all_capabilities() {
	config --argjson caps "$(capsh --decode="$(sed -n 's/^CapBnd:\t//p' /proc/self/status)" |
		sed 's/.*=//' | jq --raw-input 'ascii_upcase | split(",")')" '
		.process.capabilities |= with_entries(.value = $caps)'
}

test_the_baseline_answers_every_call_that_it_names() {
	probe_bundle
	asks hardened "probe try $(attempts)"
	expect_baseline
}

# The same attempts with every capability: not one of them gets the baseline's answer, so it is the filter that
# gives it above, and neither the kernel nor a missing capability.
test_without_the_baseline_no_attempt_gets_its_answer() {
	local same
	needs capsh
	probe_bundle
	all_capabilities
	asks compat "probe try $(attempts)"
	expect_status 0
	same=$(comm -12 <(baseline | sort) <(sort <<<"$OUT"))
	# What this kernel does not have, or refuses by itself, says nothing about the filter.
	same=$(grep -vE '^(clone3|i386|x32) ' <<<"$same" || true)
	[ -z "$same" ] || fail "the kernel itself answers as the filter would: $same"
}

test_ordinary_calls_pass_the_baseline() {
	probe_bundle
	asks hardened 'probe try af_unix af_inet netlink_route personality_linux inotify_init1 memfd_create'
	expect_status 0
	expect_output_lacks E
	expect_line 'af_unix ok'
	expect_line 'memfd_create ok'
}

test_a_number_beyond_every_table_is_answered_enosys() {
	probe_bundle
	asks hardened 'probe try unknown'
	expect_output 'unknown ENOSYS'
}

test_the_baseline_holds_beside_a_filter_of_the_caller_that_allows_everything() {
	probe_bundle
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}'
	asks hardened "probe try $(attempts)"
	expect_baseline
}

test_the_baseline_holds_beside_the_profile_of_docker() {
	probe_bundle
	config --slurpfile docker "$tests_dir/data/configs/docker-default.json" '
		.linux.seccomp = $docker[0].linux.seccomp'
	asks hardened "probe try $(attempts)"
	expect_status 0
	# Docker's filter has answers of its own; the stricter of two wins, and none of them lets a call pass.
	expect_output_lacks ' ok'
	expect_line 'af_alg EPERM'
	expect_line 'af_vsock EPERM'
	expect_line 'ptrace EPERM'
	[ "$(uname -m)" != x86_64 ] || expect_line 'i386 SIGSYS'
	asks compat 'probe try ptrace af_packet'
	expect_line 'ptrace ok'
}

test_a_foreign_call_is_answered_by_docker_s_profile_alone_in_compat() {
	[ "$(uname -m)" = x86_64 ] || skip "needs x86-64, which has a gate for i386"
	probe_bundle
	config --slurpfile docker "$tests_dir/data/configs/docker-default.json" '
		.linux.seccomp = $docker[0].linux.seccomp'
	asks compat 'probe try i386'
	expect_no_line 'i386 SIGSYS'
}

test_the_filter_of_the_caller_holds_beside_the_baseline() {
	probe_bundle
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["memfd_create"], action: "SCMP_ACT_ERRNO", errnoRet: 6}]}'
	asks hardened 'probe try memfd_create inotify_init1 ptrace'
	expect_output "$(printf 'memfd_create ENXIO\ninotify_init1 ok\nptrace EPERM')"
	config 'del(.linux.seccomp)'
	asks hardened 'probe try memfd_create'
	expect_output 'memfd_create ok'
}

test_the_baseline_holds_in_exec() {
	probe_bundle
	sleeping hardened
	# The profile on the command line of exec does not matter: the decision was made at create.
	# shellcheck disable=SC2046
	compat exec "$ID" probe try $(attempts)
	expect_baseline
}

test_a_family_that_the_policy_allows_is_open_and_no_other() {
	probe_bundle
	policy '{"extends": "hardened", "loosens": ["seccomp.allow"], "seccomp": {"allow": ["ptrace"]}}'
	asks governed 'probe try ptrace kcmp keyctl af_alg'
	expect_status 0
	expect_line 'ptrace ok'
	expect_line 'keyctl EPERM'
	expect_line 'af_alg EPERM'
}

test_status_of_the_program_says_that_it_is_filtered() {
	bundle
	asks hardened 'cat /proc/self/status'
	expect_line "$(printf 'Seccomp:\t2')"
	asks compat 'cat /proc/self/status'
	expect_line "$(printf 'Seccomp:\t0')"
}

# runc and crun switch the mitigation off where the caller's filter has no flags.
test_a_filter_leaves_the_mitigation_of_speculative_store_bypass_on() {
	grep --quiet seccomp /sys/devices/system/cpu/vulnerabilities/spec_store_bypass ||
		skip "needs a kernel that ties the mitigation of speculative store bypass to filters"
	bundle
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}'
	asks hardened 'cat /proc/self/status'
	expect_line "$(printf 'Speculation_Store_Bypass:\tthread force mitigated')"
	asks compat 'cat /proc/self/status'
	expect_line "$(printf 'Speculation_Store_Bypass:\tthread vulnerable')"
}

# Without no_new_privs the filter is loaded while there is still work of ours to do.
test_a_filter_that_knows_no_new_calls_does_not_stop_us() {
	local call
	bundle
	for call in close_range fsopen fsconfig fspick openat2 open_tree move_mount mount_setattr clone3 faccessat2; do
		config --arg call "$call" '.linux.seccomp.defaultAction = "SCMP_ACT_ALLOW"
			| .linux.seccomp.syscalls += [{names: [$call], action: "SCMP_ACT_ERRNO", errnoRet: 38}]'
	done
	config '.process.noNewPrivileges = false | .process.cwd = "/tmp" | .process.env = ["PATH=/bin"]
		| .hooks.startContainer = [{path: "/bin/true"}]'
	# shellcheck disable=SC2016
	script_args 'echo "$HOME $PWD"; ls /proc/self/fd | wc -l'
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_output "$(printf '/ /tmp\n4')"
	config '.process.noNewPrivileges = true'
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

run_tests
