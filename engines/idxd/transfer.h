/* SPDX-License-Identifier: BSD-2-Clause */
/* transfer.h: one request inside this engine, which goes to devices one descriptor at a time. */
#ifndef ENGINES_IDXD_TRANSFER_H
#define ENGINES_IDXD_TRANSFER_H

#include <dev/dmover/dmover.h>

#include "desc.h"
#include "engines/queues.h"
#include "resume.h"
#include "tail.h"

/* Resumptions of one piece after page faults; then the CPU does the rest. */
#define IDXD_RESUMES 8u
/* Most bytes of one descriptor, whatever the queue says. */
#define IDXD_PIECE_MAX ((size_t)1 << 30)

/* What a device reads and writes: a descriptor and its record, each in a line of its own. */
struct idxd_slot {
	struct idxd_desc desc;
	struct idxd_record record __attribute__((aligned(64)));
};

struct idxd_batch;

/* Belongs to the thread that submits, then to the mover's, or to that which closes its queue. */
struct idxd_transfer {
	struct idxd_transfer *next; /* of the list that it is in */
	struct dmover_request *dreq;
	struct idxd_slot *slot; /* constant */
	size_t done;            /* bytes at the head that are finished */
	size_t end;             /* of the piece that is under way, or to be */
	unsigned stage;   /* of an XOR: inputs that are in the output of the piece, less one */
	uint32_t crc;     /* finished sum of the bytes done */
	unsigned resumes; /* of the piece */
	bool is_resumed;  /* the descriptor is the rest of what was submitted before */
	bool is_alone;    /* not to be put into a batch again */
	struct idxd_batch *batch; /* that it is a member of, or NULL */
	uint64_t deadline;        /* of its record; CLOCK_MONOTONIC, ns */
};

/* A list in the order of arrival. */
struct idxd_list {
	struct idxd_transfer *first;
	struct idxd_transfer **end; /* where the next one is linked */
	unsigned n;
};

void idxd_list_init(struct idxd_list *list);
void idxd_list_put(struct idxd_list *list, struct idxd_transfer *transfer);
/* In front of all others. */
void idxd_list_push(struct idxd_list *list, struct idxd_transfer *transfer);
/* NULL: it is empty. */
struct idxd_transfer *idxd_list_take(struct idxd_list *list);
/* All of FROM go to the end of LIST. */
void idxd_list_join(struct idxd_list *list, struct idxd_list *from);

/* The operation that does a kind. */
enum idxd_opcode idxd_transfer_opcode(enum dmover_kind kind);

/* From the whole of DREQ, whose buffers are LINEAR. */
void idxd_transfer_init(struct idxd_transfer *transfer, struct dmover_request *dreq);

/* Makes its descriptor, and its record empty, for a queue whose ops allow it. */
void idxd_transfer_prepare(struct idxd_transfer *transfer, const struct dsa_queue *queue);

/*
 * Its record has come.  IDXD_DONE: the whole request is done; IDXD_AGAIN: it has another descriptor
 * to be submitted; else the CPU must finish it.
 */
enum idxd_verdict idxd_transfer_back(
    struct idxd_transfer *transfer, const struct idxd_outcome *outcome);

/* After a page fault: brings the pages of its rest into memory. */
void idxd_transfer_touch(const struct idxd_transfer *transfer, bool is_write);

/* The CPU does the rest, before this returns; no device has it. */
void idxd_transfer_finish(struct idxd_transfer *transfer, const struct idxd_tail *tail);

/* Writes the outcome of IDXD_DONE into the request. */
void idxd_transfer_conclude(const struct idxd_transfer *transfer);

#endif /* ENGINES_IDXD_TRANSFER_H */
