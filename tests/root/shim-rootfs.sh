#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The root file system that the shim mounts from containerd's list, and takes off again. In a mount namespace of its own.
if [ "$(id -u)" = 0 ] && [ -z "${SHIM_ROOTFS_INSIDE:-}" ]; then
	SHIM_ROOTFS_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
program=${BUILDDIR:-$(dirname "$RUNTIME")}/root_shim_mounts
[ -x "$program" ] || skip "needs root_shim_mounts: make check builds it"

# roots: $R is a root file system's directory that is not there yet, $L has the layers 1 and 2, $U and $W are empty.
roots() {
	R=$T/bundle/rootfs L=$T/snapshots U=$T/upper W=$T/work
	mkdir -p "$T/bundle" "$L/1" "$L/2" "$U" "$W"
	echo one >"$L/1/one"
	echo two >"$L/2/two"
	echo lower >"$L/1/both"
	echo upper >"$L/2/both"
}

# mounted [-- TYPE SOURCE TARGET [OPTION]...]...: all of it at $R.
mounted() {
	run "$program" mount "$R" "$@"
}

unmounted() {
	run timeout 20 "$program" unmount "${1:-$R}"
	expect_status 0
	expect_error_has ""
	[ -z "$ERR" ] || fail "said: $ERR"
}

# expect_refused SENTENCE: it was, and nothing is left, not even the directory.
expect_refused() {
	expect_status 1
	expect_error_has "mounting the root file system: $1"
	expect_nothing_at "$R"
	[ ! -e "$R" ] || fail "the directory is left"
}

# Nothing is mounted at or beneath it.
expect_nothing_at() {
	local left
	left=$(awk -v top="$1" '$5 == top || index($5, top "/") == 1 { print $5 }' /proc/self/mountinfo)
	[ -z "$left" ] || fail "mounted: $left"
}

expect_content() {
	[ "$(<"$1")" = "$2" ] || fail "$1 has \"$(<"$1")\", expected \"$2\""
}

# options_at PATH: of the mount, not of its file system.
options_at() {
	awk -v at="$1" '$5 == at { found = $6 } END { print found }' /proc/self/mountinfo
}

expect_options() {
	local option
	for option in "${@:2}"; do
		[[ ,$(options_at "$1"), == *",$option,"* ]] || fail "$1 is mounted $(options_at "$1"), expected $option"
	done
}

expect_writable() {
	touch "$1/written" || fail "$1 cannot be written to"
	rm "$1/written"
}

expect_read_only() {
	! touch "$1/written" 2>/dev/null || fail "$1 can be written to"
}

needs_loop() {
	[ -c /dev/loop-control ] || skip "needs /dev/loop-control"
}

# image PATH: a small ext4 in a file.
image() {
	needs_loop
	needs mkfs.ext4
	truncate --size=16M "$1"
	mkfs.ext4 -q "$1"
}

