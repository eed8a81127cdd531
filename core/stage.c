/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage.c: large requests, in chunks.
 *
 * A runner works one chunk at a time: it claims the next bytes of its request, takes an arena,
 * gathers the inputs, hands them to the engine, scatters the output, gives the arena back, and
 * queues up again behind whoever waits.  The last runner of a request responds.
 */
#include "core/stage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/uio.h"

/* A uniform output is made once in this much memory, and scattered from there again and again. */
#define UNIFORM_BLOCK ((size_t)128 << 10)
/* A request of fewer bytes than this for each runner is not split further. */
#define RUNNER_BYTES ((size_t)256 << 10)

/* The bytes that a runner has claimed. */
struct chunk {
	size_t len;
	struct dmover_uio in[DMOVER_INPUTS_MAX];
	struct dmover_uio out;
};

struct dmover_run {
	struct dmover_work work; /* first: the pool hands it back */
	struct dmover_stage *stage;
	struct dmover_entry *entry;
	struct stage_arena *arena;
	struct dmover_run *next; /* of its creator, before it is submitted */
	struct chunk chunk;
	/* Which of submit's return and dmover_done() came first. */
	atomic_int turn;
	bool is_inline; /* dmover_stage_walk's: no worker takes part */
	bool has_chunk; /* it is with the engine, or back from it */
};

enum { TURN_NONE, TURN_RETURNED, TURN_DONE };

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
	dmover_space_unref(batch->bat_space);
	dmover_session_unref(batch->bat_session);
	dmover_account_put(batch->bat_account);
	dmover_batch_free(batch);
}

/* A posted entry is finished. */
static void
entry_end(struct dmover_stage *stage, struct dmover_entry *entry)
{
	struct dmover_batch *batch = entry->ent_batch;
	struct dmover_response response;

	atomic_fetch_sub(&stage->dispatch->lanes[entry->ent_lane].lane_queued, entry->ent_bytes);
	dmover_stage_answer(stage, entry, &response);
	dmover_session_respond(batch->bat_session, &response, 1);
	pthread_mutex_destroy(&entry->ent_lock);
	if (atomic_fetch_sub(&batch->bat_live, 1) == 1)
		batch_end(batch);
	stage_count(stage, -1);
}

/* Most bytes of each buffer that an arena takes. */
static size_t
chunk_max(const struct dmover_stage *stage, const struct dmover_entry *entry)
{
	const struct dmover_function *func = entry->ent_req.dreq_func;
	unsigned buffers = func->dfn_ninputs;

	if (func->dfn_uniform)
		return STAGE_ARENA;
	if (func->dfn_has_output && !dmover_dispatch_is_inplace(stage->dispatch, entry->ent_lane))
		buffers++;
	return STAGE_ARENA / buffers & ~(size_t)4095;
}

/* Takes the next bytes of the request; false: none are left, or there is no use in them. */
static bool
run_claim(struct dmover_run *run)
{
	struct dmover_entry *entry = run->entry;
	struct dmover_request *req = &entry->ent_req;
	struct chunk *chunk = &run->chunk;

	pthread_mutex_lock(&entry->ent_lock);
	if (req->dreq_error == 0 && atomic_load(&entry->ent_batch->bat_session->ses_is_closing)) {
		STATS_ADD(run->stage->stats->st_dropped, 1);
		req->dreq_error = -EINTR;
	}
	chunk->len = chunk_max(run->stage, entry);
	if (chunk->len > req->dreq_len)
		chunk->len = req->dreq_len;
	if (req->dreq_error != 0)
		chunk->len = 0;
	if (chunk->len > 0) {
		for (unsigned i = 0; i < req->dreq_func->dfn_ninputs; i++) {
			chunk->in[i] = req->dreq_in[i].buf_uio;
			dmover_uio_advance(&req->dreq_in[i].buf_uio, chunk->len);
		}
		if (req->dreq_func->dfn_has_output) {
			chunk->out = req->dreq_out.buf_uio;
			dmover_uio_advance(&req->dreq_out.buf_uio, chunk->len);
		}
		req->dreq_len -= chunk->len; /* what is left to claim */
	}
	pthread_mutex_unlock(&entry->ent_lock);
	return chunk->len > 0;
}

/* The first error stays. */
static void
run_fail(struct dmover_run *run, int err)
{
	pthread_mutex_lock(&run->entry->ent_lock);
	if (run->entry->ent_req.dreq_error == 0)
		run->entry->ent_req.dreq_error = err;
	pthread_mutex_unlock(&run->entry->ent_lock);
}

