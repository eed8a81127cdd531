/* SPDX-License-Identifier: BSD-2-Clause */
/* dispatch.c: which of the open engines gets a request, and how it gets there. */
#include "core/dispatch.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/clock.h"

/* Of requests up to SMALL bytes one in SAMPLE is timed: two looks at the clock cost 50 ns. */
#define SMALL  16384
#define SAMPLE 8
/* After so many times seen, what was not seen fades. */
#define FADE_AFTER 64

static bool
has_flag(const struct dmover_dispatch *dispatch, unsigned lane, uint32_t flag)
{
	return (dispatch->lanes[lane].lane_engine->eng_flags & flag) != 0;
}

bool
dmover_dispatch_takes_uio(const struct dmover_dispatch *dispatch, unsigned lane)
{
	return has_flag(dispatch, lane, DMOVER_ENGINE_UIO);
}

bool
dmover_dispatch_is_inplace(const struct dmover_dispatch *dispatch, unsigned lane)
{
	return has_flag(dispatch, lane, DMOVER_ENGINE_INPLACE);
}

bool
dmover_dispatch_is_workers_own(const struct dmover_dispatch *dispatch, unsigned lane)
{
	return has_flag(dispatch, lane, DMOVER_ENGINE_ON_CPU) &&
	       !dmover_dispatch_takes_uio(dispatch, lane);
}

static bool
lane_can(const struct dmover_dispatch *dispatch, unsigned lane, const struct dmover_ask *ask)
{
	const struct dmover_engine *engine = dispatch->lanes[lane].lane_engine;

	if ((dmover_lane_kinds(&dispatch->lanes[lane]) & DMOVER_F(ask->func->dfn_kind)) == 0)
		return false;
	if (ask->is_staged && (engine->eng_flags & DMOVER_ENGINE_UIO) != 0)
		return false;
	return ask->has_file || (engine->eng_flags & DMOVER_ENGINE_FILE) == 0;
}

static atomic_int_fast64_t *
queue_of(struct dmover_dispatch *dispatch, unsigned lane)
{
	return has_flag(dispatch, lane, DMOVER_ENGINE_ON_CPU) ? &dispatch->cpu_queue
							      : &dispatch->lanes[lane].lane_queue;
}

void
dmover_dispatch_queue(struct dmover_dispatch *dispatch, unsigned lane, int64_t ns)
{
	atomic_fetch_add_explicit(queue_of(dispatch, lane), ns, memory_order_relaxed);
}

unsigned
dmover_dispatch_runners(
    const struct dmover_dispatch *dispatch, const struct dmover_ask *ask, unsigned lane)
{
	size_t parts = ask->len / DISPATCH_PART;
	unsigned most = dmover_dispatch_is_workers_own(dispatch, lane) ? dispatch->workers
								       : (unsigned)DISPATCH_DEPTH;

	if (most == 0 || parts <= 1)
		return 1;
	return parts < most ? (unsigned)parts : most;
}

/* Bytes of a chunk, as they are on the average of the request. */
static size_t
chunk_len(const struct dmover_dispatch *dispatch, const struct dmover_ask *ask, unsigned lane)
{
	size_t len = ask->len / (2 * dmover_dispatch_runners(dispatch, ask, lane));
	unsigned buffers = ask->func->dfn_ninputs > 0 ? ask->func->dfn_ninputs : 1;

	if (len < DISPATCH_CHUNK_LEAST)
		len = DISPATCH_CHUNK_LEAST;
	if (len > DISPATCH_CHUNK_MOST / buffers)
		len = DISPATCH_CHUNK_MOST / buffers;
	return len < ask->len ? len : ask->len;
}

double
dmover_dispatch_ns(
    const struct dmover_dispatch *dispatch, const struct dmover_ask *ask, unsigned lane)
{
	/* By the chunk: what is seen of chunks then corrects the very cost that chooses. */
	size_t len = ask->is_posted ? chunk_len(dispatch, ask, lane) : ask->len;
	double ns = dmover_cost_ns(&dispatch->lanes[lane].lane_cost, ask->func, len);

	if (!dmover_dispatch_takes_uio(dispatch, lane))
		ns += dmover_cost_ns(&dispatch->access, ask->func, len);
	return len > 0 ? ns * ((double)ask->len / (double)len) : ns;
}

