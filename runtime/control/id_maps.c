/* SPDX-License-Identifier: Apache-2.0 */
/* id_maps.c - making and writing the text. */
#include "control/id_maps.h"

#include <stdio.h>

#include "base/fd.h"
#include "base/str.h"

static int map_text(const struct bw_spec_id_mappings *mappings, const char *pointer, const char *name, char *text,
	struct bw_err *err)
{
	struct bw_buf buf = bw_buf_over(text, BW_ID_MAP_TEXT);

	for (size_t i = 0; i < mappings->n; i++) {
		const struct bw_spec_id_mapping *map = &mappings->v[i];

		bw_buf_addf(&buf, "%llu %llu %llu\n", (unsigned long long)map->container_id.v,
			(unsigned long long)map->host_id.v, (unsigned long long)map->size.v);
	}
	if (!mappings->n || mappings->n > BW_ID_MAP_LINES || buf.overflow) {
		bw_fail(err, BW_E_SPEC, 0, "%s/%s: a new user namespace needs 1 to %d mappings, found %zu", pointer, name,
			BW_ID_MAP_LINES, mappings->n);
		return bw_at(err, "%s/%s", pointer, name);
	}
	return 0;
}

int bw_id_maps_text(const struct bw_spec_id_mappings *uids, const struct bw_spec_id_mappings *gids, const char *pointer,
	struct bw_id_maps *ret, struct bw_err *err)
{
	if (map_text(uids, pointer, "uidMappings", ret->uid, err) < 0)
		return -1;
	return map_text(gids, pointer, "gidMappings", ret->gid, err);
}

static int write_map(int host_proc, pid_t pid, const char *file, const char *text, struct bw_err *err)
{
	char path[64];
	int r;

	snprintf(path, sizeof path, "%d/%s", (int)pid, file);
	r = bw_write_at(host_proc, path, text);
	return r < 0 ? bw_fail(err, BW_E_KERNEL, -r, "userns: writing %s", file) : 0;
}

int bw_id_maps_write(int host_proc, pid_t pid, const struct bw_id_maps *maps, struct bw_err *err)
{
	if (write_map(host_proc, pid, "uid_map", maps->uid, err) < 0)
		return -1;
	return write_map(host_proc, pid, "gid_map", maps->gid, err);
}
