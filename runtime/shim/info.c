/* SPDX-License-Identifier: Apache-2.0 */
/* info.c - the answer to -info, by which containerd from 2.0 on learns what this runtime can. What could be claimed by
 * annotations (mounts of kinds that containerd would else prepare) is not claimed. */
#include "shim/shim.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "container/bulwark.h"
#include "shim/messages.h"

int bw_shim_info(struct bw_err *err)
{
	auto_free char *features = NULL;
	auto_wire struct bw_wire bytes = {0};
	struct bw_runtime_version version = {BW_VERSION, BW_COMMIT};
	struct bw_any any = {.type_url = "types.containerd.io/opencontainers/runtime-spec/1/features/Features"};
	const struct bw_runtime_info info = {.name = "io.containerd.bulwark.v2", .version = &version, .features = &any};
	int r;

	if (bw_features_text(&features, err) < 0)
		return -1;
	any.value = (struct bw_proto_bytes){(const unsigned char *)features, strlen(features)};
	bw_proto_write(&bw_runtime_info_table, &info, &bytes);
	if (bytes.no_memory)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "-info");
	r = bw_write_all(STDOUT_FILENO, bytes.bytes, bytes.len);
	return r < 0 ? bw_fail(err, BW_E_KERNEL, -r, "writing to standard output") : 0;
}
