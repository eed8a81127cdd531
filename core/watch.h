/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.h: notices threads that stay in one piece of work for too long.
 *
 * A caller can make an access to its memory take for ever.  The thread in it cannot be called
 * back, so its duties are given to another: that is what a seat's stalled() does.
 *
 * The watch thread sleeps on a timer that is set while seats are busy; it does nothing while all
 * are idle.
 */
#ifndef CORE_WATCH_H
#define CORE_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct dmover_watch;

/* A thread's place under watch.  Zeroed, with the first two members set, before watch_add. */
struct dmover_seat {
	int64_t seat_limit; /* ns in one piece of work before it counts as stalled */
	void (*seat_stalled)(struct dmover_seat *seat); /* watch thread, once per piece of work */
	atomic_int_fast64_t seat_since;                 /* when the work began, in ns; 0: idle */
	int64_t seat_told;                              /* (watch lock) the work that was told of */
	struct dmover_seat *seat_next;                  /* (watch lock) */
};

int dmover_watch_create(struct dmover_watch **ret_watch);
/* All seats must be gone.  NULL is allowed. */
void dmover_watch_destroy(struct dmover_watch *watch);

void dmover_watch_add(struct dmover_watch *watch, struct dmover_seat *seat);
/* After this stalled() is not running for the seat, and never will. */
void dmover_watch_remove(struct dmover_watch *watch, struct dmover_seat *seat);

/* The seat's thread starts, and ends, a piece of work. */
void dmover_seat_begin(struct dmover_watch *watch, struct dmover_seat *seat);
void dmover_seat_end(struct dmover_seat *seat);

/* In stalled(): whether the seat is still in the piece of work that it was called for. */
bool dmover_seat_is_stalled(const struct dmover_seat *seat);

#endif /* CORE_WATCH_H */