static int
run_gather(struct dmover_run *run)
{
	struct stage_slot *slot = &run->arena->slots[0];
	const struct dmover_function *func = slot->req.dreq_func;

	for (unsigned i = 0; i < func->dfn_ninputs; i++) {
		struct dmover_uio uio = run->chunk.in[i];
		int err = dmover_uiomove(slot->in[i].buf_linear, slot->req.dreq_len, &uio);

		if (err < 0)
			return err;
	}
	return 0;
}

/* Scatters a block of BLOCK bytes, again and again. */
static int
scatter_uniform(struct stage_arena *arena, size_t block, struct dmover_uio *uio, size_t len)
{
	struct dmover_space *space = uio->uio_space;

	while (len > 0) {
		unsigned pieces, n = 0;
		size_t want =
		    dmover_uio_window(uio, len, arena->remote, DMOVER_UIO_PIECES, &pieces);
		ssize_t done;

		for (size_t left = want; left > 0; n++) {
			size_t part = left < block ? left : block;

			arena->local[n] = (struct iovec){ arena->memory, part };
			left -= part;
		}
		done = space->spc_ops->spo_writev(space, arena->local, n, arena->remote, pieces);
		if (done != (ssize_t)want)
			return done < 0 ? (int)done : -EFAULT;
		dmover_uio_advance(uio, want);
		len -= want;
	}
	return 0;
}

static int
run_scatter(struct dmover_run *run)
{
	struct stage_slot *slot = &run->arena->slots[0];

	if (!slot->req.dreq_func->dfn_has_output)
		return 0;
	if (slot->req.dreq_func->dfn_uniform)
		return scatter_uniform(
		    run->arena, slot->req.dreq_len, &run->chunk.out, run->chunk.len);
	return dmover_uiomove(slot->req.dreq_out.buf_linear, slot->req.dreq_len, &run->chunk.out);
}

/* The engine has finished the runner's chunk, perhaps before submit returned. */
static void
run_done(struct dmover_request *dreq)
{
	struct dmover_run *run = dreq->dreq_arg;

	if (atomic_exchange(&run->turn, TURN_DONE) == TURN_RETURNED)
		dmover_pool_submit(run->stage->pool, &run->work);
}

/* Points the slot at the arena, for the chunk. */
static void
run_aim(struct dmover_run *run)
{
	struct stage_slot *slot = &run->arena->slots[0];
	const struct dmover_function *func = run->entry->ent_req.dreq_func;
	bool shares = func->dfn_ninputs > 0 &&
		      dmover_dispatch_is_inplace(run->stage->dispatch, run->entry->ent_lane);
	size_t len = run->chunk.len;
	uint8_t *at = run->arena->memory;

	if (func->dfn_uniform && len > UNIFORM_BLOCK)
		len = UNIFORM_BLOCK;
	dmover_slot_init(slot, run->arena, run->entry, len);
	if (!run->is_inline) {
		slot->req.dreq_done = run_done;
		slot->req.dreq_arg = run;
	}
	for (unsigned i = 0; i < func->dfn_ninputs; i++) {
		slot->in[i].buf_type = DMOVER_BUF_LINEAR;
		slot->in[i].buf_linear = at;
		at += chunk_max(run->stage, run->entry);
	}
	if (func->dfn_has_output) {
		slot->req.dreq_out.buf_type = DMOVER_BUF_LINEAR;
		slot->req.dreq_out.buf_linear = shares ? run->arena->memory : at;
	}
}

/* After the engine: hands the result on, scatters.  0 or what failed. */
static int
run_finish_chunk(struct dmover_run *run)
{
	struct stage_slot *slot = &run->arena->slots[0];

	if (slot->req.dreq_error != 0)
		return slot->req.dreq_error;
	if (slot->req.dreq_func->dfn_serial) {
		/* Only one runner: the entry is its own. */
		struct dmover_request *req = &run->entry->ent_req;

		memcpy(req->dreq_result, slot->req.dreq_result, DMOVER_IMMEDIATE_LEN);
		memcpy(req->dreq_immediate, slot->req.dreq_result, DMOVER_IMMEDIATE_LEN);
	}
	return run_scatter(run);
}

