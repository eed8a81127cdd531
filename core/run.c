/* SPDX-License-Identifier: BSD-2-Clause */
/* run.c: runners, which take a posted request through its engines, one chunk at a time. */
#include "core/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/uio.h"

/* A uniform output is made once in this much memory, and scattered from there again and again. */
#define UNIFORM_BLOCK ((size_t)128 << 10)

/*
 * Chunks of a request begin small, because until the caller waits for it its memory is dear to
 * reach, and end small, because all runners are to end together.  But where input and output meet, a
 * request that one chunk can hold is one chunk: that is read before it is written.
 */
#define CHUNK_FIRST ((size_t)128 << 10)
#define CHUNK_LEAST ((size_t)64 << 10)

#define ALIGNMENT 64 /* bytes; of each buffer in the arena */

/* The bytes that a runner has claimed. */
struct chunk {
	size_t len, behind; /* its own, and those of the request after it */
	bool is_first;
	struct dmover_uio in[DMOVER_INPUTS_MAX];
	struct dmover_uio out;
};

enum run_turn { TURN_NONE, TURN_RETURNED, TURN_DONE };

struct dmover_run {
	struct dmover_work work; /* first: the pool hands it back */
	struct dmover_stage *stage;
	struct dmover_entry *entry;
	struct stage_arena *arena;
	struct dmover_run *next; /* of its creator, before it is submitted */
	unsigned which;          /* of the entry's lanes */
	unsigned lane;           /* of the present chunk */
	int64_t access_ns;       /* spent in the caller's memory for it */
	struct chunk chunk;
	atomic_int turn; /* which of submit's return and dmover_done() came first */
	bool is_here;    /* dmover_run_here's: no worker takes part */
	bool has_chunk;  /* it is with the engine, or back from it */
	bool is_uio;     /* ... with vectors in it */
};

static const struct dmover_function *
func_of(const struct dmover_run *run)
{
	return run->entry->ent_req.dreq_func;
}

static struct dmover_dispatch *
dispatch_of(const struct dmover_run *run)
{
	return run->stage->dispatch;
}

