/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.h: clocks: the time that passes, and the processor time that processes use.  Seconds. */
#ifndef TOOLS_BENCH_CLOCK_H
#define TOOLS_BENCH_CLOCK_H

#include <sys/types.h>

/* On a clock that only goes forward.  Any thread. */
double bench_now(void);

/* Processor time of this process, user and system, all threads. */
double bench_cpu_own(void);

/* The same of another process; below 0 when it cannot be known.  Its kernel workers count. */
double bench_cpu_of(pid_t pid);

/* The median of N figures, N above 0; sorts them. */
double bench_median(double *figures, unsigned n);

#endif /* TOOLS_BENCH_CLOCK_H */