/* Hands the chunk to its engine; true when it is back already, else the pool will bring it. */
static bool
run_submit(struct dmover_run *run, bool is_redo)
{
	struct stage_slot *slot = &run->arena->slots[0];

	run->has_chunk = true;
	run->arena->npending = 1;
	atomic_store(&run->turn, TURN_NONE);
	if (is_redo)
		dmover_dispatch_redo(run->stage->dispatch, &slot->req);
	else
		dmover_dispatch_submit(run->stage->dispatch, run->entry->ent_lane, &slot->req);
	if (run->is_inline) {
		dmover_arena_idle(run->arena);
		return true;
	}
	return atomic_exchange(&run->turn, TURN_RETURNED) == TURN_DONE;
}

/* Starts on the next chunk.  0; 1: it is with the engine; -ENODATA: there is none; or an error. */
static int
run_start_chunk(struct dmover_run *run)
{
	int err;

	if (!run_claim(run))
		return -ENODATA;
	run_aim(run);
	err = run_gather(run);
	if (err < 0)
		return err;
	return run_submit(run, false) ? 0 : 1;
}

/* Goes on with the chunk that is back from the engine.  As run_start_chunk. */
static int
run_end_chunk(struct dmover_run *run)
{
	struct stage_slot *slot = &run->arena->slots[0];
	int err;

	if (slot->req.dreq_error != 0 && !slot->req.dreq_error_final) {
		err = run_gather(run); /* the engine may have spoilt the inputs */
		if (err < 0)
			return err;
		if (!run_submit(run, true))
			return 1;
	}
	return run_finish_chunk(run);
}

/* One chunk, or as much of it as can be done now.  As run_start_chunk. */
static int
run_chunk(struct dmover_run *run)
{
	int err = 0;

	if (!run->has_chunk)
		err = run_start_chunk(run);
	if (err == 0)
		err = run_end_chunk(run);
	if (err != 1)
		run->has_chunk = false;
	if (err < 0 && err != -ENODATA)
		run_fail(run, err);
	return err;
}

static void
run_end(struct dmover_run *run)
{
	struct dmover_entry *entry = run->entry;
	bool is_last;

	pthread_mutex_lock(&entry->ent_lock);
	is_last = --entry->ent_nruns == 0;
	pthread_mutex_unlock(&entry->ent_lock);
	if (is_last)
		entry_end(run->stage, entry);
	free(run);
}

/* An arena for the runner.  1: it is called again when there is one, and is not ours; -ENOMEM. */
static int
run_get_arena(struct dmover_run *run)
{
	struct dmover_arenas *arenas = &run->stage->arenas;
	struct stage_arena *arena;
	int err;

	while ((arena = dmover_arena_get(arenas)) == NULL) {
		err = dmover_arena_wait(arenas, &run->work);
		if (err != -EAGAIN)
			return err == 0 ? 1 : err;
	}
	run->arena = arena;
	return 0;
}

/* Worker thread. */
static void
run_chunks(struct dmover_work *work)
{
	struct dmover_run *run = (struct dmover_run *)work;
	int err;

	do {
		err = run->arena != NULL ? 0 : run_get_arena(run);
		if (err == 0)
			err = run_chunk(run);
		else if (err < 0)
			run_fail(run, err);
		if (err == 1)
			return; /* the arena, or run_done(), brings it back */
		if (run->arena != NULL)
			dmover_arena_put(&run->stage->arenas, run->arena);
		run->arena = NULL;
		if (err < 0) {
			run_end(run);
			return;
		}
	} while (!dmover_pool_yield(run->stage->pool, work));
}

static struct dmover_run *
run_create(struct dmover_stage *stage, struct dmover_entry *entry)
{
	struct dmover_run *run = calloc(1, sizeof(*run));

	if (run == NULL)
		return NULL;
	run->work.wk_run = run_chunks;
	run->work.wk_flow =
	    dmover_session_flow(entry->ent_batch->bat_session, entry->ent_batch->bat_account);
	run->stage = stage;
	run->entry = entry;
	return run;
}

/* Runners that the request is worth. */
static unsigned
runners_for(const struct dmover_stage *stage, const struct dmover_entry *entry)
{
	size_t n = entry->ent_req.dreq_len / RUNNER_BYTES;
	unsigned workers = dmover_pool_workers(stage->pool);

	if (entry->ent_req.dreq_func->dfn_serial || n < 1)
		return 1;
	return n < workers ? (unsigned)n : workers;
}

