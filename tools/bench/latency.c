/* SPDX-License-Identifier: BSD-2-Clause */
/* latency.c: a histogram of times. */
#include "tools/bench/latency.h"

/* Bucket b < STEPS holds times of b units; above, each power of two has STEPS buckets. */
#define UNIT 0.1e-9 /* seconds */

static unsigned
bucket_of(uint64_t units)
{
	unsigned power;

	if (units < BENCH_LATENCY_STEPS)
		return (unsigned)units;
	power = 63 - (unsigned)__builtin_clzll(units); /* at least 7 */
	if (power > 38)
		return BENCH_LATENCY_BUCKETS - 1;
	return (power - 6) * BENCH_LATENCY_STEPS +
	       (unsigned)(units >> (power - 7) & (BENCH_LATENCY_STEPS - 1));
}

/* The least number of units of a bucket. */
static double
bucket_start(unsigned bucket)
{
	unsigned power = bucket / BENCH_LATENCY_STEPS;

	if (power == 0)
		return bucket;
	return (
	    double)((uint64_t)(BENCH_LATENCY_STEPS + bucket % BENCH_LATENCY_STEPS) << (power - 1));
}

void
bench_latency_add(struct bench_latency *latency, double seconds, uint64_t n)
{
	double units = seconds / UNIT;

	latency->count[bucket_of(units < 0 ? 0 : (uint64_t)units)] += n;
	latency->total += n;
}

void
bench_latency_merge(struct bench_latency *latency, const struct bench_latency *more)
{
	for (unsigned i = 0; i < BENCH_LATENCY_BUCKETS; i++)
		latency->count[i] += more->count[i];
	latency->total += more->total;
}

double
bench_latency_at(const struct bench_latency *latency, double rank)
{
	double want = rank * (double)latency->total, seen = 0;

	for (unsigned i = 0; i < BENCH_LATENCY_BUCKETS; i++) {
		double here = (double)latency->count[i];

		if (here > 0 && seen + here >= want) {
			double from = bucket_start(i), to = bucket_start(i + 1);

			return (from + (to - from) * (want - seen) / here) * UNIT;
		}
		seen += here;
	}
	return 0;
}
