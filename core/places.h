/* SPDX-License-Identifier: BSD-2-Clause */
/* places.h: which processors have a worker.  No locks: the pool has one. */
#ifndef CORE_PLACES_H
#define CORE_PLACES_H

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

#define PLACE_NONE (-1)

struct dmover_places {
	cpu_set_t plc_all;   /* constant: where workers may run; empty: not known */
	cpu_set_t plc_taken; /* by workers */
	int plc_kept;        /* free for somebody else; or PLACE_NONE */
};

/* Those of the calling thread. */
void dmover_places_init(struct dmover_places *places);

/* True when CPU is neither taken nor kept; not so PLACE_NONE. */
bool dmover_places_is_free(const struct dmover_places *places, int cpu);

/*
 * Binds the thread to a processor that is free, and takes it: the number, or PLACE_NONE where
 * there is none, or the kernel refuses; then it may run anywhere.  BOUND: where it is bound now,
 * and stays if that is free; or PLACE_NONE.
 */
int dmover_places_take(struct dmover_places *places, pthread_t thread, int bound);

/* The calling thread may run anywhere again; CPU as dmover_places_take() returned it. */
void dmover_places_leave(const struct dmover_places *places);
void dmover_places_give(struct dmover_places *places, int cpu);

/* True when the only processor that is not taken is the one that is kept. */
bool dmover_places_is_last_kept(const struct dmover_places *places);

#endif /* CORE_PLACES_H */
