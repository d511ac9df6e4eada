#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Mounts: every option of the specification as the kernel shows it in mountinfo, order, kinds of sources,
# propagation; and what hardening adds.
. "$(dirname "$0")/bulwark.sh"

# add_mount DESTINATION TYPE SOURCE OPTION...
add_mount() {
	local options
	options=$(jq --null-input '$ARGS.positional' --args "${@:4}")
	config --arg destination "$1" --arg type "$2" --arg source "$3" --argjson options "$options" '
		.mounts += [{destination: $destination, type: $type, source: $source, options: $options}]'
}

# options_at PATH: the options of the mount on PATH and of its file system, of mountinfo in OUT.
options_at() {
	awk -v path="$1" '$5 == path { print "," $6 "," $NF "," }' <<<"$OUT" | tail -n 1
}

# expect_option PATH OPTION; !OPTION: it must not be there.
expect_option() {
	local options
	options=$(options_at "$1")
	[ -n "$options" ] || fail "no mount on $1"
	case $2 in
	!*) [[ $options != *",${2#!},"* ]] || fail "${2#!} on $1: $options" ;;
	*) [[ $options == *",$2,"* ]] || fail "no $2 on $1: $options" ;;
	esac
}

# What is asked for, and what mountinfo must show (! must not show); on a bind and on a tmpfs.
flag_table() {
	cat <<-'END'
		ro ro
		rw rw
		nosuid nosuid
		nosuid,suid !nosuid
		nodev nodev
		nodev,dev !nodev
		noexec noexec
		noexec,exec !noexec
		nosymfollow nosymfollow
		nosymfollow,symfollow !nosymfollow
		noatime noatime
		nodiratime nodiratime
		nodiratime,diratime !nodiratime
		relatime relatime
		strictatime !relatime
		strictatime !noatime
		defaults rw
		ro,rw !ro
	END
}

