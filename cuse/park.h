/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * park.h: calls that are not answered yet, and their interruption.
 *
 * A parked call is found by its fuse_req_t, because that is all that an interruption names.  It
 * has one owner: the session while it waits there, a worker while it is queued or runs, or the
 * thread that took it out; only the owner answers.
 */
#ifndef CUSE_PARK_H
#define CUSE_PARK_H

#include "cuse/device.h"
#include "cuse/lend.h"
#include "cuse/memory.h"

/* Threads that may borrow one reader at once. */
#define LENDERS_MAX 64

struct dmio_parked {
	struct dmover_waiter waiter; /* first */
	struct dmover_work work;     /* writes: run by a worker */
	struct dmio_call call;
	struct dmover_account *account; /* of the caller; referenced */
	pid_t tid;                      /* of the caller */
	size_t charged;                 /* bytes on the account */
	bool is_interrupted;            /* (parked_lock) a signal came */
	bool is_queued;                 /* (parked_lock) no worker has begun with it */
	bool is_answered;               /* (parked_lock) by a signal, while it was queued */
	struct dmio_parked *next;       /* (parked_lock) */
	/* Readers: who they are, and what they lend. */
	struct dmio_identity identity;
	struct dmio_parked *next_lender;            /* (parked_lock) */
	unsigned nborrowed;                         /* (parked_lock) */
	struct dmio_sleeper borrowers[LENDERS_MAX]; /* (parked_lock) threads of ours; 0: none */
	bool is_ending; /* (parked_lock) the last to return answers, with: */
	int end_err;
	struct dmover_seat seat; /* busy while it is ending and lent */
	/* Writes: the records, how much of them is done, and how much was done before. */
	uint8_t *data;
	size_t size, done, before;
};

/*
 * Keeps the call with room for SIZE bytes in ->data, charged to ACCOUNT, which is referenced.
 * NULL: no memory, or the account has no more.
 */
struct dmio_parked *dmio_parked_create(
    const struct dmio_call *call, struct dmover_account *account, size_t size);

/* From here on a signal for REQ is noticed.  No lock is held. */
void dmio_park_listen(struct dmio_device *device, fuse_req_t req);

/* Makes it known to interruptions.  No lock is held. */
void dmio_parked_add(struct dmio_parked *parked);

/*
 * Parks a known one in its session, or answers it when a signal has come.  False: there is no need
 * to wait, and it is still the calling thread's.
 */
bool dmio_parked_wait(struct dmio_parked *parked);

/*
 * Before its work is submitted: from here on a signal answers it, and the worker only frees it.
 * False: one has come already, and the call is still the calling thread's.
 */
bool dmio_parked_queue(struct dmio_parked *parked);
/* In the worker.  False: it was answered, and is gone. */
bool dmio_parked_dequeue(struct dmio_parked *parked);

/* In the worker: it was answered already; frees it. */
void dmio_parked_discard(struct dmio_parked *parked);

/* The owner answers what was done, or ERR (0: none) when nothing was, and frees it. */
void dmio_parked_finish(struct dmio_parked *parked, int err);

/* No thread is left: answers every parked call with -ENODEV, or with what was done. */
void dmio_parked_end_all(struct dmio_device *device);

#endif /* CUSE_PARK_H */
