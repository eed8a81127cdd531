/* SPDX-License-Identifier: BSD-2-Clause */
/* stage.c: posts requests, for runners to take them through the engines, and answers them. */
#include "core/stage.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/group.h"
#include "core/run.h"

/* What one request counts at most, however long a caller says it is: all queues stay in 64 bits. */
#define QUEUED_NS_MAX 1e11

void
dmover_stage_init(struct dmover_stage *stage, struct dmover_dispatch *dispatch,
    struct dmover_pool *pool, struct dmover_stats *stats, size_t limit)
{
	pthread_condattr_t attr;

	*stage = (struct dmover_stage){
		.dispatch = dispatch,
		.pool = pool,
		.stats = stats,
	};
	dmover_arenas_init(&stage->arenas, pool, limit);
	pthread_mutex_init(&stage->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&stage->idle, &attr);
	pthread_condattr_destroy(&attr);
}

bool
dmover_stage_is_busy(struct dmover_stage *stage)
{
	bool is_busy;

	pthread_mutex_lock(&stage->lock);
	is_busy = stage->nlive > 0;
	pthread_mutex_unlock(&stage->lock);
	return is_busy;
}

bool
dmover_stage_drain(struct dmover_stage *stage, unsigned seconds)
{
	struct timespec until;
	bool is_idle;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&stage->lock);
	while (stage->nlive > 0 && err == 0)
		err = pthread_cond_timedwait(&stage->idle, &stage->lock, &until);
	is_idle = stage->nlive == 0;
	pthread_mutex_unlock(&stage->lock);
	return is_idle;
}

/* One posted entry more, or less. */
static void
stage_count(struct dmover_stage *stage, int n)
{
	pthread_mutex_lock(&stage->lock);
	stage->nlive += (unsigned)n;
	if (stage->nlive == 0)
		pthread_cond_broadcast(&stage->idle);
	pthread_mutex_unlock(&stage->lock);
}

void
dmover_stage_fini(struct dmover_stage *stage)
{
	dmover_arenas_fini(&stage->arenas);
	pthread_cond_destroy(&stage->idle);
	pthread_mutex_destroy(&stage->lock);
}

void
dmover_stage_answer(
    struct dmover_stage *stage, struct dmover_entry *entry, struct dmover_response *ret_response)
{
	struct dmover_request *req = &entry->ent_req;

	*ret_response = (struct dmover_response){ .rsp_id = entry->ent_id };
	if (req->dreq_error == -ESRCH) {
		/* The memory is gone with whoever owned it. */
		STATS_ADD(stage->stats->st_dropped, 1);
		req->dreq_error = -EFAULT;
	}
	ret_response->rsp_error = req->dreq_error;
	if (req->dreq_error == 0)
		memcpy(
		    ret_response->rsp_result, req->dreq_result, req->dreq_func->dfn_immediate_out);
	else
		STATS_ADD(stage->stats->st_failed, 1);
}

/* The last entry of a posted batch gives its memory and its references back. */
static void
batch_end(struct dmover_batch *batch)
{
	dmover_account_uncharge(batch->bat_account, batch->bat_charged);
	if (batch->bat_is_posted)
		dmover_account_unpost(batch->bat_account);
	dmover_space_unref(batch->bat_space);
	dmover_session_unref(batch->bat_session);
	dmover_account_put(batch->bat_account);
	dmover_batch_free(batch);
}

void
dmover_stage_entries_begin(struct dmover_stage *stage, unsigned n)
{
	stage_count(stage, (int)n);
}

void
dmover_stage_entries_end(
    struct dmover_stage *stage, struct dmover_batch *batch, unsigned from, unsigned to)
{
	struct dmover_response *responses = batch->bat_responses + from;
	unsigned n = to - from;

	for (unsigned i = 0; i < n; i++)
		dmover_stage_answer(stage, &batch->bat_entries[from + i], &responses[i]);
	dmover_session_respond(batch->bat_session, responses, n);
	if (atomic_fetch_sub(&batch->bat_live, n) == n)
		batch_end(batch);
	stage_count(stage, -(int)n);
}

