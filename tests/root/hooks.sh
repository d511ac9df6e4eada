#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Hooks: their order, what they are told, what becomes of one that fails, and who may write them.
. "$(dirname "$0")/bulwark.sh"

kinds="prestart createRuntime createContainer startContainer poststart poststop"

# hook KIND SCRIPT [MEMBERS]: adds a hook that runs SCRIPT with the state in the variable "state".
hook() {
	local file
	file=$T/hook-$1-$(($(find "$T" -maxdepth 1 -name "hook-$1-*" | wc -l)))
	printf '#!/bin/sh\nstate=$(cat)\n%s\n' "$2" >"$file"
	chmod 755 "$file"
	[ "$1" != startContainer ] || {
		install --mode=755 "$file" "$ROOTFS/bin/"
		file=/bin/$(basename "$file")
	}
	config --arg kind "$1" --arg path "$file" --argjson more "${3:-"{}"}" '.hooks[$kind] += [{path: $path} + $more]'
}

# own_hooks: the hooks of this test may run under the policy that `governed` uses.
own_hooks() {
	policy '{"extends": "hardened", "loosens": ["hooks.allow"], "hooks": {"allow": ["'"$T"'/* ..."]}}'
}

test_hooks_run_in_their_order_before_and_after_the_program() {
	local kind profile
	own_hooks
	for profile in compat governed; do
		bundle "$profile"
		mkdir -m 777 "$T/shared-$profile"
		config --arg source "$T/shared-$profile" '
			.mounts += [{destination: "/shared", type: "bind", source: $source, options: ["bind"]}]'
		for kind in $kinds; do
			case $kind in
			startContainer) hook "$kind" "echo $kind >>/shared/order" ;;
			*) hook "$kind" "echo $kind >>$T/shared-$profile/order; chmod 666 $T/shared-$profile/order" ;;
			esac
		done
		script_args 'echo program >>/shared/order; sleep 1'
		"$profile" run --bundle "$BUNDLE" "$ID"
		expect_status 0
		OUT=$(cat "$T/shared-$profile/order")
		expect_equal "first three" "$(head -n 4 <<<"$OUT" | paste -sd ' ')" "prestart createRuntime createContainer startContainer"
		expect_equal "last" "$(tail -n 1 <<<"$OUT")" poststop
		expect_line program
		expect_line poststart
		rm -f "$T"/hook-*
	done
}

# bulwark raises its own: neither a hook nor the program has that.
test_hooks_have_the_callers_limit_of_open_files() {
	local kind
	bundle
	mkdir "$T/shared"
	config --arg source "$T/shared" '
		.mounts += [{destination: "/shared", type: "bind", source: $source, options: ["bind"]}] | del(.process.rlimits)'
	for kind in $kinds; do
		case $kind in
		startContainer) hook "$kind" "ulimit -Sn >>/shared/limits; ulimit -Hn >>/shared/limits" ;;
		*) hook "$kind" "ulimit -Sn >>$T/shared/limits; ulimit -Hn >>$T/shared/limits" ;;
		esac
	done
	script_args 'ulimit -Sn >>/shared/limits; ulimit -Hn >>/shared/limits; sleep 1'
	ulimit -Sn 777
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	compat create --bundle "$BUNDLE" "$ID"
	compat start "$ID"
	eventually is_stopped
	compat delete "$ID"
	expect_equal "what they had" "$(sort "$T/shared/limits" | uniq -c | tr -s ' ')" "$(printf ' 14 %s\n' 777 "$(ulimit -Hn)" | sort -k 2)"
}

test_create_runs_the_first_three_and_start_the_others() {
	local kind
	bundle
	for kind in prestart createRuntime createContainer poststart poststop; do
		hook "$kind" "echo $kind >>$T/order"
	done
	config '.process.args = ["sleep", "300"]'
	compat create --bundle "$BUNDLE" "$ID"
	expect_equal "after create" "$(paste -sd ' ' "$T/order")" "prestart createRuntime createContainer"
	compat start "$ID"
	expect_equal "after start" "$(tail -n 1 "$T/order")" poststart
	compat delete --force "$ID"
	expect_equal "after delete" "$(tail -n 1 "$T/order")" poststop
}

test_a_hook_gets_the_state_on_standard_input() {
	bundle
	config '.annotations = {"org.example.key": "value"}'
	hook createRuntime "echo \"\$state\" >$T/createRuntime.json"
	hook poststart "echo \"\$state\" >$T/poststart.json"
	hook poststop "echo \"\$state\" >$T/poststop.json"
	sleeping compat
	jq --exit-status --arg id "$ID" --arg bundle "$BUNDLE" --argjson pid "$(pid_of)" '
		.id == $id and .bundle == $bundle and .pid == $pid and .status == "creating" and (.ociVersion | length > 0) and
		.annotations["org.example.key"] == "value"' "$T/createRuntime.json" || fail "$(cat "$T/createRuntime.json")"
	jq --exit-status '.status == "running"' "$T/poststart.json" || fail "$(cat "$T/poststart.json")"
	compat delete --force "$ID"
	jq --exit-status '.status == "stopped"' "$T/poststop.json" || fail "$(cat "$T/poststop.json")"
}