test_flags_of_a_bind_mount_are_as_asked() {
	local asked seen number=0
	bundle
	mkdir "$BUNDLE/source"
	while read -r asked seen; do
		number=$((number + 1))
		# Options are words without blanks.
		# shellcheck disable=SC2086
		add_mount "/mnt/$number" bind "$BUNDLE/source" bind ${asked//,/ }
	done < <(flag_table)
	asks compat 'cat /proc/self/mountinfo'
	expect_status 0
	number=0
	while read -r asked seen; do
		number=$((number + 1))
		expect_option "/mnt/$number" "$seen"
	done < <(flag_table)
}

test_flags_of_a_tmpfs_are_as_asked() {
	local asked seen number=0
	bundle
	while read -r asked seen; do
		number=$((number + 1))
		# shellcheck disable=SC2086
		add_mount "/mnt/$number" tmpfs tmpfs ${asked//,/ }
	done < <(flag_table)
	asks compat 'cat /proc/self/mountinfo'
	expect_status 0
	number=0
	while read -r asked seen; do
		number=$((number + 1))
		expect_option "/mnt/$number" "$seen"
	done < <(flag_table)
}

test_flags_of_the_file_system_are_as_asked() {
	bundle
	add_mount /mnt/sync tmpfs tmpfs sync
	add_mount /mnt/dirsync tmpfs tmpfs dirsync
	add_mount /mnt/lazytime tmpfs tmpfs lazytime
	add_mount /mnt/all tmpfs tmpfs async nolazytime iversion noiversion silent loud mand nomand size=64k nr_inodes=9 mode=710
	asks compat 'cat /proc/self/mountinfo; stat -c %a /mnt/all'
	expect_status 0
	expect_option /mnt/sync sync
	expect_option /mnt/dirsync dirsync
	expect_option /mnt/lazytime lazytime
	expect_option /mnt/all size=64k
	expect_option /mnt/all nr_inodes=9
	expect_line 710
}

# A flag in mountinfo is worth what it stops.
test_nosymfollow_nosuid_nodev_and_noexec_have_their_effect() {
	probe_bundle
	mkdir "$BUNDLE/source"
	install --mode=6755 "$ROOTFS/bin/probe" "$BUNDLE/source/probe"
	mknod --mode=666 "$BUNDLE/source/null" c 1 3
	echo text >"$BUNDLE/source/file"
	ln -s file "$BUNDLE/source/link"
	add_mount /free bind "$BUNDLE/source" bind
	add_mount /nosymfollow bind "$BUNDLE/source" bind nosymfollow
	add_mount /nosuid bind "$BUNDLE/source" bind nosuid
	add_mount /nodev bind "$BUNDLE/source" bind nodev
	add_mount /noexec bind "$BUNDLE/source" bind noexec
	config '.process.user = {uid: 1001, gid: 1001}'
	asks compat 'cat /free/link; cat /nosymfollow/link; /free/probe euid; /nosuid/probe euid
		probe open w /free/null; probe open w /nodev/null; /noexec/probe euid'
	expect_failure
	expect_output $'text\n0:0\n1001:1001\nok\nEACCES'
	expect_error_has "/nosymfollow/link"
	expect_error_has "/noexec/probe"
}

# A source with a mount inside: the flags of a recursive option reach it, those of others do not.
tree() {
	mkdir -p "$T/tree/below"
	mount -t tmpfs tmpfs "$T/tree"
	mkdir "$T/tree/below"
	mount -t tmpfs tmpfs "$T/tree/below"
}

test_a_remount_gives_an_earlier_mount_other_flags_and_size() {
	bundle
	mkdir "$BUNDLE/source"
	add_mount /volume bind "$BUNDLE/source" bind nosuid
	add_mount /scratch tmpfs tmpfs size=64k noexec
	add_mount /volume bind "$BUNDLE/source" bind remount ro nodev
	add_mount /scratch tmpfs tmpfs remount size=128k
	add_mount /dev/shm tmpfs shm remount nosuid noatime
	asks compat 'cat /proc/self/mountinfo; touch /scratch/file'
	expect_status 0
	expect_option /volume ro
	expect_option /volume nodev
	expect_option /volume '!nosuid'
	expect_option /scratch size=128k
	expect_option /scratch '!noexec'
	expect_option /dev/shm noatime
	expect_option /dev/shm '!noexec'
	expect_equal "mounts on /volume" "$(grep --count ' /volume ' <<<"$OUT")" 1
	touch "$BUNDLE/source/file" || fail "the file system of the host is read-only"
	hardened run --bundle "$BUNDLE" "$ID"
	expect_refusal 'changes what an earlier entry has mounted'
}

test_a_remount_of_what_is_no_mount_is_an_error() {
	bundle
	mkdir "$ROOTFS/srv"
	add_mount /srv tmpfs tmpfs remount ro
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal 'to rootfs at "/srv": invalid argument'
	config '.mounts[-1].destination = "/"'
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal 'the root itself cannot be mounted over'
}

test_recursive_options_reach_the_mounts_below_and_others_do_not() {
	local option
	bundle
	tree
	for option in ro nosuid nodev noexec nosymfollow noatime nodiratime; do
		add_mount "/plain-$option" bind "$T/tree" rbind "$option"
		add_mount "/deep-$option" bind "$T/tree" rbind "r$option"
	done
	add_mount /deep-strict bind "$T/tree" rbind rstrictatime
	add_mount /back bind "$T/tree" rbind rro rrw rnosuid rsuid rnodev rdev rnoexec rexec rnosymfollow rsymfollow \
		rnodiratime rdiratime rnoatime rrelatime
	add_mount /both bind "$T/tree" rbind ro rro
	asks compat 'cat /proc/self/mountinfo'
	expect_status 0
	for option in ro nosuid nodev noexec nosymfollow noatime nodiratime; do
		expect_option "/plain-$option" "$option"
		expect_option "/plain-$option/below" "!$option"
		expect_option "/deep-$option" "$option"
		expect_option "/deep-$option/below" "$option"
		expect_option /back/below "!$option"
	done
	expect_option /deep-strict/below '!relatime'
	expect_option /deep-strict/below '!noatime'
	expect_option /back/below relatime
	expect_option /both/below ro
}

test_recursive_options_of_access_times_are_as_asked() {
	local option
	bundle
	tree
	mount -o remount,bind,noatime,nodiratime "$T/tree/below"
	for option in ratime rnorelatime rnostrictatime rrelatime rdiratime rnosuid; do
		add_mount "/$option" bind "$T/tree" rbind "$option"
	done
	asks compat 'cat /proc/self/mountinfo'
	expect_status 0
	for option in ratime rnorelatime rnostrictatime rrelatime; do
		expect_option "/$option/below" relatime
		expect_option "/$option/below" nodiratime
	done
	expect_option /rdiratime/below '!nodiratime'
	expect_option /rdiratime/below noatime
	expect_option /rnosuid/below noatime
	expect_option /rnosuid/below nodiratime
}

test_bind_leaves_out_the_mounts_below_and_rbind_does_not() {
	bundle
	tree
	touch "$T/tree/below/file"
	add_mount /plain bind "$T/tree" bind
	add_mount /deep bind "$T/tree" rbind
	asks compat 'ls /plain/below; ls /deep/below'
	expect_output file
}

test_an_option_that_means_nothing_is_an_error() {
	local words
	bundle
	add_mount /mnt tmpfs tmpfs size=64k nonsense mode=755
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal 'error mounting "tmpfs" to rootfs at "/mnt": options nonsense: invalid argument'
	for words in size=much mode=999; do
		config --arg words "$words" '.mounts[-1].options = ["nr_inodes=9", $words]'
		compat run --bundle "$BUNDLE" "$ID"
		expect_refusal "to rootfs at \"/mnt\": options $words: invalid argument"
	done
	bundle second
	mkdir "$BUNDLE/source"
	add_mount /mnt bind "$BUNDLE/source" bind size=64k
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal size=64k
}

test_a_file_can_be_bound() {
	bundle
	echo text >"$BUNDLE/file"
	add_mount /etc/new/file bind "$BUNDLE/file" bind ro
	asks hardened 'cat /etc/new/file; stat -c %F /etc/new/file'
	expect_output $'text\nregular file'
}

test_a_relative_source_is_seen_from_the_bundle() {
	bundle
	mkdir "$BUNDLE/data"
	echo text >"$BUNDLE/data/file"
	add_mount /data bind data bind
	asks hardened 'cat /data/file'
	expect_output text
}

test_a_source_may_be_a_link_of_the_host() {
	bundle
	mkdir "$BUNDLE/data"
	echo text >"$BUNDLE/data/file"
	ln -s data "$BUNDLE/link"
	add_mount /data bind "$BUNDLE/link" bind
	asks hardened 'cat /data/file'
	expect_output text
}

test_a_source_that_is_not_there_is_an_error() {
	bundle
	add_mount /data bind "$BUNDLE/nowhere" bind
	compat run --bundle "$BUNDLE" "$ID"
	expect_refusal nowhere
}

test_mounts_are_made_in_their_order() {
	bundle
	mkdir "$BUNDLE"/{one,two}
	echo one >"$BUNDLE/one/file"
	echo two >"$BUNDLE/two/file"
	add_mount /data bind "$BUNDLE/one" bind
	add_mount /data bind "$BUNDLE/two" bind
	add_mount /outer tmpfs tmpfs
	add_mount /outer/inner bind "$BUNDLE/one" bind
	asks compat 'cat /data/file; cat /outer/inner/file'
	expect_output $'two\none'
}

test_a_link_in_the_destination_is_resolved_in_the_rootfs() {
	bundle
	mkdir -p "$ROOTFS/real"
	ln -s /real "$ROOTFS/etc/link"
	add_mount /etc/link/deep tmpfs tmpfs
	asks compat 'cat /proc/self/mountinfo'
	expect_option /real/deep rw
}

test_a_destination_without_a_slash_is_below_the_root() {
	bundle
	add_mount data tmpfs tmpfs
	asks compat 'cat /proc/self/mountinfo'
	expect_option /data rw
}

test_tmpcopyup_shows_what_was_there() {
	bundle
	mkdir -p "$ROOTFS/srv/deep"
	echo text >"$ROOTFS/srv/deep/file"
	chmod 640 "$ROOTFS/srv/deep/file"
	add_mount /srv tmpfs tmpfs tmpcopyup
	asks compat 'cat /srv/deep/file; stat -c %a /srv/deep/file; echo more >>/srv/deep/file'
	expect_status 0
	expect_output $'text\n640'
	expect_equal "the file of the image" "$(cat "$ROOTFS/srv/deep/file")" text
}

# The tree is the image's: what it says is copied, never what it leads to.
test_tmpcopyup_follows_no_link_and_takes_owners_modes_and_times() {
	bundle
	mkdir "$ROOTFS/srv"
	chmod 1775 "$ROOTFS/srv"
	chown 5:6 "$ROOTFS/srv"
	ln -s /etc/shadow "$ROOTFS/srv/link"
	mkfifo "$ROOTFS/srv/pipe"
	mknod "$ROOTFS/srv/device" c 1 5
	install --mode=4755 --owner=7 --group=8 /dev/null "$ROOTFS/srv/file"
	touch --date=@1000000000 "$ROOTFS/srv/file" "$ROOTFS/srv"
	add_mount /srv tmpfs tmpfs tmpcopyup
	asks compat 'cd /srv && readlink link && stat -c "%a %u %g %Y" file . && ls'
	expect_status 0
	expect_output $'/etc/shadow\n4755 7 8 1000000000\n1775 5 6 1000000000\nfile\nlink\npipe'
	asks hardened 'ls /srv'
	expect_output $'file\nlink\npipe'
	config '(.mounts[] | select(.destination == "/srv")).options += ["uid=3", "mode=700"]'
	asks compat 'stat -c "%a %u %g" /srv; stat -c "%u" /srv/file'
	expect_output $'700 3 0\n7'
}

# Of the same file system, so that a number of the device does not tell.
test_tmpcopyup_does_not_go_into_what_is_mounted_below() {
	bundle
	mkdir -p "$ROOTFS/srv/below" "$BUNDLE/source"
	echo image >"$ROOTFS/srv/below/file"
	touch "$ROOTFS/srv/single"
	echo host >"$BUNDLE/source/host"
	add_mount /srv/below bind "$BUNDLE/source" bind
	add_mount /srv/single bind "$BUNDLE/source/host" bind
	add_mount /srv tmpfs tmpfs tmpcopyup
	asks compat 'ls -A /srv /srv/below; cat /srv/single'
	expect_status 0
	expect_output $'/srv:\nbelow\nsingle\n\n/srv/below:'
}

test_tmpcopyup_of_more_than_there_is_room_for_is_no_start() {
	local deep
	bundle
	mkdir "$ROOTFS/srv"
	dd if=/dev/zero of="$ROOTFS/srv/file" bs=64k count=4 status=none
	add_mount /srv tmpfs tmpfs tmpcopyup size=128k
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'no space left on device'
	expect_nothing_left
	rm "$ROOTFS/srv/file"
	deep=$(printf 'd/%.0s' {1..80})
	mkdir --parents "$ROOTFS/srv/$deep"
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'to rootfs at "/srv": tmpcopyup: directories are nested deeper than 64 there'
	expect_nothing_left
}

# ---- propagation --------------------------------------------------------------------------------------

# propagation_at PATH: the optional fields of mountinfo, without numbers.
propagation_at() {
	awk -v path="$1" '$5 == path { for (i = 7; $i != "-"; i++) { sub(/:.*/, "", $i); printf "%s ", $i } }' <<<"$OUT"
}

shared_source() {
	mkdir "$T/shared"
	mount -t tmpfs tmpfs "$T/shared"
	mount --make-shared "$T/shared"
	mkdir "$T/shared/sub"
}

test_propagation_is_as_asked() {
	local option
	bundle
	shared_source
	for option in private slave unbindable rprivate rslave runbindable; do
		add_mount "/$option" bind "$T/shared" rbind "$option"
	done
	asks compat 'cat /proc/self/mountinfo'
	expect_status 0
	expect_equal private "$(propagation_at /private)$(propagation_at /rprivate)" ""
	expect_equal slave "$(propagation_at /slave)$(propagation_at /rslave)" "master master "
	expect_equal unbindable "$(propagation_at /unbindable)$(propagation_at /runbindable)" "unbindable unbindable "
}

test_what_is_not_shared_can_become_so_and_the_last_word_wins() {
	bundle
	mkdir "$T/plain"
	mount -t tmpfs tmpfs "$T/plain"
	mount --make-private "$T/plain"
	add_mount /shared bind "$T/plain" bind shared
	add_mount /rshared bind "$T/plain" rbind rshared
	add_mount /tmpfs tmpfs tmpfs shared
	add_mount /last bind "$T/plain" bind private shared
	add_mount /not bind "$T/plain" bind shared private
	asks compat 'cat /proc/self/mountinfo'
	expect_status 0
	expect_equal shared "$(propagation_at /shared)$(propagation_at /rshared)$(propagation_at /tmpfs)$(propagation_at /last)" \
		"shared shared shared shared "
	expect_equal private "$(propagation_at /not)" ""
	asks hardened 'cat /proc/self/mountinfo'
	expect_equal hardened "$(propagation_at /shared)$(propagation_at /rshared)$(propagation_at /tmpfs)$(propagation_at /last)" ""
}

# rootfs_on_shared: the rootfs lies on a mount that is shared, as / is on most hosts.
rootfs_on_shared() {
	shared_source
	cp --archive "$BUNDLE/rootfs" "$T/shared/rootfs"
	config --arg path "$T/shared/rootfs" '.root.path = $path'
}

test_propagation_of_the_root_is_as_asked() {
	bundle
	rootfs_on_shared
	config '.linux.rootfsPropagation = "slave"'
	asks compat 'cat /proc/self/mountinfo'
	expect_equal slave "$(propagation_at /)" "master "
	asks hardened 'cat /proc/self/mountinfo'
	expect_equal private "$(propagation_at /)" ""
	config '.linux.rootfsPropagation = "private"'
	asks compat 'cat /proc/self/mountinfo'
	expect_equal private "$(propagation_at /)" ""
	config '.linux.rootfsPropagation = "sideways"'
	compat run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has rootfsPropagation
}

test_the_root_can_be_shared() {
	bundle
	rootfs_on_shared
	config '.linux.rootfsPropagation = "shared"'
	asks compat 'cat /proc/self/mountinfo'
	expect_status 0
	[[ $(propagation_at /) == *shared* ]] || fail "the root is $(propagation_at /)"
	asks hardened 'cat /proc/self/mountinfo'
	expect_equal private "$(propagation_at /)" ""
}

test_a_mount_of_the_host_reaches_a_container_only_where_the_profile_lets_it() {
	bundle
	shared_source
	add_mount /volume bind "$T/shared" rbind rslave
	config '.linux.rootfsPropagation = "slave"'
	sleeping compat
	ID+=-hardened
	sleeping hardened
	mount -t tmpfs tmpfs "$T/shared/sub"
	touch "$T/shared/sub/from-host"
	hardened exec "$ID" ls /volume/sub
	expect_output ""
	hardened exec "$ID" cat /proc/self/mountinfo
	expect_equal "propagation" "$(awk '/ (shared|master):/' <<<"$OUT")" ""
	ID=${ID%-hardened}
	compat exec "$ID" ls /volume/sub
	expect_output from-host
}

test_a_mount_in_the_container_reaches_the_host_only_where_the_profile_lets_it() {
	bundle
	shared_source
	add_mount /volume bind "$T/shared" rbind rshared
	config '.linux.rootfsPropagation = "shared" | .process.capabilities |= with_entries(.value += ["CAP_SYS_ADMIN"])'
	asks compat 'mount -t tmpfs inside /volume/sub'
	expect_status 0
	grep --quiet "$T/shared/sub .* inside " /proc/self/mountinfo || fail "the oracle is broken: compat does not propagate"
	umount "$T/shared/sub"
	policy '{"extends": "compat", "mounts": {"private": true}}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_status 0
	! grep "$T/shared/sub .* inside " /proc/self/mountinfo || fail "the mount is seen on the host"
}

# ---- what hardening adds --------------------------------------------------------------------------------

test_every_mount_is_nosuid_and_nodev() {
	local bad
	bundle
	mkdir -m 777 "$BUNDLE/data"
	add_mount /data bind "$BUNDLE/data" bind suid dev
	add_mount /srv tmpfs tmpfs suid dev
	asks hardened 'cat /proc/self/mountinfo'
	expect_option /data nosuid
	expect_option /data nodev
	expect_option /srv nosuid
	expect_option /srv nodev
	# Null devices that hide files are device nodes, and so are those of /dev.
	bad=$(awk '$5 != "/" && $4 != "/null" && $6 !~ /nosuid/ { print $5 }' <<<"$OUT")
	[ -z "$bad" ] || fail "without nosuid: $bad"
	bad=$(awk '$5 != "/" && $4 != "/null" && $5 !~ "^/dev(/pts)?$" && $6 !~ /nodev/ { print $5 }' <<<"$OUT")
	[ -z "$bad" ] || fail "without nodev: $bad"
	asks compat 'cat /proc/self/mountinfo'
	expect_option /data '!nosuid'
	expect_option /data '!nodev'
}

test_the_mounts_below_a_volume_are_nosuid_and_nodev_too() {
	bundle
	tree
	add_mount /data bind "$T/tree" rbind
	asks hardened 'cat /proc/self/mountinfo'
	expect_option /data/below nosuid
	expect_option /data/below nodev
}

test_a_writable_volume_is_noexec_for_untrusted_code() {
	bundle
	mkdir -m 777 "$BUNDLE/data"
	policy '{"extends": "untrusted-code", "mounts": {"only": ["'"$T"'"]}, "programs": {"restrict": false},
		"loosens": ["mounts.only", "programs.restrict"]}'
	add_mount /data bind "$BUNDLE/data" bind
	add_mount /fixed bind "$BUNDLE/data" bind ro
	asks governed 'cat /proc/self/mountinfo'
	expect_status 0
	expect_option /data noexec
	expect_option /fixed ro
}

test_sysfs_is_read_only_although_it_was_asked_for_writable() {
	bundle
	config '.mounts |= map(if .destination == "/sys" then .options = ["nosuid", "noexec", "nodev"] else . end)'
	asks hardened 'cat /proc/self/mountinfo'
	expect_option /sys ro
	asks compat 'cat /proc/self/mountinfo'
	expect_option /sys rw
}

test_the_cgroup_file_system_is_read_only() {
	bundle
	add_mount /sys/fs/cgroup cgroup cgroup nosuid noexec nodev relatime
	asks hardened 'cat /proc/self/mountinfo; ls /sys/fs/cgroup | wc -l'
	expect_status 0
	[ -z "$(awk '$5 ~ "^/sys/fs/cgroup" && $6 !~ /^ro/' <<<"$OUT")" ] || fail "cgroup mounts are writable"
	expect_option /sys/fs/cgroup ro
	[ "$(tail -n 1 <<<"$OUT")" -gt 0 ] || fail "/sys/fs/cgroup is empty"
	asks compat 'cat /proc/self/mountinfo'
	[ -n "$(awk '$5 ~ "^/sys/fs/cgroup/" || $5 == "/sys/fs/cgroup" { if ($6 ~ /^rw/) print }' <<<"$OUT")" ] ||
		fail "cgroup mounts are read-only in compat, too"
}

run_tests
