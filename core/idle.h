/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idle.h: workers that wait for work: who is woken up, and on which processor.  The pool's lock is
 * held in all calls that do not say otherwise.
 */
#ifndef CORE_IDLE_H
#define CORE_IDLE_H

#include "core/places.h"

/* A worker, as far as its waiting goes. */
struct dmover_idler {
	pthread_t idl_thread;
	/* (lock) but for idl_is_placed and idl_nworks once it is woken: its own then. */
	struct dmover_idler *idl_next; /* of those that wait */
	pthread_cond_t idl_wake;       /* idl_is_woken */
	bool idl_is_woken;
	bool idl_is_placed;  /* it is kept on a processor of its own */
	unsigned idl_nworks; /* since it was woken up */
	int idl_cpu;         /* its place; PLACE_NONE: it waits, or has none */
};

struct dmover_idlers {
	struct dmover_idler *ids_first;  /* that wait; the last one first */
	unsigned ids_n;                  /* of them */
	struct dmover_places ids_places; /* of those that work */
	unsigned ids_nlate;              /* that are not woken up for the sake of who keeps */
};

void dmover_idlers_init(struct dmover_idlers *idlers);

void dmover_idler_init(struct dmover_idler *idler);
/* It is not waiting. */
void dmover_idler_fini(struct dmover_idler *idler);

/* Its own thread, which has LOCK: waits until it is woken up. */
void dmover_idler_wait(
    struct dmover_idlers *idlers, struct dmover_idler *idler, pthread_mutex_t *lock);
/* It ends: its place is free. */
void dmover_idler_leave(struct dmover_idlers *idlers, const struct dmover_idler *idler);
/* Its own thread, without the lock: begins with a piece of work. */
void dmover_idler_count(const struct dmover_idlers *idlers, struct dmover_idler *idler);

/* Wakes one up, if one waits: now, or when its processor is released. */
void dmover_idlers_wake(struct dmover_idlers *idlers);
/* From now on none is woken up where the calling thread runs; until the release. */
void dmover_idlers_keep(struct dmover_idlers *idlers);
void dmover_idlers_release(struct dmover_idlers *idlers);

#endif /* CORE_IDLE_H */