test_a_hook_has_its_own_arguments_and_environment_and_nothing_of_the_container_s() {
	bundle
	config '.process.env += ["LD_PRELOAD=/evil.so", "FROM_IMAGE=yes"]'
	hook createRuntime "env >$T/env; echo \"\$0 \$*\" >$T/args; ls /proc/self/fd | wc -l >$T/fds; pwd >$T/cwd" \
		'{"args": ["name", "one", "two"], "env": ["OWN=value", "PATH=/usr/bin:/bin"]}'
	run env FROM_CALLER=yes "$RUNTIME" --root "$T/state" --profile compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	OUT=$(cat "$T/env")
	expect_line OWN=value
	expect_output_lacks FROM_IMAGE
	expect_output_lacks LD_PRELOAD
	expect_output_lacks FROM_CALLER
	expect_equal arguments "$(cut -d ' ' -f 2- "$T/args")" "one two"
	# Standard input, output and error, and the directory that ls reads.
	expect_equal "number of descriptors" "$(cat "$T/fds")" 4
}

test_create_hooks_run_outside_and_the_start_hook_inside() {
	bundle
	hook createRuntime "readlink /proc/self/ns/mnt /proc/self/ns/pid >$T/createRuntime"
	hook createContainer "readlink /proc/self/ns/mnt >$T/createContainer"
	hook startContainer 'readlink /proc/self/ns/mnt >/etc/startContainer; cat /etc/hostname-of-image >>/etc/startContainer'
	echo image >"$ROOTFS/etc/hostname-of-image"
	sleeping compat
	expect_equal "createRuntime" "$(head -n 1 "$T/createRuntime")" "$(namespace_of self mnt)"
	expect_equal "createContainer" "$(cat "$T/createContainer")" "$(namespace_of "$(pid_of)" mnt)"
	expect_equal "startContainer" "$(cat "$ROOTFS/etc/startContainer")" "$(namespace_of "$(pid_of)" mnt)
image"
}

test_a_hook_that_fails_stops_the_container_and_is_named() {
	local kind
	for kind in prestart createRuntime createContainer startContainer; do
		bundle "$kind"
		hook "$kind" 'exit 0'
		hook "$kind" 'echo told to fail >&2; exit 3'
		script_args 'echo program'
		compat run --bundle "$BUNDLE" "$ID"
		expect_failure
		expect_error_has "error running $kind hook #1"
		expect_error_has 'told to fail'
		expect_output_lacks program
		expect_nothing_left
	done
}

test_a_start_hook_is_named_alike_by_run_and_start() {
	bundle
	hook startContainer 'exit 0'
	hook startContainer 'echo told to fail >&2; exit 3'
	compat run --bundle "$BUNDLE" "$ID"
	expect_error_has "error during container init: error running startContainer hook #1: exit status 3, output: told to fail"
	compat create --bundle "$BUNDLE" "$ID"
	expect_status 0
	compat start "$ID"
	expect_status 1
	expect_error_has "error during container init: error running startContainer hook #1: exit status 3, output: told to fail"
	expect_equal "its state" "$(state_of)" stopped
	compat delete "$ID"
	bundle killed
	hook startContainer 'kill -9 $$'
	compat create --bundle "$BUNDLE" "$ID"
	compat start "$ID"
	expect_error_has "error running startContainer hook #0: signal: Killed"
}

test_what_a_hook_writes_is_not_the_program_s_output() {
	local kind
	bundle
	for kind in createRuntime createContainer startContainer; do
		hook "$kind" 'echo chatter; echo chatter >&2'
	done
	script_args 'echo program'
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	expect_equal output "$OUT$ERR" program
}

test_a_hook_that_cannot_be_executed_is_told_by_the_kernel_s_words() {
	local kind
	for kind in prestart createRuntime createContainer startContainer poststart; do
		bundle "$kind"
		config --arg kind "$kind" '.hooks[$kind] = [{path: "/no/such/hook"}]'
		compat run --bundle "$BUNDLE" "$ID"
		expect_failure
		expect_error_has "error running $kind hook #0"
		expect_error_has "no such file or directory"
	done
}

test_a_poststart_hook_that_fails_stops_the_container() {
	bundle
	hook poststart 'exit 3'
	config '.process.args = ["sleep", "300"]'
	compat run --detach --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'error running poststart hook #0'
	[ "$(state_of)" != running ] || fail "the container runs"
}

test_a_poststop_hook_that_fails_does_not_keep_the_container() {
	bundle
	hook poststop 'exit 3'
	hook poststop "touch $T/second"
	sleeping compat
	compat delete --force "$ID"
	expect_status 0
	[ -e "$T/second" ] || fail "the second hook did not run"
	expect_nothing_left
}

test_a_hook_that_takes_too_long_is_ended() {
	bundle
	hook createRuntime 'exec sleep 50' '{"timeout": 1}'
	SECONDS=0
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has createRuntime
	[ "$SECONDS" -lt 20 ] || fail "it took $SECONDS seconds"
	expect_nothing_left
}

