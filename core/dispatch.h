/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatch.h: the engines that are open, and which of them gets a request.
 *
 * The choice is made for each request: of the engines that can do it, the one that is expected to
 * finish it first -- what is queued on it and the request itself, at its measured speed for this
 * kind and size, and its cost to start.  The first engine, the CPU's oracle, is always there.
 */
#ifndef CORE_DISPATCH_H
#define CORE_DISPATCH_H

#include <stdatomic.h>
#include <stdio.h>

#include <dev/dmover/engine.h>

#include "core/stats.h"

/* The lane that is never absent: first in the table, on the CPU. */
#define DISPATCH_CPU 0

/* Sizes that are measured apart: up to 4 KiB, up to 64 KiB, above. */
#define DISPATCH_SIZES 3

/* What is known of an engine's speed for one kind at one size. */
struct dmover_cost {
	double start_ns; /* before the first byte */
	double ns_per_byte;
};

/* One open engine. */
struct dmover_lane {
	const struct dmover_engine *lane_engine;
	void *lane_state;
	atomic_size_t lane_queued; /* bytes given to it and not finished */
	struct dmover_cost lane_costs[DMOVER_NKINDS][DISPATCH_SIZES]; /* constant after start */
};

struct dmover_dispatch {
	unsigned nlanes;
	unsigned nchoosable; /* the first so many are chosen from */
	int forced;          /* the lane that --engine names, or -1 */
	struct dmover_lane lanes[STATS_ENGINES_MAX];
	struct dmover_stats *stats;
};

/*
 * Opens every engine of the table that works here, and measures it.  ENGINE is "auto" or
 * NAME[:ARGS].  -EINVAL with a reason in WHY: ENGINE is unknown, does not work here, or its
 * arguments make no sense.
 */
int dmover_dispatch_init(struct dmover_dispatch *dispatch, struct dmover_stats *stats,
    const char *engine, char *why, size_t len);
/* No request is inside. */
void dmover_dispatch_fini(struct dmover_dispatch *dispatch);

/* The lane for LEN bytes of KIND. */
unsigned dmover_dispatch_choose(
    const struct dmover_dispatch *dispatch, enum dmover_kind kind, size_t len);

/*
 * Hands DREQ to the lane; where that is full or will not have it, to another, the CPU at last.
 * Always taken: dmover_done() follows, perhaps before this returns.
 */
void dmover_dispatch_submit(
    struct dmover_dispatch *dispatch, unsigned lane, struct dmover_request *dreq);

/* Hands DREQ with UIO buffers to a lane that takes them; as eng_submit. */
int dmover_dispatch_submit_uio(
    struct dmover_dispatch *dispatch, unsigned lane, struct dmover_request *dreq);

/* After a failure that is not an answer: DREQ once more, on the CPU. */
void dmover_dispatch_redo(struct dmover_dispatch *dispatch, struct dmover_request *dreq);

/* True when the lane moves bytes in callers' memory itself. */
bool dmover_dispatch_takes_uio(const struct dmover_dispatch *dispatch, unsigned lane);
bool dmover_dispatch_is_inplace(const struct dmover_dispatch *dispatch, unsigned lane);

/* The table of engines, for people: what each can do, how fast, why one is left out. */
void dmover_dispatch_list(const struct dmover_dispatch *dispatch, FILE *out);

/* The size class of LEN bytes. */
unsigned dmover_dispatch_size(size_t len);

#endif /* CORE_DISPATCH_H */