void
dmover_stage_entry_end(struct dmover_stage *stage, struct dmover_entry *entry)
{
	struct dmover_batch *batch = entry->ent_batch;
	struct dmover_response response;

	for (unsigned i = 0; i < 2; i++)
		dmover_dispatch_queue(stage->dispatch, entry->ent_lanes[i], -entry->ent_queued[i]);
	dmover_stage_answer(stage, entry, &response);
	dmover_session_respond(batch->bat_session, &response, 1);
	pthread_mutex_destroy(&entry->ent_lock);
	if (atomic_fetch_sub(&batch->bat_live, 1) == 1)
		batch_end(batch);
	stage_count(stage, -1);
}

unsigned
dmover_stage_choose(
    struct dmover_stage *stage, const struct dmover_entry *entry, size_t len, bool is_staged)
{
	const struct dmover_ask ask = {
		.func = entry->ent_req.dreq_func,
		.len = len,
		.is_posted = true,
		.has_file = entry->ent_batch->bat_space->spc_ops->spo_file != NULL,
		.is_staged = is_staged,
	};

	return dmover_dispatch_choose(stage->dispatch, &ask);
}

void
dmover_stage_unqueue(
    struct dmover_stage *stage, struct dmover_entry *entry, unsigned which, size_t len)
{
	int64_t ns;

	pthread_mutex_lock(&entry->ent_lock);
	ns = (int64_t)((double)entry->ent_ns * (double)len / (double)entry->ent_len);
	if (ns > entry->ent_queued[which])
		ns = entry->ent_queued[which];
	entry->ent_queued[which] -= ns;
	pthread_mutex_unlock(&entry->ent_lock);
	dmover_dispatch_queue(stage->dispatch, entry->ent_lanes[which], -ns);
}

/* Chooses the lanes, and counts the work there. */
static void
entry_choose(struct dmover_stage *stage, struct dmover_entry *entry, const struct dmover_ask *ask)
{
	struct dmover_dispatch *dispatch = stage->dispatch;
	unsigned lane = dmover_dispatch_choose(dispatch, ask);
	unsigned help = dmover_dispatch_help(dispatch, ask, lane);
	double ns = dmover_dispatch_ns(dispatch, ask, lane);

	if (help != lane) {
		double help_ns = dmover_dispatch_ns(dispatch, ask, help);

		ns = ns * help_ns / (ns + help_ns); /* of each, when both end together */
	}
	entry->ent_lanes[0] = lane;
	entry->ent_lanes[1] = help;
	entry->ent_ns = (int64_t)(ns < QUEUED_NS_MAX ? ns : QUEUED_NS_MAX);
	entry->ent_queued[0] = entry->ent_ns;
	entry->ent_queued[1] = help != lane ? entry->ent_ns : 0;
	dmover_dispatch_queue(dispatch, lane, entry->ent_queued[0]);
	dmover_dispatch_queue(dispatch, help, entry->ent_queued[1]);
}

/* The addresses between the first and the last byte of the vectors. */
static void
bounds(const struct dmover_uio *uio, uintptr_t *ret_from, uintptr_t *ret_to)
{
	*ret_from = UINTPTR_MAX;
	*ret_to = 0;
	for (unsigned i = 0; i < uio->uio_iovcnt; i++) {
		uintptr_t from = (uintptr_t)uio->uio_iov[i].iov_base;
		uintptr_t to = from + uio->uio_iov[i].iov_len;

		if (from < to && from < *ret_from)
			*ret_from = from;
		if (from < to && to > *ret_to)
			*ret_to = to;
	}
}

/* In the very same place input and output do each other no harm, however they are cut. */
static bool
is_same_place(const struct dmover_uio *a, const struct dmover_uio *b)
{
	return a->uio_iovcnt == 1 && b->uio_iovcnt == 1 &&
	       a->uio_iov[0].iov_base == b->uio_iov[0].iov_base;
}

