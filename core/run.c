/* SPDX-License-Identifier: BSD-2-Clause */
/* run.c: runners, which take a posted request through its engines, one chunk at a time. */
#include "core/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/chunk.h"

/* Besides 0 and -errno: */
enum {
	RUN_AWAY = 1, /* the engine has it, or it waits for an arena: it is called again */
	RUN_OVER = 2, /* nothing is left to claim */
};

enum run_turn { TURN_NONE, TURN_RETURNED, TURN_DONE };

/* What is to be done with the chunk next. */
enum run_phase { PHASE_CLAIM, PHASE_UIO, PHASE_STAGE, PHASE_LINEAR };

struct dmover_run {
	struct dmover_work work; /* first: the pool hands it back */
	struct dmover_stage *stage;
	struct dmover_entry *entry;
	struct stage_arena *arena; /* only while a chunk is staged */
	enum run_phase phase;
	bool is_redo;    /* an engine has failed the chunk: the CPU, once more */
	bool is_here;    /* dmover_run_here's: no worker takes part */
	unsigned which;  /* of the entry's lanes */
	unsigned lane;   /* of the present chunk */
	atomic_int turn; /* which of submit's return and dmover_done() came first */
	struct dmover_chunk chunk;
};

_Static_assert(sizeof(struct dmover_run) <= BATCH_RUNNER, "what a batch is charged for");