# A file of root's is not enough: a shell would do what the arguments say.
test_a_hook_that_the_policy_does_not_name_is_refused() {
	local member
	for member in prestart createRuntime createContainer poststart poststop; do
		bundle "$member"
		config --arg kind "$member" --arg script "touch $T/ran" \
			'.hooks[$kind] = [{path: "/bin/sh", args: ["sh", "-c", $script]}]'
		hardened run --bundle "$BUNDLE" "$ID"
		expect_failure
		expect_error_has "/hooks/$member/0: the policy refuses the hook"
		[ ! -e "$T/ran" ] || fail "the $member hook was run"
		expect_nothing_left
		compat run --bundle "$BUNDLE" "$ID"
		expect_status 0
		[ -e "$T/ran" ] || fail "the oracle is broken: the $member hook does not run"
		rm "$T/ran"
	done
}

test_a_hook_is_permitted_with_its_arguments_and_environment_only() {
	bundle
	printf '#!/bin/sh\ntouch %s/ran-"$1"\n' "$T" >"$T/tool"
	chmod 755 "$T/tool"
	policy '{"extends": "hardened", "loosens": ["hooks.allow", "hooks.env"],
		"hooks": {"allow": ["'"$T"'/tool tool set-*"], "env": ["TOOL_*"]}}'
	config --arg path "$T/tool" '.hooks.createRuntime = [{path: $path, args: ["tool", "set-key"], env: ["TOOL_A=1"]}]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
	[ -e "$T/ran-set-key" ] || fail "the permitted hook did not run"
	config '.hooks.createRuntime[0].args = ["tool", "set-key", "more"]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	config '.hooks.createRuntime[0].args = ["tool", "get-key"]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	config '.hooks.createRuntime[0].args = ["tool", "set-key"] | .hooks.createRuntime[0].env = ["LD_PRELOAD=/evil.so"]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'environment variable LD_PRELOAD'
	[ ! -e "$T/ran-get-key" ] || fail "a hook with other arguments was run"
}

# /proc/PID/exe, which dockerd names, and any link can lead elsewhere after the check.
test_a_hook_that_is_exchanged_after_create_is_refused() {
	bundle
	own_hooks
	hook poststop "touch $T/good"
	mkdir "$T/links"
	ln -s "$T/hook-poststop-0" "$T/links/tool"
	printf '#!/bin/sh\ntouch %s/bad\n' "$T" >"$T/evil"
	chmod 777 "$T/evil"
	config --arg path "$T/links/tool" '.hooks.poststop[0].path = $path | .process.args = ["sleep", "300"]'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	ln -sf "$T/evil" "$T/links/tool"
	governed delete --force "$ID"
	[ ! -e "$T/bad" ] || fail "what the link leads to now was run"
	expect_nothing_left
}

# Whoever can write the hook is root on the host.
test_a_hook_that_others_than_root_can_write_is_refused() {
	bundle
	own_hooks
	hook createRuntime "touch $T/ran"
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
	[ -e "$T/ran" ] || fail "the oracle is broken: the hook does not run"
	rm "$T/ran"
	chmod 777 "$T/hook-createRuntime-0"
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has hook
	[ ! -e "$T/ran" ] || fail "a hook that everybody can write was run"
	chmod 755 "$T/hook-createRuntime-0"
	chown 1001 "$T/hook-createRuntime-0"
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	[ ! -e "$T/ran" ] || fail "a hook of another user was run"
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	[ -e "$T/ran" ] || fail "compat does not run it either"
}

test_a_hook_in_a_directory_that_others_can_write_is_refused() {
	bundle
	own_hooks
	mkdir -m 777 "$T/open"
	printf '#!/bin/sh\ntouch %s/ran\n' "$T" >"$T/open/hook"
	chmod 755 "$T/open/hook"
	config --arg path "$T/open/hook" '.hooks.createRuntime = [{path: $path}]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	[ ! -e "$T/ran" ] || fail "the hook was run"
	ln -s open/hook "$T/link"
	config --arg path "$T/link" '.hooks.createRuntime = [{path: $path}]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	[ ! -e "$T/ran" ] || fail "the hook was run through a link"
	compat run --bundle "$BUNDLE" "$ID"
	expect_status 0
	[ -e "$T/ran" ] || fail "compat does not run it either"
}

# The hook of the inside is a program of the image; it gets what the program gets and no more.
test_the_start_hook_is_hardened_as_the_program_is() {
	bundle
	mkdir -m 777 "$T/shared"
	config --arg source "$T/shared" '
		.mounts += [{destination: "/shared", type: "bind", source: $source, options: ["bind"]}]'
	hook startContainer 'cat /proc/self/status >/shared/status'
	hardened run --bundle "$BUNDLE" "$ID"
	expect_status 0
	OUT=$(cat "$T/shared/status")
	expect_line 'Uid:	1001	1001	1001	1001'
	expect_line 'CapEff:	0000000000000000'
	expect_line 'NoNewPrivs:	1'
	expect_line 'Seccomp:	2'
}

test_a_hook_with_a_relative_path_is_an_error() {
	bundle
	config '.hooks.createRuntime = [{path: "bin/true"}]'
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal path
}

run_tests
