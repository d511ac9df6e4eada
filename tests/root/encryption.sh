#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the policy wants to be encrypted on the host: memory, and what a container is given of the host's directories.
. "$(dirname "$0")/bulwark.sh"

after_case() {
	end_processes
	local name device
	[ ! -e "$T/mounted" ] || umount "$T/mounted"
	for name in top bottom; do
		! dmsetup info "$ID-$name" >/dev/null 2>&1 || dmsetup remove --retry "$ID-$name"
	done
	[ ! -e "$T/loop" ] || while read -r device; do losetup --detach "$device"; done <"$T/loop"
	[ ! -e "$T/plain" ] || rm -rf "$(cat "$T/plain")"
}

# encrypted [MEMBERS-JSON]: `governed` wants sources to be encrypted.
encrypted() {
	policy "$(jq --null-input --argjson more "${1:-{\}}" '{extends: "hardened", requireEncryptedBinds: true} * $more')"
}

# shares SOURCE [OPTION]: the bundle's container lists SOURCE, and nothing else.
shares() {
	config --arg source "$1" --arg option "${2:-bind}" '.mounts |= (map(select(.destination != "/shared")) +
		[{destination: "/shared", type: "bind", source: $source, options: [$option]}])'
	script_args 'ls -d /shared'
}

expect_shared() {
	governed run --bundle "$BUNDLE" "$ID"
	expect_output /shared
}

# Sets PLAIN, a directory on a disk; skips where the disks of this machine are encrypted.
plain() {
	PLAIN=$(mktemp -d /var/tmp/bulwark-plain.XXXXXX)
	echo "$PLAIN" >"$T/plain"
	[ "$(stat --file-system --format %T "$PLAIN")" != tmpfs ] || skip "needs a /var/tmp on a disk"
	! lsblk --noheadings --inverse --output TYPE "$(findmnt --noheadings --output SOURCE --target "$PLAIN")" 2>/dev/null |
		grep --quiet crypt || skip "this disk is encrypted"
}

# A tmpfs on $T/memory.
memory() {
	[ "$(wc -l </proc/swaps)" = 1 ] || skip "needs a machine without swap"
	mkdir "$T/memory"
	mount -t tmpfs memory "$T/memory"
}

test_memory_is_seen_to_be_encrypted_or_the_container_is_refused() {
	local there
	bundle
	there=$("$RUNTIME" check --json | jq '.controls[] | select(.name == "memory encryption") | .there')
	policy '{"extends": "hardened", "requireMemoryEncryption": true}'
	governed run --bundle "$BUNDLE" "$ID"
	if [ "$there" = true ]; then
		expect_status 0
	else
		expect_refusal "the policy wants the host's memory to be encrypted, which is not seen: "
	fi
	policy '{"extends": "hardened"}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
}

test_a_source_on_a_plain_disk_is_refused() {
	plain
	bundle
	shares "$PLAIN"
	encrypted
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal "/mounts/6/source: the policy wants what is shared to be encrypted, and $PLAIN is not seen to be: it lies on "
	policy '{"extends": "hardened"}'
	expect_shared
	# By another name, too.
	ln -s "$PLAIN" "$T/link"
	shares "$T/link"
	encrypted
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal "$PLAIN is not seen to be"
}

test_what_the_policy_vouches_for_is_not_asked() {
	plain
	mkdir "$PLAIN/efs" "$PLAIN/efs/tenant" "$PLAIN/efsx"
	bundle
	encrypted "{\"encryptedBindsExcept\": [\"$PLAIN/efs\"]}"
	for name in efs efs/tenant; do
		shares "$PLAIN/$name"
		expect_shared
	done
	ln -s "$PLAIN/efsx" "$PLAIN/efs/link"
	for name in efsx efs/link; do
		shares "$PLAIN/$name"
		governed run --bundle "$BUNDLE" "$ID"
		expect_refusal "$PLAIN/efsx is not seen to be"
	done
}

