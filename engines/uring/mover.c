/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mover.c: the thread that moves transfers, in pieces that take turns.
 *
 * 1. A submitter reserves a transfer, fills it in, gives it, and wakes the thread if it sleeps.
 * 2. The thread gives each transfer that has bytes left one free piece in turn.
 * 3. It waits for the ring, and goes on with the pieces whose operations are back.
 * 4. The last piece of a transfer completes the request.
 *
 * Only this thread hands operations to the kernel.  Those of a thread that ends are cancelled, and
 * the threads that submit may end at any time; the kernel also keeps its own threads for each
 * thread that ever did.
 */
#include "mover.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)
/* How often stuck pieces are looked for, milliseconds. */
#define LOOK_MS 250

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* Lock held. */
static void
put_spare(struct uring_mover *mover, struct uring_transfer *transfer)
{
	uring_queue_put(&mover->spare_transfers, transfer);
	mover->ninside--;
}

/* The transfer is over: it is free before the submitter hears of it, who may come again at once. */
static void
end_transfer(struct uring_mover *mover, struct uring_transfer *transfer)
{
	struct dmover_request *dreq = uring_transfer_conclude(transfer);

	pthread_mutex_lock(&mover->lock);
	put_spare(mover, transfer);
	pthread_mutex_unlock(&mover->lock);
	dmover_done(dreq);
}

static void
end_if_over(struct uring_mover *mover, struct uring_transfer *transfer)
{
	if (!uring_transfer_is_over(transfer))
		return;
	if (transfer->is_ready)
		uring_queue_remove(&mover->ready, transfer);
	end_transfer(mover, transfer);
}

static void
make_ready(struct uring_mover *mover, struct uring_transfer *transfer)
{
	transfer->is_ready = true;
	uring_queue_put(&mover->ready, transfer);
}

/* Goes on with a piece, and ends the transfer with its last one. */
static void
advance(struct uring_mover *mover, struct uring_piece *piece)
{
	struct uring_transfer *transfer = piece->transfer;
	int err = uring_piece_go(piece);

	if (err == 1) {
		piece->since_ns = now_ns();
		return;
	}
	if (err < 0)
		uring_transfer_fail(transfer, err);
	transfer->npieces--;
	piece->transfer = NULL;
	piece->next = mover->spare_pieces;
	mover->spare_pieces = piece;
	end_if_over(mover, transfer);
}

/* Gives free pieces to the transfers that have something for them, in turn. */
static void
feed(struct uring_mover *mover)
{
	struct uring_transfer *transfer;

	while (
	    mover->spare_pieces != NULL && (transfer = uring_queue_take(&mover->ready)) != NULL) {
		struct uring_piece *piece = mover->spare_pieces;

		transfer->is_ready = false;
		if (transfer->error != 0)
			continue; /* its last piece ends it */
		mover->spare_pieces = piece->next;
		uring_piece_aim(piece, transfer);
		transfer->since_ns = now_ns();
		if (transfer->left > 0)
			make_ready(mover, transfer);
		advance(mover, piece);
	}
}

/* Takes the inbox over.  False: the thread is to end, and nothing is inside. */
static bool
look_into_inbox(struct uring_mover *mover)
{
	struct uring_transfer *transfer;
	bool goes_on;

	pthread_mutex_lock(&mover->lock);
	while ((transfer = uring_queue_take(&mover->inbox)) != NULL)
		make_ready(mover, transfer);
	mover->is_awake = false;
	goes_on = !mover->is_stopping || mover->ninside > 0;
	pthread_mutex_unlock(&mover->lock);
	return goes_on;
}

/* Gives back the transfers that got no piece for too long. */
static void
give_back_waiting(struct uring_mover *mover, uint64_t now)
{
	struct uring_transfer *transfer = mover->ready.first;

	while (transfer != NULL) {
		struct uring_transfer *next = transfer->next;

		if (now > transfer->since_ns + URING_STUCK_NS) {
			uring_transfer_fail(transfer, -ETIMEDOUT);
			end_if_over(mover, transfer);
		}
		transfer = next;
	}
}

/* Asks for the pieces back that are away for too long; true when there are any. */
static bool
call_back_stuck(struct uring_mover *mover, uint64_t now)
{
	bool is_stuck = false;

	for (unsigned i = 0; i < URING_PIECES; i++) {
		struct uring_piece *piece = &mover->pieces[i];

		if (piece->naway == 0 || now <= piece->since_ns + URING_STUCK_NS)
			continue;
		is_stuck = true;
		uring_transfer_fail(piece->transfer, -ETIMEDOUT);
		uring_piece_cancel(piece);
	}
	return is_stuck;
}

/* From time to time: does the kernel still move everything? */
static void
look_for_stuck(struct uring_mover *mover)
{
	const uint64_t now = now_ns();

	if (now < mover->looked_ns + LOOK_MS * UINT64_C(1000000))
		return;
	mover->looked_ns = now;
	if (!call_back_stuck(mover, now))
		return;
	pthread_mutex_lock(&mover->lock);
	mover->rest_until_ns = now + URING_REST_NS;
	pthread_mutex_unlock(&mover->lock);
	give_back_waiting(mover, now);
}

