#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Writes that a security module denies, seen by the keeper in the kernel's audit log: counted, on record, told, and of
# the container that made them alone.
[ -n "${BULWARK_TEST_INSIDE:-}" ] || BULWARK_TEST_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
. "$(dirname "$0")/bulwark.sh"
. "$(dirname "$0")/interpreters.sh"
. "$(dirname "$0")/own-profiles.sh"
needs_beside bulwark-keeper

# hears: whether a keeper can read the records here, by the state's own word.
hears() {
	"$RUNTIME" --profile untrusted-code check | grep --quiet '^ok  *audit records'
}

# site MEMBERS: the policy of `governed`, with a trail of its own.
site() {
	rm -f "$T/policy.json"
	mkdir -m 700 "$T/log"
	jq --null-input --arg file "$T/log/audit.jsonl" --argjson site "$1" '{version: 1, default: "site", audit: {file: $file},
		profiles: {site: ({metrics: {record: "prefer", interval: "200ms"}} + $site)}}' >"$T/policy.json"
	chmod 600 "$T/policy.json"
}

# confined_bundle: a bundle whose container is held by a profile of this name, which lets it write beneath /tmp alone.
confined_bundle() {
	is_active || skip 'needs a kernel with AppArmor'
	needs apparmor_parser
	hears || skip 'the audit records of this kernel cannot be read here'
	bundle
	apparmor_parser --replace --skip-cache <<-END
		profile $ID flags=(attach_disconnected,mediate_deleted) {
			/{,**} rm, /{bin,usr/bin}/** ix, /tmp/** rwlk, /dev/** rw, /proc/** rw, capability, signal,
		}
	END
	loaded+=("$ID")
	trap unload EXIT
	config --arg profile "$ID" '.process.apparmorProfile = $profile | .mounts += [
		{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1777"]},
		{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["mode=1777"]}]'
}


# records FILTER: of the denied writes of this container on record.
records() {
	jq --raw-output --arg id "${2:-$ID}" "select(.event == \"write-denied\" and .id == \$id) | $1" "$T/log/audit.jsonl" 2>/dev/null
}

has_records() {
	[ "$(records .event | wc -l)" -ge "$1" ]
}

has_selected() {
	[ -n "$(records "$@")" ]
}

number() {
	awk -v name="$1" '$1 == name { print $2 }' "$T/state/${2:-$ID}/measures" 2>/dev/null
}

at_least() {
	[ "$(number "$1")" -ge "$2" ] 2>/dev/null
}

test_a_write_that_apparmor_denies_is_on_record() {
	confined_bundle
	script_args 'echo x >/tmp/file
		for file in file file "a b"; do echo x >"/data/$file"; done
		read -r line </etc/none; while :; do sleep 0.1; done'
	site '{"extends": "hardened", "audit": {"record": "all"}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually has_records 3
	governed exec "$ID" sh -c 'ls /data /tmp'
	expect_output $'/data:\n\n/tmp:\nfile'
	expect_equal records "$(records '"\(.more.by) \(.more.operation) \(.more.path) \(.more.comm)"' | sort -u)" 'apparmor mknod /data/a b sh
apparmor mknod /data/file sh'
	eventually at_least writes_denied 3
	expect_equal 'counted' "$(number writes_denied)" 3
	governed state --format text "$ID"
	expect_output_has '; denied writes are seen'
	governed audit verify
	expect_status 0
	governed audit show --event write-denied
	expect_output_has /data/file
	governed delete --force "$ID"
	expect_nothing_left
}

# The same profile, the same attempt, and another container.
test_what_another_container_does_is_not_told_of_this_one() {
	local other=$ID-other
	confined_bundle
	site '{"extends": "hardened", "audit": {"record": "all"}}'
	script_args 'while :; do sleep 0.1; done'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	script_args 'echo x >/data/file; while :; do sleep 0.1; done'
	governed run --detach --bundle "$BUNDLE" "$other"
	expect_status 0
	eventually has_selected .event "$other"
	governed exec "$other" sh -c 'echo x >/data/second; sleep 1; exit 3'
	expect_status 3
	sleep 1
	expect_equal 'of the other' "$(records .more.path "$other")" $'/data/file\n/data/second'
	expect_equal 'of this one' "$(records .more.path)" ''
	governed delete --force "$other"
	governed delete --force "$ID"
}

test_many_are_counted_and_the_alert_ends_the_container() {
	confined_bundle
	script_args 'i=0; while [ $i -lt 40 ]; do echo x >/data/file; i=$((i + 1)); done; while :; do sleep 0.1; done'
	site '{"extends": "hardened", "audit": {"record": "all"}, "alerts": {"writes": {"count": 30, "per": "1m", "action": "kill"}}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually is_stopped
	expect_equal alert "$(jq --raw-output '"\(.alert) \(.action)"' "$T/state/$ID/alerts.jsonl")" 'writes kill'
	at_least writes_denied 30 || fail "only $(number writes_denied) are counted"
	[ "$(records .event | wc -l)" -le 15 ] || fail 'each has a record of its own'
	governed delete --force "$ID"
}

is_stopped() {
	[ "$(state_of)" = stopped ]
}

# With all of the built-in profile's other layers: a volume in memory that bulwark-untrusted does not list.
test_python_that_writes_beside_its_workspace_is_on_record() {
	is_active || skip 'needs a kernel with AppArmor'
	needs apparmor_parser
	hears || skip 'the audit records of this kernel cannot be read here'
	! grep --quiet '^bulwark-untrusted ' /sys/kernel/security/apparmor/profiles || skip 'this host has bulwark-untrusted'
	bundle
	add_python
	load_own bulwark-untrusted
	config '.mounts += [{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["mode=1777"]}] |
		.process.args = ["/usr/bin/python3", "-I", "-S", "-c", "
import time
open(\"/workspace/file\", \"w\").close()
try:
    open(\"/data/file\", \"w\")
    open(\"/workspace/written\", \"w\").close()
except PermissionError:
    open(\"/workspace/denied\", \"w\").close()
time.sleep(60)"]'
	site '{"extends": "untrusted-code", "lsm": {"apparmor": "require"}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	eventually has_records 1
	governed exec "$ID" /usr/bin/python3 -I -S -c 'import os; print(sorted(os.listdir("/workspace")))'
	expect_output "['denied', 'file']"
	expect_equal record "$(records '"\(.more.by) \(.more.operation) \(.more.path) \(.more.comm)"')" 'apparmor mknod /data/file python3'
	governed delete --force "$ID"
}

# A file of another's in a directory of its own.
test_a_write_that_selinux_denies_is_on_record() {
	[ "$(cat /sys/fs/selinux/enforce 2>/dev/null)" = 1 ] || skip 'needs SELinux in enforcing mode'
	(printf %s system_u:system_r:container_t:s0:c1,c2 >/sys/fs/selinux/context) 2>/dev/null || skip 'needs a policy that knows container_t'
	hears || skip 'the audit records of this kernel cannot be read here'
	bundle
	mkdir "$BUNDLE/data"
	touch "$BUNDLE/data/file"
	chmod -R 777 "$BUNDLE/data"
	chcon --recursive system_u:object_r:container_file_t:s0:c1,c2 "$ROOTFS" "$BUNDLE/data"
	chcon system_u:object_r:container_file_t:s0:c7,c8 "$BUNDLE/data/file"
	script_args 'while :; do echo x >/data/file; sleep 0.2; done'
	config --arg data "$BUNDLE/data" '.process.selinuxLabel = "system_u:system_r:container_t:s0:c1,c2" |
		.linux.mountLabel = "system_u:object_r:container_file_t:s0:c1,c2" |
		.mounts += [{destination: "/data", type: "bind", source: $data, options: ["bind"]}]'
	site '{"extends": "hardened", "audit": {"record": "all"}}'
	governed run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	# Others may be of the streams that it has inherited.
	eventually has_selected 'select(.more.name == "file")'
	expect_equal record "$(records 'select(.more.name == "file") | "\(.more.by) \(.more.operation) \(.more.comm)"' | sort -u)" 'selinux write sh'
	governed delete --force "$ID"
}

# Where nobody tells, it says so.
test_without_records_the_state_says_that_they_are_not_seen() {
	bundle
	script_args 'while :; do sleep 0.1; done'
	site '{"extends": "hardened", "audit": {"record": "all"}}'
	run unshare --net "$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --detach --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed state --format text "$ID"
	expect_output_has "denied writes are not seen: the kernel's audit records cannot be read"
	expect_output_lacks 'degraded   keeper'
	governed delete --force "$ID"
}

run_tests
