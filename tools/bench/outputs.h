/* SPDX-License-Identifier: BSD-2-Clause */
/* outputs.h: the files of --json, --csv and --report: opened before anything is measured. */
#ifndef TOOLS_BENCH_OUTPUTS_H
#define TOOLS_BENCH_OUTPUTS_H

#include "tools/bench/options.h"
#include "tools/bench/result.h"

#define BENCH_OUTPUTS 3

struct bench_outputs {
	const char *path[BENCH_OUTPUTS]; /* borrowed from the options */
	FILE *file[BENCH_OUTPUTS];       /* NULL: not asked for */
};

/*
 * Opens what the options name, and changes nothing that is there already.  Ends the program with a
 * message when one cannot be opened.
 */
void bench_outputs_open(struct bench_outputs *outputs, const struct bench_options *options);

/* Writes the result to all of them in place of what was there, and closes them; or ends the program. */
void bench_outputs_write(struct bench_outputs *outputs, const struct bench_result *result);

#endif /* TOOLS_BENCH_OUTPUTS_H */
