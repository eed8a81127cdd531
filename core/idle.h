/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idle.h: workers that wait for work: who is woken up, on which processor, and whether they
 * stay awake.  The pool's lock is held in all calls that do not say otherwise.
 */
#ifndef CORE_IDLE_H
#define CORE_IDLE_H

#include <stdatomic.h>
#include <stdint.h>

#include "core/backoff.h"
#include "core/places.h"

/* A worker, as far as its waiting goes. */
struct dmover_idler {
	pthread_t idl_thread;
	struct dmover_idler *idl_next; /* (lock) of those that wait */
	pthread_cond_t idl_wake;       /* (lock) idl_is_woken */
	atomic_bool idl_is_woken;      /* (lock to change) */
	int idl_cpu;                   /* (lock) its place; PLACE_NONE: it waits, or has none */
	bool idl_is_awake;             /* (lock) it waits, and looks at idl_is_woken all the time */
	/* (lock) while it waits, else its own: */
	int idl_bound;     /* where alone it may run, also while it waits; PLACE_NONE */
	int64_t idl_since; /* at work; ns, monotonic; 0: it has not begun */
	struct dmover_backoff idl_awake; /* whether to stay awake for the next work */
	bool idl_is_hit;                 /* it was woken up awake, and has not told so yet */
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

/* Its own thread, which has LOCK: waits until it is woken up, for some time awake. */
void dmover_idler_wait(
    struct dmover_idlers *idlers, struct dmover_idler *idler, pthread_mutex_t *lock);
/* It ends: its place is free. */
void dmover_idler_leave(struct dmover_idlers *idlers, const struct dmover_idler *idler);
/* Its own thread, without the lock: begins with a piece of work. */
void dmover_idler_begin(const struct dmover_idlers *idlers, struct dmover_idler *idler);

/* Wakes one up, if one waits: now, or when its processor is released. */
void dmover_idlers_wake(struct dmover_idlers *idlers);
/* From now on none is woken up where the calling thread runs; until the release. */
void dmover_idlers_keep(struct dmover_idlers *idlers);
void dmover_idlers_release(struct dmover_idlers *idlers);

#endif /* CORE_IDLE_H */
