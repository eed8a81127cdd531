/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cost.h: how long an engine takes, or an access to callers' memory: measured at start for each kind
 * and size class, and corrected by what is seen from then on.
 */
#ifndef CORE_COST_H
#define CORE_COST_H

#include <stdatomic.h>

#include <dev/dmover/dmover.h>

/* Size classes: up to 2 KiB, up to 16 KiB, up to 128 KiB, above. */
#define COST_SIZES 4
/* The length that is measured in each. */
extern const size_t dmover_cost_lengths[COST_SIZES];
/* The class of LEN bytes. */
unsigned dmover_cost_size(size_t len);

/* The function that is measured for a kind; xor4 stands for all of xor2 to xor16. */
const struct dmover_function *dmover_cost_function(enum dmover_kind kind);

/* A straight line. */
struct dmover_line {
	double start_ns; /* before the first byte */
	double ns_per_byte;
};

struct dmover_cost {
	struct dmover_line lines[DMOVER_NKINDS][COST_SIZES]; /* constant after start */
	/* What is seen, as a part of what was measured; 1024: just that.  Any thread, relaxed: an
	 * update that is lost to another one does no harm. */
	atomic_uint factors[DMOVER_NKINDS][COST_SIZES];
};

/* Nothing is known: no work takes any time. */
void dmover_cost_init(struct dmover_cost *cost);

/* NS[i] is what dmover_cost_lengths[i] bytes took. */
void dmover_cost_set(struct dmover_cost *cost, enum dmover_kind kind, const double ns[COST_SIZES]);

/* What was measured at start, in nanoseconds for LEN bytes of FUNC. */
double dmover_cost_measured(
    const struct dmover_cost *cost, const struct dmover_function *func, size_t len);
/* The same as it is expected now.  Any thread. */
double dmover_cost_ns(
    const struct dmover_cost *cost, const struct dmover_function *func, size_t len);

/* LEN bytes of FUNC took NS just now.  Any thread. */
void dmover_cost_observe(
    struct dmover_cost *cost, const struct dmover_function *func, size_t len, double ns);
/* Nothing was seen for long: believes a little more in what was measured.  Any thread. */
void dmover_cost_fade(struct dmover_cost *cost, enum dmover_kind kind, unsigned size);

#endif /* CORE_COST_H */
