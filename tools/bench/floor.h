/* SPDX-License-Identifier: BSD-2-Clause */
/* floor.h: lanes that reach into another process: the barest accesses, and NetBSD's way. */
#ifndef TOOLS_BENCH_FLOOR_H
#define TOOLS_BENCH_FLOOR_H

#include "tools/bench/lane.h"
#include "tools/bench/other.h"
#include "tools/bench/round_trip.h"

struct bench_floor_options {
	const struct bench_layout *layout; /* of the other process's buffers; borrowed */
	const struct bench_point *point;   /* borrowed */
	const struct bench_other *other;   /* borrowed */
	struct bench_round_trip *trip;     /* borrowed; NULL: the accesses to the data only */
	unsigned threads;                  /* at most, for the data */
	bool is_full;                      /* by all threads, quicker or not */
	bool is_whole;                     /* all data of a batch in one chunk by one thread */
};

/* Bytes of the other process's area: the buffers, and behind them what describes them. */
size_t bench_floor_memory(const struct bench_layout *layout);

/*
 * The floor of one write(2) and one read(2) with a batch of requests: two round trips, two accesses
 * for the descriptors, and those to the data in the chunks and by the threads that are quickest.
 * Batches go through all places of the area in turn.  -errno, with the reason in WHY.
 */
int bench_floor_open(
    struct bench_lane *lane, const struct bench_floor_options *options, char *why, size_t len);

/*
 * NetBSD's software engine behind its device: one request at a time, by one thread, through blocks of
 * 1 KiB (netbsd.c).  Requests go through all places of the area in turn.
 */
void bench_netbsd_other_open(struct bench_lane *lane, const struct bench_floor_options *options);

#endif /* TOOLS_BENCH_FLOOR_H */
