#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Everything that can run between clone and execve calls async-signal-safe functions only. The objects are
# linked to one relocatable file that keeps just what bw_child_run reaches; each symbol that is still undefined
# must stand on the list below. Prints the offenders and fails.
set -u
lib=${1:-libbulwark.a}
[ -f "$lib" ] || { echo "no $lib here: build first"; exit 77; }
case "${CFLAGS:-} $(grep -s '^BW_CFLAGS' Makefile)" in *-fsanitize*) echo "sanitizers add calls of their own"; exit 77 ;; esac
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
# System calls and memory functions; nothing here allocates, locks or formats.
cat > "$tmp/allowed" <<'LIST'
__errno_location
__stack_chk_fail
__memcpy_chk
__memmove_chk
__memset_chk
__read_chk
__readlinkat_chk
_exit
accept4
chdir
chroot
clock_gettime
close
connect
dup3
execve
fchdir
fchown
fchmodat
fchownat
fcntl
fcntl64
fsconfig
fsetxattr
fsmount
fsopen
fspick
fstat
fstatat
fstatfs
futimens
getpid
getsid
ioctl
memchr
memcmp
memcpy
memmove
memset
mkdirat
mknodat
mmap
mount
mount_setattr
move_mount
munmap
open
open64
openat
openat64
open_tree
personality
pipe2
poll
prctl
prlimit
prlimit64
read
readlinkat
recv
recvfrom
send
sendfile
sendmsg
sendto
setns
setrlimit
setsid
sigaction
sigemptyset
sigprocmask
socket
strchr
strcmp
strlen
strncmp
strrchr
symlinkat
syscall
umask
umount2
unshare
utimensat
waitid
write
__open_2
__openat_2
__open64_2
__openat64_2
__poll_chk
__sendto_chk
__recv_chk
__recvfrom_chk
fstat64
fstatat64
fstatfs64
mmap64
_GLOBAL_OFFSET_TABLE_
LIST
sort -u "$tmp/allowed" > "$tmp/list"
mkdir "$tmp/o"
(cd "$tmp/o" && ar x "$OLDPWD/$lib") || (cd "$tmp/o" && ar x "$lib") || exit 1
ld -r --gc-sections -e bw_child_run -u bw_joiner_run -o "$tmp/child.o" "$tmp"/o/*.o || exit 1
nm "$tmp/child.o" | grep -q ' T bw_child_run$' || { echo "bw_child_run is not in $lib"; exit 1; }
# Undefined symbols stay in the table even when nothing that is kept names them: ask the relocations.
readelf -rW "$tmp/child.o" | awk 'NF >= 5 && $1 ~ /^[0-9a-f]+$/ {print $5}' | sort -u > "$tmp/named"
nm -u "$tmp/child.o" | awk '{print $2}' | sort -u > "$tmp/undefined"
comm -12 "$tmp/named" "$tmp/undefined" > "$tmp/reached"
[ "$(wc -l < "$tmp/reached")" -gt 20 ] || { echo "only $(wc -l < "$tmp/reached") calls seen: the rule looks in the wrong place"; exit 1; }
if comm -23 "$tmp/reached" "$tmp/list" | grep .; then
	echo "the child reaches these, which are not async-signal-safe system calls"
	exit 1
fi
echo "$(wc -l < "$tmp/reached") functions reached, all on the list"
