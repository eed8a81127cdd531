/* SPDX-License-Identifier: BSD-2-Clause */
/* late.h: finished requests that are kept for a while before their submitter hears of them. */
#ifndef ENGINES_FAULT_LATE_H
#define ENGINES_FAULT_LATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <dev/dmover/dmover.h>

/* How long a request is held back when no other one comes to overtake it. */
#define FAULT_REORDER_NS UINT64_C(10000000)

struct fault_state;

/* One intercepted request: who is to be told, and what is still to happen to it. */
struct fault_hold {
	struct fault_state *state;
	struct fault_hold *next;
	struct dmover_request *dreq;
	void (*done)(struct dmover_request *dreq); /* the submitter's */
	void *arg;                                 /* the submitter's */
	uint64_t due_ns;                           /* CLOCK_MONOTONIC */
	bool is_hit;                               /* its number came up */
};

/* One thread and its two waiting places. */
struct fault_late {
	pthread_t thread;
	pthread_mutex_t lock;     /* leaf: not held across any completion */
	pthread_cond_t changed;   /* (lock) first, back or stop changed */
	struct fault_hold *first; /* (lock) delayed, the earliest first */
	struct fault_hold **end;  /* (lock) where the next one is linked */
	struct fault_hold *back;  /* (lock) held back until the next request overtakes it */
	bool stop;                /* (lock) */
	uint64_t delay_ns;        /* constant, hence the list is in order of time */
	void (*release)(struct fault_hold *hold);
};

/* RELEASE is called from the thread for each delayed hold whose time has come; it owns it then. */
int fault_late_init(
    struct fault_late *late, uint64_t delay_ns, void (*release)(struct fault_hold *hold));

/* Nothing is inside.  Stops the thread and waits for its end. */
void fault_late_fini(struct fault_late *late);

/* Takes HOLD over until the delay has passed. */
void fault_late_delay(struct fault_late *late, struct fault_hold *hold);

/*
 * HOLD overtakes the one that is held back, which is returned to be completed after it.  When
 * there is none, HOLD itself is kept if its number came up, and *ret_kept is true.
 */
struct fault_hold *fault_late_overtake(
    struct fault_late *late, struct fault_hold *hold, bool *ret_kept);

/* Gives the request back to its submitter and frees HOLD (fault.c). */
void fault_hold_complete(struct fault_hold *hold);

#endif /* ENGINES_FAULT_LATE_H */
