/* SPDX-License-Identifier: BSD-2-Clause */
/* mover.h: the thread that submits descriptors to all queues and waits for their records. */
#ifndef ENGINES_IDXD_MOVER_H
#define ENGINES_IDXD_MOVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "queue.h"

/* Queues in use at once. */
#define IDXD_QUEUES_MAX 16u
/* Requests of at most so many bytes are small: the next ones are waited for a moment. */
#define IDXD_SMALL ((size_t)16 << 10)

struct idxd_mover {
	struct idxd_args args;                      /* constant */
	const struct idxd_door *door;               /* constant */
	struct idxd_tail tail;                      /* constant */
	unsigned nqueues;                           /* constant */
	struct idxd_queue *queues[IDXD_QUEUES_MAX]; /* constant */
	struct idxd_stats stats;
	pthread_t thread;

	/* The thread's own. */
	struct idxd_list ready; /* to be submitted */
	struct idxd_list held;  /* inside of one idxd_mover_feed(): no queue has room for those */
	uint64_t now;           /* of its last look at the clock */
	uint64_t fed;           /* when the last idxd_mover_feed() began */
	uint64_t looked;        /* for what is late */
	uint64_t moved;         /* when something last came or went */
	bool can_monitor;

	pthread_mutex_t lock; /* leaf */
	pthread_cond_t wake;
	struct idxd_list spare;  /* (lock) */
	struct idxd_list inbox;  /* (lock) given, not yet seen by the thread */
	bool is_asleep;          /* (lock) the thread looks into the inbox only when it is woken */
	atomic_bool is_stopping; /* changed with the lock, as the next one is */
	atomic_uint ngiven;      /* of the inbox; a look without the lock is a hint */
	struct idxd_slot *slots;
	struct idxd_transfer transfers[IDXD_TRANSFERS];
};

/* What the engine was opened with. */
struct idxd_mover_plan {
	struct idxd_args args;
	const struct idxd_door *door;
	const struct dsa_queue *queues; /* those that are to be opened */
	unsigned nqueues;
};

/* Opens as many of the queues as work.  -errno with a reason in WHY when none does. */
int idxd_mover_open(
    const struct idxd_mover_plan *plan, struct idxd_mover **ret_mover, char *why, size_t len);
/* No request is inside. */
void idxd_mover_close(struct idxd_mover *mover);

/* Any thread; as eng_submit for a request that a live queue can do.  -EAGAIN: there is no room. */
int idxd_mover_give(struct idxd_mover *mover, struct dmover_request *dreq);

/* DMOVER_F() of what live queues can do at this moment.  Any thread. */
uint32_t idxd_mover_live_kinds(const struct idxd_mover *mover);
/* The same of what each queue can do, or could when it was last live. */
uint32_t idxd_mover_possible_kinds(const struct idxd_mover *mover);

/* --- for the parts of the engine; the transfer is with no device --- */

/* The transfer is over, and its request, if it still has one, is completed. */
void idxd_mover_end(struct idxd_mover *mover, struct idxd_transfer *transfer);
/* The CPU does the rest of it, and it is over. */
void idxd_mover_end_by_cpu(struct idxd_mover *mover, struct idxd_transfer *transfer);
/*
 * A device may have the transfer still, and writes no more than its record: the CPU does the rest, and
 * the request is completed.  The transfer is over when no device has it, by one of the above.
 */
void idxd_mover_end_early(struct idxd_mover *mover, struct idxd_transfer *transfer);

/*
 * Submits what is ready, as far as there is room, or has the CPU do the first that can go nowhere:
 * true, and there may be more.  The mover's thread (feed.c).
 */
bool idxd_mover_feed(struct idxd_mover *mover);

#endif /* ENGINES_IDXD_MOVER_H */
