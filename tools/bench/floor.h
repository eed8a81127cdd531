/* SPDX-License-Identifier: BSD-2-Clause */
/* floor.h: lanes that reach memory as a device must: the barest accesses, and NetBSD's way. */
#ifndef TOOLS_BENCH_FLOOR_H
#define TOOLS_BENCH_FLOOR_H

#include "tools/bench/lane.h"
#include "tools/bench/round_trip.h"

struct bench_floor_options {
	struct bench_round_trip *trip; /* borrowed; NULL: the accesses to the data only */
	unsigned threads;              /* at most, for the data */
	bool is_full;                  /* by all threads, quicker or not */
	bool is_whole;                 /* all data of a batch in one chunk by one thread */
};

/*
 * The floor of one write(2) and one read(2) with a batch of requests: two round trips, two accesses
 * for the descriptors, and those to the data in the chunks and by the threads that are quickest.
 * Batches go through all places of the site in turn.  -errno, with the reason in WHY.
 *
 * It makes its calls on this process's own number, and so reaches the very pages that the device
 * reaches: how a caller's pages lie in physical memory alone makes a factor of 0.75 to 1.25.  For its
 * own memory the kernel asks for no permission, which a device has to pay for.
 */
int bench_floor_open(struct bench_lane *lane, struct bench_site *site,
    const struct bench_floor_options *options, char *why, size_t len);

/*
 * NetBSD's software engine behind its device: one request at a time, by one thread, through blocks of
 * 1 KiB (netbsd.c), reached in the same way.  Requests go through all places of the site in turn.
 */
void bench_netbsd_device_open(struct bench_lane *lane, struct bench_site *site);

#endif /* TOOLS_BENCH_FLOOR_H */
