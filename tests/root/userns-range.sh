#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# user.root userns: who would be root of the host is root of a range of ids that nobody else has.
. "$(dirname "$0")/bulwark.sh"
leases=/run/bulwark/.leases/userns

unshare --user true 2>/dev/null || skip "needs user namespaces"

# ranged [FILTER]: the policy is hardened with ranges, and with what a jq object adds to that.
ranged() {
	local more=${1:-}
	policy "$(jq --null-input "{extends: \"hardened\", loosens: [\"user.root\"], user: {root: \"userns\"}} * ${more:-{\}}")"
}

# Whose leases name this case's state root.
leases_of_case() {
	grep --files-with-matches --recursive --fixed-strings " $(realpath "$T")/state/" "$leases" 2>/dev/null || :
}

# first_id_of [NAME]: the host's id of the container's root.
first_id_of() {
	awk '{ print $2 }' "/proc/$(pid_of "${1:-$ID}")/uid_map"
}

# in_background NAME: a container that sleeps.
in_background() {
	config '.process.args = ["sleep", "300"]'
	governed run --detach --bundle "$BUNDLE" "$1"
	expect_status 0
}

# disk_bundle: a bundle on the disk: the ids of most file systems are mapped since 5.12, of a tmpfs since 6.3.
disk_bundle() {
	mktemp --directory /var/tmp/bulwark-test.XXXXXX >"$T/disk"
	BUNDLE=$T/bundle
	ROOTFS=$BUNDLE/rootfs
	mkdir "$BUNDLE"
	mount --bind "$(cat "$T/disk")" "$BUNDLE"
	cp --archive "$work/template/." "$BUNDLE"
	chmod 755 "$BUNDLE"
}

after_case() {
	local path
	end_processes
	[ -e "$T/disk" ] || return 0
	for path in $(mounts_below "$T"); do
		umount --lazy "$path"
	done
	rm -rf --one-file-system "$(cat "$T/disk")"
}

maps_ids() {
	! jq --raw-output '.degraded[]?' "$T/state/$1/state.json" | grep 'files of the image'
}

skip_where_ids_cannot_be_mapped() {
	maps_ids "$1" || skip "needs a kernel that maps the ids of the file system that the tests are on"
}

test_root_inside_is_a_range_of_its_own_outside() {
	local first
	bundle
	ranged
	asks governed 'id -u; id -g; tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map'
	expect_status 0
	first=$(awk 'NR == 3 { print $2 }' <<<"$OUT")
	expect_output "$(printf '0\n0\n 0 %s 65536\n 0 %s 65536' "$first" "$first")"
	if [ "$first" -lt 2000224256 ] || [ "$first" -ge 2147352576 ] || [ $((first % 65536)) != 0 ]; then
		fail "$first is not in the range of the policy"
	fi
	hardened run --bundle "$BUNDLE" "$ID"
	expect_line 1001
}

test_what_it_is_on_the_host() {
	local first pid
	bundle
	ranged
	in_background "$ID"
	pid=$(pid_of)
	first=$(first_id_of)
	expect_equal "user on the host" "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$pid/status")" "$first $first $first $first"
	expect_equal "group on the host" "$(awk '/^Gid:/ { print $2, $3, $4, $5 }' "/proc/$pid/status")" "$first $first $first $first"
	expect_equal "capabilities" "$(awk '/^Cap(Prm|Eff|Bnd|Amb)/ { print $2 }' "/proc/$pid/status" | sort -u)" 0000000000000000
	expect_equal "in the state" "$(jq .hostIds "$T/state/$ID/state.json")" "$first"
	governed state "$ID"
	expect_output_has "ids 0 to 65535 are $first to $((first + 65535)) outside, no other container's"
	expect_equal "in the stored spec" "$(jq '.linux.uidMappings[0].hostID' "$T/state/$ID/config.json")" "$first"
}

test_two_containers_have_nothing_in_common() {
	bundle
	ranged
	in_background "$ID"
	in_background "$ID-other"
	expect_different "the first id" "$(first_id_of)" "$(first_id_of "$ID-other")"
	expect_equal "number of leases" "$(leases_of_case | wc -l)" 2
}