static bool
is_idle(const struct uring_mover *mover)
{
	unsigned nspare = 0;

	for (struct uring_piece *piece = mover->spare_pieces; piece != NULL; piece = piece->next)
		nspare++;
	return nspare == URING_PIECES;
}

static void *
mover_main(void *arg)
{
	struct uring_mover *mover = arg;
	struct uring_op *op;

	while (look_into_inbox(mover)) {
		feed(mover);
		uring_ring_wait(&mover->ring, is_idle(mover) ? -1 : LOOK_MS);
		while ((op = uring_ring_next(&mover->ring)) != NULL)
			if (uring_piece_back(op->owner, op))
				advance(mover, op->owner);
		look_for_stuck(mover);
	}
	return NULL;
}

/* The process's signals are for other threads. */
static int
start_thread(struct uring_mover *mover)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	err = -pthread_create(&mover->thread, NULL, mover_main, mover);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

static void
fill_in(struct uring_mover *mover, const struct uring_cpu *cpu)
{
	mover->cpu = *cpu;
	uring_queue_init(&mover->ready);
	uring_queue_init(&mover->inbox);
	uring_queue_init(&mover->spare_transfers);
	for (unsigned i = 0; i < URING_TRANSFERS; i++)
		uring_queue_put(&mover->spare_transfers, &mover->transfers[i]);
	for (unsigned i = 0; i < URING_PIECES; i++) {
		struct uring_piece *piece = &mover->pieces[i];

		uring_piece_init(
		    piece, &mover->ring, &mover->cpu, mover->memory + i * URING_MEMORY);
		piece->next = mover->spare_pieces;
		mover->spare_pieces = piece;
	}
	pthread_mutex_init(&mover->lock, NULL);
}

static void
clear_out(struct uring_mover *mover)
{
	for (unsigned i = 0; i < URING_PIECES; i++)
		uring_piece_fini(&mover->pieces[i]);
	pthread_mutex_destroy(&mover->lock);
}

int
uring_mover_open(const struct uring_cpu *cpu, struct uring_mover **ret_mover)
{
	struct uring_mover *mover = calloc(1, sizeof(*mover));
	int err;

	if (mover == NULL)
		return -ENOMEM;
	/* Pages come with their first use: a copy needs only half of a piece's memory. */
	mover->memory = mmap(/* addr= */ NULL, URING_PIECES * URING_MEMORY, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mover->memory == MAP_FAILED) {
		err = -errno;
		goto free_mover;
	}
	err = uring_ring_open(&mover->ring, URING_PIECES * URING_OPS);
	if (err < 0)
		goto unmap;
	fill_in(mover, cpu);
	err = start_thread(mover);
	if (err < 0)
		goto close_ring;
	*ret_mover = mover;
	return 0;

close_ring:
	clear_out(mover);
	uring_ring_close(&mover->ring);
unmap:
	munmap(mover->memory, URING_PIECES * URING_MEMORY);
free_mover:
	free(mover);
	return err;
}

void
uring_mover_close(struct uring_mover *mover)
{
	pthread_mutex_lock(&mover->lock);
	mover->is_stopping = true;
	pthread_mutex_unlock(&mover->lock);
	uring_ring_wake(&mover->ring);
	pthread_join(mover->thread, NULL);
	clear_out(mover);
	uring_ring_close(&mover->ring);
	munmap(mover->memory, URING_PIECES * URING_MEMORY);
	free(mover);
}

/* Lock held: a piece is stuck, or was a short while ago. */
static bool
is_resting(const struct uring_mover *mover)
{
	return mover->rest_until_ns != 0 && now_ns() < mover->rest_until_ns;
}

struct uring_transfer *
uring_mover_reserve(struct uring_mover *mover)
{
	struct uring_transfer *transfer = NULL;

	pthread_mutex_lock(&mover->lock);
	if (!is_resting(mover))
		transfer = uring_queue_take(&mover->spare_transfers);
	if (transfer != NULL)
		mover->ninside++;
	pthread_mutex_unlock(&mover->lock);
	return transfer;
}

void
uring_mover_release(struct uring_mover *mover, struct uring_transfer *transfer)
{
	pthread_mutex_lock(&mover->lock);
	put_spare(mover, transfer);
	pthread_mutex_unlock(&mover->lock);
}

void
uring_mover_give(struct uring_mover *mover, struct uring_transfer *transfer)
{
	bool is_awake;

	transfer->since_ns = now_ns();
	pthread_mutex_lock(&mover->lock);
	uring_queue_put(&mover->inbox, transfer);
	is_awake = mover->is_awake;
	mover->is_awake = true;
	pthread_mutex_unlock(&mover->lock);
	if (!is_awake)
		uring_ring_wake(&mover->ring);
}