/* True when bytes of the output may be bytes of an input at another position. */
static bool
may_overlap(const struct dmover_request *req)
{
	uintptr_t in_from, in_to, out_from, out_to;

	if (!req->dreq_func->dfn_has_output)
		return false;
	bounds(&req->dreq_out.buf_uio, &out_from, &out_to);
	for (unsigned i = 0; i < req->dreq_func->dfn_ninputs; i++) {
		bounds(&req->dreq_in[i].buf_uio, &in_from, &in_to);
		if (in_from < out_to && out_from < in_to &&
		    !is_same_place(&req->dreq_in[i].buf_uio, &req->dreq_out.buf_uio))
			return true;
	}
	return false;
}

static void
entry_post(struct dmover_stage *stage, struct dmover_entry *entry)
{
	const struct dmover_ask ask = {
		.func = entry->ent_req.dreq_func,
		.len = entry->ent_req.dreq_len,
		.is_posted = true,
		.has_file = entry->ent_batch->bat_space->spc_ops->spo_file != NULL,
	};
	unsigned nlanes;

	stage_count(stage, 1);
	pthread_mutex_init(&entry->ent_lock, NULL);
	entry->ent_len = ask.len;
	entry->ent_overlaps = may_overlap(&entry->ent_req);
	entry->ent_nruns = 1; /* this function, so that the entry does not end before */
	entry_choose(stage, entry, &ask);
	nlanes = entry->ent_lanes[0] != entry->ent_lanes[1] ? 2 : 1;
	entry->ent_want = 0;
	for (unsigned i = 0; i < nlanes; i++) {
		entry->ent_nwant[i] =
		    dmover_dispatch_runners(stage->dispatch, &ask, entry->ent_lanes[i]);
		entry->ent_want += entry->ent_nwant[i];
	}
	/* Who helps comes first: mostly it works by itself, and needs no worker while it does. */
	for (unsigned i = nlanes; i-- > 0 && ask.len > 0;)
		dmover_run_first(stage, entry, i);
	dmover_run_leave(stage, entry);
}

void
dmover_stage_post(struct dmover_stage *stage, struct dmover_batch *batch)
{
	unsigned e = 0;

	batch->bat_stage = stage;
	atomic_store(&batch->bat_live, batch->bat_nentries + 1);
	while (e < batch->bat_nentries) {
		unsigned to = dmover_group_post(stage, batch, e);

		if (to == e)
			entry_post(stage, &batch->bat_entries[to++]);
		e = to;
	}
	if (atomic_fetch_sub(&batch->bat_live, 1) == 1)
		batch_end(batch);
}

static int
entry_walk(struct dmover_stage *stage, struct stage_arena *arena, struct dmover_entry *entry)
{
	int err;

	pthread_mutex_init(&entry->ent_lock, NULL);
	entry->ent_len = entry->ent_req.dreq_len;
	entry->ent_overlaps = may_overlap(&entry->ent_req);
	entry->ent_nruns = entry->ent_want = 1;
	entry->ent_ns = entry->ent_queued[0] = entry->ent_queued[1] = 0;
	/* An engine that moves bytes itself might keep the entry. */
	entry->ent_lanes[0] = dmover_stage_choose(stage, entry, entry->ent_len, true);
	err = dmover_run_here(stage, arena, entry);
	pthread_mutex_destroy(&entry->ent_lock);
	return err;
}

int
dmover_stage_walk(struct dmover_stage *stage, struct dmover_batch *batch)
{
	struct stage_arena *arena = dmover_arena_get(&stage->arenas);

	if (arena == NULL)
		return -ENOBUFS;
	for (unsigned e = 0; e < batch->bat_nentries; e++) {
		struct dmover_entry *entry = &batch->bat_entries[e];
		struct dmover_response response;
		int err = entry_walk(stage, arena, entry);

		if (err < 0)
			entry->ent_req.dreq_error = err;
		dmover_stage_answer(stage, entry, &response);
		dmover_session_respond(batch->bat_session, &response, 1);
	}
	dmover_arena_put(&stage->arenas, arena);
	return 0;
}
