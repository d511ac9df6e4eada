/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_shim_settings.c - any bytes as what an engine's configuration says to the shim: as the text that CRI hands on, and as
 * runc's options. They are refused in words, or every path is absolute and in its one spelling, and every owner is one. */
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "fuzz.h"
#include "shim/settings.h"

static void must_be_a_path(const char *path)
{
	char clean[4096];

	must(!path || (bw_path_clean(path, clean, sizeof clean) && bw_streq(path, clean)));
}

static void read_as(const char *type, const void *bytes, size_t len)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const struct bw_any any = {.type_url = type, .value = {bytes, len}};
	struct bw_shim_settings settings;
	struct bw_err err = {0};

	if (bw_shim_settings_read(&any, &arena, &settings, &err) < 0) {
		must(err.code != BW_E_NONE && err.text[0]);
		return;
	}
	must(settings.root);
	must_be_a_path(settings.root);
	must_be_a_path(settings.policy);
	must_be_a_path(settings.shim_cgroup);
	must_be_a_path(settings.criu_image_path);
	must_be_a_path(settings.criu_work_path);
	must(!settings.profile || settings.profile[0]);
	must(settings.io_uid < UINT32_MAX && settings.io_gid < UINT32_MAX);
	must(settings.has_io_owner == (settings.io_uid || settings.io_gid));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_wire struct bw_wire options = {0};

	bw_wire_bytes(&options, 3, data, size);
	if (!options.no_memory)
		read_as("runtimeoptions.v1.Options", options.bytes, options.len);
	read_as("containerd.runc.v1.Options", data, size);
	return 0;
}
