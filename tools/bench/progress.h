/* SPDX-License-Identifier: BSD-2-Clause */
/* progress.h: one line on a terminal that says how far a run is. */
#ifndef TOOLS_BENCH_PROGRESS_H
#define TOOLS_BENCH_PROGRESS_H

#include <stdbool.h>

struct bench_progress {
	bool is_shown; /* the standard error output is a terminal */
	double start;
};

void bench_progress_init(struct bench_progress *progress);

/* DONE of TOTAL steps are behind us, and TEXT comes now. */
void bench_progress_show(
    const struct bench_progress *progress, unsigned done, unsigned total, const char *text);

/* The line is empty again: before anything else is printed. */
void bench_progress_clear(const struct bench_progress *progress);

#endif /* TOOLS_BENCH_PROGRESS_H */
