/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_options.h - the options of one mount of containerd's list: flags of mount(2), words that are the shim's own
 * business, and the rest, which is the file system's. And the list of layers in overlay's "lowerdir=". Pure. */
#ifndef BW_SHIM_ROOTFS_OPTIONS_H
#define BW_SHIM_ROOTFS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "proto/message.h"

struct bw_rootfs_options {
	unsigned long flags; /* MS_RDONLY and the like; without MS_BIND and MS_REC */
	bool bind, recursive;
	bool loop, direct_io; /* the source is an image file, to be read with O_DIRECT */
	const char *uid_map, *gid_map; /* "0:100000:65536[,...]", or NULL */
	struct bw_proto_texts data;    /* for the file system, in their order */
	const char *lower;	       /* overlay: the value of "lowerdir=", which is in data too; or NULL */
};

/* Sorts out the options of a mount of this type; several in one text, with commas between them, are several. Texts are the
 * arena's or the caller's. BW_E_SPEC for what cannot be done here: an option that would be dropped is refused. */
int bw_rootfs_options_read(const char *type, const struct bw_proto_texts *options, struct bw_arena *arena,
	struct bw_rootfs_options *ret, struct bw_err *err) BW_MUST_CHECK;
/* data as mount(2) takes it. lower, when it is not NULL, stands in the place of lowerdir's value. NULL: no memory. */
char *bw_rootfs_options_data(const struct bw_rootfs_options *options, const char *lower, struct bw_arena *arena);

/* The layers of a value of "lowerdir=", without their escapes. An empty one is kept: behind "::" follow layers that only
 * have data. NULL for v when memory is out. */
struct bw_proto_texts bw_rootfs_layers(const char *lower, struct bw_arena *arena);
/* The layers as a value again, escaped as overlay wants it: ':', ',' and '\' have a '\' before them. skip bytes at the
 * beginning of each are left out. NULL: no memory. */
char *bw_rootfs_layers_join(const struct bw_proto_texts *layers, size_t skip, struct bw_arena *arena);
/* The length of the longest directory that all layers lie beneath: "/a" is 2. 0: there is none but "/", or names are not
 * absolute and clean, so that they cannot be made shorter by their text alone. */
size_t bw_rootfs_layers_common(const struct bw_proto_texts *layers);

#endif
