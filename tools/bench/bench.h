/* SPDX-License-Identifier: BSD-2-Clause */
/* bench.h: what dmover-bench measures: the device, and the floor that no device can be below. */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include <stddef.h>
#include <stdint.h>

/* Seconds on a clock that only goes forward. */
double bench_now(void);

/* The median of N times; sorts them. */
double bench_median(double *times, unsigned n);

/* --- the device, from the caller's side (device.c) --- */

struct bench_device;

/* Opens PATH for FUNCTION.  Ends the program with a message when it cannot. */
struct bench_device *bench_device_open(const char *path, const char *function);
void bench_device_close(struct bench_device *device);

/*
 * N requests of LEN bytes each in one write(2), their N responses in one read(2).  IN is NULL for
 * functions without input.  Ends the program when a request fails.  Returns seconds.
 */
double bench_device_run(
    struct bench_device *device, uint8_t *out, uint8_t *in, size_t len, unsigned n);

/* --- the floor: the barest accesses that must be paid (floor.c) --- */

struct bench_floor;

/* Another process with two areas of LEN bytes. */
struct bench_floor *bench_floor_create(size_t len);
void bench_floor_destroy(struct bench_floor *floor);

/* Seconds to write, or to read and write, all of it in pieces of CHUNK bytes by THREADS threads. */
double bench_floor_write(struct bench_floor *floor, size_t chunk, unsigned threads);
double bench_floor_copy(struct bench_floor *floor, size_t chunk, unsigned threads);

/*
 * Seconds for the four accesses of N requests of LEN bytes: their vectors, their input arrays'
 * vectors, their input, their output.
 */
double bench_floor_calls(struct bench_floor *floor, size_t len, unsigned n);

/* --- a bare FUSE round trip (round_trip.c) --- */

struct bench_round_trip;

/* A FUSE file served by the least code that can; NULL, with the reason printed, without root. */
struct bench_round_trip *bench_round_trip_create(void);
void bench_round_trip_destroy(struct bench_round_trip *trip);

/* Seconds for one write of WRITE bytes and one read of READ bytes. */
double bench_round_trip_run(struct bench_round_trip *trip, size_t write, size_t read);

#endif /* TOOLS_BENCH_H */