# The ids are the host's, whatever the state roots are.
test_another_state_root_has_the_same_store() {
	local first
	bundle
	ranged '{user: {range: {first: 1879048192, count: 2}}}'
	in_background "$ID"
	first=$(first_id_of)
	mkdir "$T/state/second"
	run "$RUNTIME" --root "$T/state/second" --policy "$T/policy.json" run --detach --bundle "$BUNDLE" "$ID-other"
	expect_status 0
	expect_different "the first id" "$first" \
		"$(awk '{ print $2 }' "/proc/$("$RUNTIME" --root "$T/state/second" state "$ID-other" | jq .pid)/uid_map")"
	governed run --bundle "$BUNDLE" "$ID-third"
	expect_failure
	expect_error_has 'all 2 numbers of kind userns from 28672 on are held by containers'
	run "$RUNTIME" --root "$T/state/second" delete --force "$ID-other"
	governed run --detach --bundle "$BUNDLE" "$ID-third"
	expect_status 0
	rm -rf "$T/state/second"
}

mounted_in() {
	grep --quiet " $2 " "/proc/$1/mountinfo"
}

# in_namespace_of PID VERB [ARG]...: as an engine's service that has a directory of its own where another one's is.
in_namespace_of() {
	run nsenter --mount --target "$1" -- "$RUNTIME" --root "$T/root" --policy "$T/policy.json" "${@:2}"
	expect_status 0
}

test_one_path_in_two_mount_namespaces_is_two_containers()
{
	local i holders=() firsts=()
	bundle
	ranged
	mkdir "$T/root"
	for i in 0 1; do
		# shellcheck disable=SC2016
		unshare --mount sh -c 'mount -t tmpfs root "$1" && exec sleep 300' sh "$T/root" &
		holders+=($!)
		ends_with_case $!
		eventually mounted_in $! "$T/root"
		config --arg path "/$ID-$i" '.process.args = ["sleep", "300"] | .linux.cgroupsPath = $path'
		in_namespace_of "${holders[i]}" run --detach --pid-file "$T/pid" --bundle "$BUNDLE" "$ID"
		firsts+=("$(awk '{ print $2 }' "/proc/$(cat "$T/pid")/uid_map")")
	done
	for i in 0 1; do
		in_namespace_of "${holders[i]}" delete --force "$ID"
	done
	expect_different "the first id" "${firsts[0]}" "${firsts[1]}"
	expect_equal "leases" "$(grep --files-with-matches --recursive --fixed-strings " $T/root/" "$leases" || :)" ""
}

# with_store MOUNT VERB [ARG]...: where the directory of the leases is what MOUNT makes of it.
with_store() {
	# shellcheck disable=SC2016
	run unshare --mount sh -c 'eval "$1" && shift && exec "$@"' sh "$1" "$RUNTIME" --root "$T/state" --policy "$T/policy.json" "${@:2}"
}

# A store that others may write to, is read-only, full, or leads elsewhere: nobody starts by it, and nothing is left.
test_a_store_that_cannot_be_used_is_named() {
	local store words path
	bundle
	ranged
	script_args true
	while IFS='|' read -r store words; do
		with_store "$store" run --bundle "$BUNDLE" "$ID"
		expect_failure
		expect_error_has "$words"
		[ ! -e "$T/state/$ID" ] || fail "a container is left"
	done <<-'END'
		mount -t tmpfs -o mode=700,uid=1000 t /run/bulwark|/run/bulwark must be writable for root alone, found owner 1000 and mode 700
		mount -t tmpfs -o mode=777 t /run/bulwark|/run/bulwark must be writable for root alone, found owner 0 and mode 777
		mount -t tmpfs -o ro,mode=700 t /run/bulwark|opening the list of this host's containers
		mount -t tmpfs -o nr_inodes=5,mode=700 t /run/bulwark|no space left on device
		mount -t tmpfs -o mode=700 t /run/bulwark && mkdir /run/bulwark/.leases && ln -s /tmp /run/bulwark/.leases/userns|opening the leases of kind userns
	END
	in_background "$ID"
	with_store 'mount -t tmpfs -o mode=700,uid=1000 t /run/bulwark' delete --force "$ID"
	expect_status 0
	path=$(leases_of_case)
	find "$leases" -lname "${path##*/}" -delete
	rm "$path"
}

test_twenty_at_once_have_twenty_ranges() {
	local i pids=()
	bundle
	ranged
	config '.process.args = ["sleep", "300"]'
	for i in {1..20}; do
		"$RUNTIME" --root "$T/state" --policy "$T/policy.json" create --bundle "$BUNDLE" "$ID-$i" >"$T/out-$i" 2>&1 </dev/null &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || fail "a create failed: $(cat "$T"/out-*)"
	done
	expect_equal "different first ids" "$(for i in {1..20}; do first_id_of "$ID-$i"; done | sort -u | wc -l)" 20
	for i in {1..20}; do
		"$RUNTIME" --root "$T/state" delete --force "$ID-$i"
	done
	expect_equal "leases" "$(leases_of_case)" ""
}

