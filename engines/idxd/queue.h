/* SPDX-License-Identifier: BSD-2-Clause */
/* queue.h: a work queue that the engine uses, and what is under way in it. */
#ifndef ENGINES_IDXD_QUEUE_H
#define ENGINES_IDXD_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>

#include "transfer.h"
#include "wq.h"

/* Requests inside the engine at once. */
#define IDXD_TRANSFERS 256u
/* Batches of a queue under way at once, and descriptors of each. */
#define IDXD_BATCHES   8u
#define IDXD_BATCH_MAX 32u
/* Fewer descriptors than this go one by one. */
#define IDXD_BATCH_MIN 4u

/* A list that a device reads; in use until the batch's own record has come. */
struct idxd_batch {
	struct idxd_desc list[IDXD_BATCH_MAX];
	struct idxd_slot slot;
	bool is_out;
	unsigned nmembers; /* whose records are awaited */
	uint64_t deadline;
};

struct idxd_mover;

/*
 * Owned by the mover's thread while it is live, else by its keeper; constant members are marked.
 * Which of the two it is goes from hand to hand with the lock, and with ->kinds.
 */
struct idxd_queue {
	struct idxd_batch batches[IDXD_BATCHES];
	struct idxd_slot probe;
	struct idxd_mover *mover;                         /* constant */
	char name[sizeof(((struct dsa_queue *)0)->name)]; /* constant */
	_Atomic(const char *) road;                       /* when it was last live */
	struct dsa_queue info;
	struct idxd_wq wq;
	atomic_uint kinds; /* DMOVER_F() of what it does; 0: it is not live */
	atomic_uint could; /* the same of when it was last live */
	bool is_open;
	bool may_batch;
	unsigned room;    /* entries that may be in use at once */
	unsigned entries; /* that are: descriptors outside of batches, and batches */
	unsigned nbatches;
	unsigned nflight;
	struct idxd_transfer *flight[IDXD_TRANSFERS]; /* whose records are awaited */
	unsigned strikes;                             /* IDXD_STRIKES of them, and it is closed */
	unsigned good;                                /* good records since the last strike went */
	uint64_t rest_until;                          /* it was full; look again then */
	uint64_t full_since;                          /* it has taken nothing since; 0: it has */
	uint64_t doubt_at;   /* the keeper is to look it up then; 0: it has taken something */
	atomic_bool is_gone; /* the keeper has looked it up, and it cannot be used any more */
	uint64_t opened;     /* when it went live */
	uint64_t backoff;    /* ns before it is tried again */

	pthread_t keeper;
	pthread_mutex_t lock; /* leaf */
	pthread_cond_t wake;
	bool is_keepers;  /* (lock) the keeper is to close it, and open it again */
	bool is_doubted;  /* (lock) the keeper is to look it up; it stays the mover's */
	bool is_stopping; /* (lock) */
};

/* Bad records, less one for each IDXD_GOOD good ones, that end in quarantine. */
#define IDXD_STRIKES 4u
#define IDXD_GOOD    16u

/* How long a queue in quarantine is left alone: doubled each time, unless it was live for long. */
#define IDXD_BACKOFF_FIRST (100 * IDXD_NS_PER_MS)
#define IDXD_BACKOFF_LAST  (10000 * IDXD_NS_PER_MS)

/*
 * Opens the queue and starts its keeper; MOVER is filled in so far that its door and arguments are.
 * -errno with a reason in WHY.
 */
int idxd_queue_create(struct idxd_mover *mover, const struct dsa_queue *info,
    struct idxd_queue **ret_queue, char *why, size_t len);
/* Nothing that anybody waits for is under way; the mover's thread has ended. */
void idxd_queue_destroy(struct idxd_queue *queue);

/* True when it is the mover's. */
static inline bool
idxd_queue_is_live(const struct idxd_queue *queue)
{
	return atomic_load_explicit(&queue->kinds, memory_order_acquire) != 0;
}

/* --- of the mover's thread, on a live queue --- */

/* Hands it to the keeper, with all that is under way. */
void idxd_queue_quarantine(struct idxd_queue *queue);

/* Has the keeper look it up: ->is_gone says later what came of it. */
void idxd_queue_doubt(struct idxd_queue *queue);

/* A record was bad; true: that was once too often, and the queue is the keeper's now. */
bool idxd_queue_strike(struct idxd_queue *queue);

/*
 * Looks at all that is under way, and goes on with what is back.  Returns how many records there
 * were.
 */
unsigned idxd_queue_poll(struct idxd_queue *queue);

/* Quarantine, if something is under way for too long. */
void idxd_queue_look_for_late(struct idxd_queue *queue, uint64_t now);

#endif /* ENGINES_IDXD_QUEUE_H */
