/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_ids.c - by a mount with mapped ids: what belongs to root on the disk belongs to the container's root, and what
 * that one writes belongs to root on the disk, as engines know their layers; see mount_setattr(2).
 *
 * So the container's root may in its rootfs what root may, and config.json says where that is. Only what is an image is
 * shown so: what the bundle holds, which the caller of our command line names, and what somebody has mounted as one
 * rootfs where the policy says that engines keep theirs: beside it lie the images of others, volumes and sockets. Anything
 * else, say /etc, keeps its owners, who are nobody inside. */
#include "control/rootfs_ids.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/mount_idmap.h"
#include "control/rootfs_layers.h"
#include "plan/plan.h"
#include "spec/spec.h"

/* Where the kernel has this directory, whatever led to it. */
static bool place_of(const struct bw_request *request, int dir, char ret[PATH_MAX])
{
	char link[32];
	ssize_t len;

	snprintf(link, sizeof link, "self/fd/%d", dir);
	len = readlinkat(request->host_proc, link, ret, PATH_MAX - 1);
	ret[len > 0 ? len : 0] = '\0';
	return len > 0 && len < PATH_MAX - 1;
}

static bool is_in_bundle(const struct bw_request *request, const char *place)
{
	auto_close int bundle = open(request->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[PATH_MAX];

	return bundle >= 0 && place_of(request, bundle, path) && !bw_streq(path, "/") && !bw_streq(path, place) &&
	       bw_path_beneath(place, path);
}

static bool is_beneath_images(const struct bw_request *request, const char *place)
{
	const struct bw_strs *images = &request->spec->hardening->user_range->images;
	char path[PATH_MAX];

	for (size_t i = 0; i < images->n; i++)
		if (realpath(images->v[i], path) && bw_path_beneath(place, path))
			return true;
	return false;
}

/* A layer: which ones there are says who has mounted them. */
static bool is_layer(const struct bw_request *request, int dir)
{
	char place[PATH_MAX];

	return place_of(request, dir, place) && (is_beneath_images(request, place) || is_in_bundle(request, place));
}

static bool is_mount(int dir)
{
	struct statx stx;

	return statx(dir, "", AT_EMPTY_PATH, 0, &stx) == 0 && (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* An engine's store can be a mount, too. */
static bool holds_refused(const struct bw_request *request, const char *place)
{
	const struct bw_strs *refused = &request->spec->hardening->refused_sources;

	for (size_t i = 0; i < refused->n; i++) {
		enum bw_relation how = bw_path_relate(place, refused->v[i]);

		if (how == BW_SAME || how == BW_ABOVE)
			return true;
	}
	return false;
}

/* NULL: it is an image. */
static const char *why_no_image(const struct bw_request *request, int dir)
{
	char place[PATH_MAX];

	if (!place_of(request, dir, place))
		return "where it lies is not to be found out";
	if (is_in_bundle(request, place))
		return NULL;
	if (!is_beneath_images(request, place))
		return "it lies neither in the bundle nor where user.images of the policy says";
	if (!is_mount(dir))
		return "outside of the bundle only what is mounted there is known to be one image";
	return holds_refused(request, place) ? "it holds what mounts.refuse of the policy names" : NULL;
}

static bool is_file(const struct bw_request *request, const struct bw_spec_mount *mount)
{
	auto_close int bundle = open(request->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	return mount->source && (bw_strs_has(&mount->options, "bind") || bw_strs_has(&mount->options, "rbind")) &&
	       fstatat(bundle, mount->source, &st, 0) == 0 && !S_ISDIR(st.st_mode);
}

/* Whether a mount before number index is where place is, or above. */
static bool is_covered(const struct bw_spec *spec, size_t index, const char *place)
{
	char other[PATH_MAX];

	for (size_t i = 0; i < index; i++)
		if (bw_path_clean(spec->mounts.v[i].destination, other, sizeof other) && bw_path_beneath(place, other))
			return true;
	return false;
}

/* Who is nobody in the image can make no mount point in it: the child could not, and what cannot be made it will say. */
static void make_mount_points(const struct bw_request *request, int dir)
{
	const struct bw_spec *spec = request->spec;
	char place[PATH_MAX];

	/* A plan that is only shown changes no image. */
	for (size_t i = 0; request->state_fd >= 0 && i < spec->mounts.n; i++) {
		int made;

		if (!bw_path_clean(spec->mounts.v[i].destination, place, sizeof place) || is_covered(spec, i, place))
			continue;
		made = is_file(request, &spec->mounts.v[i]) ? bw_mkfile_in(dir, place, 0755) : bw_mkdir_in(dir, place, 0755);
		if (made >= 0)
			close(made);
	}
}

/* An overlay, which can do it by its layers alone, is replaced. */
static const char *replace(const struct bw_request *request, int dir, int user, int *tree, struct bw_err *err)
{
	const char *why;
	int other;

	/* What is made in it later would not be seen in the other one. */
	make_mount_points(request, dir);
	other = bw_rootfs_of_layers(request, dir, user, is_layer, &why, err);
	if (other < 0)
		return why;
	close(*tree);
	*tree = other;
	return NULL;
}

/* NULL: done, or *err is filled. */
static const char *map(const struct bw_request *request, int dir, int *tree, struct bw_err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP};
	const char *why = why_no_image(request, dir);
	auto_close int user = -1;

	if (why)
		return why;
	user = bw_idmap_namespace(request, err);
	if (user < 0)
		return NULL;
	attr.userns_fd = (unsigned)user;
	if (mount_setattr(*tree, "", AT_EMPTY_PATH, &attr, sizeof attr) == 0)
		return NULL;
	if (errno == EINVAL)
		return replace(request, dir, user, tree, err);
	bw_fail(err, BW_E_KERNEL, errno, "mapping the ids of the rootfs");
	return NULL;
}

int bw_rootfs_ids(const struct bw_request *request, int dir, int *tree, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	struct bw_err failed = {0};
	char words[160];
	const char *why;

	if (!hardening || !hardening->user_range)
		return 0;
	why = map(request, dir, tree, &failed);
	if (!why && failed.code == BW_E_NONE)
		return 0;
	if (!why) {
		*err = failed;
		return -1;
	}
	if (bw_streq(hardening->user_range->idmap, "require")) {
		bw_fail(err, BW_E_HOST, 0, "/root/path: the rootfs %.200s cannot be shown with the container's ids: %s",
			request->spec->root->path, why);
		(void)bw_hint(err, "with user.idmap \"prefer\" its files belong to nobody in the container");
		return bw_at(err, "/root/path");
	}
	snprintf(words, sizeof words, "files of the image belong to nobody in the container: %s", why);
	bw_plan_degrade(plan, BW_CONTROL_rootfs, words);
	make_mount_points(request, dir);
	return 0;
}
