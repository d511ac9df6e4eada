/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for another OCI runtime: writes down what it was given, and fails as it is told.
 *	fake_backend --record=DIR [--mode=die|garbage|silent|hang|stubborn] [--swap=LINK:TARGET] --root R --log L --log-format json VERB ...
 * die: create fails with an error in the log; garbage: the pid file holds no number; silent: nothing is written; hang: create
 * does not end; stubborn: kill and delete do not end. --swap: before it looks at the sources of mounts, the path LINK becomes
 * a link to TARGET. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *record = "/nowhere", *mode = "", *swap, *root, *log_file;

static FILE *open_in(const char *dir, const char *name, const char *how)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return fopen(path, how);
}

static void copy(const char *from, const char *name)
{
	FILE *in = fopen(from, "r"), *out = open_in(record, name, "w");
	int c;

	while (in && out && (c = getc(in)) != EOF)
		putc(c, out);
	if (in)
		fclose(in);
	if (out)
		fclose(out);
}

static const char *value_of(int argc, char **argv, const char *option)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], option) == 0)
			return argv[i + 1];
	return NULL;
}

static void write_pid(const char *path, pid_t pid)
{
	FILE *out = fopen(path, "w");

	if (!out)
		exit(9);
	if (strcmp(mode, "garbage") == 0)
		fputs("not a number", out);
	else
		fprintf(out, "%d", (int)pid);
	fclose(out);
}

/* The container's only process. */
static pid_t begin(int code)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (code >= 0)
		_exit(code);
	for (;;)
		pause();
}

static void do_swap(void)
{
	char link[PATH_MAX], *target;

	if (!swap)
		return;
	snprintf(link, sizeof link, "%s", swap);
	target = strchr(link, ':');
	*target++ = '\0';
	if (unlink(link) < 0 || symlink(target, link) < 0)
		exit(8);
}

static void look_at_sources(const char *bundle)
{
	char path[PATH_MAX], name[32];

	for (int i = 0; i < 32; i++) {
		snprintf(path, sizeof path, "%s/source-%d/marker", bundle, i);
		snprintf(name, sizeof name, "source-%d", i);
		if (access(path, R_OK) == 0)
			copy(path, name);
	}
	snprintf(path, sizeof path, "%s/rootfs/etc/passwd", bundle);
	copy(path, "passwd");
}

static int create(int argc, char **argv)
{
	const char *bundle = value_of(argc, argv, "--bundle"), *pid_file = value_of(argc, argv, "--pid-file");
	char path[PATH_MAX];
	FILE *out;
	pid_t pid;

	snprintf(path, sizeof path, "%s/config.json", bundle);
	copy(path, "config.json");
	copy("/proc/self/environ", "environ");
	do_swap();
	look_at_sources(bundle);
	if (strcmp(mode, "die") == 0) {
		out = fopen(log_file, "w");
		fputs("no json\n{\"msg\":\"the sky has fallen\",\"level\":\"error\"}\n", out);
		fclose(out);
		return 3;
	}
	while (strcmp(mode, "hang") == 0)
		pause();
	if (strcmp(mode, "silent") == 0)
		return 0;
	pid = begin(-1);
	write_pid(pid_file, pid);
	out = open_in(root, "pid", "w");
	fprintf(out, "%d", (int)pid);
	fclose(out);
	return 0;
}

static int kill_it(const char *signal_number)
{
	FILE *in = open_in(root, "pid", "r");
	int pid;

	while (strcmp(mode, "stubborn") == 0)
		pause();
	if (!in || fscanf(in, "%d", &pid) != 1)
		return 1;
	fclose(in);
	return kill(pid, atoi(signal_number)) < 0 && errno != ESRCH ? 1 : 0;
}

static int exec_in(int argc, char **argv)
{
	copy(value_of(argc, argv, "--process"), "process.json");
	write_pid(value_of(argc, argv, "--pid-file"), begin(6));
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = NULL;
	FILE *out;

	for (int i = 1; i < argc && !verb; i++) {
		if (strncmp(argv[i], "--record=", 9) == 0)
			record = argv[i] + 9;
		else if (strncmp(argv[i], "--mode=", 7) == 0)
			mode = argv[i] + 7;
		else if (strncmp(argv[i], "--swap=", 7) == 0)
			swap = argv[i] + 7;
		else if (strcmp(argv[i], "--root") == 0 || strcmp(argv[i], "--log") == 0 || strcmp(argv[i], "--log-format") == 0)
			i++;
		else if (argv[i][0] != '-')
			verb = argv[i];
	}
	root = value_of(argc, argv, "--root");
	log_file = value_of(argc, argv, "--log");
	out = open_in(record, "argv", "a");
	for (int i = 1; out && i < argc; i++)
		fprintf(out, "%s%s", argv[i], i + 1 < argc ? " " : "\n");
	if (out)
		fclose(out);
	if (!verb)
		return 2;
	if (strcmp(verb, "create") == 0)
		return create(argc, argv);
	if (strcmp(verb, "kill") == 0)
		return kill_it(argv[argc - 1]);
	if (strcmp(verb, "delete") == 0)
		return kill_it("9");
	if (strcmp(verb, "exec") == 0)
		return exec_in(argc, argv);
	return 0;
}
