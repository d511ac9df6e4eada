/* SPDX-License-Identifier: Apache-2.0 */
/* images.h - what checkpoint and restore have in common: whether the policy permits, which criu, the directories, the
 * options that both have, and what is said when criu fails. */
#ifndef BW_CONTAINER_IMAGES_H
#define BW_CONTAINER_IMAGES_H

#include "container/bulwark.h"
#include "criu/talk.h"
#include "policy/policy.h"
#include "spec/spec.h"

/* One call of checkpoint or restore. */
struct bw_images {
	const struct bw_image_options *asked;
	const char *verb, *log_file; /* "dump.log" */
	const char *image_path, *log_dir; /* in arena */
	int images_dir, work_dir;
	struct bw_criu_program program; /* criu */
	unsigned version;
	struct bw_criu_options options;
	struct bw_arena *arena;
};
#define BW_IMAGES_INIT {.images_dir = -1, .work_dir = -1, .options = BW_CRIU_OPTIONS_INIT}

/* Asks the profile, and looks for criu: in PATH; where spec carries decisions of a policy, at the usual places, and then
 * only root can have put it there. Everything in arena. */
int bw_images_begin(struct bw_images *images, const char *verb, const struct bw_image_options *asked,
	const struct bw_profile *profile, const struct bw_spec *spec, struct bw_arena *arena, struct bw_err *err) BW_MUST_CHECK;
/* Opens the directories, made when make, and fills the options that both verbs have. */
int bw_images_open(struct bw_images *images, bool make, const struct bw_spec *spec, struct bw_err *err) BW_MUST_CHECK;
/* Opens the directories once more, in the mount namespace that criu will run in: it makes mounts where it works. */
int bw_images_reopen(struct bw_images *images, struct bw_err *err) BW_MUST_CHECK;
/* Refuses a criu that lacks what is asked for. */
int bw_images_check_features(struct bw_images *images, bool mem_track, bool lazy_pages, struct bw_err *err) BW_MUST_CHECK;
/* Puts the path of criu's log, where there is one, and its last errors behind the text. Returns -1. */
int bw_images_complain(const struct bw_images *images, struct bw_err *err);
void bw_images_done(struct bw_images *images);

/* criu's word for the spec's type of namespace, and the key of one that is not the image's: "net", "extRootNetNS". */
const char *bw_images_namespace(const char *type);
const char *bw_images_namespace_key(const char *type);

#endif
