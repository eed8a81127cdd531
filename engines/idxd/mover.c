/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mover.c: the thread that submits descriptors to all queues and waits for their records.
 *
 * 1. A submitter fills in a transfer, puts it into the inbox, and wakes the thread if it sleeps.
 * 2. The thread takes the inbox over and submits all of it with as few calls as there can be.
 * 3. It looks at the records of what is under way, and completes the requests.
 * 4. A queue that misbehaves goes to its keeper (keeper.c), with what is under way in it.
 *
 * One thread does both because that is what combines: while it is in write(2), or completes,
 * others queue, and all of those go at once.  Room, rings and portals then need no lock, and the
 * thread has to be awake for the records anyway.
 */
#include "mover.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "wait.h"

/* Small requests come in groups: until none came for GATHER_QUIET, at most for GATHER_ALL. */
#define GATHER_QUIET UINT64_C(1000)
#define GATHER_ALL   UINT64_C(20000)
/* How often late records are looked for. */
#define LOOK (1 * IDXD_NS_PER_MS)
/* Since something moved: records are looked at all the time; then a processor that can monitors. */
#define SPIN    UINT64_C(10000)
#define MONITOR UINT64_C(200000)
/* The pauses after that are a part of the time since, in these bounds. */
#define PAUSE_PART  4
#define PAUSE_LEAST UINT64_C(5000)
#define PAUSE_MOST  UINT64_C(500000)

/* Lock held. */
static void
put_spare(struct idxd_mover *mover, struct idxd_transfer *transfer)
{
	idxd_list_push(&mover->spare, transfer);
}

void
idxd_mover_end(struct idxd_mover *mover, struct idxd_transfer *transfer)
{
	struct dmover_request *dreq = transfer->dreq;

	if (dreq != NULL)
		IDXD_COUNT(&mover->stats, requests, 1);
	/* It is free before the submitter hears of it, who may come again at once. */
	pthread_mutex_lock(&mover->lock);
	put_spare(mover, transfer);
	pthread_mutex_unlock(&mover->lock);
	if (dreq != NULL)
		dmover_done(dreq);
}

/* The CPU does the rest, if there is still a request. */
static void
finish(struct idxd_mover *mover, struct idxd_transfer *transfer)
{
	if (transfer->dreq == NULL)
		return;
	IDXD_COUNT(&mover->stats, by_cpu, 1);
	idxd_transfer_finish(transfer, &mover->tail);
}

void
idxd_mover_end_by_cpu(struct idxd_mover *mover, struct idxd_transfer *transfer)
{
	finish(mover, transfer);
	idxd_mover_end(mover, transfer);
}

void
idxd_mover_end_early(struct idxd_mover *mover, struct idxd_transfer *transfer)
{
	struct dmover_request *dreq = transfer->dreq;

	finish(mover, transfer);
	transfer->dreq = NULL;
	IDXD_COUNT(&mover->stats, requests, 1);
	dmover_done(dreq);
}

/* Returns how many came. */
static unsigned
take_inbox(struct idxd_mover *mover)
{
	unsigned n;

	if (atomic_load_explicit(&mover->ngiven, memory_order_relaxed) == 0)
		return 0;
	pthread_mutex_lock(&mover->lock);
	n = mover->inbox.n;
	idxd_list_join(&mover->ready, &mover->inbox);
	atomic_store_explicit(&mover->ngiven, 0, memory_order_relaxed);
	pthread_mutex_unlock(&mover->lock);
	return n;
}

static bool
are_small(const struct idxd_list *list)
{
	for (const struct idxd_transfer *t = list->first; t != NULL; t = t->next)
		if (t->dreq->dreq_len > IDXD_SMALL)
			return false;
	return true;
}

/* Takes the inbox over, and what follows at once: a write(2) costs more than the wait. */
static unsigned
gather(struct idxd_mover *mover)
{
	unsigned all = take_inbox(mover);
	const uint64_t start = all > 0 ? idxd_now() : 0;
	uint64_t last = start;

	if (all == 0)
		return 0;
	while (mover->ready.n < IDXD_SUBMIT_MAX && are_small(&mover->ready)) {
		const unsigned n = take_inbox(mover);
		const uint64_t now = idxd_now();

		all += n;
		if (n > 0)
			last = now;
		if (now - last > GATHER_QUIET || now - start > GATHER_ALL)
			break;
		idxd_relax();
	}
	return all;
}

