/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.c: clocks. */
#include "tools/bench/clock.h"

#include <stdlib.h>
#include <time.h>

static double
clock_seconds(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) != 0)
		return -1;
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

double
bench_now(void)
{
	return clock_seconds(CLOCK_MONOTONIC);
}

double
bench_cpu_own(void)
{
	return clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

double
bench_cpu_of(pid_t pid)
{
	clockid_t clock;

	if (pid <= 0 || clock_getcpuclockid(pid, &clock) != 0)
		return -1;
	return clock_seconds(clock);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
bench_median(double *figures, unsigned n)
{
	qsort(figures, n, sizeof(figures[0]), compare);
	return n % 2 != 0 ? figures[n / 2] : (figures[n / 2 - 1] + figures[n / 2]) / 2;
}
