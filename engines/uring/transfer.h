/* SPDX-License-Identifier: BSD-2-Clause */
/* transfer.h: one request inside this engine, and what of it has not been begun. */
#ifndef ENGINES_URING_TRANSFER_H
#define ENGINES_URING_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dev/dmover/dmover.h>

/* Belongs to the thread that submits, then to the mover's. */
struct uring_transfer {
	struct uring_transfer *next; /* of the list that it is in */
	struct dmover_request *dreq;
	struct dmover_buffer in[DMOVER_INPUTS_MAX]; /* what no piece has taken */
	struct dmover_buffer out;
	size_t left;                          /* bytes that no piece has taken */
	unsigned npieces;                     /* pieces at work */
	uint8_t result[DMOVER_IMMEDIATE_LEN]; /* of the pieces that have computed */
	uint64_t since_ns;                    /* when it last got a piece, or came */
	bool is_ready;                        /* it waits for a piece */
	int error;                            /* 0 or the -errno that it will end with */
};

/* A list in the order of arrival. */
struct uring_queue {
	struct uring_transfer *first;
	struct uring_transfer **end; /* where the next one is linked */
};

void uring_queue_init(struct uring_queue *queue);
void uring_queue_put(struct uring_queue *queue, struct uring_transfer *transfer);
/* NULL: it is empty. */
struct uring_transfer *uring_queue_take(struct uring_queue *queue);
/* TRANSFER is in the queue. */
void uring_queue_remove(struct uring_queue *queue, struct uring_transfer *transfer);

/* True when a buffer of the request is a uio. */
bool uring_transfer_has_uio(const struct dmover_request *dreq);

/* From the whole of DREQ, of which nothing is changed.  -EOPNOTSUPP: it is not for this engine. */
int uring_transfer_init(struct uring_transfer *transfer, struct dmover_request *dreq);

/* Asks the spaces about every byte.  0, or what the request should end with. */
int uring_transfer_allowed(const struct uring_transfer *transfer);

/* Takes ERR down.  An answer for the caller stays; else the first error does. */
void uring_transfer_fail(struct uring_transfer *transfer, int err);

/* True when no piece of it is at work and none is to come. */
bool uring_transfer_is_over(const struct uring_transfer *transfer);

/* Writes the outcome into the request, which is to be completed. */
struct dmover_request *uring_transfer_conclude(const struct uring_transfer *transfer);

#endif /* ENGINES_URING_TRANSFER_H */