static struct dmover_dispatch *
dispatch_of(const struct dmover_run *run)
{
	return run->stage->dispatch;
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

/* The engine has finished the runner's chunk, perhaps before submit returned. */
static void
run_done(struct dmover_request *dreq)
{
	struct dmover_run *run = dreq->dreq_arg;

	dmover_dispatch_seen(dispatch_of(run), dreq);
	if (atomic_exchange(&run->turn, TURN_DONE) == TURN_RETURNED)
		dmover_pool_submit(run->stage->pool, &run->work);
}

/* The same, where the runner's thread waits. */
static void
run_done_here(struct dmover_request *dreq)
{
	struct dmover_run *run = dreq->dreq_arg;

	dmover_dispatch_seen(dispatch_of(run), dreq);
	dmover_arena_count_down(run->arena);
}

/* Makes ready for the engine, which may be done before submit returns. */
static void
run_hand_over(struct dmover_run *run)
{
	if (run->is_here)
		run->arena->npending = 1;
	atomic_store(&run->turn, TURN_NONE);
}

/* After a good submit: 0 when the chunk is back already, else RUN_AWAY: the pool will bring it. */
static int
run_after_submit(struct dmover_run *run)
{
	if (run->is_here) {
		dmover_arena_idle(run->arena);
		return 0;
	}
	return atomic_exchange(&run->turn, TURN_RETURNED) == TURN_DONE ? 0 : RUN_AWAY;
}

/* Claims the next chunk, and hands it to an engine that takes the caller's vectors. */
static int
run_begin(struct dmover_run *run)
{
	struct dmover_chunk *chunk = &run->chunk;
	int err;

	run->lane = run->entry->ent_lanes[run->which];
	if (dispatch_of(run)->is_cycling)
		run->lane =
		    dmover_stage_choose(run->stage, run->entry, run->entry->ent_len, run->is_here);
	if (!dmover_chunk_claim(chunk, run->stage, run->entry, run->lane))
		return RUN_OVER;
	run->phase = PHASE_STAGE;
	run->is_redo = false;
	if (!dmover_dispatch_takes_uio(dispatch_of(run), run->lane))
		return 0;
	dmover_chunk_aim_uio(chunk, run->entry);
	run->phase = PHASE_UIO;
	run_hand_over(run);
	err = dmover_dispatch_submit_uio(dispatch_of(run), run->lane, &chunk->slot.req);
	if (err == 0)
		return run_after_submit(run);
	/* Full, or not its business: staged, by another. */
	run->phase = PHASE_STAGE;
	run->lane = dmover_stage_choose(run->stage, run->entry, chunk->len, true);
	return 0;
}

/* Is the chunk, back from its engine, to be done again? */
static bool
is_failed(const struct dmover_run *run)
{
	const struct dmover_request *req = &run->chunk.slot.req;

	return req->dreq_error != 0 && !req->dreq_error_final;
}

/* An arena for the chunk.  RUN_AWAY: it is called again when there is one; -ENOMEM. */
static int
run_get_arena(struct dmover_run *run)
{
	struct dmover_arenas *arenas = &run->stage->arenas;
	struct stage_arena *arena;
	int err;

	if (run->arena != NULL)
		return 0;
	while ((arena = dmover_arena_get(arenas)) == NULL) {
		err = dmover_arena_wait(arenas, &run->work);
		if (err != -EAGAIN)
			return err == 0 ? RUN_AWAY : err;
	}
	run->arena = arena;
	return 0;
}

/* Stages the chunk, and hands it to its lane, or to the CPU when that has failed it. */
static int
run_stage(struct dmover_run *run)
{
	struct dmover_dispatch *dispatch = dispatch_of(run);
	struct dmover_chunk *chunk = &run->chunk;
	int err = run_get_arena(run);

	if (err != 0)
		return err;
	dmover_chunk_aim(
	    chunk, run->entry, run->arena, dmover_dispatch_is_inplace(dispatch, run->lane));
	err = dmover_chunk_gather(chunk);
	if (err < 0)
		return err;
	run->phase = PHASE_LINEAR;
	run_hand_over(run);
	if (run->is_redo)
		dmover_dispatch_redo(dispatch, &chunk->slot.req);
	else
		dmover_dispatch_submit(dispatch, run->lane, &chunk->slot.req);
	return run_after_submit(run);
}

/* After the engine: joins the result, delivers the output.  0 or what failed. */
static int
run_finish_chunk(struct dmover_run *run)
{
	struct dmover_chunk *chunk = &run->chunk;
	struct dmover_request *req = &run->entry->ent_req;
	const struct dmover_function *func = req->dreq_func;
	int err;

	if (chunk->slot.req.dreq_error != 0)
		return chunk->slot.req.dreq_error;
	if (func->dfn_join != NULL) {
		pthread_mutex_lock(&run->entry->ent_lock);
		func->dfn_join(req->dreq_result, chunk->slot.req.dreq_result, chunk->behind);
		pthread_mutex_unlock(&run->entry->ent_lock);
	}
	if (chunk->is_uio)
		return 0;
	err = dmover_chunk_scatter(chunk, run->arena);
	if (err == 0)
		dmover_dispatch_seen_access(
		    dispatch_of(run), func, chunk->len, (double)chunk->access_ns);
	return err;
}

/*
 * Goes as far with the chunk as it can.  0: it is finished; RUN_AWAY, RUN_OVER; or what failed.
 * The engine may have spoilt the inputs of what it failed: they are gathered again.
 */
static int
run_chunk(struct dmover_run *run)
{
	int err = 0;

	if (run->phase == PHASE_CLAIM)
		err = run_begin(run);
	if (err == 0 && run->phase == PHASE_UIO && is_failed(run)) {
		run->phase = PHASE_STAGE;
		run->lane = DISPATCH_CPU;
		run->is_redo = true;
	}
	if (err == 0 && run->phase == PHASE_STAGE)
		err = run_stage(run);
	if (err == 0 && run->phase == PHASE_LINEAR && is_failed(run)) {
		run->is_redo = true;
		err = run_stage(run);
	}
	return err == 0 ? run_finish_chunk(run) : err;
}

/* One chunk, to its end or until it is away.  As run_chunk, but for errors: they stay here. */
static int
run_turn(struct dmover_run *run)
{
	int err = run_chunk(run);

	if (err == RUN_AWAY || err == RUN_OVER)
		return err;
	dmover_stage_unqueue(run->stage, run->entry, run->which, run->chunk.len);
	run->phase = PHASE_CLAIM;
	if (err < 0)
		run_fail(run, err); /* so that nothing more is claimed */
	return 0;
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

/* True when the entry is worth one more runner, and a worker is there for it; it is counted then. */
static bool
wants_help(struct dmover_stage *stage, struct dmover_entry *entry, unsigned which)
{
	bool wants = dmover_pool_idle(stage->pool) > 0;

	pthread_mutex_lock(&entry->ent_lock);
	wants = wants && entry->ent_nstarted[which] < entry->ent_nwant[which] &&
		entry->ent_req.dreq_len > 0 && entry->ent_req.dreq_error == 0;
	if (wants) {
		entry->ent_nstarted[which]++;
		entry->ent_nruns++;
	}
	pthread_mutex_unlock(&entry->ent_lock);
	return wants;
}

static struct dmover_run *run_create(
    struct dmover_stage *stage, struct dmover_entry *entry, unsigned which);

/* One more runner, if there is use for it.  Without memory the others go on alone. */
static bool
get_help(struct dmover_stage *stage, struct dmover_entry *entry, unsigned which)
{
	struct dmover_run *other;

	if (!wants_help(stage, entry, which))
		return false;
	other = run_create(stage, entry, which);
	if (other == NULL) {
		dmover_run_leave(stage, entry);
		return false;
	}
	dmover_pool_submit(stage->pool, &other->work);
	return true;
}

/* Worker thread. */
static void
run_work(struct dmover_work *work)
{
	struct dmover_run *run = (struct dmover_run *)work;
	int err;

	do {
		if (run->phase == PHASE_CLAIM)
			get_help(run->stage, run->entry, run->which);
		err = run_turn(run);
		if (err == RUN_AWAY)
			return;
		if (run->arena != NULL)
			dmover_arena_put(&run->stage->arenas, run->arena);
		run->arena = NULL;
		if (err == RUN_OVER) {
			dmover_run_leave(run->stage, run->entry);
			free(run);
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
	run->work.wk_run = run_work;
	run->work.wk_flow =
	    dmover_session_flow(entry->ent_batch->bat_session, entry->ent_batch->bat_account);
	run->stage = stage;
	run->entry = entry;
	run->which = which;
	run->chunk.slot.req.dreq_done = run_done;
	run->chunk.slot.req.dreq_arg = run;
	return run;
}

/* Worker thread: the turn of a request that nobody has begun with. */
static void
ticket_work(struct dmover_work *work)
{
	struct dmover_ticket *ticket = (struct dmover_ticket *)work;
	struct dmover_entry *entry = ticket->tkt_entry;
	struct dmover_stage *stage = entry->ent_batch->bat_stage;
	struct dmover_run *run = run_create(stage, entry, ticket->tkt_which);

	if (run != NULL) {
		run_work(&run->work);
		return;
	}
	pthread_mutex_lock(&entry->ent_lock);
	if (entry->ent_req.dreq_error == 0)
		entry->ent_req.dreq_error = -ENOMEM;
	pthread_mutex_unlock(&entry->ent_lock);
	dmover_run_leave(stage, entry);
}

void
dmover_run_first(struct dmover_stage *stage, struct dmover_entry *entry, unsigned which)
{
	struct dmover_ticket *ticket = &entry->ent_tickets[which];
	struct dmover_batch *batch = entry->ent_batch;

	*ticket = (struct dmover_ticket){
		.tkt_work.wk_run = ticket_work,
		.tkt_work.wk_flow = dmover_session_flow(batch->bat_session, batch->bat_account),
		.tkt_entry = entry,
		.tkt_which = which,
	};
	pthread_mutex_lock(&entry->ent_lock);
	entry->ent_nstarted[which] = 1;
	entry->ent_nruns++;
	pthread_mutex_unlock(&entry->ent_lock);
	dmover_pool_submit(stage->pool, &ticket->tkt_work);
	/* All who sleep are woken up at once: one after the other takes twice as long. */
	while (get_help(stage, entry, which))
		;
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
	run->chunk.slot.req.dreq_done = run_done_here;
	run->chunk.slot.req.dreq_arg = run;
	while (run_turn(run) != RUN_OVER)
		;
	free(run);
	return 0;
}
