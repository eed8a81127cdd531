/* SPDX-License-Identifier: BSD-2-Clause */
/* arena.h: staging memory, bounded, and the requests that are with an engine in it. */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include "core/batch.h"
#include "core/dispatch.h"
#include "core/pool.h"

/* One piece of staging memory; a chunk and all its buffers fit in. */
#define STAGE_ARENA DISPATCH_CHUNK_MOST
/* Requests that are with the engine at once in the held way. */
#define STAGE_SLOTS 32

/* Each buffer begins at a cache line. */
#define STAGE_ALIGNMENT 64

static inline size_t
stage_aligned(size_t len)
{
	return (len + STAGE_ALIGNMENT - 1) & ~(size_t)(STAGE_ALIGNMENT - 1);
}

/* A LINEAR request and its buffers. */
struct stage_slot {
	struct dmover_request req;
	struct dmover_buffer in[DMOVER_INPUTS_MAX];
	struct dmover_entry *entry;
};

struct stage_arena {
	struct dmover_dispatch *dispatch; /* of whoever has the arena, for its slots */
	struct stage_arena *next;         /* (arenas' lock) */
	uint8_t *memory;                  /* STAGE_ARENA bytes */
	struct stage_slot slots[STAGE_SLOTS];
	struct iovec local[1024], remote[1024];
	uint32_t at_in[1024], at_out[1024]; /* held: where an entry's buffers begin */
	pthread_mutex_t lock;
	pthread_cond_t idle; /* npending is 0 */
	unsigned npending;   /* (lock) slots that are with an engine */
};

struct dmover_arenas {
	pthread_mutex_t lock;                /* leaf but for the pool's */
	struct stage_arena *free;            /* (lock) last in, first out: the warm one */
	struct dmover_work *waiting, **last; /* (lock) work that goes on when one is put back */
	unsigned n, max;                     /* (lock) */
	uint8_t *memory;                     /* constant: of all, at the start of a huge page */
	void *reservation;                   /* constant: of the addresses; NULL: max is 0 */
	size_t reserved;                     /* constant: its bytes */
	struct dmover_pool *pool;
};

/* LIMIT bytes of memory in all. */
void dmover_arenas_init(struct dmover_arenas *arenas, struct dmover_pool *pool, size_t limit);
/* All are put back. */
void dmover_arenas_fini(struct dmover_arenas *arenas);

/* An arena, or NULL when the limit is reached or there is no memory. */
struct stage_arena *dmover_arena_get(struct dmover_arenas *arenas);
void dmover_arena_put(struct dmover_arenas *arenas, struct stage_arena *arena);

/*
 * After a NULL: submits WORK to the pool when an arena is put back, and returns 0.  -EAGAIN: one
 * was put back already; -ENOMEM: none will be.
 */
int dmover_arena_wait(struct dmover_arenas *arenas, struct dmover_work *work);

/*
 * Fills a slot's request in, all but the buffers.  When it is done it counts ->npending down, which
 * the submitter has set; dmover_arena_idle() waits for 0.
 */
void dmover_slot_init(
    struct stage_slot *slot, struct stage_arena *arena, struct dmover_entry *entry, size_t len);
void dmover_arena_idle(struct stage_arena *arena);
/* One less; for done functions of others. */
void dmover_arena_count_down(struct stage_arena *arena);

#endif /* CORE_ARENA_H */
