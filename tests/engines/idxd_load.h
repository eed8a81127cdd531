/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idxd_load.h: the idxd engine over software devices, and random requests of several threads for it,
 * each held to the oracle.
 */
#ifndef TESTS_ENGINES_IDXD_LOAD_H
#define TESTS_ENGINES_IDXD_LOAD_H

#include "compare.h"
#include "engines/idxd/idxd.h"
#include "idxd_site.h"

/* The engine, opened over the site of a plan. */
struct fleet {
	struct rig rig;
	struct arena arena;
	const struct idxd_stats *stats;
};

/* EXTRA: more of the engine's arguments, or NULL.  The test fails when it does not open. */
void fleet_open(struct fleet *fleet, const struct idxd_site_plan *plan, const char *extra);
/* The same with a plan in words (idxd_site_plan_parse). */
void fleet_open_words(struct fleet *fleet, const char *words, const char *extra);
/* The test fails when something is still under way in a device. */
void fleet_close(struct fleet *fleet);

/* One of the engine's counters. */
#define FLEET_COUNT(fleet, what) ((uint64_t)atomic_load(&(fleet)->stats->what))

struct load_plan {
	unsigned threads;
	unsigned inside;   /* requests of each thread that are with the engine at once */
	uint64_t requests; /* in all; 0: until load_end() */
	size_t max_len;
	uint32_t kinds; /* DMOVER_F(); 0: all */
};

struct load_result {
	uint64_t ended;      /* well */
	uint64_t full;       /* -EAGAIN */
	uint64_t slowest_ns; /* from submission to end */
};

struct load;

/*
 * Starts the threads, which submit requests of random kinds, lengths and places, and look at what
 * comes of each: right bytes, nothing else touched, also after the end.
 */
struct load *load_begin(const struct fleet *fleet, const struct load_plan *plan);
/* Waits until so many more requests have ended; the test fails when they do not. */
void load_await(struct load *load, uint64_t more);
/* True when something wrong was found, which load_end() will tell. */
bool load_has_failed(const struct load *load);
/* Waits for the threads; the test fails when one of them found something wrong. */
struct load_result load_end(struct load *load);

/* Both. */
struct load_result load_run(const struct fleet *fleet, const struct load_plan *plan);

/* CLOCK_MONOTONIC. */
uint64_t load_now(void);

#endif /* TESTS_ENGINES_IDXD_LOAD_H */