/* Nanoseconds until what is queued on the lane before is finished. */
static double
lane_wait(struct dmover_dispatch *dispatch, unsigned lane)
{
	double ns = (double)atomic_load_explicit(queue_of(dispatch, lane), memory_order_relaxed);
	unsigned wide = has_flag(dispatch, lane, DMOVER_ENGINE_ON_CPU) ? dispatch->workers : 1;

	return ns > 0 ? ns / (wide > 0 ? wide : 1) : 0;
}

/* Nanoseconds of the lane with as many runners as it gets. */
static double
lane_run(struct dmover_dispatch *dispatch, const struct dmover_ask *ask, unsigned lane)
{
	double ns = dmover_dispatch_ns(dispatch, ask, lane);

	if (dmover_dispatch_is_workers_own(dispatch, lane))
		ns /= dmover_dispatch_runners(dispatch, ask, lane);
	return ns;
}

/* The lane that finishes it first, but for those in the SKIP mask. */
static unsigned
choose_but(struct dmover_dispatch *dispatch, const struct dmover_ask *ask, unsigned skip)
{
	unsigned best = DISPATCH_CPU;
	double least = -1;

	for (unsigned i = 0; i < dispatch->nchoosable; i++) {
		double finish;

		if ((skip & (1u << i)) != 0 || !lane_can(dispatch, i, ask) ||
		    !dispatch->lanes[i].lane_is_measured)
			continue;
		finish = lane_wait(dispatch, i) + lane_run(dispatch, ask, i);
		if (least < 0 || finish < least) {
			least = finish;
			best = i;
		}
	}
	return best;
}

/* The next one in turn. */
static unsigned
choose_next(struct dmover_dispatch *dispatch, const struct dmover_ask *ask)
{
	unsigned turn = atomic_fetch_add_explicit(&dispatch->turn, 1, memory_order_relaxed);

	for (unsigned i = 0; i < dispatch->nchoosable; i++) {
		unsigned lane = (turn + i) % dispatch->nchoosable;

		if (lane_can(dispatch, lane, ask))
			return lane;
	}
	return DISPATCH_CPU;
}

unsigned
dmover_dispatch_choose(struct dmover_dispatch *dispatch, const struct dmover_ask *ask)
{
	if (dispatch->forced >= 0 && lane_can(dispatch, (unsigned)dispatch->forced, ask))
		return (unsigned)dispatch->forced;
	if (dispatch->is_cycling)
		return choose_next(dispatch, ask);
	return choose_but(dispatch, ask, 0);
}

/* When both lanes are finished, each with its part, in nanoseconds. */
static double
finish_together(
    struct dmover_dispatch *dispatch, const struct dmover_ask *ask, unsigned a, unsigned b)
{
	double wait_a = lane_wait(dispatch, a), wait_b = lane_wait(dispatch, b);
	double rate_a = 1 / lane_run(dispatch, ask, a), rate_b = 1 / lane_run(dispatch, ask, b);

	/* (t - wait_a) rate_a + (t - wait_b) rate_b = 1 */
	return (1 + wait_a * rate_a + wait_b * rate_b) / (rate_a + rate_b);
}

unsigned
dmover_dispatch_help(struct dmover_dispatch *dispatch, const struct dmover_ask *ask, unsigned lane)
{
	double least = 0.9 * (lane_wait(dispatch, lane) + lane_run(dispatch, ask, lane));
	unsigned best = lane;

	if (dispatch->forced >= 0 || dispatch->is_cycling || ask->len < 2 * DISPATCH_PART)
		return lane;
	for (unsigned i = 0; i < dispatch->nchoosable; i++) {
		double finish;

		/* Two on the same processors only take turns. */
		if (i == lane || queue_of(dispatch, i) == queue_of(dispatch, lane) ||
		    !lane_can(dispatch, i, ask) || !dispatch->lanes[i].lane_is_measured)
			continue;
		finish = finish_together(dispatch, ask, lane, i);
		if (finish < least && finish > lane_wait(dispatch, i)) {
			least = finish;
			best = i;
		}
	}
	return best;
}

/* True when the request is one of those that are timed. */
static bool
is_timed(struct dmover_dispatch *dispatch, size_t len)
{
	return len > SMALL ||
	       atomic_fetch_add_explicit(&dispatch->nsmall, 1, memory_order_relaxed) % SAMPLE == 0;
}

