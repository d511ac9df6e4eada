#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# AppArmor: the profile that was asked for is entered with the program, by exec too; where there is none of that name,
# or no AppArmor, nothing starts.
. "$(dirname "$0")/bulwark.sh"

is_active() {
	[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]
}

needs_apparmor() {
	is_active || skip "needs a kernel with AppArmor"
	needs apparmor_parser
	bundle
	config '.process.apparmorProfile = "unheard-of"'
	compat run --bundle "$BUNDLE" "$ID"
	[[ $ERR != *"running "*bulwark-label* ]] || skip "needs bulwark-label where it gets installed"
	rm -r "$BUNDLE"
}

# load NAME [FLAG]: a profile that allows everything but one file; it is there until the case ends.
load() {
	local flags="attach_disconnected,mediate_deleted${2:+,$2}"
	apparmor_parser --replace --skip-cache <<-END
		profile $1 flags=($flags) {
			file, capability, network, mount, umount, pivot_root, signal, ptrace, unix,
			deny /tmp/denied w,
		}
	END
	loaded+=("$1")
	trap unload EXIT
}

loaded=()
unload() {
	local name
	for name in "${loaded[@]}"; do
		echo "profile $name {}" | apparmor_parser --remove
	done
}

# confined_bundle: what the cases run, in profile $ID.
confined_bundle() {
	needs_apparmor
	bundle
	load "$ID"
	config --arg profile "$ID" '.process.apparmorProfile = $profile'
}

label='cat /proc/self/attr/current'

test_the_program_runs_in_the_profile_that_was_asked_for() {
	local profile
	confined_bundle
	for profile in compat hardened; do
		asks "$profile" "$label"
		expect_output "$ID (enforce)"
	done
	config 'del(.process.apparmorProfile)'
	asks compat "$label"
	expect_output unconfined
}

test_what_the_profile_denies_is_denied() {
	confined_bundle
	asks hardened 'echo x >/tmp/allowed && echo allowed; echo x >/tmp/denied && echo denied'
	expect_output allowed
	expect_error_has '/tmp/denied: Permission denied'
	config 'del(.process.apparmorProfile)'
	asks hardened 'echo x >/tmp/allowed && echo allowed; echo x >/tmp/denied && echo denied'
	expect_output $'allowed\ndenied'
}

test_exec_is_in_the_profile_of_the_container() {
	confined_bundle
	sleeping hardened
	hardened exec "$ID" sh -c "$label; echo x >/tmp/denied"
	expect_output "$ID (enforce)"
	expect_error_has '/tmp/denied: Permission denied'
}

test_exec_cannot_leave_the_profile() {
	confined_bundle
	load "$ID-other"
	sleeping hardened
	hardened exec --apparmor unconfined "$ID" sh -c "$label"
	expect_output "$ID (enforce)"
	hardened exec --apparmor "$ID-other" "$ID" sh -c "$label"
	expect_output "$ID (enforce)"
	compat delete --force "$ID"
	sleeping compat
	compat exec --apparmor "$ID-other" "$ID" sh -c "$label"
	expect_output "$ID-other (enforce)"
}

test_a_profile_that_is_not_loaded_is_no_start() {
	local profile
	confined_bundle
	config --arg profile "$ID-gone" '.process.apparmorProfile = $profile'
	for profile in compat hardened; do
		asks "$profile" 'echo started'
		expect_output_lacks started
		expect_refusal "AppArmor profile \"$ID-gone\" is not loaded"
	done
}

test_a_profile_that_only_complains_is_no_start_where_the_policy_requires_one() {
	confined_bundle
	load "$ID-weak" complain
	config --arg profile "$ID-weak" '.process.apparmorProfile = $profile'
	asks compat "$label"
	expect_output "$ID-weak (complain)"
	policy '{"extends": "hardened", "lsm": {"apparmor": "require"}}'
	asks governed "$label"
	expect_output ''
	expect_refusal "AppArmor profile \"$ID-weak\" is not in enforce mode"
}

test_the_own_profile_is_entered_where_the_caller_names_none() {
	needs_apparmor
	! grep --quiet '^bulwark-default ' /sys/kernel/security/apparmor/profiles || skip "this host has bulwark-default"
	policy '{"extends": "hardened", "lsm": {"apparmor": "require"}}'
	bundle
	asks governed "$label"
	expect_output ''
	expect_refusal 'AppArmor profile "bulwark-default" is not loaded'
	asks hardened "$label"
	expect_output unconfined
	load bulwark-default
	asks governed "$label"
	expect_output 'bulwark-default (enforce)'
	config '.process.apparmorProfile = "unconfined"'
	asks hardened "$label"
	expect_output 'bulwark-default (enforce)'
	asks compat "$label"
	expect_output unconfined
}

test_a_kernel_without_it_is_no_start_where_it_is_asked_for() {
	! is_active || skip "this kernel has AppArmor"
	bundle
	policy '{"extends": "hardened", "lsm": {"apparmor": "require"}}'
	asks governed 'echo started'
	expect_output ''
	expect_refusal 'the policy wants AppArmor but this kernel has none'
	config '.process.apparmorProfile = "anything"'
	asks compat 'echo started'
	expect_output ''
	expect_refusal 'apparmorProfile "anything" requested but this kernel has no AppArmor'
	config 'del(.process.apparmorProfile)'
	asks hardened 'echo started'
	expect_output started
}

run_tests
