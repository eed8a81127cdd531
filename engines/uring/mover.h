/* SPDX-License-Identifier: BSD-2-Clause */
/* mover.h: the thread that moves transfers, in pieces that take turns. */
#ifndef ENGINES_URING_MOVER_H
#define ENGINES_URING_MOVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "piece.h"
#include "ring.h"
#include "transfer.h"

/* Transfers inside at once. */
#define URING_TRANSFERS 16u
/*
 * A piece that is away for longer than this is stuck in its caller's memory (a page that another
 * program has to bring, say).  The kernel has few threads for these operations, and all callers
 * share them: so what it has not begun is given back, to be done by the CPU, and nothing is taken
 * until no piece was stuck for URING_REST_NS.
 */
#define URING_STUCK_NS UINT64_C(500000000)
#define URING_REST_NS  UINT64_C(5000000000)

struct uring_mover {
	struct uring_cpu cpu; /* constant */
	uint8_t *memory;      /* constant: of all the pieces */
	pthread_t thread;

	/* The thread's own. */
	struct uring_ring ring;
	struct uring_piece *spare_pieces;
	struct uring_queue ready; /* transfers with bytes that no piece has taken */
	uint64_t looked_ns;       /* when it last looked for stuck pieces */
	struct uring_piece pieces[URING_PIECES];

	pthread_mutex_t lock; /* leaf */
	struct uring_transfer transfers[URING_TRANSFERS];
	struct uring_queue spare_transfers; /* (lock) */
	struct uring_queue inbox;           /* (lock) given, not yet seen by the thread */
	unsigned ninside;                   /* (lock) transfers that are not spare */
	bool is_awake;                      /* (lock) it will look into the inbox without a wake */
	bool is_stopping;                   /* (lock) */
	uint64_t rest_until_ns; /* (lock) CLOCK_MONOTONIC; 0: there was no stuck piece */
};

/* The state of CPU's engine stays the caller's.  -errno. */
int uring_mover_open(const struct uring_cpu *cpu, struct uring_mover **ret_mover);
/* Waits for what is inside, ends the thread, and frees. */
void uring_mover_close(struct uring_mover *mover);

/* A transfer to be filled in; any thread.  NULL: there is no room now. */
struct uring_transfer *uring_mover_reserve(struct uring_mover *mover);
/* Gives back one that was not needed. */
void uring_mover_release(struct uring_mover *mover, struct uring_transfer *transfer);
/* Hands one over; its request is completed from the mover's thread. */
void uring_mover_give(struct uring_mover *mover, struct uring_transfer *transfer);

#endif /* ENGINES_URING_MOVER_H */
