/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatch.h: which of the open engines gets a request, and how it gets there.
 *
 * The choice is made for each request, or each chunk of one: of the engines that can do it, the one
 * that is expected to finish it first -- what is queued on it, and the work itself at its measured
 * speed for this kind and size, as corrected by what was seen since.  The first engine, the CPU's
 * oracle, is always there.
 */
#ifndef CORE_DISPATCH_H
#define CORE_DISPATCH_H

#include <stdatomic.h>

#include <dev/dmover/engine.h>

#include "core/cost.h"
#include "core/stats.h"

/* The lane that is never absent: first in the table, on the CPU. */
#define DISPATCH_CPU 0

/* Runners that keep an engine busy that works by itself, while they wait for it. */
#define DISPATCH_DEPTH 4

/* A request of fewer bytes than this for each runner is not split further. */
#define DISPATCH_PART ((size_t)256 << 10)

/* Chunks of posted requests are not smaller, while there are bytes, nor all buffers larger. */
#define DISPATCH_CHUNK_LEAST ((size_t)64 << 10)
#define DISPATCH_CHUNK_MOST  ((size_t)1 << 20)

/* One open engine. */
struct dmover_lane {
	const struct dmover_engine *lane_engine;
	void *lane_state;
	struct dmover_cost lane_cost;   /* of the engine alone; of an engine with UIO, of all */
	bool lane_is_measured;          /* else it is chosen only by name */
	atomic_int_fast64_t lane_queue; /* ns of posted work given to it and not finished */
	atomic_int_fast64_t lane_last;  /* when it finished something; CLOCK_MONOTONIC, ns */
};

/* DMOVER_F() of each kind that the lane may be chosen for now. */
static inline uint32_t
dmover_lane_kinds(const struct dmover_lane *lane)
{
	const struct dmover_engine *engine = lane->lane_engine;

	if (engine->eng_offers == NULL)
		return engine->eng_kinds;
	return engine->eng_kinds & engine->eng_offers(lane->lane_state);
}

struct dmover_dispatch {
	unsigned nlanes;
	unsigned nchoosable; /* the first so many are chosen from */
	int forced;          /* the lane that --engine names, or -1 */
	bool is_cycling;     /* --engine=cycle */
	atomic_uint turn;    /* of the cycle */
	unsigned workers;    /* how many pieces of one request run on the CPU at once */
	struct dmover_lane lanes[STATS_ENGINES_MAX];
	struct dmover_cost access;     /* gather and scatter, for engines without UIO */
	atomic_int_fast64_t cpu_queue; /* lane_queue of all lanes that work on the CPU */
	atomic_uint nsmall;            /* requests that may be timed */
	atomic_uint nseen;             /* times that were seen */
	char left_out[STATS_ENGINES_MAX]
		     [128]; /* by place in the table: why it is not open, or "" */
	double start_ms;    /* what opening and measuring took */
	bool is_from_file;  /* nothing was measured */
	struct dmover_stats *stats;
};

/* What is to be done. */
struct dmover_ask {
	const struct dmover_function *func;
	size_t len;
	bool has_file;  /* every buffer is in a space that has a file (spo_file) */
	bool is_posted; /* it will be cut into chunks, and each of them is timed */
	bool is_staged; /* only engines that take LINEAR buffers, because that is what there is */
};

/* The lane for it. */
unsigned dmover_dispatch_choose(struct dmover_dispatch *dispatch, const struct dmover_ask *ask);

/*
 * A second lane that makes the whole finish sooner by a tenth at least when the work is split
 * between it and LANE; or LANE, when none does.
 */
unsigned dmover_dispatch_help(
    struct dmover_dispatch *dispatch, const struct dmover_ask *ask, unsigned lane);

/* Pieces of the work that are worth being under way on the lane at once. */
unsigned dmover_dispatch_runners(
    const struct dmover_dispatch *dispatch, const struct dmover_ask *ask, unsigned lane);

/* Nanoseconds of the lane for it, its own and those of the access. */
double dmover_dispatch_ns(
    const struct dmover_dispatch *dispatch, const struct dmover_ask *ask, unsigned lane);

/* NS nanoseconds of posted work are queued on the lane; or, below 0, are not any more. */
void dmover_dispatch_queue(struct dmover_dispatch *dispatch, unsigned lane, int64_t ns);

/*
 * Hands DREQ with LINEAR buffers to the lane; where that is full or will not have it, to another,
 * the CPU at last.  Always taken: dmover_done() follows, perhaps before this returns; then
 * dmover_dispatch_seen() must.
 */
void dmover_dispatch_submit(
    struct dmover_dispatch *dispatch, unsigned lane, struct dmover_request *dreq);

/* Hands DREQ with UIO buffers to a lane that takes them; as eng_submit, then as above. */
int dmover_dispatch_submit_uio(
    struct dmover_dispatch *dispatch, unsigned lane, struct dmover_request *dreq);

/* After a failure that is not an answer: DREQ once more, on the CPU. */
void dmover_dispatch_redo(struct dmover_dispatch *dispatch, struct dmover_request *dreq);

/* In dreq_done, first of all: corrects what is expected of the engine that had it. */
void dmover_dispatch_seen(struct dmover_dispatch *dispatch, const struct dmover_request *dreq);

/* The same for an access to callers' memory that took NS. */
void dmover_dispatch_seen_access(
    struct dmover_dispatch *dispatch, const struct dmover_function *func, size_t len, double ns);

/* True when the lane moves bytes in callers' memory itself. */
bool dmover_dispatch_takes_uio(const struct dmover_dispatch *dispatch, unsigned lane);
bool dmover_dispatch_is_inplace(const struct dmover_dispatch *dispatch, unsigned lane);
/* True when its work is done inside eng_submit, by the thread that submits. */
bool dmover_dispatch_is_workers_own(const struct dmover_dispatch *dispatch, unsigned lane);

#endif /* CORE_DISPATCH_H */
