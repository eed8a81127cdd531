/* SPDX-License-Identifier: BSD-2-Clause */
/* ring.c: one io_uring(7) and the thread that waits for it. */
#include "ring.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What a completion carries that is not that of an operation, whose address is never that small. */
#define TAG_CANCEL 1u

/* Pause after the kernel had no memory for what was handed over. */
#define REFUSED_MS 10

int
uring_ring_open(struct uring_ring *ring, unsigned ops)
{
	/* As many again for cancellations, so that there is always a place for an operation. */
	int err = io_uring_queue_init(2 * ops, &ring->io, 0);

	ring->ops = ops;
	if (err < 0)
		return err;
	ring->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->wake_fd >= 0)
		return 0;
	err = -errno;
	io_uring_queue_exit(&ring->io);
	return err;
}

void
uring_ring_close(struct uring_ring *ring)
{
	io_uring_queue_exit(&ring->io);
	close(ring->wake_fd);
}

void
uring_ring_move(struct uring_ring *ring, struct uring_op *op)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->io);

	if (op->is_write)
		io_uring_prep_write(sqe, op->fd, op->local, (unsigned)op->len, op->addr);
	else
		io_uring_prep_read(sqe, op->fd, op->local, (unsigned)op->len, op->addr);
	/*
	 * Straight to the kernel's own threads.  What the caller's memory makes wait must not wait
	 * in this thread; and without it these threads took one operation after the other, which
	 * halved the speed of everything on two processors.
	 */
	io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
	io_uring_sqe_set_data(sqe, op);
	op->is_away = true;
}

void
uring_ring_cancel(struct uring_ring *ring, struct uring_op *op)
{
	struct io_uring_sqe *sqe;

	/* The places of operations are not for cancellations. */
	if (io_uring_sq_space_left(&ring->io) <= ring->ops)
		return;
	sqe = io_uring_get_sqe(&ring->io);
	io_uring_prep_cancel(sqe, op, 0);
	io_uring_sqe_set_data64(sqe, TAG_CANCEL);
}

int
uring_ring_wait(struct uring_ring *ring, int limit_ms)
{
	struct pollfd fds[2] = {
		{ .fd = ring->io.ring_fd, .events = POLLIN },
		{ .fd = ring->wake_fd, .events = POLLIN },
	};
	int n = io_uring_submit(&ring->io);
	uint64_t count;

	if (io_uring_sq_ready(&ring->io) > 0 && (limit_ms < 0 || limit_ms > REFUSED_MS))
		limit_ms = REFUSED_MS;
	/* Not in io_uring_enter(2), for which Valgrind stops all other threads. */
	if (poll(fds, 2, limit_ms) > 0 && fds[1].revents != 0)
		while (read(ring->wake_fd, &count, sizeof(count)) < 0 && errno == EINTR)
			continue;
	return n < 0 ? n : 0;
}

struct uring_op *
uring_ring_next(struct uring_ring *ring)
{
	struct io_uring_cqe *cqe;

	while (io_uring_peek_cqe(&ring->io, &cqe) == 0) {
		const bool is_op = io_uring_cqe_get_data64(cqe) != TAG_CANCEL;
		struct uring_op *op = io_uring_cqe_get_data(cqe);
		const int res = cqe->res;

		io_uring_cqe_seen(&ring->io, cqe);
		if (!is_op)
			continue;
		op->res = res;
		op->is_away = false;
		return op;
	}
	return NULL;
}

void
uring_ring_wake(struct uring_ring *ring)
{
	const uint64_t one = 1;

	while (write(ring->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		continue;
}
