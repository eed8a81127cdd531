/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model.h: a DSA device in software, with its work queues.
 *
 *	1. dsa_model_create() makes a device; its queues are enabled, and nobody has opened them.
 *	2. dsa_client_open() opens a queue for one address space, as open(2) on its node does.
 *	3. dsa_client_write(), dsa_client_movdir64b() and dsa_client_enqcmd() submit descriptors of 64
 *	   bytes.  The device's one thread executes them in that address space, and writes 32-byte records
 *	   into it, the status byte last.
 *	4. dsa_client_close() waits until the client's descriptors are done (the kernel's drain).
 *	5. dsa_model_destroy() ends the device.
 *
 * What goes wrong on purpose is written as a list of knobs: knobs.h.  Any thread may call any function
 * on a live model or client.  The functions that submit neither allocate nor touch errno, and wait for
 * nothing but a short mutex, which no code outside the model holds: a handler of the SIGILL or SIGSEGV
 * that the submitter's own instruction has raised may call them.
 */
#ifndef TESTS_DSA_MODEL_H
#define TESTS_DSA_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/dsa/memory.h"
#include "tests/dsa/spec.h"

#define DSA_QUEUES_MAX   8u
#define DSA_SIZE_MAX     128u        /* entries of a queue */
#define DSA_TRANSFER_MAX 0x80000000u /* bytes */
#define DSA_BATCH_MAX    1024u       /* descriptors */

struct dsa_model;  /* a device */
struct dsa_client; /* one open of a queue */

/* Zero: the default in brackets. */
struct dsa_queue_options {
	bool is_dedicated;       /* [shared] */
	bool may_block_on_fault; /* [the flag is reserved] */
	unsigned size;      /* [16] entries; a descriptor has one from submission to completion */
	unsigned threshold; /* [size] shared: entries that users may fill */
	uint32_t max_transfer; /* [2 MiB] bytes of one descriptor */
	unsigned max_batch;    /* [32] descriptors of a batch */
	uint64_t disabled_ops; /* bit n: opcode n is masked by op_config; n below 64 */
	char name[32];         /* [dmover] free text of the administrator */
};

struct dsa_model_options {
	unsigned number;          /* N of dsaN and wqN.M */
	enum dsa_version version; /* [1.0] */
	bool no_overlap;          /* MEMMOVE refuses overlapping buffers */
	bool no_cache_control;    /* the flag is reserved */
	unsigned nqueues;         /* [1] */
	struct dsa_queue_options queues[DSA_QUEUES_MAX];
	const char *knobs; /* NULL: nothing goes wrong */

	/* Called, with no lock held, when the device logs its first software error, when a queue is
	 * enabled or disabled, and when the device halts; by the device's thread, until
	 * dsa_model_destroy(), and by the thread that calls one of the administrator's functions.
	 * NULL: not needed. */
	void (*changed)(void *cookie);
	void *cookie;
};

/* Counts since the device was made.  A batch counts as one, its members under members and by_opcode. */
struct dsa_stats {
	uint64_t write_calls; /* of dsa_client_write */
	uint64_t submitted;   /* descriptors that the submitter was told are accepted */
	uint64_t refused;     /* told to try again: EAGAIN, ZF=1 */
	uint64_t dropped;     /* accepted and lost: overflow, disabled queue, knob */
	uint64_t completed;   /* executed, well or not */
	uint64_t abandoned;   /* accepted, not executed: disabled, halted */
	uint64_t members;     /* executed in batches */
	uint64_t records;     /* written */
	uint64_t lost;        /* records that were due and could not be written, or not by a knob */
	uint64_t failed;      /* executed with a status other than success */
	uint64_t injected;    /* times that a knob changed something */
	uint64_t sw_errors;   /* logged by the device */
	uint64_t bytes;       /* moved, filled, compared or summed */
	uint64_t in_flight;   /* now */
	uint64_t in_flight_most;          /* of all queues: the sum of theirs */
	uint64_t by_opcode[DSA_OP_COUNT]; /* executed */
};