# many_layers N: $LOWER has N of them, of names that are long together; the first file is in the last one.
many_layers() {
	local i paths=()
	for ((i = 1; i <= $1; i++)); do
		paths+=("$L/a-directory-with-a-long-name/$i/fs")
	done
	mkdir -p "${paths[@]}"
	LOWER=$(IFS=: && echo "${paths[*]}")
	echo deepest >"$L/a-directory-with-a-long-name/$1/fs/file"
	[ ${#LOWER} -gt "$(getconf PAGESIZE)" ] || fail "the layers' names are only ${#LOWER} bytes long"
}

# in_background COMMAND [ARG]...: ends with the case at the latest.
in_background() {
	"$@" &
	echo $! >>"$T/background"
}

end_background() {
	[ ! -e "$T/background" ] || xargs kill <"$T/background" 2>/dev/null || :
	rm -f "$T/background"
}

after_case() {
	local path
	end_background
	for path in $(mounts_below "$T"); do
		umount --lazy "$path"
	done
	[ ! -e "$T/elsewhere" ] || rm -rf --one-file-system "$(<"$T/elsewhere")"
}

test_an_empty_list_does_nothing() {
	roots
	mounted
	expect_status 0
	[ ! -e "$R" ] || fail "made $R"
}

test_an_overlay_shows_its_layers_and_is_written_to() {
	roots
	mounted -- overlay overlay '' index=off "workdir=$W" "upperdir=$U" "lowerdir=$L/2:$L/1"
	expect_status 0
	[ "$(stat --format=%a "$R")" = 755 ] || fail "the overlay's root is not its upper directory"
	expect_content "$R/one" one
	expect_content "$R/two" two
	expect_content "$R/both" upper
	echo new >"$R/new"
	expect_content "$U/new" new
	unmounted
	expect_nothing_at "$R"
	[ "$(stat --format=%a "$R")" = 711 ] || fail "the directory has not the mode 711"
}

test_flags_and_options_of_an_overlay_are_in_force() {
	roots
	mounted -- overlay overlay '' ro nosuid,nodev noexec "workdir=$W" "upperdir=$U" "lowerdir=$L/2:$L/1"
	expect_status 0
	expect_options "$R" ro nosuid nodev noexec
	expect_read_only "$R"
	unmounted
	mounted -- overlay overlay '' volatile nodiratime "workdir=$W" "upperdir=$U" "lowerdir=$L/2:$L/1"
	expect_status 0
	expect_options "$R" rw nodiratime
	grep -F " $R " /proc/self/mountinfo | grep -q volatile || fail "not volatile"
}

test_names_with_colons_commas_and_backslashes_are_escaped_ones() {
	local odd="$T/o:d,d\\y"
	roots
	mkdir -p "$odd/1" "$odd/2" "$odd/u" "$odd/w"
	echo odd >"$odd/1/odd"
	escaped="$T/o\\:d\\,d\\\\y"
	mounted -- overlay overlay '' "lowerdir=$escaped/2:$escaped/1" "upperdir=$escaped/u" "workdir=$escaped/w"
	expect_status 0
	expect_content "$R/odd" odd
	expect_writable "$R"
}

test_120_layers_are_mounted() {
	roots
	many_layers 120
	mounted -- overlay overlay '' index=off "workdir=$W" "upperdir=$U" "lowerdir=$LOWER"
	expect_status 0
	expect_content "$R/file" deepest
	expect_writable "$R"
	# As containerd has it: relative to the directory that they share.
	grep -F " $R " /proc/self/mountinfo | grep -qF "lowerdir=1/fs:2/fs:" || fail "the layers are not relative"
	unmounted
	expect_nothing_at "$R"
}

test_500_layers_of_long_names_are_mounted() {
	local far=$T/a-place-that-shares-nothing-with-the-others-but-the-top
	roots
	many_layers 499
	mkdir -p "$far/layer"
	echo far >"$far/layer/far"
	# Less than its hard limit is what a program gets by default.
	ulimit -Sn 256
	mounted -- overlay overlay '' index=off "workdir=$W" "upperdir=$U" "lowerdir=$LOWER:$far/layer"
	expect_status 0
	expect_content "$R/file" deepest
	expect_content "$R/far" far
	expect_writable "$R"
}

test_501_layers_are_refused() {
	roots
	many_layers 500
	mounted -- overlay overlay '' "lowerdir=$LOWER:$L/a-directory-with-a-long-name/../1"
	expect_refused "mount 1 (overlay): expected at most 500 layers, found 501"
}

test_options_that_do_not_fit_are_refused() {
	roots
	mounted -- tmpfs tmpfs '' "size=$(printf '%05000d' 1)"
	expect_refused "mount 1 (tmpfs): expected options of less than"
}

test_a_missing_layer_is_named() {
	roots
	mounted -- overlay overlay '' "lowerdir=$L/2:$L/none"
	expect_refused "mount 1 (overlay): mounting overlay: no such file or directory: there is no $L/none"
	many_layers 120
	mounted -- overlay overlay '' "lowerdir=$LOWER:$L/none"
	expect_refused "mount 1 (overlay): "
	expect_error_has "$L/none"
}

test_binds_are_read_only_when_they_are_asked_to_be() {
	roots
	mounted -- bind "$L/1" '' rbind ro nosuid
	expect_status 0
	expect_options "$R" ro nosuid
	expect_content "$R/one" one
	expect_read_only "$R"
	expect_writable "$L/1"
	unmounted
	mounted -- bind "$L/1" '' rbind rw
	expect_status 0
	expect_writable "$R"
}

test_a_bind_keeps_the_flags_of_its_source() {
	roots
	mount -t tmpfs -o nosuid,nodev,noexec,noatime tmpfs "$L/1"
	mounted -- bind "$L/1" '' rbind ro
	expect_status 0
	expect_options "$R" ro nosuid nodev noexec noatime
}

test_only_rbind_brings_what_is_mounted_beneath() {
	roots
	mkdir "$L/1/sub"
	mount -t tmpfs tmpfs "$L/1/sub"
	echo deep >"$L/1/sub/deep"
	mounted -- bind "$L/1" '' bind
	expect_status 0
	expect_empty_directory "$R/sub"
	unmounted
	mounted -- bind "$L/1" '' rbind
	expect_status 0
	expect_content "$R/sub/deep" deep
}

test_unmounting_a_bind_leaves_what_is_mounted_in_its_source() {
	roots
	mount --bind "$L/1" "$L/1"
	mount --make-shared "$L/1"
	mkdir "$L/1/sub"
	mount -t tmpfs tmpfs "$L/1/sub"
	echo deep >"$L/1/sub/deep"
	mounted -- bind "$L/1" '' rbind
	expect_status 0
	expect_content "$R/sub/deep" deep
	unmounted
	expect_nothing_at "$R"
	expect_content "$L/1/sub/deep" deep
}

test_a_tmpfs_takes_its_options() {
	roots
	mounted -- tmpfs tmpfs '' size=64k mode=700 nosuid
	expect_status 0
	expect_options "$R" nosuid
	[ "$(stat --format=%a "$R")" = 700 ] || fail "the mode is not 700"
	! head --bytes=100k /dev/zero >"$R/big" 2>/dev/null || fail "it has more than 64k"
}

test_an_image_is_mounted_by_a_loop_device_that_goes_with_it() {
	local device
	roots
	image "$T/image"
	mounted -- ext4 "$T/image" '' loop nosuid
	expect_status 0
	expect_writable "$R"
	device=$(findmnt --noheadings --output SOURCE "$R")
	[[ $device == /dev/loop* ]] || fail "mounted from $device"
	[ "$(<"/sys/block/${device#/dev/}/ro")" = 0 ]
	unmounted
	is_free() { [ ! -e "/sys/block/${device#/dev/}/loop/backing_file" ]; }
	eventually is_free
}

test_a_read_only_image_is_not_written_to() {
	local device before
	roots
	image "$T/image"
	before=$(sha256sum <"$T/image")
	mounted -- ext4 "$T/image" '' ro loop
	expect_status 0
	expect_read_only "$R"
	device=$(findmnt --noheadings --output SOURCE "$R")
	[ "$(<"/sys/block/${device#/dev/}/ro")" = 1 ] || fail "the device can be written to"
	unmounted
	[ "$(sha256sum <"$T/image")" = "$before" ] || fail "the image is another"
}

test_what_is_no_image_is_refused() {
	needs_loop
	roots
	head --bytes=1M /dev/zero >"$T/image"
	mounted -- ext4 "$T/image" '' ro loop
	expect_refused "mount 1 (ext4): mounting /dev/loop"
	expect_error_has "the image is $T/image"
	! losetup --associated "$T/image" | grep . || fail "a device is left"
	mounted -- ext4 "$T/none" '' ro loop
	expect_refused "mount 1 (ext4): image $T/none: no such file or directory"
}

test_a_file_system_that_the_kernel_lacks_is_named() {
	roots
	mounted -- nosuchfs none ''
	expect_refused "mount 1 (nosuchfs): mounting none: no such device: this kernel knows no file system nosuchfs"
}

test_what_containerd_should_have_done_is_refused() {
	roots
	mounted -- format/overlay overlay '' "lowerdir=$L/1:$L/2"
	expect_refused "mount 1 (format/overlay): type format/overlay: expected containerd's mount manager"
	mounted -- overlay overlay '' "X-containerd.mkdir.path=$T/made" "lowerdir=$L/1:$L/2"
	expect_refused "mount 1 (overlay): option X-containerd.mkdir.path=$T/made: expected containerd's mount manager"
	mounted -- '' x ''
	expect_refused "mount 1 (no type): expected a type, found none"
	mounted -- bind snapshots/1 '' rbind
	expect_refused "mount 1 (bind): source: expected an absolute path"
}

# mappable: layers on a file system whose ids can be mapped on every kernel that has mapped mounts.
mappable() {
	roots
	if [[ $(stat --file-system --format=%T /var/tmp) == ext* ]]; then
		L=$(mktemp --directory /var/tmp/bulwark-test.XXXXXX)
		echo "$L" >"$T/elsewhere"
	else
		image "$T/image"
		mount -o loop "$T/image" "$L"
	fi
	mkdir "$L/1" "$L/2" "$L/u" "$L/w"
	echo one >"$L/1/one"
	echo two >"$L/2/two"
	chown 7:8 "$L/2/two"
	U=$L/u W=$L/w
}

test_the_layers_of_an_overlay_get_the_owners_of_a_map() {
	mappable
	mounted -- overlay overlay '' uidmap=0:100000:7,7:200007:10 gidmap=0:300000:65536 \
		"workdir=$W" "upperdir=$U" "lowerdir=$L/2:$L/1"
	expect_status 0
	[ "$(stat --format=%u:%g "$R/one" "$R/two" | xargs)" = "100000:300000 200007:300008" ] ||
		fail "the owners are $(stat --format=%u:%g "$R/one" "$R/two" | xargs)"
	[ "$(stat --format=%u:%g "$L/1/one")" = 0:0 ] || fail "the layer itself has changed"
	[ "$(grep -cF " $R " /proc/self/mountinfo)" = 1 ] || fail "more than the overlay is mounted"
	expect_writable "$R"
	unmounted
	expect_nothing_at "$R"
}

test_a_bind_gets_the_owners_of_a_map() {
	mappable
	mounted -- bind "$L/1" '' rbind ro uidmap=0:100000:10 gidmap=0:200000:10
	expect_status 0
	[ "$(stat --format=%u:%g "$R/one")" = 100000:200000 ] || fail "the owner is $(stat --format=%u:%g "$R/one")"
	expect_read_only "$R"
}

test_another_file_system_gets_the_owners_of_a_map() {
	mappable
	image "$T/other"
	mounted -- ext4 "$T/other" '' loop uidmap=0:100000:10 gidmap=0:200000:10
	expect_status 0
	[ "$(stat --format=%u:%g "$R")" = 100000:200000 ] || fail "the owner is $(stat --format=%u:%g "$R")"
	[ "$(grep -cF " $R " /proc/self/mountinfo)" = 1 ] || fail "it is mounted twice"
}

test_maps_that_are_none_are_refused() {
	local map
	mappable
	for map in 0:1 0:1:2: 0:1:2:3 0:1:x :1:2 '0:1:2,' '' 0:-1:2; do
		mounted -- bind "$L/1" '' rbind "uidmap=$map" gidmap=0:1:2
		expect_refused "mount 1 (bind): option uidmap: expected ranges ID:ID:COUNT, found \"$map\""
	done
	mounted -- bind "$L/1" '' rbind uidmap=0:1:2,0:1:2 gidmap=0:1:2
	expect_refused "mount 1 (bind): option uidmap: the kernel refuses the ranges"
	mounted -- bind "$L/1" '' rbind uidmap=0:1:2
	expect_refused "mount 1 (bind): expected uidmap and gidmap, found one of them alone"
	mounted -- overlay overlay '' uidmap=0:1:2 gidmap=0:1:2 "lowerdir=$L/1:$L/none"
	expect_refused "mount 1 (overlay): layer $L/none: no such file or directory"
	mounted -- overlay overlay '' uidmap=0:1:2 gidmap=0:1:2 "lowerdir=$L/1" "lowerdir+=$L/2"
	expect_refused "mount 1 (overlay): option lowerdir+=$L/2: expected layers in lowerdir beside uidmap"
	mounted -- overlay overlay '' uidmap=0:1:2 gidmap=0:1:2 "upperdir=$T/none" "workdir=$W" "lowerdir=$L/1:$L/2"
	expect_refused "mount 1 (overlay): mounting overlay: no such file or directory: there is no $T/none"
}

test_a_later_mount_goes_beneath_the_first() {
	roots
	mkdir -p "$L/1/a/b"
	mounted -- overlay overlay '' "lowerdir=$L/2:$L/1" -- tmpfs tmpfs /a/b size=64k -- bind "$L/2" a/b ro
	expect_status 0
	expect_content "$R/a/b/two" two
	[ "$(grep -cF " $R/a/b " /proc/self/mountinfo)" = 2 ] || fail "not two mounts at the target"
	unmounted
	expect_nothing_at "$R"
}

test_a_target_that_leads_out_is_refused() {
	roots
	mkdir -p "$T/outside" "$L/1/real"
	ln -s "$T/outside" "$L/1/link"
	ln -s / "$L/1/top"
	ln -s real "$L/1/inside"
	for target in link inside "top$T/outside" link/; do
		mounted -- overlay overlay '' "lowerdir=$L/2:$L/1" -- tmpfs tmpfs "$target"
		expect_refused "mount 2 (tmpfs): target $target: "
		expect_error_has "expected no symbolic link on the way"
		expect_nothing_at "$T/outside"
	done
	for target in .. real/../../outside ../outside /..; do
		mounted -- overlay overlay '' "lowerdir=$L/2:$L/1" -- tmpfs tmpfs "$target"
		expect_refused "mount 2 (tmpfs): target $target: expected no \"..\""
		expect_nothing_at "$T/outside"
	done
	mounted -- overlay overlay '' "lowerdir=$L/2:$L/1" -- tmpfs tmpfs nowhere
	expect_refused "mount 2 (tmpfs): target nowhere: no such file or directory: expected it in what is mounted before"
}

test_a_failure_in_the_second_mount_leaves_the_first_mounted_nowhere() {
	roots
	mounted -- tmpfs tmpfs '' -- overlay overlay '' "lowerdir=$L/none:$L/1"
	expect_refused "mount 2 (overlay): "
	# What was there before is not ours to take away.
	mkdir "$R"
	mount -t tmpfs tmpfs "$R"
	echo before >"$R/before"
	mounted -- bind "$L/1" '' rbind -- overlay overlay '' "lowerdir=$L/none:$L/1"
	expect_status 1
	expect_content "$R/before" before
	[ "$(grep -cF " $R " /proc/self/mountinfo)" = 1 ] || fail "a mount is left"
}

test_a_root_that_is_no_directory_is_refused() {
	roots
	mkdir "$T/outside"
	ln -s "$T/outside" "$R"
	mounted -- tmpfs tmpfs ''
	expect_status 1
	expect_error_has "mounting the root file system: $R: expected a directory, found a symbolic link"
	expect_nothing_at "$T/outside"
	mount -t tmpfs tmpfs "$T/outside"
	unmounted
	grep -qF " $T/outside " /proc/self/mountinfo || fail "unmounted where the link leads to"
	rm "$R"
	touch "$R"
	mounted -- tmpfs tmpfs ''
	expect_status 1
	expect_error_has "$R: expected a directory, found a file"
}

test_unmounting_takes_all_and_nothing_beside_it() {
	local i
	roots
	mkdir -p "$R/plain/deep" "$R-2" "${R}x/plain"
	mount -t tmpfs tmpfs "$R-2"
	mount -t tmpfs tmpfs "${R}x/plain"
	mount -t tmpfs tmpfs "$R/plain/deep"
	mkdir "$R/plain/deep/est"
	mount -t tmpfs tmpfs "$R/plain/deep/est"
	mount -t tmpfs tmpfs "$R/plain/deep/est"
	unmounted
	expect_nothing_at "$R"
	for i in 1 2 3; do
		mount -t tmpfs tmpfs "$R"
		mkdir "$R/in it"
		mount -t tmpfs tmpfs "$R/in it"
	done
	unmounted "$T/./bundle//rootfs/"
	expect_nothing_at "$R"
	grep -qF " $R-2 " /proc/self/mountinfo || fail "a neighbour's mount is gone"
	grep -qF " ${R}x/plain " /proc/self/mountinfo || fail "a neighbour's mount is gone"
	unmounted
	rmdir "$R/plain/deep" "$R/plain" "$R"
	unmounted
	unmounted "$T/nowhere/rootfs"
}

test_unmounting_goes_by_the_real_directory() {
	roots
	mkdir -p "$R/sub"
	ln -s "$T/bundle" "$T/link"
	mount -t tmpfs tmpfs "$R/sub"
	unmounted "$T/link/rootfs"
	expect_nothing_at "$R"
}

test_a_mount_that_cannot_be_unmounted_is_no_success() {
	roots
	mkdir -p "$R/sub"
	mount -t tmpfs tmpfs "$R/sub"
	# There the host's mounts are locked.
	run unshare --user --map-root-user --mount "$program" unmount "$R"
	expect_status 1
	expect_error_has "unmounting the root file system: $R/sub is mounted, and cannot be unmounted from here"
	mount -t tmpfs tmpfs "$R"
	run unshare --user --map-root-user --mount "$program" unmount "$R"
	expect_status 1
	expect_error_has "unmounting the root file system: $R is mounted, and cannot be unmounted from here"
	unmounted
	expect_nothing_at "$R"
}

test_a_mount_in_use_is_unmounted() {
	roots
	mounted -- tmpfs tmpfs ''
	expect_status 0
	mkdir "$R/sub"
	in_background env --chdir="$R/sub" sleep 60
	is_in_use() { [ "$(readlink "/proc/$(<"$T/background")/cwd")" = "$R/sub" ]; }
	eventually is_in_use
	unmounted
	expect_nothing_at "$R"
}

test_a_dead_server_holds_nobody_up() {
	[ -c /dev/fuse ] || skip "needs /dev/fuse"
	roots
	mkdir -p "$R/sub"
	for at in "$R" "$R/sub"; do
		in_background "$program" dead-fuse "$at"
		is_up() { grep -qF " $at " /proc/self/mountinfo; }
		eventually is_up
		unmounted
		expect_nothing_at "$R"
		end_background
	done
}

# helper LINES: mount.fuse3 is a script of these.
helper() {
	mkdir -p "$T/path"
	printf '#!/bin/sh\n%s\n' "$1" >"$T/path/mount.fuse3"
	chmod 755 "$T/path/mount.fuse3"
}

with_helper() {
	PATH=$T/path:$PATH mounted "$@"
}

test_a_fuse_type_is_mounted_by_its_program() {
	roots
	helper "echo \"\$*\" >'$T/words'; ls /proc/self/fd >'$T/files'; mount -t tmpfs tmpfs \"\$2\""
	with_helper -- fuse3.some-fs "$L/1" '' ro "lowerdir=$L/1,x"
	expect_status 0
	expect_content "$T/words" "$L/1 $R -o ro -o lowerdir=$L/1,x -t some-fs"
	[ "$(wc -l <"$T/files")" -le 4 ] || fail "it has descriptors: $(xargs <"$T/files")"
	expect_writable "$R"
	unmounted
	expect_nothing_at "$R"
}

test_a_program_that_fails_is_quoted_and_leaves_nothing() {
	roots
	helper 'echo "no such layer"; exit 3'
	with_helper -- fuse3.some-fs "$L/1" '' ro
	expect_refused "mount 1 (fuse3.some-fs): mount.fuse3 ended with 3: no such layer"
	helper 'mount -t tmpfs tmpfs "$2"; exit 3'
	with_helper -- fuse3.some-fs "$L/1" '' ro
	expect_refused "mount 1 (fuse3.some-fs): mount.fuse3 ended with 3: it said nothing"
	helper 'exit 0'
	with_helper -- fuse3.some-fs "$L/1" '' ro
	expect_refused "mount 1 (fuse3.some-fs): mount.fuse3 ended well, and has mounted nothing"
	with_helper -- fuse3.some-fs "$L/1" '' uidmap=0:1:2 gidmap=0:1:2
	expect_refused "mount 1 (fuse3.some-fs): expected no uidmap"
	run env PATH=/nowhere "$program" mount "$R" -- fuse.some-fs "$L/1" ''
	expect_refused "mount 1 (fuse.some-fs): expected the program mount.fuse in PATH, found none"
}

test_fuse_overlayfs_is_mounted() {
	needs fuse-overlayfs mount.fuse3
	[ -c /dev/fuse ] || skip "needs /dev/fuse"
	roots
	mounted -- fuse3.fuse-overlayfs overlay '' "lowerdir=$L/2:$L/1" "upperdir=$U" "workdir=$W"
	expect_status 0
	expect_content "$R/both" upper
	expect_writable "$R"
	unmounted
	expect_nothing_at "$R"
}

run_tests
