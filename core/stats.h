/* SPDX-License-Identifier: BSD-2-Clause */
/* stats.h: counters of what was done, for the log and for tests. */
#ifndef CORE_STATS_H
#define CORE_STATS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_ENGINES_MAX 16

/* Every counter only grows; any thread adds, relaxed. */
struct dmover_stats {
	atomic_uint_fast64_t st_requests; /* accepted */
	atomic_uint_fast64_t st_failed;   /* answered with an error */
	atomic_uint_fast64_t st_dropped;  /* their memory was gone, or their session closed */
	atomic_uint_fast64_t st_redone;   /* done again on the CPU after an engine failed */
	atomic_uint_fast64_t st_held;     /* writes executed before they were answered */
	atomic_uint_fast64_t st_posted;   /* writes answered before they were executed */
	atomic_uint_fast64_t st_deferred; /* writes handed to a worker: too many threads inside */
	atomic_uint_fast64_t st_stalls;   /* times that the listening thread had to be replaced */
	struct {
		atomic_uint_fast64_t requests;
		atomic_uint_fast64_t bytes;
	} st_engines[STATS_ENGINES_MAX]; /* by place in the dispatcher's list */
};

#define STATS_ADD(counter, n) atomic_fetch_add_explicit(&(counter), (n), memory_order_relaxed)

/* One line for people, at most LEN bytes with the NUL. */
void dmover_stats_format(struct dmover_stats *stats, char *line, size_t len);

#endif /* CORE_STATS_H */
