/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_main.c - runs a fuzz target over files: those given, or all of the corpus. A bug that a
 * fuzzer found becomes a file there, and so a test of `make check`. */
#include <dirent.h>
#include <limits.h>
#include <string.h>

#include "base/auto.h"
#include "base/fd.h"
#include "fuzz.h"

enum { MAX_BYTES = 16 << 20 };

static int run_file(const char *path)
{
	auto_free char *text = NULL;
	struct bw_err err = {0};
	size_t len;

	if (bw_read_file(path, MAX_BYTES, &text, &len, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	LLVMFuzzerTestOneInput((const uint8_t *)text, len);
	return 0;
}

static int run_directory(const char *directory)
{
	auto_closedir DIR *dir = opendir(directory);
	const struct dirent *entry;
	char path[PATH_MAX];
	int files = 0;

	if (!dir) {
		perror(directory);
		return -1;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
		if (run_file(path) < 0)
			return -1;
		files++;
	}
	printf("%d files of %s\n", files, directory);
	return files ? 0 : -1;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return run_directory(BW_FUZZ_CORPUS) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	for (int i = 1; i < argc; i++) {
		if (run_file(argv[i]) < 0)
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
