/* SPDX-License-Identifier: Apache-2.0 */
/* info.c - a container as JSON. Names and order are those of `runc state`: engines read them. What is ours
 * comes last, in a member of its own. */
#include "cli/info.h"

static void put_string(struct bw_json_writer *w, const char *key, const char *value)
{
	bw_json_key(w, key);
	bw_json_string(w, value ? value : "");
}

static void put_annotations(struct bw_json_writer *w, const struct bw_container_info *info)
{
	if (info->annotations_n == 0)
		return;
	bw_json_key(w, "annotations");
	bw_json_begin_object(w);
	for (size_t i = 0; i < info->annotations_n; i++)
		put_string(w, info->annotations[i].key, info->annotations[i].value);
	bw_json_end_object(w);
}

static void put_list(struct bw_json_writer *w, const char *key, const char *const *list)
{
	bw_json_key(w, key);
	bw_json_begin_array(w);
	for (; *list; list++)
		bw_json_string(w, *list);
	bw_json_end_array(w);
}

static void put_names(struct bw_json_writer *w, const struct bw_container_info *info)
{
	if (info->tenant)
		put_string(w, "tenant", info->tenant);
	if (info->session)
		put_string(w, "session", info->session);
}

/* runc has no place for it. Under a profile that decides nothing all is as runc has it. */
static void put_ours(struct bw_json_writer *w, const struct bw_container_info *info)
{
	if (!info->layers || !info->degraded || (!info->layers[0] && !info->degraded[0] && !info->tenant && !info->session))
		return;
	bw_json_key(w, "bulwark");
	bw_json_begin_object(w);
	put_string(w, "profile", info->profile);
	put_string(w, "because", info->profile_reason);
	put_names(w, info);
	if (info->backend)
		put_string(w, "backend", info->backend);
	put_list(w, "layers", info->layers);
	put_list(w, "degraded", info->degraded);
	bw_json_end_object(w);
}

/* `list` says no more than whose it is. */
static void put_names_alone(struct bw_json_writer *w, const struct bw_container_info *info)
{
	if (!info->tenant && !info->session)
		return;
	bw_json_key(w, "bulwark");
	bw_json_begin_object(w);
	put_names(w, info);
	bw_json_end_object(w);
}

void bw_info_write(struct bw_json_writer *w, const struct bw_container_info *info, bool ours)
{
	bw_json_begin_object(w);
	put_string(w, "ociVersion", info->oci_version);
	put_string(w, "id", info->id);
	bw_json_key(w, "pid");
	bw_json_int(w, info->pid);
	put_string(w, "status", bw_status_word(info->status));
	put_string(w, "bundle", info->bundle);
	put_string(w, "rootfs", info->rootfs);
	put_string(w, "created", info->created);
	put_annotations(w, info);
	put_string(w, "owner", info->owner);
	if (ours)
		put_ours(w, info);
	else
		put_names_alone(w, info);
	bw_json_end_object(w);
}