/*
 * Makes a device and starts its thread.  -EINVAL: the options or knobs make no sense, and WHY (LEN
 * bytes with the NUL) says what.  -ENOMEM, -EAGAIN: no thread.  The options are copied.
 */
int dsa_model_create(
    const struct dsa_model_options *options, struct dsa_model **ret_model, char *why, size_t len);

/* Ends the device; what is pending is abandoned.  Every client must have been closed.  NULL: nothing. */
void dsa_model_destroy(struct dsa_model *model);

/* The options in use, defaults filled in; they live as long as the model. */
const struct dsa_model_options *dsa_model_options(const struct dsa_model *model);

/*
 * Replaces all knobs, and starts their counts anew; descriptors in flight keep what befell them.
 * NULL or "": none.  -EINVAL as for dsa_model_create; the old ones stay.
 */
int dsa_model_set_knobs(struct dsa_model *model, const char *knobs, char *why, size_t len);

/*
 * The administrator disables a queue: it accepts nothing more, what is queued is abandoned without a
 * record, what is being executed ends.  Returns when the device is quiet as to that queue.
 */
void dsa_model_disable(struct dsa_model *model, unsigned queue);

/* The queue accepts again, from new clients and from those that still have it open. */
void dsa_model_enable(struct dsa_model *model, unsigned queue);

/* The device stops by itself, with all its queues, until dsa_model_reset(). */
void dsa_model_halt(struct dsa_model *model);

/* After a halt, or to forget the logged error: the device works again; its queues are disabled. */
void dsa_model_reset(struct dsa_model *model);

bool dsa_model_is_enabled(struct dsa_model *model, unsigned queue);
bool dsa_model_is_halted(struct dsa_model *model);

/* How many have the queue open. */
unsigned dsa_model_clients(struct dsa_model *model, unsigned queue);

/* An error is logged: what poll(2) on a queue's node reports as readable. */
bool dsa_model_has_error(struct dsa_model *model);

/* Of one queue, or of all with queue = -1. */
void dsa_model_stats(struct dsa_model *model, int queue, struct dsa_stats *ret_stats);

/* Waits until nothing is in flight in the queue; -1: in any.  What is late is waited for. */
void dsa_model_drain(struct dsa_model *model, int queue);

/*
 * Opens a queue; MEMORY is copied.  -ENXIO: disabled or halted, or there is no such queue.  -EBUSY: a
 * dedicated queue that is open already.  -ENOMEM.
 */
int dsa_client_open(struct dsa_model *model, unsigned queue, const struct dsa_memory *memory,
    struct dsa_client **ret_client);

/* Waits until the client's descriptors are done, then forgets it.  NULL: nothing. */
void dsa_client_close(struct dsa_client *client);

/* Waits until the client's descriptors are done. */
void dsa_client_drain(struct dsa_client *client);

/*
 * write(2) on the node, as Linux does it: takes LEN / 64 descriptors one by one, and returns the bytes
 * taken, or an error when the first is not: -EINVAL for a BATCH on a device of version 1.0 and for a
 * record that is not 32-byte aligned, -EAGAIN when a shared queue is full or disabled.  A dedicated
 * queue takes anything; what finds no room is lost.  DESCS needs no alignment.
 */
ssize_t dsa_client_write(struct dsa_client *client, const void *descs, size_t len);

/* MOVDIR64B on the portal: no answer.  Lost when the queue is full, disabled or shared. */
void dsa_client_movdir64b(struct dsa_client *client, const void *desc);

/* ENQCMD on the portal: false for "retry" (ZF=1): the queue is full, disabled or dedicated. */
bool dsa_client_enqcmd(struct dsa_client *client, const void *desc);

#endif /* TESTS_DSA_MODEL_H */
