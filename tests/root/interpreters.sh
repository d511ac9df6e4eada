# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Python and Node of the machine in a container's rootfs, with what they install packages by.

# add_program FILE: FILE and the libraries that it loads, into $ROOTFS.
add_program() {
	local file
	for file in "$1" $(ldd "$1" | grep -o '/[^ ]*' | sort -u); do
		[ -e "$ROOTFS$file" ] || install -D --mode=755 "$file" "$ROOTFS$file"
	done
}

# add_python: /usr/bin/python3 with its library, without what is installed beside it.
add_python() {
	local python version module
	python=$(readlink -f /usr/bin/python3) || skip "needs python3 of the distribution"
	version=${python##*/}
	[ -d "/usr/lib/$version" ] || skip "needs python3 of the distribution"
	mkdir -p "$ROOTFS"/usr/{bin,lib}
	add_program "$python"
	ln -s "$version" "$ROOTFS/usr/bin/python3"
	tar --create --directory=/usr/lib --exclude=test --exclude='__pycache__' --exclude=site-packages --exclude=dist-packages \
		"$version" | tar --extract --directory="$ROOTFS/usr/lib"
	for module in "/usr/lib/$version"/lib-dynload/{_ssl,_sqlite3,_ctypes,_hashlib,_bz2,_lzma}.*.so; do
		[ ! -e "$module" ] || add_program "$module"
	done
}

# add_pip: `python3 -m pip` of the distribution.
add_pip() {
	[ -d /usr/lib/python3/dist-packages/pip ] || skip "needs python3-pip of the distribution"
	tar --create --directory=/usr/lib --exclude='__pycache__' python3/dist-packages/pip |
		tar --extract --directory="$ROOTFS/usr/lib"
}

# add_node: /usr/bin/node; a guest, whose image is too small for it, has the one of its host in a tree of its own.
add_node() {
	local node
	[ ! -d "${GUEST_NODE:-}" ] || {
		cp --archive "$GUEST_NODE/." "$ROOTFS"
		return
	}
	node=$(command -v node) || skip "needs node"
	node=$(readlink -f "$node")
	ldd "$node" >/dev/null 2>&1 || skip "needs node as a program"
	add_program "$node"
	mkdir -p "$ROOTFS/usr/bin"
	[ "$node" = /usr/bin/node ] || ln -sf "$node" "$ROOTFS/usr/bin/node"
}

# add_npm: `node $NPM` is npm; Debian's has its modules around it, others have theirs within.
add_npm() {
	local top
	NPM=$(command -v npm) || skip "needs npm"
	NPM=$(readlink -f "$NPM")
	top=${NPM%/bin/*}
	[ -e "$top/package.json" ] || skip "npm is not where its package.json is"
	[ "${top%/*}" != /usr/share/nodejs ] || top=/usr/share/nodejs
	tar --create --directory=/ --exclude=docs --exclude=man "${top#/}" | tar --extract --directory="$ROOTFS"
}
