/* SPDX-License-Identifier: BSD-2-Clause */
/* outputs.c: the files of --json, --csv and --report. */
#include "tools/bench/outputs.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef void writer(const struct bench_result *result, FILE *file);

static writer *const writers[BENCH_OUTPUTS] = { bench_json_write, bench_csv_write,
	bench_report_write };

/* "-" is the standard output. */
static FILE *
open_one(const char *path)
{
	FILE *file;
	int fd;

	if (strcmp(path, "-") == 0)
		return stdout;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (file == NULL)
		err(1, "%s", path);
	return file;
}

void
bench_outputs_open(struct bench_outputs *outputs, const struct bench_options *options)
{
	*outputs =
	    (struct bench_outputs){ .path = { options->json, options->csv, options->report } };
	for (unsigned i = 0; i < BENCH_OUTPUTS; i++)
		if (outputs->path[i] != NULL)
			outputs->file[i] = open_one(outputs->path[i]);
}

void
bench_outputs_write(struct bench_outputs *outputs, const struct bench_result *result)
{
	for (unsigned i = 0; i < BENCH_OUTPUTS; i++) {
		FILE *file = outputs->file[i];
		const bool is_stdout = file == stdout;

		if (file == NULL)
			continue;
		/* What is no file, as a pipe, has nothing that could stay. */
		if (!is_stdout && ftruncate(fileno(file), 0) != 0 && errno != EINVAL)
			err(1, "%s", outputs->path[i]);
		writers[i](result, file);
		if (fflush(file) != 0 || ferror(file) || (!is_stdout && fclose(file) != 0))
			err(1, "%s", outputs->path[i]);
		outputs->file[i] = NULL;
	}
}
