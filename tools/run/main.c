/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: dmover-run: chooses a way, and runs the program. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "tools/run/choose.h"
#include "tools/run/preload.h"
#include "tools/run/seccomp.h"

/* As env(1) and others that run programs. */
#define EXIT_USAGE      2
#define EXIT_SERVICE    125
#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND  127

static const char *const way_names[] = { "auto", "device", "preload", "seccomp" };

/* Inside the program nobody could say what is wrong with it. */
static int
check_engine(const struct run_options *options)
{
	struct dmover_core_options core;
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };
	char why[256] = "";
	int err;

	if (options->engine == NULL)
		return 0;
	dmover_core_defaults(&core);
	core.engine = options->engine;
	err = dmover_core_open_engines(&dispatch, &stats, &core, why, sizeof(why));
	if (err == 0)
		dmover_lanes_close(&dispatch);
	else
		fprintf(stderr, "dmover-run: %s\n", why);
	return err;
}

/* It appends: a file that cannot be written is better known now. */
static int
check_trace(const struct run_options *options)
{
	FILE *file;

	if (options->trace == NULL)
		return 0;
	file = fopen(options->trace, "ae");
	if (file != NULL && fclose(file) == 0)
		return 0;
	fprintf(stderr, "dmover-run: --trace=%s: %s\n", options->trace, strerror(errno));
	return -EINVAL;
}

static int
cannot_run(const char *name, int err)
{
	fprintf(stderr, "dmover-run: %s: %s\n", name, strerror(-err));
	return err == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

static int
run(const struct run_options *options)
{
	struct program program;
	enum run_way way;
	char why[2048];
	int err = program_inspect(options->argv[0], &program);

	if (err < 0)
		return cannot_run(options->argv[0], err);
	if (check_engine(options) < 0 || check_trace(options) < 0)
		return EXIT_USAGE;
	err = run_choose(options, &program, &way, why, sizeof(why));
	if (err < 0) {
		fprintf(stderr, "dmover-run: no %s for this program: %s\n", options->path, why);
		return EXIT_SERVICE;
	}
	if (options->is_verbose)
		fprintf(stderr, "dmover-run: %s: %s\n", way_names[way], why);
	if (way == RUN_SECCOMP)
		err = run_seccomp(options, &program);
	else if (way == RUN_PRELOAD)
		err = run_preload(options, &program);
	else if (execvp(options->argv[0], options->argv) != 0)
		err = -errno;
	return err < 0 ? cannot_run(options->argv[0], err) : err;
}

int
main(int argc, char **argv)
{
	struct run_options options;
	int status = EXIT_USAGE;

	switch (run_options_parse(argc, argv, &options)) {
	case RUN_HELP:
		fputs(run_help, stdout);
		status = 0;
		break;
	case RUN_VERSION:
		puts("dmover-run " DMOVER_VERSION);
		status = 0;
		break;
	case RUN_BAD:
		break;
	case RUN_GO:
		status = run(&options);
		break;
	}
	run_options_free(&options);
	return status;
}
