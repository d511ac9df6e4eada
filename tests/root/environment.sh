#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The environment: credentials of the cloud do not reach the program, nor a process file of exec.
. "$(dirname "$0")/bulwark.sh"

secrets() {
	config '.process.env += ["AWS_ACCESS_KEY_ID=leak", "AWS_SECRET_ACCESS_KEY=leak", "aws_session_token=leak",
		"GOOGLE_APPLICATION_CREDENTIALS=leak", "AZURE_CLIENT_SECRET=leak", "AZURE_STORAGE_KEY=leak", "HARMLESS=stays"]'
}

test_credentials_of_the_cloud_are_removed() {
	bundle
	secrets
	asks hardened env
	expect_output_lacks leak
	expect_line HARMLESS=stays
	asks compat env
	expect_equal "number of leaks in compat" "$(grep -c =leak <<<"$OUT")" 6
}

test_the_host_does_not_see_them_in_the_program_s_environment_either() {
	bundle
	secrets
	sleeping hardened
	! grep --quiet leak "/proc/$(pid_of)/environ" || fail "a credential is in the environment"
}

test_variables_that_keep_programs_from_the_metadata_service_are_set() {
	bundle
	config '.process.env += ["AWS_EC2_METADATA_DISABLED=false", "AWS_METADATA_SERVICE_TIMEOUT=60"]'
	asks hardened env
	expect_line AWS_EC2_METADATA_DISABLED=true
	expect_line AWS_METADATA_SERVICE_TIMEOUT=1
	expect_line AWS_METADATA_SERVICE_NUM_ATTEMPTS=1
	expect_no_line AWS_EC2_METADATA_DISABLED=false
	asks compat env
	expect_line AWS_EC2_METADATA_DISABLED=false
}

test_untrusted_code_gets_no_tokens_no_passwords_and_no_loader_tricks() {
	bundle
	config '.process.env += ["GITHUB_TOKEN=leak", "NPM_TOKEN=leak", "MY_PASSWORD=leak", "SOME_API_KEY=leak",
		"LD_PRELOAD=leak", "NODE_OPTIONS=leak", "PYTHONPATH=leak", "BASH_ENV=leak",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=leak", "HARMLESS=stays"]'
	asks shelled env
	expect_output_lacks leak
	expect_line HARMLESS=stays
	config '.process.env |= map(select(startswith("LD_") | not))'
	asks hardened env
	expect_line GITHUB_TOKEN=leak
	expect_line PYTHONPATH=leak
}

test_exec_cannot_bring_credentials_in() {
	bundle
	sleeping hardened
	hardened exec --env AWS_SECRET_ACCESS_KEY=leak --env AWS_EC2_METADATA_DISABLED=false --env OWN=stays "$ID" env
	expect_output_lacks leak
	expect_line OWN=stays
	expect_line AWS_EC2_METADATA_DISABLED=true
	jq '.process.args = ["env"] | .process.env += ["AWS_SECRET_ACCESS_KEY=leak", "OWN=stays"] | .process' \
		"$BUNDLE/config.json" >"$T/process.json"
	hardened exec --process "$T/process.json" "$ID"
	expect_output_lacks leak
	expect_line OWN=stays
}

test_exec_of_untrusted_code_cannot_bring_loader_tricks_in() {
	bundle
	sleeping shelled
	shelled exec --env LD_PRELOAD=/leak --env NODE_OPTIONS=leak "$ID" env
	expect_status 0
	expect_output_lacks leak
}

test_the_policy_keeps_scrubs_and_sets_variables() {
	bundle
	secrets
	policy '{"extends": "hardened", "loosens": ["environment.keep"],
		"environment": {"keep": ["AWS_ACCESS_KEY_ID"], "scrub": ["harm*"], "set": {"SITE": "value"}}}'
	asks governed env
	expect_line AWS_ACCESS_KEY_ID=leak
	expect_output_lacks AWS_SECRET_ACCESS_KEY
	expect_output_lacks HARMLESS
	expect_line SITE=value
}

# Tricks with the form of a variable: given twice, in the middle of a value, without a value.
test_odd_forms_of_variables_do_not_slip_through() {
	bundle
	config '.process.env += ["AWS_SECRET_ACCESS_KEY=", "AWS_SECRET_ACCESS_KEY=leak", "AWS_SECRET_ACCESS_KEY=leak2",
		"MULTI=first\nAWS_SECRET_ACCESS_KEY=in a value"]'
	asks hardened 'echo "<$AWS_SECRET_ACCESS_KEY>"; echo "$MULTI" | head -n 1'
	expect_output $'<>\nfirst'
}

test_the_last_of_equal_names_wins_and_stands_once() {
	bundle
	config '.process.env += ["TWICE=one", "TWICE=two"] | .process.args = ["env"]'
	compat run --bundle "$BUNDLE" "$ID"
	expect_line TWICE=two
	expect_no_line TWICE=one
	expect_equal "number of entries" "$(grep -c TWICE <<<"$OUT")" 1
}

test_an_entry_that_is_no_variable_is_an_error() {
	bundle
	config '.process.env += ["=value"]'
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has /process/env
}

# Nothing of the caller's own environment gets in.
test_the_environment_of_the_caller_stays_outside() {
	bundle
	config '.process.args = ["env"]'
	run env FROM_CALLER=leak LISTEN_PID=1 "$RUNTIME" --root "$T/state" --profile compat run --bundle "$BUNDLE" "$ID"
	expect_output_lacks leak
}

run_tests
