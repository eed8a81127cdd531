/* SPDX-License-Identifier: BSD-2-Clause */
/* progress.c: one line on a terminal that says how far a run is. */
#include "tools/bench/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "tools/bench/clock.h"

void
bench_progress_init(struct bench_progress *progress)
{
	progress->is_shown = isatty(STDERR_FILENO) == 1;
	progress->start = bench_now();
}

void
bench_progress_show(
    const struct bench_progress *progress, unsigned done, unsigned total, const char *text)
{
	double spent = bench_now() - progress->start;

	if (!progress->is_shown)
		return;
	fprintf(stderr, "\r\033[K%u/%u", done, total);
	if (done > 0)
		fprintf(stderr, ", %.0f s left", spent / done * (total - done));
	fprintf(stderr, "  %s", text);
	fflush(stderr);
}

void
bench_progress_clear(const struct bench_progress *progress)
{
	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	fflush(stderr);
}
