/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_metrics.c - bulwark metrics, bulwark-metrics(8). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/output.h"
#include "cli/scrape.h"
#include "cli/verb.h"

struct metrics_options {
	const char *format, *output, *socket, *interval, *name_space;
	bool containers;
};

static const char *const formats[] = {"prometheus", "emf", NULL};

static const struct bw_option metrics_options[] = {
	BW_OPT_FLAG(struct metrics_options, containers, "containers", 0, "each container by itself as well"),
	BW_OPT_CHOICE(struct metrics_options, format, "format", 'f', formats, "form of the text"),
	BW_OPT_TEXT(struct metrics_options, interval, "interval", 0, "TIME",
		"again after each such time (15s, 1m), until SIGTERM"),
	BW_OPT_TEXT(struct metrics_options, name_space, "namespace", 0, "NAME",
		"CloudWatch's namespace; Bulwark unless given"),
	BW_OPT_PATH(struct metrics_options, output, "output", 'o', "FILE",
		"replace that file; documents of emf go to its end"),
	BW_OPT_TEXT(struct metrics_options, socket, "socket", 0, "PATH",
		"answer GET /metrics there; -: at the service manager's socket"),
	BW_OPT_END,
};

/* What has no meaning together, so that nobody takes it for having one. */
static int check(const struct metrics_options *options, bool emf, struct bw_err *err)
{
	const struct {
		bool wrong;
		const char *sentence;
	} rows[] = {
		{options->socket && (emf || options->output || options->interval),
			"--socket answers with Prometheus's text when it is asked: it goes with neither --format emf "
			"nor --output nor --interval"},
		{options->interval && !emf && !options->output, "--interval needs --output or --format emf"},
		{options->name_space && !emf, "--namespace needs --format emf"},
		{options->containers && emf, "--containers needs --format prometheus"},
	};

	for (size_t i = 0; i < BW_COUNT(rows); i++)
		if (rows[i].wrong)
			return bw_fail(err, BW_E_USAGE, 0, "%s", rows[i].sentence);
	return 0;
}

/* For others to read, as node_exporter does, and never half of it. */
static int replace(const char *path, const char *text, struct bw_err *err)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir = strndup(path, (size_t)(slash - path) + 1);
	auto_close int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (!dir)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");
	if (fd < 0)
		return bw_fail(err, BW_E_USAGE, errno, "opening the directory %s", dir);
	if (!slash[1])
		return bw_fail(err, BW_E_USAGE, EISDIR, "--output %s", path);
	return bw_replace_at(fd, slash + 1, text, strlen(text), 0644, err);
}

static int put(const struct metrics_options *options, bool emf, const char *text, struct bw_err *err)
{
	if (options->output)
		return emf ? bw_metrics_emf_append(options->output, text, err) : replace(options->output, text, err);
	if (bw_put_text(text, err) < 0)
		return -1;
	return bw_put_done(err);
}

/* One text; *past is what is there by now. */
static int once(const struct metrics_options *options, bool emf, struct bw_metrics **past, struct bw_err *err)
{
	struct bw_metrics *now;
	auto_free char *text = NULL;
	int r;

	if (bw_metrics_take(&now, err) < 0)
		return -1;
	if (emf)
		r = bw_metrics_emf(now, *past, options->name_space, &text, err);
	else
		r = bw_metrics_prometheus(now, options->containers, &text, err);
	bw_metrics_free(*past);
	*past = now;
	return r < 0 ? -1 : put(options, emf, text, err);
}

/* emf: from the second look on, for what has come meanwhile is what is told. */
static int again_and_again(const struct metrics_options *options, bool emf, int64_t interval_ms, struct bw_err *err)
{
	struct bw_metrics *past = NULL;
	int r;

	bw_until_signal_begin();
	r = emf ? bw_metrics_take(&past, err) : once(options, emf, &past, err);
	while (r == 0 && !bw_until_signal(interval_ms))
		r = once(options, emf, &past, err);
	bw_metrics_free(past);
	return r;
}

static int make_text(void *ctx, char **ret, struct bw_err *err)
{
	const struct metrics_options *options = ctx;
	struct bw_metrics *metrics;
	int r;

	if (bw_metrics_take(&metrics, err) < 0)
		return -1;
	r = bw_metrics_prometheus(metrics, options->containers, ret, err);
	bw_metrics_free(metrics);
	return r;
}

static int serve_inherited(struct metrics_options *options, struct bw_err *err)
{
	auto_close int listener = bw_scrape_inherited(err);

	return listener < 0 ? -1 : bw_scrape_serve(listener, make_text, options, err);
}

static int serve(struct metrics_options *options, struct bw_arena *arena, struct bw_err *err)
{
	const char *path = NULL;
	auto_close int listener = -1;
	struct stat made, there;
	int r;

	if (bw_absolute_path(options->socket, arena, &path, err) < 0)
		return -1;
	listener = bw_scrape_listen(path, err);
	if (listener < 0)
		return -1;
	if (lstat(path, &made) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "socket %s", path);
	r = bw_scrape_serve(listener, make_text, options, err);
	if (lstat(path, &there) == 0 && made.st_dev == there.st_dev && made.st_ino == there.st_ino)
		(void)unlink(path);
	return r;
}

static int run(const struct bw_call *call, struct bw_err *err)
{
	struct metrics_options *options = call->options;
	bool emf = bw_streq(options->format, "emf");
	struct bw_metrics *past = NULL;
	int64_t interval_ms;
	int r;

	if (check(options, emf, err) < 0)
		return -1;
	if (options->socket)
		return bw_streq(options->socket, "-") ? serve_inherited(options, err) : serve(options, call->arena, err);
	if (!options->interval) {
		r = once(options, emf, &past, err);
		bw_metrics_free(past);
		return r;
	}
	if (bw_parse_duration_ms(options->interval, &interval_ms) < 0 || interval_ms < 1000)
		return bw_fail(err, BW_E_USAGE, 0,
			"invalid value \"%s\" for flag --interval: expected a time of at least 1s, such as 15s or 1m",
			options->interval);
	return again_and_again(options, emf, interval_ms, err);
}

const struct bw_verb bw_verb_metrics = {
	.name = "metrics",
	.group = BW_VERB_INSPECT,
	.about = "tell Prometheus or CloudWatch about this host's containers",
	.synopsis = "",
	.details = "All containers of the host, whatever their root, by tenant and profile.\n",
	.options = metrics_options,
	.options_size = sizeof(struct metrics_options),
	.run = run,
};
