/* SPDX-License-Identifier: BSD-2-Clause */
/* cost.c: how long an engine takes, or an access to callers' memory. */
#include "core/cost.h"

#define ONE        1024u /* a factor of 1 */
#define FACTOR_MIN 128   /* what is seen is believed so far, and no further */
#define FACTOR_MAX 16384
/*
 * A time that is longer than expected is mostly another thread's doing, one that is shorter never:
 * so the one is believed slowly and in part, the other at once.
 */
#define OUTLIER     2.0
#define WEIGHT_LESS 8 /* of the past, against one new time */
#define WEIGHT_MORE 64
#define FADE        8

/* Streams of memory that the measured XOR has: four inputs and the output. */
#define XOR_STREAMS 5

const size_t dmover_cost_lengths[COST_SIZES] = { 512, 4096, 65536, 524288 };

unsigned
dmover_cost_size(size_t len)
{
	return len <= 2048 ? 0 : len <= 16384 ? 1 : len <= 131072 ? 2 : 3;
}

const struct dmover_function *
dmover_cost_function(enum dmover_kind kind)
{
	static const char *const names[DMOVER_NKINDS] = {
		[DMOVER_KIND_ZERO] = "zero",
		[DMOVER_KIND_FILL8] = "fill8",
		[DMOVER_KIND_COPY] = "copy",
		[DMOVER_KIND_CRC32C] = "iscsi-crc32c",
		[DMOVER_KIND_XOR] = "xor4",
	};

	return dmover_function_find(names[kind]);
}

void
dmover_cost_init(struct dmover_cost *cost)
{
	for (int kind = 0; kind < DMOVER_NKINDS; kind++) {
		for (unsigned size = 0; size < COST_SIZES; size++) {
			cost->lines[kind][size] = (struct dmover_line){ 0 };
			atomic_init(&cost->factors[kind][size], ONE);
		}
	}
}

/* Through the times of two neighbouring lengths. */
void
dmover_cost_set(struct dmover_cost *cost, enum dmover_kind kind, const double ns[COST_SIZES])
{
	const size_t *lengths = dmover_cost_lengths;

	for (unsigned size = 0; size < COST_SIZES; size++) {
		unsigned lo = size == 0 ? 0 : size - 1, hi = lo + 1;
		double slope = (ns[hi] - ns[lo]) / (double)(lengths[hi] - lengths[lo]);
		double start = ns[size] - slope * (double)lengths[size];

		if (slope < 0 || start < 0) { /* noise: all of it is per byte */
			slope = ns[size] / (double)lengths[size];
			start = 0;
		}
		cost->lines[kind][size] =
		    (struct dmover_line){ .start_ns = start, .ns_per_byte = slope };
	}
}

double
dmover_cost_measured(const struct dmover_cost *cost, const struct dmover_function *func, size_t len)
{
	const struct dmover_line *line = &cost->lines[func->dfn_kind][dmover_cost_size(len)];
	double bytes = (double)len;

	if (func->dfn_kind == DMOVER_KIND_XOR)
		bytes = bytes * (func->dfn_ninputs + 1) / XOR_STREAMS;
	return line->start_ns + bytes * line->ns_per_byte;
}

double
dmover_cost_ns(const struct dmover_cost *cost, const struct dmover_function *func, size_t len)
{
	unsigned factor = atomic_load_explicit(
	    &cost->factors[func->dfn_kind][dmover_cost_size(len)], memory_order_relaxed);

	return dmover_cost_measured(cost, func, len) * factor / ONE;
}

/* Moves the factor 1/PART of the way to TARGET; by one at the least, or it would never arrive. */
static void
factor_move(atomic_uint *factor, double target, int part)
{
	double old = atomic_load_explicit(factor, memory_order_relaxed);
	double step = (target - old) / part;

	if (step > -1 && step < 1)
		step = target > old ? 1 : target < old ? -1 : 0;
	old += step;
	if (old < FACTOR_MIN)
		old = FACTOR_MIN;
	if (old > FACTOR_MAX)
		old = FACTOR_MAX;
	atomic_store_explicit(factor, (unsigned)old, memory_order_relaxed);
}

void
dmover_cost_observe(
    struct dmover_cost *cost, const struct dmover_function *func, size_t len, double ns)
{
	atomic_uint *factor = &cost->factors[func->dfn_kind][dmover_cost_size(len)];
	double expected = dmover_cost_ns(cost, func, len);

	if (expected <= 0 || ns <= 0)
		return;
	if (ns > OUTLIER * expected)
		ns = OUTLIER * expected;
	factor_move(factor, ONE * ns / dmover_cost_measured(cost, func, len),
	    ns > expected ? WEIGHT_MORE : WEIGHT_LESS);
}

void
dmover_cost_fade(struct dmover_cost *cost, enum dmover_kind kind, unsigned size)
{
	factor_move(&cost->factors[kind][size], ONE, FADE);
}
