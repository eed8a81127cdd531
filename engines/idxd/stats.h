/* SPDX-License-Identifier: BSD-2-Clause */
/* stats.h: what the engine counts. */
#ifndef ENGINES_IDXD_STATS_H
#define ENGINES_IDXD_STATS_H

#include <stdatomic.h>
#include <stdint.h>

/* Since the engine was opened; any thread may read them. */
struct idxd_stats {
	atomic_uint_fast64_t requests;    /* completed, one way or another */
	atomic_uint_fast64_t descriptors; /* submitted, members of batches among them */
	atomic_uint_fast64_t batches;     /* submitted */
	atomic_uint_fast64_t writes;      /* write(2) calls; probes are not counted */
	atomic_uint_fast64_t full;        /* times that a queue took nothing */
	atomic_uint_fast64_t retries;     /* ENQCMD once more */
	atomic_uint_fast64_t faults;      /* page faults that were resumed */
	atomic_uint_fast64_t by_cpu;      /* requests that the CPU began or finished */
	atomic_uint_fast64_t bad;         /* records that say what none should */
	atomic_uint_fast64_t late;        /* records that did not come before their deadline */
	atomic_uint_fast64_t quarantines; /* queues that were closed for their behaviour */
	atomic_uint_fast64_t reopened;    /* queues that came back */
};

/* The member WHAT of *STATS goes up by N. */
#define IDXD_COUNT(stats, what, n)                                                                 \
	atomic_fetch_add_explicit(&(stats)->what, (n), memory_order_relaxed)

#endif /* ENGINES_IDXD_STATS_H */
