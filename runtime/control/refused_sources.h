/* SPDX-License-Identifier: Apache-2.0 */
/* refused_sources.h - hardening.refused_sources as the host has them now: where they really are, and what they are
 * whatever their name. */
#ifndef BW_CONTROL_REFUSED_SOURCES_H
#define BW_CONTROL_REFUSED_SOURCES_H

#include <limits.h>
#include <sys/stat.h>

#include "base/mountinfo.h"
#include "control/control.h"

struct bw_refused_place {
	const char *name;   /* as the policy has it, with wildcards filled in */
	const char *listed; /* as the policy has it */
	const char *real;   /* without links */
	const char *device, *inside; /* the file system and the path in it, as mountinfo has them; or NULL */
	dev_t dev;
	ino_t ino;
};

struct bw_refused_directory {
	dev_t dev;
	ino_t ino;
};

struct bw_refused_sources {
	const struct bw_strs *listed, *excepted;
	const struct bw_strs *own; /* with all that lies beneath, they are excepted */
	const char *bundle; /* without links */
	struct bw_mounts mounts;
	struct {
		struct bw_refused_place *v;
		size_t n;
	} places;
	struct {
		struct bw_refused_directory *v;
		size_t n;
	} above; /* directories above one of them */
	struct bw_refused_place rootfs; /* of the container, where it is read-only; else real is NULL */
	char last_parent[PATH_MAX]; /* whose parents are in above */
};

/* Looks at the host. ret and all of it live in the request's arena. */
int bw_refused_sources_look(const struct bw_request *request, struct bw_refused_sources **ret, struct bw_err *err)
	BW_MUST_CHECK;
/* Whether the policy keeps what is open as fd (O_PATH), with its path and its attributes, from containers: words for
 * "it is ...", or NULL. writable: the container is to write there. */
const char *bw_refused_sources_find(const struct bw_refused_sources *refused, int fd, const char *real,
	const struct stat *st, bool writable);

#endif
