/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage.h: takes requests through bounded daemon memory, for engines that work on LINEAR buffers.
 *
 * Held: the whole batch in the calling thread, with as few vectored accesses as there can be.
 * Posted: each request in chunks, by runners (run.h) on the workers, perhaps on two engines at once.
 * A request takes turns with those of other sessions after every chunk.
 */
#ifndef CORE_STAGE_H
#define CORE_STAGE_H

#include "core/arena.h"
#include "core/dispatch.h"

struct dmover_stage {
	pthread_mutex_t lock; /* leaf */
	pthread_cond_t idle;  /* nlive is 0 */
	unsigned nlive;       /* (lock) posted entries not yet ended */
	struct dmover_arenas arenas;
	struct dmover_dispatch *dispatch;
	struct dmover_pool *pool;
	struct dmover_stats *stats;
};

void dmover_stage_init(struct dmover_stage *stage, struct dmover_dispatch *dispatch,
    struct dmover_pool *pool, struct dmover_stats *stats, size_t limit);
/* True while posted entries are not yet ended. */
bool dmover_stage_is_busy(struct dmover_stage *stage);
/* Waits until no posted entry is left; false: SECONDS were not enough. */
bool dmover_stage_drain(struct dmover_stage *stage, unsigned seconds);
/* No request is inside. */
void dmover_stage_fini(struct dmover_stage *stage);

/*
 * Executes the batch, whose reads and whose writes are at most STAGE_ARENA / 4 bytes each, and
 * responds for every entry.  The batch stays the caller's.  The calling thread may be kept for as
 * long as the space pleases.
 */
void dmover_stage_hold(
    struct dmover_stage *stage, struct stage_arena *arena, struct dmover_batch *batch);

/*
 * Takes the batch over: references to its session, account and space go with it, and bat_charged
 * bytes.  Returns at once; responses follow.
 */
void dmover_stage_post(struct dmover_stage *stage, struct dmover_batch *batch);

/*
 * The same work as posting, in the calling thread; the batch stays the caller's.  -ENOBUFS: no arena
 * is free now.
 */
int dmover_stage_walk(struct dmover_stage *stage, struct dmover_batch *batch);

/* What a finished entry answers: its id, error and result. */
void dmover_stage_answer(
    struct dmover_stage *stage, struct dmover_entry *entry, struct dmover_response *ret_response);

/* --- for the groups of small posted entries (group.c) --- */

/*
 * Executes entries of the batch from FROM on, up to TO or as many as the arena holds, in the calling
 * thread.  Returns where it stopped; they have their results and errors.
 */
unsigned dmover_stage_slice(struct dmover_stage *stage, struct stage_arena *arena,
    struct dmover_batch *batch, unsigned from, unsigned to);
/* N posted entries more. */
void dmover_stage_entries_begin(struct dmover_stage *stage, unsigned n);
/* They are finished: answers them, and lets go of them. */
void dmover_stage_entries_end(
    struct dmover_stage *stage, struct dmover_batch *batch, unsigned from, unsigned to);

/* --- for the runners of a posted entry (run.c) --- */

/* The lane for LEN bytes of the entry; IS_STAGED: one that takes LINEAR buffers. */
unsigned dmover_stage_choose(
    struct dmover_stage *stage, const struct dmover_entry *entry, size_t len, bool is_staged);
/* LEN bytes of the entry are not queued any more on its lane WHICH. */
void dmover_stage_unqueue(
    struct dmover_stage *stage, struct dmover_entry *entry, unsigned which, size_t len);
/* A posted entry is finished: answers it, and lets go of it. */
void dmover_stage_entry_end(struct dmover_stage *stage, struct dmover_entry *entry);

#endif /* CORE_STAGE_H */
