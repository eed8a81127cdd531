/* SPDX-License-Identifier: BSD-2-Clause */
/* round_trip.h: a bare FUSE round trip: a file served by the least code that can. */
#ifndef TOOLS_BENCH_ROUND_TRIP_H
#define TOOLS_BENCH_ROUND_TRIP_H

#include <stdbool.h>
#include <stddef.h>

struct bench_round_trip;

/*
 * Served by a thread of this process or, if IS_PROCESS, by another process.  NULL without the right
 * to mount, with the reason in WHY.
 */
struct bench_round_trip *bench_round_trip_create(bool is_process, char *why, size_t len);
/* NULL is allowed. */
void bench_round_trip_destroy(struct bench_round_trip *trip);

/* One write(2), one read(2) of LEN bytes, at most 128 KiB.  Of one thread at a time. */
void bench_round_trip_write(struct bench_round_trip *trip, size_t len);
void bench_round_trip_read(struct bench_round_trip *trip, size_t len);

#endif /* TOOLS_BENCH_ROUND_TRIP_H */