static size_t
aligned(size_t len)
{
	return (len + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* Most bytes of each buffer that an arena takes.  What an engine with UIO fails is staged. */
static size_t
chunk_max(const struct dmover_run *run)
{
	const struct dmover_function *func = func_of(run);
	unsigned buffers = func->dfn_ninputs;

	if (func->dfn_uniform)
		return STAGE_ARENA;
	if (func->dfn_has_output && !dmover_dispatch_is_inplace(dispatch_of(run), run->lane))
		buffers++;
	return STAGE_ARENA / buffers & ~(size_t)4095;
}

/* Entry's lock held. */
static size_t
chunk_len(const struct dmover_run *run)
{
	const struct dmover_entry *entry = run->entry;
	size_t left = entry->ent_req.dreq_len, max = chunk_max(run);
	size_t part = aligned(left / (2 * (entry->ent_nruns > 0 ? entry->ent_nruns : 1)));
	size_t begun = (CHUNK_FIRST + (entry->ent_len - left) / 4) & ~(size_t)4095;

	if (entry->ent_overlaps)
		return max < left ? max : left;
	if (part > begun)
		part = begun;
	if (part < CHUNK_LEAST)
		part = CHUNK_LEAST;
	if (part > max)
		part = max;
	return part < left ? part : left;
}

/* Locked.  Copies the positions of the next bytes, and passes them. */
static void
chunk_take(struct dmover_run *run)
{
	struct dmover_request *req = &run->entry->ent_req;
	struct chunk *chunk = &run->chunk;

	chunk->is_first = req->dreq_len == run->entry->ent_len;
	if (chunk->is_first) /* until now it is that of no bytes at all */
		memset(req->dreq_result, 0, sizeof(req->dreq_result));
	for (unsigned i = 0; i < req->dreq_func->dfn_ninputs; i++) {
		chunk->in[i] = req->dreq_in[i].buf_uio;
		chunk->in[i].uio_resid = chunk->len;
		dmover_uio_advance(&req->dreq_in[i].buf_uio, chunk->len);
	}
	if (req->dreq_func->dfn_has_output) {
		chunk->out = req->dreq_out.buf_uio;
		chunk->out.uio_resid = chunk->len;
		dmover_uio_advance(&req->dreq_out.buf_uio, chunk->len);
	}
	req->dreq_len -= chunk->len; /* what is left to claim */
	chunk->behind = req->dreq_len;
}

/* Takes the next bytes of the request; false: none are left, or there is no use in them. */
static bool
run_claim(struct dmover_run *run)
{
	struct dmover_entry *entry = run->entry;
	struct dmover_request *req = &entry->ent_req;

	run->lane = entry->ent_lanes[run->which];
	if (dispatch_of(run)->is_cycling)
		run->lane = dmover_stage_choose(run->stage, entry, CHUNK_FIRST, run->is_here);
	pthread_mutex_lock(&entry->ent_lock);
	if (req->dreq_error == 0 && atomic_load(&entry->ent_batch->bat_session->ses_is_closing)) {
		STATS_ADD(run->stage->stats->st_dropped, 1);
		req->dreq_error = -EINTR;
	}
	run->chunk.len = req->dreq_error == 0 ? chunk_len(run) : 0;
	if (run->chunk.len > 0)
		chunk_take(run);
	pthread_mutex_unlock(&entry->ent_lock);
	run->access_ns = 0;
	return run->chunk.len > 0;
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
	int64_t start = dmover_dispatch_now();
	int err = 0;

	for (unsigned i = 0; i < func_of(run)->dfn_ninputs && err == 0; i++) {
		struct dmover_uio uio = run->chunk.in[i];

		err = dmover_uiomove(slot->in[i].buf_linear, run->chunk.len, &uio);
	}
	run->access_ns += dmover_dispatch_now() - start;
	return err;
}

/* Scatters a block of BLOCK bytes, again and again. */
static int
scatter_uniform(struct stage_arena *arena, size_t block, struct dmover_uio *uio)
{
	struct dmover_space *space = uio->uio_space;

	while (uio->uio_resid > 0) {
		unsigned pieces, n = 0;
		size_t want = dmover_uio_window(
		    uio, uio->uio_resid, arena->remote, DMOVER_UIO_PIECES, &pieces);
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
	}
	return 0;
}

static int
run_scatter(struct dmover_run *run)
{
	const struct dmover_function *func = func_of(run);
	struct stage_slot *slot = &run->arena->slots[0];
	int64_t start = dmover_dispatch_now();
	int err = 0;

	if (func->dfn_uniform)
		err = scatter_uniform(run->arena, slot->req.dreq_len, &run->chunk.out);
	else if (func->dfn_has_output)
		err = dmover_uiomove(
		    slot->req.dreq_out.buf_linear, slot->req.dreq_len, &run->chunk.out);
	run->access_ns += dmover_dispatch_now() - start;
	return err;
}

/* The engine has finished the runner's chunk, perhaps before submit returned. */
static void
run_done(struct dmover_request *dreq)
{
	struct dmover_run *run = dreq->dreq_arg;

	dmover_dispatch_seen(dispatch_of(run), dreq);
	if (atomic_exchange(&run->turn, TURN_DONE) == TURN_RETURNED)
		dmover_pool_submit(run->stage->pool, &run->work);
}

/* A slot for LEN bytes of the chunk, without buffers. */
static struct stage_slot *
slot_begin(struct dmover_run *run, size_t len)
{
	struct stage_slot *slot = &run->arena->slots[0];

	dmover_slot_init(slot, run->arena, run->entry, len);
	if (!run->is_here) {
		slot->req.dreq_done = run_done;
		slot->req.dreq_arg = run;
	}
	/* Only the first piece of an input goes on from the caller's result. */
	if (func_of(run)->dfn_join != NULL && !run->chunk.is_first)
		memset(slot->req.dreq_immediate, 0, DMOVER_IMMEDIATE_LEN);
	return slot;
}

/* Points the slot at the arena, for the chunk. */
static void
run_aim(struct dmover_run *run)
{
	const struct dmover_function *func = func_of(run);
	bool shares =
	    func->dfn_ninputs > 0 && dmover_dispatch_is_inplace(dispatch_of(run), run->lane);
	size_t len = run->chunk.len;
	uint8_t *at = run->arena->memory;
	struct stage_slot *slot;

	if (func->dfn_uniform && len > UNIFORM_BLOCK)
		len = UNIFORM_BLOCK;
	slot = slot_begin(run, len);
	for (unsigned i = 0; i < func->dfn_ninputs; i++) {
		slot->in[i].buf_type = DMOVER_BUF_LINEAR;
		slot->in[i].buf_linear = at;
		at += aligned(len);
	}
	if (func->dfn_has_output) {
		slot->req.dreq_out.buf_type = DMOVER_BUF_LINEAR;
		slot->req.dreq_out.buf_linear = shares ? run->arena->memory : at;
	}
	run->is_uio = false;
}

/* Points the slot at the caller's vectors. */
static void
run_aim_uio(struct dmover_run *run)
{
	struct stage_slot *slot = slot_begin(run, run->chunk.len);

	for (unsigned i = 0; i < func_of(run)->dfn_ninputs; i++) {
		slot->in[i].buf_type = DMOVER_BUF_UIO;
		slot->in[i].buf_uio = run->chunk.in[i];
	}
	if (func_of(run)->dfn_has_output) {
		slot->req.dreq_out.buf_type = DMOVER_BUF_UIO;
		slot->req.dreq_out.buf_uio = run->chunk.out;
	}
	run->is_uio = true;
}

/* After the engine: joins the result, scatters.  0 or what failed. */
static int
run_finish_chunk(struct dmover_run *run)
{
	const struct dmover_function *func = func_of(run);
	struct dmover_request *req = &run->entry->ent_req;
	struct stage_slot *slot = &run->arena->slots[0];
	int err;

	if (slot->req.dreq_error != 0)
		return slot->req.dreq_error;
	if (func->dfn_join != NULL) {
		pthread_mutex_lock(&run->entry->ent_lock);
		func->dfn_join(req->dreq_result, slot->req.dreq_result, run->chunk.behind);
		pthread_mutex_unlock(&run->entry->ent_lock);
	}
	if (run->is_uio)
		return 0;
	err = run_scatter(run);
	if (err == 0)
		dmover_dispatch_seen_access(
		    dispatch_of(run), func, run->chunk.len, (double)run->access_ns);
	return err;
}

/* Makes ready for the engine, before it can be done. */
static void
run_hand_over(struct dmover_run *run)
{
	run->has_chunk = true;
	run->arena->npending = 1;
	atomic_store(&run->turn, TURN_NONE);
}

/* After a submit: true when the chunk is back already, else the pool will bring it. */
static bool
run_is_back(struct dmover_run *run)
{
	if (run->is_here) {
		dmover_arena_idle(run->arena);
		return true;
	}
	return atomic_exchange(&run->turn, TURN_RETURNED) == TURN_DONE;
}

/* Stages the chunk for the run's lane.  0; 1: it is with the engine; or an error. */
static int
run_stage(struct dmover_run *run, bool is_redo)
{
	struct stage_slot *slot = &run->arena->slots[0];
	int err;

	run_aim(run);
	err = run_gather(run);
	if (err < 0)
		return err;
	run_hand_over(run);
	if (is_redo)
		dmover_dispatch_redo(dispatch_of(run), &slot->req);
	else
		dmover_dispatch_submit(dispatch_of(run), run->lane, &slot->req);
	return run_is_back(run) ? 0 : 1;
}

/* Starts on the next chunk.  0; 1: it is with the engine; -ENODATA: there is none; or an error. */
static int
run_start_chunk(struct dmover_run *run)
{
	if (!run_claim(run))
		return -ENODATA;
	if (dmover_dispatch_takes_uio(dispatch_of(run), run->lane)) {
		run_aim_uio(run);
		run_hand_over(run);
		if (dmover_dispatch_submit_uio(
			dispatch_of(run), run->lane, &run->arena->slots[0].req) == 0)
			return run_is_back(run) ? 0 : 1;
		/* Full, or not its business: staged, by another. */
		run->lane = dmover_stage_choose(run->stage, run->entry, run->chunk.len, true);
	}
	return run_stage(run, false);
}

/* Goes on with the chunk that is back from the engine.  As run_start_chunk. */
static int
run_end_chunk(struct dmover_run *run)
{
	struct stage_slot *slot = &run->arena->slots[0];

	if (slot->req.dreq_error != 0 && !slot->req.dreq_error_final) {
		/* The engine may have spoilt the inputs: they are gathered again. */
		int err;

		if (run->is_uio)
			run->lane = DISPATCH_CPU;
		err = run_stage(run, true);
		if (err != 0)
			return err;
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
	if (err == 1)
		return err;
	if (err != -ENODATA)
		dmover_stage_unqueue(run->stage, run->entry, run->which, run->chunk.len);
	run->has_chunk = false;
	if (err < 0 && err != -ENODATA)
		run_fail(run, err);
	return err;
}

void
dmover_run_leave(struct dmover_stage *stage, struct dmover_entry *entry)
{
	bool is_last;

	pthread_mutex_lock(&entry->ent_lock);
	is_last = --entry->ent_nruns == 0;
	pthread_mutex_unlock(&entry->ent_lock);
	if (is_last)
		dmover_stage_entry_end(stage, entry);
}

static void
run_end(struct dmover_run *run)
{
	dmover_run_leave(run->stage, run->entry);
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
run_create(struct dmover_stage *stage, struct dmover_entry *entry, unsigned which)
{
	struct dmover_run *run = calloc(1, sizeof(*run));

	if (run == NULL)
		return NULL;
	run->work.wk_run = run_chunks;
	run->work.wk_flow =
	    dmover_session_flow(entry->ent_batch->bat_session, entry->ent_batch->bat_account);
	run->stage = stage;
	run->entry = entry;
	run->which = which;
	return run;
}

unsigned
dmover_runs_start(
    struct dmover_stage *stage, struct dmover_entry *entry, unsigned which, unsigned n)
{
	struct dmover_run *runs = NULL, *run;
	unsigned started = 0;

	while (started < n && (run = run_create(stage, entry, which)) != NULL) {
		run->next = runs;
		runs = run;
		started++;
	}
	pthread_mutex_lock(&entry->ent_lock);
	entry->ent_nruns += started;
	pthread_mutex_unlock(&entry->ent_lock);
	while ((run = runs) != NULL) {
		runs = run->next;
		dmover_pool_submit(stage->pool, &run->work);
	}
	return started;
}

int
dmover_run_here(struct dmover_stage *stage, struct stage_arena *arena, struct dmover_entry *entry)
{
	struct dmover_run *run = calloc(1, sizeof(*run));

	if (run == NULL)
		return -ENOMEM;
	run->stage = stage;
	run->entry = entry;
	run->arena = arena;
	run->is_here = true;
	arena->dispatch = stage->dispatch;
	while (run_chunk(run) >= 0)
		;
	free(run);
	return 0;
}
