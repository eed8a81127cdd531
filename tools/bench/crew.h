/* SPDX-License-Identifier: BSD-2-Clause */
/* crew.h: threads that start the same work at the same time. */
#ifndef TOOLS_BENCH_CREW_H
#define TOOLS_BENCH_CREW_H

#define BENCH_CREW_MAX 64

/*
 * Calls WORK(ARG, I) for each I below N, 1 to BENCH_CREW_MAX, in a thread of its own, all at once;
 * with N of 1 in the calling thread.  Returns the seconds until the last one was done; starting the
 * threads does not count.  Ends the program when a thread cannot be started.
 */
double bench_crew_run(unsigned n, void (*work)(void *arg, unsigned i), void *arg);

#endif /* TOOLS_BENCH_CREW_H */
