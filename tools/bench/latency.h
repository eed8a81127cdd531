/* SPDX-License-Identifier: BSD-2-Clause */
/* latency.h: a histogram of times, from nanoseconds to minutes, with errors below one per cent. */
#ifndef TOOLS_BENCH_LATENCY_H
#define TOOLS_BENCH_LATENCY_H

#include <stdint.h>

#define BENCH_LATENCY_STEPS   128 /* between two powers of two */
#define BENCH_LATENCY_BUCKETS (33 * BENCH_LATENCY_STEPS)

/* Zeroed before use; of one thread at a time. */
struct bench_latency {
	uint64_t total;
	uint64_t count[BENCH_LATENCY_BUCKETS];
};

/* N times the time SECONDS. */
void bench_latency_add(struct bench_latency *latency, double seconds, uint64_t n);

/* Adds all of MORE. */
void bench_latency_merge(struct bench_latency *latency, const struct bench_latency *more);

/* Seconds that the share RANK (0.5: the median) of the times does not exceed; 0 without times. */
double bench_latency_at(const struct bench_latency *latency, double rank);

#endif /* TOOLS_BENCH_LATENCY_H */
