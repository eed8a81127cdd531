/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage.h: takes requests through bounded daemon memory, for engines that work on LINEAR buffers.
 *
 * Held: the whole batch in the calling thread, with as few vectored accesses as there can be.
 * Posted: each request in chunks, on the workers; a serial function in one runner, others in as
 * many as there are workers.  A request takes turns with those of other users after every chunk.
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

/* The same work as posting, in the calling thread; the batch stays the caller's.  -ENOMEM. */
int dmover_stage_walk(struct dmover_stage *stage, struct dmover_batch *batch);

/* What a finished entry answers: its id, error and result. */
void dmover_stage_answer(
    struct dmover_stage *stage, struct dmover_entry *entry, struct dmover_response *ret_response);

#endif /* CORE_STAGE_H */
