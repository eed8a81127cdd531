/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay.c: runs a fuzz target over the files of folders, where there is no libFuzzer.
 *
 * Each file is run as it is, then with each of its bytes inverted, and cut at every length.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "fuzz.h"

#define FILE_MAX 65536

static void
run_variants(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);

	MUST(copy != NULL);
	for (size_t i = 0; i <= size; i++) {
		/* Its own block for each length: then tools see one byte too much. */
		uint8_t *cut = malloc(i > 0 ? i : 1);

		MUST(cut != NULL);
		memcpy(cut, data, i);
		LLVMFuzzerTestOneInput(cut, i);
		free(cut);
	}
	for (size_t i = 0; i < size; i++) {
		memcpy(copy, data, size);
		copy[i] = (uint8_t)~copy[i];
		LLVMFuzzerTestOneInput(copy, size);
	}
	free(copy);
}

static int
run_folder(const char *path, unsigned *nfiles)
{
	static uint8_t data[FILE_MAX];
	struct dirent *entry;
	DIR *dir = opendir(path);

	if (dir == NULL) {
		fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
		return -1;
	}
	while ((entry = readdir(dir)) != NULL) {
		char name[4096];
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		file = fopen(name, "rb");
		MUST(file != NULL);
		run_variants(data, fread(data, 1, sizeof(data), file));
		fclose(file);
		(*nfiles)++;
	}
	closedir(dir);
	return 0;
}

int
main(int argc, char **argv)
{
	unsigned nfiles = 0;

	for (int i = 1; i < argc; i++)
		if (run_folder(argv[i], &nfiles) < 0)
			return 1;
	printf("%u files, with variants\n", nfiles);
	return nfiles > 0 ? 0 : 1;
}