static unsigned
poll_queues(struct idxd_mover *mover)
{
	unsigned n = 0;

	for (unsigned i = 0; i < mover->nqueues; i++)
		if (idxd_queue_is_live(mover->queues[i]))
			n += idxd_queue_poll(mover->queues[i]);
	return n;
}

static void
look_for_late(struct idxd_mover *mover)
{
	if (mover->now < mover->looked + LOOK)
		return;
	mover->looked = mover->now;
	for (unsigned i = 0; i < mover->nqueues; i++)
		if (idxd_queue_is_live(mover->queues[i]))
			idxd_queue_look_for_late(mover->queues[i], mover->now);
}

/* Something to be monitored; NULL: nothing is under way. */
static const struct idxd_record *
awaited(const struct idxd_mover *mover)
{
	for (unsigned i = 0; i < mover->nqueues; i++) {
		struct idxd_queue *queue = mover->queues[i];

		if (!idxd_queue_is_live(queue))
			continue;
		if (queue->nflight > 0)
			return &queue->flight[0]->slot->record;
		for (unsigned j = 0; queue->nbatches > 0 && j < IDXD_BATCHES; j++)
			if (queue->batches[j].is_out)
				return &queue->batches[j].slot.record;
	}
	return NULL;
}

/* Sleeps until something is given, and no longer than UNTIL; 0: for ever. */
static void
sleep_until(struct idxd_mover *mover, uint64_t until)
{
	const struct timespec ts = idxd_at(until);
	int err = 0;

	pthread_mutex_lock(&mover->lock);
	mover->is_asleep = true;
	while (mover->inbox.n == 0 && !mover->is_stopping && err == 0)
		err = until == 0 ? pthread_cond_wait(&mover->wake, &mover->lock)
				 : pthread_cond_timedwait(&mover->wake, &mover->lock, &ts);
	mover->is_asleep = false;
	pthread_mutex_unlock(&mover->lock);
}

/* Nothing has moved in this turn: waits, in a way that costs the less the longer it takes. */
static void
rest(struct idxd_mover *mover)
{
	const uint64_t quiet = mover->now - mover->moved;
	const struct idxd_record *record;
	uint64_t pause;

	if (quiet < SPIN) {
		idxd_relax();
		return;
	}
	record = awaited(mover);
	if (record == NULL && mover->ready.n == 0) {
		sleep_until(mover, 0);
		mover->moved = idxd_now();
		return;
	}
	if (record != NULL && mover->can_monitor && quiet < MONITOR) {
		idxd_monitor(record);
		return;
	}
	/* With nothing under way it is a queue full of others' work that is waited for. */
	pause = record != NULL ? quiet / PAUSE_PART : PAUSE_LEAST;
	if (pause < PAUSE_LEAST)
		pause = PAUSE_LEAST;
	sleep_until(mover, mover->now + (pause < PAUSE_MOST ? pause : PAUSE_MOST));
}

static void *
mover_main(void *arg)
{
	struct idxd_mover *mover = arg;

	/* Pauses of some microseconds are meant as they are written. */
	prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
	mover->moved = idxd_now();
	while (!atomic_load_explicit(&mover->is_stopping, memory_order_relaxed)) {
		unsigned moved = gather(mover);

		mover->now = idxd_now();
		if (mover->ready.n > 0)
			moved += idxd_mover_feed(mover);
		moved += poll_queues(mover);
		look_for_late(mover);
		if (moved > 0)
			mover->moved = idxd_now();
		else
			rest(mover);
	}
	return NULL;
}

/* The process's signals are for other threads, but those that an instruction here raises. */
static int
start_thread(struct idxd_mover *mover)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	err = -pthread_create(&mover->thread, NULL, mover_main, mover);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

