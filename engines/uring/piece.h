/* SPDX-License-Identifier: BSD-2-Clause */
/* piece.h: a part of a transfer that is being moved, and the memory that it goes through. */
#ifndef ENGINES_URING_PIECE_H
#define ENGINES_URING_PIECE_H

#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dev/dmover/engine.h>

#include "ring.h"
#include "transfer.h"

/* Pieces at work at once.  Four already kept two processors busy; more of them serve more. */
#define URING_PIECES 8u
/* Memory of a piece, shared by its inputs and its output. */
#define URING_MEMORY ((size_t)1 << 20)
/* Most bytes of a piece: copies of 256 KiB ran at 0.9 of the speed, of 1 MiB no faster. */
#define URING_PIECE ((size_t)512 << 10)
/* Operations of a piece: one for each span of each uio. */
#define URING_OPS 128u

/* The engine that computes what is not just moved. */
struct uring_cpu {
	const struct dmover_engine *engine;
	void *state;
};

enum uring_phase { URING_READING, URING_COMPUTING, URING_WRITING };

/* Belongs to the mover's thread. */
struct uring_piece {
	struct uring_piece *next; /* of the free ones */
	struct uring_ring *ring;
	const struct uring_cpu *cpu;
	struct uring_transfer *transfer; /* NULL: it is free */
	bool is_first;                   /* of the pieces of the transfer */
	size_t behind;                   /* bytes of the transfer behind it */
	enum uring_phase phase;
	uint64_t since_ns;          /* when the kernel last got something of it */
	unsigned naway;             /* operations that the kernel has */
	unsigned nreads, nops;      /* reads come first */
	uint8_t *memory;            /* URING_MEMORY bytes */
	bool is_uniform;            /* the first dreq_len bytes of memory are what dreq asked for */
	struct dmover_request dreq; /* for the CPU; where the bytes are */
	struct dmover_buffer in[DMOVER_INPUTS_MAX];
	sem_t computed;
	struct uring_op ops[URING_OPS];
};

/* MEMORY stays the caller's. */
void uring_piece_init(struct uring_piece *piece, struct uring_ring *ring,
    const struct uring_cpu *cpu, uint8_t *memory);
void uring_piece_fini(struct uring_piece *piece);

/* Takes the next bytes of TRANSFER, which has some left. */
void uring_piece_aim(struct uring_piece *piece, struct uring_transfer *transfer);

/*
 * Goes as far as it can; no operation is away.  1: operations were queued, call again when
 * uring_piece_back says so.  0, -errno: the piece is finished, or has failed.
 */
int uring_piece_go(struct uring_piece *piece);

/* An operation of it is back.  True: it was the last that was away. */
bool uring_piece_back(struct uring_piece *piece, struct uring_op *op);

/* Asks for what the kernel has not begun to come back. */
void uring_piece_cancel(struct uring_piece *piece);

#endif /* ENGINES_URING_PIECE_H */
