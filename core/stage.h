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

#include "core/batch.h"
#include "core/dispatch.h"
#include "core/pool.h"

/* One piece of staging memory; a chunk and all its buffers fit in. */
#define STAGE_ARENA ((size_t)1 << 20)
/* Requests that are with the engine at once in the held way. */
#define STAGE_SLOTS 32

/* A LINEAR request and its buffers. */
struct stage_slot {
	struct dmover_request req;
	struct dmover_buffer in[DMOVER_INPUTS_MAX];
	struct dmover_entry *entry;
};

struct stage_arena {
	struct stage_arena *next;   /* (stage lock) */
	uint8_t *memory;            /* STAGE_ARENA bytes */
	struct stage_slot slots[STAGE_SLOTS];
	struct iovec local[1024], remote[1024];
	uint32_t at_in[1024], at_out[1024]; /* held: where an entry's buffers begin */
	pthread_mutex_t lock;
	pthread_cond_t idle;        /* npending is 0 */
	unsigned npending;          /* (lock) slots that are with an engine */
};

struct dmover_run;

struct dmover_stage {
	pthread_mutex_t lock; /* leaf but for the pool's */
	struct stage_arena *free;          /* (lock) last in, first out: the warm one */
	struct dmover_run *waiting, **last; /* (lock) runners without an arena */
	unsigned narenas, max_arenas;      /* (lock) */
	unsigned nlive;                    /* (lock) posted entries not yet ended */
	pthread_cond_t idle;               /* nlive is 0 */
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

/* An arena, or NULL when the limit is reached or there is no memory. */
struct stage_arena *dmover_stage_get(struct dmover_stage *stage);
void dmover_stage_put(struct dmover_stage *stage, struct stage_arena *arena);

/*
 * Executes the batch, whose reads and whose writes are at most STAGE_ARENA / 4 bytes each, and
 * responds for every entry.  The batch stays the caller's.  The calling thread may be kept for as
 * long as the space pleases.
 */
void dmover_stage_hold(struct dmover_stage *stage, struct stage_arena *arena,
    struct dmover_batch *batch);

/*
 * Takes the batch over: references to its session, account and space go with it, and bat_charged
 * bytes.  Returns at once; responses follow.
 */
void dmover_stage_post(struct dmover_stage *stage, struct dmover_batch *batch);

/* The same work as posting, in the calling thread; the batch stays the caller's.  -ENOMEM. */
int dmover_stage_walk(struct dmover_stage *stage, struct dmover_batch *batch);

/* For held.c and stage.c: fills a slot's request in, all but the buffers. */
void dmover_stage_slot_init(struct stage_slot *slot, struct stage_arena *arena,
    struct dmover_entry *entry, size_t len);
void dmover_stage_wait(struct stage_arena *arena);

/* What a finished entry answers: its id, error and result. */
void dmover_stage_answer(struct dmover_stage *stage, struct dmover_entry *entry,
    struct dmover_response *ret_response);

#endif /* CORE_STAGE_H */