static int
lane_submit(struct dmover_dispatch *dispatch, unsigned lane, struct dmover_request *dreq)
{
	const struct dmover_engine *engine = dispatch->lanes[lane].lane_engine;
	size_t len = dreq->dreq_len;
	int err;

	dreq->dreq_lane = lane;
	dreq->dreq_since = is_timed(dispatch, len) ? dmover_now() : 0;
	err = engine->eng_submit(dispatch->lanes[lane].lane_state, dreq);
	if (err == 0) {
		STATS_ADD(dispatch->stats->st_engines[lane].requests, 1);
		STATS_ADD(dispatch->stats->st_engines[lane].bytes, len);
	}
	return err;
}

/* Its output is its first input: not every engine takes that. */
static bool
is_in_place(const struct dmover_request *dreq)
{
	return dreq->dreq_out.buf_type == DMOVER_BUF_LINEAR && dreq->dreq_func->dfn_ninputs > 0 &&
	       dreq->dreq_out.buf_linear == dreq->dreq_in[0].buf_linear;
}

void
dmover_dispatch_submit(struct dmover_dispatch *dispatch, unsigned lane, struct dmover_request *dreq)
{
	const struct dmover_ask ask = {
		.func = dreq->dreq_func, .len = dreq->dreq_len, .is_staged = true
	};
	unsigned skip = 0;
	int err;

	/* Full: the next best. */
	while ((err = lane_submit(dispatch, lane, dreq)) == -EAGAIN) {
		unsigned next;

		skip |= 1u << lane;
		next = choose_but(dispatch, &ask, skip);
		if ((skip & (1u << next)) != 0 ||
		    (is_in_place(dreq) && !dmover_dispatch_is_inplace(dispatch, next)))
			break;
		lane = next;
	}
	if (err != 0)
		dmover_dispatch_redo(dispatch, dreq);
}

int
dmover_dispatch_submit_uio(
    struct dmover_dispatch *dispatch, unsigned lane, struct dmover_request *dreq)
{
	return lane_submit(dispatch, lane, dreq);
}

void
dmover_dispatch_redo(struct dmover_dispatch *dispatch, struct dmover_request *dreq)
{
	int err;

	STATS_ADD(dispatch->stats->st_redone, 1);
	dreq->dreq_error = 0;
	dreq->dreq_error_final = true; /* nobody is left to ask */
	memset(dreq->dreq_result, 0, sizeof(dreq->dreq_result));
	err = lane_submit(dispatch, DISPATCH_CPU, dreq);
	if (err != 0) {
		dreq->dreq_error = -EIO;
		dmover_done(dreq);
	}
}

/* The other lanes' costs were seen long ago: they might do better by now. */
static void
fade_others(struct dmover_dispatch *dispatch, const struct dmover_request *dreq)
{
	unsigned size = dmover_cost_size(dreq->dreq_len);

	if (atomic_fetch_add_explicit(&dispatch->nseen, 1, memory_order_relaxed) % FADE_AFTER != 0)
		return;
	for (unsigned i = 0; i < dispatch->nchoosable; i++)
		if (i != dreq->dreq_lane)
			dmover_cost_fade(
			    &dispatch->lanes[i].lane_cost, dreq->dreq_func->dfn_kind, size);
	if (dmover_dispatch_takes_uio(dispatch, dreq->dreq_lane))
		dmover_cost_fade(&dispatch->access, dreq->dreq_func->dfn_kind, size);
}

void
dmover_dispatch_seen(struct dmover_dispatch *dispatch, const struct dmover_request *dreq)
{
	struct dmover_lane *lane = &dispatch->lanes[dreq->dreq_lane];
	int64_t since = dreq->dreq_since, now, last;

	if (since == 0 || dreq->dreq_error_final)
		return;
	if (dreq->dreq_error != 0) {
		/* It is done again: as if it had taken for ever. */
		dmover_cost_observe(&lane->lane_cost, dreq->dreq_func, dreq->dreq_len, HUGE_VAL);
		return;
	}
	now = dmover_now();
	if (!dmover_dispatch_is_workers_own(dispatch, dreq->dreq_lane)) {
		/* With several inside at once, each takes from the one before to its own end. */
		last = atomic_exchange_explicit(&lane->lane_last, now, memory_order_relaxed);
		since = last > since ? last : since;
	}
	dmover_cost_observe(
	    &lane->lane_cost, dreq->dreq_func, dreq->dreq_len, (double)(now - since));
	fade_others(dispatch, dreq);
}

void
dmover_dispatch_seen_access(
    struct dmover_dispatch *dispatch, const struct dmover_function *func, size_t len, double ns)
{
	dmover_cost_observe(&dispatch->access, func, len, ns);
}
