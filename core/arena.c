/* SPDX-License-Identifier: BSD-2-Clause */
/* arena.c: staging memory, bounded. */
#include "core/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* headers of Linux 5.14 have it */
#endif

#define HUGE_PAGE ((size_t)2 << 20)

/* Addresses for all the memory there may ever be, in huge pages where the kernel grants them. */
static void
reserve(struct dmover_arenas *arenas)
{
	const size_t len = (size_t)arenas->max * STAGE_ARENA;
	uint8_t *at;

	if (len == 0)
		return;
	arenas->reserved = len + HUGE_PAGE;
	at = mmap(NULL, arenas->reserved, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED) {
		arenas->max = 0;
		return;
	}
	arenas->reservation = at;
	arenas->memory = at + (HUGE_PAGE - (uintptr_t)at % HUGE_PAGE) % HUGE_PAGE;
	madvise(arenas->memory, len, MADV_HUGEPAGE);
}

void
dmover_arenas_init(struct dmover_arenas *arenas, struct dmover_pool *pool, size_t limit)
{
	*arenas = (struct dmover_arenas){ .pool = pool, .max = (unsigned)(limit / STAGE_ARENA) };
	arenas->last = &arenas->waiting;
	pthread_mutex_init(&arenas->lock, NULL);
	reserve(arenas);
}

static void
arena_free(struct stage_arena *arena)
{
	pthread_cond_destroy(&arena->idle);
	pthread_mutex_destroy(&arena->lock);
	free(arena);
}

void
dmover_arenas_fini(struct dmover_arenas *arenas)
{
	while (arenas->free != NULL) {
		struct stage_arena *arena = arenas->free;

		arenas->free = arena->next;
		arena_free(arena);
	}
	if (arenas->reservation != NULL)
		munmap(arenas->reservation, arenas->reserved);
	pthread_mutex_destroy(&arenas->lock);
}

/* Locked.  Number I, with its memory brought in: an engine's hardware may not be able to fault. */
static struct stage_arena *
arena_create(struct dmover_arenas *arenas, unsigned i)
{
	struct stage_arena *arena = calloc(1, sizeof(*arena));

	if (arena == NULL)
		return NULL;
	arena->memory = arenas->memory + (size_t)i * STAGE_ARENA;
	/* Not to be had (EINVAL before Linux 5.14): it comes with the first touch. */
	if (madvise(arena->memory, STAGE_ARENA, MADV_POPULATE_WRITE) != 0 && errno == ENOMEM) {
		free(arena);
		return NULL;
	}
	pthread_mutex_init(&arena->lock, NULL);
	pthread_cond_init(&arena->idle, NULL);
	return arena;
}

/* Locked. */
static struct dmover_work *
take_waiting(struct dmover_arenas *arenas)
{
	struct dmover_work *waiting = arenas->waiting;

	arenas->waiting = NULL;
	arenas->last = &arenas->waiting;
	return waiting;
}

/* All of them: the first may have to wait for its user's turn.  Who finds none waits again. */
static void
submit_all(struct dmover_arenas *arenas, struct dmover_work *waiting)
{
	while (waiting != NULL) {
		struct dmover_work *work = waiting;

		waiting = work->wk_next;
		dmover_pool_submit(arenas->pool, work);
	}
}

struct stage_arena *
dmover_arena_get(struct dmover_arenas *arenas)
{
	struct dmover_work *waiting = NULL;
	struct stage_arena *arena;

	pthread_mutex_lock(&arenas->lock);
	arena = arenas->free;
	if (arena != NULL) {
		arenas->free = arena->next;
	} else if (arenas->n < arenas->max) {
		arena = arena_create(arenas, arenas->n);
		if (arena != NULL)
			arenas->n++;
		else
			waiting = take_waiting(arenas); /* perhaps none will be put back */
	}
	pthread_mutex_unlock(&arenas->lock);
	submit_all(arenas, waiting);
	return arena;
}

void
dmover_arena_put(struct dmover_arenas *arenas, struct stage_arena *arena)
{
	struct dmover_work *waiting;

	pthread_mutex_lock(&arenas->lock);
	arena->next = arenas->free;
	arenas->free = arena;
	waiting = take_waiting(arenas);
	pthread_mutex_unlock(&arenas->lock);
	submit_all(arenas, waiting);
}

int
dmover_arena_wait(struct dmover_arenas *arenas, struct dmover_work *work)
{
	int err = 0;

	pthread_mutex_lock(&arenas->lock);
	if (arenas->n == 0) {
		err = -ENOMEM;
	} else if (arenas->free != NULL) {
		err = -EAGAIN;
	} else {
		work->wk_next = NULL;
		*arenas->last = work;
		arenas->last = &work->wk_next;
	}
	pthread_mutex_unlock(&arenas->lock);
	return err;
}

void
dmover_arena_count_down(struct stage_arena *arena)
{
	pthread_mutex_lock(&arena->lock);
	if (--arena->npending == 0)
		pthread_cond_signal(&arena->idle);
	pthread_mutex_unlock(&arena->lock);
}

/* The engine has finished a slot. */
static void
slot_done(struct dmover_request *dreq)
{
	struct stage_arena *arena = dreq->dreq_arg;

	dmover_dispatch_seen(arena->dispatch, dreq);
	dmover_arena_count_down(arena);
}

void
dmover_slot_init(
    struct stage_slot *slot, struct stage_arena *arena, struct dmover_entry *entry, size_t len)
{
	const struct dmover_request *req = &entry->ent_req;

	slot->entry = entry;
	slot->req = (struct dmover_request){
		.dreq_func = req->dreq_func,
		.dreq_len = len,
		.dreq_in = slot->in,
		.dreq_done = slot_done,
		.dreq_arg = arena,
	};
	memcpy(slot->req.dreq_immediate, req->dreq_immediate, DMOVER_IMMEDIATE_LEN);
}

void
dmover_arena_idle(struct stage_arena *arena)
{
	pthread_mutex_lock(&arena->lock);
	while (arena->npending > 0)
		pthread_cond_wait(&arena->idle, &arena->lock);
	pthread_mutex_unlock(&arena->lock);
}