static int
fill_in(struct idxd_mover *mover, const struct idxd_mover_plan *plan)
{
	pthread_condattr_t attr;

	mover->args = plan->args;
	mover->door = plan->door;
	mover->can_monitor = idxd_can_monitor();
	mover->slots = aligned_alloc(64, IDXD_TRANSFERS * sizeof(*mover->slots));
	if (mover->slots == NULL)
		return -ENOMEM;
	/* Now the pages are there: a device that finds none for a record tells nobody. */
	memset(mover->slots, 0, IDXD_TRANSFERS * sizeof(*mover->slots));
	idxd_list_init(&mover->ready);
	idxd_list_init(&mover->held);
	idxd_list_init(&mover->inbox);
	idxd_list_init(&mover->spare);
	for (unsigned i = IDXD_TRANSFERS; i-- > 0;) {
		mover->transfers[i].slot = &mover->slots[i];
		idxd_list_push(&mover->spare, &mover->transfers[i]);
	}
	pthread_mutex_init(&mover->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&mover->wake, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

static void
clear_out(struct idxd_mover *mover)
{
	for (unsigned i = 0; i < mover->nqueues; i++)
		idxd_queue_destroy(mover->queues[i]);
	pthread_cond_destroy(&mover->wake);
	pthread_mutex_destroy(&mover->lock);
	free(mover->slots);
}

/* Those that do not open are left out.  The last one's error, when all do not. */
static int
open_queues(struct idxd_mover *mover, const struct idxd_mover_plan *plan, char *why, size_t len)
{
	int err = -ENODEV;

	for (unsigned i = 0; i < plan->nqueues && mover->nqueues < IDXD_QUEUES_MAX; i++) {
		struct idxd_queue **queue = &mover->queues[mover->nqueues];

		err = idxd_queue_create(mover, &plan->queues[i], queue, why, len);
		if (err == 0)
			mover->nqueues++;
	}
	return mover->nqueues > 0 ? 0 : err;
}

int
idxd_mover_open(
    const struct idxd_mover_plan *plan, struct idxd_mover **ret_mover, char *why, size_t len)
{
	struct idxd_mover *mover = calloc(1, sizeof(*mover));
	int err;

	if (mover == NULL)
		return -ENOMEM;
	err = idxd_tail_open(&mover->tail, why, len);
	if (err < 0)
		goto free_mover;
	err = fill_in(mover, plan);
	if (err < 0)
		goto close_tail;
	err = open_queues(mover, plan, why, len);
	if (err < 0)
		goto clear_out;
	err = start_thread(mover);
	if (err < 0)
		goto clear_out;
	*ret_mover = mover;
	return 0;

clear_out:
	clear_out(mover);
close_tail:
	idxd_tail_close(&mover->tail);
free_mover:
	free(mover);
	return err;
}

void
idxd_mover_close(struct idxd_mover *mover)
{
	pthread_mutex_lock(&mover->lock);
	mover->is_stopping = true;
	pthread_cond_signal(&mover->wake);
	pthread_mutex_unlock(&mover->lock);
	pthread_join(mover->thread, NULL);
	clear_out(mover);
	idxd_tail_close(&mover->tail);
	free(mover);
}

uint32_t
idxd_mover_live_kinds(const struct idxd_mover *mover)
{
	uint32_t kinds = 0;

	for (unsigned i = 0; i < mover->nqueues; i++)
		kinds |= atomic_load_explicit(&mover->queues[i]->kinds, memory_order_relaxed);
	return kinds;
}

uint32_t
idxd_mover_possible_kinds(const struct idxd_mover *mover)
{
	uint32_t kinds = 0;

	for (unsigned i = 0; i < mover->nqueues; i++)
		kinds |= atomic_load_explicit(&mover->queues[i]->could, memory_order_relaxed);
	return kinds;
}

int
idxd_mover_give(struct idxd_mover *mover, struct dmover_request *dreq)
{
	struct idxd_transfer *transfer;

	pthread_mutex_lock(&mover->lock);
	transfer = idxd_list_take(&mover->spare);
	if (transfer != NULL) {
		idxd_transfer_init(transfer, dreq);
		idxd_list_put(&mover->inbox, transfer);
		atomic_store_explicit(&mover->ngiven, mover->inbox.n, memory_order_relaxed);
		if (mover->is_asleep) {
			mover->is_asleep = false; /* the others need not wake it again */
			pthread_cond_signal(&mover->wake);
		}
	}
	pthread_mutex_unlock(&mover->lock);
	return transfer != NULL ? 0 : -EAGAIN;
}
