/* SPDX-License-Identifier: BSD-2-Clause */
/* ring.h: one io_uring(7) and the thread that waits for it. */
#ifndef ENGINES_URING_RING_H
#define ENGINES_URING_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <liburing.h>

/* One READ or WRITE of the kernel's, between daemon memory and an address of an open file. */
struct uring_op {
	void *owner; /* free for whoever hands it to the ring */
	int fd;
	bool is_write;
	bool is_away; /* the kernel has it */
	uint8_t *local;
	uint64_t addr;
	size_t len; /* at most 2^30 */
	int res;    /* when it is back: bytes moved, or -errno */
};

/* Belongs to one thread, but for uring_ring_wake. */
struct uring_ring {
	struct io_uring io;
	unsigned ops; /* most in the kernel at once */
	int wake_fd;  /* eventfd */
};

/* For OPS operations in the kernel at once.  -errno as from io_uring_setup(2) and eventfd(2). */
int uring_ring_open(struct uring_ring *ring, unsigned ops);
/* Nothing is in the kernel, or what is there is given up. */
void uring_ring_close(struct uring_ring *ring);

/* Queues OP, which stays where it is until it is back.  Goes to the kernel with the next wait. */
void uring_ring_move(struct uring_ring *ring, struct uring_op *op);
/* Asks for OP, which is away, to come back with -ECANCELED if the kernel has not begun with it. */
void uring_ring_cancel(struct uring_ring *ring, struct uring_op *op);

/*
 * Hands over what is queued, then waits until something is back, somebody wakes the thread, or
 * LIMIT_MS milliseconds have passed (-1: no limit).  It may return early.  -errno: the kernel did
 * not take what is queued; it stays queued for the next time.
 */
int uring_ring_wait(struct uring_ring *ring, int limit_ms);
/* The next operation that is back, its result set; NULL: no more. */
struct uring_op *uring_ring_next(struct uring_ring *ring);

/* Any thread: the present wait, or the next one, ends. */
void uring_ring_wake(struct uring_ring *ring);

#endif /* ENGINES_URING_RING_H */