test_delete_and_the_end_of_run_give_the_range_back() {
	bundle
	ranged
	asks governed true
	expect_status 0
	expect_equal "leases after run" "$(leases_of_case)" ""
	in_background "$ID"
	expect_equal "number of leases" "$(leases_of_case | wc -l)" 1
	governed delete --force "$ID"
	expect_status 0
	expect_equal "leases after delete" "$(leases_of_case)" ""
	config '.process.args = ["/nowhere"]'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_equal "leases after a failure" "$(leases_of_case)" ""
}

# There is one range: whoever leaves it taken stops everybody.
test_a_kill_at_any_call_leaves_no_range_taken() {
	local name count n=0 killed=0 end=$((SECONDS + 25))
	needs strace
	bundle
	ranged '{user: {range: {first: 1879048192, count: 1}}}'
	config '.process.args = ["sleep", "300"]'
	run strace --quiet=all --output="$T/calls" "$RUNTIME" --root "$T/state" --policy "$T/policy.json" create --bundle "$BUNDLE" "$ID"
	expect_status 0
	governed delete --force "$ID"
	awk 'match($1, /^[a-z0-9_]+\(/) { name = substr($1, 1, RLENGTH - 1); print name, ++n[name] }' "$T/calls" >"$T/targets"
	# However slow the machine is, some are killed.
	while read -r name count <&3 && { [ "$SECONDS" -lt "$end" ] || [ "$killed" -le 5 ]; }; do
		[ $((n++ % 17)) = 0 ] || continue
		timeout --kill-after=2 30 strace --quiet=all --output=/dev/null --inject="$name:signal=KILL:when=$count" \
			"$RUNTIME" --root "$T/state" --policy "$T/policy.json" create --bundle "$BUNDLE" "$ID" >"$T/out" 2>&1 </dev/null || killed=$((killed + 1))
		governed delete --force "$ID"
		expect_status 0
		expect_equal "leases after $name $count" "$(leases_of_case)" ""
	done 3<"$T/targets"
	[ "$killed" -gt 5 ] || fail "only $killed were killed"
	in_background "$ID"
}

# Killed where nobody deletes it, and its directory gone with the host's: the next container takes it over.
test_a_range_whose_container_is_gone_is_taken_over() {
	bundle
	ranged '{user: {range: {first: 1879048192, count: 1}}}'
	config '.process.args = ["sleep", "300"]'
	in_background "$ID"
	governed run --detach --bundle "$BUNDLE" "$ID-other"
	expect_failure
	expect_error_has 'held by containers'
	governed delete --force "$ID"
	printf '%s\n%s %s\n' "$T/state/gone" "$(stat --dereference --format=%i /proc/self/ns/mnt)" "$(realpath "$T")/state/gone" >"$leases/28672"
	governed run --detach --bundle "$BUNDLE" "$ID-other"
	expect_status 0
	expect_equal "number of leases" "$(leases_of_case | wc -l)" 1
}

test_files_of_the_image_are_roots_inside() {
	disk_bundle
	chown 0:0 "$ROOTFS/etc"
	install --mode=600 /dev/null "$ROOTFS/etc/secret"
	echo text >"$ROOTFS/etc/secret"
	install --mode=600 --owner=33 --group=44 /dev/null "$ROOTFS/etc/of-others"
	ranged
	in_background "$ID"
	skip_where_ids_cannot_be_mapped "$ID"
	governed exec "$ID" sh -c 'stat -c %u:%g /etc /etc/secret /etc/of-others; cat /etc/secret'
	expect_output $'0:0\n0:0\n33:44\ntext'
}

# layered: the bundle's rootfs is an overlay of two layers and an upper one, as an engine mounts it.
layered() {
	disk_bundle
	mkdir "$BUNDLE/one" "$BUNDLE/upper" "$BUNDLE/work"
	mv "$ROOTFS" "$BUNDLE/two,a:b"
	mkdir "$ROOTFS"
	rmdir "$BUNDLE/two,a:b/run"
	echo below >"$BUNDLE/two,a:b/etc/covered"
	touch "$BUNDLE/two,a:b/etc/gone"
	mkdir -p "$BUNDLE/one/etc" "$BUNDLE/one/home"
	install --mode=600 --owner=33 --group=44 /dev/null "$BUNDLE/one/etc/of-others"
	mkdir -m 700 "$BUNDLE/upper/root"
	mount -t overlay -o "lowerdir=$BUNDLE/one:$BUNDLE/two\\,a\\:b,upperdir=$BUNDLE/upper,workdir=$BUNDLE/work" overlay "$ROOTFS"
	rm "$ROOTFS/etc/gone"
	echo above >"$ROOTFS/etc/covered"
	chmod 600 "$ROOTFS/etc/covered"
}