test_an_engines_own_file_is_not_asked_but_a_directory_is() {
	plain
	echo text >"$PLAIN/hosts"
	mkdir "$PLAIN/volume"
	bundle
	policy "$(jq --null-input --arg plain "$PLAIN" '{extends: "compat", requireEncryptedBinds: true,
		mounts: {except: [$plain + "/hosts", $plain + "/volume"]}}')"
	shares "$PLAIN/hosts"
	expect_shared
	shares "$PLAIN/volume"
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal "$PLAIN/volume is not seen to be"
}

test_memory_without_swap_is_encrypted_enough() {
	memory
	bundle
	encrypted
	shares "$T/memory"
	expect_shared
}

test_what_is_mounted_below_is_taken_along() {
	memory
	plain
	mkdir "$T/memory/below"
	mount --bind "$PLAIN" "$T/memory/below"
	bundle
	encrypted
	shares "$T/memory" rbind
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "is not seen to be: it lies on "
	shares "$T/memory" bind
	expect_shared
	umount "$T/memory/below"
}

test_a_device_is_what_is_behind_it() {
	local device
	bundle
	device=$(losetup --find 2>/dev/null) || skip "needs loop devices"
	mknod "$T/device" b 7 "${device#/dev/loop}"
	policy '{"extends": "compat", "requireEncryptedBinds": true}'
	shares "$T/device"
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal "$T/device is not seen to be: it lies on loop${device#/dev/loop}, which is not dm-crypt"
}

test_the_containers_own_tree_is_no_source() {
	bundle
	mkdir "$ROOTFS/own"
	policy '{"extends": "compat", "requireEncryptedBinds": true}'
	shares "$ROOTFS/own"
	expect_shared
}

test_in_a_joined_mount_namespace_nothing_is_seen() {
	bundle
	unshare --mount sleep 100 &
	ends_with_case $!
	sleep 0.3
	policy '{"extends": "compat", "requireEncryptedBinds": true}'
	config --arg path "/proc/$!/ns/mnt" '.linux.namespaces |= map(if .type == "mount" then .path = $path else . end)'
	mkdir "$T/memory"
	shares "$T/memory"
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'in a mount namespace that is joined it cannot be seen to be encrypted'
}

# device_over crypt|linear: sets MOUNTED, an ext4 on a linear mapping over a mapping of the file's loop device.
device_over() {
	local loop key
	truncate --size 16M "$T/file"
	loop=$(losetup --find --show "$T/file" 2>/dev/null) || skip "needs loop devices"
	echo "$loop" >"$T/loop"
	key=$(head -c 64 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
	case $1 in
	crypt) dmsetup create --noudevrules "$ID-bottom" --uuid "CRYPT-PLAIN-$ID" --table "0 32768 crypt aes-xts-plain64 $key 0 $loop 0" ;;
	linear) dmsetup create --noudevrules "$ID-bottom" --table "0 32768 linear $loop 0" ;;
	esac || skip "needs dm-crypt"
	dmsetup create --noudevrules "$ID-top" --table "0 32768 linear $(dmsetup info --columns --noheadings -o major,minor --separator : "$ID-bottom") 0"
	mknod "$T/top" b "$(dmsetup info --columns --noheadings -o major "$ID-top")" "$(dmsetup info --columns --noheadings -o minor "$ID-top")"
	mke2fs -q -F "$T/top"
	MOUNTED=$T/mounted
	mkdir "$MOUNTED"
	mount -t ext4 "$T/top" "$MOUNTED"
}

test_a_disk_under_a_key_is_seen_through_what_lies_over_it() {
	needs dmsetup mke2fs losetup
	bundle
	device_over crypt
	encrypted
	shares "$MOUNTED"
	expect_shared
}

test_the_same_without_a_key_is_refused() {
	needs dmsetup mke2fs losetup
	bundle
	device_over linear
	encrypted
	shares "$MOUNTED"
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has "$MOUNTED is not seen to be: it lies on loop"
}

run_tests