static void
entry_start_runners(struct dmover_stage *stage, struct dmover_entry *entry)
{
	unsigned want = runners_for(stage, entry);
	struct dmover_run *runs = NULL, *run;

	entry->ent_nruns = 0;
	while (entry->ent_nruns < want && (run = run_create(stage, entry)) != NULL) {
		run->next = runs;
		runs = run;
		entry->ent_nruns++;
	}
	if (runs == NULL) {
		entry->ent_req.dreq_error = -ENOMEM;
		entry_end(stage, entry);
	}
	while ((run = runs) != NULL) {
		runs = run->next;
		dmover_pool_submit(stage->pool, &run->work);
	}
}

/* The entry goes to another engine than was chosen. */
static void
entry_change_lane(struct dmover_stage *stage, struct dmover_entry *entry, unsigned lane)
{
	struct dmover_lane *lanes = stage->dispatch->lanes;

	atomic_fetch_sub(&lanes[entry->ent_lane].lane_queued, entry->ent_bytes);
	entry->ent_lane = lane;
	atomic_fetch_add(&lanes[lane].lane_queued, entry->ent_bytes);
}

/* An engine that moves bytes itself has finished the entry. */
static void
entry_passed(struct dmover_request *req)
{
	struct dmover_entry *entry = (struct dmover_entry *)req; /* ent_req is its first member */
	struct dmover_stage *stage = req->dreq_arg;

	if (req->dreq_error == 0 || req->dreq_error_final) {
		entry_end(stage, entry);
		return;
	}
	req->dreq_error = 0;
	entry_change_lane(stage, entry, DISPATCH_CPU);
	entry_start_runners(stage, entry);
}

static void
entry_post(struct dmover_stage *stage, struct dmover_entry *entry)
{
	struct dmover_dispatch *dispatch = stage->dispatch;
	struct dmover_request *req = &entry->ent_req;

	stage_count(stage, 1);
	pthread_mutex_init(&entry->ent_lock, NULL);
	entry->ent_bytes = req->dreq_len;
	entry->ent_lane = dmover_dispatch_choose(dispatch, req->dreq_func->dfn_kind, req->dreq_len);
	atomic_fetch_add(&dispatch->lanes[entry->ent_lane].lane_queued, entry->ent_bytes);
	if (req->dreq_len == 0) {
		entry_end(stage, entry);
		return;
	}
	if (dmover_dispatch_takes_uio(dispatch, entry->ent_lane)) {
		req->dreq_done = entry_passed;
		req->dreq_arg = stage;
		if (dmover_dispatch_submit_uio(dispatch, entry->ent_lane, req) == 0)
			return;
		entry_change_lane(stage, entry, DISPATCH_CPU);
	}
	entry_start_runners(stage, entry);
}

void
dmover_stage_post(struct dmover_stage *stage, struct dmover_batch *batch)
{
	atomic_store(&batch->bat_live, batch->bat_nentries + 1);
	for (unsigned e = 0; e < batch->bat_nentries; e++)
		entry_post(stage, &batch->bat_entries[e]);
	if (atomic_fetch_sub(&batch->bat_live, 1) == 1)
		batch_end(batch);
}

static void
entry_walk(struct dmover_stage *stage, struct stage_arena *arena, struct dmover_entry *entry,
    struct dmover_run *run)
{
	struct dmover_request *req = &entry->ent_req;

	*run = (struct dmover_run){
		.stage = stage, .entry = entry, .arena = arena, .is_inline = true
	};
	pthread_mutex_init(&entry->ent_lock, NULL);
	/* An engine that moves bytes itself might keep the entry: the CPU then. */
	entry->ent_lane =
	    dmover_dispatch_choose(stage->dispatch, req->dreq_func->dfn_kind, req->dreq_len);
	if (dmover_dispatch_takes_uio(stage->dispatch, entry->ent_lane))
		entry->ent_lane = DISPATCH_CPU;
	while (run_chunk(run) >= 0)
		;
	pthread_mutex_destroy(&entry->ent_lock);
}

int
dmover_stage_walk(struct dmover_stage *stage, struct dmover_batch *batch)
{
	struct dmover_run *run = calloc(1, sizeof(*run));
	struct stage_arena *arena = dmover_arena_get(&stage->arenas);
	int err = run == NULL || arena == NULL ? -ENOMEM : 0;

	for (unsigned e = 0; e < batch->bat_nentries && err == 0; e++) {
		struct dmover_response response;

		entry_walk(stage, arena, &batch->bat_entries[e], run);
		dmover_stage_answer(stage, &batch->bat_entries[e], &response);
		dmover_session_respond(batch->bat_session, &response, 1);
	}
	if (arena != NULL)
		dmover_arena_put(&stage->arenas, arena);
	free(run);
	return err;
}