# No kernel before 7.2 maps the ids of an overlay, but those of its layers.
test_an_overlay_is_made_anew_of_layers_with_mapped_ids() {
	local before
	layered
	before=$(grep --count " - overlay " /proc/self/mountinfo)
	ranged
	in_background "$ID"
	skip_where_ids_cannot_be_mapped "$ID"
	governed exec "$ID" sh -c 'stat -c %u:%g /etc/of-others /root /etc/covered /home; ls /etc/gone; cat /etc/covered; touch /home/x'
	expect_failure
	expect_output $'33:44\n0:0\n0:0\n0:0\nabove'
	expect_error_has 'gone: No such file'
	expect_error_has 'Read-only file system'
	[ ! -e "$BUNDLE/upper/home" ] || fail "the upper layer was written to"
	governed delete --force "$ID"
	expect_equal "overlays that are left" "$(grep --count " - overlay " /proc/self/mountinfo)" "$before"
}

# Without that option the second one would show what the upper layer of the first hides.
test_an_overlay_whose_marks_are_others_is_not_made_anew() {
	layered
	umount "$ROOTFS"
	rm -rf "$BUNDLE/upper" "$BUNDLE/work"
	mkdir -p "$BUNDLE/upper" "$BUNDLE/work" "$BUNDLE/one/opt/hidden"
	touch "$BUNDLE/one/opt/hidden/old"
	mount -t overlay -o "userxattr,lowerdir=$BUNDLE/one:$BUNDLE/two\\,a\\:b,upperdir=$BUNDLE/upper,workdir=$BUNDLE/work" overlay "$ROOTFS"
	rm -r "$ROOTFS/opt/hidden"
	mkdir "$ROOTFS/opt/hidden"
	ranged
	in_background "$ID"
	governed exec "$ID" ls /opt/hidden
	expect_status 0
	expect_output ''
	jq --raw-output '.degraded[]' "$T/state/$ID/state.json" | grep --quiet 'option that a second one cannot have' ||
		fail "the state does not say it"
}

# An engine's layers, and what somebody else has put among them.
test_each_layer_has_to_be_of_an_image() {
	layered
	umount "$ROOTFS"
	install --directory "$T/foreign/etc"
	install --mode=600 /dev/null "$T/foreign/etc/secret"
	mount -t overlay -o "lowerdir=$T/foreign:$BUNDLE/two\\,a\\:b" overlay "$ROOTFS"
	mkdir -p "$BUNDLE/two,a:b/var/tmp" "$BUNDLE/two,a:b/run"
	ranged '{user: {idmap: "require"}}'
	script_args 'cat /etc/secret'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'a layer of it lies neither in the bundle'
	ranged
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'Permission denied'
}

test_an_overlay_that_is_writable_keeps_its_owners() {
	layered
	ranged '{loosens: ["user.root", "rootfs.readonly"], rootfs: {readonly: false}}'
	config '.root.readonly = false'
	in_background "$ID"
	jq --raw-output '.degraded[]' "$T/state/$ID/state.json" | grep --quiet 'overlay that is not read-only' ||
		fail "the state does not say it"
	governed exec "$ID" stat -c %u /etc/of-others
	expect_output 65534
}

# What it writes in its own rootfs belongs to root on the disk, as an engine expects its layers.
test_a_writable_root_can_be_installed_to() {
	disk_bundle
	ranged '{loosens: ["user.root", "rootfs.readonly"], rootfs: {readonly: false}}'
	config '.root.readonly = false'
	in_background "$ID"
	skip_where_ids_cannot_be_mapped "$ID"
	governed exec "$ID" sh -c 'mkdir -m 700 -p /opt/new && echo text >/opt/new/file && stat -c %u:%g /opt/new/file'
	expect_output 0:0
	expect_equal "owner on the disk" "$(stat -c %u:%g "$ROOTFS/opt/new/file")" 0:0
}

