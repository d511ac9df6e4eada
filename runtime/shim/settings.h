/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - what an engine's configuration says to this shim: runc's options, or a small file (ConfigPath) or text
 * (config_body) of our own. */
#ifndef BW_SHIM_SETTINGS_H
#define BW_SHIM_SETTINGS_H

#include "shim/messages.h"

struct bw_shim_settings {
	const char *root;    /* of states, before the namespace is put behind it; never NULL */
	const char *policy;  /* or NULL: the installed one */
	const char *profile; /* or NULL: as the policy chooses */
	bool systemd_cgroup, no_pivot, no_new_keyring;
	const char *shim_cgroup; /* or NULL */
	const char *criu_image_path, *criu_work_path; /* or NULL */
	bool has_io_owner;
	uint64_t io_uid, io_gid;
};

/* From options as they come with `start` and Create; NULL, an empty one and one of an unknown type are none. Of
 * runtimeoptions.v1.Options the file at config_path counts, else config_body. A file that is named and cannot be read,
 * or a line in it that is none, is an error with file and line. Memory is the arena's. */
int bw_shim_settings_read(const struct bw_any *options, struct bw_arena *arena, struct bw_shim_settings *ret,
	struct bw_err *err) BW_MUST_CHECK;

#endif
