/* SPDX-License-Identifier: BSD-2-Clause */
/* stats.h: dmover-run --stats. */
#ifndef PRELOAD_STATS_H
#define PRELOAD_STATS_H

/*
 * Prints what ran where to the standard error, if that was asked for and something ran since the
 * last time.  It is printed at exit(3) as well.
 */
void preload_stats_print(void);

#endif /* PRELOAD_STATS_H */