# config.json says where the rootfs is. With owners as on the host its root could read what only root may.
test_only_an_image_is_shown_with_other_owners() {
	bundle
	install --directory --mode=755 "$T/host"
	cp -a "$ROOTFS/." "$T/host"
	install --mode=600 /dev/null "$T/host/secret"
	config --arg path "$T/host" '.root.path = $path'
	ranged
	script_args 'stat -c %u /secret; cat /secret'
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_output 65534
	ranged '{user: {idmap: "require"}}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal 'it lies neither in the bundle nor where user.images of the policy says'
	# What lies there unmounted may be all that an engine has: others' files, and sockets that are root's.
	ranged "{user: {idmap: \"require\", images: [\"$T\"]}, loosens: [\"user.root\", \"user.images\"]}"
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal 'only what is mounted there is known to be one image'
	mount --bind "$T/host" "$T/host"
	ranged "{user: {idmap: \"require\", images: [\"$T\"]}, mounts: {refuse: [\"$T/host/etc\"]},
		loosens: [\"user.root\", \"user.images\", \"mounts.refuse\"]}"
	governed run --bundle "$BUNDLE" "$ID"
	expect_failure
	expect_error_has 'it holds what mounts.refuse of the policy names'
	ranged "{user: {idmap: \"require\", images: [\"$T\"]}, loosens: [\"user.root\", \"user.images\"]}"
	governed run --bundle "$BUNDLE" "$ID"
	[[ $ERR != *'cannot map the ids'* ]] || skip "needs a kernel that maps the ids of a tmpfs"
	expect_status 0
	expect_output 0
	umount "$T/host"
	# Nor by a link in the bundle.
	ln -s "$T/host" "$BUNDLE/link"
	mkdir "$T/host/deeper"
	cp -a "$ROOTFS/." "$T/host/deeper"
	config '.root.path = "link/deeper"'
	ranged '{user: {idmap: "require"}}'
	governed run --bundle "$BUNDLE" "$ID"
	expect_refusal 'it lies neither in the bundle'
}

test_files_in_a_volume_belong_to_the_range() {
	local first
	bundle
	install --directory --mode=777 "$BUNDLE/data"
	install --mode=600 /dev/null "$BUNDLE/data/of-root"
	config --arg source "$BUNDLE/data" '.mounts += [{destination: "/data", type: "bind", source: $source, options: ["bind"]}]'
	ranged
	in_background "$ID"
	first=$(first_id_of)
	governed exec "$ID" sh -c 'touch /data/new && stat -c %u /data/new /data/of-root; cat /data/of-root'
	expect_failure
	expect_output $'0\n65534'
	expect_equal "owner on the host" "$(stat -c %u:%g "$BUNDLE/data/new")" "$first:$first"
}

test_exec_is_in_the_same_namespace_and_may_be_root() {
	bundle
	ranged
	in_background "$ID"
	governed exec "$ID" sh -c 'id -u; readlink /proc/self/ns/user'
	expect_output "$(printf '0\n%s' "$(namespace_of "$(pid_of)" user)")"
	governed exec --user 33:44 "$ID" sh -c 'id -u; id -g'
	expect_output $'33\n44'
	governed exec --user 70000:0 "$ID" id
	expect_failure
	expect_error_has 'unmapped uid 70000'
}

# Who is not root has no user namespace, so root has no place in his container either.
test_exec_as_root_is_refused_where_there_is_no_range() {
	bundle
	config '.process.user = {uid: 33, gid: 44}'
	ranged
	in_background "$ID"
	expect_equal "the user namespace" "$(namespace_of "$(pid_of)" user)" "$(namespace_of self user)"
	governed exec --user 0:0 "$ID" id
	expect_failure
	expect_error_has 'runs as root without a user namespace'
	governed delete --force "$ID"
	ranged '{user: {always: true}}'
	in_background "$ID"
	governed exec "$ID" id -u
	expect_output 33
	expect_equal "user on the host" "$(awk '/^Uid:/ { print $2 }' "/proc/$(pid_of)/status")" $(($(first_id_of) + 33))
}

test_a_set_user_id_program_gives_nothing() {
	bundle
	ranged
	mkdir "$ROOTFS/opt"
	cp "$ROOTFS/bin/busybox" "$ROOTFS/opt/id"
	chmod 4755 "$ROOTFS/opt/id"
	config '.process.user = {uid: 33, gid: 44}'
	ranged '{user: {always: true}}'
	asks governed '/opt/id -u; grep CapEff /proc/self/status'
	expect_output "$(printf '33\nCapEff:\t0000000000000000')"
}

test_no_further_user_namespace_can_be_made_inside() {
	probe_bundle
	ranged
	asks governed 'unshare -U true || unshare -r true'
	expect_failure
}

# The pipes were made by root of the host, who is nobody inside.
test_the_standard_descriptors_can_be_opened_again() {
	bundle
	ranged
	script_args 'echo out >/dev/stdout; echo err >/dev/stderr; cat </dev/stdin'
	run sh -c 'echo in | "$@" 2>&1 | cat' sh "$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID"
	expect_output $'out\nerr\nin'
	in_background "$ID"
	run sh -c 'echo in | "$@" 2>&1 | cat' sh "$RUNTIME" --root "$T/state" exec "$ID" sh -c 'echo out >/dev/stdout; cat </dev/stdin'
	expect_output $'out\nin'
}

test_scratch_directories_and_devices_are_the_container_s() {
	bundle
	ranged
	asks governed 'stat -c %u:%g /tmp /run /dev/shm /dev/pts; touch /run/file /tmp/file && echo text >/dev/null && head -c 1 /dev/zero | wc -c'
	expect_status 0
	expect_output $'0:0\n0:0\n0:0\n0:0\n1'
}

# A network namespace that an engine has made belongs to the host: no sysfs of it can be mounted from inside.
test_a_network_namespace_of_the_hosts_can_be_joined() {
	local pid
	bundle
	ranged
	unshare --net sleep 300 &
	pid=$!
	ends_with_case "$pid"
	eventually different_from_ours "$pid"
	config --arg path "/proc/$pid/ns/net" '.linux.namespaces |= map(if .type == "network" then .path = $path else . end)'
	asks governed 'readlink /proc/self/ns/net; ls -d /sys/class; touch /sys/file'
	expect_failure
	expect_output "$(printf '%s\n/sys/class' "$(namespace_of "$pid" net)")"
}

different_from_ours() {
	[ "$(namespace_of "$1" net)" != "$(namespace_of self net)" ]
}

test_untrusted_code_can_have_a_range_too() {
	bundle
	policy '{"extends": "untrusted-code", "loosens": ["user.root", "programs.restrict"], "user": {"root": "userns"},
		"programs": {"restrict": false}}'
	config '.process.user = {uid: 33, gid: 44}'
	asks governed 'id -u; id -g; tr -s " " </proc/self/uid_map; touch /tmp/x && ls /sys/class/net'
	expect_status 0
	expect_output_has $'33\n44\n 0 2'
	expect_line lo
}

