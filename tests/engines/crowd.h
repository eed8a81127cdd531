/* SPDX-License-Identifier: BSD-2-Clause */
/* crowd.h: an engine asked by many threads at once, for more than it may have room for. */
#ifndef TESTS_ENGINES_CROWD_H
#define TESTS_ENGINES_CROWD_H

#include "compare.h"

struct crowd_plan {
	const struct rig *rig;
	const struct arena *arena;
	const struct dmover_function *func;
	unsigned threads;
	unsigned requests; /* of each thread, all submitted before any is waited for */
	size_t len;        /* of the longest; each is a little shorter than the one before */
};

struct crowd;

/*
 * Submits everything, and asks again after an end where the engine is full.  Returns when all have
 * ended; the last may have ended this very moment.  The test fails when nothing moves any more.
 */
struct crowd *crowd_run(const struct crowd_plan *plan);

/* How many times the engine was full. */
unsigned crowd_times_full(const struct crowd *crowd);

/* The test fails where a request was refused, ended twice, or gave other bytes than the oracle. */
void crowd_check(const struct crowd *crowd);
void crowd_free(struct crowd *crowd);

#endif /* TESTS_ENGINES_CROWD_H */
