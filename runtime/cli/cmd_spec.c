/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_spec.c - bulwark spec, bulwark-spec(8). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "cli/verb.h"

struct spec_options {
	const char *bundle;
	bool rootless;
};

static const struct bw_option spec_options[] = {
	BW_OPT_PATH(struct spec_options, bundle, "bundle", 'b', "DIR",
		"write it there (default: the working directory)"),
	BW_OPT_FLAG(struct spec_options, rootless, "rootless", 0, "for a caller who is not root"),
	BW_OPT_END,
};

static int write_new(const char *path, const char *text, struct bw_err *err)
{
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0666);
	int failed;

	if (fd < 0 && errno == EEXIST)
		return bw_fail(err, BW_E_EXISTS, 0, "File config.json exists. Remove it first");
	if (fd < 0)
		return bw_fail(err, BW_E_USAGE, errno, "creating %s", path);
	failed = bw_write_all(fd, text, strlen(text));
	if (!failed)
		failed = bw_write_all(fd, "\n", text[0] && text[strlen(text) - 1] != '\n');
	if (failed)
		return bw_fail(err, BW_E_KERNEL, -failed, "writing %s", path);
	return 0;
}

static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct spec_options *options = call->options;
	const char *path = options->bundle
				   ? bw_arena_printf(call->arena, "%s/config.json", options->bundle)
				   : "config.json";

	if (!path)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "path");
	return write_new(path, bw_default_spec(options->rootless), err);
}

const struct bw_verb bw_verb_spec = {
	.name = "spec",
	.group = BW_VERB_OTHER,
	.about = "write a config.json to begin with",
	.synopsis = "",
	.options = spec_options,
	.options_size = sizeof(struct spec_options),
	.run = run,
};