test_a_terminal_works() {
	bundle
	ranged
	config '.process.terminal = true'
	script_args 'tty; stat -c %u "$(tty)"; echo text >"$(tty)"'
	run script --quiet --command "$(printf '%q ' "$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID")" /dev/null
	expect_output_has /dev/pts/0
	expect_output_has text
}

# What root has given to a user by subuid(5) is not for containers.
test_subordinate_ids_of_a_user_are_left_alone() {
	bundle
	ranged '{user: {range: {first: 65536, count: 3}}}'
	script_args true
	echo 'somebody:100000:65536' >"$T/subuid"
	touch "$T/empty"
	for file in /etc/subuid /etc/subgid; do
		[ -e "$file" ] || skip "needs $file"
	done
	# shellcheck disable=SC2016
	run unshare --mount sh -c 'mount --bind "$1" /etc/subuid && mount --bind "$2" /etc/subgid && shift 2 && exec "$@"' sh \
		"$T/subuid" "$T/empty" "$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID"
	expect_refusal '/etc/subuid gives ids 100000 to 165535 to somebody'
}

test_a_host_without_user_namespaces_is_named() {
	bundle
	ranged
	echo 0 >"$T/zero"
	script_args true
	# shellcheck disable=SC2016
	run unshare --mount sh -c 'mount --bind "$1" /proc/sys/user/max_user_namespaces && shift && exec "$@"' sh \
		"$T/zero" "$RUNTIME" --root "$T/state" --policy "$T/policy.json" run --bundle "$BUNDLE" "$ID"
	expect_refusal 'max_user_namespaces is 0'
}

test_a_plan_can_be_shown() {
	bundle
	ranged
	governed plan "$BUNDLE"
	expect_status 0
	expect_output_has 'map ids, first range 0 2000224256 65536'
	governed explain "$BUNDLE"
	expect_output_has "65536 ids of its own, which are nobody's outside"
	expect_equal "leases" "$(leases_of_case)" ""
}

run_tests
